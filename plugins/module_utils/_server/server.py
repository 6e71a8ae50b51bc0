# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A running server as a module meets it: called over the sockets of its configuration, and asked what it is."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._analysis.analyse import list_path
from .._analysis.destinations import analyse_destinations
from .._analysis.findings import Finding
from .._analysis.listing import ListSource
from .._analysis.setup import Setup, read_setup, tm_state_of
from .._argspec import require_seconds
from .._caller import Caller
from .._compare.restore import SetState
from .._config.evaluate import Evaluator
from .._config.model import Evaluation, Invocation
from .._dispatcher.document import Document, parse_document
from .._errors import KamailioError, Problem, error
from .._host.facts import known_version
from .._host.files import read_file, read_include, status_of
from .._host.naming import namers_of
from .._host.service import Service, beside_of, config_of, service_of_arguments
from .._rpc.addresses import Address, JsonDatagram, JsonFifo
from .._rpc.clock import Deadline
from .._rpc.connection import Connection
from .._rpc.errors import ServerError, UnreachableError
from .._rpc.find import find_addresses, parse_binrpc
from .._rpc.values import Param, Value, read_number, read_text
from .._text import named, quoted, readable_bytes, show
from .._versions import Version, parse_version
from .down import explained

_PAUSE_SECONDS = 0.5
# With what a server answers a call that comes too early after another one: dispatcher, dialplan, permissions and
# secfilter, every command with rpc_exec_delta, rtpengine, and uac.
_BUSY = frozenset(
    (
        "Ongoing reload",
        "ongoing reload",
        "Command Executed Too Fast",
        "Initializing - try later",
        "Too short reload interval - try later",
        "Failed to shift records - check log messages",
    )
)
# How many paths a message names, and how many characters of each.
_NAMED, _PATH = 10, 300


class Live(NamedTuple):
    """A running server.

    C(version) is what runs, whatever is installed by now; C(modules) are in the order in which they were loaded;
    C(invocation) is what it got beside its configuration, and C(given) what the task or its unit says of that;
    C(started) is in seconds since 1970; C(setup) says what it does about probing, by its own modules and by the
    C(evaluation) of its configuration, which is C(undecided) where only the server knows all of it.

    One that is C(stopped) runs nothing; the rest is what its files say, and how it will be called.
    """

    connection: Connection
    config: str
    evaluation: Evaluation
    version: Version
    modules: Tuple[str, ...]
    given: Invocation
    invocation: Invocation
    started: float
    setup: Setup
    stopped: bool = False

    @property
    def undecided(self) -> bool:
        """Whether the configuration could not be evaluated to the end."""
        return bool(self.evaluation.undecided)


class Loadable(NamedTuple):
    """A list as the running server would load it: C(skipped) is why it leaves a destination out, by its start.

    C(refused) are the findings for which it would load nothing at all; C(changed) is when the file was last changed.
    """

    path: str
    data: bytes
    document: Document
    skipped: Dict[int, str]
    refused: Tuple[Finding, ...]
    changed: float


class _Way(NamedTuple):
    """How to call a server, and what is known of it before that; with a socket that is given it can be nothing."""

    connection: Connection
    config: Optional[str]
    service: Optional[Service] = None
    beside: Optional[Invocation] = None


def connection_of(module: Caller) -> Connection:
    """How to call the server of an AnsibleModule with the options of C(server_spec). Raises KamailioError."""
    return _find(module, Evaluator(read_file, read_include)).connection


def _find(module: Caller, evaluator: Evaluator) -> _Way:
    params = module.params
    require_seconds(params, "timeout")
    if params["socket"]:
        kind, _colon, path = params["socket"].partition(":")
        address: Optional[Address] = JsonDatagram(path) if kind == "dgram" else parse_binrpc(params["socket"])
        if address is None or (kind == "dgram" and not os.path.isabs(path)):
            raise error("socket is %s" % named(params["socket"]), "Write unix:/path, tcp:host:port or dgram:/path")
        return _Way(Connection((address,), params["timeout"]), params["config"])
    config = config_of(params["config"], params["instance"])
    service, beside = beside_of(params["defines"], params["instance"], config)
    evaluation = _evaluate(evaluator, config, known_version(module, None), beside)
    namers = namers_of(evaluation)
    addresses = [
        address._replace(namers=namers) if isinstance(address, JsonFifo) else address
        for address in find_addresses(evaluation, service.run_dir if service else None)
    ]
    return _Way(Connection(tuple(addresses), params["timeout"]), config, service, beside)


def _evaluate(evaluator: Evaluator, config: str, version: Optional[Version], beside: Invocation) -> Evaluation:
    _require_config(evaluator, config)
    return evaluator(config, version, beside, {})


def _require_config(evaluator: Evaluator, config: str) -> None:
    if evaluator.read(config) is None:
        raise error("is not there", "Give the path of kamailio.cfg in config, or the socket of the server", config)


def evaluate_running(
    evaluator: Evaluator,
    config: str,
    version: Optional[Version],
    given: Invocation,
    invocation: Invocation,
    texts: Mapping[str, bytes],
) -> Evaluation:
    """Evaluate a configuration with what a running server got, with C(texts) in the place of files.

    C(given) is what is known of that without the server, whose user must not decide which files a task reads and
    writes. Raises KamailioError where the server's own arguments lead to other files.
    """
    known = evaluator(config, version, given, texts)
    running = evaluator(config, version, invocation, texts)
    others = sorted(set(running.files) ^ set(known.files))
    lists = list_path(known), list_path(running)
    doubts = [problem.text for problem in running.undecided if problem not in known.undecided]
    if others:
        text = "they decide whether these files are read: %s" % ", ".join(
            named(path, _PATH) for path in others[:_NAMED]
        )
    elif lists[0] != lists[1]:
        text = "the list would be %s instead of %s" % (named(lists[1], _PATH), named(lists[0], _PATH))
    elif doubts:
        text = "it cannot be determined which files they lead to: %s" % doubts[0]
    else:
        return running
    text = "the server says with which arguments it was started, and is not believed about files: " + text
    raise error(text, "Give its defines, or the instance of its unit", config)


def names_config(params: Mapping[str, Any]) -> bool:
    """Return whether a task says which configuration it is about; with a socket alone the server would."""
    return bool(params["config"] or not params["socket"])


def connect(module: Caller, without_dispatcher: bool = False, evaluator: Optional[Evaluator] = None) -> Live:
    """The running server that an AnsibleModule is about. Raises KamailioError, which says why it does not answer.

    The rest is as for C(reach).
    """
    try:
        return reach(module, without_dispatcher, evaluator)
    except UnreachableError as reason:
        raise explained(module, reason) from None


def reach(module: Caller, without_dispatcher: bool = False, evaluator: Optional[Evaluator] = None) -> Live:
    """The running server that an AnsibleModule is about. Raises KamailioError, UnreachableError if it cannot be called.

    C(without_dispatcher) says whether one that has not loaded the module yet will do. C(evaluator) is one that may have
    evaluated its configuration already.
    """
    evaluator = evaluator or Evaluator(read_file, read_include)
    way = _find(module, evaluator)
    connection = way.connection
    version = parse_version("version: %s" % "".join(_texts(connection, "core.version")))
    if version is None:
        raise error("the server does not say its version", "Is this a Kamailio?")
    modules = _texts(connection, "core.modules")[::-1]
    if not without_dispatcher:
        require_dispatcher(modules)
    started = time.time() - _uptime(connection)
    config = way.config or _config_of_server(connection)
    given, invocation = _beside(module, config, way)
    _require_config(evaluator, config)
    evaluation = evaluate_running(evaluator, config, version, given, invocation, {})
    setup = _setup(evaluation, version, modules)
    return Live(
        connection=connection,
        config=config,
        evaluation=evaluation,
        version=version,
        modules=tuple(modules),
        given=given,
        invocation=invocation,
        started=started,
        setup=setup,
    )


def stopped_server(module: Caller, evaluator: Evaluator) -> Live:
    """The server that an AnsibleModule is about, and that does not run. Raises KamailioError."""
    config = config_of(module.params["config"], module.params["instance"])
    version = known_version(module, None)
    if version is None:
        raise error("Kamailio is not installed on this host", "Install it first")
    _service, beside = beside_of(module.params["defines"], module.params["instance"], config)
    evaluation = _evaluate(evaluator, config, version, beside)
    return Live(
        connection=Connection((), module.params["timeout"]),
        config=config,
        evaluation=evaluation,
        version=version,
        modules=(),
        given=beside,
        invocation=beside,
        started=0,
        setup=_setup(evaluation, version, []),
        stopped=True,
    )


def _texts(connection: Connection, command: str) -> List[str]:
    """The answer to a command that gives nothing but text. Raises KamailioError."""
    try:
        return [read_text(value) for value in connection.read(command)]
    except ValueError as reason:
        raise _unreadable(command, str(reason)) from reason


def _uptime(connection: Connection) -> float:
    """Since how many seconds the server runs. Raises KamailioError."""
    answer = connection.read("core.uptime")
    try:
        uptime = read_number(answer[0]["uptime"]) if answer and isinstance(answer[0], dict) else -1
    except (KeyError, ValueError):
        uptime = -1
    # An unsigned number of the server is negative from 2**31 on, which are 68 years.
    if not 0 <= uptime < 1 << 31:
        raise _unreadable("core.uptime", "uptime is not a number of seconds")
    return uptime


def _unreadable(command: str, what: str) -> KamailioError:
    text = "the server answered %s with something that cannot be read: %s" % (command, what)
    return error(text, "Call %s with sipfleet.kamailio.rpc, and look at it" % command)


def require_dispatcher(modules: Sequence[str]) -> None:
    """Refuse a server that runs without the dispatcher module. Raises KamailioError."""
    if "dispatcher" not in modules:
        raise error("the server runs without the dispatcher module", "Load it, and restart the server")


def _beside(module: Caller, config: str, way: _Way) -> Tuple[Invocation, Invocation]:
    """What the server gets beside its configuration, as far as the task and the unit say it, and in all.

    Where no unit says it, as with a wrapper, the server says it itself.
    """
    params = module.params
    service, beside = way.service, way.beside
    if beside is None:
        service, beside = beside_of(params["defines"], params["instance"], config)
    if params["defines"] == "auto" and service is None:
        with contextlib.suppress(KamailioError):
            return beside, service_of_server(way.connection).invocation
    return beside, beside


def service_of_server(connection: Connection) -> Service:
    """What a server says that it was started with. Raises KamailioError."""
    return service_of_arguments(_texts(connection, "core.arg")[1:])


def _config_of_server(connection: Connection) -> str:
    service = service_of_server(connection)
    if not os.path.isabs(service.config):
        text = "the server was started with the configuration %s, relative to a folder that it does not tell"
        raise error(text % named(service.config), "Give the path of kamailio.cfg in config")
    return service.config


def _setup(evaluation: Evaluation, version: Version, modules: List[str]) -> Setup:
    """What the running server does: an interval without tm in its file is one that came after its start."""
    setup = read_setup(evaluation, version)._replace(tm=tm_state_of(modules))
    return setup if setup.tm == "first" else setup._replace(interval=0)


def load_list(live: Live, data: Optional[bytes]) -> Loadable:
    """The list of a running server, C(data) being what stands in its file now. Raises KamailioError."""
    database = live.evaluation.param("dispatcher", "db_url")
    if database:
        text = "db_url is set: the server reads its destinations from a database"
        raise error(text, "Only those from a list can be compared", database.place.path, database.place.line)
    path = list_path(live.evaluation)
    if data is None:
        raise error("the list is not there, and a reload would fail", "Create it, or correct list_file", path)
    document = parse_document(data, live.version)
    found = analyse_destinations(ListSource(path, document), live.setup)
    # It can have been removed since it was read.
    status = status_of(path)
    changed = status.st_ctime if status else time.time()
    return Loadable(
        path=path, data=data, document=document, skipped=found.skipped, refused=found.stops, changed=changed
    )


def describe(live: Live) -> Dict[str, Any]:
    """What a result says of the server itself."""
    return {
        "config": live.config,
        "kamailio_version": str(live.version),
        "started": int(live.started),
        "modules": [show(readable_bytes(module)) for module in live.modules],
    }


def pings_active(live: Live) -> bool:
    """Whether pings are sent at all. Raises KamailioError."""
    answer = live.connection.read("dispatcher.ping_active")
    return not (answer and isinstance(answer[0], dict) and answer[0].get("OldPingState") == 0)


def stop_pings(live: Live) -> None:
    """Stop the pings of a server until they are resumed or it is restarted. Raises KamailioError."""
    live.connection.change("dispatcher.ping_active", 0)


def resume_pings(live: Live) -> None:
    """Let a server ping again. Raises KamailioError."""
    live.connection.change("dispatcher.ping_active", 1)


def change_when_free(live: Live, seconds: float, method: str, *params: Param) -> None:
    """Call a command of which the server takes one at a time, as soon as it takes it. Raises KamailioError."""
    call_when_free(live.connection, seconds, method, *params)


def call_when_free(connection: Connection, seconds: float, method: str, *params: Param) -> List[Value]:
    """Call a command of which the server takes one at a time, as soon as it takes it; give its answer.

    A call that comes too early is answered with one of C(_BUSY) and was not executed. Raises KamailioError.
    """
    deadline = Deadline(seconds)
    patient = connection._replace(seconds=max(connection.seconds, seconds))
    while True:
        try:
            return patient.change(method, *params)
        except ServerError as reason:
            if reason.text not in _BUSY:
                raise
            if not deadline.pause(_PAUSE_SECONDS):
                text = "the server was busy with another reload for %g seconds" % seconds
                raise error(text, "Nothing has been changed. Look who reloads it, and see reload_delta") from None


def set_states(live: Live, calls: Sequence[SetState]) -> None:
    """Call all of them; what fails is told at the end, all at once. Raises KamailioError.

    A server that answers is given all the time that it needs. One that does not is not waited for once a call: after
    the time of one call without an answer, the rest is not called.
    """
    problems = []
    silence = Deadline(live.connection.seconds)
    for done, call in enumerate(calls):
        if silence.passed():
            text = "%d more states were not set, since the server has not answered for %g seconds"
            problems.append(Problem(text % (len(calls) - done, silence.seconds), "Set them once it answers"))
            break
        try:
            live.connection._replace(seconds=silence.left()).change(*call.command)
        except KamailioError as reason:
            problems += [
                Problem("set %d, %s: %s" % (call.setid, quoted(call.uri, 80), problem.text), problem.remedy)
                for problem in reason.problems
            ]
            if not isinstance(reason, ServerError):
                continue
        silence = Deadline(live.connection.seconds)
    if problems:
        raise KamailioError(problems)
