# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder for journals that another user can write to: what it contains is not to be trusted."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from integration.module import result_of

from attack.attacker import SERVER
from attack.ground import PRIVATE_LIST, Vault, file_of, owned

CONFIG = 'loadmodule "ctl.so"\nloadmodule "tm.so"\nloadmodule "dispatcher.so"\nrequest_route { exit; }\n'


def plant(record: Path, config: Path, victim: Path, command: list[str]) -> None:
    """A journal that asks for a restart by a command, and for another content of a file of root."""
    folder = record / (urllib.parse.quote(str(config), safe="") + ".change")
    folder.mkdir()
    options: dict[str, Any] = dict.fromkeys(("socket", "defines", "instance"))
    options.update(config=str(config), record=str(record), timeout=1, reload_timeout=1, restart_timeout=1)
    options.update(restart_command=command, unsafe_writes=True)
    entry = {"path": str(victim), "new": False, "digest": hashlib.sha256(PRIVATE_LIST.encode()).hexdigest()}
    # A boot that is not the present one: the server can have got the change.
    state = {"change": "f" * 32, "phase": "writing", "deadline": 0, "action": "restart", "options": options}
    state.update({"boot": "another", "entries": [entry], "states": [], "reason": ""})
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "0.before").write_text("planted\n")
    (folder / "lock").write_text("")


def give(folder: Path, uid: int) -> None:
    """Let a user own a folder with all that it contains."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid)


@pytest.mark.parametrize("state", ["present", "reverted", "confirmed"])
@pytest.mark.parametrize("writable", ["owner", "parent", "group", "everybody", "link"])
def test_a_journal_that_another_user_can_write_is_refused(
    writable: str, state: str, ground: Path, tmp_path: Path
) -> None:
    vault, evidence = Vault(ground / "vault"), ground / "executed"
    config = file_of(ground / "kamailio.cfg", 0, CONFIG)
    named = parent = owned(ground / "lib", 0)
    record = owned(parent / "record", 0, 0o700)
    plant(record, config, vault.file, ["touch", str(evidence)])
    if writable in ("owner", "link"):
        give(record, SERVER)
        named = record
    if writable == "parent":
        os.chown(parent, SERVER, SERVER)
    if writable in ("group", "everybody"):
        named = record
        os.chown(record, 0, SERVER)
        record.chmod(0o770 if writable == "group" else 0o777)
    if writable == "link":
        # A link of another user, to a folder of root that contains such a journal from a backup.
        give(record, 0)
        named = owned(ground / "own", SERVER)
        link = named / "record"
        link.symlink_to(record)
        os.lchown(link, SERVER, SERVER)
        record = link
    before = sorted(str(path) for path in ground.rglob("*"))
    arguments: dict[str, Any] = {"config": str(config), "record": str(record), "defines": [], "state": state}
    result = result_of(tmp_path, "deploy", **arguments, restart_command=["true"], timeout=1)
    assert not evidence.exists(), "the planted command was executed"
    vault.assert_untouched()
    assert sorted(str(path) for path in ground.rglob("*")) == before
    assert result.get("failed") and str(named) in result["msg"], result
    if writable in ("owner", "parent", "link"):
        assert str(SERVER) in result["msg"], "whose folder it is: %s" % result["msg"]
    else:
        assert "can be changed by its group or by everybody" in result["msg"], result
