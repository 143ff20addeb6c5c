/** examples/: each builds, runs as it is (but for its port), and does what its README says. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { builtPlugin } from '../built.ts'
import { run, site, start } from './kit.ts'
import type { Server, Test } from './kit.ts'

const examples = join(import.meta.dirname, '../../examples')

/** Builds an example in a directory of its own and starts it with its own configuration. */
async function example(t: Test, name: string): Promise<Server> {
  const place = site(t)
  cpSync(join(examples, name), place.prefix, { recursive: true, filter: (path) => !path.endsWith('/build') })
  await builtPlugin(place.prefix, `${place.prefix}/build/${name}.wasm`)
  const conf = readFileSync(join(examples, name, 'vespid.conf'), 'utf8')
  assert.match(conf, /listen 127\.0\.0\.1:8080;/)
  return start(t, conf.replaceAll('127.0.0.1:8080', '127.0.0.1:<port>').replace('build/vespid.pid', 'vespid.pid'), { site: place })
}

test('every example has a source, a configuration and a README, and is tried here', () => {
  const names = readdirSync(examples).filter((name) => name !== 'kamailio').sort()
  assert.deepEqual(names, ['api_key', 'ban', 'censor', 'counter', 'demo', 'fetch', 'filters', 'hello', 'stamp', 'visitor'])
  for (const name of names) for (const file of ['vespid.conf', 'README.md']) assert.ok(existsSync(join(examples, name, file)), `${name}/${file}`)
})

test('a folder made from an example serves as it is; one made from hello has a directive of its own name', async (t) => {
  const place = site(t)
  for (const [name, from] of [['greet', 'hello'], ['guard', 'api_key'], ['tally', 'counter']] as const) {
    const made = await run(place, ['new', name, '--from', from])
    assert.deepEqual([made.code, made.stderr], [0, ''])
    assert.equal((await run(place, ['build', name])).code, 0)
    const tested = await run(place, ['-p', `<prefix>/${name}`, '-c', 'vespid.conf', '-t'])
    assert.equal(tested.code, 0, tested.stderr)
  }
  assert.match(place.read('greet/vespid.conf'), /location \/ \{ greet; \}/)
  assert.match(place.read('guard/vespid.conf'), /api_key demo-key-1;/)
  assert.match(place.read('tally/vespid.conf'), /^plugin tally \{ allow zone hits; \}$/m)
})

test('hello', async (t) => {
  const server = await example(t, 'hello')
  assert.equal((await server.get('/world')).body, 'hello from /world\n')
})

test('api_key', async (t) => {
  const server = await example(t, 'api_key')
  const ask = async (path: string, key: string) => {
    const { status, body } = await server.get(path, key === '' ? {} : { 'X-Api-Key': key })
    return status === 200 ? body : status
  }
  assert.equal(await ask('/', ''), 401)
  assert.equal(await ask('/', 'demo-key-3'), 401)
  assert.equal(await ask('/', 'demo-key-1'), 'hello from /\n')
  assert.equal(await ask('/', 'demo-key-2'), 'hello from /\n')
  assert.equal(await ask('/admin', 'demo-key-1'), 401)
  assert.equal(await ask('/admin', 'only-for-admins'), 'hello from /admin\n')
})

test('ban', async (t) => {
  const server = await example(t, 'ban')
  const list = async () => JSON.parse((await server.request('POST', '/rpc', {}, '{"jsonrpc":"2.0","method":"ban.list","id":1}')).body).result
  assert.deepEqual(await list(), [])
  assert.equal((await server.rpc('ban.add', '10.0.0.0/8')).result, 1)
  assert.deepEqual(await list(), ['10.0.0.0/8'])
  assert.equal((await server.rpc('ban.add', '127.0.0.1')).result, 2)
  assert.equal((await server.get('/')).status, 403)
  assert.deepEqual((await server.rpc('ban.add', 'nobody')).error, {
    code: -32602, message: '"nobody" is no address or network', data: { usage: 'ban.add NETWORK: refuse requests from an address or network' },
  })
  assert.equal((await server.rpc('ban.remove', '127.0.0.1')).result, 1)
  assert.equal((await server.get('/')).body, 'hello from /\n')
  assert.equal((await server.rpc('ban.remove', '127.0.0.1')).error?.message, '"127.0.0.1" is not banned')
})

test('stamp', async (t) => {
  const server = await example(t, 'stamp')
  assert.match((await server.get('/')).header('x-stamp')!, /^GET \/ at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/)
  assert.match((await server.get('/missing')).header('x-stamp')!, /^GET \/missing at /)
  assert.equal((await server.get('/other')).header('x-stamp'), 'none')
})

test('filters', async (t) => {
  const server = await example(t, 'filters')
  const poem = '2 lines\nroses are red\nviolets are blue\n'
  const whole = await server.get('/poem.txt')
  assert.deepEqual([whole.body, whole.header('content-length')], [poem, String(poem.length)])
  assert.equal((await server.get('/poem.txt', { Range: 'bytes=0-4' })).body, poem)
  assert.equal((await server.get('/poem.txt?loud')).body, poem.toUpperCase())
  assert.equal((await server.get('/missing')).status, 404)
  assert.equal((await server.request('POST', '/echo', {}, 'one\x07two')).body, '1 lines\nonetwo\n')
})

test('censor', async (t) => {
  const server = await example(t, 'censor')
  const answer = await server.get('/')
  assert.equal(answer.body, 'the xxxxxx word is xxxxxx\n')
  assert.equal((await server.get('/open')).body, 'the secret word is open\n')
})

test('visitor', async (t) => {
  const server = await example(t, 'visitor')
  assert.equal((await server.get('/', { 'User-Agent': 'curl/8', 'Cookie': 'theme=dark', 'Accept-Language': 'de-DE,en' })).body,
    'device tool, language de, theme dark\n')
  assert.equal((await server.get('/page', { 'Accept-Language': 'fr' })).body, 'bienvenue\n')
  assert.equal((await server.get('/page')).body, 'welcome\n')
  assert.equal((await server.get('/page', { 'User-Agent': 'somebot' })).status, 403)
})

test('fetch', async (t) => {
  const server = await example(t, 'fetch')
  assert.equal((await server.get('/weather/rome')).body, 'rome: sun, 24.5 degrees\n')
  assert.equal((await server.get('/weather/berlin')).body, 'berlin: rain, 9 degrees\n')
  assert.equal((await server.get('/weather/atlantis')).status, 404)
})

test('counter', async (t) => {
  const server = await example(t, 'counter')
  for (let n = 1; n <= 20; n++) assert.equal((await server.get('/')).body, `request ${n} from 127.0.0.1\n`)
  assert.equal((await server.get('/hits')).body, '20\n')
  assert.deepEqual((await server.rpc('counter.addresses')).result, '127.0.0.1')
  assert.equal((await server.rpc('zone.get', 'hits', '127.0.0.1')).result, '20')
  assert.equal((await server.reload()).code, 0)
  assert.equal((await server.get('/')).body, 'request 21 from 127.0.0.1\n')
  assert.equal((await server.rpc('counter.reset', '127.0.0.1')).result, 'reset')
  assert.equal((await server.rpc('counter.reset', '127.0.0.1')).error?.message, '"127.0.0.1" has not been counted')
  assert.equal((await server.get('/')).body, 'request 1 from 127.0.0.1\n')
})
