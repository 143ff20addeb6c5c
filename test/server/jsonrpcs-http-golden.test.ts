/** jsonrpc_dispatch() over HTTP, and jsonrpc_exec(), against what Kamailio 5.6.3 answered, with `compat strict`: envelopes, ids, framing. RPC commands have tests of their own. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { versionText } from '../../host/rpc/core.ts'
import { startScript } from './kit.ts'
import type { Server } from './kit.ts'

interface Recorded {
  readonly id: string
  readonly input: string | { readonly head: string, readonly gen: string }
  readonly output: string | { readonly head: string, readonly length: number }
  readonly closed_by_server?: boolean
}

const golden = (name: string): Recorded[] => readFileSync(fileURLToPath(new URL(`../golden/kamailio/${name}.jsonl`, import.meta.url)), 'utf8')
  .split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)

/** Why a record is answered otherwise (docs/kamailio.md): what HTTP itself asks for is not Kamailio's accident. */
const onPurpose: Readonly<Record<string, string>> = {
  'expect-100': '100 has no length', 'expect-100-two-step': '100 has no length', 'chunked': 'chunked bodies are read', 'chunked-header-then-rest': 'chunked bodies are read',
  'http2-version': '505', 'no-version': 'HTTP/0.9', 'no-headers': '400', 'leading-crlf': 'no SIP keep-alive', 'sip-on-same-port': 'sip', 'compact-cl': 'no compact names',
  'malformed-request-line': '400', 'malformed-header': '400', 'cl-too-big': 'half a body', 'body-without-content-length': 'the body is the next request', 
  'options-star': '400',
}

const configuration = `listen=tcp:127.0.0.1:<port>
tcp_accept_no_cl=yes
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("script", "compat", "strict")
modparam("xhttp", "compat", "strict")
modparam("jsonrpcs", "compat", "strict")
modparam("jsonrpcs", "transport", 1)
request_route { exit; }
event_route[xhttp:request] {
    set_reply_close();
    set_reply_no_connect();
    if(src_ip!=127.0.0.1) {
        xhttp_reply("403", "Forbidden", "text/html", "<html><body>Not allowed from $si</body></html>");
        exit;
    }
    if ($hu =~ "^/RPC") {
        jsonrpc_dispatch();
        exit;
    }
    xhttp_reply("200", "OK", "text/html", "<html><body>Wrong URL $hu</body></html>");
    exit;
}
`

/** Status line, content type and body. */
function essence(answer: string): string[] {
  const [head = '', body = ''] = answer.split('\r\n\r\n', 2) as [string, string?]
  const lines = head.split('\r\n')
  return [lines[0]!, lines.find((line) => line.startsWith('Content-Type:')) ?? '', body]
}

async function replay(server: Server, { input, output, closed_by_server: closed }: Recorded): Promise<void> {
  const client = await server.connect()
  client.write(Buffer.from(input as string, 'utf8').toString('latin1'))
  const expected = Buffer.from((output as string).replaceAll('kamailio 5.6.3 (x86_64/linux) ', versionText), 'utf8').toString('latin1')
  if (closed === true) return assert.deepEqual(essence(await client.rest()), essence(expected))
  // Nothing is answered; the next request is.
  client.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.deepEqual(essence(await client.rest()), ['HTTP/1.1 200 OK', 'Content-Type: text/html', '<html><body>Wrong URL /next</body></html>'])
}

test('recorded over HTTP', async (t) => {
  const server = await startScript(t, configuration)
  for (const record of golden('jsonrpc-http')) {
    if (record.id.startsWith('rpc-') || record.id in onPurpose || typeof record.input !== 'string' || typeof record.output !== 'string') continue
    await t.test(record.id, () => replay(server, record))
  }
})

test('large documents', async (t) => {
  const server = await startScript(t, configuration, { args: ['-g', 'plugin_time_limit 30s;'] })
  for (const { id, input, output } of golden('jsonrpc-http')) {
    if (!id.startsWith('huge-echo-')) continue
    const text = 'x'.repeat(Number(id.slice(10)))
    const { status, body } = await server.request('POST', '/RPC', {}, `{"jsonrpc": "2.0", "method": "jsonrpc.echo", "params": ["${text}"], "id": 1}`)
    assert.match((input as { gen: string }).gen, /^jsonrpc\.echo params/)
    // Kamailio closes without a word what is over tcp_rd_buf_size (16384).
    if (output === '') assert.equal(status, 413, id)
    else assert.ok(status === 200 && body === `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["${text}"],\n\t"id":\t1\n}`, id)
  }
})

test('jsonrpc_exec as recorded', async (t) => {
  const records = golden('script').filter(({ id }) => id.startsWith('jsonrpc_exec'))
  const routes = records.map(({ id, input }) => {
    const [statements, reply] = (input as string).split(' => ')
    return `if ($hu == "/${id}") { ${statements!} xhttp_reply("200", "OK", "text/plain", ${reply!}); exit; }`
  })
  const server = await startScript(t, `children=1\n${configuration.replace('    if ($hu =~ "^/RPC")', () => `${routes.join('\n')}\n    if ($hu =~ "^/RPC")`)}`)
  // One process, in the order of the recording: what the last call left is seen by the next.
  for (const { id, output } of records) {
    const { body } = await server.get(`/${id}`)
    assert.equal(body, (output as string).replaceAll('kamailio 5.6.3 (x86_64/linux) ', versionText), id)
  }
})
