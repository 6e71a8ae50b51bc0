# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The wait until the destinations of a running server answer."""

from __future__ import annotations

import time
from collections import Counter
from typing import Dict, List, NamedTuple, Sequence, Tuple

from .._compare.compare import compare
from .._compare.health import DOWN, HEALTHY, PENDING, UNKNOWN, Health, judge_health, read_timing
from .._rpc.clock import Deadline
from .._text import quoted
from .server import Live, Loadable, pings_active

_PAUSE_SECONDS = 0.5
_NAMED = 20


class Gate(NamedTuple):
    """The health of all destinations, and whether enough of those that are probed have answered."""

    found: Tuple[Health, ...]
    open: bool

    @property
    def counts(self) -> Dict[str, int]:
        """How many there are of each state."""
        return dict(Counter(health.state for health in self.found))


def wait_until_healthy(live: Live, listing: Loadable, since: float, seconds: float, percent: float) -> Gate:
    """Wait until C(percent) of the destinations that are probed have answered, for some seconds at most.

    C(since) is when the list was loaded, in seconds since 1970. Raises KamailioError.
    """
    deadline = Deadline(seconds)
    timing = read_timing(live.evaluation, live.setup)
    while True:
        running = live.connection.destinations()
        pairs = compare(listing.document, listing.skipped, running, live.setup).pairs
        age = time.time() - since
        found = judge_health(running, pairs, live.setup, timing, age, pings_active(live))
        gate = Gate(found, _is_open(found, percent))
        if gate.open or not deadline.pause(_PAUSE_SECONDS):
            return gate


def _is_open(found: Sequence[Health], percent: float) -> bool:
    known = [health for health in found if health.state in (HEALTHY, PENDING, DOWN)]
    return sum(health.state == HEALTHY for health in known) * 100 >= percent * len(known)


def not_answering(gate: Gate) -> List[Health]:
    """Those that are probed and have not answered."""
    return [health for health in gate.found if health.state in (PENDING, DOWN)]


def unknown(gate: Gate) -> List[Health]:
    """Those of which nobody knows, since nothing probes them."""
    return [health for health in gate.found if health.state == UNKNOWN]


def render_not_answering(gate: Gate) -> str:
    """The message about them."""
    found = not_answering(gate)
    known = len(found) + gate.counts.get(HEALTHY, 0)
    lines = ["%d of the %d destinations that are probed have not answered:"]
    lines[0] %= (len(found), known)
    lines += ["  %s: %s" % (name_of(health), health.reason) for health in found[:_NAMED]]
    if len(found) > _NAMED:
        lines.append("  … and %d more, all of them in health" % (len(found) - _NAMED))
    return "\n".join(lines)


def name_of(health: Health) -> str:
    """The destination in a message: C(set 1, sip:…, IP)."""
    return "set %d, %s, %s" % (health.running.setid, quoted(health.running.uri, 80), health.running.letters)
