# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The destinations of a running server, as C(dispatcher.list) and C(dispatcher.oclist) show them.

The server's side is C(ds_rpc_print_set) of Kamailio's src/modules/dispatcher/dispatcher.c.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .._dispatcher.flags import MODES, STATES
from .._errors import error
from .values import NULL, Value, members


class Latency(NamedTuple):
    """What the server has measured of the pings of a destination, in milliseconds; C(timeouts) is a count."""

    average: float
    deviation: float
    estimate: float
    maximum: int
    timeouts: int


class Running(NamedTuple):
    """A destination as it runs.

    C(start) tells it apart from the others: its place in the answer of the server. C(flags) are those of the letters,
    unless C(exact), when they are all of them. C(duid) is None where it has none, C(latency) where the server keeps no
    statistics, C(load) where it counts no calls.
    """

    start: int
    setid: int
    uri: bytes
    letters: str
    flags: int
    exact: bool
    priority: int
    attrs: bytes
    duid: Optional[bytes]
    latency: Optional[Latency]
    load: Optional[int]


def read_destinations(values: Sequence[Value]) -> List[Running]:
    """The destinations in an answer to C(dispatcher.list). Raises KamailioError if it is none."""
    found: List[Running] = []
    try:
        for value in values:
            for records in members(value, "RECORDS"):
                for one in members(records, "SET"):
                    for targets in members(one, "TARGETS"):
                        for destination in members(targets, "DEST"):
                            found.append(_destination(len(found), int(one["ID"]), destination))
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        text = "the server answered dispatcher.list with something that is no list of destinations"
        raise error(text, "Call dispatcher.list with sipfleet.kamailio.rpc, and look at it") from reason
    return found


def _destination(start: int, setid: int, shown: Dict[str, Any]) -> Running:
    attrs = _named(shown, "ATTRS")
    load = _named(shown, "RUNTIME").get("DLGLOAD")
    letters = str(shown["FLAGS"])
    duid = _bytes(attrs.get("DUID", NULL))
    return Running(
        start,
        setid,
        _bytes(shown["URI"]),
        letters,
        STATES[letters[0]] | MODES[letters[1]],
        False,
        int(shown["PRIORITY"]),
        _bytes(attrs.get("BODY", NULL)),
        duid or None,
        _latency(_named(shown, "LATENCY")),
        None if load is None else int(load),
    )


def _named(shown: Dict[str, Any], name: str) -> Dict[str, Any]:
    found = shown.get(name) or {}
    if not isinstance(found, dict):
        raise TypeError(name)
    return found


def _bytes(value: object) -> bytes:
    return b"" if value == NULL else str(value).encode("utf-8", "surrogateescape")


def _latency(shown: Dict[str, Any]) -> Optional[Latency]:
    if not shown:
        return None
    average, deviation, estimate = (float(shown[name]) for name in ("AVG", "STD", "EST"))
    return Latency(average, deviation, estimate, int(shown["MAX"]), int(shown["TIMEOUT"]))


def with_flags(destinations: Sequence[Running], setid: int, values: Sequence[Value]) -> List[Running]:
    """The destinations with the flags that C(dispatcher.oclist) shows of one set.

    Where the set has changed between the two answers its destinations stay as they are.
    """
    of_set = [one for one in destinations if one.setid == setid]
    shown = [one for one in values if isinstance(one, dict)]
    if [one.uri for one in of_set] != [_bytes(one.get("uri")) for one in shown]:
        return list(destinations)
    numbers = {one.start: int(each["flags"]) for one, each in zip(of_set, shown)}
    return [one._replace(flags=numbers[one.start], exact=True) if one.start in numbers else one for one in destinations]
