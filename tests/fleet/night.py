# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of docs/night.md on hosts of a lab: its commands, run as they stand on the page, and what comes of them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from lab.fleet import Fleet, Host

from fleet.rollout import until
from fleet.server_role import CONFIG, LIST, Lab
from fleet.test_lab import SCENARIOS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "night.md"
BOOKS = ROOT / "docs" / "playbooks"
HOSTS = [
    Host("k1", "bookworm", "198.51.100.11"),
    Host("k3", "trixie", "198.51.100.13"),
    Host("k5", "sid", "198.51.100.15"),
    Host("d1", "trixie", "198.51.100.21"),
    Host("d2", "trixie", "198.51.100.22"),
]
SERVERS = ("k1", "k3", "k5")
# The gateways of the page: gw1, gw2, the new gw3, and the new address of gw2.
GW1, GW2, GW3, MOVED = (
    "sip:198.51.100.21:5060",
    "sip:198.51.100.22:5060",
    "sip:198.51.100.21:5080",
    "sip:198.51.100.22:5080",
)
GATEWAYS = {GW1: ("d1", 5060), GW2: ("d2", 5060), GW3: ("d1", 5080), MOVED: ("d2", 5080)}
CALLS = 8


class Section(NamedTuple):
    """A task of the page: its title, and the commands that it shows."""

    number: int
    title: str
    commands: list[str]


def sections() -> list[Section]:
    """The tasks of the page."""
    parts = re.split(r"^## (\d+)\. (.*)$", PAGE.read_text(), flags=re.M)[1:]
    found = []
    for number, title, text in zip(parts[::3], parts[1::3], parts[2::3]):
        blocks = re.findall(r"^```console\n(.*?)^```", text, re.M | re.S)
        found.append(Section(int(number), title, [line for block in blocks for line in block.splitlines()]))
    return found


def variables() -> dict[str, Any]:
    """The variables of the group that the page begins with."""
    (found,) = re.findall(r"^```yaml\n(# group_vars/kamailio.yml\n.*?)^```", PAGE.read_text(), re.M | re.S)
    shown: dict[str, Any] = yaml.safe_load(found)
    return shown


def _quick_modules() -> list[dict[str, Any]]:
    """The modules of the role, with pings that go out more often than they need to."""
    defaults = yaml.safe_load((ROOT / "roles" / "server" / "defaults" / "main.yml").read_text())
    modules: list[dict[str, Any]] = defaults["server_modules"]
    for module in modules:
        if module["name"] == "dispatcher":
            module["params"]["ds_ping_interval"] = 2
    return modules


class Task:
    """A task of the page that is being done: its commands one after the other, and the time that they take."""

    def __init__(self, night: Night, section: Section) -> None:
        self.night = night
        self.section = section
        self.seconds = 0.0
        self._left = list(section.commands)

    def run(self, fails: bool = False) -> str:
        """Run the next command: what it printed."""
        command = self._left.pop(0)
        started = time.monotonic()
        status, printed = self.night.run(command)
        self.seconds += time.monotonic() - started
        assert (status != 0) is fails, (command, printed)
        return printed

    def row(self) -> str:
        """The row of the table about the task, once all of its commands were run."""
        assert self._left == []
        return "| %d. %s | %d | %.0f |" % (*self.section[:2], len(self.section.commands), self.seconds)


class Night(Lab):
    """The project of the page, a server of each version, and four gateways."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        super().__init__(fleet, folder)
        self.project = folder / "project"
        self.files: dict[str, tuple[str, str]] = {}
        (self.project / "group_vars").mkdir(parents=True)
        for book in BOOKS.glob("*.yml"):
            shutil.copy(book, self.project)
        (self.project / "ansible.cfg").write_text(
            "[defaults]\ninventory = inventory.yml\n[privilege_escalation]\nbecome = true\n"
        )
        quick = {"server_children": 2, "server_modules": _quick_modules()}
        (self.project / "group_vars" / "all.yml").write_text(json.dumps(quick))
        self.inventory({host: {} for host in SERVERS})
        self.wish(**variables())
        self.run("git init --quiet")
        self.commit("as it was")
        with ThreadPoolExecutor() as threads:
            list(threads.map(self.answer, GATEWAYS))
        self.write("d2", "/root/call.xml", (SCENARIOS / "call.xml").read_text())

    def inventory(self, hosts: dict[str, dict[str, Any]]) -> None:
        """Write the inventory; what names no address has that of its host in the lab."""
        known = self.fleet.inventory()["all"]
        entries = {name: {**known["hosts"].get(name, {}), **given} for name, given in hosts.items()}
        found = {"kamailio": {"hosts": entries, "vars": known["vars"]}}
        (self.project / "inventory.yml").write_text(json.dumps(found))

    def wish(self, **changes: Any) -> None:
        """Write the variables of the group: those of the page with some changed."""
        text = json.dumps({**variables(), **changes}, indent=1)
        (self.project / "group_vars" / "kamailio.yml").write_text(text)

    def commit(self, message: str) -> None:
        """Commit the project."""
        for command in ("git add .", f"git commit --quiet --allow-empty -m '{message}'"):
            status, printed = self.run(command)
            assert status == 0, printed

    def run(self, command: str) -> tuple[int, str]:
        """Run a command in the project: the exit status, and what it printed."""
        who = {"GIT_%s_%s" % (role, key): "night" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        done = subprocess.run(
            self.fleet.on_network(*shlex.split(command)),
            env={
                **os.environ,
                **who,
                "PATH": "%s:%s" % (Path(sys.executable).parent, os.environ["PATH"]),
                "PWD": str(self.project),
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".work" / "collections"),
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                "ANSIBLE_LOCAL_TEMP": str(self.folder / "ansible" / "tmp"),
                "ANSIBLE_NOCOLOR": "true",
            },
            cwd=self.project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout

    @contextmanager
    def task(self, number: int) -> Iterator[Task]:
        """Do a task of the page, all of its commands."""
        (section,) = [section for section in sections() if section.number == number]
        yield Task(self, section)

    def answer(self, gateway: str) -> None:
        """Start a gateway, which logs what it receives."""
        host, port = GATEWAYS[gateway]
        self.write(host, "/root/answer.xml", (SCENARIOS / "answer.xml").read_text())
        sipp = f"sipp -sf /root/answer.xml -i {self.fleet.hosts[host].address} -p {port} -cp {8000 + port} -nostdin"
        log = f"-trace_shortmsg -shortmessage_file /root/{port}.csv -shortmessage_overwrite false"
        unit = f"systemd-run --unit=gateway-{port} --property=StandardOutput=null {sipp} {log}"
        self.shell(host, f"touch /root/{port}.csv; {unit}")

    def silence(self, gateway: str) -> None:
        """Stop a gateway."""
        host, port = GATEWAYS[gateway]
        self.must(host, "systemctl", "stop", f"gateway-{port}")

    def received(self, gateway: str, method: str) -> int:
        """How many requests of a method a gateway has received."""
        host, port = GATEWAYS[gateway]
        log = self.must(host, "cat", f"/root/{port}.csv")
        return len(re.findall(r"\tR\t.*\tCSeq:\d+ %s\t" % method, log))

    def called(self, host: str, port: int = 5060) -> set[str]:
        """The gateways that calls through a server reach; none of the calls may fail."""
        before = {gateway: self.received(gateway, "INVITE") for gateway in GATEWAYS}
        place = ["-i", self.fleet.hosts["d2"].address, "-p", "5100", "-cp", "8999", "-nostdin"]
        target = f"{self.fleet.hosts[host].address}:{port}"
        calls = ["-r", "20", "-d", "10", "-m", str(CALLS), "-timeout", "30"]
        self.must("d2", "sipp", target, "-sf", "/root/call.xml", *place, *calls)
        after = {gateway: self.received(gateway, "INVITE") for gateway in GATEWAYS}
        assert sum(after.values()) - sum(before.values()) >= CALLS
        return {gateway for gateway in GATEWAYS if after[gateway] > before[gateway]}

    def letters(self, host: str, socket: str = "/run/kamailio/kamailio_ctl") -> list[tuple[str, str]]:
        """The destinations that a server runs with their letters, sorted; none where it does not answer."""
        answer = self.fleet.run(host, "kamcmd", "-s", "unix:" + socket, "dispatcher.list").stdout
        return sorted(re.findall(r"URI: (\S+)\s+FLAGS: (\w+)", answer))

    def uris(self, host: str) -> list[str]:
        """The URIs that a server runs, sorted."""
        return [uri for uri, _letters in self.letters(host)]

    def read(self, host: str, path: str = LIST) -> str:
        """The text of a file of a host."""
        return self.must(host, "cat", path)

    def keep(self) -> None:
        """Remember the files of all servers as those that each task begins with."""
        self.files = {host: (self.read(host, CONFIG), self.read(host)) for host in SERVERS}

    def settle(self) -> None:
        """Bring all of it to what each task begins with."""
        self.inventory({host: {} for host in SERVERS})
        self.wish()
        self.commit("as it was")
        with ThreadPoolExecutor() as threads:
            list(threads.map(self._settle, SERVERS))

    def _settle(self, host: str) -> None:
        config, listing = self.files[host]
        there = self.fleet.run(host, "cat", CONFIG).stdout, self.fleet.run(host, "cat", LIST).stdout
        if there == (config, listing) and {letters for _uri, letters in self.letters(host)} == {"AP"}:
            return
        for path, text in ((CONFIG, config), (LIST, listing)):
            self.shell(host, 'cat >"$1"; chown root:kamailio "$1"; chmod 640 "$1"', path, stdin=text)
        self.shell(host, "nft flush ruleset; systemctl reset-failed kamailio; systemctl restart kamailio")
        until(lambda: {letters for _uri, letters in self.letters(host)} == {"AP"})
