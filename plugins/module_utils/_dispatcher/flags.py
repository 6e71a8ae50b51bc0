# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The flags of a destination: a number in the file, letters in the RPC, names in a playbook.

The bits are the C(DS_*_DST) of Kamailio's src/modules/dispatcher/dispatch.h, the letters those that the RPC shows.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Union

from .._text import named

INACTIVE, TRYING, DISABLED, PROBING, NO_DNS, NO_PING = 1, 2, 4, 8, 16, 32
ALL_BITS = 63

NAMES: Dict[str, int] = {
    "active": 0,
    "inactive": INACTIVE,
    "trying": TRYING,
    "disabled": DISABLED,
    "probing": PROBING,
    "no_dns": NO_DNS,
    "no_ping": NO_PING,
}
STATES: Dict[str, int] = {"A": 0, "I": INACTIVE, "D": DISABLED, "T": TRYING}
MODES: Dict[str, int] = {"P": PROBING, "N": NO_PING, "X": 0}

LETTERS = re.compile(r"[%s][%s]\Z" % ("".join(STATES), "".join(MODES)))


def parse_flags(value: Union[int, str, Iterable[str]]) -> int:
    """The number for a number (0 to 63), two letters such as C(AP), or names.

    Raises ValueError with a text for people.
    """
    if isinstance(value, bool):
        raise ValueError("is a truth value; flags are a number, two letters such as AP, or a list of names")
    if isinstance(value, int):
        return _check_range(value)
    if isinstance(value, str):
        text = value.strip()
        if re.match(r"[0-9]+\Z", text):
            return _check_range(int(text[:20]))
        if LETTERS.match(text.upper()):
            return STATES[text[0].upper()] | MODES[text[1].upper()]
        if text.lower() in NAMES:
            return NAMES[text.lower()]
        raise ValueError(
            "%s is not a number, not two letters (A, I, D or T, then P, N or X) and not one of the names %s"
            % (named(value), ", ".join(NAMES))
        )
    if not isinstance(value, (list, tuple)):
        raise ValueError("is neither a number, nor letters, nor a list of names")
    return _parse_names(value)


def _check_range(number: int) -> int:
    if not 0 <= number <= ALL_BITS:
        raise ValueError("%d is out of range: the bits that the server knows are 0 to %d" % (number, ALL_BITS))
    return number


def _parse_names(names: Iterable[object]) -> int:
    flags, seen = 0, set()
    for name in names:
        key = name.strip().lower() if isinstance(name, str) else ""
        if key not in NAMES:
            raise ValueError("%s is not one of the names %s" % (named(name), ", ".join(NAMES)))
        seen.add(key)
        flags |= NAMES[key]
    if "active" in seen and seen & {"inactive", "disabled"}:
        raise ValueError("active excludes inactive and disabled")
    return flags


def render_letters(flags: int, shows_no_ping: bool = True) -> str:
    """The two letters that the RPC shows; N for flag 32 is shown from Kamailio 6.0 on."""
    state = "I" if flags & INACTIVE else "D" if flags & DISABLED else "T" if flags & TRYING else "A"
    return state + ("P" if flags & PROBING else "N" if shows_no_ping and flags & NO_PING else "X")


def render_names(flags: int) -> List[str]:
    """The names of the set bits, in the order of the bits; C(active) where no state bit is set."""
    names = [name for name, bit in NAMES.items() if bit and flags & bit]
    return names if flags & (INACTIVE | TRYING | DISABLED) else ["active", *names]
