# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The digest of what a configuration means: comments and layout never change it, a token does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.meaning import meaning_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files

VERSION = Version(6, 0, 1)
# Lines of a configuration as tokens; each directive is one, with its line end.
TOKENS = [
    *b'loadmodule|"tm.so"|modparam|(|"tm"|,|"fr_timer"|,|1000|)|listen|=|udp:127.0.0.1:5060'.split(b"|"),
    b"\n#!define A 1\n",
    b"\n#!ifdef A\n",
    *b"children|=|A".split(b"|"),
    b"\n#!endif\n",
    *b"request_route|{|if|(|$rU|==|\"a # b\"|)|{|xlog|(|'L /* x */'|)|;|}|exit|;|}".split(b"|"),
]
LAYOUT = st.lists(
    st.sampled_from([b" ", b"\t", b"\n", b"\r\n", b"# note\n", b"// it's\n", b'/* "no" */', b"/* a /* b */ */"]),
    max_size=3,
).map(b"".join)


def digest(data: bytes, includes: dict[str, bytes] | None = None, version: Version = VERSION, *defines: str) -> str:
    found = evaluate("/etc/k.cfg", data, (includes or {}).get, version, Invocation(defines=defines))
    return meaning_of(found, version)


@given(st.lists(LAYOUT, min_size=len(TOKENS), max_size=len(TOKENS)))
def test_comments_and_white_space_mean_nothing(layout: list[bytes]) -> None:
    text = b" ".join(blank + b" " + token for blank, token in zip(layout, TOKENS))
    # What stands at the end of a directive's line is a part of it.
    text = text.replace(b"\n ", b"\n")
    assert digest(text) == digest(b" ".join(TOKENS).replace(b"\n ", b"\n"))


@given(st.integers(0, len(TOKENS) - 1), st.sampled_from([b"other", b'"o"', b"7", b""]))
def test_a_token_means_something(at: int, other: bytes) -> None:
    changed = [*TOKENS[:at], other, *TOKENS[at + 1 :]]
    # Without its directives the branch is active all the same.
    if b"#!ifdef" not in TOKENS[at] and b"#!endif" not in TOKENS[at]:
        assert digest(b" ".join(changed)) != digest(b" ".join(TOKENS))


@given(st.binary(max_size=80))
def test_any_bytes_have_a_digest(data: bytes) -> None:
    assert len(digest(data)) == 64


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"x=1\n#!ifdef NO\ny=2\n#!endif\n", b"x=1\n#!ifdef NO\ny=3\nz=4\n#!endif\n"),
        (b"#!ifdef NO\ny=2\n#!else\nz=1\n#!endif\n", b"z=1\n"),
        (b"#!define A 1 # one\nx=A\n", b"#!define  A  1  # two\nx=A\n"),
        (b'#!define A "a" /* one */ 2\n', b'#!define A "a" 2\n'),
        (b"#!define A\nx=1\n", b"#!define A \nx = 1"),
        (b"#!KAMAILIO\nx=1\n", b"x=1\n"),
        (b'x="a" "b"\n', b'x="a"   "b"\n'),
        (b"if($x){y();}\n", b"if ($x)\n{\n  y();\n}\n"),
    ],
)
def test_same_meaning(before: bytes, after: bytes) -> None:
    assert digest(before) == digest(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'x="a b"\n', b'x="a  b"\n'),
        (b'x="#a"\n', b'x="#b"\n'),
        (b"x='/* a */'\n", b"x='/* b */'\n"),
        (b"xy=1\n", b"x y=1\n"),
        (b"if($x==1){}\n", b"if($x= =1){}\n"),
        (b"y=$(var(x){s.len})\n", b"y=$(var(x){s.int})\n"),
        (b"#!define A 1\nx=A\n", b"#!define A 2\nx=A\n"),
        (b"#!define A 1\nx=A\n", b"#!define A 1 # swallows\nx=A\n"),
        (b"#!define A 1\n", b"#!define B 1\n"),
        (b'#!substdef "!A!1!g"\n', b'#!substdef "!A! 1!g"\n'),
        (b"#!ifdef NO\ny=2\n#!endif\n", b"#!ifndef NO\ny=2\n#!endif\n"),
        (b"#!defenv A\n", b"#!defenv B\n"),
        (b"x=1 /* open\ny=2\n", b"x=1\ny=2\n"),
        (b'x="open\ny=1\n', b'x="open\ny=2\n'),
        # Only the server knows whether this holds.
        (b"#!defenv E\n#!ifdef E\nx=1\n#!endif\n", b"#!defenv E\n#!ifdef E\nx=2\n#!endif\n"),
    ],
)
def test_other_meaning(before: bytes, after: bytes) -> None:
    assert digest(before) != digest(after)


def test_included_files_count_where_they_are_read() -> None:
    main = b'include_file "a.cfg"\nimport_file "b.cfg"\n'
    one, two = {"/etc/a.cfg": b"x=1\n"}, {"/etc/a.cfg": b"x=1\n", "/etc/b.cfg": b"y=1\n"}
    assert digest(main, one) == digest(main, {"/etc/a.cfg": b"x = 1 # note\n"})
    assert len({digest(main, files) for files in (one, two, {"/etc/a.cfg": b"x=2\n"})}) == 3


def test_file_that_is_included_twice_counts_with_all_of_its_text() -> None:
    main = b'#!define ONCE\ninclude_file "a.cfg"\n#!undef ONCE\ninclude_file "a.cfg"\n'
    text = b"#!ifdef ONCE\nx=1\n#!else\ny=1\n#!endif\n"
    changes = [text.replace(b"x=1", b"x=2"), text.replace(b"y=1", b"y=2")]
    assert len({digest(main, {"/etc/a.cfg": each}) for each in (text, *changes)}) == 3


def test_branches_are_those_of_the_version_and_the_command_line() -> None:
    text = b"#!ifdef KAMAILIO_6\nx=1\n#!endif\n#!ifdef A\ny=1\n#!endif\n"
    changed = text.replace(b"x=1", b"x=2")
    assert digest(text) != digest(changed)
    assert digest(text, None, Version(5, 6, 3)) == digest(changed, None, Version(5, 6, 3))
    assert digest(text, None, VERSION, "A") != digest(text)


def test_five_thousand_lines_take_little_time() -> None:
    block = b'route[R%d] {\n    # note\n    if ($rU =~ "^[0-9]+$" && !has_totag()) {\n'
    block += b'        xlog("L_INFO", "x $ru\\n");\n    }\n}\n'
    text = b"".join(block.replace(b"%d", b"%d" % number) for number in range(900))
    found = evaluate("/etc/k.cfg", text, no_files, VERSION)
    began = time.process_time()
    meaning_of(found, VERSION)
    assert text.count(b"\n") > 5000 and time.process_time() - began < 0.2


def test_a_real_configuration() -> None:
    path = Path("/etc/kamailio/kamailio.cfg")
    if not path.exists():
        pytest.skip("Kamailio is not installed")
    data = path.read_bytes()
    lines = b"\n".join(b"  " + line if not line.startswith((b"#!", b"!!")) else line for line in data.split(b"\n"))
    assert digest(data) == digest(lines + b"\n# the end\n") != digest(data + b"\nx=1\n")
