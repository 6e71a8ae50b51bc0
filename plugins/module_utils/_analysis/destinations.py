# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What is wrong with destinations, wherever the server reads them from.

The server's side of it is C(pack_dest) and C(ds_set_attrs) of Kamailio's
src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

from typing import Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

from .._config.sockets import UDP, UNKNOWN_SOCKETS, WS, Sockets, needs_of
from .._dispatcher.attributes import KNOWN, PERCENT, Attributes, newer_than, read_attrs
from .._dispatcher.document import leading_int
from .._dispatcher.flags import NO_DNS, PROBING, render_letters
from .._dispatcher.uri import TRANSPORTS, SipUri, loaded_uri, protocol_of, read_uri
from .._rules import ATTRS, FLAGS, RULES, URI
from .._text import one_edit_apart, quoted, quoted_from, show
from .._versions import Version
from .effect import Effect, effects_of
from .findings import Finding, found_at, found_in
from .routing import UNREAD, Routing
from .sets import Sets
from .setup import USUAL_RESOLVER, Resolver, Setup
from .source import D, Found, Probed, Source, name_of

_ADDRESS = "Write an address or the name of a host. Is it a template that was not rendered?"


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
    found, skipped = destination_findings(source, setup.version, setup.sockets, setup.resolver, setup.routing)
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
    hosts = sorted(
        {
            show(loaded_uri(destination.uri).host)
            for destination in destinations
            if destination.start not in skipped and _asks(destination)
        }
    )
    if hosts and setup.resolver.at_load:
        text = "ds_load_mode is 1: the server starts, and reloads the list, only if it can resolve %s"
        few = ", ".join(quoted(host.encode(), 60) for host in hosts[:3])
        more = " and %d more" % (len(hosts) - 3) if len(hosts) > 3 else ""
        yield found_at("start-needs-dns", setup.strict, text % (few + more))


def _asks(destination: Probed) -> bool:
    """Whether the server resolves the host of this destination."""
    return not destination.flags & NO_DNS and loaded_uri(destination.uri).needs_resolver


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
    source: Source[D],
    version: Version,
    sockets: Sockets = UNKNOWN_SOCKETS,
    resolver: Resolver = USUAL_RESOLVER,
    routing: Routing = UNREAD,
) -> Tuple[Tuple[Finding, ...], Dict[int, str]]:
    """Return what is wrong with destinations by themselves, and why the server skips some, by their C(start).

    C(sockets) are those that the server listens on, C(resolver) is how it finds hosts, C(routing) is what its script
    does.
    """
    findings = list(source.findings())
    skipped: Dict[int, str] = {}
    sets = Sets(source, routing, version)
    for destination in source.destinations:
        problems = list(source.misread(destination, version))
        uri, attributes, skip = _read(destination, version)
        if attributes:
            problems += _attributes(destination, attributes, version)
        if uri and attributes:
            skip = _unusable(destination, uri, attributes, sockets, version) or _lost(destination, uri, resolver)
            problems += _misread_address(uri)
            if not skip:
                problems += _transport(uri, sockets)
                problems += _unused_socket(uri, attributes, sockets)
                problems += sets.add(destination, uri, attributes)
        if skip:
            skipped[destination.start] = skip.text
            problems.append(skip)
        findings += [_finding(source, destination, problem) for problem in problems]
    findings += sets.findings()
    return tuple(findings), skipped


def _finding(source: Source[D], destination: D, found: Found) -> Finding:
    field = RULES[found.rule].field if found.field is None else found.field
    column = source.column_of(destination, field)
    name, line = name_of(destination), source.line_of(destination)
    return found_in(found.rule, source.name, line, found.text, found.remedy, name, column)


def _read(destination: Probed, version: Version) -> Tuple[Optional[SipUri], Optional[Attributes], Optional[Found]]:
    """The parts of a destination that have a grammar of their own, or why the server skips it."""
    uri, attributes, skip = None, None, None
    try:
        attributes = read_attrs(destination.attrs)
    except ValueError as exc:
        skip = Found("attrs-broken", "the server skips this destination: %s" % exc)
    try:
        uri = read_uri(destination.uri, version.reads_odd_uris)
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
            counts = name == b"weight" and not version.bounds_weights and leading_int(value) > 0
            text = "%s %s is not from 1 to 100, " + (
                "and counts all the same" if counts else "so the server ignores it"
            )
            yield Found("weight-out-of-range", text % (show(name), quoted(value, 40) or "''"))
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


def _unusable(
    destination: Probed, uri: SipUri, attributes: Attributes, sockets: Sockets, version: Version
) -> Optional[Found]:
    """Why the server skips a destination that it can read."""
    if uri.is_ipv6 and not sockets.may_have_ipv6:
        return Found("ipv6-not-listened", "the server listens on no IPv6 address, and skips this destination")
    name = attributes.value(b"sockname")
    if name and not sockets.may_be_named(name):
        text = "no listen of the configuration has the name %s, so the server skips this destination"
        return Found("socket-not-listened", text % quoted(name, 60))
    pings_by = None if newer_than(version, b"ping_socket") else attributes.value(b"ping_socket")
    for socket in (None if name else attributes.value(b"socket"), pings_by):
        lack = sockets.lacks(socket) if socket else None
        if socket and lack:
            text = "the server does not listen on %s (%s), and skips this destination"
            return Found("socket-not-listened", text % (quoted(socket, 60), lack))
    return None


def _lost(destination: Probed, uri: SipUri, resolver: Resolver) -> Optional[Found]:
    """Why the server skips a destination whose host it looks up."""
    reason = "" if destination.flags & NO_DNS or not resolver.at_load else uri.unresolvable(resolver.cache)
    if not reason:
        return None
    return Found("uri-bad", "the server skips this destination: %s" % reason, _ADDRESS if uri.host else "")


def _misread_address(uri: SipUri) -> Iterator[Found]:
    """What the server takes for another address than it is."""
    if uri.misread_as:
        text = "the host %s is no address: the server sends to %s" % (quoted(uri.host, 40), show(uri.misread_as))
        yield Found("address-misread", text)
    if uri.cut_port is not None:
        text = "the port %s has more than 16 bits: the server sends to port %d" % (show(uri.port), uri.cut_port)
        yield Found("address-misread", text, "Write a port from 0 to 65535")


def _transport(uri: SipUri, sockets: Sockets) -> Iterator[Found]:
    protocol = protocol_of(uri)
    if protocol and not sockets.may_speak(protocol):
        text = "the server has no socket for %s: nothing can be sent to it, and pings mark it as down" % show(protocol)
        off = "" if protocol in sockets.enabled else "%s needs %s" % (show(protocol.upper()), needs_of(protocol))
        yield Found("transport-not-listened", text, off)
    if uri.transport and uri.transport not in TRANSPORTS:
        text = "the server does not know the transport %s, and sends by UDP" % quoted(uri.transport, 40)
        yield Found("transport-unknown", text)


def _unused_socket(uri: SipUri, attributes: Attributes, sockets: Sockets) -> Iterator[Found]:
    """What C(get_send_socket2) of Kamailio's src/core/forward.c calls a mismatch of protocols."""
    text = attributes.value(b"socket")
    socket = sockets.find(text) if text and not attributes.value(b"sockname") else None
    # Without a port and a transport, the name server can say by which protocol a host is reached.
    protocol = protocol_of(uri) or (b"" if uri.needs_resolver else UDP)
    if text is None or socket is None or not protocol or protocol == socket.protocol:
        return
    if protocol in sockets.enabled and protocol != WS and not sockets.may_replace(socket, protocol):
        said = "requests go to it by %s, so the server does not use the socket %s, and takes another one"
        yield Found("socket-not-used", said % (show(protocol), quoted(text, 60)))
