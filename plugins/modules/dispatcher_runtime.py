#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dispatcher_runtime
short_description: Add destinations to a running Kamailio, and remove them, without a reload
description:
  - Adds destinations to what runs and removes them (C(dispatcher.add), C(dispatcher.remove)). The states of all others stay,
    which a reload of the list would reset. With O(permanent) the list file gets the same change.
  - What is added is judged by the rules for a list, with the modules that the server has really loaded. A server before 6.1
    takes a destination with C(AP) that nothing will probe, and says nothing.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
options:
  destinations:
    description:
      - The destinations, in the form that O(sipfleet.kamailio.dispatcher_list#module:destinations) has.
      - One that runs already stays as it is. Its flags are not compared, since pings and operators change them; use
        M(sipfleet.kamailio.dispatcher_state) for its state. A different priority or other attributes are refused, which a
        server cannot change without a reload.
    type: list
    elements: dict
    required: true
  permanent:
    description:
      - Whether the list file gets the change as well, once the server has it. Otherwise the next reload or restart takes it back.
      - With O(socket) it needs O(config), since otherwise the server alone would say which file is written.
    type: bool
    default: false
  on_violation:
    description: Whether to refuse destinations that break a rule, or to add them and report what is wrong in RV(findings).
    type: str
    choices: [refuse, report]
    default: refuse
  reload_timeout:
    description:
      - The seconds in which the server must have taken a change. It takes one in five seconds (C(reload_delta)), so that this
        is no way to bring many; use M(sipfleet.kamailio.dispatcher_list) and M(sipfleet.kamailio.dispatcher_reload) for that.
    type: float
    default: 60
  record:
    description: The folder in which M(sipfleet.kamailio.dispatcher_reload) keeps what a server has loaded.
    type: path
    default: /var/lib/sipfleet-kamailio
  backup:
    description: Make a backup of the list before it is changed.
    type: bool
    default: false
  unsafe_writes:
    description: Whether to write the list in place where it cannot be replaced, as a file that is mounted into a container.
    type: bool
    default: false
extends_documentation_fragment:
  - sipfleet.kamailio.server
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.links
  - sipfleet.kamailio.attributes
notes:
  - Before Kamailio 5.6 a server cannot add a destination with a priority, and before 5.6.2 it dies of the removal of a host that it cannot
    resolve. The module refuses the former, and there the removal of any destination that has a name for its host.
  - Each change turns the order of destinations of equal priority round, in every set of the server. Where that is so at the end,
    there is a warning, since serial algorithms then begin with another destination. A reload brings the order of the list back.
seealso:
  - module: sipfleet.kamailio.dispatcher_list
  - module: sipfleet.kamailio.dispatcher_reload
  - module: sipfleet.kamailio.dispatcher_state
"""

EXAMPLES = r"""
- name: One more gateway at once, and after the next restart as well
  sipfleet.kamailio.dispatcher_runtime:
    destinations:
      - {setid: 1, uri: "sip:10.0.0.13:5060", flags: AP, priority: 5, attrs: {duid: gw3}}
    permanent: true
  become: true

- name: Take it out again
  sipfleet.kamailio.dispatcher_runtime:
    destinations:
      - {setid: 1, uri: "sip:10.0.0.13:5060", state: absent}
    permanent: true
  become: true
"""

RETURN = r"""
added:
  description: The destinations that were added, in the form of a list file.
  returned: success
  type: str
  sample: "1 sip:10.0.0.13:5060 8 5 duid=gw3\n"
removed:
  description: The destinations that were removed.
  returned: success
  type: str
findings:
  description: What is wrong with those that were added, as M(sipfleet.kamailio.validate) returns it.
  returned: success
  type: list
  elements: dict
turned_round:
  description: The sets in which the destinations that stay have another order than before.
  returned: success
  type: list
  elements: int
kamailio_version:
  description: The version that runs.
  returned: success
  type: str
  sample: 6.1.5
dispatcher_list:
  description: The list file.
  returned: with O(permanent)
  type: str
  sample: /etc/kamailio/dispatcher.list
backup_file:
  description: The backup that was made of the list.
  returned: when a backup was made
  type: str
diff:
  description: What changes.
  returned: with C(--diff)
  type: list
  elements: dict
"""


from typing import Any, Dict, Optional, Sequence

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import list_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.findings import describe_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.message import render_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import links_spec, require_seconds, server_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import Change, diff_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.runtime import (
    RUNNING,
    RuntimePlan,
    plan_runtime,
    render_destinations,
    turned_round,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import plan_destinations
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import Wish, parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.finish import warn_unlocked
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.naming import require_named
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import record_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.staging import require_writable, write_changes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.dispatcher import Running
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.reload import follow_record
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.server import (
    Live,
    change_when_free,
    connect,
    load_list,
    names_config,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import quoted


def verify(plan: RuntimePlan, after: Sequence[Running]) -> None:
    """See that the server runs what was added; it takes a name that it cannot resolve, and leaves it out."""
    there = {(destination.setid, destination.uri) for destination in after}
    absent = [destination for destination in plan.added if (destination.setid, destination.uri) not in there]
    if absent:
        names = ", ".join("set %d, %s" % (destination.setid, quoted(destination.uri, 80)) for destination in absent)
        raise error("the server took the call and does not run %s" % names, "Its log says why; look at its resolver")


def plan_file(module: Module, live: Live, locks: FileLocks, wishes: Sequence[Wish]) -> Optional[Change]:
    """The change of the list file, None where it is not asked for. Refused before the server is called."""
    if not module.params["permanent"]:
        return None
    path = list_path(live.evaluation)
    before = locks.read(path)
    load_list(live, before)
    change = Change(path, before, plan_destinations(before or b"", wishes, "none", path).data)
    require_writable(module, [change])
    require_named(live.evaluation, [change], module.params["follow"])
    return change


def run(module: Module, locks: FileLocks) -> None:
    """Plan, judge, call, verify, write."""
    params = module.params
    wishes = parse_wishes(params["destinations"])
    if params["permanent"] and not names_config(params):
        text = "permanent writes a list, and without config only the server would say which one"
        raise error(text, "Give the configuration of the server in config")
    live = connect(module)
    locks.take(list_path(live.evaluation))
    before = live.connection.destinations()
    plan = plan_runtime(before, wishes, live.setup)
    change = plan_file(module, live, locks, wishes)
    result: Dict[str, Any] = {
        "changed": bool(plan.calls) or bool(change and change.changed),
        "added": render_destinations(plan.added),
        "removed": render_destinations(plan.removed),
        "findings": describe_findings(plan.findings),
        "turned_round": [],
        "kamailio_version": str(live.version),
    }
    if module._diff:
        runs = {
            "before_header": RUNNING,
            "after_header": RUNNING,
            "before": result["removed"],
            "after": result["added"],
        }
        result["diff"] = ([runs] if plan.calls else []) + (diff_of([change]) if change else [])
    if plan.findings and params["on_violation"] == "refuse":
        text = render_findings(plan.findings, {RUNNING: plan.data})
        module.fail_json(msg="%s\n\nNothing has been changed." % text, **dict(result, changed=False))
    if change:
        result["dispatcher_list"] = change.path
    if module.check_mode:
        module.exit_json(**result)
    for method, arguments in plan.calls:
        change_when_free(live, params["reload_timeout"], method, *arguments)
    if plan.calls:
        after = live.connection.destinations()
        verify(plan, after)
        result["turned_round"] = turned_round(before, after)
        if result["turned_round"]:
            sets = ", ".join(str(setid) for setid in result["turned_round"])
            module.warn(
                "destinations of equal priority run in the opposite order now, in set %s; a reload mends it" % sets
            )
    if change and change.changed:
        backups = write_changes(module, [change], params["backup"])
        if change.path in backups:
            result["backup_file"] = backups[change.path]
        listings = [parse_document(data or b"", live.version) for data in (change.before, change.after)]
        follow_record(record_path(params["record"], live.config), live, *listings)
    warn_unlocked(module, locks)
    module.exit_json(**result)


def main() -> None:
    module = Module(
        argument_spec=dict(
            server_spec(),
            **links_spec(),
            destinations={"type": "list", "elements": "dict", "required": True},
            permanent={"type": "bool", "default": False},
            on_violation={"type": "str", "choices": ["refuse", "report"], "default": "refuse"},
            reload_timeout={"type": "float", "default": 60},
            record={"type": "path", "default": "/var/lib/sipfleet-kamailio"},
            backup={"type": "bool", "default": False},
            unsafe_writes={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    try:
        require_seconds(module.params, "timeout", "reload_timeout")
        with FileLocks(follow=module.params["follow"], lock=not module.check_mode) as locks:
            run(module, locks)
    except KamailioError as exc:
        module.fail_json(msg=exc.render())


if __name__ == "__main__":
    main()
