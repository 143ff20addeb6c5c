import type { Connection } from './connection.ts'
import type { CoreMemory } from './framing/memory.ts'

/** A body buffer of at least this size goes to the socket as it is; smaller ones are cheaper to copy into the slab (measured: 28 ns per 100 B). */
const largeBuffer = 16384
const slabSize = 65536
const empty = Buffer.alloc(0)

/**
 * The one write path of a worker. Bytes gather in a slab and leave in one write when the read that caused them is done, so a batch of
 * pipelined requests costs one system call. A slab whose write the kernel did not take whole stays untouched until it has (Node does not copy
 * what is written: performance.md §1), and another takes its place.
 */
export class Writer {
  private readonly free: Buffer[]
  private slab: Buffer
  private position = 0
  /** Whose bytes the slab holds. */
  private owner: Connection | null = null

  constructor(memory: CoreMemory) {
    this.free = [...memory.slabs]
    this.slab = this.free.pop()!
  }

  /** Appends a byte string. */
  text(connection: Connection, s: string): void {
    if (this.owner !== connection) this.claim(connection)
    if (this.position + s.length > this.slab.length) {
      this.flush()
      this.claim(connection)
      if (s.length > this.slab.length) return this.bytes(connection, Buffer.from(s, 'latin1'))
    }
    this.position += this.slab.latin1Write(s, this.position)
  }

  /** Appends bytes; a large buffer is handed on without a copy and must not change any more. */
  bytes(connection: Connection, b: Uint8Array): void {
    if (this.owner !== connection) this.claim(connection)
    if (b.length >= largeBuffer) return this.flushWith(b)
    if (this.position + b.length > this.slab.length) {
      this.flush()
      this.claim(connection)
    }
    this.slab.set(b, this.position)
    this.position += b.length
  }

  /** Appends bytes that the caller keeps: always copied. */
  copy(connection: Connection, b: Buffer): void {
    if (b.length >= largeBuffer) return this.bytes(connection, Buffer.from(b))
    this.bytes(connection, b)
  }

  /** Room at the end of the slab for at least `want` bytes (up to a slab); fill it from its start and call `filled`. */
  room(connection: Connection, want: number): Buffer {
    if (this.owner !== connection) this.claim(connection)
    if (slabSize - this.position < Math.min(want, slabSize)) {
      this.flush()
      this.claim(connection)
    }
    return this.slab.subarray(this.position)
  }

  /** Tells how many bytes of the last `room` were filled. */
  filled(count: number): void {
    this.position += count
  }

  /** Sends what is gathered, for whichever connection. */
  flush(): void {
    const { owner, position } = this
    if (owner === null || position === 0) return
    const { slab } = this
    this.owner = null
    this.position = 0
    if (!owner.writable) return
    owner.socket.write(position === slab.length ? slab : slab.subarray(0, position))
    this.afterWrite(owner, slab)
  }

  private claim(connection: Connection): void {
    this.flush()
    this.owner = connection
  }

  /** Head and large body leave in one writev. */
  private flushWith(b: Uint8Array): void {
    const { slab, position } = this
    const owner = this.owner!
    this.owner = null
    this.position = 0
    if (!owner.writable) return
    owner.socket.cork()
    if (position > 0) owner.socket.write(slab.subarray(0, position))
    owner.socket.write(b)
    owner.socket.uncork()
    this.afterWrite(owner, position > 0 ? slab : null)
  }

  /** When the kernel did not take everything: retire the slab until it has, and tell the connection to hold back. */
  private afterWrite(owner: Connection, slab: Buffer | null): void {
    if (owner.socket.writableLength === 0) return
    owner.blockedWrites++
    if (slab !== null) this.slab = this.free.pop() ?? Buffer.allocUnsafeSlow(slabSize)
    owner.socket.write(empty, () => {
      if (slab !== null && this.free.length < 64) this.free.push(slab)
      owner.writeDone()
    })
  }
}
