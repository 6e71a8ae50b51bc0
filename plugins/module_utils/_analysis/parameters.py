# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Parameters of dispatcher and tm that kamailio -c passes, and that stop the start or do not what they seem to.

The server's side of it is C(mod_init) of Kamailio's src/modules/dispatcher/dispatcher.c, C(ds_run_route), C(pack_dest)
and C(add_dest2list) of its dispatch.c, and the timers of src/modules/tm/config.c.
"""

from __future__ import annotations

from typing import Iterator, List, Optional

from .._config.model import Evaluation, Param
from .._text import quoted
from .findings import Finding, found_at
from .routing import runs_script
from .setup import DNS_ALWAYS, DNS_AT_LOAD, DNS_BY_TIMER, DNS_SRV, number_of, read_codes, text_of

# tm's timers are in milliseconds: up to this many, seconds were meant.
_MOST_SECONDS = 120
_TIMERS = ("fr_timer", "fr_inv_timer", "max_inv_lifetime", "max_noninv_lifetime")
_BREAKS = "kamailio -c passes, and the next start fails"


def parameter_findings(evaluation: Evaluation) -> List[Finding]:
    """What is wrong with parameters of dispatcher, which is loaded."""
    return [
        *_extra_attrs(evaluation),
        *_without_effect(evaluation),
    ]


def timer_findings(evaluation: Evaluation) -> Iterator[Finding]:
    """Timers of tm that were given in seconds."""
    for name in _TIMERS:
        param = evaluation.param("tm", name)
        if param and isinstance(param.value, int) and 0 < param.value <= _MOST_SECONDS:
            text = "%s %d is %g seconds, as tm takes milliseconds: an answer that comes later is too late"
            remedy = "Set it to %d, if %d seconds are meant" % (param.value * 1000, param.value)
            yield found_at("timer-too-short", param.place, text % (name, param.value, param.value / 1000), remedy)


def _extra_attrs(evaluation: Evaluation) -> Iterator[Finding]:
    """C(ds_db_extra_attrs), which the server reads if it has a database, and more than two bytes of it."""
    param, text = evaluation.param("dispatcher", "ds_db_extra_attrs"), text_of(evaluation, "ds_db_extra_attrs")
    if not param or text is None or len(text) < 3 or not evaluation.param("dispatcher", "db_url"):
        return
    try:
        found = read_codes(text[:-1] if text.endswith(b";") else text)
        if not all(attribute.value for attribute in found.found):
            raise ValueError("an attribute has no column")
    except ValueError as exc:
        said = "ds_db_extra_attrs %s cannot be read, %s: %s" % (quoted(text, 60), exc, _BREAKS)
        yield found_at("extra-attrs-broken", param.place, said)


def _without_effect(evaluation: Evaluation) -> Iterator[Finding]:
    """Parameters that do nothing without another one."""
    callback = _named(evaluation, "event_callback")
    if callback and text_of(evaluation, "event_callback") and not runs_script(evaluation):
        text = (
            "event_callback is a function of a KEMI script, and no cfgengine runs one: neither it nor an event_route "
        )
        text += "of dispatcher is ever called"
        yield found_at("event-callback-unused", callback.place, text)
    mode, bits = _named(evaluation, "ds_dns_mode"), number_of(evaluation, "ds_dns_mode", DNS_AT_LOAD)
    if mode and bits & DNS_SRV and not bits & (DNS_AT_LOAD | DNS_ALWAYS | DNS_BY_TIMER):
        text = "ds_dns_mode %d asks for SRV records and says not when: no name of a host is looked up"
        yield found_at("dns-mode-without-lookup", mode.place, text % bits)
    retained = _named(evaluation, "ds_retain_latency_stats")
    counts = number_of(evaluation, "ds_ping_latency_stats", 0)
    if retained and number_of(evaluation, "ds_retain_latency_stats", 0) and not counts:
        text = "ds_retain_latency_stats keeps statistics that are not made: ds_ping_latency_stats is not set"
        yield found_at("latency-not-retained", retained.place, text)


def _named(evaluation: Evaluation, name: str) -> Optional[Param]:
    return evaluation.param("dispatcher", name)
