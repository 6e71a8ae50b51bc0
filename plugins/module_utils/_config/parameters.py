# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The parameters of the modules in Debian's package kamailio, and what each accepts: a number, a string or both.

The names come from the sources and the answers from C(kamailio -c) of 5.6.3, 6.0.1 and 6.1.5, one question per name and
type. For 5.7, 5.8 and the development branch they are read from the sources alone: C(FROM_SOURCES).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Mapping, NamedTuple, Optional, Tuple

from .._versions import Version

# The development branch goes on, so nothing is certain about it.
DEVELOPMENT = Version(6, 2)
SEEN_ON = "21 August 2026"
VERSIONS = (Version(5, 6), Version(5, 7), Version(5, 8), Version(6, 0), Version(6, 1), DEVELOPMENT)
FROM_SOURCES = (Version(5, 7), Version(5, 8), DEVELOPMENT)
# A later release may have parameters that are not in here; the older ones only got some within 6.1.
NEWEST = Version(6, 1, 5)

# A module and its parameters: name=TYPES, where i is a number and s a string; a line that begins with a space continues
# the one before. @6.0- is since 6.0, @-5.6 up to 5.6, @6.0-6.0 only 6.0: of a parameter, or of the module itself.
TABLE = """\
acc: acc_callid_column=s acc_extra_nullable=i acc_extra_size=i acc_from_tag_column=s acc_method_column=s
 acc_prepare_always=i acc_prepare_flag=i acc_sip_code_column=s acc_sip_reason_column=s acc_time_column=s
 acc_to_tag_column=s cdr_duration_id=s cdr_duration_mode=i@6.1- cdr_enable=i cdr_end_id=s cdr_expired_dlg_enable=i
 cdr_extra=s cdr_extra_nullable=i cdr_extra_size=i cdr_facility=s cdr_log_enable=i cdr_on_failed=i cdr_skip=s
 cdr_start_id=s cdr_start_on_confirmed=i cdrs_table=s clone_msg=i db_extra=s db_flag=i db_insert_mode=i
 db_missed_flag=i db_table_acc=s db_table_missed_calls=s db_url=s db_version_check=i@6.1- detect_direction=i
 early_media=i failed_filter=s failed_transaction_flag=i log_extra=s log_facility=s log_flag=i log_level=i
 log_missed_flag=i multi_leg_info=s reason_from_hf=i report_ack=i report_cancels=i time_attr=s time_exten=s
 time_format=s time_mode=i
acc_diameter: diameter_client_host=s diameter_client_port=i diameter_extra=s diameter_flag=i diameter_missed_flag=i
alias_db: alias_domain_column=s alias_user_column=s append_branches=i db_url=s domain_column=s domain_prefix=s
 use_domain=i user_column=s
app_jsdt: load=s loaddir=s@6.1- mode=i
app_sqlang@-5.7: load=s
async: mode=i@6.0- ms_timer=i return=i workers=i
auth: add_authinfo_hdr=i algorithm=s auth_checks_in_dlg=i auth_checks_no_dlg=i auth_checks_register=i challenge_attr=s
 force_stateless_reply=i nc_array_order=i nc_array_size=i nid_pool_no=i nonce_auth_max_drift=i nonce_count=i
 nonce_expire=i one_time_nonce=i otn_in_flight_no=i otn_in_flight_order=i protect_contacts=i proxy_challenge_header=s
 qop=s realm_prefix=s secret=s use_domain=i www_challenge_header=s
auth_db: calculate_ha1=i db_url=s domain_column=s force_generate_avps=i load_credentials=s password_column=s
 password_column_2=s use_domain=i user_column=s version_table=i
auth_diameter: diameter_client_host=s diameter_client_port=i use_domain=i
auth_xkeys: hmac_engine=s@6.2- xkey=s
avp: xlbuf_size=i
avpops: attribute_column=s avp_table=s db_scheme=s db_url=s domain_column=s type_column=s use_domain=i
 username_column=s uuid_column=s value_column=s
benchmark: enable=i granularity=i loglevel=i register=s
blst:
call_control: canonical_uri_avp=s disable=i diverter_avp_id=i init=s signaling_ip_avp=s sip_application_avp=s
 socket_name=s socket_timeout=i start=s stop=s
call_obj: end=i start=i
carrierroute: avoid_failed_destinations=i carrier_name_carrier_col=s carrier_name_id_col=s carrier_name_table=s
 carrierfailureroute_carrier_col=s carrierfailureroute_description_col=s carrierfailureroute_domain_col=s
 carrierfailureroute_flags_col=s carrierfailureroute_host_name_col=s carrierfailureroute_id_col=s
 carrierfailureroute_mask_col=s carrierfailureroute_next_domain_col=s carrierfailureroute_reply_code_col=s
 carrierfailureroute_scan_prefix_col=s carrierfailureroute_table=s carrierroute_carrier_col=s
 carrierroute_description_col=s carrierroute_domain_col=s carrierroute_flags_col=s carrierroute_id_col=s
 carrierroute_mask_col=s carrierroute_prob_col=s carrierroute_rewrite_host_col=s carrierroute_rewrite_prefix_col=s
 carrierroute_rewrite_suffix_col=s carrierroute_scan_prefix_col=s carrierroute_strip_col=s carrierroute_table=s
 config_file=s config_source=s db_load_description=i db_url=s default_tree=s domain_name_domain_col=s
 domain_name_id_col=s domain_name_table=s fallback_default=i fetch_rows=i match_mode=i subscriber_carrier_col=s
 subscriber_domain_col=s subscriber_table=s subscriber_user_col=s use_domain=i
cfg_db: custom_tbl=s db_url=s transl_tbl=s
cfg_rpc:
cfgt: basedir=s callid_prefix=s mask=i route_log=i@5.8- skip_unknown=i@5.8-
cfgutils: hash_file=s initial_gflags=i initial_probability=i lock_set_size=i
corex: alias_subdomains=s dns_cache=s dns_file=s@6.0- evcb_reply_out=s nio_intercept=i nio_min_msg_len=i nio_msg_avp=s
counters: script_cnt_grp_name=s script_counter=s
ctl: autoconversion=i binrpc=s binrpc_buffer_size=i binrpc_max_body_size=i binrpc_struct_max_body_size=i fifo=s
 group=s mode=i user=s
db2_ops: db_url=s declare_handle=s declare_query=s xlbuf_size=i
db_cluster: cluster=s connection=s inactive_interval=i max_query_length=i
db_flatstore: encode_delimiter=i escape_char=s field_delimiter=s file_suffix=s flush=i record_delimiter=s
db_text: db_delim=s db_mode=i default_connection=s emptystring=i file_buffer_size=i max_result_rows=i
debugger: breakpoint=i cfgpkgcheck=i cfgtest=i cfgtrace=i cfgtrace_format=i log_assign=i log_facility=s log_level=i
 log_level_name=s log_prefix=s mod_facility=s mod_facility_mode=i mod_hash_size=i mod_level=s mod_level_mode=i
 reset_msgid=i step_loops=i step_usleep=i
dialog: bridge_contact=s bridge_controller=s bye_early_code=i@5.7- bye_early_reason=s@5.7- call_id_column=s
 db_fetch_rows=i db_mode=i db_skip_load=i db_update_period=i db_url=s debug_variables=i@5.7- default_timeout=i
 detect_spirals=i dlg_ctxiuid_mode=i@5.7- dlg_extra_hdrs=s dlg_filter_mode=i dlg_flag=i@-5.8 dlg_match_mode=i
 dlg_mode=i@6.0- dmq_peer_id=s@6.2- early_timeout=i enable_dmq=i enable_dmq_ka_iflags_sync=i@6.2- enable_stats=i
 end_timeout=i event_callback=s from_contact_column=s from_cseq_column=s from_route_column=s from_sock_column=s
 from_tag_column=s from_uri_column=s h_entry_column=s h_id_column=s h_id_start=i h_id_step=i hash_size=i
 initial_cbs_inscript=i ka_failed_limit=i ka_interval=i ka_timer=i keep_proxy_rr=i lreq_callee_headers=s
 noack_timeout=i profiles_no_value=s profiles_with_value=s rr_param=s ruri_pvar=s send_bye=i sflags_column=s
 start_time_column=s state_column=s table_name=s timeout_avp=s timeout_column=s timeout_noreset=i timer_procs=i
 to_contact_column=s to_cseq_column=s to_route_column=s to_sock_column=s to_tag_column=s to_uri_column=s
 toroute_name_column=s track_cseq_updates=i vars_h_entry_column=s vars_h_id_column=s vars_key_column=s
 vars_table_name=s vars_value_column=s wait_ack=i xavp_cfg=s
dialplan: append_branch=i attrs_col=s attrs_pvar=s db_url=s dpid_col=s fetch_rows=i match_dynamic=i match_exp_col=s
 match_len_col=s match_op_col=s pr_col=s reload_delta=i repl_exp_col=s subst_exp_col=s table_name=s
dispatcher: attrs_col=s attrs_pvname=s db_url=s destination_col=s ds_attrs_none=i ds_db_extra_attrs=s
 ds_default_socket=s ds_default_sockname=s ds_dns_interval=i ds_dns_match_all=i@6.2- ds_dns_mode=i ds_dns_ttl=i
 ds_hash_check_interval=i ds_hash_expire=i ds_hash_initexpire=i ds_hash_size=i ds_inactive_threshold=i
 ds_latency_estimator_alpha=i ds_load_mode=i ds_ping_fr_timeout=i@6.1- ds_ping_fr_timer=i@6.1- ds_ping_from=s
 ds_ping_interval=i ds_ping_latency_stats=i ds_ping_method=s ds_ping_reply_codes=s ds_ping_socket=s@6.1-
 ds_probing_mode=i ds_probing_threshold=i ds_retain_latency_stats=i@5.8- ds_timer_mode=i event_callback=s
 event_callback_mode=i@6.1- flags=i flags_col=s force_dst=i hash_pvar=s list_file=s outbound_proxy=s priority_col=s
 reload_delta=i setid_col=s setid_pvname=s table_name=s use_default=i xavp_ctx=s xavp_ctx_mode=i xavp_dst=s
 xavp_dst_mode=i
diversion: suffix=s
dlgs@5.7-: active_lifetime=i finish_lifetime=i hash_size=i init_lifetime=i timer_interval=i
dmq: event_callback=s@6.2- fail_count_enabled=i@6.1- fail_count_threshold_disabled=i@6.1-
 fail_count_threshold_not_active=i@6.1- init_with_single=i@6.2- multi_notify=i notification_address=s
 notification_channel=s num_workers=i ping_interval=i remove_inactive=i@6.1- server_address=s server_socket=s
 sl_send=i@6.2- worker_usleep=i
dmq_usrloc: batch_msg_contacts=i batch_msg_size=i batch_size=i batch_usleep=i dmq_peer_id=s@6.2- enable=i
 replicate_cflags=i@6.1- replicate_socket_info=i sync=i usrloc_delete=i usrloc_delete_expired=i@6.1- usrloc_domain=s
domain: db_url=s did_col=s domain_attrs_table=s domain_col=s domain_table=s name_col=s register_myself=i type_col=s
 value_col=s
domainpolicy: db_url=s domain_prefix_avp=s domain_replacement_avp=s domain_suffix_avp=s dp_col_att=s dp_col_rule=s
 dp_col_type=s dp_col_val=s dp_table=s port_override_avp=s send_socket_avp=s transport_override_avp=s
drouting: attrs_avp=s db_url=s drd_table=s drg_domain_col=s drg_grpid_col=s drg_table=s drg_user_col=s drl_table=s
 drr_table=s enable_keepalive=i fetch_rows=i force_dns=i ruri_avp=s sort_order=i use_domain=i
enum: bl_algorithm=s branchlabel=s domain_suffix=s i_enum_suffix=s tel_uri_params=s
evrexec: exec=s
exec: bash_safety=i setvars=i time_to_kill=i
file_out@5.8-: base_folder=s file=s timer_interval=i@6.1-6.1 worker_usleep=i
group: db_url=s domain_column=s group_column=s multiple_gid=i re_exp_column=s re_gid_column=s re_table=s table=s
 use_domain=i user_column=s
htable: array_size_suffix=s db_expires=i db_url=s dmq_init_sync=i dmq_peer_id=s@6.2- enable_dmq=i event_callback=s
 event_callback_mode=i expires_column=s fetch_rows=i htable=s key_name_column=s key_type_column=s key_value_column=s
 timer_interval=i timer_procs=i value_type_column=s
imc: check_on_create=i create_on_join=i db_mode=i@5.7- db_url=s extra_hdrs=s hash_size=i imc_cmd_start_char=s
 members_table=s outbound_proxy=s rooms_table=s
influxdbc@5.8-: database=s password=s port=i server=s tags=s user=s
ipops:
jsonrpcs: dgram_group=is dgram_mode=i dgram_socket=s dgram_timeout=i dgram_user=is dgram_workers=i fifo_group=is
 fifo_mode=i fifo_name=s fifo_reply_dir=s fifo_user=is pretty_format=i tcp_socket=s@5.7- transport=i
keepalive: delete_counter=i destination=s ping_from=s ping_interval=i
kemix:
kex:
lcr: db_url=s defunct_capability=i defunct_column=s defunct_gw_avp=s dont_strip_or_prefix_flag=i enabled_column=s
 fetch_rows=i flags_avp=s flags_column=s from_uri_column=s gw_id_column=s gw_name_column=s gw_uri_avp=s
 hostname_column=s id_column=s ip_addr_column=s lcr_count=i lcr_gw_count=i lcr_gw_table=s lcr_id_avp=s lcr_id_column=s
 lcr_rule_hash_size=i lcr_rule_table=s lcr_rule_target_table=s mt_pv_values=s mt_tvalue_column=s mtree=s
 params_column=s ping_from=s ping_inactivate_threshold=i ping_interval=i ping_socket=s ping_valid_reply_codes=s
 port_column=s prefix_column=s priority_column=s priority_ordering=i request_uri_column=s rule_id_avp=s
 rule_id_column=s ruri_user_avp=s stopper_column=s strip_column=s tag_avp=s tag_column=s transport_column=s
 uri_scheme_column=s weight_column=s
log_custom:
lrkproxy: behind_nat=i@5.7- custom_sdp_ip_avp=s end_port=i@5.7- gt=i hash_table_size=i hash_table_tout=i lrkp_alg=i
 lrkproxy_disable_tout=i lrkproxy_retr=i lrkproxy_sock=s lrkproxy_tout=i start_port=i@5.7-
mangler: contact_flds_separator=s
math@5.7-:
matrix: db_url=s matrix_first_col=s matrix_res_col=s matrix_second_col=s matrix_table=s
maxfwd: max_limit=i
mediaproxy: disable=i ice_candidate=s ice_candidate_avp=s media_relay_avp=s mediaproxy_socket=s mediaproxy_timeout=i
 signaling_ip_avp=s
mohqueue: db_ctable=s db_qtable=s db_url=s moh_maxcalls=i mohdir=s
mqueue: db_url=s mqueue=s mqueue_addmode=i mqueue_name=s mqueue_size=i
msilo: add_contact=i add_date=i check_time=i clean_period=i contact_hdr=s content_type_hdr=s db_table=s db_url=s
 expire_time=i extra_hdrs=s extra_hdrs_avp=s from_address=s max_messages=i offline_message=s outbound_proxy=s
 reminder=s sc_body=s sc_callid=s@5.8- sc_ctype=s sc_exp_time=s sc_from=s sc_inc_time=s sc_mid=s sc_snd_time=s
 sc_status=s@5.8- sc_stored_hdrs=s sc_to=s sc_uri_host=s sc_uri_user=s send_time=i skip_notification_flag=i
 snd_time_avp=s use_contact=i use_mode=i@5.8-
msrp: auth_max_expires=i auth_min_expires=i cmap_size=i event_callback=s sipmsg=i timer_interval=i use_path_addr=s
mtree: char_list=s connect_mode=i@6.2- db_table=s db_url=s fetch_rows=i item=s@6.1- mt_allow_duplicates=i
 mt_ignore_duplicates=i mt_tree_type=i mtree=s pv_count=s pv_dstid=s pv_value=s pv_values=s pv_weight=s tname_column=s
 tprefix_column=s tvalue_column=s
nat_traversal: contact_match=i keepalive_extra_headers=s keepalive_from=s keepalive_interval=i keepalive_method=s
 keepalive_state_file=s
nathelper: alias_name=s append_sdp_oldmediaip=i filter_server_id=i force_socket=s ignore_path=i@6.1-
 keepalive_timeout=i nat_addr_mode=i natping_disable_bflag=i natping_interval=i natping_processes=i natping_socket=s
 nortpproxy_str=s ping_nated_only=i received_avp=s sipping_bflag=i sipping_from=s sipping_method=s udpping_from_path=i
nosip: msg_match=s msg_skip=s
p_usrloc: UTC_timestamps=i alg_location=i callid_column=s cflags_column=s connection_expires=i contact_column=s
 cseq_column=s cseq_delay=i db_err_threshold=i db_mode=i db_ops_ruid=i db_retry_interval=i db_transaction_level=i
 db_update_as_insert=i db_use_transactions=i default_db_type=s default_db_url=s desc_time_order=i domain_column=s
 domain_db=s error_column=s expire_time=i expires_column=s failover_level=i failover_time_column=s fetch_rows=i
 flags_column=s hash_size=i id_column=s instance_column=s matching_mode=i mdb_availability_control=i methods_column=s
 nat_bflag=i num_column=s path_column=s preload=s@5.8- q_column=s read_db_url=s received_column=s reg_db_table=s
 reg_id_column=s risk_group_column=s ruid_column=s socket_column=s spare_flag_column=s status_column=s url_column=s
 use_domain=i use_domain_crc32=i@5.8- user_agent_column=s user_column=s write_db_url=s write_on_db=i
 write_on_master_db=i
path: enable_r2=i received_format=i received_name=s sockname_mode=i use_received=i
pdb: ll_info=i@5.8- server=s timeout=i
pdt: char_list=s check_domain=i db_table=s db_url=s domain_column=s fetch_rows=i mode=i@5.8- prefix=s prefix_column=s
 sdomain_column=s
peerstate@6.1-: cache_cleanup_interval=i cache_expire=i cache_hash_size=i callee_avp=s caller_avp=s
 disable_callee_notify_flag=i disable_caller_notify_flag=i disable_dlg_notify=i disable_reg_notify=i
 enable_notify_on_trying=i reg_avp=s use_avps=i
permissions: address_file=s address_table=s allow_suffix=s check_all_branches=i db_mode=i db_url=s
 default_allow_file=s default_deny_file=s deny_suffix=s from_col=s grp_col=s ip_addr_col=s load_backends=i mask_col=s
 max_subnets=i peer_tag_avp=s peer_tag_mode=i port_col=s priority_col=s proto_col=s reload_delta=i ruri_col=s
 source_col=s subnet_match_mode=i@6.1- tag_col=s trusted_cleanup_interval=i trusted_table=s
pike: pike_log_level=i remove_latency=i reqs_density_per_unit=i sampling_time_unit=i
pipelimit: clean_unused=i db_url=s hash_size=i load_fetch=i plp_algorithm_column=s plp_limit_column=s
 plp_pipeid_column=s plp_table_name=s reply_code=i reply_reason=s timer_interval=i timer_mode=i
posops@5.7-: idx0=i
prefix_route: db_table=s db_url=s exit=i
ptimer@6.1-: default_interval=s default_nworkers=i default_type=i end=s loop=s start=s timer=s
pv: avp_aliases=s shvset=s varset=s
pv_headers: auto_msg=i header_apply_flag=i header_collect_flag=i header_value_size=i skip_headers=s split_headers=s
 xavi_name=s
pvtpl@6.1-: tpl=s
qos: qos_flag=i
ratelimit: pipe=s queue=s timer_interval=i
regex: file=s group_max_size=i max_groups=i pcre_caseless=i pcre_dotall=i pcre_extended=i pcre_multiline=i
registrar: append_branches=i case_sensitive=i contact_max_size=i default_expires=i default_expires_range=i default_q=i
 event_callback=s expires_range=i flow_timer=i gruu_enabled=i lookup_filter_mode=i max_contacts=i max_expires=i
 method_filtering=i min_expires=i min_expires_mode=i outbound_mode=i path_check_local=i path_mode=i
 path_use_received=i realm_prefix=s received_avp=s received_param=s regid_mode=i retry_after=i sock_flag=i
 sock_hdr_name=s sock_mode=i use_expired_contacts=i use_path=i xavp_cfg=s xavp_rcd=s xavp_rcd_mask=i
rr: add_username=i append_fromtag=i custom_user_avp=s enable_double_rr=i enable_full_lr=i
 enable_socket_mismatch_warning=i force_send_socket=i ignore_sips=i loose_route_mode=i@6.1- sockname_mode=i
rtimer: default_interval=i exec=s timer=s
rtjson: xavp_cfg=s
rtpengine: aggressive_redetection=i control_cmd_tos=i db_url=s disabled_col=s dmq_peer_id=s@6.2- dtmf_event=s@5.8-
 dtmf_event_callid=s@5.8- dtmf_event_duration=s@6.1- dtmf_event_source_ip=s@6.1- dtmf_event_source_label=s@6.1-
 dtmf_event_source_tag=s@5.8- dtmf_event_tags=s@6.1- dtmf_event_timestamp=s@5.8- dtmf_event_type=s@6.1-
 dtmf_event_volume=s@6.1- dtmf_events_sock=s@5.8- enable_dmq=i@6.1- event_callback=s@6.1- extra_id_pv=s
 force_send_interface=s hash_algo=i hash_table_size=i hash_table_tout=i media_duration=s mos_A_label_pv=s
 mos_B_label_pv=s mos_average_A_pv=s mos_average_B_pv=s mos_average_jitter_A_pv=s mos_average_jitter_B_pv=s
 mos_average_jitter_pv=s mos_average_packetloss_A_pv=s mos_average_packetloss_B_pv=s mos_average_packetloss_pv=s
 mos_average_pv=s mos_average_roundtrip_A_pv=s mos_average_roundtrip_B_pv=s mos_average_roundtrip_leg_A_pv=s
 mos_average_roundtrip_leg_B_pv=s mos_average_roundtrip_leg_pv=s mos_average_roundtrip_pv=s mos_average_samples_A_pv=s
 mos_average_samples_B_pv=s mos_average_samples_pv=s mos_max_A_pv=s mos_max_B_pv=s mos_max_at_A_pv=s mos_max_at_B_pv=s
 mos_max_at_pv=s mos_max_jitter_A_pv=s mos_max_jitter_B_pv=s mos_max_jitter_pv=s mos_max_packetloss_A_pv=s
 mos_max_packetloss_B_pv=s mos_max_packetloss_pv=s mos_max_pv=s mos_max_roundtrip_A_pv=s mos_max_roundtrip_B_pv=s
 mos_max_roundtrip_leg_A_pv=s mos_max_roundtrip_leg_B_pv=s mos_max_roundtrip_leg_pv=s mos_max_roundtrip_pv=s
 mos_min_A_pv=s mos_min_B_pv=s mos_min_at_A_pv=s mos_min_at_B_pv=s mos_min_at_pv=s mos_min_jitter_A_pv=s
 mos_min_jitter_B_pv=s mos_min_jitter_pv=s mos_min_packetloss_A_pv=s mos_min_packetloss_B_pv=s mos_min_packetloss_pv=s
 mos_min_pv=s mos_min_roundtrip_A_pv=s mos_min_roundtrip_B_pv=s mos_min_roundtrip_leg_A_pv=s
 mos_min_roundtrip_leg_B_pv=s mos_min_roundtrip_leg_pv=s mos_min_roundtrip_pv=s ping_interval=i@6.0- ping_mode=i@5.8-
 queried_nodes_limit=i read_sdp_pv=s rtp_inst_pvar=s rtpengine_allow_op=i rtpengine_disable_tout=i rtpengine_retr=i
 rtpengine_sock=s rtpengine_tout_ms=i setid_avp=s setid_col=s setid_default=i table_name=s url_col=s weight_col=s
 write_sdp_pv=s write_sdp_pv_mode=i@6.0- wsapi=s
rtpproxy: db_url=s extra_id_pv=s ice_candidate_priority_avp=s nortpproxy_str=s rtp_inst_pvar=s rtpproxy_disable_tout=i
 rtpproxy_retr=i rtpproxy_sock=s rtpproxy_tout=i table_name=s timeout_socket=s timeout_tag_pv=s@5.8-
sanity: autodrop=i default_checks=i noreply=i proxy_require=s size_body=i@6.2- size_checks=i@6.2-
 size_contact_uri=i@6.2- size_from_uri=i@6.2- size_header=i@6.2- size_headers=i@6.2- size_message=i@6.2-
 size_method=i@6.2- size_pai_uri=i@6.2- size_path_uri=i@6.2- size_route_uri=i@6.2- size_ruri=i@6.2- size_to_uri=i@6.2-
 uri_checks=i
sca: call_info_max_expires=i contact_fallback=s@6.0- db_update_interval=i db_url=s from_uri_avp=s@6.0-
 hash_table_size=i line_seize_max_expires=i onhold_bflag=i outbound_proxy=s purge_expired_interval=i server_address=s
 state_table=s subs_table=s to_uri_avp=s@6.0-
sdpops:
seas: clusters=s jain_ping=s listen_sockets=s servlet_ping=s stats_socket=s
secfilter: action_col=s cleanup_interval=i@5.7- data_col=s db_url=s dst_exact_match=i reload_delta=i@5.7- table_name=s
 type_col=s
sipcapture: auth_user_column=s authorization_column=s callid_aleg_column=s callid_aleg_header=s callid_column=s
 capture_bad_msgs=i capture_mode=s capture_node=s capture_on=i contact_ip_column=s contact_port_column=s
 contact_user_column=s content_type_column=s correlation_column=s cseq_column=s custom_field1_column=s
 custom_field1_header=s custom_field2_column=s custom_field2_header=s custom_field3_column=s custom_field3_header=s
 date_column=s db_insert_mode=i db_url=s destination_ip_column=s destination_port_column=s diversion_column=s
 event_callback=s family_column=s from_domain_column=s from_tag_column=s from_user_column=s hash_source=s
 hep_capture_on=i insert_retries=i insert_retry_timeout=i method_column=s micro_ts_column=s msg_column=s mt_mode=s
 node_column=s nonsip_hook=i originator_ip_column=s originator_port_column=s pid_user_column=s promiscuous_on=i
 proto_column=s raw_interface=s raw_ipip_capture_on=i raw_moni_bpf_on=i raw_moni_capture_on=i raw_sock_children=i
 raw_socket_listen=s reason_column=s reply_reason_column=s rtp_stat_column=s ruri_column=s ruri_domain_column=s
 ruri_user_column=s source_ip_column=s source_port_column=s table_name=s table_time_sufix=s@-5.6 to_domain_column=s
 to_tag_column=s to_user_column=s topoh_unmask=i type_column=s user_agent_column=s via_1_branch_column=s
 via_1_column=s
sipdump: enable=i event_callback=s fage=i fagex=s@6.1- folder=s fprefix=s mode=i parse_call_id=i@6.2- rotate=i wait=i
 wait_mode=i@6.1-
sipjson:
siprepo@6.1-: expire=i hash_size=i timer_interval=i timer_procs=i
sipt:
siptrace: auth_key=s callid_column=s data_mode=i@5.8- date_column=s db_url=s direction_column=s duplicate_uri=s
 evcb_msg=s force_send_sock=s fromip_column=s fromtag_column=s hep_capture_id=i hep_mode_on=i hep_version=i
 method_column=s msg_column=s send_sock_addr=s send_sock_name=s status_column=s table=s toip_column=s totag_column=s
 trace_db_mode=i trace_delayed=i trace_dialog_ack=i@5.7- trace_dialog_spiral=i@5.7- trace_ephemeral_socket=i@6.2-
 trace_flag=i trace_init_mode=i trace_local_ip=s trace_mode=i trace_on=i trace_sl_acks=i trace_table_avp=s
 trace_to_database=i traced_user_avp=s traced_user_column=s xheaders_read=i xheaders_write=i
siputils: contact_flds_separator=s e164_max_len=i@5.7- options_accept=s options_accept_encoding=s
 options_accept_language=s options_support=s rpid_avp=s rpid_prefix=s rpid_suffix=s
sl: bind_tm=i default_code=i default_reason=s event_callback_fl_ack=s event_callback_lres_sent=s rich_redirect=i
sms: default_net=s domain=s links=s max_sms_parts=i modems=s networks=s sms_report_type=i use_contact=i
smsops:
speeddial: db_url=s domain_column=s domain_prefix=s new_uri_column=s sd_domain_column=s sd_user_column=s use_domain=i
 user_column=s
sqlops: connect_mode=i log_buf_size=i@6.0- results_maxsize=i sqlcon=s sqlres=s tr_buf_size=i
ss7ops:
sst: enable_stats=i min_se=i reject_to_small=i sst_flag=i timeout_avp=s
statistics: variable=s
statsc: interval=i items=i track=s
statsd: ip=s port=s
stun:
sworker@5.7-: xdata=s
tcpops: closed_event=i event_callback=s
textops:
textopsx:
timer: declare_timer=s
tm: ac_extra_hdrs=s aggregate_challenges=i auto_inv_100=i auto_inv_100_reason=s blst_503=i blst_503_def_timeout=i
 blst_503_max_timeout=i blst_503_min_timeout=i blst_methods_add=i blst_methods_lookup=i callid_cseq_matching=i
 callid_matching=i cancel_b_method=i contact_flows_avp=s contacts_avp=s default_code=i default_reason=s
 delayed_reply=i@6.1- disable_6xx_block=i dns_reuse_rcv_socket=i e2e_cancel_hop_by_hop=i@6.0- e2e_cancel_reason=i
 enable_uac_fr=i evcb_local_ack_sent=s@6.1- event_callback=s event_callback_lres_sent=s evlreq_mode=i@6.1-
 exec_time_check=i failover_reply_codes=s@5.7- failure_exec_mode=i failure_reply_mode=i faked_reply_prio=i
 fr_inv_timer=i fr_inv_timer_avp=s fr_timer=i fr_timer_avp=s headers_mode=i@6.0- local_ack_branch_mode=i@6.1-
 local_ack_mode=i local_cancel_reason=i max_inv_lifetime=i max_noninv_lifetime=i noisy_ctimer=i on_sl_reply=s
 pass_provisional_replies=i relay_100=i remap_503_500=i reparse_invite=i reparse_on_dns_failover=i
 reply_408_code=i@6.0- reply_408_reason=s@6.0- reply_matching=i@6.1- reply_relay_mode=i restart_fr_on_each_reply=i
 retr_timer1=i retr_timer2=i rich_redirect=i ruri_matching=i tw_append=s unix_tx_timeout=i unmatched_cancel=i
 via1_matching=i wt_timer=i xavp_contact=s
tmrec: separator=s wday=i
tmx: precheck_trans=i
topoh: callid_prefix=s event_callback=s event_mode=i mask_callid=i mask_cookie=s@6.1- mask_ip=s mask_key=s
 mask_mode=i@5.7- sanity_checks=i uparam_name=s uparam_prefix=s uri_prefix_checks=i use_mode=i@5.7- vparam_name=s
 vparam_prefix=s
topos: branch_expire=i clean_interval=i contact_host=s contact_mode=i context=s cparam_name=s db_url=s dialog_expire=i
 event_callback=s event_mode=i header_mode=i@5.7- mask_callid=i methods_nocontact=s@5.7- methods_noinitial=s@5.7-
 methods_update_time=s@6.1- rr_update=i sanity_checks=i sn_refresh_topology=i@6.2- storage=s version_table=i@5.8-
 xavu_cfg=s xavu_field_a_contact=s xavu_field_a_contact_host=s@6.1- xavu_field_b_contact=s
 xavu_field_b_contact_host=s@6.1- xavu_field_contact_host=s
topos_htable@6.0-: topos_htable_base64=i topos_htable_dialog=s topos_htable_transaction=s
tsilo: hash_size=i use_domain=i
uac: auth_password_avp=s auth_realm_avp=s auth_username_avp=s credential=s default_socket=s event_callback=s
 reg_active=i reg_contact_addr=s reg_db_table=s reg_db_url=s reg_gc_interval=i reg_hash_size=i reg_keep_callid=i
 reg_random_delay=i reg_retry_interval=i reg_timer_interval=i reg_use_domain=i reload_delta=i@6.0- restore_dlg=i
 restore_from_avp=s restore_mode=s restore_passwd=s restore_to_avp=s rr_from_store_param=s rr_to_store_param=s
uac_redirect: acc_db_table=s acc_function=s accept_filter=s bflags=i default_filter=s deny_filter=s flags_hdr_mode=i
 q_value=i
uid_auth_db: calculate_ha1=i check_all_ha1=i db_url=s did_column=s flags_column=s load_credentials=s password_column=s
 password_column_2=s plain_password_column=s realm_column=s use_did=i username_column=s
uid_avp_db: attr_group=s auto_unlock_extra_attrs=i db_url=s did_column=s flags_column=s name_column=s scheme_column=s
 type_column=s uid_column=s uri_attrs_table=s user_attrs_table=s username_column=s value_column=s
uid_domain: db_mode=i db_url=s did_col=s domain_col=s domain_table=s domattr_did=s domattr_flags=s domattr_name=s
 domattr_table=s domattr_type=s domattr_value=s flags_col=s load_domain_attrs=i
uid_gflags: db_url=s global_attrs_flags=s global_attrs_name=s global_attrs_table=s global_attrs_type=s
 global_attrs_value=s initial=i load_global_attrs=i
uid_uri_db: db_url=s did_column=s flags_column=s scheme_column=s uid_column=s uri_table=s username_column=s
uri_db: db_table=s db_url=s domain_column=s uriuser_column=s use_domain=i use_uri_table=i user_column=s
userblocklist: db_url=s globalblocklist_allowlist_col=s globalblocklist_description_col=s globalblocklist_id_col=s
 globalblocklist_prefix_col=s globalblocklist_table=s match_mode=i use_domain=i userblocklist_allowlist_col=s
 userblocklist_domain_col=s userblocklist_id_col=s userblocklist_prefix_col=s userblocklist_table=s
 userblocklist_username_col=s
usrloc: callid_column=s cflags_column=s close_expired_tcp=i connection_id_column=s contact_column=s cseq_column=s
 cseq_delay=i db_check_update=i db_clean_tcp=i db_insert_null=i db_insert_update=i db_load=i db_mode=i db_ops_ruid=i
 db_raw_fetch_type=i db_timer_clean=i db_update_as_insert=i db_url=s desc_time_order=i domain_column=s
 expires_column=s expires_type=i fetch_rows=i flags_column=s handle_lost_tcp=i hash_size=i instance_column=s
 ka_domain=s ka_filter=i ka_from=s ka_interval=i@5.8- ka_loglevel=i ka_logmsg=s ka_method=s ka_mode=i
 ka_randomize=i@5.8- ka_reply_codes=s@5.8- ka_timeout=i keepalive_column=s load_rank=i matching_mode=i
 methods_column=s nat_bflag=i partition_column=s path_column=s preload=s q_column=s received_column=s reg_id_column=s
 rm_expired_delay=i ruid_column=s server_id_column=s server_id_filter=i skip_remote_socket=i socket_column=s
 timer_interval=i timer_procs=i use_domain=i user_agent_column=s user_column=s version_table=i xavp_contact=s
xhttp: event_callback=s url_match=s url_skip=s
xhttp_prom: prom_counter=s prom_gauge=s prom_histogram=s timestamp_format=s@6.2- xhttp_prom_beginning=s
 xhttp_prom_buf_size=i xhttp_prom_metadata_flags=i@6.1- xhttp_prom_pkg_stats=i@6.0- xhttp_prom_stats=s
 xhttp_prom_tags=s@6.0- xhttp_prom_timeout=i xhttp_prom_uptime_stat=i@6.0-
xhttp_rpc: xhttp_rpc_buf_size=i xhttp_rpc_root=s
xlog: auto_newline=i@6.2- buf_size=i force_color=i log_colors=s log_facility=s long_format=i methods_filter=i prefix=s
 prefix_mode=i
xprint: buf_size=i
"""


class Tables(NamedTuple):
    """The versions whose tables say what a version accepts: its own, or those next to it.

    C(exact) says whether it is its own and complete, C(between) whether it is surely between those that are there,
    C(source) what was read for it where no server was run, empty if one was.
    """

    versions: Tuple[Version, ...]
    exact: bool
    between: bool
    source: str = ""


def tables_for(version: Version) -> Tables:
    """Return the tables that come next to a version."""
    if version.release == NEWEST.release and (version.patch or 0) > (NEWEST.patch or 0):
        return Tables((NEWEST,), False, False)
    exact = [known for known in VERSIONS if known.release == version.release]
    if exact == [DEVELOPMENT]:
        return Tables((version,), False, False, "the development branch on " + SEEN_ON)
    if exact:
        return Tables((version,), True, False, "that branch" if exact[0] in FROM_SOURCES else "")
    older = [known for known in VERSIONS if known.release < version.release][-1:]
    newer = [known for known in VERSIONS if known.release > version.release][:1]
    return Tables((*older, *newer), False, bool(older and newer))


@lru_cache(maxsize=4096)
def parameter_types(module: str, version: Version) -> Optional[Mapping[str, str]]:
    """The parameters of a module and their types: C({"ds_ping_interval": "i", "list_file": "s", "fifo_user": "is"}).

    C(i) accepts a number, C(s) a string. None for a module that is not known, or if this version, one of C(tables_for),
    does not have it; an empty dict for a module that has no parameters. The server compares the names of parameters
    with regard to case, and so are the keys meant. Its comparison of modules in C(modparam) is a regular expression
    without regard to case: V(module) is the name of the module's file, without C(.so).
    """
    current = version.series
    found = re.search(r"^%s(?:@(\S+))?:(.*(?:\n .*)*)" % re.escape(module), TABLE, re.MULTILINE)
    if not found or not within(found.group(1) or "", current):
        return None
    types = {}
    for entry in found.group(2).split():
        name, _equals, rest = entry.partition("=")
        accepted, _at, span = rest.partition("@")
        if within(span, current):
            types[name] = accepted
    return types


def within(span: str, current: str) -> bool:
    """Whether a release such as C(6.0) is in a span of the table, such as C(6.0-) or C(-5.6)."""
    first, _dash, last = span.partition("-")
    return first <= current and (not last or current <= last)
