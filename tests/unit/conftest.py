# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import os
from typing import Any

from hypothesis import HealthCheck, settings

_COMMON: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
# The same examples in every run, so that a red run is a change's own fault; the search for new ones is "make fuzz".
settings.register_profile("project", derandomize=True, **_COMMON)
settings.register_profile("fuzz", max_examples=int(os.environ.get("SIPFLEET_EXAMPLES", "2000")), **_COMMON)
settings.register_profile("brief", derandomize=True, max_examples=15, **_COMMON)
settings.load_profile(os.environ.get("SIPFLEET_PROFILE", "project"))

# What runs on the hosts is tested without Ansible too, with every Python that a host may have.
collect_ignore = []
if importlib.util.find_spec("ansible") is None:
    collect_ignore = [
        "test_destinations_of_groups.py",
        "test_docs.py",
        "test_imports.py",
        "test_many_hosts.py",
        "test_module.py",
        "test_module_order.py",
        "test_roles.py",
    ]
