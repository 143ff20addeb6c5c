import type { Instance } from './instance.ts'

/** The next call does not get an instance: all of them wait, and so does everybody who may. */
export class PoolFull extends Error {
  override readonly name = 'PoolFull'
}

/** Milliseconds between two looks at what a pool does not need; and how many free instances stay whatever happens. */
const shrinkPeriod = 10_000
const kept = 1

/**
 * The instances of one plugin in one thread that calls which may wait run in, one call in each. They are made from the
 * snapshot when they are needed, up to a bound, and taken again, the last used first; past the bound calls queue in
 * their order. The plugin's first instance is not among them: calls that cannot wait run there and never queue.
 */
export class Pool {
  private readonly make: () => Instance
  private readonly most: number
  private readonly longest: number
  private readonly free: Instance[] = []
  /** A set keeps the order, and lets go of who leaves from its middle. */
  private readonly queue = new Set<(instance: Instance) => void>()
  /** Instances that exist, taken or free. */
  size = 0
  /** Calls that were refused because the queue was full. */
  refused = 0
  /** Calls that had to queue. */
  queued = 0
  /** The most instances that were taken at once. */
  peak = 0
  /** The least free instances since the last look: nobody needed them. */
  private spare = 0
  private readonly period: number
  private clock: NodeJS.Timeout | null = null
  private closed = false

  /**
   * `make` makes an instance in the state of the snapshot; `most` instances, `longest` calls in the queue. Every `period` milliseconds half
   * of the instances that nobody needed are let go of.
   */
  constructor(make: () => Instance, most: number, longest: number, period = shrinkPeriod) {
    this.period = period
    this.make = make
    this.most = most
    this.longest = longest
  }

  /** How many instances are taken. */
  get taken(): number { return this.size - this.free.length }
  /** How many calls queue. */
  get length(): number { return this.queue.size }

  /**
   * Takes an instance; null when the bound is reached. `beyond`: the call is one that a waiting call of the same plugin
   * waits for; were it to queue, the two could wait for each other. Throws Trap when no instance can be made.
   */
  take(beyond = false): Instance | null {
    const instance = this.free.pop()
    if (instance !== undefined) {
      if (this.free.length < this.spare) this.spare = this.free.length
      if (this.taken > this.peak) this.peak = this.taken
      return instance
    }
    if (this.size >= this.most && !beyond) return null
    const made = this.make()
    this.size++
    this.spare = 0
    if (this.taken > this.peak) this.peak = this.taken
    return made
  }

  /** Waits for an instance; throws PoolFull. Returns the function that leaves the queue. */
  wait(give: (instance: Instance) => void): () => void {
    if (this.queue.size >= this.longest) {
      this.refused++
      throw new PoolFull(`all ${this.size} instances wait and ${this.queue.size} calls are queued`)
    }
    this.queued++
    this.queue.add(give)
    return () => { this.queue.delete(give) }
  }

  /** Gives an instance back: to who has waited longest, else it is kept; one beyond the bound is let go of. */
  release(instance: Instance): void {
    if (this.size > this.most) {
      this.size--
      return
    }
    for (const give of this.queue) {
      this.queue.delete(give)
      return give(instance)
    }
    this.free.push(instance)
    if (this.clock === null && this.free.length > kept) this.watch()
  }

  private watch(): void {
    if (this.closed) return
    this.clock = setTimeout(() => {
      this.clock = null
      this.shrink()
      if (this.free.length > kept) this.watch()
    }, this.period)
    this.clock.unref()
  }

  /** Its configuration is over: nothing is to be let go of any more, it goes as a whole. */
  close(): void {
    if (this.clock !== null) clearTimeout(this.clock)
    this.closed = true
  }

  /** Lets go of half of the free instances that nobody needed since the last time, rounded up, the longest unused first; one stays. */
  shrink(): void {
    const go = Math.min(Math.ceil(this.spare / 2), this.free.length - kept)
    if (go > 0) {
      this.free.splice(0, go)
      this.size -= go
    }
    this.spare = this.free.length
  }
}
