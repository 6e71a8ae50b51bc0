# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a journal keeps of the options of a deploy."""

from __future__ import annotations

from typing import Any

OPTIONS: dict[str, Any] = {
    "config": "/etc/kamailio/kamailio.cfg",
    "defines": "auto",
    "follow": False,
    "instance": None,
    "pings_active": True,
    "record": "/var/lib/sipfleet-kamailio",
    "reload_timeout": 60.0,
    "restart_command": None,
    "restart_timeout": 60.0,
    "socket": None,
    "timeout": 2.5,
    "unsafe_writes": False,
}
