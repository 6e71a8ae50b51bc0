# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The one family of errors of the collection's pure code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional, Tuple


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what, where (1-based line and column) and what to do about it."""

    text: str
    remedy: str = ""
    path: Optional[str] = None
    line: Optional[int] = None
    column: Optional[int] = None

    def render(self) -> str:
        """C(path:line:column: text. remedy), without the parts that are not known."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        return "%s%s%s" % (place + ": " if place else "", self.text, ". " + self.remedy if self.remedy else "")


class KamailioError(Exception):
    """Bad input, with all of its problems at once.

    Raised by pure code, turned into C(fail_json) once, at the outermost call.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Tuple[Problem, ...] = tuple(problems)
        super().__init__(self.render())

    def render(self) -> str:
        """All problems, a line each."""
        return "\n".join(problem.render() for problem in self.problems)


def error(text: str, remedy: str = "", path: Optional[str] = None, line: Optional[int] = None) -> KamailioError:
    """A C(KamailioError) of a single problem."""
    return KamailioError([Problem(text, remedy, path, line)])
