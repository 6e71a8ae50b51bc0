# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder that stands for the root of a host, which no file of a checked configuration leads out of."""

from __future__ import annotations

import os
from typing import List, Optional

from module_utils._errors import error

_MOST_LINKS = 40


class Root:
    """A folder below which the files of a host are, as for chroot: C(..) and links with a whole path stay in it.

    Files with a relative path may also be in C(folder), that of the configuration.
    """

    def __init__(self, root: str, folder: str) -> None:
        self._root = os.path.realpath(root)
        self._folder = os.path.realpath(folder or ".")

    def holds(self, path: str) -> bool:
        """Whether a file that was named on the command line is below the root by its name."""
        return _below(self._root, os.path.abspath(path)) is not None

    def find(self, path: str) -> str:
        """Return where a file is that a configuration names. Raises KamailioError for one outside."""
        if os.path.isabs(path):
            return self._inside(self._root, path)
        whole = os.path.abspath(path)
        for boundary in (self._root, self._folder):
            below = _below(boundary, whole)
            if below is not None:
                return self._inside(boundary, below)
        raise error("is outside of --root, and is not read", "Give the folder that holds all of the host's files", path)

    def _inside(self, boundary: str, path: str) -> str:
        """Follow a path that begins at a boundary, as if that were the root of a file system."""
        names, links = path.split("/"), 0
        real: List[str] = []
        while names:
            name = names.pop(0)
            if name == "..":
                real = real[:-1]
            elif name not in ("", "."):
                at = os.path.join(boundary, *real, name)
                if not os.path.islink(at):
                    real.append(name)
                    continue
                links += 1
                if links > _MOST_LINKS:
                    raise error("is a symbolic link that leads to itself", "Correct the link", path)
                target = os.readlink(at)
                if os.path.isabs(target):
                    real = []
                names = target.split("/") + names
        return os.path.relpath(os.path.join(boundary, *real))


def _below(boundary: str, path: str) -> Optional[str]:
    """Return a path as it begins at a boundary, None if it is outside; the folders on the way can be links."""
    folder, name = os.path.split(path)
    for parent in (folder, os.path.realpath(folder)):
        if parent == boundary or parent.startswith(boundary.rstrip("/") + "/"):
            return os.path.join(parent, name)[len(boundary) :]
    return None
