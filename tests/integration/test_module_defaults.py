# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Defaults for all modules at once, by their action group."""

from __future__ import annotations

import importlib
from pathlib import Path

import yaml

from integration.playbook import run_tasks

ROOT = Path(__file__).parents[2]
GROUP = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["kamailio"]
# The options that a play has in one place.
SHARED = ("config", "instance", "defines")


def test_every_module_of_the_group_takes_the_options_of_a_server() -> None:
    names = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
    outside = [name for name in names if name not in GROUP]
    assert outside == ["dispatcher_list_info", "show_diffs"] and sorted(GROUP) == GROUP
    fragments = {
        name: importlib.import_module(
            "ansible_collections.sipfleet.kamailio.plugins.doc_fragments.%s" % name
        ).ModuleDocFragment
        for name in ("beside", "judging", "links", "server")
    }
    for name in GROUP:
        module = importlib.import_module("ansible_collections.sipfleet.kamailio.plugins.modules.%s" % name)
        found = yaml.safe_load(module.DOCUMENTATION)
        options = dict(found.get("options", {}))
        for fragment in found["extends_documentation_fragment"]:
            whole = fragments.get(fragment.rpartition(".")[2])
            options.update(yaml.safe_load(whole.DOCUMENTATION)["options"] if whole else {})
        assert set(SHARED) <= set(options), name


def test_defaults_of_a_play(tmp_path: Path) -> None:
    config = tmp_path / "edge.cfg"
    config.write_text('loadmodule "tm.so"\n')
    defaults = {"group/sipfleet.kamailio.kamailio": {"config": str(config), "defines": ["WITH_X"]}}
    tasks = [
        {"sipfleet.kamailio.%s" % name: options, "module_defaults": defaults}
        for name, options in (
            ("config_info", {}),
            ("validate", {"check": False}),
            ("loadmodule", {"modules": [{"name": "sl"}]}),
        )
    ]
    info, judged, loaded = run_tasks(tmp_path, tasks)
    assert [module["name"] for module in info["modules"]] == ["tm"] and not judged.get("failed"), judged
    assert loaded["changed"] and config.read_text() == 'loadmodule "tm.so"\nloadmodule "sl.so"\n'
