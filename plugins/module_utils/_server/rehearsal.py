# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The rehearsal of a start: the real server with the files that are about to be written, apart from its host.

C(kamailio -c) initialises no module, so it accepts files of which a start dies. Here the server starts as its unit
starts it, in namespaces of its own: it has the addresses of the host and no way out, and what it writes is in memory.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import stat
import time
from typing import Any, Dict, Final, List, Literal, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._caller import Caller
from .._config.model import Account, Evaluation, Invocation
from .._errors import KamailioError, error
from .._host.check import starter_of
from .._host.facts import find_kamailio, identity_of
from .._host.layers import Candidate, enter_private_files, make_folder, put_file
from .._host.limits import set_limits
from .._host.namespace import become, drop_capabilities, run_apart, start_program
from .._host.naming import namers_of
from .._host.network import make_network, read_network
from .._host.service import arguments_of, options_of, read_service, starts
from .._memory import MIB
from .._rpc.addresses import Address, JsonFifo
from .._rpc.connection import Connection
from .._rpc.dispatcher import Running, read_destinations
from .._rpc.errors import ServerError
from .._rpc.find import find_addresses
from .._secrets import mask_secrets
from .._text import is_number, named

Outcome = Literal["came up", "did not start", "did not answer", "needs the outside", "not possible here"]
CAME_UP: Final = "came up"
DID_NOT_START: Final = "did not start"
DID_NOT_ANSWER: Final = "did not answer"
NEEDS_OUTSIDE: Final = "needs the outside"
NOT_POSSIBLE: Final = "not possible here"

SECONDS = 20.0
# For namespaces, files and network, which count apart from the server.
_SETUP_SECONDS = 10.0
_LOOK_SECONDS = 0.02
_CALL_SECONDS = 2.0
# A server whose processes have been the same for so long has started; one that does not answer calls needs more.
_QUIET_SECONDS, _SILENT_SECONDS = 0.2, 0.6
# And one that is up, and does not answer where its configuration says, has no more to say.
_UNANSWERED_SECONDS = 4.0
_LAST_WORDS_SECONDS = 1.0
# What a server writes while it starts. Larger files that it only reads are not copied.
_ROOM = 128 * MIB
_SHARED_MIB = 64
_SPARE = 8
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS = ("RuntimeDirectory", "StateDirectory", "CacheDirectory", "LogsDirectory", "ConfigurationDirectory")
_PARENTS = dict(zip(_FOLDERS, ("/run", "/var/lib", "/var/cache", "/var/log", "/etc")))
# Settings of a unit that hide files from the server or forbid it something, and what systemd runs besides.
_NOT_REHEARSED = re.compile(
    r"ExecStartPre|ExecStartPost|ExecCondition|Protect\w+|Private\w+|ReadOnlyPaths|ReadWritePaths|InaccessiblePaths"
    r"|ReadOnlyDirectories|ReadWriteDirectories|InaccessibleDirectories|BindPaths|BindReadOnlyPaths|TemporaryFileSystem"
    r"|Restrict\w+|SystemCall\w+|MemoryDenyWriteExecute|NoNewPrivileges|LockPersonality|CapabilityBoundingSet"
    r"|LoadCredential\w*|SetCredential\w*|NetworkNamespacePath|MemoryMax|TasksMax"
)
# What the server says of limits that the rehearsal has set, and what would leave no room for its errors.
_DROPPED = re.compile(rb"\bset_core_dump\(\)|\bDEBUG: ")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A line of the server's log, with its level and the module that says it; a line of an error can be followed by more.
_SAID = re.compile(r" ?\d+\(\d+\) ([A-Z]+): (?:(\S+) \[)?|(ERROR|CRITICAL|Listening on|Aliases)\b")
_ERRORS = ("ERROR", "CRITICAL", "ALERT", "EMERG")
_FIRST_LINES, _LAST_LINES = 14, 6
# The module that a start dies of. Errors of others, except for databases, are not the reason.
_FATAL = re.compile(r"[Ee]rror while initializing module (\w+)")
# How the C library, the server, and clients of databases and other services say that nobody could be reached.
_OUTSIDE = re.compile(
    r"unreachable|connection refused|no route to host|timed out"
    r"|(?:can ?not|can'?t|could ?n[o']t|could not|unable to|failed to|failure to) (?:connect|resolve|contact|reach)"
    r"|name resolution|name or service not known|unknown (?:server )?host|connection (?:attempt )?failed",
    re.IGNORECASE,
)


class Start(NamedTuple):
    """How a server is started: its C(program) with C(arguments), and the C(account) that starts it.

    C(environment) is what its unit gives it, C(settings) are those of the unit, both empty where there is none.
    """

    program: str
    arguments: Tuple[str, ...]
    account: Account = Account()
    environment: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}


class Rehearsal(NamedTuple):
    """What came of a rehearsal.

    C(message) has the errors that the server has said, or the reason why there was no rehearsal; C(answered) says
    whether it has answered a call; C(destinations) is what it ran with, None if that is not known; C(not_checked) says
    what the rehearsal leaves out; C(log) is what the server has said, with its secrets masked.
    """

    outcome: Outcome
    message: str = ""
    seconds: float = 0.0
    answered: bool = False
    destinations: Optional[List[Running]] = None
    not_checked: Tuple[str, ...] = ()
    log: str = ""


class _Scene(NamedTuple):
    """All that a process needs to know to start the server in its namespaces."""

    start: Start
    files: Mapping[str, Optional[Candidate]]
    addresses: Tuple[Address, ...]
    dispatcher: bool
    user: int
    group: int
    groups: Tuple[int, ...]
    environment: Mapping[str, str]
    pid_file: Optional[str]
    seconds: float


def start_of(module: Caller, evaluations: Sequence[Evaluation], invocation: Invocation) -> Start:
    """Return how the server with a configuration is started on the host of an AnsibleModule.

    C(evaluations) are the one of the files to be written, and the one of the files as they are. The code that they name
    runs with the rights that it has in C(kamailio -c). Raises KamailioError.
    """
    service = read_service(module.params["instance"])
    account = starter_of(module, service, evaluations)
    if service and starts(service, evaluations[0].path):
        environment = {name: value for name, value in (service.invocation.environment or {}).items() if value}
        return Start(service.program, service.arguments, account, environment, service.settings)
    program = find_kamailio(module)
    if not program:
        raise error("kamailio is not installed on this host", "Install it, or give the instance of its unit")
    environment = {name: value for name, value in (invocation.environment or {}).items() if value}
    arguments = ("-DD", "-f", os.path.abspath(evaluations[0].path), *arguments_of(invocation))
    return Start(program, arguments, account, environment)


def rehearse(
    start: Start,
    files: Mapping[str, Optional[Candidate]],
    evaluation: Optional[Evaluation] = None,
    seconds: float = SECONDS,
) -> Rehearsal:
    """Start a server with C(files) in the place of those of the host, see what comes of it, and end it.

    C(files) are by absolute path, None for one that is not to be there. C(evaluation) is that of the configuration with
    these files; without one the server is not called. C(seconds) is how long the server has to come up.
    """
    began = time.monotonic()
    try:
        scene = _scene_of(start, files, evaluation, seconds)
    except KamailioError as exc:
        return Rehearsal(NOT_POSSIBLE, exc.render())
    done = run_apart(
        read_network, lambda network, output: _play(scene, network, output), seconds + _SETUP_SECONDS, _DROPPED
    )
    log = _COLOUR.sub("", mask_secrets(done.printed).decode("utf-8", "replace"))
    rehearsal = _judged(done.value, done.problem, log, seconds)
    return rehearsal._replace(
        seconds=round(time.monotonic() - began, 2), not_checked=_not_checked(scene, rehearsal), log=log
    )


def _scene_of(
    start: Start, files: Mapping[str, Optional[Candidate]], evaluation: Optional[Evaluation], seconds: float
) -> _Scene:
    """Return what there is to do. Raises KamailioError where that is not possible."""
    if os.geteuid() != 0:
        raise error("only root can rehearse a start", "Run the task as root")
    options = options_of(start.arguments)
    chroots = "t" in options or (evaluation is not None and "chroot" in evaluation.settings)
    if chroots or any(name in start.settings for name in ("RootDirectory", "RootImage")):
        raise error("a start in a root folder of its own cannot be rehearsed")
    _require_memory(options.get("m", ("",))[-1])
    user, group, groups = 0, 0, (0,)  # type: int, int, Tuple[int, ...]
    environment = {"PATH": _PATH, "LANG": os.environ.get("LANG", "C")}
    account = start.account
    if account.user or account.group:
        try:
            identity = identity_of(account if account.user else account._replace(user="0"))
        except KeyError:
            who = named(":".join(filter(None, account)))
            raise error("this host does not know %s, which starts the server" % who, "Correct the unit") from None
        user, group = identity.user, identity.group
        groups = tuple(os.getgrouplist(identity.name, group)) if identity.name and user else (group,)
        if account.user and identity.name:
            environment.update(_of_user(identity.name, user))
    addresses: List[Address] = []
    if evaluation is not None:
        namers = namers_of(evaluation, tuple(files))
        addresses = [
            address._replace(namers=namers) if isinstance(address, JsonFifo) else address
            for address in find_addresses(evaluation, options.get("Y", (None,))[-1])
        ]
    return _Scene(
        start=start,
        files=files,
        addresses=tuple(addresses),
        dispatcher=evaluation is not None and evaluation.load("dispatcher") is not None,
        user=user,
        group=group,
        groups=groups,
        environment={**environment, **start.environment},
        pid_file=options.get("P", (None,))[-1],
        seconds=seconds,
    )


def _of_user(name: str, user: int) -> Dict[str, str]:
    known = pwd.getpwuid(user)
    return {"USER": name, "LOGNAME": name, "HOME": known.pw_dir, "SHELL": known.pw_shell or "/bin/sh"}


def _require_memory(wanted: str) -> None:
    """Refuse to start a second server on a host that has no memory for it. Raises KamailioError.

    All of the shared memory counts, although a server that starts uses little of it: some take it at once.
    """
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split()[:2] for line in file)
    except OSError:
        return
    free, total = (int(lines.get(name, "0")) >> 10 for name in ("MemAvailable:", "MemTotal:"))
    shared = int(wanted) if is_number(wanted) else _SHARED_MIB
    if shared + _ROOM // MIB > free - total // _SPARE:
        text = "the host has %d MiB of memory left, and the server would take %d MiB of it as shared memory (-m)"
        raise error(text % (free, shared))


def _play(scene: _Scene, network: Any, output: int) -> Dict[str, Any]:
    """Start the server in the namespaces of this process, and return what came of it. Raises OSError."""
    make_network(network)
    enter_private_files(_ROOM)
    drop_capabilities()
    _prepare_folders(scene)
    for path, candidate in scene.files.items():
        put_file(path, candidate)
    start = scene.start
    folder = start.settings.get("WorkingDirectory", "/").lstrip("-")

    def prepare() -> None:
        os.umask(int(start.settings.get("UMask", "0022"), 8))
        set_limits(start.settings)
        with contextlib.suppress(OSError):
            os.chdir(folder if folder.startswith("/") else "/")
        become(scene.user, scene.group, scene.groups, _ambient(start.settings))

    line = [start.program, *start.arguments, "-E"]
    first = start_program(start.program, line, scene.environment, output, prepare)
    return _watch(scene, first)


def _prepare_folders(scene: _Scene) -> None:
    """Leave what a stop of the server and systemd leave: new folders, and nothing of the server that runs."""
    settings = scene.start.settings
    for name in _FOLDERS:
        mode = settings.get(name + "Mode", "0755")
        empty = name == "RuntimeDirectory" and settings.get(name + "Preserve", "no") == "no"
        for folder in settings.get(name, "").split():
            path = os.path.join(_PARENTS[name], folder.partition(":")[0])
            make_folder(path, scene.user, scene.group, int(mode, 8), empty)
    paths = [getattr(address, "path", "") for address in scene.addresses]
    for path in [*paths, scene.pid_file or ""]:
        with contextlib.suppress(OSError):
            kind = os.lstat(path).st_mode
            if path == scene.pid_file or stat.S_ISSOCK(kind) or stat.S_ISFIFO(kind):
                os.unlink(path)


def _ambient(settings: Mapping[str, str]) -> List[str]:
    return [word.lower()[len("cap_") :] for word in settings.get("AmbientCapabilities", "").split() if word[:1] != "~"]


def _watch(scene: _Scene, first: int) -> Dict[str, Any]:
    """Wait until the server has come up, is dead, or has had its time."""
    deadline = time.monotonic() + scene.seconds
    connection = Connection(scene.addresses, _CALL_SECONDS)
    ended: Dict[int, int] = {}
    answered, known, since = False, frozenset([0]), time.monotonic()
    while True:
        last = _reap(ended)
        running = _processes()
        if not running or ended.get(first):
            return _ended(ended, ended.get(first) or (last if last is not None else 0))
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


def _reap(ended: Dict[int, int]) -> Optional[int]:
    """Take note of the processes that have ended, and return how the last one of all has."""
    with contextlib.suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            ended[process] = status
    return list(ended.values())[-1] if ended else None


def _ended(ended: Dict[int, int], status: int) -> Dict[str, Any]:
    """Return how the server has ended, once those of its processes have that can still say why."""
    deadline = time.monotonic() + _LAST_WORDS_SECONDS
    while _processes() and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        _reap(ended)
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


def _answers(scene: _Scene, connection: Connection) -> bool:
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
        return connection.read("dispatcher.list")
    except ServerError:
        # That is how a server says that its list is empty.
        return []
    except KamailioError:
        return None


def _judged(value: Optional[Dict[str, Any]], problem: str, log: str, seconds: float) -> Rehearsal:
    if value is None:
        return Rehearsal(NOT_POSSIBLE, problem)
    errors = _errors_of(log)
    said, needs_outside = _shown(errors), bool(_OUTSIDE.search("\n".join(_reasons_of(errors))))
    if value["outcome"] == "up":
        return Rehearsal(CAME_UP, "", answered=value["answered"], destinations=_destinations(value["list"]))
    if value["outcome"] == "late":
        text = "the server neither came up nor ended within %g seconds" % seconds
        outcome: Outcome = NEEDS_OUTSIDE if needs_outside else DID_NOT_ANSWER
        return Rehearsal(outcome, "%s\n%s" % (text, said) if said else text)
    if value["status"] == -9:
        return Rehearsal(NOT_POSSIBLE, "the server was killed while it started: is the host short of memory?")
    if "No space left on device" in log:
        return Rehearsal(NOT_POSSIBLE, "the server writes more than %d MiB while it starts" % (_ROOM // MIB))
    how = "with status %d" % value["status"] if value["status"] >= 0 else "by signal %d" % -value["status"]
    return Rehearsal(NEEDS_OUTSIDE if needs_outside else DID_NOT_START, said or "it ended %s and said nothing" % how)


def _errors_of(log: str) -> List[Tuple[str, str]]:
    """Return the errors in a log, each with the module that says it."""
    found: List[Tuple[str, str]] = []
    telling = False
    for line in log.splitlines():
        begins = _SAID.match(line)
        telling = begins.group(1) in _ERRORS or begins.group(3) in _ERRORS if begins else telling
        if telling and line.strip():
            found.append((line.strip(), (begins.group(2) or "") if begins else found[-1][1] if found else ""))
    return found or [(line.strip(), "") for line in log.splitlines() if line.strip()]


def _reasons_of(errors: List[Tuple[str, str]]) -> List[str]:
    """Return the errors that a start has died of, as far as can be told."""
    for place, (line, _module) in enumerate(errors):
        fatal = _FATAL.search(line)
        if fatal:
            names = ("", "<core>", fatal.group(1))
            return [text for text, module in errors[:place] if module in names or "db" in module]
    return [text for text, _module in errors]


def _shown(errors: List[Tuple[str, str]]) -> str:
    """Return errors for a message: the first ones, of which the others follow, and the last."""
    lines = [line for line, _module in errors]
    left_out = len(lines) - _FIRST_LINES - _LAST_LINES
    if left_out > 0:
        lines[_FIRST_LINES:-_LAST_LINES] = ["(%d lines are left out here)" % left_out]
    return "\n".join(lines)


def _destinations(shown: Optional[List[Any]]) -> Optional[List[Running]]:
    if shown is None:
        return None
    try:
        return read_destinations(shown)
    except KamailioError:
        return None


def _not_checked(scene: _Scene, rehearsal: Rehearsal) -> Tuple[str, ...]:
    found = []
    if rehearsal.outcome == CAME_UP and not rehearsal.answered:
        why = "it does not answer where its configuration says"
        why = why if scene.addresses else "no socket is known on which it takes calls"
        found.append("whether the server answers calls: %s" % why)
    if rehearsal.outcome == CAME_UP and scene.dispatcher and rehearsal.destinations is None:
        found.append("which destinations the server has loaded")
    settings = sorted(name for name in scene.start.settings if _NOT_REHEARSED.fullmatch(name))
    if settings:
        found.append("these settings of the unit: %s" % ", ".join(settings))
    return tuple(found)
