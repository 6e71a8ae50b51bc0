# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The files of a server as a change leaves them: whole ones that the task brings, then modules, then destinations."""

from __future__ import annotations

import os
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._analysis.analyse import list_path
from .._analysis.judge import Site
from .._caller import TaskModule
from .._change import Change
from .._config.evaluate import Evaluator
from .._config.least import Files, Least, reloads_of
from .._config.model import Evaluation
from .._config.plan import plan_modules
from .._config.wish import ModuleWish
from .._dispatcher.plan import plan_destinations
from .._dispatcher.wish import parse_wishes
from .._errors import error
from .._host.attributes import Wanted, rights_with
from .._host.files import read_file
from .._host.given_files import Candidates, GivenFile, parse_given_files
from .._host.locks import FileLocks
from .._server.server import Live, evaluate_running
from .._text import named
from .._versions import Version


class PlannedFiles(NamedTuple):
    """The configuration C(before) and C(after) a change, and all files that change.

    C(list_path) is empty for a server without the dispatcher module; C(list_before) and C(list_after) are what stands
    in the list, None where it is not there. C(wanted) are the owners and modes that are asked for, by path.
    """

    before: Evaluation
    after: Evaluation
    list_path: str
    list_before: Optional[bytes]
    list_after: Optional[bytes]
    changes: Tuple[Change, ...]
    wanted: Dict[str, Wanted]

    @property
    def texts(self) -> Dict[str, bytes]:
        """What changes of the configuration, by the paths in C(after)."""
        changing = {os.path.realpath(change.path) for change in self.changes if change.before != change.after}
        return {path: data for path, data in self.after.files.items() if os.path.realpath(path) in changing}

    @property
    def standing(self) -> Dict[str, bytes]:
        """What the files of the configuration contain now, including files that become part of it."""
        before = {os.path.realpath(change.path): change.before for change in self.changes}
        found = {path: before[os.path.realpath(path)] for path in self.texts}
        return {**self.before.files, **{path: data for path, data in found.items() if data is not None}}

    @property
    def list_text(self) -> Dict[str, bytes]:
        """What will stand in the list, by its path."""
        return {} if self.list_after is None else {self.list_path: self.list_after}

    def least(self, version: Version) -> Least:
        """Return what a server needs for the files that belong neither to the configuration nor to the list."""
        contents = {os.path.realpath(change.path): change for change in self.changes}

        def before(path: str) -> Optional[bytes]:
            change = contents.get(os.path.realpath(path))
            return change.before if change else read_file(path)

        def after(path: str) -> Optional[bytes]:
            change = contents.get(os.path.realpath(path))
            return change.after if change else read_file(path)

        return reloads_of(self.after, self.others, version, Files(before, after, os.path.realpath))

    @property
    def others(self) -> List[str]:
        """The files that change and belong neither to the configuration nor to the list."""
        known = {os.path.realpath(path) for path in [*self.before.files, *self.after.files, self.list_path] if path}
        changing = [change.path for change in self.changes if change.before != change.after]
        return [path for path in changing if os.path.realpath(path) not in known]


def plan_files(
    module: TaskModule, locks: FileLocks, site: Site, live: Live, modules: Sequence[ModuleWish]
) -> Tuple[Site, PlannedFiles]:
    """Plan the files of a server; gives the site of the host as it will be with them. Raises KamailioError."""
    params = module.params
    given = parse_given_files(module, params["files"], params["follow"])
    candidates = Candidates(given, locks)
    evaluation_of = _evaluation_with(candidates.evaluator, live)
    destinations = None if params["destinations"] is None else parse_wishes(params["destinations"])
    texts = plan_modules(modules, evaluation_of) if modules else {}
    before, after = _evaluation_with(site.evaluator, live)({}), evaluation_of(texts)
    path = _list_path(after, live, destinations is not None)
    contents = _contents(given, texts)
    list_before = list_after = None
    if path:
        list_before = (locks.read_list if destinations is None else locks.read)(path)
        list_after = contents.get(os.path.realpath(path), (path, list_before))[1]
    if destinations is not None:
        merge = params["attrs_mode"] == "merge"
        list_after = plan_destinations(
            list_after or b"", destinations, params["purge"], path, merge, params["ensure_order"]
        ).data
        contents[os.path.realpath(path)] = (path, list_after)
    wanted = {file.path: file.wanted for file in given}
    changes = [_change_of(file, locks.read(file), data, wanted.get(file)) for file, data in contents.values()]
    planned = PlannedFiles(
        before=before,
        after=after,
        list_path=path,
        list_before=list_before,
        list_after=list_after,
        changes=tuple(change for change in changes if change.changed),
        wanted=wanted,
    )
    return site._replace(evaluator=candidates.evaluator), planned


def _evaluation_with(evaluator: Evaluator, live: Live) -> Callable[[Mapping[str, bytes]], Evaluation]:
    return lambda texts: evaluate_running(evaluator, live.config, live.version, live.given, live.invocation, texts)


def _list_path(after: Evaluation, live: Live, is_needed: bool) -> str:
    """Return the path of the list, empty for a server without the dispatcher module. Raises KamailioError."""
    if after.load("dispatcher") is None:
        if is_needed or "dispatcher" in live.modules:
            raise error("the configuration does not load the dispatcher module", "Name it in modules", live.config)
        return ""
    path = list_path(after)
    if not os.path.isabs(path):
        text = "list_file is %s, and only the server knows the folder in which that begins" % named(path)
        raise error(text, "Give its whole path, from / on", live.config)
    return path


def _contents(given: Sequence[GivenFile], texts: Mapping[str, bytes]) -> Dict[str, Tuple[str, Optional[bytes]]]:
    """Return path and bytes of each file that the task brings or plans, by its real path."""
    contents: Dict[str, Tuple[str, Optional[bytes]]] = {file.real: (file.path, file.data) for file in given}
    for path, data in texts.items():
        real = os.path.realpath(path)
        contents[real] = (contents[real][0] if real in contents else path, data)
    return contents


def _change_of(path: str, before: Optional[bytes], after: Optional[bytes], wanted: Optional[Wanted]) -> Change:
    stays = before is not None and after is not None
    return Change(path, before, after, rights_with(path, wanted) if wanted and stays else None)
