/** gzip, gunzip, gzip_static: the stream itself, the decision, and bodies of every size over sockets. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { httpModule } from '../../host/http/block.ts'
import { httpCoreModule } from '../../host/http/core/module.ts'
import type { Request } from '../../host/http/request.ts'
import { OK } from '../../host/module.ts'
import type { Module } from '../../host/module.ts'
import { acceptsGzip } from '../../host/modules/gzip/accept.ts'
import { gzipModule } from '../../host/modules/gzip/module.ts'
import { GzipStream } from '../../host/modules/gzip/stream.ts'
import { coreLoc } from '../../host/http/core/confs.ts'
import { Args, Where } from '../../host/module.ts'
import { parseResponse } from '../server/client.ts'
import type { Response } from '../server/client.ts'
import { build, random } from './conf-support.ts'
import { engine } from './engine-kit.ts'
import type { Engine } from './engine-kit.ts'

/** Bytes that compress as a text does, always the same for one seed. */
function sample(length: number, seed = 1): Buffer {
  const next = random(seed)
  const words = ['lorem', 'ipsum', 'dolor', 'sit', 'amet', '\n', 'consectetur', 'x', '42']
  let text = ''
  while (text.length < length) text += words[next(words.length)] + (next(10) === 0 ? String(next(1e6)) : ' ')
  return Buffer.from(text.slice(0, length), 'latin1')
}

const effort = { level: 1, windowBits: 15, memLevel: 8 }

test('pieces that were deflated one by one are one gzip stream, as small as if made at once', async () => {
  const data = sample(400_000)
  for (const size of [1, 100, 5000, 65536, 400_000]) {
    const stream = new GzipStream(size < 100 ? { level: 9, windowBits: 9, memLevel: 1 } : effort)
    const part = size === 1 ? data.subarray(0, 300) : data
    const out: Buffer[] = []
    for (let at = 0; at < part.length; at += size) {
      stream.hold(part.subarray(at, at + size))
      out.push(at % 2 === 0 ? stream.compress(false) : await stream.compressLater(false))
    }
    out.push(stream.compress(true))
    const whole = Buffer.concat(out)
    assert.deepEqual([gunzipSync(whole).equals(part), stream.taken, stream.made, stream.finished], [true, part.length, whole.length, true])
    if (size >= 65536) assert.ok(whole.length < gzipSync(part, { level: 1 }).length * 1.02)
  }
  assert.equal(gunzipSync(new GzipStream(effort).compress(true)).length, 0)
})

test('Accept-Encoding', () => {
  const yes = ['gzip', 'GZIP', 'gzip, deflate, br', 'deflate, gzip;q=1.0', 'br,gzip;q=0.5,deflate', 'xgzip, gzip', 'gzip ; q=0.001', 'gzip;q=1']
  const no = ['', 'deflate', 'gzipx', 'xgzip', 'gzip;q=0', 'gzip;q=0.000', 'gzip;q=2', 'gzip;q=', 'gzip;p=1', '*', 'gzip;q=0.1234']
  assert.deepEqual(yes.filter((value) => !acceptsGzip(value)), [])
  assert.deepEqual(no.filter((value) => acceptsGzip(value)), [])
})

/** `parts SIZE COUNT [flush]`: a body of unknown length in parts. */
const partsModule: Module = {
  name: 'parts',
  directives: [{
    name: 'parts', where: Where.Location, args: Args.Take23, conf: 'loc',
    set(cf) {
      const [, size, count, mode] = cf.args as [string, string, string, string?]
      const location = coreLoc(cf)
      location.handler = async (r: Request) => {
        r.headersOut.status = 200
        r.headersOut.contentType = 'text/html'
        const head = await r.sendHeader()
        if (head !== OK) return head
        let rc: unknown = OK
        for (let i = 0; i < Number(count); i++) {
          const sent = r.output({ data: sample(Number(size), i + 1), file: null, last: false, flush: mode === 'flush' })
          if (mode !== 'rude') rc = await sent
        }
        return rc === OK ? r.outputEnd() : 500
      }
    },
  }],
  createLocConf: () => ({}),
}

async function files(t: TestContext, conf: string, more: Readonly<Record<string, Buffer | string>> = {}): Promise<Engine & { get(target: string, headers?: string): Promise<Response> }> {
  const made = await engine(t, `root html; types { text/html html; text/plain txt; image/png png; text/xml xml; } ${conf}`, [partsModule])
  mkdirSync(join(made.prefix, 'html'))
  for (const [name, content] of Object.entries(more)) writeFileSync(join(made.prefix, 'html', name), content)
  const get = async (target: string, headers = 'Accept-Encoding: gzip\r\n') =>
    parseResponse(await made.raw(`GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${headers}\r\n`), 'GET')
  return { ...made, get }
}

const unpack = (response: Response) => gunzipSync(Buffer.from(response.body, 'latin1'))

test('files of every size', async (t) => {
  const sizes = [20, 1000, 65536, 65537, 200_000, 3_000_000]
  const contents = Object.fromEntries(sizes.map((size) => [`${size}.html`, sample(size, size)]))
  const s = await files(t, 'gzip on;', { ...contents, 'short.html': sample(19), 'a.png': sample(500), 'empty.html': '' })
  for (const size of sizes) {
    const answer = await s.get(`/${size}.html`)
    assert.deepEqual([answer.status, answer.header('content-encoding'), answer.header('transfer-encoding'), answer.header('content-length'),
      answer.header('accept-ranges'), answer.header('etag')?.slice(0, 3)], [200, 'gzip', 'chunked', null, null, 'W/"'])
    assert.ok(unpack(answer).equals(contents[`${size}.html`]!), `${size} bytes`)
    const plain = await s.get(`/${size}.html`, '')
    assert.deepEqual([plain.header('content-encoding'), plain.header('content-length'), plain.body.length], [null, String(size), size])
  }
  for (const name of ['short.html', 'a.png', 'empty.html']) assert.equal((await s.get(`/${name}`)).header('content-encoding'), null, name)
  const head = await s.raw('HEAD /1000.html HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n')
  assert.match(head, /\r\nContent-Length: 1000\r\n/)
  const range = await s.get('/1000.html', 'Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n')
  assert.deepEqual([range.status, unpack(range).length], [200, 1000])
})

test('bodies of unknown length, in parts, flushed, and by a module that does not wait', async (t) => {
  const s = await files(t, `gzip on; location /small { parts 10 5; } location /many { parts 3000 100; } location /flush { parts 100 20 flush; }
    location /large { parts 300000 7; } location /rude { parts 300000 5 rude; } location /none { parts 1 0; }`)
  const whole = (size: number, count: number) => Buffer.concat(Array.from({ length: count }, (_, i) => sample(size, i + 1)))
  for (const [path, size, count] of [['/small', 10, 5], ['/many', 3000, 100], ['/flush', 100, 20], ['/large', 300000, 7], ['/rude', 300000, 5], ['/none', 1, 0]] as const) {
    const answer = await s.get(path)
    assert.equal(answer.header('content-encoding'), 'gzip')
    assert.ok(unpack(answer).equals(whole(size, count)), path)
  }
  // HTTP/1.0 ends with the connection.
  const old = await s.raw('GET /many HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n')
  assert.doesNotMatch(old, /Content-Encoding/)
})

test('what is flushed can be read at once', async (t) => {
  const s = await files(t, 'gzip on; location / { parts 100 2 flush; }')
  const answer = await s.raw('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n')
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  const first = body.slice(body.indexOf('\r\n') + 2, body.indexOf('\r\n') + 2 + parseInt(body, 16))
  assert.equal(gunzipSync(Buffer.from(first, 'latin1'), { finishFlush: 2 }).latin1Slice(), sample(100, 1).latin1Slice())
})

test('who gets it: types, length, version, proxies, browsers, error pages, Vary', async (t) => {
  const text = 'a text that is long enough to be compressed'
  const s = await files(t, `gzip on; gzip_vary on; gzip_disable "bad\\d" msie6; default_type text/html;
    location / { return 200 "${text}"; }
    location /types { gzip_types text/xml; default_type text/xml; return 200 "${text}"; }
    location /all { gzip_types *; default_type image/png; return 200 "${text}"; }
    location /long { gzip_min_length 100; return 200 "${text}"; }
    location /old { gzip_http_version 1.0; return 200 "${text}"; }
    location /any { gzip_proxied any; return 200 "${text}"; }
    location /auth { gzip_proxied auth; return 200 "${text}"; }
    location /off { gzip off; return 200 "${text}"; }
    location /err { return 404; } location /bad { return 400; }`)
  const encoding = async (path: string, headers = 'Accept-Encoding: gzip\r\n') => {
    const answer = await s.get(path, headers)
    return `${answer.header('content-encoding')} ${answer.header('vary')}`
  }
  const gzip = 'Accept-Encoding: gzip\r\n'
  const rows: [string, string, string | undefined][] = [
    ['gzip Accept-Encoding', '/', undefined], ['null Accept-Encoding', '/', ''], ['gzip Accept-Encoding', '/types', undefined], ['gzip Accept-Encoding', '/all', undefined],
    ['null null', '/long', undefined], ['null null', '/off', undefined], ['gzip Accept-Encoding', '/err', undefined], ['null null', '/bad', undefined],
    ['null Accept-Encoding', '/', `${gzip}Via: 1.1 p\r\n`], ['gzip Accept-Encoding', '/any', `${gzip}Via: 1.1 p\r\n`], ['gzip Accept-Encoding', '/auth', `${gzip}Via: 1.1 p\r\n`],
    ['gzip Accept-Encoding', '/auth', `${gzip}Via: 1.1 p\r\nAuthorization: Basic eDp5\r\n`],
    ['null Accept-Encoding', '/', `${gzip}User-Agent: bad7\r\n`], ['null Accept-Encoding', '/', `${gzip}User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows)\r\n`],
    ['gzip Accept-Encoding', '/', `${gzip}User-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows; SV1)\r\n`],
  ]
  for (const [expected, path, headers] of rows) assert.equal(await encoding(path, headers), expected, `${path} ${headers}`)
  const old = async (path: string) => /\r\nContent-Encoding: gzip\r\n/.test(await s.raw(`GET ${path} HTTP/1.0\r\n${gzip}\r\n`))
  assert.deepEqual([await old('/'), await old('/old')], [false, true])
})

test('gunzip unpacks for clients that cannot', async (t) => {
  const large = sample(2_000_000)
  const zeros = Buffer.alloc(20_000_000)
  const s = await files(t, 'gzip_static always; gunzip on; gzip_vary on;', {
    'a.txt.gz': gzipSync(large), 'small.txt.gz': gzipSync('small'), 'zeros.txt.gz': gzipSync(zeros), 'bad.txt.gz': Buffer.concat([gzipSync(large).subarray(0, 1000), Buffer.alloc(1000)]),
  })
  const plain = await s.get('/a.txt', '')
  assert.deepEqual([plain.header('content-encoding'), plain.header('content-length'), plain.header('vary'), plain.header('content-type')], [null, null, 'Accept-Encoding', 'text/plain'])
  assert.ok(Buffer.from(plain.body, 'latin1').equals(large))
  assert.equal((await s.get('/small.txt', '')).body, 'small')
  assert.equal((await s.get('/zeros.txt', '')).body.length, zeros.length)
  const packed = await s.get('/a.txt')
  assert.deepEqual([packed.header('content-encoding'), packed.header('content-length')], ['gzip', String(gzipSync(large).length)])
  assert.ok(unpack(packed).equals(large))
  // The answer has begun: all that is left is to end it without its end.
  await assert.rejects(() => s.get('/bad.txt', ''), /broken chunk/)
})

test('gzip_static sends the packed file where there is one', async (t) => {
  const s = await files(t, 'gzip_static on; gzip_vary on; location /off { gzip_static off; root html/..; }', { 'a.txt': 'plain', 'a.txt.gz': gzipSync('packed'), 'b.txt': 'only plain' })
  const a = await s.get('/a.txt')
  assert.deepEqual([unpack(a).toString(), a.header('content-encoding'), a.header('content-type'), a.header('vary')], ['packed', 'gzip', 'text/plain', 'Accept-Encoding'])
  const plain = await s.get('/a.txt', '')
  assert.deepEqual([plain.body, plain.header('content-encoding'), plain.header('vary')], ['plain', null, 'Accept-Encoding'])
  const b = await s.get('/b.txt')
  assert.deepEqual([b.body, b.header('vary')], ['only plain', null])
  assert.equal((await s.get('/none.txt')).status, 404)
})

test('a client that goes away in the middle costs nothing but its connection', async (t) => {
  const s = await files(t, 'gzip on;', { 'big.html': sample(8_000_000) })
  const client = await s.connect()
  client.write('GET /big.html HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n')
  await client.until('gzip')
  client.close()
  assert.ok(unpack(await s.get('/big.html')).equals(sample(8_000_000)))
  assert.deepEqual(s.lines.filter((line) => line.includes('failed')), [])
})

test('mistakes in the configuration', (t) => {
  const messages = (inner: string) => build(t, `events {}\nhttp { server { listen 1;\n ${inner} } }`, { modules: [httpModule, httpCoreModule, gzipModule] }).messages
  assert.deepEqual(messages('gzip_comp_level 10;'), ['[emerg] value must be between 1 and 9 in <P>/v.conf:3'])
  assert.deepEqual(messages('gzip_window 3k;'), ['[emerg] "gzip_window" directive must be 512, 1k, 2k, 4k, 8k, 16k, or 32k in <P>/v.conf:3'])
  assert.deepEqual(messages('gzip_hash 3;'), ['[emerg] "gzip_hash" directive must be 512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k in <P>/v.conf:3'])
  assert.deepEqual(messages('gzip_types text/html a/b a/b;'), ['[warn] duplicate MIME type "text/html" in <P>/v.conf:3', '[warn] duplicate MIME type "a/b" in <P>/v.conf:3'])
  assert.deepEqual(messages('gzip on; gzip_window 512; gzip_hash 512; gzip_buffers 16 8k; postpone_gzipping 1k; gzip_no_buffer on;'), [])
})
