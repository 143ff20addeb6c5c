import type { Answer } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { HttpSubject } from './subject.ts'
import { randomBytes } from 'node:crypto'
import { reasonPhrases } from '../../http/status.ts'
import { safeValue } from '../../http/response.ts'
import { serverName } from '../../http/headwriter.ts'

/** How an answer's head looks: the server's own, or in the layout of Kamailio 5.6 (`compat strict`). */
export interface HeadStyle {
  readonly strict: boolean
  /** The route has its server to itself; with `strict` the layout is that of libmicrohttpd. */
  readonly alone: boolean
  /**
   * `server_header`: the whole line in the place of `Server`, without its end; null: the server's own, '' none
   * (`server_signature=no`; strict only).
   */
  readonly serverLine: string | null
}

/** Sends what the script answered. */
export function sendAnswer(r: Request, subject: HttpSubject, style: HeadStyle): Answer {
  const out = r.headersOut
  const { code, reason, contentType, body, headers } = subject
  if (subject.close) r.keepalive = false
  if (style.strict && style.alone) out.write = (request) => plainHead(request, subject)
  else if (style.strict) {
    // Kamailio heeds neither HEAD nor Connection, and keeps every connection.
    r.keepalive = !subject.close
    r.headerOnly = false
    out.write = (request) => strictHead(request, subject, style)
  } else {
    if (headers !== '') addLines(r, headers)
    if (style.serverLine !== null) addLines(r, style.serverLine)
  }
  out.reason = reason === '' || reason === reasonPhrases[code] ? null : reason
  const type = contentType === '' && !style.strict ? out.get('content-type') ?? '' : contentType
  return r.respond(code, type, body)
}

/** A line of append_to_reply; `sole` names take the place of what the server would write. */
interface Line { readonly name: string, readonly value: string, readonly sole: boolean }

/** Texts of append_to_reply and what they mean: most scripts say the same each time, and splitting one costs 300 ns. */
const known = new Map<string, readonly Line[]>()
const mostKnown = 256
const longestKnown = 1024

/** Adds `Name: value` lines to the head. */
function addLines(r: Request, text: string): void {
  let lines = known.get(text)
  if (lines === undefined) {
    lines = linesOf(text)
    if (known.size >= mostKnown) known.clear()
    if (text.length <= longestKnown) known.set(text, lines)
  }
  for (let i = 0; i < lines.length; i++) {
    const { name, value, sole } = lines[i]!
    if (sole) r.headersOut.set(name, value)
    else r.headersOut.add(name, value)
  }
}

/** The lines of a text; what is none is left out, and so are lines that describe the body's framing. */
function linesOf(text: string): Line[] {
  const lines: Line[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const name = line.slice(0, colon).trimEnd()
    const lower = name.toLowerCase()
    if (lower === 'content-length' || lower === 'transfer-encoding' || lower === 'connection') continue
    lines.push({ name, value: line.slice(colon + 1).trim(), sole: lower === 'content-type' || lower === 'location' || lower === 'server' })
  }
  return lines
}

/** Headers of the request that Kamailio's replies repeat, by their names there. */
const repeated: Readonly<Record<string, string>> = {
  from: 'From', f: 'From', to: 'To', t: 'To', 'call-id': 'Call-ID', i: 'Call-ID', cseq: 'CSeq',
}

/** The head as Kamailio 5.6.3 writes it (kamailio.md §1.2). */
function strictHead(r: Request, subject: HttpSubject, { serverLine }: HeadStyle): string {
  const out = r.headersOut
  const { remoteAddress, remotePort, secure } = r.connection
  const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress
  const { requestLine } = r
  let head = `${requestLine.slice(requestLine.lastIndexOf(' ') + 1)} ${String(out.status).padStart(3, '0')} ${safeValue(subject.reason)}\r\n` +
    `Sia: SIP/2.0/${secure === null ? 'TCP' : 'TLS'} ${host}:${remotePort}\r\n`
  for (let i = 0; i < r.head.count; i++) {
    const name = repeated[r.head.name(i).toLowerCase()]
    if (name === undefined) continue
    const value = r.head.value(i)
    head += `${r.head.name(i)}: ${value}${name === 'To' && !/;\s*tag=/i.test(value) ? `;tag=${tag()}` : ''}\r\n`
  }
  head += subject.headers.replace(/\r?\n/g, '\r\n')
  if (subject.contentType !== '') head += `Content-Type: ${safeValue(subject.contentType)}\r\n`
  if (serverLine !== '') head += `${safeValue(serverLine ?? `Server: ${serverName(r.location.serverTokens)}`)}\r\n`
  if (out.contentEncoding !== '') head += `Content-Encoding: ${out.contentEncoding}\r\n`
  return `${head}${r.chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${Math.max(0, out.contentLength)}`}\r\n\r\n`
}

/** Kamailio's form of a tag: 32 hexadecimal digits, a dot, and eight. */
function tag(): string {
  const digits = randomBytes(20).toString('hex')
  return `${digits.slice(0, 32)}.${digits.slice(32)}`
}

/** The head as libmicrohttpd writes it (kamailio.md §8): no `Server`, the standard phrase, no length of what has no body. */
function plainHead(r: Request, subject: HttpSubject): string {
  const out = r.headersOut
  const { status } = out
  let head = `HTTP/1.1 ${status} ${reasonPhrases[status] ?? 'Unknown'}\r\n` +
    `Date: ${new Date(Math.floor(r.connection.engine.now / 1000) * 1000).toUTCString()}\r\n`
  if (!r.keepalive) head += 'Connection: close\r\n'
  if (subject.contentType !== '') head += `Content-Type: ${safeValue(subject.contentType)}\r\n`
  if (out.contentEncoding !== '') head += `Content-Encoding: ${out.contentEncoding}\r\n`
  if (r.chunked) head += 'Transfer-Encoding: chunked\r\n'
  else if (status !== 204 && status !== 304) head += `Content-Length: ${Math.max(0, out.contentLength)}\r\n`
  return `${head}\r\n`
}
