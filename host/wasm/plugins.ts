import type { Module } from '../module.ts'
import type { Place } from '../core/place.ts'
import type { Services } from './services.ts'
import type { PluginStore } from './store.ts'
import type { Compiled } from './compile.ts'
import { pluginName } from './compile.ts'
import type { Program } from './program.ts'
import type { FaultFacts } from './limits/faults.ts'
import { fileOffset } from './limits/offsets.ts'
import type { Asked } from './limits/asked.ts'
import { askedWords } from './limits/asked.ts'
import type { PluginSettings } from './limits/settings.ts'
import { defaultSettings } from './limits/settings.ts'
import { ConfigError, PluginError } from '../core/errors.ts'
import { bytesOf } from '../core/text.ts'
import { addressOf } from '../net/transports/spec.ts'
import { NativeModule } from './native/module.ts'
import { NativePlugin } from './native/plugin.ts'
import { sourceLocator } from './source-map.ts'

/**
 * Where a cycle gets its plugins from: the set of loaded `.wasm` modules of one configuration. The configuration
 * reader calls it for `plugins DIR`, `load_module` and, when a directive is unknown, for the plugins shipped with
 * vespid.
 */
export interface PluginSet {
  /**
   * Loads every `*.wasm` of a directory (absolute path), in name order; returns the new modules. Throws PluginError
   * or ConfigError.
   */
  loadDirectory(directory: string, watch: boolean, place: Place | null): Module[]
  /** Loads one file or glob (absolute path). */
  loadFile(pattern: string, place: Place | null): Module[]
  /**
   * Loads the shipped plugin that registers a directive, or a variable (`$NAME`), or for the routing language a function
   * (`NAME()`), a pseudo-variable (`$(NAME)`), a class of transformations (`{NAME}`), an event route (`event_route[NAME]`), a select (`@NAME`, its first element)
   * or that is of that name (`modparam NAME`), if there is one and it is not loaded; null otherwise.
   */
  loadFor(directive: string): Module[] | null
  /** The name of a shipped or known plugin that would provide the directive, for a note; null when none does. */
  providerOf(directive: string): string | null
  /** The directives that shipped plugins would provide, for suggestions. */
  provided?(): readonly string[]
}

/**
 * A loaded plugin in facts, for `plugin.list`, `plugin.show`, the banner and `vespid check`. Only members that say
 * something are there.
 */
export interface PluginFacts {
  readonly name: string
  readonly file: string
  readonly size: number
  readonly hash: string
  readonly abi: string
  readonly directives?: readonly string[]
  /** Directives that bind a content handler. */
  readonly handlers?: readonly string[]
  readonly phases?: readonly string[]
  readonly header_filters?: number
  readonly body_filters?: number
  readonly input_filters?: number
  readonly variables?: readonly string[]
  readonly selects?: readonly string[]
  readonly functions?: readonly string[]
  readonly pseudo_variables?: readonly string[]
  readonly transformations?: readonly string[]
  readonly parameters?: readonly string[]
  readonly event_routes?: readonly string[]
  readonly commands?: readonly string[]
  readonly metrics?: readonly string[]
  /** Hooks that it attaches to. */
  readonly hooks?: readonly string[]
  /** Zones that it opens, each of which it must be allowed. */
  readonly zones?: readonly string[]
  /** What it asks to be held to, where that is not the default. */
  readonly asks_for?: readonly string[]
  /** Addresses of the transports that the configuration makes it open. */
  readonly transports?: readonly string[]
  /** Timers that it registers before it is started. */
  readonly timers?: readonly string[]
  /** The version of the state that it hands over. */
  readonly state?: number
  /** Its faults in all workers; absent while there was none. */
  readonly faults?: FaultFacts
}

/** What the plugin of a name is held to; `trusted`: what it asks for when that is its default, unless the configuration says otherwise. */
export type SettingsOf = (plugin: string, trusted: Asked) => PluginSettings

/**
 * The plugins of one cycle in one thread: instantiated from the store's compiled files as the configuration asks for
 * them.
 */
export class Plugins implements PluginSet {
  /** Directories whose changed files are to be loaded without being asked. */
  readonly watched: string[] = []
  private readonly store: PluginStore
  private readonly services: Services
  private readonly settings: SettingsOf
  private readonly loaded = new Map<string, { file: Compiled, module: NativeModule }>()

  constructor(store: PluginStore, services: Services, settings: SettingsOf = () => defaultSettings) {
    this.store = store
    this.services = services
    this.settings = settings
  }

  /** The modules of plugins that a command loaded besides the configuration's; to be put behind the host's modules. */
  extras(): Module[] {
    return this.store.extras.map((path) => this.load(path))
  }

  loadDirectory(directory: string, watch: boolean, _place: Place | null): Module[] {
    if (watch && !this.watched.includes(directory)) this.watched.push(directory)
    return this.loadNew(this.store.directory(directory))
  }

  loadFile(pattern: string, place: Place | null): Module[] {
    const paths = this.store.matching(pattern)
    for (const path of paths) {
      if ([...this.loaded.values()].some(({ file }) => file.path === path) && !this.store.extras.includes(path)) {
        throw new ConfigError(`module "${bytesOf(path)}" is already loaded`, place)
      }
    }
    return this.loadNew(paths)
  }

  loadFor(directive: string): Module[] | null {
    const plugin = this.store.provider(directive)
    if (plugin === null || this.loaded.has(plugin) || this.store.left.has(plugin)) return null
    return [this.load(this.store.shippedFile(plugin))]
  }

  providerOf(directive: string): string | null {
    const plugin = this.store.provider(directive)
    return plugin === null || this.loaded.has(plugin) ? null : plugin
  }

  provided(): readonly string[] {
    return this.store.provided()
  }

  /** The loaded plugins in load order. */
  modules(): NativeModule[] {
    return [...this.loaded.values()].map(({ module }) => module)
  }

  /** What is known of every loaded plugin, in load order. */
  facts(): PluginFacts[] {
    return [...this.loaded.values()].map(({ file, module }) => factsOf(file, module))
  }

  private loadNew(paths: readonly string[]): Module[] {
    const modules: Module[] = []
    for (const path of paths) {
      const file = this.store.left.size === 0 ? null : path.slice(path.lastIndexOf('/') + 1).replace(/\.wasm$/, '')
      if (file !== null && this.store.left.has(file)) continue
      if ([...this.loaded.values()].some((l) => l.file.path === path)) continue
      modules.push(this.load(path))
    }
    return modules
  }

  private load(path: string): NativeModule {
    const name = pluginName(path)
    // By its place, not by its name: whoever may write there may change vespid itself.
    const shipped = this.store.shipped !== null && path === this.store.shippedFile(name)
    const settings = (asked: Asked): PluginSettings => this.settings(name, shipped ? asked : {})
    const file = this.store.file(path, settings)
    const before = this.loaded.get(file.name)
    if (before !== undefined) {
      throw new PluginError(file.name, `plugin "${file.name}" is already loaded from ${bytesOf(before.file.path)}`, 'the file name is the plugin\'s name; rename one of the files')
    }
    const module = instantiate(file, this.services, shipped, settings(file.asked))
    this.loaded.set(file.name, { file, module })
    return module
  }
}

/**
 * An instance of a compiled plugin as a module; `own`: it is shipped with vespid; `settings`: what it is held to at run time. Throws PluginError
 * when its registration fails.
 */
export function instantiate(file: Compiled, services: Services, own = false, settings = defaultSettings): NativeModule {
  const locate = sourceLocator(file.path)
  const { name, module, globals, assemblyscript, catches, reach, asked } = file
  const program: Program = {
    name, module, globals, assemblyscript, catches, reach, own, asked, settings, counters: file.counters, timers: file.timers,
    locate: (offset) => {
      const at = fileOffset(file.offsets, offset)
      return at === null ? null : locate(at)
    },
  }
  try {
    return new NativeModule(new NativePlugin(program, services), own ? services.order?.(name) : undefined)
  } catch (error) {
    if (error instanceof PluginError) throw new PluginError(error.plugin, `${bytesOf(file.path)}: ${error.message}`, error.note)
    throw error
  }
}

/** What a plugin registered, and its file. */
export function factsOf(file: Compiled, module: NativeModule): PluginFacts {
  const { registration: r } = module.plugin
  const names = <T>(key: string, list: readonly T[], name: (item: T) => string): Record<string, string[]> =>
    list.length === 0 ? {} : { [key]: [...new Set(list.map(name))] }
  return {
    name: file.name, file: file.path, size: file.size, hash: file.hash, abi: 'vespid 1',
    ...names('directives', r.directives, (d) => d.name),
    ...names('handlers', r.directives.filter((d) => d.content !== null), (d) => d.name),
    ...names('phases', r.phases, (p) => p.handler.label.replace(/^phase /, '')),
    ...(r.headerFilters.length === 0 ? {} : { header_filters: r.headerFilters.length }),
    ...(r.bodyFilters.length === 0 ? {} : { body_filters: r.bodyFilters.length }),
    ...(r.inputFilters.length === 0 ? {} : { input_filters: r.inputFilters.length }),
    ...names('variables', r.variables, (v) => `$${v.name}`),
    ...names('selects', r.selects, (s) => `@${s.pattern}`),
    ...names('functions', r.functions, (f) => f.name),
    ...names('pseudo_variables', r.pseudoVariables, (v) => `$${v.name}`),
    ...names('transformations', r.transformations, (t) => `{${t.class}.${t.operation}}`),
    ...names('parameters', r.parameters, (p) => p.name),
    ...names('event_routes', r.eventRoutes, (e) => e.name),
    ...names('commands', r.commands, (c) => c.name),
    ...names('metrics', r.metrics, (m) => m.name),
    ...names('hooks', r.hooks, (h) => h.name),
    ...names('zones', module.plugin.zones.names, (name) => name),
    ...names('transports', module.plugin.transports, ({ spec }) => addressOf(spec)),
    ...names('timers', module.plugin.timers.entries, (timer) => timer.name),
    ...names('asks_for', askedWords(file.asked), (words) => words),
    ...(module.plugin.state === null ? {} : { state: module.plugin.state.version }),
  }
}
