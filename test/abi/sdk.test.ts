/** The SDK: everything that it offers, in one plugin (sdk/test/everything), asked for over real sockets. */
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after } from 'node:test'
import { readFileSync } from 'node:fs'
import { metricBoard } from '../../host/core/metricboard.ts'
import { compilePlugin } from '../../host/wasm/compile.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'
import { instantiate } from '../../host/wasm/plugins.ts'
import type { NativeModule } from '../../host/wasm/native/module.ts'
import type { Services } from '../../host/wasm/services.ts'
import { RpcError } from '../../host/rpc/command.ts'
import { scriptModule } from '../../host/modules/script/module.ts'
import { builtPlugin } from '../built.ts'
import { buildHttp } from '../unit/http-support.ts'
import { serve } from './kit.ts'
import type { Served } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-sdk-'))
after(() => rmSync(out, { recursive: true }))
const file = join(out, 'everything.wasm')
await builtPlugin(fileURLToPath(new URL('../../sdk/test/everything', import.meta.url)), file)
const compiled = compilePlugin(file, readFileSync(file))

function everything(services: Services = {}): NativeModule {
  // A time that a busy machine does not exceed.
  return instantiate(compiled, services, false, { ...defaultSettings, time: 1000 })
}

async function started(t: TestContext, conf: string, services: Services = {}, http = '', main = ''): Promise<Served & { module: NativeModule, get(path: string, head?: string, body?: string): Promise<string> }> {
  const module = everything(services)
  const server = await serve(t, conf, [module], http, main)
  const get = async (path: string, head = '', body = ''): Promise<string> => {
    const method = body === '' ? 'GET' : 'POST'
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`
    return (await server.raw(`${method} ${path} HTTP/1.0\r\nHost: example.org\r\n${length}${head}\r\n${body}`)).replace(/Server:.*\r\nDate:.*\r\n/, '')
  }
  return { ...server, module, get }
}

const bodyOf = (response: string): string => response.slice(response.indexOf('\r\n\r\n') + 4)
const statusOf = (response: string): number => Number(response.slice(9, 12))

test('conf: set, merge over three levels, templates', async (t) => {
  const { get, log } = await started(t, `
    greeting server; step s; name "$request_method-$uri";
    location /a { greet; }
    location /b { greeting loc; step 1 2; greet; location /b/c { step 3; greet; } }`, {}, 'greeting http; step h;')
  assert.equal(await get('/a'), 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 17\r\nConnection: close\r\nx-greeting: server\r\n\r\nserver|h s|GET-/a')
  assert.equal(bodyOf(await get('/b')), 'loc|h s 1+2|GET-/b')
  assert.equal(bodyOf(await get('/b/c')), 'loc|h s 1+2 3|GET-/b/c')
  assert.deepEqual(log(), [])
})

test('conf: one object for all and one per server', async (t) => {
  const { get } = await started(t, 'tag here; location /l { show_limit; } location /t { show_tag; }', {}, 'limit 42; tag above;')
  assert.equal(bodyOf(await get('/l')), '42')
  assert.equal(bodyOf(await get('/t')), 'here')
})

test('conf: what no directive has touched is the default', async (t) => {
  const { get } = await started(t, 'location /l { show_limit; } location /t { show_tag; } location /g { greet; }')
  assert.equal(bodyOf(await get('/l')), '0')
  assert.equal(bodyOf(await get('/t')), 'none')
  assert.equal(bodyOf(await get('/g')), '||')
})

test('conf: errors stand where they belong', (t) => {
  const result = buildHttp(t, `  greeting a;
  greeting b;
  server {
    greeting
       bad;
    upper maybe;
    tag a b c;
    limit 5;
    greeting boom;
    step;
    name "$no_such_variable";
  }`, { modules: [everything()] })
  assert.deepEqual(result.messages, [
    '[emerg] "greeting" directive is duplicate in <P>/v.conf:4',
    '[emerg] invalid greeting "bad" in <P>/v.conf:7',
    '[emerg] invalid value "maybe" in "upper" directive, it must be "on" or "off" in <P>/v.conf:8',
    '[emerg] invalid number of arguments in "tag" directive in <P>/v.conf:9',
    '[emerg] "limit" directive is not allowed here in <P>/v.conf:10',
    '[emerg] plugin everything trapped in directive "greeting": no such luck (assembly/index.ts:27:26) in <P>/v.conf:11',
    '[emerg] invalid number of arguments in "step" directive in <P>/v.conf:12',
  ])
  const place = result.cycle.problems[1]!.error.place!
  assert.deepEqual([place.line, place.column, place.length], [7, 8, 3])
})

test('conf: init\'s error and set\'s warning', (t) => {
  assert.deepEqual(buildHttp(t, '  limit 101;', { modules: [everything()] }).messages.map((m) => m.replace(/ in <P>.*/, '')), ['[emerg] limit "101" is above 100'])
  assert.deepEqual(buildHttp(t, '  greeting rude;', { modules: [everything()] }).messages, ['[warn] "rude" is rude in <P>/v.conf:3'])
})

test('request: every field, headers in order with duplicates, body, variables', async (t) => {
  const { get } = await started(t, 'location / { describe; }')
  const body = bodyOf(await get('/a%20b/../c?q=1&r=2', 'User-Agent: probe/1\r\nX-Two: a\r\nCookie: a=1; b=2\r\nx-two: b\r\n', 'best'))
  assert.equal(body, [
    'POST /c q=1&r=2 /a%20b/../c?q=1&r=2 example.org 1000 127.0.0.1 4', 'POST /a%20b/../c?q=1&r=2 HTTP/1.0',
    'agent probe/1 again probe/1 x a, b none true cookie 2 arg 1',
    'Host=example.org', 'Content-Length=4', 'User-Agent=probe/1', 'X-Two=a', 'Cookie=a=1; b=2', 'x-two=b', 'body 4 4 best true POST true',
  ].join('\n'))
})

test('request: a head larger than the arena is read by calls', async (t) => {
  const { get } = await started(t, 'large_client_header_buffers 4 32k; location / { describe; }')
  const body = bodyOf(await get('/x?q=1', `User-Agent: ${'u'.repeat(14000)}\r\nX-Two: a\r\nCookie: b=2\r\n`))
  assert.match(body, /\nagent u{14000} again u{14000} x a none true cookie 2 arg 1\n/)
})

test('request: two heads on one connection are not mixed up', async (t) => {
  const server = await started(t, 'location / { describe; }')
  const one = (agent: string): string => `GET /?q=1 HTTP/1.1\r\nHost: h\r\nUser-Agent: ${agent}\r\nX-Two: t\r\nCookie: b=2\r\n`
  const both = await server.raw(`${one('first')}\r\n${one('second')}Connection: close\r\n\r\n`)
  assert.deepEqual([...both.matchAll(/agent (\w+) again (\w+)/g)].map((m) => m[0]), ['agent first again first', 'agent second again second'])
})

test('request: changed headers are what is seen afterwards', async (t) => {
  const { get } = await started(t, 'location / { rewritten; }')
  assert.equal(bodyOf(await get('/', 'User-Agent: u\r\nX-Two: a\r\nX-Gone: g\r\n')), 'changed a, c true')
})

test('request: a handler of the rewrite phase changes the URI', async (t) => {
  const { get } = await started(t, 'step x; location /old { root /nowhere; } location /describe { describe; }')
  assert.match(bodyOf(await get('/old?q=5', 'User-Agent: u\r\nX-Two: t\r\nCookie: b=2\r\n')), /^GET \/describe q=5 \/old\?q=5 /)
})

test('response: headers are set, added, removed, refused', async (t) => {
  const { get } = await started(t, 'location / { headers; }')
  assert.equal(await get('/'), 'HTTP/1.1 201 Created\r\nContent-Type: text/x\r\nContent-Length: 16\r\nConnection: close\r\nX-One: 2\r\nx-two: \xc3\xa4\r\nx-two: b\r\n\r\n1 false 2 true 3')
})

test('handlers: redirect, named location, declined, a status, a reply that its verdict drops', async (t) => {
  const { get, log } = await started(t, `
    location /go { elsewhere; } location /describe { internal; describe; }
    location /named { named; } location @named { return 200 there; }
    location /declines { declines; } location /teapot { teapot; } location /no { replies_then_refuses; }`)
  assert.match(bodyOf(await get('/go?q=1', 'User-Agent: u\r\nX-Two: t\r\nCookie: b=2\r\n')), /^GET \/describe q=7 \/go\?q=1 /)
  assert.equal(bodyOf(await get('/named')), 'there')
  assert.equal(statusOf(await get('/declines')), 404)
  assert.equal(statusOf(await get('/teapot')), 418)
  assert.equal(statusOf(await get('/no')), 403)
  assert.deepEqual(log().filter((line) => /plugin/.test(line)), [])
})

test('handlers: a phase before the content answers and ends the request', async (t) => {
  const { get, log } = await started(t, 'step x; location / { root /nowhere; }')
  assert.equal(await get('/early/x'), 'HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly')
  assert.deepEqual(log(), [])
})

test('handlers: one that needs the body gets it', async (t) => {
  const { get } = await started(t, 'greeting x; location / { root /nowhere; }')
  assert.equal(bodyOf(await get('/bodied', '', 'x'.repeat(100000))), 'got 100000')
})

test('text: UTF-8, and bodies of any size', async (t) => {
  const { get } = await started(t, 'location /u { unicode; } location /l { large; }')
  assert.equal(Buffer.from(bodyOf(await get('/u')), 'latin1').toString(), 'grüße, 世界 🐝 and quite a lot of plain text behind it')
  assert.equal(bodyOf(await get('/l')), 'abcdefgh'.repeat(5000))
})

test('log: the plugin\'s name, one line each; trace works', async (t) => {
  const { get, log } = await started(t, 'location / { notes; }')
  assert.equal(statusOf(await get('/')), 204)
  assert.deepEqual(log(), ['[warn] plugin everything: noted\\x0awell', '[error] plugin everything: again', '[notice] plugin everything: trace: traced 1, 2.5'])
})

test('traps: the abort\'s message and place; the next request is served', async (t) => {
  const { get, log, module } = await started(t, 'location /t { throws; } location /u { unicode; }')
  assert.equal(statusOf(await get('/t')), 500)
  assert.equal(statusOf(await get('/u')), 200)
  assert.deepEqual(log(), ['[error] plugin everything trapped in content handler of "throws" of location /t: Index out of range (assembly/index.ts:81:89)'])
  assert.equal(module.plugin.instance.stats().traps, 1)
})

test('traps: one in a nested call unwinds the whole of it, and is logged once', async (t) => {
  const { get, log, module } = await started(t, 'location /n { nested_trap; } location /u { unicode; }')
  assert.equal(statusOf(await get('/n')), 500)
  assert.equal(statusOf(await get('/u')), 200)
  assert.deepEqual(log(), ['[error] plugin everything trapped in variable $broken of location /n: out of order (assembly/index.ts:107:53)'])
  assert.equal(module.plugin.instance.stats().traps, 1)
})

test('filters: the header filter runs where a directive applies; the body filter changes what passes', async (t) => {
  const { get } = await started(t, `
    location /up { upper on; return 200 "some text"; }
    location /down { greeting hey; return 200 "some text"; }`)
  assert.equal(bodyOf(await get('/up')), 'SOME TEXT')
  assert.match(await get('/down'), /\r\nx-greeting: hey\r\n\r\nsome text$/)
})

test('variables: get, prefix, nested in the same instance, set, broken', async (t) => {
  const { get, log } = await started(t, `
    location /v { return 200 "$twice $echo_me [$echo_nothing] $nested"; }
    location /s { set $stored value; return 200 "$stored"; }
    location /b { return 200 "[$broken]"; }`)
  assert.equal(bodyOf(await get('/v')), '/v/v me [] </v/v>')
  assert.equal(bodyOf(await get('/s')), '[value]')
  assert.equal(bodyOf(await get('/b')), '[]')
  assert.deepEqual(log(), ['[error] plugin everything trapped in variable $broken of location /b: out of order (assembly/index.ts:107:53)'])
})

test('selects: arguments, what follows, null, error, a trap; and selects that the plugin reads', async (t) => {
  const { get, log } = await started(t, `
    location /v { return 200 '[\${@probe.a}] [\${@probe["x y"]}] [\${@probe.xy[-3]}] [\${@probe.none}] [\${@probe.fail}] [\${@probe["k=v;w"].params.k}] $reads'; }
    location /c { if (@probe.none = "") { return 500; } if (@probe.fail != x) { return 500; } if (@probe.a = a!7) { return 204; } }
    location /trap { return 200 "[\${@probe.broken}]"; }`)
  assert.equal(bodyOf(await get('/v', 'From: <sip:ann@example.org>\r\n')), '[a!7] [x y!7] [xy!-3] [] [] [v] ann GET error')
  assert.equal(statusOf(await get('/c')), 204)
  assert.equal(bodyOf(await get('/trap')), '[]')
  assert.match(log().join('\n'), /^\[error\] plugin everything trapped in select @probe\.\*\[n\?\] of location \/trap: unreachable \(assembly\/index\.ts:111:\d+\)$/)
})

test('a select that a plugin reads is resolved with the configuration', (t) => {
  const unknown = everything()
  unknown.plugin.selects.add('@nosuch.thing')
  const result = buildHttp(t, 'server { }', { modules: [scriptModule, unknown] })
  assert.deepEqual(result.messages, ['[emerg] plugin "everything": unknown select "@nosuch.thing"'])
})

test('selects and script functions are handed over', async (t) => {
  const { module } = await started(t, '')
  assert.deepEqual([module.selects.map((s) => s.pattern), module.functions!.map(({ name, minimum, maximum }) => [name, minimum, maximum])], [['probe.*[n?]'], [['probe_function', 1, 2]]])
})

test('metrics: counters with labels, gauges, histograms', async (t) => {
  // The board is the process's: what other tests have counted is not to be seen.
  metricBoard.attach(new SharedArrayBuffer(1 << 20), 0)
  const { get, module } = await started(t, 'step x; location / { return 200 0123456789; }')
  await get('/a')
  await get('/b')
  await get('/a')
  assert.deepEqual(module.metrics.map(({ name, kind, help }) => [name, kind, help]), [
    ['vespid_everything_calls_total', 'counter', 'calls seen'], ['vespid_everything_level', 'gauge', 'how high'], ['vespid_everything_sizes', 'histogram', 'how large'],
  ])
  const [calls, level, sizes] = module.plugin.metrics.read().map((m) => m.series)
  assert.deepEqual(calls!.map((s) => [s.labels, s.value]), [[['/a'], 2], [['/b'], 1]])
  assert.equal(level![0]!.value, 200)
  assert.deepEqual([sizes![0]!.buckets, sizes![0]!.count], [[0, 0, 3], 3])
})

test('commands: values, numbers, objects, errors, traps', async (t) => {
  const { module } = await started(t, '')
  module.initProcess()
  const context = { transport: 'test', caller: 'test' }
  const run = (name: string, params: unknown): unknown => module.commands!.find((c) => c.name === name)!.run(params, context)
  assert.deepEqual(module.commands!.map(({ name, usage, effect }) => [name, usage, effect])[0], ['probe.echo', 'probe.echo VALUE...: the values', 'read'])
  assert.deepEqual(run('probe.echo', ['a', 1, true, null, { x: 'ü' }]), ['a', '1', 'true', 'null', '{"x":"ü"}'])
  assert.equal(run('probe.echo', ['only']), 'only')
  assert.equal(run('probe.echo', undefined), null)
  assert.equal(run('probe.sum', [1, 2.5, '3']), 6.5)
  assert.deepEqual(run('probe.object', { a: [1, 'ü', '"'] }), { params: { a: [1, 'ü', '"'] }, on: true, starts: 1 })
  assert.throws(() => run('probe.sum', ['x']), (e) => e instanceof RpcError && e.code === -32602 && e.message === 'not a number')
  assert.throws(() => run('probe.throws', []), (e) => e instanceof RpcError && e.code === -32603 &&
    /^plugin everything trapped in command probe\.throws: command failed \(assembly\/index\.ts:\d+:\d+\)$/.test(e.message))
  assert.equal(run('probe.sum', [1]), 1)
})

test('questions: a handler waits for the answers of commands', async (t) => {
  let asked = 0
  const { get } = await started(t, 'location / { ask; }', {
    call: (method, params) => {
      asked++
      return method === 'core.slow' ? new Promise((resolve) => setImmediate(() => resolve({ got: params, big: 'ü'.repeat(6000) }))) : 'at once'
    },
  }, '', 'plugin everything { allow rpc core.slow core.fast; }')
  const text = Buffer.from(bodyOf(await get('/')), 'latin1').toString()
  assert.equal(text, `{"result":{"got":["a"],"big":"${'ü'.repeat(6000)}"}}{"result":"at once"}`)
  assert.equal(asked, 2)
})

test('questions: without anybody to ask, the answer is an error', async (t) => {
  const { get } = await started(t, 'location / { ask; }', {}, '', 'plugin everything { allow rpc core.*; }')
  const none = '{"error":{"code":-32603,"message":"no commands can be called here"}}'
  assert.equal(bodyOf(await get('/')), none + none)
})

test('questions: what is not allowed says how it is', async (t) => {
  const { get } = await started(t, 'location / { ask; }', { call: () => 'done' }, '', 'plugin everything { allow rpc core.slow; }')
  const refusal = 'plugin "everything" may not call "core.fast"; add "plugin everything { allow rpc core.fast; }" to the main context'
  assert.equal(bodyOf(await get('/')), `{"result":"done"}${JSON.stringify({ error: { code: -32000, message: refusal } })}`)
})

test('cidr: what is a network, what it holds', async (t) => {
  const { get } = await started(t, 'location / { networks; }')
  assert.deepEqual(bodyOf(await get('/')).split('\n'), [
    '127.0.0.1 false true', '127.0.0.0/8 false true', '127.0.0.1/8 true true', '10.0.0.0/8 false false', '0.0.0.0/0 false true', '::/0 false false', '::1 false false',
    '2001:db8::/32 false false', '2001:db8::1/32 true false', '1.2.3 null', '1.2.3.4.5 null', '256.1.1.1 null', '1.2.3.4/33 null', '1.2.3.4/ null', '::1/129 null',
    '::: null', '1::2::3 null', '12345:: null', 'localhost null', ' null', '::ffff:127.0.0.1 false false', '1:2:3:4:5:6:7:8 false false', '1:2:3:4:5:6:7:8:9 null',
    '1:2:3:4:5:6:7:: false false',
  ])
})

test('json: what is valid comes back, what is not is refused', async (t) => {
  const { get } = await started(t, 'location / { json; }')
  const same = ['null', 'true', '[]', '{}', '[1,-2.5e+10,0.1,12345678901234567890]', '{"a":{"b":[{}]},"":"x"}', '"\\"\\\\/\\n\\u0001ä"']
  for (const text of same) assert.equal(Buffer.from(bodyOf(await get('/', '', Buffer.from(text).toString('latin1'))), 'latin1').toString(), text)
  assert.equal(bodyOf(await get('/', '', ' { "a" : [ 1 , "\\u0041\\t" ] } ')), '{"a":[1,"A\\t"]}')
  assert.equal(bodyOf(await get('/', '', '['.repeat(60) + ']'.repeat(60))), '['.repeat(60) + ']'.repeat(60))
  const invalid = ['x', '[', '[1', '[1,]', '{"a"}', '{"a":1,}', '{a:1}', '01', '1.', '-', '+1', '"a', '"\\x"', '"\\u12"', '"a\nb"', '[1] 2', 'nul', '['.repeat(70) + ']'.repeat(70)]
  for (const text of invalid) assert.equal(bodyOf(await get('/', '', text)), 'invalid', text)
})

test('collection: a plugin that leaves garbage stays small', async (t) => {
  const { module, connect } = await started(t, 'location / { litter; }')
  const head = 'GET /litter HTTP/1.1\r\nHost: h\r\n\r\n'
  for (let i = 0; i < 40; i++) {
    const client = await connect()
    client.write(head.repeat(50))
    for (let k = 0; k < 50; k++) assert.equal((await client.response()).status, 204)
    client.close()
  }
  assert.ok(module.plugin.instance.stats().memory <= 2 << 20, JSON.stringify(module.plugin.instance.stats()))
})
