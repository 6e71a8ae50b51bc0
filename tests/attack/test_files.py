# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that modules write in folders that other users can change, enter or lock."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

import pytest
from integration.module import command, environment, result_of

from attack.attacker import OTHER, SERVER, Attackers
from attack.ground import PRIVATE_LIST, Vault, assert_no_copy, file_of, owned
from attack.product import TRIES, arguments_file, run_many

LIST = "1 sip:10.0.0.1 8\n"
CONFIG = 'loadmodule "sl.so"\nloadmodule "tm.so"\nmodparam("tm", "fr_timer", 1000)\nrequest_route { exit; }\n'
PUBLIC = [Path(name) for name in ("/run/lock", "/var/lock", "/tmp", "/var/tmp", "/dev/shm")]  # noqa: S108
# A run that waits for a lock takes 30 seconds.
WAITS_SECONDS = 10


def arguments_of(module: str, path: Path, number: int = 2) -> dict[str, Any]:
    """The arguments with which a module brings a number into a list or a configuration."""
    if module == "dispatcher_list":
        return {"path": str(path), "destinations": [{"setid": 1, "uri": "sip:10.0.0.%d" % number}]}
    timer = [{"name": "tm", "params": {"fr_timer": number}}]
    return {"config": str(path), "modules": timer, "check": False, "defines": []}


def result_in_time(folder: Path, module: str, **arguments: Any) -> dict[str, Any]:
    """What a module returns that does not wait for anybody."""
    line = command(folder, module, arguments, module)
    try:
        done = subprocess.run(line, capture_output=True, env=environment(), check=False, timeout=WAITS_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.fail("the module waits for a lock")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("kind", ["shared", "exclusive"])
@pytest.mark.parametrize("module", ["dispatcher_list", "loadmodule"])
def test_locks_of_another_user_do_not_delay_a_change(
    module: str, kind: str, ground: Path, tmp_path: Path, attackers: Attackers
) -> None:
    listing = file_of(ground / "dispatcher.list", 0)
    config = file_of(ground / "kamailio.cfg", 0, CONFIG)
    path = listing if module == "dispatcher_list" else config
    attackers.start(OTHER, "hold_locks", kind, ground, listing, config)
    for number in (2, 3):
        # The second run meets the locks on what the first one has left.
        result = result_in_time(tmp_path, module, **arguments_of(module, path, number))
        assert result["changed"] and not result.get("failed"), result
    assert "sip:10.0.0.3" in listing.read_text() or '"fr_timer", 3)' in config.read_text()


@pytest.mark.parametrize("module", ["dispatcher_list", "loadmodule"])
def test_no_lock_is_where_every_user_can_make_files(module: str, ground: Path, tmp_path: Path) -> None:
    """Who makes it first could keep everybody else out."""

    def found() -> set[Path]:
        return {path for place in PUBLIC if place.is_dir() for path in place.glob("*sipfleet*") if path.is_file()}

    before = found()
    path = file_of(ground / "file", 0, LIST if module == "dispatcher_list" else CONFIG)
    assert result_of(tmp_path, module, **arguments_of(module, path))["changed"]
    assert found() <= before


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("module", ["dispatcher_list", "loadmodule"])
def test_a_link_of_another_user_is_refused(module: str, check_mode: bool, ground: Path, tmp_path: Path) -> None:
    content = PRIVATE_LIST if module == "dispatcher_list" else CONFIG + "# TOPSECRET\n"
    vault = Vault(ground / "vault", content=content)
    link = owned(ground / "etc", SERVER) / "link"
    link.symlink_to(vault.file)
    os.lchown(link, SERVER, SERVER)
    result = result_of(tmp_path, module, check_mode, **arguments_of(module, link), backup=True)
    vault.assert_untouched()
    assert result.get("failed") and not result.get("changed"), result
    assert str(link) in result["msg"] and "link" in result["msg"].replace(str(link), ""), result["msg"]
    assert "TOPSECRET" not in str(result)
    assert [path.name for path in link.parent.iterdir()] == ["link"] and link.is_symlink()


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_link_of_another_user_is_followed_to_a_list_that_a_group_of_the_user_can_replace(
    check_mode: bool, ground: Path, tmp_path: Path
) -> None:
    account = pwd.getpwnam("kamailio")
    shared = owned(ground / "shared", 0)
    listing = file_of(shared / "list", 0, LIST, 0o640)
    for path in (shared, listing):
        os.chown(path, 0, account.pw_gid)
    shared.chmod(0o2775)
    link = owned(ground / "etc", account.pw_uid) / "dispatcher.list"
    link.symlink_to(listing)
    os.lchown(link, account.pw_uid, account.pw_gid)
    result = result_of(tmp_path, "dispatcher_list", check_mode, **arguments_of("dispatcher_list", link))
    assert result["changed"] and not result.get("failed") and link.is_symlink(), result
    assert ("sip:10.0.0.2" in listing.read_text()) is not check_mode
    assert (listing.stat().st_mode & 0o777, listing.stat().st_gid) == (0o640, account.pw_gid)


def test_an_included_link_of_another_user_is_not_written(ground: Path, tmp_path: Path) -> None:
    vault = Vault(ground / "vault", content='modparam("tm", "fr_timer", 1000)\n# TOPSECRET\n')
    link = owned(ground / "include", SERVER) / "tm.cfg"
    link.symlink_to(vault.file)
    os.lchown(link, SERVER, SERVER)
    config = file_of(ground / "kamailio.cfg", 0, 'loadmodule "tm.so"\ninclude_file "%s"\n' % link)
    result = result_of(tmp_path, "loadmodule", **arguments_of("loadmodule", config), backup=True)
    vault.assert_untouched()
    assert result.get("failed") and str(link) in result["msg"], result
    assert "TOPSECRET" not in str(result)


def test_a_folder_that_is_a_link_of_another_user_is_refused(ground: Path, tmp_path: Path) -> None:
    vault = Vault(ground / "vault", "dispatcher.list")
    link = owned(ground / "srv", SERVER) / "etc"
    link.symlink_to(vault.folder)
    os.lchown(link, SERVER, SERVER)
    path = link / "dispatcher.list"
    result = result_of(tmp_path, "dispatcher_list", **arguments_of("dispatcher_list", path), backup=True)
    vault.assert_untouched()
    assert result.get("failed") and str(link) in result["msg"], result
    assert "TOPSECRET" not in str(result)


def test_a_dangling_link_of_another_user_creates_nothing(ground: Path, tmp_path: Path) -> None:
    vault = Vault(ground / "vault")
    link = owned(ground / "etc", SERVER) / "dispatcher.list"
    link.symlink_to(vault.folder / "new")
    os.lchown(link, SERVER, SERVER)
    result = result_of(tmp_path, "dispatcher_list", **arguments_of("dispatcher_list", link))
    vault.assert_untouched()
    assert result.get("failed") and str(link) in result["msg"], result


@pytest.mark.parametrize("missing", [False, True])
def test_links_of_root_are_followed_and_kept(missing: bool, ground: Path, tmp_path: Path) -> None:
    (ground / "etc").mkdir()
    (ground / "shared").mkdir()
    path, target = ground / "etc" / "dispatcher.list", ground / "shared" / "list"
    path.symlink_to("../shared/list")
    if not missing:
        target.write_text(LIST)
    result = result_of(tmp_path, "dispatcher_list", **arguments_of("dispatcher_list", path), backup=True)
    assert result["changed"] and not result.get("failed"), result
    assert path.is_symlink() and path.readlink() == Path("../shared/list") and "sip:10.0.0.2" in target.read_text()


def test_a_linked_folder_of_root_is_followed_and_kept(ground: Path, tmp_path: Path) -> None:
    (ground / "real").mkdir()
    (ground / "etc").symlink_to("real")
    path = file_of(ground / "real" / "dispatcher.list", 0)
    done = result_of(tmp_path, "dispatcher_list", **arguments_of("dispatcher_list", ground / "etc" / path.name))
    assert done["changed"] and (ground / "etc").is_symlink() and "sip:10.0.0.2" in path.read_text(), done


def race(folder: Path, path: Path, **options: Any) -> list[dict[str, Any]]:
    """Add a destination to a list and remove it again, many times."""
    wishes = [[{"setid": 1, "uri": "sip:10.0.0.2", "state": state}] for state in ("present", "absent")]
    files = [
        arguments_file(folder, "race%d" % number, path=str(path), destinations=wish, **options)
        for number, wish in enumerate(wishes)
    ]
    return run_many("dispatcher_list", files, TRIES)


def assert_safe(done: list[dict[str, Any]], vault: Vault) -> None:
    """Fail if other files were touched or shown, or if a run has broken."""
    vault.assert_untouched()
    assert not [outcome for outcome in done if "TOPSECRET" in outcome["printed"]]
    assert not [outcome for outcome in done if "broken" in outcome]


@pytest.mark.parametrize("role", ["toggle", "toggle_when_used"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_swapped_path_does_not_change_other_files(
    what: str, role: str, ground: Path, tmp_path: Path, attackers: Attackers
) -> None:
    """The list, or its folder, is a link to root's now and then, at any moment of a run."""
    vault = Vault(ground / "vault", "dispatcher.list")
    parent = owned(ground / "srv", SERVER)
    folder = owned(parent / "etc", SERVER)
    path = file_of(folder / "dispatcher.list", SERVER)
    real = path if what == "file" else folder
    link = parent / "link"
    link.symlink_to(vault.file if what == "file" else vault.folder)
    os.lchown(link, SERVER, SERVER)
    attackers.start(SERVER, role, *([folder] if role == "toggle_when_used" else []), real, link)
    done = race(tmp_path, path, mode="0644", backup=True)
    attackers.gains()
    assert_safe(done, vault)
    assert_no_copy(parent)


def test_swapped_new_files_of_a_write_do_not_change_other_files(
    ground: Path, tmp_path: Path, attackers: Attackers
) -> None:
    """What a write makes in the folder of another user, as staged files and backups, becomes a link at once."""
    vault = Vault(ground / "vault", "dispatcher.list")
    path = file_of(owned(ground / "etc", SERVER) / "dispatcher.list", SERVER)
    attackers.start(SERVER, "swap_staged", path.parent, vault.file, path.name)
    done = race(tmp_path, path, mode="0644", backup=True)
    attackers.gains()
    assert_safe(done, vault)
    assert_no_copy(path.parent)


def test_nobody_reads_a_private_list_while_it_is_written(ground: Path, tmp_path: Path, attackers: Attackers) -> None:
    path = file_of(ground / "dispatcher.list", 0, PRIVATE_LIST, 0o600)
    attackers.start(OTHER, "read_new", ground)
    done = race(tmp_path, path, backup=True)
    assert len([outcome for outcome in done if outcome.get("backup_file")]) == len(done)
    assert attackers.gains() == ""
    assert {file.stat().st_mode & 0o7777 for file in ground.iterdir()} == {0o600}


def test_nobody_reads_a_list_that_becomes_private_while_it_is_written(
    ground: Path, tmp_path: Path, attackers: Attackers
) -> None:
    """Not even its owner of before, or a user of its access control list."""
    path = file_of(ground / "dispatcher.list", OTHER, LIST, 0o644)
    public, private = (
        arguments_file(tmp_path, mode, path=str(path), destinations=[wish], purge="file", mode=mode, owner=owner)
        for mode, owner, wish in (
            ("0644", str(OTHER), {"setid": 1, "uri": "sip:10.0.0.2"}),
            ("0600", "0", {"setid": 1, "uri": "sip:10.0.0.1", "attrs": {"note": "TOPSECRET"}}),
        )
    )
    attackers.start(OTHER, "read_new", ground, "TOPSECRET")
    done = run_many("dispatcher_list", [private, public], TRIES)
    assert all(outcome["changed"] and not outcome.get("failed") for outcome in done), done
    assert attackers.gains() == ""


def test_a_file_that_gets_the_name_of_a_list_keeps_its_owner_and_mode(
    ground: Path, tmp_path: Path, attackers: Attackers
) -> None:
    """Everybody can rename files in the folder, and the list has all that is wanted but its owner and its mode."""
    folder = owned(ground / "shared", 0, 0o777)
    path = file_of(folder / "dispatcher.list", 0, LIST, 0o600)
    content = LIST + "# TOPSECRET\n"
    key = file_of(folder / "key", 0, content, 0o600)
    private = key.stat()
    wish = [{"setid": 1, "uri": "sip:10.0.0.1", "flags": 8}]
    files = [
        arguments_file(tmp_path, mode, path=str(path), destinations=wish, mode=mode, owner=owner)
        for mode, owner in (("0644", str(OTHER)), ("0600", "0"))
    ]
    attackers.start(OTHER, "toggle", path, key)
    done = run_many("dispatcher_list", files, TRIES)
    assert any("can be another file that" in outcome["printed"] for outcome in done), done
    assert attackers.gains() == ""
    (found,) = [file for file in folder.iterdir() if file.stat().st_ino == private.st_ino]
    status = found.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (0, 0, 0o600)
    assert found.read_text() == content


def test_a_file_whose_name_begins_like_another_one_is_written_with_it(ground: Path, tmp_path: Path) -> None:
    config = file_of(ground / "kamailio.cfg", 0, 'include_file "kamailio.cfg.local"\n' + CONFIG)
    local = file_of(ground / "kamailio.cfg.local", 0, 'loadmodule "pv.so"\nmodparam("pv", "shvset", "a=i:1")\n')
    modules = [{"name": "tm", "params": {"fr_timer": 2000}}, {"name": "pv", "params": {"shvset": "a=i:2"}}]
    result = result_of(tmp_path, "loadmodule", config=str(config), modules=modules, check=False, defines=[])
    assert not result.get("failed") and result["files"] == sorted(map(str, (config, local))), result
    assert "2000" in config.read_text() and "a=i:2" in local.read_text()
    assert {path.name for path in ground.iterdir()} == {"kamailio.cfg", "kamailio.cfg.local"}


@pytest.mark.parametrize("check_mode", [True, False])
def test_no_list_is_written_that_only_the_server_names(check_mode: bool, tmp_path: Path) -> None:
    asked = {"destinations": [{"setid": 1, "uri": "sip:10.0.0.1"}], "socket": "unix:/none"}
    kept = result_of(tmp_path, "dispatcher_runtime", check_mode, permanent=True, **asked)
    assert "Give the configuration" in kept["msg"], kept
    without = result_of(tmp_path, "dispatcher_runtime", check_mode, permanent=False, **asked)
    assert "/none" in without["msg"], without
