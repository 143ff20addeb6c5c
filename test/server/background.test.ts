/** What plugins do without a request: timers, in every worker and in one, plain ones and those that wait; their end. */
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtPlugin } from '../built.ts'
import { Target } from '../abi/target.ts'
import { site, start, untilAsync } from './kit.ts'
import type { Server, Test } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-background-'))
after(() => rmSync(out, { recursive: true }))
const file = join(out, 'background.wasm')
await builtPlugin(fileURLToPath(new URL('../../sdk/test/background', import.meta.url)), file)

interface Wishes { readonly workers?: number, readonly main?: string, readonly http?: string, readonly plugin?: string }

/** A server with the plugin `background`. */
async function serving(t: Test, { workers = 2, main = '', http = '', plugin = '' }: Wishes = {}): Promise<Server> {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  copyFileSync(file, join(place.prefix, 'plugins/background.wasm'))
  return start(t, `worker_processes ${workers}; plugins plugins; zone marks 1m; plugin background { allow zone marks; ${plugin} } ${main}
    error_log <prefix>/error.log info; events {}
    http { access_log off; ${http} server { listen 127.0.0.1:<port>; location / { mark; } location /count { count; } } }`, { site: place })
}

async function mark(server: Server, name: string): Promise<number> {
  const { result } = await server.rpc('zone.get', 'marks', name)
  return result === null ? 0 : Number(result)
}

/** Waits until a mark is at least so much. */
async function reaches(server: Server, name: string, least: number): Promise<void> {
  await untilAsync(async () => await mark(server, name) >= least, () => `"${name}" does not reach ${least}:\n${server.log()}`)
}

async function shown(server: Server): Promise<any> {
  const answer = await server.rpc('plugin.show', 'background')
  assert.equal(answer.error, undefined, JSON.stringify(answer.error))
  return answer.result
}

const timer = async (server: Server, name: string): Promise<any> => (await shown(server)).timers.find((one: { name: string }) => one.name === name)

test('every worker and one worker, again and again and once; plugin.show counts', async (t) => {
  const server = await serving(t)
  await reaches(server, 'each', 20)
  await reaches(server, 'one', 20)
  await reaches(server, 'once each', 2)
  await reaches(server, 'once one', 1)
  const { timers, workers } = await shown(server)
  const facts = timers.map(({ name, every, once, workers }: Record<string, string>) => ({ name, ...(every === undefined ? { once } : { every }), workers }))
  assert.deepEqual(facts, [
    { name: 'each', every: '15ms', workers: 'each' }, { name: 'one', every: '15ms', workers: 'one' }, { name: 'once each', once: '1ms', workers: 'each' },
    { name: 'once one', once: '1ms', workers: 'one' }, { name: 'slow', every: '10ms', workers: 'one' }, { name: 'breaking', once: '1ms', workers: 'one' },
    { name: 'looping', once: '1ms', workers: 'one' }, { name: 'dozing', once: '1ms', workers: 'one' }, { name: 'asking', once: '5ms', workers: 'one' },
  ])
  assert.equal(workers.length, 2)
  // The zone and the timers' own numbers agree: nothing ran twice or uncounted.
  await server.stop()
  assert.deepEqual(server.log().match(/\[(error|alert|emerg)\].*/g), null)
})

test('a timer that waits never overlaps with itself, not over reloads either; what it could not do is counted', async (t) => {
  const server = await serving(t)
  for (let i = 0; i < 5; i++) {
    await reaches(server, 'waited', 2 * (i + 1))
    // Once for each configuration: in each of the workers, in one.
    await reaches(server, 'once each', 2 * (i + 1))
    await reaches(server, 'once one', i + 1)
    const { error } = await server.rpc('core.reload')
    assert.equal(error, undefined, JSON.stringify(error))
  }
  await reaches(server, 'waited', 12)
  assert.equal(await mark(server, 'overlaps'), 0)
  assert.ok((await timer(server, 'slow')).skipped > 0)
  await reaches(server, 'once one', 6)
  await reaches(server, 'once each', 12)
  assert.equal(await mark(server, 'once one'), 6)
  assert.equal(await mark(server, 'once each'), 12)
})

test('a timer that only one worker runs moves on when that worker dies', async (t) => {
  const server = await serving(t)
  await reaches(server, 'one', 5)
  const threads = (await server.rpc('worker.list')).result.filter(({ role }: { role: string }) => role === 'worker')
  assert.equal((await server.rpc('core.restart_worker', threads[0].thread)).result, 'restarted')
  await server.waitLog(/worker process \d+ exited with code 1/)
  const before = await mark(server, 'one')
  await reaches(server, 'one', before + 5)
  const waited = await mark(server, 'waited')
  await reaches(server, 'waited', waited + 2)
  // It had run in this configuration; the new worker does not run it again.
  await reaches(server, 'once each', 3)
  assert.equal(await mark(server, 'once one'), 1)
})

test('timers of a directive and of a start hook; they fetch and call commands, and their lines name them', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, { http: `target http://127.0.0.1:${target.port};`, plugin: `allow net 127.0.0.1:${target.port};` })
  const asked = await target.next()
  assert.equal(asked.path, '/from-timer')
  asked.answer(200, 'the target')
  await server.waitLog(/\[notice\] .*plugin background: timer "asking": asked the target/)
  await server.waitLog(/\[notice\] .*plugin background: timer "asking": \{"result"/)
  await reaches(server, 'configured', 3)
  assert.equal((await timer(server, 'every 20ms')).every, '20ms')
})

test('a fault in a timer costs the server nothing: it is logged with the timer, counted, and the others go on', async (t) => {
  const server = await serving(t, { workers: 1 })
  await server.rpc('zone.set', 'marks', 'break', '1')
  await server.rpc('zone.set', 'marks', 'loop', '1')
  await server.rpc('core.reload')
  await server.waitLog(/\[error\] .*plugin background trapped in timer "breaking": wanted \(assembly\/index\.ts:\d+:\d+\)/)
  await server.waitLog(/\[error\] .*plugin background trapped in timer "looping": it ran for more than 50ms \(plugin_time_limit\)/)
  assert.equal((await timer(server, 'breaking')).faults, 1)
  assert.equal((await timer(server, 'looping')).faults, 1)
  const { faults } = (await server.rpc('plugin.show', 'background')).result
  assert.deepEqual({ traps: faults.traps, timeouts: faults.timeouts }, { traps: 1, timeouts: 1 })
  const before = await mark(server, 'each')
  await reaches(server, 'each', before + 3)
})

test('a timer that sleeps ends with its configuration, and does not hold up the end of the server', async (t) => {
  const server = await serving(t)
  await server.rpc('zone.set', 'marks', 'doze', '1')
  await server.rpc('core.reload')
  await reaches(server, 'dozing', 1)
  await server.rpc('core.reload')
  await server.waitLog(/\[info\] .*plugin background: timer "dozing" was ended, its configuration is no longer in use/)
  await reaches(server, 'dozing', 2)
  const { code } = await server.stop('SIGQUIT')
  assert.equal(code, 0)
  assert.doesNotMatch(server.log(), /\[(error|alert|emerg)\]/)
})

test('without a master the only thread runs them all', async (t) => {
  const server = await serving(t, { main: 'master_process off;' })
  await reaches(server, 'one', 3)
  await reaches(server, 'each', 3)
  await reaches(server, 'waited', 2)
  assert.equal(await mark(server, 'once one'), 1)
})
