# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Kamailio versions, and what changed with which of them.

Core settings, modules and their parameters by version are tables of their own: _config/core_settings.py,
_config/parameters.py, _config/requirements.py and _config/wants.py. What differs between 5.4, 5.6, 6.0 and 6.1 was seen
on servers; for 5.5, 5.7, 5.8 and 6.2, the development branch, the sources were read.
"""

from __future__ import annotations

import re
from typing import Dict, NamedTuple, Optional, Tuple

from ._errors import error
from ._text import named

# The algorithms by which dispatcher chooses a destination, and the release that has brought the later ones.
ALGORITHMS: Dict[int, Tuple[int, ...]] = {
    **dict.fromkeys(range(13), ()),
    13: (5, 5),
    14: (6, 1),
    15: (6, 2),
    64: (6, 0),
}


class Version(NamedTuple):
    """A version of Kamailio, such as 6.1.5 or 6.1; C(str) of it gives that text."""

    major: int
    minor: int
    patch: Optional[int] = None

    def __str__(self) -> str:
        return self.series if self.patch is None else "%s.%d" % (self.series, self.patch)

    @property
    def release(self) -> Tuple[int, int]:
        """The first two numbers, by which features differ."""
        return self[:2]

    @property
    def series(self) -> str:
        """Its release as text, such as C(6.1)."""
        return "%d.%d" % self.release

    @property
    def number(self) -> Optional[int]:
        """The value of C(KAMAILIO_VERSION), such as 6001005; None where not all of the version is known."""
        return None if self.patch is None else self.major * 1000000 + self.minor * 1000 + self.patch

    @property
    def clears_probing_without_tm(self) -> bool:
        """Whether a P flag that nothing can obey is cleared, with a warning in the log (Kamailio issue 4212)."""
        return self.release >= (6, 1)

    @property
    def knows_no_ping(self) -> bool:
        """Whether flags 16 and 32 switch pings off; 5.x ignores 32 and pings with 16."""
        return self.release >= (6, 0)

    @property
    def matches_answers_by_id(self) -> bool:
        """Whether the answer to a ping is matched with its destination by an id, and not by the set and the URI."""
        return self.release >= (6, 1)

    @property
    def adds_with_priority(self) -> bool:
        """Whether C(dispatcher.add) takes a priority, between the flags and the attributes."""
        return self.release >= (5, 6)

    @property
    def reads_odd_uris(self) -> bool:
        """Whether a URI passes with an C(@) and no user, or a port of more than 16 bits, of which the lower count."""
        return self.release < (5, 4) or (self.release == (5, 4) and (self.patch or 0) < 5)

    @property
    def bounds_weights(self) -> bool:
        """Whether a weight that is not from 1 to 100 is ignored; before, any number counts. It is so for an rweight."""
        return self.release >= (5, 5)

    @property
    def survives_unresolved_removal(self) -> bool:
        """Whether C(dispatcher.remove) of a host that the server cannot resolve is an error, and not its end."""
        return self.release > (5, 6) or (self.release == (5, 6) and (self.patch is None or self.patch >= 2))

    @property
    def dies_of_congestion(self) -> bool:
        """Whether a set dies of its congestion where no destination has a weight: the server divides by zero."""
        return self.release < (5, 4) or (self.release == (5, 4) and (self.patch or 0) < 6)

    @property
    def shows_all_flags(self) -> bool:
        """Whether C(dispatcher.oclist) shows the flags as a number."""
        return self.release >= (6, 0)

    @property
    def reads_hexadecimal_flags(self) -> bool:
        """Whether flags such as C(0x8) are read in a list."""
        return self.release >= (6, 1)

    @property
    def evaluates_variables(self) -> bool:
        """Whether a configuration can use pseudo-variables: C(loadmodulex), C(modparamx), values of C(#!substdef)."""
        return self.release >= (5, 5)

    @property
    def reads_parenthesised_loads(self) -> bool:
        """Whether C(loadmodule("tm.so")) is accepted."""
        return self.release >= (5, 7)

    @property
    def has_socket_blocks(self) -> bool:
        """Whether C(socket = {…}) is read, a second form of C(listen)."""
        return self.release >= (5, 7)

    @property
    def has_virtual_sockets(self) -> bool:
        """Whether C(listen) takes C(virtual)."""
        return self.release >= (5, 6)

    @property
    def advertises_protocols(self) -> bool:
        """Whether what a socket advertises can begin with a protocol."""
        return self.release >= (5, 8)

    @property
    def groups_sockets(self) -> bool:
        """Whether C(socket = {…}) takes C(agname) and a range of ports."""
        return self.release >= (6, 0)

    @property
    def binds_to_vrf(self) -> bool:
        """Whether C(socket = {…}) takes C(vrf)."""
        return self.release >= (6, 1)

    @property
    def keeps_unknown_advertised(self) -> bool:
        """Whether a socket is made that advertises a host name which is not found."""
        return self.release >= (5, 7)

    @property
    def can_load_once(self) -> bool:
        """Whether C(loadmodule) has the option C(o), with which a second load is ignored."""
        return self.release >= (6, 1)

    @property
    def reads_environment(self) -> bool:
        """Whether the preprocessor has C(#!defenv)."""
        return self.release >= (5, 5)

    @property
    def reads_optional_environment(self) -> bool:
        """Whether the preprocessor has C(#!trydefenv), and C(#!defenvs) and C(#!trydefenvs), which put it in quotes."""
        return self.release >= (5, 6)

    @property
    def quotes_substdefs(self) -> bool:
        """Whether C(#!substdefs) puts the value of its define in quotes; before, the separators stay there."""
        return self.release >= (5, 5)

    @property
    def evaluates_expressions(self) -> bool:
        """Whether the preprocessor has C(#!ifexp) and C(#!defexp)."""
        return self.release >= (5, 7)

    @property
    def surely_defines_its_version(self) -> bool:
        """Whether C(KAMAILIO_VERSION) and C(OS_NAME) are defined: 5.6.3 has neither, and the source of 5.7 both."""
        return self.release >= (5, 7)

    def has_algorithm(self, number: int) -> bool:
        """Whether dispatcher has an algorithm; with one that it does not have it takes the first destination."""
        return number in ALGORITHMS and self.release >= ALGORITHMS[number]

    @property
    def undefines(self) -> bool:
        """Whether the preprocessor has C(#!undef)."""
        return self.release >= (6, 2)


# Where a list or its changes are read for no server in particular, what the newest one reads counts.
NEWEST = Version(6, 1)


def parse_version(text: str) -> Optional[Version]:
    """The version in C(6.1.5), C(6.1) or the output of C(kamailio -v); None where there is none."""
    found = re.search(r"(?:version: kamailio |^)([0-9]{1,9})\.([0-9]{1,9})(?:\.([0-9]{1,9}))?", text.strip())
    if not found:
        return None
    major, minor, patch = found.groups()
    return Version(int(major), int(minor), None if patch is None else int(patch))


def given_version(text: str) -> Version:
    """The same for a version that a user gives. Raises KamailioError."""
    version = parse_version(text)
    if version is None:
        raise error("%s is not a version of Kamailio" % named(text), "Give one such as 6.1.5")
    return version
