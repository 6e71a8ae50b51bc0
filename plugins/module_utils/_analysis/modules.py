# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Findings about modules and their parameters, by what is known of them; what is not known is not judged."""

from __future__ import annotations

import difflib
from typing import Iterator, List, Optional

from .._config.model import Evaluation, Load, Param
from .._config.parameters import parameter_types
from .._config.requirements import Requirement, requirements_of
from .._versions import Version
from .findings import Finding, found_at

_KINDS = {"i": "a number and needs no quotes", "s": "a string"}


def table_findings(evaluation: Evaluation, version: Version) -> List[Finding]:
    """Modules that others need and do not find, parameters that a module does not have, values of the wrong type."""
    findings: List[Finding] = []
    for load in evaluation.loads:
        for row in requirements_of(load.name, version):
            findings += _need(evaluation, load, row)
    for param in evaluation.params:
        for module in param.modules:
            findings += _parameter(param, module, version)
    return findings


def _need(evaluation: Evaluation, load: Load, row: Requirement) -> Iterator[Finding]:
    # Its own rules say more about this one.
    if row.module == "dispatcher" or not is_active(evaluation, row):
        return
    place = load.place
    needs = " or ".join(row.needs)
    why = " for its parameter %s" % row.parameter if row.parameter else ""
    there = [one for one in evaluation.loads if one.name in row.needs]
    if not there:
        text = "%s needs %s%s, which is not loaded: kamailio -c passes, and the next start fails"
        remedy = 'Put loadmodule "%s.so" before it' % row.needs[0]
        yield found_at("module-missing", place, text % (load.name, needs, why), remedy)
    elif row.before and evaluation.loads.index(there[0]) > evaluation.loads.index(load):
        late = there[0].place
        text = "%s is loaded after %s, which needs it%s: kamailio -c passes, and the next start fails"
        remedy = 'Move loadmodule "%s.so" before %s' % (there[0].name, load.name)
        yield found_at("module-too-late", late, text % (there[0].name, load.name, why), remedy)


def is_active(evaluation: Evaluation, row: Requirement) -> bool:
    """Whether the parameter that a requirement depends on is set."""
    if not row.parameter:
        return True
    param = evaluation.param(row.module, row.parameter)
    return param is not None and (param.value > 0 if isinstance(param.value, int) else bool(param.value))


def _parameter(param: Param, module: str, version: Version) -> Iterator[Finding]:
    types = parameter_types(module, version)
    if types is None:
        return
    place = param.place
    if param.name not in types:
        text = "module %s of Kamailio %s has no parameter %s" % (module, str(version), param.name)
        yield found_at("parameter-unknown", place, text, _meant(param.name, list(types)) or "")
    elif param.value is not None and ("i" if isinstance(param.value, int) else "s") not in types[param.name]:
        text = "%s of %s is %s" % (param.name, module, _KINDS[types[param.name]])
        remedy = "" if types[param.name] == "i" else "Put the value in double quotes"
        yield found_at("parameter-type", place, text, remedy)


def _meant(name: str, known: List[str]) -> Optional[str]:
    near = difflib.get_close_matches(name, known, 1, 0.8)
    return "Is %s meant?" % near[0] if near else None
