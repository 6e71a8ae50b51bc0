# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Where a server with a given configuration answers calls."""

from __future__ import annotations

import bisect
import posixpath
import re
import socket
from typing import Callable, List, Optional, Union

from .._config.model import Evaluation
from .._config.sockets import TCP
from .._config.values import Value
from .._text import is_number
from .addresses import (
    Address,
    CtlAddress,
    CtlDatagram,
    CtlStream,
    CtlTcp,
    CtlUdp,
    JsonDatagram,
    JsonFifo,
    JsonHttp,
    JsonTcp,
    JsonUdp,
)

# Kamailio's src/Makefile.defs; Debian's package has /run/kamailio, which /var/run leads to.
RUN_DIR = "/var/run/kamailio"
_CTL_PORT = 2049
_HTTP, _FIFO, _DATAGRAM, _TCP = 1, 2, 4, 8
_DEFAULT_TRANSPORT = _FIFO | _DATAGRAM
_EVERYWHERE = ("", "*", "0.0.0.0")  # noqa: S104  # what a server listens on, not we

# The best first: any size and nothing left on the disk, any size, what large replies get lost on.
_ORDER = (CtlStream, CtlTcp, JsonTcp, JsonFifo, CtlDatagram, JsonDatagram, JsonHttp, CtlUdp, JsonUdp)

_ROUTE = re.compile(rb"\n[ \t\r]*(?:[a-z_]+_)?route\s*[\[{]|event_route\s*\[\s*xhttp:request\s*\]\s*\{")
_XHTTP_ROUTE = re.compile(rb"event_route\s*\[\s*xhttp:request\s*\]\s*\{")
_DISPATCH = re.compile(rb"jsonrpc_dispatch\s*\(\s*\)")
_URL = re.compile(rb"\$hu\s*=~\s*[\"']\^?(/[A-Za-z0-9_./-]*)")


def find_addresses(evaluation: Evaluation, run_dir: Optional[str] = None) -> List[Address]:
    """The addresses of a server, in the order in which they should be tried.

    C(run_dir) is what C(-Y) on the server's command line says; it wins over C(run_dir) of the configuration, and that
    over the server's default. A parameter whose value is not known, or that is not understood, gives no address, and
    neither does a module that is not loaded. HTTP is offered only where a route of xhttp calls C(jsonrpc_dispatch) and
    a C(listen) says the port.
    """
    configured = evaluation.settings.get("run_dir", b"").decode("utf-8", "surrogateescape")
    found = _ctl(evaluation, run_dir or configured or RUN_DIR) if evaluation.load("ctl") else []
    if evaluation.load("jsonrpcs"):
        found += _jsonrpcs(evaluation, run_dir or configured or RUN_DIR)
    return sorted(dict.fromkeys(found), key=lambda address: _ORDER.index(address.__class__))


def _ctl(evaluation: Evaluation, run_dir: str) -> List[Address]:
    """C(mod_init) and C(parse_listen_id) of modules/ctl: each C(binrpc) counts, the default if there is none."""
    params = evaluation.all_params("ctl", "binrpc")
    if not params:
        return [CtlStream(posixpath.join(run_dir, "kamailio_ctl"))]
    texts = [_text(param.value) for param in params]
    return [address for text in texts for address in [parse_binrpc(text) if text else None] if address]


def parse_binrpc(text: str) -> Optional[CtlAddress]:
    """The address that a value of C(binrpc) of ctl comes to, None if the server would not take it.

    C(unix:), C(unixs:), C(unixd:), C(tcp:) or C(udp:) before a path or a host and port; without any a path is
    C(unixs:), anything else C(udp:). The default port is 2049, and a number alone is a port. A path is relative to
    C(/), where a daemon works.
    """
    found = re.match(r"(?i)(tcp|udp|unix[sd]?):(.*)\Z", text, re.DOTALL)
    kind, rest = (found.group(1).lower(), found.group(2)) if found else ("", text)
    if not kind:
        kind = "unix" if "/" in rest and ":" not in rest else "udp"
    if kind.startswith("unix"):
        path = posixpath.join("/", rest.partition(":")[0])
        return None if path == "/" else CtlDatagram(path) if kind == "unixd" else CtlStream(path)
    make: Callable[[str, int], Union[CtlTcp, CtlUdp]] = CtlTcp if kind == "tcp" else CtlUdp
    bracket = re.match(r"\[([^\]]*)\](?::(.*))?\Z", rest)
    host, port = bracket.groups() if bracket else (rest.partition(":")[0], rest.partition(":")[2])
    if not port and is_number(host):
        host, port = "*", host
    number = _port(port, kind) if port else _CTL_PORT
    return make(_reachable(host), number) if number else None


def _port(text: str, protocol: str) -> Optional[int]:
    if is_number(text):
        return int(text) if 0 < int(text) < 1 << 16 else None
    try:
        return socket.getservbyname(text, protocol)
    except (OSError, ValueError):
        return None


def _reachable(host: str) -> str:
    """Where to connect to for what a server listens on."""
    return "127.0.0.1" if host in _EVERYWHERE else host


def _jsonrpcs(evaluation: Evaluation, run_dir: str) -> List[Address]:
    """C(mod_init) of modules/jsonrpcs: transports by bit, 0 being all that can be had; an empty name is none."""
    mask = _of(evaluation, "transport", _DEFAULT_TRANSPORT)
    if not isinstance(mask, int):
        return []
    mask = mask or _HTTP | _FIFO | _DATAGRAM | _TCP
    found: List[Address] = []
    fifo, replies = (
        _text(_of(evaluation, "fifo_name", b"kamailio_rpc.fifo")),
        _of(evaluation, "fifo_reply_dir", b"/tmp/"),
    )
    if mask & _FIFO and fifo and _text(replies):
        found.append(JsonFifo(posixpath.join(run_dir, fifo), _text(replies)))
    datagram = _text(_of(evaluation, "dgram_socket", b"kamailio_rpc.sock"))
    if mask & _DATAGRAM and datagram.startswith("udp:"):
        found += _host_port(datagram, JsonUdp)
    elif mask & _DATAGRAM and datagram:
        found.append(JsonDatagram(posixpath.join(run_dir, datagram)))
    if mask & _TCP:
        found += _host_port(_text(_of(evaluation, "tcp_socket", b"")), JsonTcp)
    if mask & _HTTP and evaluation.load("xhttp"):
        found += _http(evaluation)
    return found


def _of(evaluation: Evaluation, name: str, default: Value) -> Optional[Value]:
    param = evaluation.param("jsonrpcs", name)
    return param.value if param else default


def _text(value: Optional[Value]) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else ""


def _host_port(text: str, make: Callable[[str, int], Address]) -> List[Address]:
    host, _colon, port = text.partition(":")[2].rpartition(":")
    number = _port(port, "tcp") if host else None
    return [make(_reachable(host.strip("[]")), number)] if number else []


def _http(evaluation: Evaluation) -> List[Address]:
    sockets = evaluation.sockets
    if not sockets.complete or TCP not in sockets.enabled:
        return []
    places = [
        (listener.host.decode(), listener.port)
        for listener in sockets.sockets
        if listener.protocol == TCP and listener.host is not None
    ]
    paths = [path for data in evaluation.files.values() for path in _http_paths(data)]
    return [JsonHttp(_reachable(host), port, path) for host, port in places for path in paths[:1]]


def _http_paths(data: bytes) -> List[str]:
    """The path that leads to C(jsonrpc_dispatch) in a file, as far as text can tell."""
    found = []
    begins = [*(route.start() for route in _ROUTE.finditer(data)), len(data)]
    for route in _XHTTP_ROUTE.finditer(data):
        body = data[route.end() : begins[bisect.bisect_left(begins, route.end())]]
        dispatch = _DISPATCH.search(body)
        if dispatch:
            urls = _URL.findall(body, 0, dispatch.start())
            found.append(urls[-1].decode() if urls else "/RPC")
    return found
