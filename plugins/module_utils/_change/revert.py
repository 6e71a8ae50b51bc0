# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Going back: the files of a change as they were, and the server with them."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Dict, List, Sequence

from .._errors import KamailioError, Problem, error
from .._host.files import Change, read_file, remove_file, write_changes
from .._host.locks import FolderLocks
from .._host.places import record_path
from .._live.reload import Reloaded, after_loading, reload, render_left_out
from .._live.restart import restart, wait_for_answer
from .._live.server import Live, Loadable, load_list
from .._probing.analyse import list_path
from .._running.before import State
from .._running.restore import taken_out
from .._server.clock import Deadline
from .journal import RELOAD, UNCONFIRMED, WRITING, Hold, Journal, close, digest_of, is_orphan, load, proceed

_PAUSE_SECONDS = 0.5
_MORE_RELOADS = 2
# A server that is busy is not one that has died.
_ANSWER_SECONDS = 5.0


class _With:
    """An AnsibleModule, or what stands in for it, with the options of another run."""

    def __init__(self, module: Any, options: Dict[str, Any]) -> None:
        self._module = module
        self.params = options

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def go_back(module: Any, locks: FolderLocks, journal: Journal, reason: str) -> List[str]:
    """Undo a change that is held, and keep the reason; gives what could not be undone, nothing if all of it was.

    C(module) is an AnsibleModule, or what stands in for it. Raises KamailioError where something stands in the way, as
    a full disk does: the change is then still there, and it can be tried again.
    """
    # What was written in place can be there in part, by the change or by a way back that was cut off.
    torn = journal.options["unsafe_writes"] and (journal.phase == WRITING or bool(journal.reason))
    host = _With(module, journal.options)
    states = [*journal.states, *_taken_out_since(host, journal)]
    # A way back that is cut off goes on with the states of before its own reload.
    with contextlib.suppress(KamailioError):
        journal = proceed(journal, reason=reason, states=states)
    problems = _restore(host, locks, journal, torn)
    try:
        problems += _bring_back(host, journal, states)
    except KamailioError as exc:
        problems += [problem.render() for problem in exc.problems]
    try:
        close(journal, {"confirmed": False, "reason": reason, "problems": problems})
    except KamailioError as exc:
        # To do all of it again would not help.
        problems += [problem.render() for problem in exc.problems]
    return problems


def why_orphan(journal: Journal) -> str:
    """Why a change that nobody holds is taken back."""
    died = "nobody has confirmed it in time" if journal.phase == UNCONFIRMED else "the process that made it has died"
    return journal.reason or died


def settle(module: Any, folder: str, seconds: float) -> None:
    """Wait until a change that waits for its confirmation is over, and take one back that nobody looks after.

    C(seconds) is what the watch over it gets beyond its deadline. Raises KamailioError.
    """
    while True:
        with FolderLocks() as locks:
            if is_settled(module, locks, folder):
                return
        journal = load(folder)
        if journal and time.time() > journal.deadline + seconds:
            text = "another change of this server is under way, and has not ended"
            raise error(text, "See its journal there; deploy with state reverted takes it back", folder)
        time.sleep(_PAUSE_SECONDS)


def is_settled(module: Any, locks: FolderLocks, folder: str) -> bool:
    """Whether no change is under way. Takes one back that nobody looks after. Raises KamailioError."""
    journal = load(folder)
    if journal is None:
        return True
    with Hold(folder) as hold:
        # Until it was held the change can have gone on.
        if not hold.held or load(folder) != journal or not is_orphan(journal):
            return False
        if not module.check_mode:
            problems = go_back(module, locks, journal, why_orphan(journal))
            said = "\n".join(["an earlier change was taken back first: %s" % why_orphan(journal), *problems])
            module.warn(said)
        elif journal.has_reached_server() or any(read_file(one.path) != one.before for one in journal.entries):
            text = "a change was cut off here, and check mode does not take it back: %s" % why_orphan(journal)
            raise error(text, "deploy with state reverted does, or any run of it that is not in check mode", folder)
    return True


def _restore(module: Any, locks: FolderLocks, journal: Journal, torn: bool) -> List[str]:
    """The files as they were; gives those that somebody else has changed since. Raises KamailioError."""
    problems: List[str] = []
    changes: List[Change] = []
    created: List[str] = []
    for one in journal.entries:
        data = locks.read(one.path)
        if data == one.before:
            continue
        if data is None or not (torn or digest_of(data) == one.digest):
            text = "was changed by somebody else since, and stays as it is"
            problems.append(Problem(text, "The text from before the change is not in it any more", one.path).render())
        elif one.before is None:
            created.append(one.path)
        else:
            changes.append(Change(one.path, data, one.before))
    write_changes(module, changes, False)
    for path in created:
        remove_file(path)
    return problems


def _taken_out_since(module: Any, journal: Journal) -> List[State]:
    """What somebody has taken out of service since the change began; what stands in the list is its doing."""
    known = {(one.setid, one.uri) for one in journal.states}
    if journal.has_reached_server():
        with contextlib.suppress(KamailioError):
            live = wait_for_answer(module, Deadline(_ANSWER_SECONDS))
            out = taken_out(live.connection.destinations(), _list_of(live).document, live.version)
            # What is inactive the pings of the change can have done, and nothing may ever bring it back.
            return [one for one in out if one.letters[0] == "D" and (one.setid, one.uri) not in known]
    return []


def _bring_back(module: Any, journal: Journal, states: Sequence[State]) -> List[str]:
    """Let the server have what the files say again, and its destinations their states; gives what it has not.

    Raises KamailioError.
    """
    if not journal.has_reached_server():
        return []
    record = record_path(journal.options["record"], journal.options["config"])
    live = None
    if journal.action == RELOAD:
        with contextlib.suppress(KamailioError):
            live = wait_for_answer(module, Deadline(_ANSWER_SECONDS))
    if live:
        done = _reload(live, states, record, module.params["reload_timeout"])
    else:
        live = restart(module, module.params["restart_timeout"])
        if "dispatcher" not in live.modules:
            return []
        done = after_loading(live, _list_of(live), states, record, live.started)
    missing = [one for one in done.comparison.differences if one.kind == "missing"]
    return [render_left_out(list_path(live.evaluation), missing)] if missing else []


def _reload(live: Live, states: Sequence[State], record: str, seconds: float) -> Reloaded:
    """Load the list of before; what makes that fail once, as an answer that comes too late does, can go away."""
    for _again in range(_MORE_RELOADS):
        with contextlib.suppress(KamailioError):
            return reload(live, _list_of(live), states, record, seconds)
        time.sleep(_PAUSE_SECONDS)
    return reload(live, _list_of(live), states, record, seconds)


def _list_of(live: Live) -> Loadable:
    return load_list(live, read_file(list_path(live.evaluation)))
