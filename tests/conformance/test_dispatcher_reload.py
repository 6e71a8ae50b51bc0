# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dispatcher_reload against running servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from integration.module import environment
from integration.playbook import run_tasks

from conformance.live import PROBED, UNPROBED, Live, kinds, param, warnings_of
from conformance.server import Peers, Server, with_newest_version

A, B, C = ("sip:127.0.0.1:%d" % port for port in (11, 12, 13))


def letters(server: Server) -> dict[str, str]:
    """The letters of all destinations, by URI."""
    return {destination.uri: destination.flags for destination in server.destinations()}


@with_newest_version
def test_due_once_and_only_with_a_reason(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A}\n1 {B} 0 2 duid=b;note=x\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        quiet = live.reload()
        live.list.write_text(f"# a note\n1  {A} 0 0\n1 {B} 0 2 note=x;duid=b\n")
        same = live.reload()
        changed = []
        for text in (
            f"1 {A}\n1 {B} 0 2 duid=b;note=y\n",  # attributes
            f"1 {A}\n1 {B} 0 3 duid=b;note=y\n",  # priority
            f"1 {A}\n1 {B} 0 3 duid=b;note=y\n1 {C}\n",  # one more
            f"1 {C}\n1 {B} 0 3 duid=b;note=y\n1 {A}\n",  # order
            f"1 {C}\n1 {B} 16 3 duid=b;note=y\n1 {A}\n",  # a flag that no letter shows
            f"1 {C}\n1 {B} 16 3 duid=b;note=y\n1 {A} 4\n",  # a state
            f"2 {C}\n1 {B} 16 3 duid=b;note=y\n1 {A} 4\n",  # the set
            f"2 {C}\n",
        ):
            live.list.write_text(text)
            checked, done, again = live.reload(check_mode=True), live.reload(), live.reload()
            changed.append((checked["changed"], done["changed"], again["changed"], kinds(again)))
            assert checked["reasons"] == done["reasons"] != [], text
        forced = live.reload(force=True)
        record = next(live.record.iterdir())
        modes = oct(live.record.stat().st_mode & 0o777), oct(record.stat().st_mode & 0o777)
    assert not quiet["changed"] and not same["changed"] and quiet["drift"] == same["drift"] == []
    assert changed == [(True, True, False, [])] * 8
    assert forced["changed"] and forced["reasons"] == []
    assert modes == ("0o700", "0o600")


def test_an_operator_is_no_reason_and_an_edit_is(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A}\n1 {B} 4\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        # Nothing is known of the list but that it runs as it stands there, which is enough.
        known = live.reload()
        server.rpc("dispatcher.set_state", "dx", "1", A)
        server.rpc("dispatcher.set_state", "ax", "1", B)
        by_hand = live.reload()
        # The list takes A out and B too, which it was already; the operator had put B in.
        live.list.write_text(f"1 {A} 4\n1 {B} 4\n1 {C}\n")
        first = live.reload()
        after_first = letters(server)
        live.list.write_text(f"1 {A}\n1 {B}\n1 {C}\n")
        back = live.reload()
        after_back = letters(server)
        server.rpc("dispatcher.set_state", "dx", "1", C)
        live.list.write_text(f"1 {A} 0 1\n1 {B}\n1 {C}\n")
        kept = live.reload()
        after_kept = letters(server)
        live.list.write_text(f"1 {A}\n1 {B}\n1 {C}\n")
        lost = live.reload(keep_state=False)
        after_lost = letters(server)
    assert not known["changed"] and not by_hand["changed"] and not warnings_of(by_hand)
    assert kinds(by_hand) == [("state", 1), ("state", 1)]
    assert first["restored"] == [] and after_first == {A: "DX", B: "DX", C: "AX"}
    assert back["restored"] == [] and after_back == {A: "AX", B: "AX", C: "AX"}
    assert kept["restored"] == [{"setid": 1, "uri": C, "state": "dx"}] and after_kept == {A: "AX", B: "AX", C: "DX"}
    assert lost["changed"] and lost["restored"] == [] and after_lost[C] == "AX"


def test_without_a_record(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A}\n1 {B}\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        live.list.write_text(f"1 {A} 4\n1 {B}\n")
        unsure = live.reload()
        server.rpc("dispatcher.set_state", "dx", "1", B)
        forced = live.reload(force=True)
        assert letters(server) == {A: "DX", B: "DX"}
    assert not unsure["changed"] and "nothing tells whether the list was edited" in warnings_of(unsure)
    assert unsure["loaded"] is None and forced["restored"] == [{"setid": 1, "uri": B, "state": "dx"}]
    # A list from before the start is what the server has loaded.
    time.sleep(1.5)
    with live.server(suite):
        live.record.joinpath(next(live.record.iterdir())).unlink()
        restarted = live.reload()
    assert not restarted["changed"] and restarted["loaded"] is not None


def test_states_of_destinations_that_share_a_uri(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A} 0 0 duid=x\n1 {A} 0 0 duid=y\n2 {B}\n2 {B}\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        server.rpc("dispatcher.set_duid_state", "dx", "1", "x")
        server.rpc("dispatcher.set_state", "dx", "2", B)
        live.list.write_text(live.list.read_text() + f"3 {C}\n")
        result = live.reload()
        found = {
            (destination.setid, destination.attrs): destination.flags
            for destination in server.destinations()
            if destination.setid == 1
        }
    assert result["restored"] == [{"setid": 1, "uri": A, "state": "dx"}]
    assert found == {(1, "duid=x"): "DX", (1, "duid=y"): "AX"}
    assert [(state["setid"], state["letters"]) for state in result["lost"]] == [(2, "DX")]


def test_a_state_goes_with_the_duid_to_another_address(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A} 0 0 duid=x\n1 {B} 0 0 duid=y\n2 {A} 0 0 duid=x\n2 {B}\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        server.rpc("dispatcher.set_state", "dx", "1", A)
        server.rpc("dispatcher.set_state", "ix", "2", A)
        server.rpc("dispatcher.set_state", "dx", "2", B)
        # In set 1 the two change places, in set 2 both have a new address, and one of them no duid.
        live.list.write_text(f"1 {B} 0 0 duid=X\n1 {A} 0 0 duid=y\n2 {C} 0 0 duid=x\n2 sip:127.0.0.1:4\n")
        result = live.reload()
        found = {(destination.setid, destination.uri): destination.flags for destination in server.destinations()}
        second = live.reload()
    assert found == {(1, A): "AX", (1, B): "DX", (2, C): "IX", (2, "sip:127.0.0.1:4"): "AX"}
    assert [(state["setid"], state["uri"], state["letters"]) for state in result["lost"]] == [(2, B, "DX")]
    assert not second["changed"]


def test_what_probing_has_found_down_stays_down(suite: str, tmp_path: Path) -> None:
    with Peers(1) as peers:
        good = "sip:127.0.0.1:%d" % peers.ports[0]
        live = Live(tmp_path, PROBED + param("ds_probing_mode", 1), f"1 {good} 8\n1 {A} 8 0 duid=x\n")
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            time.sleep(4)
            before = letters(server)
            live.list.write_text(f"1 {good} 8 1\n1 {A} 8 0 duid=x\n")
            result = live.reload()
            after = letters(server)
            live.list.write_text(f"1 {good} 8 1\n1 {B} 8 0 duid=x\n")
            moved = live.reload()
            after_move = letters(server)
    assert before == after == {good: "AP", A: "IP"}
    # On a busy machine pings can have found it down again before anybody looked.
    assert result["restored"] in ([{"setid": 1, "uri": A, "state": "ip"}], [])
    # Another address has not failed yet.
    assert after_move == {good: "AP", B: "AP"} and [state["uri"] for state in moved["lost"]] == [A]


def test_lists_that_are_not_loaded_as_a_whole(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A}\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        live.list.write_text(f"1 {B}\n2\n")
        refused = live.reload()
        assert letters(server) == {A: "AX"}
        live.list.write_text(f"1 {B}\n1 sip:no.such.name.invalid\n1 sip:127.0.0.1:999999\n")
        part = live.reload()
        assert letters(server) == {B: "AX"}
        live.list.write_text(f"1 {B}\n1 sip:127.0.0.1:999999\n")
        skipped = live.reload()
        live.list.unlink()
        gone = live.reload()
    assert refused["failed"] and "it was not reloaded" in refused["msg"] and "list-line-incomplete" in refused["msg"]
    assert part["failed"] and part["changed"] and "without 2 of its destinations" in part["msg"]
    assert "no.such.name.invalid" in part["msg"] and "port is not a number" in part["msg"]
    # What the server will never load is no reason for a reload; it is said all the same.
    assert kinds(skipped) == [("skipped", 1)]
    assert gone["failed"] and "the list is not there" in gone["msg"]


def test_a_list_that_only_the_server_refuses(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED + param("ds_load_mode", 1), f"1 {A}\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        live.list.write_text(f"1 {A}\n1 sip:no.such.name.invalid\n")
        result = live.reload()
        assert letters(server) == {A: "AX"}
        # A reload that failed is waited out.
        live.list.write_text(f"1 {A}\n1 {B}\n")
        mended = live.reload()
        assert letters(server) == {A: "AX", B: "AX"}
    assert result["failed"] and "Reload Failed" in result["msg"] and "What ran before keeps running" in result["msg"]
    assert mended["changed"] and not mended.get("failed")


def test_two_at_once_and_a_busy_server(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED.replace('"reload_delta", 1', '"reload_delta", 6'), f"1 {A}\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        server.rpc("dispatcher.reload")
        live.list.write_text(f"1 {A}\n1 {B}\n")
        started = time.monotonic()
        processes = [
            subprocess.Popen(
                live.command("dispatcher_reload", f"run{number}"), stdout=subprocess.PIPE, env=environment(), text=True
            )
            for number in range(2)
        ]
        results = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
        waited = time.monotonic() - started
        server.rpc("dispatcher.reload")
        live.list.write_text(f"1 {A}\n")
        impatient = live.reload(reload_timeout=0.2)
        assert letters(server) == {A: "AX", B: "AX"}
    assert sorted(result["changed"] for result in results) == [False, True], results
    assert waited > 1 and not any(result.get("failed") for result in results)
    assert impatient["failed"] and "busy with another reload" in impatient["msg"]


def test_health(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers, Peers(1, code=404) as strange:
        good, other = ("sip:127.0.0.1:%d" % port for port in peers.ports)
        odd = "sip:127.0.0.1:%d" % strange.ports[0]
        body = PROBED + param("ds_probing_mode", 3) + param("ds_probing_threshold", 3)
        live = Live(tmp_path, body, f"1 {good} 8\n")
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            live.list.write_text(f"1 {good} 8\n1 {other} 8\n2 {A} 0\n2 {B} 4\n")
            healthy = live.reload(healthy_timeout=20)
            live.list.write_text(f"1 {good} 8\n1 {other} 8\n1 {C} 8\n1 {odd} 8\n")
            dead = live.reload(healthy_timeout=3)
            half = live.reload(healthy_timeout=20, healthy_percent=50)
    assert healthy["health_counts"] == {"healthy": 2, "unknown": 1, "disabled": 1} and not healthy.get("failed")
    assert "nothing probes 1 of the 4" in warnings_of(healthy)
    assert dead["failed"] and dead["changed"] and "have not answered" in dead["msg"]
    assert C in dead["msg"] and odd in dead["msg"]
    assert half["health_counts"] == {"healthy": 2, "down": 2} and not half.get("failed")


def test_a_dead_one_that_still_looks_well_is_not_healthy(suite: str, tmp_path: Path) -> None:
    for mode, flags in ((0, 8), (1, 0), (1, 8), (3, 8)):
        # So long it looks well, on a busy machine too.
        body = PROBED.replace('"fr_timer", 1000', '"fr_timer", 20000') + param("ds_probing_mode", mode)
        live = Live(tmp_path, body + param("ds_probing_threshold", 3), f"1 {A} {flags}\n")
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            result = live.reload(force=True, healthy_timeout=0.5)
            assert server.destinations()[0].flags[0] == "A", mode
        assert result["failed"] and result["health_counts"] == {"pending": 1}, mode


def test_an_answer_is_seen_at_once_where_letters_tell_of_it(suite: str, tmp_path: Path) -> None:
    for mode, flags in ((0, 8), (1, 0)):
        with Peers(1) as peers:
            # Without the letters it would take 30 seconds, by the timer of tm.
            body = PROBED.replace('modparam("tm", "fr_timer", 1000)\n', "") + param("ds_probing_mode", mode)
            live = Live(tmp_path, body, "1 sip:127.0.0.1:%d %d\n" % (peers.ports[0], flags))
            with live.server(suite) as server:
                assert server.exit_status is None, server.log_text()
                result = live.reload(force=True, healthy_timeout=10)
        assert result["health_counts"] == {"healthy": 1}, (mode, result)


def test_a_server_that_hangs_or_is_down(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A}\n")
    options = {"timeout": 1, "healthy_timeout": 5}
    with live.server(suite) as server:
        assert server._process
        os.killpg(server._process.pid, signal.SIGSTOP)
        started = time.monotonic()
        hanging = live.reload(**options)
        waited = time.monotonic() - started
        os.killpg(server._process.pid, signal.SIGCONT)
        leftover = [path.name for path in live.folder.iterdir() if "sipfleet" in path.name]
    down = live.reload(**options)
    assert hanging["failed"] and "core.version" in hanging["msg"] and waited < 30
    assert down["failed"] and "Is Kamailio running" in down["msg"]
    assert leftover == []


def test_progress_in_a_playbook(tmp_path: Path) -> None:
    live = Live(tmp_path, PROBED + param("ds_probing_mode", 1) + param("ds_probing_threshold", 2), f"1 {C} 8\n")
    with live.server("sid") as server:
        assert server.exit_status is None, server.log_text()
        live.list.write_text(f"1 {A} 8\n1 {B} 8\n")
        arguments = live.arguments("dispatcher_reload", healthy_timeout=12)
        first, second = run_tasks(
            tmp_path,
            [
                {"sipfleet.kamailio.dispatcher_reload": arguments},
                {"sipfleet.kamailio.dispatcher_reload": dict(arguments, healthy_timeout=0)},
            ],
        )
    assert first["failed"] and first["changed"] and first["reasons"] and "2 of the 2 destinations" in first["msg"]
    assert "localhost: 0 of 2 destinations have shown that they answer, " in first["output"]
    assert not second["changed"] and not second.get("failed")


def test_a_set_that_ctl_could_not_show_is_not_loaded(tmp_path: Path) -> None:
    only_ctl = UNPROBED.partition("loadmodule")[2].partition("loadmodule")
    live = Live(tmp_path, only_ctl[1] + only_ctl[2], f"1 {A}\n")
    with live.server("trixie") as server:
        assert server.exit_status is None, server.log_text()
        server.rpc("dispatcher.set_state", "dx", "1", A)
        live.list.write_text(f"1 {A}\n" + "".join("1 sip:127.0.0.1:%d\n" % port for port in range(2000, 3024)))
        refused = live.reload()
        assert letters(server) == {A: "DX"}
        live.list.write_text(f"1 {A}\n" + "".join("1 sip:127.0.0.1:%d\n" % port for port in range(2000, 3023)))
        loaded = live.reload()
    assert refused["failed"] and "more than 1024 destinations" in refused["msg"] and "FIFO" in refused["msg"]
    assert loaded["changed"] and not loaded.get("failed") and loaded["restored"], loaded


def test_no_record_is_kept_of_a_configuration_that_only_the_server_names(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A}\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        live.list.write_text(f"1 {A}\n1 {B}\n")
        done, again = (live.reload(config=None, socket=f"unix:{live.folder}/ctl") for _time in range(2))
        assert letters(server).keys() == {A, B}
    assert done["changed"] and not again["changed"], (done, again)
    assert "give it in config" in warnings_of(done) and not warnings_of(again)
    assert not live.record.exists()
