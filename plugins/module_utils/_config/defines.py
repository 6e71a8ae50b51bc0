# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The defines and substitutions of a configuration, as they are at one moment of its reading.

Sources: Kamailio's src/core/cfg.lex and ppcfg.c.
"""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from .._text import show
from .._versions import Version
from .expression import CrashError, Result, UndecidedError, evaluate_expression, holds, render_result
from .lexer import Token
from .model import Define, Invocation, Place
from .report import Report
from .skip import is_inert, may_call
from .substitution import Effort, Substitution, Unclear, parse_substitution

# Each of them is applied to every string, those of the others included, so that their cost grows with the square.
_MOST_SUBSTITUTIONS = 500
# With those of the server itself and of the modules that are loaded: MAX_DEFINES of Kamailio's src/core/cfg.lex.
MOST_DEFINES = 512

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_NAME_OF_DIRECTIVE = re.compile(rb"(?:#!|!!)[a-z]+[ \t\x08\r]+([A-Za-z0-9_]+)(-?)")


class Unknown(NamedTuple):
    """A define whose value, or whose being there at all, only the server knows."""

    surely_defined: bool


Value = Union[bytes, None, Unknown]


class Defines:
    """C(values) has what each name stands for.

    C(all_inert) says whether none of them can open or close a block, C(any_calls) whether one may call a function.
    """

    def __init__(self, version: Optional[Version], invocation: Invocation, report: Report) -> None:
        self._version = version
        self._environment = invocation.environment
        self._report = report
        self.values: Dict[bytes, Value] = _predefined(version)
        self.all_inert = True
        self.any_calls = False
        self._standing: Dict[bytes, Define] = {}
        self._substitutions: List[Tuple[Substitution, str]] = []
        self._effort = Effort()
        self._too_many = ""
        for define in invocation.defines:
            name, equals, value = define.encode("utf-8", "surrogateescape").partition(b"=")
            self._set(name, value if equals else None)
        for option, rule in invocation.substitutions:
            self.substitute(
                option.encode(), rule.encode("utf-8", "surrogateescape"), Place("the command line", 0, 0, 0, 0)
            )

    def standing(self) -> Dict[str, Define]:
        """The defines of the files that still stand, by name."""
        return {show(name): define for name, define in self._standing.items()}

    def define_module(self, name: str, place: Place) -> None:
        """Each module that is loaded is a define from then on."""
        if self._has_room(place, MOST_DEFINES):
            self.values.setdefault(b"MOD_" + name.encode("utf-8", "surrogateescape"), None)

    def decide(self, token: Token, place: Place) -> Optional[bool]:
        """Whether the branch of a conditional is read; None where only the server knows."""
        return self._expression_holds(token.text, place) if token.name == b"ifexp" else self._is_defined(token, place)

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
        self._report.refuse("config-syntax", place, text, 'Compare strings, as in NAME == "x"')

    def _value_of(self, name: str) -> Result:
        """What a name in an expression stands for."""
        key = name.encode()
        if key not in self.values:
            if self._version is None and key.startswith(b"KAMAILIO_"):
                raise UndecidedError
            return 0.0
        value = self.values[key]
        if isinstance(value, Unknown):
            raise UndecidedError
        if value is None:
            return 1.0
        if len(value) >= 2 and value[:1] in (b'"', b"'") and value[-1:] == value[:1]:
            return value[1:-1]
        return value

    def _is_defined(self, token: Token, place: Place) -> Optional[bool]:
        found = _NAME.search(token.text)
        if not found:
            text = "#!%s names no define on its line, and the server takes the next word for it" % show(token.name)
            self._report.refuse("directive-not-recognised", place, text, "Add the name")
            return None
        name = found.group()
        if found.start():
            text = "#!%s looks for %s, and ignores what stands before it" % (show(token.name), show(name))
            remedy = "Put nothing before the name; #!ifndef says that it is not there"
            self._report.refuse("directive-not-recognised", place, text, remedy)
        if token.text[found.end() : found.end() + 1] == b"-":
            text = "a - cannot stand in the name of a define"
            self._report.refuse("config-syntax", place, text)
        defined = name in self.values
        value = self.values.get(name)
        if isinstance(value, Unknown) and not value.surely_defined:
            return None
        if self._version is None and not defined and name.startswith(b"KAMAILIO_"):
            return None
        return defined != (token.name == b"ifndef")

    def define(self, token: Token, place: Place, data: bytes) -> None:
        """Obey C(#!define) and its relatives."""
        found = _NAME_OF_DIRECTIVE.match(data, token.start, token.end)
        name = found.group(1) if found else b""
        if found and found.group(2):
            text = "a - cannot stand in the name of a define"
            self._report.refuse("config-syntax", place, text)
            return
        if not self._may_define(name, token.name, place, bool(token.text)):
            return
        value = token.text.replace(b"\\\n", b"")
        if token.name.startswith(b"defexp") and value:
            self._set(name, self._expression_value(value, token.name == b"defexps", place))
        else:
            self._set(name, value or None)
        start = data.find(token.text, found.end(1) if found else token.start) if token.text else token.end
        self._standing[name] = Define(place, start, start + len(token.text))

    def _has_room(self, place: Place, room: int) -> bool:
        if len(self.values) < room:
            return True
        text = "this is one define more than the server has room for: %d, its own and those of modules included"
        self._report.refuse("config-syntax", place, text % MOST_DEFINES, "Take some out")
        return False

    def _may_define(self, name: bytes, directive: bytes, place: Place, valued: bool) -> bool:
        # Whether there is room is looked at before the name, and once more before the value of a new one.
        if not self._has_room(place, MOST_DEFINES - (valued and name not in self.values)):
            return False
        if name in self.values:
            if directive.startswith(b"try"):
                return False
            if not directive.startswith(b"re"):
                text = "%s is defined already, which the server refuses" % show(name)
                remedy = "Use #!redefine or #!trydefine"
                self._report.refuse("config-syntax", place, text, remedy)
                return False
        return True

    def _expression_value(self, text: bytes, quote: bool, place: Place) -> Value:
        try:
            result = evaluate_expression(text.strip(), self._value_of)
            value = None if result is None else render_result(result)
        except UndecidedError:
            return Unknown(True)
        except CrashError:
            self._crashes(place)
            return None
        return b'"%s"' % value if quote and value is not None else value or None

    def _set(self, name: bytes, value: Value) -> None:
        self.values[name] = value
        if isinstance(value, bytes) and not is_inert(value):
            self.all_inert = False
        if isinstance(value, bytes) and may_call(value):
            self.any_calls = True

    def undefine(self, token: Token, place: Place) -> None:
        """Obey C(#!undef)."""
        if token.text not in self.values and not token.name.startswith(b"try"):
            text = "%s is not defined, which the server refuses here" % show(token.text)
            self._report.refuse("config-syntax", place, text, "Use #!tryundef")
        self.values.pop(token.text, None)
        self._standing.pop(token.text, None)

    def define_from_environment(self, token: Token, place: Place) -> None:
        """Obey C(#!defenv) and its relatives."""
        name, equals, variable = token.text.partition(b"=")
        optional = token.name.startswith(b"try")
        key = show(variable if equals else name)
        value = self._environment.get(key) if self._environment is not None else None
        if self._environment is None or (key in self._environment and value is None):
            self.values[name] = Unknown(not optional)
            return
        if value is None:
            if not optional:
                text = "the environment variable %s is not set, which the server refuses" % key
                self._report.refuse("config-syntax", place, text, "Use #!trydefenv, or set it")
            return
        if self._may_define(name, b"define", place, True):
            data = value.encode("utf-8", "surrogateescape")
            self._set(name, b'"%s"' % data if token.name.endswith(b"s") else data or None)

    def substitute(self, directive: bytes, rule: bytes, place: Place) -> None:
        """Obey C(#!subst) and its relatives: strings that follow are changed by the rule."""
        # Its text may hold a password, so it is not shown.
        what = "#!%s on line %d" % (show(directive), place.line)
        try:
            substitution = parse_substitution(rule)
        except ValueError as exc:
            self._report.refuse("config-syntax", place, "%s %s" % (what, exc))
            return
        if len(self._substitutions) == _MOST_SUBSTITUTIONS:
            self._too_many = "%s follows %d others, which is more than are obeyed here" % (what, _MOST_SUBSTITUTIONS)
        else:
            self._substitutions.append((substitution, what))
        if directive == b"subst" or not self._may_define(substitution.name, b"define", place, True):
            return
        self._set(substitution.name, self._substituting(directive, rule, substitution.value) or None)

    def _substituting(self, directive: bytes, rule: bytes, value: bytes) -> Value:
        """What the define of a C(#!substdef) or C(#!substdefs) stands for."""
        version = self._version
        if b"$" in value and (version is None or version.evaluates_variables):
            return Unknown(True)
        if directive == b"substdef":
            return value
        quote = b'"' if version is None or version.quotes_substdefs else rule[:1]
        return quote + value + quote

    def substituted(self, text: bytes, place: Place) -> Tuple[bytes, Place, str]:
        """A string after the substitutions, where it comes from then, and the doubt that remains."""
        if self._too_many:
            return text, place, self._too_many
        for substitution, what in self._substitutions:
            if not self._effort.allows(substitution.name, len(text)):
                self._too_many = what + " would take too long to be applied to all strings here"
                return text, place, self._too_many
            changed = substitution.apply(text)
            if isinstance(changed, Unclear):
                return text, place, what + " changes strings, perhaps this one"
            if changed != text:
                text, place = changed, place._replace(define=what)
        return text, place, ""


def _predefined(version: Optional[Version]) -> Dict[bytes, Value]:
    values: Dict[bytes, Value] = {}
    if version is None or version.evaluates_expressions:
        sure = version is not None and version.surely_defines_its_version
        values = {b"OS_NAME": Unknown(sure), b"KAMAILIO_VERSION": Unknown(sure)}
    if version is not None:
        numbers = [b"%d" % number for number in version if number is not None]
        for count in range(1, len(numbers) + 1):
            values[b"KAMAILIO_" + b"_".join(numbers[:count])] = None
        if version.number is not None and version.surely_defines_its_version:
            values[b"KAMAILIO_VERSION"] = b"%d" % version.number
    return values
