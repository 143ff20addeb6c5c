import type { Boards } from '../core/boards.ts'
import type { Place } from '../core/place.ts'
import type { CycleOptions } from '../cycle.ts'
import type { SharedPlugins } from '../wasm/store.ts'
import { ConfigError } from '../core/errors.ts'
import type { Problem } from '../conf/report.ts'

/** A configuration that a worker is to make ready: what the master built its own cycle from. Cloneable. */
export interface Next {
  readonly number: number
  readonly options: CycleOptions
  /** The compiled plugins, in the form that the plugin store shares between threads. */
  readonly plugins: SharedPlugins
}

/** What a worker is started with. */
export interface WorkerData {
  /** Position of the worker among the workers, from 0; its replacement has the same. */
  readonly slot: number
  /** The compiled head parser, null when there is none. */
  readonly head: WebAssembly.Module | null
  /** Where the workers put down their connections and requests (`ActivityBoard`). */
  readonly activity: SharedArrayBuffer
  /** Which worker does what only one may do (`Leader`). */
  readonly leader: SharedArrayBuffer
  /** Where all threads count. */
  readonly boards: Boards
  /** Where the thread notes what it opens past Node.js (`Descriptors`). */
  readonly descriptors: SharedArrayBuffer
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
