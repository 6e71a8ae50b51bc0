# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""A running server, by the ways in which it can be called."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from .._memory import uncollected
from .._versions import Version
from .addresses import CTL, Address
from .ask import ask
from .clock import Deadline
from .dispatcher import Running, read_destinations, with_flags
from .errors import NoAnswerError, ServerError, UnreachableError
from .values import Param, Value

# An array of ctl has 8 KiB (binrpc_struct_max_body_size), of which each destination of a set takes 8 bytes.
MOST_OVER_CTL = 1024


class Connection(NamedTuple):
    """The addresses of a server, and the seconds in which it must answer a call."""

    addresses: Tuple[Address, ...]
    seconds: float

    def read(self, method: str, *params: Param) -> List[Value]:
        """The answer to a command that only shows something. Raises what C(ask) does."""
        return ask(self.addresses, method, params, self.seconds, safe=True)

    def change(self, method: str, *params: Param) -> List[Value]:
        """The answer to a command that is executed once at most. Raises what C(ask) does."""
        return ask(self.addresses, method, params, self.seconds)

    def destinations(self) -> List[Running]:
        """The destinations of all sets, in the order of the server. Raises what C(ask) does."""
        try:
            with uncollected():
                return read_destinations(self.read("dispatcher.list"))
        except ServerError as reason:
            # That is how a server says that there is none; one that has not loaded the module runs none either.
            if reason.text == "No Destination Sets" or reason.unknown_command:
                return []
            raise

    def carries(self, largest: int) -> bool:
        """Whether a list whose largest set has so many destinations can be read over one of the addresses."""
        return largest <= MOST_OVER_CTL or not all(isinstance(address, CTL) for address in self.addresses)

    def destinations_with_flags(self, version: Version) -> List[Running]:
        """The same with all of their flags, where the server shows them, in the time of one call.

        Raises what C(ask) does.
        """
        until = Deadline(self.seconds)
        found = self.destinations()
        if not version.shows_all_flags:
            return found
        shown: Dict[int, List[Value]] = {}
        setids = {destination.setid for destination in found}
        for done, setid in enumerate(setids):
            text = "the server showed the flags of %d of %d sets within %g seconds"
            remedy = "Set a longer timeout, if the server answers each call, and slowly"
            late = NoAnswerError(text % (done, len(setids), self.seconds), remedy)
            # Over datagrams a server can still answer then.
            if until.passed():
                raise late
            try:
                shown[setid] = self._replace(seconds=until.left()).read("dispatcher.oclist", setid)
            except ServerError as reason:
                # The set has gone in between.
                if reason.code != 404:
                    raise
            except (UnreachableError, NoAnswerError) as reason:
                if not until.passed():
                    raise
                raise late from reason
        return with_flags(found, shown)
