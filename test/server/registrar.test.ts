import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { findProgram, skipWithout } from '../programs.ts'
import { start, startScript } from './kit.ts'
import { SipPeer, lines, masked } from './sip-kit.ts'
import type { Extra } from './sip-kit.ts'

const run = promisify(execFile)

const conf = (params = ''): string => `worker_processes 2;
http {
  ${params}
  server { listen 127.0.0.1:<port:http>; location /RPC { jsonrpcs; jsonrpcs_write on; } }
  sip {
    listen udp:127.0.0.1:<port>;
    request_route {
      if (is_method("REGISTER")) { $var(r) = save("location"); xlog("L_ERR", "save $var(r)\\n"); exit; }
      if ($rU == "gone") { $var(r) = unregister("location", "$hdr(X-Who)"); send_reply("200", "$var(r)"); exit; }
      if ($rU == "is") { if (registered("location", "$hdr(X-Who)")) send_reply("200", "yes"); else send_reply("404", "no"); exit; }
      $var(r) = lookup("location");
      append_to_reply("X-To: $ru\\r\\n");
      send_reply("200", "lookup $var(r)");
    }
  }
}`

type Started = Awaited<ReturnType<typeof start>>

/** One command over HTTP: its result, or its error. */
async function rpc(server: Started, method: string, params: readonly unknown[] = []): Promise<any> {
  const { body } = await server.request('POST', '/RPC', { 'content-type': 'application/json' }, JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 }), server.port('port:http'))
  const answer = JSON.parse(body.toString())
  return answer.error === undefined ? answer.result : answer.error
}

/** A REGISTER of alice: status line, Contact and error lines of the answer. Times to live are raised to whole minutes: some of a minute may be over. */
async function register(peer: SipPeer, port: number, headers: string, extra: Extra = {}): Promise<string[]> {
  const answer = await peer.ask(port, 'REGISTER', 'sip:example.com', { callId: 'same', headers, ...extra })
  return [answer.split('\r\n')[0]!.slice(8), ...lines(answer, 'Contact', 'P-Registrar-Error', 'Retry-After')].map((line) =>
    line.replace(/expires=(\d+)/g, (_, seconds) => `expires=${Math.ceil(seconds / 60) * 60}`))
}

test('registrations as Kamailio 5.6.3 answers them', async (t) => {
  const server = await start(t, conf('modparam registrar max_contacts 3; modparam registrar retry_after 30;'))
  const peer = await SipPeer.open(t)
  const ask = (headers: string, extra?: Extra): Promise<string[]> => register(peer, server.port(), headers, extra)
  const first = 'Contact: <sip:alice@10.0.0.1:5070>;q=0.5;expires=120'
  assert.deepEqual(await ask(`${first}\r\n`), ['200 OK', first])
  assert.deepEqual(await ask(''), ['200 OK', first])
  const three = `${first}, <sip:alice@10.0.0.3:99;transport=tcp>;expires=300, <sip:alice@10.0.0.2>;expires=60`
  assert.deepEqual(await ask('m: sip:alice@10.0.0.2;expires=50,"B" <sip:alice@10.0.0.3:99;transport=tcp>\r\nExpires: 300\r\n'), ['200 OK', three])
  assert.deepEqual(await ask('Contact: <sip:alice@10.0.0.4>\r\n'), ['503 Service Unavailable', three, 'P-Registrar-Error: Too many registered contacts', 'Retry-After: 30'])
  assert.deepEqual(await ask('Contact: <sip:alice@10.0.0.2>;expires=0\r\n'), ['200 OK', three.replace(/, <sip:alice@10.0.0.2>.*/, '')])
  assert.deepEqual(await ask('Contact: *\r\nExpires: 10\r\n'), ['400 Bad Request', 'P-Registrar-Error: * used in contact and expires is not zero'])
  assert.deepEqual(await ask('Contact: *\r\nContact: <sip:a@b>\r\nExpires: 0\r\n'), ['400 Bad Request', 'P-Registrar-Error: * used in contact and more than 1 contact'])
  assert.deepEqual(await ask('Contact: garbage <\r\n'), ['400 Bad Request', 'P-Registrar-Error: Contact parse error'])
  assert.deepEqual((await ask('Contact: <sip:alice@10.0.0.1:5070>;q=1.5\r\n')).at(-1), 'P-Registrar-Error: Invalid q param in contact')
  assert.deepEqual(await ask('Contact: *\r\nExpires: 0\r\n'), ['200 OK'])
  assert.deepEqual(await ask('Contact: <sip:i@10.0.0.9>;+sip.instance="<urn:uuid:1>";reg-id=2;expires=120\r\n'),
    ['200 OK', 'Contact: <sip:i@10.0.0.9>;expires=120;+sip.instance="<urn:uuid:1>";reg-id=2'])
  // The same instance from another address takes the place of the first.
  assert.deepEqual(await ask('Contact: <sip:i@10.0.0.8>;+sip.instance="<urn:uuid:1>";reg-id=2;expires=120\r\n'),
    ['200 OK', 'Contact: <sip:i@10.0.0.8>;expires=120;+sip.instance="<urn:uuid:1>";reg-id=2'])
  await server.waitLog(/save 2/)
  assert.equal(server.log().match(/save (-?\d)/g)?.join(' '), 'save 1 save 4 save 1 save -2 save 3 save -1 save -1 save -1 save -1 save 3 save 1 save 2')
})

test('an older request of the same call changes nothing, the same one again is answered again', async (t) => {
  const server = await start(t, conf())
  const peer = await SipPeer.open(t)
  const line = 'Contact: <sip:a@10.0.0.1>;expires=120'
  assert.deepEqual(await register(peer, server.port(), `${line}\r\n`, { cseq: 10 }), ['200 OK', line])
  assert.deepEqual(await register(peer, server.port(), `${line}\r\n`, { cseq: 10 }), ['200 OK', line])
  assert.deepEqual(await register(peer, server.port(), 'Contact: <sip:a@10.0.0.1>;expires=0\r\n', { cseq: 9 }),
    ['400 Bad Request', 'P-Registrar-Error: CSeq is lower than that of the contact'])
  assert.deepEqual(await register(peer, server.port(), '', { cseq: 11 }), ['200 OK', line])
})

test('lookup, registered and unregister see what was registered, in whichever worker', async (t) => {
  const server = await start(t, conf())
  const peer = await SipPeer.open(t)
  await register(peer, server.port(), 'Contact: <sip:a@10.0.0.1>;q=0.2, <sip:a@10.0.0.2>;q=0.8\r\n', { to: '<sip:%61lice@example.com>' })
  // Every socket of its own may be another worker's.
  for (let i = 0; i < 6; i++) {
    const other = await SipPeer.open(t)
    const found = await other.ask(server.port(), 'INVITE', 'sip:alice@example.com')
    assert.deepEqual([found.split('\r\n')[0], lines(found, 'X-To')], ['SIP/2.0 200 lookup 1', ['X-To: sip:a@10.0.0.2']])
  }
  assert.match(await peer.ask(server.port(), 'INVITE', 'sip:nobody@example.com'), /^SIP\/2\.0 200 lookup -1\r\n/)
  const who = (user: string, headers: string): Promise<string> => peer.ask(server.port(), 'OPTIONS', `sip:${user}@x`, { headers }).then((text) => text.split('\r\n')[0]!)
  assert.equal(await who('is', 'X-Who: sip:alice@example.com\r\n'), 'SIP/2.0 200 yes')
  assert.equal(await who('gone', 'X-Who: sip:alice@example.com\r\n'), 'SIP/2.0 200 1')
  assert.equal(await who('gone', 'X-Who: sip:alice@example.com\r\n'), 'SIP/2.0 200 -1')
  assert.equal(await who('is', 'X-Who: sip:alice@example.com\r\n'), 'SIP/2.0 404 no')
})

test('commands: shapes, errors and codes as recorded', async (t) => {
  const server = await start(t, conf())
  const peer = await SipPeer.open(t)
  const empty = { Domains: [{ Domain: { Domain: 'location', Size: 1024, AoRs: [], Stats: { Records: 0, 'Max-Slots': 0 } } }] }
  assert.deepEqual(await rpc(server, 'ul.dump', ['brief']), empty)
  assert.deepEqual(await rpc(server, 'ul.add', ['location', 'alice@example.com', 'sip:alice@127.0.0.1:5999', '0', '1.0', '.', '0', '0', '4294967295']), {})
  const brief = { Domains: [{ Domain: { Domain: 'location', Size: 1024, AoRs: [{ AoR: 'alice' }], Stats: { Records: 1, 'Max-Slots': 1 } } }] }
  assert.deepEqual(await rpc(server, 'ul.dump', ['brief']), brief)
  const full = await rpc(server, 'ul.dump')
  const { Info } = full.Domains[0].Domain.AoRs[0]
  assert.deepEqual([Info.AoR, Info.HashID], ['alice', 1834153949])
  const { Contact } = Info.Contacts[0]
  assert.match(Contact.Ruid, /^ulcx-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/)
  assert.deepEqual(Object.entries({ ...Contact, Ruid: 'r', 'Last-Keepalive': 0 }), Object.entries({
    Address: 'sip:alice@127.0.0.1:5999', Expires: 'permanent', Q: 1, 'Call-ID': 'dfjrewr12386fd6-343@kamailio.rpc', CSeq: 1, 'User-Agent': 'kamailio SIP Router - RPC Server',
    Received: '[not set]', Path: '[not set]', State: 'CS_NEW', Flags: 0, CFlags: 0, Socket: '[not set]', Methods: 4294967295, Ruid: 'r', Instance: '[not set]',
    'Reg-Id': 0, 'Server-Id': 0, 'Tcpconn-Id': -1, Keepalive: 0, 'Last-Keepalive': 0, 'KA-Roundtrip': 0, 'Last-Modified': 0,
  }))
  assert.deepEqual((await rpc(server, 'ul.lookup', ['location', 'alice@example.com'])).AoR, 'alice')
  const errors = [
    await rpc(server, 'ul.lookup', ['nope', 'bob']), await rpc(server, 'ul.lookup'), await rpc(server, 'ul.lookup', ['location', 'bob']),
    await rpc(server, 'ul.add', ['location', 'x']), await rpc(server, 'ul.rm_contact', ['location', 'alice', 'sip:zz@x']), await rpc(server, 'ul.rm_contact', ['location', 'alice']),
    await rpc(server, 'ul.db_users', ['location']),
  ]
  assert.deepEqual(errors.map(({ code, message }) => [code, message]), [
    [500, 'Domain table not found'], [500, 'Not enough parameters (table and AOR to lookup)'], [500, 'AOR not found in location table'],
    [500, 'Not enough parameters or wrong format'], [404, 'Contact not found'], [500, 'Not enough parameters (table, AOR and contact)'], [500, 'Command is not supported in db_mode=0'],
  ])
  await register(peer, server.port(), 'Contact: <sip:a@10.0.0.1>;expires=100\r\nUser-Agent: test\r\nAllow: INVITE, BYE\r\n', { to: '<sip:carol@x>' })
  const carol = (await rpc(server, 'ul.lookup', ['location', 'carol'])).Contacts[0].Contact
  assert.deepEqual([carol['User-Agent'], carol.Methods, carol['Call-ID'], carol.Socket.replace(String(server.port()), 'P'), carol.Q], ['test', 9, 'same', 'udp:127.0.0.1:P', -1])
  assert.deepEqual(await rpc(server, 'stats.get_statistics', ['usrloc:']),
    ['usrloc:location_contacts = 2', 'usrloc:location_expires = 0', 'usrloc:location_users = 2', 'usrloc:registered_users = 2'])
  assert.deepEqual(await rpc(server, 'ul.rm_contact', ['location', 'alice', 'sip:alice@127.0.0.1:5999']), {})
  assert.deepEqual(await rpc(server, 'ul.rm', ['location', 'carol']), {})
  assert.deepEqual(await rpc(server, 'ul.rm', ['location', 'carol']), {})
  assert.deepEqual(await rpc(server, 'ul.flush'), {})
  assert.deepEqual(await rpc(server, 'ul.dump', ['brief']), empty)
})

test('contacts expire, and are counted', async (t) => {
  const server = await start(t, conf('modparam registrar min_expires 0;'))
  const peer = await SipPeer.open(t)
  await register(peer, server.port(), 'Contact: <sip:a@10.0.0.1>;expires=1, <sip:a@10.0.0.2>;expires=1000\r\n')
  for (;;) {
    const { Contacts } = await rpc(server, 'ul.lookup', ['location', 'alice'])
    if (Contacts.length === 1) break
    assert.equal(Contacts.length, 2)
  }
  assert.deepEqual(await rpc(server, 'stats.get_statistics', ['usrloc:']),
    ['usrloc:location_contacts = 1', 'usrloc:location_expires = 1', 'usrloc:location_users = 1', 'usrloc:registered_users = 1'])
})

test('domains belong to the address of record with use_domain, and registrations outlive a reload', async (t) => {
  const server = await start(t, conf('modparam usrloc use_domain 1;'))
  const peer = await SipPeer.open(t)
  for (const domain of ['one.example', 'TWO.example:5070']) await register(peer, server.port(), 'Contact: <sip:a@10.0.0.1>\r\n', { to: `<sip:alice@${domain};x=1>` })
  await server.rpc('core.reload')
  const { AoRs } = (await rpc(server, 'ul.dump', ['brief'])).Domains[0].Domain
  assert.deepEqual(AoRs.map(({ AoR }: { AoR: string }) => AoR).sort(), ['alice@one.example', 'alice@two.example'])
})

const article = `#!KAMAILIO
children=2
tcp_accept_no_cl=yes
listen=udp:127.0.0.1:<port>
listen=tcp:127.0.0.1:<port>
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 1)
modparam("usrloc", "db_mode", 0)
request_route {
  if (method == "REGISTER") { save("location"); exit; }
  sl_send_reply("404", "Not here");
}
event_route[xhttp:request] {
  set_reply_close();
  if ($hu =~ "^/RPC") { jsonrpc_dispatch(); exit; }
  xhttp_reply("200", "OK", "text/html", "<html></html>");
}
`

const question = '{ "jsonrpc":"2.0", "method":"stats.get_statistics", "params":["registered_users"], "id":"123234", "value":{ "test1":1111, "test2":"2222" } }'
const answered = (users: number): string => `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["usrloc:registered_users = ${users}"],\n\t"id":\t"123234"\n}`

test('the article\'s example: who is registered, over HTTP, on the port that SIP has too', async (t) => {
  const server = await startScript(t, article)
  const peer = await SipPeer.open(t)
  const ask = async (): Promise<string> => (await server.request('POST', '/RPC', { 'content-type': 'application/json' }, question)).body.toString()
  assert.equal(await ask(), answered(0))
  assert.deepEqual(await register(peer, server.port(), 'Contact: <sip:a@10.0.0.1>\r\n'), ['200 OK', 'Contact: <sip:a@10.0.0.1>;expires=3600'])
  assert.equal(await ask(), answered(1))
  assert.match(masked(await peer.ask(server.port(), 'INVITE', 'sip:x@y')), /^SIP\/2\.0 404 Not here\r\n/)
  await register(peer, server.port(), 'Contact: *\r\nExpires: 0\r\n')
  assert.equal(await ask(), answered(0))
})

test('sipsak registers a user', { skip: skipWithout('sipsak') }, async (t) => {
  const server = await startScript(t, article)
  const { stdout } = await run(findProgram('sipsak')!, ['-U', '-v', '-p', `127.0.0.1:${server.port()}`, '-s', 'sip:dora@example.net', '-C', 'sip:dora@127.0.0.1:5099', '-x', '600'], { timeout: 10_000 })
  assert.match(stdout, /All usrloc tests completed successful/)
  const { body } = await server.request('POST', '/RPC', { 'content-type': 'application/json' }, question)
  assert.equal(body.toString(), answered(1))
})

/** Commands of kamctl.jsonl about users, in its order. */
const recordings = ['ul show --brief', 'online', 'ul add alice@example.com sip:alice@127.0.0.1:5999', 'ul show --brief#2', 'online#2', 'ul show alice@example.com', 'ul rm alice@example.com']

test('kamctl shows, adds and removes users as with Kamailio', { skip: skipWithout('kamctl') }, async (t) => {
  const server = await startScript(t, article.replace('"transport", 1)', '"transport", 3)\nmodparam("jsonrpcs", "fifo_name", "<prefix>/rpc.fifo")'))
  const golden = new Map(readFileSync(new URL('../golden/kamailio/kamctl.jsonl', import.meta.url), 'utf8').trim().split('\n')
    .map((line) => JSON.parse(line) as { id: string, output: string }).map(({ id, output }) => [id, output]))
  const plain = (text: string): string => text.replace(/"id": \d+/, '"id": N').replace(/"Ruid":(\s+)"[^"]*"/, '"Ruid":$1"R"').replace(/"Last-Keepalive":(\s+)\d+/, '"Last-Keepalive":$1N')
  for (const id of recordings) {
    const { stdout } = await run(findProgram('kamctl')!, id.replace(/#.*/, '').split(' '), { timeout: 20_000, env: { ...process.env, RPCFIFOPATH: `${server.prefix}/rpc.fifo` } })
    assert.equal(plain(stdout), plain(golden.get(`kamctl ${id}`)!), id)
  }
})
