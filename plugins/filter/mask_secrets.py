# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mask_secrets
short_description: Take passwords out of the text of a Kamailio configuration
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
description:
  - Masks what the modules of this collection mask in diffs and messages - passwords in URLs, and values of parameters, of defines,
    of pseudo-variables, of C(name=value), and of JSON and YAML, whose name tells that they are secret, such as C(db_pass) or C(mask_key).
  - Such a value is also masked wherever else the text has it, unless it is short, a small number, or part of a path or an address.
  - What is secret under a name that does not tell stays.
options:
  _input:
    description: The text.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: The configuration, for a ticket
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.template', 'kamailio.cfg.j2') | sipfleet.kamailio.mask_secrets }}"
"""

RETURN = r"""
_value:
  description: The same text, with C(********) in place of each secret.
  type: str
"""

from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._everywhere import mask_everywhere
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import named
from ansible_collections.sipfleet.kamailio.plugins.plugin_utils.refusal import refusal


def mask_secrets(text: object) -> str:
    """The same text without secrets."""
    if not isinstance(text, str):
        raise refusal("mask_secrets takes a text, not %s" % named(text), text)
    return mask_everywhere(text)


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"mask_secrets": mask_secrets}
