# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls through a server of each version while a rollout goes on that needs no restart: none of them fails."""

from __future__ import annotations

import csv
from pathlib import Path

from lab.fleet import Fleet

from fleet.rollout import EACH_VERSION, GOOD, MORE, Proxies, until, wish
from fleet.test_lab import SCENARIOS

CALLS_A_SECOND, CALL_MILLISECONDS = 20, 200


class Calls:
    """A SIPp on d2 that calls through the server of a host until it is told to end."""

    def __init__(self, proxies: Proxies, number: int, host: str) -> None:
        self.proxies = proxies
        self.unit, self.statistics = f"calls-{host}", f"/root/calls-{host}.csv"
        target = proxies.fleet.hosts[host].address + ":5060"
        place = ["-i", proxies.fleet.hosts["d2"].address, "-p", str(5100 + number), "-cp", str(8900 + number)]
        sipp = ["sipp", target, "-sf", "/root/call.xml", *place, "-nostdin", "-d", str(CALL_MILLISECONDS)]
        sipp += ["-r", str(CALLS_A_SECOND), "-trace_stat", "-stf", self.statistics, "-fd", "1"]
        proxies.must("d2", "rm", "-f", self.statistics)
        proxies.must("d2", "systemd-run", f"--unit={self.unit}", "--property=StandardOutput=null", *sipp)

    def count(self) -> tuple[int, int]:
        """The calls that have succeeded and failed so far."""
        text = self.proxies.fleet.run("d2", "cat", self.statistics).stdout
        rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
        if not rows or not rows[-1].get("FailedCall(C)"):
            return 0, 0
        return int(rows[-1]["SuccessfulCall(C)"]), int(rows[-1]["FailedCall(C)"])

    def end(self) -> tuple[int, int]:
        """Make no more calls, wait for those that go on, and count."""
        self.proxies.must("d2", "systemctl", "kill", "--signal=USR1", self.unit)
        until(lambda: self.proxies.fleet.run("d2", "systemctl", "is-active", self.unit).stdout.strip() != "active")
        return self.count()


def test_no_call_fails(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "plays").mkdir()
    # The machine is busy with all of it: an answer that is late is none that fails.
    proxies = Proxies(fleet, tmp_path / "plays", EACH_VERSION, fr_timer=3000)
    proxies.write("d2", "/root/call.xml", (SCENARIOS / "call.xml").read_text())
    calls = [Calls(proxies, number, host) for number, host in enumerate(EACH_VERSION)]
    until(lambda: all(line.count()[0] > CALLS_A_SECOND for line in calls))
    before = [line.count()[0] for line in calls]
    status, printed = proxies.play(dispatcher_destinations=wish(GOOD, MORE), rollout_serial=[1, 2])
    after = [line.count()[0] for line in calls]
    counted = [line.end() for line in calls]
    assert status == 0 and printed.count('changed (reload)"') == 3, printed
    assert all(last - first > CALLS_A_SECOND for first, last in zip(before, after)), (before, after)
    assert [failed for _succeeded, failed in counted] == [0] * len(EACH_VERSION), counted
