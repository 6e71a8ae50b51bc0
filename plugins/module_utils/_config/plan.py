# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""From kamailio.cfg and the modules wanted in it to a file in which nothing else has changed.

The plan goes wish by wish, and evaluates the file again after each: that keeps every step as simple as the first.
It works on one file; where an include or a conditional could matter to the modules named, it says so and refuses.
"""

from __future__ import annotations

import re
from typing import Callable, List, Optional, Sequence, Tuple

from .._errors import KamailioError, Problem, error
from .._patch import Patch, apply_patches
from .._text import line_end_of, show
from .model import Evaluation, Param, Place
from .values import Value, render_value
from .wish import ModuleWish

# Modules whose sources ask for tm's API (Kamailio 6.1): tm goes before the first of them.
AFTER_TM = frozenset(
    [
        "acc",
        "async",
        "cplc",
        "dialog",
        "dispatcher",
        "dmq",
        "evapi",
        "http_async_client",
        "imc",
        "jsonrpcc",
        "keepalive",
        "lcr",
        "lrkproxy",
        "mangler",
        "mohqueue",
        "msilo",
        "nat_traversal",
        "presence",
        "pua",
        "pv_headers",
        "rls",
        "rtjson",
        "rtpengine",
        "rtpproxy",
        "sca",
        "seas",
        "siptrace",
        "sl",
        "sms",
        "tmx",
        "tsilo",
        "uac",
        "uac_redirect",
        "xmpp",
    ]
)
# sl only prefers tm before it (it logs a message otherwise), so a tm behind sl alone stays where it is.
PREFERS_TM = frozenset(["sl"])

# What the rest of a line may hold for a new line to go behind it.
_REST_OF_LINE = re.compile(rb"[ \t\r]*(?:(?:#(?!!)|//)[^\n]*)?(?:\n|\Z)")
_HARMLESS = ("module-twice", "modparam-without-module", "parameter-type")

Evaluate = Callable[[bytes], Evaluation]


def plan_modules(data: bytes, wishes: Sequence[ModuleWish], evaluate: Evaluate) -> bytes:
    """The bytes of the file with the wishes in it; C(data) itself, if it already says what they say.

    C(evaluate) evaluates the bytes of the main file. Raises KamailioError with all problems.
    """
    before = evaluate(data)
    problems = [problem for wish in wishes for problem in _limits(before, wish)]
    problems += [problem for rule, problem in before.problems if rule not in _HARMLESS]
    problems += before.undecided
    if problems:
        raise KamailioError(dict.fromkeys(problems))
    # tm first: what needs it goes behind it.
    for wish in sorted(wishes, key=lambda one: one.name != "tm"):
        if wish.present:
            data = _place_module(data, wish.name, evaluate)
            for name, value in wish.params.items():
                data = _set_param(data, wish.name, name, value, evaluate)
        else:
            data = _remove_module(data, wish.name, evaluate)
    _verify(before, evaluate(data), wishes)
    return data


def _limits(evaluation: Evaluation, wish: ModuleWish) -> List[Problem]:
    """What this plan does not do: statements of the module in includes, in conditionals or from defines."""
    problems = []
    skipped = evaluation.inactive_load(wish.name)
    if skipped:
        text = "module %s is also loaded under %s, which does not hold" % (wish.name, skipped.conditions[-1])
        problems.append(Problem(text, "Edit this file by hand", skipped.path, skipped.line))
    loads = [load.place for load in evaluation.loads if load.name == wish.name]
    params = [
        param
        for param in evaluation.params
        if wish.name in param.modules and (not wish.present or param.name in wish.params)
    ]
    for place in loads + [param.place for param in params]:
        if place.conditions or not wish.present:
            problems += _limits_of(evaluation, wish.name, place)
    for param in params:
        if not wish.present and param.written_for != wish.name:
            text = 'modparam("%s", …) is for other modules too' % param.written_for
            problems.append(Problem(text, "Take it apart by hand", param.place.path, param.place.line))
    return problems


def _limits_of(evaluation: Evaluation, name: str, place: Place) -> List[Problem]:
    if place.path != evaluation.path:
        text, remedy = (
            "%s is loaded or configured in this included file" % name,
            "Run the task on that file, or edit it",
        )
    elif place.conditions:
        text, remedy = "%s stands under %s" % (name, place.conditions[-1]), "Edit this file by hand"
    elif place.define:
        text, remedy = "%s comes from the define %s" % (name, place.define), "Edit the define by hand"
    else:
        return []
    return [Problem(text + ", which this version does not edit", remedy, place.path, place.line)]


def _editable(evaluation: Evaluation, name: str, place: Place) -> Place:
    problems = _limits_of(evaluation, name, place)
    if problems:
        raise KamailioError(problems)
    return place


def _place_module(data: bytes, name: str, evaluate: Evaluate) -> bytes:
    """The module loaded, and tm before what needs it."""
    evaluation = evaluate(data)
    load = evaluation.load(name)
    if not load:
        line = b'loadmodule "%s.so"' % name.encode()
        return apply_patches(data, [_insert_load(evaluation, data, name, line)])
    if name != "tm" or not _stands_too_late(evaluation):
        return data
    start, end = _whole_line(data, _editable(evaluation, name, load.place))
    line = data[start:end].strip(b" \t\r\n")
    return apply_patches(data, [_insert_load(evaluation, data, name, line), Patch(start, end, b"")])


def _stands_too_late(evaluation: Evaluation) -> bool:
    names = [load.name for load in evaluation.loads]
    return any(name in AFTER_TM - PREFERS_TM for name in names[: names.index("tm")])


def _insert_load(evaluation: Evaluation, data: bytes, name: str, line: bytes) -> Patch:
    own = [load for load in evaluation.loads if load.place.path == evaluation.path]
    if name == "tm":
        for load in evaluation.loads:
            if load.name in AFTER_TM:
                return _before(data, _editable(evaluation, load.name, load.place), line)
    orphan = next((one.place for one in evaluation.params if not one.modules and one.written_for == name), None)
    if orphan:
        return _before(data, orphan, line)
    unconditional = [load for load in own if not load.place.conditions and not load.place.define]
    if unconditional:
        return _behind(data, unconditional[-1].place, line)
    firsts = [one.place for one in evaluation.params if one.place.path == evaluation.path and not one.place.conditions]
    if firsts:
        return _before(data, firsts[0], line)
    block = evaluation.first_block
    if block and block.path == evaluation.path and not block.conditions:
        return _before(data, block, line)
    return _at_end(data, line)


def _set_param(data: bytes, module: str, name: str, value: Optional[Value], evaluate: Evaluate) -> bytes:
    evaluation = evaluate(data)
    there = evaluation.all_params(module, name)
    if value is None:
        own = [_editable(evaluation, module, one.place) for one in there if one.written_for == module]
        return apply_patches(data, [_removal(data, place) for place in own])
    if there and there[-1].value == value and isinstance(there[-1].value, int) == isinstance(value, int):
        return data
    if there and there[-1].written_for == module:
        place = _editable(evaluation, "%s of %s" % (name, module), there[-1].value_place)
        return apply_patches(data, [Patch(place.start, place.end, render_value(value))])
    line = b'modparam("%s", "%s", %s)' % (module.encode(), name.encode(), render_value(value))
    return apply_patches(data, [_insert_param(evaluation, data, module, there, line)])


def _insert_param(evaluation: Evaluation, data: bytes, module: str, there: List[Param], line: bytes) -> Patch:
    """Behind the module's other parameters, else behind the last loadmodule: it must follow its own."""
    neighbours = [
        one.place for one in evaluation.all_params(module) if not one.place.conditions and not one.place.define
    ]
    neighbours = [place for place in neighbours if place.path == evaluation.path]
    if neighbours and (not there or there[-1].place in neighbours):
        return _behind(data, neighbours[-1], line)
    loads = [load.place for load in evaluation.loads if load.place.path == evaluation.path]
    loads = [place for place in loads if not place.conditions and not place.define]
    after = loads + [one.place for one in there if one.place.path == evaluation.path]
    if not after:
        raise error(
            "no loadmodule stands in this file, behind which a modparam could go", "Edit it by hand", evaluation.path
        )
    return _behind(data, max(after, key=lambda place: place.start), line)


def _remove_module(data: bytes, name: str, evaluate: Evaluate) -> bytes:
    evaluation = evaluate(data)
    places = [load.place for load in evaluation.loads if load.name == name]
    places += [one.place for one in evaluation.params if one.written_for == name]
    return apply_patches(data, [_removal(data, place) for place in places])


def _line_start(data: bytes, at: int) -> int:
    return data.rfind(b"\n", 0, at) + 1


def _whole_line(data: bytes, place: Place) -> Tuple[int, int]:
    """The line of a statement, with its comment, if it stands there alone; else its own bytes."""
    start = _line_start(data, place.start)
    rest = _REST_OF_LINE.match(data, place.end)
    if rest and not data[start : place.start].strip(b" \t"):
        return start, rest.end()
    return place.start, place.end


def _removal(data: bytes, place: Place) -> Patch:
    """A statement goes with its line; a comment behind it stays."""
    start, end = _whole_line(data, place)
    if data[place.end : end].strip(b" \t\r\n") or (start, end) == (place.start, place.end):
        return Patch(place.start, place.end, b"")
    return Patch(start, end, b"")


def _before(data: bytes, place: Place, line: bytes) -> Patch:
    start = _line_start(data, place.start)
    indent = data[start : place.start]
    if indent.strip(b" \t"):
        return Patch(place.start, place.start, line + line_end_of(data))
    return Patch(start, start, indent + line + line_end_of(data))


def _behind(data: bytes, place: Place, line: bytes) -> Patch:
    start = _line_start(data, place.start)
    indent = (re.match(rb"[ \t]*", data[start : place.start]) or [b""])[0]
    rest = _REST_OF_LINE.match(data, place.end)
    if not rest:
        return Patch(place.end, place.end, line_end_of(data) + indent + line + line_end_of(data))
    end = rest.end()
    if data[end - 1 : end] != b"\n":
        return Patch(end, end, line_end_of(data) + indent + line + line_end_of(data))
    return Patch(end, end, indent + line + line_end_of(data))


def _at_end(data: bytes, line: bytes) -> Patch:
    gap = line_end_of(data) if data and not data.endswith(b"\n") else b""
    return Patch(len(data), len(data), gap + line + line_end_of(data))


def _verify(before: Evaluation, after: Evaluation, wishes: Sequence[ModuleWish]) -> None:
    """Compare what the result means with what was wanted, before anybody writes it."""
    names = {wish.name for wish in wishes}
    wrong = [problem for rule, problem in after.problems if (rule, problem.text) not in _texts(before)]
    if [load.name for load in before.loads if load.name not in names] != [
        load.name for load in after.loads if load.name not in names
    ]:
        wrong.append(Problem("the edit would change which other modules are loaded", "Edit by hand", after.path))
    loaded = {load.name for load in after.loads}
    for wish in wishes:
        if wish.present != (wish.name in loaded):
            wrong.append(Problem("the edit would not reach %s" % wish.name, "Edit the file by hand", after.path))
        for name, value in wish.params.items():
            param = after.param(wish.name, name)
            if (param.value if param else None) != value:
                text = "the edit would not give %s of %s its value" % (name, wish.name)
                wrong.append(Problem(text, "Edit the file by hand", after.path))
    wanted = {(wish.name, name) for wish in wishes for name in wish.params}
    if _others(before, wanted, names) != _others(after, wanted, names):
        wrong.append(Problem("the edit would change other parameters", "Edit the file by hand", after.path))
    if wrong:
        raise KamailioError(wrong)


def _texts(evaluation: Evaluation) -> List[Tuple[str, str]]:
    return [(rule, problem.text) for rule, problem in evaluation.problems]


def _others(evaluation: Evaluation, wanted: set[Tuple[str, str]], names: set[str]) -> List[Tuple[str, str, str]]:
    return [
        (param.written_for, param.name, show(param.value) if isinstance(param.value, bytes) else str(param.value))
        for param in evaluation.params
        if (param.written_for, param.name) not in wanted and (param.written_for not in names)
    ]
