# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: typed_params
short_description: Turn texts into numbers where a Kamailio module takes a number
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - A variable from C(-e) is a text, and so is the result of many templates, whatever it looks like. Kamailio refuses a text where it wants
    a number.
  - Returns the modules with a number for each text that holds one, and 1 or 0 for each text that holds a boolean, where the parameter
    is known to take numbers alone.
  - Everything else stays as it is. P(sipfleet.kamailio.untyped_params#filter) lists the texts for which that is a guess.
options:
  _input:
    description: The modules, each a name (V(tm)) or a mapping with C(name) and C(params).
    type: list
    elements: raw
    required: true
seealso:
  - plugin: sipfleet.kamailio.untyped_params
    plugin_type: filter
  - plugin: sipfleet.kamailio.module_order
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The number 10, with -e interval=10 as well
  ansible.builtin.debug:
    msg: "{{ (modules | sipfleet.kamailio.typed_params)[0].params.ds_ping_interval }}"
  vars:
    modules:
      - name: dispatcher
        params: {ds_ping_interval: "{{ interval }}"}
"""

RETURN = r"""
_value:
  description: The same entries, with numbers where parameters take numbers.
  type: list
  elements: raw
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import module_name
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wish import typed
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal


def typed_params(modules: object) -> list[Any]:
    """The modules with numbers where their parameters take numbers. Raises AnsibleFilterError."""
    if not isinstance(modules, (list, tuple)):
        raise refusal("typed_params takes a list of modules, not %s" % named(modules), modules)
    return [_typed(entry) for entry in modules]


def _typed(entry: Any) -> Any:
    name, params = (entry.get("name"), entry.get("params")) if isinstance(entry, Mapping) else (None, None)
    if not isinstance(name, str) or not isinstance(params, Mapping):
        return entry
    return {**entry, "params": {key: typed(module_name(name), key, value) for key, value in params.items()}}


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"typed_params": typed_params}
