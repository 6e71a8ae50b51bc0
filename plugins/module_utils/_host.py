# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a host says about itself."""

from __future__ import annotations

from typing import Any

from ._errors import error


def host_version(module: Any) -> str:
    """What C(kamailio -v) prints on the host of an AnsibleModule. Raises KamailioError if it is not installed."""
    command = module.get_bin_path("kamailio", opt_dirs=["/usr/sbin", "/usr/local/sbin"])
    if not command:
        raise error("kamailio is not installed on this host", "Say in kamailio_version for which version to judge")
    printed: str = module.run_command([command, "-v"])[1]
    return printed
