import type { Pool } from '../pool.ts'
import type { NativePlugin } from './plugin.ts'
import type { TimerFacts } from './timers.ts'

/** How a plugin is doing in one thread and the configuration in use, for `plugin.show`. */
export interface PluginReport {
  /** Bytes of memory of its first instance. */
  readonly memory: number
  /** Calls of its functions, in all instances. */
  readonly calls: number
  /** Faults in this thread. */
  readonly faults: number
  /** Its instances: the first, and those of the pool. */
  readonly instances: number
  /** Instances of the pool with a call in flight, now and at most. */
  readonly in_flight: number
  readonly high_water: number
  /** Calls that queue for an instance now; that ever had to; that were refused. */
  readonly queued: number
  readonly queued_ever: number
  readonly refused: number
  /** Seconds until it is called again; absent when it is not in quarantine. */
  readonly quarantined?: number
  readonly timers?: readonly TimerFacts[]
}

/** The report of a plugin; `pool` is null when none of its functions may wait. */
export function reportOf(plugin: NativePlugin, pool: Pool | null): PluginReport {
  const { instance, timers } = plugin
  const { memory, calls } = instance.stats()
  const { faults } = instance
  const left = faults.until === 0 ? 0 : faults.until - Date.now()
  return {
    memory, calls, faults: faults.count, instances: 1 + (pool?.size ?? 0), in_flight: pool?.taken ?? 0, high_water: pool?.peak ?? 0,
    queued: pool?.length ?? 0, queued_ever: pool?.queued ?? 0, refused: pool?.refused ?? 0,
    ...(left > 0 ? { quarantined: Math.ceil(left / 1000) } : {}),
    ...(timers.entries.length === 0 ? {} : { timers: timers.facts() }),
  }
}
