# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration of the README, as it stands."""

from __future__ import annotations

import subprocess
from pathlib import Path

TOP = Path(__file__).parents[2]


def test_demo_shows_what_it_tells() -> None:
    done = subprocess.run([TOP / "demo" / "run"], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "1. kamailio -c says ok, and a restart would kill the server",
        "    | exit status 255",
        "    | warning: probing-without-tm (4 times)",
        "5. The second run changes nothing",
        "All six steps behaved as told.",
    ):
        assert line in done.stdout
