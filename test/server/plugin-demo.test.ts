/** examples/demo: what `npm start` serves, and what its page tells to try. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run, site, start } from './kit.ts'

const demo = join(import.meta.dirname, '../../examples/demo')
const plugins = join(import.meta.dirname, '../../build/plugins')

/** What vespid.conf says is left out: plugins that listen on ports of their own, and the one that needs a database. */
const left = ['microhttpd', 'registrar', 'usrloc', 'xhttp_pi']

test('the demo uses the shipped plugins, and each does what the page says', async (t) => {
  const place = site(t)
  for (const name of ['html', 'logs/README.md']) cpSync(join(demo, name), join(place.prefix, name), { recursive: true })
  const conf = readFileSync(join(demo, 'vespid.conf'), 'utf8')
  assert.match(conf, /listen 127\.0\.0\.1:8080;/)
  const server = await start(t, conf.replaceAll('127.0.0.1:8080', '127.0.0.1:<port>').replace('logs/vespid.pid', 'vespid.pid'), { site: place })

  const shipped = Object.keys(JSON.parse(readFileSync(join(plugins, 'index.json'), 'utf8'))).filter((name) => !left.includes(name)).sort()
  const { result } = await server.rpc('plugin.list')
  assert.deepEqual(result.map((plugin: { name: string }) => plugin.name).sort(), shipped)

  const page = await server.get('/')
  assert.deepEqual([page.status, page.header('content-type'), page.header('cache-control')], [200, 'text/html', 'no-cache'])
  assert.match(page.body, /<title>vespid is running<\/title>/)
  // Nothing from elsewhere, and everything that the page names is there.
  assert.deepEqual([...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]), ['data:,', '/style.css', '/try.js', '/console/'])
  for (const [, path] of page.body.matchAll(/data-path="([^"]+)"/g)) {
    assert.equal((await server.get(path!)).status, path === '/outside' ? 403 : 200, path)
  }
  assert.equal((await server.get('/style.css')).header('content-type'), 'text/css')
  assert.equal((await server.get('/try.js')).header('content-security-policy'), 'default-src \'self\'; img-src \'self\' data:')
  assert.match((await server.get('/hello/world')).header('x-served-by')!, /^vespid, connection \d+$/)
  assert.equal((await server.get('/pixel.gif')).header('expires'), 'Thu, 31 Dec 2037 23:55:55 GMT')
  assert.match(await server.raw('GET /timed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /\r\n0\r\nServer-Timing: total;dur=\d\.\d{3}\r\n\r\n$/)
  assert.equal((await server.get('/moved')).status, 302)
  const greet = async (language: string) => (await server.get('/route', { 'Accept-Language': language })).body
  assert.deepEqual([await greet('de-DE,en'), await greet('fr'), await greet('it')], ['Guten Tag, 127.0.0.1\n', 'Bonjour, 127.0.0.1\n', 'Good day, 127.0.0.1\n'])
  const metrics = (await server.get('/metrics')).body
  assert.match(metrics, /^kamailio_greetings_total\{language="de"\} 1 \d+$/m)
  assert.match(metrics, /^vespid_plugin_faults_total\{plugin="xhttp"\} 0 \d+$/m)
  const pages = await server.get('/console/')
  assert.match(pages.body, /href="\/console\/core"/)
  assert.match(pages.header('content-security-policy')!, /^default-src 'none'; style-src 'nonce-[0-9a-f]+';/)
  const described = JSON.parse((await server.request('POST', '/rpc', { 'Content-Type': 'application/json' },
    '{"jsonrpc":"2.0","method":"system.describe","id":1}')).body).result
  assert.ok(described.some((command: { name: string, effect: string }) => command.name === 'http.explain' && command.effect === 'read'))
})

test('a plugin is replaced by what the page tells to do', async (t) => {
  const place = site(t)
  const source = join(demo, '../../plugins-as/hello')
  cpSync(join(source, 'assembly'), join(place.prefix, 'hello/assembly'), { recursive: true })
  const build = () => run(place, ['build', '<prefix>/hello', '-o', '<prefix>/plugins/hello.wasm'])
  assert.equal((await build()).code, 0)
  const server = await start(t, 'plugins plugins; http { access_log off; server { listen 127.0.0.1:<port>; location / { hello; } } }', { site: place })
  assert.equal((await server.get('/a')).body, 'hello from /a\n')
  const text = place.read('hello/assembly/index.ts')
  await place.write('hello/assembly/index.ts', text.replace('hello from', 'good day from'))
  assert.equal((await build()).code, 0)
  assert.equal((await server.get('/a')).body, 'hello from /a\n')
  const { stdout, code } = await run(place, ['rpc', '-p', '<prefix>', '-c', 'vespid.conf', 'plugin.reload', 'hello'])
  assert.equal(code, 0, stdout)
  assert.equal((await server.get('/a')).body, 'good day from /a\n')
})
