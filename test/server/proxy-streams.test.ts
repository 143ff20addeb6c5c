/** Bodies and connections: framing both ways, sizes beyond memory's taste, slow and vanishing clients, kept connections, tunnels. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { start, until } from './kit.ts'
import { canned, reply, upstream } from './upstream-kit.ts'

const megabytes = Buffer.alloc(3 << 20, (Array.from({ length: 997 }, (_, i) => String.fromCharCode(33 + i % 90))).join(''), 'latin1')
const digest = (data: string | Buffer) => createHash('sha1').update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data).digest('hex')

test('every framing of the upstream arrives whole in every framing of the client', async (t) => {
  const chunks = Buffer.concat([0, 1, 2].map((i) => Buffer.concat([Buffer.from('100000\r\n'), megabytes.subarray(i << 20, (i + 1) << 20), Buffer.from('\r\n')])))
  const up = await upstream(t, ({ socket, head }) => {
    if (head.includes('/length')) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${megabytes.length}\r\n\r\n`)
    else if (head.includes('/chunked')) socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    else socket.write('HTTP/1.1 200 OK\r\n\r\n')
    if (head.includes('/chunked')) socket.write(Buffer.concat([chunks, Buffer.from('0\r\nTrailer: x\r\n\r\n')]))
    else socket.write(megabytes)
    if (head.includes('/close')) socket.end()
  })
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; }
    location /direct/ { proxy_pass http://127.0.0.1:${up.port}/; proxy_buffering off; } } }`)
  for (const target of ['/length', '/chunked', '/close', '/direct/length', '/direct/chunked', '/direct/close']) {
    const client = await server.connect()
    client.write(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`)
    const answer = await client.response()
    assert.equal(answer.header(target.endsWith('/length') ? 'content-length' : 'transfer-encoding'), target.endsWith('/length') ? String(megabytes.length) : 'chunked', target)
    assert.equal(digest(answer.body), digest(megabytes), target)
    client.close()
    const old = await server.raw(`GET ${target} HTTP/1.0\r\n\r\n`)
    assert.equal(digest(old.slice(old.indexOf('\r\n\r\n') + 4)), digest(megabytes), `${target} 1.0`)
  }
  const head = await server.request('HEAD', '/length')
  assert.equal(head.header('content-length'), String(megabytes.length))
})

test('large request bodies, buffered in a file or passed on as they come', async (t) => {
  const up = await upstream(t, ({ socket, head, body }) => void socket.write(reply(`${/^(Content-Length|Transfer-Encoding)/im.exec(head)?.[0]} ${body.length} ${digest(body)}`)))
  const server = await start(t, `http { client_max_body_size 10m; server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; }
    location /direct { proxy_pass http://127.0.0.1:${up.port}; proxy_request_buffering off; } } }`)
  for (const target of ['/', '/direct']) {
    const answer = await server.request('POST', target, {}, megabytes)
    assert.equal(answer.body, `Content-Length ${megabytes.length} ${digest(megabytes)}`, target)
  }
  const chunked = Buffer.concat([Buffer.from('300000\r\n'), megabytes, Buffer.from('\r\n0\r\n\r\n')])
  const head = (target: string) => Buffer.from(`POST ${target} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`)
  assert.match(await server.raw(Buffer.concat([head('/'), chunked])), new RegExp(`Content-Length ${megabytes.length} ${digest(megabytes)}$`))
  assert.match(await server.raw(Buffer.concat([head('/direct'), chunked])), /Transfer-Encoding 3\d{6} [0-9a-f]{40}$/)
  assert.equal(up.requests.at(-1)!.body.replace(/(^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '').length >= megabytes.length, true)
})

test('an unbuffered request reaches the upstream before it is whole, and kept-alive clients go on', async (t) => {
  let arrived = ''
  const up = await upstream(t, () => {}, { raw: (socket, bytes) => {
    arrived += bytes.toString('latin1')
    if (arrived.endsWith('END')) socket.write(reply('done'))
  } })
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; proxy_request_buffering off; } } }`)
  const client = await server.connect()
  client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n')
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.write('first')
  await up.when(() => arrived.endsWith('first'))
  client.write('END')
  assert.equal((await client.response()).body, 'done')
  client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nEND')
  assert.equal((await client.response()).body, 'done')
  client.close()
})

test('an upstream that answers early ends an unbuffered upload', async (t) => {
  const up = await upstream(t, () => {}, { raw: (socket, bytes) => { if (bytes.includes('\r\n\r\n')) socket.write(reply('too much', ['Connection: close'], '413 No')) } })
  const server = await start(t, `http { client_max_body_size 0; server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; proxy_request_buffering off; } } }`)
  const client = await server.connect()
  client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc')
  assert.equal((await client.response()).status, 413)
  client.close()
  assert.equal((await server.get('/x')).status, 413)
})

/** Writes as long as the kernel and the other side take it; resolves with the bytes taken once nothing moves for a while of the event loop. */
async function flood(socket: Socket, limit: number): Promise<number> {
  const piece = Buffer.alloc(65536, 'x')
  let written = 0
  while (written < limit) {
    written += piece.length
    if (socket.write(piece)) continue
    const drained = await Promise.race([new Promise<boolean>((r) => socket.once('drain', () => r(true))), new Promise<boolean>((r) => setTimeout(() => r(false), 700))])
    if (!drained) break
  }
  return written - socket.writableLength
}

test('a client that does not read holds the upstream, not the memory', async (t) => {
  const flooding = { socket: null as Socket | null }
  const up = await upstream(t, ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n')
    flooding.socket = socket
  })
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; } } }`)
  const client = await server.connect()
  client.socket.pause()
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await up.when(() => flooding.socket !== null)
  const taken = await flood(flooding.socket!, 1 << 28)
  // What the kernels' buffers of four sockets hold, and our own few: far from the 256 megabytes on offer.
  assert.ok(taken < 64 << 20, `${taken} bytes went in`)
  client.close()
  await up.when(() => up.closed === 1)
})

test('an upstream that does not read holds an unbuffered client', async (t) => {
  const up = await upstream(t, () => {}, { raw: (socket) => void socket.pause() })
  const server = await start(t, `http { client_max_body_size 0; server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; proxy_request_buffering off; } } }`)
  const client = await server.connect()
  client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\n')
  const taken = await flood(client.socket, 1 << 28)
  assert.ok(taken < 64 << 20, `${taken} bytes went in`)
  client.close()
})

test('a client that leaves ends the upstream request: 499', async (t) => {
  const up = await upstream(t, () => {})
  const server = await start(t, `http { log_format s $status; access_log <prefix>/a.log s; server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; } } }`)
  const client = await server.connect()
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await up.when(() => up.requests.length === 1)
  client.close()
  await up.when(() => up.closed === 1)
  await until(() => server.site.read('a.log') === '499\n', () => server.site.read('a.log'))
  assert.match(server.log(), /\[info\] .* client prematurely closed connection, so upstream connection is closed too, client: 127\.0\.0\.1, .* upstream: "http:\/\/127/)
})

test('proxy_ignore_client_abort lets the upstream finish', async (t) => {
  let answer!: () => void
  const up = await upstream(t, ({ socket }) => { answer = () => void socket.write(reply('x'.repeat(100000))) })
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; proxy_ignore_client_abort on; } } }`)
  const client = await server.connect()
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await up.when(() => up.requests.length === 1)
  client.close()
  await server.waitLog(/client prematurely closed connection/)
  answer()
  // The connection was kept, so the whole answer was read: the next request comes on it.
  const again = server.get('/again')
  await up.when(() => up.requests.length === 2)
  answer()
  assert.equal((await again).status, 200)
  assert.equal(up.connections, 1)
})

test('connections to the upstream are kept, as many and as long as configured', async (t) => {
  const up = await upstream(t, ({ socket, head }) => void socket.write(reply('ok', head.includes('/bye') ? ['Connection: close'] : [])))
  const server = await start(t, `http { upstream none { server 127.0.0.1:${up.port}; keepalive 0; } upstream two { server 127.0.0.1:${up.port}; keepalive 2; keepalive_requests 2; }
    server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; } location /none { proxy_pass http://none; } location /two { proxy_pass http://two; }
    location /own { proxy_pass http://127.0.0.1:${up.port}; proxy_http_version 1.0; } } }`)
  const used = async (...targets: string[]): Promise<number> => {
    const before = up.connections
    for (const target of targets) assert.equal((await server.get(target)).status, 200)
    return up.connections - before
  }
  assert.equal(await used('/', '/', '/'), 1)
  assert.equal(await used('/bye', '/'), 1)
  assert.equal(await used('/none', '/none'), 2)
  assert.match(up.requests.at(-1)!.head, /\r\nConnection: close\r\n/)
  assert.equal(await used('/two', '/two', '/two', '/two'), 2)
  assert.equal(await used('/bye', '/own', '/own'), 2)
  // Idle connections keep no server from ending.
  assert.equal((await server.stop()).code, 0)
})

test('a kept connection that the upstream closed is replaced without an error', async (t) => {
  const up = await upstream(t, ({ socket, number }) => {
    if (number === 0) socket.write(reply('ok'))
    else socket.destroy()
  })
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; } } }`)
  for (let i = 0; i < 3; i++) assert.equal((await server.get(`/${i}`)).status, 200, String(i))
})

test('an upgraded connection is a tunnel', async (t) => {
  const up = await upstream(t, () => {}, { raw: (socket, bytes) => {
    const text = bytes.toString('latin1')
    if (!text.startsWith('GET')) return void socket.write(text.toUpperCase())
    if (text.includes('/refuse')) return void socket.write(reply('no', [], '400 No'))
    assert.match(text, /\r\nUpgrade: thing\r\nConnection: upgrade\r\n/)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: thing\r\nConnection: upgrade\r\nX-T: 1\r\n\r\nhello ' + text.slice(text.indexOf('\r\n\r\n') + 4))
  } })
  const server = await start(t, `http { log_format s '$status $bytes_sent'; access_log <prefix>/a.log s; server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port};
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }`)
  const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\nUpgrade: thing\r\nConnection: upgrade\r\n\r\n`
  const client = await server.connect()
  client.write(ask('/') + 'early')
  const head = await client.until('\r\n\r\n')
  assert.equal(head.replace(/(Server|Date): .*\r\n/g, ''), 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: thing\r\nX-T: 1\r\n\r\n')
  assert.equal(await client.until('hello '), 'hello ')
  assert.equal(await client.until('EARLY'), 'EARLY')
  client.write('more')
  assert.equal(await client.until('MORE'), 'MORE')
  const large = 'abc'.repeat(1 << 20)
  client.write(large)
  assert.equal(digest(await client.bytes(large.length)), digest(large.toUpperCase()))
  client.end()
  await client.rest()
  await up.when(() => up.closed === 1)
  await until(() => server.site.read('a.log').startsWith('101 '), () => server.site.read('a.log'))
  const refused = await server.connect()
  refused.write(ask('/refuse'))
  assert.equal((await refused.response()).status, 400)
  refused.close()
})

test('interim answers are skipped', async (t) => {
  const up = await upstream(t, canned('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' + reply('final')))
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; } } }`)
  const answer = await server.get('/')
  assert.deepEqual([answer.status, answer.body, answer.header('link')], [200, 'final', null])
})
