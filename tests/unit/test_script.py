# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations, scripts and lists, and the rules that they break; the servers are asked in tests/conformance."""

from __future__ import annotations

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import Analysis, Host, with_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.judge import Question, Site, judge
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import NOTHING_BESIDE, Evaluator
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import given_version

from .files import no_files

BASE = 'loadmodule "tm.so"\nloadmodule "pv.so"\nloadmodule "dispatcher.so"\n'
PROBED = '"ds_ping_interval", 3600) "ds_probing_mode", 1) '
NOTES = {"interval-shorter-than-timeout"}


def rules(parameters: str, listing: str, script: str, version: str = "6.1.5", before: str = "") -> list[str]:
    """The rules that are broken; each parameter of dispatcher ends with a parenthesis and a space."""
    params = "".join('modparam("dispatcher", %s)\n' % text for text in parameters.split(") ") if text)
    config = "%s%s%srequest_route {\n%s\n}\n" % (before, BASE, params, script)
    question = Question("/k", {"/k": config.encode()}, None, listing.encode())
    verdict = judge(question, Site(given_version(version), NOTHING_BESIDE, Evaluator(no_files, no_files), None))
    return sorted({finding.rule for finding in verdict.analysis.findings} - NOTES)


def destinations(*attributes: str, flags: int = 0, equal: bool = False) -> str:
    """A set, in the order of the server, which is that of the file unless priorities are equal."""
    return "".join(
        "1 sip:192.0.2.%d %d %d %s\n" % (number + 1, flags, 0 if equal else 99 - number, attribute)
        for number, attribute in enumerate(attributes)
    )


def select(algorithm: str, setid: str = "1") -> str:
    return 'ds_select_dst("%s", "%s");' % (setid, algorithm)


# parameters, list, script, rules
SCRIPTS: dict[str, tuple[str, str, str, list[str]]] = {
    "weights under 100": ("", destinations("weight=1", "weight=1"), select("9"), ["weights-under-100"]),
    "weights of 100": ("", destinations("weight=70", "weight=30"), select("9"), []),
    "weights over 100": ("", destinations("weight=70", "weight=70"), select("9"), ["weights-over-100"]),
    "weights of another algorithm": ("", destinations("weight=70", "weight=70"), select("4"), []),
    "no weights": ("", destinations("", ""), select("9"), ["weights-unused"]),
    "a weight missing": ("", destinations("weight=20", ""), select("9"), ["weights-incomplete"]),
    "weights and a default": ('"use_default", 1) ', destinations("weight=60", "weight=40", ""), select("9"), []),
    "relative weights": ("", destinations("rweight=1", "rweight=3"), select("11"), []),
    "a relative weight missing": ("", destinations("rweight=1", ""), select("11"), ["rweights-incomplete"]),
    "relative weights of many": ("", destinations(*["rweight=5"] * 60), select("11"), ["rweights-uneven"]),
    "loads": ('"ds_hash_size", 4) ', destinations("maxload=2;duid=a", "maxload=2;duid=b"), select("10"), []),
    "loads without a hash": ("", destinations("maxload=2;duid=a"), select("10"), ["load-not-counted"]),
    "loads of no known algorithm": ("", destinations("maxload=2;duid=a"), "exit;", ["load-not-counted"]),
    "loads without duid": ('"ds_hash_size", 4) ', destinations("maxload=2"), select("10"), ["load-not-counted"]),
    "hash of nothing": ("", destinations(""), select("7"), ["hash-pvar-missing"]),
    "hash of a variable": ('"hash_pvar", "$fU") ', destinations(""), select("7"), []),
    "no such algorithm": ("", destinations(""), select("99"), ["algorithm-unknown"]),
    "no latency": (PROBED, destinations("", ""), select("13"), ["latency-not-measured"]),
    "latency": (PROBED + '"ds_ping_latency_stats", 1) ', destinations("", ""), select("13"), []),
    "latency given": ("", destinations("latency=5", "latency=9"), select("13"), []),
    "default by place": ('"use_default", 1) ', destinations("", "", equal=True), select("4"), ["default-by-place"]),
    "default by priority": ('"use_default", 1) ', destinations("", ""), select("4"), []),
    "no such set": ("", destinations(""), select("4", "7"), ["set-missing"]),
    "no such set, asked for": ("", destinations(""), 'if (ds_list_exists("7")) {%s}' % select("4", "7"), []),
    "a set of a variable": ("", destinations(""), select("4", "$var(set)"), []),
    "failover off": ("", destinations(""), "ds_next_dst();", ["failover-off"]),
    "failover on": ('"flags", 2) ', destinations(""), "ds_next_dst();", []),
    "duid twice": ("", destinations("duid=a", "duid=a"), "exit;", ["duid-twice"]),
    "nobody probed": ('"ds_ping_interval", 9) ', destinations(""), "exit;", ["interval-without-probing"]),
    "flags misread": ('"ds_ping_interval", 9) ', "1 sip:192.0.2.1 AP\n", "exit;", ["flags-not-a-number"]),
    "marked for probing": ('"ds_ping_interval", 9) "flags", 2) ', destinations(""), 'ds_mark_dst("ip");', []),
    "probed": ('"ds_ping_interval", 9) "ds_probing_mode", 3) ', destinations("", flags=8), "exit;", []),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_rules_about_the_script(name: str) -> None:
    parameters, listing, script, broken = SCRIPTS[name]
    assert rules(parameters, listing, script) == broken


@pytest.mark.parametrize(("algorithm", "since"), [("14", "6.1.5"), ("64", "6.0.1")])
def test_algorithms_of_newer_versions(algorithm: str, since: str) -> None:
    assert rules("", destinations(""), select(algorithm), since) == []
    assert rules("", destinations(""), select(algorithm), "5.6.3") == ["algorithm-unknown"]


def test_algorithm_13_came_with_5_5() -> None:
    assert rules("", destinations(""), select("13"), "5.4.4") == ["algorithm-unknown"]
    assert "latency-not-measured" in rules("", destinations(""), select("13"), "5.5.7")


@pytest.mark.parametrize(
    ("version", "attributes", "dies"),
    [
        ("5.4.4", ("cc=1", "cc=1"), True),
        ("5.4", ("cc=1;weight=50", "cc=1"), True),
        ("5.4.4", ("cc=1;weight=50", "cc=1;weight=50"), False),
        ("5.4.4", ("cc=1", ""), False),
        ("5.4.6", ("cc=1", "cc=1"), False),
        ("6.1.5", ("cc=1", "cc=1"), False),
    ],
)
def test_a_set_of_which_a_server_dies(version: str, attributes: tuple[str, ...], dies: bool) -> None:
    for stats, measured in (("1", True), ("0", False)):
        parameters = '"ds_ping_interval", 9) "ds_probing_mode", 1) "ds_ping_latency_stats", %s' % stats
        found = rules(parameters, destinations(*attributes), "exit;", version)
        assert ("cc-without-weight" in found) is (dies and measured)


def test_events_need_their_route() -> None:
    before = 'loadmodule "sl.so"\nloadmodule "xhttp.so"\n'
    assert rules("", destinations(""), "exit;", before=before) == ["event-route-missing"]
    before += "event_route[xhttp:request] { return; }\n"
    assert rules("", destinations(""), "exit;", before=before) == []


ROUTE = "route[X] { return; }\n"
UNREAD = "#!trydefenv A\n#!ifdef A\n%s#!endif\n"
# before the main block, the main block, rules
CALLS: dict[str, tuple[str, str, list[str]]] = {
    "a route that is not there": ("", "route(X);", ["route-missing"]),
    "a route that is there": (ROUTE, "route(X);", []),
    "a route in an unread branch": (UNREAD % ROUTE, "route(X);", ["config-undecided"]),
    "an event in an unread branch": (
        'loadmodule "sl.so"\nloadmodule "xhttp.so"\n' + UNREAD % "event_route[xhttp:request] { return; }\n",
        "exit;",
        ["config-undecided"],
    ),
    "a handler in an unread branch": (UNREAD % "failure_route[X] { exit; }\n", 't_on_failure("X");', []),
    "a route beside an unread branch": (ROUTE + UNREAD % "route[Y] { return; }\n", "route(X);", []),
    "a route in an unread include": ('include_file "a.cfg"\n', "route(X);", ["include-missing"]),
    "a route of an unread name": ("#!trydefenv A\nroute[A] { return; }\n", "route(X);", ["config-undecided"]),
    "a call of an unread name": ("#!trydefenv A\n", "route(A);", []),
    "a route in a file that is not imported": ('import_file "a.cfg"\n', "route(X);", ["route-missing"]),
    "a route of a timer": (
        'loadmodule "rtimer.so"\nmodparam("rtimer", "exec", "timer=t;route=X")\n',
        "route(X);",
        [],
    ),
    "a route of a query": ("", 'db_foreach("q", "X"); route(X);', []),
    "a route of a query that is not known": ("", 'db_foreach("q", $var(x)); route(X);', []),
    "a route behind an open block": (
        "",
        "route(X);\n}\nroute[A] {\nif (1) {\n}\n" + ROUTE + "if (1) {",
        ["config-syntax"],
    ),
    "a route behind an open string": ("", 'route(X); $x = "\n}\n' + ROUTE, ["config-syntax"]),
    "a handler that is not there": ("", 't_on_failure("X");', ["handler-missing"]),
    "a handler of another kind": (ROUTE, 't_on_failure("X");', ["handler-missing"]),
    "a handler of another language": ('loadmodule "app_lua.so"\n', 't_on_failure("X");', []),
    "no handler": ("", 't_on_failure("0"); t_on_reply("");', []),
}


@pytest.mark.parametrize("name", CALLS)
def test_blocks_that_are_called(name: str) -> None:
    before, script, broken = CALLS[name]
    found = rules('"flags", 2) ', destinations(""), script, before=before)
    assert [rule for rule in found if rule != "script-not-read"] == broken


def test_each_route_is_missed_once_and_a_file_that_is_not_imported_is_named() -> None:
    text = b'import_file "more.cfg"\nloadmodule "tm.so"\nrequest_route { route(X); route(Y); route(X); }\n'
    site = Site(given_version("6.1.5"), NOTHING_BESIDE, Evaluator(no_files, no_files), None)
    first, second = judge(Question("/k", {"/k": text}), site).analysis.findings
    assert (first.line, first.column, second.column) == (3, 17, 27)
    assert first.text == "route(X) calls a route that is not there: kamailio -c passes, and the next start fails"
    imported = "; /more.cfg, which is imported, is not there"
    assert first.remedy == "Write route[X], or correct the name in the call" + imported


@pytest.mark.parametrize(
    ("there", "text"),
    [(None, "Kamailio no longer has a module mi_fifo"), (False, "Kamailio no longer has a module mi_fifo"), (True, "")],
)
def test_a_module_of_old_has_a_successor(there: bool | None, text: str) -> None:
    nobody = Account()
    host = Host(lambda _load: there, lambda _path, _account: None, nobody, nobody)
    site = Site(given_version("5.6.3"), NOTHING_BESIDE, Evaluator(no_files, no_files), host)
    analysis = judge(Question("/k", {"/k": b'loadmodule "mi_fifo.so"\n'}), site).analysis
    found = [(finding.rule, finding.text.partition(",")[0], finding.remedy) for finding in analysis.findings]
    remedy = 'Load "jsonrpcs.so" instead, and set its fifo_name'
    assert found == ([("module-file-missing", text, remedy)] if text else [])
    assert analysis.will_start is bool(there)


# parameters and list, rules
PARAMETERS: dict[str, tuple[str, str, list[str]]] = {
    "408 is an answer": (PROBED + '"ds_ping_reply_codes", "code=408") ', "", ["reply-codes-hide-timeouts"]),
    "class 4 is an answer": (PROBED + '"ds_ping_reply_codes", "class=4") ', "", ["reply-codes-hide-timeouts"]),
    "404 is an answer": (PROBED + '"ds_ping_reply_codes", "code=404") ', "", []),
    "no callback runs": (PROBED + '"event_callback", "x") ', "", ["event-callback-unused"]),
    "only SRV": (PROBED + '"ds_dns_mode", 8) ', "", ["dns-mode-without-lookup"]),
    "SRV at the load": (PROBED + '"ds_dns_mode", 9) ', "", []),
    "no statistics to retain": (PROBED + '"ds_retain_latency_stats", 1) ', "", ["latency-not-retained"]),
    "names and a strict load": (PROBED + '"ds_load_mode", 1) ', "1 sip:gw.example.org\n", ["start-needs-dns"]),
    "addresses and a strict load": (PROBED + '"ds_load_mode", 1) ', "", []),
    "an address that wraps": (PROBED, "1 sip:192.0.2.300\n", ["address-misread"]),
    "a placeholder": (PROBED, "1 sip:${GATEWAY}\n", ["uri-bad"]),
    "a socket that is none": (PROBED, "1 sip:192.0.2.1 0 0 socket=udp:192.0.2.9:5060\n", ["socket-not-listened"]),
    "no TLS": (PROBED, "1 sip:192.0.2.1;transport=tls\n", ["transport-not-listened"]),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_rules_about_parameters_and_hosts(name: str) -> None:
    parameters, listing, broken = PARAMETERS[name]
    before = "listen=udp:192.0.2.8:5060\n"
    assert rules(parameters, listing or destinations(""), "exit;", before=before) == broken


# core settings, rules, for a server whose listen this is
SOCKETS: dict[str, list[str]] = {
    "listen=udp:192.0.2.8:5060\n": [],
    'listen=udp:192.0.2.8:5060 advertise 192.0.2.9:5060 name "a"\n': [],
    'listen=udp:192.0.2.8:5060 name "a" advertise 192.0.2.9:5060\n': ["config-syntax"],
    "listen=udp:192.0.2.8:SIP_PORT\n": ["config-syntax"],
    'listen="udp:192.0.2.8:5060"\n': ["listen-bad"],
    "listen=tls:192.0.2.8:5061\n": ["no-socket"],
    'socket = { bind = udp:192.0.2.8:5060; name = "a"; }\n': [],
    "socket = { bind = udp:192.0.2.8:5060; workers = 2; }\n": ["config-syntax"],
    "enable_sctp=yes\n": ["sctp-without-module"],
    "childern=4\n": ["core-setting-unknown"],
    'children="4"\n': ["core-setting-value"],
}


@pytest.mark.parametrize("text", SOCKETS)
def test_rules_about_sockets_and_settings(text: str) -> None:
    assert rules(PROBED, destinations(""), "exit;", before=text) == SOCKETS[text]


def analysis_of(text: str, version: str, available: list[str] | None) -> Analysis:
    host = None if available is None else with_modules(None, available)
    site = Site(given_version(version), NOTHING_BESIDE, Evaluator(no_files, no_files), host)
    return judge(Question("/k", {"/k": text.encode()}), site).analysis


@pytest.mark.parametrize(
    ("text", "version", "available", "starts", "rules"),
    [
        ('loadmodule "tm.so"', "6.1.5", None, True, []),
        # The tables have it up to 5.7 alone.
        ('loadmodule "app_sqlang.so"', "5.6.3", None, True, []),
        ('loadmodule "app_sqlang.so"', "6.0.1", None, None, []),
        ('loadmodule "ours.so"', "6.0.1", None, None, []),
        ('loadmodule "ours.so"', "6.0.1", ["ours.so"], True, []),
        ('loadmodule "tm.so"', "6.0.1", ["sl"], False, ["module-file-missing"]),
    ],
)
def test_modules_of_another_host(
    text: str, version: str, available: list[str] | None, starts: bool | None, rules: list[str]
) -> None:
    found = analysis_of(text + "\nrequest_route { exit; }\n", version, available)
    assert found.will_start is starts and [finding.rule for finding in found.findings] == rules
    said = [line for line in found.not_checked if "comes with these modules" in line]
    assert bool(said) is (starts is None)
