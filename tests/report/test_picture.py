# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of a fleet: hosts by sets."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from report.view import View, cells, data_in, numbers_in, until_at_set, until_hosts


def cell(page: Page, name: str, setid: int) -> Any:
    return page.locator('.picture a.cell[data-host="%s"][data-set="%d"]' % (name, setid))


def test_a_cell_for_each_set_of_each_host(view: View) -> None:
    page = view.open("mixed")
    healthy = {
        ("muc-edge%d" % number, setid): {"total": 4, "watched": 4} for number in (1, 2, 10) for setid in (1, 2, 3)
    }
    assert cells(page) == {
        ("fra-proxy2", 1): {"total": 2, "watched": 2},
        ("fra-proxy3", 1): {"total": 4, "blind": 4},
        ("fra-proxy3", 2): {"total": 6, "not_asked": 6},
        ("ber-edge1", 1): {"total": 2, "blind": 2},
        ("ber-edge1", 3): {"total": 2, "not_asked": 2},
        ("ber-edge2", 1): {"total": 3, "once": 3},
        ("ber-edge3", 2): {"total": 5, "not_asked": 1, "watched": 4, "down": 2, "disabled": 1, "failing": 1},
        ("ber-edge4", 1): {"total": 2, "watched": 2, "absent": 1, "drift": 3},
        ("ham-edge2", 1): {"total": 3, "watched": 3},
        ("ham-edge5", 1): {"total": 1, "watched": 1},
        ("ham-edge3", 1): {"total": 2, "blind": 2},
        ("ham-edge3", 2): {"total": 2, "blind": 2},
        ("ham-edge6", 1): {"total": 2, "watched": 2},
        **healthy,
    }
    by_files = {data_in(link)["host"] for link in page.locator(".picture a.cell.files").all()}
    assert by_files == {"ham-edge2", "ham-edge5"}
    nothing = {}
    for link in page.locator(".picture a.nothing").all():
        data = data_in(link)
        nothing[data["host"]] = data["state"]
        assert {data["host"], data["state"]} == {*(link.get_attribute("aria-label") or "").split(": ")}
    assert nothing == {
        "fra-proxy1": "would not start",
        "ham-edge1": "unreachable",
        "ham-edge4": "files cannot be judged",
    }


def test_shares_are_as_wide_as_they_are_large(view: View) -> None:
    page = view.open("mixed")
    drawn = cell(page, "ber-edge3", 2)
    width = {
        name: float(drawn.locator("rect." + name).get_attribute("width"))
        for name in ("frame", "not_asked", "watched", "down", "disabled")
    }
    shares = {name: round(width[name] / width["frame"], 2) for name in width}
    assert shares == {"frame": 1, "not_asked": 0.2, "watched": 0.8, "down": 0.4, "disabled": 0.2}


def test_a_small_share_is_seen(view: View) -> None:
    """One of ten that is down in a fleet of hosts that are drawn small."""
    page = view.open("hundred")
    down = page.locator(".picture rect.down").all()
    assert down and all(float(share.get_attribute("width") or 0) >= 3 for share in down)


def test_nothing_is_told_by_colour_alone(view: View) -> None:
    """Every share has a filling of its own, and those that matter have a pattern."""
    page = view.open("mixed")
    fill = "kind => getComputedStyle(document.querySelector('.legend rect.' + kind)).fill"
    fills = {
        kind: page.evaluate(fill, kind) for kind in ("blind", "once", "not_asked", "unknown", "watched", "disabled")
    }
    assert len(set(fills.values())) == len(fills)
    for kind in ("blind", "once", "unknown", "disabled"):
        assert fills[kind] == 'url("#p-%s")' % kind and page.locator("pattern#p-" + kind).count() == 1
    legend = {data_in(entry).get("about"): entry.inner_text() for entry in page.locator(".legend li").all()}
    assert all(legend.values())
    assert {*fills, "down", "differs", "files"} <= set(legend)
    assert cell(page, "ham-edge2", 1).locator(".frame").evaluate("e => getComputedStyle(e).strokeDasharray") != "none"
    assert (
        page.locator(".picture .differs").count() == 1 and cell(page, "ber-edge4", 1).locator(".differs").count() == 1
    )


@pytest.mark.parametrize(("name", "setid"), [("fra-proxy3", 2), ("ber-edge3", 2), ("muc-edge10", 3), ("ham-edge2", 1)])
def test_a_click_leads_to_the_set(view: View, name: str, setid: int) -> None:
    page = view.open("mixed")
    cell(page, name, setid).click()
    until_at_set(page)
    focused = page.locator("h3:focus")
    assert data_in(focused)["set"] == str(setid) and numbers_in(focused.inner_text()) == {setid}
    assert page.locator(".host[open]").count() == 1
    assert data_in(page.locator(".host[open]"))["name"] == name
    top = focused.evaluate("e => e.getBoundingClientRect().top")
    assert 0 <= top < 900


def test_an_address_leads_to_a_host_and_to_a_set(view: View) -> None:
    page = view.open("mixed", "#host=ber-edge1&set=3")
    assert data_in(page.locator("h3:focus"))["set"] == "3"
    page.locator("input[name=errors]").check()
    page.evaluate("location.hash = '#host=muc-edge2'")
    # It is shown although what was asked for leaves it out.
    until_hosts(page, 16)
    assert page.locator("summary:focus .name").inner_text().strip() == "muc-edge2"
    assert view.open("mixed", "#host=gone&set=3").locator(".host[open]").count() == 0


def test_keyboard(view: View) -> None:
    page = view.open("mixed")
    assert page.locator('.picture a[tabindex="0"]').count() == 1
    page.locator(".facets input").last.focus()
    page.keyboard.press("Tab")
    current = "[document.activeElement.dataset.host, document.activeElement.dataset.set ?? null]"
    assert page.evaluate(current) == ["fra-proxy1", None]
    seen = []
    for key in (
        "ArrowDown",
        "ArrowRight",
        "ArrowDown",
        "ArrowDown",
        "ArrowDown",
        "ArrowDown",
        "ArrowDown",
        "ArrowRight",
        "ArrowRight",
    ):
        page.keyboard.press(key)
        seen.append(page.evaluate(current))
    assert seen[:2] == [["fra-proxy2", None], ["fra-proxy2", "1"]]
    assert seen[-3:] == [["fra-proxy3", "1"], ["fra-proxy3", "2"], ["fra-proxy3", "2"]]
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label and page.locator(".hint").inner_text() == label
    page.keyboard.press("Enter")
    until_at_set(page)
    assert data_in(page.locator("h3:focus"))["set"] == "2"
    # The whole picture is one stop: the next one is the first host.
    page.locator('.picture a[tabindex="0"]').focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_pointing_at_a_cell_says_what_it_is(view: View) -> None:
    page = view.open("mixed")
    pointed_at = cell(page, "ber-edge1", 1)
    idle = page.locator(".hint").inner_text()
    pointed_at.hover()
    label = pointed_at.get_attribute("aria-label")
    assert page.locator(".hint").inner_text() == label != idle
    assert "ber-edge1" in label and numbers_in(label.replace("ber-edge1", "")) == {1, 2}
