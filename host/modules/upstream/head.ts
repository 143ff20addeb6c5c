/**
 * The head of an upstream's response, read strictly: what two readers could understand differently is refused (RFC 9112
 * §4, §5, §6).
 */

/** A response head. Names keep their case; values are trimmed; both are byte strings. */
export interface ResponseHead {
  readonly status: number
  /** The reason phrase as sent. */
  readonly reason: string
  /** major × 1000 + minor. */
  readonly version: number
  readonly names: string[]
  /** The names in lower case. */
  readonly lower: string[]
  readonly values: string[]
  /** Content-Length, −1 when absent. */
  contentLength: number
  chunked: boolean
  /** The server closes after this response. */
  close: boolean
}

/** What makes a head unusable, as nginx logs it; the caller adds ` while reading response header from upstream`. */
export class HeadFault {
  readonly message: string
  constructor(message: string) { this.message = message }
}

const statusLine = /^HTTP\/(\d)\.(\d{1,3}) (\d{3})(?: ([^\0\r]*))?$/
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * Where the head in `bytes` ends (behind its empty line), or −1 when it is not complete. Lines may end in LF alone, as
 * nginx allows.
 */
export function headEnd(bytes: Buffer, from = 0): number {
  let at = Math.max(0, from - 3)
  for (;;) {
    const lf = bytes.indexOf(10, at)
    if (lf < 0) return -1
    if (bytes[lf + 1] === 10) return lf + 2
    if (bytes[lf + 1] === 13 && bytes[lf + 2] === 10) return lf + 3
    at = lf + 1
  }
}

/** Reads a whole head. */
export function parseResponseHead(text: string): ResponseHead | HeadFault {
  const lines = text.split('\n')
  const first = lines[0]!.endsWith('\r') ? lines[0]!.slice(0, -1) : lines[0]!
  const match = statusLine.exec(first)
  if (match === null) return new HeadFault('upstream sent no valid HTTP/1.0 header')
  const version = Number(match[1]) * 1000 + Number(match[2])
  const status = Number(match[3])
  if (version < 1000 || version >= 2000 || status < 100) return new HeadFault('upstream sent no valid HTTP/1.0 header')
  const head: ResponseHead = {
    status, reason: match[4] ?? '', version, names: [], lower: [], values: [],
    contentLength: -1, chunked: false, close: version < 1001,
  }
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!.endsWith('\r') ? lines[i]!.slice(0, -1) : lines[i]!
    if (line === '') break
    const fault = readLine(head, line)
    if (fault !== null) return fault
  }
  return head
}

function readLine(head: ResponseHead, line: string): HeadFault | null {
  const colon = line.indexOf(':')
  const name = colon < 0 ? '' : line.slice(0, colon)
  if (!token.test(name)) return invalid(line, colon < 0 ? line.length : name.search(/[^!#$%&'*+\-.^_`|~0-9A-Za-z]/))
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
  const bad = line.search(/[\0\r]/)
  if (bad >= 0) return invalid(line, bad)
  const lower = name.toLowerCase()
  const fault = readFraming(head, name, lower, value)
  if (fault !== null) return fault
  head.names.push(name)
  head.lower.push(lower)
  head.values.push(value)
  return null
}

function invalid(line: string, at: number): HeadFault {
  const byte = at < 0 ? ':'.charCodeAt(0) : at < line.length ? line.charCodeAt(at) : 10
  const shown = `${line.slice(0, Math.max(0, at))}\\x${byte.toString(16).padStart(2, '0')}`
  return new HeadFault(`upstream sent invalid header: "${shown}..."`)
}

/** The lines that say where the body ends; nothing but one clear answer is accepted. */
function readFraming(head: ResponseHead, name: string, lower: string, value: string): HeadFault | null {
  if (lower === 'connection') {
    if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)) head.close = true
    return null
  }
  if (lower !== 'content-length' && lower !== 'transfer-encoding') return null
  const before = head.lower.indexOf(lower)
  if (before >= 0) {
    const previous = `${head.names[before]}: ${head.values[before]}`
    return new HeadFault(`upstream sent duplicate header line: "${name}: ${value}", previous value: "${previous}"`)
  }
  if (head.lower.includes(lower === 'content-length' ? 'transfer-encoding' : 'content-length')) {
    return new HeadFault('upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time')
  }
  if (lower === 'content-length') {
    if (!/^\d{1,16}$/.test(value) || Number(value) > Number.MAX_SAFE_INTEGER) {
      return new HeadFault(`upstream sent invalid "Content-Length" header: "${name}: ${value}"`)
    }
    head.contentLength = Number(value)
    return null
  }
  if (value.toLowerCase() !== 'chunked') return new HeadFault(`upstream sent unknown "Transfer-Encoding": "${value}"`)
  head.chunked = true
  return null
}
