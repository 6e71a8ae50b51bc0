# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Where what is kept of a server lies on its host."""

from __future__ import annotations

import os
import urllib.parse
from typing import Any, Dict


def record_path(folder: str, config: str) -> str:
    """Where the record of a server is kept."""
    return os.path.join(folder, urllib.parse.quote(os.path.realpath(config), safe="") + ".loaded")


def journal_folder(params: Dict[str, Any], config: str) -> str:
    """Where the journal of a change of a server is kept."""
    return record_path(params["record"], config)[: -len("loaded")] + "change"
