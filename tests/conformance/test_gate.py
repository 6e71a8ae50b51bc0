# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wait for destinations that answer: what shows it, what keeps it closed, and when it is not begun."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.live import PROBED, Live, param, warnings_of
from conformance.server import Peers, Server
from conformance.test_deploy import A, B, Deployed, until

# By its own timers a server shows after 33 seconds and more that a destination answers.
SLOW = PROBED.replace('modparam("tm", "fr_timer", 1000)\n', "") + param("ds_probing_mode", 3)


def states(server: Server) -> dict[str, str]:
    return {destination.uri: destination.flags for destination in server.destinations()}


def test_a_ping_of_the_task_shows_at_once_that_a_destination_answers(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers, Peers(1, code=404) as strange:
        good, more = ("sip:127.0.0.1:%d" % port for port in peers.ports)
        odd = "sip:127.0.0.1:%d" % strange.ports[0]
        live = Live(tmp_path, SLOW, f"1 {good} 8\n1 {more} 8 0 ping_from=sip:me@127.0.0.1\n")
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            began = time.monotonic()
            healthy = live.reload(force=True, healthy_timeout=20)
            waited = time.monotonic() - began
            live.list.write_text(f"1 {good} 8\n1 {A} 8\n1 {odd} 8\n")
            others = live.reload(healthy_timeout=40, healthy_piece=2)
    assert healthy["health_counts"] == {"healthy": 2} and waited < 20, (waited, healthy)
    assert others["failed"] and others["health_counts"]["healthy"] == 1 and odd in others["msg"]
    assert "shows after 33 s that it answers" in others["msg"]


def test_an_answer_counts_as_it_does_for_the_server(suite: str, tmp_path: Path) -> None:
    with Peers(1, code=404) as strange:
        odd = "sip:127.0.0.1:%d" % strange.ports[0]
        body = SLOW + 'modparam("dispatcher", "ds_ping_reply_codes", "class=2;code=404")\n'
        live = Live(tmp_path, body, f"1 {odd} 8\n")
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            found = live.reload(force=True, healthy_timeout=20)
    assert found["health_counts"] == {"healthy": 1}, found


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ("", {"healthy_probe": False}),
        ('modparam("dispatcher", "outbound_proxy", "sip:127.0.0.1:9")\n', {}),
    ],
)
def test_a_wait_that_cannot_end_in_time_is_not_begun(
    more: str, options: dict[str, bool], suite: str, tmp_path: Path
) -> None:
    with Peers(1) as peers:
        good = "sip:127.0.0.1:%d" % peers.ports[0]
        live = Live(tmp_path, SLOW + more, f"1 {good} 8\n")
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            live.list.write_text(f"1 {good} 8\n1 {A} 0\n")
            refused = live.reload(healthy_timeout=20, **options)
            checked = live.reload(healthy_timeout=20, check_mode=True, **options)
            runs = states(server)
            fitting = live.reload(healthy_timeout=20, healthy_percent=0, **options)
    for result in (refused, checked):
        assert result["failed"] and "only after 33 s" in result["msg"] and "Nothing has been changed" in result["msg"]
    assert runs == {good: "AP"}
    assert fitting["changed"] and not fitting.get("failed")


def test_stopped_pings_keep_the_gate_closed(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        dead = [{"setid": 1, "uri": A, "flags": 8}]
        with live.running() as server:
            before = live.files()
            stopped = live.call("dispatcher_state", pings="stopped")
            again = live.call("dispatcher_state", pings="stopped")
            results = [
                live.deploy(destinations=dead, healthy_timeout=5),
                live.deploy(destinations=dead, healthy_timeout=5, check_mode=True),
            ]
            assert live.files() == before and states(server) == {live.good: "AP"}
            live.list.write_bytes(before[1] + f"1 {A} 8\n".encode())
            results.append(live.reload(healthy_timeout=5))
            assert states(server) == {live.good: "AP"}
            live.list.write_bytes(before[1])
            resumed = live.call("dispatcher_state", pings="active")
            both = [{"setid": 1, "uri": uri, "flags": 8} for uri in (live.good, live.more)]
            done = live.deploy(destinations=both, healthy_timeout=10)
    assert stopped["changed"] and stopped["pings_active"] is False and not again["changed"]
    assert stopped["diff"] == {"before": "pings active\n", "after": "pings stopped\n"}
    assert all(result["failed"] and "has stopped the pings" in result["msg"] for result in results), results
    assert resumed["changed"] and resumed["pings_active"] and done["changed"] and not done.get("failed"), done


def test_pings_stay_stopped_over_a_restart_and_the_way_back(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        with live.running() as server:
            checked = live.call("dispatcher_state", pings="stopped", check_mode=True)
            assert checked["changed"] and live.call("dispatcher_info")["pings_active"]
            live.call("dispatcher_state", pings="stopped")
            restarted = live.deploy(modules=[{"name": "pv"}], confirm_timeout=60)
            after_restart = live.call("dispatcher_info")["pings_active"]
            back = live.deploy(state="reverted")
            after_way_back = live.call("dispatcher_info")["pings_active"]
            assert "pv" not in server.rpc("core.modules").split()
    assert restarted["action"] == "restart" and after_restart is False
    assert back["changed"] and after_way_back is False


def test_a_failed_ping_that_was_the_last_one_keeps_the_gate_closed(suite: str, tmp_path: Path) -> None:
    # In mode 0 it clears the P flag, and nothing probes the destination any more.
    for threshold in (1, 3):
        with Peers(1) as peers:
            good = "sip:127.0.0.1:%d" % peers.ports[0]
            live = Live(tmp_path, PROBED + param("ds_probing_threshold", threshold), f"1 {good} 8\n")
            with live.server(suite) as server:
                assert server.exit_status is None, server.log_text()
                live.list.write_text(f"1 {good} 8\n1 {A} 8\n")
                dead = live.reload(healthy_timeout=6)
                assert states(server)[A] == ("IX" if threshold == 1 else "TX")
        assert dead["failed"] and dead["health_counts"] == {"healthy": 1, "down": 1}, dead
        assert "its ping has failed, which has cleared its P flag" in dead["msg"]


def test_what_was_down_before_is_told_and_not_waited_for(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        live.list.write_text(f"1 {live.good} 8\n1 {A} 8\n")
        heavier = [{"setid": 1, "uri": live.good, "flags": 8, "priority": 5}]
        with live.running() as server:
            until(lambda: states(server)[A] == "IP")
            done = live.deploy(destinations=heavier, healthy_timeout=10)
            assert states(server) == {live.good: "AP", A: "IP"}
            before = live.files()
            dead = live.deploy(destinations=[{"setid": 1, "uri": B, "flags": 8}], healthy_timeout=5)
            assert live.files() == before
            live.list.write_text(live.list.read_text() + f"1 {live.more} 8\n")
            reloaded = live.reload(healthy_timeout=10)
            asked = live.reload(healthy_timeout=2)
    assert done["changed"] and not done.get("failed"), done
    assert A in warnings_of(done) and "did not answer before the change either" in warnings_of(done)
    assert dead["failed"] and "1 of the 2 destinations that are probed have not answered" in dead["msg"]
    assert B in dead["msg"] and "did not answer before the change either" in dead["msg"]
    assert reloaded["changed"] and not reloaded.get("failed") and A in warnings_of(reloaded)
    assert [name["uri"] for name in reloaded["down_before"]] == [A]
    # Without a change it is a question about what runs.
    assert asked["failed"] and A in asked["msg"]
