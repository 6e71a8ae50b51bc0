# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Core settings: which are refused, where, and what to do; and what kamailio -c says, as findings."""

from __future__ import annotations

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import config_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.refusals import (
    Refusal,
    Said,
    parse_refusals,
    refusal_findings,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.core_settings import NEWEST, core_settings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version, given_version

from .files import no_files

NUMBER = "children takes a number from 0 on (yes is 1, no is 0)"
WORD = "takes a string in double quotes or a single word without quotes"


def evaluation_of(text: str, version: Version = NEWEST[-1]) -> Evaluation:
    return evaluate("/etc/k/main.cfg", text.encode(), no_files, version)


def findings_of(text: str, version: str = "6.1.5") -> list[str]:
    number = given_version(version)
    found = config_findings(evaluation_of(text, number), number)
    return ["%s:%s %s -> %s" % (finding.line, finding.column, finding.text, finding.remedy) for finding in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no_such=1", "1:1 Kamailio 6.1.5 has no core setting no_such -> Correct its name, or take it out"),
        ("debug=3 childern=4", "1:9 Kamailio 6.1.5 has no core setting childern -> Is children meant?"),
        ("listen=eth0 foo=1", "1:13 Kamailio 6.1.5 has no core setting foo -> Correct its name, or take it out"),
        ("#!define A foo\nA = 1", "2:1 Kamailio 6.1.5 has no core setting foo -> Correct its name, or take it out"),
        (
            "x.port=1",
            "1:3 x.port is not a name for a value of the script: port is a core setting of Kamailio 6.1.5 -> Rename it",
        ),
        ('children="4"', "1:10 %s -> Write the value without quotes" % NUMBER),
        ("children = -4", "1:12 %s -> Write a number, or yes or no" % NUMBER),
        ("children=4k", "1:10 %s -> Write a number, or yes or no" % NUMBER),
        ("#!define N four\nchildren=N", "2:10 %s -> Write a number, or yes or no" % NUMBER),
        ("user=www-data", "1:6 user %s -> Put the value in double quotes" % WORD),
        ("workdir=/tmp", "1:9 workdir %s -> Put the value in double quotes" % WORD),
        ("group=group", "1:7 group %s -> Put the value in double quotes" % WORD),
        (
            "log_facility=LOG_X",
            "1:14 log_facility does not take LOG_X -> Give another, such as LOG_LOCAL0 or LOG_DAEMON",
        ),
    ],
)
def test_what_is_refused(text: str, found: str) -> None:
    assert findings_of(text + "\n") == [found]


@pytest.mark.parametrize(
    "text",
    [
        'pstn.gw = "x" desc "y"\ndefault.a = 1\na[1].b = 2',
        "flags a:1, b\navpflags c\nbool d\nchildren=2",
        'loadpath = "/x"\nmpath="/y"',
        "debug=-1;children=yes; fork = off",
        "#!define children 4\nchildren=2",
        "#!define ALL debug=3 children=4\nALL",
        '#!substdef "!N!children!"\nN=4',
        "#!ifdef NOT_DEFINED\nno_such=1\n#!endif\nchildren=1",
        "request_route { $var(x) = 1; no_such = 1; }",
        'alias=a.example.org "b":5060 tcp:c:5061\nadvertised_address=192.0.2.1\nadvertised_port=5060',
        "tcp_source_ipv4=192.0.2.1\ntcp_source_ipv6=[2001:db8::1]\nchildren=2",
        'coreparam["x"] = 1',
        'kemi.request_route_callback="x"',
        'socket = { bind = udp:192.0.2.1:5060; name = "a"; }',
        'user="kamailio"\nloadmodule "xlog.so"',
    ],
)
def test_what_is_no_fault(text: str) -> None:
    assert findings_of(text + "\n") == []


def test_a_setting_is_there_since_a_patch_release() -> None:
    remedy = "Take it out, or run a version that has it: it is there since %s"
    assert findings_of("tls_threads_mode=1\n", "5.6.3") == [
        "1:1 Kamailio 5.6.3 has no core setting tls_threads_mode -> " + remedy % "5.7.5"
    ]
    for version, name in (
        ("5.7.4", "tls_threads_mode"),
        ("5.7.7", "tcp_accept_protos"),
        ("6.0.6", "tcp_accept_protos"),
    ):
        text = "Kamailio %s has no core setting %s" % (version, name)
        assert [finding for finding in findings_of(name + "=1\n", version) if text in finding]
    for version in ("5.8.8", "6.0.7", "6.1.1", "6.1", "5.8"):
        settings = core_settings(given_version(version))
        assert settings and "tcp_accept_protos" in settings.types


def test_a_setting_that_was_renamed() -> None:
    for version, name, last in (
        ("5.4.4", "use_dst_blocklist", "it is there since 5.5"),
        ("5.6.3", "use_dst_blacklist", ""),
    ):
        (finding,) = findings_of(name + "=1\n", version)
        assert finding.startswith("1:1 Kamailio %s has no core setting %s" % (version, name))
        assert finding.endswith(last or "It is there up to 5.4. Is use_dst_blocklist meant?")


@pytest.mark.parametrize("version", ["5.3.9", "6.2.0", "4.4"])
def test_a_version_without_a_table_is_not_guessed(version: str) -> None:
    assert core_settings(given_version(version)) is None
    assert not [finding for finding in findings_of("no_such=1\n", version) if "core setting" in finding]


def test_a_newer_patch_release_can_have_more_settings() -> None:
    assert not [finding for finding in findings_of("no_such=1\n", "6.1.99") if "core setting" in finding]
    assert [finding for finding in findings_of("childern=1\n", "6.1.99") if "Is children meant?" in finding]


PARSER = (
    " 0(1) %sCRITICAL: <core> [core/cfg.y:3790]: yyerror_at(): parse error in config file /etc/k/main.cfg, %s: %s\n"
)
LOG = (
    " 0(1) ERROR: <core> [core/cfg.y:3649]: yyparse(): cfg. parser: failed to find command t_relay (params 0)\n"
    + PARSER % ("\x1b[31m", "line 8, column 11", "unknown command, missing loadmodule?\n")
    + PARSER % ("", "from line 9, column 2 to line 10, column 3", "syntax error")
    + PARSER % ("", "line 9, column 4-7", "number expected")
    + PARSER % ("", "line 11, column 1", "")
    + "ERROR: bad config file (3 errors) (parsing code: 1)\n"
)


def test_what_the_server_says() -> None:
    evaluation = evaluation_of("children=1\n")
    first = "cfg. parser: failed to find command t_relay (params 0); unknown command, missing loadmodule?"
    assert parse_refusals(LOG, evaluation) == (
        Refusal("/etc/k/main.cfg", 8, 8, 11, first),
        Refusal("/etc/k/main.cfg", 9, 10, 2, "number expected"),
    )
    assert parse_refusals("", evaluation) == (Refusal("/etc/k/main.cfg", None, None, None, "it does not say why"),)
    said = Said(parse_refusals(LOG, evaluation))
    assert [(finding.rule, finding.line) for finding in refusal_findings(said, evaluation, [])] == [
        ("server-refuses", 8),
        ("server-refuses", 9),
    ]


def test_a_text_that_is_cut_ends_with_the_mark_of_a_cut() -> None:
    log = " 0(1) ERROR: <core> [core/x.c:1]: f(): %s" % ("x" * 290 + "s3cret-of-a-database")
    (refusal,) = parse_refusals(log, evaluation_of(""))
    assert refusal.text == "x" * 290 + "s3cret-of…"
