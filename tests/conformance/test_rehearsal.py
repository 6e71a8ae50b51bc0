# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rehearsal of a start says what a real start does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance import test_findings, test_start
from conformance.rehearsing import copy_code, rehearse_all
from conformance.server import start_all
from conformance.setups import Setup, add_database

# Debian's stock configuration has to be quick, on a busy machine as well.
STOCK_SECONDS = 4.0
CONFIG = "/etc/kamailio/kamailio.cfg"

_LIST = "1 sip:127.0.0.1:5099 8\n"
# name: configuration, list
_START = {name: ("\n".join(lines), _LIST) for name, (lines, _starts, _broken) in test_start.CASES.items()}
_FINDINGS = {name: (body, listing) for name, (_rule, body, listing, _passes, _starts) in test_findings.CASES.items()}
_GOOD = {"good_" + name: (body, _LIST) for name, body in test_findings.GOOD.items()}
CASES = {**_START, **_FINDINGS, **_GOOD}
HANDFUL = ("works", "interval_without_tm", "tm_after_dispatcher", "setid_only", "no_list", "module_missing", "database")


@pytest.fixture(scope="module")
def code() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    yield copy_code(folder)
    shutil.rmtree(folder)


def arguments(setup: Setup) -> list[str]:
    """As a unit has them: the server becomes a daemon."""
    pid_file = str(setup.folder / "kamailio.pid")
    return ["-P", pid_file, "-m", "32", "-M", "4", "-Y", str(setup.folder), "-f", str(setup.config)]


def setup_of(case: str, folder: Path) -> Setup:
    body, listing = CASES[case]
    setup = Setup(folder, body, listing)
    if case in ("database", "database_module_late"):
        add_database(setup.folder / "db")
    return setup


def compare_with_starts(names: list[str], suite: str, code: Path, folder: Path) -> None:
    setups = {name: setup_of(name, folder) for name in names}
    found = rehearse_all(suite, code, folder, [{"arguments": arguments(setup)} for setup in setups.values()])
    outcomes = dict(zip(setups, found))
    started = dict(zip(setups, start_all(suite, [setup.folder for setup in setups.values()])))
    expected = {name: "came up" if outcome == "started" else "did not start" for name, outcome in started.items()}
    wrong = {name: outcomes[name] for name in names if outcomes[name]["outcome"] != expected[name]}
    assert not wrong
    for name in names:
        if expected[name] == "did not start":
            assert outcomes[name]["message"], name


def test_rehearsal_says_what_a_start_does(suite: str, code: Path, tmp_path: Path) -> None:
    compare_with_starts(list(HANDFUL), suite, code, tmp_path)


@pytest.mark.nightly
def test_rehearsal_says_what_each_start_does(suite: str, code: Path, tmp_path: Path) -> None:
    compare_with_starts(sorted(CASES), suite, code, tmp_path)


def test_stock_configuration_comes_up_as_its_unit_starts_it(suite: str, code: Path, tmp_path: Path) -> None:
    (found,) = rehearse_all(suite, code, tmp_path, [{"unit": "kamailio.service"}])
    assert found["outcome"] == "came up" and found["seconds"] < STOCK_SECONDS, found
    assert found["not_checked"] == []


def test_message_has_the_words_of_the_server(suite: str, code: Path, tmp_path: Path) -> None:
    setup = setup_of("interval_without_tm", tmp_path)
    (found,) = rehearse_all(suite, code, tmp_path, [{"arguments": arguments(setup)}])
    assert found["outcome"] == "did not start"
    assert "could not load the TM-functions - disable DS ping" in found["message"]


def test_list_is_what_the_server_has_loaded(suite: str, code: Path, tmp_path: Path) -> None:
    setup = setup_of("works", tmp_path)
    text = "1 sip:127.0.0.1:5099 8\n2 sip:127.0.0.1:5098 4\n"
    case: dict[str, Any] = {"arguments": arguments(setup), "files": {str(setup.list): text}}
    (found,) = rehearse_all(suite, code, tmp_path, [case])
    assert found["outcome"] == "came up"
    assert sorted(found["destinations"]) == [[1, "sip:127.0.0.1:5099", "AP"], [2, "sip:127.0.0.1:5098", "DX"]]
    assert setup.list.read_text() == _LIST
