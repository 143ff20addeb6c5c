import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { connect, SocketAddress } from 'node:net'
import type { Socket } from 'node:net'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import type { Bindable } from '../../host/net/listen.ts'
import type { ByteSink, Slab } from '../../host/net/bytestream.ts'
import { callsOf, hasFfi, pointerTo } from '../../host/net/ffi.ts'
import { Descriptors } from '../../host/net/epoll/descriptors.ts'
import { EpollListener } from '../../host/net/epoll/listener.ts'
import type { Accepted } from '../../host/net/epoll/listener.ts'
import { Poller } from '../../host/net/epoll/poller.ts'
import { EpollStream } from '../../host/net/epoll/stream.ts'
import { addressBytes, addressOf } from '../../host/net/epoll/sockaddr.ts'

const skip = hasFfi() ? false : 'needs Linux and node:ffi'
const loopback: Bindable = { host: '127.0.0.1', port: 0, path: null, backlog: 511, ipv6only: true }

async function poller(t: TestContext, descriptors = new Descriptors()): Promise<Poller> {
  const made = await Poller.open(descriptors)
  assert.ok(typeof made !== 'string', String(made))
  t.after(() => made.end())
  return made
}

/** A listener, and what comes to it. */
function listening(t: TestContext, p: Poller, address: Bindable = loopback): { listener: EpollListener, next(): Promise<Accepted>, open(): Promise<Socket> } {
  const waiting: ((accepted: Accepted) => void)[] = []
  const listener = new EpollListener(p, address, (accepted) => waiting.shift()!(accepted), (error) => { throw error })
  t.after(() => listener.close())
  return {
    listener,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    async open() {
      const where = listener.address()
      const socket = connect(typeof where === 'string' ? { path: where } : { host: where.address, port: where.port })
      t.after(() => socket.destroy())
      await once(socket, 'connect')
      return socket
    },
  }
}

/** A connection of both ends; what the server's end tells is noted. */
async function pair(t: TestContext, p: Poller): Promise<{ client: Socket, stream: EpollStream, told: string[], heard(what: string): Promise<void>, slab: Slab, hold: { held: boolean } }> {
  const server = listening(t, p)
  const arrived = server.next()
  const client = await server.open()
  const buffer = Buffer.alloc(65536)
  const told: string[] = []
  const hold = { held: false }
  const waits: { what: string, resolve: () => void }[] = []
  const tell = (what: string): void => {
    told.push(what)
    for (const wait of waits) if (told.join('').includes(wait.what)) wait.resolve()
  }
  const sink: ByteSink = {
    received(count) {
      tell(buffer.toString('latin1', 0, count))
      return !hold.held
    },
    ended: () => tell('<ended>'),
    closed: () => tell('<closed>'),
  }
  const stream = new EpollStream(p, (await arrived).fd, buffer, sink)
  t.after(() => stream.destroy())
  const bytes = Buffer.alloc(65536, 's')
  return {
    client, stream, told, hold, slab: { bytes, offset: -1, pointer: pointerTo(bytes), view: null },
    heard: (what) => told.join('').includes(what) ? Promise.resolve() : new Promise((resolve) => waits.push({ what, resolve })),
  }
}

test('an address goes to bytes and back as Node.js writes it', () => {
  let seed = 7
  const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
  for (let i = 0; i < 2000; i++) {
    const words = Array.from({ length: 8 }, () => random(3) === 0 ? random(65536) : random(2) === 0 ? 0 : random(16))
    const port = random(65536)
    const canonical = (address: string): string => new SocketAddress({ family: 'ipv6', address }).address
    const host = canonical(words.map((word) => word.toString(16)).join(':'))
    const found = addressOf(addressBytes(host, port, null)!)
    // IPv4 in IPv6 comes back as IPv4.
    assert.equal(found.host.includes(':') ? canonical(found.host) : `::ffff:${found.host}`, host)
    assert.equal(found.port, port)
  }
  assert.deepEqual(addressOf(addressBytes('192.0.2.7', 8080, null)!), { host: '192.0.2.7', port: 8080 })
  assert.deepEqual(addressOf(addressBytes('::ffff:192.0.2.7', 1, null)!), { host: '192.0.2.7', port: 1 })
  assert.deepEqual(addressOf(addressBytes('::', 1, null)!), { host: '::', port: 1 })
  assert.deepEqual(addressOf(addressBytes('1:0:0:2:0:0:0:3', 1, null)!), { host: '1:0:0:2::3', port: 1 })
  assert.equal(addressBytes('', 0, 'p'.repeat(108)), null)
})

test('bytes come and go, and each side may end first', { skip }, async (t) => {
  const { client, stream, heard, slab, told } = await pair(t, await poller(t))
  client.write('hello')
  await heard('hello')
  stream.write(slab, 3)
  stream.writeWith(slab, 2, Buffer.from('-body'))
  stream.end()
  let text = ''
  for await (const data of client) text += data
  assert.equal(text, 'sssss-body')
  await heard('<ended>')
  stream.destroySoon()
  await heard('<closed>')
  assert.deepEqual(told, ['hello', '<ended>', '<closed>'])
})

test('what the kernel does not take is kept in order, told of, and the connection closes behind it', { skip }, async (t) => {
  const { client, stream, heard, slab } = await pair(t, await poller(t))
  client.pause()
  let taken = false
  const body = Buffer.alloc(20_000_000, 'b')
  stream.writeWith(slab, 10, body)
  assert.ok(stream.pending > 0 && stream.pending <= body.length)
  stream.write({ ...slab, bytes: Buffer.from('tail') }, 4)
  stream.whenTaken(() => { taken = true })
  stream.destroySoon()
  assert.equal(stream.destroyed, false)
  const parts: Buffer[] = []
  for await (const data of client) parts.push(data as Buffer)
  await heard('<closed>')
  const all = Buffer.concat(parts)
  assert.equal(all.length, 10 + body.length + 4)
  assert.equal(all.toString('latin1', 0, 12), `${'s'.repeat(10)}bb`)
  assert.equal(all.toString('latin1', all.length - 5), 'btail')
  assert.ok(taken)
})

test('a paused connection is left alone, also when its client hangs up, until it is read again', { skip }, async (t) => {
  const p = await poller(t)
  const { client, stream, heard, hold, told } = await pair(t, p)
  hold.held = true
  client.write('one')
  await heard('one')
  let batches = 0
  p.begin = () => { batches++ }
  client.write('two')
  client.resetAndDestroy()
  await once(client, 'close')
  // Another connection of the same poller has its turns meanwhile.
  const other = await pair(t, p)
  other.client.write('other')
  await other.heard('other')
  assert.deepEqual(told, ['one'])
  assert.ok(batches < 10, `${batches} batches of events`)
  hold.held = false
  stream.resume()
  await heard('<closed>')
})

test('a connection that its client resets is closed once', { skip }, async (t) => {
  const { client, heard, told, stream } = await pair(t, await poller(t))
  client.write('x')
  await heard('x')
  client.resetAndDestroy()
  await heard('<closed>')
  stream.destroy()
  stream.resume()
  assert.deepEqual(told, ['x', '<closed>'])
})

test('an address in use, and one that is not here, are errors with Node\'s codes', { skip }, async (t) => {
  const p = await poller(t)
  const { listener } = listening(t, p)
  const { port } = listener.address() as { port: number }
  const none = (): void => {}
  // Port 0 asked for no sharing.
  assert.throws(() => new EpollListener(p, { ...loopback, port }, none, none), { code: 'EADDRINUSE', errno: -98 })
  assert.throws(() => new EpollListener(p, { ...loopback, host: '192.0.2.1' }, none, none), { code: 'EADDRNOTAVAIL' })
  assert.throws(() => new EpollListener(p, { ...loopback, path: `/${'p'.repeat(200)}` }, none, none), { code: 'ENAMETOOLONG' })
})

test('both ends are named as Node names them: IPv4, IPv6, an IPv4 client of an IPv6 address, unix', { skip }, async (t) => {
  const p = await poller(t)
  const four = listening(t, p)
  let arrived = four.next()
  const client = await four.open()
  let { fd, ...rest } = await arrived
  p.closeUnwatched(fd)
  assert.deepEqual(rest, { host: '127.0.0.1', port: client.localPort, localHost: '127.0.0.1', localPort: (four.listener.address() as { port: number }).port })
  const every = listening(t, p, { ...loopback, host: '::', ipv6only: false })
  const { port } = every.listener.address() as { port: number }
  for (const host of ['::1', '127.0.0.1']) {
    arrived = every.next()
    const socket = connect({ host, port })
    t.after(() => socket.destroy())
    const { fd, ...rest } = await arrived
    p.closeUnwatched(fd)
    assert.deepEqual(rest, { host, port: socket.localPort, localHost: host, localPort: port })
  }
  const directory = mkdtempSync(join(tmpdir(), 'vespid-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 's')
  const unix = listening(t, p, { ...loopback, path })
  arrived = unix.next()
  await unix.open()
  ;({ fd, ...rest } = await arrived)
  p.closeUnwatched(fd)
  assert.deepEqual(rest, { host: '', port: 0, localHost: '', localPort: 0 })
  assert.equal(statSync(path).mode & 0o777, 0o666)
  unix.listener.close()
  assert.throws(() => statSync(path), { code: 'ENOENT' })
})

test('socket options of listen are set, and accepted connections have them', { skip }, async (t) => {
  const p = await poller(t)
  const options = { rcvbuf: 16384, sndbuf: 32768, fastopen: -1, deferred: false, soKeepalive: { idle: 77, interval: 5, count: 3 } }
  const server = listening(t, p, { ...loopback, options })
  const arrived = server.next()
  await server.open()
  const { fd } = await arrived
  const { getsockopt } = callsOf<{ getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number }>(
    { getsockopt: ['i32', ['i32', 'i32', 'i32', 'buffer', 'buffer']] })
  const option = (level: number, name: number): number => {
    const value = new Int32Array(1)
    assert.equal(getsockopt(fd, level, name, new Uint8Array(value.buffer), new Uint8Array(Int32Array.of(4).buffer)), 0)
    return value[0]!
  }
  // Linux doubles buffer sizes. The last is TCP_NODELAY.
  assert.deepEqual([option(1, 8), option(1, 7), option(1, 9), option(6, 4), option(6, 5), option(6, 6), option(6, 1)], [32768, 65536, 1, 77, 5, 3, 1])
  p.closeUnwatched(fd)
})

test('what a thread left open is closed in its place, and nothing else', { skip }, async (t) => {
  const descriptors = new Descriptors()
  const p = await poller(t, new Descriptors())
  const server = listening(t, p)
  const arrived = server.next()
  const client = await server.open()
  const { fd } = await arrived
  p.descriptors.forget(fd)
  assert.ok(descriptors.opened(fd))
  assert.equal(descriptors.opened(1 << 20), false)
  const another = new Descriptors(descriptors.memory)
  another.closeAll()
  client.resume()
  await once(client, 'end')
  // It is free, and may be somebody else's by now.
  another.closeAll()
})
