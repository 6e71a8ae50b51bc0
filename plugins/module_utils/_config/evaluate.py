# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A configuration evaluated as the server does it: modules in load order, parameters, sockets.

Sources: Kamailio's src/core/cfg.y (statements) and modparam.c (which modules a modparam is for).
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Union

from .._errors import Problem, error
from .._text import quoted, show
from .._versions import Version
from .calls import CallReader
from .listen import Core, ListenReader
from .model import Evaluation, Invocation, Load, Param, Place, module_name, own_name
from .preprocess import Preprocessor, Reader
from .report import Report
from .settings import CoreSettingReader, SettingsReader
from .statements import Item, Statement, StatementReader
from .substitution import Effort, is_costly
from .values import Value, parse_number, to_int32

_PLAIN = re.compile(rb"[A-Za-z0-9_]+\Z")
# More modules than any server has; expressions are compared with each.
_MOST_MATCHED = 1000
_REPEATS_NOTHING = re.compile(rb"(?:\A|\()[*+?]")
COMMAND_LINE = "the command line"
NOTHING_BESIDE = Invocation()


def evaluate(
    path: str,
    data: bytes,
    reader: Reader,
    version: Optional[Version] = None,
    invocation: Invocation = NOTHING_BESIDE,
) -> Evaluation:
    """Evaluate a configuration, with what the server gets beside it.

    Takes any bytes and raises nothing: what the server would refuse is in C(problems).
    """
    run = _Run(reader, version, invocation)
    run.preprocessor.file(path, data)
    return run.result(path)


class Evaluator:
    """Evaluates configurations, reading each file once and evaluating the same files once.

    C(read) gives the bytes of a file or None, C(include) those of an included file, or why it cannot be judged,
    C(read_list) what the server reads of a list, where that is not what C(read) gives.
    """

    _KEPT = 8

    def __init__(
        self,
        read: Callable[[str], Optional[bytes]],
        include: Reader,
        read_list: Optional[Callable[[str], Optional[bytes]]] = None,
    ) -> None:
        self.read = lru_cache(maxsize=None)(read)
        self.read_list = lru_cache(maxsize=None)(read_list) if read_list else self.read
        self._include = lru_cache(maxsize=None)(include)
        self._known: List[Tuple[object, Evaluation]] = []

    def __call__(
        self, path: str, version: Optional[Version], invocation: Invocation, texts: Mapping[str, bytes]
    ) -> Evaluation:
        """Evaluate a configuration, with C(texts) in the place of files, by path. Raises KamailioError."""
        key = path, version, invocation, dict(texts)
        for known, evaluation in self._known:
            if known == key:
                return evaluation

        def include(included: str) -> Union[bytes, Problem, None]:
            for name in (included, os.path.normpath(included)):
                if name in texts:
                    return texts[name]
            return self._include(included)

        data = texts[path] if path in texts else self.read(path)
        if data is None:
            raise error("is not there", "Correct its path, or create it", path)
        evaluation = evaluate(path, data, include, version, invocation)
        self._known = [(key, evaluation), *self._known[: self._KEPT - 1]]
        return evaluation


class _Run:
    def __init__(self, reader: Reader, version: Optional[Version], invocation: Invocation) -> None:
        self.version = version
        self.report = Report()
        self.loads: List[Load] = []
        self.loaded: Set[str] = set()
        # The modules by their names in lower case, and by expressions, each with the number of loads at that time.
        self.names: Dict[str, Tuple[str, ...]] = {}
        self.effort = Effort()
        self.matched: Dict[bytes, Tuple[int, Tuple[str, ...]]] = {}
        self.params: List[Param] = []
        self.load_path = invocation.load_path
        self.folder = invocation.folder
        self.statements = StatementReader()
        blocks = self.statements.blocks
        self.preprocessor = Preprocessor(reader, version, invocation, self.report, blocks, self.feed)
        self.listen = ListenReader(version, self.report)
        self.settings = SettingsReader()
        if invocation.listens:
            self.listen.more_elsewhere()
        self.calls = CallReader(blocks)
        self.core_settings = CoreSettingReader()
        nowhere = Place(COMMAND_LINE, 0, 0, 0, 0)
        for module in invocation.modules:
            self.add_load(module, nowhere)
        for module, name, value in invocation.params:
            text = module.encode("utf-8", "surrogateescape")
            self.add_param(Item("string", text, nowhere), name, value, nowhere, nowhere)

    def result(self, path: str) -> Evaluation:
        if not self.report.undecided:
            self.report.problems += [("config-syntax", problem) for problem in self.statements.finish()]
        self.preprocessor.finish()
        self.listen.finish()
        if self.preprocessor.hides_sockets:
            self.listen.unsure()
        settings = self.settings.result()
        hidden = bool(self.report.undecided) or self.report.hides_statements
        modules = None if hidden else [load.name for load in self.loads]
        return Evaluation(
            path=path,
            files=self.preprocessor.files,
            loads=tuple(self.loads),
            params=tuple(self.params),
            problems=tuple(self.report.problems),
            undecided=tuple(self.report.undecided),
            inactive=tuple(self.preprocessor.inactive),
            unsure=tuple(self.preprocessor.unsure),
            includes=tuple(self.preprocessor.includes),
            defines=self.preprocessor.defines.standing(),
            first_block=self.statements.blocks.first,
            load_path=self.load_path,
            listens=self.listen.texts(),
            sockets=self.listen.result(Core(settings, modules)),
            settings=settings,
            folder=self.folder or show(settings.get("folder", b"/")),
            core_settings=self.core_settings.result(),
            empty=self.statements.is_empty and not self.report.undecided,
            unread=tuple(self.preprocessor.unread),
            calls=tuple(self.calls.calls),
            routes=self.calls.routes,
            hides_statements=self.report.hides_statements,
            hides_calls=self.hides_calls(),
        )

    def hides_calls(self) -> bool:
        """Whether there may be calls and blocks that were not read; a block that is not closed takes the next ones."""
        blocks = self.statements.blocks
        return self.preprocessor.hides_calls or blocks.skips_calls or blocks.in_block or self.calls.hides_blocks

    def feed(self, item: Item) -> None:
        blocks = self.statements.blocks
        if blocks.is_socket or not blocks.in_block:
            self.listen.feed(item)
        if not blocks.in_block:
            self.settings.feed(item)
            if self.core_settings.feed(item):
                self.statements.begin()
        self.calls.feed(item)
        for statement in self.statements.feed(item):
            if isinstance(statement, Problem):
                self.report.problems.append(("config-syntax", statement))
            elif statement.keyword.endswith(b"x") and self.version and not self.version.evaluates_variables:
                self.refuse_evaluated(statement)
            elif statement.keyword in (b"loadpath", b"mpath"):
                if self.known(statement, statement.arguments):
                    self.load_path = show(statement.arguments[0].text)
            elif statement.keyword.startswith(b"load"):
                self.load(statement)
            else:
                self.param(statement)

    def refuse_evaluated(self, statement: Statement) -> None:
        keyword = show(statement.keyword)
        text = "%s is a syntax error before Kamailio 5.5" % keyword
        self.report.refuse("config-syntax", statement.place, text, "Write %s, without pseudo-variables" % keyword[:-1])

    def known(self, statement: Statement, items: Sequence[Item]) -> bool:
        """Whether these strings are what the server sees; if not, says so."""
        doubts = [(item, _doubt(statement, item)) for item in items]
        for item, doubt in doubts:
            if doubt:
                self.report.hide(item.place, doubt)
        return not any(doubt for _item, doubt in doubts)

    def load(self, statement: Statement) -> None:
        place = statement.place
        if not self.known(statement, statement.arguments):
            return
        if statement.parenthesised and self.version is not None and not self.version.reads_parenthesised_loads:
            text = "loadmodule with parentheses is a syntax error before Kamailio 5.7"
            self.report.refuse("config-syntax", place, text, "Write it without them")
            return
        options = statement.arguments[1].text if len(statement.arguments) > 1 else b""
        once = b"o" in options.lower() and (self.version is None or self.version.can_load_once)
        self.add_load(show(statement.arguments[0].text), place, once)

    def add_load(self, written: str, place: Place, once: bool = False) -> None:
        name = module_name(written)
        if name in self.loaded:
            if not once:
                text = "module %s is loaded already, which the server refuses" % name
                self.report.refuse("module-twice", place, text, "Take one of the two out")
            return
        self.loaded.add(name)
        self.loads.append(Load(name, place, written, self.load_path))
        own = own_name(name)
        self.names[own.lower()] = (*self.names.get(own.lower(), ()), name)
        self.preprocessor.defines.define_module(own, place)

    def param(self, statement: Statement) -> None:
        module, name, last = statement.arguments[0], statement.arguments[1], statement.arguments[-1]
        place = statement.place
        if not self.known(statement, (module, name)):
            return
        value: Optional[Value] = None
        if last.kind == "string":
            value = last.text if not _doubt(statement, last) else None
        elif last.kind == "word":
            number = parse_number(last.text)
            if number is not None:
                sign = -1 if statement.arguments[2].text == b"-" else 1
                value = to_int32(sign * number)
            elif not self.report.hides_statements:
                # The value may be secret.
                text = "the value of %s is neither a number nor a quoted string" % quoted(name.text, 60)
                self.report.refuse("config-syntax", place, text, self.remedy_for_word())
        first = statement.arguments[2].place
        span = first._replace(end=last.place.end if last.place.path == first.path else first.end)
        self.add_param(module, show(name.text), value, place, span)

    def remedy_for_word(self) -> str:
        """What to do about a word that stands for nothing."""
        remedy = "Put it in quotes, or define it before this line"
        for path in self.preprocessor.unread[-1:]:
            remedy += "; %s, which is imported, is not there" % quoted(path.encode("utf-8", "surrogateescape"), 60)
        return remedy

    def add_param(self, module: Item, name: str, value: Optional[Value], place: Place, span: Place) -> None:
        modules = self.matching(module)
        if modules is not None and not modules:
            text = 'modparam("%s", "%s", …) is for a module that is not loaded before it' % (
                quoted(module.text, 40),
                quoted(name.encode("utf-8", "surrogateescape"), 40),
            )
            remedy = "Load the module before it"
            self.report.refuse("modparam-without-module", place, text, remedy)
        self.params.append(
            Param(
                modules=modules or (),
                written_for=show(module.text),
                name=name,
                value=value,
                place=place,
                value_place=span,
            )
        )

    def matching(self, module: Item) -> Optional[Tuple[str, ...]]:
        """The loaded modules that the expression in a modparam matches; None where it cannot be read."""
        place = module.place
        if _PLAIN.match(module.text):
            return self.names.get(show(module.text).lower(), ())
        if _REPEATS_NOTHING.search(module.text) and not re.search(rb"[\[\\]", module.text):
            text = "the server cannot compile the expression %s: it repeats nothing" % quoted(module.text, 60)
            self.report.refuse("config-syntax", place, text)
            return None
        try:
            if b"[[:" in module.text or is_costly(module.text):
                raise re.error("a POSIX character class, or one that takes too long")
            pattern = re.compile("(?:%s)\\Z" % show(module.text), re.IGNORECASE)
        except re.error:
            text = "%s is not an expression that can be read here" % quoted(module.text, 60)
            self.report.hide(place, text)
            return None
        if len(self.loads) > _MOST_MATCHED:
            self.report.unknown(place, "more than %d modules are loaded before it" % _MOST_MATCHED)
            return None
        known = self.matched.get(module.text)
        if known is None or known[0] != len(self.loads):
            at, names = known or (0, ())
            loads = self.loads[at:]
            longest = max((len(load.name) for load in loads), default=0)
            if not self.effort.allows(module.text, longest, len(loads)):
                self.report.unknown(place, "the names of the modules take too long to be compared with expressions")
                return None
            more = tuple(load.name for load in loads if pattern.match(own_name(load.name)))
            known = self.matched[module.text] = (len(self.loads), names + more)
        return known[1]


def _doubt(statement: Statement, item: Item) -> str:
    """Why the server may see another string than this one."""
    if statement.keyword.endswith(b"x") and b"$" in item.text:
        return "%s is known to the server only" % quoted(item.text, 60)
    return item.doubt
