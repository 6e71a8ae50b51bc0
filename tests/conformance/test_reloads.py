# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that change, and the commands that load them, on running servers: each row of the tables of reloads."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.least import Files, Least, reloads_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.reloads import (
    COMMANDS,
    FILES,
    RUNS_COMMAND,
    TABLES,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.connection import Connection
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.find import parse_binrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.load import load_files
from conformance.server import ROOTS, SUITES, Server, as_version, free_ports
from conformance.setups import Setup

SHIPPED = "usr/share/kamailio/dbtext/kamailio"
DB_TEXT = 'loadmodule "db_text.so"\nmodparam("db_text", "db_mode", 1)\n'
DB = '"text://@DIR@/db"'
ANSWER = 'loadmodule "sl.so"\nloadmodule "pv.so"\n'
# Older than a table that is written now, as db_text compares times in whole seconds.
OLD = 1_000_000_000


@dataclass(frozen=True)
class Case:
    """A file or a table that changes from C(old) to C(new), the call for it, and how to see what the server has loaded.

    C(shows) is a command, or a SIP request where it is empty; then the route answers it. C(broken) is what the server
    cannot load, C(skipped) what it leaves out in silence. Only C(suites) have the module or the parameter.
    """

    call: str
    body: str
    old: str | dict[str, object]
    new: str | dict[str, object]
    shows: str = ""
    before: str = "before"
    after: str = "after"
    name: str = ""
    files: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    route: str = "exit;"
    broken: str = "junk\n"
    skipped: str | dict[str, object] = ""
    suites: tuple[str, ...] = SUITES

    @property
    def table(self) -> bool:
        return isinstance(self.old, dict)

    def path(self, setup: Setup) -> Path:
        """Return the path of the file or the table that changes."""
        return setup.folder / ("db" if self.table else "") / self.name

    def write(self, setup: Setup, content: str | dict[str, object], age: float = 0) -> Path:
        """Replace the file or the table that changes, as a server can have it open."""
        path = self.path(setup)
        path.parent.mkdir(exist_ok=True)
        staged = path.with_name("staged")
        if isinstance(content, dict):
            shutil.copy(path, staged)
            add_row(staged, content)
        else:
            staged.write_text(content)
        if age:
            os.utime(staged, (age, age))
        return staged.rename(path)


def add_row(path: Path, row: dict[str, object]) -> None:
    """Leave this row alone in a table of db_text; numbers that it does not have are 0, and texts x."""
    header = path.read_text().splitlines()[0]
    columns = re.findall(r"(\w+)\((\w+)", header)
    values = [row.get(name, "x" if kind == "string" else "1" if name == "id" else "0") for name, kind in columns]
    path.write_text(header + "\n" + ":".join(str(value).replace(":", "\\:") for value in values) + "\n")


def database(module: str, parameter: str = "db_url") -> str:
    return f'loadmodule "{module}.so"\nmodparam("{module}", "{parameter}", {DB})\n'


CASES = {
    "permissions address_file": Case(
        "permissions.addressReload",
        'loadmodule "permissions.so"\nmodparam("permissions", "address_file", "address.list")\n',
        "1 192.0.2.1\n",
        "1 192.0.2.2\n",
        "permissions.addressDump",
        "192.0.2.1",
        "192.0.2.2",
        name="address.list",
        broken="1\n",
    ),
    "permissions address": Case(
        "permissions.addressReload",
        DB_TEXT + database("permissions"),
        {"grp": 1, "ip_addr": "192.0.2.1", "mask": 32},
        {"grp": 1, "ip_addr": "192.0.2.2", "mask": 32},
        "permissions.addressDump",
        "192.0.2.1",
        "192.0.2.2",
        name="address",
    ),
    "permissions trusted": Case(
        "permissions.trustedReload",
        DB_TEXT + database("permissions") + 'modparam("permissions", "db_mode", 1)\n',
        {"src_ip": "192.0.2.1", "proto": "any"},
        {"src_ip": "192.0.2.2", "proto": "any"},
        "permissions.trustedDump",
        "192.0.2.1",
        "192.0.2.2",
        name="trusted",
    ),
    "domain": Case(
        "domain.reload",
        DB_TEXT + database("domain"),
        {"domain": "before.example.com"},
        {"domain": "after.example.com"},
        "domain.dump",
        name="domain",
    ),
    "htable": Case(
        "htable.reload routes",
        DB_TEXT + database("htable") + 'modparam("htable", "htable", "routes=>size=4;dbtable=htable;autoexpire=0;")\n',
        {"key_name": "k", "key_value": "before"},
        {"key_name": "k", "key_value": "after"},
        "htable.dump routes",
        name="htable",
    ),
    "mtree": Case(
        "mtree.reload routes",
        DB_TEXT + ANSWER + database("mtree") + 'modparam("mtree", "mtree", "name=routes;dbtable=mtree;type=0")\n',
        {"tprefix": "49", "tvalue": "before"},
        {"tprefix": "49", "tvalue": "after"},
        "mtree.list routes",
        name="mtree",
    ),
    "mtree db_table": Case(
        "mtree.reload",
        DB_TEXT + ANSWER + database("mtree") + 'modparam("mtree", "db_table", "mtrees")\n',
        {"tname": "routes", "tprefix": "49", "tvalue": "before"},
        {"tname": "routes", "tprefix": "49", "tvalue": "after"},
        "mtree.list routes",
        name="mtrees",
    ),
    "dialplan": Case(
        "dialplan.reload",
        DB_TEXT + 'loadmodule "pv.so"\n' + database("dialplan"),
        {"dpid": 1, "match_op": 1, "match_exp": "49", "subst_exp": "49", "repl_exp": "before"},
        {"dpid": 1, "match_op": 1, "match_exp": "49", "subst_exp": "49", "repl_exp": "after"},
        "dialplan.translate 1 s:49",
        name="dialplan",
    ),
    "pdt": Case(
        "pdt.reload",
        DB_TEXT + database("pdt"),
        {"sdomain": "*", "prefix": "49", "domain": "before.example.com"},
        {"sdomain": "*", "prefix": "49", "domain": "after.example.com"},
        "pdt.list",
        name="pdt",
    ),
    "matrix": Case(
        "matrix.reload",
        DB_TEXT + ANSWER + database("matrix"),
        {"first": 1, "second": 2, "res": 480},
        {"first": 1, "second": 2, "res": 486},
        before="480",
        after="486",
        skipped={"first": 1, "second": 99999, "res": 1},
        name="matrix",
        route='$avp(a) = 1; $avp(b) = 2; matrix("$avp(a)", "$avp(b)", "$avp(code)");'
        ' sl_send_reply("$avp(code)", "Answer");',
    ),
    "lcr": Case(
        "lcr.reload",
        DB_TEXT
        + ANSWER
        + 'loadmodule "tm.so"\n'
        + database("lcr")
        + 'modparam("lcr", "gw_uri_avp", "$avp(i:709)")\nmodparam("lcr", "ruri_user_avp", "$avp(i:500)")\n',
        {"lcr_id": 1, "gw_name": "before", "ip_addr": "192.0.2.1", "uri_scheme": 1, "transport": 1, "params": ";x=y"},
        {"lcr_id": 1, "gw_name": "after", "ip_addr": "192.0.2.1", "uri_scheme": 1, "transport": 1, "params": ";x=y"},
        "lcr.dump_gws",
        name="lcr_gw",
        tables={
            "lcr_rule": {"lcr_id": 1, "prefix": "49", "enabled": 1},
            "lcr_rule_target": {"lcr_id": 1, "rule_id": 1, "gw_id": 1, "weight": 1},
        },
    ),
    "drouting": Case(
        "drouting.reload",
        DB_TEXT + ANSWER + database("drouting"),
        {"gwid": 1, "type": 1, "address": "192.0.2.1", "pri_prefix": ""},
        {"gwid": 1, "type": 1, "address": "192.0.2.2", "pri_prefix": ""},
        before="192.0.2.1",
        after="192.0.2.2",
        skipped={"gwid": 1, "type": 1, "address": "..nowhere", "pri_prefix": "1"},
        name="dr_gateways",
        tables={"dr_rules": {"ruleid": 1, "groupid": "0", "prefix": "50", "timerec": "20000101T000000", "gwlist": "1"}},
        route='do_routing("0"); sl_send_reply("480", "$rd");',
    ),
    "carrierroute config_file": Case(
        "cr.reload_routes",
        'loadmodule "carrierroute.so"\nmodparam("carrierroute", "config_file", "@DIR@/carrierroute.conf")\n',
        "domain register {\n  prefix 49 {\n    max_targets = 1\n    target before {\n      prob = 1.0\n    }\n  }\n}\n",
        "domain register {\n  prefix 49 {\n    max_targets = 1\n    target after {\n      prob = 1.0\n    }\n  }\n}\n",
        "cr.dump_routes",
        name="carrierroute.conf",
    ),
    "secfilter": Case(
        "secfilter.reload",
        DB_TEXT + database("secfilter"),
        {"action": 0, "type": 0, "data": "before"},
        {"action": 0, "type": 0, "data": "after"},
        "secfilter.print",
        name="secfilter",
    ),
    "userblocklist": Case(
        "userblocklist.reload_blocklist",
        DB_TEXT + ANSWER + database("userblocklist"),
        {"prefix": "49", "allowlist": 0},
        {"prefix": "50", "allowlist": 0},
        before="Allowed",
        after="Blocked",
        name="globalblocklist",
        route='if (check_blocklist("globalblocklist")) { sl_send_reply("480", "Allowed"); }'
        ' else { sl_send_reply("480", "Blocked"); }',
    ),
    "regex": Case(
        "regex.reload",
        ANSWER + 'loadmodule "regex.so"\nmodparam("regex", "file", "@DIR@/groups")\n',
        "[0]\nafter\n",
        "[0]\n50\n",
        name="groups",
        route='if (pcre_match_group("$rU", "0")) { sl_send_reply("480", "after"); }'
        ' else { sl_send_reply("480", "before"); }',
        broken="[0]\n(\n",
    ),
    "rtpengine": Case(
        "rtpengine.reload",
        DB_TEXT + 'loadmodule "tm.so"\n' + database("rtpengine"),
        {"setid": 1, "url": "udp:127.0.0.1:9"},
        {"setid": 1, "url": "udp:127.0.0.1:7"},
        "rtpengine.show all",
        "127.0.0.1:9",
        "127.0.0.1:7",
        skipped={"setid": 1, "url": "nowhere"},
        name="rtpengine",
    ),
    "uac": Case(
        "uac.reg_reload",
        DB_TEXT
        + 'loadmodule "tm.so"\nloadmodule "rr.so"\n'
        + database("uac", "reg_db_url")
        + 'modparam("uac", "reg_contact_addr", "127.0.0.1:5060")\n',
        {"l_uuid": "before", "l_username": "a", "l_domain": "b", "r_username": "c", "r_domain": "127.0.0.1"}
        | {
            "realm": "e",
            "auth_username": "f",
            "auth_password": "g",
            "auth_ha1": "0" * 32,
            "auth_proxy": "sip:127.0.0.1:9",
            "flags": 1,
        },
        {"l_uuid": "after", "l_username": "a", "l_domain": "b", "r_username": "c", "r_domain": "127.0.0.1"}
        | {
            "realm": "e",
            "auth_username": "f",
            "auth_password": "g",
            "auth_ha1": "0" * 32,
            "auth_proxy": "sip:127.0.0.1:9",
            "flags": 1,
        },
        "uac.reg_dump",
        name="uacreg",
        skipped={"l_uuid": "after", "auth_password": "g", "auth_ha1": "short"},
    ),
    "dispatcher": Case(
        "dispatcher.reload",
        DB_TEXT + database("dispatcher"),
        {"setid": 1, "destination": "sip:127.0.0.1:9"},
        {"setid": 1, "destination": "sip:127.0.0.1:7"},
        "dispatcher.list",
        "127.0.0.1:9",
        "127.0.0.1:7",
        name="dispatcher",
    ),
    "dispatcher list_file": Case(
        "dispatcher.reload",
        'loadmodule "dispatcher.so"\nmodparam("dispatcher", "list_file", "@DIR@/gateways")\n',
        "1 sip:127.0.0.1:9\n",
        "1 sip:127.0.0.1:7\n",
        "dispatcher.list",
        "127.0.0.1:9",
        "127.0.0.1:7",
        skipped="1 sip:[nowhere\n",
        name="gateways",
        broken="1\n",
    ),
    "app_lua": Case(
        "app_lua.reload",
        ANSWER + 'loadmodule "app_lua.so"\nmodparam("app_lua", "load", "@DIR@/answer.lua")\n',
        'function answer()\n  KSR.sl.sl_send_reply(480, "before")\nend\n',
        'function answer()\n  KSR.sl.sl_send_reply(480, "after")\nend\n',
        name="answer.lua",
        route='lua_run("answer");',
    ),
    "app_python3": Case(
        "app_python.reload",
        ANSWER + 'loadmodule "app_python3.so"\nmodparam("app_python3", "load", "@DIR@/answer.py")\n',
        "import KSR\n\n\nclass Answer:\n    def child_init(self, rank):\n        return 0\n\n"
        '    def answer(self, msg):\n        KSR.sl.sl_send_reply(480, "before")\n        return 1\n\n\n'
        "def mod_init():\n    return Answer()\n",
        "import KSR\n\n\nclass Answer:\n    def child_init(self, rank):\n        return 0\n\n"
        '    def answer(self, msg):\n        KSR.sl.sl_send_reply(480, "after")\n        return 1\n\n\n'
        "def mod_init():\n    return Answer()\n",
        name="answer.py",
        route='python_exec("answer");',
    ),
    "app_python3s": Case(
        "app_python3s.reload",
        ANSWER + 'loadmodule "app_python3s.so"\nmodparam("app_python3s", "load", "@DIR@/answer.py")\n',
        'import KSR\n\n\ndef answer(*given):\n    KSR.sl.sl_send_reply(480, "before")\n    return 1\n',
        'import KSR\n\n\ndef answer(*given):\n    KSR.sl.sl_send_reply(480, "after")\n    return 1\n',
        name="answer.py",
        route='app_python3s_exec("answer");',
        suites=("trixie", "sid"),
    ),
    "app_jsdt loaddir": Case(
        "app_jsdt.reload",
        ANSWER + 'loadmodule "app_jsdt.so"\nmodparam("app_jsdt", "loaddir", "@DIR@/scripts")\n',
        'function answer() {\n  KSR.sl.sl_send_reply(480, "before");\n}\n',
        'function answer() {\n  KSR.sl.sl_send_reply(480, "after");\n}\n',
        name="scripts/answer.js",
        route='jsdt_run("answer");',
        suites=("sid",),
    ),
    "app_jsdt": Case(
        "app_jsdt.reload",
        ANSWER + 'loadmodule "app_jsdt.so"\nmodparam("app_jsdt", "load", "@DIR@/answer.js")\n',
        'function answer() {\n  KSR.sl.sl_send_reply(480, "before");\n}\n',
        'function answer() {\n  KSR.sl.sl_send_reply(480, "after");\n}\n',
        name="answer.js",
        route='jsdt_run("answer");',
    ),
    "app_ruby": Case(
        "app_ruby.reload",
        ANSWER + 'loadmodule "app_ruby.so"\nmodparam("app_ruby", "load", "@DIR@/answer.rb")\n',
        'def answer()\n  KSR::SL.sl_send_reply(480, "before")\nend\n',
        'def answer()\n  KSR::SL.sl_send_reply(480, "after")\nend\n',
        name="answer.rb",
        route='ruby_run("answer");',
    ),
}

# Other tables of the same commands.
CASES["domain_attrs"] = replace(
    CASES["domain"],
    old={"did": "a", "name": "before", "type": 2, "value": "v"},
    new={"did": "a", "name": "after", "type": 2, "value": "v"},
    name="domain_attrs",
    tables={"domain": {"domain": "example.com", "did": "a"}},
)
CASES["lcr_rule"] = replace(
    CASES["lcr"],
    old={"lcr_id": 1, "prefix": "4901", "from_uri": "", "request_uri": "", "enabled": 1},
    new={"lcr_id": 1, "prefix": "4902", "from_uri": "", "request_uri": "", "enabled": 1},
    shows="lcr.dump_rules",
    before="4901",
    after="4902",
    name="lcr_rule",
    tables={
        "lcr_gw": {"lcr_id": 1, "ip_addr": "192.0.2.1", "uri_scheme": 1, "transport": 1, "params": ";x=y"},
        "lcr_rule_target": {"lcr_id": 1, "rule_id": 1, "gw_id": 1, "weight": 1},
    },
)
CASES["dr_rules"] = replace(
    CASES["drouting"],
    old={"ruleid": 1, "groupid": "0", "prefix": "50", "timerec": "20000101T000000", "gwlist": "1"},
    new={"ruleid": 1, "groupid": "0", "prefix": "51", "timerec": "20000101T000000", "gwlist": "1"},
    after="127.0.0.1",
    name="dr_rules",
    tables={"dr_gateways": {"gwid": 1, "type": 1, "address": "192.0.2.1", "pri_prefix": ""}},
    skipped="",
)
CASES["app_python3 script_name"] = replace(
    CASES["app_python3"], body=CASES["app_python3"].body.replace('"load"', '"script_name"')
)


def prepare(case: Case, suite: str, tmp_path: Path) -> Setup:
    """The files of a case for a server of a suite, with what was there before the change."""
    setup = Setup(tmp_path, case.body, None, case.route)
    if case.table:
        shutil.copytree(ROOTS / suite / SHIPPED, setup.folder / "db")
        for name, row in case.tables.items():
            add_row(setup.folder / "db" / name, row)
    for name, text in case.files.items():
        (setup.folder / name).write_text(text)
    case.write(setup, case.old, OLD)
    return setup


def needed(setup: Setup, version: str, *paths: Path, before: Callable[[str], bytes | None] | None = None) -> Least:
    """What a server needs for changed files."""
    config = str(setup.config)
    evaluation = evaluate(config, setup.config.read_bytes(), bytes_of, as_version(version))
    files = Files(before or (lambda path: None), bytes_of, os.path.realpath)
    return reloads_of(evaluation, [str(path) for path in paths], as_version(version), files)


def bytes_of(path: str) -> bytes | None:
    return Path(path).read_bytes() if Path(path).is_file() else None


def connection(server: Server) -> Connection:
    address = parse_binrpc(server.control)
    assert address
    return Connection((address,), 10)


def shown(case: Case, setup: Setup, server: Server) -> str:
    """What shows which content the server has loaded."""
    return server.rpc(*case.shows.split()) if case.shows else answer(setup.port)


def answer(port: int) -> str:
    """The first line of the answer to a SIP request, which one process handles."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.settimeout(5)
        request = (
            "OPTIONS sip:50@127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%d\r\n"
            "From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:50@127.0.0.1>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\n"
            "Max-Forwards: 10\r\nContent-Length: 0\r\n\r\n"
        )
        own = client.getsockname()[1]
        client.sendto((request % (port, own, time.monotonic_ns(), time.monotonic_ns())).encode(), ("127.0.0.1", port))
        return client.recv(65535).decode().splitlines()[0]


def settle(server: Server) -> None:
    """Wait until the last process has been made, since a server answers before, and has read its files."""
    end = time.monotonic() + 10
    while "tcp main process" not in server.rpc("core.psx") and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)


def processes(server: Server) -> set[str]:
    """The ids of its processes."""
    return set(re.findall(r"PID: (\d+)", server.rpc("core.psx")))


def on_suites(*names: str) -> pytest.MarkDecorator:
    """Cases, each with the suites that have it; but for one of them, they are run at night."""
    cases = [(name, suite) for name in names for suite in CASES[name].suites]
    params = [pytest.param(*case, marks=() if case[1] == "trixie" else pytest.mark.nightly) for case in cases]
    return pytest.mark.parametrize("name, suite", params)


@on_suites(*CASES)
def test_command_loads_the_file_and_keeps_the_processes(name: str, suite: str, version: str, tmp_path: Path) -> None:
    case = CASES[name]
    setup = prepare(case, suite, tmp_path)
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        settle(server)
        running = processes(server)
        first = shown(case, setup, server)
        assert case.before in first and case.after not in first, (first, server.log_text()[-3000:])
        path = case.write(setup, case.new)
        least = needed(setup, version, path)
        assert [reload.call for reload in least.reloads] == [case.call] and not least.restarts, least
        load_files(connection(server), least.reloads, 20)
        then = shown(case, setup, server)
        assert case.after in then and case.before not in then, (then, server.log_text()[-3000:])
        assert running and processes(server) == running


# rtpengine takes no reload in the first ten seconds.
@on_suites(*(name for name in CASES if name != "rtpengine"))
def test_file_that_cannot_be_loaded(name: str, suite: str, version: str, tmp_path: Path) -> None:
    case = CASES[name]
    setup = prepare(case, suite, tmp_path)
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        settle(server)
        assert case.before in shown(case, setup, server)
        path = case.path(setup)
        path.write_text(case.broken)
        (reload,) = needed(setup, version, path).reloads
        command = COMMANDS[reload.command]
        if reload.command.startswith(("app_", "userblocklist")):
            assert reload.unseen
            load_files(connection(server), [reload], 20)
        else:
            with pytest.raises(KamailioError, match="did not load %s with %s: " % (re.escape(str(path)), reload.call)):
                load_files(connection(server), [reload], 20)
        assert (case.before in shown(case, setup, server)) is not command.loses


@on_suites(*(name for name in CASES if CASES[name].skipped))
def test_what_is_left_out_in_silence(name: str, suite: str, version: str, tmp_path: Path) -> None:
    case = CASES[name]
    setup = prepare(case, suite, tmp_path)
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        settle(server)
        assert case.before in shown(case, setup, server)
        (reload,) = needed(setup, version, case.write(setup, case.skipped)).reloads
        load_files(connection(server), [reload], 20)
        then = shown(case, setup, server)
        assert case.before not in then and case.after not in then, then
        assert reload.unseen


def test_db_text_does_not_look_again(suite: str, version: str, tmp_path: Path) -> None:
    case = CASES["htable"]
    setup = prepare(case, suite, tmp_path)
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        path = case.write(setup, case.new)
        least = needed(setup, version, path)
        assert least.by_time == (str(path),)
        # Not a second newer than what is loaded.
        os.utime(path, (OLD + 0.9, OLD + 0.9))
        load_files(connection(server), least.reloads, 5)
        assert case.before in shown(case, setup, server)
        away = path.rename(path.with_name("away"))
        load_files(connection(server), least.reloads, 5)
        assert case.before in shown(case, setup, server)
        gone = needed(setup, version, path)
        assert not gone.reloads and "whose file is removed" in gone.restarts[0].reason
        away.rename(path)
    case.write(setup, case.old, OLD)
    setup.config.write_text(setup.config.read_text().replace('"db_mode", 1', '"db_mode", 0'))
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        path = case.write(setup, case.new)
        load_files(connection(server), least.reloads, 5)
        assert case.before in shown(case, setup, server)
        cached = needed(setup, version, path)
        assert not cached.reloads and "by the db_mode of db_text" in cached.restarts[0].reason


TLS = """enable_tls=yes
listen=tls:127.0.0.1:@TLS@
loadmodule "tls.so"
modparam("tls", "config", "tls.cfg")
"""
DOMAINS = """[server:default]
method = TLSv1.2+
certificate = links/server.pem  # relative to the configuration
private_key = "%s/server.key"
"""


class Domains:
    """A server that speaks TLS, with a certificate that is behind a link."""

    def __init__(self, tmp_path: Path, body: str = TLS) -> None:
        self.port = free_ports(1)[0]
        self.setup = Setup(tmp_path, body.replace("@TLS@", str(self.port)), None)
        folder = self.setup.folder
        (folder / "links").mkdir()
        (folder / "links/server.pem").symlink_to("../server.pem")
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        self.domains = folder / "tls.cfg"
        self.domains.write_text(DOMAINS % folder)
        self.issue("before")

    def issue(self, name: str) -> None:
        """Replace the certificate and its key."""
        request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj"
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        subprocess.run([*request.split(), "/CN=" + name, *files], check=True, capture_output=True)

    def shown(self) -> bytes:
        """The certificate that the server shows."""
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", self.port), timeout=10))


def test_certificates(suite: str, version: str, tmp_path: Path) -> None:
    tls = Domains(tmp_path)
    with tls.setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        settle(server)
        running = processes(server)
        assert b"before" in tls.shown()
        tls.issue("after")
        least = needed(tls.setup, version, tls.certificate, tls.key)
        assert [reload.call for reload in least.reloads] == ["tls.reload"] and not least.restarts
        load_files(connection(server), least.reloads, 5)
        assert b"after" in tls.shown() and processes(server) == running
        key = tls.key.read_bytes()
        tls.issue("other")
        for broken in (key, b"junk\n"):
            tls.key.write_bytes(broken)
            with pytest.raises(KamailioError, match=r"server\.pem, .*server\.key with tls\.reload: .* error 500"):
                load_files(connection(server), least.reloads, 5)
            assert b"after" in tls.shown()
        tls.domains.write_text('include "more.cfg"\n')
        with pytest.raises(KamailioError, match=r"tls\.reload with the error 500"):
            load_files(connection(server), needed(tls.setup, version, tls.domains).reloads, 5)
        assert b"after" in tls.shown()


PARAMETERS = """modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "server.pem")
modparam("tls", "private_key", "server.key")
"""


def test_certificates_without_a_file_of_domains(suite: str, version: str, tmp_path: Path) -> None:
    tls = Domains(tmp_path, TLS.replace('modparam("tls", "config", "tls.cfg")\n', "") + PARAMETERS)
    with tls.setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        tls.issue("after")
        least = needed(tls.setup, version, tls.certificate, tls.key)
        assert not least.reloads and len(least.restarts) == 2
        assert "No TLS configuration file configured" in server.rpc("tls.reload")
        assert b"before" in tls.shown()


def test_other_files_of_the_domains(suite: str, version: str, tmp_path: Path) -> None:
    tls = Domains(tmp_path, TLS + PARAMETERS.replace("server.", "not-read."))
    folder = tls.setup.folder
    usual, authorities, revoked = folder / "cert.pem", folder / "authorities.pem", folder / "revoked.pem"
    usual.write_bytes(tls.certificate.read_bytes() + tls.key.read_bytes())
    authorities.write_bytes(tls.certificate.read_bytes())
    tls.domains.write_text("[server:default]\nmethod = TLSv1.2+\nca_list = authorities.pem\n")
    with tls.setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        assert b"before" in tls.shown()
        tls.issue("after")
        usual.write_bytes(tls.certificate.read_bytes() + tls.key.read_bytes())
        least = needed(tls.setup, version, usual, authorities)
        assert [reload.call for reload in least.reloads] == ["tls.reload"] and not least.restarts
        load_files(connection(server), least.reloads, 5)
        assert b"after" in tls.shown()
        authorities.write_text("junk\n")
        with pytest.raises(KamailioError, match=r"tls\.reload with the error 500"):
            load_files(connection(server), least.reloads, 5)
        tls.domains.write_text("[server:default]\nmethod = TLSv1.2+\ncrl = revoked.pem\n")
        revoked.write_text("junk\n")
        assert [reload.call for reload in needed(tls.setup, version, revoked).reloads] == ["tls.reload"]
        with pytest.raises(KamailioError, match=r"tls\.reload with the error 500"):
            load_files(connection(server), least.reloads, 5)


def test_rules_that_no_command_loads(suite: str, version: str, tmp_path: Path) -> None:
    body = ANSWER + 'loadmodule "permissions.so"\n'
    rules = 'if (allow_routing()) { sl_send_reply("480", "Allowed"); } else { sl_send_reply("480", "Denied"); }'
    setup = Setup(tmp_path, body, None, rules)
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        assert "Allowed" in answer(setup.port)
        path = setup.folder / "permissions.deny"
        path.write_text("ALL : ALL\n")
        (restart,) = needed(setup, version, path).restarts
        assert restart.reason == "no command loads the default_deny_file of permissions"
        for command in ("permissions.addressReload", "permissions.trustedReload"):
            server.rpc(command)
        assert "Allowed" in answer(setup.port)
        server.stop()
        server.start()
        assert "Denied" in answer(setup.port)


@pytest.mark.parametrize("function", sorted(RUNS_COMMAND))
def test_command_of_the_script_is_run_anew(function: str, suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, ANSWER + 'loadmodule "exec.so"\n', None)
    program, said = setup.folder / "answer", setup.folder / "said"
    given = '"%s x", "$avp(said)"' if function == "exec_avp" else '"%s x"'
    route = '%s(%s); sl_send_reply("480", "Answer");' % (function, given % program)
    setup.config.write_text(setup.config.read_text().replace("exit;", route))
    text = "#!/bin/sh\necho %s >" + str(said) + "\necho sip:127.0.0.1:9\n"
    program.write_text(text % "before")
    program.chmod(0o755)
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        answer(setup.port)
        assert said.read_text() == "before\n"
        program.write_text(text % "after")
        least = needed(setup, version, program)
        assert [idle.path for idle in least.nothing] == [str(program)] and not least.reloads + least.restarts
        answer(setup.port)
        assert said.read_text() == "after\n"


def test_commands_in_their_order_until_one_fails(suite: str, version: str, tmp_path: Path) -> None:
    first, second = CASES["permissions address_file"], CASES["regex"]
    setup = Setup(tmp_path, first.body + second.body, None, second.route)
    paths = [case.write(setup, case.old) for case in (second, first)]
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        second.write(setup, second.broken)
        first.write(setup, first.new)
        failure = r"groups with regex\.reload: the server answered .*\. Loaded before it: permissions\.addressReload\."
        with pytest.raises(KamailioError, match=failure):
            load_files(connection(server), needed(setup, version, *paths).reloads, 5)
        assert first.after in shown(first, setup, server) and second.before in shown(second, setup, server)
        # The server takes the next one some seconds later.
        with pytest.raises(
            KamailioError, match=r"may not have loaded .*address\.list with permissions\.addressReload\n"
        ):
            load_files(connection(server), needed(setup, version, paths[1]).reloads, 0.1)
    with pytest.raises(KamailioError, match="may not have loaded"):
        load_files(connection(server), needed(setup, version, *paths).reloads, 0.1)


def test_command_waits_until_the_server_takes_it(suite: str, version: str, tmp_path: Path) -> None:
    waits = "rpc_exec_delta=1\n" if suite == "sid" else ""
    tls = Domains(tmp_path, waits + TLS + CASES["dialplan"].body + 'modparam("dialplan", "reload_delta", 1)\n')
    shutil.copytree(ROOTS / suite / SHIPPED, tls.setup.folder / "db")
    with tls.setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        rules = tls.setup.folder / "db/dialplan"
        reloads = needed(tls.setup, version, rules, tls.certificate).reloads
        assert len(reloads) == 2
        for _again in range(2):
            load_files(connection(server), reloads, 5)


def test_every_row_has_a_case() -> None:
    """What the tables say was seen on servers."""
    calls = {case.call.split()[0] for case in CASES.values()} | {"tls.reload"}
    assert calls == set(COMMANDS)
    assert {row.command for row in FILES if row.command} | {row.command for row in TABLES} == calls
    bodies = "".join(case.body for case in CASES.values())
    # Those of tls and permissions have tests of their own.
    alone = ("config", "default_allow_file", "default_deny_file")
    named = [(row.module, row.parameter) for row in FILES if row.parameter not in alone]
    for module, parameter in [*named, *((row.module, row.parameter) for row in TABLES)]:
        assert f'"{module}", "{parameter}"' in bodies, (module, parameter)


def test_lua_without_reload(suite: str, version: str, tmp_path: Path) -> None:
    case = CASES["app_lua"]
    setup = prepare(case, suite, tmp_path)
    usual = needed(setup, version, case.path(setup)).reloads
    setup.config.write_text(
        setup.config.read_text().replace("request_route", 'modparam("app_lua", "reload", 0)\nrequest_route')
    )
    least = needed(setup, version, case.path(setup))
    assert not least.reloads and "by the reload of app_lua" in least.restarts[0].reason
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        with pytest.raises(KamailioError, match=r"app_lua\.reload with the error 500: Reload Failed"):
            load_files(connection(server), usual, 5)
