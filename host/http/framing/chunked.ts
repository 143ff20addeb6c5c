/** What the decoder expects next. */
const State = {
  Size: 0, FirstDigit: 1, Padding: 2, Extension: 3, SizeLf: 4, Data: 5, DataCr: 6, DataLf: 7, Trailer: 8,
  TrailerName: 9, TrailerValue: 10, TrailerLf: 11, LastLf: 12, Done: 13, Broken: 14,
} as const
type State = (typeof State)[keyof typeof State]

/**
 * Bounds of what a chunked body may carry besides its data: an endless extension or trailer costs the sender as much as
 * us, but gains nothing.
 */
export interface ChunkLimits {
  /** Bytes of one chunk's size line after the digits. */
  readonly extension: number
  /** Bytes of size digits: more than these are zeros. */
  readonly digits: number
  /** Bytes of the whole trailer section. */
  readonly trailer: number
}

export const defaultChunkLimits: ChunkLimits = { extension: 4096, digits: 16, trailer: 32768 }

/** Bytes of a trailer's name (RFC 9110 §5.6.2). */
const token = new Uint8Array(256)
for (let c = 0x21; c < 127; c++) if (/[A-Za-z0-9!#$%&'*+.^_`|~-]/.test(String.fromCharCode(c))) token[c] = 1

/**
 * Incremental decoder of one chunked body (RFC 9112 §7.1), strict: CRLF everywhere, size digits present and not above
 * 2^53−1, extensions and trailers bounded and free of control characters. Feed it until `done`; data is reported as a
 * range of the fed bytes, never copied.
 */
export class ChunkedDecoder {
  /** The data that the last feed met: a range of the bytes given to it, empty when the two are equal. */
  dataStart = 0
  dataEnd = 0
  /** The last chunk and the trailers are through; what follows belongs to the next request. */
  done = false
  private state: State = State.FirstDigit
  /** Bytes left of the chunk, or its size so far. */
  private size = 0
  /** Bytes counted against a limit. */
  private count = 0
  private trailer = 0
  private readonly limits: ChunkLimits
  /** The trailer section's lines so far. */
  private section = ''

  constructor(limits: ChunkLimits = defaultChunkLimits) {
    this.limits = limits
  }

  /** The trailers as they came: name, value, name, value …, white space around values taken off (RFC 9112 §7.1.2). */
  get trailers(): string[] {
    const list: string[] = []
    for (const line of this.section.split('\n')) {
      const colon = line.indexOf(':')
      if (colon > 0) list.push(line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''))
    }
    return list
  }

  /** Malformed input was met. */
  get broken(): boolean { return this.state === State.Broken }

  /**
   * Takes bytes start..end of `bytes`. Returns how far it came: to the end, past one range of data, or to the body's
   * end; call again with the rest until `end` or `done`. Returns −1 when the body is malformed, and from then on
   * always.
   */
  feed(bytes: Uint8Array, start: number, end: number): number {
    this.dataStart = this.dataEnd = start
    let p = start
    while (p < end) {
      if (this.state === State.Data) return this.data(p, end)
      if (this.done) return p
      const c = bytes[p]!
      p++
      if (!(this.state < State.Data ? this.sizeLine(c) : this.lineEnd(c))) {
        this.state = State.Broken
        return -1
      }
      if ((this.state as State) === State.Done) {
        this.done = true
        return p
      }
    }
    return this.state === State.Broken ? -1 : p
  }

  private data(p: number, end: number): number {
    const n = Math.min(this.size, end - p)
    this.size -= n
    if (this.size === 0) this.state = State.DataCr
    this.dataStart = p
    this.dataEnd = p + n
    return p + n
  }

  /** One byte of `HEX [;extension] CRLF`. */
  private sizeLine(c: number): boolean {
    switch (this.state) {
      case State.FirstDigit:
      case State.Size:
        return this.digit(c)
      case State.Padding:
        // Spaces after the size (RFC 9112 §7.1.1: BWS) lead to an extension or the line's end, to nothing else.
        if (c === 59) this.state = State.Extension
        else if (c !== 32 && c !== 9) return this.sizeEnd(c)
        return ++this.count <= this.limits.extension
      case State.Extension:
        if ((c < 32 && c !== 9) || c === 127) return this.sizeEnd(c)
        return ++this.count <= this.limits.extension
      default:
        if (c !== 10) return false
        this.state = this.size > 0 ? State.Data : State.Trailer
        return true
    }
  }

  private digit(c: number): boolean {
    let value = c - 48
    if (value < 0 || value > 9) {
      const lower = c | 32
      value = lower >= 97 && lower <= 102 ? lower - 87 : -1
    }
    if (value >= 0) {
      this.count = this.state === State.FirstDigit ? 1 : this.count + 1
      this.size = this.state === State.FirstDigit ? value : this.size * 16 + value
      this.state = State.Size
      return this.size <= Number.MAX_SAFE_INTEGER && this.count <= this.limits.digits
    }
    if (this.state === State.FirstDigit) return false
    this.count = 1
    if (c === 59) this.state = State.Extension
    else if (c === 32 || c === 9) this.state = State.Padding
    else return this.sizeEnd(c)
    return true
  }

  /** The size line's CR, and nothing else. */
  private sizeEnd(c: number): boolean {
    this.state = State.SizeLf
    return c === 13
  }

  /** One byte of the CRLF after data, or of the trailer section. */
  private lineEnd(c: number): boolean {
    if (this.state >= State.Trailer) {
      if (++this.trailer > this.limits.trailer) return false
      if (c !== 13) this.section += String.fromCharCode(c)
    }
    switch (this.state) {
      case State.DataCr:
        this.state = State.DataLf
        return c === 13
      case State.DataLf:
        this.state = State.FirstDigit
        return c === 10
      case State.Trailer:
        if (c === 13) {
          this.state = State.LastLf
          return true
        }
        this.state = State.TrailerName
        return token[c] === 1
      case State.TrailerName:
        if (c === 58) this.state = State.TrailerValue
        return c === 58 || token[c] === 1
      case State.TrailerValue:
        if (c === 13) this.state = State.TrailerLf
        return c === 13 || c === 9 || (c >= 32 && c !== 127)
      case State.TrailerLf:
        this.state = State.Trailer
        return c === 10
      case State.LastLf:
        this.state = State.Done
        return c === 10
      default:
        return false
    }
  }
}
