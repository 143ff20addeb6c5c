const proxyInstead = 'let the application speak HTTP and use proxy_pass'
const pluginInstead = 'write a plugin for it (vespid new NAME)'

const gateway = (name: string): string => `${name} is not supported; ${proxyInstead}`

/** Groups of directives by the beginning of their names. The first that fits is taken. */
export const families: readonly (readonly [RegExp, string])[] = [
  [/^fastcgi_/, gateway('FastCGI')],
  [/^uwsgi_/, gateway('uwsgi')],
  [/^scgi_/, gateway('SCGI')],
  [/^grpc_/, 'gRPC needs HTTP/2 to the server, which is not supported'],
  [/^memcached_/, `memcached is not supported; ${pluginInstead}, or keep data in a zone`],
  [/^tunnel_/, 'CONNECT is not supported; only servers that proxy_pass names are connected to'],
  [/^ssi(_|$)/, `server side includes are not supported; compose pages in the application, or ${pluginInstead}`],
  [/^(charset_map|source_charset)$/, 'texts are not recoded; charset only names what they are in'],
  [/^userid_mark$/, 'cookies are not marked; leave it out'],
  [/^(ancient|modern)_browser/, 'use map on $http_user_agent in its place'],
  [/^(dav_|create_full_put_path$|min_delete_depth$)/, `WebDAV is not supported; ${proxyInstead}`],
  [/^geoip2?(_|$)/, 'GeoIP databases are not read; use geo with networks of your own'],
  [/^(mp4(_|$)|flv$)/, 'pseudo-streaming is not supported; byte ranges are, and need no directive'],
  [/^slice$/, 'requests are not sliced; byte ranges are passed on to the server'],
  [/^image_filter(_|$)/, `images are not converted; ${proxyInstead}`],
  [/^(xslt_|xml_)/, `XML is not transformed; ${proxyInstead}`],
  [/^perl(_|$)/, `Perl is not supported; ${pluginInstead}`],
  [/^(http3|quic)(_|$)/, 'HTTP/3 is not supported; clients use HTTP/1.1'],
  [/^proxy_ssl_/, 'this TLS setting towards servers is not supported'],
  [/^(kqueue|devpoll|eventport|iocp)_|^(acceptex_read|post_acceptex)$/, 'it belongs to an event method of another system; leave it out'],
  [/^(pop3|imap|smtp)_|^(auth_http(_.*)?|starttls|xclient)$/, 'mail is not proxied; vespid serves HTTP'],
  [/_by_lua(_block|_file)?$|^lua_/, `Lua is not supported; ${pluginInstead}`],
  [/^js_/, `njs is not supported; ${pluginInstead}`],
  [/^brotli(_|$)|^zstd(_|$)/, 'only gzip compresses; use gzip on'],
  [/^more_(set|clear)_(input_)?headers$/, 'use add_header, or a plugin with a header filter'],
  [/^(echo|echo_.*)$/, 'use return 200 "text" in its place'],
  [/^(modsecurity|pagespeed|passenger|vhost_traffic_status|auth_ldap|auth_pam)(_|$)/, `this module of nginx is not there; ${pluginInstead}`],
  [/^(auth_jwt|auth_oidc|api|health_check|sticky_cookie_insert|status_zone|session_log|keyval|zone_sync|app_protect|ntlm|queue|state)(_|$)/,
    'it belongs to the commercial nginx'],
]

const noElse = 'there is no else; use another if, or map'

/** Single directives. */
export const absent: ReadonlyMap<string, string> = new Map([
  ['else', noElse],
  ['elseif', noElse],
  ['elif', noElse],
  ['redirect', 'use return 301 URL in its place'],
  ['header', 'use add_header NAME VALUE in its place'],
  ['set_header', 'use proxy_set_header for requests, add_header for responses'],
  ['stream', 'TCP and UDP are not proxied; vespid serves HTTP'],
  ['mail', 'mail is not proxied; vespid serves HTTP'],
  ['ssl', 'use listen 443 ssl in its place'],
  ['spdy', 'clients use HTTP/1.1; leave it out'],
  ['ssl_engine', 'TLS is done by the runtime, which loads no engines'],
  ['ssl_object_cache_inheritable', 'certificates are read anew at each reload; leave it out'],
  ['quic_bpf', 'HTTP/3 is not supported; leave it out'],
  ['google_perftools_profiles', 'run Node.js with --cpu-prof in its place'],
  ['random_index', 'use index with fixed names'],
  ['degradation', 'it has no counterpart; leave it out'],
  ['degrade', 'it has no counterpart; leave it out'],
  ['proxy_cache_path', 'responses are not cached; leave it out'],
  ['least_time', 'use least_conn in its place'],
  ['sticky', 'use ip_hash, or hash $cookie_NAME consistent, in its place'],
  ['fair', 'use least_conn in its place'],
  ['check', 'servers are not asked whether they live; max_fails and fail_timeout tell them dead'],
  ['health_check', 'servers are not asked whether they live; max_fails and fail_timeout tell them dead'],
  ['limit_zone', 'use limit_conn_zone in its place'],
  ['open_file_cache_retest', 'use open_file_cache_valid in its place'],
  ['upload_progress', 'the progress of uploads is not told'],
  ['stub_status_zone', 'use stub_status'],
])
