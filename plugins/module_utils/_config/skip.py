# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Text that decides nothing, passed over in one step: white space and comments, and what stands inside of blocks."""

from __future__ import annotations

import re
from typing import Iterator, Tuple

from .lexer import variable_end

# Words of the language that a parenthesis can follow: they call nothing.
KEYWORDS = frozenset(
    b"if else while switch case default return exit drop break and AND or OR not mod eq ne defined selval strlen "
    b"strempty int str".split()
)
# At most one alternative matches anywhere, and none guesses what follows, so that a text that is cut is read as far as
# it is certain.
_BLANK = re.compile(rb"(?:[ \t\x08\r\n]+|#(?=[^!])[^\n]*\n|//[^\n]*\n)+")
# What else stands in a block, without the words.
_BLOCK_PARTS = rb"""
    | \$(?:[A-Za-z_][A-Za-z0-9_]*)?\([^()\n]*\) | \$[A-Za-z_][A-Za-z0-9_]*(?=[^A-Za-z0-9_(]) | \$(?=[^A-Za-z_(])
    | "(?:[^"\\]|\\.)*" | '[^']*'
    | \#(?=[^!])[^\n]*\n | //[^\n]*\n | /(?=[^/*]) | !(?=[^!])
    """
_IN_BLOCK = re.compile(rb"""(?: [^{}"'\#/!$]+ %s )+""" % _BLOCK_PARTS, re.VERBOSE | re.DOTALL)
# The same, as far as nothing is called: a word that a parenthesis may follow calls a function, unless it is a keyword.
_WITHOUT_CALLS = re.compile(
    rb"""
    (?: [^{}"'\#/!$A-Za-z_]+
    | (?:%s)[ \t\r\n]*(?=\()
    | [A-Za-z_][A-Za-z0-9_]*(?:[ \t\r\n]+(?=[^ \t\r\n(\#/]|/[^/*])|(?=[^A-Za-z0-9_ \t\r\n(\#/]|/[^/*]))
    %s )+
    """
    % (b"|".join(sorted(KEYWORDS)), _BLOCK_PARTS),
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(rb"(?<![A-Za-z0-9_])(?:include_file|import_file)(?![A-Za-z0-9_])")
_INERT = re.compile(rb"""(?: [^{}"'\#/!$] | "[^"\\]*" | '[^']*' | /(?=[^/*]) | !(?=[^!]) )*\Z""", re.VERBOSE)
# The expression engine remembers every repetition, so it is given a piece at a time.
_PIECE = 1 << 16


def is_inert(value: bytes) -> bool:
    """Whether a define of this value changes nothing about where a block ends."""
    return _INERT.match(value) is not None and not _INCLUDE.search(value)


def may_call(value: bytes) -> bool:
    """Whether a define of this value may call a function."""
    return b"(" in value


def includes_in(data: bytes) -> Iterator[int]:
    """Where the words that include a file stand, in strings and comments too, and last the end of the file."""
    for found in _INCLUDE.finditer(data):
        yield found.start()
    yield len(data)


def skip_blank(data: bytes, at: int) -> int:
    """The end of the white space and the comments at C(at), directives excepted."""
    while True:
        found = _BLANK.match(data, at, at + _PIECE)
        if not found:
            return at
        at = found.end()


def skip_in_block(data: bytes, at: int, end: int, calls: bool) -> Tuple[int, int]:
    """The end of what decides nothing at C(at), before C(end), and how many braces it leaves open.

    It ends before the brace that closes the block, and before a directive or a block comment; unless C(calls) are to be
    skipped as well, before the name of a function that is called.
    """
    opened = 0
    pattern = _IN_BLOCK if calls else _WITHOUT_CALLS
    while at < end:
        found = pattern.match(data, at, min(end, at + _PIECE))
        if found:
            at = found.end()
            continue
        char = data[at : at + 1]
        if char == b"$":
            close = variable_end(data, at)
            if not close:
                break
            at = close
            continue
        if char == b"{":
            opened += 1
        elif char == b"}" and opened:
            opened -= 1
        else:
            break
        at += 1
    return at, opened
