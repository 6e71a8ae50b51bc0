# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""Flags in a form that the server does not read, and the number that was meant."""

from __future__ import annotations

import re
from typing import Collection, NamedTuple, Optional

from .._errors import error
from .._patch import Patch, apply_patches
from .._versions import Version
from .document import Destination, parse_document
from .flags import LETTERS, MODES, STATES

_HEX_REST = re.compile(rb"[xX]([0-9a-fA-F]{1,7})\Z")


class Meant(NamedTuple):
    """The bytes C(start:end) of the file, and the flags that they mean."""

    start: int
    end: int
    flags: int


def meant_flags(destination: Destination) -> Optional[Meant]:
    """Letters such as C(AP), or a hexadecimal number that this server takes apart; None where neither stands."""
    flags, attrs = destination.flags_span, destination.attrs_span
    if flags[1] != attrs[0]:
        return None
    letters = destination.attrs.decode("latin-1").upper()
    if flags[0] == flags[1] and LETTERS.match(letters):
        return Meant(*attrs, STATES[letters[0]] | MODES[letters[1]])
    hexadecimal = _HEX_REST.match(destination.attrs)
    if destination.flags == 0 and flags[1] == flags[0] + 1 and hexadecimal:
        return Meant(flags[0], attrs[1], int(hexadecimal.group(1), 16))
    return None


def mend_flags(data: bytes, version: Version, lines: Collection[int], path: str) -> bytes:
    """The file with the flags of these lines as decimal numbers, wherever they can be. Raises KamailioError."""
    document = parse_document(data, version)
    found = [
        (destination, meant_flags(destination)) for destination in document.destinations if destination.line in lines
    ]
    meant = {
        destination.line: what for destination, what in found if what and destination.line not in document.long_lines
    }
    result = apply_patches(data, [Patch(what.start, what.end, b"%d" % what.flags) for what in meant.values()])
    after = {destination.line: destination.flags for destination in parse_document(result, version).destinations}
    for line, what in meant.items():
        if after.get(line) != what.flags:
            raise error("its flags cannot be corrected", "Write the number by hand", path, line)
    return result
