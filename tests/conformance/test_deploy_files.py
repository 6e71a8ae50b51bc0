# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""deploy with whole files against running servers: what is written, what the server needs for it, and the way back."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from conformance.live import warnings_of
from conformance.server import Peers, Server
from conformance.test_deploy import Deployed, uris

SUITE = "bookworm"
# It passes kamailio -c and the analysis, and the server dies of it.
FATAL = 'modparam("jsonrpcs", "fifo_name", "/no/such/folder/fifo")'


def state_of(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Owner, group, mode and bytes of each file below a folder, and its folders."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        found[str(path)] = status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), data
    return found


def config_of(live: Deployed, *more: str, route: str = "exit;") -> str:
    """The configuration with more lines, and another route."""
    text = live.config.read_text()
    head, _route, _rest = text.rpartition("\nrequest_route {")
    return "%s\n%s\nrequest_route { %s }\n" % (head, "\n".join(more), route)


def file(path: Path, content: str, **rest: Any) -> dict[str, Any]:
    """An entry of files."""
    return {"path": str(path), "content": content, **rest}


def process(server: Server) -> int:
    """The main process of a server, which a restart changes."""
    return int(server.rpc("core.ps").split()[0])


def test_a_whole_configuration_with_an_include_in_a_new_folder(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        with live.running() as server:
            routes = live.folder / "routes" / "inbound" / "main.cfg"
            wished = [
                file(live.config, config_of(live, 'include_file "routes/inbound/main.cfg"', route="route(IN);")),
                file(routes, "route[IN] { exit; }\n", mode="0640"),
                file(live.list, f"1 {live.good} 8\n1 {live.more} 8\n"),
            ]
            before = live.files()
            checked = live.deploy(check_mode=True, files=wished)
            assert checked["changed"] and checked["action"] == "restart" and live.files() == before
            assert not routes.exists()
            first = process(server)
            done = live.deploy(files=wished, rehearse="auto")
            assert done["rehearsal"]["outcome"] == "came up", done["rehearsal"]
            assert done["changed"] and done["diff"] == checked["diff"] and done["files"] == checked["files"]
            assert process(server) != first and uris(server) == sorted([live.good, live.more])
            assert stat.S_IMODE(routes.stat().st_mode) == 0o640
            again = live.deploy(files=wished)
            assert not again["changed"] and again["action"] == "none"


def test_comments_and_layout_need_nothing(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            text = "# A comment\n" + config_of(live, "", "/* and one more */") + "\n\n"
            first = process(server)
            done = live.deploy(files=[file(live.config, text)])
            assert done["changed"] and done["action"] == "none", done
            assert live.config.read_text() == text and process(server) == first
            again = live.deploy(files=[file(live.config, text)])
            assert not again["changed"] and again["action"] == "none"


def test_a_list_as_a_file_needs_a_reload(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            first = process(server)
            done = live.deploy(files=[file(live.list, f"2 {live.more} 8\n")], restart="never")
            assert done["action"] == "reload" and process(server) == first and uris(server) == [live.more]


def test_modules_and_destinations_go_on_top_of_a_file(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            wish: dict[str, Any] = {
                "files": [
                    file(live.config, config_of(live, "# from a template")),
                    file(live.list, "# from a template\n"),
                ],
                "modules": [{"name": "textops"}],
                "destinations": [
                    {"setid": 1, "uri": live.good, "flags": 8},
                    {"setid": 2, "uri": live.more, "flags": 8},
                ],
            }
            done = live.deploy(**wish)
            assert done["action"] == "restart" and uris(server) == sorted([live.good, live.more])
            assert "# from a template" in live.config.read_text() and "textops.so" in live.config.read_text()
            assert live.list.read_text().startswith("# from a template\n")
            again = live.deploy(**wish)
            assert not again["changed"] and again["action"] == "none"


def test_everything_goes_back(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        routes = live.folder / "routes"
        routes.mkdir()
        gone, other = routes / "gone.cfg", routes / "other.cfg"
        gone.write_text("# gone\n")
        other.write_text("# other\n")
        gone.chmod(0o604)
        os.chown(gone, 65534, 65534)
        os.setxattr(gone, "user.note", b"kept")
        with live.running() as server:
            before, first = state_of(routes), live.files()
            result = live.deploy(
                files=[
                    file(live.config, config_of(live, FATAL)),
                    file(other, "# other\n", mode="0600", owner="nobody"),
                    file(routes / "new" / "deep" / "a.cfg", "# new\n"),
                    {"path": str(gone), "state": "absent"},
                ]
            )
            assert result["failed"] and "Everything was taken back" in result["msg"], result
            assert state_of(routes) == before and live.files() == first
            assert os.getxattr(gone, "user.note") == b"kept"
            assert uris(server) == [live.good] and not live.pending()


def test_a_tree_is_purged(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        routes = live.folder / "routes"
        (routes / "deep").mkdir(parents=True)
        for name in ("old.cfg", "deep/older.cfg", "kept.cfg"):
            (routes / name).write_text("# %s\n" % name)
        with live.running():
            wished = [file(routes / "kept.cfg", "# kept.cfg\n"), {"path": str(routes), "purge": True}]
            done = live.deploy(files=wished, backup=True)
            assert done["files"] == [str(routes / "deep/older.cfg"), str(routes / "old.cfg")]
            assert list(routes.rglob("*.cfg")) == [routes / "kept.cfg"]
            assert len(list(routes.rglob("*~"))) == 2
            again = live.deploy(files=wished, backup=True)
            assert not again["changed"] and len(list(routes.rglob("*~"))) == 2


def test_owner_and_mode_alone(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            first = process(server)
            wished = [file(live.config, live.config.read_text(), mode="0640", group="nogroup")]
            checked = live.deploy(check_mode=True, files=wished)
            done = live.deploy(files=wished)
            assert checked["diff"] == done["diff"] and "0640" in done["diff"][0]["after"]
            assert done["changed"] and done["action"] == "none" and process(server) == first
            status = live.config.stat()
            assert (status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 0o640)
            assert not live.deploy(files=wished)["changed"]


def test_no_restart_where_none_is_wanted(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            first, before = process(server), live.files()
            result = live.deploy(files=[file(live.config, config_of(live, route="drop;"))], restart="never")
            assert result["failed"] and "restart is never" in result["msg"]
            assert live.files() == before and process(server) == first


def test_all_that_is_wrong_with_files_is_said_at_once(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        link = live.folder / "link"
        link.symlink_to(live.list)
        key = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"
        with live.running():
            before = state_of(live.folder)
            result = live.deploy(
                files=[
                    {"path": "relative.cfg", "content": ""},
                    {"path": str(live.folder / "a")},
                    {"path": str(live.folder / "b"), "content": "x", "state": "absent"},
                    {"path": str(live.folder), "content": "x"},
                    {"path": str(live.list), "content": "x"},
                    {"path": str(link), "content": "y"},
                    {"path": str(link), "state": "absent"},
                    {"path": str(live.folder / "c"), "content": "x", "owner": "no-such-user"},
                    {"path": str(live.folder / "key.pem"), "content": key},
                ]
            )
            words = (
                "not a whole path",
                "no content",
                "absent",
                "is a folder",
                "twice",
                "symbolic link",
                "no-such-user",
            )
            assert all(word in result["msg"] for word in (*words, "private key")), result["msg"]
            left = {path: state for path, state in state_of(live.folder).items() if path in before}
            assert {path for path in left if left[path] != before[path]} <= {str(live.folder / "deploy.args")}


def test_a_server_that_is_down_is_started(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        good = config_of(live)
        with live.running() as server:
            server.stop()
            (live.folder / "ctl").unlink(missing_ok=True)
            live.config.write_text(config_of(live, FATAL))
            wished = [file(live.config, good), file(live.list, f"1 {live.good} 8\n1 {live.more} 8\n")]
            checked = live.deploy(check_mode=True, files=wished)
            done = live.deploy(files=wished, healthy_timeout=15, rehearse="required")
            assert checked["action"] == done["action"] == "start" and checked["diff"] == done["diff"]
            assert uris(server) == sorted([live.good, live.more])
            assert not live.deploy(files=wished)["changed"]


def test_a_server_that_is_down_and_does_not_come_up(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            server.stop()
            (live.folder / "ctl").unlink(missing_ok=True)
            before = live.files()
            result = live.deploy(files=[file(live.config, config_of(live, FATAL))], restart_timeout=10)
            assert result["failed"] and "did not run before" in result["msg"], result["msg"]
            assert live.files() == before and not live.pending()


@pytest.mark.parametrize("check_mode", (True, False))
def test_no_restart_into_files_of_which_the_server_dies(check_mode: bool, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            first, before = process(server), live.files()
            wished = [file(live.config, config_of(live, FATAL)), file(live.folder / "new" / "a.cfg", "# new\n")]
            result = live.deploy(check_mode=check_mode, files=wished, rehearse="auto")
            assert result["failed"] and "jsonrpc_init_fifo_server" in result["msg"], result["msg"]
            assert live.files() == before and process(server) == first and not live.pending()
            assert not (live.folder / "new").exists()


def test_a_rehearsal_compares_the_list_that_the_server_has_loaded(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        with live.running() as server:
            first = process(server)
            wished = [file(live.config, config_of(live, route="drop;")), file(live.list, f"1 {live.good} 8\n")]
            done = live.deploy(files=wished, rehearse="required")
            assert done["action"] == "restart" and process(server) != first
            assert done["rehearsal"]["not_checked"] == [], done["rehearsal"]


SCRIPT = """loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "app_lua.so"
modparam("app_lua", "load", "@DIR@/script.lua")
modparam("app_lua", "reload", 1)
"""
LUA = "function answer()\n    return 1\nend\n"


def test_a_script_needs_the_reload_of_its_module(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers, SCRIPT)
        script = live.folder / "script.lua"
        script.write_text(LUA)
        with live.running() as server:
            first = process(server)
            wished = [file(script, LUA.replace("1", "2"))]
            # The lab's server has it, and the host of the test has not.
            ignored = ["module-file-missing"]
            done = live.deploy(files=wished, ignore=ignored, restart="never")
            assert done["action"] == "reload" and done["reasons"][0].endswith("app_lua.reload"), done
            assert done["changed"] and "when it handles its next message" in warnings_of(done), done
            assert process(server) == first and script.read_text() == LUA.replace("1", "2")
            assert not live.deploy(files=wished, ignore=ignored)["changed"]


def test_files_of_a_reload_that_fails_go_back(tmp_path: Path) -> None:
    with Peers(2) as peers:
        body = 'loadmodule "permissions.so"\n'
        body += 'modparam("permissions", "address_file", "@DIR@/address")\n'
        live = Deployed(tmp_path, SUITE, peers, body)
        addresses = live.folder / "address"
        addresses.write_text("1 10.0.0.1\n")
        with live.running() as server:
            first = process(server)
            good = live.deploy(files=[file(addresses, "1 10.0.0.2\n")], restart="never")
            assert good["action"] == "reload" and "10.0.0.2" in server.rpc("permissions.addressDump"), good
            bad = live.deploy(files=[file(addresses, "1\n")], restart="never")
            assert bad.get("failed") and "Everything was taken back" in bad["msg"], bad
            assert addresses.read_text() == "1 10.0.0.2\n" and process(server) == first
            assert "10.0.0.2" in server.rpc("permissions.addressDump") and not live.pending()
