# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers with which a parameter asks for what its module needs: the analysis against the start of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Union

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import parameter_types
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.requirements import (
    Requirement,
    When,
    requirements_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wants import (
    Database,
    Mandatory,
    databases_of,
    mandatory_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from conformance.modules import ROUTES, given, param, url, write_files
from conformance.server import as_version, check_all, start_all, with_newest_version
from conformance.setups import Setup
from conformance.test_alone import BEYOND, MODULES, asking, loads, order_of

NUMBERS = (-1, 0, 1, 2, 3, 4, 5, 10, 100)
FIRST = ("tm", "sl", "pv", "rr")
Row = Union[Requirement, Database, Mandatory]


def rows_of(module: str, version: Version) -> Iterator[tuple[Row, When]]:
    """The rows of a module, with each of the numbers on which they depend."""
    types = parameter_types(module, version) or {}
    for rows in (requirements_of(module, version), databases_of(module, version), mandatory_of(module, version)):
        for row in rows:
            yield from ((row, when) for when in row.when if "i" in types.get(when.parameter, ""))


def body_of(row: Row, when: When, number: int, version: Version) -> str:
    """A configuration with this number that lacks what the row is about, and with all else that the module needs."""
    module = row.module
    needed = order_of(module, version)
    order = [*(name for name in FIRST if name != module), *(name for name in needed if name not in FIRST), module]
    order = list(dict.fromkeys(order))
    order.remove(module)
    own = given(module, version) + ROUTES.get(module, "")
    databases = [other for other in databases_of(module, version) if other.default or other.parameter == "db_url"]
    first = 'loadmodule "db_text.so"\n'
    if isinstance(row, Requirement):
        order = [name for name in order if name not in row.needs]
    elif isinstance(row, Database):
        first, databases = "", [*databases, row]
    else:
        own = given(module, version, row.parameters[0]) + ROUTES.get(module, "")
    others = tuple(other for other in row.when if other is not when and not other.asks(other.default))
    urls = "".join({url(other): None for other in databases})
    more = own + urls + asking(module, others) + param(module, when.parameter, number)
    return first + loads([*order, module], version, more)


@with_newest_version
def test_a_module_asks_with_the_numbers_that_the_analysis_says(suite: str, version: str, tmp_path: Path) -> None:
    known = as_version(version)
    there = [module for module in MODULES if parameter_types(module, known) is not None and module not in BEYOND]
    cases = [(row, when, number) for module in there for row, when in rows_of(module, known) for number in NUMBERS]
    setups = [Setup(tmp_path, body_of(*case, known), "1 sip:127.0.0.1:9\n") for case in cases]
    for setup in setups:
        write_files(setup)
    said = [setup.judge(version).result["will_start"] for setup in setups]
    outcomes = start_all(suite, [setup.folder for setup in setups])
    refused = set(check_all(suite, [setup.folder for setup in setups]))
    wrong = [
        (row, when.parameter, number, "will_start: %s" % will_start, outcome)
        for (row, when, number), setup, will_start, outcome in zip(cases, setups, said, outcomes)
        if (outcome == "started") is not will_start and setup.folder not in refused
    ]
    assert wrong == []
