# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks run by a real ansible-playbook on the local machine, and their results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

Task = dict[str, Any]
Result = dict[str, Any]

BOOKS = Path(__file__).parents[2] / "docs" / "playbooks"
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


def run_tasks(folder: Path, tasks: list[Task], interpreter: str = sys.executable) -> list[Result]:
    """Run tasks one after the other, failures included, and give back what each of them returned."""
    results = folder / "results.json"
    names = ["r%d" % index for index in range(len(tasks))]
    steps = [
        {"name": "Step %d" % index, "ignore_errors": True, "register": name, **task}
        for index, (name, task) in enumerate(zip(names, tasks))
    ]
    last = {"name": "Results", "keep": {"file": str(results), "text": "{{ [%s] | to_json }}" % ", ".join(names)}}
    play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": [*steps, last]}
    book = folder / "playbook.json"
    book.write_text(json.dumps([play]))
    environment = {**_environment(folder), "ANSIBLE_PYTHON_INTERPRETER": interpreter}
    done = subprocess.run(
        [str(PLAYBOOK), "-i", "localhost,", "-c", "local", "--diff", str(book)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[Result] = json.loads(results.read_text())
    for result in found:
        result["output"] = done.stdout + done.stderr
    return found


def run_book(folder: Path, name: str, inventory: dict[str, Any], **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the documentation to its end."""
    hosts = folder / "inventory.json"
    hosts.write_text(json.dumps(inventory))
    line = [str(PLAYBOOK), "-i", str(hosts), "-e", json.dumps(variables), str(BOOKS / name)]
    return subprocess.run(line, capture_output=True, text=True, env=_environment(folder), check=False)


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(Path(__file__).parents[2] / ".work" / "collections"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "remote"),
        "ANSIBLE_ACTION_PLUGINS": str(Path(__file__).parent / "action_plugins"),
    }


def check_run_check_run(folder: Path, task: Task, files: list[Path]) -> list[Result]:
    """The four runs of a task that must change something once: what check mode says, each run then does."""
    state = {"state_of": {"files": [str(path) for path in files]}}
    checking = {**task, "check_mode": True}
    done = run_tasks(folder, [state, checking, state, task, state, checking, task, state])
    before, checked, after_check, ran, after_run, quiet, second, after_second = done
    assert before["files"] == after_check["files"], "check mode wrote"
    assert after_run["files"] != before["files"]
    assert after_run["files"] == after_second["files"], "a second run wrote"
    assert [result["changed"] for result in (checked, ran, quiet, second)] == [True, True, False, False]
    assert checked["diff"] == ran["diff"] != []
    assert quiet["diff"] == second["diff"] == []
    return [checked, ran, quiet, second]
