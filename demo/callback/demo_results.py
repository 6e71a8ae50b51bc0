# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: demo_results
type: notification
short_description: Writes each task's result as a line of JSON
description:
  - For the demo, which asserts what it tells. Silent unless C(DEMO_RESULTS) names a file.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible has no types
    """One line per task and host, and one per host at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "demo_results"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        path = os.environ.get("DEMO_RESULTS")
        self._path = Path(path) if path else None

    def _write(self, line: dict[str, Any]) -> None:
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, default=str) + "\n")

    def _result(self, result: Any, status: str) -> None:
        told = {"host": result.host.get_name(), "action": result.task.action, "status": status}
        self._write({**told, "result": result.result})

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result(result, "unreachable")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        for host in sorted(stats.processed):
            self._write({"host": host, "stats": stats.summarize(host)})
