# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""Which modules another one needs to start: each row of C(REQUIREMENTS) was seen on servers of 5.4.4 to 6.1.5.

It was seen on those that have the module. For 5.5, 5.7 and 5.8, of which no server was run, the rows are read from the
sources of those branches. What a module wants besides other modules is in C(wants). What is in neither is not known.
"""

from __future__ import annotations

from typing import Any, FrozenSet, NamedTuple, Sequence, Tuple, Union

from .._versions import Version
from .model import Evaluation


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


def asked_for(evaluation: Evaluation, module: str, whens: Sequence[When]) -> bool:
    """Return whether all parameters that a row depends on ask for it, by what they are set to or by default."""
    params = [(when, evaluation.param(module, when.parameter)) for when in whens]
    return all(when.asks(param.value if param else when.default) for when, param in params)


class Requirement(NamedTuple):
    """The server does not start with V(module) unless one of V(needs) is loaded, if V(before) before it.

    With V(when), only if all of those parameters of V(module) ask for it. With V(at_load), it cannot even be loaded,
    and C(kamailio -c) says so. V(since) and V(until) are versions like C((6, 0)), compared by their first two numbers
    and both inclusive; empty: no limit.
    """

    module: str
    needs: Tuple[str, ...]
    before: bool = False
    when: Tuple[When, ...] = ()
    since: Tuple[int, ...] = ()
    until: Tuple[int, ...] = ()
    at_load: bool = False


# What usrloc logs of a ping by default.
_LOGS_VARIABLES = When("ka_logmsg", " to-uri: [$tu] remote-addr: [$sas]", only=(" to-uri: [$tu] remote-addr: [$sas]",))

REQUIREMENTS: Tuple[Requirement, ...] = (
    Requirement("acc", ("tm",), before=True),
    Requirement("acc", ("rr",), when=(When("detect_direction", 0, unless=(0,)),)),
    Requirement("acc", ("dialog",), when=(When("cdr_enable"),)),
    Requirement("acc_diameter", ("acc",)),
    Requirement("acc_json", ("acc",)),
    Requirement("acc_radius", ("acc",)),
    Requirement("app_lua_sr", ("app_lua",)),
    Requirement("app_perl", ("sl",)),
    Requirement("async", ("tm",), before=True, until=(5, 8)),
    Requirement("async", ("tm",), before=True, when=(When("mode", 0, only=(0,)),), since=(6, 0)),
    Requirement("auth", ("sl",)),
    Requirement("auth_db", ("auth",)),
    Requirement("auth_diameter", ("sl",)),
    Requirement("auth_radius", ("auth",)),
    Requirement("auth_web3", ("auth",)),
    Requirement("call_control", ("dialog",)),
    Requirement("call_control", ("pv",)),
    Requirement("cdp_avp", ("cdp",)),
    Requirement("cnxcc", ("dialog",)),
    Requirement("cplc", ("sl",)),
    Requirement("cplc", ("tm",), before=True),
    Requirement("cplc", ("usrloc",), before=True, when=(When("lookup_domain"),)),
    Requirement("db_perlvdb", ("app_perl",)),
    Requirement("debugger", ("cfgt",), before=True, when=(When("cfgtest", 0, only=(1,)),)),
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
    Requirement("gzcompress", ("sanity",), when=(When("sanity_checks", 0, unless=(0,)),)),
    Requirement("h350", ("ldap",)),
    Requirement("htable", ("dmq",), before=True, when=(When("enable_dmq"),)),
    Requirement("http_async_client", ("pv",), before=True, at_load=True),
    Requirement("http_async_client", ("tm",), before=True),
    Requirement("imc", ("tm",), before=True),
    Requirement("ims_auth", ("cdp",), until=(5, 8)),
    Requirement("ims_auth", ("cdp",), when=(When("av_mode", 0, only=(0,)),), since=(6, 0)),
    Requirement("ims_auth", ("gcrypt",), when=(When("av_mode", 0, only=(1,)),), since=(6, 0)),
    Requirement("ims_auth", ("tm",), before=True),
    Requirement("ims_charging", ("cdp",)),
    Requirement("ims_charging", ("cdp_avp",)),
    Requirement("ims_charging", ("ims_dialog",)),
    Requirement("ims_charging", ("tm",), before=True),
    Requirement("ims_dialog", ("pv",), when=(When("ruri_pvar", "$ru", only=("$ru",)),)),
    Requirement("ims_dialog", ("rr",)),
    Requirement("ims_dialog", ("tm",), before=True),
    Requirement("ims_diameter_server", ("cdp",)),
    Requirement("ims_diameter_server", ("cdp_avp",)),
    Requirement("ims_icscf", ("cdp",)),
    Requirement("ims_icscf", ("cdp_avp",)),
    Requirement("ims_icscf", ("sl",)),
    Requirement("ims_icscf", ("tm",), before=True),
    Requirement("ims_ipsec_pcscf", ("ims_usrloc_pcscf",), before=True),
    Requirement("ims_ipsec_pcscf", ("tm",), before=True),
    Requirement("ims_isc", ("ims_usrloc_scscf", "usrloc"), before=True),
    Requirement("ims_isc", ("tm",), before=True),
    Requirement("ims_ocs", ("cdp",)),
    Requirement("ims_ocs", ("cdp_avp",)),
    Requirement("ims_qos", ("cdp",)),
    Requirement("ims_qos", ("cdp_avp",)),
    Requirement("ims_qos", ("ims_dialog",)),
    Requirement("ims_qos", ("ims_usrloc_pcscf",), before=True),
    Requirement("ims_qos", ("tm",), before=True),
    Requirement("ims_qos_npn", ("cdp",)),
    Requirement("ims_qos_npn", ("cdp_avp",)),
    Requirement("ims_qos_npn", ("ims_usrloc_pcscf",), before=True),
    Requirement("ims_qos_npn", ("tm",), before=True),
    Requirement("ims_registrar_pcscf", ("ims_ipsec_pcscf",), before=True, until=(5, 8)),
    Requirement("ims_registrar_pcscf", ("ims_usrloc_pcscf",), before=True),
    Requirement("ims_registrar_pcscf", ("pua",), when=(When("subscribe_to_reginfo", only=(1,)),)),
    Requirement("ims_registrar_pcscf", ("sl",)),
    Requirement("ims_registrar_pcscf", ("tm",), before=True),
    Requirement("ims_registrar_scscf", ("cdp",)),
    Requirement("ims_registrar_scscf", ("cdp_avp",)),
    Requirement("ims_registrar_scscf", ("ims_usrloc_scscf",), before=True),
    Requirement("ims_registrar_scscf", ("sl",)),
    Requirement("ims_registrar_scscf", ("tm",), before=True),
    Requirement("ims_usrloc_scscf", ("ims_dialog",)),
    Requirement("ims_usrloc_scscf", ("presence",)),
    Requirement("janssonrpcc", ("jansson",)),
    Requirement("janssonrpcc", ("pv",), when=(When("result_pv", "$var(jsrpc_result)", only=("$var(jsrpc_result)",)),)),
    Requirement("janssonrpcc", ("tm",), before=True),
    Requirement("jsonrpcc", ("tm",), before=True),
    Requirement("jsonrpcs", ("xhttp",), when=(When("transport", only=(-1, 1, 3, 5, 7, 9, 11, 13, 15)),)),
    Requirement("kazoo", ("pv",)),
    Requirement("kazoo", ("tm",), before=True),
    Requirement("keepalive", ("tm",), before=True),
    Requirement("lcr", ("mtree",), when=(When("mt_pv_values"),)),
    Requirement("lcr", ("pv",)),
    Requirement("lcr", ("tm",), before=True, when=(When("ping_interval"),)),
    Requirement("lost", ("http_client",)),
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
    Requirement("presence", ("dmq",), before=True, when=(When("db_url"), When("enable_dmq"))),
    Requirement("presence", ("sl",), when=(When("db_url"),)),
    Requirement("presence", ("sl",), when=(When("publ_cache", 1, only=(2,)),)),
    Requirement("presence", ("tm",), before=True, when=(When("db_url"),)),
    Requirement("presence", ("tm",), before=True, when=(When("publ_cache", 1, only=(2,)),)),
    Requirement("presence_conference", ("presence",), before=True),
    Requirement("presence_dfks", ("presence",), before=True),
    Requirement("presence_dfks", ("pua",)),
    Requirement("presence_dfks", ("sl",)),
    Requirement("presence_dialoginfo", ("presence",), before=True),
    Requirement("presence_mwi", ("presence",), before=True),
    Requirement("presence_profile", ("presence",), before=True),
    Requirement("presence_reginfo", ("presence",), before=True),
    Requirement("presence_xml", ("presence",), before=True, when=(When("passive_mode", 0, unless=(1,)),)),
    Requirement("presence_xml", ("sl",), when=(When("passive_mode", 0, unless=(1,)),)),
    Requirement(
        "presence_xml",
        ("xcap_client",),
        when=(
            When("integrated_xcap_server", 0, only=(0,)),
            When("force_active", 0, only=(0,)),
            When("passive_mode", 0, unless=(1,)),
        ),
    ),
    Requirement("pua", ("tm",), before=True),
    Requirement("pua_bla", ("pua",)),
    Requirement("pua_bla", ("usrloc",), before=True),
    Requirement("pua_dialoginfo", ("dialog",)),
    Requirement("pua_dialoginfo", ("pua",)),
    Requirement("pua_json", ("json",)),
    Requirement("pua_json", ("presence",)),
    Requirement("pua_reginfo", ("pua",)),
    Requirement("pua_reginfo", ("usrloc",), before=True),
    Requirement("pua_rpc", ("pua",), before=True),
    Requirement("pua_usrloc", ("pua",)),
    Requirement("pua_usrloc", ("usrloc",), before=True),
    Requirement("pua_xmpp", ("pua",), before=True),
    Requirement("pua_xmpp", ("tm",), before=True),
    Requirement("pua_xmpp", ("xmpp",), before=True),
    Requirement("qos", ("dialog",)),
    Requirement("registrar", ("sl",)),
    Requirement("registrar", ("usrloc", "ims_usrloc_scscf"), before=True),
    Requirement("rls", ("presence",)),
    Requirement("rls", ("pua",)),
    Requirement("rls", ("sl",)),
    Requirement("rls", ("tm",), before=True),
    Requirement("rls", ("xcap_client",), when=(When("integrated_xcap_server", 0, only=(0,)),)),
    Requirement("rtpengine", ("dmq",), before=True, when=(When("enable_dmq"),), since=(6, 1)),
    Requirement("sanity", ("sl",)),
    Requirement("sca", ("sl",)),
    Requirement("sca", ("tm",), before=True),
    Requirement("seas", ("tm",), before=True),
    Requirement("sipcapture", ("topoh",), when=(When("topoh_unmask", 0, only=(1,)),)),
    Requirement("siputils", ("pv",)),
    Requirement("siputils", ("sl",)),
    Requirement("slack", ("http_client",)),
    Requirement("sms", ("tm",), before=True),
    Requirement("sst", ("dialog",)),
    Requirement("sst", ("sl",)),
    Requirement("tmx", ("tm",), before=True),
    Requirement("topoh", ("sanity",), when=(When("sanity_checks", 0, unless=(0,)),)),
    Requirement("topos", ("sanity",), when=(When("sanity_checks", 0, unless=(0,)),)),
    Requirement("topos", ("topoh",), when=(When("mask_callid", 0, only=(1,)),), since=(5, 7)),
    Requirement("topos_htable", ("htable",)),
    Requirement("topos_htable", ("topos",)),
    Requirement("topos_redis", ("ndb_redis",)),
    Requirement("topos_redis", ("topos",)),
    Requirement("tsilo", ("registrar",)),
    Requirement("tsilo", ("tm",), before=True),
    Requirement(
        "uac", ("dialog",), when=(When("restore_dlg", 0, unless=(0,)), When("restore_mode", "auto", only=("", "auto")))
    ),
    Requirement("uac", ("rr",), when=(When("restore_mode", "auto", unless=("none",)),)),
    Requirement("uac", ("tm",), before=True),
    Requirement("uac_redirect", ("acc",), when=(When("acc_function", "acc_log_request"),), since=(5, 6)),
    Requirement("uac_redirect", ("tm",), before=True),
    Requirement("uid_auth_db", ("auth",)),
    Requirement("usrloc", ("pv",), when=(When("ka_mode", 0, unless=(0,)), _LOGS_VARIABLES)),
    Requirement("websocket", ("sl",)),
    Requirement("websocket", ("xhttp",)),
    Requirement("xcap_server", ("sl",)),
    Requirement("xhttp", ("sl",)),
    Requirement("xhttp_pi", ("xhttp",)),
    Requirement("xhttp_prom", ("kex",), when=(When("xhttp_prom_pkg_stats", 0, unless=(0,)),), since=(6, 0)),
    Requirement("xhttp_prom", ("xhttp",)),
    Requirement("xhttp_rpc", ("xhttp",)),
    Requirement("xmlrpc", ("sl",)),
    Requirement("xmpp", ("tm",), before=True),
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
        "ims_auth",
        "ims_charging",
        "ims_dialog",
        "ims_icscf",
        "ims_ipsec_pcscf",
        "ims_isc",
        "ims_qos",
        "ims_qos_npn",
        "ims_registrar_pcscf",
        "ims_registrar_scscf",
        "janssonrpcc",
        "jsonrpcc",
        "kazoo",
        "keepalive",
        "lcr",
        "lrkproxy",
        "mangler",
        "mohqueue",
        "msilo",
        "nat_traversal",
        "presence",
        "pua",
        "pua_xmpp",
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
