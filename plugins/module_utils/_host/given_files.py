# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Whole files that a task brings, and the files of the host as they will be with them."""

from __future__ import annotations

import base64
import os
import re
import stat
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Union

from .._caller import TaskModule
from .._config.evaluate import Evaluator
from .._errors import KamailioError, Problem, error
from .._trust import clean_path
from .attributes import Wanted, wanted_of
from .files import is_staged
from .locks import FileLocks
from .staging import real_path

# What backup leaves next to a file.
_BACKUP = re.compile(r".\.[0-9]+\.[0-9]{4}-[0-9]{2}-[0-9]{2}@[0-9]{2}:[0-9]{2}:[0-9]{2}~\Z")
_PRIVATE_KEY = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----", re.MULTILINE)


class GivenFile(NamedTuple):
    """A file that a task brings: its C(real) path, its bytes, None for one that is to go, and its owner and mode."""

    path: str
    real: str
    data: Optional[bytes]
    wanted: Wanted


def parse_given_files(module: TaskModule, entries: Sequence[Mapping[str, Any]], follow: bool) -> List[GivenFile]:
    """Read the option C(files) of a task. Raises KamailioError with all that is wrong with it."""
    given: Dict[str, GivenFile] = {}
    trees: List[str] = []
    problems: List[Problem] = []
    for entry in entries:
        try:
            if entry["purge"]:
                trees.append(_folder_of(entry))
                continue
            file = _parse(module, entry, follow)
            if file.real in given:
                raise error("is there twice", "Name each file once", "files: %s" % file.path)
            given[file.real] = file
        except KamailioError as exc:
            problems += exc.problems
    for tree in trees:
        try:
            for path in _files_below(tree):
                real = real_path(path, follow)
                if real not in given:
                    given[real] = GivenFile(path, real, None, Wanted(None, None, None, module))
        except KamailioError as exc:
            problems += exc.problems
    if problems:
        raise KamailioError(problems)
    return list(given.values())


def _folder_of(entry: Mapping[str, Any]) -> str:
    path = _path_of(entry)
    if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
        raise error("is not a folder", "Give the folder of the tree", "files: %s" % path)
    return path


def _path_of(entry: Mapping[str, Any]) -> str:
    path = str(entry["path"])
    if not os.path.isabs(path):
        raise error("is not a whole path", "Give its path from / on", "files: %s" % path)
    return clean_path(path)


def _parse(module: TaskModule, entry: Mapping[str, Any], follow: bool) -> GivenFile:
    path = _path_of(entry)
    where = "files: %s" % path
    data = _data_of(entry, where)
    try:
        status = os.lstat(path)
    except OSError:
        status = None
    if status and stat.S_ISDIR(status.st_mode):
        raise error("is a folder", "Give the path of a file", where)
    if data is None and status and stat.S_ISLNK(status.st_mode):
        raise error("is a symbolic link, which this module does not remove", "Give the file that it leads to", where)
    if data and not status and entry["mode"] is None and _PRIVATE_KEY.search(data):
        raise error("is a new file with a private key", "Give its mode, such as '0640', and its owner or group", where)
    try:
        wanted = wanted_of(module, entry)
    except KamailioError as exc:
        raise error(exc.problems[0].text, exc.problems[0].remedy, where) from None
    return GivenFile(path, real_path(path, follow), data, wanted)


def _data_of(entry: Mapping[str, Any], where: str) -> Optional[bytes]:
    content, encoded = entry["content"], entry["encoded"]
    if entry["state"] == "absent":
        if content is not None or encoded is not None:
            raise error("has a content, and is to be absent", "Leave one of them out", where)
        return None
    if (content is None) == (encoded is None):
        raise error("has no content", "Give one of content, src, template and tree, or state absent", where)
    if content is not None:
        return str(content).encode("utf-8", "surrogateescape")
    try:
        return base64.b64decode(str(encoded), validate=True)
    except ValueError:
        raise error("encoded is not base64", "Give src, template or content instead", where) from None


def _files_below(folder: str) -> List[str]:
    """Return the files of a tree, without those that this collection has left there. Raises KamailioError."""
    found: List[str] = []

    def fail(exc: OSError) -> None:
        raise error("cannot be read: %s" % exc.strerror, "", str(exc.filename)) from exc

    for here, folders, names in os.walk(folder, onerror=fail) if os.path.isdir(folder) else ():
        for name in [*folders, *names]:
            path = os.path.join(here, name)
            if os.path.islink(path):
                raise error("is a symbolic link in a tree that is purged", "Remove it, or purge nothing", path)
        found += [os.path.join(here, name) for name in names if not is_staged(name) and not _BACKUP.search(name)]
    return sorted(found)


class Candidates:
    """The files of the host as they will be: those that a task brings, and all others as they are."""

    def __init__(self, given: Sequence[GivenFile], locks: FileLocks) -> None:
        self._data = {file.real: file.data for file in given}
        self._locks = locks
        self.evaluator = Evaluator(self.read, self._include, self._read_list)

    def read(self, path: str) -> Optional[bytes]:
        """Return the bytes that a file will have, None if it will not be there. Raises KamailioError."""
        real = os.path.realpath(path)
        return self._data[real] if real in self._data else self._locks.read(path)

    def _include(self, path: str) -> Union[bytes, Problem, None]:
        real = os.path.realpath(path)
        return self._data[real] if real in self._data else self._locks.include(path)

    def _read_list(self, path: str) -> Optional[bytes]:
        real = os.path.realpath(path)
        return self._data[real] if real in self._data else self._locks.read_list(path)
