# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a host says about itself."""

from __future__ import annotations

import glob
import os
from typing import Any, Optional

from ._config.model import Load
from ._errors import error
from ._probing.versions import Version, parse_version
from ._text import named

# Where packages and builds put the modules.
_MODULE_FOLDERS = (
    "/usr/lib/*/kamailio/modules",
    "/usr/lib64/kamailio/modules",
    "/usr/lib/kamailio/modules",
    "/usr/local/lib64/kamailio/modules",
    "/usr/local/lib/kamailio/modules",
)


def has_module(load: Load) -> Optional[bool]:
    """Whether the host has the file of a module; None where it cannot be told which folder the server looks in.

    The search is that of C(ksr_locate_module) in Kamailio's src/core/sr_module.c.
    """
    if "/" in load.written:
        return os.path.isfile(load.written)
    folders = [one for one in (load.load_path or "").split(":") if one]
    if not folders:
        folders = [one for pattern in _MODULE_FOLDERS for one in glob.glob(pattern)]
        if len(folders) != 1:
            return None
    names = [load.name + ".so", os.path.join(load.name, load.name + ".so"), load.written]
    return any(os.path.isfile(os.path.join(folder, name)) for folder in folders for name in names)


def find_kamailio(module: Any) -> Optional[str]:
    """The path of the server's program on the host of an AnsibleModule, None if it is not installed."""
    found: Optional[str] = module.get_bin_path("kamailio", opt_dirs=["/usr/sbin", "/usr/local/sbin"])
    return found


def host_version(module: Any) -> str:
    """What C(kamailio -v) prints on the host of an AnsibleModule. Raises KamailioError if it is not installed."""
    command = find_kamailio(module)
    if not command:
        raise error("kamailio is not installed on this host", "Say in kamailio_version for which version to judge")
    printed: str = module.run_command([command, "-v"])[1]
    return printed


def known_version(module: Any, given: Optional[str]) -> Optional[Version]:
    """The version that is given, else that of the host, None where there is none. Raises KamailioError."""
    if not given and not find_kamailio(module):
        return None
    text = given or host_version(module)
    version = parse_version(text)
    if version is None:
        raise error("%s is not a version of Kamailio" % named(text), "Give one such as 6.1.5")
    return version
