import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import type { TlsInfo, Transport } from '../../host/sip/message.ts'
import type { Selected } from '../../host/expr/select/table.ts'
import type { Recorded } from './select-kit.ts'
import { HttpMessage } from '../../host/sip/httpmessage.ts'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import { formatTime } from '../../host/sip/selects/strftime.ts'
import { certificateInfo, cipherBits, cipherDescription } from '../../host/sip/tlsinfo.ts'
import { Tally, TestState, evaluate, expected, fromBase64, httpRequest, loopback, recorded, recordedBytes, timers } from './select-kit.ts'

const scenarios = recorded('scenarios.jsonl')
const messages = new Map(recorded<{ id: string, b64: string }>('messages.jsonl').map(({ id, b64 }) => [id, fromBase64(b64)]))
const invite = recordedBytes('expressions.message.b64')

/** Replays one scenario; `prepare` changes the state as the recorded step did. */
function replay(name: string, m: SipMessage, prepare: (step: string, state: TestState) => void, explain: (v: Recorded, got: Selected) => string | null = () => null): Tally {
  const tally = new Tally()
  const state = new TestState()
  m.state = state
  let step = ''
  for (const v of scenarios) {
    if (v.scenario !== name) continue
    if (v.step !== step) prepare(step = v.step, state)
    tally.note(v, evaluate(v.select, m), explain)
  }
  assert.deepEqual(tally.unexplained, [])
  return tally
}

test('rewritten URIs and flags: all 57 recorded values', () => {
  const tally = replay('rewrite', new SipMessage(invite, loopback), (step, state) => {
    if (step.startsWith('du=')) state.destination = step === 'du=<null>' ? '' : step.slice(3)
    else if (step.startsWith('ru=')) state.uri = step.slice(3)
    else if (step.startsWith('rU=')) state.uri = 'sip:usr:pw@dom:7;x=1;transport=tls'
    else if (step.startsWith('setflag')) state.flags = 33
  })
  assert.deepEqual([tally.passed, tally.causes], [57, {}])
})

test('branches: recorded values, but for what one branch and a list say', () => {
  const steps: Record<string, { uri: string, destination: string, q: string }> = {
    'append_branch(sip:b1@h1;x=1,0.5)': { uri: 'sip:b1@h1;x=1', destination: '', q: '0.5' },
    'append_branch(sip:b2@h2)': { uri: 'sip:b2@h2', destination: '', q: '' },
    'du=sip:3.3.3.3; append_branch(sip:b3@h3,1.0)': { uri: 'sip:b3@h3', destination: 'sip:3.3.3.3', q: '1' },
  }
  const tally = replay('branches', new SipMessage(invite, loopback), (step, state) => {
    const branch = steps[step]
    if (branch !== undefined) state.branches.push(branch)
  }, ({ step, select }) => {
    if (select.includes('[')) return null
    return step.startsWith('append_branch(sip:b1') ? 'one branch without index' : select === '@branch.uriq.name' ? 'name of a list' : null
  })
  assert.deepEqual([tally.passed, tally.causes], [76, { 'one branch without index': 6, 'name of a list': 2 }])
})

test('timers, attributes, addresses, settings, next_hop.src_ip: all recorded values', () => {
  const inTimer = new SipMessage('GET /timer HTTP/0.9\r\nUser-Agent: internal\r\n\r\n', null)
  const outside = new SipMessage(invite, loopback)
  for (const v of scenarios.filter(({ scenario }) => scenario === 'timer')) {
    const m = v.step === 'in timer route' ? inTimer : outside
    const state = new TestState()
    state.timer = v.step === 'in timer route' ? 't1' : null
    m.state = state
    timers.set('t1', true).set('t2', v.step === 'timer_enable t2')
    assert.equal(evaluate(v.select, m), expected(v), `${v.step} ${v.select}`)
  }
  const attributes = replay('avp', new SipMessage(invite), (_, state) => state.attributes.set('name', '"N" <sip:u@h;p=1>;q=2'))
  const settings = replay('cfg', new SipMessage(invite), () => undefined)
  const hop = replay('next_hop_src_ip', new SipMessage(invite), (_, state) => { state.destination = 'sip:127.0.0.9:5099' })
  assert.deepEqual([attributes.passed, settings.passed, hop.passed], [4, 13, 2])
})

test('addresses: all 20 recorded values', () => {
  let count = 0
  for (const v of scenarios.filter(({ scenario }) => scenario === 'addresses')) {
    const address = v.step.startsWith('ipv6') ? '::1' : '127.0.0.1'
    const transport: Transport = { protocol: 'udp', source: { address, port: 9505 }, destination: { address, port: address === '::1' ? 9504 : 9500 } }
    assert.equal(evaluate(v.select, new SipMessage(invite, transport)), expected(v), `${v.step} ${v.select}`)
    count++
  }
  assert.equal(count, 20)
})

test('nathelper: contacts in their own order, which Kamailio 5.6.3 turns around within a line', () => {
  const transport: Transport = { ...loopback, source: { address: '127.1.0.1', port: 9501 } }
  const m = new SipMessage(messages.get('multi-contact')!, transport)
  const tally = new Tally()
  for (const v of scenarios.filter(({ scenario }) => scenario === 'nathelper')) {
    const turned = v.select.replace(/\[([12])\]/, (_, n: string) => `[${3 - Number(n)}]`)
    tally.note(v, evaluate(turned, m), () => null)
  }
  assert.deepEqual([tally.unexplained, tally.passed], [[], 6])
  assert.equal(evaluate('@nathelper.rewrite_contact[3]', m), '<sip:three@127.1.0.1:9501>;expires=300')
})

test('tm without and with a transaction: all 51 recorded values', () => {
  const request = scenarios.find((v) => v.select === '@tm.uas.request' && v.result === 'value')!.value!
  const reply = scenarios.find((v) => v.select === '@tm.uas.response' && v.value !== undefined && v.value !== '')!.value!
  const base = { method: 'INVITE', request, negativeAckRetransmission: false, branches: [], lastStatus: -1, responseRetransmission: false }
  const tag = /To:.*;tag=(\S+)/.exec(reply)![1]!
  const tally = replay('tm-request', new SipMessage(invite), (step, state) => {
    if (step === 'after t_newtran') state.transaction = { ...base, status: 0, localToTag: '', response: '', relayed: -1 }
    if (step === 'after t_reply 486') state.transaction = { ...base, status: 486, localToTag: tag, response: reply, relayed: -2 }
  })
  assert.deepEqual([tally.passed, tally.causes], [51, {}])
})

test('sys: shapes of what changes, values of what does not', () => {
  const m = new SipMessage(invite)
  const shapes: Record<string, RegExp> = {
    '@sys.pid': /^\d+$/, '@sys.unique': /^[0-9a-f]{4,}-[0-9a-f]{8}-[0-9a-f]{8}$/, '@sys.now': /^\d{10}$/, '@sys.utc': /^\d{10}$/,
    '@sys.uuid': /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, '@sys.now.local': /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \d{4}$/,
    '@sys.now.gmt': /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \d{4}$/, '@sys.now.gmt["%Y-%m-%dT%H:%M:%SZ"]': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    '@sys.now.local["%s"]': /^\d{10}$/, '@sys.now.utc[""]': /^$/, '@sys.now.utc["%"]': /^%$/, '@sys.server_id': /^7$/, '@msg.id': /^\d+$/, '@msg.id.hex': /^[0-9a-f]{8}$/,
  }
  for (const [select, shape] of Object.entries(shapes)) assert.match(evaluate(select, m) ?? 'failed', shape, select)
  assert.notEqual(evaluate('@sys.unique', m), evaluate('@sys.unique', m))
  assert.equal(evaluate('@sys.pid', m), String(process.pid))
  const moment = new Date(Date.UTC(2026, 10, 20, 14, 58, 36))
  assert.equal(formatTime('%a, %d %b %Y %H:%M:%S GMT', moment, true), 'Fri, 20 Nov 2026 14:58:36 GMT')
  assert.equal(formatTime('%s %j %U %W %V %G %g %u %w %I %p %e %D %F %T %R %y %C %Z %z %% %Q', moment, true),
    '1795186716 324 46 46 47 2026 26 5 5 02 PM 20 11/20/26 2026-11-20 14:58:36 14:58 26 20 GMT +0000 % %Q')
  assert.equal(formatTime('%G-%V', new Date(Date.UTC(2027, 0, 1)), true), '2026-53')
  assert.equal(formatTime('%G-%V', new Date(Date.UTC(2024, 11, 30)), true), '2025-01')
})

test('tls: all 636 recorded values, from the recorded certificates', () => {
  const rows = recorded('tls.jsonl')
  const pem = (pattern: RegExp): string => rows.find((v) => pattern.test(v.select) && v.result === 'value')!.value!
  const peer = certificateInfo(new X509Certificate(pem(/^@tls\.peer\.raw_?cert/i)))
  const local = certificateInfo(new X509Certificate(pem(/^@tls\.(my|me|myself)\.raw_?cert/i)))
  const issuer = pem(/^@tls\.peer\.verified_cert_chain\[1\]/)
  const cipher = 'ECDHE-RSA-AES256-GCM-SHA384'
  let passed = 0
  for (const v of rows) {
    const info: TlsInfo | null = v.case === 'plain TCP' ? null : {
      version: 'TLSv1.2', cipher, bits: cipherBits(cipher), description: cipherDescription(cipher, 'TLSv1.2'), peer, local, verified: true, revoked: false,
      serverName: v.case.includes('SNI server.') ? 'server.example.com' : null, expired: false, selfSigned: false, chain: (n) => [peer.pem, issuer][n] ?? null,
    }
    assert.equal(evaluate(v.select, new SipMessage(invite, loopback, info)), expected(v), `${v.case} ${v.select}`)
    passed++
  }
  assert.equal(passed, 636)
  assert.equal(cipherDescription('TLS_AES_128_GCM_SHA256', 'TLSv1.3'), 'TLS_AES_128_GCM_SHA256         TLSv1.3 Kx=any      Au=any   Enc=AESGCM(128)            Mac=AEAD\n')
  assert.equal(cipherDescription('ECDHE-ECDSA-AES128-SHA', 'TLSv1.2'), null)
})

test('xmlrpc.method', () => {
  const call = (body: string): Selected => evaluate('@xmlrpc.method', new HttpMessage(httpRequest(`POST / HTTP/1.1\r\nHost: x\r\n\r\n${body}`)))
  assert.equal(call('<?xml version="1.0"?><methodCall><methodName> core.version </methodName></methodCall>'), 'core.version')
  for (const body of ['', '<methodCall><methodName>x', '<?xml version="1.0"?><x/>', '<methodName>x</methodName>']) assert.equal(call(body), undefined, body)
})

/** Why a select says something else on HTTP requests than in Kamailio, which re-reads them as SIP behind a Via line of its own (docs/selects.md). */
function httpCause({ message, select }: Recorded): string | null {
  if (select.endsWith('x_many[0]')) return 'index 0'
  if (/^@(ruri|request_uri)/i.test(select) || /^@(next_hop|msg\.req\.uri)/.test(select)) return 'http: URIs have parts'
  if (/^@via|^@v\.|\["?(via|v)"?\]|\.via\[/.test(select)) return 'no Via line of our own'
  if (/^@(msg|msg\.len|msg\.header|message\.req)$/.test(select)) return 'no Via line of our own'
  if (/^@src\.(ip_)?port$/.test(select)) return 'port of the test'
  if (/^@hf_value(\["X-h"\]\.(nameaddr|params)|\.x_h\.uri)/.test(select)) return 'nest lost on a value without URI'
  if (select.startsWith('@msg.h["x-h"].nameaddr')) return 'header-index-lost-before-nameaddr'
  if (/^@hf_value\.(x_h|from)\.p\[/.test(select)) return 'hf-param-needs-index'
  if (message === 'lower-headers' && /x_under/.test(select)) return 'underscore-maps-to-dash'
  if (message === 'lower-headers' && select.endsWith('[-2]')) return 'header-nonpositive-index'
  return null
}

test('selects on HTTP requests say what Kamailio says, but for the listed causes', () => {
  const requests = new Map(recorded<{ id: string, b64: string }>('xhttp.messages.jsonl').map(({ id, b64 }) => [id, new HttpMessage(httpRequest(fromBase64(b64)))]))
  const tally = new Tally()
  for (const v of recorded('xhttp.jsonl.gz')) {
    if (v.select.startsWith('@')) tally.note(v, evaluate(v.select, requests.get(v.message)!), httpCause)
  }
  assert.deepEqual(tally.unexplained, [])
  assert.deepEqual({ passed: tally.passed, ...tally.causes }, {
    'passed': 3992, 'no Via line of our own': 319, 'http: URIs have parts': 238, 'index 0': 20, 'port of the test': 20, 'nest lost on a value without URI': 13,
    'header-index-lost-before-nameaddr': 4, 'hf-param-needs-index': 2, 'header-nonpositive-index': 1, 'underscore-maps-to-dash': 1,
  })
})

test('the effective request URI of HTTP, with its parts', () => {
  const m = new HttpMessage(httpRequest('GET /a/b?x=1&y=%20z&flag&x=2 HTTP/1.1\r\nHost: www.example.com:8080\r\n\r\n'))
  const parts: Record<string, Selected> = {
    '@ruri': 'http://www.example.com:8080/a/b?x=1&y=%20z&flag&x=2', '@ruri.type': 'http', '@ruri.user': '', '@ruri.pwd': '', '@ruri.host': 'www.example.com',
    '@ruri.port': '8080', '@ruri.hostport': 'www.example.com:8080', '@ruri.transport': 'tcp', '@ruri.params': 'x=1&y=%20z&flag&x=2', '@ruri.params.x': '1',
    '@ruri.params["flag"]': null, '@ruri.params.none': undefined, '@msg.request.uri': '/a/b?x=1&y=%20z&flag&x=2', '@method': 'GET', '@version': 'HTTP/1.1',
    '@status': undefined, '@via': undefined, '@msg.type': '1', '@received.proto': 'tcp', '@msg.header.host': 'www.example.com:8080',
  }
  for (const [select, value] of Object.entries(parts)) assert.equal(evaluate(select, m), value, select)
  const via = new HttpMessage(httpRequest('GET / HTTP/1.0\r\nVia: 1.0 fred, HTTP/1.1 p.example.net:81 (Squid, 3)\r\n\r\n'))
  assert.deepEqual(['@via[1].host', '@via[1].version', '@via[2].name', '@via[2].port', '@via[-1].comment', '@via[3]', '@ruri'].map((select) => evaluate(select, via)),
    ['fred', '1.0', 'HTTP', '81', 'Squid, 3', undefined, undefined])
  const star = new HttpMessage(httpRequest('OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n'))
  assert.deepEqual(['@ruri', '@ruri.hostport', '@msg.request.uri'].map((select) => evaluate(select, star)), ['http://h', 'h:80', '*'])
})

test('what only HTTP has', () => {
  const m = new HttpMessage(httpRequest('GET /a/b;c?X=1&y=%20&x=2 HTTP/1.1\r\nHost: h:1\r\nCookie: a=1; B=2\r\ncookie: c=3\r\n\r\n'))
  const values: Record<string, Selected> = {
    '@http.scheme': 'http', '@http.host': 'h:1', '@http.path': '/a/b;c', '@http.query': 'X=1&y=%20&x=2', '@http.query.x': '1', '@http.query["none"]': null,
    '@http.cookie': 'a=1; B=2; c=3', '@http.cookie.b': '2', '@http.cookie["c"]': '3', '@http.cookie.d': null,
  }
  for (const [select, value] of Object.entries(values)) assert.equal(evaluate(select, m), value, select)
  const plain = new HttpMessage(httpRequest('GET / HTTP/1.0\r\n\r\n'))
  assert.deepEqual(['@http.host', '@http.query', '@http.query.x', '@http.cookie.a'].map((select) => evaluate(select, plain)), [null, null, null, null])
  assert.equal(evaluate('@http.path', new SipMessage(invite)), undefined)
})
