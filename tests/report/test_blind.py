# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is blind is the same in the table, in the file, on the page, and for audit_fail_on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable

import pytest

from report import fleets
from report.made_up import audit, healthy
from report.view import View, cells, chips, data_in

FLEETS: dict[str, Callable[[], dict[str, Any]]] = {
    "mixed": fleets.mixed,
    "hostile": fleets.hostile,
    "healthy": lambda: {"edge1": healthy(10, 3), "edge2": healthy()},
    "large": lambda: fleets.large(24, 40),
    "unwatched": fleets.unwatched,
}


def by_table(printed: str) -> list[str]:
    """The rows of the table."""
    found = re.search(r'=> (\{\s*"msg": \[.*?\n\})', printed, re.DOTALL)
    assert found, printed
    rows: list[str] = json.loads(found.group(1))["msg"]
    return rows[1:]


def blind_of_row(row: str) -> int:
    """The column of the blind ones."""
    found = re.search(r"([0-9]+) +[0-9]+ +[0-9]+(?: [a-z, ]+)?$", row)
    assert found, row
    return int(found.group(1))


def blind_of_chips(view: View, page: Path) -> dict[str, int]:
    """How many a page calls blind, by the entries of the hosts."""
    found = {}
    for entry in view.open(page).locator(".host").all():
        found[data_in(entry)["name"]] = chips(entry).get("blind", 0)
    return found


def fails(host: dict[str, Any]) -> bool:
    """Whether audit_fail_on=warning fails on a host."""
    drift = [found for found in host["drift"] if found["kind"] not in ("state", "unprobed")]
    wrong = [found for found in host["findings"] if found["severity"] != "note"]
    return bool(host["state"] != "runs" or wrong or drift or host["blind"] or host["restart_due"])


# Their numbers are those of the others, in other proportions.
AT_NIGHT = ("healthy", "large")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly if name in AT_NIGHT else ()) for name in FLEETS]
)
def test_one_meaning_of_blind(view: View, tmp_path: Path, name: str) -> None:
    page, whole = tmp_path / "page.html", tmp_path / "all.json"
    done = audit(tmp_path, FLEETS[name](), audit_report=str(page), audit_file=str(whole), audit_fail_on="warning")
    hosts = {entry["host"]: entry for entry in json.loads(whole.read_text())["hosts"]}
    rows = by_table(done.stdout)
    assert len(rows) == len(hosts)
    in_table = {host: blind_of_row(row) for host in hosts for row in rows if row.startswith(host.ljust(20) + " ")}
    assert in_table == blind_of_chips(view, page)
    in_file = {host: entry["blind"] for host, entry in hosts.items()}
    assert in_file == in_table
    for host, entry in hosts.items():
        if entry["destinations"]:
            assert in_file[host] == sum(destination["watch"] == "blind" for destination in entry["destinations"]), host
    in_cells: dict[str, int] = dict.fromkeys(hosts, 0)
    for (host, _setid), counts in cells(view.open(page)).items():
        in_cells[host] += counts.get("blind", 0)
    assert in_cells == in_file
    failed = {host for host in hosts if "fatal: [%s]: FAILED!" % host in done.stdout}
    assert failed == {host for host, entry in hosts.items() if fails(entry)}


def test_what_is_blind(tmp_path: Path) -> None:
    whole = tmp_path / "all.json"
    audit(tmp_path, fleets.unwatched(), audit_file=str(whole))
    found = {entry["host"]: entry["blind"] for entry in json.loads(whole.read_text())["hosts"]}
    only_blind = {"blind": 1, "silent": 1, "lost": 1}
    assert found == {**dict.fromkeys(fleets.unwatched(), 0), **only_blind}
