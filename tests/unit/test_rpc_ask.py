# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which addresses a server has, and which of them are asked."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import (
    Address,
    CtlDatagram,
    CtlStream,
    CtlTcp,
    CtlUdp,
    JsonDatagram,
    JsonFifo,
    JsonHttp,
    JsonTcp,
    JsonUdp,
    show_address,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.ask import ask
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import (
    NoAnswerError,
    ServerError,
    UnreachableError,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.find import find_addresses, parse_binrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .peers import LATE, SOON, reply_to, serving, text

# ---- ask


def answering(path: Path, *bodies: bytes, fault: bool = False) -> tuple[Any, list[bytes]]:
    """A ctl that answers with these bodies; what was asked is put into the list."""
    asked: list[bytes] = []

    def answer(peer: socket.socket) -> None:
        request = peer.recv(999)
        asked.append(request)
        for body in bodies:
            data = bytearray(reply_to(request, body))
            data[1] |= 0x20 if fault else 0
            peer.send(data)

    return serving(socket.SOCK_STREAM, str(path), answer), asked


INTERNAL = b"\x20\x01\xf4" + text(b"Internal error creating dest")


def test_ask_goes_on_where_nothing_was_executed(tmp_path: Path) -> None:
    good, asked = answering(tmp_path / "b", b"\x10\x07")
    with good:
        addresses: list[Address] = [
            CtlStream(str(tmp_path / "a")),
            JsonFifo(str(tmp_path / "f")),
            CtlStream(str(tmp_path / "b")),
        ]
        assert ask(addresses, "a.b", (), LATE) == [7]
    assert len(asked) == 1


@pytest.mark.parametrize("first", [(), (INTERNAL,)])
def test_ask_repeats_only_what_is_safe(first: tuple[bytes, ...], tmp_path: Path) -> None:
    for safe in (False, True):
        (bad, asked), (good, asked_again) = (
            answering(tmp_path / ("a%s" % safe), *first, fault=True),
            answering(tmp_path / ("b%s" % safe), b"\x10\x07"),
        )
        with bad as broken, good as working:
            addresses = [CtlStream(broken), CtlStream(working)]
            if safe:
                assert ask(addresses, "a.b", (), LATE, safe=True) == [7]
            else:
                with pytest.raises(ServerError if first else NoAnswerError):
                    ask(addresses, "a.b", (), LATE)
        assert (len(asked), len(asked_again)) == (1, int(safe))


def test_ask_does_not_repeat_what_the_server_refuses(tmp_path: Path) -> None:
    bad, _asked = answering(tmp_path / "a", b"\x20\x01\xf4" + text(b"command a.b not found"), fault=True)
    with bad as broken, pytest.raises(ServerError) as raised:
        ask([CtlStream(broken), CtlStream(str(tmp_path / "b"))], "a.b", (), LATE, safe=True)
    assert (raised.value.code, raised.value.text) == (500, "command a.b not found")
    assert raised.value.unknown_command


def test_ask_shares_the_time(tmp_path: Path) -> None:
    good, _asked = answering(tmp_path / "b", b"\x10\x07")
    with serving(socket.SOCK_DGRAM, str(tmp_path / "a"), lambda peer: time.sleep(0.1)) as at, good as working:
        start = time.monotonic()
        assert ask([CtlDatagram(at), CtlStream(working)], "a.b", (), 4 * SOON, safe=True) == [7]
        assert time.monotonic() - start < 4 * SOON + LATE


def test_ask_says_what_to_configure(tmp_path: Path) -> None:
    full, _asked = answering(tmp_path / "a", INTERNAL, fault=True)
    with full as broken, pytest.raises(NoAnswerError) as raised:
        ask([CtlStream(broken)], "dispatcher.list", (), LATE, safe=True)
    assert 'modparam("jsonrpcs", "transport", 6)' in str(raised.value)
    assert "500: Internal error creating dest" in str(raised.value)
    with pytest.raises(UnreachableError, match='loadmodule "jsonrpcs'):
        ask([], "a.b", (), SOON)
    with pytest.raises(UnreachableError) as unreachable:
        ask([CtlStream(str(tmp_path / "x")), JsonFifo(str(tmp_path / "y"))], "a.b", (), LATE)
    assert str(tmp_path / "x") in str(unreachable.value) and str(tmp_path / "y") in str(unreachable.value)


# ---- find

BINRPC = {
    "unix:/run/k/ctl": CtlStream("/run/k/ctl"),
    "UNIXS:/run/k/ctl": CtlStream("/run/k/ctl"),
    "unixd:/run/k/ctl": CtlDatagram("/run/k/ctl"),
    "/run/k/ctl": CtlStream("/run/k/ctl"),
    "unix:ctl": CtlStream("/ctl"),
    "tcp:10.0.0.1:2046": CtlTcp("10.0.0.1", 2046),
    "tcp:10.0.0.1": CtlTcp("10.0.0.1", 2049),
    "tcp:3012": CtlTcp("127.0.0.1", 3012),
    "tcp:*:3012": CtlTcp("127.0.0.1", 3012),
    "tcp:[::1]:3012": CtlTcp("::1", 3012),
    "udp:localhost:2046": CtlUdp("localhost", 2046),
    "localhost:2046": CtlUdp("localhost", 2046),
    "localhost": CtlUdp("localhost", 2049),
    "tcp:localhost:99999": None,
    "tcp:localhost:no-such-service": None,
    "unix:": None,
}


@pytest.mark.parametrize("written", BINRPC)
def test_binrpc_parameter(written: str) -> None:
    assert parse_binrpc(written) == BINRPC[written]


def find(config: str, run_dir: str | None = None) -> list[Address]:
    def read(_path: str) -> None:
        return None

    return find_addresses(evaluate("/etc/kamailio/kamailio.cfg", config.encode(), read, Version(6, 1, 5)), run_dir)


JSON = 'loadmodule "jsonrpcs.so"\n'
CTL = 'loadmodule "ctl.so"\n'
FIFO, DGRAM = JsonFifo("/var/run/kamailio/kamailio_rpc.fifo"), JsonDatagram("/var/run/kamailio/kamailio_rpc.sock")
XHTTP = 'listen=tcp:127.0.0.1:8080\nlisten=udp:127.0.0.1:5060\nloadmodule "xhttp.so"\n'
ROUTE = "request_route { exit; }\nevent_route[xhttp:request] {\n%s\n}\nroute[X] { jsonrpc_dispatch(); }\n"

FOUND: dict[str, tuple[str, list[Address]]] = {
    "nothing_loaded": ("", []),
    "defaults": (CTL + JSON, [CtlStream("/var/run/kamailio/kamailio_ctl"), FIFO, DGRAM]),
    "several_ctl": (
        CTL + 'modparam("ctl", "binrpc", "udp:127.0.0.1:1")\nmodparam("ctl", "binrpc", "unix:/a")\n',
        [CtlStream("/a"), CtlUdp("127.0.0.1", 1)],
    ),
    "fifo_only": (
        JSON + 'modparam("jsonrpcs", "transport", 2)\nmodparam("jsonrpcs", "fifo_name", "/f")',
        [JsonFifo("/f")],
    ),
    "reply_dir": (
        JSON + 'modparam("jsonrpcs", "transport", 2)\nmodparam("jsonrpcs", "fifo_reply_dir", "/r/")',
        [JsonFifo("/var/run/kamailio/kamailio_rpc.fifo", "/r/")],
    ),
    "datagram_only": (
        JSON + 'modparam("jsonrpcs", "transport", 4)\nmodparam("jsonrpcs", "dgram_socket", "s")',
        [JsonDatagram("/var/run/kamailio/s")],
    ),
    "udp": (
        JSON + 'modparam("jsonrpcs", "transport", 4)\nmodparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1:8099")',
        [JsonUdp("127.0.0.1", 8099)],
    ),
    "empty_name": (JSON + 'modparam("jsonrpcs", "fifo_name", "")', [DGRAM]),
    "tcp": (
        JSON + 'modparam("jsonrpcs", "transport", 8)\nmodparam("jsonrpcs", "tcp_socket", "tcp:[::1]:8090")',
        [JsonTcp("::1", 8090)],
    ),
    "tcp_without_its_bit": (JSON + 'modparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:8090")', [FIFO, DGRAM]),
    "all": (
        JSON + 'modparam("jsonrpcs", "transport", 0)\nmodparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:8090")',
        [JsonTcp("127.0.0.1", 8090), FIFO, DGRAM],
    ),
    "not_known": (JSON + 'modparamx("jsonrpcs", "transport", "$env(X)")', []),
    "http": (
        XHTTP + JSON + 'modparam("jsonrpcs", "transport", 1)\n' + ROUTE % "jsonrpc_dispatch();",
        [JsonHttp("127.0.0.1", 8080, "/RPC")],
    ),
    "http_path": (
        XHTTP
        + JSON
        + 'modparam("jsonrpcs", "transport", 1)\n'
        + ROUTE % 'if ($hu =~ "^/api/x") { jsonrpc_dispatch(); }',
        [JsonHttp("127.0.0.1", 8080, "/api/x")],
    ),
    "http_without_dispatch": (XHTTP + JSON + 'modparam("jsonrpcs", "transport", 1)\n' + ROUTE % "drop;", []),
}


@pytest.mark.parametrize("case", FOUND)
def test_find(case: str) -> None:
    config, expected = FOUND[case]
    assert find(config) == expected


def test_run_dir_of_the_configuration() -> None:
    evaluation = evaluate("/k.cfg", (CTL + JSON).encode(), lambda _path: None, Version(6, 1, 5))._replace(
        settings={"run_dir": b"/y/"}
    )
    assert find_addresses(evaluation)[0] == CtlStream("/y/kamailio_ctl")
    assert find_addresses(evaluation, "/x")[0] == CtlStream("/x/kamailio_ctl")


def test_run_dir_of_the_command_line() -> None:
    assert find(CTL + JSON, "/x") == [
        CtlStream("/x/kamailio_ctl"),
        JsonFifo("/x/kamailio_rpc.fifo"),
        JsonDatagram("/x/kamailio_rpc.sock"),
    ]


def test_addresses_for_people() -> None:
    shown = [show_address(address) for address in (CtlStream("/c"), CtlTcp("::1", 5), JsonHttp("h", 80), FIFO, DGRAM)]
    assert shown == [
        "/c (ctl, stream)",
        "tcp:[::1]:5 (ctl)",
        "http://h:80/RPC (jsonrpcs)",
        "/var/run/kamailio/kamailio_rpc.fifo (jsonrpcs, FIFO)",
        "/var/run/kamailio/kamailio_rpc.sock (jsonrpcs, datagrams)",
    ]
