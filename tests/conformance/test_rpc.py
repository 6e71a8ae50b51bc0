# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to running servers, over every transport that they have."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import binrpc, writer
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import (
    CTL,
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
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.ask import ask
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.clock import Deadline
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import (
    NoAnswerError,
    ServerError,
    UnreachableError,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.find import find_addresses
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.sockets import exchange
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.transport import call
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.values import members
from conformance.server import Peers, Server, answer_to, as_version, free_ports
from conformance.setups import Setup

# For answers that come, on a machine that is busy with other tests; and for those that do not.
PATIENCE, SHORT = 60.0, 0.5
# How much longer than its deadline a call may take there.
LATE = 10.0

BODY = """
listen=tcp:127.0.0.1:%d
modparam("ctl", "binrpc", "unixd:@DIR@/ctld")
modparam("ctl", "binrpc", "tcp:127.0.0.1:%d")
modparam("ctl", "binrpc", "udp:127.0.0.1:%d")
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "fifo_name", "@DIR@/fifo")
modparam("jsonrpcs", "fifo_reply_dir", "@DIR@/")
modparam("jsonrpcs", "dgram_socket", "@DIR@/dgram")
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "htable.so"
modparam("htable", "htable", "a=>size=4;")
loadmodule "dispatcher.so"
@LIST@
event_route[xhttp:request] { jsonrpc_dispatch(); }
"""
TCP = 'modparam("jsonrpcs", "transport", 15)\nmodparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:%d")\n'
NO_TCP = 'modparam("jsonrpcs", "transport", 7)\n'
FILES = ["ctl", "ctld", "dgram", "dispatcher.list", "fifo", "kamailio.cfg", "server.log"]


def has_tcp(suite: str) -> bool:
    return suite not in ("bullseye", "bookworm")


@contextlib.contextmanager
def running(
    folder: Path, suite: str, count: int, sets: int = 1, *arguments: str
) -> Iterator[tuple[Setup, Server, list[Address]]]:
    """A server with every transport and so many destinations in so many sets; nothing may be left at its end."""
    web, tcp, udp, json_tcp = free_ports(4)
    body = BODY % (web, tcp, udp) + (TCP % json_tcp if has_tcp(suite) else NO_TCP)
    listing = "".join(
        "%d sip:127.0.0.1:%d;x=%d 0 0 duid=d%d;weight=1\n" % (index % sets + 1, index % 999 + 5000, index, index)
        for index in range(count)
    )
    setup = Setup(folder, body, listing)
    at = str(setup.folder)
    addresses: list[Address] = [CtlStream(at + "/ctl"), CtlTcp("127.0.0.1", tcp)]
    addresses += [JsonTcp("127.0.0.1", json_tcp)] if has_tcp(suite) else []
    addresses += [JsonFifo(at + "/fifo", at + "/"), CtlDatagram(at + "/ctld"), JsonDatagram(at + "/dgram")]
    addresses += [JsonHttp("127.0.0.1", web), CtlUdp("127.0.0.1", udp)]
    server = setup.server(suite, *arguments)
    try:
        assert server.start(), server.log_text()
        for address in addresses:
            answers(address)
        yield setup, server, addresses
        assert sorted(path.name for path in setup.folder.iterdir()) == FILES
    finally:
        server.stop()


def answers(address: Address) -> None:
    """Wait until the process behind a transport has started: the server answers over ctl before that."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            assert "kamailio" in str(call(address, "core.version", (), 5))
            return
        except KamailioError:
            if time.monotonic() > until:
                raise


def over(address: Address, method: str, *params: Any) -> Any:
    """What a server answers, or the error, for a comparison."""
    try:
        return call(address, method, params, PATIENCE)
    except ServerError as reason:
        return reason.code, reason.text


def destinations(result: list[Any]) -> list[Any]:
    """All that dispatcher.list shows."""
    return [
        target
        for destination_set in members(result[0]["RECORDS"], "SET")
        for target in members(destination_set["TARGETS"], "DEST")
    ]  # fmt: skip


SAME: list[tuple[Any, ...]] = [
    ("core.version",),
    ("core.modules",),
    ("core.ppdefines_full",),
    ("core.info",),
    ("core.psx",),
    ("core.sockets_list",),
    ("core.aliases_list",),
    ("core.printi", -5),
    ("core.echo", "a", 1),
    ("jsonrpc.echo",),
    ("jsonrpc.echo", "only one"),
    ("jsonrpc.echo", "a", 3),
    ("tm.stats",),
    ("htable.sets", "a", "text", 'q"\\x\\"ü\'{}}\n\x01\udcff'),
    ("htable.sets", "a", "end", "x'\\"),
    ("htable.seti", "a", "number", 7),
    ("htable.dump", "a"),
    ("htable.get", "a", "text"),
    ("htable.listTables",),
    ("system.listMethods",),
    ("dispatcher.set_state", "ip", 1, "sip:127.0.0.1:5000;x=0"),
    ("dispatcher.list",),
    ("dispatcher.list", "full"),
    ("dispatcher.list", "short"),
    ("dispatcher.ping_active",),
]
REFUSED: dict[tuple[Any, ...], tuple[int, str]] = {
    ("dispatcher.set_state", "zz", 1, "all"): (500, "Unknown State Value"),
    ("dispatcher.set_state", "a", 99, "sip:127.0.0.1:5000"): (500, "State Update Failed"),
    ("dispatcher.hash", 2): (500, "Invalid Parameters"),
    ("htable.get", "no-such-table", "x"): (500, "No such htable"),
}


def test_every_transport_gives_the_same(suite: str, version: str, tmp_path: Path) -> None:
    with running(tmp_path, suite, 3, 2) as (setup, server, addresses):
        evaluation = evaluate(str(setup.config), setup.config.read_bytes(), read_include, as_version(version))
        assert find_addresses(evaluation) == addresses, "what is found is what there is, in the order to try"
        for method, *params in SAME:
            found = [over(address, method, *params) for address in addresses]
            assert all(reply == found[0] for reply in found), (method, params, found)
            assert isinstance(found[0], list), (method, found)
        for (method, *params), expected in REFUSED.items():
            assert {over(address, method, *params) for address in addresses} == {expected}, (method, params)
        for address in addresses:
            with pytest.raises(ServerError) as raised:
                call(address, "no.such", (), PATIENCE)
            assert raised.value.unknown_command, raised.value
        shown = call(addresses[0], "dispatcher.list", (), PATIENCE)
        assert sorted(destination["URI"] for destination in destinations(shown)) == sorted(
            destination.uri for destination in server.destinations()
        )
        dumped = call(addresses[0], "htable.dump", ("a",), PATIENCE)
        values = {slot["name"]: slot["value"] for entry in dumped for slot in entry["slot"]}
        assert values == {"text": 'q"\\x\\"ü\'{}}\n\x01\udcff', "end": "x'\\", "number": 7}
        uptime: list[Any] = [call(address, "core.uptime", (), PATIENCE)[0] for address in addresses]
        assert {tuple(times) for times in uptime} == {("now", "up_since", "uptime")}
        assert len({times["up_since"] for times in uptime}) == 1 and {type(times["uptime"]) for times in uptime} == {
            int
        }


def test_a_second_reload_is_refused(suite: str, tmp_path: Path) -> None:
    with running(tmp_path, suite, 1) as (_setup, _server, addresses):
        said = [] if suite == "bullseye" else ["Ok. Dispatcher successfully reloaded."]
        assert over(addresses[0], "dispatcher.reload") == said
        started = time.monotonic()
        refused = {over(address, "dispatcher.reload") for address in addresses}
        if time.monotonic() - started < 4:
            assert refused == {(500, "Ongoing reload")}
        with pytest.raises(ServerError, match=r"dispatcher\.reload with the error 500: Ongoing reload"):
            call(addresses[0], "dispatcher.reload", (), PATIENCE)


def test_a_server_of_another_user(suite: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with running(Path(name), suite, 3, 1, "-u", "nobody", "-g", "nogroup") as (_setup, server, addresses):
            main = int(call(addresses[0], "core.psx", (), PATIENCE)[0]["PID"])
            assert "\nUid:\t65534" in Path("/proc/%d/status" % main).read_text()
            found = [over(address, "dispatcher.list") for address in addresses]
            assert all(reply == found[0] for reply in found) and len(destinations(found[0])) == 3
            assert "ERROR: jsonrpcs" not in server.log_text()


# Who the server runs as, what says that its FIFO belongs to somebody else, and who writes its replies.
WRITERS: dict[str, tuple[tuple[str, ...], str, int]] = {
    "root": ((), "", 0),
    "nobody": (("-u", "nobody", "-g", "nogroup"), "", 65534),
    "fifo_user": ((), 'modparam("jsonrpcs", "fifo_user", "daemon")\nmodparam("jsonrpcs", "fifo_mode", 0666)\n', 0),
    "fifo_group": (("-u", "nobody", "-g", "nogroup"), 'modparam("jsonrpcs", "fifo_group", "nogroup")\n', 65534),
}


@contextlib.contextmanager
def over_fifo(suite: str, case: str, replies_mode: int = 0o755) -> Iterator[tuple[Path, Server, JsonFifo]]:
    """A server of a user in WRITERS with a FIFO, and a folder for replies."""
    arguments, body, _writer = WRITERS[case]
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        replies = Path(name) / "replies"
        replies.mkdir()
        replies.chmod(replies_mode)
        body += 'modparam("jsonrpcs", "transport", 2)\nmodparam("jsonrpcs", "fifo_name", "@DIR@/fifo")\n'
        body += 'modparam("jsonrpcs", "fifo_reply_dir", "%s/")\n' % replies
        setup = Setup(Path(name), 'loadmodule "jsonrpcs.so"\n' + body, None)
        # The server makes its FIFO as the user that it becomes.
        setup.folder.chmod(0o1777)
        server = setup.server(suite, *arguments)
        address = JsonFifo(str(setup.folder / "fifo"), "%s/" % replies)
        try:
            assert server.start(), server.log_text()
            answers(address)
            yield replies, server, address
            assert "ERROR: jsonrpcs" not in server.log_text()
            assert not list(replies.iterdir())
        finally:
            server.stop()


@contextlib.contextmanager
def stopped(server: Server) -> Iterator[None]:
    """Stop all processes of a server for a while."""
    assert server._process
    os.killpg(server._process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(server._process.pid, signal.SIGCONT)


@pytest.mark.parametrize("case", WRITERS)
def test_only_the_user_that_writes_the_reply_can_open_its_fifo(case: str, suite: str) -> None:
    with over_fifo(suite, case) as (replies, server, address), ThreadPoolExecutor() as pool:
        with stopped(server):
            reply = pool.submit(call, address, "core.version", (), PATIENCE)
            made: list[Path] = []
            while not made:
                made = [path for path in replies.iterdir() if path.name.startswith("sipfleet-")]
                assert not reply.done()
            status = made[0].stat()
            until = time.monotonic() + PATIENCE
            while status.st_uid != WRITERS[case][2] and time.monotonic() < until:
                status = made[0].stat()
            assert (oct(status.st_mode & 0o777), status.st_uid) == ("0o600", WRITERS[case][2])
        assert "kamailio" in str(reply.result())


@pytest.mark.parametrize("case", WRITERS)
def test_the_owner_of_the_fifo_of_a_server_does_not_matter(case: str, suite: str) -> None:
    with over_fifo(suite, case) as (_replies, _server, address):
        os.chown(address.path, 1, 1)
        assert "kamailio" in str(call(address, "core.version", (), PATIENCE))


def test_a_server_in_another_process_namespace_is_answered(suite: str) -> None:
    with over_fifo(suite, "nobody") as (_replies, _server, address):
        line = ["unshare", "--pid", "--fork", "--mount-proc"]
        script = "import sys; sys.path = %r; from %s import call, JsonFifo; print(call(JsonFifo(*%r), 'core.version'))"
        script %= (sys.path, call.__module__, tuple(address)[:2])
        done = subprocess.run([*line, sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "kamailio" in done.stdout, done


def test_a_task_of_another_user_is_answered_through_a_fifo(suite: str) -> None:
    with over_fifo(suite, "fifo_user", 0o1777) as (_replies, _server, address):
        child = os.fork()
        if not child:
            status = 1
            with contextlib.suppress(BaseException):
                os.setgroups([])
                os.setgid(4343)
                os.setuid(4343)
                writer._FOUND.clear()  # that of root, who made this process
                status = 0 if "kamailio" in str(call(address, "core.version", (), PATIENCE)) else 2
            os._exit(status)
        assert os.waitpid(child, 0)[1] == 0


def test_a_stopped_server(suite: str, tmp_path: Path) -> None:
    with running(tmp_path, suite, 3) as (_setup, server, addresses):
        assert server._process
        os.killpg(server._process.pid, signal.SIGSTOP)
        try:
            for address in addresses:
                start = time.monotonic()
                with pytest.raises((NoAnswerError, UnreachableError), match=r"within 0\.5 seconds"):
                    call(address, "dispatcher.list", (), SHORT)
                assert time.monotonic() - start < SHORT + LATE
            start = time.monotonic()
            with pytest.raises(NoAnswerError, match="its answer did not arrive"):
                ask(addresses, "dispatcher.list", (), 2 * SHORT, safe=True)
            assert time.monotonic() - start < 2 * SHORT + LATE
        finally:
            os.killpg(server._process.pid, signal.SIGCONT)
        for address in addresses:
            answers(address)
            assert len(destinations(call(address, "dispatcher.list", (), PATIENCE))) == 3


def test_default_addresses(suite: str, version: str, tmp_path: Path) -> None:
    (tmp_path / "kamailio.cfg").write_text(
        'children=1\nlisten=udp:127.0.0.1:%d\nloadmodule "ctl.so"\nloadmodule "jsonrpcs.so"\nrequest_route { exit; }\n'
        % free_ports(1)[0]
    )
    (tmp_path / "ctl").symlink_to("kamailio_ctl")  # where the server of the tests is looked for
    config = tmp_path / "kamailio.cfg"
    found = find_addresses(evaluate(str(config), config.read_bytes(), read_include, as_version(version)), str(tmp_path))
    assert [type(address).__name__ for address in found] == ["CtlStream", "JsonFifo", "JsonDatagram"]
    server = Server(suite, tmp_path, config)
    try:
        assert server.start(), server.log_text()
        for address in found:
            if not isinstance(address, JsonFifo):  # whose replies go to /tmp, which is another one inside the root
                answers(address)
        assert isinstance(found[1], JsonFifo) and Path(found[1].path).is_fifo()
    finally:
        server.stop()


def test_jsonrpcs_over_udp(suite: str, version: str, tmp_path: Path) -> None:
    body = 'loadmodule "jsonrpcs.so"\nmodparam("jsonrpcs", "transport", 4)\n'
    setup = Setup(tmp_path, body + 'modparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1:%d")' % free_ports(1)[0], None)
    evaluation = evaluate(str(setup.config), setup.config.read_bytes(), read_include, as_version(version))
    found = find_addresses(evaluation)
    assert [type(address) for address in found] == [CtlStream, JsonUdp]
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        answers(found[1])


class SlowPeer(Peers):
    """A peer that takes its time, a different one for each request."""

    def _answer(self) -> None:
        while not self._stop.is_set():
            for key, _events in self._selector.select(0.1):
                peer: Any = key.fileobj
                request, sender = peer.recvfrom(65535)
                self.counts[self.ports[0]] += 1
                time.sleep(0.003 * (self.counts[self.ports[0]] % 3 + 1))
                peer.sendto(answer_to(request, 200), sender)


def test_fractions(suite: str, tmp_path: Path) -> None:
    body = 'loadmodule "jsonrpcs.so"\nmodparam("jsonrpcs", "transport", 4)\n'
    body += 'modparam("jsonrpcs", "dgram_socket", "@DIR@/s")\n'
    body += 'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "dispatcher.so"\n@LIST@\n'
    for name in ("ping_latency_stats", "ping_interval", "probing_mode"):
        body += 'modparam("dispatcher", "ds_%s", 1)\n' % name
    with SlowPeer(1) as peer:
        setup = Setup(tmp_path, body, "1 sip:127.0.0.1:%d\n" % peer.ports[0])
        addresses: list[Address] = [CtlStream(str(setup.folder / "ctl")), JsonDatagram(str(setup.folder / "s"))]
        with setup.server(suite):
            until = time.monotonic() + PATIENCE
            found: list[Any] = [{}]
            # A ping between two calls changes the numbers.
            while found[0] != found[-1] or not any(isinstance(value, float) for value in found[0].values()):
                assert time.monotonic() < until, found
                time.sleep(0.2)
                answers(addresses[1])
                found = [destinations(over(address, "dispatcher.list"))[0]["LATENCY"] for address in addresses]


# ---- large lists


def carries(address: Address, suite: str, count: int) -> bool | None:
    """Whether a transport carries the list of so many destinations in one set; None where it is a matter of luck."""
    if isinstance(address, CtlUdp):
        return True if count < 100 else None
    if isinstance(address, CTL):
        return count <= 1024
    if isinstance(address, JsonDatagram):
        return has_tcp(suite) or count < 100
    return count < 10000 if isinstance(address, JsonHttp) else True


@pytest.mark.parametrize("count", [1, 1000, 10000])
def test_large_lists(count: int, suite: str, tmp_path: Path) -> None:
    with running(tmp_path, suite, count) as (_setup, server, addresses):
        for address in addresses:
            expected = carries(address, suite, count)
            before = len(server.log_text())
            if expected:
                # Over ctl a reader that is not given the processor for 10 ms loses its reply.
                result = ask([address] * 6, "dispatcher.list", (), PATIENCE, safe=True)
                assert len(destinations(result)) == count
            elif expected is False and isinstance(address, CTL):
                assert over(address, "dispatcher.list") == (500, "Internal error creating dest")
            elif expected is False:
                with pytest.raises(NoAnswerError, match="within 4 seconds"):
                    call(address, "dispatcher.list", (), 4)
                said = "Message too long" if isinstance(address, JsonDatagram) else "could not allocate private memory"
                assert said in server.log_text()[before:]
        result = ask(addresses, "dispatcher.list", (), PATIENCE, safe=True)
        assert len({destination["URI"] for destination in destinations(result)}) == count
        if count == 10000:
            with pytest.raises(NoAnswerError, match="A FIFO carries answers of any size"):
                ask([addresses[0]], "dispatcher.list", (), PATIENCE, safe=True)
            short = ask(addresses, "dispatcher.list", ("short",), PATIENCE, safe=True)
            # 5.4 gives all of it all the same.
            assert ("ATTRS" in str(short)) is (suite == "bullseye") and len(destinations(short)) == count
            if has_tcp(suite):  # from 6.0 on
                in_set_1 = ask([addresses[0]] * 6, "dispatcher.oclist", (1,), PATIENCE, safe=True)
                assert {destination["uri"] for destination in in_set_1} == {
                    destination["URI"] for destination in destinations(result)
                }
                assert {destination["flags"] for destination in in_set_1} == {0}


def test_many_destinations_in_small_sets(suite: str, tmp_path: Path) -> None:
    with running(tmp_path, suite, 10000, 20) as (setup, server, addresses):
        whole = call(
            next(address for address in addresses if isinstance(address, JsonFifo)), "dispatcher.list", (), PATIENCE
        )
        assert len(destinations(whole)) == 10000
        for address in addresses:
            if isinstance(address, (CtlStream, CtlTcp, CtlDatagram)):
                assert ask([address] * 6, "dispatcher.list", (), PATIENCE, safe=True) == whole

        def slowly(data: bytes) -> int | None:
            time.sleep(0.2)
            return binrpc.packet_length(data)

        # The server gives up on us, and we do not take what came for its answer.
        request = binrpc.encode_call("dispatcher.list", (), 1)
        with pytest.raises(NoAnswerError, match="the reply is cut off after"):
            exchange(str(setup.folder / "ctl"), request, slowly, Deadline(PATIENCE), close_behind=True)
        assert "send timeout" in server.log_text()
