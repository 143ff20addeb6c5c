/** Upstreams that fail, answer nonsense, or attack: status, log line, and whether another server is asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'
import { canned, reply, upstream } from './upstream-kit.ts'

const raw = (text: string) => canned(text.replaceAll('\n', '\r\n'))

test('no server, no answer, no HTTP: 502 and 504 with nginx\'s log lines', async (t) => {
  const silent = await upstream(t, () => {})
  const hangup = await upstream(t, ({ socket }) => void socket.destroy())
  const polite = await upstream(t, ({ socket }) => void socket.end())
  const half = await upstream(t, ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\nA: b\r\n'))
  const big = await upstream(t, canned(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(5000)}\r\n\r\n`))
  const endless = await upstream(t, canned(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(5000)}`))
  const server = await start(t, `http { upstream gone { server 127.0.0.1:1 down; server 127.0.0.1:2 down; } proxy_read_timeout 100ms; server { listen 127.0.0.1:<port>; server_name s;
    location /refused { proxy_pass http://127.0.0.1:<port:dead>; } location /silent { proxy_pass http://127.0.0.1:${silent.port}; }
    location /hangup { proxy_pass http://127.0.0.1:${hangup.port}; } location /polite { proxy_pass http://127.0.0.1:${polite.port}; } location /half { proxy_pass http://127.0.0.1:${half.port}; }
    location /big { proxy_pass http://127.0.0.1:${big.port}; } location /endless { proxy_pass http://127.0.0.1:${endless.port}; } location /gone { proxy_pass http://gone; }
    location /name { proxy_pass http://$http_x_name; } } }`)
  const dead = server.port('port:dead')
  const cases: [string, number, string, string][] = [
    ['refused', 502, 'connect() failed (111: Connection refused) while connecting to upstream', `127.0.0.1:${dead}`],
    ['silent', 504, 'upstream timed out (110: Connection timed out) while reading response header from upstream', `127.0.0.1:${silent.port}`],
    ['polite', 502, 'upstream prematurely closed connection while reading response header from upstream', `127.0.0.1:${polite.port}`],
    ['half', 502, 'upstream prematurely closed connection while reading response header from upstream', `127.0.0.1:${half.port}`],
    ['big', 502, 'upstream sent too big header while reading response header from upstream', `127.0.0.1:${big.port}`],
    ['endless', 502, 'upstream sent too big header while reading response header from upstream', `127.0.0.1:${endless.port}`],
    ['gone', 502, 'no live upstreams while connecting to upstream', 'gone'],
  ]
  for (const [name, status, message, address] of cases) {
    assert.equal((await server.get(`/${name}`)).status, status, name)
    const line = `${message}, client: 127.0.0.1, server: s, request: "GET /${name} HTTP/1.1", upstream: "http://${address}/${name}", host: "localhost"`
    assert.ok(server.log().includes(line), `${line}\nnot in\n${server.log()}`)
  }
  assert.equal((await server.get('/hangup')).status, 502)
  assert.equal((await server.get('/name', { 'X-Name': 'some.invalid' })).status, 502)
  assert.ok(server.log().includes('no resolver defined to resolve some.invalid, client'))
  assert.equal((await server.get('/name', { 'X-Name': 'a:99999' })).status, 500)
  assert.ok(server.log().includes('invalid port in upstream "a:99999", client'))
})

test('heads and bodies that could smuggle are never passed on', async (t) => {
  let answer = ''
  const up = await upstream(t, ({ socket }) => void socket.end(Buffer.from(answer.replaceAll('\n', '\r\n'), 'latin1')))
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; } } }`)
  const ok = 'HTTP/1.1 200 OK\n'
  const cases: [string, string][] = [
    [`${ok}Content-Length: 5\nContent-Length: 6\n\nabcdef`, 'upstream sent duplicate header line: "Content-Length: 6", previous value: "Content-Length: 5"'],
    [`${ok}Content-Length: 5\nContent-Length: 5\n\nabcde`, 'upstream sent duplicate header line: "Content-Length: 5", previous value: "Content-Length: 5"'],
    [`${ok}Content-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n`, 'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time'],
    [`${ok}Transfer-Encoding: chunked, chunked\n\n0\n\n`, 'upstream sent unknown "Transfer-Encoding": "chunked, chunked"'],
    [`${ok}Transfer-Encoding: xchunked\n\n0\n\n`, 'upstream sent unknown "Transfer-Encoding": "xchunked"'],
    [`${ok}Content-Length: +5\n\nabcde`, 'upstream sent invalid "Content-Length" header: "Content-Length: +5"'],
    [`${ok}Content-Length : 5\n\nabcde`, 'upstream sent invalid header: "Content-Length\\x20..."'],
    [`${ok}A: b\n Content-Length: 5\n\nabcde`, 'upstream sent invalid header: "\\x20..."'],
    [`${ok}A: b\0\n\nabcde`, 'upstream sent invalid header: "A: b\\x00..."'],
    ['SSH-2.0-x\n\n', 'upstream sent no valid HTTP/1.0 header'],
    ['HTTP/1.1 101 Switching Protocols\nUpgrade: x\n\n', 'upstream sent unexpected "101 Switching Protocols"'],
    ['HTTP/1.1 100 Continue\n\n'.repeat(40) + `${ok}\n`, 'upstream sent too many interim responses'],
  ]
  for (const [text, message] of cases) {
    answer = text
    assert.equal((await server.get('/')).status, 502, message)
    assert.ok(server.log().includes(`${message} while reading response header from upstream, client`), `${message}\n${server.log()}`)
  }
})

test('a body that breaks off breaks off for the client too', async (t) => {
  let answer = ''
  const up = await upstream(t, ({ socket }) => void socket.end(answer.replaceAll('\n', '\r\n')))
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; } } }`)
  const body = async (text: string): Promise<string> => {
    answer = text
    const all = await server.raw('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    return all.slice(all.indexOf('\r\n\r\n') + 4)
  }
  assert.equal(await body('HTTP/1.1 200 OK\nContent-Length: 10\n\nabc'), 'abc')
  assert.ok(server.log().includes('[error]') && server.log().includes('upstream prematurely closed connection while reading upstream, client'))
  assert.equal(await body('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n'), '3\r\nabc\r\n')
  assert.equal(await body('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabcX\n0\n\n'), '3\r\nabc\r\n')
  assert.ok(server.log().includes('upstream sent invalid chunked response while reading upstream, client'))
})

test('bytes behind a response answer no other request', async (t) => {
  const up = await upstream(t, canned(reply('first') + reply('poison')))
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; } } }`)
  assert.equal((await server.get('/a')).body, 'first')
  assert.equal((await server.get('/b')).body, 'first')
  assert.equal(up.connections, 2)
  assert.ok(server.log().includes('[warn]') && server.log().includes('upstream sent more data than specified in "Content-Length" header while reading upstream'))
})

test('which failures make another server try', async (t) => {
  const good = await upstream(t, canned(reply('good')))
  const bad = await upstream(t, canned(reply('bad', [], '503 No')))
  const hangup = await upstream(t, ({ socket }) => void socket.end())
  const nonsense = await upstream(t, raw('nonsense\n\n'))
  const pair = (name: string, first: number) => `upstream ${name} { server 127.0.0.1:${first} max_fails=0; server 127.0.0.1:${good.port} backup; }`
  const server = await start(t, `http { ${pair('refused', 9)} ${pair('hangup', hangup.port)} ${pair('nonsense', nonsense.port)} ${pair('bad', bad.port)}
    upstream two { server 127.0.0.1:${hangup.port} max_fails=0; server 127.0.0.1:${hangup.port} max_fails=0; server 127.0.0.1:${good.port} backup; }
    server { listen 127.0.0.1:<port>; location /refused { proxy_pass http://refused; } location /hangup { proxy_pass http://hangup; } location /nonsense { proxy_pass http://nonsense; }
    location /bad { proxy_pass http://bad; } location /never { proxy_pass http://hangup; proxy_next_upstream off; } location /tries { proxy_pass http://two; proxy_next_upstream_tries 2; }
    location /http { proxy_pass http://bad; proxy_next_upstream http_503; } location /invalid { proxy_pass http://nonsense; proxy_next_upstream invalid_header; }
    location /post { proxy_pass http://hangup; proxy_next_upstream error non_idempotent; } } }`)
  const ask = async (target: string, method = 'GET'): Promise<string> => {
    const { status, body } = await server.request(method, target, {}, method === 'POST' ? 'x' : '')
    return status === 200 || status === 503 ? body : String(status)
  }
  assert.equal(await ask('/refused'), 'good')
  assert.equal(await ask('/refused', 'POST'), 'good')
  assert.equal(await ask('/hangup'), 'good')
  assert.equal(await ask('/hangup', 'POST'), '502')
  assert.equal(await ask('/post', 'POST'), 'good')
  assert.equal(await ask('/nonsense'), '502')
  assert.equal(await ask('/invalid'), 'good')
  assert.equal(await ask('/bad'), 'bad')
  assert.equal(await ask('/http'), 'good')
  assert.equal(await ask('/never'), '502')
  assert.equal(await ask('/tries'), '502')
})

test('a server that failed is left alone', async (t) => {
  const good = await upstream(t, canned(reply('good')))
  const bad = await upstream(t, ({ socket }) => void socket.end())
  const server = await start(t, `http { upstream u { server 127.0.0.1:${bad.port}; server 127.0.0.1:${good.port}; } server { listen 127.0.0.1:<port>; location / { proxy_pass http://u; } } }`)
  for (let i = 0; i < 6; i++) assert.equal((await server.get('/')).body, 'good')
  assert.equal(bad.requests.length, 1)
  assert.match(server.log(), /\[warn\] .* upstream server temporarily disabled while reading response header from upstream, client: /)
})
