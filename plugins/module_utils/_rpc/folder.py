# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Private places for the replies of a server: sockets and files in a folder that only the current user can change."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from typing import Iterator

from .._errors import KamailioError
from .._trust import WRITE, find_place, run_folder
from .errors import UnreachableError

# The longest path of a Unix socket (sockaddr_un). A stored reply has a longer name, and 128 bytes (jsonrpcs_mod.c).
_LONGEST = 107
_PREFIX = ".sipfleet-"


@contextlib.contextmanager
def private_folder(socket: str) -> Iterator[str]:
    """Make a folder that only we can list and change. The server can pass through it, since it knows what to open.
    So can others, where they can list the folder around it: what they could write to needs a C(secret_name).

    It is made next to the socket of the server, if no other user can change that folder. The user of the server often
    owns it; then it is made in the folder of the collection below C(/run), or in the one for temporary files where the
    current user is not root. It is removed at the end with all that it contains. Only a kill of this process leaves it.
    """
    reasons = []
    for parent in (os.path.dirname(os.path.abspath(socket)), ""):
        try:
            parent = parent or (run_folder() if os.geteuid() == 0 else tempfile.gettempdir())
            folder = _make_folder(parent)
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


def secret_name() -> str:
    """A name that nobody can guess, of letters and digits."""
    return secrets.token_hex(16)
