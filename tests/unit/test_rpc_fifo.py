# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls through a FIFO on a host with very many processes and open files."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rights import Writers
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import writer
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import JsonFifo
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import UnreachableError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.transport import call
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.server import connection_of

from .peers import LATE, SOON

NOBODY, DAEMON = 65534, 1
# An answer that comes is not waited for any longer.
PATIENCE = 30.0
# Reads one call from a FIFO, and answers it.
READER = """\
import json, os, sys
path, replies, user = sys.argv[1:]
os.setgroups([])
os.setgid(int(user))
os.setuid(int(user))
server = os.open(path, os.O_RDWR)
print("ready", flush=True)
call = json.loads(os.read(server, 4096))
reply = os.open(replies + call["reply_name"], os.O_WRONLY)
os.write(reply, b'{"result": "of anybody", "id": "%s"}' % call["id"].encode())
"""


@contextlib.contextmanager
def reader_of(path: Path, replies: str) -> Iterator[None]:
    for folder in path.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o711)
    os.mkfifo(path)
    os.chown(path, NOBODY, NOBODY)
    line = [sys.executable, "-c", READER, str(path), replies, str(NOBODY)]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
@pytest.mark.parametrize(
    ("owner", "mode", "namers", "made"),
    [
        (0, 0o711, frozenset([NOBODY]), False),
        (DAEMON, 0o711, frozenset([NOBODY]), False),
        (DAEMON, 0o711, frozenset([DAEMON]), True),
        (0, 0o1777, frozenset([NOBODY]), True),
        (NOBODY, 0o700, frozenset([NOBODY]), True),
        (NOBODY, 0o700, frozenset([DAEMON]), True),
        (0, 0o711, frozenset(), True),
    ],
    ids=["of root", "of another user", "of who named it", "shared", "own", "of the server", "named by root"],
)
def test_a_fifo_is_made_only_where_those_who_have_named_the_folder_could_make_it(
    tmp_path: Path, owner: int, mode: int, namers: frozenset[int], made: bool
) -> None:
    replies = tmp_path / "replies"
    replies.mkdir()
    replies.chmod(mode)
    os.chown(replies, owner, owner)
    address = JsonFifo(str(tmp_path / "fifo"), "%s/x-" % replies, Writers(namers))
    with reader_of(tmp_path / "fifo", address.reply_dir):
        if made:
            assert call(address, "core.version", (), PATIENCE) == ["of anybody"]
        else:
            with pytest.raises(UnreachableError, match=r"fifo_reply_dir is named by a configuration that the user"):
                call(address, "core.version", (), PATIENCE)
    assert list(replies.iterdir()) == []


def test_a_call_ends_at_its_deadline_however_long_the_reader_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    server = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    reads = writer._reads

    def slowly(*arguments: Any) -> bool:
        time.sleep(0.05)
        return reads(*arguments)

    monkeypatch.setattr(writer, "_reads", slowly)
    monkeypatch.setattr(writer, "_names", lambda _folder: [str(os.getpid())] * 40)
    start = time.monotonic()
    try:
        with pytest.raises(UnreachableError, match=r"which process reads this FIFO could not be determined within"):
            call(JsonFifo(str(path), str(tmp_path) + "/"), "core.version", (), SOON)
        assert time.monotonic() - start < SOON + LATE
        assert os.read(server, 1) == b"", "the server was not called"
    finally:
        os.close(server)
    assert [path.name for path in tmp_path.iterdir()] == ["fifo"]


class Task:
    """What finds a server of a module."""

    def __init__(self, config: Path) -> None:
        self.params: dict[str, Any] = {
            "socket": None,
            "config": str(config),
            "instance": None,
            "defines": [],
            "timeout": PATIENCE,
        }

    def get_bin_path(self, _name: str, **_options: Any) -> None:
        """Find no program."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_who_can_change_a_configuration_has_named_the_folder_of_its_replies(tmp_path: Path) -> None:
    config = tmp_path / "kamailio.cfg"
    config.write_text(
        'loadmodule "jsonrpcs.so"\nmodparam("jsonrpcs", "transport", 2)\n'
        'modparam("jsonrpcs", "fifo_name", "%s/fifo")\nmodparam("jsonrpcs", "fifo_reply_dir", "%s/x-")\n'
        % (tmp_path, tmp_path)
    )
    os.chown(config, NOBODY, NOBODY)
    with reader_of(tmp_path / "fifo", "%s/x-" % tmp_path), pytest.raises(KamailioError) as caught:
        connection_of(Task(config)).read("core.version")  # type: ignore[arg-type]
    assert "named by a configuration that the user nobody can change" in caught.value.render()
