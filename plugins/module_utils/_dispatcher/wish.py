# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a playbook wants of dispatcher.list, checked."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._errors import KamailioError, Problem
from .._text import named, quoted
from .attributes import attr_value, check_attrs_text, render_attrs
from .document import server_uri
from .flags import parse_flags

MAX_INT = 2147483647

Key = Tuple[int, bytes]


class Wish(NamedTuple):
    """One entry of C(destinations), at its position there.

    A field that is None stays as it is; in a new destination it is 0, or nothing.
    """

    position: int
    setid: int
    uri: bytes
    flags: Optional[int]
    priority: Optional[int]
    attrs: Optional[bytes]
    present: bool

    @property
    def key(self) -> Key:
        """What makes it the same destination."""
        return identity(self.setid, self.uri)

    @property
    def duid(self) -> Optional[bytes]:
        """The C(duid) attribute, which tells destinations apart that share a URI."""
        return attr_value(self.attrs, b"duid") if self.attrs else None


FIELDS = ("setid", "uri", "flags", "priority", "attrs", "state")


def identity(setid: int, uri: bytes) -> Key:
    """Set and URI as the server compares them: without regard to case, C(sip:) where no scheme is given."""
    return setid, server_uri(uri).lower()


def parse_wishes(entries: Sequence[Mapping[str, Any]]) -> Tuple[Wish, ...]:
    """Check the entries of C(destinations). Raises KamailioError with all problems, each with its index."""
    problems: List[Problem] = []
    wishes: List[Wish] = []
    for index, entry in enumerate(entries):
        where = "destinations[%d]" % index
        wish = _parse_wish(index, entry, where, problems)
        if wish:
            wishes.append(wish)
    first: Dict[Key, int] = {}
    for wish in wishes:
        earlier = first.setdefault(wish.key, wish.position)
        if earlier != wish.position:
            problems.append(
                Problem(
                    "destinations[%d] and destinations[%d] are the same destination: set %d, %s"
                    % (earlier, wish.position, wish.setid, quoted(wish.uri)),
                    "Give each destination once",
                )
            )
    if problems:
        raise KamailioError(problems)
    return tuple(wishes)


def _parse_wish(index: int, entry: Mapping[str, Any], where: str, problems: List[Problem]) -> Optional[Wish]:
    before = len(problems)

    def field(name: str, parse: Any) -> Any:
        value = entry.get(name)
        if value is None:
            return None
        try:
            return parse(value)
        except ValueError as exc:
            problems.append(Problem("%s.%s %s" % (where, name, exc)))
            return None

    if not isinstance(entry, Mapping):
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
    uri = field("uri", parse_uri)
    flags = field("flags", parse_flags)
    priority = field("priority", parse_number)
    attrs = field("attrs", _parse_attrs)
    present = field("state", _parse_state)
    if len(problems) > before:
        return None
    return Wish(index, setid, uri, flags, priority, attrs, present is not False)


def parse_number(value: object) -> int:
    """A set id or priority, 0 to 2147483647, as a number or digits. Raises ValueError with a text for people."""
    text = str(value)
    if isinstance(value, (bool, float)) or not re.match(r"[0-9]+\Z", text):
        raise ValueError("%s is not a whole number of decimal digits" % named(text))
    if len(text) > 20 or int(text) > MAX_INT:
        raise ValueError("%s is too large: the server reads 32 bits, up to %d" % (text[:40], MAX_INT))
    return int(text)


def parse_uri(value: object) -> bytes:
    """A URI that stays one word on one line. Raises ValueError with a text for people."""
    if not isinstance(value, str) or not value:
        raise ValueError("is not a URI")
    found = re.search(r"[\s#\x00-\x1f\x7f]", value)
    if found:
        raise ValueError(
            "%s holds %s, at which the server stops reading the URI" % (ascii(value), ascii(found.group()))
        )
    return value.encode("utf-8", "surrogateescape")


def _parse_attrs(value: object) -> bytes:
    if isinstance(value, Mapping):
        return render_attrs(value)
    if isinstance(value, str):
        return check_attrs_text(value)
    raise ValueError("is neither a mapping nor text")


def _parse_state(value: object) -> bool:
    if value not in ("present", "absent"):
        raise ValueError("%s is neither present nor absent" % named(value))
    return value == "present"
