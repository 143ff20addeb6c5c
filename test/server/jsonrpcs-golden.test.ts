/** What Kamailio 5.6.3 and 5.8.5 answered over the transports of jsonrpcs, replayed with `compat strict` (test/golden/kamailio/jsonrpc-*.jsonl). */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { versionText } from '../../host/rpc/core.ts'
import { ReplyFifo, UnixClient, tcp, udp, writeFifo } from './jsonrpc-clients.ts'
import { freePort, startScript } from './kit.ts'
import type { Server, Test } from './kit.ts'

interface Recorded {
  readonly id: string
  readonly input: string | { readonly head: string, readonly length: number } | { readonly writes: readonly (string | object)[] }
  readonly output: string | { readonly head: string, readonly length: number }
  readonly closed_by_server?: boolean
  readonly reply_fifo?: string
}

const golden = (name: string): Recorded[] => readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}.jsonl`, import.meta.url)), 'utf8')
  .split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)

/** The name of the server is the one thing that must differ. */
const named = (text: string): string => text.replaceAll(/kamailio 5\.\d\.\d \(x86_64\/linux\) /g, versionText)

/** A large document again: `x` fills a text of jsonrpc.echo to the recorded length. */
function generated(input: { readonly head: string, readonly length: number }, tail: string): string {
  return input.head + 'x'.repeat(input.length - input.head.length - tail.length) + tail
}

/** The answer to the large document of the fifo's recording. */
function echoed(input: { readonly head: string, readonly length: number }): string {
  const [params] = /"x+"/.exec(generated(input, fifoTail))!
  return `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t[${params}],\n\t"id":\t1\n}`
}

const fifoTail = '"], "reply_name": "ksr_golden_reply", "id": 1}\n'

function started(t: Test, parameters: string): Promise<Server> {
  return startScript(t, `listen=tcp:127.0.0.1:<port>
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "compat", "strict")
${parameters}
request_route { exit; }
event_route[xhttp:request] { jsonrpc_dispatch(); }
`, { args: ['-g', 'plugin_time_limit 30s;'] })
}

test('fifo', async (t) => {
  const server = await started(t, `modparam("jsonrpcs", "transport", 2)
modparam("jsonrpcs", "fifo_name", "<prefix>/rpc.fifo")
modparam("jsonrpcs", "fifo_mode", 0660)
modparam("jsonrpcs", "fifo_reply_dir", "<prefix>/")
`)
  const path = `${server.prefix}/rpc.fifo`
  const [first, ...records] = golden('jsonrpc-fifo')
  assert.equal(statSync(path).mode.toString(8), (first!.output as string).split(' ')[0])
  // One stream, in the order of the recording: what breaks it stays broken.
  const sent = records.map((record, i) => {
    const name = `reply${i}`
    const text = typeof record.input === 'string' ? record.input : generated(record.input as { head: string, length: number }, fifoTail)
    const fifo = record.reply_fifo === undefined || record.id === 'reply-fifo-absent' || record.reply_fifo.includes('.') ? null : new ReplyFifo(`${server.prefix}/${name}`)
    writeFifo(path, text.replace('ksr_golden_reply', name))
    return { record, fifo }
  })
  t.after(() => sent.forEach(({ fifo }) => fifo?.remove()))
  for (const { record, fifo } of sent) {
    if (record.output === '' || fifo === null) continue
    const text = await fifo.answer()
    if (typeof record.output === 'string') assert.equal(text, named(record.output), record.id)
    else assert.ok(text.startsWith(record.output.head) && text === echoed(record.input as { head: string, length: number }), record.id)
  }
  await server.stop('SIGTERM')
  // Nobody is left who could answer: what was not answered then is not answered now.
  for (const { record, fifo } of sent) if (record.output === '') assert.equal(fifo?.look().text ?? '', '', record.id)
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined)
})

/** Documents that no datagram can bring to us as they came to Kamailio. */
const unixOnPurpose: readonly string[] = ['large-listMethods']

test('unix datagrams', async (t) => {
  const server = await started(t, `modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "<prefix>/rpc.sock")
modparam("jsonrpcs", "dgram_workers", 4)
modparam("jsonrpcs", "dgram_mode", 0600)
modparam("jsonrpcs", "dgram_timeout", 2000)
`)
  const path = `${server.prefix}/rpc.sock`
  const [first, ...records] = golden('jsonrpc-dgram-unix')
  assert.equal(statSync(path).mode.toString(8), (first!.output as string).split(' ')[0])
  const client = new UnixClient(`${server.prefix}/client.sock`, path)
  t.after(() => client.close())
  for (const record of records) {
    const text = typeof record.input === 'string' ? record.input : generated(record.input as { head: string, length: number }, '"],"id":1}')
    await client.send(text)
    if (unixOnPurpose.includes(record.id)) {
      assert.match(await client.answer(), /^\{\n\t"jsonrpc":\t"2\.0",\n\t"result":\t\["[a-z.A-Z_", 0-9]*"\],\n\t"id":\t1\n\}$/)
      continue
    }
    if (record.output === '') {
      // The next answer is that to the next document.
      await client.send('{"jsonrpc":"2.0","method":"jsonrpc.echo","params":["next"]}')
      assert.equal(await client.answer(), '{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["next"]\n}', record.id)
      continue
    }
    const answer = await client.answer()
    if (typeof record.output === 'string') assert.equal(answer, named(record.output), record.id)
    else assert.deepEqual([answer.slice(0, record.output.head.length), answer.length], [record.output.head, record.output.length], record.id)
  }
})

test('UDP', async (t) => {
  const port = await freePort()
  await started(t, `modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "pretty_format", 0)
modparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1:${port}")
`)
  const mask = (text: string): string => named(text).replaceAll(/"(now|up_since)":"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"/g, '"$1":"TIME"').replace(/"uptime":\d+/, '"uptime":N')
  for (const record of golden('jsonrpc-dgram-udp')) {
    assert.equal(mask(await udp(port, record.input as string)), mask(record.output as string), record.id)
  }
})

test('TCP, store_path', async (t) => {
  const port = await freePort()
  const server = await started(t, `modparam("jsonrpcs", "transport", 9)
modparam("jsonrpcs", "tcp_socket", "tcp:127.0.0.1:${port}")
modparam("jsonrpcs", "store_dir", "<prefix>/run")
`)
  mkdirSync(`${server.prefix}/run`)
  const place = (text: string): string => text.replaceAll('<WORK>', server.prefix)
  const version = '{"jsonrpc":"2.0","method":"core.version","id":1}'
  for (const record of golden('jsonrpc-tcp')) {
    const { id, input, output } = record
    const expected = typeof output === 'string' ? named(place(output)) : ''
    await t.test(id, async () => {
      if (id.startsWith('http-') && id !== 'http-on-jsonrpc-tcp') {
        const text = place(input as string).replace(/Content-Length: \d+/, (line) => `Content-Length: ${place(input as string).split('\r\n\r\n')[1]!.length || line}`)
        if (record.closed_by_server === true) return assert.equal(await server.raw(text), '')
        const { status, body } = await server.request('POST', '/RPC', {}, text.split('\r\n\r\n')[1])
        assert.deepEqual([status, body], [200, expected.split('\r\n\r\n')[1]])
      } else if (id === 'stored-file-content') {
        assert.equal(readFileSync(`${server.prefix}/run/stored.json`, 'utf8'), expected)
      } else if (id === 'store_path-no-id') {
        // Kamailio shows the id of the request before.
        assert.equal(await tcp(port, [place(input as string)]), '{\n"jsonrpc": "2.0",\n\t"result": "Stored"\n}')
      } else if (id === 'idle-first-client-blocks-second') {
        assert.equal(await tcp(port, [version]), (output as unknown as { B_after_A_closes: string }).B_after_A_closes.replace(/kamailio.*\) /, versionText))
      } else if (record.closed_by_server === false) {
        // Nothing is sent, and it stays open; others are served meanwhile.
        const pieces = typeof input === 'string' ? [input] : (input as { writes: (string | object)[] }).writes.filter((w) => typeof w === 'string')
        let answered = false
        void tcp(port, pieces, { between: async () => { await tcp(port, [version]) } }).then(() => { answered = true }, () => {})
        assert.match(await tcp(port, [version]), /"id":\t1/)
        assert.equal(answered, false)
      } else {
        const pieces = typeof input === 'string' ? [place(input)] : (input as { writes: (string | object)[] }).writes.filter((w) => typeof w === 'string').slice(0, 1) as string[]
        assert.equal(await tcp(port, pieces, { half: id === 'half-close' }), expected)
      }
    })
  }
})
