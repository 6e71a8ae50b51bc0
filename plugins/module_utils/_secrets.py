# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Text of configuration files without what must not be seen in a diff, a message or a result."""

from __future__ import annotations

import re
from typing import Any, Match

from ._text import readable_bytes

MASK = b"********"

# user:password@ in a URL. In quotes the password may hold anything, elsewhere it ends at the first white space. Strings
# that follow each other are one; a quote that nothing closes goes on to the end of its line.
_STRINGS = re.compile(rb'(?:"(?:[^"\\\n]|\\.)*"?\s*)+', re.DOTALL)
_WORDS = re.compile(rb"'[^'\n]*'?|[^\s\"']+")
_USER = re.compile(rb"://[^\s:/]*:")
# sip:user:password@host
_SIP_PASSWORD = re.compile(rb"""(\bsips?:[^\s:/@;?"']{1,200}:)[^\s@;,/"']{1,200}(?=@)""", re.IGNORECASE)
_SECRET_NAME = re.compile(
    rb"passw|passphrase|secret|token|credential|(?:private|mask|auth)_?key|api_?key|xkey"
    rb"|(?:^|_|db)(?:pass|pwd?)(?:$|_)",
    re.IGNORECASE,
)
# What every text holds that has something to mask.
_HINT = re.compile(rb"@|pass|pw|secret|token|credential|key", re.IGNORECASE)
# modparam("m", "name", "value")
_GAP = rb"\s*(?:(?:/\*(?:(?!\*/).){0,500}\*/|(?:\#|//)[^\n]*\n)\s*){0,10}"
_PARAM = re.compile(
    rb"""(modparamx?%(gap)s\(%(gap)s["'][^"'\n]*["']%(gap)s,%(gap)s["']([^"'\n]*)["']%(gap)s,%(gap)s)
    ("(?:[^"\\]|\\.)*"(?:%(gap)s"(?:[^"\\]|\\.)*")*|'[^']*'|[^\s)]+)"""
    % {b"gap": _GAP},
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
# #!define NAME value, #!substdef "!NAME!value!g"
_DEFINE = re.compile(
    rb"((?:#!|!!)[a-z]{0,5}(?:def|subst)[a-z]{0,5}[ \t][^\w\n]*(\w+)[ \t]*)(?:\\\n|[^\n])+", re.IGNORECASE
)
# name=value among others, as in the address of a Redis or in attributes, and name = value of a setting.
_PART = re.compile(rb"""(\b(\w+)[ \t]*=(?![=>~])[ \t]*)(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^;"'\s]+)""", re.DOTALL)
# NAME=value, as on the command line of the server.
_ASSIGNED = re.compile(rb"\A((\w+)=).*\Z", re.DOTALL)


def mask_secrets(data: bytes) -> bytes:
    """The same text with passwords in URLs, and values whose name says that they are secret, masked."""
    if not _HINT.search(data):
        return data
    data = _STRINGS.sub(lambda found: _mask_url(found[0]), data)
    data = _WORDS.sub(lambda found: _mask_url(found[0]), data)
    data = _SIP_PASSWORD.sub(rb"\1" + MASK, data)
    data = _PARAM.sub(lambda found: _masked(found, b'"' + MASK + b'"'), data)
    data = _PART.sub(lambda found: _masked(found, MASK), data)
    return _DEFINE.sub(lambda found: _masked(found, MASK), data)


def mask_text(text: str) -> str:
    """The same for a text, which can hold bytes as surrogates."""
    return mask_secrets(readable_bytes(text)).decode("utf-8", "surrogateescape")


def _mask_url(text: bytes) -> bytes:
    user = _USER.search(text)
    end = text.rfind(b"@")
    return text[: user.end()] + MASK + text[end:] if user and end >= user.end() else text


def _masked(found: Match[bytes], mask: bytes) -> bytes:
    """A match of what leads to a value, its name being the second group, with the value masked where it is secret."""
    return found[1] + mask if _SECRET_NAME.search(found[2]) else found[0]


def mask_value(name: str, value: bytes) -> bytes:
    """The value of a parameter, masked if its name says that it is secret, or in a URL that holds a password."""
    return MASK if _is_secret(name) else mask_secrets(value)


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name.encode("utf-8", "replace")))


def mask_options(value: Any, name: str = "") -> Any:
    """The same options of a module, a copy, for a log. C(name) is what they stand under."""
    if isinstance(value, dict):
        return {key: mask_options(one, str(key)) for key, one in value.items()}
    if value is not None and _is_secret(name):
        return MASK.decode()
    if isinstance(value, (list, tuple)):
        return [mask_options(one) for one in value]
    if isinstance(value, str):
        data = _ASSIGNED.sub(lambda found: _masked(found, MASK), readable_bytes(value))
        return mask_text(data.decode("utf-8", "surrogateescape"))
    return value
