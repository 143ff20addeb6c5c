import type { Connection } from './connection.ts'
import type { HeadParser } from './framing/parser.ts'
import type { CoreMemory } from './framing/memory.ts'
import type { Slab } from '../net/bytestream.ts'
import { pointerTo } from '../net/ffi.ts'
import { headSlotBytes, headSlots, headsOffset, slabOffset } from './framing/memory.ts'

/** A body buffer of at least this size goes to the socket as it is; smaller ones are cheaper to copy into the slab (measured: 28 ns per 100 B). */
const largeBuffer = 16384
const slabSize = 65536
/** Up to here a loop copies faster than a call of TypedArray.set (measured: 20 bytes 25 against 80 ns). */
const tinyBuffer = 48

/**
 * The one write path of a worker. Bytes gather in a slab and leave in one write when the read that caused them is done, so a batch of
 * pipelined requests costs one system call. A slab whose write the kernel did not take whole stays untouched until it has (Node does not copy
 * what is written: performance.md §1), and another takes its place.
 */
export class Writer {
  private readonly free: Slab[]
  private slab: Slab
  private position = 0
  private readonly memory: CoreMemory
  private readonly parser: HeadParser
  /** Whose head each slot of the core memory holds. */
  private readonly slots: (object | null)[] = Array.from({ length: headSlots }, () => null)
  private nextSlot = 0
  /** Whose bytes the slab holds. */
  private owner: Connection | null = null

  /** Whether streams want to know where slabs lie. */
  private readonly pointers: boolean

  /** `pointers`: streams write by system calls of their own. */
  constructor(memory: CoreMemory, parser: HeadParser, pointers: boolean) {
    this.memory = memory
    this.parser = parser
    this.pointers = pointers
    this.free = memory.slabs.map((bytes, i) => this.slabOf(bytes, slabOffset + i * slabSize))
    this.slab = this.free.pop()!
  }

  private slabOf(bytes: Buffer, offset: number): Slab {
    return { bytes, offset, pointer: this.pointers ? pointerTo(bytes) : 0n, view: null }
  }

  /** Keeps a head that is expected again; the slot to give to `head`, −1 when it is too long. A slot may be taken by another owner later. */
  keepHead(owner: object, head: string): number {
    if (head.length > headSlotBytes) return -1
    const slot = this.nextSlot
    this.nextSlot = (slot + 1) % headSlots
    this.slots[slot] = owner
    this.memory.bytes.latin1Write(head, headsOffset + slot * headSlotBytes)
    return slot
  }

  /** Appends the head in a slot; false when the slot is another owner's by now. */
  head(connection: Connection, owner: object, slot: number, length: number): boolean {
    if (this.slots[slot] !== owner) return false
    if (this.owner !== connection) this.claim(connection)
    if (this.position + length > slabSize) {
      this.flush()
      this.claim(connection)
    }
    const { slab } = this
    const from = headsOffset + slot * headSlotBytes
    if (slab.offset >= 0) this.parser.copy(slab.offset + this.position, from, length)
    else this.memory.bytes.copy(slab.bytes, this.position, from, from + length)
    this.position += length
    return true
  }

  /** Appends a byte string. */
  text(connection: Connection, s: string): void {
    if (this.owner !== connection) this.claim(connection)
    if (this.position + s.length > slabSize) {
      this.flush()
      this.claim(connection)
      if (s.length > slabSize) return this.bytes(connection, Buffer.from(s, 'latin1'))
    }
    this.position += this.slab.bytes.latin1Write(s, this.position)
  }

  /** Appends bytes; a large buffer is handed on without a copy and must not change any more. */
  bytes(connection: Connection, b: Uint8Array): void {
    if (this.owner !== connection) this.claim(connection)
    if (b.length >= largeBuffer) return this.flushWith(b)
    const { length } = b
    if (this.position + length > slabSize) {
      this.flush()
      this.claim(connection)
    }
    const { bytes } = this.slab
    const { position } = this
    if (length > tinyBuffer) bytes.set(b, position)
    else for (let i = 0; i < length; i++) bytes[position + i] = b[i]!
    this.position = position + length
  }

  /** Room at the end of the slab for at least `want` bytes (up to a slab); fill it from its start and call `filled`. */
  room(connection: Connection, want: number): Buffer {
    if (this.owner !== connection) this.claim(connection)
    if (slabSize - this.position < Math.min(want, slabSize)) {
      this.flush()
      this.claim(connection)
    }
    return this.slab.bytes.subarray(this.position)
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
    owner.stream.write(slab, position)
    if (owner.stream.pending > 0) this.blocked(owner, slab)
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
    owner.stream.writeWith(slab, position, b)
    if (owner.stream.pending > 0) this.blocked(owner, position > 0 ? slab : null)
  }

  /** The kernel did not take everything: retires the slab until it has, and tells the connection to hold back. */
  private blocked(owner: Connection, slab: Slab | null): void {
    owner.blockedWrites++
    if (slab !== null) this.slab = this.free.pop() ?? this.slabOf(Buffer.allocUnsafeSlow(slabSize), -1)
    owner.stream.whenTaken(() => {
      if (slab !== null && this.free.length < 64) this.free.push(slab)
      owner.writeDone()
    })
  }
}
