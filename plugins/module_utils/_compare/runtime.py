# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Destinations that are added to what runs and removed from it, planned as a change of a list that says what runs.

C(ds_add_dst) and C(ds_remove_dst) of Kamailio's src/modules/dispatcher/dispatch.c: each call builds all sets anew,
which turns destinations of equal priority round; a removal takes all with one URI out of a set.
"""

from __future__ import annotations

from collections import Counter
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple, Union

from .._analysis.destinations import analyse_destinations
from .._analysis.findings import Finding
from .._analysis.listing import ListSource
from .._analysis.setup import Setup
from .._dispatcher.document import Destination, Document, parse_document
from .._dispatcher.plan import plan_destinations
from .._dispatcher.uri import loaded_uri
from .._dispatcher.wish import Wish, identity
from .._errors import KamailioError, Problem
from .._rpc.dispatcher import Running
from .._rules import NOTE
from .._text import quoted, show
from .._versions import Version

RUNNING = "(running)"
# A command with its arguments.
Call = Tuple[str, Tuple[Union[str, int], ...]]


class RuntimePlan(NamedTuple):
    """C(added) and C(removed), C(findings) about what is added, C(data) as a list of what will run.

    C(calls) are the commands of the RPC with their arguments, the removals first.
    """

    added: Tuple[Destination, ...]
    removed: Tuple[Destination, ...]
    findings: Tuple[Finding, ...]
    data: bytes
    calls: Tuple[Call, ...]


def _calls(added: Sequence[Destination], removed: Sequence[Destination], version: Version) -> Iterator[Call]:
    for setid, uri in dict.fromkeys((destination.setid, destination.uri) for destination in removed):
        yield "dispatcher.remove", (setid, _text(uri))
    for destination in added:
        setid, uri, flags, priority, attrs = destination.meaning
        if version.adds_with_priority:
            last = (_text(attrs),) if attrs else ()
            yield "dispatcher.add", (setid, _text(uri), flags, priority, *last)
        else:
            # Without a text for the attributes the server reads memory that it has not written, and may die.
            yield "dispatcher.add", (setid, _text(uri), flags, _text(attrs))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def plan_runtime(running: Sequence[Running], wishes: Sequence[Wish], setup: Setup) -> RuntimePlan:
    """What to add and to remove so that what is wished for runs. Raises KamailioError with all that cannot be."""
    data = render_list(running)
    before = parse_document(data, setup.version)
    if len(before.destinations) != len(running):
        raise KamailioError([Problem("the server runs a destination that no list could name", "Reload its list first")])
    known = {identity(destination.setid, destination.uri) for destination in before.destinations}
    # The flags of what runs have a life of their own.
    asked = [wish._replace(flags=None) if wish.key in known else wish for wish in wishes]
    after = parse_document(plan_destinations(data, asked, "none", RUNNING).data, setup.version)
    added, removed = _beyond(after, before), _beyond(before, after)
    problems = [*_changed(added, removed), *_shared(before, removed)]
    if not setup.version.adds_with_priority:
        problems += _prioritised(added, setup.version)
    if not setup.version.survives_unresolved_removal:
        problems += _deadly(removed, setup.version)
    if problems:
        raise KamailioError(problems)
    calls = tuple(_calls(added, removed, setup.version))
    return RuntimePlan(added, removed, _findings(after, added, setup), after.data, calls)


def render_list(running: Sequence[Running]) -> bytes:
    """What runs as a list that would make it run, in the order of the server."""
    return b"".join(
        b"%d %s %d %d %s\n"
        % (destination.setid, destination.uri, destination.flags, destination.priority, destination.attrs)
        for destination in running[::-1]
    )


def _beyond(document: Document, other: Document) -> Tuple[Destination, ...]:
    """The destinations that the other one does not have."""
    there = Counter(destination.meaning for destination in other.destinations)
    found = []
    for destination in document.destinations:
        if there[destination.meaning]:
            there[destination.meaning] -= 1
        else:
            found.append(destination)
    return tuple(found)


def _changed(added: Sequence[Destination], removed: Sequence[Destination]) -> List[Problem]:
    gone: Dict[object, Destination] = {
        identity(destination.setid, destination.uri): destination for destination in removed
    }
    text = "set %d, %s runs with priority %d and the attributes '%s', and a server cannot change these"
    return [
        Problem(
            text % (was.setid, quoted(was.uri, 80), was.priority, quoted(was.attrs, 80)),
            "Change the list with dispatcher_list, and let dispatcher_reload load it",
        )
        for was in (gone.get(identity(destination.setid, destination.uri)) for destination in added)
        if was
    ]


def _prioritised(added: Sequence[Destination], version: Version) -> List[Problem]:
    text = "set %d, %s: Kamailio %s cannot add a destination with a priority, and %d is asked for"
    return [
        Problem(
            text % (destination.setid, quoted(destination.uri, 80), version, destination.priority),
            "Change the list with dispatcher_list, and let dispatcher_reload load it",
        )
        for destination in added
        if destination.priority
    ]


def _deadly(removed: Sequence[Destination], version: Version) -> List[Problem]:
    text = "set %d, %s: Kamailio %s dies of a removal if it cannot resolve the host at that moment"
    return [
        Problem(
            text % (destination.setid, quoted(destination.uri, 80), version),
            "Change the list with dispatcher_list, and let dispatcher_reload load it",
        )
        for destination in removed
        if loaded_uri(destination.uri).needs_resolver
    ]


def _shared(before: Document, removed: Sequence[Destination]) -> List[Problem]:
    there = Counter((destination.setid, destination.uri) for destination in before.destinations)
    gone = Counter((destination.setid, destination.uri) for destination in removed)
    text = "set %d, %s: a removal takes all %d destinations with this URI out of the set, and %d are to go"
    return [
        Problem(text % (setid, quoted(uri, 80), there[setid, uri], count), "Change the list instead, and reload it")
        for (setid, uri), count in gone.items()
        if there[setid, uri] != count
    ]


def _findings(after: Document, added: Sequence[Destination], setup: Setup) -> Tuple[Finding, ...]:
    """What is wrong with what is added, by the rules for a list; notes are no reason to refuse."""
    found = analyse_destinations(ListSource(RUNNING, after), setup._replace(strict=None))
    lines = {destination.line for destination in added}
    # The weights of a set need not sum up before the last destination is added.
    passing = ("weights-under-100", "weights-unused", "rweights-uneven")
    return tuple(
        finding
        for finding in found.findings
        if finding.line in lines and finding.severity != NOTE and finding.rule not in passing
    )


def turned_round(before: Sequence[Running], after: Sequence[Running]) -> List[int]:
    """The sets in which destinations that stay have another order than before."""
    there = {(destination.setid, destination.uri, destination.attrs) for destination in before} & {
        (destination.setid, destination.uri, destination.attrs) for destination in after
    }
    orders: List[Dict[int, List[Tuple[bytes, bytes]]]] = [{}, {}]
    for order, running in zip(orders, (before, after)):
        for destination in running:
            if (destination.setid, destination.uri, destination.attrs) in there:
                order.setdefault(destination.setid, []).append((destination.uri, destination.attrs))
    return sorted(setid for setid in orders[0] if orders[0][setid] != orders[1].get(setid))


def render_destinations(destinations: Sequence[Destination]) -> str:
    """Destinations in the form of a list, for a diff."""
    return "".join(
        (
            "%d %s %d %d %s"
            % (
                destination.setid,
                show(destination.uri),
                destination.flags,
                destination.priority,
                show(destination.attrs),
            )
        ).rstrip()
        + "\n"
        for destination in destinations
    )
