import type { Cf } from '../../conf/cf.ts'
import type { Connection } from '../../http/connection.ts'
import type { HookRecord } from '../../http/hooks/record.ts'
import type { Request } from '../../http/request.ts'
import type { Answer, HookHandler, Verdict } from '../../module.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { Calls } from './calls.ts'
import { withBody } from './calls.ts'
import type { PluginConf } from './confs.ts'
import type { NativePlugin } from './plugin.ts'
import type { Registration } from './registration.ts'
import type { Waiting } from './waiting.ts'
import { AGAIN, DECLINED, DONE, ERROR, OK } from '../../module.ts'
import { ConfigError, PluginError } from '../../core/errors.ts'
import { Level } from '../../core/log.ts'
import { runOwnHook } from '../../http/hooks/lists.ts'
import { hookPoint } from '../../http/hooks/points.ts'
import { connectionRecord, requestRecord } from '../../http/hooks/record.ts'
import { Kind, withRequest } from '../frame.ts'
import { GuestFault, Trap } from '../trap.ts'
import { ABSENT, ConnectionNumber, ConnectionText, HookFlag, HookKinds, Verdict as GuestVerdict, bounds, hostVerdict } from './abi.ts'

/** A handler that a plugin attached to a hook. */
export interface HookEntry {
  readonly name: string
  readonly order: number
  readonly after: readonly string[]
  readonly before: readonly string[]
  readonly conf: number
  readonly handler: GuestFunction
  readonly flags: number
}

const hookName = /^[A-Za-z0-9_-]+(\.[a-z][a-z0-9_]{0,62})?$/
/** Names in one list. */
const longestList = 64

/** The registration functions for hooks. */
export function hookRegistration(instance: Instance, to: Registration): Record<string, (...args: number[]) => unknown> {
  const list = (pointer: number, length: number): string[] => {
    const text = instance.text(pointer, length, 4096)
    const names = text === '' ? [] : text.split('\0')
    if (names.length > longestList) throw new GuestFault(`named ${names.length} modules in the order of a hook; ${longestList} are allowed`)
    return names
  }
  return {
    hook: (pointer, length, order, after, afterLength, before, beforeLength, conf, handler, data, flags) => {
      instance.expect(Kind.Register, 'hook')
      to.add()
      const name = instance.text(pointer!, length!, bounds.name)
      if (!hookName.test(name)) throw new GuestFault(`attached to a hook named "${name}"`)
      if (conf! < -1 || conf! >= to.confs.length) throw new GuestFault(`gave conf ${conf} for hook "${name}", which it has not registered`)
      if ((flags! & ~(HookFlag.Body | HookFlag.Optional)) !== 0) throw new GuestFault(`attached to hook "${name}" with flags ${flags}`)
      const f = instance.required(handler!, data!, `hook ${name}`)
      if (f.waits && hookPoint(name)?.waits !== true) throw new GuestFault(`attached a function that may wait to hook "${name}", in which nothing may wait`)
      to.hooks.push({ name, order: order!, after: list(after!, afterLength!), before: list(before!, beforeLength!), conf: conf!, handler: f, flags: flags! })
    },
    hook_point: (pointer, length, kind) => {
      instance.expect(Kind.Register, 'hook_point')
      to.add()
      const name = instance.text(pointer!, length!, bounds.name)
      const kindName = HookKinds[kind!]
      if (kindName === undefined) throw new GuestFault(`declared hook "${name}" of kind ${kind}`)
      const own = `${instance.program.name}.`
      if (!hookName.test(name) || !name.startsWith(own)) throw new GuestFault(`declared a hook named "${name}": its name must begin with "${own}"`)
      if (to.hookPoints.some((p) => p.name === name)) throw new GuestFault(`declared hook "${name}" twice`)
      to.hookPoints.push({ name, kind: kindName })
      return to.hookPoints.length - 1
    },
  }
}

/** A context as an instance keeps it: a number of the guest's, which means nothing any more once the instance was replaced. */
interface Kept { readonly value: number, readonly generation: number }

/** The functions with which handlers use records: contexts, notes, the user, the connection; and run hooks of their own. */
export function hookImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  const record = (scope: number, call: string): HookRecord => {
    if (scope === 0) return requestRecord(instance.expect(withRequest, call).request!)
    if (scope === 1) return connectionRecord(present(instance, call))
    throw new GuestFault(`called ${call} for scope ${scope}`)
  }
  // Contexts that have ended, for the guest to let go of when it makes the next one; those of a replaced instance are gone by themselves.
  let ended: number[] = []
  let endedIn = 0
  const drop = (value: number, generation: number): void => {
    if (generation !== instance.generation) return
    if (generation !== endedIn) ended = []
    endedIn = generation
    ended.push(value)
  }
  return {
    hook_run: (point) => {
      const { request } = instance.expect(Kind.Handle, 'hook_run')
      const declared = plugin.registration.hookPoints[point!]
      if (declared === undefined) throw new GuestFault(`ran hook ${point}, which it has not declared`)
      return guestVerdict(runOwnHook(request!, declared))
    },
    context_get: (scope) => {
      const kept = record(scope!, 'context_get').context(instance) as Kept | undefined
      return kept === undefined || kept.generation !== instance.generation ? 0 : kept.value
    },
    context_set: (scope, value) => {
      const to = record(scope!, 'context_set')
      // The next call of the request may come to another instance, which knows nothing of it.
      if (instance.origin !== null) throw new GuestFault('kept a context in a function that may wait; a note can be left there instead')
      const { generation } = instance
      to.setContext(instance, value === 0 ? undefined : { value, generation }, () => drop(value!, generation))
    },
    context_ended: () => (endedIn === instance.generation ? ended.pop() ?? 0 : 0),
    note_get: (scope, pointer, length, out, capacity) => {
      const value = record(scope!, 'note_get').note(plugin.named(pointer!, length!, bounds.name))
      return value === null ? ABSENT : instance.give(value, out!, capacity!)
    },
    note_set: (scope, pointer, length, value, valueLength) => {
      const to = record(scope!, 'note_set')
      const name = plugin.named(pointer!, length!, bounds.name)
      if (valueLength !== ABSENT && to.note(name) === null && to.noteCount >= bounds.notes) return ABSENT
      to.setNote(name, valueLength === ABSENT ? null : instance.text(value!, valueLength!, bounds.note))
      return 0
    },
    user_get: (out, capacity) => {
      const user = instance.expect(withRequest, 'user_get').request!.variable('remote_user')
      return user === null ? ABSENT : instance.give(user, out!, capacity!)
    },
    user_set: (pointer, length) => {
      const r = instance.expect(withRequest, 'user_set').request!
      requestRecord(r).user = length === ABSENT ? null : instance.text(pointer!, length!, bounds.name)
    },
    connection_text: (field, out, capacity) => instance.give(textOf(present(instance, 'connection_text'), field!), out!, capacity!),
    connection_number: (field) => numberOf(present(instance, 'connection_number'), field!),
  }
}

/** The connection of the call in flight. */
function present(instance: Instance, call: string): Connection {
  const { connection, request } = instance.expect(withRequest | Kind.Connect, call)
  return connection ?? request!.connection
}

function textOf(c: Connection, field: number): string {
  switch (field) {
    case ConnectionText.RemoteAddress: return c.remoteAddress
    case ConnectionText.LocalAddress: return c.localAddress
    case ConnectionText.Listen: return c.listen.name
    default: throw new GuestFault(`asked for connection text ${field}`)
  }
}

function numberOf(c: Connection, field: number): number {
  switch (field) {
    case ConnectionNumber.Serial: return c.serial
    case ConnectionNumber.RemotePort: return c.remotePort
    case ConnectionNumber.LocalPort: return c.localPort
    case ConnectionNumber.Requests: return c.requests
    case ConnectionNumber.Created: return c.created
    case ConnectionNumber.Secure: return c.secure === null ? 0 : 1
    default: throw new GuestFault(`asked for connection number ${field}`)
  }
}

/** A verdict of the server's as a guest knows it. */
function guestVerdict(rc: Verdict): number {
  switch (rc) {
    case OK: return GuestVerdict.Ok
    case DECLINED: return GuestVerdict.Declined
    case DONE: case AGAIN: return GuestVerdict.Done
    default: return rc >= 100 ? rc : GuestVerdict.Error
  }
}

/** What the hooks of a plugin need of the module that stands for it. */
export interface HookSite {
  readonly name: string
  readonly plugin: NativePlugin
  readonly calls: Calls
  readonly waiting: Waiting | null
  /** The handle of the conf of a class, given the server's confs and the location's conf. */
  handle(place: { readonly srv: unknown[] }, conf: PluginConf, type: number): number
  active(conf: PluginConf): boolean
}

/** The hooks that a plugin attached to, as the server runs them. */
export function makeHooks(site: HookSite): HookHandler<PluginConf>[] {
  return site.plugin.registration.hooks.map((entry) => {
    const { name, order, after, before, flags } = entry
    const { scope } = hookPoint(name) ?? { scope: 'request' }
    const common = { hook: name, order, after, before, optional: (flags & HookFlag.Optional) !== 0 }
    if (scope === 'config') return { ...common, handler: (cf: Cf) => configure(site, entry.handler, cf) }
    if (scope === 'process') return { ...common, handler: () => configure(site, entry.handler, null) }
    const active = (conf: PluginConf): boolean => site.active(conf)
    if (scope === 'connection') return { ...common, active, handler: (c: Connection, conf) => connected(site, entry, c, conf) }
    return { ...common, active, handler: requestHandler(site, entry) }
  })
}

/** Hooks that answer a request: their replies are content. */
const answers: readonly string[] = ['quick_handler', 'handler']

function requestHandler(site: HookSite, { name, handler, conf: type, flags }: HookEntry): (r: Request, conf: PluginConf) => Answer {
  const { plugin } = site
  const content = answers.includes(name)
  if (name === 'log_transaction') {
    return (r, conf) => {
      const at = site.handle(r, conf, type)
      if (handler.waits) site.waiting!.log(handler, r, at)
      else site.calls.effect(handler, r, null, at, Kind.Log)
      return OK
    }
  }
  // A page that is being sent cannot be answered otherwise.
  if (name === 'insert_error_filter' || name === 'note_auth_failure') {
    return (r, conf) => {
      const { faults } = plugin.instance
      if (faults.blocked) return DECLINED
      try {
        return verdictOf(plugin.instance.run(Kind.HeaderFilter, handler.label, () => {
          handler.calls++
          return handler.call(handler.data, plugin.instance.handle(r), site.handle(r, conf, type))
        }, r))
      } catch (error) {
        if (!(error instanceof Trap)) throw error
        site.calls.report(error, handler, r)
        return DECLINED
      }
    }
  }
  const calls = handler.waits ? site.waiting! : site.calls
  if ((flags & HookFlag.Body) !== 0 && hookPoint(name)?.waits === true) {
    return (r, conf) => withBody(calls, handler, r, site.handle(r, conf, type), content)
  }
  if (name !== 'insert_filter') return (r, conf) => calls.handler(handler, r, site.handle(r, conf, type), content, null)
  const { failures } = site.calls
  return (r, conf) => {
    failures.delete(r)
    const rc = calls.handler(handler, r, site.handle(r, conf, type), content, null)
    return typeof rc === 'number' ? heeded(r, rc, failures) : rc.then((v) => heeded(r, v, failures))
  }
}

/** Of a VOID hook nobody heeds the verdict: a request that the plugin failed is ended here. */
function heeded(r: Request, rc: Verdict, failures: WeakSet<Request>): Verdict {
  if (!failures.delete(r) || rc < 100) return rc
  const { serial } = r
  queueMicrotask(() => { if (!r.finished && r.serial === serial) r.finish(rc) })
  return AGAIN
}

function verdictOf(verdict: number): Verdict {
  return verdict >= 100 && verdict < 1000 ? verdict : hostVerdict[verdict] ?? ERROR
}

/** Runs a hook of the configuration or the worker; a text that it gives is why the configuration cannot be used. */
function configure({ name, plugin }: HookSite, f: GuestFunction, cf: Cf | null): Verdict {
  const { instance } = plugin
  let error: string | null
  try {
    error = instance.run(Kind.Life, f.label, (frame) => {
      frame.cf = cf
      f.calls++
      return f.call(f.data) === 0 ? null : frame.answer ?? 'was refused without a reason'
    })
  } catch (trap) {
    if (!(trap instanceof Trap)) throw trap
    throw new PluginError(name, `plugin ${name} trapped in ${f.label}: ${trap.text}`)
  }
  // What it has learnt is part of what every request begins with.
  instance.freeze()
  if (error !== null) throw new ConfigError(error, cf?.place ?? null)
  return OK
}

/** Runs a hook of a connection; a trap closes the connection, but with `plugin_on_error pass`. */
function connected(site: HookSite, { handler, conf: type }: HookEntry, c: Connection, conf: PluginConf): Verdict {
  const { plugin } = site
  const { instance } = plugin
  const { faults, program } = instance
  const failed = program.settings.onError === 'pass' ? DECLINED : ERROR
  if (faults.blocked) return failed
  const at = site.handle(c.listen.defaultServer.ctx, conf, type)
  try {
    return verdictOf(instance.run(Kind.Connect, handler.label, (frame) => {
      frame.connection = c
      handler.calls++
      return handler.call(handler.data, c.serial & 0x7fffffff, at)
    }))
  } catch (error) {
    if (!(error instanceof Trap)) throw error
    c.engine.log(Level.error, `plugin ${plugin.name} trapped in ${handler.label}: ${error.text}`, c)
    return failed
  }
}
