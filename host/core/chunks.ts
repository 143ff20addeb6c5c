/**
 * The chunks of a shared table: memory is given out in pieces of 128 bytes. The first word of a chunk is the next chunk
 * of the same entry (or of the free list), 0 for none; the first chunk of an entry holds the entry's own words behind it.
 */

/** Words of a chunk. */
export const CHUNK_WORDS = 32
/** Bytes of a chunk. */
export const chunkBytes = 4 * CHUNK_WORDS
/** The word of a chunk that says which follows it. */
export const MORE = 0
/** Words of an entry besides that. */
const ownWords = 10

const FIRST_OFFSET = 4 * (1 + ownWords)
const FIRST_BYTES = chunkBytes - FIRST_OFFSET
const MORE_OFFSET = 4
const MORE_BYTES = chunkBytes - MORE_OFFSET
/** Bytes up to which a loop is faster than a call into native code (measured: 60 ns for any part of a chunk). */
const byteByByte = 24

/** How many chunks an entry of so many bytes takes. */
export function chunksFor(bytes: number): number {
  return bytes <= FIRST_BYTES ? 1 : 1 + Math.ceil((bytes - FIRST_BYTES) / MORE_BYTES)
}

/** The bytes of entries, which are spread over chunks. */
export class Chunks {
  private readonly words: Int32Array
  private readonly bytes: Buffer
  /** Word offset of chunk 0, which does not exist. */
  private readonly base: number
  /** What `segment` found: a place in the memory, the chunk that it is in, and the byte that the next chunk begins with. */
  private segmentAt = 0
  private segmentChunk = 0
  private segmentNext = -1

  /** `base`: word offset of chunk 0, which does not exist. */
  constructor(words: Int32Array, base: number) {
    this.words = words
    this.bytes = Buffer.from(words.buffer as unknown as ArrayBuffer)
    this.base = base
  }

  /** Word offset of a chunk. */
  at(chunk: number): number { return this.base + chunk * CHUNK_WORDS }

  /** Whether an entry begins with the bytes of `key`. */
  matches(entry: number, key: string): boolean {
    const { bytes } = this
    let chunk = entry
    let at = 4 * this.at(entry) + FIRST_OFFSET
    let end = FIRST_BYTES
    for (let i = 0; i < key.length; i++) {
      if (i === end) {
        chunk = this.words[this.at(chunk) + MORE]!
        at = 4 * this.at(chunk) + MORE_OFFSET - i
        end += MORE_BYTES
      }
      if (bytes[at + i] !== key.charCodeAt(i)) return false
    }
    return true
  }

  /** Writes bytes to an entry from byte `start` on. */
  copyIn(entry: number, start: number, from: Uint8Array): void {
    const { bytes } = this
    const { length } = from
    const source = from instanceof Buffer ? from : Buffer.from(from.buffer, from.byteOffset, length)
    this.segmentNext = -1
    for (let done = 0; done < length;) {
      const part = this.segment(entry, start + done, length - done)
      const at = this.segmentAt
      if (part > byteByByte) source.copy(bytes, at, done, done + part)
      else for (let i = 0; i < part; i++) bytes[at + i] = source[done + i]!
      done += part
    }
  }

  /** Copies bytes of an entry to `out`, where there must be room for them. */
  copyTo(entry: number, start: number, length: number, out: Uint8Array, offset: number): void {
    const { bytes } = this
    this.segmentNext = -1
    for (let done = 0; done < length;) {
      const part = this.segment(entry, start + done, length - done)
      const at = this.segmentAt
      if (part > byteByByte) bytes.copy(out, offset + done, at, at + part)
      else for (let i = 0; i < part; i++) out[offset + done + i] = bytes[at + i]!
      done += part
    }
  }

  /** Where in the memory byte `start` of an entry stands: sets `segmentAt`; how many of `length` bytes follow there. */
  private segment(entry: number, start: number, length: number): number {
    if (start < FIRST_BYTES) {
      this.segmentAt = 4 * this.at(entry) + FIRST_OFFSET + start
      return Math.min(FIRST_BYTES - start, length)
    }
    // Found once, then followed: long values are walked in order.
    const index = Math.floor((start - FIRST_BYTES) / MORE_BYTES)
    const within = start - FIRST_BYTES - index * MORE_BYTES
    if (within !== 0 || start !== this.segmentNext) {
      this.segmentChunk = this.words[this.at(entry) + MORE]!
      for (let i = 0; i < index; i++) this.segmentChunk = this.words[this.at(this.segmentChunk) + MORE]!
    } else this.segmentChunk = this.words[this.at(this.segmentChunk) + MORE]!
    this.segmentAt = 4 * this.at(this.segmentChunk) + MORE_OFFSET + within
    const part = Math.min(MORE_BYTES - within, length)
    this.segmentNext = part === length ? -1 : start + part
    return part
  }
}
