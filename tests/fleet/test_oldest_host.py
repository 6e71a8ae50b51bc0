# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout to a host of Debian 11: Kamailio 5.4, Python 3.9 and systemd 247."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.fleet import Host

from fleet.rollout import DEAD, GOOD, MORE, Proxies, has_new, wish
from fleet.server_role import enter_fleet

HOST = "old"
HOSTS = [
    Host(HOST, "bullseye", "198.51.100.51"),
    Host("d1", "trixie", "198.51.100.21"),
    Host("d2", "trixie", "198.51.100.22"),
]


@pytest.fixture
def proxies(tmp_path: Path) -> Iterator[Proxies]:
    """The host with its server, and the gateways."""
    with contextlib.ExitStack() as stack:
        yield Proxies(enter_fleet(stack, HOSTS), tmp_path, (HOST,))


@pytest.mark.nightly
def test_change_and_way_back(proxies: Proxies) -> None:
    status, printed = proxies.play(dispatcher_destinations=wish(GOOD, MORE))
    assert status == 0 and has_new(proxies, HOST), printed
    status, printed = proxies.play(
        dispatcher_destinations=wish(DEAD), dispatcher_modules=[{"name": "textopsx"}], dispatcher_healthy_timeout=5
    )
    assert status != 0 and "have not answered" in printed, printed
    assert has_new(proxies, HOST) and not proxies.pending(HOST)
    assert "textopsx" not in proxies.must(HOST, "kamcmd", "core.modules")
    status, printed = proxies.play(dispatcher_modules=[{"name": "textopsx"}])
    assert status == 0 and "textopsx" in proxies.must(HOST, "kamcmd", "core.modules"), printed
