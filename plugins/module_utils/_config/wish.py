# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a playbook wants of the modules in kamailio.cfg, checked."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, Union

from .._errors import KamailioError, Problem
from .._secrets import require_unmasked
from .._text import named, show
from .parameters import VERSIONS, parameter_types
from .values import Value

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_NUMBER = re.compile(r"-?[0-9]{1,10}\Z")
# A boolean as templates and -e write it.
_BOOLEANS = {"true": 1, "yes": 1, "on": 1, "false": 0, "no": 0, "off": 0}
_INT32 = 2147483647

# A value, or all values of a parameter that is given several times.
Values = Union[Value, Tuple[Value, ...]]


class ModuleWish(NamedTuple):
    """One entry of C(modules); a parameter whose value is None is to be taken out.

    C(purge_params) takes out the parameters that are not named.
    """

    name: str
    params: Dict[str, Optional[Values]]
    present: bool = True
    purge_params: bool = False


FIELDS = ("name", "params", "state", "purge")


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
        purge = entry.get("purge") or "none"
        if purge not in ("none", "params"):
            problems.append(Problem("%s.purge %s is neither none nor params" % (where, named(purge))))
        params = _parse_params(entry.get("params"), where, problems)
        if params and state == "absent":
            problems.append(Problem("%s has params, but is to be absent" % where, "Its parameters go with it"))
        if len(problems) > before:
            continue
        if first.setdefault(str(name), index) != index:
            problems.append(Problem("modules[%d] and modules[%d] are both %s" % (first[str(name)], index, name)))
            continue
        wishes.append(ModuleWish(str(name), params, state == "present", purge == "params"))
    if problems:
        raise KamailioError(problems)
    return wishes


def _parse_params(value: Any, where: str, problems: List[Problem]) -> Dict[str, Optional[Values]]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(Problem("%s.params is not a mapping of names to values" % where))
        return {}
    params: Dict[str, Optional[Values]] = {}
    for name, setting in value.items():
        if not isinstance(name, str) or not _NAME.match(name):
            problems.append(Problem("%s.params: %s is not the name of a parameter" % (where, named(name))))
            continue
        try:
            if setting is None:
                params[name] = None
            elif isinstance(setting, (list, tuple)):
                params[name] = tuple(_parse_value(value) for value in setting)
            else:
                params[name] = _parse_value(setting)
        except ValueError as exc:
            problems.append(Problem("%s.params.%s %s" % (where, name, exc)))
    return params


def _parse_value(setting: object) -> Value:
    """A value that the server can hold. Raises ValueError with a text for people."""
    if isinstance(setting, (bool, int)):
        if abs(setting) > _INT32:
            raise ValueError("does not fit into the server's 32 bits")
        return int(setting)
    if not isinstance(setting, str):
        raise ValueError("is neither a number nor text")
    require_unmasked(setting)
    if "\0" in setting:
        raise ValueError("holds a NUL byte")
    return setting.encode("utf-8", "surrogateescape")


def with_known_types(wishes: Sequence[ModuleWish]) -> List[ModuleWish]:
    """Wishes with numbers where a text holds one and the parameter takes nothing else.

    What Ansible gets from the command line or a template is a text, whatever it looks like.
    """
    return [
        wish._replace(params={name: typed(wish.name, name, values) for name, values in wish.params.items()})
        for wish in wishes
    ]


def typed(module: str, name: str, value: Any) -> Any:
    """Return a value of a parameter, or all of them, with numbers for texts where it takes nothing else."""
    if known_types(module, name) != {"i"}:
        return value
    if isinstance(value, (list, tuple)):
        numbers = map(_as_number, value)
        return tuple(numbers) if isinstance(value, tuple) else list(numbers)
    return _as_number(value)


def _as_number(value: Any) -> Any:
    text = show(value) if isinstance(value, bytes) else value
    if not isinstance(text, str):
        return value
    number = _BOOLEANS.get(text.lower(), number_in(text))
    return value if number is None else number


def known_types(module: str, name: str) -> Set[str]:
    """Return the types that a parameter has in the tables of all versions: C(i), C(s) or C(is) each."""
    types = (parameter_types(module, version) or {} for version in VERSIONS)
    return {known[name] for known in types if name in known}


def number_in(text: str) -> Optional[int]:
    """Return the number that a text holds in decimal digits, None if it is not one that the server can hold."""
    number = int(text) if _NUMBER.match(text) else None
    return None if number is None or abs(number) > _INT32 else number
