# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Which modules another one needs to start: each row of C(REQUIREMENTS) was seen on servers of 5.6.3, 6.0.1 and 6.1.5.

What is not in here is not known: neither the databases that a module wants by its C(db_url), nor the needs that depend
on more than one parameter or on a value other than 0.
"""

from __future__ import annotations

from typing import FrozenSet, NamedTuple, Tuple

from .._versions import Version


class Requirement(NamedTuple):
    """The server does not start with V(module) unless one of V(needs) is loaded, if V(before) before it.

    With a V(parameter), only if that one of V(module) is set to a number above 0 or to a string that is not empty.
    V(since) and V(until) are versions like C((6, 0)), compared by their first two numbers and both inclusive; empty: no
    limit.
    """

    module: str
    needs: Tuple[str, ...]
    before: bool = False
    parameter: str = ""
    since: Tuple[int, ...] = ()
    until: Tuple[int, ...] = ()


REQUIREMENTS: Tuple[Requirement, ...] = (
    Requirement("acc", ("tm",), before=True),
    Requirement("acc", ("rr",), parameter="detect_direction"),
    Requirement("acc", ("dialog",), parameter="cdr_enable"),
    Requirement("async", ("tm",), before=True, until=(5, 6)),
    Requirement("auth", ("sl",)),
    Requirement("auth_db", ("auth",)),
    Requirement("call_control", ("dialog",)),
    Requirement("call_control", ("pv",)),
    Requirement("debugger", ("cfgt",), before=True, parameter="cfgtest"),
    Requirement("dialog", ("pv",)),
    Requirement("dialog", ("rr",)),
    Requirement("dialog", ("tm",), before=True),
    Requirement("dialog", ("dmq",), before=True, parameter="enable_dmq"),
    Requirement("dispatcher", ("tm",), before=True, parameter="ds_ping_interval"),
    Requirement("dmq", ("sl",)),
    Requirement("dmq", ("tm",), before=True),
    Requirement("dmq_usrloc", ("usrloc",), before=True, parameter="enable"),
    Requirement("htable", ("dmq",), before=True, parameter="enable_dmq"),
    Requirement("imc", ("tm",), before=True),
    Requirement("keepalive", ("tm",), before=True),
    Requirement("mediaproxy", ("pv",)),
    Requirement("mohqueue", ("rr",)),
    Requirement("mohqueue", ("rtpproxy",)),
    Requirement("mohqueue", ("sl",)),
    Requirement("mohqueue", ("tm",), before=True),
    Requirement("msilo", ("tm",), before=True),
    Requirement("nat_traversal", ("sl",), parameter="keepalive_interval"),
    Requirement("nat_traversal", ("tm",), before=True, parameter="keepalive_interval"),
    Requirement("nathelper", ("usrloc",), before=True, parameter="natping_interval"),
    Requirement("path", ("rr",), parameter="use_received"),
    Requirement("peerstate", ("dialog",)),
    Requirement("peerstate", ("usrloc",), before=True),
    Requirement("pipelimit", ("sl",)),
    Requirement("qos", ("dialog",)),
    Requirement("registrar", ("sl",)),
    Requirement("registrar", ("usrloc",), before=True),
    Requirement("rtpengine", ("dmq",), before=True, parameter="enable_dmq", since=(6, 1)),
    Requirement("sanity", ("sl",)),
    Requirement("sca", ("sl",)),
    Requirement("sca", ("tm",), before=True),
    Requirement("sipcapture", ("topoh",), parameter="topoh_unmask"),
    Requirement("siputils", ("pv",)),
    Requirement("siputils", ("sl",)),
    Requirement("sst", ("dialog",)),
    Requirement("sst", ("sl",)),
    Requirement("tmx", ("tm",), before=True),
    Requirement("topoh", ("sanity",), parameter="sanity_checks"),
    Requirement("topos", ("sanity",), parameter="sanity_checks"),
    Requirement("topos", ("topoh",), parameter="mask_callid", since=(6, 0)),
    Requirement("topos_htable", ("htable",)),
    Requirement("topos_htable", ("topos",)),
    Requirement("tsilo", ("registrar",)),
    Requirement("tsilo", ("tm",), before=True),
    Requirement("uac", ("tm",), before=True),
    Requirement("uac_redirect", ("acc",), parameter="acc_function"),
    Requirement("uac_redirect", ("tm",), before=True),
    Requirement("uid_auth_db", ("auth",)),
    Requirement("xhttp", ("sl",)),
    Requirement("xhttp_prom", ("kex",), parameter="xhttp_prom_pkg_stats", since=(6, 0)),
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
