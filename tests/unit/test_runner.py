# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which user checks a configuration that no unit starts: never root, where other users decide what it runs."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.judge import Question
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import check, runner
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import Service, read_service
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.watch import Standin
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="files of other users are needed, and only root can make them"
)

# Users that no account has, and a group that no user is named after.
THEIRS, OTHERS, CREW = 4242, 4343, 4444
CONFIG = """loadpath "@/modules"
loadmodule "sl"
include_file "routes/main.cfg"
import_file "local/absent.cfg"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of root with a configuration, and a kamailio that says who runs it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    for name in ("etc", "etc/routes", "etc/local", "modules"):
        (folder / name).mkdir()
        (folder / name).chmod(0o755)
    texts = {"etc/k.cfg": CONFIG.replace("@", str(folder)), "etc/routes/main.cfg": "# routes\n", "modules/sl.so": ""}
    texts["kamailio"] = "#!/bin/sh\necho ERROR $(id -u):$(id -G) in $(pwd)\nexit 1\n"
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755 if name == "kamailio" else 0o644)
    yield folder
    shutil.rmtree(folder)


def evaluation_of(folder: Path, name: str = "k.cfg") -> Evaluation:
    path = folder / "etc" / name
    return evaluate(str(path), path.read_bytes(), read_include, Version(6, 1))


def runs_as(
    folder: Path, monkeypatch: pytest.MonkeyPatch, service: Service | None = None, name: str = "k.cfg", **params: Any
) -> str:
    """The ids of the user and of the groups that the check runs as."""
    monkeypatch.setattr(check, "find_kamailio", lambda _module: str(folder / "kamailio"))
    monkeypatch.setattr(check, "read_service", lambda _instance: service)
    evaluation = evaluation_of(folder, name)
    site = check.site_of(Standin({"instance": None, "follow": False, **params}), [evaluation], Invocation())
    assert site
    said = check.check_in_place(site, evaluation, evaluation.files, {}).message
    assert said.startswith("ERROR ") and said.endswith(" in /"), said
    return said[len("ERROR ") : -len(" in /")]


def unit_for(folder: Path, settings: str) -> Service:
    """The service of a unit that starts the configuration."""
    (folder / "kamailio.service").write_text(
        "[Service]\n%s\nExecStart=/usr/sbin/kamailio -f %s/etc/k.cfg\n" % (settings, folder)
    )
    service = read_service(None, [str(folder)])
    assert service
    return service


def allow(path: Path, user: int, mask: int) -> None:
    """Give a user rights to read and write with an access control list, as far as the mask leaves them."""
    nobody = 0xFFFFFFFF
    entries = [(0x01, 6, nobody), (0x02, 6, user), (0x04, 4, nobody), (0x10, mask, nobody), (0x20, 4, nobody)]
    os.setxattr(
        path,
        "system.posix_acl_access",
        struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries),
    )


def test_root_checks_what_only_root_can_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs_as(folder, monkeypatch) == "0:0"
    for path in (folder / "etc", folder / "etc" / "k.cfg"):
        path.chmod(path.stat().st_mode | 0o020)
    assert runs_as(folder, monkeypatch) == "0:0"


@pytest.mark.parametrize(
    "name", ["etc", "etc/k.cfg", "etc/routes", "etc/routes/main.cfg", "etc/local", "modules", "modules/sl.so"]
)
def test_the_one_other_user_who_can_change_something_checks(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(folder / name, THEIRS, THEIRS)
    assert runs_as(folder, monkeypatch) == "4242:4242"


@pytest.mark.parametrize(("theirs", "expected"), [(False, "4343:4343"), (True, "4242:4242")])
@pytest.mark.parametrize("way", ["link", "link in their folder", "folder behind a link"])
def test_a_link_of_another_user_to_what_a_unit_starts_is_not_what_it_starts(
    way: str, theirs: bool, expected: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user could give the name to another file before the check opens it."""
    service = unit_for(folder, "User=4343")
    own, link = folder / "own", folder / ("own" if way == "folder behind a link" else "own/mine.cfg")
    if way == "folder behind a link":
        own.symlink_to("etc")
    else:
        own.mkdir()
        own.chmod(0o755)
        link.symlink_to(folder / "etc" / "k.cfg")
    if theirs and way == "link in their folder":
        os.chown(own, THEIRS, THEIRS)
    elif theirs:
        os.lchown(link, THEIRS, THEIRS)
    name = "../own/k.cfg" if way == "folder behind a link" else "../own/mine.cfg"
    assert runs_as(folder, monkeypatch, service, name) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("DynamicUser=yes", "4242:4242"),
        ("User=0\nDynamicUser=yes\nUser=", "4242:4242"),
        ("DynamicUser=yes\nDynamicUser=no", "0:0"),
        ("User=4343\nDynamicUser=yes", "4343:4343"),
        ("", "0:0"),
    ],
)
def test_a_unit_whose_user_is_made_at_its_start_does_not_say_who_checks(
    settings: str, expected: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(folder / "etc" / "k.cfg", THEIRS, THEIRS)
    assert runs_as(folder, monkeypatch, unit_for(folder, settings)) == expected


def test_a_file_that_can_be_made_decides_as_well(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "etc" / "local").rmdir()
    assert runs_as(folder, monkeypatch) == "0:0"
    shutil.rmtree(folder / "modules")
    (folder / "etc" / "k.cfg").write_text(CONFIG.replace("@/modules", "%s/none/modules" % folder))
    os.chown(folder, THEIRS, THEIRS)
    assert runs_as(folder, monkeypatch) == "4242:4242"


@pytest.mark.parametrize("name", ["etc", "etc/k.cfg", "etc/routes/main.cfg", "modules"])
def test_the_user_that_a_group_is_named_after_checks(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with C(0664 root:kamailio) and C(2775 root:kamailio), which are common."""
    path, group = folder / name, grp.getgrnam("kamailio").gr_gid
    os.chown(path, 0, group)
    path.chmod(0o2775 if path.is_dir() else 0o660)
    assert runs_as(folder, monkeypatch) == "%d:%d" % (pwd.getpwnam("kamailio").pw_uid, group)


def test_a_user_and_the_group_of_that_user_are_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = pwd.getpwnam("kamailio")
    os.chown(folder / "etc", user.pw_uid, user.pw_gid)
    (folder / "etc").chmod(0o2775)
    os.chown(folder / "etc" / "k.cfg", 0, user.pw_gid)
    (folder / "etc" / "k.cfg").chmod(0o664)
    assert runs_as(folder, monkeypatch) == "%d:%d" % (user.pw_uid, user.pw_gid)


def test_nobody_checks_what_several_users_can_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them gets the rights of another one."""
    os.chown(folder / "etc" / "k.cfg", THEIRS, THEIRS)
    os.chown(folder / "etc" / "routes" / "main.cfg", OTHERS, OTHERS)
    assert runs_as(folder, monkeypatch) == "65534:65534"


@pytest.mark.parametrize(("owner", "groups"), [(0, "4444"), (THEIRS, "65534")])
def test_nobody_checks_what_a_group_can_change(
    owner: int, groups: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rights of that group, unless somebody else can change something as well."""
    os.chown(folder / "etc" / "k.cfg", owner, CREW)
    (folder / "etc" / "k.cfg").chmod(0o664)
    assert runs_as(folder, monkeypatch) == "65534:%s" % groups


def test_nobody_checks_what_everybody_can_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "etc" / "k.cfg").chmod(0o666)
    assert runs_as(folder, monkeypatch) == "65534:65534"


@pytest.mark.parametrize(("mask", "user"), [(6, "4242:4242"), (4, "0:0")])
def test_an_access_control_list_counts(mask: int, user: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(folder / "etc" / "k.cfg", THEIRS, mask)
    assert runs_as(folder, monkeypatch) == user


def test_a_folder_such_as_tmp_lets_nobody_change_files_of_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "etc").chmod(0o1777)
    assert runs_as(folder, monkeypatch) == "0:0"
    (folder / "etc" / "local").rmdir()
    assert runs_as(folder, monkeypatch) == "65534:65534"


def test_a_user_who_cannot_read_the_files_checks_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = folder / "etc" / "k.cfg"
    os.chown(config, THEIRS, THEIRS)
    config.chmod(0o600)
    os.chown(folder / "etc" / "routes" / "main.cfg", OTHERS, OTHERS)
    with pytest.raises(KamailioError) as caught:
        runs_as(folder, monkeypatch, check=True)
    assert str(caught.value) == (
        "%s: kamailio -c would run as nobody and could not read this file, since the user 4242 and the user 4343 can "
        "change what the configuration is. Let only root or one user change these files and their folders, or start "
        "the server by a unit. With check set to false, kamailio -c is not run" % config
    )


def test_the_user_of_a_group_is_never_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner.grp, "getgrgid", lambda _group: SimpleNamespace(gr_name="root"))
    os.chown(folder / "etc", 0, CREW)
    (folder / "etc").chmod(0o775)
    assert runs_as(folder, monkeypatch) == "65534:4444"


@pytest.mark.parametrize("what", ["fifo", "link"])
def test_the_owner_of_an_include_that_is_not_read_counts(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be a file with other code by the time that the check reads it."""
    routes = folder / "etc" / "routes"
    (routes / "main.cfg").unlink()
    if what == "fifo":
        os.mkfifo(routes / "main.cfg")
        os.chown(routes / "main.cfg", THEIRS, THEIRS)
        assert runs_as(folder, monkeypatch).split(":")[0] == str(THEIRS)
    else:
        os.chown(routes, THEIRS, THEIRS)
        (routes / "main.cfg").symlink_to("/etc/shadow")
        os.lchown(routes / "main.cfg", THEIRS, THEIRS)
        with pytest.raises(KamailioError, match="is a symbolic link that the user 4242 can have made"):
            runs_as(folder, monkeypatch)


def asked_as(user: int, folder: Path) -> str:
    """Why kamailio -c is not run for validate in a process of a user, empty if it is."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        params = {"check": True, "kamailio_version": None, "kamailio_command": None, "instance": None, "follow": False}
        evaluation = evaluation_of(folder)
        ask = check.asker_of(Standin(params), Question(evaluation.path), Invocation())
        os.write(writer, ask(evaluation).unasked.encode() or b"asked")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return "" if text == "asked" else text


def test_a_user_runs_only_what_no_other_user_decides(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "find_kamailio", lambda _module: str(folder / "kamailio"))
    monkeypatch.setattr(check, "read_service", lambda _instance: None)
    assert asked_as(THEIRS, folder) == ""
    for path in ("etc/k.cfg", "etc/routes/main.cfg", "modules/sl.so", "modules", "etc/local"):
        os.chown(folder / path, THEIRS, THEIRS)
        assert asked_as(THEIRS, folder) == ""
        os.chown(folder / path, OTHERS, OTHERS)
        assert "kamailio -c would run code as the user of the task, and the user 4343 can" in asked_as(THEIRS, folder)
        os.chown(folder / path, 0, 0)
    (folder / "modules/sl.so").chmod(0o666)
    assert "everybody can change" in asked_as(THEIRS, folder)
