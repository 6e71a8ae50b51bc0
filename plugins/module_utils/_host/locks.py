# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Two runs at once on one host take turns: each locks the files that it reads in order to write."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from typing import Any, Dict, Iterable, Optional, Union

from .._errors import KamailioError, Problem, error
from .._trust import READ, find_place, own_folder, run_folder
from .files import read_file, read_include, reads_as_empty, sweep_path

WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.02
# A run that removes locks holds each of them for less.
_MOMENT_SECONDS = 0.1
_LONGEST_PATH = 4096
_BUSY = (errno.EWOULDBLOCK, errno.EACCES)


class FileLocks:
    """A context manager that locks files from the first reading to its end.

    The lock of a file is C(flock) on a file of its own in a folder that only the current user can enter, so that no
    other user can hold it. It ends with its process, and its file with the next run that ends. C(follow) is that of
    C(read_file). C(obstacle) is why there are no locks, empty where they work.

    A file that belongs to a change which can still be rolled back is not free either, unless the change is the one with
    the journal C(own), or C(unsettled) files will do.

    Without C(lock) no file is locked: check mode neither makes files nor delays other runs where it only reads.
    """

    def __init__(
        self,
        wait: float = WAIT_SECONDS,
        follow: bool = False,
        own: str = "",
        unsettled: bool = False,
        lock: bool = True,
    ) -> None:
        self._lock = lock
        self._wait = wait
        self._follow = follow
        self._own = own
        self._unsettled = unsettled
        self._held: Dict[str, int] = {}
        self.obstacle = ""

    def __enter__(self) -> FileLocks:
        return self

    def __exit__(self, *_exc: Any) -> None:
        for handle in self._held.values():
            os.close(handle)
        if self._held:
            _sweep()
        self._held.clear()

    def read(self, path: str) -> Optional[bytes]:
        """Return the bytes of a file, None if it does not exist. If it is locked, no other run changes it from now on.

        Raises KamailioError if it cannot be read, or if another run does not end in time.
        """
        self.take(path)
        return read_file(path, self._follow)

    def read_list(self, path: str) -> Optional[bytes]:
        """Return what the server reads of a list, as C(read_list) of C(files) does. Raises KamailioError as C(read)."""
        return b"" if reads_as_empty(path) else self.read(path)

    def include(self, path: str) -> Union[bytes, Problem, None]:
        """Return what an included file contains, as C(read_include) does. Raises KamailioError as C(take) does."""
        self.take(path)
        return read_include(path, self._follow)

    def take(self, path: str) -> None:
        """Lock a file. Raises KamailioError if another run holds it for longer than the wait."""
        if not self._lock:
            return
        try:
            with find_place(path, READ, self._follow) as place:
                real = place.path
        except (OSError, KamailioError):
            # Reading or writing it gives the reason.
            return
        self.take_as_named(real)

    def take_as_named(self, path: str) -> None:
        """Lock a file by a path that had no links in it when its change began, whatever it leads to by now.

        Raises KamailioError as C(take) does.
        """
        if not self._lock or path in self._held or self.obstacle:
            return
        try:
            self._hold(path)
        except OSError as exc:
            self.obstacle = exc.strerror or str(exc)

    def sweep(self) -> None:
        """Remove what runs that were killed have staged next to the files that are locked."""
        for path in self._held:
            sweep_path(path)

    def mark(self, paths: Iterable[str], journal: str) -> None:
        """Say that files which are locked belong to a change from now on, for as long as a file of its journal exists.

        Raises KamailioError.
        """
        for handle in (self._held[path] for path in paths if path in self._held):
            try:
                os.ftruncate(handle, 0)
                os.pwrite(handle, os.fsencode(journal), 0)
            except OSError as exc:
                raise error("cannot be marked: %s" % exc.strerror, "Nothing has been changed", journal) from exc

    def _hold(self, path: str) -> None:
        lock = _lock_of(path)
        while True:
            handle = self._held[path] = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            self._wait_for(handle, path)
            if _is_at(lock, handle):
                return
            # Another run has removed it since it was opened.
            os.close(self._held.pop(path))

    def _wait_for(self, handle: int, path: str) -> None:
        deadline = time.monotonic() + max(self._wait, _MOMENT_SECONDS)
        text = "another run has been changing this file for %d seconds" % self._wait
        remedy = "Nothing has been changed. Wait for it, or see which process holds the lock (lslocks)"
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                journal = self._journal_of(handle)
                if not journal:
                    return
                text = "this file belongs to a change that is neither confirmed nor rolled back: %s" % journal
                remedy = "Nothing has been changed. Wait for it, or end it: deploy with state confirmed or reverted"
                # Rolling back takes the lock.
                fcntl.flock(handle, fcntl.LOCK_UN)
            except OSError as exc:
                if exc.errno not in _BUSY:
                    raise
            if time.monotonic() > deadline:
                raise error(text, remedy, path)
            time.sleep(_PAUSE_SECONDS)

    def _journal_of(self, handle: int) -> str:
        """Return the journal of another change that a file belongs to, empty if there is none."""
        journal = _marked_with(handle)
        return journal if not self._unsettled and journal != self._own else ""


def _marked_with(handle: int) -> str:
    """Return the journal of the change under way that the file of a lock belongs to, empty if there is none."""
    marked = os.fsdecode(os.pread(handle, _LONGEST_PATH, 0))
    return os.path.dirname(marked) if os.path.lexists(marked) else ""


def _is_at(path: str, handle: int) -> bool:
    """Whether an open file still has its name."""
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(handle))
    except FileNotFoundError:
        return False


def _sweep() -> None:
    """Remove the locks that no process holds, and that do not belong to a change under way.

    Whoever has opened one of them, and gets the lock afterwards, sees that it has no name any more.
    """
    with contextlib.suppress(OSError, KamailioError):
        folder = _folder()
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                _remove_free(os.path.join(folder, name))


def _remove_free(path: str) -> None:
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _marked_with(handle) and _is_at(path, handle):
            os.unlink(path)
    finally:
        os.close(handle)


def _folder() -> str:
    return own_folder(os.path.join(run_folder(), "locks"), 0o700)


def _lock_of(path: str) -> str:
    """Return the path of the lock of a file. Raises OSError."""
    name = "%s.%s" % (os.path.basename(path)[:50], hashlib.sha256(os.fsencode(path)).hexdigest()[:16])
    try:
        return os.path.join(_folder(), name)
    except KamailioError as exc:
        raise OSError(errno.EACCES, exc.render()) from exc
