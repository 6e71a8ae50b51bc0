# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The sockets of a server, and which of them a text such as C(udp:192.0.2.1:5060) is for.

A text is read by C(parse_phostport) of Kamailio's src/main.c and compared by C(grep_sock_info) of its
src/core/socket_info.c: no name in it is resolved.
"""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property
from typing import Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

from .._text import show

UDP, TCP, TLS, SCTP, WS = b"udp", b"tcp", b"tls", b"sctp", b"ws"
# The order in which the server searches them for a text without a protocol.
PROTOCOLS = (UDP, TCP, TLS, SCTP)
DEFAULT_PORT, DEFAULT_TLS_PORT = 5060, 5061
_PORT = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]+)\Z")
_MARK = re.compile(rb"[\[\]:]")
_LONG_MAX = (1 << 63) - 1


def needs_of(protocol: bytes) -> str:
    """Return what a protocol needs to be on, for a message."""
    return {
        TCP: "disable_tcp=no",
        TLS: "enable_tls=yes, and a module for it such as tls",
        SCTP: "the module sctp",
        WS: "the module websocket",
    }[protocol]


class Socket(NamedTuple):
    """One socket, of one protocol.

    C(host) is the address as the server writes it, without brackets; None for an interface or a name, whose addresses
    are not known here. C(advertised) is the address that it gives of itself, as text, with C(advertised_port), 0 for
    none. C(local) is False where the host does not hold the address of a C(virtual) one, None where that is not known.
    C(certain) says whether the server makes it for sure.
    """

    protocol: bytes
    host: Optional[bytes]
    port: int
    advertised: bytes = b""
    advertised_port: int = 0
    name: bytes = b""
    local: Optional[bool] = True
    certain: bool = True

    def matches(self, host: bytes, port: int) -> Optional[bool]:
        """Whether it is the one at this address, port 0 being any; None where that is not known."""
        if port and port not in (self.port, self.advertised_port):
            return False
        if self.advertised and same_host(host, self.advertised):
            return True if self.certain else None
        own = None if self.host is None else same_host(host, self.host)
        if own and self.local is not True:
            return self.local
        return own if self.certain or not own else None


class Text(NamedTuple):
    """What the server reads of C(protocol:host:port): without a protocol it is empty, without a port 0."""

    protocol: bytes
    host: bytes
    port: int


def parse_text(text: bytes) -> Text:
    """Read the text of a socket. Raises ValueError with the reason if the server refuses it."""
    parts = _split(text)
    if parts[-1] == b"":
        raise ValueError("it ends in a colon" if text else "it is empty")
    if len(parts) == 1:
        return Text(b"", text, 0)
    port = _PORT.match(parts[-1])
    if len(parts) == 2 and port:
        return Text(b"", parts[0], _to_port(port.group(1)))
    protocol = parts[0].lower()
    if protocol not in PROTOCOLS:
        if len(parts) == 2 and protocol[:1].isdigit():
            raise ValueError("its port is not a number")
        raise ValueError("it does not begin with udp, tcp, tls or sctp")
    if len(parts) == 2:
        return Text(protocol, parts[1], 0)
    if not port:
        raise ValueError("its port is not a number")
    return Text(protocol, parts[1], _to_port(port.group(1)))


def _split(text: bytes) -> Tuple[bytes, ...]:
    """Split at the colons that stand outside of brackets, of which there are two at most."""
    parts, start, depth = [], 0, 0
    for mark in _MARK.finditer(text):
        depth += {b"[": 1, b"]": -1}.get(mark.group(), 0)
        if depth not in (0, 1):
            raise ValueError("its brackets do not match")
        if mark.group() == b":" and not depth:
            parts.append(text[start : mark.start()])
            start = mark.end()
    if len(parts) > 2:
        raise ValueError("it has more than two colons: an IPv6 address needs brackets")
    return (*parts, text[start:])


def _to_port(digits: bytes) -> int:
    """C((unsigned short)strtol(digits))."""
    number = int(digits[:30])
    return max(-_LONG_MAX - 1, min(number, _LONG_MAX)) & 0xFFFF


def without_brackets(host: bytes) -> bytes:
    """Return a host without the brackets around it."""
    return host[1:-1] if len(host) > 2 and host[:1] == b"[" and host[-1:] == b"]" else host


def same_host(wanted: bytes, own: bytes) -> bool:
    """Whether two hosts are the same text, or the same IPv6 address."""
    wanted, own = without_brackets(wanted).lower(), without_brackets(own).lower()
    if wanted == own:
        return True
    address = _ipv6(wanted)
    return address is not None and address == _ipv6(own)


def _key_of(host: bytes) -> bytes:
    """Return what is the same for the same hosts."""
    host = without_brackets(host).lower()
    address = _ipv6(host)
    return str(address).encode() if address else host


def _ipv6(host: bytes) -> Optional[ipaddress.IPv6Address]:
    try:
        return None if b":" not in host or b"." in host else ipaddress.IPv6Address(show(host))
    except ValueError:
        return None


class _Fields(NamedTuple):
    """The fields of the sockets of a server."""

    sockets: Tuple[Socket, ...]
    complete: bool
    enabled: FrozenSet[bytes]
    searched: FrozenSet[bytes]


class Sockets(_Fields):
    """The sockets of a server, C(UNKNOWN_SOCKETS) where nothing is known of them.

    C(complete) says whether there are no others, C(enabled) which protocols the server can send by, and C(searched) in
    which it looks for a socket: TLS is among these where it is enabled, even if no module provides it.
    """

    @property
    def has_none(self) -> bool:
        """Whether there is no socket for sure."""
        return self.complete and not self._made

    @cached_property
    def may_have_ipv6(self) -> bool:
        """Whether there is one on an IPv6 address, or may be one."""
        hosts = [socket.host for socket in self._made]
        return not self.complete or any(host is None or b":" in host for host in hosts)

    def may_speak(self, protocol: bytes) -> bool:
        """Whether there may be a socket to send from by C(udp), C(tcp), C(tls), C(sctp) or C(ws).

        C(get_send_socket2) of Kamailio's src/core/forward.c.
        """
        if protocol not in self.enabled:
            return False
        carriers = {TCP, TLS} & self.enabled if protocol == WS else {protocol}
        return not self.complete or not carriers.isdisjoint(self._protocols)

    def may_be_named(self, name: bytes) -> bool:
        """Whether a socket has this name, or may have it."""
        return not self.complete or name.lower() in self._names

    def lacks(self, text: bytes) -> Optional[str]:
        """Return why there is no socket for a text, None if there is one or may be one."""
        try:
            wanted = parse_text(text)
        except ValueError as exc:
            return str(exc)
        if wanted.protocol and wanted.protocol not in self.enabled:
            return "%s is off: it needs %s" % (show(wanted.protocol.upper()), needs_of(wanted.protocol))
        if not self.complete or any(
            socket.matches(wanted.host, wanted.port) is not False for socket in self._near(wanted.protocol, wanted.host)
        ):
            return None
        if _key_of(wanted.host) in self._absent_keys:
            return "its listen is virtual, and the host does not hold the address"
        return "no listen is for it"

    def find(self, text: bytes) -> Optional[Socket]:
        """Return the socket that the server finds for a text; None if there is none, or if it is not known."""
        try:
            wanted = parse_text(text)
        except ValueError:
            return None
        for socket in self._near(wanted.protocol, wanted.host):
            matches = socket.matches(wanted.host, wanted.port)
            if matches is not False:
                return socket if matches else None
        return None

    def may_replace(self, socket: Socket, protocol: bytes) -> bool:
        """Whether the server may find a socket of another protocol at the address of this one."""
        return not self.complete or any(
            other.host is None or (other.port == socket.port and same_host(other.host, socket.host or b""))
            for other in self._near(protocol, socket.host or b"")
        )

    @cached_property
    def absent(self) -> FrozenSet[bytes]:
        """Return the virtual addresses that the host does not hold."""
        return frozenset(socket.host for socket in self._made if socket.host and socket.local is False)

    def on(self, holds: Callable[[bytes], Optional[bool]]) -> Sockets:
        """Return the sockets on a host that C(holds) an address or not, None if that is not known."""
        return self._replace(
            sockets=tuple(
                socket if socket.local is not None or socket.host is None else socket._replace(local=holds(socket.host))
                for socket in self.sockets
            )
        )

    @cached_property
    def _made(self) -> Tuple[Socket, ...]:
        return tuple(socket for socket in self.sockets if socket.protocol in self.searched)

    @cached_property
    def _absent_keys(self) -> FrozenSet[bytes]:
        return frozenset(map(_key_of, self.absent))

    @cached_property
    def _protocols(self) -> FrozenSet[bytes]:
        return frozenset(socket.protocol for socket in self.sockets)

    @cached_property
    def _names(self) -> FrozenSet[bytes]:
        return frozenset(socket.name.lower() for socket in self._made)

    @cached_property
    def _by_host(self) -> Dict[Tuple[bytes, bytes], List[int]]:
        """The numbers of sockets by protocol and host; the host is empty where its addresses are not known."""
        found: Dict[Tuple[bytes, bytes], List[int]] = {}
        for number, socket in enumerate(self._made):
            hosts = {_key_of(socket.host or b""), _key_of(socket.advertised) if socket.advertised else b""}
            for host in sorted(hosts):
                if host or socket.host is None:
                    found.setdefault((socket.protocol, host), []).append(number)
        return found

    def _near(self, protocol: bytes, host: bytes) -> Iterator[Socket]:
        """Yield those that a host can be meant for, in the order of the search, of all protocols where it is empty."""
        for name in [protocol] if protocol else PROTOCOLS:
            numbers = {number for key in (_key_of(host), b"") for number in self._by_host.get((name, key), ())}
            yield from (self._made[number] for number in sorted(numbers))


_EVERYTHING = frozenset([*PROTOCOLS, WS])
UNKNOWN_SOCKETS = Sockets((), False, _EVERYTHING, _EVERYTHING)
