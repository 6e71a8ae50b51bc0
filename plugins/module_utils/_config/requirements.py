# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Which modules another one needs to start: each row of C(REQUIREMENTS) was seen on servers of 5.6.3, 6.0.1 and 6.1.5.

For 5.7 and 5.8, of which no server was run, the rows are read from the sources of those branches. What a module wants
besides other modules is in C(wants). What is in neither is not known.
"""

from __future__ import annotations

from typing import Any, FrozenSet, NamedTuple, Tuple, Union

from .._versions import Version


class When(NamedTuple):
    """A parameter of a module that asks for what the module does not need otherwise.

    It asks with a number above 0 or a string that is not empty; with C(only) by one of these values alone, with
    C(unless) by any other than these. C(default) is its value where it is not set. Case does not matter.
    """

    parameter: str
    default: Union[int, str] = ""
    only: Tuple[Union[int, str], ...] = ()
    unless: Tuple[Union[int, str], ...] = ()

    def asks(self, value: Any) -> bool:
        """Whether this value asks for it, None for a value that is not known."""
        if isinstance(value, bytes):
            value = value.decode("utf-8", "backslashreplace")
        if isinstance(value, str):
            value = value.lower()
        if value is None:
            return False
        if self.only or self.unless:
            return value in self.only if self.only else value not in self.unless
        return value > 0 if isinstance(value, int) else bool(value)


class Requirement(NamedTuple):
    """The server does not start with V(module) unless one of V(needs) is loaded, if V(before) before it.

    With V(when), only if all of those parameters of V(module) ask for it. V(since) and V(until) are versions like
    C((6, 0)), compared by their first two numbers and both inclusive; empty: no limit.
    """

    module: str
    needs: Tuple[str, ...]
    before: bool = False
    when: Tuple[When, ...] = ()
    since: Tuple[int, ...] = ()
    until: Tuple[int, ...] = ()


# What usrloc logs of a ping by default.
_LOGS_VARIABLES = When("ka_logmsg", " to-uri: [$tu] remote-addr: [$sas]", only=(" to-uri: [$tu] remote-addr: [$sas]",))

REQUIREMENTS: Tuple[Requirement, ...] = (
    Requirement("acc", ("tm",), before=True),
    Requirement("acc", ("rr",), when=(When("detect_direction"),)),
    Requirement("acc", ("dialog",), when=(When("cdr_enable"),)),
    Requirement("acc_diameter", ("acc",)),
    Requirement("async", ("tm",), before=True, until=(5, 8)),
    Requirement("async", ("tm",), before=True, when=(When("mode", 0, only=(0,)),), since=(6, 0)),
    Requirement("auth", ("sl",)),
    Requirement("auth_db", ("auth",)),
    Requirement("auth_diameter", ("sl",)),
    Requirement("call_control", ("dialog",)),
    Requirement("call_control", ("pv",)),
    Requirement("debugger", ("cfgt",), before=True, when=(When("cfgtest"),)),
    Requirement("dialog", ("pv",)),
    Requirement("dialog", ("rr",)),
    Requirement("dialog", ("tm",), before=True),
    Requirement("dialog", ("dmq",), before=True, when=(When("enable_dmq"),)),
    Requirement("dialplan", ("pv",)),
    Requirement("dispatcher", ("tm",), before=True, when=(When("ds_ping_interval"),)),
    Requirement("dmq", ("sl",)),
    Requirement("dmq", ("tm",), before=True),
    Requirement("dmq_usrloc", ("usrloc",), before=True, when=(When("enable", 0, unless=(0,)),)),
    Requirement("drouting", ("keepalive",), when=(When("enable_keepalive", 0, unless=(0,)),)),
    Requirement("htable", ("dmq",), before=True, when=(When("enable_dmq"),)),
    Requirement("imc", ("tm",), before=True),
    Requirement("jsonrpcs", ("xhttp",), when=(When("transport", only=(-1, 1, 3, 5, 7, 9, 11, 13, 15)),)),
    Requirement("keepalive", ("tm",), before=True),
    Requirement("lcr", ("mtree",), when=(When("mt_pv_values"),)),
    Requirement("lcr", ("pv",)),
    Requirement("lcr", ("tm",), before=True, when=(When("ping_interval"),)),
    Requirement("mediaproxy", ("pv",)),
    Requirement("mohqueue", ("rr",)),
    Requirement("mohqueue", ("rtpproxy",)),
    Requirement("mohqueue", ("sl",)),
    Requirement("mohqueue", ("tm",), before=True),
    Requirement("msilo", ("tm",), before=True),
    Requirement("mtree", ("pv",)),
    Requirement("nat_traversal", ("sl",)),
    Requirement("nat_traversal", ("tm",), before=True),
    Requirement("nathelper", ("usrloc",), before=True, when=(When("natping_interval"),)),
    Requirement("path", ("rr",), when=(When("use_received", 0, unless=(0,)),)),
    Requirement("peerstate", ("dialog",)),
    Requirement("peerstate", ("usrloc",), before=True),
    Requirement("pipelimit", ("sl",)),
    Requirement("qos", ("dialog",)),
    Requirement("registrar", ("sl",)),
    Requirement("registrar", ("usrloc",), before=True),
    Requirement("rtpengine", ("dmq",), before=True, when=(When("enable_dmq"),), since=(6, 1)),
    Requirement("sanity", ("sl",)),
    Requirement("sca", ("sl",)),
    Requirement("sca", ("tm",), before=True),
    Requirement("seas", ("tm",), before=True),
    Requirement("sipcapture", ("topoh",), when=(When("topoh_unmask"),)),
    Requirement("siputils", ("pv",)),
    Requirement("siputils", ("sl",)),
    Requirement("sms", ("tm",), before=True),
    Requirement("sst", ("dialog",)),
    Requirement("sst", ("sl",)),
    Requirement("tmx", ("tm",), before=True),
    Requirement("topoh", ("sanity",), when=(When("sanity_checks"),)),
    Requirement("topos", ("sanity",), when=(When("sanity_checks"),)),
    Requirement("topos", ("topoh",), when=(When("mask_callid"),), since=(5, 7)),
    Requirement("topos_htable", ("htable",)),
    Requirement("topos_htable", ("topos",)),
    Requirement("tsilo", ("registrar",)),
    Requirement("tsilo", ("tm",), before=True),
    Requirement("uac", ("dialog",), when=(When("restore_dlg"), When("restore_mode", "auto", only=("", "auto")))),
    Requirement("uac", ("rr",), when=(When("restore_mode", "auto", unless=("none",)),)),
    Requirement("uac", ("tm",), before=True),
    Requirement("uac_redirect", ("acc",), when=(When("acc_function", "acc_log_request"),)),
    Requirement("uac_redirect", ("tm",), before=True),
    Requirement("uid_auth_db", ("auth",)),
    Requirement("usrloc", ("pv",), when=(When("ka_mode"), _LOGS_VARIABLES)),
    Requirement("xhttp", ("sl",)),
    Requirement("xhttp_prom", ("kex",), when=(When("xhttp_prom_pkg_stats"),), since=(6, 0)),
    Requirement("xhttp_prom", ("xhttp",)),
    Requirement("xhttp_rpc", ("xhttp",)),
)

# Modules whose sources ask for tm's API (Kamailio 6.1): tm goes before the first of them.
AFTER_TM = frozenset(
    [
        "acc",
        "async",
        "cplc",
        "dialog",
        "dispatcher",
        "dmq",
        "evapi",
        "http_async_client",
        "imc",
        "jsonrpcc",
        "keepalive",
        "lcr",
        "lrkproxy",
        "mangler",
        "mohqueue",
        "msilo",
        "nat_traversal",
        "presence",
        "pua",
        "pv_headers",
        "rls",
        "rtjson",
        "rtpengine",
        "rtpproxy",
        "sca",
        "seas",
        "siptrace",
        "sl",
        "sms",
        "tmx",
        "tsilo",
        "uac",
        "uac_redirect",
        "xmpp",
    ]
)
# sl only prefers tm before it (it logs a message otherwise), so a tm behind sl alone stays where it is.
PREFERS_TM = frozenset(["sl"])


def comes_before(name: str) -> FrozenSet[str]:
    """The modules that find this one only if it is loaded before them."""
    rows = frozenset(row.module for row in REQUIREMENTS if row.before and name in row.needs)
    return rows | AFTER_TM if name == "tm" else rows


def requirements_of(module: str, version: Version) -> Tuple[Requirement, ...]:
    """The rows of a module (the name of its file without C(.so)) that hold for a version like C((6, 0, 1))."""
    return tuple(
        row
        for row in REQUIREMENTS
        if row.module == module and version.release >= row.since and (not row.until or version.release <= row.until)
    )
