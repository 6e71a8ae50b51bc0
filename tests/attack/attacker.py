# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attackers: processes that give up root for the id of an ordinary user, and attack until they are killed.

This file is also their program: C(attacker.py UID ROLE ARGUMENTS...). An attacker that waits for events runs with
real-time priority on the processor of the product. So it wins every race that could be won with luck and time.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from unit.peers import reply_to

from attack.events import ACCESS, ATTRIB, CLOSE, CLOSE_WRITE, CREATE, MODIFY, MOVED_TO, OPEN, Watch, exchange

# The user of the server, who owns the folder of its sockets, and some other user of the host.
SERVER, OTHER = 4242, 4343
_PROCESSORS = sorted(os.sched_getaffinity(0))
PROCESSOR = _PROCESSORS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % len(_PROCESSORS)]
_START_SECONDS = 20
_PR_SET_PDEATHSIG = 1


class Attackers:
    """The attackers of a test; use as a context manager, which kills them."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Attackers:
        return self

    def __exit__(self, *_exc: object) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def start(self, uid: int, role: str, *arguments: object) -> subprocess.Popen[str]:
        """Start one, and wait until it attacks."""
        line = [sys.executable, "-B", __file__, str(uid), role, *map(str, arguments)]
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        assert process.stdout
        assert select.select([process.stdout], [], [], _START_SECONDS)[0], "the attacker does not start"
        assert process.stdout.readline() == "ready\n"
        return process

    def gains(self) -> str:
        """Kill all of them, and return what they report to have got."""
        said = ""
        while self._processes:
            process = self._processes.pop()
            process.kill()
            said += process.communicate()[0]
        return said


def _become(uid: int) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Other users can use what it makes.
    os.umask(0)


def _hurry() -> None:
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        os.sched_setaffinity(0, {PROCESSOR})


def _step_aside() -> None:
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, set(_PROCESSORS) - {PROCESSOR})


def _ready() -> None:
    print("ready", flush=True)


def _replace(path: Path, make: Callable[[Path], None]) -> None:
    """Put something else at a path, or at the same path in a folder that takes the place of its folder."""
    try:
        path.rename(path.with_name("gone-%d" % time.monotonic_ns()))
    except PermissionError:
        path.parent.rename(_moved(path.parent))
        path.parent.mkdir()
    make(path)


def _moved(folder: Path) -> Path:
    return folder.with_name("gone-" + folder.name)


def swap(folder: str, victim: str, way: str) -> None:
    """Replace whatever root makes in a folder by a link, or by a folder of its own in which it does the same."""
    watch, number = Watch(), 0
    watch.add(Path(folder), CREATE)
    _ready()
    while True:
        for path in watch.wait():
            with contextlib.suppress(OSError):
                if path.lstat().st_uid == os.getuid():
                    continue
                number += 1
                path.rename(path.with_name("gone-%d" % number))
                if way == "own_folder" and path.parent == Path(folder):
                    path.mkdir()
                    watch.add(path, CREATE)
                else:
                    path.symlink_to(victim)


def swap_staged(folder: str, victim: str, name: str) -> None:
    """Replace new files of root in a folder by links. Keep one name a file of its own, for the next run."""
    watch, number, kept = Watch(), 0, Path(folder) / name
    watch.add(Path(folder), CREATE | MOVED_TO)
    _ready()
    while True:
        for path in watch.wait():
            with contextlib.suppress(OSError):
                if path.name.startswith("gone-"):
                    continue
                if path != kept and path.lstat().st_uid != os.getuid():
                    number += 1
                    # Not a new name each time: the folder would grow.
                    path.rename(path.with_name("gone-%d" % (number % 10)))
                    path.symlink_to(victim)
                elif path == kept and path.is_symlink():
                    new = path.with_name("own")
                    new.write_text("1 sip:10.0.0.1 8\n")
                    time.sleep(0.001)
                    new.rename(path)


def toggle(path: str, other: str) -> None:
    """Swap two names as fast as possible, while the product has a processor for itself."""
    _step_aside()
    _ready()
    while True:
        exchange(Path(path), Path(other))


def toggle_when_used(folder: str, path: str, other: str) -> None:
    """Swap two names between two steps of the product, which are events of a folder, and back again."""
    watch, dice, swapped = Watch(), random.Random(os.getpid()), False
    watch.add(Path(folder), OPEN | ACCESS | CREATE | CLOSE | ATTRIB)
    _ready()
    while True:
        events = watch.wait(dice.choice((0.0005, 0.005, 0.05)) if swapped else None)
        if dice.random() < 0.2 if events else swapped:
            exchange(Path(path), Path(other))
            swapped = not swapped


def toggle_when_staged(path: str, other: str) -> None:
    """Swap two names as soon as the product has staged a file next to them, and back when it has given up."""
    watch, file = Watch(), Path(path)
    watch.add(file.parent, CREATE)
    _ready()
    while True:
        if any(event.name.startswith(".sipfleet") for event in watch.wait()):
            exchange(file, Path(other))
            time.sleep(0.03)
            exchange(file, Path(other))
            watch.wait(0)


def read_new(folder: str, mark: str = "") -> None:
    """Open every new file in a folder at once, and report what can be read from it with a mark, then or later."""
    watch = Watch()
    watch.add(Path(folder), CREATE | MOVED_TO | MODIFY | CLOSE_WRITE | ATTRIB)
    held: dict[int, Path] = {}
    _ready()
    while True:
        for path in set(watch.wait(0.02)):
            with contextlib.suppress(OSError):
                held[os.open(path, os.O_RDONLY | os.O_NONBLOCK)] = path
        for handle, path in list(held.items()):
            found = os.read(handle, 1 << 16)
            if found and mark.encode() in found:
                print("read %d bytes of %s" % (len(found), path.name), flush=True)
        while len(held) > 200:
            handle = next(iter(held))
            del held[handle]
            os.close(handle)


def spoil_replies(folder: str, way: str) -> None:
    """Open every new FIFO in a folder for writing, report that, and keep it open; write to it, if the way is to."""
    watch, held = Watch(), {}
    # It can be opened as soon as the product has opened it.
    watch.add(Path(folder), CREATE | MOVED_TO | OPEN)
    _ready()
    while True:
        for path in watch.wait():
            with contextlib.suppress(OSError):
                if path in held:
                    continue
                handle = held[path] = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                print("opened %s" % path.name, flush=True)
                if way == "forge":
                    guess = path.name.rpartition("-")[2].encode()
                    os.write(handle, b'{"jsonrpc": "2.0", "result": "forged", "id": "%s"}' % guess)
                while way == "flood":
                    os.write(handle, b"x" * 4096)


def spoil_stored(folder: str) -> None:
    """Write to the files in every new folder in a folder, by the names that they are known to have."""
    watch, found = Watch(), Path(folder)
    watch.add(found, CREATE)
    _ready()
    while True:
        for path in watch.wait(0.0005):
            found = path
        for name in ("s", "r"):
            with contextlib.suppress(OSError):
                handle = os.open(found / name, os.O_WRONLY | os.O_NONBLOCK)
                print("opened %s" % name, flush=True)
                os.pwrite(handle, b"x" * 99, 9)
                os.close(handle)


def hold_locks(kind: str, *paths: str) -> None:
    """Hold a lock on some files and folders, on all new files in the folders, and on places where locks can be."""
    places = [Path(name) for name in ("/run", "/run/lock", "/var/lock", "/var/lib", "/tmp", "/var/tmp", "/dev/shm")]  # noqa: S108
    flag = fcntl.LOCK_EX if kind == "exclusive" else fcntl.LOCK_SH
    held: dict[tuple[int, int], int] = {}

    def hold(path: Path) -> None:
        with contextlib.suppress(OSError):
            status = path.stat()
            if (status.st_dev, status.st_ino) in held:
                return
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            with contextlib.suppress(OSError):
                fcntl.flock(handle, flag | fcntl.LOCK_NB)
            # Without the right to write a POSIX lock can only be a shared one.
            with contextlib.suppress(OSError):
                fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            held[status.st_dev, status.st_ino] = handle

    def hold_all() -> None:
        for path in map(Path, paths):
            hold(path)
            with contextlib.suppress(OSError):
                for child in path.iterdir():
                    hold(child)
        for place in places:
            for entry in [*place.glob("*sipfleet*"), *place.glob("*sipfleet*/*")]:
                hold(entry)

    hold_all()
    _ready()
    while True:
        hold_all()
        time.sleep(0.01)


def answer_datagrams(path: str, way: str, victim: str = "") -> None:
    """Be a server for calls over datagrams, which treats the file for its reply as it likes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.bind(path)
        _ready()
        while True:
            request, sender = peer.recvfrom(1 << 18)
            with contextlib.suppress(OSError):
                if way in ("drip", "flood"):
                    _send_without_end(peer, request, sender, way)
                elif way != "silence":
                    _answer_datagram(peer, request, sender, way, victim)


def _send_without_end(peer: socket.socket, request: bytes, sender: Any, way: str) -> None:
    while True:
        # An empty datagram never completes a reply of ctl. Any datagram is a whole reply of jsonrpcs.
        peer.sendto(b" " if request.startswith(b"{") else b"", sender)
        if way == "drip":
            time.sleep(0.003)


def _answer_datagram(peer: socket.socket, request: bytes, sender: Any, way: str, victim: str) -> None:
    makers: dict[str, Callable[[Path], None]] = {
        "link": lambda path: path.symlink_to(victim),
        "fifo": os.mkfifo,
        "folder": Path.mkdir,
        "removed": lambda _path: None,
    }
    if not request.startswith(b"{"):
        peer.sendto(reply_to(request), sender)
        return
    call = json.loads(request)
    if way in makers and "store_path" in call:
        with contextlib.suppress(OSError):
            _replace(Path(call["store_path"]), makers[way])
    reply = b'{"jsonrpc": "2.0", "result": {}, "id": "%s"}' % call["id"].encode()
    if way == "store":
        Path(call["store_path"]).write_bytes(reply)
        # Other users get the time to change it.
        time.sleep(0.003)
    try:
        peer.sendto(reply, sender)
    except FileNotFoundError:
        # Its socket was in the folder that was moved away.
        peer.sendto(reply, str(_moved(Path(sender).parent) / Path(sender).name))


def answer_sets(path: str, count: str) -> None:
    """Be a server for calls over datagrams that has very many sets, and answers at once when it is asked for each."""
    target = {"DEST": {"URI": "sip:a", "FLAGS": "AX", "PRIORITY": 0}}
    sets = [{"SET": {"ID": setid, "TARGETS": [target]}} for setid in range(int(count))]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.bind(path)
        _ready()
        while True:
            request, sender = peer.recvfrom(1 << 18)
            call = json.loads(request)
            reply: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"], "error": {"code": 404, "message": "none"}}
            if call["method"] == "dispatcher.list":
                reply = {"jsonrpc": "2.0", "id": call["id"], "result": {"RECORDS": sets}}
                Path(call["store_path"]).write_text(json.dumps(reply))
            with contextlib.suppress(OSError):
                peer.sendto(json.dumps({**reply, "result": {}} if "result" in reply else reply).encode(), sender)


def answer_stream(path: str, way: str) -> None:
    """Be a server for calls over a stream that sends a byte now and then, or nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.bind(path)
        peer.listen()
        _ready()
        while True:
            connection = peer.accept()[0]
            request = connection.recv(1 << 16)
            with contextlib.suppress(OSError):
                size = (request[1] >> 2 & 3) + 1
                cookie = request[2 + size :]
                # The length is 65,535 bytes.
                connection.sendall(b"\xa1\x17\xff\xff" + cookie if way == "drip" else b"")
                while True:
                    time.sleep(0.003)
                    connection.sendall(b"\x10" if way == "drip" else b"")


def answer_fifo(path: str, reply_dir: str, way: str) -> None:
    """Be a server for calls through a FIFO."""
    os.mkfifo(path, 0o666)
    server = os.open(path, os.O_RDWR)
    _ready()
    while True:
        request = os.read(server, 1 << 16)
        if way == "silence":
            continue
        with contextlib.suppress(OSError, ValueError):
            call = json.loads(request)
            reply = os.open(reply_dir + call["reply_name"], os.O_WRONLY | os.O_NONBLOCK)
            try:
                if way == "drip":
                    while True:
                        os.write(reply, b" ")
                        time.sleep(0.003)
                os.write(reply, b'{"jsonrpc": "2.0", "result": {}, "id": "%s"}' % call["id"].encode())
            finally:
                os.close(reply)


def fill_attributes(path: str) -> None:
    """Leave no room for extended attributes: new files of the folder get a long access control list, too."""
    entries = [(1, 7, 0), *((2, 7, user) for user in range(20000, 20490)), (4, 5, 0), (16, 7, 0), (32, 5, 0)]
    rule = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(Path(path).parent, "system.posix_acl_default", rule)
    os.setxattr(path, "user.large", b"x" * 3500)
    _ready()
    signal.pause()


ROLES: dict[str, Callable[..., None]] = {
    role.__name__: role
    for role in (
        swap,
        swap_staged,
        toggle,
        toggle_when_used,
        toggle_when_staged,
        read_new,
        spoil_replies,
        spoil_stored,
        hold_locks,
        answer_datagrams,
        answer_sets,
        answer_stream,
        answer_fifo,
        fill_attributes,
    )
}
# Those that wait most of the time: for events, or for room in the queue of the product.
_HURRIED = {
    "swap",
    "swap_staged",
    "toggle_when_used",
    "toggle_when_staged",
    "read_new",
    "spoil_replies",
    "spoil_stored",
    "flood",
    "answer_sets",
}


if __name__ == "__main__":
    # Only root can have the priority.
    if _HURRIED.intersection(sys.argv[2:]):
        _hurry()
    _become(int(sys.argv[1]))
    ROLES[sys.argv[2]](*sys.argv[3:])
