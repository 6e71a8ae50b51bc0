# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What happens in the namespaces of a rehearsal: the server is started as its unit starts it, and watched."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .._config.model import Account
from .._errors import KamailioError
from .._host.layers import Candidate, enter_private_files, make_folder, put_file
from .._host.limits import set_limits
from .._host.namespace import become, drop_capabilities, start_program
from .._host.network import make_network
from .._rpc.addresses import Address
from .._rpc.connection import Connection
from .._rpc.errors import ServerError

_LOOK_SECONDS = 0.02
_CALL_SECONDS, _LIST_SECONDS = 2.0, 8.0
# A server whose processes have been the same for so long has started; one that does not answer calls needs more.
_QUIET_SECONDS, _SILENT_SECONDS = 0.2, 0.6
# And one that is up, and does not answer where its configuration says, has no more to say.
_UNANSWERED_SECONDS = 4.0
_LAST_WORDS_SECONDS = 1.0
_FOLDERS = ("RuntimeDirectory", "StateDirectory", "CacheDirectory", "LogsDirectory", "ConfigurationDirectory")
_PARENTS = dict(zip(_FOLDERS, ("/run", "/var/lib", "/var/cache", "/var/log", "/etc")))


class Launch(NamedTuple):
    """How a server is started: its C(program) with C(arguments), and the C(account) that starts it.

    C(environment) is what its unit gives it, C(settings) are those of the unit, both empty where there is none.
    """

    program: str
    arguments: Tuple[str, ...]
    account: Account = Account()
    environment: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}


class Scene(NamedTuple):
    """All that a process needs to know to start the server in its namespaces."""

    start: Launch
    files: Mapping[str, Optional[Candidate]]
    addresses: Tuple[Address, ...]
    dispatcher: bool
    user: int
    group: int
    groups: Tuple[int, ...]
    environment: Mapping[str, str]
    pid_file: Optional[str]
    room: int
    seconds: float


def play(scene: Scene, network: Any, output: int) -> Dict[str, Any]:
    """Start the server in the namespaces of this process, and return what came of it. Raises OSError."""
    make_network(network)
    hidden = enter_private_files(scene.room)
    drop_capabilities()
    _prepare_folders(scene)
    for path, candidate in scene.files.items():
        put_file(path, candidate)
    start = scene.start
    folder = start.settings.get("WorkingDirectory", "/").lstrip("-")

    def prepare() -> None:
        os.umask(_mode(start.settings, "UMask", 0o022))
        set_limits(start.settings)
        with contextlib.suppress(OSError):
            os.chdir(folder if folder.startswith("/") else "/")
        become(scene.user, scene.group, scene.groups, _ambient(start.settings))

    line = [start.program, *start.arguments, "-E"]
    first = start_program(start.program, line, scene.environment, output, prepare)
    return {**_watch(scene, first), "hidden": hidden}


def _prepare_folders(scene: Scene) -> None:
    """Leave what a stop of the server and systemd leave: new folders, and nothing of the server that runs."""
    settings = scene.start.settings
    for name in _FOLDERS:
        mode = _mode(settings, name + "Mode", 0o755)
        empty = name == "RuntimeDirectory" and settings.get(name + "Preserve", "no") == "no"
        for folder in settings.get(name, "").split():
            path = os.path.join(_PARENTS[name], folder.partition(":")[0])
            make_folder(path, scene.user, scene.group, mode, empty)
    paths = [getattr(address, "path", "") for address in scene.addresses]
    for path in [*paths, scene.pid_file or ""]:
        with contextlib.suppress(OSError):
            kind = os.lstat(path).st_mode
            if path == scene.pid_file or stat.S_ISSOCK(kind) or stat.S_ISFIFO(kind):
                os.unlink(path)


def _mode(settings: Mapping[str, str], name: str, default: int) -> int:
    """Return a mode; systemd passes over one that it does not understand."""
    text = settings.get(name, "")
    return int(text, 8) if re.match(r"[0-7]{1,5}\Z", text) else default


def _ambient(settings: Mapping[str, str]) -> List[str]:
    return [word.lower()[len("cap_") :] for word in settings.get("AmbientCapabilities", "").split() if word[:1] != "~"]


def _watch(scene: Scene, first: int) -> Dict[str, Any]:
    """Wait until the server has come up, is dead, or has had its time."""
    deadline = time.monotonic() + scene.seconds
    connection = Connection(scene.addresses, _CALL_SECONDS)
    ended: Dict[int, int] = {}
    answered, known, since = False, frozenset([0]), time.monotonic()
    while True:
        alone = _reap(ended)
        if alone or ended.get(first):
            return _ended(ended, ended.get(first) or list(ended.values())[-1])
        running = _processes()
        now = time.monotonic()
        busy = not scene.addresses and any(state == "R" for state in running.values())
        if frozenset(running) != known or busy:
            known, since = frozenset(running), now
        if now > deadline or (ended.get(first) == 0 and now - since > _UNANSWERED_SECONDS):
            # A server that has become a daemon says with status 0 that it has come up.
            return {"outcome": "up" if ended.get(first) == 0 else "late", "answered": answered, "list": None}
        if scene.addresses and not answered:
            answered = _answers(scene, connection)
            since = time.monotonic() if answered else since
        quiet = now - since > (_QUIET_SECONDS if answered else _SILENT_SECONDS)
        if quiet and (answered or not scene.addresses):
            shown = _read_list(connection) if answered and scene.dispatcher else None
            if _processes().keys() == running.keys():
                return {"outcome": "up", "answered": answered, "list": shown}
        time.sleep(_LOOK_SECONDS)


def _reap(ended: Dict[int, int]) -> bool:
    """Take note of the processes that have ended, and return whether there is none left.

    The first process of a namespace is the parent of all others that have lost theirs. A list of processes can miss one
    that was just started by one that has just ended.
    """
    try:
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return False
            ended[process] = status
    except ChildProcessError:
        return True


def _ended(ended: Dict[int, int], status: int) -> Dict[str, Any]:
    """Return how the server has ended, once those of its processes have that can still say why."""
    deadline = time.monotonic() + _LAST_WORDS_SECONDS
    while not _reap(ended) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return {"outcome": "ended", "status": code, "answered": False}


def _processes() -> Dict[int, str]:
    """Return the processes of the server with their states."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and name != "1":
            with contextlib.suppress(OSError, IndexError), open("/proc/%s/stat" % name, "rb") as file:
                state = file.read().rpartition(b")")[2].split()[0].decode()
                if state not in ("Z", "X"):
                    found[int(name)] = state
    return found


def _answers(scene: Scene, connection: Connection) -> bool:
    places = [getattr(address, "path", "") for address in scene.addresses]
    if all(path and not os.path.exists(path) for path in places):
        return False
    try:
        return bool(connection.read("core.version"))
    except KamailioError:
        return False


def _read_list(connection: Connection) -> Optional[List[Any]]:
    """Return the answer to C(dispatcher.list), None if there is none."""
    try:
        return connection._replace(seconds=_LIST_SECONDS).read("dispatcher.list")
    except ServerError:
        # That is how a server says that its list is empty.
        return []
    except KamailioError:
        return None
