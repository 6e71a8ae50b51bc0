# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Lines that look like a directive and are none to the server: comments that silently change what the file means."""

from __future__ import annotations

import re
from typing import Iterator, Tuple

from .._errors import Problem
from .._text import quoted
from .model import Place

_KNOWN = (
    r"(?:try|re)?def(?:ine)?|(?:try)?undef(?:ine)?|defexps?|(?:try)?defenvs?|subst|substdefs?|ifn?def|ifexp|else|endif"
    r"|include_file|import_file"
)
_LOOKS_LIKE = re.compile(rb"^[ \t]*((?:#!|!!)(%s)(?![A-Za-z0-9_])[^\n]*)" % _KNOWN.encode(), re.MULTILINE)
_CONDITIONALS = (b"ifdef", b"ifndef", b"ifexp", b"else", b"endif")


def misread_directives(data: bytes, place: Place, inactive: bool) -> Iterator[Tuple[str, Problem]]:
    """What the server skips at C(place), in a comment or a branch that is not active.

    In a branch that is not active only the directives of conditionals matter.
    """
    start, end = place.start, place.end
    if data[start : start + 2] == b"/*" or data.find(b"!", start, end) < 0:
        return
    line_start = data.rfind(b"\n", 0, start) + 1
    for found in _LOOKS_LIKE.finditer(data, line_start, end):
        if found.start(1) < start:
            continue
        if inactive and found.group(2) not in _CONDITIONALS:
            continue
        line = place.line + data.count(b"\n", start, found.start(1))
        text = "%s is a comment to the server, not a directive" % quoted(found.group(1).strip(), 60)
        remedy = "Put nothing behind #!%s but white space" % found.group(2).decode()
        if found.group(2) not in (b"else", b"endif"):
            remedy = "Write it as this version reads it, or make it a plain comment"
        elif found.group(1).endswith(found.group(2)):
            remedy = "End its line: the file ends right behind it"
        column = found.start(1) - data.rfind(b"\n", 0, found.start(1))
        yield "directive-not-recognised", Problem(text, remedy, place.path, line, column)
