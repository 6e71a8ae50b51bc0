# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""Corrections: the least change after which probing works, or is not asked for."""

from __future__ import annotations

from functools import partial
from typing import Dict, List, Optional, Set

from .._config.model import Evaluation
from .._config.plan import plan_modules
from .._config.wish import ModuleWish, Values
from .._dispatcher.mend import mend_flags
from .._dispatcher.plan import clear_probing
from .._rules import (
    CLEAR_FLAG,
    DROP_INTERVAL,
    DROP_MODE,
    LOAD_TM,
    RULES,
    SET_INTERVAL,
    SET_MODE,
    WRITE_FLAGS,
    Mend,
)
from .guard import BY_CLEARING, BY_LOADING, Policy
from .judge import Question, Site, Verdict, judge
from .setup import MODE_ALL, MODE_FLAGGED, number_of


def correct(verdict: Verdict, site: Site, policy: Policy) -> Verdict:
    """Return the verdict on the corrected texts; what cannot be repaired stays as it is.

    It goes step by step and judges again after each. Raises KamailioError where the configuration cannot be edited.
    """
    for step in (_mend_list, _mend_config, _clear_list, _mend_config):
        question = step(verdict, site, policy)
        if question != verdict.question:
            verdict = judge(question, site)
    return verdict


def _lines(verdict: Verdict, mend: Mend) -> Set[int]:
    """Return the lines of the list with findings that this corrects."""
    return {
        finding.line
        for finding in verdict.analysis.findings
        if mend in RULES[finding.rule].mends and finding.file == verdict.listing.path and finding.line is not None
    }


def _with_list(question: Question, verdict: Verdict, data: bytes) -> Question:
    if question.list_text is not None:
        return question._replace(list_text=data)
    return question._replace(texts={**question.texts, verdict.listing.path: data})


def _mend_list(verdict: Verdict, site: Site, _policy: Policy) -> Question:
    question, listing = verdict.question, verdict.listing
    lines = _lines(verdict, WRITE_FLAGS)
    if not lines or listing.data is None:
        return question
    return _with_list(question, verdict, mend_flags(listing.data, site.version, lines, listing.path))


def _mend_config(verdict: Verdict, site: Site, policy: Policy) -> Question:
    question, evaluation = verdict.question, verdict.evaluation
    mends = {mend for finding in verdict.analysis.findings for mend in RULES[finding.rule].mends}
    wishes = _loading(evaluation, mends, policy) if policy.correction == BY_LOADING else _clearing(evaluation, mends)
    if not wishes:
        return question
    return question._replace(texts={**question.texts, **plan_modules(wishes, partial(site.evaluate, question))})


def _loading(evaluation: Evaluation, mends: Set[Mend], policy: Policy) -> List[ModuleWish]:
    """tm where it works, and the interval and the mode where they are what is missing."""
    params: Dict[str, Optional[Values]] = {}
    if SET_INTERVAL in mends:
        params["ds_ping_interval"] = policy.interval
    watches = number_of(evaluation, "ds_probing_mode", 0) in (MODE_ALL, MODE_FLAGGED)
    if policy.mode is not None and SET_MODE in mends and not watches:
        params["ds_probing_mode"] = policy.mode
    wishes = [ModuleWish("tm", {})] if LOAD_TM in mends else []
    return [*wishes, ModuleWish("dispatcher", params)] if params else wishes


def _clearing(evaluation: Evaluation, mends: Set[Mend]) -> List[ModuleWish]:
    """An interval by which nothing is probed, and a mode that asks for what nothing does, go."""
    gone: Dict[str, Optional[Values]] = {}
    if DROP_INTERVAL in mends:
        gone["ds_ping_interval"] = None
    if DROP_MODE in mends and number_of(evaluation, "ds_probing_mode", 0) == MODE_ALL:
        gone["ds_probing_mode"] = None
    return [ModuleWish("dispatcher", gone)] if gone else []


def _clear_list(verdict: Verdict, site: Site, policy: Policy) -> Question:
    question, listing = verdict.question, verdict.listing
    lines = _lines(verdict, CLEAR_FLAG) if policy.correction == BY_CLEARING else set()
    if not lines or listing.data is None:
        return question
    return _with_list(question, verdict, clear_probing(listing.data, site.version, lines, listing.path))
