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
from typing import Any, Mapping

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.modules import table_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.plan import plan_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wish import parse_module_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from conformance.server import Server, as_version, modules_of
from conformance.setups import Setup

CASES = int(os.environ.get("SIPFLEET_CASES", "300"))
SEED = int(os.environ.get("SIPFLEET_SEED", "0"))
PER_TEST = 20
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
    'route[R{unique}] { if (uri=="}{#") { exit; } # }\n}\n',
    "route[R{unique}] {\n#!ifdef {name}\n\tif (uri=='}') { exit; // }\n\t}\n#!else\n\texit; /* } */\n#!endif\n}\n",
    'route[R{unique}] { if (!(uri=="a" || uri=="import_file")) { {pair} } }\nloadmodule "{module}.so"\n',
    "route[R{unique}] {\n#!define {value} exit;\n\tif (uri=='a') { {value} }\n import_file \"missing.cfg\"\n}\n",
    "#!trydef OPEN {\n#!trydef CLOSE }\nroute[R{unique}] OPEN exit; CLOSE\n",
    "#!ifdef MOD_pv\nroute[R{unique}] { $var(a) = $(var(b){s.replace,{separator},x}); # }\n }\n#!endif\n",
    'import_file "missing.cfg"\n',
    '!!subst "/{module}/{module}/"\n',
    '#!subst "/LONG/{module}/g"\nloadmodule "LONG.so"\n',
    "#!subst '!^(.)V(.)$!\\\\1m\\\\2!'\n",
    '#!substdef "!{value}!{module}!g"\nloadmodule "{value}.so"\n',
    '#!substdefs "/{value}/{module}/"\n',
    "#!defexp {value} {expression}\n",
    "#!defexps {value} {expression}\n",
    "#!defenv {value}=SIPFLEET_MODULE\n",
    "#!defenvs {value}=SIPFLEET_WORD\n",
    "#!trydefenv {name}=SIPFLEET_WORD\n",
    "#!trydefenvs SIPFLEET_MISSING\n",
    "!!undefine {name}\n",
    'loadpath "/usr/lib/x86_64-linux-gnu/kamailio/modules"\n',
    'modparam("tm|t.", "fr_inv_timer", 5)\n',
    'modparamx("tm", "fr_timer", 1000)\n',
    'modparam("{module}", "fr_timer", 5)\n',
    'modparam("tm|rr", "{parameter}", {setting})\n',
    'modparam("rr", "append_fromtag", 1)\nloadmodule "{module}"\n',
    'loadmodulex "{module}.so"\n',
    'loadmodule\n\n\t"{module}" # c\n',
    'import_file "included.cfg"\n',
    "debug=2 ",
    "\r\n",
)
# What the server takes for something else than it seems, and starts all the same.
HARMLESS = ("comment-unclosed", "directive-not-recognised")
WISHES: tuple[list[dict[str, Any]], ...] = (
    [{"name": "tm"}],
    [{"name": "sl"}, {"name": "tm", "params": {"fr_timer": 7000}}],
    [{"name": "tm", "params": {"fr_timer": None}, "purge": "params"}, {"name": "pv"}],
    [{"name": "rr", "params": {"append_fromtag": 0}}],
    [{"name": "xlog", "state": "absent"}, {"name": "maxfwd"}],
    [{"name": "tm", "state": "absent"}],
    [{"name": "usrloc", "params": {"timer_interval": 30}}, {"name": "tm"}],
)
NUMBERS = ("1000", "0x10", "yes", "-1", "A", '"1"x', "1000 # c")
ENDS = (*["#!endif"] * 8, "!!endif", "#!endif ", "#!endif\t", "#!endif # x")


WORDS = (
    *"ABCX",
    "0",
    "1",
    "2",
    "7",
    '"tm"',
    "'x'",
    '""',
    "KAMAILIO_VERSION",
    "MOD_tm",
    "FROM_OUTSIDE",
    "VALUE_OUTSIDE",
)
OPERATORS = ("==", "==", "!=", "<", ">=", "+", "-", "*", "/", "%", "**", "&&", "||", "&", "|", "^", "<<", ">>")


def make_expression(chance: random.Random) -> str:
    """An expression for #!ifexp and #!defexp."""
    text = chance.choice(WORDS)
    for _index in range(chance.randrange(4)):
        other = chance.choice(("", "", "", "!", "-", "^")) + chance.choice(WORDS)
        gap = chance.choice((" ", " ", ""))
        text = gap.join((text, chance.choice(OPERATORS), other))
        if chance.random() < 0.2:
            text = "(%s)" % text
    return text + chance.choice(("", "", " # note"))


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
        ("{expression}", (make_expression(chance),)),
        ("{unique}", (str(chance.randrange(1 << 30)),)),
        ("{parameter}", ("enable_full_lr", "fr_timer", "reason_value", "custom_user_avp", "Fr_timer")),
        ("{setting}", ("1", '"1"', '""')),
        ("{separator}", ('"', "'", "#", "//", "/*", "(", "x")),
        ("{pair}", ("exit;", 'if (uri=="c") { exit; }', "exit; return;")),
    ):
        text = text.replace(name, chance.choice(choices))
    return text


def make_conditional(chance: random.Random, depth: int) -> str:
    """A conditional, well-formed most of the time."""
    names = (*"ABCX", "MOD_" + chance.choice(MODULES), "KAMAILIO_6", "KAMAILIO_5_6", "FROM_OUTSIDE", "SIPFLEET_MISSING")
    head = "#!%s %s%s\n" % (
        chance.choice(("ifdef", "ifndef")),
        chance.choice(names),
        chance.choice(("", "", " ", "  # note")),
    )
    if chance.random() < 0.3:
        head = "#!ifexp %s\n" % make_expression(chance)
    body = make_pieces(chance, depth + 1, 3)
    if chance.random() < 0.4:
        body += "#!else\n" + make_pieces(chance, depth + 1, 3)
    return head + body + chance.choice(ENDS) + "\n"


def make_pieces(chance: random.Random, depth: int, most: int) -> str:
    """Some pieces."""
    return "".join(make_piece(chance, depth) for _index in range(chance.randrange(most)))


def edit(setup: Setup, server: Server, chance: random.Random, version: Version | None, beside: Invocation) -> bool:
    """Let loadmodule edit files that the server starts with, and start it with the result."""
    wishes = parse_module_wishes(chance.choice(WISHES))
    files = [path for path in (setup.config, setup.folder / "included.cfg") if path.exists()]
    before = {str(path): path.read_bytes() for path in files}

    def evaluation_of(texts: Mapping[str, bytes]) -> Evaluation:
        def read(path: str) -> bytes | Problem | None:
            return texts[path] if path in texts else read_include(path)

        path = str(setup.config)
        return evaluate(path, texts.get(path, before[path]), read, version, beside)

    try:
        texts = plan_modules(wishes, evaluation_of)
    except KamailioError:
        return False
    for path, text in texts.items():
        Path(path).write_bytes(text)
    assert plan_modules(wishes, lambda more: evaluation_of({**texts, **more})) == {}
    what = "%s\n%s" % (wishes, "\n".join(path.read_text() for path in files))
    assert server.check() == 0, what
    try:
        assert server.start(), what
        assert modules_of(server) == [load.name for load in evaluation_of(texts).loads], what
    finally:
        server.stop()
    return bool(texts)


@pytest.mark.parametrize("seed", range(SEED, SEED + CASES, PER_TEST))
def test_the_server_sees_the_same(
    seed: int, suite: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"SIPFLEET_MODULE": '"pv"', "SIPFLEET_WORD": "rr"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    defines = ("FROM_OUTSIDE", "VALUE_OUTSIDE=7")
    beside = Invocation(defines=defines, environment=environment)
    arguments = [argument for define in defines for argument in ("-A", define)]
    started = undecided = edited = 0
    for number in range(seed, seed + PER_TEST):
        chance = random.Random(number)
        setup = Setup(tmp_path, make_pieces(chance, 0, 12), None)
        if chance.random() < 0.5:
            included = make_pieces(chance, 2, 4).replace('import_file "included.cfg"\n', "")
            (setup.folder / "included.cfg").write_text(included)
        data = setup.config.read_bytes()
        evaluation = evaluate(str(setup.config), data, read_include, as_version(version), beside)
        if evaluation.undecided:
            undecided += 1
            continue
        refused = [problem.render() for rule, problem in evaluation.problems if rule not in HARMLESS]
        refused += [finding.text for finding in table_findings(evaluation, as_version(version))]
        server = setup.server(suite, *arguments)
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
        edited += edit(setup, server, chance, as_version(version), beside)
    assert edited, "none of these configurations was edited: the test shows nothing"
    assert started, "none of these configurations was accepted: the test shows nothing"
    assert undecided < PER_TEST / 3, "too many of these configurations were not judged"
