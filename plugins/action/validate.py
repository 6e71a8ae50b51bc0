# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import validate_spec
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.arguments import validated


class ActionModule(ActionBase):  # type: ignore[misc]
    """Judges texts on the controller where nothing of the host is needed, and files on the host in one round trip."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        params = validated(self, validate_spec())
        judged = self._judge_texts(params)
        if judged is None:
            judged = self._execute_module(
                module_name="sipfleet.kamailio.validate", module_args=dict(self._task.args), task_vars=task_vars
            )
        result.update(judged)
        return result

    def _judge_texts(self, params: dict[str, Any]) -> dict[str, Any] | None:
        """The result; None where a file of the host, or its version, has a say."""
        given = all(params[name] is not None for name in ("config_content", "dispatcher_content", "kamailio_version"))
        if not given or params["rehearse"] != "never":
            return None
        # Only texts need it here, and every fork would import it.
        from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.texts import judge_texts

        return judge_texts(params, self._task.diff)
