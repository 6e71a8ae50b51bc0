# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The little of HTTP that the xhttp module of Kamailio needs."""

from __future__ import annotations

import re
from typing import Optional

from .._errors import error
from .._text import quoted
from .errors import UnreachableError

_LONGEST_HEAD = 1 << 15
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[^\r\n]*\r?\n")
_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*([0-9]{1,15})[ \t]*\r?$")
_END = re.compile(rb"\r?\n\r?\n")


def encode_post(host: str, port: int, path: str, body: bytes) -> bytes:
    """A request that posts JSON to C(http://host:port/path)."""
    host = "%s:%d" % ("[%s]" % host if ":" in host else host, port)
    if re.search(r"[\x00-\x20\x7f]", host + path) or not path.startswith("/"):
        raise UnreachableError(
            "this is not an address for HTTP: http://%s%s" % (host, path), "Correct its host or its path"
        )
    head = "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return (head % (path, host, len(body))).encode("utf-8", "surrogateescape") + body


def message_length(data: bytes) -> Optional[int]:
    """The length of the response that starts here, None while it cannot be told, or if it ends with the connection."""
    if not b"HTTP/1.".startswith(data[:7]):
        raise error("this is not a response of HTTP: '%s'" % quoted(data, 40))
    end = _END.search(data)
    if not end:
        if len(data) > _LONGEST_HEAD:
            raise error("the head of the response has more than %d bytes" % _LONGEST_HEAD)
        return None
    length = _LENGTH.search(data, 0, end.start() + 1)
    return end.end() + int(length.group(1)) if length else None


def decode_response(data: bytes) -> bytes:
    """The body of a whole response. A status other than 200 without JSON is an error.

    jsonrpcs answers its errors as JSON, under a status of the same number.
    """
    status, end = _STATUS.match(data), _END.search(data)
    if not status or not end:
        raise error("this is not a response of HTTP: '%s'" % quoted(data, 40))
    body = data[end.end() :]
    if status.group(1) != b"200" and body.lstrip()[:1] != b"{":
        raise error("HTTP answered '%s'" % quoted(status.group().strip()))
    return body
