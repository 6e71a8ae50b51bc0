#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: deploy
short_description: Change files, modules and destinations of Kamailio as one transaction
description:
  - Plans a change of the configuration and of the list, judges the result as M(sipfleet.kamailio.validate) does, has
    C(kamailio -c) check it in its place, and writes the files. Then it reloads the list or restarts the server, whichever is
    needed, compares what runs with the list, and waits until the destinations answer. All of that is one round trip.
  - If any of it fails, the files are put back as they were, and the server with them.
  - The way back is kept on the host before the first file is touched, and a process there watches over it. A change whose module
    dies, or that nobody confirms within O(confirm_timeout), takes itself back, whether there is a controller left or not, and with
    systemd also if the host boots in between.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
attributes:
  check_mode:
    details:
      - Everything is planned and judged, C(kamailio -c) included. It runs as O(sipfleet.kamailio.loadmodule#module:check) says it.
        For as long as it runs, the files of the configuration that would change and those that include them have a copy next to
        them, C(.sipfleet.NAME.*).
      - Other runs wait for this one, and it waits for a change that is under way.
  safe_file_operations:
    details:
      - Files are written beside their targets, flushed and renamed over them, all of them or none.
options:
  state:
    description:
      - V(present) makes the change.
      - V(confirmed) lets a change stand that waits for its confirmation. It fails if that was taken back.
      - V(reverted) takes such a change back at once.
    type: str
    choices: [present, confirmed, reverted]
    default: present
  change:
    description: The change to confirm, as RV(change) has named it. Left out, it is the one that waits, if there is one.
    type: str
  modules:
    description:
      - The modules and their parameters, as O(sipfleet.kamailio.loadmodule#module:modules).
      - A change of the configuration needs a restart of the server. So does a configuration that was edited before and not loaded by a
        restart, whatever this task changes, where that is certain. It is if the server has other modules than the configuration loads, or
        if the configuration has another meaning than in the record of the start of the server (O(record)).
    type: list
    elements: dict
    default: []
  destinations:
    description:
      - The destinations, as O(sipfleet.kamailio.dispatcher_list#module:destinations). Left out, the list stays as it is.
    type: list
    elements: dict
  purge:
    description: What else goes, as O(sipfleet.kamailio.dispatcher_list#module:purge).
    type: str
    choices: [none, set, file]
    default: none
  attrs_mode:
    description: What becomes of other attributes, as O(sipfleet.kamailio.dispatcher_list#module:attrs_mode).
    type: str
    choices: [replace, merge]
    default: replace
  ensure_order:
    description: Whether the order matters, as O(sipfleet.kamailio.dispatcher_list#module:ensure_order).
    type: bool
    default: false
  files:
    description:
      - Whole files that the server reads, such as C(kamailio.cfg), what it includes, C(dispatcher.list), C(tls.cfg), certificates and
        scripts. They are changed with the configuration and the list in one transaction, and go back with them.
      - O(modules) and O(destinations) apply to the text that a file brings, so a template and both of them can be combined.
      - A folder that is missing is made, with the mode C(0755).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The path of the file on the host, or of the folder of O(files[].tree).
        type: path
        required: true
      state:
        description: Whether the file is there, or is removed.
        type: str
        choices: [present, absent]
        default: present
      content:
        description: The text of the file.
        type: str
      src:
        description: A file of the controller, found as C(ansible.builtin.copy) finds it, and copied byte by byte.
        type: str
      template:
        description: A template of the controller, found and rendered as C(ansible.builtin.template) does.
        type: str
      tree:
        description:
          - A folder of the controller, found as C(ansible.builtin.copy) finds it. Each file in it becomes one below O(files[].path),
            byte by byte, with the owner, the group and the mode that are given here.
        type: str
      purge:
        description: With O(files[].tree), whether files below O(files[].path) go that neither the tree nor another entry brings.
        type: bool
        default: false
      encoded:
        description: The content as base64. The controller puts here what it has read for the other options.
        type: str
      owner:
        description: The user whom the file belongs to. Left out, a file keeps its owner, and a new one belongs to the user of the task.
        type: str
      group:
        description: The group of the file. Left out, it stays.
        type: str
      mode:
        description: The mode, as C(ansible.builtin.copy) takes it. Left out, it stays, and a new file has C(0644).
        type: raw
  fail_on:
    description: The least severity of a finding that is a reason to refuse the change.
    type: str
    choices: [error, warning]
    default: warning
  ignore:
    description: Rules that are left alone.
    type: list
    elements: str
    default: []
  keep_state:
    description: Whether destinations that were out of service are so again after the reload or the restart.
    type: bool
    default: true
  record:
    description:
      - The folder in which the way back is kept, what a server has loaded, and a digest of the configuration that it was started with;
        readable for its owner only.
    type: path
    default: /var/lib/sipfleet-kamailio
  reload_timeout:
    description: The seconds in which the server must have loaded the list.
    type: float
    default: 60
  rehearse:
    description:
      - Whether the server is started apart from its host before a restart, with the files that are about to be written, in namespaces of its own.
        It has the addresses of the host and no way out, and nothing that it writes stays. If it does not come up, the task fails with what the
        server says, and nothing has been changed.
      - V(auto) does without where it is not possible (as another user than root, in a container) or where the server needs something outside,
        such as a database or a name server. RV(rehearsal) says so.
      - V(required) fails then.
    type: str
    choices: [auto, required, never]
    default: auto
  restart_timeout:
    description: The seconds in which the server must answer, from the beginning of its restart.
    type: float
    default: 60
  restart:
    description:
      - When the server is restarted.
      - V(needed) restarts it if the configuration changes, or if the server certainly runs with another one.
      - V(due) also restarts it for the other reasons that RV(sipfleet.kamailio.dispatcher_info#module:restart_reasons) can have, such as a new release
        of Kamailio that has been installed. That is a restart with the states of before and the wait for O(healthy_timeout). Where no file
        changes it cannot be taken back.
      - V(never) refuses a change that needs a restart, before anything is touched.
    type: str
    choices: [needed, due, never]
    default: needed
  restart_command:
    description:
      - What restarts the server, as a list of words, in which nothing is expanded. Left out, it is C(systemctl restart)
        of the unit of O(instance).
    type: list
    elements: str
  healthy_timeout:
    description:
      - The seconds to wait until the destinations have answered, as O(sipfleet.kamailio.dispatcher_reload#module:healthy_timeout)
        says it. With V(0) nobody waits.
    type: float
    default: 0
  healthy_percent:
    description: How many of the destinations that are probed must have answered.
    type: float
    default: 100
  healthy_probe:
    description: Whether the task sends pings of its own, as O(sipfleet.kamailio.dispatcher_reload#module:healthy_probe) says it.
    type: bool
    default: true
  confirm:
    description:
      - Whether the controller confirms the change as soon as it has proved itself, in a second round trip of the same task. That
        shows that the host can still be reached.
      - With V(false) a later task with O(state=confirmed) does it, for example after a test call.
    type: bool
    default: true
  confirm_timeout:
    description:
      - The seconds in which a change must be confirmed once it has proved itself. Otherwise it takes itself back.
      - With V(0) it needs no confirmation.
    type: float
    default: 30
  backup:
    description: Make a backup of each file before it is changed.
    type: bool
    default: false
  unsafe_writes:
    description: Whether to write a file in place where it cannot be replaced, as one that is mounted into a container.
    type: bool
    default: false
extends_documentation_fragment:
  - sipfleet.kamailio.server
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.links
  - sipfleet.kamailio.attributes.action
  - sipfleet.kamailio.attributes.writing
  - sipfleet.kamailio.attributes
notes:
  - A running server must answer before the change. A stopped server is started, and stopped again if the change is taken back. If no systemd
    unit starts the server, it counts as stopped when it does not answer. One change is under way on a server at a time; a second one waits until the
    first is confirmed or taken back.
  - Other servers of the host that read the same list, or include a file that changes, are judged as well. What would be a new finding of
    theirs refuses the change.
  - A file that somebody else has changed since is left as it is when a change is taken back, and that is said.
seealso:
  - module: sipfleet.kamailio.loadmodule
  - module: sipfleet.kamailio.dispatcher_list
  - module: sipfleet.kamailio.dispatcher_reload
"""

EXAMPLES = r"""
- name: A gateway more, which must answer within a minute
  sipfleet.kamailio.deploy:
    destinations:
      - {setid: 1, uri: "sip:10.0.0.13:5060", flags: AP, attrs: {duid: gw3}}
    healthy_timeout: 60
  become: true

- name: A change that stands only if a test call goes through
  become: true
  block:
    - name: Change
      sipfleet.kamailio.deploy:
        destinations:
          - {setid: 1, uri: "sip:10.0.0.14:5060", flags: AP}
        confirm: false
        confirm_timeout: 300
      register: deployed

    - name: Call
      ansible.builtin.command: /usr/local/bin/test-call
      changed_when: false

    - name: It stands
      sipfleet.kamailio.deploy:
        state: confirmed
        change: "{{ deployed.change }}"
      when: deployed.change is truthy

- name: A restart after the package was upgraded, with the states of before
  sipfleet.kamailio.deploy:
    restart: due
    healthy_timeout: 60
  become: true

- name: Take a change back that nobody has confirmed yet
  sipfleet.kamailio.deploy:
    state: reverted
  become: true
"""

RETURN = r"""
action:
  description: What the server needs - V(none), V(reload), V(restart), or V(start) where it does not run.
  returned: with O(state=present)
  type: str
  sample: reload
reasons:
  description: Why it needs that.
  returned: with O(state=present)
  type: list
  elements: str
files:
  description: The files that change.
  returned: with O(state=present)
  type: list
  elements: str
  sample: [/etc/kamailio/dispatcher.list]
change:
  description: The name of a change that waits for its confirmation. Empty if none does.
  returned: always
  type: str
confirmed:
  description: Whether a change was there and stands now.
  returned: with O(state=confirmed)
  type: bool
findings:
  description: Everything that was found, as M(sipfleet.kamailio.validate) returns it.
  returned: with O(state=present)
  type: list
  elements: dict
will_start:
  description: Whether the server starts with these files.
  returned: with O(state=present)
  type: bool
restored:
  description: The states that were put back.
  returned: with O(state=present)
  type: list
  elements: dict
lost:
  description: States that could not be put back, as M(sipfleet.kamailio.dispatcher_reload) returns them.
  returned: with O(state=present)
  type: list
  elements: dict
rehearsal:
  description: What came of the start apart from the host. Empty where the server is not restarted, or is not to be rehearsed.
  returned: with O(state=present)
  type: dict
  contains:
    outcome:
      description: What the server did.
      type: str
      sample: came up
    message:
      description: The errors of the server, or why there was no rehearsal.
      type: str
    seconds:
      description: How long it took.
      type: float
    not_checked:
      description: What a rehearsal cannot show here.
      type: list
      elements: str
health:
  description: The destinations that have not answered, or of which nobody knows.
  returned: with O(state=present)
  type: list
  elements: dict
also_read_by:
  description:
    - The other servers of the host that read the list, or a file that changes, each with its C(unit), its C(config), and in C(due) what it
      needs for that - V(none), V(reload), V(restart), or V(null) where it does not answer.
    - They are servers that run now, as units of systemd. This task does not touch them; there is a warning for each one that needs something.
  returned: with O(state=present)
  type: list
  elements: dict
  sample: [{unit: kamailio@edge.service, config: /etc/kamailio/kamailio-edge.cfg, due: reload}]
kamailio_version:
  description: The version that the files were judged for.
  returned: with O(state=present)
  type: str
  sample: 6.1.5
diff:
  description: What changes.
  returned: with C(--diff)
  type: list
  elements: dict
"""

import os
from typing import TYPE_CHECKING, Any, Dict

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import (
    deploy_spec,
    require_percent,
    require_seconds,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.places import journal_folder
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import config_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.confirm import confirm

if TYPE_CHECKING:
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks


def present(module: Module, config: str) -> Dict[str, Any]:
    """The result of a change, made when no other one is under way."""
    # A confirmation needs nothing of this, and on a host each import is read and compiled anew.
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import WAIT_SECONDS, FileLocks
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.revert import is_settled, settle

    params = module.params
    folder = journal_folder(params, config)
    seconds = params["reload_timeout"] + params["restart_timeout"]
    while True:
        settle(module, folder, seconds)
        # Whoever changes something has the lock until its destinations answer.
        with FileLocks(WAIT_SECONDS + seconds + params["healthy_timeout"], params["follow"], folder) as locks:
            locks.take(config)
            # While this one waited another change can have begun.
            if is_settled(module, locks, folder):
                return change(module, locks, folder)


def change(module: Module, locks: FileLocks, folder: str) -> Dict[str, Any]:
    """Plan, judge, apply."""
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import diff_of
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.restore import Restoring
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._compare.summary import describe_health
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.finish import warn_unlocked
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.gate import (
        not_answering,
        render_down_before,
        unknown,
    )
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.readers import (
        describe_readers,
        render_behind,
    )
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.reload import describe_restoring
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._server.start import keep_start
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.deploy import (
        apply,
        describe_action,
        make_plan,
    )

    plan = make_plan(module, locks)
    if not module.check_mode:
        locks.sweep()
    result: Dict[str, Any] = {
        "changed": bool(plan.changes) or plan.action != "none",
        "action": plan.action,
        "reasons": list(plan.reasons),
        "files": [change.path for change in plan.changes],
        "change": "",
        "health": [],
        "also_read_by": describe_readers(plan.behind),
        "rehearsal": {},
        **describe_restoring(Restoring((), ())),
        **plan.result,
    }
    if plan.rehearsal or plan.reloads:
        from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.rehearse import (
            describe_rehearsal,
            unseen_of,
        )

        result["rehearsal"] = describe_rehearsal(plan.rehearsal)
        for text in unseen_of(plan.reloads, plan.rehearsal):
            module.warn(text)
    if module._diff:
        result["diff"] = diff_of(plan.changes) + (
            [describe_action(plan.of_list)] if plan.of_list and plan.action != "none" else []
        )
    if plan.refusal:
        module.fail_json(msg="%s\n\nNothing has been changed." % plan.refusal, **dict(result, changed=False))
    if plan.of_list and plan.of_list.judged.doubt:
        module.warn(plan.of_list.judged.doubt)
    for text in render_behind(plan.behind):
        module.warn(text)
    if module.check_mode:
        return result
    if plan.action not in ("restart", "start"):
        keep_start(plan.live, module.params["record"])
    if not result["changed"]:
        return result
    applied = apply(module, locks, plan, folder)
    result.update(describe_restoring(applied.restoring))
    if applied.gate:
        result["health"] = describe_health([*not_answering(applied.gate), *unknown(applied.gate)])
        for text in render_down_before(applied.gate):
            module.warn(text)
    if applied.journal.phase == "unconfirmed":
        result["change"] = applied.journal.change
    warn_unlocked(module, locks)
    return result


def run(module: Module) -> Dict[str, Any]:
    """The result for a state."""
    params = module.params
    require_percent(params)
    require_seconds(params, "timeout", "reload_timeout", "restart_timeout", "healthy_timeout", "confirm_timeout")
    # With a socket, the server would say which configuration it is.
    config = params["config"] = config_of(params["config"], params["instance"])
    for name, path in (("config", config), ("record", params["record"])):
        if not os.path.isabs(path):
            raise error("%s is %s" % (name, path), "Give its whole path, from / on")
    if params["state"] == "present":
        return present(module, config)
    if params["state"] == "confirmed":
        done = False if module.check_mode else confirm(params, config)
        return {"changed": False, "confirmed": done, "change": ""}
    if module.check_mode:
        return {"changed": os.path.isdir(journal_folder(params, config)), "change": ""}
    from ansible_collections.sipfleet.kamailio.plugins.module_utils._transaction.deploy import revert

    was_there, problems = revert(module, config)
    if problems:
        raise error("the change was taken back, but for this:\n%s" % "\n".join(problems))
    return {"changed": was_there, "change": ""}


def main() -> None:
    module = Module(
        argument_spec=deploy_spec(),
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except KamailioError as exc:
        module.fail_json(msg=exc.render())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
