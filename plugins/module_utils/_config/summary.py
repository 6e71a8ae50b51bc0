# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The evaluated view of a configuration, for results: what takes effect, where it stands, and what does not."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Union

from .._secrets import mask_secrets, mask_value
from .._text import show
from .model import Evaluation, Place
from .values import Value


def summarise(evaluation: Evaluation) -> Dict[str, Any]:
    """C(modules), C(parameters), C(listen), C(inactive), C(files) and C(undecided), with passwords masked."""
    return {
        "modules": [{"name": load.name, **_place(load.place)} for load in evaluation.loads],
        "parameters": _parameters(evaluation),
        "listen": list(evaluation.listens),
        "load_path": evaluation.load_path,
        "inactive": [_inactive(evaluation, place) for place in evaluation.inactive],
        "files": list(evaluation.files),
        "undecided": [
            {"file": problem.path, "line": problem.line, "column": problem.column, "text": problem.text}
            for problem in evaluation.undecided
        ],
    }


def _place(place: Place) -> Dict[str, Any]:
    return {
        "file": place.path,
        "line": place.line,
        "column": place.column,
        "conditions": [_masked(condition.text) for condition in place.conditions],
        "define": place.define,
    }


def _masked(text: str) -> str:
    return show(mask_secrets(text.encode("utf-8", "surrogateescape")))


def _parameters(evaluation: Evaluation) -> List[Dict[str, Any]]:
    """One entry for each parameter of each module, at the place of the statement that counts."""
    found: Dict[Any, Dict[str, Any]] = {}
    for param in evaluation.params:
        for module in param.modules:
            value = _shown(param.name, param.value)
            values = found.pop((module, param.name), {"all_values": []})["all_values"]
            found[module, param.name] = {
                "module": module,
                "name": param.name,
                "value": value,
                "all_values": [*values, value],
                **_place(param.place),
            }
    return list(found.values())


def _shown(name: str, value: Optional[Value]) -> Union[int, str, None]:
    return show(mask_value(name, value)) if isinstance(value, bytes) else value


def _inactive(evaluation: Evaluation, place: Place) -> Dict[str, Any]:
    data = evaluation.files[place.path]
    return {
        "file": place.path,
        "line": place.line,
        "lines": data.count(b"\n", place.start, place.end),
        "conditions": [_masked(condition.text) for condition in place.conditions],
    }
