# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Which user writes the replies to calls through the FIFO of a server."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import stat
from typing import List, Optional, Tuple

from .._text import is_number

_MOST_HANDLES = 1024


def find_writer(server: int, name: str) -> Optional[int]:
    """Return the id of the user who reads calls from an open FIFO and writes the replies, None if it is not known.

    C(name) is the name of the FIFO in its folder. The user is that of the processes that have the FIFO open for
    reading. The owner of the FIFO says nothing: a server that is started as root with C(-u) opens it before it changes
    its user, and C(fifo_user) gives it to another user. Root does not see the processes of another container. Other
    users see their own processes only, and could not give the FIFO for the reply to another user.
    """
    status = os.fstat(server)
    users = set()
    for process in _readers(name, (status.st_dev, status.st_ino), status.st_ctime_ns):
        # Each time anew: a server that starts is still root when it opens its FIFO.
        with contextlib.suppress(OSError):
            users.add(_user_of(process))
    # There can be another reader besides the server.
    user = users.pop() if len(users) == 1 else None
    return user if os.geteuid() in (0, user) else None


@functools.lru_cache(maxsize=16)
def _readers(name: str, identity: Tuple[int, int], _changed: int) -> Tuple[str, ...]:
    """The ids of the processes that have a FIFO open for reading.

    They are looked for once, since a list of many sets takes as many calls. A server that starts makes a new FIFO.
    """
    found = []
    for process in filter(is_number, _names("/proc")):
        folder = "/proc/%s/fd" % process
        # They come in rising order, and a server opens its FIFO early. Other users can have very many.
        if any(_reads("%s/%s" % (folder, handle), name, identity) for handle in _first_names(folder)):
            found.append(process)
    return tuple(found)


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
