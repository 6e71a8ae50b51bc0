# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The last step of a module that writes one file: apply the change unless in check mode, set owner and mode, report."""

from __future__ import annotations

from typing import Any, Dict

from ._file import Change, diff_of, write_changes


def finish(module: Any, change: Change, result: Dict[str, Any]) -> None:
    """Write, and leave the module with its result. C(module) is an AnsibleModule with the common file options.

    Raises KamailioError if a file cannot be written.
    """
    result["changed"] = change.changed
    if module._diff:
        result["diff"] = diff_of([change])
    if change.changed and not module.check_mode:
        for backup in write_changes(module, [change], module.params["backup"]):
            result["backup_file"] = backup
    if change.before is not None or not module.check_mode:
        arguments = module.load_file_common_arguments(module.params, path=change.path)
        result["changed"] = module.set_fs_attributes_if_different(arguments, result["changed"])
    module.exit_json(**result)
