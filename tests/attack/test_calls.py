# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to a server whose user is hostile, and owns the folder of its sockets."""

from __future__ import annotations

import itertools
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.addresses import JsonDatagram
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.connection import Connection
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import NoAnswerError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from attack.attacker import OTHER, SERVER, Attackers
from attack.ground import Vault, owned
from attack.product import TRIES, call_many

# Seconds that a call gets, and the seconds beyond them after which it hangs.
DEADLINE, BEYOND = 0.5, 1.0
# For calls that are answered, on a machine that does much else.
PATIENCE = 20.0
DATAGRAMS = ("JsonDatagram", "CtlDatagram")


def assert_safe(done: list[dict[str, Any]], vault: Vault) -> None:
    """Fail if a call has broken, has touched other files, or has repeated their content."""
    vault.assert_untouched()
    assert {outcome["outcome"] for outcome in done} <= {"result", "KamailioError"}, done[:3]
    assert not [outcome for outcome in done if "TOPSECRET" in outcome["text"]]


@pytest.mark.parametrize("way", ["link_to_file", "link_to_folder", "own_folder"])
@pytest.mark.parametrize("kind", DATAGRAMS)
def test_a_swapped_reply_folder_does_not_change_other_files(
    kind: str, way: str, ground: Path, attackers: Attackers
) -> None:
    run, vault = owned(ground / "run", SERVER), Vault(ground / "vault")
    attackers.start(SERVER, "answer_datagrams", run / "socket", "answer")
    attackers.start(SERVER, "swap", run, vault.folder if way == "link_to_folder" else vault.file, way)
    # Without an answer each call takes the whole of its time.
    assert_safe(call_many(kind, [str(run / "socket")], TRIES, 0.05), vault)


def test_a_stored_reply_that_links_to_another_file_is_not_read(ground: Path, attackers: Attackers) -> None:
    run, vault = owned(ground / "run", SERVER), Vault(ground / "vault")
    attackers.start(SERVER, "answer_datagrams", run / "socket", "link", vault.file)
    assert_safe(call_many("JsonDatagram", [str(run / "socket")], TRIES, DEADLINE), vault)


def test_a_swapped_reply_fifo_does_not_change_other_files(ground: Path, attackers: Attackers) -> None:
    run, vault = owned(ground / "run", SERVER), Vault(ground / "vault")
    attackers.start(SERVER, "answer_fifo", run / "fifo", f"{run}/", "answer")
    attackers.start(SERVER, "swap", run, vault.file, "link_to_file")
    assert_safe(call_many("JsonFifo", [str(run / "fifo"), f"{run}/"], TRIES, 0.05), vault)


@pytest.mark.parametrize("way", ["hold", "flood", "forge"])
def test_other_users_cannot_write_to_the_reply_fifo(way: str, ground: Path, attackers: Attackers) -> None:
    run, replies = owned(ground / "run", SERVER), owned(ground / "replies", 0, 0o1777)
    place = [str(run / "fifo"), f"{replies}/"]
    attackers.start(SERVER, "answer_fifo", *place, "answer")
    attackers.start(OTHER, "spoil_replies", replies, way)
    done = call_many("JsonFifo", place, TRIES, PATIENCE)
    assert {(outcome["outcome"], outcome["text"]) for outcome in done} == {("result", "[]")}, done[:3]
    assert not attackers.gains()


def test_other_users_cannot_change_a_stored_reply(ground: Path, attackers: Attackers) -> None:
    run = owned(ground / "run", SERVER)
    attackers.start(SERVER, "answer_datagrams", run / "socket", "store")
    # Where the folder is root's, the folder for the reply is made in it, and others see its name.
    os.chown(run, 0, 0)
    attackers.start(OTHER, "spoil_stored", run)
    done = call_many("JsonDatagram", [str(run / "socket")], TRIES, PATIENCE)
    assert {(outcome["outcome"], outcome["text"]) for outcome in done} == {("result", "[]")}, done[:3]
    assert not attackers.gains()


@pytest.mark.parametrize("role", ["toggle", "toggle_when_used"])
def test_a_fifo_that_becomes_a_link_is_not_written_to(role: str, ground: Path, attackers: Attackers) -> None:
    run, vault = owned(ground / "run", SERVER), Vault(ground / "vault")
    attackers.start(SERVER, "answer_fifo", run / "fifo", f"{run}/", "silence")
    (run / "other").symlink_to(vault.file)
    attackers.start(SERVER, role, *([run] if role == "toggle_when_used" else []), run / "fifo", run / "other")
    assert_safe(call_many("JsonFifo", [str(run / "fifo"), f"{run}/"], 5 * TRIES, 0.01), vault)


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600])
@pytest.mark.parametrize("kind", ["CtlStream", "JsonFifo"])
def test_a_link_does_not_lead_a_call_to_what_its_owner_cannot_call(kind: str, mode: int, ground: Path) -> None:
    """To read a FIFO or the mode of a socket is not to write to it."""
    run, other, link = owned(ground / "run", SERVER), ground / "other", ground / "run" / "link"
    link.symlink_to(other)
    os.lchown(link, SERVER, SERVER)
    if kind == "JsonFifo":
        os.mkfifo(other)
        reader = os.open(other, os.O_RDONLY | os.O_NONBLOCK)
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(other))
        listener.listen()
        listener.settimeout(0.1)
    other.chmod(mode)
    (done,) = call_many(kind, [str(link), f"{run}/"][: 2 if kind == "JsonFifo" else 1], 1, DEADLINE)
    assert done["outcome"] == "KamailioError" and "symbolic link" in done["text"], done
    if kind == "JsonFifo":
        assert os.read(reader, 1) == b""
        os.close(reader)
    else:
        with listener, pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("way", ["owner", "everybody"])
def test_a_link_leads_a_call_to_what_its_owner_can_call(way: str, ground: Path) -> None:
    run, other, link = owned(ground / "run", SERVER), ground / "other", ground / "run" / "link"
    link.symlink_to(other)
    os.lchown(link, SERVER, SERVER)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(other))
        listener.listen()
        if way == "owner":
            os.chown(other, SERVER, SERVER)
        other.chmod(0o600 if way == "owner" else 0o666)
        (done,) = call_many("CtlStream", [str(link)], 1, 0.1)
    assert "did not answer" in done["text"], done
    assert [path.name for path in run.iterdir()] == ["link"]


def assert_ends(kind: str, place: list[str]) -> list[dict[str, Any]]:
    """Fail if calls do not end; a machine that is busy can delay one."""
    done: list[dict[str, Any]] = []
    for _again in range(3):
        done += call_many(kind, place, 1, DEADLINE, 10)
        if done[-1]["seconds"] < DEADLINE + BEYOND:
            break
    assert min(outcome["seconds"] for outcome in done) < DEADLINE + BEYOND, done
    return done


@pytest.mark.parametrize("way", ["fifo", "folder", "removed", "link"])
def test_a_replaced_stored_reply_ends_the_call_with_an_error(way: str, ground: Path, attackers: Attackers) -> None:
    run, vault = owned(ground / "run", SERVER), Vault(ground / "vault")
    attackers.start(SERVER, "answer_datagrams", run / "socket", way, vault.file)
    # Where the peer cannot replace it, its answer counts.
    assert_safe(assert_ends("JsonDatagram", [str(run / "socket")]), vault)


@pytest.mark.parametrize(
    ("kind", "way"),
    [*itertools.product([*DATAGRAMS, "CtlStream", "JsonFifo"], ["silence", "drip"]), ("CtlDatagram", "flood")],
)
def test_a_peer_that_sends_no_whole_answer_ends_the_call(
    kind: str, way: str, ground: Path, attackers: Attackers
) -> None:
    run = owned(ground / "run", SERVER)
    place = [str(run / "socket")]
    if kind == "JsonFifo":
        place.append(f"{run}/")
        attackers.start(SERVER, "answer_fifo", *place, way)
    else:
        attackers.start(SERVER, "answer_stream" if kind == "CtlStream" else "answer_datagrams", *place, way)
    done = assert_ends(kind, place)
    assert {outcome["outcome"] for outcome in done} == {"KamailioError"}, done


def test_a_server_with_very_many_sets_does_not_hold_up_a_task(ground: Path, attackers: Attackers) -> None:
    run = owned(ground / "run", SERVER)
    attackers.start(SERVER, "answer_sets", run / "socket", 1000)
    began = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"flags of [0-9]+ of 1000 sets"):
        Connection((JsonDatagram(str(run / "socket")),), DEADLINE).destinations_with_flags(Version(6, 1))
    assert time.monotonic() - began < 3 * DEADLINE + BEYOND
