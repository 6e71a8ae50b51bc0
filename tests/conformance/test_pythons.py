# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules with the oldest Python that a host may have, or with those that SIPFLEET_PYTHONS names and that are here.

Hosts of the fleet have 3.11, 3.13 and 3.14; the versions here are those of this machine.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from integration.playbook import run_tasks

from conformance.server import Peers
from conformance.test_deploy import A, Deployed, uris

FIND = Path(__file__).parents[1] / "tools" / "find-python"


def interpreter_of(version: str) -> str:
    """The path of a Python of this machine, empty where it has none of that version."""
    words = subprocess.run([FIND, version], capture_output=True, text=True, check=False).stdout.split()
    return words[0] if len(words) == 1 else ""


VERSIONS = os.environ.get("SIPFLEET_PYTHONS", "3.8").split()
INTERPRETERS = {version: interpreter_of(version) for version in VERSIONS}


@pytest.mark.parametrize("version", [version for version, path in INTERPRETERS.items() if path])
def test_a_change_and_what_is_asked_of_a_server(version: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running() as server:
            done = run_tasks(
                tmp_path,
                [
                    {"sipfleet.kamailio." + module: live.arguments(module, **options)}
                    for module, options in (
                        (
                            "deploy",
                            {"destinations": [{"setid": 1, "uri": live.more, "flags": "AP"}], "confirm_timeout": 30},
                        ),
                        ("dispatcher_state", {"destinations": [{"setid": 1, "uri": live.good, "state": "disabled"}]}),
                        ("dispatcher_info", {}),
                        ("dispatcher_runtime", {"destinations": [{"setid": 3, "uri": A}]}),
                        ("dispatcher_reload", {"force": True}),
                        ("rpc", {"command": "core.version"}),
                    )
                ]
                + [
                    {"sipfleet.kamailio.validate": {"config": str(live.config), "kamailio_version": "6.0.1"}},
                    {"sipfleet.kamailio.config_info": {"config": str(live.config), "kamailio_version": "6.0.1"}},
                ],
                INTERPRETERS[version],
            )
            assert [result for result in done if result.get("failed")] == []
            assert [result["changed"] for result in done] == [True, True, False, True, True, False, False, False]
            assert uris(server) == sorted([live.good, live.more])
            assert [destination.flags for destination in server.destinations() if destination.uri == live.good] == [
                "DX"
            ]
