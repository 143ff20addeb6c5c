import type { HeadLimits } from '../../host/http/framing/parser.ts'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { headError, headErrorText } from '../../host/http/framing/errors.ts'
import { headerNames, methodNames } from '../../host/http/framing/names.ts'
import { HeadResume, defaultLimits } from '../../host/http/framing/parser.ts'
import * as t from '../../host/http/framing/table.ts'
import { agree, limitSets, putLast, ts, wasm } from '../fuzz/framing-kit.ts'
import { malformed, odd } from '../fuzz/framing-heads.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

interface Parsed { result: number, word: (w: number) => number, text: (w: number) => string | null }

/** Parses with both parsers; a reader of the table and the text that an offset and a length point at. */
function parse(head: string, limits: HeadLimits = defaultLimits): Parsed {
  const { result, words } = agree(bytes(head), limits)
  return {
    result,
    word: (w) => words[w]!,
    text: (w) => (words[w]! < 0 ? null : head.slice(words[w], words[w]! + words[w + 1]!)),
  }
}

/** The log text of the head's error. */
function errorText(head: string, limits: HeadLimits = defaultLimits): string {
  const buffer = bytes(head)
  const { result } = agree(buffer, limits)
  assert.ok(result < 0, `${JSON.stringify(head)} is not refused`)
  ts.parseHead(putLast(buffer), putLast(buffer) + buffer.length, limits)
  return headErrorText(result, buffer, 0, ts.table)
}

/** Header lines of a parsed head as `id name=value`. */
function lines(head: string, limits: HeadLimits = defaultLimits): string[] {
  const { word } = parse(head, limits)
  return Array.from({ length: word(t.T_COUNT) }, (_, i) => {
    const at = t.T_HEADERS + i * t.HEADER_WORDS
    const name = head.slice(word(at), word(at) + (word(at + 1) & 0xffff))
    return `${word(at + 1) >>> 16} ${name}=${head.slice(word(at + 2), word(at + 2) + word(at + 3))}`
  })
}

test('the table of a usual head', () => {
  const head = 'GET /a/b.html?x=1 HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nX-Own:  v \t\r\n\r\n'
  const { result, word, text } = parse(head + 'GET')
  assert.equal(result, head.length)
  assert.equal(word(t.T_HEAD_LEN), head.length)
  assert.equal(word(t.T_WORDS), t.T_HEADERS + 3 * t.HEADER_WORDS)
  assert.equal(word(t.T_METHOD), t.M_GET)
  assert.deepEqual(
    [t.T_METHOD_OFF, t.T_TARGET_OFF, t.T_PATH_OFF, t.T_ARGS_OFF, t.T_URI_OFF].map(text),
    ['GET', '/a/b.html?x=1', '/a/b.html', 'x=1', '/a/b.html?x=1'],
  )
  assert.deepEqual(
    [t.T_EXT_OFF, t.T_PROTO_OFF, t.T_HOST_OFF, t.T_PORT_OFF].map(text),
    ['html', 'HTTP/1.1', null, null],
  )
  assert.equal(word(t.T_LINE_LEN), 'GET /a/b.html?x=1 HTTP/1.1'.length)
  assert.equal(word(t.T_VERSION), 1001)
  assert.equal(word(t.T_FLAGS), t.F_HOST | t.F_PERSIST)
  assert.deepEqual([word(t.T_CL_LO), word(t.T_CL_HI)], [-1, -1])
  assert.deepEqual([word(t.T_KNOWN + t.H_HOST), word(t.T_KNOWN + t.H_ACCEPT), word(t.T_KNOWN + t.H_COOKIE)], [0, 1, -1])
  assert.deepEqual(lines(head), [`${t.H_HOST} Host=example.com`, `${t.H_ACCEPT} Accept=*/*`, '0 X-Own=v'])
})

test('absolute and authority targets', () => {
  const parts = (target: string, method = 'GET'): (string | number | null)[] => {
    const { word, text } = parse(`${method} ${target} HTTP/1.1\r\nHost: b\r\n\r\n`)
    const texts = [t.T_HOST_OFF, t.T_PORT_OFF, t.T_PATH_OFF, t.T_ARGS_OFF, t.T_URI_OFF].map(text)
    return [word(t.T_SCHEME), ...texts]
  }
  assert.deepEqual(parts('http://a.example.com/x?y'), [t.SCHEME_HTTP, 'a.example.com', null, '/x', 'y', '/x?y'])
  assert.deepEqual(parts('HTTPS://A:99/'), [t.SCHEME_HTTPS, 'A', '99', '/', null, '/'])
  assert.deepEqual(parts('http://a'), [t.SCHEME_HTTP, 'a', null, '/', null, '/'])
  assert.deepEqual(parts('http://a:?b=c'), [t.SCHEME_HTTP, 'a', '', '/', 'b=c', '?b=c'])
  assert.deepEqual(parts('ws://[::1]:8/x#f'), [t.SCHEME_OTHER, '[::1]', '8', '/x', null, '/x#f'])
  assert.deepEqual(parts('httpx://a/'), [t.SCHEME_OTHER, 'a', null, '/', null, '/'])
  assert.deepEqual(parts('a.b:80', 'CONNECT'), [t.SCHEME_NONE, 'a.b', '80', '', null, ''])
})

test('flags and extension of the path', () => {
  const path = (target: string): [number, string | null, string | null, string | null] => {
    const { word, text } = parse(`GET ${target} HTTP/1.0\r\n\r\n`)
    return [word(t.T_FLAGS), text(t.T_PATH_OFF), text(t.T_ARGS_OFF), text(t.T_EXT_OFF)]
  }
  assert.deepEqual(path('/a.b/c.tar.gz'), [0, '/a.b/c.tar.gz', null, 'gz'])
  assert.deepEqual(path('/a.b/c'), [0, '/a.b/c', null, null])
  assert.deepEqual(path('/a.'), [0, '/a.', null, ''])
  assert.deepEqual(path('/.a'), [t.F_COMPLEX, '/.a', null, null])
  assert.deepEqual(path('/a//b.c'), [t.F_COMPLEX, '/a//b.c', null, null])
  assert.deepEqual(path('/0123456789abcde//b'), [t.F_COMPLEX, '/0123456789abcde//b', null, null])
  assert.deepEqual(path('/a/../b'), [t.F_COMPLEX, '/a/../b', null, null])
  assert.deepEqual(path('/%41'), [t.F_COMPLEX | t.F_QUOTED, '/%41', null, null])
  assert.deepEqual(path('/a+b?%//'), [t.F_PLUS, '/a+b', '%//', null])
  assert.deepEqual(path('/a.b?#c'), [t.F_FRAGMENT, '/a.b', '', 'b'])
  assert.deepEqual(path('/a.b#c?d'), [t.F_FRAGMENT, '/a.b', null, 'b'])
})

test('every method and every known header has its id, in any place of its length', () => {
  for (let id = 1; id < methodNames.length; id++) {
    const target = id === t.M_CONNECT ? 'a:1' : '/'
    assert.equal(parse(`${methodNames[id]} ${target} HTTP/1.0\r\n\r\n`).word(t.T_METHOD), id)
    for (const near of [methodNames[id]!.slice(0, -1), methodNames[id]! + 'X', 'X' + methodNames[id]!.slice(1)]) {
      assert.equal(parse(`${near} / HTTP/1.0\r\n\r\n`).word(t.T_METHOD), 0, near)
    }
  }
  assert.equal(headerNames.length, t.H_LAST + 1)
  for (let id = 1; id <= t.H_LAST; id++) {
    const name = headerNames[id]!
    const value = id === t.H_CONTENT_LENGTH ? '1' : id === t.H_TRANSFER_ENCODING ? 'chunked' : 'v'
    const host = id === t.H_HOST ? '' : 'Host: a\r\n'
    const head = (n: string): string => `GET / HTTP/1.1\r\n${host}${n}: ${value}\r\n\r\n`
    const index = id === t.H_HOST ? 0 : 1
    for (const spelling of [name, name.toUpperCase()]) {
      assert.equal(parse(head(spelling)).word(t.T_KNOWN + id), index)
      assert.equal(lines(head(spelling))[index], `${id} ${spelling}=${value}`)
    }
    if (id === t.H_HOST) continue
    for (let i = 0; i < name.length; i++) {
      const near = name.slice(0, i) + 'q' + name.slice(i + 1)
      assert.deepEqual(lines(head(near)).slice(1), [`0 ${near}=${value}`])
    }
    assert.deepEqual(lines(head(`x${name}`)).slice(1), [`0 x${name}=${value}`])
  }
})

test('what Connection, Expect, Content-Length and Transfer-Encoding make of the request', () => {
  const flags = (version: string, fields: string): number => {
    return parse(`GET / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`).word(t.T_FLAGS) & ~t.F_HOST
  }
  assert.equal(flags('1.1', ''), t.F_PERSIST)
  assert.equal(flags('1.0', ''), 0)
  assert.equal(flags('1.0', 'Connection: Keep-Alive\r\n'), t.F_KEEP_ALIVE | t.F_PERSIST)
  assert.equal(flags('1.1', 'Connection: keep-alive, close\r\n'), t.F_KEEP_ALIVE | t.F_CLOSE)
  assert.equal(flags('1.1', 'Connection: x,\tCLOSE ,y\r\n'), t.F_CLOSE)
  assert.equal(flags('1.1', 'Connection: a\r\nConnection: close\r\n'), t.F_CLOSE)
  assert.equal(flags('1.1', 'Connection: closed\r\nConnection: keep\x0calive, xclose\r\n'), t.F_PERSIST)
  const upgrade = t.F_PERSIST | t.F_CONN_UPGRADE | t.F_UPGRADE | t.F_TE
  assert.equal(flags('1.1', 'Connection: upgrade\r\nUpgrade: x\r\nTE: y\r\n'), upgrade)
  assert.equal(flags('1.1', 'Expect: 100-Continue\r\n'), t.F_PERSIST | t.F_EXPECT_100)
  assert.equal(flags('1.0', 'Expect: 100-continue\r\n'), 0)
  assert.equal(flags('1.1', 'Expect: 100-continue2\r\n'), t.F_PERSIST)
  assert.equal(flags('1.1', 'Content-Length: 0\r\n'), t.F_PERSIST)
  assert.equal(flags('1.1', 'Content-Length: 1\r\n'), t.F_PERSIST | t.F_BODY)
  assert.equal(flags('1.1', 'Transfer-Encoding: CHUNKED\r\n'), t.F_PERSIST | t.F_BODY | t.F_CHUNKED)
  const length = (n: string): number[] => {
    const { word } = parse(`GET / HTTP/1.0\r\nContent-Length: ${n}\r\n\r\n`)
    return [word(t.T_CL_LO), word(t.T_CL_HI)]
  }
  assert.deepEqual(length('7'), [7, 0])
  assert.deepEqual(length('4294967295'), [-1, 0])
  assert.deepEqual(length('9007199254740991'), [-1, 0x1fffff])
})

test('every malformed head is refused with its code, and every odd one that nginx takes is taken', () => {
  assert.ok(malformed.length >= 80)
  for (const [head, code] of malformed) assert.equal(parse(head).result, code, JSON.stringify(head))
  for (const head of odd) assert.equal(parse(head).result, head.length, JSON.stringify(head))
})

test('invalid names are skipped, or taken when they are tokens and are not to be ignored', () => {
  const head = 'GET / HTTP/1.0\r\nA_B: 1\r\nC!D: 2\r\nE: 3\r\n\r\n'
  const limits = (flags: number): HeadLimits => ({ ...defaultLimits, flags })
  assert.deepEqual(lines(head), ['0 E=3'])
  const { word, text } = parse(head)
  assert.deepEqual([word(t.T_SKIPPED), text(t.T_SKIPPED_OFF), word(t.T_FLAGS)], [2, 'A_B: 1', t.F_SKIPPED])
  assert.deepEqual(lines(head, limits(t.O_IGNORE_INVALID | t.O_UNDERSCORES)), ['0 A_B=1', '0 E=3'])
  assert.deepEqual(lines(head, limits(0)), ['0 A_B=1', '0 C!D=2', '0 E=3'])
  assert.equal(parse('GET / HTTP/1.0\r\nA(B: 1\r\n\r\n', limits(0)).result, t.E_HEADER)
  assert.equal(parse('GET / HTTP/1.0\r\nA\xe9: 1\r\n\r\n', limits(0)).result, t.E_HEADER)
})

test('HTTP/0.9 is the request line alone', () => {
  const { result, word, text } = parse('GET /t.html?a\r\nHost: x\r\n\r\n')
  assert.equal(result, 'GET /t.html?a\r\n'.length)
  assert.deepEqual([word(t.T_VERSION), word(t.T_COUNT)], [9, 0])
  assert.deepEqual([text(t.T_PATH_OFF), text(t.T_PROTO_OFF)], ['/t.html', null])
})

test('the recorded requests: refused where nginx refused the head, taken where it did not', () => {
  const { cases } = JSON.parse(readFileSync(new URL('../golden/nginx/http.json', import.meta.url), 'utf8')) as
    { cases: { name: string, request: string, response: string }[] }
  const refused = new Map<string, number>()
  for (const { name, request, response } of cases) {
    const { result } = parse(request, limitSets[1])
    if (result > 0) continue
    refused.set(name, result)
    const { status } = headError(result)
    const wire = status === 494 ? 400 : status
    assert.ok(response.startsWith(`HTTP/1.1 ${wire} `) || response.includes(`<title>${wire} `), `${name}: ${response}`)
    assert.equal(response.includes('Request Header Or Cookie Too Large'), status === 494, name)
  }
  assert.deepEqual([...refused], [
    ['lowercase method', t.E_METHOD], ['0.9 POST', t.E_METHOD_09], ['2.0', t.E_VERSION], ['no host 1.1', t.E_NO_HOST],
    ['two hosts', t.E_DUPLICATE_HOST], ['garbage', t.E_METHOD], ['colon first', t.E_HEADER],
    ['bad CL', t.E_CONTENT_LENGTH], ['neg CL', t.E_CONTENT_LENGTH], ['TE 1.0', t.E_TE_IN_10],
    ['long header 400', t.E_HEADER_TOO_LONG], ['many headers', t.E_HEADER_TOO_LONG],
  ])
})

test('the header buffers bound lines as nginx does', () => {
  // client_header_buffer_size 256; large_client_header_buffers 2 512: results taken from nginx itself.
  const result = (head: string): number => parse(head, limitSets[1]).result
  const a = (n: number): string => 'a'.repeat(n)
  const end = 'Host: a\r\n\r\n'
  const fits = (head: string): void => assert.equal(result(head), head.length)
  fits(`GET /${a(496)} HTTP/1.1\r\n${end}`)
  assert.equal(result(`GET /${a(497)} HTTP/1.1\r\n${end}`), t.E_URI_TOO_LONG)
  assert.equal(result(`GET /${a(507)}`), t.E_URI_TOO_LONG)
  assert.equal(result(`GET /${a(506)}`), 0)
  fits(`GET / HTTP/1.1\r\nX: ${a(507)}\r\n${end}`)
  assert.equal(result(`GET / HTTP/1.1\r\nX: ${a(508)}\r\n${end}`), t.E_HEADER_TOO_LONG)
  fits(`${'\r\n'.repeat(200)}GET / HTTP/1.1\r\n${end}`)
  // A control character that nginx would not have come to read does not matter.
  assert.equal(result(`GET /${a(507)}\x01`), t.E_URI_TOO_LONG)
  const limits: HeadLimits = { smallBuf: 1024, largeNum: 4, largeSize: 8192, maxHeaders: 2, flags: 1 }
  fits('GET / HTTP/1.1\r\nHost: a\r\nB: b\r\n\r\n')
  assert.equal(parse('GET / HTTP/1.1\r\nHost: a\r\nB: b\r\nC: c\r\n\r\n', limits).result, t.E_TOO_MANY_HEADERS)
  const uncounted = 'GET / HTTP/1.1\r\nHost: a\r\nB: b\r\nC\r\n\r\n'
  assert.equal(parse(uncounted, limits).result, uncounted.length)
  assert.equal(parse('\r\n'.repeat(700), limitSets[1]).result, t.E_TOO_LARGE)
  const one: HeadLimits = { smallBuf: 8, largeNum: 1, largeSize: 16, maxHeaders: 9, flags: 1 }
  assert.equal(parse('GET / HTTP/1.1\r\n', one).result, t.E_TOO_LARGE)
})

test('the log text of errors is nginx\'s', () => {
  const host = 'Host: a\r\n'
  const get = 'GET / HTTP/1.1\r\n'
  assert.equal(errorText('get / HTTP/1.1\r\n'), 'client sent invalid method')
  assert.equal(errorText(`${get}${host}X y: z\r\n\r\n`), 'client sent invalid header line: "X\\x20..."')
  assert.equal(errorText(`${get}${host} x\r\n\r\n`), 'client sent invalid header line: "\\x20..."')
  assert.equal(errorText(`${get}${host}X: a\0b\r\n\r\n`), 'client sent invalid header line: "X: a\\x00..."')
  assert.equal(
    errorText(`${get}${host}host:\tb \r\n\r\n`),
    'client sent duplicate host header: "host: b", previous value: "Host: a"',
  )
  assert.equal(
    errorText(`${get}${host}Expect: 1\r\nA: b\r\nEXPECT:2\r\n\r\n`),
    'client sent duplicate header line: "EXPECT: 2", previous value: "Expect: 1"',
  )
  assert.equal(
    errorText(`${get}${host}Transfer-Encoding: gzip \r\n\r\n`),
    'client sent unknown "Transfer-Encoding": "gzip"',
  )
  assert.equal(
    errorText(`${get}X: ${'a'.repeat(600)}`, limitSets[1]),
    `client sent too long header line: "X: ${'a'.repeat(509)}..."`,
  )
  assert.equal(
    errorText(`${get}X: ${'a'.repeat(9000)}`),
    `client sent too long header line: "X: ${'a'.repeat(1745)}..."`,
  )
  assert.throws(() => headError(0), new RangeError('0 is not an error of the head parser'))
})

test('a slow sender does not make the parser begin again at every byte', () => {
  const head = `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(1000)}\r\n`
  for (const parser of [ts, wasm]) {
    let parses = 0
    const resume = new HeadResume()
    const start = putLast(bytes(head))
    const limits = { ...defaultLimits, maxHeaders: 2000 }
    for (let n = 1; n < head.length; n++) {
      // Only a full parse that finds the head incomplete writes this word.
      parser.table[t.T_WAKE] = 0
      assert.equal(parser.parseHead(start, start + n, limits, resume), 0)
      if (parser.table[t.T_WAKE] !== 0) parses++
    }
    assert.equal(parser.parseHead(start, start + head.length, limits, resume), head.length)
    assert.ok(parses >= 5 && parses <= 16, `${parser.name} parsed ${parses} times`)
  }
})
