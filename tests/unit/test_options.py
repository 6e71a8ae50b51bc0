# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers and names in the options of modules that nothing can be done with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.attributes import wanted_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.facts import Account, identity_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import journal_folder, record_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.find import parse_binrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.watch import Standin

# Python refuses to make a number of it.
DIGITS = pytest.param("9" * 5000, id="digits")


@pytest.mark.parametrize("option", ["owner", "group"])
@pytest.mark.parametrize("value", ["²", "٣", DIGITS, "4294967295", "4294967296", "a\0b", "\udcff"])
def test_what_is_not_an_account_of_the_host_is_refused(option: str, value: str) -> None:
    params: dict[str, Any] = {"owner": None, "group": None, "mode": None, option: value}
    module: Any = Standin(params)
    with pytest.raises(KamailioError, match="%s: this host does not know '" % option):
        wanted_of(module)


def test_the_number_of_an_account_need_not_have_a_name() -> None:
    module: Any = Standin({"owner": "4242", "group": 4294967294, "mode": None})
    assert wanted_of(module)[:2] == (4242, 4294967294)


@pytest.mark.parametrize("user", ["²", DIGITS, "4294967295", "a\0b"])
def test_an_account_of_a_unit_that_is_none(user: str) -> None:
    with pytest.raises(KeyError):
        identity_of(Account(user, None))
    with pytest.raises(KeyError):
        identity_of(Account("root", user))


@pytest.mark.parametrize("text", ["²", "tcp:h:²", "tcp:h:٣", "h:99999999999", "udp:[::1]:²"])
def test_a_port_that_is_not_a_decimal_number_is_no_address(text: str) -> None:
    assert getattr(parse_binrpc(text), "port", 2049) == 2049


@pytest.mark.parametrize("find", [record_path, lambda folder, config: journal_folder({"record": folder}, config)])
def test_a_record_with_a_nul_character_is_refused(find: Any, tmp_path: Path) -> None:
    for folder, config in (("%s/a\0b" % tmp_path, "/k.cfg"), (os.fspath(tmp_path), "/k\0.cfg")):
        with pytest.raises(KamailioError, match=r"\\x00.*: is not a path, since it holds a NUL character"):
            find(folder, config)
