/** Hostile timers, hand-overs of state, hooks of connections and commands; and clients that leave while a plugin waits. Other connections of the worker are served. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { builtPlugin } from '../../built.ts'
import { site, start } from '../../server/kit.ts'
import type { Server, Test } from '../../server/kit.ts'
import { assemble } from '../kit.ts'
import { good, traffic } from './traffic.ts'

const harms = ['loop', 'memory', 'deep', 'throw'] as const
const reasons: Record<string, string> = {
  loop: 'it ran for more than (50ms|1s) \\(plugin_time_limit\\)', memory: '[^:]*; it was refused more memory \\(plugin_memory_limit 16m\\)|it ran for more than (50ms|1s)',
  deep: 'stack overflow \\(assembly/index\\.ts:\\d+:\\d+\\)', throw: 'out of the field \\(assembly/index\\.ts:\\d+:\\d+\\)',
}

async function serving(t: Test): Promise<Server> {
  const place = site(t)
  await place.write('plugins/good.wasm', Buffer.from(assemble(good)))
  await builtPlugin(fileURLToPath(new URL('locust', import.meta.url)), `${place.prefix}/plugins/locust.wasm`)
  return start(t, `worker_processes 1; plugins plugins; plugin_fault_limit off; zone plan 64k; plugin locust { allow zone plan; } error_log <prefix>/error.log info;
    http { keepalive_requests 1000000; server { listen 127.0.0.1:<port>; location /good { good; } location /text { return 200 "text of $uri\\n"; } } }`, { site: place })
}

/** Runs `body` while others ask on connections that were there before. */
async function underTraffic(server: Server, body: () => Promise<void>): Promise<void> {
  let over = false
  const others: Promise<number>[] = []
  await Promise.all([1, 2].map((who) => new Promise<void>((begun) => { others.push(traffic(server, who, () => over, begun)) })))
  try {
    await body()
  } finally {
    over = true
  }
  for (const count of await Promise.all(others)) assert.ok(count > 1, `${count} other requests`)
  assert.doesNotMatch(server.log(), /\[(alert|emerg|crit)\] (?!.*exit_process\(\) of module "locust" failed: trapped in )/)
}

const plan = (server: Server, where: string, what: string): Promise<unknown> => server.rpc('zone.set', 'plan', where, what)
const lines = (server: Server, pattern: RegExp): number => [...server.log().matchAll(new RegExp(pattern, 'g'))].length

for (const where of ['timer', 'sleeper']) {
  test(`a hostile timer (${where}) costs its call, and the next one comes`, async (t) => {
    const server = await serving(t)
    await underTraffic(server, async () => {
      for (const what of harms) {
        await plan(server, where, what)
        await server.waitLog(new RegExp(`\\[error\\] .*plugin locust trapped in timer "${where === 'timer' ? 'plain' : where}": (${reasons[what]})`))
      }
      await plan(server, where, 'nothing')
      const alive = async (): Promise<number> => Number((await server.rpc('zone.get', 'plan', 'alive')).result)
      const before = await alive()
      while (await alive() < before + 3) await new Promise(setImmediate)
    })
  })
}

test('hostile state: the reload goes on, and the new instance starts afresh', async (t) => {
  const server = await serving(t)
  await underTraffic(server, async () => {
    for (const [where, word] of [['save', 'saving'], ['restore', 'restoring']] as const) {
      for (const what of harms) {
        await plan(server, where, what)
        assert.equal((await server.rpc('core.reload')).error, undefined)
        await server.waitLog(new RegExp(`\\[warn\\] .*the state of plugin "locust" \\(version 1.*\\) was not taken over: ${word} it trapped: (${reasons[what]}).*; it starts afresh`))
      }
      await plan(server, where, 'nothing')
    }
  })
})

test('hostile commands: an error for who called, with the place in the log', async (t) => {
  const server = await serving(t)
  await underTraffic(server, async () => {
    for (const command of ['locust.harm', 'locust.later']) {
      for (const what of harms) {
        const { error } = await server.rpc(command, what)
        assert.equal(error?.code, -32603, JSON.stringify(error))
        assert.match(server.log() + JSON.stringify(error), new RegExp(`plugin locust trapped in command "?${command}"?: (${reasons[what]})`))
      }
      assert.equal((await server.rpc('locust.ok')).result, 1)
    }
  })
})

test('a hostile hook of connections closes them, and those that are there go on', async (t) => {
  const server = await serving(t)
  await underTraffic(server, async () => {
    await server.rpc('core.version')
    for (const what of harms) {
      await plan(server, 'connection', what)
      assert.equal(await server.raw('GET /text HTTP/1.1\r\nHost: h\r\n\r\n').catch(() => ''), '')
      await server.waitLog(new RegExp(`\\[error\\] .*plugin locust trapped in hook pre_connection: (${reasons[what]})`))
    }
    await plan(server, 'connection', 'nothing')
    assert.equal((await server.get('/text/x')).body, 'text of /text/x\n')
    assert.ok(lines(server, /trapped in hook pre_connection/) >= 4)
  })
})

test('a hostile end: the configuration is left, and the server ends', async (t) => {
  const server = await serving(t)
  await underTraffic(server, async () => {
    for (const what of harms) {
      await plan(server, 'exit', what)
      assert.equal((await server.rpc('core.reload')).error, undefined)
      await server.waitLog(new RegExp(`\\[alert\\] .*exit_process\\(\\) of module "locust" failed: trapped in lifecycle hook exit_process: (${reasons[what]})`))
    }
  })
  await plan(server, 'exit', 'loop')
  assert.equal((await server.stop()).code, 0)
})
