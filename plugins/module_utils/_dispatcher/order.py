# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The order of the destinations of a set: that which the server gives them, and one that is wanted of the file."""

from __future__ import annotations

from typing import Dict, Iterable, List, Protocol, Sequence, Tuple, TypeVar

from .._errors import KamailioError, Problem
from .._patch import Patch, apply_patches
from .._text import quoted
from .._versions import NEWEST
from .description import description_above
from .document import LINE_BYTES, Destination, Document, parse_document


def order_destinations(
    document: Document, sets: Iterable[Sequence[Destination]], path: str
) -> Tuple[bytes, List[Destination]]:
    """The bytes with the destinations of each sequence in its order, and those that move.

    The places are those where they stand now. A description moves along, and the line ends stay where they are.
    Raises KamailioError if one of them is a part of a line that the server cuts.
    """
    patches: List[Patch] = []
    moved: List[Destination] = []
    mover: Dict[int, Destination] = {}
    problems: List[Problem] = []
    for wanted in sets:
        for place, destination in zip(sorted(wanted, key=lambda each: each.start), wanted):
            if place.start == destination.start:
                continue
            moved.append(destination)
            mover[place.start] = destination
            patches.append(
                Patch(*_block(document.data, place), document.data[slice(*_block(document.data, destination))])
            )
            if destination.line in document.long_lines:
                problems.append(
                    Problem(
                        "set %d, %s stands on a line that is longer than %d bytes, and cannot change its place"
                        % (destination.setid, quoted(destination.uri, 60), LINE_BYTES),
                        "Shorten the line first",
                        path,
                        destination.line,
                    )
                )
    if problems:
        raise KamailioError(problems)
    result = apply_patches(document.data, patches)
    expected = [mover.get(destination.start, destination).meaning for destination in document.destinations]
    if [destination.meaning for destination in parse_document(result, NEWEST).destinations] != expected:
        raise KamailioError([Problem("the destinations cannot change places", "Look at the line ends", path)])
    return result, moved


def _block(data: bytes, destination: Destination) -> Tuple[int, int]:
    """The line of a destination without its end, with the description above it."""
    above, _text, ours = description_above(data, destination.start)
    end = destination.end
    while end > destination.start and data[end - 1 : end] in (b"\n", b"\r"):
        end -= 1
    return (above if ours else destination.start), end


class _Ranked(Protocol):
    @property
    def priority(self) -> int:
        """Its priority."""


_One = TypeVar("_One", bound=_Ranked)


def in_server_order(destinations: Iterable[_One]) -> List[_One]:
    """Those of a set as the server orders them: by falling priority, of equal ones the last of the file first.

    C(add_dest2list) and C(reindex_dests) of Kamailio's src/modules/dispatcher/dispatch.c.
    """
    last_first = list(destinations)[::-1]
    return sorted(last_first, key=lambda destination: -destination.priority)
