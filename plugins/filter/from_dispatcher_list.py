# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: from_dispatcher_list
short_description: Turn the text of a Kamailio dispatcher.list into destinations
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Reads the text as the server does and gives a list of destinations that M(sipfleet.kamailio.dispatcher_list) takes. So a
    template that was written for the whole file can say what the module is to ensure, without owning the file.
  - Fails where the server would read something else than what stands there, with all places at once.
positional: kamailio_version
options:
  _input:
    description: The text.
    type: str
    required: true
  kamailio_version:
    description: The version as which the text is read.
    type: str
    default: "6.1"
  strict:
    description: Whether to fail for findings of severity V(error) and V(warning). With V(false) they are read as the server does.
    type: bool
    default: true
seealso:
  - plugin: sipfleet.kamailio.to_dispatcher_list
    plugin_type: filter
  - module: sipfleet.kamailio.dispatcher_list_info
"""

EXAMPLES = r"""
- name: A set of every host in the group gateways
  sipfleet.kamailio.dispatcher_list:
    destinations: "{{ lines | sipfleet.kamailio.from_dispatcher_list }}"
    purge: set
  vars:
    lines: |
      {% for host in groups['gateways'] %}
      1 sip:{{ hostvars[host].sip_address }}:5060 8 0 duid={{ host }}
      {% endfor %}
"""

RETURN = r"""
_value:
  description:
    - The destinations, each with C(setid), C(uri), C(flags) (a number), C(priority), C(attrs) and, where there is one,
      C(description).
    - C(attrs) is a mapping; where the attributes cannot be one (a name without a value, or twice), it is the text.
  type: list
  elements: dict
  sample: [{setid: 1, uri: "sip:10.0.0.11:5060", flags: 8, priority: 0, attrs: {duid: gw1}}]
"""

from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.destinations import destination_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.listing import ListSource
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.message import render_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.attributes import attrs_mapping
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.description import described
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import NOTE
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named, show
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import parse_version
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal

SOURCE = "text"


def from_dispatcher_list(text: object, kamailio_version: object = "6.1", strict: bool = True) -> list[dict[str, Any]]:
    """Destinations as dispatcher_list takes them. Raises AnsibleFilterError with everything that is wrong."""
    version = parse_version(str(kamailio_version))
    if version is None:
        raise refusal("%s is not a version of Kamailio, such as 6.1.5" % named(kamailio_version), text)
    if not isinstance(text, str):
        raise refusal("from_dispatcher_list takes the text of a dispatcher.list, not %s" % named(text), text)
    data = text.encode("utf-8", "surrogateescape")
    try:
        document = parse_document(data, version)
    except KamailioError as exc:
        raise refusal(exc.render(), text) from None
    found, _skipped = destination_findings(ListSource(SOURCE, document), version)
    findings = [finding for finding in found if finding.severity != NOTE]
    if findings and strict:
        message = render_findings(findings, {SOURCE: data})
        raise refusal("The server would not read this dispatcher.list as it stands.\n\n%s" % message, text)
    destinations = []
    for destination in document.destinations:
        mapping = attrs_mapping(destination.attrs)
        attrs = (
            show(destination.attrs) if mapping is None else {show(name): show(value) for name, value in mapping.items()}
        )
        entry = {
            "setid": destination.setid,
            "uri": show(destination.uri),
            "flags": destination.flags,
            "priority": destination.priority,
            "attrs": attrs,
        }
        description = described(data, destination.start)
        destinations.append({**entry, "description": show(description)} if description else entry)
    return destinations


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"from_dispatcher_list": from_dispatcher_list}
