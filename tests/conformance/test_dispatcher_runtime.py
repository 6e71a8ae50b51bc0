# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dispatcher_runtime against running servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conformance.live import PROBED, UNPROBED, Live, kinds, param, warnings_of
from conformance.server import as_version, with_every_version

A, B, C = ("sip:127.0.0.1:%d" % port for port in (11, 12, 13))


def priority_in(version: str) -> int:
    """A priority that a destination can be added with."""
    return 7 if as_version(version).release >= (5, 6) else 0


def test_add_and_remove(suite: str, version: str, tmp_path: Path) -> None:
    priority = priority_in(version)
    live = Live(tmp_path, PROBED + param("ds_probing_mode", 3), f"# gateways\n1 {A} 8 1\n2 {B} 4\n")
    new: dict[str, Any] = {
        "setid": 3,
        "uri": C,
        "flags": "AP",
        "priority": priority,
        "attrs": {"duid": "c", "weight": 50},
    }
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        server.rpc("dispatcher.set_state", "dx", "1", A)
        checked = live.call("dispatcher_runtime", True, destinations=[new])
        assert len(server.destinations()) == 2
        added = live.call("dispatcher_runtime", destinations=[new])
        states = {
            destination.uri: (destination.flags, destination.priority, destination.attrs)
            for destination in server.destinations()
        }
        again = live.call("dispatcher_runtime", destinations=[new])
        drift = live.call("dispatcher_info")
        gone = live.call("dispatcher_runtime", destinations=[{"setid": 3, "uri": C, "state": "absent"}])
        left = sorted(destination.uri for destination in server.destinations())
        last = live.call(
            "dispatcher_runtime",
            destinations=[{"setid": 1, "uri": A, "state": "absent"}, {"setid": 2, "uri": B, "state": "absent"}],
        )
        assert server.destinations() == []
    assert checked["changed"] and checked["added"] == added["added"] == f"3 {C} 8 {priority} duid=c;weight=50\n"
    assert states == {A: ("DX", 1, ""), B: ("DX", 0, ""), C: ("AP", priority, "duid=c;weight=50")}
    assert not again["changed"] and ("extra", 3) in kinds(drift)
    assert gone["removed"].startswith(f"3 {C} ") and left == [A, B] and last["changed"]
    assert live.list.read_text() == f"# gateways\n1 {A} 8 1\n2 {B} 4\n"


def test_permanent(suite: str, version: str, tmp_path: Path) -> None:
    priority = priority_in(version)
    live = Live(tmp_path, UNPROBED, f"# gateways\n1 {A}\n")
    new = [{"setid": 2, "uri": C, "priority": priority, "description": "new"}]
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        live.reload()
        done = live.call("dispatcher_runtime", destinations=new, permanent=True, backup=True)
        text = live.list.read_text()
        again = live.call("dispatcher_runtime", destinations=new, permanent=True)
        # The server has it and so has the file: a reload has no reason.
        reload = live.reload()
        live.list.write_text("")
        only_file = live.call("dispatcher_runtime", destinations=new, permanent=True)
    assert text == f"# gateways\n1 {A}\n#: new\n2 {C} 0 {priority}\n"
    assert Path(done["backup_file"]).read_text() == f"# gateways\n1 {A}\n" and not again["changed"]
    assert reload["reasons"] == [] and not reload["changed"]
    assert only_file["changed"] and only_file["added"] == "" and C in live.list.read_text()


def test_what_nothing_would_probe_is_refused(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A} 8\n")
    new = [{"setid": 1, "uri": B, "flags": 8}]
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        refused = live.call("dispatcher_runtime", destinations=new, permanent=True)
        assert len(server.destinations()) == 1 and B not in live.list.read_text()
        reported = live.call("dispatcher_runtime", destinations=new, on_violation="report")
        assert len(server.destinations()) == 2
        bad = live.call("dispatcher_runtime", destinations=[{"setid": 1, "uri": "sip:[::1]:5060"}])
    assert refused["failed"] and "probing-without-tm" in refused["msg"] and "Nothing has been changed" in refused["msg"]
    assert [finding["rule"] for finding in reported["findings"]] == ["probing-without-tm"] and reported["changed"]
    assert bad["failed"] and "ipv6-not-listened" in bad["msg"]


def test_order_is_watched(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A}\n1 {B}\n2 {A} 0 1\n2 {B} 0 2\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        order = [destination.uri for destination in server.destinations() if destination.setid == 1]
        first = live.call("dispatcher_runtime", destinations=[{"setid": 3, "uri": C}])
        assert [destination.uri for destination in server.destinations() if destination.setid == 1] == order[::-1]
        second = live.call("dispatcher_runtime", destinations=[{"setid": 3, "uri": C, "state": "absent"}])
        assert [destination.uri for destination in server.destinations() if destination.setid == 1] == order
    assert first["turned_round"] == [1] and "in set 1; a reload mends it" in warnings_of(first)
    assert second["turned_round"] == [1]


def test_what_a_server_cannot_do(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A} 0 3\n2 {B} 0 0 duid=x\n2 {B} 0 0 duid=y\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        result = live.call(
            "dispatcher_runtime",
            destinations=[
                {"setid": 1, "uri": A, "priority": 4},
                {"setid": 2, "uri": B, "attrs": {"duid": "x"}, "state": "absent"},
            ],
        )
        unknown = live.call("dispatcher_runtime", destinations=[{"setid": 1, "uri": "sip:no.such.name.invalid"}])
        assert len(server.destinations()) == 3
    assert result["failed"] and "runs with priority 3" in result["msg"]
    assert "takes all 2 destinations with this URI out of the set, and 1 are to go" in result["msg"]
    assert unknown["failed"] and "does not run set 1, sip:no.such.name.invalid" in unknown["msg"]


@with_every_version
def test_what_old_servers_die_of_is_refused(suite: str, version: str, tmp_path: Path) -> None:
    name = "sip:no.such.name.invalid:5060"
    live = Live(tmp_path, UNPROBED, f"1 {A}\n1 {name} 16\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        added = live.call("dispatcher_runtime", destinations=[{"setid": 1, "uri": B, "priority": 7}])
        plain = live.call("dispatcher_runtime", destinations=[{"setid": 1, "uri": C}])
        gone = live.call("dispatcher_runtime", destinations=[{"setid": 1, "uri": name, "state": "absent"}])
        left = {destination.uri for destination in server.destinations()}
    assert plain["added"].startswith(f"1 {C}") and name in left and C in left and gone["failed"]
    if as_version(version).release < (5, 6):
        assert "cannot add a destination with a priority, and 7 is asked for" in added["msg"] and B not in left
        assert "dies of a removal if it cannot resolve the host at that moment" in gone["msg"]
    else:
        assert added["changed"] and B in left and "Removing dispatcher dst failed" in gone["msg"]
