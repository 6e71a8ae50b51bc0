# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A list against what a server runs: what differs, and which differences a reload would settle."""

from __future__ import annotations

from collections import deque
from typing import Deque, Dict, Hashable, Iterator, List, Literal, NamedTuple, Optional, Sequence, Tuple, Union

from .._analysis.effect import UNTIL_FIRST_ANSWER, Effect, effects_of
from .._analysis.setup import MODE_ALL, Setup
from .._analysis.watch import BLIND, Listed, Watch, watch_running
from .._dispatcher.attributes import meaning_of, read_attrs, same_attrs
from .._dispatcher.document import Destination, Document
from .._dispatcher.flags import DISABLED, INACTIVE, NO_DNS, NO_PING, PROBING, render_letters
from .._dispatcher.order import in_server_order
from .._dispatcher.uri import loaded_uri
from .._rpc.dispatcher import Running
from .._text import quoted

DifferenceKind = Literal["missing", "skipped", "extra", "priority", "attrs", "order", "state", "flags", "unprobed"]
AbsentKind = Literal["missing", "skipped"]
# A reload settles these. Flags can be the doing of the server or of an operator, so they are no reason by themselves.
DUE: Tuple[DifferenceKind, ...] = ("missing", "extra", "priority", "attrs", "order")


class Difference(NamedTuple):
    """One thing that the list says otherwise than it runs; C(line) is that of the list, None where it has none."""

    kind: DifferenceKind
    setid: int
    uri: bytes
    line: Optional[int]
    text: str


class Pair(NamedTuple):
    """A destination of the list, with what runs of it."""

    listed: Destination
    running: Running


class Absent(NamedTuple):
    """A destination of the list that does not run, and why; C(kind) is C(missing), or C(skipped) by the server."""

    listed: Destination
    kind: AbsentKind
    reason: str


class Comparison(NamedTuple):
    """C(pairs) and C(absent) in the order of the list, C(differences) by set; C(watches) of what runs, in its order.

    C(watches) hold while the server sends pings at all.
    """

    pairs: Tuple[Pair, ...]
    absent: Tuple[Absent, ...]
    differences: Tuple[Difference, ...]
    watches: Tuple[Watch, ...]

    @property
    def due(self) -> Tuple[Difference, ...]:
        """The differences that a reload would settle."""
        return tuple(difference for difference in self.differences if difference.kind in DUE)


def running_effects(running: Sequence[Running], setup: Setup) -> Tuple[Effect, ...]:
    """What becomes of the pings of destinations as they run."""
    return effects_of(running[::-1], setup, _unreadable(running))[::-1]


def _unreadable(running: Sequence[Running]) -> Dict[int, str]:
    """Why it cannot be told whether destinations are probed, by their start: they are none that a server runs."""
    found: Dict[int, str] = {}
    for destination in running:
        try:
            loaded_uri(destination.uri)
            read_attrs(destination.attrs)
        except ValueError as reason:
            found[destination.start] = "the server answered with a destination that it would not load: %s" % reason
    return found


def compare(document: Document, skipped: Dict[int, str], running: Sequence[Running], setup: Setup) -> Comparison:
    """Compare a list with what runs; C(skipped) is why the server does not load a destination, by its start.

    C(setup) is that of the running server.
    """
    wanted = _by_set(document.destinations)
    found: Dict[int, List[Running]] = {}
    for destination in running:
        found.setdefault(destination.setid, []).append(destination)
    pairs: List[Pair] = []
    absent: List[Absent] = []
    differences: List[Difference] = []
    for setid in sorted({*wanted, *found}):
        listed = in_server_order(wanted.get(setid, []))
        matched = _match(listed, found.get(setid, []))
        of_set = [
            Pair(destination, matched[destination.start]) for destination in listed if destination.start in matched
        ]
        pairs += of_set
        without = list(_absent(listed, matched, skipped))
        absent += without
        differences += [
            Difference(
                kind=missing.kind,
                setid=setid,
                uri=server_uri(missing.listed.uri),
                line=missing.listed.line,
                text=missing.reason,
            )
            for missing in without
        ]
        differences += _extra(found.get(setid, []), of_set)
        differences += _order(setid, of_set)
    listed_effects = effects_of(document.destinations, setup, skipped)
    expected = {destination.start: effect for destination, effect in zip(document.destinations, listed_effects)}
    for pair in pairs:
        differences += _fields(pair, setup, expected[pair.listed.start])
    by_running = {pair.running.start: pair.listed for pair in pairs}
    watches = tuple(_watches(running, by_running, expected, setup))
    differences += _unprobed(running, watches, by_running)
    pairs.sort(key=lambda pair: pair.listed.start)
    absent.sort(key=lambda missing: missing.listed.start)
    differences.sort(key=lambda difference: difference.setid)
    return Comparison(tuple(pairs), tuple(absent), tuple(differences), watches)


def _by_set(destinations: Sequence[Destination]) -> Dict[int, List[Destination]]:
    sets: Dict[int, List[Destination]] = {}
    for destination in destinations:
        sets.setdefault(destination.setid, []).append(destination)
    return sets


def server_uri(uri: bytes) -> bytes:
    """The URI as the server stores it, which is what it is where the server does not take it."""
    try:
        return loaded_uri(uri).uri
    except ValueError:
        return uri


def _match(listed: Sequence[Destination], running: Sequence[Running]) -> Dict[int, Running]:
    """What runs of each destination of a set, by its start; of several with one URI, equal attributes come first."""
    found: Dict[int, Running] = {}
    free = running
    for key_of in (_as_written, _as_meant, _by_uri):
        rest = [destination for destination in listed if destination.start not in found]
        if not rest or not free:
            break
        queues: Dict[Hashable, Deque[Running]] = {}
        for candidate in free:
            queues.setdefault(key_of(candidate.uri, candidate), deque()).append(candidate)
        for destination in rest:
            queue = queues.get(key_of(server_uri(destination.uri), destination))
            if queue:
                found[destination.start] = queue.popleft()
        taken = {candidate.start for candidate in found.values()}
        free = [candidate for candidate in free if candidate.start not in taken]
    return found


def _as_written(uri: bytes, destination: Union[Destination, Running]) -> Hashable:
    return uri, destination.priority, _without_last_semicolon(destination.attrs)


def _as_meant(uri: bytes, destination: Union[Destination, Running]) -> Hashable:
    return uri, destination.priority, meaning_of(destination.attrs)


def _by_uri(uri: bytes, _destination: Union[Destination, Running]) -> Hashable:
    return uri


def _without_last_semicolon(attrs: bytes) -> bytes:
    return attrs[:-1] if attrs.endswith(b";") else attrs


def _same_attrs(listed: bytes, running: bytes) -> bool:
    """The server leaves one semicolon at the end out when it shows them."""
    return _without_last_semicolon(listed) == running or same_attrs(listed, running)


def _absent(listed: Sequence[Destination], matched: Dict[int, Running], skipped: Dict[int, str]) -> Iterator[Absent]:
    for destination in listed:
        if destination.start in matched:
            continue
        if destination.start in skipped:
            yield Absent(destination, "skipped", skipped[destination.start])
            continue
        text = "it is in the list and does not run"
        if not destination.flags & NO_DNS and loaded_uri(destination.uri).needs_resolver:
            text += "; the server skips a name that its resolver does not find"
        yield Absent(destination, "missing", text)


def _extra(running: Sequence[Running], pairs: Sequence[Pair]) -> Iterator[Difference]:
    known = {pair.running.start for pair in pairs}
    for destination in running:
        if destination.start not in known:
            yield Difference(
                kind="extra",
                setid=destination.setid,
                uri=destination.uri,
                line=None,
                text="it runs and does not stand in the list",
            )


def _order(setid: int, pairs: Sequence[Pair]) -> Iterator[Difference]:
    """One difference for a set, at the first destination that has another place; priorities are not compared here."""
    if any(pair.listed.priority != pair.running.priority for pair in pairs):
        return
    runs = sorted(pairs, key=lambda pair: pair.running.start)
    for pair, first in zip(pairs, runs):
        if pair is not first:
            text = "by the list it is tried before %s, and it runs behind it: an add or remove turns the order round"
            other = quoted(first.running.uri, 80)
            yield Difference(kind="order", setid=setid, uri=pair.running.uri, line=pair.listed.line, text=text % other)
            return


def _fields(pair: Pair, setup: Setup, expected: Effect) -> Iterator[Difference]:
    listed, running = pair
    where = (listed.setid, running.uri, listed.line)
    if listed.priority != running.priority:
        text = "the list says priority %d, and it runs with %d" % (listed.priority, running.priority)
        yield Difference("priority", *where, text)
    if not _same_attrs(listed.attrs, running.attrs):
        text = "the list says the attributes %s, and it runs with %s"
        yield Difference("attrs", *where, text % (_shown(listed.attrs), _shown(running.attrs)))
    letters = letters_after_load(listed.flags, setup)
    if setup.mode == MODE_ALL and setup.interval and "N" not in letters + running.letters:
        # Every answer sets the P flag there, and every change of state clears it, and pings go on all the same.
        letters = letters[0] + running.letters[1]
    cleared = running.letters[1] == "X" and letters[1] == "P" and expected.effect == UNTIL_FIRST_ANSWER
    hidden = (NO_DNS | NO_PING) if running.exact and listed.flags & (NO_DNS | NO_PING) & ~running.flags else 0
    if running.letters != letters and not (cleared and running.letters[0] == letters[0]):
        of_state = cleared or running.letters[1] == letters[1] or running.letters[0] == "D"
        asked = letters_after_load(listed.flags, setup)
        text = "the list says %s (flags %d), and it runs as %s" % (asked, listed.flags, running.letters)
        yield Difference("state" if of_state else "flags", *where, text)
    elif hidden and running.letters[1] != "N":
        lost = listed.flags & hidden & ~running.flags
        text = "the list says flags %d, and it runs without %d of them, which a change of its state has cleared"
        yield Difference("flags", *where, text % (listed.flags, lost))


def letters_after_load(flags: int, setup: Setup) -> str:
    """The letters that the server shows of a destination as soon as it has loaded it."""
    if setup.version.clears_probing_without_tm and not (setup.interval and setup.tm == "first"):
        flags &= ~PROBING
    return render_letters(flags, setup.version.knows_no_ping)


def _watches(
    running: Sequence[Running], listed: Dict[int, Destination], expected: Dict[int, Effect], setup: Setup
) -> Iterator[Watch]:
    for destination, effect in zip(running, running_effects(running, setup)):
        by_list = listed.get(destination.start)
        said = Listed(by_list.flags, expected[by_list.start]) if by_list else None
        yield watch_running(_flags_of(destination, by_list), effect, said, setup)


def _flags_of(running: Running, listed: Optional[Destination]) -> int:
    """The flags that it runs with; where only its letters are known, an I can hide that the list has disabled it."""
    hides = listed and not running.exact and running.flags & INACTIVE and listed.flags & INACTIVE
    return running.flags | (listed.flags & DISABLED if listed and hides else 0)


def _unprobed(
    running: Sequence[Running], watches: Sequence[Watch], listed: Dict[int, Destination]
) -> Iterator[Difference]:
    for destination, watch in zip(running, watches):
        if destination.flags & PROBING and watch.kind == BLIND:
            line = listed[destination.start].line if destination.start in listed else None
            text = "it shows %s and nothing probes it: %s" % (destination.letters, watch.effect.reason)
            yield Difference(kind="unprobed", setid=destination.setid, uri=destination.uri, line=line, text=text)


def _shown(attrs: bytes) -> str:
    return "'%s'" % quoted(attrs, 80)
