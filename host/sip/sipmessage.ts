import type { Message, TlsInfo, Transport } from './message.ts'
import type { MessageState } from './state.ts'
import { Parsed } from './parsed.ts'
import { sipHeaderIdAt } from './names.ts'
import { isDigits, isSpace, isToken, sameAt, skipSpace, trimEnd } from './scan.ts'

/** Numbers kept for each header line: bounds of name and value, id of the name. */
const WORDS = 5

let serials = 0

/**
 * A SIP message over its bytes (RFC 3261 §7). Nothing is looked at before somebody asks; each header is understood on its own, so that a broken one takes no
 * other away. Never throws, whatever the bytes; linear in their number. One datagram, or what a stream's framing cut out, is one message.
 */
export class SipMessage implements Message {
  readonly kind = 'sip'
  readonly text: string
  readonly transport: Transport | null
  readonly tls: TlsInfo | null
  state: MessageState | null = null
  readonly serial: number
  private lineParsed = false
  private request = false
  private response = false
  private lineStart = 0
  private lineEnd = 0
  private headStart = 0
  private word1 = ''
  private word2 = ''
  private word3 = ''
  /** WORDS numbers a header line; null while nobody has asked. */
  private table: number[] | null = null
  private bodyStart = 0
  private headEnd = 0
  private understood: Parsed | null = null

  constructor(text: string, transport: Transport | null = null, tls: TlsInfo | null = null) {
    this.text = text
    this.transport = transport
    this.tls = tls
    this.serial = ++serials
  }

  get parsed(): Parsed { return this.understood ??= new Parsed(this) }

  get isRequest(): boolean {
    if (!this.lineParsed) this.parseLine()
    return this.request
  }

  get isResponse(): boolean {
    if (!this.lineParsed) this.parseLine()
    return this.response
  }

  get method(): string { return this.isRequest ? this.word1 : '' }
  get target(): string { return this.isRequest ? this.word2 : '' }
  get version(): string { return this.isRequest ? this.word3 : this.response ? this.word1 : '' }
  get status(): string { return this.isResponse ? this.word2 : '' }
  get reason(): string { return this.isResponse ? this.word3 : '' }

  get firstLine(): string {
    if (!this.lineParsed) this.parseLine()
    return this.text.slice(this.lineStart, this.lineEnd)
  }

  get headerText(): string {
    this.lines()
    return this.text.slice(this.headStart, this.bodyStart)
  }

  get body(): string {
    this.lines()
    return this.text.slice(this.bodyStart)
  }

  /** Whether the headers ended with an empty line. */
  get complete(): boolean {
    this.lines()
    return this.bodyStart > this.headEnd
  }

  get count(): number { return this.lines().length / WORDS }

  name(i: number): string {
    const table = this.lines()
    return this.text.slice(table[WORDS * i]!, table[WORDS * i + 1])
  }

  value(i: number): string {
    const table = this.lines()
    return this.text.slice(table[WORDS * i + 2]!, table[WORDS * i + 3])
  }

  /** The id of line `i` (names.ts), 0 for names without one. */
  id(i: number): number { return this.lines()[WORDS * i + 4]! }

  find(id: number, lower: string, from: number): number {
    const table = this.lines()
    const length = lower.length
    for (let at = WORDS * from; at < table.length; at += WORDS) {
      if (id !== 0) {
        if (table[at + 4] === id) return at / WORDS
      } else if (table[at + 1]! - table[at]! === length && sameAt(this.text, table[at]!, lower)) return at / WORDS
    }
    return -1
  }

  /** Empty lines before the first line are skipped (RFC 3261 §7.5). */
  private parseLine(): void {
    const { text } = this
    this.lineParsed = true
    let start = 0
    while (start < text.length && (text.charCodeAt(start) === 13 || text.charCodeAt(start) === 10)) start++
    let end = text.indexOf('\n', start)
    this.headStart = end < 0 ? text.length : end + 1
    if (end < 0) end = text.length
    if (end > start && text.charCodeAt(end - 1) === 13) end--
    this.lineStart = start
    this.lineEnd = end
    const first = text.indexOf(' ', start)
    if (first <= start || first >= end) return
    const second = text.indexOf(' ', first + 1)
    if (sameAt(text, start, 'sip/2.0') && first - start === 7) this.statusLine(first, second, end)
    else this.requestLine(start, first, second, end)
  }

  private statusLine(first: number, second: number, end: number): void {
    const codeEnd = second < 0 || second > end ? end : second
    if (codeEnd - first !== 4 || !isDigits(this.text, first + 1, codeEnd)) return
    this.response = true
    this.word1 = this.text.slice(this.lineStart, first)
    this.word2 = this.text.slice(first + 1, codeEnd)
    this.word3 = codeEnd < end ? this.text.slice(codeEnd + 1, end) : ''
  }

  private requestLine(start: number, first: number, second: number, end: number): void {
    const { text } = this
    end = trimEnd(text, start, end)
    if (second <= first + 1 || second >= end - 4 || text.indexOf('/', second) <= second + 1 || text.indexOf('/', second) >= end - 1) return
    for (let i = start; i < first; i++) if (!isToken(text.charCodeAt(i))) return
    for (let i = second + 1; i < end; i++) if (isSpace(text.charCodeAt(i))) return
    this.request = true
    this.word1 = text.slice(start, first)
    this.word2 = text.slice(first + 1, second)
    this.word3 = text.slice(second + 1, end)
  }

  /** Finds the header lines; a line without a colon stands for nothing and is left out. */
  private lines(): number[] {
    if (this.table !== null) return this.table
    if (!this.lineParsed) this.parseLine()
    const table: number[] = this.table = []
    const { text } = this
    const length = text.length
    let at = this.headStart
    while (at < length) {
      let end = text.indexOf('\n', at)
      if (end < 0) end = length
      if (end === at || end === at + 1 && text.charCodeAt(at) === 13) {
        this.headEnd = at
        this.bodyStart = Math.min(end + 1, length)
        return table
      }
      while (end + 1 < length && (text.charCodeAt(end + 1) === 32 || text.charCodeAt(end + 1) === 9)) {
        end = text.indexOf('\n', end + 1)
        if (end < 0) end = length
      }
      this.line(table, at, end)
      at = end + 1
    }
    this.headEnd = this.bodyStart = length
    return table
  }

  private line(table: number[], start: number, end: number): void {
    const { text } = this
    let colon = start
    while (colon < end && text.charCodeAt(colon) !== 58) colon++
    if (colon === end) return
    const nameEnd = trimEnd(text, start, colon)
    if (nameEnd === start || isSpace(text.charCodeAt(start))) return
    const from = skipSpace(text, colon + 1, end)
    table.push(start, nameEnd, from, trimEnd(text, from, end), sipHeaderIdAt(text, start, nameEnd))
  }
}
