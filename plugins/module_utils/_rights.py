# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What another user can do with a file, by its owner, its group, its mode and its access control list."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import struct
from functools import lru_cache
from typing import Collection, FrozenSet, List, NamedTuple, Optional

# Of linux/posix_acl_xattr.h and linux/posix_acl.h: a header of 4 bytes, then tag, permissions and id of each entry.
ACCESS_LIST = "system.posix_acl_access"
_HEADER_BYTES, _ENTRY = 4, "<HHI"
_OWNER, _NAMED_USER, _OWN_GROUP, _NAMED_GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_MAY_WRITE = 2


class _Entry(NamedTuple):
    tag: int
    bits: int
    number: int


class Writers(NamedTuple):
    """Who can change a file or what its path leads to: ids of users and groups, or everybody.

    Root, the group of root and the current user are not among them.
    """

    users: FrozenSet[int] = frozenset()
    groups: FrozenSet[int] = frozenset()
    everybody: bool = False

    def and_(self, other: Writers) -> Writers:
        """Return all of these, and all of those."""
        return Writers(self.users | other.users, self.groups | other.groups, self.everybody or other.everybody)

    def without(self, others: Writers) -> Writers:
        """Return those of them who are not among the others, by a group of theirs either."""
        if others.everybody:
            return Writers()
        users = {user for user in self.users - others.users if not groups_of(user) & others.groups}
        return Writers(frozenset(users), self.groups - others.groups, self.everybody)

    def gaining(self, before: os.stat_result, after: os.stat_result) -> Writers:
        """Return those of them who cannot read a file by its owner, group and mode before, and can after."""
        users = {user for user in self.users if not _user_reads(before, user) and _user_reads(after, user)}
        groups = {group for group in self.groups if not _group_reads(before, group) and _group_reads(after, group)}
        everybody = self.everybody and bool(after.st_mode & ~before.st_mode & stat.S_IROTH)
        return Writers(frozenset(users), frozenset(groups), everybody)


NO_OTHERS = Writers()


def may(status: os.stat_result, bits: int, user: int, groups: Collection[int]) -> bool:
    """Whether a mode grants a user all of C(bits), given as those of others (C(S_IROTH), C(S_IWOTH), C(S_IXOTH)).

    The bits of the owner alone decide for the owner, and those of the group alone for its other members.
    """
    shift = 6 if status.st_uid == user else 3 if status.st_gid in groups else 0
    return status.st_mode >> shift & bits == bits


def _user_reads(status: os.stat_result, user: int) -> bool:
    """Whether owner, group and mode of a file let a user read it; the owner can grant itself every bit."""
    return status.st_uid == user or may(status, stat.S_IROTH, user, groups_of(user))


def _group_reads(status: os.stat_result, group: int) -> bool:
    return bool(status.st_mode & (stat.S_IRGRP if status.st_gid == group else stat.S_IROTH))


def can(folder: int, name: str, status: os.stat_result, bits: int, user: int) -> bool:
    """Whether a user can do what C(bits) stand for with a file in an open folder, C(status) being that of the file.

    The owner can grant itself every bit. Where a file has an access control list, the bits of the group are its mask,
    and not the rights of the group: nothing that is granted by the list or to the group counts then.
    """
    if status.st_uid == user:
        return True
    groups = groups_of(user)
    # The folder is open for passing only, so its handle alone cannot be asked.
    entries = _access_list("/proc/self/fd/%d/%s" % (folder, name))
    if entries != [] and (status.st_gid in groups or _names(entries or [], user, groups)):
        return False
    return may(status, bits, user, groups)


def writers_by(status: os.stat_result, path: str) -> Writers:
    """Return who can write to a file or a folder with this status, C(path) being a path to it for this moment."""
    mode = status.st_mode
    users, groups = {status.st_uid}, {status.st_gid} if mode & stat.S_IWGRP else set()
    # With an access control list the bits of the group are the mask, the most that any entry of it gives.
    entries = _access_list(path) if mode & stat.S_IWGRP else []
    if entries:
        writing = [entry for entry in entries if entry.bits & _MAY_WRITE]
        users |= {entry.number for entry in writing if entry.tag == _NAMED_USER}
        groups = {entry.number for entry in writing if entry.tag == _NAMED_GROUP}
        groups |= {status.st_gid for entry in writing if entry.tag == _OWN_GROUP}
    return Writers(frozenset(users.difference(ours())), frozenset(groups - {0}), bool(mode & stat.S_IWOTH))


def ours() -> List[int]:
    """Return the ids of the users who are trusted with everything: root and the current one."""
    return [0, os.geteuid()]


@lru_cache(maxsize=None)
def groups_of(user: int) -> FrozenSet[int]:
    """Return the ids of the groups of a user as the system knows them, none for a user without an account."""
    try:
        account = pwd.getpwuid(user)
        return frozenset(os.getgrouplist(account.pw_name, account.pw_gid))
    except (KeyError, OSError):
        return frozenset()


def group_name(group: int) -> str:
    """Return the name of a group, or its number if it has none."""
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _access_list(path: str) -> Optional[List[_Entry]]:
    """Return the entries of the access control list of a file, none if it has no list, None if that is unknown."""
    if not hasattr(os, "getxattr"):
        return None
    try:
        data = os.getxattr(path, ACCESS_LIST, follow_symlinks=False)[_HEADER_BYTES:]
    except OSError as exc:
        return [] if exc.errno in (errno.ENODATA, errno.ENOTSUP) else None
    return [_Entry(*entry) for entry in struct.iter_unpack(_ENTRY, data)]


def narrowed(data: bytes, mode: int) -> bytes:
    """Return an access control list, as an extended attribute has it, that grants no more than a mode does."""
    bits = {_OWNER: mode >> 6, _MASK: mode >> 3, _OTHERS: mode}
    entries = [_Entry(*entry) for entry in struct.iter_unpack(_ENTRY, data[_HEADER_BYTES:])]
    packed = (struct.pack(_ENTRY, *entry._replace(bits=entry.bits & bits.get(entry.tag, 7))) for entry in entries)
    return data[:_HEADER_BYTES] + b"".join(packed)


def _names(entries: Collection[_Entry], user: int, groups: Collection[int]) -> bool:
    """Whether an access control list has an entry for a user, or for one of its groups."""
    return any(
        (entry.tag == _NAMED_USER and entry.number == user) or (entry.tag == _NAMED_GROUP and entry.number in groups)
        for entry in entries
    )
