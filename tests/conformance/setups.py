# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import Host
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.guard import (
    CORRECT,
    REPORT,
    OnViolation,
    Outcome,
    Policy,
    describe,
    guard,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.judge import Question, Site
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import NOTHING_BESIDE, Evaluator
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Invocation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_file, read_include, read_list
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from conformance.server import Server, as_version, free_ports

_NUMBERS = itertools.count()


class Judged(NamedTuple):
    """What validate does about files, for a version."""

    outcome: Outcome
    version: Version

    @property
    def result(self) -> dict[str, Any]:
        """What the module returns."""
        return describe(self.outcome, self.version)

    @property
    def refusal(self) -> str | None:
        """Why it fails."""
        return self.outcome.refusal


class Setup:
    """A folder with kamailio.cfg and dispatcher.list, for one server."""

    def __init__(self, folder: Path, body: str, listing: str | None, route: str = "exit;") -> None:
        self.folder = folder / str(next(_NUMBERS))
        self.folder.mkdir()
        self.config = self.folder / "kamailio.cfg"
        self.list = self.folder / "dispatcher.list"
        head = 'children=1\nlisten=udp:127.0.0.1:%d\nloadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:%s/ctl")\n'
        body = body.replace("@LIST@", f'modparam("dispatcher", "list_file", "{self.list}")')
        body = body.replace("@DIR@", str(self.folder))
        self.port = free_ports(1)[0]
        self.config.write_text(head % (self.port, self.folder) + body + "\nrequest_route { %s }\n" % route)
        if listing is not None:
            self.list.write_text(listing.replace("@PORT@", str(self.port)))

    def server(self, suite: str, *arguments: str) -> Server:
        """A server for these files, with more arguments on its command line."""
        return Server(suite, self.folder, self.config, arguments)

    def judge(
        self,
        version: str,
        host: Host | None = None,
        invocation: Invocation = NOTHING_BESIDE,
        ignore: Collection[str] = (),
        listing: str | None = None,
        on_violation: OnViolation = REPORT,
        **policy: Any,
    ) -> Judged:
        """What validate says of these files."""
        site = Site(as_version(version), invocation, Evaluator(read_file, read_include, read_list), host)
        question = Question(str(self.config), listing=listing, ignore=ignore)
        return Judged(guard(question, site, Policy(on_violation, **{"interval": 1, **policy})), site.version)

    def correct(self, version: str, correction: str) -> Judged:
        """Let validate correct these files, and write what it gives back."""
        return self.write(self.judge(version, on_violation=CORRECT, correction=correction))

    def write(self, judged: Judged) -> Judged:
        """Write what was corrected."""
        for change in judged.outcome.writes:
            Path(change.path).write_bytes(change.after or b"")
        return judged

    def text(self) -> str:
        """All files, for a message."""
        return "\n".join("--- %s\n%s" % (path.name, path.read_text()) for path in self.folder.iterdir() if path.suffix)


def add_database(folder: Path) -> None:
    """The tables of db_text with one destination."""
    folder.mkdir()
    (folder / "version").write_text("table_name(string) table_version(int)\ndispatcher:4\n")
    columns = "id(int,auto) setid(int) destination(string) flags(int) priority(int) attrs(string) description(string)"
    (folder / "dispatcher").write_text(columns + "\n1:1:sip\\:127.0.0.1\\:5097:8:0:a=b:x\n")


# Notes that nearly every set-up of a test gets; test_probing_findings is about them.
USUAL = ("probing-until-first-answer", "interval-shorter-than-timeout")


def rules(judged: Judged) -> list[str]:
    """The rules that were broken, each once, but for the usual notes."""
    return sorted({finding["rule"] for finding in judged.result["findings"]} - set(USUAL))
