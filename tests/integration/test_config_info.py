# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from integration.playbook import run_tasks

MODULE = "sipfleet.kamailio.config_info"
CONFIG = """listen=udp:127.0.0.1:5060
#!define INTERVAL 10
#!ifdef WITH_TLS
loadmodule "tls.so"
#!endif
include_file "modules.cfg"
modparam("dispatcher|tm", "ds_ping_interval", INTERVAL)
modparam("dispatcher", "db_url", "mysql://kam:S3CRET@db/kamailio")
modparam("htable", "htable", "a=>size=8;")
modparam("htable", "htable", "b=>size=8;")
modparamx("tm", "fr_timer", "$def(X)")
"""
MODULES = 'loadmodule "tm"\n  loadmodule "dispatcher.so"\nloadmodule "htable.so"\n'


def test_the_evaluated_view(tmp_path: Path) -> None:
    main, modules = tmp_path / "kamailio.cfg", tmp_path / "modules.cfg"
    main.write_text(CONFIG)
    modules.write_text(MODULES)
    of_file, of_text, other = run_tasks(
        tmp_path,
        [
            {MODULE: {"config": str(main)}},
            {MODULE: {"config": str(main), "config_content": CONFIG, "kamailio_version": "5.6.3"}},
            {MODULE: {"config": str(main), "defines": ["WITH_TLS"]}},
        ],
    )
    assert [module["name"] for module in of_file["modules"]] == ["tm", "dispatcher", "htable"]
    assert of_file["modules"][1] == {
        "name": "dispatcher",
        "file": str(modules),
        "line": 2,
        "column": 3,
        "conditions": [],
        "define": None,
    }
    values = {
        (parameter["module"], parameter["name"]): (parameter["value"], parameter["all_values"])
        for parameter in of_file["parameters"]
    }
    assert values == {
        ("dispatcher", "ds_ping_interval"): (10, [10]),
        ("tm", "ds_ping_interval"): (10, [10]),
        ("dispatcher", "db_url"): ("mysql://kam:********@db/kamailio", ["mysql://kam:********@db/kamailio"]),
        ("htable", "htable"): ("b=>size=8;", ["a=>size=8;", "b=>size=8;"]),
        ("tm", "fr_timer"): (None, [None]),
    }
    assert of_file["listen"] == ["udp:127.0.0.1:5060"] and of_file["files"] == [str(main), str(modules)]
    assert of_file["inactive"] == [{"file": str(main), "line": 4, "lines": 1, "conditions": ["#!ifdef WITH_TLS"]}]
    assert "S3CRET" not in str(of_file)
    assert of_text["modules"] == of_file["modules"] and of_text["kamailio_version"] == "5.6.3"
    first = other["modules"][0]
    assert (first["name"], first["conditions"]) == ("tls", ["#!ifdef WITH_TLS"])
    assert not any(result["changed"] for result in (of_file, of_text, other))


def test_bad_input(tmp_path: Path) -> None:
    missing, version, defines, instance = run_tasks(
        tmp_path,
        [
            {MODULE: {"config": str(tmp_path / "no.cfg")}},
            {MODULE: {"config_content": "", "kamailio_version": "six"}},
            {MODULE: {"config_content": "", "defines": {"A": 1}}},
            {MODULE: {"config_content": "", "instance": "no_such"}},
        ],
    )
    assert missing["msg"].startswith(str(tmp_path / "no.cfg") + ": is not there")
    assert "'six' is not a version of Kamailio" in version["msg"]
    assert "defines is neither auto nor a list" in defines["msg"]
    assert "the host has no unit kamailio@no_such.service" in instance["msg"]
