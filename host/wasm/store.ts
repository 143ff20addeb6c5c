import { readFileSync, readdirSync, statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { PluginError, errnoText } from '../core/errors.ts'
import { bytesOf } from '../core/text.ts'
import { expandGlob, isGlob } from '../conf/glob.ts'
import type { Compiled } from './compile.ts'
import { newCounters } from './limits/faults.ts'
import type { ModuleLimits } from './limits/rewrite.ts'
import type { Asked } from './limits/asked.ts'
import { askedOf, compilePlugin, hashOf, pluginName } from './compile.ts'
import { TimerBoard } from './timerboard.ts'

/** What one plugin command asks of the next configuration, beside the files: at most one member is set. */
export interface PluginChange {
  /** Load this file (absolute path) besides those of the configuration. */
  readonly load?: string
  /** Read the file of this plugin anew; all others stay as they are. */
  readonly reload?: string
  /** Leave this plugin out. */
  readonly unload?: string
}

/** What a store knows, in the form that goes to workers (structured clone). */
export interface SharedPlugins {
  readonly shipped: string | null
  readonly files: readonly Compiled[]
  /** Directories and patterns with the files they stood for. */
  readonly lists: readonly (readonly [string, readonly string[]])[]
  readonly extras: readonly string[]
  readonly left: readonly string[]
  readonly providers: readonly (readonly [string, string])[]
}

/**
 * The plugin files of one configuration: read and compiled once, by the master; workers get a copy and read nothing.
 * Each configuration has a store of its own, made by `next` from the one before, so that a configuration that is
 * refused leaves no trace.
 */
export class PluginStore {
  /** The directory of the plugins that are shipped with vespid, or null. */
  readonly shipped: string | null
  /** Files that a command loaded besides the configuration's. */
  readonly extras: readonly string[]
  /** Names of plugins that a command unloaded. */
  readonly left: ReadonlySet<string>
  private readonly files = new Map<string, Compiled>()
  private readonly lists = new Map<string, readonly string[]>()
  /** Compiled modules by hash and limits, from earlier configurations too: unchanged bytes are not compiled twice. */
  private compiled: Map<string, Compiled>
  private providers: Map<string, string> | null = null
  /** Memory of the timers of the configuration before, by plugin: those of the next go on with it. */
  private timers: ReadonlyMap<string, SharedArrayBuffer> = new Map()
  /** A worker's copy: what is not in it does not exist. */
  private readonly sealed: boolean

  private constructor(shipped: string | null, extras: readonly string[], left: ReadonlySet<string>, compiled: Map<string, Compiled>, sealed: boolean) {
    this.shipped = shipped
    this.extras = extras
    this.left = left
    this.compiled = compiled
    this.sealed = sealed
  }

  /**
   * The store of a server's first configuration; `shipped` is the directory of the shipped plugins (`build/plugins`),
   * absolute.
   */
  static first(shipped: string | null): PluginStore {
    return new PluginStore(shipped, [], new Set(), new Map(), false)
  }

  /** A worker's copy of what the master shared. */
  static shared(from: SharedPlugins): PluginStore {
    const store = new PluginStore(from.shipped, from.extras, new Set(from.left), new Map(), true)
    for (const file of from.files) store.files.set(file.path, file)
    for (const [key, paths] of from.lists) store.lists.set(key, paths)
    store.providers = new Map(from.providers)
    return store
  }

  /**
   * The store of the next configuration. Without a change every file is looked at anew, and what commands had loaded
   * or unloaded is forgotten: the configuration is the truth. Throws PluginError when the plugin to reload or unload
   * is not loaded.
   */
  next(change: PluginChange = {}): PluginStore {
    const { load, reload, unload } = change
    if (load === undefined && reload === undefined && unload === undefined) {
      const store = new PluginStore(this.shipped, [], new Set(), this.compiledByHash(), false)
      store.timers = this.timersByName()
      return store
    }
    const named = reload ?? unload
    if (named !== undefined && ![...this.files.values()].some((f) => f.name === named)) throw new PluginError(named, `plugin "${named}" is not loaded`)
    const left = new Set(this.left)
    if (unload !== undefined) left.add(unload)
    if (load !== undefined) left.delete(pluginName(load))
    const extras = load !== undefined && !this.extras.includes(load) ? [...this.extras, load] : this.extras
    const store = new PluginStore(this.shipped, extras.filter((path) => !left.has(pluginName(path))), left, this.compiledByHash(), false)
    for (const [path, file] of this.files) if (file.name !== reload && path !== load && !left.has(file.name)) store.files.set(path, afresh(file))
    for (const [key, paths] of this.lists) store.lists.set(key, paths)
    store.providers = this.providers
    store.timers = this.timersByName()
    return store
  }

  private timersByName(): Map<string, SharedArrayBuffer> {
    return new Map([...this.timers, ...[...this.files.values()].map(({ name, timers }) => [name, timers] as const)])
  }

  private compiledByHash(): Map<string, Compiled> {
    return new Map([...this.files.values()].map((file) => [cacheKey(file.hash, file.limits), file]))
  }

  /** What workers need of this store. */
  share(): SharedPlugins {
    return {
      shipped: this.shipped, files: [...this.files.values()], lists: [...this.lists], extras: this.extras, left: [...this.left],
      providers: [...this.index()],
    }
  }

  /** The shared counters of a plugin's faults; null when it is not loaded. */
  counters(plugin: string): SharedArrayBuffer | null {
    for (const file of this.files.values()) if (file.name === plugin) return file.counters
    return null
  }

  /** Reads and compiles a file (absolute path), held to what `limitsOf` says to what it asks for, or returns what is known of it. Throws PluginError. */
  file(path: string, limitsOf: (asked: Asked) => ModuleLimits): Compiled {
    const known = this.files.get(path)
    if (known !== undefined) return known
    if (this.sealed) throw new PluginError(pluginName(path), `${bytesOf(path)}: was not read by the master`)
    const bytes = readWhole(path)
    const limits = limitsOf(askedOf(path, bytes, bytesOf(path)))
    const same = this.compiled.get(cacheKey(hashOf(bytes), limits))
    const made = same === undefined ? compilePlugin(path, bytes, bytesOf(path), limits) : { ...afresh(same, pluginName(path)), path }
    const compiled = { ...made, timers: this.timers.get(made.name) ?? (same === undefined ? made.timers : TimerBoard.memory()) }
    this.files.set(path, compiled)
    return compiled
  }

  /**
   * The `*.wasm` files of a directory in name order, without hidden ones. Throws PluginError when it cannot be read.
   */
  directory(path: string): readonly string[] {
    return this.list(path, () => {
      const base = path.replace(/\/+$/, '')
      try {
        return readdirSync(path).filter((name) => name.endsWith('.wasm') && !name.startsWith('.')).sort().map((name) => `${base}/${name}`)
      } catch (error) {
        throw new PluginError(path, `opendir() "${bytesOf(path)}" failed (${errnoText(error as NodeJS.ErrnoException)})`)
      }
    })
  }

  /** The files that a path or pattern stands for. */
  matching(pattern: string): readonly string[] {
    return isGlob(pattern) ? this.list(pattern, () => expandGlob(pattern)) : [pattern]
  }

  private list(key: string, read: () => readonly string[]): readonly string[] {
    let paths = this.lists.get(key)
    if (paths === undefined) this.lists.set(key, paths = this.sealed ? [] : read())
    return paths
  }

  /** The shipped plugin that registers a directive, or a variable (`$NAME`), or null. */
  provider(directive: string): string | null {
    return this.index().get(directive) ?? null
  }

  /** Every directive that a shipped plugin registers. */
  provided(): string[] {
    return [...this.index().keys()].filter((name) => /^\w+$/.test(name))
  }

  /** The path of a shipped plugin. */
  shippedFile(plugin: string): string {
    return `${this.shipped}/${plugin}.wasm`
  }

  /**
   * Directive or `$variable` → shipped plugin, from the index that the build wrote beside them; empty when there is
   * none.
   */
  private index(): Map<string, string> {
    if (this.providers !== null) return this.providers
    const providers = new Map<string, string>()
    try {
      const index = JSON.parse(readFileSync(`${this.shipped}/index.json`, 'utf8')) as Record<string, Provided>
      for (const [plugin, { directives = [], variables = [] }] of Object.entries(index)) {
        for (const name of [...directives, ...variables, ...scriptNames(plugin, index[plugin]!)]) providers.set(name, plugin)
      }
    } catch { /* not built, or none shipped: no directive has a provider */ }
    return this.providers = providers
  }
}

/** What the index says of a plugin. */
interface Provided {
  readonly directives?: readonly string[]
  readonly variables?: readonly string[]
  readonly functions?: readonly string[]
  readonly pseudo_variables?: readonly string[]
  readonly transformations?: readonly string[]
  readonly event_routes?: readonly string[]
  readonly selects?: readonly string[]
}

/** What a plugin brings to the routing language, as `PluginSet.loadFor` is asked for it. */
function scriptNames(plugin: string, { functions = [], pseudo_variables = [], transformations = [], event_routes = [], selects = [] }: Provided): string[] {
  return [
    `modparam ${plugin}`, ...functions.map((name) => `${name}()`), ...pseudo_variables.map((name) => `$(${name.slice(1)})`),
    ...new Set(transformations.map((name) => name.replace(/\..*/, '}'))), ...event_routes.map((name) => `event_route[${name}]`),
    ...new Set(selects.flatMap((pattern) => /^@[^.[]*/.exec(pattern)![0].slice(1).toLowerCase().split('|').map((name) => `@${name}`))),
  ]
}

/** A compiled file for another configuration: its quarantine is over, what it has counted under the same name goes on. */
function afresh(file: Compiled, name = file.name): Compiled {
  return { ...file, name, counters: newCounters(name === file.name ? file.counters : undefined) }
}

function cacheKey(hash: string, { memory, table, unchecked }: ModuleLimits): string {
  return `${hash} ${memory} ${table} ${unchecked === true}`
}

/** Reads a file that nobody is writing: its size and time are the same before and after. Throws PluginError. */
function readWhole(path: string): Buffer {
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      const before = statSync(path)
      const bytes = readFileSync(path)
      if (sameFile(before, statSync(path)) && bytes.length === before.size) return bytes
    }
  } catch (error) {
    throw new PluginError(pluginName(path), `open() "${bytesOf(path)}" failed (${errnoText(error as NodeJS.ErrnoException)})`)
  }
  throw new PluginError(pluginName(path), `${bytesOf(path)}: is being written`, 'load it again when it is complete')
}

function sameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs
}
