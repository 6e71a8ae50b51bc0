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
DISPATCHER_LIST = (
    COLLECTIONS / "ansible_collections" / "sipfleet" / "kamailio" / "plugins" / "modules" / "dispatcher_list.py"
)


def command(folder: Path, name: str, arguments: dict[str, Any]) -> list[str]:
    """The command line that runs dispatcher_list with these arguments, kept in a file of that name."""
    file = folder / (name + ".args")
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_remote_tmp": str(folder), **arguments}}))
    return [sys.executable, "-B", str(DISPATCHER_LIST), str(file)]


def environment() -> dict[str, str]:
    """What the process needs to find the collection."""
    return {**os.environ, "PYTHONPATH": str(COLLECTIONS), "PYTHONHASHSEED": "0"}


def run(line: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(line, capture_output=True, text=True, env=environment(), check=False, timeout=120)
