/** Kamailio's modules by name: what `loadmodule` means for each (kamailio.md §10). */
import { suggest } from '../core/suggest.ts'

/**
 * `plugin`: shipped as a plugin file of that name; `builtin`: part of the server, loading it does nothing; `ignored`: accepted, so that
 * a file with SIP in it starts, and without functions; `absent`: known and not there.
 */
export type ScriptModuleKind = 'plugin' | 'builtin' | 'ignored' | 'absent'

const plugins = 'jsonrpcs xhttp xhttp_rpc xhttp_prom xhttp_pi microhttpd usrloc registrar'
const builtin = 'sl pv kex xlog textops textopsx siputils cfgutils corex htable cfg_rpc counters db_sqlite db_postgres db_mysql'
const ignored = 'ctl tm tmx rr maxfwd sanity mi_fifo mi_rpc outbound debugger ipops pike statistics tls uuid'
const absent = 'acc acc_json acc_diameter acc_radius alias_db app_java app_jsdt app_lua app_lua_sr app_mono app_perl app_python app_python3 app_ruby ' +
  'app_sqlang async auth auth_db auth_diameter auth_ephemeral auth_identity auth_radius auth_xkeys avp avpops benchmark blst call_control call_obj ' +
  'carrierroute cdp cdp_avp cfg_db cfgt cnxcc cplc crypto db2_ldap db2_ops db_berkeley db_cassandra db_cluster db_flatstore db_mongodb db_oracle ' +
  'db_perlvdb db_redis db_text db_unixodbc dialog dialplan dispatcher diversion dlgs dmq dmq_usrloc dnssec domain domainpolicy drouting enum erlang ' +
  'evapi evrexec exec file_out geoip geoip2 gcrypt group gzcompress h350 http_async_client http_client ims_auth ims_charging ims_dialog ' +
  'ims_diameter_server ims_icscf ims_ipsec_pcscf ims_isc ims_ocs ims_qos ims_registrar_pcscf ims_registrar_scscf ims_usrloc_pcscf imc ' +
  'influxdbc janssonrpcc jansson json jsonrpcc jwt kafka kazoo keepalive lcr ldap log_custom log_systemd lost lrkproxy lwsc math matrix mangler ' +
  'mediaproxy memcached misc_radius misctest mohqueue mqtt mqueue msilo msrp mtree nat_traversal nathelper nats ndb_cassandra ndb_mongodb ndb_redis ' +
  'nghttp2 nosip nsq osp path pdb pdt peering permissions phonenum pipelimit posops prefix_route presence presence_conference presence_dfks ' +
  'presence_dialoginfo presence_mwi presence_profile presence_reginfo presence_xml print print_lib pua pua_bla pua_dialoginfo pua_json pua_mi ' +
  'pua_reginfo pua_rpc pua_usrloc pua_xmpp purple pv_headers qos rabbitmq random ratelimit regex rls rtimer rtjson rtp_media_server rtpengine ' +
  'rtpproxy ruxc sctp sdpops seas secfilter secsipid secsipid_proc sipcapture sipdump sipjson siprepo siptrace sipt slack sms smsops snmpstats speeddial ' +
  'sqlops ss7ops sst stirshaken statsc statsd stun sworker systemdops tcpops textops2 timer tls_wolfssl tlsa topoh topos topos_htable topos_redis ' +
  'tsilo uac uac_redirect uid_auth_db uid_avp_db uid_domain uid_gflags uid_uri_db unixsock uri_db userblocklist utils websocket xcap_client ' +
  'xcap_server xhttp_prom2 xmlops xmlrpc xmpp xprint'

const split = (names: string, kind: ScriptModuleKind): [string, ScriptModuleKind][] => names.split(' ').map((name) => [name, kind])

/** What is known, by module name. */
export const scriptModules: ReadonlyMap<string, ScriptModuleKind> = new Map([
  ...split(absent, 'absent'), ...split(ignored, 'ignored'), ...split(builtin, 'builtin'), ...split(plugins, 'plugin'),
])

/** Parameters of built-in modules that are accepted and have nothing to do here. */
export const idleParameters: Readonly<Record<string, readonly string[]>> = {
  sl: ['default_code', 'default_reason', 'bind_tm', 'rich_redirect', 'event_callback_fl_ack', 'event_callback_lres_sent'],
  xlog: ['buf_size', 'force_color', 'log_colors', 'log_facility', 'long_format', 'methods_filter', 'prefix'],
  corex: ['alias_subdomains', 'evname_net_data', 'network_io_intercept', 'min_msg_len', 'msg_intercept_mode'],
  db_mysql: ['auto_reconnect', 'insert_delayed', 'ping_interval', 'timeout_interval', 'update_affected_found'],
  db_sqlite: ['db_journal_mode'],
  siputils: ['options_accept', 'options_accept_encoding', 'options_accept_language', 'options_support', 'ring_timeout'],
  kex: [], pv: [], textops: [], textopsx: [], cfgutils: [], htable: [], cfg_rpc: [], counters: [], db_postgres: [],
}

/** What to say about a module that cannot be loaded, with a suggestion or null. */
export function missingModule(name: string): { message: string, note: string | null } {
  const kind = scriptModules.get(name)
  if (kind === 'absent') return { message: `module "${name}" is not available in vespid`, note: 'remove the line and what uses its functions' }
  if (kind !== undefined) return { message: `the plugin of module "${name}" is not installed`, note: null }
  const present = [...scriptModules].filter(([, other]) => other !== 'absent').map(([other]) => other)
  const meant = suggest(name, present) ?? suggest(name, scriptModules.keys())
  return { message: `could not find module "${name}"`, note: meant === null ? null : `did you mean "${meant}"?` }
}
