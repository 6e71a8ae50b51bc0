# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.attributes import same_attrs
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.description import (
    described,
    description_above,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import (
    Purge,
    clear_probing,
    plan_destinations,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from unit.test_dispatcher_document import LINES

LIST = b"# gateways\n1 sip:a 8 10 weight=50;duid=x # east\r\n1\tsip:b\t0\n\n2 sip:c\n# end"


def plan(data: bytes, *entries: dict[str, Any], purge: Purge = "none", **options: bool) -> bytes:
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
    assert clear_probing(data, Version(6, 1), range(9), "list") == b"1 sip:a 0 0 a=b #c\n1 sip:b 1\n1 sip:c 0\n"
    assert clear_probing(data, Version(5, 6), range(9), "list") == b"1 sip:a 0 0 a=b #c\n1 sip:b 0x9\n1 sip:c 0\n"


SHARED = b"1 sip:a 0 0 duid=x\n1 sip:a 0 0 socket=udp:h\n1 sip:a 0 0 duid=y;socket=udp:h\n1 sip:b\n"


@pytest.mark.parametrize(
    ("attrs", "old", "new"),
    [
        ("duid=x", b"0 0 duid=x", b"8 0 duid=x"),
        ({"socket": "udp:h"}, b"0 0 socket", b"8 0 socket"),
        ({"duid": "y", "socket": "udp:h"}, b"0 0 duid=y", b"8 0 duid=y"),
        ({"duid": "z"}, b"udp:h\n1 sip:b", b"udp:h\n1 sip:b\n1 sip:a 8 0 duid=z"),
    ],
)
def test_duid_else_socket_tells_apart(attrs: Any, old: bytes, new: bytes) -> None:
    entry = {"setid": 1, "uri": "sip:a", "flags": 8, "attrs": attrs}
    if attrs == {"socket": "udp:h"}:
        with pytest.raises(KamailioError, match="lines 2, 3"):
            plan(SHARED, entry)
        assert plan(SHARED.replace(b";socket=udp:h", b""), entry) == SHARED.replace(b";socket=udp:h", b"").replace(
            old, new
        )
    else:
        assert plan(SHARED, entry) == SHARED.replace(old, new)


def test_one_without_duid_is_given_it() -> None:
    entries = [{"setid": 1, "uri": "sip:b", "attrs": {"duid": name}} for name in ("p", "q")]
    assert plan(b"1 sip:b 8\n", *entries) == b"1 sip:b 8 0 duid=p\n1 sip:b 0 0 duid=q\n"


def test_another_duid_is_not_guessed_at() -> None:
    entry = {"setid": 1, "uri": "sip:a", "attrs": {"duid": "new"}}
    old = {"setid": 1, "uri": "sip:a", "attrs": {"duid": "old"}}
    data = b"1 sip:a 8 0 duid=old\n"
    with pytest.raises(KamailioError, match=r"list:1: destinations\[0\]: set 1, sip:a is there with duid=old, and is"):
        plan(data, entry)
    assert plan(data, entry, old) == data + b"1 sip:a 0 0 duid=new\n"
    assert plan(data, {**old, "state": "absent"}, entry) == b"1 sip:a 0 0 duid=new\n"
    assert plan(data, entry, purge="set") == b"1 sip:a 0 0 duid=new\n"


def test_entries_for_one_uri_need_their_own_duid() -> None:
    for attrs in (None, {"duid": "x"}):
        with pytest.raises(KamailioError, match=r"destinations\[0\] and destinations\[1\] are the same destination"):
            plan(
                b"", {"setid": 1, "uri": "sip:a", "attrs": {"duid": "x"}}, {"setid": 1, "uri": "sip:a", "attrs": attrs}
            )


# attributes of the file, what is wanted, replaced, merged
ATTRS = [
    (b"duid=a;weight=50;x=1", {"weight": 60}, b"weight=60", b"duid=a;weight=60;x=1"),
    (b"x=1;duid=a", {"duid": "a", "y": "2"}, b"duid=a;y=2", b"x=1;duid=a;y=2"),
    (b"x=1;duid=a", {"x": None}, b"", b"duid=a"),
    (b'x="1;2";y=a;', "y=b", b"y=b;", b'x="1;2";y=b;'),
    (b"", {"x": "1,2"}, b'x="1,2"', b'x="1,2"'),
]


@pytest.mark.parametrize(("before", "wanted", "replaced", "merged"), ATTRS)
def test_attributes_are_replaced_or_merged(before: bytes, wanted: Any, replaced: bytes, merged: bytes) -> None:
    entry = {"setid": 1, "uri": "sip:a", "attrs": wanted}
    for merge, attrs in ((False, replaced), (True, merged)):
        data = b"1 sip:a 0 0 " + before + b"\n"
        result = plan(data, entry, merge=merge)
        (destination,) = parse_document(result, Version(6, 1)).destinations
        assert destination.attrs == attrs
        assert plan(result, entry, merge=merge) == result


def test_new_sets_and_more_of_the_last_one() -> None:
    entries = [{"setid": 1, "uri": "sip:a"}, {"setid": 2, "uri": "sip:c"}]
    for ones in (entries, entries[::-1]):
        assert plan(b"2 sip:b\n", *ones) == b"2 sip:b\n2 sip:c 0 0\n1 sip:a 0 0\n"


def test_a_last_line_loses_its_attributes_and_another_one_follows() -> None:
    entries = [{"setid": 1, "uri": "sip:a", "attrs": {}}, {"setid": 2, "uri": "sip:b"}]
    assert plan(b"1 sip:a 8 0 x=1", *entries) == b"1 sip:a 8 0\n2 sip:b 0 0\n"


def test_an_empty_value_moves_off_the_end_in_quotes() -> None:
    entry = {"setid": 1, "uri": "sip:a", "attrs": {"maxload": 7}}
    merged = plan(b"1 sip:a 0 0 weight=5;duid=\n", entry, merge=True)
    assert merged == b'1 sip:a 0 0 weight=5;duid="";maxload=7\n' and plan(merged, entry, merge=True) == merged
    entry = {"setid": 1, "uri": "sip:a", "attrs": "a=1;b="}
    replaced = plan(b"1 sip:a 0 0 b=2;a=1\n", entry)
    assert replaced == b'1 sip:a 0 0 b="";a=1\n' and plan(replaced, entry) == replaced


@pytest.mark.parametrize("attrs", ["noproxy", "A=1;a=2"])
def test_text_that_cannot_be_merged_is_met_once(attrs: str) -> None:
    entry = {"setid": 1, "uri": "sip:a", "attrs": attrs}
    written = plan(b"", entry, merge=True)
    assert plan(written, entry, merge=True) == written == b"1 sip:a 0 0 %s\n" % attrs.encode()
    with pytest.raises(KamailioError, match="cannot be merged"):
        plan(b"1 sip:a 0 0 b=1\n", entry, merge=True)


BOTH = b"1 sip:a 0 0 duid=x;socket=udp:h\n1 sip:a 0 0 duid=y\n"


@pytest.mark.parametrize("ensure_order", [False, True])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_two_entries_for_one_destination_are_refused(state: str, ensure_order: bool) -> None:
    entries = [
        {"setid": 1, "uri": "sip:a", "attrs": {"duid": "x"}, "flags": 8},
        {"setid": 1, "uri": "sip:a", "attrs": {"socket": "udp:h"}, "flags": 9, "state": state},
    ]
    with pytest.raises(KamailioError, match=r"list:1: destinations\[0\] and destinations\[1\] are both this destina"):
        plan(BOTH, *entries, ensure_order=ensure_order)
    entries[0]["attrs"] = {"duid": "x", "socket": "udp:h"}
    with pytest.raises(KamailioError, match=r"destinations\[0\] and destinations\[1\] are the same destination"):
        plan(b"", *entries, ensure_order=ensure_order)


def test_attributes_that_cannot_be_merged() -> None:
    entries = [{"setid": 1, "uri": "sip:" + name, "attrs": {"x": 1}} for name in "ab"]
    with pytest.raises(KamailioError) as caught:
        plan(b'1 sip:a 0 0 a="1\n1 sip:b 0 0 a=1,b\n', *entries, merge=True)
    assert [problem.line for problem in caught.value.problems] == [1, 2]
    assert "destinations[0].attrs cannot be merged: the quote of a is not closed" in caught.value.render()


DESCRIBED = b"# all of Berlin\n#: rack 1\n1 sip:a 8\n# old text\n1 sip:b 8\n1 sip:c 8\n# 1 sip:d 8\n"


@pytest.mark.parametrize(
    ("entry", "old", "new"),
    [
        ({"uri": "sip:a", "description": "rack 2"}, b"rack 1", b"rack 2"),
        ({"uri": "sip:a", "description": ""}, b"#: rack 1\n", b""),
        ({"uri": "sip:a", "state": "absent"}, b"#: rack 1\n1 sip:a 8\n", b""),
        ({"uri": "sip:b", "description": "old text"}, b"", b""),
        ({"uri": "sip:b", "description": "new text"}, b"old text\n", b"old text\n#: new text\n"),
        ({"uri": "sip:b", "state": "absent"}, b"1 sip:b 8\n", b""),
        ({"uri": "sip:c", "description": " 1 sip:x "}, b"1 sip:c", b"#: 1 sip:x\n1 sip:c"),
        ({"uri": "sip:e", "description": "new"}, b"sip:c 8\n", b"sip:c 8\n#: new\n1 sip:e 0\n"),
    ],
)
def test_description_is_a_comment_above(entry: dict[str, Any], old: bytes, new: bytes) -> None:
    entry = {"setid": 1, **entry}
    result = plan(DESCRIBED, entry)
    assert result == DESCRIBED.replace(old, new).replace(b"sip:e 0\n", b"sip:e 0 0\n")
    assert plan(result, entry) == result


def test_descriptions_on_several_lines_are_one() -> None:
    data = b"# c\n#: one\n#: two\n1 sip:a\n"
    entry = {"setid": 1, "uri": "sip:a"}
    assert plan(data, {**entry, "description": ""}) == b"# c\n1 sip:a\n"
    assert plan(data, {**entry, "description": "two"}) == data
    assert plan(data, {**entry, "description": "three"}) == b"# c\n#: three\n1 sip:a\n"
    assert plan(data, {**entry, "state": "absent"}) == b"# c\n"


def test_new_line_goes_before_the_description_of_the_next() -> None:
    data = b"1 sip:a\n#: two\n2 sip:b\n"
    entries = [{"setid": 1, "uri": "sip:c"}, {"setid": 2, "uri": "sip:b", "description": "zwei"}]
    assert plan(data, *entries) == b"1 sip:a\n1 sip:c 0 0\n#: zwei\n2 sip:b\n"


def test_order_is_kept_or_enforced() -> None:
    data = b"# one\n#: A\n1 sip:a 8 # first\r\n2 sip:z\n# two\n1 sip:b\n\n1\tsip:c"
    entries = [{"setid": 1, "uri": "sip:" + name} for name in "cab"]
    assert plan(data, *entries) == data
    ordered = plan(data, *entries, ensure_order=True)
    assert ordered == b"# one\n1\tsip:c\r\n2 sip:z\n# two\n#: A\n1 sip:a 8 # first\n\n1 sip:b"
    assert plan(ordered, *entries, ensure_order=True) == ordered
    some = [{"setid": 1, "uri": "sip:n"}, {"setid": 1, "uri": "sip:c"}, {"setid": 1, "uri": "sip:b", "flags": 1}]
    result = plan(data, *some, ensure_order=True)
    assert [
        destination.uri for destination in parse_document(result, Version(6, 1)).destinations if destination.setid == 1
    ] == [
        b"sip:a",
        b"sip:n",
        b"sip:c",
        b"sip:b",
    ]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_new_destination_does_not_take_the_description_of_another(end: bytes) -> None:
    wishes = parse_wishes([{"setid": 1, "uri": "sip:a", "description": ""}])
    planned = plan_destinations(b"#: gone" + end, wishes, "none", "list")
    line_end = end or b"\n"
    assert planned.data == b"#: gone" + line_end * 2 + b"1 sip:a 0 0" + line_end
    assert plan_destinations(planned.data, wishes, "none", "list").data == planned.data


def test_before_and_after_name_what_changes() -> None:
    wishes = parse_wishes(
        [
            {"setid": 1, "uri": "sip:c", "description": "C"},
            {"setid": 1, "uri": "sip:b"},
            {"setid": 1, "uri": "sip:a", "state": "absent"},
            {"setid": 3, "uri": "sip:n", "flags": 8},
        ]
    )
    planned = plan_destinations(DESCRIBED, wishes, "none", "list", ensure_order=True)
    assert planned.before == b"#: rack 1\n1 sip:a 8 0\n1 sip:c 8 0\n1 sip:b 8 0\n"
    assert planned.after == b"#: C\n1 sip:c 8 0\n3 sip:n 8 0\n1 sip:b 8 0\n"


@pytest.mark.parametrize("purge", ["set", "file"])
def test_a_part_of_a_cut_line_takes_nothing_with_it(purge: Purge) -> None:
    cut = b"1 sip:a 8 0 " + b"x" * 1012
    data = cut + b"\n# kept\n"
    with pytest.raises(KamailioError, match="list:1: set 0, x is a part of a line that is longer than 1023"):
        plan(data, {"setid": 1, "uri": "sip:a"}, {"setid": 0, "uri": "sip:b"}, purge=purge)
    assert plan(data, purge="file") == b"# kept\n"


URIS = st.sampled_from(["sip:a", "sip:b", "sip:c;transport=tcp", "SIP:A", "c:5060"])
VALUES = st.one_of(
    st.integers(0, 100), st.text("abcé-._~:;,'", min_size=1, max_size=5).filter(lambda text: "'" not in text)
)
TELLING = ["duid=p", "DUID=q", "socket=h", 'socket="i"', "weight=5", "x=1", "x=", "noproxy"]
# One URI again and again, with what tells its destinations apart and with values that are empty.
ALIKE = st.lists(
    st.lists(st.sampled_from(TELLING), max_size=4).map(lambda attrs: ("1 sip:a 8 0 " + ";".join(attrs)).encode()),
    max_size=4,
).map(b"\n".join)
ENTRIES = st.fixed_dictionaries(
    {"setid": st.integers(0, 3), "uri": URIS},
    optional={
        "flags": st.integers(0, 63),
        "priority": st.integers(0, 2147483647),
        "attrs": st.dictionaries(st.sampled_from(["duid", "weight", "x"]), VALUES)
        | st.lists(st.sampled_from(TELLING), max_size=3).map(";".join),
        "description": st.sampled_from(["", "one", "two, 2 sip:x"]),
        "state": st.sampled_from(["present", "absent"]),
    },
)


@given(
    LINES | ALIKE | st.just(LIST) | st.just(DESCRIBED),
    st.lists(ENTRIES, max_size=4),
    st.sampled_from(["none", "set", "file"]),
    st.booleans(),
    st.booleans(),
)
def test_any_wish_is_met_or_refused_and_met_once(
    data: bytes, entries: list[dict[str, Any]], purge: Purge, merge: bool, ensure_order: bool
) -> None:
    try:
        wishes = parse_wishes(entries)
        planned = plan_destinations(data, wishes, purge, "list", merge, ensure_order)
    except KamailioError as exc:
        assert all(problem.text for problem in exc.problems)
        return
    result = planned.data
    again = plan_destinations(result, wishes, purge, "list", merge, ensure_order)
    assert again.data == result and not again.before and not again.after
    assert (result == data) == (not planned.before and not planned.after)
    for version in (Version(5, 6), Version(6, 1)):
        found: dict[object, list[Any]] = {}
        for destination in parse_document(result, version).destinations:
            # The URIs of URIS are sip: or have no scheme, and the server adds it to those of five bytes or more.
            uri = destination.uri.lower()
            known_as = uri if uri.startswith(b"sip:") or len(uri) < 5 else b"sip:" + uri
            found.setdefault((destination.setid, known_as), []).append(destination)
        for wish in wishes:
            uri = wish.uri.lower()
            matches = found.get((wish.setid, uri if uri.startswith(b"sip:") else b"sip:" + uri), [])
            if not wish.present:
                assert not matches or wish.mark is not None
                continue
            assert any(
                (wish.flags is None or destination.flags == wish.flags)
                and (wish.priority is None or destination.priority == wish.priority)
                and (wish.attrs is None or merge or same_attrs(destination.attrs, wish.attrs.text))
                and (
                    wish.description is None
                    or wish.description
                    in (described(result, destination.start), description_above(result, destination.start)[1])
                )
                for destination in matches
            )
    kept = set(result.split(b"\n"))
    for line in data.split(b"\n"):
        comment = line.lstrip(b" \t\r").startswith(b"#")
        if comment and not line.lstrip(b" \t\r").startswith(b"#:") and len(line) < 1000:
            assert line in kept or line + b"\r" in kept
