/**
 * Requests in progress per key, in memory that all workers share. An entry's value tells which thread has how many, as pairs of 32-bit numbers:
 * what a worker that died had taken can be given back. Ten threads fit into the memory that an entry with a short key takes anyway.
 */
import { threadId } from 'node:worker_threads'
import type { SharedTable } from '../../core/sharedtable.ts'

const pairBytes = 8
/** The entry that is looked at: its pairs, and the same memory in bytes, by number of pairs. Nobody waits while it is in use. */
let pairs = new Int32Array(2 * 16)
let views: Buffer[] = []

/** Reads an entry's pairs; how many there are. */
function read(table: SharedTable, entry: number): number {
  const bytes = table.valueLength(entry)
  // Room for one more, which may be added.
  if (bytes + pairBytes > pairs.byteLength) {
    pairs = new Int32Array((bytes + pairBytes) / 2)
    views = []
  }
  if (bytes > 0) table.valueInto(entry, view(bytes / pairBytes), 0)
  return bytes / pairBytes
}

function view(count: number): Buffer {
  return views[count] ??= Buffer.from(pairs.buffer, 0, count * pairBytes)
}

/** Where a thread's pair is; behind the last when it has none. */
function pairOf(thread: number, count: number): number {
  let i = 0
  while (i < count && pairs[2 * i] !== thread) i++
  return i
}

/** Puts down what was changed; an entry without pairs is removed. */
function write(table: SharedTable, entry: number, count: number): void {
  if (count === 0) table.remove(entry)
  else table.setValue(entry, view(count))
}

/** Takes away pair `i` of `count`; how many are left. */
function without(i: number, count: number): number {
  pairs.copyWithin(2 * i, 2 * (count - 1), 2 * count)
  return count - 1
}

/** Counts one more request of a key; false when there are as many as allowed, or no room for another. */
export function enter(table: SharedTable, key: string, limit: number): boolean {
  table.lock()
  const known = table.find(key)
  const entry = known === 0 ? table.insert(key) : known
  const entered = entry !== 0 && add(table, entry, limit)
  if (known === 0 && entry !== 0 && !entered) table.remove(entry)
  table.unlock()
  return entered
}

function add(table: SharedTable, entry: number, limit: number): boolean {
  const count = read(table, entry)
  let total = 0
  for (let i = 0; i < count; i++) total += pairs[2 * i + 1]!
  if (total >= limit) return false
  const own = pairOf(threadId, count)
  if (own === count) {
    pairs[2 * own] = threadId
    pairs[2 * own + 1] = 0
  }
  pairs[2 * own + 1]!++
  return table.setValue(entry, view(Math.max(count, own + 1)))
}

/** One request less of a key, which this thread had entered. */
export function leave(table: SharedTable, key: string): void {
  table.lock()
  const entry = table.find(key)
  if (entry !== 0) {
    const count = read(table, entry)
    const own = pairOf(threadId, count)
    if (own < count) write(table, entry, --pairs[2 * own + 1]! > 0 ? count : without(own, count))
  }
  table.unlock()
}

/** Gives back what a thread that has died had entered; the caller has the lock. */
export function release(table: SharedTable, thread: number): void {
  let next = 0
  for (let entry = table.oldest(); entry !== 0; entry = next) {
    next = table.newer(entry)
    const count = read(table, entry)
    const dead = pairOf(thread, count)
    if (dead < count) write(table, entry, without(dead, count))
  }
}
