# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from report import fleets
from report.made_up import audit, healthy
from report.view import View


# Before xdist looks for the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one process: they share a browser, and pages that take seconds to make."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("report"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "the package chromium is missing: make packages"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium)
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of some fleets by name, each written by the playbook."""
    three = {"edge%d" % number: healthy(10, 3, "10.0.%d" % number) for number in (1, 2, 3)}
    made = {"mixed": fleets.mixed(), "hostile": fleets.hostile(), "three": three, "hundred": fleets.large(12, 100)}
    found = {}
    for name, hosts in made.items():
        folder = tmp_path_factory.mktemp(name)
        found[name] = folder / "page.html"
        done = audit(folder, hosts, audit_report=str(found[name]))
        assert done.returncode == 0, done.stdout + done.stderr
    return found


@pytest.fixture
def view(browser: Browser, pages: dict[str, Path]) -> Iterator[View]:
    """Opens pages. What a page has tried to load and what has gone wrong on it is looked at in the end."""
    opener = View(browser, pages)
    yield opener
    opener.close()
