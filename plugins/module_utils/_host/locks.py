# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Two runs at once on one host take turns: each holds the folders of the files that it reads in order to write."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from typing import Any, Dict, List, Optional

from .._errors import error
from .files import read_file

WAIT_SECONDS = 30.0
_PAUSE_SECONDS = 0.02
_BUSY = (errno.EWOULDBLOCK, errno.EACCES)


class FolderLocks:
    """A context manager that locks folders from the first reading in them to its end.

    The lock is C(flock) on the folder itself: it leaves nothing behind, ends with its process, and outlives the
    replacement of a file. C(unlocked) are the folders on file systems that know no such lock.
    """

    def __init__(self, wait: float = WAIT_SECONDS) -> None:
        self._wait = wait
        self._held: Dict[str, int] = {}
        self.unlocked: List[str] = []

    def __enter__(self) -> FolderLocks:
        return self

    def __exit__(self, *_exc: Any) -> None:
        for handle in self._held.values():
            os.close(handle)
        self._held.clear()

    def read(self, path: str) -> Optional[bytes]:
        """The bytes of a file, None if it is not there; nobody who asks for the lock can change it from now on.

        Raises KamailioError if it cannot be read, or if another run does not end in time.
        """
        self.take(path)
        return read_file(path)

    def take(self, path: str) -> None:
        """Lock the folder of a file. Raises KamailioError if another run holds it for longer than the wait."""
        folder = os.path.dirname(os.path.realpath(path))
        if folder in self._held or folder in self.unlocked:
            return
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            # Whoever reads or writes there next gives the reason.
            return
        self._held[folder] = handle
        deadline = time.monotonic() + self._wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError as exc:
                if exc.errno not in _BUSY:
                    self.unlocked.append(folder)
                    return
            if time.monotonic() > deadline:
                raise error(
                    "another run has been changing files in this folder for %d seconds" % self._wait,
                    "Nothing has been changed. Wait for it, or look which process holds the lock (lslocks)",
                    folder,
                )
            time.sleep(_PAUSE_SECONDS)
