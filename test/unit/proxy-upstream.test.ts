/** The pure parts of upstream{}: addresses, response heads and bodies, the choice of servers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Request } from '../../host/http/request.ts'
import { constantTemplate } from '../../host/expr/template.ts'
import { inetEndpoint, parseUpstreamUrl } from '../../host/modules/upstream/address.ts'
import { BodyReader } from '../../host/modules/upstream/body.ts'
import { consistentHash } from '../../host/modules/upstream/continuum.ts'
import { HeadFault, headEnd, parseResponseHead } from '../../host/modules/upstream/head.ts'
import type { ResponseHead } from '../../host/modules/upstream/head.ts'
import { addressHash, keyHash, leastConnections, randomChoice, roundRobin } from '../../host/modules/upstream/methods.ts'
import type { Method } from '../../host/modules/upstream/methods.ts'
import { PeerList } from '../../host/modules/upstream/peers.ts'
import type { PeerLists, ServerLine } from '../../host/modules/upstream/peers.ts'

test('addresses are taken apart as nginx does', () => {
  const cases: [string, unknown][] = [
    ['a.b', { host: 'a.b', port: 80, noPort: true, uri: '', path: null, numeric: null }],
    ['a:8080/x?y', { host: 'a', port: 8080, noPort: false, uri: '/x?y', path: null, numeric: null }],
    ['10.0.0.1?a=b', { host: '10.0.0.1', port: 80, noPort: true, uri: '?a=b', path: null, numeric: '10.0.0.1' }],
    ['[::1]:81/', { host: '[::1]', port: 81, noPort: false, uri: '/', path: null, numeric: '::1' }],
    ['unix:/s.sock:/u', { host: '/s.sock', port: 0, noPort: true, uri: '/u', path: '/s.sock', numeric: null }],
    ['unix:/s.sock', { host: '/s.sock', port: 0, noPort: true, uri: '', path: '/s.sock', numeric: null }],
    ['', 'no host'], [':80', 'no host'], ['a:', 'invalid port'], ['a:0', 'invalid port'], ['a:65536', 'invalid port'], ['a:8x', 'invalid port'],
    ['[::1', 'invalid host'], ['[::1]x', 'invalid host'], ['[]', 'no host'], ['[zz]', 'invalid IPv6 address'],
    ['unix:', 'no path in the unix domain socket'],
  ]
  for (const [text, wanted] of cases) assert.deepEqual(parseUpstreamUrl(text, 80, true), wanted, text)
  assert.equal(parseUpstreamUrl('a/b', 80, false), 'invalid host')
})

function head(text: string): ResponseHead | string {
  const parsed = parseResponseHead(text.replaceAll('\n', '\r\n'))
  return parsed instanceof HeadFault ? parsed.message : parsed
}

test('a response head keeps names, values, order and duplicates', () => {
  const parsed = head('HTTP/1.1 299 Sure thing\nX-a:  1 \nx-A: 2\nSet-Cookie: \xe9=\t;\nContent-Length: 12\nConnection: foo , Close\n\n') as ResponseHead
  assert.deepEqual(parsed, {
    status: 299, reason: 'Sure thing', version: 1001, names: ['X-a', 'x-A', 'Set-Cookie', 'Content-Length', 'Connection'],
    lower: ['x-a', 'x-a', 'set-cookie', 'content-length', 'connection'], values: ['1', '2', '\xe9=\t;', '12', 'foo , Close'],
    contentLength: 12, chunked: false, close: true,
  })
  const old = parseResponseHead('HTTP/1.0 200\nA: b\n\n') as ResponseHead
  assert.deepEqual([old.status, old.reason, old.version, old.close, old.values], [200, '', 1000, true, ['b']])
})

test('a head that two readers could understand differently is refused', () => {
  const ok = 'HTTP/1.1 200 OK\n'
  const cases: [string, string][] = [
    ['hello\n\n', 'upstream sent no valid HTTP/1.0 header'],
    ['HTTP/1.1 20 OK\n\n', 'upstream sent no valid HTTP/1.0 header'],
    ['HTTP/2.0 200 OK\n\n', 'upstream sent no valid HTTP/1.0 header'],
    ['HTTP/1.1 099 OK\n\n', 'upstream sent no valid HTTP/1.0 header'],
    ['HTTP/1.1 200 a\rb\n\n', 'upstream sent no valid HTTP/1.0 header'],
    [ok + 'A : b\n\n', 'upstream sent invalid header: "A\\x20..."'],
    [ok + 'A: b\n c\n\n', 'upstream sent invalid header: " c\\x0a..."'],
    [ok + ' A: b\n\n', 'upstream sent invalid header: "\\x20..."'],
    [ok + ': b\n\n', 'upstream sent invalid header: "\\x3a..."'],
    [ok + 'nocolon\n\n', 'upstream sent invalid header: "nocolon\\x0a..."'],
    [ok + 'A: b\0c\n\n', 'upstream sent invalid header: "A: b\\x00..."'],
    [ok + 'A: b\rContent-Length: 3\n\n', 'upstream sent invalid header: "A: b\\x0d..."'],
    [ok + 'Content-Length: 1\ncontent-length: 1\n\n',
      'upstream sent duplicate header line: "content-length: 1", previous value: "Content-Length: 1"'],
    [ok + 'Content-Length: 1\nTransfer-Encoding: chunked\n\n', 'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time'],
    [ok + 'Transfer-Encoding: chunked\nContent-Length: 1\n\n', 'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time'],
    [ok + 'Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n',
      'upstream sent duplicate header line: "Transfer-Encoding: chunked", previous value: "Transfer-Encoding: chunked"'],
    [ok + 'Transfer-Encoding: gzip, chunked\n\n', 'upstream sent unknown "Transfer-Encoding": "gzip, chunked"'],
    ...['-1', '+1', '1, 1', '0x1', '', '1 1', '99999999999999999999'].map((value): [string, string] =>
      [`${ok}Content-Length: ${value}\n\n`, `upstream sent invalid "Content-Length" header: "Content-Length: ${value}"`]),
  ]
  for (const [text, wanted] of cases) assert.equal(head(text), wanted, JSON.stringify(text))
})

test('the end of a head is found wherever the packets were cut', () => {
  const whole = Buffer.from('HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody')
  for (let cut = 0; cut <= whole.length; cut++) {
    const first = headEnd(whole.subarray(0, cut))
    assert.equal(first, cut >= 25 ? 25 : -1)
    if (first < 0) assert.equal(headEnd(whole, cut), 25, `cut at ${cut}`)
  }
  assert.equal(headEnd(Buffer.from('HTTP/1.1 200 OK\nA: b\n\nx')), 22)
})

function body(lines: string, bodiless = false): BodyReader {
  return new BodyReader(head(`HTTP/1.1 200 OK\n${lines}\n`) as ResponseHead, bodiless)
}

test('a body ends where its framing says', () => {
  const counted = body('Content-Length: 5\n')
  assert.equal(counted.feed(Buffer.from('abc')).toString(), 'abc')
  assert.equal(counted.state, 'more')
  assert.equal(counted.end(), false)
  assert.equal(counted.feed(Buffer.from('deXY')).toString(), 'de')
  assert.deepEqual([counted.state, counted.surplus], ['done', true])
  const chunked = body('Transfer-Encoding: chunked\n')
  assert.equal(chunked.feed(Buffer.from('3\r\nabc\r\n2;x=y\r\nde\r\n')).toString(), 'abcde')
  assert.equal(chunked.end(), false)
  assert.equal(chunked.feed(Buffer.from('0\r\nT: x\r\n\r\nHTTP/1.1 200')).toString(), '')
  assert.deepEqual([chunked.state, chunked.surplus], ['done', true])
  const broken = body('Transfer-Encoding: chunked\n')
  assert.equal(broken.feed(Buffer.from('3\r\nabcd\r\n')).toString(), 'abc')
  assert.equal(broken.state, 'invalid')
  const open = body('')
  assert.equal(open.feed(Buffer.from('abc')).toString(), 'abc')
  assert.deepEqual([open.end(), open.state], [true, 'done'])
  assert.equal(body('Content-Length: 5\n', true).state, 'done')
  assert.equal(body('Transfer-Encoding: chunked\n', true).state, 'done')
})

function server(name: string, over: Partial<ServerLine> = {}): ServerLine {
  return {
    name, endpoints: [inetEndpoint('127.0.0.1', name.charCodeAt(0))], weight: 1, maxConns: 0, maxFails: 1, failTimeout: 10, down: false, backup: false, ...over,
  }
}

function lists(...lines: ServerLine[]): PeerLists {
  const backup = lines.filter((line) => line.backup)
  return { primary: new PeerList(lines.filter((line) => !line.backup)), backup: backup.length === 0 ? null : new PeerList(backup) }
}

const now = 1_700_000_000_000
const request = { remoteAddress: '192.168.7.9' } as Request

/** The names of the servers that one request would try, one after the other. */
function chain(method: Method, all: PeerLists, at = now): string {
  const selection = method(request, all)
  let names = ''
  for (let peer = selection.next(at); peer !== null; peer = selection.next(at)) {
    names += peer.line.name
    selection.free(peer, 'next', at)
  }
  return names
}

/** The servers of so many requests that all succeed. */
function run(method: Method, all: PeerLists, count: number, at = now): string {
  let names = ''
  for (let i = 0; i < count; i++) {
    const selection = method(request, all)
    const peer = selection.next(at)
    names += peer === null ? '-' : peer.line.name
    if (peer !== null) selection.free(peer, 'ok', at)
  }
  return names
}

test('round robin is smooth and weighted', () => {
  assert.equal(run(roundRobin, lists(server('a', { weight: 5 }), server('b'), server('c')), 14), 'aabacaaaabacaa')
  assert.equal(run(roundRobin, lists(server('a'), server('b')), 5), 'ababa')
})

test('a server that failed max_fails times rests for fail_timeout', () => {
  const all = lists(server('a', { maxFails: 2 }), server('b'))
  const [a] = all.primary.peers
  const first = roundRobin(request, all)
  assert.equal(first.free(first.next(now)!, 'failed', now), false)
  assert.equal(run(roundRobin, all, 3), 'bab')
  const second = roundRobin(request, all)
  const again = second.next(now)!
  assert.equal(again, a)
  assert.equal(second.free(again, 'failed', now), true)
  assert.equal(run(roundRobin, all, 3), 'bbb')
  assert.equal(run(roundRobin, all, 3, now + 10_000), 'bbb')
  assert.match(run(roundRobin, all, 6, now + 11_000), /a/)
})

test('down, backup and max_conns', () => {
  assert.equal(run(roundRobin, lists(server('a', { down: true }), server('b')), 3), 'bbb')
  assert.equal(chain(roundRobin, lists(server('a'), server('b'), server('c', { backup: true }))), 'abc')
  assert.equal(run(roundRobin, lists(server('a', { down: true }), server('b', { backup: true })), 2), 'bb')
  assert.equal(run(roundRobin, lists(server('a', { down: true }), server('b', { down: true })), 1), '-')
  const all = lists(server('a', { maxConns: 1 }), server('b', { maxConns: 1 }))
  const held = [0, 1, 2].map(() => roundRobin(request, all).next(now)?.line.name ?? '-')
  assert.deepEqual(held, ['a', 'b', '-'])
})

test('a lone server is asked even after failures, once per request', () => {
  const all = lists(server('a'))
  for (let i = 0; i < 3; i++) {
    const selection = roundRobin(request, all)
    assert.equal(selection.tries, 1)
    selection.free(selection.next(now)!, 'failed', now)
    assert.equal(selection.tries, 0)
  }
})

test('least_conn looks at requests in progress for the weight', () => {
  const all = lists(server('a', { weight: 2 }), server('b'))
  const names = Array.from({ length: 6 }, () => leastConnections(request, all).next(now)!.line.name)
  assert.equal(names.filter((name) => name === 'a').length, 4)
})

test('hash sends one key to one server, and elsewhere when that is gone', () => {
  const all = lists(server('a'), server('b'), server('c'))
  for (const method of [keyHash(constantTemplate('some key')), consistentHash(constantTemplate('some key')), addressHash]) {
    const usual = run(method, all, 4)
    assert.match(usual, /^(.)\1\1\1$/)
    assert.deepEqual([...chain(method, all)].sort(), ['a', 'b', 'c'])
    assert.equal(chain(method, all)[0], usual[0])
  }
})

test('consistent hashing moves only the keys of the server that left', () => {
  const keys = Array.from({ length: 200 }, (_, i) => `key${i}`)
  const place = (all: PeerLists) => keys.map((key) => run(consistentHash(constantTemplate(key)), all, 1))
  const before = place(lists(server('a'), server('b'), server('c')))
  const after = place(lists(server('a'), server('b')))
  assert.ok(before.includes('a') && before.includes('b') && before.includes('c'))
  before.forEach((name, i) => { if (name !== 'c') assert.equal(after[i], name, keys[i]) })
})

test('random reaches every server, two takes the less busy', () => {
  const all = lists(server('a'), server('b'))
  assert.deepEqual([...chain(randomChoice(false), all)].sort(), ['a', 'b'])
  all.primary.peers[0]!.conns = 50
  assert.equal(run(randomChoice(true), all, 20), 'b'.repeat(20))
})
