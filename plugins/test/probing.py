# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: probing
short_description: Whether a dispatcher destination asks for probing
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - True if the P flag (8) is set. Whether the server can probe is another question, which M(sipfleet.kamailio.validate) answers.
options:
  _input:
    description:
      - Flags as a number (V(8)), two letters (V(AP)) or a list of names; or a destination with C(flags), which are 0 if it has none.
    type: raw
    required: true
seealso:
  - plugin: sipfleet.kamailio.dispatcher_flags
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Those that are watched
  ansible.builtin.debug:
    msg: "{{ dispatcher.destinations | select('sipfleet.kamailio.probing') | map(attribute='uri') }}"
"""

RETURN = r"""
_value:
  description: Whether the P flag is set.
  type: bool
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.flags import PROBING, parse_flags
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal


def probing(value: Any) -> bool:
    """Whether flags, or those of a destination, have the P flag. Raises AnsibleFilterError if they are none."""
    flags = value.get("flags") if isinstance(value, Mapping) else value
    try:
        return bool(parse_flags(0 if flags is None else flags) & PROBING)
    except ValueError as exc:
        raise refusal("the flags %s cannot be read: %s" % (named(flags), exc), flags) from None


class TestModule:
    """Registers the test."""

    def tests(self) -> dict[str, Any]:
        return {"probing": probing}
