# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set-ups made at random: what validate says of them, and what servers of every version do; then the same corrected.

The seed stands in the name of a case, so a failure can be run again by that name; SIPFLEET_CASES and SIPFLEET_SEED
make a longer run, or another one.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.setup import interval_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.flags import PROBING, render_letters
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.uri import read_uri
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from conformance.random_setups import make_setup
from conformance.server import Entry, Peers, as_version

CASES = int(os.environ.get("SIPFLEET_CASES", "100"))
SEED = int(os.environ.get("SIPFLEET_SEED", "0"))
PER_TEST = 25
AT_ONCE = 12
PER_SETUP = 6
SECONDS = 3.4
HINDRANCES = ("is empty", "is not a SIP URI", "has no socket")


class Case:
    """One set-up, its verdict, and what a server did with it."""

    def __init__(self, seed: int, suite: str, version: str, folder: Path, peers: Peers, ports: list[int]) -> None:
        self.chance = random.Random(seed)
        self.seed, self.suite, self.version, self.peers, self.ports = seed, suite, version, peers, ports
        self.setup = make_setup(self.chance, folder, ports)
        self.started = self.corrected = False

    def run(self) -> list[str]:
        """The differences between the verdict and the server, before and after a correction."""
        outcome = self.setup.judge(self.version)
        differences = self.compare(outcome.result)
        how: dict[str, Any] = {
            "correction": self.chance.choice(["load_tm", "clear_probing"]),
            "mode": self.chance.choice([None, 1, 3]),
            "on_violation": "correct",
            "fail_on": self.chance.choice(["error", "warning"]),
        }
        correction = self.setup.judge(self.version, **how)
        again = correction
        if not correction.refusal and correction.outcome.writes:
            self.corrected = True
            self.setup.write(correction)
            again = self.setup.judge(self.version, **how)
            if again.outcome.writes or again.refusal:
                differences.append("the second correction is not content: %s" % again.result["diff"])
            fails = ("error",) if how["fail_on"] == "error" else ("error", "warning")
            if [finding for finding in again.result["findings"] if finding["severity"] in fails]:
                differences.append("found after the correction: %s" % again.result["findings"])
            if correction.result["probing"] != self.setup.judge(self.version).result["probing"]:
                differences.append("the correction promised other effects than a new judgement gives")
            differences += ["after %s: %s" % (how, difference) for difference in self.compare(correction.result)]
        return [
            "seed %d, %s: %s\n%s" % (self.seed, self.suite, difference, self.setup.text()) for difference in differences
        ]

    def compare(self, result: dict[str, Any]) -> list[str]:
        """How the verdict differs from what a server does; with more time, if it seems to."""
        differences = self.observe(result, SECONDS)
        return self.observe(result, 3 * SECONDS) if differences else []

    def observe(self, result: dict[str, Any], seconds: float) -> list[str]:
        before = {port: self.peers.counts[port] for port in self.ports}
        with self.setup.server(self.suite) as server:
            starts = server.exit_status is None
            if starts:
                shown = server.destinations()
                time.sleep(seconds)
        if starts is not result["will_start"]:
            return ["will_start is %s, and it is not so: %s" % (result["will_start"], server.log_text()[-600:])]
        if not starts:
            return []
        self.started = True
        counts = {port: self.peers.counts[port] - before[port] for port in self.ports}
        return [*self.lists(result, shown), *self.pings(result, counts)]

    def lists(self, result: dict[str, Any], shown: list[Entry]) -> list[str]:
        """Differences between the destinations that are loaded, and the flags of those that nothing pings."""
        config = str(self.setup.config)
        evaluation = evaluate(config, self.setup.config.read_bytes(), read_include, as_version(self.version))
        if not evaluation.load("dispatcher") or evaluation.param("dispatcher", "db_url"):
            return []
        loaded = [probe for probe in result["probing"] if not probe["skipped"]]
        expected = Counter((probe["setid"], _uri(probe)) for probe in loaded)
        seen = Counter((destination.setid, destination.uri) for destination in shown)
        if expected != seen:
            return ["loaded are %s, expected %s" % (seen, expected)]
        quiet = {
            key for key in expected if all(_is_quiet(probe) for probe in loaded if (probe["setid"], _uri(probe)) == key)
        }
        version = as_version(self.version)
        cleared = PROBING if version.clears_probing_without_tm and not interval_of(evaluation) else 0
        letters = Counter(
            (probe["setid"], _uri(probe), render_letters(probe["flags"] & ~cleared, version.knows_no_ping))
            for probe in loaded
            if (probe["setid"], _uri(probe)) in quiet
        )
        flags = Counter(
            (destination.setid, destination.uri, destination.flags)
            for destination in shown
            if (destination.setid, destination.uri) in quiet
        )
        return [] if letters == flags else ["flags are %s, expected %s" % (flags, letters)]

    def pings(self, result: dict[str, Any], counts: dict[int, int]) -> list[str]:
        """Differences between the effects and the pings at each port."""
        differences = []
        for port, count in counts.items():
            here = [probe for probe in result["probing"] if _uri(probe).rpartition(":")[2].split(";")[0] == str(port)]
            if len(here) > 1 and any(text in probe["reason"] for probe in here for text in HINDRANCES):
                # A ping that cannot be sent changes the state of another destination with the same URI.
                continue
            effects = Counter(probe["effect"] for probe in here)
            few = sum(_answers(probe) for probe in here if probe["effect"] == "until_first_answer")
            often = effects["continuously"]
            if not (few + 2 * often <= count if often else count == few):
                differences.append("%d pings at %d, expected %s" % (count, port, dict(effects)))
        return differences


def _uri(probe: dict[str, Any]) -> str:
    try:
        return read_uri(probe["uri"].encode()).uri.decode()
    except ValueError:
        return str(probe["uri"])


def _is_quiet(probe: dict[str, Any]) -> bool:
    """Whether nothing changes its flags; those to which no ping can be sent are marked as down."""
    return probe["effect"] == "never" and not any(text in probe["reason"] for text in HINDRANCES)


def _answers(probe: dict[str, Any]) -> int:
    """How many answers end the pings; the reason of an effect says so."""
    return int(probe["reason"].split()[0]) if probe["reason"][:1].isdigit() else 1


@pytest.mark.parametrize("seed", range(SEED, SEED + CASES, PER_TEST))
def test_the_server_does_what_the_verdict_says(seed: int, suite: str, version: str, tmp_path: Path) -> None:
    with Peers(PER_TEST * PER_SETUP) as peers, ThreadPoolExecutor(AT_ONCE) as pool:
        cases = [
            Case(seed + number, suite, version, tmp_path, peers, peers.ports[number * PER_SETUP :][:PER_SETUP])
            for number in range(PER_TEST)
        ]
        differences = [difference for found in pool.map(Case.run, cases) for difference in found]
    assert not differences, "\n\n".join(differences)
    started, corrected = sum(case.started for case in cases), sum(case.corrected for case in cases)
    print("%s, seeds %d to %d: %d started, %d corrected" % (suite, seed, seed + PER_TEST - 1, started, corrected))
    assert started >= PER_TEST // 3 and corrected >= PER_TEST // 8, "too few: the test shows little"
