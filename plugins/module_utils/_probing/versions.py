# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Kamailio versions, and since which of them the probing rule differs."""

from __future__ import annotations

import re
from typing import Optional, Tuple

Version = Tuple[int, ...]

# Kamailio issue 4212: from here on a P flag without tm's API is cleared, with a warning in the log.
CLEARS_FLAG_SINCE = (6, 1)
# From here on flags 16 and 32 switch the pings off; 5.x ignores 32 and pings with 16.
NO_PING_SINCE = (6, 0)

# From here on an answer is matched with its destination by an id, before by the set and the URI.
MATCHES_BY_ID_SINCE = (6, 1)


def parse_version(text: str) -> Optional[Version]:
    """The numbers in C(6.1.5), C(6.1) or the output of C(kamailio -v); None where there are none."""
    found = re.search(r"(?:version: kamailio |^)([0-9]{1,9})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?", text.strip())
    return tuple(int(number) for number in found.groups() if number is not None) if found else None


def render_version(version: Version) -> str:
    """C(6.1.5)."""
    return ".".join(str(number) for number in version)
