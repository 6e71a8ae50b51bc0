# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation must not forget."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._probing.rules import RULES

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

from make_rules import CONFIG, LIST, PAGE, USUAL, broken, judge, load_entries, make_page

ENTRIES = load_entries()


def test_page_is_what_the_table_and_the_examples_make() -> None:
    assert PAGE.read_text() == make_page(), "run: python docs/make_rules.py"


def test_every_rule_has_an_entry_and_every_entry_a_rule() -> None:
    assert list(ENTRIES) == list(RULES)


@pytest.mark.parametrize("rule", ENTRIES)
def test_example_breaks_its_rule_and_no_other(rule: str) -> None:
    entry = ENTRIES[rule]
    outcome = judge(entry)
    assert broken(outcome, rule) == sorted({rule, *entry.also})
    assert outcome.result["will_start"] is entry.starts
    assert (entry.starts is False) is RULES[rule].stops
    assert entry.check in ("passes", "fails", "n/a")


def test_nothing_is_found_in_the_files_that_an_example_leaves_out() -> None:
    entry = next(iter(ENTRIES.values()))._replace(config=CONFIG, list=LIST)
    assert judge(entry).result["findings"] == []
    assert set(RULES) > USUAL
