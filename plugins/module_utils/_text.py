# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Bytes of files and text for people."""

from __future__ import annotations

import json
from typing import Dict, Mapping

from ._secrets import mask_from, mask_secrets

# What a message shows of a line is looked for within so many bytes; some lines have megabytes.
_MOST_SHOWN = 4096
# Escapes of so many characters are kept; most texts have few that are not printable.
_MOST_KEPT = 4096
# Stands for what a message leaves out at the end of a text.
CUT = "…"


def show(data: bytes) -> str:
    """Text for messages and results: never fails, bytes that are not UTF-8 appear as C(\\xNN)."""
    return data.decode("utf-8", "backslashreplace")


def visible(text: str) -> str:
    """The text with every character that is not printable as an escape, such as C(\\x1b) or C(\\u202e).

    A terminal would obey such a character, or hide what surrounds it. Newlines and tabs stay, and so does a carriage
    return before a newline. The escapes are printable: to do it twice changes nothing more.
    """
    if text.isprintable():
        return text
    return "\r\n".join(part.translate(_ESCAPES) for part in text.split("\r\n"))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    # A byte that is not UTF-8 appears as show() writes it.
    byte = ord(char) - 0xDC00
    return "\\x%02x" % byte if 0x80 <= byte <= 0xFF else char.encode("unicode_escape").decode()


class _Escapes(Dict[int, str]):
    """What each character appears as, by its number. A text of millions of them does not take a string for each."""

    def __missing__(self, number: int) -> str:
        char = chr(number)
        shown = char if char in "\t\n" else _visible(char)
        if len(self) < _MOST_KEPT:
            self[number] = shown
        return shown


_ESCAPES = _Escapes()


def quoted(data: bytes, limit: int = 120) -> str:
    """One line of a file for a message, control characters visible, at most O(limit) characters.

    Its secrets are masked: half of one, where the line is cut, would not be recognised later.
    """
    # A character has four bytes at most.
    most = max(_MOST_SHOWN, 4 * limit + 4)
    text = show(mask_secrets(data[:most]))
    if not text.isprintable():
        text = "".join(char if char == "\t" else _visible(char) for char in text)
    return text if len(text) <= limit and len(data) <= most else text[: limit - 1] + CUT


def quoted_from(data: bytes, start: int, limit: int = 120) -> str:
    """The same for the rest of a line from C(start) on, which can be in the middle of a secret."""
    return quoted(mask_from(data[: start + _MOST_SHOWN], start), limit)


def line_end_of(data: bytes) -> bytes:
    """The line end that a file uses: that of its first line, a line feed for a file without any."""
    newline = data.find(b"\n")
    return b"\r\n" if newline > 0 and data[newline - 1 : newline] == b"\r" else b"\n"


def readable_bytes(text: str) -> bytes:
    """The bytes of a text for a message or a log; half of a surrogate pair, which has none, appears as C(\\uNNNN)."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def no_text_in(options: Mapping[str, object]) -> str:
    """A message about a text in the options of a module that has no bytes, empty if there is none."""
    for name, value in options.items():
        try:
            json.dumps(value, ensure_ascii=False, default=str, skipkeys=True).encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as exc:
            half = readable_bytes(exc.object[exc.start]).decode()
            return "%s holds %s, which is half of a character. Write the character itself" % (name, half)
    return ""


def named(value: object, limit: int = 60) -> str:
    """A value that somebody gave, in quotes and on one line, for a message about it."""
    return "'%s'" % quoted(readable_bytes(str(value)), limit)


def is_number(text: str) -> bool:
    """Whether a text is a number that a user, a group or a process can have, in ASCII digits alone."""
    # int() refuses some of what isdigit() takes, and thousands of digits; -1 in 32 bits stands for no change.
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < 0xFFFFFFFF


def one_edit_apart(word: bytes, other: bytes) -> bool:
    """Whether one byte more, less or changed, or two neighbours swapped, make one of the other."""
    if word == other or abs(len(word) - len(other)) > 1:
        return False
    at = next((index for index, pair in enumerate(zip(word, other)) if pair[0] != pair[1]), min(len(word), len(other)))
    rest, wanted = word[at:], other[at:]
    return (
        rest[1:] == wanted
        or rest == wanted[1:]
        or rest[1:] == wanted[1:]
        or (rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:])
    )
