# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Findings: broken rules, each at one place."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional

from .._config.model import Place
from .._everywhere import mask_text
from .._rules import RULES, Severity, page_of


class Finding(NamedTuple):
    """One broken rule at one place.

    C(line) and C(column) are 1-based, C(destination) is C(set 1, sip:…) where it is about one; all of them may be None.
    """

    rule: str
    severity: Severity
    file: str
    line: Optional[int]
    column: Optional[int]
    destination: Optional[str]
    text: str
    remedy: str


def found_in(
    rule: str,
    file: str,
    line: Optional[int],
    text: str,
    remedy: str = "",
    destination: Optional[str] = None,
    column: Optional[int] = None,
) -> Finding:
    """A finding of a rule, with its severity and, unless another is given, its remedy; secrets in it are masked."""
    known = RULES[rule]
    whom = None if destination is None else mask_text(destination)
    return Finding(
        rule=rule,
        severity=known.severity,
        file=file,
        line=line,
        column=column,
        destination=whom,
        text=mask_text(text),
        remedy=mask_text(remedy) or known.remedy,
    )


def found_at(rule: str, place: Place, text: str, remedy: str = "") -> Finding:
    """A finding of a rule at a statement of a configuration."""
    return found_in(rule, place.path, place.line or None, text, remedy, None, place.column or None)


def describe_findings(findings: Iterable[Finding]) -> List[Dict[str, Any]]:
    """Findings as a result of a module has them, each with C(page), where its rule is documented."""
    return [dict(finding._asdict(), page=page_of(finding.rule)) for finding in findings]
