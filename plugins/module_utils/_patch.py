# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Edits of a file as replacements of byte ranges."""

from __future__ import annotations

from typing import Iterable, List, NamedTuple


class Patch(NamedTuple):
    """Replace the bytes C(start:end) of a file by C(new); C(start == end) inserts."""

    start: int
    end: int
    new: bytes


def apply_patches(data: bytes, patches: Iterable[Patch]) -> bytes:
    """The bytes after all patches; several insertions at one place keep the order in which they are given.

    Raises ValueError if two patches overlap.
    """
    out: List[bytes] = []
    done = 0
    for patch in sorted(patches, key=lambda patch: (patch.start, patch.end)):
        if patch.start < done:
            raise ValueError("overlapping patches at byte %d" % patch.start)
        out += (data[done : patch.start], patch.new)
        done = patch.end
    out.append(data[done:])
    return b"".join(out)
