# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which destinations a gateway is, by what an operator writes."""

from __future__ import annotations

import time
from typing import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.routing import read_routing
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.setup import read_setup
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.compare import compare
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.gateway import Server, explain, is_meant
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.dispatcher import Running
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files


@pytest.mark.parametrize(
    ("gateway", "uri", "duid"),
    [
        (b"sip:10.0.0.1:5060", b"sip:10.0.0.1:5060", None),
        (b" SIP:GW.example.com ", b"sip:gw.example.com", None),
        (b"10.0.0.1", b"sip:10.0.0.1:5080;transport=tcp", None),
        (b"10.0.0.1:5060", b"sip:10.0.0.1", None),
        (b"sip:10.0.0.1", b"10.0.0.1:5080", None),
        (b"sip:10.0.0.1:5080", b"sip:trunk@10.0.0.1:5080", None),
        (b"sip:trunk@10.0.0.1", b"sip:trunk@10.0.0.1", None),
        (b"[2001:db8::1]:5060", b"sip:[2001:db8::1]", None),
        (b"gw1", b"sip:10.0.0.1", b"GW1"),
    ],
)
def test_meant(gateway: bytes, uri: bytes, duid: bytes | None) -> None:
    assert is_meant(gateway, uri, duid)


@pytest.mark.parametrize(
    ("gateway", "uri", "duid"),
    [
        (b"", b"sip:10.0.0.1", None),
        (b"", b"sip:10.0.0.1", b""),
        (b"sip:", b"sip:10.0.0.1", None),
        (b"10.0.0.1", b"sip:10.0.0.11", None),
        (b"10.0.0.1:5080", b"sip:10.0.0.1", None),
        (b"sip:10.0.0.1;transport=tcp", b"sip:10.0.0.1", None),
        (b"sip:a@10.0.0.1", b"sip:b@10.0.0.1", None),
        (b"[2001:db8::1]", b"sip:[2001:db8::11]", None),
        (b"gw1", b"sip:10.0.0.1", b"gw11"),
        (b"gw1", b"sip:10.0.0.1", None),
    ],
)
def test_not_meant(gateway: bytes, uri: bytes, duid: bytes | None) -> None:
    assert not is_meant(gateway, uri, duid)


VERSION = Version(6, 1, 5)
SCRIPT = b'loadmodule "tm"\nloadmodule "dispatcher"\nrequest_route { ds_select_dst("1", "8"); }\n'


def answered(uris: Sequence[bytes], lines: bytes, gateway: bytes = b"10.0.0.1") -> list[str]:
    evaluation = evaluate("/k", SCRIPT, no_files, VERSION)
    running = [Running(at, 1, uri, "AX", 0, False, 0, b"", None, None, None) for at, uri in enumerate(uris)]
    compared = compare(parse_document(lines, VERSION), {}, running, read_setup(evaluation, VERSION))
    return explain(gateway, running, compared, Server("/l", 0, read_routing(evaluation), True, ()))


@pytest.mark.parametrize("uri", ["sip:10.0.0.1:%d", "sip:10.0.0.1#%d"], ids=["ports", "one uri"])
@pytest.mark.parametrize("listed", [True, False])
def test_a_gateway_with_many_destinations_takes_time_in_proportion_to_them(uri: str, listed: bool) -> None:
    """A server can answer with any number of them."""

    def seconds(count: int) -> float:
        uris = [(uri % number).partition("#")[0].encode() for number in range(count)]
        lines = b"".join(b"1 %s 0 0 a=%d\n" % (text, number) for number, text in enumerate(uris)) if listed else b""
        began = time.process_time()
        assert len(answered(uris, lines)) < 8 * count
        return time.process_time() - began

    assert seconds(6000) < 9 * seconds(1000) + 0.2


def test_a_destination_has_the_drift_of_its_own_line() -> None:
    lines = answered([b"sip:10.0.0.1"] * 2, b"1 sip:10.0.0.1 0 0 a=1\n1 sip:10.0.0.1 0 0 a=2\n")
    assert [line for line in lines if "drift" in line] == [
        "  drift: the list says the attributes 'a=%d', and it runs with ''" % number for number in (2, 1)
    ]


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_takes_any_bytes(gateway: bytes, uri: bytes) -> None:
    assert is_meant(gateway, uri, None) in (True, False)
