import type { Zone } from '../core/zones.ts'
import { Level, levelNames } from '../core/log.ts'
import type { Log } from '../core/log.ts'
import { ErrorLog } from '../core/logfile.ts'
import type { Cycle } from '../cycle.ts'
import type { ConnectionFacts, ModuleReport, ReloadReport, ServerControl, ThreadStatus } from '../rpc/server.ts'
import { readCounters } from '../wasm/limits/faults.ts'
import type { PluginFacts } from '../wasm/plugins.ts'
import type { PluginChange } from '../wasm/store.ts'
import type { Candidate } from './configurations.ts'
import type { Crew } from './crew.ts'
import { explain } from './explain.ts'
import { masterStatus } from './pool.ts'

/** What is controlled: the master. */
export interface Controlled {
  /** The configuration in use. */
  readonly cycle: Cycle
  readonly log: Log
  readonly crew: Crew
  /** The same configuration with its plugin files; null before the start. */
  readonly candidate: Candidate | null
  /** Builds the next configuration and takes it into use; see `ServerControl.reload`. */
  change(change: PluginChange, keep: boolean): Promise<ReloadReport>
  shutdown(graceful: boolean): void
}

/** What commands and signals may ask of the server. */
export class Control implements ServerControl {
  readonly started = Date.now()
  readonly #server: Controlled

  constructor(server: Controlled) {
    this.#server = server
  }

  shutdown(graceful: boolean): void {
    this.#server.shutdown(graceful)
  }

  async threads(): Promise<ThreadStatus[]> {
    const serving = await this.#server.crew.status()
    return this.#server.crew.servesMasterCycle ? serving : [masterStatus(this.#server.cycle.number), ...serving]
  }

  connections(): Promise<readonly ConnectionFacts[]> {
    return this.#server.crew.connections()
  }

  reload(): Promise<ReloadReport> {
    this.#server.log.write(Level.notice, 'reconfiguring')
    return this.#server.change({}, false)
  }

  plugins(): readonly PluginFacts[] {
    const { candidate } = this.#server
    if (candidate === null) return []
    const { plugins, store } = candidate
    return plugins.map((facts) => {
      const counters = store.counters(facts.name)
      const faults = counters === null ? null : readCounters(counters)
      return faults === null || faults.traps + faults.timeouts === 0 ? facts : { ...facts, faults }
    })
  }

  reports(plugin: string): Promise<readonly ModuleReport[]> {
    return this.#server.crew.reports(plugin)
  }

  zones(): readonly Zone[] {
    return this.#server.cycle.zones.stores()
  }

  loadPlugin(file: string): Promise<ReloadReport> {
    const path = file.startsWith('/') ? file : this.#server.cycle.options.prefix + file
    this.#server.log.write(Level.notice, `loading plugin "${path}"`)
    return this.#server.change({ load: path }, true)
  }

  reloadPlugin(name: string): Promise<ReloadReport> {
    this.#server.log.write(Level.notice, `reloading plugin "${name}"`)
    return this.#server.change({ reload: name }, true)
  }

  unloadPlugin(name: string): Promise<ReloadReport> {
    this.#server.log.write(Level.notice, `unloading plugin "${name}"`)
    return this.#server.change({ unload: name }, true)
  }

  explain(method: string, target: string, options: { readonly host: string, readonly listen: string }): unknown {
    return explain(this.#server.cycle, method, target, options)
  }

  async logLevel(level?: string): Promise<string> {
    const { log } = this.#server
    if (level !== undefined && log instanceof ErrorLog) {
      const number = levelNames.indexOf(level as typeof levelNames[number])
      log.setLevel(number)
      await this.#server.crew.setLevel(number)
    }
    return levelNames[log.level]!
  }

  restartWorker(thread: number): boolean {
    return this.#server.crew.terminate(thread)
  }

  async reopen(): Promise<void> {
    this.#server.log.write(Level.notice, 'reopening logs')
    if (!this.#server.crew.servesMasterCycle) {
      for (const complaint of this.#server.cycle.openFiles.openAll()) this.#server.log.write(Level.emerg, complaint)
    }
    await this.#server.crew.reopen()
  }
}
