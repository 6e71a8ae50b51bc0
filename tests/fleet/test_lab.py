# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab itself: its hosts boot and are reached, their network is one of their own, and SIP is spoken on it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab.fleet import GATEWAY, Fleet

SCENARIOS = Path(__file__).parent / "sipp"
KAMAILIO = ["k1", "k2", "k3", "k4", "k5", "k6"]
# Of the first two suites these versions are final; sid moves on.
VERSIONS = {"bookworm": ((3, 11), (5, 6)), "trixie": ((3, 13), (6, 0)), "sid": ((3, 13), (6, 1))}
POLL_SECONDS = 30.0
CAP_SYS_TIME = 25

CONFIG = """
children=2
listen=udp:@ADDRESS@:5060
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "ctl.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "dispatcher.so"
modparam("tm", "fr_timer", 1500)
modparam("ctl", "binrpc", "unix:/run/kamailio/kamailio_ctl")
modparam("dispatcher", "list_file", "/etc/kamailio/dispatcher.list")
modparam("dispatcher", "ds_ping_interval", 1)
modparam("dispatcher", "ds_probing_mode", 1)

request_route {
    if (has_totag()) {
        if (!loose_route()) {
            sl_send_reply("404", "Not here");
            exit;
        }
        t_relay();
        exit;
    }
    record_route();
    if (!ds_select_dst("1", "4")) {
        sl_send_reply("503", "No destination");
        exit;
    }
    t_relay();
}
"""


def _soon(what: Callable[[], object]) -> bool:
    """Whether it becomes true in a bounded time."""
    deadline = time.monotonic() + POLL_SECONDS
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.1)
    return bool(what())


def _must(fleet: Fleet, host: str, *command: str, stdin: str = "") -> str:
    done = fleet.run(host, *command, stdin=stdin)
    assert done.returncode == 0, (host, command, done.stdout, done.stderr)
    return done.stdout


def _write(fleet: Fleet, host: str, path: str, text: str) -> None:
    _must(fleet, host, "sh", "-c", 'cat >"$1"', "sh", path, stdin=text)


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def _flags(fleet: Fleet, host: str) -> dict[str, str]:
    """The flags of the destinations of the Kamailio on a host, by address and port."""
    found: dict[str, str] = {}
    uri = ""
    for line in fleet.run(host, "kamcmd", "dispatcher.list").stdout.splitlines():
        name, _colon, value = line.strip().partition(": ")
        if name == "URI":
            uri = value.removeprefix("sip:")
        elif name == "FLAGS":
            found[uri] = value
    return found


def _start_kamailio(fleet: Fleet, host: str, destinations: list[str]) -> None:
    _write(fleet, host, "/etc/kamailio/kamailio.cfg", CONFIG.replace("@ADDRESS@", fleet.hosts[host].address))
    _write(fleet, host, "/etc/kamailio/dispatcher.list", "".join("1 sip:%s\n" % address for address in destinations))
    _must(fleet, host, "systemctl", "restart", "kamailio")
    assert _soon(lambda: len(_flags(fleet, host)) == len(destinations)), _must(
        fleet, host, "journalctl", "-u", "kamailio"
    )


@pytest.fixture(scope="module")
def destination(fleet: Fleet) -> Iterator[str]:
    """The address and port of a SIPp on d1 that answers OPTIONS and takes calls."""
    address = fleet.hosts["d1"].address
    _write(fleet, "d1", "/root/answer.xml", (SCENARIOS / "answer.xml").read_text())
    sipp = ["sipp", "-sf", "/root/answer.xml", "-i", address, "-p", "5060", "-nostdin"]
    _must(fleet, "d1", "systemd-run", "--unit=answer", "--property=StandardOutput=null", *sipp)
    yield address + ":5060"
    fleet.run("d1", "systemctl", "stop", "answer")


def test_all_hosts_boot_with_every_unit(fleet: Fleet) -> None:
    states = {host: fleet.run(host, "systemctl", "is-system-running").stdout.strip() for host in fleet.hosts}
    assert states == dict.fromkeys(fleet.hosts, "running")


def test_hosts_are_told_apart(fleet: Fleet) -> None:
    for name in ("/etc/hostname", "/etc/machine-id"):
        assert len({_must(fleet, host, "cat", name) for host in fleet.hosts}) == len(fleet.hosts)


def test_ansible_reaches_all_hosts(fleet: Fleet, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps(fleet.inventory()))
    ansible = Path(sys.executable).with_name("ansible")
    command = [str(ansible), "--inventory", str(inventory), "--module-name", "ansible.builtin.ping", "all"]
    done = subprocess.run(
        fleet.on_network(*command),
        env={**os.environ, "ANSIBLE_FORKS": "8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(fleet.hosts), done.stdout


@pytest.mark.parametrize("host", KAMAILIO)
def test_versions(fleet: Fleet, host: str) -> None:
    suite = fleet.hosts[host].suite
    expected_python, expected_kamailio = VERSIONS[suite]
    python = _version(_must(fleet, host, "python3", "--version").split()[1])
    kamailio = _version(_must(fleet, host, "kamailio", "-v").split()[2])
    if suite == "sid":
        assert python >= expected_python
        assert kamailio >= expected_kamailio
    else:
        assert (python, kamailio) == (expected_python, expected_kamailio)


def test_kamailio_does_not_run_before_a_test_starts_it(fleet: Fleet) -> None:
    assert fleet.run("k6", "systemctl", "is-enabled", "kamailio").stdout.strip() == "disabled"
    # No test starts the one of d2.
    assert fleet.run("d2", "systemctl", "is-active", "kamailio").stdout.strip() == "inactive"


def test_nothing_can_leave(fleet: Fleet) -> None:
    connect = ("timeout", "10", "bash", "-c", '</dev/tcp/"$0"/22')
    assert fleet.run("k1", *connect, fleet.hosts["d1"].address).returncode == 0
    assert fleet.run("k1", *connect, "192.0.2.1").returncode != 0
    # The end of the way: what there is of a network has the hosts in it and nothing else.
    routes = json.loads(
        subprocess.run(fleet.on_network("ip", "-json", "route"), capture_output=True, check=True).stdout
    )
    assert [route["dst"] for route in routes if route.get("type") != "unreachable"] == ["198.51.100.0/24"]
    links = json.loads(subprocess.run(fleet.on_network("ip", "-json", "link"), capture_output=True, check=True).stdout)
    assert sorted(link["ifname"] for link in links) == sorted(["lo", "bridge", *("p-" + host for host in fleet.hosts)])
    assert GATEWAY in _must(fleet, "k1", "ip", "route", "show", "default")


def test_root_of_a_host_has_no_hand_on_the_machine(fleet: Fleet) -> None:
    assert fleet.run("k1", "sh", "-c", "echo 0 >/proc/sys/kernel/panic").returncode != 0
    for status in ("/proc/1/status", "/proc/self/status"):
        fields = dict(line.split(":", 1) for line in _must(fleet, "k1", "cat", status).splitlines())
        assert not int(fields["CapBnd"], 16) >> CAP_SYS_TIME & 1


def test_pings_see_destinations_come_and_go(fleet: Fleet, destination: str) -> None:
    nobody = fleet.hosts["d2"].address + ":5070"
    _start_kamailio(fleet, "k1", [destination, nobody])
    assert _soon(lambda: _flags(fleet, "k1") == {destination: "AP", nobody: "IP"}), _flags(fleet, "k1")
    fleet.cut("d1")
    try:
        assert _soon(lambda: _flags(fleet, "k1")[destination] == "IP"), _flags(fleet, "k1")
    finally:
        fleet.restore("d1")
    assert _soon(lambda: _flags(fleet, "k1")[destination] == "AP"), _flags(fleet, "k1")


@pytest.mark.parametrize("host", ["k2", "k3", "k5"])
def test_calls_through_a_proxy(fleet: Fleet, destination: str, host: str) -> None:
    rate, seconds = 20, 3
    _start_kamailio(fleet, host, [destination])
    assert _soon(lambda: _flags(fleet, host) == {destination: "AP"})
    _write(fleet, "d2", "/root/call.xml", (SCENARIOS / "call.xml").read_text())
    _must(fleet, "d2", "rm", "-f", "/root/calls.csv")
    proxy, caller = fleet.hosts[host].address + ":5060", fleet.hosts["d2"].address
    sipp = [
        "sipp",
        proxy,
        "-sf",
        "/root/call.xml",
        "-i",
        caller,
        "-p",
        "5080",
        "-nostdin",
        "-timeout",
        "60",
        "-d",
        "200",
    ]
    sipp += ["-r", str(rate), "-m", str(rate * seconds), "-trace_stat", "-stf", "/root/calls.csv"]
    done = fleet.run("d2", *sipp, seconds=90)
    counts = list(csv.DictReader(_must(fleet, "d2", "cat", "/root/calls.csv").splitlines(), delimiter=";"))[-1]
    assert (counts["SuccessfulCall(C)"], counts["FailedCall(C)"]) == (str(rate * seconds), "0"), done.stderr
    assert done.returncode == 0, done.stderr
