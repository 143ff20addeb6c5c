import type { ZlibOptions } from 'node:zlib'
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib'

const empty = Buffer.alloc(0)
/** RFC 1952 §2.3: deflate, no flags, no time, a system of the Unix kind. */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])

/** How hard to compress: zlib's level, window (2^n bytes) and memory level. */
export interface Effort { readonly level: number, readonly windowBits: number, readonly memLevel: number }

/**
 * A gzip stream (RFC 1952) that is made piece by piece, each in one call. Every piece is deflated by itself with the bytes before it as its
 * dictionary and ends at a byte's end, so that together they are one deflate stream (pigz does the same). node:zlib has no stream that
 * answers at once; this way a small body costs no trip to the thread pool, and a large one can take it.
 */
export class GzipStream {
  private readonly effort: Effort
  private window: Buffer = empty
  private checksum = 0
  private begun = false
  private held: Buffer[] = []
  /** Bytes that are kept until there are more. */
  heldLength = 0
  /** Bytes in and out so far. */
  taken = 0
  made = 0
  finished = false

  constructor(effort: Effort) {
    this.effort = effort
  }

  /** Keeps bytes for the next `compress`. */
  hold(bytes: Buffer): void {
    this.held.push(bytes)
    this.heldLength += bytes.length
  }

  /** Compresses what is held; `finish`: the stream ends with it. */
  compress(finish: boolean): Buffer {
    const data = this.take()
    return this.frame(deflateRawSync(data, this.options(data, finish)), finish)
  }

  /** As `compress`, in the thread pool. One call at a time. */
  compressLater(finish: boolean): Promise<Buffer> {
    const data = this.take()
    const options = this.options(data, finish)
    return new Promise((resolve, reject) => {
      deflateRaw(data, options, (error, out) => error !== null ? reject(error) : resolve(this.frame(out, finish)))
    })
  }

  private take(): Buffer {
    const data = this.held.length === 1 ? this.held[0]! : Buffer.concat(this.held)
    this.held = []
    this.heldLength = 0
    return data
  }

  private options(data: Buffer, finish: boolean): ZlibOptions {
    const { window } = this
    this.checksum = crc32(data, this.checksum)
    this.taken += data.length
    if (!finish) {
      const size = 1 << this.effort.windowBits
      this.window = data.length >= size ? Buffer.from(data.subarray(data.length - size)) : Buffer.concat([window, data]).subarray(-size)
    }
    const finishFlush = finish ? constants.Z_FINISH : constants.Z_SYNC_FLUSH
    return window.length === 0 ? { ...this.effort, finishFlush } : { ...this.effort, finishFlush, dictionary: window }
  }

  /** Puts the header before the first piece and checksum and length behind the last. */
  private frame(deflated: Buffer, finish: boolean): Buffer {
    const parts = this.begun ? [deflated] : [head, deflated]
    this.begun = true
    if (finish) {
      const tail = Buffer.allocUnsafe(8)
      tail.writeUInt32LE(this.checksum >>> 0, 0)
      tail.writeUInt32LE(this.taken % 4294967296, 4)
      parts.push(tail)
      this.finished = true
    }
    const out = parts.length === 1 ? deflated : Buffer.concat(parts)
    this.made += out.length
    return out
  }
}
