# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The state of a destination, as far as it is kept over a reload or a restart."""

from __future__ import annotations

from typing import NamedTuple, Optional


class State(NamedTuple):
    """A destination, and the C(letters) that the server showed for it, such as C(DX)."""

    setid: int
    uri: bytes
    duid: Optional[bytes]
    letters: str
