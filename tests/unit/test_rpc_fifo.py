# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls through a FIFO on a host with very many processes and open files."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import writer
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import JsonFifo
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import UnreachableError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.transport import call

from .peers import LATE, SOON


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
