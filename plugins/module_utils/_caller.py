# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the code asks of the AnsibleModule that calls it, and of what stands in for one where there is none."""

from __future__ import annotations

from typing import Any, Dict, List, NoReturn, Optional, Protocol, Sequence


class Caller(Protocol):
    """A task: its options, and what it takes to find programs and to write files."""

    params: Dict[str, Any]

    def get_bin_path(self, arg: str, *, opt_dirs: Optional[Sequence[str]] = None) -> Optional[str]:
        """Return the path of a program, None if it is not installed."""

    def selinux_enabled(self) -> bool:
        """Return whether new files need a context; the other methods are called only then."""

    def selinux_context(self, path: str) -> List[Optional[str]]:
        """Return the context of a file."""

    def selinux_default_context(self, path: str) -> List[Optional[str]]:
        """Return the context of a new file."""

    def set_context_if_different(self, path: str, context: List[Optional[str]], changed: bool) -> bool:
        """Give a file a context, and return whether anything has changed."""


class TaskModule(Caller, Protocol):
    """An AnsibleModule with the common file options."""

    check_mode: bool
    _diff: bool

    def warn(self, warning: str) -> None:
        """Add a warning to the result."""

    def exit_json(self, **result: Any) -> NoReturn:
        """End with a result."""

    def load_file_common_arguments(self, params: Dict[str, Any], path: str) -> Dict[str, Any]:
        """Return the common file options."""

    def set_fs_attributes_if_different(self, file_args: Dict[str, Any], changed: bool) -> bool:
        """Set what the common file options ask for, and return whether anything has changed."""

    def _symbolic_mode_to_octal(self, path_stat: Any, symbolic_mode: str) -> int:
        """Return a mode given in symbols as a number."""
