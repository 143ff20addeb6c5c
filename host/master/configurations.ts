import { join } from 'node:path'
import type { Built } from '../conf/build.ts'
import { collectSoon } from '../core/collect.ts'
import { ConfigError, PluginError } from '../core/errors.ts'
import { packageRoot } from '../core/install.ts'
import type { Log } from '../core/log.ts'
import type { SharedZone } from '../core/zones.ts'
import { Cycle } from '../cycle.ts'
import type { ConfSnapshot, CycleOptions } from '../cycle.ts'
import { buildConfiguration } from '../modules/kamailio/build.ts'
import { hostModules } from '../modules/list.ts'
import type { PluginFacts, Plugins } from '../wasm/plugins.ts'
import type { Services } from '../wasm/services.ts'
import { PluginStore } from '../wasm/store.ts'
import type { PluginChange } from '../wasm/store.ts'
import { pluginsOf } from '../worker/plugins.ts'
import type { Next } from '../worker/messages.ts'

/** A configuration that was built and may be taken into use. */
export interface Candidate {
  readonly built: Built
  /** The same for workers. */
  readonly next: Next
  readonly store: PluginStore
  readonly plugins: readonly PluginFacts[]
  /** Directories that are to be watched for changed plugin files. */
  readonly watched: readonly string[]
}

/** Builds one configuration after another of the same server. */
export class Configurations {
  readonly #options: CycleOptions
  readonly #services: Services
  #number = 0
  /** The plugin files of the configuration in use. */
  #store: PluginStore
  /** The configuration files as the configuration in use has them. */
  #snapshot: ConfSnapshot | null = null
  /** The zones of the configuration in use. */
  #zones: readonly SharedZone[] = []

  constructor(options: CycleOptions, services: Services) {
    this.#options = options
    this.#services = services
    this.#store = PluginStore.first(shippedPlugins())
  }

  /**
   * Builds the next configuration; `log` gets what is logged before it names a log. Configuration files are read anew, but with `keep` they
   * say what they said before: who replaces a plugin does not mean a half-edited file. Plugin files are read anew, but with
   * a change only the one that is meant.
   */
  build(change: PluginChange, log: Log, keep = false): Candidate {
    const number = ++this.#number
    const options = { ...this.#options, ...(keep && this.#snapshot !== null ? { snapshot: this.#snapshot } : {}), zones: this.#zones }
    try {
      const store = this.#store.next(change)
      const plugins = pluginsOf(store, this.#services, options)
      const built = buildConfiguration(options, [...hostModules, ...plugins.extras()], plugins, log, number)
      return this.#candidate(built, store, plugins)
    } catch (error) {
      if (!(error instanceof PluginError)) throw error
      const cycle = new Cycle(this.#options, number, [], pluginsOf(this.#store, {}, this.#options), log)
      cycle.problems.push({ level: 'emerg', error: new ConfigError(error.message, null, error.note) })
      return this.#candidate({ cycle, ok: false, syntaxOk: false, parsed: 1 }, this.#store, null)
    }
  }

  #candidate(built: Built, store: PluginStore, plugins: Plugins | null): Candidate {
    const { cycle } = built
    const files = new Map(cycle.files.map(({ name, text }) => [name, text]))
    const options = { ...this.#options, snapshot: { files, globs: cycle.globs }, zones: cycle.zones.shared() }
    return {
      built, store, plugins: plugins?.facts() ?? [], watched: plugins?.watched ?? [],
      next: { number: cycle.number, options, plugins: store.share() },
    }
  }

  /** The candidate was taken into use: later ones start from its plugin files. */
  accept(candidate: Candidate): void {
    this.#store = candidate.store
    this.#snapshot = candidate.next.options.snapshot ?? null
    this.#zones = candidate.next.options.zones ?? []
    if (candidate.next.number > 1) collectSoon()
  }
}

/** The directory of the plugins that come with vespid. */
function shippedPlugins(): string {
  return join(packageRoot, 'build/plugins')
}
