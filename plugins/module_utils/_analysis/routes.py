# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Blocks of the routing script that are asked for and not there.

The server's side of it is C(fix_actions) of Kamailio's src/core/route.c, which looks at every call once the modules
have started, and C(fixup_routes) of its src/modules/tm/tm.c.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, Optional, Set, Tuple

from .._config.calls import block_named
from .._config.model import Call, Evaluation
from .._config.requirements import When, asked_for
from .._config.values import parse_number
from .._rules import RULES
from .._text import quoted, show
from .findings import Finding, found_at, found_in
from .routing import engine_of, runs_script

# Modules that do not start without a route for their events: the route, the parameter with which they need it (None for
# always), and the one that names a function of another language instead.
_EVENT_ROUTES: Dict[str, Tuple[str, Optional[When], Optional[str]]] = {
    "xhttp": ("xhttp:request", None, "event_callback"),
    "nosip": ("nosip:msg", None, None),
    "corex": ("network:msg", When("nio_intercept"), None),
    "sipcapture": ("sipcapture:request", When("nonsip_hook", 0, unless=(0,)), "event_callback"),
}
# The blocks that functions of tm name, which do nothing without their block.
_HANDLERS = {
    "t_on_failure": "failure_route[%s]",
    "t_on_reply": "onreply_route[%s]",
    "t_on_branch": "branch_route[%s]",
    "t_on_branch_failure": "event_route[tm:branch-failure:%s]",
}
# Modules and functions that make an empty route of a name in their parameters and arguments, which a call then finds.
_NAMING_MODULES = ("ims_icscf", "rtimer", "timer", "xmlrpc")
_NAMING_FUNCTIONS = ("db_foreach",)
_FAILS = "kamailio -c passes, and the next start fails"
_WORD = re.compile(rb"[^\s;=,]+")


def block_findings(evaluation: Evaluation) -> Iterator[Finding]:
    """Blocks of the routing script that are asked for and not there, as far as the script is known."""
    stopping = [*_event_routes(evaluation), *_routes(evaluation)]
    if not evaluation.hides_calls:
        yield from stopping
        yield from _handlers(evaluation)
    elif stopping and not evaluation.undecided and not any(RULES[rule].stops for rule, _problem in evaluation.problems):
        text = "a part of the routing script is known to the server only, and the block that this needs may be in it"
        first = stopping[0]
        yield found_in("config-undecided", first.file, first.line, text, column=first.column)


def _event_routes(evaluation: Evaluation) -> Iterator[Finding]:
    """Modules that need an event_route and do not find it."""
    for load in evaluation.loads:
        if load.name not in _EVENT_ROUTES:
            continue
        event, needed_for, instead = _EVENT_ROUTES[load.name]
        if needed_for and not asked_for(evaluation, load.name, (needed_for,)):
            continue
        switch = evaluation.param(load.name, needed_for.parameter) if needed_for else None
        callback = evaluation.param(load.name, instead) if instead else None
        if callback and callback.value:
            # Without a script in another language, the function is looked for in vain.
            if not runs_script(evaluation):
                text = "%s of %s is a function of a KEMI script, and no cfgengine runs one: %s"
                remedy = 'Load the module of the script, and name its language, such as cfgengine "lua"'
                yield found_at("event-route-missing", callback.place, text % (callback.name, load.name, _FAILS), remedy)
            continue
        name = "event_route[%s]" % event
        if name not in evaluation.routes:
            text = "module %s needs %s, which is not there: %s"
            place = switch.place if switch else load.place
            yield found_at("event-route-missing", place, text % (load.name, name, _FAILS))


def _routes(evaluation: Evaluation) -> Iterator[Finding]:
    """Calls of a route that is not there, which the server refuses when all its modules have started."""
    made = _names_made(evaluation)
    if None in made:
        return
    there = {_key(name[len("route[") : -1]) for name in evaluation.routes if name.startswith("route[")} | {"0"}
    for name, call in _first_calls(evaluation, "route").items():
        if _key(show(name)) in there or name in made:
            continue
        text = "route(%s) calls a route that is not there: kamailio -c passes, and the next start fails"
        remedy = "Write route[%s], or correct the name in the call%s" % (quoted(name, 60), _perhaps_in(evaluation))
        yield found_at("route-missing", call.place, text % quoted(name, 60), remedy)


def _handlers(evaluation: Evaluation) -> Iterator[Finding]:
    """Calls that name a block for a failure, a reply or a branch, where that block is missing."""
    # A script in another language has functions for it.
    if engine_of(evaluation):
        return
    for function, block in _HANDLERS.items():
        for name, call in _first_calls(evaluation, function).items():
            wanted = block % show(name)
            if name not in (b"", b"0") and block_named(wanted) not in evaluation.routes:
                shown = quoted(wanted.encode("utf-8", "surrogateescape"), 90)
                text = "%s names %s, which is not there: nothing runs in its place" % (function, shown)
                remedy = "Write %s, or correct the name in the call%s" % (shown, _perhaps_in(evaluation))
                yield found_at("handler-missing", call.place, text, remedy)


def _first_calls(evaluation: Evaluation, function: str) -> Dict[bytes, Call]:
    """The first call of a function with each name that is known."""
    found: Dict[bytes, Call] = {}
    for call in evaluation.calls:
        name = call.args[0] if call.args else None
        if call.name == function and name is not None:
            found.setdefault(name, call)
    return found


def _names_made(evaluation: Evaluation) -> Set[Optional[bytes]]:
    """The words that may name a route which exists without a block, and None if there are more that are not known."""
    params = [param for module in _NAMING_MODULES for param in evaluation.all_params(module)]
    texts = [param.value for param in params if not isinstance(param.value, int)]
    texts += [text for call in evaluation.calls if call.name in _NAMING_FUNCTIONS for text in call.args]
    return {word for text in texts for word in ([None] if text is None else _WORD.findall(text))}


def _perhaps_in(evaluation: Evaluation) -> str:
    """Where else a block may be: in a file that is imported and not there."""
    names = [quoted(path.encode("utf-8", "surrogateescape"), 60) for path in evaluation.unread[-1:]]
    return "".join("; %s, which is imported, is not there" % name for name in names)


def _key(name: str) -> str:
    """The name as the server compares it, which writes a number in decimal."""
    number = parse_number(name.encode()) if name[:1].isdigit() else None
    return name if number is None else str(number)
