# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The last step of a module that writes a file of its own: apply unless in check mode, set owner and mode, report."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from ._host.files import NEW_FILE_MODE, Change, diff_of, write_changes
from ._host.locks import FolderLocks


def finish(module: Any, locks: FolderLocks, own: Change, result: Dict[str, Any], others: Sequence[Change] = ()) -> None:
    """Write, and leave the module with its result; C(others) are written before the file of its own.

    C(module) is an AnsibleModule with the common file options, which are for its own file. Raises KamailioError if a
    file cannot be written.
    """
    changes = [*others, own]
    result["changed"] = any(change.changed for change in changes)
    if module._diff:
        result["diff"] = diff_of(changes)
    if result["changed"] and not module.check_mode:
        backups = write_changes(module, changes, module.params["backup"])
        if own.path in backups:
            result["backup_file"] = backups.pop(own.path)
        if backups:
            result["backup_files"] = list(backups.values())
    if own.before is not None or not module.check_mode:
        arguments = module.load_file_common_arguments(module.params, path=own.path)
        if own.before is None and arguments["mode"] is None:
            arguments["mode"] = NEW_FILE_MODE
        result["changed"] = module.set_fs_attributes_if_different(arguments, result["changed"])
    warn_unlocked(module, locks)
    module.exit_json(**result)


def warn_unlocked(module: Any, locks: FolderLocks) -> None:
    """Say so where two runs at once would not take turns."""
    for folder in locks.unlocked:
        module.warn("%s is on a file system without locks: two runs at once could lose a change" % folder)
