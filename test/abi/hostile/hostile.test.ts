/**
 * Every hostile plugin in one server, in several orders, while other connections of the same worker are served: each
 * costs its own request and nothing else.
 */
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { builtPlugin } from '../../built.ts'
import { random } from '../../fuzz/limits-modules.ts'
import { run, site, start } from '../../server/kit.ts'
import type { Server, Site } from '../../server/kit.ts'
import { assemble, plugin } from '../kit.ts'
import { good, traffic } from './traffic.ts'
import { hornetCases, hornetLocations } from './hornet.ts'
import { lies } from './lies.ts'
import { hostile as harmful } from './plugins.ts'

interface Expected { readonly path: string, readonly status: number, readonly body?: string, readonly log: RegExp | null, readonly method?: string }

const hostile = [...harmful, ...lies]

const overran = /it ran for more than 50ms \(plugin_time_limit\)/

/**
 * The mistakes of wasp/, a plugin in AssemblyScript; `assembly/index.ts:N` is where its source map says that it
 * happened.
 */
const mistakes: readonly Expected[] = [
  { path: '/as_loop', status: 500, log: overran },
  { path: '/as_recursion', status: 500, log: /stack overflow \(assembly\/index\.ts:\d+:\d+\)/ },
  { path: '/as_list', status: 500, log: /it was refused more memory \(plugin_memory_limit 16m\)|it ran for more than 50ms/ },
  { path: '/as_string', status: 500, log: /it was refused more memory \(plugin_memory_limit 16m\)|it ran for more than 50ms/ },
  { path: '/as_garbage', status: 500, log: /it was refused more memory \(plugin_memory_limit 16m\)|it ran for more than 50ms/ },
  { path: '/as_index', status: 500, log: /Index out of range/ },
  { path: '/as_null', status: 500, log: /Unexpected 'null'/ },
  { path: '/as_array', status: 500, log: /Invalid length|allocation too large/i },
  { path: '/as_throw', status: 500, log: /no more \(assembly\/index\.ts:\d+:\d+\)/ },
  { path: '/as_keep', status: 200, log: null },
  { path: '/as_access', status: 500, log: /trapped in phase access of location \/as_access: it ran for more than 50ms/ },
  { path: '/as_header', status: 500, log: /trapped in header filter of location \/as_header: stack overflow/ },
  { path: '/as_body', status: 0, log: /a body filter gave up/ },
  { path: '/as_variable', status: 200, body: '[]', log: /Index out of range/ },
]

const cases: readonly Expected[] = [...hostile.map(({ name, status, log }) => ({ path: `/${name}`, status, log })), ...mistakes, ...hornetCases]

async function folder(t: TestContext): Promise<Site> {
  const place = site(t)
  for (const { name, text } of hostile) await place.write(`plugins/${name}.wasm`, Buffer.from(assemble(text)))
  await place.write('plugins/good.wasm', Buffer.from(assemble(good)))
  for (const name of ['wasp', 'hornet']) await builtPlugin(fileURLToPath(new URL(name, import.meta.url)), `${place.prefix}/plugins/${name}.wasm`)
  return place
}

const locations = [
  ...hostile.map(({ name }) => `location /${name} { ${name}; }`),
  ...mistakes.filter(({ path }) => !/access|header|body|variable/.test(path)).map(({ path }) => `location ${path} { ${path.slice(1)}; }`),
  'location /as_access { as_access; good; }', 'location /as_header { as_header; good; }', 'location /as_body { as_body; good; }',
  'location /as_variable { return 200 "[$as_variable]"; }', hornetLocations,
].join('\n')

const conf = (more: string): string => `
  plugins plugins; ${more}
  http { keepalive_requests 1000000; server { listen 127.0.0.1:<port>; ${locations}
    location /good { good; } location /text { return 200 "text of $uri\\n"; } } }`

/** One request; status 0 when the answer is cut off before its end. */
async function ask(server: Server, path: string, method = 'GET'): Promise<{ status: number, body: string }> {
  const answer = await server.raw(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${method === 'POST' ? 'Content-Length: 4\r\n\r\nbody' : '\r\n'}`)
  const status = Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1] ?? 0)
  const length = Number(/^Content-Length: (\d+)/mi.exec(answer)?.[1] ?? 0)
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  return { status: body.length < length ? 0 : status, body }
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const next = random(seed)
  const out = [...list]
  for (let i = out.length - 1; i > 0; i--) {
    const j = next(i + 1)
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}

test('hostile plugins cost their own requests and nothing else', async (t) => {
  assert.ok(cases.length >= 200)
  const place = await folder(t)
  const server = await start(t, conf('plugin_fault_limit off;'), { site: place })
  let over = false
  const others = [1, 2, 3].map((who) => traffic(server, who, () => over))
  const failed: string[] = []
  // All of them, then those that were first and some others in another order.
  const old = cases.filter(({ path }, i) => i % 3 === 0 || mistakes.some((m) => m.path === path) || harmful.some(({ name }) => path === `/${name}`))
  for (const [seed, list] of [cases, old].entries()) {
    const rest = shuffled(list, seed + 1)
    await Promise.all([1, 2].map(async () => {
      for (let c = rest.pop(); c !== undefined; c = rest.pop()) {
        const { status, body } = await ask(server, c.path, c.method)
        if (status !== c.status || (c.body !== undefined && body !== c.body)) failed.push(`${c.path}: ${status} ${body.slice(0, 80)}, not ${c.status}`)
      }
    }))
  }
  over = true
  assert.deepEqual(failed, [])
  for (const count of await Promise.all(others)) assert.ok(count > 50, `${count} other requests`)
  const lines = server.log().split('\n')
  const silent: string[] = []
  for (const { path, log, method = 'GET' } of cases) {
    const own = lines.filter((line) => line.includes(`request: "${method} ${path} `) && /plugin/.test(line))
    if (log === null ? own.length > 0 : own.length === 0 || !own.every((line) => log.test(line))) silent.push(`${path}: ${own.join('\n') || 'no line in the log'}, not ${log}`)
  }
  assert.deepEqual(silent, [])
  assert.doesNotMatch(server.log(), /\[(alert|emerg|crit)\]/)
  const { result } = await server.rpc('plugin.list')
  const facts = Object.fromEntries((result as { name: string }[]).map((p) => [p.name, p])) as Record<string, { traps?: number, timeouts?: number }>
  assert.deepEqual([facts['spin']!.timeouts, facts['spin']!.traps, facts['divide']!.timeouts, facts['divide']!.traps, facts['good']!.traps], [2, 0, 0, 2, undefined])
  assert.equal((await server.stop()).code, 0)
})

test('a plugin with more faults than plugin_fault_limit is put aside; a reload brings it back', async (t) => {
  const place = await folder(t)
  const server = await start(t, conf('plugin_fault_limit 2 per 10m; plugin divide { fault_limit off; }'), { site: place })
  const statuses = async (path: string, n: number): Promise<number[]> => {
    const list: number[] = []
    for (let i = 0; i < n; i++) list.push((await ask(server, path)).status)
    return list
  }
  assert.deepEqual(await statuses('/unreachable', 5), [500, 500, 500, 503, 503])
  assert.deepEqual(await statuses('/divide', 5), [500, 500, 500, 500, 500])
  assert.deepEqual(await statuses('/good', 1), [200])
  const facts = async (): Promise<unknown> => {
    const { result } = await server.rpc('plugin.list')
    const { traps, quarantines, quarantined } = (result as { name: string, traps: number, quarantines: number, quarantined?: number }[]).find((p) => p.name === 'unreachable')!
    return { traps, quarantines, quarantined: quarantined !== undefined && quarantined > 590 && quarantined <= 601 }
  }
  assert.deepEqual(await facts(), { traps: 3, quarantines: 1, quarantined: true })
  assert.match(server.log(), /\[alert\] \S+ plugin unreachable is in quarantine for 10m \(plugin_fault_limit 2 per 10m\)/)
  assert.equal((await server.reload()).code, 0)
  await server.waitLog(/configuration 2 is in use/)
  assert.deepEqual(await facts(), { traps: 3, quarantines: 1, quarantined: false })
  assert.deepEqual(await statuses('/unreachable', 1), [500])
})

test('plugin_on_error: go on without the plugin, or answer with a status', async (t) => {
  const place = await folder(t)
  await place.write('html/unreachable', 'a file\n')
  const server = await start(t, `${conf(`plugin_on_error 418; plugin unreachable { on_error pass; } plugin wasp { on_error pass; time_limit 20ms; }`)}`, { site: place })
  assert.equal((await ask(server, '/divide')).status, 418)
  assert.deepEqual(await ask(server, '/unreachable'), { status: 200, body: 'a file\n' })
  assert.deepEqual(await ask(server, '/as_access'), { status: 200, body: 'good: /as_access' })
  assert.deepEqual(await ask(server, '/as_header'), { status: 200, body: 'good: /as_header' })
  assert.deepEqual(await ask(server, '/as_body'), { status: 200, body: 'good: /as_body' })
  assert.match(server.log(), /trapped in phase access of location \/as_access: it ran for more than 20ms \(plugin_time_limit\)/)
})

test('what fails while the configuration is read fails the test, with place and plugin', async (t) => {
  const place = await folder(t)
  const check = async (name: string, text: string | null, line: string, more = ''): Promise<string> => {
    if (text !== null) await place.write(`bad/${name}.wasm`, Buffer.from(assemble(text)))
    await place.configure(`${more} load_module ${text === null ? `plugins/${name}` : `bad/${name}`}.wasm; http { server { listen 127.0.0.1:<port>;\n${line} } }`)
    const { code, stderr } = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
    assert.equal(code, 1, stderr)
    return stderr.split('\n').filter((l) => /\[emerg\]|note:/.test(l)).join('\n').replaceAll(place.prefix, '<P>')
  }
  const set = (body: string): string => plugin({
    data: '(data (i32.const 32) "worse")', table: ['$set'], functions: `(func $set (param i32 i32) (result i32) ${body} (i32.const 0))`,
    register: '(drop (call $directive (i32.const 32) (i32.const 5) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const 0) (i32.const 0)))',
  })
  assert.match(await check('worse', set('(loop $l (br $l))'), 'location / { worse; }'),
    /\[emerg\] plugin worse trapped in directive "worse": it ran for more than 1s \(plugin_time_limit\) in <P>\/vespid\.conf:2/)
  assert.match(await check('worse', set('(unreachable)'), 'location / { worse; }'), /\[emerg\] plugin worse trapped in directive "worse": unreachable in <P>\/vespid\.conf:2/)
  assert.match(await check('worse', plugin({ register: '(loop $l (br $l))' }), ''), /\[emerg\] <P>\/bad\/worse\.wasm: registration trapped: it ran for more than 1s \(plugin_time_limit\) in <P>\/vespid\.conf:1/)
  assert.match(await check('worse', plugin({ functions: '(func $s (unreachable)) (start $s)' }), ''), /registration trapped: unreachable in <P>\/vespid\.conf:1/)
  assert.match(await check('worse', plugin({}).replace('"memory") 1', '"memory") 17'), '', 'plugin_memory_limit 1m;'),
    /\[emerg\] <P>\/bad\/worse\.wasm: has 1088k of memory at its start; plugin_memory_limit allows 1m in <P>\/vespid\.conf:1\n.*note: raise it for this plugin: plugin NAME \{ memory_limit 1088k; \}/)
  assert.match(await check('wasp', null, 'location / { as_configure; }'),
    /\[emerg\] plugin wasp trapped in directive "as_configure": it ran for more than 1s \(plugin_time_limit\) \(.*\.ts:\d+:\d+\) in <P>\/vespid\.conf:2/)
})

test('the list of hostile plugins is what the documentation says it is', () => {
  const names = hostile.map((h) => h.name)
  assert.equal(new Set(names).size, names.length)
  assert.match(readFileSync(new URL('../../../docs/sandbox.md', import.meta.url), 'utf8'), /test\/abi\/hostile/)
})
