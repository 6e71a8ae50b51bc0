# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import reload_spec, require_seconds
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import visible
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.arguments import validated
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.diffs import with_host

# A wait for destinations is cut into pieces of so many seconds, and after each of them somebody sees how far it is.
PIECE_SECONDS = 10.0


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs the module, and shows the progress of a wait that is longer than a moment."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        params = validated(self, reload_spec())
        try:
            # The module gets pieces of this time only.
            require_seconds(params, "healthy_timeout")
        except KamailioError as exc:
            raise AnsibleActionFail(exc.render()) from None
        left = float(params["healthy_timeout"])
        first = told = done = self._piece(task_vars)
        left -= PIECE_SECONDS
        while _waits(done) and left > 0:
            counts = done["health_counts"]
            probed = sum(counts.get(state, 0) for state in ("healthy", "pending", "down"))
            text = "%d of %d destinations have shown that they answer, %.0f seconds left"
            name = (task_vars or {}).get("inventory_hostname", "")
            Display().display(visible("%s: %s" % (name, text % (counts.get("healthy", 0), probed, left))))
            since, names = first["healthy_since"], first["down_before"]
            done = self._piece(task_vars, healthy_timeout=left, healthy_since=since, down_before=names, force=False)
            # The list can have been changed, and loaded again, while it waited.
            told = done if done.get("changed") else told
            left -= PIECE_SECONDS
        if done is not first:
            kept = ("changed", "reasons", "restored", "lost", "loaded", "down_before", "diff")
            done = {**done, **{name: told[name] for name in kept if name in told}}
        result.update(with_host(done, task_vars))
        return result

    def _piece(self, task_vars: Any, **changed: Any) -> dict[str, Any]:
        arguments = {**self._task.args, "healthy_piece": PIECE_SECONDS, **changed}
        found: dict[str, Any] = self._execute_module(
            module_name="sipfleet.kamailio.dispatcher_reload", module_args=arguments, task_vars=task_vars
        )
        return found


def _waits(done: dict[str, Any]) -> bool:
    """Whether it failed for nothing but destinations that have not answered yet."""
    return bool(done.get("failed") and done.get("health_counts"))
