#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rpc
short_description: Call a command of a running Kamailio
description:
  - Calls an RPC command over the sockets that the configuration opens (C(ctl) or C(jsonrpcs)), without C(kamcmd) and without
    a shell. An error that the server answers fails the task, with its code and text.
  - Where an answer is too large for one transport, a command that only shows something is asked again over the next one.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status prediction without modifying anything.
    support: partial
    details:
      - Commands that are known to only show something are called. Others are not, and are reported as a change.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: none
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: none
    details:
      - A command is called whenever the task runs. What it changes is its own affair.
  platform:
    description: Target systems and their families on which the module runs.
    platforms: posix
    support: full
options:
  command:
    description: The command, such as V(dispatcher.list) or V(core.uptime).
    type: str
    required: true
  arguments:
    description: Its arguments. A number goes as a number, anything else as a string.
    type: list
    elements: raw
    default: []
  config:
    description:
      - The configuration that the server runs with. It says where the server answers.
      - Left out, it is the one that the unit of O(instance) starts, or C(/etc/kamailio/kamailio.cfg).
    type: path
  socket:
    description:
      - Where the server answers, instead of what the configuration says. As C(binrpc) of C(ctl) has it (V(unix:/run/kamailio/ctl),
        V(tcp:127.0.0.1:2049)), or V(dgram:/path) for the C(dgram_socket) of C(jsonrpcs).
    type: str
  timeout:
    description: The seconds in which an answer must come.
    type: float
    default: 10
extends_documentation_fragment:
  - sipfleet.kamailio.beside
seealso:
  - module: sipfleet.kamailio.config_info
"""

EXAMPLES = r"""
- name: How long the server runs
  sipfleet.kamailio.rpc:
    command: core.uptime
  register: uptime

- name: Take a gateway out, with the pings going on
  sipfleet.kamailio.rpc:
    command: dispatcher.set_state
    arguments: [ip, 1, "sip:10.0.0.11:5060"]
  become: true

- name: A server that is found by its socket
  sipfleet.kamailio.rpc:
    command: dispatcher.list
    socket: unix:/run/kamailio/kamailio_ctl
"""

RETURN = r"""
result:
  description:
    - What the command gave, a list of values, the same over every transport. A struct is a dict, or a list of dicts where names
      stand several times.
  returned: when the command was called
  type: list
  elements: raw
  sample: [{"now": "Mon Nov 23 03:00:00 2026", "uptime": 86400}]
reads:
  description: Whether the command is known to only show something.
  returned: always
  type: bool
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import beside_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._file import read_file, read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host import known_version
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.addresses import JsonDatagram
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.ask import ask
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.commands import only_reads
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.find import find_addresses, parse_binrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._service import beside_of, config_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named


def addresses_of(module):
    """Where the server answers, by the socket that is given or by its configuration."""
    params = module.params
    if params["socket"]:
        kind, _colon, path = params["socket"].partition(":")
        address = JsonDatagram(path) if kind == "dgram" else parse_binrpc(params["socket"])
        if address is None or (kind == "dgram" and not os.path.isabs(path)):
            raise error("socket is %s" % named(params["socket"]), "Write unix:/path, tcp:host:port or dgram:/path")
        return [address]
    path = config_of(params["config"], params["instance"])
    data = read_file(path)
    if data is None:
        raise error("is not there", "Give the path of kamailio.cfg in config, or the socket of the server", path)
    service, beside = beside_of(params["defines"], params["instance"], path)
    evaluation = evaluate(path, data, read_include, known_version(module, None), beside)
    return find_addresses(evaluation, service.run_dir if service else None)


def arguments_of(values):
    """Numbers and strings, as the server gets them."""
    if any(isinstance(one, (bool, dict, list)) or one is None for one in values):
        raise error("arguments holds something that is neither a number nor a string", "Put it in quotes")
    return [one if isinstance(one, (int, float)) else str(one) for one in values]


def main():
    module = AnsibleModule(
        argument_spec=dict(
            beside_spec(),
            command={"type": "str", "required": True},
            arguments={"type": "list", "elements": "raw", "default": []},
            config={"type": "path"},
            socket={"type": "str"},
            timeout={"type": "float", "default": 10},
        ),
        supports_check_mode=True,
    )
    params = module.params
    reads = only_reads(params["command"])
    if module.check_mode and not reads:
        module.exit_json(changed=True, reads=False)
    try:
        if params["timeout"] <= 0:
            raise error("timeout is %g" % params["timeout"], "Give some seconds")
        arguments = arguments_of(params["arguments"])
        result = ask(addresses_of(module), params["command"], arguments, params["timeout"], reads)
    except KamailioError as exc:
        module.fail_json(msg=exc.render(), reads=reads)
    module.exit_json(changed=not reads, reads=reads, result=result)


if __name__ == "__main__":
    main()
