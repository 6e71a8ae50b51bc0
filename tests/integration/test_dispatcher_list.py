# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from integration.playbook import Result, Task, check_run_check_run, run_tasks

MODULE = "sipfleet.kamailio.dispatcher_list"
WISHES = [
    {"setid": 1, "uri": "sip:10.0.0.1", "flags": "AP", "attrs": {"weight": 50, "duid": "a"}},
    {"setid": 1, "uri": "sip:10.0.0.2", "state": "absent"},
    {"setid": 2, "uri": "sip:10.0.0.3", "priority": 5},
]
PLAIN = b"# east\n1 sip:10.0.0.1 0\n1 sip:10.0.0.2\n\n"
EXPECTED = b"# east\n1 sip:10.0.0.1 8 0 weight=50;duid=a\n\n2 sip:10.0.0.3 0 5\n"

# the file before and after
TRAITS = {
    "plain": (PLAIN, EXPECTED),
    "crlf": (PLAIN.replace(b"\n", b"\r\n"), EXPECTED.replace(b"\n", b"\r\n")),
    "not_utf8": (b"# \xff\xfe\n" + PLAIN, b"# \xff\xfe\n" + EXPECTED),
    "no_final_newline": (PLAIN + b"# end", EXPECTED.replace(b"2 sip", b"# end\n2 sip")),
    "empty": (b"", b"1 sip:10.0.0.1 8 0 weight=50;duid=a\n2 sip:10.0.0.3 0 5\n"),
    "missing": (None, b"1 sip:10.0.0.1 8 0 weight=50;duid=a\n2 sip:10.0.0.3 0 5\n"),
}


def task(path: Path, wishes: Sequence[Any] | None = None, **options: Any) -> Task:
    return {MODULE: {"path": str(path), "destinations": WISHES if wishes is None else wishes, **options}}


@pytest.mark.parametrize("trait", TRAITS)
def test_check_run_check_run(trait: str, tmp_path: Path) -> None:
    before, after = TRAITS[trait]
    path = tmp_path / "dispatcher.list"
    if before is not None:
        path.write_bytes(before)
    check_run_check_run(tmp_path, task(path), [path])
    assert path.read_bytes() == after
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_symbolic_link_mode_and_backup(tmp_path: Path) -> None:
    target = tmp_path / "real.list"
    target.write_bytes(PLAIN)
    target.chmod(0o640)
    link = tmp_path / "dispatcher.list"
    link.symlink_to(target)
    (result,) = run_tasks(tmp_path, [task(link, backup=True)])
    assert link.is_symlink() and target.read_bytes() == EXPECTED
    assert target.stat().st_mode & 0o7777 == 0o640
    assert Path(result["backup_file"]).read_bytes() == PLAIN


def test_mode_alone_is_a_change_but_no_write(tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.list"
    path.write_bytes(EXPECTED)
    path.chmod(0o644)
    inode = path.stat().st_ino
    first, second = run_tasks(tmp_path, [task(path, mode="0600")] * 2)
    assert (first["changed"], second["changed"]) == (True, False)
    assert path.stat().st_mode & 0o777 == 0o600 and path.stat().st_ino == inode


def failure(result: Result) -> str:
    assert result["failed"] is True and result["changed"] is False
    assert "Traceback" not in result["output"]
    message: str = result["msg"]
    return message


def test_bad_input_leaves_the_file_and_names_everything(tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.list"
    path.write_bytes(PLAIN)
    state = path.stat()
    bad = [
        {"setid": "x", "uri": "sip:10.0.0.9", "flags": "APS"},
        {"setid": 1, "uri": "sip:10.0.0.9\n9 sip:evil"},
        {"setid": 1, "uri": "sip:10.0.0.1", "attrs": {"a": "b c"}},
        {"setid": 1, "uri": "sip:10.0.0.5"},
        {"setid": 1, "uri": "sip:10.0.0.5"},
    ]
    long = [{"setid": 1, "uri": "sip:10.0.0.1", "attrs": "a=" + "x" * 1100}]
    several, cut = run_tasks(tmp_path, [task(path, bad), task(path, long)])
    message = failure(several)
    for part in (
        "destinations[0].setid 'x'",
        "destinations[0].flags 'APS'",
        "destinations[1].uri",
        "destinations[2].attrs",
        "destinations[3] and destinations[4] are the same destination",
    ):
        assert part in message
    assert "line 2" in failure(cut) or "list:2: the line of set 1, sip:10.0.0.1 is longer than 1023" in failure(cut)
    assert path.read_bytes() == PLAIN and path.stat().st_mtime_ns == state.st_mtime_ns


def test_paths_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    missing, directory, no_folder, under_file = run_tasks(
        tmp_path,
        [
            task(tmp_path / "none.list", create=False),
            task(folder),
            task(tmp_path / "no" / "dispatcher.list"),
            task(tmp_path / "playbook.json" / "dispatcher.list"),
        ],
    )
    assert failure(missing).startswith(str(tmp_path / "none.list") + ": is not there")
    assert "folder: is a directory" in failure(directory)
    assert "the folder %s does not exist" % (tmp_path / "no") in failure(no_folder)
    assert "a part of its path is not a directory" in failure(under_file)


def test_no_permission(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.owner() == Path.home().owner() and os.geteuid() == 0:
            folder.chmod(folder.stat().st_mode | 0o055)
    folder = tmp_path / "etc"
    folder.mkdir()
    path = folder / "dispatcher.list"
    path.write_bytes(PLAIN)
    unreadable = folder / "secret.list"
    unreadable.write_bytes(PLAIN)
    unreadable.chmod(0)
    folder.chmod(0o555)
    options: Task = {}
    if os.geteuid() == 0:
        options = {"become": True, "become_user": "nobody", "become_method": "ansible.builtin.su"}
        options["become_flags"] = "-s /bin/sh"
    write, read = run_tasks(tmp_path, [{**task(path), **options}, {**task(unreadable), **options}], "/usr/bin/python3")
    assert "its folder cannot be written: Permission denied. Nothing has been changed" in failure(write)
    assert "cannot be read: permission denied. Run the task with become" in failure(read)
    assert path.read_bytes() == PLAIN
