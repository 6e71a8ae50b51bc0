# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What runs, in the form of results."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Sequence, Tuple

from .._analysis.effect import Effect
from .._dispatcher.document import Document
from .._dispatcher.flags import render_names
from .._dispatcher.order import in_server_order
from .._rpc.dispatcher import Running
from .._secrets import mask_secrets
from .._text import show
from .compare import Difference, server_uri
from .health import Health


def describe_destinations(running: Sequence[Running], effects: Sequence[Effect]) -> List[Dict[str, Any]]:
    """The destinations of a server with what becomes of their pings."""
    return [
        dict(_destination(one), effect=effect.effect, reason=effect.reason) for one, effect in zip(running, effects)
    ]


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
            "text": show(mask_secrets(one.text.encode("utf-8", "surrogateescape"))),
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
