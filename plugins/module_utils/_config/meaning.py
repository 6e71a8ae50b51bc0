# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a configuration means, as a digest: white space, comments and branches that are not active do not count."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Dict, FrozenSet, Iterator, List, Optional, Tuple

from .._versions import Version
from . import lexer
from .lexer import Token, next_token
from .model import Evaluation
from .preprocess import foreign_directives

# What most of a file consists of. Anything else is read by the lexer: directives, block comments, variables, includes,
# and strings that never end.
_SCAN = re.compile(
    rb"""
    (?P<blank>(?:[\x00-\x20\x7f-\xff]+|\\\n|\#(?!!)[^\n]*|//[^\n]*)+)
    | (?P<special>\#!|!!|/\*|\$|(?:include_file|import_file)(?![A-Za-z0-9_]))
    | (?P<plain>[A-Za-z0-9_]+|"[^"\\]*(?:\\.[^"\\]*)*"|'[^']*'|[=!<>]=|[=!]~|&&|\|\||<<|>>|[^"'])
    | (?P<open>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_SIGN = re.compile(rb"\#|//")
# White space outside of strings, so that no token holds it there.
_SEPARATOR = b"\0"


def meaning_of(evaluation: Evaluation, version: Optional[Version]) -> str:
    """Return a digest of what the files of a configuration tell a server of this version, in the order of reading.

    What the server gets beside them is in it as far as it decides which branches are active. A file that is included
    more than once counts with all of its text.
    """
    foreign = foreign_directives(version)
    hidden = _hidden_parts(evaluation)
    digest = hashlib.sha256()
    for path, data in evaluation.files.items():
        parts = hidden.get(path)
        tokens = [b"file"]
        at = 0
        for start, end in [*(parts or ()), (len(data), len(data))]:
            tokens += _tokens(data, at, start, foreign, parts is None)
            at = end
        digest.update(_SEPARATOR.join([*tokens, b""]))
    return digest.hexdigest()


def _hidden_parts(evaluation: Evaluation) -> Dict[str, List[Tuple[int, int]]]:
    """Return what the server does not read of each file, without the files of which that is not certain."""
    read = Counter([evaluation.path, *(include.target for include in evaluation.includes)])
    unsure = {place.path for place in evaluation.unsure}
    parts: Dict[str, List[Tuple[int, int]]] = {
        path: [] for path in evaluation.files if read[path] == 1 and path not in unsure
    }
    for place in evaluation.inactive:
        if place.path in parts:
            parts[place.path].append((place.start, place.end))
    return parts


def _tokens(data: bytes, at: int, end: int, foreign: FrozenSet[bytes], conditions: bool) -> Iterator[bytes]:
    """Give the tokens of active text; C(conditions) says whether the conditional directives count as well."""
    while at < end:
        for found in _SCAN.finditer(data, at, end):
            at = found.end()
            if found.lastgroup == "plain":
                yield found.group()
            elif found.lastgroup != "blank":
                token = next_token(data, found.start(), foreign)
                yield from _special(data, token, conditions)
                at = token.end
                break


def _special(data: bytes, token: Token, conditions: bool) -> Iterator[bytes]:
    kind = token.kind
    if kind == lexer.COMMENT:
        return
    if kind in (lexer.CONDITION, lexer.ELSE, lexer.ENDIF):
        if conditions:
            yield b" ".join(data[token.start : token.end].split())
    elif kind == lexer.DEFINE:
        line = data[token.start : token.end]
        yield b" ".join(line[: line.rindex(token.text)].split() if token.text else line.split())
        yield from _of_value(token.text)
    elif kind in (lexer.UNDEFINE, lexer.ENVIRONMENT, lexer.INCLUDE, lexer.SUBSTITUTION):
        yield token.name
        yield token.text
    else:
        yield data[token.start : token.end]


def _of_value(value: bytes) -> Iterator[bytes]:
    """Give the tokens of the value of a define. A comment in it swallows what stands behind the name of the define."""
    at = 0
    while at < len(value):
        found = _SCAN.match(value, at)
        if not found:
            return
        at = found.end()
        if found.lastgroup == "blank":
            if _COMMENT_SIGN.search(found.group()):
                yield b"#"
        elif found.lastgroup == "plain":
            yield found.group()
        else:
            token = next_token(value, found.start(), frozenset())
            at = token.end
            if token.kind != lexer.COMMENT:
                yield value[token.start : token.end]
            elif not value.startswith(b"/*", token.start):
                yield b"#"
