# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.attributes import parse_attrs, same_attrs
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.flags import (
    parse_flags,
    render_letters,
    render_names,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (8, 8),
        ("8", 8),
        ("AP", 8),
        ("ax", 0),
        ("IX", 1),
        ("IP", 9),
        ("TX", 2),
        ("TP", 10),
        ("DX", 4),
        ("DP", 12),
        ("AN", 32),
        ("probing", 8),
        (["probing"], 8),
        (["active", "probing"], 8),
        (["inactive", "probing"], 9),
        (["no_dns", "no_ping"], 48),
        ([], 0),
        (63, 63),
    ],
)
def test_flags(written: Any, number: int) -> None:
    assert parse_flags(written) == number


@pytest.mark.parametrize(
    "written", ["AB", "P", "APX", "", "0x8", "-1", 64, -1, True, 8.0, ["AP"], ["active", "inactive"], [8], {"P": 1}]
)
def test_flags_that_are_none(written: Any) -> None:
    with pytest.raises(ValueError):
        parse_flags(written)


@given(st.integers(0, 63))
def test_flags_names_come_back(number: int) -> None:
    assert parse_flags(render_names(number)) == number


@given(st.sampled_from("AIDT"), st.sampled_from("PNX"))
def test_flags_letters_come_back(state: str, mode: str) -> None:
    assert render_letters(parse_flags(state + mode)) == state + mode


# field, value, message
BAD = [
    ("setid", "x", "'x' is not a whole number"),
    ("setid", -1, "'-1' is not a whole number"),
    ("setid", True, "'True' is not a whole number"),
    ("setid", 1.5, "'1.5' is not a whole number"),
    ("setid", 2147483648, "2147483648 is too large"),
    ("setid", "9" * 5000, "is too large"),
    ("setid", "1\n2 sip:evil", "is not a whole number"),
    ("priority", "high", "'high' is not a whole number"),
    ("priority", 99999999999, "99999999999 is too large"),
    ("uri", "", "is not a URI"),
    ("uri", 5060, "is not a URI"),
    ("uri", "sip:a b", "'sip:a b' holds ' '"),
    ("uri", "sip:a\n1 sip:b", r"holds '\n'"),
    ("uri", "sip:a\r", r"holds '\r'"),
    ("uri", "sip:a\x00", r"holds '\x00'"),
    ("uri", "sip:a#8", "holds '#'"),
    ("uri", "sip:a\u2028", r"holds '\u2028'"),
    ("flags", "APS", "'APS' is not a number"),
    ("flags", "QP", "'QP' is not a number"),
    ("flags", 256, "256 is out of range"),
    ("attrs", "#c", "begins with #"),
    ("attrs", "a=1 b=2", "holds white space"),
    ("attrs", "a=1\n1 sip:b", "holds white space"),
    ("attrs", "a=;b=1", "is not name=value;name=value"),
    ("attrs", 'a="1', "is not name=value;name=value"),
    ("attrs", "a=1,2", "is not name=value;name=value"),
    ("attrs", "a;;b", "is not name=value;name=value"),
    ("attrs", 'a="b"c', "is not name=value;name=value"),
    ("attrs", ["a=1"], "is neither a mapping nor text"),
    ("attrs", {"a": ""}, "a is empty"),
    ("attrs", {"a": "b c"}, "holds white space"),
    ("attrs", {"a": "b\nc"}, "holds white space"),
    ("attrs", {"a": True}, "a is neither text nor a number"),
    ("attrs", {"a": 'b"'}, "a holds a quote"),
    ("attrs", {"a b": 1}, "'a b' is not a name"),
    ("attrs", {"a;b": 1}, "'a;b' is not a name"),
    ("attrs", {5: 1}, "'5' is not a name"),
    ("state", "gone", "'gone' is neither present nor absent"),
    ("weight", 5, "is not known"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD)
def test_bad_field_is_named_with_its_index(field: str, value: Any, message: str) -> None:
    entry = {"setid": 1, "uri": "sip:a", field: value}
    with pytest.raises(KamailioError) as caught:
        parse_wishes([{"setid": 1, "uri": "sip:ok"}, entry])
    (problem,) = caught.value.problems
    assert problem.text.startswith("destinations[1]." + field + " ")
    assert message in problem.text
    assert "\n" not in problem.render()


def test_all_problems_at_once() -> None:
    entries = [{"setid": "x", "uri": ""}, {}, "text", {"setid": 1, "uri": "sip:a"}, {"setid": 1, "uri": "A"}]
    with pytest.raises(KamailioError) as caught:
        parse_wishes(entries)  # type: ignore[arg-type]
    texts = [problem.text for problem in caught.value.problems]
    assert [text.split(" ")[0] for text in texts] == [
        "destinations[0].setid",
        "destinations[0].uri",
        "destinations[1].setid",
        "destinations[1].uri",
        "destinations[2]",
        "destinations[3]",
    ]
    assert "destinations[3] and destinations[4] are the same destination: set 1, A" in texts[-1]


@pytest.mark.parametrize(
    ("attrs", "text"),
    [
        ({"weight": 50, "duid": "a"}, b"weight=50;duid=a"),
        ({"a": "x;y", "b": "x,y"}, b'a="x;y";b="x,y"'),
        ({"a": '"x;y"'}, b'a="x;y"'),
        ({"flag": None, "a": 1.5}, b"flag;a=1.5"),
        ({"a": "é#b"}, "a=é#b".encode()),
        ("a=1;b", b"a=1;b"),
        ("a=1;", b"a=1;"),
    ],
)
def test_attributes_are_written(attrs: Any, text: bytes) -> None:
    (wish,) = parse_wishes([{"setid": 1, "uri": "sip:a", "attrs": attrs}])
    assert wish.attrs == text


def test_attributes_mean_the_same() -> None:
    assert same_attrs(b"a=1;b=2", b"B=2;a='1';")
    assert not same_attrs(b"a=1;b=2", b"a=1")
    assert not same_attrs(b"a=1;a=2", b"a=2;a=1")
    assert not same_attrs(b"a", b"a=1")
    assert not same_attrs(b"a=1,b", b"a=1")
    assert parse_attrs(b"") == ()
