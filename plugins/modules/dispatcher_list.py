#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dispatcher_list
short_description: Manage the destinations in a Kamailio dispatcher.list
description:
  - Adds, changes and removes destinations in the list file of Kamailio's C(dispatcher) module.
  - The file is read as the server reads it. Whatever a task does not name stays as it is, to the byte - comments, columns,
    line ends and bytes that are not UTF-8.
  - Whether something changes is decided by meaning. Attributes in another order, or V(AP) for V(8), are no change.
  - The server reads the file at its start and at C(dispatcher.reload); this module does not reload it.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
options:
  path:
    description: The list file. A symbolic link is followed.
    type: path
    default: /etc/kamailio/dispatcher.list
  destinations:
    description:
      - The destinations, any number of them in one task. Those that are new are written behind the last one of their set,
        in the order given here.
      - All entries are checked before anything is written, and all problems are reported at once.
    type: list
    elements: dict
    default: []
    suboptions:
      setid:
        description: The set, a number from 0 to 2147483647.
        type: int
        required: true
      uri:
        description:
          - The SIP URI of the destination. With O(destinations[].setid) it tells which one is meant; the server compares URIs
            without regard to case, and so does this module.
          - If a URI stands several times in a set, the C(duid) in O(destinations[].attrs) tells them apart.
        type: str
        required: true
      flags:
        description:
          - The flags as a number (V(8)), as the two letters that the server's RPC shows (V(AP), V(IX), V(DP)), or as a list of
            the names V(active), V(inactive) (1), V(trying) (2), V(disabled) (4), V(probing) (8), V(no_dns) (16) and
            V(no_ping) (32, Kamailio 6.0 and newer).
          - Written as the decimal number that every server version reads.
          - Left out, the flags of a destination that is there stay as they are; those of a new one are 0.
        type: raw
      priority:
        description:
          - The priority, a number from 0 to 2147483647; higher comes first.
          - Left out, it stays as it is, or is 0 for a new destination.
        type: int
      attrs:
        description:
          - The attributes, as a mapping or as the text C(name=value;name=value). They replace those that are there.
          - Left out, they stay as they are. An empty mapping or text removes them.
        type: raw
      state:
        description: Whether the destination is to be there. With V(absent) only set, URI and C(duid) matter.
        type: str
        choices: [present, absent]
        default: present
  purge:
    description:
      - What to remove beside the destinations with O(destinations[].state=absent).
      - V(none) removes nothing else.
      - V(set) removes what is not in O(destinations), in the sets that O(destinations) names.
      - V(file) removes everything that is not in O(destinations). Comments stay.
    type: str
    choices: [none, set, file]
    default: none
  create:
    description: Whether to create the file if it is not there. With V(false) that is an error.
    type: bool
    default: true
  backup:
    description: Make a backup of the file before it is changed.
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.files
  - sipfleet.kamailio.writing
seealso:
  - module: sipfleet.kamailio.validate
"""

EXAMPLES = r"""
- name: Two gateways, the first one probed
  sipfleet.kamailio.dispatcher_list:
    destinations:
      - setid: 1
        uri: sip:10.0.0.11:5060
        flags: AP
        priority: 10
        attrs:
          weight: 50
          duid: gw1
      - setid: 1
        uri: sip:10.0.0.12:5060

- name: Set 2 holds these gateways and no others
  sipfleet.kamailio.dispatcher_list:
    destinations:
      - {setid: 2, uri: "sip:10.0.1.11", flags: [probing]}
      - {setid: 2, uri: "sip:10.0.1.12", flags: [probing]}
    purge: set
    backup: true

- name: Take a gateway out
  sipfleet.kamailio.dispatcher_list:
    destinations:
      - setid: 1
        uri: sip:10.0.0.12:5060
        state: absent
"""

RETURN = r"""
path:
  description: The list file.
  returned: success
  type: str
  sample: /etc/kamailio/dispatcher.list
backup_file:
  description: The backup that was made.
  returned: when a backup was made
  type: str
  sample: /etc/kamailio/dispatcher.list.4242.2026-11-23@03:00:00~
diff:
  description: The change of the file.
  returned: with C(--diff)
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import plan_destinations
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._file import Change, read_file
from ansible_collections.sipfleet.kamailio.plugins.module_utils._finish import finish


def plan(params):
    """The change of the file that the parameters ask for."""
    wishes = parse_wishes(params["destinations"])
    before = read_file(params["path"])
    if before is None and not params["create"]:
        raise error("is not there", "Create it, or let create be true", params["path"])
    return Change(params["path"], before, plan_destinations(before or b"", wishes, params["purge"], params["path"]))


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/kamailio/dispatcher.list"},
            "destinations": {"type": "list", "elements": "dict", "default": []},
            "purge": {"type": "str", "choices": ["none", "set", "file"], "default": "none"},
            "create": {"type": "bool", "default": True},
            "backup": {"type": "bool", "default": False},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    try:
        finish(module, plan(module.params), {"path": module.params["path"]})
    except KamailioError as exc:
        module.fail_json(msg=exc.render())


if __name__ == "__main__":
    main()
