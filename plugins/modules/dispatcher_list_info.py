#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dispatcher_list_info
short_description: Read Kamailio dispatcher.list files as the server reads them
description:
  - Reads list files of Kamailio's C(dispatcher) module as a server of a given version will, its misreadings included, and
    says what is wrong with them.
  - No running server is asked. Only what the file itself says is judged; M(sipfleet.kamailio.validate) judges it together
    with the configuration.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
attributes:
  action_group:
    support: none
    membership: []
    details:
      - It is about files, and has none of the options of a server.
options:
  path:
    description: The list files. All of them must be there.
    type: list
    elements: path
    default: [/etc/kamailio/dispatcher.list]
  kamailio_version:
    description: The version of the server, such as V(6.1.5). Left out, it is asked of C(kamailio -v) on the host.
    type: str
extends_documentation_fragment:
  - sipfleet.kamailio.attributes.reading
  - sipfleet.kamailio.attributes
seealso:
  - module: sipfleet.kamailio.dispatcher_list
  - module: sipfleet.kamailio.validate
"""

EXAMPLES = r"""
- name: What the server makes of its list
  sipfleet.kamailio.dispatcher_list_info:
  register: dispatcher

- name: Fail if it skips a destination
  ansible.builtin.assert:
    that: dispatcher.destinations | selectattr('skipped') | length == 0

- name: Judge a list in a repository for the version that it will be deployed to
  sipfleet.kamailio.dispatcher_list_info:
    path: files/dispatcher.list
    kamailio_version: "6.0"
  delegate_to: localhost
"""

RETURN = r"""
destinations:
  description: Every destination of the files, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    path: {description: The file., type: str, sample: /etc/kamailio/dispatcher.list}
    line: {description: "The line, from 1.", type: int, sample: 3}
    setid: {description: The set., type: int, sample: 1}
    uri: {description: "The URI as the server knows it, C(sip:) added where it does that.", type: str, sample: "sip:10.0.0.11:5060"}
    flags: {description: The flags as the server reads them., type: int, sample: 8}
    letters: {description: The flags as the two letters of the server's RPC., type: str, sample: AP}
    states: {description: The flags as names., type: list, elements: str, sample: [active, probing]}
    priority: {description: The priority., type: int, sample: 10}
    attrs: {description: The attributes as the server reads them., type: str, sample: "weight=50;duid=gw1"}
    description: {description: The description that M(sipfleet.kamailio.dispatcher_list) has written above it., type: str, sample: Berlin}
    skipped: {description: "Why the server skips it; V(null) if it loads it.", type: str}
    needs_dns: {description: "Whether the server looks its host up; it skips the destination if there is no answer.", type: bool}
sets:
  description: The sets, with the URIs of those that the server loads.
  returned: success
  type: list
  elements: dict
  contains:
    path: {description: The file., type: str, sample: /etc/kamailio/dispatcher.list}
    setid: {description: The set., type: int, sample: 1}
    destinations:
      description: The URIs in the order of the server - by falling priority, and among equal ones the last of the file first.
      type: list
      elements: str
      sample: ["sip:10.0.0.12:5060", "sip:10.0.0.11:5060"]
findings:
  description: What is wrong with the files, as M(sipfleet.kamailio.validate) returns it.
  returned: success
  type: list
  elements: dict
kamailio_version:
  description: The version that was judged for.
  returned: success
  type: str
  sample: 6.1.5
"""


from typing import Any, Dict, List

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.summary import summarise
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.facts import host_version
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import is_null, read_file
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import parse_version


def read_all(paths: List[str]) -> Dict[str, bytes]:
    """The files with their bytes; all that cannot be read are named at once."""
    texts: Dict[str, bytes] = {}
    problems: List[Problem] = []
    for path in paths:
        try:
            data = b"" if is_null(path) else read_file(path)
        except KamailioError as exc:
            problems += exc.problems
            continue
        if data is None:
            problems.append(Problem("is not there", "Create it, or correct path", path))
        else:
            texts[path] = data
    if problems:
        raise KamailioError(problems)
    return texts


def gather(module: Module) -> Dict[str, Any]:
    """The result."""
    given = module.params["kamailio_version"]
    version = parse_version(given or host_version(module))
    if version is None:
        raise error("%s is not a version of Kamailio" % named(given), "Give one such as 6.1.5")
    result: Dict[str, Any] = {"destinations": [], "sets": [], "findings": [], "kamailio_version": str(version)}
    for path, data in read_all(module.params["path"]).items():
        for name, found in summarise(path, data, version).items():
            result[name] += found
    return result


def main() -> None:
    module = Module(
        argument_spec={
            "path": {"type": "list", "elements": "path", "default": ["/etc/kamailio/dispatcher.list"]},
            "kamailio_version": {"type": "str"},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**gather(module))
    except KamailioError as exc:
        module.fail_json(msg=exc.render())


if __name__ == "__main__":
    main()
