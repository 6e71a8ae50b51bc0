# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments of a task, validated on the controller."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.sipfleet.kamailio.plugins.module_utils._exit import Seen


def validated(action: ActionBase, spec: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The arguments of the task by this specification. Raises AnsibleActionFail, without secrets in its message."""
    try:
        _validation, params = action.validate_argument_spec(argument_spec=spec)
    except AnsibleActionFail as exc:
        seen = Seen()
        seen.take(action._task.args)
        # Its cause would be shown with it.
        raise AnsibleActionFail(seen.clean(exc.message)) from None
    found: dict[str, Any] = params
    return found
