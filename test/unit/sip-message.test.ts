import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../../host/sip/address.ts'
import { parseCSeq, sdpLine, sdpOf } from '../../host/sip/body.ts'
import { parseCredentials } from '../../host/sip/digest.ts'
import { H_CONTACT, H_FROM, H_TO, H_VIA } from '../../host/sip/names.ts'
import { parameterValue } from '../../host/sip/params.ts'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import { parseUri } from '../../host/sip/uri.ts'
import { parseHttpVia, parseVia } from '../../host/sip/via.ts'

const uriFields = ['scheme', 'user', 'password', 'host', 'port', 'params', 'headers'] as const

function uriParts(text: string): string[] | null {
  const uri = parseUri(text)
  return uri === null ? null : uriFields.map((field) => uri[field])
}

test('URIs of RFC 3261 §19.1, RFC 3966, RFC 8141 and RFC 3986 in their parts', () => {
  const cases: [string, string[]][] = [
    ['sip:alice@atlanta.com', ['sip', 'alice', '', 'atlanta.com', '', '', '']],
    ['SIPS:alice:secret@[2001:db8::1]:5061;transport=tcp;lr?a=b&c=d@e', ['sips', 'alice', 'secret', '[2001:db8::1]', '5061', 'transport=tcp;lr', 'a=b&c=d@e']],
    ['sip:[::1]', ['sip', '', '', '[::1]', '', '', '']], ['sip:example.com', ['sip', '', '', 'example.com', '', '', '']], ['sip:h:1?x', ['sip', '', '', 'h', '1', '', 'x']],
    ['sip:user;par=u%40e@example.com', ['sip', 'user;par=u%40e', '', 'example.com', '', '', '']], ['sip:a?b,/;;*:p@h', ['sip', 'a?b,/;;*', 'p', 'h', '', '', '']],
    ['tel:+1-201-555-0123;phone-context=x', ['tel', '+1-201-555-0123', '', '', '', 'phone-context=x', '']], ['tels:42', ['tels', '42', '', '', '', '', '']],
    ['urn:service:sos', ['urn', 'service', '', 'sos', '', '', '']], ['http://u:p@h:81/a?q=1#f', ['http', 'u', 'p', 'h', '81', 'q=1#f', '']],
    ['https://h', ['https', '', '', 'h', '', '', '']],
  ]
  for (const [text, parts] of cases) assert.deepEqual(uriParts(text), parts, text)
})

test('what is no URI is null', () => {
  for (const text of ['', 'sip', 'sip:', 'sip:@h', 'sip:a@', 'sip:a@b@c', 'sip:a@h:x', 'sip:a@h:99999', 'sip:[::1', 'sip:a@h h', 'sip:a@<h>', 'tel:', 'urn:x', 'mailto:a@b', 'http:h', '*', '/path', 'sip:h::1']) {
    assert.equal(uriParts(text), null, text)
  }
})

test('user=phone makes a telephone number, in exactly these letters', () => {
  assert.equal(parseUri('sip:1@h;user=phone')!.type, 'tel')
  assert.equal(parseUri('sips:1@h;USER=phone')!.type, 'tel')
  assert.equal(parseUri('sip:1@h;user=Phone')!.type, 'sip')
  assert.equal(parseUri('sip:1;user=phone@h')!.type, 'sip')
})

test('addresses: quotes, brackets, parameters of the header and of the URI', () => {
  const parts = (text: string): (string | null)[] | null => {
    const a = parseAddress(text)
    return a === null ? null : [a.name, a.uri, a.params, a.param('tag')]
  }
  assert.deepEqual(parts('"A, \\"B\\" <x>" <sip:a@b;lr>;tag=1;x'), ['"A, \\"B\\" <x>"', 'sip:a@b;lr', 'tag=1;x', '1'])
  assert.deepEqual(parts('sip:a@b;tag="q;t"'), ['', 'sip:a@b', 'tag="q;t"', 'q;t'])
  assert.deepEqual(parts(' Bob  B <sip:a@b>\r\n ;\ttag = 2 '), ['Bob  B', 'sip:a@b', '\ttag = 2', '2'])
  assert.deepEqual(parts('<sip:a>;tag'), ['', 'sip:a', 'tag', ''])
  for (const text of ['', '  ', '"a', '"a" <sip:b', '<sip:a', '<sip:a> x', 'sip:a x', '<sip:a>"']) assert.equal(parts(text), null, text)
})

test('parameters: first of a name, quotes protect, no value is not empty', () => {
  const list = ' a=1;A=2; b ;c = "x;\\"y" ;d=;e="";f;=;;g=z'
  const values = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => parameterValue(list, name))
  assert.deepEqual(values, ['1', undefined, 'x;\\"y', undefined, '', undefined, 'z', null])
  assert.equal(parameterValue('a="open;b=1', 'b'), null)
})

test('Via values of SIP and of HTTP', () => {
  const sip = parseVia('SIP / 2.0 / UDP\r\n [::1] : 5060 ;branch="x(";rport (a (comment))')!
  assert.deepEqual([sip.protocol, sip.version, sip.transport, sip.host, sip.port, sip.param('branch'), sip.param('rport'), sip.param('no'), sip.comment],
    ['SIP', '2.0', 'UDP', '[::1]', '5060', 'x(', '', null, 'a (comment)'])
  for (const text of ['', 'SIP/2.0', 'SIP/2.0/UDP', 'SIP/2.0/UDP ', 'SIP/2.0/UDP h:', 'SIP/2.0/UDP h:x', 'SIP/2.0/UDP [::1', 'SIP/2.0/UDP h (open', 'SIP/2.0/UDP h x']) {
    assert.equal(parseVia(text), null, text)
  }
  const http = parseHttpVia('1.1 p.example.net:81 (Squid)')!
  assert.deepEqual([http.protocol, http.version, http.transport, http.host, http.port, http.comment], ['HTTP', '1.1', '', 'p.example.net', '81', 'Squid'])
  for (const text of ['', '1.1', '1.1 ', 'HTTP/1.1/x h']) assert.equal(parseHttpVia(text), null, text)
})

test('Digest credentials', () => {
  const found = parseCredentials('Digest username="a\\"b, c", realm = "r",nc=0001 , uri=""')!
  assert.deepEqual([...found.parameters], [['username', 'a\\"b, c'], ['realm', 'r'], ['nc', '0001'], ['uri', '']])
  for (const text of ['Digest x', 'Digest a="1', 'Digest a="1" b=2', 'Digest =1']) assert.equal(parseCredentials(text), null, text)
  for (const text of ['Basic QQ==', 'Digest', 'Digesta=1', '']) assert.equal(parseCredentials(text), undefined, text)
})

test('SDP, alone and in a multipart body', () => {
  const sdp = 'v=0\r\ns=\r\nc=IN IP4 1.1.1.1\nm=last'
  assert.deepEqual(['v', 's', 'c', 'm', 'z'].map((letter) => sdpLine(sdp, letter.charCodeAt(0))), ['0', undefined, 'IN IP4 1.1.1.1', 'last', undefined])
  assert.equal(sdpOf('Application/SDP ; x=1', sdp), sdp)
  const mixed = '--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\ncontent-type : application/sdp\r\n\r\nv=0\r\n\r\n--b--\r\n'
  assert.equal(sdpOf('multipart/mixed;boundary="b"', mixed), 'v=0\r\n')
  for (const type of ['multipart/mixed', 'multipart/mixed;boundary=c', 'text/plain', '']) assert.equal(sdpOf(type, mixed), null, type)
  assert.deepEqual(parseCSeq('0042 \r\n INVITE'), { number: '0042', method: 'INVITE' })
  for (const text of ['', '1', 'INVITE', '1INVITE', '1 A B']) assert.equal(parseCSeq(text), null, text)
})

test('first lines', () => {
  const line = (text: string): (string | boolean)[] => {
    const m = new SipMessage(`${text}\r\n\r\n`)
    return [m.isRequest, m.isResponse, m.method, m.target, m.version, m.status, m.reason]
  }
  assert.deepEqual(line('\r\n\nINVITE sip:a@b SIP/2.0'), [true, false, 'INVITE', 'sip:a@b', 'SIP/2.0', '', ''])
  assert.deepEqual(line('OPTIONS sip:a SIP/2.0  '), [true, false, 'OPTIONS', 'sip:a', 'SIP/2.0', '', ''])
  assert.deepEqual(line('SIP/2.0 486 Busy Here'), [false, true, '', '', 'SIP/2.0', '486', 'Busy Here'])
  assert.deepEqual(line('SIP/2.0 100'), [false, true, '', '', 'SIP/2.0', '100', ''])
  for (const text of ['', 'INVITE', 'INVITE sip:a', 'INVITE  sip:a SIP/2.0', 'INVITE sip:a b SIP/2.0', 'IN"V sip:a SIP/2.0', 'SIP/2.0 1000 x', 'SIP/2.0 1', 'INVITE sip:a SIP2']) {
    assert.deepEqual(line(text), [false, false, '', '', '', '', ''], text)
  }
})

test('header lines: short forms, folds, white space before the colon, lines without one; each on its own', () => {
  const m = new SipMessage('OPTIONS sip:a SIP/2.0\r\nVIA : SIP/2.0/UDP h1\r\nno colon here\r\nF:\r\n "A"\r\n\t<sip:a>\r\nv: broken, SIP/2.0/TCP h2\r\nX:\r\nto: <sip:t\nm: *\nEnd: 1\r\n\r\nbody')
  assert.equal(m.count, 7)
  assert.deepEqual(Array.from({ length: 7 }, (_, i) => m.name(i)), ['VIA', 'F', 'v', 'X', 'to', 'm', 'End'])
  assert.equal(m.value(1), '"A"\r\n\t<sip:a>')
  assert.deepEqual([m.body, m.headerText.slice(-15), m.complete], ['body', 'm: *\nEnd: 1\r\n\r\n', true])
  assert.deepEqual([m.find(0, 'end', 0), m.find(H_VIA, 'via', 1), m.find(0, 'none', 0)], [6, 2, -1])
  const { parsed } = m
  assert.deepEqual([parsed.viaCount, parsed.via(0)?.host, parsed.via(1), parsed.via(2)?.host, parsed.via(3)], [3, 'h1', null, 'h2', null])
  assert.deepEqual([parsed.address(H_FROM)?.uri, parsed.address(H_TO), parsed.allContacts, parsed.contacts], ['sip:a', undefined, true, []])
  assert.equal(new SipMessage('OPTIONS sip:a SIP/2.0\r\nA: b').complete, false)
})

test('several contacts in several lines', () => {
  const m = new SipMessage('REGISTER sip:a SIP/2.0\r\nContact: <sip:a,b@h>;q=1, "x,y" <sip:c>\r\nm: sip:d;expires=1,<broken\r\n\r\n')
  assert.deepEqual(m.parsed.contacts.map((contact) => contact?.uri ?? null), ['sip:a,b@h', 'sip:c', 'sip:d', null])
  assert.equal(m.parsed.address(H_CONTACT)?.uri, 'sip:a,b@h')
})
