# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Sockets, and which of them a text such as C(udp:192.0.2.1:5060) is for.

Who matches what is C(grep_sock_info) of Kamailio's src/core/socket_info.c.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Tuple

_ADDRESS = rb"(?:[0-9]+\.){3}[0-9]+|\[[0-9a-fA-F:.]+\]"
_SOCKET = re.compile(rb"(?i)(?:(any|udp|tcp|tls|sctp|ws|wss):)?(%s)(?::([0-9]{1,5}))?\Z" % _ADDRESS)
DEFAULT_PORT, DEFAULT_TLS_PORT = 5060, 5061


class Socket(NamedTuple):
    """One socket; C(protocol) is empty for UDP and TCP both, C(advertised) is the address that it gives of itself."""

    protocol: bytes
    host: bytes
    port: int
    advertised: bytes
    name: bytes


def parse_socket(text: bytes, advertised: bytes, name: bytes) -> Optional[Socket]:
    """The socket of a C(listen) with an address; None for an interface or a host name."""
    found = _SOCKET.match(text)
    if not found:
        return None
    protocol = (found.group(1) or b"any").lower()
    port = int(found.group(3) or (DEFAULT_TLS_PORT if protocol == b"tls" else DEFAULT_PORT))
    return Socket(
        protocol=b"" if protocol == b"any" else protocol,
        host=found.group(2).lower(),
        port=port,
        advertised=advertised.lower(),
        name=name,
    )


class Sockets(NamedTuple):
    """All sockets of a server; C(tcp) and C(tls) say whether it uses these at all."""

    sockets: Tuple[Socket, ...]
    tcp: bool
    tls: bool

    @property
    def any_ipv6(self) -> bool:
        """Whether there is one on an IPv6 address."""
        return any(socket.host.startswith(b"[") for socket in self.sockets)

    def speaks(self, protocol: bytes) -> bool:
        """Whether there may be a socket to send from by C(udp), C(tcp), C(tls), C(sctp) or C(ws).

        C(get_send_socket2) of Kamailio's src/core/forward.c.
        """
        listened = {socket.protocol for socket in self.sockets}
        if protocol == b"ws":
            return self.speaks(b"tcp") or self.speaks(b"tls")
        if protocol == b"tls":
            # A socket without a protocol is for TLS as well, one port up, where that is enabled.
            return self.tcp and (b"tls" in listened or (self.tls and b"" in listened))
        return (protocol != b"tcp" or self.tcp) and bool(listened & {b"", protocol})

    def is_named(self, name: bytes) -> bool:
        """Whether a socket has this name."""
        return any(socket.name == name for socket in self.sockets)

    def listens_on(self, text: bytes) -> Optional[bool]:
        """Whether there is a socket for C(protocol:host:port), without a protocol or port any; None for a name."""
        wanted = _SOCKET.match(text)
        if not wanted:
            return None
        protocol, host, port = (wanted.group(1) or b"").lower(), wanted.group(2).lower(), int(wanted.group(3) or 0)
        return any(
            (protocol in (b"", b"any") or socket.protocol in (b"", protocol))
            and (
                (socket.host == host and port in (0, socket.port))
                or _matches_advertised(socket.advertised, socket.port, host, port)
            )
            for socket in self.sockets
        )


def _matches_advertised(advertised: bytes, port: int, host: bytes, wanted: int) -> bool:
    found = _SOCKET.match(advertised)
    return found is not None and found.group(2) == host and wanted in (0, int(found.group(3) or port))
