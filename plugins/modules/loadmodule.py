#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: loadmodule
short_description: Manage loadmodule and modparam statements in kamailio.cfg
description:
  - Loads modules and sets their parameters in a Kamailio configuration, with each new statement at a place where the server
    starts - C(tm) before C(dispatcher) and the other modules that ask for it, a C(modparam) behind its C(loadmodule).
  - A C(tm) that stands too late is moved. Nothing is ever loaded twice, which the server would refuse.
  - The file is evaluated as the server does it, with comments, strings, defines, conditionals and includes. Whatever a task
    does not name stays as it is, to the byte.
  - A result that C(kamailio -c) would accept and a restart would die of (C(ds_ping_interval) without C(tm) before
    C(dispatcher)) is refused.
  - This version edits a single file. Where a module that is named is loaded or configured in an included file, under a
    conditional such as C(#!ifdef), or through a define, or where a conditional cannot be evaluated, the task fails and
    says where.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
options:
  config:
    description: The configuration file. A symbolic link is followed.
    type: path
    default: /etc/kamailio/kamailio.cfg
  modules:
    description:
      - The modules, any number of them in one task.
      - All entries are checked before anything is written, and all problems are reported at once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The module, such as V(tm).
        type: str
        required: true
      params:
        description:
          - Parameters of the module. A number is written as a number and text as a quoted string; the server refuses the one
            where it wants the other.
          - A parameter with the value V(null) is removed. Parameters that are not named stay as they are.
          - Of several statements for one parameter the last one counts for the server, so that one is changed.
        type: dict
      state:
        description: Whether the module is to be loaded. With V(absent) its parameters are removed as well.
        type: str
        choices: [present, absent]
        default: present
  defines:
    description: The defines that the server gets on its command line with C(-A), as V(NAME) or V(NAME=value).
    type: list
    elements: str
    default: []
  backup:
    description: Make a backup of the file before it is changed.
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.files
  - sipfleet.kamailio.writing
seealso:
  - module: sipfleet.kamailio.validate
"""

EXAMPLES = r"""
- name: Dispatcher with probing, tm before it
  sipfleet.kamailio.loadmodule:
    modules:
      - name: tm
      - name: dispatcher
        params:
          list_file: /etc/kamailio/dispatcher.list
          ds_ping_interval: 10
          ds_probing_mode: 1
    backup: true

- name: A module and its parameters go
  sipfleet.kamailio.loadmodule:
    modules:
      - name: pike
        state: absent
"""

RETURN = r"""
path:
  description: The configuration file.
  returned: success
  type: str
  sample: /etc/kamailio/kamailio.cfg
backup_file:
  description: The backup that was made.
  returned: when a backup was made
  type: str
  sample: /etc/kamailio/kamailio.cfg.4242.2026-11-23@03:00:00~
diff:
  description: The change of the file, passwords masked.
  returned: with C(--diff)
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.plan import plan_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wish import parse_module_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._file import Change, read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._finish import finish
from ansible_collections.sipfleet.kamailio.plugins.module_utils._lock import FolderLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._probing.analyse import module_findings


def plan(params, locks):
    """The change of the file that the parameters ask for."""
    path = params["config"]
    wishes = parse_module_wishes(params["modules"])
    before = locks.read(path)
    if before is None:
        raise error("is not there", "Install Kamailio first, or give its configuration in config", path)

    def evaluation_of(data):
        return evaluate(path, data, read_include, None, params["defines"])

    after = plan_modules(before, wishes, evaluation_of)
    if after != before:
        guard(evaluation_of(after))
    return Change(path, before, after)


def guard(evaluation):
    """Refuse a result that the server would die of at its start."""
    if evaluation.load("dispatcher"):
        problems = [Problem(one.text, one.remedy, one.file, one.line) for one in module_findings(evaluation)]
        if problems:
            raise KamailioError(problems)


def main():
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "path", "default": "/etc/kamailio/kamailio.cfg"},
            "modules": {"type": "list", "elements": "dict", "required": True},
            "defines": {"type": "list", "elements": "str", "default": []},
            "backup": {"type": "bool", "default": False},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    try:
        with FolderLocks() as locks:
            finish(module, locks, plan(module.params, locks), {"path": module.params["config"]})
    except KamailioError as exc:
        module.fail_json(msg=exc.render())


if __name__ == "__main__":
    main()
