/**
 * Which worker does what only one may do: the timers of plugins that run in exactly one worker. The master names it, in memory that all
 * workers see, so that no two take themselves for it at the same time.
 */
export class Leader {
  readonly memory: SharedArrayBuffer
  readonly #slot: Int32Array

  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory
    this.#slot = new Int32Array(memory)
  }

  /** Names the worker of a slot; −1: nobody. */
  name(slot: number): void { Atomics.store(this.#slot, 0, slot + 1) }

  /** Whether it is the worker of this slot. */
  is(slot: number): boolean { return Atomics.load(this.#slot, 0) === slot + 1 }
}
