import { test } from 'node:test'
import assert from 'node:assert/strict'
import { start } from './kit.ts'
import { SipPeer, SipStreamPeer, lines, masked, withoutIPv6 } from './sip-kit.ts'

/** Sends a request on to where its header X-To says. */
const onward = 'request_route { record_route(); $du = $hdr(X-To); if (!forward()) sl_send_reply("478", "No Way"); }'
const conf = (...listens: string[]): string => `worker_processes 1; http { sip { ${listens.map((one) => `listen ${one};`).join(' ')} ${onward} } }`

/** An answer to a request as it has arrived. */
function answer(request: string, status: string): string {
  return `SIP/2.0 ${status}\r\n${lines(request, 'Via', 'From', 'To', 'Call-ID', 'CSeq').map((line) => `${line}\r\n`).join('')}Content-Length: 0\r\n\r\n`
}

/** The Via and Record-Route lines of a message, with names for what differs from run to run. */
function way(text: string, ports: Readonly<Record<string, number>>): string[] {
  return lines(masked(text, ports).replace(/;i=\d+\.[0-9a-f]{8}/, ';i=<stream>'), 'Record-Route', 'Via')
}

test('from udp to a tcp peer and back: one connection for all requests, opened anew when it is closed', async (t) => {
  const server = await start(t, conf('udp:127.0.0.1:<port>', 'tcp:127.0.0.1:<port>'))
  const caller = await SipPeer.open(t)
  const callee = await SipStreamPeer.listen(t)
  const ports = { caller: caller.port, callee: callee.port, own: server.port() }
  const headers = `X-To: sip:127.0.0.1:${callee.port};transport=tcp\r\n`
  for (let round = 0; round < 3; round++) {
    caller.send(caller.request('MESSAGE', 'sip:bob@example.com', { headers, body: 'hello' }), server.port())
    const seen = await callee.next()
    assert.deepEqual(way(seen, ports), ['Record-Route: <sip:127.0.0.1:<own>;transport=tcp;lr>', 'Via: SIP/2.0/TCP 127.0.0.1:<own>;branch=<branch>',
      `Via: SIP/2.0/UDP 127.0.0.1:<caller>;branch=z9hG4bK${round + 1}`])
    assert.match(seen, /\r\n\r\nhello$/)
    callee.send(answer(seen, '200 OK'))
    assert.deepEqual(way(await caller.next(), ports), [`Via: SIP/2.0/UDP 127.0.0.1:<caller>;branch=z9hG4bK${round + 1}`])
    assert.equal(callee.streams.length, round < 2 ? 1 : 2)
    if (round === 1) await new Promise((resolve) => callee.streams[0]!.once('close', resolve).end())
  }
})

test('from a tcp client that names another port: the answer comes by its connection', async (t) => {
  const server = await start(t, conf('udp:127.0.0.1:<port>', 'tcp:127.0.0.1:<port>'))
  const caller = await SipStreamPeer.connect(t, server.port())
  const other = await SipStreamPeer.connect(t, server.port())
  const callee = await SipPeer.open(t)
  const ports = { callee: callee.port, own: server.port() }
  const ask = (): void => caller.send(caller.request('MESSAGE', 'sip:bob@example.com', { headers: `X-To: sip:127.0.0.1:${callee.port}\r\n`, via: 'SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKa' }))
  ask()
  const seen = await callee.next()
  assert.deepEqual(way(seen, ports), ['Record-Route: <sip:127.0.0.1:<own>;lr>', 'Via: SIP/2.0/UDP 127.0.0.1:<own>;branch=<branch>;i=<stream>', 'Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKa'])
  // The mark of another connection is not to be guessed.
  callee.send(answer(seen, '183 Forged').replace(/;i=\d+\./, ';i=2.'), server.port())
  callee.send(answer(seen, '200 OK'), server.port())
  const back = await caller.next()
  assert.deepEqual([back.split('\r\n')[0], way(back, ports)], ['SIP/2.0 200 OK', ['Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKa']])
  assert.ok(other.silent)
  await server.site.waitLog(/sip: connect\(\) to 127\.0\.0\.1:9 failed \(111: Connection refused\)/)
})

test('from a tcp client to a tcp peer', async (t) => {
  const server = await start(t, conf('tcp:127.0.0.1:<port>'))
  const caller = await SipStreamPeer.connect(t, server.port())
  const callee = await SipStreamPeer.listen(t)
  caller.send(caller.request('MESSAGE', 'sip:bob@example.com', { headers: `X-To: sip:127.0.0.1:${callee.port};transport=TCP\r\n`, via: 'SIP/2.0/TCP a.example;branch=z9hG4bKa' }))
  const seen = await callee.next()
  assert.deepEqual(way(seen, { own: server.port() }).slice(1), ['Via: SIP/2.0/TCP 127.0.0.1:<own>;branch=<branch>;i=<stream>', 'Via: SIP/2.0/TCP a.example;branch=z9hG4bKa;received=127.0.0.1'])
  callee.send(answer(seen, '180 Ringing') + answer(seen, '200 OK'))
  assert.deepEqual([await caller.next(), await caller.next()].map((text) => text.split('\r\n')[0]), ['SIP/2.0 180 Ringing', 'SIP/2.0 200 OK'])
  // What listens nowhere: there is no udp socket.
  caller.send(caller.request('MESSAGE', 'sip:bob@example.com', { headers: 'X-To: sip:127.0.0.1:9\r\n' }))
  await server.site.waitLog(/sip: there is no udp socket to send to 127\.0\.0\.1:9/)
})

test('IPv6: udp and tcp, and from one family to the other', { skip: withoutIPv6 }, async (t) => {
  const server = await start(t, conf('udp:[::1]:<port>', 'tcp:[::1]:<port>', 'udp:127.0.0.1:<port>', 'tcp:127.0.0.1:<port>'))
  const own = server.port()
  const caller = await SipPeer.open(t, '::1')
  const stream = await SipStreamPeer.connect(t, own, '::1')
  const plain = await SipStreamPeer.connect(t, own)
  const callees = { udp: await SipPeer.open(t, '::1'), tcp: await SipStreamPeer.listen(t, '::1'), udp4: await SipPeer.open(t) }
  const ports = { caller: caller.port, stream: stream.port, plain: plain.port, own }
  const to6 = { udp: `sip:[::1]:${callees.udp.port}`, tcp: `sip:[::1]:${callees.tcp.port};transport=tcp`, udp4: `sip:127.0.0.1:${callees.udp4.port}` }
  const pass = async (to: keyof typeof to6, from: SipPeer | SipStreamPeer): Promise<string[]> => {
    from.send(from.request('MESSAGE', 'sip:bob@[2001:db8::1]', { headers: `X-To: ${to6[to]}\r\n` }), own)
    const seen = await callees[to].next()
    callees[to].send(answer(seen, '200 OK'), own)
    assert.match(await from.next(), /^SIP\/2\.0 200 OK\r\n/)
    return way(seen, ports).map((line) => line.replace(/branch=z9hG4bK\d+/, 'branch=n'))
  }
  assert.deepEqual(await pass('udp', caller), ['Record-Route: <sip:[::1]:<own>;lr>', 'Via: SIP/2.0/UDP [::1]:<own>;branch=<branch>', 'Via: SIP/2.0/UDP [::1]:<caller>;branch=n'])
  assert.deepEqual(await pass('tcp', caller), ['Record-Route: <sip:[::1]:<own>;transport=tcp;lr>', 'Via: SIP/2.0/TCP [::1]:<own>;branch=<branch>', 'Via: SIP/2.0/UDP [::1]:<caller>;branch=n'])
  assert.deepEqual(await pass('udp4', caller), ['Record-Route: <sip:127.0.0.1:<own>;lr>', 'Via: SIP/2.0/UDP 127.0.0.1:<own>;branch=<branch>', 'Via: SIP/2.0/UDP [::1]:<caller>;branch=n'])
  assert.deepEqual(await pass('udp', stream), ['Record-Route: <sip:[::1]:<own>;lr>', 'Via: SIP/2.0/UDP [::1]:<own>;branch=<branch>;i=<stream>', 'Via: SIP/2.0/TCP [::1]:<stream>;branch=n'])
  assert.deepEqual(await pass('tcp', plain), ['Record-Route: <sip:[::1]:<own>;transport=tcp;lr>', 'Via: SIP/2.0/TCP [::1]:<own>;branch=<branch>;i=<stream>', 'Via: SIP/2.0/TCP 127.0.0.1:<plain>;branch=n'])
})

test('IPv6: answers, loose routes, and every address', { skip: withoutIPv6 }, async (t) => {
  const server = await start(t, `worker_processes 1; http { sip { listen udp:[::]:<port>; request_route {
    if (loose_route()) { forward(); exit; }
    sl_send_reply("200", "$si $siz $sp $Ri $pr $(rd) $su"); } } }`)
  const caller = await SipPeer.open(t, '::1')
  const callee = await SipPeer.open(t, '::1')
  const own = server.port()
  const named = await caller.ask(own, 'OPTIONS', `sip:[2001:db8::1]:99`, { via: 'SIP/2.0/UDP client.example;rport;branch=z9hG4bKa' })
  assert.deepEqual([masked(named.split('\r\n')[0]!, { caller: caller.port }), masked(lines(named, 'Via')[0]!, { caller: caller.port })],
    ['SIP/2.0 200 ::1 [::1] <caller> :: udp [2001:db8::1] sip:[::1]:<caller>', 'Via: SIP/2.0/UDP client.example;rport=<caller>;branch=z9hG4bKa;received=::1'])
  caller.send(caller.request('BYE', `sip:bob@[::1]:${callee.port}`, { headers: `Route: <sip:[::1]:${own};lr>\r\n` }), own)
  const bye = await callee.next()
  assert.deepEqual([way(bye, { own, caller: caller.port }), lines(bye, 'Route')],
    [['Via: SIP/2.0/UDP [::1]:<own>;branch=<branch>', 'Via: SIP/2.0/UDP [::1]:<caller>;branch=z9hG4bK2'], []])
})

test('an advertised address stands in Via and Record-Route, is this server, and the answer is taken', async (t) => {
  for (const told of ['[2001:db8::7]', '[2001:db8::7]:5090', 'SIP.example.com', 'sip.example.com:5090']) {
    const server = await start(t, `worker_processes 1; http { sip { listen udp:127.0.0.1:<port> advertise=${told}; request_route {
      if (uri == myself && is_myself("$ru")) { send_reply("200", "mine"); exit; }
      record_route(); $du = $hdr(X-To); forward(); } } }`)
    const caller = await SipPeer.open(t)
    const callee = await SipPeer.open(t)
    caller.send(caller.request('MESSAGE', 'sip:bob@example.com', { headers: `X-To: sip:127.0.0.1:${callee.port}\r\n` }), server.port())
    const seen = await callee.next()
    assert.deepEqual(way(seen, {}).slice(0, 2), [`Record-Route: <sip:${told};lr>`, `Via: SIP/2.0/UDP ${told};branch=<branch>`])
    callee.send(answer(seen, '200 Taken'), server.port())
    assert.match(await caller.next(), /^SIP\/2\.0 200 Taken\r\n/)
    assert.match(await caller.ask(server.port(), 'MESSAGE', `sip:${told}`), /^SIP\/2\.0 200 mine\r\n/)
  }
})
