import type { Message } from './message.ts'
import type { Credentials } from './digest.ts'
import type { Via } from './via.ts'
import { Address, parseAddress, valueEnd } from './address.ts'
import { parseCSeq, sdpOf } from './body.ts'
import { parseCredentials } from './digest.ts'
import { effectiveUri } from './effective.ts'
import { H_CONTACT, H_CONTENT_TYPE, H_COUNT, H_CSEQ, H_RECORD_ROUTE, H_VIA, sipHeaderNames } from './names.ts'
import { skipSpace, trimEnd, trimmed } from './scan.ts'
import { parseHttpVia, parseVia } from './via.ts'

const UNKNOWN = -2
const unknownLines: readonly number[] = new Array<number>(H_COUNT).fill(UNKNOWN)

/**
 * The structured headers of one message, each understood when it is first asked for and then kept. null: the header is not there; undefined: it is there and
 * cannot be understood.
 */
export class Parsed {
  private readonly m: Message
  private readonly lines: number[] = unknownLines.slice()
  private readonly values: (string | undefined)[] = []
  private readonly addresses: (Address | null | undefined)[] = []
  private readonly addressKnown: boolean[] = []
  /** The comma-separated values of a header over all its lines, by its first line: what `@hf_value` reads and keeps here. */
  readonly valueLists: (readonly string[] | undefined)[] = []
  private viaTexts: string[] | null = null
  private readonly vias: (Via | null)[] = []
  private cseqKnown = false
  private cseqValue: { readonly number: string, readonly method: string } | null = null
  private credentialsOf: (Credentials | null)[][] | null = null
  private contactValues: (Address | null)[] | null = null
  private underscores: boolean | null = null
  private effective: string | null | undefined = undefined
  private sdpKnown = false
  private sdpText: string | null = null

  constructor(m: Message) {
    this.m = m
  }

  /** Number of the first line of a known header, −1 when there is none. */
  line(id: number): number {
    let line = this.lines[id]!
    if (line === UNKNOWN) this.lines[id] = line = this.m.find(id, sipHeaderNames[id]!, 0)
    return line
  }

  /** Value of the first line of a known header, or null. */
  header(id: number): string | null {
    const line = this.line(id)
    return line < 0 ? null : this.value(line)
  }

  /** Value of a header line. */
  value(line: number): string {
    const { m } = this
    // An HTTP message keeps them itself.
    return m.kind === 'http' ? m.value(line) : this.values[line] ??= m.value(line)
  }

  /** Whether a header name has a `_`. */
  get hasUnderscores(): boolean {
    return this.underscores ??= underscoreIn(this.m)
  }

  /** The URI that an HTTP request asks for; null without a host. */
  get effectiveUri(): string | null {
    if (this.effective === undefined) this.effective = effectiveUri(this.m)
    return this.effective
  }

  /** From, To, Refer-To, Remote-Party-ID: the whole value is one address. Contact, Record-Route: the first value of the first line. */
  address(id: number): Address | null | undefined {
    if (this.addressKnown[id] === true) return this.addresses[id]
    this.addressKnown[id] = true
    return this.addresses[id] = this.parseAddress(id)
  }

  private parseAddress(id: number): Address | null | undefined {
    const value = this.header(id)
    if (value === null) return null
    const list = id === H_CONTACT || id === H_RECORD_ROUTE
    return parseAddress(value, 0, list ? valueEnd(value, 0, value.length) : value.length) ?? undefined
  }

  /** Whether Contact is the `*` of a REGISTER. */
  get allContacts(): boolean { return this.header(H_CONTACT) === '*' }

  /** All Contact values of all lines in their order; null for one that cannot be understood. */
  get contacts(): readonly (Address | null)[] {
    if (this.contactValues !== null) return this.contactValues
    const found: (Address | null)[] = this.contactValues = []
    for (let line = this.line(H_CONTACT); line >= 0; line = this.m.find(H_CONTACT, 'contact', line + 1)) {
      const value = this.value(line)
      if (value === '*') continue
      for (let at = 0; at < value.length; at++) {
        const end = valueEnd(value, at, value.length)
        found.push(parseAddress(value, at, end))
        at = end
      }
    }
    return found
  }

  /** How many Via values there are in all lines. */
  get viaCount(): number { return this.viaList().length }

  /** Text of Via value `i` (0 is the topmost), without white space around it; '' beyond the last. */
  viaText(i: number): string { return this.viaList()[i] ?? '' }

  /** Via value `i`, or null when there is none or it cannot be understood. */
  via(i: number): Via | null {
    const known = this.vias[i]
    if (known !== undefined) return known
    const text = this.viaText(i)
    return this.vias[i] = text === '' ? null : this.m.kind === 'http' ? parseHttpVia(text) : parseVia(text)
  }

  private viaList(): string[] {
    if (this.viaTexts !== null) return this.viaTexts
    const found: string[] = this.viaTexts = []
    for (let line = this.line(H_VIA); line >= 0; line = this.m.find(H_VIA, 'via', line + 1)) {
      const value = this.value(line)
      for (let at = 0; at < value.length; at++) {
        const end = commaIn(value, at)
        const from = skipSpace(value, at, end)
        if (from < end) found.push(trimmed(value, from, trimEnd(value, from, end)))
        at = end
      }
    }
    return found
  }

  /** null when CSeq is missing or broken. */
  get cseq(): { readonly number: string, readonly method: string } | null {
    if (!this.cseqKnown) {
      this.cseqKnown = true
      const value = this.header(H_CSEQ)
      if (value !== null) this.cseqValue = parseCSeq(value)
    }
    return this.cseqValue
  }

  /** The credentials of every line of (Proxy-)Authorization; null for those that are broken; schemes other than Digest are left out. */
  credentials(id: number): readonly (Credentials | null)[] {
    const kept = this.credentialsOf ??= []
    const known = kept[id]
    if (known !== undefined) return known
    const found: (Credentials | null)[] = kept[id] = []
    for (let line = this.line(id); line >= 0; line = this.m.find(id, sipHeaderNames[id]!, line + 1)) {
      const credentials = parseCredentials(this.value(line))
      if (credentials !== undefined) found.push(credentials)
    }
    return found
  }

  /** The SDP of the body, or null. */
  get sdp(): string | null {
    if (!this.sdpKnown) {
      this.sdpText = sdpOf(this.header(H_CONTENT_TYPE), this.m.body ?? '')
      this.sdpKnown = this.m.body !== null
    }
    return this.sdpText
  }
}

function underscoreIn(m: Message): boolean {
  for (let i = 0, n = m.count; i < n; i++) if (m.name(i).includes('_')) return true
  return false
}

/** The next comma outside of quotes and comments, or the end. */
export function commaIn(value: string, at: number): number {
  let quoted = false
  let depth = 0
  for (; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code === 92 && (quoted || depth > 0)) at++
    else if (code === 34 && depth === 0) quoted = !quoted
    else if (quoted) continue
    else if (code === 40) depth++
    else if (code === 41 && depth > 0) depth--
    else if (code === 44 && depth === 0) return at
  }
  return value.length
}
