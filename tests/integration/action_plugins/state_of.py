# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says what files are between two tasks, as the controller sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Takes files, a list of paths."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the state of each: inode, time, mode and bytes in hexadecimal; nothing of one that is not there."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        result["files"] = [_state(Path(path)) for path in self._task.args["files"]]
        return result


def _state(path: Path) -> list[Any]:
    if not path.exists():
        return []
    stat = path.stat()
    return [stat.st_ino, stat.st_mtime_ns, stat.st_mode, path.read_bytes().hex()]
