# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running Kamailio servers of several versions, and peers that answer their OPTIONS."""

from __future__ import annotations

import contextlib
import itertools
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version, parse_version

ROOTS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sipfleet-kamailio" / "roots"
SUITES = ("bullseye", "bookworm", "trixie", "sid")
# For tests that run with the oldest version too, which takes the others at night.
with_every_version = pytest.mark.parametrize("suite", SUITES)
# For long tests of the tables: the newest one with each change, the others at night.
with_newest_version = pytest.mark.parametrize(
    "suite", [pytest.param(suite, marks=() if suite == "sid" else pytest.mark.nightly) for suite in SUITES]
)
START_SECONDS = 20.0

# The root gets the folder with the test's files at the same path, so that one path serves inside and outside. Names are
# those of this machine's own file: a server that starts asks for its host's, and a resolver can be slow.
_IN_ROOT = """
set -e
mkdir -p "$1$2"
mount --bind "$2" "$1$2"
mount --bind /dev "$1/dev"
: >>"$1/etc/hosts"
mount --bind /etc/hosts "$1/etc/hosts"
mount --bind /dev/null "$1/etc/resolv.conf"
root=$1; shift 2
exec chroot "$root" "$@"
"""


# Starts a server in each folder, one after the other, until it answers or is dead, and prints what came of it. A server
# that says that it cannot start is not waited for: some modules never end then. The last processes can fail after the
# one that answers, and some modules wait for themselves while they start, with the socket open.
_STARTS = """
for folder in "$@"; do
  setsid kamailio -DD -E -m 32 -M 4 -Y "$folder" -f "$folder/kamailio.cfg" >"$folder/server.log" 2>&1 &
  process=$!
  outcome=late
  end=$(($(date +%s) + 10))
  while [ "$(date +%s)" -lt $end ]; do
    if ! kill -0 $process 2>/dev/null; then outcome=dead; break; fi
    if grep -qs "error while initializing" "$folder/server.log"; then outcome=dead; break; fi
    if [ -S "$folder/ctl" ] && timeout 1 kamcmd -s "unix:$folder/ctl" core.version 2>/dev/null | grep -q kamailio; then
      sleep 0.05
      outcome=started
      if ! kill -0 $process 2>/dev/null || grep -qE "error while initializing|cannot fork" "$folder/server.log"; then
        outcome=dead
      fi
      break
    fi
    sleep 0.05
  done
  kill -9 -$process 2>/dev/null
  wait $process 2>/dev/null
  echo $outcome
done
"""

# Asks for the kamailio.cfg in each folder, and prints the folders where it is refused.
_CHECKS = """
for folder in "$@"; do
  kamailio -c -f "$folder/kamailio.cfg" >/dev/null 2>&1 || echo "$folder"
done
"""


def as_version(text: str) -> Version:
    """The version of a server under test."""
    version = parse_version(text)
    assert version, text
    return version


def in_root(suite: str, *command: str) -> list[str]:
    """The command line that runs a command in the root file system of a suite."""
    shared = tempfile.gettempdir()
    return [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        _IN_ROOT,
        "sh",
        str(ROOTS / suite),
        shared,
        *command,
    ]


def run_in_root(suite: str, *command: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return _run(in_root(suite, *command), seconds)


def _run(line: list[str], seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, capture_output=True, text=True, errors="replace", timeout=seconds, check=False)


def version_of(suite: str) -> str:
    """What kamailio -v prints."""
    return run_in_root(suite, "kamailio", "-v").stdout


# Below those that the system gives out itself, and others in every process of a test run.
_FIRST_PORT, _OF_A_PROCESS, _PROCESSES = 10000, 2200, 10
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw%d" % os.getpid())[2:]) % _PROCESSES
_PORTS = itertools.cycle(range(_FIRST_PORT + _PROCESS * _OF_A_PROCESS, _FIRST_PORT + (_PROCESS + 1) * _OF_A_PROCESS))


def free_ports(count: int) -> list[int]:
    """UDP and TCP ports of the loopback that nobody uses at the moment, and that this process was not given lately."""
    return list(itertools.islice((port for port in _PORTS if _is_free(port)), count))


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


class Peers:
    """SIP peers on the loopback that answer every request and count them by port."""

    def __init__(self, count: int, code: int = 200) -> None:
        self._code = code
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        self.counts: dict[int, int] = {}
        for _index in range(count):
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            peer.bind(("127.0.0.1", 0))
            self.counts[peer.getsockname()[1]] = 0
            self._selector.register(peer, selectors.EVENT_READ)
        self.ports = list(self.counts)
        self._thread = threading.Thread(target=self._answer, daemon=True)

    def __enter__(self) -> Peers:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _answer(self) -> None:
        while not self._stop.is_set():
            for key, _events in self._selector.select(0.1):
                peer: socket.socket = key.fileobj  # type: ignore[assignment]
                request, sender = peer.recvfrom(65535)
                self.counts[peer.getsockname()[1]] += 1
                peer.sendto(answer_to(request, self._code), sender)


def answer_to(request: bytes, code: int) -> bytes:
    """The answer of a peer to a request."""
    kept = [
        line + (b";tag=peer" if line.lower().startswith(b"to:") else b"")
        for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        if line.lower().startswith((b"via:", b"from:", b"to:", b"call-id:", b"cseq:"))
    ]
    return b"\r\n".join([b"SIP/2.0 %d Answer" % code, *kept, b"Content-Length: 0", b"", b""])


@dataclass(frozen=True)
class Entry:
    """A destination as the server's RPC shows it."""

    setid: int
    uri: str
    flags: str
    priority: int
    attrs: str


class Server:
    """A Kamailio of one suite with the files of one folder; use as a context manager."""

    def __init__(self, suite: str, folder: Path, config: Path, arguments: tuple[str, ...] = ()) -> None:
        self.suite = suite
        self.arguments = arguments
        self.folder = folder
        self.config = config
        self.log = folder / "server.log"
        self.exit_status: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def check(self) -> int:
        """The exit status of kamailio -c."""
        return run_in_root(self.suite, "kamailio", "-c", "-f", str(self.config), *self.arguments).returncode

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @property
    def control(self) -> str:
        """The binrpc socket, which the configuration of a test opens with the ctl module."""
        return "unix:" + str(self.folder / "ctl")

    def start(self) -> bool:
        """Start it and wait until it answers, or is dead. True if it answers."""
        command = ["kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(self.folder), "-f", str(self.config)]
        command += self.arguments
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                in_root(self.suite, *command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.exit_status = self._process.poll()
            if self.exit_status is not None:
                return False
            if (self.folder / "ctl").exists() and "kamailio" in self.rpc("core.version"):
                return True
            time.sleep(0.05)
        raise TimeoutError("no answer from Kamailio: " + self.log.read_text(errors="replace")[-2000:])

    def stop(self) -> None:
        """End it with all of its processes, whatever they do."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def rpc(self, *command: str) -> str:
        """What kamcmd prints."""
        line = ["kamcmd", "-s", self.control, *command]
        # Into the root that the server has, which is a fifth of the work of making another.
        if self._process and self._process.poll() is None:
            line = ["nsenter", "--target", str(self._process.pid), "--mount", "--root", "--wd", *line]
        else:
            line = in_root(self.suite, *line)
        done = _run(line)
        return done.stdout + done.stderr

    def log_text(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")

    def destinations(self) -> list[Entry]:
        """What dispatcher.list shows."""
        found: list[dict[str, str]] = []
        setid = ""
        for line in self.rpc("dispatcher.list").splitlines():
            name, _colon, value = line.strip().partition(": ")
            if name == "ID":
                setid = value
            elif name == "URI":
                found.append({"ID": setid, name: value})
            elif name in ("FLAGS", "PRIORITY", "BODY"):
                found[-1][name] = value
        return [
            Entry(int(row["ID"]), row["URI"], row["FLAGS"], int(row["PRIORITY"]), row.get("BODY", "")) for row in found
        ]


def start_all(suite: str, folders: list[Path]) -> list[str]:
    """What becomes of a server for the kamailio.cfg in each folder: started, dead, or late (after 10 seconds)."""
    command = in_root(suite, "sh", "-c", _STARTS, "sh", *map(str, folders))
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def check_all(suite: str, folders: list[Path]) -> list[Path]:
    """The folders whose kamailio.cfg is refused by kamailio -c."""
    command = in_root(suite, "sh", "-c", _CHECKS, "sh", *map(str, folders))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Path(line) for line in done.stdout.splitlines()]


def modules_of(server: Server) -> list[str]:
    """The modules of a running server in the order in which they were loaded."""
    return server.rpc("core.modules").split()[::-1]
