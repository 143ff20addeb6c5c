/** examples/kamailio/: each file starts as it is (but for its ports and paths) and does what its README says. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { skipWithout } from '../programs.ts'
import { freePort, site, startScript } from './kit.ts'
import type { Server, StartOptions, Test } from './kit.ts'
import { look, sample, send, utf8 } from './xhttp-pi-kit.ts'

const examples = join(import.meta.dirname, '../../examples/kamailio')

async function example(t: Test, name: string, change: (text: string) => string = (text) => text, options: StartOptions = {}): Promise<Server> {
  const text = readFileSync(join(examples, `${name}.cfg`), 'utf8')
  return startScript(t, change(text.replaceAll('127.0.0.1:8080', '127.0.0.1:<port>')), options)
}

/** What a client gets: by POST when there is a body. */
async function ask(server: Server, path: string, body?: string): Promise<{ status: number, body: string, headers: Headers }> {
  const answer = await fetch(`http://127.0.0.1:${server.port()}${path}`, body === undefined ? {} : { method: 'POST', body })
  return { status: answer.status, body: await answer.text(), headers: answer.headers }
}

const call = (method: string, params: readonly unknown[] = []): string => JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 })

test('every file is tried here and named in the README', () => {
  const files = readdirSync(examples).filter((name) => name.endsWith('.cfg')).sort()
  assert.deepEqual(files, ['jsonrpc-http.cfg', 'jsonrpc-sockets.cfg', 'microhttpd.cfg', 'registrar.cfg', 'xhttp.cfg', 'xhttp_pi.cfg', 'xhttp_prom.cfg', 'xhttp_rpc.cfg'])
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

/** xhttp_pi.cfg with a framework, its database's URL replaced, and an SQLite database that pi_tables.sql has made. */
async function pages(t: Test, framework: string): Promise<Server> {
  const place = site(t)
  const database = new DatabaseSync(join(place.prefix, 'pi.db'))
  database.exec(readFileSync(join(examples, 'pi_tables.sql'), 'utf8'))
  database.close()
  const files = { 'framework.xml': framework.replace(/(<db_url id="\w+">)[^<]*/, '$1sqlite:///<prefix>/pi.db') }
  return example(t, 'xhttp_pi', (text) => text.replace('examples/kamailio/pi_framework.xml', 'framework.xml'), { site: place, files })
}

async function shown(server: Server, path: string): Promise<readonly string[]> {
  return look(utf8((await server.get(path)).body)).cells!
}

test('xhttp_pi', async (t) => {
  const server = await pages(t, readFileSync(join(examples, 'pi_framework.xml'), 'utf8'))
  assert.deepEqual(look((await server.get('/pi')).body).mods, ['dispatcher'])
  assert.equal((await server.get('/x')).body, '<html><body>Wrong URL /x</body></html>')
  const added = await send(server, '/pi/dispatcher/add', { a: '1', b: 'sip:192.0.2.1:5060', c: '8', d: '0', e: 'first' })
  assert.deepEqual(look(added.body).cells, ['Record successfully added to db.'])
  assert.deepEqual((await shown(server, '/pi/dispatcher/show?cmd=on')).slice(6), ['1', '1', 'sip:192.0.2.1:5060', '8', '0', 'first'])
  assert.equal((await send(server, '/pi/dispatcher/change', { 0: '1', a: 'sip:192.0.2.2', b: 'moved' })).status, 200)
  assert.deepEqual((await shown(server, '/pi/dispatcher/show_set?cmd=on&0=1')).slice(2), ['sip:192.0.2.2', 'moved'])
  assert.equal((await send(server, '/pi/dispatcher/delete', { 0: '1' })).status, 200)
  assert.deepEqual((await shown(server, '/pi/dispatcher/show?cmd=on')).slice(6), [])
})

test("xhttp_pi with Kamailio's own framework file", { skip: skipWithout(sample) }, async (t) => {
  const server = await pages(t, readFileSync(sample, 'utf8'))
  const menu = look((await server.get('/pi/dispatcher')).body)
  assert.deepEqual([menu.mods, menu.commands], [['dispatcher', 'dialplan'], ['show_destinations_with_small_setid', 'show_all', 'update_setid', 'update_destination', 'update_attr',
    'update_description', 'add_gw', 'add_server_with_setid_100', 'delete_by_id']])
  const values = { a: '7', b: 'sip:192.0.2.1:5060', c: '0', d: 'weight=50', e: 'text' }
  assert.deepEqual(look((await send(server, '/pi/dispatcher/add_gw', values)).body).cells, ['Record successfully added to db.'])
  assert.deepEqual((await shown(server, '/pi/dispatcher/show_all?cmd=on')).slice(7), ['1', '7', 'sip:192.0.2.1:5060', '0', '0', 'weight=50', 'text'])
  assert.deepEqual((await shown(server, '/pi/dispatcher/show_destinations_with_small_setid?cmd=on&0=8')).slice(4), ['1', '7', 'sip:192.0.2.1:5060', 'text'])
  // Tables that are not there are found out by whoever asks for them.
  assert.deepEqual(await shown(server, '/pi/dialplan/show_all?cmd=on'), ['Error while querying database.'])
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
