# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Files that a task writes since a configuration names them: its list, and what it includes.

Whoever can change the configuration can write any path into it, as they can make a link to any file. So the same is
asked of such a file as of one that a link leads to.
"""

from __future__ import annotations

import os
import re
from typing import Collection, Sequence

from .._change import Change
from .._config.model import Evaluation
from .._errors import KamailioError, error
from .._rights import NO_OTHERS, Writers
from .._trust import READ, described, find_place, writers_of

# A line that hardly any list has.
_OTHER_LINE = re.compile(rb"^(?![ \t\r]*(?:\#|\n|\Z|[0-9]+[ \t]+sips?:))", re.IGNORECASE | re.MULTILINE)


def require_named(evaluation: Evaluation, changes: Sequence[Change], follow: bool, given: Collection[str] = ()) -> None:
    """Refuse to write files that other users can have named, and could not change themselves.

    C(given) are files whose path or content comes from the task. A list or an included file that is there already,
    below the folder of the configuration, is taken for its own. C(follow) lifts all of it. Raises KamailioError.
    """
    named = [change for change in changes if change.changed and change.path not in (evaluation.path, *given)]
    if follow or not named:
        return
    namers = namers_of(evaluation, given)
    for change in named:
        missing = namers.without(_writers_of(change.path)) if namers != NO_OTHERS else namers
        if missing != NO_OTHERS and not _is_beside(evaluation, change):
            text = "is named by a configuration that %s can change, and could not be changed by them otherwise"
            remedy = "Let only root change the configuration, give them this file, or set follow if this is meant"
            raise error(text % described(missing), remedy, change.path)


def namers_of(evaluation: Evaluation, given: Collection[str] = ()) -> Writers:
    """Return who can change a configuration and what it includes, except for C(given) files. Raises KamailioError."""
    namers = NO_OTHERS
    for path in evaluation.files:
        if path not in given:
            namers = namers.and_(_writers_of(path))
    return namers


def could_change(evaluation: Evaluation, path: str) -> bool:
    """Return whether everybody who can change a configuration could change a file otherwise. Raises KamailioError."""
    namers = namers_of(evaluation)
    return namers == NO_OTHERS or namers.without(_writers_of(path)) == NO_OTHERS


def _writers_of(path: str) -> Writers:
    try:
        # Those who can have made a link on the way are among them.
        return writers_of(os.path.abspath(path), True)
    except OSError as exc:
        raise error("cannot be reached: %s" % exc.strerror, "Nothing has been changed", path) from exc


def _is_beside(evaluation: Evaluation, change: Change) -> bool:
    """Whether a file exists below the folder of the configuration, and is an included one or a list.

    Others must not have led the path of the configuration to that folder, nor put the configuration there.
    """
    try:
        with find_place(evaluation.path, READ) as main, find_place(change.path, READ) as place:
            below = os.path.dirname(place.path) + "/"
            if main.doubt or main.shared or not below.startswith(os.path.dirname(main.path).rstrip("/") + "/"):
                return False
    except (OSError, KamailioError):
        return False
    return change.before is not None and (change.path in evaluation.files or not _OTHER_LINE.search(change.before))
