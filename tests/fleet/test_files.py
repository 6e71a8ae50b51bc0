# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole files rolled out to a server of each version: what each kind needs, while calls go on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lab.fleet import Fleet

from fleet.rollout import EACH_VERSION, GOOD, LIST, MORE, Proxies, until
from fleet.test_lab import SCENARIOS
from fleet.test_rollout_under_load import CALLS_A_SECOND, Calls

pytestmark = pytest.mark.nightly
FOLDER = "/etc/kamailio/"
MODULES = """
loadmodule "permissions.so"
loadmodule "app_lua.so"
loadmodule "tls.so"
modparam("permissions", "address_file", "/etc/kamailio/address.list")
modparam("app_lua", "load", "/etc/kamailio/script.lua")
modparam("app_lua", "reload", 1)
modparam("tls", "config", "/etc/kamailio/tls.cfg")
include_file "routes/inbound.cfg"
"""
TLS = "[server:default]\nmethod = TLSv1.2+\ncertificate = /etc/kamailio/tls.pem\nprivate_key = /etc/kamailio/tls.key\n"
LUA = 'function marked()\n  KSR.hdr.append("X-Script: %s\\r\\n")\n  return 1\nend\n'


def certificate(proxies: Proxies, name: str) -> tuple[str, str]:
    """A key and a certificate of its own, as texts."""
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-days", "30"]
    proxies.must("d1", "openssl", *request, "-keyout", "/root/tls.key", "-out", "/root/tls.pem")
    return proxies.must("d1", "cat", "/root/tls.key"), proxies.must("d1", "cat", "/root/tls.pem")


def config_of(proxies: Proxies, host: str, *comments: str) -> str:
    """The configuration of a host with more modules, TLS and a route in a file of its own."""
    text = proxies.configs[host].replace('loadmodule "dispatcher.so"', MODULES + 'loadmodule "dispatcher.so"')
    address = proxies.fleet.hosts[host].address
    text = text.replace(":5060\n", ":5060\nlisten=tls:%s:5061\nenable_tls=yes\n" % address, 1)
    text = text.replace("    record_route();", "    record_route();\n    route(INBOUND);")
    return text + "".join("# %s\n" % comment for comment in comments)


def entry(name: str, content: str, **rest: str) -> dict[str, str]:
    """A file of the server."""
    return {"path": FOLDER + name, "content": content, **rest}


def processes(proxies: Proxies, host: str) -> str:
    """The ids of the server's processes."""
    return " ".join(re.findall(r"^\d+$", proxies.must(host, "kamcmd", "core.ps"), re.M))


def roll_out(proxies: Proxies, files: dict[str, list[dict[str, str]]], **variables: Any) -> str:
    """Roll files out, by host; what was printed."""
    hosts = {host: {"dispatcher_files": entries} for host, entries in files.items()}
    status, printed = proxies.play(hosts=hosts, rollout_serial=[1, 2], **variables)
    assert status == 0, printed
    return printed


def test_each_kind_of_file_gets_the_least_that_it_needs(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "plays").mkdir()
    proxies = Proxies(fleet, tmp_path / "plays", EACH_VERSION, fr_timer=3000)
    key, first = certificate(proxies, "first")
    common = [
        entry("script.lua", LUA % "first"),
        entry("address.list", "1 192.0.2.1\n"),
        entry("tls.cfg", TLS),
        entry("tls.key", key, mode="0640", group="kamailio"),
        entry("tls.pem", first),
        entry("routes/inbound.cfg", 'route[INBOUND] {\n    lua_run("marked");\n}\n'),
        entry("dispatcher.list", LIST),
    ]
    every = {host: [entry("kamailio.cfg", config_of(proxies, host)), *common] for host in EACH_VERSION}
    printed = roll_out(proxies, every, dispatcher_rehearse="required")
    assert printed.count('changed (restart)"') == 3, printed
    assert roll_out(proxies, every).count('nothing to do"') == 3
    # All that a command loads, and comments, while calls go on.
    proxies.write("d2", "/root/call.xml", (SCENARIOS / "call.xml").read_text())
    calls = [Calls(proxies, number, host) for number, host in enumerate(EACH_VERSION)]
    until(lambda: all(line.count()[0] > CALLS_A_SECOND for line in calls))
    running = {host: processes(proxies, host) for host in EACH_VERSION}
    key, second = certificate(proxies, "second")
    reloaded = [
        entry("script.lua", LUA % "second"),
        entry("address.list", "1 192.0.2.2\n"),
        entry("tls.cfg", TLS),
        entry("tls.key", key, mode="0640", group="kamailio"),
        entry("tls.pem", second),
        entry("routes/inbound.cfg", '# A comment\nroute[INBOUND] {\n    lua_run("marked");\n}\n'),
        entry("dispatcher.list", f"1 {GOOD} 8\n1 {MORE} 8\n"),
    ]
    every = {host: [entry("kamailio.cfg", config_of(proxies, host, "one more")), *reloaded] for host in EACH_VERSION}
    printed = roll_out(proxies, every, dispatcher_restart="never")
    counted = [line.end() for line in calls]
    assert printed.count('changed (reload)"') == 3, printed
    assert {host: processes(proxies, host) for host in EACH_VERSION} == running
    assert [failed for _succeeded, failed in counted] == [0] * len(EACH_VERSION), counted
    for host in EACH_VERSION:
        assert proxies.runs(host) == sorted([GOOD, MORE])
        assert "192.0.2.2" in proxies.must(host, "kamcmd", "permissions.addressDump")
        shown = ["sh", "-c", "openssl s_client -connect %s:5061 </dev/null 2>/dev/null" % fleet.hosts[host].address]
        assert "CN = second" in proxies.must(host, *shown).replace("CN=second", "CN = second")
    # A route that is another one.
    route = 'route[INBOUND] {\n    lua_run("marked");\n    append_hf("X-R: 1\\r\\n");\n}\n'
    reloaded[5] = entry("routes/inbound.cfg", route)
    every = {host: [every[host][0], *reloaded] for host in EACH_VERSION}
    printed = roll_out(proxies, every)
    assert printed.count('changed (restart)"') == 3, printed
    assert all(processes(proxies, host) != running[host] for host in EACH_VERSION)
    # One that the server would die of, although kamailio -c takes it: no host is touched.
    before = {host: proxies.files(host) for host in EACH_VERSION}
    fatal = 'modparam("ctl", "binrpc", "unix:/no/such/folder/ctl")'
    bad = {host: [entry("kamailio.cfg", config_of(proxies, host) + fatal), *reloaded] for host in EACH_VERSION}
    hosts: dict[str, dict[str, Any]] = {host: {"dispatcher_files": entries} for host, entries in bad.items()}
    status, printed = proxies.play(hosts=hosts, rollout_serial=[1, 2])
    assert status != 0 and "No host has been changed" in printed and "does not come up" in printed, printed
    assert {host: proxies.files(host) for host in EACH_VERSION} == before
