# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of docs/night.md, done as the page says, on a server of each version."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fleet.night import GW1, GW2, GW3, HOSTS, MOVED, SERVERS, Night, Task, variables
from fleet.rollout import until
from fleet.server_role import CONFIG, LIST, enter_fleet

pytestmark = pytest.mark.nightly

PINGS_SECONDS = 5
ALL = [GW1, GW2, GW2]
EDGE_UNIT = """[Service]
ExecStart=/usr/sbin/kamailio -DD -E -m 16 -M 4 -f /etc/edge/kamailio.cfg -P /run/edge/edge.pid -Y /run/edge
User=kamailio
Group=kamailio
RuntimeDirectory=edge
AmbientCapabilities=CAP_CHOWN
"""
EDGE_SOCKET = "/run/edge/kamailio_ctl"
NEXT = {"setid": 1, "uri": GW3, "flags": "AP", "attrs": {"duid": "gw3"}}

Row = Callable[[str, object], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Night, Task]]:
    """The hosts of the night, which the tenth task has made."""
    with contextlib.ExitStack() as stack:
        night = Night(enter_fleet(stack, HOSTS), tmp_path_factory.mktemp("night"))
        with night.task(10) as task:
            task.run()
        night.keep()
        yield night, task


@pytest.fixture
def night(made: tuple[Night, Task]) -> Night:
    """The hosts as each task begins."""
    made[0].settle()
    return made[0]


@contextlib.contextmanager
def task_of(night: Night, number: int, record: Row) -> Iterator[Task]:
    """Do a task, and record its row of the table."""
    with night.task(number) as task:
        yield task
    record("night", task.row())


def with_gateway(*more: dict[str, Any]) -> dict[str, Any]:
    """The destinations of the page and more of them, as variables of the group."""
    return {"dispatcher_destinations": [*variables()["dispatcher_destinations"], *more]}


def test_10_a_new_host(made: tuple[Night, Task], record_property: Row) -> None:
    night, task = made
    record_property("night", task.row())
    for host in SERVERS:
        assert night.uris(host) == ALL and night.called(host) == {GW1, GW2}
        assert night.must(host, "systemctl", "is-enabled", "kamailio").strip() == "enabled"
        assert night.modes(host, CONFIG, LIST) == ["root:kamailio 640"] * 2


def test_1_add_a_gateway(night: Night, record_property: Row) -> None:
    night.wish(**with_gateway(NEXT))
    with task_of(night, 1, record_property) as task:
        shown = task.run()
        # Hosts with the same diff share it.
        assert f"+1 {GW3} 8 0 duid=gw3" in shown and shown.count("would change (reload)") == 3, shown
        assert all(night.uris(host) == ALL for host in SERVERS)
        done = task.run()
    assert done.count('changed (reload)"') == 3, done
    assert all(night.called(host) == {GW1, GW2, GW3} for host in SERVERS)


def test_2_drain_a_gateway_and_bring_it_back(night: Night, record_property: Row) -> None:
    with task_of(night, 2, record_property) as task:
        task.run()
        for host in SERVERS:
            assert night.letters(host) == [(GW1, "AP"), (GW2, "DX"), (GW2, "DX")] and night.called(host) == {GW1}
        task.run()
    for host in SERVERS:
        assert night.letters(host) == [(GW1, "AP"), (GW2, "AP"), (GW2, "AP")] and night.called(host) == {GW1, GW2}


def test_3_a_new_address(night: Night, record_property: Row) -> None:
    moved = [{**entry, "uri": entry["uri"].replace(GW2, MOVED)} for entry in variables()["dispatcher_destinations"]]
    night.wish(dispatcher_destinations=moved)
    with task_of(night, 3, record_property) as task:
        shown = task.run()
        assert f"-1 {GW2} 8 0 duid=gw2" in shown and f"+1 {MOVED} 8 0 duid=gw2" in shown, shown
        task.run()
    for host in SERVERS:
        assert night.uris(host) == [GW1, MOVED, MOVED] and night.called(host) == {GW1, MOVED}


def test_4_a_maintenance_without_pings(night: Night, record_property: Row) -> None:
    def pings() -> int:
        return sum(night.received(gateway, "OPTIONS") for gateway in (GW1, GW2))

    with task_of(night, 4, record_property) as task:
        task.run()
        night.silence(GW2)
        try:
            before = pings()
            time.sleep(PINGS_SECONDS)
            assert pings() == before
            assert all({letters for _uri, letters in night.letters(host)} == {"AP"} for host in SERVERS)
        finally:
            night.answer(GW2)
        task.run()
    until(lambda: pings() > before + len(SERVERS))


def test_5_why_no_calls(night: Night, record_property: Row) -> None:
    night.silence(GW2)
    try:
        down = [(GW1, "AP"), (GW2, "IP"), (GW2, "IP")]
        until(lambda: all(night.letters(host) == down for host in SERVERS))
        assert all(night.called(host) == {GW1} for host in SERVERS)
        with task_of(night, 5, record_property) as task:
            printed = task.run()
    finally:
        night.answer(GW2)
    why = f"set 1, {GW2} (duid gw2): IP, inactive, it gets no calls: its pings have failed, or it was set so"
    assert printed.count(why) == 3 and printed.count("pings: all the time") == 6, printed
    assert printed.count("no call in the routing script chooses from set 2") == 3, printed
    until(lambda: all({letters for _uri, letters in night.letters(host)} == {"AP"} for host in SERVERS))


def test_6_a_refused_reload(night: Night, record_property: Row) -> None:
    copied = 'cat >"$1.new"; chown root:root "$1.new"; chmod 600 "$1.new"; mv "$1.new" "$1"; kamcmd dispatcher.reload'
    for host in SERVERS:
        text = night.read(host) + f"1 {GW3} 8 0 duid=gw3\n"
        # As kamcmd does, it exits with 0.
        assert "500 - Reload Failed" in night.fleet.run(host, "sh", "-c", copied, "sh", LIST, stdin=text).stdout
    with task_of(night, 6, record_property) as task:
        why = task.run(fails=True)
        assert why.count(f"ds_load_list(): can't open list file [{LIST}]") >= 3, why
        assert why.count("the server is started as kamailio, who cannot read it") >= 3, why
        assert all(night.uris(host) == ALL for host in SERVERS)
        task.run()
        task.run()
    assert all(night.called(host) == {GW1, GW2, GW3} for host in SERVERS)


def test_7_a_list_edited_by_hand(night: Night, record_property: Row) -> None:
    for host in SERVERS:
        night.write(host, LIST, f"# the night shift\n1 {GW1} 8 0 duid=gw1\n3 {GW3} 8\n")
        night.must(host, "kamcmd", "dispatcher.reload")
    assert night.called("k1") == {GW1}
    with task_of(night, 7, record_property) as task:
        differs = task.run()
        assert f"-3 {GW3} 8" in differs and f"+1 {GW2} 8 0 duid=gw2" in differs, differs
        assert differs.count(f"differs: {LIST}") == 3 and all(night.uris(host) == [GW1, GW3] for host in SERVERS)
        task.run()
    for host in SERVERS:
        assert night.uris(host) == ALL and night.called(host) == {GW1, GW2}
        assert night.read(host).startswith("# the night shift\n")


def wrong(audited: str) -> str:
    """What an audit says is wrong, below its table."""
    found = re.search(r'^TASK \[What is wrong\].*?"msg": \[(.*?)^    \]', audited, re.M | re.S)
    return found[1] if found else ""


def test_8_a_bad_module_order(night: Night, record_property: Row) -> None:
    for host in SERVERS:
        move = '/^loadmodule "tm"/d; s/^loadmodule "dispatcher"/&\\nloadmodule "tm"/'
        night.must(host, "sed", "-i", move, CONFIG)
        assert night.fleet.run(host, "kamailio", "-c", "-f", CONFIG).returncode == 0
        night.fleet.run(host, "systemctl", "restart", "kamailio")
        assert not night.runs(host)
    with task_of(night, 8, record_property) as task:
        audited = task.run()
        assert audited.count(" would not start ") == 3, audited
        assert wrong(audited).count("error: tm-after-dispatcher") == 3, audited
        assert wrong(audited).count("kamailio.service is ") == 3, audited
        # Nobody is as fast as this test: after five starts systemd starts nothing for ten seconds.
        time.sleep(10)
        task.run()
    for host in SERVERS:
        assert night.uris(host) == ALL and night.called(host) == {GW1, GW2}


def break_route(night: Night, host: str) -> None:
    """Call a route that is not there, and let the server die of it."""
    night.must(host, "sed", "-i", "s/route(RELAY);/route(RELAI);/", CONFIG)
    assert night.fleet.run(host, "kamailio", "-c", "-f", CONFIG).returncode == 0
    night.fleet.run(host, "systemctl", "restart", "kamailio")
    assert not night.runs(host)


def test_9_a_bad_route(night: Night, record_property: Row) -> None:
    for host in SERVERS:
        break_route(night, host)
    with task_of(night, 9, record_property) as task:
        audited = task.run()
        named = re.findall(re.escape(CONFIG) + r":\d+:\d+: route\(RELAI\) calls a route that", wrong(audited))
        assert len(named) == 3, audited
        for host in SERVERS:
            # By hand, at the place that the audit names.
            night.must(host, "sed", "-i", "s/route(RELAI);/route(RELAY);/", CONFIG)
        task.run()
    for host in SERVERS:
        assert night.uris(host) == ALL and night.called(host) == {GW1, GW2}
    # What is still wrong is not started.
    break_route(night, "k5")
    status, printed = night.run("ansible-playbook start_server.yml --limit k5")
    assert status != 0 and "route-missing" in printed and "Start it" not in printed, printed
    # A configuration of the role is put back whole.
    status, printed = night.run("ansible-playbook new_host.yml --limit k5")
    assert status == 0 and night.called("k5") == {GW1, GW2}, printed


def test_11_one_bad_host(night: Night, record_property: Row) -> None:
    night.wish(**with_gateway(NEXT))
    closed = (
        "nft add table ip t; nft add chain ip t o '{ type filter hook output priority 0; }'; nft add rule ip t o %s"
    )
    night.shell("k3", closed % "ip daddr 198.51.100.21 udp dport 5080 drop")
    with task_of(night, 11, record_property) as task:
        printed = task.run(fails=True)
        assert '"k1: changed (reload)"' in printed and "k5: not touched, since the rollout was stopped" in printed
        assert f"set 1, {GW3}" in printed and "Everything was taken back" in printed, printed
        assert [GW3 in night.uris(host) for host in SERVERS] == [True, False, False]
        others = task.run()
        assert '"k1: nothing to do"' in others and '"k5: changed (reload)"' in others, others
        assert night.called("k3") == {GW1, GW2} and night.called("k5") == {GW1, GW2, GW3}
        night.must("k3", "nft", "flush", "ruleset")
        task.run()
    assert all(night.called(host) == {GW1, GW2, GW3} for host in SERVERS)


def test_12_undo_a_change(night: Night, record_property: Row) -> None:
    more = {**NEXT, "setid": 4}
    night.wish(**with_gateway(NEXT, more))
    night.commit("gw3")
    status, printed = night.run("ansible-playbook sipfleet.kamailio.rollout")
    assert status == 0 and all(night.called(host) == {GW1, GW2, GW3} for host in SERVERS), printed
    with task_of(night, 12, record_property) as task:
        task.run()
        printed = task.run()
    assert printed.count('changed (reload)"') == 3, printed
    for host in SERVERS:
        assert night.uris(host) == ALL and night.called(host) == {GW1, GW2}
        assert night.read(host) == night.files[host][1]


def add_edge(night: Night, host: str) -> None:
    """Give a host a second server, with one gateway."""
    config = night.read(host, CONFIG).replace(":5060", ":5070")
    for old, new in (("/run/kamailio/", "/run/edge/"), ("/etc/kamailio/", "/etc/edge/")):
        config = config.replace(old, new)
    night.shell(host, "mkdir -p /etc/edge")
    night.write(host, "/etc/edge/kamailio.cfg", config)
    night.write(host, "/etc/edge/dispatcher.list", f"1 {GW1} 8 0 duid=gw1\n")
    night.write(host, "/etc/systemd/system/edge.service", EDGE_UNIT)
    night.shell(host, "chgrp -R kamailio /etc/edge; systemctl daemon-reload; systemctl start edge")
    until(lambda: night.letters(host, EDGE_SOCKET) == [(GW1, "AP")])


def test_13_two_instances_and_the_next_release(night: Night, record_property: Row) -> None:
    addresses = {host: night.fleet.hosts[host].address for host in SERVERS}
    edges = {
        f"{host}_edge": {"ansible_host": address, "dispatcher_instance": "edge.service"}
        for host, address in addresses.items()
    }
    night.inventory({**{host: {} for host in SERVERS}, **edges})
    for host in SERVERS:
        add_edge(night, host)
    # Kamailio 6.0 has removed a parameter.
    old = 'loadmodule "dialog"\nmodparam("dialog", "dlg_flag", 4)\n'
    night.must("k1", "sed", "-i", 's/^loadmodule "siputils"/&\\n%s/' % old.replace("\n", "\\n"), CONFIG)
    try:
        with task_of(night, 13, record_property) as task:
            audited = task.run()
            assert audited.count(" runs ") == 3 and wrong(audited) == "", audited
            printed = task.run()
            assert printed.count('_edge: changed (reload)"') == 3, printed
            for host in SERVERS:
                assert [uri for uri, _letters in night.letters(host, EDGE_SOCKET)] == ALL
                assert night.called(host, 5070) == {GW1, GW2}
            checked = task.run(fails=True)
        assert "dlg_flag" in checked and re.findall(r"^(\w+) .* failed=1", checked, re.M) == ["k1"], checked
        # Every play of this page goes to the instance alone.
        status, printed = night.run("ansible-playbook drain_gateway.yml --limit k3_edge -e gateway=gw2")
        assert status == 0 and night.letters("k3", EDGE_SOCKET)[1:] == [(GW2, "DX")] * 2, printed
        assert {letters for _uri, letters in night.letters("k3")} == {"AP"}
    finally:
        for host in SERVERS:
            night.fleet.run(host, "systemctl", "stop", "edge")
