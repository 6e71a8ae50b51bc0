# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The rehearsal of a change before anything of it is written: no restart into files of which the server dies."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from .._analysis.setup import read_setup
from .._caller import Caller
from .._change import Change
from .._compare.compare import compare
from .._config.least import Reload
from .._dispatcher.uri import read_uri
from .._errors import KamailioError, error
from .._host.attributes import Wanted, numbers_with
from .._host.layers import Candidate
from .._host.staging import real_path
from .._server.rehearsal import (
    CAME_UP,
    DID_NOT_ANSWER,
    DID_NOT_START,
    NOT_POSSIBLE,
    Rehearsal,
    rehearse_change,
    start_of,
)
from .._server.reload import left_out, render_left_out
from .._server.server import Live, Loadable
from .._versions import Version
from .files import PlannedFiles

NEVER, REQUIRED = "never", "required"


def rehearse_plan(
    module: Caller, planned: PlannedFiles, live: Live, listing: Optional[Loadable], is_current: bool
) -> Optional[Rehearsal]:
    """Start a server with the planned files apart from its host; None if that is switched off.

    C(is_current) says whether a server runs with the files as they are.

    Raises KamailioError where it does not come up, or not with the list, and where it could not be rehearsed and that
    is required.
    """
    params = module.params
    if params["rehearse"] == NEVER:
        return None
    rehearsal = _rehearse(module, planned, live)
    if rehearsal.outcome in (DID_NOT_START, DID_NOT_ANSWER) and is_current and rehearsal.as_it_is != CAME_UP:
        text = "the server does not come up apart from its host with the files that it runs with either: %s"
        rehearsal = rehearsal._replace(outcome=NOT_POSSIBLE, message=text % rehearsal.message)
    if rehearsal.outcome in (DID_NOT_START, DID_NOT_ANSWER):
        text = "the server does not come up with these files, as a start apart from this host has shown:\n%s"
        raise error(text % rehearsal.message, "Nothing has been changed", planned.after.path)
    if rehearsal.outcome == CAME_UP:
        _require_loaded(planned, live.version, listing, rehearsal)
    elif params["rehearse"] == REQUIRED:
        text = "a start of the server could not be rehearsed: %s" % rehearsal.message
        raise error(text, "Nothing has been changed. With rehearse auto it is made without", planned.after.path)
    return rehearsal


def _rehearse(module: Caller, planned: PlannedFiles, live: Live) -> Rehearsal:
    params = module.params
    files = {
        real_path(change.path, params["follow"]): _candidate(change, planned.wanted.get(change.path))
        for change in planned.changes
    }
    try:
        start = start_of(module, [planned.after, planned.before], live.invocation)
    except KamailioError as exc:
        return Rehearsal(NOT_POSSIBLE, exc.render())
    return rehearse_change(start, files, planned.after, planned.before, params["restart_timeout"])


def _candidate(change: Change, wanted: Optional[Wanted]) -> Optional[Candidate]:
    if change.after is None:
        return None
    if wanted is None:
        return Candidate(change.after)
    return Candidate(change.after, *numbers_with(change.path, wanted))


def _require_loaded(planned: PlannedFiles, version: Version, listing: Optional[Loadable], rehearsal: Rehearsal) -> None:
    """Refuse a list of which the server leaves something out. Raises KamailioError."""
    if listing is None or rehearsal.destinations is None:
        return
    setup = read_setup(planned.after, version)
    missing = left_out(compare(listing.document, listing.skipped, rehearsal.destinations, setup))
    # In a rehearsal, the server cannot resolve names.
    certain = [difference for difference in missing if not read_uri(difference.uri).needs_resolver]
    if certain:
        raise error("%s\n\nNothing has been changed." % render_left_out(listing.path, certain))


def unseen_of(reloads: Sequence[Reload], rehearsal: Optional[Rehearsal]) -> List[str]:
    """Return what the answers to the reloads do not show, nothing if a rehearsal has shown it."""
    if rehearsal and rehearsal.outcome == CAME_UP:
        return []
    text = "%s does not show whether the server can use what it loads: %s"
    return [text % (reload.call, reload.unseen) for reload in reloads if reload.unseen]


def describe_rehearsal(rehearsal: Optional[Rehearsal]) -> Dict[str, Any]:
    """Describe a rehearsal as a result has it."""
    if rehearsal is None:
        return {}
    return {
        "outcome": rehearsal.outcome,
        "message": rehearsal.message,
        "seconds": rehearsal.seconds,
        "not_checked": list(rehearsal.not_checked),
    }
