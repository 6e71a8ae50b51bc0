# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module rpc against running servers."""

from __future__ import annotations

from pathlib import Path

from integration.playbook import Task, run_tasks

from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import CtlStream
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.commands import READS
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.transport import call
from conformance.server import SUITES, as_version
from conformance.setups import Setup

BODY = """loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 6)
modparam("jsonrpcs", "fifo_name", "@DIR@/fifo")
modparam("jsonrpcs", "fifo_reply_dir", "@DIR@/")
modparam("jsonrpcs", "dgram_socket", "@DIR@/dgram")
loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
modparam("dispatcher", "ds_ping_interval", 60)
"""
MODULES = "kex corex sl pv rr usrloc dialog htable cfg_rpc"


def task(setup: Setup, command: str, *arguments: object, **options: object) -> Task:
    given = {"config": str(setup.config), "command": command, "arguments": list(arguments), "defines": []}
    return {"sipfleet.kamailio.rpc": {**given, **options}}


def test_commands_and_errors(suite: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BODY, "1 sip:127.0.0.1:9 8\n2 sip:127.0.0.1:10 0\n")
    uri = "sip:127.0.0.1:10"
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        uptime, shown, unknown, checked, state, after, dgram, bad = run_tasks(
            tmp_path,
            [
                task(setup, "core.uptime"),
                task(setup, "dispatcher.list"),
                task(setup, "dispatcher.no_such"),
                {**task(setup, "dispatcher.set_state", "dx", 2, uri), "check_mode": True},
                task(setup, "dispatcher.set_state", "ix", 2, uri),
                {**task(setup, "dispatcher.list"), "check_mode": True},
                task(setup, "core.version", socket=f"dgram:{setup.folder}/dgram"),
                task(setup, "core.version", socket="dgram:relative"),
            ],
        )
        flags = {entry.uri: entry.flags for entry in server.destinations()}
    assert uptime["reads"] and not uptime["changed"] and "uptime" in uptime["result"][0]
    assert uri in str(shown.get("result")), shown["msg"]
    assert unknown["failed"] and "the server answered dispatcher.no_such with the error" in unknown["msg"]
    assert checked["changed"] and "result" not in checked
    assert state["changed"] and flags[uri] == "IX" and "'FLAGS': 'IX'" in str(after["result"])
    assert "kamailio" in str(dgram.get("result")), dgram
    assert bad["failed"] and "socket is 'dgram:relative'" in bad["msg"]


def test_numbers_that_arrive_as_texts(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BODY, "1 sip:127.0.0.1:9 8 0 duid=7\n")
    uri, new = "sip:127.0.0.1:9", "sip:127.0.0.1:10"
    priority = ("0",) if as_version(version).release >= (5, 6) else ()
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        stopped, asked, state, by_duid, added, echoed = run_tasks(
            tmp_path,
            [
                task(setup, "dispatcher.ping_active", "0"),
                task(setup, "dispatcher.ping_active"),
                task(setup, "dispatcher.set_state", "dx", "1", uri),
                task(setup, "dispatcher.set_duid_state", "ix", "1", 7),
                task(setup, "dispatcher.add", "2", new, "8", *priority, "duid=a"),
                task(setup, "core.echo", "1", 2),
            ],
        )
        flags = {(entry.setid, entry.uri): entry.flags for entry in server.destinations()}
    assert stopped["argument_types"] == ["number"] and asked["result"][0]["OldPingState"] == 0
    assert state["argument_types"] == ["text", "number", "text"] == by_duid["argument_types"]
    assert not added.get("failed") and set(flags) == {(1, uri), (2, new)} and flags[1, uri] == "IX"
    # What it does not know goes as it came, and it says so.
    assert echoed["argument_types"] == ["text", "number"]


def test_a_server_that_is_down(tmp_path: Path) -> None:
    setup = Setup(tmp_path, BODY, "1 sip:127.0.0.1:9 8\n")
    down, nothing = run_tasks(
        tmp_path, [task(setup, "core.uptime"), task(setup, "core.uptime", socket="unix:/no/such")]
    )
    assert down["failed"] and "no address of the server can be reached" in down["msg"] and "ctl" in down["msg"]
    assert nothing["failed"] and "/no/such" in nothing["msg"]


def test_commands_that_only_read_are_there(tmp_path: Path) -> None:
    known: set[str] = set()
    for suite in SUITES:
        body = BODY + "".join('loadmodule "%s.so"\n' % name for name in MODULES.split())
        setup = Setup(tmp_path, body + 'modparam("htable", "htable", "a=>size=2")\n', "1 sip:127.0.0.1:9 8\n")
        with setup.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            known |= set(call(CtlStream(str(setup.folder / "ctl")), "system.listMethods"))  # type: ignore[arg-type]
    assert known >= READS, READS - known
