# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers on the loopback that answer well and badly."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import stat
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import (
    CtlDatagram,
    CtlStream,
    CtlTcp,
    CtlUdp,
    JsonDatagram,
    JsonFifo,
    JsonHttp,
    JsonTcp,
    JsonUdp,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import (
    NoAnswerError,
    UnreachableError,
    unreachable,
    unreadable,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.folder import private_folder
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.transport import call

from .peers import LATE, SOON, listing, packet, reply_to, serving, text


def drip(connection: socket.socket) -> None:
    for byte in reply_to(connection.recv(999), text(b"x" * 60)):
        connection.send(bytes([byte]))
        time.sleep(0.1)


def wait_after(_done: object) -> None:
    """Keep the connection open for longer than a call waits."""
    time.sleep(2 * SOON)


STREAMS: dict[str, tuple[Callable[[socket.socket], Any], str]] = {
    "closed": (lambda peer: peer.recv(999), "the server closed the connection and did not answer"),
    "silent": (lambda peer: wait_after(peer.recv(999)), "did not answer within 0.3 seconds"),
    "cut_off": (lambda peer: peer.send(reply_to(peer.recv(999))[:-1]), "the reply is cut off after"),
    "cut_off_in_head": (lambda peer: (peer.recv(999), peer.send(b"\xa1")), "1 bytes instead of some more"),
    "stuck": (lambda peer: wait_after(peer.send(reply_to(peer.recv(999))[:-1])), "only [0-9]+ bytes"),
    "slow": (drip, "only [0-9]+ bytes of the reply came within 0.3 seconds"),
    "garbage": (lambda peer: (peer.recv(999), peer.send(b"\n\n")), "not a reply of Kamailio"),
    "garbled": (lambda peer: peer.send(reply_to(peer.recv(999), b"\x83")), "garbled"),
    "huge": (lambda peer: (peer.recv(999), peer.send(b"\xa1\x1c\xff\xff\xff\xff\0")), "more than 256 MiB"),
    "other_call": (lambda peer: (peer.recv(999), peer.send(packet(b"", b"\1\2\3\4"))), "is for another call"),
}


@pytest.mark.parametrize("case", STREAMS)
def test_bad_answers_over_streams(case: str, tmp_path: Path) -> None:
    answer, expected = STREAMS[case]
    for place in (str(tmp_path / "ctl"), ("127.0.0.1", 0)):
        with serving(socket.SOCK_STREAM, place, answer) as at:
            address = CtlStream(at) if isinstance(at, str) else CtlTcp(*at)
            start = time.monotonic()
            with pytest.raises(NoAnswerError, match=expected) as raised:
                call(address, "a.b", (), SOON)
            assert time.monotonic() - start < SOON + LATE
            assert (at if isinstance(at, str) else "127.0.0.1") in str(raised.value)


DATAGRAMS = {
    "silent": (lambda request: None, "no answer within 0.3 seconds"),
    "garbage": (lambda request: b"\n\n", "not a reply of Kamailio"),
    "cut_off": (lambda request: reply_to(request)[:-1], "only [0-9]+ bytes of the reply within 0.3"),
    "garbled": (lambda request: reply_to(request, b"\x83"), "garbled"),
    "other_call": (lambda request: packet(b"", b"\1\2\3\4"), "is for another call"),
}


@pytest.mark.parametrize("case", DATAGRAMS)
def test_bad_answers_over_datagrams(case: str, tmp_path: Path) -> None:
    make, expected = DATAGRAMS[case]

    def answer(peer: socket.socket) -> None:
        request, sender = peer.recvfrom(999)
        data = make(request)
        if data:
            peer.sendto(data, sender)

    for place in (str(tmp_path / "ctl"), ("127.0.0.1", 0)):
        with serving(socket.SOCK_DGRAM, place, answer) as at:
            address = CtlDatagram(at) if isinstance(at, str) else CtlUdp(*at)
            with pytest.raises(NoAnswerError, match=expected):
                call(address, "a.b", (), SOON)
    assert listing(tmp_path) == ["ctl"], "no folder for replies is left"


def test_the_place_for_replies(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 80)
    long.mkdir()
    elsewhere = Path("/run/sipfleet-kamailio") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    for beside, parent in ((tmp_path / "ctl", tmp_path), (long / "ctl", elsewhere)):
        with private_folder(str(beside)) as name:
            folder = Path(name)
            (folder / "r").touch()
            assert folder.parent == parent and stat.S_IMODE(folder.stat().st_mode) == 0o711
            assert len(name) + len("/r") <= 107, "it fits into an address"
        assert not folder.exists()
    with pytest.raises(ZeroDivisionError), private_folder(str(tmp_path / "ctl")) as name:
        assert 1 / 0
    assert not Path(name).exists() and listing(tmp_path) == [long.name]


def test_good_answers(tmp_path: Path) -> None:
    def over_stream(peer: socket.socket) -> None:
        data = reply_to(peer.recv(999), text(b"x" * 90))
        assert peer.recv(999) == b"", "our half of the connection is closed"
        for at in range(0, len(data), 7):
            peer.send(data[at : at + 7])

    def over_datagrams(peer: socket.socket) -> None:
        request, sender = peer.recvfrom(999)
        data = reply_to(request, text(b"x" * 90))
        peer.sendto(data[:50], sender)
        peer.sendto(data[50:], sender)

    with serving(socket.SOCK_STREAM, str(tmp_path / "s"), over_stream) as at:
        assert call(CtlStream(at), "a.b", (), LATE) == ["x" * 90]
    with serving(socket.SOCK_DGRAM, str(tmp_path / "d"), over_datagrams) as at:
        assert call(CtlDatagram(at), "a.b", (), LATE) == ["x" * 90]


def test_a_reply_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    def answer(peer: socket.socket) -> None:
        peer.sendall(reply_to(peer.recv(999), b"\3" * 99))

    with serving(socket.SOCK_STREAM, str(tmp_path / "s"), answer) as at, pytest.raises(NoAnswerError) as raised:
        call(CtlStream(at), "a.b", (), LATE)
    assert raised.value.problems[0].remedy == "Look into the log of Kamailio"
    many = b'{"result": [%s]}' % (b"[]," * 200_000)
    expected = r"more than [0-9]+ structs\. Check that Kamailio listens there"

    def answer_all(peer: socket.socket) -> None:
        peer.recv(999)
        peer.sendall(many)

    peer = serving(socket.SOCK_STREAM, ("127.0.0.1", 0), answer_all)
    with peer as at, pytest.raises(NoAnswerError, match=expected):
        call(JsonTcp(*at), "a.b", (), LATE)


def test_all_problems_of_an_error_are_told() -> None:
    reason = KamailioError([Problem("a", "do b"), Problem("c", "", "/d")])
    assert str(unreachable(reason)) == "a. do b\n/d: c"
    assert str(unreadable(reason, "look", "/e")) == "/e: a. do b\n/d: c. look"


def json_answer(request: bytes, result: str = "42") -> bytes:
    return b'{"jsonrpc": "2.0", "result": %s, "id": "%s"}' % (result.encode(), json.loads(request)["id"].encode())


def test_json_over_datagrams_comes_in_the_datagram_or_in_a_file(tmp_path: Path) -> None:
    modes: list[int] = []

    def answer(peer: socket.socket, store: str | None) -> None:
        request, sender = peer.recvfrom(9999)
        stored = Path(json.loads(request)["store_path"])
        modes.extend(stat.S_IMODE(path.stat().st_mode) for path in (stored.parent, stored, Path(sender)))
        if store:
            stored.write_bytes(json_answer(request, store))
        peer.sendto(json_answer(request, '"Stored"' if store else "42"), sender)

    for store, expected in ((None, [42]), ("[1, 2]", [1, 2])):
        place = str(tmp_path / ("s%s" % store)[:2])
        with serving(socket.SOCK_DGRAM, place, lambda peer, store=store: answer(peer, store)):  # type: ignore[misc]
            assert call(JsonDatagram(place), "a.b", (), LATE) == expected
        Path(place).unlink()
    assert modes == [0o711, 0o622, 0o622] * 2, "the server's user can write, and others cannot look"
    assert listing(tmp_path) == []


def test_json_over_datagrams_that_cannot_be_stored(tmp_path: Path) -> None:
    def answer(peer: socket.socket) -> None:
        request, sender = peer.recvfrom(9999)
        call_id = json.loads(request)["id"].encode()
        peer.sendto(b'{"error": {"code": 500, "message": "Storing failed"}, "id": "%s"}' % call_id, sender)

    with serving(socket.SOCK_DGRAM, str(tmp_path / "s"), answer) as at, pytest.raises(NoAnswerError, match="not write"):
        call(JsonDatagram(at), "a.b", (), LATE)
    assert listing(tmp_path) == ["s"]


HTTP_ANSWERS = {
    "good": (lambda body: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body, None),
    "until_closed": (lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body, None),
    "cut_off": (lambda body: b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + body, "cut off after [0-9]+ of 10"),
    "no_json": (lambda body: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", "this is not JSON"),
    "refused": (
        lambda body: b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nNo",
        "HTTP answered 'HTTP/1.1 403 For",
    ),
    "garbage": (lambda body: b"SIP/2.0 400 Bad\r\n\r\n", "not a response of HTTP"),
    "endless_head": (lambda body: b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99999, "the head of the response"),
}


@pytest.mark.parametrize("case", HTTP_ANSWERS)
def test_answers_over_http(case: str) -> None:
    make, expected = HTTP_ANSWERS[case]

    def answer(peer: socket.socket) -> None:
        request = peer.recv(9999)
        assert request.startswith(b"POST /RPC HTTP/1.1\r\nHost: 127.0.0.1:")
        peer.sendall(make(json_answer(request.partition(b"\r\n\r\n")[2])))

    with serving(socket.SOCK_STREAM, ("127.0.0.1", 0), answer) as at:
        if expected is None:
            assert call(JsonHttp(*at), "a.b", (), LATE) == [42]
        else:
            with pytest.raises(NoAnswerError, match=expected):
                call(JsonHttp(*at), "a.b", (), LATE)


def test_json_over_tcp_and_udp() -> None:
    def over_udp(peer: socket.socket) -> None:
        request, sender = peer.recvfrom(9999)
        peer.sendto(json_answer(request), sender)

    with serving(socket.SOCK_STREAM, ("127.0.0.1", 0), lambda peer: peer.sendall(json_answer(peer.recv(9999)))) as at:
        assert call(JsonTcp(*at), "a.b", (), LATE) == [42]
    with serving(socket.SOCK_DGRAM, ("127.0.0.1", 0), over_udp) as at:
        assert call(JsonUdp(*at), "a.b", (), LATE) == [42]


# To look for the process that reads it takes some tenths of a second on a busy host.
FIFO_SECONDS = 2.0
FIFOS: dict[str, tuple[Callable[[bytes], bytes | None], str | None]] = {
    "good": (json_answer, None),
    "large": (lambda request: json_answer(request, json.dumps("x" * 300000)), None),
    "silent": (lambda request: None, "did not answer within 2 seconds"),
    "empty": (lambda request: b"", "did not write a reply"),
    "cut_off": (lambda request: json_answer(request)[:-1], "this is not JSON"),
    "other_call": (lambda request: b'{"result": 1, "id": "7"}', "is for another call"),
}


@pytest.mark.parametrize("case", FIFOS)
def test_answers_over_a_fifo(case: str, tmp_path: Path) -> None:
    make, expected = FIFOS[case]
    fifo, modes = tmp_path / "fifo", []
    os.mkfifo(fifo)
    # As the server does it, which keeps the FIFO open for both.
    ours = os.open(fifo, os.O_RDWR)

    def serve() -> None:
        request = os.read(ours, 9999)
        reply = tmp_path / json.loads(request)["reply_name"]
        modes.append((stat.S_IMODE(reply.stat().st_mode), reply.stat().st_uid))
        data = make(request)
        if data is not None:
            reply.write_bytes(data)

    thread = threading.Thread(target=serve)
    thread.start()
    if expected is None:
        assert call(JsonFifo(str(fifo), str(tmp_path) + "/"), "a.b", (), LATE) in ([42], ["x" * 300000])
    else:
        with pytest.raises(NoAnswerError, match=expected):
            call(JsonFifo(str(fifo), str(tmp_path) + "/"), "a.b", (), FIFO_SECONDS)
    thread.join()
    os.close(ours)
    assert listing(tmp_path) == ["fifo"], "no reply FIFO is left"
    assert modes == [(0o600, os.geteuid())], "the process that reads the FIFO is one of ours"


def braces(request: bytes) -> bytes:
    return json_answer(request, json.dumps(["}" * 5, "{" * 7]))


# What another process writes to the reply FIFO before and behind the reply of the server, and keeps the FIFO open.
MIXED: dict[str, tuple[bytes, Callable[[bytes], bytes], bytes, Any]] = {
    "held": (b"", json_answer, b"", [42]),
    "held_large": (b"", lambda request: json_answer(request, json.dumps(["{}"] * 90000)), b"", ["{}"] * 90000),
    "white_space": (b" \n", json_answer, b"\r\n \n", [42]),
    # Only at the deadline it is clear that nothing more comes.
    "braces_in_strings": (b"", braces, b"", ["}" * 5, "{" * 7]),
    "forged_before": (b'{"result": "forged", "id": "7"}', json_answer, b"", "only [0-9]+ bytes of the reply"),
    "forged_alone": (b'{"result": "forged", "id": "7"}', lambda _request: b"", b"", "only [0-9]+ bytes of the reply"),
    "garbage_before": (b"\xff}", json_answer, b"", "only [0-9]+ bytes of the reply"),
    "garbage_behind": (b"", json_answer, b"x" * 99, (42, "only [0-9]+ bytes of the reply")),
}


@pytest.mark.parametrize("case", MIXED)
def test_what_others_write_to_a_reply_fifo_is_not_taken_for_the_reply(case: str, tmp_path: Path) -> None:
    before, make, behind, expected = MIXED[case]
    os.mkfifo(tmp_path / "fifo")
    ours = os.open(tmp_path / "fifo", os.O_RDWR)
    held: list[Any] = []

    def serve() -> None:
        request = os.read(ours, 9999)
        held.append((tmp_path / json.loads(request)["reply_name"]).open("wb", buffering=0))
        with contextlib.suppress(BrokenPipeError):
            for data in (before, make(request), behind):
                if data:
                    # Each comes apart, so that the end of each is looked at.
                    held[0].write(data)
                    time.sleep(0.02)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        found: Any = call(JsonFifo(str(tmp_path / "fifo"), str(tmp_path) + "/"), "a.b", (), 3 * SOON)
    except NoAnswerError as reason:
        found = str(reason)
    thread.join()
    os.close(ours)
    held[0].close()
    if isinstance(expected, list):
        assert found == expected
    else:
        # What comes behind a whole reply can be too late to spoil it.
        result, error = expected if isinstance(expected, tuple) else (None, expected)
        assert found == [result] or re.search(error, found), found
    assert listing(tmp_path) == ["fifo"]


def test_a_reply_fifo_that_is_written_without_end_ends_with_the_deadline(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    ours = os.open(tmp_path / "fifo", os.O_RDWR)

    def serve() -> None:
        name = json.loads(os.read(ours, 9999))["reply_name"]
        with contextlib.suppress(BrokenPipeError), (tmp_path / name).open("wb", buffering=0) as reply:
            reply.write(b"[")
            while True:
                # Each of these looks like the end of a reply.
                reply.write(b"{},{}")
                reply.write(b",")

    thread = threading.Thread(target=serve)
    thread.start()
    start = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"only [0-9]+ bytes of the reply came"):
        call(JsonFifo(str(tmp_path / "fifo"), str(tmp_path) + "/"), "a.b", (), FIFO_SECONDS)
    assert time.monotonic() - start < FIFO_SECONDS + LATE
    thread.join()
    os.close(ours)


def test_a_fifo_that_nobody_empties(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    ours = os.open(tmp_path / "fifo", os.O_RDWR | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(ours, b"x" * 4096)
    with pytest.raises(UnreachableError, match=r"did not take the call within 2 seconds"):
        call(JsonFifo(str(tmp_path / "fifo"), str(tmp_path) + "/"), "a.b", (), FIFO_SECONDS)
    os.close(ours)
    assert listing(tmp_path) == ["fifo"]
