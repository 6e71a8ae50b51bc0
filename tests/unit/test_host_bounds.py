# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endless output of programs, and files that are larger than memory."""

from __future__ import annotations

import os
import signal
import time
import tracemalloc
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils import _memory
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config import preprocess
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import check, facts
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import (
    keep_private,
    read_file,
    read_include,
    read_private,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.process import run_program
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import read_service
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.watch import Standin
from ansible_collections.sipfleet.kamailio.plugins.module_utils._trust import WRITE, find_place
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files

TERABYTE = 1 << 40


def checked_by(folder: Path, script: str) -> check.Checked:
    """The result of a check whose kamailio is a shell script."""
    config, command = folder / "k.cfg", folder / "kamailio"
    config.write_text("request_route { exit; }\n")
    command.write_text("#!/bin/sh\n" + script)
    command.chmod(0o755)
    evaluation = evaluate(str(config), config.read_bytes(), no_files, Version(6, 1))
    return check.check_in_place(
        check.CheckSite(str(command), Account(), Invocation(), False), evaluation, evaluation.files, {}
    )


def sparse(path: Path) -> Path:
    path.touch()
    os.truncate(path, TERABYTE)
    return path


def test_a_check_keeps_the_beginning_and_the_end_of_a_long_output(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        done = checked_by(tmp_path, "echo ERROR first; yes 'ERROR more' | head -c 200000000; echo last >&2; exit 1\n")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not done.accepted and done.message.startswith("ERROR first\nERROR more\n")
    assert peak < 16 * _memory.MIB


@pytest.mark.parametrize("script", ["yes ERROR", "yes ERROR >&2", "sleep 60", "exec >&- 2>&-; sleep 60"])
def test_the_time_limit_of_a_check_holds_whatever_it_prints(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "CHECK_SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(KamailioError, match=r"k\.cfg: kamailio -c has not ended after 1 seconds"):
        checked_by(tmp_path, script)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("background", ["sleep 60", "yes ERROR"])
def test_a_check_does_not_wait_for_what_it_leaves_behind(background: str, tmp_path: Path) -> None:
    began = time.monotonic()
    done = checked_by(tmp_path, "%s &\necho $! >%s/pid\necho ERROR so; exit 1\n" % (background, tmp_path))
    with_pipe_closed = int((tmp_path / "pid").read_text())
    try:
        assert time.monotonic() - began < 20 and "ERROR" in done.message and not done.accepted
    finally:
        try:
            os.kill(with_pipe_closed, signal.SIGKILL)
        except ProcessLookupError:
            assert background == "yes ERROR"


def test_a_command_is_not_waited_for_longer_than_it_runs() -> None:
    """A server that it leaves behind keeps its output open."""
    ended = run_program(["sh", "-c", "sleep 60 & echo $!; echo e >&2; exit 3"], 30)
    assert (ended.status, ended.complaint) == (3, b"e\n")
    os.kill(int(ended.printed), signal.SIGKILL)


def test_a_long_output_is_cut_between_lines() -> None:
    """Half a line can hold half a secret."""
    ended = run_program(["sh", "-c", "seq 100000; printf x%.0s $(seq 70000) >&2; exit 3"], 60)
    first, note, last = ended.printed.partition(b" bytes are left out here)\n")
    begins, _newline, number = first.rpartition(b"\n(")
    lines = b"".join(b"%d\n" % index for index in range(1, 100001))
    assert ended.status == 3 and note and lines.startswith(begins + b"\n") and lines.endswith(b"\n" + last)
    assert len(begins) + 1 + int(number) + len(last) == len(lines) and len(last) > 60000 < len(begins)
    assert ended.complaint == b"x" * 70000


def test_of_an_endless_line_nothing_is_kept() -> None:
    ended = run_program(["sh", "-c", "printf secret; head -c 1000000 /dev/zero"], 60)
    assert ended.printed == b"(1000006 bytes are left out here)\n"


def test_a_version_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_VERSION_SECONDS", 1)
    with pytest.raises(KamailioError, match=r"yes -v has not ended after 1 seconds: .*Set kamailio_version"):
        facts.host_version(Standin({}), [str(_endless(tmp_path))])


def _endless(folder: Path) -> Path:
    command = folder / "yes"
    command.write_text("#!/bin/sh\nyes\n")
    command.chmod(0o755)
    return command


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = sparse(tmp_path / "list")
    said = "%s: has 1099511627776 bytes, more than the limit of 256 MiB. Look at it" % path
    tracemalloc.start()
    try:
        with pytest.raises(KamailioError) as caught:
            read_file(str(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(said) and peak < _memory.MIB
    found = read_include(str(path))
    assert isinstance(found, Problem) and said in found.text


def test_a_file_without_a_size_is_read_up_to_the_limit() -> None:
    assert read_file("/proc/version") == Path("/proc/version").read_bytes()
    with pytest.raises(KamailioError, match=r"^/proc/version: grows while it is read, more than the limit of 0 MiB"):
        read_file("/proc/version", most=10)


def test_a_file_as_large_as_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"x" * 100)
    assert read_file(str(tmp_path / "list"), most=100) == b"x" * 100
    with pytest.raises(KamailioError, match="has 100 bytes"):
        read_file(str(tmp_path / "list"), most=99)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "fifo"])
def test_what_is_not_a_file_is_not_read(path: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(KamailioError, match="link: is not a regular file"):
        read_file(str(tmp_path / "link"))


def test_what_is_kept_of_a_server_has_a_limit_too(tmp_path: Path) -> None:
    keep_private(str(tmp_path / "kept" / "record"), b"list")
    assert read_private(str(tmp_path / "kept" / "record")) == b"list"
    sparse(tmp_path / "kept" / "record")
    with pytest.raises(KamailioError, match="more than the limit of 257 MiB"):
        read_private(str(tmp_path / "kept" / "record"))


def test_a_huge_unit_is_refused(tmp_path: Path) -> None:
    path = sparse(tmp_path / "kamailio.service")
    with pytest.raises(
        KamailioError, match=r"kamailio\.service: has 1099511627776 bytes, more than the limit of 1 MiB"
    ):
        read_service(None, [str(tmp_path)])
    path.write_text("[Service]\nExecStart=/usr/sbin/kamailio -f /k.cfg\n")
    service = read_service(None, [str(tmp_path)])
    assert service and service.config == "/k.cfg"


def test_a_file_that_becomes_huge_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"list")
    with find_place(str(path), WRITE) as place, (tmp_path / "new").open("w+b") as new:
        sparse(path)
        with pytest.raises(KamailioError, match="another program"):
            check.keep_attributes(place, new.fileno(), b"list")


def test_the_sum_of_all_includes_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "CONFIG_BYTES", 3 * _memory.MIB)
    files = {"/a": b'loadmodule "sl"\n' + b"#" * _memory.MIB + b"\n"}
    twice = evaluate("/k", b'include_file "a"\ninclude_file "a"\nloadmodule "tm"\n', files.get, Version(6, 1))
    assert not twice.undecided and [load.name for load in twice.loads][-1] == "tm"
    thrice = evaluate("/k", b'include_file "a"\n' * 3 + b'loadmodule "tm"\n', files.get, Version(6, 1))
    (problem,) = thrice.undecided
    assert problem.render() == "/a:1:1: with this file the configuration has more than 3 MiB, which are not read here"
    assert "tm" not in [load.name for load in thrice.loads] and not thrice.sockets.complete
    whole = evaluate("/k", b"#" * (3 * _memory.MIB + 1), files.get, Version(6, 1))
    assert whole.undecided and len(whole.files["/k"]) > 3 * _memory.MIB
