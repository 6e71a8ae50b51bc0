# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The attributes of a destination: C(name=value;name=value), one word without white space.

The server reads them with C(parse_params) of Kamailio's src/core/parser/parse_param.c.
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Optional, Tuple

from .._text import named

_NAME = re.compile(r"[A-Za-z0-9_.+-]+\Z")
_PARAM = re.compile(rb"""([^\s=;,"']+)(?:=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;,"']+))?(;|\Z)""")

Pairs = Tuple[Tuple[bytes, Optional[bytes]], ...]


def parse_attrs(text: bytes) -> Optional[Pairs]:
    """The names and values (without their quotes) in their order; None if the text is not well-formed."""
    pairs: List[Tuple[bytes, Optional[bytes]]] = []
    at = 0
    while at < len(text):
        found = _PARAM.match(text, at)
        if not found:
            return None
        name, value, _end = found.groups()
        pairs.append((name, value[1:-1] if value and value[:1] in b"\"'" else value))
        at = found.end()
    return tuple(pairs)


def same_attrs(one: bytes, other: bytes) -> bool:
    """Whether two texts mean the same: order, case of names, quotes and a last semicolon do not matter."""
    if one == other:
        return True
    left, right = parse_attrs(one), parse_attrs(other)
    return left is not None and right is not None and _by_name(left) == _by_name(right)


def _by_name(pairs: Pairs) -> Dict[bytes, List[Optional[bytes]]]:
    values: Dict[bytes, List[Optional[bytes]]] = {}
    for name, value in pairs:
        values.setdefault(name.lower(), []).append(value)
    return values


def attr_value(text: bytes, name: bytes) -> Optional[bytes]:
    """The value of an attribute, None if it is not there; the last one counts, as for the server."""
    return {key.lower(): value for key, value in parse_attrs(text) or ()}.get(name)


def check_attrs_text(text: str) -> bytes:
    """Attributes given as text, checked so that the server reads them all.

    Raises ValueError with a text for people.
    """
    _refuse_unwritable(text)
    if text.startswith("#"):
        raise ValueError("begins with #, which would make it a comment")
    data = text.encode("utf-8", "surrogateescape")
    if parse_attrs(data) is None:
        raise ValueError(
            "%s is not name=value;name=value: the server would skip the destination or drop a part (a value "
            "must not be empty, one with a comma or semicolon needs quotes, each quote its end)" % named(text)
        )
    return data


def render_attrs(attrs: Mapping[object, object]) -> bytes:
    """Attributes given as a mapping; a value of None stands for a name alone.

    Raises ValueError with a text for people.
    """
    parts = []
    for name, value in attrs.items():
        if not isinstance(name, str) or not _NAME.match(name):
            raise ValueError("%s is not a name: letters, digits and _ . + - make one" % named(name))
        parts.append(name if value is None else "%s=%s" % (name, _render_value(name, value)))
    return ";".join(parts).encode("utf-8", "surrogateescape")


def _render_value(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("%s is neither text nor a number" % name)
    text = str(value)
    if not text:
        raise ValueError("%s is empty: the server would skip the destination" % name)
    _refuse_unwritable(text)
    if re.match(r"""(?:"[^"'\\]*"|'[^"'\\]*')\Z""", text):
        return text
    if re.search(r"""["'\\]""", text):
        raise ValueError("%s holds a quote or a backslash, which the server's parser does not give back" % name)
    return '"%s"' % text if re.search("[;,]", text) else text


def _refuse_unwritable(text: str) -> None:
    found = re.search(r"[\s\x00-\x1f\x7f]", text)
    if found:
        raise ValueError(
            "%s holds white space or a control character (%s), and the server stops reading at it"
            % (ascii(text), ascii(found.group()))
        )
