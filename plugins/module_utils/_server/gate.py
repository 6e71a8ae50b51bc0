# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The wait until the destinations of a running server answer."""

from __future__ import annotations

import time
from collections import Counter
from typing import AbstractSet, Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._analysis.effect import NEVER, effects_of
from .._analysis.setup import counts_as_answer, read_setup, text_of
from .._compare.compare import compare, running_effects, server_uri
from .._compare.health import DOWN, HEALTHY, PENDING, UNKNOWN, Health, judge_health, only_time_proves, read_timing
from .._config.model import Evaluation
from .._errors import KamailioError, error
from .._rpc.clock import Deadline
from .._rpc.dispatcher import Running
from .._text import quoted, show
from .probe import Probe, targets_of
from .server import Live, Loadable, pings_active

_PAUSE_SECONDS = 0.5
_NAMED = 20

# A set and a URI.
Name = Tuple[int, bytes]


class Gate(NamedTuple):
    """The health of all destinations, and whether enough of those that are probed have answered.

    C(down_before) are those that did not answer before the change either, and are not waited for.
    """

    found: Tuple[Health, ...]
    open: bool
    down_before: FrozenSet[Name] = frozenset()

    @property
    def counts(self) -> Dict[str, int]:
        """How many there are of each state."""
        return dict(Counter(health.state for health in self.found))


class Waiting(NamedTuple):
    """How long to wait, and for what: C(percent) of those that are probed, but C(down_before).

    C(asks) says whether the task sends pings of its own, which show an answer at once.
    """

    seconds: float
    percent: float
    asks: bool
    down_before: FrozenSet[Name] = frozenset()


def waiting_of(params: Mapping[str, Any], down_before: AbstractSet[Name]) -> Waiting:
    """The wait that a task asks for."""
    return Waiting(
        params["healthy_timeout"], params["healthy_percent"], params["healthy_probe"], frozenset(down_before)
    )


def down_now(running: Sequence[Running]) -> FrozenSet[Name]:
    """The destinations that have not answered, or are inactive by hand: in C(ds_probing_mode) 0 both look the same."""
    return frozenset(_name(destination) for destination in running if destination.letters[0] in "IT")


def _name(running: Running) -> Name:
    return running.setid, running.uri


def require_possible(live: Live, listing: Loadable, evaluation: Evaluation, waiting: Waiting, age: float) -> None:
    """Refuse a wait that cannot end well, before anything is changed: C(age) is for how long the list will have run.

    C(evaluation) is that of the configuration with which the server will run. Raises KamailioError.
    """
    setup = live.setup if evaluation is live.evaluation else read_setup(evaluation, live.version)
    destinations = [
        destination
        for destination in listing.document.destinations
        if (destination.setid, server_uri(destination.uri)) not in waiting.down_before
    ]
    effects = effects_of(destinations, setup, listing.skipped)
    probed = sum(effect.effect != NEVER for effect in effects)
    if not probed:
        return
    if "dispatcher" in live.modules and not pings_active(live):
        raise _without_pings()
    timing = read_timing(evaluation, setup)
    slow = only_time_proves(destinations, setup, timing, listing.skipped)
    if waiting.asks and slow:
        asked = {target.uri for target in targets_of(slow, evaluation)}
        slow = [destination for destination in slow if server_uri(destination.uri) not in asked]
    early = (probed - len(slow)) * 100 >= waiting.percent * probed
    if not early and timing.window is not None and timing.window - age > waiting.seconds:
        text = (
            "healthy_timeout is %g s, and of %d of its %d destinations this server shows only after %d s that they "
            "answer: %s"
        )
        raise error(
            text % (waiting.seconds, len(slow), probed, timing.least, timing.text),
            "Nothing has been changed. Wait for so long, or set ds_ping_latency_stats, or a shorter fr_timer of tm",
        )


def _without_pings() -> KamailioError:
    """The error where nothing is pinged, and a gate would open for dead destinations."""
    text = "dispatcher.ping_active has stopped the pings of the server, so nothing shows whether destinations answer"
    return error(text, "Resume them (dispatcher_state with pings active), or set healthy_timeout to 0")


def wait_until_healthy(live: Live, listing: Loadable, since: float, waiting: Waiting) -> Gate:
    """Wait until enough of the destinations that are probed have answered.

    C(since) is when the list was loaded, in seconds since 1970. Raises KamailioError.
    """
    deadline = Deadline(waiting.seconds)
    timing = read_timing(live.evaluation, live.setup)
    running = live.connection.destinations()
    probed = [
        destination
        for destination, effect in zip(running, running_effects(running, live.setup))
        if effect.effect != NEVER
    ]
    with _probe(live, probed if waiting.asks else []) as probe:
        while True:
            if probed and not pings_active(live):
                raise _without_pings()
            pairs = compare(listing.document, listing.skipped, running, live.setup).pairs
            proofs = _proofs(running, probe)
            found = judge_health(running, pairs, live.setup, timing, time.time() - since, proofs)
            gate = Gate(found, _is_open(found, waiting), waiting.down_before)
            if gate.open or deadline.passed():
                return gate
            probe.ask(min(_PAUSE_SECONDS, deadline.left()))
            running = live.connection.destinations()


def _probe(live: Live, probed: Sequence[Running]) -> Probe:
    return Probe(
        targets_of(probed, live.evaluation),
        text_of(live.evaluation, "ds_ping_method"),
        lambda code: counts_as_answer(live.evaluation, code),
    )


def _proofs(running: Sequence[Running], probe: Probe) -> Dict[int, str]:
    text = "it has answered a ping of this task with %d"
    return {
        destination.start: text % probe.answered[destination.uri]
        for destination in running
        if destination.uri in probe.answered
    }


def _is_open(found: Sequence[Health], waiting: Waiting) -> bool:
    known = [
        health
        for health in found
        if health.state == HEALTHY
        or (health.state in (PENDING, DOWN) and _name(health.running) not in waiting.down_before)
    ]
    return sum(health.state == HEALTHY for health in known) * 100 >= waiting.percent * len(known)


def not_answering(gate: Gate) -> List[Health]:
    """Those that are probed and have not answered."""
    return [health for health in gate.found if health.state in (PENDING, DOWN)]


def unknown(gate: Gate) -> List[Health]:
    """Those of which nobody knows, since nothing probes them."""
    return [health for health in gate.found if health.state == UNKNOWN]


def render_not_answering(gate: Gate) -> str:
    """The message about those that keep a gate closed."""
    found = [health for health in not_answering(gate) if _name(health.running) not in gate.down_before]
    known = len(found) + gate.counts.get(HEALTHY, 0)
    lines = ["%d of the %d destinations that are probed have not answered:" % (len(found), known)]
    lines += ["  %s: %s" % (name_of(health), health.reason) for health in found[:_NAMED]]
    if len(found) > _NAMED:
        lines.append("  … and %d more, all of them in health" % (len(found) - _NAMED))
    return "\n".join([*lines, *render_down_before(gate)])


def render_down_before(gate: Gate) -> List[str]:
    """What to say about those that did not answer before the change either, nothing if there are none."""
    found = [health for health in not_answering(gate) if _name(health.running) in gate.down_before]
    if not found:
        return []
    shown = ", ".join(name_of(health) for health in found[:_NAMED])
    more = ", … and %d more" % (len(found) - _NAMED) if len(found) > _NAMED else ""
    text = "%d did not answer before the change either, and %s not waited for: %s%s"
    return [text % (len(found), "is" if len(found) == 1 else "are", shown, more)]


def name_of(health: Health) -> str:
    """The destination in a message: C(set 1, sip:…, IP)."""
    return "set %d, %s, %s" % (health.running.setid, quoted(health.running.uri, 80), health.running.letters)


def describe_names(names: AbstractSet[Name]) -> List[Dict[str, Any]]:
    """Sets and URIs as dicts."""
    return [{"setid": setid, "uri": show(uri)} for setid, uri in sorted(names)]


def named_names(names: Optional[Sequence[Mapping[str, Any]]]) -> FrozenSet[Name]:
    """The same out of dicts."""
    return frozenset((entry["setid"], entry["uri"].encode("utf-8", "surrogateescape")) for entry in names or ())
