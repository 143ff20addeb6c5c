/** What Kamailio 5.6.3's commands answered (the `rpc-` records of test/golden/kamailio/jsonrpc-http.jsonl), compared with ours by shape or value. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startScript, untilAsync } from './kit.ts'

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

const own = `listen=tcp:127.0.0.1:<port>
tcp_accept_no_cl=yes
debug=1
loadmodule "sl.so"
loadmodule "xhttp.so"
loadmodule "htable.so"
modparam("htable", "htable", "a=>size=4;")
modparam("pv", "shvset", "x=i:1")
my.limit = 5
my.word = "w"
event_route[xhttp:request] {
  xlog("L_NOTICE", "told at notice\\n");
  xhttp_reply("200", "OK", "text/plain", "$sel(cfg_get.my.limit) $sel(cfg_get.my.word) $stat(rcv_requests)");
}`

test('settings change in all workers until the configuration is read anew', async (t) => {
  const server = await startScript(t, `children=2\n${own}`)
  const call = async (name: string, ...params: unknown[]): Promise<unknown> => {
    const { result, error } = await server.rpc(name, ...params)
    return error === undefined ? result : [error.code, error.message]
  }
  const body = async (): Promise<string> => (await server.get('/')).body
  assert.match(await body(), /^5 w \d+$/)
  assert.deepEqual(await call('cfg.seti', 'my', 'limit', 7), {})
  assert.deepEqual(await call('cfg.set', 'my', 'word', 'other'), {})
  for (let i = 0; i < 6; i++) assert.match(await body(), /^7 other \d+$/)
  assert.deepEqual([await call('cfg.set_delayed_int', 'my', 'limit', 8), await call('cfg.diff'), await call('cfg.get', 'my')],
    [{}, [{ 'group name': 'my', 'variable name': 'limit', 'old value': 7, 'new value': 8 }], { limit: 7, word: 'other' }])
  assert.deepEqual([await call('cfg.rollback'), await call('cfg.diff'), await call('cfg.set_delayed', 'my', 'limit', '9'), await call('cfg.commit'), await call('cfg.get', 'my', 'limit')], [{}, [], {}, {}, 9])
  assert.deepEqual([await call('cfg.reset', 'my'), await call('cfg.get', 'my', 'limit'), await call('cfg.reset', 'core'), await call('cfg.set', 'core', 'max_while_loops', 5)],
    [{}, 5, [500, 'Reset failed'], [400, 'Failed to set the variable']])
  assert.deepEqual([await call('corex.debug'), await call('corex.debug', 3)], [{ debug: 1 }, { old: 1, new: 3 }])
  await call('cfg.seti', 'my', 'limit', 7)
  assert.deepEqual([(await server.rpc('core.reload')).error, await call('cfg.get', 'my', 'limit'), await call('corex.debug')], [undefined, 5, { debug: 1 }])
})

test('hostile parameters get Kamailio\'s faults or clear errors', async (t) => {
  const server = await startScript(t, own)
  const long = 'k'.repeat(100_000)
  const calls: [string, unknown[], unknown][] = [
    ['stats.get_statistics', [], [400, 'Please provide which stats to retrieve']], ['stats.get_statistics', [5], [400, 'Please provide which stats to retrieve']],
    ['stats.get_statistics', [long, '', '__proto__:', 'constructor'], []], ['stats.fetch', [null], [400, 'Please provide which stats to retrieve']],
    ['cnt.get', [], [400, 'Invalid Parameters']], ['cnt.get', ['pike'], {}], ['cnt.get', ['__proto__', 'x'], [400, 'non-existent counter __proto__.x\n']], ['cnt.var_list', ['nope'], []],
    ['cnt.get_vars', ['nope'], {}], ['core.shmmem', ['toString'], [500, 'bad param, (use b|k|m|g)']], ['core.echo', [[1]], []], ['core.echo', [1e308, 1e30, -1], ['0', '0', '18446744073709551615']],
    ['core.printi', [3, 'x', 4], [3, 0]], ['core.printi', [2147483647, -2147483648, 2147483648, -2147483649, 1e300], [2147483647, -2147483648, -2147483648, -2147483648, -2147483648]], ['core.prints', ['a', 5, 'b'], ['a']], ['core.kill', [9], [500, 'the server is not killed by command, call core.shutdown']],
    ['pkg.stats', ['pid', -1], [500, 'No such pid']], ['pkg.stats', ['shoe', 1], [500, 'Invalid filter type']], ['pkg.stats', ['rank'], [500, 'One more parameter expected']],
    ['mod.stats', [], [500, 'Module name or "all" needed']], ['mod.stats', ['core'], [500, '"pkg" or "shm" or "all" needed']],
    ['htable.sets', ['a', long, 'v'], [500, 'Failed to set the item.']], ['htable.sets', ['a', 'k', 'v'.repeat(3 << 20)], [500, 'Failed to set the item.']],
    ['htable.sets', ['a', '', 'v'], [500, 'Failed to set the item.']], ['htable.sets', ['a', 'k', null], [500, 'Not enough parameters (htable name, key name and value)']],
    ['htable.setxi', ['a', 'k', 3, -5], 'Ok. Key set to new value.'], ['htable.get', ['a', 'k'], { item: { name: 'k', value: 3, flags: 0, expire: 'NEVER' } }],
    ['htable.seti', ['a', 'big', 1e300], 'Ok. Key set to new value.'], ['htable.get', ['a', 'big'], { item: { name: 'big', value: -2147483648, flags: 0, expire: 'NEVER' } }],
    ['htable.delete', ['a'], [500, 'Not enough parameters (htable name & key name']],
    ['htable.reload', ['none'], [500, 'No htable db_url']], ['htable.setex', ['a'], [500, 'Not enough parameters (htable name, item name and expire)']], ['htable.delete', ['a', 'nope'], [404, 'Key not found in htable.']],
    ['pv.shvGet', ['nope'], [404, 'Variable not found']], ['pv.shvSet', [], [500, 'Missing parameter varname (Parameters: varname type value)']],
    ['pv.shvSet', ['x'], [500, 'Missing parameter type (Parameters: varname type value)']], ['pv.shvSet', ['x', 'float', 1], [500, 'Unknown parameter type (Types: int or str)']],
    ['pv.shvSet', ['x', 'int'], [500, 'Missing integer parameter value (Parameters: varname type value)']],
    ['pv.shvSet', ['x', 'int', 4294967295], 'Ok. Variable set to new value.'], ['pv.shvGet', ['x'], { name: 'x', type: 'int', value: -1 }],
    ['cfg.get', [], [500, 'Failed to get the parameters']], ['cfg.get', ['core', 5], [500, 'Failed to get the parameters']],
    ['cfg.add_group_inst', ['core'], [400, 'Wrong group syntax. Use "group[id]"']], ['cfg.add_group_inst', ['core[1]'], [400, 'Failed to add the group instance']], ['cfg.get', ['core', '__proto__'], [400, 'Failed to get the variable']], ['cfg.set', ['my', 'word', long], [400, 'Failed to set the variable']],
    ['cfg.seti', ['my'], [400, 'Failed to set the variable']], ['cfg.help', ['my', 'word'], '(parameter type is string)'], ['cfg.list', ['nope'], []],
    ['corex.debug', ['high'], { old: 1, new: 0 }], ['corex.pkg_summary', [], [400, 'Selector and value not provided']], ['system.methodHelp', [7], [400, 'Method Name Expected']],
    ['system.methodSignature', ['core.ps'], [500, 'Not Implemented Yet']],
  ]
  for (const [name, params, expected] of calls) {
    const { result, error } = await server.rpc(name, ...params)
    assert.deepEqual(error === undefined ? result : [error.code, error.message], expected, `${name} ${JSON.stringify(params).slice(0, 60)}`)
  }
  assert.equal((await server.get('/')).status, 200)
})

test('hash tables: what a script and what a command has written, in UTF-8, and how long it lives', async (t) => {
  const server = await startScript(t, own.replace('  xlog(', `  if ($rm == "PUT") { $sht(a=>$hdr(Key)) = $rb; $shv(x) = $rb; sht_setxs("e", "script", "v", "0"); }
  if ($hu == "/key") { xhttp_reply("200", "OK", "text/plain", "$sht(a=>$hdr(Key)) $shv(x) $shtex(e=>script)"); exit; }
  xlog(`).replace('modparam("pv"', 'modparam("htable", "htable", "e=>size=4;autoexpire=500;")\nmodparam("pv"'))
  const key = '\xc3\xa9\xe2\x82\xac'
  const seen = async (): Promise<string> => (await server.request('GET', '/key', { Key: key })).body
  const item = async (table: string, name: string): Promise<{ name: string, value: unknown, expire: string }> => (await server.rpc('htable.get', table, name)).result.item
  await server.request('PUT', '/', { Key: key }, 'gr\xc3\xbcn')
  assert.deepEqual(await item('a', 'é€'), { name: 'é€', value: 'grün', flags: 2, expire: 'NEVER' })
  assert.deepEqual((await server.rpc('pv.shvGet', 'x')).result, { name: 'x', type: 'string', value: 'grün' })
  assert.deepEqual((await server.rpc('htable.dump', 'a')).result.map(({ slot }: { slot: unknown }) => slot), [[{ name: 'é€', value: 'grün', type: 'str' }]])
  assert.equal((await server.rpc('htable.sets', 'a', 'é€', 'früh')).error, undefined)
  assert.equal((await server.rpc('pv.shvSet', 'x', 'str', 'ß')).error, undefined)
  assert.match(await seen(), /^fr\xc3\xbch \xc3\x9f (?:500|49\d)$/)
  for (const seconds of [0, -5, 900]) {
    const before = Date.now()
    await server.rpc('htable.setxs', 'e', 'k', 'v', seconds)
    const { expire } = await item('e', 'k')
    assert.match(expire, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    const ends = new Date(expire.replace(' ', 'T')).getTime() - (seconds > 0 ? seconds : 500) * 1000
    assert.ok(ends > before - 2000 && ends < Date.now() + 2000, `${seconds}: ${expire}`)
  }
})

test('statistics count what is served, in all workers, over reloads, and begin anew', async (t) => {
  const server = await startScript(t, `children=2\n${own}`)
  for (let i = 0; i < 5; i++) await server.get('/')
  const statistics = async (): Promise<unknown> => (await server.rpc('stats.fetchn', 'rcv_requests', '200_replies', 'sent_replies', 'passive_open')).result
  assert.deepEqual(await statistics(), { 'core.rcv_requests': 5, 'sl.200_replies': 5, 'sl.sent_replies': 5, 'tcp.passive_open': 5 })
  await server.rpc('core.reload')
  await server.get('/')
  assert.deepEqual(await statistics(), { 'core.rcv_requests': 6, 'sl.200_replies': 6, 'sl.sent_replies': 6, 'tcp.passive_open': 6 })
  assert.equal((await server.rpc('stats.clear_statistics', 'sl:')).error, undefined)
  await server.rpc('cnt.reset', 'core', 'rcv_requests')
  assert.deepEqual(await statistics(), { 'core.rcv_requests': 0, 'sl.200_replies': 0, 'sl.sent_replies': 0, 'tcp.passive_open': 6 })
  assert.match((await server.get('/')).body, /^5 w 1$/)
})
