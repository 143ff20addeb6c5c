/** plugins-as/jsonrpcs: JSON-RPC 2.0 over HTTP; the examples and errors of the specification (https://www.jsonrpc.org/specification). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'
import { assertMistakes } from './mistakes.ts'
import type { Server } from './kit.ts'

const conf = `worker_processes 2; http { access_log off; server { listen 127.0.0.1:<port>; client_max_body_size 64k;
  location = /rpc { jsonrpcs; jsonrpcs_batch 3; }
  location = /free { jsonrpcs; jsonrpcs_batch 0; jsonrpcs_write on; }
} }`

const json = { 'Content-Type': 'application/json' }
const version = `vespid 0.1.0 (${process.arch}/${process.platform})`

/** Posts a text; the answer's status and its JSON. */
async function post(server: Server, document: string, path = '/rpc'): Promise<[number, any]> {
  const answer = await server.request('POST', path, json, Buffer.from(document))
  if (answer.status === 200) assert.equal(answer.header('content-type'), 'application/json')
  return [answer.status, answer.body === '' ? null : JSON.parse(Buffer.from(answer.body, 'latin1').toString())]
}

test('one call: answered by this thread, by the master, by name and by position', async (t) => {
  const server = await start(t, conf)
  assert.deepEqual(await post(server, '{"jsonrpc":"2.0","method":"core.version","id":1}'), [200, { jsonrpc: '2.0', result: version, id: 1 }])
  const [status, uptime] = await post(server, '{"jsonrpc":"2.0","method":"core.uptime","id":"é"}')
  assert.deepEqual([status, uptime.id, typeof uptime.result.uptime], [200, 'é', 'number'])
  const usage = 'core.version: the name and version of the server'
  for (const params of ['["core.version"]', '{"command":"core.version"}']) {
    const [, { result }] = await post(server, `{"jsonrpc":"2.0","method":"system.methodHelp","params":${params},"id":null}`)
    assert.equal(result, usage)
  }
  const wide = await server.request('POST', '/rpc', json, '{"jsonrpc":"2.0","method":"core.version","id":12345678901234567890}')
  assert.equal(wide.body, `{"jsonrpc":"2.0","result":"${version}","id":12345678901234567890}`)
})

test('every error of the specification', async (t) => {
  const server = await start(t, conf)
  const error = (code: number, message: string, id: unknown = null, data?: unknown) =>
    [200, { jsonrpc: '2.0', error: data === undefined ? { code, message } : { code, message, data }, id }]
  const parse = error(-32700, 'Parse error')
  const invalid = error(-32600, 'Invalid Request')
  assert.deepEqual(await post(server, '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]'), parse)
  assert.deepEqual(await post(server, ''), parse)
  assert.deepEqual(await post(server, '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]'), parse)
  assert.deepEqual(await post(server, '{"jsonrpc": "2.0", "method": 1, "params": "bar"}'), invalid)
  assert.deepEqual(await post(server, '{"method":"core.version","id":1}'), error(-32600, 'Invalid Request', 1))
  assert.deepEqual(await post(server, '[]'), invalid)
  assert.deepEqual(await post(server, '"text"'), invalid)
  assert.deepEqual(await post(server, '[1]'), [200, [invalid[1]]])
  assert.deepEqual(await post(server, '[1,2,3]'), [200, [invalid[1], invalid[1], invalid[1]]])
  assert.deepEqual(await post(server, '{"jsonrpc":"2.0","method":"core.versoin","id":"1"}'),
    error(-32601, 'Method not found', '1', { suggestion: 'core.version' }))
  assert.deepEqual(await post(server, '{"jsonrpc":"2.0","method":"plugin.show","id":2}'),
    error(-32602, 'parameter "name" is missing', 2, { usage: 'plugin.show NAME: what a plugin registers' }))
  assert.deepEqual(await post(server, '{"jsonrpc":"2.0","method":"core.version","params":"bar","id":3}'), error(-32600, 'Invalid Request', 3))
  const invalidBytes = await server.request('POST', '/rpc', json, Buffer.from([0x22, 0xff, 0x22]))
  assert.equal(invalidBytes.body, '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}')
})

test('notifications are not answered; a batch is answered in order, and has a bound', async (t) => {
  const server = await start(t, conf)
  const call = (id: number, method = 'core.version') => `{"jsonrpc":"2.0","method":"${method}","id":${id}}`
  const notification = '{"jsonrpc":"2.0","method":"core.version"}'
  const silent = await server.request('POST', '/rpc', json, notification)
  assert.deepEqual([silent.status, silent.body, silent.header('content-length')], [204, '', null])
  assert.equal((await server.request('POST', '/rpc', json, `[${notification},${notification}]`)).status, 204)
  assert.equal((await server.request('POST', '/rpc', json, '{"jsonrpc":"2.0","method":"no.such"}')).status, 204)
  const [, answers] = await post(server, `[${call(1, 'core.uptime')},${notification},${call(2)}]`)
  assert.deepEqual(answers.map((answer: any) => answer.id), [1, 2])
  assert.deepEqual(await post(server, `[${call(1)},${call(2)},${call(3)},${call(4)}]`), [200, {
    jsonrpc: '2.0', error: { code: -32600, message: 'Invalid Request', data: { note: 'a batch may hold at most 3 calls, not 4' } }, id: null,
  }])
  const [, many] = await post(server, `[${Array.from({ length: 500 }, (_, i) => call(i)).join(',')}]`, '/free')
  assert.equal(many.length, 500)
})

test('commands that change the server need jsonrpcs_write', async (t) => {
  const server = await start(t, conf)
  const reload = '{"jsonrpc":"2.0","method":"core.reload","id":1}'
  assert.deepEqual(await post(server, reload), [200, {
    jsonrpc: '2.0', id: 1, error: {
      code: -32000, message: 'command "core.reload" changes the server and may not be called here',
      data: { note: '"jsonrpcs_write on;" in this location allows it; "vespid rpc" may always call it' },
    },
  }])
  assert.equal((await post(server, '{"jsonrpc":"2.0","method":"core.reload"}'))[0], 204)
  assert.equal((await server.rpc('worker.list')).result[0].cycle, 1)
  const [, answer] = await post(server, reload, '/free')
  assert.equal(answer.result.configuration, 2)
  assert.equal((await server.rpc('worker.list')).result[0].cycle, 2)
})

test('only POST; bodies have a bound; web pages of other sites cannot call', async (t) => {
  const server = await start(t, conf)
  const get = await server.get('/rpc')
  assert.deepEqual([get.status, get.header('allow')], [405, 'POST'])
  assert.equal(get.body, 'This is a JSON-RPC 2.0 endpoint: send calls with POST, for example\n\n' +
    '  curl -H \'Content-Type: application/json\' -d \'{"jsonrpc":"2.0","method":"system.listMethods","id":1}\' http://localhost/rpc\n')
  const preflight = await server.request('OPTIONS', '/rpc', { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' })
  assert.deepEqual([preflight.status, preflight.header('access-control-allow-origin')], [405, null])
  assert.equal((await server.request('POST', '/rpc', json, 'x'.repeat(70000))).status, 413)
  const call = '{"jsonrpc":"2.0","method":"core.version","id":1}'
  const status = async (headers: Record<string, string>) => (await server.request('POST', '/rpc', headers, call)).status
  assert.equal(await status({}), 200)
  assert.equal(await status({ 'Content-Type': 'application/x-www-form-urlencoded' }), 200)
  assert.equal(await status({ 'Content-Type': 'text/plain', 'Origin': 'http://evil.example' }), 415)
  assert.equal(await status({ 'Origin': 'null' }), 415)
  assert.equal(await status({ 'Content-Type': 'text/plain', 'Sec-Fetch-Site': 'cross-site' }), 415)
  assert.equal(await status({ 'Content-Type': 'text/plain', 'Referer': 'http://evil.example/' }), 415)
  assert.equal(await status({ 'Content-Type': 'text/plain', 'Origin': 'http://localhost' }), 200)
  assert.equal(await status({ 'Content-Type': 'text/plain', 'Sec-Fetch-Site': 'same-origin', 'Origin': 'http://localhost' }), 200)
  assert.equal(await status({ 'Content-Type': 'Application/JSON; charset=utf-8', 'Origin': 'http://localhost' }), 200)
  assert.equal(await status({ 'Content-Type': 'application/vnd.api+json', 'Origin': 'http://localhost' }), 200)
})

test('a body that comes in pieces, in chunks, or past the buffer', async (t) => {
  const server = await start(t, conf.replace('client_max_body_size 64k', 'client_max_body_size 64k; client_body_buffer_size 1k'))
  const call = `{"jsonrpc":"2.0","method":"core.version","id":1${' '.repeat(4000)}}`
  assert.deepEqual(await post(server, call), [200, { jsonrpc: '2.0', result: version, id: 1 }])
  const client = await server.connect()
  client.write(`POST /rpc HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n14\r\n{"jsonrpc":"2.0","me\r\n`)
  client.write('1a\r\nthod":"core.uptime","id":7\r\n1\r\n}\r\n0\r\n\r\n')
  assert.match(await client.rest(), /^HTTP\/1\.1 200 OK\r\n[^]*"id":7\}$/)
})

test('mistakes', async (t) => {
  await assertMistakes(t, [
    ['jsonrpcs_write yes;', 'invalid value "yes" in "jsonrpcs_write" directive, it must be "on" or "off"'],
    ['jsonrpcs_write on; jsonrpcs_write off;', '"jsonrpcs_write" directive is duplicate'],
    ['jsonrpcs_batch some;', 'invalid number "some" in "jsonrpcs_batch" directive, it must be between 0 and 1000000'],
    ['jsonrpcs;', '"jsonrpcs" directive is not allowed here'],
  ])
})
