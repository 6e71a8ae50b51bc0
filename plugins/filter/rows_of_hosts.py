# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rows_of_hosts
short_description: Make a table of many hosts short enough for a terminal
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Of up to 30 hosts each keeps its row.
  - Of more hosts those with the same text share a row, which has their number and the first of their names. The smallest groups come first, since
    what is rare is what matters, such as a failure.
options:
  _input:
    description: The rows, each C(HOST:) with a space and a text.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: "998 hosts (k1, k2, k3 and 995 more): changed (reload)"
  ansible.builtin.debug:
    msg: "{{ rows | sipfleet.kamailio.rows_of_hosts }}"
  vars:
    rows: "{{ ansible_play_hosts | map('regex_replace', '$', ': changed (reload)') | list }}"
"""

RETURN = r"""
_value:
  description: The rows to show.
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.diffs import name_hosts
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal

MOST_ROWS = 30


def rows_of_hosts(rows: object) -> list[str]:
    """The rows, or those of groups of hosts where there are too many. Raises AnsibleFilterError."""
    if not isinstance(rows, (list, tuple)):
        raise refusal("rows_of_hosts takes a list of rows, not %s" % named(rows), rows)
    if len(rows) <= MOST_ROWS:
        return [str(row) for row in rows]
    hosts_of: dict[str, list[str]] = {}
    for row in rows:
        host, _colon, text = str(row).partition(": ")
        hosts_of.setdefault(text, []).append(host)
    groups = sorted(hosts_of.items(), key=lambda group: len(group[1]))
    return ["%s: %s" % (name_hosts(hosts), text) for text, hosts in groups]


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"rows_of_hosts": rows_of_hosts}
