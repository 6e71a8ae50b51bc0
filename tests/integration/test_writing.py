# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Safe writing: a run that is killed, runs at once, and what a file has beside its bytes."""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import re
import subprocess
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attack.events import WRITES, Watch

from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from integration.module import command, environment, result_of, run

OLD = b"# gateways\n1 sip:10.0.0.1 8\n"
NEW = b"# gateways\n1 sip:10.0.0.1 8\n1 sip:10.0.0.2 0 0\n"
WISH = [{"setid": 1, "uri": "sip:10.0.0.2"}]


def arguments(path: Path, **options: Any) -> dict[str, Any]:
    return {"path": str(path), "destinations": WISH, **options}


def trace(folder: Path, *options: str) -> list[str]:
    """A run of the module that adds WISH to the list in a folder, under strace."""
    return ["strace", "-qq", *options, *command(folder, "one", arguments(folder / "dispatcher.list"))]


def make(folder: Path) -> Path:
    folder.mkdir()
    path = folder / "dispatcher.list"
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


# What changes no file, or what a kill does as well: before it and after it there is the same.
LOOKS = re.compile(
    "brk|clock_gettime|close|connect|fcntl|flistxattr|fstat|futex|getdents64|geteuid|getpid|getrandom|getuid|ioctl|lseek|"
    "mmap|mprotect|munmap|newfstatat|pread64|read|readlink|readlinkat|rt_sigaction|rt_sigprocmask|socket"
)


def calls_from_the_lock_on(log: Path) -> list[tuple[str, int]]:
    """The system calls of a run from its lock on that may change a file, each with its number among its like."""
    counts: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    for line in log.read_text(errors="replace").splitlines():
        name = re.match(r"([a-z_0-9]+)\(", line)
        if name:
            counts[name[1]] += 1
            only_looks = LOOKS.fullmatch(name[1]) or (
                name[1] == "openat" and "O_RDONLY" in line and "O_CREAT" not in line
            )
            if name[1] == "flock" or (found and not only_looks):
                found.append((name[1], counts[name[1]]))
    return found


def test_killed_at_any_system_call(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    path = make(folder)
    log = tmp_path / "strace.log"
    done = run(trace(folder, "-o", str(log)))
    assert done.returncode == 0 and path.read_bytes() == NEW, done.stdout + done.stderr
    # The end of the run is the last state.
    calls = calls_from_the_lock_on(log)
    assert {"flock", "fsync", "renameat"} <= {name for name, _number in calls}

    def killed(numbered: tuple[int, tuple[str, int]]) -> tuple[bool, bytes]:
        index, (name, number) = numbered
        folder = tmp_path / str(index)
        path = make(folder)
        kill = "inject=%s:signal=KILL:when=%d" % (name, number)
        status = run(trace(folder, "-o", os.devnull, "-e", "trace=" + name, "-e", kill)).returncode
        state = path.stat()
        assert state.st_mode & 0o7777 == 0o640 and state.st_uid == os.geteuid(), (name, number)
        left = path.read_bytes()
        assert left in (OLD, NEW), (name, number, left)
        return status == -9, left

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(killed, enumerate(calls)))
    # The number of a call can differ by a few between runs, so the last kills may come too late.
    assert sum(was_killed for was_killed, _left in results) > 0.9 * len(calls)
    assert {left for was_killed, left in results if was_killed} == {OLD, NEW}

    litter = list(tmp_path.glob("*/.sipfleet.*"))
    assert litter, "no run was killed with its file staged"
    for folder in {staged.parent for staged in litter}:
        (folder / "dispatcher.list").write_bytes(OLD)
        assert run(command(folder, "again", arguments(folder / "dispatcher.list"))).returncode == 0
        assert (folder / "dispatcher.list").read_bytes() == NEW
        assert not list(folder.glob(".sipfleet.*"))


def test_twenty_writers_lose_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.list"
    lines = []
    for number in range(20):
        wish = {"setid": number % 3, "uri": "sip:10.0.1.%d" % number, "attrs": {"duid": number}}
        lines.append(command(tmp_path, "writer%d" % number, {"path": str(path), "destinations": [wish]}))
    writers = [
        subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) for line in lines
    ]
    outputs = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 20, outputs
    assert sorted(re.findall(r"sip:(\S+)", path.read_text())) == sorted("10.0.1.%d" % number for number in range(20))


def test_a_run_waits_for_another_and_gives_up_in_time(tmp_path: Path) -> None:
    path = make(tmp_path / "etc")
    waiting = [*command(tmp_path, "waiting", arguments(path))]
    with FileLocks() as locks:
        locks.take(str(path))
        writer = subprocess.Popen(waiting, stdout=subprocess.PIPE, env=environment(), text=True)
        time.sleep(1.5)
        assert writer.poll() is None and path.read_bytes() == OLD
    assert "sip:10.0.0.2" in writer.communicate(timeout=30)[0] and path.read_bytes() == NEW


LOCKS = Path("/run/sipfleet-kamailio/locks")


def locks_of(path: Path) -> list[Path]:
    """The locks of a file; the digest in their names is that of its path."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return list(LOCKS.glob("*." + digest)) if LOCKS.exists() else []


def touched_by(folder: Path, module: str, **options: Any) -> set[str]:
    """The names of the files in a folder that a run in check mode changes, makes or removes, even for a moment."""
    watch = Watch()
    watch.add(folder, WRITES)
    result = result_of(folder.parent, module, check_mode=True, **options)
    touched = {event.name for event in watch.wait(0)}
    watch.close()
    assert result.get("changed") is True, result
    return touched


def leftovers(folder: Path) -> set[str]:
    """Make what killed runs have left next to the files of a folder; return the names of it."""
    names = {".sipfleet.%s.0123abcd" % path.name for path in list(folder.iterdir())}
    for name in names:
        (folder / name).touch()
    return names


def test_check_mode_leaves_the_folder_of_a_list_alone(tmp_path: Path) -> None:
    path = make(tmp_path / "etc")
    (path.parent / "k.cfg").write_text('loadmodule "dispatcher"\n')
    left = leftovers(path.parent)
    for config in ({}, {"config": str(path.parent / "k.cfg"), "on_violation": "report"}):
        assert touched_by(path.parent, "dispatcher_list", **arguments(path), **config) == set()
    assert left < {entry.name for entry in path.parent.iterdir()}
    assert locks_of(path) == []


def test_check_mode_does_not_wait_for_another_run(tmp_path: Path) -> None:
    path = make(tmp_path / "etc")
    with FileLocks() as locks:
        locks.take(str(path))
        began = time.monotonic()
        assert touched_by(path.parent, "dispatcher_list", **arguments(path)) == set()
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("check", [True, False])
def test_check_mode_makes_only_the_copies_for_a_check(check: bool, tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    config = folder / "kamailio.cfg"
    config.write_text('include_file "modules.cfg"\nrequest_route { exit; }\n')
    (folder / "modules.cfg").write_text('loadmodule "sl"\n')
    (folder / "dispatcher.list").write_bytes(OLD)
    left = leftovers(folder)
    touched = touched_by(folder, "loadmodule", config=str(config), modules=[{"name": "tm"}], check=check)
    assert {name.rpartition(".")[0] for name in touched} == (
        {".sipfleet.kamailio.cfg", ".sipfleet.modules.cfg"} if check else set()
    )
    assert not touched & left
    assert {path.name for path in folder.iterdir()} == {"kamailio.cfg", "modules.cfg", "dispatcher.list", *left}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("mode", [0o664, 0o660])
def test_a_configuration_of_the_group_of_the_server_is_checked(mode: int, tmp_path: Path) -> None:
    """By the user of that name, and so with the rights of the server."""
    with tempfile.TemporaryDirectory() as name:
        folder, group = Path(name), grp.getgrnam("kamailio").gr_gid
        folder.chmod(0o2775)
        os.chown(folder, 0, group)
        config = folder / "kamailio.cfg"
        config.write_text("request_route { exit; }\n")
        os.chown(config, 0, group)
        config.chmod(mode)
        log = tmp_path / "trace"
        given = {"config": str(config), "modules": [{"name": "tm"}]}
        line = ["strace", "-f", "-qq", "-e", "trace=execve,setuid", "-o", str(log)]
        done = run([*line, *command(tmp_path, "group", given, "loadmodule")])
        assert json.loads(done.stdout).get("changed") is True, done.stdout + done.stderr
        assert (
            'loadmodule "tm' in config.read_text() and "setuid(%d)" % pwd.getpwnam("kamailio").pw_uid in log.read_text()
        )
        given["modules"] = [{"name": "no_such_module"}]
        refused = json.loads(run(command(tmp_path, "refused", given, "loadmodule")).stdout)
        assert "kamailio -c refuses what would be written" in refused["msg"] and "no_such_module" in refused["msg"]
        assert [path.name for path in folder.iterdir()] == ["kamailio.cfg"]


def test_access_control_list_and_attributes_are_kept(tmp_path: Path) -> None:
    path = make(tmp_path / "etc")
    subprocess.run(["setfacl", "-m", "u:nobody:r--,g:daemon:rw-", str(path)], check=True)
    os.setxattr(path, "user.origin", b"ticket 7")
    if os.geteuid() == 0:
        os.chown(path, 65534, 1)
    before = (access(path), path.stat().st_mode, path.stat().st_uid, path.stat().st_gid)
    assert run(command(tmp_path, "one", arguments(path))).returncode == 0
    assert path.read_bytes() == NEW
    assert (access(path), path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) == before
    assert os.getxattr(path, "user.origin") == b"ticket 7"


def access(path: Path) -> str:
    return subprocess.run(["getfacl", "-n", str(path)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("mask", ["022", "077"])
def test_a_new_file_can_be_read_by_the_server(mask: str, tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.list"
    line = ["sh", "-c", 'umask %s; exec "$@"' % mask, "sh", *command(tmp_path, "one", arguments(path))]
    assert run(line).returncode == 0
    assert path.stat().st_mode & 0o7777 == 0o644


def test_bind_mounted_file_needs_unsafe_writes(tmp_path: Path) -> None:
    source = make(tmp_path / "outside")
    target = make(tmp_path / "inside")
    mount = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    mount += ['mount --bind "$1" "$2"; shift 2; exec "$@"', "sh", str(source), str(target)]
    done = run([*mount, *command(tmp_path, "one", arguments(target))])
    assert json.loads(done.stdout)["failed"] and source.read_bytes() == OLD
    assert "unsafe_writes" in json.loads(done.stdout)["msg"]
    predicted = run([*mount, *command(tmp_path, "check", arguments(target, _ansible_check_mode=True))])
    assert json.loads(predicted.stdout)["msg"] == json.loads(done.stdout)["msg"]
    for check_mode in (True, False):
        given = arguments(target, unsafe_writes=True, _ansible_check_mode=check_mode)
        assert source.read_bytes() == OLD
        done = run([*mount, *command(tmp_path, "two", given)])
        assert json.loads(done.stdout)["changed"], done.stdout
    assert done.returncode == 0 and source.read_bytes() == NEW and target.read_bytes() == OLD
