# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of the lab as a fleet: brought up together, and an inventory for Ansible."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

LABS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sipfleet-kamailio" / "labs"
GATEWAY = "198.51.100.254"

_SCRIPT = Path(__file__).resolve().parent / "host"


@dataclass(frozen=True)
class Host:
    """A host: its name, the Debian suite of its root, its IPv4 address."""

    name: str
    suite: str
    address: str


class TakenError(Exception):
    """Another process has a fleet in the lab of this name."""


class Fleet:
    """All hosts of one lab; use as a context manager.

    One process at a time has a lab. What is left there by one that was killed goes first.
    """

    def __init__(self, name: str, hosts: list[Host]) -> None:
        self.name = name
        self.hosts = {host.name: host for host in hosts}
        self._turn: TextIO | None = None
        self._sockets: Path | None = None
        self._key = ""

    def __enter__(self) -> Fleet:
        LABS.mkdir(parents=True, exist_ok=True)
        self._turn = (LABS / (self.name + ".lock")).open("w")
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._turn.close()
            raise TakenError("another process has a fleet in the lab " + self.name) from None
        try:
            self._must("down-all")
            # Not in the lab's own folder: the path of a socket has a hundred bytes at most.
            self._sockets = Path(tempfile.mkdtemp(prefix="fleet-"))
            self._must("up", *(word for host in self.hosts.values() for word in (host.name, host.suite, host.address)))
            self._must("wait", *self.hosts)
            self._key = self._must("key").strip()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End what was started here: connections that Ansible keeps, hosts, the network."""
        if self._sockets:
            for control in self._sockets.iterdir():
                subprocess.run(
                    ["ssh", "-o", "ControlPath=" + str(control), "-O", "exit", "fleet"],
                    capture_output=True,
                    timeout=60,
                    check=False,
                )
            shutil.rmtree(self._sockets)
            self._sockets = None
        if self._turn:
            self._must("down-all")
            self._turn.close()
            self._turn = None

    def inventory(self) -> dict[str, Any]:
        """An inventory in the form that Ansible reads from YAML and JSON: all hosts, and a group of each suite."""
        suites: dict[str, dict[str, Any]] = {}
        for host in self.hosts.values():
            suites.setdefault(host.suite, {"hosts": {}})["hosts"][host.name] = {}
        options = {
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            # A cut link is noticed, where TCP alone would wait for a quarter of an hour.
            "ServerAliveInterval": "2",
            "ServerAliveCountMax": "3",
            "ControlMaster": "auto",
            "ControlPersist": "60s",
            "ControlPath": "%s/%%h" % self._sockets,
        }
        return {
            "all": {
                "hosts": {host.name: {"ansible_host": host.address} for host in self.hosts.values()},
                "children": suites,
                "vars": {
                    "ansible_user": "root",
                    "ansible_ssh_private_key_file": self._key,
                    "ansible_ssh_common_args": " ".join("-o %s=%s" % option for option in options.items()),
                    "ansible_ssh_pipelining": True,
                    "ansible_python_interpreter": "/usr/bin/python3",
                },
            }
        }

    def run(self, host: str, *command: str, stdin: str = "", seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a command in a host to its end."""
        return self._call("sh", host, *command, stdin=stdin, seconds=seconds)

    def on_network(self, *command: str) -> list[str]:
        """The command line that runs a command of this machine on the network of the hosts."""
        return ["env", "SIPFLEET_LAB=" + self.name, str(_SCRIPT), "run", *command]

    def cut(self, host: str) -> None:
        """Pull the plug of a host out of the network."""
        self._must("unlink", host)

    def restore(self, host: str) -> None:
        """Put the plug of a host back."""
        self._must("link", host)

    def reboot(self, host: str) -> None:
        """Cut the power of a host, and wait until it has booted again."""
        self._must("reboot", host)

    def _must(self, *words: str) -> str:
        done = self._call(*words, seconds=300.0)
        if done.returncode:
            raise RuntimeError(done.stderr or "host %s: exit status %d" % (" ".join(words), done.returncode))
        return done.stdout

    def _call(self, *words: str, stdin: str = "", seconds: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(_SCRIPT), *words],
            env={**os.environ, "SIPFLEET_LAB": self.name},
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
