/** Filters of request bodies: before handlers, files and the proxy see anything; stream and whole; refusal, growth, waiting; trailers. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseResponse, unchunk } from '../server/client.ts'
import { until } from '../server/kit.ts'
import { engine } from './engine-kit.ts'
import type { Engine } from './engine-kit.ts'
import { handlers, mappedInput, modules } from './filters-kit.ts'
import type { Lab } from './filters-kit.ts'

const soon = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)))

const upper: Lab = { name: 'upper', input: (_r, p) => mappedInput(p, (s) => s.toUpperCase()) }
const twice: Lab = { name: 'twice', input: (_r, p) => mappedInput(p, (s) => s + s) }
const waits: Lab = { name: 'waits', input: async (_r, p) => soon(mappedInput(p, (s) => s.replaceAll('a', '<a>'))) }
const drops: Lab = { name: 'drops', input: () => null }
const refuses: Lab = { name: 'refuses', input: (_r, p) => (p.data?.includes('no') === true ? 418 : p) }
const refusesLater: Lab = { name: 'refuses_later', input: (_r, p) => soon(p.data?.includes('no') === true ? 418 : p) }
const breaks: Lab = { name: 'breaks', input: (_r, p) => { if (p.data?.includes('no') === true) throw new Error('broken'); return p } }
const breaksLater: Lab = { name: 'breaks_later', input: async (_r, p) => { await soon(0); if (p.data?.includes('no') === true) throw new Error('broken later'); return p } }
const whole: Lab = { name: 'whole', buffered: { limit: 20, over: 413 }, input: (_r, p, s) => mappedInput(p, (text) => `<${++s.seen}:${text}>`) }
const lenient: Lab = { ...whole, name: 'lenient', buffered: { limit: 8, over: 'pass' } }
const once: Lab = { name: 'once', input: (r, p, s) => { r.removeFilter(s); return mappedInput(p, (text) => text.toUpperCase()) } }
const high: Lab = { name: 'high', type: 20, input: (_r, p) => mappedInput(p, (s) => `${s}h`) }
const low: Lab = { name: 'low', type: 5, input: (_r, p) => mappedInput(p, (s) => `${s}l`) }
const plain: Lab = { name: 'plain', input: (_r, p) => mappedInput(p, (s) => `${s}p`) }
const asked: Lab = { name: 'asked', onDemand: true, input: (_r, p) => mappedInput(p, (s) => `${s}i`) }
const garbage: Lab = { name: 'garbage', input: () => 204 }
const labs = [upper, twice, waits, drops, refuses, refusesLater, breaks, breaksLater, whole, lenient, once, high, low, plain, asked, garbage]

const log = 'error_log test.log info;'
const conf = labs.filter((l) => l.onDemand !== true).map((l) => `location /${l.name} { ${l.name}; echo; }`).join('\n')

function chunks(...parts: string[]): string {
  return `Transfer-Encoding: chunked\r\n\r\n${parts.map((p) => `${p.length.toString(16)}\r\n${p}\r\n`).join('')}0\r\n\r\n`
}

async function post(server: Engine, path: string, rest: string): Promise<string> {
  const answer = parseResponse(await server.raw(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`), 'POST')
  return answer.status === 200 ? answer.body : String(answer.status)
}

const sized = (body: string): string => `Content-Length: ${body.length}\r\n\r\n${body}`

test('a body is changed, held, grown, refused before the handler sees it', async (t) => {
  const server = await engine(t, conf, [...modules(labs), handlers], log)
  const both = async (path: string, body: string, expected: (length: string) => string) => {
    assert.equal(await post(server, path, sized(body)), expected(String(body.length)), path)
    // With chunks there is no Content-Length; each is a part.
    assert.equal(await post(server, path, chunks(...body.match(/.{1,3}/g)!)), expected('null'), path)
  }
  await both('/upper', 'some text', (length) => `memory 9 ${length}|SOME TEXT`)
  await both('/waits', 'banana', (length) => `memory 12 ${length === 'null' ? length : 12}|b<a>n<a>n<a>`)
  await both('/drops', 'some text', (length) => `memory 0 ${length === 'null' ? length : 0}|`)
  await both('/whole', 'some text', (length) => `memory 13 ${length === 'null' ? length : 13}|<1:some text>`)
  await both('/lenient', 'some text', (length) => `memory 9 ${length}|some text`)
  assert.equal(await post(server, '/twice', sized('abc')), 'memory 6 6|abcabc')
  assert.equal(await post(server, '/once', chunks('one', 'two', 'three')), 'memory 11 null|ONEtwothree')
  for (const path of ['/refuses', '/refuses_later']) {
    await both(path, 'yes', (length) => `memory 3 ${length}|yes`)
    await both(path, 'xx no', () => '418')
  }
  await both('/breaks', 'no', () => '500')
  await both('/breaks_later', 'no', () => '500')
  await both('/whole', 'x'.repeat(21), () => '413')
  await both('/garbage', 'x', () => '500')
  assert.equal(await post(server, '/upper', '\r\n'), 'memory -1 null|')
})

test('the connection goes on behind a body that was filtered or refused, whatever came with it', async (t) => {
  const server = await engine(t, conf, [...modules(labs), handlers], log)
  const request = (path: string, rest: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\n${rest}`
  const paths = ['/upper', '/waits', '/refuses', '/refuses_later', '/whole']
  const bodies = [sized('no way'), chunks('n', 'no', 'way'), sized('fine'), chunks('fine')]
  const wanted: string[] = []
  let all = ''
  for (const path of paths) {
    for (const body of bodies) {
      all += request(path, body)
      const refused = path.startsWith('/refuses') && body.includes('no')
      const text = body.includes('fine') ? 'fine' : body.includes('nno') || body.startsWith('Tr') ? 'nnoway' : 'no way'
      const made = path === '/upper' ? text.toUpperCase() : path === '/waits' ? text.replaceAll('a', '<a>') : path === '/whole' ? `<1:${text}>` : text
      wanted.push(refused ? '418' : made)
    }
  }
  all += 'GET /upper HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  for (const size of [1, 7, 100000]) {
    const client = await server.connect()
    const writing = (async () => {
      for (let at = 0; at < all.length; at += size) {
        client.write(all.slice(at, at + size))
        if (size < 100) await soon(0)
      }
    })()
    for (const expected of wanted) {
      const { status, body } = await client.response('POST')
      assert.equal(status === 200 ? body.slice(body.indexOf('|') + 1) : String(status), expected)
    }
    await writing
    assert.equal((await client.response()).body, 'memory -1 null|')
    client.close()
  }
})

test('types: the higher see the body first; what is inserted sees it before the others of its type', async (t) => {
  const server = await engine(t, `
    location /order { low; high; plain; echo; }
    location /asked { plain; insert asked asked; insert asked Asked; echo; }`, [...modules(labs), handlers], log)
  assert.equal(await post(server, '/order', sized('x')), 'memory 4 4|xhpl')
  assert.equal(await post(server, '/asked', sized('x')), 'memory 4 4|xiip')
})

test('a filtered body goes to a file by its own length, and is held to client_max_body_size like the client\'s', async (t) => {
  const server = await engine(t, `
    client_body_buffer_size 16;
    location /file { twice; echo; }
    location /shrinks { drops; echo; }
    location /small { client_max_body_size 20; twice; echo; }
    location /free { client_max_body_size 0; twice; echo; }`, [...modules(labs), handlers], log)
  assert.equal(await post(server, '/file', sized('12345678')), 'memory 16 16|1234567812345678')
  assert.equal(await post(server, '/file', sized('123456789')), 'file 18 18|123456789123456789')
  assert.equal(await post(server, '/file', chunks('12345', '6789')), 'file 18 null|123451234567896789')
  assert.equal(await post(server, '/shrinks', sized('x'.repeat(100))), 'memory 0 0|')
  assert.equal(await post(server, '/small', sized('x'.repeat(10))), `file 20 20|${'x'.repeat(20)}`)
  assert.equal(await post(server, '/small', sized('x'.repeat(11))), '413')
  assert.equal(await post(server, '/small', chunks('x'.repeat(11))), '413')
  assert.equal(await post(server, '/small', sized('x'.repeat(21))), '413')
  assert.equal(await post(server, '/free', sized('x'.repeat(50000))), `file 100000 100000|${'x'.repeat(100000)}`)
  const lines = readFileSync(join(server.prefix, 'test.log'), 'latin1')
  assert.equal(lines.match(/input filters made a request body of 11 bytes longer than 20 bytes/g)?.length, 2)
})

test('the proxy sends what the filters made: with its length when it is buffered, in chunks when it is not', async (t) => {
  const received: string[] = []
  const upstream = createServer((socket: Socket) => {
    let text = ''
    socket.setEncoding('latin1').on('data', (data: string) => {
      text += data
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = /content-length: (\d+)/i.exec(text)
      if (length !== null ? text.length < end + 4 + Number(length[1]) : !text.endsWith('0\r\n\r\n')) return
      received.push(text)
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
    })
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  t.after(() => void upstream.close())
  const to = `proxy_pass http://127.0.0.1:${(upstream.address() as { port: number }).port};`
  const server = await engine(t, `
    location /buffered { twice; ${to} }
    location /stream { proxy_request_buffering off; twice; ${to} }
    location /waits { proxy_request_buffering off; waits; ${to} }
    location /old { proxy_request_buffering off; proxy_http_version 1.0; twice; ${to} }
    location /refuses { proxy_request_buffering off; refuses_later; ${to} }
    location /unfiltered { proxy_request_buffering off; ${to} }`, [...modules(labs), handlers], log)
  const seen = async (path: string, rest: string): Promise<string> => {
    received.length = 0
    const answer = await post(server, path, rest)
    if (answer !== 'ok') return answer
    const text = received[0]!
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    return /transfer-encoding: chunked/i.test(text) ? `chunked ${unchunk(body)}` : `${/content-length: (\d+)/i.exec(text)?.[1]} ${body}`
  }
  assert.equal(await seen('/buffered', sized('abc')), '6 abcabc')
  assert.equal(await seen('/buffered', chunks('ab', 'c')), '6 ababcc')
  assert.equal(await seen('/stream', sized('abc')), 'chunked abcabc')
  assert.equal(await seen('/stream', chunks('ab', 'c')), 'chunked ababcc')
  assert.equal(await seen('/waits', sized('banana')), 'chunked b<a>n<a>n<a>')
  assert.equal(await seen('/waits', chunks('ba', 'nana')), 'chunked b<a>n<a>n<a>')
  assert.equal(await seen('/old', sized('abc')), '6 abcabc')
  assert.equal(await seen('/old', chunks('abc')), '6 abcabc')
  assert.equal(await seen('/unfiltered', sized('abc')), '3 abc')
  assert.equal(await seen('/refuses', sized('no')), '418')
  const big = 'abcdefgh'.repeat(40000)
  for (const path of ['/stream', '/waits', '/buffered']) {
    const made = await seen(path, chunks(...big.match(/.{1,5000}/g)!))
    const wanted = path === '/waits' ? big.replaceAll('a', '<a>') : big.replace(/.{1,5000}/g, '$&$&')
    if (path === '/waits') assert.equal(made, `chunked ${wanted}`)
    else assert.equal(made.length - made.indexOf(' ') - 1, 2 * big.length)
  }
})

test('while a filter waits the client is not read beyond what fits', async (t) => {
  let release: () => void = () => {}
  let parts = 0
  const gate: Lab = { name: 'gate', input: async (_r, p) => {
    parts++
    await new Promise<void>((resolve) => { release = resolve })
    return p
  } }
  const server = await engine(t, 'client_max_body_size 64m; location / { gate; echo; }', [...modules([gate]), handlers], log)
  const client = await server.connect()
  const size = 32 << 20
  client.write(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`)
  client.write('x'.repeat(size))
  await until(() => parts === 1 && [...server.engine.connections].some((c) => c.paused), () => 'the client is not held')
  // All that may be there: what was read before the client was held.
  assert.ok(client.socket.writableLength > 0, 'everything was read')
  client.close()
  await until(() => { release(); return server.engine.connections.size === 0 }, () => 'the connection stays')
})

test('trailers of a chunked body are there when it is read; unlike headers', async (t) => {
  const server = await engine(t, 'location / { echo; }', [handlers], log)
  const body = '3\r\nabc\r\n0\r\nX-Sum: 99\r\nx-other:\t two words \r\n\r\n'
  assert.equal(await post(server, '/', `Transfer-Encoding: chunked\r\n\r\n${body}`), 'memory 3 null|abc|X-Sum,99,x-other,two words')
})

/** Small deterministic generator (mulberry32). */
function random(seed: number): (below: number) => number {
  let a = seed
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let x = Math.imul(a ^ (a >>> 15), 1 | a)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) % below
  }
}

test('however the client splits a body, the filters make the same of it', async (t) => {
  const chained = [upper, waits, { ...whole, buffered: { limit: 4096, over: 413 } }, { ...refuses, input: (_r, p) => p } satisfies Lab]
  const places = Array.from({ length: 16 }, (_, i) => `location /c${i} { ${chained.filter((_l, n) => (i >> n) & 1).map((l) => `${l.name};`).join(' ')} echo; }`)
  const server = await engine(t, places.join('\n'), [...modules(chained), handlers], log)
  for (let seed = 1; seed <= 48; seed++) {
    const next = random(seed)
    const text = Array.from({ length: 1 + next(60) }, () => 'abcx'[next(4)]).join('')
    const pieces: string[] = []
    for (let at = 0; at < text.length;) {
      const n = 1 + next(9)
      pieces.push(text.slice(at, at + n))
      at += n
    }
    const path = `/c${seed % 16}`
    const body = (answer: string): string => answer.slice(answer.indexOf('|'))
    assert.equal(body(await post(server, path, chunks(...pieces))), body(await post(server, path, sized(text))), `${path} ${seed}`)
  }
})
