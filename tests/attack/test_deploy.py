# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""deploy, killed at any moment, and with a list that is a link; against a running Kamailio."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conformance.server import Peers, Server
from conformance.test_deploy import A, B, Deployed, until, uris
from integration.module import environment, result_of

from attack.attacker import SERVER
from attack.ground import Vault, file_of, owned
from attack.product import TRIES

SUITE = "bookworm"
# The seconds of a run, of which some pass before its first look at the host.
BEGINS, ENDS = 0.1, 1.0
RANDOM = max(TRIES // 100, 2)
# Shorter than any step that is to be met.
PAUSE_SECONDS = 0.001
SETTLES_SECONDS = 60


def names(folder: Path) -> set[str]:
    """What a folder contains, without hidden files."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")} if folder.exists() else set()


def moments(live: Deployed) -> list[Callable[[], Callable[[], bool]]]:
    """The moments at which to kill a run: each gives a condition to wait for."""

    def journal_is_there() -> Callable[[], bool]:
        before = names(live.record)
        return lambda: bool(names(live.record) - before)

    def list_is_written() -> Callable[[], bool]:
        before = live.list.read_bytes()
        return lambda: live.list.read_bytes() != before

    def any_time() -> Callable[[], bool]:
        end = time.monotonic() + random.uniform(BEGINS, ENDS)
        return lambda: time.monotonic() > end

    return [journal_is_there, list_is_written, *[any_time] * RANDOM]


def kill_when(line: list[str], condition: Callable[[], bool]) -> None:
    """Start a run, and kill it at a moment."""
    process = subprocess.Popen(line, env=environment(), stdout=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and not condition():
        time.sleep(PAUSE_SECONDS)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def done_at_last(run: Callable[[], dict[str, Any]]) -> None:
    """Repeat a task until it succeeds: while another change is taken back it may be refused."""
    end = time.monotonic() + SETTLES_SECONDS
    while (result := run()).get("failed"):
        assert time.monotonic() < end, result
        time.sleep(0.5)


def assert_whole(live: Deployed, server: Server) -> None:
    """Fail unless files and server are consistent, and nothing else is left."""
    until(lambda: not live.pending())
    assert live.config.read_bytes().endswith(b"\nrequest_route { exit; }\n")
    lines = live.list.read_text().splitlines()
    assert lines[0] == "# list" and all(len(line.split()) >= 2 for line in lines)
    assert not list(live.folder.rglob(".sipfleet*"))
    until(lambda: uris(server) == sorted(line.split()[1] for line in live.list.read_text().splitlines()[1:]))


@pytest.mark.parametrize("content", ["same", "other"])
def test_a_change_after_a_killed_deploy_is_never_lost(content: str, tmp_path: Path) -> None:
    """The change has the content that the killed deploy wanted, or another one."""
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            for number, moment in enumerate(moments(live)):
                killed, other, unrelated = (
                    [{"setid": base + number, "uri": uri}] for base, uri in ((100, A), (300, B), (500, live.more))
                )
                wanted = killed if content == "same" else other
                kill_when(live.command("deploy", "kill%d" % number, destinations=killed), moment())
                done_at_last(partial(result_of, tmp_path, "dispatcher_list", path=str(live.list), destinations=wanted))
                done_at_last(partial(live.deploy, destinations=unrelated))
                assert_whole(live, server)
                for entry in (*wanted, *unrelated):
                    assert "%(setid)d %(uri)s" % entry in live.list.read_text(), (
                        "lost, killed when %s" % moment.__name__
                    )


def test_no_staged_file_is_left_by_a_killed_deploy(tmp_path: Path) -> None:
    """Not even that of a file which later changes do not concern."""
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            for number, name in enumerate(("pv", "textops")):
                line = live.command("deploy", "kill%d" % number, modules=[{"name": name}])
                kill_when(line, lambda: any(live.folder.glob(".sipfleet*")))
                done_at_last(partial(live.deploy, destinations=[{"setid": 500 + number, "uri": A}]))
                assert_whole(live, server)


def test_a_list_that_is_a_link_of_another_user_is_refused(ground: Path, tmp_path: Path) -> None:
    vault = Vault(ground / "vault")
    link = owned(ground / "etc", SERVER) / "dispatcher.list"
    link.symlink_to(vault.file)
    os.lchown(link, SERVER, SERVER)
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        live.config.write_text(live.config.read_text().replace(str(live.list), str(link)))
        with live.running():
            results = [
                live.deploy(check_mode=check_mode, destinations=[{"setid": 2, "uri": A}])
                for check_mode in (True, False)
            ]
    vault.assert_untouched()
    for result in results:
        assert result.get("failed") and str(link) in result["msg"], result
        assert "link" in result["msg"].replace(str(link), ""), result["msg"]
        assert "TOPSECRET" not in str(result)
    assert live.pending() == [] and [path.name for path in link.parent.iterdir()] == [link.name]


def replace_by_fifo(path: Path) -> None:
    os.mkfifo(path)


def replace_by_link(path: Path) -> None:
    path.symlink_to("/etc/shadow")


def replace_by_folder(path: Path) -> None:
    path.mkdir()


def replace_by_large_file(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


@pytest.mark.parametrize("replace", [replace_by_fifo, replace_by_link, replace_by_folder, replace_by_large_file])
def test_a_file_that_its_owner_replaces_does_not_keep_the_others_from_going_back(
    replace: Callable[[Path], None], ground: Path, tmp_path: Path
) -> None:
    path = owned(ground / "etc", SERVER) / "dispatcher.list"
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        live.config.write_text(live.config.read_text().replace(str(live.list), str(path)))
        file_of(path, SERVER, live.list.read_text())
        before = live.config.read_bytes()
        with live.running():
            wish = {"destinations": [{"setid": 2, "uri": A}], "modules": [{"name": "pv"}]}
            done = live.deploy(**wish, confirm_timeout=60)
            assert done["changed"] and live.pending() and live.config.read_bytes() != before, done
            path.rename(path.with_name("aside"))
            replace(path)
            os.lchown(path, SERVER, SERVER)
            # A server could wait for the other end of a FIFO for as long as it wants.
            live.script.write_text("#!/bin/sh\nexit 1\n")
            back = live.deploy(state="reverted")
            assert live.config.read_bytes() == before and not live.pending(), back
    assert back["failed"] and "%s: was changed by another program since" % path in back["msg"], back


def test_a_file_whose_name_begins_like_another_one_is_deployed_with_it(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        local = live.folder / "kamailio.cfg.local"
        local.write_text('loadmodule "pv.so"\nmodparam("pv", "varset", "a=i:1")\n')
        live.config.write_text(live.config.read_text() + 'include_file "%s"\n' % local)
        modules = [
            {"name": "pv", "params": {"varset": "a=i:2"}},
            {"name": "dispatcher", "params": {"ds_ping_interval": 2}},
        ]
        with live.running():
            result = live.deploy(modules=modules)
    assert not result.get("failed") and set(result["files"]) == {str(live.config), str(local)}, result
    assert "a=i:2" in local.read_text() and not list(live.folder.rglob(".sipfleet*"))
