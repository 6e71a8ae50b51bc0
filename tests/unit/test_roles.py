# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the roles says what their defaults are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.sipfleet.kamailio.plugins.module_utils._argspec import deploy_spec

ROLES = sorted(path for path in (Path(__file__).parents[2] / "roles").iterdir() if path.is_dir())


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text()) or {}


def test_there_are_roles() -> None:
    assert ROLES


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_those_of_the_documentation(role: Path) -> None:
    defaults = load(role / "defaults" / "main.yml")
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    for name, spec in specs.items():
        declared = {variable: option["default"] for variable, option in spec["options"].items() if "default" in option}
        # Compared with their types: True is not 1 here, and 60 is not 60.0.
        assert repr(sorted(declared.items())) == repr(sorted(defaults.items())), name


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_variable_has_the_prefix_of_its_role_and_a_description(role: Path) -> None:
    for spec in load(role / "meta" / "argument_specs.yml")["argument_specs"].values():
        for name, option in spec["options"].items():
            assert name.startswith(role.name + "_")
            assert option["description"]
            assert not (option.get("required") and "default" in option)


def test_a_change_is_planned_and_made_with_every_variable_of_the_role() -> None:
    role = ROLES[0].parent / "dispatcher"
    options = load(role / "vars" / "main.yml")["dispatcher_options"]
    declared = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    # The destinations of the groups are among dispatcher_wanted.
    assert {"dispatcher_" + name for name in options} | {"dispatcher_groups"} == set(declared)
    # Not those that confirm a change or revert it.
    assert set(options) | {"state", "change", "confirm"} == set(deploy_spec())
    for name in ("preflight.yml", "apply.yml"):
        (task,) = yaml.safe_load((role / "tasks" / name).read_text())
        assert task["sipfleet.kamailio.deploy"] is None
        assert task["module_defaults"] == {"sipfleet.kamailio.deploy": "{{ dispatcher_options }}"}
