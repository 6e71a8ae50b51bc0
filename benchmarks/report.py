# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the audit, against a plain table of the same destinations that a template writes over hostvars.

3, 50 and 500 made-up hosts with 100 destinations each. Printed: the audit by itself, what page and table add to it, and
of both files the size, and the seconds until Chromium has drawn them. Needs the package chromium, and playwright.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from report.fleets import large
from report.made_up import audit

HOSTS, DESTINATIONS, TURNS = (3, 50, 500), 100, 5
TABLE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Table</title></head><body><table>
{% for name in ansible_play_hosts_all %}
{% set host = hostvars[name].audit_of_host %}
{% for destination in host.destinations or host.probing %}
<tr><td>{{ host.host | e }}</td><td>{{ host.state | e }}</td><td>{{ destination.setid }}</td>
<td>{{ destination.uri | e }}</td><td>{{ destination.letters | e }}</td><td>{{ destination.effect | e }}</td>
<td>{{ destination.reason | e }}</td><td>{{ destination.attrs | default('') | e }}</td></tr>
{% endfor %}
{% endfor %}
</table></body></html>
"""
BY_HAND = [
    {"name": "Audit", "ansible.builtin.import_playbook": "sipfleet.kamailio.audit"},
    {
        "name": "Table",
        "hosts": "kamailio",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Write it",
                "ansible.builtin.template": {
                    "src": "table.j2",
                    "dest": "{{ playbook_dir }}/table.html",
                    "mode": "0600",
                },
                "run_once": True,
                "delegate_to": "localhost",
                "vars": {"ansible_connection": "local"},
            }
        ],
    },
]


def seconds(folder: Path, hosts: dict[str, object], **options: str) -> float:
    """The wall time of one audit."""
    begin = time.perf_counter()
    done = audit(folder, hosts, **options)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr)
    return time.perf_counter() - begin


def drawn(browser: Browser, path: Path) -> float:
    """The median of the seconds until a page has been drawn and takes a click."""
    found = []
    for _turn in range(TURNS):
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        begin = time.perf_counter()
        page.goto(path.as_uri())
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found.append(time.perf_counter() - begin)
        page.close()
    return statistics.median(found)


def main() -> None:
    """Print a line for each size of a fleet."""
    print("| hosts | audit | + page | + table | ratio | page | table | ratio | page drawn | table drawn | ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for count in HOSTS:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                hosts = large(count, DESTINATIONS)
                (folder / "table.j2").write_text(TABLE)
                (folder / "book.json").write_text(json.dumps(BY_HAND))
                mine, theirs = folder / "page.html", folder / "table.html"
                found: list[list[float]] = []
                for _turn in range(TURNS if count < max(HOSTS) else 1):
                    plain = seconds(folder, hosts)
                    page = seconds(folder, hosts, audit_report=str(mine))
                    table = seconds(folder, hosts, book=str(folder / "book.json"))
                    found.append([plain, page - plain, table - plain])
                plain, page, table = (statistics.median(column) for column in zip(*found))
                sizes = mine.stat().st_size / 1e6, theirs.stat().st_size / 1e6
                shown = drawn(browser, mine), drawn(browser, theirs)
            cells = (plain, page, table, page / table, *sizes, sizes[0] / sizes[1], *shown, shown[0] / shown[1])
            line = "| %d | %.1f s | %.1f s | %.1f s | %.2f | %.2f MB | %.2f MB | %.2f | %.2f s | %.2f s | %.2f |"
            print(line % (count, *cells), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
