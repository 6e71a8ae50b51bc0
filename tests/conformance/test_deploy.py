# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""deploy against running servers: the change as a whole, and the way back from everything that can go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attack.events import WRITES, Watch
from integration.module import environment

from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from conformance.live import PROBED, Live, param
from conformance.server import Peers, Server, as_version

SUITE = "bookworm"
A, B = ("sip:127.0.0.1:%d" % port for port in (11, 12))


class Deployed(Live):
    """A server that a command can restart, as a unit does on a host."""

    def __init__(
        self, folder: Path, suite: str, peers: Peers, body: str = "", started_with: Sequence[str] = ()
    ) -> None:
        good = "sip:127.0.0.1:%d" % peers.ports[0]
        super().__init__(folder, PROBED + param("ds_probing_mode", 1) + body, f"# list\n1 {good} 8\n")
        self.good, self.more = good, "sip:127.0.0.1:%d" % peers.ports[1]
        self.suite, self.started_with = suite, started_with
        self.wish, self.done = self.folder / "restart.wish", self.folder / "restart.done"
        self.script = self.folder / "restart.sh"
        self.script.write_text(
            f"#!/bin/sh\nrm -f {self.done}\necho x > {self.wish}\nwhile [ ! -e {self.done} ]; do sleep 0.1; done\n"
            f'exit "$(cat {self.done})"\n'
        )
        self.script.chmod(0o755)

    @contextmanager
    def running(self) -> Iterator[Server]:
        """The server, with somebody who restarts it when the script asks for it."""
        over = threading.Event()
        with self.server(self.suite, *self.started_with) as server:
            assert server.exit_status is None, server.log_text()

            def serve() -> None:
                while not over.wait(0.05):
                    if self.wish.exists():
                        self.wish.unlink()
                        server.stop()
                        (self.folder / "ctl").unlink(missing_ok=True)
                        status = 0 if server.start() else 1
                        (self.folder / "new").write_text(str(status))
                        (self.folder / "new").rename(self.done)

            thread = threading.Thread(target=serve)
            thread.start()
            try:
                yield server
            finally:
                over.set()
                thread.join()

    def arguments(self, module: str, **options: Any) -> dict[str, Any]:
        given = {
            "record": str(self.record),
            "restart_command": [str(self.script), "restart"],
            "confirm_timeout": 0,
            # Most of what goes wrong here would not get past a rehearsal.
            "rehearse": "never",
        }
        return super().arguments(module, **{**(given if module == "deploy" else {}), **options})

    def deploy(self, **options: Any) -> dict[str, Any]:
        """What deploy returns."""
        return self.call("deploy", **options)

    def files(self) -> tuple[bytes, bytes]:
        """The configuration and the list."""
        return self.config.read_bytes(), self.list.read_bytes()

    def last(self) -> dict[str, Any]:
        """What came of the last change."""
        found: dict[str, Any] = json.loads(next(self.record.glob("*.last")).read_text())
        return found

    def pending(self) -> list[Path]:
        """The journals that are there."""
        return [path for path in self.record.iterdir() if path.is_dir()] if self.record.exists() else []


def uris(server: Server) -> list[str]:
    """The URIs that run."""
    return sorted(destination.uri for destination in server.destinations())


def waits(process: int, path: Path) -> bool:
    """Whether a process has opened the lock of a file."""
    opened = (link.resolve() for link in Path("/proc/%d/fd" % process).iterdir())
    return any(
        file.parent == Path("/run/sipfleet-kamailio/locks") and file.name.startswith(path.name) for file in opened
    )


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_check_mode_makes_only_the_copies_for_a_check(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "bookworm", peers)
        with live.running():
            left = live.list.with_name(".sipfleet.%s.0123abcd" % live.list.name)
            left.touch()
            watch = Watch()
            watch.add(live.folder, WRITES)
            both = [{"setid": 1, "uri": A, "flags": 8}, {"setid": 1, "uri": B, "flags": 8}]
            reload = live.deploy(check_mode=True, destinations=both)
            assert reload["action"] == "reload" and {event.name for event in watch.wait(0)} <= {"deploy.args"}
            restart = live.deploy(check_mode=True, modules=[{"name": "pv"}], destinations=both)
            touched = {event.name.rpartition(".")[0] for event in watch.wait(0)} - {"deploy"}
            assert restart["action"] == "restart" and touched == {".sipfleet.%s" % live.config.name}
            assert left.exists() and live.pending() == [] and not live.record.exists()


def test_a_restart_that_is_due_is_made_if_asked_for_and_not_repeated(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        counted, failing = live.folder / "restarts", live.folder / "failing.sh"
        failing.write_text(f"#!/bin/sh\necho x >>{counted}\n{live.script} restart\nexit 1\n")
        failing.chmod(0o755)
        with live.running() as server:
            server.rpc("dispatcher.set_state", "dx", "1", live.good)
            time.sleep(2)
            # Nothing is known of its start, so it can run with other parameters.
            live.config.write_text("# a note\n" + live.config.read_text())
            needed, checked = live.deploy(), live.deploy(restart="due", check_mode=True)
            done, again = live.deploy(restart="due"), live.deploy(restart="due")
            flags = {destination.uri: destination.flags for destination in server.destinations()}
            time.sleep(2)
            next(live.record.glob("*.started")).unlink()
            live.config.write_text("# another\n" + live.config.read_text())
            failed = live.deploy(restart="due", restart_command=[str(failing)])
            after = live.deploy(restart="due")
    assert (needed["action"], needed["changed"]) == ("none", False)
    assert (checked["action"], done["action"], again["action"]) == ("restart", "restart", "none")
    assert flags[live.good].startswith("D") and live.pending() == []
    assert failed["failed"] and "No file had been changed" in failed["msg"], failed["msg"]
    assert counted.read_text() == "x\n" and after["action"] == "none"


def test_modules_of_a_server_without_dispatcher(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "bookworm", peers)
        lines = live.config.read_text().splitlines(keepends=True)
        live.config.write_text("".join(line for line in lines if '"dispatcher' not in line))
        before, wish = live.config.read_bytes(), [{"name": "pv"}]
        with live.running() as server:
            checked = live.deploy(check_mode=True, modules=wish)
            assert checked["changed"] and checked["action"] == "restart" and live.config.read_bytes() == before
            done = live.deploy(modules=wish, healthy_timeout=5)
            assert done["changed"] and done["action"] == "restart" and done["health"] == [], done
            assert "pv" in server.rpc("core.modules")
            again = live.deploy(modules=wish)
            assert not again["changed"] and again["action"] == "none" and not again.get("failed")
            unconfirmed = live.deploy(modules=[{"name": "textops"}], confirm_timeout=60)
            assert unconfirmed["changed"] and live.pending() and "textops" in server.rpc("core.modules")
            back = live.deploy(state="reverted")
            assert back["changed"] and not live.pending() and b"textops" not in live.config.read_bytes()
            assert "textops" not in server.rpc("core.modules")
            refused = live.deploy(destinations=[{"setid": 1, "uri": A}])
            assert refused["failed"] and "does not load the dispatcher module" in refused["msg"]


def test_a_reload_and_a_restart(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        both = [{"setid": 1, "uri": uri, "flags": 8} for uri in (live.good, live.more)]
        modules = [{"name": "dispatcher", "params": {"ds_ping_interval": 2}}, {"name": "pv"}]
        with live.running() as server:
            started = server.rpc("core.uptime")
            checked = live.deploy(check_mode=True, destinations=both, healthy_timeout=15)
            before = live.files()
            done = live.deploy(destinations=both, healthy_timeout=15)
            again = live.deploy(destinations=both, healthy_timeout=15)
            assert uris(server) == sorted([live.good, live.more])
            assert server.rpc("core.uptime").splitlines()[2] == started.splitlines()[2]
            server.rpc("dispatcher.set_state", "dx", "1", live.more)
            restart_checked = live.deploy(check_mode=True, modules=modules)
            # As -e and templates give it.
            texts = [{"name": "dispatcher", "params": {"ds_ping_interval": "2"}}, {"name": "pv"}]
            restarted = live.deploy(modules=texts, destinations=both, healthy_timeout=20)
            states = {destination.uri: destination.flags for destination in server.destinations()}
            assert "pv" in server.rpc("core.modules")
            quiet = live.deploy(modules=modules, destinations=both)
    assert checked["action"] == done["action"] == "reload" and checked["files"] == done["files"] == [str(live.list)]
    assert before[1].startswith(b"# list") and checked["diff"] == done["diff"] and len(done["diff"]) == 2
    assert done["changed"] and not done.get("failed"), done
    assert not again["changed"] and again["action"] == "none"
    assert restart_checked["action"] == restarted["action"] == "restart" and not restarted.get("failed"), restarted
    assert restarted["restored"] == [{"setid": 1, "uri": live.more, "state": "dx"}]
    assert states == {live.good: "AP", live.more: "DX"}
    assert not quiet["changed"] and live.pending() == [] and live.last()["confirmed"]


def test_nothing_is_touched_where_the_plan_is_bad(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        with live.running() as server:
            before = live.files()
            late = live.deploy(modules=[{"name": "dispatcher", "params": {"no_such_parameter": 1}}])
            blind = live.deploy(destinations=[{"setid": 1, "uri": A, "flags": 12}])
            wrong = live.deploy(destinations=[{"setid": 1, "uri": "sip:x:99999"}])
            assert live.files() == before and uris(server) == [live.good]
        down = live.deploy(destinations=[{"setid": 1, "uri": A}], restart_command=None)
    assert late["failed"] and "no_such_parameter" in late["msg"]
    assert blind["failed"] and "probing-switched-off" in blind["msg"] and "Nothing has been changed" in blind["msg"]
    assert wrong["failed"] and down["failed"] and "Is Kamailio running" in down["msg"]
    assert live.files() == before and live.pending() == []


def test_destinations_that_do_not_answer_are_taken_back(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        with live.running() as server:
            before = live.files()
            server.rpc("dispatcher.set_state", "dx", "1", live.good)
            result = live.deploy(destinations=[{"setid": 1, "uri": A, "flags": 8}], healthy_timeout=5)
            assert result["failed"] and "Everything was taken back" in result["msg"], result
            assert [(destination.uri, destination.flags) for destination in server.destinations()] == [
                (live.good, "DX")
            ]
    assert result["failed"] and "have not answered" in result["msg"] and "Everything was taken back" in result["msg"]
    assert live.files() == before and live.pending() == []
    assert not live.last()["confirmed"] and A in live.last()["reason"]


def test_the_way_back_leaves_in_service_what_only_the_change_has_probed(
    suite: str, version: str, tmp_path: Path
) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers, param("ds_probing_mode", 3))
        live.list.write_text(f"1 {A}\n1 {live.good} 8\n")
        with live.running() as server:
            result = live.deploy(destinations=[{"setid": 1, "uri": A, "flags": 8}], healthy_timeout=8)
            states = {destination.uri: destination.flags for destination in server.destinations()}
    assert result["failed"] and "have not answered" in result["msg"], result
    # A ping that is on its way sets the P flag anew when it fails, before 5.5.4.
    late = as_version(version).release < (5, 5)
    assert states[live.good] == "AP" and states[A] in (("AX", "AP", "TP", "IP") if late else ("AX",))


def test_flags_alone_are_loaded_where_nobody_knows_what_was(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers, param("ds_probing_mode", 3))
        with live.running() as server:
            live.list.write_text(live.list.read_text())
            wished = [{"setid": 1, "uri": live.good, "flags": 0}]
            done = live.deploy(destinations=wished, ignore=["interval-without-probing"])
            assert [destination.flags for destination in server.destinations()] == ["AX"]
    assert done["action"] == "reload" and done["reasons"] == ["the list gets another meaning"], done


def test_no_restart_into_what_was_left_half_edited(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "bookworm", peers)
        with live.running() as server:
            edited = live.config.read_text().replace(
                'loadmodule "dispatcher.so"', 'loadmodule "dispatcher.so"\nloadmodule "pv.so"'
            )
            live.config.write_text(edited.replace("exit;", 'no_such_function("x"); exit;'))
            before = live.files()
            results = [live.deploy(destinations=[{"setid": 1, "uri": A}]), live.deploy(modules=[{"name": "textops"}])]
            assert live.files() == before and uris(server) == [live.good]
    for result in results:
        assert result["failed"] and "kamailio -c refuses" in result["msg"] and "no_such_function" in result["msg"], (
            result
        )
    assert live.pending() == []


def test_a_server_that_dies_of_it_runs_again(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        # What -c does not see, nor anybody else: the module's folder is gone at the start.
        fatal = [{"name": "jsonrpcs", "params": {"fifo_name": "/no/such/folder/fifo"}}]
        with live.running() as server:
            before = live.files()
            result = live.deploy(modules=fatal)
            assert uris(server) == [live.good], server.log_text()
    assert result["failed"] and "Everything was taken back" in result["msg"], result["msg"]
    assert live.files() == before and live.pending() == []


def test_a_list_that_the_server_takes_in_part(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        with live.running() as server:
            before = live.files()
            result = live.deploy(destinations=[{"setid": 1, "uri": "sip:no.such.name.invalid"}])
            assert uris(server) == [live.good]
    assert result["failed"] and "no.such.name.invalid" in result["msg"] and live.files() == before


def test_confirmed_in_time_and_not(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        more = [{"setid": 1, "uri": live.more, "flags": 8}]
        with live.running() as server:
            before = live.files()
            late = live.deploy(destinations=more, confirm_timeout=1)
            assert live.files() != before and len(live.pending()) == 1
            until(lambda: live.files() == before and not live.pending())
            until(lambda: uris(server) == [live.good])
            too_late = live.deploy(state="confirmed", change=late["change"])
            good = live.deploy(destinations=more, confirm_timeout=30)
            confirmed = live.deploy(state="confirmed", change=good["change"])
            time.sleep(2)
            assert uris(server) == sorted([live.good, live.more]) and live.pending() == []
            nothing = live.deploy(state="confirmed")
            third = live.deploy(destinations=[{"setid": 2, "uri": A}], confirm_timeout=30)
            by_hand = live.deploy(state="reverted")
            assert uris(server) == sorted([live.good, live.more]) and third["change"]
    assert late["change"] and too_late["failed"] and "it was not confirmed in time" in too_late["msg"]
    assert confirmed["confirmed"] and not nothing["confirmed"] and not nothing.get("failed")
    assert by_hand["changed"] and A not in live.list.read_text()


@pytest.mark.parametrize("written", ["//", "/./", "/"])
def test_a_change_does_not_stand_in_its_own_way(written: str, tmp_path: Path) -> None:
    """Where the folder of its journal is written in another way."""
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        other = "%s%s%s/" % (live.record.parent, written, live.record.name)
        with live.running() as server:
            before = live.files()
            first = live.deploy(destinations=[{"setid": 2, "uri": A}], confirm_timeout=60)
            began = time.monotonic()
            back = live.deploy(state="reverted", record=other)
            assert uris(server) == [live.good] and time.monotonic() - began < 20
    assert first["change"] and back["changed"] and live.files() == before and live.pending() == []


def test_a_change_is_confirmed_after_a_link_was_switched_to_another_release(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        link, release = tmp_path / "current", tmp_path / "release"
        link.symlink_to(live.config.parent)
        config = str(link / live.config.name)
        with live.running() as server:
            first = live.deploy(config=config, destinations=[{"setid": 2, "uri": A}], confirm_timeout=60)
            release.mkdir()
            (release / live.config.name).write_bytes(live.config.read_bytes())
            link.unlink()
            link.symlink_to(release)
            confirmed = live.deploy(config=config, state="confirmed", change=first["change"])
            assert uris(server) == sorted([live.good, A])
    assert first["change"] and confirmed["confirmed"] and live.pending() == []


def test_killed_at_any_moment(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        wish = [{"setid": 1, "uri": live.more, "flags": 8}]
        with live.running() as server:
            before = live.files()
            for number, delay in enumerate((0.15, 0.25, 0.3, 0.35, 0.5, 1.0)):
                # It must not be over before, so only the timers of the server prove it.
                options = {"healthy_timeout": 20, "healthy_probe": False}
                line = live.command("deploy", f"kill{number}", destinations=wish, **options)
                process = subprocess.Popen(line, env=environment(), stdout=subprocess.DEVNULL, start_new_session=True)
                time.sleep(delay)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                until(lambda: live.files() == before and uris(server) == [live.good])
            # And whoever comes next finds nothing in the way.
            done = live.deploy(destinations=wish, healthy_timeout=20)
            assert uris(server) == sorted([live.good, live.more]) and live.pending() == []
    assert done["changed"] and not done.get("failed"), done


def test_two_at_once_and_hands_in_between(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        with live.running() as server:
            lines = [
                live.command("deploy", f"two{number}", destinations=[{"setid": number, "uri": A}]) for number in (2, 3)
            ]
            processes = [subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True) for line in lines]
            results = [json.loads(process.communicate(timeout=90)[0]) for process in processes]
            assert {destination.setid for destination in server.destinations()} == {1, 2, 3}
            # Somebody edits the list while a change of it waits.
            waiting = live.deploy(destinations=[{"setid": 4, "uri": A}], confirm_timeout=60)
            live.list.write_bytes(live.list.read_bytes() + b"5 %s\n" % B.encode())
            edited = live.list.read_bytes()
            back = live.deploy(state="reverted")
    assert not any(result.get("failed") for result in results), results
    assert waiting["change"] and back["failed"] and "was changed by another program since" in back["msg"]
    assert live.list.read_bytes() == edited and live.pending() == []


def test_a_change_that_began_while_another_one_waited_for_its_turn(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running() as server:
            first = live.deploy(destinations=[{"setid": 2, "uri": A}], confirm_timeout=10)
            (journal,) = live.pending()
            aside = journal.rename(tmp_path / "aside")
            turn = FileLocks(unsettled=True)
            turn.take(str(live.config))
            line = live.command("deploy", "second", destinations=[{"setid": 3, "uri": A}])
            second = subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True)
            until(lambda: waits(second.pid, live.config))
            aside.rename(journal)
            turn.__exit__()
            result = json.loads(second.communicate(timeout=90)[0])
            assert first["change"] and not result.get("failed") and result["changed"], result
            assert {destination.setid for destination in server.destinations()} == {1, 3} and live.pending() == []


@pytest.mark.parametrize("booted", [False, True])
def test_cut_off_while_its_files_were_written(booted: bool, tmp_path: Path) -> None:
    """A server that was not asked for anything stays as it is, but for one that the boot has started since."""
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running() as server:
            before = live.files()
            changed = live.deploy(modules=[{"name": "pv"}], confirm_timeout=60)
            (journal,) = live.pending()
            aside = journal.rename(tmp_path / "aside")
            state = json.loads((aside / "state.json").read_text())
            state.update({"phase": "writing"}, **({"boot": "another"} if booted else {}))
            (aside / "state.json").write_text(json.dumps(state))
            time.sleep(2)
            aside.rename(journal)
            assert changed["change"] and live.files() != before and "pv" in server.rpc("core.modules")
            back = live.deploy(state="reverted")
            assert back["changed"] and live.files() == before and live.pending() == []
            assert ("pv" in server.rpc("core.modules")) is not booted


def test_no_room_for_the_way_back(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        with live.running() as server:
            before = live.files()
            (tmp_path / "file").write_text("")
            result = live.deploy(destinations=[{"setid": 2, "uri": A}], record=str(tmp_path / "file" / "record"))
            assert uris(server) == [live.good]
    assert result["failed"] and "not a directory" in result["msg"] and live.files() == before


def test_a_server_that_has_no_dispatcher_yet(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        head = live.config.read_text().partition('loadmodule "jsonrpcs.so"')[0]
        live.config.write_text(head + "request_route { exit; }\n")
        live.list.unlink()
        # The way back removes what was made, not what leads to it.
        live.list.symlink_to(live.folder / "elsewhere.list")
        dispatcher = {"list_file": str(live.list), "ds_ping_interval": 1, "ds_probing_mode": 3}
        modules = [{"name": "tm", "params": {"fr_timer": 1000}}, {"name": "dispatcher", "params": dispatcher}]
        wanted = [{"setid": 1, "uri": live.good, "flags": 8}]
        with live.running() as server:
            before = live.config.read_bytes()
            bad = live.deploy(destinations=wanted)
            dead = live.deploy(modules=modules, destinations=[{"setid": 1, "uri": A, "flags": 8}], healthy_timeout=4)
            assert live.config.read_bytes() == before and not live.list.exists() and live.list.is_symlink()
            assert "dispatcher" not in server.rpc("core.modules")
            done = live.deploy(modules=modules, destinations=wanted, healthy_timeout=15)
            assert uris(server) == [live.good], done
    assert bad["failed"] and "does not load the dispatcher module" in bad["msg"]
    assert dead["failed"] and "Everything was taken back" in dead["msg"], dead["msg"]
    assert done["action"] == "restart" and not done.get("failed"), done


def states(server: Server) -> dict[str, str]:
    """The state of what runs, as its first letter, by its URI."""
    return {destination.uri: destination.flags[0] for destination in server.destinations()}


@pytest.mark.parametrize("modules", [[], [{"name": "pv"}]], ids=["reload", "restart"])
def test_states_after_the_way_back(modules: list[dict[str, Any]], suite: str, tmp_path: Path) -> None:
    """Also those of destinations that the change had purged, and those that somebody has changed since."""
    with Peers(3) as peers:
        live = Deployed(tmp_path, suite, peers)
        third = "sip:127.0.0.1:%d" % peers.ports[2]
        live.list.write_text(f"1 {live.good} 8\n1 {live.more} 8\n2 {third} 4\n")
        wish = [{"setid": 1, "uri": live.good, "flags": 8}, {"setid": 2, "uri": third, "flags": 0}]
        with live.running() as server:
            before = live.files()
            live.reload(force=True)
            server.rpc("dispatcher.set_state", "dx", "1", live.more)
            changed = live.deploy(modules=modules, destinations=wish, purge="file", confirm_timeout=60)
            assert states(server) == {live.good: "A", third: "A"}, changed
            server.rpc("dispatcher.set_state", "dp", "1", live.good)
            # How to go back is what the change has said, not who takes it back.
            back = live.deploy(state="reverted", restart_command=None)
            assert states(server) == {live.good: "D", live.more: "D", third: "D"}
    assert changed["change"] and back["changed"] and live.files() == before, back


@pytest.mark.parametrize("recorded", [False, True])
def test_flags_that_nobody_could_judge_are_loaded_again(recorded: bool, suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        live.list.write_text(f"1 {live.good} 8\n2 {live.more} 0\n")
        with live.running() as server:
            live.reload(force=True)
            (record,) = live.record.glob("*.loaded")
            standing = record.read_bytes()
            live.deploy(destinations=[{"setid": 2, "uri": live.more, "flags": 4}], confirm_timeout=60)
            assert states(server)[live.more] == "D"
            # Killed between the reload and the record of it.
            record.write_bytes(standing) if recorded else record.unlink()
            back = live.deploy(state="reverted")
            assert states(server)[live.more] == "A" and back["changed"]


def test_what_stands_in_the_way_back_is_waited_for(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running() as server:
            before = live.files()
            live.deploy(destinations=[{"setid": 2, "uri": A}], confirm_timeout=20)
            subprocess.run(["mount", "--bind", live.list, live.list], check=True)
            try:
                by_hand = live.deploy(state="reverted")
                confirmed = live.deploy(state="confirmed")
                time.sleep(22)
                assert len(live.pending()) == 1 and uris(server) == sorted([live.good, A])
            finally:
                subprocess.run(["umount", live.list], check=True)
            until(lambda: not live.pending())
            assert live.files() == before and uris(server) == [live.good]
    assert by_hand["failed"] and "cannot be replaced" in by_hand["msg"]
    assert confirmed["failed"] and "cannot be confirmed" in confirmed["msg"]
    assert live.last()["reason"] == "it was taken back by hand"


def test_the_way_back_takes_its_turn(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running():
            before = live.files()
            live.deploy(destinations=[{"setid": 2, "uri": A}], confirm_timeout=60)
            changed = live.files()
            turn = FileLocks(unsettled=True)
            turn.take(str(live.list))
            line = live.command("deploy", "back", state="reverted")
            back = subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, text=True)
            until(lambda: waits(back.pid, live.list))
            time.sleep(1)
            assert live.files() == changed
            turn.__exit__()
            result = json.loads(back.communicate(timeout=90)[0])
    assert result["changed"] and live.files() == before


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["sleep", "60"], "sleep 60 has not ended after 3 seconds"),
        (["true"], "the one from before the restart that answers"),
    ],
)
def test_a_command_that_restarts_nothing(command: list[str], said: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running() as server:
            before = live.files()
            time.sleep(2)
            result = live.deploy(modules=[{"name": "pv"}], restart_command=command, restart_timeout=3)
            assert uris(server) == [live.good]
    assert result["failed"] and said in result["msg"] and "It was taken back, but for this" in result["msg"], result
    assert live.files() == before and live.pending() == []


def test_a_command_that_is_not_there_is_seen_before(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running():
            before = live.files()
            result = live.deploy(modules=[{"name": "pv"}], restart_command=["/no/such/program"])
    assert "there is no program '/no/such/program' that can be run" in result["msg"], result
    assert live.files() == before and not live.record.exists()


def test_a_server_that_no_unit_describes_says_how_it_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPFLEET_WORD", "x")
    with Peers(2) as peers:
        body = '#!defenv SIPFLEET_WORD\n#!ifdef WITH_SL\nloadmodule "sl.so"\n#!endif\n'
        live = Deployed(tmp_path, "trixie", peers, body, ("-A", "WITH_SL"))
        with live.running():
            nothing = live.deploy(defines="auto", destinations=[{"setid": 1, "uri": live.good, "flags": 8}])
            known = live.deploy(defines=[], check_mode=True)
    assert (nothing.get("failed"), nothing["action"], nothing["changed"]) == (None, "none", False), nothing
    assert known["reasons"] == ["the server runs with other modules than its configuration loads: sl"], known


@pytest.mark.parametrize("name", ["dispatcher.list", "new.list"])
def test_a_server_does_not_say_which_list_is_written(name: str, tmp_path: Path) -> None:
    """The list is that of the configuration as it is, or as it would be."""
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers, "", (f"--subst=!{name}!victim.list!",))
        victim, listing = live.list.with_name("victim.list"), live.list.with_name(name)
        for path in (victim, listing):
            path.write_text(live.list.read_text())
        before = victim.read_text()
        wishes = {"destinations": [{"setid": 5, "uri": A}]}
        if name != live.list.name:
            wishes["modules"] = [{"name": "dispatcher", "params": {"list_file": str(listing)}}]
        with live.running():
            result = live.deploy(defines="auto", **wishes)
    assert result.get("failed") and "is not believed about files: the list would be" in result["msg"], result
    assert victim.read_text() == before


def test_what_pings_have_taken_out_comes_back_where_no_pings_are_left(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers, param("ds_probing_mode", 3))
        live.list.write_text(f"1 {live.good} 8\n1 {live.more} 0\n1 {A} 8\n")
        wish = [{"setid": 1, "uri": uri, "flags": 0} for uri in (live.good, live.more, A)]
        with live.running() as server:
            until(lambda: {destination.uri: destination.flags for destination in server.destinations()}[A] == "IP")
            server.rpc("dispatcher.set_state", "ix", "1", live.more)
            off = [{"name": "dispatcher", "params": {"ds_ping_interval": None, "ds_probing_mode": None}}]
            done = live.deploy(modules=off, destinations=wish)
            assert states(server) == {live.good: "A", live.more: "I", A: "A"}, done
    assert done["action"] == "restart"


def test_written_in_part_where_it_cannot_be_replaced(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running():
            before = live.files()
            live.deploy(destinations=[{"setid": 2, "uri": A}], confirm_timeout=60, unsafe_writes=True)
            (journal,) = live.pending()
            aside = journal.rename(tmp_path / "aside")
            state = json.loads((aside / "state.json").read_text())
            (aside / "state.json").write_text(json.dumps({**state, "phase": "writing"}))
            live.list.write_bytes(live.list.read_bytes()[:-5])
            time.sleep(2)
            aside.rename(journal)
            back = live.deploy(state="reverted")
    assert back["changed"] and live.files() == before


@pytest.mark.parametrize("value", [-1, "inf", "nan", 1e300])
def test_seconds_that_are_none(value: object, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        for name in ("timeout", "reload_timeout", "restart_timeout", "healthy_timeout", "confirm_timeout"):
            result = live.deploy(**{name: value})
            assert result["failed"] and f"{name} is {value}".replace("1e300", "1e+300") in result["msg"]


def test_check_mode_says_what_a_way_back_would_do(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "trixie", peers)
        with live.running():
            nothing = live.deploy(check_mode=True, state="reverted")
            live.deploy(destinations=[{"setid": 2, "uri": A}], confirm_timeout=60)
            checked = live.deploy(check_mode=True, state="reverted")
            (journal,) = live.pending()
            state = json.loads((journal / "state.json").read_text())
            aside = journal.rename(tmp_path / "aside")
            (aside / "state.json").write_text(json.dumps({**state, "phase": "applying"}))
            time.sleep(2)
            aside.rename(journal)
            planned = live.deploy(check_mode=True, destinations=[{"setid": 2, "uri": B}])
            back = live.deploy(state="reverted")
    assert not nothing["changed"] and checked["changed"] and back["changed"]
    assert planned["failed"] and "a change was cut off here" in planned["msg"]
