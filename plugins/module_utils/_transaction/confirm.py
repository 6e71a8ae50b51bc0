# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The confirmation of a change, which needs little of the code and is a round trip of its own for every host."""

from __future__ import annotations

from typing import Any, Dict

from .._errors import error
from .._host.places import journal_folder
from .journal import HOLD_SECONDS, Hold, close, is_orphan, last_outcome, load


def confirm(params: Dict[str, Any], config: str) -> bool:
    """Let a change stand; gives whether there was one to confirm. Raises KamailioError if it was taken back."""
    folder = journal_folder(params, config)
    journal = load(folder)
    if journal and params["change"] in (None, journal.change):
        with Hold(folder, HOLD_SECONDS) as hold:
            if hold.held and load(folder) == journal and not is_orphan(journal):
                close(journal, {"confirmed": True, "reason": ""})
                return True
            if hold.held and load(folder) == journal:
                text = "the change cannot be confirmed: it has not proved itself, or its time is up"
                raise error(text, "It is taken back", folder)
        journal = None
    last = last_outcome(folder)
    if params["change"] and last.get("change") != params["change"]:
        text = "the change was not there to be confirmed: nothing is known of it any more"
        raise error(text, "Whether the host has it is shown by the same task in check mode, with its diff")
    if params["change"] and not last.get("confirmed"):
        left = "".join("\n  %s" % problem for problem in last.get("problems") or [])
        remedy = "The host is as it was before the change" + (", but for this:" + left if left else "")
        raise error("the change was not there to be confirmed: %s" % last.get("reason"), remedy)
    return False
