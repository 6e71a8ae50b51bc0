# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole files from the controller: templates, files, trees and what Ansible Vault has encrypted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from conformance.server import Peers
from conformance.test_deploy import Deployed

from integration.playbook import run_tasks

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"


def task(live: Deployed, **options: Any) -> dict[str, Any]:
    """A task of deploy for this server."""
    return {"sipfleet.kamailio.deploy": live.arguments("deploy", **options), "vars": {"fork_count": 1, "who": "élan"}}


def test_templates_files_and_trees(tmp_path: Path) -> None:
    with Peers(2) as peers:
        (tmp_path / "host").mkdir()
        live = Deployed(tmp_path / "host", "bookworm", peers)
        for name in ("templates", "files/routes/deep"):
            (tmp_path / name).mkdir(parents=True)
        text = live.config.read_text().replace("children=1", "children={{ fork_count }}\n# {{ who }}")
        (tmp_path / "templates" / "kamailio.cfg.j2").write_text(text)
        blob = os.urandom(10 << 20)
        (tmp_path / "files" / "blob").write_bytes(blob)
        (tmp_path / "files" / "routes" / "a.cfg").write_text("# {{ not a template }}\n")
        (tmp_path / "files" / "routes" / "deep" / "b.cfg").write_bytes(b"\xff\r\n")
        routes = live.folder / "routes"
        routes.mkdir()
        (routes / "old.cfg").write_text("# old\n")
        files = [
            {"path": str(live.config), "template": "kamailio.cfg.j2"},
            {"path": str(live.folder / "blob"), "src": "blob", "mode": "0600"},
            {"path": str(routes), "tree": "routes", "purge": True},
            {"path": str(live.folder / "key.pem"), "content": KEY, "mode": "0640"},
        ]
        with live.running():
            checking = {**task(live, files=files), "check_mode": True}
            checked, done, quiet, again = run_tasks(
                tmp_path, [checking, task(live, files=files), checking, task(live, files=files)]
            )
        assert checked["changed"] and checked["files"] == done["files"] and checked["diff"] == done["diff"]
        assert done["action"] == "restart" and not quiet["changed"] and not again["changed"], done
        assert "children=1\n# élan\n" in live.config.read_text()
        assert (live.folder / "blob").read_bytes() == blob
        assert (routes / "a.cfg").read_text() == "# {{ not a template }}\n"
        assert (routes / "deep" / "b.cfg").read_bytes() == b"\xff\r\n" and not (routes / "old.cfg").exists()
        output = done["output"]
        assert "MIIEvQIBADAN" not in output and len(output) < 1 << 20


def test_what_is_not_there_on_the_controller(tmp_path: Path) -> None:
    with Peers(2) as peers:
        (tmp_path / "host").mkdir()
        live = Deployed(tmp_path / "host", "bookworm", peers)
        (tmp_path / "templates").mkdir()
        (tmp_path / "templates" / "wrong.j2").write_text("{{ no_such_variable }}")
        wrong: list[dict[str, Any]] = [
            {"src": "none"},
            {"template": "none.j2"},
            {"template": "wrong.j2"},
            {"tree": "none"},
            {"src": "a", "content": "b"},
            {"content": "b", "purge": True},
        ]
        results = run_tasks(tmp_path, [task(live, files=[{"path": str(live.config), **entry}]) for entry in wrong])
        said = [result["msg"] for result in results]
        assert all(result["failed"] and str(live.config) in result["msg"] for result in results), said
        assert "no_such_variable" in said[2] and "only one can be" in said[4] and "for a tree" in said[5], said
