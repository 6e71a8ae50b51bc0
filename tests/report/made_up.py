# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook audit as it is, on hosts that are made up: the two modules are stubs that give the results of a file.

Whatever is in a result comes from a stub as it would come from a host.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
Results = dict[str, Any]

STUB = """
import json
from pathlib import Path
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        found = json.loads((Path(task_vars["made_up"]) / (task_vars["number"] + ".json")).read_text())["{name}"]
        if found is None:
            raise AnsibleConnectionFailure("no route to host")
        return found
"""

REASONS = {
    "continuously": "ds_probing_mode 1 probes every destination, every 10 s",
    "until_first_answer": "the first answer clears its P flag in ds_probing_mode 0",
    "never": "tm is not loaded",
    "unknown": "the configuration cannot be evaluated",
}


WATCH = {"continuously": "watched", "until_first_answer": "once", "unknown": "unknown"}


def listed(setid: int, uri: str, flags: int = 8, effect: str = "continuously", line: int = 3, **more: Any) -> Results:
    """A destination as validate returns it."""
    letters = "AP" if flags & 8 else "AX"
    found = {"setid": setid, "uri": uri, "flags": flags, "letters": letters, "line": line, "skipped": False}
    watch = WATCH.get(effect) or ("blind" if flags & 8 else "not_asked")
    return {**found, "watch": watch, "effect": effect, "reason": REASONS[effect], **more}


def running(setid: int, uri: str, letters: str = "AP", effect: str = "continuously", **more: Any) -> Results:
    """A destination as dispatcher_info returns it."""
    flags = {"A": 0, "I": 1, "T": 2, "D": 4}[letters[0]] | (8 if letters[1] == "P" else 0)
    found = {"setid": setid, "uri": uri, "letters": letters, "flags": flags, "flags_complete": True, "states": []}
    rest = {"priority": 0, "attrs": "", "duid": None, "latency": None, "load": None}
    of_list = {"line": None, "list_flags": None, "list_letters": None}
    watch = WATCH.get(effect) or ("blind" if letters[1] == "P" else "not_asked")
    return {**found, **rest, **of_list, "watch": watch, "effect": effect, "reason": REASONS[effect], **more}


def finding(rule: str = "probing-without-tm", severity: str = "warning", **more: Any) -> Results:
    """A finding of validate."""
    found = {"rule": rule, "severity": severity, "file": "/etc/kamailio/dispatcher.list", "line": 3, "column": 25}
    said = {"text": "P flag, and tm is not loaded: nothing probes it", "remedy": 'Put loadmodule "tm.so" before it'}
    return {**found, "destination": None, "source": "", **said, "page": "docs/rules/%s.md" % rule, **more}


def files(*probing: Results, findings: list[Results] | None = None, **more: Any) -> Results:
    """The result of validate."""
    found = {"changed": False, "will_start": True, "findings": findings or [], "probing": list(probing)}
    return {**found, "kamailio_version": "6.1.5", **more}


def server(*destinations: Results, rows: list[Results], drift: list[Results] | None = None, **more: Any) -> Results:
    """The result of dispatcher_info; the rows are those of the list, each with a URI of its own."""
    by_uri = {entry["uri"]: entry for entry in rows}
    for destination in destinations:
        row = by_uri.pop(destination["uri"], None)
        if row:
            destination.update(line=row["line"], list_flags=row["flags"], list_letters=row["letters"])
    absent = [{name: entry[name] for name in ("setid", "uri", "flags", "letters", "line")} for entry in by_uri.values()]
    found = {
        "changed": False,
        "destinations": list(destinations),
        "absent": [{**entry, "reason": "it is in the list and does not run"} for entry in absent],
        "drift": drift or [],
        "modules": ["tm", "dispatcher"],
    }
    about = {"reload_due": False, "pings_active": True, "config_changed": False, "kamailio_version": "6.1.5"}
    restart = {"restart_due": bool(more.get("restart_reasons")), "restart_reasons": []}
    return {**found, **about, **restart, **more}


def healthy(count: int = 4, sets: int = 2, net: str = "10.0.0", **more: Any) -> tuple[Results, Results]:
    """A host on which nothing is wrong."""
    uris = [(1 + index * sets // count, "sip:%s.%d:5060" % (net, index + 1)) for index in range(count)]
    rows = [listed(setid, uri, line=index + 2) for index, (setid, uri) in enumerate(uris)]
    runs = [running(setid, uri, priority=10, attrs="weight=50") for setid, uri in uris]
    return files(*rows, **more), server(*runs, rows=rows, **more)


def silent(
    will_start: bool = True, *probing: Results, findings: list[Results] | None = None
) -> tuple[Results, Results]:
    """A host whose server does not answer."""
    verdict = files(*probing, findings=findings, will_start=will_start)
    return verdict, {"changed": False, "failed": True, "msg": "no server answers at /run/kamailio/kamailio_ctl"}


def collection(folder: Path) -> Path:
    """A path of collections in which the collection has its playbooks, and stubs for what they ask."""
    own = folder / "collections" / "ansible_collections" / "sipfleet" / "kamailio"
    (own / "plugins" / "action").mkdir(parents=True)
    (own / "plugins" / "modules").mkdir()
    (own / "galaxy.yml").symlink_to(ROOT / "galaxy.yml")
    (own / "playbooks").symlink_to(ROOT / "playbooks")
    for name in ("validate", "dispatcher_info"):
        (own / "plugins" / "action" / (name + ".py")).write_text(STUB.replace("{name}", name))
        (own / "plugins" / "modules" / (name + ".py")).write_text("")
    return folder / "collections"


def audit(
    folder: Path,
    hosts: dict[str, Any],
    *arguments: str,
    book: str = "sipfleet.kamailio.audit",
    ansible: Sequence[str] = (str(PLAYBOOK),),
    **variables: Any,
) -> subprocess.CompletedProcess[str]:
    """Run the audit over these hosts, each with what validate and dispatcher_info return there.

    None is a host that cannot be reached, by both of them or by one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    inventory: dict[str, Any] = {}
    for index, (name, found) in enumerate(hosts.items()):
        inventory[name] = {"made_up": str(folder), "number": str(index)}
        verdict, runs = found or (None, None)
        results = {"validate": verdict, "dispatcher_info": runs}
        (folder / ("%d.json" % index)).write_text(json.dumps(results))
    groups = {"kamailio": {"hosts": inventory, "vars": {"ansible_connection": "local"}}}
    (folder / "inventory.json").write_text(json.dumps({"all": {"children": groups}}))
    paths = folder / "collections" if (folder / "collections").exists() else collection(folder)
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(paths),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible" / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "remote"),
        "ANSIBLE_PYTHON_INTERPRETER": str(Path(ansible[-1]).with_name("python")),
        "ANSIBLE_NOCOLOR": "true",
    }
    line: list[str | Path] = [*ansible, "-i", folder / "inventory.json", "-e", json.dumps(variables), *arguments, book]
    return subprocess.run(line, capture_output=True, text=True, env=environment, check=False, cwd=folder)
