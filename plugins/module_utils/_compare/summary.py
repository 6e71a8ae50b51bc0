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
    watches = compared.watches if pings_active else [without_pings(watch) for watch in compared.watches]
    return [
        {**_destination(destination), **_of_list(listed.get(destination.start), version), **_of_watch(watch)}
        for destination, watch in zip(running, watches)
    ]


def describe_absent(absent: Iterable[Absent], version: Version) -> List[Dict[str, Any]]:
    """The destinations of the list that do not run."""
    return [
        {
            "setid": missing.listed.setid,
            "uri": show(server_uri(missing.listed.uri)),
            "flags": missing.listed.flags,
            "letters": render_letters(missing.listed.flags, version.knows_no_ping),
            "line": missing.listed.line,
            "reason": _masked(missing.reason),
        }
        for missing in absent
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


def _destination(running: Running) -> Dict[str, Any]:
    return {
        "setid": running.setid,
        "uri": show(running.uri),
        "letters": running.letters,
        "flags": running.flags,
        "flags_complete": running.exact,
        "states": render_names(running.flags),
        "priority": running.priority,
        "attrs": show(mask_secrets(running.attrs)),
        "duid": None if running.duid is None else show(running.duid),
        "latency": running.latency._asdict() if running.latency else None,
        "load": running.load,
    }


def describe_differences(differences: Iterable[Difference]) -> List[Dict[str, Any]]:
    """Differences as dicts."""
    return [
        {
            "kind": difference.kind,
            "setid": difference.setid,
            "uri": show(difference.uri),
            "line": difference.line,
            "text": _masked(difference.text),
        }
        for difference in differences
    ]


def describe_health(found: Iterable[Health]) -> List[Dict[str, Any]]:
    """Health as dicts."""
    return [
        {
            "setid": health.running.setid,
            "uri": show(health.running.uri),
            "letters": health.running.letters,
            "health": health.state,
            "reason": health.reason,
        }
        for health in found
    ]


def render_running(running: Iterable[Running]) -> str:
    """What runs as lines for a diff."""
    return _lines(
        (destination.setid, destination.uri, destination.priority, destination.attrs) for destination in running
    )


def render_listed(document: Document, skipped: Dict[int, str]) -> str:
    """What the server will run by a list, in the same form; flags are left out, which it changes by itself."""
    loaded = (destination for destination in document.destinations if destination.start not in skipped)
    ordered = sorted(in_server_order(loaded), key=lambda destination: destination.setid)
    return _lines(
        (destination.setid, server_uri(destination.uri), destination.priority, destination.attrs)
        for destination in ordered
    )


def _lines(destinations: Iterable[Tuple[int, bytes, int, bytes]]) -> str:
    lines = sorted(destinations, key=lambda fields: fields[0])
    data = b"".join((b"set %d %s priority %d %s" % fields).rstrip(b" ;") + b"\n" for fields in lines)
    return show(mask_secrets(data))
