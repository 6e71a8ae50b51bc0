# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to a server whose route answers with the destination that it chooses."""

from __future__ import annotations

import socket
from collections import Counter

from conformance.setups import Setup

_REQUEST = """{method} sip:x SIP/2.0\r
Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{number}\r
From: <sip:a@b>;tag={number}\r
To: <sip:a@b>\r
Call-ID: {number}\r
CSeq: 1 {method}\r
Content-Length: 0\r
\r
"""
# The reply of a route has it as its reason; NONE where no destination was chosen.
NONE = "none"
CHOOSE = 'if (!%s) { sl_send_reply("404", "none"); exit; } sl_send_reply("200", "$du"); exit;'


def chosen_by(setup: Setup, count: int, method: str = "OPTIONS") -> Counter[str]:
    """Where calls go: how many of them to each destination."""
    chosen: Counter[str] = Counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.settimeout(5)
        port = client.getsockname()[1]
        for number in range(count):
            request = _REQUEST.format(method=method, port=port, number=number)
            client.sendto(request.encode(), ("127.0.0.1", setup.port))
            chosen[client.recv(2000).decode().split("\r\n")[0].split(" ", 2)[2]] += 1
    return chosen
