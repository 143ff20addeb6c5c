/** Filters of responses: Apache's types with nginx's order, whole bodies in one part, insertion for one request, removal, failure. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../host/core/version.ts'
import { OK } from '../../host/module.ts'
import type { Module } from '../../host/module.ts'
import { bodyFilterType, insertionPoint, refusedType } from '../../host/http/filters.ts'
import { parseResponse } from '../server/client.ts'
import type { Response } from '../server/client.ts'
import { until } from '../server/kit.ts'
import { engine } from './engine-kit.ts'
import type { Engine } from './engine-kit.ts'
import { handlers, mapped, modules, part } from './filters-kit.ts'
import type { Lab } from './filters-kit.ts'

const upper: Lab = { name: 'upper', body: (_r, p) => mapped(p, (s) => s.toUpperCase()) }
/** Puts its letter behind each part, so that the order can be read off. */
function mark(name: string, more: Partial<Lab> = {}): Lab {
  return { name, ...more, body: (_r, p) => (p.data === null ? p : mapped(p, (s) => s + name)) }
}

async function ask(server: Engine, path: string, head = '', method = 'GET'): Promise<Response> {
  return parseResponse(await server.raw(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n`), method)
}

/** What the error log says, as `[level] text`. */
function logged(server: Engine, pattern: RegExp): string[] {
  const lines = readFileSync(join(server.prefix, 'test.log'), 'latin1').split('\n').filter((line) => pattern.test(line))
  return lines.map((line) => line.replace(/^\S+ \S+ (\[\w+\]) \S+ (\*\d+ )?/, '$1 ').replace(/(, client| at \w\S*\.ts:).*/, ''))
}

/** Status, Content-Length or how else the body is framed, body. */
async function told(server: Engine, path: string, head = '', method = 'GET'): Promise<string> {
  const answer = await ask(server, path, head, method)
  return `${answer.status} ${answer.header('content-length') ?? answer.header('transfer-encoding')} ${answer.body}`
}

const log = 'error_log test.log info;'

const page = (title: string): string => `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
  `<hr><center>vespid/${version}</center>\r\n</body>\r\n</html>\r\n`

test('insertion puts filters in the order of every recorded chain of Apache', () => {
  const lines = readFileSync(new URL('../golden/hooks/filter-order.jsonl', import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  let chains = 0
  for (const { filters, ran } of lines as { filters?: { name: string, ftype: number }[], ran: string[] }[]) {
    // The last two differ in who inserts first alone: the type_checker hook runs before insert_filter.
    const inserted = (filters ?? [{ name: 'B', ftype: 10 }, { name: 'A', ftype: 10 }]).map(({ name, ftype }) => ({ name, type: ftype }))
    const chain: { name: string, type: number }[] = []
    for (const f of inserted) chain.splice(insertionPoint(chain, f.type), 0, f)
    assert.deepEqual(chain.map((f) => f.name), ran)
    chains++
  }
  assert.equal(chains, 26)
})

test('a filter without a type has that of its module in nginx\'s order; types of framing and below are refused', () => {
  const of = (order?: number, type?: number) => bodyFilterType(type === undefined ? {} : { type }, (order === undefined ? { name: 'm' } : { name: 'm', order }) as Module)
  assert.deepEqual([of(910), of(), of(500), of(450), of(420), of(410), of(400), of(undefined, 25), of(410, 3)], [-1, 10, 10, 10, 10, 20, 20, 25, 3])
  assert.deepEqual([0, 10, 39].map(refusedType), [null, null, null])
  assert.deepEqual([40, 50, 60, -1, 10.5].map(refusedType), [
    '40 (transcode), where the server frames, encrypts and sends; 0 to 39 are for modules',
    '50 (connection), where the server frames, encrypts and sends; 0 to 39 are for modules',
    '60 (network), where the server frames, encrypts and sends; 0 to 39 are for modules',
    '-1; 0 to 39 are for modules', '10.5; 0 to 39 are for modules',
  ])
  assert.throws(() => of(500, 50), { message: 'module "m" has a filter of type 50 (connection), where the server frames, encrypts and sends; 0 to 39 are for modules' })
})

test('types come first, then nginx\'s order, then the order of insertion', async (t) => {
  const labs = [
    mark('a'), mark('b'), mark('c', { type: 5 }), mark('d', { type: 30 }), mark('e', { order: 450 }), mark('f', { order: 410 }), mark('g', { type: 20 }),
    mark('h', { onDemand: true, changes: true }), mark('i', { onDemand: true, changes: true, type: 0 }), mark('j', { onDemand: true, changes: true, type: 20 }),
  ]
  const server = await engine(t, `
    a; b; c; d; e; f; g;
    location / { parts x; }
    location /more { insert h H; insert j j; insert i i; insert h h; parts x; }
    location /none { insert h z; parts x; }`, [...modules(labs), handlers])
  assert.equal((await ask(server, '/')).body, 'xcbaegfd')
  assert.equal((await ask(server, '/more')).body, 'xicbaehhgfjd')
  assert.equal((await ask(server, '/none')).status, 501)
})

test('a buffered filter gets the whole body once, and the head waits for the length', async (t) => {
  const whole: Lab = { name: 'whole', buffered: { limit: 64, over: 502 }, body: (_r, p, s) => mapped(p, (text) => `<${++s.seen}:${text.length}:${p.last}:${text.toUpperCase()}>`) }
  const lenient: Lab = { ...whole, name: 'lenient', buffered: { limit: 10, over: 'pass' } }
  const server = await engine(t, `
    root html; default_type text/plain;
    location /w { whole; parts one two three; }
    location /file { whole; alias html/; }
    location /long { whole; parts ${'x'.repeat(40)} ${'y'.repeat(25)} z; }
    location /paged { whole; error_page 502 =200 /sorry; parts ${'x'.repeat(65)}; }
    location /sorry { whole; parts sorry; }
    location /p { lenient; parts 12345 67890 a b; }
    location /fits { lenient; parts 12345 67890; }
    location /both { whole; tail; parts one; }
    location /none { whole; return 204; }
    location /empty { whole; alias html/empty; }
    location /around { whole; add_before_body /part; addition_types *; parts one; }
    location /part { parts part; }
    location /held { whole; gzip on; gzip_min_length 1; gzip_types *; parts one; }
  `, [...modules([whole, lenient, mark('tail', { order: 430 })]), handlers], log)
  mkdirSync(join(server.prefix, 'html'))
  writeFileSync(join(server.prefix, 'html/a.txt'), 'from a file')
  writeFileSync(join(server.prefix, 'html/empty'), '')
  assert.equal(await told(server, '/w'), '200 23 <1:11:true:ONETWOTHREE>')
  assert.equal(await told(server, '/w', '', 'HEAD'), '200 null ')
  assert.equal(await told(server, '/file/a.txt'), '200 23 <1:11:true:FROM A FILE>')
  assert.equal(await told(server, '/file/a.txt', 'Range: bytes=0-3\r\n'), '200 23 <1:11:true:FROM A FILE>')
  assert.equal(await told(server, '/empty'), '200 11 <1:0:true:>')
  assert.equal(await told(server, '/none'), '204 null ')
  assert.equal(await told(server, '/long'), `502 chunked ${page('502 Bad Gateway')}`)
  assert.equal(await told(server, '/paged'), '200 chunked sorry')
  assert.equal(await told(server, '/p'), '200 chunked 1234567890ab')
  assert.equal(await told(server, '/fits'), '200 26 <1:10:true:1234567890>'.replace('26', String('<1:10:true:1234567890>'.length)))
  assert.equal(await told(server, '/both'), '200 17 <1:3:true:ONE>tail'.replace('17', String('<1:3:true:ONE>tail'.length)))
  assert.equal(await told(server, '/around'), '200 chunked part<1:3:true:ONE>')
  const old = await server.raw('GET /w HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /w HTTP/1.0\r\n\r\n')
  assert.equal(old.split('HTTP/1.1 200 OK').length, 3)
  assert.equal(old.split('Content-Length: 23').length, 3)
  const zipped = await ask(server, '/held', 'Accept-Encoding: gzip\r\n')
  assert.equal(zipped.header('content-encoding'), 'gzip')
  assert.deepEqual(logged(server, /longer than/), [
    '[error] response body is longer than the 64 bytes that a filter of "whole" takes',
    '[error] response body is longer than the 64 bytes that a filter of "whole" takes',
    '[info] response body is longer than the 10 bytes that a filter of "lenient" takes, it is not filtered',
  ])
})

test('a filter that fails or refuses: an answer while the head waits, else the response is cut', async (t) => {
  const body: Lab['body'] = (_r, p) => {
    if (p.data?.includes('bad') === true) throw new Error('bad part')
    return p.data?.includes('no') === true ? 418 : p
  }
  const labs: Lab[] = [
    { name: 'strict', body }, { name: 'whole', buffered: { limit: 99, over: 500 }, body },
    { name: 'slow', buffered: { limit: 99, over: 500 }, body: (r, p) => {
      let asked = false
      return { next: async () => (asked ? null : (asked = true, body!(r, p, { seen: 0 }) as typeof p | number)) }
    } },
    { name: 'begins', start: () => { throw new Error('not today') }, body },
  ]
  const server = await engine(t, `
    location /strict { strict; parts one bad; }
    location /strict/no { strict; parts one no; }
    location /whole { whole; parts one bad; }
    location /whole/no { whole; parts one no; }
    location /both { strict; whole; parts one bad; }
    location /slow { slow; parts one bad; }
    location /slow/no { slow; parts one no; }
    location /begins { begins; parts one; }
    location /begins/page { begins; return 404; }
    location /strict/page { strict; error_page 404 /bad; }
    location /bad { internal; strict; parts bad; }`, [...modules(labs), handlers], log)
  const raw = (path: string) => server.raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  const failed = `500 chunked ${page('500 Internal Server Error')}`
  const cut = /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n3\r\none\r\n$/
  assert.match(await raw('/strict'), cut)
  assert.match(await raw('/strict/no'), cut)
  assert.equal(await told(server, '/whole'), failed)
  assert.equal((await ask(server, '/whole/no')).status, 418)
  assert.equal(await told(server, '/both'), failed)
  assert.equal(await told(server, '/slow'), failed)
  assert.equal((await ask(server, '/slow/no')).status, 418)
  assert.equal(await told(server, '/begins'), failed)
  assert.equal(await told(server, '/begins/page'), failed)
  assert.deepEqual(logged(server, /not today/), Array.from({ length: 2 }, () => '[alert] handler failed: not today'))
  assert.match(await raw('/strict/page'), /^HTTP\/1\.1 404 Not Found\r\n[^]*\r\n\r\n$/)
  assert.deepEqual(logged(server, /bad part/), Array.from({ length: 5 }, () => '[alert] handler failed: bad part'))
  assert.deepEqual(logged(server, /418/), ['[error] body filter answered 418 after the response header was sent'])
})

test('a filter removes itself in the middle', async (t) => {
  const labs: Lab[] = [{ name: 'once', body: (r, p, s) => {
    r.removeFilter(s)
    return mapped(p, (text) => text.toUpperCase())
  } }]
  const server = await engine(t, 'location / { once; parts one two three; }', [...modules(labs), handlers])
  assert.equal((await ask(server, '/')).body, 'ONEtwothree')
})

test('insertion: the head of what is changed says no length; a redirect takes it back; too late is refused', async (t) => {
  const labs: Lab[] = [mark('h', { onDemand: true, changes: true }), { name: 'quiet', onDemand: true, keepsLength: true, body: upper.body! },
    { name: 'late', keepsLength: true, body: (r, p) => mapped(p, () => String(r.insertFilter('h', 'h'))) }]
  const server = await engine(t, `
    default_type text/plain;
    location /changed { insert h h; try_files /nothing @page; }
    location @page { return 200 page; }
    location /plain { insert quiet quiet; alias html; }
    location /again { insert h h; error_page 404 /found; }
    location /found { return 200 found; }
    location /late { late; parts 12345; }`, [...modules(labs), handlers], log)
  // try_files goes on with a named location, which forgets what the place before it has inserted.
  assert.equal(await told(server, '/changed'), '200 4 page')
  assert.equal(await told(server, '/again'), '404 5 found')
  assert.equal(await told(server, '/late'), '200 chunked false')
  mkdirSync(join(server.prefix, 'html'))
  writeFileSync(join(server.prefix, 'html/a.txt'), 'from a file')
  assert.equal(await told(server, '/plain/a.txt'), '200 11 FROM A FILE')
  assert.equal(await told(server, '/plain/a.txt', 'Range: bytes=5-\r\n'), '206 6 A FILE')
  assert.deepEqual(logged(server, /too late/), ['[error] filter "h" of "h" is inserted too late'])
})

test('a 416 keeps what filters have added to the first head', async (t) => {
  const adds: Module = { name: 'adds', headerFilters: [{ filter: (r) => {
    if (r.headersOut.status === 200) r.headersOut.add('X-Added', 'yes')
    return OK
  } }] }
  const server = await engine(t, 'default_type text/plain; location / { root html; } location /e/ { alias html/; error_page 416 /sorry; } location = /sorry { return 200 sorry; }', [adds])
  mkdirSync(join(server.prefix, 'html'))
  writeFileSync(join(server.prefix, 'html/a.txt'), '12345')
  const head = (answer: Response) => answer.lines.filter(([name]) => !['server', 'date'].includes(name)).map((line) => line.join(': '))
  const refused = await ask(server, '/a.txt', 'Range: bytes=9-\r\n')
  assert.equal(refused.status, 416)
  const body = page('416 Requested Range Not Satisfiable')
  assert.deepEqual(head(refused), ['content-type: text/html', `content-length: ${body.length}`, 'connection: close', 'x-added: yes', 'content-range: bytes */5'])
  assert.equal(refused.body, body)
  const redirected = await ask(server, '/e/a.txt', 'Range: bytes=9-\r\n')
  assert.deepEqual([redirected.status, redirected.body, redirected.header('x-added'), redirected.header('content-range')], [416, 'sorry', 'yes', 'bytes */5'])
})

/** Small deterministic generator (mulberry32): a failing case can be run again by its seed. */
function random(seed: number): (below: number) => number {
  let a = seed
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let x = Math.imul(a ^ (a >>> 15), 1 | a)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) % below
  }
}

test('however a body is split, a chain of stream filters makes the same of it', async (t) => {
  const delay = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)))
  const held = new WeakMap<object, string>()
  /** Keeps the last byte for the next part: what needs to see two bytes at once. */
  const labs: Lab[] = [
    { name: 'p', type: 5, body: (_r, p) => mapped(p, (s) => s.replace(/a/g, 'ab')) },
    { name: 'q', body: (_r, p, s) => {
      const all = (held.get(s) ?? '') + (p.data?.latin1Slice() ?? '')
      const keep = p.last || !all.endsWith('b') ? '' : 'b'
      held.set(s, keep)
      return { ...p, data: Buffer.from(all.slice(0, all.length - keep.length).replace(/bc/g, '[BC]'), 'latin1') }
    } },
    { name: 'r', body: (_r, p) => (p.data === null ? p : [...p.data.latin1Slice()].map((c, i, all) => part(c, p.last && i === all.length - 1))) },
    { name: 's', type: 15, body: (_r, p) => {
      const made = [part(''), p, null]
      return { next: () => delay(made.shift()!) }
    } },
    { name: 'u', type: 25, body: (_r, p, s) => mapped(p, (text) => [...text].map((c) => ((s.seen = (s.seen + c.charCodeAt(0)) % 251) & 1) === 1 ? c.toUpperCase() : c).join('')) },
    { name: 'v', type: 30, buffered: { limit: 9, over: 'pass' }, body: (_r, p) => mapped(p, (s) => `${s}!`) },
  ]
  let text = ''
  const cases: { path: string, path2: string }[] = []
  let conf = ''
  for (let seed = 1; seed <= 40; seed++) {
    const next = random(seed)
    text = Array.from({ length: next(40) + 1 }, () => 'abcd'[next(4)]).join('')
    const chain = labs.filter(() => next(2) === 1).map((l) => `${l.name};`).join(' ')
    const pieces: string[] = []
    for (let at = 0; at < text.length;) {
      const n = 1 + next(6)
      pieces.push(text.slice(at, at + n))
      at += n
    }
    conf += `location /w${seed} { ${chain} parts ${text}; } location /s${seed} { ${chain} parts ${pieces.join(' ')}; }\n`
    cases.push({ path: `/w${seed}`, path2: `/s${seed}` })
  }
  const server = await engine(t, conf, [...modules(labs), handlers])
  for (const { path, path2 } of cases) assert.equal((await ask(server, path)).body, (await ask(server, path2)).body, path)
})

test('a slow client: what a filter makes waits for it, in memory is one part', async (t) => {
  let made = 0
  const labs: Lab[] = [{ name: 'many', body: (_r, p) => {
    let left = p.data === null ? 0 : 400
    return { next: () => (left === 0 ? (left = -1, { ...p, data: null }) : left < 0 ? null : (left--, made++, part('x'.repeat(65536)))) }
  } }]
  const server = await engine(t, 'location / { many; parts go; }', [...modules(labs), handlers])
  const client = await server.connect()
  client.socket.pause()
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await until(() => made > 0 && [...server.engine.connections].some((c) => c.blockedWrites > 0), () => 'the server does not wait')
  assert.ok(made < 300, `${made} parts were made for a client that reads nothing`)
  client.socket.resume()
  const answer = parseResponse(await client.rest(), 'GET')
  assert.equal(answer.body.length, 400 * 65536)
})
