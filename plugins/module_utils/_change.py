# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A file as it is and as it will be, whoever planned it, and the diff of both."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence

from ._secrets import mask_secrets
from ._text import show


class Rights(NamedTuple):
    """Owner, group and mode of a file before and after, as text."""

    before: str
    after: str


class Change(NamedTuple):
    """A file with its bytes before and after, None where there is none.

    C(rights) are None where owner, group and mode stay as they are, or the file does not.
    """

    path: str
    before: Optional[bytes]
    after: Optional[bytes]
    rights: Optional[Rights] = None

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after or self.rights is not None


def diff_of(changes: Sequence[Change]) -> List[Dict[str, str]]:
    """What C(--diff) shows, secrets masked; nothing for a file that stays as it is."""
    return [diff for change in changes for diff in _diffs_of(change)]


def _diffs_of(change: Change) -> List[Dict[str, str]]:
    diffs = []
    if change.before != change.after:
        diffs.append(_diff_of(change))
    if change.rights:
        name = "%s (owner, group, mode)" % change.path
        diffs.append(_headed(name, change.rights.before + "\n", change.rights.after + "\n"))
    return diffs


def _diff_of(change: Change) -> Dict[str, str]:
    data = [data for data in (change.before, change.after) if data is not None]
    if any(b"\0" in each for each in data):
        sizes = ["none" if each is None else "%d bytes" % len(each) for each in (change.before, change.after)]
        return {"prepared": "%s: not a text (%s before, %s after)\n" % (change.path, *sizes)}
    before, after = (show(mask_secrets(each or b"")) for each in (change.before, change.after))
    if before == after and len(data) == 2:
        return {"prepared": "%s: what changes is masked, and not shown\n" % change.path}
    return _headed(change.path, before, after)


def _headed(name: str, before: str, after: str) -> Dict[str, str]:
    return {"before_header": name, "after_header": name, "before": before, "after": after}
