# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Files on the host: read, staged beside the target, moved into place, and the diff of a change."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ._errors import KamailioError, Problem, error
from ._secrets import mask_secrets
from ._text import show

# The server does not run as root, and must be able to read what is created for it.
NEW_FILE_MODE = 0o644


class Change(NamedTuple):
    """A file with its bytes before (None if there is none) and after."""

    path: str
    before: Optional[bytes]
    after: bytes

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after


def read_file(path: str) -> Optional[bytes]:
    """The bytes of a file, None if it is not there. Raises KamailioError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            return None
        reasons = {
            errno.EISDIR: ("is a directory", "Give the path of a file"),
            errno.EACCES: ("cannot be read: permission denied", "Run the task with become, or change its mode"),
            errno.ENOTDIR: ("is not there: a part of its path is not a directory", "Correct the path"),
        }
        text, remedy = reasons.get(exc.errno or 0, ("cannot be read: %s" % exc.strerror, ""))
        raise error(text, remedy, path) from exc


def read_include(path: str) -> Union[bytes, Problem, None]:
    """An included file: its bytes, None if it is not there, or why it cannot be read."""
    try:
        return read_file(path)
    except KamailioError as exc:
        return Problem("an included file cannot be judged: %s" % exc.render(), "", path)


def diff_of(changes: Sequence[Change]) -> List[Dict[str, str]]:
    """What C(--diff) shows, secrets masked; nothing for a file that stays as it is."""
    return [
        {
            "before_header": change.path,
            "after_header": change.path,
            "before": show(mask_secrets(change.before or b"")),
            "after": show(mask_secrets(change.after)),
        }
        for change in changes
        if change.changed
    ]


def write_changes(module: Any, changes: Sequence[Change], backup: bool) -> Dict[str, str]:
    """Write all changes or none; gives the names of the backups that were made, by the path of their file.

    Every file is first staged beside its target and flushed; then the targets are replaced, one rename each, in
    their order. If one of them fails the earlier ones are put back. C(module) is the AnsibleModule, whose atomic_move
    keeps owner, mode and SELinux context. Raises KamailioError.
    """
    changes = [change for change in changes if change.changed]
    staged: List[Tuple[Change, str, str]] = []
    try:
        for change in changes:
            target = os.path.realpath(change.path)
            _sweep(target)
            staged.append((change, target, _stage(target, change.after)))
        backups = {
            change.path: module.backup_local(target)
            for change, target, _temporary in staged
            if backup and change.before is not None
        }
        _move(module, staged)
        return {path: name for path, name in backups.items() if name}
    finally:
        for _change, _target, temporary in staged:
            if os.path.exists(temporary):
                os.unlink(temporary)


def _prefix(target: str) -> str:
    return ".sipfleet.%s." % os.path.basename(target)[:100]


def _sweep(target: str) -> None:
    """Take away what a run that was killed has staged; who writes here has the folder to itself."""
    folder = os.path.dirname(target)
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(_prefix(target)):
                os.unlink(os.path.join(folder, name))


def _stage(target: str, data: bytes) -> str:
    folder = os.path.dirname(target)
    try:
        handle, temporary = tempfile.mkstemp(prefix=_prefix(target), dir=folder)
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            raise error("the folder %s is not there" % folder, "Create it first", target) from exc
        raise error("cannot write beside it: %s" % exc.strerror, "Nothing has been changed", target) from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            _keep_attributes(target, file.fileno())
    except OSError as exc:
        os.unlink(temporary)
        raise error("cannot be written: %s" % exc.strerror, "Nothing has been changed", target) from exc
    return temporary


def _keep_attributes(target: str, handle: int) -> None:
    """Give the staged file the owner, mode, access control list and other extended attributes of its target.

    The SELinux context is left to atomic_move, which knows the policy.
    """
    try:
        status = os.stat(target)
    except FileNotFoundError:
        os.fchmod(handle, NEW_FILE_MODE)
        return
    with contextlib.suppress(PermissionError):
        os.fchown(handle, status.st_uid, status.st_gid)
    os.fchmod(handle, status.st_mode & 0o7777)
    if not hasattr(os, "listxattr"):
        return
    try:
        names = os.listxattr(target)
    except OSError as exc:
        if exc.errno == errno.ENOTSUP:
            return
        raise
    for name in names:
        if not name.startswith(("security.", "trusted.")):
            os.setxattr(handle, name, os.getxattr(target, name))


def _move(module: Any, staged: Sequence[Tuple[Change, str, str]]) -> None:
    done: List[Tuple[Change, str]] = []
    finished = False
    try:
        for change, target, temporary in staged:
            module.atomic_move(temporary, target, unsafe_writes=module.params["unsafe_writes"])
            done.append((change, target))
        finished = True
    finally:
        # atomic_move leaves by fail_json, which raises SystemExit.
        if not finished:
            for change, target in done:
                _put_back(module, change, target)


def _put_back(module: Any, change: Change, target: str) -> None:
    if change.before is None:
        os.unlink(target)
    else:
        module.atomic_move(_stage(target, change.before), target, unsafe_writes=module.params["unsafe_writes"])
