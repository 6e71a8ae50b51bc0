#!/usr/bin/python
# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_info
short_description: Tell what a Kamailio configuration comes to
description:
  - Evaluates a configuration as the server does it, with includes, conditionals, defines, expressions, substitutions and what
    the server gets on its command line, and tells what takes effect and where it stands.
  - Nothing is changed, and no server is asked. What only a running server knows (pseudo-variables) is in RV(undecided), and is
    never guessed.
version_added: 0.1.0
author:
  - sipfleet.kamailio contributors (@sipfleet)
options:
  config:
    description:
      - The configuration file. With O(config_content) it is the place that the text is meant for, beside which its includes
        are looked for.
      - Left out, it is the one that the unit of O(instance) starts, or C(/etc/kamailio/kamailio.cfg).
    type: path
  config_content:
    description: The text of a configuration, instead of the file.
    type: str
  kamailio_version:
    description: The version of the server, such as V(6.1.5). Left out, it is asked of C(kamailio -v), where that is there.
    type: str
extends_documentation_fragment:
  - sipfleet.kamailio.beside
  - sipfleet.kamailio.attributes.reading
  - sipfleet.kamailio.attributes
seealso:
  - module: sipfleet.kamailio.loadmodule
  - module: sipfleet.kamailio.validate
"""

EXAMPLES = r"""
- name: What the configuration comes to
  sipfleet.kamailio.config_info:
  register: kamailio

- name: Modules in the order in which they are loaded
  ansible.builtin.debug:
    msg: "{{ kamailio.modules | map(attribute='name') }}"

- name: The interval of the probes, wherever it is set
  ansible.builtin.debug:
    msg: "{{ kamailio.parameters | selectattr('name', 'eq', 'ds_ping_interval') | map(attribute='value') }}"

- name: The same for another set of defines
  sipfleet.kamailio.config_info:
    defines: [WITH_TLS, "PORT=5061"]
"""

RETURN = r"""
path:
  description: The configuration file.
  returned: success
  type: str
  sample: /etc/kamailio/kamailio.cfg
files:
  description: The files that were read, in the order in which they are included.
  returned: success
  type: list
  elements: str
  sample: [/etc/kamailio/kamailio.cfg]
modules:
  description: The modules that are loaded, in this order.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: The module., type: str, sample: tm}
    file: {description: The file of the statement., type: str, sample: /etc/kamailio/kamailio.cfg}
    line: {description: Its line., type: int, sample: 240}
    column: {description: Its column., type: int, sample: 1}
    conditions:
      description: The conditional directives around it, outermost first.
      type: list
      elements: str
      sample: ["#!ifdef WITH_TLS"]
    define: {description: The define or substitution that it comes from., type: str, sample: MODULE}
parameters:
  description: The parameters that take effect, one entry for each parameter of each module, with passwords masked.
  returned: success
  type: list
  elements: dict
  contains:
    module: {description: The module., type: str, sample: dispatcher}
    name: {description: The parameter., type: str, sample: ds_ping_interval}
    value:
      description: The value that counts, a number or a text. V(null) if only the server knows it.
      type: raw
      sample: 10
    all_values:
      description: All values that are given, in order. Some parameters collect them (C(htable)), for others the last one counts.
      type: list
      elements: raw
      sample: [10]
    file: {description: The file of the last statement., type: str, sample: /etc/kamailio/kamailio.cfg}
    line: {description: Its line., type: int, sample: 300}
    column: {description: Its column., type: int, sample: 1}
    conditions: {description: The conditional directives around it., type: list, elements: str, sample: []}
    define: {description: The define that the statement comes from., type: str, sample: null}
listen:
  description: What stands behind each C(listen).
  returned: success
  type: list
  elements: str
  sample: ["udp:192.0.2.1:5060"]
load_path:
  description: The last C(loadpath). V(null) if none is set, so that the one built in counts.
  returned: success
  type: str
inactive:
  description: The parts of the files that do not take effect.
  returned: success
  type: list
  elements: dict
  contains:
    file: {description: The file., type: str, sample: /etc/kamailio/kamailio.cfg}
    line: {description: The first line., type: int, sample: 250}
    lines: {description: How many lines., type: int, sample: 3}
    conditions:
      description: The conditional directives around it, outermost first, of which at least one does not hold.
      type: list
      elements: str
      sample: ["#!ifdef WITH_TLS"]
undecided:
  description: What could not be evaluated, each with C(file), C(line), C(column) and C(text).
  returned: success
  type: list
  elements: dict
findings:
  description: What is wrong, as M(sipfleet.kamailio.validate) returns it; only the rules about the configuration.
  returned: success
  type: list
  elements: dict
unit:
  description: The file of the unit that O(defines=auto) was read from. V(null) if there is none.
  returned: success
  type: str
  sample: /lib/systemd/system/kamailio.service
kamailio_version:
  description: The version that the configuration was evaluated for. V(null) if it is not known.
  returned: success
  type: str
  sample: 6.1.5
"""


from typing import Any, Dict

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import config_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.findings import describe_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import beside_spec
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.summary import summarise
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, error
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.facts import known_version
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_file, read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import beside_of, config_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._module import Module


def view(module: Module) -> Dict[str, Any]:
    """The evaluated view."""
    params = module.params
    path = config_of(params["config"], params["instance"])
    if params["config_content"] is not None:
        data = params["config_content"].encode("utf-8", "surrogateescape")
    else:
        data = read_file(path)
    if data is None:
        raise error("is not there", "Give the path of kamailio.cfg in config, or its text", path)
    version = known_version(module, params["kamailio_version"])
    service, beside = beside_of(params["defines"], params["instance"], path)
    evaluation = evaluate(path, data, read_include, version, beside)
    return {
        "changed": False,
        "path": path,
        "findings": describe_findings(config_findings(evaluation, version)),
        "unit": service.path if service else None,
        "kamailio_version": str(version) if version else None,
        **summarise(evaluation),
    }


def main() -> None:
    module = Module(
        argument_spec=dict(
            beside_spec(),
            config={"type": "path"},
            config_content={"type": "str"},
            kamailio_version={"type": "str"},
        ),
        supports_check_mode=True,
    )
    try:
        module.exit_json(**view(module))
    except KamailioError as exc:
        module.fail_json(msg=exc.render())


if __name__ == "__main__":
    main()
