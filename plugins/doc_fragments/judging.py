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
      - What to do about findings.
      - V(refuse) fails the task if there is one that O(fail_on) names.
      - V(correct) repairs what O(correction) can repair, and in any case letters or hexadecimal numbers in the flags of
        destinations. It fails if anything that O(fail_on) names is left; then nothing is written.
      - V(report) never fails because of them, and writes nothing.
    type: str
    choices: [refuse, correct, report]
    default: refuse
  correction:
    description:
      - How to repair.
      - V(load_tm) makes probing work. C(tm) is loaded before the modules that ask for it, or moved there, and
        C(ds_ping_interval) is set where it is missing.
      - V(clear_probing) gives probing up. The P flag (8) is taken from every destination whose probing cannot work, and
        a C(ds_ping_interval) that could not work is taken out.
    type: str
    choices: [load_tm, clear_probing]
    default: load_tm
  ping_interval:
    description: The C(ds_ping_interval) that V(load_tm) sets where it is missing, in seconds.
    type: int
    default: 10
  probing_mode:
    description:
      - The C(ds_probing_mode) that V(load_tm) sets where destinations ask for probing and the mode does not watch them
        all the time. V(3) watches those with the P flag, V(1) watches all.
      - Left out, the mode stays as it is. In the default mode of the server a destination is watched until its first
        answer only, which some want, so that it is a note.
    type: int
    choices: [1, 3]
  fail_on:
    description: The least severity that is a reason to refuse. Notes never are.
    type: str
    choices: [error, warning]
    default: warning
  ignore:
    description: Rules that are left alone. They are neither found nor corrected.
    type: list
    elements: str
    default: []
  kamailio_version:
    description:
      - The version of the server, such as V(6.1.5). Left out, it is asked of C(kamailio -v) on the host.
      - From 6.1 on a server clears the P flag where nothing can probe; before, it shows C(AP) all the same.
      - Given, the host is not asked about its modules and users, since it may not be the one where the files will run.
    type: str
  kamailio_command:
    description:
      - How Kamailio is run on the host, where it is not simply installed, as a list of words such as
        V([podman, exec, edge, kamailio]). It is asked for its version.
    type: list
    elements: str
"""
