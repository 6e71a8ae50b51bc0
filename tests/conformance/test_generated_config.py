# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations made at random: what the evaluation finds, and what kamailio -c and core.modules say.

The seed stands in the name of a case, so a failure can be run again by that name; SIPFLEET_CASES and SIPFLEET_SEED
make a longer run, or another one.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._file import read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._probing.versions import parse_version
from conformance.server import modules_of
from conformance.setups import Setup

CASES = int(os.environ.get("SIPFLEET_CASES", "40"))
SEED = int(os.environ.get("SIPFLEET_SEED", "0"))
PER_TEST = 10
MODULES = ("tm", "sl", "pv", "xlog", "maxfwd", "rr")

PIECES = (
    *['loadmodule "{module}.so"\n'] * 6,
    '# loadmodule "{module}"\n',
    '/* loadmodule "{module}" */ ',
    "/* a /* b */ c */\n",
    "loadmodule '{module}' // loadmodule \"tm\"\n",
    'loadmodule "{module}" "" \n',
    'loadmodule("{module}.so")\n',
    "loadmodule {value}\n",
    "#!define {name}\n",
    '#!define {value} "{module}"\n',
    '#!define {value} "{module}" # c\n',
    '#!trydef {value} "{module}"\n',
    '#!redefine {value} "{module}"\n',
    "#!undef {name}\n",
    "#!undef {value}\n",
    "#!unknown thing\n",
    "#!else # x\n",
    '#!ifndef MOD_{module}\nloadmodule "{module}"\n#!endif\n',
    'modparam("tm", "fr_timer", {number})\n',
    'modparam("t.", "fr_timer", 5)\n',
    'log_prefix="a # b /* c"\n',
    'import_file "missing.cfg"\n',
    'import_file "included.cfg"\n',
    "debug=2 ",
    "\r\n",
)
NUMBERS = ("1000", "0x10", "yes", "-1", "A", '"1"x', "1000 # c")
ENDS = (*["#!endif"] * 8, "!!endif", "#!endif ", "#!endif\t", "#!endif # x")


def make_piece(chance: random.Random, depth: int) -> str:
    """A statement, a comment or a directive; every fourth time a conditional with more of them inside."""
    if depth < 3 and chance.random() < 0.25:
        return make_conditional(chance, depth)
    text = chance.choice(PIECES)
    for name, choices in (
        ("{module}", MODULES),
        ("{name}", "ABC"),
        ("{value}", "XYZ"),
        ("{number}", NUMBERS),
    ):
        text = text.replace(name, chance.choice(choices))
    return text


def make_conditional(chance: random.Random, depth: int) -> str:
    """A conditional, well-formed most of the time."""
    names = (*"ABCX", "MOD_" + chance.choice(MODULES), "KAMAILIO_6", "KAMAILIO_5_6")
    head = "#!%s %s%s\n" % (
        chance.choice(("ifdef", "ifndef")),
        chance.choice(names),
        chance.choice(("", "", " ", "  # note")),
    )
    body = make_pieces(chance, depth + 1, 3)
    if chance.random() < 0.4:
        body += "#!else\n" + make_pieces(chance, depth + 1, 3)
    return head + body + chance.choice(ENDS) + "\n"


def make_pieces(chance: random.Random, depth: int, most: int) -> str:
    """Some pieces."""
    return "".join(make_piece(chance, depth) for _index in range(chance.randrange(most)))


@pytest.mark.parametrize("seed", range(SEED, SEED + CASES, PER_TEST))
def test_the_server_sees_the_same(seed: int, suite: str, version: str, tmp_path: Path) -> None:
    started = 0
    for number in range(seed, seed + PER_TEST):
        chance = random.Random(number)
        setup = Setup(tmp_path, make_pieces(chance, 0, 12), None)
        if chance.random() < 0.5:
            included = make_pieces(chance, 2, 4).replace('import_file "included.cfg"\n', "")
            (setup.folder / "included.cfg").write_text(included)
        data = setup.config.read_bytes()
        evaluation = evaluate(str(setup.config), data, read_include, parse_version(version))
        assert not evaluation.undecided, number
        refused = [problem.render() for rule, problem in evaluation.problems if rule != "comment-unclosed"]
        server = setup.server(suite)
        assert (server.check() != 0) == bool(refused), "seed %d: %s\n%s" % (number, refused, data.decode())
        if refused:
            continue
        try:
            assert server.start(), server.log_text()
            loaded = modules_of(server)
        finally:
            server.stop()
        assert loaded == [load.name for load in evaluation.loads], "seed %d\n%s" % (number, data.decode())
        started += 1
    assert started, "none of these configurations was accepted: the test shows nothing"
