# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What the options of validate ask, and what they want done about findings."""

from __future__ import annotations

import os
from typing import Any, Mapping

from .._dispatcher.wish import MAX_INT
from .._errors import error
from .._rules import known_rules
from .._text import named
from .guard import Policy
from .judge import Question


def question_of(params: Mapping[str, Any]) -> Question:
    """Return what the options of validate ask. Raises KamailioError."""
    config, included = params["config"], params["included_content"]
    no_text = [path for path, text in included.items() if not isinstance(path, str) or not isinstance(text, str)]
    if no_text:
        raise error("included_content: what is given for %s is not text" % named(no_text[0]), "Give path: text")
    folder = os.path.dirname(config)
    texts = {os.path.normpath(os.path.join(folder, path)): _to_bytes(text) for path, text in included.items()}
    if params["config_content"] is not None:
        texts[config] = _to_bytes(params["config_content"])
    content = params["dispatcher_content"]
    return Question(
        config=config,
        texts=texts,
        listing=params["dispatcher_list"],
        list_text=None if content is None else _to_bytes(content),
        ignore=known_rules(params["ignore"]),
    )


def policy_of(params: Mapping[str, Any]) -> Policy:
    """Return what the options say of findings. Raises KamailioError."""
    interval = params["ping_interval"]
    if not 1 <= interval <= MAX_INT:
        raise error("ping_interval is %d" % interval, "Give from 1 to %d seconds" % MAX_INT)
    return Policy(
        on_violation=params["on_violation"],
        fail_on=params["fail_on"],
        correction=params["correction"],
        interval=interval,
        mode=params["probing_mode"],
    )


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
