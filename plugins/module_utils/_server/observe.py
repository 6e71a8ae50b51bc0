# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A verdict that rests on a start: the server with the files that are judged, apart from its host."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional

from .._analysis.analyse import list_path
from .._analysis.judge import Question
from .._analysis.refusals import Said, TriedStart
from .._caller import Caller
from .._config.model import Evaluation, Invocation
from .._errors import KamailioError, error
from .._host.files import read_file
from .._host.layers import Candidate
from .rehearsal import CAME_UP, DID_NOT_ANSWER, DID_NOT_START, rehearse, start_of

_SECONDS = 60.0


def observer_of(
    module: Caller, question: Question, invocation: Invocation, ask: Callable[[Evaluation], Said]
) -> Callable[[Evaluation], Said]:
    """Return what asks C(kamailio -c) with C(ask), and tries a start of what that accepts.

    C(module) has the options of validate. The function raises KamailioError where a start could not be tried, and
    is required.
    """
    known: List[Evaluation] = []

    def observe(evaluation: Evaluation) -> Said:
        said = ask(evaluation)
        known.append(evaluation)
        return (
            said if said.refusals else said._replace(start=_start(module, question, invocation, known[0], evaluation))
        )

    return observe


def _start(
    module: Caller, question: Question, invocation: Invocation, before: Evaluation, evaluation: Evaluation
) -> TriedStart:
    params = module.params
    if params["kamailio_version"] or params["kamailio_command"]:
        return _not_tried(module, "kamailio_version or kamailio_command is given, so this host may have another one")
    texts: Dict[str, Optional[bytes]] = dict(evaluation.files)
    listing = question.listing or list_path(evaluation)
    if question.list_text is not None and listing.startswith("/"):
        texts[listing] = question.list_text
    files = {path: Candidate(data) for path, data in texts.items() if data is not None and read_file(path) != data}
    try:
        rehearsal = rehearse(start_of(module, [evaluation, before], invocation), files, evaluation, _SECONDS)
    except KamailioError as exc:
        return _not_tried(module, exc.render())
    if rehearsal.outcome == CAME_UP:
        return TriedStart(True)
    if rehearsal.outcome in (DID_NOT_START, DID_NOT_ANSWER):
        return TriedStart(False, rehearsal.message)
    return _not_tried(module, rehearsal.message)


def _not_tried(module: Caller, reason: str) -> TriedStart:
    if module.params["rehearse"] == "required":
        raise error("a start could not be rehearsed: %s" % reason, "With rehearse auto the files are judged without")
    return TriedStart(None, reason)
