# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

from conformance.server import SUITES, run_in_root

from integration.playbook import Task, check_run_check_run, run_tasks

MODULE = "sipfleet.kamailio.loadmodule"
WISHES = [
    {"name": "dispatcher", "params": {"list_file": "/etc/kamailio/dispatcher.list", "ds_ping_interval": 10}},
    {"name": "tm"},
]


def task(path: Path, wishes: list[dict[str, Any]] | None = None, **options: Any) -> Task:
    return {MODULE: {"config": str(path), "modules": WISHES if wishes is None else wishes, **options}}


def test_check_run_check_run_on_the_configuration_of_each_package(tmp_path: Path) -> None:
    for suite in SUITES:
        path = tmp_path / (suite + ".cfg")
        path.write_text(run_in_root(suite, "cat", "/etc/kamailio/kamailio.cfg").stdout)
        before = path.read_text().splitlines()
        check_run_check_run(tmp_path, task(path), [path])
        after = path.read_text().splitlines()
        added = [
            'loadmodule "dispatcher.so"',
            'modparam("dispatcher", "list_file", "/etc/kamailio/dispatcher.list")',
            'modparam("dispatcher", "ds_ping_interval", 10)',
        ]
        assert [line for line in after if line not in added] == before
        assert run_in_root(suite, "kamailio", "-c", "-f", str(path)).returncode == 0


def test_result_that_would_not_start_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    path.write_text('loadmodule "sl.so"\n')
    alone, removed = run_tasks(
        tmp_path,
        [
            task(path, WISHES[:1]),
            task(path, [{"name": "dispatcher", "params": {"ds_ping_interval": 5}}, {"name": "tm", "state": "absent"}]),
        ],
    )
    for result in (alone, removed):
        assert (
            result["failed"] and "tm is not loaded: kamailio -c passes, and the next start dies of it" in result["msg"]
        )
    assert path.read_text() == 'loadmodule "sl.so"\n'


def test_refusals_name_their_place_and_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    path.write_text('#!ifdef WITH_X\nloadmodule "tm.so"\n#!endif\n')
    missing = tmp_path / "no.cfg"
    conditional, absent, bad = run_tasks(tmp_path, [task(path), task(missing), task(path, [{"name": 'x"\n'}])])
    assert "kamailio.cfg:2: module tm is also loaded under #!ifdef WITH_X, which does not hold" in conditional["msg"]
    assert absent["msg"].startswith(str(missing) + ": is not there")
    assert "modules[0].name" in bad["msg"]
    assert path.read_text() == '#!ifdef WITH_X\nloadmodule "tm.so"\n#!endif\n' and not missing.exists()


def test_passwords_do_not_show(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    url = "mysql://kam:S3CRET@db/kamailio"
    path.write_text(f'loadmodule "tm.so"\nmodparam("tm", "x", "{url}")\n')
    (result,) = run_tasks(tmp_path, [task(path, [{"name": "sl"}, {"name": "tm", "params": {"y": url}}], backup=True)])
    assert result["changed"]
    assert "S3CRET" not in str(result["diff"])
    assert path.read_text().count("S3CRET") == 2
    assert Path(result["backup_file"]).is_file()
