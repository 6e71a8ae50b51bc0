# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One file for each trait of the language: what is loaded, and which dispatcher.list is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import list_path
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_include
from conformance.server import as_version, modules_of
from conformance.setups import Setup, rules

FIXTURES = Path(__file__).parent / "fixtures"
MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules"
LISTS = ("a", "b", "c")


@pytest.mark.parametrize("trait", sorted(path.stem for path in FIXTURES.glob("*.cfg")))
def test_the_server_sees_the_same(
    trait: str, suite: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(text: bytes, folder: Path) -> bytes:
        return text.replace(b"@DIR@", str(folder).encode()).replace(b"@MODULES@", MODULES.encode())

    setup = Setup(tmp_path, "", None, route="exit;")
    head, tail = setup.config.read_bytes().split(b"\n\nrequest_route", 1)
    body = place((FIXTURES / (trait + ".cfg")).read_bytes(), setup.folder)
    if trait == "carriage_returns":
        body = body.replace(b"\n", b"\r\n")
    setup.config.write_bytes(head + b"\nrequest_route" + tail + body)
    for number, name in enumerate(LISTS):
        (setup.folder / (name + ".list")).write_text("1 sip:127.0.0.1:%d\n" % (9001 + number))
    shutil.copytree(FIXTURES / "included", setup.folder, dirs_exist_ok=True)
    for path in setup.folder.rglob("*.cfg"):
        path.write_bytes(place(path.read_bytes(), setup.folder))
    monkeypatch.setenv("SIPFLEET_LIST", str(setup.folder / "b.list"))
    beside = Invocation(environment={"SIPFLEET_LIST": str(setup.folder / "b.list")})

    evaluation = evaluate(str(setup.config), setup.config.read_bytes(), read_include, as_version(version), beside)
    assert not evaluation.undecided
    refused = [
        problem for problem in evaluation.problems if problem[0] not in ("comment-unclosed", "directive-not-recognised")
    ]
    server = setup.server(suite)
    assert (server.check() == 0) is (not refused), refused
    if not refused:
        with server:
            assert server.exit_status is None, server.log_text()
            assert modules_of(server) == [load.name for load in evaluation.loads]
            port = 9001 + LISTS.index(Path(list_path(evaluation)).stem)
            assert [destination.uri for destination in server.destinations()] == ["sip:127.0.0.1:%d" % port]
        verdict = setup.judge(version, invocation=beside)
        assert verdict.result["will_start"]
        # No list asks for probing, whatever a fixture sets.
        found = set(rules(verdict)) - {"interval-without-probing"}
        assert found == {rule for rule, _problem in evaluation.problems}
