# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators write: values of parameters, calls in routes and event routes, by module.

@DIR@ is the folder of the configuration, @PORT@ a port that it listens on, @OTHER@ one that it does not listen on.
"""

from __future__ import annotations

import re

# The tables that the package ships.
DATABASE = "text:///usr/share/kamailio/dbtext/kamailio"

# Strings for one parameter.
STRINGS: dict[str, tuple[str, ...]] = {
    "acc.cdr_extra": ("c=$dlg_var(x)", "c=$avp(x);d=$fU"),
    "acc.cdr_facility": ("LOG_DAEMON", "LOG_LOCAL0"),
    "acc.db_extra": ("src=$si", "a=$avp(x)"),
    "acc.failed_filter": ("404,407",),
    "acc.log_extra": ("src=$si;user=$fU", "a=$avp(x)"),
    "acc.log_facility": ("LOG_DAEMON", "LOG_LOCAL0"),
    "acc.multi_leg_info": ("leg=$avp(x)",),
    "auth.algorithm": ("MD5", "SHA-256", ""),
    "auth.challenge_attr": ("$digest_challenge",),
    "auth.qop": ("auth", "auth-int"),
    "auth_db.load_credentials": ("",),
    "auth_xkeys.xkey": ("id=a;name=b;value=c;expires=60",),
    "avpops.avp_table": ("usr_preferences",),
    "benchmark.register": ("a",),
    "cfgt.basedir": ("@DIR@",),
    "cfgutils.hash_file": ("@DIR@/kamailio.cfg",),
    "corex.alias_subdomains": ("example.com", "udp:example.com:5060"),
    "corex.dns_cache": ("name=a.example.com;addr=127.0.0.1;type=A",),
    "counters.script_counter": ("a", "group.b a text"),
    "db_flatstore.escape_char": ("\\\\",),
    "db_flatstore.field_delimiter": ("|", ","),
    "db_flatstore.record_delimiter": ("|",),
    "db_text.db_delim": (":",),
    "db_text.default_connection": (DATABASE,),
    "debugger.log_facility": ("LOG_DAEMON",),
    "debugger.mod_level": ("core=1", "tm=2"),
    "dialog.bridge_contact": ("sip:controller@127.0.0.1:5060",),
    "dialog.bridge_controller": ("sip:controller@127.0.0.1",),
    "dialog.dlg_extra_hdrs": ("X-Dialog: yes\\r\\n",),
    "dialog.profiles_no_value": ("inbound ; outbound",),
    "dialog.profiles_with_value": ("caller ; callee",),
    "dialog.rr_param": ("did",),
    "dialog.ruri_pvar": ("$ru", "$avp(r)"),
    "dispatcher.ds_db_extra_attrs": ("a=attrs",),
    "dispatcher.ds_ping_method": ("OPTIONS", "INFO"),
    "dispatcher.ds_ping_reply_codes": ("class=2;code=404",),
    "dispatcher.list_file": ("@DIR@/dispatcher.list",),
    "dispatcher.outbound_proxy": ("sip:127.0.0.1:@OTHER@",),
    "dmq.notification_address": ("sip:127.0.0.1:@OTHER@",),
    "dmq.notification_channel": ("notification_peer",),
    "dmq.server_address": ("sip:127.0.0.1:@PORT@",),
    "dmq.server_socket": ("udp:127.0.0.1:@PORT@",),
    "dmq_usrloc.usrloc_domain": ("location",),
    "enum.bl_algorithm": ("cc", "ebl"),
    "enum.domain_suffix": ("e164.arpa.",),
    "enum.i_enum_suffix": ("e164.arpa.",),
    "evrexec.exec": ("name=evrexec:a;wait=1000;workers=1",),
    "file_out.base_folder": ("@DIR@",),
    "file_out.file": ("name=calls",),
    "htable.htable": ("a=>size=4;", "b=>size=4;autoexpire=60;", "c=>size=4;initval=1;"),
    "imc.imc_cmd_start_char": ("#",),
    "jsonrpcs.dgram_socket": ("@DIR@/rpc",),
    "jsonrpcs.fifo_name": ("@DIR@/fifo",),
    "jsonrpcs.fifo_reply_dir": ("@DIR@",),
    "jsonrpcs.tcp_socket": ("tcp:127.0.0.1:@OTHER@",),
    "lcr.mt_pv_values": ("$avp(x)",),
    "lcr.mtree": ("mt",),
    "lcr.ping_valid_reply_codes": ("501,403",),
    "lrkproxy.lrkproxy_sock": ("udp:127.0.0.1:@OTHER@",),
    "mangler.contact_flds_separator": ("*",),
    "mediaproxy.ice_candidate": ("none", "low-priority"),
    "mediaproxy.mediaproxy_socket": ("@DIR@/relay",),
    "mohqueue.mohdir": ("@DIR@",),
    "mqueue.mqueue": ("name=a;size=100", "name=b"),
    "mqueue.mqueue_name": ("c",),
    "msilo.extra_hdrs": ("X-Stored: yes\\r\\n",),
    "msilo.reminder": ("sip:registrar@127.0.0.1",),
    "mtree.char_list": ("0123456789", "0123456789*"),
    "mtree.mtree": ("name=mt;dbtable=mtree",),
    "nat_traversal.keepalive_method": ("NOTIFY", "OPTIONS"),
    "nat_traversal.keepalive_state_file": ("@DIR@/keepalive_state",),
    "nathelper.force_socket": ("udp:127.0.0.1:@PORT@",),
    "nathelper.natping_socket": ("127.0.0.1:@PORT@",),
    "nathelper.nortpproxy_str": ("a=nortpproxy:yes\\r\\n",),
    "nathelper.sipping_from": ("sip:ping@127.0.0.1",),
    "nosip.msg_match": ("^A",),
    "nosip.msg_skip": ("^B",),
    "pdb.server": ("127.0.0.1:@OTHER@",),
    "pdt.char_list": ("0123456789",),
    "pdt.prefix": ("", "00"),
    "permissions.address_file": ("@DIR@/address",),
    "permissions.default_allow_file": ("@DIR@/allow",),
    "permissions.default_deny_file": ("@DIR@/deny",),
    "ptimer.default_interval": ("60",),
    "pv.avp_aliases": ("a=i:1",),
    "pv.shvset": ("a=i:1", "b=s:x"),
    "pv.varset": ("a=i:1", "b=s:x"),
    "pvtpl.tpl": ("name=a;fpath=/etc/hostname",),
    "ratelimit.pipe": ("0:TAILDROP:100", "1:RED:50", "1:NONE:100"),
    "ratelimit.queue": ("0:INVITE", "1:*"),
    "regex.file": ("@DIR@/regex",),
    "rtimer.timer": ("name=a;interval=60;mode=1;", "name=a;interval=60;mode=0;"),
    "rtpengine.dtmf_events_sock": ("127.0.0.1:@OTHER@",),
    "rtpengine.force_send_interface": ("127.0.0.1",),
    "rtpengine.media_duration": ("$avp(x)", "$var(x)"),
    "rtpengine.rtpengine_sock": ("udp:127.0.0.1:@OTHER@", "1 == udp:127.0.0.1:@OTHER@"),
    "rtpproxy.nortpproxy_str": ("a=nortpproxy:yes\\r\\n",),
    "rtpproxy.rtpproxy_sock": ("udp:127.0.0.1:@OTHER@", "1 == udp:127.0.0.1:@OTHER@"),
    "rtpproxy.timeout_socket": ("xmlrpc:http://127.0.0.1:@OTHER@/RPC2",),
    "sanity.proxy_require": ("path,replaces",),
    "sipdump.folder": ("@DIR@",),
    "siptrace.duplicate_uri": ("sip:127.0.0.1:@OTHER@",),
    "siptrace.force_send_sock": ("sip:127.0.0.1:@PORT@",),
    "siptrace.send_sock_addr": ("sip:127.0.0.1:@PORT@",),
    "siptrace.trace_local_ip": ("127.0.0.1:@PORT@",),
    "siputils.contact_flds_separator": ("*",),
    "sms.links": ("M[N]",),
    "sms.modems": ("M[d=/dev/null;p=1;m=new;l=10;r=5]",),
    "sms.networks": ("N[m=10]",),
    "sqlops.sqlcon": ("db=>" + DATABASE,),
    "sqlops.sqlres": ("ra",),
    "statistics.variable": ("calls", "failures/no_reset"),
    "statsd.ip": ("127.0.0.1",),
    "statsd.port": ("@OTHER@",),
    "timer.declare_timer": ("a=A,1000,slow,enable",),
    "tm.ac_extra_hdrs": ("X-Account",),
    "tm.contact_flows_avp": ("tm_contact_flows",),
    "tm.contacts_avp": ("tm_contacts",),
    "tm.failover_reply_codes": ("code=500",),
    "tmrec.separator": ("|",),
    "topoh.mask_ip": ("192.0.2.1",),
    "topoh.mask_key": ("a secret",),
    "topos.contact_host": ("192.0.2.1",),
    "topos.methods_nocontact": ("CANCEL,BYE",),
    "topos.methods_noinitial": ("MESSAGE,SUBSCRIBE",),
    "topos.methods_update_time": ("INVITE,BYE",),
    "topos.storage": ("db",),
    "topos_htable.topos_htable_dialog": ("td=>size=4;",),
    "topos_htable.topos_htable_transaction": ("tt=>size=4;",),
    "uac.credential": ("user:example.com:secret",),
    "uac.reg_contact_addr": ("127.0.0.1:@PORT@",),
    "uac.restore_mode": ("none", "auto", "manual"),
    "uac_redirect.acc_function": ("acc_log_request",),
    "uac_redirect.accept_filter": (".*@example.com",),
    "uac_redirect.default_filter": ("accept", "deny"),
    "uac_redirect.deny_filter": (".*@example.org",),
    "usrloc.ka_from": ("sip:ping@127.0.0.1",),
    "usrloc.ka_logmsg": ("ping $tu",),
    "usrloc.ka_reply_codes": ("200,404",),
    "usrloc.preload": ("location",),
    "xhttp.url_match": ("^/rpc",),
    "xhttp.url_skip": ("^/x",),
    "xhttp_prom.prom_counter": ("name=calls; label=method;",),
    "xhttp_prom.prom_gauge": ("name=level;",),
    "xhttp_prom.xhttp_prom_stats": ("all", "group_name core"),
    "xlog.log_colors": ("L_ERR=cr",),
    "xlog.log_facility": ("LOG_DAEMON", "LOG_LOCAL0"),
    "xlog.prefix": ("proxy: ", "$ci "),
}

# Strings by the name of a parameter, the first that fits.
_BY_NAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"avp$|^avp_", ("$avp(x)", "$avp(s:x)", "$avp(i:7)")),
    (r"hash_pvar|_id_pv$", ("$fU", "$ci")),
    (r"_pvname$|_pvar$|_pv$|^pv_|^dtmf_event", ("$avp(x)", "$avp(x)", "$var(x)")),
    (r"^xav[piu]|_xav[piu]", ("x",)),
    (r"db_url$", (DATABASE,)),
    (r"sockname$", ("main",)),
    (r"socket$|_sock$", ("udp:127.0.0.1:@PORT@",)),
    (r"proxy$|_uri$|_from$|from_address$|server_address$", ("sip:kamailio@127.0.0.1",)),
    (r"callback|_evcb|^evcb", ("ksr_event",)),
    (r"headers?$|_hdrs?$|hdr_name$", ("X-Test",)),
    (r"reply_codes$", ("class=2",)),
    (r"method$", ("OPTIONS",)),
    (r"prefix$", ("p",)),
    (r"reason$", ("Not now",)),
    (r"format$", ("%Y-%m-%d",)),
    (r"", ("x", "name")),
)
# Parameters that are left alone, by the reason.
_LEFT_OUT = {
    "a host decides": r"""ctl\.|\w+\.raw_|\w+\.promiscuous_on|jsonrpcs\.(?:dgram|fifo)_(?:user|group)\Z|corex\.dns_file
        |(?:app_sqlang|db2_ops|seas|sms|pdb|mohqueue|influxdbc|call_control|rtpengine\.wsapi)""",
    "a database decides": r"""\w+\.(?:\w*_col(?:umn)?(?:_2)?|\w*_?table|custom_tbl|transl_tbl|\w*table_name)\Z
        |domain\.|uid_\w+\.|p_usrloc\.|db_cluster\.|acc\.db_table_|domainpolicy\.dp_col_|msilo\.sc_
        |mtree\.item|avpops\.db_scheme|rtp(?:engine|proxy)\.db_url|db_text\.(?:file_buffer_size|max_result_rows)
        |sipcapture\.""",
    "it depends on the value of another parameter": r"""auth\.(?:nc|otn|nid)_|call_obj\.|acc\.\w+_extra_size
        |statsc\.track|regex\.\w*max|regex\.group_max|rtimer\.exec|debugger\.mod_facility\Z""",
    "it has a language of its own": r"tm\.tw_append|ptimer\.|xhttp_prom\.prom_histogram|sworker\.xdata",
    "another package has the module that it needs": r"rtpengine\.hash_algo",
    # permissions calls what load_backends has not loaded; 5.6.3 waits for itself with keepalive after dialplan; htable
    # counts its processes before topos_htable adds tables.
    "the server has an error": r"permissions\.load_backends|keepalive\.destination|htable\.timer_procs",
}
NUMBERS = ("0", "1", "1", "1", "2", "2", "10", "10", "60")
# Numbers that cost memory or processes.
_FEW = re.compile(r"worker|procs?\Z|processes|children|array_size|size\Z|buf")


def values_for(module: str, name: str, kind: str) -> tuple[str, ...]:
    """The values of a parameter, as they are written: numbers where C(kind) is C(i), strings otherwise."""
    full = "%s.%s" % (module, name)
    texts = STRINGS.get(full)
    if any(re.match(pattern, full, re.VERBOSE) for pattern in _LEFT_OUT.values()):
        return tuple('"%s"' % text for text in texts or () if kind == "s")
    if kind == "i":
        return ("0", "1", "2", "4", "10") if _FEW.search(name) else NUMBERS
    if texts is None:
        texts = next(texts for pattern, texts in _BY_NAME if re.search(pattern, name))
    return tuple('"%s"' % text for text in texts)


# Modules that are left alone, by the reason.
LEFT_OUT = {
    "acc_diameter": "a DIAMETER client must answer it",
    "app_jsdt": "cfgengine must name the engine",
    "auth_diameter": "a DIAMETER client must answer it",
    "carrierroute": "its tables must list routes",
    "cfg_db": "db_text cannot do what it asks of a database",
    "log_custom": "the core must be told where to log",
    "p_usrloc": "its database must list others",
    "prefix_route": "db_text cannot do what it asks of a database",
    "seas": "another program must listen",
    "uid_auth_db": "db_text cannot do what it asks of a database",
    "uid_avp_db": "db_text cannot do what it asks of a database",
    "uid_domain": "db_text cannot do what it asks of a database",
    "uid_gflags": "db_text cannot do what it asks of a database",
    "uid_uri_db": "db_text cannot do what it asks of a database",
}
# What many configurations load.
USUAL = (
    "acc auth auth_db corex dialog dispatcher htable jsonrpcs kex maxfwd nathelper permissions pike pv registrar rr "
    "rtpengine rtpproxy sanity siptrace siputils sl sqlops textops tm tmx topoh topos uac usrloc xlog"
).split()

# Statements of a request_route that call functions of a module.
CALLS: dict[str, tuple[str, ...]] = {
    "acc": ('acc_log_request("200 ok");',),
    "alias_db": ('alias_db_lookup("dbaliases");',),
    "auth": ('www_challenge("$td", "1");', "consume_credentials();"),
    "auth_db": ('if (!www_authorize("$td", "subscriber")) { exit; }',),
    "avpops": ("avp_print();", 'if (is_avp_set("$avp(x)")) { exit; }'),
    "cfgutils": ('usleep("10");', 'lock("a"); unlock("a");'),
    "corex": ('set_send_socket("udp:127.0.0.1:@PORT@");', "if (is_faked_msg()) { exit; }"),
    "dialog": ("dlg_manage();", 'dlg_set_timeout("60");', "if (is_known_dlg()) { exit; }"),
    "dispatcher": (
        'if (!ds_select_dst("1", "4")) { exit; }',
        'ds_select_dst("1", "0");',
        'if (ds_is_from_list("1")) { exit; }',
        'ds_select_domain("1", "4");',
        'ds_mark_dst("ip");',
    ),
    "diversion": ('add_diversion("unconditional");',),
    "domain": ("if (is_from_local()) { exit; }", "if (!is_uri_host_local()) { exit; }"),
    "exec": ('exec_cmd("true");',),
    "group": ('if (is_user_in("From", "local")) { exit; }',),
    "htable": ("$sht(a=>x) = 1;", 'sht_lock("a=>x"); sht_unlock("a=>x");', 'sht_reset("a");'),
    "ipops": ('if (is_ip("$si")) { exit; }', 'if (is_in_subnet("$si", "10.0.0.0/8")) { exit; }'),
    "kex": ("setbflag(3);", 'if (is_myself("$fu")) { exit; }'),
    "maxfwd": ('if (!mf_process_maxfwd_header("10")) { exit; }',),
    "mqueue": ('mq_add("a", "k", "v");',),
    "msilo": ('m_store("$ru");', "m_dump();"),
    "nathelper": ('if (nat_uac_test("19")) { fix_nated_contact(); }', "add_contact_alias();", "fix_nated_register();"),
    "path": ("add_path();", "add_path_received();"),
    "permissions": (
        'if (!allow_source_address("1")) { exit; }',
        "allow_trusted();",
        'allow_register("allow", "deny");',
    ),
    "pike": ("if (!pike_check_req()) { exit; }",),
    "pipelimit": ('if (!pl_check("a")) { pl_drop(); }',),
    "pv": ("$avp(x) = $rU;", "$var(y) = $(ru{uri.host});", 'if (pv_isset("$avp(x)")) { exit; }', "$xavp(a=>b) = 1;"),
    "ratelimit": ('if (!rl_check("$var(p)")) { exit; }',),
    "regex": ('if (pcre_match("$ru", "^sip")) { exit; }',),
    "registrar": ('save("location");', 'if (!lookup("location")) { exit; }', 'unregister("location", "$ru");'),
    "rr": ("record_route();", "if (loose_route()) { exit; }", 'add_rr_param(";a=b");'),
    "rtpengine": ("rtpengine_manage();", 'rtpengine_offer("replace-origin");', 'set_rtpengine_set("1");'),
    "rtpproxy": ("rtpproxy_manage();", 'set_rtp_proxy_set("1");', "unforce_rtp_proxy();"),
    "sanity": ('if (!sanity_check("1511", "7")) { exit; }',),
    "sdpops": ('sdp_remove_codecs_by_name("PCMU");', "if (sdp_content()) { exit; }"),
    "siptrace": ("sip_trace();", 'hlog("a text");'),
    "siputils": ("if (has_totag()) { exit; }", 'if (uri_param("a")) { exit; }', "if (is_request()) { exit; }"),
    "sl": ('sl_send_reply("404", "Not here");', 'send_reply("200", "OK");', "sl_reply_error();"),
    "speeddial": ('sd_lookup("speed_dial");',),
    "sqlops": ('sql_query("db", "select table_name from version", "ra"); sql_result_free("ra");',),
    "statsd": ('statsd_incr("calls");',),
    "textops": (
        'if (is_method("INVITE|ACK")) { exit; }',
        'append_hf("X-A: b\\r\\n");',
        'remove_hf("X-A");',
        'if (has_body("application/sdp")) { exit; }',
        'subst("/a/b/");',
    ),
    "textopsx": ("msg_apply_changes();", 'change_reply_status("404", "Not here");'),
    "tm": (
        't_on_failure("F");',
        't_on_branch("B");',
        't_on_reply("R");',
        "if (!t_relay()) { exit; }",
        "t_check_trans();",
        't_set_fr("5000", "1000");',
        'if (!t_newtran()) { exit; } t_reply("404", "Not here");',
    ),
    "tmx": ("if (t_precheck_trans()) { exit; }", "t_flush_flags();"),
    "uac": ('uac_replace_from("$fn", "sip:a@b");',),
    "xhttp": ('xhttp_reply("200", "OK", "text/plain", "x");',),
    "xlog": ('xlog("L_INFO", "$rm $ru\\n");', 'xinfo("a text\\n");'),
}
CORE_CALLS = (
    "route(A);",
    "if (uri==myself) { exit; }",
    "forward();",
    'log("a text\\n");',
    'if (method=="OPTIONS") { exit; }',
    'rewritehost("127.0.0.1");',
    "setflag(1);",
    "force_rport();",
    "if (proto==UDP && src_ip==127.0.0.1) { drop; }",
    'switch ($rm) { case "INVITE": exit; default: break; }',
)
FAILURE_CALLS = {
    "tm": ("if (t_is_canceled()) { exit; }", 'if (t_check_status("486|408")) { t_relay(); }', "t_branch_timeout();"),
    "dispatcher": ("if (ds_next_dst()) { t_relay(); }", 'ds_mark_dst("p");'),
    "xlog": ('xlog("failure\\n");',),
}
EVENTS: dict[str, tuple[str, ...]] = {
    "dialog": ("dialog:start", "dialog:end", "dialog:failed"),
    "dispatcher": ("dispatcher:dst-down", "dispatcher:dst-up"),
    "evrexec": ("evrexec:a",),
    "htable": ("htable:mod-init", "htable:expired:b"),
    "nosip": ("nosip:msg",),
    "siptrace": ("siptrace:msg",),
    "sl": ("sl:filtered-ack", "sl:local-response"),
    "tcpops": ("tcp:closed",),
    "tm": ("tm:local-request", "tm:branch-failure:x"),
    "topos": ("topos:msg-sending",),
    "uac": ("uac:reply",),
    "usrloc": ("usrloc:contact-expired",),
    "xhttp": ("xhttp:request",),
}
CORE_EVENTS = ("core:worker-one-init", "core:msg-received", "core:tkv")
