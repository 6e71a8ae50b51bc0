# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The destinations of a running server, as C(dispatcher.list) and C(dispatcher.oclist) show them.

The server's side is C(ds_rpc_print_set) of Kamailio's src/modules/dispatcher/dispatcher.c.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .._dispatcher.flags import LETTERS, MODES, STATES
from .._errors import KamailioError, error
from .._text import named
from .values import NULL, Value, members, read_int, read_number, read_text


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
        for records in _all(list(values), "RECORDS"):
            for destination_set in _all(records, "SET"):
                for destination in _all(destination_set["TARGETS"], "DEST"):
                    found.append(_destination(len(found), read_int(destination_set["ID"]), destination))
    except (KeyError, TypeError, ValueError) as reason:
        raise _unreadable("dispatcher.list", reason) from reason
    return found


def _all(value: Value, name: str) -> List[Any]:
    """The members of this name of an array, which can be empty and has no others. Raises KeyError."""
    found = members(value, name)
    if not found and value not in ({}, []):
        raise KeyError(name)
    return found


def _unreadable(command: str, reason: Exception) -> KamailioError:
    what = "%s is missing" % reason if isinstance(reason, KeyError) else str(reason)
    text = "the server answered %s with something that is not a list of destinations: %s" % (command, what)
    return error(text, "Call %s with sipfleet.kamailio.rpc, and look at it" % command)


def _destination(start: int, setid: int, shown: Dict[str, Any]) -> Running:
    attrs = _named(shown, "ATTRS")
    load = _named(shown, "RUNTIME").get("DLGLOAD")
    letters = read_text(shown["FLAGS"])
    if not LETTERS.match(letters):
        raise ValueError("FLAGS is %s" % named(letters))
    uri = _bytes(shown["URI"])
    if not uri:
        raise ValueError("URI is empty")
    return Running(
        start=start,
        setid=setid,
        uri=uri,
        letters=letters,
        flags=STATES[letters[0]] | MODES[letters[1]],
        exact=False,
        priority=read_int(shown["PRIORITY"]),
        attrs=_bytes(attrs.get("BODY", NULL)),
        duid=_bytes(attrs.get("DUID", NULL)) or None,
        latency=_latency(_named(shown, "LATENCY")),
        load=None if load is None else read_int(load),
    )


def _named(shown: Any, name: str) -> Dict[str, Any]:
    found = shown.get(name) or {} if isinstance(shown, dict) else None
    if not isinstance(found, dict):
        raise TypeError("%s is not a struct" % name)
    return found


def _bytes(value: object) -> bytes:
    text = read_text(value)
    return b"" if text == NULL else text.encode("utf-8", "surrogateescape")


def _latency(shown: Dict[str, Any]) -> Optional[Latency]:
    if not shown:
        return None
    average, deviation, estimate = (read_number(shown[name]) for name in ("AVG", "STD", "EST"))
    return Latency(
        average=average,
        deviation=deviation,
        estimate=estimate,
        maximum=read_int(shown["MAX"]),
        timeouts=read_int(shown["TIMEOUT"]),
    )


def with_flags(destinations: Sequence[Running], answers: Mapping[int, Sequence[Value]]) -> List[Running]:
    """The destinations with the flags that C(dispatcher.oclist) shows of sets, by their number.

    Where a set has changed between the two answers its destinations stay as they are. Raises KamailioError.
    """
    sets: Dict[int, List[Running]] = {}
    for destination in destinations:
        sets.setdefault(destination.setid, []).append(destination)
    numbers: Dict[int, int] = {}
    for setid, values in answers.items():
        shown = [value for value in values if isinstance(value, dict)]
        of_set = sets.get(setid, [])
        try:
            if [destination.uri for destination in of_set] == [_bytes(each["uri"]) for each in shown]:
                numbers.update((destination.start, read_int(each["flags"])) for destination, each in zip(of_set, shown))
        except (KeyError, TypeError, ValueError) as reason:
            raise _unreadable("dispatcher.oclist", reason) from reason
    return [
        destination._replace(flags=numbers[destination.start], exact=True)
        if destination.start in numbers
        else destination
        for destination in destinations
    ]
