# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What validate does with the answer of kamailio -c, and what it says where it does not ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integration.module import result_of

HEAD = "children=1\nlisten=udp:127.0.0.1:5060\n"
RELAY = HEAD + 'loadmodule "sl.so"\nrequest_route {\n  t_relay();\n}\n'
DIES = HEAD + 'loadmodule "sl.so"\nloadmodule "dispatcher.so"\n@LIST@\nmodparam("dispatcher", "ds_ping_interval", 5)\n'
NOT_CHECKED = "Functions and pseudo-variables in routes, and what else only kamailio -c finds, were not checked: %s."


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "kamailio"
    folder.mkdir()
    (folder / "dispatcher.list").write_text("1 sip:127.0.0.1:5099 8\n")
    return folder / "kamailio.cfg"


def write(config: Path, text: str) -> None:
    listing = config.with_name("dispatcher.list")
    config.write_text(text.replace("@LIST@", f'modparam("dispatcher", "list_file", "{listing}")'))


def validate(config: Path, check_mode: bool = True, **options: Any) -> dict[str, Any]:
    """The result of validate, and nothing may be left behind."""
    before = sorted(config.parent.iterdir())
    result = result_of(config.parents[1], "validate", check_mode, config=str(config), **options)
    assert sorted(config.parent.iterdir()) == before
    return result


def found(result: dict[str, Any]) -> list[tuple[str, str, int | None]]:
    errors = [finding for finding in result["findings"] if finding["severity"] == "error"]
    return [(finding["rule"], Path(finding["file"]).name, finding["line"]) for finding in errors]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_refusal_of_the_server_is_a_finding(check_mode: bool, config: Path) -> None:
    write(config, RELAY)
    result = validate(config, check_mode)
    assert result["failed"] and result["will_start"] is False and result["not_checked"] == []
    assert found(result) == [("server-refuses", "kamailio.cfg", 5)]
    assert "unknown command, missing loadmodule?" in result["findings"][0]["text"]
    assert result["findings"][0]["source"] == "t_relay();"
    write(config, RELAY.replace("sl.so", "tm.so"))
    result = validate(config, check_mode)
    assert not result.get("failed") and result["will_start"] is True and result["not_checked"] == []


def test_a_refusal_is_found_in_an_included_file(config: Path) -> None:
    write(config, HEAD + 'import_file "route.cfg"\nrequest_route { exit; }\n')
    config.with_name("route.cfg").write_text("\nroute[X] {\n  t_relay();\n}\n")
    assert found(validate(config)) == [("server-refuses", "route.cfg", 3)]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("no_such_setting=1", "core-setting-unknown"),
        ('children="4"', "core-setting-value"),
        ('loadmodule "sl.so"\nloadmodule "sl.so"', "module-twice"),
        ('loadmodule "no_such_module.so"', "module-file-missing"),
        ('loadmodule "xlog.so"\nmodparam("xlog",\n  "buf_sizes",\n  4)', "parameter-unknown"),
        ('modparam("tm", "fr_timer", 1)', "modparam-without-module"),
        ("route[X] {\n  exit;\n", "config-syntax"),
    ],
)
def test_what_a_rule_has_found_is_not_said_twice(line: str, rule: str, config: Path) -> None:
    write(config, HEAD + line + "\nrequest_route {\n  exit;\n}\n")
    result = validate(config)
    assert [finding[0] for finding in found(result)] == [rule], result["findings"]


def test_a_lost_module_takes_its_functions_along(config: Path) -> None:
    write(config, RELAY.replace("sl.so", "no_such_module.so"))
    assert [finding[0] for finding in found(validate(config))] == ["module-file-missing"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"check": False}, "check is false"),
        (
            {"kamailio_version": "5.6.3"},
            "kamailio_version or kamailio_command is given, so this host may have another one",
        ),
        ({"config_content": RELAY}, "files were given as text"),
    ],
)
def test_it_says_why_the_server_was_not_asked(options: dict[str, Any], reason: str, config: Path) -> None:
    write(config, RELAY)
    result = validate(config, **options)
    assert not result.get("failed") and result["will_start"] is True
    assert result["not_checked"] == [NOT_CHECKED % reason]


def test_what_cannot_be_run_safely_is_left_out(config: Path) -> None:
    write(config, RELAY)
    config.chmod(0o666)
    config.parent.chmod(0o777)
    config.parents[1].chmod(0o700)
    result = validate(config)
    assert not result.get("failed") and "kamailio -c would run as nobody" in result["not_checked"][0]


def test_versions_without_a_table_are_named(config: Path) -> None:
    write(config, RELAY)
    result = validate(config, kamailio_version="5.3.9")
    assert result["not_checked"][1] == "The core settings were not checked: those of Kamailio 5.3.9 are not known here."
    write(config, "new_setting=1\n" + RELAY)
    result = validate(config, kamailio_version="6.1.99")
    assert result["not_checked"][1] == "Whether Kamailio 6.1.99 has these core settings was not checked: new_setting."
    assert [finding[0] for finding in found(validate(config, kamailio_version="6.1.5"))] == ["core-setting-unknown"]


def test_a_correction_is_checked_too(config: Path) -> None:
    # The function is there when tm is.
    write(config, DIES + "request_route {\n  t_relay();\n}\n")
    result = validate(config, False, on_violation="correct")
    assert not result.get("failed") and result["changed"] and result["will_start"] is True, result
    assert [finding[0] for finding in found(result)] == ["interval-without-tm", "server-refuses"]
    assert "tm.so" in config.read_text()


def test_a_report_makes_no_copies(config: Path) -> None:
    write(config, DIES + "request_route {\n  t_relay();\n}\n")
    config.parent.chmod(0o555)
    state = config.parent.stat().st_mtime_ns
    result = validate(config, False, on_violation="report")
    assert [finding[0] for finding in found(result)] == ["interval-without-tm", "server-refuses"]
    assert config.parent.stat().st_mtime_ns == state


def test_nothing_is_corrected_where_the_server_would_refuse_the_result(config: Path) -> None:
    text = DIES + "request_route {\n  no_such_function();\n}\n"
    write(config, text)
    before = config.read_text()
    result = validate(config, False, on_violation="correct")
    assert result["failed"] and "Nothing has been corrected" in result["msg"] and config.read_text() == before


FATAL = (
    HEAD
    + 'loadmodule "jsonrpcs.so"\nmodparam("jsonrpcs", "fifo_name", "/no/such/folder/fifo")\nrequest_route { exit; }\n'
)


def test_a_start_that_fails_is_a_finding(config: Path) -> None:
    write(config, FATAL)
    assert validate(config)["will_start"] is True
    result = validate(config, rehearse="required")
    assert (
        result["failed"] and result["will_start"] is False and found(result) == [("start-fails", "kamailio.cfg", None)]
    )
    assert "Can't create FIFO" in result["findings"][0]["text"]
    # The same as texts for another path, on this host.
    elsewhere = config.with_name("other.cfg")
    result = validate(elsewhere, rehearse="auto", config_content=FATAL)
    assert result["failed"] and found(result) == [("start-fails", "other.cfg", None)]


def test_a_start_that_works_is_the_verdict(config: Path) -> None:
    write(config, FATAL.replace("/no/such/folder/fifo", str(config.with_name("fifo"))))
    result = validate(config, rehearse="required")
    assert result["will_start"] is True and result["not_checked"] == [] and result["findings"] == []


def test_a_start_that_is_not_tried(config: Path) -> None:
    write(config, FATAL)
    result = validate(config, rehearse="auto", kamailio_version="6.1.5")
    assert "A start was not tried: kamailio_version" in " ".join(result["not_checked"])
    assert "could not be rehearsed" in validate(config, rehearse="required", kamailio_version="6.1.5")["msg"]
