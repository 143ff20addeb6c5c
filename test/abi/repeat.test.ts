/** `repeat`: what a plugin promises to do again is not asked of it again, and nothing else is taken for granted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { PluginSettings } from '../../host/wasm/limits/settings.ts'
import { load, plugin, serve } from './kit.ts'

const data = '(data (i32.const 0) "X-Asked0no\\00")'

/** Adds the line `X-Asked: N`, where N is how often `$asked` was counted up so far. */
const addLine = `(i32.store8 (i32.const 7) (i32.add (i32.const 48) (global.get $asked)))
  (drop (call $response_header_set (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 1) (i32.const 1)))`
const count = '(global.set $asked (i32.add (global.get $asked) (i32.const 1)))'

/** A plugin whose handler of the access phase does `body`, and whose header filter tells how often it was called. */
const access = (body: string, settings: Partial<PluginSettings> = {}) => load(plugin({
  data, globals: '(global $asked (mut i32) (i32.const 0))', table: ['$f', '$h'],
  functions: `(func $f (param i32 i32 i32) (result i32) ${count} ${body}) (func $h (param i32 i32 i32) (result i32) ${addLine} (i32.const 1))`,
  register: '(call $phase (i32.const 6) (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 0)) (call $header_filter (i32.const -1) (i32.const 1) (i32.const 0))',
}), 'probe', {}, settings)

/** A plugin whose header filter counts its calls, tells it, and does `body`. */
const filter = (body: string) => load(plugin({
  data, globals: '(global $asked (mut i32) (i32.const 0))', table: ['$h'],
  functions: `(func $h (param i32 i32 i32) (result i32) ${count} ${addLine} ${body})`,
  register: '(call $header_filter (i32.const -1) (i32.const 0) (i32.const 0))',
}))

/** Nothing is there: `return` would answer before the access phase. */
const places = 'set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; location /a { } location /b { }'
const answers = 'location /a { return 200 a; } location /b { return 200 b; location /b/n { return 404; } }'

/** What `X-Asked` says in the answers to requests that are sent on one connection. */
async function asked(t: TestContext, conf: string, module: ReturnType<typeof load>, ...connections: string[][]): Promise<string[][]> {
  const server = await serve(t, conf, [module])
  const all: string[][] = []
  for (const requests of connections) {
    const text = await server.raw(requests.map((line, i) => {
      const [path, from] = line.split(' ')
      return `GET ${path} HTTP/1.1\r\nHost: h\r\n${from === undefined ? '' : `X-Real-IP: ${from}\r\n`}${i === requests.length - 1 ? 'Connection: close\r\n' : ''}\r\n`
    }).join(''))
    all.push([...text.matchAll(/^X-Asked: (.*)\r$/gm)].map((m) => m[1]!))
  }
  return all
}

for (const verdict of [1, 2]) {
  test(`a phase handler that promises verdict ${verdict} is asked once per connection, place and address`, async (t) => {
    const once = access(`(call $repeat) (i32.const ${verdict})`)
    assert.deepEqual(await asked(t, places, once, ['/a', '/a', '/b', '/a', '/b'], ['/a', '/a 10.0.0.1', '/a', '/a 10.0.0.1', '/a 10.0.0.2']), [
      ['1', '1', '2', '2', '2'], ['3', '4', '4', '4', '5'],
    ])
  })
}

test('a phase handler that promises nothing, or refuses, is asked each time', async (t) => {
  assert.deepEqual(await asked(t, places, access('(i32.const 2)'), ['/a', '/a', '/a']), [['1', '2', '3']])
  assert.deepEqual(await asked(t, places, access('(call $repeat) (i32.const 403)'), ['/a', '/a', '/a']), [['1', '2', '3']])
})

test('of one connection eight verdicts are kept', async (t) => {
  const addresses = Array.from({ length: 9 }, (_, i) => `/a 10.0.0.${i}`)
  const [told] = await asked(t, places, access('(call $repeat) (i32.const 2)'), [...addresses.slice(0, 8), addresses[0]!])
  assert.deepEqual(told, ['1', '2', '3', '4', '5', '6', '7', '8', '8'])
})

test('a header filter that promises its lines is called once per place and status', async (t) => {
  const once = filter('(call $repeat) (i32.const 1)')
  assert.deepEqual(await asked(t, answers, once, ['/a', '/a', '/b', '/b/n', '/b', '/b/n'], ['/a']), [['1', '1', '2', '3', '2', '3'], ['1']])
})

test('a header filter that promises nothing is called each time', async (t) => {
  assert.deepEqual(await asked(t, answers, filter('(i32.const 1)'), ['/a', '/a']), [['1', '2']])
})

test('a reply behind the promise is a fault', async (t) => {
  const both = access('(call $repeat) (call $reply (i32.const 200) (i32.const 8) (i32.const 2) (i32.const 8) (i32.const 2)) (i32.const 1)')
  const server = await serve(t, places, [both])
  assert.match(await server.raw('GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 500 /)
  assert.deepEqual(server.log(), ['[error] plugin probe trapped in phase access of location /a: it called reply after repeat'])
})

test('it may be called in handlers and header filters only', () => {
  assert.throws(() => load(plugin({ register: '(call $repeat)' })), /it called repeat, which may not be called in registration/)
})

test('where the configuration takes no promises, the plugin is called each time', async (t) => {
  assert.deepEqual(await asked(t, places, access('(call $repeat) (i32.const 2)', { repeat: false }), ['/a', '/a', '/a']), [['1', '2', '3']])
})

test('in quarantine nothing that was promised is used', async (t) => {
  // Whoever is asked second fails, and the first fault ends in quarantine.
  const body = '(if (i32.eq (global.get $asked) (i32.const 2)) (then (unreachable))) (call $repeat) (i32.const 2)'
  const server = await serve(t, places, [access(body, { faults: { count: 0, period: 60_000 } })])
  const client = await server.connect()
  const status = async (): Promise<number> => {
    client.write('GET /a HTTP/1.1\r\nHost: h\r\n\r\n')
    return (await client.response()).status
  }
  assert.deepEqual([await status(), await status()], [404, 404])
  await server.raw('GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
  assert.equal(await status(), 503)
})
