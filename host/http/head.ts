import type { CoreMemory } from './framing/memory.ts'
import { headerNames } from './framing/names.ts'
import {
  HEADER_WORDS, H_COOKIE, H_IF_MATCH, H_IF_MODIFIED_SINCE, H_IF_NONE_MATCH, H_IF_UNMODIFIED_SINCE, H_LAST, T_COUNT,
  T_HEADERS, T_HEAD_LEN, T_KNOWN, T_LINE_LEN, T_METHOD_OFF, T_TARGET_LEN, T_TARGET_OFF, T_URI_LEN, T_URI_OFF,
  T_WORDS,
} from './framing/table.ts'

const knownIds = new Map(headerNames.map((name, id) => [name, id]))

/**
 * The head of one request: the parser's table and the bytes it points into. During the read that brought it, both lie in the worker's shared
 * core memory; a request that waits takes its own copy (`detach`). Changed headers live in plain arrays from the first change on.
 */
export class RequestHead {
  private readonly memory: CoreMemory
  private ownTable: Int32Array | null = null
  private ownBytes: Buffer | null = null
  table: Int32Array
  bytes: Buffer
  /** Where the head begins in `bytes`. */
  base = 0
  /** Changed header lines: name, value, name, value …; null while the head is as received. */
  private lines: string[] | null = null
  private requestText: string | null = null
  /** False when no head was understood (a malformed request line). */
  private valid = false
  /** Without an understood head: whether its request line is well-formed. */
  private lineUnderstood = false

  constructor(memory: CoreMemory) {
    this.memory = memory
    this.table = memory.table
    this.bytes = memory.bytes
  }

  /** Points at a head that was just parsed: `table` filled, `bytes[base…]` the text. */
  attach(bytes: Buffer, base: number): void {
    this.table = this.memory.table
    this.bytes = bytes
    this.base = base
    this.lines = null
    this.requestText = null
    this.valid = true
  }

  /** Points at a table and bytes of its own, which stay: the part that was understood of a head. */
  attachOwn(table: Int32Array, bytes: Buffer): void {
    this.table = table
    this.bytes = bytes
    this.base = 0
    this.lines = null
    this.requestText = null
    this.valid = true
  }

  /** There is no understood head; `line` is what is known of the request line, `understood` whether method and protocol in it are. */
  invalidate(line: string, understood = false): void {
    this.valid = false
    this.lineUnderstood = understood
    this.lines = null
    this.requestText = line
  }

  /** Shows another head, without a copy: a subrequest's is its parent's. What is changed here is not changed there. */
  inherit(from: RequestHead): void {
    this.table = from.table
    this.bytes = from.bytes
    this.base = from.base
    this.lines = from.lines === null ? null : from.lines.slice()
    this.requestText = from.requestText
    this.valid = from.valid
  }

  /** Copies table and bytes out of the shared memory. */
  detach(): void {
    if (!this.valid || this.table !== this.memory.table) return
    const words = this.table[T_WORDS]!
    const length = this.table[T_HEAD_LEN]!
    if (this.ownTable === null || this.ownTable.length < words) this.ownTable = new Int32Array(Math.max(words, 160))
    if (this.ownBytes === null || this.ownBytes.length < length) this.ownBytes = Buffer.allocUnsafeSlow(Math.max(length, 1024))
    this.ownTable.set(this.table.subarray(0, words))
    this.bytes.copy(this.ownBytes, 0, this.base, this.base + length)
    this.table = this.ownTable
    this.bytes = this.ownBytes
    this.base = 0
  }

  /** The same head in an object of its own, for who keeps it when this one goes on to another request. */
  handOver(): RequestHead {
    this.detach()
    const kept = Object.assign(new RequestHead(this.memory), this)
    this.ownTable = this.ownBytes = null
    return kept
  }

  /** Whether the header lines differ from those received; a plugin's copy of the head must then be built anew. */
  get changed(): boolean { return this.lines !== null }

  /** Whether table and bytes are those of the head as it was received, and understood. */
  get received(): boolean { return this.valid && this.lines === null }

  /** Whether at least the request line was understood. */
  get understood(): boolean { return this.valid || this.lineUnderstood }

  /** Bytes of the head at an offset of the table, as a byte string. */
  text(offset: number, length: number): string {
    return this.bytes.latin1Slice(this.base + offset, this.base + offset + length)
  }

  /** The request line as received, or what is known of a malformed one. */
  requestLine(): string {
    if (this.requestText === null) this.requestText = this.text(this.table[T_METHOD_OFF]!, this.table[T_LINE_LEN]!)
    return this.requestText
  }

  /** The target as received, with scheme and authority where the client named them; '' when no head was understood. */
  target(): string {
    return this.valid ? this.text(this.table[T_TARGET_OFF]!, this.table[T_TARGET_LEN]!) : ''
  }

  /** The target as received, without scheme and authority; '' when no head was understood. */
  unparsedUri(): string {
    return this.valid ? this.text(this.table[T_URI_OFF]!, this.table[T_URI_LEN]!) : ''
  }

  /** How many header lines there are. */
  get count(): number {
    if (this.lines !== null) return this.lines.length >> 1
    return this.valid ? this.table[T_COUNT]! : 0
  }

  /** The name of line `i` as received. */
  name(i: number): string {
    if (this.lines !== null) return this.lines[2 * i]!
    const at = T_HEADERS + i * HEADER_WORDS
    return this.text(this.table[at]!, this.table[at + 1]! & 0xffff)
  }

  /** The value of line `i`, trimmed. */
  value(i: number): string {
    if (this.lines !== null) return this.lines[2 * i + 1]!
    const at = T_HEADERS + i * HEADER_WORDS
    return this.text(this.table[at + 2]!, this.table[at + 3]!)
  }

  /** All values of a header joined by `, ` (cookie `; `), or null; the name in lower case. */
  get(lower: string): string | null {
    if (!this.valid && this.lines === null) return null
    const id = knownIds.get(lower)
    if (id === undefined || this.lines !== null) return this.search(lower)
    return this.known(id)
  }

  /** Whether the request may be conditional (If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since): false when it has none of the four. */
  get conditional(): boolean {
    if (this.lines !== null || !this.valid) return this.lines !== null
    const { table } = this
    // Each is the index of a line, or −1.
    return (table[T_KNOWN + H_IF_MODIFIED_SINCE]! & table[T_KNOWN + H_IF_UNMODIFIED_SINCE]! & table[T_KNOWN + H_IF_NONE_MATCH]! & table[T_KNOWN + H_IF_MATCH]!) !== -1
  }

  /** As `get`, by the table's header id (H_*). */
  known(id: number): string | null {
    if (this.lines !== null) return this.search(headerNames[id]!)
    if (!this.valid) return null
    const { table } = this
    const first = table[T_KNOWN + id]!
    if (first < 0) return null
    let text = this.value(first)
    for (let i = first + 1, n = table[T_COUNT]!; i < n; i++) {
      if (table[T_HEADERS + i * HEADER_WORDS + 1]! >>> 16 === id) text += (id === H_COOKIE ? '; ' : ', ') + this.value(i)
    }
    return text
  }

  /**
   * Where in the table the only line of a header is, by the table's header id: −1 when it has none, −2 when it has several or what was received is
   * not the whole truth: ask `known`.
   */
  single(id: number): number {
    if (!this.valid || this.lines !== null || id < 1 || id > H_LAST) return -2
    const { table } = this
    const first = table[T_KNOWN + id]!
    if (first < 0) return -1
    for (let i = first + 1, n = table[T_COUNT]!; i < n; i++) if (table[T_HEADERS + i * HEADER_WORDS + 1]! >>> 16 === id) return -2
    return T_HEADERS + first * HEADER_WORDS
  }

  /** As `get`, with `_` in `variable` standing for `-` and `_`: where header names may hold both, `$http_a_b` is either (nginx). */
  getByVariable(variable: string): string | null {
    let text: string | null = null
    for (let i = 0, n = this.count; i < n; i++) {
      const name = this.name(i)
      if (name.length !== variable.length || name.toLowerCase().replaceAll('-', '_') !== variable) continue
      text = text === null ? this.value(i) : text + ', ' + this.value(i)
    }
    return text
  }

  /** Number of the first line from `from` on that has this name, in lower case; −1 when there is none. Makes no string. */
  line(lower: string, from: number): number {
    const { table, count } = this
    if (from === 0 && this.lines === null && this.valid) {
      const id = knownIds.get(lower)
      if (id !== undefined) return table[T_KNOWN + id]!
    }
    for (let i = from; i < count; i++) {
      if (this.lines !== null ? this.named(i, lower) : (table[T_HEADERS + i * HEADER_WORDS + 1]! & 0xffff) === lower.length && this.spelt(table[T_HEADERS + i * HEADER_WORDS]!, lower)) return i
    }
    return -1
  }

  /** Whether the bytes at an offset of the table are this name, whatever their case. */
  private spelt(offset: number, lower: string): boolean {
    const { bytes } = this
    const at = this.base + offset
    for (let k = 0; k < lower.length; k++) {
      let code = bytes[at + k]!
      if (code >= 65 && code <= 90) code += 32
      if (code !== lower.charCodeAt(k)) return false
    }
    return true
  }

  private search(lower: string): string | null {
    let text: string | null = null
    for (let i = 0, n = this.count; i < n; i++) {
      if (!this.named(i, lower)) continue
      text = text === null ? this.value(i) : text + (lower === 'cookie' ? '; ' : ', ') + this.value(i)
    }
    return text
  }

  private named(i: number, lower: string): boolean {
    if (this.lines === null && (this.table[T_HEADERS + i * HEADER_WORDS + 1]! & 0xffff) !== lower.length) return false
    return this.name(i).toLowerCase() === lower
  }

  /** Replaces every line of that name by one; '' removes them. */
  set(name: string, value: string): void {
    this.remove(name.toLowerCase())
    if (value !== '') this.add(name, value)
  }

  /** Adds a line behind the others. */
  add(name: string, value: string): void {
    this.own().push(name, value)
  }

  /** Removes every line of that lower-case name. */
  remove(lower: string): void {
    const lines = this.own()
    for (let i = lines.length - 2; i >= 0; i -= 2) if (lines[i]!.toLowerCase() === lower) lines.splice(i, 2)
  }

  private own(): string[] {
    if (this.lines !== null) return this.lines
    const lines: string[] = []
    for (let i = 0, n = this.count; i < n; i++) lines.push(this.name(i), this.value(i))
    return this.lines = lines
  }
}
