import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { findProgram, skipWithout } from '../programs.ts'
import { mutated, ownMessages, random } from '../fuzz/sip-kit.ts'
import { start, startScript, until } from './kit.ts'
import { SipPeer, SipStreamPeer, lines, masked } from './sip-kit.ts'

const run = promisify(execFile)

const sip = (routes: string, more = ''): string =>
  `worker_processes 1; http { server { listen 127.0.0.1:<port:http>; location / { return 200 ok; } } sip { listen udp:127.0.0.1:<port>; ${more} ${routes} } }`

const answering = 'request_route { sl_send_reply("200", "OK"); }'

test('a request is answered with its own headers, a tag and nothing else', async (t) => {
  const server = await start(t, sip('request_route { append_to_reply("X-A: b\\r\\n"); sl_send_reply("404", "Not Here"); }'))
  const peer = await SipPeer.open(t)
  const answer = await peer.ask(server.port(), 'INVITE', 'sip:a@b', {
    via: `SIP/2.0/UDP example.com:${peer.port};rport;branch=z9hG4bKx, SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKy`, headers: 'v: SIP/2.0/TCP c\r\nRecord-Route: <sip:r;lr>\r\nX-B: 1\r\n',
  })
  assert.equal(masked(answer, { peer: peer.port }), 'SIP/2.0 404 Not Here\r\n' +
    'Via: SIP/2.0/UDP example.com:<peer>;rport=<peer>;branch=z9hG4bKx;received=127.0.0.1, SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKy\r\n' +
    'From: <sip:bob@example.com>;tag=f\r\nTo: <sip:alice@example.com>;tag=<tag>\r\nCall-ID: call1\r\nCSeq: 1 INVITE\r\nVia: SIP/2.0/TCP c\r\n' +
    'X-A: b\r\nServer: vespid\r\nContent-Length: 0\r\n\r\n')
})

test('one transaction has one tag, and the ACK for the answer is absorbed', async (t) => {
  const server = await start(t, sip('request_route { if (is_method("ACK")) xlog("L_ERR", "ACK seen"); sl_send_reply("486", "Busy"); }'))
  const peer = await SipPeer.open(t)
  const request = peer.request('INVITE', 'sip:a@b')
  peer.send(request, server.port())
  const first = await peer.next()
  peer.send(request, server.port())
  assert.equal(await peer.next(), first)
  const [to] = lines(first, 'To')
  const ack = { to: to!.slice(4), callId: 'call1', cseq: 1 }
  peer.send(peer.request('ACK', 'sip:a@b', ack), server.port())
  // An ACK with another tag is the script's, and is not answered either.
  peer.send(peer.request('ACK', 'sip:a@b', { ...ack, to: '<sip:a@b>;tag=other' }), server.port())
  assert.match(await peer.ask(server.port(), 'OPTIONS', 'sip:a@b'), /^SIP\/2\.0 486 Busy\r\n/)
  assert.ok(peer.silent)
  assert.equal(server.site.log().match(/ACK seen/g)?.length, 1)
})

test('what the script sees of a request, and what it may set', async (t) => {
  const server = await start(t, sip(`request_route {
    append_to_reply("X-1: $rm $ru $rU $rd $fu $tu $ci $cs $ct $si:$sp $Rp $pr $hdr(X-Y) $(hdr(X-Y)[*])\\r\\n");
    $rU = "new"; $rd = "example.org"; $du = "sip:192.0.2.1:5080";
    append_to_reply("X-2: $ru $du $ou\\r\\n");
    $ru = "sip:evil@x\\r\\nX-Evil: 1"; $du = "sip:a b";
    if (has_totag()) append_to_reply("X-3: tag\\r\\n");
    append_to_reply("X-4: $ru @to.uri.user $sel(ruri.host)\\r\\n");
    send_reply("200", "OK"); }`))
  const peer = await SipPeer.open(t)
  const answer = await peer.ask(server.port(), 'OPTIONS', 'sip:bob@h:99;x=1', { headers: 'm: <sip:c@d>\r\nX-Y: 1\r\nX-Y: 2\r\n', to: '<sip:al@x>;tag=t' })
  assert.deepEqual(lines(masked(answer, { peer: peer.port, own: server.port() }), 'X-1', 'X-2', 'X-3', 'X-4', 'X-Evil'), [
    'X-1: OPTIONS sip:bob@h:99;x=1 bob h sip:bob@example.com sip:al@x call1 1 <sip:c@d> 127.0.0.1:<peer> <own> udp 1 1,2',
    'X-2: sip:new@example.org:99;x=1 sip:192.0.2.1:5080 sip:bob@h:99;x=1', 'X-3: tag', 'X-4: sip:new@example.org:99;x=1 @to.uri.user example.org',
  ])
})

test('what is no message is dropped, and the server goes on', async (t) => {
  const server = await start(t, sip(answering))
  const peer = await SipPeer.open(t)
  const via = `Via: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=z9hG4bKa\r\n`
  const rest = 'From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n'
  const bad = [
    '', '\r\n\r\n', '\0\0\0\0', 'hello there\r\n\r\n', 'OPTIONS sip:a@b SIP/2.0\r\n\r\n', `OPTIONS sip:a@b SIP/3.0\r\n${via}${rest}\r\n`, `OPTIONS sip:a@b SIP/2.0\r\nVia: nonsense\r\n${rest}\r\n`,
    `OPTIONS sip:a@b SIP/2.0\r\n${rest}\r\n`, `OPTIONS sip:a@b SIP/2.0\r\n${via}${rest}`, `OPTIONS sip:a@b SIP/2.0\r\n${via}${rest}Content-Length: 9\r\n\r\nshort`,
    `OPTIONS sip:a@b SIP/2.0\r\n${via}Call-ID: x\r\n\r\n`, `SIP/2.0 200 OK\r\n${via}${rest}\r\n`, `SIP/2.0 200 OK\r\n${via}${via}${rest}\r\n`,
  ]
  for (const text of bad) peer.send(text, server.port())
  assert.match(await peer.ask(server.port(), 'OPTIONS', 'sip:a@b'), /^SIP\/2\.0 200 OK\r\n/)
  assert.ok(peer.silent)
  await server.site.waitLog(/sip: no Via, dropped, udp client: 127\.0\.0\.1:\d+/)
})

test('mutated messages: every one is survived, none is answered with much more than it has', async (t) => {
  const server = await start(t, sip('request_route { if (!sanity_check("1511", "7")) exit; $var(x) = "$ru $fu $tu $ct $(hdr(Via)[-1])"; forward(); sl_send_reply("200", "OK"); }'))
  const peer = await SipPeer.open(t)
  const next = random(20261121)
  const messages = ownMessages()
  let sent = 0
  let received = 0
  peer.socket.on('message', (bytes) => { received += bytes.length })
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(mutated(messages, next).slice(0, 60_000), 'latin1')
    sent += bytes.length
    peer.send(bytes, server.port())
    if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
  }
  const last = peer.request('OPTIONS', 'sip:last@127.0.0.1:9', { callId: 'the-last', headers: 'Max-Forwards: 5\r\n' })
  let over = false
  const timer = setInterval(() => peer.send(last, server.port()), 200)
  t.after(() => clearInterval(timer))
  while (!over) over = (await peer.next()).includes('the-last')
  assert.ok(received < 2 * sent, `${received} bytes for ${sent}`)
  assert.doesNotMatch(server.site.log(), /\[(?:alert|emerg|crit)\]/)
})

test('a request is sent on, and its answer finds the way back; strangers\' answers do not', async (t) => {
  const server = await start(t, sip(`request_route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (loose_route()) { forward(); exit; }
    record_route(); remove_hf("X-Gone"); append_hf("X-Added: 1\\r\\n"); $rU = "carol"; $du = "sip:127.0.0.1:" + $hdr(X-To);
    if (!t_relay()) sl_send_reply("500", "no way"); }
    onreply_route { xlog("L_ERR", "reply $rs"); if ($rs == "503") drop; }`))
  const caller = await SipPeer.open(t)
  const callee = await SipPeer.open(t)
  const ports = { caller: caller.port, callee: callee.port, own: server.port() }
  caller.send(caller.request('INVITE', 'sip:bob@example.com', {
    via: `SIP/2.0/UDP example.com;rport;branch=z9hG4bKc`, body: 'v=0\r\n', headers: `Max-Forwards: 7\r\nX-To: ${callee.port}\r\nX-Gone: 1\r\nContent-Type: application/sdp\r\n`,
  }), server.port())
  const seen = await callee.next()
  assert.equal(masked(seen, ports), 'INVITE sip:carol@example.com SIP/2.0\r\nRecord-Route: <sip:127.0.0.1:<own>;lr>\r\nVia: SIP/2.0/UDP 127.0.0.1:<own>;branch=<branch>\r\n' +
    'Via: SIP/2.0/UDP example.com;rport=<caller>;branch=z9hG4bKc;received=127.0.0.1\r\nFrom: <sip:bob@example.com>;tag=f\r\nTo: <sip:alice@example.com>\r\nCall-ID: call1\r\n' +
    'CSeq: 1 INVITE\r\nMax-Forwards: 6\r\nX-To: <callee>\r\nContent-Type: application/sdp\r\nX-Added: 1\r\nContent-Length: 5\r\n\r\nv=0\r\n')
  const vias = lines(seen, 'Via').map((line) => `${line}\r\n`)
  const answer = (status: string, via: string): string => `SIP/2.0 ${status}\r\n${via}From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: call1\r\nCSeq: 1 INVITE\r\nContent-Length: 2\r\n\r\nhi`
  callee.send(answer('200 Forged', `${vias[0]!}Via: SIP/2.0/UDP 127.0.0.1:${caller.port};branch=z9hG4bKforged\r\n`), server.port())
  callee.send(answer('503 Dropped', vias.join('')), server.port())
  callee.send(answer('200 Fine', vias.join('')), server.port())
  assert.equal(masked(await caller.next(), ports), 'SIP/2.0 200 Fine\r\nVia: SIP/2.0/UDP example.com;rport=<caller>;branch=z9hG4bKc;received=127.0.0.1\r\n' +
    'From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: call1\r\nCSeq: 1 INVITE\r\nContent-Length: 2\r\n\r\nhi')
  caller.send(caller.request('BYE', `sip:carol@127.0.0.1:${callee.port}`, { headers: `Route: <sip:127.0.0.1:${server.port()};lr>\r\nMax-Forwards: 3\r\n` }), server.port())
  const bye = await callee.next()
  assert.deepEqual([bye.split('\r\n')[0]!.replace(String(callee.port), 'P'), lines(bye, 'Route', 'Max-Forwards')], ['BYE sip:carol@127.0.0.1:P SIP/2.0', ['Max-Forwards: 2']])
  assert.match(await caller.ask(server.port(), 'OPTIONS', 'sip:x@y', { headers: 'Max-Forwards: 0\r\n' }), /^SIP\/2\.0 483 /)
  assert.equal(server.site.log().match(/reply 200/g)?.length, 1)
})

test('without transactions the start says so', async (t) => {
  const server = await start(t, sip('request_route { t_on_failure("X"); t_relay(); }'))
  assert.match(server.stderr, /\[warn\] "t_on_failure": there are no SIP transactions in /)
  assert.match(server.stderr, /\[warn\] "t_relay": there are no SIP transactions in /)
})

test('a stream: messages by Content-Length in any pieces, keep-alives, and what ends it', async (t) => {
  const server = await start(t, `worker_processes 2; http { sip { listen tcp:127.0.0.1:<port>; max_message_size 2k; request_route { send_reply("200", "$rU $bs"); } } }`)
  const peer = await SipPeer.open(t)
  const request = (user: string, body = ''): string => peer.request('OPTIONS', `sip:${user}@x`, { via: 'SIP/2.0/TCP a;branch=z9hG4bKs', body })
  const statuses = (text: string): string[] => [...text.matchAll(/^SIP\/2\.0 (.*)\r$/gm)].map(([, status]) => status!)
  const talk = async (pieces: readonly string[], end: RegExp): Promise<string> => {
    const socket = connect(server.port(), '127.0.0.1')
    t.after(() => { socket.destroy() })
    let text = ''
    let closed = false
    socket.on('data', (data: Buffer) => { text += data.latin1Slice() })
    socket.on('close', () => { closed = true })
    socket.on('error', () => {})
    for (const piece of pieces) await new Promise((resolve) => socket.write(piece, 'latin1', () => setImmediate(resolve)))
    await until(() => closed || end.test(text), () => `got ${JSON.stringify(text)}`)
    socket.destroy()
    return closed ? `${text}<closed>` : text
  }
  const two = request('one', 'abc') + request('two')
  assert.deepEqual(statuses(await talk([two], /two 0/)), ['200 one 3', '200 two 0'])
  assert.deepEqual(statuses(await talk([...two], /two 0/)), ['200 one 3', '200 two 0'])
  assert.match(await talk(['\r\n\r\n', `\r\n${request('k')}`], /k 0/), /^\r\nSIP\/2\.0 200 k 0\r\n/)
  assert.equal(await talk([request('x').replace('Content-Length: 0\r\n', '')], /never/), '<closed>')
  assert.equal(await talk([request('x').replace('Length: 0', 'Length: -1')], /never/), '<closed>')
  assert.equal(await talk([request('x').replace('Length: 0', 'Length: 5000')], /never/), '<closed>')
  assert.equal(await talk([`OPTIONS sip:x SIP/2.0\r\nX: ${'a'.repeat(3000)}`], /never/), '<closed>')
  assert.equal(await talk(['GET / HTTP/1.1\r\nHost: a\r\n\r\n'], /never/), '<closed>')
  assert.deepEqual(statuses(await talk([request('still')], /still 0/)), ['200 still 0'])
})

test('a port that HTTP and SIP share: the first line decides', async (t) => {
  const server = await start(t, 'http { server { listen 127.0.0.1:<port>; location / { return 200 "http\\n"; } } sip { listen tcp:127.0.0.1:<port>; request_route { send_reply("200", "sip"); } } }')
  const peer = await SipPeer.open(t)
  const answers = await Promise.all([
    server.raw('GET / HTTP/1.0\r\n\r\n'), server.raw('\r\nGET / HTTP/1.0\r\n\r\n'), server.raw('nonsense\r\n\r\n'),
  ])
  assert.deepEqual(answers.map((text) => text.split('\r\n')[0]), ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 400 Bad Request'])
  const client = await server.connect()
  client.write(peer.request('OPTIONS', 'sip:a@b'))
  const socket = client
  assert.match(await socket.until('\r\n\r\n'), /^SIP\/2\.0 200 sip\r\n/)
})

test('reload: sockets stay, routes change, a broken configuration changes nothing', async (t) => {
  const server = await start(t, sip('request_route { send_reply("200", "first"); }'))
  const peer = await SipPeer.open(t)
  assert.match(await peer.ask(server.port(), 'OPTIONS', 'sip:a@b'), /^SIP\/2\.0 200 first\r\n/)
  await server.site.configure(sip('request_route { send_reply("200", "broken"); nonsense(); }'))
  assert.match(JSON.stringify(await server.rpc('core.reload')), /unknown script function \\"nonsense\\"/)
  assert.match(await peer.ask(server.port(), 'OPTIONS', 'sip:a@b'), /^SIP\/2\.0 200 first\r\n/)
  await server.site.configure(sip('request_route { send_reply("200", "second"); }'))
  await server.rpc('core.reload')
  assert.match(await peer.ask(server.port(), 'OPTIONS', 'sip:a@b'), /^SIP\/2\.0 200 second\r\n/)
})

const cfg = `#!KAMAILIO
listen=udp:127.0.0.1:<port>
listen=tcp:127.0.0.1:<port>
alias="example.net"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "siputils.so"
request_route {
  if (uri == myself && is_method("OPTIONS") && options_reply()) exit;
  if (uri == myself) sl_send_reply("200", "mine"); else sl_send_reply("404", "not mine");
}
`

test('a Kamailio file: listen=udp and tcp, alias, request_route', async (t) => {
  const server = await startScript(t, cfg)
  const peer = await SipPeer.open(t)
  const ask = async (uri: string): Promise<string> => (await peer.ask(server.port(), 'OPTIONS', uri)).split('\r\n')[0]!
  assert.deepEqual([await ask('sip:a@example.net'), await ask('sip:a@example.org'), await ask(`sip:127.0.0.1:${server.port()}`)],
    ['SIP/2.0 200 mine', 'SIP/2.0 404 not mine', 'SIP/2.0 200 OK'])
})

test('sipsak is content, over udp and tcp', { skip: skipWithout('sipsak') }, async (t) => {
  const server = await startScript(t, cfg)
  for (const transport of ['udp', 'tcp']) {
    const { stdout } = await run(findProgram('sipsak')!, ['-v', '-E', transport, '-p', `127.0.0.1:${server.port()}`, '-s', 'sip:a@example.net'], { timeout: 10_000 })
    assert.match(stdout, /^SIP\/2\.0 200 mine\r\n/m)
  }
})

test('mistakes of the sip block are told with their place', async (t) => {
  const cases: [string, RegExp][] = [
    ['sip { request_route { exit; } }', /no "listen" in the sip block/], ['sip { listen udp:127.0.0.1:<port>; }', /no "request_route" for the sip block/],
    ['sip { listen 127.0.0.1:5060; request_route { exit; } }', /no protocol in "127\.0\.0\.1:5060" of the "listen" directive/],
    ['sip { listen udp:127.0.0.1:<port> name=; request_route { exit; } }', /invalid parameter "name=" in/], ['sip { listen udp:127.0.0.1:<port> name=a name=b; request_route { exit; } }', /invalid parameter "name=b" in/],
    ['sip { listen tls:127.0.0.1; request_route { exit; } }', /"tls" is not available for SIP/],
    ['sip { listen udp:127.0.0.1:99999; request_route { exit; } }', /invalid address "udp:127\.0\.0\.1:99999"/],
    ['sip { listen udp:127.0.0.1:<port>; listen udp:127.0.0.1:<port>; request_route { exit; } }', /a duplicate listen udp:127\.0\.0\.1:/],
    ['sip { location / { } }', /"location" directive is not allowed here/],
  ]
  for (const [text, message] of cases) {
    await assert.rejects(start(t, `http { ${text} }`), (error: Error) => message.test(error.message) || assert.fail(error.message))
  }
})

test('the level of log lines may be changed while the server runs, for SIP too', async (t) => {
  const server = await start(t, sip('request_route { xlog("L_INFO", "seen $ci"); xlog("L_ERR", "always $ci"); send_reply("200", "OK"); }').replace('http {', 'error_log error.log debug; http { modparam script debug 0;'))
  const peer = await SipPeer.open(t)
  const ask = async (callId: string): Promise<string> => peer.ask(server.port(), 'OPTIONS', 'sip:a@b', { callId })
  await ask('quiet')
  assert.deepEqual((await server.rpc('corex.debug', 2)).result, { old: 0, new: 2 })
  await ask('loud')
  await server.site.waitLog(/always loud/)
  assert.deepEqual(server.site.log().match(/(?:seen|always) \w+/g), ['always quiet', 'seen loud', 'always loud'])
})

test('what the listen line says: $Rn, $RAi, $RAp, $RAu, and the socket without it', async (t) => {
  const tell = '$Rn $Ri $RAi $RAu $RAut'
  const server = await start(t, `worker_processes 1; http { sip {
    listen udp:127.0.0.1:<port> name=edge advertise=sip.example.com:5090; listen tcp:127.0.0.1:<port> advertise=[2001:db8::1]; listen udp:127.0.0.1:<port2>;
    request_route { if ($RAp == 5090) send_reply("200", "${tell}"); else send_reply("202", "${tell}"); } } }`)
  const peer = await SipPeer.open(t)
  const stream = await SipStreamPeer.connect(t, server.port())
  const first = (text: string): string => masked(text.split('\r\n')[0]!, { port: server.port(), port2: server.port('port2') })
  assert.equal(first(await peer.ask(server.port(), 'OPTIONS', 'sip:a@b')), 'SIP/2.0 200 edge 127.0.0.1 sip.example.com sip:sip.example.com:5090 sip:sip.example.com:5090;transport=udp')
  assert.equal(first(await peer.ask(server.port('port2'), 'OPTIONS', 'sip:a@b')), 'SIP/2.0 202 <null> 127.0.0.1 127.0.0.1 sip:127.0.0.1:<port2> sip:127.0.0.1:<port2>;transport=udp')
  stream.send(stream.request('OPTIONS', 'sip:a@b'))
  assert.equal(first(await stream.next()),
    'SIP/2.0 202 <null> 127.0.0.1 2001:db8::1 sip:[2001:db8::1]:<port>;transport=tcp sip:[2001:db8::1]:<port>;transport=tcp')
})

const named = (more: string): string => `#!KAMAILIO
listen=tcp:127.0.0.1:<port> advertise 192.0.2.1:80 name "the web"
loadmodule "xhttp.so"
tcp_accept_no_cl=yes
${more}
event_route[xhttp:request] { xhttp_reply("200", "OK", "text/plain", "$Rn $RAi $RAp $Rp"); }
`

test('the same for HTTP in a Kamailio file', async (t) => {
  const server = await startScript(t, named(''))
  assert.equal((await server.get('/')).body, `the web 192.0.2.1 80 ${server.port()}`)
})

// HttpEngine.sniffed gives the descriptor away before it asks the socket for its local address.
test('the same for HTTP on a port that SIP has too', async (t) => {
  const server = await startScript(t, named('loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }'))
  assert.equal((await server.get('/')).body, `the web 192.0.2.1 80 ${server.port()}`)
})
