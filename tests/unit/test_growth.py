# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What input costs grows with its size, and not with the square of it.

Sizes are such that quadratic work takes an hour; where steps can be counted they are.
"""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import Listing, analyse
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.findings import Finding
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.message import render_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.refusals import (
    Refusal,
    Said,
    parse_refusals,
    refusal_findings,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.setup import read_setup
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.summary import summarise
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.compare import compare
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.restore import plan_restoring, taken_out
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.start import Edit, restart_due
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.state import uncounted
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.limits import FORMS
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher import uri as uris
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.attributes import change_attrs
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.description import description_above
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document, to_int32
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import Purge, plan_destinations
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import service_of_arguments
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import find
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.dispatcher import Running
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import ERROR
from ansible_collections.sipfleet.kamailio.plugins.module_utils._secrets import mask_secrets
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import NEWEST, Version

from .files import no_files

MIB = 1 << 20


@pytest.mark.parametrize("part", ["0", ":0", ";", ";a=b", "@", "a:", "?", "[", ";transport=", "%41"])
@pytest.mark.parametrize("before", ["sip:", "sip:a:", "sip:a@b:", "sip:[", "urn:a", ""])
def test_any_long_uri_is_read_or_refused(before: str, part: str) -> None:
    with contextlib.suppress(ValueError):
        uris.read_uri.__wrapped__((before + part * (MIB // 4 // len(part))).encode())


def test_a_port_of_megabytes_is_read() -> None:
    assert uris.read_uri.__wrapped__(b"sip:a:" + b"0" * (4 * MIB) + b"@b").host == b"b"


@given(st.lists(st.sampled_from([*"[]@:;?&a.", "0", "65535", "65536", "maddr=", "transport=tcp"]), max_size=8))
def test_a_plain_uri_is_what_the_state_machine_makes_of_it(parts: list[str]) -> None:
    rest = "".join(parts).encode()
    plain = uris._PLAIN.match(rest)
    if plain and int(plain.group(2) or b"0") <= uris.MAX_PORT and not uris._MADDR_LAST.search(plain.group(3) or b""):
        assert uris._Machine(rest, False, False).run() == (plain.group(1), plain.group(2) or b"", plain.group(3) or b"")


def test_many_attributes_are_changed() -> None:
    text = b";".join(b"a%d=1" % number for number in range(200_000))
    wish: dict[bytes, bytes | None] = {b"a%d" % number: b"2" for number in range(200_000)}
    assert change_attrs(text, wish, True) == text.replace(b"=1", b"=2")


def test_a_description_is_without_the_white_space_around_it() -> None:
    data = b"1 sip:a\n #: \t x  y \t\r\n1 sip:b\n"
    assert description_above(data, data.rindex(b"1 sip")) == (8, b"x  y", True)


def calls(work: Callable[[], Any]) -> int:
    """How many functions are called."""
    count = [0]
    sys.setprofile(lambda *_args: count.__setitem__(0, count[0] + 1))
    try:
        work()
    finally:
        sys.setprofile(None)
    return count[0]


def entries(count: int, priority: int) -> list[dict[str, Any]]:
    return [
        {
            "setid": 1,
            "uri": "sip:gw%d@[::1]" % number,
            "flags": 8,
            "priority": priority,
            "attrs": {"duid": "gw%d" % number},
        }
        for number in range(count)
    ]


def plan(count: int, purge: Purge, ensure_order: bool) -> int:
    data = plan_destinations(b"", parse_wishes(entries(count, 0)), "none", "list").data
    wanted = entries(count, 1)[:: -1 if ensure_order else 2]
    return calls(lambda: plan_destinations(data, parse_wishes(wanted), purge, "list", False, ensure_order))


@pytest.mark.parametrize(("purge", "ensure_order"), [("none", False), ("file", False), ("none", True)])
def test_a_plan_takes_steps_in_proportion_to_the_lines(purge: Purge, ensure_order: bool) -> None:
    assert plan(1000, purge, ensure_order) < 3 * plan(500, purge, ensure_order)


@pytest.mark.parametrize("attrs", [b"", b"a=%d", b"duid=%d"])
@pytest.mark.parametrize("letters", ["AX", "DX", "IP"])
def test_a_comparison_of_equal_uris_takes_time_in_proportion_to_them(attrs: bytes, letters: str) -> None:
    setup = read_setup(evaluate("/k", b"", no_files, Version(5, 6)), Version(5, 6))

    def of(count: int, letters: str, last: int) -> list[Running]:
        def destination(index: int) -> Running:
            text = attrs % (last - index) if b"%" in attrs else attrs
            duid = text[5:] if text.startswith(b"duid") and letters != "AX" else None
            return Running(index, 1, b"sip:a", letters, 4, False, 0, text, duid, None, None)

        return [destination(index) for index in range(count)]

    def seconds(count: int) -> float:
        lines = b"".join(b"1 sip:a 0 0 %s\n" % (attrs % index if b"%" in attrs else attrs) for index in range(count))
        document = parse_document(lines, Version(5, 6))
        began = time.process_time()
        pairs = compare(document, {}, of(count, "AX", count), setup).pairs
        assert len(pairs) == count
        assert len(plan_restoring(taken_out(of(count, letters, count), document, Version(5, 6)), pairs).calls) <= count
        return time.process_time() - began

    assert min(seconds(2000) for _try in range(3)) < 9 * min(seconds(500) for _try in range(3)) + 0.05


def check(count: int) -> int:
    data = b"".join(b"1 sip:gw%d 8 0 wieght=1;socket=udp:1.2.3.4\n" % number for number in range(count))

    def work() -> None:
        found = summarise("list", data, Version(6, 1))["findings"]
        findings = [Finding(**{name: finding[name] for name in Finding._fields}) for finding in found]
        assert len(render_findings(findings, {"list": data}, whole=True)) > count

    return calls(work)


def test_a_check_takes_steps_in_proportion_to_the_lines() -> None:
    assert check(1000) < 3 * check(500)


def test_a_message_about_a_long_uri_is_short() -> None:
    for uri in ("sip:a b" + "x" * MIB, "sip:a:x" + "x" * MIB):
        with pytest.raises(KamailioError) as raised:
            parse_wishes([{"setid": 1, "uri": uri}])
        assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("arguments", [["-d"] * 300_000, ["-" + "d" * 600_000]], ids=["many", "long"])
def test_a_server_that_says_it_has_a_huge_command_line_is_not_believed(arguments: list[str]) -> None:
    with pytest.raises(KamailioError, match="at most 10000 with 131072 are read"):
        service_of_arguments(arguments)


def test_a_reason_for_a_restart_names_few_of_the_modules_of_a_server() -> None:
    (text,) = restart_due(["tm", "a\x1b"], [], None, None, [], NEWEST, None).certain
    assert text.endswith(": a\\x1b, tm")
    modules = ["x%01000d" % number for number in range(10_000)]
    (text,) = restart_due([], modules, None, None, [], NEWEST, None).certain
    assert text.endswith("… and 9980 more") and len(text) < 2000
    edits = [Edit("/" + "x" * 5000, 60)] * 1000
    (text,) = restart_due(None, [], None, None, edits, NEWEST, None).likely
    assert text.endswith("… and 995 more") and len(text) < 2000


@pytest.mark.parametrize(
    "lines",
    [
        lambda count: "".join('loadmodule "m%d.so"\n' % number for number in range(count)),
        lambda count: "event_route[xhttp:request] {\n" * count,
        lambda count: "\n" * 40 * count,
    ],
    ids=["loads", "routes", "blank"],
)
def test_a_configuration_takes_time_in_proportion_to_its_lines(lines: Callable[[int], str]) -> None:
    def seconds(count: int) -> float:
        text, found = lines(count).encode(), []
        for _again in range(3):
            began = time.process_time()
            evaluation = evaluate("/k", text, no_files, Version(6, 1))
            find._http_paths(evaluation.files["/k"])
            found.append(time.process_time() - began)
        return min(found)

    # Four times the lines take sixteen times as long where the time grows with their square.
    assert seconds(8000) < 9 * seconds(2000) + 0.05


def test_routes_on_one_line_are_searched_in_proportion_to_their_number() -> None:
    def seconds(count: int) -> float:
        data, began = b"event_route[xhttp:request]{x}" * count, time.process_time()
        assert find._http_paths(data + b"jsonrpc_dispatch()") == ["/RPC"]
        return time.process_time() - began

    assert seconds(10_000) < 9 * seconds(2500) + 0.05


DISPATCHER = b'loadmodule "tm.so"\nloadmodule "dispatcher.so"\n'


def numbered(text: bytes, count: int) -> bytes:
    return b"".join(text % number for number in range(count))


def listened(count: int) -> bytes:
    return DISPATCHER + numbered(b"listen=udp:10.0.0.1:%d\n", count)


@pytest.mark.parametrize(
    ("config", "destinations"),
    [
        (lambda count: numbered(b'loadmodule "m%d"\n', count) + numbered(b'modparam("m%d", "x", 1)\n', count), None),
        (lambda count: numbered(b'loadmodule "m%d"\n', count) + numbered(b'modparam("x|y%d", "x", 1)\n', count), None),
        (lambda count: b'loadmodule "sqlops"\n' + numbered(b'modparam("sqlops", "sqlcon", "a=>b%d:")\n', count), None),
        (
            lambda count: DISPATCHER + b"request_route { %s }\n" % (b'ds_select_dst("1", "4");' * count),
            lambda count: numbered(b"%d sip:10.0.0.1\n", count),
        ),
        (
            lambda count: DISPATCHER + b'request_route { ds_select_routes("%s"); }\n' % (b"1=4;" * count),
            lambda count: numbered(b"%d sip:10.0.0.1\n", count),
        ),
        (
            lambda count: DISPATCHER + b"request_route { %s }\n" % (b'ds_select_dst("$x", "13");' * count),
            lambda count: numbered(b"1 sip:10.0.0.1:%d\n", count) + b"1 sip:10.0.0.2 0 0 latency=3\n",
        ),
        (listened, lambda count: numbered(b"1 sip:10.0.0.1 0 0 socket=udp:10.0.0.2:%d\n", count)),
        (listened, lambda count: numbered(b"1 sip:10.0.0.1 0 0 sockname=s%d\n", count)),
        (listened, lambda count: numbered(b"1 sip:10.0.0.1:%d;transport=tcp\n", count)),
        (listened, lambda count: numbered(b"1 sip:[::1]:%d\n", count)),
    ],
    ids=[
        *("names", "expressions", "databases", "calls and sets", "rules and sets", "latency"),
        *("sockets", "socket names", "transports", "IPv6"),
    ],
)
def test_an_analysis_takes_time_in_proportion_to_its_texts(
    config: Callable[[int], bytes], destinations: Callable[[int], bytes] | None
) -> None:
    version = Version(6, 1, 5)

    def seconds(count: int) -> float:
        text, listing = config(count), Listing("/l", destinations(count) if destinations else b"", True)
        began = time.process_time()
        analyse(evaluate("/k", text, no_files, version), listing, version)
        return time.process_time() - began

    seconds(1)
    assert seconds(8000) < 16 * seconds(1000) + 0.2


@pytest.mark.parametrize(
    "text",
    [
        b'listen = "%s.0.0.1"\n',
        b"listen = %s.0.0.1\n",
        b"listen = udp:10.0.0.1:%s\n",
        b"socket = { bind = udp:10.0.0.1:1-%s; }\n",
        b"children = %s\n",
        b'modparam("dispatcher", "flags", %s)\n',
        b'modparam("dispatcher", "ds_ping_reply_codes", "code=%s")\n',
        b'request_route { ds_select_dst("%s", "4"); ds_select_routes("4=%s"); }\n',
    ],
)
def test_a_number_of_thousands_of_digits_is_read_or_refused(text: bytes) -> None:
    data = DISPATCHER + text.replace(b"%s", b"9" * 5000)
    analyse(
        evaluate("/k", data, no_files, Version(6, 1, 5)), Listing("/l", b"1 sip:10.0.0.1\n", True), Version(6, 1, 5)
    )


@pytest.mark.parametrize(
    "text", [b'ds_select("1", "%s")' % (b"9" * 5000), b"ds_select(" * 100_000], ids=["digits", "parentheses"]
)
def test_whether_a_route_counts_calls_is_found_in_any_text(text: bytes) -> None:
    uncounted([], [], evaluate("/k", DISPATCHER + b"request_route { %s }\n" % text, no_files, Version(6, 1, 5)))


@pytest.mark.parametrize(
    "digits", [b"4294967295", b"0" * 40 + b"7", b"12345678901234567890123456789012345678901", b"0x1fffffffe"]
)
def test_a_number_wraps_as_in_the_server(digits: bytes) -> None:
    number = int(digits, 0 if digits.startswith(b"0x") else 10) % (1 << 32)
    assert to_int32(digits) == number - (number >> 31 << 32)


def test_few_of_the_sockets_of_huge_ranges_are_kept() -> None:
    text = numbered(b"socket = { bind = udp:eth%d:5000-5900; }\n", 200)
    sockets = evaluate("/k", text, no_files, Version(6, 1)).sockets
    assert len(sockets.sockets) <= 2000 and not sockets.complete


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        *(("usrloc", "ka_reply_codes", text) for text in (b"1%s", b"1 %s", b"1\t%s", b"1, %s", b" %s", b"-%s")),
        *(("acc", "log_extra", text) for text in (b"a=$fU;%s ", b" %s", b"a=%s ", b"a=$fU%s ", b"$%s$(", b"a=$(fU%s{")),
        *(("dispatcher", "ds_ping_reply_codes", text) for text in (b"code=404;%s ", b"a%s \t", b"%s=;", b'"%s"')),
        *(("dispatcher", "list_file", text) for text in (b"%s<", b"%s$env(", b"%s{{", b"$a%s$(")),
        ("dmq", "server_address", b"sip:%s@"),
        ("auth", "challenge_attr", b"$%s"),
        ("xlog", "prefix", b"$avp(%s("),
    ],
)
def test_a_value_of_any_length_is_checked_in_proportion_to_it(module: str, name: str, value: bytes) -> None:
    before, _mark, repeated = value.partition(b"%s")
    text = b'loadmodule "pv"\nloadmodule "tm"\nloadmodule "%s"\nmodparam("%s", "%s", "%s")\n'
    repeated = (repeated or before) * (200_000 // len(repeated or before))
    whole = before + repeated.replace(b'"', b"") + b"x"
    if module == "xlog":
        text += b'modparam("xlog", "prefix_mode", 1)\n'
    data = text % (module.encode(), module.encode(), name.encode(), whole)
    began = time.process_time()
    analyse(evaluate("/k", data, no_files, NEWEST), Listing("/l", None, False), NEWEST)
    assert time.process_time() - began < 5


def test_reply_codes_are_numbers_with_blanks_and_commas_between_them() -> None:
    (form,) = [form for form in FORMS if form.parameters == "ka_reply_codes"]
    for text in (b"200", b" 200", b"200,404", b"200, 404 ,", b"+200\t-404", b"200 \t\n404 ", b"200+404"):
        assert form.form.match(text), text
    for text in (b"", b" ", b",200", b"200;404", b"200\t", b"200,\t", b"200 +", b"+ 200", b"2xx"):
        assert not form.form.match(text), text


ACC = b'loadmodule "acc"\n'


@pytest.mark.parametrize(
    ("data", "known"),
    [
        (b'#!subst "/a*a*a*b/x/"\nmodparam("acc", "x", "%s")\n' % (b"a" * 20), True),
        (b'#!subst "/a*a*a*b/x/"\nmodparam("acc", "x", "%s")\n' % (b"a" * 2000), False),
        (b'#!subst "/a*b/x/"\nmodparam("acc", "x", "%s")\n' % (b"a" * 900_000), False),
        (b'#!subst "/a+a+b/x/"\n' + b'modparam("acc", "x", "%s")\n' % (b"a" * 400) * 20_000, False),
        (b'#!subst "/%s/x/"\nmodparam("acc", "x", "a")\n' % (b"a+" * 100_000), False),
        (b'#!subst "/%s/x/"\nmodparam("acc", "x", "b")\n' % (b"a|" * 100_000), False),
        (b'loadmodule "%s"\nmodparam("a*a*a*b|acc", "x", 1)\n' % (b"a" * 10), True),
        (b'loadmodule "%s"\nmodparam("a*a*a*b|acc", "x", 1)\n' % (b"a" * 5000), False),
        (b'loadmodule "%s"\n' % (b"a" * 200) + numbered(b'modparam("a*a*a*%d|acc", "x", 1)\n', 2000), True),
    ],
    ids=[
        *("short", "three repetitions", "one", "many texts", "many repetitions", "alternatives"),
        *("name", "name of a module", "names"),
    ],
)
def test_an_expression_that_takes_too_long_is_not_applied(data: bytes, known: bool) -> None:
    began = time.process_time()
    param = evaluate("/k", ACC + data, no_files, NEWEST).param("acc", "x")
    assert (param is not None and param.value is not None) is known
    assert time.process_time() - began < 20


@pytest.mark.parametrize("part", ["ERROR: ", "[", "ERROR: [", "[:1", "parse error in config file a, line 1, column 1-"])
def test_what_a_check_prints_is_read_in_proportion_to_its_length(part: str) -> None:
    evaluation = evaluate("/k", b"", no_files)
    began = time.process_time()
    parse_refusals("ERROR: " * 4000 + part * (65536 // len(part)), evaluation)
    assert time.process_time() - began < 2


def test_a_line_number_of_thousands_of_digits_is_no_number_of_a_line() -> None:
    log = "parse error in config file /k, line %s, column 1: x" % ("1" * 5000)
    assert [refusal.line for refusal in parse_refusals(log, evaluate("/k", b"", no_files))] == [None]


@pytest.mark.parametrize("part", [b"#!subst secret_key&&", b"#!define a_pass 1 #", b"#!define a_pass off // "])
def test_values_that_are_no_secrets_and_have_others_in_them_take_time_in_proportion(part: bytes) -> None:
    """Each goes on to the end of the line."""
    began = time.process_time()
    masked = mask_secrets(part * (400_000 // len(part)) + b"#!define b_pass s3cret-1")
    assert time.process_time() - began < 5
    assert b"s3cret" not in masked
    few = part * 20 + b"\n"
    assert mask_secrets(few) == few


def test_refusals_are_compared_with_findings_in_proportion_to_both() -> None:
    """A module that a configuration loads can print what it likes."""
    text = b'loadmodule "x"\n' * 50_000
    evaluation = evaluate("/k", text, no_files)
    findings = [
        Finding("module-twice", ERROR, "/k", line, 1, None, "x", "x") for line in range(2, text.count(b"\n") + 1)
    ]
    said = Said(tuple(Refusal("/k", 60_000 + number, 60_000 + number, 1, "x") for number in range(2_000)))
    began = time.process_time()
    assert len(list(refusal_findings(said, evaluation, findings))) == 2_000
    assert time.process_time() - began < 3


@pytest.mark.parametrize("part", [b"modparam(#key", b"$var(pw)=#", b"$var(pw)=//", b'modparam("a",#'])
def test_comments_that_may_be_between_parts_of_a_secret_take_time_in_proportion(part: bytes) -> None:
    """Each of them goes on to the end of the line."""
    began = time.process_time()
    mask_secrets(part * (1_000_000 // len(part)))
    assert time.process_time() - began < 10
