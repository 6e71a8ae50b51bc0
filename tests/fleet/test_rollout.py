# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rollout on a fleet: its batches, its options, and what it leaves alone."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from lab.fleet import Fleet

from fleet.rollout import DEAD, FOUR, GOOD, LIST, MORE, Proxies, all_done, until, wish


@pytest.fixture
def proxies(fleet: Fleet, tmp_path: Path) -> Proxies:
    """Four hosts as they were installed, with their servers running."""
    (tmp_path / "plays").mkdir()
    return Proxies(fleet, tmp_path / "plays", FOUR)


def test_a_good_rollout_and_a_second_one(proxies: Proxies) -> None:
    wanted = wish(GOOD, MORE)
    status, shown = proxies.play("--check", "--diff", dispatcher_destinations=wanted)
    assert status == 0 and shown.count(f"+1 {MORE} 8") == 4 and shown.count("would change (reload)") == 4, shown
    assert "+++ after: k1: /etc/kamailio/dispatcher.list" in shown and "+++ after: k5: /etc" in shown, shown
    assert all(proxies.untouched(host) for host in FOUR)
    wrong = {"k2": {"dispatcher_purge": "everything"}}
    status, differing = proxies.play(
        book="reconcile.yml", hosts=wrong, reconcile_fail=True, dispatcher_destinations=wanted
    )
    assert status != 0 and all(
        f'"{host}: differs: /etc/kamailio/dispatcher.list; ' in differing for host in ("k1", "k3", "k5")
    )
    assert (
        '"k2: cannot be compared: ' in differing
        and "dispatcher_purge" in differing
        and all(proxies.untouched(host) for host in FOUR)
    ), differing
    status, printed = proxies.play(dispatcher_destinations=wanted)
    assert status == 0 and printed.count('changed (reload)"') == 4, printed
    assert all_done(proxies)
    status, same = proxies.play(book="reconcile.yml", reconcile_fail=True, dispatcher_destinations=wanted)
    assert status == 0 and same.count("as the variables say") == 4 and same.count("changed=0") == 4, same
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


def test_two_rollouts_at_once(proxies: Proxies) -> None:
    rollouts = [
        proxies.start(dispatcher_destinations=[{"setid": number, "uri": GOOD, "flags": "AP"}], rollout_serial=[2, 2])
        for number in (2, 3)
    ]
    printed = [rollout.communicate(timeout=600)[0] for rollout in rollouts]
    assert [rollout.returncode for rollout in rollouts] == [0, 0], "\n".join(printed)
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
