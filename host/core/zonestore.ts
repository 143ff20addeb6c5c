import { isMainThread } from 'node:worker_threads'
import { Journal, Op } from './journal.ts'
import { chunkBytes } from './chunks.ts'
import type { SharedTable } from './sharedtable.ts'
import { Note, Outcome, ZoneEntries, longestHold } from './zoneentries.ts'

/** The longest key in bytes. */
export const longestKey = 1024
/** The longest value of any zone in bytes; a small zone takes an eighth of itself at most. */
export const longestValue = 1 << 20

const nothing = new Uint8Array(0)

/** Another thread had the zone all the time; only the main thread gives up. */
export class ZoneBusy extends Error {
  constructor(name: string) {
    super(`zone "${name}" is busy`)
  }
}

/** What can be told of a zone in numbers. */
export interface ZoneStats {
  readonly entries: number
  /** Bytes for entries in all, and unused. */
  readonly capacity: number
  readonly free: number
  readonly hits: number
  readonly misses: number
  readonly evicted: number
  readonly expired: number
  /** Writes that were refused because the zone was full. */
  readonly refused: number
}

/**
 * A key/value store in memory that all threads share. Keys are byte strings of 1 to 1024 bytes, values bytes. Each
 * operation is one step for everybody else; its answer is one of `Outcome` where nothing else is said. Times are
 * milliseconds; a time to live of 0 is for ever. Throws ZoneBusy in the main thread only.
 */
export class ZoneStore {
  readonly name: string
  readonly table: SharedTable
  /** The entries, for `each` and for whoever holds the lock. */
  readonly entries: ZoneEntries
  /** The largest value in bytes. */
  readonly longestValue: number
  /** What the last `incr` made. */
  number = 0
  /** Number of the change that the last operation made, or that was the last one when it looked. */
  sequence = 0
  readonly journal: Journal | null
  /** The thread that notices dead ones must not wait for them. */
  private readonly patience = isMainThread ? 1000 : Infinity

  /** `size`: bytes of the zone; `evict`: a full zone lets go of what was used least recently, instead of refusing. */
  constructor(name: string, table: SharedTable, size: number, evict: boolean, journal: SharedArrayBuffer | null) {
    this.name = name
    this.table = table
    this.journal = journal === null ? null : new Journal(journal)
    this.entries = new ZoneEntries(table, evict, this.journal)
    this.longestValue = Math.min(longestValue, Math.floor(size / 8))
  }

  /** A copy of the value of a key, or null. */
  get(key: string): Buffer | null {
    this.lock()
    try {
      const entry = this.look(key)
      return entry === 0 ? null : this.entries.value(entry)
    } finally {
      this.unlock()
    }
  }

  /** Copies the value of a key to `target` at `at` when it fits into `capacity`; its length in any case, or −1. */
  read(key: string, target: Uint8Array, at: number, capacity: number): number {
    this.lock()
    try {
      const entry = this.look(key)
      return entry === 0 ? -1 : this.entries.read(entry, target, at, capacity)
    } finally {
      this.unlock()
    }
  }

  /** Sets a key: Done, Full, KeyLength, ValueLength. */
  set(key: string, value: Uint8Array, ttl: number): number {
    const wrong = this.check(key, value.length)
    if (wrong !== 0) return wrong
    this.lock()
    try {
      return this.entries.write(this.entries.find(key), key, value, this.entries.deadline(ttl))
    } finally {
      this.unlock()
    }
  }

  /** Sets a key that is not there: as `set`, or No. */
  add(key: string, value: Uint8Array, ttl: number): number {
    const wrong = this.check(key, value.length)
    if (wrong !== 0) return wrong
    this.lock()
    try {
      if (this.entries.find(key) !== 0) return Outcome.No
      return this.entries.write(0, key, value, this.entries.deadline(ttl))
    } finally {
      this.unlock()
    }
  }

  /** Sets a key if its value is `expected`, null for "not there": as `set`, or No. */
  cas(key: string, expected: Uint8Array | null, value: Uint8Array, ttl: number): number {
    const wrong = this.check(key, value.length)
    if (wrong !== 0) return wrong
    const { entries } = this
    this.lock()
    try {
      const entry = entries.find(key)
      const same = entry === 0 ? expected === null : expected !== null && entries.value(entry).equals(expected)
      return same ? entries.write(entry, key, value, entries.deadline(ttl)) : Outcome.No
    } finally {
      this.unlock()
    }
  }

  /**
   * Adds the integer `by` to the integer of a key, and sets `number`. A key that is not there begins with `initial` and
   * lives for `ttl`; one that is there keeps its time. Done, Full, KeyLength, NotInteger, Range.
   */
  incr(key: string, by: number, initial: number, ttl: number): number {
    const wrong = this.check(key, 0)
    if (wrong !== 0) return wrong
    const { entries } = this
    this.lock()
    try {
      const entry = entries.find(key)
      const before = entry === 0 ? initial : entries.integer(entry)
      if (Number.isNaN(before)) return Outcome.NotInteger
      const after = before + by
      if (!Number.isSafeInteger(after)) return Outcome.Range
      const deadline = entry === 0 ? entries.deadline(ttl) : entries.deadlineOf(entry)
      const done = entries.writeNumber(entry, key, after, deadline)
      if (done === Outcome.Done) this.number = after
      return done
    } finally {
      this.unlock()
    }
  }

  /** Removes a key: Done, No. */
  delete(key: string): number {
    const { entries } = this
    this.lock()
    try {
      const entry = entries.find(key)
      if (entry === 0) return Outcome.No
      this.table.remove(entry)
      entries.changed(Op.Delete, key, nothing, 0)
      return Outcome.Done
    } finally {
      this.unlock()
    }
  }

  /** Gives a key another time to live: Done, No. */
  expire(key: string, ttl: number): number {
    const { entries } = this
    this.lock()
    try {
      const entry = entries.find(key)
      if (entry === 0) return Outcome.No
      entries.expire(entry, key, entries.deadline(ttl))
      return Outcome.Done
    } finally {
      this.unlock()
    }
  }

  /** Milliseconds that a key has still to live; 0: for ever, −1: it is not there. */
  ttl(key: string): number {
    this.lock()
    try {
      const entry = this.look(key)
      return entry === 0 ? -1 : this.entries.left(entry)
    } finally {
      this.unlock()
    }
  }

  /** Removes everything. */
  clear(): void {
    this.lock()
    try {
      this.entries.clear()
      this.entries.changed(Op.Clear, '', nothing, 0)
    } finally {
      this.unlock()
    }
  }

  /**
   * Shows entries from a cursor (0 at first) on, until `most` or a few more were shown; returns the next cursor, 0 at
   * the end. A key that is there from the first call to the last is shown exactly once. `visit` gets the key and an
   * entry to ask `entries` about; it must not call anything else of the store.
   */
  each(cursor: number, most: number, visit: (key: string, entry: number) => void): number {
    this.lock()
    try {
      return this.show(cursor, most, visit)
    } finally {
      this.unlock()
    }
  }

  /** As `each`, for whoever holds the lock. */
  show(cursor: number, most: number, visit: (key: string, entry: number) => void): number {
    const { table, entries } = this
    const now = entries.clock()
    const end = Math.min(table.buckets, cursor + longestHold)
    let shown = 0
    let bucket = cursor
    for (; bucket < end && shown < most; bucket++) {
      for (let entry = table.inBucket(bucket); entry !== 0; entry = table.nextInBucket(entry)) {
        if (entries.expired(entry, now)) continue
        visit(table.key(entry), entry)
        shown++
      }
    }
    return bucket >= table.buckets ? 0 : bucket
  }

  stats(): ZoneStats {
    const { table } = this
    const count = (note: number): number => table.note(note) >>> 0
    this.lock()
    try {
      return {
        entries: table.count, capacity: table.chunks * chunkBytes, free: table.room * chunkBytes,
        hits: count(Note.Hits), misses: count(Note.Misses),
        evicted: count(Note.Evicted), expired: count(Note.Expired), refused: count(Note.Refused),
      }
    } finally {
      this.unlock()
    }
  }

  /** Removes what has expired in the next `buckets` buckets; returns how many entries. */
  sweep(buckets: number): number {
    const { entries } = this
    this.lock()
    try {
      const now = entries.clock()
      return entries.overdue(now) ? entries.sweep(buckets, now) : 0
    } finally {
      this.unlock()
    }
  }

  private lock(): void {
    if (!this.table.tryLock(this.patience)) throw new ZoneBusy(this.name)
  }

  private unlock(): void {
    this.sequence = this.table.note(Note.Sequence)
    this.table.unlock()
  }

  private check(key: string, valueLength: number): number {
    if (key.length === 0 || key.length > longestKey) return Outcome.KeyLength
    return valueLength > this.longestValue ? Outcome.ValueLength : Outcome.Done
  }

  /** As `find`, counted as a hit or a miss. */
  private look(key: string): number {
    const entry = this.entries.find(key)
    this.entries.count(entry === 0 ? Note.Misses : Note.Hits)
    return entry
  }
}

/** What an outcome other than Done and No means for a key and a value of these lengths, in words. */
export function complaint(store: ZoneStore, outcome: number, key: number, value: number): string {
  const zone = `zone "${store.name}"`
  switch (outcome) {
    case Outcome.Full: return `${zone} is full; make it larger, or let it evict (evict=lru)`
    case Outcome.KeyLength: return `a key of ${key} bytes is not taken by ${zone}: 1 to ${longestKey} are allowed`
    case Outcome.ValueLength: return `a value of ${value} bytes is too large for ${zone}: ${store.longestValue} are allowed`
    case Outcome.NotInteger: return `the value is no integer, so that nothing can be added to it`
    case Outcome.Range: return `the sum would be beyond ${Number.MAX_SAFE_INTEGER}, the largest integer of ${zone}`
    default: return `${zone} answered ${outcome}`
  }
}
