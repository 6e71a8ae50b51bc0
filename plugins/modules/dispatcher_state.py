#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dispatcher_state
short_description: Take destinations of a running Kamailio out of service, and back
description:
  - Sets the state of destinations in the running server. The list file stays as it is, and a reload takes its states again, unless
    M(sipfleet.kamailio.dispatcher_reload) puts them back.
  - A destination that has the state already is left alone. All of what cannot be done is said before anything is changed.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
attributes:
  idempotent:
    details:
      - Pings go on in between. What is V(inactive) or V(trying) and probed is active as soon as it answers.
options:
  destinations:
    description: The destinations with their states.
    type: list
    elements: dict
    default: []
    suboptions:
      setid:
        description: The set. It can be left out with O(destinations[].gateway) only.
        type: int
      uri:
        description:
          - The URI. Where several of the set have it they all get the state, which takes a C(duid) of their own.
          - Without O(destinations[].uri), O(destinations[].duid) and O(destinations[].gateway) it is the whole set.
        type: str
      duid:
        description: The C(duid) among the attributes, instead of the URI.
        type: str
      gateway:
        description:
          - A gateway, instead of the URI, by its URI, its C(duid), its host with a port, or its host alone, as
            O(sipfleet.kamailio.dispatcher_info#module:gateway) has it.
          - Without O(destinations[].setid) it gets the state in every set that has it.
        type: str
      state:
        description:
          - V(disabled) gets no calls and no pings. It lasts until somebody changes it.
          - V(inactive) gets no calls. If it is probed, its next answer makes it active again.
          - V(trying) gets calls, and counts as one that has missed a ping.
        type: str
        choices: [active, inactive, trying, disabled]
        required: true
      probing:
        description:
          - Whether it has the P flag. Left out, it keeps or lacks it as before; what was disabled comes back without.
          - With V(true) the task fails where nothing would obey the flag, judged by the modules that the server has really
            loaded and by its configuration. It also fails for V(disabled), with which a server drops the flag.
        type: bool
  pings:
    description:
      - Whether the server pings destinations at all, whatever their flags and parameters are. V(stopped) is for a maintenance of gateways.
        The states stay as they are then, until V(active), or until the server is restarted by other means than this collection.
      - While they are stopped, O(sipfleet.kamailio.deploy#module:healthy_timeout) refuses changes, since nothing shows whether gateways
        answer, and M(sipfleet.kamailio.dispatcher_info) calls every destination blind that is to be probed.
    type: str
    choices: [active, stopped]
  drain:
    description:
      - Whether to wait until the calls are gone that the server counts for the destinations that O(destinations) disables.
      - It counts them with C(ds_hash_size), for destinations with a C(duid) that algorithm 10 has chosen, and begins at 0 again
        with each reload. Where it counts none this is said in RV(drained), and nobody waits.
    type: bool
    default: false
  drain_timeout:
    description: The seconds to wait for that. The task fails if calls are left then; the destinations stay disabled.
    type: float
    default: 300
extends_documentation_fragment:
  - sipfleet.kamailio.server
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.attributes
notes:
  - A change of state clears the flags 16 and 32 of a destination, until the next reload. Where the server shows that it has
    them there is a warning.
seealso:
  - module: sipfleet.kamailio.dispatcher_info
  - module: sipfleet.kamailio.dispatcher_reload
"""

EXAMPLES = r"""
- name: Take a gateway out, and wait until its calls are over
  sipfleet.kamailio.dispatcher_state:
    destinations:
      - {setid: 1, uri: "sip:10.0.0.11:5060", state: disabled}
    drain: true
  become: true

- name: Take a gateway out of every set that has it
  sipfleet.kamailio.dispatcher_state:
    destinations:
      - {gateway: gw1, state: disabled}
  become: true

- name: Put it back, watched
  sipfleet.kamailio.dispatcher_state:
    destinations:
      - {setid: 1, uri: "sip:10.0.0.11:5060", state: active, probing: true}
  become: true

- name: No pings while the gateways are being updated
  sipfleet.kamailio.dispatcher_state:
    pings: stopped
  become: true

- name: Pings again
  sipfleet.kamailio.dispatcher_state:
    pings: active
  become: true

- name: A whole set out of service
  sipfleet.kamailio.dispatcher_state:
    destinations:
      - {setid: 2, state: disabled}
  become: true
"""

RETURN = r"""
changes:
  description: The destinations whose state changes.
  returned: success
  type: list
  elements: dict
  contains:
    setid: {description: The set., type: int, sample: 1}
    uri: {description: The URI., type: str, sample: "sip:10.0.0.11:5060"}
    before: {description: The letters before., type: str, sample: AP}
    after: {description: The state that was set., type: str, sample: DX}
    effect: {description: "What becomes of its pings, as in M(sipfleet.kamailio.validate).", type: str, sample: never}
pings_active:
  description: Whether the server pings now, or would without check mode.
  returned: success
  type: bool
drained:
  description: What came of the wait for the calls of each destination that is disabled.
  returned: with O(drain)
  type: list
  elements: dict
  contains:
    setid: {description: The set., type: int, sample: 1}
    uri: {description: The URI., type: str, sample: "sip:10.0.0.11:5060"}
    load: {description: "The calls that are left; V(null) where the server counts none.", type: int, sample: 0}
    reason: {description: Why it counts none., type: str}
kamailio_version:
  description: The version that runs.
  returned: success
  type: str
  sample: 6.1.5
diff:
  description: What changes.
  returned: with C(--diff)
  type: dict
"""


from typing import Any, Dict, List, Sequence, Tuple

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import require_seconds, server_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.state import (
    StateChange,
    StatesPlan,
    parse_wishes,
    plan_states,
    uncounted,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.clock import Deadline
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.dispatcher import Running
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.server import (
    Live,
    connect,
    pings_active,
    resume_pings,
    set_states,
    stop_pings,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import quoted, show

PAUSE_SECONDS = 1.0
# As a diff shows them, by whether they go on.
PINGS = {False: "pings stopped\n", True: "pings active\n"}


def render(changes: Sequence[StateChange], after: bool) -> str:
    """The states for a diff."""
    lines = (
        "set %d %s %s\n"
        % (change.running.setid, show(change.running.uri), change.code.upper() if after else change.running.letters)
        for change in changes
    )
    return "".join(lines)


def verify(live: Live, plan: StatesPlan) -> None:
    """See that the server has done it; pings may have gone on in between."""
    running = {
        (destination.setid, destination.uri, destination.duid): destination
        for destination in live.connection.destinations()
    }
    for change in plan.changes:
        now = running.get((change.running.setid, change.running.uri, change.running.duid))
        if change.effect.effect == "never" and (now is None or now.letters != change.code.upper()):
            text = "set %d, %s is %s after it was set to %s"
            shown = "gone" if now is None else now.letters
            raise error(
                text % (change.running.setid, quoted(change.running.uri, 80), shown, change.code.upper()),
                "Somebody else changes this server at the same time, or has reloaded it",
            )


def drain(module: Module, live: Live, disabled: Sequence[Running]) -> Tuple[List[Dict[str, Any]], List[Running]]:
    """Wait until the calls of destinations are gone; gives what came of it, and those that have calls left."""
    names = {(destination.setid, destination.uri, destination.duid) for destination in disabled}
    deadline = Deadline(module.params["drain_timeout"])
    while True:
        running = live.connection.destinations()
        drained = [
            destination for destination in running if (destination.setid, destination.uri, destination.duid) in names
        ]
        reasons = uncounted(running, drained, live.evaluation)
        left = [destination for destination in drained if destination.start not in reasons and destination.load]
        if not left or not deadline.pause(PAUSE_SECONDS):
            break
    found = [
        {
            "setid": destination.setid,
            "uri": show(destination.uri),
            "load": None if destination.start in reasons else destination.load,
            "reason": reasons.get(destination.start, ""),
        }
        for destination in drained
    ]
    return found, left


def run(module: Module) -> None:
    """Plan, call, verify and wait."""
    params = module.params
    require_seconds(params, "timeout", "drain_timeout")
    wishes = parse_wishes(params["destinations"])
    if params["drain"] and not any(wish.state == "disabled" for wish in wishes):
        raise error("drain waits for the calls of what is disabled, and destinations disables nothing")
    live = connect(module)
    active = pings_active(live)
    wanted = params["pings"] == "active" if params["pings"] else active
    running = live.connection.destinations_with_flags(live.version)
    plan = plan_states(wishes, running, live.setup, live.undecided)
    result: Dict[str, Any] = {
        "changed": bool(plan.changes) or wanted is not active,
        "changes": [
            {
                "setid": change.running.setid,
                "uri": show(change.running.uri),
                "before": change.running.letters,
                "after": change.code.upper(),
                "effect": change.effect.effect if wanted else "never",
            }
            for change in plan.changes
        ],
        "pings_active": wanted,
        "kamailio_version": str(live.version),
    }
    if module._diff:
        texts = {"before": render(plan.changes, False), "after": render(plan.changes, True)}
        if wanted is not active:
            texts = {name: text + PINGS[wanted if name == "after" else active] for name, text in texts.items()}
        result["diff"] = texts
    for text in plan.warnings:
        module.warn(text)
    if not wanted and any(wish.probing for wish in wishes):
        module.warn(
            "the pings of this server are stopped (dispatcher.ping_active): nothing is probed until they are resumed"
        )
    if module.check_mode:
        module.exit_json(**result)
    set_states(live, plan.calls)
    verify(live, plan)
    if wanted is not active:
        (resume_pings if wanted else stop_pings)(live)
    if params["drain"]:
        result["drained"], left = drain(module, live, plan.disabled)
        if left:
            lines = ["Calls are left after %g seconds; the destinations stay disabled:" % params["drain_timeout"]]
            lines += [
                "  set %d, %s: %d" % (destination.setid, quoted(destination.uri, 80), destination.load or 0)
                for destination in left
            ]
            module.fail_json(msg="\n".join(lines), **result)
        for destination in result["drained"]:
            if destination["load"] is None:
                module.warn(
                    "set %d, %s: its calls are not counted: %s"
                    % (destination["setid"], destination["uri"], destination["reason"])
                )
    module.exit_json(**result)


def main() -> None:
    module = Module(
        argument_spec=dict(
            server_spec(),
            destinations={
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "setid": {"type": "int"},
                    "uri": {"type": "str"},
                    "duid": {"type": "str"},
                    "gateway": {"type": "str"},
                    "state": {"type": "str", "choices": ["active", "inactive", "trying", "disabled"], "required": True},
                    "probing": {"type": "bool"},
                },
            },
            pings={"type": "str", "choices": ["active", "stopped"]},
            drain={"type": "bool", "default": False},
            drain_timeout={"type": "float", "default": 300},
        ),
        required_one_of=[("destinations", "pings")],
        supports_check_mode=True,
    )
    try:
        run(module)
    except KamailioError as exc:
        module.fail_json(msg=exc.render())


if __name__ == "__main__":
    main()
