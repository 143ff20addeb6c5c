/** Subrequests of plugins whose body is read piece by piece, and those that nobody waits for. */
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtPlugin } from '../built.ts'
import { Target } from '../abi/target.ts'
import { site, start } from './kit.ts'
import type { Server, Test } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-streams-'))
after(() => rmSync(out, { recursive: true }))
const file = join(out, 'streams.wasm')
await builtPlugin(fileURLToPath(new URL('../../sdk/test/streams', import.meta.url)), file)

const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff))
const sum = (bytes: Uint8Array): number => bytes.reduce((a, b) => (Math.imul(a, 31) + b) >>> 0, 0)

async function serving(t: Test, target: Target): Promise<Server> {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  copyFileSync(file, join(place.prefix, 'plugins/streams.wasm'))
  await place.write('html/large', large)
  await place.write('html/empty', '')
  const locations = ['summing', 'sipping', 'leaving', 'posting', 'nothing_open', 'nesting'].map((name) => `location /${name} { ${name}; }`).join('\n')
  return start(t, `worker_processes 1; plugins plugins; plugin_time_limit 1s; error_log <prefix>/error.log info; events {}
    http { access_log off; server { listen 127.0.0.1:<port>; root <prefix>/html; default_type text/plain; ${locations}
      location = /small { return 200 small; } location /far { proxy_pass http://127.0.0.1:${target.port}; proxy_read_timeout 300ms; } } }`, { site: place })
}

test('files, texts, nothing and what is not there', async (t) => {
  const server = await serving(t, await Target.open(t))
  const body = async (path: string): Promise<string> => (await server.get(path)).body
  assert.equal(await body('/summing?/large'), `200 text/plain 3000000 ${sum(large)} false true true`)
  assert.equal(await body('/summing?/small'), `200 text/plain 5 ${sum(Buffer.from('small'))} false true true`)
  assert.equal(await body('/summing?/empty'), '200 text/plain 0 0 false false true')
  const missing = await body('/summing?/missing')
  assert.match(missing, /^404 /)
  assert.equal(await body('/sipping?/large'), '3000000 false')
  assert.equal(await body('/leaving?/large'), 'true small')
  // A subrequest in memory has its bound; a stream has none.
  assert.doesNotMatch(server.log(), /too big subrequest response/)
})

test('an upstream server is read as fast as the plugin reads; what breaks off is told', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target)
  const whole = server.get('/summing?/far')
  const asked = await target.next()
  asked.socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: ${large.length}\r\n\r\n`)
  for (let at = 0; at < large.length; at += 100_000) {
    asked.socket.write(large.subarray(at, at + 100_000))
    await new Promise(setImmediate)
  }
  assert.equal((await whole).body, `200 text/x 3000000 ${sum(large)} false true true`)
  const broken = server.get('/summing?/far')
  const second = await target.next()
  second.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 100\r\n\r\npart')
  second.socket.end()
  assert.match((await broken).body, /^200 text\/x 4 \d+ true true true$/)
})

test('own method, headers and body', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target)
  const answer = server.get('/posting')
  const asked = await target.next()
  assert.equal(asked.line, 'PUT /far?a=b HTTP/1.1')
  assert.match(asked.head, /\r\nX-Own: yes\r\n/)
  assert.equal(asked.body, 'the body')
  asked.answer(202, 'taken')
  asked.socket.end()
  assert.equal((await answer).body, '202 taken')
})

test('in the background: the client has its answer first', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target)
  const client = await server.connect()
  client.write('GET /nothing_open HTTP/1.1\r\nHost: h\r\n\r\n')
  assert.equal((await client.response()).body, 'small true')
  const asked = await target.next()
  assert.equal(asked.line, 'GET /far?in=background HTTP/1.1')
  assert.match(asked.head, /\r\nX-Own: background\r\n/)
  asked.answer(200, 'late')
  client.close()
})

test('subrequests within each other end at fifty', async (t) => {
  const server = await serving(t, await Target.open(t))
  assert.equal((await server.get('/nesting')).body, 'deep 500')
  assert.match(server.log(), /subrequests cycle while processing "\/nesting"/)
})

test('a client that goes away ends the stream, and the server goes on', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target)
  const client = await server.connect()
  client.write('GET /summing?/far HTTP/1.1\r\nHost: h\r\n\r\n')
  const asked = await target.next()
  asked.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart')
  const closed = new Promise((resolve) => asked.socket.once('close', resolve))
  client.close()
  await closed
  assert.equal((await server.get('/summing?/small')).body, `200 text/plain 5 ${sum(Buffer.from('small'))} false true true`)
  await server.waitLog(/the client went away while content handler of "summing" of plugin streams waited for a subrequest's body|client prematurely closed connection/)
  assert.doesNotMatch(server.log(), /\[(alert|emerg|crit)\]/)
})
