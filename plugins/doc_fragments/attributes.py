# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules support.

    What a module says of an attribute counts before a fragment, and an earlier fragment before a later one. So the
    variants come before C(attributes) in the list of fragments.
    """

    DOCUMENTATION = r"""
attributes:
  action_group:
    description: Use C(group/sipfleet.kamailio.kamailio) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - sipfleet.kamailio.kamailio
  check_mode:
    description: Can run in C(check_mode) and return the changed status prediction without modifying anything.
    support: full
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
  platform:
    description: Target systems and their families on which the module runs.
    platforms: posix
    support: full
"""

    ACTION = r"""
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed
      on the controller.
    support: full
"""

    READING = r"""
attributes:
  check_mode:
    details:
      - This module only reads.
  diff_mode:
    support: N/A
    details:
      - This module only reads.
"""

    WRITING = r"""
attributes:
  safe_file_operations:
    description: Uses Ansible's strict file operation functions to ensure proper permissions and avoid data corruption.
    support: full
    details:
      - A file is written beside its target, flushed and renamed over it, so that a run that is killed leaves the old
        file or the new one. Owner, mode, access control list, other extended attributes and SELinux context are kept.
      - A user other than root becomes the owner of the file. Where that user is not a member of its group, and the
        group has other rights than everybody has, the file is refused, since the server could not read it any more.
        So is a file that its owner could not read any more, as one of the user C(kamailio) with another group.
      - Where a rename is impossible, or a file is refused for its group or owner, O(unsafe_writes) allows to write in
        place, which has no such promise.
"""
