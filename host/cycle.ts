import type { Log } from './core/log.ts'
import { OpenFiles } from './core/logfile.ts'
import type { HttpConfs } from './conf/cf.ts'
import type { Module } from './module.ts'
import type { HttpMain } from './http/servers.ts'
import type { PluginSet } from './wasm/plugins.ts'
import type { ScriptFile } from './script/ast.ts'
import type { SipMain } from './sip/listens.ts'
import { ConfigError } from './core/errors.ts'
import { HookPlan } from './http/hooks/plan.ts'
import { SelectUses } from './expr/select/uses.ts'
import { VariableTable } from './expr/variables.ts'
import { Grants } from './core/grants.ts'
import { Zones } from './core/zones.ts'
import type { SharedZone } from './core/zones.ts'

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
  /** `-f`: the file is Kamailio's (host/modules/kamailio), and these words are defined in it (`-A NAME=VALUE`). Absent: it is nginx's. */
  readonly script?: { readonly defines: readonly (readonly [string, string])[] }
  /** Given to workers: read this in the place of the files. */
  readonly snapshot?: ConfSnapshot
  /** Zones whose memory is taken over where name, kind and size are the same: of the configuration before, or in a worker the master's. */
  readonly zones?: readonly SharedZone[]
}

/**
 * What the files of a configuration said when the master read them. Workers build from it, also those that replace a dead one later, so
 * that every thread serves the same configuration whatever the files say by then.
 */
export interface ConfSnapshot {
  /** Texts by file name, both byte strings, as in `Cycle.files`. */
  readonly files: ReadonlyMap<string, string>
  /** The paths that each pattern of an `include` matched. */
  readonly globs: ReadonlyMap<string, readonly string[]>
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
  /** The hooks of all modules in their order; empty until http{} is read. */
  hooks = new HookPlan()
  /** The variables of http{}; resolved when the configuration is complete. */
  readonly variables = new VariableTable()
  /** The selects that texts of http{} use, and the table of all; resolved when http{} was read. */
  readonly selects = new SelectUses()
  /** Where SIP is received and what is done with it; null without a sip block. */
  sip: SipMain | null = null
  /** Servers by address, ready to serve; null without an http block. */
  servers: HttpMain | null = null
  /** The error log of the main context. */
  log: Log
  /** The log files of this cycle, error and access logs alike; opened when the configuration is complete, reopened by `reopen`. */
  readonly openFiles = new OpenFiles()
  /** State that all workers share, by zone. */
  readonly zones = new Zones()
  /** What each plugin is allowed. */
  readonly grants = new Grants()
  /** Each configuration file read, in order, for `-T`; name and text are byte strings. */
  readonly files: { name: string, text: string }[] = []
  /** Each pattern that an `include` named, with the paths that it matched. */
  readonly globs = new Map<string, readonly string[]>()
  /** The Kamailio file that was read, or null: its listeners, settings and variables. */
  script: ScriptFile | null = null
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
