# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hostile server can cost: time, memory, and nothing but one clear error."""

from __future__ import annotations

import contextlib
import copy
import gc
import json
import os
import resource
import socket
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Iterator, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.setup import MODE_ALL, Setup
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.compare import compare
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.restore import SetState, taken_out
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.runtime import plan_runtime
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.summary import (
    describe_absent,
    describe_destinations,
    describe_differences,
    render_running,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.sockets import UNKNOWN_SOCKETS
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import ask as asking
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import binrpc, jsonrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import CtlStream, CtlUdp, JsonTcp
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.clock import Deadline, Steps
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.connection import Connection
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.dispatcher import (
    Running,
    read_destinations,
    with_flags,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import NoAnswerError, ServerError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.sockets import MOST
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.transport import call
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.values import (
    Struct,
    limits_of,
    normal_result,
    printable,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server import server as live
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .peers import LATE, SOON, packet, reply_to, serving, text
from .replies import as_binrpc, as_json, destination, listing

# ---- size, number and depth


def body(data: bytes) -> bytes:
    return b"\xa1\x1c" + len(data).to_bytes(4, "big") + b"\7" + data


def in_json(data: bytes) -> bytes:
    return b'{"jsonrpc": "2.0", "result": %s, "id": "7"}' % data


MIB = 1 << 20
TOO_MUCH: dict[str, tuple[Callable[[], bytes], str]] = {
    "values": (lambda: body(b"\0" * (4 * MIB)), "more than [0-9]+ values"),
    "names": (lambda: body(b"\3" + b"\x15\0\0" * MIB + b"\x83"), "more than [0-9]+ values"),
    "structs": (lambda: body(b"\3\x83" * MIB), "more than [0-9]+ structs"),
    "deep_structs": (lambda: body((b"\3" * 60 + b"\x83" * 60) * (MIB // 60)), "more than [0-9]+ structs"),
    "depth": (lambda: body(b"\3" * MIB), "structs more than 60 levels"),
    "json_values": (lambda: in_json(b"[" + b"0," * (2 * MIB) + b"0]"), "more than [0-9]+ values"),
    "json_structs": (lambda: in_json(b"[" + b"[]," * (16 * MIB) + b"0]"), "more than 2000000 structs"),
    "json_depth": (lambda: in_json(b"[" * 100_000 + b"]" * 100_000), "not JSON|levels"),
    "json_escapes": (lambda: in_json(b'"' + b"\\n" * (2 * MIB) + b'"'), "more than [0-9]+ values"),
    # A conversion that is quadratic in the number of digits takes hours.
    "json_digits": (lambda: in_json(b"9" * (16 * MIB)), "a number has 16777216 digits"),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_a_reply_with_too_much_is_refused(case: str) -> None:
    make, expected = TOO_MUCH[case]
    data = make()
    with pytest.raises(KamailioError, match=expected):
        normal_result((binrpc if data[:1] == b"\xa1" else jsonrpc).decode_reply(data).values)


@pytest.mark.parametrize("case", ["values", "structs"])
def test_the_records_that_are_read_are_bounded(case: str) -> None:
    data = TOO_MUCH[case][0]()
    read = sum(1 for _record in stop_at_error(binrpc._records(data, 7)))
    with counted(binrpc, "_records") as seen, pytest.raises(KamailioError):
        binrpc.decode_reply(data)
    assert seen[0] < read / 2 and seen[0] <= 2 * max(limits_of(len(data)))


def stop_at_error(records: Iterator[Any]) -> Iterator[Any]:
    with contextlib.suppress(KamailioError):
        yield from records


@contextlib.contextmanager
def counted(module: Any, name: str) -> Iterator[list[int]]:
    """How many values a generator of a module gives."""
    seen, real = [0], getattr(module, name)

    def counting(*args: Any) -> Iterator[Any]:
        for value in real(*args):
            seen[0] += 1
            yield value

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, counting)
        yield seen


def size_of(value: Any) -> tuple[int, int]:
    """How many values and structs a value is."""
    if not isinstance(value, Struct):
        return 1, 0
    parts = [size_of(member) for _name, member in value.members]
    return 1 + sum(values for values, _structs in parts), 1 + sum(structs for _values, structs in parts)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("encode", [as_binrpc, as_json])
def test_an_answer_with_100000_destinations_is_twice_inside_the_limits(
    encode: Callable[..., bytes], whole: bool
) -> None:
    data = encode(listing(1000, whole))
    if encode is as_binrpc:
        values, structs = size_of(binrpc.decode_reply(data).values)
    else:
        structs = data.count(b"{") + data.count(b"[")
        values = structs + data.count(b",")
    limits = limits_of(100 * len(data))
    assert 2 * 100 * len(data) < MOST
    assert 2 * 100 * values < limits.values and 100 * structs < limits.structs
    reader = binrpc if encode is as_binrpc else jsonrpc
    found = read_destinations(normal_result(reader.decode_reply(data).values))
    assert [target.priority for target in found] == [index % 7 if whole else 0 for index in range(1000)]


def test_answers_over_both_protocols_are_the_same() -> None:
    over_ctl = read_destinations(normal_result(binrpc.decode_reply(as_binrpc(listing(3))).values))
    assert over_ctl == read_destinations(normal_result(jsonrpc.decode_reply(as_json(listing(3))).values))
    assert over_ctl[1].duid == b"gw000001" and over_ctl[1].load == 0 and over_ctl[1].latency


# ---- time


def test_datagrams_that_drip_in_do_not_stretch_the_deadline() -> None:
    dripping = [True]

    def drip(peer: socket.socket) -> None:
        request, sender = peer.recvfrom(999)
        peer.sendto(reply_to(request, text(b""))[:2] + b"\xff\xff" + request[3:5], sender)
        end = time.monotonic() + 3 * LATE
        while dripping[0] and time.monotonic() < end:
            peer.sendto(b"x", sender)
            time.sleep(0.0001)
        dripping[0] = False

    with serving(socket.SOCK_DGRAM, ("127.0.0.1", 0), drip) as at:
        with pytest.raises(NoAnswerError, match=r"only [0-9]+ bytes of the reply within 0\.3 seconds"):
            call(CtlUdp(*at), "a.b", (), SOON)
        assert dripping[0], "the call ends while there are datagrams to read"
        dripping[0] = False


@pytest.mark.parametrize("size", [MIB - 11, MIB - 10, MIB - 9, 3 * MIB + 5])
def test_a_reply_over_a_stream_comes_in_pieces(size: int, tmp_path: Path) -> None:
    def answer(peer: socket.socket) -> None:
        request = peer.recv(999)
        cookie = reply_to(request)[4:-2]
        value = b"\xb6" + size.to_bytes(3, "big") + bytes(range(1, 101)) * (size // 100) + b"z" * (size % 100)
        peer.sendall(bytes([0xA1, 1 << 4 | 3 << 2 | len(cookie) - 1]) + len(value).to_bytes(4, "big") + cookie + value)

    with serving(socket.SOCK_STREAM, str(tmp_path / "ctl"), answer) as at:
        result = call(CtlStream(at), "a.b", (), 2 * LATE)
    assert result == [bytes(range(1, 101)).decode() * (size // 100) + "z" * (size % 100)]


SLOW_TO_READ: dict[str, Callable[[], bytes]] = {
    "values": lambda: body(b"\x40\0\0\0\1" * 200_000),
    "names": lambda: body(b"\3" + b"".join(b"\x55%04x\0\x40\0\0\0\1" % index for index in range(65536)) * 3 + b"\x83"),
    "json_numbers": lambda: in_json(b"[" + b"12345," * 200_000 + b"0]"),
    "json_structs": lambda: in_json(b"[" + b'{"abcdefgh": "xxxxxxxxxxx"},' * 90_000 + b"0]"),
    "json_strings": lambda: in_json(b"[" + b'"abcd",' * 200_000 + b"0]"),
}


@pytest.mark.parametrize("case", SLOW_TO_READ)
def test_a_reply_is_read_until_a_deadline(case: str) -> None:
    data = SLOW_TO_READ[case]()
    reader = binrpc if data[:1] == b"\xa1" else jsonrpc
    steps = Steps(Deadline(0.01))
    with pytest.raises(
        KamailioError, match=r"could not be read to its end within 0\.01 seconds\. Set a longer timeout"
    ):
        normal_result(reader.decode_reply(data, steps).values, steps)
    assert normal_result(reader.decode_reply(data).values), "without a deadline it can be read"


def test_a_call_ends_while_its_reply_is_read(tmp_path: Path) -> None:
    records = b"\x40\0\0\0\1" * 6_000_000

    def answer(peer: socket.socket) -> None:
        request = peer.recv(999)
        cookie = reply_to(request)[4:-2]
        peer.sendall(bytes([0xA1, 1 << 4 | 3 << 2 | len(cookie) - 1]) + len(records).to_bytes(4, "big") + cookie)
        peer.sendall(records)

    with serving(socket.SOCK_STREAM, str(tmp_path / "ctl"), answer) as at:
        start = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"within 0\.9 seconds"):
            call(CtlStream(at), "a.b", (), SOON)
        assert time.monotonic() - start < 3 * SOON + LATE


def test_garbage_is_not_collected_while_a_reply_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    active = []

    def answer(*_args: Any) -> list[Any]:
        active.append(gc.isenabled())
        if len(active) > 1:
            raise ServerError(500, "no")
        return []

    monkeypatch.setattr(asking, "call", answer)
    asking.ask([CtlStream("/x")], "a.b")
    with pytest.raises(ServerError):
        asking.ask([CtlStream("/x")], "a.b")
    assert active == [False, False] and gc.isenabled()


class SlowServer:
    """A server of JSON-RPC over TCP that answers each call after a while, or never."""

    def __init__(self, results: dict[str, Any], seconds: float | None) -> None:
        self.results, self.seconds = results, seconds
        self.calls: list[str] = []
        self._peers: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = JsonTcp(*self._listener.getsockname())
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> SlowServer:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._peers.append(self._listener.accept()[0])
                request = json.loads(self._peers[-1].recv(9999))
                self.calls.append(request["method"])
                if self.seconds is None:
                    continue
                time.sleep(self.seconds)
                reply = {"jsonrpc": "2.0", "result": self.results[request["method"]], "id": request["id"]}
                with contextlib.suppress(OSError), self._peers.pop() as peer:
                    peer.sendall(json.dumps(reply).encode())


def sets(count: int) -> dict[str, Any]:
    """The answer to dispatcher.list with a destination in each set."""
    shown = json.loads(as_json(listing(1)))["result"]["RECORDS"][0]["SET"]
    return {"RECORDS": [{"SET": {**shown, "ID": setid}} for setid in range(count)]}


def test_the_flags_of_many_sets_have_one_deadline() -> None:
    results = {"dispatcher.list": sets(20), "dispatcher.oclist": []}
    with SlowServer(results, 0.1) as server:
        start = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"flags of [0-9]+ of 20 sets within 0\.6 seconds.*longer timeout"):
            Connection((server.address,), 2 * SOON).destinations_with_flags(Version(6, 1))
        assert time.monotonic() - start < 2
    with SlowServer(results, 0) as server:
        assert len(Connection((server.address,), LATE).destinations_with_flags(Version(6, 1))) == 20


def test_states_are_not_set_on_a_server_that_does_not_answer() -> None:
    calls = [SetState("dx", 1, b"sip:%d" % index, None) for index in range(20)]
    with SlowServer({}, None) as server:
        start = time.monotonic()
        with pytest.raises(KamailioError, match="19 more states were not set") as raised:
            live.set_states(cast(live.Live, SimpleNamespace(connection=Connection((server.address,), SOON))), calls)
        assert len(server.calls) == 1 and time.monotonic() - start < SOON + LATE
    assert "set 1, sip:0: " in str(raised.value)
    # A slow server that answers is waited for.
    with SlowServer({"dispatcher.set_state": {}}, SOON / 3) as server:
        live.set_states(cast(live.Live, SimpleNamespace(connection=Connection((server.address,), SOON))), calls[:6])
        assert len(server.calls) == 6


def test_flags_of_many_sets_are_read_in_linear_time() -> None:
    template = read_destinations(normal_result(jsonrpc.decode_reply(as_json(listing(1))).values))[0]
    steps = []
    for count in (500, 1000):
        running = [template._replace(start=index, setid=index) for index in range(count)]
        answers = {target.setid: [{"uri": target.uri.decode(), "flags": 8}] for target in running}
        calls = [0]
        sys.setprofile(lambda *_args, calls=calls: calls.__setitem__(0, calls[0] + 1))
        try:
            found = with_flags(running, answers)
        finally:
            sys.setprofile(None)
        steps.append(calls[0])
        assert all(target.exact and target.flags == 8 for target in found)
    assert steps[1] < 3 * steps[0]


# ---- one clear error


def test_an_answer_for_which_there_is_no_memory_is_an_error(tmp_path: Path) -> None:
    """One character of a text makes Python keep each of them in four bytes."""
    reader, writer = os.pipe()

    def answer(peer: socket.socket) -> None:
        request = peer.recv(4096)
        size = (request[1] >> 2 & 3) + 1
        cookie = request[2 + size : 4 + size + (request[1] & 3) - 1]
        word = b"a" * (32 << 20) + "\U0001f600".encode() + b"\0"
        value = b"\xc1" + len(word).to_bytes(4, "big") + word
        peer.sendall(bytes([0xA1, 1 << 4 | 3 << 2 | len(cookie) - 1]) + len(value).to_bytes(4, "big") + cookie + value)

    with serving(socket.SOCK_STREAM, str(tmp_path / "ctl"), answer) as at:
        child = os.fork()
        if not child:
            said = "an answer"
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * resource.getpagesize() + (120 << 20)
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            try:
                asking.ask([CtlStream(at)], "core.version", deadline=20)
            except BaseException as exc:
                said = "%s: %s" % (type(exc).__name__, exc)
            os.write(writer, said.encode())
            os._exit(0)
        os.waitpid(child, 0)
    assert "the answer takes more memory than there is" in os.read(reader, 4096).decode()


ODD = st.one_of(
    st.sampled_from(["", "A", "APX", "ax", "\ud800", "\udcff", "a b", "a\nb", "\0", "1", "nan", "<null string>"]),
    st.sampled_from([1e999, -1e999, float("nan"), 1e308, 10**400, -1, 1 << 31, 1 << 32, 1 << 64, 0.5]),
    st.sampled_from([{}, [], {"A": 1}, [{"DEST": 1}]]).map(copy.deepcopy),
    st.text(max_size=4),
    st.integers(),
    st.floats(),
)
VALUES = st.recursive(
    ODD,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["RECORDS", "SET", "ID", "TARGETS", "DEST", "URI", "FLAGS", "uri", "flags", "uptime"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
SETUP = Setup(None, "first", 10, MODE_ALL, 1, None, None, UNKNOWN_SOCKETS, Version(6, 1, 5))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every member of a tree, by the struct or array that holds it."""
    found = []
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found.append((value, key))
        found += places(value[key])
    return found


@st.composite
def answers_with_a_fault(draw: Any) -> list[Any]:
    """An answer to dispatcher.list in which members are other values, missing, or too many."""
    values = normal_result(jsonrpc.decode_reply(as_json(listing(2))).values)
    for _change in range(draw(st.integers(1, 2))):
        holder, key = draw(st.sampled_from(places(values)))
        if draw(st.booleans()):
            holder[key] = draw(VALUES)
        elif isinstance(holder, dict):
            del holder[key]
        else:
            holder.append(draw(VALUES))
    return values


def use(running: list[Running]) -> None:
    """What the modules do with destinations: a result that can be encoded, or an error for people."""
    document = parse_document(b"1 sip:a 8 0\n", Version(6, 1))
    compared = compare(document, {}, running, SETUP)
    shown: list[Any] = [describe_destinations(running, compared, Version(6, 1), active) for active in (True, False)]
    shown += [describe_absent(compared.absent, Version(6, 1)), render_running(running)]
    shown.append(describe_differences(compared.differences))
    with contextlib.suppress(KamailioError):
        shown.append(plan_runtime(running, [], SETUP).data.decode("latin-1"))
    taken_out(running, document, Version(6, 1))
    json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()


@given(st.one_of(st.lists(VALUES, max_size=3), answers_with_a_fault()))
@example([{"RECORDS": {"SET": {"ID": 1, "TARGETS": {"DEST": {"URI": "sip:a", "FLAGS": "", "PRIORITY": 0}}}}}])
@example([{"RECORDS": {"SET": {"ID": float("inf"), "TARGETS": {"DEST": {}}}}}])
@example([{"RECORDS": {"SET": {"ID": 1, "TARGETS": {"DEST": "x"}}}}])
@example(["x"])
def test_any_answer_gives_destinations_or_an_error(values: list[Any]) -> None:
    try:
        running = read_destinations(values)
    except KamailioError as reason:
        str(reason).encode()
        return
    use(running)


@given(st.lists(VALUES, max_size=3), VALUES, VALUES)
def test_any_flags_give_destinations_or_an_error(values: list[Any], uri: Any, flags: Any) -> None:
    running = read_destinations(normal_result(jsonrpc.decode_reply(as_json(listing(2))).values))
    shown = [{"uri": target.uri.decode(), "flags": 8} for target in running]
    for answer in (values, [shown[0], {"uri": shown[1]["uri"], "flags": flags}], [shown[0], {"uri": uri, "flags": 1}]):
        try:
            found = with_flags(running, {1: answer})
        except KamailioError as reason:
            str(reason).encode()
        else:
            use(found)


FAULTS: dict[str, tuple[str, Any, str]] = {
    "empty_uri": ("URI", "", "URI is empty"),
    "uri_of_another_type": ("URI", 5, "'5' is not text"),
    "half_a_character": ("URI", "sip:\ud800", "half of a character"),
    "no_letters": ("FLAGS", "", "FLAGS is ''"),
    "unknown_letters": ("FLAGS", "QX", "FLAGS is 'QX'"),
    "fraction": ("PRIORITY", 1.5, "'1.5' is not a whole number of 32 bits"),
    "infinite": ("PRIORITY", 1e999, "'inf' is not a whole number"),
    "huge": ("PRIORITY", 1 << 80, "not a whole number of 32 bits"),
    "latency": ("LATENCY", {"AVG": 1e999, "STD": 0, "EST": 0, "MAX": 0, "TIMEOUT": 0}, "'inf' is not a number"),
    "latency_cut_off": ("LATENCY", {"AVG": 1}, "'STD' is missing"),
    "not_a_struct": ("ATTRS", 7, "ATTRS is not a struct"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_wrong_with_an_answer_is_named(case: str) -> None:
    name, value, expected = FAULTS[case]
    shown = normal_result(jsonrpc.decode_reply(as_json(destination(1))).values)[0]
    assert isinstance(shown, dict)
    shown[name] = value
    with pytest.raises(KamailioError, match=expected):
        read_destinations([{"RECORDS": {"SET": {"ID": 1, "TARGETS": {"DEST": shown}}}}])


@given(st.data(), st.sampled_from([as_binrpc, as_json]))
def test_a_garbled_answer_gives_a_result_or_an_error(data: st.DataObject, encode: Callable[..., bytes]) -> None:
    reply = bytearray(encode(listing(2)))
    for _change in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(reply) - 1))
        reply[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    reader = binrpc if encode is as_binrpc else jsonrpc
    with contextlib.suppress(KamailioError):
        use(read_destinations(normal_result(reader.decode_reply(bytes(reply)).values)))


ANSWERS: dict[str, list[Any]] = {
    "core.version": ["kamailio 6.1.5 (x86_64/Linux)"],
    "core.modules": ["dispatcher", "tm"],
    "core.uptime": [{"uptime": 60}],
    "core.arg": ["kamailio", "-f", "/nowhere/kamailio.cfg"],
    "dispatcher.ping_active": [{"OldPingState": 1}],
}


def connected(answers: dict[str, list[Any]], config: str | None, defines: object = "auto") -> live.Live:
    """Connect to a server that gives these answers."""
    params = {"timeout": 1, "socket": "unix:/x", "config": config, "instance": None, "defines": defines}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "read", lambda _self, method, *_params: answers[method])
        patch.setattr(live, "known_version", lambda *_args: None)
        found = live.connect(SimpleNamespace(params=params))
        live.pings_active(found)
    return found


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("config") / "kamailio.cfg"
    path.write_text('loadmodule "tm.so"\nloadmodule "dispatcher.so"\n')
    return str(path)


@given(st.sampled_from(list(ANSWERS)), st.lists(VALUES, max_size=3), st.booleans())
@example("core.uptime", [{"uptime": 1e999}], True)
@example("core.uptime", [{"uptime": 10**400}], True)
@example("core.uptime", [{"uptime": "soon"}], True)
@example("core.uptime", [{}], True)
@example("core.modules", ["dispatcher", "\udcff"], True)
@example("core.arg", ["k", "--modparam=m:n:i:" + "9" * 5000], False)
@example("core.arg", ["k", "-\udcff"], False)
@example("core.arg", ["k", "-f", "/\0"], False)
def test_a_server_that_says_anything_is_connected_or_an_error(
    config: str, method: str, values: list[Any], given_config: bool
) -> None:
    answers = {**ANSWERS, method: values}
    try:
        found = connected(answers, config if given_config else None)
    except KamailioError as reason:
        str(reason).encode("utf-8", "backslashreplace")
        return
    json.dumps(live.describe(found), ensure_ascii=False, allow_nan=False).encode()


DECIDED_BY_ARGUMENTS = """loadmodule "tm.so"
loadmodule "dispatcher.so"
modparam("dispatcher", "list_file", "/etc/k/dispatcher.list")
#!ifdef OTHER_LIST
modparam("dispatcher", "list_file", "/etc/passwd")
#!endif
include_file "routes.cfg"
#!ifdef MORE
include_file "more.cfg"
#!endif
"""


@pytest.mark.parametrize("given_config", [True, False])
@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--subst=!/etc/k/dispatcher.list!/etc/passwd!", "would be '/etc/passwd' instead of '/etc/k/dispatcher.list'"),
        ("-AOTHER_LIST", "would be '/etc/passwd' instead of '/etc/k/dispatcher.list'"),
        ("-AMORE", "whether these files are read: '[^']*more.cfg'"),
        ("--subst=/routes.cfg/more.cfg/", "whether these files are read: '[^']*more.cfg', '[^']*routes.cfg'"),
    ],
)
def test_a_server_does_not_decide_which_files_are_read_or_written(
    argument: str, said: str, given_config: bool, tmp_path: Path
) -> None:
    path = tmp_path / "kamailio.cfg"
    for name, data in {"kamailio.cfg": DECIDED_BY_ARGUMENTS, "more.cfg": "", "routes.cfg": ""}.items():
        (tmp_path / name).write_text(data)
    answers = {**ANSWERS, "core.arg": ["kamailio", "-f", str(path), argument]}
    with pytest.raises(KamailioError, match=said + ".*Give its defines"):
        connected(answers, str(path) if given_config else None)
    assert connected(answers, str(path), ["OTHER"]).invocation.defines == ("OTHER",)


def test_a_server_is_asked_for_arguments_that_decide_about_no_file(config: str) -> None:
    arguments = ["kamailio", "-A", "X", "--loadmodule=sl"]
    found = connected({**ANSWERS, "core.arg": arguments}, config)
    assert found.evaluation.load("sl") and found.invocation.defines == ("X",)


@pytest.mark.parametrize("uptime", [[], ["x"], [{}], [{"uptime": "soon"}], [{"uptime": -5}], [{"uptime": 1e999}]])
def test_an_uptime_that_is_not_a_number_of_seconds_is_named(config: str, uptime: list[Any]) -> None:
    with pytest.raises(KamailioError, match=r"core\.uptime with something that cannot be read"):
        connected({**ANSWERS, "core.uptime": uptime}, config)


def test_what_a_server_says_can_be_shown() -> None:
    assert printable([{"a\udcff": ["\ud800", 1.5]}]) == [{"a\\xff": ["\\ud800", 1.5]}]
    assert str(ServerError(500, "\udcff\n" + "x" * 999)).startswith(
        "the server answered a call with the error 500: \\xff\\nxxx"
    )
    assert len(str(ServerError(500, "x" * MIB))) < 500
    reply = packet(b"\x20\x01\xf4" + text(b"\xff"), b"\1\2\3\4", 3)
    assert binrpc.decode_reply(reply).fault == (500, "\udcff")
