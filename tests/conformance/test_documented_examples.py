# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of docs/rules.yml: servers of all versions do with them what the page says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import NEWEST
from conformance.server import as_version
from conformance.setups import Setup, add_database

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

from make_rules import broken, expand, load_entries

# What only a host shows is in test_findings and test_probing_findings.
ENTRIES = {rule: entry for rule, entry in load_entries().items() if entry.host is None}
# They are about versions that no table has.
NEARBY = {"parameter-doubtful", "version-not-known"}
# They are about what older versions do not have, or do not do any more.
SINCE = {
    "latency-not-retained": (6, 0),
    "dns-mode-without-lookup": (5, 6),
    "config-undecided": (5, 6),
    "latency-not-measured": (5, 5),
    "cc-incomplete": (5, 5),
    "weight-out-of-range": (5, 5),
}
UNTIL = {"cc-without-weight": (5, 4)}


@pytest.mark.parametrize("rule", ENTRIES)
def test_servers_do_what_the_page_says(rule: str, suite: str, version: str, tmp_path: Path) -> None:
    entry = ENTRIES[rule]
    release = as_version(version).release
    if not SINCE.get(rule, release) <= release <= UNTIL.get(rule, release):
        pytest.skip("this version does not have what the rule is about")
    if rule in NEARBY:
        version = entry.version
    elif as_version(version) > NEWEST:
        # The examples are about what is known of a version.
        version = str(NEWEST)
    setup = Setup(tmp_path, entry.config.replace("@LISTEN@\n", ""), expand(entry.list))
    if "@DIR@/db" in entry.config:
        add_database(setup.folder / "db")
    if rule == "config-empty":
        # What every Setup begins with is a statement.
        setup.config.write_text(entry.config)
    if rule in ("no-socket", "nothing-received"):
        lines = setup.config.read_text().splitlines(keepends=True)
        setup.config.write_text("".join(line for line in lines if not line.startswith("listen=udp:")))
    judged = setup.judge(version, listing=None if entry.list is None else str(setup.list))
    assert broken(judged.outcome, rule) == sorted({rule, *entry.also})
    assert judged.outcome.after.analysis.will_start is entry.starts
    server = setup.server(suite)
    assert (server.check() == 0) is (entry.check == "passes")
    if entry.starts is None:
        return
    try:
        assert server.start() is entry.starts, server.log_text()
        assert entry.log in server.log_text()
    finally:
        server.stop()
