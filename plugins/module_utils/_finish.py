# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The last step of every module that writes: apply the changes unless in check mode, set owner and mode, report."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from ._file import Change, diff_of, write_changes


def finish(module: Any, changes: Sequence[Change], result: Dict[str, Any]) -> None:
    """Write, and leave the module with its result. C(module) is an AnsibleModule with the common file options.

    Raises KamailioError if a file cannot be written.
    """
    result["changed"] = any(change.changed for change in changes)
    if module._diff:
        result["diff"] = diff_of(changes)
    if result["changed"] and not module.check_mode:
        backups = write_changes(module, changes, module.params["backup"])
        if backups:
            result["backup_file"] = backups[0] if len(backups) == 1 else backups
    for change in changes:
        if module.check_mode and change.before is None:
            continue
        arguments = module.load_file_common_arguments(module.params, path=change.path)
        result["changed"] = module.set_fs_attributes_if_different(arguments, result["changed"])
    module.exit_json(**result)
