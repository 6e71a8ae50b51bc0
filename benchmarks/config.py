# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluated view of a configuration against kamailio -c on the same file, and its growth up to 10 MB.

Needs the kamailio package on this machine, as the demo does. Each figure is the best of five runs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).parents[1] / ".work" / "collections"))

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

PACKAGE = Path("/etc/kamailio/kamailio.cfg")
LINES, CONDITIONALS = 5_000, 150
MEGABYTES = (1, 2, 5, 10)


def best(work: Callable[[], object]) -> float:
    """The shortest of five runs, in seconds."""
    times = []
    for _run in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def long_configuration(lines: int, conditionals: int) -> str:
    """Modules, and routes with conditionals in them."""
    every = lines // conditionals
    text = [
        'loadmodule "tm.so"',
        'loadmodule "sl.so"',
        'loadmodule "pv.so"',
        'loadmodule "xlog.so"',
        "request_route { exit; }",
    ]
    for number in range(conditionals):
        text += [
            "#!ifdef WITH_%d" % number,
            "#!define VALUE_%d %d" % (number, number),
            "#!else",
            "route[R%d] {" % number,
        ]
        text += ['\t$var(x) = "%d"; # a comment' % line for line in range(every - 6)]
        text += ["}", "#!endif"]
    return "\n".join(text) + "\n"


def compare(name: str, path: Path) -> None:
    """Print both times for a file, and their ratio."""
    data = path.read_bytes()
    ours = best(lambda: evaluate(str(path), data, read_include, Version(6, 0, 1)))
    check = ["kamailio", "-c", "-M", "64", "-f", str(path)]
    theirs = best(lambda: subprocess.run(check, check=True, capture_output=True))
    print("%-34s %8.1f ms %10.1f ms %8.2f" % (name, ours * 1e3, theirs * 1e3, ours / theirs))


def main() -> None:
    """Print a line for each file."""
    print("%-34s %11s %13s %8s" % ("", "ours", "kamailio -c", "ratio"))
    compare("the package's configuration", PACKAGE)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "kamailio.cfg"
        path.write_text(long_configuration(LINES, CONDITIONALS))
        compare("%d lines, %d conditionals" % (LINES, CONDITIONALS), path)
    line = long_configuration(LINES, CONDITIONALS).encode()
    for size in MEGABYTES:
        data = line * (size * 1_000_000 // len(line))
        start = time.perf_counter()
        evaluate("/k/kamailio.cfg", data, read_include, Version(6, 0, 1))
        seconds = time.perf_counter() - start
        print("%-34s %8.2f s %11.2f s/MB" % ("%d MB" % size, seconds, seconds / size))


if __name__ == "__main__":
    main()
