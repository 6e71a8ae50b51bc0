# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Private places for the replies of a server: sockets and files in a folder that only the current user can change."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import tempfile
from typing import Iterator, Optional, Tuple

from .._errors import KamailioError
from .._trust import WRITE, find_place, run_folder
from .errors import UnreachableError

# The longest path of a Unix socket (sockaddr_un). A stored reply has a longer name, and 128 bytes (jsonrpcs_mod.c).
_LONGEST = 107
_PREFIX = ".sipfleet-"
_MADE = re.compile(re.escape(_PREFIX) + r"[0-9a-f]{8}\Z")


@contextlib.contextmanager
def private_folder(socket: str) -> Iterator[str]:
    """Make a folder that only we can list and change. The server can pass through it, since it knows what to open.
    So can others, where they can list the folder around it: what they could write to needs a C(secret_name).

    It is made next to the socket of the server, if no other user can change that folder. The user of the server often
    owns it; then it is made in the folder of the collection below C(/run), or in the one for temporary files where the
    current user is not root. It is removed at the end with all that it contains. Where a kill of this process leaves it
    in the folder of the collection, the next one that makes a folder there removes it.
    """
    reasons = []
    for parent in (os.path.dirname(os.path.abspath(socket)), ""):
        try:
            shared = not parent and os.geteuid() == 0
            parent = parent or (run_folder() if shared else tempfile.gettempdir())
            if shared:
                _sweep(parent)
            folder, handle = _hold_folder(parent) if shared else (_make_folder(parent), None)
        except OSError as reason:
            reasons.append("%s: %s" % (parent, reason.strerror))
            continue
        except KamailioError as reason:
            reasons.append(reason.render())
            continue
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if handle is not None:
                os.close(handle)
        return
    raise UnreachableError("no place for the socket that the server answers to (%s)" % "; ".join(reasons), "", socket)


def _make_folder(parent: str) -> str:
    """Make a folder in another one. Raises OSError, and KamailioError where other users could replace it."""
    with find_place(os.path.join(parent, _PREFIX + secrets.token_hex(4)), WRITE) as place:
        if place.doubt:
            raise UnreachableError(place.doubt)
        if len(os.fsencode(place.path)) > _LONGEST - len("/r"):
            raise UnreachableError("too long for the path of a socket", "", parent)
        # The server's user is another one.
        place.make_folder(0o711)
        return place.path


def _hold_folder(parent: str) -> Tuple[str, Optional[int]]:
    """Make a folder in another one that is held as long as its handle is open. Raises as C(_make_folder) does."""
    while True:
        folder = _make_folder(parent)
        handle = _hold(folder)
        if handle is not None:
            return folder, handle


def _hold(folder: str) -> Optional[int]:
    """Hold a folder, and return its handle; None if another process holds it, or has removed it. Raises OSError."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Removed between the opening and the lock.
        os.stat(folder)
    except (BlockingIOError, FileNotFoundError):
        os.close(handle)
        return None
    except OSError:
        os.close(handle)
        raise
    return handle


def _sweep(parent: str) -> None:
    """Remove the folders that no process holds, from one that only the current user can change.

    One that was just made and is not held yet can be among them: its maker sees that, and makes another one.
    """
    for name in filter(_MADE.match, os.listdir(parent)):
        folder = os.path.join(parent, name)
        with contextlib.suppress(OSError):
            handle = _hold(folder)
            if handle is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)


def secret_name() -> str:
    """A name that nobody can guess, of letters and digits."""
    return secrets.token_hex(16)
