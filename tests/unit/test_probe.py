# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pings of a task: to whom, from where, and what is taken for an answer."""

from __future__ import annotations

import contextlib
import itertools
import resource
import socket
import time
from pathlib import Path
from typing import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.probe import (
    Probe,
    Target,
    read_answer,
    render_request,
    targets_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from unit.files import no_files

HEAD = b'loadmodule "tm.so"\nloadmodule "dispatcher.so"\n'
LISTEN = b"listen=udp:192.0.2.1:5060\n"


def sources(config: bytes, line: bytes) -> list[tuple[tuple[str, int], str]]:
    version = Version(6, 1)
    document = parse_document(line + b"\n", version)
    found = targets_of(document.destinations, evaluate("/k", config, no_files, version))
    return [(target.address, target.source) for target in found]


@pytest.mark.parametrize(
    ("config", "line", "address", "source"),
    [
        (LISTEN + HEAD, b"1 sip:10.0.0.1 8", ("10.0.0.1", 5060), "192.0.2.1"),
        (LISTEN + HEAD, b"1 10.0.0.1:5080 8", ("10.0.0.1", 5080), "192.0.2.1"),
        (LISTEN + HEAD, b"1 sip:u@10.0.0.1:5080;transport=udp 8", ("10.0.0.1", 5080), "192.0.2.1"),
        (HEAD, b"1 sip:10.0.0.1 8", ("10.0.0.1", 5060), ""),
        (b"listen=udp:0.0.0.0:5060\n" + HEAD, b"1 sip:10.0.0.1 8", ("10.0.0.1", 5060), ""),
        (b"listen=udp:[2001:db8::1]:5060\n" + LISTEN + HEAD, b"1 sip:10.0.0.1 8", ("10.0.0.1", 5060), "192.0.2.1"),
        (
            b"listen=udp:[2001:db8::1]:5060\n" + LISTEN + HEAD,
            b"1 sip:[2001:db8::2]:5080 8",
            ("2001:db8::2", 5080),
            "2001:db8::1",
        ),
        (
            LISTEN + b"listen=udp:192.0.2.2:5060\n" + HEAD,
            b"1 sip:10.0.0.1 8 0 socket=udp:192.0.2.2:5060",
            ("10.0.0.1", 5060),
            "192.0.2.2",
        ),
        (
            LISTEN
            + b"listen=udp:192.0.2.2:5060\n"
            + HEAD
            + b'modparam("dispatcher", "ds_default_socket", "udp:192.0.2.2:5060")\n',
            b"1 sip:10.0.0.1 8",
            ("10.0.0.1", 5060),
            "192.0.2.2",
        ),
        (LISTEN + HEAD, b"1 sip:gw.example 8", None, ""),
        (LISTEN + HEAD, b"1 sip:10.0.0.1;x@gw.example 8", None, ""),
        (LISTEN + HEAD, b"1 sip:10.0.0.1;x=@10.0.0.2 8", ("10.0.0.2", 5060), "192.0.2.1"),
        (LISTEN + HEAD, b"1 sip:[2001:db8::2] 8", None, ""),
        (LISTEN + HEAD, b"1 sip:10.0.0.1;transport=tcp 8", None, ""),
        (LISTEN + HEAD, b"1 sips:10.0.0.1 8", None, ""),
        (LISTEN + HEAD, b"1 sip:192.168.1.300 8", None, ""),
        (LISTEN + HEAD, b"1 sip:10.0.0.1 8 0 obproxy=sip:10.0.0.9", None, ""),
        (b"listen=udp:eth0:5060\n" + HEAD, b"1 sip:10.0.0.1 8", None, ""),
        (LISTEN + HEAD + b'modparam("dispatcher", "outbound_proxy", "sip:10.0.0.9")\n', b"1 sip:10.0.0.1 8", None, ""),
    ],
)
def test_to_whom_and_from_where(config: bytes, line: bytes, address: tuple[str, int] | None, source: str) -> None:
    assert sources(config, line) == ([(address, source)] if address else [])


@given(st.binary(max_size=300))
def test_any_datagram_is_an_answer_or_none(data: bytes) -> None:
    read_answer(data)
    read_answer(b"SIP/2.0 200 OK\r\n" + data)


@pytest.mark.parametrize(("method", "count"), [("INFO", 1), ("OPTIONS", 1), ("INVITE", 0), ("BYE", 0)])
def test_no_task_sends_what_opens_or_ends_something(method: str, count: int) -> None:
    config = LISTEN + HEAD + b'modparam("dispatcher", "ds_ping_method", "%s")\n' % method.encode()
    assert len(sources(config, b"1 sip:10.0.0.1 8")) == count


def test_what_is_an_answer() -> None:
    name = "0123456789abcdef0123456789abcdef"
    answer = "SIP/2.0 %s OK\r\nVia: x\r\n%s: %s\r\n\r\n"
    assert read_answer((answer % ("200", "Call-ID", name)).encode()) == (200, name)
    assert read_answer((answer % ("503", "i", name)).encode()) == (503, name)
    assert read_answer((answer % ("100", "Call-ID", name)).encode()) is None
    assert read_answer((answer % ("200", "Call-ID", name[1:])).encode()) is None
    assert read_answer((answer % ("200", "X-Call-ID", name)).encode()) is None


def test_a_request_has_no_line_that_nobody_wrote() -> None:
    target = Target(b"sip:10.0.0.1", b"sip:me@192.0.2.1", ("10.0.0.1", 5060), "192.0.2.1")
    lines = render_request(target, b"OPTIONS", "192.0.2.1", 40000, "0" * 32).split(b"\r\n")
    assert lines[0] == b"OPTIONS sip:10.0.0.1 SIP/2.0" and lines[-2:] == [b"", b""]
    assert all(b": " in line for line in lines[1:-2])
    config = LISTEN + HEAD + b'modparam("dispatcher", "ds_ping_from", "sip:a\\r\\nX: y")\n'
    assert sources(config, b"1 sip:10.0.0.1 8") == []


def test_many_are_asked_and_those_that_answer_are_known() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        targets = [Target(b"sip:%d" % number, b"sip:me", peer.getsockname(), "127.0.0.1") for number in range(120)]
        # An address that the host does not hold.
        targets.append(Target(b"sip:else", b"sip:me", peer.getsockname(), "192.0.2.1"))
        with Probe(targets, b"OPTIONS", lambda code: code == 200) as probe:
            probe.ask(0)
            for number in range(120):
                request, sender = peer.recvfrom(65535)
                call_id = request.partition(b"Call-ID: ")[2].partition(b"\r\n")[0]
                code = b"200" if number % 2 else b"404"
                peer.sendto(b"SIP/2.0 %s x\r\nCall-ID: %s\r\n\r\n" % (code, call_id), sender)
                probe.ask(0.001)
            probe.ask(0.2)
            assert len(probe.answered) == 60 and set(probe.answered.values()) == {200}


@contextlib.contextmanager
def few_files(count: int) -> Iterator[None]:
    """Let the process open so many more files."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    free = itertools.islice((number for number in itertools.count() if number not in opened), count)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(free) + 1, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_server_with_more_addresses_than_files_can_be_opened_is_asked_from_some() -> None:
    """A configuration can listen on any number of addresses of the loopback network."""
    targets = [
        Target(b"sip:%d" % number, b"sip:me", ("127.0.0.1", 9), "127.0.%d.%d" % (number // 200, 1 + number % 200))
        for number in range(2000)
    ]
    with Probe(targets, None, lambda code: True) as probe:
        assert 0 < len(probe._sockets) < 1000
    with few_files(20), Probe(targets, None, lambda code: True) as probe:
        assert 0 < len(probe._sockets) <= 20


def test_nobody_to_ask_takes_its_time() -> None:
    with Probe([], None, lambda code: True) as probe:
        began = time.monotonic()
        probe.ask(0.2)
        assert time.monotonic() - began >= 0.2 and probe.answered == {}
