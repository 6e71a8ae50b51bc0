# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of a fleet: hosts by sets."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from report.view import View, labels, until_at_set, until_hosts


def cell(page: Page, name: str, setid: int) -> Any:
    return page.locator('.picture a.cell[aria-label^="%s, set %d,"]' % (name, setid))


def test_a_cell_for_each_set_of_each_host(view: View) -> None:
    page = view.open("mixed")
    assert sorted(labels(page)) == sorted(
        [
            "fra-proxy2, set 1, 2 destinations: 2 probed",
            "fra-proxy3, set 1, 4 destinations: 4 blind",
            "fra-proxy3, set 2, 6 destinations: 6 not probed, not asked for",
            "ber-edge1, set 1, 2 destinations: 2 blind",
            "ber-edge1, set 3, 2 destinations: 2 not probed, not asked for",
            "ber-edge2, set 1, 3 destinations: 3 until the first answer",
            "ber-edge3, set 2, 5 destinations: 1 not probed, not asked for, 4 probed; 2 down; 1 disabled; 1 failing",
            "ber-edge4, set 1, 2 destinations: 2 probed; 1 not in the server; differs from the list",
            "ham-edge2, set 1, 3 destinations: 3 probed; by the files, as nothing is known of the server",
            "ham-edge5, set 1, 1 destination: 1 probed; by the files, as nothing is known of the server",
            "ham-edge3, set 1, 2 destinations: 2 blind",
            "ham-edge3, set 2, 2 destinations: 2 blind",
            *(
                "muc-edge%d, set %d, 4 destinations: 4 probed" % (number, setid)
                for number in (1, 2, 10)
                for setid in (1, 2, 3)
            ),
        ]
    )
    nothing = [link.get_attribute("aria-label") for link in page.locator(".picture a.nothing").all()]
    assert nothing == ["fra-proxy1: would not start", "ham-edge1: unreachable", "ham-edge4: files cannot be judged"]


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
    assert down and all(float(bar.get_attribute("width") or 0) >= 3 for bar in down)


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
    legend = page.locator(".legend").inner_text()
    for words in (
        "blind",
        "until the first answer",
        "not probed",
        "probed",
        "cannot be told",
        "down",
        "disabled",
        "dashed",
    ):
        assert words in legend
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
    assert focused.inner_text() == "Set %d" % setid
    assert page.locator(".host[open]").count() == 1
    assert page.locator(".host[open] summary .name").inner_text().startswith(name)
    top = focused.evaluate("e => e.getBoundingClientRect().top")
    assert 0 <= top < 900


def test_an_address_leads_to_a_host_and_to_a_set(view: View) -> None:
    page = view.open("mixed", "#host=ber-edge1&set=3")
    assert page.locator("h3:focus").inner_text() == "Set 3"
    page.locator("input[name=errors]").check()
    page.evaluate("location.hash = '#host=muc-edge2'")
    # It is shown although what was asked for leaves it out.
    until_hosts(page, 15)
    assert page.locator("summary:focus .name").inner_text().startswith("muc-edge2")
    assert view.open("mixed", "#host=gone&set=3").locator(".host[open]").count() == 0


def test_keyboard(view: View) -> None:
    page = view.open("mixed")
    assert page.locator('.picture a[tabindex="0"]').count() == 1
    page.locator(".facets input").last.focus()
    page.keyboard.press("Tab")
    current = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(current) == "fra-proxy1: would not start"
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
    assert seen[:2] == ["fra-proxy2: would not start", "fra-proxy2, set 1, 2 destinations: 2 probed"]
    assert seen[-3:] == [
        "fra-proxy3, set 1, 4 destinations: 4 blind",
        "fra-proxy3, set 2, 6 destinations: 6 not probed, not asked for",
        "fra-proxy3, set 2, 6 destinations: 6 not probed, not asked for",
    ]
    assert page.locator(".hint").inner_text() == seen[-1]
    page.keyboard.press("Enter")
    until_at_set(page)
    assert page.locator("h3:focus").inner_text() == "Set 2"
    # The whole picture is one stop: the next one is the first host.
    page.locator('.picture a[tabindex="0"]').focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_pointing_at_a_cell_says_what_it_is(view: View) -> None:
    page = view.open("mixed")
    cell(page, "ber-edge1", 1).hover()
    assert page.locator(".hint").inner_text() == "ber-edge1, set 1, 2 destinations: 2 blind"
