# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When and how the audit writes its page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cores import OLDEST_AND_NEWEST, playbook_program

from report import fleets
from report.data import data_of
from report.made_up import PLAYBOOK, ROOT, audit, healthy


def printed_rows(printed: str) -> dict[str, str]:
    found = re.findall(r'^ +"(\S+) +(.*?)",?$', printed, re.MULTILINE)
    return {name: " ".join(rest.split()) for name, rest in found}


@pytest.mark.parametrize("arguments", [(), ("--check", "--diff")])
def test_page_table_and_file(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    page, whole = tmp_path / "page.html", tmp_path / "all.json"
    done = audit(tmp_path, fleets.mixed(), *arguments, audit_report=str(page), audit_file=str(whole))
    assert done.returncode == 0, done.stdout + done.stderr
    assert page.stat().st_mode & 0o777 == whole.stat().st_mode & 0o777 == 0o600
    assert "application/json" not in done.stdout
    found = {entry["host"]: entry for entry in json.loads(whole.read_text())["hosts"]}
    shown = data_of(page)["hosts"]
    assert set(found) == set(shown) == set(fleets.mixed())
    assert {name: entry["state"] for name, entry in found.items()} == {
        name: data["about"]["state"] for name, data in shown.items()
    }
    rows = printed_rows(done.stdout)
    assert rows["fra-proxy3"] == "5.6.3 runs 0 4 0 4 0 0" and rows["ham-edge1"] == "- unreachable 0 0 0 0 0 0"
    assert rows["fra-proxy1"] == "6.1.5 would not start 1 0 0 0 0 0" and rows["muc-edge1"] == "6.1.5 runs 0 0 0 0 0 0"
    # A drained gateway shows, and so does what concerns a server as a whole.
    assert rows["ber-edge3"] == "6.1.5 runs 0 0 0 0 2 1"
    assert rows["ham-edge3"] == "6.1.5 runs 0 0 0 4 0 0 pings off"
    assert rows["ham-edge6"] == "6.1.5 runs 0 0 0 0 0 0 restart due"
    assert rows["host"] == "version server errors warnings drift blind down disabled notes"
    edited, drained, silent = (found[name] for name in ("ham-edge6", "ber-edge3", "ham-edge2"))
    assert edited["restart_due"] is edited["pings_active"] is True and len(edited["restart_reasons"]) == 1
    assert (drained["down"], drained["disabled"], drained["restart_due"]) == (2, 1, False)
    assert (silent["restart_due"], silent["restart_reasons"], silent["pings_active"]) == (None, [], None)


def test_restart_that_is_due_fails_as_a_warning(tmp_path: Path) -> None:
    hosts = {"edited": fleets.mixed()["ham-edge6"]}
    assert audit(tmp_path, hosts, audit_fail_on="error").returncode == 0
    done = audit(tmp_path, hosts, audit_fail_on="warning")
    assert done.returncode != 0 and "(40 minutes later)" in done.stdout, done.stdout


def test_table_is_not_wider_than_a_terminal(tmp_path: Path) -> None:
    done = audit(tmp_path, fleets.mixed())
    table = done.stdout.partition("TASK [Host by host]")[2].partition("TASK [")[0]
    rows = re.findall(r'^ +"(\S+ +.*?)",?$', table, re.MULTILINE)
    assert max(map(len, rows)) <= 110 and not any(row.endswith(" ") for row in rows), done.stdout


def test_nothing_is_written_where_nobody_asks(tmp_path: Path) -> None:
    done = audit(tmp_path, {"edge1": healthy()})
    assert done.returncode == 0 and list(tmp_path.glob("*.html")) == [], done.stdout
    assert "failed=0" in done.stdout and "changed=0" in done.stdout


def test_a_failing_audit_has_its_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = audit(tmp_path, fleets.mixed(), audit_report=str(page), audit_fail_on="warning")
    assert done.returncode != 0 and "fra-proxy3" in data_of(page)["hosts"]


def test_a_host_that_is_lost_in_between_is_unreachable(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = audit(tmp_path, {"edge1": (healthy()[0], None)}, audit_report=str(page))
    assert done.returncode == 0, done.stdout + done.stderr
    assert data_of(page)["hosts"]["edge1"]["about"]["state"] == "unreachable"
    assert printed_rows(done.stdout)["edge1"].startswith("6.1.5 unreachable")


def test_a_playbook_that_imports_the_audit(tmp_path: Path) -> None:
    """The parts of the page are found from wherever the playbook is called."""
    audit(tmp_path, {"edge1": healthy()})
    book, page = tmp_path / "book.json", tmp_path / "page.html"
    book.write_text(json.dumps([{"name": "Night", "ansible.builtin.import_playbook": "sipfleet.kamailio.audit"}]))
    done = audit(tmp_path, {"edge1": healthy()}, book=str(book), audit_report=str(page))
    assert done.returncode == 0 and set(data_of(page)["hosts"]) == {"edge1"}, done.stdout + done.stderr


@pytest.mark.parametrize("core", OLDEST_AND_NEWEST)
def test_the_oldest_and_the_newest_core_write_the_same(tmp_path: Path, core: str) -> None:
    """Texts that look like data or like templates are neither, whatever a version of Ansible does with its own."""
    # What is said of a host that cannot be reached is for Ansible to say.
    hosts = {name: result for name, result in {**fleets.mixed(), **fleets.hostile()}.items() if result is not None}
    found: list[Any] = []
    for program in ([str(PLAYBOOK)], playbook_program(core)):
        page, whole = (tmp_path / core / ("%d.%s" % (len(found), kind)) for kind in ("html", "json"))
        done = audit(page.parent, hosts, ansible=program, audit_report=str(page), audit_file=str(whole))
        assert done.returncode == 0, done.stdout + done.stderr
        blind = [entry["blind"] for entry in json.loads(whole.read_text())["hosts"]]
        found.append((data_of(page)["hosts"], page.read_text().split("</head>")[0], blind))
    assert found[0] == found[1]


def test_parts_can_be_in_a_page() -> None:
    """All of them are in the page, and none ends the element that it is in, or makes markup of text."""
    folder = ROOT / "playbooks" / "templates" / "report"
    parts = {path.name: path.read_text() for path in folder.iterdir()}
    scripts = [name for name in parts if name.endswith(".js")]
    assert scripts and all("'%s'" % name in parts["page.html.j2"] for name in (*scripts, "style.css"))
    for name in (*scripts, "style.css"):
        assert "</" not in parts[name] and "<!--" not in parts[name], name
        assert "innerHTML" not in parts[name] and "http:" not in parts[name].replace(
            "http://www.w3.org/2000/svg", ""
        ), name
