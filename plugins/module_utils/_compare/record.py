# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a server has loaded, kept so that a later run can tell an edit of the list from the doing of an operator.

A record is the list itself under a line that says when it was loaded. The RPC shows no flag 16, and none of the states
that a list asks for: a C(dx) of an operator looks there like a 4 that has been written into the file.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Tuple

from .._dispatcher.attributes import same_attrs
from .._dispatcher.document import Destination, Document, parse_document
from .._dispatcher.order import in_server_order
from .._versions import Version
from .compare import server_uri

_HEAD = re.compile(rb"# loaded ([0-9]+) [^\n]*\n")


class Record(NamedTuple):
    """C(loaded) is the second, since 1970, in which the server had loaded C(document)."""

    loaded: int
    document: Document


def parse_record(data: Optional[bytes], version: Version) -> Optional[Record]:
    """A record, None if it is none."""
    head = _HEAD.match(data or b"")
    return Record(int(head.group(1)), parse_document((data or b"")[head.end() :], version)) if head else None


def render_record(loaded: int, data: bytes) -> bytes:
    """The record of a list that was loaded."""
    return b"# loaded %d (seconds since 1970), written by sipfleet.kamailio\n%s" % (loaded, data)


def same_meaning(document: Document, other: Document) -> bool:
    """Whether two lists make a server do the same, as far as it can tell them apart."""
    left, right = _in_order(document), _in_order(other)
    return len(left) == len(right) and all(_same(*both) for both in zip(left, right))


def _in_order(document: Document) -> List[Destination]:
    return sorted(in_server_order(document.destinations), key=lambda each: each.setid)


def _same(destination: Destination, other: Destination) -> bool:
    return _key(destination) == _key(other) and same_attrs(destination.attrs, other.attrs)


def _key(destination: Destination) -> Tuple[int, bytes, int, int]:
    return destination.setid, server_uri(destination.uri), destination.flags, destination.priority


class Knowledge(NamedTuple):
    """What is known of the list that a server has loaded.

    C(loaded) is the second in which it had, None where that is not known; C(document) what it was, None likewise.
    """

    loaded: Optional[float]
    document: Optional[Document]


def what_was_loaded(record: Optional[Record], started: float, listing: Document, changed: float) -> Knowledge:
    """What a server that was started at C(started) has loaded, by its record and by the list, changed at C(changed).

    A server reads its list when it starts, so a record from before says nothing, and a list from before says it all.
    """
    if record and record.loaded >= started:
        return Knowledge(record.loaded, record.document)
    return Knowledge(started, listing) if changed < started - 1 else Knowledge(None, None)
