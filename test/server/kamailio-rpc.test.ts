/** What Kamailio 5.6.3's commands answered (the `rpc-` records of test/golden/kamailio/jsonrpc-http.jsonl), compared with ours by shape or value. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startScript } from './kamailio-kit.ts'
import { untilAsync } from './kit.ts'

interface Recorded {
  readonly id: string
  readonly input: string
  readonly output: string
}

/** How an answer is compared: the value, what kind of value it is, or not at all, with the reason. */
type Comparison = 'same' | 'kind' | { readonly not: string }

const golden = (name: string): string => readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}`, import.meta.url)), 'utf8')
const records = golden('jsonrpc-http.jsonl').split('\n').filter((line) => line.includes('"id": "rpc-')).map((line) => JSON.parse(line) as Recorded)

/** SIP transactions, the resolver's cache and the like: groups that are not there. */
const absent = /^(tm|tmx|dns|dst_blocklist|kex)\./
/** Of another plugin, whose own tests have them. */
const others = /^jsonrpc\./
/** What depends on the program, the machine or the moment: the members and their types are compared. */
const volatile = new Set([
  'core.version', 'core.arg', 'core.info', 'core.runinfo', 'core.psx', 'core.psa', 'core.pwd', 'core.shmmem', 'core.ppdefines', 'core.modules', 'core.tcp_list',
  'core.tcp_options', 'system.methodHelp', 'cnt.get', 'cnt.get_raw', 'stats.fetch', 'stats.fetchn', 'cnt.grp_get_all', 'pkg.stats', 'pkg.info', 'core.aliases_list',
  'core.sockets_list', 'corex.list_sockets', 'corex.list_aliases', 'stats.clear_statistics', 'ul.dump', 'ul.lookup',
])
const single: Readonly<Record<string, Comparison>> = {
  'rpc-024-core.sctp_options': { not: 'no such command' }, 'rpc-027-core.kill': { not: 'the server is not killed by command' },
  'rpc-157-ctl.connections': { not: 'no ctl module' }, 'rpc-158-ctl.who': { not: 'no ctl module' },
  'rpc-047-stats.fetchn': 'kind', 'rpc-058-cnt.grps_list': { not: 'groups of SIP modules' },
  'rpc-064-cfg.list': { not: 'other variables' }, 'rpc-065-cfg.list': { not: 'other variables' },
  'rpc-149-dns.set_server_state_on': { not: 'no such command' },
}
/** Records that are not in this part of the recording and that have changed the state. */
const missing: Readonly<Record<string, readonly (readonly [string, ...unknown[]])[]>> = {
  'rpc-121-htable.sets': [['htable.sets', 'a', 'k1', 'v1'], ['htable.seti', 'a', 'k2', 5], ['htable.sets', 'a', 'list[0]', 'x']],
  'rpc-138-htable.dump': [['htable.flush', 'a']],
}

function comparison({ id }: Recorded, method: string): Comparison {
  if (Object.hasOwn(single, id)) return single[id]!
  if (absent.test(method)) return { not: 'SIP only' }
  if (others.test(method)) return { not: 'of another plugin' }
  return volatile.has(method) ? 'kind' : 'same'
}

/** The kind of a value: its members' names and kinds; of an array the kinds in it, each once. */
function kindOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(kindOf(item))))].sort()
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, kindOf(member)]))
}

/** The recorded file on a port of ours; commands come by the control socket. */
function configuration(): string {
  const text = golden('configs/jsonrpc-http.cfg').replace(/^listen=.*$/m, 'listen=tcp:127.0.0.1:<port>')
  return text.replace(/^.*(jsonrpcs|binrpc).*\n/gm, '').replace('jsonrpc_dispatch();', '')
}

test('recorded commands', async (t) => {
  const server = await startScript(t, configuration())
  // An unfinished request, for core.tcp_list.
  const keepOpen = await server.connect()
  keepOpen.write('GET / HTTP/1.1\r\nHost: a\r\n')
  await untilAsync(async () => (await server.rpc('core.tcp_list')).result.length === 1, () => 'no connection is listed')
  const compared = { same: 0, kind: 0, not: 0 }
  for (const record of records) {
    const { method, params } = JSON.parse(record.input.slice(record.input.indexOf('\r\n\r\n')))
    const how = comparison(record, method)
    for (const [name, ...values] of missing[record.id] ?? []) assert.equal((await server.rpc(name, ...values)).error, undefined, name)
    if (typeof how === 'object') {
      compared.not++
      continue
    }
    compared[how]++
    await t.test(record.id, async () => {
      const expected = JSON.parse(record.output.slice(record.output.indexOf('\r\n\r\n')))
      const { result, error } = await server.rpc(method, ...(params ?? []))
      if (expected.error !== undefined) assert.deepEqual([error?.code, error?.message], [expected.error.code, expected.error.message])
      else if (how === 'same') assert.deepEqual([result, error], [expected.result, undefined])
      else assert.deepEqual([kindOf(result), error], [kindOf(expected.result), undefined])
    })
  }
  keepOpen.close()
  t.diagnostic(`${compared.same} the same, ${compared.kind} of the same kind, ${compared.not} not ours`)
})
