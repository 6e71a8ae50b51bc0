# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The addresses in C(listen = …) and C(socket = {…}), as the server's parser reads them.

The grammar is that of C(listen_id), C(id_lst) and C(socket_lattrs) in Kamailio's src/core/cfg.y. It is given by
expressions over the shapes of statements: a letter for each item.
"""

from __future__ import annotations

import ipaddress
import re
from typing import List, NamedTuple, Optional, Sequence

from .._text import show
from .statements import Item
from .values import parse_number

_PROTOCOL = re.compile(rb"(?:udp|UDP|tcp|TCP|tls|TLS|sctp|SCTP)\Z")
_WEBSOCKET = re.compile(rb"(?:ws|WS|wss|WSS)\Z")
_KEYWORDS = {
    b"advertise": "A",
    b"ADVERTISE": "A",
    b"name": "N",
    b"NAME": "N",
    b"virtual": "V",
    b"bind": "B",
    b"agname": "G",
    b"AGNAME": "G",
    b"vrf": "F",
}
# An IPv6 address needs no brackets: the lexer takes the longest one. One that begins with a colon follows no other.
_IPV6 = r"(?:(?:[nw]:){7}[nw]|(?:[nw]:){1,7}(?::[nw]){1,7}|(?:[nw]:){1,7}:)"
_IPV6_FROM_COLON = r"(?::(?::[nw]){1,7}|::)"
_HOST = r"(?:s|\[[nwp:]*\]|%s|n\.n\.n\.n(?![.-])|(?!n\.)[nw](?:[.-][nw])*)" % _IPV6
_HOSTS = r"(?:%s|\(%s(?:,%s)*\))" % (_HOST, _HOST, _HOST)
_PLACE = r"(?:(?:[p*]:)?%s|%s)(?::[n*])?" % (_HOSTS, _IPV6_FROM_COLON)
_ADVERTISED = r"(?:%s(?::n)?(?:Ns)?V?|[px]:%s:n(?:NsV?)?)" % (_HOST, _HOST)
LISTEN = re.compile(r"(?P<places>(?:%s)+)(?:A%s|(?:Ns)?V?)\Z" % (_PLACE, _ADVERTISED))
PLACE = re.compile(_PLACE)
ATTRIBUTE = re.compile(
    r";|B=(?P<bind>(?:[p*]:)?%s(?::[n*](?:-[n*])?)?)|A=(?P<advertise>(?:[p*]:)?%s:n)"
    r"|N=(?P<name>s)|G=(?P<group>s)|F=(?P<vrf>s)|V=(?P<virtual>n)" % (_HOST, _HOST)
)
_BARE_IPV6 = re.compile(r"(?:%s|%s)\Z" % (_IPV6, _IPV6_FROM_COLON))
_IPV4 = re.compile(rb"[0-9]+(?:\.[0-9]+){3}\Z")
# What stands in no name of a host or an interface, but in quotes the parser lets it pass.
_NO_NAME = re.compile(rb"[^A-Za-z0-9._:@%-]|\A\Z|\A(?i:udp|tcp|tls|sctp|sips?):|\A[0-9.]+:")


def letter_of(item: Item) -> str:
    """Return the letter of an item in a shape, empty where it is not known what the server sees.

    It is p(rotocol), x for one of WebSocket, n(umber), w(ord), s(tring), that of a keyword, or the punctuation itself.
    """
    if item.kind == "string":
        return "s"
    if item.kind == "punct":
        return show(item.text)
    if item.kind != "word":
        return ""
    if _PROTOCOL.match(item.text):
        return "p"
    if _WEBSOCKET.match(item.text):
        return "x"
    return _KEYWORDS.get(item.text) or ("w" if parse_number(item.text) is None else "n")


def shape_of(items: Sequence[Item]) -> str:
    """Return the letters of items."""
    return "".join(map(letter_of, items))


class Host(NamedTuple):
    """A host to listen on; C(address) is None for an interface or a name, C(fault) says why it can be neither."""

    text: bytes
    address: Optional[bytes] = None
    fault: str = ""


def read_host(items: Sequence[Item]) -> Host:
    """Read the host that these items are."""
    text = b"".join(item.text for item in items)
    if items[0].kind == "string":
        return _quoted_host(text)
    if text[:1] == b"[" or b":" in text:
        address = _ipv6(text.strip(b"[]"))
        return Host(text, address, "" if address else "it is not an IPv6 address")
    if shape_of(items) == "n.n.n.n":
        numbers = [parse_number(item.text) or 0 for item in items[::2]]
        if max(numbers) > 255:
            return Host(text, None, "it is not an IPv4 address")
        return Host(text, b"%d.%d.%d.%d" % tuple(numbers))
    return Host(text, None, "it is a number" if shape_of(items) == "n" else "")


def _quoted_host(text: bytes) -> Host:
    if _IPV4.match(text):
        # Where the text is not how the server writes the address, it is found by both.
        plain = all(len(part) < 4 and int(part) < 256 and part == b"%d" % int(part) for part in text.split(b"."))
        return Host(text, text if plain else None)
    address = _ipv6(text[1:-1] if text[:1] == b"[" else text)
    if address or not _NO_NAME.search(text):
        return Host(text, address)
    return Host(text, None, "no host and no interface has such a name")


def _ipv6(text: bytes) -> Optional[bytes]:
    try:
        return str(ipaddress.IPv6Address(show(text))).encode()
    except ValueError:
        return None


class Address(NamedTuple):
    """C(protocol:host:port): the protocol is empty for all of them, the port 0 for the usual one."""

    protocol: bytes
    hosts: Sequence[Host]
    port: int

    @property
    def text(self) -> bytes:
        """The first host as it is written."""
        return self.hosts[0].text


def read_address(items: Sequence[Item]) -> Address:
    """Read the address that these items are, which have its shape."""
    protocol, port = b"", 0
    shape = shape_of(items)
    if re.match(r"[p*x]:", shape):
        protocol = b"" if shape[0] == "*" else items[0].text.lower()
        items, shape = items[2:], shape[2:]
    # A colon in brackets, or of an address without them, is part of the address.
    if re.search(r"(?<!\[)(?<!:):[n*]\Z", shape) and not _BARE_IPV6.match(shape):
        port = (parse_number(items[-1].text) or 0) & 0xFFFF
        items, shape = items[:-2], shape[:-2]
    hosts: List[List[Item]] = [[]]
    for item, letter in zip(items, shape):
        if letter == ",":
            hosts.append([])
        elif letter not in "()":
            hosts[-1].append(item)
    return Address(protocol, tuple(map(read_host, hosts)), port)


class Extras(NamedTuple):
    """What else is said of a socket."""

    advertised: bytes = b""
    advertised_port: int = 0
    name: bytes = b""
    virtual: bool = False


def read_extras(items: Sequence[Item]) -> Extras:
    """Read what follows the addresses of a C(listen), in the shape that it must have."""
    shape = shape_of(items)
    virtual, named = shape.endswith("V"), shape.find("N")
    name = items[named + 1].text if named >= 0 else b""
    if not shape.startswith("A"):
        return Extras(name=name, virtual=virtual)
    address = read_address(items[1 : named if named >= 0 else len(shape) - virtual])
    return Extras(address.text, address.port, name, virtual)
