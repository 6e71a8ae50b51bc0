# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of a routing script, and its blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config import calls as reader
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.defines import Defines
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files


def evaluated(text: str) -> Evaluation:
    return evaluate("/k.cfg", text.encode(), no_files, Version(6, 1))


def shown(text: str) -> list[tuple[str, tuple[bytes | None, ...]]]:
    return [(call.name, call.args) for call in evaluated(text).calls]


ARGUMENTS: dict[str, tuple[bytes | None, ...]] = {
    "()": (),
    "( )": (),
    '("1", "4")': (b"1", b"4"),
    "(1, 4)": (b"1", b"4"),
    "(-1)": (b"-1",),
    "(0x4)": (b"0x4",),
    "('1')": (b"1",),
    '("1" "4")': (b"14",),
    '("a,b", "(")': (b"a,b", b"("),
    r'("a\"b")': (b'a"b',),
    '("$var(x)")': (b"$var(x)",),
    "($var(x), 4)": (None, b"4"),
    "($(var(x){s.int}), 4)": (None, b"4"),
    "(1 + 1, 4)": (None, b"4"),
    "((1), 4)": (None, b"4"),
    "(4, g(1, 2))": (b"4", None),
    "(, 4)": (None, b"4"),
    "(ROUTE)": (b"ROUTE",),
    "(SET, FOUR)": (b"5", b"4"),
    "(/* one */ 1, # two\n 2)": (b"1", b"2"),
    '("1",\n#!ifdef SET\n"4"\n#!else\n"8"\n#!endif\n)': (b"1", b"4"),
}


@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize(
    "around",
    [
        "f%s;",
        "if(!f%s) exit;",
        "if (a && (f%s || b)) { exit; }",
        "$var(x) = f%s;",
        "{ { f%s; } }",
        "x = 1 f\n%s;",
        "F%s;",
    ],
)
def test_arguments(arguments: str, around: str) -> None:
    defines = '#!define SET 5\n#!define FOUR "4"\n#!define F f\n'
    found = shown(defines + "route[A] {\n" + around % arguments + "\n}")
    assert ("f", ARGUMENTS[arguments]) in found
    assert [name for name, _args in found if name != "g"] == ["f"]


@pytest.mark.parametrize(
    "text",
    [
        "f;",
        "# f(1)\n",
        "// f(1)\n",
        "/* f(1) */",
        '"f(1)";',
        "'f(1)';",
        "$f(1);",
        "$(f(1));",
        "#!ifdef NO\nf(1);\n#!endif\n",
        "if (1) exit;",
        "while($x(1)) { break; }",
        "switch (1) { case 1: exit; }",
        "return(1);",
        "f; (1);",
        "f } route[B] { (1)",
    ],
)
def test_what_calls_nothing(text: str) -> None:
    assert shown("request_route {\n" + text + "\n}") == []


def test_calls_outside_of_routes_are_none() -> None:
    assert shown("x = f(1)\nsocket = { f(1) }\nroute[A] { g(1); }") == [("g", (b"1",))]


def test_calls_of_defines_and_substitutions() -> None:
    text = (
        "#!define FAIL ds_mark_dst(\"ip\"); exit;\n#!substdef '!SETID!7!g'\n"
        'request_route { ds_select_dst("SETID", "4"); FAIL }'
    )
    first, second = evaluated(text).calls
    assert (first.name, first.args) == ("ds_select_dst", (b"7", b"4"))
    assert (second.name, second.args, second.place.define, second.place.line) == ("ds_mark_dst", (b"ip",), "FAIL", 3)


BLOCKS = {
    "request_route": "request_route",
    "route": "request_route",
    "route[0]": "request_route",
    "route[RELAY]": "route[RELAY]",
    'route["RELAY"]': "route[RELAY]",
    "failure_route[X]": "failure_route[X]",
    "onreply_route": "reply_route",
    "onreply_route[1]": "reply_route[1]",
    "reply_route [ 1 ]": "reply_route[1]",
    "branch_route[1]": "branch_route[1]",
    "event_route[xhttp:request]": "event_route[xhttp:request]",
    "event_route[tm:branch-failure:x]": "event_route[tm:branch-failure:x]",
}


@pytest.mark.parametrize("header", BLOCKS)
def test_blocks(header: str) -> None:
    evaluation = evaluated("\n" + header + " {\n f(1); }\n")
    (call,) = evaluation.calls
    assert call.block == BLOCKS[header]
    assert (call.place.line, call.place.column) == (3, 2)
    assert {name: place.line for name, place in evaluation.routes.items()} == {BLOCKS[header]: 2}


def test_calls_in_included_files() -> None:
    files = {"/inner.cfg": b"f(1);\n", "/outer.cfg": b"route[B] { g(2); }\n"}
    text = b'request_route {\n#!include_file "inner.cfg"\n}\ninclude_file "outer.cfg"\n'
    evaluation = evaluate("/k.cfg", text, files.get, Version(6, 1))
    assert [(call.name, call.block, call.place.path, call.place.line) for call in evaluation.calls] == [
        ("f", "request_route", "/inner.cfg", 1),
        ("g", "route[B]", "/outer.cfg", 1),
    ]


@pytest.mark.parametrize("inactive", ["f(1);", "}\nroute[X] {", '#!include_file "x.cfg"\n'])
def test_what_only_the_server_knows_may_hold_calls(inactive: str) -> None:
    text = "#!ifexp $env(X) == 1\n#!endif\nrequest_route {\n%s\n%s\n#!endif\n}"
    assert not evaluated(text % ("#!ifdef NO", inactive)).hides_calls
    assert evaluated("#!trydefenv X\n" + text % ("#!ifdef X", inactive)).hides_calls
    assert not evaluated("#!trydefenv X\n" + text % ("#!ifdef X", "$x = 1;")).hides_calls


@pytest.mark.parametrize(
    "text", ["f();" * 60_000, "f(" + "a," * 3_000 + ");", "f" + "(" * 3_000], ids=["calls", "arguments", "parentheses"]
)
def test_of_what_is_too_much_not_all_is_kept(text: str) -> None:
    evaluation = evaluated("request_route { g(); %s }" % text)
    assert evaluation.hides_calls
    assert evaluation.calls[0].name == "g" and len(evaluation.calls) <= reader.MOST_CALLS


def test_a_string_next_to_a_define_leaves_nothing_undecided() -> None:
    assert not evaluated('#!define X "a"\nrequest_route { f(X "b"); }').undecided


PIECES = [
    "f",
    "if",
    "g2",
    " ",
    "\n",
    "(",
    ")",
    ",",
    ";",
    "{",
    "}",
    "1",
    "-",
    '"a"',
    "'('",
    "$x",
    "$x(",
    "#c\n",
    "/*c*/",
    "//(\n",
    "/",
    "!",
    "NAME",
    "#!ifdef NAME\n",
    "#!else\n",
    "#!endif\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_text_that_is_passed_over_holds_no_call(pieces: list[str]) -> None:
    text = "#!define NAME f\nrequest_route {" + "".join(pieces) + "}\nroute[B] { f(2); }"
    quick = evaluated(text)
    with pytest.MonkeyPatch.context() as patched:
        # As if a define held calls: then every token is looked at.
        patched.setattr(Defines, "any_calls", property(lambda _self: True, lambda _self, _value: None), raising=False)
        slow = evaluated(text)
    if not slow.problems:
        assert quick.calls == tuple(call._replace(place=_order_of(quick, call.place)) for call in slow.calls)
    assert list(quick.routes) == list(slow.routes)


def _order_of(evaluation: Evaluation, place: reader.Place) -> reader.Place:
    """The place with the order that it has in another evaluation, which counts fewer tokens."""
    return next((call.place for call in evaluation.calls if call.place._replace(order=place.order) == place), place)
