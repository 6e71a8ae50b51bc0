# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole files of the controller, read and rendered for a module."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Iterator

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader

_SOURCES = ("content", "src", "template", "tree", "encoded")


def with_contents(action: ActionBase, entries: list[dict[str, Any]], task_vars: Any) -> list[dict[str, Any]]:
    """The option C(files) of a task with the contents of src, template and tree. Raises AnsibleActionFail."""
    found: list[dict[str, Any]] = []
    for entry in entries:
        given = [name for name in _SOURCES if entry.get(name) is not None]
        if len(given) > 1:
            raise AnsibleActionFail("files: %s: %s are given, and only one can be" % (entry["path"], _listed(given)))
        if entry["purge"] and given != ["tree"]:
            raise AnsibleActionFail("files: %s: purge is for a tree" % entry["path"])
        try:
            found += _resolved(action, entry, task_vars)
        except (AnsibleError, OSError) as exc:
            raise AnsibleActionFail("files: %s: %s" % (entry["path"], exc)) from None
    return found


def _listed(names: list[str]) -> str:
    return "%s and %s" % (", ".join(names[:-1]), names[-1])


def _resolved(action: ActionBase, entry: dict[str, Any], task_vars: Any) -> Iterator[dict[str, Any]]:
    rest = {name: value for name, value in entry.items() if name not in _SOURCES and value is not None}
    if entry.get("tree") is not None:
        folder = Path(action._find_needle("files", entry["tree"]))
        if not folder.is_dir():
            raise AnsibleError("tree is %s, which is not a folder" % entry["tree"])
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            target = "%s/%s" % (entry["path"].rstrip("/"), path.relative_to(folder))
            yield {**rest, "path": target, "purge": False, "encoded": _encoded(_read(action, str(path)))}
        if entry["purge"]:
            yield {"path": entry["path"], "purge": True}
    elif entry.get("src") is not None:
        yield {**rest, "encoded": _encoded(_read(action, action._find_needle("files", entry["src"])))}
    elif entry.get("template") is not None:
        yield {**rest, "encoded": _encoded(_rendered(action, entry["template"], task_vars))}
    else:
        yield {name: value for name, value in entry.items() if value is not None}


def _read(action: ActionBase, path: str) -> bytes:
    """The bytes of a file of the controller, decrypted if Ansible Vault has encrypted it."""
    return Path(action._loader.get_real_file(path)).read_bytes()


def _rendered(action: ActionBase, name: str, task_vars: Any) -> bytes:
    lookup = lookup_loader.get("ansible.builtin.template", loader=action._loader, templar=action._templar)
    # The text as it is, and not as what it could be in YAML.
    texts = lookup.run([name], variables=task_vars, convert_data=False)
    return "".join(str(text) for text in texts).encode("utf-8", "surrogateescape")


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
