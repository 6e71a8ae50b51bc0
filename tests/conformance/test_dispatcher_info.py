# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dispatcher_info against running servers."""

from __future__ import annotations

import time
from pathlib import Path

from conformance.live import FIFO, PROBED, TM, UNPROBED, Live, kinds, param
from conformance.server import Peers, as_version


def test_what_runs(suite: str, version: str, tmp_path: Path) -> None:
    # No ping is sent, or missed, while this looks twice.
    body = PROBED + param("ds_ping_interval", 60) + param("ds_probing_mode", 3)
    body += param("ds_ping_latency_stats", 1) + param("ds_hash_size", 4)
    live = Live(tmp_path, body, "3 sip:127.0.0.1:9 24 5 duid=a;secret=x\n1 127.0.0.1:10 0 0 note=b;\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        result = live.call("dispatcher_info")
        by_socket = live.call("dispatcher_info", config=None, socket=f"unix:{live.folder}/ctl")
    first, second = sorted(result["destinations"], key=lambda one: one["setid"])[::-1]
    exact = as_version(version).release >= (6, 0)
    assert (first["setid"], first["uri"], first["letters"], first["priority"]) == (3, "sip:127.0.0.1:9", "AP", 5)
    assert (first["flags"], first["flags_complete"]) == ((24, True) if exact else (8, False))
    assert first["duid"] == "a" and first["attrs"] == "duid=a;secret=********" and first["load"] == 0
    assert first["latency"]["maximum"] == 0 and first["effect"] == ("never" if exact else "continuously")
    assert (second["uri"], second["attrs"], second["states"]) == ("sip:127.0.0.1:10", "note=b", ["active"])
    assert second["effect"] == "never" and "no P flag" in second["reason"]
    assert result["modules"] == ["ctl", "jsonrpcs", "tm", "dispatcher"]
    assert result["kamailio_version"] in version and "MOD_tm" in result["defines"]
    assert result["pings_active"] and not result["config_changed"] and not result["reload_due"]
    assert abs(result["started"] - time.time()) < 30
    assert kinds(result) == ([("unprobed", 3)] if exact else [])
    assert by_socket["config"] == str(live.config) and by_socket["destinations"] == result["destinations"]


def test_drift(suite: str, tmp_path: Path) -> None:
    listing = """1 sip:127.0.0.1:11
1 sip:127.0.0.1:12 0 4 weight=50;note=x
1 sip:127.0.0.1:13 0 0 note=z
2 sip:127.0.0.1:14
2 sip:127.0.0.1:15
3 sip:127.0.0.1:16
3 sip:127.0.0.1:99999
4 sip:127.0.0.1:17
4 sip:no.such.name.invalid
6 sip:127.0.0.1:19 16
7 sip:127.0.0.1:20
"""
    live = Live(tmp_path, PROBED, listing)
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        fresh = live.call("dispatcher_info")
        server.rpc("dispatcher.add", "5", "sip:127.0.0.1:18")
        server.rpc("dispatcher.set_state", "dx", "3", "sip:127.0.0.1:16")
        server.rpc("dispatcher.set_state", "ap", "7", "sip:127.0.0.1:20")
        server.rpc("dispatcher.ping_active", "0")
        text = listing.replace("12 0 4 weight=50;note=x", "12 0 5 note=x;weight=50").replace("note=z", "note=y")
        live.list.write_text(text.replace("4 sip:127.0.0.1:17\n", "# gone\n"))
        result = live.call("dispatcher_info")
    assert kinds(fresh) == [("skipped", 3), ("missing", 4)] and fresh["reload_due"]
    expected = [
        ("priority", 1),
        ("attrs", 1),
        ("order", 2),
        ("skipped", 3),
        ("state", 3),
        ("missing", 4),
        ("extra", 4),
        ("extra", 5),
        ("flags", 7),
    ]
    assert sorted(kinds(result)) == sorted(expected)
    texts = {(one["kind"], one["setid"]): one["text"] for one in result["drift"]}
    assert texts["priority", 1] == "the list says priority 5, and it runs with 4"
    assert texts["attrs", 1] == "the list says the attributes 'note=y', and it runs with 'note=z'"
    assert texts["state", 3] == "the list says AX (flags 0), and it runs as DX"
    assert "port is not a number" in texts["skipped", 3] and "resolver" in texts["missing", 4]
    assert [one["line"] for one in result["drift"] if one["kind"] == "missing"] == [9]
    assert result["reload_due"] and not result["pings_active"]


def test_what_nothing_probes_is_drift_before_6_1(suite: str, version: str, tmp_path: Path) -> None:
    live = Live(tmp_path, UNPROBED, "1 sip:127.0.0.1:9 8\n1 sip:127.0.0.1:10 0\n")
    with live.server(suite) as server:
        assert server.exit_status is None, server.log_text()
        result = live.call("dispatcher_info")
        # The file is mended, and the server was not restarted: it still probes nothing.
        text = live.config.read_text().replace('loadmodule "dispatcher.so"', TM + 'loadmodule "dispatcher.so"')
        time.sleep(2.1)
        live.config.write_text(text + param("ds_ping_interval", 1))
        mended = live.call("dispatcher_info")
        # 6.1 takes the flag at run time, though it cleared it in the list.
        server.rpc("dispatcher.set_state", "ap", "1", "sip:127.0.0.1:10")
        set_by_hand = live.call("dispatcher_info")
    before_6_1 = as_version(version).release < (6, 1)
    assert kinds(result) == ([("unprobed", 1)] if before_6_1 else [])
    assert kinds(mended) == kinds(result) and mended["config_changed"] and "tm" not in mended["modules"]
    unprobed = [one["uri"] for one in set_by_hand["drift"] if one["kind"] == "unprobed"]
    assert "sip:127.0.0.1:10" in unprobed and len(unprobed) == (2 if before_6_1 else 1)


def test_pings_change_letters_without_drift(suite: str, tmp_path: Path) -> None:
    for mode, letters in ((0, ["AX", "AX"]), (1, ["AP", "AP"]), (3, ["AX", "AP"])):
        with Peers(2) as peers:
            live = Live(tmp_path, PROBED + param("ds_probing_mode", mode), "")
            live.list.write_text("1 sip:127.0.0.1:%d 8\n1 sip:127.0.0.1:%d 0\n" % tuple(peers.ports))
            with live.server(suite) as server:
                assert server.exit_status is None, server.log_text()
                time.sleep(2.5)
                result = live.call("dispatcher_info")
        assert [one["letters"] for one in result["destinations"]] == letters, mode
        assert result["drift"] == [], mode


def test_no_destination_and_no_dispatcher(suite: str, tmp_path: Path) -> None:
    empty = Live(tmp_path, PROBED, "# none\n")
    with empty.server(suite):
        result = empty.call("dispatcher_info")
    assert result["destinations"] == [] and result["drift"] == []
    without = Live(tmp_path, FIFO + TM, "")
    with without.server(suite):
        failed = without.call("dispatcher_info")
    assert failed["failed"] and "runs without the dispatcher module" in failed["msg"]
    assert failed["kamailio_version"].startswith({"bookworm": "5.6", "trixie": "6.0", "sid": "6.1"}[suite])
    assert "tm" in failed["modules"]
