# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks under what runs them beside ansible-playbook: ansible-runner, and slices of a job as AWX makes them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lab.fleet import Fleet

from fleet.rollout import FOUR, GOOD, MORE, ROOT, Proxies, wish


@pytest.fixture
def proxies(fleet: Fleet, tmp_path: Path) -> Proxies:
    """Four hosts as they were installed, with their servers running."""
    (tmp_path / "plays").mkdir()
    return Proxies(fleet, tmp_path / "plays", FOUR)


@pytest.mark.nightly
def test_two_slices_at_once(proxies: Proxies) -> None:
    wanted = wish(GOOD, MORE)
    rollouts = [
        proxies.start("--limit", ",".join(hosts), dispatcher_destinations=wanted, rollout_serial=[1, 1])
        for hosts in (FOUR[::2], FOUR[1::2])
    ]
    printed = [rollout.communicate(timeout=300)[0] for rollout in rollouts]
    assert [rollout.returncode for rollout in rollouts] == [0, 0], "\n".join(printed)
    assert [text.count('changed (reload)"') for text in printed] == [2, 2], "\n".join(printed)
    assert all(proxies.runs(host) == sorted([GOOD, MORE]) for host in FOUR)


@pytest.mark.nightly
def test_ansible_runner(proxies: Proxies, tmp_path: Path) -> None:
    data = tmp_path / "runner"
    for name in ("inventory", "env", "project"):
        (data / name).mkdir(parents=True)
    (data / "inventory" / "hosts.json").write_text(json.dumps(proxies.inventory()))
    (data / "env" / "extravars").write_text(json.dumps({"dispatcher_destinations": wish(GOOD, MORE)}))
    home = str(tmp_path / "ansible")
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".work" / "collections"), "ANSIBLE_HOME": home}
    (data / "env" / "envvars").write_text(json.dumps(environment))
    folder = Path(sys.executable).parent
    for playbook in ("rollout", "audit"):
        line = [str(folder / "ansible-runner"), "run", str(data), "-p", "sipfleet.kamailio." + playbook]
        path = ["env", "PATH=%s:/usr/sbin:/usr/bin:/sbin:/bin" % folder]
        done = subprocess.run(
            proxies.fleet.on_network(*path, *line), capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert all(proxies.runs(host) == sorted([GOOD, MORE]) for host in FOUR)
