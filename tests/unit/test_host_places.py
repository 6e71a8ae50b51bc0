# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where what is kept of a server is found again, by whatever name its configuration is given."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import keep_private
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import journal_folder, record_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._trust import resolve_trusted

THEIRS = 4242
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Two releases of a configuration, with a link to the first of them."""
    folder = Path(tempfile.mkdtemp())
    for name in ("release-3", "release-4"):
        (folder / name).mkdir()
        (folder / name / "kamailio.cfg").write_text("# %s\n" % name)
    (folder / "current").symlink_to("release-3")
    yield folder
    shutil.rmtree(folder)


def kept(folder: Path, config: Path) -> str:
    """Keep a record by the name of a configuration; gives where it is."""
    path = record_path(str(folder / "record"), str(config))
    keep_private(path, b"record")
    return path


def found(folder: Path, config: Path) -> str:
    return record_path(str(folder / "record"), str(config))


def switch(link: Path, target: object, owner: int = 0) -> None:
    link.unlink()
    link.symlink_to(str(target))
    os.chown(link, owner, owner, follow_symlinks=False)


@pytest.mark.parametrize("ends", ["", ".change"])
def test_a_switch_to_another_release_hides_nothing(ends: str, folder: Path) -> None:
    config = folder / "current" / "kamailio.cfg"
    before = kept(folder, config)
    if ends:
        Path(before).unlink()
        Path(journal_folder({"record": str(folder / "record")}, str(config))).mkdir()
    switch(folder / "current", "release-4")
    assert found(folder, config) == before


@as_root
def test_another_user_who_exchanges_a_link_hides_nothing(folder: Path) -> None:
    os.chown(folder / "release-3", THEIRS, THEIRS)
    config = folder / "release-3" / "kamailio.cfg"
    before = kept(folder, config)
    for target in (folder / "release-4" / "kamailio.cfg", "other.cfg"):
        switch(config, target, THEIRS)
        assert found(folder, config) == before


@as_root
def test_another_user_cannot_make_two_configurations_one(folder: Path) -> None:
    os.chown(folder / "release-3", THEIRS, THEIRS)
    theirs, ours = folder / "release-3" / "kamailio.cfg", folder / "release-4" / "kamailio.cfg"
    switch(theirs, ours, THEIRS)
    assert kept(folder, theirs) != found(folder, ours)


@pytest.mark.parametrize("owner", [0, pytest.param(THEIRS, marks=as_root)])
@pytest.mark.parametrize("first", ["current", "release-3"])
def test_two_names_of_one_configuration_are_one_server(first: str, owner: int, folder: Path) -> None:
    if owner:
        os.chown(folder / "release-3", owner, owner)
    paths = [folder / name / "kamailio.cfg" for name in ("current", "release-3")]
    before = kept(folder, folder / first / "kamailio.cfg")
    assert [found(folder, path) for path in paths] == [before] * 2
    assert found(folder, folder / "release-4" / "kamailio.cfg") != before


def test_after_a_switch_the_old_release_is_another_configuration(folder: Path) -> None:
    before = kept(folder, folder / "current" / "kamailio.cfg")
    switch(folder / "current", "release-4")
    assert found(folder, folder / "release-3" / "kamailio.cfg") != before
    assert found(folder, folder / "release-4" / "kamailio.cfg") == before


@pytest.mark.parametrize("text", ["{0}//record", "{0}/./record", "{0}/record/", "/{0}/record/.", "//{0}/record"])
def test_a_folder_is_the_same_however_it_is_written(text: str, folder: Path) -> None:
    config = str(folder / "release-3" / "kamailio.cfg")
    for written in (config, config.replace("/kamailio.cfg", "/.//kamailio.cfg")):
        params = {"record": text.format(folder)}
        assert journal_folder(params, written) == journal_folder({"record": str(folder / "record")}, config)


def test_a_folder_with_other_files_is_no_obstacle(folder: Path) -> None:
    (folder / "record").mkdir()
    for name in ("%00.loaded", "relative.loaded", "%FF%2F.change", ".loaded", "a.change.0123"):
        (folder / "record" / name).touch()
    config = folder / "current" / "kamailio.cfg"
    assert kept(folder, config) == found(folder, config)


def test_names_that_are_not_text_are_kept_apart(folder: Path) -> None:
    paths = [kept(folder, Path(os.fsdecode(b"/etc/k\xff%d.cfg" % number))) for number in (1, 2)]
    assert len(set(paths)) == 2


@pytest.mark.parametrize("path", ["/", "/..", "/no/such/../file", "/etc/../etc/passwd/x"])
def test_a_path_that_leads_nowhere_stays(path: str) -> None:
    assert resolve_trusted(path).startswith("/")


def test_a_link_that_leads_to_itself_ends(folder: Path) -> None:
    switch(folder / "current", "current")
    assert resolve_trusted(str(folder / "current" / "x")) == str(folder / "current" / "x")
