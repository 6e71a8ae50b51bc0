# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What validate does, with the files read and written by its caller.

The module on the host and the action plugin on the controller both come here.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from ._config.evaluate import evaluate
from ._config.model import Evaluation, Invocation
from ._config.preprocess import Reader
from ._errors import KamailioError, Problem, error
from ._file import Change, diff_of
from ._message import render_findings
from ._probing.analyse import Analysis, HasModule, Listing, analyse, list_path
from ._probing.correct import Texts, correct
from ._probing.rules import PROBING_RULES
from ._probing.versions import Version, parse_version, render_version
from ._text import named, show


class Outcome(NamedTuple):
    """The result of the task, the files to write, and why the task fails, if it does."""

    result: Dict[str, Any]
    changes: Tuple[Change, ...]
    refusal: Optional[str]


class _Judged(NamedTuple):
    evaluation: Evaluation
    listing: Listing
    analysis: Analysis


def validate(
    params: Mapping[str, Any],
    version_text: str,
    invocation: Invocation,
    read: Callable[[str], Optional[bytes]],
    include: Reader,
    has_module: Optional[HasModule] = None,
) -> Outcome:
    """Judge, and correct if that is asked for. C(read) gives a file's bytes or None. Raises KamailioError."""
    version = parse_version(version_text)
    if version is None:
        raise error("%s is not a version of Kamailio" % named(version_text), "Give one such as 6.1.5")
    if params["ping_interval"] < 1:
        raise error("ping_interval is %d" % params["ping_interval"], "Give at least one second")
    config = _config_bytes(params, read)

    def evaluation_of(texts: Mapping[str, bytes]) -> Evaluation:
        def include_planned(path: str) -> Union[bytes, Problem, None]:
            return texts[path] if path in texts else include(path)

        main = texts.get(params["config"], config)
        return evaluate(params["config"], main, include_planned, version, invocation)

    before = _judge(evaluation_of({}), None, params, read, version, has_module)
    if params["on_violation"] != "correct" or not before.analysis.violations:
        return _outcome(params, version, before, before, _refusal(before) if before.analysis.violations else None)
    try:
        texts = correct(
            before.analysis,
            before.evaluation,
            evaluation_of,
            before.listing,
            version,
            params["correction"],
            params["ping_interval"],
        )
    except KamailioError as exc:
        reason = "%s\n\nNothing has been corrected:\n%s" % (_refusal(before), exc.render())
        return _outcome(params, version, before, before, reason)
    elsewhere = [path for path in texts.files if path != params["config"]]
    if elsewhere and params["config_content"] is not None:
        reason = (
            "%s\n\nNothing has been corrected: the correction belongs into %s, and config_content is only a text."
            % (
                _refusal(before),
                elsewhere[0],
            )
        )
        return _outcome(params, version, before, before, reason)
    after = _judge(evaluation_of(texts.files), texts, params, read, version, has_module)
    if after.analysis.violations:
        reason = "%s\n\nNothing has been corrected: correction %s does not repair all of it." % (
            _refusal(after),
            params["correction"],
        )
        return _outcome(params, version, before, before, reason)
    return _outcome(params, version, before, after, None)


class Guarded(NamedTuple):
    """A change of a list after it was judged: what goes into the result, what is written, why the task fails."""

    result: Dict[str, Any]
    own: Change
    others: Tuple[Change, ...]
    refusal: Optional[str]


def guard_list(
    params: Mapping[str, Any],
    version_text: str,
    invocation: Invocation,
    read: Callable[[str], Optional[bytes]],
    include: Reader,
    has_module: Optional[HasModule],
    change: Change,
) -> Guarded:
    """Judge a change of a list with the configuration in C(params), as validate does. Raises KamailioError."""

    def read_as_planned(path: str) -> Optional[bytes]:
        return change.after if path == change.path else read(path)

    both = {"config_content": None, "dispatcher_content": None, "dispatcher_list": change.path}
    outcome = validate({**params, **both}, version_text, invocation, read_as_planned, include, has_module)
    corrected = {one.path: one for one in outcome.changes}
    own = corrected.pop(change.path, None)
    return Guarded(
        {name: outcome.result[name] for name in ("will_start", "findings", "kamailio_version")},
        change._replace(after=own.after) if own else change,
        tuple(corrected.values()),
        outcome.refusal,
    )


def _config_bytes(params: Mapping[str, Any], read: Callable[[str], Optional[bytes]]) -> bytes:
    if params["config_content"] is not None:
        return _to_bytes(params["config_content"])
    data = read(params["config"])
    if data is None:
        raise error("is not there", "Give the path of kamailio.cfg in config, or its text", params["config"])
    return data


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _judge(
    evaluation: Evaluation,
    texts: Optional[Texts],
    params: Mapping[str, Any],
    read: Callable[[str], Optional[bytes]],
    version: Version,
    has_module: Optional[HasModule],
) -> _Judged:
    path = params["dispatcher_list"] or list_path(evaluation)
    given = params["dispatcher_list"] is not None or params["dispatcher_content"] is not None
    if texts:
        data = texts.listing
    elif params["dispatcher_content"] is not None:
        data = _to_bytes(params["dispatcher_content"])
    else:
        data = read(path) if given or evaluation.load("dispatcher") else None
    listing = Listing(path, data, given)
    return _Judged(evaluation, listing, analyse(evaluation, listing, version, has_module))


def _refusal(judged: _Judged) -> str:
    about_probing = all(one.rule in PROBING_RULES for one in judged.analysis.violations)
    verdict = {
        True: "Kamailio would start, but not %s."
        % ("probe as its flags say" if about_probing else "take these files as they are meant"),
        False: "Kamailio would not start with this configuration.",
        None: "This configuration cannot be evaluated to the end.",
    }[judged.analysis.will_start]
    files = dict(judged.evaluation.files)
    files[judged.listing.path] = judged.listing.data or b""
    return "%s\n\n%s" % (verdict, render_findings(judged.analysis.violations, files))


def _outcome(
    params: Mapping[str, Any], version: Version, before: _Judged, after: _Judged, refusal: Optional[str]
) -> Outcome:
    files = [Change(one, data, after.evaluation.files[one]) for one, data in before.evaluation.files.items()]
    files.append(Change(after.listing.path, before.listing.data, after.listing.data or b""))
    changes = tuple(change for change in files if change.before is not None and change.changed)
    result: Dict[str, Any] = {
        "changed": bool(changes),
        "will_start": after.analysis.will_start,
        "findings": [one._asdict() for one in before.analysis.findings],
        "probing": _probing(after),
        "kamailio_version": render_version(version),
        "diff": diff_of(changes),
    }
    texts = _corrected(params, after)
    if texts and params["on_violation"] == "correct":
        result["corrected"] = texts
    on_host = tuple(change for change in changes if not _is_text(params, change.path != after.listing.path))
    return Outcome(result, on_host, None if params["on_violation"] == "report" else refusal)


def _is_text(params: Mapping[str, Any], config: bool) -> bool:
    return params["config_content" if config else "dispatcher_content"] is not None


def _corrected(params: Mapping[str, Any], after: _Judged) -> Dict[str, str]:
    texts = {}
    if _is_text(params, True):
        texts["config"] = show(after.evaluation.files[after.evaluation.path])
    if _is_text(params, False):
        texts["dispatcher_list"] = show(after.listing.data or b"")
    return texts


def _probing(judged: _Judged) -> List[Dict[str, Any]]:
    return [
        {
            "setid": one.setid,
            "uri": one.uri,
            "flags": one.flags,
            "letters": one.letters,
            "line": one.line,
            "effect": one.effect.effect,
            "reason": one.effect.reason,
        }
        for one in judged.analysis.probing
    ]
