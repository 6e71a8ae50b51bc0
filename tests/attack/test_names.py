# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations of other users that name files of root, to have a task change them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from conformance.server import Peers
from conformance.test_deploy import A, Deployed
from integration.module import result_of

from attack.attacker import OTHER, SERVER
from attack.ground import Vault, file_of, owned

SUITE = "bookworm"
TIMER = 'modparam("tm", "fr_timer", 1000)\n'
INCLUDES = 'loadmodule "tm.so"\ninclude_file "%s"\n'
LISTS = 'loadmodule "dispatcher.so"\nmodparam("dispatcher", "list_file", "%s")\nrequest_route { exit; }\n'
PROBED = "1 sip:10.0.0.1 8\n"


def load(folder: Path, config: Path, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    modules = [{"name": "tm", "params": {"fr_timer": 2000}}]
    return result_of(
        folder, "loadmodule", check_mode, config=str(config), modules=modules, check=False, defines=[], **options
    )


def correct(folder: Path, config: Path, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    policy = {"on_violation": "correct", "correction": "clear_probing", "kamailio_version": "5.6.3"}
    return result_of(folder, "validate", check_mode, config=str(config), defines=[], **policy, **options)


def assert_refused(result: dict[str, Any], named: Path, vault: Vault) -> None:
    vault.assert_untouched()
    assert result.get("failed") and not result.get("changed"), result
    assert "%s: is named by a configuration that the user %d can change" % (named, SERVER) in result["msg"], result


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_included_file_that_another_user_has_named_is_not_written(
    check_mode: bool, ground: Path, tmp_path: Path
) -> None:
    vault = Vault(ground / "vault", content=TIMER)
    config = file_of(owned(ground / "etc", 0) / "kamailio.cfg", SERVER, INCLUDES % vault.file)
    assert_refused(load(tmp_path, config, check_mode, backup=True), vault.file, vault)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("owner", [SERVER, 0])
def test_a_list_that_another_user_has_named_is_not_written(
    owner: int, check_mode: bool, ground: Path, tmp_path: Path
) -> None:
    vault = Vault(ground / "vault", content=PROBED)
    config = file_of(owned(ground / "etc", owner) / "kamailio.cfg", SERVER, LISTS % vault.file)
    assert_refused(correct(tmp_path, config, check_mode, backup=True), vault.file, vault)


def test_a_configuration_that_is_a_link_does_not_lead_to_the_list_of_another_server(
    ground: Path, tmp_path: Path
) -> None:
    (ground / "theirs").mkdir()
    listing = file_of(ground / "theirs" / "dispatcher.list", 0, PROBED)
    file_of(ground / "theirs" / "kamailio.cfg", 0, LISTS % listing)
    link = owned(ground / "etc", SERVER) / "kamailio.cfg"
    link.symlink_to(ground / "theirs" / "kamailio.cfg")
    os.lchown(link, SERVER, SERVER)
    result = correct(tmp_path, link)
    assert result.get("failed") and "is named by a configuration" in result["msg"], result
    assert listing.read_text() == PROBED


def test_a_file_next_to_the_configuration_must_be_a_list(ground: Path, tmp_path: Path) -> None:
    other = file_of(ground / "shadow", 0, "root:!:1:0:99999:7:::\n" + PROBED, 0o600)
    config = file_of(ground / "kamailio.cfg", SERVER, LISTS % other)
    result = correct(tmp_path, config)
    assert result.get("failed") and not result.get("changed") and PROBED in other.read_text(), result


@pytest.mark.parametrize("folder", [".", "conf.d"])
def test_files_next_to_the_configuration_are_written_whoever_owns_it(folder: str, ground: Path, tmp_path: Path) -> None:
    (ground / folder).mkdir(exist_ok=True)
    included = file_of(ground / folder / "tm.cfg", 0, TIMER)
    listing = file_of(ground / folder / "dispatcher.list", 0, "# list\n\n" + PROBED)
    config = file_of(ground / "kamailio.cfg", SERVER, INCLUDES % included)
    result = load(tmp_path, config)
    assert result["changed"] and "2000" in included.read_text(), result
    config.write_text(LISTS % listing)
    result = correct(tmp_path, config)
    assert result["changed"] and "sip:10.0.0.1 0" in listing.read_text(), result


def test_a_folder_where_everybody_can_put_a_configuration_is_not_that_of_its_files(
    ground: Path, tmp_path: Path
) -> None:
    shared = ground / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    included = file_of(shared / "of_root", 0, TIMER, 0o600)
    result = load(tmp_path, file_of(shared / "kamailio.cfg", SERVER, INCLUDES % included))
    assert result.get("failed") and "is named by a configuration" in result["msg"], result
    assert included.read_text() == TIMER


@pytest.mark.parametrize("way", ["owner", "folder", "follow", "root names it"])
def test_a_list_elsewhere_is_written_if_who_names_it_could(way: str, ground: Path, tmp_path: Path) -> None:
    folder = owned(ground / "lists", SERVER if way == "folder" else 0)
    listing = file_of(folder / "dispatcher.list", SERVER if way == "owner" else 0, PROBED)
    (ground / "etc").mkdir()
    owner = 0 if way == "root names it" else SERVER
    config = file_of(ground / "etc" / "kamailio.cfg", owner, LISTS % listing)
    result = correct(tmp_path, config, follow=way == "follow")
    assert result["changed"] and "sip:10.0.0.1 0" in listing.read_text(), result


def test_each_of_several_users_must_be_able_to_change_the_file(ground: Path, tmp_path: Path) -> None:
    listing = file_of(owned(ground / "lists", SERVER) / "dispatcher.list", SERVER, PROBED)
    included = file_of(owned(ground / "etc", 0) / "of_another", OTHER, LISTS % listing)
    config = file_of(ground / "etc" / "kamailio.cfg", SERVER, 'include_file "%s"\n' % included)
    result = correct(tmp_path, config)
    assert result.get("failed") and "that the user %d can change" % OTHER in result["msg"], result


@pytest.mark.parametrize("check_mode", [True, False])
def test_deploy_does_not_write_a_list_that_another_user_has_named(
    check_mode: bool, ground: Path, tmp_path: Path
) -> None:
    vault = Vault(ground / "vault")
    with Peers(2) as peers:
        live = Deployed(tmp_path, SUITE, peers)
        live.config.write_text(live.config.read_text().replace(str(live.list), str(vault.file)))
        os.chown(live.config, SERVER, SERVER)
        with live.running():
            result = live.deploy(check_mode=check_mode, destinations=[{"setid": 2, "uri": A}])
    assert_refused(result, vault.file, vault)
    assert live.pending() == []
