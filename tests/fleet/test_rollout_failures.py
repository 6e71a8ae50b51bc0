# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rollout on a fleet on which something goes wrong.

Afterwards every host has the old or the new configuration as a whole, and its server runs it.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from lab.fleet import Fleet

from fleet.rollout import DEAD, FOUR, GOOD, MORE, NEW, Proxies, all_done, has_new, until, wish


@pytest.fixture
def proxies(fleet: Fleet, tmp_path: Path) -> Proxies:
    """Four hosts as they were installed, with their servers running."""
    (tmp_path / "plays").mkdir()
    return Proxies(fleet, tmp_path / "plays", FOUR)


def test_a_candidate_that_would_not_start_touches_nobody(proxies: Proxies) -> None:
    modules = [{"name": "dispatcher", "params": {"ds_probing_mode": 3}}, {"name": "tm", "state": "absent"}]
    status, printed = proxies.play(dispatcher_modules=modules)
    assert status != 0 and "tm" in printed, printed
    assert all(proxies.untouched(host) for host in FOUR)


def test_a_candidate_that_one_version_rejects_touches_nobody(proxies: Proxies) -> None:
    # dispatcher has had this parameter since 6.1.
    modules = [{"name": "dispatcher", "params": {"ds_ping_fr_timer": 20}}]
    status, printed = proxies.play(dispatcher_modules=modules)
    assert status != 0 and "ds_ping_fr_timer" in printed and "No host has been changed" in printed, printed
    # Host by host, those that could have been changed as well.
    assert printed.count(": no plan: ") == 3 and "k5: would change (restart)" in printed, printed
    assert all(proxies.untouched(host) for host in FOUR)


def test_destinations_that_do_not_answer_stop_at_the_canary(proxies: Proxies) -> None:
    status, printed = proxies.play(dispatcher_destinations=wish(GOOD, DEAD), dispatcher_healthy_timeout=6)
    assert status != 0 and "have not answered" in printed and "Everything was taken back" in printed, printed
    assert printed.count("not touched, since the rollout was stopped") == 3, printed
    assert all(proxies.untouched(host) for host in FOUR)
    assert "have not answered" in proxies.must("k1", "sh", "-c", "cat /var/lib/sipfleet-kamailio/*.last")


def test_a_server_that_dies_on_restart(proxies: Proxies) -> None:
    modules = [{"name": "ctl", "params": {"binrpc": ["unix:/run/kamailio/kamailio_ctl", "unix:/no/such/folder/ctl"]}}]
    # A rehearsal stops it before the first host is touched.
    status, printed = proxies.play(dispatcher_modules=modules, rollout_serial=["50%", "100%"])
    assert status != 0 and printed.count("does not come up with these files") >= 4, printed
    assert "No host has been changed" in printed and all(proxies.untouched(host) for host in FOUR), printed
    status, printed = proxies.play(
        dispatcher_modules=modules, rollout_serial=["50%", "100%"], dispatcher_rehearse="never"
    )
    assert status != 0 and "Everything was taken back" in printed, printed
    assert printed.count("not touched, since the rollout was stopped") == 2, printed
    assert all(proxies.untouched(host) for host in FOUR)


def test_the_link_to_a_host_is_cut(proxies: Proxies) -> None:
    # The timers of the server leave time to cut it.
    change: dict[str, Any] = {"dispatcher_destinations": wish(GOOD, MORE), "dispatcher_healthy_probe": False}
    process = proxies.start(rollout_serial=[4], **change)
    try:
        until(lambda: proxies.pending("k3"))
        proxies.fleet.cut("k3")
        printed = process.communicate(timeout=300)[0]
    finally:
        proxies.fleet.restore("k3")
    until(lambda: not proxies.pending("k3"))
    assert process.returncode != 0 and "UNREACHABLE" in printed and printed.count('changed (reload)"') == 3, printed
    assert proxies.untouched("k3")
    others = [host for host in FOUR if host != "k3"]
    assert all(has_new(proxies, host) for host in others)
    status, again = proxies.play(dispatcher_destinations=wish(GOOD, MORE))
    assert status == 0 and again.count('changed (reload)"') == 1 and again.count('nothing to do"') == 3, again
    assert all_done(proxies)


def test_the_controller_is_killed(proxies: Proxies) -> None:
    change: dict[str, Any] = {"dispatcher_destinations": wish(GOOD, MORE), "dispatcher_healthy_probe": False}
    process = proxies.start(rollout_serial=[2, 2], **change)
    until(lambda: proxies.pending("k2"))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    status, again = proxies.play(dispatcher_destinations=wish(GOOD, MORE))
    assert status == 0, again
    assert all_done(proxies) and not any(proxies.pending(host) for host in FOUR)


def test_a_full_disk(proxies: Proxies) -> None:
    for host in ("k1", "k3"):
        proxies.must(host, "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt && cp -a /etc/kamailio/. /mnt")
        proxies.must(host, "sh", "-c", "mount --bind /mnt /etc/kamailio; dd if=/dev/zero of=/mnt/fill; true")
    try:
        status, printed = proxies.play(dispatcher_destinations=wish(GOOD, MORE), rollout_serial=[4])
        assert status != 0 and printed.count("No space left on device") >= 2, printed
        assert all(proxies.untouched(host) for host in ("k1", "k3"))
    finally:
        for host in ("k1", "k3"):
            proxies.must(host, "sh", "-c", "umount /etc/kamailio && umount /mnt")
    assert all(proxies.runs(host) == sorted([GOOD, MORE]) for host in ("k2", "k5"))


def test_a_disk_that_is_full_on_the_way_back(proxies: Proxies) -> None:
    change = {"config": "/etc/kamailio/kamailio.cfg", "destinations": wish(GOOD, MORE), "confirm": False}
    book = proxies.folder / "unconfirmed.yml"
    task = {"name": "Change", "sipfleet.kamailio.deploy": {**change, "confirm_timeout": 10}}
    book.write_text(json.dumps([{"hosts": "k1", "gather_facts": False, "tasks": [task]}]))
    proxies.must("k1", "sh", "-c", "mount -t tmpfs -o size=256k tmpfs /mnt && cp -a /etc/kamailio/. /mnt")
    proxies.must("k1", "mount", "--bind", "/mnt", "/etc/kamailio")
    try:
        status, printed = proxies.play(book=str(book))
        assert status == 0, printed
        proxies.must("k1", "sh", "-c", "dd if=/dev/zero of=/mnt/fill; true")
        until(
            lambda: "No space left" in proxies.must("k1", "journalctl", "--unit", "sipfleet-watch-*", "--output", "cat")
        )
        # The file and the server still are what the change has made of them, both of it.
        assert proxies.pending("k1") and proxies.files("k1")[1] == NEW
        assert proxies.runs("k1") == sorted([GOOD, MORE])
        proxies.must("k1", "rm", "/mnt/fill")
        until(lambda: not proxies.pending("k1"))
        assert proxies.untouched("k1")
    finally:
        proxies.must("k1", "sh", "-c", "umount /etc/kamailio && umount /mnt")


def test_a_read_only_etc(proxies: Proxies) -> None:
    proxies.must("k2", "sh", "-c", "mount --bind /etc /etc && mount -o remount,ro,bind /etc")
    try:
        status, printed = proxies.play(dispatcher_destinations=wish(GOOD, MORE), rollout_serial=[2, 2])
        assert status != 0 and "Read-only file system" in printed, printed
        assert proxies.untouched("k2") and not proxies.pending("k2")
    finally:
        proxies.must("k2", "umount", "/etc")
    # It is refused before the first host is touched.
    assert all(proxies.untouched(host) for host in ("k1", "k3", "k5"))
