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
from typing import Any, Dict, Mapping, NamedTuple, Optional, Union

from .._caller import TaskModule
from .._errors import KamailioError, error
from .._text import is_number, named
from .._trust import WRITE, find_place
from .files import contains

_BY_NAME = ("seuser", "serole", "setype", "selevel", "attributes")


class Wanted(NamedTuple):
    """What is asked for: user and group ids, and the mode as a number or as text in symbols; None for what stays."""

    owner: Optional[int]
    group: Optional[int]
    mode: Union[int, str, None]
    module: TaskModule


def wanted_of(module: TaskModule) -> Wanted:
    """Read the common file options of an AnsibleModule. Raises KamailioError."""
    params: Mapping[str, Any] = module.params
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
    if value is None or isinstance(value, int):
        return value
    try:
        return int(value, 8)
    except ValueError:
        return str(value)


def apply_wanted(handle: int, wanted: Wanted, path: str, check_mode: bool = False) -> bool:
    """Give an open file what is asked for; return whether it did not have it. Raises KamailioError."""
    status = os.fstat(handle)
    owner = -1 if wanted.owner in (None, status.st_uid) else wanted.owner
    group = -1 if wanted.group in (None, status.st_gid) else wanted.group
    mode = stat.S_IMODE(status.st_mode)
    asked = wanted.mode
    if isinstance(asked, str):
        try:
            asked = wanted.module._symbolic_mode_to_octal(status, asked)
        except ValueError as exc:
            raise error("mode: %s" % exc, "Give a number such as '0644', or symbols such as u=rw,go=r", path) from exc
    differs = (owner, group) != (-1, -1) or (asked is not None and asked != mode)
    if differs and not check_mode:
        try:
            if (owner, group) != (-1, -1):
                os.fchown(handle, owner, group)
            # A change of the owner takes bits of the mode away.
            os.fchmod(handle, mode if asked is None else asked)
        except OSError as exc:
            raise _not_given(exc.errno or 0, path) from exc
    return differs


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
                if changed and module.check_mode:
                    _require_allowed(handle, wanted, data, path)
                elif changed:
                    if place.doubt:
                        _require_own(handle, data, path)
                    apply_wanted(handle, wanted, path)
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
