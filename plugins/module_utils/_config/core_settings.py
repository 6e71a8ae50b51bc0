# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The core settings of Kamailio, C(NAME = VALUE) outside of blocks, and what value each takes.

The names are those of Kamailio's src/core/cfg.lex, the values those of C(assign_stm) in its src/core/cfg.y, in all
releases from 5.4.0 on. C(kamailio -c) of 5.4.4, 5.6.3, 6.0.1 and 6.1.5 was asked for each of them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Tuple

from .._versions import Version

# The newest version of each release whose settings are in the table. A later one can have got more of them.
NEWEST = (
    Version(5, 4, 9),
    Version(5, 5, 7),
    Version(5, 6, 6),
    Version(5, 7, 7),
    Version(5, 8, 8),
    Version(6, 0, 7),
    Version(6, 1, 5),
)

# What a setting takes, and the settings that take it; a line that begins with a space continues the one before.
#   n  a number without a sign, or a word for one, such as yes
#   i  a number, with a sign or without
#   s  a string in quotes
#   w  a word without quotes
#   4  an IPv4 address without quotes
#   6  an IPv6 address without quotes, in brackets or without
#   m  one of TLS_METHODS
#   p  one of PROTOCOLS
#   h  addresses, names or interfaces: not checked here
# @5.7.3 is since that version, and @5.8.8/6.0.7 since that version of each of these releases, and in all later ones;
# @-5.4 is up to that release.
TABLE = """\
n: add_rport advertised_port async_nonblock async_usleep async_workers auto_aliases auto_bind_ipv6 auto_domains@5.7
 bind_ipv6_link_local check_via children disable_core_dump disable_sctp disable_tcp disable_tls dns dns_cache_del_nonexp
 dns_cache_delete_nonexpired dns_cache_flags dns_cache_gc_interval dns_cache_init dns_cache_max_ttl dns_cache_mem
 dns_cache_min_ttl dns_cache_negative_ttl dns_cache_rec_pref dns_naptr_ignore_rfc dns_retr_no dns_retr_time
 dns_rev_via@5.7 dns_search_full_match dns_servers_no dns_slow_query_ms dns_srv_lb dns_srv_loadbalancing dns_try_ipv6
 dns_try_naptr dns_use_cache@5.7 dns_use_failover@5.7 dns_use_search_list dst_blacklist_expire@-5.4
 dst_blacklist_gc_interval@-5.4 dst_blacklist_init@-5.4 dst_blacklist_mem@-5.4 dst_blacklist_sctp_imask@-5.4
 dst_blacklist_tcp_imask@-5.4 dst_blacklist_tls_imask@-5.4 dst_blacklist_ttl@-5.4 dst_blacklist_udp_imask@-5.4
 dst_blocklist_expire@5.5 dst_blocklist_gc_interval@5.5 dst_blocklist_init@5.5 dst_blocklist_mem@5.5
 dst_blocklist_sctp_imask@5.5 dst_blocklist_tcp_imask@5.5 dst_blocklist_tls_imask@5.5 dst_blocklist_ttl@5.5
 dst_blocklist_udp_imask@5.5 enable_sctp enable_tls exit_timeout force_rport fork fork_delay http_reply_hack
 http_reply_parse latency_limit_action latency_limit_cfg latency_limit_db local_rport@5.5 log_color log_prefix_mode
 log_stderror max_branches max_recursive_level max_while_loops maxbuffer maxsndbuffer@5.8 mcast_loopback mcast_ttl
 mhomed mlock_pages modinit_delay msg_apply_changes_mode@6.1 msg_clone_extra_size@6.1 msg_recv_max_size@5.7.3 msg_time
 onsend_route_reply open_files_limit phone2tel pmtu_discovery port pv_buffer_size pv_buffer_slots pv_cache_action
 pv_cache_limit real_time reply_to_via return_mode@5.7 rev_dns route_locks_size rpc_exec_delta@5.7 rt_fast_timer_prio
 rt_ftimer_policy rt_ftimer_prio rt_policy rt_prio rt_stimer_policy rt_stimer_prio rt_timer1_policy rt_timer1_prio
 rt_timer2_policy rt_timer2_prio sctp_children ser_kill_timeout server_id server_signature shm shm_force_alloc shm_mem
 shm_mem_size sip_warning socket_workers sql_buffer_size tcp_accept_aliases tcp_accept_haproxy tcp_accept_hep3
 tcp_accept_iplimit@5.7.3 tcp_accept_no_cl tcp_accept_unique tcp_async tcp_buf_write tcp_check_timer@5.7.3 tcp_children
 tcp_clone_rcvbuf tcp_close_rst@5.7 tcp_conn_wq_max tcp_connection_match tcp_crlf_ping tcp_defer_accept tcp_delayed_ack
 tcp_fd_cache tcp_keepalive tcp_keepcnt tcp_keepidle tcp_keepintvl tcp_linger2 tcp_listen_backlog@6.1
 tcp_main_threads@6.1 tcp_max_connections tcp_msg_data_timeout@5.7.3 tcp_msg_read_timeout@5.7.3 tcp_no_connect
 tcp_rd_buf_size tcp_reuse_port tcp_syncnt tcp_wq_blk_size tcp_wq_max tls_connection_match_domain@6.1 tls_disable
 tls_enable tls_handshake_timeout tls_log tls_max_connections tls_port_no tls_require_certificate tls_send_timeout
 tls_threads_mode@5.7.5 tls_verify tlslog udp4_raw_mtu udp4_raw_ttl udp_mtu udp_receiver_mode@6.0 use_dns_cache
 use_dns_failover use_dst_blacklist@-5.4 use_dst_blocklist@5.5 verbose_startup wait_worker1_mode@5.5
 wait_worker1_time@5.5 wait_worker1_usleep@5.5
i: core_log corelog debug dns_sctp_pref dns_sctp_preference dns_tcp_pref dns_tcp_preference dns_tls_pref
 dns_tls_preference dns_udp_pref dns_udp_preference ip_free_bind ip_nonlocal_bind ipfreebind latency_cfg_log latency_log
 mem_add_size@5.8 mem_dbg mem_join mem_log mem_safety mem_status_mode mem_summary memdbg memlog received_route_mode
 sip_parser_log@5.5 sip_parser_log_oneline@5.6 sip_parser_mode@5.5 tcp_connect_timeout tcp_connection_lifetime
 tcp_script_mode@5.6 tcp_send_timeout tcp_wait_data@5.6 udp4_raw
s: async_tkv_evcb@6.0 async_tkv_gname@6.0 async_workers_group@5.5 hdr_name_extra_chars@5.5 ipv6_hex_style@5.5
 kemi.event_route_callback kemi.onsend_route_callback kemi.pre_routing_callback@5.5 kemi.received_route_callback
 kemi.reply_route_callback kemi.request_route_callback@5.8 log_engine_data log_engine_type log_name log_prefix
 server_header stats_name_separator tls_ca_list tls_certificate tls_private_key uri_host_extra_chars user_agent_header
 version_table xavp_via_fields xavp_via_params xavp_via_reply_params@5.8
w: log_facility
ns: tcp_accept_protocols@5.8.8/6.0.7/6.1.1 tcp_accept_protos@5.8.8/6.0.7/6.1.1
nw: tos
sw: chroot gid group mcast run_dir rundir tcp_poll_method uid user wdir workdir
4: tcp_source_ipv4
6: tcp_source_ipv6
m: tls_method
p: udp_mtu_try_proto
h: advertised_address alias domain@5.7 listen socket@5.7
"""
TLS_METHODS = tuple(b"sslv23 SSLv23 SSLV23 sslv2 SSLv2 SSLV2 sslv3 SSLv3 SSLV3 tlsv1 TLSv1 TLSV1".split())
PROTOCOLS = tuple(b"udp UDP tcp TCP tls TLS sctp SCTP *".split())
# The words for settings that take one, or a string with one, which the server compares without regard to case.
WORDS = {
    "log_facility": re.findall(
        r"\w+",
        "LOG_LOCAL0 LOG_DAEMON LOG_LOCAL1 LOG_LOCAL2 LOG_LOCAL3 LOG_LOCAL4 LOG_LOCAL5 LOG_LOCAL6 LOG_LOCAL7 LOG_AUTH "
        "LOG_AUTHPRIV LOG_CRON LOG_FTP LOG_KERN LOG_LPR LOG_MAIL LOG_NEWS LOG_SYSLOG LOG_USER LOG_UUCP",
    ),
    "tcp_poll_method": ["epoll_lt", "poll", "epoll_et", "sigio_rt", "select", "kqueue", "/dev/poll"],
}
# Settings that the server takes before the first modparam and the first route only.
EARLY = ("user", "uid", "shm", "shm_mem", "shm_mem_size", "shm_force_alloc")


class CoreSettings(NamedTuple):
    """The core settings of a version.

    C(types) are letters of the table by name. C(elsewhere) says which versions have those that this one does not have,
    as the table writes it. C(complete) says whether there can be no others.
    """

    types: Dict[str, str]
    elsewhere: Dict[str, str]
    complete: bool


@lru_cache(maxsize=None)
def core_settings(version: Version) -> Optional[CoreSettings]:
    """Return the core settings of a version, None where they are not known."""
    newest = next((known for known in NEWEST if known.release == version.release), None)
    if newest is None:
        return None
    types: Dict[str, str] = {}
    elsewhere: Dict[str, str] = {}
    for kind, name, versions in _rows():
        if _has(versions, version):
            types[name] = kind
        else:
            elsewhere[name] = versions
    return CoreSettings(types, elsewhere, (version.patch or 0) <= (newest.patch or 0))


def _rows() -> List[Tuple[str, str, str]]:
    rows = []
    for kind, names in re.findall(r"^(\w+):(.*(?:\n .*)*)", TABLE, re.MULTILINE):
        for entry in names.split():
            name, _at, versions = entry.partition("@")
            rows.append((kind, name, versions))
    return rows


def _has(span: str, version: Version) -> bool:
    """Whether a version is one of those that have a setting."""
    since, _dash, last = span.partition("-")
    if last:
        return version.series <= last
    starts = [tuple(int(number) for number in text.split(".")) for text in since.split("/") if text]
    if not starts or version.release > max(start[:2] for start in starts):
        return True
    return any(
        version.release == start[:2] and (version.patch is None or (version.patch,) >= start[2:]) for start in starts
    )


# Settings that end with their value, be it a word, a string or a number.
SHORT = frozenset(name for kind, name, _versions in _rows() if kind not in "h46")
