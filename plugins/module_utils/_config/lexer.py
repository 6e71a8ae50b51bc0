# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The tokens of kamailio.cfg.

The grammar is that of Kamailio's src/core/cfg.lex. Which rules hold depends on the preprocessor: inside a
conditional branch that is not active only the conditional directives are looked for. So the two functions here
are called in turn by the evaluation; together their tokens tile the file.
"""

from __future__ import annotations

import re
from typing import Final, FrozenSet, Literal, NamedTuple, Tuple

TokenKind = Literal[
    "space",
    "comment",
    "string",
    "raw string",
    "word",
    "punctuation",
    "variable",
    "define",
    "undefine",
    "environment",
    "condition",
    "else",
    "endif",
    "include",
    "substitution",
    "inactive",
    "unclosed comment",
    "unclosed string",
    "unclosed variable",
]
SPACE: Final = "space"
COMMENT: Final = "comment"
STRING: Final = "string"
RAW_STRING: Final = "raw string"
WORD: Final = "word"
PUNCT: Final = "punctuation"
VARIABLE: Final = "variable"
DEFINE: Final = "define"
UNDEFINE: Final = "undefine"
ENVIRONMENT: Final = "environment"
CONDITION: Final = "condition"
ELSE: Final = "else"
ENDIF: Final = "endif"
INCLUDE: Final = "include"
SUBSTITUTION: Final = "substitution"
INACTIVE: Final = "inactive"
UNCLOSED_COMMENT: Final = "unclosed comment"
UNCLOSED_STRING: Final = "unclosed string"
UNCLOSED_VARIABLE: Final = "unclosed variable"
# The kinds that the grammar sees.
CODE = frozenset([STRING, RAW_STRING, VARIABLE, WORD, PUNCT])
DIRECTIVES = frozenset([DEFINE, UNDEFINE, ENVIRONMENT, CONDITION, SUBSTITUTION])


class Token(NamedTuple):
    """The bytes C(start:end) of a file; C(name) and C(text) are the parts of a directive."""

    kind: TokenKind
    start: int
    end: int
    name: bytes = b""
    text: bytes = b""


# A backslash that is the first character of a define's value does not continue the line.
# [ \t\b\r] is what cfg.lex calls EAT_ABLE. A directive that lacks what must follow it is a comment (with #!).
# Bytes that no token has are passed over, like white space.
_STRING_BODY = rb'"(?:[^"\\]|\\.)*"'
_ACTIVE = re.compile(
    rb"""
    (?P<space>(?:[\x00-\x20\x7f-\xff]+|\\\n)+)
    | (?P<open>/\*)
    | (?P<variable>\$)
    | (?:\#!|!!)(?P<condition>ifdef|ifndef|ifexp)[ \t\x08\r]+(?P<expression>[^\n]*)(?:\n|\Z)
    | (?:\#!|!!)(?P<else>else)[ \t\x08\r]*\n
    | (?:\#!|!!)(?P<endif>endif)[ \t\x08\r]*\n
    | (?:\#!|!!)(?P<define>try(?:define|def)|re(?:define|def)|defexps?|define|def)[ \t\x08\r]+
        (?P<defined>[A-Za-z_][A-Za-z0-9_]*)[ \t\x08\r]*(?P<value>(?:[^\n](?:\\\n|[^\n])*)?)(?:\n|\Z)
    | (?:\#!|!!)(?P<undefine>(?:try)?undef(?:ine)?)[ \t\x08\r]+(?P<undefined>[A-Za-z_][A-Za-z0-9_]*)[^\n]*(?:\n|\Z)
    | (?:\#!|!!)(?P<environment>(?:try)?defenvs?)[ \t]*(?P<environment_name>[^ \t\r\n]+)
    | (?:\#!|!!)(?P<subst>substdefs|substdef|subst)(?![A-Za-z0-9_])[ \t\x08\r\n]*(?P<pattern>%s|'[^']*')
    | (?:\#!|!!)?(?P<include>include_file|import_file)(?![A-Za-z0-9_])[ \t\r\n]*(?P<file>[^ \t\r\n]+)
    | (?P<comment>(?:\#|//)[^\n]*(?:\n|\Z))
    | (?P<string>%s(?:[ \t\x08\r\n]*%s)*)
    | (?P<raw>'[^']*')
    | (?P<word>[A-Za-z0-9_]+)
    | (?P<unclosed>["'])
    | (?P<punct>.)
    """
    % (_STRING_BODY, _STRING_BODY, _STRING_BODY),
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = re.compile(rb"\$(?:[A-Za-z_][A-Za-z0-9_]*)?(\()?")
_VARIABLE_EDGE = re.compile(rb"[()\n]")
_COMMENT_EDGE = re.compile(rb"/\*|\*/")
_INACTIVE_EDGE = re.compile(
    rb"(?:#!|!!)(?:(?P<condition>ifdef|ifndef|ifexp)[ \t\x08\r]+(?P<expression>[^\n]*)(?:\n|\Z)"
    rb"|(?P<else>else)[ \t\x08\r]*\n|(?P<endif>endif)[ \t\x08\r]*\n)"
)


def next_token(data: bytes, at: int, foreign: FrozenSet[bytes]) -> Token:
    """The token at C(at) in active text. C(foreign) directives are comments to this server."""
    found = _ACTIVE.match(data, at)
    if not found:
        raise ValueError("no text at byte %d" % at)
    if found.group("open"):
        return _block_comment(data, at)
    if found.group("variable"):
        end = variable_end(data, at)
        return Token(VARIABLE, at, end, b"", data[at:end]) if end else Token(UNCLOSED_VARIABLE, at, len(data))
    if found.group("unclosed"):
        return Token(UNCLOSED_STRING, at, len(data))
    for kind, group, text in _PARTS:
        name = found.group(group)
        if name is not None:
            if name in foreign and kind in DIRECTIVES:
                return Token(COMMENT, at, data.find(b"\n", at) + 1 or len(data), name)
            return Token(kind, at, found.end(), name, found.group(text) or b"")
    raise ValueError("no token at byte %d" % at)


_PARTS: Tuple[Tuple[TokenKind, str, str], ...] = (
    (SPACE, "space", "space"),
    (WORD, "word", "word"),
    (PUNCT, "punct", "punct"),
    (COMMENT, "comment", "comment"),
    (STRING, "string", "string"),
    (RAW_STRING, "raw", "raw"),
    (CONDITION, "condition", "expression"),
    (ELSE, "else", "else"),
    (ENDIF, "endif", "endif"),
    (DEFINE, "define", "value"),
    (UNDEFINE, "undefine", "undefined"),
    (ENVIRONMENT, "environment", "environment_name"),
    (SUBSTITUTION, "subst", "pattern"),
    (INCLUDE, "include", "file"),
)


def next_inactive(data: bytes, at: int, foreign: FrozenSet[bytes]) -> Token:
    """The token at C(at) in a branch that is not active: a directive, or all text up to the next one."""
    where = at
    while True:
        found = _INACTIVE_EDGE.search(data, where)
        if not found:
            return Token(INACTIVE, at, len(data))
        if found.group("condition") in foreign:
            where = found.end()
        elif found.start() > at:
            return Token(INACTIVE, at, found.start())
        else:
            break
    if found.group("condition"):
        return Token(CONDITION, at, found.end(), found.group("condition"), found.group("expression"))
    return Token(ELSE if found.group("else") else ENDIF, at, found.end())


def variable_end(data: bytes, at: int) -> int:
    """The end of the variable at C(at), where a C($) stands; 0 if its parentheses do not close on its line.

    Quotes, braces and comment signs between them are characters like others. At a line end the server loses what it
    has read, and finds an error in the rest.
    """
    name = _VARIABLE.match(data, at)
    if not name:
        raise ValueError("no variable at byte %d" % at)
    if not name.group(1):
        return name.end()
    depth = 0
    for edge in _VARIABLE_EDGE.finditer(data, at):
        if edge.group() == b"\n":
            break
        depth += 1 if edge.group() == b"(" else -1
        if not depth:
            return edge.end()
    return 0


def _block_comment(data: bytes, at: int) -> Token:
    """Block comments nest: a C(/*) inside opens another."""
    depth, end = 0, at
    while True:
        edge = _COMMENT_EDGE.search(data, end)
        if not edge:
            return Token(UNCLOSED_COMMENT, at, len(data))
        depth += 1 if edge.group() == b"/*" else -1
        end = edge.end()
        if not depth:
            return Token(COMMENT, at, end)
