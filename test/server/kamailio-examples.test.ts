/** examples/kamailio/: each file starts as it is (but for its ports and paths) and does what its README says. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from './kit.ts'
import type { Server, Test } from './kit.ts'
import { startScript } from './kamailio-kit.ts'

const examples = join(import.meta.dirname, '../../examples/kamailio')

async function example(t: Test, name: string, change: (text: string) => string = (text) => text): Promise<Server> {
  const text = readFileSync(join(examples, `${name}.cfg`), 'utf8')
  return startScript(t, change(text.replaceAll('127.0.0.1:8080', '127.0.0.1:<port>')))
}

/** What a client gets: by POST when there is a body. */
async function ask(server: Server, path: string, body?: string): Promise<{ status: number, body: string, headers: Headers }> {
  const answer = await fetch(`http://127.0.0.1:${server.port()}${path}`, body === undefined ? {} : { method: 'POST', body })
  return { status: answer.status, body: await answer.text(), headers: answer.headers }
}

const call = (method: string, params: readonly unknown[] = []): string => JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 })

test('every file is tried here and named in the README', () => {
  const files = readdirSync(examples).filter((name) => name.endsWith('.cfg')).sort()
  assert.deepEqual(files, ['jsonrpc-http.cfg', 'jsonrpc-sockets.cfg', 'microhttpd.cfg', 'registrar.cfg', 'xhttp.cfg', 'xhttp_prom.cfg', 'xhttp_rpc.cfg'])
  const readme = readFileSync(join(examples, 'README.md'), 'utf8')
  for (const file of files) assert.ok(readme.includes(`(${file})`), file)
})

test('jsonrpc-http', async (t) => {
  const server = await example(t, 'jsonrpc-http')
  const { status, body } = await ask(server, '/RPC', call('jsonrpc.echo', ['a']))
  assert.deepEqual([status, body], [200, '{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["a"],\n\t"id":\t1\n}'])
  assert.equal((await ask(server, '/x')).body, '<html><body>Wrong URL /x</body></html>')
})

test('xhttp', async (t) => {
  const server = await example(t, 'xhttp')
  const hello = await ask(server, '/api/hello?name=you')
  assert.deepEqual([hello.body, hello.headers.get('cache-control')], ['hello you\n', 'no-store'])
  assert.equal((await ask(server, '/api/visits')).body, '{"visits": 2}\n')
  assert.equal((await ask(server, '/api/none')).body, 'there is no /api/none\n')
})

test('xhttp_rpc', async (t) => {
  const server = await example(t, 'xhttp_rpc')
  const page = await ask(server, '/http_rpc/core/core.version')
  assert.equal(page.status, 200)
  assert.match(page.body, /core\.version/)
  assert.equal((await ask(server, '/other')).body, '<html><body>Wrong URL /other</body></html>')
})

test('xhttp_prom', async (t) => {
  const server = await example(t, 'xhttp_prom')
  assert.equal((await ask(server, '/')).body, 'counted\n')
  const { body } = await ask(server, '/metrics')
  assert.match(body, /^kamailio_requests\{method="GET"\} 1 \d+$/m)
  assert.match(body, /^kamailio_core_rcv_requests \d+ \d+$/m)
})

test('microhttpd', async (t) => {
  const port = await freePort()
  const server = await example(t, 'microhttpd', (text) => text.replaceAll('8284', String(port)))
  const answer = await fetch(`http://127.0.0.1:${port}/path`, { method: 'POST', body: 'some data' })
  assert.equal(await answer.text(), '<html><body>OK</body></html>')
  assert.match(server.stderr, /request: POST - url: \/path - data: \[some data\]/)
})

test('jsonrpc-sockets over UDP instead of a file in /tmp', async (t) => {
  const port = await freePort()
  await example(t, 'jsonrpc-sockets', (text) => text.replaceAll('/tmp/', '<prefix>/').replace('tcp:127.0.0.1:8081', `tcp:127.0.0.1:${port}`)
    .replace('<prefix>/vespid_rpc.sock', `udp:127.0.0.1:${port}`))
  const client = createSocket('udp4')
  t.after(() => client.close())
  client.send(call('jsonrpc.echo', ['b']), port, '127.0.0.1')
  const [reply] = await once(client, 'message') as [Buffer]
  assert.deepEqual(JSON.parse(reply.toString()), { jsonrpc: '2.0', result: ['b'], id: 1 })
})

test('registrar: a registered user is counted over HTTP', async (t) => {
  const sip = await freePort()
  const server = await example(t, 'registrar', (text) => text.replaceAll('5060', String(sip)))
  const client = createSocket('udp4')
  t.after(() => client.close())
  client.bind(0, '127.0.0.1')
  await once(client, 'listening')
  const { port } = client.address()
  client.send(`REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK1\r\nFrom: <sip:alice@127.0.0.1>;tag=1\r\n` +
    `To: <sip:alice@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContact: <sip:alice@127.0.0.1:${port}>\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n`, sip, '127.0.0.1')
  const [reply] = await once(client, 'message') as [Buffer]
  assert.match(reply.toString(), /^SIP\/2\.0 200 OK\r\n/)
  const { body } = await ask(server, '/RPC', call('stats.get_statistics', ['registered_users']))
  assert.deepEqual(JSON.parse(body), { jsonrpc: '2.0', result: ['usrloc:registered_users = 1'], id: 1 })
})
