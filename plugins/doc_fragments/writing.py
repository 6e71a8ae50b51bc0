# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What holds for every module that writes files of a Kamailio host."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status prediction without modifying anything.
    support: full
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
  safe_file_operations:
    description: Uses Ansible's strict file operation functions to ensure proper permissions and avoid data corruption.
    support: full
    details:
      - A file is written beside its target, flushed and renamed over it, so that a run that is killed leaves the old
        file or the new one. Owner, mode, access control list, other extended attributes and SELinux context are kept.
      - Where a rename is impossible O(unsafe_writes) allows to write in place, which has no such promise.
  platform:
    description: Target systems and their families on which the module runs.
    platforms: posix
    support: full
"""
