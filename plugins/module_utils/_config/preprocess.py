# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The preprocessor: files, includes, conditionals, defines and substitutions, down to the tokens of the grammar.

Sources: Kamailio's src/core/cfg.lex and ppcfg.c.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, FrozenSet, List, NamedTuple, Optional, Tuple, Union

from .._errors import Problem
from .._text import quoted, show
from . import lexer
from .directives import misread_directives
from .expression import CrashError, Result, UndecidedError, evaluate_expression, holds, render_result
from .lexer import Token
from .model import Condition, Define, Include, Invocation, Place
from .skip import includes_in, is_inert, skip_blank, skip_in_block
from .statements import SHAPES, Blocks, Item
from .substitution import Substitution, Unclear, parse_substitution
from .values import parse_string

INCLUDE_DEPTH = 10
CONDITION_DEPTH = 512
# Files that one configuration may read: the server has no limit, and reads for hours.
MOST_INCLUDES = 10_000
INCLUDE_NAME_BYTES = 128
DEFINE_DEPTH = 64
# Tokens that defines may grow into: the server has no limit, and does not come back from a define that names itself.
MOST_EXPANSIONS = 200_000
IFEXP_SINCE = (5, 7)
UNDEF_SINCE = (6, 2)
# 5.6.3 has neither KAMAILIO_VERSION nor OS_NAME, 6.0.1 has both.
VERSION_DEFINES_SURE_SINCE = (6, 0)

Version = Tuple[int, ...]

# Reads an included file: its bytes, None if it is not there, or why it cannot be known.
Reader = Callable[[str], Union[bytes, Problem, None]]

# What a branch must hold to matter to the modules, their parameters and the sockets.
_DECISIVE = re.compile(rb"loadmodule|modparam|loadpath|mpath|include_file|import_file|(?:#!|!!)[a-z]*(?:def|subst)")
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_NAME_OF_DIRECTIVE = re.compile(rb"(?:#!|!!)[a-z]+[ \t\x08\r]+([A-Za-z0-9_]+)(-?)")
_INCLUDE_ESCAPES = {b"t": b"\t", b"n": b"\n", b"r": b"\r"}


class Unknown(NamedTuple):
    """A define whose value, or whose being there at all, only the server knows."""

    surely_defined: bool


_Value = Union[bytes, None, Unknown]


class Report:
    """What the evaluation collects: what the server refuses or misreads, by rule, and what is not known here."""

    def __init__(self) -> None:
        self.problems: List[Tuple[str, Problem]] = []
        self.undecided: List[Problem] = []

    def refuse(self, rule: str, path: str, line: int, text: str, remedy: str = "") -> None:
        """Something that is wrong."""
        self.problems.append((rule, Problem(text, remedy, path, line)))

    def unknown(self, place: Place, text: str) -> None:
        """Something that cannot be known here."""
        self.undecided.append(Problem(text, "", place.path, place.line, place.column))


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
        self.includes: List[Include] = []
        self._reader = reader
        self._version = version
        self._environment = invocation.environment
        self._report = report
        self._blocks = blocks
        self._feed = feed
        self._foreign = foreign_directives(version)
        self._values: Dict[bytes, _Value] = _predefined(version)
        self._all_inert = True
        self._defines: Dict[bytes, Define] = {}
        self._conditions: Tuple[Condition, ...] = ()
        # True, False, or None where it cannot be known here; only a branch that is True is read.
        self._active: List[Optional[bool]] = []
        self._loose_ends: List[Place] = []
        self._substitutions: List[Tuple[Substitution, str]] = []
        self._hides_sockets = False
        self._count = 0
        # Whether the server has given up by now, so that nothing that follows matters.
        self._stopped = False
        self._expansions = 0
        # Whether a define that was just replaced ends in a comment, which the text behind the name continues.
        self._open_comment = False
        for define in invocation.defines:
            name, equals, value = define.encode("utf-8", "surrogateescape").partition(b"=")
            self._set(name, value if equals else None)
        for option, rule in invocation.substitutions:
            self._substitute(
                option.encode(), rule.encode("utf-8", "surrogateescape"), Place("the command line", 0, 0, 0, 0)
            )

    @property
    def hides_sockets(self) -> bool:
        """Whether a branch or a file that could not be read may hold more C(listen)."""
        return self._hides_sockets

    def defines(self) -> Dict[str, Define]:
        """The defines of the files that still stand, by name."""
        return {show(name): define for name, define in self._defines.items()}

    def define_module(self, name: str) -> None:
        """Each module that is loaded is a define from then on."""
        self._values.setdefault(b"MOD_" + name.encode("utf-8", "surrogateescape"), None)

    def finish(self) -> None:
        """Say what the end of the main file leaves open."""
        # The server only counts: one too many here makes up for one that is missing there.
        if self._stopped:
            return
        balance = len(self._conditions) - len(self._loose_ends)
        for place in self._loose_ends[: max(0, -balance)]:
            self._report.refuse("config-syntax", place.path, place.line, "#!endif closes nothing")
        if balance > 0:
            opened = self._conditions[-1]
            self._report.refuse(
                "config-syntax", opened.path, opened.line, "%s is never closed" % opened.text, "Add its #!endif"
            )

    def file(self, path: str, data: bytes, depth: int = 0) -> None:
        """Read a file, and what it includes."""
        self.files.setdefault(path, data)
        lines = _Lines(data)
        size = len(data)
        includes = includes_in(data)
        next_include = next(includes)
        at = 0
        while at < size and not self._stopped:
            if all(self._active):
                at = skip_blank(data, at)
                if self._blocks.in_block and self._all_inert:
                    while next_include < at:
                        next_include = next(includes)
                    at, opened = skip_in_block(data, at, next_include)
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

    def _token(self, token: Token, place: Place, data: bytes, depth: int) -> None:
        kind = token.kind
        if kind in (lexer.STRING, lexer.RAW_STRING, lexer.WORD, lexer.PUNCT):
            self._code(token, place, 0)
            if kind == lexer.WORD:
                self._check_what_follows(token, place, data)
        elif kind == lexer.COMMENT and data[token.start : token.start + 2] == b"!!":
            text = "this version does not know !!%s, and with !! it is not even a comment" % show(token.name)
            self._report.refuse("config-syntax", place.path, place.line, text, "Take it out, or write #!")
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
            self._define(token, place, data)
        elif kind == lexer.UNDEFINE:
            self._undefine(token, place)
        elif kind == lexer.ENVIRONMENT:
            self._define_environment(token, place)
        elif kind == lexer.SUBSTITUTION:
            self._substitute(token.name, self._substituted(parse_string(token.text), place)[0], place)
        elif kind == lexer.INCLUDE:
            self._include(token, place, depth)
        else:
            self._unclosed(kind, place)

    def _unclosed(self, kind: str, place: Place) -> None:
        if kind == lexer.UNCLOSED_COMMENT:
            text = "this comment never ends, and the rest of the file is gone: kamailio -c accepts that"
            remedy = "A /* inside a comment needs its own */"
            self._report.refuse("comment-unclosed", place.path, place.line, text, remedy)
        else:
            text = "this string never ends"
            self._report.refuse("config-syntax", place.path, place.line, text, "Add the closing quote")

    def _condition(self, token: Token, place: Place) -> None:
        if len(self._conditions) == CONDITION_DEPTH:
            text = "conditionals are nested deeper than %d" % CONDITION_DEPTH
            self._give_up(place, text)
            return
        text = "#!%s %s" % (show(token.name), show(token.text.strip()))
        self._conditions = (*self._conditions, Condition(text, place.path, place.start, place.line))
        if not all(self._active):
            self._active.append(False)
        elif token.name == b"ifexp":
            self._active.append(self._expression_holds(token.text, place))
        else:
            self._active.append(self._defined(token, place))

    def _expression_holds(self, text: bytes, place: Place) -> Optional[bool]:
        try:
            return holds(evaluate_expression(text.strip(), self._value_of))
        except UndecidedError:
            return None
        except CrashError:
            self._crashes(place)
            return False

    def _crashes(self, place: Place) -> None:
        text = "the server crashes on this expression: && and || need numbers on both sides"
        self._report.refuse("config-syntax", place.path, place.line, text, 'Compare strings, as in NAME == "x"')

    def _value_of(self, name: str) -> Result:
        """What a name in an expression stands for."""
        key = name.encode()
        if key not in self._values:
            if self._version is None and key.startswith(b"KAMAILIO_"):
                raise UndecidedError
            return 0.0
        value = self._values[key]
        if isinstance(value, Unknown):
            raise UndecidedError
        if value is None:
            return 1.0
        if len(value) >= 2 and value[:1] in (b'"', b"'") and value[-1:] == value[:1]:
            return value[1:-1]
        return value

    def _defined(self, token: Token, place: Place) -> Optional[bool]:
        name = (_NAME.match(token.text) or [b""])[0]
        if token.text[len(name) : len(name) + 1] == b"-":
            text = "a - cannot stand in the name of a define"
            self._report.refuse("config-syntax", place.path, place.line, text)
        defined = name in self._values
        value = self._values.get(name)
        if isinstance(value, Unknown) and not value.surely_defined:
            return None
        if self._version is None and not defined and name.startswith(b"KAMAILIO_"):
            return None
        return defined != (token.name == b"ifndef")

    def _skip(self, place: Place, data: bytes) -> None:
        self.inactive.append(place)
        self._report.problems += misread_directives(data, place, True)
        if None not in self._active:
            return
        if any(data.find(name, place.start, place.end) >= 0 for name in (b"listen", b"disable_tcp", b"enable_tls")):
            self._hides_sockets = True
        if _DECISIVE.search(data, place.start, place.end):
            text = place.conditions[self._active.index(None)].text
            self._report.unknown(place, "whether %s holds is known to the server only" % text)

    def _define(self, token: Token, place: Place, data: bytes) -> None:
        found = _NAME_OF_DIRECTIVE.match(data, token.start, token.end)
        name = found.group(1) if found else b""
        if found and found.group(2):
            text = "a - cannot stand in the name of a define"
            self._report.refuse("config-syntax", place.path, place.line, text)
            return
        if not self._may_define(name, token.name, place):
            return
        value = token.text.replace(b"\\\n", b"")
        if token.name.startswith(b"defexp") and value:
            self._set(name, self._expression_value(value, token.name == b"defexps", place))
        else:
            self._set(name, value or None)
        start = data.find(token.text, found.end(1) if found else token.start) if token.text else token.end
        self._defines[name] = Define(place, start, start + len(token.text))

    def _may_define(self, name: bytes, directive: bytes, place: Place) -> bool:
        if name in self._values:
            if directive.startswith(b"try"):
                return False
            if not directive.startswith(b"re"):
                text = "%s is defined already, which the server refuses" % show(name)
                remedy = "Use #!redefine or #!trydefine"
                self._report.refuse("config-syntax", place.path, place.line, text, remedy)
                return False
        return True

    def _expression_value(self, text: bytes, quote: bool, place: Place) -> _Value:
        try:
            result = evaluate_expression(text.strip(), self._value_of)
            value = None if result is None else render_result(result)
        except UndecidedError:
            return Unknown(True)
        except CrashError:
            self._crashes(place)
            return None
        return b'"%s"' % value if quote and value is not None else value or None

    def _set(self, name: bytes, value: _Value) -> None:
        self._values[name] = value
        if isinstance(value, bytes) and not is_inert(value):
            self._all_inert = False

    def _undefine(self, token: Token, place: Place) -> None:
        if token.text not in self._values and not token.name.startswith(b"try"):
            text = "%s is not defined, which the server refuses here" % show(token.text)
            self._report.refuse("config-syntax", place.path, place.line, text, "Use #!tryundef")
        self._values.pop(token.text, None)
        self._defines.pop(token.text, None)

    def _define_environment(self, token: Token, place: Place) -> None:
        name, equals, variable = token.text.partition(b"=")
        optional = token.name.startswith(b"try")
        key = show(variable if equals else name)
        value = self._environment.get(key) if self._environment is not None else None
        if self._environment is None or (key in self._environment and value is None):
            self._values[name] = Unknown(not optional)
            return
        if value is None:
            if not optional:
                text = "the environment variable %s is not set, which the server refuses" % key
                self._report.refuse("config-syntax", place.path, place.line, text, "Use #!trydefenv, or set it")
            return
        if self._may_define(name, b"define", place):
            data = value.encode("utf-8", "surrogateescape")
            self._set(name, b'"%s"' % data if token.name.endswith(b"s") else data or None)

    def _substitute(self, directive: bytes, rule: bytes, place: Place) -> None:
        # Its text may hold a password, so it is not shown.
        what = "#!%s on line %d" % (show(directive), place.line)
        try:
            substitution = parse_substitution(rule)
        except ValueError as exc:
            self._report.refuse("config-syntax", place.path, place.line, "%s %s" % (what, exc))
            return
        self._substitutions.append((substitution, what))
        if directive == b"subst" or not self._may_define(substitution.name, b"define", place):
            return
        value: _Value = substitution.value
        if b"$" in substitution.value:
            value = Unknown(True)
        elif directive == b"substdefs":
            value = b'"%s"' % substitution.value
        self._set(substitution.name, value or None)

    def _substituted(self, text: bytes, place: Place) -> Tuple[bytes, Place, str]:
        """A string after the substitutions, where it comes from then, and the doubt that remains."""
        for substitution, what in self._substitutions:
            changed = substitution.apply(text)
            if isinstance(changed, Unclear):
                return text, place, what + " changes strings, perhaps this one"
            if changed != text:
                text, place = changed, place._replace(define=what)
        return text, place, ""

    def _include(self, token: Token, place: Place, depth: int) -> None:
        name, _place, doubt = self._substituted(token.text, place)
        refuse = self._report.refuse
        if doubt:
            self._report.unknown(place, doubt)
            self._hides_sockets = True
            return
        if name[:1] != b'"' or name[-1:] != b'"' or len(name) < 3:
            refuse("config-syntax", place.path, place.line, "the file name needs double quotes", "No space in it")
            return
        if len(name) >= INCLUDE_NAME_BYTES:
            refuse("config-syntax", place.path, place.line, "the file name is too long for the server")
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
            self._report.unknown(place, content.text)
            self._hides_sockets = True
        elif content is not None:
            self.includes.append(Include(target, place))
            self.file(target, content, depth + 1)
        elif token.name == b"include_file":
            text = "the included file %s is not there" % target
            refuse("include-missing", place.path, place.line, text)

    def _code(self, token: Token, place: Place, depth: int) -> None:
        if token.kind == lexer.PUNCT:
            self._feed(Item("punct", token.text, place))
        elif token.kind != lexer.WORD:
            text = parse_string(token.text)
            self._feed(Item("string", *self._substituted(text, place)))
        elif token.text in self._values and token.text not in SHAPES and depth < DEFINE_DEPTH:
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
            self._report.refuse("config-syntax", place.path, place.line, text)
        self._stopped = True

    def _expand(self, token: Token, place: Place, depth: int) -> None:
        value = self._values[token.text]
        via = place._replace(define=place.define or show(token.text))
        if isinstance(value, Unknown):
            self._feed(Item("unknown", token.text, via, "%s is known to the server only" % quoted(token.text, 60)))
            return
        if value is None:
            self._feed(Item("word", token.text, place))
            return
        at = 0
        while at < len(value):
            self._expansions += 1
            if self._stopped or self._expansions > MOST_EXPANSIONS:
                self._endless(via)
                return
            part = lexer.next_token(value, at, self._foreign)
            at = part.end
            if part.kind in (lexer.STRING, lexer.RAW_STRING, lexer.WORD, lexer.PUNCT):
                self._code(part, via, depth + 1)
                if self._open_comment and value[at:].strip():
                    self._leaks(via)
            elif part.kind == lexer.COMMENT and at == len(value):
                self._open_comment = True
            elif part.kind not in (lexer.SPACE, lexer.COMMENT):
                self._leaks(via)

    def _leaks(self, via: Place) -> None:
        text = "what the define %s does to the text behind it is not read here" % via.define
        self._report.unknown(via, text)

    def _check_what_follows(self, token: Token, place: Place, data: bytes) -> None:
        """A comment at the end of a define goes on behind the name, and so does a string that another one follows."""
        value = self._values.get(token.text)
        via = place._replace(define=show(token.text))
        rest = data[token.end : data.find(b"\n", token.end) + 1 or len(data)]
        if self._open_comment and rest.strip():
            self._leaks(via)
        self._open_comment = False
        if isinstance(value, bytes) and value.rstrip().endswith(b'"') and data[token.end :][:80].lstrip()[:1] == b'"':
            self._leaks(via)


def foreign_directives(version: Optional[Version]) -> FrozenSet[bytes]:
    """The directives that a version does not know, so that they are comments to it."""
    names: List[bytes] = []
    if version is not None and version[:2] < IFEXP_SINCE:
        names += [b"ifexp", b"defexp", b"defexps"]
    if version is None or version[:2] < UNDEF_SINCE:
        names += [b"undef", b"undefine", b"tryundef", b"tryundefine"]
    return frozenset(names)


def _predefined(version: Optional[Version]) -> Dict[bytes, _Value]:
    values: Dict[bytes, _Value] = {}
    if version is None or version[:2] >= IFEXP_SINCE:
        sure = version is not None and version[:2] >= VERSION_DEFINES_SURE_SINCE
        values = {b"OS_NAME": Unknown(sure), b"KAMAILIO_VERSION": Unknown(sure)}
    if version is not None:
        numbers = [b"%d" % number for number in version]
        for count in range(1, len(numbers) + 1):
            values[b"KAMAILIO_" + b"_".join(numbers[:count])] = None
        if len(version) == 3 and version[:2] >= VERSION_DEFINES_SURE_SINCE:
            values[b"KAMAILIO_VERSION"] = b"%d" % (version[0] * 1000000 + version[1] * 1000 + version[2])
    return values


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
