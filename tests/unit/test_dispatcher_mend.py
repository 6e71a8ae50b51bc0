# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.document import parse_document
from ansible_collections.sipfleet.kamailio.plugins.module_utils._dispatcher.mend import meant_flags, mend_flags
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

LINES = st.lists(
    st.sampled_from(["1 sip:a", "AP", "ip", "0x8", "0X1f", "8", " ", "\t", "#", "10", "a=b", "\n", "\n", "\r\n", "x"]),
    max_size=14,
).map(lambda parts: " ".join(parts).encode())


def test_letters_and_hexadecimal_numbers() -> None:
    data = (
        b"1 sip:a AP\n1\tsip:b dx\t5 weight=1 # c\r\n2 sip:c 0x9 0 a\n3 sip:d 8\n4 sip:e\n5 sip:f 0 0 AP\n6 sip:g APX"
    )
    mended = data.replace(b"AP\n1", b"8\n1").replace(b"dx", b"4").replace(b"0x9", b"9")
    assert mend_flags(data, Version(6, 0), range(9), "l") == mended
    assert mend_flags(data, Version(6, 1), range(9), "l") == mended.replace(b" 9 0 a", b" 0x9 0 a")
    assert mend_flags(data, Version(6, 0), {2}, "l") == data.replace(b"dx", b"4")


def test_the_rest_of_a_line_that_the_server_cuts_is_left_alone() -> None:
    data = b"1 sip:a 8 0 " + b"x" * 1010 + b" sip:b AP\n"
    assert mend_flags(data, Version(6, 0), {1}, "l") == data


@given(LINES, st.sampled_from([Version(5, 6), Version(6, 1)]))
def test_any_line_means_what_it_meant(data: bytes, version: Version) -> None:
    before = parse_document(data, version).destinations
    meant = {destination.line: meant_flags(destination) for destination in before}
    try:
        result = mend_flags(data, version, range(99), "l")
    except KamailioError:
        return
    after = parse_document(result, version).destinations
    assert [(destination.setid, destination.uri) for destination in after] == [
        (destination.setid, destination.uri) for destination in before
    ]
    for destination in after:
        what = meant[destination.line]
        assert meant_flags(destination) is None or not what
        assert not what or destination.flags == what.flags
    assert mend_flags(result, version, range(99), "l") == result
