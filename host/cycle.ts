import type { Log } from './core/log.ts'
import type { HttpConfs } from './conf/cf.ts'
import type { Module } from './module.ts'
import type { HttpMain } from './http/servers.ts'
import type { PluginSet } from './wasm/plugins.ts'
import { ConfigError } from './core/errors.ts'

/** Where a configuration comes from; the same for the master, every worker and `-t` (nginx.md §10.1). */
export interface CycleOptions {
  /** `-p`: absolute, ends in `/`. Relative paths of logs, roots and the pid file start here. */
  readonly prefix: string
  /** `-c`: absolute. `include` is relative to its directory. */
  readonly confFile: string
  /** `-e`: the initial and default error log; `stderr` or an absolute path. */
  readonly errorLog: string
  /** `-g`: directives read before the file. */
  readonly globals: string
  /** `-t`/`-T`: nothing is served afterwards. */
  readonly test: boolean
}

/** Everything that one configuration produced. Immutable once built: a reload builds another and swaps (DESIGN §5.1). */
export class Cycle {
  readonly options: CycleOptions
  /** Counts configurations of this process from 1. */
  readonly number: number
  /** All modules in order; a module's position here is its index in every conf array. Plugins are appended while the configuration is read. */
  readonly modules: Module[]
  /** Confs of core and event modules by module position. */
  readonly confs: unknown[] = []
  /** The loaded plugins. */
  readonly plugins: PluginSet
  /** The http{} level's conf arrays; null without an http block. */
  http: HttpConfs | null = null
  /** Servers by address, ready to serve; null without an http block. */
  servers: HttpMain | null = null
  /** The error log of the main context. */
  log: Log
  /** Each configuration file read, in order, with its bytes, for `-T`. */
  readonly files: { name: string, text: string }[] = []
  /** Warnings and errors of the build, in the order found. */
  readonly problems: { level: 'warn' | 'emerg', error: ConfigError }[] = []

  constructor(options: CycleOptions, number: number, modules: Module[], plugins: PluginSet, log: Log) {
    this.options = options
    this.number = number
    this.modules = modules
    this.plugins = plugins
    this.log = log
  }

  /** The position of a module, the index of its confs; throws when it is not part of this cycle (a bug). */
  indexOf(module: Module): number {
    const index = this.modules.indexOf(module)
    if (index < 0) throw new Error(`module ${module.name} is not part of this cycle`)
    return index
  }
}
