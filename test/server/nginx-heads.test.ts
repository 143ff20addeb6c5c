/** Request heads that are wrong, incomplete or odd: what nginx answers and logs of them. Found by sending the same bytes to both. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { start, until } from './kit.ts'
import type { Server } from './kit.ts'

const conf = `
error_log error.log info;
http {
  log_format all '$request_method|$request_uri|$uri|$args|$server_protocol|$http_host|$http_x|$status|$request_length|$pipe|$request';
  access_log access.log all;
  client_header_timeout 300ms;
  server {
    listen 127.0.0.1:<port>;
    server_name first;
    merge_slashes off;
    error_page 400 494 /bad;
    location / { return 200 "first $uri\\n"; }
    location /bad { internal; return 200 "first $status $request_method $uri\\n"; }
  }
  server {
    listen 127.0.0.1:<port>;
    server_name second;
    error_page 400 494 /bad;
    location / { return 200 "second $uri\\n"; }
    location /bad { internal; return 200 "second $status $request_uri\\n"; }
  }
}`

/** The access log's lines once there are so many. */
async function accesses(server: Server, count: number): Promise<string[]> {
  const lines = (): string[] => server.site.read('access.log').split('\n').slice(0, -1)
  await until(() => lines().length >= count, () => server.site.read('access.log'))
  return lines()
}

function body(response: string): string {
  return response.slice(response.indexOf('\r\n\r\n') + 4)
}

test('what was understood of a bad head is logged, and chooses the server whose error page answers', async (t) => {
  const server = await start(t, conf)
  assert.equal(body(await server.raw('GET /a?b HTTP/1.1\r\nHost: second\r\nX: y\r\nBad : z\r\n\r\n')), 'second 400 /a?b\n')
  assert.equal(body(await server.raw('GET /a HTTP/1.1\r\nHost: other\r\nHost: second\r\n\r\n')), 'first 400 GET /bad\n')
  assert.equal(body(await server.raw('GET /a\x01 HTTP/1.1\r\nHost: second\r\n\r\n')), 'first 400 GET /bad\n')
  assert.equal(body(await server.raw('GET /%zz HTTP/1.1\r\nHost: second\r\n\r\n')), 'first 400 GET /bad\n')
  assert.deepEqual(await accesses(server, 4), [
    'GET|/a?b|/bad|-|HTTP/1.1|second|y|400|39|.|GET /a?b HTTP/1.1',
    'GET|/a|/bad|-|HTTP/1.1|other|-|400|44|.|GET /a HTTP/1.1',
    'GET|-|/bad|-|-|-|-|400|0|.|GET /a\\x01 HTTP/1.1',
    'GET|-|/bad|-|HTTP/1.1|-|-|400|19|.|GET /%zz HTTP/1.1',
  ])
  const lines = server.log().split('\n').filter((line) => line.includes('client sent')).map((line) => line.replace(/^.*: \*\d+ /, ''))
  assert.deepEqual(lines, [
    'client sent invalid header line: "Bad\\x20..." while reading client request headers, client: 127.0.0.1, server: second, request: "GET /a?b HTTP/1.1", host: "second"',
    'client sent duplicate host header: "Host: second", previous value: "Host: other" while reading client request headers, client: 127.0.0.1, server: first, request: "GET /a HTTP/1.1", host: "other"',
    'client sent invalid request while reading client request line, client: 127.0.0.1, server: first, request: "GET /a\\x01 HTTP/1.1"',
    'client sent invalid request while reading client request line, client: 127.0.0.1, server: first, request: "GET /%zz HTTP/1.1"',
  ])
})

test('without an error page a bad request line has neither method nor path', async (t) => {
  const server = await start(t, conf.replaceAll(/error_page .*;/g, ''))
  assert.match(await server.raw('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n/)
  assert.deepEqual(await accesses(server, 1), ['-|-|-|-|-|-|-|400|0|.|nonsense'])
})

test('a head that does not end is logged with 400 or 408, and answered by closing', async (t) => {
  const server = await start(t, conf)
  const leaving = await server.connect()
  leaving.write('GET /x HTTP/1.1\r\nX: y\r\nHo')
  leaving.end()
  assert.equal(await leaving.rest(), '')
  assert.equal(await server.raw('GET /slow HTTP/1.1\r\nHost: second\r\nX'), '')
  assert.equal(await server.raw('GE'), '')
  assert.deepEqual(await accesses(server, 3), [
    'GET|/x|/x|-|HTTP/1.1|-|y|400|23|.|GET /x HTTP/1.1',
    'GET|/slow|/slow|-|HTTP/1.1|second|-|408|34|.|GET /slow HTTP/1.1',
    '-|-|-|-|-|-|-|408|0|.|GE',
  ])
  const log = server.log()
  assert.match(log, /\[info\] .* client prematurely closed connection while reading client request headers, client: 127\.0\.0\.1, server: first, request: "GET \/x HTTP\/1\.1"\n/)
  assert.match(log, /\[info\] .* client timed out \(110: Connection timed out\) while reading client request headers, client: 127\.0\.0\.1, server: second, request: "GET \/slow HTTP\/1\.1", host: "second"\n/)
  assert.match(log, /\[info\] .* client timed out \(110: Connection timed out\) while reading client request line, client: 127\.0\.0\.1, server: first, request: "GE"\n/)
})

test('the Host header is checked although an absolute target names the host; the line is read as the default server says', async (t) => {
  const server = await start(t, conf)
  assert.equal(body(await server.raw('GET http://second//a HTTP/1.1\r\nHost: x/y\r\n\r\n')), 'first 400 GET /bad\n')
  assert.equal(body(await server.raw('GET http://second//a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')), 'second //a\n')
  assert.equal(body(await server.raw('GET http://a..b/ HTTP/1.1\r\nHost: x\r\n\r\n')), 'first 400 GET /bad\n')
  assert.match(server.log(), /client sent invalid host header while reading client request headers, .*, host: "x\/y"\n/)
  assert.match(server.log(), /client sent invalid host in request line while reading client request line, client: /)
})

test('$pipe, and $request_length without empty lines before the request; protocol and arguments that are not there', async (t) => {
  const server = await start(t, conf)
  await server.raw('\r\nGET /1? HTTP/1.1\r\nHost: a\r\n\r\nPOST /2?x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1 \r\nHost: a\r\nConnection: close\r\n\r\n')
  await server.raw('GET /4\r\n')
  assert.deepEqual(await accesses(server, 4), [
    'GET|/1?|/1|-|HTTP/1.1|a|-|200|29|.|GET /1? HTTP/1.1',
    // Its body is thrown away, not read.
    'POST|/2?x|/2|x|HTTP/1.1|a|-|200|50|p|POST /2?x HTTP/1.1',
    'GET|/3|/3|-|HTTP/1.1|a|-|200|48|p|GET /3 HTTP/1.1 ',
    'GET|/4|/4|-|-|-|-|200|8|.|GET /4',
  ])
})

test('what a client does between requests is logged at info', async (t) => {
  const server = await start(t, conf)
  const idle = await server.connect()
  idle.end()
  await idle.rest()
  const kept = await server.connect()
  kept.write('GET / HTTP/1.1\r\nHost: first\r\n\r\n')
  await kept.until('first /\n')
  kept.end()
  await kept.rest()
  await server.waitLog(/\[info\] \d+#1: \*\d+ client closed connection while waiting for request, client: 127\.0\.0\.1, server: 127\.0\.0\.1:\d+\n/)
  await server.waitLog(/\[info\] \d+#1: \*\d+ client 127\.0\.0\.1 closed keepalive connection\n/)
})

test('where header names may hold an underscore, $http_ finds both spellings', async (t) => {
  const one = (more: string): string => `http { server { listen 127.0.0.1:<port>; ${more} location / { return 200 "$http_a_b\\n"; } } }`
  for (const more of ['underscores_in_headers on;', 'ignore_invalid_headers off;']) {
    const server = await start(t, one(more))
    assert.equal((await server.get('/', { A_B: '1' })).body, '1\n')
    assert.equal((await server.get('/', { 'A-B': '2' })).body, '2\n')
    assert.equal((await server.get('/', { A_B: '1', 'a-b': '2' })).body, '1, 2\n')
  }
  const server = await start(t, one(''))
  assert.equal((await server.get('/', { A_B: '1', 'A-B': '2' })).body, '2\n')
})

test('keepalive_disable', async (t) => {
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { return 200 x; } location /s { keepalive_disable safari; return 200 x; } } }`)
  const connection = async (line: string, agent: string): Promise<string> => {
    const client = await server.connect()
    client.write(`${line} HTTP/1.1\r\nHost: x\r\nUser-Agent: ${agent}\r\n\r\n`)
    const head = await client.until('\r\n\r\n')
    client.close()
    return /Connection: (\S+)/.exec(head)![1]!
  }
  const old = 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)'
  assert.equal(await connection('POST /', old), 'close')
  assert.equal(await connection('GET /', old), 'keep-alive')
  assert.equal(await connection('POST /', 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)'), 'keep-alive')
  assert.equal(await connection('POST /s', old), 'keep-alive')
  const safari = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15'
  assert.equal(await connection('GET /s', safari), 'close')
  assert.equal(await connection('GET /', safari), 'keep-alive')
  assert.equal(await connection('GET /s', safari.replace('Version', 'Chrome')), 'keep-alive')
})
