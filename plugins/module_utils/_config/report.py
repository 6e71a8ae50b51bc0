# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the evaluation of a configuration collects beside its result."""

from __future__ import annotations

from typing import List, Tuple, Union

from .._errors import Problem
from .model import Condition, Place, problem_at


class Report:
    """What the evaluation collects: what the server refuses or misreads, by rule, and what is not known here.

    C(hides_statements) says whether what is not known may hold statements and defines.
    """

    def __init__(self) -> None:
        self.hides_statements = False
        self.problems: List[Tuple[str, Problem]] = []
        self.undecided: List[Problem] = []

    def refuse(self, rule: str, place: Union[Place, Condition], text: str, remedy: str = "") -> None:
        """Something that is wrong."""
        self.problems.append((rule, problem_at(place, text, remedy)))

    def unknown(self, place: Place, text: str) -> None:
        """Something that cannot be known here."""
        self.undecided.append(problem_at(place, text))

    def hide(self, place: Place, text: str) -> None:
        """Something that cannot be known here, and may hold statements and defines."""
        self.hides_statements = True
        self.unknown(place, text)
