# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to a server: the protocols as pure code, and peers on the loopback that answer badly."""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import stat
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server import binrpc, http, jsonrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.addresses import (
    Address,
    CtlDatagram,
    CtlStream,
    CtlTcp,
    CtlUdp,
    JsonDatagram,
    JsonFifo,
    JsonHttp,
    JsonTcp,
    JsonUdp,
    show_address,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.ask import ask
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.errors import (
    NoAnswerError,
    ServerError,
    UnreachableError,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.find import find_addresses, parse_binrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.folder import private_folder
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.transport import call
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.values import (
    NULL,
    Struct,
    members,
    normal_result,
)

# Deadlines under test, and how much longer than that a call may take on a machine that is busy with other tests.
SOON, LATE = 0.3, 5.0


def listing(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


# ---- binrpc


def text(value: bytes, kind: int = 1) -> bytes:
    data = value + b"\0"
    return (bytes([len(data) << 4 | kind]) if len(data) < 8 else bytes([0x90 | kind, len(data)])) + data


def packet(body: bytes, cookie: bytes = b"\x07", kind: int = 1) -> bytes:
    return bytes([0xA1, kind << 4 | 1 << 2 | (len(cookie) - 1)]) + len(body).to_bytes(2, "big") + cookie + body


def values(*records: bytes) -> list[Any]:
    return normal_result(binrpc.decode_reply(packet(b"".join(records))).values)


CALLS = {
    "no_params": ("a.b", (), 0, b"\xa1\x00\x05\x00\x41a.b\0"),
    "numbers": ("m", (0, 1, -1, 0x1234), 1, b"\xa1\x00\x0e\x01\x21m\0\x00\x10\x01\x40\xff\xff\xff\xff\x20\x12\x34"),
    "doubles": ("m", (1.5, -0.5), 0x1234, b"\xa1\x01\x0f\x12\x34\x21m\0\x22\x05\xdc\x82" + b"\xff" * 6 + b"\xfe\x0c"),
    "long_text": (
        "m",
        ("x" * 7, "ü", "\udcff"),
        0,
        b"\xa1\x00\x14\x00\x21m\0\x91\x08xxxxxxx\0\x31\xc3\xbc\0\x21\xff\0",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_binrpc_call(case: str) -> None:
    method, params, cookie, expected = CALLS[case]
    assert binrpc.encode_call(method, params, cookie) == expected


@pytest.mark.parametrize("params", [("a\0b",), ("\ud800",), (1 << 31,), (1e18,)])
def test_what_cannot_be_sent_is_an_error(params: tuple[Any, ...]) -> None:
    with pytest.raises(KamailioError, match="a call"):
        binrpc.encode_call("m", params, 0)


VALUES = {
    "nothing": ([], []),
    "text": ([text(b"a"), text(b"longer than 7")], ["a", "longer than 7"]),
    "bytes": ([b"\x26ab"], ["ab"]),
    "null": ([b"\x01"], [""]),
    "not_utf8": ([text(b"\xff\xc3\xbc")], ["\udcffü"]),
    "int": ([b"\x00", b"\x10\x07", b"\x20\x12\x34", b"\x90\x02\x12\x34"], [0, 7, 0x1234, 0x1234]),
    "negative": ([b"\x40\xff\xff\xff\xfb"], [-5]),
    "double": ([b"\x22\x05\xdc", b"\x82" + b"\xff" * 6 + b"\xfe\x0c", b"\x22\x07\xd0"], [1.5, -0.5, 2]),
    "array": ([b"\x04", b"\x10\x01", b"\x10\x02", b"\x84"], [1, 2]),
    "struct": ([b"\x03", text(b"a", 5), b"\x10\x03", text(b"s", 5), text(b"x"), b"\x83"], [{"a": 3, "s": "x"}]),
    "empty_struct": ([b"\x03\x83"], []),
    "empty_within": ([b"\x03", text(b"a", 5), b"\x03\x83", text(b"b", 5), b"\x10\x01", b"\x83"], [{"a": {}, "b": 1}]),
    "repeated_names": ([b"\x03", text(b"a", 5), b"\x00", text(b"a", 5), b"\x10\x01", b"\x83"], [{"a": 0}, {"a": 1}]),
    "values_without_names": ([b"\x03", b"\x10\x01", text(b"a", 5), b"\x00", b"\x83"], [1, {"a": 0}]),
}


@pytest.mark.parametrize("case", VALUES)
def test_binrpc_values(case: str) -> None:
    records, expected = VALUES[case]
    assert values(*records) == expected


def test_binrpc_fault() -> None:
    reply = binrpc.decode_reply(packet(b"\x20\x01\xf4" + text(b"Ongoing reload"), b"\x01\x02\x03\x04", 3))
    assert (reply.cookie, reply.fault) == (0x01020304, (500, "Ongoing reload"))


GARBLED = {
    "nothing": (b"", "0 bytes instead of some more"),
    "not_a_reply": (b"HTTP/1.1 400 Bad", "not a reply of Kamailio"),
    "a_call": (packet(b"", kind=0), "not a reply of Kamailio"),
    "cut_off": (packet(text(b"abc"))[:-1], "9 bytes instead of 10"),
    "too_much": (packet(b"") + b"x", "6 bytes instead of 5"),
    "record_too_long": (packet(b"\x71abc"), "ends behind the reply"),
    "text_without_end": (packet(b"\x21ab"), "a string without an end"),
    "struct_without_end": (packet(b"\x03"), "ends behind the reply"),
    "end_without_struct": (packet(b"\x83"), "a record of type 3 and length 0"),
    "wrong_end": (packet(b"\x03\x84"), "a record of type 4 and length 0"),
    "name_alone": (packet(text(b"a", 5)), "a record of type 5"),
    "name_twice": (packet(b"\x03" + text(b"a", 5) * 2 + b"\x83"), "a record of type 5"),
    "unknown_type": (packet(b"\x0f"), "a record of type 15"),
    "long_int": (packet(b"\x50abcde"), "a record of type 0 and length 5"),
    "deep": (packet(b"\x03" * 300), "more than 60 levels"),
    "fault_without_text": (packet(b"\x10\x05", kind=3), "an error that cannot be read"),
}


@pytest.mark.parametrize("case", GARBLED)
def test_binrpc_garbage_is_an_error(case: str) -> None:
    data, expected = GARBLED[case]
    with pytest.raises(KamailioError, match=expected):
        binrpc.decode_reply(data)


def test_binrpc_length_is_known_as_soon_as_it_can_be() -> None:
    whole = packet(text(b"abc"), b"\1\2\3\4")
    lengths = [binrpc.packet_length(whole[:end]) for end in range(len(whole) + 1)]
    assert lengths == [None] * 8 + [len(whole)] * (len(whole) - 7)


HEADS = st.sampled_from(
    [b"", b"\xa1", b"\xa1\x10", b"\xa1\x10\x09\x01", b"\xa1\x30\x08\x01", b"\x03", b"\x71", b"\x83"]
)


@given(st.lists(st.one_of(HEADS, st.binary(max_size=12)), max_size=8).map(b"".join))
def test_any_bytes_as_binrpc_give_values_or_an_error(data: bytes) -> None:
    for one in (data, packet(data), packet(b"\x03" + data + b"\x83"), packet(data, kind=3)):
        with contextlib.suppress(KamailioError):
            assert isinstance(normal_result(binrpc.decode_reply(one).values), list)


# ---- JSON


def json_values(result: str) -> list[Any]:
    return normal_result(jsonrpc.decode_reply(b'{"jsonrpc": "2.0", "result": %s, "id": "7"}' % result.encode()).values)


JSON_VALUES = {
    "nothing": ("{}", []),
    "nothing_with_ret_array": ("[]", []),
    "one_value": ('"a"', ["a"]),
    "one_value_with_ret_array": ('["a"]', ["a"]),
    "several": ('["a", 1, 1.5, 2.0]', ["a", 1, 1.5, 2]),
    "null_and_booleans": ("[null, true, false, 1e999, 7.333333]", [NULL, 1, 0, math.inf, 7.333]),
    "struct": ('{"a": 3, "s": "x"}', [{"a": 3, "s": "x"}]),
    "empty_within": ('{"a": [], "b": {}}', [{"a": {}, "b": {}}]),
    "wrapped_members": ('{"R": [{"S": {"a": 1}}, {"S": {"a": 2}}]}', [{"R": [{"S": {"a": 1}}, {"S": {"a": 2}}]}]),
    "one_wrapped_member": ('{"R": [{"S": {"a": 1, "b": 2}}]}', [{"R": {"S": {"a": 1, "b": 2}}}]),
    "repeated_names": ('{"a": 0, "a": 1}', [{"a": 0}, {"a": 1}]),
    "names_of_the_protocol": ('{"id": [1], "result": null, "error": [2]}', [{"id": [1], "result": NULL, "error": [2]}]),
}


@pytest.mark.parametrize("case", JSON_VALUES)
def test_json_values(case: str) -> None:
    result, expected = JSON_VALUES[case]
    assert json_values(result) == expected


def test_json_with_raw_bytes_and_control_characters() -> None:
    reply = jsonrpc.decode_reply(b'{"jsonrpc": "2.0", "result": "\xff\n\x01", "id": 7}')
    assert (reply.id, normal_result(reply.values)) == ("7", ["\udcff\n\x01"])


def test_json_fault() -> None:
    reply = jsonrpc.decode_reply(b'{"jsonrpc":"2.0","error":{"code":500,"message":"Ongoing reload"},"id":"7"}')
    assert (reply.id, reply.fault) == ("7", (500, "Ongoing reload"))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"7", b'{"error": {}}', b'{"result": NaN}', b"[" * 100000])
def test_json_garbage_is_an_error(data: bytes) -> None:
    with pytest.raises(KamailioError, match="this is"):
        normal_result(jsonrpc.decode_reply(data).values)


@given(st.binary(max_size=40))
def test_any_bytes_as_json_give_values_or_an_error(data: bytes) -> None:
    for one in (data, b'{"result": %s, "id": 1}' % data, b'{"result": "%s", "id": 1}' % data):
        with contextlib.suppress(KamailioError):
            assert isinstance(normal_result(jsonrpc.decode_reply(one).values), list)


@given(st.lists(st.one_of(st.text(max_size=8), st.integers(-9, 9)), max_size=4))
def test_any_json_call_ends_where_a_fifo_server_takes_it_to_end(params: list[str | int]) -> None:
    try:
        data = jsonrpc.add_members(jsonrpc.encode_call("a.b", params, "7"), reply_name="r")
    except KamailioError:
        assert any(isinstance(one, str) and "\0" in one for one in params)
        return
    assert json.loads(data) == {
        "jsonrpc": "2.0",
        "method": "a.b",
        **({"params": params} if params else {}),
        "id": "7",
        "reply_name": "r",
    }
    assert b'\\"' not in data and b"\\\\" not in data, "jsonrpc_read_stream cannot read these"


# ---- the normal form

SCALARS = st.one_of(st.integers(-9, 9), st.sampled_from(["", "x", "<null string>"]))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: ("[", [(None, one) for one in found])),
        st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=3).map(lambda found: ("{", found)),
        st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=3).map(lambda found: ("[", found)),
    ),
    max_leaves=12,
)


def as_binrpc(tree: Any) -> Any:
    """What rpc_struct_add and rpc_array_add of ctl make of it."""
    return Struct(tuple((name, as_binrpc(one)) for name, one in tree[1])) if isinstance(tree, tuple) else tree


def as_json(tree: Any) -> str:
    """What jsonrpc_struct_add and jsonrpc_array_add of jsonrpcs make of it."""
    if not isinstance(tree, tuple):
        return json.dumps(None if tree == "<null string>" else tree)
    named = ["%s: %s" % (json.dumps(name), as_json(one)) if name else as_json(one) for name, one in tree[1]]
    if tree[0] == "{":
        return "{%s}" % ", ".join(named)
    return "[%s]" % ", ".join("{%s}" % one if name else one for one, (name, _value) in zip(named, tree[1]))


@given(TREES)
def test_any_reply_has_one_normal_form(tree: Any) -> None:
    over_ctl = normal_result(Struct(((None, as_binrpc(tree)),)))
    assert over_ctl == json_values(as_json(tree)), as_json(tree)
    assert over_ctl == json_values("[%s]" % as_json(tree)), "with RET_ARRAY"


@given(st.integers(-(1 << 40), 1 << 40), st.integers(0, 999))
def test_any_fraction_has_one_normal_form(thousandths: int, millionths: int) -> None:
    cut = normal_result(Struct(((None, thousandths / 1000),)))
    assert cut == [thousandths / 1000]
    text = "%s%d.%03d%03d" % ("-" * (thousandths < 0), *divmod(abs(thousandths), 1000), millionths)
    assert json_values(text) == (cut if thousandths or not millionths else [0])


def test_members() -> None:
    assert members({"a": 1, "b": 2}, "a") == [1]
    assert members([{"a": 1}, {"b": 2}, 3, {"a": 4}], "a") == [1, 4]
    assert members("a", "a") == members({}, "a") == []


# ---- HTTP


@given(st.binary(max_size=60))
def test_any_bytes_as_http_give_a_length_or_an_error(data: bytes) -> None:
    for one in (data, b"HTTP/1.1 200 OK\r\n" + data, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + data):
        with contextlib.suppress(KamailioError):
            http.message_length(one)
            http.decode_response(one)


def test_http() -> None:
    response = b"HTTP/1.1 500 Ongoing reload\r\nX: y\r\ncontent-length: 2\r\n\r\n{}"
    assert http.message_length(response) == len(response) and http.message_length(response[:20]) is None
    assert http.message_length(b"HTTP/1.0 200 OK\r\n\r\nabc") is None
    assert http.decode_response(response) == b"{}"
    with pytest.raises(KamailioError, match=r"HTTP answered 'HTTP/1\.1 404 None'"):
        http.decode_response(b"HTTP/1.1 404 None\r\n\r\n<html>")
    with pytest.raises(KamailioError, match="no address for HTTP"):
        http.encode_post("h", 80, "/a b", b"")


# ---- peers that answer badly


@contextlib.contextmanager
def serving(kind: int, place: Any, answer: Callable[[socket.socket], None]) -> Iterator[Any]:
    """A peer that accepts one connection, or has one datagram socket, and does with it what it is told."""
    family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
    with socket.socket(family, kind) as peer:
        peer.bind(place)

        def serve() -> None:
            with contextlib.suppress(OSError):
                if kind == socket.SOCK_DGRAM:
                    answer(peer)
                else:
                    with peer.accept()[0] as connection:
                        answer(connection)

        if kind == socket.SOCK_STREAM:
            peer.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield place if isinstance(place, str) else peer.getsockname()
        with contextlib.suppress(OSError):
            peer.shutdown(socket.SHUT_RDWR)
    thread.join()


def reply_to(request: bytes, body: bytes = b"\x10\x2a") -> bytes:
    size = (request[1] >> 2 & 3) + 1
    return packet(body, request[2 + size : 4 + size + (request[1] & 3) - 1])


def drip(connection: socket.socket) -> None:
    for one in reply_to(connection.recv(999), text(b"x" * 60)):
        connection.send(bytes([one]))
        time.sleep(0.1)


STREAMS: dict[str, tuple[Callable[[socket.socket], Any], str]] = {
    "closed": (lambda peer: peer.recv(999), "the server closed the connection and did not answer"),
    "silent": (lambda peer: (peer.recv(999), time.sleep(2 * SOON)), "did not answer within 0.3 seconds"),
    "cut_off": (lambda peer: peer.send(reply_to(peer.recv(999))[:-1]), "the reply is cut off after"),
    "cut_off_in_head": (lambda peer: (peer.recv(999), peer.send(b"\xa1")), "1 bytes instead of some more"),
    "stuck": (lambda peer: (peer.send(reply_to(peer.recv(999))[:-1]), time.sleep(2 * SOON)), "only [0-9]+ bytes"),
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
    for beside, parent in ((tmp_path / "ctl", tmp_path), (long / "ctl", Path(tempfile.gettempdir()))):
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


def json_answer(request: bytes, result: str = "42") -> bytes:
    return b'{"jsonrpc": "2.0", "result": %s, "id": "%s"}' % (result.encode(), json.loads(request)["id"].encode())


def test_json_over_datagrams_comes_in_the_datagram_or_in_a_file(tmp_path: Path) -> None:
    modes = []

    def answer(peer: socket.socket, store: str | None) -> None:
        request, sender = peer.recvfrom(9999)
        stored = Path(json.loads(request)["store_path"])
        modes.extend(stat.S_IMODE(one.stat().st_mode) for one in (stored.parent, stored, Path(sender)))
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


FIFOS: dict[str, tuple[Callable[[bytes], bytes | None], str | None]] = {
    "good": (json_answer, None),
    "large": (lambda request: json_answer(request, json.dumps("x" * 300000)), None),
    "silent": (lambda request: None, "did not answer within 0.3"),
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
        modes.append(stat.S_IMODE(reply.stat().st_mode))
        data = make(request)
        if data is not None:
            reply.write_bytes(data)

    thread = threading.Thread(target=serve)
    thread.start()
    if expected is None:
        assert call(JsonFifo(str(fifo), str(tmp_path) + "/"), "a.b", (), LATE) in ([42], ["x" * 300000])
    else:
        with pytest.raises(NoAnswerError, match=expected):
            call(JsonFifo(str(fifo), str(tmp_path) + "/"), "a.b", (), SOON)
    thread.join()
    os.close(ours)
    assert listing(tmp_path) == ["fifo"], "no reply FIFO is left"
    assert modes == [0o622]


def test_a_fifo_that_nobody_empties(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    ours = os.open(tmp_path / "fifo", os.O_RDWR | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(ours, b"x" * 4096)
    with pytest.raises(UnreachableError, match=r"did not take the call within 0\.3 seconds"):
        call(JsonFifo(str(tmp_path / "fifo"), str(tmp_path) + "/"), "a.b", (), SOON)
    os.close(ours)
    assert listing(tmp_path) == ["fifo"]


# ---- what is not there, or not what it should be


def every_kind(path: Path) -> list[Address]:
    return [
        CtlStream(str(path)),
        CtlDatagram(str(path)),
        JsonDatagram(str(path)),
        JsonFifo(str(path), str(path.parent)),
    ]


def make_nothing(path: Path) -> None:
    assert not path.exists()


def make_dead_socket(path: Path) -> None:
    for kind in (socket.SOCK_STREAM,):
        with socket.socket(socket.AF_UNIX, kind) as one:
            one.bind(str(path))


PLACES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "nothing": (make_nothing, "No such file or directory"),
    "file": (lambda path: path.write_text(""), "this is a regular file, and not a (socket|FIFO)"),
    "folder": (lambda path: path.mkdir(), "this is a directory, and not a (socket|FIFO)"),
    "dead_socket": (make_dead_socket, "Connection refused|this is a socket, and not a FIFO"),
    "loop": (lambda path: path.symlink_to(path), "symbolic links"),
    "fifo": (os.mkfifo, "this is a FIFO, and not a socket|nobody reads this FIFO"),
}


@pytest.mark.parametrize("place", PLACES)
def test_wrong_places(place: str, tmp_path: Path) -> None:
    make, expected = PLACES[place]
    path = tmp_path / "at"
    make(path)
    before = listing(tmp_path)
    for address in every_kind(path):
        with pytest.raises(UnreachableError, match=expected) as raised:
            call(address, "a.b", (), SOON)
        assert raised.value.problems[0].path == str(path), "the message names the path"
        assert raised.value.problems[0].remedy
    assert listing(tmp_path) == before


def test_sockets_of_the_other_kind(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.bind(str(tmp_path / "d"))
        with pytest.raises(UnreachableError, match="a stream is unix:"):
            call(CtlStream(str(tmp_path / "d")), "a.b", (), SOON)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.bind(str(tmp_path / "s"))
        peer.listen()
        with pytest.raises(UnreachableError, match="a stream is unix:"):
            call(JsonDatagram(str(tmp_path / "s")), "a.b", (), SOON)


@pytest.mark.parametrize("make", [CtlTcp, CtlUdp, JsonTcp, JsonUdp, JsonHttp])
def test_ports_that_nobody_listens_on(make: Callable[[str, int], Address]) -> None:
    with socket.socket() as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", one.getsockname()[1]))
        port = one.getsockname()[1]
    with pytest.raises(UnreachableError, match="Connection refused"):
        call(make("127.0.0.1", port), "a.b", (), LATE)


def test_a_server_that_accepts_no_connection(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer, contextlib.ExitStack() as stack:
        peer.bind(str(tmp_path / "s"))
        peer.listen(0)
        with contextlib.suppress(BlockingIOError):
            for _index in range(10):
                waiting = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                waiting.setblocking(False)
                waiting.connect(str(tmp_path / "s"))
        with pytest.raises(UnreachableError, match=r"no connection within 0\.3 seconds"):
            call(CtlStream(str(tmp_path / "s")), "a.b", (), SOON)


def test_too_long_for_a_fifo(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="a FIFO takes 4096 at once"):
        call(JsonFifo(str(tmp_path / "f"), str(tmp_path)), "a.b", ("x" * 4096,), SOON)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed, and only root can become one")
@pytest.mark.parametrize("kind", ["folder", "socket", "datagrams", "fifo"])
def test_no_permission(kind: str) -> None:
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        if kind == "folder":
            folder = folder / "closed"
            folder.mkdir(0o700)
        path = folder / "at"
        if kind == "fifo":
            os.mkfifo(path)
        else:
            types = {"datagrams": socket.SOCK_DGRAM}
            peer = stack.enter_context(socket.socket(socket.AF_UNIX, types.get(kind, socket.SOCK_STREAM)))
            peer.bind(str(path))
        path.chmod(0o600)
        replies = name + "/"
        addresses = {"fifo": JsonFifo(str(path), replies), "datagrams": JsonDatagram(str(path))}
        address = addresses.get(kind, CtlStream(str(path)))
        said = as_nobody(address)
        expected = "cannot make a FIFO for the reply" if kind == "fifo" else "cannot call the server"
        assert expected in said and "Permission denied" in said and name in said, said
        if kind == "fifo":
            Path(name).chmod(0o777)
            said = as_nobody(address)
            assert "cannot call the server: Permission denied" in said and "Become root" in said, said
        assert listing(Path(name)) == ["closed" if kind == "folder" else "at"]


def as_nobody(address: Address) -> str:
    """What a user without rights is told."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            call(address, "a.b", (), SOON)
        except UnreachableError as reason:
            os.write(writing, str(reason).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as said:
        return said.read()


# ---- ask


def answering(path: Path, *bodies: bytes, fault: bool = False) -> tuple[Any, list[bytes]]:
    """A ctl that answers with these bodies; what was asked is put into the list."""
    asked: list[bytes] = []

    def answer(peer: socket.socket) -> None:
        request = peer.recv(999)
        asked.append(request)
        for body in bodies:
            data = bytearray(reply_to(request, body))
            data[1] |= 0x20 if fault else 0
            peer.send(data)

    return serving(socket.SOCK_STREAM, str(path), answer), asked


INTERNAL = b"\x20\x01\xf4" + text(b"Internal error creating dest")


def test_ask_goes_on_where_nothing_was_executed(tmp_path: Path) -> None:
    good, asked = answering(tmp_path / "b", b"\x10\x07")
    with good:
        addresses = [CtlStream(str(tmp_path / "a")), JsonFifo(str(tmp_path / "f")), CtlStream(str(tmp_path / "b"))]
        assert ask(addresses, "a.b", (), LATE) == [7]
    assert len(asked) == 1


@pytest.mark.parametrize("first", [(), (INTERNAL,)])
def test_ask_repeats_only_what_is_safe(first: tuple[bytes, ...], tmp_path: Path) -> None:
    for safe in (False, True):
        (bad, asked), (good, asked_again) = (
            answering(tmp_path / ("a%s" % safe), *first, fault=True),
            answering(tmp_path / ("b%s" % safe), b"\x10\x07"),
        )
        with bad as one, good as other:
            addresses = [CtlStream(one), CtlStream(other)]
            if safe:
                assert ask(addresses, "a.b", (), LATE, safe=True) == [7]
            else:
                with pytest.raises(ServerError if first else NoAnswerError):
                    ask(addresses, "a.b", (), LATE)
        assert (len(asked), len(asked_again)) == (1, int(safe))


def test_ask_does_not_repeat_what_the_server_refuses(tmp_path: Path) -> None:
    bad, _asked = answering(tmp_path / "a", b"\x20\x01\xf4" + text(b"command a.b not found"), fault=True)
    with bad as one, pytest.raises(ServerError) as raised:
        ask([CtlStream(one), CtlStream(str(tmp_path / "b"))], "a.b", (), LATE, safe=True)
    assert (raised.value.code, raised.value.text) == (500, "command a.b not found")
    assert raised.value.unknown_command


def test_ask_shares_the_time(tmp_path: Path) -> None:
    good, _asked = answering(tmp_path / "b", b"\x10\x07")
    with serving(socket.SOCK_DGRAM, str(tmp_path / "a"), lambda peer: time.sleep(0.1)) as at, good as other:
        start = time.monotonic()
        assert ask([CtlDatagram(at), CtlStream(other)], "a.b", (), 4 * SOON, safe=True) == [7]
        assert time.monotonic() - start < 4 * SOON + LATE


def test_ask_says_what_to_configure(tmp_path: Path) -> None:
    full, _asked = answering(tmp_path / "a", INTERNAL, fault=True)
    with full as one, pytest.raises(NoAnswerError) as raised:
        ask([CtlStream(one)], "dispatcher.list", (), LATE, safe=True)
    assert 'modparam("jsonrpcs", "transport", 6)' in str(raised.value)
    assert "500: Internal error creating dest" in str(raised.value)
    with pytest.raises(UnreachableError, match='loadmodule "jsonrpcs'):
        ask([], "a.b", (), SOON)
    with pytest.raises(UnreachableError) as unreachable:
        ask([CtlStream(str(tmp_path / "x")), JsonFifo(str(tmp_path / "y"))], "a.b", (), LATE)
    assert str(tmp_path / "x") in str(unreachable.value) and str(tmp_path / "y") in str(unreachable.value)


# ---- find

BINRPC = {
    "unix:/run/k/ctl": CtlStream("/run/k/ctl"),
    "UNIXS:/run/k/ctl": CtlStream("/run/k/ctl"),
    "unixd:/run/k/ctl": CtlDatagram("/run/k/ctl"),
    "/run/k/ctl": CtlStream("/run/k/ctl"),
    "unix:ctl": CtlStream("/ctl"),
    "tcp:10.0.0.1:2046": CtlTcp("10.0.0.1", 2046),
    "tcp:10.0.0.1": CtlTcp("10.0.0.1", 2049),
    "tcp:3012": CtlTcp("127.0.0.1", 3012),
    "tcp:*:3012": CtlTcp("127.0.0.1", 3012),
    "tcp:[::1]:3012": CtlTcp("::1", 3012),
    "udp:localhost:2046": CtlUdp("localhost", 2046),
    "localhost:2046": CtlUdp("localhost", 2046),
    "localhost": CtlUdp("localhost", 2049),
    "tcp:localhost:99999": None,
    "tcp:localhost:no-such-service": None,
    "unix:": None,
}


@pytest.mark.parametrize("written", BINRPC)
def test_binrpc_parameter(written: str) -> None:
    assert parse_binrpc(written) == BINRPC[written]


def find(config: str, run_dir: str | None = None) -> list[Address]:
    def read(_path: str) -> None:
        return None

    return find_addresses(evaluate("/etc/kamailio/kamailio.cfg", config.encode(), read, (6, 1, 5)), run_dir)


JSON = 'loadmodule "jsonrpcs.so"\n'
CTL = 'loadmodule "ctl.so"\n'
FIFO, DGRAM = JsonFifo("/var/run/kamailio/kamailio_rpc.fifo"), JsonDatagram("/var/run/kamailio/kamailio_rpc.sock")
XHTTP = 'listen=tcp:127.0.0.1:8080\nlisten=udp:127.0.0.1:5060\nloadmodule "xhttp.so"\n'
ROUTE = "request_route { exit; }\nevent_route[xhttp:request] {\n%s\n}\nroute[X] { jsonrpc_dispatch(); }\n"

FOUND: dict[str, tuple[str, list[Address]]] = {
    "nothing_loaded": ("", []),
    "defaults": (CTL + JSON, [CtlStream("/var/run/kamailio/kamailio_ctl"), FIFO, DGRAM]),
    "several_ctl": (
        CTL + 'modparam("ctl", "binrpc", "udp:127.0.0.1:1")\nmodparam("ctl", "binrpc", "unix:/a")\n',
        [CtlStream("/a"), CtlUdp("127.0.0.1", 1)],
    ),
    "fifo_only": (
        JSON + 'modparam("jsonrpcs", "transport", 2)\nmodparam("jsonrpcs", "fifo_name", "/f")',
        [JsonFifo("/f")],
    ),
    "reply_dir": (
        JSON + 'modparam("jsonrpcs", "transport", 2)\nmodparam("jsonrpcs", "fifo_reply_dir", "/r/")',
        [JsonFifo("/var/run/kamailio/kamailio_rpc.fifo", "/r/")],
    ),
    "datagram_only": (
        JSON + 'modparam("jsonrpcs", "transport", 4)\nmodparam("jsonrpcs", "dgram_socket", "s")',
        [JsonDatagram("/var/run/kamailio/s")],
    ),
    "udp": (
        JSON + 'modparam("jsonrpcs", "transport", 4)\nmodparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1:8099")',
        [JsonUdp("127.0.0.1", 8099)],
    ),
    "empty_name": (JSON + 'modparam("jsonrpcs", "fifo_name", "")', [DGRAM]),
    "tcp": (
        JSON + 'modparam("jsonrpcs", "transport", 8)\nmodparam("jsonrpcs", "tcp_socket", "tcp:[::1]:8090")',
        [JsonTcp("::1", 8090)],
    ),
    "tcp_without_its_bit": (JSON + 'modparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:8090")', [FIFO, DGRAM]),
    "all": (
        JSON + 'modparam("jsonrpcs", "transport", 0)\nmodparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:8090")',
        [JsonTcp("127.0.0.1", 8090), FIFO, DGRAM],
    ),
    "not_known": (JSON + 'modparamx("jsonrpcs", "transport", "$env(X)")', []),
    "http": (
        XHTTP + JSON + 'modparam("jsonrpcs", "transport", 1)\n' + ROUTE % "jsonrpc_dispatch();",
        [JsonHttp("127.0.0.1", 8080, "/RPC")],
    ),
    "http_path": (
        XHTTP
        + JSON
        + 'modparam("jsonrpcs", "transport", 1)\n'
        + ROUTE % 'if ($hu =~ "^/api/x") { jsonrpc_dispatch(); }',
        [JsonHttp("127.0.0.1", 8080, "/api/x")],
    ),
    "http_without_dispatch": (XHTTP + JSON + 'modparam("jsonrpcs", "transport", 1)\n' + ROUTE % "drop;", []),
}


@pytest.mark.parametrize("case", FOUND)
def test_find(case: str) -> None:
    config, expected = FOUND[case]
    assert find(config) == expected


def test_run_dir_of_the_configuration() -> None:
    evaluation = evaluate("/k.cfg", (CTL + JSON).encode(), lambda _path: None, (6, 1, 5))._replace(
        settings={"run_dir": b"/y/"}
    )
    assert find_addresses(evaluation)[0] == CtlStream("/y/kamailio_ctl")
    assert find_addresses(evaluation, "/x")[0] == CtlStream("/x/kamailio_ctl")


def test_run_dir_of_the_command_line() -> None:
    assert find(CTL + JSON, "/x") == [
        CtlStream("/x/kamailio_ctl"),
        JsonFifo("/x/kamailio_rpc.fifo"),
        JsonDatagram("/x/kamailio_rpc.sock"),
    ]


def test_addresses_for_people() -> None:
    shown = [show_address(one) for one in (CtlStream("/c"), CtlTcp("::1", 5), JsonHttp("h", 80), FIFO, DGRAM)]
    assert shown == [
        "/c (ctl, stream)",
        "tcp:[::1]:5 (ctl)",
        "http://h:80/RPC (jsonrpcs)",
        "/var/run/kamailio/kamailio_rpc.fifo (jsonrpcs, FIFO)",
        "/var/run/kamailio/kamailio_rpc.sock (jsonrpcs, datagrams)",
    ]
