# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders that the attackers can reach, and what they must not get at."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from attack.events import WRITES, Watch

# A list whose comment no call to a server can show.
PRIVATE_LIST = "# TOPSECRET\n1 sip:10.9.9.9\n"


class Vault:
    """A folder for root only with a file for root only."""

    def __init__(self, folder: Path, name: str = "secret", content: str = PRIVATE_LIST) -> None:
        folder.mkdir(0o700)
        self.folder, self.file = folder, folder / name
        self.file.write_text(content)
        self.file.chmod(0o600)
        self._before = self._state()
        self._watch = Watch()
        self._watch.add(folder, WRITES)

    def _state(self) -> dict[str, tuple[int, int, int, bytes]]:
        found = {}
        for path in (self.folder, *sorted(self.folder.iterdir())):
            status = path.lstat()
            data = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
            found[path.name] = (status.st_mode, status.st_uid, status.st_gid, data)
        return found

    def assert_untouched(self) -> None:
        """Fail if it is not as it was, or was not for a moment."""
        after = self._state()
        changed = {
            name: after.get(name) for name in {*self._before, *after} if self._before.get(name) != after.get(name)
        }
        assert not changed, "changed: %s" % changed
        events = self._watch.wait(0)
        assert not events, "touched for a moment: %s" % [str(event) for event in events][:5]


def assert_no_copy(folder: Path) -> None:
    """Fail if the secret is in a file of a folder that belongs to another user."""
    for place, _folders, names in os.walk(folder):
        for path in (Path(place) / name for name in names):
            if stat.S_ISREG(path.lstat().st_mode):
                assert b"TOPSECRET" not in path.read_bytes(), "a copy: %s" % path


def owned(folder: Path, uid: int, mode: int = 0o755) -> Path:
    """A folder of a user."""
    folder.mkdir()
    os.chown(folder, uid, uid)
    folder.chmod(mode)
    return folder


def file_of(path: Path, uid: int, content: str = "1 sip:10.0.0.1 8\n", mode: int = 0o644) -> Path:
    """A file of a user."""
    path.write_text(content)
    os.chown(path, uid, uid)
    path.chmod(mode)
    return path
