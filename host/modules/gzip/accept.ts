/** Whether a client gets a compressed answer: what gzip, gunzip and gzip_static share (nginx's ngx_http_gzip_ok). */
import type { CoreLocConf } from '../../http/core/conf.ts'
import type { Request } from '../../http/request.ts'
import type { ResponseHeaders } from '../../http/response.ts'
import { parseHttpTime } from '../../core/httpdate.ts'
import { GzipProxied } from '../../http/core/conf.ts'

/** Whether an Accept-Encoding value takes `gzip`: named, and not with a weight of 0 (RFC 9110 §12.5.3); `*` does not count, as in nginx. */
export function acceptsGzip(value: string): boolean {
  const match = /(?:^|[ ,])gzip *([^,]*)/i.exec(value)
  if (match === null) return false
  const rest = match[1]!.trimEnd()
  if (rest === '') return true
  const weight = /^; *q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.exec(rest)
  return weight !== null && Number(weight[1]) > 0
}

/** Browsers that have trouble with compressed answers: Internet Explorer up to 6 without its service pack 2 (`gzip_disable msie6`). */
function isMsie6(agent: string): boolean {
  return /MSIE [456]\./.test(agent) && !agent.includes('Opera') && !/MSIE 6\..*SV1/.test(agent)
}

/** Whether this request's answer may be compressed, as far as the request and gzip_http_version, gzip_proxied, gzip_disable say. */
export function gzipAllowed(r: Request): boolean {
  const { location } = r
  if (r.parent !== null || r.version < location.gzipHttpVersion) return false
  const accepted = r.header('accept-encoding')
  if (accepted === null || !acceptsGzip(accepted)) return false
  if (r.header('via') !== null && !proxiedAllowed(r, location.gzipProxied)) return false
  return location.gzipDisable === null || !disabled(r, location)
}

function disabled(r: Request, { gzipDisable }: CoreLocConf): boolean {
  const agent = r.header('user-agent')
  if (agent === null) return false
  return (gzipDisable!.msie6 && isMsie6(agent)) || gzipDisable!.regexes.some((regex) => regex.test(agent))
}

/** gzip_proxied: the answer goes to a proxy, which may hand it on to clients that cannot read it. */
function proxiedAllowed(r: Request, rules: number): boolean {
  if ((rules & GzipProxied.off) !== 0) return false
  if ((rules & GzipProxied.any) !== 0) return true
  if (r.header('authorization') !== null && (rules & GzipProxied.auth) !== 0) return true
  const out = r.headersOut
  const expires = out.get('expires')
  if (expires !== null) {
    if ((rules & GzipProxied.expired) === 0) return false
    const time = parseHttpTime(expires)
    // What is no date has expired.
    return time < 0 || time < Math.floor(r.connection.engine.now / 1000)
  }
  const control = out.get('cache-control')
  if (control !== null) {
    const said = (word: string, rule: number): boolean => (rules & rule) !== 0 && new RegExp(`(^|[ ,;])${word}($|[ ,;=])`, 'i').test(control)
    return said('no-cache', GzipProxied.noCache) || said('no-store', GzipProxied.noStore) || said('private', GzipProxied.private)
  }
  if ((rules & GzipProxied.noLastModified) !== 0 && out.lastModified >= 0) return false
  return !((rules & GzipProxied.noEtag) !== 0 && out.etag !== '')
}

/** Says `Vary: Accept-Encoding` once, before the other headers, when gzip_vary asks for it. */
export function vary(r: Request): void {
  const out = r.headersOut
  if (!r.location.gzipVary) return
  for (let i = 0; i < out.count; i++) if (out.names[i] === 'Vary' && out.values[i] === 'Accept-Encoding') return
  for (let i = out.count; i > 0; i--) {
    out.names[i] = out.names[i - 1]!
    out.values[i] = out.values[i - 1]!
  }
  out.names[0] = 'Vary'
  out.values[0] = 'Accept-Encoding'
  out.count++
}

/** What no longer holds once the body is another: its length, ranges of it, and that its entity tag is that of these very bytes. */
export function changeEncoding(out: ResponseHeaders, encoding: string): void {
  out.contentEncoding = encoding
  out.contentLength = -1
  out.allowRanges = false
  out.remove('accept-ranges')
  if (out.etag !== '' && !out.etag.startsWith('W/')) out.etag = out.etag.startsWith('"') ? `W/${out.etag}` : ''
}
