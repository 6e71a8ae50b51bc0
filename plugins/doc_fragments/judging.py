# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What is done about findings, and what must be known to judge."""

    DOCUMENTATION = r"""
options:
  on_violation:
    description:
      - What to do about findings of severity V(error) or V(warning).
      - V(refuse) fails the task.
      - V(correct) repairs what O(correction) can repair, and fails if anything else is left; then nothing is written.
      - V(report) never fails because of them, and repairs nothing.
    type: str
    choices: [refuse, correct, report]
    default: refuse
  correction:
    description:
      - How to repair.
      - V(load_tm) makes probing work. C(tm) is loaded before the modules that ask for it, or moved there, and
        C(ds_ping_interval) is set where it is missing.
      - V(clear_probing) gives probing up. The P flag (8) is taken from every destination, and a C(ds_ping_interval)
        that could not work is taken out.
    type: str
    choices: [load_tm, clear_probing]
    default: load_tm
  ping_interval:
    description: The C(ds_ping_interval) that V(load_tm) sets where it is missing, in seconds.
    type: int
    default: 10
  kamailio_version:
    description:
      - The version of the server, such as V(6.1.5). Left out, it is asked of C(kamailio -v) on the host.
      - From 6.1 on a server clears the P flag where nothing can probe; before, it shows C(AP) all the same.
    type: str
"""
