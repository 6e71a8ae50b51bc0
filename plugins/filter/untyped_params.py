# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: untyped_params
short_description: List parameters of Kamailio modules whose texts may be meant as numbers
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Lists the parameters that have a text which holds a number, and that the collection does not know, such as those of a module of your own.
    The text is written as a quoted string, which the server refuses if the parameter takes numbers.
options:
  _input:
    description: The modules, each a name (V(tm)) or a mapping with C(name) and C(params).
    type: list
    elements: raw
    required: true
seealso:
  - plugin: sipfleet.kamailio.typed_params
    plugin_type: filter
"""

EXAMPLES = r"""
- name: "One line, own: level"
  ansible.builtin.debug:
    msg: "{{ [{'name': 'own', 'params': {'level': '3'}}] | sipfleet.kamailio.untyped_params }}"
"""

RETURN = r"""
_value:
  description: "A text for each parameter, such as V(own: level)."
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import module_name
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wish import known_types, number_in
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal


def untyped_params(modules: object) -> list[str]:
    """Texts that hold a number, for parameters that are not known. Raises AnsibleFilterError."""
    if not isinstance(modules, (list, tuple)):
        raise refusal("untyped_params takes a list of modules, not %s" % named(modules), modules)
    found: list[str] = []
    for entry in modules:
        name, params = (entry.get("name"), entry.get("params")) if isinstance(entry, Mapping) else (None, None)
        if not isinstance(name, str) or not isinstance(params, Mapping):
            continue
        module = module_name(name)
        found += [
            "%s: %s" % (module, key)
            for key, value in params.items()
            if not known_types(module, key) and _has_number(value)
        ]
    return found


def _has_number(value: Any) -> bool:
    values = value if isinstance(value, (list, tuple)) else [value]
    return any(isinstance(text, str) and number_in(text) is not None for text in values)


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"untyped_params": untyped_params}
