import type { CoreLocConf } from '../core/conf.ts'
import type { Connection } from '../connection.ts'
import type { Request } from '../request.ts'

/** What a module keeps for one request or connection; `drop` is called once when that ends, or when another takes its place. */
interface Context {
  readonly owner: object
  readonly value: unknown
  readonly drop: (() => void) | null
}

/** Notes and contexts: Apache's `notes` table and per-module config vector of a record (hooks.md §4). */
export class HookRecord {
  private notes: Map<string, string> | null = null
  private contexts: Context[] | null = null

  /** A note by name, as any module has left it; null for none. */
  note(name: string): string | null {
    return this.notes?.get(name) ?? null
  }

  /** How many notes there are. */
  get noteCount(): number { return this.notes?.size ?? 0 }

  /** Leaves a note for all modules; null removes it. */
  setNote(name: string, value: string | null): void {
    if (value !== null) (this.notes ??= new Map()).set(name, value)
    else this.notes?.delete(name)
  }

  /** What `owner` (a module, a plugin's instance) keeps here; undefined for nothing. */
  context(owner: object): unknown {
    return this.contexts?.find((c) => c.owner === owner)?.value
  }

  /** Keeps a value for `owner`, undefined for none; `drop` lets go of it. */
  setContext(owner: object, value: unknown, drop: (() => void) | null = null): void {
    const contexts = this.contexts ??= []
    const at = contexts.findIndex((c) => c.owner === owner)
    const old = at < 0 ? null : contexts.splice(at, 1)[0]!
    if (value !== undefined) contexts.push({ owner, value, drop })
    old?.drop?.()
  }

  /** Lets go of every context: its record ends, or a request goes on under another URI. */
  dropContexts(): void {
    const { contexts } = this
    if (contexts === null) return
    this.contexts = null
    for (const { drop } of contexts) drop?.()
  }
}

/** What hooks keep for a request beside: who it is from, and how far the decision about access has come. */
export class RequestRecord extends HookRecord {
  /** Whom a handler has recognised; goes before the name of the Authorization header. */
  user: string | null = null
  /** The place whose access hooks have let the request pass. */
  passed: CoreLocConf | null = null
  /** They have done so before: not asked again. */
  skip = false
  /** access_checker answered OK (satisfy any). */
  consent = false
  /** access_checker_ex answered OK. */
  free = false
  /** force_authn wants a user nevertheless. */
  forced = false
  /** check_user_id answered OK. */
  identified = false
}

/** The record of a request, made when it is first needed; its contexts end with the request. */
export function requestRecord(r: Request): RequestRecord {
  if (r.hooks !== null) return r.hooks
  const record = r.hooks = new RequestRecord()
  r.onEnd(() => record.dropContexts())
  return record
}

/** The record of a connection, made when it is first needed; its contexts end with the connection. */
export function connectionRecord(c: Connection): HookRecord {
  return c.hooks ??= new HookRecord()
}
