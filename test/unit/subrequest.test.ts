/** Subrequests (nginx.md §7): order of output, subrequests in memory and in the background, limits, failures, clients that leave. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../host/core/version.ts'
import { Args, ERROR, OK, Phase, Where } from '../../host/module.ts'
import type { Directive, Module } from '../../host/module.ts'
import type { BodyPart } from '../../host/http/response.ts'
import type { CoreMainConf } from '../../host/http/core/conf.ts'
import type { Request } from '../../host/http/request.ts'
import { coreIndex } from '../../host/http/core/confs.ts'
import { placeOf } from '../../host/http/postpone.ts'
import { askSubrequest, subrequest } from '../../host/http/subrequest.ts'
import { parseResponse, unchunk } from '../server/client.ts'
import { freePort, until } from '../server/kit.ts'
import { engine } from './engine-kit.ts'
import type { Engine } from './engine-kit.ts'

/** What a test's handlers noted, and the handlers that wait until the test lets them go. */
const notes: string[] = []
const gates = new Map<string, (() => void)[]>()

function gate(name: string): Promise<void> {
  return new Promise((resolve) => gates.set(name, [...gates.get(name) ?? [], resolve]))
}

/** Lets the handler in that location go on, once it is there. */
async function open(name: string): Promise<void> {
  await until(() => (gates.get(name)?.length ?? 0) > 0, () => `nobody waits at ${name}`)
  gates.get(name)!.shift()!()
}

function handler(name: string, run: (r: Request, argument: string) => number | Promise<number>, args: number = Args.Take1): Directive {
  return { name, where: Where.Location, args, conf: 'loc', set: (cf) => {
    const core = cf.http!.loc.find((conf: any) => conf !== undefined && 'handler' in (conf ?? {})) as any
    const argument = cf.args[1] ?? ''
    core.handler = (r: Request) => run(r, argument)
  } }
}

const part = (text: string, last = false): BodyPart => ({ data: Buffer.from(text, 'latin1'), file: null, last, flush: false })

/** A body part with `<!--#include virtual="URI" -->` in it, as nginx's ssi module would put it out. */
function includes(r: Request, whole: BodyPart): BodyPart | BodyPart[] {
  if (whole.data === null) return whole
  const parts: BodyPart[] = []
  const pieces = whole.data.latin1Slice().split(/<!--#include virtual="([^"]*)" -->/)
  pieces.forEach((piece, i) => parts.push(i % 2 === 0 ? part(piece) : placeOf(subrequest(r, piece, '', { placed: false })!)))
  if (whole.last) parts.push({ data: null, file: null, last: true, flush: false })
  return parts
}

const include: Module = {
  name: 'include',
  order: 430,
  createLocConf: () => ({ on: undefined as boolean | undefined }),
  mergeLocConf: (_cf, parent, child) => { child.on ??= parent.on },
  directives: [{ name: 'ssi', where: Where.Location, args: Args.Flag, conf: 'loc', set: (_cf, _directive, conf) => { conf.on = true } }],
  headerFilters: [{ active: (conf) => conf.on === true, filter: (r) => {
    r.headersOut.contentLength = r.headersOut.lastModified = -1
    r.headersOut.etag = ''
    r.headersOut.allowRanges = false
    return OK
  } }],
  bodyFilters: [{ active: (conf) => conf.on === true, start: () => true, filter: includes }],
}

const probe: Module = {
  name: 'probe',
  directives: [
    handler('wait_at', async (r, name) => {
      r.onEnd(() => notes.push(`end ${name}`))
      await gate(name)
      notes.push(`go ${name}`)
      return r.respond(200, 'text/html', `<${name}>`)
    }),
    // Its head goes out before it waits, and it is through without a client's reading.
    handler('halves_at', async (r, name) => {
      r.headersOut.status = 200
      await r.sendHeader()
      await r.output(part(`<${name} 1`))
      await gate(name)
      await r.output(part(' 2>', true))
      return OK
    }),
    handler('ask', async (r, uri) => {
      const { rc, status, headers, body } = await askSubrequest(r, uri, 'a=1')
      notes.push(`asked ${rc} ${status}`)
      return r.respond(200, 'text/html', `${rc}|${status}|${headers.get('content-type')}|${headers.get('x-own')}|${body.latin1Slice()}`)
    }),
    handler('ask_own', async (r, uri) => {
      await r.readBody()
      const { body } = await askSubrequest(r, uri, '', { method: 'PUT', headers: ['X-Own', 'mine', 'X-Gone', ''], body: Buffer.from('own body') })
      return r.respond(200, 'text/html', body.latin1Slice())
    }),
    handler('ask_with', async (r, uri) => {
      const rc = await r.readBody()
      if (rc !== OK) return rc
      return r.respond(200, 'text/html', (await askSubrequest(r, uri)).body.latin1Slice())
    }),
    handler('echo', async (r) => {
      const rc = await r.readBody()
      if (rc !== OK) return rc
      r.headersOut.add('X-Own', 'echo')
      const head = `${r.method} ${r.uri}?${r.args} own=${r.header('x-own')} gone=${r.header('x-gone')} length=${r.contentLength}`
      return r.respond(200, 'text/plain', `${head} ${r.body.bytes().latin1Slice()}`)
    }, Args.None),
    handler('pieces', async (r, count) => {
      r.headersOut.status = 200
      await r.sendHeader()
      for (let i = 0; i < Number(count); i++) {
        const rc = await r.output(part(`${r.uri}:${i};`.padEnd(1000, 'x')))
        if (rc !== OK) return rc
      }
      return r.outputEnd()
    }),
    handler('throws', () => { throw new Error('oops') }, Args.None),
    handler('breaks', async (r) => {
      r.headersOut.status = 200
      await r.sendHeader()
      await r.output(part('half'))
      return ERROR
    }, Args.None),
    handler('deep', async (r) => {
      const { rc, status, body } = await askSubrequest(r, r.uri)
      return r.respond(200, 'text/html', rc === OK ? `${Number(body.latin1Slice()) + 1}` : status === 500 ? '0' : 'bad')
    }, Args.None),
    handler('nested', async (r) => {
      subrequest(r, '/ok')
      return r.respond(200, 'text/html', 'inner')
    }, Args.None),
    // A place that is never given, a second verdict, a subrequest that nobody asked to wait for.
    handler('careless', (r) => {
      subrequest(r, '/ok', '', { placed: false })
      subrequest(r, '/ok', '', { output: 'none', done: (_sr, _body, rc) => { notes.push(`done ${rc}`); return rc } })
      const rc = r.respond(200, 'text/html', 'careless')
      queueMicrotask(() => { r.finish(OK); r.finish(500); r.finish(ERROR) })
      return rc
    }, Args.None),
    handler('told', (r, uri) => {
      subrequest(r, uri, '', { output: 'none', done: (sr, _body, rc) => { notes.push(`told ${rc} ${sr.headersOut.status}`); return rc } })
      return new Promise<number>(() => {})
    }),
  ],
  phases: [{ phase: Phase.Log, handler: (r) => { notes.push(`log ${r.uri} ${r.headersOut.status}`); return OK } }],
}

async function start(t: Parameters<typeof engine>[0], conf: string): Promise<Engine> {
  notes.length = 0
  gates.clear()
  const e = await engine(t, `location = /ok { return 200 ok; } ${conf}`, [probe, include], 'default_type text/html;')
  const { cycle } = e.engine.current
  // What requests log is seen as what the engine logs.
  for (const location of (cycle.http!.main[coreIndex(cycle)] as CoreMainConf).locations) location.errorLog = cycle.log
  return e
}

const get = (target: string, more = 'Connection: close\r\n') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`

async function body(e: Engine, target: string): Promise<string> {
  return parseResponse(await e.raw(get(target)), 'GET').body
}

test('nested subrequests are put out where they stand, whichever is ready first, as nginx does it', async (t) => {
  const golden = JSON.parse(readFileSync(new URL('../golden/nginx/subrequests.json', import.meta.url), 'utf8')) as
    { files: Record<string, string>, cases: { name: string, request: string, responses: { body: string }[] }[] }
  const big = '0123456789abcdef'.repeat(20000)
  // In the place of the recording's delays: what stands first answers last.
  const answered: string[] = []
  let wanted = 0
  const waiting: { path: string, answer: () => void }[] = []
  const slow = createServer((socket) => socket.on('error', () => {}).once('data', (data) => {
    const path = data.toString('latin1').split(' ')[1]!
    waiting.push({ path, answer: () => { answered.push(path); socket.end(`HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<slow ${path}>`) } })
    if (waiting.length === wanted) for (const { answer } of waiting.splice(0).reverse()) answer()
  }))
  const port = await freePort()
  await new Promise<void>((resolve) => slow.listen(port, '127.0.0.1', resolve))
  t.after(() => void slow.close())
  const e = await start(t, `root html; types { text/html html; text/plain txt; }
    location = /before { return 200 "[before $uri|$request_uri|$request_method|$args|$http_x]"; } location = /after { return 200 "[after $uri]"; }
    location = /big { alias html/big.txt; } location /ssi/ { ssi on; alias html/; } location /slow { ssi on; proxy_pass http://127.0.0.1:${port}; } location / { }`)
  mkdirSync(join(e.prefix, 'html'))
  for (const [name, text] of Object.entries(golden.files)) if (!name.includes('add')) writeFileSync(join(e.prefix, name), text.replaceAll('<BIG>', big))
  for (const { name, request, responses } of golden.cases.filter((c) => c.name.startsWith('nested'))) {
    wanted = name === 'nested one' || name === 'nested 1.0' ? 2 : 1
    answered.length = 0
    const text = await e.raw(request)
    const content = text.slice(text.indexOf('\r\n\r\n') + 4)
    assert.equal((text.includes('chunked') ? unchunk(content) : content).replaceAll(big, '<BIG>'),
      responses[0]!.body.replaceAll('<center>nginx</center>', `<center>vespid/${version}</center>`), name)
    if (wanted === 2) assert.deepEqual(answered, ['/slow/y', '/slow/x'])
  }
})

test('output before its turn is kept, a part that has its turn goes out at once', async (t) => {
  const e = await start(t, 'location = /a { halves_at a; } location = /b { halves_at b; } location / { ssi on; return 200 "0<!--#include virtual=\\"/a\\" -->1<!--#include virtual=\\"/b\\" -->2"; }')
  const client = await e.connect()
  client.write(get('/'))
  await open('b')
  assert.match(await client.until('<a 1\r\n'), /\r\n\r\n1\r\n0\r\n4\r\n<a 1\r\n$/)
  await open('a')
  assert.equal(await client.rest(), '3\r\n 2>\r\n1\r\n1\r\n4\r\n<b 1\r\n3\r\n 2>\r\n1\r\n2\r\n0\r\n\r\n')
})

test('what is kept has a bound: a subrequest that is ahead waits for its turn, and a slow client for all', async (t) => {
  const e = await start(t, `location = /first { wait_at first; } location = /many { pieces 3000; } location = /more { pieces 3000; }
    location / { ssi on; return 200 "<!--#include virtual=\\"/first\\" --><!--#include virtual=\\"/many\\" --><!--#include virtual=\\"/more\\" -->"; }`)
  const client = await e.connect()
  client.socket.pause()
  client.write(get('/'))
  await until(() => e.engine.connections.size === 1 && [...e.engine.connections][0]!.request.nest?.tree.all.length === 3, () => 'no subrequests')
  const { tree } = [...e.engine.connections][0]!.request.nest!
  const held = () => tree.all.map((sr) => sr.nest!.held)
  await until(() => held()[1]! > 65536 && held()[2]! > 65536, () => `${held()}`)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(held(), [0, 66000, 66000])
  await open('first')
  client.socket.resume()
  const pieces = (uri: string) => Array.from({ length: 3000 }, (_, i) => `${uri}:${i};`.padEnd(1000, 'x')).join('')
  assert.equal(parseResponse(await client.rest(), 'GET').body, `<first>${pieces('/many')}${pieces('/more')}`)
})

test('keep-alive goes on behind a response with subrequests, pipelined requests wait for it, HTTP/1.0 has its end', async (t) => {
  const e = await start(t, 'location = /a { wait_at a; } location / { ssi on; return 200 "0<!--#include virtual=\\"/a\\" -->1"; }')
  const client = await e.connect()
  client.write(get('/', '') + get('/ok', '') + get('/'))
  await open('a')
  await open('a')
  const all = await client.rest()
  assert.deepEqual(all.split(/HTTP\/1.1 200 OK\r\n(?:.+\r\n)*\r\n/).slice(1), ['1\r\n0\r\n3\r\n<a>\r\n1\r\n1\r\n0\r\n\r\n', 'ok', '1\r\n0\r\n3\r\n<a>\r\n1\r\n1\r\n0\r\n\r\n'])
  const old = e.raw('GET / HTTP/1.0\r\n\r\n')
  await open('a')
  assert.match(await old, /\r\nConnection: close\r\n\r\n0<a>1$/)
  assert.deepEqual(notes.filter((n) => n.startsWith('log')), ['log / 200', 'log /ok 200', 'log / 200', 'log / 200'])
  assert.equal(e.engine.requests, 4)
  assert.equal(e.engine.idleSubrequests.length, 1)
})

test('in memory: status, headers and body, own method, headers and body, the parent\'s body', async (t) => {
  const e = await start(t, `location = /ask { ask /echo; } location = /own { ask_own /echo; } location = /with { ask_with /echo; } location = /echo { echo; }
    location = /none { ask /missing; } location = /named { ask /missing2; } location = /missing2 { error_page 404 =202 @page; return 404; } location @page { return 200 page; }
    location = /missing { return 404; } location = /moved { ask /to; } location = /to { return 302 /x; }`)
  assert.equal(await body(e, '/ask'), '0|200|text/plain|echo|GET /echo?a=1 own=null gone=null length=-1 ')
  const post = (target: string) => e.raw(`POST ${target} HTTP/1.1\r\nHost: x\r\nX-Gone: here\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`)
  assert.match(await post('/own'), /\r\n\r\nPUT \/echo\? own=mine gone=null length=8 own body$/)
  assert.match(await post('/with'), /\r\n\r\nGET \/echo\? own=null gone=here length=4 body$/)
  assert.match(await body(e, '/none'), /^0\|404\|text\/html\|null\|<html>\r\n<head><title>404 Not Found/)
  assert.equal(await body(e, '/named'), '0|202|text/html|null|page')
  assert.match(await body(e, '/moved'), /^0\|302\|text\/html\|null\|<html>\r\n<head><title>302 Found/)
})

test('the bounds of subrequests in memory, and of subrequests in subrequests', async (t) => {
  const e = await start(t, `subrequest_output_buffer_size 1k; location = /ask { ask /big; } location = /big { pieces 2; } location = /known { ask /long; } location = /fits { ask /one; }
    location = /long { return 200 "${'x'.repeat(1025)}"; } location = /one { pieces 1; } location = /deep { deep; } location = /in { ask /nested; } location = /nested { nested; }`)
  const tail = (uri: string, sub: string) => `, client: 127.0.0.1, server: , request: "GET ${uri} HTTP/1.1", subrequest: "${sub}", host: "x"`
  const errors = () => e.lines.splice(0).filter((line) => /^\[[1-4]\]/.test(line))
  assert.equal(await body(e, '/ask'), '-1|200|null|null|' + '/big:0;'.padEnd(1000, 'x'))
  assert.deepEqual(errors(), [`[4] too big subrequest response${tail('/ask', '/big')}`])
  assert.equal(await body(e, '/known'), '-1|200|text/html|null|')
  assert.deepEqual(errors(), [`[4] too big subrequest response: 1025${tail('/known', '/long')}`])
  assert.equal(await body(e, '/fits'), '0|200|null|null|' + '/one:0;'.padEnd(1000, 'x'))
  assert.equal(await body(e, '/deep'), '50')
  assert.deepEqual(errors(), [`[4] subrequests cycle while processing "/deep"${tail('/deep', '/deep')}`])
  assert.equal(await body(e, '/in'), '0|200|text/html|null|inner')
  assert.deepEqual(errors(), [`[4] nested in-memory subrequest "/ok"${tail('/in', '/nested')}`])
})

test('a subrequest that fails: 500 in its place, an end where its output had begun', async (t) => {
  const e = await start(t, `location = /throws { throws; } location = /breaks { breaks; } location = /close { return 444; } location = /ask { ask /breaks; } location = /asks { ask /throws; }
    location / { ssi on; return 200 "0<!--#include virtual=\\"$uri$arg_u\\" -->1"; } location = /t { ssi on; return 200 "0<!--#include virtual=\\"/throws\\" -->1"; }
    location = /b { ssi on; return 200 "0<!--#include virtual=\\"/breaks\\" -->1"; } location = /c { ssi on; return 200 "0<!--#include virtual=\\"/close\\" -->1"; }`)
  assert.match(await body(e, '/t'), /^0<html>\r\n<head><title>500 Internal Server Error[^]*<\/html>\r\n1$/)
  assert.match(await e.raw(get('/b', '')), /\r\n\r\n1\r\n0\r\n4\r\nhalf\r\n$/)
  assert.match(await e.raw(get('/c', '')), /\r\n\r\n1\r\n0\r\n$/)
  assert.equal(await body(e, '/ask'), '-1|200|null|null|half')
  assert.match(await body(e, '/asks'), /^0\|500\|text\/html\|null\|<html>/)
  assert.equal(await body(e, '/ok'), 'ok')
})

test('a client that leaves ends the request and its subrequests once, and who waits for one is told 499', async (t) => {
  const e = await start(t, `location = /a { wait_at a; } location = /b { wait_at b; } location = /told { told /b; } location = /ask { ask /b; }
    location / { ssi on; return 200 "0<!--#include virtual=\\"/a\\" -->1<!--#include virtual=\\"/b\\" -->"; }`)
  const leave = async (target: string, gatesAt: string[]) => {
    const client = await e.connect()
    client.write(get(target, ''))
    await until(() => gatesAt.every((name) => (gates.get(name)?.length ?? 0) > 0), () => `${target} is not there`)
    client.socket.destroy()
    await until(() => e.engine.connections.size === 0, () => 'connected')
    await new Promise((resolve) => setImmediate(resolve))
    return notes.splice(0)
  }
  assert.deepEqual(await leave('/', ['a', 'b']), ['end a', 'end b', 'log / 200'])
  gates.delete('b')
  assert.deepEqual(await leave('/told', ['b']), ['told 499 499', 'end b', 'log /told 499'])
  gates.delete('b')
  assert.deepEqual(await leave('/ask', ['b']), ['end b', 'log /ask 499', 'asked 499 499'])
  // The handlers of ended subrequests may go on: nobody hears them.
  for (const waiting of gates.values()) for (const go of waiting) go()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(notes, ['go a', 'go b'])
  assert.equal(e.engine.idleSubrequests.length, 0)
  assert.equal(e.engine.current.active, 0)
})

test('careless handlers: no place, two verdicts, nobody waiting; the response is whole, the request ends once', async (t) => {
  const e = await start(t, 'location = /careless { careless; }')
  const client = await e.connect()
  client.write(get('/careless', '') + get('/ok'))
  assert.deepEqual((await client.rest()).split(/HTTP\/1.1 200 OK\r\n(?:.+\r\n)*\r\n/).slice(1), ['careless', 'ok'])
  assert.deepEqual(notes, ['done 0', 'log /careless 200', 'log /ok 200'])
  assert.deepEqual(e.lines.filter((line) => /^\[[1-4]\]/.test(line)),
    ['[2] subrequest without a place in the response, client: 127.0.0.1, server: , request: "GET /careless HTTP/1.1", subrequest: "/ok", host: "x"'])
})

test('mirror: the client has its answer before the copies have theirs, and its leaving does not stop them', async (t) => {
  const e = await start(t, 'location = /copy { wait_at copy; } location / { mirror /copy; return 200 never; } location = /x { mirror /copy; mirror /fails; ask /ok; } location = /fails { return 444; }')
  const client = await e.connect()
  client.write(get('/x', '') + get('/ok', ''))
  assert.match(await client.until('|ok'), /\r\n\r\n0\|200\|text\/html\|null\|ok$/)
  assert.deepEqual(notes.splice(0), ['asked 0 200'])
  await open('copy')
  assert.match(await client.until('\r\n\r\nok'), /^HTTP\/1.1 200 OK\r\n/)
  assert.deepEqual(notes.splice(0), ['go copy', 'end copy', 'log /x 200', 'log /ok 200'])
  // The request behind it is not answered to nobody.
  client.write(get('/x', '') + get('/ok', ''))
  await client.until('|ok')
  const [connection] = e.engine.connections
  connection!.stream.destroy()
  await until(() => e.engine.connections.size === 0, () => 'connected')
  assert.equal(e.engine.current.active, 1)
  await open('copy')
  await until(() => e.engine.current.active === 0 && e.engine.connections.size === 0, () => 'active')
  assert.deepEqual(notes, ['asked 0 200', 'go copy', 'end copy', 'log /x 200'])
})

test('a client that closes its side behind a complete answer is not kept', async (t) => {
  const e = await start(t, 'location = /copy { wait_at copy; } location = /x { mirror /copy; ask /ok; }')
  const client = await e.connect()
  client.write(get('/x', ''))
  await client.until('|ok')
  client.socket.end()
  await open('copy')
  assert.equal(await client.rest(), '')
  await until(() => e.engine.connections.size === 0, () => 'connected')
})

test('post_action follows the response and knows its numbers', async (t) => {
  const e = await start(t, `location = /done { ask /note; } location = /x { post_action /after; ask /ok; } location = /after { set $n "$status $body_bytes_sent $uri"; log_subrequest on; wait_at after; }
    location = /y { post_action @named; ask /ok; } location @named { log_subrequest on; return 204; } location = /z { post_action off; ask /ok; }`)
  const client = await e.connect()
  client.write(get('/x', ''))
  await client.until('|ok')
  await open('after')
  client.write(get('/y', '') + get('/z'))
  await client.rest()
  assert.deepEqual(notes.filter((n) => n.startsWith('log')), ['log /after 200', 'log /x 200', 'log /y 204', 'log /y 200', 'log /z 200'])
})

test('a client that takes nothing is left after send_timeout, whoever was writing', async (t) => {
  const e = await start(t, 'send_timeout 1s; location = /many { pieces 30000; } location = /m { pieces 30000; } location / { ssi on; return 200 "0<!--#include virtual=\\"/many\\" -->1"; }')
  for (const target of ['/', '/m']) {
    const client = await e.connect()
    client.socket.pause()
    client.write(get(target, ''))
    await until(() => e.lines.some((line) => line.includes('client timed out')), () => e.lines.join('\n'))
    await until(() => e.engine.connections.size === 0, () => 'connected')
    e.lines.length = 0
  }
})
