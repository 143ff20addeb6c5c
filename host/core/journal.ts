/** Changes of a shared table on their way to a file: in shared memory, in order, until one thread takes them. */

// The head, in 32-bit words.
const USED = 0
const OVERFLOW = 1
const HEAD_BYTES = 16

/** What a record of a journal or a zone file says: a value was set, a key was removed, everything was removed. */
export const Op = { Set: 1, Delete: 2, Clear: 3 } as const

/** Bytes of a record before the key: operation, length of the key, deadline. */
export const recordHead = 12

/** One change. */
export interface Change {
  readonly op: number
  /** A byte string. */
  readonly key: string
  /** A copy. */
  readonly value: Buffer
  /** When the entry expires, milliseconds since the epoch; 0: never. */
  readonly deadline: number
}

/** Writes a record to `at`, where there must be room for 12 bytes, key and value; returns where it ends. */
export function writeRecord(to: Buffer, at: number, op: number, key: string, value: Uint8Array, deadline: number): number {
  to.writeUInt8(op, at)
  to.writeUInt8(0, at + 1)
  to.writeUInt16LE(key.length, at + 2)
  to.writeDoubleLE(deadline, at + 4)
  to.write(key, at + recordHead, 'latin1')
  to.set(value, at + recordHead + key.length)
  return at + recordHead + key.length + value.length
}

/** Reads the record between two positions; null when it is none. */
export function readRecord(from: Buffer, start: number, end: number): Change | null {
  if (end - start < recordHead) return null
  const op = from[start]!
  const length = from.readUInt16LE(start + 2)
  const deadline = from.readDoubleLE(start + 4)
  const keyEnd = start + recordHead + length
  if (op < Op.Set || op > Op.Clear || keyEnd > end || !Number.isSafeInteger(deadline) || deadline < 0) return null
  const key = from.toString('latin1', start + recordHead, keyEnd)
  return { op, key, value: Buffer.from(from.subarray(keyEnd, end)), deadline }
}

/**
 * A buffer of records, each behind its length, for whoever holds the lock of the table. What does not fit is not kept,
 * and the next `take` tells so.
 */
export class Journal {
  private readonly words: Int32Array
  private readonly bytes: Buffer

  /** Attaches to shared memory that was all 0 at first. */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory)
    this.bytes = Buffer.from(memory, HEAD_BYTES)
  }

  /** Adds a change. */
  add(op: number, key: string, value: Uint8Array, deadline: number): void {
    const { words, bytes } = this
    const used = words[USED]!
    const size = recordHead + key.length + value.length
    if (words[OVERFLOW] !== 0 || used + 4 + size > bytes.length) {
      words[OVERFLOW] = 1
      return
    }
    bytes.writeUInt32LE(size, used)
    words[USED] = writeRecord(bytes, used + 4, op, key, value, deadline)
  }

  /** How much of it is full, 0 to 1. */
  get filled(): number { return this.words[USED]! / this.bytes.length }

  /** Takes everything out: the records, each behind its length; null when some were lost. */
  take(): Buffer | null {
    const { words } = this
    const used = words[USED]!
    const overflowed = words[OVERFLOW] !== 0
    words[USED] = 0
    words[OVERFLOW] = 0
    return overflowed ? null : Buffer.from(this.bytes.subarray(0, used))
  }
}
