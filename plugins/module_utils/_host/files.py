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
import stat
import tempfile
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from .._errors import KamailioError, Problem, error
from .._secrets import mask_secrets
from .._text import show

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
        # A pipe that nobody writes to must not be waited for.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise error("is no regular file", "Give the path of a file", path)
            return file.read()
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            return None
        reasons = {
            errno.EISDIR: ("is a directory", "Give the path of a file"),
            errno.EACCES: ("cannot be read: permission denied", "Run the task with become, or change its mode"),
            errno.ELOOP: ("is a symbolic link that leads to itself", "Correct the link"),
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
    return [_diff_of(change) for change in changes if change.changed]


def _diff_of(change: Change) -> Dict[str, str]:
    before, after = show(mask_secrets(change.before or b"")), show(mask_secrets(change.after))
    if before == after and change.before is not None:
        return {"prepared": "%s: what changes is masked, and not shown\n" % change.path}
    return {"before_header": change.path, "after_header": change.path, "before": before, "after": after}


def write_changes(module: Any, changes: Sequence[Change], backup: bool) -> Dict[str, str]:
    """Write all changes or none; gives the names of the backups that were made, by the path of their file.

    Every file is first staged beside its target and flushed; then the targets are replaced, one rename each, in
    their order. If one of them fails the earlier ones are put back. C(module) is the AnsibleModule; its atomic_move is
    not used, which loses access control lists and raises a bare Exception over a bind-mounted file. Raises
    KamailioError.
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
        for change, _target, _temporary in staged:
            if read_file(change.path) != change.before:
                text = "was changed by somebody else at this moment"
                raise error(text, "Nothing has been changed. Look at it, and run it again", change.path)
        _move(module, staged)
        for folder in sorted({os.path.dirname(target) for _change, target, _temporary in staged}):
            flush_folder(folder)
        return {path: name for path, name in backups.items() if name}
    finally:
        for _change, _target, temporary in staged:
            # Gone by its rename, or in the way of what is said already.
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def keep_private(path: str, data: bytes) -> None:
    """Write a file that only its owner can read, into a folder that is made where it is not there.

    Raises KamailioError.
    """
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        _sweep(path)
        handle, temporary = tempfile.mkstemp(prefix=staging_prefix(path), dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
        flush_folder(folder)
    except OSError as exc:
        raise error("cannot be written: %s" % exc.strerror, "Let the task run with become", path) from exc


def remove_file(path: str) -> None:
    """Remove a file, not a link to it. Raises KamailioError."""
    target = os.path.realpath(path)
    try:
        os.unlink(target)
    except OSError as exc:
        raise error("cannot be removed: %s" % exc.strerror, "", path) from exc
    flush_folder(os.path.dirname(target))


def flush_folder(folder: str) -> None:
    """See that the names in a folder outlive a loss of power, where its file system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def staging_prefix(target: str) -> str:
    """How the names of the files begin that are staged beside a target."""
    return ".sipfleet.%s." % os.path.basename(target)[:100]


def _sweep(target: str) -> None:
    """Take away what a run that was killed has staged; who writes here has the folder to itself."""
    folder = os.path.dirname(target)
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(staging_prefix(target)):
                os.unlink(os.path.join(folder, name))


def _stage(target: str, data: bytes) -> str:
    folder = os.path.dirname(target)
    try:
        handle, temporary = tempfile.mkstemp(prefix=staging_prefix(target), dir=folder)
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            raise error("the folder %s is not there" % folder, "Create it first", target) from exc
        raise error("cannot write beside it: %s" % exc.strerror, "Nothing has been changed", target) from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            _keep_attributes(target, file.fileno())
            os.fsync(file.fileno())
    except OSError as exc:
        os.unlink(temporary)
        raise error("cannot be written: %s" % exc.strerror, "Nothing has been changed", target) from exc
    return temporary


def _keep_attributes(target: str, handle: int) -> None:
    """Give the staged file the owner, mode, access control list and other extended attributes of its target.

    The SELinux context is left to AnsibleModule, which knows the policy.
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
    try:
        for change, target, temporary in staged:
            _replace(module, temporary, target, change.after)
            done.append((change, target))
    except KamailioError as reason:
        problems = list(reason.problems)
        for change, target in done:
            try:
                if change.before is None:
                    remove_file(target)
                else:
                    _replace(module, _stage(target, change.before), target, change.before)
            except KamailioError as obstacle:
                problems += obstacle.problems
        raise KamailioError(problems) from None


def _replace(module: Any, temporary: str, target: str, data: bytes) -> None:
    """Rename the staged file over its target; write in place where that is impossible and allowed."""
    if module.selinux_enabled():
        there = os.path.exists(target)
        context = module.selinux_context(target) if there else module.selinux_default_context(target)
        module.set_context_if_different(temporary, context, False)
    try:
        os.rename(temporary, target)
    except OSError as exc:
        if not module.params["unsafe_writes"] or exc.errno not in (errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV):
            remedy = "Nothing has been changed"
            if exc.errno == errno.EBUSY:
                remedy += ". If it is bind-mounted, as in a container, unsafe_writes writes in place"
            raise error("cannot be replaced: %s" % exc.strerror, remedy, target) from exc
        _write_in_place(target, data)


def _write_in_place(target: str, data: bytes) -> None:
    try:
        with open(target, "r+b") as file:
            file.write(data)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        text = "cannot be written in place: %s" % exc.strerror
        raise error(text, "Look at the file, it may have been written in part", target) from exc
