# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Files on the host: read, and kept for later runs."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from typing import List, NamedTuple, Optional, Union

from .._errors import KamailioError, Problem, error
from .._exit import SEEN
from .._memory import FILE_BYTES, KEPT_BYTES, MIB
from .._trust import READ, WRITE, FilePlace, doubt_about, find_place, make_folders, user_name

# The longest name is 255 bytes, of which the rest of a staged file's name takes 19.
_LONGEST_LABEL = 230
_CHUNK = 1 << 16
_TOO_LARGE = "%s, more than the limit of %d MiB"
_LOOK = "Look at it: it is damaged, or not a file of Kamailio"


def read_file(path: str, follow: bool = False, most: int = FILE_BYTES) -> Optional[bytes]:
    """Return the bytes of a file, None if it does not exist.

    C(follow) says that links made by other users are followed wherever they lead, C(most) is how many bytes the file
    may have. Raises KamailioError if it cannot be read.
    """
    try:
        with find_place(path, READ, follow) as place:
            return read_place(place, path, most)
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            return None
        reasons = {
            errno.EISDIR: ("is a directory", "Give the path of a file"),
            errno.EACCES: (
                "cannot be read: permission denied",
                "Run the task with become, or as a user that can read it",
            ),
            errno.ELOOP: ("is a symbolic link that leads to itself", "Correct the link"),
            errno.ENOTDIR: ("is not there: a part of its path is not a directory", "Correct the path"),
        }
        text, remedy = reasons.get(exc.errno or 0, ("cannot be read: %s" % exc.strerror, ""))
        raise error(text, remedy, path) from exc


def read_list(path: str, follow: bool = False) -> Optional[bytes]:
    """Return what the server reads of a list, which can be none of its file: see C(reads_as_empty).

    Raises KamailioError as C(read_file) does.
    """
    return b"" if reads_as_empty(path) else read_file(path, follow)


def reads_as_empty(path: str) -> bool:
    """Return whether the server opens a path and finds no line there: a folder, or C(/dev/null)."""
    status = status_of(path)
    return is_null(path) or (status is not None and stat.S_ISDIR(status.st_mode))


def is_null(path: str) -> bool:
    """Return whether a path leads to C(/dev/null)."""
    status = status_of(path)
    return status is not None and stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 3)


def read_place(place: FilePlace, path: str, most: int = FILE_BYTES) -> bytes:
    """Return the bytes of a file at a place that was found by C(path), whose secrets are masked from then on.

    Raises OSError, KamailioError.
    """
    handle = place.open(os.O_RDONLY)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(status.st_mode):
            raise error("is not a regular file", "Give the path of a file", path)
        if status.st_size > most:
            raise error(_TOO_LARGE % ("has %d bytes" % status.st_size, most // MIB), _LOOK, path)
        data = _read_up_to(handle, status.st_size, most + 1)
        if len(data) > most:
            raise error(_TOO_LARGE % ("grows while it is read", most // MIB), _LOOK, path)
    finally:
        os.close(handle)
    SEEN.read(data)
    return data


def status_of(path: str) -> Optional[os.stat_result]:
    """Return the status of what a path leads to, None if it cannot be looked at."""
    try:
        return os.stat(path)
    except OSError:
        return None


class Times(NamedTuple):
    """When the C(content) of a file was changed, and when anything of it was, in seconds since 1970."""

    content: float
    change: float


def times_of(path: str) -> Optional[Times]:
    """Return the latest times of a file and of the symbolic links in its path, None if it cannot be looked at.

    A link that is made anew, as for another release, changes what the path leads to. The time of a content can be set
    to any other, but no content is newer than the last change of its file.
    """
    parts = path.split(os.sep)
    names = [os.sep.join(parts[:depth]) for depth in range(2, len(parts) + 1)]
    try:
        found = [os.stat(path), *(status for status in map(os.lstat, names) if stat.S_ISLNK(status.st_mode))]
    except OSError:
        return None
    content = max(min(status.st_mtime, status.st_ctime) for status in found)
    return Times(content, max(status.st_ctime for status in found))


def _read_up_to(handle: int, size: int, most: int) -> bytes:
    """Return what a file of about this size contains, the first bytes of one that has more than C(most)."""
    parts: List[bytes] = []
    # The first read gets the whole file, in one piece of memory; those in /proc have a size of 0.
    wanted, left = max(size, _CHUNK), most
    while left:
        part = os.read(handle, min(wanted, left))
        if not part:
            break
        parts.append(part)
        wanted, left = _CHUNK, left - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def contains(handle: int, data: bytes) -> bool:
    """Whether an open file contains these bytes, and no others. Raises OSError."""
    return _read_up_to(handle, len(data), len(data) + 1) == data


def read_include(path: str, follow: bool = False) -> Union[bytes, Problem, None]:
    """Return the bytes of an included file, None if it does not exist, or why it cannot be read."""
    try:
        return read_file(path, follow)
    except KamailioError as exc:
        return Problem("an included file cannot be judged: %s" % exc.render(), "", path)


def keep_private(path: str, data: bytes) -> None:
    """Write a file that only its owner can read, into a folder that is made where it does not exist.

    Raises KamailioError, also where others can change what the folder holds.
    """
    folder = os.path.dirname(path)
    try:
        require_private(folder)
        make_folders(folder, 0o700)
        with find_place(path, WRITE) as place:
            sweep(place)
            handle, temporary = place.create(staging_prefix(place.name))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(place)
            flush(place)
    except OSError as exc:
        raise error("cannot be written: %s" % exc.strerror, "Let the task run with become", path) from exc


def read_private(path: str) -> Optional[bytes]:
    """Return what a file contains that C(keep_private) has written, None if it does not exist.

    Raises KamailioError, also where others can change what its folder holds.
    """
    data = read_file(path, most=KEPT_BYTES)
    if data is not None:
        try:
            require_private(os.path.dirname(path))
        except OSError as exc:
            raise error("cannot be read: %s" % exc.strerror, "Let the task run with become", path) from exc
    return data


def require_private(folder: str) -> None:
    """Refuse a folder whose content others can change. Raises KamailioError, and OSError if it cannot be reached."""
    doubt = doubt_about(folder)
    if doubt:
        text = "cannot be trusted with what is kept of a server: %s" % doubt
        raise error(text, "Give a folder that only %s can change" % user_name(os.geteuid()), folder)


def flush(place: FilePlace) -> None:
    """See that the names in a folder outlive a loss of power, where its file system can do that."""
    with contextlib.suppress(OSError), place.listable() as handle:
        os.fsync(handle)


def flush_folder(folder: str) -> None:
    """Do the same for a folder that only the current user can change."""
    with contextlib.suppress(OSError), find_place(os.path.join(folder, "x"), READ) as place:
        flush(place)


def staging_prefix(name: str) -> str:
    """Return how the names of the files begin that are staged next to a file of that name."""
    fits = len(os.fsencode(name)) <= _LONGEST_LABEL
    return ".sipfleet.%s." % (name if fits else hashlib.sha256(os.fsencode(name)).hexdigest())


def is_staged(name: str) -> bool:
    """Return whether a file is one that is staged next to another one."""
    return bool(re.match(r"\.sipfleet\..*\.[0-9a-f]{8}\Z", name))


def sweep(place: FilePlace) -> None:
    """Remove what a run that was killed has staged next to a file, which is locked."""
    staged = re.compile(re.escape(staging_prefix(place.name)) + r"[0-9a-f]{8}\Z")
    with contextlib.suppress(OSError), place.listable() as handle:
        for name in filter(staged.match, os.listdir(handle)):
            # The owner of the folder can have made a folder of that name.
            with contextlib.suppress(OSError):
                place.sibling(name).remove()


def sweep_path(path: str) -> None:
    """Do the same for a file that is named by its real path, unless that leads elsewhere by now."""
    with contextlib.suppress(OSError, KamailioError), find_place(path, WRITE) as place:
        if place.path == path:
            sweep(place)
