# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands on the page of the audit, in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from report import fleets
from report.data import data_of, with_hosts
from report.view import View, host, hosts, labels, opened, rows, until, until_hosts

EVERY = "ds_probing_mode 1 probes every destination, every 10 s"


def test_verdict(view: View) -> None:
    page = view.open("mixed")
    assert page.locator("#verdict").inner_text() == (
        "2 of 15 hosts would not start; 1 is unreachable; 1 does not answer; "
        "1 runs and cannot be compared with its list; 1 has files that cannot be judged; "
        "10 destinations on 3 hosts are blind; 2 destinations on 1 host are down; 1 server differs from its list; "
        "files of 4 hosts have errors or warnings."
    )
    assert page.locator("#made").inner_text().endswith(" UTC. 15 hosts, 72 destinations.")
    well = view.open("three")
    assert well.locator("#verdict").inner_text() == "All 3 hosts run, and nothing is wrong."


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
        "ber-edge4",
        "ber-edge2",
        "muc-edge1",
        "muc-edge2",
        "muc-edge10",
    ]
    seen = {name: host(page, name).locator("summary").inner_text() for name in names}
    for name, *words in (
        ("fra-proxy1", "would not start", "6.1.5", "1 error"),
        ("fra-proxy3", "runs", "5.6.3", "4 warnings", "4 blind", "2 sets, 10 destinations"),
        ("ber-edge3", "runs", "2 down"),
        ("ber-edge4", "runs", "3 differences"),
        ("ham-edge1", "unreachable"),
        ("ham-edge2", "does not answer"),
        ("ham-edge4", "files cannot be judged"),
        ("ham-edge5", "not compared", "6.0.1"),
    ):
        assert [word for word in words if word not in seen[name]] == [], seen[name]
    assert "blind" not in seen["muc-edge1"] and "down" not in seen["muc-edge1"]


@pytest.mark.parametrize(
    ("name", "fact", "words"),
    [
        ("fra-proxy1", "Will it start", "no"),
        ("fra-proxy1", "Message", "no server answers at /run/kamailio/kamailio_ctl"),
        ("fra-proxy2", "Will it start", "no. It runs now, and would not come back"),
        ("ham-edge1", "Will it start", "cannot be told"),
        ("ham-edge1", "Message", "Task failed: no route to host"),
        ("ham-edge3", "Pings", "stopped with dispatcher.ping_active: nothing is probed"),
        ("ham-edge4", "Message", "/etc/kamailio/kamailio.cfg: is not there"),
        ("ham-edge5", "Message", "db_url is set"),
        ("ber-edge4", "Will it start", "yes"),
        ("ber-edge4", "Reload", "due: it would settle differences"),
        ("muc-edge1", "Version", "6.1.5"),
    ],
)
def test_facts(view: View, name: str, fact: str, words: str) -> None:
    facts = opened(view.open("mixed"), name).locator(".facts")
    names, values = (facts.locator(kind).all_inner_texts() for kind in ("dt", "dd"))
    assert dict(zip(names, (value.strip() for value in values)))[fact] == words


def test_destinations_as_they_are_really_probed(view: View) -> None:
    page = view.open("mixed")
    blind = opened(page, "fra-proxy3")
    first = rows(blind)[0]
    assert first == {
        "state": "active",
        "destination": "sip:10.1.1.1:5060",
        "flags": "AP",
        "probed": "never: blind",
        "why": "tm is not loaded",
        "priority": "0",
        "line": "2",
    }
    # Without a P flag it is not probed, and that is not blind: nobody has asked.
    assert {(row["probed"], row["flags"], row["why"]) for row in rows(blind, nth=1)} == {
        ("never", "AX", fleets.NO_FLAG)
    }
    # A server that clears the flag shows nothing: the list tells.
    cleared = rows(opened(page, "ber-edge1"))[0]
    assert (cleared["flags"], cleared["probed"], cleared["why"]) == (
        "AX list: 8",
        "never: blind",
        "ds_ping_interval is not set",
    )
    waiting, answered = rows(opened(page, "ber-edge2"))[:2]
    assert (waiting["probed"], waiting["flags"]) == ("until the first answer", "AP")
    assert answered["why"] == "no more: its first answer has cleared its P flag"
    stopped = rows(opened(page, "ham-edge3"))[0]
    assert (stopped["probed"], stopped["why"]) == ("never: blind", "pings are stopped with dispatcher.ping_active")
    well = rows(opened(page, "muc-edge1"))[0]
    assert (well["probed"], well["why"], well["attributes"]) == ("continuously", EVERY, "weight=50")


def test_states(view: View) -> None:
    page = view.open("mixed")
    down = rows(opened(page, "ber-edge3"))
    assert [row["state"] for row in down] == ["active", "down", "down", "disabled", "failing"]
    # Somebody has taken it out of service, so it is not blind.
    assert (down[3]["flags"], down[3]["probed"]) == ("DX list: 8", "never")
    assert down[0]["round trip"] == "1.25 ms, 7 lost"
    silent = rows(opened(page, "ham-edge2"))
    assert {(row["state"], row["flags"], row["probed"]) for row in silent} == {
        ("not known", "list: 8 (AP)", "continuously")
    }


def test_drift(view: View) -> None:
    page = view.open("mixed")
    entry = opened(page, "ber-edge4")
    found = rows(entry, "drift")
    assert [(row["kind"], row["destination"], row["line"]) for row in found] == [
        ("missing", "sip:10.6.1.2:5060", "4"),
        ("extra", "sip:10.6.1.3:5060", ""),
        ("priority", "sip:10.6.1.1:5060", "3"),
    ]
    assert found[2]["what differs"] == "the list says priority 10, and it runs with 5"
    states = {row["destination"]: row["state"] for row in rows(entry)}
    assert states["sip:10.6.1.2:5060"] == "not in the server" and states["sip:10.6.1.3:5060"] == "active"


def test_findings(view: View) -> None:
    page = view.open("mixed")
    error = opened(page, "fra-proxy1").locator(".finding").inner_text()
    for words in (
        "error: interval-without-tm",
        "/etc/kamailio/kamailio.cfg:22:1",
        "kamailio -c passes, and the next start fails",
        'modparam("dispatcher", "ds_ping_interval", 1)',
        '→ Put loadmodule "tm.so" before the dispatcher module, or take ds_ping_interval out',
    ):
        assert words in error
    # One fault of four destinations is told once, with its four places and their lines.
    groups = opened(page, "fra-proxy3").locator(".finding")
    assert groups.count() == 1 and "probing-without-tm (4 times)" in groups.inner_text()
    places = groups.locator("li").all_inner_texts()
    assert len(places) == 4 and "/etc/kamailio/dispatcher.list:3:25 set 1, sip:10.1.1.2:5060" in places[1]
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
        ("drift", {"ber-edge4"}),
        ("stopped", {"fra-proxy1", "fra-proxy2", "ham-edge1", "ham-edge2", "ham-edge4", "ham-edge5"}),
    ],
)
def test_filters(view: View, facet: str, shown: set[str]) -> None:
    page = view.open("mixed")
    page.locator("input[name=%s]" % facet).check()
    assert set(hosts(page)) == shown
    drawn = {(link.get_attribute("aria-label") or "").split(":")[0] for link in page.locator(".picture a.name").all()}
    assert drawn == shown
    assert page.locator(".shown").inner_text().startswith("%d of 15 hosts shown" % len(shown))
    page.locator("button[name=all]").click()
    until_hosts(page, 15)


def test_filters_together(view: View) -> None:
    page = view.open("mixed")
    page.locator("input[name=down]").check()
    page.locator("input[name=drift]").check()
    assert set(hosts(page)) == {"ber-edge3", "ber-edge4"}
    page.locator("select[name=version]").select_option(label="5.6.3 (1)")
    assert hosts(page) == []
    page.locator("input[name=down]").uncheck()
    page.locator("input[name=drift]").uncheck()
    assert hosts(page) == ["fra-proxy3"]
    page.locator("select[name=version]").select_option(label="all")
    page.locator("select[name=order]").select_option(label="by name")
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
    assert len(labels(page)) == sum(len(labels(page, name + ",")) for name in shown)


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
    counted = sum(
        len(host_data["server"]["texts"]["uri"]) or len(host_data["list"]["texts"]["uri"])
        for host_data in fleet.values()
    )
    assert ("500 hosts, %d destinations." % counted) in page.locator("#made").inner_text() and counted > 45000
    assert page.locator(".host").count() == 500 and page.locator(".host tr").count() == 0
    page.locator("input[name=text]").fill("edge499")
    until_hosts(page, 1)
    entry = opened(page, "edge499")
    assert entry.locator("table.destinations").count() == 10 and entry.locator("tbody tr").count() >= 100
    page.locator("button[name=all]").click()
    until_hosts(page, 500)
    assert len(labels(page)) == sum(len(set(host_data["server"]["numbers"]["setid"])) for host_data in fleet.values())


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
