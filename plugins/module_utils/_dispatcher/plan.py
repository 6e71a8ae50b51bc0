# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""From a dispatcher.list and what is wanted of it to patches that change nothing else."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._errors import KamailioError, Problem
from .._patch import Patch, apply_patches
from .._text import line_end_of, quoted
from .attributes import attr_value, same_attrs
from .document import LINE_BYTES, Destination, Document, parse_document
from .flags import LETTERS, PROBING
from .style import render_line
from .wish import Key, Wish, identity

# The file is planned as the newest server reads it; what is written means the same to every version.
VERSION = (6, 1)

Meaning = Tuple[int, bytes, int, int, bytes]


class _New(NamedTuple):
    anchor: Optional[Destination]
    wishes: List[Wish]


def plan_destinations(data: bytes, wishes: Sequence[Wish], purge: str, path: str) -> bytes:
    """The bytes of the file with the wishes in it; C(data) itself, if it already says what they say.

    C(purge) is C(none), C(set) (take out what is not wished for in the sets that the wishes name) or C(file).
    Raises KamailioError with all problems.
    """
    document = parse_document(data, VERSION)
    problems: List[Problem] = []
    by_key: Dict[Key, List[Destination]] = {}
    for destination in document.destinations:
        by_key.setdefault(identity(destination.setid, destination.uri), []).append(destination)

    updates: Dict[int, Tuple[Destination, Meaning]] = {}
    removed: Set[int] = set()
    kept: Set[int] = set()
    new: Dict[int, List[Wish]] = {}
    for wish in wishes:
        matches = _select(wish, by_key.get(wish.key, []))
        if not wish.present:
            removed.update(match.start for match in matches)
        elif not matches:
            new.setdefault(wish.setid, []).append(wish)
        elif len(matches) > 1:
            problems.append(_ambiguous(wish, matches, path))
        else:
            kept.add(matches[0].start)
            meaning = _wanted(matches[0], wish)
            if meaning:
                updates[matches[0].start] = (matches[0], meaning)
    if purge != "none":
        mentioned = {wish.setid for wish in wishes}
        removed.update(
            one.start
            for one in document.destinations
            if one.start not in kept and (purge == "file" or one.setid in mentioned)
        )
    if problems:
        raise KamailioError(problems)
    return _apply(document, updates, removed, _place(document, new), path)


def clear_probing(data: bytes, version: Tuple[int, ...], path: str) -> bytes:
    """The bytes of the file with the probing bit taken out of every destination's flags."""
    document = parse_document(data, version)
    updates = {
        one.start: (one, (one.setid, one.uri, one.flags & ~PROBING, one.priority, one.attrs))
        for one in document.destinations
        if one.flags & PROBING
    }
    return _apply(document, updates, set(), [], path, version)


def _select(wish: Wish, matches: List[Destination]) -> List[Destination]:
    if wish.duid is None or (wish.present and len(matches) < 2):
        return matches
    return [match for match in matches if attr_value(match.attrs, b"duid") == wish.duid]


def _ambiguous(wish: Wish, matches: List[Destination], path: str) -> Problem:
    return Problem(
        "destinations[%d]: set %d, %s stands %d times in the file, on lines %s"
        % (wish.position, wish.setid, quoted(wish.uri), len(matches), ", ".join(str(one.line) for one in matches)),
        "Give the duid of the one that is meant in attrs, or take the others out first (state: absent takes all)",
        path,
        matches[0].line,
    )


def _letters_as_flags(destination: Destination) -> bool:
    """Whether letters such as AP stand where the flags belong; the server takes them for attributes."""
    attrs_at_flags = destination.flags_span[0] == destination.attrs_span[0]
    return attrs_at_flags and bool(LETTERS.match(destination.attrs.decode("latin-1").upper()))


def _wanted(destination: Destination, wish: Wish) -> Optional[Meaning]:
    """The destination as it should read, None if it does already."""
    flags = destination.flags if wish.flags is None else wish.flags
    priority = destination.priority if wish.priority is None else wish.priority
    attrs = destination.attrs
    if wish.attrs is not None and not same_attrs(attrs, wish.attrs):
        attrs = wish.attrs
    hexadecimal = False
    if wish.flags is not None:
        hexadecimal = destination.hex_flags
        if wish.attrs is None and _letters_as_flags(destination):
            attrs = b""
    if (flags, priority, attrs) == (destination.flags, destination.priority, destination.attrs) and not hexadecimal:
        return None
    return destination.setid, destination.uri, flags, priority, attrs


def _place(document: Document, new: Dict[int, List[Wish]]) -> List[_New]:
    """New destinations go behind the last one of their set, new sets to the end."""
    last = {one.setid: one for one in document.destinations}
    return [_New(last.get(setid), wishes) for setid, wishes in new.items()]


def _apply(
    document: Document,
    updates: Dict[int, Tuple[Destination, Meaning]],
    removed: Set[int],
    new: List[_New],
    path: str,
    version: Tuple[int, ...] = VERSION,
) -> bytes:
    patches: List[Patch] = []
    for destination, meaning in updates.values():
        patches += _update_patches(destination, meaning)
    patches += [Patch(one.start, one.end, b"") for one in document.destinations if one.start in removed]
    if not patches and not new:
        return document.data
    last_stays = not any(patch.end == len(document.data) and not patch.new for patch in patches)
    patches += _insert_patches(document, new, last_stays)
    result = apply_patches(document.data, patches)
    _verify(document, parse_document(result, version), updates, removed, new, path)
    return result


def _update_patches(destination: Destination, meaning: Meaning) -> List[Patch]:
    _setid, _uri, flags, priority, attrs = meaning
    fields = [
        (destination.flags_span, b"%d" % flags, flags != destination.flags or destination.hex_flags),
        (destination.priority_span, b"%d" % priority, priority != destination.priority),
        (destination.attrs_span, attrs, attrs != destination.attrs),
    ]
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


def _insert_patches(document: Document, new: List[_New], last_stays: bool) -> List[Patch]:
    data = document.data
    line_end = line_end_of(data)
    patches = []
    for anchor, wishes in new:
        at = len(data)
        if anchor:
            at = data.find(b"\n", anchor.end - 1) + 1 or len(data)
        text = b"".join(render_line(_fields(wish), anchor, data) + line_end for wish in wishes)
        patches.append(Patch(at, at, text))
    if last_stays and data and not data.endswith(b"\n"):
        first = next((index for index, patch in enumerate(patches) if patch.start == len(data)), None)
        if first is not None:
            patches[first] = patches[first]._replace(new=line_end + patches[first].new)
    return patches


def _fields(wish: Wish) -> List[bytes]:
    fields = [b"%d" % wish.setid, wish.uri, b"%d" % (wish.flags or 0), b"%d" % (wish.priority or 0)]
    return [*fields, wish.attrs] if wish.attrs else fields


def _meaning_of(wish: Wish) -> Meaning:
    return wish.setid, wish.uri, wish.flags or 0, wish.priority or 0, wish.attrs or b""


def _verify(
    before: Document,
    after: Document,
    updates: Dict[int, Tuple[Destination, Meaning]],
    removed: Set[int],
    new: List[_New],
    path: str,
) -> None:
    """Compare what the result means with what was wanted, before anybody writes it."""
    behind: Dict[int, List[Meaning]] = {}
    for anchor, wishes in new:
        behind.setdefault(anchor.start if anchor else -1, []).extend(_meaning_of(wish) for wish in wishes)
    expected: List[Tuple[Meaning, Optional[int]]] = []
    for one in before.destinations:
        if one.start not in removed:
            meaning = updates[one.start][1] if one.start in updates else one[3:8]
            expected.append((meaning, one.line))
        expected += [(meaning, None) for meaning in behind.get(one.start, ())]
    expected += [(meaning, None) for meaning in behind.get(-1, ())]

    problems = []
    old_long = set(before.long_lines)
    for (meaning, line), read in zip(expected, after.destinations):
        if meaning != read[3:8]:
            problems.append(_misread(meaning, line, read, old_long, path))
            break
    if not problems and len(expected) != len(after.destinations):
        problems.append(Problem("a line would be read as another destination", "Look at its long lines", path))
    if problems:
        raise KamailioError(problems)


def _misread(meaning: Meaning, line: Optional[int], read: Destination, long_lines: Set[int], path: str) -> Problem:
    what = "set %d, %s" % (meaning[0], quoted(meaning[1], 60))
    size = len(b"%d %s %d %d %s\n" % meaning)
    if line is None and size > LINE_BYTES:
        return Problem(
            "%s would take a line of %d bytes, and the server cuts lines at %d" % (what, size, LINE_BYTES),
            "Shorten its attributes",
            path,
        )
    if line in long_lines or size > LINE_BYTES:
        return Problem(
            "the line of %s is longer than %d bytes, where the server cuts it in two" % (what, LINE_BYTES),
            "Shorten it, or mend the line by hand first",
            path,
            line,
        )
    return Problem(
        "after the change the server would read '%s' as the attributes of %s: text behind the attributes is ignored "
        "today and would move up" % (quoted(read.attrs, 60), what),
        "Put a # before that text first",
        path,
        line,
    )
