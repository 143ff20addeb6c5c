/** The name in a TLS ClientHello, from real ones and from broken ones. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { helloName } from '../../host/net/hello.ts'
import { random } from './conf-support.ts'

/** The first message that node:tls sends with these options. */
function hello(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      let all = Buffer.alloc(0)
      socket.on('error', () => {}).on('data', (data: Buffer) => {
        all = Buffer.concat([all, data])
        if (all.length < 5 + all.readUInt16BE(3)) return
        socket.destroy()
        server.close()
        resolve(all)
      })
    }).listen(0, '127.0.0.1', () => connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ...options }).on('error', () => {}))
  })
}

/** The same message in records of `size` bytes. */
function inRecords(bytes: Buffer, size: number): Buffer {
  const out: Buffer[] = []
  for (let at = 5; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size)
    out.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part)
  }
  return Buffer.concat(out)
}

test('the name of a ClientHello, however it is cut', async () => {
  const one = await hello({ servername: 'www.Example.org', ALPNProtocols: ['h2', 'http/1.1'] })
  assert.equal(helloName(one), 'www.Example.org')
  assert.equal(helloName(Buffer.concat([one, Buffer.from('more')])), 'www.Example.org')
  for (let i = 0; i < one.length; i++) assert.equal(helloName(one.subarray(0, i)), null, `${i} bytes`)
  for (const size of [1, 3, 4, 100, 700]) assert.equal(helloName(inRecords(one, size)), 'www.Example.org', `records of ${size}`)
  assert.equal(helloName(await hello({ servername: '', maxVersion: 'TLSv1.2' })), '')
})

test('what is no ClientHello has no name and is left to TLS', async () => {
  const one = await hello({ servername: 'a.test' })
  const with5 = (byte: number) => {
    const copy = Buffer.from(one)
    copy[5] = byte
    return copy
  }
  assert.equal(helloName(with5(2)), '')
  assert.equal(helloName(Buffer.from([23, 3, 1, 0, 1, 0])), '')
  assert.equal(helloName(Buffer.from([22, 3, 1, 0, 0, 22])), '')
  assert.equal(helloName(Buffer.from([22, 3, 1, 0, 4, 1, 255, 255, 255])), '')
  assert.equal(helloName(Buffer.from([22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3])), '')
  // Any damage: an answer, never an error; a name that is found stands in the bytes.
  const next = random(7)
  for (let i = 0; i < 20000; i++) {
    const copy = Buffer.from(one.subarray(0, 1 + next(one.length)))
    for (let n = next(4); n >= 0; n--) copy[next(copy.length)] = next(256)
    const name = helloName(copy)
    assert.ok(name === null || copy.includes(name, 0, 'latin1'), `${name} of ${copy.toString('hex')}`)
  }
})
