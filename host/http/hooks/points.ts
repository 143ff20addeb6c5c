import type { HookKind } from './kinds.ts'

/** Order numbers by name (hooks.md §1); any integer between, before and behind them is allowed. */
export const HookOrder = { ReallyFirst: -10, First: 0, Middle: 10, Last: 20, ReallyLast: 30 } as const

/** What a hook's handlers are given: the reader of the configuration, the cycle, a connection, or a request. */
export type HookScope = 'config' | 'process' | 'connection' | 'request'

/** A hook that the server runs. */
export interface HookPoint {
  readonly name: string
  readonly kind: HookKind
  readonly scope: HookScope
  /** Whether a handler may wait (return a promise). */
  readonly waits: boolean
}

function point(scope: HookScope, kind: HookKind, waits: boolean, name: string): HookPoint {
  return { name, kind, scope, waits }
}

/**
 * Apache's hooks that have a place in this server (hooks.md §2), in the order in which they run, each with the kind that httpd declares, but for
 * log_transaction: there a handler that answers a status does not silence those behind it (hooks.md §8). docs/hooks.md tells when each runs.
 */
export const hookPoints: readonly HookPoint[] = [
  point('config', 'all', false, 'pre_config'),
  point('config', 'all', false, 'check_config'),
  point('config', 'void', false, 'test_config'),
  point('config', 'all', false, 'open_logs'),
  point('config', 'all', false, 'post_config'),
  point('config', 'void', false, 'optional_fn_retrieve'),
  point('process', 'void', false, 'child_init'),
  point('process', 'void', false, 'child_stopping'),
  point('connection', 'first', false, 'create_connection'),
  point('connection', 'all', false, 'pre_connection'),
  point('connection', 'first', false, 'process_connection'),
  point('connection', 'all', false, 'pre_close_connection'),
  point('request', 'all', true, 'create_request'),
  point('request', 'all', true, 'post_read_request'),
  point('request', 'first', true, 'quick_handler'),
  point('request', 'first', true, 'pre_translate_name'),
  point('request', 'first', true, 'translate_name'),
  point('request', 'first', true, 'map_to_storage'),
  point('request', 'all', true, 'post_perdir_config'),
  point('request', 'all', true, 'header_parser'),
  point('request', 'all', true, 'access_checker'),
  point('request', 'first', true, 'access_checker_ex'),
  point('request', 'first', true, 'force_authn'),
  point('request', 'first', true, 'check_user_id'),
  point('request', 'first', true, 'auth_checker'),
  point('request', 'first', true, 'type_checker'),
  point('request', 'all', true, 'fixups'),
  point('request', 'void', true, 'insert_filter'),
  point('request', 'first', true, 'handler'),
  point('request', 'first', false, 'note_auth_failure'),
  point('request', 'void', false, 'insert_error_filter'),
  point('request', 'void', true, 'log_transaction'),
]

const byName = new Map(hookPoints.map((p) => [p.name, p]))

/** The hook of that name that the server itself runs, or null. */
export function hookPoint(name: string): HookPoint | null {
  return byName.get(name) ?? null
}

/** An order number as its name and distance: `MIDDLE`, `FIRST+2`, `REALLY_FIRST-5`. */
export function orderName(order: number): string {
  const names: [string, number][] = [['REALLY_FIRST', -10], ['FIRST', 0], ['MIDDLE', 10], ['LAST', 20], ['REALLY_LAST', 30]]
  let [name, base] = names[0]!
  for (const [n, b] of names) if (Math.abs(order - b) < Math.abs(order - base)) [name, base] = [n, b]
  const distance = order - base
  return distance === 0 ? name : `${name}${distance > 0 ? '+' : ''}${distance}`
}
