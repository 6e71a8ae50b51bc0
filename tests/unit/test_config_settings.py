# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files


def evaluation_of(text: str) -> Evaluation:
    return evaluate("/k", text.encode(), no_files, Version(6, 1))


def test_settings_that_are_read() -> None:
    text = (
        'user="sip" uid=other\ngroup=voip gid="30"\ndisable_tcp = yes\n#!ifdef X\nenable_tls=1\n#!endif\nchildren=4\n'
    )
    assert evaluation_of(text + 'route { user="x"; }').settings == {
        "user": b"sip",
        "group": b"30",
        "disable_tcp": b"yes",
    }


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("listen=udp:127.0.0.1", "udp"),
        ("listen=tcp:127.0.0.1", "tcp ws"),
        ("listen=127.0.0.1", "udp tcp sctp ws"),
        ("listen=127.0.0.1 tls_enable=yes", "udp tcp sctp ws tls"),
        ("listen=127.0.0.1 disable_tcp=yes enable_tls=yes", "udp sctp"),
        ("listen=udp:127.0.0.1 listen=tls:127.0.0.1:5061", "udp tls ws"),
        ("listen=sctp:127.0.0.1", "sctp"),
    ],
)
def test_protocols_that_a_server_speaks(text: str, spoken: str) -> None:
    sockets = evaluation_of(text).sockets
    assert sockets
    assert {protocol for protocol in ("udp", "tcp", "tls", "sctp", "ws") if sockets.speaks(protocol.encode())} == set(
        spoken.split()
    )


@pytest.mark.parametrize("hidden", ["listen=tls:127.0.0.1", "enable_tls=yes", "disable_tcp=yes"])
def test_what_may_hide_in_a_branch_is_not_guessed(hidden: str) -> None:
    assert evaluation_of("listen=127.0.0.1\n#!ifexp $x == 1\n%s\n#!endif\n" % hidden).sockets is None
