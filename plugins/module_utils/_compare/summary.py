# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What runs, in the form of results."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from .._analysis.watch import Watch, without_pings
from .._dispatcher.document import Destination, Document
from .._dispatcher.flags import render_letters, render_names
from .._dispatcher.order import in_server_order
from .._rpc.dispatcher import Running
from .._secrets import mask_secrets
from .._text import show
from .._versions import Version
from .compare import Absent, Comparison, Difference, server_uri
from .health import Health


def describe_destinations(
    running: Sequence[Running], compared: Comparison, version: Version, pings_active: bool
) -> List[Dict[str, Any]]:
    """The destinations of a server with what becomes of their pings, and what the list says of them."""
    listed = {pair.running.start: pair.listed for pair in compared.pairs}
    watches = compared.watches if pings_active else [without_pings(one) for one in compared.watches]
    return [
        {**_destination(one), **_of_list(listed.get(one.start), version), **_of_watch(watch)}
        for one, watch in zip(running, watches)
    ]


def describe_absent(absent: Iterable[Absent], version: Version) -> List[Dict[str, Any]]:
    """The destinations of the list that do not run."""
    return [
        {
            "setid": one.listed.setid,
            "uri": show(server_uri(one.listed.uri)),
            "flags": one.listed.flags,
            "letters": render_letters(one.listed.flags, version.knows_no_ping),
            "line": one.listed.line,
            "reason": _masked(one.reason),
        }
        for one in absent
    ]


def _of_list(listed: Optional[Destination], version: Version) -> Dict[str, Any]:
    return {
        "line": listed.line if listed else None,
        "list_flags": listed.flags if listed else None,
        "list_letters": render_letters(listed.flags, version.knows_no_ping) if listed else None,
    }


def _of_watch(watch: Watch) -> Dict[str, Any]:
    return {"watch": watch.kind, "effect": watch.effect.effect, "reason": watch.effect.reason}


def _masked(text: str) -> str:
    return show(mask_secrets(text.encode("utf-8", "surrogateescape")))


def _destination(one: Running) -> Dict[str, Any]:
    return {
        "setid": one.setid,
        "uri": show(one.uri),
        "letters": one.letters,
        "flags": one.flags,
        "flags_complete": one.exact,
        "states": render_names(one.flags),
        "priority": one.priority,
        "attrs": show(mask_secrets(one.attrs)),
        "duid": None if one.duid is None else show(one.duid),
        "latency": one.latency._asdict() if one.latency else None,
        "load": one.load,
    }


def describe_differences(differences: Iterable[Difference]) -> List[Dict[str, Any]]:
    """Differences as dicts."""
    return [
        {
            "kind": one.kind,
            "setid": one.setid,
            "uri": show(one.uri),
            "line": one.line,
            "text": _masked(one.text),
        }
        for one in differences
    ]


def describe_health(found: Iterable[Health]) -> List[Dict[str, Any]]:
    """Health as dicts."""
    return [
        {
            "setid": one.running.setid,
            "uri": show(one.running.uri),
            "letters": one.running.letters,
            "health": one.state,
            "reason": one.reason,
        }
        for one in found
    ]


def render_running(running: Iterable[Running]) -> str:
    """What runs as lines for a diff."""
    return _lines((one.setid, one.uri, one.priority, one.attrs) for one in running)


def render_listed(document: Document, skipped: Dict[int, str]) -> str:
    """What the server will run by a list, in the same form; flags are left out, which it changes by itself."""
    loaded = (one for one in document.destinations if one.start not in skipped)
    ordered = sorted(in_server_order(loaded), key=lambda one: one.setid)
    return _lines((one.setid, server_uri(one.uri), one.priority, one.attrs) for one in ordered)


def _lines(destinations: Iterable[Tuple[int, bytes, int, bytes]]) -> str:
    lines = sorted(destinations, key=lambda one: one[0])
    data = b"".join((b"set %d %s priority %d %s" % one).rstrip(b" ;") + b"\n" for one in lines)
    return show(mask_secrets(data))
