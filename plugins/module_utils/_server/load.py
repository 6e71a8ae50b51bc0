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
from .._errors import KamailioError, Problem, error
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
            refusal = _refusal(connection, reload, seconds)
        except KamailioError as reason:
            text = "the server may not have loaded %s%s" % (_files(reload), _loaded(reloads[:done]))
            raise KamailioError([Problem(text), *reason.problems]) from reason
        if refusal:
            text = "the server did not load %s: %s%s" % (_files(reload), refusal, _loaded(reloads[:done]))
            runs = (
                "It runs with nothing of it now" if COMMANDS[reload.command].loses else "What ran before keeps running"
            )
            raise error(text, "%s; the log of the server says why" % runs)


def _refusal(connection: Connection, reload: Reload, seconds: float) -> str:
    """Send a command; return what the server says against it, empty if it has loaded the files."""
    try:
        answer = call_when_free(connection, seconds, reload.command, *reload.arguments)
    except ServerError as reason:
        return reason.problems[0].text.rstrip(".")
    wanted = COMMANDS[reload.command].answer
    if not wanted or wanted in answer:
        return ""
    said = ", ".join(named(value) for value in answer) or "nothing"
    return "the server answered %s with %s" % (reload.command, said)


def _files(reload: Reload) -> str:
    return "%s with %s" % (", ".join(reload.paths), reload.call)


def _loaded(done: Sequence[Reload]) -> str:
    return ". Loaded before it: %s" % ", ".join(reload.call for reload in done) if done else ""
