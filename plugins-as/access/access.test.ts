import { test } from 'node:test'
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { ConfError, plugin } from '../../sdk/test-kit/kit.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const file = fileURLToPath(new URL('../../build/plugins/access.wasm', import.meta.url))

/** Statuses of requests from these addresses. */
async function statuses(conf: string, ...from: string[]): Promise<number[]> {
  const access = await plugin(file, conf)
  const found: number[] = []
  for (const address of from) found.push((await access.get('/', { from: address })).status)
  return found
}

test('the first rule that fits decides; nothing that fits is allowed', async () => {
  assert.deepEqual(await statuses('deny 10.1.1.1; allow 10.1.0.0/16; deny 10.0.0.0/8;', '10.1.1.1', '10.1.2.3', '10.2.3.4', '127.0.0.1'), [403, 200, 403, 200])
})

test('deny all', async () => {
  assert.deepEqual(await statuses('allow 127.0.0.1; deny all;', '127.0.0.1', '127.0.0.2', '::1'), [200, 403, 403])
})

test('IPv6 networks', async () => {
  assert.deepEqual(await statuses('allow 2001:db8::/32; deny ::/0;', '2001:db8::1', '2001:db9::1', '10.0.0.1'), [200, 403, 200])
})

test('an IPv4 network holds mapped addresses', async () => {
  assert.deepEqual(await statuses('deny 10.0.0.0/8;', '::ffff:10.0.0.1', '::ffff:a00:1', '::ffff:11.0.0.1'), [403, 403, 200])
})

test('unix: is for unix sockets only', async () => {
  assert.deepEqual(await statuses('deny unix:;', '127.0.0.1', '::1'), [200, 200])
})

test('a place with rules of its own inherits none', async () => {
  const access = await plugin(file, 'deny all; location /in { test_ok; } location /own { allow 10.0.0.0/8; test_ok; }')
  assert.equal((await access.get('/in')).status, 403)
  assert.equal((await access.get('/own')).status, 200)
})

test('limit_except has rules for the other methods', async () => {
  const access = await plugin(file, 'location / { limit_except GET { deny all; } test_ok; }')
  assert.equal((await access.get('/')).status, 200)
  assert.equal((await access.get('/', { method: 'DELETE' })).status, 403)
})

test('a refusal is logged as nginx logs it', async () => {
  const access = await plugin(file, 'deny all;')
  await access.get('/x')
  assert.deepEqual(access.log, [
    '[error] access forbidden by rule, client: 127.0.0.1, server: , request: "GET /x HTTP/1.1", host: "localhost"',
  ])
})

test('satisfy any: a refusal is the engine\'s to log', async () => {
  const access = await plugin(file, 'satisfy any; deny all;')
  assert.equal((await access.get('/')).status, 403)
  assert.deepEqual(access.log.map((line) => line.replace(/, client.*/, '')), ['[error] access forbidden by rule'])
})

test('low address bits are warned of', async () => {
  const access = await plugin(file, 'deny 127.0.0.1/8;')
  assert.deepEqual(access.log, ['[warn] low address bits of 127.0.0.1/8 are meaningless'])
  assert.equal((await access.get('/', { from: '127.9.9.9' })).status, 403)
})

for (const [conf, message] of [
  ['deny foo;', 'invalid parameter "foo"'],
  ['allow 10.0.0.0/33;', 'invalid parameter "10.0.0.0/33"'],
  ['allow ::/129;', 'invalid parameter "::/129"'],
  ['allow;', 'invalid number of arguments in "allow" directive'],
  ['allow a b;', 'invalid number of arguments in "allow" directive'],
]) {
  test(`refused: ${conf}`, async () => {
    await assert.rejects(plugin(file, conf), (e) => e instanceof ConfError && e.message === message)
  })
}

test('the folder builds', async () => {
  assert.equal((await (await plugin(folder, 'deny all;')).get('/')).status, 403)
})
