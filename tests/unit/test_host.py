# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import Change
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import check, facts
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import service as host_service
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.attributes import Wanted, adjust
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import sweep_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import service_of_arguments
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.staging import keep_attributes, write_changes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.watch import Standin
from ansible_collections.sipfleet.kamailio.plugins.module_utils._trust import WRITE, find_place, resolve_trusted
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ('loadmodule "tm"', True),
        ('loadmodule "tm.so"', True),
        ('loadmodule "old"', True),
        ('loadmodule "sl"', False),
        ('loadmodule "@DIR@/tm.so"', True),
        ('loadmodule "@DIR@/tm"', False),
        ('loadpath "@DIR@/none:@DIR@/more" loadmodule "sl"', True),
        ('loadpath "@DIR@/none" loadmodule "tm"', False),
    ],
)
def test_whether_the_host_has_a_module(text: str, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tm.so", "old/old.so", "more/sl.so"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(facts, "_MODULE_FOLDERS", (str(tmp_path),))
    (load,) = evaluate("/k", text.replace("@DIR@", str(tmp_path)).encode(), no_files, Version(6, 1)).loads
    assert facts.has_module(load) is there


def test_which_folder_the_server_looks_in_is_not_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (load,) = evaluate("/k", b'loadmodule "tm"', no_files, Version(6, 1)).loads
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(facts, "_MODULE_FOLDERS", (str(tmp_path / "*"),))
    assert facts.has_module(load) is None


@pytest.mark.parametrize(
    ("mode", "folder_mode", "readable"),
    [(0o644, 0o755, True), (0o600, 0o755, False), (0o644, 0o700, False), (0o604, 0o701, True), (0o640, 0o755, False)],
)
def test_who_can_read_a_file(mode: int, folder_mode: int, readable: bool, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "list"
    path.parent.mkdir()
    path.touch()
    for folder in tmp_path.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o711)
    tmp_path.chmod(0o755)
    path.chmod(mode)
    path.parent.chmod(folder_mode)
    assert facts.can_read(str(path), Account("nobody")) is readable
    assert facts.can_read(str(path), Account("65534")) is readable


def test_who_can_read_is_not_guessed(tmp_path: Path) -> None:
    assert facts.can_read(str(tmp_path), Account("root")) is None
    assert facts.can_read(str(tmp_path), Account()) is None
    assert facts.can_read(str(tmp_path), Account("no such user")) is None
    assert facts.can_read(str(tmp_path / "none"), Account("nobody")) is None


def test_what_can_be_put_back_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text("old")
    rename = os.rename
    in_the_way = {"c"}

    def failing(old: str, new: str, **folders: int) -> None:
        if new in in_the_way:
            in_the_way.add("a")
            raise OSError(errno.EIO, "broken")
        rename(old, new, **folders)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(KamailioError) as caught:
        write_changes(
            Standin({"unsafe_writes": False, "follow": False}),
            [Change(str(path), b"old", b"new") for path in paths],
            False,
        )
    assert [one.path for one in caught.value.problems] == [str(paths[2]), str(paths[0])]
    assert [path.read_text() for path in paths] == ["new", "old", "old"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (Account("nobody"), "65534 65534"),
        (Account("65534", "daemon"), "65534 1"),
        (Account(), "0 0"),
    ],
)
def test_a_check_runs_as_the_user_that_starts_the_server(account: Account, expected: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        config, command = folder / "k.cfg", folder / "kamailio"
        config.write_text("request_route { exit; }\n")
        command.write_text('#!/bin/sh\necho ERROR $(id -u) $(id -g) $(cat "$3")\nexit 1\n')
        command.chmod(0o755)
        site = check.CheckSite(str(command), account, Invocation(), False)
        before, evaluation = (
            evaluate(str(config), one, no_files, Version(6, 1)) for one in (config.read_bytes(), b"# new")
        )
        done = check.check_in_place(site, evaluation, before, {str(config): b"# new"})
        assert not done.accepted and done.message == "ERROR %s # new" % expected
        assert sorted(one.name for one in folder.iterdir()) == ["k.cfg", "kamailio"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_a_check_of_what_another_user_can_change_runs_as_that_user(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        config, command = folder / "etc" / "k.cfg", folder / "kamailio"
        config.parent.mkdir()
        config.write_text("# old\n")
        command.write_text("#!/bin/sh\necho ERROR $(id -u):$(id -G) ${SECRET_OF_THE_TASK:-none}\nexit 1\n")
        command.chmod(0o755)
        monkeypatch.setenv("SECRET_OF_THE_TASK", "hunter2")
        if what == "link":
            os.chown(config, 4242, 4242)
            os.chown(config.parent, 4242, 4242)
            (folder / "link.cfg").symlink_to(config)
            os.chown(folder / "link.cfg", 4242, 4242, follow_symlinks=False)
            config = folder / "link.cfg"
        else:
            os.chown(config.parent if what == "folder" else config, 4242, 4242)
        module = Standin({"instance": None, "follow": False})
        monkeypatch.setattr(check, "find_kamailio", lambda module: str(command))
        monkeypatch.setattr(check, "read_service", lambda instance: None)
        evaluation = evaluate(str(config), config.read_bytes(), no_files, Version(6, 1))
        site = check.site_of(module, [evaluation], Invocation())
        assert site
        assert check.check_in_place(site, evaluation, evaluation, {}).message == "ERROR 4242:4242 none"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("account", [Account("no such user"), Account("nobody", "no such group")])
def test_a_check_does_not_run_as_root_where_the_user_of_the_server_is_not_known(
    account: Account, tmp_path: Path
) -> None:
    config, command = tmp_path / "k.cfg", tmp_path / "kamailio"
    config.write_text("request_route { exit; }\n")
    command.write_text("#!/bin/sh\ntouch %s/ran\n" % tmp_path)
    command.chmod(0o755)
    site = check.CheckSite(str(command), account, Invocation(), False)
    evaluation = evaluate(str(config), config.read_bytes(), no_files, Version(6, 1))
    with pytest.raises(KamailioError, match=r"this host does not know '.*no such"):
        check.check_in_place(site, evaluation, evaluation, {})
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["k.cfg", "kamailio"]


def test_a_configuration_that_is_exchanged_at_this_moment_is_still_that_of_its_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else kamailio -c would run its code as root."""
    config = tmp_path / "kamailio.cfg"
    config.write_text("# one\n")
    (tmp_path / "real").write_text("# other\n")
    looked_up = resolve_trusted

    def exchanging(path: str) -> str:
        found = looked_up(path)
        if not config.is_symlink():
            config.unlink()
            config.symlink_to("real")
        return found

    monkeypatch.setattr(host_service, "resolve_trusted", exchanging)
    service = service_of_arguments(["-f", str(config)])._replace(started_by=Account("kamailio"))
    monkeypatch.setattr(check, "read_service", lambda _instance: service)
    module = SimpleNamespace(params={"instance": None, "follow": False}, get_bin_path=lambda *_a, **_b: "/kamailio")
    evaluation = evaluate("%s/./kamailio.cfg" % tmp_path, b"", no_files, Version(6, 1))
    site = check.site_of(module, [evaluation], Invocation())
    assert site and site.account == Account("kamailio")


def test_a_folder_with_the_name_of_a_staged_file_does_not_keep_the_others(tmp_path: Path) -> None:
    names = [".sipfleet.list.%08x" % number for number in range(9)]
    (tmp_path / names[4]).mkdir()
    for name in names[:4] + names[5:]:
        (tmp_path / name).touch()
    sweep_path(str(tmp_path / "list"))
    assert [one.name for one in tmp_path.iterdir()] == [names[4]]


@pytest.mark.parametrize("other", ["own", "none"])
def test_a_new_file_gets_the_attributes_of_the_file_that_was_read_only(other: str, tmp_path: Path) -> None:
    """Who owns the folder could put a file with more readers there for a moment."""
    path = tmp_path / "list"
    path.write_text("secret")
    path.chmod(0o600)
    before = path.read_bytes()
    path.rename(tmp_path / "aside")
    if other == "own":
        path.write_text("mine")
        path.chmod(0o644)
    with (tmp_path / "new").open("w+b") as new:
        os.fchmod(new.fileno(), 0o600)
        with find_place(str(path), WRITE) as place, pytest.raises(KamailioError, match="another program"):
            keep_attributes(place, new.fileno(), before)
        assert os.fstat(new.fileno()).st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="files of other users are needed, and only root can make them")
@pytest.mark.parametrize("way", ["another file", "hard link"])
def test_owner_and_mode_of_another_file_in_the_folder_of_another_user_are_not_set(way: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.chown(folder, 4242, 4242)
        path = folder / "list"
        path.write_text("list" if way == "hard link" else "private key")
        path.chmod(0o644 if way == "hard link" else 0o600)
        if way == "hard link":
            os.link(path, folder / "other")
        module = SimpleNamespace(
            params={"follow": False, **dict.fromkeys(("seuser", "serole", "setype", "selevel", "attributes"))},
            check_mode=False,
        )
        with pytest.raises(KamailioError, match=r"was changed by another program|has another name"):
            adjust(module, Wanted(4242, 4242, 0o640, module), str(path), b"list")
        status = path.stat()
        assert (status.st_uid, status.st_mode & 0o777) == (0, 0o644 if way == "hard link" else 0o600)
