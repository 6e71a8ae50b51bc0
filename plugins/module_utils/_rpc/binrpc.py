# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The binary protocol of the ctl module: calls written, replies read.

A packet is a head and records. The head has a magic byte, a byte with the type of the packet and the sizes of two
numbers, and these: the length of the records and a cookie, which the reply repeats. A record starts with a byte of
type and length, or type and number of bytes of a length that follows (modules/ctl/binrpc.h).
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._errors import KamailioError, error
from .._text import quoted
from .clock import Steps
from .values import DEPTH, Param, Struct, encode_text, limits_of

_MAGIC = 0xA1
_CALL, _REPLY, _FAULT = 0, 1, 3
_INT, _STR, _DOUBLE, _STRUCT, _ARRAY, _NAME, _BYTES = range(7)
_STRUCTS, _TEXTS = (_STRUCT, _ARRAY), (_STR, _NAME)
# Doubles are numbers of thousandths.
_SCALE = 1000


class CtlReply(NamedTuple):
    """A reply: the cookie of its call, and the values, or code and text of an error."""

    cookie: int
    values: Struct
    fault: Optional[Tuple[int, str]] = None


def encode_call(method: str, params: Sequence[Param], cookie: int) -> bytes:
    """The packet of a call. C(cookie) is from 0 to 2**32 - 1; a number that does not fit, or a NUL, is an error."""
    body = b"".join([_text(method), *(_param(param) for param in params)])
    length, mark = _number(len(body)) or b"\0", _number(cookie) or b"\0"
    return bytes([_MAGIC, _CALL << 4 | (len(length) - 1) << 2 | (len(mark) - 1)]) + length + mark + body


def _param(value: Param) -> bytes:
    if isinstance(value, str):
        return _text(value)
    kind, number, size = (_INT, value, 4) if isinstance(value, int) else (_DOUBLE, int(value * _SCALE), 8)
    limit = 1 << (8 * size - 1)
    if not -limit <= number < limit:
        raise error("the number %s is too large for a call" % value)
    data = _number(int(number) & (2 * limit - 1))
    return bytes([len(data) << 4 | kind]) + data


def _text(text: str) -> bytes:
    data = encode_text(text, "\0") + b"\0"
    if len(data) < 8:
        return bytes([len(data) << 4 | _STR]) + data
    length = _number(len(data))
    return bytes([(8 | len(length)) << 4 | _STR]) + length + data


def _number(number: int) -> bytes:
    """Big endian, without leading zero bytes, nothing at all for 0."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def packet_length(data: bytes) -> Optional[int]:
    """The length in bytes of the packet that starts here, None while there are too few bytes to know.

    Bytes that do not start a reply are an error.
    """
    if data[:1] not in (b"", bytes([_MAGIC])) or (len(data) > 1 and data[1] >> 4 not in (_REPLY, _FAULT)):
        raise error("this is not a reply of Kamailio's ctl module: '%s'" % quoted(data, 40))
    if len(data) < 2:
        return None
    sizes = (data[1] >> 2 & 3) + 1, (data[1] & 3) + 1
    head = 2 + sum(sizes)
    return None if len(data) < head else head + int.from_bytes(data[2 : 2 + sizes[0]], "big")


def decode_reply(data: bytes, steps: Optional[Steps] = None) -> CtlReply:
    """A whole reply. One that is cut off, followed by something else, or garbled is an error.

    C(steps) ends what takes too long.
    """
    length = packet_length(data)
    if length != len(data):
        raise error("the reply of the server has %d bytes instead of %s" % (len(data), length or "some more"))
    size, head = (data[1] >> 2 & 3) + 1, 4 + (data[1] >> 2 & 3) + (data[1] & 3)
    cookie = int.from_bytes(data[2 + size : head], "big")
    values = _values(data, head, steps or Steps())
    if data[1] >> 4 == _REPLY:
        return CtlReply(cookie, values)
    parts = [value for _name, value in values.members]
    if len(parts) < 2 or not isinstance(parts[0], int) or not isinstance(parts[1], str):
        raise error("the server answered with an error that cannot be read")
    return CtlReply(cookie, Struct(()), (parts[0], parts[1]))


def _values(data: bytes, at: int, steps: Steps) -> Struct:
    """The values of the records from a byte on, structs in structs."""
    found: List[Tuple[Optional[str], Any]] = []
    # What is open: the type of a struct, its name, and the members of the struct around it.
    opened: List[Tuple[int, Optional[str], List[Tuple[Optional[str], Any]]]] = []
    name: Optional[str] = None
    limits = limits_of(len(data))
    most_values, most_structs = limits
    values = structs = 0
    for kind, value, end in _records(data, at):
        steps.step()
        if kind == _NAME:
            if name is not None or not opened or opened[-1][0] != _STRUCT:
                raise _garbled("a record of type %d where no name can be" % kind, end)
            name = value
            continue
        if kind in _STRUCTS:
            if value:
                if len(opened) == DEPTH:
                    raise _garbled("structs more than %d levels deep" % DEPTH, end)
                opened.append((kind, name, found))
                name, found = None, []
                continue
            if name is not None or not opened or opened[-1][0] != kind:
                raise _garbled("a record of type %d and length 0" % kind, end)
            value = Struct(found)
            _kind, name, found = opened.pop()
            structs += 1
        found.append((name, value))
        name = None
        values += 1
        if values > most_values or structs > most_structs:
            limits.require(values, structs)
    if opened:
        raise _garbled("a record that ends behind the reply", len(data))
    return Struct(found)


def _records(data: bytes, at: int) -> Iterator[Tuple[int, Any, int]]:
    """The type of each record, its value, and where it ends; of a struct or an array whether it starts or ends here.

    It runs once for every value of a reply, which has millions of them.
    """
    size = len(data)
    # The names are few, and repeated in every struct.
    names: Dict[bytes, str] = {}
    while at < size:
        first = data[at]
        kind, length, start = first & 15, first >> 4, at + 1
        if first > 127 and kind != _DOUBLE:
            start += length & 7
            length = int.from_bytes(data[at + 1 : start], "big")
        at = start + length
        if at > size:
            raise _garbled("a record that ends behind the reply", size)
        value: Any = data[start:at]
        if kind in _TEXTS:
            text = names.get(value)
            if text is None:
                if value and value[-1]:
                    raise _garbled("a string without an end", at)
                text = value[:-1].decode("utf-8", "surrogateescape")
                if kind == _NAME:
                    names[value] = text
            value = text
        elif kind == _INT and length <= 4:
            value = int.from_bytes(value, "big", signed=length == 4) if length else 0
        elif kind in _STRUCTS and not length:
            value = first < 128
        elif kind == _DOUBLE and length <= 8:
            value = int.from_bytes(value, "big", signed=length == 8) / _SCALE
        elif kind == _BYTES:
            value = value.decode("utf-8", "surrogateescape")
        else:
            raise _garbled("a record of type %d and length %d" % (kind, length), at)
        yield kind, value, at


def _garbled(what: str, at: int) -> KamailioError:
    return error("the reply of the server is garbled: %s at byte %d" % (what, at))
