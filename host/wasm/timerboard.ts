/** Timers that one board has room for: twice what a plugin may register, so that renamed ones of the next configuration find room, too. */
const rows = 64
/** Numbers per timer, 32 bits each. */
const width = 8
/** Their positions. */
const cell = { key: 0, configuration: 1, thread: 2, runs: 3, skipped: 4, faults: 5 } as const

/** What a timer has done in all workers, since the server began or its name came up. */
export interface TimerCounts {
  readonly runs: number
  /** Times that were left out: its last call was still in flight, or the plugin was busy or in quarantine. */
  readonly skipped: number
  readonly faults: number
}

/**
 * Memory of one plugin's timers that all workers and all its configurations share: what each has done, which worker is at work on one that
 * only one may run, and for which configuration one that runs once has run.
 */
export class TimerBoard {
  readonly #numbers: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory)
  }

  /** Memory for a board. */
  static memory(): SharedArrayBuffer { return new SharedArrayBuffer(rows * width * 4 + 4) }

  /** Adds to the number behind all rows, which is the plugin's own to use, and returns it. */
  generation(add: number): number { return (Atomics.add(this.#numbers, rows * width, add) + add) | 0 }

  /** The row of a timer's name, the same in every worker; −1 when there is no more room. */
  row(name: string): number {
    let key = 0x811c9dc5
    for (let i = 0; i < name.length; i++) key = Math.imul(key ^ name.charCodeAt(i), 0x01000193)
    key |= 1
    for (let i = 0; i < rows; i++) {
      const row = ((key >>> 1) + i) % rows
      const found = Atomics.compareExchange(this.#numbers, row * width + cell.key, 0, key)
      if (found === 0 || found === key) return row
    }
    return -1
  }

  /** Counts one event. */
  count(row: number, what: 'runs' | 'skipped' | 'faults'): void {
    if (row >= 0) Atomics.add(this.#numbers, row * width + cell[what], 1)
  }

  counts(row: number): TimerCounts {
    const read = (what: 'runs' | 'skipped' | 'faults'): number => (row < 0 ? 0 : Atomics.load(this.#numbers, row * width + cell[what]))
    return { runs: read('runs'), skipped: read('skipped'), faults: read('faults') }
  }

  /** Takes a timer for a thread's call; false while another call of it is in flight anywhere. */
  take(row: number, thread: number): boolean {
    return row < 0 || Atomics.compareExchange(this.#numbers, row * width + cell.thread, 0, thread + 1) === 0
  }

  /** The thread's call has ended. */
  release(row: number, thread: number): void {
    if (row >= 0) Atomics.compareExchange(this.#numbers, row * width + cell.thread, thread + 1, 0)
  }

  /** Lets go of everything that a thread which has died had taken. */
  died(thread: number): void {
    for (let row = 0; row < rows; row++) this.release(row, thread)
  }

  /** Whether a timer that runs once has run in a configuration, or a later one. */
  done(row: number, configuration: number): boolean {
    return row >= 0 && Atomics.load(this.#numbers, row * width + cell.configuration) >= configuration
  }

  /** Notes that it runs now; false when somebody else was first. */
  claim(row: number, configuration: number): boolean {
    if (row < 0) return true
    for (;;) {
      const at = Atomics.load(this.#numbers, row * width + cell.configuration)
      if (at >= configuration) return false
      if (Atomics.compareExchange(this.#numbers, row * width + cell.configuration, at, configuration) === at) return true
    }
  }
}
