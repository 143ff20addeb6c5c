/** The byte transports of jsonrpcs as they are by default: JSON-RPC 2.0 in Kamailio's layout, and callers that mean harm. */
import assert from 'node:assert/strict'
import { copyFileSync, linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { versionText } from '../../host/rpc/core.ts'
import { ReplyFifo, UnixClient, tcp, udp, writeFifo } from './jsonrpc-clients.ts'
import { freePort, run, site, start } from './kit.ts'
import type { Server, Test } from './kit.ts'

const version = (id: unknown = 1, more = ''): string => `{"jsonrpc":"2.0","method":"core.version","id":${JSON.stringify(id)}${more}}`
const versionAnswer = (id: unknown = 1): string => `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t"${versionText}",\n\t"id":\t${JSON.stringify(id)}\n}`
const errorAnswer = (code: number, message: string, data = ''): string =>
  `{\n\t"jsonrpc":\t"2.0",\n\t"error":\t{\n\t\t"code":\t${code},\n\t\t"message":\t"${message}"${data}\n\t},\n\t"id":\tnull\n}`
const parseError = errorAnswer(-32700, 'Parse error')
const invalid = errorAnswer(-32600, 'Invalid Request')
const deep = '['.repeat(200_000)

interface Started { readonly server: Server, readonly port: number, readonly udpPort: number, caller(): ReplyFifo, call(method: string): Promise<string> }

const parameters = (port: number, udpPort: number): string => `
  modparam jsonrpcs fifo_name rpc.fifo;
  modparam jsonrpcs fifo_reply_dir <prefix>/;
  modparam jsonrpcs tcp_socket tcp:127.0.0.1:${port};
  modparam jsonrpcs dgram_socket ${udpPort === 0 ? 'rpc.sock' : `udp:127.0.0.1:${udpPort}`};`

async function started(t: Test, { udp: withUdp = false } = {}): Promise<Started> {
  const port = await freePort()
  const udpPort = withUdp ? await freePort() : 0
  // The time of a loaded machine is no limit here: large texts pass through a plugin's jsonrpc.echo.
  const server = await start(t, `plugin_time_limit 30s; http { server { listen 127.0.0.1:<port>; } ${parameters(port, udpPort)} }`)
  let n = 0
  const caller = (): ReplyFifo => {
    const fifo = new ReplyFifo(`${server.prefix}/reply_${n++}`)
    t.after(() => fifo.remove())
    return fifo
  }
  const call = (method: string): Promise<string> => {
    const fifo = caller()
    writeFifo(`${server.prefix}/rpc.fifo`, `{"jsonrpc": "2.0", "method": "${method}", "reply_name": "${nameOf(fifo)}", "id": 1}\n`)
    return fifo.answer()
  }
  return { server, port, udpPort, caller, call }
}

const nameOf = (fifo: ReplyFifo): string => fifo.path.slice(fifo.path.lastIndexOf('/') + 1)
const to = (fifo: ReplyFifo): string => `,"reply_name":"${nameOf(fifo)}"`

test('plugin.show tells the transports that the configuration names, and vespid check that there are such', async (t) => {
  const { server, port } = await started(t)
  const { result } = await server.rpc('plugin.show', 'jsonrpcs')
  assert.deepEqual(result.transports, [`fifo:${server.prefix}/rpc.fifo`, `unix:${server.prefix}/rpc.sock`, `tcp:127.0.0.1:${port}`])
  const { stdout } = await run(server.site, ['check', fileURLToPath(new URL('../../build/plugins/jsonrpcs.wasm', import.meta.url))])
  assert.match(stdout, /\n {2}transports: those that its configuration names; "plugin\.show" tells which\n/)
})

test('fifo: a stream that was broken is found again, and who broke it is told where that is possible', async (t) => {
  const { server, caller, call } = await started(t)
  const path = `${server.prefix}/rpc.fifo`
  const broken: readonly (readonly [string, string | Buffer])[] = [
    ['words', 'hello\n'], ['a stray brace', '}\n'], ['stray brackets', ']]]}}}\n'], ['binary', Buffer.from(Array.from({ length: 4096 }, (_, i) => i * 7 & 0xff).filter((b) => b !== 0x7b && b !== 0x5b))],
    ['a text that does not end', '{"jsonrpc": "2.0", "method": "x\n'], ['a document that does not end', '{"jsonrpc": "2.0",\n'], ['two of these', '{"a":[\n{"b":\n'],
    ['deep nesting', `${deep}\n`], ['no JSON', '{jsonrpc}\n'], ['oversized', `{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["${'x'.repeat(2_500_000)}"]}\n`],
    ['an apostrophe', '{\'\n'],
  ]
  for (const [what, bytes] of broken) {
    await t.test(what, async () => {
      writeFifo(path, bytes)
      assert.equal(await call('core.version'), versionAnswer())
    })
  }
  const quoted = caller()
  writeFifo(path, `{"jsonrpc": "2.0", "method": "core.echo", "params": ["x"y"]${to(quoted)}, "id": 7}\n`)
  assert.equal(await quoted.answer(), parseError)
  const shell = caller()
  writeFifo(path, `{"jsonrpc": "2.0", "method": "jsonrpc.echo", "params": [08, 1.50]${to(shell)}, "id": 7}\n`)
  assert.equal(await shell.answer(), '{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["8", 1],\n\t"id":\t7\n}')
  const word = caller()
  writeFifo(path, `{"jsonrpc": "2.0", "method": "jsonrpc.echo", "params": [inf]${to(word)}, "id": 7}\n`)
  assert.equal(await word.answer(), parseError)
  // Several in one write, one in several, and a batch.
  const [a, b, c] = [caller(), caller(), caller()]
  writeFifo(path, `${version('a', to(a))}${version('b', to(b))}[${version('c', to(c))},${version('d')}`)
  writeFifo(path, ']')
  assert.deepEqual([await a.answer(), await b.answer(), await c.answer()], [versionAnswer('a'), versionAnswer('b'), `[${versionAnswer('c')}, ${versionAnswer('d')}]`])
})

test('fifo: answers go to fifos only, of plain names, and a bad one hurts nobody else', async (t) => {
  const { server, caller, call } = await started(t)
  const path = `${server.prefix}/rpc.fifo`
  const target = caller()
  symlinkSync(target.path, `${server.prefix}/link`)
  linkSync(target.path, `${server.prefix}/second`)
  writeFileSync(`${server.prefix}/file`, 'as it was')
  mkdirSync(`${server.prefix}/folder`)
  const names: readonly (readonly [string, RegExp])[] = [
    ['../reply_0', /forbidden name of a reply fifo "\.\.\/reply_0"/], ['a.b', /forbidden name of a reply fifo "a\.b"/], ['a\\\\b', /forbidden name of a reply fifo/],
    ['link', /the reply fifo ".*link" is a link/], ['file', /".*file" is no fifo/], ['folder', /".*folder" is no fifo/],
    ['absent', /there is no reply fifo ".*absent"/], ['second', /the reply fifo ".*second" has 2 names/], ['x'.repeat(200), /the name of the reply fifo is too long \(\d+ bytes, at most 128\)/],
  ]
  for (const [name, complaint] of names) {
    writeFifo(path, `${version(1, `,"reply_name":"${name}"`)}\n`)
    await server.waitLog(complaint)
  }
  writeFifo(path, `${version()}\n`)
  await server.waitLog(/a document that is no JSON|a request without "reply_name"/)
  assert.equal(await call('core.version'), versionAnswer())
  assert.deepEqual([target.look().text, readFileSync(`${server.prefix}/file`, 'utf8')], ['', 'as it was'])
})

test('fifo: a caller that does not read its answer, or is gone, holds nobody up', async (t) => {
  const { server, caller, call } = await started(t)
  const path = `${server.prefix}/rpc.fifo`
  const slow = caller()
  const large = 'x'.repeat(300_000)
  writeFifo(path, `{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["${large}"]${to(slow)},"id":1}\n`)
  const gone = new ReplyFifo(`${server.prefix}/gone`)
  writeFifo(path, `{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["${large}"],"reply_name":"gone","id":1}\n`)
  gone.remove()
  for (let i = 0; i < 20; i++) assert.equal(await call('core.version'), versionAnswer())
  // It reads at last.
  assert.equal(await slow.answer(), `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["${large}"],\n\t"id":\t1\n}`)
})

test('unix datagrams', async (t) => {
  const { server } = await started(t)
  const path = `${server.prefix}/rpc.sock`
  const client = new UnixClient(`${server.prefix}/client.sock`, path)
  t.after(() => client.close())
  const ask = async (text: string | Buffer): Promise<string> => {
    await client.send(text)
    return client.answer()
  }
  assert.equal(await ask(version()), versionAnswer())
  assert.equal(await ask('not json'), parseError)
  assert.equal(await ask(Buffer.from([0, 1, 2, 0xff, 0xfe])), parseError)
  assert.equal(await ask('['.repeat(60_000)), parseError)
  assert.equal(await ask('{"jsonrpc":"1.0","method":"core.version"}'), invalid)
  assert.equal(await ask('{"jsonrpc":"2.0","method":"core.version","id":12345678901234567890}'), versionAnswer().replace(/1(?=\n}$)/, '12345678901234567890'))
  assert.equal(await ask('[]'), errorAnswer(-32600, 'Invalid Request', ',\n\t\t"data":\t{\n\t\t\t"note":\t"it is empty"\n\t\t}'))
  const calls = (n: number): string => `[${Array.from({ length: n }, () => version()).join(',')}]`
  assert.equal(await ask(calls(100)), `[${Array.from({ length: 100 }, () => versionAnswer()).join(', ')}]`)
  assert.equal(await ask(calls(1000)), errorAnswer(-32600, 'Invalid Request', ',\n\t\t"data":\t{\n\t\t\t"note":\t"a batch may hold at most 100 calls, not 1000"\n\t\t}'))
  // Longer than a document may be: cut, and so no JSON.
  assert.equal(await ask(`{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["${'x'.repeat(100_000)}"],"id":1}`), parseError)
  // Senders that are gone before their answer, or read none of many, are their own problem.
  const gone = new UnixClient(`${server.prefix}/gone.sock`, path)
  for (let i = 0; i < 5; i++) await gone.send(version())
  gone.close()
  const deaf = new UnixClient(`${server.prefix}/deaf.sock`, path)
  t.after(() => deaf.close())
  for (let i = 0; i < 30; i++) await deaf.send(version())
  assert.equal(await ask(version('after')), versionAnswer('after'))
})

test('UDP answers calls only', async (t) => {
  const { udpPort } = await started(t, { udp: true })
  assert.equal(await udp(udpPort, '', 'not json', Buffer.from([0, 255]), parseError, '{"jsonrpc":"2.0","error":{"code":1,"message":"x"},"id":1}', version('last')), versionAnswer('last'))
  assert.equal(await udp(udpPort, '{"method":'), parseError)
  const all = await Promise.all(Array.from({ length: 50 }, (_, i) => udp(udpPort, version(i))))
  assert.deepEqual(all, Array.from({ length: 50 }, (_, i) => versionAnswer(i)))
})

test('TCP: documents in pieces, many clients, and those that never finish', async (t) => {
  const { port, server } = await started(t)
  const idle = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'))
  t.after(() => idle.forEach((socket) => socket.destroy()))
  idle.forEach((socket, i) => {
    socket.on('error', () => {})
    if (i % 2 === 0) socket.write('{"jsonrpc":')
  })
  const between = (): Promise<unknown> => server.rpc('core.version')
  assert.equal(await tcp(port, ['{"jsonrpc":"2.0","meth', 'od":"core.version",', '"id":1}'], { between: between as () => Promise<void> }), versionAnswer())
  assert.equal(await tcp(port, [`${version()}${version(2)}`]), versionAnswer())
  assert.equal(await tcp(port, ['nope\n']), parseError)
  assert.equal(await tcp(port, ['nope'], { half: true }), parseError)
  assert.equal(await tcp(port, ['{"jsonrpc":'], { half: true }), parseError)
  assert.equal(await tcp(port, [], { half: true }), '')
  assert.equal(await tcp(port, ['GET / HTTP/1.1\r\nHost: a\r\n\r\n']), parseError)
  assert.equal(await tcp(port, [Buffer.from([0, 1, 2, 0xff, 10])]), parseError)
  assert.equal(await tcp(port, ['{"a":"\n"}']), parseError)
  assert.equal(await tcp(port, [deep], { half: true }), parseError)
  assert.equal(await tcp(port, ['[]']), errorAnswer(-32600, 'Invalid Request', ',\n\t\t"data":\t{\n\t\t\t"note":\t"it is empty"\n\t\t}'))
  assert.equal(await tcp(port, [`[${version()},5,${version(2)}]`]), `[${versionAnswer()}, ${invalid}, ${versionAnswer(2)}]`)
  const large = 'x'.repeat(900_000)
  assert.equal(await tcp(port, [`{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["${large}"],"id":1}`]), `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["${large}"],\n\t"id":\t1\n}`)
  assert.equal(await tcp(port, [`{"a":"${'x'.repeat(1_100_000)}`]), parseError)
})

test('a reload keeps what stays, takes new settings, and closes what is gone', async (t) => {
  const { server, port, call } = await started(t)
  const fifo = `${server.prefix}/rpc.fifo`
  const before = statSync(fifo)
  const configuration = (more: string): string => `http { server { listen 127.0.0.1:<port>; } modparam jsonrpcs fifo_reply_dir <prefix>/; ${more} }`
  const { code } = await server.reload(configuration('modparam jsonrpcs fifo_name rpc.fifo; modparam jsonrpcs fifo_mode 432;').replace('432', '384'))
  assert.equal(code, 0)
  const after = statSync(fifo)
  assert.deepEqual([after.ino, after.mode & 0o777, statSync(`${server.prefix}/rpc.sock`, { throwIfNoEntry: false })], [before.ino, 0o600, undefined])
  assert.equal(await call('core.version'), versionAnswer())
  await assert.rejects(tcp(port, [version()]), { code: 'ECONNREFUSED' })
  // What cannot be opened changes nothing.
  writeFileSync(`${server.prefix}/plain`, '')
  const refused = await server.reload(configuration('modparam jsonrpcs fifo_name rpc.fifo; modparam jsonrpcs dgram_socket <prefix>/plain;'))
  assert.match(refused.stderr, /jsonrpcs: another file has the name ".*plain", which is no socket/)
  assert.equal(await call('core.version'), versionAnswer())
  assert.equal((await server.stop('SIGQUIT')).code, 0)
  assert.equal(statSync(fifo, { throwIfNoEntry: false }), undefined)
})

test('what another plugin may listen on must be allowed', async (t) => {
  const place = site(t)
  mkdirSync(`${place.prefix}/plugins`)
  copyFileSync(fileURLToPath(new URL('../../build/plugins/jsonrpcs.wasm', import.meta.url)), `${place.prefix}/plugins/other.wasm`)
  const configuration = (grants: string): string => `load_module plugins/other.wasm; ${grants}
    http { server { listen 127.0.0.1:<port>; } modparam other dgram_socket <prefix>/o.sock; }`
  await place.configure(configuration('plugin other { allow rpc *; }'))
  const { code, stderr } = await run(place, ['-t'])
  assert.equal(code, 1)
  assert.match(stderr, /may not listen on unix:.*o\.sock; add "plugin other \{ allow listen unix:.*o\.sock; \}" to the main context/)
  const server = await start(t, configuration('plugin other { allow rpc *; allow listen unix:<prefix>/o.sock; }'), { site: place })
  const client = new UnixClient(`${place.prefix}/c.sock`, `${place.prefix}/o.sock`)
  t.after(() => client.close())
  await client.send(version())
  assert.equal(await client.answer(), versionAnswer())
  assert.equal((await server.stop()).code, 0)
})
