# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that a module refuses when it starts; tests/conformance/test_limits.py holds the tables against servers."""

from __future__ import annotations

import pytest

from ansible_collections.sipfleet.kamailio.plugins.module_utils._analysis.analyse import config_findings
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.evaluate import evaluate
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.limits import FORMS, LIMITS, VARIABLES
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import VERSIONS, parameter_types
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version

from .files import no_files

NEWEST = Version(6, 1, 5)
FAILS = ": kamailio -c passes, and the next start fails"


def param(module: str, name: str, value: object) -> str:
    return 'modparam("%s", "%s", %s)\n' % (module, name, value)


NEEDS = "".join('loadmodule "%s.so"\n' % name for name in ("tm", "sl", "rr", "pv", "usrloc"))
DIALOG = NEEDS + 'loadmodule "dialog.so"\n'
REGISTRAR = NEEDS + 'loadmodule "registrar.so"\n'
COREX = 'loadmodule "corex.so"\n' + param("corex", "dns_cache", '"name=a.example.com;addr=127.0.0.1;type=A"')
XHTTP = NEEDS + 'loadmodule "app_lua.so"\nloadmodule "xhttp.so"\n'
UAC = NEEDS + 'loadmodule "uac.so"\n'
DMQ = "listen=udp:127.0.0.1:5060\n" + NEEDS + 'loadmodule "dmq.so"\n'


def found(text: str, version: Version = NEWEST) -> list[tuple[str, str]]:
    """The rules that a configuration breaks, with their texts."""
    evaluation = evaluate("/k", text.encode(), no_files, version)
    return [(finding.rule, finding.text) for finding in config_findings(evaluation, version)]


# configuration, rule, text
CASES = [
    (
        DIALOG + param("dialog", "default_timeout", 0),
        "parameter-value",
        "default_timeout of dialog takes 1 or more, and not 0" + FAILS,
    ),
    (
        DIALOG + param("dialog", "ka_interval", 10),
        "parameter-value",
        "ka_interval of dialog takes 0 or 30 or more, and not 10" + FAILS,
    ),
    (
        DIALOG + param("dialog", "hash_size", 100),
        "parameter-value",
        "hash_size of dialog takes a power of 2, and not 100" + FAILS,
    ),
    (
        REGISTRAR + param("registrar", "flow_timer", 20),
        "parameter-value",
        "flow_timer of registrar takes 0 with this outbound_mode, and not 20" + FAILS,
    ),
    (
        UAC + param("rr", "append_fromtag", 0),
        "parameter-value",
        "append_fromtag of rr takes 1 or more with this restore_mode of uac and restore_dlg of uac, and not 0" + FAILS,
    ),
    (
        REGISTRAR + param("usrloc", "ka_reply_codes", '"class=2"'),
        "parameter-value",
        "ka_reply_codes of usrloc takes codes with commas between them, and not class=2" + FAILS,
    ),
    (
        NEEDS + 'loadmodule "sqlops.so"\nrequest_route { sql_query("ca", "select 1", "r"); }\n',
        "call-undefined",
        "sql_query names the connection ca, which no sqlcon of sqlops defines" + FAILS,
    ),
    (
        NEEDS
        + 'loadmodule "rtpproxy.so"\n'
        + param("rtpproxy", "rtpproxy_sock", '"udp:127.0.0.1:7722"')
        + 'request_route { set_rtp_proxy_set("2"); }\n',
        "call-undefined",
        "set_rtp_proxy_set names the set 2, which no rtpproxy_sock of rtpproxy defines" + FAILS,
    ),
    (
        NEEDS + 'loadmodule "nathelper.so"\nrequest_route { fix_nated_register(); }\n',
        "call-undefined",
        "fix_nated_register needs the parameter received_avp of nathelper, which is not set" + FAILS,
    ),
    (
        NEEDS
        + 'loadmodule "nathelper.so"\n'
        + param("nathelper", "received_avp", '""')
        + "request_route { fix_nated_register(); }\n",
        "call-undefined",
        "fix_nated_register needs the parameter received_avp of nathelper, which is not set" + FAILS,
    ),
    (
        NEEDS
        + 'loadmodule "sms.so"\n'
        + param("sms", "modems", '""')
        + param("sms", "networks", '"N[m=10]"')
        + param("sms", "links", '""'),
        "parameter-missing",
        "sms does not start without the parameter modems" + FAILS,
    ),
    (
        REGISTRAR + param("registrar", "received_avp", '"$var(x)"'),
        "pseudo-variable-bad",
        "received_avp $var(x) is not an AVP, such as $avp(x)" + FAILS,
    ),
    (
        REGISTRAR.replace('loadmodule "pv.so"\n', "") + param("registrar", "received_avp", '"$avp(x)"'),
        "pseudo-variable-bad",
        "received_avp $avp(x) needs the module pv for $avp, which is not loaded" + FAILS,
    ),
    (
        DIALOG + param("dialog", "ruri_pvar", '""'),
        "pseudo-variable-bad",
        "ruri_pvar '' is empty" + FAILS,
    ),
    (
        UAC + param("uac", "reg_db_url", '"text:///db"'),
        "parameter-missing",
        "uac does not start without the parameter reg_contact_addr, since reg_db_url is set" + FAILS,
    ),
    (
        UAC.replace("loadmodule", "listen=udp:127.0.0.1:5060\nloadmodule", 1)
        + param("uac", "default_socket", '"udp:127.0.0.1:5070"'),
        "default-socket-not-listened",
        "the server does not listen on udp:127.0.0.1:5070, the default_socket of uac (no listen is for it)" + FAILS,
    ),
    (
        DMQ + param("dmq", "server_address", '"sip:127.0.0.1:5070"'),
        "default-socket-not-listened",
        "the server does not listen on udp:127.0.0.1:5070, the server_address of dmq (no listen is for it)" + FAILS,
    ),
    (
        NEEDS + param("tm", "failover_reply_codes", '"code=500;"'),
        "parameter-value",
        "failover_reply_codes code=500; of tm cannot be read, nothing follows its last semicolon" + FAILS,
    ),
    (
        COREX + "use_dns_cache=no\n",
        "parameter-value",
        "dns_cache of corex adds to the DNS cache of the server, which is off" + FAILS,
    ),
    (
        COREX + "dns_cache_init=0\n",
        "parameter-value",
        "dns_cache of corex adds to the DNS cache of the server, which is off" + FAILS,
    ),
    (
        'loadmodule "call_obj.so"\n' + param("call_obj", "start", 10) + param("call_obj", "end", 5),
        "parameter-value",
        "call_obj takes numbers other than 0 from its start to its end, and not 10 to 5" + FAILS,
    ),
    (
        'loadmodule "jsonrpcs.so"\n' + param("jsonrpcs", "fifo_mode", -1),
        "parameter-value",
        "fifo_mode of jsonrpcs takes 0 to 8191 with this transport and fifo_name, and not -1" + FAILS,
    ),
    (
        NEEDS
        + 'loadmodule "nathelper.so"\n'
        + param("nathelper", "natping_interval", 10)
        + param("nathelper", "ping_nated_only", 1)
        + param("usrloc", "nat_bflag", -1),
        "parameter-value",
        "nat_bflag of usrloc takes 0 to 31 with this natping_interval of nathelper and ping_nated_only of nathelper, "
        "and not -1" + FAILS,
    ),
    (
        XHTTP + param("xhttp", "event_callback", '"ksr_event"'),
        "event-route-missing",
        "event_callback of xhttp is a function of a KEMI script, and no cfgengine runs one" + FAILS,
    ),
]


@pytest.mark.parametrize(("text", "rule", "said"), CASES)
def test_what_a_module_refuses_is_said(text: str, rule: str, said: str) -> None:
    assert found(text) == [(rule, said)]


GOOD = [
    DIALOG + param("dialog", "hash_size", 4096),
    NEEDS
    + 'loadmodule "db_text.so"\nloadmodule "rtpproxy.so"\n'
    + param("rtpproxy", "db_url", '"text:///db"')
    + 'request_route { set_rtp_proxy_set("2"); }\n',
    NEEDS
    + 'loadmodule "rtpproxy.so"\n'
    + param("rtpproxy", "rtpproxy_sock", '"2 == udp:127.0.0.1:7722"')
    + 'request_route { set_rtp_proxy_set("2"); set_rtp_proxy_set("$var(x)"); }\n',
    REGISTRAR + param("usrloc", "ka_reply_codes", '"200, 404"'),
    DIALOG + param("dialog", "timeout_avp", '"$avp(x"'),
    DIALOG + param("dialog", "ka_interval", 0),
    DIALOG + param("dialog", "default_timeout", 0) + param("dialog", "default_timeout", 10),
    REGISTRAR + param("registrar", "flow_timer", 20) + param("registrar", "outbound_mode", 1),
    REGISTRAR + param("registrar", "received_avp", '""'),
    UAC + param("rr", "append_fromtag", 0) + param("uac", "restore_mode", '"none"'),
    DMQ + param("dmq", "server_address", '"sip:127.0.0.1:5060"'),
    DMQ + param("dmq", "server_address", '"sip:user@127.0.0.1:5060"'),
    DMQ + param("dmq", "server_address", '"sip:10.0.0.1"') + param("dmq", "server_socket", '"udp:127.0.0.1:5060"'),
    NEEDS + param("tm", "failover_reply_codes", '"code=500"'),
    COREX,
    COREX + "use_dns_cache=off\nuse_dns_cache=on\n",
    'loadmodule "call_obj.so"\n' + param("call_obj", "start", 1) + param("call_obj", "end", 1000),
    'loadmodule "jsonrpcs.so"\n' + param("jsonrpcs", "fifo_mode", -1) + param("jsonrpcs", "fifo_name", '""'),
    'loadmodule "jsonrpcs.so"\n' + param("jsonrpcs", "fifo_mode", -1) + param("jsonrpcs", "transport", 4),
    XHTTP + 'cfgengine "lua"\n' + param("xhttp", "event_callback", '"ksr_event"'),
    XHTTP + 'cfgengine = "lua"\n' + param("xhttp", "event_callback", '"ksr_event"'),
]
# parameter, value, the versions that take it, those that refuse it
BY_VERSION = [
    ("pipelimit", "timer_interval", 0, [(5, 8, 9), (6, 0, 6), (6, 1), (6, 1, 2)], [(6, 0, 7), (6, 1, 3), (6, 2)]),
    ("pipelimit", "hash_size", 21, [(5, 6), (6, 0, 6), (6, 1)], [(6, 0, 7), (6, 1, 5)]),
    ("auth", "algorithm", '"SHA-512"', [(6, 1)], [(5, 6), (5, 8), (6, 0)]),
    ("statsc", "items", -2, [], [(5, 6), (5, 8), (6, 1)]),
    ("tm", "failover_reply_codes", '"code=500;"', [], [(5, 7), (6, 1)]),
]


@pytest.mark.parametrize("text", GOOD)
def test_what_a_module_takes_is_not_found(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(("module", "name", "value", "taken", "refused"), BY_VERSION)
def test_a_value_is_refused_by_the_versions_that_refuse_it(
    module: str, name: str, value: object, taken: list[tuple[int, ...]], refused: list[tuple[int, ...]]
) -> None:
    text = NEEDS + ('loadmodule "%s.so"\n' % module if module != "tm" else "") + param(module, name, value)
    said = [
        [rule for rule, _text in found(text, Version(*version)) if rule != "version-not-known"] == ["parameter-value"]
        for version in taken + refused
    ]
    assert said == [False] * len(taken) + [True] * len(refused)


def test_a_number_that_is_not_surely_refused_is_doubtful() -> None:
    said = [
        found('loadmodule "statsc.so"\n' + param("statsc", "items", -1), Version(6, 1, 5)),
        found(
            'loadmodule "pipelimit.so"\nloadmodule "sl.so"\n' + param("pipelimit", "hash_size", 100), Version(5, 6, 3)
        ),
    ]
    assert said == [
        [("parameter-doubtful", "items of statsc takes 0 or more: whether the server starts with -1 cannot be told")],
        [
            (
                "parameter-doubtful",
                "hash_size of pipelimit takes 1 to 20: whether the server starts with 100 cannot be told",
            )
        ],
    ]


def test_nothing_is_said_where_another_value_can_follow() -> None:
    text = DIALOG + param("dialog", "default_timeout", 0) + 'modparamx("dialog|$def(X)", "default_timeout", 10)\n'
    assert "parameter-value" not in [rule for rule, _text in found(text)]


def test_the_tables_name_parameters_that_there_are() -> None:
    names = {(row.of or row.module, row.parameter) for row in LIMITS}
    names |= {(row.module, name) for row in VARIABLES for name in row.parameters.split()}
    names |= {(row.module, name) for row in FORMS for name in row.parameters.split()}
    there = {
        (module, name)
        for version in VERSIONS
        for module, _name in names
        for name in parameter_types(module, version) or {}
    }
    assert names - there == set()
