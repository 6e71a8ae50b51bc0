# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers on the loopback that answer as a test wants, and the binrpc that they speak."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

# Deadlines under test, and how much longer than that a call may take on a machine that is busy with other tests.
SOON, LATE = 0.3, 5.0


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def text(value: bytes, kind: int = 1) -> bytes:
    data = value + b"\0"
    return (bytes([len(data) << 4 | kind]) if len(data) < 8 else bytes([0x90 | kind, len(data)])) + data


def packet(body: bytes, cookie: bytes = b"\x07", kind: int = 1) -> bytes:
    return bytes([0xA1, kind << 4 | 1 << 2 | (len(cookie) - 1)]) + len(body).to_bytes(2, "big") + cookie + body


@contextlib.contextmanager
def serving(kind: int, place: Any, answer: Callable[[socket.socket], object]) -> Iterator[Any]:
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
