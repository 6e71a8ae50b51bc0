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
from typing import Dict, List, NamedTuple, Tuple

# fgets() reads one byte less than its buffer of 1024 bytes; the line feed counts.
LINE_BYTES = 1023

# From this version on flags may be written as 0x… (dispatch.c; before, the 0 is the flags and x… the attributes).
HEX_FLAGS_SINCE = (6, 1)

Version = Tuple[int, ...]
Span = Tuple[int, int]

# Every part is optional and each starts where the one before ended, so this matches any line without backtracking.
# An empty setid is set 0; after the URI, the flags and the priority a # ends the line, in attributes it does not.
_LINE = (
    rb"[ \t\r\n]*([0-9]*)[ \t\r\n]*([^ \t\r\n#\0]*)[ \t\r\n]*"
    rb"(?:(?![#\0]|\Z)(%s)[ \t\r\n]*"
    rb"(?:(?![#\0]|\Z)([0-9]*)[ \t\r\n]*"
    rb"(?:(?![#\0]|\Z)([^ \t\r\n\0]*))?)?)?"
)
_DECIMAL = re.compile(_LINE % rb"[0-9]*")
_DECIMAL_OR_HEX = re.compile(_LINE % rb"0x[0-9a-fA-F]*|[0-9]*")


class Destination(NamedTuple):
    """One destination, as the server reads it.

    C(line) is 1-based; C(start) and C(end) are the bytes of its line, line end included. The spans are byte ranges
    in the file, empty at the place where the field would stand if it is missing. C(setid), C(flags) and C(priority)
    are 32-bit integers, wrapped around as the server wraps them.
    """

    line: int
    start: int
    end: int
    setid: int
    uri: bytes
    flags: int
    priority: int
    attrs: bytes
    setid_span: Span
    uri_span: Span
    flags_span: Span
    priority_span: Span
    attrs_span: Span
    hex_flags: bool


class BadLine(NamedTuple):
    """A line that ends after the set id: the server fails to load the whole file."""

    line: int
    start: int
    end: int


class Document(NamedTuple):
    """A parsed dispatcher.list: the bytes, and what the server finds in them.

    C(long_lines) are those that it cuts, with what it reads as another line.
    """

    data: bytes
    destinations: Tuple[Destination, ...]
    bad_lines: Tuple[BadLine, ...]
    long_lines: Dict[int, bytes]


def to_int32(digits: bytes) -> int:
    """The number that a C int gets from these decimal (or C(0x) hexadecimal) digits, wrapping around silently."""
    number = int(digits[2:] or b"0", 16) if digits[:2] == b"0x" else int(digits or b"0")
    number &= 0xFFFFFFFF
    return number - 0x100000000 if number & 0x80000000 else number


def parse_document(data: bytes, version: Version) -> Document:
    """Read a dispatcher.list as the server of that version reads it. Takes any bytes, raises nothing."""
    match = (_DECIMAL_OR_HEX if version[:2] >= HEX_FLAGS_SINCE else _DECIMAL).match
    destinations: List[Destination] = []
    bad_lines: List[BadLine] = []
    long_lines: Dict[int, bytes] = {}
    size = len(data)
    start, line = 0, 1
    while start < size:
        line_end = data.find(b"\n", start) + 1 or size
        if line_end - start > LINE_BYTES:
            long_lines[line] = data[start + LINE_BYTES : line_end]
        while start < line_end:
            end = min(line_end, start + LINE_BYTES)
            found = match(data, start, end)
            setid, uri, flags, priority, attrs = found.groups() if found else (b"", b"", b"", b"", b"")
            if found and uri:
                uri_span = found.span(2)
                flags_span = found.span(3) if flags is not None else (uri_span[1], uri_span[1])
                priority_span = found.span(4) if priority is not None else (flags_span[1], flags_span[1])
                attrs_span = found.span(5) if attrs is not None else (priority_span[1], priority_span[1])
                destinations.append(
                    Destination(
                        line,
                        start,
                        end,
                        to_int32(setid),
                        uri,
                        to_int32(flags or b""),
                        to_int32(priority or b""),
                        attrs or b"",
                        found.span(1),
                        uri_span,
                        flags_span,
                        priority_span,
                        attrs_span,
                        flags is not None and flags[:2] == b"0x",
                    )
                )
            elif setid:
                bad_lines.append(BadLine(line, start, end))
            start = end
        line += 1
    return Document(data, tuple(destinations), tuple(bad_lines), long_lines)
