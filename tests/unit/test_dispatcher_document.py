# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.destinations import destination_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.listing import ListSource
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import (
    LINE_BYTES,
    parse_document,
    to_int32,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.uri import loaded_uri, next_hop, read_uri
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version, given_version

OLD, NEW = Version(5, 6, 3), Version(6, 1, 5)
LINES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.text("0123 sip:aAP#;=\t\r\0x", max_size=40).map(str.encode),
        st.integers(1000, 1100).map(lambda size: b"1 sip:a 8 0 " + b"x" * size),
    ),
    max_size=8,
).map(b"\n".join)

# line, as 5.6 reads it: set, URI, flags, priority, attributes
READ = {
    b"1 sip:a": (1, b"sip:a", 0, 0, b""),
    b"1 sip:a 8 5 a=1;b=2": (1, b"sip:a", 8, 5, b"a=1;b=2"),
    b" \t1\tsip:a\r 8  5\ta=1 rest of the line\r": (1, b"sip:a", 8, 5, b"a=1"),
    b"1 sip:a AP": (1, b"sip:a", 0, 0, b"AP"),
    b"1 sip:a 0x8": (1, b"sip:a", 0, 0, b"x8"),
    b"1 sip:a 8 -1": (1, b"sip:a", 8, 0, b"-1"),
    b"1 sip:a 8junk": (1, b"sip:a", 8, 0, b"junk"),
    b"1 sip:a#8": (1, b"sip:a", 0, 0, b""),
    b"1 sip:a 8#9": (1, b"sip:a", 8, 0, b""),
    b"1 sip:a 8 5 weight=50#c": (1, b"sip:a", 8, 5, b"weight=50#c"),
    b'1 sip:a 8 5 "" "Node 1"': (1, b"sip:a", 8, 5, b'""'),
    b"1 sip:a 8\0 5": (1, b"sip:a", 8, 0, b""),
    b"abc sip:a": (0, b"abc", 0, 0, b"sip:a"),
    b"99999999999 sip:a": (1215752191, b"sip:a", 0, 0, b""),
    b"\xef\xbb\xbf1 sip:a": (0, b"\xef\xbb\xbf1", 0, 0, b"sip:a"),
}


@pytest.mark.parametrize("line", READ, ids=ascii)
def test_line_is_read_as_the_server_reads_it(line: bytes) -> None:
    for end in (b"", b"\n", b"\r\n"):
        (destination,) = parse_document(b"# first\n" + line + end, OLD).destinations
        assert destination.meaning == READ[line]
        assert destination.line == 2


@pytest.mark.parametrize("line", [b"", b"\n", b" \t\r\n", b"# 1 sip:a", b"  #\n", b"\0 1 sip:a", b"\0"])
def test_line_without_a_destination(line: bytes) -> None:
    document = parse_document(line, OLD)
    assert not document.destinations and not document.bad_lines


@pytest.mark.parametrize("line", [b"1", b"1 \r\n", b"1 # sip:a", b"1#"])
def test_set_id_alone_is_a_bad_line(line: bytes) -> None:
    document = parse_document(b"2 sip:a\n" + line, OLD)
    assert [bad.line for bad in document.bad_lines] == [2]


def test_hexadecimal_flags_since_6_1() -> None:
    (destination,) = parse_document(b"1 sip:a 0x1F 3 a=b", NEW).destinations
    assert (destination.flags, destination.priority, destination.attrs, destination.hex_flags) == (31, 3, b"a=b", True)
    (destination,) = parse_document(b"1 sip:a 0xP", NEW).destinations
    assert (destination.flags, destination.attrs) == (0, b"P")


def test_a_long_line_goes_on_as_another() -> None:
    head = b"1 sip:a 8 0 "
    data = head + b"x" * (LINE_BYTES - len(head)) + b"2 sip:b\n3 sip:c\n"
    document = parse_document(data, OLD)
    assert [(destination.setid, destination.line) for destination in document.destinations] == [(1, 1), (2, 1), (3, 2)]
    assert document.long_lines == {1: data[: -len(b"3 sip:c\n")]}


def test_spans_name_the_bytes_of_the_fields() -> None:
    data = b"# x\n7  sip:a\t8 5  a=1 # c\r\n"
    (destination,) = parse_document(data, OLD).destinations
    spans = (
        destination.setid_span,
        destination.uri_span,
        destination.flags_span,
        destination.priority_span,
        destination.attrs_span,
    )
    assert [data[start:end] for start, end in spans] == [b"7", b"sip:a", b"8", b"5", b"a=1"]
    assert data[destination.start : destination.end] == b"7  sip:a\t8 5  a=1 # c\r\n"


@given(LINES)
def test_any_bytes_are_read_and_kept(data: bytes) -> None:
    for version in (OLD, NEW):
        document = parse_document(data, version)
        assert document.data == data
        at = 0
        for destination in document.destinations:
            assert at <= destination.start < destination.end <= len(data)
            at = destination.end
            for (_start, left), (right, end) in zip(destination.spans, destination.spans[1:]):
                assert destination.start <= left <= right <= end <= destination.end
            assert data[slice(*destination.uri_span)] == destination.uri
            assert data[slice(*destination.attrs_span)] == destination.attrs
            assert to_int32(data[slice(*destination.flags_span)]) == destination.flags


URIS = [
    (b"sip:a", b"sip:a", b"a"),
    (b"SIPS:a", b"SIPS:a", b"a"),
    (b"10.0.0.1:5060", b"sip:10.0.0.1:5060", b"10.0.0.1"),
    (b"tel:1", b"tel:1", b""),
    (b"sip:u:p@h.example:5060;transport=tcp?X=y", b"sip:u:p@h.example:5060;transport=tcp?X=y", b"h.example"),
    (b"sip:[::1]:5060;lr", b"sip:[::1]:5060;lr", b"[::1]"),
    (b"sip:a;x=y@h", b"sip:a;x=y@h", b"h"),
    (b"sip:a?x=y;z@h", b"sip:a?x=y;z@h", b"h"),
    (b"urn:service:sos", b"urn:service:sos", b"service:sos"),
    (b"sip:h:", b"sip:h:", b"h"),
    (b"sip:u:0123@h?X=y", b"sip:u:0123@h?X=y", b"h"),
    (b"sip:h:5060?X=y", b"sip:h:5060?X=y", b"h"),
]


@pytest.mark.parametrize(("uri", "known_as", "host"), URIS)
def test_uri_is_read_as_by_the_server(uri: bytes, known_as: bytes, host: bytes) -> None:
    found = read_uri(uri)
    assert (found.uri, found.host) == (known_as, host)


@pytest.mark.parametrize(
    "uri",
    [
        b"gw1",
        b"sip:",
        b"sip:h:65536",
        b"sip:h:000005",
        b"sip:h:5x",
        b"sip:::1",
        b"sip:[::1",
        b"sip:[::1]x",
        b"sip:@h",
        b"sip:u@h@i",
        b"sip:u@",
        b"sip:u@h&",
        b"sip:h;maddr",
        b"sip:h?a;b",
        b"sip:h]",
        b"http://h",
        b"sip:u:5x;y",
        b"sip:u:p:q",
        b"sip:u:1[",
        b"sip:u[",
        b"sip:]",
        b"sip:u:5x",
        b"sip:u@-h",
        b"sip:[::1;x",
        b"sip:h?a@b@c",
        b"sip:" + b"h" * 255,
        b"h" * 500,
    ],
)
def test_uri_that_the_server_skips(uri: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(it|its|the|nothing|after|a|more)\b"):
        read_uri(uri)


@given(st.binary(max_size=30).map(lambda rest: b"sip:" + rest) | st.text(":;?@[]&a1.", max_size=20).map(str.encode))
def test_any_uri_is_read_or_refused(uri: bytes) -> None:
    try:
        assert read_uri(uri).uri.endswith(uri)
    except ValueError as exc:
        assert str(exc)


def test_next_hop() -> None:
    hops = (b"sip:h;transport=tcp", b"sips:h", b"sip:h;transport=foo", b"sip:h")
    assert [next_hop(uri) for uri in hops] == [b"tcp", b"tls", b"", b""]
    for uri, fault in ((b"host", "no scheme"), (b"tel:1", "no host")):
        with pytest.raises(ValueError, match=fault):
            next_hop(uri)


def test_a_port_of_thousands_of_digits_is_no_port() -> None:
    for uri in (b"sip:a:" + b"0" * 5000 + b"1", b"sip:u:" + b"0" * 5000 + b"@a:" + b"9" * 5000):
        with pytest.raises(ValueError, match="its port is not a number from 0 to 65535"):
            read_uri(uri)


@pytest.mark.parametrize(
    ("uri", "port"), [(b"sip:192.0.2.1:65537", 1), (b"192.0.2.1:99999", 34463), (b"sip:@a=", None)]
)
def test_uris_that_only_old_servers_take(uri: bytes, port: int | None) -> None:
    with pytest.raises(ValueError, match=r"its port is not|it has an @ and no user"):
        read_uri(uri)
    assert loaded_uri(uri).cut_port == port
    assert loaded_uri(b"sip:192.0.2.1:5060").cut_port is None


@pytest.mark.parametrize(
    ("version", "found"), [("5.4.4", "address-misread"), ("5.4.5", "uri-bad"), ("6.1.5", "uri-bad")]
)
def test_port_of_more_than_16_bits(version: str, found: str) -> None:
    number = given_version(version)
    document = parse_document(b"1 sip:192.0.2.1:65537 8\n", number)
    findings, skipped = destination_findings(ListSource("l", document), number)
    assert [finding.rule for finding in findings] == [found] and bool(skipped) is (found == "uri-bad")
