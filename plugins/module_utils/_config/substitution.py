# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What C(#!subst), C(#!substdef) and C(#!substdefs) do to strings.

Source: C(subst_parser) and C(subst_str) of Kamailio's src/core/re.c.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Union

# A POSIX expression says the same to Python if it has none of these. Where several repetitions or alternatives
# compete POSIX takes the longest match, so only whether it matches is known then.
_FOREIGN = re.compile(rb"\[\[|\[[^\]]*\[[.:=]|\\[A-Za-z0-9<>`']|\(\?|[*+?}][*+?{]|\{|\^\*|(?:^|[(|])[*+?]")
# Repetitions in what is repeated, which Python can take for ever to match.
_NESTED = re.compile(rb"[^*+?}|]*[*+?}|].*\)[*+?{]", re.DOTALL)
_COSTS = re.compile(rb"[*+?{(]")
# How many of these an expression may have, and how many steps all expressions of a configuration may take.
_MOST_COSTS, _MOST_STEPS = 3, 10**10
_REPEATS = re.compile(rb"[*+{]")
_COMPETING = re.compile(rb"\||[*+?](?=.*[*+?])", re.DOTALL)
# A string that rules may make: each can double it.
MOST_BYTES = 1 << 20
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class Effort:
    """The work of the expressions of a configuration: each repetition in one tries every length, behind every other."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def allows(self, expression: bytes, size: int, times: int = 1) -> bool:
        """Count searches in texts of so many bytes each, and return whether there is time left for them."""
        repeats = len(_REPEATS.findall(expression))
        if repeats:
            self._left -= times * size ** (repeats + 1)
        return self._left >= 0


class Unclear(NamedTuple):
    """The server may change a string, and into what is not known here."""


class Substitution(NamedTuple):
    """One rule: C(pattern) is None where it cannot be read here, C(replacement) where only the server knows it."""

    name: bytes
    value: bytes
    pattern: Optional[re.Pattern[bytes]]
    replacement: Optional[List[Union[int, bytes]]]
    everywhere: bool
    competing: bool

    def apply(self, text: bytes) -> Union[bytes, Unclear]:
        """The string after this rule."""
        if not text:
            return text
        if self.pattern is None:
            return Unclear()
        found = list(self.pattern.finditer(text))
        if not found:
            return text
        if self.replacement is None or self.competing or b"\n" in text or any(not match.group() for match in found):
            return Unclear()
        out: List[bytes] = []
        size = done = 0
        for match in found if self.everywhere else found[:1]:
            out.append(text[done : match.start()])
            out += [part if isinstance(part, bytes) else match.group(part) or b"" for part in self.replacement]
            done = match.end()
            size += sum(map(len, out[-len(self.replacement) - 1 :]))
            if size > MOST_BYTES:
                return Unclear()
        return b"".join(out) + text[done:]


def parse_substitution(rule: bytes) -> Substitution:
    """A rule such as C(/NAME/value/g). Raises ValueError with a text for people if the server refuses it."""
    separator = rule[:1]
    parts = _split(rule)
    if len(rule) < 3 or separator == b"\\" or parts is None:
        raise ValueError("is not of the form /expression/replacement/flags")
    name, value, flags = parts
    if re.search(rb"[^igs]", flags):
        raise ValueError("has an unknown flag: i, g and s are known")
    pattern = None
    replacement = _parse_replacement(value)
    if not _FOREIGN.search(name) and not is_costly(name):
        mode = re.IGNORECASE if b"i" in flags else 0
        try:
            pattern = re.compile(name, mode | (re.DOTALL if b"s" in flags else re.MULTILINE))
        except re.error:
            pattern = None
    if pattern and replacement and max([0, *(part for part in replacement if isinstance(part, int))]) > pattern.groups:
        replacement = None
    return Substitution(
        name=name,
        value=value,
        pattern=pattern,
        replacement=replacement,
        everywhere=b"g" in flags,
        competing=bool(_COMPETING.search(name)),
    )


def is_costly(expression: bytes) -> bool:
    """Whether an expression repeats what has repetitions or alternatives in it, or has many of them."""
    return _NESTED.match(expression) is not None or len(_COSTS.findall(expression)) > _MOST_COSTS


def _split(rule: bytes) -> Optional[List[bytes]]:
    """Expression, replacement and flags; a backslash before the separator keeps it, and stays."""
    separator = re.escape(rule[:1])
    found = re.match(rb"%s(.*?(?<!\\))%s((?:\\.|[^\\])*?)%s(.*)\Z" % (separator, separator, separator), rule, re.DOTALL)
    return list(found.groups()) if found else None


def _parse_replacement(value: bytes) -> Optional[List[Union[int, bytes]]]:
    parts: List[Union[int, bytes]] = []
    for literal, escaped in re.findall(rb"([^\\]+)|\\(.)", value, re.DOTALL):
        if b"$" in literal or escaped == b"u":
            return None
        if escaped.isdigit():
            parts.append(int(escaped))
        else:
            parts.append(literal or _LETTERS.get(escaped, escaped))
    return parts
