# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Whether a destination is watched, and whether anybody asks for it."""

from __future__ import annotations

from typing import Dict, Final, Literal, NamedTuple, Optional

from .._dispatcher.flags import DISABLED, INACTIVE, TRYING
from .effect import CONTINUOUSLY, NEVER, UNKNOWN, UNTIL_FIRST_ANSWER, Effect, EffectName, asks_for_probing
from .setup import Setup

WatchKind = Literal["blind", "once", "not_asked", "watched", "unknown"]
BLIND: Final = "blind"
ONCE: Final = "once"
NOT_ASKED: Final = "not_asked"
WATCHED: Final = "watched"
_BY_EFFECT: Dict[EffectName, WatchKind] = {CONTINUOUSLY: WATCHED, UNTIL_FIRST_ANSWER: ONCE, UNKNOWN: UNKNOWN}


class Watch(NamedTuple):
    """C(kind) is C(blind), C(once), C(not_asked), C(watched) or C(unknown); C(effect) is what it follows from.

    A C(blind) destination is to be probed, by its flags or by C(ds_probing_mode) 1, and nothing does it. A C(once)
    destination is probed until its first ping has ended, or been answered, and that may have happened already.
    """

    kind: WatchKind
    effect: Effect


class Listed(NamedTuple):
    """What the list says of a destination: its flags, and their C(effect) as soon as the server has loaded them."""

    flags: int
    effect: Effect


def watch_listed(listed: Listed, setup: Setup) -> Watch:
    """Return whether a destination is watched once a server has loaded it."""
    flags, effect = listed
    if effect.effect != NEVER:
        return Watch(_BY_EFFECT[effect.effect], effect)
    return Watch(BLIND if asks_for_probing(flags, setup) else NOT_ASKED, effect)


def watch_running(flags: int, effect: Effect, listed: Optional[Listed], setup: Setup) -> Watch:
    """Return whether a running destination is watched; C(listed) is None if it is not in the list.

    The flags of the list count as well: Kamailio 6.1 clears a P flag that it cannot obey, the first answer clears it in
    C(ds_probing_mode) 0, and so does a ping that fails, or a change of state.
    """
    runs = watch_listed(Listed(flags, effect), setup)
    if runs.kind != NOT_ASKED or flags & DISABLED or listed is None or not asks_for_probing(listed.flags, setup):
        return runs
    if listed.effect.effect == UNTIL_FIRST_ANSWER and not flags & (INACTIVE | TRYING):
        return Watch(ONCE, Effect(NEVER, "no more: its first answer has cleared its P flag"))
    return Watch(BLIND, listed.effect if listed.effect.effect == NEVER else effect)


def without_pings(watch: Watch) -> Watch:
    """Return what becomes of a running destination while C(dispatcher.ping_active) stops all pings."""
    if watch.kind not in (WATCHED, ONCE):
        return watch
    return Watch(BLIND, Effect(NEVER, "pings are stopped with dispatcher.ping_active"))
