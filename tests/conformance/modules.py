# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules want besides other modules, so that a server starts with them: parameters, files, routes, a database."""

from __future__ import annotations

from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.parameters import parameter_types
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.requirements import When
from ansible_collections.sipfleet.kamailio.plugins.module_utils._config.wants import Database, mandatory_of
from ansible_collections.sipfleet.kamailio.plugins.module_utils._versions import Version
from conformance.server import as_version
from conformance.setups import Setup

# The tables that the package ships.
URL = "text:///usr/share/kamailio/dbtext/kamailio"
ROUTES = {
    module: "event_route[%s] { exit; }\n" % event
    for module, event in {
        "ims_diameter_server": "diameter:request",
        "ims_ocs": "ocs:ccr-orig",
        "microhttpd": "microhttpd:request",
        "nghttp2": "nghttp2:request",
        "nosip": "nosip:msg",
        "xhttp": "xhttp:request",
    }.items()
}
# What a module reads, in the folder of each server.
FILES = {
    "cpl.dtd": "<!ELEMENT cpl EMPTY>\n",
    "diameter.xml": """<?xml version="1.0" encoding="UTF-8"?>
<DiameterPeer FQDN="scscf.example.com" Realm="example.com" Vendor_Id="10415" Product_Name="CDiameterPeer"
  AcceptUnknownPeers="0" DropUnknownOnDisconnect="1" Tc="30" Workers="1" QueueLength="8" TransactionTimeout="5"
  SessionsHashSize="16" DefaultAuthSessionTimeout="60" MaxAuthSessionTimeout="300">
  <Peer FQDN="localhost" Realm="example.com" port="9"/>
  <Acceptor port="@SELF@" bind="127.0.0.1"/>
  <Auth id="16777216" vendor="10415"/>
</DiameterPeer>
""",
    "dictionary": "$INCLUDE /etc/radcli/dictionary\n$INCLUDE /etc/radcli/dictionary.sip\n"
    "$INCLUDE /etc/kamailio/dictionary.kamailio\n"
    "ATTRIBUTE SIP-Call-Id 180 string\nATTRIBUTE SIP-Request-Hash 181 string\nVALUE Acct-Status-Type Failed 15\n"
    "VALUE Service-Type Sip-Session 15\nVALUE Service-Type Sip-Verify-Destination 21\n"
    "VALUE Service-Type Sip-Verify-Source 22\n",
    "handler.pl": "1;\n",
    "handler.py": """class Handler:
    def child_init(self, rank):
        return 0


def mod_init():
    return Handler()
""",
    "framework.xml": """<?xml version="1.0"?>
<framework>
  <db_url id="text">text:///usr/share/kamailio/dbtext/kamailio</db_url>
  <db_table id="domain"><table_name>domain</table_name><db_url_id>text</db_url_id>
    <column><field>domain</field><type>DB1_STR</type></column></db_table>
  <mod><mod_name>domain</mod_name>
    <cmd><cmd_name>show</cmd_name><db_table_id>domain</db_table_id><cmd_type>DB1_QUERY</cmd_type>
      <query_cols><col><field>domain</field></col></query_cols></cmd></mod>
</framework>
""",
    "ldap-servers.cfg": '[s]\nldap_server_url = "ldap://127.0.0.1:9"\n',
    "radius.conf": "authserver 127.0.0.1\nacctserver 127.0.0.1\nservers /etc/radcli/servers\n"
    "dictionary @DIR@/dictionary\nradius_timeout 1\nradius_retries 1\n",
}
VALUES = {
    ("acc_radius", "radius_config"): '"@DIR@/radius.conf"',
    ("app_perl", "filename"): '"@DIR@/handler.pl"',
    ("cplc", "cpl_dtd_file"): '"@DIR@/cpl.dtd"',
    ("dmq", "notification_address"): '"sip:127.0.0.1:9"',
    ("dmq", "server_address"): '"sip:127.0.0.1:@SELF@"',
    ("kazoo", "db_url"): '"%s"' % URL,
    ("mohqueue", "mohdir"): '"@DIR@"',
    ("mtree", "mtree"): '"name=mt;dbtable=mtree"',
    ("pvtpl", "tpl"): '"name=a;fpath=/etc/hostname"',
    ("sms", "modems"): '"M[d=/dev/null;p=1;m=new;l=10;r=5]"',
    ("sms", "networks"): '"N[m=10]"',
    ("sms", "links"): '"M[N]"',
    ("xhttp_pi", "framework"): '"@DIR@/framework.xml"',
}
# What a module is told besides, where it has such a parameter.
SETTINGS = {
    "app_python3": {"load": '"@DIR@/handler.py"'},
    "app_python3s": {"load": '"@DIR@/handler.py"'},
    "auth_radius": {"radius_config": '"@DIR@/radius.conf"'},
    "cdp": {"config_file": '"@DIR@/diameter.xml"'},
    "ldap": {"config_file": '"@DIR@/ldap-servers.cfg"', "connect_mode": "1"},
    "misc_radius": {"radius_config": '"@DIR@/radius.conf"'},
    "ndb_redis": {"init_without_redis": "1"},
    "peering": {"radius_config": '"@DIR@/radius.conf"'},
}


def has_parameter(version: str, module: str, name: str) -> bool:
    """Whether a module of a server under test has a parameter."""
    return name in (parameter_types(module, as_version(version)) or {})


def param(module: str, name: str, value: object) -> str:
    """A modparam; the value is a number, bytes of a string, or as it is written."""
    return 'modparam("%s", "%s", %s)\n' % (module, name, value)


def asking_value(when: When) -> int | str:
    """A value with which a parameter asks for what a row says, its default where that does."""
    return when.only[-1] if when.only else next(value for value in (when.default, 1) if when.asks(value))


def given(module: str, version: Version, without: str = "") -> str:
    """The parameters without which a module does not start, except for one."""
    rows = [row for row in mandatory_of(module, version) if all(when.asks(when.default) for when in row.when)]
    text = "".join(
        param(module, row.parameters[0], VALUES.get((module, row.parameters[0]), row.example))
        for row in rows
        if row.parameters[0] != without
    )
    types = parameter_types(module, version) or {}
    text += "".join(param(module, name, value) for name, value in SETTINGS.get(module, {}).items() if name in types)
    return text + ("@LIST@\n" if module == "dispatcher" else "")


def url(row: Database, value: str = URL) -> str:
    """The setting of a row's database."""
    return param(row.module, row.parameter, '"%s%s"' % ("db=>" if row.named else "", value))


def write_files(setup: Setup) -> None:
    """Write what the modules read beside the configuration, and put the folder and the port into all of it."""
    for name, text in {**FILES, setup.config.name: setup.config.read_text()}.items():
        text = text.replace("@SELF@", str(setup.port)).replace("@DIR@", str(setup.folder))
        (setup.folder / name).write_text(text)
