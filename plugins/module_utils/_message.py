# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The message of a refusal, made for a terminal at night."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from ._probing.rules import Finding
from ._secrets import mask_secrets
from ._text import quoted

# A thousand destinations with one fault are one fault: so many of them are named, all are in the result.
PLACES_SHOWN = 10


def render_findings(findings: Sequence[Finding], files: Dict[str, bytes]) -> str:
    """All findings, grouped by rule: what is wrong, the line quoted, what to do. C(files) are the texts by name."""
    groups: Dict[Tuple[str, str], List[Finding]] = {}
    for one in findings:
        groups.setdefault((one.rule, one.remedy), []).append(one)
    return "\n\n".join(_render_group(group, files) for group in groups.values())


def _render_group(group: Sequence[Finding], files: Dict[str, bytes]) -> str:
    first = group[0]
    lines = ["%s: %s%s" % (first.severity, first.rule, " (%d times)" % len(group) if len(group) > 1 else "")]
    said = ""
    for one in group[:PLACES_SHOWN]:
        place = one.file if one.line is None else "%s:%d" % (one.file, one.line)
        if one.destination is None:
            lines.append("  %s: %s" % (place, one.text))
        else:
            # What holds for all of them is said once.
            lines += ["  %s:" % one.text] if one.text != said else []
            lines.append("    %s: %s" % (place, one.destination))
            said = one.text
        source = _source_line(one, files)
        if source:
            lines.append("      | " + source)
    if len(group) > PLACES_SHOWN:
        lines.append("  … and %d more, all of them in findings" % (len(group) - PLACES_SHOWN))
    lines.append("  -> " + first.remedy)
    return "\n".join(lines)


def _source_line(one: Finding, files: Dict[str, bytes]) -> str:
    lines = mask_secrets(files.get(one.file, b"")).split(b"\n", one.line or 0)
    return quoted(lines[one.line - 1].strip()) if one.line and one.line <= len(lines) else ""
