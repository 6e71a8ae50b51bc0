# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of destinations over every transport of three versions, against kamcmd on the same servers.

The first table has the median time of dispatcher.list, called and decoded in a process that runs already, and in
parentheses how many times that of C(kamcmd dispatcher.list) it is, as a whole process; or why there is no list. The
second one has dispatcher_info and dispatcher_reload as whole processes, with the sockets that they find in the
configuration (ctl and the FIFO), against C(kamcmd dispatcher.list), and C(kamcmd dispatcher.reload) where it was due;
ansible.builtin.ping is what any module costs. The servers have the memory that Kamailio has by default (-m 64 -M 8),
where nothing else is said. Needs the kamailio package on this machine, and the root file systems of C(make lab).
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / ".work" / "collections"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from conformance.live import DISPATCHER, FIFO, Live, param
from conformance.server import SUITES, version_of
from conformance.test_rpc import running

from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import (
    Address,
    CtlDatagram,
    CtlStream,
    CtlTcp,
    CtlUdp,
    JsonDatagram,
    JsonFifo,
    JsonHttp,
    JsonTcp,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.connection import Connection

# Destinations, and in how many sets. C(kamcmd) prints 300, and not 1,000.
SIZES = ((1, 1), (300, 1), (1_000, 1), (10_000, 1), (10_000, 100))
SECONDS = 30.0
RUNS, WHOLE_RUNS = 5, 3
MEMORY, MORE_MEMORY = ("-m", "64", "-M", "8"), ("-m", "64", "-M", "32")
NAMES = {
    JsonFifo: "jsonrpcs, FIFO",
    JsonTcp: "jsonrpcs, TCP",
    JsonDatagram: "jsonrpcs, Unix datagrams",
    JsonHttp: "jsonrpcs, HTTP",
    CtlStream: "ctl, Unix stream",
    CtlTcp: "ctl, TCP",
    CtlDatagram: "ctl, Unix datagrams",
    CtlUdp: "ctl, UDP",
}
HTTP_WITH_MORE = NAMES[JsonHttp] + ", `-M 32`"
KAMCMD = "`kamcmd dispatcher.list`"
LISTS = (*NAMES.values(), HTTP_WITH_MORE, KAMCMD)
DASH = "n/a"


class Measured(NamedTuple):
    """The seconds of what worked; of what did not, why and after how many seconds."""

    seconds: tuple[float, ...]
    failures: tuple[tuple[str, float], ...] = ()

    def median(self) -> float | None:
        """The median, None where nothing worked."""
        return statistics.median(self.seconds) if self.seconds else None

    def cell(self, peer: Measured | None) -> str:
        """What the table says of it."""
        found = [show(self.median(), peer.median() if peer else None)] if self.seconds else []
        if self.failures:
            text, seconds = self.failures[0]
            often = "%d of %d: " % (len(self.failures), len(self.seconds + self.failures)) if self.seconds else ""
            found.append("%s%s, %s" % (often, text, "at once" if seconds < 0.5 else "after %.0f s" % seconds))
        return "; ".join(found) or DASH


def show(seconds: float | None, peer: float | None) -> str:
    """Seconds, and their ratio to a peer's."""
    if seconds is None:
        return DASH
    text = "%.1f s" % seconds if seconds >= 1 else "%.*f ms" % (seconds < 0.01, seconds * 1000)
    return text + (" (%.2f)" % (seconds / peer) if peer else "")


def measure(work: Callable[[], object], runs: int) -> Measured:
    """Time it several times, but not again what has taken all of its seconds and failed."""
    worked, failed = [], []
    for _run in range(runs):
        start = time.perf_counter()
        try:
            work()
        except KamailioError as reason:
            failed.append((few_words(reason.problems[0].text), time.perf_counter() - start))
            if failed[-1][1] >= SECONDS / 2:
                break
        else:
            worked.append(time.perf_counter() - start)
    return Measured(tuple(worked), tuple(failed))


def few_words(text: str) -> str:
    """What an error comes to."""
    code = re.search(r"the error (\d+: .*)", text)
    if code:
        return code.group(1).replace(": ", " ", 1)
    words = {"not answer": "no answer", "no answer": "no answer", "only": "a part of it", "cut off": "cut off"}
    return next((short for long, short in words.items() if long in text), text)


def kamcmd(folder: Path, *command: str) -> None:
    """Run it to its end; an error that the server answers leaves its exit status at 0."""
    line = ["kamcmd", "-s", "unix:%s/ctl" % folder, *command]
    done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False)
    said = (done.stderr + done.stdout).strip()
    if done.returncode or said.startswith("error"):
        raise error(
            said.partition("\n")[0].replace("error: ", "the error ").replace(" - ", ": ").replace("ERROR: ", "")
        )


def report(text: str) -> None:
    """Progress, apart from the tables."""
    print(text, file=sys.stderr, flush=True)


def measure_lists(folder: Path, suite: str, size: tuple[int, int]) -> dict[str, Measured]:
    """How long the list takes over each transport of a server."""
    found = {}
    with running(folder, suite, *size, *MEMORY) as (setup, _server, addresses):
        found[KAMCMD] = measure(lambda: kamcmd(setup.folder, "dispatcher.list"), RUNS)
        for address in addresses:
            found[NAMES[type(address)]] = measure_list(address, size[0])
    with running(folder, suite, *size, *MORE_MEMORY) as (_setup, _server, addresses):
        found[HTTP_WITH_MORE] = measure_list(
            next(address for address in addresses if isinstance(address, JsonHttp)), size[0]
        )
    return found


def measure_list(address: Address, count: int) -> Measured:
    """How long it takes over one of them."""

    def whole() -> None:
        if len(Connection((address,), SECONDS).destinations()) != count:
            raise SystemExit("the list is not complete")

    return measure(whole, RUNS)


def listing(count: int, priority: int = 0) -> str:
    """So many destinations of one set, the last one with a priority."""
    lines = ["1 sip:127.0.0.1:%d;x=%d 0 0 duid=d%d" % (n % 999 + 5000, n, n) for n in range(count - 1)]
    return "\n".join([*lines, "1 sip:127.0.0.1:4999 0 %d duid=last" % priority, ""])


def measure_modules(folder: Path, suite: str, count: int) -> dict[str, tuple[Measured, Measured]]:
    """How long the modules take, each with what kamcmd takes for the same."""
    live = Live(folder, FIFO + DISPATCHER + param("reload_delta", 0), listing(count))
    priorities = iter(range(1, 100))
    arguments = folder / "ping.args"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_remote_tmp": str(folder)}}))
    ping = [sys.executable, "-B", "-m", "ansible.modules.ping", str(arguments)]

    def module(name: str, changed: bool | None, before: Callable[[], object] = lambda: None) -> float:
        before()
        start = time.perf_counter()
        result = live.call(name)
        seconds = time.perf_counter() - start
        if result.get("failed") or (changed is not None and result["changed"] is not changed):
            raise SystemExit("%s with %d destinations: %s" % (name, count, str(result)[:2000]))
        return seconds

    def edit() -> None:
        live.list.write_text(listing(count, next(priorities)))

    with live.server(suite, *MEMORY) as server:
        if server.exit_status is not None:
            raise SystemExit(server.log_text())
        module("dispatcher_reload", False)
        runs = range(WHOLE_RUNS)
        info = Measured(tuple(module("dispatcher_info", None) for _run in runs))
        quiet = Measured(tuple(module("dispatcher_reload", False) for _run in runs))
        due = Measured(tuple(module("dispatcher_reload", True, edit) for _run in runs))
        nothing = measure(lambda: subprocess.run(ping, check=True, capture_output=True), WHOLE_RUNS)
        shown = measure(lambda: kamcmd(live.folder, "dispatcher.list"), WHOLE_RUNS)
        loaded = measure(lambda: kamcmd(live.folder, "dispatcher.reload"), WHOLE_RUNS)
    return {
        "ansible.builtin.ping": (nothing, shown),
        "dispatcher_info": (info, shown),
        "dispatcher_reload, not due": (quiet, shown),
        "dispatcher_reload, due": (due, loaded),
    }


def row(*cells: str) -> None:
    """Print a line of a table."""
    print("| %s |" % " | ".join(cells))


def size_name(size: tuple[int, int]) -> str:
    """The head of a column."""
    return f"{size[0]:,}" + (" in %d sets" % size[1] if size[1] > 1 else "")


def print_lists(names: dict[str, str]) -> None:
    """The first table."""
    row("Kamailio", "dispatcher.list over", *(size_name(size) for size in SIZES))
    row(*["---"] * (2 + len(SIZES)))
    for suite, version in names.items():
        columns = []
        for size in SIZES:
            report("Kamailio %s, %s destinations, every transport" % (version, size_name(size)))
            with tempfile.TemporaryDirectory() as folder:
                columns.append(measure_lists(Path(folder), suite, size))
        for name in LISTS:
            if name in columns[0]:
                row(
                    version,
                    name,
                    *(column[name].cell(None if name == KAMCMD else column[KAMCMD]) for column in columns),
                )


def print_modules(names: dict[str, str]) -> None:
    """The second table."""
    counts = [count for count, sets in SIZES if sets == 1]
    row("Kamailio", "process", *(f"{count:,}" for count in counts))
    row(*["---"] * (2 + len(counts)))
    for suite, version in names.items():
        columns = []
        for count in counts:
            report("Kamailio %s, %s destinations, whole modules" % (version, count))
            with tempfile.TemporaryDirectory() as folder:
                columns.append(measure_modules(Path(folder), suite, count))
        for name in columns[0]:
            row(version, name, *(ours.cell(peer) for ours, peer in (column[name] for column in columns)))
        row(version, KAMCMD, *(column["dispatcher_info"][1].cell(None) for column in columns))
        row(
            version,
            "`kamcmd dispatcher.reload`",
            *(column["dispatcher_reload, due"][1].cell(None) for column in columns),
        )


def main() -> None:
    """Print both tables."""
    names = {}
    for suite in SUITES:
        version = re.search(r"kamailio (\d\S*)", version_of(suite))
        names[suite] = version.group(1) if version else suite
    print_lists(names)
    print()
    print_modules(names)


if __name__ == "__main__":
    main()
