# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which listen lines servers accept, which sockets come of them, and which texts name one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import Host
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.facts import holds_address
from conformance.server import as_version, free_ports
from conformance.setups import Setup, rules

DISPATCHER = 'loadmodule "tm.so"\nloadmodule "dispatcher.so"\n@LIST@\n'
# The address of each line is another one, so that none repeats the one that every Setup has.
_ADDRESSES = itertools.cycle(range(2, 250))

# @A@ is an address of the loopback, @P@ a port.
LISTEN = (
    "udp:@A@:@P@",
    "UDP:@A@:@P@",
    "Udp:@A@:@P@",
    "*:@A@:@P@",
    "any:@A@:@P@",
    "ws:@A@:@P@",
    "wss:@A@:@P@",
    "@A@",
    "@A@:@P@",
    "udp:@A@",
    "udp:@A@:*",
    "udp:@A@:@P@;",
    "udp : @A@ : @P@",
    "udp:@A@:@P@ tcp:@A@:@P@",
    "udp:@A@:@P@\n  tcp:@A@:@P@",
    "udp:@A@:@P@, tcp:@A@:@P@",
    "udp:(@A@):@P@",
    "udp:(@A@, 127.0.0.251):@P@",
    "udp:(@A@ 127.0.0.251):@P@",
    "udp:[::1]:@P@",
    'udp:"::1":@P@',
    'udp:"[::1]":@P@',
    "udp:[127.0.0.1]:@P@",
    "udp:[::ffff:127.0.0.1]:@P@",
    'udp:"@A@":@P@',
    "udp:'@A@':@P@",
    '"udp:@A@:@P@"',
    'udp:"@A@:@P@"',
    '"udp":@A@:@P@',
    'udp:"<edge>":@P@',
    'udp:"${EDGE}":@P@',
    "udp:@A@:WORD",
    "@A@:WORD",
    'udp:@A@:"@P@"',
    "udp:@A@:@P@x",
    "udp:@A@:-5",
    "udp:@A@:",
    "udp:@A@:yes",
    "udp:127.0.0.300:@P@",
    "udp:127.1:@P@",
    "udp:@A@.:@P@",
    "udp:@A@/32:@P@",
    "udp:127.0.0.09:@P@",
    "udp:127.0.0.010:@P@",
    "udp:lo:@P@",
    "lo:@P@",
    "udp:localhost:@P@",
    "udp:10.example.com:@P@",
    "udp:<edge>:@P@",
    "udp:{{ edge }}:@P@",
    "udp:${EDGE}:@P@",
    "udp:$env(EDGE):@P@",
    "udp:@edge@:@P@",
    "udp:%EDGE%:@P@",
    "5060",
    'udp:@A@:@P@ name "edge"',
    "udp:@A@:@P@ NAME 'edge'",
    'udp:@A@:@P@ name ""',
    "udp:@A@:@P@ name edge",
    'udp:@A@:@P@ name="edge"',
    'udp:@A@:@P@ name "a" name "b"',
    'udp:@A@:@P@ name "edge" advertise 203.0.113.9:5060',
    'udp:@A@:@P@ advertise 203.0.113.9:5060 name "edge" virtual',
    "udp:@A@:@P@ ADVERTISE 203.0.113.9",
    "udp:@A@:@P@ advertise [2001:db8::1]:5060",
    "udp:@A@:@P@ advertise 203.0.113.9:WORD",
    "udp:@A@:@P@ advertise 203.0.113.9:*",
    "udp:@A@:@P@ advertise <edge>:5060",
    "udp:@A@:@P@ advertise",
    "udp:@A@:@P@ advertise udp:203.0.113.9:5060",
    "udp:@A@:@P@ advertise udp:203.0.113.9",
    "udp:@A@:@P@ advertise udp:203.0.113.9:5060 virtual",
    'udp:@A@:@P@ advertise udp:203.0.113.9:5060 name "a" virtual',
    'udp:@A@:@P@ name "x" virtual',
    'udp:@A@:@P@ virtual name "x"',
    "udp:@A@:@P@ virtual advertise 203.0.113.9:5060",
    "",
    'udp:@A@:@P@ alias="example.com"',
    'udp:@A@:@P@ loadmodule "sl.so"',
    "udp:@A@:@P@\ncustom.value = 5",
    "udp:@A@:@P@ advertise 203.0.113.9:5060\ncustom.value = 5",
    "udp:@A@:@P@ advertise edge.example.org\ncustom.value = 5",
    'udp:@A@:@P@ name "edge"\ncustom.value = 5',
    "udp:@A@:@P@ virtual\ncustom.value = 5",
    "udp:@A@:@P@ advertise 203.0.113.9:5060 203.0.113.8",
    "udp:::1",
    "::1",
    "[::1]",
    "udp:0:0:0:0:0:0:0:1",
    "udp:0:0:0:0:0:0:0:1:@P@",
    "0000:0:0:0:0:0:0:1:@P@",
    "udp:0::0:1",
    "udp:0:0::1",
    "udp:0::\nport=@P@",
    "udp:0:0:0:0:0:0:1",
    "udp:edge::1",
    "udp:@A@:@P@ advertise 2001:db8:0:0:0:0:0:1:5060",
    "udp:@A@:@P@ advertise 2001:db8::1",
    "udp:@A@:WORD\nlisten=tcp:@A@:@P@",
)
BLOCKS = (
    "bind = udp:@A@:@P@;",
    "bind = udp:@A@:@P@",
    "bind = @A@:@P@;",
    "bind = *:@A@:@P@;",
    "bind = udp:@A@;",
    "bind = udp:0:0:0:0:0:0:0:1:@P@;",
    'bind = udp:"@A@":@P@;',
    'bind = "udp:@A@:@P@";',
    "bind = ws:@A@:@P@;",
    "bind = udp:@A@:WORD;",
    "bind = udp:127.1:@P@;",
    "bind = udp:<edge>:@P@;",
    "bind = udp:(@A@, 127.0.0.251):@P@;",
    "bind = udp:@A@:40100-40102;",
    "; bind = udp:@A@:@P@;;",
    "\n bind = udp:@A@:@P@\n name = 'edge'\n",
    "bind = udp:@A@:@P@; name = edge;",
    "bind = udp:@A@:@P@, name = 'edge';",
    "bind = udp:@A@:@P@; advertise = 203.0.113.9:5070;",
    "bind = udp:@A@:@P@; advertise = udp:203.0.113.9:5070;",
    "bind = udp:@A@:@P@; advertise = 203.0.113.9;",
    "bind = udp:@A@:@P@; agname = 'x';",
    "bind = udp:@A@:@P@; vrf = 'x';",
    "bind = udp:@A@:@P@; virtual = yes;",
    "bind = udp:@A@:@P@; other = 2;",
    "bind = udp:@A@:@P@; bind = tcp:@A@:@P@;",
    "name = 'edge';",
    "",
)


def place(text: str) -> str:
    return text.replace("@A@", "127.0.0.%d" % next(_ADDRESSES)).replace("@P@", str(free_ports(1)[0]))


@pytest.mark.parametrize(
    "text", [*("listen=%s\n" % text for text in LISTEN), *("socket = {%s}\n" % text for text in BLOCKS)]
)
def test_what_the_server_refuses(text: str, suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, place(text), None)
    broken = {rule for rule in rules(setup.judge(version)) if rule in ("config-syntax", "listen-bad")}
    assert (setup.server(suite).check() == 0) is (not broken)


# What a server with a UDP and a TCP socket at @S@, which is for 127.0.0.1, finds; @W@ is the port plus 65536.
TEXTS = (
    "udp:127.0.0.1:@S@",
    "UDP:127.0.0.1:@S@",
    "udp:127.0.0.1",
    "127.0.0.1:@S@",
    "127.0.0.1",
    "tcp:127.0.0.1:@S@",
    "udp:127.0.0.1:5070",
    "udp:203.0.113.9:@S@",
    "udp:203.0.113.9:5070",
    "udp:203.0.113.9:5071",
    "udp:203.0.113.9",
    "any:127.0.0.1:@S@",
    "*:127.0.0.1:@S@",
    "udp:*:@S@",
    "*",
    "udp",
    "udp:",
    "udp::@S@",
    ":127.0.0.1:@S@",
    ":@S@",
    "@S@",
    "127.0.0.1:",
    "127.0.0.1:udp:@S@",
    "udp:127.0.0.1:PORT",
    "127.0.0.1:PORT",
    "udp:127.0.0.1:@S@x",
    "udp:127.0.0.1:0x10",
    "udp:127.0.0.1:+@S@",
    "udp:127.0.0.1:-1",
    "udp:127.0.0.1:0",
    "udp:127.0.0.1:00@S@",
    "udp:127.0.0.1:@W@",
    "udp:127.0.0.1:65536",
    "udp:127.0.0.1:4294967296",
    "udp:127.0.0.1:99999999999999999999",
    "udp:127.0.0.01:@S@",
    "udp:127.1:@S@",
    "udp:localhost:@S@",
    "udp:0.0.0.0:@S@",
    "udp:[127.0.0.1]:@S@",
    "tls:127.0.0.1:@S@",
    "sctp:127.0.0.1:@S@",
    "ws:127.0.0.1:@S@",
    "wss:127.0.0.1:@S@",
    "xyz:127.0.0.1:@S@",
    "sip:127.0.0.1:@S@",
    '"udp:127.0.0.1:@S@"',
    "'udp:127.0.0.1:@S@'",
    'udp:"127.0.0.1":@S@',
    "udp:127.0.0.1:@S@/x",
    "udp://127.0.0.1:@S@",
    "edge",
    "udp:edge",
    "udp:127.0.0.1:@S@:1",
    "[udp:127.0.0.1:@S@",
    "udp:[::1]:@S@",
    "udp:[::1",
    "<udp:127.0.0.1:@S@>",
    "${EDGE}",
    "udp:127.0.0.9:@S@",
)


def sockets_of(setup: Setup, body: str, texts: tuple[str, ...], attribute: str = "socket") -> None:
    """Write a list whose destinations each name a socket, on a server with these more."""
    port = free_ports(1)[0]
    config = setup.config.read_text()
    setup.config.write_text(
        config.replace('loadmodule "ctl.so"', body.replace("@S@", str(port)) + 'loadmodule "ctl.so"')
    )
    filled = [text.replace("@S@", str(port)).replace("@W@", str(port + 65536)) for text in texts]
    lines = ["1 sip:127.0.0.1:%d 0 0 %s=%s\n" % (1000 + at, attribute, text) for at, text in enumerate(filled)]
    setup.list.write_text("9 sip:127.0.0.1:9\n" + "".join(lines))


def compare(setup: Setup, suite: str, version: str, texts: tuple[str, ...]) -> None:
    """The server loads a destination if nothing is said of it, and only then."""
    judged = setup.judge(version).result
    assert judged["will_start"]
    skipped = {destination["uri"] for destination in judged["probing"] if destination["skipped"]}
    with setup.server(suite) as server:
        loaded = {destination.uri for destination in server.destinations() if destination.setid == 1}
    every = {"sip:127.0.0.1:%d" % (1000 + at): text for at, text in enumerate(texts)}
    assert {every[uri] for uri in every if uri not in loaded} == {every[uri] for uri in every if uri in skipped}


def test_texts_of_sockets(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, DISPATCHER, "")
    sockets_of(
        setup, 'listen=udp:127.0.0.1:@S@ advertise "203.0.113.9":5070 name "edge"\nlisten=tcp:127.0.0.1:@S@\n', TEXTS
    )
    compare(setup, suite, version, TEXTS)


def test_texts_of_ping_sockets(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, DISPATCHER, "")
    texts = ("udp:127.0.0.1:@S@", "udp:127.0.0.1:PORT", "udp:127.0.0.9:@S@")
    sockets_of(setup, "listen=udp:127.0.0.1:@S@\n", texts, "ping_socket")
    compare(setup, suite, version, texts)


# name: the lines, and texts that name sockets or not, with @S@ and @T@ for ports
MADE: dict[str, tuple[str, tuple[str, ...]]] = {
    "ipv6_without_brackets": ("listen=udp:0:0:0:0:0:0:0:1:@S@\n", ("udp:[::1]:@S@", "udp:[::2]:@S@", "udp:[::1]")),
    "ipv6": ("listen=udp:[::1]:@S@\n", ("udp:[::1]:@S@", "udp:[0:0:0:0:0:0:0:1]", "udp:[::2]", "udp:[::0001]:@S@")),
    "quoted": ('listen=udp:"127.0.0.4":@S@\n', ("udp:127.0.0.4:@S@", "udp:127.0.0.5:@S@")),
    "octal": ("listen=udp:127.0.0.010:@S@\n", ("udp:127.0.0.8:@S@", "udp:127.0.0.010:@S@")),
    "wildcard": ("listen=udp:0.0.0.0:@S@\n", ("udp:0.0.0.0:@S@", "udp:127.0.0.1:@S@")),
    "several": (
        "listen=udp:(127.0.0.4, 127.0.0.5):@S@ tcp:127.0.0.6:@S@\n",
        ("udp:127.0.0.4:@S@", "udp:127.0.0.5:@S@", "udp:127.0.0.6:@S@", "tcp:127.0.0.6:@S@", "127.0.0.6"),
    ),
    "without_protocol": (
        "listen=127.0.0.4:@S@\n",
        ("udp:127.0.0.4:@S@", "tcp:127.0.0.4:@S@", "tls:127.0.0.4:@S@", "127.0.0.4"),
    ),
    "usual_port": (
        "listen=udp:127.0.0.4\nport=@S@\n",
        ("udp:127.0.0.4:@S@", "udp:127.0.0.4:5060"),
    ),
    "port_that_changes": (
        "port=@S@\nlisten=udp:127.0.0.4\nport=7\nlisten=udp:127.0.0.5:0\n",
        ("udp:127.0.0.4:@S@", "udp:127.0.0.4:7", "udp:127.0.0.5:7", "udp:127.0.0.5:@S@"),
    ),
    "tls_without_all": ("listen=tls:127.0.0.4:@S@\n", ("tls:127.0.0.4:@S@", "127.0.0.4:@S@", "udp:127.0.0.4")),
    "tls_without_module": (
        "enable_tls=yes\nlisten=tls:127.0.0.4:@S@\n",
        ("tls:127.0.0.4:@S@", "127.0.0.4:@S@", "udp:127.0.0.4"),
    ),
    "tls_enabled_and_disabled": ("enable_tls=yes\ndisable_tls=1\nlisten=tls:127.0.0.4:@S@\n", ("127.0.0.4:@S@",)),
    "tls_one_up": (
        "enable_tls=yes\nlisten=127.0.0.4:@S@\ndisable_tcp=yes\n",
        ("tls:127.0.0.4", "tcp:127.0.0.4", "127.0.0.4"),
    ),
    "sctp_without_module": ("listen=sctp:127.0.0.4:@S@\n", ("sctp:127.0.0.4:@S@", "127.0.0.4")),
    "tcp_switched_off": (
        "disable_tcp=yes\nlisten=tcp:127.0.0.4:@S@\n",
        ("tcp:127.0.0.4:@S@", "127.0.0.4:@S@", "127.0.0.4"),
    ),
    "virtual_that_is_there": ("listen=udp:127.0.0.1:@S@ virtual\n", ("udp:127.0.0.1:@S@",)),
    "virtual_that_is_elsewhere": (
        "ip_free_bind=1\nlisten=udp:192.0.2.177:@S@ advertise 203.0.113.9:5 virtual\n",
        ("udp:192.0.2.177:@S@", "udp:203.0.113.9:5", "udp:203.0.113.9"),
    ),
    "elsewhere_and_not_virtual": ("ip_free_bind=1\nlisten=udp:192.0.2.177:@S@\n", ("udp:192.0.2.177:@S@",)),
    "repeated": (
        "listen=udp:127.0.0.4:@S@\nlisten=udp:127.0.0.4:@S@ advertise 203.0.113.9:5\n",
        ("udp:203.0.113.9:5",),
    ),
}
NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "name": ('listen=udp:127.0.0.4:@S@ name "Edge"\n', ("edge", "EDGE", "edg")),
    "repeated": ('listen=udp:127.0.0.4:@S@ name "a"\nlisten=udp:127.0.0.4:@S@ name "b"\n', ("a", "b")),
    "tls_without_all": ('listen=tls:127.0.0.4:@S@ name "t"\n', ("t",)),
    "tls_without_module": ('enable_tls=yes\nlisten=tls:127.0.0.4:@S@ name "t"\n', ("t",)),
    "virtual": ('ip_free_bind=1\nlisten=udp:192.0.2.177:@S@ name "v" virtual\n', ("v",)),
}
BOUND: dict[str, tuple[str, tuple[str, ...]]] = {
    "address": ("socket = { bind = udp:127.0.0.4:@S@; }\n", ("udp:127.0.0.4:@S@", "tcp:127.0.0.4", "udp:127.0.0.5")),
    "advertised": (
        "socket = { bind = udp:127.0.0.4:@S@; advertise = 203.0.113.9:5070; }\n",
        ("udp:203.0.113.9:5070", "udp:203.0.113.9:5071"),
    ),
    "range": (
        "socket = { bind = udp:127.0.0.4:40200-40202; advertise = 203.0.113.9:7000; }\n",
        ("udp:127.0.0.4:40202", "udp:127.0.0.4:40203", "udp:203.0.113.9:7002", "udp:203.0.113.9:7003"),
    ),
    "last_bind_counts": (
        "socket = { bind = udp:127.0.0.4:@S@; bind = tcp:127.0.0.5:@S@; }\n",
        ("udp:127.0.0.4:@S@", "tcp:127.0.0.5:@S@"),
    ),
}


def on_this_host() -> Host:
    nobody = Account()
    return Host(lambda _load: None, lambda _path, _account: None, nobody, nobody, holds_address, False)


@pytest.mark.parametrize("case", MADE)
def test_sockets_that_there_are(case: str, suite: str, version: str, tmp_path: Path) -> None:
    lines, texts = MADE[case]
    setup = Setup(tmp_path, DISPATCHER, "")
    sockets_of(setup, lines, texts)
    if "virtual" in lines and not has_virtual(version):
        refused(setup, suite, version)
    else:
        compare_on_host(setup, suite, version, texts)


@pytest.mark.parametrize("case", NAMES)
def test_names_of_sockets(case: str, suite: str, version: str, tmp_path: Path) -> None:
    lines, texts = NAMES[case]
    setup = Setup(tmp_path, DISPATCHER, "")
    sockets_of(setup, lines, texts, "sockname")
    if "virtual" in lines and not has_virtual(version):
        refused(setup, suite, version)
    else:
        compare_on_host(setup, suite, version, texts)


@pytest.mark.parametrize("case", BOUND)
def test_sockets_of_blocks(case: str, suite: str, version: str, tmp_path: Path) -> None:
    lines, texts = BOUND[case]
    setup = Setup(tmp_path, DISPATCHER, "")
    sockets_of(setup, lines, texts)
    release = as_version(version).release
    if release < (5, 7) or (case == "range" and release < (6, 0)):
        refused(setup, suite, version)
    else:
        compare_on_host(setup, suite, version, texts)


def has_virtual(version: str) -> bool:
    return as_version(version).release >= (5, 6)


def refused(setup: Setup, suite: str, version: str) -> None:
    assert setup.judge(version).result["will_start"] is False and setup.server(suite).check() != 0


def compare_on_host(setup: Setup, suite: str, version: str, texts: tuple[str, ...]) -> None:
    judged = setup.judge(version, on_this_host()).result
    assert judged["will_start"], judged["findings"]
    skipped = {
        int(destination["uri"].rpartition(":")[2]) - 1000 for destination in judged["probing"] if destination["skipped"]
    }
    with setup.server(suite) as server:
        loaded = {
            int(destination.uri.rpartition(":")[2]) - 1000
            for destination in server.destinations()
            if destination.setid == 1
        }
    assert {texts[at] for at in skipped} == {text for at, text in enumerate(texts) if at not in loaded}


@pytest.mark.parametrize(
    "text",
    [
        "udp:127.0.0.1:@S@",
        "udp:127.0.0.1: @S@",
        " udp:127.0.0.1:@S@",
        "udp:127.0.0.1:PORT",
        "xyz:127.0.0.1:@S@",
        "tls:127.0.0.1:@S@",
        "udp::@S@",
        "*",
        "udp:127.0.0.1:",
        "udp:192.0.2.177:5060",
    ],
)
@pytest.mark.parametrize("name", ["ds_default_socket", "ds_ping_socket"])
def test_default_sockets(name: str, text: str, suite: str, version: str, tmp_path: Path) -> None:
    if name == "ds_ping_socket" and as_version(version).release < (6, 1):
        return
    port = free_ports(1)[0]
    virtual = " virtual" if has_virtual(version) else ""
    body = "ip_free_bind=1\nlisten=udp:192.0.2.177:5060%s\nlisten=udp:127.0.0.1:%d\n" % (virtual, port)
    body += DISPATCHER + 'modparam("dispatcher", "%s", "%s")\n' % (name, text.replace("@S@", str(port)))
    setup = Setup(tmp_path, body, "1 sip:127.0.0.1:9\n")
    judged = setup.judge(version, on_this_host())
    server = setup.server(suite)
    assert server.check() == 0
    try:
        started = server.start()
    finally:
        server.stop()
    assert judged.result["will_start"] is started
    assert rules(judged) == ([] if started else ["default-socket-not-listened"])


@pytest.mark.parametrize(
    "line", ["enable_sctp=1", "disable_sctp=no", "enable_sctp=2", "disable_sctp=1", "enable_sctp=0"]
)
def test_sctp_without_its_module(line: str, suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, line + "\n" + DISPATCHER, "1 sip:127.0.0.1:9\n")
    found = rules(setup.judge(version))
    assert (setup.server(suite).check() == 0) is (found == []) and found in ([], ["sctp-without-module"])


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("address", ["192.0.2.177", "127.0.0.1"])
def test_virtual_address_that_the_server_cannot_bind(
    address: str, free: bool, suite: str, version: str, tmp_path: Path
) -> None:
    body = ("ip_free_bind=1\n" if free else "") + "listen=udp:%s:%d virtual\n" % (address, free_ports(1)[0])
    setup = Setup(tmp_path, body + DISPATCHER, "1 sip:127.0.0.1:9\n")
    if not has_virtual(version):
        refused(setup, suite, version)
        return
    judged = setup.judge(version, on_this_host())
    starts = free or address == "127.0.0.1"
    assert rules(judged) == ([] if starts else ["address-not-held"]) and judged.result["will_start"] is starts
    server = setup.server(suite)
    try:
        assert server.start() is starts
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("lines", "starts"),
    [
        ("listen=tls:127.0.0.1:@P@", False),
        ("listen=sctp:127.0.0.1:@P@", False),
        ("listen=tcp:127.0.0.1:@P@\ndisable_tcp=yes", False),
        ("listen=tls:127.0.0.1:@P@\ndisable_tls=2", False),
        ("listen=tcp:127.0.0.1:@P@", True),
        ("enable_tls=yes\nlisten=tls:127.0.0.1:@P@", True),
        ("port=@P@", True),
    ],
)
@pytest.mark.parametrize("tm", [True, False])
def test_no_socket_at_all(tm: bool, lines: str, starts: bool, suite: str, version: str, tmp_path: Path) -> None:
    body = DISPATCHER if tm else DISPATCHER.replace('loadmodule "tm.so"\n', "")
    setup = Setup(tmp_path, body, "1 sip:127.0.0.1:9\n")
    config = setup.config.read_text()
    first = config.splitlines()[1]
    setup.config.write_text(config.replace(first, lines.replace("@P@", str(setup.port))))
    judged = setup.judge(version)
    assert rules(judged) == ([] if starts else ["no-socket"] if tm else ["nothing-received"])
    server = setup.server(suite)
    assert server.check() == 0
    try:
        assert server.start() is (starts or not tm)
    finally:
        server.stop()
