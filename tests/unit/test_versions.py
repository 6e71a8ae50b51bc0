# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions that no table has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import config_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import tables_for
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import given_version, parse_version

from .files import no_files

UTILS = Path(__file__).parents[2] / "plugins" / "module_utils"
# What may compare versions: the facts about them, and tables by version.
MAY_COMPARE = {
    "_versions.py",
    "core_settings.py",
    "parameters.py",
    "reloads.py",
    "requirements.py",
    "wants.py",
    "limits.py",
    "attributes.py",
}


def findings(version: str, line: str) -> list[tuple[str, str]]:
    """The rules that a configuration with this modparam breaks for a version, with their texts."""
    text = 'loadmodule "tm.so"\nloadmodule "dispatcher.so"\n%s\n' % line
    evaluation = evaluate("/k", text.encode(), no_files, given_version(version))
    return [(finding.rule, finding.text) for finding in config_findings(evaluation, given_version(version))]


@pytest.mark.parametrize(
    ("version", "tables", "exact", "between"),
    [
        ("5.3.9", ["5.4"], False, False),
        ("5.4.4", ["5.4.4"], True, False),
        ("5.5.4", ["5.5.4"], True, False),
        ("5.6.0", ["5.6.0"], True, False),
        ("5.6.9", ["5.6.9"], True, False),
        ("5.7.6", ["5.7.6"], True, False),
        ("5.8", ["5.8"], True, False),
        ("6.0.7", ["6.0.7"], True, False),
        ("6.1", ["6.1"], True, False),
        ("6.1.5", ["6.1.5"], True, False),
        ("6.1.6", ["6.1.5"], False, False),
        ("6.2.0", ["6.2.0"], False, False),
        ("6.3", ["6.2"], False, False),
    ],
)
def test_a_version_is_checked_by_the_nearest_tables(
    version: str, tables: list[str], exact: bool, between: bool
) -> None:
    found = tables_for(given_version(version))
    assert ([str(known) for known in found.versions], found.exact, found.between) == (tables, exact, between)


@pytest.mark.parametrize("version", ["5.3.9", "6.1.6", "6.2.0", "6.3"])
def test_a_version_without_tables_is_named_and_its_slips_are_found(version: str) -> None:
    good, slip, new = (
        findings(version, 'modparam("dispatcher", %s)' % setting)
        for setting in ('"flags", 2', '"ds_ping_intervall", 10', '"invented", 10')
    )
    assert [rule for rule, _text in good] == ["version-not-known"]
    assert [rule for rule, _text in slip] == ["parameter-doubtful", "version-not-known"]
    assert [rule for rule, _text in new] == ["version-not-known"]
    assert new[0][1].endswith("not have invented of dispatcher") and version in new[0][1]


# What 5.8 and the development branch have gained, and lost, by their sources.
@pytest.mark.parametrize(
    ("version", "setting", "rule"),
    [
        ("5.4.4", '"dispatcher", "ds_dns_mode", 1', "parameter-unknown"),
        ("5.5.7", '"dispatcher", "ds_dns_mode", 1', "parameter-unknown"),
        ("5.4.4", '"tm", "enable_uac_fr", 1', "parameter-unknown"),
        ("5.4.9", '"tm", "reparse_on_dns_failover", 1', None),
        ("5.7.3", '"dispatcher", "ds_retain_latency_stats", 0', "parameter-unknown"),
        ("5.8.4", '"dispatcher", "ds_retain_latency_stats", 0', None),
        ("5.8.4", '"tm", "headers_mode", 1', "parameter-unknown"),
        ("6.0.1", '"tm", "headers_mode", 1', None),
        ("5.7.3", '"tm", "failover_reply_codes", "503"', None),
        ("5.6.3", '"tm", "failover_reply_codes", "503"', "parameter-unknown"),
        ("6.2.0", '"dispatcher", "ds_dns_match_all", 1', None),
        ("6.1.5", '"dispatcher", "ds_dns_match_all", 1', "parameter-unknown"),
    ],
)
def test_a_branch_has_the_parameters_of_its_source(version: str, setting: str, rule: str | None) -> None:
    found = findings(version, "modparam(%s)" % setting)
    assert [name for name, _text in found if name != "version-not-known"] == ([rule] if rule else [])
    sources = [text for name, text in found if name == "version-not-known"]
    assert bool(sources) is version.startswith(("5.5", "5.7", "5.8", "6.2"))
    assert all("are read from the source of" in text for text in sources)


def test_a_type_is_judged_only_where_it_is_certain() -> None:
    line = 'modparam("tm", "fr_timer", "x")'
    assert [rule for rule, _text in findings("5.8.4", line)] == ["parameter-type", "version-not-known"]
    assert [rule for rule, _text in findings("6.3.0", line)] == ["version-not-known"]
    always = findings("6.3.0", 'modparam("dispatcher", "list_file", 1)')
    assert "parameter-type" in [rule for rule, _text in always]


def test_no_other_code_compares_versions() -> None:
    compared = re.compile(r"\((?:5|6), \d\)|\.release\b|\.major\b|\.minor\b")
    found = {path.name for path in UTILS.rglob("*.py") if compared.search(path.read_text())}
    assert found <= MAY_COMPARE


def test_versions_are_read_and_shown() -> None:
    assert str(parse_version("version: kamailio 6.1.5 (x86_64/linux) 4f3c12")) == "6.1.5"
    assert str(parse_version("6.1")) == "6.1" and parse_version("six") is None
