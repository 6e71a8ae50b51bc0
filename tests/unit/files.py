# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a configuration includes."""

from __future__ import annotations


def no_files(_path: str) -> None:
    """Include nothing: no file exists."""
