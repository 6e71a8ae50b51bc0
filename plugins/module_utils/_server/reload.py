# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A reload of a running server: when it is due, done once, compared, and with the states of before put back."""

from __future__ import annotations

import math
import time
from collections import Counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .._analysis.message import render_findings
from .._compare.before import State
from .._compare.compare import Comparison, Difference, compare
from .._compare.record import Knowledge, parse_record, render_record, same_meaning, what_was_loaded
from .._compare.restore import Restoring, plan_restoring, taken_out
from .._dispatcher.document import Document
from .._errors import KamailioError, Problem, error
from .._host.files import keep_private, read_private
from .._rpc.ask import CARRIES_ALL
from .._rpc.connection import MOST_OVER_CTL
from .._rpc.dispatcher import Running
from .._rpc.errors import ServerError
from .._secrets import mask_secrets
from .._text import quoted, show
from .._versions import Version
from .down import ReloadRefusedError
from .server import Live, Loadable, change_when_free, set_states

_NAMED = 10


class Judged(NamedTuple):
    """What runs against the list: C(reasons) for a reload, and C(doubt) where a difference can be an edit or not.

    C(recorded) says whether what is known stands in the record.
    """

    running: List[Running]
    comparison: Comparison
    knowledge: Knowledge
    recorded: bool
    reasons: Tuple[str, ...]
    doubt: str

    def states(self, version: Version) -> List[State]:
        """Those that are out of service by somebody's hand."""
        return taken_out(self.running, self.knowledge.document, version)


class Reloaded(NamedTuple):
    """What came of a reload: what runs now, when it was loaded, and which states were put back.

    C(doubt) is why a later run will know less, empty if it will not.
    """

    comparison: Comparison
    loaded: float
    restoring: Restoring
    doubt: str


def judge_reload(live: Live, listing: Loadable, record: Optional[str], standing: Optional[Document] = None) -> Judged:
    """Whether a reload is due for a list, which stands in its file unless something else is still C(standing) there.

    C(record) is None where nothing is kept. Raises KamailioError.
    """
    running = [] if live.stopped else live.connection.destinations()
    comparison = compare(listing.document, listing.skipped, running, live.setup)
    kept = parse_record(read_private(record) if record else None, live.version)
    knowledge = what_was_loaded(kept, live.started, standing or listing.document, listing.changed)
    if (
        not knowledge.document
        and not standing
        and all(difference.kind == "skipped" for difference in comparison.differences)
    ):
        knowledge = Knowledge(None, listing.document)
    reasons = [_text_of(difference) for difference in comparison.due]
    doubt = ""
    if knowledge.document and not same_meaning(knowledge.document, listing.document):
        reasons.append("the list has another meaning than when it was loaded, at %s" % _clock(knowledge.loaded or 0))
    if standing and not reasons and not same_meaning(standing, listing.document):
        reasons.append("the list gets another meaning")
    differing = [difference for difference in comparison.differences if difference.kind in ("flags", "state")]
    if not knowledge.document and differing and not reasons:
        doubt = (
            "%d destination%s with other flags than the list says, and nothing tells whether the list was edited or "
            "their state was changed: it was not reloaded for that. dispatcher_reload with force reloads it"
        )
        doubt %= (len(differing), " runs" if len(differing) == 1 else "s run")
    recorded = bool(kept and kept.loaded >= live.started)
    return Judged(
        running=running,
        comparison=comparison,
        knowledge=knowledge,
        recorded=recorded,
        reasons=tuple(reasons),
        doubt=doubt,
    )


def _text_of(difference: Difference) -> str:
    text = mask_secrets(difference.text.encode("utf-8", "surrogateescape"))
    return "set %d, %s: %s" % (difference.setid, quoted(difference.uri, 80), show(text))


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def require_loadable(live: Live, listing: Loadable) -> None:
    """Refuse a list that the server would not load at all, or that nobody could read from it. Raises KamailioError."""
    sizes = Counter(destination.setid for destination in listing.document.destinations)
    if not live.stopped and not live.connection.carries(max(sizes.values(), default=0)):
        text = "ctl carries no set of more than %d destinations, so nobody could see what the server makes of this list"
        raise error(text % MOST_OVER_CTL, "Nothing was reloaded. %s" % CARRIES_ALL, listing.path)
    if listing.refused:
        found = render_findings(listing.refused, {listing.path: listing.data})
        raise error("the server would refuse this list, so it was not reloaded; what ran keeps running.\n\n%s" % found)


def reload(live: Live, listing: Loadable, states: Sequence[State], record: Optional[str], seconds: float) -> Reloaded:
    """Have the server load its list, and put states back.

    Raises KamailioError, which says what runs now, ReloadRefusedError if the server does not load the list.
    """
    try:
        change_when_free(live, seconds, "dispatcher.reload")
    except ServerError as reason:
        text = "%s. What ran before keeps running; the log of the server says why" % reason.problems[0].text
        raise ReloadRefusedError([Problem(text, path=listing.path)]) from None
    return after_loading(live, listing, states, record, time.time())


def after_loading(
    live: Live, listing: Loadable, states: Sequence[State], record: Optional[str], loaded: float
) -> Reloaded:
    """What a server has made of the list that it has C(loaded), with the states of before. Raises KamailioError."""
    doubt = keep_record(record, loaded, listing)
    compared = compare(listing.document, listing.skipped, live.connection.destinations(), live.setup)
    restoring = plan_restoring(states, compared.pairs)
    set_states(live, restoring.calls)
    if restoring.calls:
        compared = compare(listing.document, listing.skipped, live.connection.destinations(), live.setup)
    return Reloaded(compared, loaded, restoring, doubt)


def keep_record(record: Optional[str], loaded: float, listing: Loadable) -> str:
    """Keep what was loaded. Where that cannot be, it is no reason to fail: gives the warning, empty if it was kept."""
    if record is None:
        return (
            "what was loaded is not recorded, since only the server says which configuration it has: give it in config"
        )
    try:
        # The start of a server is known to the second only, and must not seem to come after what it has loaded.
        keep_private(record, render_record(math.ceil(loaded) + 1, listing.data))
    except KamailioError as reason:
        return "what was loaded cannot be recorded, so a later run may not see an edit of flags: %s" % reason.render()
    return ""


def follow_record(record: str, live: Live, before: Document, after: Document) -> None:
    """Let a record follow a change of the list that the server has got by other means. Raises KamailioError."""
    kept = parse_record(read_private(record), live.version)
    if kept and kept.loaded >= live.started and same_meaning(kept.document, before):
        keep_private(record, render_record(kept.loaded, after.data))


def left_out(compared: Comparison) -> List[Difference]:
    """The destinations of the list that do not run."""
    return [difference for difference in compared.differences if difference.kind in ("missing", "skipped")]


def render_left_out(path: str, found: Sequence[Difference]) -> str:
    """The message about them."""
    lines = ["The list has been loaded without %d of its destinations:" % len(found)]
    lines += [
        "  %s:%s: set %d, %s: %s"
        % (path, difference.line, difference.setid, quoted(difference.uri, 80), difference.text)
        for difference in found[:_NAMED]
    ]
    if len(found) > _NAMED:
        lines.append("  … and %d more, all of them in drift" % (len(found) - _NAMED))
    return "\n".join(lines)


def describe_restoring(restoring: Restoring) -> Dict[str, Any]:
    """The states that were put back, and those that were lost."""
    return {
        "restored": [{"setid": call.setid, "uri": show(call.uri), "state": call.code} for call in restoring.calls],
        "lost": [{"setid": state.setid, "uri": show(state.uri), "letters": state.letters} for state in restoring.lost],
    }
