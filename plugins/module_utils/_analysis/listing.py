# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A dispatcher.list as a source of destinations: where the server reads something else than the file contains.

The server's side of it is C(ds_load_list) of Kamailio's src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional, Tuple

from .._dispatcher.document import LINE_BYTES, Destination, Document, to_int32
from .._dispatcher.mend import meant_flags
from .._dispatcher.wish import MAX_INT
from .._rules import ATTRS, FLAGS, PRIORITY, SETID, URI
from .._text import quoted, quoted_from
from .._versions import Version
from .findings import Finding, found_in
from .source import Found

_MARK = b"\xef\xbb\xbf"


class ListSource(NamedTuple):
    """The destinations of a list, as a Source."""

    name: str
    document: Document

    @property
    def destinations(self) -> Tuple[Destination, ...]:
        """Those that the server reads, in the order of the file."""
        return self.document.destinations

    def line_of(self, destination: Destination) -> int:
        """Return its line."""
        return destination.line

    def column_of(self, destination: Destination, field: int) -> Optional[int]:
        """Return the column of a field, None in a line that the server cuts."""
        if destination.line in self.document.long_lines:
            return None
        return destination.spans[field][0] - destination.start + 1

    def place_of(self, destination: Destination) -> str:
        """Return its line, for a message."""
        return "on line %d" % destination.line

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with lines, and with a list that has none."""
        for bad in self.document.bad_lines:
            yield found_in("list-line-incomplete", self.name, bad.line, "a set id and no destination: the load fails")
        for line, text in self.document.long_lines.items():
            rest = _rest(text, LINE_BYTES)
            if rest:
                yield found_in("line-too-long", self.name, line, "the server reads %s as another line" % rest)
        if not self.document.destinations:
            yield found_in("list-empty", self.name, None, "no destination: every call to a set of it fails")

    def misread(self, destination: Destination, version: Version) -> Iterator[Found]:
        """Yield where a column holds something else than the server takes from it."""
        return _fields(self.document, destination, version)


def _fields(document: Document, destination: Destination, version: Version) -> Iterator[Found]:
    """Where a column holds something else than the server takes from it; not for the rest of a line that is cut."""
    data = document.data
    spans = destination.spans
    setid = data[slice(*spans[SETID])]
    if destination.start and data[destination.start - 1 : destination.start] != b"\n":
        return
    if not setid or spans[SETID][1] == spans[URI][0]:
        # What follows stands one column off, so the other columns would only say the same again.
        yield _no_setid(setid, destination)
        return
    for name, field in (("set id", SETID), ("flags", FLAGS), ("priority", PRIORITY)):
        digits = data[slice(*spans[field])]
        if digits[:2] != b"0x" and len(digits) > 9 and int(digits[:400]) > MAX_INT:
            text = "the %s %s wraps around: the server reads %d" % (name, quoted(digits, 40), to_int32(digits))
            yield Found("number-overflow", text, "", field)
    if destination.attrs:
        yield from _words(data, destination, version)
    rest = data[spans[ATTRS][1] : destination.end].strip(b" \t\r\n")
    if rest.startswith(b"\0"):
        ignored = _rest(
            data[destination.start : destination.end], data.index(b"\0", spans[ATTRS][1]) + 1 - destination.start
        )
        yield Found("text-ignored", "a NUL byte ends the line, and %s is not read" % ignored)
    elif rest and not rest.startswith(b"#"):
        text = "the attributes are %s, and %s is not read: they end at the first white space, also in quotes" % (
            quoted(destination.attrs, 60),
            _rest(data[destination.start : destination.end], spans[ATTRS][1] - destination.start),
        )
        yield Found("text-ignored", text)


def _rest(line: bytes, start: int) -> str:
    """What a line has from C(start) on, for a message."""
    text = line.rstrip()
    return quoted_from(text, start + len(text[start:]) - len(text[start:].lstrip()), 60)


def _no_setid(digits: bytes, destination: Destination) -> Found:
    if digits:
        word, uri = quoted(digits + destination.uri, 60), quoted(destination.uri, 60)
        return Found(
            "setid-not-a-number",
            "%s is no set id: the server reads set %d and the URI %s" % (word, destination.setid, uri),
        )
    marked = destination.uri.startswith(_MARK)
    text = "the line begins with %s and no set id, so the server reads set 0 and the URI %s" % (
        "a byte order mark" if marked else "a word",
        quoted(destination.uri, 60),
    )
    return Found("setid-not-a-number", text, "Save the file without a byte order mark" if marked else "")


def _words(data: bytes, destination: Destination, version: Version) -> Iterator[Found]:
    """Words where the server expects flags and a priority, which it takes for the attributes."""
    flags, priority = data[slice(*destination.flags_span)], data[slice(*destination.priority_span)]
    attrs = quoted(destination.attrs, 60)
    if destination.flags_span[1] == destination.attrs_span[0]:
        meant = meant_flags(destination)
        if meant and not flags:
            text = "%s are no flags to the server: it reads flags 0 and the attributes %s" % (attrs, attrs)
            yield Found("flags-not-a-number", text, "Write %d instead" % meant.flags)
        elif flags or b"=" not in destination.attrs:
            word = quoted(flags + destination.attrs, 60)
            text = "the flags %s are no number to Kamailio %s: it reads flags %d and the attributes %s" % (
                word,
                version.series,
                destination.flags,
                attrs,
            )
            remedy = "Write %d; hexadecimal numbers are read from Kamailio 6.1 on" % meant.flags if meant else ""
            yield Found("flags-not-a-number", text, remedy)
    elif destination.priority_span[1] == destination.attrs_span[0] and (priority or b"=" not in destination.attrs):
        text = "the priority %s is no number: the server reads priority %d and the attributes %s" % (
            quoted(priority + destination.attrs, 60),
            destination.priority,
            attrs,
        )
        yield Found("priority-not-a-number", text)
