#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dispatcher_list
short_description: Manage the destinations in a Kamailio dispatcher.list
description:
  - Adds, changes and removes destinations in the list file of Kamailio's C(dispatcher) module.
  - The file is read as the server reads it. Whatever a task does not name stays as it is, to the byte - comments, columns,
    line ends and bytes that are not UTF-8.
  - Whether something changes is decided by meaning. Attributes in another order, or V(AP) for V(8), are no change.
  - The server reads the file at its start and at C(dispatcher.reload); this module does not reload it.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
options:
  path:
    description: The list file. A symbolic link is followed.
    type: path
    default: /etc/kamailio/dispatcher.list
  destinations:
    description:
      - The destinations, any number of them in one task. Those that are new are written behind the last one of their set,
        in the order given here.
      - All entries are checked before anything is written, and all problems are reported at once.
    type: list
    elements: dict
    default: []
    suboptions:
      setid:
        description: The set, a number from 0 to 2147483647.
        type: int
        required: true
      uri:
        description:
          - The SIP URI of the destination. With O(destinations[].setid) it tells which one is meant; the server compares URIs
            without regard to case, and so does this module.
          - Destinations that share a URI in a set on purpose are told apart by the C(duid) in O(destinations[].attrs), or by the
            C(socket) where there is no C(duid). Each entry for them needs its own. A destination that has neither yet gets
            them from the entry that names its URI. An entry with another C(duid) than the only destination of its URI has is
            refused, since it may be the same one or a second one - name both, or the old one with V(absent).
          - What the server would skip is refused - a port above 65535, an IPv6 address without brackets, a name of less than five
            characters without C(sip:). With O(destinations[].state=absent) any word will do, so that such lines can be removed.
        type: str
        required: true
      flags:
        description:
          - The flags as a number (V(8)), as the two letters that the server's RPC shows (V(AP), V(IX), V(DP)), or as a list of
            the names V(active), V(inactive) (1), V(trying) (2), V(disabled) (4), V(probing) (8), V(no_dns) (16) and
            V(no_ping) (32, Kamailio 6.0 and newer).
          - Written as the decimal number that every server version reads.
          - Left out, the flags of a destination that is there stay as they are; those of a new one are 0.
        type: raw
      priority:
        description:
          - The priority, a number from 0 to 2147483647; higher comes first.
          - Left out, it stays as it is, or is 0 for a new destination.
        type: int
      attrs:
        description:
          - The attributes, as a mapping or as the text C(name=value;name=value). What becomes of others that the destination has
            is said by O(attrs_mode). Those that stay keep their place and their spelling.
          - The values of a mapping are given without quotes; they are quoted where the server's parser needs that. An attribute
            with the value V(null) is removed.
          - Left out, they stay as they are. An empty mapping or text removes them, with O(attrs_mode=replace).
        type: raw
      description:
        description:
          - A text for people, written as a comment that begins with C(#:) on the line above the destination, and found again there.
            It goes when the destination goes. An empty text removes it.
          - Comments without the colon are never changed, but one with the same text will do.
        type: str
      state:
        description: Whether the destination is to be there. With V(absent) only set, URI, C(duid) and C(socket) matter.
        type: str
        choices: [present, absent]
        default: present
  purge:
    description:
      - What to remove beside the destinations with O(destinations[].state=absent).
      - V(none) removes nothing else.
      - V(set) removes what is not in O(destinations), in the sets that O(destinations) names.
      - V(file) removes everything that is not in O(destinations). Comments stay.
    type: str
    choices: [none, set, file]
    default: none
  attrs_mode:
    description:
      - What becomes of attributes that an entry of O(destinations) does not name, where it gives O(destinations[].attrs).
      - V(replace) removes them.
      - V(merge) keeps them.
    type: str
    choices: [replace, merge]
    default: replace
  ensure_order:
    description:
      - Whether the destinations of a set must stand in the file in the order in which O(destinations) names them.
      - Mind that the server turns it round. It tries a higher priority first, and among equal ones the last of the file (seen
        with algorithm 8 on all tested versions). RV(sipfleet.kamailio.dispatcher_list_info#module:sets) tells the result.
      - They change places with each other, with their descriptions; whatever stands between them stays where it is.
    type: bool
    default: false
  config:
    description:
      - The configuration of the server that reads this list. If it is given, the list as it is about to be written is judged
        with it, as M(sipfleet.kamailio.validate) does, and O(on_violation) says what is done about findings.
      - Left out, nothing is judged beyond what O(destinations) asks for.
    type: path
  create:
    description: Whether to create the file if it is not there. With V(false) that is an error.
    type: bool
    default: true
  backup:
    description: Make a backup of each file before it is changed.
    type: bool
    default: false
extends_documentation_fragment:
  - ansible.builtin.files
  - sipfleet.kamailio.judging
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.links
  - sipfleet.kamailio.attributes.writing
  - sipfleet.kamailio.attributes
notes:
  - Two runs at once on a host take turns, by a lock on the file; one that waits for more than 30 seconds fails.
  - A file that is created is readable for everybody (0644) unless O(mode) says otherwise, since the server does not run as root.
seealso:
  - module: sipfleet.kamailio.dispatcher_list_info
  - module: sipfleet.kamailio.validate
"""

EXAMPLES = r"""
- name: Two gateways, the first one probed
  sipfleet.kamailio.dispatcher_list:
    destinations:
      - setid: 1
        uri: sip:10.0.0.11:5060
        flags: AP
        priority: 10
        attrs:
          weight: 50
          duid: gw1
      - setid: 1
        uri: sip:10.0.0.12:5060

- name: Set 2 holds these gateways and no others
  sipfleet.kamailio.dispatcher_list:
    destinations:
      - {setid: 2, uri: "sip:10.0.1.11", flags: [probing]}
      - {setid: 2, uri: "sip:10.0.1.12", flags: [probing]}
    purge: set
    backup: true

- name: Change the weight, keep the other attributes, and let nothing through that would not be probed
  sipfleet.kamailio.dispatcher_list:
    config: /etc/kamailio/kamailio.cfg
    destinations:
      - setid: 1
        uri: sip:10.0.0.11:5060
        attrs:
          weight: 60
    attrs_mode: merge

- name: Hamburg is tried first, since it stands last
  sipfleet.kamailio.dispatcher_list:
    destinations:
      - {setid: 3, uri: "sip:10.0.2.11", description: Berlin}
      - {setid: 3, uri: "sip:10.0.2.12", description: Hamburg}
    ensure_order: true

- name: Take a gateway out
  sipfleet.kamailio.dispatcher_list:
    destinations:
      - setid: 1
        uri: sip:10.0.0.12:5060
        state: absent
"""

RETURN = r"""
path:
  description: The list file.
  returned: success
  type: str
  sample: /etc/kamailio/dispatcher.list
before:
  description:
    - The destinations that this task changes, removes or moves, as they were. A text in the form of dispatcher.list, with their
      descriptions; P(sipfleet.kamailio.from_dispatcher_list#filter) makes a list of it.
  returned: success
  type: str
  sample: "1 sip:10.0.0.11:5060 0 10 weight=50;duid=gw1\n"
after:
  description: The destinations that this task changes, adds or moves, as they are afterwards. A text like RV(before).
  returned: success
  type: str
  sample: "1 sip:10.0.0.11:5060 8 10 weight=50;duid=gw1\n"
will_start:
  description: Whether the server starts with the list and O(config). V(null) where the configuration cannot be evaluated.
  returned: when O(config) is given
  type: bool
findings:
  description: Everything that was found, as M(sipfleet.kamailio.validate) returns it.
  returned: when O(config) is given
  type: list
  elements: dict
kamailio_version:
  description: The version that was judged for.
  returned: when O(config) is given
  type: str
  sample: 6.1.5
backup_file:
  description: The backup that was made of the list.
  returned: when a backup was made
  type: str
  sample: /etc/kamailio/dispatcher.list.4242.2026-11-23@03:00:00~
backup_files:
  description: The backup that was made of O(config).
  returned: when it was corrected and a backup was made
  type: list
  elements: str
diff:
  description: The change of the file.
  returned: with C(--diff)
  type: list
  elements: dict
"""


from typing import Any, Dict, Tuple

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.asked import policy_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.guard import REPORT, describe_verdict, guard
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.judge import Question
from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import judging_spec, links_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._change import Change, diff_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.plan import Planned, plan_destinations
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.wish import parse_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.finish import finish
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.locks import FileLocks
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.naming import require_named
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.readers import readers_of, refusal_of_readers
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.site import site_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rules import known_rules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import show


def plan(params: Dict[str, Any], locks: FileLocks) -> Tuple[Change, Planned]:
    """The change of the file that the parameters ask for, and the destinations before and after."""
    wishes = parse_wishes(params["destinations"])
    before = locks.read(params["path"])
    if before is None and not params["create"]:
        raise error("is not there", "Create it, or let create be true", params["path"])
    merge = params["attrs_mode"] == "merge"
    planned = plan_destinations(before or b"", wishes, params["purge"], params["path"], merge, params["ensure_order"])
    return Change(params["path"], before, planned.data), planned


def invocation(params: Dict[str, Any]) -> Dict[str, Any]:
    """The arguments for the result; thousands of destinations would only travel back."""
    return {"module_args": dict(params, destinations="%d entries" % len(params["destinations"]))}


def run(module: Module, locks: FileLocks) -> None:
    """Plan, judge, write and report."""
    params = module.params
    if params["config"]:
        locks.take(params["config"])
    own, planned = plan(params, locks)
    result = {
        "path": params["path"],
        "before": show(planned.before),
        "after": show(planned.after),
        "invocation": invocation(params),
    }
    others: Tuple[Change, ...] = ()
    if params["config"]:
        site = site_of(module, params, locks.read, locks.include)
        question = Question(
            config=params["config"],
            texts={own.path: planned.data},
            listing=own.path,
            list_text=None,
            ignore=known_rules(params["ignore"]),
        )
        policy = policy_of(params)
        outcome = guard(question, site, policy)
        result.update(describe_verdict(outcome.before, site.version), will_start=outcome.after.analysis.will_start)
        texts = {own.path: outcome.after.listing.data or b""}
        refusal = outcome.refusal
        if not refusal and policy.on_violation != REPORT:
            readers = readers_of(list(texts), params["config"], site.version)
            refusal = refusal_of_readers(module, readers, texts, policy, question.ignore)
        if refusal:
            diff = {"diff": diff_of([own])} if module._diff else {}
            module.fail_json(msg="%s\n\nNothing has been written." % refusal, **dict(result, **diff))
        own, others = own._replace(after=texts[own.path]), outcome.writes
        require_named(outcome.after.evaluation, others, params["follow"], question.texts)
    finish(module, locks, own, result, others)


def main() -> None:
    module = Module(
        argument_spec=dict(
            judging_spec(),
            **links_spec(),
            path={"type": "path", "default": "/etc/kamailio/dispatcher.list"},
            destinations={"type": "list", "elements": "dict", "default": []},
            purge={"type": "str", "choices": ["none", "set", "file"], "default": "none"},
            attrs_mode={"type": "str", "choices": ["replace", "merge"], "default": "replace"},
            ensure_order={"type": "bool", "default": False},
            config={"type": "path"},
            create={"type": "bool", "default": True},
            backup={"type": "bool", "default": False},
        ),
        add_file_common_args=True,
        supports_check_mode=True,
    )
    try:
        with FileLocks(follow=module.params["follow"], lock=not module.check_mode) as locks:
            run(module, locks)
    except KamailioError as exc:
        module.fail_json(msg=exc.render())


if __name__ == "__main__":
    main()
