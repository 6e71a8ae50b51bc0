# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.


"""Corrections: the least change after which probing works, or is not asked for."""

from __future__ import annotations

from typing import Callable, Collection, Dict, List, NamedTuple, Optional, Set, Tuple

from .._config.model import Evaluation
from .._config.plan import Evaluate, plan_modules
from .._config.wish import ModuleWish, Values
from .._dispatcher.mend import mend_flags
from .._dispatcher.plan import clear_probing
from .._versions import Version
from .analyse import Analysis, Listing, Texts
from .setup import MODE_ALL, MODE_FLAGGED, number_of, tm_state

LOAD_TM, CLEAR_PROBING = "load_tm", "clear_probing"

# What a correction repairs: by loading tm, by setting an interval, by setting a mode, or by taking the P flag away.
_START = frozenset(["interval-without-tm", "tm-after-dispatcher"])
_INTERVAL = frozenset(["probing-without-tm", "probing-without-interval", "mode-without-interval"])
_MODE = frozenset(["probing-until-first-answer", "probing-inactive-only"])
_CLEARED = frozenset(
    ["probing-without-tm", "probing-without-interval", "probing-switched-off", "probing-inactive-only"]
)


class Correction(NamedTuple):
    """How to correct: C(load_tm) or C(clear_probing), the interval in seconds and the mode to set.

    C(ignore) are rules that are left alone.
    """

    kind: str
    interval: int
    mode: Optional[int]
    ignore: Collection[str]


# Judges the files with these texts in the place of what they hold.
Judge = Callable[[Texts], Tuple[Evaluation, Listing, Analysis]]


def correct(judge: Judge, evaluate: Evaluate, version: Version, how: Correction) -> Texts:
    """What changes by the correction; what it cannot repair stays as it is.

    It goes step by step and judges again after each. Raises KamailioError where the configuration cannot be edited.
    """
    texts = Texts({}, None)
    for step in (_mend_list, _mend_config, _clear_list):
        texts = step(judge, evaluate, version, how, texts)
    return texts


def _lines(analysis: Analysis, rules: Collection[str], path: str) -> Set[int]:
    return {one.line for one in analysis.findings if one.rule in rules and one.file == path and one.line is not None}


def _mend_list(judge: Judge, _evaluate: Evaluate, version: Version, how: Correction, texts: Texts) -> Texts:
    _evaluation, listing, analysis = judge(texts)
    lines = _lines(analysis, {"flags-not-a-number"} - set(how.ignore), listing.path)
    if not lines or listing.data is None:
        return texts
    return texts._replace(listing=mend_flags(listing.data, version, lines, listing.path))


def _mend_config(judge: Judge, evaluate: Evaluate, _version: Version, how: Correction, texts: Texts) -> Texts:
    evaluation, _listing, analysis = judge(texts)
    broken = {one.rule for one in analysis.findings} - set(how.ignore)
    wishes = _loading(evaluation, broken, how) if how.kind == LOAD_TM else _clearing(evaluation, broken)
    return texts._replace(files=plan_modules(wishes, evaluate)) if wishes else texts


def _loading(evaluation: Evaluation, broken: Set[str], how: Correction) -> List[ModuleWish]:
    """tm where it works, and the interval and the mode where they are what is missing."""
    params: Dict[str, Optional[Values]] = {}
    if broken & _INTERVAL:
        params["ds_ping_interval"] = how.interval
    watches = number_of(evaluation, "ds_probing_mode", 0) in (MODE_ALL, MODE_FLAGGED)
    if how.mode is not None and broken & (_INTERVAL | _MODE) and not watches:
        params["ds_probing_mode"] = how.mode
    wishes = [ModuleWish("tm", {})] if broken & (_START | _INTERVAL) else []
    return [*wishes, ModuleWish("dispatcher", params)] if params else wishes


def _clearing(evaluation: Evaluation, broken: Set[str]) -> List[ModuleWish]:
    """An interval that could not work, and a mode that asks for what nothing does, go."""
    gone: Dict[str, Optional[Values]] = {}
    if broken & _START and tm_state(evaluation) != "first":
        gone["ds_ping_interval"] = None
    if broken & {*_START, "mode-without-interval"} and number_of(evaluation, "ds_probing_mode", 0) == MODE_ALL:
        gone["ds_probing_mode"] = None
    return [ModuleWish("dispatcher", gone)] if gone else []


def _clear_list(judge: Judge, _evaluate: Evaluate, version: Version, how: Correction, texts: Texts) -> Texts:
    _evaluation, listing, analysis = judge(texts)
    lines = _lines(analysis, _CLEARED - set(how.ignore), listing.path) if how.kind == CLEAR_PROBING else set()
    if not lines or listing.data is None:
        return texts
    return texts._replace(listing=clear_probing(listing.data, version, lines, listing.path))
