#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dispatcher_info
short_description: What a running Kamailio dispatches to, and where it differs from its list
description:
  - Asks a running server for its sets and destinations, and judges what becomes of their pings, by the modules that it
    has really loaded.
  - Compares all of it with the list file, and says in RV(drift) what differs. A server before 6.1 shows C(AP) for a destination
    that nothing probes; that is drift of the kind V(unprobed).
  - Says whether the server has to be restarted to run what its configuration says (RV(restart_due)), and, with O(gateway), why calls do
    not reach a gateway (RV(answer)).
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
options:
  gateway:
    description:
      - A gateway, by its URI, its C(duid), its host with a port, or its host alone. A URI without a user and parameters also finds
        destinations that have some, and a host without a port those of all ports.
      - RV(destinations), RV(absent) and RV(drift) then hold its destinations only, and RV(answer) says why calls reach it or not.
    type: str
  record:
    description:
      - The folder in which M(sipfleet.kamailio.deploy) and M(sipfleet.kamailio.dispatcher_reload) keep what a server was started with and
        has loaded. It is only read, and only with O(config) or without O(socket).
    type: path
    default: /var/lib/sipfleet-kamailio
extends_documentation_fragment:
  - sipfleet.kamailio.server
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.attributes.reading
  - sipfleet.kamailio.attributes
notes:
  - What a module parameter such as C(ds_ping_interval) is, no server tells. It is read from the configuration as it is now. Where the
    configuration was changed and the server not restarted, RV(restart_due) is V(true), and RV(destinations[].effect) is what would be
    after the restart.
seealso:
  - module: sipfleet.kamailio.dispatcher_list_info
  - module: sipfleet.kamailio.dispatcher_reload
"""

EXAMPLES = r"""
- name: What the server dispatches to
  sipfleet.kamailio.dispatcher_info:
  register: dispatcher
  become: true

- name: Fail where the server runs something else than its list says
  ansible.builtin.assert:
    that: dispatcher.drift | rejectattr('kind', 'eq', 'state') | length == 0
    fail_msg: "{{ dispatcher.drift | map(attribute='text') | join('\n') }}"

- name: The gateways that are out of service
  ansible.builtin.debug:
    msg: "{{ dispatcher.destinations | rejectattr('letters', 'match', '[AT]') | map(attribute='uri') }}"

- name: Why no calls reach a gateway
  sipfleet.kamailio.dispatcher_info:
    gateway: sip:10.0.0.11:5060
  register: gateway
  become: true

- name: The answer
  ansible.builtin.debug:
    var: gateway.answer
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
destinations:
  description: Every destination that runs, in the order of the server.
  returned: success
  type: list
  elements: dict
  contains:
    setid: {description: The set., type: int, sample: 1}
    uri: {description: The URI., type: str, sample: "sip:10.0.0.11:5060"}
    letters: {description: The flags as the server shows them., type: str, sample: AP}
    flags:
      description: The flags as a number. Before Kamailio 6.0 only those that the letters show.
      type: int
      sample: 8
    flags_complete: {description: "Whether RV(destinations[].flags) are all of its flags.", type: bool}
    states: {description: The flags as names., type: list, elements: str, sample: [active, probing]}
    priority: {description: The priority., type: int, sample: 10}
    attrs: {description: The attributes., type: str, sample: "weight=50;duid=gw1"}
    duid: {description: "The C(duid); V(null) if it has none.", type: str, sample: gw1}
    latency:
      description: The round trips of its pings in milliseconds, and how many got no answer. V(null) without C(ds_ping_latency_stats).
      type: dict
      sample: {average: 1.2, deviation: 0.1, estimate: 1.2, maximum: 3, timeouts: 0}
    load:
      description: The calls that the server counts for it. V(null) without C(ds_hash_size). Only algorithm 10 counts any.
      type: int
    line: {description: "Its line in the list; V(null) if it is not in the list.", type: int, sample: 3}
    list_flags: {description: "Its flags in the list; V(null) if it is not in the list.", type: int, sample: 8}
    list_letters:
      description: The letters of RV(destinations[].list_flags); V(null) if it is not in the list.
      type: str
      sample: AP
    watch:
      description:
        - V(blind) is to be probed, and nothing does it. The P flag asks for that, in the server or in the list, and so does
          C(ds_probing_mode) 1. Kamailio 6.1 clears the flag where it cannot obey it, and a change of state can clear it.
        - V(once) is probed until its first ping has ended, or been answered, and never again; that may have happened already.
        - V(not_asked) is not probed, and does not ask for it. A destination that is disabled is one of these.
        - V(watched) is probed all the time.
        - V(unknown) cannot be determined.
      type: str
      sample: watched
    effect:
      description:
        - Whether it is probed as it runs now, as in M(sipfleet.kamailio.validate). With RV(pings_active) V(false) it is V(never).
      type: str
      sample: continuously
    reason: {description: Why., type: str}
absent:
  description: The destinations of the list that do not run, in the order of the list.
  returned: success
  type: list
  elements: dict
  contains:
    setid: {description: The set., type: int, sample: 1}
    uri: {description: The URI., type: str, sample: "sip:10.0.0.11:5060"}
    flags: {description: The flags in the list., type: int, sample: 8}
    letters: {description: The flags in letters., type: str, sample: AP}
    line: {description: The line in the list., type: int, sample: 3}
    reason: {description: Why it does not run., type: str}
drift:
  description: What differs between the list and what runs.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - V(missing) stands in the list and does not run, V(skipped) as well, since the server does not load what stands there.
        - V(extra) runs and does not stand in the list.
        - V(priority), V(attrs), V(order) and V(flags) differ.
        - V(state) is only a state, such as C(IP) for C(AP). Pings change it, operators do, and a reload takes it back.
        - V(unprobed) shows a P flag and is V(blind); RV(destinations[].watch) has all that are, such as those of Kamailio 6.1.
      type: str
      sample: extra
    setid: {description: The set., type: int, sample: 1}
    uri: {description: The URI., type: str, sample: "sip:10.0.0.11:5060"}
    line: {description: "The line in the list; V(null) where it has none.", type: int, sample: 3}
    text: {description: What differs., type: str}
reload_due:
  description: Whether a reload would settle any of RV(drift).
  returned: success
  type: bool
restart_due:
  description: Whether the server has to be restarted to run what its configuration says, for any of RV(restart_reasons).
  returned: success
  type: bool
restart_reasons:
  description:
    - The server has other modules than its configuration loads.
    - The configuration has another meaning than in the record of the start of the server (O(record)). Comments and white space mean
      nothing, and neither do branches that are not active. Without a record of this start it is that a file of the configuration, or a
      symbolic link to it, was changed after the start.
    - Another version is installed than runs. This is known only without O(socket), where a systemd unit starts the C(kamailio) of the C(PATH).
  returned: success
  type: list
  elements: str
  sample: ["the configuration was changed after the start of the server: /etc/kamailio/kamailio.cfg (40 minutes later)"]
answer:
  description:
    - What the server does with O(gateway), and why, in lines to read. For each of its destinations, the state and since when it can
      have it, pings, the line of the list and what differs from it, and what the routing script and the other destinations of the
      set leave for it. Then what concerns the whole server, pings that are stopped and a reload or restart that is due.
  returned: success and O(gateway)
  type: list
  elements: str
pings_active:
  description: Whether pings are sent at all, or have been stopped with C(dispatcher.ping_active).
  returned: success
  type: bool
kamailio_version:
  description: The version that runs, whatever is installed by now.
  returned: also when it fails, where the server has answered
  type: str
  sample: 6.1.5
started:
  description: When the server was started, in seconds since 1970.
  returned: also when it fails, where the server has answered
  type: int
modules:
  description: The modules of the server in the order in which it has loaded them.
  returned: also when it fails, where the server has answered
  type: list
  elements: str
  sample: [ctl, tm, dispatcher]
defines:
  description: The defines that hold in the server, with their values, or V(null) where they have none. Passwords are masked.
  returned: success
  type: dict
  sample: {KAMAILIO_6: null, MOD_tm: null}
config:
  description: The configuration.
  returned: also when it fails, where the server has answered
  type: str
  sample: /etc/kamailio/kamailio.cfg
config_changed:
  description:
    - Whether a file of the configuration was changed after the start of the server, by the times of the files. RV(restart_due) tells
      whether that matters.
  returned: success
  type: bool
dispatcher_list:
  description: The list file.
  returned: success
  type: str
  sample: /etc/kamailio/dispatcher.list
"""

import contextlib
from typing import Any, Dict, List, Optional

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import list_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.routing import read_routing
from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import server_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.compare import compare
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.gateway import Server, explain, names_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.record import parse_record
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.start import Due
from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.summary import (
    describe_absent,
    describe_destinations,
    describe_differences,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_list, read_private, status_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import record_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.readers import readers_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.readers import compare_readers, describe_readers
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.server import (
    Live,
    connect,
    describe,
    load_list,
    names_config,
    pings_active,
    require_dispatcher,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.start import read_due
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import readable_bytes, show


def defines_of(live: Live) -> Dict[str, Optional[str]]:
    """Names and values, as the server has them."""
    found: Dict[str, Optional[str]] = {}
    for define in live.connection.read("core.ppdefines_full"):
        if isinstance(define, dict) and "name" in define:
            name, value = str(define["name"]), define.get("value")
            found[show(readable_bytes(name))] = None if value in (None, "none") else show(readable_bytes(str(value)))
    return found


def loaded_at(module: Module, live: Live) -> float:
    """When the server has loaded its list, at the earliest, in seconds since 1970."""
    if names_config(module.params):
        with contextlib.suppress(KamailioError):
            record = parse_record(read_private(record_path(module.params["record"], live.config)), live.version)
            if record and record.loaded >= live.started:
                return record.loaded
    return live.started


def troubles(active: bool, restart: Due, reload_due: bool) -> List[str]:
    """What concerns all destinations of a server, in lines to read."""
    found = [] if active else ["pings are stopped with dispatcher.ping_active: no gateway goes down or comes back"]
    if reload_due:
        found.append("a reload is due: the list and what runs differ")
    found += ["a restart is due: %s" % reason for reason in restart.reasons]
    return found


def gather(module: Module, live: Live) -> Dict[str, Any]:
    """The result."""
    require_dispatcher(live.modules)
    path = list_path(live.evaluation)
    listing = load_list(live, read_list(path))
    running = live.connection.destinations_with_flags(live.version)
    compared = compare(listing.document, listing.skipped, running, live.setup)
    active = pings_active(live)
    found = [status_of(path) for path in live.evaluation.files]
    restart = read_due(module, live, module.params["record"])
    result = dict(
        describe(live),
        dispatcher_list=path,
        destinations=describe_destinations(running, compared, live.version, active),
        absent=describe_absent(compared.absent, live.version),
        drift=describe_differences(compared.differences),
        reload_due=bool(compared.due),
        restart_due=bool(restart.reasons),
        restart_reasons=list(restart.reasons),
        also_read_by=describe_readers(compare_readers(module, readers_of([path], live.config, live.version), {})),
        pings_active=active,
        defines=defines_of(live),
        config_changed=any(status.st_mtime > live.started + 1 for status in found if status),
    )
    if module.params["gateway"] is not None:
        gateway = readable_bytes(module.params["gateway"])
        server = Server(
            list_path=path,
            loaded=loaded_at(module, live),
            routing=read_routing(live.evaluation),
            pings_active=active,
            troubles=tuple(troubles(active, restart, bool(compared.due))),
        )
        result["answer"] = explain(gateway, running, compared, server)
        meant = {(setid, show(uri)) for setid, uri in names_of(gateway, running, compared)}
        for name in ("destinations", "absent", "drift"):
            result[name] = [row for row in result[name] if (row["setid"], row["uri"]) in meant]
    return result


def main() -> None:
    module = Module(
        argument_spec=dict(
            server_spec(),
            gateway={"type": "str"},
            record={"type": "path", "default": "/var/lib/sipfleet-kamailio"},
        ),
        supports_check_mode=True,
    )
    of_server: Dict[str, Any] = {}
    try:
        live = connect(module, without_dispatcher=True)
        of_server = describe(live)
        module.exit_json(**gather(module, live))
    except KamailioError as exc:
        module.fail_json(msg=exc.render(), **of_server)


if __name__ == "__main__":
    main()
