# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of folders, as Linux reports them: what an attacker waits for, and what a test sees of short-lived files."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from pathlib import Path

ACCESS, MODIFY, ATTRIB, CLOSE_WRITE, CLOSE, OPEN = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
WRITES = MODIFY | ATTRIB | MOVED_FROM | MOVED_TO | CREATE | DELETE
_HEAD = struct.Struct("iIII")
_LIBC = ctypes.CDLL(None, use_errno=True)
_EXCHANGE, _AT_FDCWD = 2, -100


class Watch:
    """The events of some folders."""

    def __init__(self) -> None:
        self._handle = _LIBC.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        self._folders: dict[int, Path] = {}

    def add(self, folder: Path, mask: int) -> None:
        """Watch one more folder. Raises OSError."""
        number = _LIBC.inotify_add_watch(self._handle, os.fsencode(folder), mask)
        if number < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
        self._folders[number] = folder

    def wait(self, seconds: float | None = None) -> list[Path]:
        """Wait for events, and return the paths that they are for."""
        if not select.select([self._handle], [], [], seconds)[0]:
            return []
        data, found = os.read(self._handle, 1 << 16), []
        while data:
            number, _mask, _cookie, length = _HEAD.unpack_from(data)
            name = data[_HEAD.size : _HEAD.size + length].rstrip(b"\0")
            if number in self._folders:
                found.append(self._folders[number] / os.fsdecode(name))
            data = data[_HEAD.size + length :]
        return found

    def close(self) -> None:
        """End it."""
        os.close(self._handle)


def exchange(first: Path, other: Path) -> None:
    """Swap two names in one step. Raises OSError."""
    if _LIBC.renameat2(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(other), _EXCHANGE):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(first))
