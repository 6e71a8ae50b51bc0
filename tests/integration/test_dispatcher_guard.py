# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dispatcher_list with the configuration at hand, dispatcher_list_info, the filters, and the documented playbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integration.playbook import Task, check_run_check_run, run_tasks

MODULE = "sipfleet.kamailio.dispatcher_list"
INFO = "sipfleet.kamailio.dispatcher_list_info"
LIST = b"# gateways\n1 sip:10.0.0.1 0\n"
CONFIG = 'loadmodule "dispatcher.so"\nmodparam("dispatcher", "list_file", "%s")\n'
PROBED = [{"setid": 1, "uri": "sip:10.0.0.1", "flags": "AP"}]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    config, listing = tmp_path / "kamailio.cfg", tmp_path / "dispatcher.list"
    listing.write_bytes(LIST)
    config.write_text(CONFIG % listing)
    return config, listing


def task(files: tuple[Path, Path], **options: Any) -> Task:
    defaults = {"config": str(files[0]), "path": str(files[1]), "destinations": PROBED, "kamailio_version": "5.6.3"}
    return {MODULE: {**defaults, **options}}


def test_what_nothing_would_probe_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    before = (files[0].read_bytes(), files[1].read_bytes())
    refused, checked = run_tasks(tmp_path, [task(files), {**task(files), "check_mode": True}])
    for result in (refused, checked):
        assert result["failed"] and not result["changed"]
        assert [finding["rule"] for finding in result["findings"]] == ["probing-without-tm"]
        assert "dispatcher.list:2:16: set 1, sip:10.0.0.1" in result["msg"]
        assert "      | 1 sip:10.0.0.1 8" in result["msg"] and result["msg"].endswith("Nothing has been written.")
        assert "Traceback" not in result["output"]
    assert (files[0].read_bytes(), files[1].read_bytes()) == before


@pytest.mark.parametrize("correction", ["load_tm", "clear_probing"])
def test_both_files_are_corrected_at_once(correction: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    wishes = [*PROBED, {"setid": 2, "uri": "sip:10.0.0.2"}]
    options = {"destinations": wishes, "on_violation": "correct", "correction": correction, "backup": True}
    changed = list(files) if correction == "load_tm" else [files[1]]
    results = check_run_check_run(tmp_path, task(files, **options), changed)
    assert results[1]["will_start"] is True and Path(results[1]["backup_file"]).read_bytes() == LIST
    flag = b"8" if correction == "load_tm" else b"0"
    assert files[1].read_bytes() == LIST.replace(b"1 0", b"1 " + flag) + b"2 sip:10.0.0.2 0 0\n"
    assert ('loadmodule "tm.so"' in files[0].read_text()) is (correction == "load_tm")
    assert ("backup_files" in results[1]) is (correction == "load_tm")


def test_report_writes_what_was_asked_for(files: tuple[Path, Path], tmp_path: Path) -> None:
    (result,) = run_tasks(tmp_path, [task(files, on_violation="report")])
    assert result["changed"] and [finding["rule"] for finding in result["findings"]] == ["probing-without-tm"]
    assert files[1].read_bytes() == LIST.replace(b"1 0", b"1 8")
    assert (result["before"], result["after"]) == ("1 sip:10.0.0.1 0 0\n", "1 sip:10.0.0.1 8 0\n")


def test_merge_description_and_order(files: tuple[Path, Path], tmp_path: Path) -> None:
    files[1].write_bytes(b"1 sip:10.0.0.1 8 0 duid=a;weight=50\n1 sip:10.0.0.2 8 0 carrier=x\n")
    wishes = [
        {"setid": 1, "uri": "sip:10.0.0.2", "attrs": {"weight": 40}, "description": "Hamburg"},
        {"setid": 1, "uri": "sip:10.0.0.1", "attrs": {"weight": 60}},
    ]
    options = {"path": str(files[1]), "destinations": wishes, "attrs_mode": "merge", "ensure_order": True}
    check_run_check_run(tmp_path, {MODULE: options}, [files[1]])
    assert files[1].read_bytes() == (
        b"#: Hamburg\n1 sip:10.0.0.2 8 0 carrier=x;weight=40\n1 sip:10.0.0.1 8 0 duid=a;weight=60\n"
    )


def test_info_reads_as_the_server_does(tmp_path: Path) -> None:
    first_list, second_list = tmp_path / "one.list", tmp_path / "two.list"
    first_list.write_bytes(
        b"#: Berlin\n1 sip:10.0.0.1 8 5 duid=a\n1 10.0.0.2 0x8\n1 sip:10.0.0.3:99999\n1 sip:gw.example\n"
    )
    second_list.write_bytes(b"7 sip:10.0.0.4\n7 sip:10.0.0.5\n7 sip:10.0.0.6 0 9\n")
    paths = [str(first_list), str(second_list)]
    old, new, missing = run_tasks(
        tmp_path,
        [
            {INFO: {"path": paths, "kamailio_version": "5.6.3"}},
            {INFO: {"path": paths, "kamailio_version": "6.1.5"}, "check_mode": True},
            {INFO: {"path": [str(tmp_path / "no"), str(tmp_path)], "kamailio_version": "6.1"}},
        ],
    )
    assert not old["changed"] and old["kamailio_version"] == "5.6.3"
    first, second, third, fourth = old["destinations"][:4]
    assert first == {
        "path": str(first_list),
        "line": 2,
        "setid": 1,
        "uri": "sip:10.0.0.1",
        "flags": 8,
        "letters": "AP",
        "states": ["active", "probing"],
        "priority": 5,
        "attrs": "duid=a",
        "description": "Berlin",
        "skipped": None,
        "needs_dns": False,
    }
    assert (second["uri"], second["flags"], second["attrs"]) == ("sip:10.0.0.2", 0, "x8")
    assert "its port is not a number" in third["skipped"] and fourth["needs_dns"]
    assert [(finding["rule"], finding["line"]) for finding in old["findings"]] == [
        ("flags-not-a-number", 3),
        ("uri-bad", 4),
    ]
    assert [finding["rule"] for finding in new["findings"]] == ["uri-bad"] and new["destinations"][1]["letters"] == "AP"
    assert old["sets"] == [
        {"path": str(first_list), "setid": 1, "destinations": ["sip:10.0.0.1", "sip:gw.example", "sip:10.0.0.2"]},
        {"path": str(second_list), "setid": 7, "destinations": ["sip:10.0.0.6", "sip:10.0.0.5", "sip:10.0.0.4"]},
    ]
    assert missing["failed"] and "no: is not there" in missing["msg"] and "is a directory" in missing["msg"]
    assert "Traceback" not in missing["output"]


# an expression, and what it gives or the message
EXPRESSIONS = [
    ("'AP' | sipfleet.kamailio.dispatcher_flags('number')", 8),
    ("['disabled', 'probing'] | sipfleet.kamailio.dispatcher_flags", "DP"),
    ("'9' | sipfleet.kamailio.dispatcher_flags('names')", ["inactive", "probing"]),
    ("'XY' | sipfleet.kamailio.dispatcher_flags", "the flags 'XY' cannot be read"),
    ("8 | sipfleet.kamailio.dispatcher_flags('roman')", "'roman' is not a form of flags"),
    ("'IP' is sipfleet.kamailio.probing", True),
    ("{'flags': 4} is sipfleet.kamailio.probing", False),
    ("{} is sipfleet.kamailio.probing", False),
    ("'P' is sipfleet.kamailio.probing", "the flags 'P' cannot be read"),
    (
        "text | sipfleet.kamailio.from_dispatcher_list",
        [
            {
                "setid": 1,
                "uri": "sip:10.0.0.1",
                "flags": 8,
                "priority": 5,
                "attrs": {"duid": "a", "x": "1;2"},
                "description": "Berlin",
            },
            {"setid": 2, "uri": "sip:10.0.0.2", "flags": 0, "priority": 0, "attrs": {}},
        ],
    ),
    ("'1 sip:10.0.0.1 AP' | sipfleet.kamailio.from_dispatcher_list", "flags-not-a-number"),
    ("('1 sip:10.0.0.1 AP' | sipfleet.kamailio.from_dispatcher_list(strict=false)).0.attrs", "AP"),
    ("'' | sipfleet.kamailio.from_dispatcher_list('new')", "'new' is not a version of Kamailio"),
    ("5 | sipfleet.kamailio.from_dispatcher_list", "takes the text of a dispatcher.list"),
    (
        "[{'setid': 1, 'uri': 'sip:a', 'flags': 'AP', 'description': 'B'}] | sipfleet.kamailio.to_dispatcher_list",
        "#: B\n1 sip:a 8 0\n",
    ),
    ("[{'setid': 1, 'uri': 'gw'}] | sipfleet.kamailio.to_dispatcher_list", "destinations[0].uri 'gw' would be skipped"),
    ("{} | sipfleet.kamailio.to_dispatcher_list", "takes a list of destinations"),
]


def test_filters_and_test(tmp_path: Path) -> None:
    text = '#: Berlin\n1 sip:10.0.0.1 8 5 duid=a;x="1;2"\n2 sip:10.0.0.2\n'
    tasks = [
        {"ansible.builtin.set_fact": {"found": "{{ [%s] }}" % expression}, "vars": {"text": text}}
        for expression, _wanted in EXPRESSIONS
    ]
    for (text, wanted), result in zip(EXPRESSIONS, run_tasks(tmp_path, tasks)):
        if result.get("failed"):
            assert isinstance(wanted, str) and wanted in result["msg"], text
        else:
            assert result["ansible_facts"]["found"] == [wanted], text
        assert "Traceback" not in str(result.get("msg"))
