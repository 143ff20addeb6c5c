/** Subrequests of plugins whose output becomes part of the response, in handlers and body filters; faults at a body filter's start. */
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { builtPlugin } from '../built.ts'
import { Target } from '../abi/target.ts'
import { site, start } from './kit.ts'
import type { Server, Test } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-ordered-'))
after(() => rmSync(out, { recursive: true }))
const file = join(out, 'ordered.wasm')
await builtPlugin(fileURLToPath(new URL('../../sdk/test/ordered', import.meta.url)), file)

const large = Buffer.from(Array.from({ length: 300_000 }, (_, i) => 97 + (i % 26))).toString()

async function serving(t: Test, port = 9, more = ''): Promise<Server> {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  for (const end of ['', '.map']) copyFileSync(file + end, join(place.prefix, `plugins/ordered.wasm${end}`))
  const handlers = ['compose', 'three', 'own', 'later', 'nest', 'fails', 'many'].map((name) => `location /${name} { ${name}; }`).join('\n')
  const modes = ['gate', 'around', 'slow', 'inside', 'length', 'whole', 'start', 'head'].map((mode) => `location /${mode}/ { mode ${mode}; alias <prefix>/html/; }`).join('\n')
  return start(t, `worker_processes 1; plugins plugins; error_log <prefix>/error.log info; ${more} events {}
    http { access_log off; server { listen 127.0.0.1:<port>; default_type text/plain; ${handlers} ${modes}
      location /zipped/ { mode around; gzip on; gzip_min_length 1; gzip_types *; alias <prefix>/html/; }
      location /added/ { mode inside; add_before_body /third; add_after_body /early; addition_types *; alias <prefix>/html/; }
      location = /one { return 200 <1>; } location = /two { return 200 <2>; } location = /third { return 200 <3>; } location = /four { return 200 <4>; } location = /early { return 200 <0>; }
      location /far { proxy_pass http://127.0.0.1:${port}; } } }`, { site: place, files: { 'html/a': 'text', 'html/large': large, 'html/empty': '' } })
}

test('in a handler: at their bytes of the reply', async (t) => {
  const server = await serving(t)
  const answer = await server.get('/compose')
  assert.deepEqual([answer.status, answer.body, answer.header('content-length'), answer.header('transfer-encoding')], [200, '<0>ab<1>cd<2>ef<4><3>', null, 'chunked'])
  assert.equal((await server.get('/later')).body, '<<1>2>')
  assert.equal((await server.get('/gate/a')).body, 'gate <1>')
  assert.match(await server.raw('GET /compose HTTP/1.0\r\n\r\n'), /\r\n\r\n<0>ab<1>cd<2>ef<4><3>$/)
  const head = await server.request('HEAD', '/compose')
  assert.deepEqual([head.status, head.body], [200, ''])
  assert.doesNotMatch(server.log(), /\[(alert|emerg|crit|error)\]/)
})

test('they run at the same time, and the client gets them in order, each as soon as it is its turn', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target.port)
  const client = await server.connect()
  client.write('GET /three HTTP/1.1\r\nHost: h\r\n\r\n')
  const asked = [await target.next(), await target.next(), await target.next()].sort((a, b) => (a.path < b.path ? -1 : 1))
  assert.deepEqual(asked.map((a) => a.path), ['/far/0', '/far/1', '/far/2'])
  asked[2]!.answer(200, 'third.')
  asked[0]!.answer(200, 'first.')
  const begun = await client.until('first.')
  assert.match(begun, /^HTTP\/1\.1 201 Created\r\n/)
  assert.match(begun, /\r\nContent-Type: text\/x\r\n/)
  assert.doesNotMatch(begun, /third/)
  asked[1]!.answer(404, 'second.')
  assert.equal(await client.until('0\r\n\r\n'), '\r\n7\r\nsecond.\r\n6\r\nthird.\r\n0\r\n\r\n')
  client.close()
})

test('own method, headers and body', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target.port)
  const answer = server.get('/own')
  const asked = await target.next()
  assert.deepEqual([asked.line, asked.body], ['PUT /far?a=b HTTP/1.1', 'the body'])
  assert.match(asked.head, /\r\nX-Own: yes\r\n/)
  asked.answer(200, '-')
  assert.equal((await answer).body, 'abc-def')
})

test('in body filters: before, behind and inside of parts', async (t) => {
  const server = await serving(t)
  const body = async (path: string): Promise<string> => (await server.get(path)).body
  assert.equal(await body('/around/a'), '<1>text<2>')
  assert.equal(await body('/around/empty'), '<1><2>')
  assert.equal(await body('/around/large'), `<1>${large}<2>`)
  assert.equal(await body('/slow/a'), '<1>text<2>')
  assert.equal(await body('/slow/large'), `<1>${large}<2>`)
  assert.equal(await body('/inside/a'), '[<1>text<2>]')
  assert.equal((await body('/inside/large')).replaceAll(/\[<1>|<2>\]/g, ''), large)
  assert.equal(await body('/added/a'), '<3>[<1>text<2>]<0>')
  const whole = await server.get('/whole/a')
  assert.deepEqual([whole.body, whole.header('content-length')], ['te<1>xt', null])
  const zipped = await server.get('/zipped/large', { 'Accept-Encoding': 'gzip' })
  assert.equal(zipped.header('content-encoding'), 'gzip')
  assert.equal(gunzipSync(Buffer.from(zipped.body, 'latin1')).toString(), `<1>${large}<2>`)
  assert.doesNotMatch(server.log(), /\[(alert|emerg|crit|error)\]/)
})

test('fifty within each other', async (t) => {
  const server = await serving(t)
  assert.equal((await server.get('/nest')).body, `${'('.repeat(50)}!${')'.repeat(50)}`)
  assert.match(server.log(), /subrequests cycle while processing "\/nest"/)
})

test('a handler that fails or gives another answer leaves none behind', async (t) => {
  const seen: string[] = []
  const target = await Target.open(t, (asked) => {
    seen.push(asked.line)
    asked.answer(200, 'x')
  })
  const server = await serving(t, target.port)
  assert.equal((await server.get('/fails?trap')).status, 500)
  assert.equal((await server.get('/fails?status')).status, 403)
  assert.equal((await server.get('/fails')).status, 404)
  assert.equal((await server.get('/many')).status, 500)
  assert.equal((await server.get('/far/it')).status, 200)
  assert.deepEqual(seen, ['GET /far/it HTTP/1.0'].map((line) => line.replace('1.0', seen[0]!.slice(-3))))
  assert.match(server.log(), /content handler of "many" of location \/many: it asked for more than 1024 subrequests in one call \(/)
})

test('a response that has told its length takes none', async (t) => {
  const server = await serving(t)
  assert.match(await server.raw('GET /length/a HTTP/1.1\r\nHost: h\r\n\r\n'), /\r\nContent-Length: 4\r\n[^]*\r\n\r\n$/)
  assert.match(server.log(), /trapped in body filter of location \/length\/: it put a subrequest into a response whose head has told its length; a header filter has to take Content-Length away \(/)
  const passing = await serving(t, 9, 'plugin_on_error pass;')
  assert.equal((await passing.get('/length/a')).body, 'text')
})

test('a client that leaves takes its subrequests along', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target.port)
  const client = await server.connect()
  client.write('GET /three HTTP/1.1\r\nHost: h\r\n\r\n')
  const asked = [await target.next(), await target.next(), await target.next()]
  const closed = asked.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve)))
  client.close()
  await Promise.all(closed)
  assert.equal((await server.get('/around/a')).body, '<1>text<2>')
  assert.doesNotMatch(server.log(), /\[(alert|emerg|crit)\]/)
})

test('a fault at the start of a body filter: the head has not left', async (t) => {
  const place = /trapped in body filter start of location \/start\/: not even begun \(assembly\/index\.ts:\d+:\d+\).*, client: \S+, server: , request: "GET \/start\/a HTTP\/1\.1"/
  const server = await serving(t)
  const answer = await server.get('/start/a')
  assert.deepEqual([answer.status, answer.header('content-type')], [500, 'text/html'])
  assert.match(server.log(), place)
  assert.doesNotMatch(server.log(), /\[(alert|emerg|crit)\]/)
  const passing = await serving(t, 9, 'plugin_on_error pass;')
  assert.equal((await passing.get('/start/a')).body, 'text')
  const status = await serving(t, 9, 'plugin_on_error 418; plugin_fault_limit 1 per 10m;')
  assert.deepEqual([(await status.get('/start/a')).status, (await status.get('/start/a')).status, (await status.get('/start/a')).status], [418, 418, 418])
  assert.match(status.log(), /plugin ordered is in quarantine/)
  // The page of the second answer passes the plugin's other filters.
  const quarantined = await serving(t, 9, 'plugin_fault_limit 1 per 10m;')
  assert.deepEqual([(await quarantined.get('/start/a')).status, (await quarantined.get('/start/a')).status, (await quarantined.get('/start/a')).status], [500, 503, 503])
})
