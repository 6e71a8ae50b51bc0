# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages in a browser, and what somebody sees there."""

from __future__ import annotations

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


def rows(entry: Any, kind: str = "destinations", nth: int = 0) -> list[dict[str, str]]:
    """The rows of a table of a host, by the names of the columns."""
    table = entry.locator("table." + kind).nth(nth)
    names = table.locator("th").all_inner_texts()
    cells = "all => all.map((row) => [...row.cells].map((cell) => cell.innerText))"
    found: list[list[str]] = table.locator("tbody tr").evaluate_all(cells)
    return [dict(zip(names, (cell.strip() for cell in row))) for row in found]


def labels(page: Page, name: str = "") -> list[str]:
    """What the picture says of the sets of a host, or of all hosts."""
    cells = page.locator(".picture a.cell")
    found: list[str] = cells.evaluate_all("all => all.map((cell) => cell.getAttribute('aria-label'))")
    return [label for label in found if label.startswith(name)]
