import { threadId } from 'node:worker_threads'

/** How often a lock is tried before the thread sleeps for it. */
const spins = 200
/** The longest sleep, in milliseconds, before the lock is tried again without being woken. */
const nap = 10

/** A lock in memory that threads share: one word that names the holder, one that counts the sleepers. */
export class SharedLock {
  private readonly words: Int32Array
  private readonly holder: number
  private readonly sleepers: number

  /** `holder` and `sleepers` are the positions of the two words, both 0 at first. */
  constructor(words: Int32Array, holder: number, sleepers: number) {
    this.words = words
    this.holder = holder
    this.sleepers = sleepers
  }

  /** Takes the lock, sleeping for about `patience` milliseconds at most; false when another thread had it all the time. */
  take(patience: number): boolean {
    const { words, holder } = this
    for (let i = 0; i < spins; i++) if (Atomics.compareExchange(words, holder, 0, threadId + 1) === 0) return true
    Atomics.add(words, this.sleepers, 1)
    let waited = 0
    let taken = false
    for (;;) {
      const other = Atomics.compareExchange(words, holder, 0, threadId + 1)
      taken = other === 0
      if (taken || waited >= patience) break
      if (Atomics.wait(words, holder, other, nap) === 'timed-out') waited += nap
    }
    Atomics.sub(words, this.sleepers, 1)
    return taken
  }

  /** Gives the lock back, and wakes one that sleeps for it. */
  give(): void {
    Atomics.store(this.words, this.holder, 0)
    if (Atomics.load(this.words, this.sleepers) !== 0) Atomics.notify(this.words, this.holder, 1)
  }

  /** Whether the thread with this id has the lock. */
  heldBy(thread: number): boolean { return Atomics.load(this.words, this.holder) === thread + 1 }
}
