# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Private places for what a server hands back: reply sockets and reply files, gone whatever happens."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from typing import Iterator

from .errors import UnreachableError

# The longest path of a Unix socket (sockaddr_un), which a reply file is shorter than as well (128 bytes in
# jsonrpcs_mod.c), and what is put behind that of the folder.
_LONGEST = 107
_PREFIX = ".sipfleet-"
_MORE = len("/%s12345678/r" % _PREFIX)


@contextlib.contextmanager
def private_folder(beside: str) -> Iterator[str]:
    """A folder that only we can list and write, and that everybody can pass through who knows what is in it.

    It is made beside the socket of the server, where the server sees it even if its /tmp is another one, or else in the
    folder for temporary files, and removed at the end with all that is in it. Only a kill of this process leaves it.
    """
    reasons = []
    for place in (os.path.dirname(os.path.abspath(beside)), tempfile.gettempdir()):
        if len(os.fsencode(place)) > _LONGEST - _MORE:
            reasons.append("%s: too long for the path of a socket" % place)
            continue
        try:
            folder = tempfile.mkdtemp(prefix=_PREFIX, dir=place)
        except OSError as reason:
            reasons.append("%s: %s" % (place, reason.strerror))
            continue
        try:
            os.chmod(folder, 0o711)  # noqa: S103  # the server's user is another one
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    raise UnreachableError("no place for the socket that the server answers to (%s)" % "; ".join(reasons), "", beside)


def secret_name() -> str:
    """A name that nobody can guess, of letters and digits."""
    return secrets.token_hex(16)
