# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The errors in the log of a start: what it has died of, and whether the reason is outside of the files."""

from __future__ import annotations

import re
from typing import List, NamedTuple

from .._text import quoted, readable_bytes

# What the server says of limits that the rehearsal has set, and what would leave no room for its errors.
DROPPED = re.compile(rb"\bset_core_dump\(\)|\bDEBUG: ")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A line of the server's log, with its level and the module that says it; a line of an error can be followed by more.
_SAID = re.compile(r" ?\d+\(\d+\) ([A-Z]+): (?:(\S+) \[)?|(ERROR|CRITICAL|Listening on|Aliases)\b")
_ERRORS = ("ERROR", "CRITICAL", "ALERT", "EMERG")
_FIRST_LINES, _LAST_LINES, _LINE = 14, 6, 300
# The module that a start dies of. Errors of others, except for clients of databases, are not the reason.
_FATAL = re.compile(r"[Ee]rror while initializing module (\w+)")
# Clients of services elsewhere: whatever they complain about, they would have to reach those first.
_CLIENTS = re.compile(r"db_(?:mysql|postgres|redis|mongodb|unixodbc|cassandra|oracle|cluster)|ndb_\w+|ldap")
# How the C library, the server and other clients say that nobody could be reached. That a database cannot be connected
# to is said of one in files as well.
_OUTSIDE = re.compile(
    r"unreachable|connection refused|no route to host|timed out"
    r"|(?:can ?not|can'?t|could ?n[o']t|could not|unable to|failed to|failure to) (?:connect|resolve|contact|reach)"
    r"(?! (?:to )?(?:the |a )?(?:database|db)\b)"
    r"|name resolution|name or service not known|unknown (?:server )?host|connection (?:attempt )?failed",
    re.IGNORECASE,
)


class Said(NamedTuple):
    """A line of an error, and the module that says it, empty where that is not known."""

    line: str
    module: str


def errors_of(log: str) -> List[Said]:
    """Return the errors in a log, each with the module that says it."""
    found: List[Said] = []
    telling = False
    for line in log.splitlines():
        begins = _SAID.match(line)
        telling = begins.group(1) in _ERRORS or begins.group(3) in _ERRORS if begins else telling
        if telling and line.strip():
            found.append(Said(line.strip(), (begins.group(2) or "") if begins else found[-1][1] if found else ""))
    return found or [Said(line.strip(), "") for line in log.splitlines() if line.strip()]


def has_errors(log: str) -> bool:
    """Return whether a log has any error."""
    return any(
        begins and (begins.group(1) or begins.group(3)) in _ERRORS for begins in map(_SAID.match, log.split("\n"))
    )


def needs_outside(errors: List[Said]) -> bool:
    """Return whether a start has died of something that it could not reach, as far as can be told."""
    return any(_CLIENTS.fullmatch(error.module) or _OUTSIDE.search(error.line) for error in _reasons_of(errors))


def _reasons_of(errors: List[Said]) -> List[Said]:
    """Return the errors that a start has died of, as far as can be told."""
    for place, error in enumerate(errors):
        fatal = _FATAL.search(error.line)
        if fatal:
            names = ("", "<core>", fatal.group(1))
            return [each for each in errors[:place] if each.module in names or _CLIENTS.fullmatch(each.module)]
    return errors


def show_errors(errors: List[Said]) -> str:
    """Return errors for a message: the first ones, of which the others follow, and the last."""
    lines = [quoted(readable_bytes(line), _LINE) for line, _module in errors]
    left_out = len(lines) - _FIRST_LINES - _LAST_LINES
    if left_out > 0:
        lines[_FIRST_LINES:-_LAST_LINES] = ["(%d lines are left out here)" % left_out]
    return "\n".join(lines)
