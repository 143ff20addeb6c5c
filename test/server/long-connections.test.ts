/** Requests that last over reloads: a replaced configuration ends with its last request, or with worker_shutdown_timeout. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { start, untilAsync } from './kit.ts'
import type { Server, Test } from './kit.ts'

/** A server that takes connections and lets the test talk on them. */
async function upstream(t: Test): Promise<{ port: number, next(): Promise<Socket> }> {
  const sockets: Socket[] = []
  const waiting: ((socket: Socket) => void)[] = []
  const server = createServer((socket) => {
    socket.setEncoding('latin1').on('error', () => {})
    const take = waiting.shift()
    if (take !== undefined) take(socket)
    else sockets.push(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => { server.close() })
  return {
    port: (server.address() as AddressInfo).port,
    next: () => new Promise((resolve) => {
      const socket = sockets.shift()
      if (socket !== undefined) resolve(socket)
      else waiting.push(resolve)
    }),
  }
}

const said = (socket: Socket): Promise<string> => new Promise((resolve) => socket.once('data', (text) => resolve(String(text))))
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()))

/** Waits until the worker holds so many configurations. */
async function holds(server: Server, cycles: number): Promise<void> {
  await untilAsync(async () => (await server.rpc('worker.list')).result.at(-1).cycles === cycles, () => `the worker does not come to ${cycles} configurations:\n${server.log()}`)
}

async function reload(server: Server): Promise<void> {
  const { error } = await server.rpc('core.reload')
  assert.equal(error, undefined, JSON.stringify(error))
}

const conf = (port: number, main: string, answer: string): string => `worker_processes 1; ${main} error_log <prefix>/error.log info; events {}
  http { access_log off; server { listen 127.0.0.1:<port>; client_max_body_size 100m;
    location / { return 200 "${answer}"; } location /post { proxy_pass http://127.0.0.1:${port}; }
    location /up { proxy_pass http://127.0.0.1:${port}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }`

test('a request body, an answer and an upgraded connection go on through reloads, each configuration ends with its last request', async (t) => {
  const up = await upstream(t)
  const server = await start(t, conf(up.port, '', 'one'))
  // An upgraded connection, begun in the first configuration.
  const socket = await server.connect()
  socket.write('GET /up HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n')
  const far = await up.next()
  assert.match(await said(far), /^GET \/up HTTP\/1.1\r\n[^]*Upgrade: websocket\r\n/i)
  far.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n')
  await socket.until('\r\n\r\n')
  await server.reload(conf(up.port, '', 'two'))
  await holds(server, 2)
  // A body that comes slowly, begun in the second; a kept connection that asks in each.
  const posting = await server.connect()
  posting.write('POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nab')
  const kept = await server.connect()
  kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  assert.equal((await kept.response()).body, 'two')
  await server.reload(conf(up.port, '', 'three'))
  await holds(server, 3)
  kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  assert.equal((await kept.response()).body, 'three')
  // Both still work.
  for (let i = 0; i < 3; i++) {
    socket.write(`ping ${i}`)
    assert.equal(await said(far), `ping ${i}`)
    far.write(`pong ${i}`)
    assert.equal(await socket.until(`pong ${i}`), `pong ${i}`)
  }
  posting.write('cdef')
  const posted = await up.next()
  assert.match(await said(posted), /\r\n\r\nabcdef$/)
  await reload(server)
  // The third had no request any more.
  await holds(server, 3)
  posted.write('HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nha')
  await posting.until('ha')
  posted.end('lf')
  assert.equal(await posting.bytes(2), 'lf')
  await holds(server, 2)
  posting.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  assert.equal((await posting.response()).body, 'three')
  socket.close()
  await closed(far)
  await holds(server, 1)
  posting.close()
  kept.close()
  assert.doesNotMatch(server.log(), /\[(alert|emerg)\]/)
})

test('worker_shutdown_timeout ends what still runs in a replaced configuration, and nothing else', async (t) => {
  const up = await upstream(t)
  const server = await start(t, conf(up.port, 'worker_shutdown_timeout 300ms;', 'one'))
  const socket = await server.connect()
  socket.write('GET /up HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n')
  const far = await up.next()
  await said(far)
  far.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n')
  await socket.until('\r\n\r\n')
  const posting = await server.connect()
  posting.write('POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nab')
  const kept = await server.connect()
  kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  assert.equal((await kept.response()).body, 'one')
  await untilAsync(async () => (await server.rpc('worker.list')).result.at(-1).connections === 3, () => 'connections')
  await server.reload(conf(up.port, '', 'two'))
  const ended = closed(far)
  assert.equal(await socket.rest(), '')
  assert.equal(await posting.rest(), '')
  await ended
  await holds(server, 1)
  kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  assert.equal((await kept.response()).body, 'two')
  kept.close()
})

test('a client that takes a large answer slowly has all of it, over reloads', async (t) => {
  const up = await upstream(t)
  const server = await start(t, conf(up.port, '', 'one'))
  const client = await server.connect()
  client.socket.pause()
  client.write('GET /post HTTP/1.0\r\n\r\n')
  const far = await up.next()
  await said(far)
  const size = 20 << 20
  const block = Buffer.from(Array.from({ length: 65536 }, (_, i) => i & 0xff))
  far.write(`HTTP/1.0 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
  for (let at = 0; at < size; at += block.length) far.write(block)
  far.end()
  await reload(server)
  await holds(server, 2)
  await reload(server)
  await holds(server, 2)
  client.socket.resume()
  const text = await client.rest()
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  assert.equal(body.length, size)
  assert.ok(Buffer.from(body, 'latin1').equals(Buffer.concat(Array.from({ length: size / block.length }, () => block))))
  await holds(server, 1)
})
