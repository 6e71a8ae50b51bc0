# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies to dispatcher.list as a server writes them, over binrpc and as JSON."""

from __future__ import annotations

import json
from typing import Any, List, Tuple

# A member of a struct with its name; a struct is a list of them. The types are those of Kamailio 6.1.5.
Members = List[Tuple[str, Any]]


def destination(index: int, whole: bool = True) -> Members:
    """A destination with all attributes, statistics and counts, or with none of them, as 5.6.3 shows it."""
    if not whole:
        return [("URI", "sip:%x" % index), ("FLAGS", "AX"), ("PRIORITY", 0)]
    socket = "udp:[2001:db8:1:2:3:4:5:6]:5060"
    body = "weight=50;duid=gw%06d;socket=%s;obproxy=sip:[2001:db8::1];rweight=10;maxload=200" % (index, socket)
    attrs = [("BODY", body), ("DUID", "gw%06d" % index), ("PROBING_COUNT", 0), ("MAXLOAD", 200), ("WEIGHT", 50)]
    attrs += [("RWEIGHT", 10), ("SOCKET", socket), ("SOCKNAME", None), ("PING_SOCKET", None)]
    attrs += [("OBPROXY", "sip:[2001:db8::1]"), ("OCMIN", 0.0), ("OCMAX", 100.0)]
    latency = [("AVG", 1.5), ("STD", 0.25), ("EST", 1.625), ("MAX", 7), ("TIMEOUT", 0)]
    return [
        ("IDX", index),
        ("URI", "sip:[2001:db8:1:2:3:4:5:%x]:5060;transport=tcp" % (index % 65536)),
        ("FLAGS", "AX"),
        ("PRIORITY", index % 7),
        ("UUID", "dspt-6b0b0375-5cf3-3a3-1"),
        ("ATTRS", attrs),
        ("LATENCY", latency),
        ("RUNTIME", [("DLGLOAD", 0)]),
    ]


def listing(count: int, whole: bool = True) -> Members:
    """The members of a reply with one set."""
    targets = [("DEST", destination(index, whole)) for index in range(count)]
    return [("NRSETS", 1), ("RECORDS", [("SET", [("ID", 1), ("TARGETS", targets)])])]


def as_json(members: Members, call_id: str = "7") -> bytes:
    """A reply of jsonrpcs, which indents it with tabs."""

    def convert(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        names = [name for name, _one in value]
        if len(set(names)) == len(names) and "DEST" not in names and "SET" not in names:
            return {name: convert(member) for name, member in value}
        return [{name: convert(member)} for name, member in value]

    return json.dumps({"jsonrpc": "2.0", "result": convert(members), "id": call_id}, indent="\t").encode()


def as_binrpc(members: Members, cookie: bytes = b"\7") -> bytes:
    """A reply of ctl."""
    body = b"".join([b"\3", *(_member(*member) for member in members), b"\x83"])
    return bytes([0xA1, 1 << 4 | 3 << 2 | len(cookie) - 1]) + len(body).to_bytes(4, "big") + cookie + body


def _member(name: str, value: Any) -> bytes:
    return _text(name, 5) + _value(value)


def _value(value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join([b"\3", *(_member(*member) for member in value), b"\x83"])
    if isinstance(value, (int, float)):
        number = int(value * 1000) if isinstance(value, float) else value
        data = number.to_bytes((number.bit_length() + 7) // 8, "big")
        return bytes([len(data) << 4 | (2 if isinstance(value, float) else 0)]) + data
    return _text("<null string>" if value is None else value, 1)


def _text(text: str, kind: int) -> bytes:
    data = text.encode() + b"\0"
    return (bytes([len(data) << 4 | kind]) if len(data) < 8 else bytes([0x90 | kind, len(data)])) + data
