# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found, as CI systems read it: SARIF 2.1.0 and JUnit."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple
from urllib.parse import quote
from xml.etree import ElementTree

from module_utils._probing.rules import RULES, Finding

RULE_PAGE = "https://github.com/sipfleet/sipfleet.kamailio/blob/main/docs/rules.md#"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Checked(NamedTuple):
    """A configuration: what was found in its files, and why it could not be judged, if so."""

    config: str
    findings: Tuple[Finding, ...]
    problem: str = ""

    def summary(self) -> str:
        """In a line."""
        if self.problem:
            return "not judged"
        counts = [(name, sum(one.severity == name for one in self.findings)) for name in ("error", "warning", "note")]
        return ", ".join("%d %s%s" % (n, name, "s" * (n > 1)) for name, n in counts if n) or "nothing found"


def render_sarif(checked: Sequence[Checked]) -> str:
    """SARIF, with the paths of the repository."""
    rules = sorted({finding.rule for one in checked for finding in one.findings})
    driver = {
        "name": "sipfleet.kamailio",
        "informationUri": RULE_PAGE.partition("/blob/")[0],
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": rule.replace("-", " ")},
                "help": {"text": RULES[rule].remedy},
                "helpUri": RULE_PAGE + rule,
                "defaultConfiguration": {"level": RULES[rule].severity},
            }
            for rule in rules
        ],
    }
    notifications = [{"level": "error", "message": {"text": one.problem}} for one in checked if one.problem]
    # One list can be that of several configurations.
    findings = list(dict.fromkeys(finding for one in checked for finding in one.findings))
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}],
        "results": [_result(finding, rules) for finding in findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _result(finding: Finding, rules: List[str]) -> Dict[str, Any]:
    place: Dict[str, Any] = {"artifactLocation": {"uri": quote(finding.file), "uriBaseId": "%SRCROOT%"}}
    if finding.line is not None:
        place["region"] = {"startLine": finding.line}
        if finding.column is not None:
            place["region"]["startColumn"] = finding.column
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.severity,
        "message": {"text": "%s. %s" % (_said(finding), finding.remedy)},
        "locations": [{"physicalLocation": place}],
    }


def _said(finding: Finding) -> str:
    return "%s: %s" % (finding.destination, finding.text) if finding.destination else finding.text


def render_junit(checked: Sequence[Checked]) -> str:
    """JUnit: a suite for each configuration, a case for each rule that is broken, or one that passes."""
    suites = ElementTree.Element("testsuites")
    for one in checked:
        suite = ElementTree.SubElement(suites, "testsuite", name=_xml(one.config))
        groups: Dict[str, List[Finding]] = {}
        for finding in one.findings:
            groups.setdefault(finding.rule, []).append(finding)
        for rule, group in groups.items():
            case = _case(suite, one, rule)
            lines = [
                "%s: %s"
                % (":".join(str(part) for part in (it.file, it.line, it.column) if part is not None), _said(it))
                for it in group
            ]
            if group[0].severity == "note":
                ElementTree.SubElement(case, "system-out").text = _xml("\n".join(lines))
                continue
            failure = ElementTree.SubElement(case, "failure", type=group[0].severity, message=_xml(lines[0]))
            failure.text = _xml("\n".join([*lines, "-> " + group[0].remedy, RULE_PAGE + rule]))
        if one.problem:
            ElementTree.SubElement(_case(suite, one, "read"), "error", message=_xml(one.problem))
        elif not groups:
            _case(suite, one, "all rules")
        for name, kind in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
            suite.set(name, str(len(suite.findall(kind))))
    return '<?xml version="1.0" encoding="UTF-8"?>\n%s\n' % ElementTree.tostring(suites, encoding="unicode")


def _case(suite: ElementTree.Element, one: Checked, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=_xml(one.config), name=name, file=_xml(one.config))


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


FORMATS: Dict[str, Callable[[Sequence[Checked]], str]] = {"sarif": render_sarif, "junit": render_junit}
