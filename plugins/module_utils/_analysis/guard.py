# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What validate does about a verdict: let it pass, refuse it, or correct the files."""

from __future__ import annotations

import os
from typing import Any, Dict, Final, List, Literal, NamedTuple, Optional, Tuple

from .._change import Change, diff_of
from .._errors import KamailioError
from .._rules import ERROR, RULES, WARNING, Severity
from .._text import show
from .._versions import Version
from .findings import Finding, describe_findings
from .judge import Question, Site, Verdict, judge
from .message import Sources, render_findings
from .refusals import not_asked

OnViolation = Literal["refuse", "correct", "report"]
REFUSE: Final = "refuse"
CORRECT: Final = "correct"
REPORT: Final = "report"
Correction = Literal["load_tm", "clear_probing"]
BY_LOADING: Final = "load_tm"
BY_CLEARING: Final = "clear_probing"


class Policy(NamedTuple):
    """What is done about findings.

    C(on_violation) is C(refuse), C(correct) or C(report), C(fail_on) the lowest severity that counts. A C(correction)
    is made by C(load_tm), with the C(interval) in seconds and the C(mode), or by C(clear_probing).
    """

    on_violation: OnViolation = REFUSE
    fail_on: Severity = WARNING
    correction: Correction = BY_LOADING
    interval: int = 10
    mode: Optional[int] = None

    def violations(self, verdict: Verdict) -> Tuple[Finding, ...]:
        """Return the findings that count."""
        fails = (ERROR,) if self.fail_on == ERROR else (ERROR, WARNING)
        return tuple(finding for finding in verdict.analysis.findings if finding.severity in fails)


class Outcome(NamedTuple):
    """The verdict on the files as they are, and as they will be.

    C(corrected) is the one on the texts that are returned to the caller, None where nothing is corrected. C(refusal) is
    why the task fails, None if it does not.
    """

    before: Verdict
    after: Verdict
    corrected: Optional[Verdict] = None
    refusal: Optional[str] = None

    @property
    def writes(self) -> Tuple[Change, ...]:
        """What there is to write on the host: not what was given as text."""
        question, listing = self.before.question, self.after.listing.path
        changes = self.before.changes_to(self.after)
        files = [change for change in changes if change.path != listing and not is_text(question, change.path)]
        if question.list_text is None:
            files += [change for change in changes if change.path == listing and not is_text(question, listing)]
        return tuple(files)


def is_text(question: Question, path: str) -> bool:
    """Return whether a file was given as text."""
    return path in question.texts or os.path.normpath(path) in question.texts


def guard(question: Question, site: Site, policy: Policy) -> Outcome:
    """Judge, and correct if that is asked for. Raises KamailioError."""
    before = judge(question, site)
    if policy.on_violation == REFUSE:
        return Outcome(before, before, None, refusal_of(before, policy))
    # Most runs only judge, and on a host each import is read and compiled anew.
    from .correct import correct

    reports = policy.on_violation == REPORT
    try:
        # To ask the server about what is not to be written would need copies of it.
        after = correct(before, site._replace(ask=not_asked) if reports else site, policy)
    except KamailioError as exc:
        reason = "Nothing has been corrected:\n%s" % exc.render()
        return Outcome(before, before, None, None if reports else refusal_of(before, policy, reason))
    if reports:
        return Outcome(before, before, after)
    left = refusal_of(after, policy, "Nothing has been corrected: %s does not repair all of it." % policy.correction)
    refusal = _unwritable(before, after, policy) or left
    return Outcome(before, before, None, refusal) if refusal else Outcome(before, after, after)


def refusal_of(verdict: Verdict, policy: Policy, reason: str = "") -> Optional[str]:
    """Return the message of a refusal, None if there is nothing to refuse."""
    violations = policy.violations(verdict)
    if not violations:
        return None
    about_probing = all(RULES[finding.rule].about_probing for finding in violations)
    summary = {
        True: "Kamailio would start, but would not %s."
        % ("probe as it should" if about_probing else "read these files as they are meant"),
        False: "Kamailio would not start with this configuration.",
        None: "Whether Kamailio would start with this configuration cannot be determined.",
    }[verdict.analysis.will_start]
    parts = [summary, render_findings(violations, verdict.texts), reason]
    return "\n\n".join(part for part in parts if part)


def _unwritable(before: Verdict, after: Verdict, policy: Policy) -> Optional[str]:
    """Return why a correction cannot be made: it belongs into a file of the host, and the configuration is a text."""
    question = before.question
    files = [path for path in after.evaluation.files if after.evaluation.files[path] != before.evaluation.files[path]]
    elsewhere = [path for path in files if not is_text(question, path)]
    if question.config not in question.texts or not elsewhere:
        return None
    reason = "Nothing has been corrected: it belongs into %s, and config_content is only a text." % elsewhere[0]
    return refusal_of(before, policy, reason + " Give that file in included_content.")


def describe(outcome: Outcome, version: Version) -> Dict[str, Any]:
    """Describe an outcome as validate returns it."""
    before, after = outcome.before, outcome.after
    changes = before.changes_to(after)
    result: Dict[str, Any] = {
        "changed": bool(changes),
        **describe_verdict(before, version),
        "will_start": after.analysis.will_start,
        "not_checked": list(after.analysis.not_checked),
        "probing": _probing(after),
        "diff": diff_of(changes),
    }
    texts = _corrected(outcome.corrected, before.question) if outcome.corrected else {}
    return dict(result, corrected=texts) if texts else result


def describe_verdict(verdict: Verdict, version: Version) -> Dict[str, Any]:
    """Describe a verdict: whether the server will start, and the findings, each with the line that it is about."""
    found = verdict.analysis.findings
    sources = Sources(verdict.texts)
    return {
        "will_start": verdict.analysis.will_start,
        "findings": [
            dict(described, source=sources.line_of(finding))
            for described, finding in zip(describe_findings(found), found)
        ],
        "kamailio_version": str(version),
    }


def _corrected(after: Verdict, question: Question) -> Dict[str, Any]:
    texts: Dict[str, Any] = {}
    if question.config in question.texts:
        texts["config"] = show(after.evaluation.files[after.evaluation.path])
    if question.list_text is not None:
        texts["dispatcher_list"] = show(after.listing.data or b"")
    included = {path: data for path, data in question.texts.items() if path != question.config}
    if included:
        files = {os.path.normpath(path): data for path, data in after.evaluation.files.items()}
        texts["included"] = {path: show(files.get(path, data)) for path, data in included.items()}
    return texts


def _probing(verdict: Verdict) -> List[Dict[str, Any]]:
    return [
        {
            "setid": probe.setid,
            "uri": probe.uri,
            "flags": probe.flags,
            "letters": probe.letters,
            "line": probe.line,
            "skipped": probe.skipped,
            "watch": probe.watch.kind,
            "effect": probe.watch.effect.effect,
            "reason": probe.watch.effect.reason,
        }
        for probe in verdict.analysis.probing
    ]
