/** Answers, bodies and variables where vespid once differed from nginx. Found by sending the same bytes to both. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { start, until } from './kit.ts'

test('a client that ended its side gets the whole answer', async (t) => {
  const files = { 'big.bin': Buffer.alloc(1_000_000, 'z') }
  const server = await start(t, 'http { server { listen 127.0.0.1:<port>; root <prefix>; } }', { files })
  for (const more of ['Connection: close\r\n', '']) {
    const client = await server.connect()
    client.write(`GET /big.bin HTTP/1.1\r\nHost: x\r\n${more}\r\n`)
    client.end()
    const answer = await client.rest()
    assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, 1_000_000)
  }
  assert.doesNotMatch(server.log(), /prematurely/)
})

test('limit_rate and limit_rate_after', async (t) => {
  const server = await start(t, `
    http {
      server {
        listen 127.0.0.1:<port>; root <prefix>;
        location /slow/ { limit_rate 100k; alias <prefix>/; }
        location /after/ { limit_rate 1; limit_rate_after 1m; alias <prefix>/; }
        location /set/ { set $limit_rate 100k; proxy_pass http://127.0.0.1:<port>/; }
        location /bad/ { limit_rate $arg_rate; alias <prefix>/; }
      }
    }`, { files: { 'a.bin': Buffer.alloc(250_000, 'a') } })
  // Of 250 000 bytes at most 102 400 are sent in each second, counted from the second in which the request began.
  for (const path of ['/slow/a.bin', '/set/a.bin']) {
    const began = Date.now()
    assert.equal((await server.get(path)).body.length, 250_000)
    const seconds = Math.floor(Date.now() / 1000) - Math.floor(began / 1000)
    assert.ok(seconds >= 2, `${path} took ${seconds} s`)
  }
  assert.equal((await server.get('/after/a.bin')).body.length, 250_000)
  assert.equal((await server.get('/bad/a.bin?rate=x')).body.length, 250_000)
  assert.match(server.log(), /\[error\] .* invalid size "x" while sending response to client, client: /)
})

test('redirects: escapes, and the Location that was sent in the log', async (t) => {
  const server = await start(t, `
    http {
      log_format l '$sent_http_location';
      server {
        listen 127.0.0.1:<port>;
        access_log access.log l;
        location /red/ { rewrite ^/red/(.*)$ /n?a=$1 redirect; }
        location /path/ { rewrite ^/path/(.*)$ /n/$1 redirect; }
        location /rel { absolute_redirect off; return 302 /x; }
      }
    }`)
  const location = async (path: string): Promise<string> => (await server.get(path)).header('location')!
  const base = `http://localhost:${server.port()}`
  assert.equal(await location('/red/%22%3c%3e%5c%5e%60%7b%7c%7d%2a'), `${base}/n?a=%22%3C%3E%5C%5E%60%7B%7C%7D*`)
  assert.equal(await location('/path/%22%3c'), `${base}/n/%22<`)
  assert.equal(await location('/rel'), '/x')
  await until(() => server.site.read('access.log').split('\n').length > 3, () => 'no log')
  assert.equal(server.site.read('access.log'), `${base}/n?a=%22%3C%3E%5C%5E%60%7B%7C%7D*\n${base}/n/%22<\n/x\n`)
})

test('file tests of if: special files do not exist, failures are critical', async (t) => {
  const server = await start(t, `
    http {
      server {
        listen 127.0.0.1:<port>;
        set $found "";
        if (-e <prefix>$uri) { set $found "\${found}e"; }
        if (-f <prefix>$uri) { set $found "\${found}f"; }
        if (!-e <prefix>$uri) { set $found "\${found}E"; }
        return 200 $found;
      }
    }`, { files: { 'file': 'x' } })
  execFileSync('mkfifo', [join(server.prefix, 'fifo')])
  execFileSync('ln', ['-s', 'loop', join(server.prefix, 'loop')])
  assert.equal((await server.get('/file')).body, 'ef')
  assert.equal((await server.get('/fifo')).body, 'E')
  assert.equal((await server.get('/loop')).body, 'E')
  assert.match(server.log(), /\[crit\] .* stat\(\) ".*\/loop" failed \(40: Too many levels of symbolic links\), client: /)
})

test('a body that a proxy does not pass on is read for $request_body and client_body_in_file_only', async (t) => {
  const server = await start(t, `
    http {
      client_body_temp_path tmp;
      server {
        listen 127.0.0.1:<port>;
        location /set { proxy_set_body "[$request_body]"; proxy_pass http://127.0.0.1:<port>/echo; }
        location /file { client_body_in_file_only clean; proxy_pass_request_body off; proxy_set_header X-File $request_body_file; proxy_pass http://127.0.0.1:<port>/name; }
        location /echo { proxy_set_header X-Body $request_body; proxy_pass http://127.0.0.1:<port>/body; }
        location /body { return 200 $http_x_body; }
        location /name { return 200 $http_x_file; }
      }
    }`)
  assert.equal((await server.request('POST', '/set', {}, 'abc')).body, '[abc]')
  const name = new RegExp(`^${server.prefix}/tmp/\\d+$`)
  assert.match((await server.request('POST', '/file', {}, 'abc')).body, name)
  assert.match((await server.request('POST', '/file', { 'Content-Length': '0' })).body, name)
  const chunks = await server.raw('POST /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
  assert.match(chunks.slice(chunks.indexOf('\r\n\r\n') + 4), name)
  assert.match(server.log(), /\[notice\] .* a client request body is buffered to a temporary file /)
})

test('a body that is thrown away has no limit; one whose chunks are broken is an error; who leaves within one gets 400 in the log', async (t) => {
  const server = await start(t, `
    http {
      log_format l '$status $request_length';
      access_log access.log l;
      server {
        listen 127.0.0.1:<port>; client_max_body_size 4;
        location /drop { return 200 dropped; }
        location /read { client_body_timeout 300ms; proxy_pass http://127.0.0.1:1; }
      }
    }`)
  const head = (path: string, framing: string): string => `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${framing}\r\n\r\n`
  const chunked = 'Transfer-Encoding: chunked'
  assert.match(await server.raw(head('/drop', chunked) + '8\r\n12345678\r\n0\r\n\r\n'), /\r\n\r\ndropped$/)
  assert.match(await server.raw(head('/read', chunked) + '8\r\n12345678\r\n0\r\n\r\n'), /^HTTP\/1\.1 413 /)
  assert.match(await server.raw(head('/read', chunked) + 'x\r\n'), /^HTTP\/1\.1 400 /)
  const leaving = await server.connect()
  leaving.write(head('/read', 'Content-Length: 4') + '12')
  leaving.end()
  assert.equal(await leaving.rest(), '')
  assert.equal(await server.raw(head('/read', 'Content-Length: 4') + '12'), '')
  await until(() => server.site.read('access.log').split('\n').length > 5, () => server.site.read('access.log'))
  const statuses = server.site.read('access.log').split('\n').map((line) => line.split(' ')[0])
  assert.deepEqual(statuses, ['200', '413', '400', '400', '408', ''])
  assert.match(server.log(), /\[error\] .* client sent invalid chunked body, client: /)
  assert.doesNotMatch(server.log(), /timed out/)
})

test('small things: no day without its zero, no argument without a name, short User-Agents are not padded for, the log phase is named', async (t) => {
  const server = await start(t, `
    http {
      log_format l '$realpath_root';
      server {
        listen 127.0.0.1:<port>; root <prefix>;
        location /arg { return 200 "[$arg_]"; }
        location /gone { root <prefix>/gone; access_log access.log l; return 200 x; }
      }
    }`, { files: { 'file.txt': 'x' } })
  utimesSync(join(server.prefix, 'file.txt'), 1714979289, 1714979289)
  assert.equal((await server.get('/file.txt', { 'If-Modified-Since': 'Mon, 06 May 2024 07:08:09 GMT' })).status, 304)
  assert.equal((await server.get('/file.txt', { 'If-Modified-Since': 'Mon, 6 May 2024 07:08:09 GMT' })).status, 200)
  assert.equal((await server.get('/arg?=x')).body, '[]')
  assert.doesNotMatch((await server.get('/none', { 'User-Agent': 'MSIE 6' })).body, /padding/)
  assert.match((await server.get('/none', { 'User-Agent': 'MSIE 6.0' })).body, /padding/)
  await server.get('/gone')
  await server.waitLog(/\[crit\] .* realpath\(\) ".*\/gone" failed \(2: No such file or directory\) while logging request, client: /)
})
