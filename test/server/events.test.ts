/** The event method `epoll` in the whole server: what only shows there. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { skipWithout } from '../programs.ts'
import { start, until, untilAsync } from './kit.ts'

const conf = 'http { server { listen 127.0.0.1:<port>; listen unix:<prefix>/s; location / { return 200 "ok"; } } }'
const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** The sockets that a process has open. */
function sockets(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const to = readlinkSync(`/proc/${pid}/fd/${fd}`)
      return to.startsWith('socket:') || to.includes('eventpoll') ? [to.replace(/\d+/, '')] : []
    } catch {
      return []
    }
  }).sort()
}

const linux = process.platform === 'linux' ? false : 'needs /proc'

test('a worker that is ended by force leaves nothing open: its clients see the end, its replacement listens', { skip: linux }, async (t) => {
  const server = await start(t, conf)
  const before = sockets(server.pid)
  for (let round = 0; round < 5; round++) {
    const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => server.connect(i % 2 === 0 ? server.port() : 's')))
    for (const client of clients) {
      client.write(get)
      await client.until('ok')
    }
    const [worker] = (await server.rpc('worker.list')).result.filter(({ role }: { role: string }) => role === 'worker')
    assert.equal((await server.rpc('core.restart_worker', worker.thread)).result, 'restarted')
    for (const client of clients) assert.equal(await client.rest(), '')
    await untilAsync(async () => (await server.rpc('worker.list')).result.some(({ thread, cycle }: any) => thread === worker.thread + 1 && cycle === 1), () => server.log())
    for (const to of [server.port(), 's']) assert.match(await server.raw('GET / HTTP/1.0\r\n\r\n', to), /ok$/)
  }
  await until(() => sockets(server.pid).join() === before.join(), () => `${sockets(server.pid).join(' ')}\nbefore: ${before.join(' ')}`)
})

test('when descriptors run out the log says so, and the server goes on when some are free', { skip: skipWithout('prlimit') || linux }, async (t) => {
  const server = await start(t, conf)
  const most = readdirSync(`/proc/${server.pid}/fd`).length + 10
  execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${most}:${most}`])
  const clients = await Promise.all(Array.from({ length: 30 }, () => server.connect()))
  await server.site.waitLog(/\[alert\] .*accept4\(\) failed \(24: Too many open files\)/)
  for (const client of clients) client.socket.destroy()
  assert.match(await server.raw('GET / HTTP/1.0\r\n\r\n'), /ok$/)
})

test('a burst of connections is taken by one listening socket', async (t) => {
  const server = await start(t, conf)
  const clients = await Promise.all(Array.from({ length: 300 }, () => server.connect()))
  for (const client of clients) client.write(get)
  await Promise.all(clients.map((client) => client.until('ok')))
  assert.equal((await server.rpc('worker.list')).result.find(({ role }: { role: string }) => role === 'worker').connections, 300)
})

test('a configuration of Node\'s event method serves as well, and a reload keeps the method', async (t) => {
  const server = await start(t, `events { use poll; } ${conf}`)
  for (let i = 0; i < 2; i++) {
    for (const to of [server.port(), 's']) assert.match(await server.raw('GET / HTTP/1.0\r\n\r\n', to), /ok$/)
    assert.equal((await server.rpc('core.reload')).error, undefined)
  }
})
