# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What is wrong with a dispatcher.list itself: where the server reads something else than what stands there.

The server's side of it is C(ds_load_list), C(pack_dest), C(ds_set_attrs) and C(dp_init_weights) of Kamailio's
src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from .._config.sockets import Sockets
from .._dispatcher.attributes import KNOWN, PERCENT, Attributes, read_attrs
from .._dispatcher.document import LINE_BYTES, Destination, Document, leading_int, to_int32
from .._dispatcher.flags import NO_DNS
from .._dispatcher.mend import meant_flags
from .._dispatcher.order import in_server_order
from .._dispatcher.uri import TRANSPORTS, SipUri, protocol_of, read_uri
from .._dispatcher.wish import MAX_INT
from .._text import one_edit_apart, quoted, quoted_from, show
from .rules import Finding, finding
from .versions import Version, render_version

# The field that a rule is about, where that is not the URI.
_SETID, _URI, _FLAGS, _PRIORITY, _ATTRS = range(5)
_FIELDS = {
    "setid-not-a-number": _SETID,
    "flags-not-a-number": _FLAGS,
    "priority-not-a-number": _PRIORITY,
    "text-ignored": _ATTRS,
    "attrs-broken": _ATTRS,
    "attrs-comma": _ATTRS,
    "attribute-unknown": _ATTRS,
    "attribute-twice": _ATTRS,
    "weight-out-of-range": _ATTRS,
    "socket-not-listened": _ATTRS,
}
_MARK = b"\xef\xbb\xbf"


class ListFindings(NamedTuple):
    """C(findings), and C(skipped): why the server skips a destination, by the byte where its line starts."""

    findings: Tuple[Finding, ...]
    skipped: Dict[int, str]


class _Found(NamedTuple):
    rule: str
    text: str
    remedy: str = ""
    field: Optional[int] = None


def name_of(destination: Destination) -> str:
    """The destination in a message: C(set 1, sip:…)."""
    return "set %d, %s" % (destination.setid, quoted(destination.uri, 80))


def list_findings(document: Document, path: str, version: Version, sockets: Optional[Sockets] = None) -> ListFindings:
    """All findings about the file. C(sockets) are those that the server listens on, None if they are not known."""
    findings = [
        finding("list-line-incomplete", path, bad.line, "a set id and no destination: the load fails")
        for bad in document.bad_lines
    ]
    findings += [
        finding("line-too-long", path, line, "the server reads %s as another line" % rest)
        for line, rest in ((line, _rest(text, LINE_BYTES)) for line, text in document.long_lines.items())
        if rest
    ]
    if not document.destinations:
        findings.append(finding("list-empty", path, None, "no destination: every call to a set of it fails"))
    skipped: Dict[int, str] = {}
    sets = _Sets()
    for one in document.destinations:
        problems = list(_fields(document, one, version))
        uri, attributes, skip = _read(one)
        if attributes:
            problems += _attributes(one, attributes, version)
        if uri and attributes:
            skip = _unusable(one, uri, attributes, sockets)
            if not skip:
                problems += _transport(uri, sockets)
                problems += sets.add(one, uri, attributes)
        if skip:
            skipped[one.start] = skip.text
            problems.append(skip)
        findings += [
            finding(bad.rule, path, one.line, bad.text, bad.remedy, name_of(one), _column(document, one, bad))
            for bad in problems
        ]
    findings += sets.weights(path)
    return ListFindings(tuple(findings), skipped)


def _column(document: Document, one: Destination, bad: _Found) -> Optional[int]:
    """Where the field stands that a finding is about."""
    return column_of(document, one, one.spans[_FIELDS.get(bad.rule, _URI) if bad.field is None else bad.field][0])


def column_of(document: Document, one: Destination, at: int) -> Optional[int]:
    """The column of a byte in the line of a destination, None in a line that the server cuts."""
    return None if one.line in document.long_lines else at - one.start + 1


def _read(one: Destination) -> Tuple[Optional[SipUri], Optional[Attributes], Optional[_Found]]:
    """The parts of a destination that have a grammar of their own, or why the server skips it."""
    uri, attributes, skip = None, None, None
    try:
        attributes = read_attrs(one.attrs)
    except ValueError as exc:
        skip = _Found("attrs-broken", "the server skips this destination: %s" % exc)
    try:
        uri = read_uri(one.uri)
    except ValueError as exc:
        skip = _Found("uri-bad", "the server skips this destination: %s" % exc)
    return uri, attributes, skip


def _fields(document: Document, one: Destination, version: Version) -> Iterator[_Found]:
    """Where a column holds something else than the server takes from it; not for the rest of a line that is cut."""
    data = document.data
    spans = one.spans
    setid = data[slice(*spans[_SETID])]
    if one.start and data[one.start - 1 : one.start] != b"\n":
        return
    if not setid or spans[_SETID][1] == spans[_URI][0]:
        # What follows stands one column off, so the other columns would only say the same again.
        yield _no_setid(setid, one)
        return
    for name, field in (("set id", _SETID), ("flags", _FLAGS), ("priority", _PRIORITY)):
        digits = data[slice(*spans[field])]
        if digits[:2] != b"0x" and len(digits) > 9 and int(digits[:400]) > MAX_INT:
            text = "the %s %s wraps around: the server reads %d" % (name, quoted(digits, 40), to_int32(digits))
            yield _Found("number-overflow", text, "", field)
    if one.attrs:
        yield from _words(data, one, version)
    rest = data[spans[_ATTRS][1] : one.end].strip(b" \t\r\n")
    if rest.startswith(b"\0"):
        ignored = _rest(data[one.start : one.end], data.index(b"\0", spans[_ATTRS][1]) + 1 - one.start)
        yield _Found("text-ignored", "a NUL byte ends the line, and %s is not read" % ignored)
    elif rest and not rest.startswith(b"#"):
        text = "the attributes are %s, and %s is not read: they end at the first white space, also in quotes" % (
            quoted(one.attrs, 60),
            _rest(data[one.start : one.end], spans[_ATTRS][1] - one.start),
        )
        yield _Found("text-ignored", text)


def _rest(line: bytes, start: int) -> str:
    """What a line has from C(start) on, for a message."""
    text = line.rstrip()
    return quoted_from(text, start + len(text[start:]) - len(text[start:].lstrip()), 60)


def _no_setid(digits: bytes, one: Destination) -> _Found:
    if digits:
        word, uri = quoted(digits + one.uri, 60), quoted(one.uri, 60)
        return _Found(
            "setid-not-a-number", "%s is no set id: the server reads set %d and the URI %s" % (word, one.setid, uri)
        )
    marked = one.uri.startswith(_MARK)
    text = "the line begins with %s and no set id, so the server reads set 0 and the URI %s" % (
        "a byte order mark" if marked else "a word",
        quoted(one.uri, 60),
    )
    return _Found("setid-not-a-number", text, "Save the file without a byte order mark" if marked else "")


def _words(data: bytes, one: Destination, version: Version) -> Iterator[_Found]:
    """Words where the server expects flags and a priority, which it takes for the attributes."""
    flags, priority = data[slice(*one.flags_span)], data[slice(*one.priority_span)]
    attrs = quoted(one.attrs, 60)
    if one.flags_span[1] == one.attrs_span[0]:
        meant = meant_flags(one)
        if meant and not flags:
            text = "%s are no flags to the server: it reads flags 0 and the attributes %s" % (attrs, attrs)
            yield _Found("flags-not-a-number", text, "Write %d instead" % meant.flags)
        elif flags or b"=" not in one.attrs:
            word = quoted(flags + one.attrs, 60)
            text = "the flags %s are no number to Kamailio %s: it reads flags %d and the attributes %s" % (
                word,
                render_version(version[:2]),
                one.flags,
                attrs,
            )
            remedy = "Write %d; hexadecimal numbers are read from Kamailio 6.1 on" % meant.flags if meant else ""
            yield _Found("flags-not-a-number", text, remedy)
    elif one.priority_span[1] == one.attrs_span[0] and (priority or b"=" not in one.attrs):
        text = "the priority %s is no number: the server reads priority %d and the attributes %s" % (
            quoted(priority + one.attrs, 60),
            one.priority,
            attrs,
        )
        yield _Found("priority-not-a-number", text)


def _attributes(one: Destination, attributes: Attributes, version: Version) -> Iterator[_Found]:
    if attributes.end < len(one.attrs):
        text = "the server stops reading the attributes at %s" % quoted_from(one.attrs, attributes.end, 60)
        yield _Found("attrs-comma", text)
    seen = set()
    for name, value in ((attribute.name.lower(), attribute.value or b"") for attribute in attributes.found):
        if name in PERCENT and leading_int(value) not in range(1, 101):
            text = "%s %s is not from 1 to 100, so the server ignores it" % (show(name), quoted(value, 40) or "''")
            yield _Found("weight-out-of-range", text)
        if name and name in seen:
            text = "%s stands more than once: the first one counts" % quoted(name, 40)
            yield _Found("attribute-twice", text)
        seen.add(name)
        if name in KNOWN:
            if version[:2] < KNOWN[name]:
                since = render_version(KNOWN[name])
                text = "Kamailio %s does not know %s, which is read from %s on"
                yield _Found("attribute-unknown", text % (render_version(version[:2]), show(name), since))
            continue
        meant = _meant(name)
        if meant:
            text = "%s is no attribute of the server" % quoted(name, 40)
            yield _Found("attribute-unknown", text, "Write %s, if that is meant" % show(meant))


def _meant(name: bytes) -> Optional[bytes]:
    """The known attribute that a name is most likely a slip of the pen for."""
    plain = name.replace(b"-", b"").replace(b"_", b"")
    for known in KNOWN:
        if len(known) > 4 and (plain == known.replace(b"_", b"") or one_edit_apart(name, known)):
            return known
    return None


def _unusable(one: Destination, uri: SipUri, attributes: Attributes, sockets: Optional[Sockets]) -> Optional[_Found]:
    """Why the server skips a destination that it can read."""
    if uri.is_ipv6 and sockets is not None and not sockets.any_ipv6:
        return _Found("ipv6-not-listened", "the server listens on no IPv6 address, and skips this destination")
    if not uri.is_ipv6 and not uri.host and not one.flags & NO_DNS:
        return _Found("uri-bad", "the server skips this destination: its URI has no host")
    if sockets is None:
        return None
    name, socket = attributes.value(b"sockname"), attributes.value(b"socket")
    if name and not sockets.is_named(name):
        text = "no listen of the configuration has the name %s, so the server skips this destination"
        return _Found("socket-not-listened", text % quoted(name, 60))
    if not name and socket and sockets.listens_on(socket) is False:
        text = "the server does not listen on %s, and skips this destination"
        return _Found("socket-not-listened", text % quoted(socket, 60))
    return None


def _transport(uri: SipUri, sockets: Optional[Sockets]) -> Iterator[_Found]:
    protocol = protocol_of(uri)
    if protocol and sockets and not sockets.speaks(protocol):
        text = "the server has no socket for %s: nothing can be sent to it, and pings mark it as down" % show(protocol)
        yield _Found("transport-not-listened", text)
    if uri.transport and uri.transport not in TRANSPORTS:
        text = "the server does not know the transport %s, and sends by UDP" % quoted(uri.transport, 40)
        yield _Found("transport-unknown", text)


class _Sets:
    """What only the destinations of a set together can get wrong."""

    def __init__(self) -> None:
        self._first: Dict[Tuple[int, bytes, Optional[bytes], Optional[bytes]], int] = {}
        self._weights: Dict[int, List[Tuple[Destination, int]]] = {}

    def add(self, one: Destination, uri: SipUri, attributes: Attributes) -> Iterator[_Found]:
        """Take in a destination that the server loads."""
        weight = leading_int(attributes.value(b"weight") or b"")
        self._weights.setdefault(one.setid, []).append((one, weight if 1 <= weight <= 100 else 0))
        socket = attributes.value(b"sockname") or attributes.value(b"socket")
        key = (one.setid, uri.uri.lower(), attributes.value(b"duid"), socket)
        first = self._first.setdefault(key, one.line)
        if first != one.line:
            text = "the same destination stands on line %d: a change of state hits one of them, or both" % first
            yield _Found("destination-twice", text)

    def weights(self, path: str) -> Iterator[Finding]:
        """What is wrong with the weights of a set."""
        for setid, members in self._weights.items():
            total = sum(weight for _one, weight in members)
            if total > 100:
                text = "the weights of set %d sum up to %d: what is over 100 gets no calls" % (setid, total)
                yield finding("weights-over-100", path, _first_over(members).line, text)
            without = [one for one, weight in members if not weight]
            if total and without:
                text = "%d of the %d destinations of set %d without a weight, beside others that have one" % (
                    len(without),
                    len(members),
                    setid,
                )
                yield finding("weights-incomplete", path, without[0].line, text)


def _first_over(members: List[Tuple[Destination, int]]) -> Destination:
    """The destination that the places of its set do not suffice for; the server fills them in its own order."""
    weights = {one.start: weight for one, weight in members}
    total = 0
    for one in in_server_order(one for one, _weight in members):
        total += weights[one.start]
        if total > 100:
            break
    return one
