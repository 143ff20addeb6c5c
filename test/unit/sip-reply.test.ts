import { test } from 'node:test'
import assert from 'node:assert/strict'
import { headerLines } from '../../host/sip/exchange.ts'
import { responseText } from '../../host/sip/forward.ts'
import { branchFor, replyTag, tagPrefix } from '../../host/sip/identity.ts'
import { markedVia } from '../../host/sip/reply.ts'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import { firstLineIsSip } from '../../host/sip/sniff.ts'
import { headEnd } from '../../host/sip/stream.ts'
import { targetOf } from '../../host/sip/target.ts'
import { parseUri } from '../../host/sip/uri.ts'
import { parseVia } from '../../host/sip/via.ts'
import { withParts } from '../../host/modules/sip/uris.ts'

test('received and rport of the topmost Via (RFC 3261 §18.2.1, RFC 3581)', () => {
  const mark = (rest: string, force = false): string => markedVia(`SIP/2.0/UDP ${rest}`, parseVia(`SIP/2.0/UDP ${rest}`)!, { address: '192.0.2.1', port: 77 }, force).slice(12)
  const cases: [string, string, string][] = [
    ['192.0.2.1;branch=b', '192.0.2.1;branch=b', '192.0.2.1;branch=b;rport=77;received=192.0.2.1'],
    ['h:5;branch=b', 'h:5;branch=b;received=192.0.2.1', 'h:5;branch=b;rport=77;received=192.0.2.1'],
    ['h;rport;branch=b', 'h;rport=77;branch=b;received=192.0.2.1', 'h;rport=77;branch=b;received=192.0.2.1'],
    ['h;branch=b;rport', 'h;branch=b;rport=77;received=192.0.2.1', 'h;branch=b;rport=77;received=192.0.2.1'],
    ['h;branch=b; RPORT', 'h;branch=b; RPORT=77;received=192.0.2.1', 'h;branch=b; RPORT=77;received=192.0.2.1'],
    ['h;rport=9;branch=b', 'h;rport=77;branch=b;received=192.0.2.1', 'h;rport=77;branch=b;received=192.0.2.1'],
    ['h;received=6.6.6.6;branch=b', 'h;branch=b;received=192.0.2.1', 'h;branch=b;rport=77;received=192.0.2.1'],
  ]
  assert.deepEqual(cases.map(([via]) => [via, mark(via), mark(via, true)]), cases)
})

test('a tag is the same for one transaction and belongs to the secret; a branch to the Via below', () => {
  const message = (branch: string): SipMessage => new SipMessage(`OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=${branch}\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n`)
  const prefix = tagPrefix('secret')
  assert.notEqual(prefix, tagPrefix('other'))
  assert.match(replyTag(prefix, message('a')), new RegExp(`^${prefix}\\.[0-9a-f]{8}$`))
  assert.equal(replyTag(prefix, message('a')), replyTag(prefix, message('a')))
  assert.notEqual(replyTag(prefix, message('a')), replyTag(prefix, message('b')))
  const branch = (secret: string, via: string): string => branchFor(secret, parseVia(`SIP/2.0/UDP ${via}`)!)
  assert.equal(branch('s', 'h;branch=b;x=1'), branch('s', 'h;x=2;branch=b'))
  assert.equal(new Set([branch('s', 'h;branch=b'), branch('t', 'h;branch=b'), branch('s', 'i;branch=b'), branch('s', 'h;branch=c'), branch('s', 'h:1;branch=b'), branch('s', 'h;branch=b;rport=1')]).size, 6)
})

test('a response loses its topmost Via, wherever the next one stands', () => {
  const strip = (headers: string): string => responseText(new SipMessage(`SIP/2.0 200 OK\r\n${headers}l: 99\r\n\r\nbody`))
  assert.equal(strip('v: SIP/2.0/UDP a , SIP/2.0/UDP b\r\nX: 1\r\n'), 'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP b\r\nX: 1\r\nContent-Length: 4\r\n\r\nbody')
  assert.equal(strip('Via: SIP/2.0/UDP a\r\nX: 1\r\nVia: SIP/2.0/UDP b\r\n'), 'SIP/2.0 200 OK\r\nX: 1\r\nVia: SIP/2.0/UDP b\r\nContent-Length: 4\r\n\r\nbody')
})

test('header lines that a script adds', () => {
  assert.deepEqual(['X: 1\r\n', 'X: 1\nY: 2', 'X : 1', 'no colon', '\r\n\r\nbody: 1', 'Content-Length: 5', 'l:5', 'X: 1\r\n folded\r\n'].map(headerLines),
    ['X: 1\r\n', 'X: 1\r\nY: 2\r\n', 'X : 1\r\n', null, 'body: 1\r\n', null, null, 'X: 1\r\n folded\r\n'])
})

test('the first line of a connection tells SIP from HTTP', () => {
  const told = (text: string): boolean | null => firstLineIsSip(Buffer.from(text, 'latin1'))
  assert.deepEqual(['', '\r\n', 'OPTIONS sip:a SIP/2.0', 'OPTIONS sip:a SIP/2.0\r\n', '\r\nOPTIONS sip:a sip/2.0\n', 'SIP/2.0 200 OK\r\n', 'GET / HTTP/1.1\r\n', 'PRI * HTTP/2.0\r\n', 'x'.repeat(9000), '\r\n\r\n\r\n'].map(told),
    [null, null, null, true, true, true, false, false, false, true])
})

test('where headers end, where a URI leads, a URI with other parts', () => {
  assert.deepEqual(['a\r\n\r\nb', 'a\n\nb', 'a\r\n', 'a\n\r\n', 'a\r\n\r'].map((text) => headEnd(text, 0)), [5, 3, -1, 4, -1])
  const target = (text: string): unknown => { const t = targetOf(parseUri(text)!); return t === null ? null : [t.protocol, t.host, t.port] }
  assert.deepEqual(['sip:a@h', 'sip:[::1]:9;transport=TCP', 'sips:h', 'tel:1', 'sip:h;transport=tls', 'sip:h;maddr=192.0.2.1', 'sip:h:0'].map(target),
    [['udp', 'h', 5060], ['tcp', '::1', 9], null, null, null, ['udp', '192.0.2.1', 5060], null])
  const uri = parseUri('SIP:u:p@h:1;a=b?c=d')!
  assert.deepEqual([withParts(uri, { user: 'x' }), withParts(uri, { user: '' }), withParts(uri, { host: 'y', port: '' })], ['SIP:x:p@h:1;a=b?c=d', 'SIP:h:1;a=b?c=d', 'SIP:u:p@y;a=b?c=d'])
})
