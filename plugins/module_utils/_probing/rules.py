# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The rules: what can be wrong, how bad it is and what to do about it.

A rule that no running server confirms is not a rule; tests/conformance starts the servers.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional

from .._config.model import Place
from .._everywhere import mask_text

ERROR, WARNING, NOTE = "error", "warning", "note"


class Rule(NamedTuple):
    """C(stops) says whether the server does not start while the rule is broken."""

    severity: str
    stops: bool
    remedy: str


class Finding(NamedTuple):
    """One broken rule at one place.

    C(line) and C(column) are 1-based, C(destination) is C(set 1, sip:…) where it is about one; all of them may be None.
    """

    rule: str
    severity: str
    file: str
    line: Optional[int]
    column: Optional[int]
    destination: Optional[str]
    text: str
    remedy: str


LOAD_TM_FIRST = 'Put loadmodule "tm.so" before the dispatcher module'
_SET_INTERVAL = 'set modparam("dispatcher", "ds_ping_interval", 10)'
_CLEAR = "take 8 out of its flags"

RULES: Dict[str, Rule] = {
    "interval-without-tm": Rule(ERROR, True, LOAD_TM_FIRST + ", or take ds_ping_interval out"),
    "tm-after-dispatcher": Rule(ERROR, True, 'Move loadmodule "tm.so" before the dispatcher module'),
    "list-missing": Rule(ERROR, True, "Create the file, or let list_file name the one that is there"),
    "list-line-incomplete": Rule(ERROR, True, "Complete the line with a destination, or put a # before it"),
    "config-syntax": Rule(ERROR, True, "kamailio -c shows where the server's own parser stops"),
    "config-empty": Rule(ERROR, True, "Write a loadmodule or a route into it, or give the file that has them"),
    "include-missing": Rule(ERROR, True, "Create the file, or use import_file if it may be missing"),
    "module-missing": Rule(ERROR, True, "Load it before the module that needs it"),
    "module-too-late": Rule(ERROR, True, "Load it before the module that needs it"),
    "parameter-unknown": Rule(ERROR, True, "Correct its name, or take it out"),
    "module-file-missing": Rule(ERROR, True, "Install the package that ships it, or take its loadmodule out"),
    "module-twice": Rule(ERROR, True, "Take one of the two loadmodule lines out"),
    "modparam-without-module": Rule(ERROR, True, "Load the module before the modparam"),
    "parameter-type": Rule(ERROR, True, "Write the number without quotes"),
    "skipped-stops-load": Rule(ERROR, True, "Mend the lines that are skipped, or take ds_load_mode out"),
    "file-unreadable": Rule(ERROR, True, "Let the server's user read it: chgrp, chmod, or setfacl"),
    "default-socket-not-listened": Rule(ERROR, True, "Name a socket of a listen line, or add a listen for it"),
    "reply-codes-broken": Rule(ERROR, True, "Write code=404;class=3, without white space or a semicolon at the end"),
    "pseudo-variable-bad": Rule(ERROR, True, "Name a pseudo-variable that can be written, such as $avp(setid)"),
    "database-module-missing": Rule(ERROR, True, "Load the module of that database before dispatcher"),
    "uri-bad": Rule(ERROR, False, "Write a SIP URI such as sip:192.0.2.1:5060"),
    "attrs-broken": Rule(ERROR, False, "Write name=value;name=value, without white space"),
    "ipv6-not-listened": Rule(ERROR, False, "Listen on an IPv6 address, or take the destination out"),
    "socket-not-listened": Rule(ERROR, False, "Name a socket of a listen line, or add a listen for it"),
    "transport-not-listened": Rule(ERROR, False, "Add a listen with that protocol, or change the transport of the URI"),
    "ping-cannot-be-sent": Rule(ERROR, False, "Mend the parameter, or take it out"),
    "line-too-long": Rule(ERROR, False, "Shorten the line to 1023 bytes, the line end included"),
    "number-overflow": Rule(ERROR, False, "Write a number up to 2147483647"),
    "directive-not-recognised": Rule(WARNING, False, "Put nothing behind the directive but white space"),
    "comment-unclosed": Rule(WARNING, False, "A /* inside a comment needs its own */"),
    "probing-without-tm": Rule(WARNING, False, "%s and %s, or %s" % (LOAD_TM_FIRST, _SET_INTERVAL, _CLEAR)),
    "probing-without-interval": Rule(WARNING, False, "S%s, or %s" % (_SET_INTERVAL[1:], _CLEAR)),
    "mode-without-interval": Rule(WARNING, False, "S%s, or take ds_probing_mode out" % _SET_INTERVAL[1:]),
    "probing-switched-off": Rule(WARNING, False, "Take that bit out of its flags, or 8 if it is not to be probed"),
    "probing-inactive-only": Rule(
        WARNING, False, "Set ds_probing_mode to 3, or write 9 (inactive, probed) as its flags"
    ),
    "reload-unreadable": Rule(WARNING, False, "Let the server's user read it: chgrp, chmod, or setfacl"),
    "reply-codes-ignored": Rule(WARNING, False, "Write code=NNN or class=N, with semicolons between them"),
    "ping-from-odd": Rule(WARNING, False, "Write a SIP URI such as sip:dispatcher@example.org"),
    "ping-method-odd": Rule(WARNING, False, "Write OPTIONS, or INFO where a peer does not answer that"),
    "flags-not-a-number": Rule(WARNING, False, "Write the number that is meant"),
    "priority-not-a-number": Rule(WARNING, False, "Write a number from 0 on, a higher one comes first"),
    "setid-not-a-number": Rule(WARNING, False, "Begin the line with the number of its set"),
    "text-ignored": Rule(WARNING, False, "Take the white space out, or put a # and a space before what is only a note"),
    "attrs-comma": Rule(WARNING, False, "Put the value in quotes, or a semicolon instead of the comma"),
    "attribute-unknown": Rule(WARNING, False, "Take it out, or run a version that knows it"),
    "attribute-twice": Rule(WARNING, False, "Give it once"),
    "weight-out-of-range": Rule(WARNING, False, "Give a number from 1 to 100"),
    "weights-over-100": Rule(WARNING, False, "Weights are percent: let those of the set sum up to 100"),
    "transport-unknown": Rule(WARNING, False, "Write udp, tcp, tls, sctp or ws"),
    "destination-twice": Rule(WARNING, False, "Take one out, or tell them apart by duid or socket"),
    "dispatcher-not-loaded": Rule(WARNING, False, 'Put loadmodule "dispatcher.so" into the configuration'),
    "config-undecided": Rule(
        WARNING, False, "Write it out; defines says what the server gets with -A, and its unit what else it gets"
    ),
    "probing-until-first-answer": Rule(NOTE, False, "Set ds_probing_mode to 3 to watch it all the time"),
    "interval-shorter-than-timeout": Rule(NOTE, False, 'Set modparam("tm", "fr_timer", …) lower, in milliseconds'),
    "weights-incomplete": Rule(NOTE, False, "Give every destination of the set a weight, or none"),
    "list-empty": Rule(NOTE, False, "Add the destinations"),
    "list-file-ignored": Rule(NOTE, False, "Judge the database, or take db_url out"),
}

SEVERITIES = (ERROR, WARNING, NOTE)
ABOUT_PROBING = frozenset(name for name in RULES if name.startswith("probing-")) | {
    "interval-without-tm",
    "tm-after-dispatcher",
    "mode-without-interval",
    "ping-cannot-be-sent",
}


def finding(
    rule: str,
    file: str,
    line: Optional[int],
    text: str,
    remedy: str = "",
    destination: Optional[str] = None,
    column: Optional[int] = None,
) -> Finding:
    """A finding of a rule, with its severity and, unless another is given, its remedy; secrets in it are masked."""
    known = RULES[rule]
    whom = None if destination is None else mask_text(destination)
    return Finding(rule, known.severity, file, line, column, whom, mask_text(text), mask_text(remedy) or known.remedy)


def found_at(rule: str, place: Place, text: str, remedy: str = "") -> Finding:
    """A finding of a rule at a statement of a configuration."""
    return finding(rule, place.path, place.line, text, remedy, None, place.column)


def describe_findings(findings: Iterable[Finding]) -> List[Dict[str, Any]]:
    """Findings as a result of a module has them, each with C(page), where its rule is documented."""
    return [dict(one._asdict(), page="docs/rules.md#" + one.rule) for one in findings]
