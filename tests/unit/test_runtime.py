# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that add destinations to a running server and remove them, by its version."""

from __future__ import annotations

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.setup import MODE_ALL, Setup
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.runtime import RuntimePlan, plan_runtime
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.sockets import UNKNOWN_SOCKETS
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.dispatcher import read_destinations
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import given_version

OLD = ("5.4.4", "5.5.7")
ADDRESS, NAME = "sip:192.0.2.1:5060", "sip:gw.example.org:5060"


def planned(version: str, **wish: object) -> RuntimePlan:
    setup = Setup(None, "first", 10, MODE_ALL, 1, None, None, UNKNOWN_SOCKETS, given_version(version))
    shown = [{"DEST": {"URI": uri, "FLAGS": "AX", "PRIORITY": 0}} for uri in (NAME, ADDRESS)]
    answer = [{"NRSETS": 1, "RECORDS": [{"SET": {"ID": 1, "TARGETS": shown}}]}]
    return plan_runtime(read_destinations(answer), parse_wishes([{"setid": 1, **wish}]), setup)


@pytest.mark.parametrize("version", [*OLD, "5.6.0", "6.1.5"])
def test_arguments_of_an_addition(version: str) -> None:
    new = "sip:192.0.2.9:5060"
    old = version in OLD
    assert planned(version, uri=new).calls == (("dispatcher.add", (1, new, 0, "" if old else 0)),)
    last = ("duid=a",) if old else (0, "duid=a")
    assert planned(version, uri=new, attrs="duid=a").calls == (("dispatcher.add", (1, new, 0, *last)),)
    if old:
        with pytest.raises(KamailioError, match="Kamailio %s cannot add a destination with a priority" % version):
            planned(version, uri=new, priority=5)
    else:
        assert planned(version, uri=new, priority=5).calls[0][1][3] == 5


@pytest.mark.parametrize(("version", "refused"), [(OLD[0], True), ("5.6.1", True), ("5.6.2", False), ("6.1.5", False)])
def test_removal_of_which_a_server_dies(version: str, refused: bool) -> None:
    assert planned(version, uri=ADDRESS, state="absent").calls == (("dispatcher.remove", (1, ADDRESS)),)
    if refused:
        with pytest.raises(KamailioError, match="Kamailio %s dies of a removal" % version):
            planned(version, uri=NAME, state="absent")
    else:
        assert planned(version, uri=NAME, state="absent").calls == (("dispatcher.remove", (1, NAME)),)
