# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation must not forget."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.sipfleet.kamailio.plugins.module_utils._probing.rules import RULES

DOCS = Path(__file__).parents[2] / "docs"


def test_every_rule_is_documented_under_its_severity() -> None:
    sections = re.split(r"^## ", (DOCS / "rules.md").read_text(), flags=re.MULTILINE)[1:4]
    documented = {
        rule: section.split("\n")[0].rstrip("s").lower()
        for section in sections
        for rule in re.findall(r"^\| `([a-z0-9-]+)` \|", section, flags=re.MULTILINE)
    }
    assert documented == {name: rule.severity for name, rule in RULES.items()}
