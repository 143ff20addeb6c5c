import { decode } from './text'

/** A view of bytes that compares without making strings. Valid while the request that it came from lasts. */
export class Bytes {
  /** Holds the memory behind `at`; null for memory that stays. */
  owner: ArrayBuffer | null = null
  at: usize = 0
  length: i32 = 0

  /** Bytes of a buffer. */
  static of(buffer: ArrayBuffer, length: i32 = buffer.byteLength): Bytes {
    const b = new Bytes()
    b.owner = buffer
    b.at = changetype<usize>(buffer)
    b.length = length
    return b
  }

  /** The byte at a position; traps outside. */
  @operator('[]')
  get(i: i32): u8 {
    if (<u32>i >= <u32>this.length) throw new RangeError('Index out of range')
    return load<u8>(this.at + i)
  }

  /** Whether the bytes are this ASCII text. */
  equals(text: string): bool {
    return this.length == text.length && this.startsWith(text)
  }

  /** Whether the bytes begin with this ASCII text. */
  startsWith(text: string): bool {
    const n = text.length
    if (this.length < n) return false
    const p = changetype<usize>(text)
    for (let i = 0; i < n; i++) if (<u16>load<u8>(this.at + i) != load<u16>(p + (<usize>i << 1))) return false
    return true
  }

  /** Position of a byte at or after `from`, −1 when there is none. */
  indexOf(byte: u8, from: i32 = 0): i32 {
    for (let i = from; i < this.length; i++) if (load<u8>(this.at + i) == byte) return i
    return -1
  }

  /** The bytes from `start` up to `end` (exclusive), bounds cut; a view, not a copy. */
  slice(start: i32, end: i32 = i32.MAX_VALUE): Bytes {
    const b = new Bytes()
    const from = min(max(start, 0), this.length)
    b.owner = this.owner
    b.at = this.at + from
    b.length = max(min(end, this.length) - from, 0)
    return b
  }

  /** A copy as Uint8Array. */
  toArray(): Uint8Array {
    const out = new Uint8Array(this.length)
    memory.copy(out.dataStart, this.at, this.length)
    return out
  }

  /** The bytes read as UTF-8; what is none becomes U+FFFD. */
  toString(): string { return decode(this.at, this.length) }
}
