/** The order of hooks against the recorded runs of apr_hook_sort_all, and the three kinds against Apache's loops. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { AGAIN, DECLINED, DONE, OK } from '../../host/module.ts'
import type { HookKind } from '../../host/http/hooks/kinds.ts'
import { runKind } from '../../host/http/hooks/kinds.ts'
import { hookPoints, orderName } from '../../host/http/hooks/points.ts'
import { HookCycle, sortHooks } from '../../host/http/hooks/sort.ts'

const folder = new URL('../golden/hooks/', import.meta.url)
const linesOf = (text: string): any[] => text.trim().split('\n').map((line) => JSON.parse(line))
const golden = (name: string): any[] => linesOf(readFileSync(new URL(name, folder), 'latin1'))

interface SortCase { case: string, hooks: { name: string, order: number, pre?: string[], succ?: string[] }[], order: number[] | null, fails?: string }

test('every recorded sort, and where the real one never ends, an error that names the cycle', () => {
  const cases: SortCase[] = linesOf(gunzipSync(readFileSync(new URL('sort.jsonl.gz', folder))).toString('latin1'))
  assert.equal(cases.length, 1518)
  const cycles: string[] = []
  for (const { case: name, hooks, order } of cases) {
    const entries = hooks.map((h) => ({ module: h.name, order: h.order, after: h.pre ?? [], before: h.succ ?? [] }))
    if (order === null) {
      assert.throws(() => sortHooks(entries), (error: HookCycle) => (cycles.push(`${name}: ${error.message}`), error instanceof HookCycle))
    } else assert.deepEqual(sortHooks(entries).map((p) => p.index), order, name)
  }
  assert.equal(cycles.length, 5)
  assert.deepEqual(cycles.slice(0, 3).sort(), ['cycle of three plus free: a -> b -> c -> a', 'cycle: a -> b -> a', 'self predecessor: a -> a'].sort())
})

test('a place tells who drew it forward', () => {
  const placed = sortHooks([
    { module: 'a', order: -10, after: ['z'], before: [] }, { module: 'z', order: 30, after: [], before: [] }, { module: 'm', order: 10, after: [], before: [] },
  ])
  assert.deepEqual(placed, [{ index: 1, drawnBy: 0 }, { index: 0, drawnBy: -1 }, { index: 2, drawnBy: -1 }])
})

test('every case of VOID, RUN_ALL and RUN_FIRST', () => {
  const verdicts: Record<string, number> = { OK, DECLINED, DONE, SUSPENDED: AGAIN }
  const of = (text: string): number => verdicts[text] ?? Number(text)
  const kinds: Record<string, HookKind> = { VOID: 'void', RUN_ALL: 'all', RUN_FIRST: 'first' }
  const cases = golden('run-kinds.jsonl')
  assert.equal(cases.length, 498)
  for (const { kind, returns, result, called } of cases) {
    let calls = 0
    const got = runKind(kinds[kind]!, returns.length, (i) => (calls++, of(returns[i])))
    assert.equal(calls, called, `${kind} ${returns}`)
    if (result !== null) assert.equal(got, of(result), `${kind} ${returns}`)
  }
})

test('the hooks of the server are those of httpd, of the same kinds', () => {
  const { hooks } = JSON.parse(readFileSync(new URL('httpd-hooks.json', folder), 'latin1'))
  const kinds = new Map<string, string>(hooks.filter((h: any) => h.ns === 'ap').map((h: any) => [h.name, h.kind]))
  const names = { void: 'VOID', all: 'RUN_ALL', first: 'RUN_FIRST' }
  const other = hookPoints.filter((p) => kinds.get(p.name) !== names[p.kind]).map((p) => `${p.name}: ${kinds.get(p.name)}`)
  // A logger that answers a status does not silence those behind it.
  assert.deepEqual(other, ['log_transaction: RUN_ALL'])
  const rest = [...kinds.keys()].filter((name) => !hookPoints.some((p) => p.name === name))
  const expected = [
    // What this server has no counterpart of: pools of processes, per-directory files, Lua, DAV, TLS contexts that handlers fill, expressions.
    'child_status', 'default_port', 'dirwalk_stat', 'drop_privileges', 'end_generation', 'error_log', 'expr_lookup', 'fatal_exception', 'generate_log_id',
    'get_mgmt_items', 'get_pollfd_from_conn', 'get_suexec_identity', 'http_scheme', 'insert_network_bucket', 'monitor', 'mpm', 'mpm_get_name', 'mpm_query',
    'mpm_register_timed_callback', 'open_htaccess', 'pre_mpm', 'pre_read_request', 'protocol_get', 'protocol_propose', 'protocol_switch', 'resume_connection',
    'session_decode', 'session_encode', 'session_load', 'session_save', 'ssl_add_cert_files', 'ssl_add_fallback_cert_files', 'ssl_answer_challenge',
    'ssl_bind_outgoing', 'ssl_conn_is_ssl', 'ssl_ocsp_get_resp_hook', 'ssl_ocsp_prime_hook', 'ssl_var_lookup', 'status_hook', 'suspend_connection',
    'watchdog_exit', 'watchdog_init', 'watchdog_need', 'watchdog_step',
  ]
  assert.deepEqual(rest.sort(), expected)
})

test('orders in words', () => {
  assert.deepEqual([-10, 0, 10, 20, 30, 9, 12, -15, 33].map(orderName),
    ['REALLY_FIRST', 'FIRST', 'MIDDLE', 'LAST', 'REALLY_LAST', 'MIDDLE-1', 'MIDDLE+2', 'REALLY_FIRST-5', 'REALLY_LAST+3'])
})

test('docs/hooks.md lists every hook with its kind', () => {
  const text = readFileSync(new URL('../../docs/hooks.md', import.meta.url), 'utf8')
  const kinds = { void: 'VOID', all: 'RUN_ALL', first: 'RUN_FIRST' }
  const listed = [...text.matchAll(/^\| (.*?`\w+`) \| ([A-Z_, ]+) \|/gm)].flatMap(([, names, kind]) => {
    const words = kind!.split(', ')
    return [...names!.matchAll(/`(\w+)`/g)].map((match, i) => `${match[1]}: ${words[i] ?? words[0]}`)
  })
  assert.deepEqual(listed.sort(), hookPoints.map((p) => `${p.name}: ${kinds[p.kind]}`).sort())
})
