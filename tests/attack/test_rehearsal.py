# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that happens in a rehearsal leaves it, whatever the server does, and whatever other users do meanwhile."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance.rehearsing import copy_code, on_host

# A try takes a third of a second, which is much more than one of the other races.
TRIES = min(int(os.environ.get("SIPFLEET_TRIES", "10")), 400)
SUITE = "bookworm"
KILL_SECONDS = 2.0

# What a server could do that is not meant to start, run by root; it says what should not have worked.
HOSTILE = r"""
import ctypes, os, signal, socket, struct, subprocess, sys, time
def attempt(name, action):
    try:
        action()
    except (OSError, subprocess.SubprocessError):
        return
    print("ERROR: worked: " + name, flush=True)
def call(path, kind):
    with socket.socket(socket.AF_UNIX, kind) as channel:
        channel.connect(path)
        channel.send(b"x")
def write(path, text="x", flags=os.O_WRONLY | os.O_CREAT | os.O_APPEND):
    handle = os.open(path, flags, 0o644)
    os.write(handle, text.encode())
libc = ctypes.CDLL(None, use_errno=True)
def system(name, *args):
    if getattr(libc, name)(*args):
        raise OSError(ctypes.get_errno(), name)
for path in ("/run/db.sock", "/var/lib/db.sock"):
    attempt(path, lambda: call(path, socket.SOCK_STREAM))
attempt("/dev/log", lambda: call("/dev/log", socket.SOCK_DGRAM))
attempt("fifo", lambda: write("/var/lib/fifo", flags=os.O_WRONLY | os.O_NONBLOCK))
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/sys/kernel/uevent_helper"):
    attempt(path, lambda: os.close(os.open(path, os.O_WRONLY)))
for name in os.listdir("/proc/1/fd"):
    attempt("handle of the first process", lambda: os.stat("/proc/1/fd/" + name))
attempt("root of the first process", lambda: os.listdir("/proc/1/root/"))
attempt("memory of the first process", lambda: os.close(os.open("/proc/1/mem", os.O_RDWR)))
attempt("ptrace", lambda: system("ptrace", 16, 1, 0, 0))
for name in os.listdir("/proc/self/fd"):
    if int(name) > 2:
        attempt("handle of the caller", lambda: os.stat("/proc/self/fd/" + name))
attempt("mount", lambda: system("mount", b"tmpfs", b"/mnt", b"tmpfs", 0, None))
attempt("remount", lambda: system("mount", None, b"/proc", None, 0x20 | 0x1000, None))
attempt("umount", lambda: system("umount2", b"/proc", 2))
attempt("unshare", lambda: system("unshare", 0x20000))
attempt("chroot", lambda: os.chroot("/tmp"))
attempt("mknod", lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0)))
attempt("sethostname", lambda: socket.sethostname("theirs"))
attempt("realtime", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10)))
attempt("setpriority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -10))
# Allowed, and private: the files of the host stay as they are.
for path in ("/etc/passwd", "/etc/leak", "/var/lib/leak", "/tmp/leak", "/run/leak", "/dev/shm/leak", "/usr/bin/leak"):
    write(path)
os.unlink("/etc/hostname")
os.chmod("/etc", 0o777)
os.rename("/etc/passwd", "/etc/passwd2")
for family, host in ((socket.AF_INET, "198.51.100.9"), (socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::9")):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(family, kind) as channel:
            attempt(host, lambda: (channel.connect((host, 5060)), channel.send(b"x")))
for number in (signal.SIGKILL, signal.SIGTERM):
    attempt("kill", lambda: os.kill(1, number) or os.kill(1, 0) or time.sleep(0.1) or os.kill(2, number))
subprocess.Popen(["sleep", "60"], start_new_session=True)
print("ERROR: the end", flush=True)
"""


@pytest.fixture(scope="module")
def code() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield copy_code(folder)
    shutil.rmtree(folder)


def test_a_hostile_server_reaches_nothing(code: Path, tmp_path: Path) -> None:
    case = {"program": "/usr/bin/python3", "arguments": ["-c", HOSTILE], "seconds": 10}
    # As systemd has it: what is mounted in one mount namespace is mounted in all.
    shared = ("sh", "-c", 'mount --make-rshared / && exec "$@"', "sh")
    found = on_host(SUITE, code, tmp_path, "traces", [case], shared)
    (outcome,) = found.pop("outcomes")
    assert "ERROR: the end" in outcome["log"] and "worked" not in outcome["log"], outcome
    assert found == {"packets": 0, "heard": [], "changed": []}


def test_a_server_that_pings_sends_and_leaves_nothing(code: Path, tmp_path: Path) -> None:
    config = (
        'loadmodule "tm.so"\nloadmodule "ctl.so"\nloadmodule "dispatcher.so"\nlisten=udp:wan0:5060\n'
        'modparam("dispatcher", "list_file", "/etc/kamailio/dispatcher.list")\nlisten=tcp:198.51.100.7:5060\n'
        'modparam("dispatcher", "ds_ping_interval", 1)\nmodparam("dispatcher", "ds_probing_mode", 1)\n'
        "listen=udp:[2001:db8::7]:5060\nrequest_route { exit; }\n"
    )
    listing = "1 sip:198.51.100.9:5060 8\n1 sip:198.51.100.7:5999 8\n1 sip:127.0.0.1:5999 8\n1 sip:gw.example.net 8\n"
    files = {"/etc/kamailio/kamailio.cfg": config, "/etc/kamailio/dispatcher.list": listing}
    found = on_host(SUITE, code, tmp_path, "traces", [{"unit": "kamailio.service", "files": files}] * 3)
    outcomes = found.pop("outcomes")
    assert [outcome["outcome"] for outcome in outcomes] == ["came up"] * 3, outcomes
    assert [len(outcome["destinations"]) for outcome in outcomes] == [3, 3, 3]
    assert found == {"packets": 0, "heard": [], "changed": []}


def test_a_server_that_runs_is_not_touched(code: Path, tmp_path: Path) -> None:
    broken = {"unit": "kamailio.service", "files": {"/etc/kamailio/kamailio.cfg": 'loadmodule "no_such"\n'}}
    found = on_host(SUITE, code, tmp_path, "beside", [{"unit": "kamailio.service"}, broken])
    outcomes = [outcome["outcome"] for outcome in found.pop("outcomes")]
    assert outcomes == ["came up", "did not start"]
    assert found == {"changed": [], "same": True}


@pytest.mark.parametrize("which", ["caller", "outside"])
def test_a_kill_ends_all_of_it_at_once(which: str, code: Path, tmp_path: Path) -> None:
    found = on_host(SUITE, code, tmp_path, "killed", which)
    assert found["seconds"] < KILL_SECONDS


def test_nobody_else_can_read_what_is_about_to_be_written(code: Path, tmp_path: Path) -> None:
    found = on_host(SUITE, code, tmp_path, "searched", None)
    assert found["outcome"]["outcome"] == "came up", found
    assert found["found"] == []


def test_links_of_the_servers_user_lead_to_nothing(code: Path, tmp_path: Path) -> None:
    found = on_host(SUITE, code, tmp_path, "swapped", TRIES)
    assert found == {"found": [], "changed": [], "leaks": False, "tries": TRIES}
