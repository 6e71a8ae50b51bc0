# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dispatcher_info against running servers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from conformance.live import FIFO, PROBED, TM, UNPROBED, Live, kinds, param
from conformance.server import Peers, as_version


def test_what_runs(suite: str, version: str, tmp_path: Path) -> None:
    # No ping is sent, or missed, while this looks twice.
    body = PROBED + param("ds_ping_interval", 60) + param("ds_probing_mode", 3)
    body += param("ds_ping_latency_stats", 1) + param("ds_hash_size", 4)
    live = Live(tmp_path, body, "3 sip:127.0.0.1:9 24 5 duid=a;secret=x\n1 127.0.0.1:10 0 0 note=b;\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        result = live.call("dispatcher_info")
        by_socket = live.call("dispatcher_info", config=None, socket=f"unix:{live.folder}/ctl")
    first, second = sorted(result["destinations"], key=lambda destination: destination["setid"])[::-1]
    exact = as_version(version).release >= (6, 0)
    assert (first["setid"], first["uri"], first["letters"], first["priority"]) == (3, "sip:127.0.0.1:9", "AP", 5)
    assert (first["flags"], first["flags_complete"]) == ((24, True) if exact else (8, False))
    assert first["duid"] == "a" and first["attrs"] == "duid=a;secret=********" and first["load"] == 0
    assert first["latency"]["maximum"] == 0 and first["effect"] == ("never" if exact else "continuously")
    assert (second["uri"], second["attrs"], second["states"]) == ("sip:127.0.0.1:10", "note=b", ["active"])
    assert second["effect"] == "never" and "no P flag" in second["reason"]
    assert result["modules"] == ["ctl", "jsonrpcs", "tm", "dispatcher"]
    assert result["kamailio_version"] in version and "MOD_tm" in result["defines"]
    assert result["pings_active"] and not result["config_changed"] and not result["reload_due"]
    assert abs(result["started"] - time.time()) < 30
    assert kinds(result) == ([("unprobed", 3)] if exact else [])
    assert by_socket["config"] == str(live.config) and by_socket["destinations"] == result["destinations"]


def test_drift(suite: str, tmp_path: Path) -> None:
    listing = """1 sip:127.0.0.1:11
1 sip:127.0.0.1:12 0 4 weight=50;note=x
1 sip:127.0.0.1:13 0 0 note=z
2 sip:127.0.0.1:14
2 sip:127.0.0.1:15
3 sip:127.0.0.1:16
3 sip:127.0.0.1:999999
4 sip:127.0.0.1:17
4 sip:no.such.name.invalid
6 sip:127.0.0.1:19 16
7 sip:127.0.0.1:20
"""
    live = Live(tmp_path, PROBED, listing)
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        fresh = live.call("dispatcher_info")
        server.rpc("dispatcher.add", "5", "sip:127.0.0.1:18")
        server.rpc("dispatcher.set_state", "dx", "3", "sip:127.0.0.1:16")
        server.rpc("dispatcher.set_state", "ap", "7", "sip:127.0.0.1:20")
        server.rpc("dispatcher.ping_active", "0")
        text = listing.replace("12 0 4 weight=50;note=x", "12 0 5 note=x;weight=50").replace("note=z", "note=y")
        live.list.write_text(text.replace("4 sip:127.0.0.1:17\n", "# gone\n"))
        result = live.call("dispatcher_info")
    assert kinds(fresh) == [("skipped", 3), ("missing", 4)] and fresh["reload_due"]
    expected = [
        ("priority", 1),
        ("attrs", 1),
        ("order", 2),
        ("skipped", 3),
        ("state", 3),
        ("missing", 4),
        ("extra", 4),
        ("extra", 5),
        ("flags", 7),
    ]
    assert sorted(kinds(result)) == sorted(expected)
    texts = {(difference["kind"], difference["setid"]): difference["text"] for difference in result["drift"]}
    assert texts["priority", 1] == "the list says priority 5, and it runs with 4"
    assert texts["attrs", 1] == "the list says the attributes 'note=y', and it runs with 'note=z'"
    assert texts["state", 3] == "the list says AX (flags 0), and it runs as DX"
    assert "port is not a number" in texts["skipped", 3] and "resolver" in texts["missing", 4]
    assert [difference["line"] for difference in result["drift"] if difference["kind"] == "missing"] == [9]
    absent = [(row["setid"], row["uri"], row["flags"], row["letters"], row["line"]) for row in result["absent"]]
    assert absent == [(3, "sip:127.0.0.1:999999", 0, "AX", 7), (4, "sip:no.such.name.invalid", 0, "AX", 9)]
    assert [row["reason"] for row in result["absent"]] == [texts["skipped", 3], texts["missing", 4]]
    rows = {
        destination["uri"]: (destination["line"], destination["list_flags"], destination["list_letters"])
        for destination in result["destinations"]
    }
    assert rows["sip:127.0.0.1:19"] == (10, 16, "AX") and rows["sip:127.0.0.1:18"] == (None, None, None)
    assert result["reload_due"] and not result["pings_active"]


def test_what_nothing_probes_is_drift_before_6_1(suite: str, version: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, "1 sip:127.0.0.1:9 8\n1 sip:127.0.0.1:10 0\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        result = live.call("dispatcher_info")
        # The file is mended, and the server was not restarted: it still probes nothing.
        text = live.config.read_text().replace('loadmodule "dispatcher.so"', TM + 'loadmodule "dispatcher.so"')
        time.sleep(2.1)
        live.config.write_text(text + param("ds_ping_interval", 1))
        mended = live.call("dispatcher_info")
        # 6.1 takes the flag at run time, though it cleared it in the list.
        server.rpc("dispatcher.set_state", "ap", "1", "sip:127.0.0.1:10")
        set_by_hand = live.call("dispatcher_info")
    before_6_1 = as_version(version).release < (6, 1)
    assert kinds(result) == ([("unprobed", 1)] if before_6_1 else [])
    assert kinds(mended) == kinds(result) and mended["config_changed"] and "tm" not in mended["modules"]
    unprobed = [difference["uri"] for difference in set_by_hand["drift"] if difference["kind"] == "unprobed"]
    assert "sip:127.0.0.1:10" in unprobed and len(unprobed) == (2 if before_6_1 else 1)


def test_pings_change_letters_without_drift(suite: str, tmp_path: Path) -> None:
    for mode, letters in ((0, ["AX", "AX"]), (1, ["AP", "AP"]), (3, ["AX", "AP"])):
        with Peers(2) as peers:
            live = Live(tmp_path, PROBED + param("ds_probing_mode", mode), "")
            live.list.write_text("1 sip:127.0.0.1:%d 8\n1 sip:127.0.0.1:%d 0\n" % tuple(peers.ports))
            with live.server(suite) as server:
                assert server.exit_status is None, server.log_text()
                time.sleep(2.5)
                result = live.call("dispatcher_info")
        assert [destination["letters"] for destination in result["destinations"]] == letters, mode
        assert result["drift"] == [], mode


def test_drift_names_the_letters_of_the_list(suite: str, version: str, tmp_path: Path) -> None:
    live = Live(tmp_path, PROBED + param("ds_probing_mode", 1), "1 sip:127.0.0.1:9 8\n1 sip:127.0.0.1:10 0\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        for port in (9, 10):
            server.rpc("dispatcher.set_state", "dx", "1", "sip:127.0.0.1:%d" % port)
        result = live.call("dispatcher_info")
    assert sorted(difference["text"] for difference in result["drift"]) == [
        "the list says AP (flags 8), and it runs as DX",
        "the list says AX (flags 0), and it runs as DX",
    ]


def test_no_destination_and_no_dispatcher(suite: str, version: str, tmp_path: Path) -> None:
    empty = Live(tmp_path, PROBED, "# none\n")
    with empty.server(suite):
        result = empty.call("dispatcher_info")
    assert result["destinations"] == [] and result["drift"] == []
    without = Live(tmp_path, FIFO + TM, "")
    with without.server(suite):
        failed = without.call("dispatcher_info")
    assert failed["failed"] and "runs without the dispatcher module" in failed["msg"]
    assert failed["kamailio_version"] == str(as_version(version))
    assert "tm" in failed["modules"]


def watches(result: dict[str, Any]) -> dict[int, str]:
    """Who is watched, by the ports of the destinations."""
    return {int(destination["uri"].rsplit(":", 1)[1]): destination["watch"] for destination in result["destinations"]}


def reasons(result: dict[str, Any]) -> dict[int, str]:
    """Why, by the ports of the destinations."""
    return {int(destination["uri"].rsplit(":", 1)[1]): destination["reason"] for destination in result["destinations"]}


def test_blind_is_what_asks_and_is_not_probed(suite: str, version: str, tmp_path: Path) -> None:
    """Whether the server still shows the P flag or has cleared it; what is disabled is out of service."""
    listing = "".join("1 sip:127.0.0.1:%d %d\n" % (10 + flags, flags) for flags in (0, 8, 12, 13))
    live = Live(tmp_path, UNPROBED, listing)
    by_files = live.judge(version).result["probing"]
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        loaded = live.call("dispatcher_info")
        server.rpc("dispatcher.set_state", "ap", "1", "sip:127.0.0.1:10")
        server.rpc("dispatcher.set_state", "dx", "1", "sip:127.0.0.1:18")
        by_hand = live.call("dispatcher_info")
    expected = {10: "not_asked", 18: "blind", 22: "not_asked", 23: "not_asked"}
    assert watches(loaded) == expected == {10 + probe["flags"]: probe["watch"] for probe in by_files}
    assert reasons(loaded)[18] == "tm is not loaded"
    assert sorted((destination["list_flags"], destination["line"]) for destination in loaded["destinations"]) == [
        (0, 1),
        (8, 2),
        (12, 3),
        (13, 4),
    ]
    assert watches(by_hand) == {10: "blind", 18: "not_asked", 22: "not_asked", 23: "not_asked"}
    shown = kinds(loaded) == ([("unprobed", 1)] if as_version(version).release < (6, 1) else [])
    assert shown and [difference["uri"] for difference in by_hand["drift"] if difference["kind"] == "unprobed"] == [
        "sip:127.0.0.1:10"
    ]


def test_destination_that_has_lost_its_p_flag(suite: str, tmp_path: Path) -> None:
    """The first answer takes it in mode 0, and a change of state in any mode."""
    found = {}
    for mode in (0, 3):
        with Peers(2) as peers:
            live = Live(tmp_path, PROBED + param("ds_probing_mode", mode), "")
            live.list.write_text("".join("1 sip:127.0.0.1:%d 8\n" % port for port in peers.ports))
            with live.server(suite) as server:
                assert server.exit_status is None, server.log_text()
                time.sleep(2.5)
                answered = live.call("dispatcher_info")
                state = "ix" if mode == 0 else "ax"
                server.rpc("dispatcher.set_state", state, "1", "sip:127.0.0.1:%d" % peers.ports[0])
                changed = live.call("dispatcher_info")
        first, second = peers.ports
        found[mode] = [(watches(result)[first], watches(result)[second]) for result in (answered, changed)]
        reason = reasons(answered)[second]
        assert mode != 0 or reason == "no more: its first answer has cleared its P flag"
        assert {destination["effect"] for destination in answered["destinations"]} == {
            "never" if mode == 0 else "continuously"
        }
    assert found[0] == [("once", "once"), ("blind", "once")]
    assert found[3] == [("watched", "watched"), ("blind", "watched")]


@pytest.mark.parametrize(("threshold", "letters"), [(1, "IX"), (3, "TX")])
def test_failed_ping_in_mode_0_is_the_last_one(threshold: int, letters: str, suite: str, tmp_path: Path) -> None:
    with Peers(1, 503) as peers:
        body = PROBED + param("ds_probing_threshold", threshold)
        live = Live(tmp_path, body, "1 sip:127.0.0.1:%d 8\n" % peers.ports[0])
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            time.sleep(4)
            sent = peers.counts[peers.ports[0]]
            (found,) = live.call("dispatcher_info")["destinations"]
            time.sleep(2.5)
            assert sent and peers.counts[peers.ports[0]] == sent
    assert (found["letters"], found["watch"], found["effect"]) == (letters, "blind", "never")
    assert "no P flag" in found["reason"]


def test_stopped_pings_make_blind(suite: str, tmp_path: Path) -> None:
    listing = "1 sip:127.0.0.1:9 8\n1 sip:127.0.0.1:10 0\n1 sip:127.0.0.1:11 4\n"
    found = {}
    for mode in (0, 1, 3):
        # No ping is sent, or missed, while this looks twice.
        body = PROBED + param("ds_ping_interval", 60) + param("ds_probing_mode", mode)
        live = Live(tmp_path, body, listing)
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            before = live.call("dispatcher_info")
            server.rpc("dispatcher.ping_active", "0")
            after = live.call("dispatcher_info")
        found[mode] = watches(before), watches(after)
        assert {destination["effect"] for destination in after["destinations"]} == {"never"} and not after[
            "pings_active"
        ]
        assert reasons(after)[9] == "pings are stopped with dispatcher.ping_active"
        assert "unprobed" not in {difference["kind"] for difference in after["drift"]}
    assert found[0] == ({9: "once", 10: "not_asked", 11: "not_asked"}, {9: "blind", 10: "not_asked", 11: "not_asked"})
    assert found[1] == ({9: "watched", 10: "watched", 11: "not_asked"}, {9: "blind", 10: "blind", 11: "not_asked"})
    assert found[3] == ({9: "watched", 10: "not_asked", 11: "not_asked"}, found[0][1])


def test_mode_1_asks_for_all(suite: str, version: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED + param("ds_probing_mode", 1), "1 sip:127.0.0.1:9 0\n1 sip:127.0.0.1:10 4\n")
    by_files = live.judge(version).result
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        result = live.call("dispatcher_info")
    assert "mode-without-interval" in {finding["rule"] for finding in by_files["findings"]}
    assert [probe["watch"] for probe in by_files["probing"]] == ["blind", "not_asked"]
    assert watches(result) == {9: "blind", 10: "not_asked"}


def test_answer_about_a_gateway(suite: str, tmp_path: Path) -> None:
    listing = """1 sip:127.0.0.1:9 8 5 duid=gw1
1 sip:127.0.0.1:10;transport=udp 8 5 duid=gw2
2 sip:10.1.1.1 8
2 sip:127.0.0.1:999999 8 0 duid=gw3
"""
    body = PROBED + param("ds_ping_interval", 60) + param("ds_probing_mode", 1)
    live = Live(tmp_path, body, listing, 'ds_select_dst("1", "8"); ds_select_dst("2", "4"); exit;')
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        # Of two with equal priority the server takes the last one of the list first.
        plain = live.call("dispatcher_info")
        first = live.call("dispatcher_info", gateway="gw2")
        second = live.call("dispatcher_info", gateway="127.0.0.1:9")
        server.rpc("dispatcher.set_state", "dx", "1", "sip:127.0.0.1:10;transport=udp")
        drained = live.call("dispatcher_info", gateway="sip:127.0.0.1:10")
        alone = live.call("dispatcher_info", gateway="GW1")
        skipped = live.call("dispatcher_info", gateway="gw3")
        by_host = live.call("dispatcher_info", gateway="127.0.0.1")
        server.rpc("dispatcher.ping_active", "0")
        stopped = live.call("dispatcher_info", gateway="sip:10.1.1.1:5060")
        nothing = live.call("dispatcher_info", gateway="sip:10.1.1.1:5070")
    assert first["answer"][0].startswith("set 1, sip:127.0.0.1:10;transport=udp (duid gw2): A")
    assert "calls: " not in str(first["answer"]) and "all the time" in str(first["answer"])
    (calls,) = [line for line in second["answer"] if "calls: " in line]
    assert "algorithm 8" in calls and calls.endswith("sip:127.0.0.1:10;transport=udp (priority 5)")
    assert [destination["duid"] for destination in second["destinations"]] == ["gw1"]
    text = "\n".join(drained["answer"])
    assert ": DX, disabled" in text and "since: not before" in text and "%s:2: flags 8" % live.list in text
    assert "drift: the list says AP" in text and [row["kind"] for row in drained["drift"]] == ["state"]
    assert "calls: " not in str(alone["answer"])
    assert skipped["destinations"] == [] and [row["line"] for row in skipped["absent"]] == [4]
    assert "the server does not have it" in skipped["answer"][0] and "port is not a number" in skipped["answer"][1]
    assert len(by_host["destinations"]) == 2 and len(by_host["absent"]) == 1
    assert "pings are stopped" in stopped["answer"][-1] and "none, though they are asked for" in str(stopped["answer"])
    assert nothing["answer"][0] == "sip:10.1.1.1:5070 is in no set of the server, and not in its list %s" % live.list
    assert "answer" not in plain and len(plain["destinations"]) == 3
