# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration that each package ships, with its WITH_… defines alone and together.

Compared: which modules are loaded in which order, whether kamailio -c accepts it, the text that kamailio --cfg-print
gives, and that loadmodule leaves a file which the server takes as it took the one before.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import Listing, analyse
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation, Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.plan import plan_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wish import parse_module_wishes
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from conformance.server import Server, as_version, free_ports, modules_of, run_in_root

COMBINATIONS = 8
WISHES = [
    {"name": "tm"},
    {"name": "dispatcher", "params": {"ds_ping_interval": 10, "list_file": "@DIR@/dispatcher.list"}},
    {"name": "tm", "params": {"fr_timer": 15000}},
    {"name": "htable", "params": {"htable": ["a=>size=4;", "b=>size=5;"]}},
    {"name": "rr", "params": {"append_fromtag": 1}, "purge": "params"},
    {"name": "counters", "state": "absent"},
    {"name": "cfg_rpc", "state": "absent"},
]


class Package:
    """The configuration of a package, in a folder of its own and on a port of its own."""

    def __init__(self, suite: str, version: str, folder: Path) -> None:
        self.suite = suite
        self.version = as_version(version)
        self.folder = folder
        self.config = folder / "kamailio.cfg"
        text = run_in_root(suite, "cat", "/etc/kamailio/kamailio.cfg").stdout
        self.defines = sorted(set(re.findall(r"#!ifn?def (WITH_\w+)", text)))
        control = (
            'listen=udp:127.0.0.1:%d\nchildren=1\nmodparam("ctl", "binrpc", "unix:%s/ctl")\n'
            'modparam("jsonrpcs", "fifo_name", "%s/fifo")\nmodparam("jsonrpcs", "dgram_socket", "%s/socket")\n'
        )
        self.text = text.replace(
            "request_route {", control % (free_ports(1)[0], folder, folder, folder) + "request_route {", 1
        )
        self.config.write_text(self.text)

    def evaluate(self, defines: tuple[str, ...], text: bytes | None = None) -> Evaluation:
        """The evaluated view, of another text if one is given."""
        data = self.config.read_bytes() if text is None else text
        return evaluate(str(self.config), data, read_include, self.version, Invocation(defines))

    def run(self, defines: tuple[str, ...], *arguments: str) -> tuple[int, str]:
        """Run the server's program on it."""
        line = [word for define in defines for word in ("-A", define)]
        # Without a buffer: 6.0 and 6.1 lose the last one of --cfg-print.
        done = run_in_root(self.suite, "stdbuf", "-o0", "kamailio", *arguments, "-f", str(self.config), *line)
        return done.returncode, done.stdout

    def server(self, defines: tuple[str, ...]) -> Server:
        """A server for it."""
        return Server(
            self.suite, self.folder, self.config, tuple(word for define in defines for word in ("-A", define))
        )


def combinations(package: Package) -> list[tuple[str, ...]]:
    """None, each alone, and some together."""
    chance = random.Random(package.suite)
    several = [tuple(sorted(chance.sample(package.defines, chance.randrange(2, 8)))) for _index in range(COMBINATIONS)]
    return [(), *((define,) for define in package.defines), *several]


def test_modules_and_text(suite: str, version: str, tmp_path: Path) -> None:
    package = Package(suite, version, tmp_path)
    assert len(package.defines) > 15
    accepted = started = 0
    for defines in combinations(package):
        evaluation = package.evaluate(defines)
        assert not evaluation.undecided, defines
        if evaluation.problems:
            assert package.run(defines, "-c")[0], evaluation.problems
            continue
        if package.version.release >= (5, 5):
            _status, printed = package.run(defines, "--cfg-print")
            assert active_text(evaluation) == bare(printed.encode()), defines
        if package.run(defines, "-c")[0]:
            missing = [load.name for load in evaluation.loads if not shipped(suite, load.name)]
            assert missing, "the server refuses it with %s" % (defines,)
            continue
        accepted += 1
        if evaluation.load("db_mysql"):
            # Without its database it neither starts nor ends at once.
            continue
        server = package.server(defines)
        try:
            if server.start():
                started += 1
                assert modules_of(server) == [load.name for load in evaluation.loads], defines
                verdict = analyse(evaluation, Listing("dispatcher.list", None, False), package.version)
                assert verdict.will_start and verdict.findings == (), defines
        finally:
            server.stop()
    assert accepted > 10 and started > 8


def shipped(suite: str, module: str) -> bool:
    """Whether the root of the suite has the module."""
    command = "ls /usr/lib/*/kamailio/modules/%s.so" % module
    return run_in_root(suite, "sh", "-c", command).returncode == 0


def active_text(evaluation: Evaluation) -> str:
    """The text without what is inactive, directives of conditionals and comments included."""
    data = evaluation.files[evaluation.path]
    out, at = b"", 0
    for place in evaluation.inactive:
        out += data[at : place.start]
        at = place.end
    return bare(out + data[at:])


def bare(data: bytes) -> str:
    """The lines that are neither blank nor a comment or a directive of a conditional."""
    text = re.sub(rb"/\*.*?\*/", b"", data, flags=re.DOTALL)
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    return "\n".join(
        line for line in lines if line and not re.match(r"import_file|#(?!!(?:re|try)?(?:subst)?def)", line)
    )


@pytest.mark.parametrize("number", range(len(WISHES)))
def test_edits_leave_a_file_that_the_server_takes(number: int, suite: str, version: str, tmp_path: Path) -> None:
    package = Package(suite, version, tmp_path)
    (tmp_path / "dispatcher.list").write_text("1 sip:127.0.0.1:5099 8\n")
    wishes = parse_module_wishes([json.loads(json.dumps(WISHES[number]).replace("@DIR@", str(tmp_path)))])
    for defines in [(), ("WITH_NAT", "WITH_ANTIFLOOD"), ("WITH_PRESENCE",), tuple(package.defines[::3])]:
        package.config.write_text(package.text)
        before = package.evaluate(defines)
        passed = package.run(defines, "-c")[0] == 0
        if before.problems:
            assert not passed
            continue

        def planned(texts: Mapping[str, bytes], defines: tuple[str, ...] = defines) -> Evaluation:
            return package.evaluate(defines, texts.get(str(package.config)))

        texts = plan_modules(wishes, planned)
        if texts:
            package.config.write_bytes(texts[str(package.config)])
        assert plan_modules(wishes, planned) == {}
        kept = set(package.text.splitlines()) - set(package.config.read_text().splitlines())
        assert len(kept) <= 12 and all(re.search("modparam|loadmodule", line) for line in kept)
        assert (package.run(defines, "-c")[0] == 0) is passed
        for other in ((), ("WITH_AUTH",), ("WITH_NAT",), ("WITH_PRESENCE", "WITH_DISPATCHER")):
            twice = [rule for rule, _problem in package.evaluate(other).problems if rule == "module-twice"]
            assert not twice, other
        if passed and not defines:
            server = package.server(defines)
            try:
                assert server.start(), server.log_text()
                assert modules_of(server) == [load.name for load in package.evaluate(defines).loads]
            finally:
                server.stop()
        assert len(before.loads) >= 10
