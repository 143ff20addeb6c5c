import type { PluginSettings } from './settings.ts'

/** What ended a call: whatever the guest did wrong, or that it ran too long. */
export type FaultKind = 'trap' | 'timeout'

/** Positions of the numbers that all threads share. */
const slot = { traps: 0, timeouts: 1, quarantines: 2, until: 3 } as const
const slots = 4

/**
 * Memory for the counters of one plugin, shared by all workers; counts go on from those of `previous`, a quarantine
 * does not.
 */
export function newCounters(previous?: SharedArrayBuffer): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(slots * 4)
  if (previous !== undefined) new Int32Array(memory).set(new Int32Array(previous).subarray(0, slot.until))
  return memory
}

/** The faults of a plugin in all workers, for `plugin.list`. */
export interface FaultFacts {
  /**
   * Calls that trapped or broke a rule of the ABI, calls that ran too long, and how often a worker put the plugin into
   * quarantine.
   */
  readonly traps: number
  readonly timeouts: number
  readonly quarantines: number
  /** Seconds until the last worker lets it run again; absent when none has it in quarantine. */
  readonly quarantined?: number
}

/** Reads the counters. */
export function readCounters(memory: SharedArrayBuffer, now = Date.now()): FaultFacts {
  const numbers = new Int32Array(memory)
  const left = Atomics.load(numbers, slot.until) - Math.floor(now / 1000)
  return {
    traps: Atomics.load(numbers, slot.traps), timeouts: Atomics.load(numbers, slot.timeouts),
    quarantines: Atomics.load(numbers, slot.quarantines), ...(left > 0 ? { quarantined: left } : {}),
  }
}

const longestQuarantine = 3_600_000

/**
 * The faults of one plugin in one thread and cycle, and its quarantine: more than `faults.count` within `faults.period`
 * put the plugin aside for that period; a fault within a period after its return puts it aside for twice as long as
 * before, up to an hour. A new cycle begins anew.
 */
export class Faults {
  /** When the quarantine ends, in milliseconds of `now`; 0: there is none. */
  until = 0
  /** Faults in this thread. */
  count = 0
  private readonly settings: PluginSettings
  private readonly numbers: Int32Array
  private readonly now: () => number
  /** The times of the last faults, a ring; made at the first. */
  private times: Float64Array | null = null
  private next = 0
  private pause = 0
  /** A fault before then doubles the quarantine. */
  private probation = 0
  /** Told when a quarantine begins (with its length in milliseconds) and ends (0). */
  onChange: ((milliseconds: number) => void) | null = null

  constructor(settings: PluginSettings, counters: SharedArrayBuffer = newCounters(), now: () => number = Date.now) {
    this.settings = settings
    this.numbers = new Int32Array(counters)
    this.now = now
  }

  /** Counts a fault. */
  add(kind: FaultKind): void {
    this.count++
    Atomics.add(this.numbers, kind === 'trap' ? slot.traps : slot.timeouts, 1)
    const { count, period } = this.settings.faults
    if (count < 0) return
    const now = this.now()
    const times = this.times ??= new Float64Array(count + 1).fill(-Infinity)
    times[this.next] = now
    this.next = (this.next + 1) % times.length
    // The slot that is written next holds the oldest: `count` faults lie between it and this one.
    const tooMany = now - times[this.next]! <= period
    if (this.until === 0 && (tooMany || now < this.probation)) this.begin(now, period)
  }

  private begin(now: number, period: number): void {
    this.pause = now < this.probation ? Math.min(this.pause * 2, longestQuarantine) : period
    this.until = now + this.pause
    Atomics.add(this.numbers, slot.quarantines, 1)
    const end = Math.ceil(this.until / 1000)
    if (end > Atomics.load(this.numbers, slot.until)) Atomics.store(this.numbers, slot.until, end)
    this.onChange?.(this.pause)
  }

  /** Whether the plugin is in quarantine. Asked before each call: an engine puts a body as short as this one where it is asked. */
  get blocked(): boolean { return this.until !== 0 && this.goesOn() }

  /** Whether the quarantine goes on; else it ends now. */
  private goesOn(): boolean {
    const now = this.now()
    if (now < this.until) return true
    this.until = 0
    this.times!.fill(-Infinity)
    this.probation = now + this.settings.faults.period
    this.onChange?.(0)
    return false
  }
}
