import { Op } from './journal.ts'
import type { Change, Journal } from './journal.ts'
import type { SharedTable } from './sharedtable.ts'

// Words of an entry: the deadline, and the number when the value is one.
const DEADLINE_LOW = 0
const DEADLINE_HIGH = 1
const NUMBER_LOW = 2
const NUMBER_HIGH = 3
/** In the high word of the deadline: the value is the number, and the table's value is empty. */
const isNumber = 1 << 30

/**
 * Words that a zone keeps with its table: a number that each change raises; the second before which no entry expires (0:
 * none does), found anew by each full round of the sweep; where the sweep is; counters.
 */
export const Note = {
  Sequence: 0, Earliest: 1, RoundEarliest: 2, Cursor: 3, Hits: 4, Misses: 5, Evicted: 6, Expired: 7, Refused: 8,
} as const

/**
 * What an operation on a zone answers: done; no, because the key is there (add), is not there (delete, expire) or has
 * another value (cas); no room; key or value of a length that is not taken; the value is no integer; the integer would
 * leave ±(2^53 − 1).
 */
export const Outcome = { Done: 0, No: -1, Full: -2, KeyLength: -3, ValueLength: -4, NotInteger: -5, Range: -6 } as const

/** The most buckets that are looked at while the lock is held. */
export const longestHold = 1024

/** The latest time that an entry can expire at. */
const latest = 2 ** 52
const nothing = new Uint8Array(0)
const integer = /^(0|-?[1-9]\d{0,15})$/

/** The entries of a zone, for whoever holds the lock of its table: values, numbers, deadlines, room. */
export class ZoneEntries {
  readonly table: SharedTable
  /** Milliseconds since the epoch. */
  clock: () => number = Date.now
  private readonly evict: boolean
  private readonly journal: Journal | null

  constructor(table: SharedTable, evict: boolean, journal: Journal | null) {
    this.table = table
    this.evict = evict
    this.journal = journal
  }

  /** A copy of the value of an entry. */
  value(entry: number): Buffer {
    if ((this.table.get(entry, DEADLINE_HIGH) & isNumber) === 0) return this.table.value(entry)
    return Buffer.from(String(this.integer(entry)), 'latin1')
  }

  /** The length of that value in bytes. */
  length(entry: number): number {
    if ((this.table.get(entry, DEADLINE_HIGH) & isNumber) === 0) return this.table.valueLength(entry)
    return String(this.integer(entry)).length
  }

  /** Milliseconds that an entry has still to live; 0: for ever. */
  left(entry: number): number {
    const deadline = this.deadlineOf(entry)
    return deadline === 0 ? 0 : Math.max(1, deadline - this.clock())
  }

  /** When an entry expires, milliseconds since the epoch; 0: never. */
  deadlineOf(entry: number): number {
    const high = this.table.get(entry, DEADLINE_HIGH) & ~isNumber
    return high * 0x100000000 + (this.table.get(entry, DEADLINE_LOW) >>> 0)
  }

  /** Makes a change that a file tells of; false when there was no room. It is not journaled. */
  restore({ op, key, value, deadline }: Change): boolean {
    const { table } = this
    if (op === Op.Clear) {
      this.clear()
      return true
    }
    let entry = table.find(key)
    if (op === Op.Delete || (deadline !== 0 && deadline <= this.clock())) {
      if (entry !== 0) table.remove(entry)
      return true
    }
    if (entry === 0) entry = this.insert(key)
    if (entry === 0) return false
    if (!this.fill(entry, value)) {
      table.remove(entry)
      return false
    }
    this.setDeadline(entry, deadline, 0)
    return true
  }

  /** Removes everything. */
  clear(): void {
    const { table } = this
    for (let entry = table.oldest(); entry !== 0; entry = table.oldest()) table.remove(entry)
    table.setNote(Note.Earliest, 0)
    table.setNote(Note.RoundEarliest, 0)
  }

  /** The entry of a key that has not expired, or 0. */
  find(key: string): number {
    const { table } = this
    const entry = table.find(key)
    if (entry === 0 || !this.expired(entry, this.clock())) return entry
    this.drop(entry, Note.Expired)
    return 0
  }

  /** Whether an entry is past its time. */
  expired(entry: number, now: number): boolean {
    const deadline = this.deadlineOf(entry)
    return deadline !== 0 && deadline <= now
  }

  /** The deadline for a time to live. */
  deadline(ttl: number): number {
    return ttl === 0 ? 0 : Math.min(latest, Math.ceil(this.clock() + ttl))
  }

  /** Sets the deadline of an entry; `flag`: `isNumber` when its value is one, else 0. */
  private setDeadline(entry: number, deadline: number, flag: number): void {
    const { table } = this
    table.set(entry, DEADLINE_LOW, deadline | 0)
    table.set(entry, DEADLINE_HIGH, Math.floor(deadline / 0x100000000) | flag)
    if (deadline === 0) return
    this.lower(Note.Earliest, deadline)
    this.lower(Note.RoundEarliest, deadline)
  }

  /** Copies the value of an entry to `target` at `at` when it fits into `capacity`; its length in any case. */
  read(entry: number, target: Uint8Array, at: number, capacity: number): number {
    const { table } = this
    if ((table.get(entry, DEADLINE_HIGH) & isNumber) === 0) {
      const length = table.valueLength(entry)
      if (length <= capacity) table.valueInto(entry, target, at)
      return length
    }
    const text = String(this.integer(entry))
    if (text.length <= capacity) for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i)
    return text.length
  }

  /** Gives an entry another deadline. */
  expire(entry: number, key: string, deadline: number): void {
    this.setDeadline(entry, deadline, this.table.get(entry, DEADLINE_HIGH) & isNumber)
    this.changed(Op.Set, key, this.journal === null ? nothing : this.value(entry), deadline)
  }

  /** The integer of an entry, NaN when its value is none. */
  integer(entry: number): number {
    const { table } = this
    if ((table.get(entry, DEADLINE_HIGH) & isNumber) !== 0) {
      return table.get(entry, NUMBER_HIGH) * 0x100000000 + (table.get(entry, NUMBER_LOW) >>> 0)
    }
    if (table.valueLength(entry) > 17) return NaN
    const text = table.value(entry).latin1Slice()
    const value = integer.test(text) ? Number(text) : NaN
    return Number.isSafeInteger(value) ? value : NaN
  }

  /** Sets a key whose entry is `entry`, 0 for none: Done or Full. */
  write(entry: number, key: string, value: Uint8Array, deadline: number): number {
    const { table } = this
    const to = entry === 0 ? this.insert(key) : entry
    if (to === 0 || !this.fill(to, value)) {
      if (entry === 0 && to !== 0) table.remove(to)
      this.count(Note.Refused)
      return Outcome.Full
    }
    this.setDeadline(to, deadline, 0)
    this.changed(Op.Set, key, value, deadline)
    return Outcome.Done
  }

  /** The same with an integer. */
  writeNumber(entry: number, key: string, value: number, deadline: number): number {
    const { table } = this
    const to = entry === 0 ? this.insert(key) : entry
    if (to === 0) {
      this.count(Note.Refused)
      return Outcome.Full
    }
    if (table.valueLength(to) !== 0) table.setValue(to, nothing)
    table.set(to, NUMBER_LOW, value | 0)
    table.set(to, NUMBER_HIGH, Math.floor(value / 0x100000000))
    this.setDeadline(to, deadline, isNumber)
    this.changed(Op.Set, key, this.journal === null ? nothing : Buffer.from(String(value), 'latin1'), deadline)
    return Outcome.Done
  }

  private insert(key: string): number {
    const { table } = this
    let entry = table.insert(key)
    while (entry === 0 && this.makeRoom(0)) entry = table.insert(key)
    return entry
  }

  private fill(entry: number, value: Uint8Array): boolean {
    while (!this.table.setValue(entry, value)) if (!this.makeRoom(entry)) return false
    return true
  }

  /** Removes something, but not the entry `keep`; false when there is nothing that may go. */
  private makeRoom(keep: number): boolean {
    const { table } = this
    const now = this.clock()
    if (this.overdue(now) && this.sweep(this.evict ? 16 : longestHold, now, keep) > 0) return true
    const oldest = table.oldest()
    if (!this.evict || oldest === 0 || oldest === keep) return false
    this.drop(oldest, Note.Evicted)
    return true
  }

  private drop(entry: number, note: number): void {
    const { table } = this
    // What has expired is told by its deadline; a file that says it too would only be longer.
    if (note === Note.Evicted) this.changed(Op.Delete, table.key(entry), nothing, 0)
    table.remove(entry)
    this.count(note)
  }

  /** Whether something may have expired. */
  overdue(now: number): boolean {
    const earliest = this.table.note(Note.Earliest)
    return earliest !== 0 && earliest * 1000 <= now
  }

  /** Removes what has expired in the next `most` buckets, but for the entry `keep`; returns how many entries. */
  sweep(most: number, now: number, keep = 0): number {
    const { table } = this
    const { buckets } = table
    let bucket = table.note(Note.Cursor)
    let removed = 0
    for (let i = 0; i < Math.min(most, buckets); i++) {
      // What was set before the round began is seen in it.
      if (bucket === 0) table.setNote(Note.RoundEarliest, 0)
      for (let entry = table.inBucket(bucket); entry !== 0;) {
        const next = table.nextInBucket(entry)
        const deadline = this.deadlineOf(entry)
        if (entry !== keep && deadline !== 0 && deadline <= now) {
          this.drop(entry, Note.Expired)
          removed++
        } else if (deadline !== 0) this.lower(Note.RoundEarliest, deadline)
        entry = next
      }
      if (++bucket === buckets) {
        bucket = 0
        // A round is over: what it saw, and what was set meanwhile, is all there is.
        table.setNote(Note.Earliest, table.note(Note.RoundEarliest))
      }
    }
    table.setNote(Note.Cursor, bucket)
    return removed
  }

  /** Lowers one of the two earliest seconds to that of a deadline. */
  private lower(note: number, deadline: number): void {
    const seconds = Math.min(0x7fffffff, Math.floor(deadline / 1000))
    const known = this.table.note(note)
    if (known === 0 || seconds < known) this.table.setNote(note, seconds)
  }

  /** Counts a change, and tells the journal of it. */
  changed(op: number, key: string, value: Uint8Array, deadline: number): void {
    this.count(Note.Sequence)
    this.journal?.add(op, key, value, deadline)
  }

  /** Adds 1 to a note. */
  count(note: number): void { this.table.setNote(note, this.table.note(note) + 1) }
}
