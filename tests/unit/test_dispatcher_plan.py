# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.attributes import same_attrs
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import (
    clear_probing,
    plan_destinations,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from unit.test_dispatcher_document import LINES

LIST = b"# gateways\n1 sip:a 8 10 weight=50;duid=x # east\r\n1\tsip:b\t0\n\n2 sip:c\n# end"


def plan(data: bytes, *entries: dict[str, Any], purge: str = "none", **options: bool) -> bytes:
    return plan_destinations(data, parse_wishes(entries), purge, "list", **options).data


# what is wanted, and the bytes that it replaces: old, new
EDITS = [
    ({"setid": 1, "uri": "sip:a", "flags": "AX"}, b"sip:a 8 10", b"sip:a 0 10"),
    ({"setid": 1, "uri": "SIP:A", "flags": 9}, b"sip:a 8 10", b"sip:a 9 10"),
    ({"setid": 1, "uri": "SIP:a", "priority": "7"}, b"8 10 w", b"8 7 w"),
    ({"setid": 1, "uri": "sip:a", "attrs": {"weight": 51, "duid": "x"}}, b"weight=50", b"weight=51"),
    ({"setid": 1, "uri": "sip:a", "attrs": ""}, b" weight=50;duid=x", b""),
    ({"setid": 1, "uri": "sip:b", "flags": ["probing"]}, b"sip:b\t0", b"sip:b\t8"),
    ({"setid": 1, "uri": "sip:b", "priority": 3}, b"sip:b\t0", b"sip:b\t0 3"),
    ({"setid": 1, "uri": "sip:b", "attrs": "a=1"}, b"sip:b\t0", b"sip:b\t0 0 a=1"),
    ({"setid": 2, "uri": "sip:c", "flags": "IP"}, b"sip:c", b"sip:c 9"),
    ({"setid": 2, "uri": "sip:c", "state": "absent"}, b"2 sip:c\n", b""),
    ({"setid": 1, "uri": "sip:d", "flags": 8}, b"sip:b\t0\n", b"sip:b\t0\n1\tsip:d\t8\t0\r\n"),
    ({"setid": 3, "uri": "sip:d"}, b"# end", b"# end\r\n3 sip:d 0 0\r\n"),
]


@pytest.mark.parametrize(("entry", "old", "new"), EDITS)
def test_an_edit_changes_its_bytes_and_no_others(entry: dict[str, Any], old: bytes, new: bytes) -> None:
    data = LIST.replace(b"\n", b"\r\n", 1) if b"\r\n" in new else LIST
    assert data.count(old) == 1
    result = plan(data, entry)
    assert result == data.replace(old, new)
    assert plan(result, entry) == result


# the neighbour, and the new line beside it
STYLES = [
    (b"1 sip:a\n", b"1 sip:new 8 0 a=1\n"),
    (b"1\tsip:a\t0\n", b"1\tsip:new\t8\t0\ta=1\n"),
    (b"  1   sip:abcdef   8   0   w=1 # c\n", b"  1   sip:new      8   0   a=1\n"),
    (b"1   sip:a 8 0   w=1\n", b"1   sip:new 8 0 a=1\n"),
    (b"1 sip:a 8junk\n", b"1 sip:new 8 0 a=1\n"),
]


@pytest.mark.parametrize(("neighbour", "line"), STYLES)
def test_a_new_line_has_the_style_of_its_neighbour(neighbour: bytes, line: bytes) -> None:
    entry = {"setid": 1, "uri": "sip:new", "flags": 8, "attrs": "a=1"}
    assert plan(neighbour + b"# end\n", entry) == neighbour + line + b"# end\n"


SAME = [
    {"setid": 1, "uri": "sip:a", "flags": 8},
    {"setid": 1, "uri": "sip:a", "flags": "ap", "priority": 10},
    {"setid": "1", "uri": "sip:a", "flags": ["active", "probing"], "attrs": {"duid": "x", "weight": "50"}},
    {"setid": 1, "uri": "sip:a", "attrs": "DUID=x;weight=50;"},
    {"setid": 1, "uri": "sip:a", "attrs": 'weight="50";duid=x'},
    {"setid": 2, "uri": "sip:C", "flags": "AX", "priority": 0, "attrs": {}},
    {"setid": 9, "uri": "sip:a", "state": "absent"},
]


@pytest.mark.parametrize("entry", SAME)
def test_the_same_meaning_is_no_change(entry: dict[str, Any]) -> None:
    assert plan(LIST, entry) is LIST


MISREAD = [
    (b"1 sip:a AP\n", b"1 sip:a 8 0\n"),
    (b"1 sip:a 0x8\n", b"1 sip:a 8\n"),
    (b"1 sip:a 8junk\n", b"1 sip:a 8junk\n"),
    (b"1 sip:a 9junk\n", b"1 sip:a 8 0 junk\n"),
    (b"1 sip:a -1\n", b"1 sip:a 8 0 -1\n"),
    (b"1 sip:a#9\n", b"1 sip:a 8#9\n"),
    (b"1sip:a\n", b"1sip:a 8\n"),
]


@pytest.mark.parametrize(("before", "after"), MISREAD)
def test_flags_of_a_line_that_the_server_misreads(before: bytes, after: bytes) -> None:
    entry = {"setid": 1, "uri": "sip:a", "flags": 8}
    assert plan(before, entry) == after
    assert plan(after, entry) == after


def test_purge() -> None:
    entry = {"setid": 1, "uri": "sip:a"}
    assert plan(LIST, entry, purge="none") == LIST
    assert plan(LIST, entry, purge="set") == LIST.replace(b"1\tsip:b\t0\n", b"")
    assert plan(LIST, entry, purge="file") == LIST.replace(b"1\tsip:b\t0\n", b"").replace(b"2 sip:c\n", b"")
    assert plan(LIST, purge="file") == b"# gateways\n\n# end"
    assert plan(LIST, purge="set") == LIST


def test_the_last_line_is_replaced_without_a_gap() -> None:
    wishes = [{"setid": 1, "uri": "sip:b", "state": "absent"}, {"setid": 1, "uri": "sip:c"}]
    assert plan(b"1 sip:a\n1 sip:b", *wishes) == b"1 sip:a\n1 sip:c 0 0\n"


def test_one_uri_several_times_needs_a_duid() -> None:
    data = b"1 sip:a 0 0 duid=x\n1 sip:a 0 0 duid=y\n"
    with pytest.raises(KamailioError, match=r"list:1: destinations\[0\]: set 1, sip:a stands 2 times .* lines 1, 2"):
        plan(data, {"setid": 1, "uri": "sip:a", "flags": 8})
    assert plan(data, {"setid": 1, "uri": "sip:a", "flags": 8, "attrs": "duid=y"}) == data.replace(
        b"0 0 duid=y", b"8 0 duid=y"
    )
    assert plan(data, {"setid": 1, "uri": "sip:a", "state": "absent", "attrs": "duid=x"}) == b"1 sip:a 0 0 duid=y\n"
    assert plan(data, {"setid": 1, "uri": "sip:a", "state": "absent"}) == b""


@pytest.mark.parametrize(
    ("data", "entry", "message"),
    [
        (
            b"",
            {"setid": 1, "uri": "sip:a", "attrs": "a=" + "x" * 1010},
            "list: set 1, sip:a would take a line of 1025 bytes, and the server cuts lines at 1023",
        ),
        (
            b"1 sip:a 0 0 a=1 Node 1\n",
            {"setid": 1, "uri": "sip:a", "attrs": {}},
            "list:1: after the change the server would read 'Node' as the attributes of set 1, sip:a",
        ),
        (
            b"1 sip:a 0 0 " + b"x" * 1100 + b"\n",
            {"setid": 1, "uri": "sip:a", "priority": 100},
            "list:1: the line of set 1, sip:a is longer than 1023 bytes",
        ),
    ],
)
def test_what_the_server_would_misread_is_refused(data: bytes, entry: dict[str, Any], message: str) -> None:
    with pytest.raises(KamailioError) as caught:
        plan(data, entry)
    assert message in caught.value.render()


def test_clear_probing_takes_the_bit_and_nothing_else() -> None:
    data = b"1 sip:a 8 0 a=b #c\n1 sip:b 0x9\n1 sip:c 0\n"
    assert clear_probing(data, (6, 1), "list") == b"1 sip:a 0 0 a=b #c\n1 sip:b 1\n1 sip:c 0\n"
    assert clear_probing(data, (5, 6), "list") == b"1 sip:a 0 0 a=b #c\n1 sip:b 0x9\n1 sip:c 0\n"


URIS = st.sampled_from(["sip:a", "sip:b", "sip:c;transport=tcp", "SIP:A", "c:5060"])
VALUES = st.one_of(
    st.integers(0, 100), st.text("abcé-._~:;,'", min_size=1, max_size=5).filter(lambda one: "'" not in one)
)
ENTRIES = st.fixed_dictionaries(
    {"setid": st.integers(0, 3), "uri": URIS},
    optional={
        "flags": st.integers(0, 63),
        "priority": st.integers(0, 2147483647),
        "attrs": st.dictionaries(st.sampled_from(["duid", "weight", "x"]), VALUES),
        "state": st.sampled_from(["present", "absent"]),
    },
)


@given(LINES | st.just(LIST), st.lists(ENTRIES, max_size=4), st.sampled_from(["none", "set", "file"]))
def test_any_wish_is_met_or_refused_and_met_once(data: bytes, entries: list[dict[str, Any]], purge: str) -> None:
    try:
        wishes = parse_wishes(entries)
        result = plan_destinations(data, wishes, purge, "list").data
    except KamailioError as exc:
        assert all(problem.text for problem in exc.problems)
        return
    assert plan_destinations(result, wishes, purge, "list").data == result
    for version in ((5, 6), (6, 1)):
        found = {}
        for one in parse_document(result, version).destinations:
            # The URIs of URIS are sip: or have no scheme, and the server adds it to those of five bytes or more.
            uri = one.uri.lower()
            known_as = uri if uri.startswith(b"sip:") or len(uri) < 5 else b"sip:" + uri
            found.setdefault((one.setid, known_as), []).append(one)
        for wish in wishes:
            uri = wish.uri.lower()
            matches = found.get((wish.setid, uri if uri.startswith(b"sip:") else b"sip:" + uri), [])
            if not wish.present:
                assert not matches or wish.mark is not None
                continue
            assert any(
                (wish.flags is None or one.flags == wish.flags)
                and (wish.priority is None or one.priority == wish.priority)
                and (wish.attrs is None or same_attrs(one.attrs, wish.attrs.text))
                for one in matches
            )
    kept = set(result.split(b"\n"))
    for line in data.split(b"\n"):
        if line.lstrip(b" \t\r").startswith(b"#") and len(line) < 1000:
            assert line in kept or line + b"\r" in kept
