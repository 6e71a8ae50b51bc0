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
    """What is called to put states back, and those that cannot be, since nothing tells two destinations apart."""

    calls: Tuple[SetState, ...]
    lost: Tuple[State, ...]


class Names:
    """How the destinations of a server can be named in a call; a call changes only the first of that name."""

    def __init__(self, running: Sequence[Running]) -> None:
        self._uris = Counter((destination.setid, destination.uri.lower()) for destination in running)
        self._duids = Counter(
            (destination.setid, destination.duid.lower()) for destination in running if destination.duid
        )

    def call(self, code: str, destination: Running) -> Optional[SetState]:
        """The call that gives one of them a state, None where none hits it alone."""
        if self._uris[destination.setid, destination.uri.lower()] == 1:
            return SetState(code, destination.setid, destination.uri, None)
        if destination.duid and self._duids[destination.setid, destination.duid.lower()] == 1:
            return SetState(code, destination.setid, destination.uri, destination.duid)
        return None


def taken_out(running: Sequence[Running], loaded: Optional[Document], version: Version) -> List[State]:
    """What was disabled or inactive, unless the list that was C(loaded) had asked for it, with all of the same URI.

    Where C(loaded) is not known it is every such state: a gateway that is kept out is the lesser evil.
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
    return [
        State(destination.setid, destination.uri, destination.duid, destination.letters)
        for destination in running
        if (destination.setid, destination.uri) in out
    ]


def plan_restoring(before: Sequence[State], pairs: Sequence[Pair]) -> Restoring:
    """Put back what was disabled or inactive C(before) a list was loaded; C(pairs) are the destinations after it."""
    names = Names([pair.running for pair in pairs])
    earlier: Dict[Tuple[int, bytes], List[State]] = {}
    by_duid: Dict[Tuple[int, bytes, Optional[bytes]], State] = {}
    for state in before:
        earlier.setdefault((state.setid, state.uri), []).append(state)
        if state.duid:
            by_duid.setdefault((state.setid, state.uri, state.duid), state)
    calls: List[SetState] = []
    lost: Dict[State, None] = {}
    looked_at: Set[Tuple[int, bytes, str]] = set()
    for pair in pairs:
        now = pair.running
        same = earlier.get((now.setid, now.uri), [])
        was = same[0] if len(same) == 1 else by_duid.get((now.setid, now.uri, now.duid))
        if was is None:
            # Of very many with one URI each would be compared with each.
            if (now.setid, now.uri, now.letters[0]) not in looked_at:
                looked_at.add((now.setid, now.uri, now.letters[0]))
                lost.update(dict.fromkeys(state for state in same if _has_come_back(state, now)))
        elif _has_come_back(was, now):
            code = "dx" if was.letters[0] == "D" else was.letters.lower()
            call = names.call(code, now)
            calls += [call] if call else []
            lost.update({} if call else {was: None})
    return Restoring(tuple(calls), tuple(lost))


def _is_out(letters: str) -> bool:
    """Whether it is out of service, and no list has done that, which alone can switch pings off (N)."""
    return letters[0] in "DI" and letters[1] != "N"


def _has_come_back(was: State, now: Running) -> bool:
    return _is_out(was.letters) and now.letters[0] not in (was.letters[0], "D")
