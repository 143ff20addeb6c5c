/** plugins-as/stub_status (ngx_http_stub_status_module). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'
import type { Server } from './kit.ts'

const form = /^Active connections: (\d+) \nserver accepts handled requests\n (\d+) (\d+) (\d+) \nReading: (\d+) Writing: (\d+) Waiting: (\d+) \n$/

/** The page's numbers: active, accepted, handled, requests, reading, writing, waiting. */
async function numbers(server: Server): Promise<number[]> {
  const { body } = await server.get('/status')
  const match = form.exec(body)
  assert.ok(match, body)
  return match.slice(1).map(Number)
}

test('the page, its methods, and the old form of the directive', async (t) => {
  const server = await start(t, `master_process off; http { access_log off; server { listen 127.0.0.1:<port>;
    location /status { stub_status; } location /old { stub_status on; } } }`)
  const answer = await server.get('/status')
  assert.equal(answer.header('content-type'), 'text/plain')
  assert.equal(answer.body, 'Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n')
  assert.match((await server.get('/old')).body, form)
  const head = await server.request('HEAD', '/status')
  assert.deepEqual([head.status, head.body], [200, ''])
  assert.equal((await server.request('POST', '/status', {}, 'x')).status, 405)
})

test('connections that wait, send their head, and wait for a body', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>; location /status { stub_status; } location / { hello; } } }`)
  const idle = await server.connect()
  idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await idle.until('hello from /\n')
  const head = await server.connect()
  head.write('GET / HTT')
  const body = await server.connect()
  body.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
  await body.until('100 Continue')
  let seen: number[] = []
  do seen = await numbers(server)
  while (seen[4] !== 1)
  const [active, accepted, handled, requests, reading, writing, waiting] = seen
  assert.deepEqual([active, reading, writing, waiting], [4, 1, 2, 1])
  assert.equal(handled, accepted)
  assert.equal(requests, accepted! - 1)
  for (const client of [idle, head, body]) client.close()
})

test('the numbers of all workers are summed, and survive a worker that dies', async (t) => {
  const server = await start(t, `worker_processes 3; http { access_log off; server { listen 127.0.0.1:<port>; location /status { stub_status; } location / { hello; } } }`)
  for (let i = 0; i < 40; i++) await server.get('/')
  // What another worker counted is put down a tenth of a second later at most.
  let seen: number[] = []
  let asked = 0
  do {
    seen = await numbers(server)
    asked++
  } while (seen[3] !== 40 + asked)
  assert.equal(seen[1], 40 + asked)
  const { result } = await server.rpc('worker.list')
  const worker = result.find((one: { role: string }) => one.role === 'worker')
  await server.rpc('core.restart_worker', String(worker.thread))
  await server.waitLog(new RegExp(`worker process ${worker.thread} exited`))
  const after = await numbers(server)
  assert.ok(after[3]! >= 40, String(after))
  assert.equal(after[5], 1)
})

test('variables, in a configuration that names no stub_status', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>;
    location / { return 200 "$connections_active $connections_reading $connections_writing $connections_waiting"; } } }`)
  assert.equal((await server.get('/')).body, '1 0 1 0')
})
