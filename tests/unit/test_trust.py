# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which links are followed, and which folders are trusted."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pwd
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils import _trust
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.setup import read_setup
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import keep_private, read_file, read_private
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.folder import private_folder
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.server import Live, load_list
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction import boot
from ansible_collections.sipfleet.kamailio.plugins.module_utils._trust import (
    READ,
    WRITE,
    Purpose,
    doubt_about,
    find_place,
    own_folder,
    run_folder,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="files of other users are needed, and only root can make them"
)

# Users that no account has.
THEIRS, OTHERS = 4242, 4343


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of root that everybody can pass through, with C(theirs) of another user and C(closed) of root in it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    for name, owner, mode in (("theirs", THEIRS, 0o755), ("closed", 0, 0o700), ("open", 0, 0o755)):
        (folder / name).mkdir()
        (folder / name).chmod(mode)
        os.chown(folder / name, owner, owner)
    for name in ("closed", "open"):
        (folder / name / "secret").write_text("secret")
        (folder / name / "secret").chmod(0o600)
    yield folder
    shutil.rmtree(folder)


def link(path: Path, target: object, owner: int) -> Path:
    path.symlink_to(str(target))
    os.chown(path, owner, owner, follow_symlinks=False)
    return path


def as_user(account: pwd.struct_passwd, action: Callable[[], list[bool]]) -> list[bool]:
    """What an action finds in a process of another user."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.initgroups(account.pw_name, account.pw_gid)
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            os.write(writer, json.dumps(action()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    os.waitpid(child, 0)
    found: list[bool] = json.loads(said)
    return found


def accounts() -> list[tuple[pwd.struct_passwd, int]]:
    """An account with its primary group, and one with a group beside that, where there is one."""
    others = [account for account in pwd.getpwall() if account.pw_uid and account.pw_gid]
    more = [
        (account, group)
        for account in others
        for group in os.getgrouplist(account.pw_name, account.pw_gid)
        if group != account.pw_gid
    ]
    return [(others[-1], others[-1].pw_gid), *more[:1]]


ACCOUNTS = pytest.mark.parametrize(("account", "group"), accounts())
# The tags of an access control list: the owner, a user, the group, a group, the mask, others.
OWNER, USER, GROUP, MEMBERS, MASK, EVERYBODY = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


def set_access_list(path: Path, tag: int, bits: int, number: int) -> None:
    """Give a file a list in which its mode stays, with one more entry."""
    mode = path.stat().st_mode
    entries = [(OWNER, mode >> 6 & 7, -1), (GROUP, 0, -1), (MASK, mode >> 3 & 7, -1), (EVERYBODY, mode & 7, -1)]
    entries.append((tag, bits, number))
    packed = [struct.pack("<HHI", kind, perm, whose & 0xFFFFFFFF) for kind, perm, whose in sorted(entries)]
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(packed))


def followed(path: Path, purpose: Purpose) -> bool:
    try:
        return found(path, purpose) != ""
    except KamailioError:
        return False


@ACCOUNTS
def test_a_link_is_followed_to_what_its_owner_can_read_by_a_group(
    account: pwd.struct_passwd, group: int, folder: Path
) -> None:
    os.chown(folder / "theirs", account.pw_uid, 0)
    files, links = [], []
    for number, (owning, above, mode) in enumerate(
        itertools.product((group, 0), (0o750, 0o705, 0o755), (0o640, 0o604, 0o644, 0o600, 0o620))
    ):
        path = folder / "open" / str(number) / "list"
        path.parent.mkdir()
        path.write_text("text")
        for place, bits in ((path.parent, above), (path, mode)):
            os.chown(place, 0, owning)
            place.chmod(bits)
        files.append(path)
        links.append(link(folder / "theirs" / str(number), path, account.pw_uid))
    readable = as_user(account, lambda: [os.access(file, os.R_OK) for file in files])
    assert [followed(symlink, READ) for symlink in links] == readable and {True, False} == set(readable)


@ACCOUNTS
def test_a_link_is_followed_to_what_its_owner_can_replace_by_a_group(
    account: pwd.struct_passwd, group: int, folder: Path
) -> None:
    os.chown(folder / "theirs", account.pw_uid, 0)
    files, links = [], []
    for number, (owning, mode, owner) in enumerate(
        itertools.product((group, 0), (0o2775, 0o3775, 0o2755, 0o2707, 0o2777, 0o760, 0o1777), (0, account.pw_uid))
    ):
        path = folder / "open" / str(number) / "list"
        path.parent.mkdir()
        path.write_text("text")
        os.chown(path, owner, 0)
        os.chown(path.parent, 0, owning)
        path.parent.chmod(mode)
        files.append(path)
        links.append(link(folder / "theirs" / str(number), path, account.pw_uid))
    before = [followed(symlink, WRITE) for symlink in links]

    def replaced(path: Path) -> bool:
        try:
            path.with_name("new").write_text("new")
            path.with_name("new").rename(path)
        except OSError:
            return False
        return True

    replaceable = as_user(account, lambda: [replaced(file) for file in files])
    assert before == replaceable and {True, False} == set(replaceable)


@ACCOUNTS
def test_an_access_control_list_grants_nothing_and_takes_away(
    account: pwd.struct_passwd, group: int, folder: Path
) -> None:
    os.chown(folder / "theirs", account.pw_uid, 0)
    entries = [(USER, account.pw_uid), (USER, OTHERS), (MEMBERS, group), (MEMBERS, OTHERS)]
    files, links, unconcerned = [], [], []
    for number, ((tag, who), bits, owning, mode) in enumerate(
        itertools.product(entries, (0, 4), (group, 0), (0o640, 0o604, 0o644, 0o664))
    ):
        path = folder / "open" / str(number)
        path.write_text("text")
        os.chown(path, 0, owning)
        path.chmod(mode)
        set_access_list(path, tag, bits, who)
        files.append(path)
        unconcerned.append(owning == 0 and who == OTHERS and bool(mode & 0o004))
        links.append(link(folder / "theirs" / str(number), path, account.pw_uid))
    readable = as_user(account, lambda: [os.access(file, os.R_OK) for file in files])
    seen = [followed(symlink, READ) for symlink in links]
    assert not [str(file) for file, reads, told in zip(files, readable, seen) if told and not reads]
    # A list that does not concern the user changes nothing.
    assert seen == unconcerned


def test_the_groups_of_a_user_without_an_account_are_none(folder: Path) -> None:
    path = folder / "open" / "list"
    path.write_text("text")
    os.chown(path, 0, THEIRS)
    path.chmod(0o640)
    assert "cannot read" in refused(link(folder / "theirs" / "list", path, THEIRS), READ)


def refused(path: Path, purpose: Purpose) -> str:
    with pytest.raises(KamailioError) as caught, find_place(str(path), purpose):
        pass
    return str(caught.value)


def found(path: Path, purpose: Purpose, follow: bool = False) -> str:
    with find_place(str(path), purpose, follow) as place:
        return place.path


@pytest.mark.parametrize("target", ["closed/secret", "open/secret", "closed/none", "../closed/secret"])
@pytest.mark.parametrize("owner", [THEIRS, 0])
def test_a_link_in_the_folder_of_another_user_is_not_followed_to_what_that_user_cannot_read(
    target: str, owner: int, folder: Path
) -> None:
    path = link(folder / "theirs" / "list", target if ".." in target else folder / target, owner)
    for purpose in (READ, WRITE):
        said = refused(path, purpose)
        assert f"{path} is a symbolic link that the user 4242 can have made" in said and "set follow" in said
    assert found(path, WRITE, follow=True) == str(path.resolve())


def test_a_link_of_another_user_is_not_followed_to_what_that_user_cannot_replace(folder: Path) -> None:
    (folder / "open" / "secret").chmod(0o644)
    path = link(folder / "theirs" / "list", folder / "open" / "secret", THEIRS)
    assert found(path, READ) == str(folder / "open" / "secret")
    assert "cannot write" in refused(path, WRITE)


def test_a_link_of_another_user_is_followed_to_files_of_that_user(folder: Path) -> None:
    (folder / "theirs" / "releases").mkdir()
    os.chown(folder / "theirs" / "releases", THEIRS, THEIRS)
    link(folder / "theirs" / "current", "releases", THEIRS)
    path = folder / "theirs" / "current" / "list"
    assert found(path, WRITE) == found(path, READ) == str(folder / "theirs" / "releases" / "list")


def test_a_link_of_another_user_in_a_folder_for_everybody_is_not_followed(folder: Path) -> None:
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    ours = link(folder / "tmp" / "ours", folder / "closed" / "secret", 0)
    assert found(ours, WRITE) == str(folder / "closed" / "secret")
    assert "user 4242" in refused(link(folder / "tmp" / "theirs", folder / "closed" / "secret", THEIRS), READ)


def test_a_link_is_not_followed_to_a_file_that_its_owner_cannot_replace_in_a_folder_for_everybody(
    folder: Path,
) -> None:
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    path = link(folder / "theirs" / "list", folder / "tmp" / "list", THEIRS)
    assert found(path, WRITE) == str(folder / "tmp" / "list")
    for owner in (0, OTHERS):
        (folder / "tmp" / "list").write_text("text")
        os.chown(folder / "tmp" / "list", owner, owner)
        assert "cannot write" in refused(path, WRITE)
    os.chown(folder / "tmp" / "list", THEIRS, THEIRS)
    assert found(path, WRITE) == str(folder / "tmp" / "list")


@pytest.mark.parametrize("purpose", [READ, WRITE])
def test_a_link_to_a_link_of_another_user_leads_only_to_what_both_can_reach(purpose: Purpose, folder: Path) -> None:
    (folder / "others" / "private").mkdir(parents=True)
    (folder / "others" / "private" / "list").write_text("private")
    (folder / "others" / "private").chmod(0o700)
    link(folder / "others" / "current", "private", OTHERS)
    for path in (folder / "others", folder / "others" / "private", folder / "others" / "private" / "list"):
        os.chown(path, OTHERS, OTHERS)
    assert found(folder / "others" / "current" / "list", purpose) == str(folder / "others" / "private" / "list")
    path = link(folder / "theirs" / "list", folder / "others" / "current" / "list", THEIRS)
    assert "cannot " + purpose in refused(path, purpose)


@pytest.mark.parametrize("target", ["../closed", "/@/closed"])
def test_a_doubt_about_the_folder_of_a_link_stays(target: str, folder: Path) -> None:
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o2775)
    link(folder / "shared" / "record", target.replace("/@", str(folder)), 0)
    for path in (folder / "shared" / "record", folder / "shared" / ".." / "closed"):
        assert "shared can be changed by its group" in doubt_about(str(path))


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs another mount namespace")
def test_the_root_folder_of_another_process_is_not_taken_for_that_of_the_host(folder: Path) -> None:
    script = 'mount -t tmpfs none "$0" && echo theirs > "$0/secret" && echo ready && exec sleep 60'
    line = ["unshare", "-m", "sh", "-c", script, str(folder / "open")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            if process.stdout.readline() != "ready\n":
                pytest.skip("no other mount namespace can be made here")
            there = "/proc/%d/root%s" % (process.pid, folder / "open" / "secret")
            assert Path(there).read_text() == "theirs\n"
            with pytest.raises(KamailioError, match="leads to the files of another process"):
                read_file(there)
        finally:
            process.kill()
    assert read_file("/proc/self/root" + str(folder / "open" / "secret")) == b"secret"


def test_a_file_is_read_where_the_current_folder_is_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    assert read_file(str(folder / "open" / "secret")) == b"secret"


def test_links_of_root_are_followed(folder: Path) -> None:
    link(folder / "up", "open/../closed", 0)
    link(folder / "list", "up/secret", 0)
    link(folder / "dangling", folder / "closed" / "none", 0)
    assert found(folder / "list", WRITE) == str(folder / "closed" / "secret")
    assert found(folder / "dangling", WRITE) == str(folder / "closed" / "none")


def test_links_that_lead_to_themselves_end(folder: Path) -> None:
    link(folder / "a", "b", 0)
    link(folder / "b", "a", 0)
    with pytest.raises(OSError, match="symbolic links"), find_place(str(folder / "a"), READ):
        pass
    with pytest.raises(KamailioError, match="leads to itself"):
        read_file(str(folder / "a"))


def test_a_hard_link_to_the_file_of_another_user_is_not_read(folder: Path) -> None:
    os.link(folder / "closed" / "secret", folder / "theirs" / "list")
    assert "has another name (hard link), and the user 4242 can have made it" in refused(
        folder / "theirs" / "list", READ
    )
    assert read_file(str(folder / "theirs" / "list"), follow=True) == b"secret"
    os.link(folder / "closed" / "secret", folder / "closed" / "list")
    assert read_file(str(folder / "closed" / "list")) == b"secret"


def test_a_folder_that_is_swapped_for_a_link_has_no_effect(folder: Path) -> None:
    path = folder / "theirs" / "list"
    with find_place(str(path), WRITE) as place:
        (folder / "theirs").rename(folder / "aside")
        (folder / "theirs").symlink_to(folder / "closed")
        handle, made = place.create("new.")
        os.close(handle)
        made.rename(place)
    assert (folder / "aside" / "list").exists() and [file.name for file in (folder / "closed").iterdir()] == ["secret"]


@pytest.mark.parametrize(
    ("owner", "mode", "doubt"),
    [
        (0, 0o700, ""),
        (0, 0o755, ""),
        (THEIRS, 0o700, "belongs to the user 4242"),
        (0, 0o775, "can be changed by its group or by everybody"),
        (0, 0o707, "can be changed by its group or by everybody"),
        (0, 0o1777, "everybody can make files in"),
    ],
)
@pytest.mark.parametrize("below", [False, True])
def test_what_is_kept_goes_into_trusted_folders_only(
    owner: int, mode: int, doubt: str, below: bool, folder: Path
) -> None:
    record = folder / "record"
    record.mkdir()
    record.chmod(mode)
    os.chown(record, owner, owner)
    if below:
        (record / "kept").mkdir(mode=0o700)
        # A folder of root's in one for everybody cannot be replaced.
        doubt = "" if mode == 0o1777 else doubt
        record = record / "kept"
    said = doubt_about(str(record))
    assert doubt in said and bool(doubt) == bool(said)
    (record / "file").write_text("planted")
    if not doubt:
        keep_private(str(record / "file"), b"kept")
        assert read_private(str(record / "file")) == b"kept" and (record / "file").stat().st_mode & 0o777 == 0o600
        return
    for access in (lambda path: keep_private(path, b"kept"), read_private):
        with pytest.raises(KamailioError, match="cannot be trusted with what is kept of a server: .*" + doubt):
            access(str(record / "file"))
    assert (record / "file").read_text() == "planted"


@contextlib.contextmanager
def coming_and_going(path: Path) -> Iterator[None]:
    """Have another process let a file or folder be there and not be there, by turns."""
    aside = path.with_name("aside")
    end = time.monotonic() + 60
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            while time.monotonic() < end:
                path.rename(aside)
                aside.rename(path)
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_folder_that_goes_while_it_is_looked_at_is_no_traceback(folder: Path) -> None:
    keep_private(str(folder / "record" / "file"), b"kept")
    with coming_and_going(folder / "record"):
        assert {read_private(str(folder / "record" / "file")) for _try in range(2000)} <= {b"kept", None}


def test_a_list_that_goes_while_it_is_looked_at_is_no_traceback(folder: Path) -> None:
    path = folder / "open" / "list"
    path.write_text("1 sip:10.0.0.1\n")
    text = 'loadmodule "dispatcher.so"\nmodparam("dispatcher", "list_file", "%s")\n' % path
    evaluation = evaluate("/k.cfg", text.encode(), lambda _path: None, None, Invocation())
    setup = read_setup(evaluation, Version(5, 6, 3))
    unused: Any = None
    live = Live(unused, "/k.cfg", evaluation, Version(5, 6, 3), ("dispatcher",), Invocation(), Invocation(), 0.0, setup)
    with coming_and_going(path):
        for _try in range(10000):
            assert load_list(live, b"1 sip:10.0.0.1\n").changed <= time.time()


def test_a_folder_behind_a_link_that_leads_nowhere_is_not_trusted(folder: Path) -> None:
    link(folder / "record", folder / "theirs" / "new", 0)
    for path in (folder / "record" / "file", folder / "record" / "below" / "file"):
        with pytest.raises(KamailioError, match="cannot be written: No such file"):
            keep_private(str(path), b"kept")
    assert not list((folder / "theirs").iterdir())


def test_a_trusted_folder_behind_a_link_of_another_user_is_not_trusted(folder: Path) -> None:
    link(folder / "theirs" / "record", folder / "open", THEIRS)
    assert "belongs to the user 4242" in doubt_about(str(folder / "theirs" / "record"))


def test_a_folder_of_its_own_is_made_once_and_not_taken_over(folder: Path) -> None:
    assert own_folder(str(folder / "run"), 0o711) == own_folder(str(folder / "run"), 0o711) == str(folder / "run")
    assert (folder / "run").stat().st_mode & 0o777 == 0o711
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    link(folder / "tmp" / "link", folder / "open", 0)
    (folder / "tmp" / "theirs").mkdir()
    os.chown(folder / "tmp" / "theirs", THEIRS, THEIRS)
    for path in (folder / "tmp" / "theirs", folder / "theirs" / "new"):
        with pytest.raises(KamailioError, match="must be a folder that belongs to root and that no other user can"):
            own_folder(str(path), 0o711)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A task whose files everybody could write, unless it says otherwise."""
    mask = os.umask(0)
    yield
    os.umask(mask)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o177])
def test_the_umask_of_the_task_does_not_change_the_modes_of_folders(mask: int, folder: Path) -> None:
    before = os.umask(mask)
    try:
        keep_private(str(folder / "var" / "lib" / "record" / "file"), b"kept")
        own_folder(str(folder / "run"), 0o711)
        with private_folder(str(folder / "open" / "ctl")) as replies:
            modes = {"replies": Path(replies).stat().st_mode & 0o777}
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    found = ("var", "var/lib", "var/lib/record", "run")
    modes.update({name: (folder / name).stat().st_mode & 0o777 for name in found})
    assert modes == {"var": 0o755, "var/lib": 0o755, "var/lib/record": 0o700, "run": 0o711, "replies": 0o711}


def test_no_folder_has_more_rights_for_a_moment(
    folder: Path, open_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def mkdir(name: str, mode: int = 0o777, **where: Any) -> None:
        real(name, mode, **where)
        made.append(os.stat(name, **where).st_mode & 0o777)  # noqa: PTH116  # in an open folder

    real = os.mkdir
    monkeypatch.setattr(os, "mkdir", mkdir)
    keep_private(str(folder / "var" / "record" / "file"), b"kept")
    own_folder(str(folder / "run"), 0o711)
    assert made == [0o755, 0o700, 0o711]


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_the_unit_after_a_boot_is_written_by_root_only_and_read_by_everybody(
    mask: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = folder / "system"
    monkeypatch.setattr(boot, "_UNITS", str(units))
    monkeypatch.setattr(boot, "_WANTED", str(units / "multi-user.target.wants"))
    before = os.umask(mask)
    try:
        boot.watch_after_boot("/record/a.change", ["python3", "watch.pyz"], "kamailio.service")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (units, *units.iterdir()) if not path.is_symlink()}
    (unit,) = (name for name in modes if name.endswith(".service"))
    assert modes == {"system": 0o755, "multi-user.target.wants": 0o755, unit: 0o644}


@contextlib.contextmanager
def user(number: int) -> Iterator[None]:
    """Be another user."""
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("owner", "mode", "above", "used"),
    [
        (THEIRS, 0o700, 0o755, True),
        (THEIRS, 0o711, 0o755, False),
        (THEIRS, 0o770, 0o755, False),
        (OTHERS, 0o700, 0o755, False),
        (0, 0o777, 0o755, False),
        (THEIRS, 0o700, 0o777, False),
        (None, 0, 0o755, False),
    ],
)
def test_the_folder_of_a_session_is_used_where_it_belongs_to_the_user_alone(
    owner: int | None, mode: int, above: int, used: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions, temporary = folder / "user", folder / "tmp"
    for path, bits in ((sessions, above), (temporary, 0o1777)):
        path.mkdir()
        path.chmod(bits)
    if owner is not None:
        (sessions / str(THEIRS)).mkdir()
        os.chown(sessions / str(THEIRS), owner, 0)
        (sessions / str(THEIRS)).chmod(mode)
    monkeypatch.setattr(_trust, "_SESSIONS", str(sessions))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with user(THEIRS):
        made = run_folder()
    private = str(sessions / str(THEIRS) / "sipfleet-kamailio")
    assert made == (private if used else str(temporary / ("sipfleet-kamailio-%d" % THEIRS)))
    assert Path(made).stat().st_uid == THEIRS and Path(made).stat().st_mode & 0o777 == 0o711


def test_a_user_who_makes_the_name_first_does_not_take_the_locks_of_a_session(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, owner, mode in (("user", THEIRS, 0o700), ("tmp/sipfleet-kamailio-%d" % THEIRS, OTHERS, 0o777)):
        path = folder / name / str(THEIRS) if name == "user" else folder / name
        path.mkdir(parents=True)
        os.chown(path, owner, owner)
        path.chmod(mode)
    (folder / "tmp").chmod(0o1777)
    monkeypatch.setattr(_trust, "_SESSIONS", str(folder / "user"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    with user(THEIRS), FileLocks() as locks:
        locks.take(str(folder / "open" / "list"))
        assert not locks.obstacle


@pytest.mark.parametrize("path", ["/", "/etc/..", "/..", "/etc/./passwd"])
def test_paths_with_dots(path: str) -> None:
    with find_place(path, READ) as place:
        assert place.status()


def test_a_relative_path_begins_at_the_current_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "open")
    assert found(Path("../closed/secret"), READ) == str(folder / "closed" / "secret")


def test_a_path_that_cannot_be_is_an_error() -> None:
    with pytest.raises(KamailioError, match="is not a path, since it holds a NUL character"):
        read_file("/etc/\0")
