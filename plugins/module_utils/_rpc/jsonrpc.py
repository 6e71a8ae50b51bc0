# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""JSON-RPC 2.0 as the jsonrpcs module speaks it: calls written, replies read."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._errors import error
from .._text import quoted
from .clock import Steps
from .values import Param, Struct, encode_text, limits_of

_ESCAPED = re.compile(r'\\(["\\])')


class JsonReply(NamedTuple):
    """A reply: the id of its call, None for none, and the values, or code and text of an error."""

    id: Optional[str]
    values: Struct
    fault: Optional[Tuple[int, str]] = None


def encode_call(method: str, params: Sequence[Param], call_id: str) -> bytes:
    """The text of a call. A NUL in it is an error.

    Quotes and backslashes are written as numbers: a FIFO server looks for the end of the text without knowing that a
    backslash can be quoted itself, and would swallow the calls that follow (modules/jsonrpcs/jsonrpcs_fifo.c).
    """
    call: Dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if params:
        call["params"] = list(params)
    call["id"] = call_id
    return _encode(call)


def add_members(call: bytes, **members: str) -> bytes:
    """A call with more members, which tell the server where the reply goes: C(reply_name), C(store_path)."""
    return call[:-1] + b", " + _encode(members)[1:]


def _encode(members: Mapping[str, Any]) -> bytes:
    text = json.dumps(members, ensure_ascii=False)
    return encode_text(_ESCAPED.sub(lambda found: "\\u%04x" % ord(found.group(1)), text), "\\u0000")


def decode_reply(data: bytes, steps: Optional[Steps] = None) -> JsonReply:
    """A whole reply. What is not JSON, or not a reply, is an error. C(steps) ends what takes too long."""
    steps = steps or Steps()

    def _struct(members: List[Tuple[Optional[str], Any]]) -> Struct:
        steps.step()
        # A Struct keeps members with the same name apart.
        return Struct(members)

    def _int(digits: str) -> int:
        steps.step()
        # A server has no number of more than 64 bits, and more digits take ever more time to read.
        if len(digits) > 20:
            raise ValueError("a number has %d digits" % len(digits))
        return int(digits)

    # Every value but the first comes behind one of these, and an escape costs as much as a value.
    structs = data.count(b"{") + data.count(b"[")
    limits_of(len(data)).require(structs + data.count(b",") + data.count(b"\\"), structs)
    text = data.decode("utf-8", "surrogateescape")
    try:
        found = json.loads(
            text,
            strict=False,
            object_pairs_hook=_struct,
            parse_int=_int,
            parse_float=_float,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as reason:
        raise error("this is not JSON (%s): '%s'" % (quoted(str(reason).encode()), quoted(data, 80))) from reason
    parts = dict(found.members) if isinstance(found, Struct) else {}
    call_id = parts.get("id")
    fault = dict(parts["error"].members) if isinstance(parts.get("error"), Struct) else {}
    reply_id = str(call_id) if isinstance(call_id, (str, int)) else None
    if isinstance(fault.get("code"), int) and isinstance(fault.get("message"), str):
        return JsonReply(reply_id, Struct(()), (fault["code"], fault["message"]))
    if "result" in parts and not fault:
        result = parts["result"]
        several = isinstance(result, list) or (isinstance(result, Struct) and not result.members)
        return JsonReply(reply_id, Struct([(None, value) for value in result] if several else ((None, result),)))
    raise error("this is JSON, but not a reply to a call: '%s'" % quoted(data, 80))


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        # Python would write Infinity, which is not JSON.
        raise ValueError("a number is too large")
    return value


def _no_constant(name: str) -> None:
    raise ValueError("%s is not a number" % name)
