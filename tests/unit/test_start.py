# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a server has to be restarted, by what is known of its start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.start import (
    Due,
    Edit,
    Start,
    parse_start,
    render_start,
    restart_due,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import times_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import record_path, start_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

VERSION = Version(6, 0, 1)
ONE, TWO = "1" * 64, "2" * 64
EDIT = Edit("/etc/kamailio/kamailio.cfg", 2400.5)


def due(
    loads: list[str] | None = None,
    start: Start | None = None,
    meaning: str | None = None,
    edits: tuple[Edit, ...] = (),
    installed: Version | None = None,
) -> Due:
    return restart_due(loads, ["tm", "dispatcher"], start, meaning, edits, VERSION, installed)


def test_nothing_is_known() -> None:
    assert due() == due(["dispatcher", "tm"]) == due(installed=VERSION) == Due()


def test_other_modules_are_certain() -> None:
    assert due(["tm"]).certain == ("the server runs with other modules than its configuration loads: dispatcher",)
    assert len(due([f"m{number}" for number in range(50)]).certain[0]) < 300


def test_times_count_without_a_record_of_this_start() -> None:
    found = due(edits=(EDIT,))
    assert found.certain == () and found.likely == (
        "the configuration was changed after the start of the server: /etc/kamailio/kamailio.cfg (40 minutes later)",
    )
    assert due(meaning=ONE, edits=(EDIT,)) == due(start=Start(9, ONE), edits=(EDIT,)) == found


def test_record_of_this_start_decides() -> None:
    assert due(start=Start(9, ONE), meaning=ONE, edits=(EDIT,)) == Due()
    (found,) = due(start=Start(9, ONE), meaning=TWO, edits=(EDIT, Edit("/etc/x", 86400 * 3))).certain
    assert found.startswith("the configuration has another meaning than when the server was started, at 19")
    assert found.endswith(": /etc/kamailio/kamailio.cfg (40 minutes later); /etc/x (3 days later)")
    assert due(start=Start(9, ONE), meaning=TWO).certain[0].endswith(":09")


def test_another_installed_version_is_likely() -> None:
    assert due(installed=Version(6, 0, 2)).likely == ("Kamailio 6.0.2 is installed, and 6.0.1 runs",)


@given(st.integers(0, 9_999_999_999), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_record_is_read_as_it_was_written(second: int, meaning: str) -> None:
    start = Start(second, meaning)
    assert parse_start(render_start(start)) == start
    assert start.is_at(second + 1.5) and not start.is_at(second + 3)


@given(st.none() | st.binary(max_size=120))
def test_anything_else_is_not_a_record(data: bytes | None) -> None:
    assert parse_start(data) is None


def test_times_are_those_of_files_and_links(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    path = tmp_path / "one" / "kamailio.cfg"
    path.touch()
    os.utime(path, (1000, 1000))
    (tmp_path / "current").symlink_to("one")
    link = tmp_path / "current" / "kamailio.cfg"
    straight, linked = times_of(str(path)), times_of(str(link))
    assert straight and linked and times_of(str(tmp_path / "gone")) is None
    assert straight.content == 1000 < straight.change
    assert linked.content == (tmp_path / "current").lstat().st_mtime > 1000
    # No content is newer than its file.
    os.utime(path, (1 << 40, 1 << 40))
    future = times_of(str(path))
    assert future and future.content == future.change < 1 << 40


def test_records_of_a_server_share_its_name(tmp_path: Path) -> None:
    start = Path(start_path(str(tmp_path), "/etc/kamailio/kamailio.cfg"))
    assert start.name == "%2Fetc%2Fkamailio%2Fkamailio.cfg.started"
    assert start.with_suffix(".loaded") == Path(record_path(str(tmp_path), "/etc/kamailio/kamailio.cfg"))


@pytest.mark.parametrize("seconds", [1.2, 90, 200])
def test_durations(seconds: float) -> None:
    (text,) = due(edits=(Edit("/x", seconds),)).likely
    assert text.endswith({1.2: "(2 seconds later)", 90: "(90 seconds later)", 200: "(3 minutes later)"}[seconds])
