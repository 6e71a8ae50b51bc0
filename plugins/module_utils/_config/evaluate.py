# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""kamailio.cfg as the server evaluates it: conditionals, defines and includes followed.

Sources: Kamailio's src/core/cfg.lex (directives, strings, comments, includes), cfg.y (statements) and
modparam.c (which modules a modparam is for).
"""

from __future__ import annotations

import re
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

from .._errors import Problem
from .._text import quoted, show
from . import lexer
from .lexer import Token
from .listen import ListenReader
from .model import Evaluation, Load, Param, Place
from .statements import SHAPES, Item, Statement, StatementReader
from .values import Value, parse_number, parse_string

INCLUDE_DEPTH = 10
DEFINE_DEPTH = 64
IFEXP_SINCE = (5, 7)
PARENTHESES_SINCE = (5, 7)
LOAD_ONCE_SINCE = (6, 1)
# 5.6.3 has neither KAMAILIO_VERSION nor OS_NAME, 6.0.1 has both.
VERSION_DEFINES_SURE_SINCE = (6, 0)

Version = Tuple[int, ...]

# Reads an included file: its bytes, None if it is not there, or why it cannot be known.
Reader = Callable[[str], Union[bytes, Problem, None]]


# What a branch must hold to matter to the modules and their parameters.
_DECISIVE = re.compile(rb"loadmodule|modparam|include_file|import_file|(?:#!|!!)[a-z]*(?:def|subst)")


class _Unknown(NamedTuple):
    """A define whose value, or whose being there at all, only the server knows."""

    surely_defined: bool


_Define = Union[bytes, None, _Unknown]


def evaluate(
    path: str, data: bytes, reader: Reader, version: Optional[Version] = None, defines: Iterable[str] = ()
) -> Evaluation:
    """Evaluate a configuration. C(defines) are what the server gets with C(-A): C(NAME) or C(NAME=value).

    Takes any bytes and raises nothing: what the server would refuse is in C(problems).
    """
    run = _Run(path, reader, version, defines)
    run.file(path, data, 0)
    return run.result()


class _Branch(NamedTuple):
    text: str
    line: int
    path: str


class _Run:
    def __init__(self, path: str, reader: Reader, version: Optional[Version], defines: Iterable[str]) -> None:
        self.path = path
        self.reader = reader
        self.version = version
        self.knows_ifexp = version is None or version[:2] >= IFEXP_SINCE
        self.defines: Dict[bytes, _Define] = dict(_predefined(version))
        for define in defines:
            name, equals, value = define.encode("utf-8", "surrogateescape").partition(b"=")
            self.defines[name] = value if equals else None
        self.files: Dict[str, bytes] = {}
        self.loads: List[Load] = []
        self.params: List[Param] = []
        self.problems: List[Tuple[str, Problem]] = []
        self.undecided: List[Problem] = []
        self.inactive: List[Place] = []
        self.branches: List[_Branch] = []
        # True, False, or None where it cannot be known here; only a branch that is True is read.
        self.active: List[Optional[bool]] = []
        self.substitutions: List[Tuple[bytes, str]] = []
        self.statements = StatementReader()
        self.listen = ListenReader()

    def result(self) -> Evaluation:
        for problem in self.statements.finish():
            self.problems.append(("config-syntax", problem))
        if self.branches:
            branch = self.branches[-1]
            self.refuse(
                "config-syntax", branch.path, branch.line, "%s is never closed" % branch.text, "Add its #!endif"
            )
        return Evaluation(
            self.path,
            self.files,
            tuple(self.loads),
            tuple(self.params),
            tuple(self.problems),
            tuple(self.undecided),
            tuple(self.inactive),
            self.statements.first_block,
            self.listen.result(),
        )

    def refuse(self, rule: str, path: str, line: int, text: str, remedy: str = "") -> None:
        self.problems.append((rule, Problem(text, remedy, path, line)))

    def unknown(self, place: Place, text: str) -> None:
        self.undecided.append(Problem(text, "", place.path, place.line, place.column))

    def file(self, path: str, data: bytes, depth: int) -> None:
        self.files.setdefault(path, data)
        lines = _Lines(data)
        at = 0
        while at < len(data):
            if all(self.active):
                token = lexer.next_token(data, at, self.knows_ifexp)
            else:
                token = lexer.next_inactive(data, at, self.knows_ifexp)
            self.token(token, self.place(path, token, lines), data, depth)
            at = token.end

    def place(self, path: str, token: Token, lines: _Lines) -> Place:
        line, column = lines.position(token.start)
        return Place(path, token.start, token.end, line, column, tuple(branch.text for branch in self.branches))

    def token(self, token: Token, place: Place, data: bytes, depth: int) -> None:
        kind = token.kind
        if kind in (lexer.SPACE, lexer.COMMENT):
            return
        if kind in (lexer.STRING, lexer.RAW_STRING, lexer.WORD, lexer.PUNCT):
            self.code(token, place, 0)
        elif kind == lexer.CONDITION:
            self.condition(token, place)
        elif kind == lexer.ELSE:
            if self.active:
                self.active[-1] = None if self.active[-1] is None else not self.active[-1]
                opened = self.branches[-1]
                self.branches[-1] = opened._replace(text=opened.text + " … #!else")
        elif kind == lexer.ENDIF:
            if self.active:
                self.active.pop()
                self.branches.pop()
            else:
                self.refuse("config-syntax", place.path, place.line, "#!endif closes nothing")
        elif kind == lexer.INACTIVE:
            self.skip(place, data)
        elif kind == lexer.DEFINE:
            self.define(token, place, data)
        elif kind == lexer.UNDEFINE:
            self.defines.pop(token.text, None)
        elif kind == lexer.ENVIRONMENT:
            self.defines[token.text.split(b"=")[0]] = _Unknown(not token.name.startswith(b"try"))
        elif kind == lexer.SUBSTITUTION:
            self.substitution(token, place)
        elif kind == lexer.INCLUDE:
            self.include(token, place, depth)
        else:
            self.unclosed(kind, place)

    def unclosed(self, kind: str, place: Place) -> None:
        if kind == lexer.UNCLOSED_COMMENT:
            text = "this comment never ends, and the rest of the file is gone: kamailio -c accepts that"
            self.refuse("comment-unclosed", place.path, place.line, text, "A /* inside a comment needs its own */")
        else:
            self.refuse("config-syntax", place.path, place.line, "this string never ends", "Add the closing quote")

    def condition(self, token: Token, place: Place) -> None:
        name = (re.match(rb"[A-Za-z0-9_]*", token.text) or [b""])[0]
        self.branches.append(_Branch("#!%s %s" % (show(token.name), show(token.text.strip())), place.line, place.path))
        if not all(self.active):
            self.active.append(False)
            return
        defined: Optional[bool] = name in self.defines
        value = self.defines.get(name)
        if (
            token.name == b"ifexp"
            or (isinstance(value, _Unknown) and not value.surely_defined)
            or (self.version is None and not defined and name.startswith(b"KAMAILIO_"))
        ):
            defined = None
        self.active.append(None if defined is None else defined != (token.name == b"ifndef"))

    def skip(self, place: Place, data: bytes) -> None:
        self.inactive.append(place)
        if None in self.active and data.find(b"listen", place.start, place.end) >= 0:
            self.listen.unsure()
        if None in self.active and _DECISIVE.search(data, place.start, place.end):
            self.unknown(
                place, "whether %s holds is known to the server only" % place.conditions[self.active.index(None)]
            )

    def define(self, token: Token, place: Place, data: bytes) -> None:
        source = data[token.start : token.end]
        name = (re.match(rb"(?:#!|!!)[a-z]+[ \t\x08\r]+([A-Za-z0-9_]+)", source) or [b"", b""])[1]
        if name in self.defines:
            if token.name.startswith(b"try"):
                return
            if not token.name.startswith(b"re"):
                text = "%s is defined already, which the server refuses" % show(name)
                self.refuse("config-syntax", place.path, place.line, text, "Use #!redefine or #!trydefine")
                return
        if token.name.startswith(b"defexp"):
            self.defines[name] = _Unknown(True)
        else:
            self.defines[name] = token.text.replace(b"\\\n", b"") or None

    def substitution(self, token: Token, place: Place) -> None:
        source = parse_string(token.text)
        parts = source[1:].split(source[:1]) if source else []
        if len(parts) < 2:
            return
        if token.name != b"subst":
            value = b'"%s"' % parts[1] if token.name == b"substdefs" else parts[1]
            self.defines[parts[0]] = value
        plain = re.match(rb"[A-Za-z0-9_]+\Z", parts[0])
        # Its text may hold a password, so it is not shown.
        text = "#!%s on line %d changes strings" % (show(token.name), place.line)
        self.substitutions.append((parts[0] if plain else b"", text))

    def include(self, token: Token, place: Place, depth: int) -> None:
        name = token.text
        if name[:1] != b'"' or name[-1:] != b'"' or len(name) < 3:
            self.refuse("config-syntax", place.path, place.line, "the file name needs double quotes", "No space in it")
            return
        if depth + 1 > INCLUDE_DEPTH:
            text = "includes are nested deeper than %d; a file that includes itself?" % INCLUDE_DEPTH
            if not any(problem.text == text for _rule, problem in self.problems):
                self.refuse("config-syntax", place.path, place.line, text)
            return
        target = show(re.sub(rb"\\(.)", rb"\1", name[1:-1]))
        if not target.startswith("/") and "/" in place.path:
            target = place.path.rpartition("/")[0] + "/" + target
        content = self.reader(target)
        if isinstance(content, Problem):
            self.unknown(place, content.text)
            self.listen.unsure()
        elif content is not None:
            self.file(target, content, depth + 1)
        elif token.name == b"include_file":
            self.refuse("include-missing", place.path, place.line, "the included file %s is not there" % target)

    def code(self, token: Token, place: Place, depth: int) -> None:
        if token.kind == lexer.PUNCT:
            self.feed(Item("punct", token.text, place))
        elif token.kind != lexer.WORD:
            self.feed(Item("string", parse_string(token.text), place))
        elif token.text in self.defines and token.text not in SHAPES and depth < DEFINE_DEPTH:
            self.expand(token, place, depth)
        else:
            self.feed(Item("word", token.text, place))

    def expand(self, token: Token, place: Place, depth: int) -> None:
        value = self.defines[token.text]
        via = place._replace(define=place.define or show(token.text))
        if isinstance(value, _Unknown):
            self.feed(Item("unknown", token.text, via))
            return
        if value is None:
            self.feed(Item("word", token.text, place))
            return
        at = 0
        while at < len(value):
            part = lexer.next_token(value, at, False)
            at = part.end
            if part.kind in (lexer.STRING, lexer.RAW_STRING, lexer.WORD, lexer.PUNCT):
                self.code(part, via, depth + 1)

    def feed(self, item: Item) -> None:
        if not self.statements.in_block:
            self.listen.feed(item)
        for statement in self.statements.feed(item):
            if isinstance(statement, Problem):
                self.problems.append(("config-syntax", statement))
            elif statement.keyword.startswith(b"load"):
                self.load(statement)
            else:
                self.param(statement)

    def known(self, statement: Statement, items: Sequence[Item]) -> bool:
        """Whether these strings are what the server sees; if not, says so."""
        reasons = [(item, self.sees(statement, item)) for item in items]
        for item, reason in reasons:
            if reason:
                self.unknown(item.place, reason)
        return not any(reason for _item, reason in reasons)

    def sees(self, statement: Statement, item: Item) -> Optional[str]:
        """Why the server may see another string than this one."""
        if item.kind == "unknown" or (statement.keyword.endswith(b"x") and b"$" in item.text):
            return "%s is known to the server only" % quoted(item.text, 60)
        for pattern, text in self.substitutions:
            if item.kind == "string" and re.search(pattern, item.text, re.IGNORECASE):
                return "%s, perhaps this one" % text
        return None

    def load(self, statement: Statement) -> None:
        place = statement.place
        if not self.known(statement, statement.arguments):
            return
        if statement.parenthesised and self.version is not None and self.version[:2] < PARENTHESES_SINCE:
            text = "loadmodule with parentheses is a syntax error before Kamailio 5.7"
            self.refuse("config-syntax", place.path, place.line, text, "Write it without them")
            return
        name = module_name(show(statement.arguments[0].text))
        if any(load.name == name for load in self.loads):
            once = len(statement.arguments) > 1 and b"o" in statement.arguments[1].text
            if not once or (self.version is not None and self.version[:2] < LOAD_ONCE_SINCE):
                text = "module %s is loaded already, which the server refuses" % name
                self.refuse("module-twice", place.path, place.line, text, "Take one of the two out")
            return
        self.loads.append(Load(name, place))
        self.defines.setdefault(b"MOD_" + name.encode("utf-8", "surrogateescape"), None)

    def param(self, statement: Statement) -> None:
        module, name, last = statement.arguments[0], statement.arguments[1], statement.arguments[-1]
        place = statement.place
        if not self.known(statement, (module, name)):
            return
        value: Optional[Value] = None
        if last.kind == "string":
            value = last.text if self.sees(statement, last) is None else None
        elif last.kind == "word" and statement.arguments[2].text != b"$":
            number = parse_number(last.text)
            if number is None:
                text = "%s is neither a number nor a quoted string" % quoted(last.text, 60)
                self.refuse("config-syntax", place.path, place.line, text)
                return
            value = -number if statement.arguments[2].text == b"-" else number
        modules = self.matching(module)
        if modules is not None and not modules:
            text = 'modparam("%s", "%s", …) is for a module that is not loaded before it' % (
                quoted(module.text, 40),
                quoted(name.text, 40),
            )
            self.refuse("modparam-without-module", place.path, place.line, text, "Load the module before it")
        first = statement.arguments[2].place
        span = first._replace(end=last.place.end if last.place.path == first.path else first.end)
        self.params.append(Param(modules or (), show(module.text), show(name.text), value, place, span))

    def matching(self, module: Item) -> Optional[Tuple[str, ...]]:
        """The loaded modules that the expression in a modparam matches; None where it cannot be read."""
        try:
            if b"[[:" in module.text:
                raise re.error("a POSIX character class")
            pattern = re.compile("(?:%s)\\Z" % show(module.text), re.IGNORECASE)
        except re.error:
            self.unknown(module.place, "%s is not an expression that can be read here" % quoted(module.text, 60))
            return None
        return tuple(load.name for load in self.loads if pattern.match(load.name))


def module_name(text: str) -> str:
    """The name of a module without its folder and without C(.so)."""
    name = text.rpartition("/")[2]
    return name[:-3] if name.endswith(".so") else name


def _predefined(version: Optional[Version]) -> Dict[bytes, _Define]:
    defines: Dict[bytes, _Define] = {}
    if version is None or version[:2] >= IFEXP_SINCE:
        sure = version is not None and version[:2] >= VERSION_DEFINES_SURE_SINCE
        defines = {b"OS_NAME": _Unknown(sure), b"KAMAILIO_VERSION": _Unknown(sure)}
    if version is not None:
        numbers = [b"%d" % number for number in version]
        for count in range(1, len(numbers) + 1):
            defines[b"KAMAILIO_" + b"_".join(numbers[:count])] = None
    return defines


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
