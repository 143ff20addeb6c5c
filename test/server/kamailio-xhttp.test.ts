/**
 * What Kamailio 5.6.3 answered over HTTP, replayed against xhttp with `compat strict`
 * (test/golden/kamailio/xhttp*.jsonl, script-last.jsonl).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Client } from './client.ts'
import { version } from '../../host/core/version.ts'
import { start, startScript } from './kit.ts'
import type { Server } from './kit.ts'

/** One exchange as it was recorded. */
interface Recorded {
  readonly id: string
  readonly config: string
  readonly input: string | { readonly head: string, readonly length: number }
  readonly output: string
  readonly closed_by_server?: boolean
}

/**
 * Records that are answered otherwise on purpose, with an error of the server's own before it closes: the status, as
 * docs/kamailio.md says.
 */
const onPurpose: Readonly<Record<string, number>> = {
  'body-70000-over-64k-rdbuf': 413, 'hdr-header-space-before-colon': 400, 'hdr-two-content-length': 400,
}

const golden = (name: string): string => readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}`, import.meta.url)), 'latin1')

function records(file: string): Recorded[] {
  return golden(file).split('\n').filter((line) => line !== '').map((line) => {
    const record = JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as Recorded
    const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
    return { ...record, input: typeof record.input === 'string' ? bytes(record.input) : record.input, output: bytes(String(record.output)) }
  })
}

/** The recorded file, on a port of ours, with `compat strict`. */
function configuration(file: string): string {
  return golden(file).replace(/^listen=.*$/m, 'listen=tcp:127.0.0.1:<port>').replace('request_route', 'modparam("xhttp", "compat", "strict")\nrequest_route')
}

/**
 * Sends a request; what comes until the connection is closed, or before the answer to a second request that is sent
 * behind it.
 */
async function exchange(client: Client, input: Recorded['input'], closed: boolean, probe: { readonly request: string, readonly body: string }): Promise<string> {
  client.write(typeof input === 'string' ? input : input.head + 'y'.repeat(input.length - input.head.length))
  if (closed) return client.rest()
  client.write(probe.request)
  const all = await client.until(probe.body)
  client.close()
  return all.slice(0, all.lastIndexOf('HTTP/1.1 '))
}

const probes: Readonly<Record<string, { readonly request: string, readonly body: string }>> = {
  'configs/xhttp-match.cfg': { request: 'GET /sip/probe HTTP/1.1\r\nHost: a\r\n\r\n', body: 'hu=/sip/probe rm=GET rb=[]\n' },
  'configs/xhttp-replies.cfg': { request: 'GET /probe HTTP/1.1\r\nHost: a\r\n\r\n', body: 'no /probe' },
}

async function replay(server: Server, record: Recorded): Promise<void> {
  const client = await server.connect()
  const port = (client.socket.localPort as number)
  const expected = record.output.replace(/^(Sia: SIP\/2\.0\/TCP 127\.0\.0\.1:)\d+/gm, `$1${port}`).replace(/;tag=[0-9a-f]{32}\.[0-9a-f]{8}/, ';tag=<tag>')
    .replace('Server: kamailio (5.6.3 (x86_64/linux))', `Server: vespid/${version}`)
  const other = onPurpose[record.id]
  const given = await exchange(client, record.input, record.closed_by_server === true || other !== undefined, probes[record.config]!)
  if (other !== undefined) assert.match(given, new RegExp(`^HTTP/1.1 ${other} [^]*\r\nConnection: close\r\n`))
  else assert.equal(given.replace(/;tag=[0-9a-f]{32}\.[0-9a-f]{8}/, ';tag=<tag>'), expected, record.id)
}

for (const config of Object.keys(probes)) {
  test(`recorded with ${config}`, async (t) => {
    const server = await startScript(t, configuration(config))
    for (const record of [...records('xhttp.jsonl'), ...records('xhttp-headers.jsonl')]) {
      if (record.config === config) await t.test(record.id, () => replay(server, record))
    }
  })
}

test('what the last statement does to the connection', async (t) => {
  const list = records('script-last.jsonl').filter((record) => record.config.startsWith('inline'))
  const locations = list.map((record) => `location = /${record.id} { event_route[xhttp:request] { ${record.input as string} } }`)
  const server = await start(t, `http { access_log off; keepalive_timeout 3600; modparam xhttp compat strict;
    route[NEG] { return -1; }
    server { listen 127.0.0.1:<port>; ${locations.join('\n')}
      location = /probe { event_route[xhttp:request] { xhttp_reply("200", "OK", "", "probe"); } } } }`)
  const probe = { request: 'GET /probe HTTP/1.1\r\nHost: a\r\n\r\n', body: 'probe' }
  for (const record of list) {
    await t.test(record.id, async () => {
      const given = await exchange(await server.connect(), `GET /${record.id} HTTP/1.1\r\nHost: a\r\n\r\n`, record.closed_by_server === true, probe)
      assert.equal(given.slice(given === '' ? 0 : given.indexOf('\r\n\r\n') + 4), record.output)
    })
  }
})
