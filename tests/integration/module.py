# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module as a process of its own, as Ansible starts it on a host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

COLLECTIONS = Path(__file__).parents[2] / ".work" / "collections"
MODULES = COLLECTIONS / "ansible_collections" / "sipfleet" / "kamailio" / "plugins" / "modules"


def command(folder: Path, name: str, arguments: dict[str, Any], module: str = "dispatcher_list") -> list[str]:
    """The command line that runs a module with these arguments, kept in a file of that name."""
    file = folder / (name + ".args")
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_remote_tmp": str(folder), **arguments}}))
    return [sys.executable, "-B", str(MODULES / (module + ".py")), str(file)]


def environment() -> dict[str, str]:
    """What the process needs to find the collection."""
    return {**os.environ, "PYTHONPATH": str(COLLECTIONS), "PYTHONHASHSEED": "0"}


def run(line: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(line, capture_output=True, text=True, env=environment(), check=False, timeout=120)


def result_of(folder: Path, module: str, check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    """What a module returns."""
    given = {"_ansible_check_mode": check_mode, "_ansible_diff": True, **arguments}
    done = run(command(folder, module, given, module))
    assert done.stdout.lstrip().startswith("{"), done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result
