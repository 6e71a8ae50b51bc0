# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Text of configuration files without what must not be seen in a diff, a message or a result."""

from __future__ import annotations

import re
from typing import Any

MASK = b"********"

# user:password@ in a URL, wherever it stands; the password may hold anything but what ends it.
_URL = re.compile(rb"(://[^\s:/@\"']*:)[^\s\"']*(@)")
# modparam("m", "…password…", "value"), and a define whose name says as much.
_PARAM = re.compile(
    rb"""(modparamx?\s*\(\s*["'][^"'\n]*["']\s*,\s*["'][^"'\n]*(?:passw|passphrase|secret|token|private_key|api_?key)[^"'\n]*["']\s*,\s*)
    ("(?:[^"\\]|\\.)*"|'[^']*'|[^\s)]+)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_SECRET_NAME = re.compile(r"passw|passphrase|secret|token|private_key|api_?key", re.IGNORECASE)
# An element of a list of defines, as on the command line of the server.
_ASSIGNED = re.compile(r"\A(\w*(?:passw|secret|token|api_?key)\w*=).*\Z", re.IGNORECASE | re.DOTALL)
_DEFINE = re.compile(
    rb"((?:#!|!!)[a-z]*def[a-z]*[ \t]+[A-Za-z0-9_]*(?:passw|secret|token|api_?key)[A-Za-z0-9_]*[ \t]+)[^\n]+",
    re.IGNORECASE,
)


def mask_secrets(data: bytes) -> bytes:
    """The same text with passwords in URLs, and values whose name says that they are secret, masked."""
    data = _URL.sub(rb"\1" + MASK + rb"\2", data)
    data = _PARAM.sub(rb'\1"' + MASK + rb'"', data)
    return _DEFINE.sub(rb"\1" + MASK, data)


def mask_value(name: str, value: bytes) -> bytes:
    """The value of a parameter, masked if its name says that it is secret, or in a URL that holds a password."""
    return MASK if _SECRET_NAME.search(name) else _URL.sub(rb"\1" + MASK + rb"\2", value)


def mask_options(value: Any, name: str = "") -> Any:
    """The same options of a module, a copy, for a log. C(name) is what they stand under."""
    if isinstance(value, dict):
        return {key: mask_options(one, str(key)) for key, one in value.items()}
    if value is not None and _SECRET_NAME.search(name):
        return MASK.decode()
    if isinstance(value, (list, tuple)):
        return [mask_options(one) for one in value]
    if isinstance(value, str):
        text = mask_secrets(value.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
        return _ASSIGNED.sub(r"\1" + MASK.decode(), text)
    return value
