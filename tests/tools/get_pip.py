# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the place of the get-pip.py that ansible-test would download: pip comes from ensurepip."""

from __future__ import annotations

import os
import subprocess
import sys

environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
for command in (["ensurepip", "--upgrade", "--default-pip"], ["pip", "install", "--quiet", *wanted]):
    status = subprocess.call([sys.executable, "-m", *command], env=environment)
    if status:
        sys.exit(status)
