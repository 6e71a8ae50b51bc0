# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The preprocessor: files, includes, conditionals and defines, down to the tokens of the grammar.

Sources: Kamailio's src/core/cfg.lex and ppcfg.c.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Callable, Dict, FrozenSet, List, Optional, Tuple, Union

from .._errors import Problem
from .._memory import CONFIG_BYTES, MIB
from .._text import quoted, show
from .._versions import Version
from . import lexer
from .core_settings import core_settings
from .defines import Defines, Unknown
from .directives import misread_directives
from .lexer import Token
from .model import Condition, Include, Invocation, Place
from .report import Report
from .skip import includes_in, skip_blank, skip_in_block
from .statements import SHAPES, Blocks, Item
from .values import parse_string

INCLUDE_DEPTH = 10
CONDITION_DEPTH = 512
# Files that one configuration may read: the server has no limit, and reads for hours.
MOST_INCLUDES = 10_000
INCLUDE_NAME_BYTES = 128
DEFINE_DEPTH = 64
# Tokens that defines may grow into: the server has no limit, and does not come back from a define that names itself.
MOST_EXPANSIONS = 200_000

# Reads an included file: its bytes, None if it is not there, or why it cannot be known.
Reader = Callable[[str], Union[bytes, Problem, None]]

# What a branch must hold to matter to the sockets.
_OF_SOCKETS = re.compile(
    rb"(?<![A-Za-z0-9_])(?:listen|socket|port|tls_port_no|disable_tcp|(?:en|dis)able_(?:tls|sctp)|tls_(?:en|dis)able)\s*="
)
# What a branch must hold to matter to the modules, their parameters and the sockets.
_DECISIVE = re.compile(rb"loadmodule|modparam|loadpath|mpath|include_file|import_file|(?:#!|!!)[a-z]*(?:def|subst)")
# What it must hold to matter to the routing script.
_CALLING = re.compile(
    rb"[A-Za-z0-9_][ \t\r\n]*\(|route|include_file|import_file|cfgengine|(?:#!|!!)[a-z]*(?:def|subst)"
)
_ENDS_IN_VARIABLE = re.compile(rb"\$\w*\Z")
_INCLUDE_ESCAPES = {b"t": b"\t", b"n": b"\n", b"r": b"\r"}


class Preprocessor:
    """Reads files and hands each token of the grammar to C(feed), except what decides nothing inside of C(blocks)."""

    def __init__(
        self,
        reader: Reader,
        version: Optional[Version],
        invocation: Invocation,
        report: Report,
        blocks: Blocks,
        feed: Callable[[Item], None],
    ) -> None:
        self.files: Dict[str, bytes] = {}
        self.inactive: List[Place] = []
        self.unsure: List[Place] = []
        self.includes: List[Include] = []
        self.unread: List[str] = []
        self.defines = Defines(version, invocation, report)
        self._reader = reader
        self._report = report
        self._blocks = blocks
        self._feed = feed
        self._foreign = foreign_directives(version)
        self._keywords = _keywords(version)
        self._conditions: Tuple[Condition, ...] = ()
        # True, False, or None where it cannot be known here; only a branch that is True is read.
        self._active: List[Optional[bool]] = []
        self._loose_ends: List[Place] = []
        self._hides_sockets = False
        self.hides_calls = False
        self._count = 0
        # Those of all files, as often as they are included.
        self._bytes = 0
        # Whether the server has given up by now, so that nothing that follows matters.
        self._stopped = False
        self._expansions = 0
        # Whether a define that was just replaced ends in a comment, which the text behind the name continues.
        self._open_comment = False

    @property
    def hides_sockets(self) -> bool:
        """Whether a branch or a file that could not be read may hold more C(listen)."""
        return self._hides_sockets

    def finish(self) -> None:
        """Say what the end of the main file leaves open."""
        # The server only counts: one too many here makes up for one that is missing there.
        if self._stopped:
            return
        balance = len(self._conditions) - len(self._loose_ends)
        for place in self._loose_ends[: max(0, -balance)]:
            self._report.refuse("config-syntax", place, "#!endif closes nothing")
        if balance > 0:
            opened = self._conditions[-1]
            self._report.refuse("config-syntax", opened, "%s is never closed" % opened.text, "Add its #!endif")

    def file(self, path: str, data: bytes, depth: int = 0) -> None:
        """Read a file, and what it includes."""
        self.files.setdefault(path, data)
        self._bytes += len(data)
        if self._bytes > CONFIG_BYTES:
            text = "with this file the configuration has more than %d MiB, which are not read here" % (
                CONFIG_BYTES // MIB
            )
            self._report.hide(Place(path, 0, 0, 1, 1), text)
            self._hides_sockets = self.hides_calls = self._stopped = True
            return
        lines = _Lines(data)
        size = len(data)
        includes = includes_in(data)
        next_include = next(includes)
        at = 0
        while at < size and not self._stopped:
            if all(self._active):
                at = skip_blank(data, at)
                if self._skips:
                    while next_include < at:
                        next_include = next(includes)
                    at, opened = skip_in_block(data, at, next_include, self._blocks.skips_calls)
                    self._blocks.deepen(opened)
                if at == size:
                    break
                token = lexer.next_token(data, at, self._foreign)
            else:
                token = lexer.next_inactive(data, at, self._foreign)
            at = token.end
            if token.kind != lexer.SPACE:
                line, column = lines.position(token.start)
                self._count += 1
                place = Place(path, token.start, token.end, line, column, self._conditions, None, self._count)
                self._token(token, place, data, depth)

    @property
    def _skips(self) -> bool:
        """Whether text can be passed over that is neither a brace, nor a directive, nor a call."""
        blocks, defines = self._blocks, self.defines
        if not blocks.in_block or blocks.is_socket or not defines.all_inert:
            return False
        return blocks.skips_calls or not (blocks.in_call or defines.any_calls)

    def _token(self, token: Token, place: Place, data: bytes, depth: int) -> None:
        kind = token.kind
        if kind in lexer.CODE:
            self._code(token, place, 0)
            if kind == lexer.WORD:
                self._check_what_follows(token, place, data)
        elif kind == lexer.COMMENT and data[token.start : token.start + 2] == b"!!":
            text = "this version does not know !!%s, and with !! it is not even a comment" % show(token.name)
            self._report.refuse("config-syntax", place, text, "Take it out, or write #!")
        elif kind == lexer.COMMENT:
            self._report.problems += misread_directives(data, place, False)
        elif kind == lexer.CONDITION:
            self._condition(token, place)
        elif kind == lexer.ELSE:
            if self._active:
                self._active[-1] = None if self._active[-1] is None else not self._active[-1]
                opened = self._conditions[-1]
                other = opened._replace(text=opened.text + " … #!else")
                self._conditions = (*self._conditions[:-1], other)
        elif kind == lexer.ENDIF:
            if self._active:
                self._active.pop()
                self._conditions = self._conditions[:-1]
            else:
                self._loose_ends.append(place)
        elif kind == lexer.INACTIVE:
            self._skip(place, data)
        elif kind == lexer.DEFINE:
            self.defines.define(token, place, data)
        elif kind == lexer.UNDEFINE:
            self.defines.undefine(token, place)
        elif kind == lexer.ENVIRONMENT:
            self.defines.define_from_environment(token, place)
        elif kind == lexer.SUBSTITUTION:
            self.defines.substitute(token.name, self.defines.substituted(parse_string(token.text), place)[0], place)
        elif kind == lexer.INCLUDE:
            self._include(token, place, depth)
        else:
            self._unclosed(kind, place, depth)

    def _unclosed(self, kind: lexer.TokenKind, place: Place, depth: int) -> None:
        # The server loses what a comment takes with it, and does not start with the others.
        self.hides_calls = self.hides_calls or bool(depth) or kind != lexer.UNCLOSED_COMMENT
        if depth and kind == lexer.UNCLOSED_COMMENT:
            text = "this comment goes on in the file that includes this one, which is not followed here"
            self._report.hide(place, text)
        elif kind == lexer.UNCLOSED_COMMENT:
            text = "this comment never ends, and the rest of the file is gone: kamailio -c accepts that"
            remedy = "A /* inside a comment needs its own */"
            self._report.refuse("comment-unclosed", place, text, remedy)
        elif kind == lexer.UNCLOSED_STRING:
            text = "this string never ends"
            self._report.refuse("config-syntax", place, text, "Add the closing quote")
        else:
            text = "the parentheses of this variable do not close on its line"
            remedy = "Add the closing one: quotes and comment signs count for nothing inside of $(…)"
            self._report.refuse("config-syntax", place, text, remedy)

    def _condition(self, token: Token, place: Place) -> None:
        if len(self._conditions) == CONDITION_DEPTH:
            text = "conditionals are nested deeper than %d" % CONDITION_DEPTH
            self._give_up(place, text)
            return
        text = "#!%s %s" % (show(token.name), show(token.text.strip()))
        self._conditions = (*self._conditions, Condition(text, place.path, place.start, place.line, place.column))
        if not all(self._active):
            self._active.append(False)
        else:
            self._active.append(self.defines.decide(token, place))

    def _skip(self, place: Place, data: bytes) -> None:
        self.inactive.append(place)
        self._report.problems += misread_directives(data, place, True)
        if None not in self._active:
            return
        self.unsure.append(place)
        if _OF_SOCKETS.search(data, place.start, place.end):
            self._hides_sockets = True
        if _CALLING.search(data, place.start, place.end):
            self.hides_calls = True
        if _DECISIVE.search(data, place.start, place.end):
            text = place.conditions[self._active.index(None)].text
            self._report.hide(place, "whether %s holds is known to the server only" % text)

    def _include(self, token: Token, place: Place, depth: int) -> None:
        name, _place, doubt = self.defines.substituted(token.text, place)
        refuse = self._report.refuse
        if doubt:
            self._report.hide(place, doubt)
            self._hides_sockets = self.hides_calls = True
            return
        if name[:1] != b'"' or name[-1:] != b'"' or len(name) < 3:
            refuse("config-syntax", place, "the file name needs double quotes", "No space in it")
            return
        if len(name) >= INCLUDE_NAME_BYTES:
            refuse("config-syntax", place, "the file name is too long for the server")
            return
        if depth + 1 > INCLUDE_DEPTH:
            text = "includes are nested deeper than %d; a file that includes itself?" % INCLUDE_DEPTH
            self._give_up(place, text)
            return
        if len(self.includes) == MOST_INCLUDES:
            self._give_up(place, "more than %d files are included" % MOST_INCLUDES)
            return
        target = show(re.sub(rb"\\(.)", lambda found: _INCLUDE_ESCAPES.get(found.group(1), found.group(1)), name[1:-1]))
        if not target.startswith("/") and "/" in place.path:
            target = place.path.rpartition("/")[0] + "/" + target
        content = self._reader(target)
        if isinstance(content, Problem):
            self._report.hide(place, content.text)
            self._hides_sockets = self.hides_calls = True
            self.unread.append(target)
        elif content is not None:
            self.includes.append(Include(target, place))
            self.file(target, content, depth + 1)
        else:
            self.unread.append(target)
            if token.name == b"include_file":
                text = "the included file %s is not there" % target
                refuse("include-missing", place, text)
                self._report.hides_statements = self._hides_sockets = self.hides_calls = True

    def _code(self, token: Token, place: Place, depth: int) -> None:
        if token.kind in (lexer.PUNCT, lexer.VARIABLE):
            self._feed(Item("punct" if token.kind == lexer.PUNCT else "variable", token.text, place))
        elif token.kind != lexer.WORD:
            text = parse_string(token.text)
            self._feed(Item("string", *self.defines.substituted(text, place)))
        elif token.text in self.defines.values and token.text not in self._keywords and depth < DEFINE_DEPTH:
            self._expand(token, place, depth)
        else:
            if depth == DEFINE_DEPTH:
                self._endless(place)
                return
            self._feed(Item("word", token.text, place))

    def _endless(self, place: Place) -> None:
        self._give_up(place, "the define %s never ends: the server would read it for ever" % place.define)

    def _give_up(self, place: Place, text: str) -> None:
        if not self._stopped:
            self._report.refuse("config-syntax", place, text)
        self._stopped = self.hides_calls = True

    def _expand(self, token: Token, place: Place, depth: int) -> None:
        value = self.defines.values[token.text]
        via = place._replace(define=place.define or show(token.text))
        if isinstance(value, Unknown):
            self._feed(Item("unknown", token.text, via, "%s is known to the server only" % quoted(token.text, 60)))
            return
        if value is None:
            return
        at = 0
        while at < len(value):
            self._expansions += 1
            if self._stopped or self._expansions > MOST_EXPANSIONS:
                self._endless(via)
                return
            part = lexer.next_token(value, at, self._foreign)
            at = part.end
            if part.kind in lexer.CODE:
                self._code(part, via, depth + 1)
                if self._open_comment and value[at:].strip():
                    self._leaks(via)
            elif part.kind == lexer.COMMENT and at == len(value):
                self._open_comment = not value.startswith(b"/*", part.start)
            elif part.kind not in (lexer.SPACE, lexer.COMMENT):
                self._leaks(via)

    def _leaks(self, via: Place) -> None:
        if self._blocks.in_block and self.defines.all_inert:
            return
        text = "what the define %s does to the text behind it is not read here" % via.define
        self._report.hide(via, text)

    def _check_what_follows(self, token: Token, place: Place, data: bytes) -> None:
        """A comment at the end of a define goes on behind the name, and so does a string that another one follows."""
        value = None if token.text in self._keywords else self.defines.values.get(token.text)
        via = place._replace(define=show(token.text))
        if self._open_comment and data[token.end : data.find(b"\n", token.end) + 1 or len(data)].strip():
            self._leaks(via)
        self._open_comment = False
        if (
            isinstance(value, bytes)
            and value.rstrip().endswith(b'"')
            and data[token.end : token.end + 80].lstrip()[:1] == b'"'
        ):
            self._leaks(via)
        if isinstance(value, bytes) and data[token.end : token.end + 1] == b"(" and _ENDS_IN_VARIABLE.search(value):
            self._leaks(via)


@lru_cache(maxsize=None)
def _keywords(version: Optional[Version]) -> FrozenSet[bytes]:
    """The words that a define cannot replace: the server knows them before it looks for a define."""
    settings = core_settings(version) if version else None
    return frozenset([*SHAPES, *(name.encode() for name in (settings.types if settings else ()))])


def foreign_directives(version: Optional[Version]) -> FrozenSet[bytes]:
    """The directives that a version does not know, so that they are comments to it."""
    names: List[bytes] = []
    if version is not None and not version.reads_environment:
        names.append(b"defenv")
    if version is not None and not version.reads_optional_environment:
        names += [b"defenvs", b"trydefenv", b"trydefenvs"]
    if version is not None and not version.evaluates_expressions:
        names += [b"ifexp", b"defexp", b"defexps"]
    if version is None or not version.undefines:
        names += [b"undef", b"undefine", b"tryundef", b"tryundefine"]
    return frozenset(names)


class _Lines:
    """1-based line and column of a byte, asked for in rising order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._line, self._start, self._seen = 1, 0, 0

    def position(self, at: int) -> Tuple[int, int]:
        newlines = self._data.count(b"\n", self._seen, at)
        if newlines:
            self._line += newlines
            self._start = self._data.rfind(b"\n", self._seen, at) + 1
        self._seen = at
        return self._line, at - self._start + 1
