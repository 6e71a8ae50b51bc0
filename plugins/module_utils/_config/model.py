# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the evaluation of kamailio.cfg finds."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .._errors import Problem
from .._text import show
from .lexer import COMMENT, RAW_STRING, SPACE, STRING, WORD, Token, next_token
from .sockets import Sockets
from .values import Value, parse_string


class Invocation(NamedTuple):
    """What a server gets beside its configuration file.

    C(defines) as C(NAME) or C(NAME=value) (C(-A)); C(modules) (C(--loadmodule)); C(params) as module, name and value
    (C(--modparam)); C(substitutions) as option and rule (C(subst), C(substdef), C(substdefs)); C(load_path) (C(-L)),
    None for the one built in; C(environment) is None where it is not known, and so is the value of a variable;
    C(listens) are more sockets (C(-l)), C(folder) is where the server works (C(-w)), None for C(/).
    """

    defines: Tuple[str, ...] = ()
    modules: Tuple[str, ...] = ()
    params: Tuple[Tuple[str, str, Value], ...] = ()
    substitutions: Tuple[Tuple[str, str], ...] = ()
    load_path: Optional[str] = None
    environment: Optional[Mapping[str, Optional[str]]] = None
    listens: Tuple[str, ...] = ()
    folder: Optional[str] = None


class Account(NamedTuple):
    """A user and a group of the host, by name or number, None where nothing is said."""

    user: Optional[str] = None
    group: Optional[str] = None


class Condition(NamedTuple):
    """A conditional directive; C(text) is C(#!ifdef X), with C(… #!else) behind it in its other branch."""

    text: str
    path: str
    start: int
    line: int
    column: int


class Place(NamedTuple):
    """A statement in a file: its bytes C(start:end), its 1-based line and column, both 0 on the command line.

    C(conditions) are the directives around it, outermost first, C(define) the define or substitution that it comes
    from, if any. C(order) rises with the evaluation, through includes.
    """

    path: str
    start: int
    end: int
    line: int
    column: int
    conditions: Tuple[Condition, ...] = ()
    define: Optional[str] = None
    order: int = 0


def problem_at(place: Union[Place, Condition], text: str, remedy: str = "") -> Problem:
    """A problem at a place."""
    return Problem(text, remedy, place.path, place.line or None, place.column or None)


class Load(NamedTuple):
    """A C(loadmodule) that takes effect; C(name) is without folder and C(.so), C(written) is its argument.

    C(load_path) is what C(loadpath) was set to before it, None for the one built in.
    """

    name: str
    place: Place
    written: str
    load_path: Optional[str]


class Param(NamedTuple):
    """A C(modparam) that takes effect, for each module in C(modules).

    C(value) is None where only the server can know it. C(value_place) covers the bytes of the value alone.
    """

    modules: Tuple[str, ...]
    written_for: str
    name: str
    value: Optional[Value]
    place: Place
    value_place: Place


class CoreSetting(NamedTuple):
    """A core setting that takes effect, C(NAME = VALUE), or a value of the script, C(GROUP.NAME = VALUE).

    C(kind) is what its value is: C(number), C(negative), C(string), C(word), C(address) for what continues a word or a
    number without white space, C(variable), C(punct), C(unknown) where only the server knows it. C(text) is the value
    as far as it matters, C(value_place) where it begins.
    """

    name: str
    place: Place
    kind: str
    text: bytes
    value_place: Place


class Include(NamedTuple):
    """An C(include_file) or C(import_file) that takes effect, with the path of the file that it reads."""

    target: str
    place: Place


class Define(NamedTuple):
    """A C(#!define) that takes effect: its directive, and the bytes C(start:end) of its value."""

    place: Place
    start: int
    end: int


class Call(NamedTuple):
    """A call of a function in the routing script.

    C(args) are the values of strings, numbers and words, None for what only the server can evaluate. A string may hold
    pseudo-variables. C(block) is the block that has it, such as C(request_route), C(route[RELAY]) or
    C(event_route[tm:local-request]); C(place) is that of the name.
    """

    name: str
    args: Tuple[Optional[bytes], ...]
    block: str
    place: Place


class _Fields(NamedTuple):
    """The fields of an evaluation."""

    path: str
    files: Dict[str, bytes]
    loads: Tuple[Load, ...]
    params: Tuple[Param, ...]
    problems: Tuple[Tuple[str, Problem], ...]
    undecided: Tuple[Problem, ...]
    inactive: Tuple[Place, ...]
    unsure: Tuple[Place, ...]
    includes: Tuple[Include, ...]
    defines: Mapping[str, Define]
    first_block: Optional[Place]
    load_path: Optional[str]
    listens: Tuple[str, ...]
    sockets: Sockets
    settings: Mapping[str, bytes]
    folder: str
    core_settings: Tuple[CoreSetting, ...]
    empty: bool
    unread: Tuple[str, ...]
    calls: Tuple[Call, ...]
    routes: Mapping[str, Place]
    hides_statements: bool
    hides_calls: bool


class Evaluation(_Fields):
    """A configuration as the server evaluates it.

    C(loads) and C(params) in the order of evaluation; C(problems) are what the server refuses or what it takes for
    something else than it seems, by rule; C(undecided) is what could not be evaluated; C(inactive) are the branches
    that are not active, C(unsure) those of them that the server may read all the same; C(includes) in the order of
    evaluation; C(defines) are those of the files that still stand at the end; C(load_path) is the text of the last
    C(loadpath), None if there is none; C(listens) are the texts of C(listen); C(sockets) are those it listens on;
    C(settings) are core settings by name, C(core_settings) all of them in order; C(folder) is where the server works,
    with which a relative path begins; C(empty) says whether there is no statement at all; C(unread) are the included
    files that do not exist or cannot be judged; C(calls) are those of the routing script, and C(routes) where each of
    its blocks begins, by the name that C(Call) has of it; C(hides_calls) says whether there may be more of both, and
    C(hides_statements) whether there may be more of the rest.
    """

    def load(self, name: str) -> Optional[Load]:
        """The first load of a module."""
        return next((load for load in self.loads if load.name == name), None)

    def all_params(self, module: str, name: Optional[str] = None) -> List[Param]:
        """Everything set for a module, or for one of its parameters, in order."""
        params = self.params if name is None else self._by_name.get(name, ())
        return [param for param in params if module in param.modules]

    def param(self, module: str, name: str) -> Optional[Param]:
        """The setting of a parameter that counts: the last one."""
        found = self.all_params(module, name)
        return found[-1] if found else None

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Param]]:
        found: Dict[str, List[Param]] = {}
        for param in self.params:
            found.setdefault(param.name, []).append(param)
        return found

    def uses(self, name: str) -> int:
        """How often a define's name stands in the files, comments and strings included, its directives excepted."""
        pattern = re.compile(rb"(?<![A-Za-z0-9_])%s(?![A-Za-z0-9_])" % re.escape(name.encode()))
        directive = re.compile(
            rb"(?:#!|!!)(?:ifn?def|(?:try|re)?def(?:ine)?|defexps?|(?:try)?undef(?:ine)?|(?:try)?defenvs?)[ \t]+"
            rb"%s(?![A-Za-z0-9_])" % re.escape(name.encode())
        )
        texts = self.files.values()
        return sum(len(pattern.findall(data)) - len(directive.findall(data)) for data in texts)

    def inactive_loads(self, name: str) -> List[Place]:
        """The statements that load the module in branches that are not active, as far as text can tell."""
        return [
            branch._replace(
                start=start,
                end=end,
                line=branch.line + self.files[branch.path].count(b"\n", branch.start, start),
                column=start - self.files[branch.path].rfind(b"\n", 0, start),
            )
            for branch in self.inactive
            for start, end in _loads_in(self.files[branch.path][branch.start : branch.end], branch.start, name)
        ]


def _loads_in(data: bytes, offset: int, name: str) -> Iterator[Tuple[int, int]]:
    """Where this text, at C(offset) in its file, loads a module, if it were active."""
    if name.encode() not in data:
        return
    at = 0
    statement: List[Token] = []
    while at < len(data):
        token = next_token(data, at, frozenset())
        at = token.end
        if token.kind in (SPACE, COMMENT):
            continue
        if token.kind == WORD and token.text in (b"loadmodule", b"loadmodulex"):
            statement = [token]
        elif statement and token.text == b"(" and len(statement) == 1:
            statement.append(token)
        elif statement and token.kind in (STRING, RAW_STRING):
            loads = module_name(show(parse_string(token.text))) == name
            if len(statement) == 2:
                closing = data.find(b")", token.end, (data.find(b"\n", token.end) + 1 or len(data)))
                at = max(at, closing + 1)
            if loads:
                yield offset + statement[0].start, offset + at
            statement = []
        else:
            statement = []


# Modules whose own name, which a modparam and MOD_… have, is not that of their file.
_OWN_NAMES = {"ims_qos_npn": "ims_qos", "ss7ops": "ss7"}


def own_name(module: str) -> str:
    """The name that a C(modparam) and C(MOD_…) have for a module, from that of its file without C(.so)."""
    return _OWN_NAMES.get(module, module)


def module_name(text: str) -> str:
    """The name of a module without its folder and without C(.so)."""
    name = text.rpartition("/")[2]
    return name[:-3] if name.endswith(".so") else name
