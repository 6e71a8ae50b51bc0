# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges Kamailio's files in a repository as sipfleet.kamailio.validate does, without a host and without Ansible.

Exit status: 0 if nothing was found that counts, 1 if something was, 2 if a file could not be judged.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins"))

from module_utils._errors import KamailioError
from module_utils._file import read_file, read_include
from module_utils._guard import Site, validate
from module_utils._message import render_findings
from module_utils._probing.rules import Finding
from module_utils._service import invocation_of_defines
from reports import FORMATS, Checked

FAILS = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


def parse_arguments(words: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(
        prog="kamailio-check",
        description="Judge Kamailio's configuration and list: will it start, and is probed what asks for it?",
    )
    parser.add_argument("config", nargs="+", help="a kamailio.cfg; the list that it names is read as well")
    parser.add_argument("--kamailio-version", required=True, metavar="VERSION", help="what will run it, such as 6.1.5")
    parser.add_argument("--root", metavar="FOLDER", help="where /etc/kamailio/... of a configuration is to be found")
    parser.add_argument("--list", metavar="FILE", help="the list of each configuration, beginning at its own folder")
    parser.add_argument(
        "--define", action="append", default=[], metavar="NAME[=VALUE]", help="what the server gets with -A"
    )
    parser.add_argument("--ignore", action="append", default=[], metavar="RULE", help="a rule that is not looked at")
    parser.add_argument("--fail-on", choices=sorted(FAILS), default="error", help="what makes it fail (error)")
    parser.add_argument("--format", choices=["text", *sorted(FORMATS)], default="text", help="of the report (text)")
    parser.add_argument("--output", metavar="FILE", help="where the report goes (standard output)")
    return parser.parse_args(words)


def check(config: str, arguments: argparse.Namespace) -> Checked:
    """What is found in a configuration and its list; files are named as they are called here."""

    def here(path: str) -> str:
        if not os.path.isabs(path) or not arguments.root:
            return path
        return os.path.relpath(os.path.join(arguments.root, path.lstrip("/")))

    config = os.path.relpath(config)
    params = {
        "config": config,
        "dispatcher_list": os.path.join(os.path.dirname(config), arguments.list) if arguments.list else None,
        "config_content": None,
        "dispatcher_content": None,
        "included_content": {},
        "on_violation": "refuse",
        "correction": "load_tm",
        "ping_interval": 10,
        "probing_mode": None,
        "ignore": arguments.ignore,
        "fail_on": "warning",
    }
    try:
        site = Site(
            arguments.kamailio_version,
            invocation_of_defines(arguments.define),
            lambda path: read_file(here(path)),
            lambda path: read_include(here(path)),
        )
        found = validate(params, site).result["findings"]
    except KamailioError as exc:
        return Checked(config, (), exc.render())
    names = Finding._fields
    return Checked(
        config, tuple(Finding(**{name: one[name] for name in names})._replace(file=here(one["file"])) for one in found)
    )


def render_text(checked: Sequence[Checked]) -> str:
    """What was found, for a terminal."""
    parts: List[str] = []
    for one in checked:
        files: Dict[str, bytes] = {}
        for name in {finding.file for finding in one.findings}:
            try:
                files[name] = read_file(name) or b""
            except KamailioError:
                files[name] = b""
        parts.append("%s: %s" % (one.config, one.summary()))
        if one.findings:
            parts.append(render_findings(one.findings, files))
    return "\n\n".join(parts) + "\n"


def main(words: Optional[Sequence[str]] = None) -> int:
    """Check, report, and give the exit status."""
    arguments = parse_arguments(words)
    checked = [check(config, arguments) for config in arguments.config]
    render = render_text if arguments.format == "text" else FORMATS[arguments.format]
    report = render(checked).encode("utf-8", "replace")
    if arguments.output:
        Path(arguments.output).write_bytes(report)
    else:
        sys.stdout.buffer.write(report)
    for one in checked:
        if one.problem:
            print("kamailio-check: %s" % one.problem, file=sys.stderr)
    if any(one.problem for one in checked):
        return 2
    fails = FAILS[arguments.fail_on]
    return int(any(finding.severity in fails for one in checked for finding in one.findings))


if __name__ == "__main__":
    sys.exit(main())
