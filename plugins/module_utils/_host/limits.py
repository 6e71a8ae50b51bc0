# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The limits that systemd sets for the processes of a unit."""

from __future__ import annotations

import contextlib
import re
import resource
from typing import Mapping, Optional, Tuple

_KINDS = {
    "LimitNOFILE": resource.RLIMIT_NOFILE,
    "LimitNPROC": resource.RLIMIT_NPROC,
    "LimitMEMLOCK": resource.RLIMIT_MEMLOCK,
    "LimitSTACK": resource.RLIMIT_STACK,
    "LimitAS": resource.RLIMIT_AS,
    "LimitDATA": resource.RLIMIT_DATA,
}
# That of systemd 240 and newer.
_DEFAULTS = {"LimitNOFILE": "1024:524288"}
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def set_limits(settings: Mapping[str, str]) -> None:
    """Set the limits of this process, which only root can, by the C(settings) of a unit.

    No core is dumped: with a limit of one byte, the program that collects them on the host is not called either.
    """
    for name, text in {**_DEFAULTS, **settings}.items():
        if name in _KINDS:
            limit = read_limit(text)
            if limit:
                with contextlib.suppress(OSError, ValueError):
                    resource.setrlimit(_KINDS[name], limit)
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def read_limit(text: str) -> Optional[Tuple[int, int]]:
    """Return the soft and the hard limit of a setting, None if it is not understood."""
    soft, _colon, hard = text.partition(":")
    pair = _number(soft), _number(hard or soft)
    return None if pair[0] is None or pair[1] is None else (pair[0], pair[1])


def _number(text: str) -> Optional[int]:
    if text == "infinity":
        return resource.RLIM_INFINITY
    found = re.match(r"([0-9]{1,18})([KMGT]?)\Z", text)
    return int(found.group(1)) * _UNITS[found.group(2)] if found else None
