# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Bringing a server back into service: a restart, and the wait until it answers."""

from __future__ import annotations

import os
import shutil
import time
from typing import List, Optional, Sequence

from .._caller import Caller
from .._errors import KamailioError, error
from .._everywhere import mask_text
from .._host.process import Ended, run_program
from .._host.service import unit_of
from .._rpc.clock import Deadline
from .._rpc.errors import UnreachableError
from .._secrets import mask_secrets
from .._text import named, quoted
from .down import explained
from .server import Live, reach

_PAUSE_SECONDS = 0.2


def restart_command(module: Caller) -> Optional[List[str]]:
    """What restarts the server of an AnsibleModule, None where nothing is known to.

    Raises KamailioError where its program is not there.
    """
    if module.params["restart_command"]:
        program = module.params["restart_command"][0]
        if not shutil.which(program):
            text = "restart_command: there is no program %s that can be run" % named(program)
            raise error(text, "Give its whole path, from / on")
        return list(module.params["restart_command"])
    systemctl = module.get_bin_path("systemctl")
    if not systemctl or not os.path.isdir("/run/systemd/system"):
        return None
    return [systemctl, "restart", unit_of(module.params["instance"])]


def restart(module: Caller, seconds: float) -> Live:
    """Restart the server, and wait until it answers, for some seconds in all. Raises KamailioError."""
    command = restart_command(module)
    if command is None:
        raise error("nothing is known that restarts the server", "Give its restart_command")
    if not module.params["restart_command"]:
        # Some starts that failed in a row, and systemd would refuse the next one for that alone.
        _run([command[0], "reset-failed", command[2]], seconds)
    deadline, began = Deadline(seconds), time.time()
    ended, shown = _run(command, seconds), mask_text(" ".join(command))
    if ended.status is None:
        raise error("%s has not ended after %g seconds" % (shown, seconds), "Its log says why")
    if ended.status:
        said = quoted(mask_secrets((ended.complaint or ended.printed).strip()), 300)
        raise error("%s ended with status %d: %s" % (shown, ended.status, said), "Its log says why")
    try:
        return wait_for_answer(module, deadline, began)
    except UnreachableError as reason:
        raise error("%g seconds after its restart: %s" % (seconds, explained(module, reason).render())) from None
    except KamailioError as reason:
        text = "the server does not answer %g seconds after its restart: %s" % (seconds, reason.render())
        raise error(text, "Its log says why") from None


def stop(module: Caller, seconds: float) -> None:
    """Stop the server of a unit. Raises KamailioError, also where it is not known how."""
    command = restart_command(module)
    if command is None or module.params["restart_command"]:
        raise error("the server did not run before the change, and nothing is known that stops it", "Stop it by hand")
    ended = _run([command[0], "stop", command[2]], seconds)
    if ended.status:
        said = quoted(mask_secrets((ended.complaint or ended.printed).strip()), 300)
        raise error("the server did not run before the change, and could not be stopped: %s" % said, "Stop it by hand")


def _run(command: Sequence[str], seconds: float) -> Ended:
    try:
        return run_program(command, max(seconds, 1))
    except OSError as exc:
        raise error("%s cannot be run: %s" % (command[0], exc.strerror), "Correct restart_command") from exc


def wait_for_answer(module: Caller, deadline: Deadline, since: float = 0) -> Live:
    """The server as soon as one answers that was started since then, in seconds since 1970. Raises KamailioError."""
    while True:
        try:
            live = reach(module, without_dispatcher=True)
            # A start is known to the second.
            if live.started >= since - 1:
                return live
            reason: KamailioError = error(
                "it is the one from before the restart that answers", "Does the command restart it?"
            )
        except KamailioError as exc:
            reason = exc
        if not deadline.pause(_PAUSE_SECONDS):
            raise reason
