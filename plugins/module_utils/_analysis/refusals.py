# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the server's own parser says of a configuration, as findings.

Its messages are those of C(yyerror_at) in Kamailio's src/core/cfg.y, behind what its functions logged about the cause.
"""

from __future__ import annotations

import bisect
import os
import re
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._config.model import Evaluation
from .._rules import RULES
from .._text import CUT
from .findings import Finding, found_in

# Causes that are told of one refusal, and the letters of each.
_MOST_CAUSES, _MOST_LETTERS = 2, 300
# What is read of a line, enough for the longest path. A configuration or a module can make it any length.
_LONGEST_LINE = 8192
# What follows from a module that could not be loaded: its functions, pseudo-variables and parameters are not there.
_OF_LOST = ("failed to find command", "searching pvar", "wrong char", "No module matching")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PARSE_ERROR = re.compile(
    r"parse error in config file (?P<path>.+?), (?:from )?line (?P<line>[0-9]{1,9}), column (?P<column>[0-9]{1,9})"
    r"(?:-[0-9]+)?(?: to line (?P<last>[0-9]{1,9}), column [0-9]+)?:(?P<text>.*)"
)
_CAUSE = re.compile(r"(?:ERROR|CRITICAL): [^\[]*\[[^\[\]]*:[0-9]+\]: (?:\w+\(\): )?(?P<text>.*)")


class Refusal(NamedTuple):
    """A place that C(kamailio -c) refuses: lines from 1, None where it names none, and what it says."""

    path: str
    line: Optional[int]
    last_line: Optional[int]
    column: Optional[int]
    text: str


class TriedStart(NamedTuple):
    """The result of trying a start: C(up) is None if it was not possible, and C(text) says why, or why it failed."""

    up: Optional[bool]
    text: str = ""


class Said(NamedTuple):
    """What C(kamailio -c) refuses; C(unasked) says why it was not run, empty if it was.

    C(start) is None if no start was tried.
    """

    refusals: Tuple[Refusal, ...] = ()
    unasked: str = ""
    start: Optional[TriedStart] = None


NOT_ASKED = Said((), "it is not run here")


def not_asked(_evaluation: Evaluation) -> Said:
    """What is said where there is no server to ask."""
    return NOT_ASKED


def parse_refusals(log: str, evaluation: Evaluation) -> Tuple[Refusal, ...]:
    """Return what a failed C(kamailio -c) says: one refusal for a line, or one for the file if it names no line."""
    found: Dict[Tuple[str, str], Refusal] = {}
    names = {os.path.normpath(known): known for known in evaluation.files}
    causes: List[str] = []
    for line in (line[:_LONGEST_LINE] for line in _COLOURS.sub("", log).splitlines()):
        error = _PARSE_ERROR.search(line)
        cause = _CAUSE.search(line)
        if error:
            texts = [*causes[-_MOST_CAUSES:], error.group("text").strip()]
            causes = []
            # Without a text it says only that the parser gives up, some lines after what it has complained about.
            if any(texts) or not found:
                refusal = _refusal_of(error, texts, names)
                key = refusal.path, error.group("line")
                found[key] = _merged(found[key], refusal) if key in found else refusal
        elif cause:
            causes.append(cause.group("text").strip())
    if found:
        return tuple(found.values())
    return (Refusal(evaluation.path, None, None, None, _joined(causes[-_MOST_CAUSES:]) or "it does not say why"),)


def _refusal_of(error: re.Match[str], texts: Sequence[str], names: Mapping[str, str]) -> Refusal:
    line = int(error.group("line"))
    path = _file_of(error.group("path"), names)
    return Refusal(path, line, int(error.group("last") or line), int(error.group("column")), _joined(texts))


def _merged(first: Refusal, second: Refusal) -> Refusal:
    """Return one refusal for two of the same line."""
    last = max(first.last_line or 0, second.last_line or 0)
    return first._replace(last_line=last, text=_joined([*first.text.split("; "), *second.text.split("; ")]))


def _file_of(name: str, names: Mapping[str, str]) -> str:
    """Return the file that the server means, which can be called by another name in the evaluation.

    C(names) are the files of the evaluation, by their normal paths.
    """
    path = os.path.normpath(name)
    ends = [known for real, known in names.items() if real.endswith("/" + path) or path.endswith("/" + real)]
    return names.get(path) or (ends[0] if len(ends) == 1 else name)


def _joined(texts: Sequence[str]) -> str:
    """Each of the texts once; that there is a syntax error is no news where another text says which."""
    kept = [_cut(text) for text in dict.fromkeys(texts) if text]
    telling = [text for text in kept if text != "syntax error"]
    return "; ".join(telling or kept)


def _cut(text: str) -> str:
    """The text with a mark where it is cut: half of a secret before it is masked."""
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - len(CUT)] + CUT


def refusal_findings(said: Said, evaluation: Evaluation, findings: Sequence[Finding]) -> Iterator[Finding]:
    """What the server refuses, without what C(findings) say already."""
    if not said.refusals:
        return
    stopping = [finding for finding in findings if RULES[finding.rule].stops]
    lost = any(finding.rule == "module-file-missing" for finding in stopping)
    lost = lost or any("failed to load module" in refusal.text for refusal in said.refusals)
    spans = _spans_of(stopping, evaluation)
    syntax: Dict[str, int] = {}
    for finding in stopping:
        if finding.rule == "config-syntax":
            syntax[finding.file] = min(finding.line or 0, syntax.get(finding.file, finding.line or 0))
    for refusal in said.refusals:
        if lost and any(text in refusal.text for text in _OF_LOST):
            continue
        if not (bool(stopping) if refusal.line is None else _is_said(refusal, spans, syntax)):
            text = "kamailio -c refuses this: %s" % refusal.text
            yield found_in("server-refuses", refusal.path, refusal.line, text, column=refusal.column)


def start_findings(said: Said, evaluation: Evaluation) -> Iterator[Finding]:
    """What a start has shown that was tried."""
    if said.start and said.start.up is False:
        text = "the server does not come up with these files, as a start apart from its host has shown: %s"
        yield found_in("start-fails", evaluation.path, None, text % said.start.text)


def _spans_of(findings: Sequence[Finding], evaluation: Evaluation) -> Dict[str, List[Tuple[int, int]]]:
    """The first and the last lines of the statements that a finding is about, by file, in order and apart."""
    lasts = {(finding.file, finding.line): finding.line for finding in findings if finding.line}
    for place in [param.place for param in evaluation.params] + [load.place for load in evaluation.loads]:
        if (place.path, place.line) in lasts:
            # The server names the line where a statement ends.
            last = place.line + evaluation.files[place.path].count(b"\n", place.start, place.end)
            lasts[place.path, place.line] = max(last, lasts[place.path, place.line])
    spans: Dict[str, List[Tuple[int, int]]] = {}
    for path, begin, end in sorted((path, first or 0, last) for (path, first), last in lasts.items()):
        found = spans.setdefault(path, [])
        if found and begin <= found[-1][1]:
            begin, end = found[-1][0], max(end, found.pop()[1])
        found.append((begin, end))
    return spans


def _is_said(refusal: Refusal, spans: Dict[str, List[Tuple[int, int]]], syntax: Mapping[str, int]) -> bool:
    """Whether a finding is about what the server refuses there; C(syntax) is the first of each file about syntax."""
    first, last = refusal.line or 0, refusal.last_line or 0
    found = spans.get(refusal.path, [])
    before = bisect.bisect(found, (last + 1,)) - 1
    if before >= 0 and first <= found[before][1]:
        return True
    # The server's parser finds the end of the file where a block or a string has none.
    return any(path != refusal.path or line <= first for path, line in syntax.items())
