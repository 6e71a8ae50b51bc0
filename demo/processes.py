# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's processes: Kamailio, destinations that answer (SIPp) and one that does not. Only these are ended."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

HOST = "127.0.0.1"
SIPP_DUMP_S = 0.2  # how often SIPp writes its counters
START_S = 30.0  # how long anything may take to start or to end


class NotAsToldError(Exception):
    """Something did not behave as the demo tells."""


class Child:
    """A process in a session of its own, so that Ctrl-C reaches the demo, and the demo ends it.

    It is reaped in C(end) only: until then nobody else can get its number, nor that of its group.
    """

    def __init__(self, arguments: list[str], out: IO[bytes], **options: Any) -> None:
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, **options
        )
        self.pid = self._process.pid

    def ended(self) -> bool:
        if self._process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within so many seconds."""
        deadline = time.monotonic() + seconds
        while not self.ended():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def end(self) -> int:
        """End it and what it started: asked first, and then not asked. The exit status."""
        if self._process.returncode is None:
            if not self.ended():
                self._process.terminate()
                self.wait(START_S)
            os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()


class Children:
    """Every process that the demo started. Signals wait while one starts, and while they are being ended."""

    def __init__(self) -> None:
        self._all: list[Child] = []
        self._signal_waits = False
        self._signal: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number
        if not self._signal_waits:
            raise KeyboardInterrupt

    def start(self, arguments: list[str], out: IO[bytes], **options: Any) -> Child:
        self._signal_waits = True
        child = Child(arguments, out, **options)
        self._all.append(child)
        self._signal_waits = False
        if self._signal:
            raise KeyboardInterrupt
        return child

    def end_all(self) -> None:
        self._signal_waits = True
        for child in reversed(self._all):
            child.end()


def free_ports(count: int) -> list[int]:
    """UDP ports of loopback that nobody uses now."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _number in range(count)]
    try:
        for holder in sockets:
            holder.bind((HOST, 0))
        return [holder.getsockname()[1] for holder in sockets]
    finally:
        for holder in sockets:
            holder.close()


def said(arguments: list[str], cwd: Path) -> tuple[int, str]:
    """Exit status and all output of a command that soon ends by itself."""
    try:
        done = subprocess.run(
            arguments,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=START_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotAsToldError(f"{' '.join(arguments)}: no end within {START_S:.0f} s") from None
    return done.returncode, done.stdout.decode(errors="replace")


def until(what: str, true: Callable[[], bool]) -> None:
    """Wait, for START_S at most."""
    deadline = time.monotonic() + START_S
    while not true():
        if time.monotonic() > deadline:
            raise NotAsToldError(f"{what}: not within {START_S:.0f} s")
        time.sleep(0.05)


@dataclass
class Destination:
    """One that Kamailio may ping. C(arrived) tells how many OPTIONS came."""

    name: str
    setid: int
    port: int
    weight: int = 0

    @property
    def uri(self) -> str:
        return f"sip:{HOST}:{self.port}"

    def arrived(self) -> int:
        raise NotImplementedError


@dataclass
class Answering(Destination):
    """A SIPp that answers 200 and counts."""

    counts: Path | None = None

    def start(self, sipp: str, scenario: Path, work: Path, children: Children) -> None:
        folder = work / "sipp" / self.name
        folder.mkdir(parents=True)
        control, media = map(str, free_ports(2))
        own_ports = ["-i", HOST, "-p", str(self.port), "-ci", HOST, "-cp", control, "-mi", HOST, "-mp", media]
        dump = f"{SIPP_DUMP_S * 1000:.0f}ms"
        with (folder / "output.txt").open("wb") as out:
            child = children.start(
                [sipp, "-sf", str(scenario), *own_ports, "-nostdin", "-trace_counts", "-trace_err", "-fd", dump],
                out,
                cwd=folder,
            )

        def answers() -> bool:
            if child.ended():
                words = (folder / "output.txt").read_text(errors="replace").strip()
                raise NotAsToldError(f"SIPp for {self.name} ended with status {child.end()}: {words[-300:]}")
            return ask_options(self.port)

        until(f"{self.name} answers OPTIONS", answers)
        self.counts = next(folder.glob(f"*_{child.pid}_counts.csv"))

    def arrived(self) -> int:
        lines = self.counts.read_text().split("\n")[:-1] if self.counts else []  # whole lines only
        if len(lines) < 2:
            return 0
        return int(lines[-1].split(";")[lines[0].split(";").index("0_OPTIONS_Recv")])


@dataclass
class Silent(Destination):
    """A socket that reads and never answers; repeated requests count once, as they do with SIPp."""

    socket: socket.socket | None = None
    calls: set[bytes] = field(default_factory=set)

    def start(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HOST, self.port))
        self.socket.setblocking(False)

    def arrived(self) -> int:
        while self.socket:
            try:
                data = self.socket.recv(65535)
            except BlockingIOError:
                break
            found = re.search(rb"(?im)^(?:Call-ID|i)\s*:\s*(\S+)", data)
            if data.startswith(b"OPTIONS ") and found:
                self.calls.add(found[1])
        return len(self.calls) if self.socket else 0


def ask_options(port: int) -> bool:
    """Send one OPTIONS; whether 200 came back within a tenth of a second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((HOST, 0))
        client.settimeout(0.1)
        own = client.getsockname()[1]
        client.sendto(
            f"OPTIONS sip:{HOST}:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{own};branch=z9hG4bK{own}\r\n"
            f"From: <sip:demo@{HOST}>;tag={own}\r\nTo: <sip:{HOST}:{port}>\r\n"
            f"Call-ID: {own}-{time.monotonic_ns()}@{HOST}\r\nCSeq: 1 OPTIONS\r\n"
            "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode(),
            (HOST, port),
        )
        try:
            return client.recv(65535).startswith(b"SIP/2.0 200")
        except OSError:  # no answer yet, or nobody there
            return False


@dataclass
class Kamailio:
    """The server, in the foreground as a child, on one configuration. Paths are relative to C(cwd), to be shown."""

    binary: str
    kamcmd: str
    cwd: Path
    config: str
    ctl: Path
    log: Path
    children: Children
    child: Child | None = None

    def check_command(self) -> list[str]:
        return [self.binary, "-c", "-f", self.config]

    def start_command(self) -> list[str]:
        # -DD: in the foreground, with its processes; -E: log to the terminal; -m, -M: little memory;
        # -Y: a folder that an ordinary user can write to
        return [self.binary, "-f", self.config, "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(Path(self.config).parent)]

    def rpc_command(self, words: str) -> list[str]:
        return [self.kamcmd, "-s", f"unix:{self.ctl}", words]

    def check(self) -> tuple[int, str]:
        """Exit status and output of C(kamailio -c)."""
        return said(self.check_command(), self.cwd)

    def start(self) -> int | None:
        """Start; the exit status if it dies, None once it answers over its control socket."""
        with self.log.open("wb") as out:
            child = self.child = self.children.start(self.start_command(), out, cwd=self.cwd)
        until("Kamailio starts", lambda: child.ended() or self.version() > (0, 0))
        return self.stop() if child.ended() else None

    def stop(self) -> int | None:
        """End it; its exit status."""
        status = self.child.end() if self.child else None
        self.child = None
        self.ctl.unlink(missing_ok=True)
        return status

    def rpc(self, words: str) -> str:
        """What kamcmd prints, be it that nobody listens."""
        return said(self.rpc_command(words), self.cwd)[1]

    def flags(self) -> dict[str, str]:
        """The letters that the RPC shows, by URI."""
        return dict(re.findall(r"URI: (\S+)\s+FLAGS: (\S+)", self.rpc("dispatcher.list")))

    def version(self) -> tuple[int, int]:
        found = re.search(r"(?m)^kamailio (\d+)\.(\d+)", self.rpc("core.version"))
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def log_line(self, text: str) -> str:
        """The first line of the log that has the text, without the process number."""
        for line in self.log.read_text(errors="replace").splitlines():
            if text in line:
                return re.sub(r"^\s*\d+\(\d+\) ", "", line)
        return ""
