# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Deadlines of calls."""

from __future__ import annotations

import time


class Deadline:
    """A moment after which nobody waits any longer, C(seconds) from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, never less than 0."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        """Whether it is over."""
        return not self.left()

    def pause(self, seconds: float) -> bool:
        """Sleep, not beyond the deadline. False if it is over."""
        time.sleep(min(seconds, self.left()))
        return not self.passed()
