# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollout of a one-line change, against a play by hand: template, kamailio -c, kamcmd dispatcher.reload.

10, 30 and 100 hosts, each a folder with a running Kamailio of its own, reached by the local connection with 10 forks;
then both once more with nothing to do. Needs the kamailio that is installed, with kamcmd. Prints seconds and ratios.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HOSTS, FORKS, FIRST_PORT = (10, 30, 100), "10", 21000
ROOT = Path(__file__).parents[1]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
CONFIG = """children=1
listen=udp:127.0.0.1:%d
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:%s/ctl")
loadmodule "tm.so"
loadmodule "dispatcher.so"
modparam("dispatcher", "list_file", "%s/dispatcher.list")
modparam("dispatcher", "ds_ping_interval", 60)
modparam("dispatcher", "ds_probing_mode", 1)
modparam("dispatcher", "reload_delta", 0)
request_route { exit; }
"""
BY_HAND: list[dict[str, Any]] = [
    {
        "name": "By hand",
        "hosts": "kamailio",
        "gather_facts": False,
        "tasks": [
            {
                "name": "List",
                "ansible.builtin.template": {"src": "list.j2", "dest": "{{ folder }}/dispatcher.list", "mode": "0644"},
                "notify": "Reload",
            },
            {
                "name": "Check",
                "ansible.builtin.command": "kamailio -c -f {{ folder }}/kamailio.cfg",
                "changed_when": False,
            },
        ],
        "handlers": [
            {"name": "Reload", "ansible.builtin.command": "kamcmd -s unix:{{ folder }}/ctl dispatcher.reload"},
        ],
    }
]


def listing(number: int) -> list[dict[str, Any]]:
    """Ten destinations, of which the last one is another one for each number."""
    return [
        {"setid": 1, "uri": "sip:127.0.0.1:%d" % port, "flags": 8, "priority": 0}
        for port in (*range(9001, 9010), 9100 + number)
    ]


@contextlib.contextmanager
def servers(folder: Path, count: int) -> Iterator[dict[str, Any]]:
    """Running servers, and the inventory of them."""
    hosts: dict[str, Any] = {}
    processes = []
    try:
        for number in range(count):
            own = folder / ("host%d" % number)
            own.mkdir()
            (own / "kamailio.cfg").write_text(CONFIG % (FIRST_PORT + number, own, own))
            rows = ("%(setid)d %(uri)s %(flags)d %(priority)d\n" % row for row in listing(0))
            (own / "dispatcher.list").write_text("".join(rows))
            command = ["kamailio", "-DD", "-E", "-m", "16", "-M", "2", "-Y", own, "-f", own / "kamailio.cfg"]
            with (own / "log").open("wb") as log:
                processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
            hosts["host%d" % number] = {
                "folder": str(own),
                "dispatcher_config": str(own / "kamailio.cfg"),
                "dispatcher_record": str(own / "record"),
            }
        for number in range(count):
            while not (folder / ("host%d" % number) / "ctl").exists():
                time.sleep(0.05)
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        yield {"all": {"children": {"kamailio": {"hosts": hosts, "vars": local}}}}
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def play(folder: Path, book: Path, number: int) -> float:
    """The seconds of a playbook that brings the list of that number."""
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".work" / "collections"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_FORKS": FORKS,
    }
    given = {
        "dispatcher_destinations": listing(number),
        "dispatcher_healthy_timeout": 0,
        "rollout_serial": ["100%"],
        "dispatcher_purge": "file",
    }
    line = [PLAYBOOK, "-i", folder / "inventory.json", "-e", json.dumps(given), book]
    begin = time.perf_counter()
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr)
    return time.perf_counter() - begin


def main() -> None:
    print("| hosts | by hand: change | rollout: change | ratio | by hand: nothing | rollout: nothing | ratio |")
    print("|---|---|---|---|---|---|---|")
    for count in HOSTS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "list.j2").write_text(
                "{% for destination in dispatcher_destinations %}\n"
                "{{ destination.setid }} {{ destination.uri }} {{ destination.flags }} {{ destination.priority }}\n"
                "{% endfor %}\n"
            )
            (folder / "by_hand.json").write_text(json.dumps(BY_HAND))
            with servers(folder, count) as inventory:
                (folder / "inventory.json").write_text(json.dumps(inventory))
                by_hand, rollout = folder / "by_hand.json", ROOT / "playbooks" / "rollout.yml"
                found = []
                for number in (1, 2):
                    found.append(
                        [play(folder, book, 2 * number + turn) for turn, book in enumerate((by_hand, rollout))]
                    )
                    print("turn %d of %d hosts done" % (number, count), file=sys.stderr)
                change = [min(column) for column in zip(*found)]
                # The last rollout has left what the play by hand would write as well.
                play(folder, by_hand, 5)
                nothing = [play(folder, book, 5) for book in (by_hand, rollout)]
        cells = (*change, change[1] / change[0], *nothing, nothing[1] / nothing[0])
        print("| %d | %.1f s | %.1f s | %.2f | %.1f s | %.1f s | %.2f |" % (count, *cells), flush=True)


if __name__ == "__main__":
    main()
