# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What only the destinations of a set together can get wrong.

The server's side of it is C(dp_init_weights), C(dp_init_relative_weights), C(ds_load_add) and C(ds_manage_routes) of
Kamailio's src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

from typing import Dict, Generic, Iterator, List, Optional, Sequence, Tuple

from .._dispatcher.attributes import Attributes
from .._dispatcher.document import leading_int
from .._dispatcher.flags import DISABLED, INACTIVE
from .._dispatcher.order import in_server_order
from .._dispatcher.uri import SipUri
from .._text import quoted
from .._versions import Version
from .findings import Finding, found_in
from .routing import LATENCY, LOAD, RELATIVE_WEIGHT, WEIGHT, Routing, place_of
from .source import D, Found, Source

# The places of a set that an algorithm fills with its destinations, and chooses from in turn.
PLACES = 100
# From how many of them on it matters that the last destination gets what rounding leaves over.
_MUCH = 10


class Member(Generic[D]):
    """A destination of a set that the server loads; a weight that the server ignores is 0."""

    __slots__ = ("congestion", "destination", "duid", "max_load", "priority", "relative", "weight")

    def __init__(self, destination: D, attributes: Attributes, version: Version) -> None:
        self.destination = destination
        self.priority = destination.priority
        weight = attributes.value(b"weight")
        self.weight = _percent(weight) if version.bounds_weights else max(0, leading_int(weight or b""))
        self.relative = _percent(attributes.value(b"rweight"))
        self.max_load = leading_int(attributes.value(b"maxload") or b"")
        self.duid = attributes.value(b"duid") or b""
        self.congestion = leading_int(attributes.value(b"cc") or b"") != 0


class Sets(Generic[D]):
    """Takes the destinations that the server loads, and says what is wrong with their sets."""

    def __init__(self, source: Source[D], routing: Routing, version: Version) -> None:
        self._source = source
        self._routing = routing
        self._version = version
        self._first: Dict[Tuple[int, bytes, Optional[bytes], Optional[bytes]], D] = {}
        self._duids: Dict[Tuple[int, bytes], D] = {}
        self._members: Dict[int, List[Member[D]]] = {}

    def add(self, destination: D, uri: SipUri, attributes: Attributes) -> Iterator[Found]:
        """Take in a destination, and say what it has in common with one before it."""
        member = Member(destination, attributes, self._version)
        self._members.setdefault(destination.setid, []).append(member)
        socket = attributes.value(b"sockname") or attributes.value(b"socket")
        key = (destination.setid, uri.uri.lower(), attributes.value(b"duid"), socket)
        first = self._first.setdefault(key, destination)
        if first is not destination:
            text = "the same destination stands %s: a change of state hits one of them, or both"
            yield Found("destination-twice", text % self._source.place_of(first))
            return
        namesake = self._duids.setdefault((destination.setid, member.duid), destination)
        if member.duid and namesake is not destination:
            text = "the destination %s has the duid %s as well: what is done by duid hits one of the two"
            yield Found("duid-twice", text % (self._source.place_of(namesake), quoted(member.duid, 40)))

    def findings(self) -> Iterator[Finding]:
        """Say what is wrong with the sets."""
        for setid, members in self._members.items():
            members = in_server_order(members)
            if self._routing.may_use(WEIGHT, setid):
                yield from self._weights(setid, members)
            if self._routing.may_use(RELATIVE_WEIGHT, setid):
                yield from self._relative_weights(setid, members)
            if self._routing.may_use(LOAD, setid):
                yield from self._loads(setid, members)
            if self._version.has_algorithm(LATENCY) and self._routing.may_use(LATENCY, setid):
                yield from self._congestion(setid, members)

    def _at(self, rule: str, member: Member[D], text: str) -> Finding:
        return found_in(rule, self._source.name, self._source.line_of(member.destination), text)

    def _name(self, member: Member[D]) -> str:
        return "%s (%s)" % (quoted(member.destination.uri, 80), self._source.place_of(member.destination))

    def _chosen(self, members: Sequence[Member[D]]) -> Sequence[Member[D]]:
        """Those that are chosen from: all of them but the one that is set aside."""
        return members[:-1] if self._routing.default_aside and len(members) > 1 else members

    def _unused(self, setid: int, algorithm: int, members: Sequence[Member[D]], attribute: str) -> Iterator[Finding]:
        """Say that a set is used by an attribute that none of its destinations has."""
        call = self._routing.use_of(algorithm, setid)
        if call and len(members) > 1:
            text = "%s chooses from set %d by algorithm %d, and none of its destinations has a %s: all calls go to %s"
            text %= (place_of(call), setid, algorithm, attribute, self._name(members[0]))
            yield self._at("weights-unused", members[0], text)

    def _weights(self, setid: int, members: Sequence[Member[D]]) -> Iterator[Finding]:
        chosen = self._chosen(members)
        total = sum(member.weight for member in members)
        if not total:
            yield from self._unused(setid, WEIGHT, chosen, "weight")
            return
        if not members[0].weight and self._routing.use_of(WEIGHT, setid, None):
            text = "the first destination of set %d has no weight, so that algorithm 9 uses none: all calls go to %s"
            yield self._at("weights-unused", members[0], text % (setid, self._name(members[0])))
            return
        if total > PLACES:
            text = "the weights of set %d sum up to %d: what is over 100 gets no calls" % (setid, total)
            yield self._at("weights-over-100", _first_over(members), text)
        without = [member for member in chosen if not member.weight]
        if without:
            text = "%d of the %d destinations of set %d without a weight, beside others that have one"
            text += "; algorithm 9 uses none of them if the first has none" if without[0] is members[0] else ""
            yield self._at("weights-incomplete", without[0], text % (len(without), len(members), setid))
        elif 1 < len(chosen) <= PLACES - total:
            gainer = chosen[0] if len(chosen) < len(members) else members[-1]
            text = "the weights of set %d sum up to %d: the other %d of 100 calls go to %s as well"
            yield self._at("weights-under-100", gainer, text % (setid, total, PLACES - total, self._name(gainer)))

    def _relative_weights(self, setid: int, members: Sequence[Member[D]]) -> Iterator[Finding]:
        chosen = self._chosen([member for member in members if not member.destination.flags & (INACTIVE | DISABLED)])
        total = sum(member.relative for member in chosen)
        if not total or len(chosen) < 2:
            if not any(member.relative for member in members):
                yield from self._unused(setid, RELATIVE_WEIGHT, chosen, "rweight")
            return
        without = [member for member in chosen if not member.relative]
        if without:
            text = "%d of the %d destinations of set %d without an rweight get no calls by algorithm 11"
            yield self._at("rweights-incomplete", without[0], text % (len(without), len(members), setid))
        shares = [member.relative * PLACES // total for member in chosen]
        rest = PLACES - sum(shares)
        last = max((index for index, share in enumerate(shares) if share), default=len(shares) - 1)
        shares[last] += rest
        nothing = sum(1 for member, share in zip(chosen, shares) if member.relative and not share)
        if nothing or (rest >= _MUCH and shares[last] * total > 2 * PLACES * chosen[last].relative):
            text = "algorithm 11 cuts the shares of set %d to whole percent: %s gets %d of 100 calls" % (
                setid,
                self._name(chosen[last]),
                shares[last],
            )
            text += ", and %d of the others none" % nothing if nothing else ""
            yield self._at("rweights-uneven", chosen[last], text)

    def _loads(self, setid: int, members: Sequence[Member[D]]) -> Iterator[Finding]:
        call = self._routing.use_of(LOAD, setid)
        without = [member for member in members if not member.duid and (call or member.max_load)]
        if without:
            text = "%d of the destinations of set %d without a duid: algorithm 10 counts no calls of them" % (
                len(without),
                setid,
            )
            yield self._at("load-not-counted", without[0], text + ", and ignores their maxload")

    def _congestion(self, setid: int, members: Sequence[Member[D]]) -> Iterator[Finding]:
        without = [member for member in members if not member.congestion]
        if 0 < len(without) < len(members):
            text = "%d of the %d destinations of set %d without cc: algorithm 13 compares their latency with the "
            text += "congestion of the others"
            yield self._at("cc-incomplete", without[0], text % (len(without), len(members), setid))


def _percent(value: Optional[bytes]) -> int:
    number = leading_int(value or b"")
    return number if 1 <= number <= PLACES else 0


def _first_over(members: Sequence[Member[D]]) -> Member[D]:
    """The destination that the places of its set do not suffice for."""
    total = 0
    for member in members:
        total += member.weight
        if total > PLACES:
            break
    return member
