/**
 * proxy_pass (nginx.md §11): passes requests to other HTTP servers. A host module because it needs sockets.
 *
 * Read and checked, but without effect here:
 *
 * | directives | why |
 * |---|---|
 * | proxy_temp_path, proxy_max_temp_file_size, proxy_temp_file_write_size | no more is kept than proxy_buffers |
 * | proxy_busy_buffers_size, proxy_send_lowat, proxy_socket_rcvbuf, _sndbuf | Node's buffers |
 * | proxy_headers_hash_max_size, _bucket_size | hashes grow by themselves |
 * | proxy_limit_rate, proxy_pass_trailers | not yet |
 * | proxy_cache (only `off`), proxy_cache_* , proxy_cache_bypass, proxy_no_cache, proxy_store (only `off`) | there is no cache |
 * | proxy_ssl_session_reuse, proxy_ssl_verify_depth | OpenSSL's own |
 */
import type { Cf } from '../../conf/cf.ts'
import type { Directive, Module } from '../../module.ts'
import { Args, Where } from '../../module.ts'
import {
  setBitmask, setBufs, setEnum, setFlag, setMsec, setNum, setPath, setSize, setStr, setStrArray,
} from '../../conf/setters.ts'
import { compileTemplate } from '../../expr/template.ts'
import { moduleOrder } from '../order.ts'
import { IgnoreHeaders, NextUpstream, ProxyConf } from './conf.ts'
import { SslProtocols } from './connect.ts'
import {
  setBind, setCookieFlags, setCookieRule, setFile, setHeader, setOffOnly, setPredicatesOnly, setRedirect,
  setTemplate,
} from './directives.ts'
import { mergeProxy } from './merge.ts'
import { ignoreLowat, setSizeValue } from '../../http/core/response.ts'
import { cacheDirectives } from './cache.ts'
import { setPass } from './pass.ts'
import { proxyVariables } from './variables.ts'

type Setter = Directive['set']

const everywhere = Where.Http | Where.Server | Where.Location
const inLocation = Where.Location | Where.LocationIf | Where.LimitExcept

/** `proxy_next_upstream` → `nextUpstream`: the field that a standard setter writes. */
function fieldOf(name: string): string {
  return name.slice('proxy_'.length).replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function directive(
  name: string, set: Setter, args: number = Args.Take1, post?: unknown, field = fieldOf(name),
): Directive {
  return { name, where: everywhere, args, conf: 'loc', set, field, post }
}

function flags(...names: string[]): Directive[] {
  return names.map((name) => directive(name, setFlag, Args.Flag))
}

function sizes(...names: string[]): Directive[] {
  return names.map((name) => directive(name, setSize))
}

const retries = {
  error: NextUpstream.error, timeout: NextUpstream.timeout, invalid_header: NextUpstream.invalidHeader,
  non_idempotent: NextUpstream.nonIdempotent, http_500: NextUpstream.http500, http_502: NextUpstream.http502,
  http_503: NextUpstream.http503, http_504: NextUpstream.http504, http_403: NextUpstream.http403,
  http_404: NextUpstream.http404,
  http_429: NextUpstream.http429, updating: NextUpstream.updating, off: NextUpstream.off,
}

const request: readonly Directive[] = [
  { name: 'proxy_pass', where: inLocation, args: Args.Take1, conf: 'loc', set: setPass },
  directive('proxy_set_header', setHeader, Args.Take2),
  directive('proxy_method', setTemplate),
  directive('proxy_http_version', setEnum, Args.Take1, { '1.0': 1000, '1.1': 1001 }),
  directive('proxy_set_body', setTemplate),
  directive('proxy_bind', setBind, Args.Take12),
  directive('proxy_send_lowat', setSize, Args.Take1, ignoreLowat),
  directive('proxy_headers_hash_max_size', setNum),
  directive('proxy_headers_hash_bucket_size', setNum),
  ...flags('proxy_pass_request_headers', 'proxy_pass_request_body', 'proxy_request_buffering'),
]

const connection: readonly Directive[] = [
  directive('proxy_connect_timeout', setMsec),
  directive('proxy_send_timeout', setMsec),
  directive('proxy_read_timeout', setMsec),
  directive('proxy_next_upstream', setBitmask, Args.OneOrMore, retries),
  directive('proxy_next_upstream_tries', setNum),
  directive('proxy_next_upstream_timeout', setMsec),
  ...flags('proxy_socket_keepalive', 'proxy_ignore_client_abort'),
  ...sizes('proxy_socket_rcvbuf', 'proxy_socket_sndbuf'),
]

const response: readonly Directive[] = [
  directive('proxy_buffers', setBufs, Args.Take2),
  directive('proxy_temp_path', setPath, Args.Take1234),
  directive('proxy_limit_rate', setSizeValue),
  directive('proxy_ignore_headers', setBitmask, Args.OneOrMore, IgnoreHeaders),
  directive('proxy_hide_header', setStrArray, Args.Take1, undefined, 'hideHeaders'),
  directive('proxy_pass_header', setStrArray, Args.Take1, undefined, 'passHeaders'),
  directive('proxy_redirect', setRedirect, Args.Take12),
  directive('proxy_cookie_domain', setCookieRule, Args.Take12, undefined, 'cookieDomains'),
  directive('proxy_cookie_path', setCookieRule, Args.Take12, undefined, 'cookiePaths'),
  directive('proxy_cookie_flags', setCookieFlags, Args.Take1234),
  directive('proxy_cache', setOffOnly),
  directive('proxy_store', setOffOnly),
  directive('proxy_cache_bypass', setPredicatesOnly, Args.OneOrMore),
  directive('proxy_no_cache', setPredicatesOnly, Args.OneOrMore),
  ...sizes('proxy_buffer_size', 'proxy_busy_buffers_size', 'proxy_max_temp_file_size', 'proxy_temp_file_write_size'),
  ...flags('proxy_buffering', 'proxy_intercept_errors', 'proxy_force_ranges', 'proxy_pass_trailers'),
]

const ssl: readonly Directive[] = [
  directive('proxy_ssl_name', setTemplate),
  directive('proxy_ssl_trusted_certificate', setStr),
  directive('proxy_ssl_certificate', setFile),
  directive('proxy_ssl_certificate_key', setFile),
  directive('proxy_ssl_ciphers', setStr),
  directive('proxy_ssl_protocols', setBitmask, Args.OneOrMore, SslProtocols),
  directive('proxy_ssl_verify_depth', setNum),
  ...flags('proxy_ssl_server_name', 'proxy_ssl_verify', 'proxy_ssl_session_reuse'),
]

/** The proxy module. */
export const proxyModule: Module = {
  name: 'proxy',
  order: moduleOrder.proxy,
  directives: [...request, ...connection, ...response, ...cacheDirectives(retries), ...ssl],
  createLocConf: () => new ProxyConf(),
  mergeLocConf: (cf: Cf, parent: ProxyConf, child: ProxyConf) =>
    mergeProxy(cf, parent, child, compileTemplate(cf, '$proxy_host')),
  variables: proxyVariables,
}
