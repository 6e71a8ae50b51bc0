# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""validate on a host, against ansible.builtin.slurp of the same two files as two tasks.

1,000 destinations and a configuration of 5,000 lines with 150 conditionals. Whole-process wall time of
ansible-playbook on the local machine, in turns; prints medians and ratios, with and without the time of a play that
has no task.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

DESTINATIONS, LINES, CONDITIONALS, TURNS = 1_000, 5_000, 150, 7
COLLECTIONS = Path(__file__).parents[1] / ".work" / "collections"
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


def configuration(listing: Path) -> str:
    """A configuration that starts, probes and has nothing to find."""
    text = 'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "dispatcher.so"\n'
    text += 'modparam("dispatcher", "list_file", "%s")\nmodparam("dispatcher", "ds_ping_interval", 40)\n' % listing
    text += 'modparam("dispatcher", "ds_probing_mode", 1)\n'
    for number in range(CONDITIONALS):
        text += '#!ifdef WITH_%d\nmodparam("tm", "fr_timer", %d)\n#!else\n# nothing\n#!endif\n' % (number, number)
    block = 'route[R%d] {\n\tif (uri == "x") { exit; }\n\txlog("L_INFO", "at $ru\\n");\n}\n'
    while text.count("\n") < LINES:
        text += block % text.count("\n")
    return text


def run(folder: Path, name: str, tasks: list[dict[str, Any]]) -> float:
    """The seconds of a play with these tasks."""
    book = folder / (name + ".json")
    steps = [{"name": "Step %d" % number, **task} for number, task in enumerate(tasks)]
    book.write_text(json.dumps([{"name": name, "hosts": "localhost", "gather_facts": False, "tasks": steps}]))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_NOCOLOR": "true",
    }
    begin = time.perf_counter()
    done = subprocess.run(
        [str(PLAYBOOK), "-i", "localhost,", "-c", "local", str(book)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, listing = folder / "kamailio.cfg", folder / "dispatcher.list"
        line = "%d sip:10.0.%d.%d:5060 8 %d duid=gw%d\n"
        rows = [line % (n % 50, n // 250, n % 250, n % 7, n) for n in range(DESTINATIONS)]
        listing.write_text("".join(rows))
        config.write_text(configuration(listing))
        plays: dict[str, list[dict[str, Any]]] = {
            "no task": [],
            "slurp, twice": [{"ansible.builtin.slurp": {"src": str(path)}} for path in (config, listing)],
            "validate": [{"sipfleet.kamailio.validate": {"config": str(config), "kamailio_version": "6.1.5"}}],
        }
        seconds: dict[str, list[float]] = {play: [] for play in plays}
        for _turn in range(TURNS):
            for play, tasks in plays.items():
                seconds[play].append(run(folder, play.partition(",")[0].replace(" ", "_"), tasks))
    medians = {play: statistics.median(found) for play, found in seconds.items()}
    for play, median in medians.items():
        print("%-14s %6.2f s" % (play, median))
    empty, slurp, validate = medians["no task"], medians["slurp, twice"], medians["validate"]
    print(
        "validate / slurp %.2f, without the play itself %.2f" % (validate / slurp, (validate - empty) / (slurp - empty))
    )


if __name__ == "__main__":
    main()
