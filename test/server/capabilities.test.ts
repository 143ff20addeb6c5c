/** Every capability that a plugin may lack: the refusal names the line to add, with that line it works, and `vespid check` tells of it before. */
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtText } from '../built.ts'
import { Target } from '../abi/target.ts'
import { freePort, run, site, start } from './kit.ts'
import type { Site, Test } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-capabilities-'))
after(() => rmSync(out, { recursive: true }))

async function build(name: string, source: string): Promise<string> {
  const file = join(out, `${name}.wasm`)
  await builtText(source, file)
  return file
}

const asking = await build('asking', `import { Request, Status, Zone, content, every, fetch, rpc_call, rpc_dispatch, rpc_reply } from '@vespid/sdk'
content('fetching', (r: Request): Status => {
  const answer = fetch('http://127.0.0.1:' + r.args + '/')
  return r.reply(200, 'text/plain', answer.error == '' ? answer.text : answer.error)
})
content('calling', (r: Request): Status => r.reply(200, 'text/plain', rpc_call('core.version')))
content('dispatching', (r: Request): Status => r.reply(200, 'text/plain', rpc_dispatch(Uint8Array.wrap(String.UTF8.encode('{"jsonrpc":"2.0","id":1,"method":"core.version"}')))))
content('replying', (r: Request): Status => rpc_reply('application/json'))
content('opening', (r: Request): Status => { Zone.open('late').set('k', 'v'); return r.reply(200, 'text/plain', 'set') })
content('hidden', (r: Request): Status => r.reply(200, 'text/plain', fetch('https://api.example.org/x').text + fetch('http://Quote.example:9000/').text))
every(60000, (): void => {}, 0, 'minutely')
`)
const zoned = await build('zoned', `import { Request, Status, Zone, content } from '@vespid/sdk'
const hits = Zone.open('hits')
content('hitting', (r: Request): Status => r.reply(200, 'text/plain', hits.incr('all').toString()))
`)
const reaching = await build('reaching', `import { Database, Received, Request, Status, Transport, TransportKind, Where, content, directive, read_file, reason } from '@vespid/sdk'
class Conf {}
content('reading', (r: Request): Status => {
  const read = read_file('secret.txt')
  return r.reply(200, 'text/plain', read === null ? reason() : read)
})
content('opening_db', (r: Request): Status => r.reply(200, 'text/plain', Database.open('sqlite:///data.db') === null ? reason() : 'opened'))
directive<Conf>('listening', Where.Location, 1, (c: Conf, args: string[]): string | null => {
  new Transport(TransportKind.Tcp).set('host', '127.0.0.1').set('port', args[1]).listen((document: Received): void => {})
  return null
})
`)

async function made(t: Test, file: string): Promise<Site> {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  copyFileSync(file, join(place.prefix, `plugins/${file.slice(file.lastIndexOf('/') + 1)}`))
  return place
}

/** The line that a message says to add. */
function lineIn(text: string): string {
  const found = /add "(plugin \w+ \{ allow [^"]+; \})" to the main context/.exec(text)
  assert.ok(found, `no line to add in: ${text}`)
  return found[1]!
}

for (const { what, location, path, method = 'GET', request = '', refusal, answer, body = true } of [
  { what: 'net', location: 'fetching', path: '/?<target>', refusal: 'plugin "asking" may not connect to 127.0.0.1:<target>; add "plugin asking { allow net 127.0.0.1:<target>; }" to the main context', answer: 'from the target' },
  { what: 'rpc', location: 'calling', path: '/', refusal: 'plugin "asking" may not call "core.version"; add "plugin asking { allow rpc core.version; }" to the main context', answer: '{"result":"vespid' },
  { what: 'rpc, a document', location: 'dispatching', path: '/', body: false, refusal: 'it may not have documents of commands run; add "plugin asking { allow rpc *; }" to the main context', answer: '"result":"vespid' },
  { what: 'rpc, a reply', location: 'replying', path: '/', method: 'POST', request: '{"jsonrpc":"2.0","id":1,"method":"core.version"}', body: false,
    refusal: 'it may not have documents of commands run; add "plugin asking { allow rpc *; }" to the main context', answer: '"result":"vespid' },
  { what: 'zone, opened late', location: 'opening', path: '/', body: false, refusal: 'it used zone "late", which it may not; add "plugin asking { allow zone late; }" to the main context', answer: 'set' },
]) {
  test(`${what}: refused with the line to add, and with that line allowed`, async (t) => {
    const target = await Target.open(t, (asked) => asked.answer(200, 'from the target'))
    const conf = (line: string): string => `plugins plugins; zone late 64k; ${line} worker_processes 1; error_log <prefix>/error.log info; events {}
      http { access_log off; server { listen 127.0.0.1:<port>; location / { ${location}; } } }`
    const server = await start(t, conf(''), { site: await made(t, asking) })
    const ask = () => server.request(method, path.replace('<target>', String(target.port)), {}, request)
    const wanted = refusal.replaceAll('<target>', String(target.port))
    const refused = await ask()
    let said = refused.body
    if (!body) {
      assert.equal(refused.status, 500)
      await server.waitLog(/plugin asking trapped/)
      said = server.log()
    }
    assert.ok(said.replaceAll('\\"', '"').includes(wanted), said)
    assert.equal((await server.reload(conf(lineIn(said.replaceAll('\\"', '"'))))).code, 0)
    await server.waitLog(/configuration 2 is in use/)
    const allowed = await ask()
    assert.equal(allowed.status, 200, server.log())
    assert.ok(allowed.body.includes(answer), allowed.body)
  })
}

test('zone: the start is refused with the line to add, and with that line it starts', async (t) => {
  const place = await made(t, zoned)
  const conf = (line: string): string => `plugins plugins; zone hits 64k; ${line} worker_processes 1; events {}
    http { access_log off; server { listen 127.0.0.1:<port>; location / { hitting; } } }`
  await place.configure(conf(''))
  const { code, stderr } = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
  assert.equal(code, 1)
  assert.match(stderr, /\[emerg\] plugin "zoned" may not use zone "hits"\n {2}note: add "plugin zoned \{ allow zone hits; \}" to the main context\n/)
  const server = await start(t, conf(lineIn(stderr)), { site: place })
  assert.equal((await server.get('/')).body, '1')
})

test('vespid check tells what a plugin asks for, with its timers and its state', async (t) => {
  const place = site(t)
  const { stdout, code } = await run(place, ['check', asking])
  assert.equal(code, 0)
  assert.deepEqual(stdout.split('\n').filter((line) => /^ {2}(needs|timers|zones)/.test(line)), [
    '  timers: minutely',
    '  needs net (fetch): "allow net 127.0.0.1:* api.example.org:443 quote.example:9000;", and for others that it is told of',
    '  needs zone (zone_open): "allow zone NAME;"',
    '  needs rpc (rpc_call, rpc_dispatch, rpc_reply): "allow rpc *;"',
  ])
  const json = JSON.parse((await run(place, ['check', '--json', zoned])).stdout)
  assert.deepEqual([json.zones, json.needs], [['hits'], [{ kind: 'zone', calls: ['zone_open'], named: ['hits'] }]])
  const none = await run(place, ['check', new URL('../../build/plugins/hello.wasm', import.meta.url).pathname])
  assert.doesNotMatch(none.stdout, /needs/)
})

for (const { kind, location, refusal, answer } of [
  { kind: 'file', location: 'reading', refusal: 'plugin "reaching" may not read <prefix>/secret.txt; add "plugin reaching { allow file <prefix>/secret.txt; }" to the main context', answer: 'the secret' },
  { kind: 'db', location: 'opening_db', refusal: 'plugin "reaching" may not open database sqlite:///data.db; add "plugin reaching { allow db sqlite:///data.db; }" to the main context', answer: 'opened' },
]) {
  test(`${kind}: refused with the line to add, and with that line allowed`, async (t) => {
    const place = await made(t, reaching)
    await place.write('secret.txt', 'the secret')
    const conf = (line: string): string => `plugins plugins; ${line} worker_processes 1; events {} http { access_log off; server { listen 127.0.0.1:<port>; location / { ${location}; } } }`
    const server = await start(t, conf(''), { site: place })
    const { body } = await server.get('/')
    assert.equal(body, refusal.replaceAll('<prefix>', place.prefix))
    assert.equal((await server.reload(conf(lineIn(body)))).code, 0)
    await server.waitLog(/configuration 2 is in use/)
    assert.equal((await server.get('/')).body, answer)
  })
}

test('listen: the configuration is refused with the line to add, and with that line it is taken', async (t) => {
  const place = await made(t, reaching)
  const port = await freePort()
  const conf = (line: string): string => `plugins plugins; ${line} events {} http { server { listen 127.0.0.1:<port>; location / { listening ${port}; } } }`
  await place.configure(conf(''))
  const refused = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /\[emerg\] plugin reaching trapped in directive "listening": it may not listen on (\S+); add "plugin reaching \{ allow listen \1; \}" to the main context in /)
  await place.configure(conf(lineIn(refused.stderr)))
  const taken = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
  assert.deepEqual([taken.code, /may not/.test(taken.stderr)], [0, false], taken.stderr)
  const { stdout } = await run(place, ['check', reaching])
  assert.deepEqual(stdout.split('\n').filter((line) => line.startsWith('  needs')).sort(), [
    '  needs db (db_open): "allow db URL;"', '  needs file (file_read): "allow file PATH;"', '  needs listen (transport): "allow listen ADDRESS;"',
  ])
})
