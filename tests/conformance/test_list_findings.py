# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every rule about dispatcher.list itself: lines that break it, and what running servers read."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import RULES
from conformance.calls import chosen_by
from conformance.server import Entry, Peers, Server, as_version, free_ports
from conformance.setups import Setup, rules

BASE = """loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
modparam("dispatcher", "ds_ping_interval", 3600)
modparam("dispatcher", "ds_probing_mode", 3)
"""
# Every list has it, so that there is something to answer for, and to probe.
FIRST = "9 sip:127.0.0.1:5999 8\n"
URI = "sip:127.0.0.1:5"

# name: the rules that are broken, the line, what the server makes of it: set, URI, flags, attributes; and its log
READ: dict[str, tuple[list[str], str, list[tuple[int, str, str, str]], str]] = {
    "letters": (["flags-not-a-number"], f"1 {URI} AP", [(1, URI, "AX", "AP")], ""),
    "letters_before_attributes": (
        ["flags-not-a-number", "text-ignored"],
        f"1 {URI} AP 0 duid=a",
        [(1, URI, "AX", "AP")],
        "",
    ),
    "negative_flags": (["flags-not-a-number"], f"1 {URI} -1", [(1, URI, "AX", "-1")], ""),
    "junk_after_flags": (["flags-not-a-number"], f"1 {URI} 8junk", [(1, URI, "AP", "junk")], ""),
    "negative_priority": (["priority-not-a-number"], f"1 {URI} 8 -1", [(1, URI, "AP", "-1")], ""),
    "word_as_priority": (["priority-not-a-number"], f"1 {URI} 8 high", [(1, URI, "AP", "high")], ""),
    "junk_after_priority": (["priority-not-a-number"], f"1 {URI} 8 5x", [(1, URI, "AP", "x")], ""),
    "no_set_id": (["setid-not-a-number"], f"{URI} 8", [(0, URI, "AP", "")], ""),
    "word_as_set_id": (
        ["setid-not-a-number", "uri-bad"],
        f"abc {URI}",
        [],
        r"bad uri \[abc\]",
    ),
    "junk_after_set_id": (
        ["setid-not-a-number", "uri-bad"],
        f"2x {URI}",
        [],
        r"bad uri \[x\]",
    ),
    "byte_order_mark": (["setid-not-a-number", "uri-bad"], f"\ufeff1 {URI}", [], "unable to add destination"),
    "text_after_attributes": (["text-ignored"], f'1 {URI} 8 0 "" "Node 1"', [(1, URI, "AP", '""')], ""),
    "space_in_quotes": (["attrs-broken", "text-ignored"], f'1 {URI} 8 0 duid="a b"', [], "cannot set attributes"),
    "null_byte": (["text-ignored"], f"1 {URI} 8\x00 0 duid=a", [(1, URI, "AP", "")], ""),
    "hash_in_attributes": ([], f"1 {URI} 8 0 duid=a#c", [(1, URI, "AP", "duid=a#c")], ""),
    "hash_in_uri": ([], f"1 {URI}#8", [(1, URI, "AX", "")], ""),
    "attributes_without_priority": ([], f"1 {URI} 8 duid=a", [(1, URI, "AP", "duid=a")], ""),
    "attributes_without_flags": ([], f"1 {URI} duid=a", [(1, URI, "AX", "duid=a")], ""),
    "trailing_semicolon": ([], f"1 {URI} 8 0 duid=a;", [(1, URI, "AP", "duid=a")], ""),
    "comma": (["attrs-comma"], f"1 {URI} 8 0 duid=a,weight=50", [(1, URI, "AP", "duid=a,weight=50")], ""),
    "comma_in_quotes": ([], f'1 {URI} 8 0 x="a,b"', [(1, URI, "AP", 'x="a,b"')], ""),
    "quote_open": (["attrs-broken"], f'1 {URI} 8 0 duid="a', [], "cannot set attributes"),
    "junk_after_quote": (["attrs-broken"], f'1 {URI} 8 0 duid="a"b', [], "cannot set attributes"),
    "value_missing": (["attrs-broken"], f"1 {URI} 8 0 duid=;a=1", [], "cannot set attributes"),
    "two_semicolons_at_the_end": (["attrs-broken"], f"1 {URI} 8 0 a;;", [], "cannot set attributes"),
    "two_semicolons": ([], f"1 {URI} 8 0 a;;b", [(1, URI, "AP", "a;;b")], ""),
    "weight_0": (["weight-out-of-range"], f"1 {URI} 8 0 weight=0", [(1, URI, "AP", "weight=0")], "not in 1-100 range"),
    "rweight_101": (
        ["weight-out-of-range"],
        f"1 {URI} 8 0 rweight=101",
        [(1, URI, "AP", "rweight=101")],
        "not in 1-100 range",
    ),
    "misspelt": (["attribute-unknown"], f"1 {URI} 8 0 wieght=50", [(1, URI, "AP", "wieght=50")], ""),
    "custom": ([], f"1 {URI} 8 0 carrier=x", [(1, URI, "AP", "carrier=x")], ""),
    "capitals": ([], f"1 {URI} 8 0 WEIGHT=100", [(1, URI, "AP", "WEIGHT=100")], ""),
    "twice": (["attribute-twice"], f"1 {URI} 8 0 weight=50;weight=60", [(1, URI, "AP", "weight=50;weight=60")], ""),
    "set_id_too_large": (["number-overflow"], f"99999999999 {URI}", [(1215752191, URI, "AX", "")], ""),
    "flags_too_large": (["number-overflow"], f"1 {URI} 4294967304", [(1, URI, "AP", "")], ""),
    "no_scheme": ([], "1 127.0.0.1:5", [(1, URI, "AX", "")], ""),
    "short_without_scheme": (["uri-bad"], "1 gw1", [], r"bad uri \[gw1\]"),
    "port_too_large": (["uri-bad"], "1 sip:127.0.0.1:65536", [], "bad uri"),
    "port_of_six_digits": (["uri-bad"], "1 sip:127.0.0.1:005060", [], "bad uri"),
    "ipv6_without_brackets": (["uri-bad"], "1 sip:2001:db8::1", [], "bad uri"),
    "bracket_open": (["uri-bad"], "1 sip:[2001:db8::1", [], "bad uri"),
    "http": (["uri-bad"], "1 http://127.0.0.1", [], "bad uri"),
    "tel": (["uri-bad"], "1 tel:+4930", [], "could not resolve"),
    "tel_without_lookup": ([], "1 tel:+4930 16", [(1, "tel:+4930", "AX", "")], ""),
    "maddr_without_value": (["uri-bad"], f"1 {URI};maddr", [], "bad uri"),
    "capital_scheme": ([], "1 SIP:127.0.0.1:5", [(1, "SIP:127.0.0.1:5", "AX", "")], ""),
    "address_out_of_range": (["address-misread"], "1 sip:999.0.0.1", [(1, "sip:999.0.0.1", "AX", "")], ""),
    "mark_before_the_scheme": (["uri-bad"], f"1 <{URI}>", [], "bad uri"),
    "placeholder": (["uri-bad"], "1 sip:${PBX}:5060", [], "could not resolve"),
    "ipv6": (["ipv6-not-listened"], "1 sip:[::1]:5", [], "unable to add destination"),
    "socket": ([], f"1 {URI} 8 0 socket=udp:127.0.0.1:@PORT@", [(1, URI, "AP", "socket=udp:127.0.0.1:@PORT@")], ""),
    "socket_without_protocol": ([], f"1 {URI} 8 0 socket=127.0.0.1", [(1, URI, "AP", "socket=127.0.0.1")], ""),
    "socket_of_another_port": (
        ["socket-not-listened"],
        f"1 {URI} 8 0 socket=udp:127.0.0.1:9",
        [],
        "non-local socket <udp:127.0.0.1:9>",
    ),
    "socket_of_another_protocol": (
        ["socket-not-listened"],
        f"1 {URI} 8 0 socket=sctp:127.0.0.1:@PORT@",
        [],
        "unable to add destination",
    ),
    "sockname": (["socket-not-listened"], f"1 {URI} 8 0 sockname=a", [], "non-local socket name <a>"),
    "twice_in_a_set": (["destination-twice"], f"1 {URI}\n1 {URI}", [(1, URI, "AX", "")] * 2, ""),
    "twice_with_duid": (
        [],
        f"1 {URI} 0 0 duid=a\n1 {URI} 0 0 duid=b",
        [(1, URI, "AX", "duid=a"), (1, URI, "AX", "duid=b")],
        "",
    ),
    "same_in_two_sets": ([], f"1 {URI}\n2 {URI}", [(1, URI, "AX", ""), (2, URI, "AX", "")], ""),
    "long_line": (
        ["line-too-long"],
        f"1 {URI} 8 0 " + "x" * (1023 - len(URI) - 7) + f"2 {URI}",
        [(1, URI, "AP", "x" * (1023 - len(URI) - 7)), (2, URI, "AX", "")],
        "",
    ),
    "weights_mixed": (
        ["weights-incomplete"],
        f"1 {URI} 0 0 weight=50\n1 {URI}1",
        [(1, URI, "AX", "weight=50"), (1, URI + "1", "AX", "")],
        "",
    ),
}


def shown(server: Server) -> list[Entry]:
    return [destination for destination in server.destinations() if destination.setid != 9]


@pytest.mark.parametrize("case", READ)
def test_what_the_server_reads(case: str, suite: str, version: str, tmp_path: Path) -> None:
    broken, line, expected, log = READ[case]
    release = as_version(version).release
    if case == "port_too_large" and suite == "bullseye":
        broken, expected, log = ["address-misread"], [(1, "sip:127.0.0.1:65536", "AX", "")], ""
    if case == "weight_0" and release < (5, 5):
        log = ""
    setup = Setup(tmp_path, BASE, FIRST + line + "\n")
    if case == "byte_order_mark":
        setup.list.write_text(line + "\n" + FIRST)
    assert rules(setup.judge(version)) == broken
    with setup.server(suite) as server:
        found = [
            (destination.setid, destination.uri, destination.flags, destination.attrs) for destination in shown(server)
        ]
        assert Counter(found) == Counter(
            (setid, uri, flags, attrs.replace("@PORT@", str(setup.port))) for setid, uri, flags, attrs in expected
        )
        assert re.search(log, server.log_text())
        values = server.rpc("dispatcher.list")
    weights = {"comma": 0, "misspelt": 0, "weight_0": 0, "twice": 50, "capitals": 100}
    if case in weights:
        assert "WEIGHT: %d\n" % weights[case] in values.partition("ID: 1\n")[2].replace("RWEIGHT", "")


def test_weight_over_100(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE, FIRST + f"1 {URI} 0 0 weight=150\n1 {URI}1 0 0 weight=50\n")
    counts = as_version(version).release < (5, 5)
    found = {finding["rule"]: finding["text"] for finding in setup.judge(version).result["findings"]}
    assert found["weight-out-of-range"].endswith("counts all the same") is counts
    assert ("weights-over-100" in found) is counts
    with setup.server(suite) as server:
        values = server.rpc("dispatcher.list").partition("ID: 1\n")[2].replace("RWEIGHT", "")
    assert ("WEIGHT: 150\n" in values) is counts


def test_hexadecimal_flags(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE, FIRST + f"1 {URI} 0x8\n")
    reads = as_version(version).release >= (6, 1)
    assert rules(setup.judge(version)) == ([] if reads else ["flags-not-a-number"])
    with setup.server(suite) as server:
        (destination,) = shown(server)
        assert (destination.flags, destination.attrs) == (("AP", "") if reads else ("AX", "x8"))


def test_attributes_of_newer_versions(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE, FIRST + f"1 {URI} 0 0 ping_socket=udp:127.0.0.1:@PORT@;ocmin=7\n")
    numbers = as_version(version).release
    outcome = setup.judge(version)
    unknown = [finding["text"].split()[5].rstrip(",") for finding in outcome.result["findings"]]
    assert unknown == ([] if numbers >= (6, 1) else ["ping_socket"] if numbers >= (6, 0) else ["ping_socket", "ocmin"])
    with setup.server(suite) as server:
        values = server.rpc("dispatcher.list").partition("ID: 1\n")[2]
        assert ("PING_SOCKET: udp" in values) is (numbers >= (6, 1))
        assert ("OCMIN: 7\n" in values) is (numbers >= (6, 0))


def test_ipv6_where_the_server_listens_on_it(suite: str, version: str, tmp_path: Path) -> None:
    body = BASE + f"listen=udp:[::1]:{free_ports(1)[0]}\n"
    setup = Setup(tmp_path, body, FIRST + "1 sip:[::1]:5\n")
    assert rules(setup.judge(version)) == []
    with setup.server(suite) as server:
        assert [destination.uri for destination in shown(server)] == ["sip:[::1]:5"]


def test_socket_with_a_name_or_an_advertised_address(suite: str, version: str, tmp_path: Path) -> None:
    body = BASE + f'listen=udp:127.0.0.1:{free_ports(1)[0]} advertise 192.0.2.1:5070 name "outside"\n'
    lines = f"1 {URI} 0 0 sockname=outside\n1 {URI}1 0 0 socket=udp:192.0.2.1:5070\n1 {URI}2 0 0 sockname=inside\n"
    setup = Setup(tmp_path, body, FIRST + lines)
    assert [(finding["rule"], finding["line"]) for finding in setup.judge(version).result["findings"]] == [
        ("socket-not-listened", 4)
    ]
    with setup.server(suite) as server:
        assert sorted(destination.uri for destination in shown(server)) == [URI, URI + "1"]


def test_strict_loading_dies_of_a_skipped_destination(suite: str, version: str, tmp_path: Path) -> None:
    body = BASE + 'modparam("dispatcher", "ds_load_mode", 1)\n'
    setup = Setup(tmp_path, body, FIRST + "1 gw1\n")
    outcome = setup.judge(version)
    assert rules(outcome) == ["skipped-stops-load", "uri-bad"] and outcome.result["will_start"] is False
    server = setup.server(suite)
    assert server.check() == 0
    try:
        assert not server.start()
    finally:
        server.stop()


def test_list_without_entries(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE, "# nobody yet\n\n")
    assert rules(setup.judge(version)) == ["list-empty"]
    with setup.server(suite) as server:
        assert "No Destination Sets" in server.rpc("dispatcher.list")


def test_unknown_transport_goes_by_udp(suite: str, version: str, tmp_path: Path) -> None:
    body = BASE.replace("3600", "1") + 'modparam("dispatcher", "ds_probing_mode", 1)\n'
    with Peers(1) as peers:
        setup = Setup(tmp_path, body, f"1 sip:127.0.0.1:{peers.ports[0]};transport=foo\n")
        assert rules(setup.judge(version)) == ["transport-unknown"]
        with setup.server(suite):
            deadline = time.monotonic() + 10
            while not peers.counts[peers.ports[0]] and time.monotonic() < deadline:
                time.sleep(0.05)
        assert peers.counts[peers.ports[0]]


def test_weights_over_100_and_without(suite: str, version: str, tmp_path: Path) -> None:
    body = 'loadmodule "sl.so"\nloadmodule "pv.so"\n' + BASE
    route = 'ds_select_dst("1", "9"); sl_send_reply("200", "$du"); exit;'
    lines = [f"1 {URI}{index} 0 {9 - index} weight={weight}\n" for index, weight in enumerate((70, 30, 50))]
    setup = Setup(tmp_path, body, FIRST + "".join(lines), route)
    assert rules(setup.judge(version)) == ["weights-over-100"]
    with setup.server(suite):
        assert chosen_by(setup, 100) == {URI + "0": 70, URI + "1": 30}
    lines[0] = f"1 {URI}0 0 9\n"
    setup = Setup(tmp_path, body, FIRST + "".join(lines), route)
    assert rules(setup.judge(version)) == ["weights-unused"]
    with setup.server(suite):
        assert chosen_by(setup, 100) == {URI + "0": 100}


def test_every_rule_about_the_list_has_a_case() -> None:
    confirmed = {rule for broken, *_rest in READ.values() for rule in broken}
    # What only the server knows cannot be confirmed by one.
    confirmed |= {"config-undecided", "skipped-stops-load", "list-empty", "transport-unknown", "weights-over-100"}
    # Their examples are run by test_documented_examples, and what kamailio -c refuses, or a
    # rehearsed start dies of, by test_server_refuses.
    confirmed |= {"parameter-doubtful", "version-not-known", "parameter-missing", "latency-not-retained"}
    confirmed |= {"start-needs-dns", "server-refuses", "start-fails"}
    # Each row of these is tried by test_limits.
    confirmed |= {"call-undefined", "parameter-value"}
    names = (
        "test_alone.py",
        "test_findings.py",
        "test_hosts.py",
        "test_list_file.py",
        "test_parameters.py",
        "test_routing_findings.py",
        "test_sockets.py",
        "test_start.py",
        "test_probing_findings.py",
    )
    source = "".join(Path(__file__).with_name(name).read_text() for name in names)
    assert {rule for rule in RULES if '"%s"' % rule not in source} <= confirmed
