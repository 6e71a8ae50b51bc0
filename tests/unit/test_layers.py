# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports go downwards only."""

from __future__ import annotations

import ast
from pathlib import Path

PLUGINS = Path(__file__).parents[2] / "plugins"
UTILS = PLUGINS / "module_utils"
# From the bottom up; a room may use what stands before it.
LAYERS = [
    "_text",
    "_memory",
    "_errors",
    "_versions",
    "_rules",
    "_patch",
    "_secrets",
    "_change",
    "_exit",
    "_rights",
    "_trust",
    "_dispatcher",
    "_config",
    "_server",
    "_analysis",
    "_running",
    "_host",
    "_argspec",
    "_module",
    "_live",
    "_transaction",
]


def imports_of(path: Path) -> set[str]:
    package = path.relative_to(UTILS).parent.parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = (*package, "")[: len(package) + 1 - node.level]
            module = [*base, *(node.module.split(".") if node.module else [])]
            found |= {module[0]} if module and module[0] else {alias.name for alias in node.names}
    return found


def test_every_room_has_its_layer() -> None:
    rooms = {path.stem for path in UTILS.iterdir() if path.name not in ("__init__.py", "__pycache__")}
    assert rooms == set(LAYERS)


def test_imports_go_downwards() -> None:
    seen = 0
    for path in UTILS.rglob("*.py"):
        room = path.relative_to(UTILS).parts[0].replace(".py", "")
        for used in imports_of(path) - {room}:
            if used in LAYERS:
                seen += 1
                assert LAYERS.index(used) < LAYERS.index(room), f"{path} imports {used}"
    assert seen > 20


def test_pure_code_uses_no_ansible() -> None:
    for path in set(UTILS.rglob("*.py")) - {UTILS / "_module.py"}:
        assert "import ansible" not in path.read_text() and "from ansible" not in path.read_text(), path
