/** The file of a zone: a head, then records, each with its length and checksum; later records win. */
import { closeSync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { Op, readRecord, recordHead, writeRecord } from './journal.ts'
import type { Change } from './journal.ts'
import { longestKey, longestValue } from './zonestore.ts'

/** What the file begins with; the number is the format's. */
const head = Buffer.from('vespid zone 1\n\0\0', 'latin1')
/** Length and checksum before each record. */
const frame = 8
const longestRecord = recordHead + longestKey + longestValue
const block = 4 << 20

/** What was found in a zone file. */
export interface LoadedFile {
  /** Records that were read. */
  readonly records: number
  /** Bytes of the file, and how many of them are good; what follows is a torn or damaged end. */
  readonly size: number
  readonly good: number
  /** The end is not only cut off: what is there is wrong. */
  readonly damaged: boolean
}

/** The file is not a zone's; it must not be written to. */
export class NoZoneFile extends Error {}

/**
 * Reads a zone file record by record; null when there is none, or an empty one. Stops at the first record that is cut
 * off or damaged. Throws NoZoneFile, or the system's error.
 */
export function loadZoneFile(path: string, each: (change: Change) => void): LoadedFile | null {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    return readRecords(fd, path, each)
  } finally {
    closeSync(fd)
  }
}

function readRecords(fd: number, path: string, each: (change: Change) => void): LoadedFile | null {
  const buffer = Buffer.allocUnsafe(block)
  let filled = readSync(fd, buffer, 0, block, 0)
  let size = filled
  if (filled === 0) return null
  const start = buffer.subarray(0, Math.min(filled, head.length))
  if (!start.equals(head.subarray(0, start.length))) throw new NoZoneFile(`"${path}" is not a zone file`)
  let at = Math.min(filled, head.length)
  let good = at < head.length ? 0 : at
  let records = 0
  for (;;) {
    const end = recordEnd(buffer, at, filled)
    if (end > filled) {
      buffer.copyWithin(0, at, filled)
      filled -= at
      at = 0
      const more = readSync(fd, buffer, filled, block - filled, size)
      if (more === 0) return { records, size, good, damaged: false }
      size += more
      filled += more
      continue
    }
    const change = end < 0 ? null : checked(buffer, at, end)
    if (change === null) return { records, size: size + rest(fd, size), good, damaged: true }
    each(change)
    records++
    good += end - at
    at = end
  }
}

/** Where the record at `at` ends: beyond `filled` when more has to be read to know, −1 when there is none. */
function recordEnd(buffer: Buffer, at: number, filled: number): number {
  if (at + frame > filled) return filled + 1
  const length = buffer.readUInt32LE(at)
  return length < recordHead || length > longestRecord ? -1 : at + frame + length
}

function checked(buffer: Buffer, at: number, end: number): Change | null {
  const start = at + frame
  if (crc32(buffer.subarray(start, end)) !== buffer.readUInt32LE(at + 4)) return null
  return readRecord(buffer, start, end)
}

/** How many bytes follow in a file. */
function rest(fd: number, position: number): number {
  const buffer = Buffer.allocUnsafe(65536)
  let bytes = 0
  for (let n; (n = readSync(fd, buffer, 0, buffer.length, position + bytes)) > 0;) bytes += n
  return bytes
}

/** The records of a journal's batch as a file has them: of each key only the last. */
export function fileRecords(batch: Buffer): Buffer {
  const last = new Map<string, readonly [number, number]>()
  let clear: readonly [number, number] | null = null
  for (let at = 0; at < batch.length;) {
    const start = at + 4
    const end = start + batch.readUInt32LE(at)
    if (batch[start] === Op.Clear) {
      last.clear()
      clear = [start, end]
    } else {
      const keyAt = start + recordHead
      last.set(batch.latin1Slice(keyAt, keyAt + batch.readUInt16LE(start + 2)), [start, end])
    }
    at = end
  }
  const ranges = clear === null ? [...last.values()] : [clear, ...last.values()]
  const out = Buffer.allocUnsafe(ranges.reduce((sum, [start, end]) => sum + frame + end - start, 0))
  let at = 0
  for (const [start, end] of ranges) {
    batch.copy(out, at + frame, start, end)
    at = seal(out, at, end - start)
  }
  return out
}

/** One value as a file has it. */
export function fileRecord(key: string, value: Uint8Array, deadline: number): Buffer {
  const out = Buffer.allocUnsafe(frame + recordHead + key.length + value.length)
  writeRecord(out, frame, Op.Set, key, value, deadline)
  seal(out, 0, out.length - frame)
  return out
}

/** Writes length and checksum before a record; returns where it ends. */
function seal(out: Buffer, at: number, length: number): number {
  const end = at + frame + length
  out.writeUInt32LE(length, at)
  out.writeUInt32LE(crc32(out.subarray(at + frame, end)), at + 4)
  return end
}

/** A zone file that is open for writing: mode 0600, only ever appended to. Every method throws the system's errors. */
export class ZoneFile {
  readonly fd: number
  path: string
  /** Bytes written; what is behind them, from a write that failed, does not count. */
  size: number

  /** Opens a file whose first `good` bytes are kept, and what follows is cut off; 0 begins it anew. */
  constructor(path: string, good: number) {
    this.path = path
    this.fd = openSync(path, good === 0 ? 'w' : 'r+', 0o600)
    this.size = good
    try {
      if (good === 0) this.append(head)
      else ftruncateSync(this.fd, good)
    } catch (error) {
      closeSync(this.fd)
      throw error
    }
  }

  append(bytes: Buffer): void {
    let done = 0
    while (done < bytes.length) done += writeSync(this.fd, bytes, done, bytes.length - done, this.size + done)
    this.size += done
  }

  sync(): void { fdatasyncSync(this.fd) }

  close(): void { closeSync(this.fd) }

  /** Puts this file in the place of another, in one step; it goes on under that name. */
  rename(path: string): void {
    renameSync(this.path, path)
    this.path = path
    syncDirectory(path)
  }

  /** Gives up: the file is removed. */
  discard(): void {
    closeSync(this.fd)
    rmSync(this.path, { force: true })
  }
}

/** A new name is safe only when its directory is; file systems that cannot do this do without. */
function syncDirectory(path: string): void {
  let fd = -1
  try {
    fd = openSync(dirname(path), 'r')
    fsyncSync(fd)
  } catch { /* not supported here */ }
  if (fd >= 0) closeSync(fd)
}
