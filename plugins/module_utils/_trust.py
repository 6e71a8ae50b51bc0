# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Where a path leads, found without trusting what other users can change on the way.

A folder is trusted if only root and the current user can change it and every folder above it, as the StrictModes of
OpenSSH has it. A symbolic link in any other folder can have been made by its owner, to have root do what that owner
cannot do. Such a link is followed only to what its owner can reach as well.

A path is opened folder by folder, and what is done to a file is done by its name in the open folder. Renaming a folder
or replacing it by a link has no effect then.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import secrets
import stat
import tempfile
from dataclasses import dataclass, replace
from typing import Final, Iterator, List, Literal, Optional, Tuple

from ._errors import KamailioError, error
from ._rights import Writers, can, group_name, ours, writers_by
from ._text import is_number

# What a file is opened for. A socket or a FIFO is called by whoever can write to it.
Purpose = Literal["read", "write", "call"]
READ: Final = "read"
WRITE: Final = "write"
CALL: Final = "call"
# That of the kernel (MAXSYMLINKS).
_MOST_LINKS = 40
# Where systemd-logind makes a folder for each user that has a session.
_SESSIONS = "/run/user"
# A folder that may be passed through need not be readable.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def exact_modes() -> Iterator[None]:
    """Let what is made have the very mode that is given, whatever the umask of the task is."""
    mask = os.umask(0)
    try:
        yield
    finally:
        os.umask(mask)


@dataclass(frozen=True)
class FilePlace:
    """The place of a file, which need not exist: an open folder and a name in it.

    C(path) is the real path, without symbolic links. C(doubt) says why others can change what the path leads to, and is
    empty for a trusted place. In a C(shared) folder, such as C(/tmp), others can make files, and cannot touch ours.
    C(writers) are those who can change what the path leads to, the owners of folders and links among them.
    """

    folder: int
    name: str
    path: str
    doubt: str
    shared: bool
    writers: Writers

    def status(self) -> Optional[os.stat_result]:
        """The status of the file itself, None if it does not exist."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def namers(self) -> Writers:
        """Return who can have given the file its name, which it need not have been made for."""
        if not self.shared:
            return self.writers
        return self.writers.and_(writers_by(os.fstat(self.folder), "/proc/self/fd/%d" % self.folder))

    def open(self, flags: int, mode: int = 0o600) -> int:
        """Open the file without following a link, and without waiting for the other end of a FIFO."""
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return os.open(self.name, flags, mode, dir_fd=self.folder)

    def sibling(self, name: str) -> FilePlace:
        """Return the place of another name in the same folder."""
        return replace(self, name=name, path=os.path.join(os.path.dirname(self.path), name))

    def create(self, prefix: str) -> Tuple[int, FilePlace]:
        """Make a new file in the folder that only the current user can read; return its handle and its place."""
        while True:
            made = self.sibling(prefix + secrets.token_hex(4))
            with contextlib.suppress(FileExistsError):
                return made.open(os.O_RDWR | os.O_CREAT | os.O_EXCL), made

    def make_folder(self, mode: int) -> None:
        """Make a folder with this mode. Raises OSError."""
        with exact_modes():
            os.mkdir(self.name, mode, dir_fd=self.folder)

    def remove_folder(self) -> None:
        """Remove the folder, which must be empty. Raises OSError."""
        os.rmdir(self.name, dir_fd=self.folder)

    def rename(self, target: FilePlace) -> None:
        """Rename the file to the name of another place in the same folder. Raises OSError."""
        os.rename(self.name, target.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)

    def remove(self) -> None:
        """Remove the file. Raises OSError."""
        os.unlink(self.name, dir_fd=self.folder)

    @contextlib.contextmanager
    def socket(self) -> Iterator[str]:
        """Give a path for C(connect) that leads to this file whatever its name stands for by then.

        Raises OSError, also if the file is not a socket.
        """
        if not hasattr(os, "O_PATH") or not os.path.isdir("/proc/self/fd"):
            yield self.path
            return
        handle = os.open(self.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.folder)
        try:
            if not stat.S_ISSOCK(os.fstat(handle).st_mode):
                raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
            yield "/proc/self/fd/%d" % handle
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def listable(self) -> Iterator[int]:
        """Open the folder so that it can be listed and flushed."""
        handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.folder)
        try:
            yield handle
        finally:
            os.close(handle)


class _Walk:
    """The state of a walk along a path, from the root folder on."""

    def __init__(self, path: str, purpose: Purpose, follow: bool) -> None:
        self.path = path
        self.purpose = purpose
        self.follow = follow
        self.links = 0
        self.link = ""
        # The other users whose links were followed: each of them must be able to reach the file.
        self.linkers: List[int] = []
        self.writers = Writers()
        self._start("")

    def _start(self, doubt: str) -> None:
        self.handle = os.open("/", _PASS)
        self.real: List[str] = []
        self.stranger: Optional[int] = None
        self.doubt = doubt
        self._look()

    def _look(self) -> None:
        """Take in the folder that has just been entered."""
        self.folder = os.fstat(self.handle)
        here = "/" + "/".join(self.real)
        if not self.folder.st_mode & stat.S_ISVTX:
            self._meet(writers_by(self.folder, "/proc/self/fd/%d" % self.handle))
        if self.folder.st_uid not in ours():
            self._meet(Writers(frozenset([self.folder.st_uid])))
            self.stranger = self.folder.st_uid if self.stranger is None else self.stranger
            self.doubt = self.doubt or "%s belongs to the user %s" % (here, user_name(self.folder.st_uid))
        self.shared = bool(self.folder.st_mode & 0o022)
        if self.shared and not self.folder.st_mode & stat.S_ISVTX:
            self.doubt = self.doubt or "%s can be changed by its group or by everybody" % here
        for user in self.linkers:
            if not can(self.handle, ".", self.folder, stat.S_IXOTH, user):
                raise self._refused(user)

    def _meet(self, writers: Writers) -> None:
        self.writers = self.writers.and_(writers)

    def enter(self, name: str) -> None:
        """Go into a folder."""
        handle = os.open(name, _PASS, dir_fd=self.handle)
        os.close(self.handle)
        self.handle = handle
        self.real.append(name)
        self._look()

    def restart(self) -> None:
        """Go back to the root folder, where an absolute link begins; a doubt about the way to the link stays."""
        os.close(self.handle)
        self._start(self.doubt)

    def follow_link(self, name: str, owner: int) -> str:
        """Return what a link leads to, after taking note of who can have made it."""
        self.links += 1
        if self.links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        maker = owner if owner not in ours() else self.stranger
        link = "/" + "/".join([*self.real, name])
        if maker is not None:
            self._meet(Writers(frozenset([maker])))
            self.doubt = self.doubt or "%s is a symbolic link that the user %s can change" % (link, user_name(maker))
        if maker is not None and not self.follow:
            self.link = link
            self.linkers.append(maker)
        process = self.real[1] if self.real[:1] == ["proc"] and len(self.real) > 1 else ""
        if is_number(process) and int(process) != os.getpid():
            # The text of such a link, as /proc/1/root, is a path as the other process sees it, perhaps in a container.
            raise error("%s leads to the files of another process" % link, "Give a path outside of /proc", self.path)
        return os.readlink(name, dir_fd=self.handle)

    def place(self, name: str) -> FilePlace:
        """Return the place of a name in the current folder."""
        real = "/" + "/".join([*self.real, name])
        place = FilePlace(
            folder=self.handle, name=name, path=real, doubt=self.doubt, shared=self.shared, writers=self.writers
        )
        status = place.status()
        bit = stat.S_IWOTH if self.purpose == CALL else stat.S_IROTH
        for user in self.linkers:
            if not (self._replaceable(status, user) if self.purpose == WRITE else _grants(place, status, bit, user)):
                raise self._refused(user)
        if (
            not self.linkers
            and self.stranger is not None
            and not self.follow
            and status
            and (stat.S_ISREG(status.st_mode) or self.purpose == CALL)
            and status.st_nlink > 1
            and not _grants(place, status, bit, self.stranger)
        ):
            text = "has another name (hard link), and the user %s can have made it" % user_name(self.stranger)
            raise error(text, "Make it a file with one name, or set follow if that is meant to be", self.path)
        return place

    def _replaceable(self, status: Optional[os.stat_result], user: int) -> bool:
        """Whether a user can replace a file of the current folder; in one such as C(/tmp) only the file's owner can."""
        if self.folder.st_uid == user:
            return True
        if not can(self.handle, ".", self.folder, stat.S_IWOTH | stat.S_IXOTH, user):
            return False
        return not self.folder.st_mode & stat.S_ISVTX or status is None or status.st_uid == user

    def _refused(self, user: int) -> KamailioError:
        text = "%s is a symbolic link that the user %s can have made, and it leads to what that user cannot %s"
        remedy = "Give the real path, or set follow if the link is meant to be there"
        return error(text % (self.link, user_name(user), self.purpose), remedy, self.path)


def writers_of(path: str, follow: bool) -> Writers:
    """Return who can change a file or what its path leads to, by owners, modes and access control lists.

    Of a file that does not exist these are the users who can make it. Raises KamailioError or OSError as C(find_place)
    does.
    """
    try:
        with find_place(path, READ, follow) as place:
            status, folder = place.status(), "/proc/self/fd/%d" % place.folder
            if status is None:
                return place.writers.and_(writers_by(os.fstat(place.folder), folder + "/."))
            return place.writers.and_(writers_by(status, "%s/%s" % (folder, place.name)))
    except FileNotFoundError:
        # Its folder does not exist either.
        return writers_of(os.path.dirname(path), follow)


def described(writers: Writers) -> str:
    """Return the names of users and groups for a message."""
    if writers.everybody:
        return "everybody"
    names: List[str] = ["the user %s" % user_name(user) for user in sorted(writers.users)]
    names += ["the group %s" % group_name(group) for group in sorted(writers.groups)]
    return " and ".join(names)


def _grants(place: FilePlace, status: Optional[os.stat_result], bit: int, user: int) -> bool:
    """Whether a user can do what a bit of others stands for; a file that does not exist hides nothing."""
    return status is None or can(place.folder, place.name, status, bit, user)


def user_name(user: Optional[int]) -> str:
    """Return the name of a user, or the number of one that has no name."""
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(user or 0).pw_name
    return str(user)


@contextlib.contextmanager
def find_place(path: str, purpose: Purpose, follow: bool = False) -> Iterator[FilePlace]:
    """Find the place of a file, for one of the purposes; its folder stays open for the C(with) statement.

    C(follow) says that links made by other users are followed wherever they lead. Raises KamailioError for a link that
    is not followed, and OSError for a folder on the way that cannot be passed.
    """
    if "\0" in path:
        raise error("is not a path, since it holds a NUL character", "Correct the path", path.replace("\0", "\\x00"))
    walk = _Walk(path, purpose, follow)
    try:
        # The current folder may be gone, which is not to look as if the file were.
        names, name = _split(path if os.path.isabs(path) else os.path.join(os.getcwd(), path)), ""
        while names:
            name = names.pop(0)
            if name == "..":
                names, name = walk.real[:-1] + names, ""
                walk.restart()
                continue
            try:
                status = os.stat(name, dir_fd=walk.handle, follow_symlinks=False)
            except FileNotFoundError:
                if names:
                    raise
                break
            if stat.S_ISLNK(status.st_mode):
                target = walk.follow_link(name, status.st_uid)
                if target.startswith("/"):
                    walk.restart()
                names = _split(target) + names
                name = ""
            elif names:
                walk.enter(name)
            else:
                break
        yield walk.place(name or ".")
    finally:
        os.close(walk.handle)


def _split(path: str) -> List[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def clean_path(path: str) -> str:
    """Return a path without what means nothing in it: a slash too many, at its end as well, and the name C(.)."""
    return "/" * path.startswith("/") + "/".join(_split(path))


def resolve_trusted(path: str) -> str:
    """Return a path with the links resolved that only root and the current user can change.

    What follows the first folder or link of another user stays as it is written, since that user can let it lead
    anywhere.
    """
    real, rest, links = "/", _split(path), 0
    while rest:
        name = rest[0]
        if name == "..":
            real, rest = os.path.dirname(real), rest[1:]
            continue
        try:
            with find_place(os.path.join(real, "x"), READ) as place:
                status = place.sibling(name).status()
                if place.doubt or status is None or status.st_uid not in ours():
                    break
                target = os.readlink(name, dir_fd=place.folder) if stat.S_ISLNK(status.st_mode) else None
        except (OSError, KamailioError):
            break
        if target is None:
            real, rest = os.path.join(real, name), rest[1:]
            continue
        links += 1
        if links > _MOST_LINKS:
            break
        real, rest = "/" if target.startswith("/") else real, _split(target) + rest[1:]
    return os.path.join(real, *rest)


def doubt_about(folder: str) -> str:
    """Return why others can change what a folder holds, empty if only root and the current user can.

    A folder that does not exist is judged by where it would be made. Raises KamailioError or OSError as C(find_place)
    does.
    """
    while True:
        try:
            with find_place(os.path.join(folder, "x"), READ) as place:
                return place.doubt or ("everybody can make files in %s" % folder if place.shared else "")
        except FileNotFoundError:
            above = os.path.dirname(folder)
            if above == folder or os.path.islink(folder):
                raise
            folder = above


def run_folder() -> str:
    """Return the folder for what lives as long as a run, which is made where it does not exist.

    Others can pass through it and cannot list it. Raises KamailioError if it cannot be made, or is not ours.

    Any user can make a name in the folder for temporary files first. So a user other than root has it in the folder of
    its session, where there is one.
    """
    user = os.geteuid()
    if user == 0:
        return own_folder("/run/sipfleet-kamailio", 0o711)
    session = os.path.join(_SESSIONS, str(user))
    if _is_private(session):
        return own_folder(os.path.join(session, "sipfleet-kamailio"), 0o711)
    return own_folder(os.path.join(tempfile.gettempdir(), "sipfleet-kamailio-%d" % user), 0o711)


def _is_private(folder: str) -> bool:
    """Whether only the current user can enter a folder that exists, and nobody else can replace it."""
    try:
        with find_place(os.path.join(folder, "x"), READ) as place:
            status = os.fstat(place.folder)
            return not place.doubt and status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == 0o700
    except (OSError, KamailioError):
        return False


def make_folders(path: str, mode: int) -> None:
    """Make a folder where it does not exist, and the ones above it with the mode 0755, whatever the umask is.

    Raises KamailioError or OSError as C(find_place) does.
    """
    path = clean_path(path)
    if not path or os.path.isdir(path):
        return
    make_folders(os.path.dirname(path), 0o755)
    with find_place(path, WRITE) as place, contextlib.suppress(FileExistsError):
        place.make_folder(mode)


def own_folder(path: str, mode: int) -> str:
    """Return a folder that only the current user can change, which is made where it does not exist.

    Raises KamailioError if it cannot be made, or is not ours.
    """
    try:
        with find_place(path, WRITE) as place:
            with contextlib.suppress(FileExistsError):
                place.make_folder(mode)
            status = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except OSError as exc:
        raise error("cannot be made: %s" % exc.strerror, "", path) from exc
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022 or place.doubt:
        text = "must be a folder that belongs to %s and that no other user can change"
        raise error(text % user_name(os.geteuid()), place.doubt or "Remove it", path)
    return path
