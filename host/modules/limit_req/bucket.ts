import type { SharedTable } from '../../core/sharedtable.ts'

// Words of an entry.
const LAST = 0
const EXCESS = 1
const PINS = 2

/** A bucket that was not used for this long and has run empty is removed when another needs its place. */
const idleTime = 60000

/** The age of a bucket that nothing was counted in yet: enough to run empty, and far from the wrap of 32 bits. */
const longAgo = 0x40000000

/** What `Buckets.take` answers. */
export const Take = { Passed: 0, Over: 1, Pinned: 2, NoRoom: 3 } as const

/**
 * Leaky buckets in shared memory, one per key. Quantities are thousandths of requests; the rate is thousandths of
 * requests per second; times are milliseconds, of which the low 32 bits count. The arithmetic is nginx's (nginx.md
 * §11), down to its rounding.
 */
export class Buckets {
  private readonly table: SharedTable
  private readonly rate: number
  /** What was over the rate in the last `take` or `settle`. */
  excess = 0
  /** The bucket that the last `take` pinned. */
  pinned = 0

  constructor(table: SharedTable, rate: number) {
    this.table = table
    this.rate = rate
  }

  /**
   * Adds one request to the bucket of `key`. Over when that is more than `burst`, and then the bucket is unchanged.
   * With `account` it is counted at once; else the bucket is pinned for `settle` or `drop`, when it is known whether
   * other limits let the request pass.
   */
  take(key: string, burst: number, now: number, account: boolean): number {
    const { table } = this
    table.lock()
    const entry = table.find(key)
    const answer = entry === 0 ? this.begin(key, now, account) : this.add(entry, burst, now, account)
    table.unlock()
    return answer
  }

  private add(entry: number, burst: number, now: number, account: boolean): number {
    const { table } = this
    const elapsed = this.elapsed(entry, now)
    const excess = this.excess = this.after(entry, elapsed)
    if (excess > burst) return Take.Over
    if (!account) return this.pin(entry)
    table.set(entry, EXCESS, excess)
    if (elapsed !== 0) table.set(entry, LAST, now | 0)
    return Take.Passed
  }

  private begin(key: string, now: number, account: boolean): number {
    const { table } = this
    this.excess = 0
    this.removeIdle(now)
    let entry = table.insert(key)
    while (entry === 0 && this.removeOldest()) entry = table.insert(key)
    if (entry === 0) return Take.NoRoom
    table.set(entry, LAST, (account ? now : now - longAgo) | 0)
    return account ? Take.Passed : this.pin(entry)
  }

  private pin(entry: number): number {
    this.table.set(entry, PINS, this.table.get(entry, PINS) + 1)
    this.pinned = entry
    return Take.Pinned
  }

  /** Counts the request in a pinned bucket. */
  settle(entry: number, now: number): void {
    const { table } = this
    table.lock()
    const elapsed = this.elapsed(entry, now)
    this.excess = this.after(entry, elapsed)
    table.set(entry, EXCESS, this.excess)
    if (elapsed !== 0) table.set(entry, LAST, now | 0)
    table.set(entry, PINS, table.get(entry, PINS) - 1)
    table.unlock()
  }

  /** Gives a pinned bucket back without counting. */
  drop(entry: number): void {
    const { table } = this
    table.lock()
    table.set(entry, PINS, table.get(entry, PINS) - 1)
    table.unlock()
  }

  /** Milliseconds to wait until `excess` has shrunk to `delay`. */
  delay(excess: number, delay: number): number {
    return Math.trunc((excess - delay) * 1000 / this.rate)
  }

  /** Since the last request; the clocks of threads differ a little, and a clock set back counts as a millisecond. */
  private elapsed(entry: number, now: number): number {
    const elapsed = ((now | 0) - this.table.get(entry, LAST)) | 0
    return elapsed < -idleTime ? 1 : Math.max(0, elapsed)
  }

  private after(entry: number, elapsed: number): number {
    return Math.max(0, this.table.get(entry, EXCESS) - Math.trunc(this.rate * elapsed / 1000) + 1000)
  }

  /** Removes up to two buckets that have been idle and have run empty. */
  private removeIdle(now: number): void {
    const { table } = this
    for (let i = 0; i < 2; i++) {
      const entry = table.oldest()
      if (entry === 0 || table.get(entry, PINS) !== 0) return
      const elapsed = Math.abs(((now | 0) - table.get(entry, LAST)) | 0)
      if (elapsed < idleTime || table.get(entry, EXCESS) - Math.trunc(this.rate * elapsed / 1000) > 0) return
      table.remove(entry)
    }
  }

  private removeOldest(): boolean {
    const { table } = this
    let entry = table.oldest()
    while (entry !== 0 && table.get(entry, PINS) !== 0) entry = table.newer(entry)
    if (entry !== 0) table.remove(entry)
    return entry !== 0
  }
}
