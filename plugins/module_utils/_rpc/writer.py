# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Which user writes the replies to calls through the FIFO of a server."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from typing import Dict, List, Optional, Tuple

from .._text import is_number
from .clock import Deadline
from .errors import UnreachableError

_MOST_HANDLES = 1024
# The readers of each FIFO that was called.
_FOUND: Dict[Tuple[str, int, int, int], List[str]] = {}


def find_writer(server: int, name: str, path: str, deadline: Deadline) -> Optional[int]:
    """Return the id of the user who reads calls from an open FIFO and writes the replies, None if it is not known.

    C(name) is the name of the FIFO in its folder, C(path) is for messages. The user is that of the processes that have
    the FIFO open for reading. The owner of the FIFO says nothing: a server that is started as root with C(-u) opens it
    before it changes its user, and C(fifo_user) gives it to another user. Root does not see the processes of another
    container. Other users see their own processes only, and could not give the FIFO for the reply to another user.

    Raises UnreachableError if the processes of the host could not be looked at before the deadline.
    """
    status = os.fstat(server)
    users = set()
    # Kept, since a list of many sets takes as many calls. A server that starts makes a new FIFO.
    key = name, status.st_dev, status.st_ino, status.st_ctime_ns
    if key not in _FOUND:
        _FOUND[key] = _readers(name, (status.st_dev, status.st_ino), path, deadline)
    for process in _FOUND[key]:
        # Each time anew: a server that starts is still root when it opens its FIFO.
        with contextlib.suppress(OSError):
            users.add(_user_of(process))
    # There can be another reader besides the server.
    user = users.pop() if len(users) == 1 else None
    return user if os.geteuid() in (0, user) else None


def _readers(name: str, identity: Tuple[int, int], path: str, deadline: Deadline) -> List[str]:
    """The ids of the processes that have a FIFO open for reading. Raises UnreachableError."""
    found = []
    for process in filter(is_number, _names("/proc")):
        if deadline.passed():
            what = "which process reads this FIFO could not be determined within %g seconds" % deadline.seconds
            raise UnreachableError(what, "Do users of the host have very many processes and open files?", path)
        folder = "/proc/%s/fd" % process
        # They come in rising order, and a server opens its FIFO early. Other users can have very many.
        if any(_reads("%s/%s" % (folder, handle), name, identity) for handle in _first_names(folder)):
            found.append(process)
    return found


def _first_names(folder: str) -> List[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in itertools.islice(entries, _MOST_HANDLES)]
    except OSError:
        return []


def _names(folder: str) -> List[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _reads(link: str, name: str, identity: Tuple[int, int]) -> bool:
    """Whether a handle of a process is the FIFO, open for reading. The name is compared first, which is cheap."""
    try:
        if os.path.basename(os.readlink(link)) != name or not os.lstat(link).st_mode & stat.S_IRUSR:
            return False
        status = os.stat(link)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == identity


def _user_of(process: str) -> int:
    """The id that counts when a process opens a file. Raises OSError."""
    with open("/proc/%s/status" % process, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("Uid:"):
                return int(line.split()[4])
    raise ProcessLookupError(process)
