# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A dispatcher.list as a server will have it, for results: destinations, sets and findings."""

from __future__ import annotations

from typing import Any, Dict, List

from .._dispatcher.description import described
from .._dispatcher.document import Destination, parse_document
from .._dispatcher.flags import NO_DNS, render_letters, render_names
from .._dispatcher.order import in_server_order
from .._dispatcher.uri import loaded_uri
from .._text import show
from .._versions import Version
from .destinations import destination_findings
from .findings import describe_findings
from .listing import ListSource


def summarise(path: str, data: bytes, version: Version) -> Dict[str, List[Dict[str, Any]]]:
    """C(destinations) in the order of the file, C(sets) in the order in which the server has them, C(findings)."""
    document = parse_document(data, version)
    findings, reasons = destination_findings(ListSource(path, document), version)
    destinations = []
    loaded: Dict[int, List[Destination]] = {}
    for destination in document.destinations:
        skipped = reasons.get(destination.start)
        uri = None if skipped else loaded_uri(destination.uri)
        if not skipped:
            loaded.setdefault(destination.setid, []).append(destination)
        destinations.append(
            {
                "path": path,
                "line": destination.line,
                "setid": destination.setid,
                "uri": show(uri.uri if uri else destination.uri),
                "flags": destination.flags,
                "letters": render_letters(destination.flags, version.knows_no_ping),
                "states": render_names(destination.flags),
                "priority": destination.priority,
                "attrs": show(destination.attrs),
                "description": show(described(data, destination.start)),
                "skipped": skipped,
                "needs_dns": bool(uri and uri.needs_resolver and not destination.flags & NO_DNS),
            }
        )
    sets = [
        {
            "path": path,
            "setid": setid,
            "destinations": [show(loaded_uri(destination.uri).uri) for destination in in_server_order(members)],
        }
        for setid, members in sorted(loaded.items())
    ]
    return {
        "destinations": destinations,
        "sets": sets,
        "findings": describe_findings(findings),
    }
