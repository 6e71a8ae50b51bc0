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
  - Kamailio 5.4 and 5.5 can die of C(dispatcher.add) without attributes, and any before 5.6.2 dies of C(dispatcher.remove) of a host that
    it cannot resolve. M(sipfleet.kamailio.dispatcher_runtime) refuses what they do not survive.
  - Where an answer is too large for one transport, a command that only shows something is asked again over the next one.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
attributes:
  check_mode:
    support: partial
    details:
      - Commands that are known to only show something are called. Others are not, and are reported as a change.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - A command is called whenever the task runs. What it changes is its own affair.
options:
  command:
    description: The command, such as V(dispatcher.list) or V(core.uptime).
    type: str
    required: true
  arguments:
    description:
      - Its arguments. Where the module knows what a command takes, as it does for those of dispatcher, each goes as that. Otherwise a
        number goes as a number and a text as a text, and what comes from C(-e) or a template is a text; RV(argument_types) says what went.
    type: list
    elements: raw
    default: []
extends_documentation_fragment:
  - sipfleet.kamailio.server
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.attributes
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
    - Passwords are masked, and characters that are not printable appear as escapes such as C(\x1b).
  returned: when the command was called
  type: list
  elements: raw
  sample: [{"now": "Mon Nov 23 03:00:00 2026", "uptime": 86400}]
argument_types:
  description: As what each of the arguments was sent.
  returned: when the command was called
  type: list
  elements: str
  sample: [text, number]
reads:
  description: Whether the command is known to only show something.
  returned: always
  type: bool
"""


from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import server_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.commands import arguments_of, only_reads, typed
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.errors import UnreachableError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.values import printable
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.down import explained
from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.server import connection_of


def main() -> None:
    module = Module(
        argument_spec=dict(
            server_spec(),
            command={"type": "str", "required": True},
            arguments={"type": "list", "elements": "raw", "default": []},
        ),
        supports_check_mode=True,
    )
    params = module.params
    reads = only_reads(params["command"])
    if module.check_mode and not reads:
        module.exit_json(changed=True, reads=False)
    try:
        arguments = typed(params["command"], arguments_of(params["arguments"]))
        connection = connection_of(module)
        call = connection.read if reads else connection.change
        result = call(params["command"], *arguments)
    except UnreachableError as exc:
        module.fail_json(msg=explained(module, exc).render(), reads=reads)
    except KamailioError as exc:
        module.fail_json(msg=exc.render(), reads=reads)
    module.exit_json(
        changed=not reads,
        reads=reads,
        argument_types=["text" if isinstance(argument, str) else "number" for argument in arguments],
        result=[printable(value) for value in result],
    )


if __name__ == "__main__":
    main()
