# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs leave below /run that are killed: the next one removes it, and nothing that a living run holds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import locks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import folder as replies
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.folder import private_folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has the folder below /run")

# No folder for replies is made next to it: the path is too long.
SOCKET = "/%s/ctl" % ("x" * 120)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for what lives as long as a run."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o711)
    for module in (locks, replies):
        monkeypatch.setattr(module, "run_folder", lambda: str(folder))
    monkeypatch.setattr(replies, "_LONGEST", 4096)
    return folder


def killed(action: Callable[[], object]) -> None:
    """Kill a process after an action."""
    child = os.fork()
    if not child:
        action()
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def die_in_folder() -> None:
    with private_folder(SOCKET) as name:
        (Path(name) / "r").touch()
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_folder_for_replies_of_a_killed_run_is_removed_by_the_next_one(run: Path) -> None:
    (run / "locks").mkdir()
    (run / ".sipfleet-other").mkdir()
    killed(die_in_folder)
    assert len(list(run.glob(".sipfleet-????????"))) == 1
    with private_folder(SOCKET) as first, private_folder(SOCKET) as second:
        assert {str(path) for path in run.glob(".sipfleet-????????")} == {first, second}
    assert sorted(path.name for path in run.iterdir()) == [".sipfleet-other", "locks"]


def make_and_look(until: float, lost: multiprocessing.Queue[str]) -> None:
    while time.monotonic() < until:
        with private_folder(SOCKET) as name:
            try:
                (Path(name) / "r").touch()
                time.sleep(0)
                (Path(name) / "r").unlink()
            except OSError as exc:
                lost.put(str(exc))


def test_no_folder_is_removed_under_a_run_that_has_just_made_it(run: Path) -> None:
    lost: multiprocessing.Queue[str] = multiprocessing.Queue()
    together(make_and_look, lost)
    assert lost.empty(), lost.get()
    assert list(run.glob(".sipfleet-*")) == []


def together(target: Callable[..., None], *arguments: object) -> None:
    """Have processes do the same for some seconds."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=target, args=(time.monotonic() + 2, *arguments)) for _number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0


def test_locks_of_runs_that_have_ended_are_removed(run: Path, tmp_path: Path) -> None:
    path, other, marked = (str(tmp_path / name) for name in ("list", "other", "marked"))
    sign = tmp_path / "sign"
    sign.touch()
    killed(lambda: FileLocks().take(other))
    with FileLocks() as held:
        held.take(marked)
        held.mark([marked], str(sign))
    with FileLocks() as held:
        held.take(path)
        with FileLocks() as more:
            more.take(str(tmp_path / "more"))
        assert sorted(path.name.split(".")[0] for path in (run / "locks").iterdir()) == ["list", "marked"]
    assert [path.name.split(".")[0] for path in (run / "locks").iterdir()] == ["marked"]
    sign.unlink()
    with FileLocks() as held:
        held.take(path)
    assert list((run / "locks").iterdir()) == []


def count_up(until: float, path: str) -> None:
    while time.monotonic() < until:
        with FileLocks() as held:
            held.take(path)
            assert not held.obstacle
            number = int(Path(path).read_text())
            time.sleep(0)
            Path(path).write_text(str(number + 1))
            with open(path + ".log", "ab", buffering=0) as log:  # noqa: PTH123
                log.write(b"x")


def test_locks_that_are_removed_still_keep_runs_apart(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "counter"
    path.write_text("0")
    together(count_up, str(path))
    counted = int(path.read_text())
    assert counted == len(Path(str(path) + ".log").read_bytes()) and counted > 4
    assert list((run / "locks").iterdir()) == []
