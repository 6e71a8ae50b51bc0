# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The last step of a module that writes a file of its own: apply unless in check mode, set owner and mode, report."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from .._caller import TaskModule
from .._change import Change, diff_of
from .attributes import adjust, wanted_of
from .locks import FileLocks
from .staging import require_writable, write_changes


def finish(
    module: TaskModule, locks: FileLocks, own: Change, result: Dict[str, Any], others: Sequence[Change] = ()
) -> None:
    """Write, and leave the module with its result; C(others) are written before the file of its own.

    C(module) is an AnsibleModule with the common file options, which are for its own file, and C(follow). Raises
    KamailioError if a file cannot be written.
    """
    changes = [*others, own]
    wanted = wanted_of(module)
    if module.check_mode:
        require_writable(module, changes, {own.path: wanted})
    result["changed"] = any(change.changed for change in changes)
    if module._diff:
        result["diff"] = diff_of(changes)
    if result["changed"] and not module.check_mode:
        backups = write_changes(module, changes, module.params["backup"], {own.path: wanted})
        if own.path in backups:
            result["backup_file"] = backups.pop(own.path)
        if backups:
            result["backup_files"] = list(backups.values())
    if not module.check_mode:
        locks.sweep()
    if own.before is not None or not module.check_mode:
        result["changed"] = adjust(module, wanted, own.path, own.after or b"") or result["changed"]
    warn_unlocked(module, locks)
    module.exit_json(**result)


def warn_unlocked(module: TaskModule, locks: FileLocks) -> None:
    """Say so where two runs at once would not take turns."""
    if locks.obstacle:
        module.warn("Two runs at once could lose a change, since files cannot be locked: %s" % locks.obstacle)
