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


@pytest.mark.parametrize(
    "path",
    ["/k/as the variables say", "/k\nb: as the variables say", "/k: as the variables say\nb: as the variables say"],
)
def test_the_name_of_a_list_does_not_make_a_host_look_as_it_should(path: str, tmp_path: Path) -> None:
    """Who can change a configuration names its list."""
    hosts = {"kamailio": {"hosts": {name: {"ansible_connection": "local"} for name in "ab"}}}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    plan = {"action": "none", "files": [path], "reasons": []}
    line = [str(PLAYBOOK), "-i", str(tmp_path / "hosts.json"), "sipfleet.kamailio.reconcile"]
    words = json.dumps({"dispatcher_plan": plan, "reconcile_fail": True})
    done = subprocess.run([*line, "-e", words], capture_output=True, text=True, env=_environment(tmp_path), check=False)
    assert done.returncode != 0, done.stdout
    for host in "ab":
        assert '"%s: differs: %s"' % (host, path.replace("\n", " ")) in done.stdout, done.stdout
        assert "fatal: [%s]: FAILED! => " % host in done.stdout, done.stdout
