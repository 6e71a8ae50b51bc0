# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found, as CI systems and scripts read it: SARIF 2.1.0, JUnit and JSON."""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple
from urllib.parse import quote
from xml.etree import ElementTree

from module_utils._analysis.findings import Finding
from module_utils._host.files import read_file
from module_utils._rules import RULES, page_of
from module_utils._text import quoted, visible

REPOSITORY = "https://github.com/sipfleet/sipfleet.kamailio"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FileReport(NamedTuple):
    """A configuration or a list: what was found, why it could not be judged, if so, and what was not checked."""

    file: str
    findings: Tuple[Finding, ...]
    problem: str = ""
    not_checked: Tuple[str, ...] = ()

    def summary(self) -> str:
        """In a line."""
        if self.problem:
            return "not judged"
        counts = [
            (name, sum(finding.severity == name for finding in self.findings)) for name in ("error", "warning", "note")
        ]
        return ", ".join("%d %s%s" % (n, name, "s" * (n > 1)) for name, n in counts if n) or "nothing found"


def _web_page(rule: str) -> str:
    return "%s/blob/main/%s" % (REPOSITORY, page_of(rule))


def printable(text: str) -> str:
    """A name, or what holds one, on one line and without control characters."""
    return quoted(text.encode("utf-8", "surrogateescape"), len(text) * len("\\U0010ffff"))


def render_json(checked: Sequence[FileReport], _fails: Sequence[str]) -> str:
    """The findings as validate returns them, file by file."""
    files = [
        {
            "file": printable(outcome.file),
            "problem": outcome.problem or None,
            "findings": [dict(it._asdict(), file=printable(it.file), page=page_of(it.rule)) for it in outcome.findings],
            "not_checked": list(outcome.not_checked),
        }
        for outcome in checked
    ]
    return json.dumps({"files": files}, indent=2, ensure_ascii=False) + "\n"


def render_sarif(checked: Sequence[FileReport], _fails: Sequence[str]) -> str:
    """SARIF, with the paths of the repository."""
    rules = sorted({finding.rule for outcome in checked for finding in outcome.findings})
    driver = {
        "name": "sipfleet.kamailio",
        "informationUri": REPOSITORY,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": rule.replace("-", " ")},
                "help": {"text": RULES[rule].remedy},
                "helpUri": _web_page(rule),
                "defaultConfiguration": {"level": RULES[rule].severity},
            }
            for rule in rules
        ],
    }
    root = _repository()
    notifications = [{"level": "error", "message": {"text": outcome.problem}} for outcome in checked if outcome.problem]
    # One list can be that of several configurations.
    findings = list(dict.fromkeys(finding for outcome in checked for finding in outcome.findings))
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}],
        "results": [_result(finding, rules, root) for finding in findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _repository() -> Path:
    """The folder of the repository that this is, or else the one where it runs."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _artifact(file: str, root: Path) -> Dict[str, str]:
    inside = os.path.relpath(file, str(root))
    if inside.startswith(os.pardir + os.sep):
        return {"uri": "file://" + _quoted(os.path.abspath(file))}
    return {"uri": _quoted(inside), "uriBaseId": "%SRCROOT%"}


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _result(finding: Finding, rules: List[str], root: Path) -> Dict[str, Any]:
    # GitHub wants a line of every result, also of one about a whole file, and takes none of them otherwise.
    region = {"startLine": finding.line or 1}
    if finding.column is not None:
        before = _line(finding.file, finding.line or 1)[: finding.column - 1]
        region["startColumn"] = len(before.decode("utf-8", "replace")) + 1
    place = {"artifactLocation": _artifact(finding.file, root), "region": region}
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.severity,
        "message": {"text": "%s. %s" % (_said(finding), finding.remedy)},
        "locations": [{"physicalLocation": place}],
    }


@lru_cache(maxsize=4)
def _lines(file: str) -> List[bytes]:
    return (read_file(file) or b"").split(b"\n")


def _line(file: str, number: int) -> bytes:
    return next(iter(_lines(file)[number - 1 : number]), b"")


def _said(finding: Finding) -> str:
    return "%s: %s" % (finding.destination, finding.text) if finding.destination else finding.text


def render_junit(checked: Sequence[FileReport], fails: Sequence[str]) -> str:
    """JUnit: a suite for each configuration or list, a case for each rule that is broken, or one that passes.

    A case fails where its severity is one of C(fails).
    """
    suites = ElementTree.Element("testsuites")
    for outcome in checked:
        suite = ElementTree.SubElement(suites, "testsuite", name=_xml(outcome.file))
        groups: Dict[str, List[Finding]] = {}
        for finding in outcome.findings:
            groups.setdefault(finding.rule, []).append(finding)
        for rule, group in groups.items():
            case = _case(suite, outcome, rule)
            lines = [
                "%s: %s"
                % (":".join(str(part) for part in (it.file, it.line, it.column) if part is not None), _said(it))
                for it in group
            ]
            if group[0].severity not in fails:
                ElementTree.SubElement(case, "system-out").text = _xml("\n".join(lines))
                continue
            failure = ElementTree.SubElement(case, "failure", type=group[0].severity, message=_xml(lines[0]))
            failure.text = _xml("\n".join([*lines, "-> " + group[0].remedy, _web_page(rule)]))
        if outcome.problem:
            ElementTree.SubElement(_case(suite, outcome, "read"), "error", message=_xml(outcome.problem))
        elif not groups:
            _case(suite, outcome, "all rules")
        for name, kind in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
            suite.set(name, str(len(suite.findall(kind))))
    return '<?xml version="1.0" encoding="UTF-8"?>\n%s\n' % ElementTree.tostring(suites, encoding="unicode")


def _case(suite: ElementTree.Element, outcome: FileReport, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=_xml(outcome.file), name=name, file=_xml(outcome.file))


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", visible(text))


FORMATS: Dict[str, Callable[[Sequence[FileReport], Sequence[str]], str]] = {
    "json": render_json,
    "sarif": render_sarif,
    "junit": render_junit,
}
