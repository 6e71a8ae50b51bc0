# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every playbook of the documentation, run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from conformance.live import PROBED, Live, param
from conformance.server import Peers
from fleet.night import sections

from integration.playbook import BOOKS, run_book

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
CONFIG = """loadmodule "tm.so"
loadmodule "dispatcher.so"
modparam("dispatcher", "list_file", "{}")
modparam("dispatcher", "ds_ping_interval", 10)
"""


def test_every_playbook_has_a_test() -> None:
    # Those that need hosts with systemd are run there.
    fleet = Path(__file__).parents[1] / "fleet"
    files = (
        Path(__file__),
        *(fleet / name for name in ("test_documented_rollout.py", "test_upgrade.py", "test_shared_list.py")),
    )
    tested = {name for path in files for name in re.findall(r'["/](\w+\.yml)"', path.read_text())}
    # The commands of this page are run as they stand there.
    tested |= {word for section in sections() for command in section.commands for word in command.split()}
    assert [path.name for path in BOOKS.glob("*.yml") if path.name not in tested] == []


def test_set_from_group(tmp_path: Path) -> None:
    config, listing = tmp_path / "kamailio.cfg", tmp_path / "dispatcher.list"
    config.write_text(CONFIG.format(listing))
    listing.write_text("# gateways\n1 sip:10.9.9.9:5060 8 0 duid=gone\n2 sip:10.8.8.8\n")
    gateways = {"gw%d" % number: {"sip_address": "10.0.1.%d" % number} for number in (2, 1)}
    proxy = {"dispatcher_list": str(listing), "dispatcher_config": str(config)}
    groups = {"gateways": {"hosts": gateways}, "kamailio": {"hosts": {"localhost": proxy}}}
    inventory = {"all": {"vars": LOCAL, "children": groups}}
    # Kamailio is installed where the tests run, so its version is asked.
    for recap in ("changed=1", "changed=0"):
        done = run_book(tmp_path, "set_from_group.yml", inventory)
        assert done.returncode == 0 and recap in done.stdout, done.stdout + done.stderr
        assert listing.read_text() == (
            "# gateways\n#: gw1\n1 sip:10.0.1.1:5060 8 0 duid=gw1\n"
            "#: gw2\n1 sip:10.0.1.2:5060 8 0 duid=gw2\n2 sip:10.8.8.8\n"
        )


def test_check_repository(tmp_path: Path) -> None:
    inventory = {"all": {"vars": LOCAL, "hosts": {"localhost": {}}}}
    for name in ("edge1", "edge2"):
        folder = tmp_path / "servers" / name
        folder.mkdir(parents=True)
        (folder / "kamailio.cfg").write_text(CONFIG.format("/etc/kamailio/dispatcher.list"))
        (folder / "dispatcher.list").write_text("1 sip:10.0.0.1 8\n")
    good = run_book(tmp_path, "check_repository.yml", inventory, repository=str(tmp_path))
    assert good.returncode == 0 and "failed=0" in good.stdout, good.stdout + good.stderr
    (tmp_path / "servers" / "edge2" / "dispatcher.list").write_text("1 sip:10.0.0.1 AP\n")
    bad = run_book(tmp_path, "check_repository.yml", inventory, repository=str(tmp_path))
    assert (
        bad.returncode != 0
        and "flags-not-a-number" in bad.stdout + bad.stderr
        and "ok: [localhost] => (item=edge1)" in bad.stdout
    )


def proxies(live: Live) -> dict[str, object]:
    """An inventory with one running server."""
    host = {
        "dispatcher_list": str(live.list),
        "dispatcher_config": str(live.config),
        "dispatcher_record": str(live.record),
    }
    return {"all": {"vars": LOCAL, "children": {"kamailio": {"hosts": {"localhost": host}}}}}


def test_why_no_calls(tmp_path: Path) -> None:
    listing = "1 sip:127.0.0.1:9 8 0 duid=gw1\n1 sip:127.0.0.1:10 8 5\n2 sip:127.0.0.1:9\n"
    # No gateway goes down while it is asked.
    body = PROBED + param("ds_probing_mode", 1) + param("ds_ping_interval", 60)
    live = Live(tmp_path, body, listing, 'ds_select_dst("1", "8"); exit;')
    with live.server("trixie") as server:
        assert server.exit_status is None, server.log_text()
        by_uri = run_book(tmp_path, "why_no_calls.yml", proxies(live), gateway="sip:127.0.0.1:9")
        by_duid = run_book(tmp_path, "why_no_calls.yml", proxies(live), gateway="gw1")
        unknown = run_book(tmp_path, "why_no_calls.yml", proxies(live), gateway="sip:127.0.0.1:99")
    for done in (by_uri, by_duid, unknown):
        assert done.returncode == 0 and "changed=0" in done.stdout, done.stdout + done.stderr
    assert "set 1, sip:127.0.0.1:9 (duid gw1): " in by_duid.stdout and "set 2" not in by_duid.stdout
    assert "chooses by algorithm 8" in by_uri.stdout and "sip:127.0.0.1:10 (priority 5)" in by_uri.stdout
    assert "no call in the routing script chooses from set 2" in by_uri.stdout
    assert "is in no set of the server, and not in its list" in unknown.stdout


@pytest.mark.nightly
def test_change_gateways_and_drain(tmp_path: Path) -> None:
    with Peers(2) as peers:
        first, second = ("sip:127.0.0.1:%d" % port for port in peers.ports)
        live = Live(tmp_path, PROBED + param("ds_probing_mode", 1), "1 %s 8\n" % first)
        with live.server("trixie") as server:
            assert server.exit_status is None, server.log_text()
            gateways = [{"setid": 1, "uri": uri, "flags": "AP", "attrs": {"duid": uri[-5:]}} for uri in (first, second)]
            for recap in ("changed=2", "changed=0"):
                done = run_book(tmp_path, "change_gateways.yml", proxies(live), gateways=gateways)
                assert done.returncode == 0 and recap in done.stdout, done.stdout + done.stderr
            dead = [*gateways, {"setid": 1, "uri": "sip:127.0.0.1:9", "flags": "AP"}]
            bad = run_book(tmp_path, "change_gateways.yml", proxies(live), gateways=dead, patience=5)
            assert bad.returncode != 0 and "have not answered" in bad.stdout + bad.stderr, bad.stdout
            shown = []
            # As text, which -e back=true gives.
            for back in ("false", "true"):
                done = run_book(tmp_path, "drain_gateway.yml", proxies(live), gateway=second[-5:], back=back)
                assert done.returncode == 0, done.stdout + done.stderr
                shown.append(
                    next(destination.flags for destination in server.destinations() if destination.uri == second)
                )
            pings = []
            for wish in ("stopped", "active"):
                done = run_book(tmp_path, "maintenance.yml", proxies(live), pings=wish)
                assert done.returncode == 0 and "changed=1" in done.stdout, done.stdout + done.stderr
                pings.append(server.rpc("dispatcher.ping_active"))
    assert shown == ["DX", "AP"]
    assert "OldPingState: 0" in pings[0] and "OldPingState: 1" in pings[1], pings
