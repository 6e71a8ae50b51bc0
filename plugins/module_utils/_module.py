# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the modules of the collection are made of."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ansible.module_utils.basic import AnsibleModule

from ._exit import SEEN
from ._text import no_text_in

# Entries of a list in the log of the host. To mask the secrets of 100,000 destinations takes seconds.
_MOST_LOGGED = 100


class Module(AnsibleModule):  # type: ignore[misc]
    """An AnsibleModule from which no secret and no character that a terminal obeys gets into a result or a log.

    All that it tells passes here: results and errors with their warnings and differences, and the log of the host.
    Options such as C(modules) and C(config_content) are no passwords as a whole, and not free of them either.
    """

    params: Dict[str, Any]

    def __init__(self, **options: Any) -> None:
        self._said: List[Tuple[str, Dict[str, Any]]] = []
        super().__init__(**options)
        fault = no_text_in(self.params)
        if fault:
            self.fail_json(fault)

    def warn(self, warning: str, **more: Any) -> None:
        """Add a warning to the result."""
        # What is secret in it may be read later.
        self._said.append((warning, more))

    def _log_invocation(self) -> None:
        options = self.params
        SEEN.take(options)
        self.params = SEEN.clean(_without_files({name: _counted(value) for name, value in options.items()}))
        super()._log_invocation()
        self.params = options

    def _return_formatted(self, kwargs: Dict[str, Any]) -> None:
        SEEN.take(self.params)
        said = [text for text, _more in self._said]
        given = {"module_args": _without_files(self.params)}
        result = SEEN.clean({"invocation": given, **kwargs, "said": said})
        for text, (_text, more) in zip(result.pop("said"), self._said):
            super().warn(text, **more)
        super()._return_formatted(result)


def _counted(value: Any) -> Any:
    """An option for the log of the host, which cuts a long list after some entries anyway."""
    return "%d entries" % len(value) if isinstance(value, list) and len(value) > _MOST_LOGGED else value


def _without_files(options: Dict[str, Any]) -> Dict[str, Any]:
    """The options without the bytes of the files that a task brings, which no log and no result repeats."""
    files = options.get("files")
    if not isinstance(files, list):
        return options
    return dict(options, files=[{**file, **_sizes(file)} for file in files])


def _sizes(file: Dict[str, Any]) -> Dict[str, str]:
    return {name: "%d characters" % len(file[name]) for name in ("content", "encoded") if file.get(name) is not None}
