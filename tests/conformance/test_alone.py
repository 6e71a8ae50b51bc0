# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module of the packages alone, and with what it is known to need: the analysis against the start of a server.

A version takes a minute and a half, with one shell that starts its 1,000 servers one after the other.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import TABLE, parameter_types
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.requirements import When, requirements_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wants import (
    databases_of,
    mandatory_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from conformance.modules import ROUTES, asking_value, given, param, url, write_files
from conformance.server import as_version, start_all, with_newest_version
from conformance.setups import Setup

MODULES = [module for module in re.findall(r"^\w+", TABLE, re.MULTILINE) if module != "ctl"]

# What only the server's host, its network or its routes decide, so that a start fails with all that is known.
BEYOND = {
    "acc_diameter": "its DIAMETER client must answer",
    "acc_radius": "its dictionary must have all attributes",
    "app_perl": "that of 5.6.3 must be told where its Perl module is",
    "app_python3": "its script must be there",
    "app_python3s": "its script must be there",
    "app_ruby": "its script must be there",
    "auth_diameter": "its DIAMETER client must answer",
    "auth_radius": "its dictionary must have all attributes",
    "carrierroute": "its file must be there",
    "cdp": "its file must be there",
    "cfg_db": "db_text cannot do what it asks of a database",
    "db_perlvdb": "app_perl of 5.6.3 must be told where its Perl module is",
    "db2_ldap": "its file must be there",
    "erlang": "its node must answer",
    "geoip": "its file must be there",
    "geoip2": "its file must be there",
    "h350": "an LDAP server must answer",
    "ims_charging": "the package of 5.6.3 does not have its tables",
    "ims_dialog": "the tables of the package are those of dialog",
    "ims_diameter_server": "it needs its event_route",
    "ims_ocs": "it needs its event_route",
    "kafka": "its server must answer",
    "ldap": "an LDAP server must answer",
    "log_custom": "the core must be told where to log",
    "microhttpd": "it needs its event_route",
    "misc_radius": "its file must be there",
    "ndb_redis": "its server must answer",
    "nghttp2": "it needs its event_route and its key",
    "nosip": "it needs its event_route",
    "p_usrloc": "its database must list others",
    "peering": "its dictionary must have all attributes",
    "prefix_route": "db_text cannot do what it asks of a database",
    "pvtpl": "its file must be there",
    "presence_dfks": "that of 6.0.1 cannot be loaded",
    "rabbitmq": "its server must answer (5.6)",
    "uid_avp_db": "db_text cannot do what it asks of a database",
    "uid_domain": "db_text cannot do what it asks of a database",
    "uid_gflags": "db_text cannot do what it asks of a database",
    "uid_uri_db": "db_text cannot do what it asks of a database",
    "xhttp": "it needs its event_route",
}
# They answer before they die of what they lack.
LATE = {"kafka", "kazoo"}


class Case(NamedTuple):
    """A configuration, and whether a start that fails all the same is beyond the analysis."""

    name: str
    body: str
    beyond: bool = False


def order_of(module: str, version: Version) -> list[str]:
    """The modules that this one needs by default, each behind those that it needs, tm first, and the module itself."""
    found: list[str] = []
    for row in requirements_of(module, version):
        if all(when.asks(when.default) for when in row.when):
            found += [name for name in order_of(row.needs[0], version) if name not in found]
    return [*(name for name in ("tm",) if name in found), *(name for name in found if name != "tm"), module]


def loads(modules: list[str], version: Version, more: str = "") -> str:
    """Modules with all that they need besides; a database for the last one only where C(more) has it."""
    text = "".join(
        'loadmodule "%s.so"\n%s%s' % (name, given(name, version), ROUTES.get(name, "")) for name in modules[:-1]
    )
    for name in modules[:-1]:
        text += "".join(url(row) for row in databases_of(name, version) if row.default)
    return text + 'loadmodule "%s.so"\n' % modules[-1] + more


def asking(module: str, whens: tuple[When, ...]) -> str:
    """The parameters under which a row holds."""
    values = [(when, asking_value(when)) for when in whens]
    return "".join(
        param(module, when.parameter, '"%s"' % value if isinstance(value, str) else value) for when, value in values
    )


def cases_of(module: str, version: Version) -> list[Case]:
    """The module alone, with what it needs, and with each of these things missing or late."""
    types = parameter_types(module, version) or {}
    order, own = order_of(module, version), given(module, version) + ROUTES.get(module, "")
    rows = [row for row in databases_of(module, version) if all(when.asks(when.default) for when in row.when)]
    urls = "".join({url(row): None for row in rows if row.default})
    text_first = 'loadmodule "db_text.so"\n'
    beyond = module in BEYOND
    cases = [
        Case("alone", 'loadmodule "%s.so"\n%s' % (module, given("", version)), beyond),
        Case("with its needs", text_first + loads(order, version, own + urls), beyond),
        Case("behind its needs without a database", text_first + loads(order, version, own), beyond),
    ]
    for needed in mandatory_of(module, version):
        if all(when.asks(when.default) for when in needed.when):
            lacking = given(module, version, needed.parameters[0]) + ROUTES.get(module, "")
            cases.append(
                Case("without %s" % needed.parameters[0], text_first + loads(order, version, lacking + urls), beyond)
            )
    for row in databases_of(module, version):
        if not all(when.parameter in types for when in row.when):
            continue
        asked = own + asking(module, row.when) + (given_for(module, version) if module == "avpops" else "")
        others = "".join({url(other): None for other in rows if other.default and other.parameter != row.parameter})
        body = asked + others + url(row)
        name = "%s %s " % (row.parameter, [when.parameter for when in row.when])
        cases += [
            Case(name + "default", text_first + loads(order, version, asked + others), beyond),
            Case(name + "without db_text", loads(order, version, body).replace(text_first, ""), beyond),
            Case(name + "before", text_first + loads(order, version, body), beyond),
            Case(name + "late", loads(order, version, body) + text_first, beyond),
        ]
        if not row.named:
            cases.append(
                Case(name + "empty", text_first + loads(order, version, asked + others + url(row, "")), beyond)
            )
    return cases


def given_for(module: str, version: Version) -> str:
    """What a module wants where it has a database."""
    return "".join(
        param(module, needed.parameters[0], needed.example) for needed in mandatory_of(module, version) if needed.when
    )


@with_newest_version
def test_a_module_starts_as_the_analysis_says(suite: str, version: str, tmp_path: Path) -> None:
    number = as_version(version)
    modules = [module for module in MODULES if parameter_types(module, number) is not None]
    cases = [(module, case) for module in modules for case in cases_of(module, number)]
    setups = [Setup(tmp_path, case.body, "1 sip:127.0.0.1:9\n") for _module, case in cases]
    for setup in setups:
        write_files(setup)
    said = [setup.judge(version).result["will_start"] for setup in setups]
    outcomes = start_all(suite, [setup.folder for setup in setups])
    wrong = [
        (module, case.name, "will_start: %s" % will_start, outcome)
        for (module, case), will_start, outcome in zip(cases, said, outcomes)
        if (outcome == "started") is not will_start
        and not (case.beyond and will_start)
        and not (module in LATE and outcome == "started")
    ]
    assert wrong == []
    # A module that is known to be beyond it does not start; all others do with what is known.
    working = {module for (module, _case), outcome in zip(cases, outcomes) if outcome == "started"}
    assert set(modules) - working <= set(BEYOND)
