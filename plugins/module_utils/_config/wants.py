# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""What a module wants besides other modules: the module of a database, and parameters without which nothing starts.

Each row was seen on servers of 5.4.4, 5.6.3, 6.0.1 and 6.1.5; what holds for 5.5, 5.7 and 5.8 is read from their
sources. Whether a database, a file or another host is there is not known.
"""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

from .._versions import Version
from .requirements import When


class Database(NamedTuple):
    """The server does not start with V(module) unless the module of its database is loaded: V(db_mysql) for C(mysql://…).

    V(parameter) has the URL, V(default) is the scheme where it is not set, empty if there is no database then; with
    V(named), a name and C(=>) are before the URL, and all settings count. It can be set to nothing if V(can_be_empty).
    From the version V(before) on db_text is only found before it, None for never: other databases were not tried.
    With V(when), it holds only if all of those parameters ask for it.
    """

    module: str
    default: str = ""
    before: Optional[Tuple[int, ...]] = None
    when: Tuple[When, ...] = ()
    parameter: str = "db_url"
    can_be_empty: bool = False
    named: bool = False
    since: Tuple[int, ...] = ()
    until: Tuple[int, ...] = ()

    def wants_text_first(self, version: Version) -> bool:
        """Whether db_text must be loaded before the module."""
        return self.before is not None and version.release >= self.before


DATABASES: Tuple[Database, ...] = (
    Database("acc", before=(6, 1), can_be_empty=True),
    Database("alias_db", "mysql"),
    Database("auth_db", "mysql"),
    Database("avpops"),
    Database("carrierroute", "mysql", (), (When("config_source", only=("db",)),)),
    Database("cfg_db", "mysql"),
    Database("cplc", "mysql", ()),
    Database("dialog", "mysql", (), (When("db_mode"),)),
    Database("dialplan", "mysql", ()),
    Database("domain", "mysql", ()),
    Database("domainpolicy", "mysql", ()),
    Database("drouting", "mysql"),
    Database("group", "mysql", ()),
    Database("htable", before=(), can_be_empty=True),
    Database("imc", "mysql", (), until=(5, 6)),
    Database("imc", "mysql", (), (When("db_mode", only=(2,)),), since=(5, 7)),
    Database("ims_charging", "mysql", (), (When("db_mode"),)),
    Database("ims_dialog", "mysql", (), (When("db_mode"),)),
    Database("ims_icscf", "mysql"),
    Database("ims_usrloc_pcscf", "mysql", (), (When("db_mode", 0, unless=(0,)),), until=(5, 6)),
    Database("ims_usrloc_pcscf", "mysql", when=(When("db_mode", 0, unless=(0,)),), since=(5, 7)),
    Database("ims_usrloc_scscf", "mysql", when=(When("db_mode", 0, unless=(0,)),)),
    Database("kazoo", "", (), (When("pua_mode", 1, only=(1,)),)),
    Database("lcr", "mysql", ()),
    Database("matrix", "mysql", ()),
    Database("mohqueue", "mysql", ()),
    Database("msilo", "mysql", ()),
    Database("mtree", "mysql", ()),
    Database("p_usrloc", "mysql", parameter="read_db_url"),
    Database("p_usrloc", "mysql", parameter="write_db_url"),
    Database("pdt", "mysql", ()),
    Database("permissions", before=()),
    Database("pipelimit", before=(), can_be_empty=True),
    Database("prefix_route", "mysql"),
    Database("presence", before=(), when=(When("publ_cache", 1, unless=(2,)),), can_be_empty=True),
    Database("presence", "", (), (When("publ_cache", 1, only=(2,)), When("subs_db_mode", 2, unless=(0,)))),
    Database("presence_xml", "mysql", (), (When("passive_mode", 0, unless=(1,)), When("force_active", 0, only=(0,)))),
    Database("pua", "mysql", ()),
    Database("rls", "mysql", ()),
    Database("rls", before=(), parameter="rlpres_db_url", can_be_empty=True),
    Database("rls", before=(), parameter="xcap_db_url", can_be_empty=True),
    Database("rtpengine", before=()),
    Database("sca", "mysql", ()),
    Database("secfilter", "mysql", ()),
    Database("sipcapture", "mysql"),
    Database("siptrace", "mysql", when=(When("trace_to_database", 1, unless=(0,)),)),
    Database("siptrace", "mysql", when=(When("trace_mode", only=(2, 3, 6, 7)),)),
    Database("speeddial", "mysql"),
    Database("sqlops", when=(When("connect_mode", 0, unless=(1,)),), parameter="sqlcon", named=True),
    Database("topos", "mysql", (6, 0), (When("storage", "db", only=("db",)),)),
    Database("uid_auth_db", "mysql"),
    Database("uid_avp_db", "mysql"),
    Database("uid_domain", "mysql"),
    Database("uid_gflags", "mysql", when=(When("load_global_attrs"),)),
    Database("uid_uri_db", "mysql"),
    Database("uri_db", "mysql", (), can_be_empty=True),
    Database("userblacklist", "mysql", ()),
    Database("userblocklist", "mysql", ()),
    Database("usrloc", "mysql", when=(When("db_mode", 0, unless=(0,)),)),
    Database("utils", before=(), parameter="pres_db_url", can_be_empty=True),
    Database("xcap_client", "mysql", ()),
    Database("xcap_server", "mysql", ()),
)


class Mandatory(NamedTuple):
    """The server does not start with V(module) unless one of V(parameters) is set, such as the first to V(example).

    With V(when), it holds only if all of those parameters ask for it, from the version V(since) on and up to V(until).
    With V(of), they are parameters of that module, which V(module) uses. With V(filled), an empty text is as good as
    none.
    """

    module: str
    parameters: Tuple[str, ...]
    example: str
    when: Tuple[When, ...] = ()
    since: Tuple[int, ...] = ()
    of: str = ""
    until: Tuple[int, ...] = ()
    filled: bool = False


_SIP_PINGS = (When("natping_interval"), When("sipping_bflag", -1, unless=(-1,)))
MANDATORY: Tuple[Mandatory, ...] = (
    Mandatory("acc_radius", ("radius_config",), '"/etc/radcli/radiusclient.conf"'),
    Mandatory("app_perl", ("filename",), '"/etc/kamailio/kamailio.pl"'),
    Mandatory("app_ruby", ("load",), '"/etc/kamailio/kamailio.rb"'),
    Mandatory("auth_ephemeral", ("secret",), '"kamailio"'),
    Mandatory("avpops", ("avp_table",), '"usr_preferences"', (When("db_url"),), filled=True),
    Mandatory("call_obj", ("end",), "1000"),
    Mandatory("call_obj", ("start",), "1"),
    Mandatory("cplc", ("cpl_dtd_file",), '"/etc/kamailio/cpl-06.dtd"'),
    Mandatory("cnxcc", ("credit_check_period",), "1"),
    Mandatory("dmq", ("notification_address",), '"sip:192.0.2.2:5062"', until=(5, 4)),
    Mandatory("dmq", ("server_address",), '"sip:192.0.2.1:5062"', filled=True),
    Mandatory("erlang", ("cnode_alivename",), '"proxy1"'),
    Mandatory("erlang", ("cnode_host",), '"proxy1.example.com"'),
    Mandatory("erlang", ("cookie",), '"kamailio"'),
    Mandatory("erlang", ("erlang_nodename", "erlang_node_sname"), '"node@host"'),
    Mandatory("file_out", ("file",), '"name=calls;extension=.log"', since=(5, 8)),
    Mandatory("geoip", ("path",), '"/usr/share/GeoIP/GeoIP.dat"'),
    Mandatory("geoip2", ("path",), '"/usr/share/GeoIP/GeoLite2-City.mmdb"'),
    Mandatory("ims_dialog", ("dlg_flag",), "2"),
    Mandatory("influxdbc", ("database",), '"kamailio"'),
    Mandatory("influxdbc", ("server",), '"127.0.0.1"'),
    Mandatory("jsonrpcc", ("servers",), '"127.0.0.1:9999,2"'),
    Mandatory("kafka", ("brokers",), '"127.0.0.1:9092"', (When("init_without_kafka", 0, only=(0,)),)),
    Mandatory(
        "kazoo",
        ("db_url",),
        '"mysql://kamailio:kamailiorw@localhost/kamailio"',
        (When("pua_mode", 1, only=(1,)), When("amqp_consumer_workers", 8)),
    ),
    Mandatory("kazoo", ("node_hostname",), '"sip.example.com"'),
    Mandatory("lcr", ("gw_uri_avp",), '"$avp(i:709)"'),
    Mandatory("lcr", ("ruri_user_avp",), '"$avp(i:500)"'),
    Mandatory("lcr", ("defunct_gw_avp",), '"$avp(i:711)"', (When("defunct_capability", 0, unless=(0,)),)),
    Mandatory("lcr", ("lcr_id_avp",), '"$avp(i:712)"', (When("defunct_capability", 0, unless=(0,)),)),
    Mandatory("lcr", ("defunct_gw_avp",), '"$avp(i:711)"', (When("ping_interval"),)),
    Mandatory("lcr", ("lcr_id_avp",), '"$avp(i:712)"', (When("ping_interval"),)),
    Mandatory("mohqueue", ("mohdir",), '"/var/lib/kamailio/moh"', filled=True),
    Mandatory("mqtt", ("host",), '"127.0.0.1"'),
    Mandatory("msilo", ("content_type_hdr",), '"Content-Type: text/plain\\r\\n"', (When("offline_message"),)),
    Mandatory("mtree", ("mtree", "db_table"), '"name=routes;dbtable=routes"'),
    Mandatory("nathelper", ("nat_bflag",), "6", (When("natping_interval"), When("ping_nated_only")), of="usrloc"),
    Mandatory("nathelper", ("sipping_from",), '"sip:ping@example.org"', _SIP_PINGS),
    Mandatory("nats", ("nats_url",), '"nats://127.0.0.1:4222"'),
    Mandatory("ndb_mongodb", ("server",), '"name=a;uri=mongodb://127.0.0.1/kamailio"'),
    Mandatory("ndb_redis", ("server",), '"name=redis;addr=127.0.0.1;port=6379;db=0"'),
    Mandatory("pdb", ("server",), '"127.0.0.1:5574"'),
    Mandatory("peerstate", ("callee_avp",), '"$avp(callee)"', (When("use_avps", 0, unless=(0,)),)),
    Mandatory("peerstate", ("caller_avp",), '"$avp(caller)"', (When("use_avps", 0, unless=(0,)),)),
    Mandatory("peerstate", ("reg_avp",), '"$avp(reg)"', (When("use_avps", 0, unless=(0,)),)),
    Mandatory(
        "presence_xml",
        ("xcap_server",),
        '"xcap.example.com:80"',
        (
            When("integrated_xcap_server", 0, only=(0,)),
            When("force_active", 0, only=(0,)),
            When("passive_mode", 0, unless=(1,)),
        ),
    ),
    Mandatory("pua_bla", ("default_domain",), '"example.com"'),
    Mandatory("pua_bla", ("header_name",), '"Sender"'),
    Mandatory("pua_bla", ("server_address",), '"sip:bla@example.com"'),
    Mandatory("pua_reginfo", ("default_domain",), '"example.com"', (When("publish_reginfo", 1, only=(1,)),)),
    Mandatory("pua_reginfo", ("server_address",), '"sip:reginfo@example.com"'),
    Mandatory("pua_usrloc", ("default_domain",), '"example.com"'),
    Mandatory("pua_xmpp", ("server_address",), '"sip:xmpp@example.com"'),
    Mandatory("pvtpl", ("tpl",), '"name=call;fpath=/etc/kamailio/call.tpl"'),
    Mandatory("qos", ("qos_flag",), "27"),
    Mandatory("rabbitmq", ("url",), '"amqp://guest:guest@127.0.0.1:5672/"'),
    Mandatory("rls", ("server_address",), '"sip:rls@example.com:5060"'),
    Mandatory(
        "rls",
        ("xcap_root",),
        '"http://xcap.example.com/xcap-root:80"',
        (When("integrated_xcap_server", 0, only=(0,)),),
    ),
    Mandatory("rtpproxy", ("timeout_tag_pv",), '"$avp(tag)"', (When("timeout_socket"),), (5, 8)),
    Mandatory(
        "sipcapture",
        ("raw_socket_listen",),
        '"10.0.0.1:5060-5080"',
        (When("raw_moni_capture_on", 0, unless=(0,)),),
        filled=True,
    ),
    Mandatory("siptrace", ("trace_mode",), "1", (When("trace_init_mode", only=(1,)),)),
    Mandatory("sms", ("links",), '"NETWORK[MODEM]"'),
    Mandatory("sms", ("modems",), '"MODEM[d=/dev/ttyS0;b=9600;m=new;l=30;r=15]"', filled=True),
    Mandatory("sms", ("networks",), '"NETWORK[m=10]"', filled=True),
    Mandatory("sst", ("sst_flag",), "6"),
    Mandatory("tm", ("contact_flows_avp",), '"tm_contact_flows"', (When("contacts_avp"),)),
    Mandatory("topos", ("xavu_cfg",), '"_tps_"', (When("contact_mode", only=(2,)),)),
    Mandatory("topos", ("xavu_cfg",), '"_tps_"', (When("contact_mode", only=(3,)),), (6, 1)),
    Mandatory("topos", ("xavu_field_a_contact",), '"a_contact"', (When("contact_mode", only=(2,)),)),
    Mandatory("topos", ("xavu_field_b_contact",), '"b_contact"', (When("contact_mode", only=(2,)),)),
    Mandatory("topos", ("xavu_field_a_contact_host",), '"a_host"', (When("contact_mode", only=(3,)),), (6, 1)),
    Mandatory("topos", ("xavu_field_b_contact_host",), '"b_host"', (When("contact_mode", only=(3,)),), (6, 1)),
    Mandatory("topos_redis", ("serverid",), '"redis"'),
    Mandatory("uac", ("auth_password_avp",), '"$avp(password)"', (When("auth_username_avp"),)),
    Mandatory("uac", ("auth_realm_avp",), '"$avp(realm)"', (When("auth_password_avp"),)),
    Mandatory("uac", ("auth_username_avp",), '"$avp(user)"', (When("auth_realm_avp"),)),
    Mandatory("uac", ("reg_contact_addr",), '"192.0.2.1:5060"', (When("reg_db_url"),)),
    Mandatory("xhttp_pi", ("framework",), '"/etc/kamailio/pi_framework.xml"'),
)


def databases_of(module: str, version: Version) -> Tuple[Database, ...]:
    """The rows of a module about its database that hold for a version."""
    return tuple(
        row
        for row in DATABASES
        if row.module == module and version.release >= row.since and (not row.until or version.release <= row.until)
    )


def mandatory_of(module: str, version: Version) -> Tuple[Mandatory, ...]:
    """The rows of a module about parameters that it does not start without, in a version."""
    return tuple(
        row
        for row in MANDATORY
        if row.module == module and version.release >= row.since and (not row.until or version.release <= row.until)
    )
