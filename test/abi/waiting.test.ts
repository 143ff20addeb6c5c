/** Plugins that wait, in the engine of this process; the target that they ask decides when they go on. */
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compilePlugin } from '../../host/wasm/compile.ts'
import type { Compiled } from '../../host/wasm/compile.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'
import { instantiate } from '../../host/wasm/plugins.ts'
import type { NativeModule } from '../../host/wasm/native/module.ts'
import { RpcError } from '../../host/rpc/command.ts'
import type { CallContext } from '../../host/rpc/command.ts'
import { builtPlugin } from '../built.ts'
import { load, plugin, serve } from './kit.ts'
import type { Served } from './kit.ts'
import { Target } from './target.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-waits-'))
after(() => rmSync(out, { recursive: true }))
async function build(name: string): Promise<Compiled> {
  const file = join(out, `${name}.wasm`)
  await builtPlugin(fileURLToPath(new URL(`../../sdk/test/${name}`, import.meta.url)), file)
  return compilePlugin(file, readFileSync(file))
}
const compiled = await build('waits')
const around = await build('around')

interface Started extends Served {
  readonly module: NativeModule
  /** The plugin `around`. */
  readonly outer: NativeModule
  readonly target: Target
  /** The whole answer to a request on a connection of its own. */
  get(path: string, head?: string): Promise<string>
}

interface Wishes {
  readonly instances?: number
  readonly queue?: number
  readonly isolation?: 'worker' | 'request'
  readonly reply?: Parameters<typeof Target.open>[1]
}

async function started(t: TestContext, conf: (port: number) => string, wishes: Wishes = {}): Promise<Started> {
  const target = await Target.open(t, wishes.reply)
  const { instances = 64, queue = 1024, isolation = 'worker' } = wishes
  const module: NativeModule = instantiate(compiled, {
    call: (method, params, context) => {
      const command = module.commands!.find((c) => c.name === method)
      if (command === undefined) throw new RpcError(-32601, 'Method not found')
      return command.run(params, context)
    },
  }, false, { ...defaultSettings, instances, queue, isolation })
  const outer = instantiate(around, {}, false, { ...defaultSettings, instances, queue, isolation })
  const allow = `{ allow net 127.0.0.1:${target.port}; }`
  const server = await serve(t, `target http://127.0.0.1:${target.port}; ${conf(target.port)}`, [module, outer], '', `plugin waits ${allow} plugin around ${allow}`)
  module.initProcess()
  outer.initProcess()
  const get = (path: string, head = ''): Promise<string> => server.raw(`GET ${path} HTTP/1.0\r\nHost: h\r\nUser-Agent: probe\r\n${head}\r\n`)
  return { ...server, module, outer, target, get }
}

const bodyOf = (response: string): string => response.slice(response.indexOf('\r\n\r\n') + 4)
const statusOf = (response: string): number => Number(response.slice(9, 12))
const pool = (module: NativeModule) => {
  const { size, taken, length, queued, refused } = module.waiting!.pool
  return { size, taken, length, queued, refused }
}

test('sleep: a thousand requests at once, each with its own answer, on connections in order', async (t) => {
  const { connect, module, log } = await started(t, () => 'location / { napping; }', { instances: 40 })
  const clients = await Promise.all(Array.from({ length: 50 }, connect))
  await Promise.all(clients.map(async (client, k) => {
    client.write(Array.from({ length: 20 }, (_, i) => `GET /?${k}-${i} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''))
    for (let i = 0; i < 20; i++) assert.equal((await client.response()).body, `${k}-${i}/49`)
    client.close()
  }))
  const { size, taken, length, refused } = pool(module)
  assert.deepEqual({ size, taken, length, refused }, { size: 40, taken: 0, length: 0, refused: 0 })
  assert.deepEqual(log(), [])
})

test('fetch: requests wait side by side and are answered as the target answers', async (t) => {
  const { get, target, module } = await started(t, () => 'location / { asking; }')
  const answers = ['/a', '/b', '/c'].map((path) => get(path))
  const asked = [await target.next(), await target.next(), await target.next()]
  assert.equal(pool(module).taken, 3)
  for (const one of asked.reverse()) one.answer(200, `for ${one.path}`)
  assert.deepEqual((await Promise.all(answers)).map(bodyOf), ['200 for /a', '200 for /b', '200 for /c'])
  assert.deepEqual(pool(module), { size: 3, taken: 0, length: 0, queued: 0, refused: 0 })
})

test('a call that cannot wait is answered while all instances wait', async (t) => {
  const { get, target } = await started(t, () => 'location /a { asking; } location /p { plainly; }', { instances: 1 })
  const waiting = get('/a')
  const asked = await target.next()
  assert.equal(bodyOf(await get('/p')), 'plain')
  asked.answer(200, 'now')
  assert.equal(bodyOf(await waiting), '200 now')
})

test('pool: past its bound calls queue in order, past the queue they are refused', async (t) => {
  const { connect, target, module, log } = await started(t, () => 'location / { asking; }', { instances: 1, queue: 2 })
  const clients = [await connect(), await connect(), await connect(), await connect()]
  clients[0]!.write('GET /0 HTTP/1.0\r\n\r\n')
  const first = await target.next()
  // One at a time, so that their order is known.
  for (const i of [1, 2]) {
    clients[i]!.write(`GET /${i} HTTP/1.0\r\n\r\n`)
    while (module.waiting!.pool.length < i) await new Promise(setImmediate)
  }
  clients[3]!.write('GET /3 HTTP/1.0\r\n\r\n')
  assert.match(await clients[3]!.rest(), /^HTTP\/1\.1 503 /)
  assert.deepEqual(log(), ['[error] plugin waits is busy: all 1 instances wait and 2 calls are queued (plugin_instances, plugin_queue)'])
  assert.deepEqual(pool(module), { size: 1, taken: 1, length: 2, queued: 2, refused: 1 })
  first.answer(200, 'zero')
  for (const i of [1, 2]) {
    const asked = await target.next()
    assert.equal(asked.path, `/${i}`)
    asked.answer(200, `number ${i}`)
  }
  const bodies = await Promise.all([0, 1, 2].map(async (i) => bodyOf(await clients[i]!.rest())))
  assert.deepEqual(bodies, ['200 zero', '200 number 1', '200 number 2'])
})

test('client gone: the waiting call is given up, its socket closed, its instance put back', async (t) => {
  const { connect, get, target, module, log } = await started(t, () => 'location / { counting; }', { instances: 1 })
  const first = get('/')
  ;(await target.next()).answer(200)
  assert.equal(bodyOf(await first), '1')
  const client = await connect()
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  const asked = await target.next()
  const closed = new Promise((resolve) => asked.socket.once('close', resolve))
  client.close()
  await closed
  while (module.waiting!.pool.taken > 0) await new Promise(setImmediate)
  const again = get('/')
  ;(await target.next()).answer(200)
  // What the call had left in memory is gone with it, and what was there before as well.
  assert.equal(bodyOf(await again), '1')
  assert.deepEqual(log().filter((line) => /plugin/.test(line)).map((line) => line.replace(/ while logging request$/, '')), [
    `[info] the client went away while content handler of "counting" of plugin waits waited for fetch http://127.0.0.1:${target.port}/count`,
  ])
  assert.equal(module.plugin.instance.stats().traps, 0)
})

test('client gone while its call is in the queue: it leaves the queue', async (t) => {
  const { connect, get, target, module } = await started(t, () => 'location / { asking; }', { instances: 1 })
  const first = get('/1')
  const asked = await target.next()
  const client = await connect()
  client.write('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n')
  while (module.waiting!.pool.length < 1) await new Promise(setImmediate)
  client.close()
  while (module.waiting!.pool.length > 0) await new Promise(setImmediate)
  asked.answer(200, 'one')
  assert.equal(bodyOf(await first), '200 one')
  assert.deepEqual(pool(module), { size: 1, taken: 0, length: 0, queued: 1, refused: 0 })
})

test('a trap while others wait: only its own request fails', async (t) => {
  const { get, target, module, log } = await started(t, () => 'location /a { asking; } location /b { breaking; }')
  const good = get('/a')
  const other = await target.next()
  const bad = get('/b')
  ;(await target.next()).answer(200)
  assert.equal(statusOf(await bad), 500)
  other.answer(200, 'fine')
  assert.equal(bodyOf(await good), '200 fine')
  assert.equal(log().length, 1)
  assert.match(log()[0]!, /^\[error\] plugin waits trapped in content handler of "breaking" of location \/b: after the answer \(assembly\/index\.ts:\d+:\d+\)$/)
  assert.deepEqual(pool(module), { size: 2, taken: 0, length: 0, queued: 0, refused: 0 })
  const again = get('/b')
  ;(await target.next()).answer(200)
  assert.equal(statusOf(await again), 500)
})

test('isolation: a worker\'s state goes from request to request, a request\'s own does not', async (t) => {
  for (const [isolation, seen] of [['worker', ['1', '2', '3']], ['request', ['1', '1', '1']]] as const) {
    const { get } = await started(t, () => 'location / { counting; }', { isolation, reply: (asked) => asked.answer(200) })
    assert.deepEqual([bodyOf(await get('/')), bodyOf(await get('/')), bodyOf(await get('/'))], seen)
  }
})

test('fetch: method, headers, body, and what the answer brings; the connection is used again', async (t) => {
  const { get, target } = await started(t, () => 'location / { options; }')
  for (let i = 0; i < 2; i++) {
    const response = get('/')
    const asked = await target.next()
    assert.equal(asked.head, `PUT /options HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\nX-One: 1\r\nx-two: zwei\r\nContent-Length: 7\r\nConnection: keep-alive\r\n`)
    assert.equal(asked.body, 'größe')
    asked.answer(201, 'schön', 'X-Answer: a\r\nx-answer: b\r\n')
    assert.equal(Buffer.from(bodyOf(await response), 'latin1').toString(), '201 true a, b true schön')
  }
  assert.equal(target.connections, 1)
})

test('fetch: large bodies, limits, chunks, redirects', async (t) => {
  const large = 'x'.repeat(3 << 20)
  const { get, target } = await started(t, () => 'location /large { large; } location /limited { limited; } location /moved { moved; } location /chunks { asking; }', {
    reply: (asked) => {
      if (asked.path === '/large') asked.answer(200, large)
      else if (asked.path === '/chunks') asked.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
      else if (asked.path === '/moved') asked.answer(302, '', 'Location: /there\r\n')
      else if (asked.path === '/away') asked.answer(302, '', 'Location: http://127.0.0.2:1/there\r\n')
      else asked.answer(200, `at ${asked.path}`)
    },
  })
  assert.equal(bodyOf(await get('/large')), `${3 << 20} 120`)
  assert.equal(bodyOf(await get('/limited')), `error http://127.0.0.1:${target.port}/large answered with more than 1000 bytes`)
  assert.equal(bodyOf(await get('/chunks')), '200 abcde')
  assert.equal(bodyOf(await get('/moved')), '302 200 at /there plugin "waits" may not connect to 127.0.0.2:1; add "plugin waits { allow net 127.0.0.1:1; }" to the main context'.replace('net 127.0.0.1:1', 'net 127.0.0.2:1'))
})

test('fetch: timeouts, resets, cut bodies and answers that are no HTTP are errors with their reason', async (t) => {
  const { get, target } = await started(t, () => 'location /never { impatient; } location / { asking; }', {
    reply: (asked) => {
      if (asked.path === '/reset') asked.socket.resetAndDestroy()
      else if (asked.path === '/cut') asked.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
      else if (asked.path === '/garbage') asked.socket.end('what?\r\n\r\n')
      else if (asked.path === '/head') asked.socket.write(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(40000)}\r\n\r\n`)
    },
  })
  const url = `http://127.0.0.1:${target.port}`
  assert.equal(bodyOf(await get('/never')), `error ${url}/never timed out after 30 ms`)
  assert.equal(bodyOf(await get('/reset')), `error ${url}/reset closed the connection before its answer was complete`)
  assert.equal(bodyOf(await get('/cut')), `error ${url}/cut closed the connection before its answer was complete`)
  assert.match(bodyOf(await get('/garbage')), /^error http:\/\/127\.0\.0\.1:\d+\/garbage did not answer in HTTP \(.*\)$/)
  assert.equal(bodyOf(await get('/head')), `error ${url}/head answered with a head of more than 32768 bytes`)
})

test('fetch: a kept connection that the target closes is replaced', async (t) => {
  const { get, target } = await started(t, () => 'location / { asking; }')
  const first = get('/1')
  const one = await target.next()
  one.answer(200, 'a')
  assert.equal(bodyOf(await first), '200 a')
  const second = get('/2')
  const two = await target.next()
  two.socket.destroy()
  ;(await target.next()).answer(200, 'b')
  assert.equal(bodyOf(await second), '200 b')
  assert.equal(target.connections, 2)
})

test('fetch: what may not be, and what says so', async (t) => {
  const { get } = await started(t, () => 'location / { wrong; }')
  assert.deepEqual(bodyOf(await get('/')).split('\n'), [
    '"nonsense" is not an absolute URL', '"ftp://a/" is neither http: nor https:', '"http://user@127.0.0.1/" holds a user name',
    'plugin "waits" may not connect to 127.0.0.1:1; add "plugin waits { allow net 127.0.0.1:1; }" to the main context',
    'plugin "waits" may not connect to example.org:443; add "plugin waits { allow net example.org:443; }" to the main context',
    'header "Content-Length" is set by the client itself',
  ])
})

test('waiting in the access phase, then in the content, the header filter and the body filter of one request, then in the log', async (t) => {
  const { get, target, outer, log } = await started(t, (port) => `location / { around http://127.0.0.1:${port} access stamp upper tell; asking; }`, { instances: 2 })
  const response = get('/x')
  const take = async (path: string, status: number, body = ''): Promise<string> => {
    const asked = await target.next()
    assert.equal(asked.path, path)
    asked.answer(status, body)
    return asked.body
  }
  await take('/access?/x', 204)
  await take('/x', 200, 'content')
  await take('/stamp', 200, 'stamped')
  assert.equal(await take('/upper', 200, 'CONTENT'), '200 content')
  const text = await response
  assert.match(text, /\r\nX-Stamp: stamped\r\n/)
  assert.equal(bodyOf(text), '[1 CONTENT]')
  await take('/log?/x', 200)
  await take('/log?again=/x&status=200&agent=probe', 200)
  while (outer.waiting!.pool.taken > 0) await new Promise(setImmediate)
  assert.deepEqual(log(), [])
  assert.equal(pool(outer).size, 2)
})

test('a log handler that waits does not hold the connection, and sees its own request to the end', async (t) => {
  const { connect, target } = await started(t, (port) => `location / { around http://127.0.0.1:${port} tell; return 200 $uri; }`)
  const client = await connect()
  const paths = ['/one', '/two', '/three']
  const held = []
  for (const path of paths) {
    client.write(`GET ${path} HTTP/1.1\r\nHost: h\r\nUser-Agent: agent-of${path}\r\n\r\n`)
    assert.equal((await client.response()).body, path)
    held.push(await target.next())
  }
  assert.deepEqual(held.map((asked) => asked.path), ['/log?/one', '/log?/two', '/log?/three'])
  const again = []
  for (const asked of held) {
    asked.answer(200)
    const next = await target.next()
    again.push(next.path)
    next.answer(200)
  }
  assert.deepEqual(again, paths.map((path) => `/log?again=${path}&status=200&agent=agent-of${path}`))
  client.close()
})

test('a log handler that waits holds a graceful shutdown, not longer than its timeout', async (t) => {
  for (const timeout of [0, 1]) {
    const { get, engine, target } = await started(t, (port) => `location / { around http://127.0.0.1:${port} tell; return 200 ok; }`)
    assert.equal(bodyOf(await get('/x')), 'ok')
    const asked = await target.next()
    const closed = engine.close(true, timeout)
    if (timeout > 0) {
      const gone = new Promise((resolve) => asked.socket.once('close', resolve))
      await closed
      await gone
      continue
    }
    let done = false
    void closed.then(() => { done = true })
    asked.answer(200)
    const again = await target.next()
    assert.equal(done, false)
    again.answer(200)
    await closed
  }
})

test('isolation request: body filters of responses that interleave keep their own state', async (t) => {
  const { connect, target } = await started(t, (port) => `location / { around http://127.0.0.1:${port} upper; return 200 $uri; }`, { isolation: 'request' })
  const clients = [await connect(), await connect()]
  clients[0]!.write('GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  const first = await target.next()
  clients[1]!.write('GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  const second = await target.next()
  assert.deepEqual([first.body, second.body], ['/a', '/b'])
  second.answer(200, '')
  first.answer(200, '')
  assert.match(await clients[0]!.rest(), /\r\n\r\n\[1$/)
  assert.match(await clients[1]!.rest(), /\r\n\r\n\[1$/)
})

test('a waiting call in a cancelled body filter gives its instance back', async (t) => {
  const { connect, get, target, outer } = await started(t, (port) => `location / { around http://127.0.0.1:${port} upper; return 200 $uri; }`, { instances: 1 })
  const client = await connect()
  client.write('GET /a HTTP/1.1\r\nHost: h\r\n\r\n')
  const asked = await target.next()
  const closed = new Promise((resolve) => asked.socket.once('close', resolve))
  // The answer has begun: a client that only ended its side would get the rest of it.
  client.socket.resetAndDestroy()
  await closed
  while (outer.waiting!.pool.taken > 0) await new Promise(setImmediate)
  const again = get('/b')
  ;(await target.next()).answer(200, '')
  assert.equal(bodyOf(await again), '[1')
  while (outer.waiting!.pool.taken > 0) await new Promise(setImmediate)
  assert.equal(pool(outer).size, 1)
})

test('readBody waits for a body that is still on its way, and tells why it cannot be had', async (t) => {
  const { connect } = await started(t, () => 'client_max_body_size 100; location / { both; }')
  const client = await connect()
  client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n')
  await client.until('HTTP/1.1 100 Continue\r\n\r\n')
  client.write('01234')
  client.write('56789')
  assert.equal((await client.response()).body, 'got 10')
  client.write(`POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${(200).toString(16)}\r\n${'x'.repeat(200)}\r\n0\r\n\r\n`)
  assert.equal((await client.response()).status, 413)
  client.close()
})

test('subrequest: status, headers and body of a location of this server', async (t) => {
  const { get } = await started(t, () => 'location /go { inside; } location /part { default_type text/x; return 200 "$arg_q $http_x_part"; } location /missing { return 404; }')
  assert.equal(bodyOf(await get('/go')), '200 text/x 1 yes 404')
})

test('commands that wait, that call each other, and that never end calling', async (t) => {
  const { module, target } = await started(t, () => '', { instances: 1 })
  const context: CallContext = { transport: 'test', caller: 'test' }
  const run = (name: string, params: unknown): unknown => module.commands!.find((c) => c.name === name)!.run(params, context)
  const url = `http://127.0.0.1:${target.port}/rpc`
  const direct = run('waits.ask', [url])
  ;(await target.next()).answer(200, 'answer')
  assert.equal(await direct, 'answer')
  // With one instance the inner call gets one beyond the bound: it would wait for the outer for ever.
  const through = run('waits.through', [url])
  ;(await target.next()).answer(200, 'inner')
  assert.equal(await through, '{"result":"inner"}')
  assert.equal(pool(module).size, 1)
  let value = await run('waits.deep', []) as string
  for (let i = 0; i < 16; i++) value = (JSON.parse(value) as { result: string }).result
  assert.equal(value, '{"error":{"code":-32000,"message":"commands call each other too deeply"}}')
  assert.deepEqual(pool(module), { size: 1, taken: 0, length: 0, queued: 0, refused: 0 })
  await assert.rejects(Promise.resolve(run('waits.ask', ['http://127.0.0.1:1/'])), (e) => e instanceof RpcError &&
    e.message === 'plugin "waits" may not connect to 127.0.0.1:1; add "plugin waits { allow net 127.0.0.1:1; }" to the main context')
})

test('where nothing can wait, a host function that waits is a fault', async (t) => {
  const { get, log } = await started(t, () => 'location / { in_variable; }')
  assert.equal(statusOf(await get('/')), 500)
  const line = '[error] plugin waits trapped in variable $sleeping of location /: it called a host function that waits, ' +
    'where nothing can wait: handlers, header and body filters, log handlers and commands can'
  assert.equal(log()[0]!.replace(/ \([^)]*\)$/, ''), line)
})

test('a plugin by hand: only the function that reaches a waiting import is called so', async (t) => {
  const text = plugin({
    table: ['$naps', '$plain', '$caller', '$other'],
    data: '(data (i32.const 0) "x") (data (i32.const 32) "naps") (data (i32.const 48) "plain") (data (i32.const 64) "called") (data (i32.const 80) "other")',
    functions: `
      (type $handler (func (param i32 i32 i32) (result i32)))
      (func $deep (call $sleep (f64.const 1)))
      (func $naps (type $handler) (call $deep) (i32.const 204))
      (func $plain (type $handler) (i32.const 204))
      (func $caller (type $handler) (call_indirect (type $handler) (i32.const 0) (local.get 1) (local.get 2) (local.get 0)))
      (func $other (type $handler) (call_indirect (type $handler) (i32.const 0) (local.get 1) (local.get 2) (i32.const 1)))`,
    register: [['32', '4', '0', '0'], ['48', '5', '1', '0'], ['64', '6', '2', '1'], ['80', '5', '3', '0']].map(([at, length, f, data]) =>
      `(call $content (call $directive (i32.const ${at}) (i32.const ${length}) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const -1) (i32.const 0)) (i32.const ${f}) (i32.const ${data}) (i32.const 0))`).join('\n'),
  })
  const module = load(text)
  // `other` calls through the table with an index of its own: any function of the type may be meant.
  assert.deepEqual(module.plugin.instance.functions.map((f) => f.waits), [true, false, false, true])
  const server = await serve(t, 'location /n { naps; } location /p { plain; } location /c { called; } location /o { other; }', [module])
  for (const path of ['/n', '/p', '/c', '/o']) assert.match(await server.raw(`GET ${path} HTTP/1.0\r\n\r\n`), /^HTTP\/1\.1 204 /, path)
  assert.deepEqual(server.log(), [])
})
