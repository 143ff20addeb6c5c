/** First line, whole message, body: `@method`, `@ruri`, `@msg…`. */
import type { Evaluate, SelectRow, Selected } from '../../expr/select/table.ts'
import type { Message } from '../message.ts'
import { sdpLine } from '../body.ts'
import { headerId, sipHeaderId, sipHeaderNames } from '../names.ts'
import { lowerAscii } from '../scan.ts'
import { uriOf } from '../uri.ts'

const row = (pattern: string, evaluate: Evaluate, nests?: readonly string[]): SelectRow =>
  nests === undefined ? { pattern, bind: () => evaluate } : { pattern, bind: () => evaluate, nests }

/** The URI that a request asks for: what the script made of it, else what came; for HTTP the effective one (RFC 9110 §7.1). */
export function requestUri(m: Message): Selected {
  if (!m.isRequest) return undefined
  const rewritten = m.state?.uri ?? null
  if (rewritten !== null) return rewritten
  return m.kind === 'http' ? m.parsed.effectiveUri ?? undefined : m.target
}

function checkedUri(m: Message): Selected {
  const text = requestUri(m)
  return typeof text === 'string' && uriOf(text) !== null ? text : undefined
}

/** Where the message goes: the destination that the script set, else the request URI; not parsed. */
function nextHop(m: Message): Selected {
  if (!m.isRequest) return undefined
  const destination = m.state?.destination ?? ''
  return destination !== '' ? destination : requestUri(m)
}

/** The target as it stands in the first line. */
function rawTarget(m: Message): Selected {
  if (!m.isRequest) return undefined
  return m.target
}

function nextHopSource(m: Message): Selected {
  const uri = nextHop(m)
  return typeof uri === 'string' ? m.state?.localAddress(uri) ?? undefined : undefined
}

const method: Evaluate = (m) => m.isRequest ? m.method : undefined
const version: Evaluate = (m) => m.isRequest || m.isResponse ? m.version : undefined
const status: Evaluate = (m) => m.isResponse ? m.status : undefined
const reason: Evaluate = (m) => m.isResponse ? m.reason : undefined
const body: Evaluate = (m) => m.body ?? undefined

/** Finds a header by the name that a select gives: as it is, or, when there is no such line, with `-` for each `_`. Made once at start-up. */
export class HeaderName {
  private readonly lower: string
  private readonly id: number
  private readonly dashed: string
  private readonly dashedId: number

  constructor(name: string) {
    this.lower = lowerAscii(name)
    this.id = sipHeaderId(this.lower)
    this.dashed = this.lower.replaceAll('_', '-')
    this.dashedId = headerId(this.dashed)
  }

  /** The first line of that name, or −1. */
  first(m: Message): number {
    return this.isExact(m) ? this.next(m, this.id, this.lower, 0) : this.next(m, this.dashedId, this.dashed, 0)
  }

  private isExact(m: Message): boolean {
    if (this.dashed === this.lower) return true
    if (m.kind === 'http') return m.find(0, this.lower, 0) >= 0
    return m.parsed.hasUnderscores && this.next(m, this.id, this.lower, 0) >= 0
  }

  /** All lines of that name. */
  all(m: Message): number[] {
    const exact = this.isExact(m)
    const id = exact ? this.id : this.dashedId
    const lower = exact ? this.lower : this.dashed
    const lines: number[] = []
    for (let line = this.next(m, id, lower, 0); line >= 0; line = m.find(id, lower, line + 1)) lines.push(line)
    return lines
  }

  /** Line number `n` of that name, counted from 1, or from the end for negative numbers; −1 when there is none. */
  nth(m: Message, n: number): number {
    if (n === 1) return this.first(m)
    const lines = this.all(m)
    return lines[n < 0 ? lines.length + n : n - 1] ?? -1
  }

  private next(m: Message, id: number, lower: string, from: number): number {
    if (m.kind !== 'http' && id !== 0 && from === 0 && lower === sipHeaderNames[id]) return m.parsed.line(id)
    return m.find(id, lower, from)
  }
}

/** What is wrong with an index that counts from 1, or null. */
export function indexFault(index: string | number | null): string | null {
  return index === 0 ? 'indexes count from 1, or from the end with -1' : null
}

const anyHeader: SelectRow = {
  pattern: 'msg|message.header|h.*[n?]', nests: ['header'],
  bind: ([name, index]) => {
    if (name === '') return 'the header name is empty'
    const fault = indexFault(index!)
    if (fault !== null) return fault
    const header = new HeaderName(name as string)
    const n = (index ?? 1) as number
    return (m) => {
      const line = header.nth(m, n)
      return line < 0 ? null : m.kind === 'http' ? m.value(line) : m.parsed.value(line)
    }
  },
}

const sdpRow: SelectRow = {
  pattern: 'msg|message.body|content.sdp.line.*',
  bind: ([letter]) => {
    const text = letter as string
    if (!/^[a-zA-Z]=?$/.test(text)) return `"${text}" is no SDP line, write one letter`
    const code = text.charCodeAt(0)
    return (m) => {
      const { sdp } = m.parsed
      return sdp === null ? undefined : sdpLine(sdp, code)
    }
  },
}

/** First line and message. */
export const messageRows: readonly SelectRow[] = [
  row('ruri|request_uri', checkedUri, ['uri']),
  row('dst_uri', (m) => m.isRequest ? m.state?.destination ?? '' : undefined, ['uri']),
  row('next_hop', nextHop, ['uri']),
  row('next_hop.src_ip', nextHopSource),
  row('method', method),
  row('version', version),
  row('status|code', status),
  row('reason', reason),
  row('msg|message', (m) => m.text),
  row('msg|message.first_line', (m) => m.firstLine),
  row('msg|message.flags', (m) => String(m.state?.flags ?? 0)),
  row('msg|message.len', (m) => String(m.text.length)),
  row('msg|message.id', (m) => String(m.serial)),
  row('msg|message.id.hex', (m) => (m.serial >>> 0).toString(16).padStart(8, '0')),
  row('msg|message.type', (m) => m.isRequest ? '1' : m.isResponse ? '2' : undefined),
  row('msg|message.header|h', (m) => m.headerText),
  anyHeader,
  row('msg|message.body|content', body),
  row('msg|message.body|content.sdp', (m) => m.parsed.sdp ?? undefined),
  sdpRow,
  row('msg|message.request|req', (m) => m.isRequest ? m.text : undefined),
  row('msg|message.request|req.method', method),
  row('msg|message.request|req.uri', rawTarget, ['uri']),
  row('msg|message.request|req.version', (m) => m.isRequest ? m.version : undefined),
  row('msg|message.response|res', (m) => m.isResponse ? m.text : undefined),
  row('msg|message.response|res.version', (m) => m.isResponse ? m.version : undefined),
  row('msg|message.response|res.status|code', status),
  row('msg|message.response|res.reason', reason),
]
