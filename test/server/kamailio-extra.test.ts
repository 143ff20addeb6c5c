/** The last recordings of Kamailio 5.6.3 (test/golden/kamailio/extra.jsonl), with its files as recorded and `compat strict`: time-outs, curl, `kamctl monitor`, reply fifos that are none. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { versionText } from '../../host/rpc/core.ts'
import { version } from '../../host/core/version.ts'
import { findProgram, skipWithout } from '../programs.ts'
import { ReplyFifo, writeFifo } from './jsonrpc-clients.ts'
import { startScript, until } from './kit.ts'
import type { Server, Test } from './kit.ts'

interface Recorded {
  readonly id: string
  readonly input: string
  readonly output: string | readonly string[]
  readonly rc?: number
}

const golden = (name: string): string => readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}`, import.meta.url)), 'utf8')
const records = golden('extra.jsonl').trim().split('\n').map((line) => JSON.parse(line) as Recorded)
const recorded = (id: string): Recorded => records.find((record) => record.id === id)!

/** Starts the recorded file on a port and in a directory of ours. */
async function started(t: Test, file: string): Promise<Server> {
  const strict = ['xhttp', 'jsonrpcs'].map((module) => `modparam("${module}", "compat", "strict")\n`).join('')
  return startScript(t, golden(file).replace(/^listen=.*$/m, 'listen=tcp:127.0.0.1:<port>').replaceAll('<WORK>', '<prefix>').replace('request_route', `${strict}request_route`),
    { files: { 'run/empty': '' } })
}

/** The recorded answer, with our name and the client's own port. */
const named = (text: string): string => text.replaceAll('kamailio 5.6.3 (x86_64/linux) ', versionText).replace('Server: kamailio (5.6.3 (x86_64/linux))', `Server: vespid/${version}`)
  .replace(/^(Sia: SIP\/2\.0\/TCP 127\.0\.0\.1:)\d+/m, '$1<port>').replace(/^Content-Length: 76/m, `Content-Length: ${76 + versionText.length - 30}`)
const anyPort = (text: string): string => text.replace(/^(Sia: SIP\/2\.0\/TCP 127\.0\.0\.1:)\d+/m, '$1<port>')

test('the connection is closed when its lifetime is over', async (t) => {
  const server = await started(t, 'configs/jsonrpc-http-lifetime3.cfg')
  const silent = { 'hung-request-closed-by-lifetime': 'POST /RPC HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nnot json', 'partial-header-closed-by-lifetime': 'POST /RPC HTTP/1.1\r\nHo' }
  await Promise.all(Object.entries(silent).map(async ([id, bytes]) => assert.equal(await server.raw(bytes), recorded(id).output, id)))
})

test('curl as it is', { skip: skipWithout('curl') }, async (t) => {
  const server = await started(t, 'configs/jsonrpc-http-lifetime3.cfg')
  for (const { id, input, output, rc } of records.filter(({ id }) => id.startsWith('curl-'))) {
    await t.test(id, async () => {
      const words = input.replace('127.0.0.1:9432', `127.0.0.1:${server.port()}`).match(/\{.*?\}|Transfer-Encoding: chunked|\S+/g)!.slice(1)
      const given = await new Promise<readonly [string, number]>((resolve) => {
        execFile(findProgram('curl')!, words, (error, stdout) => { resolve([stdout, error === null ? 0 : Number(error.code)]) })
      })
      // A chunked body, which Kamailio never answers, is read. HTTP/2 is 400, which curl understands as little as Kamailio's silence.
      const [text, code] = id === 'curl-chunked' ? [recorded('curl-post').output, 0] : id === 'curl-http2-prior-knowledge' ? ['', given[1] === 0 ? 'an error' : given[1]] : [output, rc]
      assert.deepEqual([anyPort(given[0]), given[1]], [named(text as string), code])
    })
  }
})

test('three calls on one connection', async (t) => {
  const server = await started(t, 'configs/jsonrpc-fifo-dgram.cfg')
  const client = await server.connect()
  for (const [i, answer] of (recorded('keepalive-three-rpcs').output as readonly string[]).entries()) {
    const body = `{"jsonrpc": "2.0", "method": "core.version", "id": ${i}}`
    client.write(`POST /RPC HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    assert.equal(anyPort(await client.until(`"id":\t${i}\n}`)), named(answer))
  }
  client.close()
})

test('answers are written to no link and to no file', async (t) => {
  const server = await started(t, 'configs/jsonrpc-fifo-dgram.cfg')
  const name = (kind: string): string => `vespid_${kind}_${process.pid}`
  const fifo = new ReplyFifo(`/tmp/${name('fifo')}`)
  t.after(() => {
    fifo.remove()
    for (const kind of ['link', 'file']) rmSync(`/tmp/${name(kind)}`, { force: true })
  })
  symlinkSync(fifo.path, `/tmp/${name('link')}`)
  writeFileSync(`/tmp/${name('file')}`, '')
  const call = (kind: string): void => { writeFifo(`${server.prefix}/run/rpc.fifo`, `{"jsonrpc": "2.0", "method": "jsonrpc.echo", "params": ["${kind}"], "reply_name": "${name(kind)}", "id": 1}\n`) }
  for (const kind of ['link', 'file']) {
    call(kind)
    await until(() => server.stderr.includes(`/tmp/${name(kind)}`), () => `no line about it:\n${server.stderr}`)
  }
  call('fifo')
  assert.equal(await fifo.answer(), '{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["fifo"],\n\t"id":\t1\n}')
  assert.equal(readFileSync(`/tmp/${name('file')}`, 'utf8'), recorded('fifo-reply-is-plain-file').output)
})

test('kamctl monitor', { skip: skipWithout('kamctl') }, async (t) => {
  const server = await started(t, 'configs/jsonrpc-fifo-dgram.cfg')
  const { input, output } = recorded('kamctl monitor 1')
  const given = execFileSync(findProgram('kamctl')!, input.split(' ').slice(1), { encoding: 'utf8', env: { ...process.env, TERM: 'dumb', RPCFIFOPATH: `${server.prefix}/run/rpc.fifo` } })
  // Times, and what is counted in bytes (kamctl sets it apart with one tab or two). There are no transactions, so that there is nothing to say about them.
  const mask = (text: string): string => text.replace(/((?:now|up_since): +)\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}/g, '$1TIME').replace(/uptime: \d+/, 'uptime: N').replace(/(shmem:\w+ = )\d+(\t*)/g, (_, name: string, tabs: string) => `${name}N${tabs === '' ? '' : '\t'}`)
  assert.equal(mask(given), named(mask((output as string).replace(/ +tmx:.*\n/g, ''))))
})
