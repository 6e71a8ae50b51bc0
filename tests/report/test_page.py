# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands on the page of the audit, in a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from report import fleets
from report.data import data_of, with_hosts
from report.view import View, cells, chips, data_in, facts, host, hosts, numbers_in, opened, rows, until, until_hosts

EVERY = "ds_probing_mode 1 probes every destination, every 10 s"


def counted(page: Any) -> dict[str, int]:
    """What the verdict counts; each number is in its text."""
    verdict = page.locator("#verdict")
    counts: dict[str, int] = json.loads(data_in(verdict)["counts"])
    told = {name: count for name, count in counts.items() if count and name not in ("runs", "drift")}
    assert set(told.values()) == numbers_in(verdict.inner_text())
    return {name: count for name, count in counts.items() if count}


def test_verdict(view: View) -> None:
    page = view.open("mixed")
    assert counted(page) == {
        "hosts": 16,
        "runs": 10,
        "would not start": 2,
        "unreachable": 1,
        "does not answer": 1,
        "not compared": 1,
        "files cannot be judged": 1,
        "blind": 10,
        "blind_hosts": 3,
        "down": 2,
        "down_hosts": 1,
        "drift": 3,
        "drift_hosts": 1,
        "wrong_hosts": 4,
        "restart_hosts": 1,
        "pings_off_hosts": 1,
    }
    made = page.locator("#made")
    assert data_in(made) == {"hosts": "16", "destinations": "74", "notAsked": "0"}
    assert {16, 74} <= numbers_in(made.inner_text())
    assert counted(view.open("three")) == {"hosts": 3, "runs": 3}


def test_every_host_with_its_version_and_state(view: View) -> None:
    page = view.open("mixed")
    names = hosts(page)
    assert sorted(names) == sorted(fleets.mixed())
    # Servers that do not run or are not compared come first, then what is blind or down, then the rest by number.
    assert [name[:3] for name in names[:6]] == ["fra", "fra", "ham", "ham", "ham", "ham"]
    assert names[6:] == [
        "fra-proxy3",
        "ham-edge3",
        "ber-edge1",
        "ber-edge3",
        "ham-edge6",
        "ber-edge4",
        "ber-edge2",
        "muc-edge1",
        "muc-edge2",
        "muc-edge10",
    ]
    for name, state, version, counts in (
        ("fra-proxy1", "would not start", "6.1.5", {"error": 1}),
        ("fra-proxy3", "runs", "5.6.3", {"warning": 4, "blind": 4}),
        ("ber-edge3", "runs", "6.1.5", {"down": 2, "disabled": 1}),
        ("ber-edge4", "runs", "6.1.5", {"drift": 3}),
        ("ham-edge1", "unreachable", "", {}),
        ("ham-edge2", "does not answer", "6.1.5", {}),
        ("ham-edge4", "files cannot be judged", "", {}),
        ("ham-edge5", "not compared", "6.0.1", {}),
        ("muc-edge1", "runs", "6.1.5", {}),
    ):
        entry = host(page, name)
        data, words = data_in(entry), entry.locator("summary").inner_text()
        assert (data["name"], data["state"], data["version"], chips(entry)) == (name, state, version, counts)
        assert state in words and version in words
    sizes = data_in(host(page, "fra-proxy3"))
    assert (sizes["sets"], sizes["destinations"]) == ("2", "10")
    assert {2, 10} <= numbers_in(host(page, "fra-proxy3").locator(".size").inner_text())


@pytest.mark.parametrize(
    ("name", "fact", "value"),
    [
        ("fra-proxy1", "start", "no"),
        ("fra-proxy1", "message", "no server answers at /run/kamailio/kamailio_ctl"),
        ("fra-proxy2", "start", "not_again"),
        ("ham-edge1", "start", "unknown"),
        ("ham-edge1", "message", "Task failed: no route to host"),
        ("ham-edge3", "pings", "stopped"),
        ("ham-edge4", "message", "/etc/kamailio/kamailio.cfg: is not there"),
        ("ham-edge5", "message", "db_url is set"),
        ("ham-edge6", "restart", "due"),
        ("ber-edge4", "start", "yes"),
        ("ber-edge4", "reload", "due"),
        ("muc-edge1", "version", "6.1.5"),
        ("muc-edge1", "state", "runs"),
    ],
)
def test_facts(view: View, name: str, fact: str, value: str) -> None:
    assert facts(opened(view.open("mixed"), name))[fact] == value


def test_what_concerns_a_whole_server_stands_beside_its_name(view: View) -> None:
    page = view.open("mixed")
    for name, notes in (("ham-edge6", ["restart"]), ("ham-edge3", ["pings"]), ("muc-edge1", [])):
        assert [data_in(note)["note"] for note in host(page, name).locator("summary [data-note]").all()] == notes
    assert "(40 minutes later)" in opened(page, "ham-edge6").locator("[data-fact=restart] dd").inner_text()


def test_destinations_as_they_are_really_probed(view: View) -> None:
    page = view.open("mixed")
    blind = opened(page, "fra-proxy3")
    first = rows(blind)[0]
    assert first == {
        "state": "A",
        "uri": "sip:10.1.1.1:5060",
        "flags": "AP",
        "probed": "blind",
        "effect": "never",
        "reason": "tm is not loaded",
        "priority": "0",
        "line": "2",
    }
    # Without a P flag it is not probed, and that is not blind: nobody has asked.
    assert {(row["probed"], row["effect"], row["flags"], row["reason"]) for row in rows(blind, nth=1)} == {
        ("not_asked", "never", "AX", fleets.NO_FLAG)
    }
    # A server that clears the flag shows nothing: the list tells.
    cleared = rows(opened(page, "ber-edge1"))[0]
    assert (cleared["flags"], cleared["listFlags"], cleared["probed"]) == ("AX", "8", "blind")
    assert (cleared["effect"], cleared["reason"]) == ("never", "ds_ping_interval is not set")
    waiting, answered = rows(opened(page, "ber-edge2"))[:2]
    assert (waiting["probed"], waiting["effect"], waiting["flags"]) == ("once", "until_first_answer", "AP")
    assert (answered["probed"], answered["effect"]) == ("once", "never")
    assert answered["reason"] == "no more: its first answer has cleared its P flag"
    stopped = rows(opened(page, "ham-edge3"))[0]
    assert (stopped["probed"], stopped["effect"]) == ("blind", "never")
    assert stopped["reason"] == "pings are stopped with dispatcher.ping_active"
    well = rows(opened(page, "muc-edge1"))[0]
    assert (well["probed"], well["effect"], well["reason"]) == ("watched", "continuously", EVERY)
    assert well["attrs"] == "weight=50"


def test_states(view: View) -> None:
    page = view.open("mixed")
    down = rows(opened(page, "ber-edge3"))
    assert [row["state"] for row in down] == ["A", "I", "I", "D", "T"]
    # Somebody has taken it out of service, so it is not blind.
    assert (down[3]["flags"], down[3]["listFlags"], down[3]["probed"]) == ("DX", "8", "not_asked")
    assert (down[0]["average"], down[0]["timeouts"]) == ("1.25", "7")
    assert {7, 25} <= numbers_in(down[0]["latency"])
    silent = rows(opened(page, "ham-edge2"))
    assert {(row["state"], row["listFlags"], row["listLetters"], row["probed"]) for row in silent} == {
        ("unknown", "8", "AP", "watched")
    }
    assert all("AP" in row["flags"] and 8 in numbers_in(row["flags"]) for row in silent)


def test_drift(view: View) -> None:
    page = view.open("mixed")
    entry = opened(page, "ber-edge4")
    found = rows(entry, "drift")
    assert [(row["kind"], row["uri"], row["line"]) for row in found] == [
        ("missing", "sip:10.6.1.2:5060", "4"),
        ("extra", "sip:10.6.1.3:5060", ""),
        ("priority", "sip:10.6.1.1:5060", "3"),
    ]
    assert found[2]["text"] == "the list says priority 10, and it runs with 5"
    states = {row["uri"]: row["state"] for row in rows(entry)}
    assert states["sip:10.6.1.2:5060"] == "absent" and states["sip:10.6.1.3:5060"] == "A"


def test_findings(view: View) -> None:
    page = view.open("mixed")
    (told,) = fleets.mixed()["fra-proxy1"][0]["findings"]
    error = opened(page, "fra-proxy1").locator(".finding")
    assert data_in(error) == {"severity": "error", "rule": "interval-without-tm", "count": "1"}
    heading = error.locator("h4").inner_text()
    assert told["rule"] in heading and told["severity"] in heading
    assert error.locator("li code").inner_text() == "/etc/kamailio/kamailio.cfg:22:1"
    assert error.locator(".text").inner_text() == told["text"]
    assert error.locator("li pre").inner_text() == told["source"]
    assert told["remedy"] in error.locator(".remedy").inner_text()
    # One fault of four destinations is told once, with its four places and their lines.
    groups = opened(page, "fra-proxy3").locator(".finding")
    assert groups.count() == 1
    assert data_in(groups) == {"severity": "warning", "rule": "probing-without-tm", "count": "4"}
    assert numbers_in(groups.locator("h4").inner_text()) == {4}
    places = groups.locator("li").all_inner_texts()
    assert len(places) == 4 and "/etc/kamailio/dispatcher.list:3:25" in places[1] and "sip:10.1.1.2:5060" in places[1]
    assert groups.locator("li pre").all_inner_texts()[1] == "1 sip:10.1.1.2:5060 8"
    # The second host has findings without a quoted line.
    assert opened(page, "ber-edge1").locator(".finding li pre").count() == 0


@pytest.mark.parametrize(
    ("facet", "shown"),
    [
        ("errors", {"fra-proxy1", "fra-proxy2"}),
        ("warnings", {"fra-proxy3", "ber-edge1"}),
        ("blind", {"fra-proxy3", "ham-edge3", "ber-edge1"}),
        ("down", {"ber-edge3"}),
        ("disabled", {"ber-edge3"}),
        ("restart", {"ham-edge6"}),
        ("pings", {"ham-edge3"}),
        ("drift", {"ber-edge4"}),
        ("stopped", {"fra-proxy1", "fra-proxy2", "ham-edge1", "ham-edge2", "ham-edge4", "ham-edge5"}),
    ],
)
def test_filters(view: View, facet: str, shown: set[str]) -> None:
    page = view.open("mixed")
    page.locator("input[name=%s]" % facet).check()
    assert set(hosts(page)) == shown
    assert {data_in(link)["host"] for link in page.locator(".picture a.name").all()} == shown
    count = page.locator(".shown")
    assert data_in(count) == {"shown": str(len(shown)), "hosts": "16"}
    assert numbers_in(count.inner_text()) == {len(shown), 16}
    page.locator("button[name=all]").click()
    until_hosts(page, 16)


def test_filters_together(view: View) -> None:
    page = view.open("mixed")
    page.locator("input[name=down]").check()
    page.locator("input[name=drift]").check()
    assert set(hosts(page)) == {"ber-edge3", "ber-edge4"}
    page.locator("select[name=version]").select_option(value="=5.6.3")
    assert hosts(page) == []
    page.locator("input[name=down]").uncheck()
    page.locator("input[name=drift]").uncheck()
    assert hosts(page) == ["fra-proxy3"]
    page.locator("select[name=version]").select_option(value="")
    page.locator("select[name=order]").select_option(value="name")
    assert hosts(page)[0] == "ber-edge1" and hosts(page)[-2:] == ["muc-edge2", "muc-edge10"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("MUC-", {"muc-edge1", "muc-edge2", "muc-edge10"}),
        ("sip:10.5.1.4:", {"ber-edge3"}),
        ("10.6.1.2", {"ber-edge4"}),
        ("interval-without-tm", {"fra-proxy1", "fra-proxy2"}),
        ("probing-until-first", {"ber-edge2"}),
        ("nowhere", set()),
    ],
)
def test_search(view: View, text: str, shown: set[str]) -> None:
    page = view.open("mixed")
    page.locator("input[name=text]").fill(text)
    until_hosts(page, len(shown))
    assert set(hosts(page)) == shown
    assert {name for name, _setid in cells(page)} <= shown


def test_search_marks_the_destination(view: View) -> None:
    page = view.open("mixed")
    entry = opened(page, "ber-edge3")
    page.locator("input[name=text]").fill("10.5.1.4")
    until_hosts(page, 1)
    assert entry.locator("tr.hit").count() == 1 and "10.5.1.4" in entry.locator("tr.hit").inner_text()


def test_details_are_made_when_a_host_is_opened(view: View, tmp_path: Path) -> None:
    some = list(data_of(view.pages["hundred"])["hosts"].values())
    fleet = {"edge%d" % number: some[number % len(some)] for number in range(500)}
    page = view.open(with_hosts(view.pages["hundred"], fleet, tmp_path / "large.html"))
    total = sum(
        len(host_data["server"]["texts"]["uri"]) or len(host_data["list"]["texts"]["uri"])
        for host_data in fleet.values()
    )
    assert data_in(page.locator("#made")) == {"hosts": "500", "destinations": str(total), "notAsked": "0"}
    assert total > 45000
    assert page.locator(".host").count() == 500 and page.locator(".host tr").count() == 0
    page.locator("input[name=text]").fill("edge499")
    until_hosts(page, 1)
    entry = opened(page, "edge499")
    assert entry.locator("table.destinations").count() == 10 and entry.locator("tbody tr").count() >= 100
    page.locator("button[name=all]").click()
    until_hosts(page, 500)
    assert len(cells(page)) == sum(len(set(host_data["server"]["numbers"]["setid"])) for host_data in fleet.values())


def _luminance(color: str) -> float:
    parts = [int(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_light_and_dark(view: View, scheme: str, dark: bool) -> None:
    page = view.open("mixed", color_scheme=scheme)
    opened(page, "fra-proxy1"), opened(page, "fra-proxy3")
    style = "e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor]"
    texts = (
        "#verdict",
        "#made",
        ".hint",
        ".finding.error h4",
        ".finding.warning h4",
        ".bad",
        "th",
        ".counts",
        ".chip.error",
    )
    for place in texts:
        ink, paper = map(_luminance, page.locator(place).first.evaluate(style))
        assert (paper < 0.05) is dark
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5, place


def test_paper(view: View) -> None:
    page = view.open("mixed", color_scheme="dark")
    page.locator("input[name=blind]").check()
    opened(page, "fra-proxy3")
    page.emulate_media(media="print")
    until(page, "document.querySelectorAll('.host .inside').length === 3")
    assert page.locator(".host[open]").count() == 3 and not page.locator(".tools").is_visible()
    assert page.locator(".host .destinations").count() == 6 and page.locator(".legend").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert all(page.locator(".host tr").nth(index).is_visible() for index in range(6))
    page.emulate_media(media="screen")
    until(page, "document.querySelectorAll('.host[open]').length === 1")


@pytest.mark.parametrize("name", ["mixed", "hostile", "three", "hundred"])
def test_narrow(view: View, name: str) -> None:
    page = view.open(name, width=400)
    for summary in page.locator(".host summary").all()[:15]:
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
