# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the routing script asks of the destinations: which calls choose from which set, and by what.

The functions are those of Kamailio's src/modules/dispatcher/dispatcher.c.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Iterator, Mapping, NamedTuple, Optional, Tuple

from .._config.model import Call, Evaluation, Load
from .._config.values import parse_number

WEIGHT, LOAD, RELATIVE_WEIGHT, LATENCY, HASH_OF_VARIABLE = 9, 10, 11, 13, 7

# Their first arguments are the set and the algorithm.
_SELECTING = ("ds_select", "ds_select_dst", "ds_select_domain")
_SELECTING_BY_RULES = ("ds_select_routes",)
_RULE = re.compile(rb"([0-9]{1,9})=([0-9]{1,9})(?:;|\Z)")
# Modules that run scripts in other languages, which have the same functions.
_ENGINE = re.compile(r"app_[a-z0-9_]+\Z")


class Choice(NamedTuple):
    """A call that chooses a destination; C(setid) and C(algorithm) are None where only the server knows them."""

    call: Call
    setid: Optional[int]
    algorithm: Optional[int]


class Routing(NamedTuple):
    """What is known of the routing script.

    C(calls) are those of functions of dispatcher; C(complete) says whether these are all; C(engine) is the module that
    runs a script in another language, None where there is none. C(default_aside) says whether C(use_default) sets the
    last destination of each set aside. C(uses) are the first calls by algorithm and set.
    """

    calls: Tuple[Call, ...] = ()
    choices: Tuple[Choice, ...] = ()
    complete: bool = False
    engine: Optional[Load] = None
    default_aside: bool = False
    uses: Mapping[Tuple[Optional[int], Optional[int]], Call] = {}

    def may_use(self, algorithm: int, setid: int) -> bool:
        """Return whether calls of a set may go by an algorithm, as far as is known."""
        if not self.complete or not self.choices:
            return True
        return any(use in self.uses for use in product((None, algorithm), (None, setid)))

    def use_of(self, algorithm: int, *setids: Optional[int]) -> Optional[Call]:
        """Return a call that uses an algorithm for one of these sets, None being an unknown one."""
        return next((self.uses[algorithm, setid] for setid in setids if (algorithm, setid) in self.uses), None)

    def calls_of(self, *names: str) -> Tuple[Call, ...]:
        """Return the calls of these functions."""
        return tuple(call for call in self.calls if call.name in names)


# Of a list without a configuration.
UNREAD = Routing()


def read_routing(evaluation: Evaluation) -> Routing:
    """Return what a configuration says about the use of its destinations."""
    calls = tuple(call for call in evaluation.calls if call.name.startswith("ds_"))
    engine = engine_of(evaluation)
    default = evaluation.param("dispatcher", "use_default")
    choices = tuple(choice for call in calls for choice in _choices(call))
    return Routing(
        calls=calls,
        choices=choices,
        complete=not evaluation.hides_calls and engine is None,
        engine=engine,
        default_aside=bool(default and default.value),
        uses={(choice.algorithm, choice.setid): choice.call for choice in reversed(choices)},
    )


def engine_of(evaluation: Evaluation) -> Optional[Load]:
    """Return the module that runs a script in another language, None where there is none."""
    return next((load for load in evaluation.loads if _ENGINE.match(load.name)), None)


def runs_script(evaluation: Evaluation) -> bool:
    """Whether a script in another language handles the events: C(cfgengine) says so, not the module that runs it."""
    return evaluation.settings.get("engine", b"native").lower() not in (b"native", b"default")


def _choices(call: Call) -> Iterator[Choice]:
    if call.name in _SELECTING:
        yield Choice(call, number_in(call, 0), number_in(call, 1))
    elif call.name in _SELECTING_BY_RULES:
        rules = call.args[0] if call.args else None
        pairs = None if rules is None else _RULE.findall(rules)
        if not pairs or rules is None or _RULE.sub(b"", rules):
            yield Choice(call, None, None)
            return
        for setid, algorithm in pairs:
            yield Choice(call, int(setid), int(algorithm))


def number_in(call: Call, position: int) -> Optional[int]:
    """Return an argument that is a number, None where only the server knows it."""
    text = call.args[position] if position < len(call.args) else None
    if text is None:
        return None
    return int(text) if text.isdigit() and len(text) < 10 else parse_number(text)


def place_of(call: Call) -> str:
    """Return where a call is, for a message."""
    return "%s:%d" % (call.place.path, call.place.line)
