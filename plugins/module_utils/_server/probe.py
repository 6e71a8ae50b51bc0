# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Pings of the collection's own, which show at once that a destination answers.

The pings of a server show it late: a destination that is dead looks well until enough of them have failed. These are
the same requests, from the address of the server, to destinations that need no name server, over UDP and without a
proxy. Only an answer means something: no answer can be the doing of a filter that lets the server's own port through.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import selectors
import socket
import time
import uuid
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from .._analysis.setup import text_of
from .._analysis.source import Probed
from .._config.model import Evaluation
from .._config.sockets import DEFAULT_PORT, UDP
from .._dispatcher.attributes import read_attrs
from .._dispatcher.uri import protocol_of, read_uri

_ADDRESS = re.compile(rb"(?i)sip:(?:[^@]*@)?(\[[0-9a-f:]+\]|[0-9.]+)(?::([0-9]{1,5}))?(?:;.*)?\Z")
_WRITABLE = re.compile(rb"[\x20-\x7e]+\Z")
_STATUS = re.compile(rb"SIP/2\.0 ([2-6][0-9]{2}) ")
_CALL_ID = re.compile(rb"(?im)^(?:call-id|i)[ \t]*:[ \t]*([0-9a-f]{32})[ \t]*\r?$")
# What decides from which socket a ping goes, and is not followed here.
_OTHER_SOCKETS = ("ds_ping_socket", "ds_default_sockname", "outbound_proxy")
_OTHER_ATTRIBUTES = (b"sockname", b"ping_socket", b"obproxy")
_DEFAULT_FROM = b"sip:dispatcher@localhost"
# The first by default. Others open or end something, and no task sends those.
_METHODS = (b"OPTIONS", b"INFO")
# A request is sent again after this time, then after twice the time, up to the longest: T1 and T2 of RFC 3261.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 4.0
# How many go out before what has come in is read, so that no answer is dropped.
_BURST = 50
_LARGEST = 65535
# One for each address of the server: a process has 1,024 by default.
_MOST_SOCKETS = 500


class Target(NamedTuple):
    """A destination that can be asked, by the URI that the server has of it.

    C(source) is the address of the server's socket, empty where the server has one on each of its host's addresses.
    """

    uri: bytes
    sender: bytes
    address: Tuple[str, int]
    source: str


def targets_of(destinations: Iterable[Probed], evaluation: Evaluation) -> List[Target]:
    """Those of the destinations that can be asked as the server does it."""
    method = text_of(evaluation, "ds_ping_method")
    if any(text_of(evaluation, name) for name in _OTHER_SOCKETS) or method not in (None, *_METHODS):
        return []
    own_socket = text_of(evaluation, "ds_default_socket") or b""
    sender = text_of(evaluation, "ds_ping_from") or _DEFAULT_FROM
    found = (_target(destination, evaluation, own_socket, sender) for destination in destinations)
    return [target for target in found if target]


def _target(destination: Probed, evaluation: Evaluation, own_socket: bytes, sender: bytes) -> Optional[Target]:
    try:
        uri, attributes = read_uri(destination.uri), read_attrs(destination.attrs)
    except ValueError:
        return None
    where = _ADDRESS.match(uri.uri)
    # What stands before an @ can look like a host.
    if not where or where.group(1) != uri.host or protocol_of(uri) not in (b"", UDP):
        return None
    if any(attributes.value(name) for name in _OTHER_ATTRIBUTES):
        return None
    try:
        host = ipaddress.ip_address(where.group(1).strip(b"[]").decode())
    except ValueError:
        return None
    source = _source(evaluation, attributes.value(b"socket") or own_socket, host.version)
    sender = attributes.value(b"ping_from") or sender
    if source is None or not _WRITABLE.match(uri.uri) or not _WRITABLE.match(sender):
        return None
    address = str(host), int(where.group(2) or 0) or DEFAULT_PORT
    return Target(uri.uri, sender, address, source)


def _source(evaluation: Evaluation, text: bytes, family: int) -> Optional[str]:
    """The address of the socket from which the server pings; None where that is not known."""
    sockets = evaluation.sockets
    if not text and not sockets.sockets:
        return ""
    for candidate in [sockets.find(text)] if text else sockets.sockets:
        if candidate is None or candidate.host is None:
            return None
        if candidate.protocol != UDP or candidate.local is not True:
            continue
        with contextlib.suppress(ValueError):
            host = ipaddress.ip_address(candidate.host.decode("latin-1"))
            if host.version == family:
                return "" if host.is_unspecified else str(host)
    return None


def render_request(target: Target, method: bytes, source: str, port: int, call_id: str) -> bytes:
    """The request to a destination, from an address and a port of the host."""
    source = "[%s]" % source if ":" in source else source
    sender = target.sender if b"<" in target.sender else b"<%s>" % target.sender
    lines = [
        b"%s %s SIP/2.0" % (method, target.uri),
        b"Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (source.encode(), port, call_id.encode()),
        b"From: %s;tag=%s" % (sender, call_id[:8].encode()),
        b"To: <%s>" % target.uri,
        b"Call-ID: %s" % call_id.encode(),
        b"CSeq: 1 %s" % method,
        b"Max-Forwards: 70",
        b"Content-Length: 0",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def read_answer(data: bytes) -> Optional[Tuple[int, str]]:
    """The code of a final answer and its Call-ID, None if it is none."""
    status, call_id = _STATUS.match(data), _CALL_ID.search(data)
    return (int(status.group(1)), call_id.group(1).decode()) if status and call_id else None


def _source_towards(address: Tuple[str, int]) -> str:
    """The address of the host from which packets go to another; empty where there is no way."""
    try:
        with _socket_for(address[0]) as sock:
            sock.connect(address)
            return str(sock.getsockname()[0])
    except OSError:
        return ""


def _socket_for(host: str) -> socket.socket:
    """A socket for an address. Raises OSError, also where the host has no IPv6, or the process has no more files."""
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)


class Probe:
    """Asks destinations until they have answered; C(answered) are the codes of those that have, by their URI.

    C(counts) says whether the server takes a code for the answer of one that lives.
    """

    def __init__(self, targets: Iterable[Target], method: Optional[bytes], counts: Callable[[int], bool]) -> None:
        self.answered: Dict[bytes, int] = {}
        self._counts = counts
        self._selector = selectors.DefaultSelector()
        self._sockets: Dict[int, socket.socket] = {}
        self._waiting: Dict[str, Tuple[Target, socket.socket, bytes]] = {}
        self._pause, self._next = _FIRST_PAUSE, 0.0
        method = method or _METHODS[0]
        own: Dict[str, Optional[socket.socket]] = {}
        for target in {target.uri: target for target in targets}.values():
            source = target.source or _source_towards(target.address)
            if source not in own:
                own[source] = self._open(source)
            sock, call_id = own[source], uuid.uuid4().hex
            if sock:
                request = render_request(target, method, source, sock.getsockname()[1], call_id)
                self._waiting[call_id] = target, sock, request

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._selector.close()
        for sock in self._sockets.values():
            sock.close()

    def _open(self, source: str) -> Optional[socket.socket]:
        """A socket at an address, None where the host does not hold it, or there are too many."""
        if not source or len(self._sockets) >= _MOST_SOCKETS:
            return None
        try:
            sock = _socket_for(source)
        except OSError:
            return None
        try:
            sock.bind((source, 0))
        except OSError:
            sock.close()
            return None
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ)
        self._sockets[sock.fileno()] = sock
        return sock

    def ask(self, seconds: float) -> None:
        """Send to those that have not answered, if that is due, and wait for some seconds, or until all have."""
        until = time.monotonic() + seconds
        if not self._waiting:
            time.sleep(seconds)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._send()
        while self._waiting and time.monotonic() < until:
            self._read(until - time.monotonic())

    def _send(self) -> None:
        for number, (target, sock, request) in enumerate(list(self._waiting.values())):
            # What cannot be sent is not answered.
            with contextlib.suppress(OSError):
                sock.sendto(request, target.address)
            if number % _BURST == _BURST - 1:
                self._read(0)

    def _read(self, seconds: float) -> None:
        for key, _events in self._selector.select(max(0.0, seconds)):
            sock = self._sockets[key.fd]
            for _datagram in range(_BURST):
                try:
                    data = sock.recv(_LARGEST)
                except BlockingIOError:
                    break
                except OSError:
                    # A port on which nothing listens.
                    continue
                answer = read_answer(data)
                if answer and answer[1] in self._waiting and self._counts(answer[0]):
                    target, _sock, _request = self._waiting.pop(answer[1])
                    self.answered[target.uri] = answer[0]
