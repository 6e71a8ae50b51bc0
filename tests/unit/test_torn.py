# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file that is written in place, and a process that is killed before all of it is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import Change
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import staging
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction import revert
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.journal import (
    APPLYING,
    RELOAD,
    UNCONFIRMED,
    WRITING,
    Journal,
    begin,
    load,
    proceed,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.watch import Standin
from ansible_collections.sipfleet.kamailio.plugins.module_utils._trust import FilePlace

from . import journals

NOBODY = 65534
BEFORE, AFTER = b"the old text\n" * 100, b"another text, and a longer one\n" * 100
OPTIONS = {**journals.OPTIONS, "unsafe_writes": True}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is written in place, as one that is mounted into a container."""

    def busy(place: FilePlace, target: FilePlace) -> None:
        if not target.path.startswith(str(tmp_path / "kept")):
            raise OSError(16, "Device or resource busy")
        rename(place, target)

    rename = FilePlace.rename
    monkeypatch.setattr(FilePlace, "rename", busy)
    monkeypatch.setattr(revert, "_taken_out_since", lambda *_more: [])
    monkeypatch.setattr(revert, "_bring_back", lambda *_more: [])
    return tmp_path / "list"


def journal_of(path: Path, phase: str, before: bytes | None = BEFORE, **fields: Any) -> Journal:
    """A change of a file in some phase, whose process has died."""
    folder = str(path.parent / "kept" / "a.change")
    with begin(folder, [Change(str(path), before, AFTER)], RELOAD, OPTIONS, [], 0) as journal:
        return proceed(journal, phase=phase, **fields)


def undo_until_killed(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll back in a process that is killed in the middle of its write."""
    child = os.fork()
    if not child:

        def write_half(place: FilePlace, change: Change) -> None:
            half = len(change.after or b"") // 2
            Path(place.path).write_bytes(change.after[:half] + Path(place.path).read_bytes()[half:])
            os.kill(os.getpid(), signal.SIGKILL)

        monkeypatch.setattr(staging, "_write_in_place", write_half)
        undo(journal)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def test_a_server_whose_answer_ends_the_rollback_is_not_asked_a_second_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer can take more memory than the host has, and the kernel then ends what reads it."""
    path.write_bytes(AFTER)
    journal = journal_of(path, APPLYING)
    monkeypatch.setattr(revert, "_bring_back", lambda *_more: [])
    monkeypatch.setattr(revert, "_taken_out_since", lambda *_more: os.kill(os.getpid(), signal.SIGKILL))
    child = os.fork()
    if not child:
        undo(journal)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    found = load(journal.folder)
    assert found and path.read_bytes() == AFTER
    monkeypatch.setattr(revert, "_taken_out_since", lambda *_more: pytest.fail("it is asked again"))
    assert undo(found) == [] and path.read_bytes() == BEFORE


def undo(journal: Journal) -> list[str]:
    with FileLocks() as locks:
        problems: list[str] = revert.undo(Standin(journal.options), locks, journal, "so")["problems"]
        return problems


@pytest.mark.parametrize("phase", [WRITING, APPLYING, UNCONFIRMED])
def test_a_rollback_that_is_killed_while_it_writes_in_place_is_made_again(
    phase: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(AFTER)
    journal = journal_of(path, phase)
    for _again in range(2):
        undo_until_killed(journal, monkeypatch)
        assert path.read_bytes() not in (BEFORE, AFTER)
        found = load(journal.folder)
        assert found
        journal = found
    assert undo(journal) == [] and path.read_bytes() == BEFORE


def test_a_rollback_does_not_write_in_place_before_its_journal_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it were killed in between, the next one would take the rest for the work of another program."""
    path.write_bytes(AFTER)
    journal = journal_of(path, APPLYING)

    def full(*_more: Any, **_fields: Any) -> Journal:
        raise KamailioError([Problem("cannot be written: No space left on device")])

    with monkeypatch.context() as patched:
        patched.setattr(revert, "proceed", full)
        with pytest.raises(KamailioError, match="No space left"):
            undo(journal)
    assert path.read_bytes() == AFTER and undo(journal) == [] and path.read_bytes() == BEFORE


def test_a_server_that_has_booted_with_half_a_file_gets_the_whole_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought: list[object] = []

    def bring_back(*_more: object) -> list[str]:
        brought.append(_more)
        return []

    monkeypatch.setattr(revert, "_bring_back", bring_back)
    path.write_bytes(AFTER[:100] + BEFORE[100:])
    journal = journal_of(path, WRITING, boot="an earlier one")
    assert undo(journal) == [] and path.read_bytes() == BEFORE and len(brought) == 1


def test_a_new_file_of_another_program_is_not_removed(path: Path) -> None:
    """Only a file that was there before can be written in place."""
    path.write_bytes(b"of another program")
    (problem,) = undo(journal_of(path, WRITING, before=None))
    assert "was changed by another program since" in problem and path.read_bytes() == b"of another program"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_a_link_to_what_cannot_be_read_does_not_keep_a_change_from_its_end(path: Path, tmp_path: Path) -> None:
    """The memory of a process is a file of its user, and looks like a disk that is broken."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    listing = theirs / "list"
    for file in (path, listing):
        file.write_bytes(AFTER)
    changes = [Change(str(listing), BEFORE, AFTER), Change(str(path), BEFORE, AFTER)]
    with begin(str(tmp_path / "kept" / "a.change"), changes, RELOAD, OPTIONS, [], 0) as begun:
        journal = proceed(begun, phase=APPLYING)
    become = "import os, sys; os.setgid(%d); os.setuid(%d); os.execv('/bin/sleep', ['sleep', '60'])" % (NOBODY, NOBODY)
    with subprocess.Popen([sys.executable, "-c", become]) as process:
        try:
            memory = Path("/proc/%d/mem" % process.pid)
            while memory.stat().st_uid != NOBODY:
                time.sleep(0.01)
            listing.unlink()
            listing.symlink_to(memory)
            os.lchown(listing, NOBODY, NOBODY)
            (problem,) = undo(journal)
        finally:
            process.kill()
    assert "%s: was changed by another program since, and stays as it is" % listing in problem
    assert path.read_bytes() == BEFORE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_a_link_to_a_file_of_another_change_does_not_keep_a_change_from_its_end(path: Path, tmp_path: Path) -> None:
    """Two changes with a link to each other's file would wait for each other."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    other, listing = theirs / "other", theirs / "list"
    for file in (path, other, listing):
        file.write_bytes(AFTER)
    changes = [Change(str(listing), BEFORE, AFTER), Change(str(path), BEFORE, AFTER)]
    with begin(str(tmp_path / "kept" / "a.change"), changes, RELOAD, OPTIONS, [], 0) as begun:
        journal = proceed(begun, phase=APPLYING)
    for folder in list(theirs.parents)[:3]:
        folder.chmod(0o711)
    listing.unlink()
    listing.symlink_to(other)
    os.lchown(listing, NOBODY, NOBODY)
    with FileLocks() as held, FileLocks(wait=0.2) as locks:
        held.take(str(other))
        revert.undo(Standin(journal.options), locks, journal, "so")
    assert path.read_bytes() == BEFORE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_half_a_file_that_its_owner_has_replaced_is_not_written_for_the_owner(path: Path, tmp_path: Path) -> None:
    """The owner of the folder could not read the file of before."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    listing = theirs / "list"
    for file in (path, listing):
        file.write_bytes(AFTER[:100] + BEFORE[100:])
        file.chmod(0o600)
    changes = [Change(str(listing), BEFORE, AFTER), Change(str(path), BEFORE, AFTER)]
    with begin(str(tmp_path / "kept" / "a.change"), changes, RELOAD, OPTIONS, [], 0) as begun:
        journal = proceed(begun, phase=WRITING)
    listing.rename(theirs / "aside")
    listing.write_bytes(b"mine")
    os.chown(listing, NOBODY, NOBODY)
    (problem,) = undo(journal)
    assert "%s: was changed by another program since, and stays as it is" % listing in problem
    assert listing.read_bytes() == b"mine" and path.read_bytes() == BEFORE
