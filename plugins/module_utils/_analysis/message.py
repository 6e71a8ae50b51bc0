# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The message of a refusal, made for a terminal at night."""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Sequence, Tuple

from .._secrets import mask_secrets
from .._text import quoted
from .findings import Finding

# A screen at night: lines in all, places of a rule, and rules that are told in full.
LINES, PLACES, GROUPS = 40, 10, 5
# A value that is secret can stand some lines below the name that says so.
_LINES_ABOVE = 4


class Sources:
    """The lines that findings are about, without secrets. C(files) are the texts by name."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._starts: Dict[str, List[int]] = {}
        self._lines: Dict[Tuple[str, int, bool], str] = {}

    def line_of(self, finding: Finding) -> str:
        """The line of a finding, empty where there is none."""
        if finding.line is None:
            return ""
        # A line of a list says nothing about the next one, and there can be 100,000 findings about them.
        alone = finding.destination is not None
        key = finding.file, finding.line, alone
        if key not in self._lines:
            self._lines[key] = self._line(finding.file, finding.line, 0 if alone else _LINES_ABOVE)
        return self._lines[key]

    def _line(self, file: str, line: int, above: int) -> str:
        data = self._files.get(file, b"")
        if file not in self._starts:
            self._starts[file] = [0, *(found.end() for found in re.finditer(b"\n", data))]
        starts = self._starts[file]
        if line > len(starts):
            return ""
        end = data.find(b"\n", starts[line - 1])
        first = starts[max(0, line - above - 1)]
        masked = mask_secrets(data[first : end if end >= 0 else len(data)])
        return quoted(masked.rpartition(b"\n")[2].strip())


def render_findings(findings: Sequence[Finding], files: Dict[str, bytes], whole: bool = False) -> str:
    """All findings, grouped by rule: what is wrong, the line quoted, what to do. C(files) are the texts by name.

    Unless C(whole) it is a screen at most: a thousand destinations with one fault are one fault, and all of them are in
    the result.
    """
    groups: Dict[str, List[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    count = len(groups) if whole else GROUPS
    told, rest = list(groups.values())[:count], list(groups.values())[count:]
    places = len(findings) if whole else max(1, min(PLACES, (LINES // max(1, len(told)) - 3) // 3))
    sources = Sources(files)
    texts = [_render_group(group, places, sources) for group in told]
    if rest:
        lines = ["… and, all of them in findings:"]
        lines += ["  %s, the first at %s" % (_heading(group), _place(group[0])) for group in rest[:PLACES]]
        lines += ["  … and %d rules more" % (len(rest) - PLACES)] if len(rest) > PLACES else []
        texts.append("\n".join(lines))
    return "\n\n".join(texts)


def _heading(group: Sequence[Finding]) -> str:
    return "%s: %s%s" % (group[0].severity, group[0].rule, " (%d times)" % len(group) if len(group) > 1 else "")


def _place(finding: Finding) -> str:
    return ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part is not None)


def _render_group(group: Sequence[Finding], places: int, sources: Sources) -> str:
    lines = [_heading(group)]
    one_remedy = len({finding.remedy for finding in group}) == 1
    said = ""
    for finding in group[:places]:
        if finding.destination is None:
            lines.append("  %s: %s" % (_place(finding), finding.text))
        else:
            # What holds for all of them is said once.
            lines += ["  %s:" % finding.text] if finding.text != said else []
            lines.append("    %s: %s" % (_place(finding), finding.destination))
            said = finding.text
        source = sources.line_of(finding)
        if source:
            lines.append("      | " + source)
        if not one_remedy:
            lines.append("      -> " + finding.remedy)
    if len(group) > places:
        lines.append("  … and %d more, all of them in findings" % (len(group) - places))
    if one_remedy:
        lines.append("  -> " + group[0].remedy)
    return "\n".join(lines)
