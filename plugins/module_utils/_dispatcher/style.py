# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A new line of dispatcher.list in the style of its neighbour: indentation, tabs or columns."""

from __future__ import annotations

from typing import Optional, Sequence

from .document import Destination


def render_line(fields: Sequence[bytes], neighbour: Optional[Destination], data: bytes) -> bytes:
    """The fields (set id, URI, flags, priority and perhaps attributes) as a line, without its end.

    C(data) is the file that the neighbour stands in.
    """
    if not neighbour:
        return b" ".join(fields)
    spans = neighbour.spans
    line = data[neighbour.start : spans[0][0]]
    gap = b" "
    for index, field in enumerate(fields):
        if index:
            (_start, before), (start, end) = spans[index - 1], spans[index]
            between = data[before:start] if end > start else b""
            if len(between) > 1 and not between.strip(b" "):
                line += b" " * max(1, start - neighbour.start - len(line))
            else:
                gap = between or (b"\t" if b"\t" in gap else b" ")
                line += gap
        line += field
    return line
