# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""dispatcher.list as the server reads it, with the place of every field.

The grammar is that of C(ds_load_list) in Kamailio's src/modules/dispatcher/dispatch.c: C(fgets) into 1024
bytes, then one pass over the line without looking back.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from .._errors import error
from .._memory import LIST_LINES
from .._versions import Version

# fgets() reads one byte less than its buffer of 1024 bytes; the line feed counts.
LINE_BYTES = 1023

# From this version on flags may be written as 0x… (dispatch.c; before, the 0 is the flags and x… the attributes).

Span = Tuple[int, int]

# The set id, the URI, the flags, the priority and the attributes.
Meaning = Tuple[int, bytes, int, int, bytes]

# Every part is optional and each starts where the one before ended, so this matches any line without backtracking.
# An empty setid is set 0; after the URI, the flags and the priority a # ends the line, in attributes it does not.
_LINE = (
    rb"[ \t\r]*([0-9]*)[ \t\r]*([^ \t\r\n#\0]*)[ \t\r]*"
    rb"(?:(?![#\0\n]|\Z)(%s)[ \t\r]*"
    rb"(?:(?![#\0\n]|\Z)([0-9]*)[ \t\r]*"
    rb"(?:(?![#\0\n]|\Z)([^ \t\r\n\0]*))?)?)?"
    rb"[^\n]*\n?"
)
_DECIMAL = re.compile(_LINE % rb"[0-9]*")
_DECIMAL_OR_HEX = re.compile(_LINE % rb"0x[0-9a-fA-F]*|[0-9]*")


class Destination(NamedTuple):
    """One destination, as the server reads it.

    C(line) is 1-based; C(start) and C(end) are the bytes of its line, line end included. C(setid), C(flags) and
    C(priority) are 32-bit integers, wrapped around as the server wraps them. C(matched) knows the places of the fields.
    """

    line: int
    start: int
    end: int
    setid: int
    uri: bytes
    flags: int
    priority: int
    attrs: bytes
    matched: re.Match[bytes]

    @property
    def meaning(self) -> Meaning:
        """What the line says, wherever it stands."""
        return self[3:8]

    @property
    def hex_flags(self) -> bool:
        """Whether the flags are hexadecimal, as only newer servers read them."""
        return (self.matched.group(3) or b"")[:2] == b"0x"

    @property
    def setid_span(self) -> Span:
        """The bytes of the set id in the file; empty where a field would stand if it is missing, as all spans."""
        return self._span(1)

    @property
    def uri_span(self) -> Span:
        """The bytes of the URI."""
        return self._span(2)

    @property
    def flags_span(self) -> Span:
        """The bytes of the flags."""
        return self._span(3)

    @property
    def priority_span(self) -> Span:
        """The bytes of the priority."""
        return self._span(4)

    @property
    def attrs_span(self) -> Span:
        """The bytes of the attributes."""
        return self._span(5)

    @property
    def spans(self) -> Tuple[Span, Span, Span, Span, Span]:
        """The bytes of all fields, in their order."""
        return self.setid_span, self.uri_span, self.flags_span, self.priority_span, self.attrs_span

    def _span(self, field: int) -> Span:
        start, end = self.matched.span(field)
        if start < 0:
            start = end = self._span(field - 1)[1]
        return start, end


class BadLine(NamedTuple):
    """A line that ends after the set id: the server fails to load the whole file."""

    line: int
    start: int
    end: int


class Document(NamedTuple):
    """A parsed dispatcher.list: the bytes, and what the server finds in them.

    C(long_lines) are those that it cuts, and reads as several.
    """

    data: bytes
    destinations: Tuple[Destination, ...]
    bad_lines: Tuple[BadLine, ...]
    long_lines: Dict[int, bytes]


def to_int32(digits: bytes) -> int:
    """The number that a C int gets from these decimal (or C(0x) hexadecimal) digits, wrapping around silently."""
    # 2 ** 32 divides 10 ** 32, so digits before the last 32 change nothing. There can be millions of them.
    number = int(digits[2:][-8:] or b"0", 16) if digits[:2] == b"0x" else int(digits[-32:] or b"0")
    number &= 0xFFFFFFFF
    return number - 0x100000000 if number & 0x80000000 else number


def leading_int(value: bytes) -> int:
    """The number that the server's str2sint leaves: the digits up to the first other byte."""
    return to_int32(value[: len(value) - len(value.lstrip(b"0123456789"))])


class _Numbers(Dict[Optional[bytes], int]):
    """The numbers of digits, each worked out once: a list has few different ones."""

    def __missing__(self, digits: Optional[bytes]) -> int:
        number = self[digits] = to_int32(digits or b"")
        return number


def parse_document(data: bytes, version: Version) -> Document:
    """Read a dispatcher.list as the server of that version reads it.

    Takes any bytes. Raises KamailioError for a list of very many lines.
    """
    count = data.count(b"\n")
    if count > LIST_LINES:
        text = "the list has %d lines, and lists of at most %d are read"
        raise error(text % (count, LIST_LINES), "Look at it: it is damaged, or not a list of Kamailio")
    pattern = _DECIMAL_OR_HEX if version.reads_hexadecimal_flags else _DECIMAL
    destinations: List[Destination] = []
    bad_lines: List[BadLine] = []
    long_lines: Dict[int, bytes] = {}
    lines: Iterable[Tuple[int, re.Match[bytes]]] = enumerate(pattern.finditer(data), 1)
    if max(map(len, data.split(b"\n"))) >= LINE_BYTES:
        lines = _cut(data, pattern, long_lines)
    numbers = _Numbers()
    # The constructor of a NamedTuple is Python; this is asked for once a line.
    new = tuple.__new__
    for line, found in lines:
        setid, uri, flags, priority, attrs = found.groups()
        if uri:
            start, end = found.span()
            fields = (line, start, end, numbers[setid], uri, numbers[flags], numbers[priority], attrs or b"", found)
            destinations.append(new(Destination, fields))
        elif setid:
            bad_lines.append(BadLine(line, *found.span()))
    return Document(data, tuple(destinations), tuple(bad_lines), long_lines)


def _cut(
    data: bytes, pattern: re.Pattern[bytes], long_lines: Dict[int, bytes]
) -> Iterator[Tuple[int, re.Match[bytes]]]:
    """The lines where some are longer than the buffer of the server, which reads the rest as another line."""
    size = len(data)
    start, line = 0, 1
    while start < size:
        line_end = data.find(b"\n", start) + 1 or size
        if line_end - start > LINE_BYTES:
            long_lines[line] = data[start:line_end]
        while start < line_end:
            end = min(line_end, start + LINE_BYTES)
            found = pattern.match(data, start, end)
            if found:
                yield line, found
            start = end
        line += 1
