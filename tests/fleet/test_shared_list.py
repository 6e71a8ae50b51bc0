# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two servers of a host that read one list."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from lab.fleet import Fleet

from fleet.rollout import DEAD, GOOD, LIST, MORE, Proxies, until, wish

HOST = "k1"
UNIT = """[Service]
Type=forking
User=kamailio
Group=kamailio
PIDFile=/run/kamailio-b/kamailio.pid
ExecStart=/usr/sbin/kamailio -P /run/kamailio-b/kamailio.pid -f /etc/kamailio/b.cfg
RuntimeDirectory=kamailio-b
RuntimeDirectoryMode=0770
"""
BOTH = sorted([GOOD, MORE])


class Shared(Proxies):
    """A host with kamailio.service and kamailio-b.service, which have one list."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        super().__init__(fleet, folder, [HOST])
        self.second = self.configs[HOST].replace(":5060\n", ":5070\n").replace("/run/kamailio/", "/run/kamailio-b/")
        self.write(HOST, "/etc/systemd/system/kamailio-b.service", UNIT)
        self.start_second(self.second)

    def start_second(self, config: str) -> None:
        """Start the second server with a configuration."""
        self.write(HOST, "/etc/kamailio/b.cfg", config)
        self.must(HOST, "sh", "-ec", "systemctl daemon-reload; systemctl restart kamailio-b")
        until(lambda: self.both()[1] != [])

    def both(self) -> tuple[list[str], list[str]]:
        """The URIs that each server runs."""
        lines = self.fleet.run(HOST, "kamcmd", "-s", "unix:/run/kamailio-b/kamailio_ctl", "dispatcher.list").stdout
        return self.runs(HOST), sorted(re.findall(r"URI: (\S+)", lines))

    def task(self, module: str, **options: Any) -> dict[str, Any]:
        """What a module returns on the host, failures included."""
        result = self.folder / "result.json"
        step: dict[str, Any] = {"sipfleet.kamailio." + module: options, "register": "found", "ignore_errors": True}
        keep = {"copy": {"content": "{{ found | to_json }}", "dest": str(result)}, "delegate_to": "localhost"}
        keep["vars"] = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
        book = self.folder / "task.yml"
        book.write_text(json.dumps([{"hosts": HOST, "gather_facts": False, "tasks": [step, keep]}]))
        status, printed = self.play(book=str(book))
        assert status == 0, printed
        found: dict[str, Any] = json.loads(result.read_text())
        return {**found, "printed": printed}


@pytest.fixture
def shared(fleet: Fleet, tmp_path: Path) -> Any:
    """The host, which has one server again afterwards."""
    (tmp_path / "plays").mkdir()
    host = Shared(fleet, tmp_path / "plays")
    yield host
    host.must(HOST, "sh", "-c", "systemctl stop kamailio-b; rm -f /etc/systemd/system/kamailio-b.service")
    host.must(HOST, "systemctl", "daemon-reload")


def due(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The other servers that a result names, and what they need."""
    return [(each["unit"], each["due"]) for each in result["also_read_by"]]


@pytest.mark.nightly
def test_the_server_that_was_not_changed_is_named_until_it_has_the_list(shared: Shared) -> None:
    other = "kamailio-b.service"
    quiet = shared.task("deploy", destinations=wish(GOOD))
    done = shared.task("deploy", destinations=wish(GOOD, MORE))
    audit = shared.play(book="audit.yml")[1]
    again = shared.task("dispatcher_reload")
    assert due(quiet) == [(other, "none")] and "WARNING" not in quiet["printed"], quiet
    assert due(done) == due(again) == [(other, "reload")] and shared.both() == (BOTH, [GOOD]), done
    said = "kamailio-b.service reads /etc/kamailio/dispatcher.list as well, and needs a reload for it"
    assert said in " ".join(done["printed"].split()) and said in " ".join(again["printed"].split())
    assert "kamailio-b.service: reload due" in audit, audit
    second = shared.task("deploy", instance=other, destinations=wish(GOOD, MORE))
    assert second["action"] == "reload" and due(second) == [("kamailio.service", "none")], second
    assert shared.both() == (BOTH, BOTH) and due(shared.task("dispatcher_info")) == [(other, "none")]


@pytest.mark.nightly
def test_a_list_that_another_server_cannot_work_with_is_refused(shared: Shared) -> None:
    # The second server would not load tm, and could not probe.
    unprobed = "\n".join(
        line for line in shared.second.splitlines() if not re.search('"tm|"ds_p|t_relay|record_route', line)
    )
    shared.write(HOST, "/etc/kamailio/dispatcher.list", f"1 {GOOD}\n")
    shared.must(HOST, "systemctl", "restart", "kamailio")
    shared.start_second(unprobed + "\n")
    flags = [{"setid": 1, "uri": MORE, "flags": 8}]
    for module, options in (("deploy", {}), ("dispatcher_list", {"config": "/etc/kamailio/kamailio.cfg"})):
        refused = shared.task(module, destinations=flags, **options)
        assert refused["failed"] and "kamailio-b.service starts /etc/kamailio/b.cfg" in refused["msg"], refused
        assert "probing-without-tm" in refused["msg"], refused
    assert shared.files(HOST)[1] == f"1 {GOOD}\n"
    # What was wrong with it before keeps no change from the first one.
    shared.write(HOST, "/etc/kamailio/dispatcher.list", f"1 {GOOD} 8\n")
    allowed = shared.task("deploy", destinations=[{"setid": 1, "uri": MORE, "flags": 0}])
    assert not allowed["failed"] and allowed["action"] == "reload", allowed
    # Nor does a user who can change the other configuration, and not the list.
    shared.write(HOST, "/etc/kamailio/dispatcher.list", f"1 {GOOD}\n")
    shared.must(HOST, "chown", "kamailio", "/etc/kamailio/b.cfg")
    allowed = shared.task("deploy", destinations=flags)
    assert not allowed["failed"] and due(allowed) == [("kamailio-b.service", "reload")], allowed


@pytest.mark.nightly
def test_a_file_that_both_configurations_include(shared: Shared) -> None:
    line = 'modparam("tm", "fr_timer", 500)\n'
    shared.write(HOST, "/etc/kamailio/common.cfg", line)
    for path, config in (("kamailio.cfg", shared.configs[HOST]), ("b.cfg", shared.second)):
        shared.write(HOST, "/etc/kamailio/" + path, config.replace(line, 'include_file "/etc/kamailio/common.cfg"\n'))
    shared.must(HOST, "systemctl", "restart", "kamailio", "kamailio-b")
    until(lambda: shared.both() == ([GOOD], [GOOD]))
    other, modules = "kamailio-b.service", [{"name": "tm", "params": {"fr_timer": 600}}]
    done = shared.task("deploy", modules=modules)
    assert done["action"] == "restart" and due(done) == [(other, "restart")], done
    assert "kamailio-b.service reads /etc/kamailio/common.cfg, /etc" in " ".join(done["printed"].split())
    second = shared.task("deploy", instance=other, modules=modules, restart="due")
    assert second["action"] == "restart" and second["files"] == [], second
    assert due(second) == [("kamailio.service", "none")], second


@pytest.mark.nightly
def test_the_documented_play_changes_both_servers_or_none(shared: Shared) -> None:
    book = "../docs/playbooks/shared_list.yml"
    status, printed = shared.play(book=book, gateways=wish(GOOD, MORE))
    assert status == 0 and shared.both() == (BOTH, BOTH) and not shared.pending(HOST), printed
    status, again = shared.play(book=book, gateways=wish(GOOD, MORE))
    assert status == 0 and re.search(r"^k1 .* changed=0 ", again, re.M), again
    shared.must(HOST, "sh", "-c", "systemctl stop kamailio-b")
    # The first one is changed, and the second one does not answer.
    status, printed = shared.play(book=book, gateways=wish(GOOD))
    assert status != 0 and "run the list of before" not in printed, printed
    assert shared.runs(HOST) == BOTH and shared.files(HOST)[1].count("sip:") == 2, printed
    shared.start_second(shared.second)
    status, printed = shared.play(book=book, gateways=wish(GOOD, DEAD), patience=15)
    assert status != 0 and "run the list of before" in printed and shared.both() == (BOTH, BOTH), printed
    assert shared.files(HOST)[1] != LIST and not shared.pending(HOST)
