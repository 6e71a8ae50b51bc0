# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The files of a host as a process in a mount namespace sees them: what it changes is changed for this process alone.

Each file system that the host has mounted is the lower layer of an overlay, whose upper layer is in memory. Sockets and
FIFOs of the host are there by name, and lead to nobody: those of an overlay are others.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import List, NamedTuple, Optional, Tuple

from .namespace import (
    ALL_BELOW,
    BIND,
    NO_DEVICES,
    NO_PROGRAMS,
    NO_SETUID,
    PRIVATE,
    READ_ONLY,
    REMOUNT,
    mount,
    replace_root,
)

# A folder that every host has, and that is hidden while the layers are made.
_WORK = "/dev"
_OWN = re.compile(r"/(?:proc|sys|dev)(?:/|\Z)")
# What the kernel shows of itself, and what is made when somebody looks at it.
_NOT_FILES = re.compile(
    r"autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|hugetlbfs|mqueue|nsfs|proc"
    r"|pstore|rpc_pipefs|securityfs|selinuxfs|sysfs|tracefs"
)
# What holds neither sockets nor FIFOs, and cannot be a layer everywhere.
_PLAIN = re.compile(r"vfat|msdos|exfat|iso9660|udf|squashfs|erofs|cramfs")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"))
_ESCAPE = re.compile(rb"\\([0-7]{3})")


class Candidate(NamedTuple):
    """A file that is about to be written: its bytes, and the numbers of its owner, group and mode.

    What is None is as it is of the file that it replaces; of a new one it is root, root and 0644.
    """

    data: bytes
    user: Optional[int] = None
    group: Optional[int] = None
    mode: Optional[int] = None


def enter_private_files(room: int) -> List[str]:
    """Have this process see the files of the host in private layers; what it changes takes C(room) bytes at most.

    It must be in a mount namespace of its own, and is in the root folder afterwards. Return the folders whose file
    systems cannot be a layer, and which are empty for it. Raises OSError.
    """
    mount("", "/", "", ALL_BELOW | PRIVATE)
    with open("/proc/self/mountinfo", "rb") as file:
        table = file.read()
    places: List[Tuple[Mounted, int]] = []
    hidden: List[str] = []
    for mounted in mounted_files(table):
        # It can be hidden by a mount above it.
        with contextlib.suppress(OSError):
            if mounted.theirs:
                hidden.append(mounted.path)
            else:
                places.append((mounted, os.open(mounted.path, os.O_PATH)))
    devices = [(name, os.open("/dev/" + name, os.O_PATH)) for name in _DEVICES if os.path.exists("/dev/" + name)]
    mount("tmpfs", _WORK, "tmpfs", NO_SETUID | NO_DEVICES, "mode=0700,size=%d" % room)
    root = _WORK + "/root"
    os.mkdir(root)
    for number, (mounted, handle) in enumerate(places):
        target = root + mounted.path if mounted.path != "/" else root
        try:
            _layer(number, handle, target, bool(_PLAIN.fullmatch(mounted.kind)))
        except OSError:
            if mounted.path == "/":
                raise
            hidden.append(mounted.path)
    os.chdir(root)
    mount("proc", "proc", "proc", NO_SETUID | NO_DEVICES | NO_PROGRAMS)
    # The root user inside could change the host there.
    mount("", "proc", "", REMOUNT | BIND | READ_ONLY | NO_SETUID | NO_DEVICES | NO_PROGRAMS)
    mount("sysfs", "sys", "sysfs", READ_ONLY | NO_SETUID | NO_DEVICES | NO_PROGRAMS)
    _make_devices(devices, room)
    replace_root()
    for _place, handle in [*places, *devices]:
        os.close(handle)
    return hidden


class Mounted(NamedTuple):
    """A folder or a file that a file system is mounted on, and the type of that.

    C(theirs) says that another user than root serves its files (FUSE), and can keep whoever looks waiting.
    """

    path: str
    kind: str
    theirs: bool


def mounted_files(table: bytes) -> List[Mounted]:
    """Return where files are mounted by C(/proc/self/mountinfo), those above first. C(/) is among them."""
    found = {"/": Mounted("/", "", False)}
    for line in table.splitlines():
        fields = line.split(b" ")
        last = fields[fields.index(b"-", 6) + 1 :]
        path = os.fsdecode(_ESCAPE.sub(lambda octal: bytes([int(octal.group(1), 8)]), fields[4]))
        name = last[0].decode("ascii", "replace")
        theirs = name.startswith("fuse") and b"user_id=0" not in last[-1].split(b",")
        if path != "/" and not _NOT_FILES.fullmatch(name) and not _OWN.match(path):
            found[path] = Mounted(path, name, theirs)
    return [found[path] for path in sorted(found)]


def _layer(number: int, handle: int, target: str, plain: bool) -> None:
    source = "/proc/self/fd/%d" % handle
    status = os.fstat(handle)
    if plain or stat.S_ISREG(status.st_mode):
        mount(source, target, "", BIND)
        mount("", target, "", REMOUNT | BIND | READ_ONLY | NO_DEVICES)
    if plain or not stat.S_ISDIR(status.st_mode):
        return
    upper, work = "%s/u%d" % (_WORK, number), "%s/w%d" % (_WORK, number)
    os.mkdir(upper)
    os.mkdir(work)
    # The folder of the upper layer is the one that shows.
    os.chown(upper, status.st_uid, status.st_gid)
    os.chmod(upper, stat.S_IMODE(status.st_mode))
    data = "lowerdir=%s,upperdir=%s,workdir=%s" % (source, upper, work)
    mount("overlay", target, "overlay", NO_DEVICES, data)


def _make_devices(devices: List[Tuple[str, int]], room: int) -> None:
    mount("tmpfs", "dev", "tmpfs", NO_SETUID | NO_PROGRAMS, "mode=0755,size=1m")
    for name, handle in devices:
        with open("dev/" + name, "xb"):
            pass
        mount("/proc/self/fd/%d" % handle, "dev/" + name, "", BIND)
    for name, target in _LINKS:
        os.symlink(target, "dev/" + name)
    os.mkdir("dev/shm")
    mount("tmpfs", "dev/shm", "tmpfs", NO_SETUID | NO_DEVICES, "mode=1777,size=%d" % room)


def put_file(path: str, candidate: Optional[Candidate]) -> None:
    """Give a file its bytes, owner, group and mode, or remove it; for a process with private files. Raises OSError."""
    if candidate is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    with os.fdopen(handle, "wb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is not a regular file", path)
        file.write(candidate.data)
        keep = -1
        os.fchown(
            handle,
            keep if candidate.user is None else candidate.user,
            keep if candidate.group is None else candidate.group,
        )
        if candidate.mode is not None:
            os.fchmod(handle, candidate.mode)


def make_folder(path: str, user: int, group: int, mode: int, empty: bool) -> None:
    """Make a folder as systemd does before a start, without what is in it if it is to be C(empty). Raises OSError."""
    if empty:
        remove_tree(path)
    os.makedirs(path, 0o755, exist_ok=True)
    os.chown(path, user, group)
    os.chmod(path, mode)


def remove_tree(path: str) -> None:
    """Remove a folder of the private files with all that it contains. Raises OSError."""
    if not os.path.isdir(path) or os.path.islink(path):
        return
    with os.scandir(path) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                remove_tree(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(path)
