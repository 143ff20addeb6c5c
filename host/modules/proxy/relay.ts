/** The head of the server's response as it goes to the client. */
import type { Request } from '../../http/request.ts'
import type { ResponseHead } from '../upstream/head.ts'
import type { ProxyConf } from './conf.ts'
import { parseSize } from '../../core/units.ts'
import { reasonPhrases } from '../../http/status.ts'
import { IgnoreHeaders } from './conf.ts'
import { rewriteCookie, rewriteRedirect, rewriteRefresh } from './replace.ts'

/** Between the server and us alone, or written anew by our own framing. */
const own = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'trailer'])

/** The first value of an `X-Accel-…` header, or null when there is none or `proxy_ignore_headers` names it. */
function accel(head: ResponseHead, conf: ProxyConf, name: keyof typeof IgnoreHeaders): string | null {
  if ((conf.ignoreHeaders & IgnoreHeaders[name]) !== 0) return null
  const at = head.lower.indexOf(name.toLowerCase())
  return at < 0 ? null : head.values[at]!
}

/** What `X-Accel-Redirect` asks for, unless it is ignored. */
export function accelRedirect(head: ResponseHead, conf: ProxyConf): string | null {
  return accel(head, conf, 'X-Accel-Redirect')
}

/** Whether the response is to be buffered: `proxy_buffering`, unless `X-Accel-Buffering` says otherwise. */
export function accelBuffering(head: ResponseHead, conf: ProxyConf): boolean {
  const value = accel(head, conf, 'X-Accel-Buffering')
  if (value?.toLowerCase() === 'no') return false
  return value?.toLowerCase() === 'yes' ? true : conf.buffering
}

/** The headers that survive an `X-Accel-Redirect`. */
const kept = new Set(['content-type', 'set-cookie', 'content-disposition', 'cache-control', 'expires', 'accept-ranges'])

/** Takes over what an internal redirect keeps of the response (ngx_http_upstream_process_headers). */
export function copyForRedirect(r: Request, conf: ProxyConf, head: ResponseHead): void {
  applyAccel(r, conf, head)
  for (let i = 0; i < head.names.length; i++) if (kept.has(head.lower[i]!)) copyLine(r, conf, head, i)
}

/** Takes the whole head over; where the body ends is decided by our own framing. `length` −1: unknown. */
export function copyHead(r: Request, conf: ProxyConf, head: ResponseHead, length: number): void {
  const out = r.headersOut
  out.status = head.status
  out.reason = head.reason === (reasonPhrases[head.status] ?? '') ? null : head.reason
  applyAccel(r, conf, head)
  for (let i = 0; i < head.names.length; i++) {
    const lower = head.lower[i]!
    if (!own.has(lower) && !conf.hidden.has(lower)) copyLine(r, conf, head, i)
  }
  out.contentLength = length
  if (conf.forceRanges && head.status === 200) out.allowRanges = true
}

/** `X-Accel-Limit-Rate` and `X-Accel-Charset`. */
function applyAccel(r: Request, conf: ProxyConf, head: ResponseHead): void {
  const rate = accel(head, conf, 'X-Accel-Limit-Rate')
  const bytes = rate === null ? null : parseSize(rate)
  if (bytes !== null) r.limitRate = bytes
  const charset = accel(head, conf, 'X-Accel-Charset')
  if (charset !== null) r.headersOut.charset = charset
}

function copyLine(r: Request, conf: ProxyConf, head: ResponseHead, i: number): void {
  const out = r.headersOut
  const name = head.names[i]!
  const value = head.values[i]!
  switch (head.lower[i]) {
    case 'content-type': return copyContentType(r, value)
    case 'location': {
      const rewritten = conf.redirects === null ? null : rewriteRedirect(r, conf.redirects, value)
      // Only what was rewritten to a path of ours is made absolute; the server's own relative redirects stay as they
      // are.
      if (rewritten !== null) out.location = rewritten
      else out.add(name, value)
      return
    }
    case 'refresh':
      out.add(name, conf.redirects === null ? value : rewriteRefresh(r, conf.redirects, value) ?? value)
      return
    case 'set-cookie':
      out.add(name, rewriteCookie(r, conf, value))
      return
    case 'last-modified': {
      const time = Date.parse(value)
      // The writer puts the date in its one form; any other is passed on as it is.
      if (!Number.isNaN(time) && new Date(time).toUTCString() === value) out.lastModified = time / 1000
      else out.add(name, value)
      return
    }
    case 'date': out.date = value; return
    case 'server': out.server = value; return
    case 'etag': if (out.etag === '') out.etag = value; return
    case 'content-encoding':
      if (out.contentEncoding === '') out.contentEncoding = value
      else out.add(name, value)
      return
    case 'accept-ranges': if (!conf.forceRanges) out.add(name, value); return
    default: out.add(name, value)
  }
}

/** The charset is held apart from the type, as filters want it, when that gives back the same bytes. */
function copyContentType(r: Request, value: string): void {
  const out = r.headersOut
  const match = /^([^;]+); charset=([^;"]+)$/.exec(value)
  if (match === null || out.charset !== '') {
    out.contentType = match === null ? value : match[1]!
    return
  }
  out.contentType = match[1]!
  out.charset = match[2]!
}
