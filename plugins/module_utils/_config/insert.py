# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Where statements go in the text of a file, and how they leave it: as patches that change nothing else."""

from __future__ import annotations

import re
from typing import Tuple

from .._patch import Patch
from .._text import line_end_of
from .model import Place

# What the rest of a line may hold for a new line to go behind it.
_REST_OF_LINE = re.compile(rb"[ \t\r]*(?:/\*[^*/\n]*\*/[ \t\r]*)?(?:(?:#(?!!)|//)[^\n]*)?(?:\n|\Z)")


def line_of(data: bytes, place: Place) -> Tuple[int, int]:
    """The line of a statement, with its comment, if it stands there alone; else its own bytes."""
    start = _line_start(data, place.start)
    rest = _REST_OF_LINE.match(data, place.end)
    if rest and not data[start : place.start].strip(b" \t"):
        return start, rest.end()
    return place.start, place.end


def removal(data: bytes, place: Place) -> Patch:
    """A statement goes with its line; a comment behind it stays."""
    start, end = line_of(data, place)
    if data[place.end : end].strip(b" \t\r\n") or (start, end) == (place.start, place.end):
        return Patch(place.start, place.end, b"")
    return Patch(start, end, b"")


def before(data: bytes, place: Place, text: bytes) -> Patch:
    """Lines of their own before the line of a statement, indented like it."""
    start = _line_start(data, place.start)
    indent = data[start : place.start]
    if indent.strip(b" \t"):
        return Patch(place.start, place.start, _lines(data, text, b""))
    return Patch(start, start, _lines(data, text, indent))


def behind(data: bytes, place: Place, text: bytes) -> Patch:
    """Lines of their own behind the line of a statement, indented like it."""
    start = _line_start(data, place.start)
    indent = (re.match(rb"[ \t]*", data[start : place.start]) or [b""])[0]
    lines = _lines(data, text, indent)
    rest = _REST_OF_LINE.match(data, place.end)
    if not rest:
        return Patch(place.end, place.end, line_end_of(data) + lines)
    end = rest.end()
    if data[end - 1 : end] != b"\n":
        return Patch(end, end, line_end_of(data) + lines)
    return Patch(end, end, lines)


def at_end(data: bytes, text: bytes) -> Patch:
    """Lines at the end of the file."""
    gap = line_end_of(data) if data and not data.endswith(b"\n") else b""
    return Patch(len(data), len(data), gap + _lines(data, text, b""))


def _line_start(data: bytes, at: int) -> int:
    return data.rfind(b"\n", 0, at) + 1


def _lines(data: bytes, text: bytes, indent: bytes) -> bytes:
    """The server reads a directive at any column, but people look for it at the first one."""
    line_end = line_end_of(data)
    return b"".join((b"" if line[:1] == b"#" else indent) + line + line_end for line in text.split(b"\n"))
