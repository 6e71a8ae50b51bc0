# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition of an execution environment, with a tarball of the collection."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def test_ansible_builder_accepts_it(tmp_path: Path) -> None:
    definition = tmp_path / "execution-environment.yml"
    shutil.copy(ROOT / "extensions" / "ee" / "execution-environment.yml", definition)
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in files:
        target = tmp_path / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    build: list[str | Path] = [
        BIN / "ansible-galaxy",
        "collection",
        "build",
        tmp_path / "source",
        "--output-path",
        tmp_path,
    ]
    subprocess.run(build, check=True, capture_output=True)
    create: list[str | Path] = [
        BIN / "ansible-builder",
        "create",
        "--file",
        definition,
        "--context",
        tmp_path / "context",
    ]
    done = subprocess.run(create, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "context" / "_build" / "sipfleet-kamailio-0.1.0.tar.gz").is_file()
