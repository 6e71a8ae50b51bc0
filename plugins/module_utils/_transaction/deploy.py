# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A change of a host as one transaction: planned and judged, applied, watched, and taken back if it does not hold."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._analysis.analyse import list_path
from .._analysis.guard import Policy, describe_verdict, refusal_of
from .._analysis.judge import Question, judge
from .._caller import Caller, TaskModule
from .._change import Change
from .._compare.before import State
from .._compare.restore import Restoring
from .._compare.start import Due
from .._compare.summary import render_listed, render_running
from .._config.meaning import meaning_of
from .._config.model import Evaluation
from .._config.plan import plan_modules
from .._config.wish import parse_module_wishes, with_known_types
from .._dispatcher.document import parse_document
from .._dispatcher.plan import plan_destinations
from .._dispatcher.wish import parse_wishes
from .._errors import KamailioError, error
from .._host.check import require_restartable
from .._host.locks import FileLocks
from .._host.naming import require_named
from .._host.places import journal_folder, record_path
from .._host.service import config_of, read_service, starts, unit_of
from .._host.site import site_of
from .._host.staging import require_writable, stage_changes
from .._rules import known_rules
from .._server.down import ReloadRefusedError, refused
from .._server.gate import (
    Gate,
    Waiting,
    down_now,
    render_not_answering,
    require_possible,
    wait_until_healthy,
    waiting_of,
)
from .._server.reload import Judged, after_loading, judge_reload, left_out, reload, render_left_out, require_loadable
from .._server.restart import restart, restart_command
from .._server.server import (
    Live,
    Loadable,
    connect,
    evaluate_running,
    load_list,
    pings_active,
    stop_pings,
)
from .._server.start import keep_start, read_due, render_due
from .._text import named
from .journal import (
    APPLYING,
    HOLD_SECONDS,
    NONE,
    RELOAD,
    RESTART,
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


class ListPlan(NamedTuple):
    """The list as it will be, what runs against it, and the wait until its destinations have answered."""

    listing: Loadable
    judged: Judged
    waiting: Waiting


class Plan(NamedTuple):
    """What is to happen on a host: C(changes) of its files, and the C(action) that brings them to the server.

    C(of_list) is None for a server without the dispatcher module. C(reasons) are for the action, C(result) is what the
    judgement of the files has given, C(refusal) why nothing may be done. C(meaning) is that of the configuration that
    will be there.
    """

    config: str
    changes: Tuple[Change, ...]
    action: Action
    reasons: Tuple[str, ...]
    live: Live
    of_list: Optional[ListPlan]
    result: Dict[str, Any]
    refusal: Optional[str]
    meaning: str


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
    destinations = None if params["destinations"] is None else parse_wishes(params["destinations"])
    judged_for = dict(params, kamailio_command=None, kamailio_version=None)
    site = site_of(module, judged_for, locks.read, locks.include)
    live = connect(module, without_dispatcher=True, evaluator=site.evaluator)
    site = site._replace(invocation=live.invocation)
    wishes = with_known_types(entries, live.version)

    def evaluation_of(texts: Mapping[str, bytes]) -> Evaluation:
        return evaluate_running(site.evaluator, config, live.version, live.given, live.invocation, texts)

    texts = plan_modules(wishes, evaluation_of) if wishes else {}
    before, after = evaluation_of({}), evaluation_of(texts)
    dispatches = after.load("dispatcher") is not None
    if not dispatches and (destinations is not None or "dispatcher" in live.modules):
        raise error("the configuration does not load the dispatcher module", "Name it in modules", config)
    path = list_path(after) if dispatches else ""
    if dispatches and not os.path.isabs(path):
        text = "list_file is %s, and only the server knows the folder in which that begins" % named(path)
        raise error(text, "Give its whole path, from / on", config)
    read = locks.read_list if destinations is None else locks.read
    standing = read(path) if dispatches else None
    changes = [Change(file, before.files.get(file), text) for file, text in texts.items()]
    if destinations is not None:
        merge = params["attrs_mode"] == "merge"
        wanted = plan_destinations(
            standing or b"", destinations, params["purge"], path, merge, params["ensure_order"]
        ).data
        changes.append(Change(path, standing, wanted))
    changes = [change for change in changes if change.changed]
    require_writable(module, changes)
    require_named(after, changes, params["follow"])
    planned = {change.path: change.after for change in changes}
    verdict = judge(Question(config, planned, ignore=known_rules(params["ignore"])), site)
    refusal = refusal_of(verdict, Policy(fail_on=params["fail_on"]))
    of_list = None
    if dispatches:
        listing = load_list(live._replace(evaluation=after), planned.get(path, standing))
        if not refusal:
            require_loadable(live, listing)
        record = record_path(params["record"], config)
        judged = judge_reload(live, listing, record, parse_document(standing or b"", live.version))
        of_list = ListPlan(listing, judged, waiting_of(params, down_now(judged.running)))
    due = read_due(module, live, params["record"])
    action, reasons = _action(module, after, texts, due, of_list)
    if action == RESTART and not refusal:
        require_restartable(module, after, before, texts, site.invocation)
    if of_list and params["healthy_timeout"] and (changes or action != NONE) and not refusal:
        if due.reasons and action != RESTART:
            module.warn(render_due(due))
        running = after if action == RESTART else live.evaluation
        age = time.time() - _loaded(of_list) if action == NONE else 0
        require_possible(live, of_list.listing, running, of_list.waiting, age)
    result = describe_verdict(verdict, site.version)
    return Plan(
        config=config,
        changes=tuple(changes),
        action=action,
        reasons=reasons,
        live=live,
        of_list=of_list,
        result=result,
        refusal=refusal,
        meaning=meaning_of(after, live.version),
    )


def _action(
    module: Caller, after: Evaluation, texts: Dict[str, bytes], due: Due, of_list: Optional[ListPlan]
) -> Tuple[Action, Tuple[str, ...]]:
    """What the server needs, and why: a restart for another configuration, a reload for another list."""
    reasons, remedy = due.certain, "Give its restart_command, or use dispatcher_list and dispatcher_reload"
    if texts:
        reasons, remedy = ("the configuration changes: %s" % ", ".join(sorted(texts)),), "Give its restart_command"
    if reasons:
        if restart_command(module) is None:
            text = "the server needs a restart, and nothing is known that restarts it: %s"
            raise error(text % "; ".join(reasons), remedy)
        _require_unit_of(module, after.path)
        return RESTART, reasons
    reloads = of_list.judged.reasons if of_list else ()
    return (RELOAD if reloads else NONE), reloads


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
    with begin(folder, plan.changes, plan.action, kept, states, until, params["follow"]) as journal:
        try:
            arm(module, journal, unit_of(params["instance"]))
            with stage_changes(module, plan.changes) as staging:
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
    if plan.action == NONE:
        return Restoring((), ())
    live = plan.live
    if plan.action == RESTART:
        live = restart(module, params["restart_timeout"])
        keep_start(live, params["record"], plan.meaning)
    if plan.of_list is None:
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
    since = _loaded(plan.of_list) if plan.action == NONE else time.time()
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
