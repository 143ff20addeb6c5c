import * as host from './vespid'
import * as text from './text'
import { setup } from './conf'

/** Where a timer runs. */
export enum Workers {
  /** In every worker. */
  Each = 0,
  /** In one worker; in another one when that dies. */
  One = 2,
}

/**
 * Calls `job` again and again, from the time on that the configuration is in use until another one is: `interval` in milliseconds, 10 at least.
 * To be called at the top level, in `set` of a directive, or in `on_start`. The job may wait (`fetch`, `sleep`, `rpc_call`). It never
 * overlaps with itself: a time at which its last call is still in flight is left out. The log calls it by `name`, or by its interval.
 */
export function every(interval: f64, job: () => void, workers: Workers = Workers.Each, name: string = ''): void {
  add(interval, job, workers, name)
}

/** Calls `job` once in each configuration, `delay` milliseconds after it came into use; everything else as with `every`. */
export function once(delay: f64, job: () => void, workers: Workers = Workers.Each, name: string = ''): void {
  add(delay, job, workers | 1, name)
}

function add(interval: f64, job: () => void, flags: i32, name: string): void {
  setup()
  const run = (data: usize): i32 => {
    call_indirect(<u32>data)
    return 0
  }
  text.begin()
  text.put(name)
  host.timer(text.at, text.length, interval, flags, run.index, job.index)
}
