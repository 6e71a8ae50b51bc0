# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of destinations that servers cannot find, or take for other addresses."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from conformance.modules import has_parameter
from conformance.server import Peers, free_ports
from conformance.setups import Setup, rules

BASE = """loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
"""
# The servers of these tests have no name server, so names that one could find are not among them.
HOSTS = (
    "127.0.0.1",
    "127.0.0.257",
    "127.0.0.01",
    "127..0.1",
    "127.0.0.",
    "...",
    "999.0.0.1",
    "127.0.0.4294967297",
    "u@127.0.0.1",
    "u@127.0.0.300",
    "127.1",
    "u@127.1",
    "10.0.0",
    "127.0.0.1.",
    ".127.0.0.1",
    "1.2.3.4.5",
    "2130706433",
    "${X}",
    "<PBX>",
    "$ENV(PBX)",
    "{{x}}",
    "%X%",
    "127.0.0.1/32",
    "host/32",
    "127.0.0.1,127.0.0.2",
    "127,0,0,1",
    "a*b",
    "a+b",
    "a..b",
    ".a",
    "127.0.0.1\u00a0",
    "127.0.0.1\\",
    "(127.0.0.1)",
    '"127.0.0.1"',
    "'127.0.0.1'",
    "h!x",
    "h=x",
    "h&x",
    "h|x",
    "h~x",
)
IPV6 = (
    "[::1]",
    "u@[::1]",
    "[::FFFF]",
    "[2001:db8:0:0::1]",
    "[1:2:3:4:5:6:7:8]",
    "[1:2:3:4:5:6:7:]",
    "[12345::1]",
    "[::]",
    "[127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::g]",
    "[1:2:3]",
    "[1::2::3]",
    "[:::1]",
    "[:1]",
    "[]",
    "[localhost]",
    "[::1%lo]",
    "[1:2:3:4:5:6:7::]",
    "[1:2:3:4:5:6:7:8:9]",
)
# What decides who looks for a host: a line of the configuration, and the flags of the destinations.
SEARCHES = {
    "cache": ("", 0),
    "no_cache": ("use_dns_cache=no\n", 0),
    "not_at_start": ('modparam("dispatcher", "ds_dns_mode", 2)\n', 0),
    "by_timer": ('modparam("dispatcher", "ds_dns_mode", 4)\n', 0),
    "with_srv": ('modparam("dispatcher", "ds_dns_mode", 9)\n', 0),
    "flag_16": ("", 16),
}


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_hosts_that_are_skipped(family: str, search: str, suite: str, version: str, tmp_path: Path) -> None:
    line, flags = SEARCHES[search]
    if "ds_dns_mode" in line and not has_parameter(version, "dispatcher", "ds_dns_mode"):
        pytest.skip("this version looks hosts up when it loads the list, and only then")
    hosts = HOSTS if family == "ipv4" else IPV6
    body = BASE + line + ("" if family == "ipv4" else "listen=udp:[::1]:%d\n" % free_ports(1)[0])
    listing = "".join("1 sip:%s:%d %d\n" % (host, 1000 + at, flags) for at, host in enumerate(hosts))
    setup = Setup(tmp_path, body, listing)
    judged = setup.judge(version).result
    skipped = {hosts[at] for at, destination in enumerate(judged["probing"]) if destination["skipped"]}
    with setup.server(suite) as server:
        loaded = {hosts[int(destination.uri.rpartition(":")[2]) - 1000] for destination in server.destinations()}
    assert set(hosts) - loaded == skipped


def test_pings_go_to_the_address_that_the_server_reads(suite: str, version: str, tmp_path: Path) -> None:
    body = BASE + 'modparam("dispatcher", "ds_ping_interval", 1)\nmodparam("dispatcher", "ds_probing_mode", 1)\n'
    with Peers(3) as peers:
        # Each is 127.0.0.1 to the server.
        hosts = ("127.0.0.257", "383.0.0.1", "127.0..1")
        listing = "".join("1 sip:%s:%d\n" % (host, port) for host, port in zip(hosts, peers.ports))
        setup = Setup(tmp_path, body, listing)
        judged = setup.judge(version)
        assert rules(judged) == ["address-misread"]
        read = [
            finding["text"].rpartition(" ")[2]
            for finding in judged.result["findings"]
            if finding["rule"] == "address-misread"
        ]
        assert read == ["127.0.0.1", "127.0.0.1", "127.0.0.1"]
        with setup.server(suite):
            deadline = time.monotonic() + 10
            while not all(peers.counts.values()) and time.monotonic() < deadline:
                time.sleep(0.05)
        assert all(peers.counts.values())


def test_group_of_an_ipv6_address_that_wraps(suite: str, version: str, tmp_path: Path) -> None:
    body = BASE + 'modparam("dispatcher", "ds_ping_interval", 1)\nmodparam("dispatcher", "ds_probing_mode", 1)\n'
    body += "listen=udp:[::1]:%d\n" % free_ports(1)[0]
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer:
        peer.bind(("::1", 0))
        peer.settimeout(10)
        setup = Setup(tmp_path, body, "1 sip:[10000::1]:%d\n" % peer.getsockname()[1])
        judged = setup.judge(version)
        assert rules(judged) == ["address-misread"] and "[0::1]" in str(judged.result["findings"])
        with setup.server(suite):
            assert peer.recv(65535).startswith(b"OPTIONS ")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.257", "127.1", "${PROXY}", "127.0.0.1/32"])
@pytest.mark.parametrize("own", [True, False])
def test_proxies_that_cannot_be_found(own: bool, host: str, suite: str, version: str, tmp_path: Path) -> None:
    body = BASE + 'modparam("dispatcher", "ds_ping_interval", 1)\nmodparam("dispatcher", "ds_probing_mode", 1)\n'
    with Peers(1) as peers:
        proxy = "sip:%s:%d" % (host, peers.ports[0])
        attributes = " 0 0 obproxy=" + proxy if own else ""
        body += "" if own else 'modparam("dispatcher", "outbound_proxy", "%s")\n' % proxy
        setup = Setup(tmp_path, body, "1 sip:127.0.0.1:9%s\n" % attributes)
        reached = "ping-cannot-be-sent" not in rules(setup.judge(version))
        with setup.server(suite):
            deadline = time.monotonic() + 3
            while not peers.counts[peers.ports[0]] and time.monotonic() < deadline:
                time.sleep(0.05)
        assert bool(peers.counts[peers.ports[0]]) is reached


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("<sip:127.0.0.1:5>", "< stands before its scheme"),
        ('"sip:127.0.0.1:5"', '" stands before its scheme'),
        ("'sips:127.0.0.1:5'", "' stands before its scheme"),
        ("uri=sip:127.0.0.1:5", "uri= stands before its scheme"),
        ("2001:db8::1", "it has a second colon"),
        ("sip:127.0.0.1:5>", "its port is not a number"),
    ],
)
def test_reason_of_a_bad_uri(uri: str, reason: str, suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE, "1 %s\n9 sip:127.0.0.1:9\n" % uri)
    (finding,) = setup.judge(version).result["findings"]
    assert finding["rule"] == "uri-bad" and reason in finding["text"]
    with setup.server(suite) as server:
        assert [destination.setid for destination in server.destinations()] == [9]


@pytest.mark.parametrize(
    ("transport", "text", "used"),
    [
        ("", "udp:127.0.0.1:@U@", True),
        ("", "tcp:127.0.0.1:@T@", False),
        (";transport=tcp", "tcp:127.0.0.1:@T@", True),
        (";transport=tcp", "udp:127.0.0.1:@U@", False),
        ("", "tcp:127.0.0.1:@B@", True),
        (";transport=tcp", "127.0.0.1:@B@", True),
    ],
)
def test_socket_of_another_protocol(
    transport: str, text: str, used: bool, suite: str, version: str, tmp_path: Path
) -> None:
    ports = dict(zip("UTB", free_ports(3)))
    body = "listen=udp:127.0.0.1:@U@\nlisten=tcp:127.0.0.1:@T@\nlisten=*:127.0.0.1:@B@\n" + BASE
    body += 'modparam("dispatcher", "ds_ping_interval", 1)\nmodparam("dispatcher", "ds_probing_mode", 1)\n'
    for name, port in ports.items():
        body, text = body.replace("@%s@" % name, str(port)), text.replace("@%s@" % name, str(port))
    with Peers(1) as peers:
        setup = Setup(tmp_path, body, "1 sip:127.0.0.1:%d%s 0 0 socket=%s\n" % (peers.ports[0], transport, text))
        assert rules(setup.judge(version)) == ([] if used else ["socket-not-used"])
        with setup.server(suite) as server:
            deadline = time.monotonic() + 3
            while "mismatch" not in server.log_text() and time.monotonic() < deadline:
                time.sleep(0.1)
            assert ("protocol/port mismatch" in server.log_text()) is (not used)
