# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rehearsal of a start says what a real start does."""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance import test_findings, test_start
from conformance.rehearsing import copy_code, rehearse_all
from conformance.server import start_all
from conformance.setups import Setup, add_database

# Debian's stock configuration has to be quick, on a busy machine as well.
STOCK_SECONDS = 4.0
CONFIG = "/etc/kamailio/kamailio.cfg"

_LIST = "1 sip:127.0.0.1:5099 8\n"
# name: configuration, list
_START = {name: ("\n".join(lines), _LIST) for name, (lines, _starts, _broken) in test_start.CASES.items()}
_FINDINGS = {name: (body, listing) for name, (_rule, body, listing, _passes, _starts) in test_findings.CASES.items()}
_GOOD = {"good_" + name: (body, _LIST) for name, body in test_findings.GOOD.items()}
CASES = {**_START, **_FINDINGS, **_GOOD}
HANDFUL = ("works", "interval_without_tm", "tm_after_dispatcher", "setid_only", "no_list", "module_missing", "database")


@pytest.fixture(scope="module")
def code() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    yield copy_code(folder)
    shutil.rmtree(folder)


def arguments(setup: Setup) -> list[str]:
    """As a unit has them: the server becomes a daemon."""
    pid_file = str(setup.folder / "kamailio.pid")
    return ["-P", pid_file, "-m", "32", "-M", "4", "-Y", str(setup.folder), "-f", str(setup.config)]


def setup_of(case: str, folder: Path) -> Setup:
    body, listing = CASES[case]
    setup = Setup(folder, body, listing)
    if case in ("database", "database_module_late"):
        add_database(setup.folder / "db")
    return setup


def compare_with_starts(names: list[str], suite: str, code: Path, folder: Path) -> None:
    setups = {name: setup_of(name, folder) for name in names}
    found = rehearse_all(suite, code, folder, [{"arguments": arguments(setup)} for setup in setups.values()])
    outcomes = dict(zip(setups, found))
    started = dict(zip(setups, start_all(suite, [setup.folder for setup in setups.values()])))
    expected = {name: "came up" if outcome == "started" else "did not start" for name, outcome in started.items()}
    wrong = {name: outcomes[name] for name in names if outcomes[name]["outcome"] != expected[name]}
    assert not wrong
    for name in names:
        if expected[name] == "did not start":
            assert outcomes[name]["message"], name


def test_rehearsal_says_what_a_start_does(suite: str, code: Path, tmp_path: Path) -> None:
    compare_with_starts(list(HANDFUL), suite, code, tmp_path)


@pytest.mark.nightly
def test_rehearsal_says_what_each_start_does(suite: str, code: Path, tmp_path: Path) -> None:
    compare_with_starts(sorted(CASES), suite, code, tmp_path)


def test_stock_configuration_comes_up_as_its_unit_starts_it(suite: str, code: Path, tmp_path: Path) -> None:
    (found,) = rehearse_all(suite, code, tmp_path, [{"unit": "kamailio.service"}])
    assert found["outcome"] == "came up" and found["seconds"] < STOCK_SECONDS, found
    assert found["not_checked"] == []


def test_message_has_the_words_of_the_server(code: Path, tmp_path: Path) -> None:
    setup = setup_of("interval_without_tm", tmp_path)
    (found,) = rehearse_all("bookworm", code, tmp_path, [{"arguments": arguments(setup)}])
    assert found["outcome"] == "did not start"
    assert "could not load the TM-functions - disable DS ping" in found["message"]


def test_list_is_what_the_server_has_loaded(suite: str, code: Path, tmp_path: Path) -> None:
    setup = setup_of("works", tmp_path)
    text = "1 sip:127.0.0.1:5099 8\n2 sip:127.0.0.1:5098 4\n"
    case: dict[str, Any] = {"arguments": arguments(setup), "files": {str(setup.list): text}}
    (found,) = rehearse_all(suite, code, tmp_path, [case])
    assert found["outcome"] == "came up"
    assert sorted(found["destinations"]) == [[1, "sip:127.0.0.1:5099", "AP"], [2, "sip:127.0.0.1:5098", "DX"]]
    assert setup.list.read_text() == _LIST


def shell(text: str) -> tuple[str, ...]:
    """A command that does something to a host before it runs another one."""
    return ("sh", "-ec", text + '\nexec "$@"', "sh")


def test_files_that_are_new_or_gone_are_seen_so(code: Path, tmp_path: Path) -> None:
    setup = setup_of("works", tmp_path)
    more, pid_file = setup.folder / "more" / "routes.cfg", setup.folder / "kamailio.pid"
    # Of the server that runs.
    pid_file.write_text("1\n")
    config = setup.config.read_text()
    new = {str(setup.config): config + 'include_file "more/routes.cfg"\n', str(more): "route[NEW] { exit; }\n"}
    gone: dict[str, str | None] = {str(setup.list): None}
    broken = {str(setup.config): config + "route[A] { route(NO_SUCH); }\n"}
    cases = [{"arguments": arguments(setup), "files": files} for files in (new, gone, broken, {})]
    found = rehearse_all("bookworm", code, tmp_path, cases)
    outcomes = [outcome["outcome"] for outcome in found]
    assert outcomes == ["came up", "did not start", "did not start", "came up"], found
    assert "can't open list file" in found[1]["message"] and "NO_SUCH" in found[2]["message"]
    assert pid_file.read_text() == "1\n" and not more.parent.exists() and setup.config.read_text() == config


def test_server_has_the_rights_of_its_user_only(code: Path, tmp_path: Path) -> None:
    config = 'loadmodule "ctl.so"\nlisten=udp:wan0:5060\nrequest_route { exit; }\n'
    case: dict[str, Any] = {"unit": "kamailio.service", "files": {CONFIG: config}}
    cases = [dict(case, owner=(0, 0, 0o644)), dict(case, owner=(0, 0, 0o600))]
    readable, unreadable = rehearse_all("bookworm", code, tmp_path, cases)
    assert readable["outcome"] == "came up", readable
    assert unreadable["outcome"] == "did not start" and CONFIG in unreadable["message"]


@pytest.mark.nightly
def test_server_without_calls_comes_up_as_well(suite: str, code: Path, tmp_path: Path) -> None:
    ways = ["fork=no\n", "log_stderror=no\n", "debug=5\n", "port=53\nlisten=tcp:wan0:53\n"]
    cases: list[dict[str, Any]] = [
        {
            "arguments": [*daemon, "-m", "32", "-M", "4", "-f", CONFIG],
            "files": {CONFIG: way + "children=1\nlisten=udp:wan0:5060\nrequest_route { exit; }\n"},
        }
        for way in ways
        for daemon in ([], ["-DD"])
    ]
    text = "whether the server answers calls: no socket is known on which it takes calls"
    for found in rehearse_all(suite, code, tmp_path, cases):
        assert (found["outcome"], found["answered"], found["not_checked"]) == ("came up", False, [text]), found


def test_names_that_only_dns_knows_need_the_outside(suite: str, code: Path, tmp_path: Path) -> None:
    config = "listen=udp:sip.example.net:5060\nrequest_route { exit; }\n"
    strict = (
        'loadmodule "dispatcher.so"\nmodparam("dispatcher", "list_file", "/etc/kamailio/dispatcher.list")\n'
        'listen=udp:wan0:5060\nmodparam("dispatcher", "ds_load_mode", 1)\nrequest_route { exit; }\n'
    )
    listing = {"/etc/kamailio/dispatcher.list": "1 sip:gw.example.net\n"}
    absent = "listen=udp:198.51.100.8:5060\nrequest_route { exit; }\n"
    cases = [{"unit": "kamailio.service", "files": {CONFIG: text, **listing}} for text in (config, strict, absent)]
    found = rehearse_all(suite, code, tmp_path, cases, shell("echo nameserver 198.51.100.1 >/etc/resolv.conf"))
    outcomes = [outcome["outcome"] for outcome in found]
    assert outcomes == ["needs the outside", "needs the outside", "did not start"], found
    # A question to a name server fails at once.
    assert max(outcome["seconds"] for outcome in found) < STOCK_SECONDS
    assert "198.51.100.8" in found[2]["message"]


def test_server_that_is_never_ready_or_killed_is_told_so(code: Path, tmp_path: Path) -> None:
    programs = ["while True: pass", "import os; os.kill(os.getpid(), 11)", "import os; os.kill(os.getpid(), 9)"]
    cases: list[dict[str, Any]] = [
        {"program": "/usr/bin/python3", "arguments": ["-c", text], "seconds": 1} for text in programs
    ]
    found = rehearse_all("bookworm", code, tmp_path, cases)
    assert [(outcome["outcome"], outcome["message"]) for outcome in found] == [
        ("did not answer", "the server neither came up nor ended within 1 seconds"),
        ("did not start", "it ended by signal 11 and said nothing"),
        ("not possible here", "the server was killed while it started: is the host short of memory?"),
    ]


def test_host_without_the_right_to_make_namespaces(code: Path, tmp_path: Path) -> None:
    prefix = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
    (found,) = rehearse_all("bookworm", code, tmp_path, [{"unit": "kamailio.service"}], prefix)
    assert found["outcome"] == "not possible here" and found["seconds"] < STOCK_SECONDS
    assert found["message"] == "namespaces cannot be made here: Operation not permitted"


@pytest.mark.nightly
def test_host_without_iproute2(code: Path, tmp_path: Path) -> None:
    prefix = shell("rm /usr/bin/ip /usr/sbin/ip")
    (found,) = rehearse_all("bookworm", code, tmp_path, [{"unit": "kamailio.service"}], prefix)
    assert (found["outcome"], found["message"]) == (
        "not possible here",
        "this host does not have the program ip (package iproute2)",
    )


def test_files_that_cannot_be_shown_are_said(code: Path, tmp_path: Path) -> None:
    layers = "mkdir /srv/deep; mount -t tmpfs tmpfs /mnt; mkdir /mnt/u /mnt/w; mount -t overlay overlay -o "
    prefix = shell(layers + "lowerdir=/etc/kamailio,upperdir=/mnt/u,workdir=/mnt/w /srv/deep")
    cases: list[dict[str, Any]] = [{"unit": "kamailio.service"}, {"arguments": ["-f", "/srv/deep/kamailio.cfg"]}]
    elsewhere, there = rehearse_all("bookworm", code, tmp_path, cases, prefix)
    text = "files below /srv/deep, which cannot be shown to a server apart from its host"
    assert elsewhere["outcome"] == "came up" and elsewhere["not_checked"] == [text]
    assert there["outcome"] == "not possible here" and "'/srv/deep'" in there["message"]


@pytest.mark.nightly
def test_plain_file_systems_and_single_files_are_shown(code: Path, tmp_path: Path) -> None:
    setup = setup_of("works", tmp_path)
    mounts = "mkdir /srv/a; mount -t tmpfs tmpfs /srv/a; mkdir /srv/a/b; mount -t tmpfs tmpfs /srv/a/b\n"
    mounts += "cp %s /srv/a/b/dispatcher.list; cp %s /srv/a/one; : >/srv/a/b/two; mount --bind /srv/a/one /srv/a/b/two"
    prefix = shell(mounts % (setup.list, setup.list))
    cases = []
    for path in ("/srv/a/b/dispatcher.list", "/srv/a/b/two", "/srv/a/none"):
        config = setup.config.read_text().replace(str(setup.list), path)
        cases.append({"arguments": arguments(setup), "files": {str(setup.config): config}})
    found = rehearse_all("bookworm", code, tmp_path, cases, prefix)
    assert [outcome["outcome"] for outcome in found] == ["came up", "came up", "did not start"], found


@pytest.mark.nightly
@pytest.mark.parametrize(("capability", "outcome"), [(10, "came up"), (23, "not possible here")])
def test_capabilities_of_the_program_count(capability: int, outcome: str, code: Path, tmp_path: Path) -> None:
    # That of a file is its version with a flag, and what is permitted (linux/capability.h).
    text = "import os; os.setxattr('/usr/sbin/kamailio', 'security.capability', bytes.fromhex('%s'))"
    prefix = shell('python3 -c "%s"' % (text % struct.pack("<5I", 0x02000001, 1 << capability, 0, 0, 0).hex()))
    # A port that only root can listen on, and those with the capability.
    files = {CONFIG: "listen=udp:wan0:53\nrequest_route { exit; }\n"}
    (found,) = rehearse_all("bookworm", code, tmp_path, [{"unit": "kamailio.service", "files": files}], prefix)
    assert found["outcome"] == outcome, found


@pytest.mark.nightly
def test_port_of_root_is_not_for_the_servers_user(code: Path, tmp_path: Path) -> None:
    files = {CONFIG: "listen=udp:wan0:53\nrequest_route { exit; }\n"}
    folder = "/etc/systemd/system/kamailio.service.d"
    settings = "AmbientCapabilities=CAP_NET_BIND_SERVICE\\nSupplementaryGroups=tty\\n"
    make = "mkdir -p %s; printf '[Service]\\n%s' >%s/a.conf" % (folder, settings, folder)
    case = {"unit": "kamailio.service", "files": files}
    (without,) = rehearse_all("bookworm", code, tmp_path, [case])
    (found,) = rehearse_all("bookworm", code, tmp_path, [case], shell(make))
    assert without["outcome"] == "did not start" and "Permission denied" in without["message"], without
    assert found["outcome"] == "came up", found


@pytest.mark.nightly
def test_change_that_fails_says_whether_the_files_as_they_are_come_up(code: Path, tmp_path: Path) -> None:
    works, broken = setup_of("works", tmp_path), setup_of("no_list", tmp_path)
    cases = [
        {"arguments": arguments(setup), "change": True, "files": {str(setup.list): text}}
        for setup, text in ((works, _LIST), (works, "1\n"), (broken, "1\n"), (broken, _LIST))
    ]
    found = rehearse_all("bookworm", code, tmp_path, cases)
    assert [(outcome["outcome"], outcome["as_it_is"]) for outcome in found] == [
        ("came up", None),
        ("did not start", "came up"),
        ("did not start", "did not start"),
        ("came up", None),
    ]


def test_server_that_goes_on_in_another_process_is_not_gone(code: Path, tmp_path: Path) -> None:
    hops = "import os, time\nend = time.monotonic() + 3\nwhile time.monotonic() < end:\n    if os.fork(): os._exit(0)\n"
    case = {"program": "/usr/bin/python3", "arguments": ["-c", hops + "time.sleep(60)"], "seconds": 10}
    found = rehearse_all("bookworm", code, tmp_path, [case] * 3)
    assert [outcome["outcome"] for outcome in found] == ["came up"] * 3, found
