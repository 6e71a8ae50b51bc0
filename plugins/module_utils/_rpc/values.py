# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The results of calls in one form, whatever the protocol.

A result is the list of the values that a command added to its reply, each of them a dict, list, str, int or float.
The protocols show the same reply differently (modules ctl and jsonrpcs, C(rpc_struct_add), C(jsonrpc_struct_add)):

- An array is a struct to binrpc, and its values can have names; JSON makes a struct of one member out of each of these.
  Here names that all differ make a dict, anything else a list, in which a value with a name is a dict of one member.
  So C(RECORDS) with one C(SET) is a dict and with several a list of dicts: read both with C(members).
- JSON gives a list for several values and no list for one (or a list, with C(RET_ARRAY)). Here it is always a list. A
  command without C(RET_ARRAY) that adds several values gives the last one alone over JSON: the server drops the rest.
- A struct or array without members is C({}), no value at all C([]).
- C(true) and C(false) of JSON are 1 and 0, its null is C(<null string>), as in binrpc.
- A number without a fraction is an int. A fraction has three digits, cut and not rounded: binrpc has no more, JSON six.
- An unsigned number of 2**31 and more is negative over binrpc, which has no other way of saying it.
- Text that is not UTF-8 holds surrogates (C(surrogateescape)), which C(_text.show) cannot take: encode it back first.
"""

from __future__ import annotations

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from .._errors import error
from .._text import named, quoted, readable_bytes, show
from .clock import Steps

# What the server gives for a string that is not there (modules/ctl/binrpc_run.c).
NULL = "<null string>"
# No command nests as deep; a garbled reply can.
DEPTH = 60
# The largest reply is that to dispatcher.list. Measured with 100,000 destinations in 100 sets, each with the attributes
# that the server knows, latency statistics and a count of calls:
#
#   Kamailio   binrpc   JSON     values of a destination
#   5.6.3      43 MiB   69 MiB   22
#   6.0.1      45 MiB   73 MiB   24
#   6.1.5      53 MiB   85 MiB   28
#
# These are 2.8 million values, half a million of them structs, in 85 MiB. The limits of values, and of bytes (C(MOST)
# of sockets.py), are three times as much. That of structs is four times as much: in JSON a [ counts as one, and an IPv6
# address has it too. A value takes 64 bytes of memory and a struct 300, before they have their normal form, so a short
# reply must not hold as many. Here a value has 20 bytes and a struct 110; C(FREE) of them can be as short as they like.
#
# A text takes 3 times its bytes until it has left the task, and 13 times where one character of it has 4 bytes, since
# Python keeps each character of it in as many then. Control characters take 6 and 28 times: their escapes are longer.
MOST_VALUES, BYTES_OF_VALUE = 8_000_000, 5
MOST_STRUCTS, BYTES_OF_STRUCT = 2_000_000, 24
FREE = 100_000
NOT_A_SERVER = "Check that Kamailio listens there: none of its commands answers like that"

Param = Union[str, int, float]
Value = Union[Dict[str, Any], List[Any], str, int, float]


class Struct(NamedTuple):
    """A struct or an array as it came: its members with their names, None for those without."""

    members: Sequence[Tuple[Optional[str], Any]]


def encode_text(text: str, nul: str) -> bytes:
    """The bytes of text for a call, back from surrogates where there are any. A NUL, written as O(nul), is an error."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as reason:
        raise error(
            "a call cannot hold half of a character: '%s'" % quoted(text.encode("utf-8", "backslashreplace"))
        ) from reason
    if nul in text:
        raise error("a call cannot hold a NUL character: %s" % named(text))
    return data


class Limits(NamedTuple):
    """How many values a reply can have, and how many of them can be structs."""

    values: int
    structs: int

    def require(self, values: int, structs: int) -> None:
        """Refuse a reply that has more. Raises KamailioError."""
        for number, most, name in ((structs, self.structs, "structs"), (values, self.values, "values")):
            if number > most:
                raise error("the reply has more than %d %s" % (most, name), NOT_A_SERVER)


def limits_of(size: int) -> Limits:
    """The limits of a reply of so many bytes."""
    return Limits(min(MOST_VALUES, FREE + size // BYTES_OF_VALUE), min(MOST_STRUCTS, FREE + size // BYTES_OF_STRUCT))


def normal_result(values: Struct, steps: Optional[Steps] = None) -> List[Value]:
    """The normal form of the values of a reply. Too deep a nesting is an error; C(steps) ends what takes too long.

    They are Struct, str, int or float, and what JSON has besides: lists, None, True and False.
    """
    result = _normal(values, 0, steps or Steps())
    if isinstance(result, dict):
        return [result] if result else []
    if not isinstance(result, list):
        return [result]
    while len(result) == 1 and isinstance(result[0], list):
        result = result[0]
    return [] if result == [{}] else result


def _normal(value: Any, depth: int, steps: Steps) -> Value:
    steps.step()
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        # Rounded first, so that what is a number of thousandths but for the way computers count stays what it is.
        value = int(round(value * 1000, 3)) / 1000 if math.isfinite(value * 1000) else value
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        raws: Sequence[Tuple[Optional[str], Any]] = [(None, member) for member in value]
    elif isinstance(value, Struct):
        raws = value.members
    else:
        return NULL if value is None else int(value)
    if depth > DEPTH:
        raise error("the reply is nested more than %d levels deep" % DEPTH)
    found: List[Tuple[Optional[str], Value]] = []
    for name, raw in raws:
        member = _normal(raw, depth + 1, steps)
        if name is None and isinstance(member, dict) and len(member) == 1:
            found.extend(member.items())
        else:
            found.append((name, member))
    names = {name for name, _member in found if name is not None}
    if len(names) == len(found):
        return {name: member for name, member in found if name is not None}
    return [member if name is None else {name: member} for name, member in found]


def members(value: Value, name: str) -> List[Any]:
    """The members of a dict, or of a list of dicts, that have a name, in order."""
    if isinstance(value, dict):
        return [value[name]] if name in value else []
    if isinstance(value, list):
        return [member[name] for member in value if isinstance(member, dict) and name in member]
    return []


def read_text(value: object) -> str:
    """A text in a result, which has bytes (see C(surrogateescape)) and no NUL. Raises ValueError."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("%s is not text" % named(_short(value)))
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as reason:
        raise ValueError("%s holds half of a character" % named(value)) from reason
    return value


def read_int(value: object) -> int:
    """A whole number of 32 bits in a result, with a sign or without. Raises ValueError."""
    if not isinstance(value, int) or not -(1 << 31) <= value < 1 << 32:
        raise ValueError("%s is not a whole number of 32 bits" % named(_short(value)))
    return value


def read_number(value: object) -> float:
    """A number in a result, never an infinite one. Raises ValueError."""
    if not isinstance(value, (int, float)) or not abs(value) < 1 << 64:
        raise ValueError("%s is not a number" % named(_short(value)))
    return float(value)


def printable(value: Value) -> Value:
    """The same value for a result of Ansible, which cannot hold surrogates: such bytes appear as C(\\xNN)."""
    if isinstance(value, str):
        return show(readable_bytes(value))
    if isinstance(value, dict):
        return {show(readable_bytes(name)): printable(member) for name, member in value.items()}
    return [printable(member) for member in value] if isinstance(value, list) else value


def _short(value: object) -> object:
    """A value for a message, where a struct of any size is only called one."""
    return "a struct" if isinstance(value, (dict, list)) else value
