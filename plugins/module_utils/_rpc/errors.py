# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What can go wrong with a call to a running server.

All are C(KamailioError). The classes tell apart what matters for a second try: after C(UnreachableError) nothing was
executed, after C(NoAnswerError) the command may have been, C(ServerError) is an answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Optional

from .._errors import KamailioError, Problem
from .._text import quoted, readable_bytes

# Characters of an error of the server in a message.
_LONGEST = 400


class ServerError(KamailioError):
    """The server answered with an error: C(code), for example 500, and C(text), for example C(Ongoing reload)."""

    def __init__(self, code: int, text: str, method: str = "") -> None:
        self.code = code
        self.text = text
        self.method = method
        what = "the server answered %s with the error %d: %s"
        super().__init__([Problem(what % (method or "a call", code, quoted(readable_bytes(text), _LONGEST)))])

    @property
    def unknown_command(self) -> bool:
        """Whether the server does not have the command, which ctl and jsonrpcs say in words of their own."""
        return self.code == 500 and self.text in ("Method Not Found", "command %s not found" % self.method)


class UnreachableError(KamailioError):
    """The call did not reach a server: nothing was executed, and another address can be tried.

    C(earlier) are the problems of other addresses that were tried before.
    """

    def __init__(
        self, text: str, remedy: str = "", path: Optional[str] = None, earlier: Iterable[Problem] = ()
    ) -> None:
        super().__init__([*earlier, Problem(text, remedy, path)])


class NoAnswerError(KamailioError):
    """The call was sent, and no answer that can be understood came back: the server may have executed it.

    C(earlier) are the problems of other addresses that were tried before.
    """

    def __init__(
        self, text: str, remedy: str = "", path: Optional[str] = None, earlier: Iterable[Problem] = ()
    ) -> None:
        super().__init__([*earlier, Problem(text, remedy, path)])


def unreachable(reason: KamailioError) -> UnreachableError:
    """The problems of an error, as those of a call that did not reach a server."""
    *earlier, last = reason.problems
    return UnreachableError(last.text, last.remedy, last.path, earlier)


def unreadable(reason: KamailioError, remedy: str, path: str) -> NoAnswerError:
    """The problems of an error, as those of an answer. A problem without a remedy or a place gets these."""
    *earlier, last = [
        replace(problem, remedy=problem.remedy or remedy, path=problem.path or path) for problem in reason.problems
    ]
    return NoAnswerError(last.text, last.remedy, last.path, earlier)
