# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A change of a host as one transaction: planned and judged, applied, watched, and taken back if it does not hold."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .._analysis.guard import Policy, describe_verdict, refusal_of
from .._analysis.judge import Question, judge
from .._caller import Caller, TaskModule
from .._change import Change
from .._compare.before import State
from .._compare.restore import Restoring
from .._compare.start import Due
from .._compare.summary import render_listed, render_running
from .._config.evaluate import Evaluator
from .._config.least import Least, Reload, configuration_changes
from .._config.meaning import meaning_of
from .._config.wish import parse_module_wishes, with_known_types
from .._dispatcher.document import parse_document
from .._errors import KamailioError, error
from .._host.attributes import Wanted
from .._host.check import require_restartable
from .._host.files import times_of
from .._host.locks import FileLocks
from .._host.naming import require_named
from .._host.places import journal_folder, record_path
from .._host.readers import readers_of, refusal_of_readers
from .._host.service import config_of, read_service, starts, unit_of
from .._host.site import site_of
from .._host.staging import make_missing, require_writable, stage_changes
from .._rpc.errors import UnreachableError
from .._rules import known_rules
from .._server.down import ReloadRefusedError, explained, is_stopped, refused
from .._server.gate import (
    Gate,
    Waiting,
    down_now,
    render_not_answering,
    require_possible,
    wait_until_healthy,
    waiting_of,
)
from .._server.load import load_files
from .._server.readers import Behind, compare_readers
from .._server.reload import Judged, after_loading, judge_reload, left_out, reload, render_left_out, require_loadable
from .._server.restart import restart, restart_command
from .._server.server import (
    Live,
    Loadable,
    connect,
    load_list,
    pings_active,
    reach,
    stop_pings,
    stopped_server,
)
from .._server.start import keep_start, read_due, render_due
from .._versions import Version
from .files import PlannedFiles, plan_files
from .journal import (
    APPLYING,
    HOLD_SECONDS,
    LIST_RELOAD,
    NONE,
    RELOAD,
    RESTART,
    START,
    UNCONFIRMED,
    WRITING,
    Action,
    Hold,
    Journal,
    begin,
    close,
    load,
    proceed,
    with_inodes,
)
from .revert import go_back
from .watch import arm

if TYPE_CHECKING:
    from .._server.rehearsal import Rehearsal

_PAUSE_SECONDS = 0.1


class ListPlan(NamedTuple):
    """The list as it will be, what runs against it, and the wait until its destinations have answered."""

    listing: Loadable
    judged: Judged
    waiting: Waiting


class Plan(NamedTuple):
    """What is to happen on a host: C(changes) of its files, and the C(action) that brings them to the server.

    C(wanted) are the owners and modes that are asked for, by path.
    C(of_list) is None for a server without the dispatcher module. C(reasons) are for the action, C(result) is what the
    judgement of the files has given, C(refusal) why nothing may be done. C(meaning) is that of the configuration that
    will be there, C(behind) are other servers that read the same files.

    A restart had its C(rehearsal), None without one. A reload consists of C(reloads), and of that of the list if it
    C(loads_list). For those C(by_time) the server compares the times of the files, in whole seconds.
    """

    config: str
    changes: Tuple[Change, ...]
    wanted: Dict[str, Wanted]
    action: Action
    reasons: Tuple[str, ...]
    reloads: Tuple[Reload, ...]
    loads_list: bool
    by_time: Tuple[str, ...]
    rehearsal: Optional[Rehearsal]
    live: Live
    of_list: Optional[ListPlan]
    result: Dict[str, Any]
    refusal: Optional[str]
    meaning: str
    behind: Tuple[Behind, ...]


class Applied(NamedTuple):
    """What came of a change: its journal, the states that were put back, and the gate that it has passed, if any."""

    journal: Journal
    restoring: Restoring
    gate: Optional[Gate]


def make_plan(module: TaskModule, locks: FileLocks) -> Plan:
    """Plan and judge the change that an AnsibleModule asks for. Raises KamailioError."""
    params = dict(module.params)
    params["config"] = config = config_of(params["config"], params["instance"])
    if locks.read(config) is None:
        raise error("is not there", "Install Kamailio first, or give its configuration in config", config)
    entries = parse_module_wishes(params["modules"])
    judged_for = dict(params, kamailio_command=None, kamailio_version=None)
    site = site_of(module, judged_for, locks.read, locks.include)
    live = _server_of(module, site.evaluator)
    site = site._replace(invocation=live.invocation)
    site, planned = plan_files(module, locks, site, live, with_known_types(entries))
    after, changes = planned.after, planned.changes
    require_writable(module, changes, planned.wanted)
    require_named(after, changes, params["follow"], planned.wanted)
    texts = planned.texts
    judged_texts = {**texts, **planned.list_text}
    policy, ignored = Policy(fail_on=params["fail_on"]), known_rules(params["ignore"])
    verdict = judge(Question(config, judged_texts, ignore=ignored), site)
    written = {change.path: change.after for change in changes if change.after is not None}
    readers = readers_of([*written, *planned.list_text], config, live.version)
    refusal = refusal_of(verdict, policy) or refusal_of_readers(module, readers, written, policy, ignored)
    of_list = None
    if planned.list_path:
        listing = load_list(live._replace(evaluation=after), planned.list_after)
        if not refusal:
            require_loadable(live, listing)
        record = record_path(params["record"], config)
        standing = parse_document(planned.list_before or b"", live.version)
        judged = judge_reload(live, listing, record, standing)
        of_list = ListPlan(listing, judged, waiting_of(params, down_now(judged.running)))
    due = Due() if live.stopped else read_due(module, live, params["record"])
    least = planned.least(live.version)
    action, reasons = _action(module, live, planned, least, due, of_list)
    loads_list = action in (RESTART, START) or bool(action == RELOAD and of_list and of_list.judged.reasons)
    if (action in (RESTART, START) or texts) and not refusal:
        require_restartable(module, after, planned.standing, texts, site.invocation)
    rehearsal = None
    unseen = action == RELOAD and any(reload.unseen for reload in least.reloads)
    if (action in (RESTART, START) or unseen) and not refusal:
        # Most changes need none, and on a host each import is read and compiled anew.
        from .rehearse import rehearse_plan

        is_current = not live.stopped and not due.reasons
        rehearsal = rehearse_plan(module, planned, live, of_list.listing if of_list else None, is_current)
    if of_list and params["healthy_timeout"] and (changes or action != NONE) and not refusal:
        if due.reasons and action != RESTART:
            module.warn(render_due(due))
        running = after if action in (RESTART, START) else live.evaluation
        age = 0 if loads_list else time.time() - _loaded(of_list)
        require_possible(live, of_list.listing, running, of_list.waiting, age)
    return Plan(
        config=config,
        changes=changes,
        wanted=planned.wanted,
        action=action,
        reasons=reasons,
        reloads=least.reloads if action == RELOAD else (),
        loads_list=loads_list,
        by_time=least.by_time,
        rehearsal=rehearsal,
        live=live,
        of_list=of_list,
        result=describe_verdict(verdict, site.version),
        refusal=refusal,
        meaning=meaning_of(after, live.version),
        behind=tuple(compare_readers(module, readers, written)),
    )


def _server_of(module: TaskModule, evaluator: Evaluator) -> Live:
    """The server as it runs, or stopped. Raises KamailioError where neither is certain."""
    try:
        return reach(module, True, evaluator)
    except KamailioError as reason:
        if is_stopped(module, reason):
            return stopped_server(module, evaluator)
        if isinstance(reason, UnreachableError):
            raise explained(module, reason) from None
        raise


def _action(
    module: Caller, live: Live, planned: PlannedFiles, least: Least, due: Due, of_list: Optional[ListPlan]
) -> Tuple[Action, Tuple[str, ...]]:
    """What the server needs, and why: a restart for another configuration, a reload for another list."""
    reasons = ("the server does not run",) if live.stopped else _restart_reasons(planned, least, live.version)
    remedy = "Give its restart_command"
    due_reasons = due.reasons if module.params["restart"] == "due" else due.certain
    if due_reasons and not reasons:
        reasons, remedy = due_reasons, remedy + ", or use dispatcher_list and dispatcher_reload"
    if not reasons:
        reloads = (*(reload.reason for reload in least.reloads), *(of_list.judged.reasons if of_list else ()))
        return (RELOAD if reloads else NONE), reloads
    if module.params["restart"] == "never" and not live.stopped:
        text = "the server needs a restart, and restart is never: %s" % "; ".join(reasons)
        raise error(text, "Leave restart out when it may be restarted")
    if restart_command(module) is None:
        text = "the server needs a restart, and nothing is known that restarts it: %s"
        raise error(text % "; ".join(reasons), remedy)
    _require_unit_of(module, planned.after.path)
    return (START if live.stopped else RESTART), reasons


def _restart_reasons(planned: PlannedFiles, least: Least, version: Version) -> Tuple[str, ...]:
    """Return why the files need a restart of the server, nothing if they do not."""
    reasons = ["%s changes, and %s" % (file.path, file.reason) for file in least.restarts]
    if configuration_changes(planned.before, planned.after, version):
        files = sorted({*planned.texts, *set(planned.before.files) ^ set(planned.after.files)})
        reasons.insert(0, "the configuration changes: %s" % ", ".join(files))
    return tuple(reasons)


def _require_unit_of(module: Caller, config: str) -> None:
    """Refuse to restart the unit of another server. Raises KamailioError."""
    service = None if module.params["restart_command"] else read_service(module.params["instance"])
    if service and not starts(service, config):
        text = "the server needs a restart, and %s starts %s" % (unit_of(module.params["instance"]), service.config)
        raise error(text, "Give the instance of this server, or its restart_command", config)


def apply(module: Caller, locks: FileLocks, plan: Plan, folder: str) -> Applied:
    """Do what is planned, and see that it holds. If it does not, everything is taken back.

    C(folder) is that of the journal.

    Raises KamailioError, which says what failed and what became of the host.
    """
    params = module.params
    kept = dict(_options(params, plan.config), pings_active=_pings_go_on(plan.live))
    until = time.time() + params["reload_timeout"] + params["restart_timeout"] + params["healthy_timeout"]
    states = plan.of_list.judged.states(plan.live.version) if plan.of_list else []
    with begin(folder, plan.changes, plan.action, kept, states, until, params["follow"], _calls(plan)) as journal:
        try:
            arm(module, journal, unit_of(params["instance"]))
            make_missing(journal.folders)
            _wait_for_clock(plan.by_time)
            with stage_changes(module, plan.changes, plan.wanted) as staging:
                locks.mark([entry.path for entry in journal.entries], journal.sign)
                journal = proceed(journal, phase=WRITING, entries=with_inodes(journal.entries, staging.inodes()))
                staging.move(params["backup"])
            journal = proceed(journal, phase=APPLYING)
            restoring = _bring(module, plan, states if params["keep_state"] else [], kept["pings_active"])
            gate = _watch_health(module, plan)
            if params["confirm_timeout"]:
                journal = proceed(journal, phase=UNCONFIRMED, deadline=time.time() + params["confirm_timeout"])
            else:
                close(journal, {"confirmed": True, "reason": ""})
        except KamailioError as reason:
            raise _taken_back(module, locks, journal, reason) from None
    return Applied(journal, restoring, gate)


def _wait_for_clock(paths: Sequence[str]) -> None:
    """Let a second begin that is later than the times of these files."""
    times = [int(found.content) for found in map(times_of, paths) if found and found.content <= time.time() + 1]
    while time.time() < max(times, default=0) + 1:
        time.sleep(_PAUSE_SECONDS)


def _calls(plan: Plan) -> List[List[str]]:
    """The commands of a reload, as they are kept."""
    calls = [[reload.command, *reload.arguments] for reload in plan.reloads]
    return [*calls, [LIST_RELOAD]] if plan.action == RELOAD and plan.loads_list else calls


def _options(params: Dict[str, Any], config: str) -> Dict[str, Any]:
    """What it takes to go back, without what the change brings."""
    names = ("socket", "timeout", "defines", "instance", "record", "reload_timeout", "restart_timeout")
    kept = {name: params[name] for name in (*names, "restart_command", "unsafe_writes")}
    # The paths in the journal have no links any more.
    return dict(kept, config=config, follow=False)


def _taken_back(module: Caller, locks: FileLocks, journal: Journal, reason: KamailioError) -> KamailioError:
    """Take a change back that has failed; gives what to say about it."""
    try:
        problems = go_back(module, locks, journal, reason.render())
    except KamailioError as obstacle:
        said = "It could not be rolled back yet, and the watch on the host goes on trying:\n%s" % obstacle.render()
    else:
        said = "Everything was taken back: files and server are as they were before."
        if not journal.entries and journal.action == RESTART:
            said = "No file had been changed, so there is nothing to take back: the server runs with what is installed."
        if problems:
            said = "It was taken back, but for this:\n%s" % "\n".join("  " + problem for problem in problems)
    return error("%s\n\n%s" % (reason.render(), said))


def _pings_go_on(live: Live) -> bool:
    """Whether a server pings, or would after a restart, which begins them anew. Raises KamailioError."""
    return "dispatcher" not in live.modules or pings_active(live)


def _bring(module: Caller, plan: Plan, states: Sequence[State], pings: bool) -> Restoring:
    """Let the server have the change, and its destinations their states. Raises KamailioError.

    C(pings) is False where they had been stopped before.
    """
    params = module.params
    record = record_path(params["record"], plan.config)
    live = plan.live
    if plan.action in (RESTART, START):
        live = restart(module, params["restart_timeout"])
        keep_start(live, params["record"], plan.meaning)
    load_files(live.connection, plan.reloads, params["reload_timeout"])
    if plan.of_list is None or not plan.loads_list:
        return Restoring((), ())
    if not pings:
        stop_pings(live)
    listing = plan.of_list.listing
    if plan.action == RELOAD:
        try:
            done = reload(live, listing, states, record, params["reload_timeout"])
        except ReloadRefusedError as reason:
            raise refused(module, live.config, reason) from None
    else:
        if plan.live.setup.interval and not live.setup.interval:
            # What pings have taken out no ping would ever bring back.
            states = [state for state in states if state.letters != "IP"]
        done = after_loading(live, listing, states, record, live.started)
    missing = left_out(done.comparison)
    if missing:
        raise error(render_left_out(listing.path, missing))
    return done.restoring


def _watch_health(module: Caller, plan: Plan) -> Optional[Gate]:
    params = module.params
    if not params["healthy_timeout"] or plan.of_list is None:
        return None
    live = connect(module)
    since = time.time() if plan.loads_list else _loaded(plan.of_list)
    gate = wait_until_healthy(live, plan.of_list.listing, since, plan.of_list.waiting)
    if not gate.open:
        raise error(render_not_answering(gate))
    return gate


def _loaded(of_list: ListPlan) -> float:
    """Since when the list has been running, as far as that is known."""
    loaded = of_list.judged.knowledge.loaded
    return time.time() if loaded is None else loaded


def revert(module: Caller, config: str) -> Tuple[bool, List[str]]:
    """Take a change back that is not confirmed; gives whether there was one, and what could not be undone."""
    folder = journal_folder(module.params, config)
    journal = load(folder)
    if journal is None:
        return False, []
    with Hold(folder, HOLD_SECONDS) as hold, FileLocks(own=folder) as locks:
        if not hold.held or load(folder) != journal:
            raise error("the change is still being made", "Wait for it", folder)
        return True, go_back(module, locks, journal, "it was taken back by hand")


def describe_action(of_list: ListPlan) -> Dict[str, Any]:
    """Describe what the server will run, as a diff."""
    listing = of_list.listing
    path = "%s, as it runs" % listing.path
    texts = {
        "before": render_running(of_list.judged.running),
        "after": render_listed(listing.document, listing.skipped),
    }
    return dict(texts, before_header=path, after_header=path)
