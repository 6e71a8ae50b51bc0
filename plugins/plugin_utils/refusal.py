# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of filters and tests, whose messages quote what they were given."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.sipfleet.kamailio.plugins.module_utils._exit import Seen


def refusal(message: str, given: object = None) -> AnsibleFilterError:
    """The error of a filter, without secrets and with everything printable; C(given) is the input of the filter.

    Raise it C(from None): Ansible would show the message of its cause with it.
    """
    seen = Seen()
    seen.take({"given": given})
    return AnsibleFilterError(seen.clean(message))
