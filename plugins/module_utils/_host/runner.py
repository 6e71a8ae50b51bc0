# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The user that checks a configuration which no unit starts.

The check runs the code that the configuration names. Root must not run code that other users decide about, and none of
these users should get the rights of another one.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
from typing import Any, List, Mapping, Optional, Sequence

from .._config.model import Account, Evaluation
from .._errors import error
from .._rights import Writers
from .._text import is_number
from .._trust import described, user_name, writers_of
from .facts import can_read, module_paths


def account_for(params: Mapping[str, Any], evaluations: Sequence[Evaluation]) -> Account:
    """Return the account that checks a configuration which no unit starts, by who can change what it reads and loads.

    It has no user if only root can. It is that of the one other user who can, or that a group which can is named after;
    else it is C(nobody). C(params) are those of a module. Raises KamailioError if the account cannot read a file.
    """
    if os.geteuid() != 0:
        return Account()
    files = _files_of(evaluations)
    writers = _writers_of(params, evaluations)
    account = _account_of(writers)
    unreadable = [path for path in files if can_read(path, account) is False]
    if unreadable:
        name = user_name(int(account.user)) if account.user and is_number(account.user) else account.user
        text = "kamailio -c would run as %s and could not read this file, since %s can change what the configuration is"
        remedy = "Let only root or one user change these files and their folders, or start the server by a unit"
        if "check" in params:
            remedy += ". With check set to false, kamailio -c is not run"
        raise error(text % (name, described(writers)), remedy, unreadable[0])
    return account


def require_own_code(params: Mapping[str, Any], evaluations: Sequence[Evaluation]) -> None:
    """Refuse that a user other than root runs code that others decide about. Raises KamailioError."""
    if os.geteuid() == 0:
        return
    writers = _writers_of(params, evaluations)
    if writers.everybody or writers.users or writers.groups:
        text = "kamailio -c would run code as the user of the task, and %s can change what that is"
        raise error(text % described(writers), "Run the task as root", evaluations[0].path)


def _files_of(evaluations: Sequence[Evaluation]) -> List[str]:
    return sorted({os.path.abspath(path) for evaluation in evaluations for path in evaluation.files})


def _writers_of(params: Mapping[str, Any], evaluations: Sequence[Evaluation]) -> Writers:
    """Return who can change what a check reads and loads. Raises KamailioError."""
    others = {path for evaluation in evaluations for path in evaluation.unread}
    # The check runs in the root folder.
    others |= {
        os.path.join("/", path)
        for evaluation in evaluations
        for load in evaluation.loads
        for path in module_paths(load)
    }
    writers = Writers()
    for path in [*_files_of(evaluations), *sorted(map(os.path.abspath, others))]:
        try:
            writers = writers.and_(writers_of(path, params["follow"]))
        except OSError as exc:
            raise error("cannot be reached: %s" % exc.strerror, "Nothing has been changed", path) from exc
    return writers


def _account_of(writers: Writers) -> Account:
    if writers.everybody:
        return Account(_nobody())
    named = {group: _user_of_group(group) for group in writers.groups}
    users = writers.users | {user for user in named.values() if user is not None}
    if not users and not writers.groups:
        return Account()
    group = str(min(writers.groups)) if len(writers.groups) == 1 else None
    if len(users) == 1 and None not in named.values():
        return Account(str(min(users)), group)
    # Each of them may have the rights of a group that all of them are in.
    shared = group is not None and all(_is_member(user, int(group)) for user in users)
    return Account(_nobody(), group if shared else None)


def _nobody() -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("nobody").pw_name
    return "65534"


def _user_of_group(group: int) -> Optional[int]:
    """Return the id of the user that a group is named after, None if there is none."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(grp.getgrgid(group).gr_name).pw_uid or None
    return None


def _is_member(user: int, group: int) -> bool:
    with contextlib.suppress(KeyError):
        account = pwd.getpwuid(user)
        return group in os.getgrouplist(account.pw_name, account.pw_gid)
    return False
