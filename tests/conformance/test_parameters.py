# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of dispatcher and tm that kamailio -c passes: what is found, and what servers do with them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import parameter_types
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.pseudo_variables import (
    CORE,
    TABLE,
    variables_of,
)
from conformance.modules import has_parameter
from conformance.server import answer_to, as_version, start_all
from conformance.setups import Setup, add_database, rules

HEAD = 'loadmodule "tm.so"\nloadmodule "sl.so"\n'
DISPATCHER = 'loadmodule "dispatcher.so"\n@LIST@\n'
PINGS = (
    HEAD + DISPATCHER + 'modparam("dispatcher", "ds_ping_interval", 1)\nmodparam("dispatcher", "ds_probing_mode", 1)\n'
)
PV = 'loadmodule "pv.so"\n'
LIST = "1 sip:127.0.0.1:9 8\n"


def param(name: str, value: object, module: str = "dispatcher") -> str:
    written = value if isinstance(value, int) else '"%s"' % value
    return 'modparam("%s", "%s", %s)\n' % (module, name, written)


# Texts that are not only a name of the table: hash_pvar with pv, the other two with pv.
TEXTS = {
    "h": (True, False),
    "": (True, False),
    "$": (False, False),
    "$$": (True, False),
    "$($)": (True, False),
    "$($": (False, False),
    "$no_such": (False, False),
    "$AVP(x)": (False, False),
    "$avp": (False, False),
    "$avp()": (False, False),
    "$avp(h": (False, False),
    "$avp((h)": (False, False),
    "$avp( h )": (True, True),
    "$ avp(h)": (False, False),
    "$(avp(h))": (True, True),
    "$(avp(h)": (False, False),
    "$(avp(h)[0])": (True, True),
    "$(avp(h)[0)": (False, False),
    "$(rU{s.len})": (True, True),
    "$(rU{s.len}{s.len})": (True, True),
    "$(rU{s.len)": (False, False),
    "$(rU": (False, False),
    "$(rU x)": (False, False),
    "$rU(x)": (False, False),
    "$rU)": (True, True),
    "$rU$si": (True, True),
    "$rU$no_such": (False, True),
    "x$rU": (True, False),
    "$rU x": (True, True),
    "$ci": (True, False),
    "$env(HOME)": (True, False),
    "$sht(a=>b)": (False, False),
    "%rU": (True, False),
    "$xavp(a=>b)": (True, True),
}


def test_texts_with_pseudo_variables(suite: str, version: str, tmp_path: Path) -> None:
    cases = [(name, text, module) for text in TEXTS for name in PARAMETERS for module in (PV, "")]
    judge_all(
        [HEAD + module + DISPATCHER + param(name, text) for name, text, module in cases], suite, version, tmp_path
    )


PARAMETERS = ("hash_pvar", "setid_pvname", "attrs_pvname")


def judge_all(bodies: list[str], suite: str, version: str, folder: Path) -> dict[str, int]:
    """Judge and start them all; returns how many did what."""
    setups = [Setup(folder, body, LIST) for body in bodies]
    judged = [setup.judge(version) for setup in setups]
    outcomes = start_all(suite, [setup.folder for setup in setups])
    wrong = [
        (body, one.result["will_start"], rules(one), outcome)
        for body, one, outcome in zip(bodies, judged, outcomes)
        if one.result["will_start"] is not (outcome == "started")
    ]
    assert wrong == []
    return {outcome: outcomes.count(outcome) for outcome in set(outcomes)}


def test_names_of_pseudo_variables(suite: str, version: str, tmp_path: Path) -> None:
    """With pv, those of pv and of the core can be read, and those that the table says can be written."""
    number = as_version(version)
    known = variables_of(number.series)
    names = [name for name, one in known.items() if {"pv", CORE} & set(one.modules) and not one.named]
    bodies = [HEAD + PV + DISPATCHER + param("setid_pvname", "$" + name) for name in names]
    bodies.append(HEAD + PV + DISPATCHER + param("hash_pvar", " ".join("$" + name for name in names)))
    bodies += [HEAD + DISPATCHER + param("hash_pvar", "$" + name) for name in names[::5]]
    others = [name for name in (line.partition(":")[0] for line in TABLE.splitlines()) if name.isidentifier()]
    for module in others:
        own = [name for name, one in known.items() if module in one.modules and not one.named]
        if own and module not in ("pv", CORE) and parameter_types(module, number) is not None:
            bodies.append(HEAD + PV + DISPATCHER + param("hash_pvar", "$" + own[0]))
    outcomes = judge_all(bodies, suite, version, tmp_path)
    assert outcomes["started"] > 30 and outcomes["dead"] > 60


# name: rules, configuration, does it start (None: only the server knows, and here it does not)
CASES: dict[str, tuple[list[str], str, bool | None]] = {
    "pv_behind": ([], HEAD + DISPATCHER + PV + param("hash_pvar", "$avp(h)"), True),
    "hash_empty": ([], PINGS + param("hash_pvar", ""), True),
    "xavp_dst_empty": ([], PINGS + param("xavp_dst", ""), True),
    "xavp_ctx_empty": ([], PINGS + param("xavp_ctx", ""), True),
    "timer_mode": ([], PINGS + param("ds_timer_mode", 1), True),
    "callback_empty": ([], PINGS + param("event_callback", ""), True),
    "callback": (["event-callback-unused"], PINGS + param("event_callback", "ksr_event"), True),
    "callback_without_engine": (
        ["event-callback-unused", "script-not-read"],
        PINGS + 'loadmodule "app_jsdt.so"\n' + param("event_callback", "ksr_event"),
        True,
    ),
    "callback_of_a_script": (
        ["script-not-read"],
        PINGS + 'loadmodule "app_jsdt.so"\ncfgengine "jsdt"\n' + param("event_callback", "ksr_event"),
        True,
    ),
    "dns_8": (["dns-mode-without-lookup"], PINGS + param("ds_dns_mode", 8), True),
    "dns_9": ([], PINGS + param("ds_dns_mode", 9), True),
    "dns_10": ([], PINGS + param("ds_dns_mode", 10), True),
    "dns_0": ([], PINGS + param("ds_dns_mode", 0), True),
    "timer_in_seconds": (["timer-too-short"], PINGS + param("fr_timer", 30, "tm"), True),
    "inv_timer_in_seconds": (["timer-too-short"], PINGS + param("fr_inv_timer", 120, "tm"), True),
    "timer_in_milliseconds": ([], PINGS + param("fr_timer", 500, "tm"), True),
    "extra_attrs_without_a_database": ([], PINGS + param("ds_db_extra_attrs", "a;b"), True),
    "load_mode_2": ([], PINGS + param("ds_load_mode", 2), True),
    "reply_200": ([], PINGS + param("ds_ping_reply_codes", "200"), True),
    "reply_200_and_more": ([], PINGS + param("ds_ping_reply_codes", "200;code=404"), True),
    "reply_200_as_a_code": ([], PINGS + param("ds_ping_reply_codes", "code=200;class=2"), True),
    "reply_list_of_successes": ([], PINGS + param("ds_ping_reply_codes", "200,202"), True),
    "reply_list": (["reply-codes-ignored"], PINGS + param("ds_ping_reply_codes", "200,404"), True),
    "reply_bare": (["reply-codes-ignored"], PINGS + param("ds_ping_reply_codes", "404"), True),
    "reply_408": (["reply-codes-hide-timeouts"], PINGS + param("ds_ping_reply_codes", "code=408"), True),
    "reply_class_4": (["reply-codes-hide-timeouts"], PINGS + param("ds_ping_reply_codes", "code=503;class=4"), True),
    "reply_408_without_pings": ([], HEAD + DISPATCHER + param("ds_ping_reply_codes", "class=4"), True),
}


@pytest.mark.parametrize("case", CASES)
def test_a_parameter_is_found_or_not(case: str, suite: str, version: str, tmp_path: Path) -> None:
    found, body, starts = CASES[case]
    if "ds_dns_mode" in body and not has_parameter(version, "dispatcher", "ds_dns_mode"):
        found, starts = [*found, "parameter-unknown"], False
    listing = LIST if "ds_ping_interval" in body else LIST.replace(" 8", "")
    setup = Setup(tmp_path, body, listing)
    judged = setup.judge(version)
    assert rules(judged) == found and judged.result["will_start"] is starts
    assert start_all(suite, [setup.folder]) == ["started" if starts else "dead"]


EXTRA_ATTRS = {
    "a=b": True,
    "a=b;c=d;": True,
    "a=b;;": False,
    "a=b;;;": False,
    " a=b": False,
    "a=b ": True,
    "a=b;c=": False,
    "a='b c'": True,
    "a": True,
    "abc": False,
    "a=b;c": False,
    "a=b c=d": False,
}


def test_attributes_from_more_columns(suite: str, version: str, tmp_path: Path) -> None:
    database = 'loadmodule "db_text.so"\n' + HEAD + 'loadmodule "dispatcher.so"\n' + param("db_url", "text://@DIR@/db")
    setups = [Setup(tmp_path, database + param("ds_db_extra_attrs", text), None) for text in EXTRA_ATTRS]
    for setup in setups:
        add_database(setup.folder / "db")
    broken = ["extra-attrs-broken" in rules(setup.judge(version)) for setup in setups]
    log = [setup.folder / "server.log" for setup in setups]
    start_all(suite, [setup.folder for setup in setups])
    said = ["extra attrs parameter" in path.read_text(errors="replace") for path in log]
    # One that can be read names columns that the table does not have, which is another failure.
    assert [not found for found in broken] == [not shown for shown in said] == list(EXTRA_ATTRS.values())


HOSTS = {
    "gw.invalid:5060 8": (None, "dead"),
    "127.0.0.1:9 8": (True, "started"),
    "gw.invalid:5060 24": (True, "started"),
}


@pytest.mark.parametrize("mode", [0, 1, 2, 4, 9])
def test_a_start_that_needs_the_dns(mode: int, suite: str, version: str, tmp_path: Path) -> None:
    body = HEAD + DISPATCHER + param("ds_load_mode", 1)
    if has_parameter(version, "dispatcher", "ds_dns_mode"):
        body += param("ds_dns_mode", mode)
    elif mode != 1:
        pytest.skip("this version looks hosts up when it loads the list, and only then")
    setups = [Setup(tmp_path, body, "1 sip:%s\n" % host) for host in HOSTS]
    said = [setup.judge(version).result["will_start"] for setup in setups]
    outcomes = start_all(suite, [setup.folder for setup in setups])
    if mode & 5:
        assert list(zip(said, outcomes)) == list(HOSTS.values())
    else:
        assert set(zip(said, outcomes)) == {(True, "started")}


@contextmanager
def peer(delay: float | None) -> Iterator[int]:
    """The port of a peer that answers 200 after that many seconds, or not at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(0.1)
        stop = threading.Event()

        def answer() -> None:
            while not stop.is_set():
                try:
                    request, sender = one.recvfrom(65535)
                except TimeoutError:
                    continue
                if delay is not None:
                    time.sleep(delay)
                    one.sendto(answer_to(request, 200), sender)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield one.getsockname()[1]
        finally:
            stop.set()
            thread.join()


# name: seconds until the answer, more configuration, the rule that is broken, flags after some pings
PINGED = {
    "slow_and_seconds": (0.15, param("fr_timer", 5, "tm"), "timer-too-short", "IP"),
    "slow_and_more_seconds": (0.15, param("fr_timer", 30, "tm"), "timer-too-short", "IP"),
    "slow_and_milliseconds": (0.15, param("fr_timer", 2000, "tm"), None, "AP"),
    "silent": (None, param("fr_timer", 500, "tm") + param("ds_ping_reply_codes", "code=404"), None, "IP"),
    "silent_and_408": (
        None,
        param("fr_timer", 500, "tm") + param("ds_ping_reply_codes", "code=408"),
        "reply-codes-hide-timeouts",
        "AP",
    ),
    "silent_and_class_4": (
        None,
        param("fr_timer", 500, "tm") + param("ds_ping_reply_codes", "class=4"),
        "reply-codes-hide-timeouts",
        "AP",
    ),
    "bare_200": (0.0, param("fr_timer", 500, "tm") + param("ds_ping_reply_codes", "200"), None, "AP"),
}


@pytest.mark.parametrize("case", PINGED)
def test_a_destination_is_marked_as_said(case: str, suite: str, version: str, tmp_path: Path) -> None:
    delay, more, rule, flags = PINGED[case]
    body = PINGS + param("ds_probing_threshold", 1) + more
    with peer(delay) as port:
        setup = Setup(tmp_path, body, "1 sip:127.0.0.1:%d 8\n" % port)
        assert rules(setup.judge(version)) == ([rule] if rule else [])
        with setup.server(suite) as server:
            time.sleep(4)
            assert [destination.flags for destination in server.destinations()] == [flags], server.log_text()[-2000:]


def test_an_interval_that_is_set_and_none(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, HEAD + DISPATCHER + param("ds_ping_interval", -5) + param("ds_probing_mode", 1), LIST)
    result = setup.judge(version).result
    texts = [finding["text"] for finding in result["findings"]] + [probe["reason"] for probe in result["probing"]]
    assert texts and all("ds_ping_interval is -5" in text and "is not set" not in text for text in texts)
    assert start_all(suite, [setup.folder]) == ["started"]
