# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The URI of a destination, accepted and refused as the server does it.

The grammar is the state machine C(parse_uri) of Kamailio's src/core/parser/parse_uri.c, what is done about a URI
without a scheme C(pack_dest) of src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Callable, NamedTuple, Optional, Tuple

from .._text import quoted

MAX_PORT = 65535
# Buffers of pack_dest: the host, and a URI to which a scheme is added.
MAX_HOST = 254
MAX_WITHOUT_SCHEME = 499
TRANSPORTS = (b"udp", b"tcp", b"tls", b"sctp", b"ws")

_SCHEME = re.compile(rb"(?i)(sip|sips|tel|urn):")
# What nearly every URI looks like; anything else goes through the state machine.
_PLAIN = re.compile(rb"([^@:;?\[\]]+|\[[^&@;?\[\]]*\])(?::([0-9]{0,5}))?(;[^@:?]*)?\Z")
# parse_uri forgets that its states for the name maddr can be the last ones, and calls itself a bug.
_MADDR_LAST = re.compile(rb"(?i);(?:ma|mad|madd|maddr=?)\Z")
_TRANSPORT = re.compile(rb"(?i);transport=([^;?]*)")
_HOST_CHAR = re.compile(rb"[A-Za-z0-9]")
_HOST_CHARS = re.compile(rb"[A-Za-z0-9.-]")

# Three dots and digits, in any range, are an address to str2ipbuf of Kamailio's src/core/resolve.c.
_IPV4 = re.compile(rb"(?:[0-9]*\.){3}[0-9]*\Z")
_GROUP = re.compile(rb"[0-9a-fA-F]+")
# What inet_aton takes as well.
_SHORT = re.compile(rb"[0-9]+(?:\.[0-9]+){0,2}\Z")
_NO_NAME = re.compile(rb"[^A-Za-z0-9._-]+")
_EMPTY_LABEL = re.compile(rb"\A\.|\.\.")
_LATER_SCHEME = re.compile(rb"(?i)(.+?)sips?:")

_PORT_FAULT = "its port is not a number from 0 to %d" % MAX_PORT
_HOST_FAULT = "its host is no name and no address"
_COLON_FAULT = "it has a second colon: an IPv6 address needs brackets, as in sip:[2001:db8::1]:5060"
_BRACKET_FAULT = "its [ is not closed"
_MADDR_FAULT = "its last parameter is maddr, without a value"
_HEADERS_FAULT = "a ; stands in its headers"


class SipUri(NamedTuple):
    """A URI that the server accepts: as it stores it, with C(sip:) where no scheme was given."""

    uri: bytes
    scheme: bytes
    host: bytes
    transport: bytes
    port: bytes

    @property
    def is_ipv6(self) -> bool:
        """Whether the host is an IPv6 address in its brackets."""
        return self.host[:1] == b"[" and self.host[-1:] == b"]"

    @property
    def needs_resolver(self) -> bool:
        """Whether the server asks the DNS for the host: three dots and digits are an address to it, in any range."""
        return not self.is_ipv6 and not _IPV4.match(self.host)

    @property
    def misread_as(self) -> bytes:
        """The address that the server makes of one with a number that is missing or too large, empty if it has none."""
        if self.is_ipv6:
            read = _GROUP.sub(lambda group: b"%x" % (int(group.group()[-8:], 16) & 0xFFFF), self.host)
            return read if re.search(rb"[0-9a-fA-F]*[1-9a-fA-F][0-9a-fA-F]{4}", self.host) else b""
        numbers = self.host.split(b".") if _IPV4.match(self.host) else []
        if all(number and int(number[:300]) < 256 for number in numbers):
            return b""
        return b".".join(b"%d" % (int(number[-300:] or b"0") % 256) for number in numbers)

    @property
    def cut_port(self) -> Optional[int]:
        """What is left of a port of more than 16 bits, None for any other."""
        number = int(self.port or b"0")
        return number % (MAX_PORT + 1) if number > MAX_PORT else None

    def unresolvable(self, cached: bool) -> str:
        """Return why no name server finds the host, empty if one may.

        C(cached) says whether the server asks by its own cache, C(use_dns_cache), which knows no short addresses.
        """
        if not self.host:
            return "its URI has no host"
        if self.is_ipv6:
            return "" if _is_ipv6(self.host[1:-1]) else "there is no IPv6 address in its brackets"
        if _IPV4.match(self.host):
            return ""
        if not re.search(rb"[^0-9.]", self.host):
            found = not cached and _SHORT.match(self.host)
            return "" if found else "its host is not an address, which has four numbers"
        odd = _NO_NAME.search(self.host)
        if odd:
            return "no name of a host has %s in it" % quoted(odd.group(), 10)
        return "its host has an empty part between dots" if _EMPTY_LABEL.search(self.host) else ""


# A URI is read when a wish is checked, when it is matched with the file, and when the result is judged.
@lru_cache(maxsize=1 << 14)
def read_uri(uri: bytes, lax: bool = False) -> SipUri:
    """What the server makes of the URI of a destination. Raises ValueError with the reason if it skips it.

    C(lax) says that it takes ports of more than 16 bits and an C(@) without a user, as some old versions do.
    """
    try:
        found = _parse(uri, lax)
    except ValueError:
        if len(uri) <= 4 or uri[:4] == b"sip:" or len(uri) > MAX_WITHOUT_SCHEME:
            raise
        found = _parse_bare(uri, lax)
    if len(found.host) > MAX_HOST:
        raise ValueError("its host is longer than %d bytes" % MAX_HOST)
    return found


def loaded_uri(uri: bytes) -> SipUri:
    """The same for a destination that the server has loaded, whatever its version. Raises ValueError."""
    return read_uri(uri, True)


def _parse_bare(uri: bytes, lax: bool) -> SipUri:
    """Read a URI without a scheme."""
    try:
        return _parse(b"sip:" + uri, lax)
    except ValueError as exc:
        later = _LATER_SCHEME.match(uri)
        if not later:
            raise
        raise ValueError("%s stands before its scheme" % quoted(later.group(1), 20)) from exc


def _is_ipv6(text: bytes) -> bool:
    """Whether C(str2ip6) of Kamailio's src/core/resolve.c reads an address: with no more than seven colons."""
    if re.search(rb"[^0-9a-fA-F:]|:::", text) or text.count(b":") > 7 or text.count(b"::") > 1:
        return False
    return b"::" in text or text.count(b":") == 7


def _parse(uri: bytes, lax: bool = False) -> SipUri:
    scheme = _SCHEME.match(uri)
    if not scheme:
        raise ValueError("it has no scheme, and the server adds sip: only where five bytes or more are a URI then")
    name, rest = scheme.group(1).lower(), uri[scheme.end() :]
    if not rest:
        raise ValueError("nothing follows its scheme")
    plain = _PLAIN.match(rest) if name != b"urn" else None
    if plain and (lax or int(plain.group(2) or b"0") <= MAX_PORT):
        host, port, parameters = plain.group(1), plain.group(2) or b"", plain.group(3) or b""
        if _MADDR_LAST.search(parameters):
            raise ValueError(_MADDR_FAULT)
    else:
        host, port, parameters = _Machine(rest, name == b"urn", lax).run()
    transport = _TRANSPORT.findall(parameters)
    # The number of a tel: URI is its user, so there is no host.
    return SipUri(uri, name, b"" if name == b"tel" else host, transport[-1].lower() if transport else b"", port)


def protocol_of(uri: SipUri) -> bytes:
    """The protocol that a URI asks for; empty where it does not, or asks for none that the server knows."""
    if uri.transport in TRANSPORTS:
        return uri.transport
    return b"tls" if uri.scheme == b"sips" and not uri.transport else b""


def next_hop(uri: bytes, cached: bool = True) -> bytes:
    """The protocol that a proxy's URI asks for. Raises ValueError with the reason if requests cannot be sent to it.

    C(cached) is as in C(unresolvable).
    """
    if not _SCHEME.match(uri):
        raise ValueError("it has no scheme")
    found = _parse(uri)
    if not found.host:
        raise ValueError("it has no host")
    lost = found.unresolvable(cached)
    if lost:
        raise ValueError(lost)
    return protocol_of(found)


_State = Callable[[bytes], Any]


class _Machine:
    """C(parse_uri) after the scheme; states of single letters of a parameter's name decide nothing and are one."""

    def __init__(self, text: bytes, urn: bool, lax: bool) -> None:
        self.text = text
        self.urn = urn
        self.lax = lax
        self.at = 0
        self.start = 0
        self.host = b""
        self.user = b""
        self.port = b""
        self.number = 0
        self.parameters_start = len(text)
        self.password_at = -1
        self.found_user = False
        self.headers_wrong = False

    def run(self) -> Tuple[bytes, bytes, bytes]:
        """The host, the port and the parameters. Raises ValueError."""
        state: _State = self._init
        while self.at < len(self.text):
            state = state(self.text[self.at : self.at + 1])
            self.at += 1
        self._end(state)
        if len(self.port) > 5:
            raise ValueError(_PORT_FAULT)
        if self.host[:1] == b"@" and not self.user and not self.lax:
            raise ValueError("it has an @ and no user before it")
        return self.host, self.port, self.text[self.parameters_start :]

    def _since_start(self) -> bytes:
        return self.text[self.start : self.at]

    def _next(self) -> None:
        self.start = self.at + 1
        self.number = 0

    def _to_tail(self, char: bytes) -> _State:
        self._next()
        if char == b"?":
            return self._headers
        self.parameters_start = self.at
        return self._param

    def _init(self, char: bytes) -> _State:
        if char == b"[":
            return self._host6
        if char in b"]:":
            raise ValueError(_HOST_FAULT)
        return self._host_first if self.urn else self._user_or_host

    def _user_or_host(self, char: bytes) -> _State:
        if char == b"@":
            self.user = self._since_start()
            self.found_user = True
            self._next()
            return self._host_first
        if char == b":":
            self.user = self._since_start()
            self._next()
            return self._password
        if char in b";?":
            self.host = self._since_start()
            return self._to_tail(char)
        if char in b"[]":
            raise ValueError("the brackets of an IPv6 address enclose all of the host")
        return self._user_or_host

    def _password(self, char: bytes) -> _State:
        if char == b"@":
            self.found_user = True
            self._next()
            return self._host_first
        if char in b";?":
            self.port, self.host, self.user = self._since_start(), self.user, b""
            self.found_user = True
            return self._to_tail(char)
        if char.isdigit():
            self._add_to_port(char)
            return self._password
        if char in b"[]:":
            raise ValueError(_COLON_FAULT)
        return self._password_alpha

    def _password_alpha(self, char: bytes) -> _State:
        if char == b"@":
            self.found_user = True
            self._next()
            return self._host_first
        if char in b";?":
            raise ValueError(_PORT_FAULT)
        if char in b"[]:":
            raise ValueError(_COLON_FAULT)
        return self._password_alpha

    def _host_first(self, char: bytes) -> _State:
        if char == b"[":
            return self._host6
        if not _HOST_CHAR.match(char):
            raise ValueError(_HOST_FAULT)
        return self._host_rest

    def _host_rest(self, char: bytes) -> _State:
        if char in b":@" and self.urn:
            return self._host_rest
        if char in b":;?":
            return self._host_ends(char)
        if not _HOST_CHARS.match(char):
            raise ValueError(_HOST_FAULT)
        return self._host_rest

    def _host6(self, char: bytes) -> _State:
        if char == b"]":
            return self._host6_end
        if char in b"[&@;?":
            raise ValueError(_BRACKET_FAULT)
        return self._host6

    def _host6_end(self, char: bytes) -> _State:
        if char not in b":;?":
            raise ValueError("after the ] only a port, parameters or headers can follow")
        return self._host_ends(char)

    def _host_ends(self, char: bytes) -> _State:
        self.host = self._since_start()
        if char != b":":
            return self._to_tail(char)
        self._next()
        return self._port

    def _port(self, char: bytes) -> _State:
        if char in b";?":
            self.port = self._since_start()
            return self._to_tail(char)
        if not char.isdigit():
            raise ValueError(_PORT_FAULT)
        self._add_to_port(char)
        return self._port

    def _add_to_port(self, digit: bytes) -> None:
        self.number = 10 * self.number + int(digit)
        if self.number > MAX_PORT and not self.lax:
            raise ValueError(_PORT_FAULT)

    def _param(self, char: bytes) -> _State:
        if char == b"@":
            return self._still_user()
        if char in b";?":
            if self.password_at >= 0:
                self.found_user, self.password_at = True, -1
            return self._headers if char == b"?" else self._param
        if char == b":":
            self._maybe_password()
        return self._param

    def _headers(self, char: bytes) -> _State:
        if char == b"@":
            return self._still_user()
        if char == b";":
            if self.found_user or self.password_at >= 0:
                raise ValueError(_HEADERS_FAULT)
            self.headers_wrong = True
        elif char == b":":
            self._maybe_password()
        elif char == b"?" and self.password_at >= 0:
            self.found_user, self.password_at = True, -1
        return self._headers

    def _maybe_password(self) -> None:
        if self.found_user:
            return
        if self.password_at >= 0:
            self.found_user, self.password_at = True, -1
        else:
            self.password_at = self.at

    def _still_user(self) -> _State:
        """What looked like a host with parameters or headers is the user."""
        if self.found_user:
            raise ValueError("it has more than one @")
        self.user = self.text[: self.at]
        self.host = self.port = b""
        self.parameters_start = len(self.text)
        self.found_user, self.headers_wrong = True, False
        self._next()
        return self._host_first

    def _end(self, state: _State) -> None:
        if state in (self._user_or_host, self._host_rest, self._host6_end):
            self.host = self._since_start()
        elif state == self._password:
            self.port, self.host, self.user = self._since_start(), self.user, b""
        elif state == self._port:
            self.port = self._since_start()
        elif state == self._host6:
            raise ValueError(_BRACKET_FAULT)
        elif state == self._host_first:
            raise ValueError(_HOST_FAULT)
        elif state == self._password_alpha:
            raise ValueError(_PORT_FAULT)
        elif state == self._param and _MADDR_LAST.search(self.text):
            raise ValueError(_MADDR_FAULT)
        elif state == self._headers and self.headers_wrong:
            raise ValueError(_HEADERS_FAULT)
