# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rollout on a fleet: a good one, and one for each thing that can go wrong.

Afterwards every host has the old or the new configuration as a whole, and its server runs it.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from lab.fleet import Fleet

from fleet.rollout import DEAD, FOUR, GOOD, LIST, MORE, Proxies, until, wish

NEW = f"# gateways\n1 {GOOD} 8\n1 {MORE} 8 0\n"


@pytest.fixture
def proxies(fleet: Fleet, tmp_path: Path) -> Proxies:
    """Four hosts as they were installed, with their servers running."""
    (tmp_path / "plays").mkdir()
    return Proxies(fleet, tmp_path / "plays", FOUR)


def all_done(proxies: Proxies) -> bool:
    """Whether every host has the new list."""
    return all(has_new(proxies, host) for host in FOUR)


def has_new(proxies: Proxies, host: str) -> bool:
    """Whether a host has the new list, and its server runs it."""
    return proxies.files(host)[1] == NEW and proxies.runs(host) == sorted([GOOD, MORE])


def test_a_good_rollout_and_a_second_one(proxies: Proxies) -> None:
    wanted = wish(GOOD, MORE)
    status, shown = proxies.play("--check", "--diff", dispatcher_destinations=wanted)
    assert status == 0 and shown.count(f"+1 {MORE} 8") == 4 and shown.count("would change (reload)") == 4, shown
    assert all(proxies.untouched(host) for host in FOUR)
    status, printed = proxies.play(dispatcher_destinations=wanted)
    assert status == 0 and printed.count('changed (reload)"') == 4, printed
    assert all_done(proxies)
    status, again = proxies.play(dispatcher_destinations=wanted)
    assert status == 0 and again.count('nothing to do"') == 4 and again.count("changed=0") == 4, again


def test_sets_from_groups_and_a_restart(proxies: Proxies) -> None:
    modules = [{"name": "dispatcher", "params": {"ds_probing_threshold": 2}}, {"name": "textopsx"}]
    groups = [{"setid": 2, "group": "gateways", "priority": 3, "attrs": "weight=50"}]
    status, printed = proxies.play(dispatcher_modules=modules, dispatcher_groups=groups, rollout_serial=[2, "100%"])
    assert status == 0 and printed.count('changed (restart)"') == 4, printed
    for host in FOUR:
        assert proxies.runs(host) == sorted([GOOD, GOOD, MORE])
        assert "textopsx" in proxies.must(host, "kamcmd", "core.modules")
        assert f"2 {MORE} 8 3 duid=d2;weight=50" in proxies.files(host)[1]


# groups, and what is said about them
GROUPS: list[tuple[dict[str, Any], str]] = [
    ({"group": "nobody"}, "no host is in the group nobody"),
    ({"group": "gateways", "address": "sip_address"}, "d1 has no sip_address"),
    ({"group": "gateways", "attrs": "duid=a"}, "duid"),
]


@pytest.mark.parametrize(("group", "message"), GROUPS, ids=["nobody", "without an address", "duid twice"])
def test_a_group_that_makes_no_set(proxies: Proxies, group: dict[str, Any], message: str) -> None:
    status, printed = proxies.play("--limit", "k1", dispatcher_groups=[{"setid": 2, **group}], dispatcher_purge="file")
    assert status != 0 and message in printed and "Marker" not in printed, printed
    assert proxies.untouched("k1")


def test_ipv6_of_a_group(proxies: Proxies) -> None:
    status, printed = proxies.play(
        *("--limit", "k1", "--check", "--diff", "-e", "sip6=2001:db8::1"),
        dispatcher_groups=[{"setid": 2, "group": "gateways", "address": "sip6"}],
    )
    # The server does not listen on IPv6.
    assert status != 0 and "sip:[2001:db8::1]:5060" in printed, printed


def test_a_host_that_had_failed_before(proxies: Proxies) -> None:
    task = {"ansible.builtin.fail": {"msg": "before"}, "when": "inventory_hostname == 'k2'"}
    first = {"hosts": "kamailio", "gather_facts": False, "tasks": [task]}
    last = {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": "what comes after"}}]}
    books = [{"import_playbook": "sipfleet.kamailio." + name} for name in ("rollout", "audit")]
    site, found = proxies.folder / "site.yml", proxies.folder / "audit.json"
    site.write_text(json.dumps([first, *books, last]))
    wanted = {"dispatcher_destinations": wish(GOOD, MORE), "audit_file": str(found)}
    status, printed = proxies.play(book=str(site), **wanted)
    assert status != 0 and "k2: not planned, for it had failed before" in printed, printed
    assert printed.count('changed (reload)"') == 3 and "k2: not asked, for it had failed before" in printed, printed
    audited = json.loads(found.read_text())
    assert audited["not_asked"] == ["k2"] and len(audited["hosts"]) == 3 and "what comes after" in printed
    # A host that fails in the rollout ends the run.
    site.write_text(json.dumps([*books, last]))
    dead = {**wanted, "dispatcher_destinations": wish(GOOD, MORE, DEAD), "dispatcher_healthy_timeout": 6}
    status, printed = proxies.play(book=str(site), rollout_max_fail_percentage=25, **dead)
    assert status != 0 and "what comes after" not in printed, printed
    assert printed.count("not touched, since the rollout was stopped") == 3, printed


def test_options_that_are_no_numbers(proxies: Proxies) -> None:
    status, printed = proxies.play("-e", "rollout_pause=5m", dispatcher_destinations=wish(GOOD, MORE))
    assert status != 0 and "rollout_pause takes seconds" in printed, printed
    assert all(proxies.untouched(host) for host in FOUR)


def test_what_an_earlier_rollout_of_the_run_has_done_counts_for_nothing(proxies: Proxies) -> None:
    changed = {"ansible.builtin.set_fact": {"dispatcher_change": {"changed": True, "failed": False}}}
    earlier = {"hosts": "kamailio", "gather_facts": False, "tasks": [changed]}
    book = proxies.folder / "two.yml"
    book.write_text(json.dumps([earlier, {"ansible.builtin.import_playbook": "sipfleet.kamailio.rollout"}]))
    wanted = {"dispatcher_destinations": wish(GOOD, DEAD), "dispatcher_healthy_timeout": 6}
    status, printed = proxies.play(book=str(book), rollout_max_fail_percentage=25, **wanted)
    assert status != 0 and printed.count("not touched, since the rollout was stopped") == 3, printed


def test_a_candidate_that_would_not_start_touches_nobody(proxies: Proxies) -> None:
    modules = [{"name": "dispatcher", "params": {"ds_probing_mode": 3}}, {"name": "tm", "state": "absent"}]
    status, printed = proxies.play(dispatcher_modules=modules)
    assert status != 0 and "tm" in printed, printed
    assert all(proxies.untouched(host) for host in FOUR)


def test_a_candidate_that_one_version_rejects_touches_nobody(proxies: Proxies) -> None:
    # dispatcher has had this parameter since 6.1.
    modules = [{"name": "dispatcher", "params": {"ds_ping_fr_timer": 20}}]
    status, printed = proxies.play(dispatcher_modules=modules)
    assert status != 0 and "ds_ping_fr_timer" in printed, printed
    assert all(proxies.untouched(host) for host in FOUR)


def test_destinations_that_do_not_answer_stop_at_the_canary(proxies: Proxies) -> None:
    status, printed = proxies.play(dispatcher_destinations=wish(GOOD, DEAD), dispatcher_healthy_timeout=6)
    assert status != 0 and "have not answered" in printed and "Everything was taken back" in printed, printed
    assert printed.count("not touched, since the rollout was stopped") == 3, printed
    assert all(proxies.untouched(host) for host in FOUR)
    assert "have not answered" in proxies.must("k1", "sh", "-c", "cat /var/lib/sipfleet-kamailio/*.last")


def test_a_server_that_dies_on_restart(proxies: Proxies) -> None:
    modules = [{"name": "ctl", "params": {"binrpc": ["unix:/run/kamailio/kamailio_ctl", "unix:/no/such/folder/ctl"]}}]
    status, printed = proxies.play(dispatcher_modules=modules, rollout_serial=["50%", "100%"])
    assert status != 0 and "Everything was taken back" in printed, printed
    assert printed.count("not touched, since the rollout was stopped") == 2, printed
    assert all(proxies.untouched(host) for host in FOUR)


def test_the_link_to_a_host_is_cut(proxies: Proxies) -> None:
    process = proxies.start(dispatcher_destinations=wish(GOOD, MORE), rollout_serial=[4])
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
    process = proxies.start(dispatcher_destinations=wish(GOOD, MORE), rollout_serial=[2, 2])
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
    assert proxies.files("k1")[1] == NEW and all(proxies.untouched(host) for host in ("k3", "k5"))


def test_two_rollouts_at_once(proxies: Proxies) -> None:
    two = [
        proxies.start(dispatcher_destinations=[{"setid": number, "uri": GOOD, "flags": "AP"}], rollout_serial=[2, 2])
        for number in (2, 3)
    ]
    printed = [one.communicate(timeout=600)[0] for one in two]
    assert [one.returncode for one in two] == [0, 0], "\n".join(printed)
    for host in FOUR:
        assert proxies.runs(host) == [GOOD] * 3 and not proxies.pending(host)


def test_a_host_that_was_changed_by_hand(proxies: Proxies) -> None:
    proxies.write("k5", "/etc/kamailio/dispatcher.list", LIST + "# a note of the night shift\n")
    proxies.write("k3", "/etc/kamailio/dispatcher.list", LIST + f"9 {MORE} 8\n")
    status, printed = proxies.play(dispatcher_destinations=wish(GOOD, MORE))
    assert status == 0, printed
    assert "# a note of the night shift" in proxies.files("k5")[1]
    assert proxies.runs("k3") == sorted([GOOD, MORE, MORE])


def test_pause_and_serial(proxies: Proxies) -> None:
    started = time.monotonic()
    # As text, as a survey gives it.
    batches = ("-e", "rollout_serial=[2,2]")
    status, printed = proxies.play(*batches, dispatcher_destinations=wish(GOOD, MORE), rollout_pause=3)
    assert status == 0 and time.monotonic() - started > 3 and all_done(proxies), printed


UNIT = """[Service]
ExecStart=/usr/sbin/kamailio -DD -E -m 16 -M 4 -f /etc/edge/kamailio.cfg -P /run/edge/edge.pid -Y /run/edge
RuntimeDirectory=edge
"""


def test_a_second_server_under_another_unit(proxies: Proxies) -> None:
    config = proxies.configs["k3"].replace(":5060", ":5070").replace("/run/kamailio/", "/run/edge/")
    proxies.must("k3", "mkdir", "-p", "/etc/edge")
    proxies.write("k3", "/etc/edge/kamailio.cfg", config.replace("/etc/kamailio/", "/etc/edge/"))
    proxies.write("k3", "/etc/edge/dispatcher.list", LIST)
    proxies.write("k3", "/etc/systemd/system/edge.service", UNIT)
    proxies.must("k3", "sh", "-c", "systemctl daemon-reload && systemctl start edge")

    def runs() -> str:
        return proxies.fleet.run("k3", "kamcmd", "-s", "unix:/run/edge/kamailio_ctl", "dispatcher.list").stdout

    try:
        until(lambda: GOOD in runs())
        modules = [{"name": "textopsx"}]
        wanted = {"dispatcher_destinations": wish(GOOD, MORE), "dispatcher_modules": modules}
        status, printed = proxies.play("--limit", "k3", dispatcher_instance="edge.service", **wanted)
        assert status == 0 and 'k3: changed (restart)"' in printed, printed
        assert MORE in runs() and "textopsx" in proxies.must("k3", "cat", "/etc/edge/kamailio.cfg")
        assert proxies.untouched("k3")
    finally:
        proxies.must("k3", "systemctl", "stop", "edge")
