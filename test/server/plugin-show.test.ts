/** `plugin.show`: what the pool of a plugin that waits is doing in each worker, its faults and its quarantine. */
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

const out = mkdtempSync(join(tmpdir(), 'vespid-show-'))
after(() => rmSync(out, { recursive: true }))
const file = join(out, 'waits.wasm')
await builtPlugin(fileURLToPath(new URL('../../sdk/test/waits', import.meta.url)), file)

async function serving(t: Test, target: Target, settings: string): Promise<Server> {
  const place = site(t)
  mkdirSync(join(place.prefix, 'plugins'))
  copyFileSync(file, join(place.prefix, 'plugins/waits.wasm'))
  return start(t, `worker_processes 1; plugins plugins; plugin waits { allow net 127.0.0.1:${target.port}; ${settings} } error_log <prefix>/error.log info; events {}
    http { access_log off; server { listen 127.0.0.1:<port>; target http://127.0.0.1:${target.port}; location / { asking; } location /plain { plainly; } location /bad { breaking; } } }`, { site: place })
}

async function worker(server: Server): Promise<Record<string, number>> {
  const { result } = await server.rpc('plugin.show', 'waits')
  assert.equal(result.workers.length, 1)
  const { memory, thread, ...rest } = result.workers[0]
  assert.ok(memory >= 65536 && memory % 65536 === 0)
  assert.equal(thread, 1)
  return rest
}

test('instances, calls in flight, the queue', async (t) => {
  const target = await Target.open(t)
  const server = await serving(t, target, 'instances 2; queue 1;')
  assert.equal((await server.get('/plain')).body, 'plain')
  assert.deepEqual(await worker(server), { calls: (await worker(server)).calls, faults: 0, instances: 1, in_flight: 0, high_water: 0, queued: 0, queued_ever: 0, refused: 0 })
  const { calls } = await worker(server)
  const clients = []
  for (let i = 0; i < 3; i++) {
    const client = await server.connect()
    client.write(`GET /${i} HTTP/1.1\r\nHost: h\r\n\r\n`)
    clients.push(client)
    await untilAsync(async () => { const { in_flight, queued } = await worker(server); return in_flight! + queued! === i + 1 }, () => `call ${i} does not begin`)
  }
  assert.equal((await server.get('/refused')).status, 503)
  assert.deepEqual(await worker(server), { calls: calls! + 2, faults: 0, instances: 3, in_flight: 2, high_water: 2, queued: 1, queued_ever: 1, refused: 1 })
  for (let i = 0; i < 3; i++) {
    const asked = await target.next()
    asked.answer(200, asked.path)
  }
  for (const [i, client] of clients.entries()) {
    assert.equal((await client.response()).body, `200 /${i}`)
    client.close()
  }
  assert.deepEqual(await worker(server), { calls: calls! + 3, faults: 0, instances: 3, in_flight: 0, high_water: 2, queued: 0, queued_ever: 1, refused: 1 })
  // A reload begins anew.
  await server.rpc('core.reload')
  assert.equal((await worker(server)).instances, 1)
})

test('faults and quarantine', async (t) => {
  const target = await Target.open(t, (asked) => asked.answer(200, 'x'))
  const server = await serving(t, target, 'fault_limit 1 per 1h;')
  for (let i = 0; i < 2; i++) assert.equal((await server.get('/bad')).status, 500)
  const { faults, quarantined } = await worker(server)
  assert.equal(faults, 2)
  assert.ok(quarantined! > 3500 && quarantined! <= 3600, `${quarantined}`)
  const { result } = await server.rpc('plugin.show', 'waits')
  assert.deepEqual({ ...result.faults, quarantined: 0 }, { traps: 2, timeouts: 0, quarantines: 1, quarantined: 0 })
})
