import type { Asked } from './limits/asked.ts'
import type { PluginSettings } from './limits/settings.ts'
import type { Reach } from './reach.ts'

/** What an instance needs of its plugin: the compiled module and what is known about it. */
export interface Program {
  readonly name: string
  readonly module: WebAssembly.Module
  /** Names of the exported mutable globals, ours and the plugin's: with the memory they are the state. */
  readonly globals: readonly string[]
  /** The module imports `env.abort`: AssemblyScript's, whose loader decodes it. */
  readonly assemblyscript: boolean
  /** It has exception handlers: what the host throws must not reach them. */
  readonly catches: boolean
  /** It is shipped with vespid: its log lines are vespid's own. */
  readonly own: boolean
  /** Which of its functions may wait. */
  readonly reach: Reach
  /** What it asks to be held to. */
  readonly asked: Asked
  /** What it is held to. */
  readonly settings: PluginSettings
  /** Its faults in all threads. */
  readonly counters: SharedArrayBuffer
  /** Its timers in all threads (`TimerBoard`). */
  readonly timers: SharedArrayBuffer
  /** Reads a byte offset in the code as a source place, when there is a source map; else null. */
  locate(offset: number): string | null
}

let functions = 0

/** A function of the guest's table, called as `call(data, …)`. Bound anew when the instance is replaced. */
export class GuestFunction {
  /** No other function of this thread has it: what outlives a configuration names the function by it. */
  readonly id = ++functions
  readonly index: number
  readonly data: number
  /** Its position among the plugin's functions. */
  readonly ordinal: number
  /** A call of it may come to a host function that waits: it is called in an instance of the pool. */
  readonly waits: boolean
  /** What it is, for messages: `phase access`, `directive "allow"`. */
  readonly label: string
  call: (...args: number[]) => any
  calls = 0

  constructor(index: number, data: number, label: string, call: (...args: number[]) => any, ordinal: number, waits: boolean) {
    this.index = index
    this.data = data
    this.label = label
    this.call = call
    this.ordinal = ordinal
    this.waits = waits
  }
}
