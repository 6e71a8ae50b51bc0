# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet with a Kamailio on every host, and playbooks that are run on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab.fleet import Fleet

from fleet.test_lab import CONFIG, SCENARIOS

ROOT = Path(__file__).parents[2]
KAMAILIO = ("k1", "k2", "k3", "k4", "k5", "k6")
# One of each version; and as many as the batches of a rollout need.
EACH_VERSION = ("k1", "k3", "k5")
FOUR = ("k1", "k2", "k3", "k5")
WAIT_SECONDS = 120.0
# A gateway on d1 and one on d2 answer; nobody listens at the last one.
GOOD, MORE, DEAD = "sip:198.51.100.21:5060", "sip:198.51.100.22:5060", "sip:198.51.100.22:5999"
LIST = f"# gateways\n1 {GOOD} 8\n"
NEW = f"# gateways\n1 {GOOD} 8\n1 {MORE} 8 0\n"


class Proxies:
    """The hosts of a fleet with their servers as they are before each test."""

    def __init__(self, fleet: Fleet, folder: Path, hosts: Sequence[str], fr_timer: int = 500) -> None:
        self.fleet = fleet
        self.folder = folder
        self.hosts = tuple(hosts)
        self.configs = {
            host: CONFIG.replace("@ADDRESS@", fleet.hosts[host].address).replace(
                '"fr_timer", 1500', '"fr_timer", %d' % fr_timer
            )
            for host in self.hosts
        }
        with ThreadPoolExecutor() as threads:
            list(threads.map(self._gateway, ("d1", "d2")))
            list(threads.map(self._proxy, self.hosts))

    def _proxy(self, host: str) -> None:
        restart = (
            'cat >/etc/kamailio/kamailio.cfg; printf "%s" "$1" >/etc/kamailio/dispatcher.list; '
            "rm -rf /var/lib/sipfleet-kamailio; systemctl reset-failed; systemctl restart kamailio"
        )
        self.must(host, "sh", "-ec", restart, "sh", LIST, stdin=self.configs[host])
        until(lambda: self.runs(host) == [GOOD])

    def _gateway(self, host: str) -> None:
        self.write(host, "/root/answer.xml", (SCENARIOS / "answer.xml").read_text())
        self.fleet.run(host, "systemctl", "stop", "gateway")
        sipp = ["sipp", "-sf", "/root/answer.xml", "-i", self.fleet.hosts[host].address, "-p", "5060", "-nostdin"]
        self.must(host, "systemd-run", "--unit=gateway", "--property=StandardOutput=null", *sipp)

    def must(self, host: str, *command: str, stdin: str = "") -> str:
        """What a command prints that has to succeed."""
        # A Kamailio whose child hangs gives it a minute before it stops.
        done = self.fleet.run(host, *command, stdin=stdin, seconds=180)
        assert done.returncode == 0, (host, command, done.stdout, done.stderr)
        return done.stdout

    def write(self, host: str, path: str, text: str) -> None:
        """Write a file of a host."""
        self.must(host, "sh", "-c", 'cat >"$1"', "sh", path, stdin=text)

    def files(self, host: str) -> tuple[str, str]:
        """The configuration and the list of a host."""
        return self.must(host, "cat", "/etc/kamailio/kamailio.cfg"), self.must(
            host, "cat", "/etc/kamailio/dispatcher.list"
        )

    def runs(self, host: str) -> list[str]:
        """The URIs that the server of a host runs, sorted; nothing where it does not answer."""
        lines = self.fleet.run(host, "kamcmd", "dispatcher.list").stdout.splitlines()
        return sorted(line.partition(": ")[2] for line in lines if line.strip().startswith("URI: "))

    def untouched(self, host: str) -> bool:
        """Whether a host has what it had before, and its server runs it."""
        return self.files(host) == (self.configs[host], LIST) and self.runs(host) == [GOOD]

    def pending(self, host: str) -> bool:
        """Whether a change of a host is neither confirmed nor taken back."""
        return bool(self.fleet.run(host, "sh", "-c", "ls -d /var/lib/sipfleet-kamailio/*.change").stdout)

    def inventory(self, **hosts: dict[str, Any]) -> dict[str, Any]:
        """The inventory, with more variables for some hosts."""
        found = self.fleet.inventory()
        children = found["all"]["children"]
        children["kamailio"] = {"hosts": {host: hosts.get(host, {}) for host in self.hosts}}
        children["gateways"] = {"hosts": {"d1": {}, "d2": {}}}
        return found

    def start(
        self,
        *arguments: str,
        book: str = "rollout.yml",
        hosts: dict[str, dict[str, Any]] | None = None,
        ansible: Sequence[str] = (str(Path(sys.executable).with_name("ansible-playbook")),),
        **variables: Any,
    ) -> subprocess.Popen[str]:
        """Start a playbook of the collection on the fleet."""
        number = len(list(self.folder.iterdir()))
        inventory = self.folder / ("%d.json" % number)
        inventory.write_text(json.dumps(self.inventory(**(hosts or {}))))
        given = {"dispatcher_healthy_timeout": 20, "dispatcher_confirm_timeout": 20, **variables}
        line = [*ansible, "-i", inventory, "-e", json.dumps(given), *arguments, ROOT / "playbooks" / book]
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".work" / "collections"),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "ansible" / "tmp"),
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_FORKS": "6",
            "ANSIBLE_TIMEOUT": "5",
        }
        return subprocess.Popen(
            self.fleet.on_network(*map(str, line)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )

    def play(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """Run a playbook to its end: its exit status, and what it printed."""
        process = self.start(*arguments, **options)
        printed = process.communicate(timeout=600)[0]
        return process.returncode, printed


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def wish(*uris: str) -> list[dict[str, Any]]:
    """Destinations of set 1."""
    return [{"setid": 1, "uri": uri, "flags": "AP"} for uri in uris]


def all_done(proxies: Proxies) -> bool:
    """Whether every host has the new list."""
    return all(has_new(proxies, host) for host in proxies.hosts)


def has_new(proxies: Proxies, host: str) -> bool:
    """Whether a host has the new list, and its server runs it."""
    return proxies.files(host)[1] == NEW and proxies.runs(host) == sorted([GOOD, MORE])
