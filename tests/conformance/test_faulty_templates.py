# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates with a fault made at random: what deploy stops, and that the server runs afterwards."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conformance.server import Peers
from conformance.test_deploy import Deployed, uris
from conformance.test_deploy_files import file, process

CASES = int(os.environ.get("SIPFLEET_CASES", "200"))
SEED = int(os.environ.get("SIPFLEET_SEED", "20"))
# More than a template that only dispatches has.
BODY = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "maxfwd.so"
loadmodule "rr.so"
loadmodule "htable.so"
loadmodule "xlog.so"
modparam("htable", "htable", "limits=>size=8;autoexpire=60;")
modparam("rr", "enable_full_lr", 1)
"""
ROUTE = """
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (has_totag()) { route(WITHIN); exit; }
    $sht(limits=>$si) = 1;
    if (!ds_select_dst("1", "4")) { sl_send_reply("503", "None"); exit; }
    t_relay();
}
route[WITHIN] {
    if (!loose_route()) { sl_send_reply("404", "Not here"); exit; }
    t_relay();
"""


def mutated(text: str, chance: random.Random) -> str:
    """The text with a fault as people make them."""
    lines = text.splitlines(True)
    at = chance.choice([index for index, line in enumerate(lines) if line.strip()])
    line = lines[at]
    kind = chance.choice(("gone", "swapped", "twice", "letter", "number", "quote", "bracket", "path", "cut"))
    if kind == "gone":
        lines[at] = ""
    elif kind == "swapped":
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "twice":
        lines[at] = line * 2
    elif kind == "letter":
        place = chance.randrange(len(line))
        lines[at] = line[:place] + chance.choice("abxyz_") + line[place + 1 :]
    elif kind == "number":
        lines[at] = re.sub(r"[0-9]+", lambda _found: str(chance.choice((-1, 0, 1, 7, 65536, 999999999))), line, count=1)
    elif kind == "quote":
        lines[at] = line.replace('"', "", 1)
    elif kind == "bracket":
        lines[at] = re.sub(r"[(){};]", "", line, count=1)
    elif kind == "path":
        lines[at] = re.sub(r'"(/[^"]*|[\w.]+\.so)"', '"/no/such/folder/file"', line)
    else:
        lines[at] = line[: chance.randrange(len(line))] + "\n"
    return "".join(lines)


def caught_by(result: dict[str, Any]) -> str:
    """What has stopped a change, or that nothing has."""
    message = result.get("msg", "")
    for words, name in (
        ("as a start apart from this host has shown", "rehearsal"),
        ("kamailio -c refuses", "kamailio -c"),
        ("Everything was taken back", "way back"),
    ):
        if words in message:
            return name
    if result.get("failed"):
        return "analysis"
    return "nothing: " + (result["action"] if result["changed"] else "no change")


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_faulty_templates_stop_no_server(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    counts: Counter[str] = Counter()
    with Peers(2) as peers:
        live = Deployed(tmp_path, "bookworm", peers, BODY)
        good = live.config.read_text().replace("{ exit; }", "{%s}" % ROUTE)
        with live.running() as server:
            done = live.deploy(files=[file(live.config, good)], rehearse="required")
            assert done["action"] == "restart", done
            for number in range(CASES):
                bad = mutated(good, chance)
                first, before = process(server), live.files()
                result = live.deploy(files=[file(live.config, bad)], rehearse="auto", restart_timeout=20)
                outcome = caught_by(result)
                counts[outcome] += 1
                stopped = outcome in ("rehearsal", "kamailio -c", "analysis")
                said = "case %d, %s: %s\n%s" % (number, outcome, result.get("msg", ""), bad)
                assert uris(server) == [live.good], said
                assert not stopped or (process(server) == first and live.files() == before), said
                assert live.files() == before or outcome.startswith("nothing"), said
                back = live.deploy(files=[file(live.config, good)], rehearse="never")
                assert not back.get("failed"), said + back.get("msg", "")
    print(dict(counts))
    assert counts["analysis"] and counts["way back"] <= CASES // 20, counts
