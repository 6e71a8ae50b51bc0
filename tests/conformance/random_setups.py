# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set-ups made at random: modules in any order and any branch, intervals, modes, flags, and lines that are misread."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Sequence

from conformance.setups import Setup, add_database

# How a loadmodule can stand in a file; {load} is the statement. The first ones take effect.
LOADS = (
    *["{load}\n"] * 8,
    "#!define WITH_{name}\n#!ifdef WITH_{name}\n{load}\n#!endif\n",
    "#!ifndef MOD_{name}\n{load}\n#!endif\n",
    "#!ifdef NOT_{name}\n#!else\n  {load} # needed\n#!endif\n",
    'include_file "{name}.cfg"\n',
    'loadmodule "{name}" ',
)
NO_LOADS = (
    "",
    "# {load}\n",
    "/* {load} */\n",
    "#!ifdef NOT_{name}\n{load}\n#!endif\n",
    'import_file "no_such_{name}.cfg"\n',
)
INTERVALS = (
    *['modparam("dispatcher", "ds_ping_interval", 1)\n'] * 5,
    "",
    'modparam("dispatcher", "ds_ping_interval", 0)\n',
    '#!define PING 1\nmodparam("dispatcher", "ds_ping_interval", PING)\n',
    '#!define PING 0\nmodparam("dispatcher", "ds_ping_interval", PING)\n',
    '#!ifdef NO_PINGS\nmodparam("dispatcher", "ds_ping_interval", 1)\n#!endif\n',
    'modparam("dispatcher", "ds_ping_interval", 30)\nmodparam("dispatcher", "ds_ping_interval", 1)\n',
    'modparam("dispatcher", "ds_ping_interval", 1)\nmodparam("dispatch.*", "ds_ping_interval", 0)\n',
    'modparam("dispatcher", "ds_ping_interval", -1)\n',
)
MODES = (
    "",
    *['modparam("dispatcher", "ds_probing_mode", %d)\n' % mode for mode in (0, 1, 1, 2, 3, 3, 4)],
    '#!substdef "!MODE!3!g"\nmodparam("dispatcher", "ds_probing_mode", MODE)\n',
)
OTHERS = (
    *[""] * 12,
    'modparam("dispatcher", "ds_inactive_threshold", 2)\n',
    'modparam("dispatcher", "ds_ping_from", "sip:proxy@127.0.0.1")\n',
    'modparam("dispatcher", "ds_ping_method", "INFO")\n',
    'modparam("dispatcher", "ds_ping_reply_codes", "class=2;code=404")\n',
    'modparam("dispatcher", "ds_ping_from", "")\n',
    'modparam("dispatcher", "outbound_proxy", "127.0.0.1")\n',
    'modparam("dispatcher", "ds_ping_reply_codes", "class=2;code=404;")\n',
    'modparam("dispatcher", "ds_load_mode", 1)\n',
    'modparam("dispatcher", "ds_default_socket", "udp:127.0.0.1:9")\n',
    'modparam("dispatcher", "ds_ping_interval", "1")\n',
    'modparam("dispatcher", "db_url", "text://@DIR@/db")\n',
    'loadmodule "registrar.so"\n',
)
FLAGS = (*["%d" % flags for flags in (*range(64), *[*range(16)] * 4)], *["8"] * 40, *["9"] * 6, *["0"] * 6)
MISREAD = ("AP", "ap", "IX", "DP", "0x8", "0x9", "-8", "8junk", "P", "", "8 10", "8 -1", "+8", "4294967304")
# What an operator with some experience writes, whose set-up can be corrected.
TIDY_FLAGS = ("8", "8", "8", "8", "0", "9", "1", "2", "10", "AP", "0x8", "0x9", "IX")
TIDY_ATTRS = ("", "", " 0 duid=a", " 10 weight=10;x=y", " 0 ping_from=sip:a@127.0.0.1")
TIDY_OTHERS = 16
ATTRS = (
    *TIDY_ATTRS,
    " 10 weight=50;x=y",
    " 5 weight=50; rweight=5",
    " 0 obproxy=none",
    ' 0 a="b',
    " 0 socket=udp:127.0.0.1:9",
    " # note",
    ";a=b",
)
OTHER_LINES = (
    *[""] * 12,
    "# 1 sip:127.0.0.1:9 8",
    "9",
    "abc sip:127.0.0.1:9 8",
    "3 sip:[::1]:9 8",
    "3 sip:127.0.0.1:99999 8",
    "3 sip:127.0.0.1:9;transport=tcp 8",
    "3 sips:127.0.0.1:9 9",
    "\ufeff4 sip:127.0.0.1:9 8",
)


def make_setup(chance: random.Random, folder: Path, ports: Sequence[int]) -> Setup:
    """A set-up whose destinations are peers on these ports; half of them are tidy enough to be corrected."""
    tidy = chance.random() < 0.5
    names = ["sl", "pv", "tm", "dispatcher"]
    chance.shuffle(names)
    if chance.random() < 0.6:
        names.sort(key=lambda name: name == "dispatcher")
    listed = "" if chance.random() < 0.02 else "@LIST@\n"
    after = chance.choice(INTERVALS) + chance.choice(MODES) + chance.choice(OTHERS[:TIDY_OTHERS] if tidy else OTHERS)
    body, included = 'loadmodule "db_text.so"\n' if chance.random() < 0.3 else "", {}
    for name in names:
        rarely = {"tm": 0.35, "dispatcher": 0.03}.get(name, 0.3)
        form = chance.choice(NO_LOADS if chance.random() < rarely else LOADS)
        load = chance.choice(['loadmodule "%s.so"', 'loadmodule "%s"', "loadmodule '%s.so'"]) % name
        body += form.format(name=name, load=load)
        included[name] = load
    text = _list(chance, ports, tidy)
    setup = Setup(folder, body + listed + after, None if chance.random() < 0.03 else text)
    add_database(setup.folder / "db")
    for name, load in included.items():
        (setup.folder / (name + ".cfg")).write_text(load + "\n")
    return setup


def _list(chance: random.Random, ports: Sequence[int], tidy: bool) -> str:
    lines = []
    for port in ports:
        uri = chance.choice(["sip:127.0.0.1:%d", "sip:127.0.0.1:%d", "127.0.0.1:%d", "sip:u@127.0.0.1:%d"]) % port
        flags = chance.choice(TIDY_FLAGS if tidy else MISREAD if chance.random() < 0.12 else FLAGS)
        attrs = chance.choice(TIDY_ATTRS if tidy else ATTRS)
        line = "%d %s %s%s" % (chance.choice([1, 1, 2, 30]), uri, flags, attrs)
        lines.append(line)
        if chance.random() < 0.06:
            lines.append("%s %s" % (" ".join(line.split()[:2]), chance.choice(FLAGS)))
    if not tidy:
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(OTHER_LINES))
    return chance.choice(["\n", "\n", "\n", "\r\n"]).join(lines) + "\n"
