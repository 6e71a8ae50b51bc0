# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Going back: the files of a change as they were, and the server with them."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any, List

from .._errors import KamailioError, Problem, error
from .._host.files import Change, read_file, write_changes
from .._host.places import record_path
from .._live.reload import judge, reload
from .._live.restart import restart
from .._live.server import connect, load_list
from .._probing.analyse import list_path
from .._server.clock import Deadline
from .journal import RELOAD, UNCONFIRMED, Hold, Journal, close, is_orphan, load

_PAUSE_SECONDS = 0.5


def go_back(module: Any, journal: Journal, reason: str) -> List[str]:
    """Undo a change, and keep the reason; gives what could not be undone, nothing if all of it was.

    C(module) is an AnsibleModule, or what stands in for it, with the options of the change.
    """
    problems = _restore(module, journal)
    try:
        _bring_back(module, journal)
    except KamailioError as exc:
        problems += [problem.render() for problem in exc.problems]
    close(journal, {"confirmed": False, "reason": reason, "problems": problems})
    return problems


def why_orphan(journal: Journal) -> str:
    """Why a change that nobody holds is taken back."""
    return "nobody has confirmed it in time" if journal.phase == UNCONFIRMED else "the process that made it has died"


def settle(module: Any, folder: str, seconds: float) -> None:
    """Wait until a change that waits for its confirmation is over, and take one back that nobody looks after.

    C(seconds) is what the watch over it gets beyond its deadline. Raises KamailioError.
    """
    journal = load(folder)
    if journal is None:
        return
    deadline = Deadline(max(0.0, journal.deadline - time.time()) + seconds)
    while not is_settled(module, folder):
        if not deadline.pause(_PAUSE_SECONDS):
            text = "another change of this server is under way, and comes to no end"
            raise error(text, "See its journal there; deploy with state reverted takes it back", folder)


def is_settled(module: Any, folder: str) -> bool:
    """Whether no change is under way. Takes one back that nobody looks after. Raises KamailioError."""
    journal = load(folder)
    if journal is None:
        return True
    with Hold(folder) as hold:
        # Until it was held the change can have gone on.
        if not hold.held or load(folder) != journal or not is_orphan(journal):
            return False
        if module.check_mode:
            return not journal.has_reached_server() and all(
                read_file(one.path) == one.before for one in journal.entries
            )
        go_back(module, journal, why_orphan(journal))
    return True


def _restore(module: Any, journal: Journal) -> List[str]:
    problems: List[str] = []
    changes = []
    for one in journal.entries:
        data = read_file(one.path)
        if data == one.before:
            continue
        if not one.stands():
            text = "was changed by somebody else since, and stays as it is"
            problems.append(Problem(text, "The text of before is not in it any more", one.path).render())
        elif one.before is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(one.path)
        else:
            changes.append(Change(one.path, data, one.before))
    try:
        write_changes(module, changes, False)
    except KamailioError as exc:
        problems += [problem.render() for problem in exc.problems]
    return problems


def _bring_back(module: Any, journal: Journal) -> None:
    """Let the server have what the files say again. Raises KamailioError."""
    if not journal.has_reached_server():
        return
    live = None
    if journal.action == RELOAD:
        with contextlib.suppress(KamailioError):
            live = connect(module)
    if live is None:
        restart(module, module.params["restart_timeout"])
        return
    path = list_path(live.evaluation)
    listing = load_list(live, read_file(path))
    record = record_path(module.params["record"], live.config)
    before = judge(live, listing, record)
    if before.reasons:
        reload(live, listing, before, record, module.params["keep_state"], module.params["reload_timeout"])
