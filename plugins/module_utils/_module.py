# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the modules of the collection are made of."""

from __future__ import annotations

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ._secrets import mask_options
from ._text import no_text_in

# Entries of a list in the log of the host. To mask the secrets of 100,000 destinations takes seconds.
_MOST_LOGGED = 100


class Module(AnsibleModule):  # type: ignore[misc]
    """An AnsibleModule that tells the log of the host, and the controller, its options without passwords.

    Options such as C(modules) and C(config_content) are no passwords as a whole, and not free of them either.
    """

    params: Dict[str, Any]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        fault = no_text_in(self.params)
        if fault:
            self.fail_json(fault)

    def _log_invocation(self) -> None:
        options = self.params
        self.params = mask_options({name: _counted(one) for name, one in options.items()})
        super()._log_invocation()
        self.params = options

    def exit_json(self, **result: Any) -> None:
        """End with a result."""
        super().exit_json(**self._with_options(result))

    def fail_json(self, msg: str, **result: Any) -> None:
        """End with an error."""
        super().fail_json(msg, **self._with_options(result))

    def _with_options(self, result: Dict[str, Any]) -> Dict[str, Any]:
        if "invocation" in result:
            return result
        return {"invocation": {"module_args": mask_options(self.params)}, **result}


def _counted(value: Any) -> Any:
    """An option for the log of the host, which cuts a long list after some entries anyway."""
    return "%d entries" % len(value) if isinstance(value, list) and len(value) > _MOST_LOGGED else value
