# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dispatcher_state against running servers."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

from conformance.live import FIFO, PROBED, TM, UNPROBED, Live, param, warnings_of
from conformance.server import Peers, Server, as_version

A, B, C = ("sip:127.0.0.1:%d" % port for port in (11, 12, 13))


def of(server: Server) -> list[tuple[int, str, str]]:
    """Set, URI and letters of all destinations, sorted."""
    return sorted((destination.setid, destination.uri, destination.flags) for destination in server.destinations())


def test_states_of_destinations_and_sets(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A} 0 0 duid=x\n1 {B}\n2 {A}\n2 {C}\n")
    wish: list[dict[str, Any]] = [
        {"setid": 1, "uri": A.upper().replace("SIP", "sip"), "state": "disabled"},
        {"setid": 2, "state": "inactive", "probing": False},
        {"setid": 1, "uri": B, "state": "trying"},
    ]
    expected = [(1, A, "DX"), (1, B, "TX"), (2, A, "IX"), (2, C, "IX")]
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        before = of(server)
        checked = live.call("dispatcher_state", True, destinations=wish)
        assert of(server) == before
        done = live.call("dispatcher_state", destinations=wish)
        assert of(server) == expected
        again = live.call("dispatcher_state", destinations=wish)
        by_duid = live.call("dispatcher_state", destinations=[{"setid": 1, "duid": "X", "state": "active"}])
        assert of(server) == [(1, A, "AX"), *expected[1:]]
    assert checked["changed"] and done["changed"] and checked["changes"] == done["changes"]
    assert checked["diff"] == done["diff"] and f"set 1 {A} DX\n" in done["diff"]["after"]
    assert not again["changed"] and again["changes"] == [] and by_duid["changed"]
    assert [change["before"] for change in done["changes"]] == ["AX"] * 4


def test_a_gateway_in_every_set(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A} 0 0 duid=gw1\n2 {B} 0 0 duid=gw1\n2 {A}\n3 {C}\n")
    shown = []
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        for entry in (
            {"gateway": "GW1", "state": "disabled"},
            {"gateway": A, "setid": 2, "state": "inactive", "probing": False},
            {"gateway": "127.0.0.1:12", "state": "active"},
        ):
            done = live.call("dispatcher_state", destinations=[entry])
            assert done["changed"], done
            shown.append([letters for _setid, _uri, letters in of(server)])
        wrong = live.call(
            "dispatcher_state",
            destinations=[
                {"gateway": "gw9", "state": "disabled"},
                {"gateway": B, "setid": 1, "state": "disabled"},
            ],
        )
        without = live.call("dispatcher_state", destinations=[{"uri": A, "state": "disabled"}])
        two = live.call("dispatcher_state", destinations=[{"gateway": "gw1", "duid": "gw1", "state": "disabled"}])
        assert [letters for _setid, _uri, letters in of(server)] == shown[-1]
    # Sets 1, 2, 2 and 3: A, A, B and C.
    assert shown == [["DX", "AX", "DX", "AX"], ["DX", "IX", "DX", "AX"], ["DX", "IX", "AX", "AX"]]
    assert wrong["msg"].splitlines() == [
        "gateway 'gw9' is not there. dispatcher_info tells what runs",
        f"set 1, gateway '{B}' is not there. dispatcher_info tells what runs",
    ]
    assert without["failed"] and "Give the set, or a gateway for every set that has it" in without["msg"]
    assert two["failed"] and "gives duid and gateway" in two["msg"]


def test_probing_where_it_works_and_where_it_cannot(suite: str, version: str, tmp_path: Path) -> None:
    on = [{"setid": 1, "uri": A, "state": "active", "probing": True}]
    off = [{"setid": 1, "uri": A, "state": "active", "probing": False}]
    for body, works in (
        (UNPROBED, False),
        (FIFO + TM + UNPROBED.replace(FIFO, ""), False),
        (PROBED + param("ds_probing_mode", 2), False),
        (PROBED + param("ds_probing_mode", 3), True),
    ):
        live = Live(tmp_path, body, f"1 {A}\n")
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            result = live.call("dispatcher_state", destinations=on)
            shown = of(server)[0][2]
            back = live.call("dispatcher_state", destinations=off)
        if works:
            assert result["changed"] and shown in ("AP", "IP") and back["changes"][0]["after"] == "AX"
            assert result["changes"][0]["effect"] == "continuously"
        else:
            assert result["failed"] and "probing cannot be switched on" in result["msg"] and shown == "AX"
            assert not back["changed"]


def test_what_comes_back_by_itself_is_said(suite: str, version: str, tmp_path: Path) -> None:
    with Peers(1) as peers:
        good = "sip:127.0.0.1:%d" % peers.ports[0]
        live = Live(tmp_path, PROBED + param("ds_probing_mode", 1), f"1 {good} 0\n2 {A} 32\n3 {A} 16\n")
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            inactive = live.call("dispatcher_state", destinations=[{"setid": 1, "state": "inactive"}])
            time.sleep(2.5)
            assert (1, good, "AP") in of(server)
            disabled = live.call("dispatcher_state", destinations=[{"setid": 1, "state": "disabled"}])
            time.sleep(2.5)
            assert (1, good, "DX") in of(server)
            wishes = [{"setid": setid, "state": "disabled"} for setid in (2, 3)]
            flags = live.call("dispatcher_state", destinations=wishes)
    assert "active again as soon as it answers" in warnings_of(inactive)
    assert not warnings_of(disabled)
    shown = as_version(version).release >= (6, 0)
    assert ("clears flag 32" in warnings_of(flags)) == shown == ("clears flag 16" in warnings_of(flags))


def test_what_cannot_be_is_said_at_once_and_nothing_is_changed(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, f"1 {A}\n1 {B}\n4 {C}\n4 {C}\n5 {C} 0 0 duid=1\n5 {C} 0 0 duid=2\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        before = of(server)
        result = live.call(
            "dispatcher_state",
            destinations=[
                {"setid": 1, "state": "disabled"},
                {"setid": 1, "uri": B, "state": "inactive"},
                {"setid": 1, "uri": C, "state": "active"},
                {"setid": 9, "state": "active"},
                {"setid": 1, "duid": "none", "state": "active"},
                {"setid": 4, "state": "disabled"},
            ],
        )
        assert of(server) == before
        twins = live.call("dispatcher_state", destinations=[{"setid": 5, "uri": C, "state": "disabled"}])
        assert [row for row in of(server) if row[0] == 5] == [(5, C, "DX")] * 2
        bad = live.call(
            "dispatcher_state",
            destinations=[{"setid": 1, "uri": " ", "duid": "x", "state": "disabled", "probing": True}],
        )
        drain = live.call("dispatcher_state", destinations=[{"setid": 1, "state": "active"}], drain=True)
    assert result["failed"] and sorted(result["msg"].splitlines()) == sorted(
        [
            f"set 1, {B} gets two states: disabled and inactive",
            f"set 1, {C} is not there. dispatcher_info tells what runs",
            "set 9 is not there. dispatcher_info tells what runs",
            "set 1, duid 'none' is not there. dispatcher_info tells what runs",
            f"set 4, {C}: another destination of the set has the same URI, and a change of state would hit the "
            "first one. Give both a duid of their own in the list",
        ]
    )
    assert twins["changed"] and len(bad["msg"].splitlines()) == 3
    assert drain["failed"] and "disables nothing" in drain["msg"]


ROUTE = """
  if (is_method("INVITE")) { ds_select_dst("1", "10"); sl_send_reply("503", "x"); exit; }
  if (is_method("BYE")) { ds_load_unset(); exit; }
"""
COUNTED = (
    'loadmodule "pv.so"\nloadmodule "sl.so"\nloadmodule "textops.so"\nloadmodule "siputils.so"\n'
    + UNPROBED
    + param("ds_hash_size", 4)
    + 'modparam("dispatcher", "xavp_dst", "_dsdst_")\n'
)


def send(live: Live, method: str, call: str) -> None:
    """One request of a call."""
    text = (
        f"{method} sip:x@127.0.0.1:{live.port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{call}{method}\r\n"
        f"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(text.encode(), ("127.0.0.1", live.port))


def test_drain(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, COUNTED, f"1 {A} 0 0 duid=a\n2 {B}\n", ROUTE)
    wishes = [{"setid": 1, "state": "disabled"}]
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        send(live, "INVITE", "first")
        deadline = time.monotonic() + 10
        while live.call("dispatcher_info")["destinations"][-1]["load"] != 1:
            assert time.monotonic() < deadline, server.log_text()
        left = live.call("dispatcher_state", destinations=wishes, drain=True, drain_timeout=1)
        assert (1, A, "DX") in of(server)
        send(live, "BYE", "first")
        gone = live.call("dispatcher_state", destinations=wishes, drain=True, drain_timeout=20)
        without_duid = live.call("dispatcher_state", destinations=[{"setid": 2, "state": "disabled"}], drain=True)
        # A reload forgets the calls.
        live.call("dispatcher_state", destinations=[{"setid": 1, "state": "active"}])
        send(live, "INVITE", "second")
        time.sleep(0.5)
        counted = live.call("dispatcher_info")["destinations"]
        assert live.reload(force=True)["changed"]
        forgotten = live.call("dispatcher_info")["destinations"]
    assert left["failed"] and left["changed"] and f"set 1, {A}: 1" in left["msg"]
    assert left["drained"] == [{"setid": 1, "uri": A, "load": 1, "reason": ""}]
    assert not gone["changed"] and gone["drained"][0]["load"] == 0
    assert without_duid["drained"][0]["load"] is None and "no duid" in warnings_of(without_duid)
    loads = [
        [destination["load"] for destination in found if destination["setid"] == 1] for found in (counted, forgotten)
    ]
    assert loads == [[1], [0]]
    for body, reason in ((UNPROBED, "ds_hash_size"), (UNPROBED + param("ds_hash_size", 4), "algorithm 10")):
        plain = Live(tmp_path, body, f"1 {A} 0 0 duid=a\n")
        with plain.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            result = plain.call("dispatcher_state", destinations=wishes, drain=True)
        assert result["changed"] and result["drained"][0]["load"] is None and reason in warnings_of(result)
