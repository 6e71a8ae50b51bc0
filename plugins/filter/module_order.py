# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: module_order
short_description: Put Kamailio modules into an order in which the server starts
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Puts each module behind those that it needs, such as C(dispatcher) behind C(tm). What is needed goes right before the first
    module that needs it; all else keeps its order.
  - Fails, with all problems at once, where a module that is needed is absent, and where one is there twice. What only some
    versions of Kamailio need is not missed; M(sipfleet.kamailio.validate) judges that for a version.
options:
  _input:
    description:
      - The modules, each a name (V(tm)) or a mapping with C(name) and C(params).
      - A need that depends on a parameter is missed only where C(params) sets it.
    type: list
    elements: raw
    required: true
seealso:
  - module: sipfleet.kamailio.loadmodule
"""

EXAMPLES = r"""
- name: In the order tm, dispatcher, xlog
  ansible.builtin.debug:
    msg: "{{ modules | sipfleet.kamailio.module_order | map(attribute='name') }}"
  vars:
    modules:
      - name: dispatcher
        params: {ds_ping_interval: 10}
      - name: xlog
      - name: tm
"""

RETURN = r"""
_value:
  description: The same entries in order.
  type: list
  elements: raw
"""

from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.order import order_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal


def module_order(modules: object) -> list[Any]:
    """The modules in order. Raises AnsibleFilterError with everything that is wrong."""
    if not isinstance(modules, (list, tuple)):
        raise refusal("module_order takes a list of modules, not %s" % named(modules), modules)
    try:
        return order_modules(modules)
    except KamailioError as exc:
        raise refusal(exc.render(), modules) from None


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"module_order": module_order}
