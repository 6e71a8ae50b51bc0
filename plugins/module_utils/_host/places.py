# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Where what is kept of a server lies on its host.

It goes by the name of the configuration, and not by the file that the name leads to: a deployment that switches a link
to another release, or another user who exchanges a link, must not hide a change that is under way.
"""

from __future__ import annotations

import os
import urllib.parse
from typing import Any, Dict, List

from .._errors import error
from .._trust import clean_path, resolve_trusted

_RECORD, _START, _JOURNAL, _OUTCOME = ".loaded", ".started", ".change", ".change.last"
_ENDS = (_RECORD, _START, _JOURNAL, _OUTCOME)


def record_path(folder: str, config: str) -> str:
    """Return where the record of what a server has loaded is kept. Raises KamailioError."""
    return _base(folder, config) + _RECORD


def start_path(folder: str, config: str) -> str:
    """Return where the record of the start of a server is kept. Raises KamailioError."""
    return _base(folder, config) + _START


def journal_folder(params: Dict[str, Any], config: str) -> str:
    """Return where the journal of a change of a server is kept. Raises KamailioError."""
    return _base(params["record"], config) + _JOURNAL


def _base(folder: str, config: str) -> str:
    """Return the beginning of the paths of what is kept of a server.

    A name under which nothing is kept yet can be a second one of a configuration, by links that only root and the
    current user can change. Then it is that of the first one.
    """
    folder, name = _whole(folder), _whole(config)
    kept = _names_in(folder)
    if name not in kept:
        real = resolve_trusted(name)
        name = next((known for known in kept if resolve_trusted(known) == real), name)
    return os.path.join(folder, urllib.parse.quote(os.fsencode(name), safe=""))


def _whole(path: str) -> str:
    if "\0" in path:
        raise error("is not a path, since it holds a NUL character", "Correct the path", path.replace("\0", "\\x00"))
    try:
        return clean_path(path if os.path.isabs(path) else os.path.join(os.getcwd(), path))
    except FileNotFoundError as exc:
        text = "begins in the current folder, and that has been removed"
        raise error(text, "Give its whole path, from / on", path) from exc


def _names_in(folder: str) -> List[str]:
    """Return the names of the configurations of which something is kept in a folder."""
    try:
        found = sorted(os.listdir(folder))
    except OSError:
        # Whoever reads or writes there says why.
        return []
    bases = [name[: -len(end)] for name in found for end in _ENDS if name.endswith(end)]
    names = [os.fsdecode(urllib.parse.unquote_to_bytes(base)) for base in dict.fromkeys(bases)]
    return [name for name in names if name.startswith("/") and "\0" not in name]
