# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The values of parameters that a module refuses when it starts, which C(kamailio -c) does not find.

Each row was seen on servers of 5.4.4, 5.6.3, 6.0.1 and 6.1.5; what holds for 5.5 is read from its source.
For 5.7 and 5.8, of which no server was run, all that the sources of these branches do with a value and in the
C(mod_init) of its module was compared with 5.6.3, row by row: where they differ, the row says since when it holds.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Pattern, Tuple

from .._versions import Version
from .pseudo_variables import AVP, AVP_OR_NAME, AVP_OR_VAR, FORMAT, PAIRS, READABLE, WRITABLE
from .requirements import When


class Limit(NamedTuple):
    """The server does not start with V(module) unless the number V(parameter) is from V(least) to V(most), or V(also).

    None is no limit. With V(when), only if all of those parameters ask for it; V(since) and V(until) are as for what a
    module needs; V(since) can be a patch release. With V(of), it is a parameter of that module, which V(module) uses.
    With V(powers), only powers of 2 are accepted above 0; with V(bits), only numbers that have one of these bits.
    Other numbers, from the first to the last of V(doubtful), are not surely refused: they break the server's memory or
    need more than there may be.
    """

    module: str
    parameter: str
    least: Optional[int] = None
    most: Optional[int] = None
    also: Tuple[int, ...] = ()
    when: Tuple[When, ...] = ()
    since: Tuple[int, ...] = ()
    until: Tuple[int, ...] = ()
    of: str = ""
    powers: bool = False
    bits: int = 0
    doubtful: Tuple[int, ...] = ()

    def accepts(self, number: int) -> bool:
        """Whether the module takes this number."""
        if (self.powers and number > 0 and number & (number - 1)) or (self.bits and not number & self.bits):
            return False
        return number in self.also or (
            (self.least is None or number >= self.least) and (self.most is None or number <= self.most)
        )


# uac puts back what it has replaced by a parameter of rr.
_RESTORES = (When("restore_mode", "auto", only=("auto", "")), When("restore_dlg", 0, only=(0,)))
# The transports of jsonrpcs, a bit mask or 0 for all, with the default names of what they open.
_FIFO = (
    When("transport", 0, only=tuple(bits for bits in range(16) if not bits or bits & 2)),
    When("fifo_name", "/run/kamailio/kamailio_rpc.fifo"),
)
_DATAGRAMS = (
    When("transport", 0, only=tuple(bits for bits in range(16) if not bits or bits & 4)),
    When("dgram_socket", "/run/kamailio/kamailio_rpc.sock"),
)

LIMITS: Tuple[Limit, ...] = (
    Limit("acc", "cdr_enable", 0, 1),
    Limit("acc", "cdr_extra_nullable", 0, 1),
    Limit("acc", "cdr_expired_dlg_enable", 0, 1),
    Limit("acc", "cdr_duration_mode", 0, 2, since=(6, 1)),
    Limit("acc", "failed_transaction_flag", -1, 31),
    Limit("acc", "log_flag", -1, 31),
    Limit("acc", "log_missed_flag", -1, 31),
    Limit("acc", "db_flag", -1, 31, when=(When("db_url"),)),
    Limit("acc", "db_missed_flag", -1, 31, when=(When("db_url"),)),
    Limit("acc", "append_fromtag", 1, also=(-1,), when=(When("detect_direction", 0, unless=(0,)),), of="rr"),
    Limit("acc", "acc_extra_size", 1, when=(When("log_extra"),)),
    Limit("cfgutils", "initial_probability", most=100),
    Limit("cnxcc", "credit_check_period", 1),
    Limit("dialog", "db_mode", 0, 3),
    Limit("dialog", "default_timeout", 1),
    Limit("dialog", "detect_spirals", 0, 1),
    Limit("dialog", "dlg_flag", -1, 31, until=(5, 8)),
    Limit("dialog", "dlg_match_mode", 0, 2),
    # It looks for the next lower power of 2, and ends with more memory than there is.
    Limit("dialog", "hash_size", powers=True),
    Limit("dialog", "initial_cbs_inscript", 0, 1),
    Limit("dialog", "ka_interval", 30, also=(0,)),
    Limit("dialog", "keep_proxy_rr", 0, 3),
    Limit("dialog", "timeout_noreset", 0, 1),
    Limit("dmq", "num_workers", 0),
    Limit("drouting", "fetch_rows", 0),
    Limit("imc", "hash_size", 1),
    Limit("ims_dialog", "dlg_flag", 0, 31),
    Limit("jsonrpcs", "dgram_workers", 0, when=_DATAGRAMS),
    # The rights of a file, which must not say that it is one of another kind.
    Limit("jsonrpcs", "fifo_mode", 0, 8191, when=_FIFO),
    Limit("lcr", "fetch_rows", 1),
    Limit("lcr", "lcr_count", 1),
    Limit("lcr", "lcr_gw_count", 1, doubtful=(-1, -1)),
    Limit("lcr", "lcr_rule_hash_size", 1),
    Limit("lcr", "ping_inactivate_threshold", 1, 32, when=(When("ping_interval"),)),
    Limit("lcr", "ping_interval", 10, also=(0,)),
    Limit("lcr", "dont_strip_or_prefix_flag", -1, 31),
    Limit("lcr", "priority_ordering", 0, 1),
    Limit("mohqueue", "moh_maxcalls", 1, 5000),
    Limit("msilo", "check_time", 0),
    Limit("msilo", "skip_notification_flag", -1, 31),
    # With 0 it does not reserve the process that it starts all the same.
    Limit("nat_traversal", "keepalive_interval", 1, also=(-1,)),
    Limit("nathelper", "nat_bflag", 0, 31, when=(When("natping_interval"), When("ping_nated_only")), of="usrloc"),
    Limit("nathelper", "natping_processes", 0, when=(When("natping_interval"),)),
    Limit("peerstate", "cache_cleanup_interval", 0),
    Limit("peerstate", "cache_expire", 0),
    Limit("permissions", "db_mode", 0, 1),
    Limit("permissions", "load_backends", 1, also=(-1,)),
    # What is to come with 6.0.7 is read from the branch of 6.0.
    Limit("pipelimit", "hash_size", 1, 20, since=(6, 0, 7), until=(6, 0)),
    Limit("pipelimit", "hash_size", 1, 20, since=(6, 1, 3)),
    # A higher one asks for more memory than there may be.
    Limit("pipelimit", "hash_size", 1, 20, doubtful=(21, 1 << 31)),
    Limit("pipelimit", "timer_interval", 1, since=(6, 0, 7), until=(6, 0)),
    Limit("pipelimit", "timer_interval", 1, since=(6, 1, 3)),
    Limit("pv_headers", "header_value_size", 0),
    Limit("qos", "qos_flag", 0, 31),
    Limit("registrar", "flow_timer", 0, 999),
    Limit("registrar", "flow_timer", 0, 0, when=(When("outbound_mode", 0, only=(0,)),)),
    Limit("registrar", "outbound_mode", 0, 2),
    Limit("registrar", "regid_mode", 0, 1),
    Limit("sca", "onhold_bflag", most=31),
    Limit("sipcapture", "insert_retries", 0, 500),
    Limit("sipcapture", "insert_retry_timeout", 0, 300),
    Limit("sipdump", "mode", bits=7),
    Limit("siprepo", "hash_size", 0),
    Limit("siprepo", "timer_procs", 0),
    Limit("siptrace", "hep_version", 1, 3),
    Limit("siptrace", "trace_flag", -1, 31, when=(When("trace_init_mode", 0, only=(0, 2)),)),
    Limit("siptrace", "trace_mode", 1, also=(-1,), when=(When("trace_init_mode", only=(1,)),)),
    Limit("sqlops", "tr_buf_size", 1),
    Limit("sst", "sst_flag", 0, 31),
    Limit("statsc", "interval", 0),
    Limit("statsc", "items", 0, until=(5, 8)),
    Limit("statsc", "items", 0, since=(6, 0), doubtful=(-1, -1)),
    Limit("tcpops", "closed_event", 0, 2),
    Limit("tm", "cancel_b_method", 0, 2),
    Limit("tm", "evlreq_mode", 0, 3, since=(6, 1)),
    Limit("tm", "retr_timer1", 0, 65534),
    Limit("tm", "retr_timer2", 0, 65534),
    Limit("topos", "clean_interval", 0),
    Limit("tsilo", "hash_size", 2),
    Limit("uac", "append_fromtag", 1, also=(-1,), when=_RESTORES, of="rr"),
    Limit("userblocklist", "match_mode", 0),
    Limit("usrloc", "fetch_rows", 1, when=(When("db_mode", 0, unless=(0,)),)),
    Limit("usrloc", "nat_bflag", -1, 31),
    Limit("usrloc", "rm_expired_delay", 0, 0, when=(When("db_mode", 0, unless=(3,)),)),
    Limit("xhttp_prom", "xhttp_prom_timeout", 0),
)


class Variables(NamedTuple):
    """The server does not start with V(module) unless each of V(parameters), names with a space between them, holds a
    pseudo-variable of V(kind), or nothing if V(can_be_empty). With V(lenient), it can be one that is not complete. The
    other fields are those of a limit.
    """

    module: str
    kind: int
    parameters: str
    can_be_empty: bool = True
    when: Tuple[When, ...] = ()
    lenient: bool = False
    since: Tuple[int, ...] = ()
    until: Tuple[int, ...] = ()


VARIABLES: Tuple[Variables, ...] = (
    Variables("acc", PAIRS, "log_extra multi_leg_info", False),
    Variables("acc", PAIRS, "cdr_extra", False, (When("cdr_enable"),)),
    Variables("acc", PAIRS, "db_extra", False, (When("db_url"),)),
    Variables("call_control", AVP, "canonical_uri_avp signaling_ip_avp sip_application_avp", False),
    Variables("corex", AVP, "nio_msg_avp", when=(When("nio_intercept"),)),
    Variables("dialog", READABLE, "timeout_avp", False, lenient=True),
    Variables("dialog", FORMAT, "ruri_pvar", False),
    Variables("dialplan", AVP_OR_VAR, "attrs_pvar"),
    Variables("dispatcher", FORMAT, "hash_pvar"),
    Variables("dispatcher", WRITABLE, "setid_pvname attrs_pvname", False),
    Variables("drouting", AVP, "ruri_avp attrs_avp", False),
    Variables("lcr", AVP, "gw_uri_avp ruri_user_avp", False),
    Variables("lcr", AVP, "tag_avp flags_avp rule_id_avp mt_pv_values", False),
    Variables("lcr", AVP, "defunct_gw_avp lcr_id_avp", False, when=(When("defunct_capability", 0, unless=(0,)),)),
    Variables("lcr", AVP, "defunct_gw_avp lcr_id_avp", False, when=(When("ping_interval"),)),
    Variables("lrkproxy", READABLE, "custom_sdp_ip_avp", False, lenient=True),
    Variables("mediaproxy", AVP, "signaling_ip_avp media_relay_avp ice_candidate_avp"),
    Variables("msilo", AVP, "snd_time_avp extra_hdrs_avp"),
    Variables("mtree", WRITABLE, "pv_value", False, lenient=True),
    Variables("mtree", WRITABLE, "pv_count", False, lenient=True, since=(5, 5)),
    Variables("mtree", AVP, "pv_values pv_dstid pv_weight", False, lenient=True),
    Variables("nathelper", AVP, "received_avp"),
    Variables("peerstate", AVP, "caller_avp callee_avp reg_avp", False, (When("use_avps", 0, unless=(0,)),)),
    Variables("permissions", AVP, "peer_tag_avp"),
    Variables("registrar", AVP, "received_avp"),
    Variables("rr", READABLE, "custom_user_avp", False, lenient=True),
    Variables("rtpengine", AVP, "setid_avp", False),
    Variables("rtpengine", AVP_OR_VAR, "read_sdp_pv write_sdp_pv media_duration"),
    Variables(
        "rtpengine",
        AVP_OR_VAR,
        "dtmf_event dtmf_event_callid dtmf_event_source_tag dtmf_event_timestamp",
        since=(5, 8),
    ),
    Variables(
        "rtpengine",
        AVP_OR_VAR,
        "dtmf_event_duration dtmf_event_source_ip dtmf_event_source_label dtmf_event_tags dtmf_event_type "
        "dtmf_event_volume",
        since=(6, 1),
    ),
    Variables("rtpengine", AVP_OR_VAR, "rtp_inst_pvar", False),
    Variables(
        "rtpengine",
        FORMAT,
        "extra_id_pv mos_A_label_pv mos_B_label_pv mos_average_A_pv mos_average_B_pv mos_average_jitter_A_pv "
        "mos_average_jitter_B_pv mos_average_jitter_pv mos_average_packetloss_A_pv mos_average_packetloss_B_pv "
        "mos_average_packetloss_pv mos_average_pv mos_average_roundtrip_A_pv mos_average_roundtrip_B_pv "
        "mos_average_roundtrip_leg_A_pv mos_average_roundtrip_leg_B_pv mos_average_roundtrip_leg_pv "
        "mos_average_roundtrip_pv mos_average_samples_A_pv mos_average_samples_B_pv mos_average_samples_pv "
        "mos_max_A_pv mos_max_B_pv mos_max_at_A_pv mos_max_at_B_pv mos_max_at_pv mos_max_jitter_A_pv "
        "mos_max_jitter_B_pv mos_max_jitter_pv mos_max_packetloss_A_pv mos_max_packetloss_B_pv "
        "mos_max_packetloss_pv mos_max_pv mos_max_roundtrip_A_pv mos_max_roundtrip_B_pv "
        "mos_max_roundtrip_leg_A_pv mos_max_roundtrip_leg_B_pv mos_max_roundtrip_leg_pv mos_max_roundtrip_pv "
        "mos_min_A_pv mos_min_B_pv mos_min_at_A_pv mos_min_at_B_pv mos_min_at_pv mos_min_jitter_A_pv "
        "mos_min_jitter_B_pv mos_min_jitter_pv mos_min_packetloss_A_pv mos_min_packetloss_B_pv "
        "mos_min_packetloss_pv mos_min_pv mos_min_roundtrip_A_pv mos_min_roundtrip_B_pv "
        "mos_min_roundtrip_leg_A_pv mos_min_roundtrip_leg_B_pv mos_min_roundtrip_leg_pv mos_min_roundtrip_pv",
    ),
    Variables("rtpproxy", AVP, "ice_candidate_priority_avp", False),
    Variables("rtpproxy", AVP_OR_VAR, "rtp_inst_pvar", False),
    Variables("rtpproxy", FORMAT, "extra_id_pv"),
    Variables("rtpproxy", FORMAT, "timeout_tag_pv", False, since=(5, 8)),
    Variables("sca", AVP, "from_uri_avp to_uri_avp"),
    Variables("siptrace", AVP, "traced_user_avp", when=(When("trace_init_mode", 0, only=(0, 2)),)),
    Variables("siptrace", AVP, "trace_table_avp", when=(When("trace_init_mode", 0, only=(0, 2)),)),
    Variables("siputils", AVP, "rpid_avp"),
    Variables("sst", READABLE, "timeout_avp", False, lenient=True),
    Variables("tm", AVP_OR_NAME, "fr_timer_avp fr_inv_timer_avp"),
    Variables("uac", READABLE, "auth_realm_avp auth_username_avp auth_password_avp", False),
    Variables("uac", AVP, "restore_from_avp restore_to_avp", False, (When("restore_mode", "auto", unless=("none",)),)),
    Variables("usrloc", FORMAT, "ka_logmsg", when=(When("ka_mode", 0, unless=(0,)),)),
    Variables("xlog", FORMAT, "prefix", when=(When("prefix_mode", 0, unless=(0,)),)),
)


class Form(NamedTuple):
    """The server does not start with V(module) unless V(parameters) are texts of a V(form), which V(words) describe."""

    module: str
    parameters: str
    form: Pattern[bytes]
    words: str
    since: Tuple[int, ...] = ()
    until: Tuple[int, ...] = ()


# A facility of syslog.
_FACILITY, _FACILITY_WORDS = re.compile(rb"(?i)LOG_[A-Z0-9]+\Z"), "a facility such as LOG_LOCAL0"
# Numbers with blanks and commas between them. Each round takes one digit, so that there is one way to read a text.
_CODES = re.compile(rb"\s*[+-]?[0-9](?:[ ,]*(?:[^\S ]\s*)?[+-]?[0-9])*[ ,]*\Z")

FORMS: Tuple[Form, ...] = (
    Form("acc", "log_facility", _FACILITY, _FACILITY_WORDS),
    Form("auth", "algorithm", re.compile(rb"(?:MD5|SHA-256)?\Z"), "MD5, SHA-256 or nothing", until=(6, 0)),
    Form(
        "auth",
        "algorithm",
        re.compile(rb"(?:MD5|SHA-256|SHA-512-256|SHA-512)?\Z"),
        "MD5, SHA-256, SHA-512-256, SHA-512 or nothing",
        (6, 1),
    ),
    Form("auth", "challenge_attr", re.compile(rb"\$."), "the name of an AVP with a $ before it"),
    Form("auth", "qop", re.compile(rb"(?i)(?:auth|auth-int)?\Z"), "auth, auth-int or nothing"),
    Form(
        "domainpolicy",
        "port_override_avp transport_override_avp domain_prefix_avp domain_suffix_avp domain_replacement_avp "
        "send_socket_avp",
        re.compile(rb"(?!0*\Z)"),
        "the name of an AVP, or a number from 1 on",
    ),
    Form("uac", "restore_mode", re.compile(rb"(?i)(?:none|manual|auto)?\Z"), "none, manual or auto"),
    Form("usrloc", "ka_reply_codes", _CODES, "codes with commas between them", (5, 8)),
    Form("xlog", "log_facility", _FACILITY, _FACILITY_WORDS),
)


class Named(NamedTuple):
    """The server does not start with a call of one of V(functions) whose first argument V(parameter) does not define.

    V(parameter), of V(module), can be set several times, each with a name before V(mark); without it, V(default) is
    defined. Nothing is known where V(elsewhere) is set.
    """

    module: str
    functions: Tuple[str, ...]
    parameter: str
    mark: bytes
    what: str
    default: bytes = b""
    elsewhere: str = ""


NAMED: Tuple[Named, ...] = (
    Named("rtpengine", ("set_rtpengine_set",), "rtpengine_sock", b"==", "set", b"0", "db_url"),
    Named("rtpproxy", ("set_rtp_proxy_set",), "rtpproxy_sock", b"==", "set", b"0", "db_url"),
    Named("sqlops", ("sql_query", "sql_query_async", "sql_xquery", "sql_pvquery"), "sqlcon", b"=>", "connection"),
)


class Called(NamedTuple):
    """The server does not start with a call of V(function) unless V(parameter) of V(module) is set, and not empty."""

    module: str
    function: str
    parameter: str
    example: str


CALLED: Tuple[Called, ...] = (Called("nathelper", "fix_nated_register", "received_avp", '"$avp(RECEIVED)"'),)


def limits_of(module: str, version: Version) -> Tuple[Limit, ...]:
    """The rows of a module about numbers that hold for a version."""
    return tuple(row for row in LIMITS if row.module == module and _holds(row.since, row.until, version))


def variables_in(module: str, version: Version) -> Tuple[Variables, ...]:
    """The rows of a module about pseudo-variables that hold for a version."""
    return tuple(row for row in VARIABLES if row.module == module and _holds(row.since, row.until, version))


def forms_of(module: str, version: Version) -> Tuple[Form, ...]:
    """The rows of a module about texts that hold for a version."""
    return tuple(row for row in FORMS if row.module == module and _holds(row.since, row.until, version))


def _holds(since: Tuple[int, ...], until: Tuple[int, ...], version: Version) -> bool:
    # Where the patch release is not known, the first one is meant.
    number = (version.major, version.minor, version.patch or 0)
    return number[: len(since)] >= since and (not until or version.release <= until)
