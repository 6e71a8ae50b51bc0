# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Diffs of many hosts in one output."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

# How many hosts of a group are named.
_NAMED = 3


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


def name_hosts(hosts: Sequence[str]) -> str:
    """A group of hosts: its name if it is one, else their number and the first names."""
    if len(hosts) == 1:
        return hosts[0]
    more = len(hosts) - _NAMED
    names = ", ".join(hosts[:_NAMED])
    return "%d hosts (%s%s)" % (len(hosts), names, " and %d more" % more if more > 0 else "")


def group_diffs(diffs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[tuple[list[str], list[dict[str, Any]]]]:
    """Hosts whose diffs show the same lines, each group with its diffs, the largest group first.

    The name of a host goes out of the headers, and those of the group come in.
    """
    hosts_of: dict[str, list[str]] = {}
    shown: dict[str, list[dict[str, Any]]] = {}
    for host, found in diffs.items():
        if found:
            own = [_without_host(diff, host) for diff in found]
            text = "".join(map(_render, own))
            hosts_of.setdefault(text, []).append(host)
            shown.setdefault(text, own)
    groups = sorted(hosts_of.items(), key=lambda group: -len(group[1]))
    return [
        (hosts, [with_host({"diff": diff}, {"inventory_hostname": name_hosts(hosts)})["diff"] for diff in shown[text]])
        for text, hosts in groups
    ]


def _without_host(diff: Mapping[str, Any], host: str) -> dict[str, Any]:
    prefix, own = host + ": ", dict(diff)
    for name in ("before_header", "after_header"):
        if str(own.get(name, "")).startswith(prefix):
            own[name] = own[name][len(prefix) :]
    return own


def _render(diff: Mapping[str, Any]) -> str:
    """What a terminal shows of a diff."""
    before, after = (str(diff.get(name, "")).splitlines(keepends=True) for name in ("before", "after"))
    headers = str(diff.get("before_header", "")), str(diff.get("after_header", ""))
    return "".join(difflib.unified_diff(before, after, *headers))
