# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leaves a task: no character that a terminal obeys, and no secret that the task has seen."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from unit.peers import packet, serving, text

from integration.module import COLLECTIONS, MODULES, environment, result_of
from integration.playbook import Task, run_tasks

# Sets the title, clears the screen, turns the direction of text, begins a sequence of C1 and ends a line.
EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m\u2028"
SHOWN = "\\x1b]0;owned\\x07\\x1b[2J\\u202e\\x9b31m\\u2028"
DISPATCHER = 'loadmodule "tm.so"\nloadmodule "dispatcher.so"\n'
CONFIGS = {
    "include": 'include_file "%s.cfg"\n' + DISPATCHER,
    "module": 'loadmodule "%s.so"\n' + DISPATCHER,
    "parameter": DISPATCHER + 'modparam("dispatcher", "%s", 1)\n',
    "list_path": DISPATCHER + 'modparam("dispatcher", "list_file", "/none/%s")\n',
    "define": "#!define A %s\n#!define A %s\n" + DISPATCHER,
    "route": DISPATCHER + "request_route {\n %s\n",
}


def is_printable(output: str) -> bool:
    return output.replace("\n", "").replace("\t", "").isprintable()


@pytest.fixture(name="verbose")
def _verbose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "3")


def configuration(name: str) -> str:
    text_of = CONFIGS[name]
    return text_of.replace("%s", EVIL)


@pytest.mark.usefixtures("verbose")
def test_no_file_reaches_the_terminal_raw(tmp_path: Path) -> None:
    listing = tmp_path / "l"
    listing.write_text("1 sip:10.0.0.1;x=%s 8 0 duid=%s\n1 %s\n" % (EVIL, EVIL, EVIL))
    tasks: list[Task] = []
    for name in CONFIGS:
        config = tmp_path / (name + ".cfg")
        config.write_text(configuration(name))
        given = {"kamailio_version": "6.1.5", "ignore": ["module-file-missing"]}
        texts = {"config_content": configuration(name), "dispatcher_content": listing.read_text()}
        tasks += [
            {"sipfleet.kamailio.validate": {**given, "config": str(config), "dispatcher_list": str(listing)}},
            {"sipfleet.kamailio.validate": {**given, **texts}},
            {"sipfleet.kamailio.config_info": {"config": str(config), "kamailio_version": "6.1.5"}},
        ]
    named = tmp_path / EVIL
    named.write_text(listing.read_text())
    tasks += [
        {"sipfleet.kamailio.dispatcher_list_info": {"path": [str(named)], "kamailio_version": "6.1.5"}},
        {"sipfleet.kamailio.dispatcher_list_info": {"path": [str(tmp_path / ("no" + EVIL))]}},
        {"sipfleet.kamailio.dispatcher_list": {"path": str(named), "purge": "file"}, "check_mode": True},
        {"sipfleet.kamailio.validate": {"on_violation": EVIL}},
        {"sipfleet.kamailio.rpc": {"command": "core.version", "socket": "unix:/none/" + EVIL}},
        {"ansible.builtin.debug": {"msg": "{{ [{'name': x}, {'name': x}] | sipfleet.kamailio.module_order }}"}},
        {"ansible.builtin.debug": {"msg": "{{ x | sipfleet.kamailio.from_dispatcher_list }}"}},
        {"ansible.builtin.debug": {"msg": "{{ [{'setid': 1, 'uri': x}] | sipfleet.kamailio.to_dispatcher_list }}"}},
        {"ansible.builtin.debug": {"msg": "{{ x | sipfleet.kamailio.dispatcher_flags }}"}},
    ]
    for task in tasks[-4:]:
        task["vars"] = {"x": "sip:" + EVIL}
    results = run_tasks(tmp_path, tasks)
    raw = [line for line in results[0]["output"].split("\n") if not is_printable(line)]
    assert not raw, raw
    for result in results:
        assert "\\\\x1b]0;owned" in json.dumps(result["msg"] if result["failed"] else result), result


def test_corrected_texts_are_those_to_write(tmp_path: Path) -> None:
    config = DISPATCHER + SECRETS + "# kamailiorw" + EVIL + "\n"
    texts = {"config_content": config, "dispatcher_content": "# %s\n1 sip:10.0.0.1 0\n" % EVIL}
    task = {"sipfleet.kamailio.validate": {**texts, "kamailio_version": "6.1.5", "on_violation": "report"}}
    result = run_tasks(tmp_path, [task])[0]
    assert result["corrected"] == {"config": config, "dispatcher_list": texts["dispatcher_content"]}


@pytest.mark.usefixtures("verbose")
def test_no_error_of_a_server_reaches_the_terminal_raw(tmp_path: Path) -> None:
    body = b"\x20\x01\xf4" + text(EVIL.encode())

    def answer(peer: socket.socket) -> None:
        request = peer.recv(65536)
        size = (request[1] >> 2 & 3) + 1
        peer.sendall(packet(body, request[2 + size : 3 + size + (request[1] & 3)], kind=3))

    with serving(socket.SOCK_STREAM, str(tmp_path / "ctl"), answer) as place:
        task = {"sipfleet.kamailio.rpc": {"command": "core.version", "socket": "unix:%s" % place, "timeout": 20}}
        result = run_tasks(tmp_path, [task])[0]
    assert "the error 500: " + SHOWN in result["msg"] and is_printable(result["output"])


@pytest.mark.usefixtures("verbose")
def test_no_reply_of_a_server_reaches_the_terminal_raw(tmp_path: Path) -> None:
    body = text(EVIL.encode()) + text(b"mysql://kam:hunter22@db/k") + text(b"it is hunter22 \xff")

    def answer(peer: socket.socket) -> None:
        request = peer.recv(65536)
        size = (request[1] >> 2 & 3) + 1
        peer.sendall(packet(body, request[2 + size : 3 + size + (request[1] & 3)]))

    with serving(socket.SOCK_STREAM, str(tmp_path / "ctl"), answer) as place:
        task = {"sipfleet.kamailio.rpc": {"command": "core.version", "socket": "unix:%s" % place, "timeout": 20}}
        result = run_tasks(tmp_path, [task])[0]
    assert result["result"] == [SHOWN, "mysql://kam:********@db/k", "it is ******** \\xff"]
    assert is_printable(result["output"])


RUN = """
import os, runpy, sys
from ansible.module_utils.basic import AnsibleModule
AnsibleModule.log = lambda self, msg, log_args=None: print(repr(msg), repr(log_args), file=sys.stderr)
AnsibleModule.get_bin_path = lambda self, name, *words, **named: os.environ.get("FAKE") if name == "kamailio" else None
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


def run_module(folder: Path, name: str, says: str = "", **arguments: Any) -> subprocess.CompletedProcess[str]:
    """Run a module with its log on standard error, and with a Kamailio that says this of whatever loads xlog."""
    fake = folder / "fake"
    lines = ["#!/bin/sh", 'if [ "$1" = -v ]; then echo "version: kamailio 6.1.5 (x86_64/linux)"; exit 0; fi']
    lines += ['grep -q xlog "$3" || exit 0', "printf '%s\\n' \"" + says + '" >&2', "exit 255", ""]
    fake.write_text("\n".join(lines))
    fake.chmod(0o755)
    file = folder / "arguments"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_remote_tmp": str(folder), **arguments}}))
    line = [sys.executable, "-B", "-c", RUN, str(MODULES / (name + ".py")), str(file)]
    return subprocess.run(
        line, capture_output=True, text=True, env={**environment(), "FAKE": str(fake)}, check=False, timeout=120
    )


SECRETS = """#!define DBURL "mysql://kamailio:kamailiorw@localhost/kamailio"
#!define DBPW2 "hunter22"
modparam("auth", "secret", "DBPW2")
"""


def test_what_kamailio_says_holds_no_secret_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "kamailio.cfg"
    config.write_text('loadmodule "auth.so"\n' + SECRETS)
    says = "ERROR: no login as kamailio with %s, %s or %s, see /etc/kamailio/kamailio.cfg \u202e"
    given: dict[str, Any] = {"config": str(config), "modules": [{"name": "xlog"}], "defines": ["DB_PASS=hunter33"]}
    done = run_module(tmp_path, "loadmodule", says % ("kamailiorw", "hunter22", "hunter33"), **given)
    result = json.loads(done.stdout)
    shown = says.replace("\u202e", "\\u202e") % (("********",) * 3)
    assert result["failed"] and shown in result["msg"] and str(config) in result["msg"], result["msg"]
    assert not any(secret in done.stdout + done.stderr for secret in ("kamailiorw", "hunter22", "hunter33"))


def test_a_warning_holds_no_secret(tmp_path: Path) -> None:
    config = tmp_path / "kamailio.cfg"
    config.write_text('loadmodule "auth.so"\nloadmodule "xlog.so"\n' + SECRETS)
    given: dict[str, Any] = {"config": str(config), "modules": [{"name": "pv"}], "defines": []}
    done = run_module(tmp_path, "loadmodule", "ERROR: kamailiorw \u202e", **given)
    result = json.loads(done.stdout)
    assert result["changed"] and "ERROR: ******** \\\\u202e" in json.dumps(result["warnings"]), result
    assert "kamailiorw" not in done.stdout


def test_a_difference_holds_no_secret(tmp_path: Path) -> None:
    """Also under a name that does not tell, and in comments."""
    path = tmp_path / "dispatcher.list"
    path.write_text("# hunter22 is secret\n1 sip:alice:hunter22@10.0.0.1 8 0 x=hunter22\n")
    given = {"path": str(path), "destinations": [{"setid": 2, "uri": "sip:b:hunter33@10.0.0.2", "attrs": "y=hunter33"}]}
    result = result_of(tmp_path, "dispatcher_list", check_mode=True, **given)
    assert result["changed"] and "x=********" in str(result["diff"]) and "y=********" in str(result["diff"])
    assert "hunter" not in json.dumps(result)


def test_the_log_of_the_host_holds_no_secret_and_nothing_raw(tmp_path: Path) -> None:
    module = {"name": "auth", "params": {"secret": {"a": ["hunter22"]}, "x": "hunter22"}}
    done = run_module(tmp_path, "loadmodule", config="/none/" + EVIL, modules=[module])
    assert "Invoked with" in done.stderr and "********" in done.stderr, done.stderr
    assert "hunter22" not in done.stderr + done.stdout
    assert "\\\\x1b]0;owned" in done.stderr and is_printable(done.stderr)


@pytest.mark.parametrize("kind", ["text", "json", "sarif", "junit"])
def test_kamailio_check_reports_nothing_raw(tmp_path: Path, kind: str) -> None:
    program = COLLECTIONS / "ansible_collections/sipfleet/kamailio/extensions/check/kamailio-check"
    for name in CONFIGS:
        (tmp_path / (name + ".cfg")).write_text(configuration(name) + SECRETS + 'log hunter22 "kamailiorw"\n')
    (tmp_path / ("l" + EVIL + ".list")).write_text("1 sip:10.0.0.1;x=%s 8 0 %s\n1 %s\n" % (EVIL, EVIL, EVIL))
    files = [*(name + ".cfg" for name in CONFIGS), "l" + EVIL + ".list", "none" + EVIL + ".cfg"]
    line = [str(program), "--kamailio-version", "6.1.5", "--format", kind, "--list", "l" + EVIL + ".list", *files]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert is_printable(done.stdout) and is_printable(done.stderr), (done.stdout, done.stderr)
    assert "owned" in done.stdout and "hunter22" not in done.stdout and "kamailiorw" not in done.stdout
