# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation, Invocation
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
        ("listen=tcp:127.0.0.1", "tcp"),
        ('listen=tcp:127.0.0.1 loadmodule "websocket.so"', "tcp ws"),
        ("listen=127.0.0.1", "udp tcp"),
        ("listen=lo", "udp tcp"),
        ('listen=127.0.0.1 loadmodule "sctp.so"', "udp tcp sctp"),
        ('listen=127.0.0.1 loadmodule "sctp.so" disable_sctp=yes', "udp tcp"),
        ("listen=127.0.0.1 tls_enable=yes", "udp tcp"),
        ('listen=127.0.0.1 loadmodule "tls.so"', "udp tcp"),
        ('listen=127.0.0.1 tls_enable=yes loadmodule "tls.so"', "udp tcp tls"),
        ('listen=127.0.0.1 tls_enable=yes loadmodule "tls_wolfssl.so"', "udp tcp tls"),
        ('listen=127.0.0.1 disable_tcp=yes enable_tls=yes loadmodule "tls.so"', "udp"),
        ("listen=udp:127.0.0.1 listen=tls:127.0.0.1:5061", "udp"),
        ('listen=udp:127.0.0.1 listen=tls:127.0.0.1 enable_tls=yes loadmodule "tls.so"', "udp tls"),
        ('listen=tls:127.0.0.1 enable_tls=yes loadmodule "tls.so" loadmodule "websocket.so"', "tls ws"),
        ("listen=sctp:127.0.0.1", ""),
        ("listen=udp:2001:db8:0:0:0:0:0:1:5060", "udp"),
        ("listen=udp:2001:db8::1", "udp"),
        ("listen=::1", "udp tcp"),
        ("listen=udp:127.0.0.1 advertise 192.0.2.1:5060\nmine.gateway = 4", "udp"),
        ("", "udp tcp"),
        ('enable_tls=yes loadmodule "tls.so"', "udp tcp tls"),
    ],
)
def test_protocols_that_a_server_speaks(text: str, spoken: str) -> None:
    sockets = evaluation_of(text).sockets
    names = ("udp", "tcp", "tls", "sctp", "ws")
    assert {name for name in names if sockets.may_speak(name.encode())} == set(spoken.split())


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("udp:2001:db8:0:0:0:0:0:1:5070", b"2001:db8::1", 5070),
        ("udp:2001:db8:0:0:0:0:0:1", b"2001:db8::1", 5060),
        ("udp:2001:db8::5070", b"2001:db8::5070", 5060),
        ("udp:2001:db8::", b"2001:db8::", 5060),
        ("::", b"::", 5060),
    ],
)
def test_an_address_without_brackets_takes_what_may_belong_to_it(text: str, host: bytes, port: int) -> None:
    evaluation = evaluation_of("listen=%s\nport=5060" % text)
    assert not evaluation.problems
    assert (evaluation.sockets.sockets[0].host, evaluation.sockets.sockets[0].port) == (host, port)


@pytest.mark.parametrize("hidden", ["listen=tls:127.0.0.1", "enable_tls=yes", "disable_tcp=yes"])
def test_what_may_hide_in_a_branch_is_not_guessed(hidden: str) -> None:
    sockets = evaluation_of("listen=127.0.0.1\n#!ifexp $x == 1\n%s\n#!endif\n" % hidden).sockets
    assert sockets.may_speak(b"tls") and not sockets.complete


def test_modules_that_may_be_loaded_are_not_ruled_out() -> None:
    hidden = '#!ifexp $x == 1\nloadmodule "tls.so"\n#!endif\n'
    assert not evaluation_of("listen=127.0.0.1\n" + hidden).sockets.may_speak(b"tls")
    assert evaluation_of("enable_tls=yes\nlisten=127.0.0.1\n" + hidden).sockets.may_speak(b"tls")


def test_command_line_that_adds_sockets() -> None:
    text = b"listen=udp:127.0.0.1:5060"
    sockets = evaluate("/k", text, no_files, Version(6, 1), Invocation(listens=("tcp:127.0.0.1:5060",))).sockets
    assert sockets.may_speak(b"tcp") and not sockets.may_speak(b"tls")
    assert sockets.lacks(b"udp:192.0.2.1") is None and sockets.lacks(b"udp:192.0.2.1:x") == "its port is not a number"


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("", "/"),
        ('workdir="/var"', "/var"),
        ("wdir='/var' workdir=\"/run\"", "/run"),
        ("#!defenv D\nworkdir=D", ""),
        ("workdir=tmp", "tmp"),
    ],
)
def test_folder_that_the_server_works_in(text: str, folder: str) -> None:
    assert evaluation_of(text).folder == folder
    beside = Invocation(folder="/srv")
    assert evaluate("/k", text.encode(), no_files, Version(6, 1), beside).folder == "/srv"


@pytest.mark.parametrize("part", ["a:", " a", "1.", "(", "udp:a "])
def test_listen_that_does_not_end(part: str) -> None:
    assert not evaluation_of("listen=:" + part * 50_000).sockets.complete
    evaluation_of("listen=a" + part * 50_000)


def test_text_of_a_socket_that_does_not_end() -> None:
    sockets = evaluation_of("listen=udp:127.0.0.1").sockets
    assert sockets.lacks(b"udp:" + b"a" * 1_000_000) == "no listen is for it"
    assert "colons" in (sockets.lacks(b":" * 1_000_000) or "")
