# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists made at random: what the parser reads, and what dispatcher.list shows after a reload.

The seed stands in the name of a case, so a failure can be run again by that name; SIPFLEET_CASES and SIPFLEET_SEED
make a longer run, or another one.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import Iterator

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.destinations import destination_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.listing import ListSource
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import (
    Destination,
    Document,
    parse_document,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.flags import NO_DNS, render_letters
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.uri import SipUri, loaded_uri
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from conformance.server import as_version
from conformance.setups import Setup

CASES = int(os.environ.get("SIPFLEET_CASES", "300"))
SEED = int(os.environ.get("SIPFLEET_SEED", "0"))
PER_TEST = 25

# The first ping would come after an hour: it is there so that 6.1 keeps the flags as they are read.
BODY = """loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
modparam("dispatcher", "ds_ping_interval", 3600)
modparam("dispatcher", "reload_delta", 0)
"""
GAPS = (" ", " ", " ", "\t", "  \t ", "\r ")
SETS = ("1", "1", "1", "2", "007", "4294967297", "99999999999", "", "x", "2x")
HOSTS = (
    "sip:127.0.0.1:%d",
    "sip:127.0.0.1:%d",
    "127.0.0.1:%d",
    "sip:u@127.0.0.1:%d;transport=udp",
    "SIP:127.0.0.1:%d",
    "sip:127.0.0.1:%d#8",
    "sips:127.0.0.1:%d",
    "sip:127.0.0.1:%d;transport=tcp;lr",
    "sip:127.0.0.1;transport=foo",
    "sip:127.0.0.1:%d0000",
    "sip:127.0.0.1:0000%d",
    "sip:127.0.0.1:",
    "sip:999.0.0.1:%d",
    "sip:127.0.0..:%d",
    "sip:[::1]:%d",
    "[::1]",
    "sip:::1",
    "sip:u:p@127.0.0.1:%d;maddr",
    "tel:+49%d",
    "http://127.0.0.1",
    "sip:",
    "gw",
)
# Letters of URIs made at random: enough to reach every state of the server's parser.
URI_ATOMS = (
    "127.0.0.1",
    "127.0.0.1",
    ":",
    "5",
    "@",
    ";",
    "?",
    "[::1]",
    "[",
    "]",
    "u",
    "&",
    "=",
    "maddr",
    "transport=",
    "-",
)
FLAGS = ("0", "8", "9", "12", "16", "32", "63", "0x8", "0x1F", "0x", "AP", "8junk", "-1", "8#", "#", "4294967304")
PRIORITIES = ("0", "10", "-1", "007", "4294967297", "5x", "#c", "high", "weight=5")
ATTRIBUTES = (
    "weight=50",
    "weight=5x;weight=6",
    "duid=a;weight=5;",
    "socket=udp:127.0.0.1:@PORT@",
    "socket=127.0.0.1",
    "socket=tcp:127.0.0.1:@PORT@;duid=b",
    "socket=udp:127.0.0.1:9",
    "sockname=none",
    "a=1;b=2",
    'a="x;y"',
    'weight=5;duid="";maxload=7',
    "weight=50#c",
    '""',
    "a=1,b=2",
    "#no",
    "x" * 60,
    "é=ü",
)
ATTRIBUTE_ATOMS = ("a", "b", "=", "=", ";", ";", ",", '"', "'", ">", "1", "\\", "duid", "#")
JUNK = ("# comment", "", " ", "\t# 1 sip:127.0.0.1:1", "#", "\r")


def make_line(chance: random.Random) -> str:
    """A line, right or wrong."""
    if chance.random() < 0.15:
        return chance.choice(JUNK)
    port = chance.randrange(1, 60)
    fields = [chance.choice(SETS), chance.choice(HOSTS).replace("%d", str(port))]
    if chance.random() < 0.3:
        fields[1] = "sip:" + "".join(chance.choice(URI_ATOMS) for _index in range(chance.randrange(1, 8)))
    for choices in (FLAGS, PRIORITIES, ATTRIBUTES, ("rest", "# c")):
        if chance.random() < 0.2:
            break
        fields.append(chance.choice(choices))
        if choices is ATTRIBUTES and chance.random() < 0.4:
            fields[-1] = "".join(chance.choice(ATTRIBUTE_ATOMS) for _index in range(chance.randrange(1, 10)))
    line = fields[0]
    for field in fields[1:]:
        line += chance.choice(GAPS) + field
    if chance.random() < 0.03:
        line += " " + "y" * chance.randrange(950, 1100) + " 1 sip:127.0.0.1:70"
    return line


@pytest.mark.parametrize("seed", range(SEED, SEED + CASES, PER_TEST))
def test_the_server_reads_the_same(seed: int, suite: str, version: str, tmp_path: Path) -> None:
    numbers = as_version(version)
    setup = Setup(tmp_path, BODY, "1 sip:127.0.0.1\n")
    config = setup.config.read_bytes()
    evaluation = evaluate(str(setup.config), config, read_include, numbers)
    port = config.partition(b"127.0.0.1:")[2].partition(b"\n")[0].decode()
    compared = 0
    with setup.server(suite) as server:
        for number in range(seed, seed + PER_TEST):
            chance = random.Random(number)
            lines = [make_line(chance) for _index in range(chance.randrange(1, 12))]
            data = (
                ("1 sip:127.0.0.1:5999\n" + chance.choice(("\n", "\r\n")).join(lines)).replace("@PORT@", port).encode()
            )
            setup.list.write_bytes(data)
            seen = len(server.log_text())
            answer = server.rpc("dispatcher.reload")
            document = parse_document(data, numbers)
            # 5.4 says nothing where it succeeds.
            assert ("error" in answer) == bool(document.bad_lines), "seed %d: %s" % (number, answer)
            if document.bad_lines:
                continue
            _findings, skipped = destination_findings(ListSource("list", document), numbers, evaluation.sockets)
            mine = Counter(
                (
                    destination.setid,
                    uri.uri.decode("utf-8", "replace"),
                    render_letters(destination.flags, numbers.knows_no_ping),
                    destination.priority,
                    destination.attrs.decode("utf-8", "replace").removesuffix(";"),
                )
                for destination, uri in readable(document, skipped)
            )
            theirs = Counter(
                (destination.setid, destination.uri, destination.flags, destination.priority, destination.attrs)
                for destination in server.destinations()
            )
            assert mine == theirs, "seed %d\n%s\n%s" % (number, data.decode(), server.log_text()[seen:])
            compared += sum(theirs.values())
    assert compared > PER_TEST


def readable(document: Document, skipped: dict[int, str]) -> Iterator[tuple[Destination, SipUri]]:
    """The destinations that the server keeps; no name is resolved in the test's file system."""
    for destination in document.destinations:
        if destination.start not in skipped:
            uri = loaded_uri(destination.uri)
            if destination.flags & NO_DNS or not uri.needs_resolver:
                yield destination, uri
