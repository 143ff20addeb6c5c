import { test } from 'node:test'
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Args, OK, Where } from '../../host/module.ts'
import type { Module } from '../../host/module.ts'
import type { Request } from '../../host/http/request.ts'
import { engine } from './engine-kit.ts'
import { parseResponse } from '../server/client.ts'

/** Directives that bind content handlers for the tests: reading the body, answering in parts, waiting. */
const probe: Module = {
  name: 'probe',
  directives: [
    { name: 'echo_body', where: Where.Location, args: Args.None, conf: 'loc', set: (cf) => {
      core(cf).handler = async (r: Request) => {
        const rc = await r.readBody()
        if (rc !== OK) return rc
        return r.respond(200, 'text/plain', `${r.body.length}:${r.bodyFile === null ? 'memory' : 'file'}:${r.body.bytes().toString('latin1')}`)
      }
    } },
    { name: 'parts', where: Where.Location, args: Args.Take1, conf: 'loc', set: (cf) => {
      const count = Number(cf.args[1])
      core(cf).handler = async (r: Request) => {
        r.discardBody()
        r.headersOut.status = 200
        const rc = await r.sendHeader()
        if (rc !== OK) return rc
        const data = Buffer.alloc(1000, 'x')
        for (let i = 0; i < count; i++) {
          const sent = await r.output({ data, file: null, last: i === count - 1, flush: false })
          if (sent !== OK) return sent
        }
        return OK
      }
    } },
    { name: 'wait_for', where: Where.Location, args: Args.None, conf: 'loc', set: (cf) => {
      core(cf).handler = async (r: Request) => {
        await new Promise<void>((resolve) => waiting.push(resolve))
        return r.respond(200, 'text/plain', `waited ${r.uri} ${r.header('x-mark') ?? ''}`)
      }
    } },
    { name: 'short', where: Where.Location, args: Args.None, conf: 'loc', set: (cf) => {
      core(cf).handler = (r: Request) => {
        r.headersOut.status = 200
        r.headersOut.contentLength = 10
        r.sendHeader()
        r.output({ data: Buffer.from('four'), file: null, last: true, flush: false })
        return OK
      }
    } },
    { name: 'throws', where: Where.Location, args: Args.None, conf: 'loc', set: (cf) => { core(cf).handler = () => { throw new Error('oops') } } },
  ],
}
const waiting: (() => void)[] = []

function core(cf: any): any {
  return cf.http.loc.find((conf: any) => conf !== undefined && 'handler' in (conf ?? {}))
}

const conf = `client_max_body_size 200k; client_body_buffer_size 8k; keepalive_timeout 30s;
  location /echo { echo_body; } location /parts { parts 5; } location /many { parts 40000; } location /wait { wait_for; } location /short { short; }
  location /throws { throws; } location / { return 200 "ok"; }`

const head = (text: string) => text.slice(0, text.indexOf('\r\n\r\n') + 4)

test('keep-alive and pipelining: answers come in order on one connection', async (t) => {
  const e = await engine(t, conf, [probe])
  const client = await e.connect()
  client.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const all = await client.rest()
  assert.deepEqual(all.match(/\r\n\r\n[a-z0-9:]+/g)?.map((s) => s.trim().replace(/HTTP$/, '')), ['ok', '0:memory:', 'ok'])
})

test('a head that arrives byte by byte is read as a whole one', async (t) => {
  const e = await engine(t, conf, [probe])
  const client = await e.connect()
  client.socket.setNoDelay(true)
  for (const byte of 'GET /slow HTTP/1.1\r\nHost: x\r\nX: y\r\nConnection: close\r\n\r\n') {
    client.write(byte)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.match(await client.rest(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/)
})

test('request bodies: Content-Length and chunked, in memory and in a file, pipelined behind', async (t) => {
  const e = await engine(t, conf, [probe])
  const large = 'b'.repeat(100000)
  const cases: [string, string][] = [
    ['POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello', '5:memory:hello'],
    ['POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n', '13:memory:abc0123456789'],
    [`POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: ${large.length}\r\n\r\n${large}`, `100000:file:${large}`],
    [`POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n186A0\r\n${large}\r\n0\r\n\r\n`, `100000:file:${large}`],
  ]
  for (const [request, body] of cases) {
    const text = await e.raw(request + 'GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const first = head(text)
    assert.match(first, new RegExp(`Content-Length: ${body.length}\r\n`))
    assert.equal(text.slice(first.length, first.length + body.length), body)
    assert.match(text.slice(first.length + body.length), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/)
  }
  assert.deepEqual(existsSync(join(e.prefix, 'tmp')) ? readdirSync(join(e.prefix, 'tmp'), { recursive: true }).filter((n) => /\d{10}/.test(String(n))) : [], [])
})

test('too large bodies: 413 by Content-Length and while chunks arrive', async (t) => {
  const e = await engine(t, conf, [probe])
  assert.match(await e.raw('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 204801\r\n\r\n'), /^HTTP\/1\.1 413 Request Entity Too Large\r\n[^]*Connection: close\r\n/)
  const chunk = `10000\r\n${'c'.repeat(65536)}\r\n`
  assert.match(await e.raw(`POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}${chunk}${chunk}0\r\n\r\n`), /^HTTP\/1\.1 413 /)
})

test('a malformed chunk is answered 400 and the connection closes', async (t) => {
  const e = await engine(t, conf, [probe])
  for (const bad of ['x\r\n', '3\nabc\r\n0\r\n\r\n', '3\r\nabcd\r\n0\r\n\r\n', 'fffffffffffffffff\r\n', '-1\r\n', ' 3\r\nabc\r\n0\r\n\r\n']) {
    const text = await e.raw(`POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${bad}GET / HTTP/1.1\r\nHost: x\r\n\r\n`)
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(bad))
    assert.equal(text.match(/HTTP\/1\.1 /g)!.length, 1)
  }
})

test('Expect: 100-continue is answered when the body is wanted, not before a refusal', async (t) => {
  const e = await engine(t, conf, [probe])
  const client = await e.connect()
  client.write('POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n')
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.write('hi')
  assert.match(await client.rest(), /\r\n\r\n2:memory:hi$/)
  assert.match(await e.raw('POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 999999\r\n\r\n'), /^HTTP\/1\.1 413 /)
})

test('a body nobody reads is dropped and the connection goes on', async (t) => {
  const e = await engine(t, conf, [probe])
  const client = await e.connect()
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n')
  await client.until('\r\n\r\nok')
  for (let i = 0; i < 10; i++) client.write('d'.repeat(10000))
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(await client.rest(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/)
})

test('parts of unknown length: chunked in 1.1, until close in 1.0, nothing for HEAD', async (t) => {
  const e = await engine(t, conf, [probe])
  const chunked = await e.raw('GET /parts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(head(chunked), /Transfer-Encoding: chunked\r\n/)
  assert.equal(parseResponse(chunked, 'GET').body, 'x'.repeat(5000))
  const plain = await e.raw('GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  assert.match(head(plain), /Connection: close\r\n/)
  assert.equal(plain.slice(head(plain).length), 'x'.repeat(5000))
  const none = await e.raw('HEAD /parts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.equal(none, head(none))
})

test('a slow reader holds the handler back instead of filling memory', async (t) => {
  const e = await engine(t, conf, [probe])
  const client = await e.connect()
  client.socket.pause()
  client.write('GET /many HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const [connection] = await new Promise<any[]>((resolve) => {
    const look = () => {
      const blocked = [...e.engine.connections].filter((c) => c.blockedWrites > 0)
      if (blocked.length > 0) resolve(blocked)
      else setImmediate(look)
    }
    look()
  })
  assert.ok(connection.stream.pending < 1 << 18, `${connection.stream.pending} bytes queued`)
  client.socket.resume()
  assert.equal(parseResponse(await client.rest(), 'GET').body.length, 40000000)
})

test('pipelined requests behind a waiting one keep their order and their heads', async (t) => {
  const e = await engine(t, conf, [probe])
  const client = await e.connect()
  client.write('GET /wait/1 HTTP/1.1\r\nHost: x\r\nX-Mark: one\r\n\r\nGET /fast HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await new Promise<void>((resolve) => { const look = () => (waiting.length > 0 ? resolve() : setImmediate(look)); look() })
  assert.equal(await e.raw('GET /other HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n').then((s) => s.slice(head(s).length)), 'ok')
  waiting.shift()!()
  const text = await client.rest()
  assert.match(text, /waited \/wait\/1 oneHTTP\/1\.1 200 OK[^]*\r\n\r\nok$/)
})

test('a client that leaves while its request waits ends the request once, with 499', async (t) => {
  const e = await engine(t, conf, [probe])
  const client = await e.connect()
  client.write('GET /wait/2 HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise<void>((resolve) => { const look = () => (waiting.length > 0 ? resolve() : setImmediate(look)); look() })
  const [connection] = [...e.engine.connections]
  client.close()
  await new Promise<void>((resolve) => { const look = () => (e.engine.connections.size === 0 ? resolve() : setImmediate(look)); look() })
  assert.equal(connection!.request.headersOut.status, 499)
  waiting.shift()!()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(e.engine.current.active, 0)
})

test('a handler that throws costs its request a 500 and nothing else', async (t) => {
  const e = await engine(t, conf, [probe])
  assert.match(await e.raw('GET /throws HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 500 Internal Server Error\r\n/)
  assert.match(await e.raw('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), /ok$/)
})

test('a body shorter than announced closes the connection, so that no client mistakes the next answer for it', async (t) => {
  const e = await engine(t, conf, [probe])
  const text = await e.raw('GET /short HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n')
  assert.match(text, /\r\n\r\nfour$/)
})
