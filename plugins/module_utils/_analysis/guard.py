# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What validate does, with the files read and written by its caller.

The module on the host and the action plugin on the controller both come here.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from .._change import Change, diff_of
from .._config.evaluate import evaluate
from .._config.model import Evaluation, Invocation
from .._config.preprocess import Reader
from .._dispatcher.wish import MAX_INT
from .._errors import KamailioError, Problem, error
from .._text import named, show
from .._versions import Version, parse_version
from .analyse import Analysis, Host, Listing, Texts, analyse, list_path
from .message import Sources, render_findings
from .rules import ABOUT_PROBING, ERROR, RULES, WARNING, Finding, describe_findings


class Site(NamedTuple):
    """Where files are judged: the server's version as text, what it gets beside its configuration, and the files.

    C(read) gives a file's bytes or None, C(include) those of an included file; C(host) is None where nothing can be
    asked of it.
    """

    version: str
    invocation: Invocation
    read: Callable[[str], Optional[bytes]]
    include: Reader
    host: Optional[Host] = None


class Outcome(NamedTuple):
    """The result of the task, the files to write, and why the task fails, if it does."""

    result: Dict[str, Any]
    changes: Tuple[Change, ...]
    refusal: Optional[str]


UNCHANGED = Texts({}, None)


class _Judged(NamedTuple):
    evaluation: Evaluation
    listing: Listing
    analysis: Analysis


def validate(params: Mapping[str, Any], site: Site) -> Outcome:
    """Judge, and correct if that is asked for. Raises KamailioError."""
    guard = _Guard(params, site)
    before = guard.judge(UNCHANGED)
    if params["on_violation"] == "refuse":
        return Outcome(guard.result(before, before), (), guard.refusal(before))
    reports = params["on_violation"] == "report"
    try:
        texts = guard.correct()
    except KamailioError as exc:
        reason = "Nothing has been corrected:\n%s" % exc.render()
        return Outcome(guard.result(before, before), (), None if reports else guard.refusal(before, reason))
    after = guard.judge(texts)
    if reports:
        return Outcome(guard.result(before, before, after), (), None)
    left = guard.refusal(after, "Nothing has been corrected: %s does not repair all of it." % params["correction"])
    refusal = guard.unwritable(before, texts) or left
    if refusal:
        return Outcome(guard.result(before, before), (), refusal)
    return Outcome(guard.result(before, after, after), guard.writes(before, after), None)


class Guarded(NamedTuple):
    """A change of a list after it was judged: what goes into the result, what is written, why the task fails."""

    result: Dict[str, Any]
    own: Change
    others: Tuple[Change, ...]
    refusal: Optional[str]


def guard_list(params: Mapping[str, Any], site: Site, change: Change) -> Guarded:
    """Judge a change of a list with the configuration in C(params), as validate does. Raises KamailioError."""

    def read_as_planned(path: str) -> Optional[bytes]:
        return change.after if path == change.path else site.read(path)

    files_only: Dict[str, Any] = {"config_content": None, "dispatcher_content": None, "included_content": {}}
    outcome = validate({**params, **files_only, "dispatcher_list": change.path}, site._replace(read=read_as_planned))
    corrected = {one.path: one for one in outcome.changes}
    own = corrected.pop(change.path, None)
    return Guarded(
        {name: outcome.result[name] for name in ("will_start", "findings", "kamailio_version")},
        change._replace(after=own.after) if own else change,
        tuple(corrected.values()),
        outcome.refusal,
    )


def _are_texts(*values: object) -> bool:
    return all(isinstance(one, str) for one in values)


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class _Guard:
    """One run of validate: its parameters, checked, and the files as they are judged."""

    def __init__(self, params: Mapping[str, Any], site: Site) -> None:
        self.params = params
        self.site = site
        version = parse_version(site.version)
        if version is None:
            raise error("%s is not a version of Kamailio" % named(site.version), "Give one such as 6.1.5")
        if not 1 <= params["ping_interval"] <= MAX_INT:
            raise error("ping_interval is %d" % params["ping_interval"], "Give from 1 to %d seconds" % MAX_INT)
        no_text = [path for path, text in params["included_content"].items() if not _are_texts(path, text)]
        if no_text:
            raise error("included_content: what is given for %s is no text" % named(no_text[0]), "Give path: text")
        unknown = sorted(set(params["ignore"]) - set(RULES))
        if unknown:
            text = "ignore names %s, which %s no rule" % (
                ", ".join(named(one) for one in unknown),
                "is" if len(unknown) == 1 else "are",
            )
            raise error(text, "The rules are in the documentation of the collection")
        self.version: Version = version
        folder = os.path.dirname(params["config"])
        self._included = {
            os.path.normpath(os.path.join(folder, path)): _to_bytes(text)
            for path, text in params["included_content"].items()
        }
        # Each file is read once, so that every judgement is about the same bytes.
        self._read = lru_cache(maxsize=None)(site.read)
        self._include = lru_cache(maxsize=None)(site.include)
        self._config = self._read_config()
        self._judged = (UNCHANGED, self._judge(UNCHANGED))

    def _read_config(self) -> bytes:
        if self.params["config_content"] is not None:
            return _to_bytes(self.params["config_content"])
        data = self._read(self.params["config"])
        if data is None:
            raise error("is not there", "Correct its path, or create it", self.params["config"])
        return data

    def evaluate(self, texts: Mapping[str, bytes]) -> Evaluation:
        """The configuration with these texts in the place of its files."""

        def include(path: str) -> Union[bytes, Problem, None]:
            if path in texts:
                return texts[path]
            given = self._included.get(os.path.normpath(path))
            return self._include(path) if given is None else given

        path = self.params["config"]
        return evaluate(path, texts.get(path, self._config), include, self.version, self.site.invocation)

    def judge(self, texts: Texts) -> _Judged:
        """The verdict with these texts."""
        if texts != self._judged[0]:
            self._judged = (texts, self._judge(texts))
        return self._judged[1]

    def _judge(self, texts: Texts) -> _Judged:
        evaluation = self.evaluate(texts.files)
        path = self.params["dispatcher_list"] or list_path(evaluation)
        given = self.params["dispatcher_list"] is not None or self.params["dispatcher_content"] is not None
        data = texts.listing
        if data is None and self.params["dispatcher_content"] is not None:
            data = _to_bytes(self.params["dispatcher_content"])
        elif data is None and path and (given or evaluation.load("dispatcher")):
            data = self._read(path)
        listing = Listing(path, data, given)
        analysis = analyse(evaluation, listing, self.version, self.site.host)
        kept = tuple(one for one in analysis.findings if one.rule not in self.params["ignore"])
        return _Judged(evaluation, listing, analysis._replace(findings=kept))

    def correct(self) -> Texts:
        """What changes by the correction that was asked for. Raises KamailioError."""
        # Most runs only judge, and on a host each import is read and compiled anew.
        from .correct import Correction, correct

        params = self.params
        how = Correction(params["correction"], params["ping_interval"], params["probing_mode"], params["ignore"])
        return correct(self.judge, self.evaluate, self.version, how)

    def violations(self, analysis: Analysis) -> Tuple[Finding, ...]:
        """The findings that fail the task."""
        fails = (ERROR,) if self.params["fail_on"] == ERROR else (ERROR, WARNING)
        return tuple(one for one in analysis.findings if one.severity in fails)

    def unwritable(self, before: _Judged, texts: Texts) -> Optional[str]:
        """Why a correction cannot be made: it belongs into a file of the host, and the configuration is a text."""
        elsewhere = [path for path in texts.files if not self.is_text(path)]
        if self.params["config_content"] is None or not elsewhere:
            return None
        reason = "Nothing has been corrected: it belongs into %s, and config_content is only a text." % elsewhere[0]
        return self.refusal(before, reason + " Give that file in included_content.")

    def is_text(self, path: str) -> bool:
        """Whether a file of the configuration was given as text."""
        if path == self.params["config"]:
            return self.params["config_content"] is not None
        return os.path.normpath(path) in self._included

    def refusal(self, judged: _Judged, reason: str = "") -> Optional[str]:
        """The message of a refusal, None if there is nothing to refuse."""
        violations = self.violations(judged.analysis)
        if not violations:
            return None
        about_probing = all(one.rule in ABOUT_PROBING for one in violations)
        verdict = {
            True: "Kamailio would start, but would not %s."
            % ("probe as it should" if about_probing else "read these files as they are meant"),
            False: "Kamailio would not start with this configuration.",
            None: "This configuration cannot be evaluated to the end.",
        }[judged.analysis.will_start]
        parts = [verdict, render_findings(violations, _texts_of(judged)), reason]
        return "\n\n".join(part for part in parts if part)

    def writes(self, before: _Judged, after: _Judged) -> Tuple[Change, ...]:
        """What there is to write on the host."""
        writes = [
            one for one in _changes(before, after) if one.path != after.listing.path and not self.is_text(one.path)
        ]
        if self.params["dispatcher_content"] is None:
            writes += [one for one in _changes(before, after) if one.path == after.listing.path]
        return tuple(writes)

    def result(self, before: _Judged, after: _Judged, corrected: Optional[_Judged] = None) -> Dict[str, Any]:
        """The result of a task; C(after) is what there will be, C(corrected) what comes back as text."""
        changes = _changes(before, after)
        found = before.analysis.findings
        sources = Sources(_texts_of(before))
        result: Dict[str, Any] = {
            "changed": bool(changes),
            "will_start": after.analysis.will_start,
            "findings": [
                dict(one, source=sources.line_of(finding)) for one, finding in zip(describe_findings(found), found)
            ],
            "probing": _probing(after),
            "kamailio_version": str(self.version),
            "diff": diff_of(changes),
        }
        texts = self._corrected(corrected) if corrected else {}
        return dict(result, corrected=texts) if texts else result

    def _corrected(self, after: _Judged) -> Dict[str, Any]:
        texts: Dict[str, Any] = {}
        if self.params["config_content"] is not None:
            texts["config"] = show(after.evaluation.files[after.evaluation.path])
        if self.params["dispatcher_content"] is not None:
            texts["dispatcher_list"] = show(after.listing.data or b"")
        if self._included:
            files = {os.path.normpath(path): data for path, data in after.evaluation.files.items()}
            texts["included"] = {path: show(files.get(path, data)) for path, data in self._included.items()}
        return texts


def _texts_of(judged: _Judged) -> Dict[str, bytes]:
    """What the findings are about, by the names of the files."""
    return {**judged.evaluation.files, judged.listing.path: judged.listing.data or b""}


def _changes(before: _Judged, after: _Judged) -> Tuple[Change, ...]:
    """The files, and the texts, that change: those of the configuration, then the list."""
    files = [Change(path, data, after.evaluation.files[path]) for path, data in before.evaluation.files.items()]
    files.append(Change(after.listing.path, before.listing.data, after.listing.data or b""))
    return tuple(change for change in files if change.before is not None and change.changed)


def _probing(judged: _Judged) -> List[Dict[str, Any]]:
    return [
        {
            "setid": one.setid,
            "uri": one.uri,
            "flags": one.flags,
            "letters": one.letters,
            "line": one.line,
            "skipped": one.skipped,
            "effect": one.effect.effect,
            "reason": one.effect.reason,
        }
        for one in judged.analysis.probing
    ]
