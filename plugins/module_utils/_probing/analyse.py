# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The one analysis: configuration, list and server version in, verdict out."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from .._config.model import Evaluation, Load, Param
from .._config.parameters import parameter_types
from .._dispatcher.document import Document, parse_document
from .._dispatcher.flags import PROBING, render_letters
from .._text import show
from .effect import NEVER, UNKNOWN, Effect, Setup, effect_of
from .listing import ListFindings, list_findings, name_of
from .modules import table_findings
from .rules import NOTE, RULES, Finding, finding
from .versions import CLEARS_FLAG_SINCE, NO_PING_SINCE, Version, render_version

DEFAULT_LIST = "/etc/kamailio/dispatcher.list"
# What must be known of dispatcher's parameters for a verdict, and which of them are numbers.
NUMBERS = ("ds_ping_interval", "ds_probing_mode", "ds_load_mode")
STRINGS = ("list_file", "db_url")


class Probe(NamedTuple):
    """What becomes of one destination."""

    setid: int
    uri: str
    flags: int
    letters: str
    line: int
    effect: Effect


class Analysis(NamedTuple):
    """The verdict; C(will_start) is None where the configuration cannot be evaluated to the end."""

    will_start: Optional[bool]
    findings: Tuple[Finding, ...]
    probing: Tuple[Probe, ...]

    @property
    def violations(self) -> Tuple[Finding, ...]:
        """The findings that are more than a note."""
        return tuple(one for one in self.findings if one.severity != NOTE)


class Listing(NamedTuple):
    """A dispatcher.list: C(data) is None if it is not there; C(given) if the user named it or gave its text."""

    path: str
    data: Optional[bytes]
    given: bool


def list_path(evaluation: Evaluation) -> str:
    """The list that the server will read."""
    param = evaluation.param("dispatcher", "list_file")
    return show(param.value) if param and isinstance(param.value, bytes) and param.value else DEFAULT_LIST


# Whether the host has the file of a module, None where that is not known.
HasModule = Callable[[Load], Optional[bool]]


def analyse(
    evaluation: Evaluation, listing: Listing, version: Version, has_module: Optional[HasModule] = None
) -> Analysis:
    """Judge a configuration and a list as the server of that version will take them."""
    findings = [*config_findings(evaluation, version), *_file_findings(evaluation, has_module)]
    document = parse_document(listing.data or b"", version)
    dispatcher = evaluation.load("dispatcher")
    database = _text_of(evaluation.param("dispatcher", "db_url"))
    findings += _parameter_findings(evaluation, version)
    skipped: Dict[int, str] = {}
    if dispatcher:
        findings += module_findings(evaluation)
        about_list, skipped = _list_findings(evaluation, listing, document, bool(database), version)
        findings += about_list
    elif listing.given:
        text = "the dispatcher module is not loaded, so nothing reads %s" % listing.path
        findings.append(finding("dispatcher-not-loaded", evaluation.path, None, text))

    broken = {one.rule for one in findings}
    undecided = "config-undecided" in broken
    stops = any(RULES[one.rule].stops for one in findings)
    will_start = False if stops else None if undecided else True
    setup = Setup(_obstacle(evaluation, stops, bool(database)), _interval(evaluation), _mode(evaluation), version)
    if dispatcher and not database and not broken & {"config-undecided", "parameter-type"}:
        findings += _probing_findings(evaluation, listing, document, skipped, version)
    findings.sort(key=lambda one: (tuple(RULES).index(one.rule), one.file, one.line or 0))
    return Analysis(will_start, tuple(findings), _probes(document, setup, undecided and not stops, skipped))


def config_findings(evaluation: Evaluation, version: Optional[Version]) -> List[Finding]:
    """What is wrong with a configuration by itself, and what of it is not known here."""
    findings = [
        finding(rule, problem.path or "", problem.line, problem.text, problem.remedy)
        for rule, problem in evaluation.problems
    ]
    findings += table_findings(evaluation, version) if version else []
    return findings + [
        finding("config-undecided", problem.path or "", problem.line, problem.text) for problem in evaluation.undecided
    ]


def _file_findings(evaluation: Evaluation, has_module: Optional[HasModule]) -> Iterator[Finding]:
    """Modules that the host does not have."""
    for load in evaluation.loads:
        if has_module and has_module(load) is False:
            text = "the host has no file for module %s, so the server does not start" % load.name
            yield finding("module-file-missing", load.place.path, load.place.line, text)


def _text_of(param: Optional[Param]) -> bytes:
    return param.value if param and isinstance(param.value, bytes) else b""


def _number(evaluation: Evaluation, name: str) -> int:
    param = evaluation.param("dispatcher", name)
    return param.value if param and isinstance(param.value, int) else 0


def _interval(evaluation: Evaluation) -> int:
    return max(0, _number(evaluation, "ds_ping_interval"))


def _mode(evaluation: Evaluation) -> int:
    return _number(evaluation, "ds_probing_mode")


def _parameter_findings(evaluation: Evaluation, version: Version) -> List[Finding]:
    findings = []
    known = parameter_types("dispatcher", version) is not None
    for name in (*NUMBERS, *STRINGS):
        for param in evaluation.all_params("dispatcher", name):
            place = param.place
            if param.value is None:
                text = "the value of %s is known to the server only" % name
                findings.append(finding("config-undecided", place.path, place.line, text))
            elif not known and isinstance(param.value, int) != (name in NUMBERS):
                text = "%s is %s" % (name, "a number and needs no quotes" if name in NUMBERS else "a string")
                remedy = "" if name in NUMBERS else "Put the value in double quotes"
                findings.append(finding("parameter-type", place.path, place.line, text, remedy))
    return findings


def tm_state(evaluation: Evaluation) -> str:
    """Where tm is loaded: C(first) (before dispatcher), C(late) or C(missing)."""
    names = [load.name for load in evaluation.loads]
    if "tm" not in names:
        return "missing"
    return "late" if "dispatcher" in names and names.index("tm") > names.index("dispatcher") else "first"


def module_findings(evaluation: Evaluation) -> List[Finding]:
    """Why dispatcher, which is loaded, would let the server die at its start."""
    interval = evaluation.param("dispatcher", "ds_ping_interval")
    if not interval or not _interval(evaluation):
        return []
    state = tm_state(evaluation)
    if state == "missing":
        text = (
            "ds_ping_interval is %d and tm is not loaded: kamailio -c passes, and the next start dies of it"
            % _interval(evaluation)
        )
        return [finding("interval-without-tm", interval.place.path, interval.place.line, text)]
    tm = evaluation.load("tm")
    if state == "late" and tm:
        text = (
            "tm is loaded after dispatcher, which needs it for ds_ping_interval %d: kamailio -c passes, and the next "
            "start dies of it" % _interval(evaluation)
        )
        return [finding("tm-after-dispatcher", tm.place.path, tm.place.line, text)]
    return []


def _list_findings(
    evaluation: Evaluation, listing: Listing, document: Document, database: bool, version: Version
) -> Tuple[List[Finding], Dict[int, str]]:
    """The findings about the list, and the destinations that the server skips."""
    if database:
        place = evaluation.all_params("dispatcher", "db_url")[-1].place
        text = "db_url is set, so the server reads its database and never opens %s" % listing.path
        return [finding("list-file-ignored", place.path, place.line, text)], {}
    if listing.data is None:
        text = "%s is not there: kamailio -c passes, and the next start dies of it" % listing.path
        return [finding("list-missing", listing.path, None, text)], {}
    found = list_findings(document, listing.path, version, evaluation.sockets)
    return [*found.findings, *_strict(evaluation, found)], found.skipped


def _strict(evaluation: Evaluation, found: ListFindings) -> List[Finding]:
    mode = evaluation.param("dispatcher", "ds_load_mode")
    if not mode or mode.value != 1 or not found.skipped:
        return []
    text = "ds_load_mode is 1, and %d destinations would be skipped: the load fails, and the next start dies of it"
    place = mode.place
    return [finding("skipped-stops-load", place.path, place.line, text % len(found.skipped))]


def _probing_findings(
    evaluation: Evaluation, listing: Listing, document: Document, skipped: Dict[int, str], version: Version
) -> List[Finding]:
    if _interval(evaluation):
        return []
    clears = version[:2] >= CLEARS_FLAG_SINCE
    state = tm_state(evaluation)
    rule = "probing-without-tm" if state == "missing" else "probing-without-interval"
    if state == "missing":
        why = "asks for probing (flags %d), and tm is not loaded, so nothing probes it; "
    else:
        why = "asks for probing (flags %d), and ds_ping_interval is not set, so nothing probes it; "
    shows = "Kamailio %s clears the flag and shows %s" if clears else "Kamailio %s shows %s all the same"
    return [
        finding(
            rule,
            listing.path,
            one.line,
            why % one.flags
            + shows % (render_version(version), _letters(one.flags & ~PROBING if clears else one.flags, version)),
            destination=name_of(one),
        )
        for one in document.destinations
        if one.flags & PROBING and one.start not in skipped
    ]


def _obstacle(evaluation: Evaluation, stops: bool, database: bool) -> Optional[str]:
    if stops:
        return "the server does not start"
    if not evaluation.load("dispatcher"):
        return "the dispatcher module is not loaded"
    if database:
        return "the server reads its database, not this file"
    if not _interval(evaluation):
        missing = " and tm is not loaded" if tm_state(evaluation) == "missing" else ""
        return "ds_ping_interval is not set" + missing
    return None


def _letters(flags: int, version: Version) -> str:
    return render_letters(flags, version[:2] >= NO_PING_SINCE)


def _probes(document: Document, setup: Setup, undecided: bool, skipped: Dict[int, str]) -> Tuple[Probe, ...]:
    unknown = Effect(UNKNOWN, "the configuration cannot be evaluated to the end")
    return tuple(
        Probe(
            one.setid,
            show(one.uri),
            one.flags,
            _letters(one.flags, setup.version),
            one.line,
            Effect(NEVER, skipped[one.start])
            if one.start in skipped
            else unknown
            if undecided
            else effect_of(one.flags, setup),
        )
        for one in document.destinations
    )
