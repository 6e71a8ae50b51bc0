# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.sipfleet.kamailio.plugins.filter.destinations_of_groups import FIELDS, destinations_of_groups

ROOT = Path(__file__).parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
GROUPS = {"gateways": ["gw2", "gw1"], "old": ["gw3"], "nobody": []}
HOSTVARS: dict[str, dict[str, Any]] = {
    "gw1": {"ansible_host": "10.0.0.11", "sip6": "2001:db8::1", "bad": "10.0.0.11 x"},
    "gw2": {"ansible_host": "10.0.0.12", "sip6": "[2001:db8::2]", "bad": "10.0.0.12"},
    "gw3": {"ansible_host": ""},
}


def made(*sets: Any) -> list[dict[str, Any]]:
    return destinations_of_groups(list(sets), GROUPS, HOSTVARS)


def test_every_host_of_a_group_is_a_destination_in_the_order_of_the_names() -> None:
    assert made({"setid": 1, "group": "gateways"}) == [
        {"setid": 1, "uri": "sip:10.0.0.11:5060", "flags": 8, "priority": 0, "attrs": {"duid": "gw1"}},
        {"setid": 1, "uri": "sip:10.0.0.12:5060", "flags": 8, "priority": 0, "attrs": {"duid": "gw2"}},
    ]


def test_every_field_of_a_set_is_obeyed() -> None:
    fields = {"address": "sip6", "port": "5080", "flags": ["inactive"], "priority": 3, "attrs": "weight=50;cc=1"}
    found = made({"setid": "2", "group": "gateways", **fields})
    assert found[0] == {
        "setid": 2,
        "uri": "sip:[2001:db8::1]:5080",
        "flags": 1,
        "priority": 3,
        "attrs": {"duid": "gw1", "weight": "50", "cc": "1"},
    }
    assert found[1]["uri"] == "sip:[2001:db8::2]:5080"


def test_the_name_of_a_host_is_its_address_only_where_the_set_names_no_variable() -> None:
    assert [entry["uri"] for entry in made({"setid": 1, "group": "old"})] == ["sip:gw3:5060"]
    assert [entry["uri"] for entry in made({"setid": 1, "group": "old", "address": None})] == ["sip:gw3:5060"]


def test_no_set_makes_no_destination() -> None:
    assert made() == []


# what is given, and the message
ERRORS: list[tuple[Any, str]] = [
    ("x", "destinations_of_groups takes a list of sets, not 'x'"),
    (["x"], "dispatcher_groups[0] is not a mapping with setid and group"),
    ([{}], "dispatcher_groups[0].setid is missing\ndispatcher_groups[0].group is missing"),
    (
        [{"setid": "x", "group": 5, "address": [], "port": 0, "flags": "ZZ", "priority": -1, "attrs": {}}],
        "dispatcher_groups[0].setid 'x' is not a whole number of decimal digits\n"
        "dispatcher_groups[0].group '5' is not a name\n"
        "dispatcher_groups[0].address '[]' is not a name\n"
        "dispatcher_groups[0].port 0 is not a port, 1 to 65535\n"
        "dispatcher_groups[0].flags 'ZZ' is not a number, not two letters (A, I, D or T, then P, N or X) and not "
        "one of the names active, inactive, trying, disabled, probing, no_dns, no_ping\n"
        "dispatcher_groups[0].priority '-1' is not a whole number of decimal digits\n"
        "dispatcher_groups[0].attrs is not text such as weight=50;cc=1",
    ),
    (
        [{"setid": 1, "group": "gateways", "prio": 1}],
        "dispatcher_groups[0].prio is not known. The fields are setid, group, address, port, flags, priority, attrs",
    ),
    (
        [{"setid": 1, "group": "gateways"}, {"setid": 1, "group": "nobody"}, {"setid": 2, "group": "lost"}],
        "dispatcher_groups[1]: no host is in the group nobody. Correct group, or the inventory\n"
        "dispatcher_groups[2]: no host is in the group lost. Correct group, or the inventory",
    ),
    (
        [{"setid": 1, "group": "old", "address": "ansible_host"}],
        "dispatcher_groups[0]: gw3 has no ansible_host. Correct address, or the inventory",
    ),
    (
        [{"setid": 1, "group": "gateways", "address": "bad"}],
        "dispatcher_groups[0]: bad of gw1 makes no URI: 'sip:10.0.0.11 x:5060' holds ' ', at which the server stops "
        "reading the URI. Correct address, or the inventory",
    ),
]


@pytest.mark.parametrize(("sets", "message"), ERRORS)
def test_error(sets: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        destinations_of_groups(sets, GROUPS, HOSTVARS)
    assert str(caught.value) == message


def test_what_the_server_would_misread_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="duid"):
        made({"setid": 1, "group": "gateways", "attrs": "duid=a"})
    with pytest.raises(AnsibleFilterError, match=r"sip:10\.0\.0\.11:5060"):
        made({"setid": 1, "group": "gateways"}, {"setid": 1, "group": "gateways"})


@pytest.mark.parametrize("name", ["groups", "hostvars"])
def test_variables_of_ansible_must_be_mappings(name: str) -> None:
    given: dict[str, Any] = {"groups": GROUPS, "hostvars": HOSTVARS, name: ["x"]}
    with pytest.raises(AnsibleFilterError, match="takes the variable %s of Ansible" % name):
        destinations_of_groups([], **given)


def test_fields_and_defaults_are_those_of_the_role() -> None:
    specs = yaml.safe_load((ROOT / "roles/dispatcher/meta/argument_specs.yml").read_text())["argument_specs"]
    options = specs["main"]["options"]["dispatcher_groups"]["options"]
    assert {name: option.get("default") for name, option in options.items()} == {
        name: default for name, (_parse, default) in FIELDS.items()
    }


def test_variables_of_hosts_are_templated(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(
        "[gateways]\ngw1 sip='{{ site }}.1' site=10.0.0 gone='{{ nothing }}'\ngw2 sip=10.0.0.2 gone=10.0.0.9\n"
    )
    shown = "{{ [{'setid': 1, 'group': 'gateways', 'address': variable}] | %s(groups, hostvars) }}"
    task = {"ansible.builtin.debug": {"msg": shown % "sipfleet.kamailio.destinations_of_groups"}}
    play = [{"hosts": "gw2", "gather_facts": False, "tasks": [task]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))

    def run(variable: str) -> str:
        command: list[str | Path] = [
            PLAYBOOK,
            "-i",
            tmp_path / "hosts",
            "-e",
            "variable=" + variable,
            tmp_path / "play.yml",
        ]
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".work" / "collections")}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        return done.stdout + done.stderr

    assert '"uri": "sip:10.0.0.1:5060"' in run("sip")
    assert "dispatcher_groups[0]: gw1 has no gone" in run("gone")
