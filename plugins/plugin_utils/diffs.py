# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Diffs of many hosts in one output."""

from __future__ import annotations

from typing import Any


def with_host(result: dict[str, Any], task_vars: Any) -> dict[str, Any]:
    """The result of a module, with the name of the host before the path in each header of its diffs."""
    host, diffs = (task_vars or {}).get("inventory_hostname"), result.get("diff")
    if not host or not diffs:
        return result
    several = diffs if isinstance(diffs, list) else [diffs]
    for diff in several:
        for name in ("before_header", "after_header"):
            if name in diff:
                diff[name] = "%s: %s" % (host, diff[name])
    return result
