import { TABLE_BYTES } from './table.ts'

const page = 65536
/** Room for the head parser's static data; build-core.ts refuses a parser that needs more. */
export const staticBytes = 4096
export const scratchBytes = 131072
export const prefixBytes = 1048576
export const readBytes = 65536
export const stageBytes = 65536
export const slabBytes = 65536
/** Response heads that repeat, one a slot. */
export const headSlots = 128
export const headSlotBytes = 1024

/** Where the table is: right after the parser's static data. The AssemblyScript parser has the same constant. */
export const tableOffset = staticBytes
export const scratchOffset = tableOffset + TABLE_BYTES
export const prefixOffset = scratchOffset + scratchBytes
export const readOffset = prefixOffset + prefixBytes
export const stageOffset = readOffset + readBytes
export const headsOffset = stageOffset + stageBytes
export const slabOffset = headsOffset + headSlots * headSlotBytes

/**
 * The one memory of a worker that sockets read into, the head parser parses in place, and plugin shims copy from and
 * to. It never grows (initial = maximum), so its views stay valid for the worker's life: [parser's static data 4
 * KB][table 64 KB][scratch 128 KB][prefix 1 MB][read buffer 64 KB][stage 64 KB][heads 128 KB][slabs 64 KB each]. The prefix directly
 * precedes the read buffer: the left-over of a partial head is put at its end, before the next read continues it.
 */
export class CoreMemory {
  readonly memory: WebAssembly.Memory
  /** The whole memory, by byte. */
  readonly bytes: Buffer
  /** The same for numbers of several bytes at any place. */
  readonly view: DataView
  /** The head table (table.ts). */
  readonly table: Int32Array
  readonly scratch: Buffer
  readonly prefix: Buffer
  /** Sockets read into this. */
  readonly read: Buffer
  readonly stage: Buffer
  /** Response heads that repeat, in slots of headSlotBytes. */
  readonly heads: Buffer
  /** Output slabs of 64 KB. */
  readonly slabs: readonly Buffer[]

  constructor(slabCount = 8) {
    const pages = Math.ceil((slabOffset + slabCount * slabBytes) / page)
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { buffer } = this.memory
    this.bytes = Buffer.from(buffer)
    this.view = new DataView(buffer)
    this.table = new Int32Array(buffer, tableOffset, TABLE_BYTES / 4)
    this.scratch = Buffer.from(buffer, scratchOffset, scratchBytes)
    this.prefix = Buffer.from(buffer, prefixOffset, prefixBytes)
    this.read = Buffer.from(buffer, readOffset, readBytes)
    this.stage = Buffer.from(buffer, stageOffset, stageBytes)
    this.heads = Buffer.from(buffer, headsOffset, headSlots * headSlotBytes)
    this.slabs = Array.from({ length: slabCount }, (_, i) => Buffer.from(buffer, slabOffset + i * slabBytes, slabBytes))
  }

  /**
   * Puts a saved left-over right before the read buffer; returns the offset where it now starts, or −1 when it does not
   * fit the prefix.
   */
  prepend(leftOver: Uint8Array): number {
    if (leftOver.length > prefixBytes) return -1
    const at = readOffset - leftOver.length
    this.bytes.set(leftOver, at)
    return at
  }

  /**
   * Moves the unparsed bytes from..to (which may lie in prefix and read buffer) so that they end where the read buffer
   * begins; returns where they start, or −1 when they do not fit the prefix.
   */
  keep(from: number, to: number): number {
    if (to - from > prefixBytes) return -1
    const at = readOffset - (to - from)
    this.bytes.copyWithin(at, from, to)
    return at
  }
}
