/** What Kamailio 5.6.3 and 5.8.5 answered with xhttp_prom, replayed with `compat strict` (test/golden/kamailio/xhttp_prom.jsonl). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { version } from '../../host/core/version.ts'
import type { Server } from './kit.ts'
import { run, site, startScript } from './kit.ts'

interface Recorded {
  readonly id: string
  readonly config: string
  readonly input: string
  readonly output: string
}

const golden = (name: string): string => readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}`, import.meta.url)), 'utf8')
const records = golden('xhttp_prom.jsonl').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)

/** Requests of the full recording that are not in this part of it and that have changed what is counted. */
const missing: Readonly<Record<string, readonly string[]>> = {
  'metrics-after-errors': ['/errors'], 'group-metrics': ['/touch'], 'none-metrics2': ['/touch'], '585-metrics': ['/touch'],
}

/** The recorded file on a port of ours, with `compat strict`; commands come by the control socket, so jsonrpcs is left out. */
function configuration(file: string): string {
  return golden(file).replace(/^listen=.*$/m, 'listen=tcp:127.0.0.1:<port>').replace(/^.*jsonrpcs.*\n/gm, '').replace('jsonrpc_dispatch();', '')
    .replace('request_route', 'modparam("xhttp", "compat", "strict")\nmodparam("xhttp_prom", "compat", "strict")\nrequest_route')
}

/** What differs between two runs; of the statistics of the whole server also the numbers, for the recording is not complete. */
function masked(text: string, numbers: boolean): string {
  let out = text.replace(/^(Sia: SIP\/2\.0\/TCP 127\.0\.0\.1:)\d+/m, '$1<port>').replace(/^Server: kamailio .*(?=\r)/m, `Server: vespid/${version}`).replace(/ \d{13}$/gm, ' <time>')
  if (numbers) {
    const [head, body = ''] = out.split('# Kamailio whole')
    if (body !== '') out = `${head!.replace(/Content-Length: \d+/, 'Content-Length: <n>')}# Kamailio whole${body.replace(/ \d+ <time>/g, ' <number> <time>')}`
  }
  return out
}

async function ask(server: Server, request: string): Promise<string> {
  const client = await server.connect()
  client.write(request)
  const head = await client.until('\r\n\r\n')
  const length = Number(/Content-Length: (\d+)/.exec(head)![1])
  const rest = length === 0 ? '' : await client.bytes(length)
  client.close()
  return head + rest
}

async function replay(server: Server, { id, config, input, output }: Recorded): Promise<void> {
  for (const path of missing[id] ?? []) await ask(server, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
  if (input.startsWith('POST /RPC ')) {
    const { method, params } = JSON.parse(input.slice(input.indexOf('\r\n\r\n')))
    const expected = JSON.parse(output.slice(output.indexOf('\r\n\r\n')))
    const given = await server.rpc(method, ...(params ?? []))
    assert.deepEqual(given.error === undefined ? { result: given.result } : { error: given.error }, expected.error === undefined ? { result: expected.result } : { error: expected.error })
    return
  }
  const all = config.endsWith('-all.cfg')
  assert.equal(masked(await ask(server, input), all), masked(output, all))
}

for (const config of new Set(records.map(({ config }) => config))) {
  const own = records.filter((record) => record.config === config)
  test(`recorded with ${config}`, async (t) => {
    if (own.every(({ input }) => input === 'start')) {
      const place = site(t)
      await place.write('kamailio.cfg', configuration(config))
      const { code, stderr } = await run(place, ['-t', '-p', place.prefix, '-f', 'kamailio.cfg'])
      assert.equal(code, 1)
      assert.match(stderr, /"prom_(counter|histogram)" .*(has no name|has an unknown field "foo"|has buckets that do not increase: "5:2")/)
      return
    }
    const server = await startScript(t, configuration(config))
    for (const record of own) if (record.input !== 'start') await t.test(record.id, () => replay(server, record))
  })
}
