# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a function imports fails on a host only, when the function runs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

COLLECTION = "ansible_collections.sipfleet.kamailio"
PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.mark.parametrize("path", sorted(PLUGINS.rglob("*.py")), ids=lambda path: str(path.relative_to(PLUGINS)))
def test_imported_names_exist_also_where_a_function_imports_them(path: Path) -> None:
    package = ".".join([COLLECTION, "plugins", *path.relative_to(PLUGINS).parent.parts])
    missing = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith(COLLECTION)):
            names = [alias.name for alias in node.names]
            module = __import__(node.module or "", {"__package__": package}, None, names, node.level)
            missing += [
                "line %d: %s.%s" % (node.lineno, node.module, name) for name in names if not hasattr(module, name)
            ]
    assert missing == []


def test_a_confirmation_loads_no_analysis() -> None:
    # It is a round trip of its own in each change of each host, and a host compiles all that is imported.
    program = (
        "import sys; import %s.plugins.modules.deploy; print([name for name in sys.modules if '._analysis' in name])"
    )
    run = [sys.executable, "-c", program % COLLECTION]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    shown = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert (shown.stdout, shown.stderr) == ("[]\n", "")
