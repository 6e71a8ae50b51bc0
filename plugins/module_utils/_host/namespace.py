# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A process in namespaces of its own: its mounts, network, processes, and shared memory are not those of the host.

It needs root. When the caller ends or is killed, the kernel kills all that runs inside.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import selectors
import signal
import struct
import sys
import time
from typing import Any, Callable, Iterable, NamedTuple, NoReturn, Optional, Pattern, Set

from .process import Output

# Of Linux's sched.h, mount.h, prctl.h and capability.h.
_NEW_MOUNTS, _NEW_IPC, _NEW_PROCESSES, _NEW_NETWORK = 0x20000, 0x8000000, 0x20000000, 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES, NO_PROGRAMS = 1, 2, 4, 8
REMOUNT, BIND, ALL_BELOW, PRIVATE, _DETACH = 0x20, 0x1000, 0x4000, 0x40000, 2
_SIGNAL_OF_PARENT, _DUMPABLE, _KEEP_CAPABILITIES, _DROP, _AMBIENT, _RAISE = 1, 4, 8, 24, 47, 2
_CAPABILITY_VERSION = 0x20080522
# What a program inside can have, if it runs as root, by its number: nothing that reaches beyond the namespaces.
_KEPT = {
    "chown": 0,
    "dac_override": 1,
    "fowner": 3,
    "fsetid": 4,
    "kill": 5,
    "setgid": 6,
    "setuid": 7,
    "setpcap": 8,
    "net_bind_service": 10,
    "net_broadcast": 11,
    "net_admin": 12,
    "net_raw": 13,
    "ipc_lock": 14,
    "ipc_owner": 15,
    "sys_resource": 24,
}
# The status of a program that may be run, and not here.
FORBIDDEN = 250
_END_SECONDS = 5.0
_CHUNK = 1 << 16
# As much as a pipe can hold on Linux without special rights.
_PIPE_BYTES = 1 << 20


class Done(NamedTuple):
    """What came of work in namespaces.

    C(value) is its result, None where there is none; then C(problem) says why. C(printed) is what was written to the
    output that the work was given, the first and the last of it.
    """

    value: Any
    problem: str
    printed: bytes


def run_apart(
    prepare: Callable[[], Any], work: Callable[[Any, int], Any], seconds: float, dropped: Pattern[bytes]
) -> Done:
    """Do work in namespaces of its own, for some seconds at most, and end everything inside.

    C(prepare) is called on the host, in another process than this one, and C(work) inside, with what the former
    returned and with the handle of an output. What C(work) returns must have a form in JSON. An OSError of one of them
    is the problem. Lines of the output that C(dropped) finds something in are not kept.
    """
    said, tell = os.pipe()
    printed, output = os.pipe()
    caller = os.getpid()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    process = os.fork()
    if not process:
        os.close(said)
        os.close(printed)
        _guarded(lambda: _outside(caller, prepare, work, tell, output), tell)
    os.close(tell)
    os.close(output)
    shown = _Lines(dropped)
    try:
        told = _listen(said, printed, seconds, shown)
    finally:
        _end(process)
        os.close(said)
        os.close(printed)
    if not told:
        late = "it has not ended after %g seconds" % seconds
        return Done(None, late if told is None else "it was killed: is the host short of memory?", shown.text())
    answer = json.loads(told)
    return Done(answer.get("value"), answer.get("problem", ""), shown.text())


class _Lines:
    """The first and the last lines of an output, without those that are dropped."""

    def __init__(self, dropped: Pattern[bytes]) -> None:
        self._dropped, self._kept, self._begun = dropped, Output(), b""

    def add(self, data: bytes) -> None:
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._add(line + b"\n")
        if len(self._begun) > _CHUNK:
            self._add(self._begun)
            self._begun = b""

    def _add(self, line: bytes) -> None:
        if not self._dropped.search(line):
            self._kept.add(line)

    def text(self) -> bytes:
        self._add(self._begun)
        return self._kept.text()


def _listen(said: int, printed: int, seconds: float, shown: _Lines) -> Optional[bytes]:
    """Take in what is printed, and return the answer: empty if whoever gives it was killed, None if it is late."""
    told = bytearray()
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as ends:
        ends.register(said, selectors.EVENT_READ)
        ends.register(printed, selectors.EVENT_READ)
        while said in ends.get_map() and time.monotonic() < deadline:
            for key, _events in ends.select(max(0.0, deadline - time.monotonic())):
                data = os.read(key.fd, _CHUNK)
                if not data:
                    ends.unregister(key.fd)
                elif key.fd == said:
                    told += data
                else:
                    shown.add(data)
        complete = said not in ends.get_map()
    _drain(printed, shown)
    return bytes(told) if complete else None


def _drain(printed: int, shown: _Lines) -> None:
    """Take in what is in a pipe; what is printed on and on has no end."""
    with selectors.DefaultSelector() as ends:
        ends.register(printed, selectors.EVENT_READ)
        for _turn in range(_PIPE_BYTES // _CHUNK):
            data = os.read(printed, _CHUNK) if ends.select(0) else b""
            if not data:
                break
            shown.add(data)


def _end(process: int) -> None:
    """End the process outside, which ends all inside, and wait until they are gone."""
    deadline = time.monotonic() + _END_SECONDS
    number = signal.SIGTERM
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
        while time.monotonic() < deadline:
            if os.waitpid(process, os.WNOHANG)[0]:
                return
            time.sleep(0.002)
        if number == signal.SIGKILL:
            return
        deadline, number = time.monotonic() + _END_SECONDS, signal.SIGKILL


def _guarded(work: Callable[[], None], tell: int) -> NoReturn:
    """Do work of a process that must never return to what its parent does."""
    try:
        work()
    except OSError as exc:
        _tell(tell, {"problem": "%s%s" % (exc.strerror or exc, ": %s" % exc.filename if exc.filename else "")})
    finally:
        os._exit(0)


def _tell(tell: int, answer: Any) -> None:
    data = json.dumps(answer).encode()
    while data:
        data = data[os.write(tell, data) :]


def _outside(caller: int, prepare: Callable[[], Any], work: Callable[[Any, int], Any], tell: int, output: int) -> None:
    """Make the namespaces, start what works inside, and wait for its end."""
    _die_with_parent(lambda: os.getppid() == caller)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(null, handle)
    # Those of the caller lead to files of the host.
    _close_others({0, 1, 2, tell, output})
    prepared = prepare()
    try:
        _call("unshare", _NEW_MOUNTS | _NEW_IPC | _NEW_PROCESSES | _NEW_NETWORK)
    except OSError as exc:
        raise OSError(exc.errno, "namespaces cannot be made here: %s" % exc.strerror) from exc
    alive, hold = os.pipe()
    process = os.fork()
    if not process:
        os.close(hold)
        _guarded(lambda: _inside(alive, prepared, work, tell, output), tell)
    os.close(tell)
    os.close(output)

    def end(*_signal: object) -> None:
        os.kill(process, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    # Its end is that of all processes inside.
    os.waitpid(process, 0)


def _inside(alive: int, prepared: Any, work: Callable[[Any, int], Any], tell: int, output: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with selectors.DefaultSelector() as ends:
        ends.register(alive, selectors.EVENT_READ)
        _die_with_parent(lambda: not ends.select(0))
    # A server that runs as root must not look into this process, nor change what it reports.
    _prctl(_DUMPABLE, 0)
    # If memory runs out, the kernel takes these processes before any other.
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    os.nice(10)
    value = work(prepared, output)
    _tell(tell, {"value": value})
    os.close(tell)
    signal.pause()


def _close_others(kept: Set[int]) -> None:
    """Close all handles of this process, except for some."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            # One was that of the folder.
            with contextlib.suppress(OSError):
                os.close(int(name))


def _die_with_parent(lives: Callable[[], bool]) -> None:
    """Have the kernel kill this process when its parent ends, also if that has happened already."""
    _prctl(_SIGNAL_OF_PARENT, signal.SIGKILL)
    if not lives():
        os._exit(1)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *args: object) -> None:
    """Call a function of the C library. Raises OSError."""
    if getattr(_libc(), name)(*args):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _prctl(option: int, *args: int) -> None:
    words = [ctypes.c_ulong(arg) for arg in (*args, 0, 0, 0, 0)[:4]]
    _call("prctl", option, *words)


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """Mount a file system, as mount(2). Raises OSError."""
    texts = [os.fsencode(text) for text in (source, target, kind, data)]
    try:
        _call("mount", texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3] or None)
    except OSError as exc:
        what = kind or "folder"
        raise OSError(exc.errno, "a private %s cannot be mounted here: %s" % (what, exc.strerror)) from exc


def replace_root() -> None:
    """Make the current folder, which is a mount, the root folder, and let go of the old one. Raises OSError."""
    # The old root is on top of the new one then: pivot_root(2).
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _DETACH)
    os.chdir("/")


def drop_capabilities() -> None:
    """Keep this process, and programs that it starts, from what reaches beyond the namespaces. Raises OSError."""
    for number in set(range(64)) - set(_KEPT.values()):
        # The kernel does not know as many.
        with contextlib.suppress(OSError):
            _prctl(_DROP, number)
    _set_capabilities(_KEPT.values(), ())


def _set_capabilities(permitted: Iterable[int], inheritable: Iterable[int]) -> None:
    """Reduce the capabilities of this process to those of C(permitted) that it has. Raises OSError."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0))
    sets = ctypes.create_string_buffer(struct.calcsize("=6I"))
    _call("capget", header, sets)
    _effective, low, _inheritable, _effective_high, high, _inheritable_high = struct.unpack("=6I", sets.raw[:24])
    have, pass_on = (sum(1 << number for number in numbers) for numbers in (permitted, inheritable))
    have &= high << 32 | low
    pass_on &= have
    halves = [(bits & 0xFFFFFFFF, bits >> 32) for bits in (have, have, pass_on)]
    words = [half[place] for place in (0, 1) for half in halves]
    _call("capset", header, ctypes.create_string_buffer(struct.pack("=6I", *words)))


def become(user: int, group: int, groups: Iterable[int], ambient: Iterable[str]) -> None:
    """Become a user, with C(ambient) as the capabilities that it has besides. Raises OSError."""
    kept = [_KEPT[name] for name in ambient if name in _KEPT]
    if kept and user:
        _prctl(_KEEP_CAPABILITIES, 1)
    os.setgroups(list(groups))
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    if kept and user:
        _set_capabilities(kept, kept)
        for number in kept:
            _prctl(_AMBIENT, _RAISE, number)


def start_program(
    program: str, line: Iterable[str], environment: Any, output: int, prepare: Optional[Callable[[], None]] = None
) -> int:
    """Start a program without input, whose output and complaints go to a handle, and return its process.

    C(prepare) is called in the new process, before the program begins. The status of a program that the namespaces do
    not let run is C(FORBIDDEN).
    """
    process = os.fork()
    if process:
        return process
    status = 127
    try:
        os.setsid()
        for number in (1, 2):
            os.dup2(output, number)
        for number in (signal.SIGPIPE, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        if prepare:
            prepare()
        os.execve(program, list(line), dict(environment))  # noqa: S606
    except OSError as exc:
        # Such as a file with capabilities that are not to be had here.
        status = FORBIDDEN if exc.errno == errno.EPERM else status
        os.write(2, ("ERROR: %s cannot be run: %s\n" % (program, exc.strerror)).encode())
    finally:
        os._exit(status)
