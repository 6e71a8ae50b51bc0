# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role server on fresh hosts, one of each version."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from lab.fleet import Host

from fleet.server_role import CONFIG, LIST, OWN, Lab, enter_fleet

SCENARIOS = Path(__file__).parent / "sipp"
SERVERS = ["s1", "s2", "s3"]
HOSTS = [
    Host("s1", "bookworm", "198.51.100.31"),
    Host("s2", "trixie", "198.51.100.32"),
    Host("s3", "sid", "198.51.100.33"),
    Host("gate", "trixie", "198.51.100.41"),
]
POLL_SECONDS = 60.0
SOCKETS = ["kamailio_ctl", "kamailio_rpc.fifo", "kamailio_rpc.sock"]


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
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The hosts with the role."""
    with contextlib.ExitStack() as stack:
        yield Lab(enter_fleet(stack, HOSTS), tmp_path_factory.mktemp("role"))


@pytest.fixture(scope="module")
def served(lab: Lab) -> Lab:
    """The servers, made by the role from the untouched package."""
    before = lab.must("s2", "cat", CONFIG)
    assert lab.applied("s2", "--check", "--diff") == {"s2": 3}
    assert lab.must("s2", "cat", CONFIG) == before and not lab.runs("s2")
    assert lab.fleet.run("s2", "ls", LIST).returncode
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
    assert served.applied("s2", "--check", "--diff") == {"s2": 0}
    assert {host: served.started(host) for host in SERVERS} == before


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
    listed = served.must("s2", "cat", LIST)
    assert served.applied("s2") == {"s2": 0}
    assert served.must("s2", "cat", LIST) == listed


@pytest.mark.nightly
def test_hosts_with_a_configuration_of_their_own(served: Lab) -> None:
    kept = {host: served.must(host, "cat", CONFIG) for host in SERVERS}
    for host in SERVERS:
        served.write(host, CONFIG, OWN)
        stop = "systemctl stop kamailio; systemctl disable kamailio"
        served.shell(host, 'chown kamailio "$1"; chmod 600 "$1"; ' + stop, CONFIG)
    before = {host: served.must(host, "stat", "-c", "%i %Y %Z %a %U", CONFIG) for host in SERVERS}
    assert set(served.applied(SERVERS).values()) == {1}
    for host in SERVERS:
        assert served.must(host, "stat", "-c", "%i %Y %Z %a %U", CONFIG) == before[host]
        assert served.must(host, "cat", CONFIG) == OWN
        assert served.runs(host) and served.must(host, "systemctl", "is-enabled", "kamailio").strip() == "enabled"
    assert served.applied("s2") == {"s2": 0}
    assert served.applied("s2", server_started=False, server_enabled=False) == {"s2": 1}
    assert not served.runs("s2")
    # Unless it is asked for: the configuration, and the handler or the service.
    assert set(served.applied(SERVERS, server_manage_config="always", server_backup=True).values()) == {2}
    for host in SERVERS:
        assert served.must(host, "cat", CONFIG) == kept[host]
        assert served.shell(host, 'cat "$1".*~', CONFIG) == OWN
    assert served.applied("s2", server_manage_config="never", server_children=5) == {"s2": 0}


@pytest.mark.nightly
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
    assert served.applied("s2", server_modules=modules) == {"s2": 2}
    assert served.modules("s2") == [*names, "ctl", "jsonrpcs"]
    assert "name: b" in served.rpc("s2", "htable.listTables")
    assert served.applied("s2", server_modules=modules) == {"s2": 0}
    without_tm = [module for module in modules if module["name"] != "tm"]
    status, printed = served.play("s2", server_modules=without_tm)
    assert status != 0 and "dispatcher needs tm for its parameter ds_ping_interval" in printed, printed
    assert served.modules("s2") == [*names, "ctl", "jsonrpcs"]


@pytest.mark.nightly
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
    assert set(served.applied("s2", "--check", "--diff", **variables)) == {"s2"}
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
    assert served.applied("s2", **variables) == {"s2": 0}
    defines = {**variables, "server_defines": ["WITH_ANSWER", "CODE=200", "DB=" + database]}
    status, printed = served.play("s2", "--check", "--diff", "-v", **defines)
    assert status == 0 and "changed=2" in printed and "horse-battery" not in printed, printed
    served.applied("s2")
    assert served.must("s2", "ps", "-o", "user:20=", "-C", "kamailio").split()[0] == "kamailio"
    assert served.fleet.run("s2", "ls", "/etc/systemd/system/kamailio.service.d/sipfleet.conf").returncode
