# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges Kamailio's files in a repository as sipfleet.kamailio.validate does, without a host and without Ansible.

Exit status: 0 if nothing was found that counts, 1 if something was, 2 if it was called wrongly, or a file could not be
judged or written.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from pathlib import Path
from typing import Dict, List, NoReturn, Optional, Sequence, Union

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins"))

from boundary import Root
from module_utils._analysis.destinations import destination_findings
from module_utils._analysis.findings import Finding
from module_utils._analysis.judge import Question, Site, judge
from module_utils._analysis.listing import ListSource
from module_utils._analysis.message import render_findings
from module_utils._config.evaluate import Evaluator
from module_utils._dispatcher.document import parse_document
from module_utils._errors import KamailioError, Problem, error
from module_utils._exit import SEEN
from module_utils._host.files import read_file, read_include, read_list
from module_utils._host.service import invocation_of_defines
from module_utils._rules import ERROR, RULES
from module_utils._text import named
from module_utils._versions import Version, parse_version
from reports import FORMATS, FileReport, printable

FAILS = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


def file_name(text: str) -> str:
    """A file as it is called from here."""
    if not text:
        raise argparse.ArgumentTypeError("the name of a file is empty")
    return os.path.relpath(text)


def kamailio_version(text: str) -> Version:
    """A version of Kamailio."""
    version = parse_version(text)
    if version is None:
        raise argparse.ArgumentTypeError("%s is not a version of Kamailio. Give one such as 6.1.5" % named(text))
    return version


def rule(text: str) -> str:
    """A rule that there is."""
    if text not in RULES:
        raise argparse.ArgumentTypeError("%s is no rule. The rules are in docs/rules.md" % named(text))
    return text


class Parser(argparse.ArgumentParser):
    """A parser whose errors quote words of the command line, which can be the names of files."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def parse_arguments(words: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """The arguments of the command line."""
    parser = Parser(
        prog="kamailio-check",
        description="Judge Kamailio's configuration and list: will it start, and is every P flag really probed?",
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=file_name,
        metavar="FILE",
        help="a kamailio.cfg, with the list that it names; or a list by itself, if the name ends with .list",
    )
    parser.add_argument(
        "--kamailio-version",
        required=True,
        type=kamailio_version,
        metavar="VERSION",
        help="what will run it, such as 6.1.5",
    )
    parser.add_argument("--root", metavar="FOLDER", help="where /etc/kamailio/... of a configuration is to be found")
    parser.add_argument("--list", metavar="FILE", help="the list of each configuration, beginning at its own folder")
    parser.add_argument(
        "--define", action="append", default=[], metavar="NAME[=VALUE]", help="what the server gets with -A"
    )
    parser.add_argument(
        "--ignore", action="append", default=[], type=rule, metavar="RULE", help="a rule that is not looked at"
    )
    parser.add_argument("--fail-on", choices=sorted(FAILS), default="warning", help="what makes it fail (warning)")
    parser.add_argument("--format", choices=["text", *sorted(FORMATS)], default="text", help="of the report (text)")
    parser.add_argument("--output", metavar="FILE", help="where the report goes (standard output)")
    return parser.parse_args(words)


def check(path: str, arguments: argparse.Namespace) -> FileReport:
    """What is found in a configuration and its list, or in a list; files are named as they are called here."""
    try:
        if path.endswith(".list"):
            return FileReport(path, tuple(find_in_list(path, arguments)))
        return report_on_config(path, arguments)
    except KamailioError as exc:
        return FileReport(path, (), "\n".join(printable(problem.render()) for problem in exc.problems))


def cleaned(outcome: FileReport) -> FileReport:
    """What is told of a file without secrets, and with everything printable; its name leads to the file."""
    texts = [{"text": it.text, "remedy": it.remedy, "destination": it.destination} for it in outcome.findings]
    found = SEEN.clean({"findings": texts, "problem": outcome.problem, "not_checked": list(outcome.not_checked)})
    findings = tuple(it._replace(**text) for it, text in zip(outcome.findings, found["findings"]))
    return outcome._replace(findings=findings, problem=found["problem"], not_checked=tuple(found["not_checked"]))


def find_in_list(path: str, arguments: argparse.Namespace) -> List[Finding]:
    """What a list gets wrong by itself, whatever the configuration. Raises KamailioError."""
    root = Root(arguments.root, os.path.dirname(path)) if arguments.root else None
    real = root.find(path) if root and root.holds(path) else path
    data = read_file(real)
    if data is None:
        raise error("is not there", "Create it, or correct its name", path)
    version = arguments.kamailio_version
    found, _skipped = destination_findings(ListSource(real, parse_document(data, version)), version)
    in_order = sorted(found, key=lambda finding: (finding.severity != ERROR, finding.line or 0, finding.column or 0))
    return [finding for finding in in_order if finding.rule not in arguments.ignore]


def report_on_config(config: str, arguments: argparse.Namespace) -> FileReport:
    """What is found in a configuration and its list, and what is not checked. Raises KamailioError."""

    folder = os.path.dirname(config)
    root = Root(arguments.root, folder) if arguments.root else None
    listing = os.path.join(folder, arguments.list) if arguments.list else None

    def here(path: str) -> str:
        """Where a file is; one that was named on the command line can be outside of the root."""
        if root is None or (path in (config, listing) and not root.holds(path)):
            return path
        return root.find(path)

    def include(path: str) -> Union[bytes, Problem, None]:
        try:
            return read_include(here(path))
        except KamailioError as exc:
            return Problem("an included file is not read: %s" % exc.render(), "", path)

    def shown(path: str) -> str:
        with contextlib.suppress(KamailioError):
            return here(path)
        return path

    site = Site(
        arguments.kamailio_version,
        invocation_of_defines(arguments.define),
        Evaluator(lambda path: read_file(here(path)), include, lambda path: read_list(here(path))),
    )
    found = []
    analysis = judge(Question(config, listing=listing, ignore=arguments.ignore), site).analysis
    for finding in analysis.findings:
        if finding.rule == "list-missing" and not arguments.list and not arguments.root:
            finding = finding._replace(remedy="Say with --list or --root where it is in this repository")
        found.append(finding._replace(file=shown(finding.file)))
    return FileReport(config, tuple(found), not_checked=analysis.not_checked)


def render_text(checked: Sequence[FileReport]) -> str:
    """What was found, for a terminal."""
    parts: List[str] = []
    for outcome in checked:
        files: Dict[str, bytes] = {}
        for name in {finding.file for finding in outcome.findings}:
            try:
                files[printable(name)] = read_file(name) or b""
            except KamailioError:
                files[printable(name)] = b""
        parts.append("%s: %s" % (printable(outcome.file), outcome.summary()))
        # CI systems take lines of a log for commands, and a name in a pull request can hold one.
        found = [it._replace(file=printable(it.file), text=printable(it.text)) for it in outcome.findings]
        if found:
            parts.append(render_findings(found, files, whole=True))
        if outcome.not_checked:
            parts.append(printable(" ".join(outcome.not_checked)))
    # The lines of files that it quotes, too.
    text: str = SEEN.clean("\n\n".join(parts) + "\n")
    return text


def main(words: Optional[Sequence[str]] = None) -> int:
    """Check, report, and give the exit status."""
    arguments = parse_arguments(words)
    checked = [cleaned(outcome) for outcome in [check(path, arguments) for path in dict.fromkeys(arguments.files)]]
    fails = FAILS[arguments.fail_on]
    text = render_text(checked) if arguments.format == "text" else FORMATS[arguments.format](checked, fails)
    report = text.encode("utf-8", "replace")
    try:
        with open(arguments.output or sys.stdout.fileno(), "wb", closefd=bool(arguments.output)) as file:
            file.write(report)
    except OSError as exc:
        name = printable(arguments.output or "the report")
        print("kamailio-check: %s: cannot be written: %s" % (name, exc.strerror), file=sys.stderr)
        return 2
    for outcome in checked:
        if outcome.problem:
            print("kamailio-check: %s" % outcome.problem, file=sys.stderr)
    if any(outcome.problem for outcome in checked):
        return 2
    return int(any(finding.severity in fails for outcome in checked for finding in outcome.findings))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception:
        # Python's own status for it is 1, which says that something was found.
        traceback.print_exc()
        print("kamailio-check: this is a fault of kamailio-check itself; please report it", file=sys.stderr)
        sys.exit(2)
