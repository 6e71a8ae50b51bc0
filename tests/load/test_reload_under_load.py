# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reloads while calls run: dispatcher_reload loses no call that a plain dispatcher.reload would not lose."""

from __future__ import annotations

import contextlib
import csv
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from conformance.live import DISPATCHER, FIFO, Live, param
from conformance.server import free_ports

RELOADS, CALLS_A_SECOND, CALL_MILLISECONDS = 50, 25, 100
# For what does not come; a call that has lost a message and repeats it is none that failed.
PATIENCE = 20.0

# With one worker, as in every set-up: of several, one sends a 180 behind its 200 at times, and SIPp calls that failed.
BODY = FIFO + 'loadmodule "tm.so"\n' + DISPATCHER + param("reload_delta", 0)
# A dialog is set up by the dispatcher, and what belongs to it goes where its contact says. What is for the proxy itself
# is how SIPp gives up a call; it would be relayed in a circle until the server has no memory left.
ROUTE = """
    if (method == "CANCEL") { if (t_check_trans()) { t_relay(); } exit; }
    if (method == "ACK" && uri == myself) { t_check_trans(); exit; }
    if (method != "INVITE" && uri == myself) { t_newtran(); t_reply("481", "Gone"); exit; }
    if (method == "INVITE" && !ds_select_dst("1", "4")) { t_newtran(); t_reply("503", "No Destination"); exit; }
    t_relay();
"""


class Calls(NamedTuple):
    """What SIPp has counted."""

    made: int
    succeeded: int
    failed: int


def lists(ports: list[int]) -> list[str]:
    """A list to start with and one for each reload, each another one for the server than the one before."""
    shuffle, last = random.Random(1), None
    found: list[str] = []
    while len(found) <= RELOADS:
        some = shuffle.sample(ports, shuffle.randint(1, len(ports)))
        entries = sorted(((port, shuffle.randint(0, 2)) for port in some), key=lambda entry: -entry[1])
        if entries != last:
            found.append("".join("1 sip:127.0.0.1:%d 0 %d\n" % entry for entry in entries))
            last = entries
    return found


def sipp(folder: Path, port: int, control: int, *arguments: str) -> subprocess.Popen[bytes]:
    """A SIPp on a port of the loopback."""
    place = ["-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1", "-cp", str(control), "-nostdin"]
    with (folder / ("sipp-%d.log" % port)).open("wb") as log:
        return subprocess.Popen(
            ["sipp", *arguments, *place],
            cwd=folder,
            env={**os.environ, "TERM": "dumb"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def finish(process: subprocess.Popen[bytes], number: int) -> None:
    """End a SIPp: with SIGUSR1 it makes no more calls, and waits for those that it has."""
    process.send_signal(number)
    try:
        process.wait(2 * PATIENCE)
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def answering(folder: Path, count: int) -> Iterator[list[int]]:
    """SIPp processes that answer calls, by their ports."""
    ports = free_ports(2 * count)
    with contextlib.ExitStack() as stack:
        processes = [sipp(folder, port, control, "-sn", "uas") for port, control in zip(ports[:count], ports[count:])]
        for process in processes:
            stack.callback(finish, process, signal.SIGKILL)
        yield ports[:count]
        assert [process.poll() for process in processes] == [None] * count, "one has ended by itself"


class Load:
    """Calls to a port, with the built-in scenario of SIPp but for where its ACK and its BYE go."""

    def __init__(self, folder: Path, name: str, port: int) -> None:
        done = subprocess.run(["sipp", "-sd", "uac"], capture_output=True, text=True, check=False)
        scenario = done.stdout[done.stdout.index("<?xml") :].replace('rtd="true"', 'rtd="true" rrs="true"')
        for method in ("ACK", "BYE"):
            request = "%s sip:[service]@[remote_ip]:[remote_port] SIP/2.0" % method
            assert request in scenario
            scenario = scenario.replace(request, "%s [next_url] SIP/2.0" % method)
        self.scenario, self.statistics = folder / (name + ".xml"), folder / (name + ".csv")
        self.errors = folder / (name + ".errors")
        self.scenario.write_text(scenario)
        port_of_calls, control = free_ports(2)
        self.process = sipp(
            folder,
            port_of_calls,
            control,
            *("-sf", str(self.scenario), "127.0.0.1:%d" % port),
            *("-r", str(CALLS_A_SECOND), "-d", str(CALL_MILLISECONDS), "-recv_timeout", "%d" % (PATIENCE * 1000)),
            *("-trace_stat", "-stf", str(self.statistics), "-fd", "1"),
            *("-trace_err", "-error_file", str(self.errors)),
        )

    def count(self) -> Calls:
        """What it has counted so far."""
        text = self.statistics.read_text() if self.statistics.exists() else ""
        rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
        names = ("TotalCallCreated", "SuccessfulCall(C)", "FailedCall(C)")
        return Calls(*(int(rows[-1].get(name) or 0) if rows else 0 for name in names))

    def error_text(self) -> str:
        """Why calls have failed, as SIPp says it."""
        return self.errors.read_text(errors="replace")[-4000:] if self.errors.exists() else ""

    def wait_for(self, calls: int) -> None:
        """Wait until it has made so many calls."""
        until = time.monotonic() + PATIENCE
        while self.count().made < calls:
            assert self.process.poll() is None and time.monotonic() < until, self.count()
            time.sleep(0.1)

    def end(self) -> Calls:
        """Let the calls come to their end, and count them all."""
        assert self.process.poll() is None, "it has ended by itself"
        finish(self.process, signal.SIGUSR1)
        return self.count()

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_exc: object) -> None:
        finish(self.process, signal.SIGKILL)


def test_no_call_is_lost(suite: str, tmp_path: Path) -> None:
    with answering(tmp_path, 4) as ports:
        texts = lists(ports)
        live = Live(tmp_path, BODY, texts[0], ROUTE)
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            with Load(tmp_path, "module", live.port) as load:
                load.wait_for(CALLS_A_SECOND)
                begin = time.monotonic()
                results = []
                for text in texts[1:]:
                    live.list.write_text(text)
                    results.append(live.reload())
                interval = (time.monotonic() - begin) / RELOADS
                by_module, why = load.end(), load.error_text()
            live.list.write_text(texts[0])
            server.rpc("dispatcher.reload")
            with Load(tmp_path, "plain", live.port) as load:
                load.wait_for(CALLS_A_SECOND)
                begin = time.monotonic()
                answers = []
                for number, text in enumerate(texts[1:], 1):
                    live.list.write_text(text)
                    answers.append(server.rpc("dispatcher.reload"))
                    # As often as the module did, so that both meet as many calls.
                    time.sleep(max(0.0, begin + number * interval - time.monotonic()))
                plain = load.end()
            entries = server.destinations()
    assert [result["changed"] for result in results] == [True] * RELOADS, results
    assert not any(result.get("failed") or result["drift"] for result in results), results
    assert ["successfully reloaded" in answer for answer in answers] == [True] * RELOADS, answers
    assert len(entries) == texts[-1].count("\n")
    assert min(by_module.succeeded, plain.succeeded) >= 100, (by_module, plain)
    assert by_module.made == by_module.succeeded + by_module.failed, "none is left over"
    assert by_module.failed <= plain.failed, (by_module, plain, why, server.log_text()[-2000:])
