# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.fleet import Fleet, Host, TakenError

HOSTS = [
    Host("k1", "bookworm", "198.51.100.11"),
    Host("k2", "bookworm", "198.51.100.12"),
    Host("k3", "trixie", "198.51.100.13"),
    Host("k4", "trixie", "198.51.100.14"),
    Host("k5", "sid", "198.51.100.15"),
    Host("k6", "sid", "198.51.100.16"),
    Host("d1", "trixie", "198.51.100.21"),
    Host("d2", "trixie", "198.51.100.22"),
]
LABS = 16
LONGEST = ("test_role_server", "test_role_server_one_host", "test_documented_rollout", "test_rollout", "test_cores")


# Before xdist looks for the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process: they share a fleet, and what was made on it. The longest files first."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def _free_fleet(stack: contextlib.ExitStack) -> Fleet:
    for number in range(1, LABS + 1):
        with contextlib.suppress(TakenError):
            return stack.enter_context(Fleet("tests-%d" % number, HOSTS))
    raise TakenError("other processes have the %d labs of the tests" % LABS)


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    """Six hosts with a Kamailio, k1 to k6, and two with destinations, d1 and d2.

    Every process that runs tests has its own: with -n 0 it is one fleet.
    """
    with contextlib.ExitStack() as stack:
        yield _free_fleet(stack)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of docs/night.md: the commands of each task, and the seconds that they took."""
    reports = terminalreporter.getreports("passed")
    rows = [str(value) for report in reports for name, value in report.user_properties if name == "night"]
    if rows:
        terminalreporter.section("the tasks of docs/night.md")
        terminalreporter.write_line("| task | commands | seconds |")
        for row in sorted(rows, key=lambda row: int(row.split()[1][:-1])):
            terminalreporter.write_line(row)
