# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: to_dispatcher_list
short_description: Turn destinations into the text of a Kamailio dispatcher.list
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Writes destinations as M(sipfleet.kamailio.dispatcher_list) would write them into a file of their own, for example to judge
    them with M(sipfleet.kamailio.validate) before any host changes.
  - Fails for what the server would misread, with all problems at once.
options:
  _input:
    description: The destinations, as for O(sipfleet.kamailio.dispatcher_list#module:destinations).
    type: list
    elements: dict
    required: true
seealso:
  - plugin: sipfleet.kamailio.from_dispatcher_list
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Judge the list before it is written
  sipfleet.kamailio.validate:
    dispatcher_content: "{{ gateways | sipfleet.kamailio.to_dispatcher_list }}"
"""

RETURN = r"""
_value:
  description: The text. The destinations of a set stand together, in the order given.
  type: str
"""

from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import plan_destinations
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal


def to_dispatcher_list(destinations: object) -> str:
    """The text of the list. Raises AnsibleFilterError with everything that is wrong."""
    if not isinstance(destinations, (list, tuple)):
        raise refusal("to_dispatcher_list takes a list of destinations, not %s" % named(destinations), destinations)
    try:
        data = plan_destinations(b"", parse_wishes(destinations), "none", "text").data
    except KamailioError as exc:
        raise refusal(exc.render(), destinations) from None
    return data.decode("utf-8", "surrogateescape")


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"to_dispatcher_list": to_dispatcher_list}
