/** What a `proxy_pass` URL means, and which URI to ask the server for. */
import type { Request } from '../../http/request.ts'
import type { UpstreamUrl } from '../upstream/address.ts'
import type { ProxyConf, Target } from './conf.ts'
import { escapePath, safeTarget } from '../../expr/escape.ts'
import { normalise } from '../../http/framing/uri.ts'
import { parseUpstreamUrl } from '../upstream/address.ts'

/** A URL with its scheme taken apart; or nginx's word for what is wrong. */
export function parseTarget(url: string): { ssl: boolean, address: UpstreamUrl } | string {
  const scheme = /^(https?):\/\//i.exec(url)
  if (scheme === null || scheme[0].length === url.length) return 'invalid URL prefix'
  const ssl = scheme[1]!.length === 5
  const address = parseUpstreamUrl(url.slice(scheme[0].length), ssl ? 443 : 80, true)
  return typeof address === 'string' ? address : { ssl, address }
}

/** What variables and TLS need to know of a parsed URL (ngx_http_proxy_set_vars). */
export function targetOf(ssl: boolean, address: UpstreamUrl): Target {
  const { uri, path, host, port } = address
  if (path !== null) return { ssl, hostHeader: 'localhost', port: '', name: 'localhost', uri }
  const usual = address.noPort || port === (ssl ? 443 : 80)
  return { ssl, hostHeader: usual ? host : `${host}:${port}`, port: String(port), name: host, uri }
}

/** Whether the raw target of the client still says what the request is now: nothing rewrote path or arguments. */
function rawIsCurrent(r: Request): boolean {
  const raw = r.unparsedUri
  if (!raw.startsWith('/')) return false
  const mark = raw.indexOf('?')
  const path = mark < 0 ? raw : raw.slice(0, mark)
  if (r.args !== (mark < 0 ? '' : raw.slice(mark + 1))) return false
  return path === r.uri || normalise(path, r.server.mergeSlashes) === r.uri
}

/**
 * The URI to ask the server for (ngx_http_proxy_create_request): without a URI in `proxy_pass` the client's own bytes
 * as long as nothing changed them; with one, the location's name replaced by it. A URI from variables is used as it is.
 * '' when nothing is left to ask for.
 */
export function requestTarget(r: Request, conf: ProxyConf, uri: string): string {
  if (conf.pass !== null && uri !== '') return safeTarget(uri)
  if (uri === '' && rawIsCurrent(r)) return safeTarget(r.unparsedUri)
  // Where `rewrite … break` changed the URI, nginx leaves the one of proxy_pass out.
  const prefix = r.validLocation ? uri : ''
  const rest = prefix === '' ? r.uri : r.uri.slice(conf.location.length)
  const path = prefix + (r.quotedUri || r.internal ? escapePath(rest) : rest)
  return safeTarget(r.args === '' ? path : `${path}?${r.args}`)
}
