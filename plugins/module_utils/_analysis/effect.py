# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""What becomes of the OPTIONS pings of one destination.

The decision is C(ds_check_timer), C(ds_ping_set), C(ds_options_callback) and C(ds_update_state) of Kamailio's
src/modules/dispatcher/dispatch.c.
"""

from __future__ import annotations

from typing import Dict, Final, Literal, NamedTuple, Optional, Sequence, Set, Tuple

from .._dispatcher.attributes import read_attrs
from .._dispatcher.flags import DISABLED, INACTIVE, NO_DNS, NO_PING, PROBING
from .._dispatcher.order import in_server_order
from .._dispatcher.uri import loaded_uri, next_hop, protocol_of
from .._text import quoted, show
from .setup import MODE_ALL, MODE_FLAGGED, MODE_INACTIVE, Setup
from .source import Probed

EffectName = Literal["never", "until_first_answer", "continuously", "unknown"]
NEVER: Final = "never"
UNTIL_FIRST_ANSWER: Final = "until_first_answer"
CONTINUOUSLY: Final = "continuously"
UNKNOWN: Final = "unknown"


class Effect(NamedTuple):
    """C(never), C(until_first_answer), C(continuously) or C(unknown), and why.

    C(rule) is the rule that a destination breaks by it, where it asks for probing and does not get it; C(parameter) is
    the parameter of dispatcher that lets no ping be sent to it.
    """

    effect: EffectName
    reason: str
    rule: Optional[str] = None
    parameter: Optional[str] = None


def effects_of(destinations: Sequence[Probed], setup: Setup, skipped: Dict[int, str]) -> Tuple[Effect, ...]:
    """Whether each of these destinations, if it answers, is probed; C(skipped) by the byte where a line starts."""
    shadowed = _shadowed(destinations, setup, skipped)
    return tuple(
        Effect(NEVER, skipped[destination.start])
        if destination.start in skipped
        else _effect(destination, setup, destination.start in shadowed)
        for destination in destinations
    )


def asks_for_probing(flags: int, setup: Setup) -> bool:
    """Return whether a destination is to be probed, by its flags or by C(ds_probing_mode) 1; a disabled one is not."""
    if setup.obstacle or flags & DISABLED:
        return False
    unwanted = setup.version.knows_no_ping and flags & NO_PING
    return bool(flags & PROBING or (setup.mode == MODE_ALL and not unwanted))


def _effect(destination: Probed, setup: Setup, shadowed: bool) -> Effect:
    if setup.obstacle:
        return Effect(NEVER, setup.obstacle)
    switched_off = _switched_off(destination.flags, setup)
    if switched_off:
        asks = destination.flags & PROBING or asks_for_probing(destination.flags, setup)
        return Effect(NEVER, switched_off, "probing-switched-off" if asks else None)
    if not setup.interval:
        rule = "probing-without-tm" if setup.tm == "missing" else "probing-without-interval"
        missing = "tm is not loaded" if setup.tm == "missing" else setup.no_interval
        return Effect(NEVER, missing, rule if destination.flags & PROBING else None)
    wanted = _wanted(destination.flags, setup, shadowed)
    hindrance = _hindrance(destination, setup) if wanted.effect != NEVER else None
    return hindrance or wanted


def _switched_off(flags: int, setup: Setup) -> str:
    if flags & DISABLED:
        return "flag 4 (disabled) switches its probing off"
    if setup.version.knows_no_ping and flags & (NO_DNS | NO_PING):
        bit = NO_PING if flags & NO_PING else NO_DNS
        return "flag %d switches its probing off from Kamailio 6.0 on" % bit
    return ""


def _wanted(flags: int, setup: Setup, shadowed: bool) -> Effect:
    if setup.mode == MODE_ALL:
        return Effect(CONTINUOUSLY, "ds_probing_mode 1 probes every destination, every %d s" % setup.interval)
    if not flags & PROBING:
        return Effect(NEVER, "it has no P flag (8), and ds_probing_mode %d probes only with it" % setup.mode)
    if setup.mode == MODE_FLAGGED:
        return Effect(CONTINUOUSLY, "P flag, and ds_probing_mode 3, every %d s" % setup.interval)
    if setup.mode == MODE_INACTIVE and not flags & INACTIVE:
        reason = "ds_probing_mode 2 probes only inactive destinations (flags 1 and 8)"
        return Effect(NEVER, reason, "probing-inactive-only")
    if shadowed:
        reason = "its answers count for another destination of its set with the same URI, so its P flag stays"
        return Effect(CONTINUOUSLY, reason)
    first = "the first answer clears its P flag" if setup.mode else "its first ping, answered or not, clears its P flag"
    if flags & INACTIVE and setup.answers > 1:
        first = "%d answers clear its P flag" % setup.answers
    reason = "%s in ds_probing_mode %d" % (first, setup.mode)
    return Effect(UNTIL_FIRST_ANSWER, reason, "probing-until-first-answer")


def _hindrance(destination: Probed, setup: Setup) -> Optional[Effect]:
    """Why the server can send no ping to a destination that it is to probe."""
    protocol = protocol_of(loaded_uri(destination.uri))
    attributes = read_attrs(destination.attrs)
    own = attributes.value(b"obproxy") or None
    proxy = own or setup.proxy
    # What stands in an attribute is the fault of the destination, the rest that of a parameter.
    rule, parameter = ("ping-cannot-be-sent", None) if own else (None, "outbound_proxy")
    name = "obproxy" if own else "outbound_proxy"
    if setup.lacks and not (setup.lacks == "ds_ping_from" and attributes.value(b"ping_from")):
        return Effect(NEVER, "%s is empty" % setup.lacks, None, setup.lacks)
    if proxy is not None:
        try:
            protocol = next_hop(proxy, setup.resolver.cache)
        except ValueError as exc:
            return Effect(NEVER, "%s %s is not a SIP URI: %s" % (name, quoted(proxy, 60), exc), rule, parameter)
    if protocol and not setup.sockets.may_speak(protocol):
        reason = "the server has no socket for %s" % show(protocol)
        if proxy is None:
            # The transport of the destination itself has a rule that is about calls as well.
            return Effect(NEVER, reason)
        return Effect(NEVER, "%s, which %s %s asks for" % (reason, name, quoted(proxy, 60)), rule, parameter)
    return None


def _shadowed(destinations: Sequence[Probed], setup: Setup, skipped: Dict[int, str]) -> Set[int]:
    """Those behind another of their set with the same URI, by the byte of their line, where answers go by it."""
    if setup.version.matches_answers_by_id or setup.obstacle or not setup.interval:
        return set()
    seen: Set[Tuple[int, bytes]] = set()
    found = set()
    loaded = [destination for destination in destinations if destination.start not in skipped]
    for destination in in_server_order(loaded):
        key = (destination.setid, loaded_uri(destination.uri).uri.lower())
        if key in seen:
            found.add(destination.start)
        seen.add(key)
    return found
