# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The states that destinations had before a reload, put back after it."""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._dispatcher.document import Document
from .._dispatcher.flags import render_letters
from .._rpc.dispatcher import Running
from .._versions import Version
from .before import State
from .compare import Pair, server_uri


class SetState(NamedTuple):
    """A call that changes a state: C(code) such as C(dx), for a URI or, where that is not unique, for a C(duid)."""

    code: str
    setid: int
    uri: bytes
    duid: Optional[bytes]

    @property
    def command(self) -> Tuple[str, str, int, str]:
        """The command of the RPC, and its arguments."""
        name = "dispatcher.set_duid_state" if self.duid else "dispatcher.set_state"
        return name, self.code, self.setid, (self.duid or self.uri).decode("utf-8", "surrogateescape")


class Restoring(NamedTuple):
    """What is called to put states back, and those that cannot be.

    Those are of destinations that are gone, or that nothing tells apart.
    """

    calls: Tuple[SetState, ...]
    lost: Tuple[State, ...]


class Names:
    """How the destinations of a server can be named in a call; a call changes only the first of that name."""

    def __init__(self, running: Sequence[Running]) -> None:
        self._uris = Counter((destination.setid, destination.uri.lower()) for destination in running)
        self._duids = Counter(
            (destination.setid, destination.duid.lower()) for destination in running if destination.duid
        )

    def has_own_duid(self, destination: Running) -> bool:
        """Whether it has a duid, and no other destination of its set has the same."""
        return bool(destination.duid) and self._duids[destination.setid, (destination.duid or b"").lower()] == 1

    def call(self, code: str, destination: Running) -> Optional[SetState]:
        """The call that gives one of them a state, None where none hits it alone."""
        if self._uris[destination.setid, destination.uri.lower()] == 1:
            return SetState(code, destination.setid, destination.uri, None)
        if self.has_own_duid(destination):
            return SetState(code, destination.setid, destination.uri, destination.duid)
        return None


def taken_out(running: Sequence[Running], loaded: Optional[Document], version: Version) -> List[State]:
    """What was disabled or inactive, unless the list that was C(loaded) had asked for it, with all of the same URI.

    Where C(loaded) is not known it is every such state: a gateway that is kept out is the lesser evil. A state has a
    C(duid) only where no other destination of the set has the same.
    """
    asked: Dict[Tuple[int, bytes], Set[str]] = {}
    for destination in loaded.destinations if loaded else ():
        letters = render_letters(destination.flags, version.knows_no_ping)
        asked.setdefault((destination.setid, server_uri(destination.uri)), set()).add(letters[0])
    out = {
        (destination.setid, destination.uri)
        for destination in running
        if _is_out(destination.letters)
        and destination.letters[0] not in asked.get((destination.setid, destination.uri), ())
    }
    names = Names(running)
    return [
        State(
            destination.setid,
            destination.uri,
            destination.duid if names.has_own_duid(destination) else None,
            destination.letters,
        )
        for destination in running
        if (destination.setid, destination.uri) in out
    ]


def plan_restoring(before: Sequence[State], pairs: Sequence[Pair]) -> Restoring:
    """Put back what was disabled or inactive C(before) a list was loaded; C(pairs) are the destinations after it.

    A state follows the C(duid) to another address, unless pings have found it there; without one it follows the URI.
    """
    running = [pair.running for pair in pairs]
    names = Names(running)
    known = {_key_of_duid(now.setid, now.duid) for now in running if now.duid and names.has_own_duid(now)}
    by_uri: Dict[Tuple[int, bytes], List[State]] = {}
    by_duid: Dict[Tuple[int, bytes], State] = {}
    for state in before:
        if state.duid and _key_of_duid(state.setid, state.duid) in known:
            by_duid[_key_of_duid(state.setid, state.duid)] = state
        else:
            by_uri.setdefault((state.setid, state.uri), []).append(state)
    calls: List[SetState] = []
    kept: Set[State] = set()
    back: Dict[Tuple[int, bytes], Set[str]] = {}
    for now in running:
        was = by_duid.get(_key_of_duid(now.setid, now.duid)) if now.duid else None
        same = by_uri.get((now.setid, now.uri), []) if was is None else []
        if len(same) > 1:
            back.setdefault((now.setid, now.uri), set()).add(now.letters[0])
            continue
        was = was or (same[0] if same else None)
        if was is None or (was.uri != now.uri and not _is_by_hand(was.letters)):
            continue
        if not _has_come_back(was, now.letters[0]):
            kept.add(was)
            continue
        call = names.call("dx" if was.letters[0] == "D" else was.letters.lower(), now)
        if call:
            kept.add(was)
            calls.append(call)
    for key, letters in back.items():
        kept.update(state for state in by_uri[key] if not any(_has_come_back(state, letter) for letter in letters))
    return Restoring(
        tuple(calls), tuple(dict.fromkeys(state for state in before if _is_out(state.letters) and state not in kept))
    )


def _key_of_duid(setid: int, duid: bytes) -> Tuple[int, bytes]:
    return setid, duid.lower()


def _is_out(letters: str) -> bool:
    """Whether it is out of service, and no list has done that, which alone can switch pings off (N)."""
    return letters[0] in "DI" and letters[1] != "N"


def _is_by_hand(letters: str) -> bool:
    """Whether an operator has taken it out: what pings find inactive is still probed."""
    return letters[0] == "D" or letters == "IX"


def _has_come_back(was: State, letter: str) -> bool:
    return _is_out(was.letters) and letter not in (was.letters[0], "D")
