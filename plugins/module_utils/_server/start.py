# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The start of a running server: what its configuration meant then, and whether it has to be started anew."""

from __future__ import annotations

import contextlib
import os
from typing import Optional

from .._caller import Caller
from .._compare.start import Due, Edit, Start, parse_start, render_start, restart_due
from .._config.meaning import meaning_of
from .._errors import KamailioError
from .._host.facts import find_kamailio, known_version
from .._host.files import keep_private, read_private, times_of
from .._host.places import start_path
from .._host.service import read_service, starts
from .._versions import Version
from .server import Live, names_config, service_of_server


def read_due(module: Caller, live: Live, record: str) -> Due:
    """Return why a server has to be restarted; C(record) is the folder of what is kept. Raises KamailioError."""
    evaluation = live.evaluation
    start = _kept_start(live, record) if names_config(module.params) else None
    edits = [
        Edit(path, times.content - live.started)
        for path in evaluation.files
        for times in [times_of(path)]
        if times and times.content > live.started + 1
    ]
    return restart_due(
        None if live.undecided or evaluation.hides_statements else [load.name for load in evaluation.loads],
        live.modules,
        start,
        _meaning(live) if start else None,
        edits,
        live.version,
        _installed(module, live),
    )


def keep_start(live: Live, record: str, meaning: Optional[str] = None) -> None:
    """Keep what the configuration of a server meant at its start, where that is certain and not kept yet.

    It is certain if no file was changed since the start, or if the configuration still has the C(meaning) that it had
    before a restart. Where nothing can be kept, the times of the files will have to do.
    """
    with contextlib.suppress(KamailioError):
        if meaning is None and (_kept_start(live, record) or not _is_older(live)):
            return
        now = _meaning(live)
        if now and meaning in (None, now):
            keep_private(start_path(record, live.config), render_start(Start(int(live.started), now)))


def _kept_start(live: Live, record: str) -> Optional[Start]:
    """Return the record of the start of a server, None if there is none that can be believed."""
    with contextlib.suppress(KamailioError):
        start = parse_start(read_private(start_path(record, live.config)))
        if start and start.is_at(live.started):
            return start
    return None


def _meaning(live: Live) -> Optional[str]:
    """Return what the configuration means to a server, None where that is not certain.

    It has to be evaluated with the arguments that the server was started with. Those of its unit can have been changed
    since, and those of a task can be others.
    """
    if live.undecided:
        return None
    said = service_of_server(live.connection).invocation
    if live.invocation._replace(environment=None) != said._replace(environment=None):
        return None
    return meaning_of(live.evaluation, live.version)


def _is_older(live: Live) -> bool:
    """Return whether no file of the configuration was changed since a moment before the start."""
    times = [times_of(path) for path in live.evaluation.files]
    return all(each is not None and each.change < live.started - 1 for each in times)


def _installed(module: Caller, live: Live) -> Optional[Version]:
    """Return the version that a restart would start, None where that is not certain."""
    with contextlib.suppress(KamailioError):
        service, program = read_service(module.params["instance"]), find_kamailio(module)
        if module.params["socket"] or not service or not program or not starts(service, live.config):
            return None
        if os.path.realpath(service.program) == os.path.realpath(program):
            return known_version(module, None)
    return None


def render_due(due: Due) -> str:
    """Return the warning of a wait for answers that goes by a configuration that may not be the one that runs."""
    text = "the server may run with other parameters than its configuration says, by which its pings are judged: %s"
    return (text + ". Restart it") % "; ".join(due.reasons)
