# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Memory: how much of the files of a host a task takes in, and Python where very many objects are made at once."""

from __future__ import annotations

import contextlib
import gc
from typing import Iterator

MIB = 1 << 20
# A file: a list of a million destinations has up to 100 MiB.
FILE_BYTES = 256 * MIB
# Lines of a list: each takes half a KiB of memory, however short it is.
LIST_LINES = 2_000_000
# What is kept of a server: a list with one more line, or the states of as many destinations.
KEPT_BYTES = FILE_BYTES + MIB
# A configuration with all that it includes: the server reads it into 8 MiB of private memory, unless it has -M.
CONFIG_BYTES = 32 * MIB
# A unit of systemd, or a file with its environment.
UNIT_BYTES = MIB
# Each end of what a program prints.
PRINTED_BYTES = 64 << 10


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Pause the search for garbage in cycles, which looks at millions of live objects again and again."""
    active = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if active:
            gc.enable()
