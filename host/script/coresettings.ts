/** Kamailio's core settings by name (kamailio.md §9.3): which take effect here, which are known and have nothing to do. */

/** What a setting does here. `used`: it takes effect; `quiet`: it has nothing to do and nobody misses it; `ignored`: the user is told. */
export type SettingEffect = 'used' | 'quiet' | 'ignored'

const used = 'alias children debug fork group log_stderror max_recursive_level max_while_loops port pv_buffer_size run_dir ' +
  'server_header server_id server_signature tcp_accept_no_cl tcp_children tcp_connection_lifetime tcp_max_connections tcp_rd_buf_size user wdir workdir'

const quiet = 'auto_aliases auto_bind_ipv6 cfgengine check_via disable_core_dump dns dns_cache_init dns_cache_flags dns_cache_gc_interval ' +
  'dns_cache_max_ttl dns_cache_mem dns_cache_min_ttl dns_cache_negative_ttl dns_naptr_ignore_rfc dns_retr_no dns_retr_time dns_search_full_match ' +
  'dns_servers_no dns_srv_lb dns_srv_loadbalancing dns_tcp_pref dns_tls_pref dns_try_ipv6 dns_try_naptr dns_udp_pref dns_use_search_list ' +
  'http_reply_parse local_rport log_engine_data log_engine_type loadpath mem_add_size mem_join mem_safety mem_status_mode memdbg memlog memsum mhomed ' +
  'mlock_pages mpath pmtu_discovery pv_buffer_slots pv_cache_action pv_cache_limit rev_dns route_locks_size rundir shm_force_alloc shm_mem_size ' +
  'sip_parser_log sip_parser_log_oneline sip_parser_mode sip_warning socket_workers stats_name_separator tcp_async tcp_clone_rcvbuf ' +
  'tcp_conn_wq_max tcp_connect_timeout tcp_connection_match tcp_crlf_ping tcp_defer_accept tcp_delayed_ack tcp_fd_cache tcp_keepalive ' +
  'tcp_keepcnt tcp_keepidle tcp_keepintvl tcp_linger2 tcp_no_connect tcp_poll_method tcp_reuse_port tcp_script_mode tcp_send_timeout ' +
  'tcp_source_ipv4 tcp_source_ipv6 tcp_wait_data tcp_wq_blk_size tcp_wq_max tls_max_connections udp_mtu udp_mtu_try_proto udp_receiver_mode ' +
  'uri_host_extra_chars version_table via_alias wait_worker1_mode wait_worker1_time wait_worker1_usleep workers xavp_via_fields xavp_via_params ' +
  'xavp_via_reply_params latency_log latency_limit_db latency_limit_action latency_cfg_log latency_limit_cfg kemi.onsend_route_callback ' +
  'kemi.received_route_callback kemi.reply_route_callback kemi.pre_routing_callback onsend_route_reply max_branches msg_time modinit_delay timer_workers ' +
  'async_workers async_workers_group async_usleep async_nonblock async_tkv_evcb async_tkv_gname async_tkv_timeout core_lock_exit_cfg ' +
  'evlreq_mode_fname ip_free_bind force_rport phone2tel pv_cache_drop reply_to_via sql_buffer_size sdp_ip_af user_agent_header'

const ignored = 'advertised_address advertised_port bind_ipv6_link_local chroot disable_sctp disable_tcp disable_tls enable_sctp enable_tls ' +
  'exit_timeout log_facility log_color log_name log_prefix log_prefix_mode maxbuffer maxsndbuffer mcast mcast_loopback mcast_ttl open_files_limit ' +
  'real_time rt_ftimer_policy rt_ftimer_prio rt_policy rt_prio rt_stimer_policy rt_stimer_prio rt_timer1_policy rt_timer1_prio rt_timer2_policy ' +
  'rt_timer2_prio sctp_children stun_allow_fp stun_allow_stun stun_refresh_interval syn_branch tls_method tls_port_no tls_verify tls_verify_client ' +
  'tls_verify_server tls_require_certificate tls_require_client_certificate tls_certificate tls_private_key tls_ca_list tls_crl tls_cipher_list ' +
  'tls_handshake_timeout tls_send_timeout tos udp4_raw udp4_raw_mtu udp4_raw_ttl xavp_from_regex'

/** Every core setting that is known. */
export const coreSettings: ReadonlyMap<string, SettingEffect> = new Map([
  ...used.split(' ').map((name) => [name, 'used'] as const), ...quiet.split(' ').map((name) => [name, 'quiet'] as const),
  ...ignored.split(' ').map((name) => [name, 'ignored'] as const),
])

/** Settings that are a text; all others but `alias` are numbers, or take both. */
export const textSettings: ReadonlySet<string> = new Set([
  'group', 'run_dir', 'server_header', 'user', 'wdir', 'workdir',
])
