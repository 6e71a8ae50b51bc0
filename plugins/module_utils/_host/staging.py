# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Changes of files, written all or none: staged next to their targets, checked, and renamed over them."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Union

from .._caller import Caller
from .._change import Change
from .._errors import KamailioError, error
from .._rights import ACCESS_LIST, group_name, groups_of, may, narrowed
from .._text import named
from .._trust import READ, WRITE, FilePlace, clean_path, find_place, user_name
from .attributes import (
    FileAttributes,
    Wanted,
    apply_wanted,
    attributes_of_handle,
    extended_of,
    give,
    require_known_readers,
    status_with,
)
from .files import contains, flush, read_place, staging_prefix, sweep

# The server does not run as root, and must be able to read what is created for it.
NEW_FILE_MODE = 0o644
NEW_FOLDER_MODE = 0o755
# More than the extended attributes of a file can take, and less than a disk has that is not full.
_ROOM = 1 << 20


class _New(NamedTuple):
    """A new file next to its target; C(fits) says that group and owner of the old one can do what they could."""

    place: FilePlace
    inode: int
    fits: bool


class _Staged(NamedTuple):
    """A change with its C(place); C(new) is None where the file goes, C(old) are the attributes of the one before.

    C(aside) is where a file that goes is kept until all of the change is made.
    """

    change: Change
    place: FilePlace
    new: Optional[_New]
    old: Optional[FileAttributes]
    aside: FilePlace


class Staging:
    """Changes whose new bytes lie next to their targets."""

    def __init__(self, module: Caller, staged: Sequence[_Staged]) -> None:
        self._module = module
        self._staged = staged

    def inodes(self) -> Dict[str, int]:
        """Return the inodes of the new files by the real paths of their targets."""
        return {file.place.path: file.new.inode for file in self._staged if file.new}

    def move(self, backup: bool) -> Dict[str, str]:
        """Replace or remove all targets, or none; return the paths of the backups by those of their files.

        Each target is replaced or removed by one rename, in the order of the changes. If one of them fails, the earlier
        ones are put back. Raises KamailioError.
        """
        made: Dict[str, str] = {}
        for file in self._staged:
            _require_same(file)
            if backup and file.change.before is not None:
                made[file.change.path] = _back_up(file.place, file.change)
        self._replace_all()
        for file in self._staged:
            flush(file.place)
        return made

    def _replace_all(self) -> None:
        done: List[_Staged] = []
        try:
            for file in self._staged:
                if file.new:
                    _replace(self._module, file.place, file.new, file.change)
                else:
                    _put_aside(file)
                done.append(file)
        except KamailioError as reason:
            problems = list(reason.problems)
            for file in done:
                try:
                    self._put_back(file)
                except KamailioError as obstacle:
                    problems += obstacle.problems
            raise KamailioError(problems) from reason.__cause__

    def _put_back(self, file: _Staged) -> None:
        if file.change.before is None:
            remove_place(file.place)
        elif file.change.after is None:
            _put_in_place(file)
        else:
            back = Change(file.change.path, file.change.after, file.change.before)
            attributes = file.old if file.change.rights else None
            new = _stage(self._module, file.place, back.before, file.change.before, attributes)
            _replace(self._module, file.place, new, back)


# What a file gets beside its bytes: what is asked for, or what it had once.
Dress = Union[Wanted, FileAttributes]


@contextlib.contextmanager
def stage_changes(
    module: Caller, changes: Sequence[Change], wanted: Optional[Mapping[str, Dress]] = None
) -> Iterator[Staging]:
    """Stage the changes: write them next to their targets, flushed, with the owner and mode that they will have.

    C(module) is an AnsibleModule with the options C(unsafe_writes) and C(follow). Its atomic_move is not used, which
    goes by names, loses access control lists and raises a bare Exception over a bind-mounted file. C(wanted) is what
    files get beside their bytes, by path. What has not been moved is removed at the end. Raises KamailioError.
    """
    with contextlib.ExitStack() as stack:
        staged: List[_Staged] = []
        for change in changes:
            if not change.changed:
                continue
            try:
                place = stack.enter_context(find_place(change.path, WRITE, module.params["follow"]))
            except OSError as exc:
                raise _not_reached(exc, change.path) from exc
            sweep(place)
            aside = place.sibling(staging_prefix(place.name) + secrets.token_hex(4))
            stack.callback(_forget, aside)
            new = None
            if change.after is not None:
                new = _stage(module, place, change.before, change.after, (wanted or {}).get(change.path))
                stack.callback(_forget, new.place)
            old = _attributes_at(place) if change.rights and change.before is not None else None
            staged.append(_Staged(change, place, new, old, aside))
        for file in staged:
            _require_same(file)
        yield Staging(module, staged)


def _attributes_at(place: FilePlace) -> FileAttributes:
    try:
        handle = place.open(os.O_RDONLY)
        try:
            return attributes_of_handle(handle)
        finally:
            os.close(handle)
    except OSError as exc:
        raise error("cannot be looked at: %s" % exc.strerror, "Nothing has been changed", place.path) from exc


def write_changes(
    module: Caller, changes: Sequence[Change], backup: bool, wanted: Optional[Mapping[str, Dress]] = None
) -> Dict[str, str]:
    """Write all changes or none; return the paths of the backups by those of their files. Raises KamailioError."""
    with stage_changes(module, changes, wanted) as staging:
        return staging.move(backup)


def require_writable(module: Caller, changes: Sequence[Change], wanted: Optional[Mapping[str, Dress]] = None) -> None:
    """Refuse changes that C(write_changes) would refuse, and touch nothing.

    A folder that cannot be reached is no reason: in check mode an earlier task has not made it. Raises KamailioError.
    """
    for change in changes:
        if not change.changed:
            continue
        with contextlib.suppress(OSError), find_place(change.path, WRITE, module.params["follow"]) as place:
            _require_stageable(module, place, change, (wanted or {}).get(change.path))


def _require_stageable(module: Caller, place: FilePlace, change: Change, wanted: Optional[Dress]) -> None:
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=place.folder, effective_ids=True):
        number = errno.EROFS if os.fstatvfs(place.folder).f_flag & os.ST_RDONLY else errno.EACCES
        raise _not_staged(OSError(number, os.strerror(number)), place)
    if not hasattr(os, "memfd_create"):
        return
    fits = True
    if change.after is not None:
        # A file in memory can be given what the user of the task can give to a file. It has other extended attributes.
        handle = os.memfd_create("new")
        try:
            fits = _dress(module, place, handle, change.before, wanted)
        finally:
            os.close(handle)
    if fits and not module.params["unsafe_writes"] and _is_mounted(place):
        raise _not_replaced(OSError(errno.EBUSY, os.strerror(errno.EBUSY)), place)


def _is_mounted(place: FilePlace) -> bool:
    """Whether a file is a mount of its own, as in a container, which cannot be replaced."""
    with contextlib.suppress(OSError, AttributeError):
        handle = place.open(os.O_PATH)
        try:
            return _mount_of(handle) != _mount_of(place.folder)
        finally:
            os.close(handle)
    return False


def _mount_of(handle: int) -> List[bytes]:
    with open("/proc/self/fdinfo/%d" % handle, "rb") as lines:
        return [line for line in lines if line.startswith(b"mnt_id:")]


def remove_file(path: str, follow: bool) -> None:
    """Remove a file, not a link to it. Raises KamailioError."""
    try:
        with find_place(path, WRITE, follow) as place:
            remove_place(place)
    except OSError as exc:
        raise error("cannot be removed: %s" % exc.strerror, "", path) from exc


def remove_place(place: FilePlace) -> None:
    """Remove the file at a place. Raises KamailioError."""
    try:
        place.remove()
    except OSError as exc:
        raise error("cannot be removed: %s" % exc.strerror, "", place.path) from exc
    flush(place)


def real_path(path: str, follow: bool) -> str:
    """Return the path of a file that is to be written, without symbolic links; folders of it can be missing.

    Raises KamailioError.
    """
    try:
        with find_place(path, WRITE, follow) as place:
            return place.path
    except FileNotFoundError:
        folder, name = os.path.split(clean_path(path))
        return os.path.join(real_path(folder, follow), name)
    except OSError as exc:
        raise _not_reached(exc, path) from exc


def missing_folders(paths: Iterable[str], follow: bool) -> List[str]:
    """Return the folders that are missing for files to be written, each before those in it. Raises KamailioError."""
    missing: Dict[str, None] = {}
    for path in paths:
        folder, above = os.path.dirname(real_path(path, follow)), []
        while not os.path.lexists(folder):
            above.append(folder)
            folder = os.path.dirname(folder)
        missing.update(dict.fromkeys(reversed(above)))
    return list(missing)


def make_missing(folders: Iterable[str]) -> None:
    """Make folders that everybody can read. Raises KamailioError."""
    for folder in folders:
        try:
            with find_place(folder, WRITE) as place, contextlib.suppress(FileExistsError):
                place.make_folder(NEW_FOLDER_MODE)
                flush(place)
        except OSError as exc:
            raise error("cannot be made: %s" % exc.strerror, "", folder) from exc


def remove_made(folders: Sequence[str]) -> List[str]:
    """Remove folders that C(make_missing) has made, as far as they are empty; return those that are not."""
    left = []
    for folder in reversed(folders):
        try:
            with find_place(folder, WRITE) as place:
                if place.path == folder:
                    place.remove_folder()
        except FileNotFoundError:
            continue
        except (OSError, KamailioError):
            left.append(folder)
    return left


def inode_of(path: str) -> Optional[int]:
    """Return the inode of a file, None if it cannot be looked at."""
    with contextlib.suppress(OSError, KamailioError), find_place(path, READ) as place:
        status = place.status()
        return status.st_ino if status else None
    return None


def _not_reached(exc: OSError, path: str) -> KamailioError:
    folder = os.path.dirname(path)
    if exc.errno == errno.ENOENT:
        return error("the folder %s does not exist" % folder, "Create it first", path)
    return error("the folder %s cannot be reached: %s" % (folder, exc.strerror), "Nothing has been changed", path)


def _require_same(file: _Staged) -> None:
    try:
        found = None if file.place.status() is None else read_place(file.place, file.change.path)
    except OSError as exc:
        raise error("cannot be read: %s" % exc.strerror, "Nothing has been changed", file.change.path) from exc
    if found != file.change.before:
        raise _changed(file.change.path)


def _changed(path: str) -> KamailioError:
    text = "was changed by another program at this moment"
    return error(text, "Nothing has been changed. Look at it, and run it again", path)


def _put_aside(file: _Staged) -> None:
    """Take a file that goes out of its place. Raises KamailioError."""
    try:
        file.place.rename(file.aside)
    except OSError as exc:
        raise error("cannot be removed: %s" % exc.strerror, "Nothing has been changed", file.place.path) from exc
    try:
        _require_same(file._replace(place=file.aside))
    except KamailioError:
        _put_in_place(file)
        raise


def _put_in_place(file: _Staged) -> None:
    try:
        file.aside.rename(file.place)
    except OSError as exc:
        raise error("cannot be put back: %s" % exc.strerror, "It is here", file.aside.path) from exc


def _stage(
    module: Caller, place: FilePlace, before: Optional[bytes], data: bytes, wanted: Optional[Dress] = None
) -> _New:
    try:
        handle, temporary = place.create(staging_prefix(place.name))
    except OSError as exc:
        raise _not_staged(exc, place) from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            fits = _dress(module, place, handle, before, wanted)
            os.fsync(handle)
            return _New(temporary, os.fstat(handle).st_ino, fits)
    except OSError as exc:
        _forget(temporary)
        raise _not_written(exc, place) from exc
    except KamailioError:
        _forget(temporary)
        raise


def _not_staged(exc: OSError, place: FilePlace) -> KamailioError:
    return error("its folder cannot be written: %s" % exc.strerror, "Nothing has been changed", place.path)


def _not_written(exc: OSError, place: FilePlace) -> KamailioError:
    return error("cannot be written: %s" % exc.strerror, "Nothing has been changed", place.path)


def _dress(module: Caller, place: FilePlace, handle: int, before: Optional[bytes], wanted: Optional[Dress]) -> bool:
    """Give a new file the owner, group and mode that it will have; return whether it can replace the one at its place.

    Raises OSError, and KamailioError where it cannot, and may not be written in place.
    """
    if isinstance(wanted, FileAttributes):
        give(handle, wanted)
        return True
    fits = keep_attributes(place, handle, before, wanted)
    if not fits and not module.params["unsafe_writes"]:
        raise _other_group(place)
    if wanted:
        apply_wanted(handle, wanted, place.path)
    if not (wanted and wanted.owner is not None) and not _owner_reads(place, handle):
        if not module.params["unsafe_writes"]:
            raise _other_owner(place)
        fits = False
    return fits


def _other_group(place: FilePlace) -> KamailioError:
    status = place.status()
    name = group_name(status.st_gid) if status else "?"
    text = "its group %s cannot be kept, since only root and the members of a group can give it to a file" % name
    remedy = "Nothing has been changed. Run the task with become, or as a user that is a member of the group"
    return error(text, remedy + ". unsafe_writes writes in place, where the group stays", place.path)


def _owner_reads(place: FilePlace, handle: int) -> bool:
    """Whether the owner of the file at a place can read a new one by its group or as everybody, if it could before.

    What an access control list grants, and to what groups a user without an account belongs, is not guessed.
    """
    old, new = place.status(), os.fstat(handle)
    if old is None or old.st_uid in (0, new.st_uid) or ACCESS_LIST in extended_of(handle):
        return True
    groups = groups_of(old.st_uid)
    return not groups or may(new, stat.S_IROTH, old.st_uid, groups) or not may(old, stat.S_IROTH, old.st_uid, groups)


def _other_owner(place: FilePlace) -> KamailioError:
    status = place.status()
    name = user_name(status.st_uid) if status else "?"
    text = "its owner %s could not read it any more, since only root can give a file to another user" % name
    remedy = "Nothing has been changed. Run the task with become, or make the file readable for a group of %s" % name
    return error(text, remedy + ". unsafe_writes writes in place, where the owner stays", place.path)


def _forget(temporary: FilePlace) -> None:
    # It has been moved, or an error is under way that matters more.
    with contextlib.suppress(OSError):
        temporary.remove()


def keep_attributes(place: FilePlace, handle: int, before: Optional[bytes], wanted: Optional[Wanted] = None) -> bool:
    """Give a new file the owner, mode, access control list and other extended attributes of the file at a place.

    That must be the file with the bytes C(before), None for none. The owner of its folder could put another one there
    for this moment, and then read what only the readers of the first one should. Raises OSError, and KamailioError if
    it is another one. The SELinux context is left to AnsibleModule, which knows the policy.

    Of what is C(wanted) it gets the owner, the group, and no more than the mode. Where the task may not set the owner,
    it gets the group alone. Where it may not set that either, no group gets more rights than others have. Returns
    whether that takes none away.
    """
    try:
        old = place.open(os.O_RDONLY)
    except FileNotFoundError:
        if before is not None:
            raise _changed(place.path) from None
        # A mode that is asked for is set with the owner and the group, after this.
        if not (wanted and isinstance(wanted.mode, int)):
            os.fchmod(handle, NEW_FILE_MODE)
        return True
    try:
        status = os.fstat(old)
        if before is None or not stat.S_ISREG(status.st_mode) or not contains(old, before):
            raise _changed(place.path)
        if wanted:
            require_known_readers(place, old, wanted)
        after = status_with(status, wanted, place.path) if wanted else status
        names = extended_of(old)
        # A program that runs as its owner is not what this is.
        kept = mode = status.st_mode & 0o777
        if not _keep_owner(handle, after):
            # What the group and the list grant or deny, they would for the members of another group.
            common = mode >> 3 & mode if ACCESS_LIST not in names else 0
            kept = mode & 0o700 | (common & 7) * 0o11
            names = [name for name in names if name != ACCESS_LIST]
        # The one that the folder gives would also take the room of what is kept.
        _drop_access_list(handle)
        # Not even for a moment what the file will not have.
        most = after.st_mode if wanted and wanted.mode is not None else 0o777
        for name in names:
            _copy_attribute(old, handle, name, most, place.path)
        # An access control list brings the mode. Set before it, the bits of the mask would be those of the group.
        if ACCESS_LIST not in names:
            os.fchmod(handle, kept & most)
        return kept == mode
    finally:
        os.close(old)


def _keep_owner(handle: int, after: os.stat_result) -> bool:
    """Give a new file an owner and a group, or the group alone; return False if neither is allowed."""
    try:
        os.fchown(handle, after.st_uid, after.st_gid)
    except PermissionError:
        try:
            os.fchown(handle, -1, after.st_gid)
        except PermissionError:
            return False
    return True


def _copy_attribute(old: int, handle: int, name: str, most: int, path: str) -> None:
    """Copy an extended attribute from an open file to another one, C(most) being the most of a mode. Raises OSError.

    They have little room in a file, and the owner of the old one decides how many it has. That there is no more of it
    is no reason to wait, as for a disk that is full: then KamailioError.
    """
    try:
        data = os.getxattr(old, name)
        os.setxattr(handle, name, narrowed(data, most) if name == ACCESS_LIST else data)
    except OSError as exc:
        free = os.fstatvfs(handle)
        if exc.errno != errno.ENOSPC or free.f_bfree * free.f_frsize < _ROOM:
            raise
        text = "its extended attribute %s cannot be kept: %s" % (named(name), exc.strerror)
        raise error(text, "Nothing has been changed. Remove it, or others of the file (setfattr -x)", path) from None


def _drop_access_list(handle: int) -> None:
    """Remove the access control list that a new file has from its folder, and that a mode would bring to life."""
    if not hasattr(os, "removexattr"):
        return
    try:
        os.removexattr(handle, ACCESS_LIST)
    except OSError as exc:
        if exc.errno not in (errno.ENODATA, errno.ENOTSUP):
            raise


def _back_up(place: FilePlace, change: Change) -> str:
    """Keep the bytes of before under the name that Ansible's modules give a backup, never readable for more users."""
    now = time.strftime("%Y-%m-%d@%H:%M:%S~", time.localtime())
    copy = place.sibling("%s.%d.%s" % (place.name, os.getpid(), now))
    try:
        handle = copy.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(handle, "wb") as file:
            file.write(change.before or b"")
            file.flush()
            keep_attributes(place, handle, change.before)
            status = place.status()
            if status:
                os.utime(handle, ns=(status.st_atime_ns, status.st_mtime_ns))
            os.fsync(handle)
    except OSError as exc:
        raise error("cannot be backed up: %s" % exc.strerror, "Nothing has been changed", place.path) from exc
    return copy.path


def _replace(module: Caller, place: FilePlace, new: _New, change: Change) -> None:
    """Rename the staged file over its target; write in place where that is impossible and allowed."""
    if not new.fits:
        _write_in_place(place, change)
        return
    if module.selinux_enabled():
        there = place.status() is not None
        context = module.selinux_context(place.path) if there else module.selinux_default_context(place.path)
        module.set_context_if_different(new.place.path, context, False)
    try:
        new.place.rename(place)
    except OSError as exc:
        if not module.params["unsafe_writes"] or exc.errno not in (errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV):
            raise _not_replaced(exc, place) from exc
        _write_in_place(place, change)


def _not_replaced(exc: OSError, place: FilePlace) -> KamailioError:
    remedy = "Nothing has been changed"
    if exc.errno == errno.EBUSY:
        remedy += ". If it is bind-mounted, as in a container, unsafe_writes writes in place"
    return error("cannot be replaced: %s" % exc.strerror, remedy, place.path)


def _write_in_place(place: FilePlace, change: Change) -> None:
    """Write into the file at a place, which must be the one of the change: others can have given another its name."""
    try:
        handle = place.open(os.O_RDWR)
        with os.fdopen(handle, "r+b") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise error("is not a regular file", "Nothing has been changed", place.path)
            if change.before is None or not contains(handle, change.before):
                raise _changed(change.path)
            file.seek(0)
            file.write(change.after or b"")
            file.truncate()
            file.flush()
            os.fsync(handle)
    except OSError as exc:
        text = "cannot be written in place: %s" % exc.strerror
        raise error(text, "Look at the file, it may have been written in part", place.path) from exc
