# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the routing script asks of the destinations, and what running servers make of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.calls import CHOOSE, NONE, chosen_by
from conformance.server import Peers, as_version
from conformance.setups import Setup, rules

BASE = 'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "dispatcher.so"\n@LIST@\n'
PROBED = 'modparam("dispatcher", "ds_ping_interval", 3600)\nmodparam("dispatcher", "ds_probing_mode", 1)\n'
MEASURED = PROBED + 'modparam("dispatcher", "ds_ping_latency_stats", 1)\n'
HASHED = 'modparam("dispatcher", "ds_hash_size", 4)\n'
DEFAULT = 'modparam("dispatcher", "use_default", 1)\n'
SELECT = CHOOSE % 'ds_select_dst("1", "%s")'


def destinations(*attributes: str, equal: bool = False) -> str:
    """A set, in the order of the server, which is that of the file unless priorities are equal."""
    lines = [
        "1 sip:127.0.0.1:%d 0 %d %s\n" % (6001 + number, 0 if equal else len(attributes) - number, attribute)
        for number, attribute in enumerate(attributes)
    ]
    return "".join(lines)


def uri(number: int) -> str:
    return "sip:127.0.0.1:%d" % (6000 + number)


# name: the rules that are broken, parameters, list, algorithm, where 100 calls go by the number of the destination
SHARES: dict[str, tuple[list[str], str, str, str, dict[int, int]]] = {
    "weights_of_1": (["weights-under-100"], "", destinations("weight=1", "weight=1"), "9", {1: 1, 2: 99}),
    "three_weights_of_10": (["weights-under-100"], "", destinations(*["weight=10"] * 3), "9", {1: 10, 2: 10, 3: 80}),
    "one_percent_left": ([], "", destinations(*["weight=33"] * 3), "9", {1: 33, 2: 33, 3: 34}),
    "weights_of_100": ([], "", destinations("weight=70", "weight=30"), "9", {1: 70, 2: 30}),
    "one_alone": ([], "", destinations("weight=50"), "9", {1: 100}),
    "rest_for_the_last": (["weights-incomplete"], "", destinations("weight=20", ""), "9", {1: 20, 2: 80}),
    "first_without_weight": (["weights-unused"], "", destinations("", "weight=50"), "9", {1: 100}),
    "first_of_equals_without_weight": (
        ["weights-unused"],
        "",
        destinations("weight=50", "", equal=True),
        "9",
        {2: 100},
    ),
    "no_weights": (["weights-unused"], "", destinations("", ""), "9", {1: 100}),
    "weights_and_a_default": ([], DEFAULT, destinations("weight=60", "weight=40", ""), "9", {1: 60, 2: 40}),
    "low_weights_and_a_default": (
        ["weights-under-100"],
        DEFAULT,
        destinations("weight=10", "weight=10", ""),
        "9",
        {1: 90, 2: 10},
    ),
    "weights_of_another_algorithm": ([], "", destinations(*["weight=70"] * 2), "4", {1: 50, 2: 50}),
    "relative_weights": ([], "", destinations("rweight=1", "rweight=3"), "11", {1: 25, 2: 75}),
    "relative_weight_missing": (["rweights-incomplete"], "", destinations("rweight=50", ""), "11", {1: 100}),
    "relative_weights_of_inactive": (
        [],
        "",
        destinations("rweight=50", "rweight=50") + "1 sip:127.0.0.1:6009 1 9\n",
        "11",
        {1: 50, 2: 50},
    ),
    "no_relative_weights": (["weights-unused"], "", destinations("", ""), "11", {1: 100}),
    "too_many_relative_weights": (
        ["rweights-uneven"],
        "",
        destinations(*["rweight=50"] * 60),
        "11",
        {**dict.fromkeys(range(1, 60), 1), 60: 41},
    ),
    "relative_weight_cut_to_nothing": (
        ["rweights-uneven"],
        "",
        destinations("rweight=1", "rweight=100", "rweight=100"),
        "11",
        {2: 49, 3: 51},
    ),
    "relative_weights_that_round": (
        [],
        "",
        destinations(*["rweight=1"] * 7),
        "11",
        {**dict.fromkeys(range(1, 7), 14), 7: 16},
    ),
    "load_without_hash": (
        ["load-not-counted"],
        "",
        destinations("maxload=2;duid=a", "maxload=2;duid=b"),
        "10",
        {1: 100},
    ),
    "load_without_duid": (["load-not-counted"], HASHED, destinations("maxload=2", "maxload=2"), "10", {1: 100}),
    "load": ([], HASHED, destinations("maxload=20;duid=a", "maxload=20;duid=b"), "10", {1: 20, 2: 20, 0: 60}),
    "hash_of_nothing": (["hash-pvar-missing"], "", destinations("", ""), "7", {0: 100}),
    "hash_of_a_variable": ([], 'modparam("dispatcher", "hash_pvar", "$fU")\n', destinations(""), "7", {1: 100}),
    "algorithm_99": (["algorithm-unknown"], "", destinations("", ""), "99", {1: 100}),
    "algorithm_15": (["algorithm-unknown"], "", destinations("", ""), "15", {1: 100}),
    "no_latency": (["latency-not-measured"], PROBED, destinations("", ""), "13", {1: 100}),
    "latency": ([], MEASURED, destinations("", ""), "13", {1: 100}),
    "latency_given": (
        [],
        "",
        "1 sip:127.0.0.1:6001 0 50 latency=500\n1 sip:127.0.0.1:6002 0 49 latency=1\n",
        "13",
        {2: 100},
    ),
    "congestion_of_one": (
        ["cc-incomplete"],
        MEASURED,
        "1 sip:127.0.0.1:6001 0 50 latency=500;cc=1\n1 sip:127.0.0.1:6002 0 50 latency=500\n",
        "13",
        {1: 100},
    ),
    "default_by_place": (["default-by-place"], DEFAULT, destinations("", "", "", equal=True), "4", {2: 50, 3: 50}),
    "default_by_priority": ([], DEFAULT, destinations("", "", ""), "4", {1: 50, 2: 50}),
}


@pytest.mark.parametrize("case", SHARES)
def test_where_calls_go(case: str, suite: str, version: str, tmp_path: Path) -> None:
    broken, parameters, listing, algorithm, shares = SHARES[case]
    if algorithm == "13" and as_version(version).release < (5, 5):
        broken = ["algorithm-unknown", *(["attribute-unknown"] if "latency=" in listing else [])]
        # Of two with the same priority the last one of the file is the first one.
        shares = {2 if case == "congestion_of_one" else 1: 100}
    setup = Setup(tmp_path, BASE + parameters, listing, SELECT % algorithm)
    assert rules(setup.judge(version)) == broken
    with setup.server(suite):
        chosen = chosen_by(setup, 100, "INVITE" if algorithm == "10" else "OPTIONS")
    assert chosen == {uri(number) if number else NONE: count for number, count in shares.items() if count}


@pytest.mark.parametrize(("algorithm", "since"), [("14", (6, 1)), ("64", (6, 0))])
def test_algorithms_of_newer_versions(
    algorithm: str, since: tuple[int, int], suite: str, version: str, tmp_path: Path
) -> None:
    setup = Setup(tmp_path, BASE, destinations("", ""), SELECT % algorithm)
    there = as_version(version).release >= since
    assert rules(setup.judge(version)) == ([] if there else ["algorithm-unknown"])
    with setup.server(suite) as server:
        chosen_by(setup, 1)
        assert ("algo %s not implemented" % algorithm in server.log_text()) is not there


@pytest.mark.parametrize("attributes", ["cc=1", "cc=1;weight=50"])
def test_a_set_of_which_a_server_dies(attributes: str, suite: str, version: str, tmp_path: Path) -> None:
    dies = suite == "bullseye" and attributes == "cc=1"
    with Peers(2) as peers:
        listing = "".join("1 sip:127.0.0.1:%d 8 0 %s\n" % (port, attributes) for port in peers.ports)
        setup = Setup(tmp_path, "disable_core_dump=yes\n" + BASE + MEASURED.replace("3600", "1"), listing)
        assert ("cc-without-weight" in rules(setup.judge(version))) is dies
        with setup.server(suite) as server:
            time.sleep(4)
            assert ("kamailio" in server.rpc("core.version")) is not dies, server.log_text()


FAILOVER = 'modparam("dispatcher", "flags", %d)\n'


@pytest.mark.parametrize("call", ["ds_next_dst()", "ds_next_domain()", "ds_mark_dst()", 'ds_mark_dst("ip")'])
@pytest.mark.parametrize(("flags", "works"), [(None, False), (1, False), (2, True), (3, True)])
def test_failover(call: str, flags: int | None, works: bool, suite: str, version: str, tmp_path: Path) -> None:
    parameters = FAILOVER % flags if flags is not None else ""
    route = 'ds_select_dst("1", "8"); %s; sl_send_reply("200", "$du"); exit;' % call
    setup = Setup(tmp_path, BASE + parameters, destinations("", ""), route)
    judged = setup.judge(version)
    assert rules(judged) == ([] if works else ["failover-off"])
    if not works:
        assert '"flags", %d)' % ((flags or 0) | 2) in judged.result["findings"][0]["remedy"]
    with setup.server(suite) as server:
        chosen_by(setup, 1)
        assert ("failover support disabled" in server.log_text()) is not works


def test_choosing_without_failover_is_no_fault(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE, destinations("", ""), SELECT % "4")
    assert rules(setup.judge(version)) == []


@pytest.mark.parametrize(
    ("condition", "broken"),
    [
        ('ds_select_dst("7", "4")', ["set-missing"]),
        ("ds_select_dst(7, 4)", ["set-missing"]),
        ('ds_select_domain("7", "4", "1")', ["set-missing"]),
        ('ds_select_routes("7=4", "0")', ["set-missing"]),
        ('ds_list_exists("7") && ds_select_dst("7", "4")', []),
        ('ds_select_dst("$var(set)", "4")', []),
    ],
)
def test_sets_that_are_not_there(condition: str, broken: list[str], suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE, destinations(""), CHOOSE % ("(%s)" % condition))
    assert rules(setup.judge(version)) == broken
    with setup.server(suite):
        assert chosen_by(setup, 1) == {NONE: 1}


INTERVAL = 'modparam("dispatcher", "ds_ping_interval", 1)\n' + FAILOVER % 2
MODE = 'modparam("dispatcher", "ds_probing_mode", %d)\n'
MARK = 'ds_select_dst("1", "4"); %s; sl_send_reply("200", "OK"); exit;'
# name: parameters, flags, route, whether nobody is probed
PROBING: dict[str, tuple[str, int, str, bool]] = {
    "no_flag": ("", 0, "exit;", True),
    "mode_2": (MODE % 2, 1, "exit;", True),
    "mode_3": (MODE % 3, 0, "exit;", True),
    "mode_1": (MODE % 1, 0, "exit;", False),
    "flag": ("", 8, "exit;", False),
    "marked_as_inactive": ("", 0, MARK % 'ds_mark_dst("i")', True),
    "marked": ("", 0, MARK % "ds_mark_dst()", True),
    "marked_for_probing": ("", 0, MARK % 'ds_mark_dst("ip")', False),
    "marked_by_address": ("", 0, MARK % 'ds_mark_addr("P", "1", "$du")', False),
}


@pytest.mark.parametrize("case", PROBING)
def test_an_interval_by_which_nobody_is_probed(case: str, suite: str, version: str, tmp_path: Path) -> None:
    parameters, flags, route, nobody = PROBING[case]
    if "ds_mark_addr" in route and as_version(version).release < (6, 1):
        pytest.skip("this version does not have ds_mark_addr")
    with Peers(1) as peers:
        port = peers.ports[0]
        setup = Setup(tmp_path, BASE + INTERVAL + parameters, "1 sip:127.0.0.1:%d %d\n" % (port, flags), route)
        assert rules(setup.judge(version)) == (["interval-without-probing"] if nobody else [])
        with setup.server(suite):
            if "reply" in route:
                chosen_by(setup, 1)
            deadline = time.monotonic() + (3 if nobody else 15)
            while not peers.counts[port] and time.monotonic() < deadline:
                time.sleep(0.05)
        assert (peers.counts[port] == 0) is nobody


def test_an_interval_by_which_nobody_is_probed_is_removed(tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE + INTERVAL, destinations(""))
    setup.correct("6.1.5", "clear_probing")
    assert "ds_ping_interval" not in setup.config.read_text()
    assert rules(setup.judge("6.1.5")) == []


@pytest.mark.parametrize(
    ("parameters", "attributes", "algorithm", "broken"),
    [
        ("", "maxload=2;duid=a", None, ["load-not-counted"]),
        ("", "maxload=2;duid=a", "4", []),
        ("", "duid=a", None, []),
        (HASHED, "maxload=2;duid=a", None, []),
        (HASHED, "maxload=2", None, ["load-not-counted"]),
        ("", "weight=10", None, ["weights-under-100"]),
        ("", "weight=10", "4", []),
        ("", "weight=70", None, ["weights-over-100"]),
        ("", "weight=70", "4", []),
        ("", "weight=70", "$var(x)", ["weights-over-100"]),
    ],
)
def test_attributes_whose_algorithm_is_not_known(
    parameters: str, attributes: str, algorithm: str | None, broken: list[str], tmp_path: Path
) -> None:
    listing = destinations(attributes, attributes.replace("=a", "=b"))
    setup = Setup(tmp_path, BASE + parameters, listing, "exit;" if algorithm is None else SELECT % algorithm)
    assert rules(setup.judge("6.1.5")) == broken


def test_duid_twice(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE, destinations("duid=a", "duid=a") + destinations("duid=a").replace("1 sip", "2 sip"))
    assert rules(setup.judge(version)) == ["duid-twice"]
    with setup.server(suite) as server:
        server.rpc("dispatcher.set_duid_state", "dx", "1", "a")
        assert [entry.flags for entry in server.destinations() if entry.setid == 1].count("DX") == 1


# module, its parameters, the event that it needs
EVENTS = {
    "xhttp": ('loadmodule "sl.so"\nloadmodule "xhttp.so"\n', "xhttp:request"),
    "nosip": ('loadmodule "nosip.so"\n', "nosip:msg"),
    "corex": ('loadmodule "corex.so"\nmodparam("corex", "nio_intercept", 1)\n', "network:msg"),
    "sipcapture": (
        'loadmodule "db_text.so"\nloadmodule "sipcapture.so"\nmodparam("sipcapture", "nonsip_hook", 1)\n'
        'modparam("sipcapture", "db_url", "text://@DIR@/db")\n',
        "sipcapture:request",
    ),
}


@pytest.mark.parametrize("module", EVENTS)
@pytest.mark.parametrize("there", [True, False])
def test_modules_that_need_an_event_route(module: str, there: bool, suite: str, version: str, tmp_path: Path) -> None:
    body, event = EVENTS[module]
    body += "event_route[%s] { return; }\n" % event if there else "event_route[x:y] { return; }\n"
    setup = Setup(tmp_path, body, None)
    judged = setup.judge(version)
    assert rules(judged) == ([] if there else ["event-route-missing"])
    server = setup.server(suite)
    assert server.check() == 0
    if there and module == "sipcapture":
        return  # its reading of the network leaves this server no time to answer
    try:
        assert server.start() is there is judged.result["will_start"], server.log_text()
    finally:
        server.stop()


TMX = 'loadmodule "tm.so"\nloadmodule "pv.so"\nloadmodule "cfgutils.so"\n'
BLOCK = "route[%s] { return; }\n"
TIMER = (
    'loadmodule "rtimer.so"\nmodparam("rtimer", "timer", "name=t;interval=9;mode=1;")\n'
    'modparam("rtimer", "exec", "timer=t;route=X")\n'
)
# name: what is loaded, the blocks beside the main one, the main one, whether a route is missing
ROUTES: dict[str, tuple[str, str, str, bool]] = {
    "word": ("", "", "route(X);", True),
    "string": ("", "", 'route("X");', True),
    "raw string": ("", "", "route('X');", True),
    "number": ("", "", "route(7);", True),
    "define": ("#!define NEXT X\n", "", "route(NEXT);", True),
    "variable in a string": ("", "", 'route("$var(x)");', True),
    "condition": ("", "", "if (!route(X)) exit;", True),
    "assignment": ("", "", "$var(x) = route(X);", True),
    "behind an exit": ("", "", "exit; route(X);", True),
    "never true": ("", "", "if (0) { route(X); }", True),
    "other case": ("", BLOCK % "x", "route(X);", True),
    "other kind": ("", "failure_route[X] { exit; }\n", "route(X);", True),
    "never called": ("", "route[A] { route(X); }\n", "exit;", True),
    "failure": ("", "failure_route[A] { route(X); }\n", "exit;", True),
    "event": ("", "event_route[a:b] { route(X); }\n", "exit;", True),
    "switch": ("", "", "switch ($rm) { case 1: route(X); break; default: exit; }", True),
    "inactive block": ("", "#!ifdef NO\n" + BLOCK % "X" + "#!endif\n", "route(X);", True),
    "block": ("", BLOCK % "X", "route(X);", False),
    "block with a string": ("", BLOCK % '"X"', "route(X);", False),
    "block of a define": ("#!define NEXT X\n", BLOCK % "NEXT", "route(X);", False),
    "numbers": ("", BLOCK % "7", "route(07); route(0x7);", False),
    "main block": ("", "", "if ($var(x) == 1) { route(0); }", False),
    "known later": ("", "", "route($var(x));", False),
    "joined": ("", BLOCK % "XY", 'route("X" + "Y");', False),
    "inactive call": ("", "", "exit;\n#!ifdef NO\nroute(X);\n#!endif\n", False),
    "route of a timer": (TIMER, "", "route(X);", False),
    "if it is there": ("", "", 'route_if_exists("X");', False),
}


@pytest.mark.parametrize("name", ROUTES)
def test_routes_that_are_not_there(name: str, suite: str, version: str, tmp_path: Path) -> None:
    before, blocks, main, missing = ROUTES[name]
    setup = Setup(tmp_path, TMX + before + blocks, None, main)
    judged = setup.judge(version)
    assert rules(judged) == (["route-missing"] if missing else [])
    assert judged.result["will_start"] is not missing
    server = setup.server(suite)
    assert server.check() == 0
    try:
        assert server.start() is not missing, server.log_text()
        assert ("not found at" in server.log_text()) is missing
    finally:
        server.stop()


# call, block that it names
HANDLERS = [
    ('t_on_failure("X")', "failure_route[X]"),
    ("t_on_failure('X')", "failure_route[X]"),
    ('t_on_reply("1")', "onreply_route[1]"),
    ('t_on_reply("X")', "onreply_route[X]"),
    ('t_on_branch("X")', "branch_route[X]"),
    ('t_on_branch_failure("X")', "event_route[tm:branch-failure:X]"),
    ('t_on_failure("0")', ""),
    ('t_on_failure("")', ""),
]


@pytest.mark.parametrize(("call", "block"), HANDLERS)
@pytest.mark.parametrize("there", [True, False])
def test_blocks_that_are_not_there(
    call: str, block: str, there: bool, suite: str, version: str, tmp_path: Path
) -> None:
    setup = Setup(tmp_path, TMX + ("%s { exit; }\n" % block if there and block else ""), None, call + "; exit;")
    silent = there or not block
    assert rules(setup.judge(version)) == ([] if silent else ["handler-missing"])
    with setup.server(suite) as server:
        assert ("empty/non existing route" in server.log_text()) is not silent


def test_the_script_of_another_language_is_not_judged(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE + INTERVAL.replace(FAILOVER % 2, ""), destinations(""))
    setup.config.write_text(setup.config.read_text() + 'loadmodule "app_jsdt.so"\n')
    assert rules(setup.judge(version)) == ["script-not-read"]
    setup.config.write_text(setup.config.read_text() + FAILOVER % 2)
    assert rules(setup.judge(version)) == ["script-not-read"]
    setup.config.write_text(setup.config.read_text() + MODE % 1)
    assert rules(setup.judge(version)) == []
