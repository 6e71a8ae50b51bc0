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
  - The configuration is evaluated as the server does it, with comments, strings, includes, conditionals, defines and
    substitutions, and edited in the file where a statement belongs. Whatever a task does not name stays as it is, to the byte.
  - A C(tm) that stands too late is moved. Nothing is ever loaded twice, which the server would refuse. Where a branch that
    does not hold now (C(#!ifdef WITH_X)) loads the same module, one of the two gets a guard, C(#!ifndef MOD_tm).
  - The result is evaluated again before anything is written, and checked with C(kamailio -c) where the server is installed.
    One that C(kamailio -c) would accept and a restart would die of (C(ds_ping_interval) without C(tm) before C(dispatcher),
    C(registrar) without C(usrloc)) is refused.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
options:
  config:
    description:
      - The configuration file. A symbolic link is followed.
      - Left out, it is the one that the unit of O(instance) starts, or C(/etc/kamailio/kamailio.cfg).
    type: path
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
            where it wants the other. A text that holds a number, as it comes from C(-e) or a template, is a number where the parameter is
            known to take nothing else.
          - A parameter with the value V(null) is removed. What becomes of those that are not named is said by
            O(modules[].purge).
          - Of several statements for one parameter the last one counts for the server, so that one is changed. A list is for
            parameters that collect their values, such as C(htable) of C(htable). There is one statement for each then.
          - A value that comes from a C(#!define) is changed there, unless the define is used elsewhere too.
        type: dict
      state:
        description: Whether the module is to be loaded. With V(absent) its parameters are removed as well.
        type: str
        choices: [present, absent]
        default: present
      purge:
        description:
          - What to remove beside that.
          - V(params) removes the parameters of the module that O(modules[].params) does not name, where they take effect.
        type: str
        choices: [none, params]
        default: none
  check:
    description:
      - Whether C(kamailio -c) must accept the result before it is written. It is run where the server is installed, on copies
        beside the files, so that includes resolve as they will.
      - It loads the modules that the files name, and so runs their code. It runs as the user that the unit of the server starts it
        as. Where no unit starts the configuration and other users can change it, it does not run as root either. It runs as the one
        user who can change the configuration, an included file, a module or a folder on the way to them, by owner, mode and access
        control list. Where that is a group, it runs as the user of the same name, such as C(kamailio). Where several users can
        change them, or everybody, it runs as C(nobody). The task fails if that user cannot read the files.
      - Where it refused the configuration before the change already, its message is a warning.
    type: bool
    default: true
  kamailio_version:
    description: The version of the server, such as V(6.1.5). Left out, it is asked of C(kamailio -v), where that is there.
    type: str
  backup:
    description: Make a backup of each file before it is changed.
    type: bool
    default: false
attributes:
  check_mode:
    details:
      - With O(check=true) C(kamailio -c) runs in check mode as well. For as long as it runs, the files that would change and
        those that include them have a copy next to them, C(.sipfleet.NAME.*), and other runs wait for this one.
      - Otherwise check mode only reads.
extends_documentation_fragment:
  - ansible.builtin.files
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.links
  - sipfleet.kamailio.attributes.writing
  - sipfleet.kamailio.attributes
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

- name: A collecting parameter, and nothing else of the module
  sipfleet.kamailio.loadmodule:
    instance: edge
    modules:
      - name: htable
        params:
          htable:
            - "a=>size=8;"
            - "b=>size=4;autoexpire=60;"
        purge: params

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
files:
  description: The files that this task changes.
  returned: success
  type: list
  elements: str
  sample: [/etc/kamailio/kamailio.cfg]
backup_files:
  description: The backups that were made of included files.
  returned: when one was made
  type: list
  elements: str
backup_file:
  description: The backup that was made of the configuration file.
  returned: when a backup was made
  type: str
  sample: /etc/kamailio/kamailio.cfg.4242.2026-11-23@03:00:00~
diff:
  description: The change of the files, passwords masked.
  returned: with C(--diff)
  type: list
  elements: dict
"""


from functools import partial
from typing import Optional

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import new_stops
from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import beside_spec, links_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import Change
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import Evaluator
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.plan import plan_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wish import (
    parse_module_wishes,
    with_known_types,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.check import require_accepted
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.facts import known_version
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.finish import finish
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.naming import require_named
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import beside_of, config_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version


def run(module: Module, locks: FileLocks) -> None:
    """Plan, check, write and report."""
    params = module.params
    entries = parse_module_wishes(params["modules"])
    path = config_of(params["config"], params["instance"])
    if locks.read(path) is None:
        raise error("is not there", "Install Kamailio first, or give its configuration in config", path)
    _service, beside = beside_of(params["defines"], params["instance"], path)
    version = known_version(module, params["kamailio_version"])
    wishes = with_known_types(entries)
    evaluator = Evaluator(locks.read, locks.include)
    evaluation_of = partial(evaluator, path, version, beside)
    texts = plan_modules(wishes, evaluation_of)
    before, after = evaluation_of({}), evaluation_of(texts)
    if texts:
        guard(before, after, version)
    changes = {path: Change(path, before.files[path], text) for path, text in texts.items()}
    require_named(after, list(changes.values()), params["follow"])
    if params["check"]:
        warning = require_accepted(module, after, before, texts, beside)
        if warning:
            module.warn(warning)
    own = changes.pop(path, Change(path, before.files[path], before.files[path]))
    finish(module, locks, own, {"path": path, "files": sorted(texts)}, list(changes.values()))


def guard(before: Evaluation, after: Evaluation, version: Optional[Version]) -> None:
    """Refuse a result that the server would die of at its start, or refuse, and would not have before."""
    findings = new_stops(before, after, version)
    if findings:
        raise KamailioError(
            [Problem(finding.text, finding.remedy, finding.file, finding.line, finding.column) for finding in findings]
        )


def main() -> None:
    module = Module(
        argument_spec=dict(
            beside_spec(),
            **links_spec(),
            config={"type": "path"},
            modules={"type": "list", "elements": "dict", "required": True},
            check={"type": "bool", "default": True},
            kamailio_version={"type": "str"},
            backup={"type": "bool", "default": False},
        ),
        add_file_common_args=True,
        supports_check_mode=True,
    )
    # The copies for kamailio -c must not be removed by another run.
    lock = module.params["check"] or not module.check_mode
    try:
        with FileLocks(follow=module.params["follow"], lock=lock) as locks:
            run(module, locks)
    except KamailioError as exc:
        module.fail_json(msg=exc.render())


if __name__ == "__main__":
    main()
