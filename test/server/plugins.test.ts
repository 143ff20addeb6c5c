import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { tmpdir } from 'node:os'
import { builtText } from '../built.ts'
import { run, start } from './kit.ts'
import type { Server } from './kit.ts'

/** A plugin with one content directive that answers a word. */
const source = (directive: string, word: string) => `import { Request, Status, content } from '@vespid/sdk'
content('${directive}', (r: Request): Status => r.reply(200, 'text/plain', '${word}'))
`

/** Compiled once for all tests of this file: path by name. */
const built = new Map<string, string>()
const workshop = mkdtempSync(`${tmpdir()}/vespid-`)

before(async () => {
  for (const [name, directive, word] of [['one', 'greet', 'one'], ['two', 'greet', 'two'], ['other', 'wave', 'wave']] as const) {
    const file = `${workshop}/${name}.wasm`
    await builtText(source(directive, word), file)
    built.set(name, file)
  }
})
after(() => rmSync(workshop, { recursive: true, force: true }))

const conf = (plugins: string, location = 'greet;') => `worker_processes 2;
${plugins}
http { keepalive_requests 1000000; server { listen 127.0.0.1:<port>; location / { ${location} } } }`

/** A server with the plugin directory p/, which holds greet.wasm made from `one`. */
function startWith(t: Parameters<typeof start>[0], text = conf('plugins p;')): Promise<Server> {
  return start(t, text, { files: { 'p/greet.wasm': readFileSync(built.get('one')!) } })
}

/** Replaces the plugin's file the way a careful build does. */
function put(server: Server, from: string, name = 'greet'): void {
  copyFileSync(built.get(from)!, `${server.prefix}/p/.${name}.new`)
  renameSync(`${server.prefix}/p/.${name}.new`, `${server.prefix}/p/${name}.wasm`)
}

const body = async (server: Server) => (await server.get('/')).body
const rpc = async (server: Server, ...words: string[]) => {
  const { stdout, stderr, code } = await run(server.site, ['rpc', ...words])
  return { stdout, stderr, code }
}

test('plugin.list, plugin.show and the banner tell what is loaded', async (t) => {
  const server = await startWith(t)
  const { size } = statSync(built.get('one')!)
  assert.match(server.stderr, /^ {2}plugins: greet \d+\.\d kB \(greet\)$/m)
  const { result } = await server.rpc('plugin.list')
  assert.deepEqual(result, [{ name: 'greet', file: `${server.prefix}/p/greet.wasm`, size, abi: 'vespid 1' }])
  const shown = (await server.rpc('plugin.show', 'greet')).result
  assert.deepEqual(shown.directives, ['greet'])
  const { error } = await server.rpc('plugin.show', 'gret')
  assert.deepEqual(error, { code: -32000, message: 'no plugin "gret" is loaded', data: { suggestion: 'greet' } })
})

test('plugin.reload replaces one plugin; the configuration file is not read', async (t) => {
  const server = await startWith(t)
  assert.equal(await body(server), 'one')
  await server.site.write('vespid.conf', 'half edited {')
  put(server, 'two')
  assert.equal(await body(server), 'one')
  const { result } = await server.rpc('plugin.reload', 'greet')
  assert.equal(result.configuration, 2)
  assert.equal(await body(server), 'two')
})

test('a bad file changes nothing and is answered with the reason', async (t) => {
  const server = await startWith(t)
  const path = `${server.prefix}/p/greet.wasm`
  const refused = async (make: () => void) => {
    make()
    const { error } = await server.rpc('plugin.reload', 'greet')
    assert.equal(await body(server), 'one')
    assert.equal(error!.code, -32000)
    return error!.message
  }
  const place = ` in ${server.prefix}/vespid.conf:2`
  assert.equal(await refused(() => truncateSync(path, 0)), `${path}: is empty${place}`)
  assert.equal(await refused(() => writeFileSync(path, 'hello')), `${path}: is not a WebAssembly file${place}`)
  const cut = await refused(() => writeFileSync(path, readFileSync(built.get('one')!).subarray(0, 3000)))
  assert.ok(cut.startsWith(`${path}: `) && cut.endsWith(place), cut)
  assert.equal(await refused(() => writeFileSync(path, Buffer.from('0061736d01000000', 'hex'))), `${path}: no ABI recognised${place}`)
  assert.equal(await refused(() => put(server, 'other')), `unknown directive "greet" in ${server.prefix}/vespid.conf:3`)
  assert.equal(await refused(() => rmSync(path)), `open() "${path}" failed (2: No such file or directory)${place}`)
  put(server, 'two')
  assert.equal((await server.rpc('plugin.reload', 'greet')).error, undefined)
  assert.equal(await body(server), 'two')
})

test('plugin.unload is refused while the configuration uses the plugin; plugin.load and core.reload', async (t) => {
  const server = await startWith(t, conf('plugins p;', 'return 200 plain;'))
  const names = async () => (await server.rpc('plugin.list')).result.map(({ name }: { name: string }) => name)
  copyFileSync(built.get('other')!, `${server.prefix}/wave.wasm`)
  assert.deepEqual(await rpc(server, 'plugin.load', 'wave.wasm').then(({ stderr, code }) => [stderr, code]), ['', 0])
  assert.deepEqual((await names()).sort(), ['greet', 'wave'])
  assert.equal((await rpc(server, 'plugin.unload', 'greet')).code, 0)
  assert.deepEqual(await names(), ['wave'])
  assert.equal((await rpc(server, 'core.reload')).code, 0)
  assert.deepEqual(await names(), ['greet'])
  assert.equal((await server.reload(conf('plugins p;'))).code, 0)
  const { stderr, code } = await rpc(server, 'plugin.unload', 'greet')
  assert.equal(code, 1)
  assert.match(stderr, /^vespid: \[emerg\] unknown directive "greet" in .*vespid\.conf:3\n/)
  assert.equal(await body(server), 'one')
  const none = await rpc(server, 'plugin.load', 'none.wasm')
  assert.deepEqual([none.stderr, none.code], [`vespid: [emerg] open() "${server.prefix}/none.wasm" failed (2: No such file or directory)\n`, 1])
})

test('plugins DIR watch: a changed file is loaded by itself, a half written or bad one is not', async (t) => {
  const server = await startWith(t, conf('plugins p watch;'))
  put(server, 'two')
  await server.waitLog(/plugin files changed: .*\/p\/greet\.wasm\n(.*\n)*.*configuration 2 is in use/)
  assert.equal(await body(server), 'two')
  writeFileSync(`${server.prefix}/p/greet.wasm`, readFileSync(built.get('one')!).subarray(0, 4000))
  await server.waitLog(/\[emerg\] .*greet\.wasm/)
  assert.equal(await body(server), 'two')
  writeFileSync(`${server.prefix}/p/greet.wasm`, readFileSync(built.get('one')!))
  await server.waitLog(/configuration \d+ is in use\n(.*\n)*.*configuration \d+ is in use/)
  assert.equal(await body(server), 'one')
})

test('no request is lost while a plugin is replaced', async (t) => {
  const server = await startWith(t)
  let stopped = false
  const seen = new Map<string, number>()
  const load = Array.from({ length: 4 }, async () => {
    const client = await server.connect()
    while (!stopped) {
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const { status, body: word } = await client.response()
      seen.set(`${status} ${word}`, (seen.get(`${status} ${word}`) ?? 0) + 1)
    }
    client.close()
  })
  for (let i = 0; i < 20; i++) {
    put(server, i % 2 === 0 ? 'two' : 'one')
    assert.equal((await server.rpc('plugin.reload', 'greet')).error, undefined)
  }
  stopped = true
  await Promise.all(load)
  assert.deepEqual([...seen.keys()].sort(), ['200 one', '200 two'])
})
