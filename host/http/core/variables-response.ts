import type { VariableDefinition } from '../../module.ts'
import type { Request } from '../request.ts'

/** All values of a response header joined by `, `, or null; the name in lower case. */
export function sentHeader(r: Request, lower: string): string | null {
  const out = r.headersOut
  let text: string | null = null
  for (let i = 0; i < out.count; i++) {
    const name = out.names[i]!
    if (name.length !== lower.length || name.toLowerCase() !== lower) continue
    text = text === null ? out.values[i]! : `${text}, ${out.values[i]}`
  }
  return text ?? out.get(lower)
}

function sentConnection(r: Request): string {
  return r.headersOut.status === 101 ? 'upgrade' : r.keepalive ? 'keep-alive' : 'close'
}

function sentKeepAlive(r: Request): string | null {
  return r.keepalive && r.location.keepaliveHeader > 0 ? `timeout=${r.location.keepaliveHeader}` : null
}

function sentTrailer(r: Request, rest: string): string | null {
  const { trailers } = r.headersOut
  const name = rest.replaceAll('_', '-')
  for (let i = 0; i + 1 < trailers.length; i += 2) if (trailers[i]!.toLowerCase() === name) return trailers[i + 1]!
  return null
}

/** The status in three digits: that of the answer so far, 009 for an HTTP/0.9 request without one, else 000. */
function status(r: Request): string {
  const code = r.errStatus !== 0 ? r.errStatus : r.headersOut.status !== 0 ? r.headersOut.status : r.version === 9 ? 9 : 0
  return code < 100 ? String(code).padStart(3, '0') : String(code)
}

/** What is being sent (nginx.md §5.3). */
export const responseVariables: readonly VariableDefinition[] = [
  { name: 'status', nocache: true, get: status },
  { name: 'bytes_sent', get: (r) => String(r.bytesSent) },
  { name: 'body_bytes_sent', get: (r) => String(r.bodyBytesSent) },
  { name: 'request_completion', get: (r) => r.outputDone ? 'OK' : '' },
  { name: 'sent_http_connection', get: sentConnection },
  { name: 'sent_http_keep_alive', get: sentKeepAlive },
  { name: 'sent_http_transfer_encoding', get: (r) => r.chunked ? 'chunked' : null },
  { name: 'sent_http_content_type', get: (r) => sentHeader(r, 'content-type') },
  { name: 'sent_http_content_length', get: (r) => r.chunked ? null : sentHeader(r, 'content-length') },
  { name: 'sent_http_location', get: (r) => sentHeader(r, 'location') },
  { name: 'sent_http_last_modified', get: (r) => sentHeader(r, 'last-modified') },
  { name: 'sent_http_cache_control', get: (r) => sentHeader(r, 'cache-control') },
  { name: 'sent_http_link', get: (r) => sentHeader(r, 'link') },
  { name: 'sent_http_', prefix: true, get: (r, rest) => sentHeader(r, rest.replaceAll('_', '-')) },
  { name: 'sent_trailer_', prefix: true, get: sentTrailer },
]
