# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The watch over a change after a boot of the host: a unit of systemd, which is there for as long as the change.

It is found by the boot alone: systemd need not read its units anew for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Sequence

from .._errors import error
from .._host.files import flush_folder
from .._trust import make_folders

_UNITS = "/etc/systemd/system"
_WANTED = os.path.join(_UNITS, "multi-user.target.wants")
# Python ends with 2 where its program is gone, as that of a change which is over.
_UNIT = """\
[Unit]
Description=Takes a change of Kamailio back that a boot has cut off
ConditionPathExists=%s
After=%s

[Service]
ExecStart=%s
KillMode=process
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2
"""


def boot_of_host() -> str:
    """What tells one boot of this host, or of this container, from the next; empty where nothing does."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as kernel, open("/proc/1/stat", "rb") as first:
            # Its name stands in parentheses and can hold anything; the start time is the 22nd field.
            started = first.read().rpartition(b")")[2].split()[19]
            return (kernel.read().strip() + b"/" + started).decode()
    except (OSError, IndexError):
        return ""


def watch_after_boot(folder: str, command: Sequence[str], server: str) -> None:
    """Have systemd run a command after a boot, once the unit C(server) has had its start, if the folder is still there.

    Raises KamailioError.
    """
    if not "".join([folder, server, *command]).isprintable():
        raise error("the path of a change must not hold control characters", "Give another folder in record", folder)
    name = _name_of(folder)
    text = _UNIT % (_escaped(folder), _escaped(server), " ".join('"%s"' % _quoted(word) for word in command))
    try:
        make_folders(_WANTED, 0o755)
        # Anybody may read what is in it, and systemd asks for that.
        handle = os.open(os.path.join(_UNITS, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, 0o644)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.symlink("../" + name, os.path.join(_WANTED, name))
        flush_folder(_WANTED)
        flush_folder(_UNITS)
    except OSError as exc:
        raise error("the watch over the change cannot be prepared: %s" % exc.strerror, "", _UNITS) from exc


def forget_boot(folder: str) -> None:
    """Take the unit away."""
    for parent in (_WANTED, _UNITS):
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(parent, _name_of(folder)))


def _name_of(folder: str) -> str:
    return "sipfleet-watch-%s.service" % hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    return _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
