# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions of ansible-core that "make cores" has put beside the one of the tests."""

from __future__ import annotations

from pathlib import Path

OLDEST_AND_NEWEST = ["2.17", "2.21"]
_WORK = Path(__file__).parents[1] / ".work"


def playbook_program(core: str) -> list[str]:
    """The words that run the ansible-playbook of a version; its Python may live in a root file system of the lab."""
    venv = _WORK / ("core-" + core)
    return [*(venv / "where").read_text().splitlines(), str(venv / "bin" / "ansible-playbook")]
