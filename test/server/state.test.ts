/** State that plugins hand over from one configuration to the next: under load, between versions, and what becomes of it when that fails. */
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtText } from '../built.ts'
import { run, site, start, untilAsync } from './kit.ts'
import type { Server, Test } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-state-'))
after(() => rmSync(out, { recursive: true }))

/** A plugin that counts requests in its memory; each worker's instance has a name of its own, which is part of its state. */
function source(form: string, version: number, restore: string, required = false, save = 'return bytes'): string {
  return `import { Bytes, Needs, Request, Status, Where, content, on_start, state } from '@vespid/sdk'
let name = 0
let count = 0
let before = 0
on_start((): void => { name = <i32>(Math.random() * 1000000000) })
content('count', (r: Request): Status => r.reply(200, 'text/plain', '${form} ' + name.toString() + ' ' + (++count).toString()), Where.Location, Needs.Nothing)
content('before', (r: Request): Status => r.reply(200, 'text/plain', before.toString()), Where.Location, Needs.Nothing)
content('slow_count', (r: Request): Status => { const rc = r.readBody(); count++; return rc == Status.Ok ? r.reply(200, 'text/plain', 'slow') : rc }, Where.Location, Needs.Nothing)
function pack(): Uint8Array {
  const bytes = new Uint8Array(12)
  store<i32>(bytes.dataStart, name)
  store<i32>(bytes.dataStart, count, 4)
  store<i32>(bytes.dataStart, before + 1, 8)
  return bytes
}
function unpack(bytes: Bytes): bool {
  name = load<i32>(bytes.at)
  count = load<i32>(bytes.at, 4)
  before = load<i32>(bytes.at, 8)
  return true
}
state(${version}, (): Uint8Array | null => { const bytes = pack(); ${save} }, (version: i32, bytes: Bytes): bool => { ${restore} }, ${required})
`
}

const forms = {
  first: source('first', 1, 'return version == 1 && unpack(bytes)'),
  other: source('other', 1, 'return version == 1 && unpack(bytes)'),
  second: source('second', 2, 'return version <= 2 && unpack(bytes)'),
  refusing: source('refusing', 3, 'unpack(bytes); return false'),
  trapping: source('trapping', 3, 'unpack(bytes); throw new Error("no such version"); return true'),
  insisting: source('insisting', 1, 'return version == 1 && unpack(bytes)', true),
  failing: source('failing', 1, 'return unpack(bytes)', false, 'throw new Error("cannot save"); return null'),
  large: source('large', 1, 'return unpack(bytes)', false, 'return new Uint8Array(4194305)'),
  silent: source('silent', 1, 'return unpack(bytes)', false, 'return null'),
} as const
type Form = keyof typeof forms

const built = new Map<Form, Promise<string>>()
async function build(form: Form): Promise<string> {
  const file = join(out, `${form}.wasm`)
  const made = built.get(form) ?? (async () => {
    await builtText(forms[form], file)
    return file
  })()
  built.set(form, made)
  return made
}

async function put(server: { prefix: string }, form: Form): Promise<void> {
  copyFileSync(await build(form), join(server.prefix, 'plugins/kept.wasm'))
}

async function serving(t: Test, form: Form, { workers = 1, main = '' } = {}): Promise<Server> {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  await put(place, form)
  return start(t, `worker_processes ${workers}; plugins plugins; ${main} error_log <prefix>/error.log info; events {}
    http { access_log off; keepalive_requests 1000000; client_max_body_size 1m;
    server { listen 127.0.0.1:<port>; location / { count; } location /before { before; } location /slow { slow_count; } } }`, { site: place })
}

async function body(server: Server, path = '/'): Promise<string> {
  return (await server.get(path)).body
}

async function replace(server: Server, form: Form): Promise<{ result?: any, error?: any }> {
  await put(server, form)
  return server.rpc('plugin.reload', 'kept')
}

for (const [what, options] of Object.entries({ 'one worker': { workers: 1 }, 'two workers': { workers: 2 }, 'no master': { workers: 1, main: 'master_process off;' } })) {
  test(`${what}: under load every request is counted once, over plugin.reload, core.reload and SIGHUP`, async (t) => {
    const server = await serving(t, 'first', options)
    const seen = new Map<string, number[]>()
    const wrong: string[] = []
    let stopped = false
    let requests = 0
    const clients = Array.from({ length: 16 }, async () => {
      const client = await server.connect()
      while (!stopped) {
        client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n')
        for (let i = 0; i < 2; i++) {
          const { status, body } = await client.response()
          const [, name, count] = /^(?:first|other) (\d+) (\d+)$/.exec(body) ?? []
          if (status !== 200 || count === undefined) wrong.push(`${status} ${body}`)
          else if (!seen.has(name!)) seen.set(name!, [Number(count)])
          else seen.get(name!)!.push(Number(count))
          requests++
        }
      }
      client.close()
    })
    const more = async (n: number): Promise<void> => {
      const goal = requests + n
      await untilAsync(async () => { await new Promise(setImmediate); return requests >= goal || wrong.length > 0 }, () => `${requests} requests`)
    }
    await more(50)
    for (let i = 0; i < 12; i++) {
      const number = (await server.rpc('worker.list')).result[0].cycle
      if (i % 3 === 0) assert.equal((await replace(server, i % 2 === 0 ? 'other' : 'first')).error, undefined)
      else if (i % 3 === 1) assert.equal((await server.rpc('core.reload')).error, undefined)
      else server.kill('SIGHUP')
      await untilAsync(async () => (await server.rpc('worker.list')).result.every(({ cycle }: { cycle: number }) => cycle > number), () => server.log())
      await more(50)
    }
    stopped = true
    await Promise.all(clients)
    assert.deepEqual(wrong, [])
    assert.ok(seen.size <= options.workers, 'each worker has kept the name of its instance')
    for (const counts of seen.values()) assert.deepEqual(counts.sort((a, b) => a - b), counts.map((_, i) => i + 1))
    assert.doesNotMatch(server.log(), /\[(error|alert|emerg)\]/)
  })
}

test('state goes from version to version, and a form that refuses or cannot read it starts afresh; the log says so', async (t) => {
  const server = await serving(t, 'first')
  const [, name] = (await body(server)).split(' ')
  assert.equal(await body(server), `first ${name} 2`)
  assert.equal((await replace(server, 'second')).error, undefined)
  assert.equal(await body(server), `second ${name} 3`)
  assert.equal(await body(server, '/before'), '1')
  await server.waitLog(/\[info\] .*plugin kept took over its state \(version 1, 12 bytes\)/)
  assert.equal((await server.rpc('core.reload')).error, undefined)
  assert.equal(await body(server), `second ${name} 4`)
  assert.equal((await server.reload()).code, 0)
  assert.equal(await body(server, '/before'), '3')
  assert.equal((await replace(server, 'refusing')).error, undefined)
  // What restore had changed before it refused is gone, too.
  assert.match(await body(server), /^refusing \d+ 1$/)
  assert.equal(await body(server, '/before'), '0')
  await server.waitLog(/\[warn\] .*the state of plugin "kept" \(version 2, 12 bytes\) was not taken over: it was refused; it starts afresh/)
  assert.equal((await replace(server, 'trapping')).error, undefined)
  assert.match(await body(server), /^trapping \d+ 1$/)
  await server.waitLog(/\[warn\] .*\(version 3, 12 bytes\) was not taken over: restoring it trapped: no such version \(assembly\/index\.ts:\d+:\d+\); it starts afresh/)
})

test('a state that cannot be saved, is too large, or is none', async (t) => {
  const server = await serving(t, 'failing')
  await body(server)
  assert.equal((await replace(server, 'large')).error, undefined)
  await server.waitLog(/\[warn\] .*the state of plugin "kept" \(version 1\) was not taken over: saving it trapped: cannot save \(assembly\/index\.ts:\d+:\d+\); it starts afresh/)
  assert.match(await body(server), /^large \d+ 1$/)
  assert.equal((await replace(server, 'silent')).error, undefined)
  await server.waitLog(/\[warn\] .*saving it trapped: it saved a state of 4194305 bytes; 4194304 are allowed.*; it starts afresh/)
  assert.match(await body(server), /^silent \d+ 1$/)
  assert.equal((await replace(server, 'first')).error, undefined)
  assert.match(await body(server), /^first \d+ 1$/)
  assert.doesNotMatch(server.log(), /took over/)
})

test('a plugin that insists refuses the reload, and everything goes on as before', async (t) => {
  const server = await serving(t, 'second', { workers: 2 })
  const before = await body(server)
  const { error } = await replace(server, 'insisting')
  assert.match(JSON.stringify(error), /the state of plugin \\?"kept\\?" \(version 2, 12 bytes\) was not taken over: it was refused/)
  assert.match(await body(server), /^second /)
  await put(server, 'first')
  assert.equal((await server.rpc('plugin.reload', 'kept')).error, undefined)
  assert.notEqual(await body(server), before)
  // And when it can, it does, once.
  const counted = (await body(server)).split(' ')
  assert.equal((await replace(server, 'insisting')).error, undefined)
  for (let i = 0; i < 20; i++) {
    const [form, name, count] = (await body(server)).split(' ')
    assert.equal(form, 'insisting')
    if (name === counted[1]) return assert.ok(Number(count) > Number(counted[2]), `${count} after ${counted[2]}`)
  }
  assert.fail('no request came to the worker with that state')
})

test('with a fresh state for every request, what was handed over is what each of them finds', async (t) => {
  const server = await serving(t, 'first', { main: 'plugin kept { isolation request; }' })
  const [, name] = (await body(server)).split(' ')
  for (let i = 1; i < 4; i++) {
    assert.equal((await server.rpc('core.reload')).error, undefined)
    assert.equal(await body(server, '/before'), String(i))
    assert.equal(await body(server), `first ${name} 1`)
    assert.equal(await body(server), `first ${name} 1`)
  }
})

test('requests in progress end in the old instance; what they change after the hand-over stays there', async (t) => {
  const server = await serving(t, 'first')
  const [, name] = (await body(server)).split(' ')
  const client = await server.connect()
  client.write('POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab')
  await untilAsync(async () => (await server.rpc('worker.list')).result[1].connections > 0, () => 'no connection')
  assert.equal((await server.rpc('core.reload')).error, undefined)
  assert.equal(await body(server), `first ${name} 2`)
  client.write('cd')
  assert.equal((await client.response()).body, 'slow')
  assert.equal(await body(server), `first ${name} 3`)
  client.close()
})

test('a worker that replaces a dead one starts afresh', async (t) => {
  const server = await serving(t, 'first')
  await body(server)
  const [, { thread }] = (await server.rpc('worker.list')).result
  assert.equal((await server.rpc('core.restart_worker', thread)).result, 'restarted')
  await server.waitLog(/start worker process \d+\n[^]*start worker process \d+\n/)
  await untilAsync(async () => (await server.rpc('worker.list')).result.length === 2, () => server.log())
  const { stdout } = await run(server.site, ['rpc', '-p', server.prefix, 'worker.list'])
  assert.match(stdout, /worker/)
  assert.match(await body(server), /^first \d+ 1$/)
})
