# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a playbook wants of the modules in kamailio.cfg, checked."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .._errors import KamailioError, Problem
from .._text import named
from .values import Value

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_INT32 = 2147483647


class ModuleWish(NamedTuple):
    """One entry of C(modules); a parameter whose value is None is to be taken out."""

    name: str
    params: Dict[str, Optional[Value]]
    present: bool = True


FIELDS = ("name", "params", "state")


def parse_module_wishes(entries: Sequence[Mapping[str, Any]]) -> List[ModuleWish]:
    """Check the entries of C(modules). Raises KamailioError with all problems, each with its index."""
    problems: List[Problem] = []
    wishes: List[ModuleWish] = []
    first: Dict[str, int] = {}
    for index, entry in enumerate(entries):
        where = "modules[%d]" % index
        before = len(problems)
        if not isinstance(entry, Mapping):
            problems.append(Problem("%s is not a mapping with a name" % where))
            continue
        problems += [
            Problem("%s.%s is not known" % (where, named(field)[1:-1]), "The fields are %s" % ", ".join(FIELDS))
            for field in entry
            if field not in FIELDS
        ]
        name = entry.get("name")
        name = name[:-3] if isinstance(name, str) and name.endswith(".so") else name
        if not isinstance(name, str) or not _NAME.match(name):
            problems.append(Problem("%s.name %s is not the name of a module, such as tm" % (where, named(name))))
        state = entry.get("state") or "present"
        if state not in ("present", "absent"):
            problems.append(Problem("%s.state %s is neither present nor absent" % (where, named(state))))
        params = _parse_params(entry.get("params"), where, problems)
        if params and state == "absent":
            problems.append(Problem("%s has params, but is to be absent" % where, "Its parameters go with it"))
        if len(problems) > before:
            continue
        if first.setdefault(str(name), index) != index:
            problems.append(Problem("modules[%d] and modules[%d] are both %s" % (first[str(name)], index, name)))
            continue
        wishes.append(ModuleWish(str(name), params, state == "present"))
    if problems:
        raise KamailioError(problems)
    return wishes


def _parse_params(value: Any, where: str, problems: List[Problem]) -> Dict[str, Optional[Value]]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(Problem("%s.params is not a mapping of names to values" % where))
        return {}
    params: Dict[str, Optional[Value]] = {}
    for name, setting in value.items():
        if not isinstance(name, str) or not _NAME.match(name):
            problems.append(Problem("%s.params: %s is not the name of a parameter" % (where, named(name))))
        elif setting is None:
            params[name] = None
        elif isinstance(setting, (bool, int)):
            if abs(setting) > _INT32:
                problems.append(Problem("%s.params.%s does not fit into the server's 32 bits" % (where, name)))
            params[name] = int(setting)
        elif isinstance(setting, str):
            if "\0" in setting:
                problems.append(Problem("%s.params.%s holds a NUL byte" % (where, name)))
            params[name] = setting.encode("utf-8", "surrogateescape")
        else:
            text = "%s.params.%s is neither a number nor text" % (where, name)
            problems.append(Problem(text, "A parameter that is given several times is not managed yet"))
    return params
