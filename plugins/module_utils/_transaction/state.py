# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The state of a change as it is kept, checked field by field.

It decides what root writes and runs, perhaps after a boot or a full disk, so nothing of it is taken on trust.
"""

from __future__ import annotations

import base64
import json
import os
import re
from typing import Any, Callable, Dict

from .._config.reloads import COMMANDS

_Check = Callable[[Any], bool]
# Later than any deadline, and early enough for the functions of time.
_END_OF_TIME = 1e11
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_path(value: Any) -> bool:
    return _is_text(value) and os.path.isabs(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _END_OF_TIME


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(member) for member in value)


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _one_of(*choices: str) -> _Check:
    return lambda value: isinstance(value, str) and value in choices


def _is_call(value: Any) -> bool:
    return _is_texts(value) and value[:1] != [] and value[0] in COMMANDS


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _has(fields: Dict[str, _Check]) -> _Check:
    return lambda value: isinstance(value, dict) and not _wrong(value, fields)


def _list_of(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and all(check(member) for member in value)


def _is_encoded(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(base64.b64decode(value, validate=True) or not value)
    except ValueError:
        return False


def _is_tuple(*checks: _Check) -> _Check:
    return lambda value: (
        isinstance(value, list) and len(value) == len(checks) and all(check(each) for check, each in zip(checks, value))
    )


# Set, URI, duid and letters of a destination.
_is_state = _is_tuple(_is_count, _is_text, _or_none(_is_text), _is_text)
# User, group, mode and extended attributes of a file.
_is_attributes = _is_tuple(_is_count, _is_count, _is_count, _list_of(_is_tuple(_is_text, _is_encoded)))
_OPTIONS: Dict[str, _Check] = {
    "config": _is_path,
    "defines": lambda value: _is_text(value) or _is_texts(value),
    "follow": _is_bool,
    "instance": _or_none(_is_text),
    "pings_active": _is_bool,
    "record": _is_path,
    "reload_timeout": _is_number,
    "restart_command": _or_none(_is_texts),
    "restart_timeout": _is_number,
    "socket": _or_none(_is_text),
    "timeout": _is_number,
    "unsafe_writes": _is_bool,
}
_ENTRY: Dict[str, _Check] = {
    "path": _is_path,
    "new": _is_bool,
    "digest": _or_none(lambda value: isinstance(value, str) and bool(_DIGEST.match(value))),
    "attributes": _or_none(_is_attributes),
    "inode": _or_none(_is_count),
    "old_inode": _or_none(_is_count),
}
_STATE: Dict[str, _Check] = {
    "change": lambda value: isinstance(value, str) and value.isalnum(),
    "phase": _one_of("prepared", "writing", "applying", "unconfirmed"),
    "deadline": _is_number,
    "action": _one_of("none", "reload", "restart", "start"),
    "calls": _list_of(_is_call),
    "options": _has(_OPTIONS),
    "boot": _is_text,
    "entries": _list_of(_has(_ENTRY)),
    "folders": _list_of(_is_path),
    "states": _list_of(_is_state),
    "reason": _is_text,
}


def _wrong(value: Dict[str, Any], fields: Dict[str, _Check]) -> str:
    """Return the first field that is missing, unknown or wrong, empty if there is none."""
    for name in [*fields, *value]:
        if name not in fields or name not in value or not fields[name](value[name]):
            return str(name)
    return ""


def parse_state(data: bytes) -> Dict[str, Any]:
    """Parse what is kept of a change. Raises ValueError, which says what is wrong with it."""
    try:
        state = json.loads(data.decode())
        # Text of a file that is not UTF-8 is kept in surrogates, and half of a character is not text.
        json.dumps(state, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(state, dict):
        raise ValueError("it is not a JSON object")
    wrong = _wrong(state, _STATE)
    if wrong == "options" and isinstance(state.get("options"), dict):
        wrong = "options, " + _wrong(state["options"], _OPTIONS)
    if wrong:
        raise ValueError("%s is missing, unknown or wrong" % wrong)
    return state
