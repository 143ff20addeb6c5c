import type { HeadLimits, HeadParser, HeadResume } from './parser.ts'
import { HeadBounds } from './bounds.ts'
import { connectionFlags, decimal, equalsLower, headerId, methodId } from './fields.ts'
import { noteOutcome, worthParsing } from './parser.ts'
import { scanTarget } from './target.ts'
import * as t from './table.ts'

const chunked = Buffer.from('chunked')
const expected = Buffer.from('100-continue')
const protocol = Buffer.from('HTTP/')

/**
 * Per byte of a header name: 0 ends or spoils it, 1 valid, 2 a token character that nginx calls invalid, 3 `_`, 4 any
 * other byte that nginx skips.
 */
const nameClass = new Uint8Array(256)
for (let c = 0x21; c < 256; c++) {
  const char = String.fromCharCode(c)
  if (/[A-Za-z0-9-]/.test(char)) nameClass[c] = 1
  else if (char === '_') nameClass[c] = 3
  else if ("!#$%&'*+.^`|~".includes(char)) nameClass[c] = 2
  else if (char !== ':' && c !== 0x7f) nameClass[c] = 4
}

/**
 * The head parser in plain TypeScript: the reference that the AssemblyScript one is compared with, and the fallback
 * where that is not built. nginx's rules (nginx.md §8), RFC 9112 where it is stricter: a bare CR and a folded line are
 * errors anywhere.
 */
export class TsHead extends HeadBounds implements HeadParser {
  readonly name = 'ts'
  private readonly bytes: Uint8Array
  /** Where the next line begins after the one just parsed. */
  private next = 0

  /** `bytes` holds the heads that parseHead is pointed at. */
  constructor(bytes: Uint8Array, table: Int32Array) {
    super(table)
    this.bytes = bytes
  }

  parseHead(start: number, end: number, limits: HeadLimits, resume?: HeadResume): number {
    if (resume === undefined) return this.parse(start, end, limits)
    if (resume.seen > 0 && !worthParsing(this.bytes, start, end, resume)) {
      resume.seen = end - start
      return 0
    }
    return noteOutcome(this.parse(start, end, limits), end - start, this.table, resume)
  }

  copy(to: number, from: number, length: number): void {
    this.bytes.copyWithin(to, from, from + length)
  }

  private parse(start: number, end: number, limits: HeadLimits): number {
    const { bytes, table } = this
    this.start = start
    this.end = end
    this.limits = limits
    this.busy = 0
    this.headers = -1
    let p = start
    while (p < end && (bytes[p] === 13 || bytes[p] === 10)) p++
    this.line = this.lineBefore = p
    // nginx starts its buffer again when only empty lines fill it; here they stay in memory, so there is an end to
    // them.
    if (p - start > limits.smallBuf + limits.largeNum * limits.largeSize) return this.refuse(t.E_TOO_LARGE, p, p, p - 1)
    this.bufEnd = start + limits.smallBuf * (1 + Math.floor((p - start) / limits.smallBuf))
    if (p === end) return this.incomplete()
    table.fill(-1, t.T_KNOWN, t.T_HEADERS)
    table[t.T_FLAGS] = 0
    table[t.T_COUNT] = 0
    table[t.T_SKIPPED] = 0
    table[t.T_SKIPPED_OFF] = -1
    table[t.T_SKIPPED_LEN] = 0
    table[t.T_CL_LO] = table[t.T_CL_HI] = -1
    const result = this.requestLine(p)
    if (result !== 1) return result
    if (table[t.T_VERSION] === 9) return this.finish(this.next)
    this.headers = this.next
    return this.headerLines()
  }

  /** 1 when the line is parsed and `next` is set, else what parse returns. */
  private requestLine(p: number): number {
    const { bytes, table, end, start } = this
    const method = p
    while (p < end && ((bytes[p]! >= 65 && bytes[p]! <= 90) || bytes[p] === 95 || bytes[p] === 45)) p++
    if (p === end) return this.incomplete()
    if (bytes[p] !== 32 || p === method) return this.fail(t.E_METHOD, p)
    table[t.T_METHOD] = methodId(bytes, method, p - method)
    table[t.T_METHOD_OFF] = method - start
    table[t.T_METHOD_LEN] = p - method
    while (p < end && bytes[p] === 32) p++
    if (p === end) return this.incomplete()
    const target = p
    p = scanTarget(bytes, start, p, end, table)
    if (p < 0) return this.fail(t.E_REQUEST, -p)
    if (p === end) return this.incomplete()
    table[t.T_TARGET_OFF] = target - start
    table[t.T_TARGET_LEN] = p - target
    return this.version(p)
  }

  /** The rest of the request line, from the byte after the target. */
  private version(p: number): number {
    const { bytes, table, end, start } = this
    while (p < end && bytes[p] === 32) p++
    if (p === end) return this.incomplete()
    if (bytes[p] === 13 || bytes[p] === 10) {
      table[t.T_PROTO_OFF] = -1
      table[t.T_PROTO_LEN] = 0
      return this.requestLineEnd(p, 9)
    }
    const from = p
    for (let i = 0; i < 5; i++, p++) {
      if (p === end) return this.incomplete()
      if (bytes[p] !== protocol[i]) return this.fail(t.E_REQUEST, p)
    }
    let major = 0
    for (; p < end && bytes[p]! >= 48 && bytes[p]! <= 57; p++) {
      major = major * 10 + bytes[p]! - 48
      if (major === 0) return this.fail(t.E_REQUEST, p)
      if (major > 1) return this.fail(t.E_VERSION, p)
    }
    if (p === end) return this.incomplete()
    if (bytes[p] !== 46 || major === 0) return this.fail(t.E_REQUEST, p)
    p++
    const digits = p
    let minor = 0
    for (; p < end && bytes[p]! >= 48 && bytes[p]! <= 57; p++) {
      minor = minor * 10 + bytes[p]! - 48
      if (minor > 99) return this.fail(t.E_REQUEST, p)
    }
    if (p === end) return this.incomplete()
    if (p === digits) return this.fail(t.E_REQUEST, p)
    table[t.T_PROTO_OFF] = from - start
    table[t.T_PROTO_LEN] = p - from
    while (p < end && bytes[p] === 32) p++
    return this.requestLineEnd(p, 1000 * major + minor)
  }

  private requestLineEnd(p: number, version: number): number {
    const { bytes, table, end } = this
    const stop = p
    if (p < end && bytes[p] === 13) p++
    if (p === end) return this.incomplete()
    if (bytes[p] !== 10) return this.fail(t.E_REQUEST, p)
    if (version === 9 && table[t.T_METHOD] !== t.M_GET) return this.fail(t.E_METHOD_09, p)
    if (!this.fits(p + 1)) return this.overflow()
    table[t.T_VERSION] = version
    table[t.T_LINE_LEN] = stop - this.line
    this.next = p + 1
    return 1
  }

  private headerLines(): number {
    const { bytes, end } = this
    let before = this.line
    for (;;) {
      const p = this.next
      this.line = p
      this.lineBefore = before
      before = p
      if (p === end) return this.incomplete()
      if (bytes[p] === 10) {
        if (!this.fits(p + 1)) return this.overflow()
        return this.finish(p + 1)
      }
      if (bytes[p] === 13) {
        if (p + 1 === end) return this.incomplete()
        if (bytes[p + 1] !== 10) return this.fail(t.E_HEADER, p + 1)
        if (!this.fits(p + 2)) return this.overflow()
        return this.finish(p + 2)
      }
      const result = this.headerLine(p)
      if (result !== 1) return result
    }
  }

  /** One header line; 1 when it is parsed and `next` is set. */
  private headerLine(p: number): number {
    const { bytes, end } = this
    const name = p
    const { flags } = this.limits
    let invalid = false
    let foreign = -1
    for (; p < end; p++) {
      const kind = nameClass[bytes[p]!]!
      if (kind === 1) continue
      if (kind === 0) break
      if (kind === 3 && (flags & t.O_UNDERSCORES) !== 0) continue
      invalid = true
      if (kind === 4 && foreign < 0) foreign = p
    }
    if (p === end) return this.incomplete()
    const colon = p
    if (p > name && (bytes[p] === 13 || bytes[p] === 10)) return this.lineEnd(p)
    if (bytes[p] !== 58 || p === name) return this.fail(t.E_HEADER, p)
    p++
    while (p < end && (bytes[p] === 32 || bytes[p] === 9)) p++
    const value = p
    for (; p < end; p++) {
      const c = bytes[p]!
      if (c <= 13 && (c === 13 || c === 10 || c === 0)) break
    }
    if (p < end && bytes[p] === 0) return this.fail(t.E_HEADER, p)
    let last = p
    const result = this.lineEnd(p)
    if (result !== 1) return result
    while (last > value && (bytes[last - 1] === 32 || bytes[last - 1] === 9)) last--
    if (invalid) {
      if ((flags & t.O_IGNORE_INVALID) !== 0) return this.skip(name, p)
      if (foreign >= 0) return this.fail(t.E_HEADER, foreign)
    }
    return this.field(name, colon - name, value, last)
  }

  /** The line end at p: 1 and `next` set when it is whole and the line fits nginx's buffers. */
  private lineEnd(p: number): number {
    const { bytes, end } = this
    if (p < end && bytes[p] === 13) p++
    if (p === end) return this.incomplete()
    if (bytes[p] !== 10) return this.fail(t.E_HEADER, p)
    if (!this.fits(p + 1)) return this.overflow()
    this.next = p + 1
    return 1
  }

  private skip(from: number, to: number): number {
    const { table } = this
    if (table[t.T_SKIPPED]!++ === 0) {
      table[t.T_SKIPPED_OFF] = from - this.start
      table[t.T_SKIPPED_LEN] = to - from
      table[t.T_FLAGS]! |= t.F_SKIPPED
    }
    return 1
  }

  /** Takes a well-formed header line into the table. */
  private field(name: number, length: number, value: number, last: number): number {
    const { bytes, table, start } = this
    const count = table[t.T_COUNT]!
    if (count >= this.limits.maxHeaders || count >= t.MAX_HEADERS) return this.fail(t.E_TOO_MANY_HEADERS, this.next - 1)
    if (length > 0xffff) return this.fail(t.E_HEADER_TOO_LONG, this.next - 1)
    const id = headerId(bytes, name, length)
    if (id !== 0) {
      const first = table[t.T_KNOWN + id]!
      if (first < 0) {
        table[t.T_KNOWN + id] = count
      } else if (((t.UNIQUE_HEADERS >>> id) & 1) !== 0) {
        const previous = t.T_HEADERS + first * t.HEADER_WORDS
        const code = this.refuse(id === t.H_HOST ? t.E_DUPLICATE_HOST : t.E_DUPLICATE, name, last, this.next - 1)
        table[t.T_ERR_PREV] = table[previous]!
        table[t.T_ERR_PREV_LEN] = table[previous + 2]! + table[previous + 3]! - table[previous]!
        return code
      }
      if (id === t.H_CONNECTION) table[t.T_FLAGS]! |= connectionFlags(bytes, value, last)
    }
    const at = t.T_HEADERS + count * t.HEADER_WORDS
    table[at] = name - start
    table[at + 1] = length | (id << 16)
    table[at + 2] = value - start
    table[at + 3] = last - value
    table[t.T_COUNT] = count + 1
    return 1
  }

  /** What can be judged only when all lines are known, in nginx's order. */
  private finish(stop: number): number {
    const { table } = this
    const version = table[t.T_VERSION]!
    let flags = table[t.T_FLAGS]!
    if (table[t.T_KNOWN + t.H_HOST]! >= 0) flags |= t.F_HOST
    else if (version > 1000) return this.refuse(t.E_NO_HOST, this.line, this.line, stop - 1)
    const framing = this.framing(version, stop)
    if (framing < 0) return framing
    flags |= framing
    if (version > 1000 && this.valueIs(t.H_EXPECT, expected)) flags |= t.F_EXPECT_100
    if (table[t.T_KNOWN + t.H_UPGRADE]! >= 0) flags |= t.F_UPGRADE
    if (table[t.T_KNOWN + t.H_TE]! >= 0) flags |= t.F_TE
    if ((flags & t.F_CLOSE) === 0 && (version > 1000 || (flags & t.F_KEEP_ALIVE) !== 0)) flags |= t.F_PERSIST
    table[t.T_FLAGS] = flags
    table[t.T_WORDS] = t.T_HEADERS + table[t.T_COUNT]! * t.HEADER_WORDS
    table[t.T_HEAD_LEN] = stop - this.start
    return stop - this.start
  }

  /** How the body is framed (RFC 9112 §6.3): F_* bits, or an error. */
  private framing(version: number, stop: number): number {
    const { table, bytes, start } = this
    const length = table[t.T_KNOWN + t.H_CONTENT_LENGTH]!
    let flags = 0
    if (length >= 0) {
      const at = t.T_HEADERS + length * t.HEADER_WORDS
      const from = start + table[at + 2]!
      const n = decimal(bytes, from, from + table[at + 3]!)
      if (n < 0) return this.refuseField(t.E_CONTENT_LENGTH, length, stop)
      table[t.T_CL_LO] = n | 0
      table[t.T_CL_HI] = Math.floor(n / 0x100000000)
      if (n > 0) flags = t.F_BODY
    }
    const encoding = table[t.T_KNOWN + t.H_TRANSFER_ENCODING]!
    if (encoding < 0) return flags
    if (version < 1001) return this.refuseField(t.E_TE_IN_10, encoding, stop)
    if (!this.valueIs(t.H_TRANSFER_ENCODING, chunked)) return this.refuseField(t.E_UNKNOWN_TE, encoding, stop)
    if (length >= 0) return this.refuseField(t.E_LENGTH_AND_TE, encoding, stop)
    return t.F_BODY | t.F_CHUNKED
  }

  private valueIs(id: number, lower: Uint8Array): boolean {
    const { table } = this
    const index = table[t.T_KNOWN + id]!
    if (index < 0) return false
    const at = t.T_HEADERS + index * t.HEADER_WORDS
    return table[at + 3] === lower.length && equalsLower(this.bytes, this.start + table[at + 2]!, lower)
  }
}
