# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""From a dispatcher.list and what is wanted of it to patches that change nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Collection, Dict, Iterable, Iterator, List, Literal, NamedTuple, Optional, Sequence, Set, Tuple

from .._errors import KamailioError, Problem
from .._memory import uncollected
from .._patch import Patch, apply_patches
from .._text import quoted
from .._versions import NEWEST, Version
from .description import described, description_above
from .document import LINE_BYTES, Destination, Document, Meaning, parse_document
from .edit import New, Update, insert_patches, meaning_of, remove_patch, render_entry, update_patches
from .flags import LETTERS, PROBING
from .order import order_destinations
from .wish import Key, Mark, Wish, identity, marks_of

# What goes of the destinations that nobody wishes for.
Purge = Literal["none", "set", "file"]


class Planned(NamedTuple):
    """The bytes of the file afterwards, and the destinations that change, in the form of the file: before and after."""

    data: bytes
    before: bytes
    after: bytes


class _Matched(NamedTuple):
    present: Dict[int, Destination]
    absent: Set[int]
    new: List[Wish]


@uncollected()
def plan_destinations(
    data: bytes, wishes: Sequence[Wish], purge: Purge, path: str, merge: bool = False, ensure_order: bool = False
) -> Planned:
    """The file with the wishes in it; the same bytes, if it already says what they say.

    C(purge) is C(none), C(set) (take out what is not wished for in the sets that the wishes name) or C(file);
    C(merge) keeps attributes that a wish does not name; C(ensure_order) brings the destinations of a set into the
    order of the wishes. Raises KamailioError with all problems.
    """
    # What is written means the same to every version.
    document = parse_document(data, NEWEST)
    problems: List[Problem] = []
    matched = _match(document, wishes, purge != "none", path, problems)
    updates: Dict[int, Update] = {}
    for wish in wishes:
        destination = matched.present.get(wish.position)
        if destination:
            update = _wanted(document, destination, wish, merge, path, problems)
            if update:
                updates[destination.start] = update
    removed = set(matched.absent)
    if purge != "none":
        mentioned = {wish.setid for wish in wishes}
        kept = {destination.start for destination in matched.present.values()}
        removed.update(
            destination.start
            for destination in document.destinations
            if destination.start not in kept and (purge == "file" or destination.setid in mentioned)
        )
    problems += _cut_lines(document, removed, path)
    if problems:
        raise KamailioError(problems)
    result = _apply(document, updates, removed, _place(document, matched.new), path)
    gone = [destination for destination in document.destinations if destination.start in removed]
    before = [_entry(data, destination) for destination in gone] + [
        _entry(data, update.destination) for update in updates.values()
    ]
    after = [_updated(data, update) for update in updates.values()]
    after += [render_entry(meaning_of(wish), wish.description or b"") for wish in matched.new]
    if ensure_order:
        result, moved = _ordered(result, wishes, path)
        # What is updated or new as well as moved is named already.
        named_already = set(after)
        moved = [entry for entry in moved if entry not in named_already]
        before, after = before + moved, after + moved
    return Planned(result, b"".join(before), b"".join(after))


def clear_probing(data: bytes, version: Version, lines: Collection[int], path: str) -> bytes:
    """The bytes of the file with the probing bit taken out of the flags on these lines."""
    document = parse_document(data, version)
    updates = {
        destination.start: Update(
            destination,
            (destination.setid, destination.uri, destination.flags & ~PROBING, destination.priority, destination.attrs),
            None,
        )
        for destination in document.destinations
        if destination.flags & PROBING and destination.line in lines
    }
    return _apply(document, updates, set(), [], path, version)


def _match(document: Document, wishes: Sequence[Wish], purged: bool, path: str, problems: List[Problem]) -> _Matched:
    """Which destinations the wishes mean; C(purged) says whether others of their sets are taken out."""
    alone = Counter(wish.key for wish in wishes)
    told_apart = {wish.key for wish in wishes if wish.mark}
    by_key: Dict[Key, List[Destination]] = {}
    by_mark: Dict[Tuple[Key, Mark], List[Destination]] = {}
    # Nearly all of the file is what a wish has in the same letters, and has been read with it.
    same_uri = {wish.uri: wish.key[1] for wish in wishes}
    same_attrs = {wish.attrs.text: wish.marks for wish in wishes if wish.attrs}
    for destination in document.destinations:
        setid, uri = destination.setid, same_uri.get(destination.uri)
        key = identity(setid, destination.uri) if uri is None else (setid, uri)
        by_key.setdefault(key, []).append(destination)
        if key not in told_apart:
            continue
        marks = same_attrs.get(destination.attrs)
        for mark in marks_of(destination.attrs) if marks is None else marks:
            by_mark.setdefault((key, mark), []).append(destination)
    matched = _Matched({}, set(), [])
    claimed: Dict[int, Wish] = {}
    for wish in wishes:
        candidates = by_key.get(wish.key, [])
        same = by_mark.get((wish.key, wish.mark), []) if wish.mark else candidates
        if wish.present and not same:
            # One that nothing tells apart yet may be given its duid or socket by this wish.
            same = [
                destination
                for destination in candidates
                if destination.start not in claimed and not marks_of(destination.attrs)
            ]
        if wish.present and len(same) > 1:
            problems.append(_ambiguous(wish, same, path))
            continue
        for destination in same:
            earlier = claimed.setdefault(destination.start, wish)
            if earlier is not wish:
                problems.append(_claimed_twice(earlier, wish, destination, path))
        if not wish.present:
            matched.absent.update(destination.start for destination in same)
        elif same:
            matched.present[wish.position] = same[0]
        elif len(candidates) == 1 and alone[wish.key] == 1 and not purged:
            problems.append(_renamed(wish, candidates[0], path))
        else:
            matched.new.append(wish)
    return matched


def _claimed_twice(earlier: Wish, later: Wish, destination: Destination, path: str) -> Problem:
    return Problem(
        "destinations[%d] and destinations[%d] are both this destination: set %d, %s"
        % (earlier.position, later.position, destination.setid, quoted(destination.uri)),
        "Say all that is wanted of it in one entry, or give the other one a duid of its own",
        path,
        destination.line,
    )


def _ambiguous(wish: Wish, matches: List[Destination], path: str) -> Problem:
    return Problem(
        "destinations[%d]: set %d, %s stands %d times in the file, on lines %s"
        % (
            wish.position,
            wish.setid,
            quoted(wish.uri),
            len(matches),
            ", ".join(str(destination.line) for destination in matches),
        ),
        "Give the duid or socket of the one that is meant in attrs, or take the others out first "
        "(state: absent takes all)",
        path,
        matches[0].line,
    )


def _renamed(wish: Wish, there: Destination, path: str) -> Problem:
    old, new = (quoted(b"=".join(mark or ()), 60) for mark in (next(iter(marks_of(there.attrs)), None), wish.mark))
    return Problem(
        "destinations[%d]: set %d, %s is there with %s, and is wanted with %s: is it the same one?"
        % (wish.position, wish.setid, quoted(wish.uri), old, new),
        "If not, name both. If it is, add an entry with the old attribute and state: absent",
        path,
        there.line,
    )


def _letters_as_flags(destination: Destination) -> bool:
    """Whether letters such as AP stand where the flags belong; the server takes them for attributes."""
    attrs_at_flags = destination.flags_span[0] == destination.attrs_span[0]
    return attrs_at_flags and bool(LETTERS.match(destination.attrs.decode("latin-1").upper()))


def _wanted(
    document: Document, destination: Destination, wish: Wish, merge: bool, path: str, problems: List[Problem]
) -> Optional[Update]:
    """The destination as it should read, None if it does already."""
    flags = destination.flags if wish.flags is None else wish.flags
    priority = destination.priority if wish.priority is None else wish.priority
    attrs = destination.attrs
    if wish.flags is not None and _letters_as_flags(destination):
        attrs = b""
    if wish.attrs is not None:
        try:
            attrs = wish.attrs.apply_to(attrs, merge)
        except ValueError as exc:
            remedy = "Mend the line first, or let attrs_mode be replace"
            text = "destinations[%d].attrs cannot be merged: %s" % (wish.position, exc)
            problems.append(Problem(text, remedy, path, destination.line))
    description = wish.description
    if description is not None and description_above(document.data, destination.start)[1] == description:
        description = None
    if description == b"" and not described(document.data, destination.start):
        description = None
    meaning = (destination.setid, destination.uri, flags, priority, attrs)
    rewrite = wish.flags is not None and destination.hex_flags
    if meaning == destination.meaning and not rewrite and description is None:
        return None
    return Update(destination, meaning, description)


def _place(document: Document, new: Iterable[Wish]) -> List[New]:
    """New destinations go behind the last one of their set, new sets to the end."""
    sets: Dict[int, List[Wish]] = {}
    for wish in new:
        sets.setdefault(wish.setid, []).append(wish)
    last = {destination.setid: destination for destination in document.destinations} if sets else {}
    placed = [New(last.get(setid), wishes) for setid, wishes in sets.items()]
    # What goes behind the last line comes before the new sets.
    return sorted(placed, key=lambda new: new.anchor is None)


def _cut_lines(document: Document, removed: Set[int], path: str) -> Iterator[Problem]:
    """Lines that the server cuts and that would go in part, and take the end of their line with them."""
    data = document.data
    for destination in document.destinations:
        if destination.start in removed and destination.line in document.long_lines:
            start = data.rfind(b"\n", 0, destination.start) + 1
            end = data.find(b"\n", start) + 1 or len(data)
            if not removed.issuperset(range(start, end, LINE_BYTES)):
                yield Problem(
                    "set %d, %s is a part of a line that is longer than %d bytes, and would take the rest with it"
                    % (destination.setid, quoted(destination.uri, 60), LINE_BYTES),
                    "Mend the line by hand first",
                    path,
                    destination.line,
                )


def _apply(
    document: Document,
    updates: Dict[int, Update],
    removed: Set[int],
    new: List[New],
    path: str,
    version: Version = NEWEST,
) -> bytes:
    patches: List[Patch] = []
    for update in updates.values():
        patches += update_patches(document, update)
    if removed:
        patches += [
            remove_patch(document, destination) for destination in document.destinations if destination.start in removed
        ]
    if not patches and not new:
        return document.data
    size = len(document.data)
    last_stays = not any(
        destination.start in removed and destination.end == size for destination in document.destinations
    )
    # Insertions at one place keep their order: what goes behind a destination comes before the next one's description.
    result = apply_patches(document.data, [*insert_patches(document, new, last_stays), *patches])
    _verify(document, parse_document(result, version), updates, removed, new, path)
    return result


def _verify(
    before: Document, after: Document, updates: Dict[int, Update], removed: Set[int], new: List[New], path: str
) -> None:
    """Compare what the result means with what was wanted, before anybody writes it."""
    behind: Dict[int, List[Wish]] = {}
    for anchor, wishes in new:
        behind.setdefault(anchor.start if anchor else -1, []).extend(wishes)
    expected: List[Tuple[Meaning, Optional[bytes], Optional[int]]] = []
    for destination in before.destinations:
        if destination.start not in removed:
            update = updates.get(destination.start)
            expected.append(
                (update.meaning, update.description, destination.line)
                if update
                else (destination.meaning, None, destination.line)
            )
        expected += [(meaning_of(wish), wish.description, None) for wish in behind.get(destination.start, ())]
    expected += [(meaning_of(wish), wish.description, None) for wish in behind.get(-1, ())]

    for (meaning, description, line), read in zip(expected, after.destinations):
        if meaning != read.meaning:
            raise KamailioError([_misread(meaning, line, read, before.long_lines, path)])
        if description and description_above(after.data, read.start)[1] != description:
            raise KamailioError([Problem("the description would not stand above its line", "", path, line)])
    if len(expected) != len(after.destinations):
        raise KamailioError([Problem("a line would be read as another destination", "Look at its long lines", path)])


def _misread(
    meaning: Meaning, line: Optional[int], read: Destination, long_lines: Dict[int, bytes], path: str
) -> Problem:
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


def _ordered(data: bytes, wishes: Sequence[Wish], path: str) -> Tuple[bytes, List[bytes]]:
    """The bytes with every set in the order of the wishes, and the destinations that move."""
    document = parse_document(data, NEWEST)
    present = [wish for wish in wishes if wish.present]
    problems: List[Problem] = []
    matched = _match(document, present, True, path, problems)
    if problems:
        raise KamailioError(problems)
    sets: Dict[int, List[Destination]] = {}
    for wish in present:
        sets.setdefault(wish.setid, []).append(matched.present[wish.position])
    result, moved = order_destinations(document, sets.values(), path)
    return result, [_entry(data, destination) for destination in moved]


def _entry(data: bytes, destination: Destination) -> bytes:
    return render_entry(destination.meaning, described(data, destination.start))


def _updated(data: bytes, update: Update) -> bytes:
    description = update.description
    return render_entry(
        update.meaning, described(data, update.destination.start) if description is None else description
    )
