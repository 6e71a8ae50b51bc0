# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rehearsal makes of a network, of a log and of a unit, and where it says that it is not possible."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.layers import mounted_files
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.limits import read_limit
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.namespace import run_apart
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.network import network_lines
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import read_service
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server import rehearsal
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.rehearsal import rehearse, start_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.scene import Launch
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.words import (
    errors_of,
    needs_outside,
    show_errors,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.watch import Standin

NOTHING = re.compile(rb"(?!)")
DATABASE = """\
 0(5) ERROR: db_mysql [km_my_con.c:163]: db_mysql_new_connection(): driver error: %s
 0(5) ERROR: <core> [db.c:319]: db_do_init2(): could not add connection to the pool
 0(5) ERROR: dispatcher [dispatch.c:985]: ds_init_db(): unable to connect to the database
 0(5) ERROR: <core> [core/sr_module.c:974]: init_mod(): Error while initializing module dispatcher (/x/dispatcher.so)
ERROR: error while initializing modules
"""
NO_LIST = """\
 0(5) WARNING: <core> [core/socket_info.c:1702]: fix_hostname(): could not rev. resolve 192.0.2.3
 0(5) ERROR: dispatcher [dispatch.c:824]: ds_load_list(): can't open list file [/etc/kamailio/dispatcher.list]
 0(5) ERROR: <core> [core/sr_module.c:974]: init_mod(): Error while initializing module dispatcher (/x/dispatcher.so)
"""


def test_interfaces_have_the_names_and_addresses_of_the_host() -> None:
    interfaces: list[dict[str, Any]] = [
        {
            "ifname": "lo",
            "flags": ["LOOPBACK", "UP"],
            "addr_info": [
                {"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host"},
                {"family": "inet", "local": "203.0.113.5", "prefixlen": 32, "scope": "global"},
            ],
        },
        {
            "ifname": "eth0.100",
            "flags": ["BROADCAST", "UP"],
            "addr_info": [
                {"family": "inet", "local": "192.0.2.2", "prefixlen": 24, "scope": "global"},
                {"family": "inet6", "local": "2001:db8::2", "prefixlen": 64, "scope": "global"},
                {"family": "inet6", "local": "fe80::2", "prefixlen": 64, "scope": "link"},
            ],
        },
        {
            "ifname": "veth12",
            "flags": ["UP"],
            "addr_info": [{"family": "inet6", "local": "fe80::9", "prefixlen": 64, "scope": "link"}],
        },
        # Old versions leave empty ones.
        {},
        {"ifname": "eth1", "flags": [], "addr_info": [{"family": "inet", "local": "10.0.0.1", "prefixlen": 8}]},
    ]
    assert network_lines(interfaces) == [
        "link set dev lo up",
        "address replace 203.0.113.5/32 dev lo noprefixroute",
        "link add name eth0.100 type veth peer name sipfleet1",
        "link set dev eth0.100 up",
        "link set dev sipfleet1 up",
        "address replace 192.0.2.2/24 dev eth0.100 noprefixroute",
        "address replace 2001:db8::2/64 dev eth0.100 noprefixroute nodad",
        "address replace fe80::2/64 dev eth0.100 noprefixroute nodad",
        "link add name eth1 type veth peer name sipfleet4",
        "address replace 10.0.0.1/8 dev eth1 noprefixroute",
        "route add multicast 224.0.0.0/4 dev eth0.100",
    ]


def test_file_systems_are_found_and_told_apart() -> None:
    lines = [
        "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "22 21 0:5 / /proc rw - proc proc rw",
        "23 21 0:6 / /dev rw - devtmpfs udev rw",
        "24 23 0:7 / /dev/shm rw - tmpfs tmpfs rw",
        "25 21 0:8 / /run rw shared:2 master:3 - tmpfs tmpfs rw",
        "26 21 0:9 / /srv/with\\040space rw - xfs /dev/sdb1 rw",
        "27 21 0:10 / /home/a/mnt rw - fuse.sshfs a@b: rw,user_id=1000,group_id=1000",
        "28 21 0:11 / /srv/gluster rw - fuse.glusterfs h:/v rw,user_id=0,group_id=0",
        "29 21 0:12 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
        "30 21 0:13 / /net rw - autofs systemd-1 rw",
        "31 21 8:2 / /boot/efi rw - vfat /dev/sda2 rw",
    ]
    assert mounted_files("\n".join(lines).encode()) == [
        ("/", "", False),
        ("/boot/efi", "vfat", False),
        ("/home/a/mnt", "fuse.sshfs", True),
        ("/run", "tmpfs", False),
        ("/srv/gluster", "fuse.glusterfs", False),
        ("/srv/with space", "xfs", False),
    ]


@pytest.mark.parametrize(
    ("log", "outside"),
    [
        (DATABASE % "Can't connect to server on '192.0.2.9' (101)", True),
        (DATABASE % "Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)", True),
        (DATABASE % "Unknown server host 'db' (-3)", True),
        (NO_LIST, False),
        # The start dies of the first one; a server says more while it ends.
        (NO_LIST + DATABASE % "Can't connect to server on '192.0.2.9' (101)", False),
        # Another module goes on without what it could not reach.
        (" 0(5) ERROR: rtpengine [x.c:1]: f(): could not resolve rtp.example.net\n" + NO_LIST, False),
        (
            " 0(3) ERROR: <core> [x.c:1]: fix_hostname(): could not resolve sip.example.net\nfailed to initialize\n",
            True,
        ),
        (" 0(5) ERROR: <core> [db.c:204]: db_bind_mod(): Module db_mysql not found. Missing loadmodule?\n", False),
        # A database in files, whose module comes too late.
        (re.sub(".*db_mysql.*\n", "", DATABASE), False),
        ("", False),
    ],
)
def test_what_cannot_be_reached_is_told_from_what_is_wrong(log: str, outside: bool) -> None:
    assert needs_outside(errors_of(log)) is outside


def test_errors_are_whole_and_bounded() -> None:
    log = " 0(5) INFO: <core> [a.c:1]: f(): quiet\n 0(5) ERROR: app_python3 [b.c:2]: g(): Unhandled exception:\n"
    log += "ModuleNotFoundError: No module named 'x'\n 0(5) DEBUG: <core> [a.c:1]: f(): more\n"
    assert [error.line for error in errors_of(log)] == [
        "0(5) ERROR: app_python3 [b.c:2]: g(): Unhandled exception:",
        "ModuleNotFoundError: No module named 'x'",
    ]
    shown = show_errors(errors_of("".join(" 0(5) ERROR: m [a.c:1]: f(): %d\n" % number for number in range(100))))
    assert len(shown.splitlines()) == 21 and "(80 lines are left out here)" in shown and shown.endswith(" 99")
    assert len(show_errors(errors_of(" 0(5) ERROR: m [a.c:1]: f(): " + 10000 * "x"))) <= 300


@pytest.mark.parametrize(
    ("text", "limit"), [("1024:524288", (1024, 524288)), ("64K", (65536, 65536)), ("infinity", (-1, -1)), ("x", None)]
)
def test_limits_of_a_unit_are_understood(text: str, limit: tuple[int, int] | None) -> None:
    assert read_limit(text) == limit


def test_unit_says_how_it_is_started(tmp_path: Path) -> None:
    text = "[Service]\nUser=sip\nRuntimeDirectory=kamailio\nExecStart=/usr/sbin/kamailio -P /run/k.pid -f /etc/k.cfg\n"
    (tmp_path / "kamailio.service").write_text(text)
    service = read_service(None, [str(tmp_path)])
    assert service and service.program == "/usr/sbin/kamailio"
    assert service.arguments == ("-P", "/run/k.pid", "-f", "/etc/k.cfg")
    assert service.settings["RuntimeDirectory"] == "kamailio"


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (Launch("/bin/true", ("-t", "/srv")), "a start in a root folder of its own cannot be rehearsed"),
        (Launch("/bin/true", (), settings={"RootDirectory": "/srv"}), "a start in a root folder of its own"),
        (Launch("/bin/true", (), Account("no-such-user")), "a group that this host does not know: 'no-such-user'"),
        (Launch("/bin/true", (), settings={"SupplementaryGroups": "tty no-such-group"}), "'tty no-such-group'"),
        (Launch("/bin/true", ("-m", "999999999")), "MiB of memory left, which is too little for another server"),
        (Launch("/bin/true", ("--no-such-option",)), "the command line of the server is not understood"),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="another reason comes first")
def test_what_cannot_be_rehearsed_says_why(start: Launch, message: str) -> None:
    found = rehearse(start, {})
    assert found.outcome == "not possible here" and message in found.message


def test_root_folder_of_a_configuration_is_seen() -> None:
    evaluation = evaluate("/k.cfg", b'chroot="/srv"\nrequest_route { exit; }\n', lambda *_names: None)
    assert "root folder" in rehearse(Launch("/bin/true", ("-f", "/k.cfg")), {}, evaluation).message


def test_only_root_rehearses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = rehearse(Launch("/bin/true", ()), {})
    assert (found.outcome, found.message) == (
        "not possible here",
        "only root can rehearse a start. Run the task as root",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
def test_work_in_namespaces_is_ended_when_its_time_is_up() -> None:
    def work(_prepared: object, output: int) -> None:
        os.write(output, b"begun\n")
        while True:
            os.sched_yield()

    done = run_apart(lambda: None, work, 0.5, NOTHING)
    assert (done.value, done.printed) == (None, b"begun\n")
    assert done.problem == "it has not ended after 0.5 seconds"


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
def test_work_in_namespaces_is_the_first_process_there_and_prints_what_is_kept() -> None:
    def work(prepared: str, output: int) -> list[object]:
        os.write(output, b"a DEBUG\nb\nc DEBUG")
        return [prepared, os.getpid()]

    done = run_apart(lambda: "before", work, 10, re.compile(rb"DEBUG"))
    assert (done.value, done.problem, done.printed) == (["before", 1], "", b"b\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")
def test_work_in_namespaces_that_is_killed_or_fails_says_so() -> None:
    def fails(_prepared: object, _output: int) -> None:
        raise OSError(0, "no room", "/x")

    assert run_apart(lambda: None, fails, 10, NOTHING).problem == "no room: /x"
    killed = run_apart(lambda: None, lambda _prepared, _output: os._exit(1), 10, NOTHING)
    assert killed.problem == "it was killed: is the host short of memory?"


CONFIG = b"request_route { exit; }\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def start_for(folder: Path, unit: str, monkeypatch: pytest.MonkeyPatch) -> Launch:
    """How the server of a host with a unit is started; the configuration is that of another user."""
    (folder / "etc").mkdir()
    config = folder / "etc" / "k.cfg"
    config.write_bytes(CONFIG)
    os.chown(config, 4242, 4242)
    (folder / "kamailio.service").write_text("[Service]\n" + unit.replace("@", str(config)))
    service = read_service(None, [str(folder)])
    monkeypatch.setattr(rehearsal, "read_service", lambda _instance: service)
    monkeypatch.setattr(rehearsal, "find_kamailio", lambda _module: "/usr/sbin/kamailio")
    evaluation = evaluate(str(config), CONFIG, lambda *_names: None)
    params = {"instance": None, "follow": False}
    return start_of(Standin(params), [evaluation, evaluation], Invocation(defines=("A=1",)))


@pytest.mark.skipif(os.geteuid() != 0, reason="files of other users are needed")
@pytest.mark.parametrize(
    ("unit", "program", "arguments", "account"),
    [
        # As the unit says, whoever can change the configuration: that is what a restart does.
        ("User=sip\nExecStart=/opt/kamailio -m 32 -f @\n", "/opt/kamailio", ["-m", "32", "-f", "@"], Account("sip")),
        # No user is known then, so it has the rights of who can change what it runs.
        ("DynamicUser=yes\nExecStart=/opt/kamailio -f @\n", "/opt/kamailio", ["-f", "@"], Account("4242")),
        # Another configuration is started by the unit.
        (
            "ExecStart=/opt/kamailio -f /etc/other.cfg\n",
            "/usr/sbin/kamailio",
            ["-DD", "-f", "@", "-A", "A=1"],
            Account("4242"),
        ),
    ],
)
def test_start_is_that_of_the_unit_with_the_rights_of_a_check(
    unit: str, program: str, arguments: list[str], account: Account, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = start_for(folder, unit, monkeypatch)
    expected = [word.replace("@", str(folder / "etc" / "k.cfg")) for word in arguments]
    assert (start.program, list(start.arguments), start.account) == (program, expected, account)
