/** The PROXY protocol on `listen`, and the realip module. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { forwardedAddress, parseForwarded } from '../../host/modules/realip/forwarded.ts'
import { parseCidr } from '../../host/modules/geo/cidr.ts'
import { proxyField, readProxyHeader } from '../../host/net/proxyprotocol.ts'
import { freePort } from '../server/kit.ts'
import { Client } from '../server/client.ts'
import { engine } from './engine-kit.ts'

const fixtures = fileURLToPath(new URL('../fixtures/tls', import.meta.url))
const latin1 = (text: string) => Buffer.from(text, 'latin1')
const get = (path = '/', more = '') => `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${more}\r\n`
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4)

/** A version 2 header; `family` 0x11 for TCP over IPv4, 0x21 over IPv6. */
function v2(command: number, family: number, content: Buffer): Buffer {
  const head = latin1('\r\n\r\n\0\r\nQUIT\n\0\0\0\0')
  head[12] = command
  head[13] = family
  head.writeUInt16BE(content.length, 14)
  return Buffer.concat([head, content])
}
const tlv = (type: number, value: Buffer) => Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value])
const v4 = Buffer.from([192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 0x01, 0xbb])

test('PROXY headers are read to their last byte', () => {
  const none = { fields: Buffer.alloc(0) }
  const good: [string | Buffer, unknown][] = [
    ['PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n', { sourceAddress: '192.0.2.1', sourcePort: 12345, destinationAddress: '198.51.100.2', destinationPort: 443, ...none }],
    ['PROXY TCP6 2001:db8::1 ::1 1 65535\r\n', { sourceAddress: '2001:db8::1', sourcePort: 1, destinationAddress: '::1', destinationPort: 65535, ...none }],
    ['PROXY UNKNOWN\r\n', null], ['PROXY UNKNOWN whatever it is\r\n', null],
    [v2(0x21, 0x11, v4), { sourceAddress: '192.0.2.1', sourcePort: 12345, destinationAddress: '198.51.100.2', destinationPort: 443, ...none }],
    [v2(0x20, 0x11, v4), null], [v2(0x21, 0x31, Buffer.alloc(216)), null], [v2(0x21, 0x12, v4), null], [v2(0x20, 0, Buffer.alloc(0)), null],
    [v2(0x21, 0x21, Buffer.concat([latin1('\x20\x01\x0d\xb8'), Buffer.alloc(11), latin1('\x01'), Buffer.alloc(15), latin1('\x01\0\x50\0\x51')])),
      { sourceAddress: '2001:db8::1', sourcePort: 80, destinationAddress: '::1', destinationPort: 81, ...none }],
  ]
  for (const [text, addresses] of good) {
    const bytes = typeof text === 'string' ? latin1(text) : text
    assert.deepEqual(readProxyHeader(Buffer.concat([bytes, latin1('GET')])), { length: bytes.length, addresses })
    for (let i = 0; i < bytes.length; i++) assert.equal(readProxyHeader(bytes.subarray(0, i)), null, `${i} bytes of ${bytes}`)
  }
  const bad: [string | Buffer, string][] = [
    ['GET / HTTP/1.1\r\n', 'broken header: "GET / HTTP/1.1"'], ['PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n', 'broken header: "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536"'],
    ['PROXY TCP4 ::1 ::1 1 1\r\n', 'broken header: "PROXY TCP4 ::1 ::1 1 1"'], ['PROXX', 'broken header: "PROXX"'],
    [`PROXY TCP4 ${'1'.repeat(100)}`, `broken header: "PROXY TCP4 ${'1'.repeat(96)}"`], ['PROXY TCP4 1.2.3.4\nx', 'broken header: "PROXY TCP4 1.2.3.4"'],
    [v2(0x31, 0x11, v4), 'unknown PROXY protocol version: 3'], [v2(0x21, 0x11, Buffer.alloc(4081)), 'header is too large'],
    [v2(0x21, 0x11, v4.subarray(1)), 'broken header: address does not fit'],
  ]
  for (const [text, complaint] of bad) assert.equal(readProxyHeader(typeof text === 'string' ? latin1(text) : text), complaint)
})

test('fields of version 2 have nginx\'s names', () => {
  const ssl = Buffer.concat([Buffer.from([1, 0, 0, 0, 7]), tlv(0x21, latin1('TLSv1.3')), tlv(0x22, latin1('a client'))])
  const fields = Buffer.concat([tlv(1, latin1('h2')), tlv(2, latin1('a.test')), tlv(0x20, ssl), tlv(0xea, latin1('own')), Buffer.from([5, 1, 0])])
  const names = ['alpn', 'authority', 'ssl_verify', 'ssl_version', 'ssl_cn', 'ssl_cipher', '0xea', 'unique_id', 'nonsense', 'toString']
  assert.deepEqual(names.map((name) => proxyField(fields, name)), ['h2', 'a.test', '7', 'TLSv1.3', 'a client', null, 'own', null, null, null])
})

test('the client behind trusted proxies', () => {
  const trusted = { networks: [parseCidr('10.0.0.0/8')!, parseCidr('fd00::/8')!], unix: true }
  const find = (from: string, value: string, recursive = false) => forwardedAddress(trusted, from, value, recursive)
  const rows: [string, string, boolean, string | null, number][] = [
    ['10.1.1.1', '1.2.3.4', false, '1.2.3.4', 0], ['11.1.1.1', '1.2.3.4', false, null, 0], ['unix:', '5.6.7.8, 1.2.3.4:80', false, '1.2.3.4', 80],
    ['10.1.1.1', '5.6.7.8, 10.2.2.2', false, '10.2.2.2', 0], ['10.1.1.1', '9.9.9.9, 5.6.7.8,10.2.2.2 , fd00::1', true, '5.6.7.8', 0],
    ['10.1.1.1', '10.3.3.3, 10.2.2.2', true, '10.3.3.3', 0], ['10.1.1.1', 'nobody, 10.2.2.2', true, '10.2.2.2', 0], ['10.1.1.1', 'nobody', true, null, 0],
    ['10.1.1.1', '[2001:db8::1]:443', false, '2001:db8::1', 443], ['10.1.1.1', '', false, null, 0], ['::ffff:10.1.1.1', '1.2.3.4', false, '1.2.3.4', 0],
  ]
  for (const [from, value, recursive, address, port] of rows) {
    assert.deepEqual(find(from, value, recursive), address === null ? null : { address, port }, `${from} ${value}`)
  }
  assert.deepEqual(['1.2.3.4:', ':80', '1.2.3.4:99999', '[::1', '::1:80:'].map(parseForwarded), [null, null, null, null, null])
})

async function proxied(t: TestContext, conf: string, options = '') {
  const port = await freePort()
  const made = await engine(t, '', [], `server { listen 127.0.0.1:${port} proxy_protocol ${options}; ${conf} }`)
  const ask = async (bytes: string | Buffer) => {
    const client = await Client.open({ host: '127.0.0.1', port })
    client.write(bytes)
    return client.rest()
  }
  return { ...made, ask, at: port }
}

test('a connection that begins with a PROXY header', async (t) => {
  const s = await proxied(t, `client_header_timeout 60ms; location / { return 200
    "$remote_addr|$proxy_protocol_addr|$proxy_protocol_port|$proxy_protocol_server_addr|$proxy_protocol_server_port|$proxy_protocol_tlv_authority"; }`)
  const header = 'PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n'
  assert.equal(bodyOf(await s.ask(header + get())), '127.0.0.1|192.0.2.1|12345|198.51.100.2|443|')
  assert.equal(bodyOf(await s.ask('PROXY UNKNOWN\r\n' + get())), '127.0.0.1|||||')
  assert.equal(bodyOf(await s.ask(Buffer.concat([v2(0x21, 0x11, Buffer.concat([v4, tlv(2, latin1('a.test'))])), latin1(get())]))),
    '127.0.0.1|192.0.2.1|12345|198.51.100.2|443|a.test')
  const client = await Client.open({ host: '127.0.0.1', port: s.at })
  for (const part of [header.slice(0, 9), header.slice(9), get().slice(0, 20), get().slice(20)]) {
    await new Promise<void>((resolve) => client.socket.write(part, () => setImmediate(resolve)))
  }
  assert.equal(bodyOf(await client.rest()), '127.0.0.1|192.0.2.1|12345|198.51.100.2|443|')
  assert.equal(await s.ask(get()), '')
  assert.equal(await s.ask('PROXY TCP4'), '')
  const suffix = `while reading PROXY protocol, client: 127.0.0.1, server: 127.0.0.1:${s.at}`
  assert.deepEqual(s.lines.filter((line) => line.includes('PROXY')),
    [`[4] broken header: "GET / HTTP/1.1" ${suffix}`, `[7] client timed out (110: Connection timed out) ${suffix}`])
})

test('a PROXY header before TLS', async (t) => {
  const s = await proxied(t, `ssl_certificate ${fixtures}/a.test.crt; ssl_certificate_key ${fixtures}/a.test.key;
    set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol; location / { return 200 "$remote_addr $remote_port $realip_remote_addr $scheme"; }`, 'ssl')
  const answer = await new Promise<string>((resolve, reject) => {
    const raw = connect(s.at, '127.0.0.1', () => {
      raw.write('PROXY TCP6 2001:db8::7 ::1 777 443\r\n')
      const socket = connectTls({ socket: raw, servername: 'a.test', ca: readFileSync(`${fixtures}/ca.crt`) }, () => socket.write(get()))
      let text = ''
      socket.setEncoding('latin1').on('data', (data) => { text += data }).on('close', () => resolve(text)).on('error', reject)
    })
  })
  assert.equal(bodyOf(answer), '2001:db8::7 777 127.0.0.1 https')
})

test('realip changes the address for one request', async (t) => {
  const s = await engine(t, `set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;
    location / { return 200 "$remote_addr $remote_port $realip_remote_addr\n"; }
    location /all { set_real_ip_from 0.0.0.0/0; real_ip_recursive on; return 200 "$remote_addr\n"; }
    location /x { set_real_ip_from 127.0.0.1; real_ip_header X-Own; try_files /none =200; }`)
  const client = await s.connect()
  const ask = async (path: string, more: string) => {
    client.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`)
    return (await client.response()).body.trimEnd()
  }
  assert.equal(await ask('/', 'X-Forwarded-For: 1.1.1.1, 2.2.2.2:22\r\n'), '2.2.2.2 22 127.0.0.1')
  assert.equal(await ask('/', ''), `127.0.0.1 ${client.socket.localPort} 127.0.0.1`)
  assert.equal(await ask('/', 'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 3.3.3.3\r\n'), '3.3.3.3  127.0.0.1')
  assert.equal(await ask('/', 'X-Forwarded-For: somebody\r\n'), `127.0.0.1 ${client.socket.localPort} 127.0.0.1`)
  client.close()
})
