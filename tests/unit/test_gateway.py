# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which destinations a gateway is, by what an operator writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.gateway import is_meant


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


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_takes_any_bytes(gateway: bytes, uri: bytes) -> None:
    assert is_meant(gateway, uri, None) in (True, False)
