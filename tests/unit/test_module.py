# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module tells the log of the host, and the controller, of its options."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.sipfleet.kamailio.plugins.module_utils import _module


def test_secrets_are_masked_and_long_lists_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(AnsibleModule, "_log_invocation", lambda self: logged.append(self.params))
    module = _module.Module.__new__(_module.Module)
    params = {"few": ["x"] * 100, "many": ["password=x"] * 101, "url": "mysql://a:b@c", "path": None}
    module.params = params
    module._log_invocation()
    assert logged == [{"few": ["x"] * 100, "many": "101 entries", "url": "mysql://a:********@c", "path": None}]
    assert module.params is params
