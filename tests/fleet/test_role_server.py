# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role server on real hosts: fresh ones, one without the package, and one with a configuration of its own."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lab.fleet import Fleet, Host, TakenError

SCENARIOS = Path(__file__).parent / "sipp"
COLLECTIONS = Path(__file__).parents[2] / ".work" / "collections"
CONFIG, LIST = "/etc/kamailio/kamailio.cfg", "/etc/kamailio/dispatcher.list"
SERVERS = ["s1", "s2", "s3"]
HOSTS = [
    Host("s1", "bookworm", "198.51.100.31"),
    Host("s2", "trixie", "198.51.100.32"),
    Host("s3", "sid", "198.51.100.33"),
    Host("bare", "trixie", "198.51.100.34"),
    Host("gate", "trixie", "198.51.100.41"),
]
LABS = 16
POLL_SECONDS = 60.0
OWN = """# its owner's\t\x20
listen=udp:127.0.0.1:5060
loadmodule "ctl.so"
request_route { exit; }
"""
SOCKETS = ["kamailio_ctl", "kamailio_rpc.fifo", "kamailio_rpc.sock"]


class Lab:
    """A fleet, and the role on hosts of it."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder

    def must(self, host: str, *command: str, stdin: str = "") -> str:
        """What a command prints that has to succeed."""
        done = self.fleet.run(host, *command, stdin=stdin, seconds=180.0)
        assert done.returncode == 0, (host, command, done.stdout, done.stderr)
        return done.stdout

    def shell(self, host: str, script: str, *arguments: str, stdin: str = "") -> str:
        """What a script prints that has to succeed."""
        return self.must(host, "sh", "-ec", script, "sh", *arguments, stdin=stdin)

    def write(self, host: str, path: str, text: str) -> None:
        """Write a file of a host."""
        self.shell(host, 'cat >"$1"', path, stdin=text)

    def play(self, hosts: str | list[str], *arguments: str, **variables: Any) -> tuple[int, str]:
        """Run the role: the exit status, and what was printed."""
        inventory, book = self.folder / "inventory.json", self.folder / "book.json"
        inventory.write_text(json.dumps(self.fleet.inventory()))
        play = {"name": "Test", "hosts": hosts, "gather_facts": False, "roles": ["sipfleet.kamailio.server"]}
        book.write_text(json.dumps([play]))
        given = {"server_listen": ["udp:{{ ansible_host }}:5060"], "server_children": 2, **variables}
        program = Path(sys.executable).with_name("ansible-playbook")
        line = [program, "-i", inventory, "-e", json.dumps(given), *arguments, book]
        done = subprocess.run(
            self.fleet.on_network(*map(str, line)),
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                "ANSIBLE_LOCAL_TEMP": str(self.folder / "ansible" / "tmp"),
                "ANSIBLE_NOCOLOR": "true",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout

    def applied(self, hosts: str | list[str], *arguments: str, **variables: Any) -> dict[str, int]:
        """Run the role, which has to succeed: how many tasks changed each host."""
        status, printed = self.play(hosts, *arguments, **variables)
        assert status == 0, printed
        return {host: int(count) for host, count in re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+)", printed, re.M)}

    def started(self, host: str) -> str:
        """When the service was started last, in its own words; not a time for one that does not run."""
        return self.must(host, "systemctl", "show", "-p", "ActiveState,ExecMainStartTimestampMonotonic", "kamailio")

    def runs(self, host: str) -> bool:
        """Whether the service runs."""
        return self.fleet.run(host, "systemctl", "is-active", "kamailio").stdout.strip() == "active"

    def rpc(self, host: str, *command: str) -> str:
        """The answer to a command."""
        return self.must(host, "kamcmd", *command)

    def modules(self, host: str) -> list[str]:
        """The modules that a server has loaded, in order."""
        return [name for name in reversed(self.rpc(host, "core.modules").split()) if name not in ("{", "}")]

    def modes(self, host: str, *paths: str) -> list[str]:
        """Owner, group and mode of files."""
        return self.must(host, "stat", "-c", "%U:%G %a", *paths).splitlines()

    def flags(self, host: str) -> dict[str, str]:
        """The flags of the destinations that a server runs."""
        answer = self.fleet.run(host, "kamcmd", "dispatcher.list").stdout
        return dict(re.findall(r"URI: sip:(\S+)\s+FLAGS: (\w+)", answer))

    def answers_options(self, host: str) -> bool:
        """Whether the server of a host answers OPTIONS, asked from another host."""
        request = (
            "import socket, sys\n"
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.connect((sys.argv[1], 5060))\n"
            "me = '%s:%d' % s.getsockname()\n"
            "s.send(('OPTIONS sip:' + sys.argv[1] + ' SIP/2.0\\r\\nVia: SIP/2.0/UDP ' + me + ';branch=z9hG4bK1\\r\\n'\n"
            "  'Max-Forwards: 5\\r\\nFrom: <sip:t@' + me + '>;tag=1\\r\\nTo: <sip:' + sys.argv[1] + '>\\r\\n'\n"
            "  'Call-ID: 1@t\\r\\nCSeq: 1 OPTIONS\\r\\nContent-Length: 0\\r\\n\\r\\n').encode())\n"
            "print(s.recv(4000).decode().splitlines()[0])\n"
        )
        address = self.fleet.hosts[host].address
        return self.fleet.run("gate", "python3", "-c", request, address).stdout.strip() == "SIP/2.0 200 OK"


def shows(served: Lab, host: str, wanted: dict[str, str]) -> bool:
    """Whether the server of a host shows these flags."""
    return bool(served.flags(host) == wanted)


def soon(what: Callable[[], object]) -> bool:
    """Whether it becomes true in a bounded time."""
    deadline = time.monotonic() + POLL_SECONDS
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.2)
    return bool(what())


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A fleet beside that of the other tests."""
    with contextlib.ExitStack() as stack:
        for number in range(1, LABS + 1):
            with contextlib.suppress(TakenError):
                yield stack.enter_context(Fleet("role-%d" % number, HOSTS))
                return
        raise TakenError("other processes have the %d labs of the test" % LABS)


@pytest.fixture(scope="module")
def lab(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The fleet with the role."""
    return Lab(fleet, tmp_path_factory.mktemp("role"))


@pytest.fixture(scope="module")
def served(lab: Lab) -> Lab:
    """The servers, made by the role from the untouched package."""
    before = {host: lab.must(host, "cat", CONFIG) for host in SERVERS}
    assert set(lab.applied(SERVERS, "--check", "--diff").values()) == {3}
    assert all(lab.must(host, "cat", CONFIG) == before[host] and not lab.runs(host) for host in SERVERS)
    assert all(lab.fleet.run(host, "ls", LIST).returncode for host in SERVERS)
    # The list, the configuration and the service; it is started once.
    assert set(lab.applied(SERVERS).values()) == {3}
    return lab


def test_a_fresh_host_serves(served: Lab) -> None:
    for host in SERVERS:
        assert served.runs(host)
        assert served.must(host, "systemctl", "is-enabled", "kamailio").strip() == "enabled"
        assert served.must(host, "cat", LIST) == ""
        assert served.modes(host, CONFIG, LIST) == ["root:kamailio 640"] * 2
        sockets = ["/run/kamailio/" + name for name in SOCKETS]
        assert served.modes(host, *sockets) == ["kamailio:kamailio 660"] * 3
        assert served.answers_options(host)
        done = served.fleet.run(host, "kamailio", "-c", "-f", CONFIG)
        assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
        log = served.must(host, "journalctl", "-u", "kamailio", "--no-pager", "-o", "cat")
        assert not re.search("ERROR|CRITICAL|WARNING", log), log


def test_a_second_run_changes_nothing(served: Lab) -> None:
    before = {host: served.started(host) for host in SERVERS}
    assert set(served.applied(SERVERS).values()) == {0}
    assert set(served.applied(SERVERS, "--check", "--diff").values()) == {0}
    assert {host: served.started(host) for host in SERVERS} == before


def test_a_change_restarts_once_and_check_mode_does_not(served: Lab) -> None:
    before = {host: served.started(host) for host in SERVERS}
    status, printed = served.play(SERVERS, "--check", "--diff", server_children=3)
    assert status == 0 and printed.count("+children=3") == 3, printed
    assert {host: served.started(host) for host in SERVERS} == before
    # The configuration, and the handler.
    assert set(served.applied(SERVERS, server_children=3).values()) == {2}
    for host in SERVERS:
        assert served.started(host) != before[host] and served.runs(host)
    assert set(served.applied(SERVERS).values()) == {2}


def test_a_restart_that_a_run_was_cut_off_before(served: Lab) -> None:
    before = {host: served.started(host) for host in SERVERS}
    for host in SERVERS:
        served.must(host, "touch", CONFIG)
    # What asks, and the handler.
    assert set(served.applied(SERVERS).values()) == {2}
    assert all(served.started(host) != before[host] and served.runs(host) for host in SERVERS)
    assert served.applied("s1", "-e", "server_started=false") == {"s1": 1} and not served.runs("s1")
    served.must("s1", "touch", CONFIG)
    assert served.applied("s1", "-e", "server_started=false") == {"s1": 0}
    assert served.applied("s1") == {"s1": 1} and served.runs("s1")


def test_probing_and_the_next_destination(served: Lab) -> None:
    gate, dead = served.fleet.hosts["gate"].address + ":5060", served.fleet.hosts["gate"].address + ":5999"
    served.write("gate", "/root/answer.xml", (SCENARIOS / "answer.xml").read_text())
    served.write("gate", "/root/call.xml", (SCENARIOS / "call.xml").read_text())
    address = served.fleet.hosts["gate"].address
    sipp = ["sipp", "-sf", "/root/answer.xml", "-i", address, "-p", "5060", "-nostdin"]
    served.must("gate", "systemd-run", "--unit=answer", "--property=StandardOutput=null", *sipp)
    for host in SERVERS:
        served.shell(host, 'printf "1 sip:%s 8\\n1 sip:%s 8\\n" "$1" "$2" >"$3"', gate, dead, LIST)
        served.rpc(host, "dispatcher.reload")
    # Every other call is tried at the dead destination first, before the pings have found it out and after.
    for host in SERVERS:
        served.must("gate", "rm", "-f", "/root/calls.csv")
        proxy = served.fleet.hosts[host].address + ":5060"
        caller = ["sipp", proxy, "-sf", "/root/call.xml", "-i", address, "-p", "5080", "-nostdin", "-timeout", "60"]
        rate = ["-d", "200", "-r", "5", "-m", "10", "-trace_stat", "-stf", "/root/calls.csv"]
        done = served.fleet.run("gate", *caller, *rate, seconds=90)
        counts = list(csv.DictReader(served.must("gate", "cat", "/root/calls.csv").splitlines(), delimiter=";"))[-1]
        assert (counts["SuccessfulCall(C)"], counts["FailedCall(C)"]) == ("10", "0"), done.stdout + done.stderr
    for host in SERVERS:
        assert soon(partial(shows, served, host, {gate: "AP", dead: "IP"})), served.flags(host)
    listed = {host: served.must(host, "cat", LIST) for host in SERVERS}
    assert set(served.applied(SERVERS).values()) == {0}
    assert {host: served.must(host, "cat", LIST) for host in SERVERS} == listed


def test_modules_in_the_wrong_order(served: Lab) -> None:
    dispatcher = {"list_file": LIST, "flags": 2, "ds_ping_interval": 1, "ds_probing_mode": 3}
    tables = {"htable": ["a=>size=4;", "b=>size=4;initval=1;"]}
    modules = [
        {"name": "dispatcher", "params": dispatcher},
        {"name": "htable", "params": tables},
        {"name": "xlog", "params": {"prefix": 'it "says"\t', "buf_size": 8192, "force_color": False}},
        *({"name": name} for name in ("siputils", "textops", "maxfwd.so", "pv", "rr", "sl", "tm")),
    ]
    names = ["tm", "dispatcher", "htable", "xlog", "pv", "sl", "siputils", "textops", "maxfwd", "rr"]
    assert set(served.applied(SERVERS, server_modules=modules).values()) == {2}
    for host in SERVERS:
        assert served.modules(host) == [*names, "ctl", "jsonrpcs"]
        assert "name: b" in served.rpc(host, "htable.listTables")
    assert set(served.applied(SERVERS, server_modules=modules).values()) == {0}
    without_tm = [module for module in modules if module["name"] != "tm"]
    status, printed = served.play(SERVERS, server_modules=without_tm)
    assert status != 0 and printed.count("dispatcher needs tm for its parameter ds_ping_interval") >= 3, printed
    assert all(served.modules(host) == [*names, "ctl", "jsonrpcs"] for host in SERVERS)


def test_everything_else_that_can_be_set(served: Lab) -> None:
    database = "mysql://k:horse-battery@198.51.100.99/k"
    modules = [{"name": name} for name in ("tm", "sl", "pv", "xlog")]
    variables = {
        "server_modules": modules,
        "server_defines": ["WITH_ANSWER", "CODE=200"],
        "server_settings": 'server_header="Server: edge"\nuser_agent_header="User-Agent: edge"',
        "server_route": '#!ifdef WITH_ANSWER\nrequest_route {\n    xlog("L_ERR", "asked\\n");\n'
        '    if (CODE == 200) sl_send_reply("200", "OK");\n}\n'
        "#!endif",
        "server_user": "sip",
        "server_group": "sipproxy",
        "server_log_stderr": True,
        "server_rpc_fifo": "",
        "server_rpc_mode": "0600",
        "server_fail_on": "error",
    }
    assert set(served.applied(SERVERS, "--check", "--diff", **variables)) == set(SERVERS)
    served.applied(SERVERS, **variables)
    for host in SERVERS:
        assert served.must(host, "ps", "-o", "user:20=,group:20=", "-C", "kamailio").split()[:2] == ["sip", "sipproxy"]
        assert served.modes(host, CONFIG) == ["root:sipproxy 640"]
        sockets = ["/run/kamailio/kamailio_ctl", "/run/kamailio/kamailio_rpc.sock"]
        assert served.modes(host, *sockets) == ["sip:sipproxy 600"] * 2
        assert served.fleet.run(host, "ls", "/run/kamailio/kamailio_rpc.fifo").returncode
        assert served.answers_options(host)
        journal = served.must(host, "journalctl", "-u", "kamailio", "--no-pager", "-o", "json")
        asked = [entry for entry in map(json.loads, journal.splitlines()) if "asked" in entry["MESSAGE"]]
        assert asked and {entry["_TRANSPORT"] for entry in asked} == {"stdout"}
    assert set(served.applied(SERVERS, **variables).values()) == {0}
    defines = {**variables, "server_defines": ["WITH_ANSWER", "CODE=200", "DB=" + database]}
    status, printed = served.play(SERVERS, "--check", "--diff", "-v", **defines)
    assert status == 0 and printed.count("changed=2") == 3 and "horse-battery" not in printed, printed
    served.applied(SERVERS)
    for host in SERVERS:
        assert served.must(host, "ps", "-o", "user:20=", "-C", "kamailio").split()[0] == "kamailio"
        assert served.fleet.run(host, "ls", "/etc/systemd/system/kamailio.service.d/sipfleet.conf").returncode


# variables, and what is said about them
WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"server_manage_config": "maybe"},
        "value of server_manage_config must be one of: auto, always, never, got: maybe",
    ),
    ({"server_rpc_mode": "0666"}, "value of server_rpc_mode must be one of: 0600, 0660, got: 0666"),
    ({"server_children": "many"}, "argument 'server_children' is of type str"),
    ({"server_listen": "udp:10.0.0.1:5060"}, "With -e they are given as JSON"),
    ({"server_modules": [{"params": {}}]}, "missing required arguments: name found in server_modules"),
    ({"server_modules": [{"name": "tm", "modparams": {}}]}, "modparams"),
    ({"server_modules": [{"name": "tm"}, {"name": "ctl"}]}, "are both ctl"),
    ({"server_modules": [{"name": "tm", "params": {"fr_timr": 1}}]}, "has no parameter fr_timr"),
    ({"server_route": "request_route { no_such_function(); }"}, "no_such_function"),
    ({"server_config": "/etc/kamailio/other.cfg"}, "The service starts /etc/kamailio/kamailio.cfg"),
]


@pytest.mark.parametrize(
    ("variables", "message"), WRONG, ids=lambda case: "-".join(case) if isinstance(case, dict) else ""
)
def test_wrong_variables(served: Lab, variables: dict[str, Any], message: str) -> None:
    before = served.must("s2", "cat", CONFIG), served.started("s2")
    status, printed = served.play("s2", **variables)
    assert status != 0 and message in printed, printed
    assert (served.must("s2", "cat", CONFIG), served.started("s2")) == before


@pytest.mark.parametrize("host", SERVERS)
def test_a_host_with_its_own_configuration(served: Lab, host: str) -> None:
    kept = served.must(host, "cat", CONFIG)
    served.write(host, CONFIG, OWN)
    served.shell(
        host, 'chown kamailio "$1"; chmod 600 "$1"; systemctl stop kamailio; systemctl disable kamailio', CONFIG
    )
    before = served.must(host, "stat", "-c", "%i %Y %Z %a %U", CONFIG)
    assert served.applied(host) == {host: 1}
    assert served.must(host, "stat", "-c", "%i %Y %Z %a %U", CONFIG) == before
    assert served.must(host, "cat", CONFIG) == OWN
    assert served.runs(host) and served.must(host, "systemctl", "is-enabled", "kamailio").strip() == "enabled"
    assert served.applied(host) == {host: 0}
    assert served.applied(host, server_started=False, server_enabled=False) == {host: 1}
    assert not served.runs(host)
    # Unless it is asked for.
    assert served.applied(host, server_manage_config="always", server_backup=True) == {host: 2}
    assert served.must(host, "cat", CONFIG) == kept
    assert served.shell(host, 'cat "$1".*~', CONFIG) == OWN
    assert served.applied(host, server_manage_config="never", server_children=5) == {host: 0}


# What makes a host one with its own configuration, where the package's own is still there.
def test_a_package_configuration_that_was_changed_or_includes_more(lab: Lab) -> None:
    lab.shell("gate", 'echo "#!define WITH_DEBUG" >/etc/kamailio/kamailio-local.cfg')
    before = lab.must("gate", "cat", CONFIG)
    lab.applied("gate", server_started=False)
    assert lab.must("gate", "cat", CONFIG) == before
    lab.shell("gate", 'rm /etc/kamailio/kamailio-local.cfg; echo "# mine" >>"$1"', CONFIG)
    lab.applied("gate", server_started=False)
    assert lab.must("gate", "cat", CONFIG) == before + "# mine\n"


def test_a_configuration_elsewhere(lab: Lab) -> None:
    kept = lab.must("bare", "cat", "/etc/default/kamailio")
    lab.write("bare", "/etc/default/kamailio", "CFGFILE=/etc/kamailio/main.cfg\n")
    lab.write("bare", "/etc/kamailio/main.cfg", OWN)
    before = lab.must("bare", "cat", CONFIG)
    try:
        status, printed = lab.play("bare")
        assert status != 0 and "The service starts /etc/kamailio/main.cfg" in printed, printed
        lab.applied("bare", server_config="/etc/kamailio/main.cfg")
        assert lab.runs("bare")
        assert (lab.must("bare", "cat", CONFIG), lab.must("bare", "cat", "/etc/kamailio/main.cfg")) == (before, OWN)
    finally:
        lab.write("bare", "/etc/default/kamailio", kept)
        lab.shell("bare", "systemctl stop kamailio; rm /etc/kamailio/main.cfg")


# A repository in the host with the package made anew of what is installed there, as nothing can be fetched.
REPOSITORY = """
mkdir -p /srv/repository /root/package/DEBIAN
cd /root/package
dpkg-query --listfiles kamailio | while read -r path; do
    if [ -d "$path" ] && [ ! -L "$path" ]; then mkdir -p ".$path"; else cp -a "$path" ".$path"; fi
done
dpkg-query --status kamailio | grep -v '^Status:' | sed '/^Conffiles:/,/^[^ ]/{/^Conffiles:/d;/^ /d}' >DEBIAN/control
for name in conffiles postinst postrm preinst prerm; do
    cp "/var/lib/dpkg/info/kamailio.$name" "DEBIAN/$name"
done
dpkg-deb -Zgzip -z1 --build . /srv/repository/kamailio.deb
cd /srv/repository
{
    cat /root/package/DEBIAN/control
    echo Filename: ./kamailio.deb
    echo Size: "$(stat -c %s kamailio.deb)"
    echo SHA256: "$(sha256sum kamailio.deb | cut -d ' ' -f 1)"
} >Packages
rm -f /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list
DEBIAN_FRONTEND=noninteractive apt-get purge --yes kamailio
deluser kamailio || true
rm -rf /etc/kamailio /var/lib/apt/lists/*
"""


@pytest.fixture(scope="module")
def packages(lab: Lab) -> Lab:
    """The fleet with a host that has the package in its repository, and not installed."""
    lab.shell("bare", REPOSITORY)
    return lab


def test_a_host_without_the_package(packages: Lab) -> None:
    lab = packages
    lab.shell("bare", "dpkg --purge kamailio; rm -rf /etc/kamailio; deluser kamailio || true")
    assert lab.fleet.run("bare", "sh", "-c", "command -v kamailio || id kamailio").returncode
    status, printed = lab.play("bare", "--check", "--diff")
    assert status == 0 and f"{CONFIG} and {LIST} would be written" in printed, printed
    assert lab.fleet.run("bare", "sh", "-c", "command -v kamailio || ls /etc/kamailio").returncode
    status, printed = lab.play("bare", "--check", server_user="sip", server_group="sip")
    assert status == 0, printed
    starts = ["journalctl", "-u", "kamailio", "--no-pager", "-o", "cat"]
    before = lab.must("bare", *starts).count("Started kamailio")
    # The package, the list, the configuration and the service, which does not run with another before.
    assert lab.applied("bare") == {"bare": 4}
    assert lab.runs("bare") and lab.answers_options("bare")
    assert lab.must("bare", *starts).count("Started kamailio") == before + 1
    assert lab.modes("bare", CONFIG, LIST) == ["root:kamailio 640"] * 2
    assert lab.applied("bare") == {"bare": 0}


def test_a_host_without_the_package_and_with_a_configuration(packages: Lab) -> None:
    lab = packages
    lab.shell("bare", "dpkg --purge kamailio")
    lab.shell("bare", 'mkdir -p /etc/kamailio; cat >"$1"', CONFIG, stdin=OWN)
    lab.applied("bare")
    assert lab.must("bare", "cat", CONFIG) == OWN
    assert lab.runs("bare")
