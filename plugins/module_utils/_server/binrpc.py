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

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from .._errors import error
from .._text import quoted
from .values import DEPTH, Param, Struct, encode_text

_MAGIC = 0xA1
_CALL, _REPLY, _FAULT = 0, 1, 3
_INT, _STR, _DOUBLE, _STRUCT, _ARRAY, _NAME, _BYTES = range(7)
# Doubles are numbers of thousandths.
_SCALE = 1000


class Reply(NamedTuple):
    """A reply: the cookie of its call, and the values, or code and text of an error."""

    cookie: int
    values: Struct
    fault: Optional[Tuple[int, str]] = None


def encode_call(method: str, params: Sequence[Param], cookie: int) -> bytes:
    """The packet of a call. C(cookie) is from 0 to 2**32 - 1; a number that does not fit, or a NUL, is an error."""
    body = b"".join([_text(method), *(_param(one) for one in params)])
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
        raise error("this is not a reply of Kamailio's ctl module: '%s'" % quoted(data[:40]))
    if len(data) < 2:
        return None
    sizes = (data[1] >> 2 & 3) + 1, (data[1] & 3) + 1
    head = 2 + sum(sizes)
    return None if len(data) < head else head + int.from_bytes(data[2 : 2 + sizes[0]], "big")


def decode_reply(data: bytes) -> Reply:
    """A whole reply. One that is cut off, followed by something else, or garbled is an error."""
    length = packet_length(data)
    if length != len(data):
        raise error("the reply of the server has %d bytes instead of %s" % (len(data), length or "some more"))
    size, head = (data[1] >> 2 & 3) + 1, 4 + (data[1] >> 2 & 3) + (data[1] & 3)
    cookie = int.from_bytes(data[2 + size : head], "big")
    values = _Reader(data, head).values()
    if data[1] >> 4 == _REPLY:
        return Reply(cookie, values)
    parts = [value for _name, value in values.members]
    if len(parts) < 2 or not isinstance(parts[0], int) or not isinstance(parts[1], str):
        raise error("the server answered with an error that cannot be read")
    return Reply(cookie, Struct(()), (parts[0], parts[1]))


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def values(self) -> Struct:
        found: List[Tuple[Optional[str], Any]] = []
        while self._at < len(self._data):
            kind, length, end = self._record()
            found.append((None, self._value(kind, length, end, 0)))
        return Struct(tuple(found))

    def _record(self) -> Tuple[int, int, bool]:
        first = self._take(1)[0]
        kind, length = first & 15, first >> 4
        if kind != _DOUBLE and length & 8:
            return kind, int.from_bytes(self._take(length & 7), "big"), True
        return kind, length, False

    def _value(self, kind: int, length: int, end: bool, depth: int) -> Any:
        if kind in (_STRUCT, _ARRAY) and not end and not length:
            return self._struct(kind, depth + 1)
        if kind in (_STR, _BYTES):
            return self._string(length, kind == _STR)
        if kind == _INT and length <= 4:
            return int.from_bytes(self._take(length), "big", signed=length == 4)
        if kind == _DOUBLE and length <= 8:
            return int.from_bytes(self._take(length), "big", signed=length == 8) / _SCALE
        raise self._garbled("a record of type %d and length %d" % (kind, length))

    def _struct(self, opened: int, depth: int) -> Struct:
        if depth > DEPTH:
            raise self._garbled("structs more than %d levels deep" % DEPTH)
        found: List[Tuple[Optional[str], Any]] = []
        while True:
            kind, length, end = self._record()
            if kind == opened and end and not length:
                return Struct(tuple(found))
            name = None
            if kind == _NAME and opened == _STRUCT:
                name = self._string(length, True)
                kind, length, end = self._record()
            found.append((name, self._value(kind, length, end, depth)))

    def _string(self, length: int, terminated: bool) -> str:
        data = self._take(length)
        if terminated and length:
            if data[-1]:
                raise self._garbled("a string without an end")
            data = data[:-1]
        return data.decode("utf-8", "surrogateescape")

    def _take(self, count: int) -> bytes:
        if self._at + count > len(self._data):
            raise self._garbled("a record that ends behind the reply")
        self._at += count
        return self._data[self._at - count : self._at]

    def _garbled(self, what: str) -> Exception:
        return error("the reply of the server is garbled: %s at byte %d" % (what, self._at))
