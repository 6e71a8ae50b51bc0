# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Deadlines of calls, and of reading their replies."""

from __future__ import annotations

import time
from typing import Optional

from .._errors import error


class Deadline:
    """A moment after which nobody waits any longer, C(seconds) from now."""

    def __init__(self, seconds: float) -> None:
        # For messages. What is left of another deadline has many digits.
        self.seconds = round(seconds, 3)
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


class Steps:
    """Work of many small steps, millions of them, that ends at a deadline; the clock is looked at now and then."""

    def __init__(self, deadline: Optional[Deadline] = None) -> None:
        self._deadline = deadline
        self._done = 0

    def step(self) -> None:
        """Count a step. Raises KamailioError if the deadline has passed."""
        self._done += 1
        if not self._done & 0xFFF and self._deadline and self._deadline.passed():
            raise error(
                "the reply could not be read to its end within %g seconds" % self._deadline.seconds,
                "Set a longer timeout, if the server has so much to show",
            )
