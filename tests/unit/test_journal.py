# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a change, at the moments at which somebody else can look at it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import Change
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.before import State
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_private
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import journal_folder
from ansible_collections.sipfleet.kamailio.plugins.module_utils._memory import KEPT_BYTES
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction import journal as _journal
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction import revert, watch
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.confirm import confirm
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.journal import (
    APPLYING,
    NONE,
    PREPARED,
    RELOAD,
    UNCONFIRMED,
    WRITING,
    Hold,
    begin,
    close,
    load,
    proceed,
    with_inodes,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.state import parse_state
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.watch import Standin
from ansible_collections.sipfleet.kamailio.plugins.module_utils._trust import FilePlace

from .journals import OPTIONS


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "kept" / "a.change")


def test_it_says_all_of_a_change(folder: str) -> None:
    states = [State(1, b"sip:a\xff", None, "DX"), State(2, "sip:é".encode(), b"g1", "IP")]
    changes = [Change("/a", b"\xff\r\n", b"new"), Change("/b", None, b"new")]
    with begin(folder, changes, RELOAD, OPTIONS, states, 12.5) as journal:
        assert load(folder) == journal and [entry.before for entry in journal.entries] == [b"\xff\r\n", None]
        assert load(folder) == journal and journal.states == states
        assert load(folder) != proceed(journal, reason="so") and load(folder) == journal._replace(reason="so")
        close(journal, {})
    assert load(folder) is None


UNREADABLE_STATES: dict[str, tuple[dict[str, Any], list[State], float]] = {
    "deadline": (OPTIONS, [], float("inf")),
    "options, timeout": ({**OPTIONS, "timeout": float("nan")}, [], 1),
    "options, record": ({**OPTIONS, "record": "/a\0b"}, [], 1),
    "states": (OPTIONS, [State(1, b"sip:a\0b", None, "DX")], 1),
    "with 1 destinations out of service": (OPTIONS, [State(1, b"\xff" * (KEPT_BYTES // 6), None, "DX")], 1),
}


@pytest.mark.parametrize("wrong", UNREADABLE_STATES)
def test_a_journal_that_could_not_be_read_back_is_not_begun(wrong: str, folder: str) -> None:
    options, states, deadline = UNREADABLE_STATES[wrong]
    with contextlib.ExitStack() as stack:
        caught = stack.enter_context(pytest.raises(KamailioError, match="a change cannot be prepared here"))
        stack.enter_context(begin(folder, [], RELOAD, options, states, deadline))
    assert wrong in str(caught.value) and "Nothing has been changed" in str(caught.value)
    assert not Path(folder).parent.exists()


def test_a_journal_does_not_proceed_to_what_could_not_be_read_back(folder: str) -> None:
    with begin(folder, [], RELOAD, OPTIONS, [], 0) as journal:
        for fields in ({"deadline": float("nan")}, {"states": [State(1, b"a\0", None, "DX")]}, {"reason": "a\0"}):
            with pytest.raises(KamailioError, match="the state of the change cannot be kept"):
                proceed(journal, **fields)
        assert load(folder) == journal


def test_a_rollback_says_that_it_has_begun_whatever_the_server_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path, staged = prepared(tmp_path, APPLYING)
    staged.rename(path)
    journal = load(folder)
    assert journal
    monkeypatch.setattr(revert, "_taken_out_since", lambda *_more: [State(1, b"sip:a\0", None, "DX")])
    monkeypatch.setattr(revert, "_bring_back", lambda *_more: [])
    with FileLocks() as locks:
        assert revert.undo(Standin({}), locks, journal, "the server says \0")["problems"] == []
    kept = load(folder)
    assert kept and kept.reason == "the server says \\x00" and path.read_bytes() == b"before"


def test_nobody_finds_it_before_it_is_held(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def rename(old: str, new: str, rename: Any = os.rename, **folders: int) -> None:
        rename(old, new, **folders)
        if new == folder:
            with Hold(folder) as hold:
                found.append(hold.held)

    monkeypatch.setattr(os, "rename", rename)
    with begin(folder, [], NONE, OPTIONS, [], 0):
        pass
    with Hold(folder) as hold:
        assert found == [False] and hold.held


def test_a_change_that_cannot_be_ended_is_not_over(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with begin(folder, [], NONE, OPTIONS, [], 0) as journal:
        with monkeypatch.context() as patched:
            patched.setattr(os, "rename", lambda *_names: os.open("/no/such", os.O_RDONLY))
            with pytest.raises(KamailioError, match="cannot be ended"):
                close(journal, {"confirmed": True})
        assert load(folder) == journal


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("follows", [True, False])
def test_whoever_looks_while_changes_come_and_go(
    folder: str, monkeypatch: pytest.MonkeyPatch, at: int, follows: bool
) -> None:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(begin(folder, [Change("/a", b"first", b"")], NONE, OPTIONS, [], 0))
        calls, then = 0, None

        def read(path: str) -> bytes | None:
            nonlocal calls, then
            found = read_private(path)
            calls += 1
            if calls == at:
                close(first, {})
                if follows:
                    then = stack.enter_context(begin(folder, [Change("/a", b"second", b"")], NONE, OPTIONS, [], 0))
            return found

        monkeypatch.setattr(_journal, "read_private", read)
        found = load(folder)
        # What was whole when it was read last can be over by now.
        assert found == (first if at == 3 else then) and calls >= at
        assert load(folder) == then


def state_of(folder: str) -> dict[str, Any]:
    """The state of a change that is kept in a folder."""
    with begin(folder, [Change("/a", b"1", b"2")], RELOAD, OPTIONS, [State(1, b"sip:a", None, "DX")], 12.5):
        state: dict[str, Any] = json.loads((Path(folder) / "state.json").read_text())
        return state


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "no object": lambda state: [state],
    "deadline without end": lambda state: {**state, "deadline": float("inf")},
    "deadline that is not a number": lambda state: {**state, "deadline": float("nan")},
    "deadline in a million years": lambda state: {**state, "deadline": 1e300},
    "deadline of many digits": lambda state: {**state, "deadline": 10**400},
    "deadline as text": lambda state: {**state, "deadline": "12"},
    "deadline as truth": lambda state: {**state, "deadline": True},
    "unknown phase": lambda state: {**state, "phase": "done"},
    "phase in a list": lambda state: {**state, "phase": ["writing"]},
    "unknown action": lambda state: {**state, "action": "reboot"},
    "no options": lambda state: {**state, "options": None},
    "option that is missing": lambda state: {**state, "options": {**state["options"], "record": None}},
    "option too many": lambda state: {**state, "options": {**state["options"], "shell": "/bin/sh"}},
    "limit without end": lambda state: {**state, "options": {**state["options"], "timeout": float("inf")}},
    "command as text": lambda state: {**state, "options": {**state["options"], "restart_command": "reboot"}},
    "command of numbers": lambda state: {**state, "options": {**state["options"], "restart_command": [1]}},
    "field too many": lambda state: {**state, "more": 1},
    "field that is missing": lambda state: {name: value for name, value in state.items() if name != "boot"},
    "entries by name": lambda state: {**state, "entries": {}},
    "relative path": lambda state: {**state, "entries": [{**state["entries"][0], "path": "etc/passwd"}]},
    "path with NUL": lambda state: {**state, "entries": [{**state["entries"][0], "path": "/a\0b"}]},
    "short digest": lambda state: {**state, "entries": [{**state["entries"][0], "digest": "abc"}]},
    "inode as text": lambda state: {**state, "entries": [{**state["entries"][0], "inode": "7"}]},
    "entry as text": lambda state: {**state, "entries": ["/a"]},
    "state of three": lambda state: {**state, "states": [[1, "sip:a", None]]},
    "state of numbers": lambda state: {**state, "states": [[1, 2, 3, 4]]},
    "set as text": lambda state: {**state, "states": [["1", "sip:a", None, "DX"]]},
    "half a character": lambda state: {**state, "reason": "\ud800"},
    "change as path": lambda state: {**state, "change": "../../etc"},
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_state_is_told_and_not_obeyed(broken: str, folder: str) -> None:
    state = BROKEN[broken](state_of(folder))
    (Path(folder) / "state.json").write_text(json.dumps(state))
    with pytest.raises(KamailioError, match=r"this is not the journal of a change: .*remove the folder"):
        load(folder)


def test_bytes_that_are_not_a_state_are_told(folder: str) -> None:
    state_of(folder)
    for data in (b"", b"{", b"\xff", b"null", b"[" * 100000, b"1e999", b'{"a": Infinity}', b"\0"):
        (Path(folder) / "state.json").write_bytes(data)
        with pytest.raises(KamailioError, match="this is not the journal of a change"):
            load(folder)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data())
def test_any_state_is_parsed_or_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        state = state_of(name + "/kept/a.change")
    at: Any = state
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if isinstance(at[key], (dict, list)) and at[key] and data.draw(st.booleans()):
            at = at[key]
            continue
        at[key] = data.draw(JSON)
        break
    with contextlib.suppress(ValueError):
        assert parse_state(json.dumps(state).encode("utf-8", "surrogatepass")) == state


@given(data=st.binary())
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_state(data)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of another user")
def test_a_journal_in_the_folder_of_another_user_is_not_obeyed(folder: str) -> None:
    state_of(folder)
    os.chown(Path(folder).parent, 4242, 4242)
    with pytest.raises(KamailioError, match=r"cannot be trusted with what is kept of a server: .* the user 4242"):
        load(folder)
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(KamailioError, match="cannot be prepared here: cannot be trusted"))
        stack.enter_context(begin(folder + "2", [], NONE, OPTIONS, [], 0))


def test_a_journal_without_its_state_does_not_stop_the_next_change(folder: str) -> None:
    state_of(folder)
    (Path(folder) / "state.json").unlink()
    assert load(folder) is None
    with begin(folder, [], NONE, OPTIONS, [], 0) as journal:
        assert load(folder) == journal


def prepared(tmp_path: Path, phase: str) -> tuple[str, Path, Path]:
    """A change whose process has died in a phase, before it renamed its file: its journal, the file, what it staged."""
    path, folder = tmp_path / "list", str(tmp_path / "kept" / "a.change")
    path.write_bytes(b"before")
    staged = tmp_path / ".sipfleet.list.0123abcd"
    staged.write_bytes(b"after")
    with begin(folder, [Change(str(path), b"before", b"after")], RELOAD, OPTIONS, [], 0) as journal:
        if phase != PREPARED:
            proceed(journal, phase=phase, entries=with_inodes(journal.entries, {str(path): staged.stat().st_ino}))
    return folder, path, staged


@pytest.mark.parametrize("phase", [PREPARED, WRITING])
@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("since", [b"before", b"after", b"other"])
def test_a_change_that_has_changed_nothing_is_dropped(
    phase: str, check_mode: bool, since: bytes, tmp_path: Path
) -> None:
    folder, path, staged = prepared(tmp_path, phase)
    if since != b"before":
        # By another run, perhaps with the bytes that this change was to write.
        path.unlink()
        path.write_bytes(since)
    module: Any = Standin({})
    module.check_mode = check_mode
    with FileLocks() as locks:
        assert revert.is_settled(module, locks, folder)
    assert path.read_bytes() == since
    assert (load(folder) is None) is not check_mode and staged.exists() is check_mode


@pytest.mark.parametrize("again", [False, True])
def test_a_file_that_the_change_has_written_is_put_back(again: bool, tmp_path: Path) -> None:
    folder, path, staged = prepared(tmp_path, WRITING)
    staged.rename(path)
    if again:
        path.write_bytes(b"after")
    journal = load(folder)
    assert journal
    with FileLocks() as locks:
        assert revert.go_back(Standin({}), locks, journal, "so") == []
    assert path.read_bytes() == b"before" and load(folder) is None


def test_the_same_bytes_of_another_run_stay(tmp_path: Path) -> None:
    folder, path, staged = prepared(tmp_path, WRITING)
    staged.rename(path)
    another = tmp_path / "another"
    another.write_bytes(b"after")
    another.rename(path)
    journal = load(folder)
    assert journal
    with FileLocks() as locks:
        (problem,) = revert.go_back(Standin({}), locks, journal, "so")
    assert "was changed by another program since" in problem and path.read_bytes() == b"after"


def make_large(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


UNREADABLE: dict[str, Callable[[Path], None]] = {
    "is not a regular file": os.mkfifo,
    "is a directory": Path.mkdir,
    "leads to itself": lambda path: path.symlink_to(path),
    "more than the limit": make_large,
}


@pytest.mark.parametrize("why", UNREADABLE)
@pytest.mark.parametrize("unsafe_writes", [False, True])
@pytest.mark.parametrize("new", [False, True])
def test_a_file_that_cannot_be_read_any_more_stays_and_the_others_go_back(
    why: str, unsafe_writes: bool, new: bool, tmp_path: Path
) -> None:
    path, other, folder = tmp_path / "list", tmp_path / "other", str(tmp_path / "kept" / "a.change")
    changes = [Change(str(path), None if new else b"before", b"after"), Change(str(other), b"before", b"after")]
    other.write_bytes(b"after")
    options = {**OPTIONS, "unsafe_writes": unsafe_writes}
    with begin(folder, changes, RELOAD, options, [], 0) as journal:
        inodes = {str(path): 1, str(other): other.stat().st_ino}
        journal = proceed(journal, phase=WRITING, entries=with_inodes(journal.entries, inodes), boot="another")
    UNREADABLE[why](path)
    assert revert.is_written(journal)
    with FileLocks() as locks:
        (problem,) = revert._restore(Standin(journal.options), locks, journal, unsafe_writes)
    assert problem.startswith("%s: was changed by another program since" % path) and why in problem
    assert other.read_bytes() == b"before" and not revert.is_written(journal)


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ESTALE])
def test_what_only_the_host_keeps_from_being_read_is_tried_again(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path, staged = prepared(tmp_path, WRITING)
    staged.rename(path)
    journal = load(folder)
    assert journal

    def fail(place: FilePlace, *_more: object) -> int:
        raise OSError(number, os.strerror(number))

    with FileLocks() as locks, monkeypatch.context() as patched, pytest.raises(KamailioError, match="cannot be read"):
        patched.setattr(FilePlace, "open", fail)
        revert._restore(Standin(journal.options), locks, journal, False)
    assert path.read_bytes() == b"after" and load(folder) == journal


def test_a_file_of_a_change_is_not_free_before_the_change_has_ended(folder: str, tmp_path: Path) -> None:
    path = str(tmp_path / "list")
    with begin(folder, [Change(path, None, b"new")], RELOAD, OPTIONS, [], 0) as journal:
        with FileLocks(own=folder) as locks:
            locks.take(path)
            locks.mark([path], journal.sign)
        for free in (FileLocks(0, own=folder), FileLocks(0, unsettled=True)):
            with free as locks:
                locks.take(path)
        with FileLocks(0) as locks, pytest.raises(KamailioError, match="neither confirmed nor rolled back") as caught:
            locks.take(path)
        assert caught.value.problems[0].path == path and folder in str(caught.value)
        close(journal, {})
    with begin(folder, [], NONE, OPTIONS, [], 0), FileLocks(0) as locks:
        locks.take(path)
        assert not locks.obstacle


def test_the_watch_tries_again_to_end_what_it_has_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder, path, staged = prepared(tmp_path, WRITING)
    staged.rename(path)
    undone: list[object] = []
    undo, tries = revert.undo, iter([False, False, True])

    def counted(*arguments: Any) -> Any:
        undone.append(arguments)
        return undo(*arguments)

    def read_only(journal: Any, outcome: Any) -> None:
        if not next(tries):
            raise KamailioError([Problem("the change cannot be ended: Read-only file system")])
        close(journal, outcome)

    monkeypatch.setattr(revert, "undo", counted)
    monkeypatch.setattr(watch, "close", read_only)
    monkeypatch.setattr(watch, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(watch, "_LOOK_SECONDS", 0.01)
    watch.watch(folder)
    assert path.read_bytes() == b"before" and load(folder) is None and len(undone) == 1
    assert "Read-only file system" in caplog.text and next(tries, None) is None


def test_what_runs_have_left_that_were_killed(folder: str) -> None:
    parent = Path(folder).parent
    for name in (".a.change.xyz_0123", "a.change." + "0123" * 8, "b.change"):
        (parent / name).mkdir(parents=True)
    (parent / "a.change.last").write_text("{}")
    with begin(folder, [], NONE, OPTIONS, [], 0):
        assert sorted(path.name for path in parent.iterdir()) == ["a.change", "a.change.last", "b.change"]


def test_a_change_sweeps_nothing_of_a_configuration_whose_name_begins_like_a_journal(folder: str) -> None:
    parent = Path(folder).parent
    others = {"a.change.cfg.change", ".a.change.b.change.abcd_123", ".a.change.notes"}
    for name in others:
        (parent / name).mkdir(parents=True)
    with begin(folder, [], NONE, OPTIONS, [], 0):
        assert {path.name for path in parent.iterdir()} == {"a.change", *others}


def test_what_has_not_proved_itself_is_not_confirmed(tmp_path: Path) -> None:
    params: dict[str, Any] = {"record": str(tmp_path), "change": None}
    folder = journal_folder(params, "/etc/kamailio/kamailio.cfg")
    with begin(folder, [], NONE, OPTIONS, [], time.time() + 60) as journal:
        pass
    with pytest.raises(KamailioError, match="has not proved itself"):
        confirm(params, "/etc/kamailio/kamailio.cfg")
    proceed(journal, phase=UNCONFIRMED, deadline=time.time() - 1)
    with pytest.raises(KamailioError, match="its time is up"):
        confirm(params, "/etc/kamailio/kamailio.cfg")
    proceed(journal, phase=UNCONFIRMED)
    assert confirm(params, "/etc/kamailio/kamailio.cfg") and load(folder) is None


def test_a_reload_of_the_way_back_that_fails_once_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def reload(live: object, *_more: object) -> object:
        made.append(live)
        if len(made) < 3:
            raise KamailioError([Problem("not now")])
        return "done"

    monkeypatch.setattr(revert, "reload", reload)
    monkeypatch.setattr(revert, "_list_of", lambda live: None)
    monkeypatch.setattr(revert, "_PAUSE_SECONDS", 0)
    server: Any = object()
    assert revert._reload(server, (), "/record", 1.0) == "done" and len(made) == 3


def test_a_change_of_which_nothing_is_known(tmp_path: Path) -> None:
    params = {"record": str(tmp_path), "change": "x"}
    with pytest.raises(KamailioError, match="nothing is known of it any more"):
        confirm(params, "/k.cfg")
    folder = journal_folder(params, "/k.cfg")
    with begin(folder, [], NONE, OPTIONS, [], 0) as journal:
        close(journal, {"confirmed": False, "reason": "so", "problems": ["/a: stays"]})
    with pytest.raises(KamailioError, match="as it was before the change, but for this:\n  /a: stays"):
        confirm({**params, "change": journal.change}, "/k.cfg")
