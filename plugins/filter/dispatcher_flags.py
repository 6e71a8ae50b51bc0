# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dispatcher_flags
short_description: Turn the flags of a dispatcher destination into letters, names or a number
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Takes flags in any of the three forms and gives them in the one that is asked for.
  - Letters cannot say everything. They show the state and the P flag, as the server's RPC does, so C(no_dns) (16) is lost, and
    so is C(no_ping) (32) beside C(probing).
positional: form
options:
  _input:
    description: A number (V(8)), two letters (V(AP)), or a list of names (V([active, probing])).
    type: raw
    required: true
  form:
    description: The form of the result.
    type: str
    choices: [letters, names, number]
    default: letters
seealso:
  - plugin: sipfleet.kamailio.probing
    plugin_type: test
"""

EXAMPLES = r"""
- name: A number for dispatcher.list, which knows no letters
  ansible.builtin.debug:
    msg: "{{ 'IP' | sipfleet.kamailio.dispatcher_flags('number') }}" # 9

- name: Names
  ansible.builtin.debug:
    msg: "{{ 12 | sipfleet.kamailio.dispatcher_flags('names') }}" # ['disabled', 'probing']
"""

RETURN = r"""
_value:
  description: The two letters, the list of names, or the number.
  type: raw
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.flags import (
    parse_flags,
    render_letters,
    render_names,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal

FORMS: dict[str, Callable[[int], Any]] = {"letters": render_letters, "names": render_names, "number": int}


def dispatcher_flags(value: Any, form: str = "letters") -> Any:
    """Flags in another form. Raises AnsibleFilterError if they are none."""
    if form not in FORMS:
        raise refusal("%s is not a form of flags: these are %s" % (named(form), ", ".join(FORMS)), value)
    try:
        return FORMS[form](parse_flags(value))
    except ValueError as exc:
        raise refusal("the flags %s cannot be read: %s" % (named(value), exc), value) from None


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"dispatcher_flags": dispatcher_flags}
