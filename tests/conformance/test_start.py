# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Section by section: what the analysis says of a start, and what the server does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.server import Peers, with_every_version
from conformance.setups import Setup, rules

TM, SL, DISPATCHER = 'loadmodule "tm.so"', 'loadmodule "sl.so"', 'loadmodule "dispatcher.so"\n@LIST@'
INTERVAL = 'modparam("dispatcher", "ds_ping_interval", %d)'
MODE = 'modparam("dispatcher", "ds_probing_mode", 3)'

# name: configuration, does it start, rules broken
CASES = {
    "flag_without_tm": ([SL, DISPATCHER, MODE], True, ["probing-without-tm"]),
    "flag_interval_zero_without_tm": ([SL, DISPATCHER, INTERVAL % 0, MODE], True, ["probing-without-tm"]),
    "flag_without_interval": ([TM, SL, DISPATCHER, MODE], True, ["probing-without-interval"]),
    "flag_interval_zero": ([TM, SL, DISPATCHER, INTERVAL % 0, MODE], True, ["probing-without-interval"]),
    "tm_late_without_interval": ([SL, DISPATCHER, MODE, TM], True, ["probing-without-interval"]),
    "interval_without_tm": ([SL, DISPATCHER, INTERVAL % 1, MODE], False, ["interval-without-tm"]),
    "tm_after_dispatcher": ([SL, DISPATCHER, INTERVAL % 1, MODE, TM], False, ["tm-after-dispatcher"]),
    "tm_commented_out": (["# " + TM, SL, DISPATCHER, INTERVAL % 1, MODE], False, ["interval-without-tm"]),
    "tm_in_block_comment": (["/* " + TM + " */", SL, DISPATCHER, INTERVAL % 1, MODE], False, ["interval-without-tm"]),
    "tm_in_string": (
        [SL, DISPATCHER, 'modparam("dispatcher", "ds_ping_from", "sip:a;x=#")', INTERVAL % 1, MODE],
        False,
        ["interval-without-tm"],
    ),
    "tm_under_define": (["#!ifdef NO_SUCH\n" + TM + "\n#!endif", SL, DISPATCHER, INTERVAL % 1], False, None),
    "interval_from_define": (["#!define IV 1", SL, DISPATCHER, INTERVAL.replace("%d", "IV")], False, None),
    "works": ([TM, SL, DISPATCHER, INTERVAL % 1, MODE], True, []),
    "works_all_on_one_line": ([TM + " " + SL + " " + DISPATCHER, INTERVAL % 1, MODE], True, []),
}


def listing(peers: Peers) -> str:
    return "# gateways\n1 sip:127.0.0.1:%d 8 0 duid=a\n1 sip:127.0.0.1:%d\t8\n" % tuple(peers.ports[:2])


@pytest.mark.parametrize("case", CASES)
def test_start_is_what_the_analysis_says(case: str, suite: str, version: str, tmp_path: Path) -> None:
    lines, starts, broken = CASES[case]
    with Peers(2) as peers:
        setup = Setup(tmp_path, "\n".join(lines), listing(peers))
        outcome = setup.judge(version)
        assert outcome.result["will_start"] is starts
        if broken is not None:
            assert rules(outcome) == broken
        server = setup.server(suite)
        assert server.check() == 0, "kamailio -c passes on all of these"
        try:
            assert server.start() is starts, server.log_text()
        finally:
            server.stop()
        if not starts:
            assert server.exit_status == 255


@pytest.mark.parametrize("correction", ["load_tm", "clear_probing"])
@pytest.mark.parametrize(
    "case", [name for name, (_lines, _starts, broken) in CASES.items() if broken and name != "tm_in_string"]
)
def test_server_starts_and_probes_as_said_after_correction(
    case: str, correction: str, suite: str, version: str, tmp_path: Path
) -> None:
    with Peers(2) as peers:
        setup = Setup(tmp_path, "\n".join(CASES[case][0]), listing(peers))
        outcome = setup.correct(version, correction)
        assert outcome.refusal is None
        assert outcome.result["changed"] and outcome.result["will_start"]
        with setup.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            time.sleep(3.5)
            counts = list(peers.counts.values())
            shown = [entry.flags for entry in server.destinations()]
    if correction == "load_tm":
        assert min(counts) >= 2, counts
        assert {probe["effect"] for probe in outcome.result["probing"]} == {"continuously"}
        assert shown == ["AP", "AP"]
    else:
        assert counts == [0, 0]
        assert {probe["effect"] for probe in outcome.result["probing"]} == {"never"}
        assert shown == ["AX", "AX"]
    again = setup.correct(version, correction)
    assert again.result["changed"] is False and again.outcome.writes == ()


@with_every_version
def test_without_a_remedy_the_flag_shows_or_is_cleared(suite: str, version: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        setup = Setup(tmp_path, "\n".join([SL, DISPATCHER]), listing(peers))
        text = setup.judge(version).result["findings"][0]["text"]
        with setup.server(suite) as server:
            shown = {entry.flags for entry in server.destinations()}
            log = server.log_text()
    assert shown == ({"AX"} if suite == "sid" else {"AP"})
    assert ("shows AX" if suite == "sid" else "shows AP all the same") in text
    assert ("tm module not loaded, disabling probing" in log) is (suite == "sid")
