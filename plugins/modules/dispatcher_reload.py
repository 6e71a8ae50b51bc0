#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dispatcher_reload
short_description: Have a running Kamailio load its dispatcher.list, if that is due, and see that it did
description:
  - Compares what runs with the list, and has the server load the list where they differ. Afterwards it compares again, and
    fails with the destinations that the server has left out. C(kamcmd dispatcher.reload) exits with 0 in all of these cases.
  - A reload resets the state of every destination. So there is none without a reason, and O(keep_state) puts back what had
    been taken out of service.
  - With O(healthy_timeout) it waits until the destinations have answered, and shows how far that is.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
attributes:
  idempotent:
    details:
      - But with O(force). A destination that the server leaves out although nothing is wrong with its line, such as a name
        that its resolver does not find, is a reason for a reload in every run, and makes every run fail.
options:
  keep_state:
    description:
      - Whether destinations that were disabled (D) or inactive (I) before the reload, by an operator or by their pings, are so
        again after it. What the list that was loaded had asked for by its flags is not put back.
      - A server has the states of its list for the moment between the two.
    type: bool
    default: true
  force:
    description: Whether to reload without a reason.
    type: bool
    default: false
  record:
    description:
      - The folder in which the module keeps what a server has loaded, readable for its owner only.
      - It is what tells an edit of the flags in the list from the doing of an operator or of pings, which the server shows in
        the same letters, or does not show (flag 16). Without a record, and where the list was changed after the start of the
        server, a difference in flags alone is no reason for a reload. Then there is a warning, and O(force) is the way.
      - A digest of the configuration that a server was started with is kept there as well, if no file of it was changed since.
        M(sipfleet.kamailio.dispatcher_info) needs it to tell an edit from a change of comments.
      - With O(socket) and without O(config) nothing is kept, and after a reload there is a warning.
    type: path
    default: /var/lib/sipfleet-kamailio
  reload_timeout:
    description:
      - The seconds in which the server must have loaded the list. It takes one reload in five seconds (C(reload_delta)), those
        that failed included; another one is waited out.
    type: float
    default: 60
  healthy_timeout:
    description:
      - The seconds to wait until destinations have answered. With V(0) nobody waits.
      - V(AP) is not enough, since a dead destination shows it at first. It has answered if it answers a ping of the task
        (O(healthy_probe)), if the server has measured a round trip of a millisecond or more (C(ds_ping_latency_stats)), if the first
        answer has cleared its P flag (C(ds_probing_mode) 0), or if no ping has failed for the time of C(ds_probing_threshold) pings
        and of tm's C(fr_timer), after which a dead one would show it, and for 2 seconds more.
      - Where only that time can show it, and it is longer than O(healthy_timeout), the task fails before it changes anything. It does so as
        well where C(dispatcher.ping_active) has stopped the pings of the server.
      - How the server pings is read from its configuration. Where a restart is due, as RV(sipfleet.kamailio.dispatcher_info#module:restart_due)
        says it, the server may run with other parameters, and there is a warning.
      - Destinations that are disabled or that nothing probes are not waited for. The latter are reported as V(unknown). One that did not
        answer before a reload either is not waited for after it, and there is a warning.
    type: float
    default: 0
  healthy_percent:
    description: How many of the destinations that are probed must have answered.
    type: float
    default: 100
  healthy_probe:
    description:
      - Whether the task sends pings of its own while it waits, so that a destination that answers is known at once. They are those of the
        server (C(ds_ping_method), C(ds_ping_from)), from the address of its socket and another port, over UDP, to destinations whose host is
        an address. What does not answer them is waited for as without them.
      - With V(false) only what the server shows counts.
    type: bool
    default: true
  healthy_since:
    description:
      - Since when the list has been running, in seconds since 1970, if this task does not reload it. Left out, it is taken
        from the record, or from the start of the server.
    type: float
  healthy_piece:
    description:
      - The seconds after which the task ends although destinations have not answered. The action plugin of this module cuts its wait into
        pieces with it, and shows after each of them how far it is.
    type: float
    default: 0
  down_before:
    description:
      - Destinations that did not answer before the list was loaded, from the result of the task that has loaded it. They are not waited
        for.
    type: list
    elements: dict
    suboptions:
      setid:
        description: The set.
        type: int
        required: true
      uri:
        description: The URI.
        type: str
        required: true
extends_documentation_fragment:
  - sipfleet.kamailio.server
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.attributes.action
  - sipfleet.kamailio.attributes
notes:
  - Two runs at once on a host take turns, by a lock on the list; one that waits for more than 30 seconds fails.
seealso:
  - module: sipfleet.kamailio.dispatcher_info
  - module: sipfleet.kamailio.dispatcher_list
"""

EXAMPLES = r"""
- name: The list, judged with the configuration before it is written
  sipfleet.kamailio.dispatcher_list:
    config: /etc/kamailio/kamailio.cfg
    destinations:
      - {setid: 1, uri: "sip:10.0.0.11:5060", flags: AP}
      - {setid: 1, uri: "sip:10.0.0.12:5060", flags: AP}
    purge: set
  become: true

- name: The server has it, and the gateways answer
  sipfleet.kamailio.dispatcher_reload:
    healthy_timeout: 90
  become: true
"""

RETURN = r"""
also_read_by:
  description:
    - The other servers of the host that read the list, each with its C(unit), its C(config), and in C(due) what it needs for that -
      V(none), V(reload), or V(null) where it does not answer.
    - They are servers that run now, as units of systemd.
  returned: success
  type: list
  elements: dict
  sample: [{unit: kamailio@edge.service, config: /etc/kamailio/kamailio-edge.cfg, due: reload}]
reasons:
  description: Why the reload was due. Nothing if it was not.
  returned: success
  type: list
  elements: str
drift:
  description: What differs between the list and what runs now, as M(sipfleet.kamailio.dispatcher_info) returns it.
  returned: success
  type: list
  elements: dict
restored:
  description: The states that were put back, as the server takes them.
  returned: success
  type: list
  elements: dict
  sample: [{setid: 1, uri: "sip:10.0.0.11:5060", state: dx}]
lost:
  description:
    - States that could not be put back. Their destinations are not in the list any more, or they have the URI of another one of their
      set, and no C(duid) of their own.
  returned: success
  type: list
  elements: dict
down_before:
  description: The destinations that had not answered before the reload, or were inactive.
  returned: success
  type: list
  elements: dict
  sample: [{setid: 1, uri: "sip:10.0.0.12:5060"}]
loaded:
  description: Since when the list has been running, in seconds since 1970; V(null) where that is not known.
  returned: success
  type: float
health:
  description: The destinations that have not answered, or of which nobody knows. Empty without O(healthy_timeout).
  returned: success
  type: list
  elements: dict
  contains:
    setid: {description: The set., type: int, sample: 1}
    uri: {description: The URI., type: str, sample: "sip:10.0.0.11:5060"}
    letters: {description: The flags as the server shows them., type: str, sample: AP}
    health: {description: "V(pending), V(down) or V(unknown).", type: str, sample: down}
    reason: {description: Why., type: str}
healthy_since:
  description: Since when destinations are taken to have had the time to answer, in seconds since 1970.
  returned: with O(healthy_timeout)
  type: float
health_counts:
  description: How many destinations are V(healthy), V(pending), V(down), V(disabled) and V(unknown).
  returned: success
  type: dict
  sample: {healthy: 12, unknown: 1}
kamailio_version:
  description: The version that runs.
  returned: success
  type: str
  sample: 6.1.5
config:
  description: The configuration.
  returned: success
  type: str
  sample: /etc/kamailio/kamailio.cfg
diff:
  description: What changes.
  returned: with C(--diff)
  type: dict
"""

import math
import time
from typing import Any, Dict, Mapping, Optional, Tuple

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import list_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import (
    reload_spec,
    require_percent,
    require_seconds,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.restore import Restoring
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.summary import (
    describe_differences,
    describe_health,
    render_listed,
    render_running,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.finish import warn_unlocked
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import record_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.readers import readers_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.down import ReloadRefusedError, refused
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.gate import (
    Waiting,
    describe_names,
    down_now,
    named_names,
    not_answering,
    render_down_before,
    render_not_answering,
    require_possible,
    unknown,
    wait_until_healthy,
    waiting_of,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.readers import (
    compare_readers,
    describe_readers,
    render_behind,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.reload import (
    describe_restoring,
    judge_reload,
    keep_record,
    left_out,
    reload,
    render_left_out,
    require_loadable,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.server import (
    Live,
    Loadable,
    connect,
    load_list,
    names_config,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.start import keep_start, read_due, render_due


def bring_in_line(module: Module, live: Live, locks: FileLocks) -> Tuple[Loadable, Waiting, Dict[str, Any]]:
    """Reload if that is due; gives the list, the wait that is asked for, and what there is to report."""
    params = module.params
    path = list_path(live.evaluation)
    listing = load_list(live, locks.read_list(path))
    record = record_path(params["record"], live.config) if names_config(params) else None
    before = judge_reload(live, listing, record)
    if before.doubt:
        module.warn(before.doubt)
    due = bool(before.reasons) or params["force"]
    # Without a reload it is a question about what runs, and all of it is waited for.
    was_down = down_now(before.running) if due else frozenset()
    waiting = waiting_of(params, named_names(params["down_before"]) | was_down)
    if params["healthy_timeout"]:
        restart = read_due(module, live, params["record"])
        if restart.reasons:
            module.warn(render_due(restart))
        since = time.time() if due else _since(params, before.knowledge.loaded)
        require_possible(live, listing, live.evaluation, waiting, time.time() - since)
    result: Dict[str, Any] = {
        "changed": due,
        "reasons": list(before.reasons),
        "drift": describe_differences(before.comparison.differences),
        "loaded": before.knowledge.loaded,
        "down_before": describe_names(waiting.down_before),
        **describe_restoring(Restoring((), ())),
    }
    if due and module._diff:
        header = "%s, as it runs" % path
        texts = {"before": render_running(before.running), "after": render_listed(listing.document, listing.skipped)}
        result["diff"] = dict(texts, before_header=header, after_header=header)
    if due:
        require_loadable(live, listing)
    if names_config(params) and not module.check_mode:
        keep_start(live, params["record"])
    if due and not module.check_mode:
        states = before.states(live.version) if params["keep_state"] else []
        try:
            done = reload(live, listing, states, record, params["reload_timeout"])
        except ReloadRefusedError as reason:
            raise refused(module, live.config, reason) from None
        result.update(describe_restoring(done.restoring))
        result.update(drift=describe_differences(done.comparison.differences), loaded=done.loaded)
        if done.doubt:
            module.warn(done.doubt)
        missing = left_out(done.comparison)
        if missing:
            module.fail_json(msg=render_left_out(path, missing), **result)
    elif before.knowledge.document and not before.recorded and not module.check_mode:
        # What runs is what the list says, to the letter; since when is not always known, but not later than now.
        keep_record(record, before.knowledge.loaded or time.time(), listing)
    return listing, waiting, result


def _since(params: Mapping[str, Any], loaded: Optional[float]) -> float:
    """Since when the list has been running, as far as that is known."""
    known = [moment for moment in (params["healthy_since"], loaded) if moment is not None]
    return max(known) if known else time.time()


def wait(module: Module, live: Live, listing: Loadable, waiting: Waiting, result: Dict[str, Any]) -> None:
    """Wait until destinations have answered, and fail if they do not."""
    since = _since(module.params, result["loaded"])
    piece = module.params["healthy_piece"]
    if piece:
        waiting = waiting._replace(seconds=min(waiting.seconds, piece))
    gate = wait_until_healthy(live, listing, since, waiting)
    result.update(
        healthy_since=since, health=describe_health([*not_answering(gate), *unknown(gate)]), health_counts=gate.counts
    )
    if not gate.open:
        module.fail_json(msg=render_not_answering(gate), **result)
    for text in render_down_before(gate):
        module.warn(text)
    if unknown(gate):
        text = "nothing probes %d of the %d destinations, so whether they answer is not known"
        module.warn(text % (len(unknown(gate)), len(gate.found)))


def main() -> None:
    module = Module(argument_spec=reload_spec(), supports_check_mode=True)
    params = module.params
    try:
        require_seconds(params, "timeout", "reload_timeout", "healthy_timeout", "healthy_piece")
        require_percent(params)
        if params["healthy_since"] is not None and not math.isfinite(params["healthy_since"]):
            raise error("healthy_since is %g" % params["healthy_since"], "Give the seconds since 1970")
        live = connect(module)
        with FileLocks(unsettled=True, lock=not module.check_mode) as locks:
            listing, waiting, result = bring_in_line(module, live, locks)
            warn_unlocked(module, locks)
        result.update(kamailio_version=str(live.version), config=live.config, health=[], health_counts={})
        behind = compare_readers(module, readers_of([listing.path], live.config, live.version), {})
        result["also_read_by"] = describe_readers(behind)
        for text in render_behind(behind):
            module.warn(text)
        if params["healthy_timeout"] and not module.check_mode:
            wait(module, live, listing, waiting, result)
    except KamailioError as exc:
        module.fail_json(msg=exc.render())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
