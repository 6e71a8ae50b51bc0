# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The sockets that a configuration listens on: C(listen = …), and C(socket = {…}) from Kamailio 5.7 on.

What a line adds is C(add_listen_socket_info) of Kamailio's src/core/socket_info.c, and which protocols there are is
decided in C(main) of its src/main.c. The addresses of interfaces and host names are not known here.
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._text import quoted, show
from .._versions import Version
from .endpoints import ATTRIBUTE, LISTEN, PLACE, Address, Extras, letter_of, read_address, read_extras, shape_of
from .report import Report
from .settings import SCTP_AUTO
from .sockets import (
    DEFAULT_PORT,
    DEFAULT_TLS_PORT,
    PROTOCOLS,
    SCTP,
    TCP,
    TLS,
    UDP,
    UNKNOWN_SOCKETS,
    WS,
    Socket,
    Sockets,
)
from .statements import Item
from .values import parse_number

# Modules that give the server its TLS.
_TLS_MODULES = ("tls", "tls_wolfssl", "tlsa")
_LISTEN_FORM = "Its form is listen=PROTOCOL:ADDRESS:PORT, then advertise, name and virtual, in this order"
_SOCKET_FORM = 'Its form is socket = { bind = PROTOCOL:ADDRESS:PORT; name = "NAME"; }'
_NO_PORT = "its port is not a number"
_RESOLVED = "Write an address, an interface or a host name; the protocol and the port stand outside of its quotes"
# What has more is not read here.
_MOST_PORTS = _MOST_ITEMS = 1000
_MOST_SOCKETS = 2000
# Other bytes stand in no token, and the server passes over them.
_TOKENS = re.compile(rb"[%<>&~^()*@!/,:{}\[\]=+|.-]")
_PUNCTUATION = "*:.-,()[]"
# Statements that do not go on with an equals sign.
_STARTS = re.compile(rb"(?:[a-z]+_)?route\Z|loadmodulex?\Z|modparamx?\Z|loadpath\Z|mpath\Z|(?:avp)?flags\Z")


class Core(NamedTuple):
    """What decides besides C(listen) which sockets there are: core settings, and the names of modules.

    C(modules) is None where there may be others.
    """

    settings: Mapping[str, bytes]
    modules: Optional[Sequence[str]]

    def is_on(self, name: str) -> bool:
        """Whether a core setting is on; one that is not set is off."""
        return bool(parse_number(self.settings.get(name, b"no")))

    @property
    def may_have_sctp(self) -> bool:
        """Whether there may be SCTP, which is on by itself where its module is there."""
        return self.may_have("sctp") and parse_number(self.settings.get("disable_sctp", SCTP_AUTO)) != 1

    def may_have(self, *modules: str) -> bool:
        """Whether one of these modules is loaded, or may be."""
        return self.modules is None or any(name in modules for name in self.modules)


class _Statement:
    """A statement that is being read; C(held) is a word that may begin the next one."""

    def __init__(self, name: Item) -> None:
        self.name = name
        self.items: List[Item] = []
        self.shape = ""
        self.held: Optional[Item] = None
        self.opened = False

    def add(self, *items: Item) -> None:
        """Add items to it."""
        self.items += items
        self.shape += shape_of(items)


class ListenReader:
    """Takes the items of the configuration outside of its blocks, and those of C(socket) blocks."""

    def __init__(self, version: Optional[Version], report: Report) -> None:
        self._version = version
        self._report = report
        self._sockets: List[Socket] = []
        self._written: List[str] = []
        self._known = True
        self._elsewhere = False
        self._ports = {"port": 0, "tls_port_no": 0}
        self._statement: Optional[_Statement] = None
        self._name: Optional[Item] = None

    def feed(self, item: Item) -> None:
        """Take the next item."""
        statement = self._statement
        if statement is None:
            self._begin(item)
        elif statement.name.text == b"listen":
            self._listen(statement, item)
        elif statement.name.text == b"socket":
            self._socket(statement, item)
        else:
            self._port(statement, item)

    def unsure(self) -> None:
        """Note that what is read here need not be what the server reads."""
        self._known = False

    def more_elsewhere(self) -> None:
        """Note that the command line adds sockets."""
        self._elsewhere = True

    def texts(self) -> Tuple[str, ...]:
        """Return what stands behind each C(listen), as far as it was read."""
        return tuple(self._written)

    def finish(self) -> None:
        """Take the end of the configuration; that it cuts off a statement is said elsewhere."""
        statement = self._statement
        if statement and statement.name.text == b"listen" and statement.items:
            self._listened(statement)

    def result(self, core: Core) -> Sockets:
        """Return the sockets that there are with these settings and modules."""
        if not self._known:
            return UNKNOWN_SOCKETS._replace(sockets=self._with_ports())
        searched = {UDP} if core.is_on("disable_tcp") else {UDP, TCP}
        if TCP in searched and core.is_on("enable_tls"):
            searched.add(TLS)
        if core.may_have_sctp:
            searched.add(SCTP)
        enabled = searched if core.may_have(*_TLS_MODULES) else searched - {TLS}
        if TCP in searched and core.may_have("websocket"):
            enabled = enabled | {WS}
        complete = bool(self._sockets) and not self._elsewhere
        return Sockets(self._with_ports(), complete, frozenset(enabled), frozenset(searched))

    def _with_ports(self) -> Tuple[Socket, ...]:
        """Return each socket once, with the port that it gets where its line has none."""
        found: Dict[Tuple[bytes, object, int], Socket] = {}
        for number, socket in enumerate(self._sockets):
            port = socket.port or self._usual(socket.protocol)
            port = port or (DEFAULT_TLS_PORT if socket.protocol == TLS else DEFAULT_PORT)
            key = (socket.protocol, number if socket.host is None else socket.host, port)
            found.setdefault(key, socket._replace(port=port))
        return tuple(found.values())

    def _usual(self, protocol: bytes) -> int:
        return self._ports["tls_port_no" if protocol == TLS else "port"]

    def _begin(self, item: Item) -> None:
        name, self._name = self._name, item if item.kind == "word" else None
        begins = name and (name.text in (b"listen", b"socket") or show(name.text) in self._ports)
        if name and begins and item.kind == "punct" and item.text == b"=":
            self._statement = _Statement(name)

    def _end(self, item: Item, name: Optional[Item] = None) -> None:
        """End the statement before an item, which may follow the C(name) of the next one."""
        self._statement, self._name = None, name
        self._begin(item)

    def _port(self, statement: _Statement, item: Item) -> None:
        number = parse_number(item.text) if item.kind == "word" and not item.doubt else None
        if number is None:
            self.unsure()
        else:
            self._ports[show(statement.name.text)] = number & 0xFFFF
        self._statement = None

    def _listen(self, statement: _Statement, item: Item) -> None:
        held, statement.held = statement.held, None
        if held:
            if item.kind == "punct" and item.text in (b".", b"-", b":"):
                statement.add(held, item)
                return
            if item.kind != "punct" and not _STARTS.match(held.text):
                self.unsure()
            self._listened(statement)
            self._end(item, held)
            return
        complete = LISTEN.match(statement.shape) if item.kind == "word" and letter_of(item) in "wnBGF" else None
        if complete and statement.shape.endswith(":") and _follows(item, statement.items[-1]):
            # An IPv6 address goes on.
            statement.add(item)
        elif complete and letter_of(item) != "n" and complete.end("places") < len(statement.shape):
            # No host follows what is said of them.
            self._listened(statement)
            self._end(item)
        elif complete:
            # It is another host, or the name of the next statement.
            statement.held = item
        elif item.kind == "punct" and not (_TOKENS.match(item.text) or item.text == b";"):
            return
        elif item.kind == "variable" or (item.kind == "punct" and letter_of(item) not in _PUNCTUATION):
            self._listened(statement, None if item.text == b";" else item)
            # What is broken can have swallowed the name of the next statement.
            last = statement.items[-1] if statement.items else None
            self._end(item, last if last and last.kind == "word" else None)
        elif len(statement.items) == _MOST_ITEMS:
            self.unsure()
            self._statement = None
        else:
            statement.add(item)

    def _listened(self, statement: _Statement, stray: Optional[Item] = None) -> None:
        """Take a C(listen) that is complete, unless a C(stray) item follows it."""
        self._statement = None
        items = statement.items
        if any(item.doubt or item.kind == "unknown" for item in items):
            self.unsure()
            return
        shape = statement.shape
        found = LISTEN.match(shape)
        fault = _fault_of(shape, stray) if stray or not found else self._too_new(shape)
        if fault == _NO_PORT and self._report.hides_statements:
            # It may be a define.
            self.unsure()
            return
        if fault or not found:
            self._refuse(statement, fault, _LISTEN_FORM)
            return
        self._written.append(show(b"".join(item.text for item in items)))
        end = found.end("places")
        extras = read_extras(items[end:])
        for place in PLACE.finditer(shape, 0, end):
            self._add(statement, read_address(items[place.start() : place.end()]), extras)

    def _too_new(self, shape: str) -> str:
        """What a C(listen) has that this version does not read."""
        version = self._version
        if version and not version.advertises_protocols and re.search(r"A[px]:", shape):
            return "advertise takes a protocol from Kamailio 5.8 on"
        if version and not version.has_virtual_sockets and "V" in shape:
            return "virtual is read from Kamailio 5.6 on"
        return ""

    def _refuse(self, statement: _Statement, fault: str, form: str) -> None:
        self.unsure()
        text = "this %s is not well-formed: %s" % (show(statement.name.text), fault)
        self._report.refuse("config-syntax", statement.name.place, text, form)

    def _socket(self, statement: _Statement, item: Item) -> None:
        if not statement.opened:
            statement.opened = item.kind == "punct" and item.text == b"{"
            if not statement.opened:
                self._end(item)
        elif item.kind == "punct" and item.text == b"}":
            self._statement = None
            self._bound(statement)
        else:
            statement.items.append(item)

    def _bound(self, statement: _Statement) -> None:
        """Take a C(socket) block."""
        version, items = self._version, statement.items
        if version and not version.has_socket_blocks:
            self._refuse(statement, "socket = {…} is read from Kamailio 5.7 on", "Write it as listen=…")
            return
        if any(item.doubt or item.kind in ("unknown", "variable") for item in items):
            self.unsure()
            return
        found: Dict[str, List[Item]] = {}
        shape, at = shape_of(items), 0
        while at < len(shape):
            attribute = ATTRIBUTE.match(shape, at)
            if not attribute:
                fault = "%s is not understood" % quoted(b"".join(item.text for item in items[at : at + 8]), 40)
                self._refuse(statement, fault, _SOCKET_FORM)
                return
            for name in (name for name, value in attribute.groupdict().items() if value is not None):
                found[name] = items[attribute.start(name) : attribute.end(name)]
            at = attribute.end()
        fault = self._too_new_block(found)
        if fault or "bind" not in found:
            self._refuse(statement, fault or "it has no bind", _SOCKET_FORM)
        else:
            self._add_block(statement, found)

    def _too_new_block(self, found: Mapping[str, List[Item]]) -> str:
        """What a C(socket) block has that this version does not read."""
        version = self._version
        if not version:
            return ""
        shapes = {name: shape_of(items) for name, items in found.items()}
        if not version.advertises_protocols and re.match(r"[p*]:", shapes.get("advertise", "")):
            return "advertise takes a protocol from Kamailio 5.8 on"
        if not version.groups_sockets and ("group" in shapes or _is_range(shapes.get("bind", ""))):
            return "agname and ranges of ports are read from Kamailio 6.0 on"
        return "vrf is read from Kamailio 6.1 on" if not version.binds_to_vrf and "vrf" in shapes else ""

    def _add_block(self, statement: _Statement, found: Mapping[str, List[Item]]) -> None:
        items, count = found["bind"], 1
        self._written.append(show(b"".join(item.text for item in items)))
        bind = read_address(items[:-2] if _is_range(shape_of(items)) else items)
        if _is_range(shape_of(items)):
            count = max(1, (parse_number(items[-1].text) or 0) - bind.port + 1)
        if count > _MOST_PORTS or len(self._sockets) + count > _MOST_SOCKETS:
            self.unsure()
            return
        extras = Extras()
        if "advertise" in found:
            advertised = read_address(found["advertise"])
            extras = Extras(advertised.text, advertised.port)
        name = found["name"][0].text if "name" in found else b""
        virtual = "virtual" in found and bool(parse_number(found["virtual"][0].text))
        for offset in range(count):
            port = bind.port + offset
            # Each port of a range has a name of its own.
            own = name + b"%d" % port if name and count > 1 else name
            self._add(
                statement,
                bind._replace(port=port & 0xFFFF),
                Extras(
                    extras.advertised,
                    extras.advertised_port + offset if extras.advertised else 0,
                    own,
                    virtual,
                ),
            )

    def _add(self, statement: _Statement, address: Address, extras: Extras) -> None:
        """Add the sockets of an address."""
        for host in address.hosts:
            if host.fault:
                text = "the server cannot listen on %s: %s" % (quoted(host.text, 60), host.fault)
                self._report.refuse("listen-bad", statement.name.place, text, _RESOLVED)
                self.unsure()
                return
        if len(self._sockets) >= _MOST_SOCKETS:
            self.unsure()
            return
        for protocol in [address.protocol] if address.protocol else PROTOCOLS:
            # Without a protocol, TLS is one port up.
            above = 1 if protocol == TLS and not address.protocol and address.port else 0
            self._sockets += [
                Socket(
                    protocol=protocol,
                    host=host.address,
                    port=(address.port + above) & 0xFFFF or self._usual(protocol),
                    advertised=extras.advertised,
                    advertised_port=extras.advertised_port & 0xFFFF,
                    name=extras.name,
                    local=None if extras.virtual else True,
                    certain=self._is_certain(extras.advertised),
                )
                for host in address.hosts
            ]

    def _is_certain(self, advertised: bytes) -> bool:
        """Whether a socket is made whatever the name server says: 5.6.3 drops one with a name that is not found."""
        drops = self._version is not None and not self._version.keeps_unknown_advertised
        return not drops or not advertised or re.match(rb"[0-9.]+\Z|\[", advertised) is not None


def _follows(item: Item, before: Item) -> bool:
    """Whether nothing is between two items."""
    return item.place.start == before.place.end and item.place.path == before.place.path


def _is_range(shape: str) -> bool:
    return re.search(r":[n*]-[n*]\Z", shape) is not None


def _fault_of(shape: str, stray: Optional[Item]) -> str:
    """What is wrong with the shape of a C(listen)."""
    if re.match(r"x:", shape):
        return "listen does not take WebSocket as a protocol: it runs over tcp and tls"
    if re.search(r"V.*[AN]|N.*A", shape):
        return "advertise, name and virtual must follow in this order"
    if re.search(r"N[^s]", shape):
        return "name needs a string in quotes"
    if re.search(r"[swn\]]:[^n*]", shape) or (not stray and re.search(r"[swn\]]:\Z", shape)):
        return _NO_PORT
    if stray:
        return "it goes on with %s" % quoted(stray.text, 40)
    return "its address or what follows it cannot be read"
