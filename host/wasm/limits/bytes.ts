import { BinaryError } from '../binary.ts'

/**
 * Reads bytes and LEB128 numbers (WebAssembly core specification 3.0 §5.2); throws BinaryError at the end of the bytes.
 */
export class Input {
  readonly bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  byte(): number {
    if (this.at >= this.end) throw new BinaryError('is truncated')
    return this.bytes[this.at++]!
  }

  /** An unsigned number of 32 bits. */
  u32(): number {
    const first = this.byte()
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new BinaryError('has a number that is too long')
  }

  /** Passes over a number of up to 64 bits, signed or not. */
  skipNumber(): void {
    for (let i = 0; i < 10; i++) if (this.byte() < 0x80) return
    throw new BinaryError('has a number that is too long')
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw new BinaryError('is truncated')
    this.at += count
  }

  name(): string {
    const length = this.u32()
    const from = this.at
    this.skip(length)
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, length).toString('utf8')
  }

  /** Passes over a value type: one byte, or `(ref …)` with its heap type. */
  skipType(): void {
    const byte = this.byte()
    if (byte === 0x63 || byte === 0x64) this.skipNumber()
  }
}

/** A growing byte array. */
export class Output {
  private store: Uint8Array<ArrayBuffer>
  length = 0

  constructor(capacity = 256) {
    this.store = new Uint8Array(capacity)
  }

  /** What was written; a view that the next write may make stale. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.store.subarray(0, this.length)
  }

  private reserve(more: number): void {
    if (this.length + more <= this.store.length) return
    const grown = new Uint8Array(Math.max(this.store.length * 2, this.length + more))
    grown.set(this.bytes)
    this.store = grown
  }

  byte(value: number): void {
    this.reserve(1)
    this.store[this.length++] = value
  }

  put(bytes: ArrayLike<number>): void {
    this.reserve(bytes.length)
    this.store.set(bytes, this.length)
    this.length += bytes.length
  }

  copy(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start)
    this.store.set(from.subarray(start, end), this.length)
    this.length += end - start
  }

  u32(value: number): void {
    this.put(unsigned(value))
  }

  /** Room for a number that `patch` writes later; five bytes, which LEB128 allows for any number of 32 bits. */
  placeholder(): number {
    this.put([0x80, 0x80, 0x80, 0x80, 0])
    return this.length - 5
  }

  /** Writes an unsigned number at a place that `placeholder` gave. */
  patch(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.store[at + i] = ((value >>> (7 * i)) & 0x7f) | 0x80
    this.store[at + 4] = value >>> 28
  }

  set(at: number, value: number): void {
    this.store[at] = value
  }
}

/** Unsigned LEB128 of a number of up to 32 bits. */
export function unsigned(value: number): number[] {
  const out: number[] = []
  do {
    const low = value & 0x7f
    value >>>= 7
    out.push(value === 0 ? low : low | 0x80)
  } while (value !== 0)
  return out
}

/** Signed LEB128 of a number of up to 32 bits. */
export function signed(value: number): number[] {
  const out: number[] = []
  for (;;) {
    const low = value & 0x7f
    value >>= 7
    if ((value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0)) return [...out, low]
    out.push(low | 0x80)
  }
}

/** A name as modules hold it. */
export function nameBytes(text: string): number[] {
  const bytes = Buffer.from(text, 'utf8')
  return [...unsigned(bytes.length), ...bytes]
}
