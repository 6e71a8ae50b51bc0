# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: destinations_of_groups
short_description: Turn inventory groups into the destinations of Kamailio dispatcher sets
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Makes a destination of every host of a group, in the order of their names, with the name of the host as C(duid). The result
    is a list of destinations that M(sipfleet.kamailio.dispatcher_list) takes.
  - Fails for a group without hosts and for a host without an address, since an inventory that has lost them must not empty a set.
    It also fails for what the server would misread.
positional: groups, hostvars
options:
  _input:
    description:
      - The sets, each a mapping with C(setid) and C(group), as C(dispatcher_groups) of the role C(sipfleet.kamailio.dispatcher).
      - It can also have C(address), the variable of each host that holds its address, C(port), C(flags), C(priority) and C(attrs),
        a text of attributes beside C(duid) such as V(weight=50;cc=1).
      - Without C(address) it is C(ansible_host), or the name of the host where that is not set. The defaults of the others are
        V(5060), V(AP), V(0) and no attributes.
    type: list
    elements: dict
    required: true
  groups:
    description: The hosts of each group, which is the variable C(groups) of Ansible.
    type: dict
    required: true
  hostvars:
    description: The variables of each host, which is the variable C(hostvars) of Ansible.
    type: dict
    required: true
seealso:
  - plugin: sipfleet.kamailio.from_dispatcher_list
    plugin_type: filter
  - module: sipfleet.kamailio.dispatcher_list
"""

EXAMPLES = r"""
- name: A set of every host in the group gateways
  sipfleet.kamailio.dispatcher_list:
    destinations: "{{ sets | sipfleet.kamailio.destinations_of_groups(groups, hostvars) }}"
    purge: set
  vars:
    sets:
      - {setid: 1, group: gateways, address: sip_address, attrs: weight=50}
"""

RETURN = r"""
_value:
  description: The destinations, as P(sipfleet.kamailio.from_dispatcher_list#filter) returns them.
  type: list
  elements: dict
  sample: [{setid: 1, uri: "sip:10.0.0.11:5060", flags: 8, priority: 0, attrs: {duid: gw1, weight: "50"}}]
"""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2.exceptions import UndefinedError

from ansible_collections.sipfleet.kamailio.plugins.filter.from_dispatcher_list import from_dispatcher_list
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.attributes import check_attrs_text
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.flags import parse_flags
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_number, parse_uri
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal


def _parse_name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("%s is not a name" % named(value))
    return value


def _parse_port(value: object) -> int:
    port = parse_number(value)
    if not 1 <= port <= 65535:
        raise ValueError("%d is not a port, 1 to 65535" % port)
    return port


def _parse_attrs(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text such as weight=50;cc=1")
    if value:
        check_attrs_text(value)
    return value


# How each field of a set is checked, and its default.
FIELDS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "setid": (parse_number, None),
    "group": (_parse_name, None),
    "address": (_parse_name, "ansible_host"),
    "port": (_parse_port, 5060),
    "flags": (parse_flags, "AP"),
    "priority": (parse_number, 0),
    "attrs": (_parse_attrs, ""),
}


def destinations_of_groups(sets: object, groups: object, hostvars: object) -> list[dict[str, Any]]:
    """Destinations as dispatcher_list takes them. Raises AnsibleFilterError with everything that is wrong."""
    if not isinstance(sets, (list, tuple)):
        raise refusal("destinations_of_groups takes a list of sets, not %s" % named(sets), sets)
    for name, given in (("groups", groups), ("hostvars", hostvars)):
        if not isinstance(given, Mapping):
            raise refusal(
                "destinations_of_groups takes the variable %s of Ansible, not %s" % (name, named(given)), sets
            )
    lines: list[str] = []
    problems: list[Problem] = []
    for index, entry in enumerate(sets):
        try:
            lines += _lines("dispatcher_groups[%d]" % index, entry, groups, hostvars)
        except KamailioError as exc:
            problems += exc.problems
    if problems:
        raise refusal(KamailioError(problems).render(), sets)
    return from_dispatcher_list("".join(lines))


def _lines(where: str, entry: object, groups: Any, hostvars: Any) -> list[str]:
    """A line for each host of a set. Raises KamailioError."""
    fields = _parse_set(where, entry)
    hosts = sorted(groups.get(fields["group"]) or [])
    if not hosts:
        raise error("%s: no host is in the group %s" % (where, fields["group"]), "Correct group, or the inventory")
    lines = []
    problems = []
    for host in hosts:
        try:
            uri = _uri(host, fields, hostvars)
        except ValueError as exc:
            problems.append(Problem("%s: %s" % (where, exc), "Correct address, or the inventory"))
            continue
        attrs = ";".join(filter(None, ("duid=" + host, fields["attrs"])))
        lines.append("%d %s %d %d %s\n" % (fields["setid"], uri, fields["flags"], fields["priority"], attrs))
    if problems:
        raise KamailioError(problems)
    return lines


def _parse_set(where: str, entry: object) -> dict[str, Any]:
    """The fields of a set, and whether it names a variable for the address. Raises KamailioError."""
    if not isinstance(entry, Mapping):
        raise error("%s is not a mapping with setid and group" % where)
    problems = [
        Problem("%s.%s is not known" % (where, named(name)[1:-1]), "The fields are %s" % ", ".join(FIELDS))
        for name in entry
        if name not in FIELDS
    ]
    fields = {}
    for name, (parse, default) in FIELDS.items():
        value = default if entry.get(name) is None else entry[name]
        try:
            if value is None:
                raise ValueError("is missing")
            fields[name] = parse(value)
        except ValueError as exc:
            problems.append(Problem("%s.%s %s" % (where, name, exc)))
    if problems:
        raise KamailioError(problems)
    fields["has_address"] = entry.get("address") is not None
    return fields


def _uri(host: str, fields: dict[str, Any], hostvars: Any) -> str:
    """The URI of a host. Raises ValueError with a text for people."""
    variable = fields["address"]
    try:
        address = str(hostvars[host].get(variable) or "")
    except UndefinedError:
        address = ""
    # The name of the host counts as its address only where the set names no variable.
    if not address and not fields["has_address"]:
        address = host
    if not address:
        raise ValueError("%s has no %s" % (host, variable))
    uri = "sip:%s:%d" % ("[%s]" % address if ":" in address and "[" not in address else address, fields["port"])
    try:
        parse_uri(uri)
    except ValueError as exc:
        raise ValueError("%s of %s makes no URI: %s" % (variable, host, exc)) from None
    return uri


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"destinations_of_groups": destinations_of_groups}
