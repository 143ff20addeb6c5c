/** Plugins that wait, in the whole server: several workers, replacement, shutdown, commands. */
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtPlugin, builtText } from '../built.ts'
import { Target } from '../abi/target.ts'
import { run, site, start, until } from './kit.ts'
import type { Server, Test } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-waits-'))
after(() => rmSync(out, { recursive: true }))
const file = join(out, 'waits.wasm')
await builtPlugin(fileURLToPath(new URL('../../sdk/test/waits', import.meta.url)), file)

/** A server with the plugin `waits`, which may ask the target; `main` goes before http{}, `conf` into the server. */
async function serving(t: Test, target: Target, conf: string, main = ''): Promise<Server> {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  copyFileSync(file, join(place.prefix, 'plugins/waits.wasm'))
  return start(t, `worker_processes 2; plugins plugins; plugin waits { allow net 127.0.0.1:${target.port}; } ${main}
    error_log <prefix>/error.log info; events {}
    http { access_log off; server { listen 127.0.0.1:<port>; target http://127.0.0.1:${target.port}; ${conf} } }`, { site: place })
}

test('a thousand requests sleep at once in two workers', async (t) => {
  const server = await serving(t, await Target.open(t), 'location / { napping; }')
  const clients = await Promise.all(Array.from({ length: 50 }, () => server.connect()))
  await Promise.all(clients.map(async (client, k) => {
    client.write(Array.from({ length: 20 }, (_, i) => `GET /?${k}-${i} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''))
    for (let i = 0; i < 20; i++) assert.equal((await client.response()).body, `${k}-${i}/49`)
    client.close()
  }))
})

test('plugin.reload while calls wait: they end in the old plugin, new requests get the new one, none is lost', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target, 'location /a { asking; } location /p { plainly; }')
  const place = server.site
  const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
  for (const [i, client] of clients.entries()) client.write(`GET /a/${i} HTTP/1.1\r\nHost: h\r\n\r\n`)
  const held = []
  for (let i = 0; i < clients.length; i++) held.push(await target.next())
  await builtText(`import { Request, Status, content, directive, Where, fetch } from '@vespid/sdk'
    class Conf { target: string = '' }
    directive<Conf>('target', Where.Server | Where.Location, 1, (c: Conf, args: string[]): string | null => { c.target = args[1]; return null },
      (parent: Conf, child: Conf): void => { if (child.target == '') child.target = parent.target })
    content<Conf>('asking', (r: Request, c: Conf): Status => r.reply(200, 'text/plain', 'new ' + fetch(c.target + '/new').text))
    content('plainly', (r: Request, _: Conf): Status => r.reply(200, 'text/plain', 'new'))`, join(place.prefix, 'plugins/waits.wasm'))
  const answer = await server.rpc('plugin.reload', 'waits')
  assert.equal(answer.error, undefined, JSON.stringify(answer.error))
  assert.equal((await server.get('/p')).body, 'new')
  const fresh = server.get('/a')
  const asked = await target.next()
  assert.equal(asked.path, '/new')
  asked.answer(200, 'too')
  assert.equal((await fresh).body, 'new too')
  for (const one of held) one.answer(200, one.path)
  for (const [i, client] of clients.entries()) {
    assert.equal((await client.response()).body, `200 /a/${i}`)
    // The connection is kept, and its next request gets the new plugin.
    client.write('GET /p HTTP/1.1\r\nHost: h\r\n\r\n')
    assert.equal((await client.response()).body, 'new')
    client.close()
  }
})

test('a replaced configuration waits for its calls as long as worker_shutdown_timeout says', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target, 'location /a { asking; } location /p { plainly; }', 'worker_shutdown_timeout 1s;')
  const client = await server.connect()
  client.write('GET /a HTTP/1.1\r\nHost: h\r\n\r\n')
  const asked = await target.next()
  const closed = new Promise((resolve) => asked.socket.once('close', resolve))
  const answer = await server.rpc('core.reload')
  assert.equal(answer.error, undefined, JSON.stringify(answer.error))
  assert.equal((await server.get('/p')).body, 'plain')
  assert.equal(await client.rest(), '')
  await closed
  const log = (): string => readFileSync(join(server.site.prefix, 'error.log'), 'latin1')
  const line = `the client went away while content handler of "asking" of plugin waits waited for fetch http://127.0.0.1:${target.port}/a`
  await until(() => log().includes(line), log)
})

test('shutdown waits for calls that wait', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target, 'location / { asking; }')
  const client = await server.connect()
  client.write('GET /last HTTP/1.1\r\nHost: h\r\n\r\n')
  const asked = await target.next()
  server.kill('SIGQUIT')
  const log = (): string => readFileSync(join(server.site.prefix, 'error.log'), 'latin1')
  await until(() => log().includes('gracefully shutting down'), log)
  asked.answer(200, 'goodbye')
  assert.match(await client.rest(), /\r\n\r\n200 goodbye$/)
})

test('a command that waits, over the control socket and over HTTP', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target, 'location /rpc { jsonrpcs; } location / { plainly; }')
  const url = `http://127.0.0.1:${target.port}/for-command`
  const control = server.rpc('waits.ask', url)
  ;(await target.next()).answer(200, 'by control')
  assert.deepEqual((await control).result, 'by control')
  const client = await server.connect()
  const document = JSON.stringify([{ jsonrpc: '2.0', method: 'waits.through', params: [url], id: 1 }, { jsonrpc: '2.0', method: 'waits.ask', params: [url], id: 2 }])
  client.write(`POST /rpc HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: ${document.length}\r\n\r\n${document}`)
  ;(await target.next()).answer(200, 'first')
  assert.equal((await server.get('/')).body, 'plain')
  ;(await target.next()).answer(200, 'second')
  const answers = JSON.parse((await client.response()).body) as { id: number, result: string }[]
  assert.deepEqual(answers.map(({ id, result }) => [id, result]), [[1, '{"result":"first"}'], [2, 'second']])
  client.close()
})

test('wrong values are reported at their place', async (t) => {
  const place = site(t)
  await place.write('v.conf', `plugin_instances 0;
plugin_queue many;
plugin_isolation none;
plugin hello { instances 5000; }
events {}
http { server { listen 127.0.0.1:<port>; location / { hello; } } }`)
  const { stderr } = await run(place, ['-t', '-c', '<prefix>/v.conf'])
  assert.deepEqual(stderr.split('\n').filter((line) => /invalid value/.test(line)).map((line) => line.replace(/^.*\] /, '').replace(place.prefix, '<prefix>')), [
    'invalid value "0" in "plugin_instances" directive in <prefix>/v.conf:1', 'invalid value "many" in "plugin_queue" directive in <prefix>/v.conf:2',
    'invalid value "none" in "plugin_isolation" directive in <prefix>/v.conf:3', 'invalid value "5000" in "instances" directive in <prefix>/v.conf:4',
  ])
})
