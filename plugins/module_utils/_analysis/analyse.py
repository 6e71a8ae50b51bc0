# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The one analysis: configuration, list and server version in, verdict out."""

from __future__ import annotations

from collections import Counter
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from .._config.model import Account, Evaluation, Load
from .._config.parameters import parameter_types
from .._dispatcher.document import Destination, Document, parse_document
from .._dispatcher.flags import PROBING, render_letters
from .._errors import Problem
from .._rules import RULES, SEVERITIES
from .._text import show
from .._versions import Version
from .effect import NEVER, UNKNOWN, Effect, effects_of
from .findings import Finding, finding, found_at
from .listing import ListFindings, column_of, list_findings, name_of
from .modules import table_findings
from .setup import MODE_ALL, interval_of, number_of, read_setup, setup_findings, text_of, tm_state

DEFAULT_LIST = "/etc/kamailio/dispatcher.list"
# What must be known of dispatcher's parameters for a verdict, and which of them are numbers.
NUMBERS = ("ds_ping_interval", "ds_probing_mode", "ds_load_mode", "ds_inactive_threshold")
STRINGS = ("list_file", "db_url", "ds_ping_from", "ds_ping_method", "outbound_proxy")


class Probe(NamedTuple):
    """What becomes of one destination; C(skipped) says whether the server does not load it."""

    setid: int
    uri: str
    flags: int
    letters: str
    line: int
    skipped: bool
    effect: Effect


class Analysis(NamedTuple):
    """The verdict; C(will_start) is None where the configuration cannot be evaluated to the end."""

    will_start: Optional[bool]
    findings: Tuple[Finding, ...]
    probing: Tuple[Probe, ...]


class Listing(NamedTuple):
    """A dispatcher.list: C(data) is None if it is not there; C(given) if the user named it or gave its text."""

    path: str
    data: Optional[bytes]
    given: bool


class Texts(NamedTuple):
    """The files of the configuration that change, by path, and the list; C(listing) is None if it does not."""

    files: Dict[str, bytes]
    listing: Optional[bytes]


class Host(NamedTuple):
    """What only the host of a server can tell.

    C(has_module) says whether it has the file of a module, C(can_read) whether somebody can read a file, both None
    where that is not known; C(started_by) is who systemd starts the server as, C(switches_to) what its command line
    says.
    """

    has_module: Callable[[Load], Optional[bool]]
    can_read: Callable[[str, Account], Optional[bool]]
    started_by: Account
    switches_to: Account


def list_path(evaluation: Evaluation) -> str:
    """The list that the server will read; empty if list_file is."""
    text = text_of(evaluation, "list_file")
    return DEFAULT_LIST if text is None else show(text)


def analyse(evaluation: Evaluation, listing: Listing, version: Version, host: Optional[Host] = None) -> Analysis:
    """Judge a configuration and a list as the server of that version will take them."""
    findings = [*config_findings(evaluation, version), *_host_findings(evaluation, listing, host)]
    document = parse_document(listing.data or b"", version)
    dispatcher = evaluation.load("dispatcher")
    findings += _parameter_findings(evaluation, version)
    skipped: Dict[int, str] = {}
    if dispatcher:
        findings += setup_findings(evaluation, dispatcher)
        about_list, skipped = _list_findings(evaluation, listing, document, version)
        findings += about_list
    elif listing.given and listing.data is not None:
        text = "the dispatcher module is not loaded, so nothing reads %s" % listing.path
        findings.append(finding("dispatcher-not-loaded", evaluation.path, None, text))

    broken = {one.rule for one in findings}
    undecided = "config-undecided" in broken
    stops = any(RULES[one.rule].stops for one in findings)
    will_start = False if stops else None if undecided else True
    effects = effects_of(document.destinations, read_setup(evaluation, version), skipped)
    if (
        dispatcher
        and not evaluation.param("dispatcher", "db_url")
        and not broken & {"config-undecided", "parameter-type"}
    ):
        findings += _mode_findings(evaluation)
        findings += probing_findings(listing, document, effects, version)
        findings += _blamed(evaluation, effects)
    findings.sort(key=_rank)
    hidden = Effect(NEVER, "the server does not start") if stops else None
    if undecided and not stops:
        hidden = Effect(UNKNOWN, "the configuration cannot be evaluated to the end")
    if hidden:
        effects = tuple(
            effect if one.start in skipped else hidden for one, effect in zip(document.destinations, effects)
        )
    return Analysis(will_start, tuple(findings), _probes(document.destinations, effects, skipped, version))


def _rank(one: Finding) -> Tuple[int, bool, str, int, int]:
    """What is worst comes first: errors, and among them those that stop the server; then by place."""
    return SEVERITIES.index(one.severity), not RULES[one.rule].stops, one.file, one.line or 0, one.column or 0


def config_findings(evaluation: Evaluation, version: Optional[Version]) -> List[Finding]:
    """What is wrong with a configuration by itself, and what of it is not known here."""
    findings = [_of_problem(rule, problem) for rule, problem in evaluation.problems]
    if evaluation.empty:
        text = "the configuration holds no statement, and the server does not start with it"
        findings.append(finding("config-empty", evaluation.path, None, text))
    findings += table_findings(evaluation, version) if version else []
    return findings + [_of_problem("config-undecided", problem) for problem in evaluation.undecided]


def _of_problem(rule: str, problem: Problem) -> Finding:
    return finding(rule, problem.path or "", problem.line, problem.text, problem.remedy, None, problem.column)


def _host_findings(evaluation: Evaluation, listing: Listing, host: Optional[Host]) -> Iterator[Finding]:
    """Modules that the host does not have, and files that the server's user cannot read."""
    if host is None:
        return
    for load in evaluation.loads:
        if host.has_module(load) is False:
            text = "the host has no file for module %s, so the server does not start" % load.name
            yield found_at("module-file-missing", load.place, text)
    reads_list = evaluation.load("dispatcher") and not evaluation.param("dispatcher", "db_url")
    paths = [evaluation.path, *([listing.path] if reads_list and listing.data is not None else [])]
    unreadable = [path for path in paths if host.can_read(path, host.started_by) is False]
    for path in unreadable:
        text = "the server is started as %s, who cannot read it: the next start fails"
        yield finding("file-unreadable", path, None, text % host.started_by.user)
    later = _running_account(evaluation, host)
    if listing.path in paths and not unreadable and host.can_read(listing.path, later) is False:
        text = "the server runs as %s, who cannot read it: it starts with the list, and every reload of it fails"
        yield finding("reload-unreadable", listing.path, None, text % later.user)


def _running_account(evaluation: Evaluation, host: Host) -> Account:
    """Who the server is after its start: the command line counts before the configuration."""
    user, group = (evaluation.settings.get(name) for name in ("user", "group"))
    account = Account(
        host.switches_to.user or (show(user) if user else None),
        host.switches_to.group or (show(group) if group else None),
    )
    return account if account.user else host.started_by


def _parameter_findings(evaluation: Evaluation, version: Version) -> List[Finding]:
    findings = []
    known = parameter_types("dispatcher", version) is not None
    for name in (*NUMBERS, *STRINGS):
        for param in evaluation.all_params("dispatcher", name):
            if param.value is None:
                text = "the value of %s is known to the server only" % name
                findings.append(found_at("config-undecided", param.place, text))
            elif not known and isinstance(param.value, int) != (name in NUMBERS):
                text = "%s is %s" % (name, "a number and needs no quotes" if name in NUMBERS else "a string")
                remedy = "" if name in NUMBERS else "Put the value in double quotes"
                findings.append(found_at("parameter-type", param.place, text, remedy))
    return findings


def _list_findings(
    evaluation: Evaluation, listing: Listing, document: Document, version: Version
) -> Tuple[List[Finding], Dict[int, str]]:
    """The findings about the list, and the destinations that the server skips."""
    database = evaluation.all_params("dispatcher", "db_url")
    if database:
        text = "db_url is set, so the server reads its database and never opens %s" % listing.path
        return [found_at("list-file-ignored", database[-1].place, text)], {}
    if listing.path and not listing.given and not listing.path.startswith("/"):
        place = evaluation.all_params("dispatcher", "list_file")[-1].place
        text = "list_file is relative to the folder in which the server is started, which is not known here"
        return [found_at("config-undecided", place, text)], {}
    if listing.data is None:
        if not listing.path:
            place = evaluation.all_params("dispatcher", "list_file")[-1].place
            text = "list_file is empty: kamailio -c passes, and the next start fails"
            return [found_at("list-missing", place, text)], {}
        text = "the list is not there: kamailio -c passes, and the next start fails"
        return [finding("list-missing", listing.path, None, text)], {}
    found = list_findings(document, listing.path, version, evaluation.sockets)
    return [*found.findings, *strict_findings(evaluation, found)], found.skipped


def strict_findings(evaluation: Evaluation, found: ListFindings) -> List[Finding]:
    """What C(ds_load_mode) 1 makes of destinations that the server would otherwise skip."""
    mode = evaluation.param("dispatcher", "ds_load_mode")
    if not mode or mode.value != 1 or not found.skipped:
        return []
    count = len(found.skipped)
    text = "ds_load_mode is 1, and %d destination%s would be skipped: the load fails, and the next start fails"
    return [found_at("skipped-stops-load", mode.place, text % (count, "" if count == 1 else "s"))]


def _mode_findings(evaluation: Evaluation) -> Iterator[Finding]:
    """Probing that is asked for by the mode alone."""
    mode = evaluation.param("dispatcher", "ds_probing_mode")
    if mode and number_of(evaluation, "ds_probing_mode", 0) == MODE_ALL and not interval_of(evaluation):
        text = "ds_probing_mode 1 asks for the probing of every destination, and ds_ping_interval is not set"
        missing = ", nor is tm loaded" if tm_state(evaluation) == "missing" else ""
        yield found_at("mode-without-interval", mode.place, text + missing + ", so nothing is probed")


def probing_findings(
    listing: Listing, document: Document, effects: Tuple[Effect, ...], version: Version
) -> Iterator[Finding]:
    """Destinations that ask for probing, and what hinders it."""
    for one, effect in zip(document.destinations, effects):
        if not effect.rule:
            continue
        asks = "asks for probing (flags %d)" % one.flags if one.flags & PROBING else "is to be probed"
        text = "%s, and %s" % (asks, effect.reason)
        if effect.rule in ("probing-without-tm", "probing-without-interval"):
            text += ", so nothing probes it; " + _shown(one.flags, version)
        elif effect.rule == "ping-cannot-be-sent":
            text += ": no ping can be sent, and it is marked as down"
        field = one.attrs_span if effect.rule == "ping-cannot-be-sent" else one.flags_span
        start = field[0] if one.flags & PROBING else one.uri_span[0]
        column = column_of(document, one, start)
        yield finding(effect.rule, listing.path, one.line, text, destination=name_of(one), column=column)


def _blamed(evaluation: Evaluation, effects: Tuple[Effect, ...]) -> Iterator[Finding]:
    """Parameters that let no ping be sent, once each, however many destinations are to be probed."""
    hindered = Counter((one.parameter, one.reason) for one in effects if one.parameter)
    for (name, reason), count in hindered.items():
        param = evaluation.param("dispatcher", name or "")
        if param:
            text = "%s: no ping can be sent, and %s marked as down"
            those = "the destination that is to be probed is" if count == 1 else "%d destinations are" % count
            yield found_at("ping-cannot-be-sent", param.place, text % (reason, those))


def _shown(flags: int, version: Version) -> str:
    """What the RPC shows of a flag that nothing can obey."""
    clears = version.clears_probing_without_tm
    text = "Kamailio %s clears the flag and shows %s" if clears else "Kamailio %s shows %s all the same"
    return text % (str(version), _letters(flags & ~PROBING if clears else flags, version))


def _letters(flags: int, version: Version) -> str:
    return render_letters(flags, version.knows_no_ping)


def _probes(
    destinations: Tuple[Destination, ...], effects: Tuple[Effect, ...], skipped: Dict[int, str], version: Version
) -> Tuple[Probe, ...]:
    return tuple(
        Probe(
            one.setid,
            show(one.uri),
            one.flags,
            _letters(one.flags, version),
            one.line,
            one.start in skipped,
            effect,
        )
        for one, effect in zip(destinations, effects)
    )
