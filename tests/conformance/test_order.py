# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a server tries the destinations of a set, with algorithm 8 (by priority)."""

from __future__ import annotations

import random
import re
import socket
import time
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.summary import summarise
from conformance.server import as_version
from conformance.setups import Setup

BODY = """loadmodule "tm.so"
loadmodule "dispatcher.so"
@LIST@
modparam("dispatcher", "flags", 2)
modparam("dispatcher", "xavp_dst", "_dsdst_")
loadmodule "pv.so"
loadmodule "xlog.so"
"""
ROUTE = """
  $var(count) = 0;
  ds_select_dst("1", "8");
  while ($var(count) < 40 && $du != $null) {
    xlog("L_ERR", "tried <$du>\\n");
    $var(count) = $var(count) + 1;
    $du = $null;
    ds_next_dst();
  }
  xlog("L_ERR", "no more.\\n");
  exit;
"""
REQUEST = (
    b"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize("seed", range(5))
def test_sets_are_in_the_order_in_which_the_server_tries_them(
    seed: int, suite: str, version: str, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    lines = ["1 sip:127.0.0.1:%d 0 %d" % (9000 + index, chance.choice((0, 0, 5, 10))) for index in range(12)]
    setup = Setup(tmp_path, BODY, "\n".join(lines) + "\n", ROUTE)
    mine = summarise("list", setup.list.read_bytes(), as_version(version))["sets"][0]["destinations"]
    with setup.server(suite) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(REQUEST, ("127.0.0.1", setup.port))
        deadline = time.monotonic() + 10
        while "no more." not in server.log_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert re.findall(r"tried <(\S+)>", server.log_text()) == mine
