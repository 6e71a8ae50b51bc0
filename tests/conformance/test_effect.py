# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the pings: every flag value in every mode, on servers of every version."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.server import Peers
from conformance.setups import Setup

FLAGS = [*range(16), 16, 24, 25, 32, 40, 41, 56, 63]
SECONDS = 5


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_effect_is_what_the_server_does(mode: int, suite: str, version: str, tmp_path: Path) -> None:
    body = "\n".join(
        [
            'loadmodule "tm.so"',
            'loadmodule "dispatcher.so"\n@LIST@',
            'modparam("dispatcher", "ds_ping_interval", 1)',
            'modparam("dispatcher", "ds_probing_mode", %d)' % mode,
        ]
    )
    with Peers(len(FLAGS)) as peers:
        lines = ["%d sip:127.0.0.1:%d %d" % (1, port, flags) for port, flags in zip(peers.ports, FLAGS)]
        setup = Setup(tmp_path, body, "\n".join(lines) + "\n")
        probing = setup.judge(version).result["probing"]
        with setup.server(suite) as server:
            at_start = {entry.uri: entry.flags for entry in server.destinations()}
            time.sleep(SECONDS)
            counts = dict(peers.counts)
    seen = {
        flags: "never" if not counts[port] else "until_first_answer" if counts[port] == 1 else "continuously"
        for port, flags in zip(peers.ports, FLAGS)
    }
    assert {probe["flags"]: probe["effect"] for probe in probing} == seen
    never = [probe for probe in probing if probe["effect"] == "never"]
    assert {probe["uri"]: probe["letters"] for probe in never} == {
        probe["uri"]: at_start[probe["uri"]] for probe in never
    }
