# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which symbolic links, and which names in configurations, the modules that write files follow."""

    DOCUMENTATION = r"""
options:
  follow:
    description:
      - Whether every symbolic link is followed. By default a link is followed if only root or the user of the task can
        have made it, or if it leads to a file that the user who can have made it can replace as well, by a group
        or otherwise. Any other link is refused, since it would let that user have root change a file of another user.
      - The same is asked of a file that a configuration names, as its list or by an include, if other users can change
        the configuration. It is not asked of an included file or a list that is there already, below the folder of the
        configuration, where only root and the user of the task can change that folder.
      - By default C(owner), C(group) and C(mode), where a module has them, do not let a user read a file who can have
        given it its name and could not read it before. Such a user could have renamed another file of that folder.
      - A link that is followed stays, and the file that it leads to is changed.
    type: bool
    default: false
"""
