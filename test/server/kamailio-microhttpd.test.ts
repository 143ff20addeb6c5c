/** What Kamailio 5.8's microhttpd answered, replayed with `compat strict` (test/golden/kamailio/microhttpd.jsonl), and what is otherwise on purpose. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Server, Test } from './kit.ts'
import { answers, run, site, start, startScript, untilAsync } from './kit.ts'

/** One exchange as it was recorded. */
interface Recorded {
  readonly id: string
  readonly input: string
  readonly output: string
  readonly closed_by_server?: boolean
}

const golden = (name: string): string => readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}`, import.meta.url)), 'utf8')
const records = golden('microhttpd.jsonl').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)
const configuration = golden('configs/microhttpd.cfg').replace(/^listen=.*$/m, 'listen=tcp:127.0.0.1:<port2>')
  .replace('"listen_port", 9421', '"listen_port", <port>').replace('request_route', 'modparam("microhttpd", "compat", "strict")\nrequest_route')

/** `Date` is the time of the answer. */
const masked = (answer: string): string => answer.replace(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r$/gm, 'Date: <now>\r')
const vars = (method: string, rest: string): string => {
  const body = `method=${method} url=/vars version=HTTP/1.1 ${rest} hu=<null> si=127.0.0.1 rm=OPTIONS`
  return `HTTP/1.1 200 OK\r\nDate: <now>\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}
const posted = (data: string): string => vars('POST', `size=${data.length} data=[${data}] srcip=127.0.0.1 ua=<null> xt=<null> missing=<null>`)
const page = 'HTTP/1.1 200 OK\r\nDate: <now>\r\nContent-Type: text/html\r\nContent-Length: 28\r\n\r\n<html><body>OK</body></html>'

/** Records whose faults are not ours: what is answered instead. A RegExp is what the server's own answer looks like, behind which it closes. */
const onPurpose: Readonly<Record<string, string | RegExp>> = {
  'no-host@5.8.5': /^HTTP\/1\.1 400 Bad Request\r\n/, 'no-host@5.8.6': /^HTTP\/1\.1 400 Bad Request\r\n/,
  'bad-request@5.8.5': /^HTTP\/1\.1 400 Bad Request\r\n/,
  'post-json-body(article-bug)@5.8.5': page,
  'noreply@5.8.5': /^HTTP\/1\.1 500 Internal Server Error\r\n/, 'noreply@5.8.6': /^HTTP\/1\.1 500 Internal Server Error\r\n/,
  'vars-get@5.8.6': vars('GET', 'size=0 data=[] srcip=127.0.0.1 ua=u xt=hello missing=<null>'),
  // The process had crashed.
  'post-binary-nul@5.8.6': vars('POST', 'size=3 data=[a] srcip=127.0.0.1 ua=<null> xt=<null> missing=<null>'),
  'post-two-writes@5.8.6': posted('helloworld'), 'chunked@5.8.6': posted('hello'),
  'expect-100@5.8.6': posted('hello'),
}

const probe = 'GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const probed = 'HTTP/1.1 200 OK\r\nDate: <now>\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 28\r\n\r\n<html><body>OK</body></html>'

async function replay(server: Server, { id, input, output, closed_by_server: closed = false }: Recorded): Promise<void> {
  const expected = onPurpose[id] ?? masked(output)
  const client = await server.connect()
  client.write(Buffer.from(input, 'utf8').toString('latin1'))
  // Behind what leaves the connection open another request is answered.
  const open = !closed && !(expected instanceof RegExp)
  if (open) client.write(probe)
  const given = masked(await client.rest())
  if (expected instanceof RegExp) assert.match(given, expected)
  else assert.equal(given, open ? expected + probed : expected)
}

test('recorded of 5.8.5 and of the module of 5.8.6', async (t) => {
  const server = await startScript(t, configuration)
  for (const record of records) await t.test(record.id, () => replay(server, record))
})

/** A configuration in nginx's syntax with the module's own server on `<port>`. */
const configured = (route: string, more = ''): string => `http { access_log off; ${more}
  modparam microhttpd listen_addr 127.0.0.1; modparam microhttpd listen_port <port>;
  event_route[microhttpd:request] { ${route} }
  server { listen 127.0.0.1:<port2>; location / { return 200 other; } } }`
const tells = `mhttpd_reply("200", "", "text/plain",
  "$mhttpd(method) $mhttpd(URL) $mhttpd(size) [$mhttpd(data)] $mhttpd(h:X-a) $mhttpd(srcip) $rm $si $hu $hdr(X-A)");`

test('the real request is seen, and the server has its own head, without "compat strict"', async (t) => {
  const server = await start(t, configured(tells))
  const answer = await server.request('POST', '/a%20b?c=d', { 'X-A': 'v', 'content-type': 'text/plain' }, 'x\0y')
  assert.deepEqual([answer.status, answer.body], [200, 'POST /a b 3 [x\0y] v 127.0.0.1 POST 127.0.0.1 /a%20b?c=d v'])
  assert.match(answer.header('server')!, /^vespid\//)
  assert.equal((await server.get('/', {}, server.port('port2'))).body, 'other')
})

test('a route that does not answer is a 500 and a line in the log, drop closes, the standard reason is sent', async (t) => {
  const server = await start(t, configured(`if ($mhttpd(url) == "/drop") drop;
    if ($mhttpd(url) == "/negative") { mhttpd_reply("404", "My Own", "", "x"); return -1; }
    if ($mhttpd(url) == "/interim") { if (!mhttpd_reply("103", "", "", "")) mhttpd_reply("200", "", "", "refused"); }`))
  assert.equal((await server.get('/silent')).status, 500)
  await server.waitLog(/event_route\[microhttpd:request\] has ended without an answer/)
  assert.equal(await server.raw('GET /drop HTTP/1.1\r\nHost: a\r\n\r\n'), '')
  assert.match(await server.raw('GET /negative HTTP/1.1\r\nHost: a\r\n\r\nGET /interim HTTP/1.0\r\n\r\n'),
    /^HTTP\/1.1 404 Not Found\r\n[^]*x(?=HTTP)HTTP\/1.1 200 OK[^]*refused$/)
})

test('only addresses of allowed_ips are served', async (t) => {
  const refusing = await start(t, configured(tells, 'modparam microhttpd allowed_ips "10.0.0.0/8, 192.168.0.0/255.255.0.0 2001:db8::1";'))
  assert.equal(await refusing.raw('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), '')
  const serving = await start(t, configured(tells, 'modparam microhttpd allowed_ips "10.0.0.0/8,127.0.0.0/255.0.0.0";'))
  assert.equal((await serving.get('/')).status, 200)
})

test('bodies over the limit are refused, and what follows is served', async (t) => {
  const server = await start(t, configured('mhttpd_reply("200", "", "", "$mhttpd(size)");', 'client_max_body_size 1k;'))
  assert.equal((await server.request('POST', '/', {}, 'x'.repeat(1025))).status, 413)
  assert.equal((await server.request('POST', '/', {}, 'x'.repeat(1024))).body, '1024')
})

test('the server stays through a reload and moves with its parameter', async (t) => {
  const server = await start(t, configured('mhttpd_reply("200", "", "", "one");'))
  const client = await server.connect()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until('one')
  await server.site.configure(configured('mhttpd_reply("200", "", "", "two");').replace('<port>', '<port:moved>'))
  server.kill('SIGHUP')
  await untilAsync(async () => answers(server.port('port:moved')), () => server.log())
  assert.equal((await server.get('/', {}, server.port('port:moved'))).body, 'two')
  client.close()
})

/** What `-t` says of a configuration. */
async function complaint(t: Test, conf: string): Promise<string> {
  const place = site(t)
  await place.configure(conf)
  const { stderr } = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
  return /\[emerg\] (.*) in [^ ]*:\d+$/m.exec(stderr)?.[1] ?? stderr
}

const mistakes: readonly (readonly [string, string])[] = [
  ['modparam microhttpd listen_port 70000; event_route[microhttpd:request] { drop; }',
    'parameter "listen_port" of module "microhttpd" must be a port, 0 to 65535'],
  ['modparam microhttpd listen_addr localhost; event_route[microhttpd:request] { drop; }',
    'parameter "listen_addr" of module "microhttpd" must be an IP address, or "" for all of them'],
  ['modparam microhttpd allowed_ips "10.0.0.0/255.0.255.0"; event_route[microhttpd:request] { drop; }',
    'parameter "allowed_ips" of module "microhttpd" has "10.0.0.0/255.0.255.0", which is none of ADDRESS, ADDRESS/LENGTH, ADDRESS/MASK'],
  ['modparam microhttpd listen_port 8281;',
    'module "microhttpd" needs event_route[microhttpd:request]'],
  ['event_route[microhttpd:request] { xlog("$mhttpd(body)"); }',
    'unknown key "body" of $mhttpd; it has method, url, data, size, version, srcip, h:*'],
  ['event_route[microhttpd:request] { mhttpd_reply("200"); }',
    'invalid number of arguments of script function "mhttpd_reply": 1'],
  ['server { listen 127.0.0.1:1; event_route[microhttpd:request] { drop; } }',
    'event_route[microhttpd:request] is not allowed here'],
  ['modparam microhttpd listen_addr 127.0.0.1; modparam microhttpd listen_port 1; event_route[microhttpd:request] { drop; } server { listen 127.0.0.1:1; }',
    'event_route[microhttpd:request] cannot listen on 127.0.0.1:1, another server does'],
]
for (const [text, message] of mistakes) {
  test(`mistake: ${text}`, async (t) => assert.equal(await complaint(t, `http { ${text} }`), message))
}

test('the article\'s fragment', async (t) => {
  const server = await startScript(t, `debug=2
loadmodule "microhttpd.so"
modparam("microhttpd", "listen_addr", "127.0.0.1")
#8280 is the default
modparam("microhttpd", "listen_port", <port>)
listen=tcp:127.0.0.1:<port2>
event_route[microhttpd:request] {
xinfo("request: $mhttpd(method) - url: $mhttpd(url) - data: [$mhttpd(data)]\n");
mhttpd_reply("200", "OK", "text/html",
"<html><body>OK</body></html>");
}
`)
  const answer = await server.request('POST', '/a', {}, '{"test":"2", "test2":"1"}')
  assert.deepEqual([answer.status, answer.header('content-type'), answer.body], [200, 'text/html', '<html><body>OK</body></html>'])
})
