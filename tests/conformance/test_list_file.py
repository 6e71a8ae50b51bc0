# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file servers open as their list."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_list
from conformance.setups import Setup, rules

BASE = 'loadmodule "tm.so"\nloadmodule "dispatcher.so"\n'
# name: a line of the configuration, list_file, -w of the command line, and whether the server finds its list
PLACES: dict[str, tuple[str, str, str | None, bool]] = {
    "whole": ("", "@DIR@/dispatcher.list", None, True),
    "relative_to_the_root": ("", "@BELOW@/dispatcher.list", None, True),
    "relative_to_nothing": ("", "dispatcher.list", None, False),
    "relative_to_the_argument": ("", "dispatcher.list", "@DIR@", True),
    "relative_to_workdir": ('workdir="@DIR@"\n', "./dispatcher.list", None, True),
    "wdir": ("wdir='@DIR@'\n", "dispatcher.list", None, True),
    "last_workdir": ('workdir="/"\nworkdir="@DIR@"\n', "dispatcher.list", None, True),
    "wrong_argument_before_workdir": ('workdir="@DIR@"\n', "dispatcher.list", "/", False),
    "argument_before_workdir": ('workdir="/"\n', "dispatcher.list", "@DIR@", True),
    "white_space": ("", " @DIR@/dispatcher.list", None, False),
}


@pytest.mark.parametrize("case", PLACES)
def test_file_that_is_opened(case: str, suite: str, version: str, tmp_path: Path) -> None:
    line, path, folder, found = PLACES[case]
    setup = Setup(tmp_path, "", "1 sip:127.0.0.1:5\n")
    body = BASE + line + 'modparam("dispatcher", "list_file", "%s")\n' % path
    places = {"@DIR@": str(setup.folder), "@BELOW@": str(setup.folder)[1:]}
    for name, place in places.items():
        body, folder = body.replace(name, place), folder and folder.replace(name, place)
    setup.config.write_text(setup.config.read_text().replace("\nrequest_route", body + "\nrequest_route", 1))
    judged = setup.judge(version, invocation=Invocation(folder=folder))
    assert judged.result["will_start"] is found
    assert ("list-missing" in rules(judged)) is (not found)
    server = setup.server(suite, *(["-w", folder] if folder else []))
    try:
        assert server.start() is found
        if found:
            assert [destination.uri for destination in server.destinations()] == ["sip:127.0.0.1:5"]
    finally:
        server.stop()


def test_folder_that_only_the_server_knows(version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE + 'workdir="lists"\nmodparam("dispatcher", "list_file", "a.list")\n', "")
    judged = setup.judge(version)
    assert rules(judged) == ["config-undecided"] and judged.result["will_start"] is None


@pytest.mark.parametrize("path", ["/dev/null", "@DIR@"])
def test_what_is_no_file_is_an_empty_list(path: str, suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE + 'modparam("dispatcher", "list_file", "%s")\n' % path, None)
    assert read_list(path.replace("@DIR@", str(setup.folder))) == b""
    judged = setup.judge(version)
    assert rules(judged) == ["list-empty"] and judged.result["will_start"]
    with setup.server(suite) as server:
        assert "No Destination Sets" in server.rpc("dispatcher.list")


@pytest.mark.parametrize(
    "path",
    [
        "$env(LISTS)/dispatcher.list",
        "/srv/$env(LISTS)/dispatcher.list",
        "${LISTS}/dispatcher.list",
        "$HOME/dispatcher.list",
        "~/dispatcher.list",
        "~kamailio/dispatcher.list",
        "file:///etc/kamailio/dispatcher.list",
        "/etc/{{ kamailio }}/dispatcher.list",
        "/etc/<kamailio>/dispatcher.list",
    ],
)
def test_nothing_is_replaced_in_the_path(path: str, suite: str, version: str, tmp_path: Path) -> None:
    setup = Setup(tmp_path, BASE + 'modparam("dispatcher", "list_file", "%s")\n' % path, "1 sip:127.0.0.1:5\n")
    for listing in (None, str(setup.list)):
        judged = setup.judge(version, listing=listing)
        assert rules(judged) == ["list-file-literal"] and judged.result["will_start"] is False
    server = setup.server(suite)
    assert server.check() == 0
    try:
        assert not server.start()
        assert "can't open list file" in server.log_text()
    finally:
        server.stop()


def test_path_that_only_looks_replaced(version: str, tmp_path: Path) -> None:
    odd = tmp_path / "$env(X)"
    odd.mkdir()
    setup = Setup(tmp_path, BASE + 'modparam("dispatcher", "list_file", "%s/a.list")\n' % odd, None)
    (odd / "a.list").write_text("1 sip:127.0.0.1:5\n")
    assert rules(setup.judge(version)) == []
