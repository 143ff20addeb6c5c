/** Hooks in the whole server, with plugins that show by a response header which ones ran. */
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtPlugin, builtText } from '../built.ts'
import { run, site, start } from './kit.ts'
import type { Server, Test } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-hooks-'))
after(() => rmSync(out, { recursive: true }))
for (const name of ['hookone', 'hooktwo']) await builtPlugin(fileURLToPath(new URL(`../../sdk/test/${name}`, import.meta.url)), join(out, `${name}.wasm`))

/** A server with these plugins. */
async function serving(t: Test, conf: string, plugins = ['hookone', 'hooktwo']): Promise<Server> {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  for (const name of plugins) copyFileSync(join(out, `${name}.wasm`), join(place.prefix, `plugins/${name}.wasm`))
  return start(t, `plugins plugins; events {} http { access_log off; server { listen 127.0.0.1:<port>; root html; ${conf} } }`, { site: place, files: { 'html/a.txt': 'a' } })
}

const way = 'header_parser access_checker check_user_id auth_checker type_checker'

test('the way of a request through the hooks of two plugins, and of a redirected one', async (t) => {
  const server = await serving(t, 'hooks_traced; hooks_second no; location / {} location /off { return 200 off; }')
  const first = 'create_request two:post_read_request post_read_request quick_handler translate_name'
  const last = `map_to_storage ${way} two:fixups fixups insert_filter handler`
  const answer = await server.get('/a.txt')
  assert.deepEqual([answer.status, answer.body, answer.header('x-trace')], [200, 'a', `${first} ${last} calls=13`])
  // The context is that of the request behind the redirect, the notes are those of both.
  const redirected = await server.get('/from?user=me')
  assert.deepEqual([redirected.body, redirected.header('x-trace')],
    ['/to me pre,post,child 127.0.0.1 open request 1 status 1', `${first} ${first} ${last} calls=13`])
  assert.equal((await server.get('/a.txt?loud=1')).body, 'A')
  const missing = await server.get('/missing')
  assert.deepEqual([missing.status, missing.header('x-page')], [404, 'built in'])
})

test('contexts of a connection live through its requests, those of requests do not', async (t) => {
  const server = await serving(t, 'hooks_traced; location / {}')
  const client = await server.connect()
  for (const n of [1, 2, 3]) {
    client.write('GET /to HTTP/1.1\r\nHost: h\r\n\r\n')
    const answer = await client.response()
    assert.deepEqual([answer.body, /calls=\d+/.exec(answer.header('x-trace')!)![0]], [`/to nobody pre,post,child 127.0.0.1 open request ${n} status 1`, 'calls=13'])
  }
  client.close()
})

test('a connection outlives a reload: contexts begin anew', async (t) => {
  const server = await serving(t, 'hooks_traced; location / {}')
  const client = await server.connect()
  const ask = async (): Promise<string> => {
    client.write('GET /to HTTP/1.1\r\nHost: h\r\n\r\n')
    return (await client.response()).body
  }
  assert.deepEqual([await ask(), await ask()], [1, 2].map((n) => `/to nobody pre,post,child 127.0.0.1 open request ${n} status 1`))
  assert.equal((await server.rpc('core.reload')).error, undefined)
  assert.equal(await ask(), '/to nobody pre,post,child  request 1 status 1')
  client.close()
})

test('verdicts of plugins: a status ends the request, 1 is Ok', async (t) => {
  const server = await serving(t, `hooks_traced;
    location /deny { hooks_answer access_checker 403; } location = /any { satisfy any; deny all; hooks_answer access_checker 1; empty_gif; }
    location /anon { hooks_answer check_user_id 1; } location /late { hooks_answer fixups 410; } location /done { hooks_answer map_to_storage 3; }`)
  const denied = await server.get('/deny')
  assert.deepEqual([denied.status, denied.header('x-trace')],
    [403, 'create_request post_read_request quick_handler translate_name map_to_storage header_parser access_checker calls=7'])
  // Consent skips what is left of access, and hooks come before a handler that a directive has bound.
  const let_ = await server.get('/any')
  assert.deepEqual([let_.status, let_.header('content-type'), let_.header('x-trace')?.split(' ').slice(4)],
    [200, 'image/gif', 'map_to_storage header_parser access_checker type_checker fixups insert_filter handler calls=11'.split(' ')])
  assert.equal((await server.get('/anon')).status, 500)
  assert.equal((await server.get('/anon?user=x')).status, 404)
  assert.equal((await server.get('/late')).status, 410)
  const done = await server.get('/done')
  assert.deepEqual([done.status, done.body], [200, ''])
})

test('a hook of a plugin\'s own, with and without somebody attached', async (t) => {
  const with2 = await serving(t, 'hooks_traced; hooks_second no; location / {}')
  assert.match((await with2.get('/greet')).body, / status 418$/)
  const alone = await serving(t, 'hooks_traced; location / {}', ['hookone'])
  assert.match((await alone.get('/greet')).body, / status 1$/)
  const other = await serving(t, 'hooks_second no; location / {}', ['hooktwo'])
  assert.equal((await other.get('/a.txt')).body, 'a')
})

test('where no directive of the plugin applies nothing of it runs', async (t) => {
  const server = await serving(t, 'location /on { hooks_traced; return 200 on; } location / {}')
  assert.equal((await server.get('/a.txt')).header('x-trace'), null)
  const { hooks, steps } = (await server.rpc('http.explain', 'GET', '/a.txt')).result as any
  assert.deepEqual([Object.keys(hooks), steps.filter((step: string) => step.includes('hookone'))], [['pre_config', 'check_config', 'post_config', 'child_init'], []])
})

test('http.explain tells the order of the hooks and why', async (t) => {
  const server = await serving(t, 'hooks_traced; hooks_second no; location / {}')
  const { hooks, steps } = (await server.rpc('http.explain', 'GET', '/a.txt')).result as any
  assert.deepEqual(hooks.post_read_request, [
    'hooktwo: order 10 (MIDDLE), drawn forward because "hookone" comes behind it', 'hookone: order 10 (MIDDLE), behind "hooktwo"',
  ])
  assert.deepEqual(hooks.fixups, ['hooktwo: order 10 (MIDDLE), drawn forward because "hookone" comes behind it', 'hookone: order 10 (MIDDLE), behind "hooktwo"'])
  assert.deepEqual(hooks.access_checker, ['hookone: order 0 (FIRST)'])
  assert.deepEqual(steps.slice(0, 3), ['create_request: hookone', 'post_read_request: hooktwo', 'post_read_request: hookone'])
})

test('mistakes: orders that contradict each other, unknown hooks, functions that may wait where nothing may', async (t) => {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  const build = async (name: string, text: string): Promise<void> => {
    await builtText(`import { hook, connection_hook, Connection, Request, Status, Nothing, server_hook, sleep } from '@vespid/sdk'\n${text}`, join(place.prefix, `plugins/${name}.wasm`))
  }
  const check = async (names: string[]): Promise<string> => {
    await place.configure(`${names.map((name) => `load_module plugins/${name}.wasm;`).join(' ')} events {} http { server { listen 127.0.0.1:<port>; } }`)
    const { stderr } = await run(place, ['-t', '-p', '<prefix>/', '-c', 'vespid.conf'])
    return stderr.replaceAll(place.prefix, '')
  }
  const declining = '(r: Request, c: Nothing): Status => Status.Declined'
  await build('ma', `hook('fixups', ${declining}, { after: ['mb'] })`)
  await build('mb', `hook('fixups', ${declining}, { after: ['ma'] })`)
  await build('mc', `hook('fixup', ${declining})`)
  const waits = build('md', `connection_hook('pre_connection', (c: Connection, conf: Nothing): Status => { sleep(1); return Status.Ok })`)
  await assert.rejects(waits, /attached a function that may wait to hook "pre_connection", in which nothing may wait/)
  await build('me', `server_hook('post_config', (): string | null => 'wants more memory')`)
  assert.match(await check(['ma', 'mb']), /order of hook "fixups" contradicts itself: "ma" comes after "mb" comes after "ma"/)
  assert.match(await check(['mc']), /module "mc" attaches to unknown hook "fixup"[^]*did you mean "fixups"\?/)
  assert.match(await check(['me']), /wants more memory/)
})
