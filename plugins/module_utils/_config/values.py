# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Strings and numbers of kamailio.cfg, read and written."""

from __future__ import annotations

import re
from typing import Optional, Union

_PIECE = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]{1,2})|([0-7]{2,3})|([nrat"\\])|\n)')
_LETTERS = {b"n": b"\n", b"r": b"\r", b"a": b"\a", b"t": b"\t", b'"': b'"', b"\\": b"\\"}
_NUMBER = re.compile(rb"(?:(0x[0-9a-fA-F]+)|([01]+b)|(0[0-7]+)|(0|[1-9][0-9]*))\Z")
_WORDS = {b"yes": 1, b"true": 1, b"on": 1, b"enable": 1, b"no": 0, b"false": 0, b"off": 0, b"disable": 0}
_WORDS.update({b"inet": 2, b"INET": 2, b"ipv4": 2, b"IPv4": 2, b"IPV4": 2})
_WORDS.update({b"inet6": 10, b"INET6": 10, b"ipv6": 10, b"IPv6": 10, b"IPV6": 10})
_LONG_MAX = (1 << 63) - 1

Value = Union[int, bytes]


def parse_string(source: bytes) -> bytes:
    """The value of a string token: C("…") with escapes, several of them joined, or C('…') as it stands."""
    if source[:1] == b"'":
        return source[1:-1]
    return b"".join(_ESCAPE.sub(_unescape, piece) for piece in _PIECE.findall(source))


def _unescape(found: re.Match[bytes]) -> bytes:
    hexadecimal, octal, letter = found.groups()
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if octal:
        return bytes([int(octal, 8) & 255])
    return _LETTERS[letter] if letter else b""


def parse_number(word: bytes) -> Optional[int]:
    """The value of a number or of a word such as C(yes) or C(inet), None if it is neither."""
    if word in _WORDS:
        return _WORDS[word]
    found = _NUMBER.match(word)
    if not found:
        return None
    hexadecimal, binary, octal, decimal = found.groups()
    if hexadecimal:
        return _int(hexadecimal[2:], 16)
    if binary:
        return _int(binary[:-1], 2)
    return _int(octal, 8) if octal else _int(decimal, 10)


def _int(digits: bytes, base: int) -> int:
    """C((int)strtol(digits)): cut off at 64 bits, of which the lower 32 are kept."""
    digits = digits.lstrip(b"0")
    number = _LONG_MAX if len(digits) > 64 else min(int(digits or b"0", base), _LONG_MAX)
    return to_int32(number)


def to_int32(number: int) -> int:
    """The lower 32 bits, with a sign."""
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


def render_value(value: Value) -> bytes:
    """A number as a number, bytes as a quoted string that reads back the same on one line."""
    if isinstance(value, int):
        return b"%d" % value
    text = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    for letter in (b"n", b"r", b"t", b"a"):
        text = text.replace(_LETTERS[letter], b"\\" + letter)
    return b'"' + re.sub(rb"[\x00-\x1f\x7f]", lambda found: b"\\x%02x" % found.group()[0], text) + b'"'
