# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages in a browser, and what somebody sees there."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

WAIT_SECONDS = 60.0


class View:
    """Opens pages, and remembers what they ask for and complain about."""

    def __init__(self, browser: Browser, pages: dict[str, Path]) -> None:
        self.browser = browser
        self.pages = pages
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._contexts: list[BrowserContext] = []

    def open(self, name: str | Path, part: str = "", width: int = 1400, **options: Any) -> Page:
        """A page by the name of its fleet, or a file."""
        path = name if isinstance(name, Path) else self.pages[name]
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **options)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda reason: self.complaints.append(str(reason)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri() + part)
        return page

    def close(self) -> None:
        """Close all pages. Fails if one has complained, or has asked for anything but itself."""
        for context in self._contexts:
            context.close()
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith("file:") or ".html" not in url] == []
        assert len(self.requests) == len(self._contexts), self.requests


def until(page: Page, condition: str) -> None:
    """Wait for something that must come. The page's policy lets Playwright wait for no function by itself."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(20)


def until_hosts(page: Page, count: int) -> None:
    """Wait until so many hosts are shown."""
    until(page, "document.querySelectorAll('.host').length === %d" % count)


def until_at_set(page: Page) -> None:
    """Wait until the heading of a set has the focus."""
    until(page, "document.activeElement.tagName === 'H3'")


def hosts(page: Page) -> list[str]:
    """The names of the hosts that are shown, in their order."""
    return [name.strip() for name in page.locator(".host summary .name").all_inner_texts()]


def host(page: Page, name: str) -> Any:
    """The entry of a host."""
    found = page.locator("details.host", has=page.locator("summary .name", has_text=re.compile("^" + re.escape(name))))
    return found.first


def opened(page: Page, name: str) -> Any:
    """The entry of a host, open."""
    entry = host(page, name)
    if entry.get_attribute("open") is None:
        entry.locator("summary").click()
    entry.locator(".inside").wait_for(state="attached")
    return entry


def data_in(element: Any) -> dict[str, str]:
    """What an element says as data."""
    found: dict[str, str] = element.evaluate("element => ({...element.dataset})")
    return found


def numbers_in(text: str) -> set[int]:
    """The numbers in a text for people."""
    return {int(number) for number in re.findall(r"\d+", text)}


def chips(entry: Any) -> dict[str, int]:
    """What is counted beside the name of a host, by its kind."""
    found = {}
    for chip in entry.locator("summary .chip").all():
        data = data_in(chip)
        found[data["kind"]] = int(data["count"])
        assert found[data["kind"]] in numbers_in(chip.inner_text())
    return found


def facts(entry: Any) -> dict[str, str]:
    """The facts of an open host: as data, and as text where they are text of the host."""
    found = {}
    for line in entry.locator(".facts > div").all():
        name, words = (line.locator(kind).inner_text().strip() for kind in ("dt", "dd"))
        assert name and words
        data = data_in(line)
        found[data["fact"]] = data.get("value", words)
    return found


def rows(entry: Any, kind: str = "destinations", nth: int = 0) -> list[dict[str, str]]:
    """The rows of a table of a host, by the keys of the columns, and what their cells say as data besides."""
    table = entry.locator("table." + kind).nth(nth)
    cells = "all => all.map((row) => [...row.cells].map((cell) => [{...cell.dataset}, cell.innerText.trim()]))"
    assert all(table.locator("th").all_inner_texts())
    return [_cells_of(row) for row in table.locator("tbody tr").evaluate_all(cells)]


def _cells_of(row: list[tuple[dict[str, str], str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for data, words in row:
        column, name = data.pop("column"), data.pop("name")
        # What is data is said in words as well.
        assert name and (words or not data), (column, data)
        found[column] = data.pop("value", words)
        found.update(data)
    return found


def cells(page: Page) -> dict[tuple[str, int], dict[str, int]]:
    """What the picture counts in the sets of the hosts; what is not there is left out."""
    found = {}
    for data, label in page.locator(".picture a.cell").evaluate_all(
        "all => all.map((cell) => [{...cell.dataset}, cell.getAttribute('aria-label')])"
    ):
        counts = {kind: count for kind, count in json.loads(data["counts"]).items() if count}
        told = {count for kind, count in counts.items() if kind != "drift"}
        assert data["host"] in label and {int(data["set"]), *told} <= numbers_in(label), (data, label)
        found[data["host"], int(data["set"])] = counts
    return found
