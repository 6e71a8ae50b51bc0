# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import validate_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._file import read_file
from ansible_collections.sipfleet.kamailio.plugins.module_utils._guard import validate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._service import DEFAULT_CONFIG, invocation_of_defines


class ActionModule(ActionBase):
    """Judges texts on the controller where nothing of the host is needed, and files on the host in one round trip."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, params = self.validate_argument_spec(argument_spec=validate_spec())
        if not needs_host(params):
            result.update(self._judge_texts(params))
            return result
        result.update(
            self._execute_module(
                module_name="sipfleet.kamailio.validate", module_args=dict(self._task.args), task_vars=task_vars
            )
        )
        return result

    def _judge_texts(self, params: dict[str, Any]) -> dict[str, Any]:
        try:
            params = dict(params, config=params["config"] or DEFAULT_CONFIG)
            outcome = validate(
                params, params["kamailio_version"], invocation_of_defines(params["defines"]), read_file, no_include
            )
        except KamailioError as exc:
            return {"failed": True, "msg": exc.render()}
        if not self._task.diff:
            outcome.result.pop("diff")
        if outcome.refusal:
            return {**outcome.result, "failed": True, "msg": outcome.refusal}
        return outcome.result


def needs_host(params: dict[str, Any]) -> bool:
    """Whether a file of the host, or its version, has a say."""
    given = all(params[name] is not None for name in ("config_content", "dispatcher_content", "kamailio_version"))
    return not given or bool(re.search("include_file|import_file", params["config_content"]))


def no_include(path: str) -> Problem:
    """Texts that are judged on the controller include nothing."""
    return Problem("includes are not read on the controller", "", path)
