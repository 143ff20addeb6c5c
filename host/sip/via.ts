import { WithParameters } from './params.ts'
import { isSpace, isDigits, skipSpace, trimEnd, trimmed } from './scan.ts'

/** One Via value (RFC 3261 §20.42; RFC 9110 §7.6.3 for HTTP's), as written. */
export class Via extends WithParameters {
  readonly text: string
  /** `SIP`, `HTTP`. */
  readonly protocol: string
  readonly version: string
  /** '' in HTTP. */
  readonly transport: string
  /** IPv6 with its brackets. */
  readonly host: string
  readonly port: string
  /** Without the outer parentheses. */
  readonly comment: string

  constructor(text: string, protocol: string, version: string, transport: string, host: string, port: string, params: string, comment: string) {
    super(params)
    this.text = text
    this.protocol = protocol
    this.version = version
    this.transport = transport
    this.host = host
    this.port = port
    this.comment = comment
  }
}

/** The end of a token that ends at `/`, white space or `end`. */
function wordEnd(text: string, at: number, end: number): number {
  while (at < end && text.charCodeAt(at) !== 47 && !isSpace(text.charCodeAt(at))) at++
  return at
}

/** Parses one SIP Via value; null when it breaks the grammar. */
export function parseVia(text: string): Via | null {
  const end = text.length
  const words: string[] = []
  let at = 0
  for (let i = 0; i < 3; i++) {
    at = skipSpace(text, at, end)
    const to = wordEnd(text, at, end)
    if (to === at) return null
    words.push(text.slice(at, to))
    at = skipSpace(text, to, end)
    if (i < 2 && text.charCodeAt(at++) !== 47) return null
    if (i === 2 && at === to) return null
  }
  return sentBy(text, at, words[0]!, words[1]!, words[2]!)
}

/** Parses one HTTP Via value: `1.1 host[:port] [(comment)]`, the protocol's name being HTTP where none is given. */
export function parseHttpVia(text: string): Via | null {
  const end = text.length
  const to = wordEnd(text, 0, end)
  if (to === 0 || to === end) return null
  if (text.charCodeAt(to) !== 47) return sentBy(text, skipSpace(text, to, end), 'HTTP', text.slice(0, to), '')
  const from = to + 1
  const versionEnd = wordEnd(text, from, end)
  if (versionEnd === from || text.charCodeAt(versionEnd) === 47) return null
  return sentBy(text, skipSpace(text, versionEnd, end), text.slice(0, to), text.slice(from, versionEnd), '')
}

function sentBy(text: string, at: number, protocol: string, version: string, transport: string): Via | null {
  const end = text.length
  let hostEnd = at
  if (text.charCodeAt(at) === 91) {
    hostEnd = text.indexOf(']', at) + 1
    if (hostEnd === 0) return null
  } else while (hostEnd < end && !isStop(text.charCodeAt(hostEnd))) hostEnd++
  if (hostEnd === at) return null
  const host = text.slice(at, hostEnd)
  at = skipSpace(text, hostEnd, end)
  let port = ''
  if (text.charCodeAt(at) === 58) {
    const from = skipSpace(text, at + 1, end)
    at = from
    while (at < end && !isStop(text.charCodeAt(at))) at++
    if (!isDigits(text, from, at)) return null
    port = text.slice(from, at)
    at = skipSpace(text, at, end)
  }
  const comment = commentAt(text, at, end)
  const paramsEnd = comment < 0 ? end : comment
  if (at < paramsEnd && text.charCodeAt(at) !== 59) return null
  const inner = comment < 0 ? '' : text.slice(comment + 1, trimEnd(text, comment, end) - 1)
  if (comment >= 0 && text.charCodeAt(trimEnd(text, comment, end) - 1) !== 41) return null
  return new Via(text, protocol, version, transport, host, port, trimmed(text, Math.min(at + 1, paramsEnd), paramsEnd), inner)
}

/** White space, `:`, `;`, `(` end a host or a port. */
function isStop(code: number): boolean {
  return code === 58 || code === 59 || code === 40 || isSpace(code)
}

/** Where a comment begins, outside of quotes; −1 for none. */
function commentAt(text: string, at: number, end: number): number {
  let quoted = false
  for (; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === 92 && quoted) at++
    else if (code === 34) quoted = !quoted
    else if (code === 40 && !quoted) return at
  }
  return -1
}
