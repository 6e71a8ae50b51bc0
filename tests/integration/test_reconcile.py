# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook reconcile says of hosts, where the texts of a host are made to mislead."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .playbook import PLAYBOOK, _environment


def reconcile(folder: Path, files: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it for two hosts with this plan."""
    hosts = {"kamailio": {"hosts": {name: {"ansible_connection": "local"} for name in "ab"}}}
    (folder / "hosts.json").write_text(json.dumps(hosts))
    plan = {"action": "none", "files": files, "reasons": []}
    line = [str(PLAYBOOK), "-i", str(folder / "hosts.json"), "sipfleet.kamailio.reconcile"]
    words = json.dumps({"dispatcher_plan": plan, "reconcile_fail": True})
    return subprocess.run([*line, "-e", words], capture_output=True, text=True, env=_environment(folder), check=False)


def test_a_host_without_differences_is_as_the_variables_say(tmp_path: Path) -> None:
    done = reconcile(tmp_path, [])
    assert done.returncode == 0 and all(f'"{host}: as the variables say"' in done.stdout for host in "ab"), done.stdout


@pytest.mark.parametrize(
    "path",
    ["/k/as the variables say", "/k\nb: as the variables say", "/k: as the variables say\nb: as the variables say"],
)
def test_the_name_of_a_list_does_not_make_a_host_look_as_it_should(path: str, tmp_path: Path) -> None:
    """Who can change a configuration names its list."""
    done = reconcile(tmp_path, [path])
    assert done.returncode != 0, done.stdout
    for host in "ab":
        row = "%s: differs: %s" % (host, path.replace("\n", " "))
        assert f'"{row}"' in done.stdout, done.stdout
        assert f'fatal: [{host}]: FAILED! => {{"changed": false, "msg": "{row}"}}' in done.stdout, done.stdout
