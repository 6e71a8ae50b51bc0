#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: validate
short_description: Refuse or repair Kamailio configurations whose probing cannot work
description:
  - Judges kamailio.cfg and the dispatcher.list that it names as a running server takes them, and finds what C(kamailio -c)
    refuses and what it passes - a C(ds_ping_interval) without the C(tm) module before C(dispatcher), with which the next start fails, and
    destinations with the P flag (8, shown as C(AP)) that nothing will ever probe.
  - Both files are read in one round trip to the host. Either can be given as text instead, so that a change can be judged
    before a host sees it.
  - A refusal fails the task and names every finding with its file, line, destination and remedy.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
options:
  config:
    description:
      - The configuration file. With O(config_content) it is the place that the text is meant for - findings name it, and
        relative includes are looked for beside it.
      - Left out, it is the one that the unit of O(instance) starts, or C(/etc/kamailio/kamailio.cfg).
    type: path
  config_content:
    description: The configuration as text, instead of the file on the host.
    type: str
  dispatcher_list:
    description: The list file. Left out, it is the one that the configuration names.
    type: path
  dispatcher_content:
    description: The list as text, instead of the file on the host.
    type: str
  included_content:
    description:
      - Included files as text, by path, instead of the files on the host. A relative path begins at the folder of O(config).
    type: dict
    default: {}
  check:
    description:
      - Whether C(kamailio -c) is asked as well, about the files in their places. What it refuses and no rule is about is a finding
        C(server-refuses). With O(on_violation=correct) it is asked about the corrected files too, on copies beside the files.
      - It loads the modules that the files name, and so runs their code, as the user that the option O(sipfleet.kamailio.loadmodule#module:check)
        of M(sipfleet.kamailio.loadmodule) describes. A user other than root runs it only if no other user can change that code.
      - It is not run where Kamailio is not installed, where O(kamailio_version), O(kamailio_command) or a file of the configuration as
        text is given, or where it cannot be run safely. RV(not_checked) says why.
    type: bool
    default: true
  modules_available:
    description:
      - The modules that are installed where the server will run, such as V(tm); one that is loaded and not among them is the finding
        C(module-file-missing). An upgrade or another host can have others than this one.
      - Left out, the host is asked. With O(kamailio_version) it is not, and the modules of Debian's packages of that version are known. With any
        other one RV(will_start) is V(null) then.
    type: list
    elements: str
  rehearse:
    description:
      - Whether a start of the server is tried with the files, in namespaces of its own, as O(sipfleet.kamailio.deploy#module:rehearse) says it. Then
        RV(will_start) is what was observed. It takes root, a second or two, and the memory of a second server.
      - V(auto) judges without where a start cannot be tried, and RV(not_checked) says why. V(required) fails then.
    type: str
    choices: [auto, required, never]
    default: never
  backup:
    description: Make a backup of each file before it is corrected.
    type: bool
    default: false
  unsafe_writes:
    description: Write in place where a file cannot be replaced, such as one that is bind-mounted.
    type: bool
    default: false
notes:
  - RV(will_start) is about what was checked; see RV(not_checked).
  - With O(on_violation=correct) files on the host are written, and what was given as text comes back in RV(corrected).
  - Where O(config_content), O(dispatcher_content) and O(kamailio_version) are given, and O(included_content) has every file
    that is included, the texts are judged on the controller and the host is not asked.
  - What only the server knows (pseudo-variables, an environment that is not known) is never guessed.
    Where it could matter there is a finding C(config-undecided), and RV(will_start) is V(null).
  - A database that C(db_url) names is not looked at.
  - Of the routing script the calls of functions are read, with the arguments that stand there as text or numbers. Scripts in other
    languages (C(app_lua), C(app_python3) and others) are not read; a note says so where it matters.
attributes:
  action:
    details:
      - Where O(config_content), O(dispatcher_content) and O(kamailio_version) are given the texts are judged on the controller.
extends_documentation_fragment:
  - sipfleet.kamailio.judging
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.links
  - sipfleet.kamailio.attributes.action
  - sipfleet.kamailio.attributes.writing
  - sipfleet.kamailio.attributes
seealso:
  - module: sipfleet.kamailio.loadmodule
  - module: sipfleet.kamailio.dispatcher_list
"""

EXAMPLES = r"""
- name: Refuse a probing set-up that cannot work, before anything is touched
  sipfleet.kamailio.validate:

- name: Judge what is about to be deployed
  sipfleet.kamailio.validate:
    config_content: "{{ lookup('ansible.builtin.template', 'kamailio.cfg.j2') }}"
    dispatcher_content: "{{ lookup('ansible.builtin.template', 'dispatcher.list.j2') }}"

- name: Repair the host's own files
  sipfleet.kamailio.validate:
    on_violation: correct
    correction: load_tm
    ping_interval: 30
    backup: true

- name: Watch all the time what asks for probing, and let nothing but errors stop the play
  sipfleet.kamailio.validate:
    on_violation: correct
    probing_mode: 3
    fail_on: error

- name: A configuration repository in CI, where there is no Kamailio
  sipfleet.kamailio.validate:
    config: "{{ playbook_dir }}/files/kamailio.cfg"
    dispatcher_list: "{{ playbook_dir }}/files/dispatcher.list"
    kamailio_version: 6.1.5
    defines: [WITH_TLS]
    ignore: [weights-over-100]
  delegate_to: localhost

- name: Look only
  sipfleet.kamailio.validate:
    on_violation: report
  register: verdict
"""

RETURN = r"""
will_start:
  description:
    - Whether the server starts with these files (after the correction, if one was made). V(null) where the configuration cannot
      be evaluated to the end, where a host must be found in the DNS first (C(start-needs-dns)), or where a parameter or its value
      is one that the server may not take (C(parameter-doubtful)).
  returned: also when it refuses; not where the files cannot be read
  type: bool
findings:
  description: Everything that was found, sorted by severity and place; before the correction, if one was made.
  returned: also when it refuses; not where the files cannot be read
  type: list
  elements: dict
  contains:
    rule: {description: The rule, type: str, sample: probing-without-tm}
    severity: {description: "V(error), V(warning) or V(note).", type: str, sample: warning}
    file: {description: The file, type: str, sample: /etc/kamailio/dispatcher.list}
    line: {description: "The line, from 1; V(null) where there is none.", type: int, sample: 3}
    column: {description: "The column, from 1; V(null) where it is about the line.", type: int, sample: 25}
    destination: {description: "The destination; V(null) where it is not about one.", type: str, sample: "set 1, sip:10.0.0.11:5060"}
    text: {description: What is wrong., type: str}
    remedy: {description: What to do., type: str}
    source: {description: "The line that is meant, its secrets masked; empty where there is none.", type: str, sample: "1 sip:10.0.0.11:5060 8"}
    page: {description: Where the rule is described., type: str, sample: docs/rules/probing-without-tm.md}
not_checked:
  description:
    - What could keep the server from starting and was not checked, a sentence for each, with the reason. Empty where C(kamailio -c) was
      asked.
  returned: also when it refuses; not where the files cannot be read
  type: list
  elements: str
  sample:
    - "Functions and pseudo-variables in routes, and what else only kamailio -c finds, were not checked: Kamailio is not installed on this host."
probing:
  description: Every destination of the list and what becomes of its probing (after the correction, if one was made).
  returned: also when it refuses; not where the files cannot be read
  type: list
  elements: dict
  contains:
    setid: {description: The set., type: int, sample: 1}
    uri: {description: The URI., type: str, sample: "sip:10.0.0.11:5060"}
    flags: {description: The flags as the server reads them., type: int, sample: 8}
    letters: {description: The flags in letters., type: str, sample: AP}
    line: {description: "Its line in the list, from 1.", type: int, sample: 3}
    skipped: {description: Whether the server does not load it., type: bool}
    watch:
      description:
        - V(blind) is to be probed, by the P flag or by C(ds_probing_mode) 1, and nothing does it.
        - V(once) is probed until its first ping has ended, or been answered, and never again.
        - V(not_asked) is not probed, and does not ask for it. A destination that is disabled is one of these.
        - V(watched) is probed all the time.
        - V(unknown) cannot be determined.
      type: str
      sample: blind
    effect:
      description: "V(never), V(until_first_answer), V(continuously), or V(unknown) where the configuration cannot be evaluated."
      type: str
      sample: never
    reason: {description: Why., type: str}
kamailio_version:
  description: The version that was judged for.
  returned: also when it refuses; not where the files cannot be read
  type: str
  sample: 6.1.5
corrected:
  description:
    - The corrected texts, for what was given as text; with O(on_violation=report) what can be
      repaired is. Passwords that were in it are still there; use C(no_log) where that matters.
  returned: >-
    unless O(on_violation=refuse), when O(config_content), O(dispatcher_content) or O(included_content) is given
  type: dict
  contains:
    config: {description: The configuration., type: str}
    dispatcher_list: {description: The list., type: str}
    included: {description: "The included files, by path.", type: dict}
backup_files:
  description: The backups that were made.
  returned: when a backup was made
  type: list
  elements: str
diff:
  description: The change of the files, or of the texts, passwords masked.
  returned: with C(--diff)
  type: list
  elements: dict
"""

from functools import partial
from typing import Any, Dict, Optional, Tuple

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.asked import policy_of, question_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.guard import CORRECT, describe, guard
from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import validate_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.check import asker_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_file, read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.finish import warn_unlocked
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.naming import require_named
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import config_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.site import site_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.staging import require_writable, write_changes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module


def judge(module: Module, locks: FileLocks) -> Tuple[Dict[str, Any], Optional[str]]:
    """Judge, write what is corrected, and return the result, and why the task fails."""
    params = dict(module.params, config=config_of(module.params["config"], module.params["instance"]))
    corrects = params["on_violation"] == CORRECT
    writes = corrects and not module.check_mode
    # The copies for kamailio -c must not be removed by another run.
    if writes or (corrects and params["check"]):
        site = site_of(module, params, locks.read, locks.include)
    else:
        follow = params["follow"]
        site = site_of(module, params, partial(read_file, follow=follow), partial(read_include, follow=follow))
    question = question_of(params)
    ask = asker_of(module, question, site.invocation)
    if params["rehearse"] != "never":
        # Most runs start nothing, and on a host each import is read and compiled anew.
        from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.observe import observer_of

        ask = observer_of(module, question, site.invocation, ask)
    site = site._replace(ask=ask)
    outcome = guard(question, site, policy_of(params))
    if not writes:
        require_writable(module, outcome.writes)
    require_named(outcome.after.evaluation, outcome.writes, params["follow"], outcome.before.question.texts)
    result = describe(outcome, site.version)
    if outcome.writes and writes:
        backups = write_changes(module, outcome.writes, params["backup"])
        if backups:
            result["backup_files"] = list(backups.values())
    warn_unlocked(module, locks)
    return result, outcome.refusal


def main() -> None:
    module = Module(argument_spec=validate_spec(), supports_check_mode=True)
    try:
        with FileLocks(follow=module.params["follow"]) as locks:
            result, refusal = judge(module, locks)
    except KamailioError as exc:
        module.fail_json(msg=exc.render())
    if not module._diff:
        result.pop("diff")
    if refusal:
        module.fail_json(msg=refusal, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
