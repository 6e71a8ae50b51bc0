# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bounds of options that are a time to wait."""

from __future__ import annotations

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import require_seconds
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError

DAYS_30 = 30 * 24 * 3600


@pytest.mark.parametrize("value", [-1.0, float("inf"), float("-inf"), float("nan"), 1e300, DAYS_30 + 1.0])
def test_seconds_out_of_bounds_are_refused(value: float) -> None:
    with pytest.raises(KamailioError, match=r"wait_timeout is -?[0-9a-z+]+\. Give a number from 0 to 2592000 seconds"):
        require_seconds({"timeout": 1.0, "wait_timeout": value}, "timeout", "wait_timeout")


def test_seconds_within_bounds_are_taken() -> None:
    require_seconds({"timeout": 0.001, "wait_timeout": 0.0}, "timeout", "wait_timeout")
    require_seconds({"timeout": float(DAYS_30), "wait_timeout": float(DAYS_30)}, "timeout", "wait_timeout")


def test_a_call_needs_some_time() -> None:
    with pytest.raises(KamailioError, match=r"timeout is 0\. Give a number above 0 and up to 2592000 seconds"):
        require_seconds({"timeout": 0.0}, "timeout")
