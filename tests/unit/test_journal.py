# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a change, at the moments at which somebody else can look at it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import journal as _journal
from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import revert
from ansible_collections.sipfleet.kamailio.plugins.module_utils._change.confirm import confirm
from ansible_collections.sipfleet.kamailio.plugins.module_utils._change.journal import (
    NONE,
    RELOAD,
    UNCONFIRMED,
    Hold,
    begin,
    close,
    load,
    proceed,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._change.watch import Host
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import Change, read_private
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import journal_folder
from ansible_collections.sipfleet.kamailio.plugins.module_utils._running.before import State


OPTIONS = {
    "config": "/etc/kamailio/kamailio.cfg",
    "defines": "auto",
    "follow": False,
    "instance": None,
    "record": "/var/lib/sipfleet-kamailio",
    "reload_timeout": 60.0,
    "restart_command": None,
    "restart_timeout": 60.0,
    "socket": None,
    "timeout": 2.5,
    "unsafe_writes": False,
}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "kept" / "a.change")


def test_it_says_all_of_a_change(folder: str) -> None:
    states = [State(1, b"sip:a\xff", None, "DX"), State(2, "sip:é".encode(), b"g1", "IP")]
    changes = [Change("/a", b"\xff\r\n", b"new"), Change("/b", None, b"new")]
    with begin(folder, changes, RELOAD, OPTIONS, states, 12.5) as journal:
        assert load(folder) == journal and [one.before for one in journal.entries] == [b"\xff\r\n", None]
        assert load(folder) == journal and journal.states == states
        assert load(folder) != proceed(journal, reason="so") and load(folder) == journal._replace(reason="so")
        close(journal, {})
    assert load(folder) is None


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
        first = stack.enter_context(begin(folder, [Change("/tmp/a", b"first", b"")], NONE, OPTIONS, [], 0))
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


def test_what_runs_have_left_that_were_killed(folder: str) -> None:
    parent = Path(folder).parent
    for name in (".a.change.xyz", "a.change.0123", "b.change"):
        (parent / name).mkdir(parents=True)
    (parent / "a.change.last").write_text("{}")
    with begin(folder, [], NONE, OPTIONS, [], 0):
        assert sorted(one.name for one in parent.iterdir()) == ["a.change", "a.change.last", "b.change"]


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


def test_a_command_is_not_waited_for_longer_than_it_runs() -> None:
    """A server that it leaves behind keeps its output open."""
    status, printed, complaint = Host({}).run_command(["sh", "-c", "sleep 60 & echo $!; echo e >&2; exit 3"])
    assert (status, complaint) == (3, "e\n")
    os.kill(int(printed), signal.SIGKILL)


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
    assert revert._reload(server, (), "/record", 1.0) == "done" and len(made) == 3  # type: ignore[comparison-overlap]


def test_a_change_of_which_nothing_is_known(tmp_path: Path) -> None:
    params = {"record": str(tmp_path), "change": "x"}
    with pytest.raises(KamailioError, match="nothing is known of it any more"):
        confirm(params, "/k.cfg")
    folder = journal_folder(params, "/k.cfg")
    with begin(folder, [], NONE, OPTIONS, [], 0) as journal:
        close(journal, {"confirmed": False, "reason": "so", "problems": ["/a: stays"]})
    with pytest.raises(KamailioError, match="as it was before the change, but for this:\n  /a: stays"):
        confirm({**params, "change": journal.change}, "/k.cfg")
