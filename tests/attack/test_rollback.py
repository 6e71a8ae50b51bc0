# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback, while the owner of one of the files does not want it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import Change
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.staging import stage_changes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction import revert
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.journal import (
    APPLYING,
    NONE,
    WRITING,
    begin,
    load,
    proceed,
    with_inodes,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.watch import Standin
from attack.attacker import SERVER, Attackers
from attack.ground import file_of, owned


def made_change(ground: Path, *paths: Path) -> str:
    """Change files, as a process does that dies before the change is confirmed; return the folder of the journal."""
    folder = str(ground / "kept" / "a.change")
    options = {
        "config": str(paths[0]),
        "defines": [],
        "follow": False,
        "instance": None,
        "pings_active": True,
        "record": str(ground / "kept"),
        "reload_timeout": 1.0,
        "restart_command": None,
        "restart_timeout": 1.0,
        "socket": None,
        "timeout": 1.0,
        "unsafe_writes": False,
    }
    changes = [Change(str(path), path.read_bytes(), b"after\n") for path in paths]
    with begin(folder, changes, NONE, options, [], time.time() + 60) as journal:
        with stage_changes(Standin(options), changes) as staging:
            inodes = with_inodes(journal.entries, staging.inodes())
            journal = proceed(journal, phase=WRITING, entries=inodes)
            staging.move(False)
        proceed(journal, phase=APPLYING)
    return folder


def go_back(folder: str) -> list[str]:
    journal = load(folder)
    assert journal
    with FileLocks(own=folder) as locks:
        return revert.go_back(Standin(journal.options), locks, journal, "so")


@pytest.mark.parametrize("order", [list, reversed])
def test_a_file_that_its_owner_changes_at_each_try_does_not_keep_the_others_from_going_back(
    order: Callable[[list[Path]], list[Path]], ground: Path, attackers: Attackers
) -> None:
    config = file_of(ground / "kamailio.cfg", 0, "before\n")
    listing = file_of(owned(ground / "etc", SERVER) / "dispatcher.list", SERVER, "before\n")
    other = file_of(listing.with_name("other"), SERVER, "mine\n")
    folder = made_change(ground, *order([config, listing]))
    attackers.start(SERVER, "toggle_when_staged", listing, other)
    # The attacker can come too late.
    assert all(str(listing) in problem and "stays as it is" in problem for problem in go_back(folder))
    assert config.read_text() == "before\n" and load(folder) is None


def test_a_rollback_without_an_attacker_puts_all_files_back(ground: Path) -> None:
    config = file_of(ground / "kamailio.cfg", 0, "before\n")
    listing = file_of(owned(ground / "etc", SERVER) / "dispatcher.list", SERVER, "before\n")
    folder = made_change(ground, config, listing)
    assert go_back(folder) == []
    assert config.read_text() == listing.read_text() == "before\n"


def test_a_full_disk_holds_up_all_files_of_a_rollback(ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    config = file_of(ground / "kamailio.cfg", 0, "before\n")
    folder = made_change(ground, config)
    with monkeypatch.context() as patched, pytest.raises(KamailioError, match="No space left"):
        patched.setattr("os.fsync", full)
        go_back(folder)
    assert load(folder) and config.read_text() == "after\n"


def test_a_file_without_room_for_attributes_is_no_full_disk(ground: Path, attackers: Attackers) -> None:
    config = file_of(ground / "kamailio.cfg", 0, "before\n")
    listing = file_of(owned(ground / "etc", SERVER) / "dispatcher.list", SERVER, "before\n")
    folder = made_change(ground, config, listing)
    attackers.start(SERVER, "fill_attributes", listing)
    assert go_back(folder) == []
    assert config.read_text() == listing.read_text() == "before\n" and load(folder) is None


def test_attributes_that_grow_while_they_are_copied_are_no_full_disk(
    ground: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their owner can make each of them large in turn."""

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    config = file_of(ground / "kamailio.cfg", 0, "before\n")
    listing = file_of(owned(ground / "etc", SERVER) / "dispatcher.list", SERVER, "before\n")
    folder = made_change(ground, config, listing)
    os.setxattr(listing, "user.note", b"x")
    monkeypatch.setattr("os.setxattr", full)
    problems = go_back(folder)
    assert len(problems) == 1 and "user.note" in problems[0] and "stays as it is" in problems[0], problems
    assert config.read_text() == "before\n" and listing.read_text() == "after\n" and load(folder) is None
