# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What another user can do with a file, by its owner, its group, its mode and its access control list."""

from __future__ import annotations

import errno
import os
import pwd
import struct
from functools import lru_cache
from typing import Collection, FrozenSet, Optional

# Of linux/posix_acl_xattr.h and linux/posix_acl.h: a header of 4 bytes, then tag, permissions and id of each entry.
_LIST = "system.posix_acl_access"
_HEADER_BYTES, _ENTRY = 4, "<HHI"
_NAMED_USER, _NAMED_GROUP = 0x02, 0x08


def may(status: os.stat_result, bits: int, user: int, groups: Collection[int]) -> bool:
    """Whether a mode grants a user all of C(bits), given as those of others (C(S_IROTH), C(S_IWOTH), C(S_IXOTH)).

    The bits of the owner alone decide for the owner, and those of the group alone for its other members.
    """
    shift = 6 if status.st_uid == user else 3 if status.st_gid in groups else 0
    return status.st_mode >> shift & bits == bits


def can(folder: int, name: str, status: os.stat_result, bits: int, user: int) -> bool:
    """Whether a user can do what C(bits) stand for with a file in an open folder, C(status) being that of the file.

    The owner can grant itself every bit. Where a file has an access control list, the bits of the group are its mask,
    and not the rights of the group: nothing that is granted by the list or to the group counts then.
    """
    if status.st_uid == user:
        return True
    groups = groups_of(user)
    entries = _access_list(folder, name)
    if entries != b"" and (status.st_gid in groups or _names(entries or b"", user, groups)):
        return False
    return may(status, bits, user, groups)


@lru_cache(maxsize=None)
def groups_of(user: int) -> FrozenSet[int]:
    """Return the ids of the groups of a user as the system knows them, none for a user without an account."""
    try:
        account = pwd.getpwuid(user)
        return frozenset(os.getgrouplist(account.pw_name, account.pw_gid))
    except (KeyError, OSError):
        return frozenset()


def _access_list(folder: int, name: str) -> Optional[bytes]:
    """Return the entries of the access control list of a file, empty if it has none, None if that is unknown."""
    if not hasattr(os, "getxattr"):
        return None
    try:
        # The folder is open for passing only, so its handle alone cannot be asked.
        return os.getxattr("/proc/self/fd/%d/%s" % (folder, name), _LIST, follow_symlinks=False)[_HEADER_BYTES:]
    except OSError as exc:
        return b"" if exc.errno in (errno.ENODATA, errno.ENOTSUP) else None


def _names(entries: bytes, user: int, groups: Collection[int]) -> bool:
    """Whether an access control list has an entry for a user, or for one of its groups."""
    return any(
        (tag == _NAMED_USER and number == user) or (tag == _NAMED_GROUP and number in groups)
        for tag, _bits, number in struct.iter_unpack(_ENTRY, entries)
    )
