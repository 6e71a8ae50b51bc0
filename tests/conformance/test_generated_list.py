# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists made at random: what the parser reads, and what dispatcher.list shows after a reload.

The seed stands in the name of a case, so a failure can be run again by that name; SIPFLEET_CASES and SIPFLEET_SEED
make a longer run, or another one.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document, server_uri
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.flags import render_letters
from ansible_collections.sipfleet.kamailio.plugins.module_utils._probing.versions import parse_version
from conformance.setups import Setup

CASES = int(os.environ.get("SIPFLEET_CASES", "300"))
SEED = int(os.environ.get("SIPFLEET_SEED", "0"))
PER_TEST = 25

# The first ping would come after an hour: it is there so that 6.1 keeps the flags as they are read.
BODY = """loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
modparam("dispatcher", "ds_ping_interval", 3600)
modparam("dispatcher", "reload_delta", 0)
"""
GAPS = (" ", " ", " ", "\t", "  \t ", "\r ")
SETS = ("1", "1", "2", "007", "4294967297", "99999999999", "", "x", "2x")
HOSTS = (
    "sip:127.0.0.1:%d",
    "127.0.0.1:%d",
    "sip:u@127.0.0.1:%d;transport=udp",
    "SIP:127.0.0.1:%d",
    "sip:127.0.0.1:%d#8",
)
FLAGS = ("0", "8", "9", "12", "16", "32", "63", "0x8", "0x1F", "0x", "AP", "8junk", "-1", "8#", "#", "4294967304")
PRIORITIES = ("0", "10", "-1", "007", "4294967297", "5x", "#c", "high")
ATTRIBUTES = (
    "weight=50",
    "duid=a;weight=5;",
    "a=1;b=2",
    'a="x;y"',
    "weight=50#c",
    '""',
    "a='1'",
    "a=1,b=2",
    "=",
    "a=",
    "a=;b",
    'a="x',
    "a;;b",
    ";",
    "#no",
    "x" * 60,
    "é=ü",
)
JUNK = ("# comment", "", " ", "\t# 1 sip:127.0.0.1:1", "#", "\r")


def make_line(chance: random.Random) -> str:
    """A line, right or wrong."""
    if chance.random() < 0.15:
        return chance.choice(JUNK)
    port = chance.randrange(1, 60)
    fields = [chance.choice(SETS), chance.choice(HOSTS).replace("%d", str(port))]
    for choices in (FLAGS, PRIORITIES, ATTRIBUTES, ("rest", "# c")):
        if chance.random() < 0.2:
            break
        fields.append(chance.choice(choices))
    line = fields[0]
    for field in fields[1:]:
        line += chance.choice(GAPS) + field
    if chance.random() < 0.03:
        line += " " + "y" * chance.randrange(950, 1100) + " 1 sip:127.0.0.1:70"
    return line


@pytest.mark.parametrize("seed", range(SEED, SEED + CASES, PER_TEST))
def test_the_server_reads_the_same(seed: int, suite: str, version: str, tmp_path: Path) -> None:
    numbers = parse_version(version) or ()
    setup = Setup(tmp_path, BODY, "1 sip:127.0.0.1\n")
    compared = 0
    with setup.server(suite) as server:
        for number in range(seed, seed + PER_TEST):
            chance = random.Random(number)
            lines = [make_line(chance) for _index in range(chance.randrange(1, 12))]
            data = ("1 sip:127.0.0.1:5999\n" + chance.choice(("\n", "\r\n")).join(lines)).encode()
            setup.list.write_bytes(data)
            seen = len(server.log_text())
            answer = server.rpc("dispatcher.reload")
            document = parse_document(data, numbers)
            assert ("successfully" in answer) == (not document.bad_lines), "seed %d: %s" % (number, answer)
            if document.bad_lines:
                continue
            log = server.log_text()[seen:]
            mine = Counter(
                (
                    one.setid,
                    server_uri(one.uri).decode(),
                    render_letters(one.flags, numbers >= (6,)),
                    one.priority,
                    one.attrs.decode("utf-8", "replace").removesuffix(";"),
                )
                for one in document.destinations
            )
            theirs = Counter(
                (one.setid, one.uri, one.flags, one.priority, one.attrs.removesuffix(";"))
                for one in server.destinations()
            )
            context = "seed %d\n%s" % (number, data.decode())
            assert not theirs - mine, context
            # Every destination of ours that is not there was skipped, and the log says so.
            skipped = Counter(re.findall(r"unable to add destination (.*) to set (-?\d+) -- skipping", log))
            missing = mine - theirs
            expected: Counter[tuple[str, str]] = Counter()
            for (setid, uri, *_rest), count in missing.items():
                expected[uri, str(setid)] += count
            known = Counter(
                {(server_uri(uri.encode()).decode(), setid): count for (uri, setid), count in skipped.items()}
            )
            assert expected == known, context
            compared += sum(theirs.values())
    assert compared > PER_TEST
