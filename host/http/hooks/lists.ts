import type { HookDeclaration, HookHandler, Verdict } from '../../module.ts'
import type { Connection } from '../connection.ts'
import type { Request } from '../request.ts'
import { DECLINED, DONE, ERROR, OK } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { runKind } from './kinds.ts'

/** A handler with the conf of a place. */
export interface BoundHook {
  readonly handler: HookHandler['handler']
  readonly conf: unknown
  readonly module: string
}

/** The hooks of a place that are no steps: they run at moments of their own, in one go. Each is null where nobody uses it. */
export interface HookLists {
  readonly errorFilter: readonly BoundHook[] | null
  readonly authFailure: readonly BoundHook[] | null
  readonly createConnection: readonly BoundHook[] | null
  readonly preConnection: readonly BoundHook[] | null
  readonly processConnection: readonly BoundHook[] | null
  readonly closeConnection: readonly BoundHook[] | null
  /** Hooks of modules' own by name, also those whose handlers are not active here. */
  readonly own: ReadonlyMap<string, readonly BoundHook[]> | null
}

const none: readonly BoundHook[] = []

/** One handler in one go: what it throws is logged and counts as 500, and as it may not wait, so does a promise. */
function callNow(r: Request, { handler, conf, module }: BoundHook): Verdict {
  try {
    const rc = handler(r, conf)
    if (typeof rc === 'number') return rc
    r.log(Level.alert, `module "${module}" waits in a hook in which nothing may wait`)
    return 500
  } catch (error) {
    return r.handlerFailed(error)
  }
}

/** insert_error_filter: a built-in page is to be sent; answers are ignored. */
export function runErrorFilter(r: Request, hooks: readonly BoundHook[]): void {
  for (const hook of hooks) callNow(r, hook)
}

/** note_auth_failure: somebody may add a challenge to a 401 that has none. */
export function runAuthFailure(r: Request): void {
  const hooks = r.steps.hooks?.authFailure ?? null
  if (hooks !== null) runKind('first', hooks.length, (i) => callNow(r, hooks[i]!))
}

/** Runs a module's own hook with the handlers that are active in the request's present place; returns the verdict of its kind. */
export function runOwnHook(r: Request, { name, kind }: HookDeclaration): Verdict {
  const hooks = r.steps.hooks?.own?.get(name) ?? none
  return runKind(kind, hooks.length, (i) => callNow(r, hooks[i]!))
}

/** As `callNow`; what a handler throws closes the connection. */
function callFor(c: Connection, { handler, conf, module }: BoundHook): Verdict {
  try {
    const rc = handler(c, conf)
    if (typeof rc === 'number') return rc
    c.engine.log(Level.alert, `module "${module}" waits in a hook in which nothing may wait`, c)
  } catch (error) {
    const e = error as Error & { readonly logged?: boolean }
    if (e?.logged !== true) c.engine.log(Level.alert, `hook of module "${module}" failed: ${e?.message ?? String(error)}`, c)
  }
  return ERROR
}

/**
 * create_connection, pre_connection, process_connection of a client that has connected, at a listening address that has such hooks. False: it is not
 * served. A handler of create_connection or process_connection that answers anything but DECLINED keeps the connection from HTTP, one of pre_connection that
 * answers neither OK, DECLINED nor DONE refuses it.
 */
export function runConnectionHooks(c: Connection, hooks: HookLists): boolean {
  const { createConnection: create, preConnection: pre, processConnection: process } = hooks
  // Nobody can make a connection of another kind here: who answers OK has looked at it, who answers anything else refuses it.
  if (create !== null && bad(runKind('first', create.length, (i) => callFor(c, create[i]!)))) return false
  if (pre !== null && bad(runKind('all', pre.length, (i) => callFor(c, pre[i]!)))) return false
  return process === null || runKind('first', process.length, (i) => callFor(c, process[i]!)) === DECLINED
}

function bad(rc: Verdict): boolean {
  return rc !== OK && rc !== DECLINED && rc !== DONE
}

/** pre_close_connection, whose answers change nothing any more, and the end of what modules keep for the connection. */
export function endConnection(c: Connection): void {
  const hooks = c.listen.defaultServer.location.steps.hooks?.closeConnection ?? null
  if (hooks !== null) runKind('all', hooks.length, (i) => callFor(c, hooks[i]!))
  c.hooks?.dropContexts()
}
