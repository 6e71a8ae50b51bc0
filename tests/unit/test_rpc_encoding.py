# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to a server and its replies, as bytes and as values: pure code."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import binrpc, http, jsonrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.commands import arguments_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.values import (
    NULL,
    Struct,
    members,
    normal_result,
)

from .peers import packet, text

# ---- binrpc


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
    for reply in (data, packet(data), packet(b"\x03" + data + b"\x83"), packet(data, kind=3)):
        with contextlib.suppress(KamailioError):
            assert isinstance(normal_result(binrpc.decode_reply(reply).values), list)


# ---- JSON


def json_values(result: str) -> list[Any]:
    return normal_result(jsonrpc.decode_reply(b'{"jsonrpc": "2.0", "result": %s, "id": "7"}' % result.encode()).values)


JSON_VALUES = {
    "nothing": ("{}", []),
    "nothing_with_ret_array": ("[]", []),
    "one_value": ('"a"', ["a"]),
    "one_value_with_ret_array": ('["a"]', ["a"]),
    "several": ('["a", 1, 1.5, 2.0]', ["a", 1, 1.5, 2]),
    "null_and_booleans": ("[null, true, false, 7.333333]", [NULL, 1, 0, 7.333]),
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


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), 1e999])
def test_no_call_has_a_number_that_is_not_finite(number: float) -> None:
    with pytest.raises(KamailioError, match="a number that is not finite"):
        arguments_of([1, number])


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[]", b"{}", b"7", b'{"error": {}}', b"[" * 100000),
        *(b'{"result": %s}' % number for number in (b"NaN", b"-Infinity", b"1e999", b"-1e999")),
    ],
)
def test_json_garbage_is_an_error(data: bytes) -> None:
    with pytest.raises(KamailioError, match="this is"):
        normal_result(jsonrpc.decode_reply(data).values)


@given(st.binary(max_size=40))
def test_any_bytes_as_json_give_values_or_an_error(data: bytes) -> None:
    for reply in (data, b'{"result": %s, "id": 1}' % data, b'{"result": "%s", "id": 1}' % data):
        with contextlib.suppress(KamailioError):
            assert isinstance(normal_result(jsonrpc.decode_reply(reply).values), list)


@given(st.lists(st.one_of(st.text(max_size=8), st.integers(-9, 9)), max_size=4))
def test_any_json_call_ends_where_a_fifo_server_takes_it_to_end(params: list[str | int]) -> None:
    try:
        data = jsonrpc.add_members(jsonrpc.encode_call("a.b", params, "7"), reply_name="r")
    except KamailioError:
        assert any(isinstance(param, str) and "\0" in param for param in params)
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
        st.lists(inner, max_size=3).map(lambda found: ("[", [(None, value) for value in found])),
        st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=3).map(lambda found: ("{", found)),
        st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=3).map(lambda found: ("[", found)),
    ),
    max_leaves=12,
)


def as_binrpc(tree: Any) -> Any:
    """What rpc_struct_add and rpc_array_add of ctl make of it."""
    return Struct(tuple((name, as_binrpc(value)) for name, value in tree[1])) if isinstance(tree, tuple) else tree


def as_json(tree: Any) -> str:
    """What jsonrpc_struct_add and jsonrpc_array_add of jsonrpcs make of it."""
    if not isinstance(tree, tuple):
        return json.dumps(None if tree == "<null string>" else tree)
    named = ["%s: %s" % (json.dumps(name), as_json(value)) if name else as_json(value) for name, value in tree[1]]
    if tree[0] == "{":
        return "{%s}" % ", ".join(named)
    return "[%s]" % ", ".join("{%s}" % member if name else member for member, (name, _value) in zip(named, tree[1]))


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
    for response in (data, b"HTTP/1.1 200 OK\r\n" + data, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + data):
        with contextlib.suppress(KamailioError):
            http.message_length(response)
            http.decode_response(response)


def test_http() -> None:
    response = b"HTTP/1.1 500 Ongoing reload\r\nX: y\r\ncontent-length: 2\r\n\r\n{}"
    assert http.message_length(response) == len(response) and http.message_length(response[:20]) is None
    assert http.message_length(b"HTTP/1.0 200 OK\r\n\r\nabc") is None
    assert http.decode_response(response) == b"{}"
    with pytest.raises(KamailioError, match=r"HTTP answered 'HTTP/1\.1 404 None'"):
        http.decode_response(b"HTTP/1.1 404 None\r\n\r\n<html>")
    with pytest.raises(KamailioError, match="not an address for HTTP"):
        http.encode_post("h", 80, "/a b", b"")
