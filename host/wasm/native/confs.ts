import type { Cf } from '../../conf/cf.ts'
import type { Directive } from '../../module.ts'
import { Args } from '../../module.ts'
import type { DirectiveEntry, ConfType, Registration } from './registration.ts'
import type { GuestFunction } from '../program.ts'
import type { KeptLines } from './kept.ts'
import type { NativePlugin } from './plugin.ts'
import type { Request } from '../../http/request.ts'
import type { Answer } from '../../module.ts'
import { CoreLocConf } from '../../http/core/conf.ts'
import { ConfigError, PluginError } from '../../core/errors.ts'
import { Kind } from '../frame.ts'
import { GuestFault, Trap, oneLine } from '../trap.ts'

/**
 * A plugin's configuration at one place. The objects themselves are the guest's; here are their handles, by conf
 * class, made only when something needs them: a location that uses none of the plugin's directives costs the guest
 * nothing.
 */
export class PluginConf {
  /** No other conf of this thread has it. */
  readonly id = ++confs
  /** Handle by conf class; 0: not made. */
  handles: number[] = nothing
  /** One of the plugin's directives was used here or, once merged, in an enclosing level. */
  touched = false
  /** What header filters do here for a status whenever they are called. */
  kept: KeptLines | null = null
}

const nothing: number[] = []
let confs = 0

/** Binds a location's content handler; made by the adapter's module. */
export type BindContent = (conf: PluginConf, entry: DirectiveEntry) => (r: Request, conf: PluginConf) => Answer

/** The configuration callbacks of one plugin: directives' set, create, init, merge, all in the guest. */
export class Confs {
  private readonly plugin: NativePlugin
  private readonly types: readonly ConfType[]
  /** One untouched object per class, standing in wherever a place has none. */
  private readonly blanks: number[]
  /** A callback trapped and was reported: what the guest holds is not to be relied on, nothing more is asked of it. */
  private broken = false

  constructor(plugin: NativePlugin) {
    this.plugin = plugin
    this.types = plugin.registration.confs
    this.blanks = this.types.map(() => 0)
  }

  /** The handle of class `type` at a place; a shared blank one where nothing was configured; 0 for no class. */
  handle(conf: PluginConf | undefined, type: number): number {
    if (type < 0) return 0
    const handle = conf !== undefined && type < conf.handles.length ? conf.handles[type]! : 0
    return handle !== 0 ? handle : this.blanks[type]!
  }

  /**
   * Makes the blank objects that handlers may be given; called when the configuration is complete, before the
   * snapshot.
   */
  complete(): void {
    if (this.broken) return
    for (let i = 0; i < this.types.length; i++) this.blank(i)
  }

  /** Reads one use of a directive: the guest's set function, then the content handler that the directive binds. */
  set(cf: Cf, entry: DirectiveEntry, conf: PluginConf, bind: BindContent): string | void {
    conf.touched = true
    for (let i = 1; i < cf.args.length; i++) this.plugin.files.named.add(cf.args[i]!)
    if ((entry.args & Args.Flag) !== 0 && !/^(on|off)$/i.test(cf.args[1]!)) {
      return cf.fail(`invalid value "${cf.args[1]}" in "${entry.name}" directive, it must be "on" or "off"`, 1)
    }
    if (entry.set !== null && !this.broken) {
      const handle = entry.conf < 0 ? 0 : this.own(cf, conf, entry.conf)
      const error = this.call(cf, entry.set, handle, 0)
      if (error !== null) return this.fail(cf, error)
    }
    if (entry.content === null) return
    const location = cf.http?.loc.find((c) => c instanceof CoreLocConf)
    if (location === undefined) return
    location.handler = bind(conf, entry)
    location.handlerConf = conf
  }

  /** Gives a main-level class a parameter's value (`modparam`). Returns the guest's error. */
  parameter(cf: Cf | null, conf: PluginConf, type: number, set: GuestFunction, value: number | string): string | void {
    conf.touched = true
    this.plugin.files.named.add(String(value))
    if (this.broken) return
    const handle = type < 0 ? 0 : this.own(cf!, conf, type)
    const error = this.guarded(null, set, () => this.plugin.instance.run(Kind.Configure, set.label, (frame) => {
      frame.cf = cf
      frame.args = [String(value)]
      frame.values = [value]
      set.calls++
      return set.call(set.data, handle, 0) === 0 ? null : oneLine(frame.answer ?? 'was refused without a reason', 1024)
    }))
    if (error !== null) return error
  }

  /** The address that an event route's own server listens on, as the guest tells it. */
  address(cf: Cf, conf: PluginConf, type: number, f: GuestFunction): string {
    const handle = this.broken || type < 0 ? 0 : this.own(cf, conf, type)
    return this.broken ? '' : this.guarded(null, f, () => this.plugin.instance.run(Kind.Configure, f.label, (frame) => {
      frame.cf = cf
      frame.args = []
      f.calls++
      f.call(f.data, handle)
      return frame.answer ?? ''
    }))
  }

  /** After http{} was read: the main level's objects. Returns the guest's error. */
  initMain(cf: Cf, conf: PluginConf): string | void {
    for (let i = 0; i < this.types.length; i++) {
      const type = this.types[i]!
      if (this.broken || type.level !== 'main' || (type.init === null && !conf.touched)) continue
      const handle = this.own(cf, conf, i)
      const error = type.init === null ? null : this.call(cf, type.init, handle, 0)
      if (error !== null) return error
    }
  }

  /** Merges a level's objects from the place around into a place. Returns the guest's error. */
  merge(cf: Cf, level: ConfType['level'], parent: PluginConf, child: PluginConf): string | void {
    child.touched ||= parent.touched
    if (!child.touched || this.broken) return
    for (let i = 0; i < this.types.length; i++) {
      const type = this.types[i]!
      if (type.level !== level) continue
      const above = parent.handles[i] ?? 0
      const here = child.handles[i] ?? 0
      if (above === 0 && here === 0) continue
      if (type.merge === null) {
        if (here === 0) this.put(child, i, above)
        continue
      }
      const to = this.own(cf, child, i)
      const error = this.call(cf, type.merge, above === 0 ? this.blank(i) : above, to)
      if (error !== null) return error
    }
  }

  private own(cf: Cf, conf: PluginConf, type: number): number {
    const handle = conf.handles[type] ?? 0
    if (handle !== 0) return handle
    return this.put(conf, type, this.create(type, cf))
  }

  private put(conf: PluginConf, type: number, handle: number): number {
    if (conf.handles === nothing) conf.handles = this.types.map(() => 0)
    return conf.handles[type] = handle
  }

  private blank(type: number): number {
    return this.blanks[type] !== 0 ? this.blanks[type]! : this.blanks[type] = this.create(type, null)
  }

  private create(type: number, cf: Cf | null): number {
    const { create } = this.types[type]!
    return this.guarded(cf, create, () => this.plugin.instance.run(Kind.Configure, create.label, (frame) => {
      frame.cf = cf
      const handle = create.call(create.data) >>> 0
      if (handle === 0) throw new GuestFault('made a conf with handle 0')
      return handle
    }))
  }

  /** Calls a set, init or merge function: null, or the error text that it gave. */
  private call(cf: Cf, f: GuestFunction, a: number, b: number): string | null {
    return this.guarded(cf, f, () => this.plugin.instance.run(Kind.Configure, f.label, (frame) => {
      frame.cf = cf
      frame.args = cf.args
      f.calls++
      const failed = f.call(f.data, a, b) !== 0
      return failed ? oneLine(frame.answer ?? 'was refused without a reason', 1024) : null
    }))
  }

  /** A trap while configuring is a mistake of the configuration's plugin: reported at the directive. */
  private guarded<T>(cf: Cf | null, f: GuestFunction, body: () => T): T {
    try {
      return body()
    } catch (error) {
      if (!(error instanceof Trap)) throw error
      this.broken = true
      // The host refused what the plugin handed on (a template that is none): the user's mistake, not the plugin's.
      if (error.cause instanceof ConfigError) throw error.cause
      const message = `plugin ${this.plugin.name} trapped in ${f.label}: ${error.text}`
      if (cf === null || cf.args.length === 0) throw new PluginError(this.plugin.name, message)
      return cf.fail(message)
    }
  }

  /**
   * A text that continues nginx's sentence (`is duplicate`) is returned for it; any other is reported as it is, at
   * the word that it quotes.
   */
  private fail(cf: Cf, error: string): string {
    if (error.startsWith('is ')) return error
    return cf.fail(error, culprit(cf.args, error))
  }
}

/** The word that a message quotes: the longest that stands in it between quotes; undefined when none does. */
function culprit(args: readonly string[], message: string): number | undefined {
  let best: number | undefined
  for (let i = 1; i < args.length; i++) {
    if (message.includes(`"${args[i]}"`) && (best === undefined || args[i]!.length > args[best]!.length)) best = i
  }
  return best
}

/** The host's directive table of a plugin. */
export function makeDirectives(registration: Registration, confs: Confs, bind: BindContent): Directive<PluginConf>[] {
  return registration.directives.map((entry) => ({
    name: entry.name, where: entry.where, args: entry.args,
    conf: entry.conf < 0 ? 'loc' : registration.confs[entry.conf]!.level,
    set: (cf: Cf, _directive: Directive, conf: PluginConf) => confs.set(cf, entry, conf, bind),
  }))
}
