# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much memory texts cost: those of a reply until they have left the task, and those of files."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._exit import Seen
from ansible_collections.sipfleet.kamailio.plugins.module_utils._memory import LIST_LINES
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc import binrpc, jsonrpc
from ansible_collections.sipfleet.kamailio.plugins.module_utils._rpc.values import normal_result, printable
from ansible_collections.sipfleet.kamailio.plugins.module_utils._secrets import collect_secrets, mask_secrets
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import visible
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

SIZE = 1 << 18
# Python keeps a text in 4 bytes a character, whatever most of them are, where one of them has no place in 2 bytes.
WIDE = "\N{GRINNING FACE}".encode()
TEXTS = {
    "ascii": b"a" * SIZE,
    "one character of 2 bytes": b"a" * SIZE + "\N{EURO SIGN}".encode(),
    "one character of 4 bytes": b"a" * SIZE + WIDE,
    "latin": "\N{LATIN SMALL LETTER E WITH ACUTE}".encode() * (SIZE // 2),
    "not UTF-8": b"\xff" * SIZE,
    "control characters": b"\1" * SIZE,
    "control characters, and one of 4 bytes": b"\1" * SIZE + WIDE,
}


@pytest.mark.parametrize("case", TEXTS)
@pytest.mark.parametrize("protocol", ["binrpc", "json"])
def test_a_text_of_a_reply_costs_a_few_times_its_size(case: str, protocol: str) -> None:
    data = TEXTS[case]
    if protocol == "json":
        reply = b'{"jsonrpc": "2.0", "result": ["%s"], "id": "7"}' % data
    else:
        size = (len(data) + 1).to_bytes(3, "big")
        records = b"\xb1" + size + data + b"\0"
        reply = b"\xa1\x18" + len(records).to_bytes(3, "big") + b"\7" + records
    decode: Any = jsonrpc.decode_reply if protocol == "json" else binrpc.decode_reply
    tracemalloc.start()
    try:
        result = normal_result(decode(reply).values)
        decoded = tracemalloc.get_traced_memory()[1] / len(reply)
        Seen().clean({"result": [printable(value) for value in result]})
        peak = tracemalloc.get_traced_memory()[1] / len(reply)
    finally:
        tracemalloc.stop()
    assert decoded < 9
    # A control character becomes 4 characters.
    assert peak < (30 if case == "control characters, and one of 4 bytes" else 14)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\rc\r\r\nd\n\t", "a\r\nb\\rc\\r\r\nd\n\t"),
        ("\x1b[0m\u202e\x85\udcff\u20ac\U0001f600", "\\x1b[0m\\u202e\\x85\\xff\u20ac\U0001f600"),
        ("\r", "\\r"),
        ("", ""),
    ],
)
def test_what_is_not_printable_appears_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == visible(shown) == shown


def test_a_list_of_very_many_lines_is_refused() -> None:
    with pytest.raises(KamailioError, match="the list has 2000001 lines, and lists of at most 2000000 are read"):
        parse_document(b"x\n" * (LIST_LINES + 1), Version(6, 1))


def test_of_very_many_secrets_few_are_kept() -> None:
    data = b";".join(b"a_pass=%07d" % number for number in range(20_000))
    assert 10_000 <= len(collect_secrets(data)) < 11_000
    assert collect_secrets(b"a_pass=same-one;" * 20_000 + b"b_pass=other-one") == [b"same-one", b"other-one"]
    assert b"0" not in mask_secrets(data)
