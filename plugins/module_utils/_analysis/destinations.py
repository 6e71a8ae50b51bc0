# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What is wrong with destinations, wherever the server reads them from.

The server's side of it is C(pack_dest), C(ds_set_attrs) and C(dp_init_weights) of Kamailio's
src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

from typing import Dict, Generic, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._config.sockets import Sockets
from .._dispatcher.attributes import KNOWN, PERCENT, Attributes, newer_than, read_attrs
from .._dispatcher.document import leading_int
from .._dispatcher.flags import NO_DNS, PROBING, render_letters
from .._dispatcher.order import in_server_order
from .._dispatcher.uri import TRANSPORTS, SipUri, protocol_of, read_uri
from .._rules import ATTRS, FLAGS, RULES, URI
from .._text import one_edit_apart, quoted, quoted_from, show
from .._versions import Version
from .effect import Effect, effects_of
from .findings import Finding, found_at, found_in
from .setup import Setup
from .source import D, Found, Probed, Source, name_of


class Destinations(NamedTuple):
    """The analysis of the destinations of a source.

    C(skipped) is why the server skips one of them, by its C(start); C(effects) are in the order of the source.
    """

    findings: Tuple[Finding, ...]
    skipped: Dict[int, str]
    effects: Tuple[Effect, ...]

    @property
    def stops(self) -> Tuple[Finding, ...]:
        """The findings for which the server loads nothing at all."""
        return tuple(finding for finding in self.findings if RULES[finding.rule].stops)


def analyse_destinations(source: Source[D], setup: Setup, decided: bool = True) -> Destinations:
    """Analyse destinations as a server with this set-up takes them.

    Unless it is C(decided) what the configuration says, nothing is said of probing.
    """
    found, skipped = destination_findings(source, setup.version, setup.sockets)
    effects = effects_of(source.destinations, setup, skipped)
    probing = list(_probing(source, effects, setup.version)) if decided else []
    strict = _strict(source.destinations, setup, skipped)
    return Destinations((*found, *strict, *probing), skipped, effects)


def _strict(destinations: Sequence[Probed], setup: Setup, skipped: Dict[int, str]) -> Iterator[Finding]:
    """What C(ds_load_mode) 1 makes of destinations that the server would otherwise skip, or cannot be sure to load."""
    if not setup.strict:
        return
    count = len(skipped)
    if count:
        text = "ds_load_mode is 1, and %d destination%s would be skipped: the load fails, and the next start fails"
        yield found_at("skipped-stops-load", setup.strict, text % (count, "" if count == 1 else "s"))
    hosts = sorted({show(read_uri(one.uri).host) for one in destinations if one.start not in skipped and _asks(one)})
    if hosts and setup.looks_up:
        text = "ds_load_mode is 1: the server starts, and reloads the list, only if it can resolve %s"
        few = ", ".join(quoted(host.encode(), 60) for host in hosts[:3])
        more = " and %d more" % (len(hosts) - 3) if len(hosts) > 3 else ""
        yield found_at("start-needs-dns", setup.strict, text % (few + more))


def _asks(destination: Probed) -> bool:
    """Whether the server resolves the host of this destination."""
    return not destination.flags & NO_DNS and read_uri(destination.uri).needs_resolver


def _probing(source: Source[D], effects: Tuple[Effect, ...], version: Version) -> Iterator[Finding]:
    """Destinations that ask for probing, and what hinders it."""
    for destination, effect in zip(source.destinations, effects):
        if not effect.rule:
            continue
        asks = destination.flags & PROBING
        text = "asks for probing (flags %d)" % destination.flags if asks else "is to be probed"
        text += ", and %s" % effect.reason
        if effect.rule in ("probing-without-tm", "probing-without-interval"):
            text += ", so nothing probes it; " + _shown(destination.flags, version)
        elif effect.rule == "ping-cannot-be-sent":
            text += ": no ping can be sent, and it is marked as down"
        field = URI if not asks else ATTRS if effect.rule == "ping-cannot-be-sent" else FLAGS
        yield _finding(source, destination, Found(effect.rule, text, "", field))


def _shown(flags: int, version: Version) -> str:
    """What the RPC shows of a flag that nothing can obey."""
    clears = version.clears_probing_without_tm
    text = "Kamailio %s clears the flag and shows %s" if clears else "Kamailio %s shows %s all the same"
    return text % (version, render_letters(flags & ~PROBING if clears else flags, version.knows_no_ping))


def destination_findings(
    source: Source[D], version: Version, sockets: Optional[Sockets] = None
) -> Tuple[Tuple[Finding, ...], Dict[int, str]]:
    """Return what is wrong with destinations by themselves, and why the server skips some, by their C(start).

    C(sockets) are those that the server listens on, None if they are not known.
    """
    findings = list(source.findings())
    skipped: Dict[int, str] = {}
    sets = _Sets(source)
    for destination in source.destinations:
        problems = list(source.misread(destination, version))
        uri, attributes, skip = _read(destination)
        if attributes:
            problems += _attributes(destination, attributes, version)
        if uri and attributes:
            skip = _unusable(destination, uri, attributes, sockets)
            if not skip:
                problems += _transport(uri, sockets)
                problems += sets.add(destination, uri, attributes)
        if skip:
            skipped[destination.start] = skip.text
            problems.append(skip)
        findings += [_finding(source, destination, problem) for problem in problems]
    findings += sets.weights()
    return tuple(findings), skipped


def _finding(source: Source[D], destination: D, found: Found) -> Finding:
    field = RULES[found.rule].field if found.field is None else found.field
    column = source.column_of(destination, field)
    name, line = name_of(destination), source.line_of(destination)
    return found_in(found.rule, source.name, line, found.text, found.remedy, name, column)


def _read(destination: Probed) -> Tuple[Optional[SipUri], Optional[Attributes], Optional[Found]]:
    """The parts of a destination that have a grammar of their own, or why the server skips it."""
    uri, attributes, skip = None, None, None
    try:
        attributes = read_attrs(destination.attrs)
    except ValueError as exc:
        skip = Found("attrs-broken", "the server skips this destination: %s" % exc)
    try:
        uri = read_uri(destination.uri)
    except ValueError as exc:
        skip = Found("uri-bad", "the server skips this destination: %s" % exc)
    return uri, attributes, skip


def _attributes(destination: Probed, attributes: Attributes, version: Version) -> Iterator[Found]:
    if attributes.end < len(destination.attrs):
        text = "the server stops reading the attributes at %s" % quoted_from(destination.attrs, attributes.end, 60)
        yield Found("attrs-comma", text)
    seen = set()
    for name, value in ((attribute.name.lower(), attribute.value or b"") for attribute in attributes.found):
        if name in PERCENT and leading_int(value) not in range(1, 101):
            text = "%s %s is not from 1 to 100, so the server ignores it" % (show(name), quoted(value, 40) or "''")
            yield Found("weight-out-of-range", text)
        if name and name in seen:
            text = "%s stands more than once: the first one counts" % quoted(name, 40)
            yield Found("attribute-twice", text)
        seen.add(name)
        if name in KNOWN:
            since = newer_than(version, name)
            if since:
                text = "Kamailio %s does not know %s, which is read from %s on"
                yield Found("attribute-unknown", text % (version.series, show(name), since))
            continue
        meant = _meant(name)
        if meant:
            text = "%s is no attribute of the server" % quoted(name, 40)
            yield Found("attribute-unknown", text, "Write %s, if that is meant" % show(meant))


def _meant(name: bytes) -> Optional[bytes]:
    """The known attribute that a name is most likely a slip of the pen for."""
    plain = name.replace(b"-", b"").replace(b"_", b"")
    for known in KNOWN:
        if len(known) > 4 and (plain == known.replace(b"_", b"") or one_edit_apart(name, known)):
            return known
    return None


def _unusable(destination: Probed, uri: SipUri, attributes: Attributes, sockets: Optional[Sockets]) -> Optional[Found]:
    """Why the server skips a destination that it can read."""
    if uri.is_ipv6 and sockets is not None and not sockets.any_ipv6:
        return Found("ipv6-not-listened", "the server listens on no IPv6 address, and skips this destination")
    if not uri.is_ipv6 and not uri.host and not destination.flags & NO_DNS:
        return Found("uri-bad", "the server skips this destination: its URI has no host")
    if sockets is None:
        return None
    name, socket = attributes.value(b"sockname"), attributes.value(b"socket")
    if name and not sockets.is_named(name):
        text = "no listen of the configuration has the name %s, so the server skips this destination"
        return Found("socket-not-listened", text % quoted(name, 60))
    if not name and socket and sockets.listens_on(socket) is False:
        text = "the server does not listen on %s, and skips this destination"
        return Found("socket-not-listened", text % quoted(socket, 60))
    return None


def _transport(uri: SipUri, sockets: Optional[Sockets]) -> Iterator[Found]:
    protocol = protocol_of(uri)
    if protocol and sockets and not sockets.speaks(protocol):
        text = "the server has no socket for %s: nothing can be sent to it, and pings mark it as down" % show(protocol)
        yield Found("transport-not-listened", text)
    if uri.transport and uri.transport not in TRANSPORTS:
        text = "the server does not know the transport %s, and sends by UDP" % quoted(uri.transport, 40)
        yield Found("transport-unknown", text)


class _Sets(Generic[D]):
    """What only the destinations of a set together can get wrong."""

    def __init__(self, source: Source[D]) -> None:
        self._source = source
        self._first: Dict[Tuple[int, bytes, Optional[bytes], Optional[bytes]], D] = {}
        self._weights: Dict[int, List[Tuple[D, int]]] = {}

    def add(self, destination: D, uri: SipUri, attributes: Attributes) -> Iterator[Found]:
        """Take in a destination that the server loads."""
        weight = leading_int(attributes.value(b"weight") or b"")
        self._weights.setdefault(destination.setid, []).append((destination, weight if 1 <= weight <= 100 else 0))
        socket = attributes.value(b"sockname") or attributes.value(b"socket")
        key = (destination.setid, uri.uri.lower(), attributes.value(b"duid"), socket)
        first = self._first.setdefault(key, destination)
        if first is not destination:
            text = "the same destination stands %s: a change of state hits one of them, or both"
            yield Found("destination-twice", text % self._source.place_of(first))

    def weights(self) -> Iterator[Finding]:
        """What is wrong with the weights of a set."""
        for setid, members in self._weights.items():
            total = sum(weight for _one, weight in members)
            if total > 100:
                text = "the weights of set %d sum up to %d: what is over 100 gets no calls" % (setid, total)
                yield found_in("weights-over-100", self._source.name, self._source.line_of(_first_over(members)), text)
            without = [destination for destination, weight in members if not weight]
            if total and without:
                text = "%d of the %d destinations of set %d without a weight, beside others that have one" % (
                    len(without),
                    len(members),
                    setid,
                )
                yield found_in("weights-incomplete", self._source.name, self._source.line_of(without[0]), text)


def _first_over(members: List[Tuple[D, int]]) -> D:
    """The destination that the places of its set do not suffice for; the server fills them in its own order."""
    weights = {destination.start: weight for destination, weight in members}
    total = 0
    for destination in in_server_order(member for member, _weight in members):
        total += weights[destination.start]
        if total > 100:
            break
    return destination
