# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of validate, each in a play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integration.playbook import Task, check_run_check_run, run_tasks

MODULE = "sipfleet.kamailio.validate"
TM, DISPATCHER = 'loadmodule "tm.so"\n', 'loadmodule "dispatcher.so"\n@LIST@\n'
INTERVAL = 'modparam("dispatcher", "ds_ping_interval", 60)\n'
WATCHED = 'modparam("dispatcher", "ds_probing_mode", 3)\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "kamailio.cfg"


def write(config: Path, text: str, listing: str = "1 sip:10.0.0.1 8\n") -> None:
    path = config.with_name("dispatcher.list")
    path.write_text(listing)
    config.write_text(text.replace("@LIST@", f'modparam("dispatcher", "list_file", "{path}")'))


def task(config: Path, **options: Any) -> Task:
    return {MODULE: {"config": str(config), "kamailio_version": "5.6.3", **options}}


def rules(result: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in result["findings"]]


def test_what_fails_and_what_is_left_alone(config: Path, tmp_path: Path) -> None:
    write(config, TM + DISPATCHER)
    plain, errors, ignored, unknown, kept = run_tasks(
        tmp_path,
        [
            task(config),
            task(config, fail_on="error"),
            task(config, ignore=["probing-without-interval"]),
            task(config, ignore=["probing-without-intervals"]),
            task(config, ignore=["probing-without-interval"], on_violation="correct"),
        ],
    )
    assert plain["failed"] and rules(plain) == ["probing-without-interval"]
    assert not errors["failed"] and rules(errors) == rules(plain)
    assert not ignored["failed"] and rules(ignored) == []
    assert "ignore names 'probing-without-intervals', which is no rule" in unknown["msg"]
    assert not kept["changed"] and "ds_ping_interval" not in config.read_text()


def test_probing_mode_watches_all_the_time(config: Path, tmp_path: Path) -> None:
    write(config, DISPATCHER)
    correcting = task(config, on_violation="correct", probing_mode=3, ping_interval=40)
    results = check_run_check_run(tmp_path, correcting, [config])
    assert {probe["effect"] for result in results for probe in result["probing"]} == {"continuously"}
    assert 'modparam("dispatcher", "ds_probing_mode", 3)\n' in config.read_text()
    write(config, TM + DISPATCHER + INTERVAL)
    note, set_now, left = run_tasks(
        tmp_path,
        [
            task(config),
            task(config, on_violation="correct", probing_mode=1),
            task(config, on_violation="correct", probing_mode=3),
        ],
    )
    assert not note["failed"] and rules(note) == ["probing-until-first-answer"]
    assert set_now["changed"] and 'modparam("dispatcher", "ds_probing_mode", 1)' in config.read_text()
    assert not left["changed"]


def test_letters_and_hexadecimal_numbers_become_numbers(config: Path, tmp_path: Path) -> None:
    before = "1 sip:10.0.0.1 AP\n1\tsip:10.0.0.2 dp 10 weight=50 # b\n2 sip:10.0.0.3 0x8 5 a=b\n2 sip:10.0.0.4 8\n"
    write(config, TM + DISPATCHER + INTERVAL + WATCHED, before)
    listing = config.with_name("dispatcher.list")
    correcting = task(config, on_violation="correct", ignore=["probing-switched-off"], backup=True)
    results = check_run_check_run(tmp_path, correcting, [config, listing])
    after = "1 sip:10.0.0.1 8\n1\tsip:10.0.0.2 12 10 weight=50 # b\n2 sip:10.0.0.3 8 5 a=b\n2 sip:10.0.0.4 8\n"
    assert listing.read_text() == after
    assert [probe["effect"] for probe in results[1]["probing"]] == [
        "continuously",
        "never",
        "continuously",
        "continuously",
    ]


def test_included_texts(config: Path, tmp_path: Path) -> None:
    texts = {
        "config_content": 'include_file "modules.cfg"\nimport_file "extra/local.cfg"\n',
        "dispatcher_content": "1 sip:10.0.0.1 8\n",
    }
    included = {"modules.cfg": DISPATCHER.replace("@LIST@\n", INTERVAL), "extra/local.cfg": WATCHED}
    refused, corrected, report, partly, elsewhere = run_tasks(
        tmp_path,
        [
            task(config, **texts, included_content=included),
            task(config, **texts, included_content=included, on_violation="correct"),
            task(config, **texts, included_content=included, on_violation="report"),
            task(config, **texts, included_content={"extra/local.cfg": WATCHED}),
            task(
                config,
                config_content=TM + DISPATCHER.replace("@LIST@\n", ""),
                dispatcher_content="1 sip:a 8\n",
                included_content={"other.cfg": ""},
                on_violation="correct",
            ),
        ],
    )
    modules = str(tmp_path / "modules.cfg")
    assert f"{modules}:2:1: ds_ping_interval is 60 and tm is not loaded" in refused["msg"]
    assert corrected["changed"] and corrected["will_start"]
    assert corrected["corrected"] == {
        "config": texts["config_content"],
        "dispatcher_list": texts["dispatcher_content"],
        "included": {modules: TM + included["modules.cfg"], str(tmp_path / "extra/local.cfg"): WATCHED},
    }
    assert not report["changed"] and report["will_start"] is False
    assert report["corrected"] == corrected["corrected"]
    assert "modules.cfg" in partly["msg"] and "include-missing" in rules(partly)
    assert elsewhere["corrected"]["included"] == {str(tmp_path / "other.cfg"): ""}
    assert not config.exists() and not (tmp_path / "modules.cfg").exists()


def test_a_correction_across_includes_of_the_host(config: Path, tmp_path: Path) -> None:
    modules = tmp_path / "modules.cfg"
    write(config, 'include_file "modules.cfg"\n' + INTERVAL)
    modules.write_text('#!ifndef X\n  loadmodule "sl.so"\n  loadmodule "dispatcher.so"\n#!endif\n')
    config.write_text(config.read_text() + f'modparam("dispatcher", "list_file", "{tmp_path}/dispatcher.list")\n')
    before = config.read_text()
    check_run_check_run(tmp_path, task(config, on_violation="correct"), [config, modules])
    assert config.read_text() == before
    expected = '#!ifndef X\n  loadmodule "tm.so"\n  loadmodule "sl.so"\n  loadmodule "dispatcher.so"\n#!endif\n'
    assert modules.read_text() == expected


def test_a_thousand_destinations_are_a_screen(config: Path, tmp_path: Path) -> None:
    lines = ["%d sip:10.0.%d.%d %d" % (number % 7, number // 250, number % 250, 8) for number in range(1000)]
    lines += [
        "1 sip:10.9.0.1 -1",
        "x sip:10.9.0.2",
        "1 sip:10.9.0.3 12",
        "1 sip:10.9.0.4:99999",
        "1 sip:10.9.0.5 0 0 a;;",
    ]
    lines += ["1 sip:10.9.0.6 0 0 weight=500", "1 sip:10.9.0.7 0 0 wieght=5", "1 sip:10.9.0.7 0 0 a=b c", "5"]
    lines += ["1 sip:10.9.0.%d AP" % number for number in range(50)]
    write(config, DISPATCHER + 'loadmodule "registrar.so"\n', "\n".join(lines) + "\n")
    (result,) = run_tasks(tmp_path, [task(config)])
    assert len(result["msg"].split("\n")) <= 50
    assert result["msg"].index("error: ") < result["msg"].index("warning: ")
    assert "(1000 times)" in result["msg"] and len(result["findings"]) > 1050
    severities = [finding["severity"] for finding in result["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)


def test_another_kamailio(config: Path, tmp_path: Path) -> None:
    fake = tmp_path / "in root"
    fake.write_text("#!/bin/sh\necho version: kamailio 6.0.1 >&1\n")
    fake.chmod(0o755)
    write(config, TM + DISPATCHER + INTERVAL + WATCHED)
    plain = {"config": str(config)}
    found, silent, missing = run_tasks(
        tmp_path,
        [
            {MODULE: {**plain, "kamailio_command": ["env", "A=b", str(fake)]}},
            {MODULE: {**plain, "kamailio_command": ["true"]}},
            {MODULE: {**plain, "kamailio_command": ["/no/such/kamailio"]}},
        ],
    )
    assert found["kamailio_version"] == "6.0.1"
    assert "true -v says no version, and ends with status 0" in silent["msg"]
    assert "/no/such/kamailio cannot be run: No such file" in missing["msg"]
