# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The values of secrets, to mask them wherever they occur in a text."""

from __future__ import annotations

import re
from typing import Container, Iterable, List, Sequence, Set

from ._secrets import HINTS, MASK, collect_secrets, collect_url_passwords, mask_secrets
from ._text import CUT, readable_bytes, show, visible

# user:password@, where most of what has an @ is the address of a user.
_PASSWORD_IN_URL = (re.compile(r"sips?:[^\s:/@;?\"']+:[^\s@;,/\"']{1,200}@"), re.compile(r"://[^\s:/]*:"))
_PIECE = 1 << 16
_WORD = re.compile(r"[\w.-]+")


def mask_text(text: str) -> str:
    """The text as mask_secrets gives it; it can hold bytes as surrogates."""
    return mask_secrets(readable_bytes(text)).decode("utf-8", "surrogateescape")


def hints_in(text: str) -> List[str]:
    """What a text has of what tells that it can hold something to mask; far cheaper than to look for that."""
    lower = _lower(text)
    found = [hint for hint in HINTS if hint in lower]
    # Most of it are addresses of users.
    if found[:1] == ["@"] and not any(pattern.search(lower) for pattern in _PASSWORD_IN_URL):
        del found[0]
    return found


def _lower(text: str) -> str:
    """The text in lower case, by pieces: str.lower takes twelve bytes a character where not all of them are ASCII."""
    if text.isascii():
        return text.lower()
    return "".join(text[at : at + _PIECE].lower() for at in range(0, len(text), _PIECE))


def has_hint(text: str, hints: Sequence[str] = HINTS) -> bool:
    """Whether a text has one of these hints."""
    lower = _lower(text)
    return any(hint in lower for hint in hints)


def secret_values(data: bytes) -> Set[str]:
    """The values that mask_secrets masks, in the spellings in which messages can quote them."""
    return spellings(collect_secrets(data))


def url_passwords(data: bytes) -> Set[str]:
    """Those of them that are passwords in URLs and SIP URIs."""
    return spellings(collect_url_passwords(data))


def mask_everywhere(text: str) -> str:
    """The text as mask_text gives it, with what that masks also masked wherever else it occurs."""
    data = readable_bytes(text)
    masked = mask_secrets(data).decode("utf-8", "surrogateescape")
    for value in tellable(sorted(secret_values(data)), [data]):
        masked = masked.replace(value, MASK.decode())
    return masked


def spellings(values: Iterable[bytes]) -> Set[str]:
    """Each value as it is, without its backslashes, and as messages show bytes that are not UTF-8 or not printable.

    The type before the text of a variable, as in C(password=s:text), is not part of it.
    """
    bare = {text for value in values for text in (value, value[2:] if value[:2] == b"s:" else value)}
    plain = {spelled for value in bare for spelled in (value, re.sub(rb"\\(.)", rb"\1", value))}
    texts = {text for value in plain for text in (show(value), value.decode("utf-8", "replace"))}
    # What is masked already is looked at again by the next pattern.
    return {shown for text in texts for shown in (text, visible(text)) if MASK.decode() not in shown}


# So many characters of a secret tell enough of it to be masked, where a message ends with them.
_LEAST, _LONGEST = 4, 200


def beginnings_of(values: Iterable[str]) -> Set[str]:
    """What can remain of each value where a message is cut."""
    return {value[:size] for value in values for size in range(_LEAST, min(len(value), _LONGEST))}


def mask_beginnings(text: str, beginnings: Container[str]) -> str:
    """The text with each of the beginnings masked where it is cut."""
    *pieces, last = text.split(CUT)
    for index, piece in enumerate(pieces):
        sizes = range(min(len(piece), _LONGEST), _LEAST - 1, -1)
        size = next((size for size in sizes if piece[-size:] in beginnings), 0)
        pieces[index] = piece[:-size] + MASK.decode() if size else piece
    return CUT.join((*pieces, last))


# Names of its own and words of messages, whatever else the texts hold.
_ORDINARY = frozenset(
    (
        "kamailio",
        "localhost",
        "dispatcher",
        "password",
        "passwd",
        "secret",
        "string",
        "number",
        "default",
        "server",
        "bearer",
    )
)
# What is part of a path or an address, a module, or the name of a define.
_NAMES = re.compile(
    rb"""[/@]([\w.-]+)|(?<![\w.-])([\w.-]+)[/@]|\bsips?:([\w.-]+)|load(?:modulex?|path)?[ \t("']{1,9}([\w.-]+)"""
    rb"""|modparamx?[ \t("']{1,9}([\w.-]+)|(?:\#!|!!)[a-z]{3,12}[ \t]\W{0,3}(\w+)"""
)
_MOST = 100


def tellable(values: Iterable[str], texts: Sequence[bytes]) -> List[str]:
    """The values to mask wherever they occur, in everything that leaves a task, the longest first.

    A value that would make messages unreadable is masked at its own place only: one of less than six characters, a
    number of less than eight digits, a path, a variable of the server, and a word that the C(texts) also have as part
    of a path or an address, or as the name of a module, a define, a user or a host, as in the URL
    C(mysql://kamailio:kamailio@localhost/kamailio). So is each after the first hundred: then they are those of
    destinations, of which there can be any number.
    """
    long = [value for value in values if len(value) >= 6 and not re.match(r"[0-9]{1,7}\Z|\$|/[\w.-]+/", value)]
    # Each is looked for in each of the texts, so they cannot be any number.
    long = list(dict.fromkeys(long))[: 2 * _MOST]
    words = {value for value in long if _WORD.fullmatch(value)}
    ordinary = set(_ORDINARY)
    if words - ordinary:
        ordinary |= _names_in(texts, [word.encode() for word in words])
    told = [value for value in long if value.lower() not in _ORDINARY and value not in ordinary][:_MOST]
    # One can be part of another.
    return sorted(told, key=len, reverse=True)


def _names_in(texts: Sequence[bytes], words: Sequence[bytes]) -> Set[str]:
    """The names in those of the texts that have one of the words."""
    found: Set[bytes] = set()
    for data in (mask_secrets(text) for text in texts):
        if any(word in data for word in words):
            found.update(b"".join(groups) for groups in _NAMES.findall(data))
    return {show(part) for name in found for part in (name, *name.split(b"."))}
