/** Connections and requests, as `stub_status` shows them (nginx.md §11). */
export interface Activity {
  accepted: number
  handled: number
  requests: number
  active: number
  reading: number
  writing: number
  waiting: number
}

const fields = ['accepted', 'handled', 'requests', 'active', 'reading', 'writing', 'waiting'] as const
/** The first of the fields that are gone with their worker; those before it go on counting. */
const passing = 3
/** Numbers per worker: a cache line of 64 bytes, so that workers do not slow each other down. */
const stride = 8
/** Where, in the first worker's line, it stands how many slots are in use. */
const used = 7
/** Workers that are counted; further ones serve, but their numbers are missing. nginx ends at 1024 processes. */
const slots = 1024

/**
 * The numbers of all workers in shared memory. Each worker writes its own and everybody reads all. They are doubles: exact up to 2^53, and
 * written whole on every machine that Node.js runs on.
 */
export class ActivityBoard {
  readonly memory: SharedArrayBuffer
  readonly #numbers: Float64Array

  constructor(memory = new SharedArrayBuffer(slots * stride * 8)) {
    this.memory = memory
    this.#numbers = new Float64Array(memory)
  }

  /** The numbers of one worker. */
  read(slot: number): Activity {
    const one = { accepted: 0, handled: 0, requests: 0, active: 0, reading: 0, writing: 0, waiting: 0 }
    if (slot < slots) for (let i = 0; i < fields.length; i++) one[fields[i]!] = this.#numbers[slot * stride + i]!
    return one
  }

  /** Puts down the numbers of one worker; `base` is what those before it in the same slot had counted. */
  write(slot: number, now: Activity, base: Activity): void {
    if (slot >= slots) return
    // Written again and again: of two workers that begin at once, the second try of one counts.
    if (this.#numbers[used]! <= slot) this.#numbers[used] = slot + 1
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!
      this.#numbers[slot * stride + i] = now[field] + (i < passing ? base[field] : 0)
    }
  }

  /** A worker has ended: it has no connections any more. */
  ended(slot: number): void {
    if (slot < slots) this.#numbers.fill(0, slot * stride + passing, slot * stride + fields.length)
  }

  /** The numbers of all workers together. */
  total(): Activity {
    const sum = this.read(0)
    for (let slot = 1; slot < this.#numbers[used]!; slot++) {
      for (let i = 0; i < fields.length; i++) sum[fields[i]!] += this.#numbers[slot * stride + i]!
    }
    return sum
  }
}
