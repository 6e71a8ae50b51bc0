# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the sipfleet.kamailio collection: not for use outside of it,
# and it can change in any release.

"""The parameters of the modules in Debian's packages of Kamailio, and what each accepts: a number, a string or both.

The names come from the sources and the answers from C(kamailio -c) of 5.4.4, 5.6.3, 6.0.1 and 6.1.5, one question per
name and type. For 5.5, 5.7, 5.8 and the development branch they are read from the sources alone: C(FROM_SOURCES).
Parameters that only some builds of a version have, by their patch release or their OpenSSL, are in it for the whole
version. C(destination) of keepalive is not in it for 5.4, of which C(kamailio -c) dies.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Mapping, NamedTuple, Optional, Tuple

from .._versions import Version

# The development branch goes on, so nothing is certain about it.
DEVELOPMENT = Version(6, 2)
SEEN_ON = "21 August 2026"
VERSIONS = (
    Version(5, 4),
    Version(5, 5),
    Version(5, 6),
    Version(5, 7),
    Version(5, 8),
    Version(6, 0),
    Version(6, 1),
    DEVELOPMENT,
)
FROM_SOURCES = (Version(5, 5), Version(5, 7), Version(5, 8), DEVELOPMENT)
# A later release may have parameters that are not in here; those that older versions got in theirs are.
NEWEST = Version(6, 1, 5)

# A module and its parameters: name=TYPES, where i is a number and s a string; a line that begins with a space continues
# the one before. @6.0- is since 6.0, @-5.6 up to 5.6, @6.0-6.0 only 6.0: of a parameter, or of the module itself.
TABLE = """\
acc: acc_callid_column=s acc_extra_nullable=i@5.5- acc_extra_size=i@5.6- acc_from_tag_column=s acc_method_column=s
 acc_prepare_always=i acc_prepare_flag=i acc_sip_code_column=s acc_sip_reason_column=s acc_time_column=s
 acc_to_tag_column=s cdr_duration_id=s cdr_duration_mode=i@6.1- cdr_enable=i cdr_end_id=s cdr_expired_dlg_enable=i
 cdr_extra=s cdr_extra_nullable=i cdr_extra_size=i@5.6- cdr_facility=s cdr_log_enable=i cdr_on_failed=i cdr_skip=s
 cdr_start_id=s cdr_start_on_confirmed=i cdrs_table=s clone_msg=i db_extra=s db_flag=i db_insert_mode=i
 db_missed_flag=i db_table_acc=s db_table_missed_calls=s db_url=s db_version_check=i@6.1- detect_direction=i
 early_media=i failed_filter=s failed_transaction_flag=i log_extra=s log_facility=s log_flag=i log_level=i
 log_missed_flag=i multi_leg_info=s reason_from_hf=i report_ack=i report_cancels=i time_attr=s time_exten=s
 time_format=s time_mode=i
acc_diameter: diameter_client_host=s diameter_client_port=i diameter_extra=s diameter_flag=i diameter_missed_flag=i
acc_json: acc_extra=s acc_flag=i acc_log_facility=s acc_log_level=i acc_missed_flag=i acc_output_mqueue=s
 acc_output_syslog=i acc_pre_encoded_prefix=s@5.5- acc_time_format=s acc_time_mode=i cdr_enable=i
 cdr_expired_dlg_enable=i cdr_extra=s cdr_log_facility=s cdr_log_level=i cdr_output_mqueue=s cdr_output_syslog=i
 cdr_pre_encoded_prefix=s@5.5- cdr_skip=s@6.1-
acc_radius: rad_time_mode=i radius_config=s radius_extra=s radius_flag=i radius_missed_flag=i service_type=i
alias_db: alias_domain_column=s alias_user_column=s append_branches=i db_url=s domain_column=s domain_prefix=s
 use_domain=i user_column=s
app_jsdt: load=s loaddir=s@6.1- mode=i@5.6-
app_lua: load=s log_mode=i reload=i
app_lua_sr@-5.6: register=s
app_mono@-5.6: load=s register=s
app_perl: filename=s modpath=s parse_mode=i@5.7- perl_destroy_func=s reset_cycles=i unsafemodfnc=i warn_mode=i@5.7-
app_python3: child_init_method=s load=s mod_init_function=s script_name=s threads_mode=i@6.0-
app_python3s@6.0-: load=s script_child_init=s script_init=s threads_mode=i
app_ruby: load=s modproc=s@5.7- xval_mode=i
app_sqlang@-5.7: load=s
async: mode=i@6.0- ms_timer=i return=i@5.6- workers=i
auth: add_authinfo_hdr=i algorithm=s auth_checks_in_dlg=i auth_checks_no_dlg=i auth_checks_register=i challenge_attr=s
 force_stateless_reply=i nc_array_order=i nc_array_size=i nid_pool_no=i nonce_auth_max_drift=i nonce_count=i
 nonce_expire=i one_time_nonce=i otn_in_flight_no=i otn_in_flight_order=i protect_contacts=i proxy_challenge_header=s
 qop=s realm_prefix=s secret=s use_domain=i www_challenge_header=s
auth_arnacon@6.1-: debug_mode=i ens_registry_address=s rpc_url=s signature_timeout=i
auth_db: calculate_ha1=i db_url=s domain_column=s force_generate_avps=i load_credentials=s password_column=s
 password_column_2=s use_domain=i user_column=s version_table=i
auth_diameter: diameter_client_host=s diameter_client_port=i use_domain=i
auth_ephemeral: secret=s sha_algorithm=i username_format=i
auth_identity@-5.6: accept_pem_certs=i auth_validity_time=i cainfo_path=s callid_cache_limit=i certificate_cache_limit=i
 certificate_path=s certificate_url=s msg_timeout=i privatekey_path=s
auth_radius: append_realm_to_username=i auth_extra=s radius_avps_mode=i radius_config=s service_type=i use_ruri_flag=i
auth_web3@6.1-: authentication_contract_address=s authentication_rpc_url=s contract_debug_mode=i ens_registry_address=s
 ens_rpc_url=s rpc_timeout=i
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
cdp: ca_list=s@5.8- certificate=s@5.8- config_file=s debug_heavy=i enable_tls=i@5.8- latency_threshold=i
 private_key=s@5.8- tls_method=s@5.8- workerq_latency_threshold=i workerq_length_threshold_percentage=i
cdp_avp:
cfg_db: custom_tbl=s db_url=s transl_tbl=s
cfg_rpc:
cfgt: basedir=s callid_prefix=s mask=i route_log=i@5.8- skip_unknown=i@5.8-
cfgutils: hash_file=s initial_gflags=i initial_probability=i lock_set_size=i
cnxcc: credit_check_period=i dlg_flag=i@-5.8 redis=s
corex: alias_subdomains=s dns_cache=s dns_file=s@6.0- evcb_reply_out=s nio_intercept=i nio_min_msg_len=i nio_msg_avp=s
counters: script_cnt_grp_name=s script_counter=s
cplc: case_sensitive=i cpl_bin_column=s cpl_dtd_file=s cpl_xml_column=s db_table=s db_url=s domain_column=s
 ignore3xx=i@5.5- log_dir=s lookup_append_branches=i lookup_domain=s proxy_recurse=i proxy_route=s realm_prefix=s
 redirect_route=s@5.5- timer_avp=s use_domain=i username_column=s
crypto: init_vector=s@5.5- kevcb_netio=s key_derivation=i@5.5- netio_key=s register_callid=i register_evcb=i salt=s
ctl: autoconversion=i binrpc=s binrpc_buffer_size=i binrpc_max_body_size=i binrpc_struct_max_body_size=i fifo=s
 group=s mode=i user=s
db2_ldap: config=s reconnect_attempt=i
db2_ops: db_url=s declare_handle=s declare_query=s xlbuf_size=i
db_berkeley@-6.0: auto_reload=i journal_roll_interval=i log_enable=i
db_cluster: cluster=s connection=s inactive_interval=i max_query_length=i
db_flatstore: encode_delimiter=i escape_char=s field_delimiter=s file_suffix=s flush=i record_delimiter=s
db_mongodb:
db_mysql: auto_reconnect=i connect_timeout=i insert_delayed=i opt_ssl_ca=s@5.7- opt_ssl_mode=i ping_interval=i
 receive_timeout=i retries=i send_timeout=i server_timezone=i timeout_interval=i unsigned_type=i update_affected_found=i
db_perlvdb@-6.0:
db_postgres: bytea_output_escape=i con_param=s@5.5- lockset=i retries=i tcp_keepalive=i timeout=i
db_redis: ca_path=s@5.8- db_pass=s@5.8- hash_expires=i@6.1- hash_value=s@6.1- keys=s mapping_struct_type=i@6.1-
 max_key_length=i@6.1- opt_tls=i@5.8- recheck_replicas_interval=i@6.1- redis_master_name=s@6.1- schema_path=s
 sentinels_config=s@6.1- use_replicas=i@6.1- verbosity=i with_sentinels=i@6.1-
db_sqlite: db_set_busy_timeout=s@6.0- db_set_journal_mode=s db_set_readonly=s
db_text: db_delim=s db_mode=i default_connection=s emptystring=i file_buffer_size=i max_result_rows=i
db_unixodbc: auto_reconnect=i ping_interval=i quote_char=s replace_query=i use_escape_common=i
debugger: breakpoint=i cfgpkgcheck=i cfgtest=i cfgtrace=i cfgtrace_format=i@5.6- log_assign=i log_facility=s
 log_level=i log_level_name=s log_prefix=s mod_facility=s mod_facility_mode=i mod_hash_size=i mod_level=s
 mod_level_mode=i reset_msgid=i step_loops=i step_usleep=i
dialog: bridge_contact=s bridge_controller=s bye_early_code=i@5.7- bye_early_reason=s@5.7- call_id_column=s
 db_fetch_rows=i db_mode=i db_skip_load=i db_update_period=i db_url=s debug_variables=i@5.7- default_timeout=i
 detect_spirals=i dlg_ctxiuid_mode=i@5.7- dlg_extra_hdrs=s dlg_filter_mode=i@5.6- dlg_flag=i@-5.8 dlg_match_mode=i
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
 ds_default_socket=s ds_default_sockname=s ds_dns_interval=i@5.6- ds_dns_match_all=i@6.2- ds_dns_mode=i@5.6-
 ds_dns_ttl=i@5.6- ds_hash_check_interval=i ds_hash_expire=i ds_hash_initexpire=i ds_hash_size=i
 ds_inactive_threshold=i ds_latency_estimator_alpha=i ds_load_mode=i ds_ping_fr_timeout=i@6.1- ds_ping_fr_timer=i@6.1-
 ds_ping_from=s ds_ping_interval=i ds_ping_latency_stats=i ds_ping_method=s ds_ping_reply_codes=s
 ds_ping_socket=s@6.1- ds_probing_mode=i ds_probing_threshold=i ds_retain_latency_stats=i@5.8- ds_timer_mode=i
 event_callback=s event_callback_mode=i@6.1- flags=i flags_col=s force_dst=i hash_pvar=s list_file=s outbound_proxy=s
 priority_col=s reload_delta=i setid_col=s setid_pvname=s table_name=s use_default=i xavp_ctx=s xavp_ctx_mode=i
 xavp_dst=s xavp_dst_mode=i
diversion: suffix=s
dlgs@5.7-: active_lifetime=i finish_lifetime=i hash_size=i init_lifetime=i timer_interval=i
dmq: event_callback=s@6.2- fail_count_enabled=i@6.1- fail_count_threshold_disabled=i@6.1-
 fail_count_threshold_not_active=i@6.1- init_with_single=i@6.2- multi_notify=i notification_address=s
 notification_channel=s@5.5- num_workers=i ping_interval=i remove_inactive=i@6.1- server_address=s
 server_socket=s@5.5- sl_send=i@6.2- worker_usleep=i
dmq_usrloc: batch_msg_contacts=i batch_msg_size=i batch_size=i batch_usleep=i dmq_peer_id=s@6.2- enable=i
 replicate_cflags=i@6.1- replicate_socket_info=i sync=i usrloc_delete=i usrloc_delete_expired=i@6.1- usrloc_domain=s
domain: db_url=s did_col=s domain_attrs_table=s domain_col=s domain_table=s name_col=s register_myself=i type_col=s
 value_col=s
domainpolicy: db_url=s domain_prefix_avp=s domain_replacement_avp=s domain_suffix_avp=s dp_col_att=s dp_col_rule=s
 dp_col_type=s dp_col_val=s dp_table=s port_override_avp=s send_socket_avp=s transport_override_avp=s
drouting: attrs_avp=s db_url=s drd_table=s drg_domain_col=s drg_grpid_col=s drg_table=s drg_user_col=s drl_table=s
 drr_table=s enable_keepalive=i fetch_rows=i force_dns=i ruri_avp=s sort_order=i use_domain=i
enum: bl_algorithm=s branchlabel=s domain_suffix=s i_enum_suffix=s tel_uri_params=s
erlang: cnode_alivename=s cnode_host=s cookie=s erlang_node_sname=s erlang_nodename=s no_cnodes=i
 rpc_reply_with_struct=i trace_level=i
evapi: bind_addr=s context_mlimit=i@6.2- event_callback=s max_clients=i netstring_format=i send_data_timeout=i@6.2-
 send_task_timeout=i@6.2- wait_idle=i@5.7- wait_increase=i@5.7- workers=i
evrexec: exec=s
exec: bash_safety=i setvars=i time_to_kill=i
file_out@5.8-: base_folder=s file=s timer_interval=i@6.1-6.1 worker_usleep=i
geoip@-5.6: path=s
geoip2: path=s resid=s@5.6-
group: db_url=s domain_column=s group_column=s multiple_gid=i re_exp_column=s re_gid_column=s re_table=s table=s
 use_domain=i user_column=s
gzcompress: header_name=s header_value=s sanity_checks=i
h350: base_dn=s ldap_session=s search_scope=s
htable: array_size_suffix=s db_expires=i db_url=s dmq_init_sync=i dmq_peer_id=s@6.2- enable_dmq=i event_callback=s
 event_callback_mode=i expires_column=s fetch_rows=i htable=s key_name_column=s key_type_column=s key_value_column=s
 timer_interval=i timer_procs=i value_type_column=s
http_async_client@6.0-: authmethod=i connection_timeout=i curl_follow_redirect=i curl_verbose=i hash_size=i
 memory_manager=s tcp_ka_idle=i tcp_ka_interval=i tcp_keepalive=i tls_ca_path=s tls_client_cert=s tls_client_key=s
 tls_verify_host=i tls_verify_peer=i tls_version=i workers=i
http_client: authmethod=i cacert=s cipher_suites=s client_cert=s client_key=s config_file=s connection_timeout=i
 httpcon=s httpproxy=s httpproxyport=i httpredirect=i keep_connections=i maxdatasize=i netinterface=s
 query_maxdatasize=i query_result=i response_headers=i@6.0- timeout_mode=i@5.8- tlsversion=i useragent=s verify_host=i
 verify_peer=i
imc: check_on_create=i create_on_join=i db_mode=i@5.7- db_url=s extra_hdrs=s hash_size=i imc_cmd_start_char=s
 members_table=s outbound_proxy=s rooms_table=s
ims_auth: add_authinfo_hdr=i auth_data_hash_size=i auth_data_timeout=i auth_used_vector_timeout=i auth_vector_timeout=i
 av_check_only_impu=i av_mode=i@6.0- av_request_at_once=i av_request_at_sync=i cxdx_dest_host=s cxdx_dest_realm=s
 cxdx_forced_peer=s ignore_failed_auth=i invite_qop=s max_nonce_reuse=i name=s registration_default_algorithm=s
 registration_qop=s
ims_charging: app_provided_party_avp=s cdp_event_latency=i cdp_event_latency_log=i cdp_event_threshold=i
 custom_user_avp=s db_mode=i db_update_period=i db_url=s destination_host=s destination_realm=s hash_size=i
 interim_update_credits=i node_func=i@5.8- origin_host=s origin_realm=s ro_auth_expiry=i ro_forced_peer=s
 service_context_id_ext=s service_context_id_mcc=s service_context_id_mnc=s service_context_id_release=s
 service_context_id_root=s single_ro_session_per_dialog=i strip_plus_from_e164=i@5.8- timer_buffer=i
 use_pani_from_term_invite=i@5.8- vendor_specific_chargeinfo=i vendor_specific_id=i video_rating_group=i
 video_service_identifier=i voice_rating_group=i voice_service_identifier=i
ims_dialog: bridge_controller=s db_fetch_rows=i db_mode=i db_update_period=i db_url=s dbg_list=i@6.2- default_timeout=i
 detect_spirals=i dlg_extra_hdrs=s dlg_flag=i dlg_match_mode=i hash_size=i profiles_no_value=s profiles_with_value=s
 rr_param=s ruri_pvar=s timeout_avp=s
ims_diameter_server:
ims_icscf: cxdx_dest_realm=s cxdx_forced_peer=s db_capabilities_table=s db_nds_table=s db_scscf_table=s db_url=s
 preferred_scscf_uri=s route_lir_user_unknown=s route_uar_user_unknown=s scscf_entry_expiry=i use_preferred_scscf_uri=i
ims_ipsec_pcscf: ipsec_client_port=i ipsec_listen_addr=s ipsec_listen_addr6=s ipsec_listen_agname=s@6.0-
 ipsec_listen_name=s@6.0- ipsec_max_connections=i ipsec_preferred_alg=s@5.7- ipsec_preferred_ealg=s@5.7-
 ipsec_reuse_server_port=i ipsec_server_port=i ipsec_spi_id_range=i ipsec_spi_id_start=i
ims_isc: add_p_served_user=i expires_grace=i isc_fr_inv_timeout=i isc_fr_timeout=i my_uri=s
ims_ocs:
ims_qos: af_signaling_ip=s af_signaling_ip6=s@5.6- audio_default_bandwidth=i authorize_video_flow=i
 cdp_event_latency=i cdp_event_latency_log=i cdp_event_list_size_threshold=i cdp_event_threshold=i
 confirmed_qosrelease_headers=s delete_contact_on_rx_failure=i dialog_direction=i@5.8- early_qosrelease_reason=s
 flow_protocol=s@5.6- include_rtcp_fd=i media_type=s@5.6- omit_flow_ports=i@5.6- recv_mode=i@5.8-
 regex_sdp_ip_prefix_to_maintain_in_fd=s rr_default_bandwidth=i@5.6- rs_default_bandwidth=i@5.6- rx_auth_expiry=i
 rx_dest_realm=s rx_forced_peer=s suspend_transaction=i@5.8- terminate_dialog_on_rx_failure=i trust_bottom_via=i@6.0-
 video_default_bandwidth=i
ims_qos_npn@6.0-: af_signaling_ip=s af_signaling_ip6=s af_signaling_port_pc=s af_signaling_port_ps=s
 audio_default_bandwidth=i authorize_video_flow=i cdp_event_latency=i cdp_event_latency_log=i
 cdp_event_list_size_threshold=i cdp_event_threshold=i confirmed_qosrelease_headers=s delete_contact_on_rx_failure=i
 dialog_direction=i early_qosrelease_reason=s flow_protocol=s include_rtcp_fd=i media_type=s omit_flow_ports=i
 recv_mode=i regex_sdp_ip_prefix_to_maintain_in_fd=s rr_default_bandwidth=i rs_default_bandwidth=i rx_auth_expiry=i
 rx_dest_realm=s rx_forced_peer=s suspend_transaction=i terminate_dialog_on_rx_failure=i trust_bottom_via=i
 video_default_bandwidth=i
ims_registrar_pcscf: delete_delay=i@5.8- force_icscf_uri=s ignore_contact_rxport_check=i
 ignore_contact_rxproto_check=i@6.0- ignore_reg_state=i is_registered_fallback2ip=i pcscf_uri=s pending_reg_expires=i
 publish_reginfo=i received_avp=s reginfo_queue_size_threshold=i subscribe_to_reginfo=i subscription_expires=i
 trust_bottom_via=i@6.0-
ims_registrar_scscf: aor_avp=s append_branches=i case_sensitive=i cxdx_dest_realm=s cxdx_forced_peer=s default_expires=i
 default_expires_range=i default_q=i em_default_expires=i em_max_expires=i@5.8- em_min_expires=i error_reply_code=i
 expires_buffer_percent=i max_contacts=i max_expires=i max_notification_list_size=i method_filtering=i min_expires=i
 notification_list_size_threshold=i notification_processes=i path_mode=i path_use_received=i realm_prefix=s
 received_avp=s received_param=s reg_callid_avp=s retry_after=i scscf_name=s send_vs_callid_avp=i
 skip_multiple_bindings_on_reg_resp=i@5.7- sock_flag=i sock_hdr_name=s store_profile_dereg=i
 subscription_default_expires=i subscription_expires_range=i subscription_max_expires=i subscription_min_expires=i
 support_wildcardPSI=i ue_unsubscribe_on_dereg=i use_path=i user_data_always=i user_data_dtd=s user_data_xsd=s
ims_usrloc_pcscf: audit_expired_pcontacts_interval=i@5.7- audit_expired_pcontacts_timeout=i@5.7- db_mode=i db_url=s
 enable_debug_file=i expires_grace=i hash_size=i match_contact_host_port=i timer_interval=i usrloc_debug_file=s
ims_usrloc_scscf: contact_delete_delay=i contacts_hash_size=i cseq_delay=i db_mode=i db_url=s desc_time_order=i
 enable_debug_file=i fetch_rows=i hash_size=i matching_mode=i max_subscribes=i maxcontact=i maxcontact_3gpp=i
 maxcontact_behaviour=i nat_bflag=i realm=s@5.6- skip_realm=i@5.6- sub_dialog_hash_size=i subs_hash_size=i
 support_wildcardPSI=i timer_interval=i timer_procs=i unreg_validity=i user_data_dtd=s user_data_xsd=s
 usrloc_debug_file=s
influxdbc@5.8-: database=s password=s port=i server=s tags=s user=s
ipops:
jansson:
janssonrpcc: keep_alive=i min_srv_ttl=i result_pv=s retry_codes=s server=s
json: json_escape_char=s
jsonrpcc: max_conn_attempts=i servers=s
jsonrpcs: dgram_group=is dgram_mode=i dgram_socket=s dgram_timeout=i dgram_user=is dgram_workers=i fifo_group=is
 fifo_mode=i fifo_name=s fifo_reply_dir=s fifo_user=is pretty_format=i tcp_socket=s@5.7- transport=i
jwt@6.1-: key_mode=i
kafka@6.0-: brokers=s configuration=s init_without_kafka=i log_without_overflow=i metadata_timeout=i topic=s
kazoo: amqp_command_hashtable_size=i amqp_connect_timeout_micro=i amqp_connect_timeout_sec=i amqp_connection=s
 amqp_consumer_ack_loop_count=i amqp_consumer_ack_timeout_micro=i amqp_consumer_ack_timeout_sec=i
 amqp_consumer_event_key=s amqp_consumer_event_subkey=s amqp_consumer_loop_count=i amqp_consumer_processes=i
 amqp_consumer_workers=i amqp_heartbeats=i amqp_internal_loop_count=i amqp_interprocess_timeout_micro=i
 amqp_interprocess_timeout_sec=i amqp_max_channels=i amqp_primary_zone=s amqp_query_timeout_avp=s
 amqp_query_timeout_micro=i amqp_query_timeout_sec=i amqp_result_avp=s amqp_timer_process_interval=i@5.7-
 amqp_timmer_process_interval=i@-5.6 amqp_waitframe_timeout_micro=i amqp_waitframe_timeout_sec=i amqps_ca_cert=s
 amqps_cert=s amqps_key=s amqps_verify_hostname=i amqps_verify_peer=i app_name=s consume_messages_on_reconnect=i
 db_url=s event_callback=s federated_exchange=s json_escape_char=s node_hostname=s presence_use_full_entity=i
 presentity_table=s pua_include_entity=i pua_lock_type=i pua_mode=i single_consumer_on_reconnect=i
 use_federated_exchange=i
keepalive: delete_counter=i destination=s@5.5- ping_from=s ping_interval=i
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
ldap: config_file=s connect_mode=i@5.8-
log_custom:
log_systemd:
lost: exact_type=i geoheader_order=i@5.5- geoheader_type=i@5.5- location_3d=i@5.8- location_profile=i@5.5-
 location_type=s post_request=i@5.5- recursion=i@5.5- response_time=i verbose=i@5.5-
lrkproxy@5.5-: behind_nat=i@5.7- custom_sdp_ip_avp=s@5.6- end_port=i@5.7- gt=i@5.6- hash_table_size=i
 hash_table_tout=i lrkp_alg=i lrkproxy_disable_tout=i lrkproxy_retr=i lrkproxy_sock=s lrkproxy_tout=i
 start_port=i@5.7-
lwsc@5.5-: protocol=s timeout_connect=i timeout_init=i timeout_read=i timeout_send=i verbosity=i
mangler: contact_flds_separator=s
math@5.7-:
matrix: db_url=s matrix_first_col=s matrix_res_col=s matrix_second_col=s matrix_table=s
maxfwd: max_limit=i
mediaproxy: disable=i ice_candidate=s ice_candidate_avp=s media_relay_avp=s mediaproxy_socket=s mediaproxy_timeout=i
 signaling_ip_avp=s
memcached: expire=i memory=i mode=i servers=s stringify=i timeout=i
microhttpd@6.0-: allowed_ips=s@6.2- event_callback=s listen_addr=s listen_port=i
misc_radius: callee_extra=s callee_service_type=i caller_extra=s caller_service_type=i common_response=i group_extra=s
 group_service_type=i radius_config=s uri_extra=s uri_service_type=i use_sip_uri_host=i
mohqueue: db_ctable=s db_qtable=s db_url=s moh_maxcalls=i mohdir=s
mqtt: ca_file=s ca_path=s certificate=s cipher_list=s event_callback=s host=s id=s keepalive=i password=s port=i
 private_key=s tls_alpn=s@5.7- tls_method=s username=s verify_certificate=i will=s will_topic=s
mqueue: db_url=s mqueue=s mqueue_addmode=i@5.6- mqueue_name=s@5.6- mqueue_size=i@5.6-
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
nathelper: alias_name=s@5.6- append_sdp_oldmediaip=i filter_server_id=i force_socket=s ignore_path=i@6.1-
 keepalive_timeout=i nat_addr_mode=i natping_disable_bflag=i natping_interval=i natping_processes=i natping_socket=s
 nortpproxy_str=s ping_nated_only=i received_avp=s sipping_bflag=i sipping_from=s sipping_method=s udpping_from_path=i
nats@5.6-: event_callback=s nats_url=s num_publish_workers=i subject_queue_group=s tls=i@6.2- tls_ca_file=s@6.2-
 tls_cert_file=s@6.2- tls_expected_hostname=s@6.2- tls_key_file=s@6.2-
ndb_mongodb: server=s
ndb_redis: allow_dynamic_nodes=i allowed_timeouts=i ca_path=s@5.8- cluster=i cmd_timeout=i connect_timeout=i
 debug=i@5.7- disable_time=i flush_on_reconnect=i init_without_redis=i server=s
nghttp2@6.1-: event_callback=s listen_addr=s listen_port=s tls_private_key=s tls_public_key=s
nosip: msg_match=s msg_skip=s
outbound: flow_token_secret=s@5.6- force_no_outbound_flag=i force_outbound_flag=i
p_usrloc: UTC_timestamps=i@5.6- alg_location=i callid_column=s cflags_column=s connection_expires=i contact_column=s
 cseq_column=s cseq_delay=i db_err_threshold=i db_mode=i db_ops_ruid=i db_retry_interval=i db_transaction_level=i
 db_update_as_insert=i db_use_transactions=i default_db_type=s default_db_url=s desc_time_order=i domain_column=s
 domain_db=s error_column=s expire_time=i expires_column=s failover_level=i failover_time_column=s fetch_rows=i
 flags_column=s hash_size=i id_column=s instance_column=s matching_mode=i mdb_availability_control=i methods_column=s
 nat_bflag=i num_column=s path_column=s preload=s@5.8- q_column=s read_db_url=s received_column=s reg_db_table=s
 reg_id_column=s risk_group_column=s ruid_column=s socket_column=s spare_flag_column=s status_column=s url_column=s
 use_domain=i use_domain_crc32=i@5.8- user_agent_column=s user_column=s write_db_url=s write_on_db=i
 write_on_master_db=i
path: enable_r2=i received_format=i received_name=s@5.5- sockname_mode=i use_received=i
pdb: ll_info=i@5.8- server=s timeout=i
pdt: char_list=s check_domain=i db_table=s db_url=s domain_column=s fetch_rows=i mode=i@5.8- prefix=s prefix_column=s
 sdomain_column=s
peering: radius_config=s verify_destination_service_type=i verify_source_service_type=i
peerstate@6.1-: cache_cleanup_interval=i cache_expire=i cache_hash_size=i callee_avp=s caller_avp=s
 disable_callee_notify_flag=i disable_caller_notify_flag=i disable_dlg_notify=i disable_reg_notify=i
 enable_notify_on_trying=i reg_avp=s use_avps=i
permissions: address_file=s address_table=s allow_suffix=s check_all_branches=i db_mode=i db_url=s
 default_allow_file=s default_deny_file=s deny_suffix=s from_col=s grp_col=s ip_addr_col=s load_backends=i mask_col=s
 max_subnets=i peer_tag_avp=s peer_tag_mode=i port_col=s priority_col=s proto_col=s reload_delta=i@5.5- ruri_col=s
 source_col=s subnet_match_mode=i@6.1- tag_col=s trusted_cleanup_interval=i@5.6- trusted_table=s
phonenum: resid=s shortcode=i@6.2- smode=i
pike: pike_log_level=i remove_latency=i reqs_density_per_unit=i sampling_time_unit=i
pipelimit: clean_unused=i db_url=s hash_size=i load_fetch=i plp_algorithm_column=s plp_limit_column=s
 plp_pipeid_column=s plp_table_name=s reply_code=i reply_reason=s timer_interval=i timer_mode=i
posops@5.7-: idx0=i
prefix_route: db_table=s db_url=s exit=i
presence: active_watchers_table=s clean_period=i cseq_offset=i db_table_lock_type=i db_update_period=i db_url=s
 default_socket=s@6.1- delete_same_subs=i dmq_peer_id=s@6.2- enable_dmq=i enable_pres_dmq=i@6.1-
 enable_pres_sync_dmq=i@6.1- enable_sphere_check=i enable_subs_dmq=i@6.1- enable_subs_sync_dmq=i@6.1- expires_offset=i
 fetch_rows=i force_delete=i local_log_facility=s local_log_level=i max_expires=i min_expires=i min_expires_action=i
 notifier_poll_rate=i notifier_processes=i pres_htable_size=i pres_subs_mode=i presentity_table=s publ_cache=i
 retrieve_order=i retrieve_order_by=s send_fast_notify=i server_address=s sip_uri_match=i skip_notify_dmq=i@6.1-
 startup_mode=i subs_db_mode=i subs_htable_size=i subs_remove_match=i subs_respond_200=i@5.6- timeout_rm_subs=i
 timer_mode=i waitn_time=i watchers_table=s xavp_cfg=s
presence_conference: default_expires=i@5.6- use_partial_states=i
presence_dfks@6.0-:
presence_dialoginfo: default_expires=i@5.6- force_dummy_dialog=i force_single_dialog=i
presence_mwi: default_expires=i@5.6-
presence_profile: default_expires=i@5.6-
presence_reginfo: aggregate_presentities=i@5.7- default_expires=i@5.6-
presence_xml: db_url=s default_expires=i@5.6- disable_bla=i disable_presence=i disable_winfo=i disable_xcapdiff=i
 force_active=i force_dummy_presence=i force_presence_single_body=i integrated_xcap_server=i passive_mode=i
 presence_single_body_lookup_element=s presence_single_body_priorities=s xcap_server=s xcap_table=s
 xcapauth_userdel_reason=s
ptimer@6.1-: default_interval=s default_nworkers=i default_type=i end=s loop=s start=s timer=s
pua: check_remote_contact=i db_mode=i db_table=s db_table_lock_write=i db_url=s default_expires=i
 dlginfo_increase_version=i fetch_rows=i hash_size=i min_expires=i outbound_proxy=s reginfo_increase_version=i
 update_period=i
pua_bla: default_domain=s header_name=s outbound_proxy=s server_address=s
pua_dialoginfo: attribute_display=i@5.5- callee_entity_when_publish_disabled=s@5.5- callee_trying=i caller_confirmed=i
 caller_entity_when_publish_disabled=s@5.5- disable_callee_publish_flag=i disable_caller_publish_flag=i
 include_callid=i include_localremote=i include_req_uri=i include_tags=i local_identity_dlg_var=s@5.7-
 override_lifetime=i publish_dialog_req_within=i@5.5- pubruri_callee_avp=s pubruri_callee_dlg_var=s
 pubruri_caller_avp=s pubruri_caller_dlg_var=s refresh_pubruri_avps_flag=i@5.7- send_publish_flag=i use_pubruri_avps=i
 use_uuid=i@6.0-
pua_json: pua_include_entity=i
pua_reginfo: default_domain=s outbound_proxy=s publish_reginfo=i server_address=s
pua_rpc:
pua_usrloc: branch_flag=i default_domain=s entity_prefix=s
pua_xmpp: server_address=s
pv: avp_aliases=s shvset=s varset=s
pv_headers: auto_msg=i header_apply_flag=i header_collect_flag=i header_value_size=i skip_headers=s split_headers=s
 xavi_name=s
pvtpl@6.1-: tpl=s
qos: qos_flag=i
rabbitmq: amqps_ca_file=s@5.8- direct_reply_to=i timeout_sec=i timeout_usec=i url=s
ratelimit: pipe=s queue=s timer_interval=i
regex: file=s group_max_size=i max_groups=i pcre_caseless=i pcre_dotall=i pcre_extended=i pcre_multiline=i
registrar: append_branches=i case_sensitive=i contact_max_size=i default_expires=i default_expires_range=i default_q=i
 event_callback=s expires_range=i flow_timer=i gruu_enabled=i lookup_filter_mode=i max_contacts=i max_expires=i
 method_filtering=i min_expires=i min_expires_mode=i outbound_mode=i path_check_local=i path_mode=i
 path_use_received=i realm_prefix=s received_avp=s received_param=s regid_mode=i retry_after=i sock_flag=i
 sock_hdr_name=s sock_mode=i@5.5- use_expired_contacts=i use_path=i xavp_cfg=s xavp_rcd=s xavp_rcd_mask=i
rls: clean_period=i db_mode=i db_url=s disable_remote_presence=i expires_offset=i fetch_rows=i hash_size=i
 integrated_xcap_server=i max_backend_subs=i max_expires=i max_notify_body_length=i notifier_poll_rate=i
 notifier_processes=i outbound_proxy=s reload_db_subs=i rlpres_clean_period=i rlpres_db_url=s rlpres_table=s rls_event=s
 rlsubs_table=s server_address=s to_presence_code=i waitn_time=i xcap_db_url=s xcap_root=s xcap_table=s
rr: add_username=i append_fromtag=i custom_user_avp=s enable_double_rr=i enable_full_lr=i
 enable_socket_mismatch_warning=i force_send_socket=i ignore_sips=i loose_route_mode=i@6.1- sockname_mode=i
rtimer: default_interval=i@5.6- exec=s timer=s
rtjson: xavp_cfg=s
rtpengine: aggressive_redetection=i control_cmd_tos=i db_url=s disabled_col=s dmq_peer_id=s@6.2- dtmf_event=s@5.8-
 dtmf_event_callid=s@5.8- dtmf_event_duration=s@6.1- dtmf_event_source_ip=s@6.1- dtmf_event_source_label=s@6.1-
 dtmf_event_source_tag=s@5.8- dtmf_event_tags=s@6.1- dtmf_event_timestamp=s@5.8- dtmf_event_type=s@6.1-
 dtmf_event_volume=s@6.1- dtmf_events_sock=s@5.8- enable_dmq=i@6.1- event_callback=s@6.1- extra_id_pv=s
 force_send_interface=s hash_algo=i hash_table_size=i hash_table_tout=i media_duration=s mos_A_label_pv=s
 mos_B_label_pv=s mos_average_A_pv=s mos_average_B_pv=s mos_average_jitter_A_pv=s mos_average_jitter_B_pv=s
 mos_average_jitter_pv=s mos_average_packetloss_A_pv=s mos_average_packetloss_B_pv=s mos_average_packetloss_pv=s
 mos_average_pv=s mos_average_roundtrip_A_pv=s mos_average_roundtrip_B_pv=s mos_average_roundtrip_leg_A_pv=s@5.5-
 mos_average_roundtrip_leg_B_pv=s@5.5- mos_average_roundtrip_leg_pv=s@5.5- mos_average_roundtrip_pv=s
 mos_average_samples_A_pv=s mos_average_samples_B_pv=s mos_average_samples_pv=s mos_max_A_pv=s mos_max_B_pv=s
 mos_max_at_A_pv=s mos_max_at_B_pv=s mos_max_at_pv=s mos_max_jitter_A_pv=s mos_max_jitter_B_pv=s mos_max_jitter_pv=s
 mos_max_packetloss_A_pv=s mos_max_packetloss_B_pv=s mos_max_packetloss_pv=s mos_max_pv=s mos_max_roundtrip_A_pv=s
 mos_max_roundtrip_B_pv=s mos_max_roundtrip_leg_A_pv=s@5.5- mos_max_roundtrip_leg_B_pv=s@5.5-
 mos_max_roundtrip_leg_pv=s@5.5- mos_max_roundtrip_pv=s mos_min_A_pv=s mos_min_B_pv=s mos_min_at_A_pv=s
 mos_min_at_B_pv=s mos_min_at_pv=s mos_min_jitter_A_pv=s mos_min_jitter_B_pv=s mos_min_jitter_pv=s
 mos_min_packetloss_A_pv=s mos_min_packetloss_B_pv=s mos_min_packetloss_pv=s mos_min_pv=s mos_min_roundtrip_A_pv=s
 mos_min_roundtrip_B_pv=s mos_min_roundtrip_leg_A_pv=s@5.5- mos_min_roundtrip_leg_B_pv=s@5.5-
 mos_min_roundtrip_leg_pv=s@5.5- mos_min_roundtrip_pv=s ping_interval=i@6.0- ping_mode=i@5.8- queried_nodes_limit=i
 read_sdp_pv=s rtp_inst_pvar=s rtpengine_allow_op=i rtpengine_disable_tout=i rtpengine_retr=i rtpengine_sock=s
 rtpengine_tout_ms=i setid_avp=s setid_col=s setid_default=i table_name=s url_col=s weight_col=s write_sdp_pv=s
 write_sdp_pv_mode=i@6.0- wsapi=s@5.5-
rtpproxy: db_url=s extra_id_pv=s ice_candidate_priority_avp=s nortpproxy_str=s rtp_inst_pvar=s rtpproxy_disable_tout=i
 rtpproxy_retr=i rtpproxy_sock=s rtpproxy_tout=i table_name=s timeout_socket=s timeout_tag_pv=s@5.8-
sanity: autodrop=i default_checks=i noreply=i proxy_require=s size_body=i@6.2- size_checks=i@6.2-
 size_contact_uri=i@6.2- size_from_uri=i@6.2- size_header=i@6.2- size_headers=i@6.2- size_message=i@6.2-
 size_method=i@6.2- size_pai_uri=i@6.2- size_path_uri=i@6.2- size_route_uri=i@6.2- size_ruri=i@6.2- size_to_uri=i@6.2-
 uri_checks=i
sca: call_info_max_expires=i contact_fallback=s@6.0- db_update_interval=i db_url=s from_uri_avp=s@6.0-
 hash_table_size=i line_seize_max_expires=i onhold_bflag=i outbound_proxy=s purge_expired_interval=i server_address=s
 state_table=s subs_table=s to_uri_avp=s@6.0-
sctp: sctp_asocmaxrxt=i sctp_assoc_reuse=i sctp_assoc_tracking=i sctp_autoclose=i sctp_hbinterval=i
 sctp_init_max_attempts=i sctp_init_max_timeo=i sctp_max_assocs=i sctp_max_burst=i sctp_pathmaxrxt=i sctp_sack_delay=i
 sctp_sack_freq=i sctp_send_retries=i sctp_send_ttl=i sctp_socket_rcvbuf=i sctp_socket_sndbuf=i sctp_srto_initial=i
 sctp_srto_max=i sctp_srto_min=i
sdpops:
seas: clusters=s jain_ping=s listen_sockets=s servlet_ping=s stats_socket=s
secfilter: action_col=s cleanup_interval=i@5.7- data_col=s db_url=s dst_exact_match=i reload_delta=i@5.7- table_name=s
 type_col=s
secsipid@5.5-: cache_dir=s cache_expire=i expire=i libopt=s modproc=s timeout=i
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
sipdump: enable=i event_callback=s fage=i@5.6- fagex=s@6.1- folder=s fprefix=s mode=i parse_call_id=i@6.2- rotate=i
 wait=i wait_mode=i@6.1-
sipjson:
siprepo@6.1-: expire=i hash_size=i timer_interval=i timer_procs=i
sipt:
siptrace: auth_key=s callid_column=s data_mode=i@5.8- date_column=s db_url=s direction_column=s duplicate_uri=s
 evcb_msg=s@5.5- force_send_sock=s fromip_column=s fromtag_column=s hep_capture_id=i hep_mode_on=i hep_version=i
 method_column=s msg_column=s send_sock_addr=s send_sock_name=s status_column=s table=s toip_column=s totag_column=s
 trace_db_mode=i trace_delayed=i trace_dialog_ack=i@5.7- trace_dialog_spiral=i@5.7- trace_ephemeral_socket=i@6.2-
 trace_flag=i trace_init_mode=i trace_local_ip=s trace_mode=i trace_on=i trace_sl_acks=i trace_table_avp=s
 trace_to_database=i traced_user_avp=s traced_user_column=s xheaders_read=i xheaders_write=i
siputils: contact_flds_separator=s e164_max_len=i@5.7- options_accept=s options_accept_encoding=s
 options_accept_language=s options_support=s ring_timeout=i@-5.5 rpid_avp=s rpid_prefix=s rpid_suffix=s
sl: bind_tm=i default_code=i default_reason=s event_callback_fl_ack=s event_callback_lres_sent=s rich_redirect=i
slack@5.6-: channel=s icon_emoji=s slack_url=s username=s
sms: default_net=s domain=s links=s max_sms_parts=i modems=s networks=s sms_report_type=i use_contact=i
smsops:
snmpstats: MsgQueueMajorThreshold=i MsgQueueMinorThreshold=i dlg_major_threshold=i dlg_minor_threshold=i
 export_registrar=i sipEntityType=s snmpCommunity=s snmpVersion=s@5.6- snmpgetPath=s
speeddial: db_url=s domain_column=s domain_prefix=s new_uri_column=s sd_domain_column=s sd_user_column=s use_domain=i
 user_column=s
sqlops: connect_mode=i log_buf_size=i@6.0- results_maxsize=i@5.5- sqlcon=s sqlres=s tr_buf_size=i
ss7ops:
sst: enable_stats=i min_se=i reject_to_small=i sst_flag=i timeout_avp=s
statistics: variable=s
statsc: interval=i items=i track=s
statsd: ip=s port=s
stun:
sworker@5.7-: xdata=s
systemdops:
tcpops: closed_event=i event_callback=s
textops:
textopsx:
timer: declare_timer=s
tls: ca_list=s ca_path=s@5.5- certificate=s cipher_list=s con_ct_wq_max=i config=s connection_timeout=i crl=s
 ct_wq_blk_size=i ct_wq_max=i engine=s engine_algorithms=s engine_config=s event_callback=s init_mode=i@5.7-
 key_password_mode=i@6.0- keylog_file=s@6.1- keylog_mode=i@6.1- keylog_peer=s@6.1- low_mem_threshold1=i
 low_mem_threshold2=i private_key=s private_key_password=s@6.0- provider_quirks=i@5.7- provider_quirks_config=s@6.0-
 rand_engine=s renegotiation=i require_certificate=i send_close_notify=i server_name=s session_cache=i session_id=s
 ssl_freelist_max_len=i ssl_max_send_fragment=i ssl_read_ahead=i ssl_release_buffers=i tls_debug=i
 tls_disable_compression=i tls_force_run=i tls_log=i tls_method=s verify_certificate=i verify_client=s verify_depth=i
 xavp_cfg=s
tls_wolfssl@6.0-6.0: ca_list=s ca_path=s certificate=s cipher_list=s con_ct_wq_max=i config=s connection_timeout=i crl=s
 ct_wq_blk_size=i ct_wq_max=i event_callback=s private_key=s renegotiation=i require_certificate=i send_close_notify=i
 server_name=s session_cache=i session_id=s ssl_freelist_max_len=i ssl_max_send_fragment=i ssl_read_ahead=i
 ssl_release_buffers=i tls_debug=i tls_disable_compression=i tls_force_run=i tls_log=i tls_method=s verify_certificate=i
 verify_client=s verify_depth=i xavp_cfg=s
tlsa@6.1-: ca_list=s ca_path=s certificate=s cipher_list=s con_ct_wq_max=i config=s connection_timeout=i crl=s
 ct_wq_blk_size=i ct_wq_max=i engine=s engine_algorithms=s engine_config=s event_callback=s init_mode=i
 key_password_mode=i keylog_file=s keylog_mode=i keylog_peer=s low_mem_threshold1=i low_mem_threshold2=i private_key=s
 private_key_password=s provider_quirks=i provider_quirks_config=s rand_engine=s renegotiation=i require_certificate=i
 send_close_notify=i server_name=s session_cache=i session_id=s ssl_freelist_max_len=i ssl_max_send_fragment=i
 ssl_read_ahead=i ssl_release_buffers=i tls_debug=i tls_disable_compression=i tls_force_run=i tls_log=i tls_method=s
 verify_certificate=i verify_client=s verify_depth=i xavp_cfg=s
tm: ac_extra_hdrs=s aggregate_challenges=i auto_inv_100=i auto_inv_100_reason=s blst_503=i blst_503_def_timeout=i
 blst_503_max_timeout=i blst_503_min_timeout=i blst_methods_add=i blst_methods_lookup=i callid_cseq_matching=i@5.6-
 callid_matching=i cancel_b_method=i contact_flows_avp=s contacts_avp=s default_code=i default_reason=s
 delayed_reply=i@6.1- disable_6xx_block=i dns_reuse_rcv_socket=i e2e_cancel_hop_by_hop=i@6.0- e2e_cancel_reason=i
 enable_uac_fr=i@5.6- evcb_local_ack_sent=s@6.1- event_callback=s event_callback_lres_sent=s evlreq_mode=i@6.1-
 exec_time_check=i failover_reply_codes=s@5.7- failure_exec_mode=i failure_reply_mode=i faked_reply_prio=i
 fr_inv_timer=i fr_inv_timer_avp=s fr_timer=i fr_timer_avp=s headers_mode=i@6.0- local_ack_branch_mode=i@6.1-
 local_ack_mode=i local_cancel_reason=i max_inv_lifetime=i max_noninv_lifetime=i noisy_ctimer=i on_sl_reply=s
 pass_provisional_replies=i relay_100=i remap_503_500=i reparse_invite=i reparse_on_dns_failover=i
 reply_408_code=i@6.0- reply_408_reason=s@6.0- reply_matching=i@6.1- reply_relay_mode=i restart_fr_on_each_reply=i
 retr_timer1=i retr_timer2=i rich_redirect=i ruri_matching=i tw_append=s unix_tx_timeout=i unmatched_cancel=i
 via1_matching=i wt_timer=i xavp_contact=s
tmrec: separator=s wday=i
tmx: precheck_trans=i
topoh: callid_prefix=s event_callback=s event_mode=i@5.5- mask_callid=i mask_cookie=s@6.1- mask_ip=s mask_key=s
 mask_mode=i@5.7- sanity_checks=i uparam_name=s uparam_prefix=s uri_prefix_checks=i use_mode=i@5.7- vparam_name=s
 vparam_prefix=s
topos: branch_expire=i clean_interval=i contact_host=s contact_mode=i@5.5- context=s@5.5- cparam_name=s@5.5- db_url=s
 dialog_expire=i event_callback=s event_mode=i header_mode=i@5.7- mask_callid=i methods_nocontact=s@5.7-
 methods_noinitial=s@5.7- methods_update_time=s@6.1- rr_update=i@5.5- sanity_checks=i sn_refresh_topology=i@6.2-
 storage=s version_table=i@5.8- xavu_cfg=s@5.5- xavu_field_a_contact=s@5.5- xavu_field_a_contact_host=s@6.1-
 xavu_field_b_contact=s@5.5- xavu_field_b_contact_host=s@6.1- xavu_field_contact_host=s@5.5-
topos_htable@6.0-: topos_htable_base64=i topos_htable_dialog=s topos_htable_transaction=s
topos_redis: serverid=s
tsilo: hash_size=i use_domain=i
uac: auth_password_avp=s auth_realm_avp=s auth_username_avp=s credential=s default_socket=s event_callback=s
 reg_active=i reg_contact_addr=s reg_db_table=s reg_db_url=s reg_gc_interval=i reg_hash_size=i@5.6- reg_keep_callid=i
 reg_random_delay=i reg_retry_interval=i reg_timer_interval=i reg_use_domain=i@5.6- reload_delta=i@6.0- restore_dlg=i
 restore_from_avp=s restore_mode=s restore_passwd=s restore_to_avp=s rr_from_store_param=s rr_to_store_param=s
uac_redirect: acc_db_table=s acc_function=s accept_filter=s bflags=i default_filter=s deny_filter=s flags_hdr_mode=i
 q_value=i@5.5-
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
userblacklist@-5.4: db_url=s globalblacklist_whitelist_col=s globalblacklist_description_col=s
 globalblacklist_id_col=s globalblacklist_prefix_col=s globalblacklist_table=s match_mode=i use_domain=i
 userblacklist_whitelist_col=s userblacklist_domain_col=s userblacklist_id_col=s userblacklist_prefix_col=s
 userblacklist_table=s userblacklist_username_col=s
userblocklist@5.5-: db_url=s globalblocklist_allowlist_col=s globalblocklist_description_col=s
 globalblocklist_id_col=s globalblocklist_prefix_col=s globalblocklist_table=s match_mode=i use_domain=i
 userblocklist_allowlist_col=s userblocklist_domain_col=s userblocklist_id_col=s userblocklist_prefix_col=s
 userblocklist_table=s userblocklist_username_col=s
usrloc: callid_column=s cflags_column=s close_expired_tcp=i connection_id_column=s contact_column=s cseq_column=s
 cseq_delay=i db_check_update=i db_clean_tcp=i@5.6- db_insert_null=i db_insert_update=i db_load=i db_mode=i
 db_ops_ruid=i db_raw_fetch_type=i db_timer_clean=i db_update_as_insert=i db_url=s desc_time_order=i domain_column=s
 expires_column=s expires_type=i fetch_rows=i flags_column=s handle_lost_tcp=i hash_size=i instance_column=s
 ka_domain=s ka_filter=i ka_from=s ka_interval=i@5.8- ka_loglevel=i ka_logmsg=s ka_method=s ka_mode=i
 ka_randomize=i@5.8- ka_reply_codes=s@5.8- ka_timeout=i keepalive_column=s load_rank=i@5.5- matching_mode=i
 methods_column=s nat_bflag=i partition_column=s path_column=s preload=s q_column=s received_column=s reg_id_column=s
 rm_expired_delay=i ruid_column=s server_id_column=s server_id_filter=i skip_remote_socket=i socket_column=s
 timer_interval=i timer_procs=i use_domain=i user_agent_column=s user_column=s version_table=i xavp_contact=s
utils: forward_active=i pres_db_url=s xcap_table=s
uuid:
websocket: cors_mode=i event_callback=s keepalive_interval=i keepalive_mechanism=i keepalive_processes=i
 keepalive_timeout=i ping_application_data=s rm_delay_interval=i sub_protocols=i timer_interval=i verbose_list=i
xcap_client: db_url=s periodical_query=i query_period=i xcap_table=s
xcap_server: buf_size=i db_url=s directory_hostname=s directory_scheme=i xcap_root=s xcap_table=s xml_ns=s
xhttp: event_callback=s url_match=s url_skip=s
xhttp_pi: framework=s xhttp_pi_buf_size=i xhttp_pi_root=s
xhttp_prom: prom_counter=s prom_gauge=s prom_histogram=s@5.5- timestamp_format=s@6.2- xhttp_prom_beginning=s@5.5-
 xhttp_prom_buf_size=i xhttp_prom_metadata_flags=i@6.1- xhttp_prom_pkg_stats=i@6.0- xhttp_prom_stats=s
 xhttp_prom_tags=s@6.0- xhttp_prom_timeout=i xhttp_prom_uptime_stat=i@6.0-
xhttp_rpc: xhttp_rpc_buf_size=i xhttp_rpc_root=s
xlog: auto_newline=i@6.2- buf_size=i force_color=i log_colors=s log_facility=s long_format=i methods_filter=i prefix=s
 prefix_mode=i@5.6-
xmlops: buf_size=i xml_ns=s
xmlrpc: autoconversion=i double_lf_to_crlf=i escape_cr=i event_callback=s mode=i route=s url_match=s url_skip=s
xmpp: backend=s domain_separator=s gateway_domain=s gwmap=s outbound_proxy=s xmpp_domain=s xmpp_host=s xmpp_password=s
 xmpp_port=i
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


@lru_cache(maxsize=None)
def _modules() -> Mapping[str, Tuple[str, str]]:
    """The table by module: when there is such a module, and its parameters."""
    found = re.finditer(r"^([^@:\s]+)(?:@(\S+))?:(.*(?:\n .*)*)", TABLE, re.MULTILINE)
    return {module.group(1): (module.group(2) or "", module.group(3)) for module in found}


@lru_cache(maxsize=4096)
def parameter_types(module: str, version: Version) -> Optional[Mapping[str, str]]:
    """The parameters of a module and their types: C({"ds_ping_interval": "i", "list_file": "s", "fifo_user": "is"}).

    C(i) accepts a number, C(s) a string. None for a module that is not known, or if this version, one of C(tables_for),
    does not have it; an empty dict for a module that has no parameters. The server compares the names of parameters
    with regard to case, and so are the keys meant. Its comparison of modules in C(modparam) is a regular expression
    without regard to case: V(module) is the name of the module's file, without C(.so).
    """
    current = version.series
    known = _modules().get(module)
    if not known or not within(known[0], current):
        return None
    types = {}
    for entry in known[1].split():
        name, _equals, rest = entry.partition("=")
        accepted, _at, span = rest.partition("@")
        if within(span, current):
            types[name] = accepted
    return types


def within(span: str, current: str) -> bool:
    """Whether a release such as C(6.0) is in a span of the table, such as C(6.0-) or C(-5.6)."""
    first, _dash, last = span.partition("-")
    return first <= current and (not last or current <= last)
