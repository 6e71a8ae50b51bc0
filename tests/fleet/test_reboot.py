# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that loses its power in the middle of a change: after its boot it goes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lab.fleet import Fleet

from fleet.rollout import DEAD, GOOD, MORE, Proxies, until, wish

HOSTS = ("k1", "k3", "k6")


@pytest.fixture
def proxies(fleet: Fleet, tmp_path: Path) -> Iterator[Proxies]:
    """A host of each version as it was installed, with a server that it starts when it boots."""
    (tmp_path / "plays").mkdir()
    found = Proxies(fleet, tmp_path / "plays", HOSTS)
    for host in HOSTS:
        found.must(host, "systemctl", "--quiet", "enable", "kamailio")
    yield found
    for host in HOSTS:
        found.must(host, "systemctl", "--quiet", "disable", "kamailio")


def units(proxies: Proxies, host: str) -> str:
    """The units of watches that a boot would start."""
    return proxies.must(host, "find", "/etc/systemd/system", "-name", "sipfleet*")


def is_back(proxies: Proxies, host: str) -> bool:
    """Whether the change of a host is over, and it has what it had before."""
    return not proxies.pending(host) and proxies.untouched(host)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "change",
    [
        {"dispatcher_destinations": wish(GOOD, DEAD)},
        {"dispatcher_destinations": wish(GOOD, DEAD), "dispatcher_modules": [{"name": "textopsx"}]},
    ],
    ids=["reload", "restart"],
)
def test_before_its_destinations_have_answered(proxies: Proxies, change: dict[str, Any]) -> None:
    limit = ("--limit", ",".join(HOSTS))
    process = proxies.start(*limit, rollout_serial=[3], dispatcher_healthy_timeout=120, **change)
    until(lambda: all(proxies.runs(host) == sorted([GOOD, DEAD]) for host in HOSTS))
    with ThreadPoolExecutor() as threads:
        list(threads.map(proxies.fleet.reboot, HOSTS))
    for host in HOSTS:
        until(partial(is_back, proxies, host))
        assert units(proxies, host) == ""
        last = proxies.must(host, "sh", "-c", "cat /var/lib/sipfleet-kamailio/*.last")
        assert '"confirmed": false' in last and "has died" in last and '"problems": []' in last, last
    printed = process.communicate(timeout=300)[0]
    assert process.returncode != 0 and "UNREACHABLE" in printed, printed


def test_before_it_was_confirmed(proxies: Proxies) -> None:
    change = {"config": "/etc/kamailio/kamailio.cfg", "destinations": wish(GOOD, MORE), "confirm": False}
    book = proxies.folder / "unconfirmed.yml"
    book.write_text(
        """
- hosts: k1
  gather_facts: false
  tasks:
    - name: Change, and confirm it another time
      sipfleet.kamailio.deploy: {{ change }}
""".replace("{{ change }}", repr({**change, "confirm_timeout": 45}))
    )
    status, printed = proxies.play(book=str(book))
    assert status == 0 and units(proxies, "k1").count("sipfleet-watch-") == 2, printed
    proxies.fleet.reboot("k1")
    until(lambda: proxies.runs("k1") == sorted([GOOD, MORE]) or not proxies.pending("k1"))
    until(partial(is_back, proxies, "k1"))
    assert "in time" in proxies.must("k1", "sh", "-c", "cat /var/lib/sipfleet-kamailio/*.last")
    assert units(proxies, "k1") == ""


@pytest.mark.nightly
def test_a_change_that_stands_leaves_nothing_for_the_boot(proxies: Proxies) -> None:
    status, printed = proxies.play("--limit", "k6", dispatcher_destinations=wish(GOOD, MORE))
    assert status == 0 and units(proxies, "k6") == "", printed
    proxies.fleet.reboot("k6")
    until(lambda: proxies.runs("k6") == sorted([GOOD, MORE]))
