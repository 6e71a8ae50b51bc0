# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of 10,000 destinations in one task, against ansible.builtin.template for the same list and file.

Whole-process wall time of ansible-playbook on the local machine, in pairs that alternate; prints medians and ratios.
Then a list of 50 against a loop of ansible.builtin.lineinfile over the same 50, and the memory of a run with 100,000.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ENTRIES = 10_000
FEW = 50
MANY = 100_000
PAIRS = 5
COLLECTIONS = Path(__file__).parents[1] / ".work" / "collections"
MODULE = COLLECTIONS / "ansible_collections/sipfleet/kamailio/plugins/modules/dispatcher_list.py"
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
TEMPLATE = (
    "{% for destination in destinations %}"
    "{{ destination.setid }} {{ destination.uri }} {{ destination.flags }} {{ destination.priority }} "
    "weight={{ destination.attrs.weight }};duid={{ destination.attrs.duid }}\n{% endfor %}"
)


def destinations(entries: int = ENTRIES) -> list[dict[str, object]]:
    """Ten sets of gateways."""
    return [
        {
            "setid": index % 10,
            "uri": "sip:10.%d.%d.%d:5060" % (index >> 16 & 255, index >> 8 & 255, index & 255),
            "flags": 8,
            "priority": index % 7,
            "attrs": {"weight": 10, "duid": "gw%d" % index},
        }
        for index in sorted(range(entries), key=lambda index: index % 10)
    ]


def write_playbook(folder: Path, name: str, task: dict[str, object]) -> Path:
    """A playbook of one task, with the destinations in a variable."""
    play = {
        "name": name,
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(folder / "destinations.json")],
        "tasks": [{"name": name, **task}],
    }
    path = folder / (name + ".json")
    path.write_text(json.dumps([play]))
    return path


def seconds(playbook: Path, folder: Path) -> float:
    """The wall time of one run."""
    environment = {
        **os.environ,
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "home"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "home"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    start = time.perf_counter()
    subprocess.run(
        [str(PLAYBOOK), "-i", "localhost,", "-c", "local", str(playbook)],
        check=True,
        capture_output=True,
        env=environment,
    )
    return time.perf_counter() - start


def compare(name: str, ours: Path, peer: Path, folder: Path, written: dict[Path, Path]) -> None:
    """Time both in alternating pairs, each without its file in `written`, and print the medians and their ratio."""
    times: dict[Path, list[float]] = {ours: [], peer: []}
    for pair in range(PAIRS):
        for book in (ours, peer) if pair % 2 else (peer, ours):
            if book in written:
                written[book].unlink(missing_ok=True)
            times[book].append(seconds(book, folder))
    mine, theirs = statistics.median(times[ours]), statistics.median(times[peer])
    print("%-34s %8.2f s %8.2f s %8.2f" % (name, mine, theirs, mine / theirs))


def compare_with_lineinfile(folder: Path) -> None:
    """A list of 50 in one task, and a loop of 50 tasks."""
    (folder / "destinations.json").write_text(json.dumps({"destinations": destinations(FEW)}))
    mine, theirs = folder / "few.list", folder / "loop.list"
    ours = write_playbook(
        folder, "few", {"sipfleet.kamailio.dispatcher_list": {"path": str(mine), "destinations": "{{ destinations }}"}}
    )
    line = "{{ item.setid }} {{ item.uri }} {{ item.flags }} {{ item.priority }} duid={{ item.attrs.duid }}"
    peer = write_playbook(
        folder,
        "loop",
        {
            "ansible.builtin.lineinfile": {"path": str(theirs), "create": True, "line": line, "mode": "0644"},
            "loop": "{{ destinations }}",
        },
    )
    print("%-34s %10s %10s %8s" % ("", "ours", "lineinfile", "ratio"))
    compare("%d destinations are written" % FEW, ours, peer, folder, {ours: mine, peer: theirs})


def memory(folder: Path) -> int:
    """The peak memory in MiB of the module's own process with many entries."""
    arguments = {
        "path": str(folder / "many.list"),
        "destinations": destinations(MANY),
        "_ansible_remote_tmp": str(folder),
    }
    (folder / "many.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
    line = [sys.executable, str(MODULE), str(folder / "many.json")]
    subprocess.run(line, check=True, capture_output=True, env=environment)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def main() -> None:
    """Compare the first write, and the run that changes nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "destinations.json").write_text(json.dumps({"destinations": destinations()}))
        (folder / "dispatcher.list.j2").write_text(TEMPLATE)
        mine, theirs = folder / "mine.list", folder / "theirs.list"
        ours = write_playbook(
            folder,
            "ours",
            {"sipfleet.kamailio.dispatcher_list": {"path": str(mine), "destinations": "{{ destinations }}"}},
        )
        peer = write_playbook(
            folder,
            "peer",
            {"ansible.builtin.template": {"src": str(folder / "dispatcher.list.j2"), "dest": str(theirs)}},
        )
        print("%d destinations, median of %d pairs" % (ENTRIES, PAIRS))
        print("%-34s %10s %10s %8s" % ("", "ours", "template", "ratio"))
        compare("the file is written", ours, peer, folder, {ours: mine, peer: theirs})
        if mine.read_bytes() != theirs.read_bytes():
            sys.exit("the two files differ")
        compare("nothing changes", ours, peer, folder, {})
        compare_with_lineinfile(folder)
        print("%-34s %8d MiB" % ("peak memory of %d in the module" % MANY, memory(folder)))


if __name__ == "__main__":
    main()
