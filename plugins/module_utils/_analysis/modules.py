# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Findings about modules and their parameters, by what is known of them; what is not known is not judged."""

from __future__ import annotations

import difflib
from typing import Dict, Iterator, List, Set, Tuple, Union

from .._config.model import Evaluation, Load, Param, Place
from .._config.parameters import Tables, parameter_types, tables_for
from .._config.requirements import Requirement, asked_for, requirements_of
from .._config.wants import Database, Mandatory, databases_of, mandatory_of
from .._text import quoted
from .._versions import Version
from .findings import Finding, found_at, found_in

# So many slips of the pen are looked up, and so many names are told, since each takes its time.
_MOST_HINTS, _HINT_LETTERS, _MOST_DATABASES, _MOST_TOLD = 100, 60, 20, 10
_KINDS = {"i": "a number and needs no quotes", "s": "a string"}


# The parameters of dispatcher that every version has, with the type that it has always had.
NUMBERS = ("ds_ping_interval", "ds_probing_mode", "ds_load_mode", "ds_inactive_threshold")
# A URL without a scheme may be a secret that stands in the wrong place, so it is not shown.
NO_SCHEME = "it has no colon. kamailio -c passes, and the next start fails"
WRITE_URL = "Write it as mysql://…, and load db_mysql. In quotes a #!substdef is replaced, and a #!define is not"
STRINGS = ("list_file", "db_url", "ds_ping_from", "ds_ping_method", "outbound_proxy")


def modules_not_known(evaluation: Evaluation, version: Version) -> List[str]:
    """The modules of a configuration of which it is not known whether this version has them."""
    tables = tables_for(version).versions
    return [
        load.name for load in evaluation.loads if all(parameter_types(load.name, known) is None for known in tables)
    ]


def table_findings(evaluation: Evaluation, version: Version) -> List[Finding]:
    """Modules that others need and do not find, parameters that a module does not have, values of the wrong type."""
    findings: List[Finding] = []
    for load in evaluation.loads:
        for row in requirements_of(load.name, version):
            findings += _need(evaluation, load, row)
        findings += _databases(evaluation, load, version)
        for wanted in mandatory_of(load.name, version):
            findings += _mandatory(evaluation, load, wanted)
    tables = tables_for(version)
    unknown: Dict[str, None] = {}
    hints = _MOST_HINTS
    for param in evaluation.params:
        for module in param.modules:
            doubt = _parameter(param, module, version, tables, hints > 0)
            if isinstance(doubt, Finding):
                findings.append(doubt)
            elif doubt:
                unknown[doubt] = None
            if doubt:
                hints -= 1
                # The server refuses it for the first of its modules.
                break
    if tables.source or not tables.exact:
        findings.append(_next_to(evaluation.path, version, tables, list(unknown)))
    return findings


def _next_to(path: str, version: Version, tables: Tables, unknown: List[str]) -> Finding:
    """What a version is judged by that has no tables of its own."""
    if tables.source:
        text = "no Kamailio %s was run for this collection: its modules and parameters are read from the source of %s"
        text %= version, tables.source
    else:
        text = "what modules and parameters Kamailio %s has is not known here: it is checked by %s"
        text %= version, " and ".join(str(known) for known in tables.versions)
    if unknown:
        names = ", ".join(unknown[:_MOST_TOLD])
        more = " and %d more" % (len(unknown) - _MOST_TOLD) if len(unknown) > _MOST_TOLD else ""
        text += ", which %s not have %s" % ("do" if len(tables.versions) > 1 else "does", names + more)
    return found_in("version-not-known", path, None, text)


def _need(evaluation: Evaluation, load: Load, row: Requirement) -> Iterator[Finding]:
    # Its own rules say more about this one.
    if row.module == "dispatcher" or not asked_for(evaluation, row.module, row.when):
        return
    place = load.place
    needs = " or ".join(row.needs)
    why = _why(evaluation, row)
    fails = "kamailio -c and the next start fail" if row.at_load else "kamailio -c passes, and the next start fails"
    there = [other for other in evaluation.loads if other.name in row.needs]
    if not there:
        text = "%s needs %s%s, which is not loaded: %s"
        remedy = 'Put loadmodule "%s.so" before it' % row.needs[0]
        remedy += "".join(", or set %s to %s" % (when.parameter, when.unless[0]) for when in row.when if when.unless)
        yield found_at("module-missing", place, text % (load.name, needs, why, fails), remedy)
    elif row.before and evaluation.loads.index(there[0]) > evaluation.loads.index(load):
        late = there[0].place
        text = "%s is loaded after %s, which needs it%s: %s"
        remedy = 'Move loadmodule "%s.so" before %s' % (there[0].name, load.name)
        yield found_at("module-too-late", late, text % (there[0].name, load.name, why, fails), remedy)


def _why(evaluation: Evaluation, row: Requirement) -> str:
    """Which parameter asks for the module, empty if none does."""
    if not row.when:
        return ""
    first = row.when[0]
    said = "" if evaluation.param(row.module, first.parameter) else " (%s by default)" % first.default
    return " for its parameter %s%s" % (first.parameter, said)


def _databases(evaluation: Evaluation, load: Load, version: Version) -> Iterator[Finding]:
    """The modules of databases that a module wants, each once; dispatcher has a rule of its own."""
    seen: Set[str] = set()
    for row in databases_of(load.name, version):
        if not asked_for(evaluation, load.name, row.when):
            continue
        for scheme, place in _schemes(evaluation, load, row):
            name = "db_" + scheme
            if name in seen:
                continue
            seen.add(name)
            if len(seen) > _MOST_DATABASES:
                return
            yield from _database(evaluation, load, row, name, place, version)


def _schemes(evaluation: Evaluation, load: Load, row: Database) -> Iterator[Tuple[str, Place]]:
    """The databases of a row, with the place that asks for each: the URL, or the load where a default counts."""
    params = evaluation.all_params(row.module, row.parameter)
    if not params and row.default:
        yield row.default, load.place
    for param in params if row.named else params[-1:]:
        if not isinstance(param.value, bytes):
            continue
        url = param.value.partition(b"=>")[2].strip() if row.named else param.value
        scheme = url.split(b":")[0]
        if url and b":" not in url:
            yield "…", param.place
        elif scheme or not row.can_be_empty:
            yield scheme.decode("utf-8", "backslashreplace"), param.place


def _database(
    evaluation: Evaluation, load: Load, row: Database, name: str, place: Place, version: Version
) -> Iterator[Finding]:
    found = evaluation.load(name)
    if found:
        late = evaluation.loads.index(found) > evaluation.loads.index(load)
        if name == "db_text" and late and row.wants_text_first(version):
            text = "db_text is loaded after %s, whose %s needs it: kamailio -c passes, and the next start fails"
            remedy = 'Move loadmodule "db_text.so" before %s' % load.name
            yield found_at("database-module-missing", found.place, text % (load.name, row.parameter), remedy)
        return
    if name == "db_…":
        text = "%s of %s names no database: %s" % (row.parameter, load.name, NO_SCHEME)
        yield found_at("database-module-missing", place, text, WRITE_URL)
        return
    why = "" if evaluation.param(load.name, row.parameter) else " (its default)"
    text = "%s of %s%s needs the module %s, which is not loaded: kamailio -c passes, and the next start fails"
    remedy = "Load the module of that database before %s, or set %s to another one" % (load.name, row.parameter)
    shown = "db_" + quoted(name[3:].encode("utf-8", "backslashreplace"), 20)
    yield found_at("database-module-missing", place, text % (row.parameter, load.name, why, shown), remedy)


def _mandatory(evaluation: Evaluation, load: Load, row: Mandatory) -> Iterator[Finding]:
    module = row.of or load.name
    if not asked_for(evaluation, load.name, row.when) or not evaluation.load(module):
        return
    params = [evaluation.param(module, name) for name in row.parameters]
    if not any(param and not (row.filled and param.value == b"") for param in params):
        names = " or ".join(row.parameters) + (" of %s" % row.of if row.of else "")
        why = ", since %s is set" % " and ".join(when.parameter for when in row.when) if row.when else ""
        text = "%s does not start without the parameter %s%s: kamailio -c passes, and the next start fails"
        remedy = 'Set it, such as modparam("%s", "%s", %s)' % (module, row.parameters[0], row.example)
        yield found_at("parameter-missing", load.place, text % (load.name, names, why), remedy)


def _parameter(param: Param, module: str, version: Version, tables: Tables, hint: bool) -> Union[Finding, str, None]:
    """What is wrong with a parameter, with a C(hint) at the one that is meant.

    Its name where only a server of that version knows.
    """
    found = [types for known in tables.versions for types in [parameter_types(module, known)] if types is not None]
    if not found:
        return None
    accepted = "".join(types.get(param.name, "") for types in found)
    if not any(param.name in types for types in found):
        hint = hint and len(param.name) <= _HINT_LETTERS
        meant = _meant(param.name, [name for types in found for name in types]) if hint else ""
        if tables.exact:
            text = "module %s of Kamailio %s has no parameter %s" % (module, version, param.name)
            return found_at("parameter-unknown", param.place, text, meant)
        if not meant:
            return "%s of %s" % (param.name, module)
        versions = " and ".join(str(known) for known in tables.versions)
        known_by = tables.source or "the nearest that is known to " + str(version)
        text = "module %s of Kamailio %s, %s, has no parameter %s"
        return found_at("parameter-doubtful", param.place, text % (module, versions, known_by, param.name), meant)
    certain = tables.exact or tables.between or (module == "dispatcher" and param.name in NUMBERS + STRINGS)
    if certain and param.value is not None and ("i" if isinstance(param.value, int) else "s") not in accepted:
        kind = accepted[0]
        text = "%s of %s is %s" % (param.name, module, _KINDS[kind])
        return found_at("parameter-type", param.place, text, "" if kind == "i" else "Put the value in double quotes")
    return None


def _meant(name: str, known: List[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.8)
    return "Is %s meant?" % near[0] if near else ""
