# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The description of a destination: a comment of its own form on the line above it.

Its C(#:) tells it from the comments of people, which are never changed. One of those with the same text will do.
"""

from __future__ import annotations

import re
from typing import Match, Optional, Tuple

from .document import LINE_BYTES

MARK = b"#: "
_ABOVE = re.compile(rb"[ \t]*#(:?)([^\r\n]*)\r?\n\Z")


def check_description(value: object) -> bytes:
    """A description that stays on its line. Raises ValueError with a text for people."""
    if not isinstance(value, str):
        raise ValueError("is not text")
    text = value.strip()
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        raise ValueError("%s is more than one line, or holds a control character" % ascii(text))
    data = text.encode("utf-8", "surrogateescape")
    # The server reads what does not fit into its buffer as another line, which would be no comment.
    if len(MARK + data) + 2 > LINE_BYTES:
        raise ValueError("is %d bytes long, and a line of the list has room for %d" % (len(data), LINE_BYTES - 5))
    return data


def description_above(data: bytes, start: int) -> Tuple[int, bytes, bool]:
    """The comment on the line above the one that starts at C(start).

    Gives the byte where it starts, its text, and whether it is a description of ours; C(start) itself and no text
    where there is no comment. Of several descriptions of ours it is the text of the last, and the start of the first.
    """
    found = _comment_above(data, start)
    if not found:
        return start, b"", False
    first: Optional[Match[bytes]] = found
    while first and first.group(1):
        above = first.start()
        first = _comment_above(data, above)
    return (above if found.group(1) else found.start()), found.group(2).strip(b" \t"), bool(found.group(1))


def _comment_above(data: bytes, start: int) -> Optional[Match[bytes]]:
    above = data.rfind(b"\n", 0, start - 1) + 1 if start else 0
    return _ABOVE.match(data, above, start) if start - above <= LINE_BYTES else None


def described(data: bytes, start: int) -> bytes:
    """The description of the destination whose line starts at C(start), empty if it has none of ours."""
    _above, text, ours = description_above(data, start)
    return text if ours else b""
