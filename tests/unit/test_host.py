# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import Change
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Account, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import check, facts, staging
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import service as host_service
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.attributes import (
    _BY_NAME,
    Wanted,
    adjust,
    wanted_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import sweep_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import service_of_arguments
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.staging import (
    keep_attributes,
    require_writable,
    write_changes,
)
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
    assert [problem.path for problem in caught.value.problems] == [str(paths[2]), str(paths[0])]
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
            evaluate(str(config), data, no_files, Version(6, 1)) for data in (config.read_bytes(), b"# new")
        )
        done = check.check_in_place(site, evaluation, before.files, {str(config): b"# new"})
        assert not done.accepted and done.message == "ERROR %s # new" % expected
        assert sorted(path.name for path in folder.iterdir()) == ["k.cfg", "kamailio"]


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
        assert check.check_in_place(site, evaluation, evaluation.files, {}).message == "ERROR 4242:4242 none"


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
        check.check_in_place(site, evaluation, evaluation.files, {})
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["k.cfg", "kamailio"]


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
    assert [path.name for path in tmp_path.iterdir()] == [names[4]]


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


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_an_access_control_list_is_never_wider_than_the_mode_that_is_asked_for(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list"
    path.write_text("before")
    entries = [(1, 6, 0), (2, 6, 4242), (4, 4, 0), (16, 6, 0), (32, 4, 0)]
    rights = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(path, "system.posix_acl_access", rights)
    modes: list[int] = []
    set_attribute = os.setxattr

    def watched(handle: int, name: str, data: bytes) -> None:
        set_attribute(handle, name, data)
        modes.append(os.fstat(handle).st_mode & 0o777)

    monkeypatch.setattr("os.setxattr", watched)
    module: Any = Standin({"follow": False, "unsafe_writes": False})
    wanted = {str(path): Wanted(None, None, mode, module)}
    write_changes(module, [Change(str(path), b"before", b"after")], False, wanted)
    assert modes == [0o664 & mode]
    assert path.stat().st_mode & 0o777 == mode and "system.posix_acl_access" in os.listxattr(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="files of other users are needed, and only root can make them")
@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize(
    ("folder_mode", "wanted", "reader"),
    [
        (0o755, (None, None, 0o644), "the user 4242"),
        (0o755, (None, None, "o+r"), "the user 4242"),
        (0o755, (4242, None, None), "the user 4242"),
        (0o775, (None, 4343, 0o640), "the group 4343"),
        (0o1777, (None, None, 0o644), "everybody"),
        (0o755, (None, 4343, 0o640), ""),
        (0o755, (None, None, 0o400), ""),
        (0o755, (None, None, 0o600), ""),
    ],
)
def test_nobody_gets_to_read_a_file_by_giving_it_another_name(
    folder_mode: int, wanted: tuple[Any, Any, Any], reader: str, changed: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        owner = 0 if reader == "everybody" else 4242
        os.chown(folder, owner, 4343)
        folder.chmod(folder_mode)
        path = folder / "key"
        path.write_text("private key")
        path.chmod(0o600)
        path = path.rename(folder / "list")
        params = {"follow": False, "unsafe_writes": False, **dict.fromkeys(_BY_NAME)}
        for follow in (False, True):
            module: Any = Standin(dict(params, follow=follow))
            module.check_mode = False
            module._symbolic_mode_to_octal = lambda _status, _text: 0o604
            asked = Wanted(*wanted, module)
            data = path.read_bytes()
            after = data + b"\n" if changed else data
            with pytest.raises(KamailioError, match=reader) if reader and not follow else contextlib.nullcontext():
                write_changes(module, [Change(str(path), data, after)], False, {str(path): asked})
                adjust(module, asked, str(path), after)
            if reader and not follow:
                status = path.stat()
                assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (0, 0, 0o600)
        if isinstance(wanted[2], int):
            assert path.stat().st_mode & 0o777 == wanted[2]


@pytest.mark.parametrize("mode", [-1, 0o10000, 10**30, "-1", "77777", 0.5, ["0644"], {}])
def test_a_mode_that_is_none_is_refused(mode: object) -> None:
    params = {"owner": None, "group": None, "mode": mode}
    with pytest.raises(KamailioError, match=r"is not a mode\. Give a number"):
        wanted_of(SimpleNamespace(params=params))  # type: ignore[arg-type]


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


@pytest.mark.skipif(os.geteuid() != 0, reason="files of other users are needed, and only root can make them")
def test_nobody_reads_a_file_while_its_owner_and_mode_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "list"
    path.write_text("list")
    path.chmod(0o660)
    seen = []
    change = os.fchown

    def watched(handle: int, owner: int, group: int) -> None:
        change(handle, owner, group)
        seen.append(os.fstat(handle).st_mode & 0o777)

    monkeypatch.setattr(os, "fchown", watched)
    module: Any = SimpleNamespace(params={"follow": False, **dict.fromkeys(_BY_NAME)}, check_mode=False)
    assert adjust(module, Wanted(None, 4343, 0o604, module), str(path), b"list")
    assert seen == [0o600]
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (0, 4343, 0o604)


# Users and groups that no account has.
USER, GROUP = 4242, 4343
# The tags of an access control list: the owner, a user, the group, the mask, others.
_OWNER, _NAMED, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="files of other users are needed, and only root can make them")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def file_with(path: Path, owner: int, group: int, mode: int) -> Path:
    path.write_text("old")
    os.chown(path, owner, group)
    path.chmod(mode)
    return path


def set_list(path: Path, attribute: str, *entries: tuple[int, int, int]) -> None:
    packed = b"".join(struct.pack("<HHI", tag, bits, number & 0xFFFFFFFF) for tag, bits, number in entries)
    os.setxattr(path, "system.posix_acl_" + attribute, struct.pack("<I", 2) + packed)


def as_other(user: int, groups: Sequence[int], action: Callable[[], object]) -> str:
    """What an action returns or raises in a process of another user, as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups(groups[1:])
            os.setgid(groups[0])
            os.setuid(user)
            said = str(action())
        except BaseException as exc:
            said = "%s: %s" % (type(exc).__name__, exc)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def readable(folder: Path, user: int, group: int) -> list[str]:
    """The files of a folder that a user can read, without what is random in their names."""

    def look() -> str:
        return " ".join(sorted(path.name[:14] for path in folder.iterdir() if os.access(path, os.R_OK)))

    return as_other(user, [group], look).split()


def write_new(path: Path, backup: bool = False) -> None:
    write_changes(Standin({"unsafe_writes": False, "follow": False}), [Change(str(path), b"old", b"new")], backup)


@as_root
def test_a_default_access_list_of_the_folder_gives_no_more_readers(folder: Path) -> None:
    """What is to replace the list is a new file in that folder, and so is a backup."""
    path = file_with(folder / "list", 0, 0, 0o640)
    entries = [(_OWNER, 7, -1), (_NAMED, 6, USER), (_GROUP, 5, -1), (_MASK, 7, -1), (_OTHERS, 5, -1)]
    set_list(folder, "default", *entries)
    write_new(path, backup=True)
    assert path.read_text() == "new" and len(list(folder.iterdir())) == 2
    assert readable(folder, USER, USER) == []
    for file in folder.iterdir():
        assert (file.stat().st_mode & 0o777, os.listxattr(file)) == (0o640, [])


@as_root
def test_the_owning_group_does_not_read_what_an_access_list_keeps_from_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bits of the group in the mode are the mask, the most that the list gives to anybody."""
    path = file_with(folder / "list", 0, GROUP, 0o600)
    set_list(path, "access", (_OWNER, 6, -1), (_NAMED, 4, USER), (_GROUP, 0, -1), (_MASK, 4, -1), (_OTHERS, 0, -1))
    seen: list[str] = []

    def looking(name: str) -> None:
        change = getattr(os, name)

        def changed(*arguments: Any, **named: Any) -> None:
            change(*arguments, **named)
            seen.append("%s: %s" % (name, " ".join(readable(folder, GROUP, GROUP))))

        monkeypatch.setattr(os, name, changed)

    for name in ("fchown", "fchmod", "setxattr", "removexattr", "rename"):
        looking(name)
    write_new(path, backup=True)
    assert seen and [line for line in seen if not line.endswith(": ")] == []
    for file in folder.iterdir():
        assert (file.stat().st_mode & 0o777, file.stat().st_gid) == (0o640, GROUP)
        assert os.listxattr(file) == ["system.posix_acl_access"]
    assert len(readable(folder, USER, USER)) == 2


def said_by(action: Callable[[], object]) -> str:
    """What an action says against a change."""
    try:
        action()
    except KamailioError as reason:
        return reason.render()
    return ""


def write_as(
    user: int, groups: Sequence[int], path: Path, unsafe: bool = False, wanted: dict[str, int] | None = None
) -> str:
    """Write a file as another user, with a backup; return what it says against it, which check mode must say before."""

    def write() -> str:
        module: Any = Standin({"unsafe_writes": unsafe, "follow": False})
        asked = wanted or {}
        every = {str(path): Wanted(asked.get("owner"), asked.get("group"), asked.get("mode"), module)}
        changes = [Change(str(path), b"old", b"new")]
        before = path.parent.stat().st_mtime_ns
        predicted = said_by(lambda: require_writable(module, changes, every))
        assert path.parent.stat().st_mtime_ns == before
        said = said_by(lambda: write_changes(module, changes, True, every))
        return said if predicted == said else "check mode says '%s'" % predicted

    return as_other(user, groups, write)


@as_root
@pytest.mark.parametrize(
    ("owner", "group", "mode", "wanted"),
    [
        # A member of the group, and an owner who is not.
        (0, GROUP, 0o640, {}),
        (USER, GROUP + 1, 0o640, {"group": GROUP}),
        # The group has the rights of all others.
        (USER, GROUP + 1, 0o644, {}),
        (0, 0, 0o644, {"mode": 0o600}),
    ],
)
def test_a_user_replaces_a_file_whose_readers_stay(
    owner: int, group: int, mode: int, wanted: dict[str, int], folder: Path
) -> None:
    """A user other than root can give a file only the groups that the user is a member of."""
    os.chown(folder, USER, USER)
    path = file_with(folder / "list", owner, group, mode)
    assert write_as(USER, [USER, GROUP], path, wanted=wanted) == ""
    status = path.stat()
    assert path.read_text() == "new" and status.st_mode & 0o777 == wanted.get("mode", mode)
    assert status.st_gid == (USER if mode == 0o644 else GROUP)
    (backup,) = folder.glob("list.*")
    assert backup.read_text() == "old"
    assert readable(folder, USER + 1, USER) == ([] if mode == 0o640 else readable(folder, USER + 1, USER + 1))


@as_root
@pytest.mark.parametrize("mode", [0o640, 0o660, 0o664, 0o604])
def test_a_user_does_not_replace_a_file_whose_group_would_be_another_one(mode: int, folder: Path) -> None:
    """The server could not read its list, and the members of the user's own group could."""
    os.chown(folder, USER, USER)
    path = file_with(folder / "list", USER, GROUP, mode)
    said = write_as(USER, [USER], path)
    assert "its group 4343 cannot be kept" in said and "become" in said and str(path) in said
    assert [file.name for file in folder.iterdir()] == ["list"] and path.read_text() == "old"
    assert (path.stat().st_gid, path.stat().st_mode & 0o777) == (GROUP, mode)


@as_root
def test_a_user_is_told_that_the_folder_cannot_be_written(folder: Path) -> None:
    path = file_with(folder / "list", USER, USER, 0o644)
    assert "its folder cannot be written: Permission denied" in write_as(USER, [USER], path)


@as_root
@pytest.mark.parametrize("wanted", [{"owner": 0}, {"group": 0}, {"mode": 0o600, "owner": GROUP}])
def test_a_user_is_told_what_only_root_can_set(wanted: dict[str, int], folder: Path) -> None:
    os.chown(folder, USER, USER)
    path = file_with(folder / "list", USER, USER, 0o644)
    assert "cannot be given its owner, group and mode" in write_as(USER, [USER], path, wanted=wanted)


@as_root
@pytest.mark.parametrize("owner", [0, USER])
@pytest.mark.parametrize("asked", [(0, None, None), (USER, None, None), (None, 0, None), (None, GROUP, None)])
@pytest.mark.parametrize("mode", [None, 0o600])
def test_what_cannot_be_set_on_a_file_that_stays_is_said_in_check_mode(
    owner: int, asked: tuple[int | None, ...], mode: int | None, folder: Path
) -> None:
    path = file_with(folder / "list", owner, USER, 0o644)

    def adjusted(check_mode: bool) -> str:
        names = dict.fromkeys(("seuser", "serole", "setype", "selevel", "attributes"))
        module: Any = SimpleNamespace(params={"follow": False, **names}, check_mode=check_mode)
        return said_by(lambda: adjust(module, Wanted(asked[0], asked[1], mode, module), str(path), b"old"))

    said = [as_other(USER, [USER, GROUP], partial(adjusted, check_mode)) for check_mode in (True, False)]
    assert said[0] == said[1]


@as_root
def test_a_user_does_not_replace_a_file_whose_access_list_would_be_for_another_group(folder: Path) -> None:
    os.chown(folder, USER, USER)
    path = file_with(folder / "list", USER, GROUP, 0o640)
    set_list(path, "access", (_OWNER, 6, -1), (_NAMED, 4, 1), (_GROUP, 4, -1), (_MASK, 4, -1), (_OTHERS, 0, -1))
    assert "its group 4343 cannot be kept" in write_as(USER, [USER], path)
    assert [file.name for file in folder.iterdir()] == ["list"] and path.read_text() == "old"


@as_root
@pytest.mark.parametrize("text", ["", "mine"])
def test_what_is_written_in_place_is_not_written_into_another_file(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user of the folder could read it there."""
    os.chown(folder, USER, USER)
    path = file_with(folder / "list", USER, GROUP, 0o640)
    look = staging._require_same
    looks: list[object] = []

    def swapped(file: Any) -> None:
        look(file)
        looks.append(file)
        # The last look at it before it is written.
        if len(looks) == 2:
            path.rename(folder / "away")
            path.write_text(text)

    monkeypatch.setattr(staging, "_require_same", swapped)
    module: Any = Standin({"unsafe_writes": True, "follow": False})
    said = as_other(
        USER, [USER], lambda: said_by(lambda: write_changes(module, [Change(str(path), b"old", b"new")], False))
    )
    assert "was changed by another program at this moment" in said and path.read_text() == text


@as_root
def test_a_file_whose_group_cannot_be_kept_is_written_in_place_where_that_is_allowed(folder: Path) -> None:
    os.chown(folder, USER, USER)
    path = file_with(folder / "list", USER, GROUP, 0o640)
    before = path.stat()
    assert write_as(USER, [USER], path, unsafe=True) == ""
    after = path.stat()
    assert path.read_text() == "new"
    assert (after.st_ino, after.st_gid, after.st_mode) == (before.st_ino, GROUP, before.st_mode)
    (backup,) = folder.glob("list.*")
    # The group of the file cannot be that of the backup, and the user's own group has no right to read it.
    assert backup.read_text() == "old" and backup.stat().st_mode & 0o777 == 0o600


@as_root
@pytest.mark.parametrize(
    ("mode", "wanted", "refused"),
    [
        (0o640, {}, True),
        (0o640, {"mode": 0o660}, True),
        (0o640, {"mode": 0o644}, False),
        (0o640, {"owner": USER}, False),
        (0o644, {}, False),
        (0o040, {}, False),
    ],
)
def test_a_user_does_not_replace_a_file_that_its_owner_could_not_read_any_more(
    mode: int, wanted: dict[str, int], refused: bool, folder: Path
) -> None:
    """The server can read its list as the owner, and need not be a member of the group."""
    os.chown(folder, USER, USER)
    nobody = pwd.getpwnam("nobody")
    path = file_with(folder / "list", nobody.pw_uid, GROUP, mode)
    said = write_as(USER, [USER, GROUP], path, wanted=wanted)
    assert (said != "", path.read_text()) == (refused, "old" if refused else "new")
    if refused:
        assert "its owner nobody could not read it any more" in said and "become" in said
        assert [file.name for file in folder.iterdir()] == ["list"]


@as_root
@pytest.mark.parametrize("who", ["in the group", "without an account"])
def test_a_user_replaces_a_file_that_its_owner_may_still_read(who: str, folder: Path) -> None:
    """What groups a process without an account has, only it knows."""
    os.chown(folder, USER, USER)
    nobody = pwd.getpwnam("nobody")
    owner, group = (nobody.pw_uid, nobody.pw_gid) if who == "in the group" else (GROUP, GROUP)
    path = file_with(folder / "list", owner, group, 0o640)
    assert write_as(USER, [USER, group], path) == ""
    assert (path.read_text(), path.stat().st_uid, path.stat().st_gid) == ("new", USER, group)


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_new_private_file_has_no_other_readers_for_a_moment(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "list", os.fchmod
    modes: list[int] = []

    def fchmod(handle: int, given: int) -> None:
        modes.append(given)
        real(handle, given)

    monkeypatch.setattr(os, "fchmod", fchmod)
    module: Any = Standin({"unsafe_writes": False, "follow": False})
    wanted = {str(path): Wanted(owner=None, group=None, mode=mode, module=module)}
    write_changes(module, [Change(str(path), None, b"1 sip:a\n")], False, wanted)
    assert path.stat().st_mode & 0o7777 == mode and [bits for bits in modes if bits & ~mode] == []
