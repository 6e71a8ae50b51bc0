# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""From a configuration and what is wanted of its modules to files that change nothing else.

The plan goes step by step, and evaluates the configuration again after each: that keeps every step as simple as the
first, through includes, conditionals and defines.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple, Union

from .._errors import KamailioError, Problem
from .._patch import Patch, apply_patches
from .._rules import RULES
from .._text import line_end_of, show
from . import lexer
from .evaluate import COMMAND_LINE
from .insert import at_end, before, behind, line_of, removal
from .model import Condition, Evaluation, Load, Param, Place, own_name, problem_at
from .requirements import PREFERS_TM, REQUIREMENTS, comes_before
from .values import Value, render_value
from .wish import ModuleWish, Values

# Evaluates the configuration with these texts in the place of what the files hold.
Evaluate = Callable[[Mapping[str, bytes]], Evaluation]


def plan_modules(wishes: Sequence[ModuleWish], evaluate: Evaluate) -> Dict[str, bytes]:
    """The files that change, by path, with their bytes afterwards; none, if they already say what the wishes say.

    Raises KamailioError with all problems.
    """
    editor = _Editor(evaluate)
    problems = [problem for wish in wishes for problem in _limits(editor.evaluation, wish)]
    problems += [problem for rule, problem in editor.evaluation.problems if not RULES[rule].editable]
    problems += editor.evaluation.undecided
    if problems:
        raise KamailioError(dict.fromkeys(problems))
    first = editor.evaluation
    # tm first: what needs it goes behind it.
    in_order = sorted(wishes, key=lambda wish: wish.name != "tm")
    for wish in in_order:
        if wish.present:
            _place_module(editor, wish.name)
            # What is for no module yet can be for it now.
            _refuse(_limits(editor.evaluation, wish))
            _set_params(editor, wish)
        else:
            _remove_module(editor, wish.name)
    # A module that was put before its orphaned modparam may stand before what it needs.
    for wish in in_order:
        if wish.present:
            _place_module(editor, wish.name)
    _verify(first, editor.evaluation, wishes)
    return {path: text for path, text in editor.texts.items() if text != first.files[path]}


class _Editor:
    """The configuration as it is after the steps so far."""

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate
        self.texts: Dict[str, bytes] = {}
        self.evaluation = evaluate({})

    def data(self, place: Place) -> bytes:
        """The text of the file of a place."""
        return self.evaluation.files[place.path]

    def edit(self, patches: Iterable[Tuple[Place, Patch]]) -> None:
        """Patch the file of each place."""
        by_path: Dict[str, List[Patch]] = {}
        for place, patch in patches:
            if patch not in by_path.setdefault(place.path, []):
                by_path[place.path].append(patch)
        for path, ones in by_path.items():
            self.texts[path] = apply_patches(self.evaluation.files[path], ones)
        self.evaluation = self._evaluate(self.texts)


def _is_for(param: Param, module: str) -> bool:
    """Whether a C(modparam) is for this module and for no other one."""
    return param.modules == (module,) or (not param.modules and param.written_for == own_name(module))


def _limits(evaluation: Evaluation, wish: ModuleWish) -> List[Problem]:
    """What cannot be edited: statements that stand in no file, come out of a define as a whole, or are shared."""
    problems = []
    loads = [load.place for load in evaluation.loads if load.name == wish.name]
    own = [param for param in evaluation.params if _is_for(param, wish.name)]
    shared = [param for param in evaluation.all_params(wish.name) if not _is_for(param, wish.name)]
    if not wish.present:
        problems += [problem for place in loads for problem in _whole(wish.name, place)]
        problems += [problem for param in own for problem in _whole(wish.name, param.place)]
    for param in own:
        values = wish.params.get(param.name, ())
        if param.name in wish.params and not _are_there(own, param.name, values):
            problems += _whole("%s of %s" % (param.name, wish.name), param.place)
    for param in shared if wish.present else ():
        goes = wish.params[param.name] is None if param.name in wish.params else wish.purge_params
        if goes or isinstance(wish.params.get(param.name), tuple):
            text = '%s of %s is set by modparam("%s", …), for other modules too' % (
                param.name,
                wish.name,
                param.written_for,
            )
            remedy = "Give each module a modparam of its own there"
            problems.append(problem_at(param.place, text, remedy))
    return problems


def _are_there(own: Sequence[Param], name: str, values: Union[Values, None]) -> bool:
    """Whether a parameter has these values already."""
    there = [param.value for param in own if param.name == name]
    if isinstance(values, tuple):
        return len(there) == len(values) and all(map(same_value, there, values))
    return values is not None and same_value(there[-1], values)


def _whole(what: str, place: Place) -> List[Problem]:
    if place.path == COMMAND_LINE:
        return [Problem("%s is given on the command line of the server" % what, "Change it there, in its unit")]
    if place.define and not place.define.startswith("#!"):
        text = "%s comes from the define %s, which holds the whole statement" % (what, place.define)
        return [problem_at(place, text, "Edit the define by hand")]
    return []


def _refuse(problems: List[Problem]) -> None:
    if problems:
        raise KamailioError(problems)


def _needs_now(evaluation: Evaluation, module: str, name: str) -> bool:
    """Whether a module does not start unless the named one stands before it."""
    if name == "tm":
        return module not in PREFERS_TM
    return any(
        row.before
        and name in row.needs
        and all(when.default or evaluation.param(module, when.parameter) for when in row.when)
        for row in REQUIREMENTS
        if row.module == module
    )


def _place_module(editor: _Editor, name: str) -> None:
    evaluation = editor.evaluation
    load = evaluation.load(name)
    dependants = [load for load in evaluation.loads if load.name in comes_before(name)]
    if load is None:
        _insert_load(editor, name, dependants)
        return
    late = [dependant for dependant in dependants if dependant.place.order < load.place.order]
    if any(_needs_now(evaluation, dependant.name, name) for dependant in late):
        _move_load(editor, load, late[0])


def _insert_load(editor: _Editor, name: str, dependants: Sequence[Load]) -> None:
    """Before what needs it, in its branch; else behind the last module that is always loaded."""
    evaluation = editor.evaluation
    line = b'loadmodule "%s.so"' % name.encode()
    orphans = [param.place for param in evaluation.params if not param.modules and param.written_for == own_name(name)]
    needing = sorted([dependant.place for dependant in dependants] + orphans, key=lambda place: place.order)
    needing = [place for place in needing if not _whole(name, place)]
    anchor, put = (needing[0], before) if needing else _neighbour(evaluation, name)
    elsewhere = evaluation.inactive_loads(name)
    if any(place.order < anchor.order for place in elsewhere):
        line = _guarded(name, line)
    patches = [(anchor, put(editor.data(anchor), anchor, line))]
    patches += _guards(editor, name, [place for place in elsewhere if place.order >= anchor.order])
    editor.edit(patches)


_Put = Callable[[bytes, Place, bytes], Patch]


def _neighbour(evaluation: Evaluation, name: str) -> Tuple[Place, _Put]:
    """The last C(loadmodule) that always takes effect or that it needs before it, else what modules stand before."""
    needed = {need for row in REQUIREMENTS if row.module == name and row.before for need in row.needs}
    always = [load.place for load in evaluation.loads if not load.place.conditions or load.name in needed]
    always = [place for place in always if not place.define]
    always = [place for place in always if place.path != COMMAND_LINE]
    if always:
        return always[-1], behind
    firsts = [param.place for param in evaluation.params if not param.place.conditions and not _whole("", param.place)]
    if firsts:
        return firsts[0], before
    block = evaluation.first_block
    if block and not block.conditions:
        return block, before
    size = len(evaluation.files[evaluation.path])
    return Place(evaluation.path, size, size, 0, 0, order=1 << 60), lambda data, _place, text: at_end(data, text)


def _guarded(name: str, line: bytes) -> bytes:
    """A C(loadmodule) that takes effect only where no other has."""
    return b"#!ifndef MOD_%s\n%s\n#!endif" % (own_name(name).encode(), line)


def _guards(editor: _Editor, name: str, places: Sequence[Place]) -> List[Tuple[Place, Patch]]:
    """Let statements of the same module further down take effect only where none was before."""
    patches = []
    for place in places:
        data = editor.data(place)
        if any(
            condition.text.startswith("#!ifndef MOD_%s" % own_name(name)) and "#!else" not in condition.text
            for condition in place.conditions
        ):
            continue
        start, end = line_of(data, place)
        if (start, end) == (place.start, place.end):
            text = "module %s is also loaded under %s, beside other statements on one line" % (
                name,
                place.conditions[-1].text if place.conditions else "no condition",
            )
            raise KamailioError([problem_at(place, text, "Put it on a line of its own")])
        line_end = line_end_of(data)
        closing = b"#!endif" + line_end if data[:end].endswith(b"\n") else line_end + b"#!endif" + line_end
        patches.append((place, Patch(start, start, b"#!ifndef MOD_%s%s" % (own_name(name).encode(), line_end))))
        patches.append((place, Patch(end, end, closing)))
    return patches


def _move_load(editor: _Editor, load: Load, dependant: Load) -> None:
    """A module that is loaded too late goes before the first one that needs it.

    Where that one stands deeper in conditionals it goes before them; where it stands in a branch itself it stays
    there, for the case that it is the first one.
    """
    place, anchor = load.place, dependant.place
    _refuse(_whole(load.name, place) + _whole(dependant.name, anchor))
    shared = 0
    for condition, other in zip(place.conditions, anchor.conditions):
        if condition[1:] != other[1:]:
            break
        shared += 1
    if len(anchor.conditions) > shared:
        anchor = _directive(anchor.conditions[shared])
    data = editor.data(place)
    start, end = line_of(data, place)
    line = data[start:end].strip(b" \t\r\n")
    if len(place.conditions) > shared:
        plain = b'loadmodule "%s.so"' % load.name.encode()
        editor.edit([(anchor, before(editor.data(anchor), anchor, plain)), *_guards(editor, load.name, [place])])
    else:
        editor.edit([(anchor, before(editor.data(anchor), anchor, line)), (place, Patch(start, end, b""))])


def _directive(condition: Condition) -> Place:
    return Place(condition.path, condition.start, condition.start, condition.line, condition.column)


def _set_params(editor: _Editor, wish: ModuleWish) -> None:
    if wish.purge_params:
        params = editor.evaluation.params
        own = [param for param in params if _is_for(param, wish.name) and param.name not in wish.params]
        _remove(editor, "a parameter of %s" % wish.name, [param.place for param in own])
    for name, values in wish.params.items():
        there = editor.evaluation.all_params(wish.name, name)
        own = [param for param in there if _is_for(param, wish.name)]
        if values is None:
            _remove(editor, "%s of %s" % (name, wish.name), [param.place for param in own])
        elif isinstance(values, tuple):
            _set_all(editor, wish.name, name, values, own)
        elif not there or not same_value(there[-1].value, values):
            _set_last(editor, wish.name, name, values, there)


def same_value(value: Optional[Value], other: Optional[Value]) -> bool:
    """Whether two values are the same to the server, to which a number is no string."""
    return value == other and isinstance(value, int) == isinstance(other, int)


def _set_all(editor: _Editor, module: str, name: str, values: Sequence[Value], own: Sequence[Param]) -> None:
    """A parameter that is given several times: these values, in this order."""
    if len(own) == len(values) and all(same_value(param.value, value) for param, value in zip(own, values)):
        return
    for index, value in enumerate(values):
        there = editor.evaluation.all_params(module, name)
        if index >= len(there):
            _add_param(editor, module, name, value, there)
        elif not same_value(there[index].value, value):
            _change_value(editor, module, there[index], value)
    there = editor.evaluation.all_params(module, name)
    _remove(editor, "%s of %s" % (name, module), [param.place for param in there[len(values) :]])


def _set_last(editor: _Editor, module: str, name: str, value: Value, there: Sequence[Param]) -> None:
    if there and _is_for(there[-1], module):
        _change_value(editor, module, there[-1], value)
    else:
        _add_param(editor, module, name, value, there)


def _change_value(editor: _Editor, module: str, param: Param, value: Value) -> None:
    """In the statement, or in the define that gives nothing but this value."""
    what = "%s of %s" % (param.name, module)
    _refuse(_whole(what, param.place))
    place = param.value_place
    name = place.define
    if name and not name.startswith("#!"):
        define = editor.evaluation.defines.get(name)
        if define is None:
            text = "%s comes from the define %s, which no file sets" % (what, name)
            raise KamailioError([problem_at(place, text, "Change it where the server gets it from")])
        data = editor.data(define.place)
        token = lexer.next_token(data, define.start, frozenset()) if define.end > define.start else None
        alone = token and token.kind in (lexer.STRING, lexer.RAW_STRING, lexer.WORD)
        if token and alone and editor.evaluation.uses(name) == 1 and not _code(data[token.end : define.end]):
            editor.edit([(define.place, Patch(token.start, token.end, render_value(value)))])
            return
    editor.edit([(place, Patch(place.start, place.end, render_value(value)))])


def _code(text: bytes) -> bytes:
    """What is neither white space nor a comment."""
    text = text.strip()
    return b"" if text[:1] == b"#" or text[:2] == b"//" else text


def _add_param(editor: _Editor, module: str, name: str, value: Value, there: Sequence[Param]) -> None:
    """Behind those of its name, else behind the module's other parameters, else behind the modules loaded with it."""
    evaluation = editor.evaluation
    line = b'modparam("%s", "%s", %s)' % (own_name(module).encode(), name.encode(), render_value(value))
    load = evaluation.load(module)
    usable = [param.place for param in evaluation.all_params(module) if not _whole("", param.place)]
    if there:
        usable = [there[-1].place]
    elif load:
        usable = [place for place in usable if place.conditions == load.place.conditions]
    if not usable and load and not _whole("", load.place):
        usable = [
            other.place
            for other in evaluation.loads
            if (other.place.path, other.place.conditions) == (load.place.path, load.place.conditions)
            and not _whole("", other.place)
        ]
    if not usable:
        _refuse(_whole(module, load.place) if load else [Problem("%s is not loaded" % module)])
    anchor = usable[-1]
    _refuse(_whole("%s of %s" % (name, module), anchor))
    editor.edit([(anchor, behind(editor.data(anchor), anchor, line))])


def _remove_module(editor: _Editor, name: str) -> None:
    evaluation = editor.evaluation
    places = [load.place for load in evaluation.loads if load.name == name]
    places += [param.place for param in evaluation.params if _is_for(param, name)]
    _remove(editor, name, places)


def _remove(editor: _Editor, what: str, places: Sequence[Place]) -> None:
    _refuse([problem for place in places for problem in _whole(what, place)])
    if places:
        editor.edit([(place, removal(editor.data(place), place)) for place in places])


def _verify(first: Evaluation, last: Evaluation, wishes: Sequence[ModuleWish]) -> None:
    """Compare what the result means with what was wanted, before anybody writes it."""
    names = {wish.name for wish in wishes}
    known = [(rule, problem.text) for rule, problem in first.problems]
    wrong = [problem for rule, problem in last.problems if (rule, problem.text) not in known]
    wrong += [
        problem for problem in last.undecided if problem.text not in [earlier.text for earlier in first.undecided]
    ]
    by_hand = "Edit the configuration by hand"
    if [load.name for load in first.loads if load.name not in names] != [
        load.name for load in last.loads if load.name not in names
    ]:
        wrong.append(Problem("the edit would change which other modules are loaded", by_hand, last.path))
    for wish in wishes:
        if wish.present != bool(last.load(wish.name)):
            wrong.append(Problem("the edit would not reach %s" % wish.name, by_hand, last.path))
        for name, values in wish.params.items():
            if not _has(last.all_params(wish.name, name), values):
                text = "the edit would not give %s of %s its value" % (name, wish.name)
                wrong.append(Problem(text, by_hand, last.path))
    if _others(first, names) != _others(last, names):
        wrong.append(Problem("the edit would change other parameters", by_hand, last.path))
    _refuse(wrong)


def _has(there: Sequence[Param], values: Union[Values, None]) -> bool:
    if values is None or isinstance(values, tuple):
        return [param.value for param in there] == list(values or ())
    return bool(there) and same_value(there[-1].value, values)


def _others(evaluation: Evaluation, names: Set[str]) -> List[Tuple[str, str, str]]:
    return [
        (param.written_for, param.name, show(param.value) if isinstance(param.value, bytes) else str(param.value))
        for param in evaluation.params
        if param.modules and not any(_is_for(param, name) for name in names)
    ]
