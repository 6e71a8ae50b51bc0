# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The attributes of a destination: C(name=value;name=value), one word without white space.

The server reads them with C(parse_params) of Kamailio's src/core/parser/parse_param.c and picks those that it knows
in C(ds_set_attrs) of src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

import re
from typing import Dict, Hashable, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from .._patch import Patch, apply_patches
from .._text import named, quoted_from
from .._versions import Version

# The names that the server knows, and since which version; it keeps any other for the script.
KNOWN: Dict[bytes, Tuple[int, ...]] = {
    b"duid": (),
    b"weight": (),
    b"rweight": (),
    b"maxload": (),
    b"socket": (),
    b"sockname": (),
    b"ping_from": (),
    b"obproxy": (),
    b"cc": (),
    b"latency": (5, 5),
    b"ocmin": (6, 0),
    b"ocmax": (6, 0),
    b"ocrate": (6, 0),
    b"ping_socket": (6, 1),
}
# A number outside of this is ignored, with an error in the log.
PERCENT = (b"weight", b"rweight")

_NAME = re.compile(r"[A-Za-z0-9_.+-]+\Z")
_UNWRITABLE = re.compile(r"[\s\x00-\x1f\x7f]")
_TOKEN = re.compile(rb"[^,;]+")
_NAME_BYTES = re.compile(rb"[^,=;]*")


def newer_than(version: Version, name: bytes) -> str:
    """Return since which version the server knows a name of C(KNOWN), empty if this one knows it."""
    since = KNOWN[name]
    return "%d.%d" % since if version.release < since else ""


class Attribute(NamedTuple):
    """One attribute: C(value) without its quotes, None for a name alone; the spans are places in the text."""

    name: bytes
    value: Optional[bytes]
    start: int
    value_start: int
    end: int


class Attributes(NamedTuple):
    """What the server reads, in the order of the text; C(end) is where it stops, before a comma or at the end."""

    found: Tuple[Attribute, ...]
    end: int

    def value(self, name: bytes) -> Optional[bytes]:
        """The value of an attribute; where a name stands several times the first one counts, as for the server."""
        for attribute in self.found:
            if attribute.name.lower() == name:
                return attribute.value
        return None


def read_attrs(text: bytes) -> Attributes:
    """Read attributes as the server does. Raises ValueError with the reason where it skips the destination."""
    size = len(text) - text.endswith(b";")
    found: List[Attribute] = []
    at = 0
    while at < size or (at == 0 and size):
        start = at
        name = _match(_NAME_BYTES, text, at, size)
        at += len(name)
        value: Optional[bytes] = None
        value_start = at
        if at < size and text[at : at + 1] == b"=":
            at += 1
            value, value_start, at = _read_value(text, at, size, name)
        found.append(Attribute(name, value, start, value_start, at))
        if at == size or text[at : at + 1] in (b",", b">"):
            return Attributes(tuple(found), at if at < size else len(text))
        if text[at : at + 1] != b";":
            raise ValueError("'%s' follows the quoted value of %s" % (quoted_from(text[:size], at, 60), _show(name)))
        at += 1
        if at == size:
            raise ValueError("no name follows its last semicolon but one")
    return Attributes((), len(text))


def _read_value(text: bytes, at: int, size: int, name: bytes) -> Tuple[bytes, int, int]:
    quote = text[at : at + 1] if at < size else b""
    if quote not in (b'"', b"'"):
        token = _match(_TOKEN, text, at, size)
        if not token and at < size:
            raise ValueError("%s has no value, which only the last one may do without" % _show(name))
        return token, at, at + len(token)
    closing = text.find(quote, at + 1, size)
    if closing < 0:
        raise ValueError("the quote of %s is not closed: a value ends at the first white space" % _show(name))
    return text[at + 1 : closing], at, closing + 1


def _match(pattern: re.Pattern[bytes], text: bytes, at: int, size: int) -> bytes:
    found = pattern.match(text, at, size)
    return found.group() if found else b""


def _show(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def same_attrs(attrs: bytes, other: bytes) -> bool:
    """Whether two texts mean the same: order, case of names, quotes and a last semicolon do not matter."""
    return attrs == other or meaning_of(attrs) == meaning_of(other)


def meaning_of(attrs: bytes) -> Hashable:
    """What all texts have in common that mean the same; for one that is not read to its end the text itself."""
    try:
        read = read_attrs(attrs)
    except ValueError:
        return attrs
    if read.end != len(attrs):
        return attrs
    values: Dict[bytes, List[Optional[bytes]]] = {}
    for attribute in read.found:
        values.setdefault(attribute.name.lower(), []).append(attribute.value)
    return frozenset((name, tuple(of_name)) for name, of_name in values.items())


def attrs_mapping(text: bytes) -> Optional[Dict[bytes, bytes]]:
    """Names and values, None where a mapping cannot say it: a name without a value or twice, text that is not read."""
    try:
        read = read_attrs(text)
    except ValueError:
        return None
    mapping = {attribute.name: attribute.value for attribute in read.found if attribute.value is not None}
    whole = len({name.lower() for name in mapping}) == len(read.found) and read.end == len(text)
    return mapping if whole else None


def change_attrs(text: bytes, wish: Mapping[bytes, Optional[bytes]], keep_others: bool) -> bytes:
    """The text with the attributes of the wish, in the order of the text, the new ones behind.

    C(wish) maps names to values as they are written, quotes included, None for an attribute that is to go;
    C(keep_others) says whether those that it does not name stay. Where the text cannot be kept it is written anew.
    Raises ValueError if it is not well-formed and others are to be kept.
    """
    lower = {name.lower(): (name, value) for name, value in wish.items()}
    try:
        before = read_attrs(text)
        if before.end < len(text):
            raise ValueError("the server stops reading at the comma in %s" % named(_show(text)))
    except ValueError:
        if keep_others:
            raise
        before = Attributes((), 0)
    names = [attribute.name.lower() for attribute in before.found]
    if not keep_others and (not before.found or len(set(names)) < len(names)):
        return _join(lower.values())
    changed: Dict[int, Patch] = {}
    gone = set()
    seen = set()
    for attribute in before.found:
        key = attribute.name.lower()
        if (key not in lower and keep_others) or key in seen:
            continue
        seen.add(key)
        value = lower[key][1] if key in lower else None
        if value is None:
            gone.add(key)
        elif _unquoted(value) != attribute.value:
            start, end = attribute.value_start - attribute.start, attribute.end - attribute.start
            changed[attribute.start] = Patch(start, end, value if attribute.value is not None else b"=" + value)
    kept = [attribute for attribute in before.found if attribute.name.lower() not in gone]
    there = set(names)
    new = _join((name, value) for key, (name, value) in lower.items() if key not in there)
    if not kept:
        return new
    pieces = [
        apply_patches(
            text[attribute.start : attribute.end], [changed[attribute.start]] if attribute.start in changed else []
        )
        for attribute in kept
    ]
    tail = b";" if text.endswith(b";") and not new else b""
    pieces += [new] if new else []
    return b";".join([*map(_filled, pieces[:-1]), pieces[-1]]) + tail


def _filled(piece: bytes) -> bytes:
    """An attribute that others follow: only the last one may do without a value."""
    return piece + b'""' if piece.endswith(b"=") and piece.count(b"=") == 1 else piece


def _join(pairs: Iterable[Tuple[bytes, Optional[bytes]]]) -> bytes:
    return b";".join(b"%s=%s" % (name, value) for name, value in pairs if value is not None)


def _unquoted(value: bytes) -> bytes:
    return value[1:-1] if value[:1] in (b'"', b"'") else value


def check_attrs_text(text: str) -> bytes:
    """Attributes given as text, checked so that the server reads them all.

    Raises ValueError with a text for people.
    """
    _refuse_unwritable(text)
    if text.startswith("#"):
        raise ValueError("begins with #, which would make it a comment")
    data = text.encode("utf-8", "surrogateescape")
    try:
        found = read_attrs(data)
    except ValueError as exc:
        raise ValueError("%s is not name=value;name=value: %s" % (named(text), exc)) from exc
    if found.end < len(data):
        raise ValueError(
            "%s is not name=value;name=value: the server stops reading at '%s', put a value with it in quotes"
            % (named(text), quoted_from(data, found.end, 60))
        )
    for attribute in found.found:
        if not attribute.name:
            raise ValueError("%s has a value without a name" % named(text))
        _check_known(attribute.name, attribute.value or b"")
    return data


def render_attr(name: object, value: object) -> Tuple[bytes, bytes]:
    """Name and value of an attribute as they are written, quoted so that the server gives the same value back.

    Raises ValueError with a text for people.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        raise ValueError("%s is not a name: letters, digits and _ . + - make one" % named(name))
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("%s is neither text nor a number" % name)
    text = str(value)
    _refuse_unwritable(text)
    written = text
    if not text or text[0] in "\"'" or ";" in text or "," in text:
        quote = "'" if '"' in text else '"'
        if quote in text:
            raise ValueError("%s holds both kinds of quotes, and the server knows no escape for them" % name)
        written = quote + text + quote
    data = text.encode("utf-8", "surrogateescape")
    _check_known(name.encode(), data)
    return name.encode(), written.encode("utf-8", "surrogateescape")


def _check_known(name: bytes, value: bytes) -> None:
    if name.lower() in PERCENT and not (len(value) <= 9 and value.isdigit() and 1 <= int(value) <= 100):
        raise ValueError(
            "%s %s is not from 1 to 100, and the server ignores it then" % (_show(name), named(_show(value)))
        )


def _refuse_unwritable(text: str) -> None:
    found = _UNWRITABLE.search(text)
    if found:
        raise ValueError(
            "%s holds white space or a control character (%s), and the server stops reading at it"
            % (ascii(text), ascii(found.group()))
        )
