# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found about pings: what servers of every version send, and what they show of a destination."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import Host
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.facts import can_read
from conformance.server import Peers, as_version
from conformance.setups import Setup, rules

BASE = """loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "dispatcher.so"
@LIST@
modparam("dispatcher", "ds_ping_interval", 1)
modparam("dispatcher", "ds_probing_mode", %d)
modparam("dispatcher", "ds_probing_threshold", 1)
"""
PARAM = 'modparam("dispatcher", "%s", "%s")\n'
URI = "1 sip:127.0.0.1:@PEER@"
SECONDS = 3.5
NOTE = "probing-until-first-answer"

# name: rules broken, mode, more configuration, list, what the peer answers, pings (2 for more than one), flags shown
CASES = {
    "no_from": (["ping-cannot-be-sent"], 3, PARAM % ("ds_ping_from", ""), f"{URI} 8", 200, 0, "IP"),
    "no_from_but_its_own": ([], 3, PARAM % ("ds_ping_from", ""), f"{URI} 8 0 ping_from=sip:a@b", 200, 2, "AP"),
    "no_from_and_not_asked_for": (
        ["interval-without-probing"],
        3,
        PARAM % ("ds_ping_from", ""),
        f"{URI} 0",
        200,
        0,
        "AX",
    ),
    "no_method": (["ping-cannot-be-sent"], 1, PARAM % ("ds_ping_method", ""), f"{URI} 0", 200, 0, "IP"),
    "proxy_without_scheme": (
        ["ping-cannot-be-sent"],
        3,
        PARAM % ("outbound_proxy", "127.0.0.1"),
        f"{URI} 8",
        200,
        0,
        "IP",
    ),
    "proxy_empty": (["ping-cannot-be-sent"], 3, PARAM % ("outbound_proxy", ""), f"{URI} 8", 200, 0, "IP"),
    "proxy_of_tcp": (
        ["ping-cannot-be-sent"],
        3,
        PARAM % ("outbound_proxy", "sip:127.0.0.1;transport=tcp"),
        f"{URI} 8",
        200,
        0,
        "IP",
    ),
    "own_proxy_bad": (["ping-cannot-be-sent"], 3, "", f"{URI} 8 0 obproxy=127.0.0.1:5060", 200, 0, "IP"),
    "own_proxy_sips": (["ping-cannot-be-sent"], 3, "", f"{URI} 8 0 obproxy=sips:127.0.0.1", 200, 0, "IP"),
    "own_proxy_tel": (["ping-cannot-be-sent"], 3, "", f"{URI} 8 0 obproxy=tel:123", 200, 0, "IP"),
    "own_proxy_good": ([], 3, PARAM % ("outbound_proxy", "x"), f"{URI} 8 0 obproxy=sip:127.0.0.1:@PEER@", 200, 2, "AP"),
    "tcp": (["transport-not-listened"], 3, "", f"{URI};transport=tcp 8", 200, 0, "IP"),
    "tls": (["transport-not-listened"], 3, "", f"{URI};transport=tls 8", 200, 0, "IP"),
    "sctp": (["transport-not-listened"], 3, "", f"{URI};transport=sctp 8", 200, 0, "IP"),
    "ws": (["transport-not-listened"], 3, "", f"{URI};transport=ws 8", 200, 0, "IP"),
    "sips": (["transport-not-listened"], 3, "", "1 sips:127.0.0.1:@PEER@ 8", 200, 0, "IP"),
    "codes_ignored": (["reply-codes-ignored"], 3, PARAM % ("ds_ping_reply_codes", "404"), f"{URI} 8", 404, 2, "IP"),
    "codes_comma": (
        ["reply-codes-ignored"],
        3,
        PARAM % ("ds_ping_reply_codes", "code=403,404"),
        f"{URI} 8",
        404,
        2,
        "IP",
    ),
    "codes_comma_and_named_before": (
        [],
        3,
        PARAM % ("ds_ping_reply_codes", "code=403;class=3;code=404,class=3,403,class=2"),
        f"{URI} 8",
        404,
        2,
        "AP",
    ),
    "codes_comma_and_their_class": (
        ["reply-codes-hide-timeouts"],
        3,
        PARAM % ("ds_ping_reply_codes", "class=4,404,code=486"),
        f"{URI} 8",
        404,
        2,
        "AP",
    ),
    "codes_class_of_three_letters": (
        ["reply-codes-hide-timeouts"],
        3,
        PARAM % ("ds_ping_reply_codes", "class=4xx"),
        f"{URI} 8",
        404,
        2,
        "AP",
    ),
    "codes_with_blanks": ([], 3, PARAM % ("ds_ping_reply_codes", "code=403; code = 404 "), f"{URI} 8", 404, 2, "AP"),
    "codes_in_quotes": (
        ["reply-codes-ignored"],
        3,
        'modparam("dispatcher", "ds_ping_reply_codes", "code=\\"40 3\\";code=404")\n',
        f"{URI} 8",
        404,
        2,
        "AP",
    ),
    "codes_of_two": (
        ["reply-codes-ignored"],
        3,
        PARAM % ("ds_ping_reply_codes", "code=99;code=404"),
        f"{URI} 8",
        404,
        2,
        "AP",
    ),
    "from_is_a_word": (["ping-from-odd"], 3, PARAM % ("ds_ping_from", "kamailio"), f"{URI} 8", 200, 2, "AP"),
    "from_with_a_name": ([], 3, PARAM % ("ds_ping_from", "Probe <sip:a@b>"), f"{URI} 8", 200, 2, "AP"),
    "method_small": (["ping-method-odd"], 3, PARAM % ("ds_ping_method", "options"), f"{URI} 8", 200, 2, "AP"),
    "method_invite": (["ping-method-odd"], 3, PARAM % ("ds_ping_method", "INVITE"), f"{URI} 8", 200, 2, "AP"),
    "method_info": ([], 3, PARAM % ("ds_ping_method", "INFO"), f"{URI} 8", 200, 2, "AP"),
    "disabled": (["probing-switched-off"], 3, "", f"{URI} 12", 200, 0, "DP"),
    "inactive_only": (["probing-inactive-only"], 2, "", f"{URI} 8", 200, 0, "AP"),
    "inactive": ([NOTE], 2, "", f"{URI} 9", 200, 1, "AX"),
    "first_answer": ([NOTE], 0, "", f"{URI} 8", 200, 1, "AX"),
    "mode_4": ([NOTE], 4, "", f"{URI} 8", 200, 1, "AX"),
    "two_answers": (
        [NOTE],
        0,
        'modparam("dispatcher", "ds_inactive_threshold", 2)\n',
        f"{URI} 9",
        200,
        2,
        "AX",
    ),
    "interval_of_nothing": (
        ["mode-without-interval"],
        1,
        'modparam("dispatcher", "ds_ping_interval", 0)\n',
        f"{URI} 0",
        200,
        0,
        "AX",
    ),
    "interval_negative": (
        ["mode-without-interval"],
        1,
        'modparam("dispatcher", "ds_ping_interval", -1)\n',
        f"{URI} 0",
        200,
        0,
        "AX",
    ),
}


def broken(setup: Setup, version: str) -> list[str]:
    found = {finding["rule"] for finding in setup.judge(version).result["findings"]}
    return sorted(found - {"interval-shorter-than-timeout"})


@pytest.mark.parametrize("case", CASES)
def test_pings_are_what_the_findings_say(case: str, suite: str, version: str, tmp_path: Path) -> None:
    expected, mode, more, listing, code, pings, flags = CASES[case]
    with Peers(1, code) as peers:
        peer = str(peers.ports[0])
        setup = Setup(tmp_path, BASE % mode + more.replace("@PEER@", peer), listing.replace("@PEER@", peer) + "\n")
        found = broken(setup, version)
        (probe,) = setup.judge(version).result["probing"]
        with setup.server(suite) as server:
            assert server.exit_status is None, server.log_text()
            time.sleep(SECONDS)
            (shown,) = server.destinations()
    assert found == expected
    assert (min(peers.counts[int(peer)], 2), shown.flags) == (pings, flags), server.log_text()
    if pings == 0:
        assert probe["effect"] == "never"


@pytest.mark.parametrize("flags", [24, 40])
@pytest.mark.parametrize("mode", [1, 3])
def test_bits_that_switch_probing_off(mode: int, flags: int, suite: str, version: str, tmp_path: Path) -> None:
    with Peers(1) as peers:
        setup = Setup(tmp_path, BASE % mode, "1 sip:127.0.0.1:%d %d\n" % (peers.ports[0], flags))
        found = broken(setup, version)
        with setup.server(suite):
            time.sleep(SECONDS)
    pinged = peers.counts[peers.ports[0]] > 1
    assert pinged is (as_version(version).release < (6, 0))
    assert found == ([] if pinged else ["probing-switched-off"])


def test_no_lookup_ends_the_probing_of_mode_1(suite: str, version: str, tmp_path: Path) -> None:
    with Peers(1) as peers:
        setup = Setup(tmp_path, BASE % 1, "1 sip:127.0.0.1:%d 16\n" % peers.ports[0])
        found = broken(setup, version)
        with setup.server(suite):
            time.sleep(SECONDS)
    assert found == ([] if peers.counts[peers.ports[0]] else ["probing-switched-off"])


def test_socket_of_pings_is_not_listened_on(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE % 3 + PARAM % ("ds_ping_socket", "udp:127.0.0.1:1"), f"{URI} 8".replace("@PEER@", "9"))
    knows_it = suite == "sid"
    assert ("default-socket-not-listened" if knows_it else "parameter-unknown") in rules(setup.judge(version))
    server = setup.server(suite)
    assert (server.check() == 0) is knows_it
    assert not server.start()


TIMERS = {
    "answer": ({"fr_timer": 4000}, {}, True),
    "answer_short": ({"fr_timer": 1000}, {}, False),
    "life": ({"max_noninv_lifetime": 4000}, {}, True),
    "life_short": ({"max_noninv_lifetime": 1000}, {}, False),
    "default": ({}, {}, True),
    "ticks": ({"fr_timer": 1000}, {"ds_ping_fr_timer": 64}, True),
    "ticks_short": ({}, {"ds_ping_fr_timer": 16}, False),
    "ticks_of_the_other_name": ({}, {"ds_ping_fr_timer": 640, "ds_ping_fr_timeout": 16}, False),
    "no_ticks": ({"fr_timer": 1000}, {"ds_ping_fr_timer": 0}, False),
}


@pytest.mark.parametrize("case", TIMERS)
def test_a_dead_destination_is_noticed_late(case: str, suite: str, version: str, tmp_path: Path) -> None:
    of_tm, own, late = TIMERS[case]
    timers = "".join('modparam("tm", "%s", %d)\n' % param for param in of_tm.items())
    timers += "".join('modparam("dispatcher", "%s", %d)\n' % param for param in own.items())
    setup = Setup(tmp_path, BASE % 3 + timers, "1 sip:127.0.0.1:9 8\n")
    found = [finding["rule"] for finding in setup.judge(version).result["findings"]]
    if own and suite != "sid":
        assert "parameter-unknown" in found and setup.server(suite).check() != 0
        return
    assert found == (["interval-shorter-than-timeout"] if late else [])
    with setup.server(suite) as server:
        time.sleep(SECONDS)
        assert [destination.flags for destination in server.destinations()] == ["AP" if late else "IP"], (
            server.log_text()
        )


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
@pytest.mark.parametrize("flags", [(8, 8), (0, 8), (8, 0), (9, 9), (12, 8)])
def test_two_destinations_with_one_uri(
    flags: tuple[int, int], mode: int, suite: str, version: str, tmp_path: Path
) -> None:
    with Peers(1) as peers:
        line = "1 sip:127.0.0.1:%d " % peers.ports[0]
        setup = Setup(tmp_path, BASE % mode, "".join(line + "%d\n" % number for number in flags))
        effects = [probe["effect"] for probe in setup.judge(version).result["probing"]]
        with setup.server(suite):
            time.sleep(SECONDS)
    count = peers.counts[peers.ports[0]]
    once = effects.count("until_first_answer")
    if "continuously" in effects:
        assert count >= 2 * effects.count("continuously") + once
    else:
        assert count == once


def test_a_list_that_the_user_of_the_server_cannot_read(suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE % 3, "1 sip:127.0.0.1:9 8\n")
    for folder in setup.folder.parents:
        if folder.stat().st_uid == os.getuid() and folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o711)
    shutil.chown(setup.folder, "nobody")
    setup.list.chmod(0o600)
    nobody = Account("nobody", None)

    def found(started_by: Account, switches_to: Account) -> list[str]:
        return rules(setup.judge(version, Host(lambda _load: True, can_read, started_by, switches_to)))

    assert found(nobody, Account()) == ["file-unreadable"]
    assert found(Account(), nobody) == ["reload-unreadable"]
    assert found(Account(), Account()) == found(Account("root"), Account()) == []
    with setup.server(suite, "-u", "nobody") as server:
        assert server.exit_status is None, server.log_text()
        time.sleep(6)
        assert "Failed" in server.rpc("dispatcher.reload") or "error" in server.rpc("dispatcher.reload")
    setup.list.chmod(0o644)
    assert found(nobody, Account()) == found(Account(), nobody) == []
