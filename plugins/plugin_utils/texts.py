# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts judged on the controller, where nothing of the host has a say."""

from __future__ import annotations

from typing import Any

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import with_modules
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.asked import policy_of, question_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.guard import describe, guard
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.judge import Site
from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.refusals import Said
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import Evaluator
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.model import Evaluation
from ansible_collections.sipfleet.kamailio.plugins.module_utils._errors import KamailioError, Problem
from ansible_collections.sipfleet.kamailio.plugins.module_utils._exit import Seen
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.files import read_file
from ansible_collections.sipfleet.kamailio.plugins.module_utils._host.service import (
    DEFAULT_CONFIG,
    invocation_of_defines,
)
from ansible_collections.sipfleet.kamailio.plugins.module_utils._text import no_text_in
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import given_version


def judge_texts(params: dict[str, Any], diff: bool) -> dict[str, Any] | None:
    """The result of validate; None where a file of the host is included."""
    seen = Seen()
    seen.take(params)
    result = _judge(params, diff)
    return None if result is None else seen.clean(result)


def _judge(params: dict[str, Any], diff: bool) -> dict[str, Any] | None:
    fault = no_text_in(params)
    if fault:
        return {"failed": True, "msg": fault}
    try:
        params = dict(params, config=params["config"] or DEFAULT_CONFIG)
        version = given_version(params["kamailio_version"])
        available = params["modules_available"]
        host = None if available is None else with_modules(None, available)
        site = Site(version, invocation_of_defines(params["defines"]), Evaluator(read_file, no_include), host, _ask)
        outcome = guard(question_of(params), site, policy_of(params))
    except _NeedsHostError:
        return None
    except KamailioError as exc:
        return {"failed": True, "msg": exc.render()}
    result = describe(outcome, version)
    if not diff:
        result.pop("diff")
    if outcome.refusal:
        return {**result, "failed": True, "msg": outcome.refusal}
    return result


def _ask(_evaluation: Evaluation) -> Said:
    return Said((), "files were given as text")


class _NeedsHostError(Exception):
    """The texts include a file that is not among them."""


def no_include(path: str) -> Problem:
    """Raises _NeedsHostError: the controller has the given texts only."""
    raise _NeedsHostError(path)
