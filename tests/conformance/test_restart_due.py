# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A configuration that was edited and not loaded by a restart, against running servers."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from conformance.live import PROBED, Live, param, warnings_of
from conformance.server import Peers
from conformance.test_deploy import A, Deployed

LISTING = "1 sip:127.0.0.1:9 8\n"
EDITED = "the configuration was changed after the start of the server: "
MEANS = "the configuration has another meaning than when the server was started, at "


def old_enough() -> None:
    """Let the files be older than a start, which is known to the second."""
    time.sleep(2.1)


def reasons(live: Live) -> list[str]:
    """Why a restart is due, by dispatcher_info."""
    result = live.call("dispatcher_info")
    found: list[str] = result["restart_reasons"]
    assert result["restart_due"] is bool(found)
    return found


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_times_decide_without_a_record(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, PROBED + param("ds_probing_mode", 3), LISTING)
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        assert reasons(live) == []
        old_enough()
        append(live.config, param("ds_probing_mode", 0) + param("ds_ping_interval", 77))
        (reason,) = reasons(live)
        assert reason.startswith(EDITED + str(live.config) + " (") and reason.endswith(" seconds later)")
        by_socket = live.call("dispatcher_info", config=None, socket="unix:%s/ctl" % live.folder)
        assert by_socket["restart_due"] and not live.record.exists()
        server.stop()
        server.start()
        assert reasons(live) == []


def test_record_of_the_start_decides(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, PROBED + param("ds_probing_mode", 3), LISTING)
    included = live.folder / "more.cfg"
    before = live.config.read_text() + 'include_file "more.cfg"\nimport_file "gone.cfg"\n#!ifdef NO\nx\n#!endif\n'
    live.config.write_text(before)
    included.write_text("children=2\n")
    old_enough()
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        checked = live.reload(check_mode=True)
        assert not checked.get("failed") and not live.record.exists()
        live.reload()
        (record,) = live.record.glob("*.started")
        assert record.stat().st_mode & 0o777 == 0o600
        old_enough()
        kept = record.read_bytes()
        for harmless in (before, "# a note\n" + before.replace("=", "  =  "), before.replace("NO\nx", "NO\ny")):
            live.config.write_text(harmless)
            assert reasons(live) == [] and live.call("dispatcher_info")["config_changed"]
        included.write_text("children=3 # more\n")
        (reason,) = reasons(live)
        assert reason.startswith(MEANS) and str(included) in reason and str(live.config) in reason
        (live.folder / "gone.cfg").write_text("children=2\n")
        included.write_text("children=2\n")
        assert len(reasons(live)) == 1
        (live.folder / "gone.cfg").unlink()
        assert reasons(live) == []
        # A task that says that the server was started otherwise cannot compare, and goes by the times.
        (reason,) = live.call("dispatcher_info", defines=["NO"])["restart_reasons"]
        assert reason.startswith(EDITED)
        append(live.config, "children=4\n")
        live.reload(force=True)
        assert record.read_bytes() == kept
        # The record is that of another start.
        old_enough()
        server.stop()
        server.start()
        assert reasons(live) == []
        live.reload()
        assert record.read_bytes() != kept
        os.utime(live.config)
        assert reasons(live) == []


def test_other_modules(suite: str, tmp_path: Path) -> None:
    live = Live(tmp_path, PROBED, LISTING)
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        append(live.config, 'loadmodule "pv.so"\n')
        # The file is as old as the server.
        os.utime(live.config, (1000, 1000))
        assert reasons(live) == ["the server runs with other modules than its configuration loads: pv"]


def test_include_that_is_not_there_is_not_about_modules(tmp_path: Path) -> None:
    live = Live(tmp_path, PROBED, LISTING)
    with live.server("bookworm") as server:
        assert server.exit_status is None, server.log_text()
        text = live.config.read_text()
        live.config.write_text(text.replace('loadmodule "jsonrpcs.so"', 'include_file "gone.cfg"'))
        os.utime(live.config, (1000, 1000))
        assert reasons(live) == []


def test_no_record_where_nothing_can_be_kept(tmp_path: Path) -> None:
    live = Live(tmp_path, PROBED, LISTING)
    old_enough()
    with live.server("bookworm") as server:
        assert server.exit_status is None, server.log_text()
        open_to_all = tmp_path / "open"
        open_to_all.mkdir()
        open_to_all.chmod(0o777)
        result = live.call("dispatcher_info", record=str(open_to_all))
        assert not result.get("failed") and not result["restart_due"]
        by_socket = live.reload(config=None, socket="unix:%s/ctl" % live.folder)
        assert not by_socket.get("failed") and not live.record.exists()


def test_wait_for_answers_warns(suite: str, tmp_path: Path) -> None:
    with Peers(1) as peers:
        body = PROBED + param("ds_probing_mode", 3)
        live = Live(tmp_path, body, "1 sip:127.0.0.1:%d 8\n" % peers.ports[0])
        with live.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            good = live.reload(healthy_timeout=10)
            old_enough()
            append(live.config, param("ds_ping_interval", 77))
            warned = live.reload(healthy_timeout=10)
            silent = live.reload()
    for result in (good, warned, silent):
        assert not result.get("failed"), result
    assert "may run with other parameters" in warnings_of(warned) and EDITED in warnings_of(warned)
    assert "may run" not in warnings_of(good) + warnings_of(silent)


def test_deploy_restarts_what_was_edited_and_not_loaded(suite: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, suite, peers)
        wish = {"modules": [{"name": "pv"}], "destinations": [{"setid": 1, "uri": A, "flags": 8}]}
        with live.running() as server:
            assert live.deploy(**wish)["action"] == "restart"
            (record,) = live.record.glob("*.started")
            kept = record.read_bytes()
            old_enough()
            append(live.config, "# a note\n")
            assert info(live)["restart_reasons"] == [] and live.deploy(**wish)["action"] == "none"
            append(live.config, param("ds_probing_threshold", 5))
            assert info(live)["restart_reasons"][0].startswith(MEANS)
            checked = live.deploy(check_mode=True, **wish)
            assert checked["action"] == "restart" and checked["files"] == [] and record.read_bytes() == kept
            done = live.deploy(**wish)
            assert done["action"] == "restart" and done["reasons"][0].startswith(MEANS), done
            assert record.read_bytes() != kept
            again = live.deploy(**wish)
            assert (again["changed"], again["action"]) == (False, "none") and info(live)["restart_reasons"] == []
            # What kamailio -c refuses is not restarted into.
            append(live.config, 'loadmodule "no_such_module.so"\n')
            refused = live.deploy(**wish)
            assert refused["failed"] and "no_such_module" in refused["msg"] and "pv" in server.rpc("core.modules")


def info(live: Deployed) -> dict[str, Any]:
    """What dispatcher_info returns."""
    return live.call("dispatcher_info")


@pytest.mark.parametrize("edit", ["# a note\n", param("ds_probing_threshold", 5)])
def test_deploy_does_not_restart_for_what_is_only_likely(edit: str, tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "bookworm", peers)
        with live.running():
            old_enough()
            append(live.config, edit)
            done = live.deploy(destinations=[{"setid": 1, "uri": live.more, "flags": 8}], healthy_timeout=20)
            assert info(live)["restart_due"]
    assert done["action"] == "reload", done
    assert "may run with other parameters" in warnings_of(done), done


def test_rollback_leaves_no_restart_due(tmp_path: Path) -> None:
    with Peers(2) as peers:
        live = Deployed(tmp_path, "bookworm", peers)
        with live.running():
            unconfirmed = live.deploy(modules=[{"name": "pv"}], confirm_timeout=60)
            assert unconfirmed["change"], unconfirmed
            (record,) = live.record.glob("*.started")
            meaning = record.read_bytes().splitlines()[1]
            assert live.deploy(state="reverted")["changed"]
            assert record.read_bytes().splitlines()[1] != meaning
            assert info(live)["restart_reasons"] == []
            again = live.deploy(destinations=[])
            assert again["action"] == "none", again
