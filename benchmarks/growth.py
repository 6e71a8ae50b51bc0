# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the pure parts grow with the number of lines and with the length of a URI, against simple work on the same bytes.

Each figure is the best of three runs. The ratio of lines is to C([line.split() for line in file]), that of URIs to
C(urllib.parse.urlsplit), measured in the same run. kamailio-check is a process of its own, run once for each file.
"""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / ".work" / "collections"))

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import plan_destinations
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.uri import read_uri
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

SIZES = (1_000, 10_000, 100_000, 1_000_000)
URI_SIZES = (1_000, 10_000, 100_000, 1_000_000)
VERSION = Version(6, 1)
CHECK = Path(__file__).parents[1] / "extensions" / "check" / "check.py"


def entries(count: int) -> list[dict[str, object]]:
    """Destinations of ten sets."""
    return [
        {
            "setid": index * 10 // count,
            "uri": "sip:10.%d.%d.%d:5060" % (index >> 16 & 255, index >> 8 & 255, index & 255),
            "flags": 8,
            "priority": index % 7,
            "attrs": {"weight": 10, "duid": "gw%d" % index},
        }
        for index in range(count)
    ]


def best(work: Callable[[], object]) -> float:
    """The shortest of three runs, in seconds."""
    times = []
    for _run in range(3):
        gc.collect()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def show_lines() -> None:
    """Print a line for each number of lines."""
    print(
        "%9s %9s %18s %18s %18s %18s" % ("lines", "split", "parse and render", "nothing changes", "all change", "purge")
    )
    for size in SIZES:
        wanted = entries(size)
        changed = [dict(entry, priority=9) for entry in wanted]
        data = plan_destinations(b"", parse_wishes(wanted), "none", "list").data
        split = best(lambda data=data: [line.split() for line in io.BytesIO(data)])
        parse = best(lambda data=data: parse_document(data, VERSION).data)
        plans = [
            best(lambda data=data, some=some, purge=purge: plan_destinations(data, parse_wishes(some), purge, "list"))
            for some, purge in ((wanted, "none"), (changed, "none"), (wanted[::2], "file"))
        ]
        line = "%9d %7.3f s %8.3f s %5.1f x" % (size, split, parse, parse / split)
        print(line + "".join(" %7.3f s %5.1f µs" % (plan, plan / size * 1e6) for plan in plans))


def show_uris() -> None:
    """Print a line for each length of a URI that only the state machine reads."""
    print("\n%9s %12s %12s %8s" % ("bytes", "urlsplit", "read_uri", "ratio"))
    for size in URI_SIZES:
        uri = b"sip:user:" + b"0" * size + b"@example.org"
        peer = best(lambda uri=uri: urlsplit(b"//" + uri[4:]))
        ours = best(lambda uri=uri: read_uri.__wrapped__(uri))
        print("%9d %10.6f s %10.6f s %8.0f" % (size, peer, ours, ours / peer))


def show_check() -> None:
    """Print the time of kamailio-check for a list by itself, and with findings about each of its lines."""
    print("\n%9s %14s %24s" % ("lines", "nothing found", "a finding for each line"))
    for size in SIZES[:3]:
        data = plan_destinations(b"", parse_wishes(entries(size)), "none", "list").data
        times = [check_seconds(text) for text in (data.replace(b"weight=10;", b""), data.replace(b"weight", b"wieght"))]
        print("%9d %12.2f s %22.2f s" % (size, *times))


def check_seconds(data: bytes) -> float:
    """The time of kamailio-check for a list."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "dispatcher.list"
        path.write_bytes(data)
        start = time.perf_counter()
        command = [sys.executable, str(CHECK), "--kamailio-version", "6.1.5", str(path)]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


def main() -> None:
    """Print the three tables."""
    show_lines()
    show_uris()
    show_check()


if __name__ == "__main__":
    main()
