import { bounds } from './native/abi.ts'
import { GuestFault } from './trap.ts'

/** A byte view with Node's fast latin1 methods, which its type declarations leave out. */
export interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, at: number, length: number): number
}

/** Host calls that handle more bytes than this cost fuel by the byte. */
const chargedFrom = 4096

/** Up to here a loop is faster than a call into the engine's C++ (measured: 60 ns whatever the length). */
const tinyText = 24
const tinyBytes = 64

function outside(at: number, length: number): GuestFault {
  return new GuestFault(`used a pointer outside of its memory (${at}, ${length} bytes)`)
}

/** A guest's memory as the host uses it: every pointer and length that comes from the guest is checked here. */
export class GuestMemory {
  memory!: WebAssembly.Memory
  protected fuel!: WebAssembly.Global
  private view!: Bytes
  private words!: Int32Array

  /** The guest's whole memory. Take it anew after every call into the guest: a memory that grows detaches the view. */
  get bytes(): Bytes {
    if (this.view.length === 0) this.refresh()
    return this.view
  }

  /** The same as 32-bit words. */
  get words32(): Int32Array {
    if (this.words.length === 0) this.refresh()
    return this.words
  }

  /** Takes the views anew, after a growth or from another instance. */
  protected refresh(): void {
    const { buffer } = this.memory
    this.view = Buffer.from(buffer) as Bytes
    this.words = new Int32Array(buffer)
  }

  /**
   * Checks that `length` bytes at `pointer` are the guest's, and returns the pointer as a number; a fault otherwise.
   */
  range(pointer: number, length: number): number {
    const at = pointer >>> 0
    if (length < 0 || at + length > this.bytes.length) throw outside(at, length)
    if (length > chargedFrom) this.charge(length)
    return at
  }

  /** The same for room that the host writes to: what it writes is charged, not the room. */
  private room(pointer: number, capacity: number, length: number): number {
    const at = pointer >>> 0
    if (capacity < 0 || at + capacity > this.bytes.length) throw outside(at, capacity)
    if (length > chargedFrom) this.charge(length)
    return at
  }

  /** Takes fuel for bytes that a host call handles: a long one counts as many. */
  private charge(bytes: number): void {
    const left = this.fuel.value as number
    this.fuel.value = Math.max(-1, left - (bytes >> 4))
  }

  /** The bytes at a pointer as a byte string. */
  text(pointer: number, length: number, limit: number = bounds.text): string {
    if (length === 0) return ''
    const at = this.range(pointer, length)
    if (length > limit) throw new GuestFault(`gave a text of ${length} bytes; ${limit} are allowed`)
    return this.bytes.latin1Slice(at, at + length)
  }

  /** Writes a byte string to (pointer, capacity) when it fits; returns its length. */
  give(text: string, pointer: number, capacity: number): number {
    const { length } = text
    if (length > capacity) {
      if (capacity < 0) throw new GuestFault('gave a negative capacity')
      return length
    }
    const at = this.room(pointer, capacity, length)
    const { bytes } = this
    if (length > tinyText) bytes.latin1Write(text, at, length)
    else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
    return length
  }

  /** The same for bytes `from[start…]`. */
  giveBytes(from: Uint8Array, start: number, length: number, pointer: number, capacity: number): number {
    if (length > capacity) {
      if (capacity < 0) throw new GuestFault('gave a negative capacity')
      return length
    }
    const at = this.room(pointer, capacity, length)
    const { bytes } = this
    if (length > tinyBytes) bytes.set(from.subarray(start, start + length), at)
    else for (let i = 0; i < length; i++) bytes[at + i] = from[start + i]!
    return length
  }
}
