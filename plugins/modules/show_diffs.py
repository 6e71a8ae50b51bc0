#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: show_diffs
short_description: Show the diffs of many hosts, each only once
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Shows the diffs that tasks of many hosts have returned. Hosts whose diffs are the same share one, with their number and the first of their
    names in its headers.
  - Runs on the controller and changes nothing. Use it with C(run_once), and hide the diffs of the hosts themselves with C(changed_when).
options:
  diffs:
    description: The diffs by host, each a list as a module of this collection returns it in C(diff).
    type: dict
    required: true
attributes:
  action:
    support: full
    description: Runs on the controller alone.
  check_mode:
    support: full
    description: Can run in C(check_mode), and changes nothing.
  diff_mode:
    support: full
    description: Shows diffs. Without C(--diff) it shows nothing.
  idempotent:
    support: N/A
    description: It changes nothing.
  platform:
    description: Target systems and their families on which the module runs.
    platforms: all
    support: full
seealso:
  - module: sipfleet.kamailio.deploy
"""

EXAMPLES = r"""
- name: Plan, without a diff for each host
  sipfleet.kamailio.deploy:
    destinations: "{{ gateways }}"
  check_mode: true
  changed_when: false
  register: plan

- name: What would change
  sipfleet.kamailio.show_diffs:
    diffs: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, ['plan', 'diff']))) }}"
  run_once: true
"""

RETURN = r"""
groups:
  description: The hosts that share a diff, the largest group first.
  returned: always
  type: list
  elements: list
  sample: [[k1, k2], [k3]]
diff:
  description: The diff of each group.
  returned: always
  type: list
  elements: dict
"""
