import type { Request } from '../../http/request.ts'
import type {
  EventRoute, ModuleParameter, PseudoVariable, ReturnCode, ScriptFunction, ScriptRunView, ScriptValue,
  TransformationArgument, TransformationClass,
} from '../../script/contract.ts'
import type { Frame } from '../frame.ts'
import type { GuestFunction } from '../program.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Calls } from './calls.ts'
import type { Confs, PluginConf } from './confs.ts'
import type { NativePlugin } from './plugin.ts'
import type { TransformationEntry } from './script-registration.ts'
import type { Waiting } from './waiting.ts'
import { ConfigError, PluginError } from '../../core/errors.ts'
import { missingGrant } from '../../core/grants.ts'
import { Level } from '../../core/log.ts'
import { Kind, Wish } from '../frame.ts'
import { Trap } from '../trap.ts'
import { PoolFull } from '../pool.ts'
import { Cancelled } from '../waiting.ts'
import { Admitted, Index } from './abi.ts'
import { serveReply } from './documents.ts'


/** What of a plugin's module the routing language's parts need. */
interface Parts {
  readonly plugin: NativePlugin
  readonly calls: Calls
  readonly waiting: Waiting | null
  readonly confs: Confs
  /** The main level's Cf and conf, once the configuration is read. */
  readonly main: () => { readonly cf: Cf | null, readonly conf: PluginConf | null }
}

/**
 * The calls that a routing script makes into one plugin. A trap is logged, and then ends the script, but with
 * `plugin_on_error pass`: there it is −1 or null.
 */
export class Scripts {
  private readonly plugin: NativePlugin
  private readonly calls: Calls
  private readonly waiting: Waiting | null
  private readonly confs: Confs
  private readonly main: Parts['main']

  constructor({ plugin, calls, waiting, confs, main }: Parts) {
    this.plugin = plugin
    this.calls = calls
    this.waiting = waiting
    this.confs = confs
    this.main = main
  }

  functions(): ScriptFunction[] {
    return this.plugin.registration.functions.map(({ name, minimum, maximum, parameters, call }) => ({
      name, minimum, maximum, ...(parameters.length === 0 ? {} : { parameters }),
      ...(call.waits ? { waits: true, call: (run, args) => this.wait(call, run, args) } : { call: (run, args) => this.call(call, run, args) }),
    } satisfies ScriptFunction))
  }

  pseudoVariables(): PseudoVariable[] {
    return this.plugin.registration.pseudoVariables.map(({ name, inner, keys, get, set }) => ({
      name, inner,
      ...(keys.length === 0 ? {} : { check: (key: string | null) => keyMistake(name, keys, key) }),
      get: (run, key, index) => this.look(get, run, [key], indexNumber(index)),
      ...(set === null ? {} : {
        set: (run: ScriptRunView, key: string | null, index: number | '*' | null, value: ScriptValue) =>
          this.look(set, run, [key, value], indexNumber(index)) !== null,
      }),
    }))
  }

  transformations(): TransformationClass[] {
    const { transformations } = this.plugin.registration
    return [...new Set(transformations.map((t) => t.class))].map((name) => ({
      name,
      compile: (operation, args) => {
        const entry = findOperation(transformations.filter((t) => t.class === name), name, operation, args.length)
        if (args.length === 0) return (value, run) => this.look(entry.call, run, [value], 1)
        const valueOf = (arg: TransformationArgument, run: ScriptRunView): ScriptValue => (typeof arg === 'string' ? arg : arg.variable(run))
        return (value, run) => this.look(entry.call, run, [value, ...args.map((arg) => valueOf(arg, run))], 1 + args.length)
      },
    }))
  }

  parameters(): ModuleParameter<PluginConf>[] {
    return this.plugin.registration.parameters.map(({ name, type, conf: index, set }) => ({
      name, type,
      set: (conf: PluginConf, value: number | string) => {
        try {
          return this.confs.parameter(this.main().cf, conf, index, set, value)
        } catch (error) {
          // The host refused what the plugin handed on, a regular expression that is none.
          if (error instanceof ConfigError) return error.message
          throw error
        }
      },
    }))
  }

  eventRoutes(): EventRoute[] {
    return this.plugin.registration.eventRoutes.map(({ name, required, conf, admit, server }) => ({
      name, ...(required ? { required } : {}),
      ...(server === null ? {} : { server: (cf: Cf, main: PluginConf) => this.granted(this.confs.address(cf, main, server.conf, server.call)) }),
      ...(admit === null ? {} : { admit: this.admission(admit, conf) }),
    }))
  }

  /** An address that the plugin may listen on: those that ship with vespid are told theirs by the configuration. */
  private granted(address: string): string {
    const { own, name, cycle } = this.plugin
    if (own || cycle?.grants.has(name, 'listen', address) === true) return address
    throw new PluginError(name, `plugin "${name}" may not listen on "${address}"`, missingGrant(name, 'listen', address))
  }

  /** Asks whether an event route is to run for a request; no more once the plugin has said "always", which holds for this configuration. */
  private admission(f: GuestFunction, conf: number): (r: Request) => boolean {
    let always = false
    return (r) => {
      if (always) return true
      const said = this.admits(f, r, conf)
      always = said === Admitted.Always
      return said !== Admitted.No
    }
  }

  /** A trap fails the request. */
  private admits(f: GuestFunction, r: Request, conf: number): number {
    const { instance } = this.plugin
    let said: number = Admitted.No
    try {
      instance.run(Kind.Look, f.label, () => {
        f.calls++
        said = f.call(f.data, instance.handle(r), conf < 0 ? 0 : this.confs.handle(this.main().conf!, conf))
      }, r)
    } catch (error) {
      if (error instanceof Trap) this.calls.report(error, f, r)
      throw error
    }
    return said
  }

  private get blocked(): boolean {
    const { faults } = this.plugin.instance
    return faults.blocked
  }

  /** Calls a function that cannot wait. */
  private call(f: GuestFunction, run: ScriptRunView, args: readonly ScriptValue[]): ReturnCode {
    if (this.blocked) return -1
    const { instance } = this.plugin
    const { request } = run.subject
    let frame: Frame | null = null
    let code: number
    try {
      frame = instance.enter(request === null ? Kind.Message : Kind.Script, request)
      frame.script = run
      frame.values = args
      f.calls++
      code = f.call(f.data, request === null ? 0 : instance.handle(request), args.length)
    } catch (error) {
      const trap = frame === null && error instanceof Trap ? error : instance.trapped(error)
      if (frame !== null) {
        frame.clear()
        instance.leave(frame)
      }
      return this.failed(trap, f, run)
    }
    const dialect = frame.wish === Wish.Rpc ? frame.dialect : null
    frame.clear()
    instance.leave(frame)
    return dialect === null ? code : serveReply(this.plugin, run, dialect)
  }

  /** Calls a function that may wait, in an instance of the pool. */
  private async wait(f: GuestFunction, run: ScriptRunView, args: readonly ScriptValue[]): Promise<ReturnCode> {
    if (this.blocked) return -1
    const { request } = run.subject
    const serial = request?.serial
    const fill = (frame: Frame): void => {
      frame.script = run
      frame.values = args
    }
    let code = -1
    try {
      code = await this.waiting!.script(f, request === null ? Kind.Message : Kind.Script, request, args.length, fill)
    } catch (error) {
      if (error instanceof Trap) code = this.failed(error, f, run)
      else if (!(error instanceof PoolFull)) throw error
      else run.subject.log(-1, `plugin ${this.plugin.name} is busy: ${error.message} (plugin_instances, plugin_queue)`)
    }
    // Nobody wants what a script does for a client that has left.
    if (request !== null && (request.finished || request.serial !== serial)) throw new Cancelled()
    return code
  }

  /** Calls a pseudo-variable's or a transformation's function: its value. */
  private look(f: GuestFunction, run: ScriptRunView, values: readonly ScriptValue[], more: number): ScriptValue {
    if (this.blocked) return null
    const { instance } = this.plugin
    const { request } = run.subject
    try {
      return instance.run(request === null ? Kind.Peek : Kind.Look, f.label, (frame) => {
        frame.script = run
        frame.values = values
        frame.number = null
        f.calls++
        const there = instance.bind(f)(f.data, request === null ? 0 : instance.handle(request), more) !== 0
        return there ? frame.number ?? frame.answer ?? '' : null
      }, request)
    } catch (error) {
      if (!(error instanceof Trap)) throw error
      this.failed(error, f, run)
      return null
    }
  }

  private failed(trap: Trap, f: GuestFunction, run: ScriptRunView): ReturnCode {
    const { request } = run.subject
    if (request !== null) this.calls.report(trap, f, request)
    else if (!trap.logged) {
      trap.logged = true
      this.plugin.services.log?.(Level.error, `plugin ${trap.plugin} trapped in ${f.label}: ${trap.text}`)
    }
    const { instance } = this.plugin
    if (instance.depth > 0 || instance.program.settings.onError !== 'pass') throw trap
    return -1
  }
}

function indexNumber(index: number | '*' | null): number {
  return index === null ? Index.None : index === '*' ? Index.All : index | 0
}

/** Of the keys one that ends in `*` stands for all that begin so; a `~` first says that case does not matter. */
function keyMistake(name: string, keys: readonly string[], key: string | null): string | undefined {
  if (key === null || keys.includes(key)) return undefined
  const bare = keys[0] === '~' ? keys.slice(1) : keys
  const asked = keys[0] === '~' ? key.toLowerCase() : key
  const known = bare.some((k) => k === asked || (k.endsWith('*') && asked.length >= k.length && asked.startsWith(k.slice(0, -1))))
  return known ? undefined : `unknown key "${key}" of $${name}; it has ${bare.join(', ')}`
}

function findOperation(
  entries: readonly TransformationEntry[], name: string, operation: string, args: number,
): TransformationEntry {
  const entry = entries.find((e) => e.operation === operation)
  if (entry === undefined) {
    const note = `{${name}.…} has ${entries.map((e) => e.operation).join(', ')}`
    throw new ConfigError(`unknown transformation "${name}.${operation}"`, null, note)
  }
  if (args < entry.minimum || args > entry.maximum) throw new ConfigError(`invalid number of arguments of transformation "${name}.${operation}"`)
  return entry
}
