# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from attack.attacker import Attackers


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder of root that every user can enter, which the one of pytest is not."""
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def attackers() -> Iterator[Attackers]:
    """Starts attackers, and kills them at the end."""
    with Attackers() as started:
        yield started
