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

import os
import pwd
import re
import time
from typing import Any, Dict, Final, List, Literal, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._caller import Caller
from .._config.model import Evaluation, Invocation
from .._errors import KamailioError, error
from .._host.check import starter_of
from .._host.facts import Identity, find_kamailio, identity_of
from .._host.layers import Candidate
from .._host.namespace import FORBIDDEN, Done, run_apart
from .._host.naming import namers_of
from .._host.network import read_network
from .._host.service import arguments_of, options_of, read_service, starts
from .._memory import MIB
from .._rpc.addresses import Address, JsonFifo
from .._rpc.dispatcher import Running, read_destinations
from .._rpc.find import find_addresses
from .._secrets import mask_secrets
from .._text import is_number, named
from .scene import Launch, Scene, play
from .words import COLOUR, DROPPED, errors_of, has_errors, needs_outside, show_errors

Outcome = Literal["came up", "did not start", "did not answer", "needs the outside", "not possible here"]
CAME_UP: Final = "came up"
DID_NOT_START: Final = "did not start"
DID_NOT_ANSWER: Final = "did not answer"
NEEDS_OUTSIDE: Final = "needs the outside"
NOT_POSSIBLE: Final = "not possible here"

SECONDS = 20.0
# For namespaces, files and network, which count apart from the server.
_SETUP_SECONDS = 10.0
# What a server writes while it starts, at most; files that it only reads are not copied.
_ROOM = 128 * MIB
# The shared memory of a server without -m, what its processes take besides, and the part of its memory that a host
# keeps.
_SHARED_MIB, _OTHER_MIB, _SPARE = 64, 64, 32
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Settings of a unit that hide files from the server or forbid it something, and what systemd runs besides.
_NOT_REHEARSED = re.compile(
    r"ExecStartPre|ExecStartPost|ExecCondition|Protect\w+|Private\w+|ReadOnlyPaths|ReadWritePaths|InaccessiblePaths"
    r"|ReadOnlyDirectories|ReadWriteDirectories|InaccessibleDirectories|BindPaths|BindReadOnlyPaths|TemporaryFileSystem"
    r"|Restrict\w+|SystemCall\w+|MemoryDenyWriteExecute|NoNewPrivileges|LockPersonality|CapabilityBoundingSet"
    r"|LoadCredential\w*|SetCredential\w*|NetworkNamespacePath|MemoryMax|TasksMax"
)


class Rehearsal(NamedTuple):
    """What came of a rehearsal.

    C(message) has the errors that the server has said, or the reason why there was no rehearsal; C(answered) says
    whether it has answered a call; C(destinations) is what it ran with, None if that is not known; C(not_checked) says
    what the rehearsal leaves out; C(log) is what the server has said, with its secrets masked. C(as_it_is) is the
    outcome with the files as they are, None if it was not asked for.
    """

    outcome: Outcome
    message: str = ""
    seconds: float = 0.0
    answered: bool = False
    destinations: Optional[List[Running]] = None
    not_checked: Tuple[str, ...] = ()
    log: str = ""
    as_it_is: Optional[Outcome] = None


def start_of(module: Caller, evaluations: Sequence[Evaluation], invocation: Invocation) -> Launch:
    """Return how the server with a configuration is started on the host of an AnsibleModule.

    C(evaluations) are the one of the files to be written, and the one of the files as they are. The code that they name
    runs with the rights that it has in C(kamailio -c). Raises KamailioError.
    """
    service = read_service(module.params["instance"])
    account = starter_of(module, service, evaluations)
    if service and starts(service, evaluations[0].path):
        environment = {name: value for name, value in (service.invocation.environment or {}).items() if value}
        return Launch(service.program, service.arguments, account, environment, service.settings)
    program = find_kamailio(module)
    if not program:
        raise error("kamailio is not installed on this host", "Install it, or give the instance of its unit")
    environment = {name: value for name, value in (invocation.environment or {}).items() if value}
    arguments = ("-DD", "-f", os.path.abspath(evaluations[0].path), *arguments_of(invocation))
    return Launch(program, arguments, account, environment)


def rehearse(
    start: Launch,
    files: Mapping[str, Optional[Candidate]],
    evaluation: Optional[Evaluation] = None,
    seconds: float = SECONDS,
) -> Rehearsal:
    """Start a server with C(files) in the place of those of the host, see what comes of it, and end it.

    C(files) are by absolute path, None for one that is not to be there. C(evaluation) is that of the configuration with
    these files; without one the server is not called. C(seconds) is how long the server has to come up.
    """
    try:
        scene = _scene_of(start, files, evaluation, seconds)
    except KamailioError as exc:
        return Rehearsal(NOT_POSSIBLE, exc.render())
    found = _rehearse_once(scene)
    # A server that ends without a word can have been ended by somebody else.
    return _rehearse_once(scene) if found.outcome == DID_NOT_START and not has_errors(found.log) else found


def _rehearse_once(scene: Scene) -> Rehearsal:
    began = time.monotonic()
    done = run_apart(
        read_network, lambda network, output: play(scene, network, output), scene.seconds + _SETUP_SECONDS, DROPPED
    )
    log = COLOUR.sub("", mask_secrets(done.printed).decode("utf-8", "replace"))
    hidden = done.value["hidden"] if done.value else []
    unseen = [path for path in hidden if path in log]
    if unseen:
        text = "the files below %s cannot be shown to a server apart from its host" % ", ".join(map(named, unseen))
        rehearsal = Rehearsal(NOT_POSSIBLE, text)
    else:
        rehearsal = _judged(done, log, scene)
    return rehearsal._replace(
        seconds=round(time.monotonic() - began, 2), not_checked=_not_checked(scene, rehearsal, hidden), log=log
    )


def rehearse_change(
    start: Launch,
    files: Mapping[str, Optional[Candidate]],
    evaluation: Evaluation,
    before: Evaluation,
    seconds: float = SECONDS,
) -> Rehearsal:
    """Rehearse a start with C(files), and where it fails, one without them.

    C(before) is the evaluation of the configuration as it is. If a server that runs does not start with that either,
    its files were broken before, or it needs what a rehearsal does not give it.
    """
    found = rehearse(start, files, evaluation, seconds)
    if found.outcome not in (DID_NOT_START, DID_NOT_ANSWER):
        return found
    return found._replace(as_it_is=rehearse(start, {}, before, seconds).outcome)


def _scene_of(
    start: Launch, files: Mapping[str, Optional[Candidate]], evaluation: Optional[Evaluation], seconds: float
) -> Scene:
    """Return what there is to do. Raises KamailioError where that is not possible."""
    if os.geteuid() != 0:
        raise error("only root can rehearse a start", "Run the task as root")
    options = options_of(start.arguments)
    chroots = "t" in options or (evaluation and any(setting.name == "chroot" for setting in evaluation.core_settings))
    if chroots or any(name in start.settings for name in ("RootDirectory", "RootImage")):
        raise error("a start in a root folder of its own cannot be rehearsed")
    room = _room(options.get("m", ("",))[-1])
    account, supplementary = start.account, start.settings.get("SupplementaryGroups", "").split()
    try:
        identity = identity_of(account if account.user else account._replace(user="0"))
        more = [identity_of(account._replace(user="0", group=group)).group for group in supplementary]
    except KeyError:
        who = named(" ".join(filter(None, [*account, *supplementary])))
        text = "the server is started as a user or with a group that this host does not know: %s" % who
        raise error(text, "Correct the unit, or create them first") from None
    groups = os.getgrouplist(identity.name, identity.group) if identity.name and identity.user else [identity.group]
    environment = {"PATH": _PATH, "LANG": os.environ.get("LANG", "C")}
    if account.user and identity.name:
        environment.update(_of_user(identity))
    addresses: List[Address] = []
    if evaluation is not None:
        namers = namers_of(evaluation, tuple(files))
        addresses = [
            address._replace(namers=namers) if isinstance(address, JsonFifo) else address
            for address in find_addresses(evaluation, options.get("Y", (None,))[-1])
        ]
    return Scene(
        start=start,
        files=files,
        addresses=tuple(addresses),
        dispatcher=evaluation is not None and evaluation.load("dispatcher") is not None,
        user=identity.user,
        group=identity.group,
        groups=(*groups, *more),
        environment={**environment, **start.environment},
        pid_file=options.get("P", (None,))[-1],
        room=room,
        seconds=seconds,
    )


def _of_user(identity: Identity) -> Dict[str, str]:
    """Return what systemd tells a program about its user."""
    known = pwd.getpwuid(identity.user)
    return {"USER": identity.name, "LOGNAME": identity.name, "HOME": known.pw_dir, "SHELL": known.pw_shell or "/bin/sh"}


def _room(wanted: str) -> int:
    """Return how many bytes a second server may write, on a host that has memory for it. Raises KamailioError.

    All of the shared memory counts, although a server that starts uses little of it: some take it at once.
    """
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split()[:2] for line in file)
    except OSError:
        return _ROOM
    free, total = (int(lines.get(name, "0")) >> 10 for name in ("MemAvailable:", "MemTotal:"))
    shared = int(wanted) if is_number(wanted) else _SHARED_MIB
    if shared + _OTHER_MIB > free - total // _SPARE:
        text = "the host has %d MiB of memory left, which is too little for another server with %d MiB (-m)"
        raise error(text % (free, shared))
    return min(_ROOM, free * MIB // 4)


def _judged(done: Done, log: str, scene: Scene) -> Rehearsal:
    value = done.value
    if value is None:
        return Rehearsal(NOT_POSSIBLE, done.problem)
    errors = errors_of(log)
    said, outside = show_errors(errors), needs_outside(errors)
    if value["outcome"] == "up":
        return Rehearsal(CAME_UP, "", answered=value["answered"], destinations=_destinations(value["list"]))
    if value["outcome"] == "late":
        text = "the server neither came up nor ended within %g seconds" % scene.seconds
        outcome: Outcome = NEEDS_OUTSIDE if outside else DID_NOT_ANSWER
        return Rehearsal(outcome, "%s\n%s" % (text, said) if said else text)
    if value["status"] == -9:
        return Rehearsal(NOT_POSSIBLE, "the server was killed while it started: is the host short of memory?")
    if value["status"] == FORBIDDEN:
        return Rehearsal(NOT_POSSIBLE, "the server needs rights that it cannot have apart from its host\n%s" % said)
    if "No space left on device" in log:
        return Rehearsal(NOT_POSSIBLE, "the server writes more than %d MiB while it starts" % (scene.room // MIB))
    how = "with status %d" % value["status"] if value["status"] >= 0 else "by signal %d" % -value["status"]
    text = "%s\nit ended %s" % (said, how) if said else "it ended %s and said nothing" % how
    return Rehearsal(NEEDS_OUTSIDE if outside else DID_NOT_START, text)


def _destinations(shown: Optional[List[Any]]) -> Optional[List[Running]]:
    if shown is None:
        return None
    try:
        return read_destinations(shown)
    except KamailioError:
        return None


def _not_checked(scene: Scene, rehearsal: Rehearsal, hidden: Sequence[str]) -> Tuple[str, ...]:
    found = []
    if hidden:
        found.append("files below %s, which cannot be shown to a server apart from its host" % ", ".join(hidden))
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
