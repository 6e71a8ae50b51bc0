# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import validate_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._file import read_file
from ansible_collections.sipfleet.kamailio.plugins.module_utils._guard import Site, validate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._service import DEFAULT_CONFIG, invocation_of_defines


class ActionModule(ActionBase):
    """Judges texts on the controller where nothing of the host is needed, and files on the host in one round trip."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, params = self.validate_argument_spec(argument_spec=validate_spec())
        given = all(params[name] is not None for name in ("config_content", "dispatcher_content", "kamailio_version"))
        judged = self._judge_texts(params) if given else None
        if judged is not None:
            result.update(judged)
            return result
        result.update(
            self._execute_module(
                module_name="sipfleet.kamailio.validate", module_args=dict(self._task.args), task_vars=task_vars
            )
        )
        return result

    def _judge_texts(self, params: dict[str, Any]) -> dict[str, Any] | None:
        """The result; None where a file of the host has a say."""
        try:
            params = dict(params, config=params["config"] or DEFAULT_CONFIG)
            site = Site(params["kamailio_version"], invocation_of_defines(params["defines"]), read_file, no_include)
            outcome = validate(params, site)
        except _NeedsHostError:
            return None
        except KamailioError as exc:
            return {"failed": True, "msg": exc.render()}
        if not self._task.diff:
            outcome.result.pop("diff")
        if outcome.refusal:
            return {**outcome.result, "failed": True, "msg": outcome.refusal}
        return outcome.result


class _NeedsHostError(Exception):
    """The texts include a file that is not among them."""


def no_include(path: str) -> Problem:
    """Raises _NeedsHostError: the controller has the given texts only."""
    raise _NeedsHostError(path)
