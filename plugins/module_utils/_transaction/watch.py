# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The watch over a change: a process on the host itself, that takes the change back if nobody confirms it.

It does not need the controller, nor the module that has started it: it runs from a copy of the code beside the journal,
where systemd runs also after a boot.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import subprocess
import sys
import time
import zipfile
from typing import Any, Dict, List, Optional, Sequence

from .._caller import Caller
from .._errors import KamailioError, error
from .._exit import SEEN
from .._host.files import keep_private
from .._host.process import run_program
from .._text import show
from .boot import watch_after_boot
from .journal import Hold, Journal, close, is_orphan, load

# What it says goes to standard error, and so to the log of systemd.
_LOG = logging.getLogger(__name__)
_PACKAGE = "ansible_collections.sipfleet.kamailio.plugins.module_utils"
_PROGRAM = "watch.pyz"
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 10.0
_SYSTEMD_SECONDS = 60
# The server can be a child of what restarts it. Python ends with 2 where its program is gone with the change.
_SERVICE = [
    "--property=KillMode=process",
    "--property=Restart=on-failure",
    "--property=RestartSec=10",
    "--property=RestartPreventExitStatus=2",
]
_MAIN = "import sys\nfrom %s._transaction.watch import watch\nwatch(sys.argv[1])\n" % _PACKAGE


class Standin:
    """What the code of a module asks of its AnsibleModule, where there is none."""

    def __init__(self, params: Dict[str, Any]) -> None:
        self.params = params

    def get_bin_path(self, arg: str, *, opt_dirs: Optional[Sequence[str]] = None) -> Optional[str]:
        """Return the path of a program."""
        folders = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *(opt_dirs or ())]
        return shutil.which(arg, path=os.pathsep.join(folders))

    def selinux_enabled(self) -> bool:
        """Return False: a file that is replaced gets the context that the policy has for new files of its folder."""
        return False

    def selinux_context(self, path: str) -> List[Optional[str]]:
        """Return no context."""
        return []

    def selinux_default_context(self, path: str) -> List[Optional[str]]:
        """Return no context."""
        return []

    def set_context_if_different(self, path: str, context: List[Optional[str]], changed: bool) -> bool:
        """Change nothing."""
        return changed


def arm(module: Caller, journal: Journal, unit: str) -> None:
    """Start the watch over a change of the server of a systemd unit. Raises KamailioError."""
    program = os.path.join(journal.folder, _PROGRAM)
    keep_private(program, _packed())
    command = [sys.executable, program, journal.folder]
    systemd_run = module.get_bin_path("systemd-run")
    if systemd_run and os.path.isdir("/run/systemd/system"):
        # Not a child of the session that a broken link ends.
        name = "--unit=sipfleet-watch-%s" % journal.change
        try:
            ended = run_program([systemd_run, "--quiet", "--collect", name, *_SERVICE, *command], _SYSTEMD_SECONDS)
        except OSError as exc:
            raise error("the watch over the change cannot be started: %s" % exc.strerror) from exc
        if ended.status != 0:
            said = "no end after %d seconds" % _SYSTEMD_SECONDS
            if ended.status is not None:
                said = show(ended.complaint or ended.printed).strip()
            raise error("the watch over the change cannot be started: %s" % said)
        watch_after_boot(journal.folder, command, unit)
        return
    try:
        # It goes on when the module has ended. pylint: disable-next=ansible-bad-function
        subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            close_fds=True,
            cwd="/",
        )
    except OSError as exc:
        raise error("the watch over the change cannot be started: %s" % exc.strerror) from exc


def _packed() -> bytes:
    """Return a copy of the code that has been loaded, which outlives the module."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__main__.py", _MAIN)
        parts = _PACKAGE.split(".")
        for depth in range(1, len(parts)):
            archive.writestr("/".join(parts[:depth]) + "/__init__.py", "")
        for name, loaded in sorted(sys.modules.items()):
            if name != _PACKAGE and not name.startswith(_PACKAGE + "."):
                continue
            get_source = getattr(loaded.__spec__ and loaded.__spec__.loader, "get_source", None)
            path = name.replace(".", "/") + ("/__init__.py" if hasattr(loaded, "__path__") else ".py")
            archive.writestr(path, (get_source(name) if get_source else "") or "")
    return packed.getvalue()


def watch(folder: str) -> None:
    """Look after a change until it is over, and roll it back if its process is gone or its time is up."""
    said = ""
    looking = _Watch(folder)
    while True:
        try:
            if looking.is_over():
                return
        except (KamailioError, OSError) as reason:
            # What is in the way, as a full disk is, can go away.
            text = reason.render() if isinstance(reason, KamailioError) else str(reason)
            if text != said:
                said = text
                _LOG.warning("It is tried again: %s", SEEN.clean(said))
            time.sleep(_AGAIN_SECONDS)
        time.sleep(_LOOK_SECONDS)


class _Watch:
    """What the watch does at each look; C(outcomes) are those of changes that are undone and could not be ended yet."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._outcomes: Dict[str, Dict[str, Any]] = {}

    def is_over(self) -> bool:
        journal = load(self._folder)
        if journal is None:
            return True
        with Hold(self._folder) as hold:
            if not hold.held or not is_orphan(journal) or load(self._folder) != journal:
                return False
            if journal.change not in self._outcomes:
                self._outcomes[journal.change] = self._undo(journal)
            close(journal, self._outcomes[journal.change])
        return True

    def _undo(self, journal: Journal) -> Dict[str, Any]:
        # Most changes are confirmed, and the rollback is most of the code.
        from .._host.locks import FileLocks
        from .revert import undo, why_orphan

        with FileLocks(own=self._folder) as locks:
            outcome = undo(Standin(journal.options), locks, journal, why_orphan(journal))
        for problem in outcome["problems"]:
            _LOG.warning("%s", SEEN.clean(problem))
        return outcome
