/** Routing scripts in an nginx-style configuration: where they run, what their end means, what is heeded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'
import type { Server } from './kit.ts'

const served = (inside: string, http = ''): string => `error_log error.log info; http { access_log off; ${http} server { listen 127.0.0.1:<port>; ${inside} } }`
const reply = (body: string): string => `xhttp_reply("200", "OK", "text/plain", "${body}");`

async function answers(server: Server, ...paths: string[]): Promise<[number, string][]> {
  const list: [number, string][] = []
  for (const path of paths) {
    const { status, body } = await server.get(path)
    list.push([status, body])
  }
  return list
}

const logged = (server: Server): string[] => server.log().split('\n').filter((line) => /^\[(error|warn|alert)\]/.test(line))
  .map((line) => line.replace(/^(\[\w+\]) \S+ (\*\d+ )?/, '$1 ').replace(/, client: .*/, ''))

test('the innermost event route answers, where no content handler of the location does', async (t) => {
  const server = await start(t, served(`
    event_route[xhttp:request] { ${reply('server $hu')} }
    location /own { event_route[xhttp:request] { ${reply('own')} } location /own/in { } }
    location /fixed { return 200 fixed; }`, `event_route[xhttp:request] { ${reply('http')} }`))
  assert.deepEqual(await answers(server, '/a%20b?c=%2f', '/own/x', '/own/in', '/fixed'),
    [[200, 'server /a%20b?c=%2f'], [200, 'own'], [200, 'own'], [200, 'fixed']])
})

test('routes are seen from inside, and the inner one wins', async (t) => {
  const server = await start(t, served(`
    route[B] { ${reply('outer B')} }
    location /a { route A; }
    location /b { route[B] { ${reply('inner B')} } route A; }`, 'route[A] { route(B); }'))
  assert.deepEqual(await answers(server, '/a', '/b'), [[200, 'outer B'], [200, 'inner B']])
})

test('the answer passes filters and has the server\'s own head', async (t) => {
  const server = await start(t, served(`location / { add_header X-Filter yes; event_route[xhttp:request] {
      append_to_reply("X-Script: 1\\r\\nLocation: /there\\r\\n"); xhttp_reply("302", "Over There", "text/html; charset=utf-8", "moved"); } }`))
  const answer = await server.get('/')
  assert.deepEqual([answer.statusLine, answer.body, ...['content-type', 'x-filter', 'x-script', 'location', 'content-length', 'connection'].map((n) => answer.header(n))],
    ['HTTP/1.1 302 Over There', 'moved', 'text/html; charset=utf-8', 'yes', '1', `http://localhost:${server.port()}/there`, '5', 'close'])
  const head = await server.request('HEAD', '/')
  assert.deepEqual([head.status, head.header('content-length'), head.body], [302, '5', ''])
})

test('a line break in what is answered cannot split the head', async (t) => {
  const server = await start(t, served(`location / { event_route[xhttp:request] {
      append_to_reply("X-A: 1\\nX-B: $(hdr(evil){s.urldecode.param})\\r\\n"); xhttp_reply("200", "O\\r\\nK: 1", "a\\nb: c", "$rb"); } }`))
  const answer = await server.request('POST', '/', { Evil: 'x%0d%0aSet-Cookie:%20a' }, 'body')
  assert.equal(answer.statusLine, 'HTTP/1.1 200 O  K: 1')
  assert.deepEqual([answer.header('content-type'), answer.header('k'), answer.header('b'), answer.body], ['a b: c', null, null, 'body'])
})

test('how a route ends: silence, drop, a negative result, set_reply_close', async (t) => {
  const server = await start(t, served(`
    location = /silent { event_route[xhttp:request] { exit; } }
    location = /drop { event_route[xhttp:request] { drop; } }
    location = /negative { event_route[xhttp:request] { return -1; } }
    location = /answered { event_route[xhttp:request] { ${reply('then')} return -1; } }
    location = /close { event_route[xhttp:request] { set_reply_close(); ${reply('bye')} } }
    location = /stay { event_route[xhttp:request] { ${reply('stay')} } }`))
  assert.equal((await server.get('/silent')).status, 404)
  for (const path of ['/drop', '/negative']) assert.equal(await server.raw(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`), '')
  for (const [path, body] of [['/answered', 'then'], ['/close', 'bye']]) {
    const all = await server.raw(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.deepEqual([/\r\nConnection: (.*)\r\n/.exec(all)?.[1], all.slice(all.indexOf('\r\n\r\n') + 4)], ['close', body])
  }
  assert.deepEqual(logged(server), ['[error] event_route[xhttp:request] has ended without an answer'])
})

test('what was answered before is not lost when a route closes the connection', async (t) => {
  const server = await start(t, served(`location = /no { event_route[xhttp:request] { return -1; } } location = /yes { event_route[xhttp:request] { ${reply('yes')} } }`))
  const all = await server.raw('GET /yes HTTP/1.1\r\nHost: a\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\nGET /yes HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.deepEqual([all.match(/HTTP\/1\.1 200/g)!.length, all.slice(-3)], [1, 'yes'])
})

test('as handler of a phase: negative is 403 in access, an answer ends the request, all else goes on', async (t) => {
  const server = await start(t, served(`
    route[GATE] { if ($hdr(X-Key) == "deny") return -1; if ($hdr(X-Key) == "teapot") { xhttp_reply("418", "Teapot", "text/plain", "short"); exit; } }
    route[MARK] { $var(a) = 1; return -1; }
    location / { route GATE access; route MARK rewrite; root <prefix>; location /in { } }`), { files: { file: 'content', 'in/file': 'inside' } })
  const ask = async (path: string, key: string): Promise<[number, string]> => {
    const { status, body } = await server.request('GET', path, { 'X-Key': key })
    return [status, status === 403 ? '' : body]
  }
  assert.deepEqual([await ask('/file', 'x'), await ask('/file', 'deny'), await ask('/file', 'teapot'), await ask('/in/file', 'deny'), await ask('/in/file', 'y')],
    [[200, 'content'], [403, ''], [418, 'short'], [403, ''], [200, 'inside']])
})

test('url_match and url_skip: what is not admitted goes on to the files', async (t) => {
  const server = await start(t, served(`root <prefix>; event_route[xhttp:request] { ${reply('script')} }`,
    'modparam xhttp url_match "^/(sip|rpc)/"; modparam xhttp url_skip "^/sip/[[:digit:]]+$";'), { files: { 'sip/7': 'seven', 'SIP/a': 'big' } })
  assert.deepEqual(await answers(server, '/sip/a', '/rpc/?x', '/sip/7', '/sip/7?q', '/SIP/a'), [[200, 'script'], [200, 'script'], [200, 'seven'], [200, 'script'], [200, 'big']])
})

test('a body of any bytes is read before, answered as it is, and bounded', async (t) => {
  const server = await start(t, served(`client_max_body_size 100k; client_body_buffer_size 200k; event_route[xhttp:request] { xhttp_reply("200", "OK", "", "$rb"); }`,
    'modparam script pv_buffer_size 200000;'))
  const bytes = Buffer.from(Array.from({ length: 70000 }, (_, i) => i & 255))
  const answer = await server.request('POST', '/', {}, bytes)
  assert.equal(Buffer.from(answer.body, 'latin1').equals(bytes), true)
  assert.equal(answer.header('content-type'), null)
  assert.equal((await server.request('POST', '/', {}, Buffer.alloc(200_000))).status, 413)
  const chunked = await server.raw('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
  assert.match(chunked, /\r\n\r\nabc$/)
})

test('a URL need not be text', async (t) => {
  const server = await start(t, served(`event_route[xhttp:request] { xhttp_reply("200", "OK", "", "$hu|$(hu{url.path})|$(hu{url.querystring})"); }`))
  const all = await server.raw('GET http://x/\xff?\xfe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.equal(all.slice(all.indexOf('\r\n\r\n') + 4), 'http://x/\xff?\xfe|http://x/\xff|\xfe')
})

test('shared variables and hash tables are everybody\'s, and outlive a reload', async (t) => {
  const conf = `worker_processes 2; ` + served(`event_route[xhttp:request] {
    $shv(n) = $shv(n) + 1; xhttp_reply("200", "OK", "", "$shv(n) $shtinc(t=>count) $sht(t=>missing) $var(first)"); }`,
    'modparam pv shvset "n=i:10"; modparam pv varset "first=s:preset"; modparam htable htable "t=>size=4;initval=5;";')
  const server = await start(t, conf)
  const bodies: string[] = []
  for (let i = 0; i < 4; i++) bodies.push((await server.get('/')).body)
  assert.deepEqual(bodies, ['11 6 5 preset', '12 7 5 preset', '13 8 5 preset', '14 9 5 preset'])
  assert.equal((await server.reload()).code, 0)
  await server.waitLog(/configuration 2 is in use/)
  assert.match((await server.get('/')).body, /^15 10 5 preset$/)
})

test('an endless loop ends by its limit, and nobody else notices', async (t) => {
  const server = await start(t, served(`location = /loop { event_route[xhttp:request] { $var(i) = 0; while (1) { $var(i) = $var(i) + 1; } ${reply('$var(i)')} } }`, 'modparam script max_while_loops 50;'))
  assert.deepEqual(await answers(server, '/loop', '/loop'), [[200, '50'], [200, '50']])
})

test('files that a route block includes: from the configuration\'s directory, else beside the file that names them', async (t) => {
  const conf = served(`location / { event_route[xhttp:request] {
    #!ifdef VESPID
    include_file "routes/first.cfg"
    #!endif
    #!import_file "routes/missing.cfg"
    $var(text) = $var(text) + NUMBER;
    ${reply('$var(text)')} } }`)
  const files = { 'routes/first.cfg': '#!define NUMBER 1\n$var(text) = "first ";\ninclude_file "second.cfg"\n', 'routes/second.cfg': '$var(text) = $var(text) + "second ";\n' }
  const server = await start(t, conf, { files })
  assert.deepEqual(await answers(server, '/'), [[200, 'first second 1']])
  await server.site.write('routes/second.cfg', '$var(text) = $var(text) + "changed ";\n')
  await server.rpc('core.reload')
  assert.deepEqual(await answers(server, '/'), [[200, 'first changed 1']])
  await server.site.write('routes/second.cfg', '\n  nonsense();\n')
  assert.match(JSON.stringify(await server.rpc('core.reload')), /unknown script function \\"nonsense\\"[^]*routes\/second\.cfg:2/)
  await server.site.write('routes/first.cfg', 'include_file "routes/missing.cfg"\n')
  assert.match(JSON.stringify(await server.rpc('core.reload')), /cannot open included file \\"routes\/missing\.cfg\\"[^]*routes\/first\.cfg:1/)
  assert.deepEqual(await answers(server, '/'), [[200, 'first changed 1']])
})
