# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The one analysis: configuration, list and server version in, verdict out."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Callable, Collection, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._config.model import Account, Evaluation, Load, module_name
from .._config.settings import SCTP_AUTO
from .._config.successors import SUCCESSORS
from .._config.values import parse_number
from .._dispatcher.document import parse_document
from .._dispatcher.flags import render_letters
from .._errors import Problem
from .._rules import RULES, SEVERITIES
from .._text import quoted, show
from .._versions import Version
from .core_settings import core_setting_findings, unjudged_settings
from .destinations import Destinations, analyse_destinations
from .effect import NEVER, UNKNOWN, Effect, effects_of
from .findings import Finding, found_at, found_in
from .limits import call_findings, limit_findings, other_findings, socket_findings
from .listing import ListSource
from .modules import NUMBERS, STRINGS, modules_not_known, table_findings
from .parameters import parameter_findings, timer_findings
from .refusals import NOT_ASKED, Said, refusal_findings, start_findings
from .routes import block_findings
from .script import list_findings, script_findings
from .setup import MODE_ALL, Setup, interval_of, no_interval, number_of, read_setup, setup_findings, text_of, tm_state
from .watch import Listed, Watch, watch_listed

_MOST_NAMES = 10
DEFAULT_LIST = "/etc/kamailio/dispatcher.list"
# What shells, templates and URLs have, and a path has not.
_LITERAL = re.compile(rb"\A~[^/]*|\A[A-Za-z]+://|\$env\([^)]*\)|\$\w*[({][^)}]*[)}]?|\A\$\w+|\{\{.*|<[^<>]*>")


class Probe(NamedTuple):
    """What becomes of one destination; C(skipped) says whether the server does not load it.

    C(watch) holds for these files alone: it is C(blind) too where a destination is to be probed by a server that does
    not start.
    """

    setid: int
    uri: str
    flags: int
    letters: str
    line: Optional[int]
    skipped: bool
    watch: Watch


class Analysis(NamedTuple):
    """The verdict; C(will_start) is None where the configuration cannot be evaluated to the end.

    C(not_checked) says, a sentence for each, what could keep the server from starting and was not checked.
    """

    will_start: Optional[bool]
    findings: Tuple[Finding, ...]
    probing: Tuple[Probe, ...]
    not_checked: Tuple[str, ...]


class Listing(NamedTuple):
    """A dispatcher.list: C(data) is None if it is not there; C(given) if the user named it or gave its text."""

    path: str
    data: Optional[bytes]
    given: bool


def _not_known(_address: bytes) -> Optional[bool]:
    """Say nothing of an address."""
    return None


def _not_asked(_path: str, _account: Account) -> Optional[bool]:
    """Say nothing of a file."""
    return None


class Host(NamedTuple):
    """What only the host of a server can tell.

    C(has_module) says whether it has the file of a module, C(can_read) whether somebody can read a file,
    C(holds_address) whether it has an address, given as text without brackets, all None where that is not known;
    C(started_by) is who systemd starts the server as, C(switches_to) what its command line says.
    C(binds_elsewhere) says whether its programs may listen on addresses that it does not hold.
    """

    has_module: Callable[[Load], Optional[bool]]
    can_read: Callable[[str, Account], Optional[bool]]
    started_by: Account
    switches_to: Account
    holds_address: Callable[[bytes], Optional[bool]] = _not_known
    binds_elsewhere: bool = True


def with_modules(host: Optional[Host], names: Collection[str]) -> Host:
    """A host that has these modules and no others, by the names of their files without C(.so)."""
    known = {module_name(name) for name in names}
    host = host or Host(lambda load: None, _not_asked, Account(), Account())
    return host._replace(has_module=lambda load: load.name in known)


def list_path(evaluation: Evaluation) -> str:
    """Return the list that the server will read; empty if list_file is.

    The server goes to its folder before it opens a list with a relative path (C(daemonize) of Kamailio's
    src/core/daemonize.c). Where that folder is not known, the path is relative.
    """
    text = text_of(evaluation, "list_file")
    if not text or text.startswith(b"/") or not evaluation.folder.startswith("/"):
        return DEFAULT_LIST if text is None else show(text)
    return os.path.join(evaluation.folder, re.sub(r"\A(?:\./+)+", "", show(text)))


def analyse(
    evaluation: Evaluation, listing: Listing, version: Version, host: Optional[Host] = None, said: Said = NOT_ASKED
) -> Analysis:
    """Judge a configuration and a list as the server of that version will take them, and says itself."""
    if host:
        evaluation = evaluation._replace(sockets=evaluation.sockets.on(host.holds_address))
    findings = [*config_findings(evaluation, version), *_without_file(evaluation, host)]
    findings += _host_findings(evaluation, listing, host)
    findings += [*refusal_findings(said, evaluation, findings), *start_findings(said, evaluation)]
    source = ListSource(listing.path, parse_document(listing.data or b"", version))
    setup = read_setup(evaluation, version)
    broken = {finding.rule for finding in findings}
    undecided = "config-undecided" in broken or evaluation.hides_statements
    decided = not undecided and "parameter-type" not in broken
    destinations: Optional[Destinations] = None
    if not evaluation.load("dispatcher"):
        findings += _unread(evaluation, listing)
    elif setup.database:
        text = "db_url is set, so the server reads its database, which is not judged here"
        if listing.data is not None:
            text = "db_url is set, so the server reads its database and never opens %s" % listing.path
        findings.append(found_at("list-file-ignored", setup.database, text))
    else:
        literal = _literal(evaluation, listing)
        findings += literal
        missing = _missing(evaluation, listing)
        if missing and not literal:
            findings.append(missing)
            undecided = undecided or missing.rule == "config-undecided"
            decided = decided and not undecided
        elif not missing:
            destinations = analyse_destinations(source, setup, decided)
            findings += destinations.findings
            if decided:
                # Flags that the server does not read are the cause, and not another fault.
                misread = any(finding.rule == "flags-not-a-number" for finding in destinations.findings)
                findings += [
                    finding
                    for finding in list_findings(evaluation, source, setup, destinations.skipped)
                    if not (misread and finding.rule == "interval-without-probing")
                ]
        if decided:
            effects = destinations.effects if destinations else ()
            findings += [
                *_mode_findings(evaluation),
                *_blamed(evaluation, effects),
                *script_findings(evaluation, setup),
            ]
    findings.sort(key=_rank)
    stops = any(RULES[finding.rule].stops for finding in findings)
    doubtful = [] if host else modules_not_known(evaluation, version)
    unsure = (
        undecided
        or bool(doubtful)
        or "parameter-doubtful" in broken
        or any(finding.rule == "start-needs-dns" for finding in findings)
    )
    will_start = False if stops else None if unsure else True
    if said.start and said.start.up is not None:
        will_start = said.start.up
    found = destinations or Destinations((), {}, effects_of(source.destinations, setup, {}))
    probing = _probes(source, found, _hidden(stops, undecided), setup)
    not_checked = [*_not_checked(evaluation, version, said), *_modules_not_checked(doubtful, version)]
    if said.start:
        not_checked = [] if said.start.up else ["A start was not tried: %s." % said.start.text.rstrip(".")]
    return Analysis(will_start, tuple(findings), probing, tuple(not_checked))


def _not_checked(evaluation: Evaluation, version: Version, said: Said) -> Iterator[str]:
    """What only a server knows, if none was asked."""
    if not said.unasked:
        return
    text = "Functions and pseudo-variables in routes, and what else only kamailio -c finds, were not checked: %s."
    yield text % said.unasked
    unjudged = unjudged_settings(evaluation, version)
    if unjudged is None and evaluation.core_settings:
        yield "The core settings were not checked: those of Kamailio %s are not known here." % str(version)
    elif unjudged:
        text = "Whether Kamailio %s has these core settings was not checked: %s."
        names = [quoted(name.encode("utf-8", "surrogateescape"), 40) for name in unjudged[:_MOST_NAMES]]
        yield text % (str(version), ", ".join(names + ["…"] * (len(unjudged) > _MOST_NAMES)))


def _modules_not_checked(names: Sequence[str], version: Version) -> Iterator[str]:
    if names:
        shown = [quoted(name.encode("utf-8", "surrogateescape"), 40) for name in names[:_MOST_NAMES]]
        text = "Whether Kamailio %s comes with these modules was not checked: %s."
        yield text % (str(version), ", ".join(shown + ["…"] * (len(names) > _MOST_NAMES)))


def _rank(finding: Finding) -> Tuple[int, bool, str, int, int]:
    """What is worst comes first: errors, and among them those that stop the server; then by place."""
    return (
        SEVERITIES.index(finding.severity),
        not RULES[finding.rule].stops,
        finding.file,
        finding.line or 0,
        finding.column or 0,
    )


def config_findings(evaluation: Evaluation, version: Optional[Version]) -> List[Finding]:
    """Return what is wrong with a configuration by itself, and what of it cannot be determined here."""
    findings = _of_what_is_read(evaluation, version)
    return [it for it in findings if not (evaluation.hides_statements and RULES[it.rule].about_absence)]


def _of_what_is_read(evaluation: Evaluation, version: Optional[Version]) -> List[Finding]:
    findings = [_of_problem(rule, problem) for rule, problem in evaluation.problems]
    if evaluation.empty:
        text = "the configuration holds no statement, and the server does not start with it"
        findings.append(found_in("config-empty", evaluation.path, None, text))
    findings += [_of_problem("config-undecided", problem) for problem in evaluation.undecided]
    findings += _without_socket(evaluation)
    findings += [*table_findings(evaluation, version), *core_setting_findings(evaluation, version)] if version else []
    findings += _unknown_values(evaluation)
    findings += [*block_findings(evaluation), *limit_findings(evaluation, version)]
    findings += [*socket_findings(evaluation), *other_findings(evaluation, version), *call_findings(evaluation)]
    dispatcher = evaluation.load("dispatcher")
    findings += timer_findings(evaluation)
    if not dispatcher:
        return findings
    return [*findings, *setup_findings(evaluation, dispatcher), *parameter_findings(evaluation)]


def _without_socket(evaluation: Evaluation) -> Iterator[Finding]:
    """What the protocols of the server lack, so that it does not start."""
    forced = parse_number(evaluation.settings.get("disable_sctp", SCTP_AUTO)) == 0
    if forced and not evaluation.load("sctp") and not evaluation.undecided:
        text = "enable_sctp is on and the module sctp is not loaded, which the server refuses"
        yield found_in("sctp-without-module", evaluation.path, None, text)
    if evaluation.sockets.has_none:
        text = "no listen gives the server a socket, since the protocols that they name are off"
        # tm does not start without one; all others do.
        if evaluation.load("tm"):
            yield found_in("no-socket", evaluation.path, None, text + ": the next start fails")
        else:
            yield found_in("nothing-received", evaluation.path, None, text + ": it starts, and receives nothing")


def new_stops(before: Evaluation, after: Evaluation, version: Optional[Version]) -> List[Finding]:
    """Return why a server would not start with a changed configuration, and would with the one before."""
    known = {(finding.rule, finding.text) for finding in config_findings(before, version)}
    found = [finding for finding in config_findings(after, version) if RULES[finding.rule].stops]
    return [finding for finding in found if (finding.rule, finding.text) not in known]


def _of_problem(rule: str, problem: Problem) -> Finding:
    return found_in(rule, problem.path or "", problem.line, problem.text, problem.remedy, None, problem.column)


def _unread(evaluation: Evaluation, listing: Listing) -> Iterator[Finding]:
    if listing.given and listing.data is not None and not evaluation.hides_statements:
        text = "the dispatcher module is not loaded, so nothing reads %s" % listing.path
        yield found_in("dispatcher-not-loaded", evaluation.path, None, text)


def _missing(evaluation: Evaluation, listing: Listing) -> Optional[Finding]:
    """Why there is no list that could be analysed, None if there is one."""
    if listing.path and not listing.given and not listing.path.startswith("/"):
        text = "list_file is relative to a folder that is not known here"
        return found_at("config-undecided", evaluation.all_params("dispatcher", "list_file")[-1].place, text)
    if listing.data is not None:
        return None
    if not listing.path:
        text = "list_file is empty: kamailio -c passes, and the next start fails"
        return found_at("list-missing", evaluation.all_params("dispatcher", "list_file")[-1].place, text)
    text = "the list is not there: kamailio -c passes, and the next start fails"
    return found_in("list-missing", listing.path, None, text)


def _literal(evaluation: Evaluation, listing: Listing) -> List[Finding]:
    """What the path of a list has that the server does not replace, unless that file is there."""
    param = evaluation.param("dispatcher", "list_file")
    text = text_of(evaluation, "list_file") or b""
    odd = _LITERAL.search(text)
    if not param or not odd or (listing.data is not None and not listing.given):
        return []
    said = "the server takes %s in list_file as it stands, and does not find the file: the next start fails"
    return [found_at("list-file-literal", param.place, said % quoted(odd.group(), 40))]


def _without_file(evaluation: Evaluation, host: Optional[Host]) -> Iterator[Finding]:
    """Modules that the host does not have, or that Kamailio no longer has."""
    for load in evaluation.loads:
        there = host.has_module(load) if host else None
        remedy = SUCCESSORS.get(load.name)
        if there is False or (there is None and remedy):
            text = "Kamailio no longer has a module %s" if remedy else "the host has no file for module %s"
            text = text % load.name + ", so the server does not start"
            yield found_at("module-file-missing", load.place, text, remedy or "")


def _host_findings(evaluation: Evaluation, listing: Listing, host: Optional[Host]) -> Iterator[Finding]:
    """What the host does not let the server read or bind."""
    if host is None:
        return
    yield from _not_held(evaluation, host)
    reads_list = evaluation.load("dispatcher") and not evaluation.param("dispatcher", "db_url")
    paths = [evaluation.path, *([listing.path] if reads_list and listing.data is not None else [])]
    unreadable = [path for path in paths if host.can_read(path, host.started_by) is False]
    for path in unreadable:
        text = "the server is started as %s, who cannot read it: the next start fails"
        yield found_in("file-unreadable", path, None, text % host.started_by.user)
    later = _running_account(evaluation, host)
    if listing.path in paths and not unreadable and host.can_read(listing.path, later) is False:
        text = "the server runs as %s, who cannot read it: it starts with the list, and every reload of it fails"
        yield found_in("reload-unreadable", listing.path, None, text % later.user)


def _not_held(evaluation: Evaluation, host: Host) -> Iterator[Finding]:
    """Virtual addresses that another host holds at present, and that the server must not bind."""
    if host.binds_elsewhere or parse_number(evaluation.settings.get("ip_free_bind", b"no")):
        return
    for address in sorted(evaluation.sockets.absent):
        text = (
            "the host does not hold %s, the address of a virtual listen: kamailio -c passes, and the next start fails"
        )
        yield found_in("address-not-held", evaluation.path, None, text % show(address))


def _running_account(evaluation: Evaluation, host: Host) -> Account:
    """Who the server is after its start: the command line counts before the configuration."""
    user, group = (evaluation.settings.get(name) for name in ("user", "group"))
    account = Account(
        host.switches_to.user or (show(user) if user else None),
        host.switches_to.group or (show(group) if group else None),
    )
    return account if account.user else host.started_by


def _unknown_values(evaluation: Evaluation) -> Iterator[Finding]:
    """Parameters of dispatcher that a verdict depends on, and whose value only the server knows."""
    refused = {(problem.path, problem.line, problem.column) for _rule, problem in evaluation.problems}
    for name in (*NUMBERS, *STRINGS):
        for param in evaluation.all_params("dispatcher", name):
            if param.value is None and (param.place.path, param.place.line, param.place.column) not in refused:
                text = "the value of %s is known to the server only" % name
                yield found_at("config-undecided", param.place, text)


def _mode_findings(evaluation: Evaluation) -> Iterator[Finding]:
    """Probing that is asked for by the mode alone."""
    mode = evaluation.param("dispatcher", "ds_probing_mode")
    if mode and number_of(evaluation, "ds_probing_mode", 0) == MODE_ALL and not interval_of(evaluation):
        text = "ds_probing_mode 1 asks for the probing of every destination, and %s" % no_interval(evaluation)
        missing = ", nor is tm loaded" if tm_state(evaluation) == "missing" else ""
        yield found_at("mode-without-interval", mode.place, text + missing + ", so nothing is probed")


def _blamed(evaluation: Evaluation, effects: Tuple[Effect, ...]) -> Iterator[Finding]:
    """Parameters that let no ping be sent, once each, however many destinations are to be probed."""
    hindered = Counter((effect.parameter, effect.reason) for effect in effects if effect.parameter)
    for (name, reason), count in hindered.items():
        param = evaluation.param("dispatcher", name or "")
        if param:
            text = "%s: no ping can be sent, and %s marked as down"
            those = "the destination that is to be probed is" if count == 1 else "%d destinations are" % count
            yield found_at("ping-cannot-be-sent", param.place, text % (reason, those))


def _hidden(stops: bool, undecided: bool) -> Optional[Effect]:
    """What hides the effects on destinations."""
    if stops:
        return Effect(NEVER, "the server does not start")
    return Effect(UNKNOWN, "the configuration cannot be evaluated to the end") if undecided else None


def _probes(source: ListSource, found: Destinations, hidden: Optional[Effect], setup: Setup) -> Tuple[Probe, ...]:
    return tuple(
        Probe(
            setid=listed.setid,
            uri=show(listed.uri),
            flags=listed.flags,
            letters=render_letters(listed.flags, setup.version.knows_no_ping),
            line=source.line_of(listed),
            skipped=listed.start in found.skipped,
            watch=watch_listed(
                Listed(listed.flags, effect if listed.start in found.skipped else hidden or effect), setup
            ),
        )
        for listed, effect in zip(source.destinations, found.effects)
    )
