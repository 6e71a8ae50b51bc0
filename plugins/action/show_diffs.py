# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.arguments import validated
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.diffs import group_diffs


class ActionModule(ActionBase):  # type: ignore[misc]
    """Shows the diffs of hosts."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        params = validated(self, {"diffs": {"type": "dict", "required": True}})
        groups = group_diffs(params["diffs"])
        # Ansible shows the diff of a task that has changed something.
        result.update(changed=bool(groups), groups=[hosts for hosts, _diffs in groups])
        result["diff"] = [diff for _hosts, diffs in groups for diff in diffs]
        return result
