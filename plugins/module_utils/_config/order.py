# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Modules in an order in which the server starts."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Set

from .._errors import KamailioError, Problem
from .model import module_name
from .requirements import REQUIREMENTS, Requirement, When
from .wish import typed


def order_modules(entries: Sequence[Any]) -> List[Any]:
    """The same entries, each behind those that it needs; what is needed goes before the first that needs it.

    An entry is the name of a module, or a mapping with C(name) and C(params). All else keeps its order. Rows of the
    table count whatever the version and the parameters are, as loading a module earlier does no harm; that one is
    absent is an error only where it would be with every version. Raises KamailioError with all problems.
    """
    problems: List[Problem] = []
    index_of: Dict[str, int] = {}
    for index, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, Mapping) else entry
        if not isinstance(name, str) or not module_name(name):
            problems.append(Problem("modules[%d] is neither the name of a module nor a mapping with a name" % index))
            continue
        first = index_of.setdefault(module_name(name), index)
        if first != index:
            text = "modules[%d] and modules[%d] are both %s" % (first, index, module_name(name))
            problems.append(Problem(text, "The server refuses to load a module twice"))
    for row in REQUIREMENTS:
        if row.module in index_of and not any(need in index_of for need in row.needs):
            problems += _missing(entries[index_of[row.module]], row)
    if problems:
        raise KamailioError(problems)
    ordered: List[int] = []
    seen: Set[str] = set()

    def place(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for row in REQUIREMENTS:
            if row.module == name:
                for need in row.needs:
                    if need in index_of:
                        place(need)
        ordered.append(index_of[name])

    for name in index_of:
        place(name)
    return [entries[index] for index in ordered]


def _missing(entry: Any, row: Requirement) -> List[Problem]:
    if row.since or row.until or not all(_is_set(row.module, entry, when) for when in row.when):
        return []
    names = [when.parameter for when in row.when]
    why = " for its parameter %s" % names[0] if names else ""
    text = "%s needs %s%s, which is not among the modules" % (row.module, " or ".join(row.needs), why)
    return [Problem(text, "Add %s" % row.needs[0])]


def _is_set(module: str, entry: Any, when: When) -> bool:
    """Whether an entry has the parameter that a row depends on; the last of several values counts.

    A default is not known to count: the file can set the parameter already.
    """
    params = entry.get("params") if isinstance(entry, Mapping) else None
    value = params.get(when.parameter) if isinstance(params, Mapping) else None
    if isinstance(value, (list, tuple)):
        value = value[-1] if value else None
    return when.asks(typed(module, when.parameter, value))
