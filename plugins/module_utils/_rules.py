# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The rules: what can be wrong, how bad it is and what to do about it. A rule is one row.

A rule that no running server confirms is not a rule; tests/conformance starts the servers.
"""

from __future__ import annotations

from typing import Dict, Final, Literal, NamedTuple, Sequence, Tuple

from ._errors import error
from ._text import named

Severity = Literal["error", "warning", "note"]
ERROR: Final = "error"
WARNING: Final = "warning"
NOTE: Final = "note"
SEVERITIES: Tuple[Severity, ...] = (ERROR, WARNING, NOTE)

# The fields of a destination, in their order in a line.
SETID, URI, FLAGS, PRIORITY, ATTRS = range(5)

# What a correction does.
Mend = Literal[
    "load tm",
    "set ds_ping_interval",
    "set ds_probing_mode",
    "remove ds_ping_interval",
    "remove ds_probing_mode",
    "clear the P flag",
    "write the flags as a number",
]
LOAD_TM: Final = "load tm"
SET_INTERVAL: Final = "set ds_ping_interval"
SET_MODE: Final = "set ds_probing_mode"
DROP_INTERVAL: Final = "remove ds_ping_interval"
DROP_MODE: Final = "remove ds_probing_mode"
CLEAR_FLAG: Final = "clear the P flag"
WRITE_FLAGS: Final = "write the flags as a number"


class Rule(NamedTuple):
    """How bad it is to break a rule, and what to do.

    C(stops) says whether the server does not start while it is broken, C(field) which field of a destination it points
    at, C(about_probing) whether it is about probing alone, C(editable) whether a configuration that breaks it can be
    edited all the same; C(mends) is what can correct it. C(about_absence) says whether it is about a statement that is
    not there, so that nobody can tell where a part of the configuration is not read.
    """

    severity: Severity
    remedy: str
    stops: bool = False
    field: int = URI
    about_probing: bool = False
    editable: bool = False
    mends: Tuple[Mend, ...] = ()
    about_absence: bool = False


LOAD_TM_FIRST = 'Put loadmodule "tm.so" before the dispatcher module'
_SET_INTERVAL = 'set modparam("dispatcher", "ds_ping_interval", 10)'
_CLEAR = "take 8 out of its flags"

RULES: Dict[str, Rule] = {
    "interval-without-tm": Rule(
        ERROR,
        LOAD_TM_FIRST + ", or take ds_ping_interval out",
        stops=True,
        about_probing=True,
        mends=(
            LOAD_TM,
            DROP_INTERVAL,
            DROP_MODE,
        ),
        about_absence=True,
    ),
    "tm-after-dispatcher": Rule(
        ERROR,
        'Move loadmodule "tm.so" before the dispatcher module',
        stops=True,
        about_probing=True,
        mends=(
            LOAD_TM,
            DROP_INTERVAL,
            DROP_MODE,
        ),
    ),
    "list-missing": Rule(ERROR, "Create the file, or let list_file name the one that is there", stops=True),
    "list-line-incomplete": Rule(ERROR, "Complete the line with a destination, or put a # before it", stops=True),
    "list-file-literal": Rule(ERROR, "Write the path out, from / on: nothing is replaced in it", stops=True),
    "listen-bad": Rule(ERROR, "Write an address, an interface or the name of a host", stops=True),
    "address-not-held": Rule(ERROR, "Set ip_free_bind=1, or give the host the address", stops=True),
    "sctp-without-module": Rule(ERROR, "Load the module sctp, or take enable_sctp out", stops=True),
    "no-socket": Rule(ERROR, "Add a listen that the server can use", stops=True),
    "nothing-received": Rule(ERROR, "Add a listen that the server can use"),
    "config-syntax": Rule(ERROR, "kamailio -c shows where the server's own parser stops", stops=True),
    "config-empty": Rule(ERROR, "Write a loadmodule or a route into it, or give the file that has them", stops=True),
    "include-missing": Rule(ERROR, "Create the file, or use import_file if it may be missing", stops=True),
    "module-missing": Rule(ERROR, "Load it before the module that needs it", stops=True, about_absence=True),
    "module-too-late": Rule(ERROR, "Load it before the module that needs it", stops=True),
    "parameter-unknown": Rule(ERROR, "Correct its name, or take it out", stops=True),
    "parameter-value": Rule(ERROR, "Give it a value that the module takes", stops=True, about_absence=True),
    "call-undefined": Rule(ERROR, "Set the parameter, or take the call out", stops=True, about_absence=True),
    "core-setting-unknown": Rule(ERROR, "Correct its name, or take it out", stops=True),
    "core-setting-value": Rule(ERROR, "Give it a value that it takes", stops=True),
    "core-setting-late": Rule(ERROR, "Move it before the first modparam and the first route", stops=True),
    "server-refuses": Rule(ERROR, "Correct what kamailio -c says about it", stops=True),
    "start-fails": Rule(ERROR, "Correct what the server says about it", stops=True),
    "parameter-missing": Rule(ERROR, "Set the parameter", stops=True, about_absence=True),
    "module-file-missing": Rule(ERROR, "Install the package that ships it, or take its loadmodule out", stops=True),
    "module-twice": Rule(ERROR, "Take one of the two loadmodule lines out", stops=True, editable=True),
    "modparam-without-module": Rule(
        ERROR, "Load the module before the modparam", stops=True, editable=True, about_absence=True
    ),
    "parameter-type": Rule(ERROR, "Write the number without quotes", stops=True, editable=True),
    "skipped-stops-load": Rule(ERROR, "Mend the lines that are skipped, or take ds_load_mode out", stops=True),
    "file-unreadable": Rule(ERROR, "Let the server's user read it: chgrp, chmod, or setfacl", stops=True),
    "default-socket-not-listened": Rule(ERROR, "Name a socket of a listen line, or add a listen for it", stops=True),
    "reply-codes-broken": Rule(
        ERROR, "Write code=404;class=3, without white space or a semicolon at the end", stops=True
    ),
    "pseudo-variable-bad": Rule(
        ERROR,
        "Load pv, and name a pseudo-variable that can be written, such as $avp(setid)",
        stops=True,
        about_absence=True,
    ),
    "extra-attrs-broken": Rule(ERROR, "Write name=column;name=column, without white space", stops=True),
    "database-module-missing": Rule(
        ERROR, "Load the module of that database before the module that needs it", stops=True, about_absence=True
    ),
    "event-route-missing": Rule(
        ERROR, "Write that event_route, or take the module out", stops=True, about_absence=True
    ),
    "route-missing": Rule(ERROR, "Write that route, or correct the name in the call", stops=True, about_absence=True),
    "uri-bad": Rule(ERROR, "Write a SIP URI such as sip:192.0.2.1:5060"),
    "address-misread": Rule(ERROR, "Write four numbers from 0 to 255"),
    "cc-without-weight": Rule(ERROR, "Give every destination of the set a weight, or take cc out", field=ATTRS),
    "attrs-broken": Rule(ERROR, "Write name=value;name=value, without white space", field=ATTRS),
    "ipv6-not-listened": Rule(ERROR, "Listen on an IPv6 address, or take the destination out"),
    "socket-not-listened": Rule(ERROR, "Name a socket of a listen line, or add a listen for it", field=ATTRS),
    "transport-not-listened": Rule(
        ERROR, "Add a listen with that protocol and what it needs, or change the transport of the URI"
    ),
    "ping-cannot-be-sent": Rule(ERROR, "Mend the parameter, or take it out", about_probing=True),
    "socket-not-used": Rule(WARNING, "Name a socket of the protocol that the destination is reached by", field=ATTRS),
    "line-too-long": Rule(ERROR, "Shorten the line to 1023 bytes, the line end included"),
    "number-overflow": Rule(ERROR, "Write a number up to 2147483647"),
    "hash-pvar-missing": Rule(ERROR, 'Set modparam("dispatcher", "hash_pvar", "$fU"), or take another algorithm'),
    "parameter-doubtful": Rule(WARNING, "Correct it, or take it out"),
    "directive-not-recognised": Rule(WARNING, "Put nothing behind the directive but white space", editable=True),
    "comment-unclosed": Rule(WARNING, "A /* inside a comment needs its own */"),
    "probing-without-tm": Rule(
        WARNING,
        "%s and %s, or %s" % (LOAD_TM_FIRST, _SET_INTERVAL, _CLEAR),
        about_probing=True,
        mends=(
            LOAD_TM,
            SET_INTERVAL,
            SET_MODE,
            CLEAR_FLAG,
        ),
    ),
    "probing-without-interval": Rule(
        WARNING,
        "S%s, or %s" % (_SET_INTERVAL[1:], _CLEAR),
        about_probing=True,
        mends=(
            LOAD_TM,
            SET_INTERVAL,
            SET_MODE,
            CLEAR_FLAG,
        ),
    ),
    "mode-without-interval": Rule(
        WARNING,
        "S%s, or take ds_probing_mode out" % _SET_INTERVAL[1:],
        about_probing=True,
        mends=(
            LOAD_TM,
            SET_INTERVAL,
            SET_MODE,
            DROP_MODE,
        ),
    ),
    "probing-switched-off": Rule(
        WARNING,
        "Take that bit out of its flags, or 8 if it is not to be probed",
        about_probing=True,
        mends=(CLEAR_FLAG,),
    ),
    "probing-inactive-only": Rule(
        WARNING,
        "Set ds_probing_mode to 3, or write 9 (inactive, probed) as its flags",
        about_probing=True,
        mends=(
            SET_MODE,
            CLEAR_FLAG,
        ),
    ),
    "interval-without-probing": Rule(
        WARNING,
        'Set modparam("dispatcher", "ds_probing_mode", 1), or write 8 into the flags of what is to be probed',
        about_probing=True,
        mends=(
            SET_MODE,
            DROP_INTERVAL,
        ),
    ),
    "failover-off": Rule(WARNING, 'Set modparam("dispatcher", "flags", 2), or take the calls out'),
    "handler-missing": Rule(WARNING, "Write that block, or correct the name in the call", about_absence=True),
    "algorithm-unknown": Rule(WARNING, "Take an algorithm that this version has, such as 4"),
    "set-missing": Rule(WARNING, "Correct the number, or ask ds_list_exists first if a set may be missing"),
    "latency-not-measured": Rule(
        WARNING, 'Set modparam("dispatcher", "ds_ping_latency_stats", 1), and let all destinations be probed'
    ),
    "load-not-counted": Rule(
        WARNING, 'Set modparam("dispatcher", "ds_hash_size", 9), and give each destination of the set a duid'
    ),
    "reload-unreadable": Rule(WARNING, "Let the server's user read it: chgrp, chmod, or setfacl"),
    "reply-codes-ignored": Rule(WARNING, "Write code=NNN or class=N, with semicolons between them"),
    "reply-codes-hide-timeouts": Rule(WARNING, "Name the codes that destinations do answer with, such as code=404"),
    "timer-too-short": Rule(WARNING, "Give milliseconds, such as 5000 for 5 seconds"),
    "ping-from-odd": Rule(WARNING, "Write a SIP URI such as sip:dispatcher@example.org"),
    "ping-method-odd": Rule(WARNING, "Write OPTIONS, or INFO where a peer does not answer that"),
    "flags-not-a-number": Rule(WARNING, "Write the number that is meant", field=FLAGS, mends=(WRITE_FLAGS,)),
    "priority-not-a-number": Rule(WARNING, "Write a number from 0 on, a higher one comes first", field=PRIORITY),
    "setid-not-a-number": Rule(WARNING, "Begin the line with the number of its set", field=SETID),
    "text-ignored": Rule(
        WARNING, "Take the white space out, or put a # and a space before what is only a note", field=ATTRS
    ),
    "attrs-comma": Rule(WARNING, "Put the value in quotes, or a semicolon instead of the comma", field=ATTRS),
    "attribute-unknown": Rule(WARNING, "Take it out, or run a version that knows it", field=ATTRS),
    "attribute-twice": Rule(WARNING, "Give it once", field=ATTRS),
    "weight-out-of-range": Rule(WARNING, "Give a number from 1 to 100", field=ATTRS),
    "weights-over-100": Rule(WARNING, "Weights are percent: let those of the set sum up to 100"),
    "weights-under-100": Rule(WARNING, "Weights are percent: let those of the set sum up to 100"),
    "weights-unused": Rule(WARNING, "Give every destination of the set a weight, or take another algorithm"),
    "rweights-uneven": Rule(WARNING, "Take algorithm 4, or fewer destinations in the set"),
    "transport-unknown": Rule(WARNING, "Write udp, tcp, tls, sctp or ws"),
    "destination-twice": Rule(WARNING, "Take one out, or tell them apart by duid or socket"),
    "duid-twice": Rule(WARNING, "Give each destination of the set a duid of its own"),
    "dispatcher-not-loaded": Rule(WARNING, 'Put loadmodule "dispatcher.so" into the configuration'),
    "config-undecided": Rule(
        WARNING, "Write it out; defines says what the server gets with -A, and its unit what else it gets"
    ),
    "probing-until-first-answer": Rule(
        NOTE, "Set ds_probing_mode to 3 to watch it all the time", about_probing=True, mends=(SET_MODE,)
    ),
    "interval-shorter-than-timeout": Rule(
        NOTE, 'Set modparam("tm", "fr_timer", …) lower, in milliseconds', about_absence=True
    ),
    "weights-incomplete": Rule(NOTE, "Give every destination of the set a weight, or none"),
    "rweights-incomplete": Rule(NOTE, "Give every destination an rweight, unless some are to take over only"),
    "cc-incomplete": Rule(NOTE, "Set cc=1 for every destination of the set, or for none"),
    "default-by-place": Rule(NOTE, "Give the destination that is to be the default a lower priority than the others"),
    "script-not-read": Rule(NOTE, "Check by hand that failover and probing are set as the script needs them"),
    "start-needs-dns": Rule(NOTE, "Write addresses, add 16 (no lookup) to the flags, or take ds_load_mode out"),
    "event-callback-unused": Rule(
        NOTE,
        "Name the language of the script with cfgengine, or write event_route[dispatcher:dst-down]",
        about_absence=True,
    ),
    "dns-mode-without-lookup": Rule(
        NOTE, "Add 1 (look up when the list is loaded), 2 (always) or 4 (by a timer) to it"
    ),
    "latency-not-retained": Rule(
        NOTE, 'Set modparam("dispatcher", "ds_ping_latency_stats", 1), or take it out', about_absence=True
    ),
    "list-empty": Rule(NOTE, "Add the destinations"),
    "list-file-ignored": Rule(NOTE, "Judge the database, or take db_url out"),
    "version-not-known": Rule(NOTE, "Look for a release of this collection that knows it"),
}


def page_of(rule: str) -> str:
    """Return where a rule is documented, in the repository."""
    return "docs/rules/%s.md" % rule


def known_rules(names: Sequence[str]) -> Sequence[str]:
    """Return the names of rules. Raises KamailioError if one is not a rule."""
    unknown = sorted(set(names) - set(RULES))
    if unknown:
        text = "ignore names %s, which %s no rule" % (
            ", ".join(named(name) for name in unknown),
            "is" if len(unknown) == 1 else "are",
        )
        raise error(text, "The rules are in the documentation of the collection")
    return names
