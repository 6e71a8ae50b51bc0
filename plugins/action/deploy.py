# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import deploy_spec
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.arguments import validated
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.diffs import with_host
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.files import with_contents

# What the module needs to find the change again.
_PLACE = ("config", "instance", "record")


class ActionModule(ActionBase):  # type: ignore[misc]
    """Makes the change, and confirms it in a second round trip.

    Both are in one task: a play waits for all of its hosts between two tasks, and a host that has proved itself must
    not take its change back because another one is slow.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        params = validated(self, deploy_spec())
        given = dict(self._task.args)
        if params["files"]:
            given["files"] = with_contents(self, params["files"], task_vars)
        done = self._module(given, task_vars)
        if done.get("change") and params["confirm"]:
            place = {name: given[name] for name in _PLACE if name in given}
            confirmed = self._module({**place, "state": "confirmed", "change": done["change"]}, task_vars)
            if confirmed.get("failed") or confirmed.get("unreachable"):
                done.update(confirmed)
            else:
                done["change"] = ""
        result.update(with_host(done, task_vars))
        return result

    def _module(self, arguments: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._execute_module(
            module_name="sipfleet.kamailio.deploy", module_args=arguments, task_vars=task_vars
        )
        return found
