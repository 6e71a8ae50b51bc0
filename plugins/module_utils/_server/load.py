# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The commands that let a running server load changed files, sent in their order."""

from __future__ import annotations

from typing import Sequence

from .._config.least import Reload
from .._config.reloads import COMMANDS
from .._errors import KamailioError, error
from .._rpc.connection import Connection
from .._rpc.errors import ServerError
from .._text import named
from .server import call_when_free


def load_files(connection: Connection, reloads: Sequence[Reload], seconds: float) -> None:
    """Have a server load files, waiting up to C(seconds) for each command that it is not yet ready for.

    What an answer does not show is in C(unseen) of each reload. Raises KamailioError, which says which command failed,
    for which files, and which commands have succeeded before it.
    """
    for done, reload in enumerate(reloads):
        try:
            _load(connection, reload, seconds)
        except ServerError as reason:
            raise _failure(reload, reason.problems[0].text, reloads[:done]) from None
        except KamailioError as reason:
            raise _failure(reload, reason.render(), reloads[:done]) from reason


def _load(connection: Connection, reload: Reload, seconds: float) -> None:
    answer = call_when_free(connection, seconds, reload.command, *reload.arguments)
    wanted = COMMANDS[reload.command].answer
    if wanted and wanted not in answer:
        said = ", ".join(named(value) for value in answer) or "nothing"
        raise error("the server answered %s with %s" % (reload.command, said))


def _failure(reload: Reload, reason: str, done: Sequence[Reload]) -> KamailioError:
    before = ". Loaded before it: %s" % ", ".join(one.call for one in done) if done else ""
    text = "the server did not load %s: %s%s" % (", ".join(reload.paths), reason, before)
    runs = "It runs with nothing of it now" if COMMANDS[reload.command].loses else "What ran before keeps running"
    return error(text, "%s; the log of the server says why" % runs)
