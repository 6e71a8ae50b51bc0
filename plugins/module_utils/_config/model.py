# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the evaluation of kamailio.cfg finds."""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from .._errors import Problem
from .sockets import Sockets
from .values import Value


class Place(NamedTuple):
    """A statement in a file: its bytes C(start:end), its 1-based line and column.

    C(conditions) are the directives around it, outermost first, C(define) the define that it comes from, if any.
    """

    path: str
    start: int
    end: int
    line: int
    column: int
    conditions: Tuple[str, ...] = ()
    define: Optional[str] = None


class Load(NamedTuple):
    """A C(loadmodule) that takes effect; C(name) is without folder and C(.so)."""

    name: str
    place: Place


class Param(NamedTuple):
    """A C(modparam) that takes effect, for each module in C(modules).

    C(value) is None where only the server can know it. C(value_place) covers the bytes of the value alone.
    """

    modules: Tuple[str, ...]
    written_for: str
    name: str
    value: Optional[Value]
    place: Place
    value_place: Place


class Evaluation(NamedTuple):
    """A configuration as the server evaluates it.

    C(loads) and C(params) in the order of evaluation; C(problems) are what the server refuses, by rule;
    C(undecided) is what could not be evaluated; C(inactive) are the branches that are not active;
    C(sockets) are those it listens on, None if they are not known.
    """

    path: str
    files: Dict[str, bytes]
    loads: Tuple[Load, ...]
    params: Tuple[Param, ...]
    problems: Tuple[Tuple[str, Problem], ...]
    undecided: Tuple[Problem, ...]
    inactive: Tuple[Place, ...]
    first_block: Optional[Place]
    sockets: Optional[Sockets]

    def load(self, name: str) -> Optional[Load]:
        """The first load of a module."""
        return next((load for load in self.loads if load.name == name), None)

    def all_params(self, module: str, name: Optional[str] = None) -> List[Param]:
        """Everything set for a module, or for one of its parameters, in order."""
        return [one for one in self.params if module in one.modules and name in (None, one.name)]

    def param(self, module: str, name: str) -> Optional[Param]:
        """The setting of a parameter that counts: the last one."""
        found = self.all_params(module, name)
        return found[-1] if found else None

    def inactive_load(self, name: str) -> Optional[Place]:
        """A branch that is not active and loads the module."""
        pattern = re.compile(rb"loadmodulex?[\s(]*[\"'](?:[^\"']*/)?%s(?:\.so)?[\"']" % re.escape(name.encode()))
        return next(
            (one for one in self.inactive if pattern.search(self.files[one.path], one.start, one.end)),
            None,
        )
