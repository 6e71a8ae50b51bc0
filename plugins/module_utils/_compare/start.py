# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Whether a server runs with what its configuration says, or was not restarted since an edit.

No server tells its parameters. What it was started with is known by its modules, by a record of its start, and by the
times of the files.
"""

from __future__ import annotations

import math
import re
import time
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .._text import quoted, readable_bytes
from .._versions import Version

_HEAD = re.compile(rb"# started ([0-9]{1,10}) [^\n]*\n([0-9a-f]{64})\n\Z")
# A start is known to the second, and found out anew by each task.
_SAME_START = 2
# Modules and files that a message names, and how many characters of a path.
_NAMED, _FILES, _PATH = 20, 5, 300


class Start(NamedTuple):
    """The C(second), since 1970, in which a server was started, and the C(meaning) that its configuration had then."""

    second: int
    meaning: str

    def is_at(self, started: float) -> bool:
        """Return whether this is the start of a server that was started at C(started)."""
        return abs(self.second - started) <= _SAME_START


class Edit(NamedTuple):
    """A file of a configuration that was changed so many seconds after the start of the server."""

    path: str
    seconds: float


class Due(NamedTuple):
    """Why a restart is due: for reasons that are C(certain), and for those that are C(likely)."""

    certain: Tuple[str, ...] = ()
    likely: Tuple[str, ...] = ()

    @property
    def reasons(self) -> Tuple[str, ...]:
        """All of them."""
        return self.certain + self.likely


def parse_start(data: Optional[bytes]) -> Optional[Start]:
    """Return the start that a record tells of, None if it is not a record."""
    found = _HEAD.match(data or b"")
    return Start(int(found.group(1)), found.group(2).decode()) if found else None


def render_start(start: Start) -> bytes:
    """Return the record of a start."""
    head = b"# started %d (seconds since 1970), with a configuration of this digest, written by sipfleet.kamailio"
    return b"%s\n%s\n" % (head % start.second, start.meaning.encode())


def restart_due(
    loads: Optional[Sequence[str]],
    modules: Sequence[str],
    start: Optional[Start],
    meaning: Optional[str],
    edits: Sequence[Edit],
    running: Version,
    installed: Optional[Version],
) -> Due:
    """Return why a server has to be restarted to run what its configuration says.

    C(loads) are the modules of the configuration, None where these are not certain, C(modules) those that run;
    C(start) is the record of this very start, None where there is none, C(meaning) what the configuration means now,
    None where that cannot be compared; C(edits) are the files that were changed since; C(installed) is None where it
    cannot be told which version a restart would start.
    """
    certain: List[str] = []
    likely: List[str] = []
    if loads is not None and sorted(loads) != sorted(modules):
        differing = sorted(set(loads) ^ set(modules)) or list(loads)
        certain.append("the server runs with other modules than its configuration loads: %s" % _listed(differing))
    if start and meaning:
        if start.meaning != meaning:
            text = "the configuration has another meaning than when the server was started, at %s" % _clock(
                start.second
            )
            certain.append("%s: %s" % (text, _edited(edits)) if edits else text)
    elif edits:
        likely.append("the configuration was changed after the start of the server: %s" % _edited(edits))
    if installed and installed != running:
        likely.append("Kamailio %s is installed, and %s runs" % (installed, running))
    return Due(tuple(certain), tuple(likely))


def _listed(names: Sequence[str]) -> str:
    """The first of the modules that a server names, which can be any number."""
    shown = [quoted(readable_bytes(name), 60) for name in names[:_NAMED]]
    return ", ".join([*shown, *(["… and %d more" % (len(names) - _NAMED)] if len(names) > _NAMED else [])])


def _edited(edits: Sequence[Edit]) -> str:
    shown = [
        "%s (%s later)" % (quoted(readable_bytes(edit.path), _PATH), _duration(edit.seconds)) for edit in edits[:_FILES]
    ]
    return "; ".join([*shown, *(["… and %d more" % (len(edits) - _FILES)] if len(edits) > _FILES else [])])


def _duration(seconds: float) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return "%d %ss" % (seconds // size, unit)
    return "%d seconds" % math.ceil(seconds)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
