# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""States that somebody wishes for, and the calls that bring them about.

What C(dispatcher.set_state) can and cannot do is C(dispatcher_rpc_set_state_helper) of Kamailio's
src/modules/dispatcher/dispatcher.c: C(d) takes no probing, and every call sets all flags anew, 16 and 32 included.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Literal, NamedTuple, Optional, Sequence, Tuple

from .._analysis.effect import NEVER, UNTIL_FIRST_ANSWER, Effect
from .._analysis.setup import Setup
from .._config.model import Evaluation
from .._dispatcher.flags import DISABLED, INACTIVE, NO_DNS, NO_PING, PROBING, TRYING
from .._errors import KamailioError, Problem
from .._rpc.dispatcher import Running
from .._text import named, quoted
from .compare import running_effects, server_uri
from .gateway import is_meant
from .restore import Names, SetState

StateName = Literal["active", "inactive", "trying", "disabled"]
STATES: Dict[StateName, int] = {"active": 0, "inactive": INACTIVE, "trying": TRYING, "disabled": DISABLED}
_SELECTS = re.compile(rb"\bds_select(?:_dst|_domain|_routes)?\s*\(([^)]{0,1000})\)")
_ALGORITHM = re.compile(rb"[\"']?([0-9]{1,9})[\"']?\Z")
_CALL_LOAD = 10
# What an entry can name its destinations by.
_NAMES = ("uri", "duid", "gateway")


class StateWish(NamedTuple):
    """A state for a destination of a set, or for all of them where neither C(uri), C(duid) nor C(gateway) is given.

    C(gateway) is as for C(is_meant), in every set where C(setid) is None. C(probing) is None where it is to stay as it
    is.
    """

    setid: Optional[int]
    uri: Optional[bytes]
    duid: Optional[bytes]
    gateway: Optional[bytes]
    state: StateName
    probing: Optional[bool]


class StateChange(NamedTuple):
    """A destination that changes: its flags afterwards, and what becomes of its pings then."""

    running: Running
    code: str
    flags: int
    effect: Effect


class StatesPlan(NamedTuple):
    """C(changes) are the destinations that change, C(calls) what brings that about.

    C(disabled) are all that are to be disabled, whether they are already or not.
    """

    disabled: Tuple[Running, ...]
    changes: Tuple[StateChange, ...]
    calls: Tuple[SetState, ...]
    warnings: Tuple[str, ...]


def parse_wishes(entries: Sequence[Dict[str, Any]]) -> List[StateWish]:
    """The wishes of a task. Raises KamailioError with all that is wrong with them."""
    problems, wishes = [], []
    for index, entry in enumerate(entries):
        where = "destinations[%d]" % index
        names = [name for name in _NAMES if entry[name] is not None]
        if len(names) > 1:
            text = "%s gives %s" % (where, " and ".join(names))
            problems.append(Problem(text, "Give one of them, or none for a whole set"))
        if entry["setid"] is None and "gateway" not in names:
            problems.append(Problem("%s has no setid" % where, "Give the set, or a gateway for every set that has it"))
        if entry["state"] == "disabled" and entry["probing"]:
            text = "%s: a server cannot probe what is disabled, and drops the P flag" % where
            problems.append(Problem(text, "Use inactive, or leave probing out"))
        problems += [
            Problem("%s: %s is empty" % (where, name), "Leave it out for a whole set")
            for name in names
            if not entry[name].strip()
        ]
        uri, duid, gateway = (None if entry[name] is None else _bytes(entry[name].strip()) for name in _NAMES)
        wishes.append(
            StateWish(
                setid=entry["setid"],
                uri=uri and server_uri(uri),
                duid=duid,
                gateway=gateway,
                state=entry["state"],
                probing=entry["probing"],
            )
        )
    if problems:
        raise KamailioError(problems)
    return wishes


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def plan_states(wishes: Sequence[StateWish], running: Sequence[Running], setup: Setup, undecided: bool) -> StatesPlan:
    """What to call so that the destinations have the states of the wishes.

    C(undecided) says that nobody can tell whether probing works. Raises KamailioError with all that cannot be.
    """
    problems: List[Problem] = []
    wanted: Dict[int, Tuple[Running, StateWish]] = {}
    for wish in wishes:
        hit = [destination for destination in running if _is_wanted(destination, wish)]
        if not hit:
            problems.append(Problem("%s is not there" % _name(wish), "dispatcher_info tells what runs"))
        for destination in hit:
            earlier = wanted.setdefault(destination.start, (destination, wish))
            if (earlier[1].state, earlier[1].probing) != (wish.state, wish.probing):
                problems.append(
                    Problem("%s gets two states: %s and %s" % (_shown(destination), earlier[1].state, wish.state))
                )
    changes = _changes(wanted, running, setup)
    calls: List[SetState] = []
    names = Names(running)
    for planned in changes:
        call = names.call(planned.code, planned.running)
        if call is None:
            text = "%s: another destination of the set has the same URI, and a change of state would hit the first one"
            problems.append(Problem(text % _shown(planned.running), "Give both a duid of their own in the list"))
        else:
            calls.append(call)
        asked = wanted[planned.running.start][1].probing
        if asked and planned.effect.effect == NEVER and not undecided:
            text = "%s: probing cannot be switched on: %s" % (_shown(planned.running), planned.effect.reason)
            problems.append(Problem(text, "Mend that first; until then it would show a P flag that nothing obeys"))
    if problems:
        raise KamailioError(dict.fromkeys(problems))
    warnings = [text for planned in changes for text in _warnings(planned)]
    disabled = tuple(destination for destination, wish in wanted.values() if wish.state == "disabled")
    return StatesPlan(disabled, tuple(changes), tuple(calls), tuple(warnings))


def _is_wanted(running: Running, wish: StateWish) -> bool:
    if wish.setid not in (None, running.setid):
        return False
    if wish.gateway is not None:
        return is_meant(wish.gateway, running.uri, running.duid)
    if wish.uri is not None:
        return running.uri.lower() == wish.uri.lower()
    return wish.duid is None or (running.duid or b"").lower() == wish.duid.lower()


def _changes(
    wanted: Dict[int, Tuple[Running, StateWish]], running: Sequence[Running], setup: Setup
) -> List[StateChange]:
    found = []
    for destination, wish in wanted.values():
        probing = bool(destination.flags & PROBING) if wish.probing is None else wish.probing
        flags = STATES[wish.state] | (PROBING if probing and wish.state != "disabled" else 0)
        letter = wish.state[0].upper()
        same = destination.letters[0] == letter and (letter == "D" or bool(destination.flags & PROBING) == probing)
        if not same:
            code = letter.lower() + ("p" if flags & PROBING else "x")
            found.append((destination, code, flags))
    after = {destination.start: flags for destination, _code, flags in found}
    all_after = [destination._replace(flags=after.get(destination.start, destination.flags)) for destination in running]
    effects = {destination.start: effect for destination, effect in zip(all_after, running_effects(all_after, setup))}
    return [StateChange(destination, code, flags, effects[destination.start]) for destination, code, flags in found]


def _warnings(planned: StateChange) -> List[str]:
    running, found = planned.running, []
    lost = running.flags & (NO_DNS | NO_PING)
    if lost:
        text = "%s: a change of state clears flag %s as well, until the next reload"
        found.append(text % (_shown(running), " and ".join(str(bit) for bit in (NO_DNS, NO_PING) if lost & bit)))
    if planned.flags & (INACTIVE | TRYING) and planned.effect.effect != NEVER:
        text = "%s is still probed, and active again as soon as it answers; disabled lasts"
        found.append(text % _shown(running))
    elif planned.effect.effect == UNTIL_FIRST_ANSWER:
        found.append("%s: %s, and nobody watches it from then on" % (_shown(running), planned.effect.reason))
    return found


def _name(wish: StateWish) -> str:
    names = [] if wish.setid is None else ["set %d" % wish.setid]
    if wish.gateway is not None:
        names.append("gateway %s" % named(wish.gateway.decode("utf-8", "replace")))
    elif wish.duid is not None:
        names.append("duid %s" % named(wish.duid.decode("utf-8", "replace")))
    elif wish.uri is not None:
        names.append(quoted(wish.uri, 80))
    return ", ".join(names)


def _shown(running: Running) -> str:
    return "set %d, %s" % (running.setid, quoted(running.uri, 80))


def uncounted(running: Sequence[Running], drained: Sequence[Running], evaluation: Evaluation) -> Dict[int, str]:
    """Why the server counts no calls for destinations, by their start; the others are counted.

    C(ds_load_add) of src/modules/dispatcher/dispatch.c: with C(ds_hash_size) and algorithm 10, by C(duid).
    """
    used = any(destination.load for destination in running) or _uses_call_load(evaluation)
    found = {}
    for destination in drained:
        if destination.load is None:
            found[destination.start] = "the server counts no calls without ds_hash_size"
        elif not destination.duid:
            found[destination.start] = "it has no duid, by which calls are counted"
        elif not used:
            found[destination.start] = "the configuration does not use algorithm 10, the only one that counts calls"
    return found


def _uses_call_load(evaluation: Evaluation) -> bool:
    """Whether the text of a route chooses algorithm 10, or one that only the server knows."""
    for data in evaluation.files.values():
        for call in _SELECTS.finditer(data):
            words = [word.strip() for word in call.group(1).split(b",")]
            number = _ALGORITHM.match(words[1]) if len(words) > 1 else None
            if len(words) > 1 and (number is None or int(number.group(1)) == _CALL_LOAD):
                return True
    return False
