# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Whether destinations answer, as far as a server can tell.

A destination that is dead shows C(AP) until pings have failed often enough, so the letters alone do not say it.
"""

from __future__ import annotations

import math
from typing import Dict, Final, List, Literal, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._analysis.effect import CONTINUOUSLY, NEVER, UNTIL_FIRST_ANSWER, Effect, effects_of
from .._analysis.setup import MODE_ALL, Setup, number_of, ping_timeout
from .._analysis.source import Probed
from .._config.model import Evaluation
from .._dispatcher.flags import PROBING
from .._rpc.dispatcher import Running
from .compare import Pair, running_effects

HealthState = Literal["healthy", "pending", "down", "disabled", "unknown"]
HEALTHY: Final = "healthy"
PENDING: Final = "pending"
DOWN: Final = "down"
DISABLED: Final = "disabled"
UNKNOWN: Final = "unknown"
# The timers of a busy server are late, and a ping that nobody answered yet is no answer.
_LATE_SECONDS = 2.0


class Timing(NamedTuple):
    """When a destination that still looks well has proved it: C(window) seconds after the load, None if not known.

    C(measures) says whether the server measures round trips, C(keeps_latency) whether statistics outlive a reload, so
    that they do not tell of the time since. C(text) is what the window is made of.
    """

    window: Optional[float]
    measures: bool
    keeps_latency: bool
    text: str

    @property
    def least(self) -> int:
        """The window in whole seconds."""
        return math.ceil(self.window or 0)


class Health(NamedTuple):
    """C(state) of a destination, and why."""

    running: Running
    state: HealthState
    reason: str


def read_timing(evaluation: Evaluation, setup: Setup) -> Timing:
    """The timing of a configuration: threshold times interval, the timer of tm, and a reserve."""
    timeout = ping_timeout(evaluation)
    threshold = max(1, number_of(evaluation, "ds_probing_threshold", 1))
    text = "ds_probing_threshold %d times ds_ping_interval %d s, %g s until a ping counts as unanswered, and %g s more"
    return Timing(
        window=None if timeout is None else threshold * setup.interval + timeout + _LATE_SECONDS,
        measures=bool(number_of(evaluation, "ds_ping_latency_stats", 0)),
        keeps_latency=bool(number_of(evaluation, "ds_retain_latency_stats", 0)),
        text=text % (threshold, setup.interval, timeout or 0, _LATE_SECONDS),
    )


def judge_health(
    running: Sequence[Running],
    pairs: Sequence[Pair],
    setup: Setup,
    timing: Timing,
    age: float,
    proofs: Mapping[int, str],
) -> Tuple[Health, ...]:
    """The health of all that runs, on a server whose pings go on; C(age) is the seconds since the list was loaded.

    C(proofs) is what else tells of an answer, by the start of the destination.
    """
    answered, failed = _told_by_flags(pairs, setup)
    answered = {**proofs, **answered}
    found: List[Health] = []
    for destination, effect in zip(running, running_effects(running, setup)):
        if destination.start in failed:
            reason = "its ping has failed, which has cleared its P flag"
            found.append(Health(destination, DOWN, reason))
        else:
            found.append(_judge(destination, effect, answered.get(destination.start), timing, age))
    return tuple(found)


def only_time_proves(
    destinations: Sequence[Probed], setup: Setup, timing: Timing, skipped: Dict[int, str]
) -> List[Probed]:
    """Those of a list of which the server shows only by its timers that they answer."""
    if timing.measures and not timing.keeps_latency:
        return []
    effects = effects_of(destinations, setup, skipped)
    return [
        destination
        for destination, effect in zip(destinations, effects)
        if effect.effect == CONTINUOUSLY and not (setup.mode == MODE_ALL and not destination.flags & PROBING)
    ]


def _told_by_flags(pairs: Sequence[Pair], setup: Setup) -> Tuple[Dict[int, str], Set[int]]:
    """What a P flag tells that is not as the list has it, by start: of an answer, and of a ping that has failed."""
    effects = effects_of([pair.listed for pair in pairs], setup, {})
    answered: Dict[int, str] = {}
    failed: Set[int] = set()
    for (listed, running), effect in zip(pairs, effects):
        if effect.effect == UNTIL_FIRST_ANSWER and not running.flags & PROBING:
            if running.letters[0] in "IT":
                failed.add(running.start)
            else:
                answered[running.start] = "it has answered, which has cleared its P flag"
        elif setup.mode == MODE_ALL and effect.effect == CONTINUOUSLY and running.flags & PROBING & ~listed.flags:
            answered[running.start] = "it has answered, which has set its P flag"
    return answered, failed


def _judge(
    running: Running,
    effect: Effect,
    answered: Optional[str],
    timing: Timing,
    age: float,
) -> Health:
    state = running.letters[0]
    if state == "D":
        return Health(running, DISABLED, "it is disabled")
    if answered and state == "A":
        return Health(running, HEALTHY, answered)
    if effect.effect == NEVER:
        return Health(running, UNKNOWN, effect.reason)
    if state == "I":
        return Health(running, DOWN, "it is inactive")
    if state == "T":
        return Health(running, PENDING, "it has not answered the last ping")
    if running.latency and running.latency.maximum > 0 and not timing.keeps_latency:
        return Health(running, HEALTHY, "it has answered within %d ms" % running.latency.maximum)
    if effect.effect == CONTINUOUSLY and timing.window is not None:
        if age > timing.window:
            return Health(running, HEALTHY, "no ping has failed for %.0f s" % age)
        text = "no ping has failed yet; a server with these timers shows after %d s that it answers"
        return Health(running, PENDING, text % timing.least)
    return Health(running, PENDING, "no ping has been answered yet, as far as the server tells")
