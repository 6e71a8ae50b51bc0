# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Corrections: the least change after which probing works, or is not asked for."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional

from .._config.model import Evaluation
from .._config.plan import Evaluate, plan_modules
from .._config.wish import ModuleWish
from .._dispatcher.plan import clear_probing
from .analyse import Analysis, Listing, tm_state
from .rules import PROBING_RULES
from .versions import Version

LOAD_TM, CLEAR_PROBING = "load_tm", "clear_probing"


class Texts(NamedTuple):
    """The files of the configuration that change, by path, and the list; C(listing) is None if there is none."""

    files: Dict[str, bytes]
    listing: Optional[bytes]


def correct(
    analysis: Analysis,
    evaluation: Evaluation,
    evaluate: Evaluate,
    listing: Listing,
    version: Version,
    correction: str,
    ping_interval: int,
) -> Texts:
    """All files after the correction.

    C(ping_interval) in seconds is set where the interval is what is missing. Raises KamailioError where the
    configuration cannot be edited.
    """
    broken = {one.rule for one in analysis.findings if one.rule in PROBING_RULES}
    if not broken:
        return Texts({}, listing.data)
    interval = evaluation.param("dispatcher", "ds_ping_interval")
    wants_interval = bool(broken & {"probing-without-tm", "probing-without-interval"})
    if correction == LOAD_TM:
        wishes = [ModuleWish("tm", {})]
        if wants_interval:
            wishes.append(ModuleWish("dispatcher", {"ds_ping_interval": ping_interval}))
        return Texts(plan_modules(wishes, evaluate), listing.data)
    files: Dict[str, bytes] = {}
    if interval and not wants_interval and tm_state(evaluation) != "first":
        files = plan_modules([ModuleWish("dispatcher", {"ds_ping_interval": None})], evaluate)
    data = listing.data and clear_probing(listing.data, version, listing.path)
    return Texts(files, data)
