/** `worker_connections`: what nginx 1.22 does with the same connections, recorded by hand. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { start, until, untilAsync } from './kit.ts'
import type { Client } from './client.ts'

/** Opens connections one after the other, each with these bytes; `wait` is told of each. */
async function open(server: { connect(): Promise<Client> }, count: number, bytes: string, wait: (client: Client, i: number) => Promise<void>): Promise<Client[]> {
  const clients: Client[] = []
  for (let i = 0; i < count; i++) {
    const client = await server.connect()
    client.write(bytes)
    await wait(client, i)
    clients.push(client)
  }
  return clients
}

for (const [main, connections, room] of [['', 8, 6], ['master_process off;', 8, 7], ['', 32, 30]] as const) {
  test(`${connections} worker_connections ${main}: there is room for ${room} clients, more are turned away`, async (t) => {
    const server = await start(t, `${main} worker_processes 1; error_log <prefix>/error.log info; events { worker_connections ${connections}; }
      http { server { listen 127.0.0.1:<port>; location / { return 200 ok; } } }`)
    const alerts = (): number => server.log().split(`[alert] `).filter((line) => line.includes(`: ${connections} worker_connections are not enough\n`)).length
    // Heads that are not complete: these connections are not idle.
    const clients = await open(server, room + 4, 'GET / HT', async (client, i) => {
      // What has not been read yet would count as idle.
      if (i < room) return untilAsync(async () => (await server.rpc('worker.list')).result.at(-1).reading === i + 1, () => `connection ${i} is not being read`)
      await until(() => client.ended, () => `connection ${i} was not turned away:\n${server.log()}`)
      await until(() => alerts() === i - room + 1, () => `${alerts()} alerts`)
    })
    for (const client of clients.slice(0, room)) {
      client.write('TP/1.0\r\n\r\n')
      assert.match(await client.rest(), /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nok$/)
    }
  })
}

test('idle connections make room, those that have waited longest first', async (t) => {
  const server = await start(t, `worker_processes 1; error_log <prefix>/error.log info; events { worker_connections 8; }
    http { server { listen 127.0.0.1:<port>; location / { return 200 ok; } } }`)
  const clients = await open(server, 12, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', async (client) => { assert.equal((await client.response()).body, 'ok') })
  await until(() => clients.filter((client) => client.ended).length === 6, () => clients.map((client) => client.ended).join(' '))
  assert.deepEqual(clients.map((client) => client.ended), [...Array(6).fill(true), ...Array(6).fill(false)])
  assert.match(server.log(), /\[warn\] .*: 8 worker_connections are not enough, reusing connections\n/)
  assert.doesNotMatch(server.log(), /\[alert\]/)
  for (const client of clients) client.close()
})

test('a sixteenth is kept free: 32 of which an eighth of the idle ones goes at a time', async (t) => {
  const server = await start(t, `worker_processes 1; error_log <prefix>/error.log info; events { worker_connections 32; }
    http { server { listen 127.0.0.1:<port>; location / { return 200 ok; } } }`)
  const clients = await open(server, 36, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', async (client) => { assert.equal((await client.response()).body, 'ok') })
  await until(() => clients.filter((client) => client.ended).length === 9, () => clients.map((client) => Number(client.ended)).join(''))
  assert.deepEqual(clients.map((client) => client.ended), [...Array(9).fill(true), ...Array(27).fill(false)])
  for (const client of clients) client.close()
})

test('a reload takes another limit', async (t) => {
  const conf = (connections: number): string => `worker_processes 1; error_log <prefix>/error.log info; events { worker_connections ${connections}; }
    http { server { listen 127.0.0.1:<port>; location / { return 200 ok; } } }`
  const server = await start(t, conf(64))
  await server.reload(conf(3))
  await server.waitLog(/configuration 2 is in use/)
  const first = await server.connect()
  first.write('GET')
  await untilAsync(async () => (await server.rpc('worker.list')).result.at(-1).reading === 1, () => 'the first connection is not being read')
  const second = await server.connect()
  second.write('GET')
  await until(() => second.ended, () => server.log())
  assert.match(server.log(), /\[alert\] .*: 3 worker_connections are not enough\n/)
  first.write(' / HTTP/1.0\r\n\r\n')
  assert.match(await first.rest(), /^HTTP\/1.1 200 OK/)
})
