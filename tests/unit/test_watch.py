# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is watched, by flags, list and what becomes of the pings."""

from __future__ import annotations

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.effect import (
    CONTINUOUSLY,
    NEVER,
    UNKNOWN,
    UNTIL_FIRST_ANSWER,
    Effect,
    EffectName,
    asks_for_probing,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.setup import Setup
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.watch import (
    Listed,
    Watch,
    WatchKind,
    watch_listed,
    watch_running,
    without_pings,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.sockets import UNKNOWN_SOCKETS
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

NEWEST = Version(6, 1)


def setup_of(mode: int, release: Version = NEWEST) -> Setup:
    return Setup(None, "first", 10, mode, 1, None, None, UNKNOWN_SOCKETS, release)


@pytest.mark.parametrize(
    ("mode", "release", "flags", "asks"),
    [
        (0, Version(6, 1), 0, False),
        (0, Version(6, 1), 8, True),
        (0, Version(6, 1), 12, False),
        (3, Version(6, 1), 40, True),
        (1, Version(6, 1), 0, True),
        (1, Version(6, 1), 4, False),
        (1, Version(6, 1), 16, True),
        # The list says it itself: no pings.
        (1, Version(6, 1), 32, False),
        (1, Version(6, 1), 48, False),
        (1, Version(5, 6), 32, True),
    ],
)
def test_flags_or_mode_ask_for_probing(mode: int, release: Version, flags: int, asks: bool) -> None:
    assert asks_for_probing(flags, setup_of(mode, release)) is asks
    unread = setup_of(mode, release)._replace(obstacle="the server reads its database, not this file")
    assert asks_for_probing(flags, unread) is False


@pytest.mark.parametrize(
    ("flags", "effect", "kind"),
    [
        (8, CONTINUOUSLY, "watched"),
        (8, UNTIL_FIRST_ANSWER, "once"),
        (8, UNKNOWN, "unknown"),
        (8, NEVER, "blind"),
        (0, NEVER, "not_asked"),
        (12, NEVER, "not_asked"),
    ],
)
def test_watch_of_a_listed_destination(flags: int, effect: EffectName, kind: WatchKind) -> None:
    assert watch_listed(Listed(flags, Effect(effect, "why")), setup_of(0)) == Watch(kind, Effect(effect, "why"))


@pytest.mark.parametrize(
    ("flags", "effect", "listed", "kind", "reason"),
    [
        (8, CONTINUOUSLY, None, "watched", "runs"),
        (8, NEVER, None, "blind", "runs"),
        (0, NEVER, None, "not_asked", "runs"),
        (0, NEVER, (0, NEVER), "not_asked", "runs"),
        # Kamailio 6.1 has cleared the flag.
        (0, NEVER, (8, NEVER), "blind", "list"),
        # Its state has been changed, and its flag is gone with that.
        (0, NEVER, (8, CONTINUOUSLY), "blind", "runs"),
        (1, NEVER, (8, UNTIL_FIRST_ANSWER), "blind", "runs"),
        (0, NEVER, (8, UNTIL_FIRST_ANSWER), "once", "no more: its first answer has cleared its P flag"),
        # A ping has failed, or a call.
        (2, NEVER, (8, UNTIL_FIRST_ANSWER), "blind", "runs"),
        # It is out of service, by an operator or by the list.
        (4, NEVER, (8, NEVER), "not_asked", "runs"),
        (12, NEVER, (12, NEVER), "not_asked", "runs"),
        (0, NEVER, (12, NEVER), "not_asked", "runs"),
        # An operator has enabled it again, with probing.
        (8, NEVER, (12, NEVER), "blind", "runs"),
    ],
)
def test_watch_of_a_running_destination(
    flags: int, effect: EffectName, listed: tuple[int, EffectName] | None, kind: WatchKind, reason: str
) -> None:
    said = Listed(listed[0], Effect(listed[1], "list")) if listed else None
    found = watch_running(flags, Effect(effect, "runs"), said, setup_of(0))
    assert (found.kind, found.effect.effect, found.effect.reason) == (kind, effect, reason)


@pytest.mark.parametrize("kind", ["watched", "once"])
def test_without_pings_what_was_probed_is_blind(kind: WatchKind) -> None:
    found = without_pings(Watch(kind, Effect(CONTINUOUSLY, "why")))
    assert (found.kind, found.effect.effect) == ("blind", NEVER)


@pytest.mark.parametrize("kind", ["blind", "not_asked", "unknown"])
def test_without_pings_the_rest_stays(kind: WatchKind) -> None:
    watch = Watch(kind, Effect(NEVER, "why"))
    assert without_pings(watch) == watch
