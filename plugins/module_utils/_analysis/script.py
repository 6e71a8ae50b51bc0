# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What is wrong between the routing script, the parameters of dispatcher and the list.

The server's side of it is C(ds_manage_routes), C(ds_update_dst) and C(ds_mark_dst_mode) of Kamailio's
src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Tuple

from .._config.model import Call, Evaluation, Load
from .._dispatcher.attributes import read_attrs
from .._dispatcher.document import leading_int
from .._dispatcher.flags import PROBING
from .._dispatcher.order import in_server_order
from .._text import quoted
from .._versions import ALGORITHMS, Version
from .findings import Finding, found_at, found_in
from .routing import HASH_OF_VARIABLE, LATENCY, LOAD, Choice, Routing, number_in
from .setup import MODE_ALL, Setup, number_of, text_of
from .source import D, Source

FAILOVER = 2
_FAILS = "kamailio -c passes, and the next start fails"
# They do nothing but log a warning without the bit of C(flags) that switches failover on.
_OF_FAILOVER = ("ds_next_dst", "ds_next_domain", "ds_mark_dst")
_MARKING = ("ds_mark_dst", "ds_mark_addr")
_ASKING = ("ds_list_exist", "ds_list_exists")


def script_findings(evaluation: Evaluation, setup: Setup) -> Iterator[Finding]:
    """Calls that cannot do what they are for with the parameters of dispatcher."""
    routing = setup.routing
    yield from _failover(evaluation, routing)
    for choice in _first_of_each(routing.choices):
        yield from _algorithm(evaluation, choice, setup.version)
    if routing.engine and not routing.calls_of(*_OF_FAILOVER) and not _fails_over(evaluation):
        yield _not_read(routing.engine)


def _not_read(engine: Load) -> Finding:
    text = "%s can run a script in another language, whose calls are not read here: what they ask of the destinations"
    return found_at("script-not-read", engine.place, text % engine.name + " is not checked")


def _fails_over(evaluation: Evaluation) -> bool:
    """Whether failover is switched on, as far as that is known."""
    param = evaluation.param("dispatcher", "flags")
    return param is not None and (not isinstance(param.value, int) or bool(param.value & FAILOVER))


def _failover(evaluation: Evaluation, routing: Routing) -> Iterator[Finding]:
    calls = routing.calls_of(*_OF_FAILOVER)
    if not calls or _fails_over(evaluation):
        return
    names = sorted({call.name for call in calls})
    text = "failover is off, and %s (%d call%s) only write%s a warning to the log" % (
        " and ".join(names),
        len(calls),
        "" if len(calls) == 1 else "s",
        "s" if len(names) == 1 else "",
    )
    flags = number_of(evaluation, "flags", 0) | FAILOVER
    remedy = 'Set modparam("dispatcher", "flags", %d), or take the calls out' % flags
    yield found_at("failover-off", calls[0].place, text, remedy)


def _first_of_each(choices: Tuple[Choice, ...]) -> List[Choice]:
    """The first choice by each algorithm."""
    return list({choice.algorithm: choice for choice in reversed(choices)}.values())


def _algorithm(evaluation: Evaluation, choice: Choice, version: Version) -> Iterator[Finding]:
    algorithm, call = choice.algorithm, choice.call
    if algorithm is None:
        return
    if not version.has_algorithm(algorithm):
        later = ", which came with %d.%d" % ALGORITHMS[algorithm] if algorithm in ALGORITHMS else ""
        text = "Kamailio %s does not have algorithm %d%s: %s takes the first destination of the set"
        text %= (version.series, algorithm, later, call.name)
        yield found_at("algorithm-unknown", call.place, text)
    elif algorithm == HASH_OF_VARIABLE and not text_of(evaluation, "hash_pvar") and _is_known(evaluation, "hash_pvar"):
        text = "%s chooses by algorithm 7, and hash_pvar is not set: the call fails" % call.name
        yield found_at("hash-pvar-missing", call.place, text)
    elif algorithm == LOAD and _counts_nothing(evaluation):
        text = (
            "%s chooses by algorithm 10, and ds_hash_size is not set: no calls are counted, and all of them go to the "
        )
        yield found_at("load-not-counted", call.place, text % call.name + "first destination, whatever its maxload is")


def _counts_nothing(evaluation: Evaluation) -> bool:
    return _is_known(evaluation, "ds_hash_size") and number_of(evaluation, "ds_hash_size", 0) <= 0


def _is_known(evaluation: Evaluation, name: str) -> bool:
    """Whether a parameter is not set, or set to a value that is known here."""
    param = evaluation.param("dispatcher", name)
    return param is None or param.value is not None


def list_findings(
    evaluation: Evaluation, source: Source[D], setup: Setup, skipped: Dict[int, str]
) -> Iterator[Finding]:
    """What the script and the parameters ask of destinations, and these cannot give."""
    loaded = [destination for destination in source.destinations if destination.start not in skipped]
    if not loaded:
        return
    yield from _nobody_probed(evaluation, loaded, setup)
    sets: Dict[int, List[D]] = {}
    for destination in loaded:
        sets.setdefault(destination.setid, []).append(destination)
    yield from _missing_sets(source, setup.routing)
    if setup.version.has_algorithm(LATENCY):
        yield from _latency(evaluation, sets, setup.routing)
    if setup.version.dies_of_congestion and setup.interval and setup.tm == "first":
        yield from _deadly_congestion(evaluation, source, sets)
    yield from _loads(evaluation, source, sets, setup.routing)
    if setup.routing.default_aside:
        yield from _defaults(source, sets)


def _nobody_probed(evaluation: Evaluation, loaded: List[D], setup: Setup) -> Iterator[Finding]:
    """An interval for nobody: without a P flag only mode 1 probes."""
    interval = evaluation.param("dispatcher", "ds_ping_interval")
    if interval is None or not setup.interval or setup.tm != "first" or setup.mode == MODE_ALL:
        return
    if any(destination.flags & PROBING for destination in loaded):
        return
    if not setup.routing.complete:
        if setup.routing.engine and _fails_over(evaluation):
            yield _not_read(setup.routing.engine)
        return
    if any(_may_set_probing(call) for call in setup.routing.calls_of(*_MARKING)):
        return
    text = (
        "no destination is ever probed: ds_probing_mode %d probes those with the P flag (8), and no destination has it"
    )
    text += ", nor does the script set it; what is set by RPC cannot be seen here"
    yield found_at("interval-without-probing", interval.place, text % setup.mode)


def _may_set_probing(call: Call) -> bool:
    if not call.args:
        return False
    state = call.args[0]
    return state is None or b"$" in state or b"p" in state.lower()


def _missing_sets(source: Source[D], routing: Routing) -> Iterator[Finding]:
    there = {destination.setid for destination in source.destinations}
    asked = {number_in(call, 0) for call in routing.calls_of(*_ASKING)}
    seen = set()
    for choice in routing.choices:
        setid = choice.setid
        if setid is None or setid in there or setid in asked or None in asked or setid in seen:
            continue
        seen.add(setid)
        text = "%s chooses from set %d, which %s does not have: the call fails" % (choice.call.name, setid, source.name)
        yield found_at("set-missing", choice.call.place, text)


def _latency(evaluation: Evaluation, sets: Dict[int, List[D]], routing: Routing) -> Iterator[Finding]:
    """Algorithm 13 without anything that it could compare."""
    names = ("ds_ping_latency_stats", "ds_ping_interval")
    if all(number_of(evaluation, name, 0) > 0 or not _is_known(evaluation, name) for name in names):
        return
    uses = [choice for choice in routing.choices if choice.algorithm == LATENCY]
    told = {setid for setid, members in sets.items() if uses and any(map(_has_latency, members))}
    for choice in uses:
        if choice.setid is not None and (choice.setid in told or choice.setid not in sets):
            continue
        if choice.setid is None and told:
            continue
        text = "%s chooses by algorithm 13, and no latency is measured: only the priorities count"
        yield found_at("latency-not-measured", choice.call.place, text % choice.call.name)
        return


def _deadly_congestion(evaluation: Evaluation, source: Source[D], sets: Dict[int, List[D]]) -> Iterator[Finding]:
    """Sets of destinations with cc, of which one without a weight is always as congested as the server looks for."""
    if number_of(evaluation, "ds_ping_latency_stats", 0) <= 0:
        return
    for setid, members in sets.items():
        without = [member for member in members if _number_in(member, b"weight") <= 0]
        if without and all(_number_in(member, b"cc") for member in members):
            text = "all destinations of set %d have cc, and %d of them no weight: the server divides by zero and dies "
            text += "at the first answer" if without == members else "when the others are congested"
            yield found_in("cc-without-weight", source.name, source.line_of(without[0]), text % (setid, len(without)))


def _loads(evaluation: Evaluation, source: Source[D], sets: Dict[int, List[D]], routing: Routing) -> Iterator[Finding]:
    """A maxload where no calls are counted, and it is not known how they are chosen."""
    if not _counts_nothing(evaluation) or any(choice.algorithm == LOAD for choice in routing.choices):
        return
    for setid, members in sets.items():
        limited = [
            member for member in members if b"maxload" in member.attrs.lower() and _number_in(member, b"maxload") > 0
        ]
        if limited and routing.may_use(LOAD, setid):
            text = "%d of the destinations of set %d have a maxload, and ds_hash_size is not set: no calls are counted"
            yield found_in("load-not-counted", source.name, source.line_of(limited[0]), text % (len(limited), setid))


def _has_latency(destination: D) -> bool:
    return bool(read_attrs(destination.attrs).value(b"latency"))


def _number_in(destination: D, name: bytes) -> int:
    return leading_int(read_attrs(destination.attrs).value(name) or b"")


def _defaults(source: Source[D], sets: Dict[int, List[D]]) -> Iterator[Finding]:
    """The last destination of a set, where it is so only by its place in the file."""
    for setid, members in sets.items():
        ordered = in_server_order(members)
        if len(ordered) < 2 or ordered[-1].priority < ordered[-2].priority:
            continue
        text = (
            "use_default sets the last destination of set %d aside: of equal priorities that is the first of the file, "
        )
        text = text % setid + "%s, which gets calls only if no other destination can take them" % quoted(
            ordered[-1].uri, 80
        )
        yield found_in("default-by-place", source.name, source.line_of(ordered[-1]), text)
