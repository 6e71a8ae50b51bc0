# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of core settings, held against the servers: their names, what each takes, and what it does not take."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import config_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.core_settings import (
    EARLY,
    PROTOCOLS,
    TLS_METHODS,
    CoreSettings,
    core_settings,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import RULES
from conformance.server import as_version, run_in_root, with_every_version
from conformance.setups import Setup

# Values of each kind that the server takes, and others that it does not take.
RIGHT = {
    "n": ("0", "1", "0x10", "yes", "off"),
    "i": ("0", "1", "-1", "enable"),
    "s": ('"a"', "'a'", '"a" "b"'),
    "w": ("word",),
    "4": ("127.0.0.1",),
    "6": ("::1", "[::1]", "fe80::1"),
    "m": tuple(word.decode() for word in TLS_METHODS),
    "p": tuple(word.decode() for word in PROTOCOLS),
    "h": ("127.0.0.1",),
}
WRONG = {
    "n": ('"1"', "-1", "word", "1.5", "08", "4k", "$x", "children", "- 1"),
    "i": ('"1"', "word", "1.5", "- word"),
    "s": ("1", "word", "word-word", "$x", "yes"),
    "w": ('"word"', "1", "yes", "a-b", "children", "$x"),
    "4": ('"127.0.0.1"', "::1", "word"),
    "6": ('"::1"', "1", "word"),
    "m": ("TLSv1_2", '"TLSv1"', "1"),
    "p": ("WS", '"TCP"', "1", "word"),
    "h": (),
}
# What takes fewer values than its kind, or others only where modules or accounts are there, with some that it takes.
FEWER = {
    "ipv6_hex_style": ('"a"', '"A"', '"c"'),
    "log_facility": ("LOG_LOCAL0", "log_user"),
    "tcp_poll_method": ("poll", '"epoll_lt"', "EPOLL_ET"),
    "disable_sctp": ("1", "yes"),
    "enable_sctp": ("0", "no"),
    "max_branches": ("1", "12"),
    "msg_recv_max_size": ("1", "0xffff"),
    **dict.fromkeys(("user", "uid", "group", "gid"), ("root", '"root"', "'root'")),
    "shm": ("64",),
    "shm_mem": ("64",),
    "shm_mem_size": ("64",),
    "socket": ("{ bind = udp:127.0.0.1:5060; }",),
}
# Values with which a server starts that has all settings: its default, or what does the least.
QUIET = {
    "children": "1",
    "exit_timeout": "5",
    "max_branches": "12",
    "max_recursive_level": "100",
    "maxbuffer": "262144",
    "maxsndbuffer": "262144",
    "max_while_loops": "100",
    "msg_recv_max_size": "65535",
    "msg_clone_extra_size": "0",
    "open_files_limit": "1024",
    "pv_buffer_size": "8192",
    "pv_buffer_slots": "10",
    "pv_cache_limit": "2048",
    "route_locks_size": "0",
    "ser_kill_timeout": "5",
    "sql_buffer_size": "65535",
    "tcp_rd_buf_size": "16384",
    "log_stderror": "1",
    "fork": "1",
    "async_workers": "1",
    "disable_tcp": "1",
    "debug": "2",
    "tcp_max_connections": "16",
    "tls_max_connections": "16",
}
# They change who the server is, where it looks for its files, what it listens on, or need what these tests do not have.
HINDERING = re.findall(
    r"\w+",
    "user uid group gid chroot workdir wdir run_dir rundir listen socket alias domain advertised_address port "
    "log_engine_type log_engine_data log_name version_table mcast tcp_source_ipv4 tcp_source_ipv6 tls_port_no",
)


def configs_of(folder: Path, lines: Iterable[str]) -> dict[str, str]:
    """A configuration for each line, by path."""
    folder.mkdir()
    texts = {str(folder / ("%d.cfg" % number)): line for number, line in enumerate(lines)}
    for path, line in texts.items():
        Path(path).write_text(line + "\nlisten = udp:127.0.0.1:5060\nrequest_route { exit; }\n")
    return texts


def refused(suite: str, folder: Path) -> set[str]:
    """The configurations of a folder that the server refuses."""
    loop = 'for file in "$1"/*.cfg; do kamailio -c -f "$file" >/dev/null 2>&1 || echo "$file"; done'
    return set(run_in_root(suite, "sh", "-c", loop, "sh", str(folder), seconds=300).stdout.split())


def stops(path: str, version: str) -> bool:
    """Whether the findings say that the server refuses it."""
    number = as_version(version)
    found = config_findings(evaluate(path, Path(path).read_bytes(), read_include, number), number)
    return any(RULES[finding.rule].stops for finding in found)


def known(version: str) -> CoreSettings:
    settings = core_settings(as_version(version))
    assert settings
    return settings


def right_values(name: str, types: str) -> tuple[str, ...]:
    return FEWER.get(name) or tuple(value for kind in types for value in RIGHT[kind])


@pytest.fixture(autouse=True)
def impatient_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:1")


def test_right_values(suite: str, version: str, tmp_path: Path) -> None:
    rows = [(name, right_values(name, types)) for name, types in known(version).types.items()]
    lines = ["%s = %s" % (name, value) for name, values in rows for value in values]
    # What one does to another, as memory that is there already, is not what is asked here.
    together = [line for line in lines if line.split()[0] not in EARLY]
    early = [line for line in lines if line.split()[0] in EARLY]
    texts = configs_of(tmp_path / "right", ["\n".join(together), *early])
    assert {texts[path] for path in refused(suite, tmp_path / "right")} == set()
    assert [texts[path] for path in texts if stops(path, version)] == []


def test_wrong_values(suite: str, version: str, tmp_path: Path) -> None:
    lines: list[str] = []
    for name, types in known(version).types.items():
        # One letter is asked in full for the first of its settings, and by its first value for the others.
        values = [value for kind in types for value in WRONG[kind] if not any(takes(other, value) for other in types)]
        first = types not in {line.split()[-1] for line in lines}
        lines += ["%s = %s # %s" % (name, value, types) for value in (values if first else values[:1])]
    lines += ["log_facility = LOG_X", "tcp_poll_method = word", 'tcp_poll_method = "x"', 'ipv6_hex_style = "x"']
    texts = configs_of(tmp_path / "wrong", lines)
    assert set(texts.values()) - {texts[path] for path in refused(suite, tmp_path / "wrong")} == set()
    assert [texts[path] for path in texts if not stops(path, version)] == []


def takes(kind: str, value: str) -> bool:
    """Whether a value that is wrong for one kind is right for another one."""
    looks = {"n": value.isdigit() or value == "yes", "w": value == "word", "s": value[:1] == '"'}
    return looks.get(kind, False)


@with_every_version
def test_names_of_other_versions(suite: str, version: str, tmp_path: Path) -> None:
    names = [
        *known(version).elsewhere,
        "no_such_setting",
        "fifo",
        "statistics",
        "name",
        "children2",
        "x.port",
        "kemi.no_such",
    ]
    texts = configs_of(tmp_path / "names", ["%s = 1" % name for name in names if name not in ("socket",)])
    assert set(texts.values()) - {texts[path] for path in refused(suite, tmp_path / "names")} == set()
    assert [texts[path] for path in texts if not stops(path, version)] == []


def test_a_server_starts_with_all_of_them(suite: str, version: str, tmp_path: Path) -> None:
    lines = []
    for name, types in known(version).types.items():
        if name not in HINDERING:
            value = QUIET.get(name) or right_values(name, types)[0]
            lines.append("%s = %s" % (name, value))
    setup = Setup(tmp_path, "\n".join(line for line in lines if line.split()[0] not in EARLY), None)
    head = [line for line in lines if line.split()[0] in EARLY]
    setup.config.write_text("\n".join([*head, setup.config.read_text()]))
    with setup.server(suite) as server:
        assert server.exit_status is None, server.log_text()[-3000:]
    assert setup.judge(version).result["will_start"]
