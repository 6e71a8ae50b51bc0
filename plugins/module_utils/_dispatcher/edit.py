# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Edits of single destinations as patches that change nothing else."""

from __future__ import annotations

from typing import List, NamedTuple, Optional

from .._patch import Patch
from .._text import line_end_of
from .description import MARK, description_above
from .document import Destination, Document, Meaning
from .style import render_line
from .wish import Wish


class Update(NamedTuple):
    """A destination of the file and what it is to mean; C(description) is None where that stays."""

    destination: Destination
    meaning: Meaning
    description: Optional[bytes]


class New(NamedTuple):
    """Destinations that go behind another one, or to the end of the file."""

    anchor: Optional[Destination]
    wishes: List[Wish]


def meaning_of(wish: Wish) -> Meaning:
    """What a new destination means."""
    attrs = wish.attrs.text if wish.attrs else b""
    return wish.setid, wish.uri, wish.flags or 0, wish.priority or 0, attrs


def render_entry(meaning: Meaning, description: bytes) -> bytes:
    """A destination and its description in the form of the file, with LF line ends."""
    line = (b"%d %s %d %d %s" % meaning).rstrip(b" ") + b"\n"
    return MARK + description + b"\n" + line if description else line


def update_patches(document: Document, update: Update) -> List[Patch]:
    """The fields that change, and the description above."""
    patches = _field_patches(update.destination, update.meaning)
    if update.description is not None:
        patches += _description_patches(document.data, update.destination.start, update.description)
    return patches


def remove_patch(document: Document, destination: Destination) -> Patch:
    """The line, and the description above it, if it has one of ours."""
    above, _text, ours = description_above(document.data, destination.start)
    return Patch(above if ours else destination.start, destination.end, b"")


def insert_patches(document: Document, new: List[New], last_stays: bool) -> List[Patch]:
    """New lines in the style of their neighbour; C(last_stays) says whether the last line is kept."""
    data = document.data
    line_end = line_end_of(data)
    patches = []
    for anchor, wishes in new:
        at = len(data)
        if anchor:
            at = data.find(b"\n", anchor.end - 1) + 1 or len(data)
        text = b"".join(_lines_of(wish, anchor, data, line_end) for wish in wishes)
        if not anchor and _ends_with_a_description(data):
            text = line_end + text
        patches.append(Patch(at, at, text))
    if last_stays and data and not data.endswith(b"\n"):
        first = next((index for index, patch in enumerate(patches) if patch.start == len(data)), None)
        if first is not None:
            patches[first] = patches[first]._replace(new=line_end + patches[first].new)
    return patches


def _ends_with_a_description(data: bytes) -> bool:
    """Whether the file ends with a description of nothing, which a new line below it would take for its own."""
    end = data if data.endswith(b"\n") else data + b"\n"
    return description_above(end, len(end))[2]


def _lines_of(wish: Wish, anchor: Optional[Destination], data: bytes, line_end: bytes) -> bytes:
    setid, uri, flags, priority, attrs = meaning_of(wish)
    fields = [b"%d" % setid, uri, b"%d" % flags, b"%d" % priority] + ([attrs] if attrs else [])
    line = render_line(fields, anchor, data) + line_end
    return MARK + wish.description + line_end + line if wish.description else line


def _description_patches(data: bytes, start: int, wanted: bytes) -> List[Patch]:
    above, text, ours = description_above(data, start)
    if text == wanted:
        return []
    line = MARK + wanted + line_end_of(data) if wanted else b""
    if ours:
        return [Patch(above, start, line)]
    return [Patch(start, start, line)] if line else []


def _field_patches(destination: Destination, meaning: Meaning) -> List[Patch]:
    _setid, _uri, flags, priority, attrs = meaning
    fields = [
        (destination.flags_span, b"%d" % flags, flags != destination.flags or destination.hex_flags),
        (destination.priority_span, b"%d" % priority, priority != destination.priority),
        (destination.attrs_span, attrs, attrs != destination.attrs),
    ]
    if not any(changed for _span, _text, changed in fields):
        return []
    there = [span[1] > span[0] for span, _text, _changed in fields]
    count = sum(there)
    edges = [destination.uri_span, *(span for span, _text, _changed in fields[:count])]
    touching = any(right[0] <= left[1] for left, right in zip(edges, edges[1:]))
    if there != [True] * count + [False] * (3 - count) or touching:
        end = max(span[1] for span, _text, _changed in fields)
        text = b" ".join([b"", b"%d" % flags, b"%d" % priority] + ([attrs] if attrs else []))
        return [Patch(destination.uri_span[1], end, text)]

    patches = [Patch(*span, text) for span, text, changed in fields[:count] if changed and text]
    if count == 3 and not attrs:
        patches.append(Patch(destination.priority_span[1], destination.attrs_span[1], b""))
    needed = 3 if attrs else 2 if priority else 1
    missing = b"".join(b" " + text for _span, text, _changed in fields[count:needed])
    return patches + ([Patch(edges[-1][1], edges[-1][1], missing)] if missing else [])
