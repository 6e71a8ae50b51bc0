# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The least that a server needs to run with files that change: nothing, commands that load them, or a restart."""

from __future__ import annotations

import os
import re
from typing import Callable, Collection, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._text import show
from .._versions import Version
from .meaning import meaning_of
from .model import Evaluation
from .reloads import (
    BARE,
    BESIDE,
    COMMANDS,
    DB_TEXT_FOLDER,
    DB_TEXT_READS_AGAIN,
    FILES,
    RUNS_COMMAND,
    TABLES,
    File,
    Table,
)
from .requirements import When, asked_for
from .tls_file import files_named_in, tls_lines

_SCHEME = "text://"
# How many paths a reason names.
_NAMED = 3
_NAME_OF_TABLE = re.compile(r"\s*([^\s=;]+)\s*=>|(?:\A|;)\s*name\s*=\s*\"?([^\s;\"]+)")
_TABLE_OF_NAME = re.compile(r"(?:\A|;|=>)\s*dbtable\s*=\s*\"?([^\s;\"]+)")


class Files(NamedTuple):
    """How files are looked at: their bytes before and after the change, None where there is none, and real paths."""

    before: Callable[[str], Optional[bytes]]
    after: Callable[[str], Optional[bytes]]
    resolve: Callable[[str], str]


class Reload(NamedTuple):
    """A command with its arguments, and the paths of the changed files for which it is sent."""

    command: str
    arguments: Tuple[str, ...]
    paths: Tuple[str, ...]

    @property
    def call(self) -> str:
        """The command as it is typed."""
        return " ".join((self.command, *self.arguments))

    @property
    def reason(self) -> str:
        """Why it is sent, for operators."""
        more = " and %d more" % (len(self.paths) - _NAMED) if len(self.paths) > _NAMED else ""
        verb = "changes" if len(self.paths) == 1 else "change"
        return "%s%s %s: %s" % (", ".join(self.paths[:_NAMED]), more, verb, self.call)

    @property
    def unseen(self) -> str:
        """What the answer of the server does not show, empty if it answers an error unless everything is loaded."""
        return COMMANDS[self.command].unseen


class Untouched(NamedTuple):
    """A changed file for which no command is sent, and why."""

    path: str
    reason: str


class Least(NamedTuple):
    """What a server needs for files that change.

    C(reloads) are in the order in which they are to be sent; C(restarts) are the files that only a restart loads, and
    C(nothing) those for which nothing needs to be done. With C(by_time) the server compares the times of files in whole
    seconds: these must be at least a second newer than what the server has loaded.
    """

    reloads: Tuple[Reload, ...] = ()
    restarts: Tuple[Untouched, ...] = ()
    nothing: Tuple[Untouched, ...] = ()
    by_time: Tuple[str, ...] = ()


class _Use(NamedTuple):
    """A file or folder that the server reads: the command that loads it, empty with the reason for none."""

    path: str
    command: str
    arguments: Tuple[str, ...] = ()
    restart: str = ""
    nothing: str = ""
    by_time: bool = False


def configuration_changes(before: Evaluation, after: Evaluation, version: Optional[Version]) -> bool:
    """Return whether a configuration gets another meaning, for which only a restart will do."""
    return meaning_of(before, version) != meaning_of(after, version)


def reloads_of(evaluation: Evaluation, changed: Collection[str], version: Version, files: Files) -> Least:
    """Return what a server that runs with a configuration needs for changed files, by their absolute paths.

    The files of the configuration itself are left out: C(configuration_changes) is about them. A file that the server
    is not known to read needs a restart, since a script can read any file.
    """
    own = {name for path in evaluation.files for name in _names_of(path, files)}
    others = [path for path in changed if not own & _names_of(path, files)]
    if evaluation.undecided or evaluation.hides_statements:
        reason = "the configuration cannot be evaluated to its end, so it is not known which command loads this file"
        return Least(restarts=tuple(Untouched(path, reason) for path in others))
    uses = [(use, _names_of(use.path, files)) for use in _uses(evaluation, version, files)]
    commands: Dict[Tuple[str, Tuple[str, ...]], List[str]] = {}
    restarts: List[Untouched] = []
    nothing: List[Untouched] = []
    by_time: List[str] = []
    for path in others:
        names = _names_of(path, files)
        found = [use for use, of_use in uses if _is_in(names, of_use)]
        reason = next((use.restart for use in found if use.restart), "")
        loads = [use for use in found if use.command]
        idle = next((use.nothing for use in found if use.nothing), "")
        if reason or not found:
            restarts.append(Untouched(path, reason or "no command is known that loads it"))
        elif idle and not loads:
            nothing.append(Untouched(path, idle))
        for use in loads:
            paths = commands.setdefault((use.command, use.arguments), [])
            if path not in paths:
                paths.append(path)
        if any(use.by_time for use in loads):
            by_time.append(path)
    order = {command: index for index, command in enumerate(COMMANDS)}
    calls = sorted(commands, key=lambda call: (order[call[0]], call[1]))
    return Least(
        tuple(Reload(*call, tuple(commands[call])) for call in calls),
        tuple(restarts),
        tuple(nothing),
        tuple(by_time),
    )


def _names_of(path: str, files: Files) -> FrozenSet[str]:
    return frozenset((os.path.normpath(path), files.resolve(path)))


def _is_in(names: FrozenSet[str], folders: FrozenSet[str]) -> bool:
    """Whether one of these names is one of those, or below it."""
    return any(name == folder or name.startswith(folder.rstrip("/") + "/") for name in names for folder in folders)


def _uses(evaluation: Evaluation, version: Version, files: Files) -> Iterator[_Use]:
    for use in (*_of_files(evaluation, files), *_of_tables(evaluation, files), *_of_commands(evaluation)):
        if use.command and not COMMANDS[use.command].is_in(version):
            yield use._replace(command="", restart="Kamailio %s has no %s" % (version.series, use.command))
        else:
            yield use


def _of_files(evaluation: Evaluation, files: Files) -> Iterator[_Use]:
    for row in FILES:
        if not evaluation.load(row.module):
            continue
        for text in _values(evaluation, row.module, row.parameter, row.default, row.each):
            path = _path(evaluation, text, row.start)
            if not path:
                continue
            if row.module == "tls" and row.parameter == "config":
                yield from _of_tls(evaluation, path, files)
            else:
                yield _use(evaluation, row, path)


def _use(evaluation: Evaluation, row: File, path: str) -> _Use:
    refusal = "no command loads the %s of %s" % (row.parameter, row.module) if not row.command else ""
    refusal = refusal or _refusal(evaluation, row.module, row.command, row.when)
    return _Use(path, "" if refusal else row.command, restart=refusal)


def _refusal(evaluation: Evaluation, module: str, command: str, whens: Sequence[When]) -> str:
    """Why a command does not load a file in this configuration, empty where it does."""
    barring = [when.parameter for when in whens if not asked_for(evaluation, module, (when,))]
    return "%s does not load it, by the %s of %s" % (command, " and ".join(barring), module) if barring else ""


def _of_tls(evaluation: Evaluation, path: str, files: Files) -> Iterator[_Use]:
    before, after = (tls_lines(read(path) or b"") for read in (files.before, files.after))
    if before == after and before:
        yield _Use(path, "", nothing="it means the same to the server as before")
    else:
        yield _Use(path, "tls.reload")
    for text in dict.fromkeys(files_named_in(before) + files_named_in(after)):
        named = _path(evaluation, show(text), BESIDE)
        if named:
            yield _Use(named, "tls.reload")


def _of_tables(evaluation: Evaluation, files: Files) -> Iterator[_Use]:
    cached = _refusal(evaluation, "db_text", "a command", (DB_TEXT_READS_AGAIN,))
    for row in TABLES:
        url = next(iter(_values(evaluation, row.module, row.parameter)), "")
        if not evaluation.load(row.module) or not url.startswith(_SCHEME):
            continue
        restart = _refusal(evaluation, row.module, row.command, row.when) or cached
        folder = os.path.join(DB_TEXT_FOLDER, url[len(_SCHEME) :])
        for table, arguments in _tables(evaluation, row):
            path = os.path.join(folder, table)
            gone = "db_text keeps a table whose file is removed" if files.after(path) is None else ""
            refusal = restart or gone
            yield _Use(path, "" if refusal else row.command, arguments, refusal, by_time=True)


def _tables(evaluation: Evaluation, row: Table) -> Iterator[Tuple[str, Tuple[str, ...]]]:
    """Give the tables of a row, with the arguments of its command."""
    for parameter, default in row.tables:
        for table in _values(evaluation, row.module, parameter, default):
            if table:
                yield table, ()
    for value in _values(evaluation, row.module, row.each, each=True) if row.each else ():
        name, named = _NAME_OF_TABLE.search(value), _TABLE_OF_NAME.search(value)
        if name and named:
            yield named.group(1), (name.group(1) or name.group(2),)


def _of_commands(evaluation: Evaluation) -> Iterator[_Use]:
    for call in evaluation.calls:
        words = (call.args[0] or b"").split() if call.name in RUNS_COMMAND and call.args else []
        if words and words[0].startswith(b"/"):
            yield _Use(show(words[0]), "", nothing="%s runs it anew for each call" % call.name)


def _values(
    evaluation: Evaluation, module: str, parameter: str, default: str = "", each: bool = False
) -> Tuple[str, ...]:
    """Return the values of a parameter that count; none where only the server knows it."""
    params = evaluation.all_params(module, parameter)
    if not params:
        return (default,) if default else ()
    return tuple(show(param.value) for param in (params if each else params[-1:]) if isinstance(param.value, bytes))


def _path(evaluation: Evaluation, text: str, start: str) -> str:
    """Return the absolute path of a file, empty where it is not known."""
    beside = (start == BESIDE and not text.startswith(".")) or (start == BARE and "/" not in text)
    folder = os.path.dirname(evaluation.path) if beside else evaluation.folder
    path = os.path.join(folder, text) if text else ""
    return path if os.path.isabs(path) else ""
