import { isDigits, sameAt } from './scan.ts'
import { parameterValue } from './params.ts'

/** What a URI is by its scheme; a sip or sips URI with `user=phone` counts as `tel` (Kamailio's phone2tel, select.md §5). */
export type UriType = 'sip' | 'sips' | 'tel' | 'tels' | 'urn' | 'http' | 'https'

/** The parts of a URI, as written: nothing decoded, no default filled in; '' where a part is missing. */
export class Uri {
  readonly text: string
  readonly scheme: UriType
  /** User part with its own parameters; for tel: the number. */
  readonly user: string
  readonly password: string
  /** IPv6 with its brackets. */
  readonly host: string
  readonly port: string
  /** Without the leading `;` (http: the query without `?`). */
  readonly params: string
  /** Behind `?`, without it. */
  readonly headers: string
  private phoneKnown = false
  private phoneUser = false

  constructor(text: string, scheme: UriType, user: string, password: string, host: string, port: string, params: string, headers: string) {
    this.text = text
    this.scheme = scheme
    this.user = user
    this.password = password
    this.host = host
    this.port = port
    this.params = params
    this.headers = headers
  }

  /** Whether it is a telephone number in a sip or sips URI: `user=phone`, in that case exactly. */
  get phone(): boolean {
    if (!this.phoneKnown) {
      this.phoneKnown = true
      this.phoneUser = (this.scheme === 'sip' || this.scheme === 'sips') && parameterValue(this.params, 'user') === 'phone'
    }
    return this.phoneUser
  }

  get type(): UriType { return this.phone ? 'tel' : this.scheme }
  get isTelephone(): boolean { return this.scheme === 'tel' || this.scheme === 'tels' || this.phone }
  get isSecure(): boolean { return this.scheme === 'sips' || this.scheme === 'tels' }
}

const schemes: readonly UriType[] = ['sips', 'sip', 'tels', 'tel', 'urn', 'https', 'http']

/** Parses a sip, sips, tel, tels, urn, http or https URI; null when it is none or breaks the grammar where a part would be uncertain. */
export function parseUri(text: string): Uri | null {
  const colon = text.indexOf(':')
  if (colon < 3 || colon > 5) return null
  for (const scheme of schemes) {
    if (scheme.length !== colon || !sameAt(text, 0, scheme)) continue
    if (scheme === 'sip' || scheme === 'sips') return parseSip(text, scheme, colon + 1)
    if (scheme === 'urn') return parseUrn(text, colon + 1)
    if (scheme === 'http' || scheme === 'https') return parseHttp(text, scheme, colon + 1)
    return parseTel(text, scheme, colon + 1)
  }
  return null
}

/** RFC 3261 §19.1: the first `@` ends the user part, whatever stands in it. */
function parseSip(text: string, scheme: UriType, start: number): Uri | null {
  const at = text.indexOf('@', start)
  let user = ''
  let password = ''
  if (at >= 0) {
    const colon = text.indexOf(':', start)
    const userEnd = colon >= 0 && colon < at ? colon : at
    user = text.slice(start, userEnd)
    password = userEnd < at ? text.slice(userEnd + 1, at) : ''
    if (user === '' || text.indexOf('@', at + 1) >= 0 && !inHeaders(text, at + 1)) return null
  }
  return parseServer(text, scheme, at >= 0 ? at + 1 : start, user, password)
}

/** A further `@` is no mistake behind a `?`. */
function inHeaders(text: string, from: number): boolean {
  const mark = text.indexOf('?', from)
  return mark >= 0 && mark < text.indexOf('@', from)
}

/** `host[:port][;params][?headers]`. */
function parseServer(text: string, scheme: UriType, start: number, user: string, password: string): Uri | null {
  let end = text.indexOf('?', start)
  const headers = end < 0 ? '' : text.slice(end + 1)
  if (end < 0) end = text.length
  let params = text.indexOf(';', start)
  if (params < 0 || params > end) params = end
  const hostEnd = hostEndOf(text, start, params)
  if (hostEnd <= start || !isHost(text, start, hostEnd)) return null
  let port = ''
  if (hostEnd < params) {
    if (text.charCodeAt(hostEnd) !== 58) return null
    port = text.slice(hostEnd + 1, params)
    if (port !== '' && (!isDigits(port, 0, port.length) || Number(port) > 65535)) return null
  }
  return new Uri(text, scheme, user, password, text.slice(start, hostEnd), port, params < end ? text.slice(params + 1, end) : '', headers)
}

function hostEndOf(text: string, start: number, limit: number): number {
  if (text.charCodeAt(start) === 91) {
    const close = text.indexOf(']', start)
    return close < 0 || close >= limit ? -1 : close + 1
  }
  const colon = text.indexOf(':', start)
  return colon < 0 || colon > limit ? limit : colon
}

/** No white space, quotes, brackets or `@` in a host. */
function isHost(text: string, at: number, end: number): boolean {
  for (; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code <= 32 || code === 34 || code === 60 || code === 62 || code === 64 || code === 44 || code === 47) return false
  }
  return true
}

/** RFC 3966: a number and parameters. */
function parseTel(text: string, scheme: UriType, start: number): Uri | null {
  const mark = text.indexOf('?', start)
  const end = mark < 0 ? text.length : mark
  let params = text.indexOf(';', start)
  if (params < 0 || params > end) params = end
  for (let i = start; i < params; i++) {
    const code = text.charCodeAt(i)
    if (code <= 32 || code === 60 || code === 62 || code === 34 || code === 64) return null
  }
  if (params === start) return null
  return new Uri(text, scheme, text.slice(start, params), '', '', '', params < end ? text.slice(params + 1, end) : '', mark < 0 ? '' : text.slice(mark + 1))
}

/** RFC 8141 as Kamailio reads it: the namespace stands as the user, the rest as the host. */
function parseUrn(text: string, start: number): Uri | null {
  const colon = text.indexOf(':', start)
  if (colon <= start || colon + 1 >= text.length) return null
  return new Uri(text, 'urn', text.slice(start, colon), '', text.slice(colon + 1), '', '', '')
}

/** RFC 3986 with an authority; the query takes the parameters' place. */
function parseHttp(text: string, scheme: UriType, start: number): Uri | null {
  if (!text.startsWith('//', start)) return null
  start += 2
  let end = start
  while (end < text.length && !isPathStart(text.charCodeAt(end))) end++
  const mark = text.indexOf('?', end)
  const query = mark < 0 ? '' : text.slice(mark + 1)
  const authority = text.slice(start, end)
  const at = authority.lastIndexOf('@')
  const colon = authority.indexOf(':')
  const userEnd = at < 0 ? 0 : colon >= 0 && colon < at ? colon : at
  const server = parseServer(authority, scheme, at + 1, '', '')
  if (server === null || server.params !== '') return null
  const password = userEnd < at ? authority.slice(userEnd + 1, at) : ''
  return new Uri(text, scheme, authority.slice(0, userEnd), password, server.host, server.port, query, '')
}

function isPathStart(code: number): boolean {
  return code === 47 || code === 63 || code === 35
}

const slots = 32
const kept: (Uri | null)[] = new Array<Uri | null>(slots).fill(null)

/** As `parseUri`; remembers the last URIs, because selects ask for one part after the other. */
export function uriOf(text: string): Uri | null {
  const slot = (text.length ^ (text.length >> 5)) & (slots - 1)
  const known = kept[slot]
  if (known !== null && known !== undefined && known.text === text) return known
  const uri = parseUri(text)
  if (uri !== null && text.length < 2048) kept[slot] = uri
  return uri
}
