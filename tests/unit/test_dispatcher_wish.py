# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.attributes import (
    change_attrs,
    read_attrs,
    render_attr,
    same_attrs,
)
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
    ("uri", "sip:alice:********@a", "holds ********, as which results show a secret"),
    ("attrs", "duid=a;auth_pw=********", "holds ********, as which results show a secret"),
    ("attrs", {"auth_pw": "********"}, "holds ********, as which results show a secret"),
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
    ("attrs", "a;;b", "has a value without a name"),
    ("attrs", 'a="b"c', "is not name=value;name=value"),
    ("attrs", ["a=1"], "is neither a mapping nor text"),
    ("attrs", {"weight": 0}, "weight '0' is not from 1 to 100"),
    ("attrs", "rweight=101", "rweight '101' is not from 1 to 100"),
    ("attrs", "weight=000000001000", "weight '000000001000' is not from 1 to 100"),
    ("attrs", "weight=", "weight '' is not from 1 to 100"),
    ("attrs", "=5", "has a value without a name"),
    ("attrs", {"a": 1, "A": 2}, "names an attribute twice"),
    ("attrs", {"a": "b c"}, "holds white space"),
    ("attrs", {"a": "b\nc"}, "holds white space"),
    ("attrs", {"a": True}, "a is neither text nor a number"),
    ("attrs", {"a": "\"b'"}, "a holds both kinds of quotes"),
    ("attrs", {"a b": 1}, "'a b' is not a name"),
    ("attrs", {"a;b": 1}, "'a;b' is not a name"),
    ("attrs", {5: 1}, "'5' is not a name"),
    ("uri", "gw1", "would be skipped by the server: it has no scheme"),
    ("uri", "sip:10.0.0.1:99999", "its port is not a number from 0 to 65535"),
    ("uri", "sip:2001:db8::1", "an IPv6 address needs brackets"),
    ("uri", "sip:[2001:db8::1", "its [ is not closed"),
    ("uri", "http://10.0.0.1", "its port is not a number"),
    ("description", 5, "is not text"),
    ("description", "a\n1 sip:evil", "is more than one line"),
    ("description", "x" * 1100, "is 1100 bytes long"),
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
    entries = [{"setid": "x", "uri": ""}, {}, "text", {"setid": 1, "uri": "sip:a"}, {"setid": 1, "uri": "SIP:A"}]
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
    assert "destinations[3] and destinations[4] are the same destination: set 1, SIP:A" in texts[-1]


@pytest.mark.parametrize(
    ("attrs", "text"),
    [
        ({"weight": 50, "duid": "a"}, b"weight=50;duid=a"),
        ({"a": "x;y", "b": "x,y"}, b'a="x;y";b="x,y"'),
        ({"a": '"x;y"'}, b"a='\"x;y\"'"),
        ({"a": 'x"y\\'}, b'a=x"y\\'),
        ({"a": ""}, b'a=""'),
        ({"flag": None, "a": 1.5}, b"a=1.5"),
        ({"a": "é#b"}, "a=é#b".encode()),
        ("a=1;b", b"a=1;b"),
        ("a=1;", b"a=1;"),
    ],
)
def test_attributes_are_written(attrs: Any, text: bytes) -> None:
    (wish,) = parse_wishes([{"setid": 1, "uri": "sip:a", "attrs": attrs}])
    assert wish.attrs and wish.attrs.text == text


def test_attributes_mean_the_same() -> None:
    assert same_attrs(b"a=1;b=2", b"B=2;a='1';")
    assert not same_attrs(b"a=1;b=2", b"a=1")
    assert not same_attrs(b"a=1;a=2", b"a=2;a=1")
    assert not same_attrs(b"a", b"a=1")
    assert not same_attrs(b"a=1,b", b"a=1")
    assert not same_attrs(b'a="1', b"a=1")


# text, what is wanted, whether others stay, the text afterwards
CHANGES = [
    (b"duid=a;weight=50;x=1", {b"weight": b"60"}, True, b"duid=a;weight=60;x=1"),
    (b"duid=a;weight=50;x=1", {b"weight": b"60"}, False, b"weight=60"),
    (b"duid=a;weight=50;x=1", {b"x": b"1", b"duid": b"b"}, False, b"duid=b;x=1"),
    (b"duid=a;weight=50;", {b"x": b"1"}, True, b"duid=a;weight=50;x=1"),
    (b"duid=a;weight=50;", {b"DUID": b"b"}, True, b"duid=b;weight=50;"),
    (b"duid='a';y=\"1;2\"", {b"duid": b"a", b"y": b"2"}, True, b"duid='a';y=2"),
    (b"duid=a;weight=50", {b"duid": None}, True, b"weight=50"),
    (b"duid=a", {b"duid": None, b"cc": None}, True, b""),
    (b"a=1;a=2;b=3", {b"a": b"5"}, True, b"a=5;a=2;b=3"),
    (b"a=1;a=2;b=3", {b"a": b"5"}, False, b"a=5"),
    (b"flag;b=3", {b"flag": b"1"}, True, b"flag=1;b=3"),
    (b"", {b"flag": b"1"}, True, b"flag=1"),
    (b'a="1', {b"b": b"2"}, False, b"b=2"),
]


@pytest.mark.parametrize(("text", "wish", "keep", "after"), CHANGES)
def test_attributes_keep_their_order_and_bytes(text: bytes, wish: Any, keep: bool, after: bytes) -> None:
    assert change_attrs(text, wish, keep) == after
    assert change_attrs(after, wish, keep) == after


@pytest.mark.parametrize("text", [b'a="1', b"a=1,b", b"a;;", b'a="b"c'])
def test_attributes_that_the_server_does_not_read_are_not_merged(text: bytes) -> None:
    with pytest.raises(ValueError):
        change_attrs(text, {b"b": b"2"}, True)


@given(st.text(st.characters(exclude_categories=("Z", "C")), max_size=12))
def test_a_value_comes_back(value: str) -> None:
    try:
        name, written = render_attr("name", value)
    except ValueError:
        assert '"' in value and "'" in value
        return
    assert read_attrs(b"a=1;%s=%s;b=2" % (name, written)).value(b"name") == value.encode()
