# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Owner, group and mode of a file, as the common file options of Ansible ask for them.

They are set on the open file. What AnsibleModule does goes by the name of the file, which the owner of its folder can
give to another one at that moment.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from .._caller import TaskModule
from .._change import Rights
from .._errors import KamailioError, error
from .._rights import NO_OTHERS, group_name
from .._text import is_number, named
from .._trust import WRITE, FilePlace, described, find_place, user_name
from .files import contains

_MODES = "Give a number such as '0644', or symbols such as u=rw,go=r"
_BY_NAME = ("seuser", "serole", "setype", "selevel", "attributes")


class Wanted(NamedTuple):
    """What is asked for: user and group ids, and the mode as a number or as text in symbols; None for what stays."""

    owner: Optional[int]
    group: Optional[int]
    mode: Union[int, str, None]
    module: TaskModule


class FileAttributes(NamedTuple):
    """Owner, group and mode of a file, and its extended attributes, the access control list among them."""

    user: int
    group: int
    mode: int
    extended: Tuple[Tuple[str, bytes], ...]


def wanted_of(module: TaskModule, options: Optional[Mapping[str, Any]] = None) -> Wanted:
    """Read the common file options of an AnsibleModule, or such options of one file. Raises KamailioError."""
    params: Mapping[str, Any] = module.params if options is None else options
    owner = _id_of("owner", params["owner"], lambda name: pwd.getpwnam(name).pw_uid)
    group = _id_of("group", params["group"], lambda name: grp.getgrnam(name).gr_gid)
    return Wanted(owner, group, _mode_of(params["mode"]), module)


def _id_of(option: str, value: Any, look_up: Any) -> Optional[int]:
    if value is None:
        return None
    try:
        return int(value) if is_number(str(value)) else int(look_up(str(value)))
    except (KeyError, ValueError):
        raise error("%s: this host does not know %s" % (option, named(value)), "Create it first") from None


def _mode_of(value: Any) -> Union[int, str, None]:
    if value is None:
        return None
    try:
        mode = value if isinstance(value, int) else int(value, 8)
    except ValueError:
        return str(value)
    except TypeError:
        mode = -1
    if not 0 <= mode <= 0o7777:
        raise error("mode: %s is not a mode" % named(value), _MODES)
    return mode


def apply_wanted(handle: int, wanted: Wanted, path: str, check_mode: bool = False) -> bool:
    """Give an open file what is asked for; return whether it did not have it. Raises KamailioError."""
    status = os.fstat(handle)
    after = status_with(status, wanted, path)
    differs = _rights_of(after) != _rights_of(status)
    if differs and not check_mode:
        try:
            _give(handle, status, after)
            # A change of the owner takes bits of the mode away.
            os.fchmod(handle, after.st_mode)
        except OSError as exc:
            raise _not_given(exc.errno or 0, path) from exc
    return differs


def _give(handle: int, status: os.stat_result, after: os.stat_result) -> None:
    """Give an open file its owner and group; nobody can read it in between who could not. Raises OSError."""
    owner = -1 if after.st_uid == status.st_uid else after.st_uid
    group = -1 if after.st_gid == status.st_gid else after.st_gid
    if (owner, group) == (-1, -1):
        return
    os.fchmod(handle, status.st_mode & after.st_mode & 0o777)
    try:
        os.fchown(handle, owner, group)
    except OSError:
        os.fchmod(handle, stat.S_IMODE(status.st_mode))
        raise


def status_with(status: os.stat_result, wanted: Wanted, path: str) -> os.stat_result:
    """Return the status of a file as it is with what is asked for. Raises KamailioError."""
    mode = wanted.mode
    if isinstance(mode, str):
        try:
            mode = int(wanted.module._symbolic_mode_to_octal(status, mode))
        except ValueError as exc:
            raise error("mode: %s" % exc, _MODES, path) from exc
    fields = list(status)
    fields[stat.ST_MODE] = stat.S_IMODE(status.st_mode) if mode is None else mode
    fields[stat.ST_UID] = status.st_uid if wanted.owner is None else wanted.owner
    fields[stat.ST_GID] = status.st_gid if wanted.group is None else wanted.group
    return os.stat_result(fields)


def _rights_of(status: os.stat_result) -> Tuple[int, int, int]:
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


def rights_with(path: str, wanted: Wanted) -> Optional[Rights]:
    """Return what changes of owner, group and mode of a file that exists, None if nothing does.

    Raises KamailioError.
    """
    try:
        with find_place(path, WRITE, wanted.module.params["follow"]) as place:
            handle = place.open(os.O_RDONLY)
            try:
                status = os.fstat(handle)
                after = status_with(status, wanted, path)
                return None if _rights_of(after) == _rights_of(status) else Rights(_shown(status), _shown(after))
            finally:
                os.close(handle)
    except OSError as exc:
        raise error("cannot be looked at: %s" % exc.strerror, "Nothing has been changed", path) from exc


def numbers_with(path: str, wanted: Wanted) -> Tuple[Optional[int], Optional[int], Optional[int]]:
    """Return the numbers of owner, group and mode that are asked for; None for what stays. Raises KamailioError."""
    mode = wanted.mode
    if isinstance(mode, str):
        try:
            mode = stat.S_IMODE(status_with(os.stat(path), wanted, path).st_mode)
        except OSError:
            mode = None
    return wanted.owner, wanted.group, mode


def _shown(status: os.stat_result) -> str:
    return "%s:%s %04o" % (user_name(status.st_uid), group_name(status.st_gid), stat.S_IMODE(status.st_mode))


def extended_of(handle: int) -> List[str]:
    """Return the names of the extended attributes of an open file that are kept, the access control list among them."""
    if not hasattr(os, "listxattr"):
        return []
    try:
        names = os.listxattr(handle)
    except OSError as exc:
        if exc.errno == errno.ENOTSUP:
            return []
        raise
    return [name for name in names if not name.startswith(("security.", "trusted."))]


def attributes_of(path: str, follow: bool) -> Optional[FileAttributes]:
    """Return the attributes of a file, None if it does not exist. Raises OSError, KamailioError."""
    with find_place(path, WRITE, follow) as place:
        try:
            handle = place.open(os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            return attributes_of_handle(handle)
        finally:
            os.close(handle)


def attributes_of_handle(handle: int) -> FileAttributes:
    """Return the attributes of an open file. Raises OSError."""
    status = os.fstat(handle)
    extended = tuple((name, os.getxattr(handle, name)) for name in extended_of(handle))
    return FileAttributes(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), extended)


def give(handle: int, attributes: FileAttributes) -> None:
    """Give an open file these attributes, and no others. Raises OSError."""
    os.fchown(handle, attributes.user, attributes.group)
    kept = dict(attributes.extended)
    for name in extended_of(handle):
        if name not in kept:
            os.removexattr(handle, name)
    for name, data in kept.items():
        os.setxattr(handle, name, data)
    # With an access control list, the bits of the group are its mask.
    os.fchmod(handle, attributes.mode)


def require_known_readers(place: FilePlace, handle: int, wanted: Wanted) -> None:
    """Refuse to let those read an open file who can have given it its name, and cannot read it so far.

    Raises KamailioError.
    """
    if wanted.module.params["follow"]:
        return
    status = os.fstat(handle)
    readers = place.namers().gaining(status, status_with(status, wanted, place.path))
    if readers != NO_OTHERS:
        text = "can be another file that %s gave this name: they cannot read it now, and could with the %s of this task"
        asked = [name for name in ("owner", "group", "mode") if getattr(wanted, name) is not None]
        remedy = "Look at it. If it is the right file, change that by hand, or set follow"
        raise error(text % (described(readers), " and ".join(asked)), remedy, place.path)


def _not_given(number: int, path: str) -> KamailioError:
    text = "cannot be given its owner, group and mode: %s" % os.strerror(number)
    return error(text, "Run the task with become", path)


def adjust(module: TaskModule, wanted: Wanted, path: str, data: bytes) -> bool:
    """Give a file that exists all that the common file options ask for; return whether it did not have it.

    C(data) is what it contains. Raises KamailioError.
    """
    by_name = sorted(name for name in _BY_NAME if module.params[name] is not None)
    try:
        with find_place(path, WRITE, module.params["follow"]) as place:
            if by_name and place.doubt:
                text = "%s cannot be set safely: %s" % (", ".join(by_name), place.doubt)
                raise error(text, "Leave it out, or move the file to a folder that only root can change", path)
            handle = place.open(os.O_RDONLY)
            try:
                changed = apply_wanted(handle, wanted, path, True)
                if changed:
                    if module.check_mode:
                        _require_allowed(handle, wanted, data, path)
                    elif place.doubt or place.shared:
                        _require_own(handle, data, path)
                    require_known_readers(place, handle, wanted)
                    apply_wanted(handle, wanted, path, module.check_mode)
            finally:
                os.close(handle)
            if by_name:
                changed = _adjust_by_name(module, place.path) or changed
    except OSError as exc:
        raise error("cannot be given its owner and mode: %s" % exc.strerror, "", path) from exc
    return changed


def _require_allowed(handle: int, wanted: Wanted, data: bytes, path: str) -> None:
    """Refuse what only root can set on a file that stays, with these bytes, as it is. Raises KamailioError."""
    status, user = os.fstat(handle), os.geteuid()
    groups = (None, status.st_gid, os.getegid(), *os.getgroups())
    allowed = status.st_uid == user and wanted.owner in (None, user) and wanted.group in groups
    if user != 0 and not allowed and contains(handle, data):
        raise _not_given(errno.EPERM, path)


def _require_own(handle: int, data: bytes, path: str) -> None:
    """Refuse another file than the one with these bytes: others can rename files. Raises KamailioError."""
    if os.fstat(handle).st_nlink > 1:
        text = "has another name (hard link), so its owner, group and mode are those of another file as well"
        raise error(text, "Make it a file with one name", path)
    if not contains(handle, data):
        raise error("was changed by another program at this moment", "Look at it, and run it again", path)


def _adjust_by_name(module: TaskModule, path: str) -> bool:
    arguments: Dict[str, Any] = module.load_file_common_arguments(module.params, path=path)
    arguments.update(owner=None, group=None, mode=None)
    return bool(module.set_fs_attributes_if_different(arguments, False))
