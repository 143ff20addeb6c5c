/** proxy_pass from outside: what the upstream is sent, what the client gets, by which rules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join } from 'node:path'
import { start, site, until } from './kit.ts'
import { canned, reply, upstream } from './upstream-kit.ts'

/** A response head and body without the lines that differ from run to run. */
function plain(response: string): string {
  return response.replace(/^Date: .*\r\n/m, '').replace(/^Server: vespid.*\r\n/m, '')
}

test('a request is passed on with its lines in order, a response with its own', async (t) => {
  const up = await upstream(t, canned(reply('body', ['X-One: 1', 'x-one: 2', 'Set-Cookie: a=\xe9', 'Server: hidden', 'X-Accel-Expires: 5', 'Keep-Alive: timeout=5',
    'Location: /rel', 'ETag: W/"x"', 'Content-Type: text/html;charset=utf-8'], '209 Very Odd')))
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port};
    proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Gone ""; } } }`)
  const answer = await server.raw('POST /a%20b//c/../d?x=%20y HTTP/1.1\r\nHost: example.com\r\nzeta: 1\r\nAlpha: \xe9\r\nzeta: 2\r\nGone: x\r\nTE: trailers\r\n' +
    'X-Forwarded-For: 9.9.9.9\r\nKeep-Alive: 3\r\nUpgrade: h2c\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc')
  assert.equal(up.requests[0]!.head, `POST /a%20b//c/../d?x=%20y HTTP/1.1\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 9.9.9.9, 127.0.0.1\r\nHost: 127.0.0.1:${up.port}\r\n` +
    'Content-Length: 3\r\nzeta: 1\r\nAlpha: \xe9\r\nzeta: 2\r\n\r\n')
  assert.equal(up.requests[0]!.body, 'abc')
  assert.equal(plain(answer), 'HTTP/1.1 209 Very Odd\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: 4\r\nConnection: close\r\n' +
    'ETag: W/"x"\r\nX-One: 1\r\nx-one: 2\r\nSet-Cookie: a=\xe9\r\nLocation: /rel\r\n\r\nbody')
})

test('the URI by location, rewrite and variables', async (t) => {
  const up = await upstream(t, ({ socket, head }) => void socket.write(reply(head.split(' ')[1]!)))
  const to = `http://127.0.0.1:${up.port}`
  const server = await start(t, `http { upstream named { server 127.0.0.1:${up.port}; } server { listen 127.0.0.1:<port>; merge_slashes on;
    location /raw/ { proxy_pass ${to}; } location /rep/ { proxy_pass ${to}/base/; } location ~ ^/rx { proxy_pass ${to}; }
    location /rw/ { rewrite ^/rw/(.*)$ /new/$1 break; proxy_pass ${to}/left-out/; } location /var/ { proxy_pass http://$http_x_to; }
    location /crlf/ { proxy_pass ${to}$uri; } location /named/ { proxy_pass http://named; } location /at/ { try_files /none @at; } location @at { proxy_pass ${to}; }
    location /if/ { if ($arg_q) { set $x 1; } proxy_pass ${to}; } } }`)
  const uri = async (target: string, headers = {}): Promise<string> => (await server.get(target, headers)).body
  assert.equal(await uri('/raw/a%20b//x?q'), '/raw/a%20b//x?q')
  assert.equal(await uri('/rep/a%20b//x?q'), '/base/a%20b/x?q')
  assert.equal(await uri('/rep/../rep/%c3%a9'), '/base/%C3%A9')
  assert.equal(await uri('/rx%3fx'), '/rx%3fx')
  assert.equal(await uri('/rw/a%20b?q'), '/new/a%20b?q')
  assert.equal(await uri('/var/x%20y?q', { 'X-To': `127.0.0.1:${up.port}` }), '/var/x%20y?q')
  assert.equal(await uri('/var/', { 'X-To': `127.0.0.1:${up.port}/given?y` }), '/given?y')
  assert.equal(await uri('/var/', { 'X-To': 'named?only=args' }), '/?only=args')
  assert.equal(await uri('/named/%41'), '/named/%41')
  assert.equal(await uri('/at/%41'), '/at/%41')
  assert.equal(await uri('/if/%41?q=1'), '/if/%41?q=1')
  assert.equal(await uri('/crlf/%0d%0aEvil:%20yes%20HTTP/1.1'), '/crlf/%0D%0AEvil:%20yes%20HTTP/1.1')
  assert.equal((await server.get('/raw?a=b')).header('location'), `http://localhost:${server.port()}/raw/?a=b`)
})

test('request directives: method, version, headers and body', async (t) => {
  const up = await upstream(t, canned(reply('')))
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; }
    location /m { proxy_pass http://127.0.0.1:${up.port}; proxy_method $arg_m; proxy_http_version 1.0; proxy_set_body "b=$arg_m"; }
    location /h { proxy_pass http://127.0.0.1:${up.port}; proxy_pass_request_headers off; proxy_pass_request_body off; }
    location /l { proxy_pass http://127.0.0.1:${up.port}; proxy_set_header Content-Length 99; proxy_set_header Transfer-Encoding chunked; } } }`)
  const host = `Host: 127.0.0.1:${up.port}\r\n`
  const sent = async (method: string, target: string, headers = {}, body = ''): Promise<string> => {
    await server.request(method, target, headers, body)
    const { head, body: arrived } = up.requests.at(-1)!
    return head + arrived
  }
  assert.equal(await sent('GET', '/m?m=PUT', { A: 'b' }), `PUT /m?m=PUT HTTP/1.0\r\n${host}Content-Length: 5\r\nA: b\r\n\r\nb=PUT`)
  assert.equal(await sent('POST', '/h', { A: 'b' }, 'body'), `POST /h HTTP/1.1\r\n${host}\r\n`)
  assert.equal(await sent('POST', '/l', {}, 'body'), `POST /l HTTP/1.1\r\n${host}Content-Length: 4\r\n\r\nbody`)
  assert.equal(await sent('POST', '/', { 'Content-Length': '0' }), `POST / HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`)
  await server.raw('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
  assert.equal(up.requests.at(-1)!.head + up.requests.at(-1)!.body, `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nabcde`)
  assert.equal((await server.get('/m?m=A%20B')).status, 200)
  assert.equal((await server.get('/m')).status, 500)
  assert.match(server.log(), /\[error\] .* invalid method "" to proxy, client: 127\.0\.0\.1/)
})

test('Location, Refresh and cookies are rewritten; hidden and passed headers', async (t) => {
  const up = await upstream(t, ({ socket, head }) => {
    const lines = decodeURIComponent(head.split(' ')[1]!.split('?')[1]!).split('|')
    socket.write(reply('', lines, lines[0]!.startsWith('Location') ? '302 Found' : '200 OK'))
  })
  const to = `http://127.0.0.1:${up.port}`
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location /d/ { proxy_pass ${to}/two/; } location /off/ { proxy_pass ${to}/two/; proxy_redirect off; }
    location /r/ { proxy_pass ${to}; proxy_redirect http://a/ http://$host/b/; proxy_redirect ~^/x(?<rest>.*)$ /y$rest; proxy_cookie_domain a.com $host;
      proxy_cookie_path / /r/; proxy_cookie_flags ~ secure; proxy_hide_header X-B; proxy_pass_header Server; } } }`)
  const header = async (location: string, line: string): Promise<string | null> => {
    const answer = await server.get(`${location}?${encodeURIComponent(line)}`)
    return answer.header(line.slice(0, line.indexOf(':')))
  }
  assert.equal(await header('/d/', `Location: ${to}/two/x?y`), `http://localhost:${server.port()}/d/x?y`)
  assert.equal(await header('/d/', 'Location: /two/x'), '/two/x')
  assert.equal(await header('/d/', `Refresh: 3; url=${to}/two/x`), '3; url=/d/x')
  assert.equal(await header('/off/', `Location: ${to}/two/x`), `${to}/two/x`)
  assert.equal(await header('/r/', 'Location: http://a/q'), 'http://localhost/b/q')
  assert.equal(await header('/r/', 'Location: /xz'), `http://localhost:${server.port()}/yz`)
  assert.equal(await header('/r/', 'Set-Cookie: n=v; Domain=A.com; Path=/p'), 'n=v; Domain=localhost; Path=/r/p; Secure')
  assert.equal(await header('/r/', 'Server: theirs'), 'theirs')
  assert.equal(await header('/r/', 'X-B: b'), null)
  assert.equal(await header('/d/', 'X-B: b'), 'b')
})

test('X-Accel-Redirect, intercepted errors and error pages', async (t) => {
  const up = await upstream(t, ({ socket, head }) => {
    const [status, line] = decodeURIComponent(head.split(' ')[1]!.split('?')[1]!).split('|') as [string, string | undefined]
    socket.write(reply('theirs', line === undefined ? [] : [line, 'Set-Cookie: a=b', 'X-Own: 1', 'Content-Type: text/x'], status))
  })
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; location / { proxy_pass http://127.0.0.1:${up.port}; }
    location /ignored { proxy_pass http://127.0.0.1:${up.port}; proxy_ignore_headers X-Accel-Redirect; }
    location /int { proxy_pass http://127.0.0.1:${up.port}; proxy_intercept_errors on; error_page 404 401 /page; }
    location /inner/ { internal; return 200 "inner $uri?$args"; } location @n { return 200 "named"; }
    location /page { return 200 "page $upstream_status"; } } }`)
  const ask = (target: string, query: string) => server.get(`${target}?${encodeURIComponent(query)}`)
  const inner = await ask('/', '404 x|X-Accel-Redirect: /inner/a%20b?c=d')
  assert.deepEqual([inner.status, inner.body, inner.header('set-cookie'), inner.header('x-own')], [200, 'inner /inner/a b?c=d', 'a=b', null])
  assert.equal((await ask('/', '200 x|X-Accel-Redirect: @n')).body, 'named')
  assert.equal((await ask('/', '200 x|X-Accel-Redirect: /inner/../../etc')).status, 404)
  assert.match(server.log(), /\[error\] .* unsafe URI "\/inner\/\.\.\/\.\.\/etc" was detected, client: /)
  assert.equal((await ask('/ignored', '200 x|X-Accel-Redirect: @n')).body, 'theirs')
  const page = await ask('/int', '404 x')
  assert.deepEqual([page.status, page.body], [404, 'page 404'])
  assert.equal((await ask('/int', '401 x|WWW-Authenticate: Basic')).header('www-authenticate'), 'Basic')
  assert.deepEqual([(await ask('/int', '403 x')).status, (await ask('/int', '403 x')).body], [403, 'theirs'])
})

test('variables of the upstream in the access log', async (t) => {
  const up = await upstream(t, canned(reply('12345', ['X-A: 1', 'X-A: 2', 'Set-Cookie: c=v; Path=/'], '201 Created')))
  const server = await start(t, `http { upstream u { server 127.0.0.1:<port:dead>; server 127.0.0.1:${up.port} backup; } 
    log_format up '$upstream_addr|$upstream_status|$upstream_response_length|$upstream_http_x_a|$upstream_cookie_c|$proxy_host|$proxy_port|$upstream_cache_status';
    log_format times '$upstream_connect_time|$upstream_header_time|$upstream_response_time|$upstream_bytes_sent|$upstream_bytes_received'; access_log <prefix>/a.log up; access_log <prefix>/t.log times;
    server { listen 127.0.0.1:<port>; location / { proxy_pass http://u; } location /none { return 200; } } }`)
  await server.get('/')
  await server.get('/none')
  await until(() => server.site.read('t.log').split('\n').length > 2, () => server.site.read('t.log'))
  const [first, second] = server.site.read('a.log').split('\n')
  assert.equal(first, `127.0.0.1:${server.port('port:dead')}, 127.0.0.1:${up.port}|502, 201|0, 5|1, 2|v|u|80|-`)
  assert.equal(second, '-|-|-|-|-|-|-|-')
  assert.match(server.site.read('t.log'), /^-, \d\.\d{3}\|-, \d\.\d{3}\|\d\.\d{3}, \d\.\d{3}\|0, 27\|0, \d+\n/)
})

test('unix sockets on both sides', async (t) => {
  const place = site(t)
  const up = await upstream(t, canned(reply('unix')), { path: join(place.prefix, 'up.sock') })
  const server = await start(t, `http { server { listen unix:<prefix>/v.sock; location / { proxy_pass http://unix:<prefix>/up.sock:/x/; }
    location /none { proxy_pass http://unix:<prefix>/none.sock; } } }`, { site: place })
  assert.equal((await server.get('/y', {}, 'v.sock')).body, 'unix')
  assert.match(up.requests[0]!.head, /^GET \/x\/y HTTP\/1\.1\r\nHost: localhost\r\n/)
  assert.equal((await server.get('/none', {}, 'v.sock')).status, 502)
  assert.match(server.log(), /connect\(\) to unix:\S+\/none\.sock failed \(2: No such file or directory\) while connecting to upstream, .*upstream: "http:\/\/unix:\S+\/none\.sock:\/none"/)
})
