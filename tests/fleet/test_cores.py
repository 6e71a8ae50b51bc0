# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks under the oldest and the newest ansible-core that are supported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cores import OLDEST_AND_NEWEST, playbook_program
from lab.fleet import Fleet

from fleet.rollout import DEAD, EACH_VERSION, GOOD, LIST, MORE, Proxies, wish


@pytest.fixture
def proxies(fleet: Fleet, tmp_path: Path) -> Proxies:
    """A host of each version as it was installed, with its server running."""
    (tmp_path / "plays").mkdir()
    return Proxies(fleet, tmp_path / "plays", EACH_VERSION)


@pytest.mark.nightly
@pytest.mark.parametrize("core", OLDEST_AND_NEWEST)
def test_rollout_and_audit(proxies: Proxies, tmp_path: Path, core: str) -> None:
    program = playbook_program(core)
    wanted = wish(GOOD, MORE)
    status, shown = proxies.play("--check", "--diff", ansible=program, dispatcher_destinations=wanted)
    assert status == 0 and shown.count(f"+1 {MORE} 8") == 1 and shown.count("would change (reload)") == 3, shown
    assert "after: 3 hosts (k1, k3, k5): /etc/kamailio/dispatcher.list" in shown, shown
    status, printed = proxies.play(ansible=program, dispatcher_destinations=wanted, rollout_pause=1)
    assert status == 0 and printed.count('changed (reload)"') == 3, printed
    status, again = proxies.play(ansible=program, dispatcher_destinations=wanted)
    assert status == 0 and again.count('nothing to do"') == 3, again
    dead = wish(GOOD, MORE, DEAD)
    status, printed = proxies.play(ansible=program, dispatcher_destinations=dead, dispatcher_healthy_timeout=6)
    assert status != 0 and printed.count("not touched, since the rollout was stopped") == 2, printed
    found = tmp_path / "audit.json"
    status, printed = proxies.play(ansible=program, book="audit.yml")
    assert status == 0 and "TASK [What is wrong]" in printed and '"k1: ' not in printed, printed
    proxies.write("k1", "/etc/kamailio/dispatcher.list", LIST)
    status, printed = proxies.play(ansible=program, book="audit.yml", audit_file=str(found))
    assert status == 0 and '"k1: drift: set 1, %s: ' % MORE in printed, printed
    hosts = json.loads(found.read_text())["hosts"]
    assert [host["host"] for host in hosts] == list(EACH_VERSION) and {host["state"] for host in hosts} == {"runs"}, (
        hosts
    )


@pytest.mark.nightly
@pytest.mark.parametrize("core", OLDEST_AND_NEWEST)
def test_no_log_has_a_password(proxies: Proxies, core: str) -> None:
    secret = "correct-horse-battery"  # noqa: S105
    modules = [{"name": "auth", "params": {"secret": secret}}]
    config = proxies.configs["k1"].replace("request_route", f'modparam("auth", "secret", "{secret}")\nrequest_route', 1)
    tasks = [
        {"sipfleet.kamailio.loadmodule": {"config": "/etc/kamailio/kamailio.cfg", "modules": modules}},
        {"sipfleet.kamailio.deploy": {"config": "/etc/kamailio/kamailio.cfg", "modules": modules}},
        {"sipfleet.kamailio.validate": {"config_content": config}, "ignore_errors": True},
    ]
    book = proxies.folder / "secrets.yml"
    book.write_text(json.dumps([{"hosts": "k1", "gather_facts": False, "tasks": tasks}]))
    status, printed = proxies.play("--check", "--diff", "-vvv", ansible=playbook_program(core), book=str(book))
    assert status == 0 and "********" in printed, printed
    logged = proxies.must("k1", "journalctl", "--output=cat")
    for name in ("loadmodule", "deploy", "validate"):
        assert f"sipfleet.kamailio.{name}" in printed
    assert logged.count("Invoked with") >= 3 and "'secret': '********'" in logged, logged
    assert secret not in printed and secret not in logged, (printed, logged)
