# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Where destinations come from, as the rules see it: a list today, and whatever else a server reads them from."""

from __future__ import annotations

from typing import Iterable, NamedTuple, Optional, Protocol, Sequence, TypeVar

from .._text import quoted
from .._versions import Version
from .findings import Finding


class Probed(Protocol):
    """What must be known of a destination, be it of a list or of a running server."""

    @property
    def start(self) -> int:
        """What tells it apart from the others."""

    @property
    def setid(self) -> int:
        """Its set."""

    @property
    def uri(self) -> bytes:
        """Its URI."""

    @property
    def flags(self) -> int:
        """Its flags."""

    @property
    def priority(self) -> int:
        """Its priority."""

    @property
    def attrs(self) -> bytes:
        """Its attributes."""


class Found(NamedTuple):
    """What is wrong with a destination; C(field) is the one that it points at, None for that of the rule."""

    rule: str
    text: str
    remedy: str = ""
    field: Optional[int] = None


D = TypeVar("D", bound=Probed)


class Source(Protocol[D]):
    """Destinations with their places."""

    @property
    def name(self) -> str:
        """What findings give as the file."""

    @property
    def destinations(self) -> Sequence[D]:
        """The destinations, in the order in which the server loads them."""

    def line_of(self, destination: D) -> Optional[int]:
        """Return the line of a destination, from 1; None where there are no lines."""

    def column_of(self, destination: D, field: int) -> Optional[int]:
        """Return the column of a field of a destination, from 1; None where it has none."""

    def place_of(self, destination: D) -> str:
        """Return where a destination is, for a message: C(on line 3)."""

    def findings(self) -> Iterable[Finding]:
        """Return what is wrong with the source as a whole."""

    def misread(self, destination: D, version: Version) -> Iterable[Found]:
        """Return where the source says something else than the server reads of a destination."""


def name_of(destination: Probed) -> str:
    """Return a destination as a message has it: C(set 1, sip:…)."""
    return "set %d, %s" % (destination.setid, quoted(destination.uri, 80))
