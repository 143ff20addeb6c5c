import type { Place } from '../core/place.ts'
import type { CycleOptions } from '../cycle.ts'
import { ConfigError } from '../core/errors.ts'
import type { Problem } from '../conf/report.ts'

/** A configuration that a worker is to make ready: what the master built its own cycle from. Cloneable. */
export interface Next {
  readonly number: number
  readonly options: CycleOptions
  /** The compiled plugins, in the form that the plugin store shares between threads. */
  readonly plugins: unknown
}

/** What a worker is started with. */
export interface WorkerData {
  /** Position of the worker among the workers, from 0; its replacement has the same. */
  readonly slot: number
  /** The compiled head parser, null when there is none. */
  readonly head: WebAssembly.Module | null
}

/** How one serving thread is doing (`core.ps`). */
export interface ThreadStatus {
  readonly thread: number
  readonly role: 'master' | 'worker' | 'single'
  /** Number of the configuration that new requests get. */
  readonly cycle: number
  /** Configurations that still have requests, the current one included. */
  readonly cycles: number
  readonly accepted: number
  readonly requests: number
  readonly connections: number
  readonly reading: number
  readonly writing: number
  readonly waiting: number
  /** Bytes of the thread's JavaScript heap in use. */
  readonly heap: number
}

/** A problem of a configuration in cloneable form. */
export interface WireProblem {
  readonly level: 'warn' | 'emerg'
  readonly message: string
  readonly place: Place | null
  readonly note: string | null
}

export function toWire(problems: readonly Problem[]): WireProblem[] {
  return problems.map(({ level, error }) => ({ level, message: error.message, place: error.place, note: error.note }))
}

export function fromWire(problems: readonly WireProblem[]): Problem[] {
  return problems.map(({ level, message, place, note }) => ({ level, error: new ConfigError(message, place, note) }))
}
