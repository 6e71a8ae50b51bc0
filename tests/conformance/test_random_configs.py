# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole configurations made at random: whether validate says that the server starts, and whether it does.

The seed stands in the name of a case, so a failure can be run again by that name; SIPFLEET_CASES and SIPFLEET_SEED
make a longer run, or another one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.random_configs import make_config
from conformance.server import ROOTS, as_version, check_all, start_all
from conformance.setups import Setup

CASES = int(os.environ.get("SIPFLEET_CASES", "100"))
SEED = int(os.environ.get("SIPFLEET_SEED", "0"))
PER_TEST = 50
# What keeps a server from starting and is in no file: modules whose processes trip over each other now and then.
RACES = {"userblocklist": "add_source puts a table into the list that all read before the table has its name"}


@pytest.fixture(autouse=True)
def impatient_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server looks up the name of its host when it starts: a lost answer must not cost the usual 5 seconds."""
    monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:1")


@pytest.mark.parametrize("seed", range(SEED, SEED + CASES, PER_TEST))
def test_the_server_starts_as_the_verdict_says(seed: int, suite: str, version: str, tmp_path: Path) -> None:
    # What modules of the other packages make of values is not known.
    files = (ROOTS / suite / "var/lib/dpkg/info/kamailio.list").read_text().split()
    installed = frozenset(Path(name).stem for name in files if name.endswith(".so"))
    setups = [make_config(number, tmp_path, as_version(version), installed) for number in range(seed, seed + PER_TEST)]
    said = [setup.judge(version).result["will_start"] for setup in setups]
    outcomes = start_all(suite, [setup.folder for setup in setups])
    outcomes = [
        start_all(suite, [setup.folder])[0] if outcome == "dead" and has_raced(setup) else outcome
        for setup, outcome in zip(setups, outcomes)
    ]
    dead = [setup.folder for setup, outcome in zip(setups, outcomes) if outcome != "started"]
    # What kamailio -c refuses is told to the user, and need not be known here.
    refused = set(check_all(suite, dead))
    wrong = [
        "seed %d: will_start is %s, and the server is %s\n%s\n%s"
        % (seed + index, will_start, outcome, setup.text(), log_of(setup.folder))
        for index, (setup, will_start, outcome) in enumerate(zip(setups, said, outcomes))
        if (will_start is False if outcome == "started" else will_start is True and setup.folder not in refused)
    ]
    assert not wrong, "\n\n".join(wrong)
    started = outcomes.count("started")
    print("%s, seeds %d to %d: %d started, %d refused" % (suite, seed, seed + PER_TEST - 1, started, len(refused)))
    assert PER_TEST // 4 <= started <= PER_TEST * 9 // 10, "too many of one kind: the test shows little"


def has_raced(setup: Setup) -> bool:
    """Whether a server died as it does now and then with one of its modules."""
    crashed = "exited by a signal 11" in (setup.folder / "server.log").read_text(errors="replace")
    return crashed and any(module in setup.config.read_text() for module in RACES)


def log_of(folder: Path) -> str:
    """The last lines of a server's log."""
    return "\n".join((folder / "server.log").read_text(errors="replace").splitlines()[-8:])
