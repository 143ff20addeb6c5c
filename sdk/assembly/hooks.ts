// Apache's hooks: attaching to them with an order, hooks of one's own, and what is kept for a request or a connection. docs/hooks.md tells which there are.
import * as host from './vespid'
import * as text from './text'
import { Nothing, confOf, refuse, setup } from './conf'
import { Needs } from './register'
import { Request, verdict } from './request'
import { Status } from './status'

/** Where in a hook a handler stands; any number between is allowed too. */
export enum Order { ReallyFirst = -10, First = 0, Middle = 10, Last = 20, ReallyLast = 30 }

/** How a hook of one's own is run: every handler; all until one neither answers Ok nor declines; the first that does not decline. */
export enum HookKind { Void = 0, All = 1, First = 2 }

/** How a handler is attached: `{ order: Order.First, after: ['access'] }`. */
export class HookOptions {
  order: i32 = Order.Middle
  /** Plugins and modules whose handlers come before this one, wherever their order would place them. */
  after: string[] = []
  /** Those whose handlers come behind this one. */
  before: string[] = []
  /** The hook is of another plugin that may not be there. */
  optional: bool = false
  /** What of the request the handler needs before it is called. */
  needs: Needs = Needs.Nothing
}

/**
 * Attaches a handler to a hook of requests (`translate_name`, `check_user_id`, `fixups` …) or of another plugin (`PLUGIN.NAME`). It runs where a phase
 * handler of the plugin would.
 */
export function hook<C = Nothing>(name: string, handler: (r: Request, conf: C) => Status, options: HookOptions | null = null): void {
  attach(name, confOf<C>(), verdict.index, handler.index, options)
}

/** The same for the hooks of connections: `create_connection`, `pre_connection`, `process_connection`, `pre_close_connection`. */
export function connection_hook<C = Nothing>(name: string, handler: (c: Connection, conf: C) => Status, options: HookOptions | null = null): void {
  const run = (data: usize, serial: i32, conf: usize): i32 => call_indirect<i32>(<u32>data, changetype<usize>(connection), conf)
  attach(name, confOf<C>(), run.index, handler.index, options)
}

/**
 * The same for the hooks of the configuration and of workers: `pre_config`, `check_config`, `test_config`, `open_logs`, `post_config`,
 * `optional_fn_retrieve`, `child_init`, `child_stopping`. A text that the handler returns is why the configuration cannot be used.
 */
export function server_hook(name: string, handler: () => string | null, options: HookOptions | null = null): void {
  setup()
  const run = (data: usize): i32 => refuse(call_indirect<usize>(<u32>data))
  attach(name, -1, run.index, handler.index, options)
}

function attach(name: string, conf: i32, run: i32, handler: i32, options: HookOptions | null): void {
  const given = options === null ? new HookOptions() : options
  text.begin()
  text.put(name)
  const at = text.at
  const length = text.length
  text.put(given.after.join('\0'))
  const after = text.at
  const afterLength = text.length
  text.put(given.before.join('\0'))
  const flags = (given.needs == Needs.Body ? 1 : 0) | (given.optional ? 2 : 0)
  host.hook(at, length, given.order, after, afterLength, text.at, text.length, conf, run, handler, flags)
}

/** A hook of one's own, for other plugins to attach to. */
export class HookPoint {
  constructor(readonly id: i32) {}

  /** Runs the handlers that are attached in the present place; in phase and content handlers and request hooks. */
  run(): Status {
    return host.hook_run(this.id)
  }
}

/** Declares a hook of one's own; its name must be `PLUGIN.NAME`, with the name of this plugin. */
export function declare_hook(name: string, kind: HookKind): HookPoint {
  setup()
  text.begin()
  text.put(name)
  return new HookPoint(host.hook_point(text.at, text.length, kind))
}

/** The connection that a hook was called for, or that the present request came on. */
export class Connection {
  /** The client's address, or `unix:`. */
  get remoteAddress(): string { return connectionText(0) }
  get localAddress(): string { return connectionText(1) }
  /** The listening address, as `listen` names it. */
  get listen(): string { return connectionText(2) }
  /** Counts the connections of the worker: the `*N` of the error log. */
  get serial(): i64 { return <i64>host.connection_number(0) }
  get remotePort(): i32 { return <i32>host.connection_number(1) }
  get localPort(): i32 { return <i32>host.connection_number(2) }
  /** Requests that have begun on it. */
  get requests(): i32 { return <i32>host.connection_number(3) }
  /** Milliseconds since the epoch when the client connected. */
  get created(): f64 { return host.connection_number(4) }
  /** It is encrypted. */
  get secure(): bool { return host.connection_number(5) != 0 }

  /** A note that somebody left for the connection, or null. */
  note(name: string): string | null { return noteOf(1, name) }
  /** Leaves a note that all plugins see until the connection ends, null removes it; false when there are too many. */
  setNote(name: string, value: string | null): bool { return leave(1, name, value) }
}

/** The connection of the present call. */
export const connection = new Connection()

function connectionText(field: i32): string {
  text.begin()
  let n = host.connection_text(field, text.room(), text.roomSize())
  if (text.short(n)) n = host.connection_text(field, text.out, n)
  return text.decode(text.out, n)
}

/** A note that some plugin left for the present request, or null. */
export function note(name: string): string | null { return noteOf(0, name) }
/** Leaves a note that all plugins see until the request ends, null removes it; false when there are too many. */
export function set_note(name: string, value: string | null): bool { return leave(0, name, value) }

function noteOf(scope: i32, name: string): string | null {
  text.begin()
  text.putName(name)
  const at = text.at
  const length = text.length
  let n = host.note_get(scope, at, length, text.room(), text.roomSize())
  if (text.short(n)) n = host.note_get(scope, at, length, text.out, n)
  return text.answered(n)
}

function leave(scope: i32, name: string, value: string | null): bool {
  text.begin()
  text.putName(name)
  const at = text.at
  const length = text.length
  if (value === null) return host.note_set(scope, at, length, 0, -1) == 0
  text.put(value)
  return host.note_set(scope, at, length, text.at, text.length) == 0
}

/** Whom the present request is from (`$remote_user`), or null. */
export function user(): string | null {
  text.begin()
  let n = host.user_get(text.room(), text.roomSize())
  if (text.short(n)) n = host.user_get(text.out, n)
  return text.answered(n)
}

/** Says whom the present request is from: what a handler of `check_user_id` does before it answers Ok. */
export function set_user(name: string): void {
  text.begin()
  text.put(name)
  host.user_set(text.at, text.length)
}

/**
 * The plugin's own object of class T for the present request, made when it is first asked for; an internal redirect begins with a new one. One class per
 * plugin. Not in functions that may wait: leave a note there.
 */
export function request_context<T>(): T { return contextOf<T>(0) }
/** The same for the connection of the present call: it lives through all of its requests. */
export function connection_context<T>(): T { return contextOf<T>(1) }

function contextOf<T>(scope: i32): T {
  let at = host.context_get(scope)
  if (at != 0) {
    // The class stands before the object; another one would read its fields wrongly.
    if (load<u32>(at - 8) != idof<T>()) throw new TypeError('a context is of one class per plugin')
    return changetype<T>(at)
  }
  // The host holds them, so they are pinned; those that have ended are let go of here.
  for (let ended = host.context_ended(); ended != 0; ended = host.context_ended()) __unpin(ended)
  at = __pin(changetype<usize>(instantiate<T>()))
  host.context_set(scope, at)
  return changetype<T>(at)
}
