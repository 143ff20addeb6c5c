/** The request as it is sent to the server. */
import type { Request } from '../../http/request.ts'
import type { ProxyConf } from './conf.ts'
import { Level } from '../../core/log.ts'
import { safeValue } from '../../http/response.ts'

/**
 * The body to send: none, bytes, a file, or what the client is still sending (`stream`); `length` −1: unknown, sent in
 * chunks.
 */
export interface SendBody {
  readonly kind: 'none' | 'bytes' | 'file' | 'stream'
  readonly bytes: Buffer | null
  readonly path: string | null
  readonly length: number
}

/** A request head with what the exchange must know of it. */
export interface SendHead {
  readonly text: string
  readonly method: string
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * The body of a request as `proxy_set_body`, `proxy_pass_request_body` and `proxy_request_buffering` want it; the
 * client's is read already, or streamed.
 */
export function bodyToSend(r: Request, conf: ProxyConf, streamed: boolean): SendBody {
  if (conf.setBody !== null) {
    const bytes = Buffer.from(conf.setBody.evaluate(r), 'latin1')
    return { kind: bytes.length === 0 ? 'none' : 'bytes', bytes, path: null, length: bytes.length }
  }
  if (!conf.passRequestBody) return { kind: 'none', bytes: null, path: null, length: -1 }
  // Content-Length: 0 is passed on as such; no length at all means that there is no body.
  if (streamed) return { kind: 'stream', bytes: null, path: null, length: r.chunkedBody || r.body.prepare() ? -1 : r.contentLength }
  if (r.bodyFile !== null) return { kind: 'file', bytes: null, path: r.bodyFile, length: r.body.length }
  const bytes = r.bodyBuffer
  if (bytes === null || bytes.length === 0) {
    return { kind: 'none', bytes: null, path: null, length: r.contentLength === 0 || r.chunkedBody ? 0 : -1 }
  }
  return { kind: 'bytes', bytes, path: null, length: bytes.length }
}

/**
 * The head in nginx's order: our own lines, framing, then the client's; null (logged) when the method cannot be sent.
 * `closes`: the connection is not kept.
 */
export function buildRequestHead(
  r: Request, conf: ProxyConf, target: string, body: SendBody, closes: boolean,
): SendHead | null {
  const method = conf.method === null ? r.method : conf.method.evaluate(r)
  if (!token.test(method)) {
    r.log(Level.error, `invalid method "${method}" to proxy`)
    return null
  }
  const version = conf.httpVersion === 1000 ? '1.0' : '1.1'
  let text = `${method} ${target} HTTP/${version}\r\n`
  for (const { name, value } of conf.sendHeaders) {
    const line = safeValue(value.evaluate(r))
    if (line !== '') text += `${name}: ${line}\r\n`
  }
  if (body.length >= 0) text += `Content-Length: ${body.length}\r\n`
  else if (body.kind === 'stream') text += 'Transfer-Encoding: chunked\r\n'
  if (closes && version === '1.1' && !conf.ownConnection) text += 'Connection: close\r\n'
  if (conf.passRequestHeaders) text += clientLines(r, conf.skipHeaders)
  return { text: text + '\r\n', method }
}

function clientLines(r: Request, skip: ReadonlySet<string>): string {
  const { head } = r
  let text = ''
  for (let i = 0, n = head.count; i < n; i++) {
    const name = head.name(i)
    if (!skip.has(name.toLowerCase()) && token.test(name)) text += `${name}: ${safeValue(head.value(i))}\r\n`
  }
  return text
}
