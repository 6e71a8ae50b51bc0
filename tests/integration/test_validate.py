# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integration.playbook import Task, check_run_check_run, run_tasks

MODULE = "sipfleet.kamailio.validate"
DIES = 'loadmodule "sl.so"\nloadmodule "dispatcher.so"\n@LIST@\nmodparam("dispatcher", "ds_ping_interval", 5)\n'
BLIND = 'loadmodule "sl.so" # "tm.so"\nloadmodule "dispatcher.so"\n@LIST@\n# loadmodule "tm.so"\n'
WORKS = 'loadmodule "tm.so"\n' + DIES
LIST = "1 sip:10.0.0.1 8 0 duid=a\n1 sip:10.0.0.2\n2 sip:10.0.0.3 9\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    listing = tmp_path / "dispatcher.list"
    listing.write_text(LIST)
    return tmp_path / "kamailio.cfg", listing


def write(files: tuple[Path, Path], text: str) -> None:
    files[0].write_text(text.replace("@LIST@", f'modparam("dispatcher", "list_file", "{files[1]}")'))


def task(files: tuple[Path, Path], **options: Any) -> Task:
    return {MODULE: {"config": str(files[0]), "kamailio_version": "5.6.3", **options}}


def test_refusal_says_what_where_and_what_to_do(files: tuple[Path, Path], tmp_path: Path) -> None:
    write(files, BLIND)
    (result,) = run_tasks(tmp_path, [task(files)])
    assert result["failed"] and not result["changed"] and result["will_start"] is True
    assert [(finding["rule"], finding["line"]) for finding in result["findings"]] == [
        ("probing-without-tm", 1),
        ("probing-without-tm", 3),
    ]
    assert [finding["source"] for finding in result["findings"]] == ["1 sip:10.0.0.1 8 0 duid=a", "2 sip:10.0.0.3 9"]
    assert result["msg"].split("\n") == [
        "Kamailio would start, but would not probe as it should.",
        "",
        "warning: probing-without-tm (2 times)",
        "  asks for probing (flags 8), and tm is not loaded, so nothing probes it; "
        "Kamailio 5.6.3 shows AP all the same:",
        f"    {files[1]}:1:16: set 1, sip:10.0.0.1",
        "      | 1 sip:10.0.0.1 8 0 duid=a",
        "  asks for probing (flags 9), and tm is not loaded, so nothing probes it; "
        "Kamailio 5.6.3 shows IP all the same:",
        f"    {files[1]}:3:16: set 2, sip:10.0.0.3",
        "      | 2 sip:10.0.0.3 9",
        '  -> Put loadmodule "tm.so" before the dispatcher module and set '
        'modparam("dispatcher", "ds_ping_interval", 10), or take 8 out of its flags',
    ]
    assert [(probe["uri"], probe["effect"]) for probe in result["probing"]] == [
        ("sip:10.0.0.1", "never"),
        ("sip:10.0.0.2", "never"),
        ("sip:10.0.0.3", "never"),
    ]
    write(files, DIES)
    (result,) = run_tasks(tmp_path, [task(files)])
    assert result["will_start"] is False
    assert result["msg"].startswith("Kamailio would not start with this configuration.\n\nerror: interval-without-tm\n")
    assert "kamailio.cfg:4:1: ds_ping_interval is 5 and tm is not loaded" in result["msg"]


def severe(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in result["findings"] if finding["severity"] != "note"]


@pytest.mark.parametrize("correction", ["load_tm", "clear_probing"])
@pytest.mark.parametrize("text", [DIES, BLIND], ids=["dies", "blind"])
def test_correct(text: str, correction: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    write(files, text)
    before = files[0].read_text(), files[1].read_text()
    correcting = task(files, on_violation="correct", correction=correction, ping_interval=30, backup=True)
    results = check_run_check_run(tmp_path, correcting, list(files))
    assert all(result["will_start"] for result in results)
    assert results[0]["findings"] == results[1]["findings"] != []
    assert severe(results[2]) == []
    assert "corrected" not in results[1]
    config, listing = files[0].read_text(), files[1].read_text()
    if correction == "load_tm":
        interval = "" if text == DIES else 'modparam("dispatcher", "ds_ping_interval", 30)\n'
        where = before[0].index("@" if "@" in before[0] else "# load") if text == BLIND else len(before[0])
        assert config == 'loadmodule "tm.so"\n' + before[0][:where] + interval + before[0][where:]
        assert listing == LIST
    else:
        assert config == before[0].replace('modparam("dispatcher", "ds_ping_interval", 5)\n', "")
        assert listing == LIST.replace(" 8 ", " 0 ").replace(" 9", " 1")
    backups = results[1]["backup_files"]
    assert len(backups) == (2 if text == DIES and correction == "clear_probing" else 1)
    assert {Path(backup).read_text() for backup in backups} <= set(before)


def test_nothing_to_find(files: tuple[Path, Path], tmp_path: Path) -> None:
    write(files, WORKS)
    for result in run_tasks(tmp_path, [task(files), task(files, on_violation="correct")]):
        assert (result["changed"], severe(result), result["will_start"], result["failed"]) == (False, [], True, False)
    assert {probe["effect"] for probe in result["probing"]} == {"never", "until_first_answer"}


def test_texts_are_judged_and_corrected_without_the_files(files: tuple[Path, Path], tmp_path: Path) -> None:
    texts = {"config_content": BLIND.replace("@LIST@\n", ""), "dispatcher_content": LIST}
    refused, corrected, report, host = run_tasks(
        tmp_path,
        [
            task(files, **texts),
            task(files, **texts, on_violation="correct"),
            task(files, **texts, on_violation="report"),
            task(
                files,
                on_violation="correct",
                **{**texts, "config_content": 'import_file "x.cfg"\n' + texts["config_content"]},
            ),
        ],
    )
    assert refused["failed"] and "/etc/kamailio/dispatcher.list:1:16: set 1, sip:10.0.0.1" in refused["msg"]
    assert corrected["changed"] and corrected["corrected"]["dispatcher_list"] == LIST
    assert corrected["corrected"]["config"].startswith('loadmodule "tm.so"\nloadmodule "sl.so" # "tm.so"\n')
    assert corrected["diff"]
    assert not report["failed"] and len(report["findings"]) == 2 and not report["changed"]
    assert host["corrected"]["config"].startswith('import_file "x.cfg"\nloadmodule "tm.so"\n')
    assert not files[0].exists()


def test_what_cannot_be_corrected_is_said_and_nothing_is_written(files: tuple[Path, Path], tmp_path: Path) -> None:
    write(files, BLIND + '#!ifdef WITH_TM\nfork=1 loadmodule "tm.so"\n#!endif\n')
    state = files[0].stat().st_mtime_ns
    conditional, given = run_tasks(
        tmp_path, [task(files, on_violation="correct"), task(files, defines=["WITH_TM"], on_violation="report")]
    )
    assert "Nothing has been corrected:" in conditional["msg"]
    assert "kamailio.cfg:6:8: module tm is also loaded under #!ifdef WITH_TM, beside other" in conditional["msg"]
    assert [finding["rule"] for finding in given["findings"]] == ["probing-without-interval"] * 2
    write(files, BLIND)
    files[1].write_text(LIST + "3 sip:10.0.0.4 -8\n")
    (rest,) = run_tasks(tmp_path, [task(files, on_violation="correct")])
    assert rest["failed"] and "does not repair all of it" in rest["msg"] and "flags-not-a-number" in rest["msg"]
    assert files[0].stat().st_mtime_ns >= state and 'loadmodule "tm.so"\nload' not in files[0].read_text()


def test_version_is_asked_of_the_host(files: tuple[Path, Path], tmp_path: Path) -> None:
    write(files, WORKS)
    (result,) = run_tasks(tmp_path, [{MODULE: {"config": str(files[0])}}])
    assert result["kamailio_version"].count(".") == 2 and not result["failed"]


def test_bad_input(files: tuple[Path, Path], tmp_path: Path) -> None:
    write(files, WORKS)
    missing = (tmp_path / "no.cfg", files[1])
    results = run_tasks(
        tmp_path,
        [
            task(missing),
            task(files, kamailio_version="new"),
            task(files, ping_interval=0),
            task(files, on_violation="mend"),
            task((tmp_path, files[1])),
            task(files, dispatcher_list=str(tmp_path / "no.list")),
        ],
    )
    texts = [
        "no.cfg: is not there",
        "'new' is not a version",
        "ping_interval is 0",
        "mend",
        "is a directory",
        "no.list: the list is not there",
    ]
    for result, text in zip(results, texts):
        assert result["failed"] and text in result["msg"], result["msg"]
        assert "Traceback" not in result["output"]


def test_passwords_do_not_show(files: tuple[Path, Path], tmp_path: Path) -> None:
    write(files, BLIND + 'modparam("dispatcher", "ds_ping_from", "sip://kam:S3CRET@x") modparam("dispatcher", "x" 1)\n')
    (result,) = run_tasks(tmp_path, [task(files)])
    assert result["failed"] and "config-syntax" in result["msg"]
    assert "S3CRET" not in result["output"]
