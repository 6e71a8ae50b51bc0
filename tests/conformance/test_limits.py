# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that modules refuse when they start, row by row: the analysis against the start of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Union

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.limits import (
    FORMS,
    LIMITS,
    VARIABLES,
    Form,
    Limit,
    Variables,
    forms_of,
    limits_of,
    variables_in,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import parameter_types
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.pseudo_variables import (
    AVP,
    AVP_OR_NAME,
    AVP_OR_VAR,
    FORMAT,
    PAIRS,
    READABLE,
    WRITABLE,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.requirements import requirements_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wants import databases_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from conformance.modules import ROUTES, URL, given, param, url
from conformance.server import as_version, start_all
from conformance.setups import Setup
from conformance.test_alone import loads, order_of

# A text of each kind that the server takes, and one that it refuses.
TEXTS = {
    AVP: ("$avp(x)", "$var(x)"),
    AVP_OR_NAME: ("x", "$var(x)"),
    AVP_OR_VAR: ("$var(x)", "$fU"),
    READABLE: ("$fU", "x"),
    WRITABLE: ("$var(x)", "$ci"),
    FORMAT: ("a $fU", "$no_such(x)"),
    PAIRS: ("a=$avp(x); b=$avp(y)", "a=x"),
}
# What a parameter is set to that a row depends on, where that is not the first number that asks for it.
ASKING: dict[str, int | str] = {
    "db_url": URL,
    "ping_interval": 60,
    "db_mode": 1,
    "natping_interval": 10,
    "log_extra": "a=$fU",
}
# Texts, some of which are refused.
FORMED = {
    "algorithm": ("MD5", "SHA-256", "SHA-512", "SHA-512-256", "", "md6"),
    "challenge_attr": ("$digest", "digest"),
    "qop": ("auth", "", "other"),
    "restore_mode": ("none", "", "other"),
    "ka_reply_codes": ("200", "200,404, 408", "class=2"),
}
FACILITIES = ("LOG_DAEMON", "LOG_LOCAL7", "daemon")
Row = Union[Form, Limit, Variables]
# Values that are refused for reasons of their own, and calls of a script that is not run.
OTHERS = [
    'loadmodule "tm.so"\n' + param("tm", "failover_reply_codes", '"code=500;class=4"'),
    'loadmodule "tm.so"\n' + param("tm", "failover_reply_codes", '"code=500;"'),
    'loadmodule "tm.so"\n' + param("tm", "failover_reply_codes", '"code=500 class=4"'),
    *(
        setting + 'loadmodule "corex.so"\n' + param("corex", "dns_cache", '"name=a.example.com;addr=127.0.0.1;type=A"')
        for setting in ("", "use_dns_cache=no\n", "use_dns_cache=yes\n", "dns_cache_init=0\n", "dns_cache_init=1\n")
    ),
    *(
        'loadmodule "call_obj.so"\n' + param("call_obj", "start", first) + param("call_obj", "end", last)
        for first, last in ((1, 1), (2, 1), (0, 5), (-2, 0), (-2, -1), (-2, 5))
    ),
    *(
        'loadmodule "sl.so"\nloadmodule "app_jsdt.so"\nloadmodule "xhttp.so"\n'
        + engine
        + param("xhttp", "event_callback", '"ksr_event"')
        for engine in ("", 'cfgengine "native"\n')
    ),
    'loadmodule "db_text.so"\nloadmodule "sipcapture.so"\n'
    + param("sipcapture", "db_url", '"%s"' % URL)
    + param("sipcapture", "raw_moni_capture_on", -1),
    *(
        'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "dmq.so"\n'
        + param("dmq", "server_address", '"%s"' % address)
        for address in ("", "sip:127.0.0.1:9")
    ),
    *('loadmodule "debugger.so"\n' + param("debugger", "cfgtest", number) for number in (-1, 0, 1, 3)),
    *(
        'loadmodule "db_text.so"\nloadmodule "rr.so"\nloadmodule "topos.so"\n'
        + param("topos", "db_url", '"%s"' % URL)
        + param("topos", "sanity_checks", number)
        for number in (-1, 0, 1)
    ),
    'loadmodule "usrloc.so"\nloadmodule "nathelper.so"\n'
    + param("nathelper", "natping_interval", 10)
    + param("nathelper", "ping_nated_only", 1)
    + param("usrloc", "nat_bflag", -1),
]
EVENTS = {"corex": "event_route[network:msg] { exit; }\n"}


def rows_of(version: Version) -> Iterator[tuple[Row, str, list[int | str]]]:
    """Each row with a parameter and values to try."""
    for limit in LIMITS:
        if limit in limits_of(limit.module, version):
            values = {bound for bound in (limit.least, limit.most, *limit.also) if bound is not None}
            values |= {limit.least - 1} if limit.least is not None else set()
            values |= {limit.most + 1} if limit.most is not None else set()
            values |= {0, 1, 10, 60, 4096} if limit.powers else set()
            values |= {-8, -1, 0, 1, limit.bits, limit.bits + 1} if limit.bits else set()
            yield limit, limit.parameter, [*sorted(values)]
    for row in VARIABLES:
        if row in variables_in(row.module, version):
            names = row.parameters.split()
            for name in dict.fromkeys((names[0], names[-1])):
                yield row, name, ['"%s"' % text for text in (*TEXTS[row.kind], "")]
    for form in FORMS:
        if form in forms_of(form.module, version):
            for name in form.parameters.split():
                texts = FORMED.get(name, FACILITIES if "facility" in name else ("x", "7", "0", ""))
                yield form, name, ['"%s"' % text for text in texts]


def body_of(row: Row, name: str, value: int | str, version: Version) -> str:
    """A configuration with a value of a parameter, and with all that its module needs for it."""
    module = row.module
    asked = ""
    order = order_of(module, version)
    whens = () if isinstance(row, Form) else row.when
    for when in whens:
        if not when.asks(when.default):
            wanted = when.only[0] if when.only else ASKING.get(when.parameter, 1)
            asked += param(module, when.parameter, '"%s"' % wanted if isinstance(wanted, str) else wanted)
    for needed in requirements_of(module, version):
        if {when.parameter for when in needed.when} & {name, *(when.parameter for when in whens)}:
            order = [*(other for other in order_of(needed.needs[0], version) if other not in order), *order]
    databases = {url(one): None for one in databases_of(module, version) if one.default}
    own = given(module, version) + ROUTES.get(module, "") + EVENTS.get(module, "") + "".join(databases) + asked
    first = [other for other in ("tm", "sl", "pv") if other != module]
    order = [*first, *(other for other in order if other not in first)]
    return 'loadmodule "db_text.so"\n' + loads(order, version, own + param(module, name, value))


def test_a_module_takes_the_values_that_the_analysis_says(suite: str, version: str, tmp_path: Path) -> None:
    number = as_version(version)
    cases = [
        (row, name, value)
        for row, name, values in rows_of(number)
        if name in (parameter_types(row.module, number) or {})
        for value in values
    ]
    setups = [Setup(tmp_path, body_of(*case, number), "1 sip:127.0.0.1:9\n") for case in cases]
    said = [setup.judge(version).result["will_start"] for setup in setups]
    outcomes = start_all(suite, [setup.folder for setup in setups])
    wrong = [
        (row.module, name, value, "will_start: %s" % will_start, outcome)
        for (row, name, value), will_start, outcome in zip(cases, said, outcomes)
        if will_start is not None and (outcome == "started") is not will_start
    ]
    assert wrong == []


def test_values_are_refused_for_other_reasons(suite: str, version: str, tmp_path: Path) -> None:
    setups = [Setup(tmp_path, body, None) for body in OTHERS]
    said = [setup.judge(version).result["will_start"] for setup in setups]
    outcomes = start_all(suite, [setup.folder for setup in setups])
    assert [outcome == "started" for outcome in outcomes] == said
