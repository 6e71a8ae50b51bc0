# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Why a server cannot be reached or refuses its list: what its unit, its journal and its files say."""

from __future__ import annotations

import os
from typing import Dict, List, Optional

from .._analysis.judge import Question, Verdict, judge
from .._analysis.message import render_findings
from .._caller import Caller
from .._errors import KamailioError, error
from .._host.files import read_file, read_include
from .._host.process import run_program
from .._host.service import config_of, read_service, starts, unit_of
from .._host.site import site_of
from .._rpc.errors import UnreachableError
from .._rpc.sockets import REMEDY
from .._rules import RULES
from .._secrets import mask_secrets
from .._text import quoted

_SECONDS = 5.0
_LINES, _LENGTH = 8, 300
_SHOWN = ("LoadState", "ActiveState", "SubState", "Result", "StateChangeTimestamp")


class ReloadRefusedError(KamailioError):
    """A server has not loaded its list, and runs what it ran before."""


def explained(module: Caller, reason: KamailioError) -> KamailioError:
    """The error of a server that cannot be reached, with what its host knows of it.

    C(module) has the options of C(server_spec). With a socket alone nothing else is known, and some errors, such as the
    lack of rights, need no more words.
    """
    params = module.params
    if _needs_no_words(reason) or (params["socket"] and not params["config"]):
        return reason
    tried = ["  %s%s" % (problem.path + ": " if problem.path else "", problem.text) for problem in reason.problems]
    try:
        config = config_of(params["config"], params["instance"])
        unit = _unit(module, config)
    except KamailioError:
        return reason
    verdict = _verdict(module, config)
    stops = [finding for finding in verdict.analysis.findings if RULES[finding.rule].stops] if verdict else []
    # The reason first: tables of many hosts show the beginning only.
    lines = ["Kamailio does not answer."]
    if verdict and stops:
        lines += ["It does not start with its files:", "", render_findings(stops, verdict.texts)]
    if unit:
        lines += ["", *_describe(unit)]
    lines += ["", "Calls that were tried:", *tried] if len(lines) > 1 else tried
    return error("%s\n\n%s" % ("\n".join(lines), _remedy(unit, config, bool(stops))))


def is_stopped(module: Caller, reason: KamailioError) -> bool:
    """Whether a server, which could not be called for this reason, does not run and can be started.

    C(module) has the options of deploy. A server that no unit starts counts as stopped if it does not answer.
    """
    config = config_of(module.params["config"], module.params["instance"])
    unit = _state_of_unit(module, config)
    if unit:
        waits = (unit.get("ActiveState"), unit.get("SubState")) == ("activating", "auto-restart")
        return unit.get("ActiveState") in ("inactive", "failed") or waits
    silent = isinstance(reason, UnreachableError) and not _needs_no_words(reason)
    return bool(module.params["restart_command"]) and silent


def _needs_no_words(reason: KamailioError) -> bool:
    """Whether an error, such as the lack of rights, says itself what to do."""
    return any(problem.remedy not in ("", REMEDY) for problem in reason.problems)


def refused(module: Caller, config: str, reason: ReloadRefusedError) -> KamailioError:
    """The error of a server that has refused to load its list, with what its host knows of it.

    C(module) has the options of C(server_spec), C(config) is what the server was started with.
    """
    if module.params["socket"] and not module.params["config"]:
        return reason
    try:
        unit = _unit(module, config)
    except KamailioError:
        return reason
    verdict = _verdict(module, config)
    errors = [finding for finding in verdict.analysis.findings if finding.severity == "error"] if verdict else []
    lines = [reason.render()]
    if unit:
        lines += ["", *_describe(unit)]
    if verdict and errors:
        lines += ["", "This is wrong with its files:", "", render_findings(errors, verdict.texts)]
    return error("\n".join(lines))


def _unit(module: Caller, config: str) -> Dict[str, str]:
    """What systemd says of the unit that starts a configuration, and C(journal); nothing where there is none."""
    found = _state_of_unit(module, config)
    journalctl = module.get_bin_path("journalctl")
    if found and journalctl:
        command = [journalctl, "--unit", found["name"], "--lines", "100", "--no-pager", "--quiet", "--output", "short"]
        found["journal"] = _printed(command)
    return found


def _state_of_unit(module: Caller, config: str) -> Dict[str, str]:
    """The name and the state of the unit that starts a configuration; nothing where there is none."""
    systemctl = module.get_bin_path("systemctl")
    name = unit_of(module.params["instance"])
    service = read_service(module.params["instance"])
    if not systemctl or not os.path.isdir("/run/systemd/system") or not (service and starts(service, config)):
        return {}
    shown = _printed([systemctl, "show", name, "--property=%s" % ",".join(_SHOWN)])
    return dict((line.partition("=")[::2] for line in shown.splitlines()), name=name)


def _printed(command: List[str]) -> str:
    try:
        return run_program(command, _SECONDS).printed.decode("utf-8", "replace")
    except OSError:
        return ""


def _verdict(module: Caller, config: str) -> Optional[Verdict]:
    params = dict(module.params, config=config, kamailio_command=None, kamailio_version=None)
    try:
        return judge(Question(config), site_of(module, params, read_file, read_include))
    except KamailioError:
        return None


def _describe(unit: Dict[str, str]) -> List[str]:
    state, result = unit.get("ActiveState", "unknown"), unit.get("Result", "success")
    said = "%s is %s" % (unit["name"], state) + (" (%s)" % result if result != "success" else "")
    if unit.get("StateChangeTimestamp"):
        said += " since %s" % unit["StateChangeTimestamp"]
    lines = [line.partition("]: ") for line in unit.get("journal", "").splitlines()]
    # What systemd says of its attempts hides the words of the server.
    own = [text for head, mark, text in lines if mark and " systemd[" not in head][-_LINES:]
    shown = ["  " + quoted(mask_secrets(text.encode()), _LENGTH) for text in own]
    return [said + ("; the last that it has said:" if shown else "."), *shown]


def _remedy(unit: Dict[str, str], config: str, stops: bool) -> str:
    name = unit.get("name", "its unit")
    if stops:
        return "Mend these files, and start it: systemctl start %s" % name
    if unit.get("ActiveState") == "inactive":
        return "It is stopped. To start it: systemctl start %s" % name
    if unit.get("ActiveState") in ("failed", "activating", "deactivating"):
        return "To see why: kamailio -c -f %s, and journalctl -u %s. To start it: systemctl restart %s" % (
            config,
            name,
            name,
        )
    if unit.get("ActiveState") == "active":
        text = (
            "It runs, and does not listen where %s says. Was that edited without a restart? Else give config or socket"
        )
        return text % config
    return REMEDY
