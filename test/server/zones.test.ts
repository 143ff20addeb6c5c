/** Zones as plugins, the operator and two workers see them. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, test } from 'node:test'
import { builtText } from '../built.ts'
import { run, site, start, untilAsync } from './kit.ts'
import type { Server, Site } from './kit.ts'

/** `/?OP&ZONE&KEY&VALUE&…` does one operation and answers what it gave. */
const source = `import { Request, Status, Zone, ZoneResult, content } from '@vespid/sdk'
const main = Zone.open('main')
const small = Zone.open('small')

function ttl(words: string[], i: i32): f64 { return i < words.length ? parseFloat(words[i]) : 0 }
function text(value: string | null): string { return value === null ? 'null' : value }

function run(words: string[]): string {
  const zone = words[1] == 'main' ? main : words[1] == 'small' ? small : Zone.open(words[1])
  const op = words[0]
  const key = words.length > 2 ? words[2] : ''
  const value = words.length > 3 ? words[3] : ''
  if (op == 'get') return text(zone.get(key))
  if (op == 'size') { const b = zone.getBytes(key); return b === null ? 'null' : b.length.toString() }
  if (op == 'set') return (<i32>zone.set(key, value, ttl(words, 4))).toString()
  if (op == 'add') return (<i32>zone.add(key, value, ttl(words, 4))).toString()
  if (op == 'cas') return (<i32>zone.cas(key, words[4] == 'null' ? null : words[4], value)).toString()
  if (op == 'incr') return zone.incr(key, <i64>parseInt(value), ttl(words, 4)).toString()
  if (op == 'try') { const r = zone.tryIncr(key, <i64>parseInt(value)); return r == ZoneResult.Done ? zone.number.toString() : (<i32>r).toString() }
  if (op == 'delete') return zone.delete(key).toString()
  if (op == 'expire') return zone.expire(key, ttl(words, 3)).toString()
  if (op == 'ttl') return zone.ttl(key).toString()
  if (op == 'has') return zone.has(key).toString()
  if (op == 'keys') return zone.keys().sort().join(' ')
  if (op == 'count') return zone.keys().length.toString()
  if (op == 'big') return (<i32>zone.setBytes(key, new Uint8Array(<i32>parseInt(value)))).toString()
  return '?'
}
content('zone_probe', (r: Request): Status => r.reply(200, 'text/plain', run(r.args.split('&'))))
`

const workshop = mkdtempSync(`${tmpdir()}/vespid-`)
let probe: Buffer

before(async () => {
  await builtText(source, `${workshop}/probe.wasm`)
  probe = readFileSync(`${workshop}/probe.wasm`)
})
after(() => rmSync(workshop, { recursive: true, force: true }))

const conf = (main = '1m', small = '32k evict=off', allow = 'plugin probe { allow zone main small; }') => `worker_processes 2;
load_module p/probe.wasm;
zone main ${main};
zone small ${small};
${allow}
http { keepalive_requests 1000000; server { listen 127.0.0.1:<port>; location / { zone_probe; } } }`

const startWith = (t: Parameters<typeof start>[0], text: string, place?: Site): Promise<Server> =>
  start(t, text, { files: { 'p/probe.wasm': probe }, ...(place === undefined ? {} : { site: place }) })
const ask = async (server: Server, words: string) => {
  const { status, body } = await server.get(`/?${words}`)
  return status === 200 ? body : String(status)
}

test('a plugin uses a zone', async (t) => {
  const server = await startWith(t, conf())
  for (const [words, answer] of [
    ['get&main&a', 'null'], ['set&main&a&1', '0'], ['get&main&a', '1'], ['add&main&a&2', '-1'], ['has&main&a', 'true'], ['has&main&b', 'false'],
    ['cas&main&a&2&9', '-1'], ['cas&main&a&2&1', '0'], ['cas&main&new&x&null', '0'], ['cas&main&new&x&null', '-1'], ['get&main&a', '2'],
    ['incr&main&a&40', '42'], ['incr&main&n&-3', '-3'], ['get&main&n', '-3'], ['try&main&new&1', '-5'], ['incr&main&new&1', '500'], ['get&main&new', 'x'],
    ['incr&main&top&9007199254740991', '9007199254740991'], ['try&main&top&1', '-6'],
    ['ttl&main&a', '0.0'], ['ttl&main&none', '-1.0'], ['expire&main&none&5', 'false'], ['expire&main&a&3600000', 'true'], ['expire&main&a&0', 'true'],
    ['set&main&brief&x&1', '0'], ['delete&main&a', 'true'], ['delete&main&a', 'false'],
    ['big&main&large&100000', '0'], ['size&main&large', '100000'], ['big&main&large&131073', '-4'], [`set&main&${'k'.repeat(1025)}&v`, '-3'], ['set&main&&v', '-3'],
  ] as const) assert.equal(await ask(server, words), answer, words)
  await untilAsync(async () => await ask(server, 'get&main&brief') === 'null', () => 'it does not expire')
  assert.equal(await ask(server, 'keys&main'), 'large n new top')
  assert.match(server.log(), /plugin probe .*zone "main" cannot count "new": its value is no integer/)
})

test('a value larger than the room for texts, and more keys than one look tells', async (t) => {
  const server = await startWith(t, conf())
  const value = 'v'.repeat(7000)
  assert.equal(await ask(server, `set&main&a&${value}`), '0')
  assert.equal(await ask(server, 'get&main&a'), value)
  assert.equal(await ask(server, 'delete&main&a'), 'true')
  for (let i = 0; i < 300; i++) assert.equal((await server.rpc('zone.set', 'main', 'k'.repeat(100) + i, String(i))).result, 'set')
  assert.equal(await ask(server, 'count&main'), '300')
})

test('what is not allowed, or not there, is an error of the configuration; at run time a fault', async (t) => {
  const place = site(t)
  await place.write('p/probe.wasm', probe)
  await place.configure(conf('1m', '32k', 'plugin probe { allow zone main; }'))
  const refused = await run(place, ['-t', '-p', '<prefix>', '-c', 'vespid.conf'])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /\[emerg\] plugin "probe" may not use zone "small"\n {2}note: add "plugin probe \{ allow zone small; \}" to the main context\n/)
  await place.configure(conf().replace('zone small 32k evict=off;', ''))
  const missing = await run(place, ['-t', '-p', '<prefix>', '-c', 'vespid.conf'])
  assert.match(missing.stderr, /\[emerg\] plugin "probe" uses zone "small", which is not there\n {2}note: add "zone small 1m;" to the main context\n/)
  const server = await startWith(t, conf().replace('http {', 'zone other 64k; http {'), place)
  assert.equal(await ask(server, 'get&other&a'), '500')
  assert.match(server.log(), /used zone "other", which it may not; add "plugin probe \{ allow zone other; \}" to the main context/)
  assert.equal(await ask(server, 'set&main&a&1'), '0')
})

test('the commands', async (t) => {
  const server = await startWith(t, conf('1m file=main.zone sync=2s'))
  const call = async (method: string, ...params: unknown[]) => {
    const { result, error } = await server.rpc(method, ...params)
    return error === undefined ? result : error.message
  }
  assert.equal(await call('zone.set', 'main', 'user:1', 'Jürgen'), 'set')
  assert.equal(await call('zone.set', 'main', 'user:2', 'x', '1h'), 'set')
  assert.equal(await call('zone.set', 'main', 'other', 5), 'set')
  assert.equal(await call('zone.get', 'main', 'user:1'), 'Jürgen')
  assert.equal(await call('zone.get', 'main', 'none'), null)
  assert.deepEqual(await call('zone.dump', 'main', 'user:'), [{ key: 'user:1', value: 'Jürgen' }, { key: 'user:2', value: 'x', ttl: 3600 }])
  assert.equal((await call('zone.dump', 'main')).length, 3)
  assert.equal((await call('zone.dump', 'main', '', 2)).length, 2)
  assert.equal(await ask(server, 'incr&main&other&1'), '6')
  assert.equal(await call('zone.delete', 'main', 'other'), true)
  assert.equal(await call('zone.delete', 'main', 'other'), false)
  const list = await call('zone.list')
  assert.deepEqual(list.map(({ free, ...rest }: { free: number }) => rest), [
    { name: 'main', size: 1048576, entries: 2, evict: 'lru', file: `${server.prefix}/main.zone`, sync: 2000 },
    { name: 'small', size: 32768, entries: 0, evict: 'off' },
  ])
  const stats = await call('zone.stats', 'main')
  assert.deepEqual({ ...stats, capacity: 0, free: 0 }, { entries: 2, capacity: 0, free: 0, hits: 1, misses: 1, evicted: 0, expired: 0, refused: 0 })
  assert.equal(stats.capacity - stats.free, 256)
  assert.equal(await call('zone.get', 'mian', 'x'), 'there is no zone "mian"')
  assert.equal(await call('zone.get', 'main'), 'parameter "key" is missing')
  assert.equal(await call('zone.set', 'small', 'k', 'v'.repeat(4097)), 'a value of 4097 bytes is too large for zone "small": 4096 are allowed')
  assert.equal(await call('zone.set', 'small', 'k'.repeat(1025), 'v'), 'a key of 1025 bytes is not taken by zone "small": 1 to 1024 are allowed')
  assert.equal(await call('zone.set', 'small', 'k', 'v', 'soon'), 'invalid time "soon"')
  assert.match(server.log(), /command "zone.set" called by control socket/)
})

test('a full zone that does not evict refuses; one that evicts goes on', async (t) => {
  const server = await startWith(t, conf('32k'))
  for (const zone of ['main', 'small']) {
    let refused = 0
    for (let i = 0; i < 300; i++) if ((await server.rpc('zone.set', zone, `k${i}`, 'v')).error !== undefined) refused++
    const { evicted, refused: counted, free } = (await server.rpc('zone.stats', zone)).result
    assert.equal(free, 0)
    assert.deepEqual([refused > 0, counted, evicted > 0], zone === 'main' ? [false, 0, true] : [true, refused, false])
  }
  assert.equal((await server.rpc('zone.set', 'small', 'k300', 'v')).error?.message, 'zone "small" is full; make it larger, or let it evict (evict=lru)')
  assert.equal(await ask(server, 'set&small&more&v'), '-2')
  assert.equal(await ask(server, 'incr&small&k0&1'), '500')
  assert.equal(await ask(server, 'incr&main&new&1'), '1')
})

test('two workers count together, through reloads and the death of a worker', async (t) => {
  const server = await startWith(t, conf())
  const clients = await Promise.all([1, 2, 3, 4, 5, 6].map(() => server.connect()))
  const count = async (client: Awaited<ReturnType<Server['connect']>>, times: number) => {
    for (let i = 0; i < times; i++) {
      client.write('GET /?incr&main&n&1 HTTP/1.1\r\nHost: a\r\n\r\n')
      assert.equal((await client.response()).status, 200)
    }
  }
  await Promise.all([...clients.map((client) => count(client, 200)), (async () => {
    for (let i = 0; i < 3; i++) assert.equal((await server.reload()).code, 0)
  })()])
  for (const client of clients) client.close()
  assert.equal(await ask(server, 'get&main&n'), '1200')
  const threads: { role: string, thread: number, requests: number }[] = (await server.rpc('worker.list')).result
  const workers = threads.filter(({ role }) => role === 'worker')
  assert.equal(workers.length, 2)
  assert.equal((await server.rpc('core.restart_worker', String(workers[0]!.thread))).result, 'restarted')
  await untilAsync(async () => {
    const now: { role: string, thread: number }[] = (await server.rpc('worker.list')).result
    return now.filter(({ role, thread }) => role === 'worker' && thread !== workers[0]!.thread).length === 2
  }, () => 'the worker is not replaced')
  assert.equal(await ask(server, 'incr&main&n&1'), '1201')
})

test('a reload keeps a zone of the same size, and empties one of another, with a warning', async (t) => {
  const server = await startWith(t, conf())
  await ask(server, 'set&main&a&1')
  await ask(server, 'set&small&a&1')
  const done = await server.reload(conf('1m evict=off', '64k'))
  assert.equal(done.code, 0)
  assert.match(done.stderr, /zone "small" is 64k instead of 32k now: it begins empty/)
  assert.deepEqual([await ask(server, 'get&main&a'), await ask(server, 'get&small&a')], ['1', 'null'])
  // A reload that is refused changes nothing.
  const refused = await server.reload(conf('2m', '64k', ''))
  assert.equal(refused.code, 1)
  assert.equal(await ask(server, 'get&main&a'), '1')
})

const persistent = conf('1m file=main.zone sync=50ms')

test('a zone with a file is there after a restart, and after a reload with another size', async (t) => {
  const place = site(t)
  const first = await startWith(t, persistent, place)
  assert.equal(statSync(`${place.prefix}/main.zone`).mode & 0o777, 0o600)
  for (let i = 0; i < 100; i++) await ask(first, 'incr&main&n&1')
  await ask(first, 'set&main&text&hello')
  const done = await first.reload(conf('2m file=main.zone sync=50ms'))
  assert.equal(done.code, 0)
  assert.match(done.stderr, /zone "main" is 2m instead of 1m now: it is filled from its file/)
  assert.deepEqual([await ask(first, 'incr&main&n&1'), await ask(first, 'get&main&text')], ['101', 'hello'])
  // Another file: what is in memory goes there.
  assert.equal((await first.reload(conf('2m file=other.zone sync=50ms'))).code, 0)
  assert.equal(await ask(first, 'incr&main&n&1'), '102')
  assert.equal((await first.stop()).code, 0)
  const second = await startWith(t, conf('1m file=other.zone'), place)
  assert.deepEqual([await ask(second, 'incr&main&n&1'), await ask(second, 'get&main&text'), await ask(second, 'get&small&n')], ['103', 'hello', 'null'])
})

test('kill -9 loses no more than the last changes', async (t) => {
  const place = site(t)
  const first = await startWith(t, persistent, place)
  for (let i = 0; i < 50; i++) await ask(first, 'incr&main&n&1')
  // What was changed is in the file within `sync` or a tenth of a second, whichever is less.
  await untilAsync(async () => readFileSync(`${place.prefix}/main.zone`, 'latin1').includes('n50'), () => 'the file does not get it')
  first.kill('SIGKILL')
  await first.ended()
  const second = await startWith(t, persistent, place)
  assert.equal(await ask(second, 'incr&main&n&1'), '51')
})

test('a torn end is cut off with a warning; a foreign file refuses the start', async (t) => {
  const place = site(t)
  const first = await startWith(t, persistent, place)
  await ask(first, 'set&main&a&1')
  await first.stop()
  const path = `${place.prefix}/main.zone`
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from([30, 0, 0, 0, 1])]))
  const second = await startWith(t, persistent, place)
  assert.equal(await ask(second, 'get&main&a'), '1')
  assert.match(second.log(), new RegExp(`the last 5 bytes of "${path}" are incomplete or damaged and were cut off`))
  await second.stop()
  writeFileSync(path, 'something else')
  await place.configure(persistent)
  const third = await run(place, ['-p', '<prefix>', '-c', 'vespid.conf'])
  assert.equal(third.code, 1)
  assert.match(third.stderr, new RegExp(`"${path}" is not a zone file; zone "main" needs a file of its own`))
  assert.equal(readFileSync(path, 'utf8'), 'something else')
})

test('one thread for everything (master_process off)', async (t) => {
  const place = site(t)
  const first = await startWith(t, `master_process off; ${persistent}`, place)
  assert.equal(await ask(first, 'incr&main&n&1'), '1')
  assert.equal((await first.rpc('zone.get', 'main', 'n')).result, '1')
  assert.equal((await first.reload()).code, 0)
  assert.equal(await ask(first, 'incr&main&n&1'), '2')
  assert.equal((await first.stop()).code, 0)
  const second = await startWith(t, `master_process off; ${persistent}`, place)
  assert.equal(await ask(second, 'incr&main&n&1'), '3')
})
