# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What becomes of the OPTIONS pings of one destination.

The decision is C(ds_check_timer), C(ds_ping_set) and C(ds_options_callback) of Kamailio's
src/modules/dispatcher/dispatch.c, and C(mod_init) of dispatcher.c for the API of tm.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from .._dispatcher.flags import DISABLED, INACTIVE, NO_DNS, NO_PING, PROBING
from .versions import NO_PING_SINCE, Version

NEVER, UNTIL_FIRST_ANSWER, CONTINUOUSLY, UNKNOWN = "never", "until_first_answer", "continuously", "unknown"
MODE_ALL, MODE_INACTIVE, MODE_FLAGGED = 1, 2, 3


class Setup(NamedTuple):
    """What the configuration says about probing.

    C(obstacle) is why there is no probing at all, None if there can be; C(interval) in seconds.
    """

    obstacle: Optional[str]
    interval: int
    mode: int
    version: Version


class Effect(NamedTuple):
    """C(never), C(until_first_answer), C(continuously) or C(unknown), and why."""

    effect: str
    reason: str


def effect_of(flags: int, setup: Setup) -> Effect:
    """Whether a destination with these flags, which answers, is probed."""
    if setup.obstacle:
        return Effect(NEVER, setup.obstacle)
    if flags & DISABLED:
        return Effect(NEVER, "flag 4 (disabled) switches its probing off")
    if setup.version[:2] >= NO_PING_SINCE and flags & (NO_DNS | NO_PING):
        bit = NO_PING if flags & NO_PING else NO_DNS
        return Effect(NEVER, "flag %d switches its probing off from Kamailio 6.0 on" % bit)
    if setup.mode == MODE_ALL:
        return Effect(CONTINUOUSLY, "ds_probing_mode 1 probes every destination, every %d s" % setup.interval)
    if not flags & PROBING:
        return Effect(NEVER, "it has no P flag (8), and ds_probing_mode %d probes only with it" % setup.mode)
    if setup.mode == MODE_FLAGGED:
        return Effect(CONTINUOUSLY, "P flag, and ds_probing_mode 3, every %d s" % setup.interval)
    if setup.mode == MODE_INACTIVE and not flags & INACTIVE:
        return Effect(NEVER, "ds_probing_mode 2 probes only inactive destinations (flags 1 and 8)")
    return Effect(UNTIL_FIRST_ANSWER, "the first answer clears its P flag in ds_probing_mode %d" % setup.mode)
