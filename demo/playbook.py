# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ansible-playbook, and what came of them."""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import Children
from show import command

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 60


@dataclass
class Run:
    """One run: the exit status, each task's result, each host's counts, and what was printed."""

    status: int
    output: str
    tasks: list[dict[str, Any]] = field(default_factory=list)
    stats: dict[str, dict[str, int]] = field(default_factory=dict)

    def result(self, action: str) -> dict[str, Any]:
        """The result of the (only) task of that action; empty if it did not run."""
        found = [task["result"] for task in self.tasks if task["action"] == action]
        return found[-1] if found else {}

    def failed(self) -> list[dict[str, Any]]:
        return [task for task in self.tasks if task["status"] != "ok"]

    def changed(self) -> int:
        return sum(host["changed"] for host in self.stats.values())


class Ansible:
    """Starts ansible-playbook with the demo's ansible.cfg, and nothing of the user's own settings."""

    def __init__(self, bin_dir: Path, work: Path, children: Children) -> None:
        self.playbook = bin_dir / "ansible-playbook"
        self.work = work
        self.children = children
        self.runs = 0
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        self.environ = kept | {
            "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
            "PATH": os.pathsep.join([str(bin_dir), kept.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(work / "tmp"),
        }

    def run(self, *arguments: str, quiet: bool = False) -> Run:
        """Run playbooks by name (C(guard.yml)) with options; the printed text is kept in the work folder."""
        shown = [f"demo/playbooks/{argument}" if argument.endswith(".yml") else argument for argument in arguments]
        if not quiet:
            command("ansible-playbook " + " ".join(shown))
        self.runs += 1
        log = self.work / "logs" / f"ansible-{self.runs}.txt"
        results = self.work / "logs" / f"ansible-{self.runs}.jsonl"
        with log.open("wb") as out:
            child = self.children.start(
                [str(self.playbook), *shown],
                out,
                cwd=HERE.parent,
                env=self.environ | {"DEMO_RESULTS": str(results)},
            )
        child.wait(TIMEOUT_S)
        status = child.end()
        run = Run(status, log.read_text(errors="replace"))
        for text in results.read_text().splitlines() if results.exists() else []:
            line = json.loads(text)
            if "stats" in line:
                run.stats[line["host"]] = line["stats"]
            else:
                run.tasks.append(line)
        return run


def diff_text(result: dict[str, Any], work: Path) -> str:
    """The diff of a result the way C(diff -u) shows it, with short file names."""
    entries = result.get("diff") or []
    lines: list[str] = []
    for diff in [entries] if isinstance(entries, dict) else entries:
        old, new = (str(diff.get(key, "")).replace(f"{work}/", "") for key in ("before_header", "after_header"))
        before, after = (str(diff.get(key, "")).splitlines() for key in ("before", "after"))
        lines += difflib.unified_diff(before, after, old, new, lineterm="", n=1)
    return "\n".join(lines)
