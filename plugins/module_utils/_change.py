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


class Change(NamedTuple):
    """A file with its bytes before (None if there is none) and after."""

    path: str
    before: Optional[bytes]
    after: bytes

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after


def diff_of(changes: Sequence[Change]) -> List[Dict[str, str]]:
    """What C(--diff) shows, secrets masked; nothing for a file that stays as it is."""
    return [_diff_of(change) for change in changes if change.changed]


def _diff_of(change: Change) -> Dict[str, str]:
    before, after = show(mask_secrets(change.before or b"")), show(mask_secrets(change.after))
    if before == after and change.before is not None:
        return {"prepared": "%s: what changes is masked, and not shown\n" % change.path}
    return {"before_header": change.path, "after_header": change.path, "before": before, "after": after}
