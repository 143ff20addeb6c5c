/** The product's main promise: a plugin is replaced under load by one RPC call, and no request notices. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtText } from '../built.ts'
import { site, start } from './kit.ts'
import type { Server } from './kit.ts'

/** Keep-alive clients that send requests one after the other until told to stop; every answer is checked. */
class Load {
  requests = 0
  readonly wrong: string[] = []
  private stopped = false
  private readonly clients: Promise<void>[] = []

  constructor(server: Server, clients: number, answers: RegExp) {
    for (let i = 0; i < clients; i++) this.clients.push(this.run(server, answers))
  }

  private async run(server: Server, answers: RegExp): Promise<void> {
    const client = await server.connect()
    while (!this.stopped) {
      client.write('GET /which HTTP/1.1\r\nHost: x\r\n\r\nGET /which HTTP/1.1\r\nHost: x\r\n\r\n')
      for (let i = 0; i < 2; i++) {
        const head = await client.until('\r\n\r\n')
        const body = await client.bytes(Number(/Content-Length: (\d+)/.exec(head)?.[1] ?? 0))
        this.requests++
        if (!head.startsWith('HTTP/1.1 200 OK\r\n') || !answers.test(body)) this.wrong.push(head + body)
      }
    }
    client.close()
  }

  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all(this.clients)
  }

  /** Resolves when that many more answers came. */
  async more(count: number): Promise<void> {
    const goal = this.requests + count
    while (this.requests < goal && this.wrong.length === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

test('100 replacements of a plugin under load lose no request', async (t) => {
  const place = site(t)
  const versions: string[] = []
  for (const n of [1, 2]) {
    versions.push(join(place.prefix, `v${n}.wasm`))
    await builtText(`import { Request, Status, content } from '@vespid/sdk'
      content('which', (r: Request): Status => r.reply(200, 'text/plain', 'version ${n}'))`, versions[n - 1]!)
  }
  await place.write('plugins/.keep', '')
  copyFileSync(versions[0]!, join(place.prefix, 'plugins/which.wasm'))
  const server = await start(t, `worker_processes 2; plugins plugins; events {} http { access_log off; keepalive_requests 1000000;
    server { listen 127.0.0.1:<port>; location / { which; } } }`, { site: place })
  const load = new Load(server, 8, /^version [12]$/)
  await load.more(100)
  const memory: number[] = []
  for (let i = 1; i <= 100; i++) {
    copyFileSync(versions[i % 2]!, join(place.prefix, 'plugins/which.wasm'))
    const answer = await server.rpc('plugin.reload', 'which')
    assert.equal(answer.error, undefined, JSON.stringify(answer.error))
    await load.more(20)
    if (i % 10 === 0) memory.push(await residentKilobytes(server))
  }
  await load.stop()
  t.diagnostic(`${load.requests} requests; resident kB every ten replacements: ${memory.join(' ')}`)
  assert.deepEqual(load.wrong, [])
  assert.ok(load.requests > 2000, `${load.requests} requests`)
  // A leak of one instance per replacement would show as megabytes per ten replacements; the heap may breathe.
  assert.ok(memory.at(-1)! - memory[2]! < 40000, `resident memory in kB every ten replacements: ${memory.join(' ')}`)
  assert.equal((await server.get('/which')).body, 'version 1')
})

async function residentKilobytes(server: Server): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'latin1'))![1])
}
