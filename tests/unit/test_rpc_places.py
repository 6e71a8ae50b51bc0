# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to what is not there, or is not what it should be."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import (
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
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import (
    UnreachableError,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.transport import call

from .peers import LATE, SOON, listing


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
        with socket.socket(socket.AF_UNIX, kind) as listener:
            listener.bind(str(path))


PLACES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "nothing": (make_nothing, "No such file or directory"),
    "file": (lambda path: path.write_text(""), "this is a regular file, and not a (socket|FIFO)"),
    "folder": (lambda path: path.mkdir(), "this is a directory, and not a (socket|FIFO)"),
    "dead_socket": (make_dead_socket, "Connection refused|this is a socket, and not a FIFO"),
    "loop": (lambda path: path.symlink_to(path), "symbolic links"),
    "fifo": (os.mkfifo, "this is a FIFO, and not a socket|no server reads this FIFO"),
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
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        stream.bind(("127.0.0.1", 0))
        datagram.bind(("127.0.0.1", stream.getsockname()[1]))
        port = stream.getsockname()[1]
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
        addresses: dict[str, Address] = {"fifo": JsonFifo(str(path), replies), "datagrams": JsonDatagram(str(path))}
        address = addresses.get(kind, CtlStream(str(path)))
        said = as_nobody(address)
        assert "cannot call the server" in said and "Permission denied" in said and name in said, said
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
