# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs on the hosts of tests of rehearsals: C(on_host.py VERB), with its input and its result in JSON."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from functools import lru_cache
from typing import Any, Callable, Iterator

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import Evaluator
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_file, read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.layers import Candidate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import (
    read_service,
    service_of_arguments,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.rehearsal import (
    rehearse,
    rehearse_change,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.scene import Launch
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version, parse_version

_PYTHON = os.path.realpath(sys.executable)
_PID_FILE = "/run/kamailio/kamailio.pid"
_ALL_PACKETS, _ICMP6 = 3, 58
_SECRET = "correct horse battery staple"
_OTHER, _SERVER = 4343, 4242
_SECONDS = 10.0


def rehearse_case(case: dict[str, Any]) -> dict[str, Any]:
    """Rehearse the start of a C(unit), or of a server with C(arguments) and the C(user), with C(files) written.

    With C(change) it is that of a change. C(program) is another one than the server, which is not called. Files are
    texts by path, None for one that is not there, with the C(owner), group and mode. The server is ended after
    C(seconds).
    """
    if case.get("unit"):
        service = read_service(case["unit"])
        assert service
    else:
        service = service_of_arguments(case["arguments"])._replace(
            program=case.get("program", "/usr/sbin/kamailio"),
            arguments=tuple(case["arguments"]),
            started_by=Account(case.get("user")),
        )
    texts = {path: text.encode("utf-8", "surrogateescape") for path, text in case.get("files", {}).items() if text}
    files = {
        path: Candidate(texts[path], *case.get("owner", (None, None, None))) if text is not None else None
        for path, text in case.get("files", {}).items()
    }
    evaluation = None
    if not case.get("program"):
        evaluation = Evaluator(read_file, read_include)(service.config, _version(), service.invocation, texts)
    given = {name: value for name, value in (service.invocation.environment or {}).items() if value}
    start = Launch(service.program, service.arguments, service.started_by, given, service.settings)
    if evaluation and case.get("change"):
        before = Evaluator(read_file, read_include)(service.config, _version(), service.invocation, {})
        found = rehearse_change(start, files, evaluation, before)
    else:
        found = rehearse(start, files, evaluation, case.get("seconds", 20.0))
    destinations = None
    if found.destinations is not None:
        destinations = [[each.setid, each.uri.decode(), each.letters] for each in found.destinations]
    return dict(found._asdict(), destinations=destinations)


@lru_cache(maxsize=None)
def _version() -> Version | None:
    return parse_version(subprocess.run(["kamailio", "-v"], stdout=subprocess.PIPE, check=True).stdout.decode())


def rehearse_cases(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rehearse cases, one after the other."""
    return [rehearse_case(case) for case in cases]


def traces(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Rehearse cases on a host that looks for what they leave, and return what it has found, with the outcomes."""
    with contextlib.ExitStack() as stack:
        # A way out, for a program that gets it.
        os.set_inheritable(os.open("/", os.O_RDONLY), True)
        packets = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PACKETS)))
        packets.setblocking(False)
        ears = [stack.enter_context(_listening(path)) for path in ("/run/db.sock", "/var/lib/db.sock", "/dev/log")]
        os.mkfifo("/var/lib/fifo")
        fifo = os.open("/var/lib/fifo", os.O_RDONLY | os.O_NONBLOCK)
        # This asks for the names of the host.
        _version()
        time.sleep(0.5)
        _count(packets)
        before = _state()
        outcomes = rehearse_cases(cases)
        after = _state()
        heard = [ear.getsockname() for ear in ears if _count(ear)]
        with contextlib.suppress(BlockingIOError):
            heard += ["fifo"] if os.read(fifo, 100) else []
        changed = sorted(str(key) for key in set(before) | set(after) if before.get(key) != after.get(key))
        return {"outcomes": outcomes, "packets": _count(packets), "heard": heard, "changed": changed}


def beside(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Rehearse cases on a host whose server runs, and return what is another than before, with the outcomes."""
    os.mkdir("/run/kamailio")
    shutil.chown("/run/kamailio", "kamailio", "kamailio")
    line = ["setpriv", "--reuid=kamailio", "--regid=kamailio", "--init-groups", "kamailio", "-P", _PID_FILE]
    subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    _wait(lambda: bool(_psx()))
    _version()
    before, processes = _state(), _psx()
    outcomes = rehearse_cases(cases)
    after = _state()
    changed = sorted(str(key) for key in set(before) | set(after) if before.get(key) != after.get(key))
    return {"outcomes": outcomes, "changed": changed, "same": processes == _psx()}


def _psx() -> bytes:
    """The processes of the running server, by itself; empty if it does not answer."""
    line = ["kamcmd", "-s", "unix:/run/kamailio/kamailio_ctl", "core.psx"]
    return subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def _listening(path: str) -> socket.socket:
    kind = socket.SOCK_DGRAM if path == "/dev/log" else socket.SOCK_STREAM
    ear = socket.socket(socket.AF_UNIX, kind)
    ear.bind(path)
    os.chmod(path, 0o666)
    if kind == socket.SOCK_STREAM:
        ear.listen()
    ear.setblocking(False)
    return ear


def _count(ear: socket.socket) -> int:
    """The packets, datagrams or connections that a socket has got."""
    number = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            if ear.family == socket.AF_UNIX and ear.type == socket.SOCK_STREAM:
                ear.accept()[0].close()
            else:
                data = ear.recv(65536)
                number -= ear.family == socket.AF_PACKET and _is_of_neighbours(data)
            number += 1
    return number


def _is_of_neighbours(packet: bytes) -> bool:
    """Whether this is what interfaces say to each other on their own as soon as they have IPv6."""
    return packet[12:14] == b"\x86\xdd" and (packet[20] == _ICMP6 or (packet[20] == 0 and packet[54] == _ICMP6))


def _state() -> dict[Any, Any]:
    """All files of the host with their attributes, its mounts, processes and interfaces."""
    found: dict[Any, Any] = {"processes": sorted(_processes())}
    with open("/proc/self/mountinfo") as file:
        found["mounts"] = file.read()
    found["interfaces"] = subprocess.run(["ip", "-brief", "address"], stdout=subprocess.PIPE, check=True).stdout
    for folder, folders, files in os.walk("/"):
        if folder == "/":
            folders[:] = [name for name in folders if name not in ("proc", "sys")]
        for name in ["", *files]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            found[path] = (*tuple(status)[:7], status.st_mtime_ns, status.st_ctime_ns)
    return found


def _processes() -> set[int]:
    """The processes that have not ended."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open("/proc/%s/stat" % name) as file:
            if file.read().rpartition(")")[2].split()[0] != "Z":
                found.add(int(name))
    return found


def killed(which: str) -> dict[str, Any]:
    """Kill the caller of a rehearsal, or the process that it has started, and return what is left of it."""
    before = _processes()
    case = sleeping(60)
    with subprocess.Popen(
        [_PYTHON, "-B", __file__, "rehearse"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as caller:
        assert caller.stdin
        caller.stdin.write(json.dumps([case]).encode())
        caller.stdin.close()
        _wait(lambda: bool(_sleepers()))
        victim = caller.pid
        if which == "outside":
            (victim,) = [number for number in _processes() - before if _parent(number) == caller.pid]
        os.kill(victim, signal.SIGKILL)
        began = time.monotonic()
        _wait(lambda: not (_processes() - before - {caller.pid}))
        return {"seconds": time.monotonic() - began}


def sleeping(seconds: float, **more: Any) -> dict[str, Any]:
    """A case in which the server is a program that sleeps."""
    code = "import time; time.sleep(%g)  # a sleeper of a test" % seconds
    return {"program": _PYTHON, "arguments": ["-c", code], "seconds": seconds + 1, **more}


def _sleepers() -> list[int]:
    found = []
    for number in _processes():
        with contextlib.suppress(OSError), open("/proc/%d/cmdline" % number, "rb") as file:
            words = file.read().split(b"\0")
            if b"-c" in words and b"a sleeper of a test" in b" ".join(words):
                found.append(number)
    return found


def _parent(process: int) -> int:
    with open("/proc/%d/stat" % process) as file:
        return int(file.read().rpartition(")")[2].split()[1])


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def searched(_given: object) -> dict[str, Any]:
    """Rehearse files with a secret while other users of the host search for it, and return what they have found."""
    paths = ["/etc/kamailio/kamailio.cfg", "/etc/kamailio/more/secret.cfg"]
    case = sleeping(3, user=str(_SERVER), files=dict.fromkeys(paths, _SECRET), owner=(0, 0, 0o600))
    with _attackers(_search, paths) as found:
        outcome = rehearse_case(case)
    return {"outcome": outcome, "found": found}


def _search(paths: list[str]) -> Iterator[str]:
    while True:
        places = [*paths, "/tmp/*", "/run/*", "/dev/shm/*", "/dev/*/*"]
        places += ["/proc/[0-9]*/root" + path for path in paths] + ["/proc/[0-9]*/root/dev/*/*", "/proc/[0-9]*/fd/*"]
        for place in places:
            for path in glob.glob(place):
                with contextlib.suppress(OSError):
                    if stat.S_ISREG(os.stat(path).st_mode):
                        with open(path, "rb") as file:
                            if _SECRET.encode() in file.read(10000):
                                yield path


def swapped(tries: int) -> dict[str, Any]:
    """Rehearse while the user that owns the folder of the configuration swaps files and folders for links.

    Return what has happened to a file of root that they lead to, and whether its text has come out.
    """
    os.makedirs("/srv/k/etc")
    for path in ("/srv/k", "/srv/k/etc"):
        os.chown(path, _SERVER, _SERVER)
    with open("/etc/victim", "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(_SECRET)
    before = _state()
    config = "/srv/k/etc/kamailio.cfg"
    files = {config: "# ours\n", "/srv/k/etc/new/new.cfg": "# new\n", "/srv/k/etc/gone.cfg": None}
    case = {"program": "/bin/cat", "arguments": [config], "files": files, "user": str(_SERVER), "seconds": 5}
    with _attackers(_swap, []) as found:
        outcomes = [rehearse_case(case) for _try in range(tries)]
    after = _state()
    changed = sorted(
        str(key)
        for key in set(before) | set(after)
        if before.get(key) != after.get(key) and not str(key).startswith("/srv/k")
    )
    return {"found": found, "changed": changed, "leaks": _SECRET in json.dumps(outcomes), "tries": len(outcomes)}


def _swap(_paths: list[str]) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        for path, target in (
            ("/srv/k/etc/kamailio.cfg", "/etc/victim"),
            ("/srv/k/etc/new", "/etc"),
            ("/srv/k/etc/gone.cfg", "/etc/victim"),
            ("/srv/k/etc", "/etc"),
        ):
            with contextlib.suppress(OSError):
                os.rename(path, "/srv/k/gone-%d" % (number % 10))
            with contextlib.suppress(OSError):
                os.symlink(target, path)
        with contextlib.suppress(OSError):
            os.unlink("/srv/k/etc")
            os.mkdir("/srv/k/etc")
        if number < 0:
            yield ""


@contextlib.contextmanager
def _attackers(attack: Callable[[list[str]], Iterator[str]], paths: list[str]) -> Iterator[list[str]]:
    """Let the server's user and another one attack; what they find is in the list at the end."""
    found: list[str] = []
    ends, processes = [], []
    for user in (_SERVER, _OTHER):
        end, say = os.pipe()
        process = os.fork()
        if not process:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            for path in attack(paths):
                os.write(say, ("%d: %s\n" % (user, path)).encode())
        os.close(say)
        ends.append(end)
        processes.append(process)
    try:
        yield found
    finally:
        for process, end in zip(processes, ends):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            with os.fdopen(end) as file:
                found += file.read().splitlines()


if __name__ == "__main__":
    verbs: dict[str, Callable[[Any], Any]] = {
        "rehearse": rehearse_cases,
        "traces": traces,
        "beside": beside,
        "killed": killed,
        "searched": searched,
        "swapped": swapped,
    }
    json.dump(verbs[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
