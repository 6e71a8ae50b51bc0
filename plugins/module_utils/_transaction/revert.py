# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Going back: the files of a change as they were, and the server with them."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .._analysis.analyse import list_path
from .._caller import Caller, TaskModule
from .._change import Change, Rights
from .._compare.before import State
from .._compare.restore import taken_out
from .._config.least import Reload
from .._config.meaning import meaning_of
from .._errors import KamailioError, Problem, error
from .._host.attributes import FileAttributes
from .._host.files import read_file, read_list, read_place
from .._host.locks import FileLocks
from .._host.places import record_path
from .._host.staging import inode_of, real_path, remove_file, remove_made, write_changes
from .._rpc.clock import Deadline
from .._server.load import load_files
from .._server.reload import Reloaded, after_loading, reload, render_left_out
from .._server.restart import restart, stop, wait_for_answer
from .._server.server import Live, Loadable, load_list, stop_pings
from .._server.start import keep_start
from .._text import visible
from .._trust import READ, WRITE, FilePlace, find_place
from .boot import boot_of_host
from .journal import (
    LIST_RELOAD,
    NONE,
    PREPARED,
    RELOAD,
    START,
    UNCONFIRMED,
    WRITING,
    Entry,
    Hold,
    Journal,
    close,
    is_orphan,
    load,
    proceed,
)

_PAUSE_SECONDS = 0.5
_AS_BEFORE = Rights("as the change made it", "as before")
_MORE_RELOADS = 2
# A change can wait longer for its confirmation than another run should wait for it.
_LONGEST_WAIT = 600.0
# A server that is busy is not one that has died.
_ANSWER_SECONDS = 5.0
# Troubles of the host that pass, and that the owner of a file cannot make.
_PASSING = (errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
_PASSING_FOR_WRITING = (errno.ENOSPC, errno.EROFS, errno.EBUSY)
# How often a file is looked at, and written back, that its owner changes at that moment.
_MOST_LOOKS = _MOST_WRITES = 3


class _With:
    """An AnsibleModule, or what stands in for it, with the options of another run."""

    def __init__(self, module: Caller, options: Dict[str, Any]) -> None:
        self._module = module
        self.params = options

    def get_bin_path(self, arg: str, *, opt_dirs: Optional[Sequence[str]] = None) -> Optional[str]:
        """Ask the module."""
        return self._module.get_bin_path(arg, opt_dirs=opt_dirs)

    def selinux_enabled(self) -> bool:
        """Ask the module."""
        return self._module.selinux_enabled()

    def selinux_context(self, path: str) -> List[Optional[str]]:
        """Ask the module."""
        return self._module.selinux_context(path)

    def selinux_default_context(self, path: str) -> List[Optional[str]]:
        """Ask the module."""
        return self._module.selinux_default_context(path)

    def set_context_if_different(self, path: str, context: List[Optional[str]], changed: bool) -> bool:
        """Ask the module."""
        return self._module.set_context_if_different(path, context, changed)


def go_back(module: Caller, locks: FileLocks, journal: Journal, reason: str) -> List[str]:
    """Undo a change that is held, and end it; return what could not be undone, nothing if all of it was.

    Raises KamailioError where something is in the way, as a full disk is: the change is then still there, and it can be
    tried again.
    """
    outcome = undo(module, locks, journal, reason)
    close(journal, outcome)
    return list(outcome["problems"])


def undo(module: Caller, locks: FileLocks, journal: Journal, reason: str) -> Dict[str, Any]:
    """Undo a change that is held; return its outcome, with the C(problems) that could not be undone.

    C(module) is an AnsibleModule, or what stands in for it. Raises KamailioError as C(go_back) does.
    """
    for entry in journal.entries:
        locks.take_as_named(entry.path)
    locks.sweep()
    problems: List[str] = []
    if journal.phase != PREPARED:
        problems = _undo_all(_With(module, journal.options), locks, journal, reason)
    for folder in remove_made(journal.folders):
        problems.append(Problem("is not empty, and stays", "This change made it", folder).render())
    return {"confirmed": False, "reason": reason, "problems": problems}


def _undo_all(host: Any, locks: FileLocks, journal: Journal, reason: str) -> List[str]:
    torn = _can_be_torn(journal)
    reached = has_reached_server(journal)
    # A server can answer with so much that the kernel ends this process. It is asked once, and the files go back then.
    asks = reached and not journal.reason and journal.action != START
    try:
        journal = proceed(journal, reason=visible(reason))
    except KamailioError:
        # If it is cut off while it writes in place, the next one has to know that there was one.
        if journal.options["unsafe_writes"] and not torn:
            raise
    states = [*journal.states, *(_taken_out_since(host, journal) if asks else [])]
    # A rollback that is cut off goes on with the states of before its own reload.
    with contextlib.suppress(KamailioError):
        journal = proceed(journal, states=states)
    if any(call != [LIST_RELOAD] for call in journal.calls):
        # Some commands load a file only if it is newer than what the server has, in whole seconds.
        time.sleep(1)
    problems = _restore(host, locks, journal, torn)
    if reached:
        try:
            problems += _bring_back(host, journal, states)
        except KamailioError as exc:
            problems += [problem.render() for problem in exc.problems]
    return problems


def has_reached_server(journal: Journal) -> bool:
    """Whether the server can have got something of a change, by the change itself or by a boot in between."""
    if journal.action == NONE or journal.phase == PREPARED:
        return False
    if journal.phase != WRITING:
        return True
    return journal.boot != boot_of_host() and (bool(journal.reason) or is_written(journal))


def is_written(journal: Journal) -> bool:
    """Whether a file is still as the change has written it, in part where that can be."""
    return any(_is_ours(journal, entry, _look_at(entry.path)[0], _can_be_torn(journal)) for entry in journal.entries)


def _is_ours(journal: Journal, entry: Entry, data: Optional[bytes], torn: bool) -> bool:
    """Whether a file that now contains C(data) is one that the change or its rollback has written."""
    inode = inode_of(entry.path)
    if torn and None not in (entry.before, entry.digest) and data != entry.before:
        return data is not None and journal.is_at(entry, inode)
    return journal.wrote(entry, data, inode)


def _can_be_torn(journal: Journal) -> bool:
    """Whether a file can be there in part, written in place by the change or by a rollback that was cut off."""
    return bool(journal.options["unsafe_writes"]) and (journal.phase == WRITING or bool(journal.reason))


def _look_at(path: str) -> Tuple[Optional[bytes], str]:
    """Return what a file of a change contains, None if it is not there, and why it cannot be read or replaced any more.

    Its owner can have put something else in its place, and must not keep the other files from going back by that.
    Raises KamailioError where the host is in trouble, which passes.
    """
    obstacle = ""
    for _again in range(_MOST_LOOKS):
        try:
            data = read_file(path)
            if data is not None:
                real_path(path, False)
            return data, ""
        except KamailioError as exc:
            obstacle = exc.problems[0].text
            if not _passes(exc, _PASSING):
                break
            if _is_in_trouble(path):
                raise
    return None, obstacle


def _passes(exc: KamailioError, numbers: Sequence[int]) -> bool:
    return isinstance(exc.__cause__, OSError) and exc.__cause__.errno in numbers


def _is_in_trouble(path: str) -> bool:
    """Whether a file cannot be read for a trouble of the host.

    A link of another user leads to what it likes, such as the memory of its own process, which cannot be read either.
    """
    try:
        with find_place(path, READ) as place:
            if not _leads_elsewhere(place, path):
                read_place(place, path)
    except OSError as exc:
        return exc.errno in _PASSING
    except KamailioError:
        pass
    return False


def _leads_elsewhere(place: FilePlace, path: str) -> bool:
    """Whether other users can have led a path, which had no links in it, to another place."""
    return bool(place.doubt) and place.path != path


def _is_led_elsewhere(path: str) -> bool:
    try:
        with find_place(path, WRITE) as place:
            return _leads_elsewhere(place, path)
    except (OSError, KamailioError):
        return False


def why_orphan(journal: Journal) -> str:
    """Why a change that nobody holds is taken back."""
    died = "it was not confirmed in time" if journal.phase == UNCONFIRMED else "the process that made it has died"
    return journal.reason or died


def settle(module: TaskModule, folder: str, seconds: float) -> None:
    """Wait until a change that waits for its confirmation is over, and roll back one that no process looks after.

    C(seconds) is what the watch over it gets beyond its deadline. Raises KamailioError.
    """
    patience = Deadline(_LONGEST_WAIT + seconds)
    while True:
        with FileLocks(own=folder) as locks:
            if is_settled(module, locks, folder):
                return
        journal = load(folder)
        if journal and (time.time() > journal.deadline + seconds or patience.passed()):
            text = "another change of this server is under way, and has not ended"
            raise error(text, "See its journal there; deploy with state confirmed or reverted ends it", folder)
        time.sleep(_PAUSE_SECONDS)


def is_settled(module: TaskModule, locks: FileLocks, folder: str) -> bool:
    """Whether no change is under way. Takes one back that nobody looks after. Raises KamailioError."""
    journal = load(folder)
    if journal is None:
        return True
    with Hold(folder) as hold:
        # Until it was held the change can have gone on.
        if not hold.held or load(folder) != journal or not is_orphan(journal):
            return False
        if journal.phase == PREPARED or (journal.phase == WRITING and not journal.reason and not is_written(journal)):
            # It has changed nothing, so there is nothing to say about it.
            if not module.check_mode:
                go_back(module, locks, journal, why_orphan(journal))
        elif not module.check_mode:
            problems = go_back(module, locks, journal, why_orphan(journal))
            said = "\n".join(["an earlier change was taken back first: %s" % why_orphan(journal), *problems])
            module.warn(said)
        else:
            text = "a change was cut off here, and check mode does not take it back: %s" % why_orphan(journal)
            raise error(text, "deploy with state reverted does, or any run of it that is not in check mode", folder)
    return True


def _restore(module: Caller, locks: FileLocks, journal: Journal, torn: bool) -> List[str]:
    """Put the files back; return those that stay as they are, and why. Raises KamailioError."""
    for entry in journal.entries:
        locks.take_as_named(entry.path)
    try:
        return _restore_entries(module, journal, journal.entries, torn)
    except KamailioError as exc:
        _require_lasting(exc, journal.entries)
    # The owner of a file can change it between the look at it and the write, each time anew.
    return [problem for entry in journal.entries for problem in _restore_alone(module, journal, entry, torn)]


def _restore_alone(module: Caller, journal: Journal, entry: Entry, torn: bool) -> List[str]:
    """Put one file back, whatever is in the way of the others. Raises KamailioError for trouble of the host."""
    obstacles: Tuple[Problem, ...] = ()
    for _again in range(_MOST_WRITES):
        try:
            return _restore_entries(module, journal, [entry], torn)
        except KamailioError as exc:
            _require_lasting(exc, [entry])
            obstacles = exc.problems
    text = "could not be put back, and stays as it is (%s)" % obstacles[0].text
    return [Problem(text, "It does not have the text from before the change", entry.path).render()]


def _require_lasting(exc: KamailioError, entries: Sequence[Entry]) -> None:
    """Raise an error again that is for trouble of the host, which passes."""
    passes = _passes(exc, (*_PASSING, *_PASSING_FOR_WRITING))
    if passes and not any(_is_led_elsewhere(entry.path) for entry in entries):
        raise exc


def _restore_entries(module: Caller, journal: Journal, entries: Sequence[Entry], torn: bool) -> List[str]:
    """Put files back, all or none; return those that another program has changed since. Raises KamailioError."""
    problems: List[str] = []
    changes: List[Change] = []
    created: List[str] = []
    attributes: Dict[str, FileAttributes] = {}
    for entry in entries:
        data, obstacle = _look_at(entry.path)
        if not obstacle and _is_as_before(journal, entry, data):
            continue
        if obstacle or not _is_ours(journal, entry, data, torn):
            text = "was changed by another program since, and stays as it is"
            text += " (%s)" % obstacle if obstacle else ""
            problems.append(Problem(text, "It does not have the text from before the change", entry.path).render())
        elif entry.before is None:
            created.append(entry.path)
        else:
            given = _to_give(entry.attributes)
            if given:
                attributes[entry.path] = given
            changes.append(Change(entry.path, data, entry.before, _AS_BEFORE if given else None))
    write_changes(module, changes, False, attributes)
    for path in created:
        remove_file(path, False)
    return problems


def _is_as_before(journal: Journal, entry: Entry, data: Optional[bytes]) -> bool:
    """Whether a file that now contains C(data) needs nothing to be as before the change."""
    return data == entry.before and not (entry.attributes and journal.wrote(entry, data, inode_of(entry.path)))


def _to_give(attributes: Optional[FileAttributes]) -> Optional[FileAttributes]:
    """Return the attributes if the current user can give them to a file."""
    return attributes if attributes and os.geteuid() in (0, attributes.user) else None


def _taken_out_since(module: Caller, journal: Journal) -> List[State]:
    """What somebody has taken out of service since the change began; what stands in the list is its doing."""
    known = {(state.setid, state.uri) for state in journal.states}
    with contextlib.suppress(KamailioError):
        live = wait_for_answer(module, Deadline(_ANSWER_SECONDS))
        out = taken_out(live.connection.destinations(), _list_of(live).document, live.version)
        # What is inactive the pings of the change can have done, and nothing may ever bring it back.
        return [state for state in out if state.letters[0] == "D" and (state.setid, state.uri) not in known]
    return []


def _bring_back(module: Caller, journal: Journal, states: Sequence[State]) -> List[str]:
    """Let the server have what the files say again, and its destinations their states; gives what it has not.

    Raises KamailioError.
    """
    if journal.action == START:
        stop(module, module.params["restart_timeout"])
        return []
    record = record_path(journal.options["record"], journal.options["config"])
    live = None
    # Without a change of files another restart would bring nothing else.
    if journal.action == RELOAD or not journal.entries:
        with contextlib.suppress(KamailioError):
            live = wait_for_answer(module, Deadline(_ANSWER_SECONDS))
    if live and journal.action == RELOAD and _loads_files(live, journal, module.params["reload_timeout"]):
        if [LIST_RELOAD] not in journal.calls:
            return []
        done = _reload(live, states, record, module.params["reload_timeout"])
    else:
        if live is None or journal.action == RELOAD:
            live = restart(module, module.params["restart_timeout"])
            # The record of the start before this one can be but a second old.
            keep_start(live, journal.options["record"], meaning_of(live.evaluation, live.version))
        if "dispatcher" not in live.modules:
            return []
        if not journal.options["pings_active"]:
            stop_pings(live)
        done = after_loading(live, _list_of(live), states, record, live.started)
    missing = [difference for difference in done.comparison.differences if difference.kind == "missing"]
    return [render_left_out(list_path(live.evaluation), missing)] if missing else []


def _loads_files(live: Live, journal: Journal, seconds: float) -> bool:
    """Have a server load the files of before; some commands are refused for minutes after they were obeyed once."""
    calls = [Reload(call[0], tuple(call[1:]), ()) for call in journal.calls if call != [LIST_RELOAD]]
    try:
        load_files(live.connection, calls, seconds)
    except KamailioError:
        return False
    return True


def _reload(live: Live, states: Sequence[State], record: str, seconds: float) -> Reloaded:
    """Load the list of before; what makes that fail once, as an answer that comes too late does, can go away."""
    for _again in range(_MORE_RELOADS):
        with contextlib.suppress(KamailioError):
            return reload(live, _list_of(live), states, record, seconds)
        time.sleep(_PAUSE_SECONDS)
    return reload(live, _list_of(live), states, record, seconds)


def _list_of(live: Live) -> Loadable:
    return load_list(live, read_list(list_path(live.evaluation)))
