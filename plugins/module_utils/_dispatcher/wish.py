# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a playbook wants of dispatcher.list, checked."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._errors import KamailioError, Problem
from .._memory import uncollected
from .._secrets import require_unmasked
from .._text import named, quoted
from .attributes import attrs_mapping, change_attrs, check_attrs_text, read_attrs, render_attr, same_attrs
from .description import check_description
from .flags import parse_flags
from .uri import loaded_uri, read_uri

MAX_INT = 2147483647

Key = Tuple[int, bytes]
Mark = Tuple[bytes, bytes]


class AttrsWish(NamedTuple):
    """Attributes that are wanted: as text for a new destination, and by name.

    C(changes) maps names to values as they are written, None for an attribute that is to go; it is itself None for a
    text that names one twice or without a value.
    """

    text: bytes
    changes: Optional[Dict[bytes, Optional[bytes]]]

    def apply_to(self, before: bytes, merge: bool) -> bytes:
        """The attributes of a destination after the wish. Raises ValueError where they cannot be merged."""
        if same_attrs(before, self.text):
            return before
        if merge:
            if self.changes is None:
                raise ValueError("names an attribute twice or without a value, which cannot be merged")
            return change_attrs(before, self.changes, True)
        return self.text if self.changes is None else change_attrs(before, self.changes, False)


class Wish(NamedTuple):
    """One entry of C(destinations), at its position there.

    A field that is None stays as it is; in a new destination it is 0, or nothing. C(key) is what makes it the same
    destination, C(mark) the attribute that tells it from others with its URI, the first one of C(marks).
    """

    position: int
    setid: int
    uri: bytes
    flags: Optional[int]
    priority: Optional[int]
    attrs: Optional[AttrsWish]
    description: Optional[bytes]
    present: bool
    key: Key
    marks: Tuple[Mark, ...]

    @property
    def mark(self) -> Optional[Mark]:
        """C(duid), else C(socket), and None if it has neither."""
        return self.marks[0] if self.marks else None


FIELDS = ("setid", "uri", "flags", "priority", "attrs", "description", "state")
_MARKS = (b"duid", b"socket")
_NOT_IN_URI = re.compile(r"[\s#\x00-\x1f\x7f]")


def marks_of(attrs: bytes) -> Tuple[Mark, ...]:
    """The attributes that tell destinations of one URI apart, the first one before all: C(duid), else C(socket)."""
    try:
        read = read_attrs(attrs)
    except ValueError:
        return ()
    # The first one of a name counts.
    values = {attribute.name.lower(): attribute.value for attribute in reversed(read.found)}
    marks = ((name, values.get(name)) for name in _MARKS)
    return tuple((name, value) for name, value in marks if value)


def identity(setid: int, uri: bytes) -> Key:
    """Set and URI as the server compares them: without regard to case, C(sip:) added where the server does it."""
    try:
        return setid, loaded_uri(uri).uri.lower()
    except ValueError:
        return setid, uri.lower()


@uncollected()
def parse_wishes(entries: Sequence[Mapping[str, Any]]) -> Tuple[Wish, ...]:
    """Check the entries of C(destinations). Raises KamailioError with all problems, each with its index."""
    problems: List[Problem] = []
    wishes: List[Wish] = []
    for index, entry in enumerate(entries):
        where = "destinations[%d]" % index
        wish = _parse_wish(index, entry, where, problems)
        if wish:
            wishes.append(wish)
    problems += _same(wishes)
    if problems:
        raise KamailioError(problems)
    return tuple(wishes)


def _same(wishes: Sequence[Wish]) -> Iterator[Problem]:
    """Entries for one URI in one set, unless each has its own duid or socket."""
    groups: Dict[Key, List[Wish]] = {}
    for wish in wishes:
        groups.setdefault(wish.key, []).append(wish)
    for group in groups.values():
        first: Dict[Optional[Mark], Wish] = {}
        for wish in group:
            first.setdefault(wish.mark, wish)
        for wish in group:
            others = [first.get(mark) for mark in (None, *wish.marks)]
            other = next((candidate for candidate in others if candidate and candidate is not wish), None)
            if other:
                earlier, later = sorted((other.position, wish.position))
                yield Problem(
                    "destinations[%d] and destinations[%d] are the same destination: set %d, %s"
                    % (earlier, later, wish.setid, quoted(wish.uri)),
                    "Give each destination once, or each its own duid or socket in attrs",
                )


def _parse_wish(index: int, entry: Mapping[str, Any], where: str, problems: List[Problem]) -> Optional[Wish]:
    before = len(problems)

    def field(name: str, parse: Any) -> Any:
        value = entry.get(name)
        if value is None:
            return None
        try:
            require_unmasked(value)
            return parse(value)
        except ValueError as exc:
            problems.append(Problem("%s.%s %s" % (where, name, exc)))
            return None

    if not isinstance(entry, dict):
        problems.append(Problem("%s is not a mapping with setid and uri" % where))
        return None
    for name in entry:
        if name not in FIELDS:
            problems.append(
                Problem("%s.%s is not known" % (where, named(name)[1:-1]), "The fields are %s" % ", ".join(FIELDS))
            )
    for name in ("setid", "uri"):
        if entry.get(name) is None:
            problems.append(Problem("%s.%s is missing" % (where, name)))
    setid = field("setid", parse_number)
    present = field("state", _parse_state) is not False
    uri = field("uri", parse_uri if present else parse_word)
    flags = field("flags", parse_flags)
    priority = field("priority", parse_number)
    attrs = field("attrs", _parse_attrs)
    description = field("description", check_description)
    if len(problems) > before:
        return None
    marks = marks_of(attrs.text) if attrs else ()
    return Wish(
        position=index,
        setid=setid,
        uri=uri,
        flags=flags,
        priority=priority,
        attrs=attrs,
        description=description,
        present=present,
        key=identity(setid, uri),
        marks=marks,
    )


def parse_number(value: object) -> int:
    """A set id or priority, 0 to 2147483647, as a number or digits. Raises ValueError with a text for people."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INT:
        return value
    text = str(value)
    if isinstance(value, (bool, float)) or not re.match(r"[0-9]+\Z", text):
        raise ValueError("%s is not a whole number of decimal digits" % named(text))
    if len(text) > 20 or int(text) > MAX_INT:
        raise ValueError("%s is too large: the server reads 32 bits, up to %d" % (text[:40], MAX_INT))
    return int(text)


def parse_word(value: object) -> bytes:
    """A URI that stays one word on one line. Raises ValueError with a text for people."""
    if not isinstance(value, str) or not value:
        raise ValueError("is not a URI")
    found = _NOT_IN_URI.search(value)
    if found:
        raise ValueError(
            "%s holds %s, at which the server stops reading the URI" % (named(value, 200), ascii(found.group()))
        )
    return value.encode("utf-8", "surrogateescape")


def parse_uri(value: object) -> bytes:
    """A URI that the server takes. Raises ValueError with a text for people."""
    uri = parse_word(value)
    try:
        read_uri(uri)
    except ValueError as exc:
        raise ValueError("%s would be skipped by the server: %s" % (named(value), exc)) from exc
    return uri


def _parse_attrs(value: object) -> AttrsWish:
    if isinstance(value, dict):
        return _attrs_of_mapping(value)
    if not isinstance(value, str):
        raise ValueError("is neither a mapping nor text")
    text = check_attrs_text(value)
    written = {attribute.name: text[attribute.value_start : attribute.end] for attribute in read_attrs(text).found}
    return AttrsWish(text, None if attrs_mapping(text) is None else dict(written))


def _attrs_of_mapping(value: Mapping[object, object]) -> AttrsWish:
    changes: Dict[bytes, Optional[bytes]] = {}
    for name, given in value.items():
        key, written = render_attr(name, "1" if given is None else given)
        changes[key] = None if given is None else written
    text = b";".join(b"%s=%s" % (key, each) for key, each in changes.items() if each is not None)
    if len({name.lower() for name in changes}) < len(changes):
        raise ValueError("names an attribute twice, once in capitals")
    return AttrsWish(text, changes)


def _parse_state(value: object) -> bool:
    if value not in ("present", "absent"):
        raise ValueError("%s is neither present nor absent" % named(value))
    return value == "present"
