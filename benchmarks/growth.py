# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the pure parts grow from 1,000 to 1,000,000 lines, against splitting the lines of the same file.

Each figure is the best of three runs; the ratio is to C([line.split() for line in file]), measured in the same run.
"""

from __future__ import annotations

import gc
import io
import sys
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).parents[1] / ".work" / "collections"))

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import plan_destinations
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes

SIZES = (1_000, 10_000, 100_000, 1_000_000)
VERSION = (6, 1)


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


def main() -> None:
    """Print a line for each size."""
    print("%9s %9s %16s %26s" % ("lines", "split", "parse and render", "plan, nothing to change"))
    for size in SIZES:
        wanted = entries(size)
        data = plan_destinations(b"", parse_wishes(wanted), "none", "list").data
        split = best(lambda data=data: [line.split() for line in io.BytesIO(data)])
        parse = best(lambda data=data: parse_document(data, VERSION).data)
        plan = best(lambda data=data, wanted=wanted: plan_destinations(data, parse_wishes(wanted), "none", "list"))
        print(
            "%9d %7.3f s %7.3f s %5.1f x %13.3f s %6.2f µs a line"
            % (size, split, parse, parse / split, plan, plan / size * 1e6)
        )


if __name__ == "__main__":
    main()
