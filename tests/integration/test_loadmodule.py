# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.server import SUITES, run_in_root

from integration.playbook import Task, check_run_check_run, run_tasks

MODULE = "sipfleet.kamailio.loadmodule"
WISHES = [
    {"name": "dispatcher", "params": {"list_file": "/etc/kamailio/dispatcher.list", "ds_ping_interval": 10}},
    {"name": "tm"},
]


def task(path: Path, wishes: Sequence[Any] | None = None, **options: Any) -> Task:
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
        assert result["failed"] and "tm is not loaded: kamailio -c passes, and the next start fails" in result["msg"]
    assert path.read_text() == 'loadmodule "sl.so"\n'


def test_refusals_name_their_place_and_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    text = '#!define L loadmodule "dispatcher.so"\nL\nloadmodule "tm.so"\n'
    path.write_text(text)
    missing = tmp_path / "no.cfg"
    define, absent, bad = run_tasks(tmp_path, [task(path), task(missing), task(path, [{"name": 'x"\n'}])])
    assert "kamailio.cfg:2:1: dispatcher comes from the define L, which holds the whole statement" in define["msg"]
    assert absent["msg"].startswith(str(missing) + ": is not there")
    assert "modules[0].name" in bad["msg"]
    assert path.read_text() == text and not missing.exists()


ROUTE = "request_route { exit; }\n"


def test_files_that_include_each_other(tmp_path: Path) -> None:
    main, modules = tmp_path / "kamailio.cfg", tmp_path / "modules.cfg"
    main.write_text('include_file "modules.cfg"\n#!define INTERVAL 5\n' + ROUTE)
    modules.write_text(
        '#!ifdef WITH_TM\nloadmodule "tm.so"\n#!endif\n#!ifndef NO_DS\n  loadmodule "dispatcher.so"\n#!endif\n'
    )
    results = check_run_check_run(tmp_path, task(main, backup=True), [modules])
    assert results[1]["files"] == [str(modules)]
    assert [Path(backup).read_text()[:15] for backup in results[1]["backup_files"]] == ["#!ifdef WITH_TM"]
    assert modules.read_text() == (
        '#!ifdef WITH_TM\nloadmodule "tm.so"\n#!endif\n#!ifndef NO_DS\n#!ifndef MOD_tm\n  loadmodule "tm.so"\n#!endif\n'
        '  loadmodule "dispatcher.so"\n  modparam("dispatcher", "list_file", "/etc/kamailio/dispatcher.list")\n'
        '  modparam("dispatcher", "ds_ping_interval", 10)\n#!endif\n'
    )
    for suite in SUITES:
        for define in ("X", "WITH_TM"):
            assert run_in_root(suite, "kamailio", "-c", "-f", str(main), "-A", define).returncode == 0


def test_what_the_server_itself_refuses_is_not_written(tmp_path: Path) -> None:
    main, modules = tmp_path / "kamailio.cfg", tmp_path / "modules.cfg"
    main.write_text('include_file "modules.cfg"\n' + ROUTE)
    modules.write_text('loadmodule "sl.so"\n')
    unknown = [{"name": "sl", "params": {"no_such_parameter": 1}}]
    known, alone, refused, unchecked, warned = run_tasks(
        tmp_path,
        [
            task(main, unknown),
            task(main, [{"name": "registrar"}]),
            task(main, unknown, kamailio_version="6.3"),
            task(main, unknown, kamailio_version="6.3", check=False),
            task(main, [{"name": "tm"}]),
        ],
    )
    assert known["failed"] and "modules.cfg:2:1: module sl of Kamailio 5.6.3 has no parameter no_such" in known["msg"]
    assert alone["failed"] and "registrar needs usrloc or ims_usrloc_scscf, which is not loaded" in alone["msg"]
    assert refused["failed"] and "kamailio -c refuses what would be written" in refused["msg"]
    assert "%s, line 2" % modules in refused["msg"] and "no_such_parameter" in refused["msg"]
    assert unchecked["changed"] and "no_such_parameter" in modules.read_text()
    assert "before the change as well" in str(warned["warnings"])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".sipfleet")] == []


def test_passwords_do_not_show(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    url = "text://kam:S3CRET@db/kamailio"
    path.write_text(f'loadmodule "db_text.so"\nloadmodule "usrloc.so"\nmodparam("usrloc", "db_url", "{url}")\n{ROUTE}')
    wishes = [{"name": "sl"}, {"name": "speeddial", "params": {"db_url": url}}]
    other = [{"name": "speeddial", "params": {"db_url": url.replace("S3CRET", "S3CRET2")}}]
    result, secret_only = run_tasks(tmp_path, [task(path, wishes, backup=True), task(path, other)])
    assert result["changed"] and secret_only["changed"]
    assert "S3CRET" not in str([result["diff"], secret_only["diff"]])
    assert "%s: what changes is masked, and not shown" % path in secret_only["output"]
    assert path.read_text().count("S3CRET@") == path.read_text().count("S3CRET2@") == 1
    assert Path(result["backup_file"]).is_file()


def test_passwords_that_the_server_repeats_do_not_show(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.cfg"
    path.write_text('loadmodule "http://kam:S3CRET@db/x.so"\n' + ROUTE)
    (warned,) = run_tasks(tmp_path, [task(path, [{"name": "sl"}])])
    assert warned["changed"] and "http://kam:********@db/x>" in str(warned["warnings"])
    assert "S3CRET" not in str(warned["warnings"])
